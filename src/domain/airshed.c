/* SPDX-License-Identifier: Apache-2.0 */
/* The desk: a thread that makes the matrix of what is set up, and keeps it. */
#include "base/file.h"
#include "domain/airshed_private.h"
#include "models/aermod_weather.h"
#include "models/matrix_build.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ARENA = 64 << 20, FILE_MAX_MIB = 2048, THREAD_NICE = 10, TEXT_MAX = 64 << 20 };

struct qk_airshed {
    qk_node *node;
    qk_log *log;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock; /* state, asked */
    pthread_cond_t bell;
    qk_airshed_state state;
    uint64_t asked;    /* 0 = nothing waits */
    uint64_t given_up; /* what failed or was cancelled: not begun again by itself */
    _Atomic bool stop, cancel;
    pthread_rwlock_t matrix_lock;
    qk_matrix *matrix;
    char folder[QK_PATH_MAX];
};

const char *qk_airshed_stage_name(qk_airshed_stage stage)
{
    static const char *const names[] = {"idle", "waiting", "running", "failed", "cancelled"};
    return names[stage];
}

/* ---- what a build needs ---- */

typedef struct making {
    qk_airshed *desk;
    qk_db *db;
    qk_arena arena;
    qk_airshed_case c;
    qk_weather *weather;
    qk_buf runstream;
    qk_aermod_case parsed;
    bool is_parsed;
    qk_dispersion *dispersion;
    qk_dispersion_work *work;
    double *scratch;
    qk_plume_hour *hour;
    size_t hours;
    qk_matrix_build rows;
    bool has_rows;
    qk_airshed_state found; /* of the weather */
    uint8_t heavy[367];
} making;

static void clear_making(making *m)
{
    if (m->has_rows) qk_matrix_build_clear(&m->rows);
    free(m->hour);
    free(m->scratch);
    qk_dispersion_work_free(m->work);
    qk_dispersion_free(m->dispersion);
    if (m->is_parsed) qk_aermod_case_clear(&m->parsed);
    qk_buf_clear(&m->runstream);
    qk_weather_free(m->weather);
    qk_arena_clear(&m->arena);
    qk_db_close(m->db);
}

static qk_code read_weather(making *m, qk_error *err)
{
    qk_weather_place place;
    qk_buf text;
    qk_weather_place_init(&place, m->c.latitude_deg, m->c.longitude_deg, 8);
    place.elevation_m = m->c.elevation_m;
    place.wind_height_m = m->c.wind_height_m;
    QK_TRY(qk_weather_new(&m->weather, &place, err));
    qk_buf_init(&text, QK_AIRSHED_WEATHER_BYTES);
    qk_code code = qk_files_read(qk_node_files(m->desk->node), &text, m->c.weather, err);
    if (code == QK_OK) code = qk_weather_read_csv(m->weather, qk_buf_str(&text), "weather", err);
    if (code == QK_OK) code = qk_weather_run(m->weather, err);
    qk_buf_clear(&text);
    return code;
}

static int32_t day_of(const qk_plume_hour *h)
{
    qk_time t = 0;
    qk_civil c = {.year = h->year, .month = h->month, .day = h->day};
    return qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : 0;
}

static qk_code take_hours(making *m, qk_error *err)
{
    size_t n = qk_weather_count(m->weather);
    m->hour = calloc(n / (size_t)m->c.every_h + 1, sizeof *m->hour);
    if (!m->hour) return qk_fail(err, QK_ENOMEM, "no memory for hours");
    for (size_t i = 0; i < n; i += (size_t)m->c.every_h) {
        qk_plume_status s = qk_plume_hour_status(qk_weather_hour(m->weather, i));
        m->hour[m->hours++] = *qk_weather_hour(m->weather, i);
        m->found.calm += s == QK_PLUME_HOUR_CALM;
        m->found.missing += s == QK_PLUME_HOUR_MISSING;
    }
    m->found.hours = (int64_t)m->hours;
    m->found.first_day = day_of(&m->hour[0]);
    m->found.last_day = day_of(&m->hour[m->hours - 1]);
    return QK_OK;
}

static qk_code load_nothing(void *context, const char *path, qk_str *text, qk_error *err)
{
    (void)context, (void)text;
    return qk_fail(err, QK_EUNSUPPORTED, "the case names no files, not %s", path);
}

static qk_code read_case(making *m, qk_error *err)
{
    const qk_aermod_loader loader = {NULL, load_nothing};
    qk_buf_init(&m->runstream, TEXT_MAX);
    qk_airshed_runstream(&m->runstream, &m->c);
    if (m->runstream.failed) return qk_fail(err, m->runstream.failed, "the case is too long");
    QK_TRY(qk_aermod_case_read(&m->parsed, qk_buf_str(&m->runstream), "case", &loader, err));
    m->is_parsed = true;
    QK_TRY(qk_dispersion_new(&m->dispersion, &m->parsed, err));
    m->work = qk_dispersion_work_new(m->dispersion);
    return m->work ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for the plume");
}

