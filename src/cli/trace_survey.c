/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace survey`: a car's measurements become ranked roads and hot places. */
#include "cli/trace.h"
#include "models/survey.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_BYTES = 1 << 29, ROADS_MAX = 200000, ARENA_BYTES = 16 << 20 };

typedef struct survey_job {
    table track, roads, sources;
    trace_winds winds;
    qk_survey_point *point;
    qk_place *vertex, *source;
    qk_survey_road *road;
    const char **road_name; /* views into roads */
    qk_arena arena;         /* of road and road_name */
    size_t road_count;
    qk_survey result;
} survey_job;

static void clear_job(survey_job *s)
{
    table_clear(&s->track);
    table_clear(&s->roads);
    table_clear(&s->sources);
    trace_winds_clear(&s->winds);
    qk_survey_free(&s->result);
    free(s->point);
    free(s->vertex);
    free(s->source);
    qk_arena_clear(&s->arena);
}

static qk_code read_track(survey_job *s, const trace_job *job, qk_error *err)
{
    const char *names[] = {job->pollutant, "lon", "lat", NULL};
    QK_TRY(table_read(&s->track, job->in, &(table_want){.time = job->time_column, .names = names},
                      err));
    const double *lon = table_column(&s->track, "lon"), *lat = table_column(&s->track, "lat");
    const double *value = table_column(&s->track, job->pollutant);
    s->point = malloc((s->track.rows + 1) * sizeof *s->point);
    if (!s->point) return qk_fail(err, QK_ENOMEM, "no memory for %zu points", s->track.rows);
    for (size_t i = 0; i < s->track.rows; i++)
        s->point[i] = (qk_survey_point){s->track.time[i], {lon[i], lat[i]}, value[i]};
    return QK_OK;
}

static qk_code read_places(qk_place **out, table *t, const char *path, qk_error *err)
{
    static const char *const names[] = {"lon", "lat", NULL};
    QK_TRY(table_read(t, path, &(table_want){.names = names, .label = true}, err));
    const double *lon = table_column(t, "lon"), *lat = table_column(t, "lat");
    *out = malloc((t->rows + 1) * sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for %zu places", t->rows);
    for (size_t i = 0; i < t->rows; i++) (*out)[i] = (qk_place){lon[i], lat[i]};
    return QK_OK;
}

/* Rows of one name that follow each other are one road. */
static qk_code read_roads(survey_job *s, const trace_job *job, qk_error *err)
{
    if (!job->roads) return QK_OK;
    QK_TRY(read_places(&s->vertex, &s->roads, job->roads, err));
    s->road = qk_arena_array(&s->arena, ROADS_MAX, sizeof *s->road);
    s->road_name = qk_arena_array(&s->arena, ROADS_MAX, sizeof *s->road_name);
    if (!s->road || !s->road_name) return qk_fail(err, QK_ENOMEM, "no memory for the roads");
    for (size_t i = 0; i < s->roads.rows; i++) {
        if (i == 0 || strcmp(s->roads.label[i], s->roads.label[i - 1]) != 0) {
            if (s->road_count == ROADS_MAX)
                return qk_fail(err, QK_EFULL, "%s: more than %d roads", job->roads, ROADS_MAX);
            s->road_name[s->road_count] = s->roads.label[i];
            s->road[s->road_count++] = (qk_survey_road){s->vertex + i, 0};
        }
        s->road[s->road_count - 1].count++;
    }
    return QK_OK;
}

static void put_name(qk_buf *out, const survey_job *s, int32_t road)
{
    qk_buf_putc(out, ',');
    if (road >= 0) qk_csv_put_text(out, qk_str_of(s->road_name[road]), true);
}

static void put_roads(qk_buf *out, const survey_job *s)
{
    qk_buf_puts(out, "rank,road,points,passes,driven_m,mean,p95,excess\n");
    for (size_t i = 0; i < s->result.ranks; i++) {
        const qk_survey_rank *r = &s->result.rank[i];
        qk_buf_printf(out, "%zu", i + 1);
        put_name(out, s, (int32_t)r->road);
        qk_buf_printf(out, ",%zu,%u,%.0f", r->points, r->passes, r->driven_m);
        trace_put(out, r->mean);
        trace_put(out, r->p95);
        trace_put(out, r->excess);
        qk_buf_putc(out, '\n');
    }
}

static void put_source(qk_buf *out, const survey_job *s, const qk_survey_place *place)
{
    double u, v, away, aside;
    if (!s->source ||
        !s->winds.wind(s->winds.field, s->point[place->top].time, place->at, &u, &v)) {
        qk_buf_puts(out, ",,,");
        return;
    }
    size_t i = qk_survey_upwind(&away, &aside, s->source, s->sources.rows, place->at, u, v);
    qk_buf_putc(out, ',');
    if (i == SIZE_MAX) {
        qk_buf_puts(out, ",,");
        return;
    }
    qk_csv_put_text(out, qk_str_of(s->sources.label[i]), true);
    trace_put(out, away);
    trace_put(out, aside);
}

static void put_places(qk_buf *out, const survey_job *s)
{
    char time[QK_TIME_TEXT];
    qk_buf_puts(out, "rank,lon,lat,road,passes,peaks,excess,mean_excess,first,last,source,"
                     "source_m,aside_deg\n");
    for (size_t i = 0; i < s->result.places; i++) {
        const qk_survey_place *p = &s->result.place[i];
        qk_buf_printf(out, "%zu,%.6f,%.6f", i + 1, p->at.lon, p->at.lat);
        put_name(out, s, p->road);
        qk_buf_printf(out, ",%u,%u", p->passes, p->peaks);
        trace_put(out, p->excess);
        trace_put(out, p->mean);
        qk_buf_printf(out, ",%s", qk_time_iso(time, p->first));
        qk_buf_printf(out, ",%s", qk_time_iso(time, p->last));
        put_source(out, s, p);
        qk_buf_putc(out, '\n');
    }
}

static void put_points(qk_buf *out, const survey_job *s)
{
    char time[QK_TIME_TEXT];
    qk_buf_puts(out, "date,lon,lat,value,road,along_m,background,excess\n");
    for (size_t i = 0; i < s->track.rows; i++) {
        const qk_survey_match *m = &s->result.match[i];
        qk_buf_printf(out, "%s,%.6f,%.6f", qk_time_iso(time, s->point[i].time), s->point[i].at.lon,
                      s->point[i].at.lat);
        trace_put(out, s->point[i].value);
        put_name(out, s, m->road);
        trace_put(out, m->road < 0 ? NAN : (double)m->along_m);
        trace_put(out, m->background);
        trace_put(out, m->excess);
        qk_buf_putc(out, '\n');
    }
}

static qk_code run_survey(survey_job *s, const trace_job *job, qk_error *err)
{
    static const struct {
        const char *name;
        void (*put)(qk_buf *out, const survey_job *s);
    } kinds[] = {{"roads", put_roads}, {"places", put_places}, {"points", put_points}};
    const char *kind = job->kind ? job->kind : job->roads ? "roads" : "places";
    size_t k = 0;
    while (k < sizeof kinds / sizeof *kinds && strcmp(kinds[k].name, kind) != 0) k++;
    if (k == sizeof kinds / sizeof *kinds)
        return qk_fail(err, QK_EINVAL, "--kind: roads, places or points, not '%s'", kind);
    QK_TRY(read_track(s, job, err));
    QK_TRY(read_roads(s, job, err));
    if (job->sources) {
        QK_TRY(read_places(&s->source, &s->sources, job->sources, err));
        QK_TRY(
            trace_winds_read(&s->winds, job, s->track.rows ? s->point[0].at : (qk_place){0}, err));
    }
    qk_survey_options o = {.reach_m = job->reach_m,
                           .threshold = job->threshold,
                           .cluster_m = job->cluster_m,
                           .percentile = job->background};
    QK_TRY(qk_survey_run(&s->result, s->point, s->track.rows, s->road, s->road_count, &o, err));
    fprintf(stderr,
            "qingkong trace: %zu points, %zu off the roads, %zu without value, %zu peaks above "
            "%.4g\n",
            s->track.rows, s->result.off_road, s->result.missing, s->result.peaks,
            s->result.threshold);
    qk_buf out;
    qk_buf_init(&out, OUT_BYTES);
    kinds[k].put(&out, s);
    return trace_flush(&out, err);
}

qk_code trace_survey(const trace_job *job, qk_error *err)
{
    survey_job s = {0};
    if (!job->sources != !job->winds)
        return qk_fail(err, QK_EINVAL, "survey: --sources and --winds go together");
    qk_arena_init(&s.arena, ARENA_BYTES);
    qk_code code = run_survey(&s, job, err);
    clear_job(&s);
    return code;
}
