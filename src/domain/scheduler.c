/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/scheduler.h"
#include "domain/recur.h"
#include "domain/setting.h"
#include <stdlib.h>

enum { HANDLERS_MAX = 64, TEXT_MAX = 4096, RETRY_MINUTES_MAX = 60, DAYS_HELD_MAX = 100000 };

typedef struct handler {
    const char *kind;
    qk_timer_fn *fn;
    void *context;
} handler;

struct qk_scheduler {
    qk_db *db;
    qk_node *node;
    qk_log *log;
    handler handlers[HANDLERS_MAX];
    size_t handler_count;
    bool next_known;
    qk_time next;
    qk_worktime worktime;
    qk_workday *days;
};

static const char *const unit_names[] = {"minutes", "hours", "workhours", "workdays"};

/* ---- the calendar ---- */

static qk_code load_days(qk_scheduler *s, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    size_t n = 0, cap = 0;
    qk_workday *days = NULL;
    QK_TRY(qk_db_prepare(&q, s->db, "SELECT day,working FROM calendar_day ORDER BY day", err));
    qk_code code;
    while ((code = qk_db_step(s->db, q, err)) == QK_OK && n < DAYS_HELD_MAX) {
        if (n == cap) {
            cap = cap ? cap * 2 : 64;
            qk_workday *grown = realloc(days, cap * sizeof *grown);
            if (!grown) {
                code = qk_fail(err, QK_ENOMEM, "no memory for the calendar");
                break;
            }
            days = grown;
        }
        days[n++] = (qk_workday){sqlite3_column_int(q, 0), sqlite3_column_int(q, 1) != 0};
    }
    sqlite3_reset(q);
    if (code != QK_OK && code != QK_ENOTFOUND) {
        free(days);
        return code;
    }
    free(s->days);
    s->days = days;
    s->worktime.days = days;
    s->worktime.n = n;
    return QK_OK;
}

