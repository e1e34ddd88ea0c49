/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace suspects`: which registered source, or which cell, made a hot spot. */
#include "cli/trace.h"
#include "models/polar.h"
#include "models/suspect.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_BYTES = 1 << 26, SENSORS_MAX = 2000, SOURCES_MAX = 20000 };
#define AROUND_DEG    0.05 /* cells reach so far beyond the sensors: about 5 km */
#define UNKNOWN_PRIOR 0.1

typedef struct suspects_job {
    table readings, sources;
    trace_winds winds;
    qk_place *sensor, *source;
    qk_reading *reading;
    double *prior;
    qk_suspect *out;
    qk_suspect_input in;
} suspects_job;

static void clear_job(suspects_job *s)
{
    table_clear(&s->readings);
    table_clear(&s->sources);
    trace_winds_clear(&s->winds);
    free(s->sensor);
    free(s->source);
    free(s->reading);
    free(s->prior);
    free(s->out);
}

static double middle(double *v, size_t n)
{
    qk_sort_doubles(v, n);
    return n == 0 ? NAN : n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static size_t sensor_of(suspects_job *s, qk_place at)
{
    size_t i = 0;
    while (i < s->in.sensors && (s->sensor[i].lon != at.lon || s->sensor[i].lat != at.lat)) i++;
    if (i == s->in.sensors && i < SENSORS_MAX) s->sensor[s->in.sensors++] = at;
    return i;
}

static qk_code take_readings(suspects_job *s, const trace_job *job, qk_error *err)
{
    const double *lon = table_column(&s->readings, "lon"), *lat = table_column(&s->readings, "lat");
    const double *value = table_column(&s->readings, job->pollutant);
    for (size_t i = 0; i < s->readings.rows; i++) {
        if (!isfinite(lon[i]) || !isfinite(lat[i]) || s->readings.time[i] == QK_TIME_NONE)
            return qk_fail(err, QK_EFORMAT, "%s: reading %zu has no time or no place", job->in,
                           i + 1);
        size_t sensor = sensor_of(s, (qk_place){lon[i], lat[i]});
        if (sensor == SENSORS_MAX)
            return qk_fail(err, QK_EFULL, "%s: more than %d sensors", job->in, SENSORS_MAX);
        s->reading[i] = (qk_reading){sensor, s->readings.time[i], value[i]};
    }
    s->in.readings = s->readings.rows;
    return QK_OK;
}

typedef struct moment {
    qk_time at;
    double value;
} moment;

static int compare_moments(const void *a, const void *b)
{
    const moment *x = a, *y = b;
    return x->at != y->at ? (x->at > y->at) - (x->at < y->at)
                          : (x->value > y->value) - (x->value < y->value);
}

/* Each instant once, with the middle of what the sensors saw then. */
static size_t middles(moment *m, size_t n)
{
    size_t kept = 0;
    qsort(m, n, sizeof *m, compare_moments);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && m[end].at == m[i].at;) end++;
        double value = (m[i + (end - i - 1) / 2].value + m[i + (end - i) / 2].value) / 2;
        m[kept++] = (moment){m[i].at, value};
    }
    return kept;
}

static int compare_instants(const void *a, const void *b)
{
    const moment *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* The background is the middle of all sensors at that instant, where the file gives none. */
static qk_code subtract_background(suspects_job *s, qk_error *err)
{
    const double *background = table_column(&s->readings, "background");
    size_t n = 0;
    moment *m = malloc((s->in.readings + 1) * sizeof *m);
    if (!m) return qk_fail(err, QK_ENOMEM, "no memory for %zu readings", s->in.readings);
    for (size_t i = 0; i < s->in.readings; i++)
        if (isfinite(s->reading[i].excess))
            m[n++] = (moment){s->reading[i].time, s->reading[i].excess};
    n = middles(m, n);
    for (size_t i = 0; i < s->in.readings; i++) {
        moment key = {s->reading[i].time, 0};
        const moment *at = bsearch(&key, m, n, sizeof key, compare_instants);
        s->reading[i].excess -= background ? background[i] : at ? at->value : 0;
    }
    free(m);
    return QK_OK;
}

/* The spread of most readings about their background: the few of the hot spot do not move it. */
static qk_code see_noise(suspects_job *s, double told, qk_error *err)
{
    size_t kept = 0;
    double *size = malloc((s->in.readings + 1) * sizeof *size);
    if (!size) return qk_fail(err, QK_ENOMEM, "no memory for %zu readings", s->in.readings);
    for (size_t i = 0; i < s->in.readings; i++)
        if (isfinite(s->reading[i].excess)) size[kept++] = fabs(s->reading[i].excess);
    double spread = 1.4826 * middle(size, kept);
    s->in.noise = told > 0 ? told : spread > 0 ? spread : 1;
    free(size);
    return QK_OK;
}

static qk_code read_readings(suspects_job *s, const trace_job *job, qk_error *err)
{
    const char *names[] = {job->pollutant, "lon", "lat", NULL};
    static const char *const more[] = {"background", NULL};
    QK_TRY(table_read(&s->readings, job->in,
                      &(table_want){.time = job->time_column, .names = names, .more = more}, err));
    s->sensor = malloc(SENSORS_MAX * sizeof *s->sensor);
    s->reading = malloc((s->readings.rows + 1) * sizeof *s->reading);
    if (!s->sensor || !s->reading)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu readings", s->readings.rows);
    QK_TRY(take_readings(s, job, err));
    QK_TRY(subtract_background(s, err));
    return see_noise(s, job->noise, err);
}

static double evidence_of(const table *t, size_t row)
{
    static const struct {
        const char *name;
        unsigned evidence;
    } kinds[] = {{"running", QK_EVIDENCE_RUNNING}, {"idle", QK_EVIDENCE_IDLE},
                 {"fire", QK_EVIDENCE_FIRE},       {"at_work", QK_EVIDENCE_AT_WORK},
                 {"before", QK_EVIDENCE_BEFORE},   {"treatment_off", QK_EVIDENCE_TREATMENT_OFF},
                 {"permit", QK_EVIDENCE_PERMIT}};
    unsigned all = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const double *column = table_column(t, kinds[k].name);
        if (column && column[row] > 0) all |= kinds[k].evidence;
    }
    return qk_evidence_weight(all);
}

static qk_code read_sources(suspects_job *s, const trace_job *job, qk_error *err)
{
    static const char *const names[] = {"lon", "lat", NULL};
    static const char *const more[] = {"prior",  "running",       "idle",   "fire", "at_work",
                                       "before", "treatment_off", "permit", NULL};
    QK_TRY(table_read(&s->sources, job->sources,
                      &(table_want){.names = names, .more = more, .label = true}, err));
    size_t n = s->in.sources = s->sources.rows;
    const double *lon = table_column(&s->sources, "lon"), *lat = table_column(&s->sources, "lat");
    const double *prior = table_column(&s->sources, "prior");
    if (n == 0 || n > SOURCES_MAX)
        return qk_fail(err, QK_ERANGE, "%s: %zu sources; 1 to %d are taken", job->sources, n,
                       SOURCES_MAX);
    s->source = malloc(n * sizeof *s->source);
    s->prior = malloc(n * sizeof *s->prior);
    if (!s->source || !s->prior) return qk_fail(err, QK_ENOMEM, "no memory for %zu sources", n);
    for (size_t i = 0; i < n; i++) {
        s->source[i] = (qk_place){lon[i], lat[i]};
        s->prior[i] = evidence_of(&s->sources, i) * (prior && prior[i] >= 0 ? prior[i] : 1);
        if (!isfinite(lon[i]) || !isfinite(lat[i]))
            return qk_fail(err, QK_EFORMAT, "%s: source %s has no place", job->sources,
                           s->sources.label[i]);
    }
    s->in.prior = s->prior;
    return QK_OK;
}

/* Cells over the box of the sensors and a little more. */
static qk_code make_cells(suspects_job *s, double size, qk_error *err)
{
    double west = 180, east = -180, south = 90, north = -90;
    for (size_t i = 0; i < s->in.sensors; i++) {
        west = fmin(west, s->sensor[i].lon - AROUND_DEG);
        east = fmax(east, s->sensor[i].lon + AROUND_DEG);
        south = fmin(south, s->sensor[i].lat - AROUND_DEG);
        north = fmax(north, s->sensor[i].lat + AROUND_DEG);
    }
    double columns = ceil((east - west) / size), rows = ceil((north - south) / size);
    if (!(columns * rows >= 1) || columns * rows > SOURCES_MAX)
        return qk_fail(err, QK_EINVAL, "--cell %g makes %.0f cells; 1 to %d are taken", size,
                       columns * rows, SOURCES_MAX);
    s->in.sources = (size_t)(columns * rows);
    s->source = malloc(s->in.sources * sizeof *s->source);
    if (!s->source) return qk_fail(err, QK_ENOMEM, "no memory for %zu cells", s->in.sources);
    for (size_t i = 0; i < s->in.sources; i++)
        s->source[i] = (qk_place){west + size * (fmod((double)i, columns) + 0.5),
                                  south + size * (floor((double)i / columns) + 0.5)};
    return QK_OK;
}

static qk_code put_suspects(const suspects_job *s, double unknown, qk_error *err)
{
    qk_buf out;
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out,
                "rank,source,lon,lat,probability,strength,distance_km,bearing_deg,readings\n");
    for (size_t i = 0; i < s->in.sources; i++) {
        const qk_suspect *x = &s->out[i];
        qk_buf_printf(&out, "%zu,", i + 1);
        if (s->sources.label)
            qk_csv_put_text(&out, qk_str_of(s->sources.label[x->source]), true);
        else
            qk_buf_printf(&out, "cell %zu", x->source + 1);
        qk_buf_printf(&out, ",%.6f,%.6f,%.6f", s->source[x->source].lon, s->source[x->source].lat,
                      x->probability);
        trace_put(&out, x->strength);
        trace_put(&out, x->distance_m / 1000);
        trace_put(&out, x->bearing_deg);
        qk_buf_printf(&out, ",%u\n", x->readings);
    }
    qk_buf_printf(&out, ",none of these,,,%.6f,,,,\n", unknown);
    return trace_flush(&out, err);
}

static qk_code run_suspects(suspects_job *s, const trace_job *job, qk_error *err)
{
    double unknown = 0;
    QK_TRY(read_readings(s, job, err));
    if (job->sources)
        QK_TRY(read_sources(s, job, err));
    else
        QK_TRY(make_cells(s, job->cell_deg, err));
    QK_TRY(trace_winds_read(&s->winds, job, s->in.sensors ? s->sensor[0] : (qk_place){0}, err));
    s->in.sensor = s->sensor;
    s->in.reading = s->reading;
    s->in.source = s->source;
    s->in.wind = s->winds.wind;
    s->in.field = s->winds.field;
    s->in.hours = job->hours;
    s->out = malloc(s->in.sources * sizeof *s->out);
    if (!s->out) return qk_fail(err, QK_ENOMEM, "no memory for %zu sources", s->in.sources);
    QK_TRY(qk_suspects_of(s->out, &unknown, &s->in, UNKNOWN_PRIOR, err));
    return put_suspects(s, unknown, err);
}

qk_code trace_suspects(const trace_job *job, qk_error *err)
{
    suspects_job s = {0};
    if (!job->winds || (!job->sources && !(job->cell_deg > 0)))
        return qk_fail(err, QK_EINVAL, "suspects needs --winds, and --sources or --cell");
    qk_code code = run_suspects(&s, job, err);
    clear_job(&s);
    return code;
}
