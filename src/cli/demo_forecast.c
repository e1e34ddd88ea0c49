/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_forecast.h"
#include "domain/forecast_night.h"
#include "domain/forecast_place.h"
#include "domain/forecast_weather.h"
#include "domain/ruleset.h"
#include "sim/county_weather.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    YEARS = 3,
    PIECE_DAYS = 31, /* of weather taken in at once */
    CSV_MAX = 1 << 20,
    BATCH_DAYS = 20, /* forecasts kept at once */
    ARENA = 64 << 20,
    THREAD_NICE = 10,
    WAIT_S = 120,       /* for the devices' hours */
    RECORD_LATEST = 20, /* days that must be there of the last RECORD_SPAN */
    RECORD_SPAN = 24
};
#define BY         QK_STR("demo")
#define MADE_AFTER (50 * QK_MINUTE) /* the end of the day of issue, as every night */

static int32_t yesterday(const qk_demo_forecast *f)
{
    return qk_day_number(qk_clock_now(qk_node_clock(f->node))) - 1;
}

/* ---- weather ---- */

typedef struct stretch {
    int32_t from, to;
} stretch;

static qk_code take_weather(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const stretch *s = context;
    qk_forecast_weather_taken taken;
    qk_buf csv;
    (void)node;
    qk_buf_init(&csv, CSV_MAX);
    qk_sim_weather_csv(&csv, s->from, s->to);
    qk_code code = csv.failed ? qk_fail(err, csv.failed, "no memory for the demo's weather")
                              : qk_forecasts_weather_csv(&taken, db, qk_buf_str(&csv), NULL, false,
                                                         BY, now, err);
    qk_buf_clear(&csv);
    return code;
}

static qk_code take_evening(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                            qk_error *err)
{
    stretch s = {qk_day_number(timer->due_at), qk_day_number(timer->due_at)};
    (void)context;
    return take_weather(&s, node, db, timer->due_at, err);
}

static qk_code find_first_missing(void *context, qk_node *node, qk_db *db, qk_time now,
                                  qk_error *err)
{
    stretch *s = context;
    sqlite3_stmt *q;
    qk_scheduler *timers = qk_node_scheduler(node);
    if (qk_scheduler_handle(timers, "demo.weather", take_evening, NULL))
        return qk_fail(err, QK_EFULL, "too many kinds of timers");
    QK_TRY(qk_scheduler_every(timers, "demo.weather", QK_STR(""), "daily 23:20", now, QK_STR(""),
                              err));
    QK_TRY(qk_db_prepare(&q, db, "SELECT coalesce(max(issued)+1,?) FROM forecast_weather", err));
    sqlite3_bind_int64(q, 1, s->from);
    QK_TRY(qk_db_step(db, q, err));
    s->from = (int32_t)sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return QK_OK;
}

static void tell(qk_demo_forecast *f, qk_str place, const char *what, int64_t done, int64_t of)
{
    qk_forecast_work work = {.done = done, .of = of};
    snprintf(work.what, sizeof work.what, "%s", what);
    qk_str_copy(work.place, sizeof work.place, place);
    qk_forecast_night_tell(qk_node_forecast(f->node), &work);
}

static qk_code make_weather(qk_demo_forecast *f, qk_error *err)
{
    stretch all = {yesterday(f) - YEARS * 366, yesterday(f)};
    int32_t first;
    QK_TRY(qk_node_call(f->node, find_first_missing, &all, err));
    first = all.from;
    for (int32_t at = first; at <= all.to && !f->stop; at += PIECE_DAYS) {
        stretch piece = {at, at + PIECE_DAYS - 1 < all.to ? at + PIECE_DAYS - 1 : all.to};
        tell(f, QK_STR("county"), "weather", at - first, all.to - first + 1);
        QK_TRY(qk_node_call(f->node, take_weather, &piece, err));
    }
    return QK_OK;
}

/* ---- forecasts of the past year ---- */

typedef struct past { /* of one place */
    qk_demo_forecast *f;
    qk_str place;
    qk_db *db;
    qk_arena arena;
    qk_air_question q;
    qk_weather_archive weather;
    double *cells;
    qk_forecast_days days;
    qk_forecaster *forecaster;
    qk_guide *guide;
    int32_t first, last; /* days of issue */
} past;