static qk_code load_hours(qk_scheduler *s, qk_error *err)
{
    qk_arena arena;
    qk_str text;
    qk_arena_init(&arena, 64 << 10);
    qk_code code = qk_setting_text(&text, s->db, "worktime.hours", &arena, err);
    if (code == QK_OK && qk_worktime_hours(&s->worktime, text))
        qk_log_print(s->log, QK_LOG_WARN, "scheduler", "setting worktime.hours cannot be read");
    qk_arena_clear(&arena);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code load_calendar(qk_scheduler *s, qk_error *err)
{
    QK_TRY(load_days(s, err));
    return load_hours(s, err);
}

const qk_worktime *qk_scheduler_worktime(const qk_scheduler *s)
{
    return &s->worktime;
}

/* ---- birth ---- */

qk_code qk_scheduler_new(qk_scheduler **out, qk_db *db, qk_node *node, qk_log *log, qk_error *err)
{
    qk_scheduler *s = calloc(1, sizeof *s);
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for the scheduler");
    s->db = db;
    s->node = node;
    s->log = log;
    qk_worktime_init(&s->worktime);
    qk_code code = load_calendar(s, err);
    if (code) {
        qk_scheduler_free(s);
        return code;
    }
    *out = s;
    return QK_OK;
}

void qk_scheduler_free(qk_scheduler *s)
{
    if (!s) return;
    free(s->days);
    free(s);
}

qk_code qk_scheduler_handle(qk_scheduler *s, const char *kind, qk_timer_fn *fn, void *context)
{
    if (s->handler_count == HANDLERS_MAX) return QK_EFULL;
    s->handlers[s->handler_count++] = (handler){kind, fn, context};
    s->next_known = false;
    return QK_OK;
}

static const handler *handler_of(const qk_scheduler *s, qk_str kind)
{
    for (size_t i = 0; i < s->handler_count; i++)
        if (qk_str_eq(qk_str_of(s->handlers[i].kind), kind)) return &s->handlers[i];
    return NULL;
}

/* ---- setting ---- */

typedef struct new_timer {
    const char *kind;
    qk_str key, payload;
    qk_time due, start; /* start QK_TIME_NONE: not computed from an amount */
    int64_t amount;
    const char *rule, *unit;
} new_timer;

static qk_code insert_timer(qk_scheduler *s, const new_timer *t, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    if (t->key.len > TEXT_MAX || t->payload.len > TEXT_MAX)
        return qk_fail(err, QK_EINVAL, "a timer's key and payload may have %d bytes", TEXT_MAX);
    QK_TRY(
        qk_db_prepare(&q, s->db,
                      "INSERT INTO timer(due_at,next_at,kind,key,payload,rule,start_at,amount,"
                      "unit) VALUES(?1,?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT(kind,key) DO NOTHING",
                      err));
    sqlite3_bind_int64(q, 1, t->due);
    qk_db_bind_str(q, 2, qk_str_of(t->kind));
    qk_db_bind_str(q, 3, t->key.len ? t->key : QK_STR(""));
    qk_db_bind_str(q, 4, t->payload.len ? t->payload : QK_STR(""));
    qk_db_bind_str(q, 5, qk_str_of(t->rule ? t->rule : ""));
    if (t->start != QK_TIME_NONE) {
        sqlite3_bind_int64(q, 6, t->start);
        sqlite3_bind_int64(q, 7, t->amount);
    }
    qk_db_bind_str(q, 8, qk_str_of(t->unit ? t->unit : ""));
    QK_TRY(qk_db_run(s->db, q, err));
    if (sqlite3_changes(qk_db_handle(s->db)) == 0)
        return qk_fail(err, QK_EEXIST, "the timer %s '%.*s' was set before", t->kind,
                       (int)(t->key.len < 80 ? t->key.len : 80), t->key.ptr ? t->key.ptr : "");
    if (s->next_known && t->due < s->next) s->next = t->due;
    return QK_OK;
}

qk_code qk_scheduler_at(qk_scheduler *s, const char *kind, qk_str key, qk_time due, qk_str payload,
                        qk_error *err)
{
    new_timer t = {.kind = kind, .key = key, .payload = payload, .due = due, .start = QK_TIME_NONE};
    return insert_timer(s, &t, err);
}

static qk_code due_after(const qk_scheduler *s, qk_time *out, qk_time start, int64_t amount,
                         qk_work_unit unit)
{
    enum { AMOUNT_MAX = 5256000 }; /* minutes of ten years */
    if (amount < 0 || amount > AMOUNT_MAX) return QK_ERANGE;
    switch (unit) {
    case QK_UNIT_MINUTES: *out = start + amount * QK_MINUTE; return QK_OK;
    case QK_UNIT_HOURS: *out = start + amount * QK_HOUR; return QK_OK;
    case QK_UNIT_WORKHOURS: return qk_worktime_add(out, &s->worktime, start, amount * QK_HOUR);
    case QK_UNIT_WORKDAYS: return qk_worktime_add_days(out, &s->worktime, start, (int32_t)amount);
    }
    return QK_EINVAL;
}

qk_code qk_scheduler_after(qk_scheduler *s, const char *kind, qk_str key, qk_time start,
                           int64_t amount, qk_work_unit unit, qk_str payload, qk_error *err)
{
    new_timer t = {.kind = kind,
                   .key = key,
                   .payload = payload,
                   .start = start,
                   .amount = amount,
                   .unit = unit_names[unit]};
    if (due_after(s, &t.due, start, amount, unit))
        return qk_fail(err, QK_ERANGE, "a timer cannot be %lld %s away", (long long)amount,
                       unit_names[unit]);
    return insert_timer(s, &t, err);
}

/* Whether (kind, key) recurs by this very rule already. */
static qk_code has_rule(qk_scheduler *s, const char *kind, qk_str key, const char *rule, bool *same,
                        qk_error *err)
{
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, s->db, "SELECT rule FROM timer WHERE kind=? AND key=?", err));
    qk_db_bind_str(q, 1, qk_str_of(kind));
    qk_db_bind_str(q, 2, key.len ? key : QK_STR(""));
    qk_code code = qk_db_step(s->db, q, err);
    *same = code == QK_OK && qk_str_eq(qk_db_text(q, 0), qk_str_of(rule));
    sqlite3_reset(q);
    return code;
}

