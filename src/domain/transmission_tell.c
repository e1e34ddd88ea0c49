/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/transmission_private.h"
#include "base/json.h"
#include <math.h>
#include <stdio.h>

/* The ministry publishes the figures of a day at about 13:00 of the next (practice, section 7). */
static const qk_time JUDGED_AFTER = QK_DAY + 13 * QK_HOUR;

enum { KEY_MAX = 96, ROOM = 16 };

static qk_code is_raised(bool *out, qk_db *db, const char *key, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT 1 FROM event WHERE key=?", err));
    qk_db_bind_str(s, 1, qk_str_of(key));
    qk_code code = qk_db_step(db, s, err);
    sqlite3_reset(s);
    *out = code == QK_OK;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_time start_of(const qk_transmission_judge *j)
{
    return j->day->day * QK_DAY - QK_CST_OFFSET;
}

static void put_hours(qk_json_writer *w, const qk_transmission_judge *j)
{
    char from[QK_TIME_TEXT];
    int64_t first = 0, count = 0;
    for (int hour = 23; hour >= 0; hour--) {
        if (!(j->missing >> hour & 1)) continue;
        first = hour;
        count++;
    }
    qk_json_kcstr(w, "from", qk_time_iso(from, start_of(j) + first * QK_HOUR));
    qk_json_ki64(w, "count", count);
}

static void put_rates(qk_json_writer *w, const qk_transmission_judge *j)
{
    char text[32];
    snprintf(text, sizeof text, "%.1f", 100 * qk_transmission_effective(j->day, false));
    qk_json_kcstr(w, "percent", text);
    snprintf(text, sizeof text, "%g", 100 * j->low);
    qk_json_kcstr(w, "least", text);
    qk_json_ki64(w, "due", j->day->due);
    qk_json_ki64(w, "received", j->day->received);
    qk_json_ki64(w, "valid", j->day->valid);
}

typedef void put_fn(qk_json_writer *w, const qk_transmission_judge *j);

static qk_code raise(const qk_transmission_judge *j, const char *kind, qk_severity severity,
                     const char *key, const char *closes, put_fn *put)
{
    qk_buf params;
    qk_json_writer w;
    qk_device device;
    char date[QK_TIME_TEXT];
    qk_buf_init(&params, 1024);
    qk_json_init(&w, &params);
    qk_json_object(&w);
    qk_json_kcstr(&w, "mn", j->mn);
    qk_json_kstr(&w, "day", (qk_str){qk_time_iso(date, start_of(j)), 10});
    put(&w, j);
    if (closes) qk_json_kcstr(&w, "closes", closes);
    qk_json_end(&w);
    qk_event e = {.at = j->now,
                  .recorded_at = j->now,
                  .severity = severity,
                  .journal_pos = UINT64_MAX,
                  .key = key,
                  .params = params.failed ? NULL : params.ptr};
    qk_str_copy(e.kind, sizeof e.kind, qk_str_of(kind));
    qk_str_copy(e.mn, sizeof e.mn, qk_str_of(j->mn));
    if (qk_registry_device(j->registry, &device, qk_str_of(j->mn)))
        memcpy(e.site, device.site, sizeof e.site);
    qk_code code = qk_events_raise(j->events, &e);
    qk_buf_clear(&params);
    return code;
}

typedef struct pair {
    const char *opens, *closes;
    qk_severity severity;
    put_fn *put;
} pair;

/* Opens when it holds, closes when it held once and does so no more. */
static qk_code tell_pair(const qk_transmission_judge *j, const pair *p, bool holds, qk_db *db,
                         qk_error *err)
{
    char open_key[KEY_MAX], close_key[KEY_MAX];
    bool opened, closed;
    snprintf(open_key, sizeof open_key, "%s:%s:%d", p->opens, j->mn, j->day->day);
    snprintf(close_key, sizeof close_key, "%s:%s:%d", p->closes, j->mn, j->day->day);
    QK_TRY(is_raised(&opened, db, open_key, err));
    if (holds) return opened ? QK_OK : raise(j, p->opens, p->severity, open_key, NULL, p->put);
    if (!opened) return QK_OK;
    QK_TRY(is_raised(&closed, db, close_key, err));
    return closed ? QK_OK : raise(j, p->closes, QK_SEVERITY_INFO, close_key, open_key, p->put);
}

qk_code qk_transmission_tell(const qk_transmission_judge *j, qk_db *db, qk_error *err)
{
    static const pair hours = {"hours_missing", "hours_filled", QK_SEVERITY_NOTICE, put_hours};
    static const pair rate = {"transmission_low", "transmission_restored", QK_SEVERITY_WARNING,
                              put_rates};
    if (!qk_events_room(j->events, ROOM)) return QK_OK;
    QK_TRY(tell_pair(j, &hours, j->missing != 0, db, err));
    double effective = qk_transmission_effective(j->day, false);
    if (isnan(effective)) return QK_OK;
    bool judged = j->now >= start_of(j) + JUDGED_AFTER;
    return tell_pair(j, &rate, judged && effective < j->low, db, err);
}
