/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/events.h"
#include "base/messages.h"
#include <stdlib.h>

enum { WAITING_MAX = 65536, PARAMS_MAX = 32 };

typedef struct waiting_event {
    qk_event event; /* key and params owned */
    bool fresh;     /* the last write inserted it */
} waiting_event;

struct qk_events {
    qk_live *live;
    waiting_event *list;
    size_t n, cap;
};

const char *qk_severity_name(qk_severity severity)
{
    static const char *const names[] = {"info", "notice", "warning", "alarm"};
    return names[severity];
}

qk_code qk_events_new(qk_events **out, qk_live *live)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return QK_ENOMEM;
    (*out)->live = live;
    return QK_OK;
}

static void release_event(waiting_event *w)
{
    free((char *)(uintptr_t)w->event.key);
    free((char *)(uintptr_t)w->event.params);
}

void qk_events_free(qk_events *events)
{
    if (!events) return;
    qk_events_rewind(events, 0);
    free(events->list);
    free(events);
}

bool qk_events_room(const qk_events *events, size_t n)
{
    return events->n + n <= WAITING_MAX;
}
size_t qk_events_mark(const qk_events *events)
{
    return events->n;
}
size_t qk_events_waiting(const qk_events *events)
{
    return events->n;
}

void qk_events_rewind(qk_events *events, size_t mark)
{
    while (events->n > mark) release_event(&events->list[--events->n]);
}

static qk_code grow_list(qk_events *events)
{
    if (events->n >= WAITING_MAX) return QK_EFULL;
    if (events->n < events->cap) return QK_OK;
    size_t cap = events->cap ? events->cap * 2 : 32;
    waiting_event *grown = realloc(events->list, cap * sizeof *grown);
    if (!grown) return QK_ENOMEM;
    events->list = grown;
    events->cap = cap;
    return QK_OK;
}

qk_code qk_events_raise(qk_events *events, const qk_event *event)
{
    QK_TRY(grow_list(events));
    char *key = event->key ? strdup(event->key) : NULL;
    char *params = strdup(event->params ? event->params : "{}");
    if (!params || (event->key && !key)) {
        free(key);
        free(params);
        return QK_ENOMEM;
    }
    waiting_event *w = &events->list[events->n++];
    *w = (waiting_event){.event = *event};
    w->event.key = key;
    w->event.params = params;
    return QK_OK;
}

static qk_code write_event(waiting_event *w, qk_db *db, sqlite3_stmt *s, qk_error *err)
{
    const qk_event *e = &w->event;
    sqlite3_bind_int64(s, 1, e->at);
    qk_db_bind_str(s, 2, qk_str_of(e->kind));
    qk_db_bind_str(s, 3, qk_str_of(e->site));
    qk_db_bind_str(s, 4, qk_str_of(e->mn));
    sqlite3_bind_int(s, 5, (int)e->severity);
    qk_db_bind_str(s, 6, qk_str_of(e->params));
    if (e->journal_pos == UINT64_MAX)
        sqlite3_bind_null(s, 7);
    else
        sqlite3_bind_int64(s, 7, (int64_t)e->journal_pos);
    qk_db_bind_str(s, 8, qk_str_of(e->key));
    sqlite3_bind_int64(s, 9, e->recorded_at);
    QK_TRY(qk_db_run(db, s, err));
    w->fresh = sqlite3_changes(qk_db_handle(db)) > 0;
    if (w->fresh) w->event.id = sqlite3_last_insert_rowid(qk_db_handle(db));
    return QK_OK;
}

qk_code qk_events_write(qk_events *events, qk_db *db, qk_error *err)
{
    for (size_t i = 0; i < events->n; i++) {
        sqlite3_stmt *s = NULL;
        QK_TRY(qk_db_prepare(&s, db,
                             "INSERT INTO event(at,kind,site,mn,severity,params,journal_pos,key,"
                             "recorded_at) VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(key) DO NOTHING",
                             err));
        QK_TRY(write_event(&events->list[i], db, s, err));
    }
    return QK_OK;
}

const qk_event *qk_events_fresh(const qk_events *events, size_t *cursor)
{
    while (*cursor < events->n) {
        const waiting_event *w = &events->list[(*cursor)++];
        if (w->fresh) return &w->event;
    }
    return NULL;
}

static bool begins_state(const char *kind)
{
    return strcmp(kind, "device_silent") == 0 || strcmp(kind, "device_offline") == 0 ||
           strcmp(kind, "device_parked") == 0;
}

