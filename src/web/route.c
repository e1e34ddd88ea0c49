/* SPDX-License-Identifier: Apache-2.0 */
#include "web/route.h"

static int hex_value(char c)
{
    if (qk_is_digit(c)) return c - '0';
    char low = qk_to_lower(c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

qk_code qk_url_decode(char *out, size_t *len, qk_str s, bool plus)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%') {
            int high = i + 2 < s.len ? hex_value(s.ptr[i + 1]) : -1;
            int low = high >= 0 ? hex_value(s.ptr[i + 2]) : -1;
            if (low < 0) return QK_EFORMAT;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if ((unsigned char)c < 0x20 || c == 0x7f) return QK_EFORMAT;
        out[n++] = c;
    }
    *len = n;
    return qk_utf8_valid((qk_str){out, n}) ? QK_OK : QK_EFORMAT;
}

bool qk_path_is_plain(qk_str path)
{
    if (path.len == 0 || path.ptr[0] != '/') return false;
    if (memchr(path.ptr, '\\', path.len)) return false;
    qk_str rest = {path.ptr + 1, path.len - 1};
    while (rest.ptr) {
        qk_str segment = qk_str_cut(&rest, '/');
        bool last = rest.ptr == NULL;
        if (segment.len == 0 && !(last && path.len == 1)) return false;
        if (qk_str_eq(segment, QK_STR(".")) || qk_str_eq(segment, QK_STR(".."))) return false;
    }
    return true;
}

static bool match_path(const char *pattern, qk_str path, qk_str args[3])
{
    qk_str want = {pattern + 1, strlen(pattern) - 1};
    qk_str have = {path.ptr + 1, path.len - 1};
    size_t n = 0;
    while (want.ptr && have.ptr) {
        qk_str w = qk_str_cut(&want, '/'), h = qk_str_cut(&have, '/');
        if (w.len && w.ptr[0] == '{' && h.len && n < 3)
            args[n++] = h;
        else if (!qk_str_eq(w, h))
            return false;
    }
    return !want.ptr && !have.ptr;
}

qk_code qk_route_find(const qk_route **out, qk_str args[3], uint32_t *allowed, qk_method method,
                      qk_str path)
{
    *allowed = 0;
    if (path.len == 0) return QK_ENOTFOUND;
    for (const qk_route *r = qk_routes; r->path; r++) {
        qk_str found[3] = {{0}};
        if (!match_path(r->path, path, found)) continue;
        *allowed |= r->method;
        if (r->method != method) continue;
        memcpy(args, found, sizeof found);
        *out = r;
        return QK_OK;
    }
    return *allowed ? QK_EUNSUPPORTED : QK_ENOTFOUND;
}

const char *qk_method_name(qk_method method)
{
    switch (method) {
    case QK_GET: return "GET";
    case QK_POST: return "POST";
    case QK_PUT: return "PUT";
    case QK_DELETE: return "DELETE";
    }
    return "";
}

bool qk_route_needs_key(const qk_route *route)
{
    qk_action action = route->action;
    if (action == QK_ACT_OPEN || action == QK_ACT_DEMO) return false;
    return action == QK_ACT_SELF || qk_rights_role_scope(QK_R14, action) == QK_SCOPE_NONE;
}

bool qk_route_is_change(const qk_route *route)
{
    return route->method != QK_GET && route->action > QK_ACT_SELF && route->action != QK_ACT_DEMO;
}
