/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit.h"
#include "web/api.h"

enum { LIMIT_DEFAULT = 100, COUNT_MAX = 100000 };

static void begin_list(qk_json_writer *w)
{
    qk_json_object(w);
    qk_json_key(w, "items");
    qk_json_array(w);
}

/* ---- events ---- */

static qk_severity severity_of(qk_str name)
{
    for (int s = QK_SEVERITY_INFO; s <= QK_SEVERITY_ALARM; s++)
        if (qk_str_eq(name, qk_str_of(qk_severity_name((qk_severity)s)))) return (qk_severity)s;
    return QK_SEVERITY_INFO;
}

static qk_event_state state_of(qk_str name)
{
    if (qk_str_eq(name, QK_STR("open"))) return QK_EVENT_OPEN;
    return qk_str_eq(name, QK_STR("over")) ? QK_EVENT_OVER : QK_EVENT_MOMENT;
}

/* What has no place is the county's. */
static bool may_see(const qk_exchange *x, const qk_event *e)
{
    qk_site site;
    if (qk_rights_scope(x, QK_ACT_VIEW) == QK_SCOPE_ALL) return true;
    if (e->mn[0]) return qk_rights_may_device(x, QK_ACT_VIEW, qk_str_of(e->mn));
    return qk_registry_site(qk_node_registry(x->context->node), &site, qk_str_of(e->site)) &&
           qk_rights_may_site(x, QK_ACT_VIEW, &site);
}

qk_code qk_api_events(qk_exchange *x, qk_error *err)
{
    char next[24];
    int64_t total = 0;
    size_t limit = (size_t)qk_query_int(x, "limit", LIMIT_DEFAULT), n = 0;
    qk_event *events = NULL;
    qk_event_filter filter = {
        .kind = qk_query_str(x, "kind"),
        .site = qk_query_str(x, "site"),
        .mn = qk_query_str(x, "mn"),
        .least = severity_of(qk_query_str(x, "severity")),
        .state = state_of(qk_query_str(x, "state")),
        .from = qk_query_time(x, "from", QK_TIME_NONE),
        .to = qk_query_time(x, "to", QK_TIME_NONE),
        .before_id = qk_query_int(x, "after", 0),
        .limit = limit + 1,
    };
    QK_TRY(qk_events_query(&events, &n, x->tools->db, &filter, &x->arena, err));
    QK_TRY(qk_events_count(&total, x->tools->db, &filter, COUNT_MAX + 1, err));
    bool more = n > limit;
    if (more) n = limit;
    begin_list(&x->json);
    for (size_t i = 0; i < n; i++) {
        if (may_see(x, &events[i]))
            qk_event_json(&x->json, &events[i]);
        else if (total > 0)
            total--;
    }
    snprintf(next, sizeof next, "%lld", n ? (long long)events[n - 1].id : 0LL);
    qk_json_end(&x->json);
    qk_json_kcstr(&x->json, "next", more ? next : NULL);
    qk_json_ki64(&x->json, "total", total > COUNT_MAX ? COUNT_MAX : total);
    qk_json_kbool(&x->json, "total_more", total > COUNT_MAX);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- the audit log ---- */

typedef struct audit_list {
    qk_exchange *x;
    qk_error *err;
    size_t limit, given;
    int64_t last;
    bool more;
} audit_list;

static qk_code write_line(void *context, const qk_audit_line *line)
{
    audit_list *list = context;
    qk_json_writer *w = &list->x->json;
    uint8_t hash[QK_SHA256_BYTES];
    char hex[2 * QK_SHA256_BYTES + 1];
    if (list->given == list->limit) {
        list->more = true;
        return QK_ECANCELLED;
    }
    QK_TRY(qk_audit_hash(list->x->tools->db, line->seq, hash, list->err));
    qk_hex(hex, hash, sizeof hash);
    qk_json_object(w);
    qk_json_ki64(w, "seq", line->seq);
    qk_json_ktime(w, "at", line->at);
    qk_json_kstr(w, "who", line->who);
    qk_json_kstr(w, "what", line->what);
    qk_json_kstr(w, "object", line->object);
    qk_json_key(w, "detail");
    qk_json_raw(w, line->detail);
    qk_json_kcstr(w, "hash", hex);
    qk_json_end(w);
    list->given++;
    list->last = line->seq;
    return QK_OK;
}

qk_code qk_api_audit(qk_exchange *x, qk_error *err)
{
    audit_list list = {
        .x = x, .err = err, .limit = (size_t)qk_query_int(x, "limit", LIMIT_DEFAULT)};
    uint8_t hash[QK_SHA256_BYTES];
    int64_t total = 0;
    QK_TRY(qk_audit_head(x->tools->db, &total, hash, err));
    begin_list(&x->json);
    qk_code code = qk_audit_read(x->tools->db, qk_query_int(x, "after", 0) + 1,
                                 (uint32_t)list.limit + 1, write_line, &list, err);
    if (code != QK_OK && !list.more) return code;
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)list.last);
    qk_json_end(&x->json);
    qk_json_kcstr(&x->json, "next", list.more ? text : NULL);
    qk_json_ki64(&x->json, "total", total);
    qk_json_end(&x->json);
    return QK_OK;
}