static uint64_t weather_mark(const making *m)
{
    char text[160];
    int n = snprintf(text, sizeof text, "%s %g %g %lld", m->c.weather, m->c.elevation_m,
                     m->c.wind_height_m, (long long)m->c.every_h);
    return qk_hash(text, (size_t)n);
}

static bool stopped(const qk_airshed *desk)
{
    return desk->stop || desk->cancel;
}

static void tell_progress(qk_airshed *desk, uint32_t done, uint32_t total)
{
    pthread_mutex_lock(&desk->lock);
    desk->state.done = done;
    desk->state.total = total;
    pthread_mutex_unlock(&desk->lock);
}

static void put_matrix(qk_airshed *desk, qk_matrix *m)
{
    pthread_rwlock_wrlock(&desk->matrix_lock);
    qk_matrix *old = desk->matrix;
    desk->matrix = m;
    pthread_rwlock_unlock(&desk->matrix_lock);
    qk_matrix_free(old);
}

static qk_code make_rows(making *m, qk_error *err)
{
    qk_airshed *desk = m->desk;
    qk_matrix_build *b = &m->rows;
    tell_progress(desk, 0, b->due_count);
    for (uint32_t i = 0; i < b->due_count; i++) {
        if (stopped(desk)) return qk_fail(err, QK_ECANCELLED, "given up after %u sources", i);
        qk_matrix_build_row(b, m->work, m->scratch, b->due[i]);
        tell_progress(desk, i + 1, b->due_count);
    }
    return QK_OK;
}

/* ---- files ---- */

static qk_code path_of(char out[QK_PATH_MAX], const qk_airshed *desk, const char *name,
                       qk_error *err)
{
    return qk_path_join(out, QK_PATH_MAX, desk->folder, name) == QK_OK
               ? QK_OK
               : qk_fail(err, QK_ERANGE, "the folder's name is too long");
}

/* What the matrix is of stands behind it, written after it. */
static qk_code save(const making *m, const qk_matrix *matrix, qk_error *err)
{
    char path[QK_PATH_MAX], line[200];
    qk_buf bytes;
    QK_TRY(path_of(path, m->desk, "matrix.nc", err));
    qk_buf_init(&bytes, (size_t)FILE_MAX_MIB << 20);
    qk_matrix_write(&bytes, matrix);
    qk_code code = bytes.failed ? qk_fail(err, bytes.failed, "the matrix does not fit in memory")
                                : qk_file_write_atomic(path, bytes.ptr, bytes.len, 0640, err);
    qk_buf_clear(&bytes);
    QK_TRY(code);
    QK_TRY(path_of(path, m->desk, "built", err));
    int n = snprintf(line, sizeof line, "%llu %lld %lld %lld %lld %d %d\n",
                     (unsigned long long)m->found.mark, (long long)m->found.built_at,
                     (long long)m->found.hours, (long long)m->found.calm,
                     (long long)m->found.missing, m->found.first_day, m->found.last_day);
    return qk_file_write_atomic(path, line, (size_t)n, 0640, err);
}

static bool next_number(qk_str *rest, int64_t *out)
{
    return qk_parse_i64(out, qk_str_trim(qk_str_cut(rest, ' '))) == QK_OK;
}

static void load_state(qk_airshed *desk, qk_str line)
{
    qk_airshed_state s = {0};
    int64_t v[5];
    if (qk_parse_u64(&s.mark, qk_str_cut(&line, ' ')) != QK_OK) return;
    if (!next_number(&line, &s.built_at)) return;
    for (int i = 0; i < 5; i++)
        if (!next_number(&line, &v[i])) return;
    s.hours = v[0];
    s.calm = v[1];
    s.missing = v[2];
    s.first_day = (int32_t)v[3];
    s.last_day = (int32_t)v[4];
    pthread_mutex_lock(&desk->lock);
    s.stage = desk->state.stage;
    desk->state = s;
    pthread_mutex_unlock(&desk->lock);
}

