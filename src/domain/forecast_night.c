/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecast_night.h"
#include "domain/forecast_place.h"
#include "domain/forecast_weather.h"
#include "domain/forecasts.h"
#include "domain/ruleset.h"
#include "domain/warning_ease.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    WAITING_MAX = 8,
    PLACES_MAX = 64,
    YEARS_BACK = 3, /* of air that are learnt from */
    ARENA = 64 << 20,
    THREAD_NICE = 10
};

typedef struct wish {
    int32_t issued;
    qk_time at;
} wish;

struct qk_forecast_night {
    qk_node *node;
    qk_log *log;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t bell;
    wish waiting[WAITING_MAX];
    size_t waiting_n;
    qk_forecast_work work;
    _Atomic bool stop;
};

/* ---- one place ---- */

typedef struct making { /* of one day of issue */
    qk_forecast_night *night;
    wish wish;
    bool more; /* days wait */
    qk_db *db;
    qk_arena arena;
    qk_air_question q;
    qk_weather_archive weather;
    double *cells;
} making;

static qk_code learn_place(making *m, qk_forecast_days *days, qk_buf *out, qk_error *err)
{
    qk_forecaster *f = NULL;
    qk_guide *guide = NULL;
    qk_forecast_days_trim(days);
    qk_code code = qk_forecast_days_fit(&f, days, &m->weather, QK_GUIDANCE_LEADS, err);
    if (code == QK_OK) code = qk_guide_new(&guide, f, days, err);
    if (code == QK_OK) code = qk_forecast_place_write(out, guide, m->q.rules, m->wish.issued, err);
    qk_guide_free(guide);
    qk_forecaster_free(f);
    return code;
}

typedef struct finished {
    qk_str place, days;
    wish wish;
} finished;

static qk_code keep_guidance(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const finished *f = context;
    int64_t version;
    /* on a simulated clock, the timer's time: the jump goes on while this is computed */
    qk_time at = qk_clock_simulated(qk_node_clock(node)) && f->wish.at < now ? f->wish.at : now;
    return qk_forecasts_put_guidance(&version, db, f->place, f->wish.issued, f->days,
                                     QK_STR("system"), at, err);
}

static qk_code make_place(making *m, qk_str place, qk_error *err)
{
    qk_buf text;
    qk_forecast_days days = {0};
    int32_t first = m->wish.issued - YEARS_BACK * 366;
    qk_buf_init(&text, QK_FORECAST_TEXT_MAX);
    qk_code code = qk_forecast_place_load(&days, &m->q, place, first, m->wish.issued, err);
    days.stop = &m->night->stop;
    if (code == QK_OK) code = learn_place(m, &days, &text, err);
    if (code == QK_OK) {
        finished f = {place, qk_buf_str(&text), m->wish};
        code = qk_node_call(m->night->node, keep_guidance, &f, err);
    }
    qk_forecast_days_clear(&days);
    qk_buf_clear(&text);
    return code;
}

/* ---- one day of issue ---- */

static qk_code open_making(making *m, qk_error *err)
{
    qk_rules *rules;
    qk_node *node = m->night->node;
    QK_TRY(qk_db_open_readonly(&m->db, qk_node_db_path(node), err));
    QK_TRY(qk_ruleset_load(&rules, m->db, QK_TIME_NONE, &m->arena, err));
    m->q = (qk_air_question){.archive = {.db = m->db, .known_at = QK_TIME_NONE},
                             .registry = qk_node_registry(node),
                             .rules = rules,
                             .level = QK_AIR_BEST};
    return qk_forecasts_weather_load(&m->weather, &m->cells, m->db,
                                     m->wish.issued - YEARS_BACK * 366, m->wish.issued, err);
}

static void tell_place(const making *m, const char *place, size_t done, size_t of)
{
    qk_forecast_work work = {.what = "learn", .done = (int64_t)done, .of = (int64_t)of};
    qk_str_copy(work.place, sizeof work.place, qk_str_of(place));
    qk_forecast_night_tell(m->night, &work);
}

/* The county, then its stations unless other days wait; a place with too little air is passed over.
 */
static qk_code make_places(making *m, qk_error *err)
{
    qk_air_source *stations;
    size_t n;
    bool area;
    qk_error why = {0};
    QK_TRY(qk_air_scope(&stations, &n, &area, m->q.registry, QK_STR("county"), &m->arena, err));
    if (n > PLACES_MAX) n = PLACES_MAX;
    tell_place(m, "county", 0, n + 1);
    QK_TRY(make_place(m, QK_STR("county"), err));
    if (m->more) return QK_OK;
    for (size_t i = 0; i < n && !m->night->stop; i++) {
        tell_place(m, stations[i].site->id, i + 1, n + 1);
        if (make_place(m, qk_str_of(stations[i].site->id), &why) != QK_OK)
            qk_log_print(m->night->log, QK_LOG_INFO, "forecast", "%s: %s", stations[i].site->id,
                         why.message);
    }
    return QK_OK;
}

static void make_day(qk_forecast_night *night, wish w, bool more)
{
    making m = {.night = night, .wish = w, .more = more};
    char date[QK_TIME_TEXT];
    qk_error err = {0};
    qk_arena_init(&m.arena, ARENA);
    qk_code code = open_making(&m, &err);
    if (code == QK_OK) code = make_places(&m, &err);
    if (code != QK_OK && code != QK_ECANCELLED)
        qk_log_print(night->log, QK_LOG_INFO, "forecast", "no forecast of %s: %s",
                     qk_date_iso(date, (qk_time)w.issued * QK_DAY - QK_CST_OFFSET), err.message);
    qk_forecast_night_tell(night, &(qk_forecast_work){0});
    free(m.cells);
    if (m.db) qk_db_close(m.db);
    qk_arena_clear(&m.arena);
}

