/* SPDX-License-Identifier: Apache-2.0 */
#include "web/guard.h"

/* RFC 9110 5.6.2: tchar. */
static bool is_token_char(char c)
{
    return qk_is_alpha(c) || qk_is_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(qk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(s.ptr[i])) return false;
    return s.len > 0;
}

/* RFC 9110 5.5: visible characters, blanks and bytes above 127. */
static bool is_field_value(qk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

static size_t count_lines(const qk_head *head, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < head->count && i < QK_HEAD_LINES; i++)
        n += qk_str_eq_nocase(head->line[i].name, qk_str_of(name));
    return n;
}

qk_str qk_head_get(const qk_head *head, const char *name)
{
    for (size_t i = 0; i < head->count && i < QK_HEAD_LINES; i++)
        if (qk_str_eq_nocase(head->line[i].name, qk_str_of(name)))
            return qk_str_trim(head->line[i].value);
    return (qk_str){NULL, 0};
}

static qk_guard_result refuse(int32_t status, const char *reason)
{
    return (qk_guard_result){.status = status, .reason = reason};
}

/* RFC 9112 3.2: host, optional port; no user information, no blanks. */
static bool is_host(qk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!qk_is_alpha(c) && !qk_is_digit(c) && !(c && strchr("-._~:[]", c))) return false;
    }
    return s.len > 0 && s.len <= 255;
}

/* Only digits: "+5", "5, 5", "0x5" and the empty value have been read in different ways. */
static bool parse_length(int64_t *out, qk_str s)
{
    int64_t n = 0;
    if (s.len == 0 || s.len > 18) return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!qk_is_digit(s.ptr[i])) return false;
        n = n * 10 + (s.ptr[i] - '0');
    }
    *out = n;
    return true;
}

static const char *find_bad_line(const qk_head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        if (!is_token(head->line[i].name)) return "header_name";
        if (!is_field_value(head->line[i].value)) return "header_value";
    }
    return NULL;
}

/* A body on a request that changes nothing is a classic of smuggling; a chunked body is asked again
 * with a length (RFC 9112 6.3: 411), so that there is one way only to find a body's end. */
static qk_guard_result check_body(const qk_head *head)
{
    bool changes = strcmp(head->method, "POST") == 0 || strcmp(head->method, "PUT") == 0 ||
                   strcmp(head->method, "DELETE") == 0;
    size_t lengths = count_lines(head, "Content-Length");
    size_t codings = count_lines(head, "Transfer-Encoding");
    qk_guard_result pass = {0};
    if (lengths && codings) return refuse(400, "length_and_coding");
    if (codings > 1) return refuse(400, "two_transfer_encoding");
    if (codings && !qk_str_eq_nocase(qk_head_get(head, "Transfer-Encoding"), QK_STR("chunked")))
        return refuse(501, "transfer_encoding");
    if (codings) return refuse(changes ? 411 : 400, "chunked");
    if (lengths > 1) return refuse(400, "two_content_length");
    if (lengths && !parse_length(&pass.body_len, qk_head_get(head, "Content-Length")))
        return refuse(400, "content_length");
    if (pass.body_len > 0 && !changes) return refuse(400, "unexpected_body");
    return pass;
}

static bool is_known_method(const char *method)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "DELETE", NULL};
    for (size_t i = 0; known[i]; i++)
        if (strcmp(method, known[i]) == 0) return true;
    return false;
}

/* Only the origin form is served (RFC 9112 3.2.1); the absolute form would let the target name a
 * host other than Host. */
static const char *find_bad_target(qk_str target)
{
    if (target.len == 0 || target.ptr[0] != '/') return "target_form";
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.ptr[i];
        if (c <= 0x20 || c == 0x7f || strchr("\"<>#", c)) return "target_character";
    }
    return NULL;
}

qk_guard_result qk_guard_check(const qk_head *head, qk_str target)
{
    if (head->count > QK_HEAD_LINES) return refuse(431, "too_many_headers");
    if (!is_known_method(head->method)) return refuse(501, "method");
    bool old = strcmp(head->version, "HTTP/1.0") == 0;
    if (!old && strcmp(head->version, "HTTP/1.1") != 0) return refuse(505, "version");
    const char *bad = find_bad_line(head);
    if (!bad) bad = find_bad_target(target);
    if (bad) return refuse(400, bad);
    size_t hosts = count_lines(head, "Host");
    if (hosts != 1) return refuse(400, hosts ? "two_host" : "no_host");
    qk_str host = qk_head_get(head, "Host");
    if (!is_host(host)) return refuse(400, "host");
    qk_str expect = qk_head_get(head, "Expect");
    if (expect.len && !qk_str_eq_nocase(expect, QK_STR("100-continue")))
        return refuse(417, "expect");
    qk_guard_result result = check_body(head);
    result.host = host;
    result.close = old;
    return result;
}

static bool is_line_end(const char *at)
{
    return at[0] == 0 && at[1] == 0;
}

bool qk_guard_layout(const qk_head *head)
{
    if (head->count > QK_HEAD_LINES) return false;
    if (head->url != head->method + strlen(head->method) + 1) return false;
    if (head->version != head->url + head->url_len + 1) return false;
    const char *at = head->version + strlen(head->version);
    for (size_t i = 0; i < head->count; i++) {
        const qk_head_line *line = &head->line[i];
        if (!is_line_end(at) || line->name.ptr != at + 2) return false;
        const char *value = line->name.ptr + line->name.len + 1;
        /* The colon became NUL; blanks before the value were passed over. */
        if (line->name.ptr[line->name.len] != 0) return false;
        while (value != line->value.ptr) {
            if (*value != ' ' && *value != '\t') return false;
            value++;
        }
        at = line->value.ptr + line->value.len;
    }
    return is_line_end(at) && is_line_end(at + 2);
}