/* What was made before the program was started. */
static void load(qk_airshed *desk)
{
    char path[QK_PATH_MAX];
    qk_buf bytes;
    qk_matrix *m = NULL;
    qk_buf_init(&bytes, (size_t)FILE_MAX_MIB << 20);
    if (path_of(path, desk, "matrix.nc", NULL) == QK_OK &&
        qk_file_read(&bytes, path, NULL) == QK_OK &&
        qk_matrix_read(&m, qk_buf_str(&bytes), NULL) == QK_OK && m->planes == QK_MATRIX_PLANES) {
        put_matrix(desk, m);
        bytes.len = 0;
        if (path_of(path, desk, "built", NULL) == QK_OK &&
            qk_file_read(&bytes, path, NULL) == QK_OK)
            load_state(desk, qk_buf_str(&bytes));
    } else {
        qk_matrix_free(m);
    }
    qk_buf_clear(&bytes);
}

/* The heavy days of a weather are found once, so that a day that comes late makes nothing anew. */
static qk_code find_heavy(making *m, qk_error *err)
{
    char path[QK_PATH_MAX], mark[40];
    qk_buf text;
    int64_t day;
    QK_TRY(path_of(path, m->desk, "heavy", err));
    snprintf(mark, sizeof mark, "%llu", (unsigned long long)weather_mark(m));
    qk_buf_init(&text, 8192);
    if (qk_file_read(&text, path, NULL) == QK_OK) {
        qk_str rest = qk_buf_str(&text);
        if (qk_str_eq(qk_str_cut(&rest, ' '), qk_str_of(mark))) {
            while (next_number(&rest, &day))
                if (day >= 1 && day <= 366) m->heavy[day] = 1;
            qk_buf_clear(&text);
            return QK_OK;
        }
    }
    qk_code code = qk_airshed_heavy_days(m->heavy, &m->found, m->db,
                                         qk_node_registry(m->desk->node), &m->arena, err);
    bool any = false;
    text.len = 0;
    qk_buf_puts(&text, mark);
    for (int i = 1; i < 367; i++)
        if (m->heavy[i]) {
            qk_buf_printf(&text, " %d", i);
            any = true;
        }
    if (code == QK_OK && any && !text.failed)
        code = qk_file_write_atomic(path, text.ptr, text.len, 0640, err);
    qk_buf_clear(&text);
    return code;
}

/* ---- a build ---- */

static qk_code make_matrix(making *m, qk_error *err)
{
    qk_airshed *desk = m->desk;
    const qk_registry *registry = qk_node_registry(desk->node);
    QK_TRY(qk_db_open_readonly(&m->db, qk_node_db_path(desk->node), err));
    QK_TRY(qk_airshed_case_read(&m->c, m->db, registry, &m->arena, err));
    if (!m->c.sources) return qk_fail(err, QK_EINVAL, "the ledger of sources is empty");
    QK_TRY(read_weather(m, err));
    QK_TRY(take_hours(m, err));
    QK_TRY(read_case(m, err));
    m->has_rows = true;
    QK_TRY(find_heavy(m, err));
    QK_TRY(qk_matrix_build_init(&m->rows, &m->parsed, m->hour, m->hours, m->heavy, weather_mark(m),
                                err));
    m->scratch = calloc(qk_matrix_build_scratch(&m->rows), sizeof *m->scratch);
    if (!m->scratch) return qk_fail(err, QK_ENOMEM, "no memory for a row");
    qk_matrix_build_reuse(&m->rows, desk->matrix); /* only this thread changes it */
    QK_TRY(make_rows(m, err));
    m->found.mark = m->c.mark;
    m->found.made = m->rows.due_count;
    m->found.built_at = qk_clock_now(qk_node_clock(desk->node));
    return save(m, m->rows.m, err);
}

static void finish(qk_airshed *desk, making *m, qk_code code, const qk_error *err, uint64_t asked)
{
    if (code == QK_OK) {
        put_matrix(desk, m->rows.m);
        m->rows.m = NULL;
    }
    pthread_mutex_lock(&desk->lock);
    qk_airshed_state *s = &desk->state;
    s->error[0] = 0;
    s->done = s->total = 0;
    if (code == QK_OK) {
        *s = m->found;
        s->stage = QK_AIRSHED_IDLE;
    } else {
        s->stage = code == QK_ECANCELLED ? QK_AIRSHED_CANCELLED : QK_AIRSHED_FAILED;
        desk->given_up = asked;
        qk_str_copy(s->error, sizeof s->error, qk_str_of(err->message));
    }
    pthread_mutex_unlock(&desk->lock);
    if (code != QK_OK && code != QK_ECANCELLED)
        qk_log_print(desk->log, QK_LOG_WARN, "airshed", "the matrix could not be made: %s",
                     err->message);
}

static void make_one(qk_airshed *desk, uint64_t asked)
{
    making *m = calloc(1, sizeof *m);
    qk_error err = {0};
    if (!m) return;
    m->desk = desk;
    qk_arena_init(&m->arena, ARENA);
    qk_code code = make_matrix(m, &err);
    finish(desk, m, code, &err, asked);
    clear_making(m);
    free(m);
}