/* ---- the thread ---- */

static void *run(void *context)
{
    qk_forecast_night *n = context;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), THREAD_NICE);
    pthread_mutex_lock(&n->lock);
    while (!n->stop) {
        if (n->waiting_n == 0) {
            pthread_cond_wait(&n->bell, &n->lock);
            continue;
        }
        wish w = n->waiting[0];
        memmove(n->waiting, n->waiting + 1, --n->waiting_n * sizeof *n->waiting);
        bool more = n->waiting_n > 0;
        pthread_mutex_unlock(&n->lock);
        make_day(n, w, more);
        pthread_mutex_lock(&n->lock);
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

qk_code qk_forecast_night_new(qk_forecast_night **out, qk_node *node, qk_log *log, qk_error *err)
{
    qk_forecast_night *n = calloc(1, sizeof *n);
    *out = n;
    if (!n) return qk_fail(err, QK_ENOMEM, "no memory for the forecast");
    n->node = node;
    n->log = log;
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->bell, NULL);
    n->runs = pthread_create(&n->thread, NULL, run, n) == 0;
    return n->runs ? QK_OK : qk_fail(err, QK_EIO, "cannot start the forecast's thread");
}

void qk_forecast_night_stop(qk_forecast_night *night)
{
    if (!night || !night->runs) return;
    pthread_mutex_lock(&night->lock);
    night->stop = true;
    pthread_cond_broadcast(&night->bell);
    pthread_mutex_unlock(&night->lock);
    pthread_join(night->thread, NULL);
    night->runs = false;
}

void qk_forecast_night_free(qk_forecast_night *night)
{
    if (!night) return;
    qk_forecast_night_stop(night);
    pthread_cond_destroy(&night->bell);
    pthread_mutex_destroy(&night->lock);
    free(night);
}

void qk_forecast_night_ask(qk_forecast_night *night, int32_t issued, qk_time at)
{
    pthread_mutex_lock(&night->lock);
    bool there = false;
    for (size_t i = 0; i < night->waiting_n; i++)
        there = there || night->waiting[i].issued == issued;
    if (!there && night->waiting_n == WAITING_MAX)
        memmove(night->waiting, night->waiting + 1, --night->waiting_n * sizeof *night->waiting);
    if (!there) night->waiting[night->waiting_n++] = (wish){issued, at};
    pthread_cond_signal(&night->bell);
    pthread_mutex_unlock(&night->lock);
}

void qk_forecast_night_work(qk_forecast_night *night, qk_forecast_work *out)
{
    pthread_mutex_lock(&night->lock);
    *out = night->work;
    pthread_mutex_unlock(&night->lock);
}

void qk_forecast_night_tell(qk_forecast_night *night, const qk_forecast_work *work)
{
    pthread_mutex_lock(&night->lock);
    night->work = *work;
    pthread_mutex_unlock(&night->lock);
}

/* ---- timers ---- */

static qk_code ask_for_yesterday(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                                 qk_error *err)
{
    sqlite3_stmt *s;
    int32_t issued = qk_day_number(timer->due_at) - 1;
    (void)node;
    QK_TRY(qk_db_prepare(&s, db, "SELECT 1 FROM forecast WHERE place='county' AND issued=?", err));
    sqlite3_bind_int64(s, 1, issued);
    qk_code code = qk_db_step(db, s, err);
    sqlite3_reset(s);
    if (code == QK_ENOTFOUND) qk_forecast_night_ask(context, issued, timer->due_at);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* On a simulated clock, the timer's time: a jump goes on. Else what the clock says: what a stopped
 * program publishes late is late. */
static qk_code publish(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                       qk_error *err)
{
    qk_forecast_night *night = context;
    int64_t version;
    qk_clock *clock = qk_node_clock(node);
    qk_time at = qk_clock_simulated(clock) ? timer->due_at : qk_clock_now(clock);
    qk_code code =
        qk_forecasts_publish(&version, db, QK_STR("county"), qk_day_number(timer->due_at), false,
                             QK_STR("system"), at, err);
    if (code == QK_ENOTFOUND)
        qk_log_print(night->log, QK_LOG_WARN, "forecast", "no forecast to publish by 20:00");
    return code == QK_ENOTFOUND || code == QK_EEXIST ? QK_OK : code;
}

static qk_code ease_warning(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                            qk_error *err)
{
    (void)context;
    return qk_warning_ease_run(db, qk_node_registry(node), qk_node_telemetry(node),
                               qk_node_db_path(node), timer->due_at, err);
}

qk_code qk_forecast_night_timers(qk_forecast_night *night, qk_scheduler *s, qk_time now,
                                 qk_error *err)
{
    if (qk_scheduler_handle(s, "forecast.night", ask_for_yesterday, night) ||
        qk_scheduler_handle(s, "forecast.public", publish, night) ||
        qk_scheduler_handle(s, "warning.ease", ease_warning, night))
        return qk_fail(err, QK_EFULL, "too many kinds of timers");
    QK_TRY(qk_scheduler_every(s, "forecast.night", QK_STR(""), "hourly 50", now, QK_STR(""), err));
    QK_TRY(qk_scheduler_every(s, "warning.ease", QK_STR(""), "hourly 25", now, QK_STR(""), err));
    return qk_scheduler_every(s, "forecast.public", QK_STR(""), "daily 19:50", now, QK_STR(""),
                              err);
}