static void publish_event(qk_events *events, const qk_event *e)
{
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, 64 << 10);
    qk_json_init(&w, &text);
    qk_event fresh = *e;
    if (begins_state(e->kind)) fresh.state = QK_EVENT_OPEN;
    qk_event_json(&w, &fresh);
    if (!text.failed) qk_live_publish(events->live, "event", qk_buf_str(&text));
    qk_buf_clear(&text);
}

void qk_events_settle(qk_events *events, bool committed)
{
    if (!committed) return;
    for (size_t i = 0; i < events->n; i++)
        if (events->list[i].fresh && events->live) publish_event(events, &events->list[i].event);
    qk_events_rewind(events, 0);
}

/* ---- asking ---- */

/* 1 while the state that an event began lasts, 0 when it is over, NULL for a moment. */
#define EVENT_STATE                                                                              \
    "CASE WHEN kind IN ('device_silent','device_offline') THEN NOT EXISTS(SELECT 1 FROM event l" \
    " WHERE l.mn=event.mn AND l.mn<>'' AND l.at>=event.at AND l.id>event.id"                     \
    " AND l.kind IN ('device_online','device_silent','device_offline')) WHEN kind="              \
    "'device_parked' THEN EXISTS(SELECT 1 FROM parked WHERE parked.mn=event.mn) END"
#define EVENT_COLUMNS                                                                    \
    "SELECT id,at,kind,site,mn,severity,params,journal_pos,key,recorded_at," EVENT_STATE \
    " FROM event"
#define EVENT_COUNT "SELECT count(*) FROM (SELECT 1 FROM event"
/* 1 kind, 2 site, 3 mn, 4 least, 5 from, 6 to, 7 before, 8 limit, 9 state; an index leads where a
 * filter is set, the others are tested on its rows. */
#define EVENT_REST                                                                               \
    "(?1='' OR kind=?1) AND (?2='' OR site=?2) AND (?3='' OR mn=?3) AND severity>=?4 AND at>=?5" \
    " AND at<?6 AND id<?7 AND (?9<0 OR " EVENT_STATE "=?9)"
#define EVENT_ORDER " ORDER BY id DESC LIMIT ?8"
#define EVENT_QUERIES(begin, end)                                                            \
    {                                                                                        \
        begin " WHERE " EVENT_REST end, begin " WHERE mn=?3 AND mn<>'' AND " EVENT_REST end, \
            begin " WHERE site=?2 AND site<>'' AND " EVENT_REST end,                         \
            begin " WHERE kind=?1 AND " EVENT_REST end,                                      \
    }

static const char *choose_sql(const char *const by[4], const qk_event_filter *f)
{
    return by[f->mn.len ? 1 : f->site.len ? 2 : f->kind.len ? 3 : 0];
}

static const char *query_sql(const qk_event_filter *f)
{
    static const char *const by[4] = EVENT_QUERIES(EVENT_COLUMNS, EVENT_ORDER);
    return choose_sql(by, f);
}

static const char *count_sql(const qk_event_filter *f)
{
    static const char *const by[4] = EVENT_QUERIES(EVENT_COUNT, " LIMIT ?8)");
    return choose_sql(by, f);
}

static void bind_filter(sqlite3_stmt *s, const qk_event_filter *f, size_t limit)
{
    qk_db_bind_str(s, 1, f->kind.len ? f->kind : QK_STR(""));
    qk_db_bind_str(s, 2, f->site.len ? f->site : QK_STR(""));
    qk_db_bind_str(s, 3, f->mn.len ? f->mn : QK_STR(""));
    sqlite3_bind_int(s, 4, (int)f->least);
    sqlite3_bind_int64(s, 5, f->from == QK_TIME_NONE ? INT64_MIN : f->from);
    sqlite3_bind_int64(s, 6, f->to == QK_TIME_NONE ? INT64_MAX : f->to);
    sqlite3_bind_int64(s, 7, f->before_id ? f->before_id : INT64_MAX);
    sqlite3_bind_int64(s, 8, (int64_t)limit);
    sqlite3_bind_int(s, 9, f->state == QK_EVENT_MOMENT ? -1 : f->state == QK_EVENT_OPEN);
}

static const char *copy_text(sqlite3_stmt *s, int column, qk_arena *arena)
{
    qk_str text = qk_db_text(s, column);
    return text.ptr ? qk_arena_copy(arena, text.ptr, text.len) : NULL;
}