static void *run(void *context)
{
    qk_airshed *desk = context;
    setpriority(PRIO_PROCESS, (id_t)gettid(), THREAD_NICE);
    load(desk);
    pthread_mutex_lock(&desk->lock);
    for (;;) {
        while (!desk->asked && !desk->stop) pthread_cond_wait(&desk->bell, &desk->lock);
        if (desk->stop) break;
        uint64_t asked = desk->asked;
        desk->asked = 0;
        desk->cancel = false;
        desk->state.stage = QK_AIRSHED_RUNNING;
        pthread_mutex_unlock(&desk->lock);
        make_one(desk, asked);
        pthread_mutex_lock(&desk->lock);
    }
    pthread_mutex_unlock(&desk->lock);
    return NULL;
}

/* ---- for others ---- */

qk_code qk_airshed_new(qk_airshed **out, qk_node *node, qk_error *err)
{
    *out = NULL;
    qk_airshed *desk = calloc(1, sizeof *desk);
    if (!desk) return qk_fail(err, QK_ENOMEM, "no memory for the air's sources");
    desk->node = node;
    desk->log = qk_node_log(node);
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->bell, NULL);
    pthread_rwlock_init(&desk->matrix_lock, NULL);
    qk_code code = qk_path_join(desk->folder, sizeof desk->folder, qk_node_dir(node), "airshed");
    if (code == QK_OK) code = qk_dir_create(desk->folder, err);
    if (code == QK_OK) {
        desk->runs = pthread_create(&desk->thread, NULL, run, desk) == 0;
        if (!desk->runs) code = qk_fail(err, QK_EIO, "cannot start a thread");
    }
    if (code != QK_OK) {
        qk_airshed_free(desk);
        return code;
    }
    *out = desk;
    return QK_OK;
}

void qk_airshed_free(qk_airshed *desk)
{
    if (!desk) return;
    pthread_mutex_lock(&desk->lock);
    desk->stop = true;
    pthread_cond_signal(&desk->bell);
    pthread_mutex_unlock(&desk->lock);
    if (desk->runs) pthread_join(desk->thread, NULL);
    qk_matrix_free(desk->matrix);
    pthread_rwlock_destroy(&desk->matrix_lock);
    pthread_cond_destroy(&desk->bell);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

void qk_airshed_ask(qk_airshed *desk, uint64_t mark, bool again)
{
    pthread_mutex_lock(&desk->lock);
    bool busy = desk->state.stage == QK_AIRSHED_RUNNING || desk->asked;
    if (!busy && desk->state.mark != mark && (again || desk->given_up != mark)) {
        desk->asked = mark;
        desk->state.stage = QK_AIRSHED_WAITING;
        pthread_cond_signal(&desk->bell);
    }
    pthread_mutex_unlock(&desk->lock);
}

void qk_airshed_cancel(qk_airshed *desk)
{
    pthread_mutex_lock(&desk->lock);
    if (desk->state.stage == QK_AIRSHED_RUNNING) desk->cancel = true;
    pthread_mutex_unlock(&desk->lock);
}

void qk_airshed_state_get(qk_airshed *desk, qk_airshed_state *out)
{
    pthread_mutex_lock(&desk->lock);
    *out = desk->state;
    pthread_mutex_unlock(&desk->lock);
}

const qk_matrix *qk_airshed_hold(qk_airshed *desk)
{
    pthread_rwlock_rdlock(&desk->matrix_lock);
    return desk->matrix;
}

void qk_airshed_release(qk_airshed *desk)
{
    pthread_rwlock_unlock(&desk->matrix_lock);
}

uint32_t qk_airshed_row(const qk_matrix *m, const qk_airshed_source *s)
{
    for (uint32_t i = 0; i < m->sources; i++)
        if (strcmp(m->source_id[i], s->id) == 0) return i;
    return UINT32_MAX;
}

void qk_airshed_field(double *out, const qk_airshed_case *c, const qk_matrix *m, uint32_t plane,
                      qk_emitted e, const double *factor)
{
    for (uint32_t r = 0; r < m->receptors; r++) out[r] = 0;
    for (size_t i = 0; i < c->sources; i++) {
        const qk_airshed_source *s = &c->source[i];
        uint32_t at = qk_airshed_row(m, s);
        double rate = qk_airshed_rate(s, e) * s->per_g_s * (factor ? factor[i] : 1);
        if (at == UINT32_MAX || rate == 0) continue;
        const float *row = qk_matrix_row(m, plane, at);
        for (uint32_t r = 0; r < m->receptors; r++) out[r] += rate * (double)row[r];
    }
}