qk_code qk_scheduler_every(qk_scheduler *s, const char *kind, qk_str key, const char *rule,
                           qk_time from, qk_str payload, qk_error *err)
{
    bool same = false;
    qk_time due;
    qk_code code = qk_recur_next(&due, qk_str_of(rule), from, &s->worktime);
    if (code) return qk_fail(err, code, "'%s' is no rule of recurrence", rule);
    code = has_rule(s, kind, key, rule, &same, err);
    if (same) return QK_OK;
    if (code == QK_ENOTFOUND) {
        new_timer t = {.kind = kind,
                       .key = key,
                       .payload = payload,
                       .due = due,
                       .start = QK_TIME_NONE,
                       .rule = rule};
        return insert_timer(s, &t, err);
    }
    if (code) return code;
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, s->db,
                         "UPDATE timer SET rule=?1,due_at=?2,next_at=?2,payload=?3,attempts=0,"
                         "fired_at=NULL WHERE kind=?4 AND key=?5",
                         err));
    qk_db_bind_str(q, 1, qk_str_of(rule));
    sqlite3_bind_int64(q, 2, due);
    qk_db_bind_str(q, 3, payload.len ? payload : QK_STR(""));
    qk_db_bind_str(q, 4, qk_str_of(kind));
    qk_db_bind_str(q, 5, key.len ? key : QK_STR(""));
    s->next_known = false;
    return qk_db_run(s->db, q, err);
}

qk_code qk_scheduler_cancel(qk_scheduler *s, const char *kind, qk_str key, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, s->db, "DELETE FROM timer WHERE kind=? AND key=? AND fired_at IS NULL",
                         err));
    qk_db_bind_str(q, 1, qk_str_of(kind));
    qk_db_bind_str(q, 2, key.len ? key : QK_STR(""));
    QK_TRY(qk_db_run(s->db, q, err));
    s->next_known = false;
    return sqlite3_changes(qk_db_handle(s->db)) ? QK_OK : QK_ENOTFOUND;
}

qk_code qk_scheduler_forget(qk_scheduler *s, qk_time before, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, s->db, "DELETE FROM timer WHERE fired_at<?", err));
    sqlite3_bind_int64(q, 1, before);
    return qk_db_run(s->db, q, err);
}

/* ---- firing ---- */

/* A waiting timer as read from its row; texts owned here, for handlers may change the table. */
typedef struct due_timer {
    qk_timer timer;
    const handler *handler;
    qk_arena arena;
    const char *rule;
} due_timer;

/* The earliest waiting timer that has a handler, due or not. */
static qk_code find_next(qk_scheduler *s, due_timer *t, qk_time *next_at, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, s->db,
                         "SELECT id,due_at,next_at,kind,key,payload,rule,attempts FROM timer"
                         " WHERE fired_at IS NULL ORDER BY next_at,id",
                         err));
    qk_code code;
    while ((code = qk_db_step(s->db, q, err)) == QK_OK) {
        t->handler = handler_of(s, qk_db_text(q, 3));
        if (t->handler) break;
    }
    if (code == QK_OK) {
        qk_str key = qk_db_text(q, 4), payload = qk_db_text(q, 5), rule = qk_db_text(q, 6);
        *next_at = sqlite3_column_int64(q, 2);
        t->timer = (qk_timer){.id = sqlite3_column_int64(q, 0),
                              .due_at = sqlite3_column_int64(q, 1),
                              .kind = t->handler->kind,
                              .key = qk_arena_copy(&t->arena, key.ptr, key.len),
                              .payload = qk_arena_copy(&t->arena, payload.ptr, payload.len),
                              .attempts = sqlite3_column_int(q, 7)};
        t->rule = qk_arena_copy(&t->arena, rule.ptr, rule.len);
        if (!t->timer.key || !t->timer.payload || !t->rule)
            code = qk_fail(err, QK_ENOMEM, "no memory for a timer");
    }
    sqlite3_reset(q);
    return code;
}