static bool has_issued(const past *p, int32_t day)
{
    sqlite3_stmt *s;
    if (qk_db_prepare(&s, p->db,
                      "SELECT 1 FROM forecast WHERE place=? AND issued=?"
                      " AND on_time=1",
                      NULL))
        return true;
    qk_db_bind_str(s, 1, p->place);
    sqlite3_bind_int64(s, 2, day);
    bool is = qk_db_step(p->db, s, NULL) == QK_OK;
    sqlite3_reset(s);
    return is;
}

static qk_code load_record(past *p, qk_error *err)
{
    qk_forecast_days_clear(&p->days);
    return qk_forecast_place_load(&p->days, &p->q, p->place, p->last - YEARS * 366, p->last, err);
}

/* The hours of the last weeks come from the devices, as after an outage. */
static qk_code await_record(past *p, qk_error *err)
{
    const struct timespec pause = {1, 0};
    for (int tries = 0; tries < WAIT_S && !p->f->stop; tries++) {
        int latest = 0;
        if (tries > 0) nanosleep(&pause, NULL);
        if (!*p->f->years) continue;
        QK_TRY(load_record(p, err));
        for (size_t i = p->days.days - RECORD_SPAN; i < p->days.days; i++)
            latest += p->days.aqi[i] >= 0;
        bool whole = p->days.aqi[p->days.days - 1] >= 0 && latest >= RECORD_LATEST;
        if (whole || !p->f->devices) return QK_OK;
        tell(p->f, p->place, "record", latest, RECORD_SPAN);
    }
    return QK_OK;
}

typedef struct batch {
    const past *p;
    int32_t first;
    size_t n;
    qk_buf days[BATCH_DAYS];
} batch;

static qk_code keep_batch(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const batch *b = context;
    (void)node;
    for (size_t i = 0; i < b->n; i++) {
        int32_t issued = b->first + (int32_t)i;
        int64_t version;
        qk_time at = (qk_time)(issued + 1) * QK_DAY - QK_CST_OFFSET + MADE_AFTER;
        if (b->days[i].len == 0) continue;
        QK_TRY(qk_forecasts_put_guidance(&version, db, b->p->place, issued, qk_buf_str(&b->days[i]),
                                         QK_STR("system"), at < now ? at : now, err));
    }
    return QK_OK;
}

static qk_code issue_batch(past *p, int32_t first, int32_t last, qk_error *err)
{
    batch b = {.p = p, .first = first};
    qk_code code = QK_OK;
    for (; code == QK_OK && b.n < BATCH_DAYS && first + (int32_t)b.n <= last; b.n++) {
        qk_buf_init(&b.days[b.n], QK_FORECAST_TEXT_MAX);
        int32_t issued = first + (int32_t)b.n;
        if (p->f->stop || has_issued(p, issued)) continue;
        code = qk_forecast_place_write(&b.days[b.n], p->guide, p->q.rules, issued, err);
    }
    if (code == QK_OK && !p->f->stop) code = qk_node_call(p->f->node, keep_batch, &b, err);
    for (size_t i = 0; i < b.n; i++) qk_buf_clear(&b.days[i]);
    return code;
}

/* What came later is not learnt from. */
static void forget_later(past *p)
{
    for (size_t i = 0; i < p->days.days; i++)
        if (p->days.first_day + (int32_t)i > p->first) p->days.learn[i] = false;
}

/* The newest first: they are what the desk is opened for. */
static qk_code learn_and_issue(past *p, qk_error *err)
{
    QK_TRY(await_record(p, err));
    forget_later(p);
    tell(p->f, p->place, "learn", 0, 1);
    p->days.stop = &p->f->stop;
    QK_TRY(qk_forecast_days_fit(&p->forecaster, &p->days, &p->weather, QK_GUIDANCE_LEADS, err));
    QK_TRY(qk_guide_new(&p->guide, p->forecaster, &p->days, err));
    for (int32_t to = p->last; to >= p->first && !p->f->stop; to -= BATCH_DAYS) {
        int32_t at = to - BATCH_DAYS + 1 > p->first ? to - BATCH_DAYS + 1 : p->first;
        tell(p->f, p->place, "issue", p->last - to, p->last - p->first + 1);
        QK_TRY(issue_batch(p, at, to, err));
    }
    return QK_OK;
}