static qk_code read_event(qk_event *e, sqlite3_stmt *s, qk_arena *arena)
{
    *e = (qk_event){.id = sqlite3_column_int64(s, 0), .at = sqlite3_column_int64(s, 1)};
    qk_str_copy(e->kind, sizeof e->kind, qk_db_text(s, 2));
    qk_str_copy(e->site, sizeof e->site, qk_db_text(s, 3));
    qk_str_copy(e->mn, sizeof e->mn, qk_db_text(s, 4));
    int severity = sqlite3_column_int(s, 5);
    e->severity = severity >= 0 && severity <= QK_SEVERITY_ALARM ? (qk_severity)severity : 0;
    e->params = copy_text(s, 6, arena);
    e->journal_pos = qk_db_text(s, 7).ptr ? (uint64_t)sqlite3_column_int64(s, 7) : UINT64_MAX;
    e->key = copy_text(s, 8, arena);
    e->recorded_at = sqlite3_column_int64(s, 9);
    if (sqlite3_column_type(s, 10) != SQLITE_NULL)
        e->state = sqlite3_column_int(s, 10) ? QK_EVENT_OPEN : QK_EVENT_OVER;
    return e->params ? QK_OK : QK_ENOMEM;
}

qk_code qk_events_query(qk_event **out, size_t *n, qk_db *db, const qk_event_filter *filter,
                        qk_arena *arena, qk_error *err)
{
    size_t limit = filter->limit && filter->limit < 1000 ? filter->limit : 1000;
    *n = 0;
    *out = qk_arena_array(arena, limit, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the events asked for");
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, query_sql(filter), err));
    bind_filter(s, filter, limit);
    qk_code code;
    while (*n < limit && (code = qk_db_step(db, s, err)) == QK_OK) {
        if (read_event(&(*out)[*n], s, arena)) {
            code = qk_fail(err, QK_ENOMEM, "no memory for the events asked for");
            break;
        }
        ++*n;
    }
    if (*n == limit) code = QK_ENOTFOUND;
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_events_count(int64_t *count, qk_db *db, const qk_event_filter *filter, int64_t most,
                        qk_error *err)
{
    qk_event_filter f = *filter;
    sqlite3_stmt *s = NULL;
    f.before_id = 0;
    QK_TRY(qk_db_prepare(&s, db, count_sql(&f), err));
    bind_filter(s, &f, (size_t)most);
    QK_TRY(qk_db_step(db, s, err));
    *count = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

/* ---- as JSON ---- */

/* Fills the message's parameters from the flat object; texts live in the arena. */
static size_t params_of(const char *json, qk_arena *arena, qk_message_param *params)
{
    qk_json_value *object = NULL;
    if (qk_json_parse(&object, qk_str_of(json), arena, NULL)) return 0;
    size_t n = 0;
    for (const qk_json_value *m = object->first; m && n < PARAMS_MAX; m = m->next) {
        params[n].name = qk_arena_copy(arena, m->name.ptr, m->name.len);
        params[n].value = m->text;
        if (params[n].name) n++;
    }
    return n;
}

static void put_time(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(w, name, t == QK_TIME_NONE ? NULL : qk_time_iso_zone(text, t));
}

static void put_text(qk_json_writer *w, const char *name, qk_lang lang, const char *code,
                     const qk_message_param *params, size_t n)
{
    qk_buf text;
    qk_buf_init(&text, 8 << 10);
    qk_message_put(&text, code, lang, params, n);
    qk_json_kstr(w, name, qk_buf_str(&text));
    qk_buf_clear(&text);
}

void qk_event_json(qk_json_writer *w, const qk_event *e)
{
    static const char *const states[] = {NULL, "open", "over"};
    qk_arena arena;
    qk_message_param params[PARAMS_MAX];
    char code[64];
    snprintf(code, sizeof code, "event.%s", e->kind);
    qk_arena_init(&arena, 64 << 10);
    const char *json = e->params ? e->params : "{}";
    size_t n = params_of(json, &arena, params);
    qk_json_object(w);
    qk_json_ki64(w, "id", e->id);
    put_time(w, "at", e->at);
    put_time(w, "recorded_at", e->recorded_at);
    qk_json_kcstr(w, "kind", e->kind);
    qk_json_kcstr(w, "severity", qk_severity_name(e->severity));
    qk_json_kcstr(w, "state", states[e->state]);
    qk_json_kcstr(w, "site", e->site[0] ? e->site : NULL);
    qk_json_kcstr(w, "mn", e->mn[0] ? e->mn : NULL);
    put_text(w, "zh", QK_ZH, code, params, n);
    put_text(w, "en", QK_EN, code, params, n);
    qk_json_key(w, "params");
    qk_json_raw(w, qk_str_of(json));
    if (e->journal_pos == UINT64_MAX)
        qk_json_knull(w, "position");
    else
        qk_json_ki64(w, "position", (int64_t)e->journal_pos);
    qk_json_end(w);
    qk_arena_clear(&arena);
}