qk_time qk_scheduler_next(qk_scheduler *s)
{
    if (s->next_known) return s->next;
    due_timer t = {0};
    qk_time next = INT64_MAX;
    qk_arena_init(&t.arena, 64 << 10);
    qk_code code = find_next(s, &t, &next, NULL);
    qk_arena_clear(&t.arena);
    s->next = code == QK_OK ? next : INT64_MAX;
    /* Without an answer (memory, disk) it is asked again at once. */
    s->next_known = code == QK_OK || code == QK_ENOTFOUND;
    return s->next;
}

void qk_scheduler_undone(qk_scheduler *s)
{
    qk_error err = {0};
    s->next_known = false;
    if (load_calendar(s, &err))
        qk_log_print(s->log, QK_LOG_ERROR, "scheduler", "the calendar cannot be read again: %s",
                     err.message);
}

static qk_code mark_fired(qk_scheduler *s, const due_timer *t, qk_time now, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, s->db, "UPDATE timer SET fired_at=?,attempts=0 WHERE id=?", err));
    sqlite3_bind_int64(q, 1, now);
    sqlite3_bind_int64(q, 2, t->timer.id);
    return qk_db_run(s->db, q, err);
}

static qk_code move_on(qk_scheduler *s, const due_timer *t, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    qk_time due;
    qk_code code = qk_recur_next(&due, qk_str_of(t->rule), t->timer.due_at, &s->worktime);
    if (code) return qk_fail(err, code, "the rule '%s' has no next occurrence", t->rule);
    QK_TRY(qk_db_prepare(&q, s->db, "UPDATE timer SET due_at=?1,next_at=?1,attempts=0 WHERE id=?2",
                         err));
    sqlite3_bind_int64(q, 1, due);
    sqlite3_bind_int64(q, 2, t->timer.id);
    return qk_db_run(s->db, q, err);
}

static qk_code put_off(qk_scheduler *s, const due_timer *t, qk_time now, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    int64_t minutes = (int64_t)1 << (t->timer.attempts < 6 ? t->timer.attempts : 6);
    if (minutes > RETRY_MINUTES_MAX) minutes = RETRY_MINUTES_MAX;
    QK_TRY(
        qk_db_prepare(&q, s->db, "UPDATE timer SET next_at=?,attempts=attempts+1 WHERE id=?", err));
    sqlite3_bind_int64(q, 1, now + minutes * QK_MINUTE);
    sqlite3_bind_int64(q, 2, t->timer.id);
    return qk_db_run(s->db, q, err);
}

static qk_code run_handler(qk_scheduler *s, const due_timer *t, qk_time now, qk_error *err)
{
    QK_TRY(qk_db_begin(s->db, err));
    qk_code code = t->handler->fn(t->handler->context, s->node, s->db, &t->timer, err);
    if (!code) code = t->rule[0] ? move_on(s, t, err) : mark_fired(s, t, now, err);
    if (!code) return qk_db_commit(s->db, err);
    qk_db_rollback(s->db);
    return code;
}

/* SQLite may have ended the whole transaction with the statement that failed. */
static bool transaction_lost(const qk_scheduler *s)
{
    return sqlite3_get_autocommit(qk_db_handle(s->db)) != 0;
}