static qk_code publish_yesterday(void *context, qk_node *node, qk_db *db, qk_time now,
                                 qk_error *err)
{
    const past *p = context;
    int64_t version;
    (void)node, (void)now;
    qk_time at = (qk_time)p->last * QK_DAY - QK_CST_OFFSET + QK_FORECAST_PUBLIC;
    qk_code code =
        qk_forecasts_publish(&version, db, QK_STR("county"), p->last, false, BY, at, err);
    return code == QK_EEXIST || code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code open_past(past *p, qk_error *err)
{
    qk_rules *rules;
    QK_TRY(qk_ruleset_load(&rules, p->db, QK_TIME_NONE, &p->arena, err));
    p->q = (qk_air_question){.archive = {.db = p->db, .known_at = QK_TIME_NONE},
                             .registry = qk_node_registry(p->f->node),
                             .rules = rules,
                             .level = QK_AIR_BEST};
    return qk_forecasts_weather_load(&p->weather, &p->cells, p->db, p->last - YEARS * 366, p->last,
                                     err);
}

static qk_code make_place(past *p, qk_str place, int32_t days, qk_error *err)
{
    p->place = place;
    p->first = p->last - days + 1;
    bool whole = has_issued(p, p->first) && has_issued(p, p->last);
    qk_code code = whole ? QK_OK : learn_and_issue(p, err);
    qk_guide_free(p->guide);
    qk_forecaster_free(p->forecaster);
    qk_forecast_days_clear(&p->days);
    p->guide = NULL;
    p->forecaster = NULL;
    return code;
}

/* The county's past year; its stations' newest alone, as their record is the same. */
static qk_code make_places(past *p, qk_error *err)
{
    qk_air_source *stations;
    size_t n;
    bool area;
    QK_TRY(open_past(p, err));
    QK_TRY(make_place(p, QK_STR("county"), p->f->days, err));
    if (!p->f->stop) QK_TRY(qk_node_call(p->f->node, publish_yesterday, p, err));
    QK_TRY(qk_air_scope(&stations, &n, &area, p->q.registry, QK_STR("county"), &p->arena, err));
    for (size_t i = 0; i < n && !p->f->stop; i++)
        QK_TRY(make_place(p, qk_str_of(stations[i].site->id), 1, err));
    return QK_OK;
}

static qk_code make_past(qk_demo_forecast *f, qk_error *err)
{
    past p = {.f = f, .last = yesterday(f)};
    qk_arena_init(&p.arena, ARENA);
    qk_code code = qk_db_open_readonly(&p.db, qk_node_db_path(f->node), err);
    if (code == QK_OK) code = make_places(&p, err);
    free(p.cells);
    if (p.db) qk_db_close(p.db);
    qk_arena_clear(&p.arena);
    return code;
}

/* ---- the thread ---- */

static void *run_forecast(void *context)
{
    qk_demo_forecast *f = context;
    qk_error err = {0};
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), THREAD_NICE);
    qk_code code = make_weather(f, &err);
    if (code == QK_OK && f->days > 0 && !f->stop) code = make_past(f, &err);
    if (code != QK_OK && code != QK_ECANCELLED)
        qk_log_print(qk_node_log(f->node), QK_LOG_WARN, "demo",
                     "the county's forecasts could not be made: %s", err.message);
    tell(f, QK_STR(""), "", 0, 0);
    return NULL;
}

void qk_demo_forecast_start(qk_demo_forecast *f)
{
    atomic_init(&f->stop, false);
    f->runs = pthread_create(&f->thread, NULL, run_forecast, f) == 0;
}

void qk_demo_forecast_stop(qk_demo_forecast *f)
{
    if (!f->runs) return;
    f->stop = true;
    pthread_join(f->thread, NULL);
    f->runs = false;
}