qk_code qk_scheduler_fire_one(qk_scheduler *s, qk_time now, bool *fired, qk_error *err)
{
    due_timer t = {0};
    qk_time next_at = INT64_MAX;
    *fired = false;
    if (qk_scheduler_next(s) > now) return QK_OK;
    qk_arena_init(&t.arena, 64 << 10);
    qk_code code = find_next(s, &t, &next_at, err);
    if (code || next_at > now) goto out;
    s->next_known = false;
    *fired = true;
    code = run_handler(s, &t, now, err);
    if (code && !transaction_lost(s)) {
        qk_log_limited(s->log, QK_LOG_WARN, "scheduler", (uint64_t)t.timer.id,
                       "timer %s '%s' failed and will be tried again: %s", t.timer.kind,
                       t.timer.key, err ? err->message : "");
        code = put_off(s, &t, now, err);
    }
    s->next_known = false;
out:
    qk_arena_clear(&t.arena);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- a changed calendar ---- */

static qk_code next_work_timer(qk_scheduler *s, int64_t after, int64_t *id, qk_time *start,
                               int64_t *amount, qk_work_unit *unit, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, s->db,
                         "SELECT id,start_at,amount,unit FROM timer WHERE fired_at IS NULL"
                         " AND unit IN ('workhours','workdays') AND id>? ORDER BY id LIMIT 1",
                         err));
    sqlite3_bind_int64(q, 1, after);
    QK_TRY(qk_db_step(s->db, q, err));
    *id = sqlite3_column_int64(q, 0);
    *start = sqlite3_column_int64(q, 1);
    *amount = sqlite3_column_int64(q, 2);
    bool days = qk_str_eq(qk_db_text(q, 3), QK_STR("workdays"));
    *unit = days ? QK_UNIT_WORKDAYS : QK_UNIT_WORKHOURS;
    sqlite3_reset(q);
    return QK_OK;
}

static qk_code compute_again(qk_scheduler *s, qk_error *err)
{
    int64_t id = 0, amount = 0;
    qk_time start = 0, due = 0;
    qk_work_unit unit = QK_UNIT_WORKDAYS;
    qk_code code;
    s->next_known = false;
    while ((code = next_work_timer(s, id, &id, &start, &amount, &unit, err)) == QK_OK) {
        sqlite3_stmt *q = NULL;
        if (due_after(s, &due, start, amount, unit)) continue;
        QK_TRY(qk_db_prepare(&q, s->db, "UPDATE timer SET due_at=?1,next_at=?1 WHERE id=?2", err));
        sqlite3_bind_int64(q, 1, due);
        sqlite3_bind_int64(q, 2, id);
        QK_TRY(qk_db_run(s->db, q, err));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_scheduler_set_day(qk_scheduler *s, int32_t day, bool working, qk_str name, qk_str source,
                             qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, s->db,
                         "INSERT INTO calendar_day(day,working,name,source,valid_from,version,"
                         "recorded_at,recorded_by) VALUES(?1,?2,?3,?4,?5,1,?5,?6)"
                         " ON CONFLICT(day) DO UPDATE SET working=?2,name=?3,source=?4,"
                         "valid_from=?5,version=version+1,recorded_at=?5,recorded_by=?6",
                         err));
    sqlite3_bind_int(q, 1, day);
    sqlite3_bind_int(q, 2, working);
    qk_db_bind_str(q, 3, name.len ? name : QK_STR(""));
    qk_db_bind_str(q, 4, source.len ? source : QK_STR(""));
    sqlite3_bind_int64(q, 5, now);
    qk_db_bind_str(q, 6, by);
    QK_TRY(qk_db_run(s->db, q, err));
    QK_TRY(load_days(s, err));
    return compute_again(s, err);
}

qk_code qk_scheduler_set_hours(qk_scheduler *s, qk_str hours, qk_str by, qk_time now, qk_error *err)
{
    qk_worktime read = s->worktime;
    if (qk_worktime_hours(&read, hours)) {
        qk_fail(err, QK_EINVAL, "'%.*s' are no hours of work",
                (int)(hours.len < 80 ? hours.len : 80), hours.ptr ? hours.ptr : "");
        return qk_error_hint(err, "write them as 08:30-12:00,14:00-17:30");
    }
    QK_TRY(qk_setting_put(s->db, "worktime.hours", hours, -1, by, now, err));
    QK_TRY(load_hours(s, err));
    return compute_again(s, err);
}
