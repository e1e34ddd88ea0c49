/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of air through the winds of the county's stations, and what many of them say. */
#include "domain/analysis.h"
#include <math.h>
#include <stdlib.h>

enum { STEP_MIN = 10, SHOWN_STEP = 3 /* every half hour */ };

/* ---- winds ---- */

typedef struct near_site {
    const qk_site *site;
    double m;
} near_site;

static int compare_near(const void *a, const void *b)
{
    const near_site *x = a, *y = b;
    return (x->m > y->m) - (x->m < y->m);
}

static qk_code nearest_stations(near_site **out, size_t *n, const qk_registry *registry,
                                qk_place about, qk_arena *arena, qk_error *err)
{
    qk_site *sites = NULL;
    size_t site_n = 0, kept = 0;
    if (qk_registry_sites(registry, arena, &sites, &site_n) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for the stations");
    *out = qk_arena_array(arena, site_n + 1, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the stations");
    for (size_t i = 0; i < site_n; i++) {
        if (!qk_str_starts(qk_str_of(sites[i].kind), QK_STR("air_")) || isnan(sites[i].lon) ||
            isnan(sites[i].lat))
            continue;
        double m = qk_place_distance(about, (qk_place){sites[i].lon, sites[i].lat});
        (*out)[kept++] = (near_site){&sites[i], m};
    }
    qsort(*out, kept, sizeof **out, compare_near);
    *n = kept;
    return QK_OK;
}

static void take_winds(qk_station_winds *out, double *u, double *v, const qk_hour_column *ws,
                       const qk_hour_column *wd)
{
    size_t s = out->field.stations;
    for (size_t h = 0; h < ws->count; h++) {
        size_t at = h * QK_ANALYSIS_STATIONS + s;
        u[at] = v[at] = NAN;
        if (!isfinite(ws->value[h]) || !isfinite(wd->value[h]) || ws->value[h] < 0) continue;
        qk_wind_components(&u[at], &v[at], ws->value[h], wd->value[h]);
        out->hours_there++;
    }
}

/* Rows [times][stations] close up when fewer stations than places measure wind. */
static void close_up(double *w, size_t hours, size_t stations)
{
    for (size_t h = 0; h < hours; h++)
        for (size_t s = 0; s < stations; s++) w[h * stations + s] = w[h * QK_ANALYSIS_STATIONS + s];
}

qk_code qk_station_winds_read(qk_station_winds *out, const qk_registry *registry,
                              qk_telemetry_reader *reader, qk_place about, qk_time from, qk_time to,
                              qk_arena *arena, qk_error *err)
{
    near_site *near = NULL;
    size_t n = 0, hours = (size_t)((to - from) / QK_HOUR);
    *out =
        (qk_station_winds){.field = {.times = hours, .start = from + QK_HOUR / 2, .step = QK_HOUR}};
    QK_TRY(nearest_stations(&near, &n, registry, about, arena, err));
    double *u = qk_arena_array(arena, hours * QK_ANALYSIS_STATIONS + 1, sizeof *u);
    double *v = qk_arena_array(arena, hours * QK_ANALYSIS_STATIONS + 1, sizeof *v);
    if (!u || !v) return qk_fail(err, QK_ENOMEM, "no memory for the winds");
    for (size_t i = 0; i < n && out->field.stations < QK_ANALYSIS_STATIONS; i++) {
        qk_hour_column ws, wd;
        const qk_site *site = near[i].site;
        if (!qk_hours_measured(registry, site->id, "a01008", arena)) continue;
        QK_TRY(qk_hours_read(&ws, NULL, registry, reader, site->id, QK_STR("a01007"), from, to,
                             arena, err));
        QK_TRY(qk_hours_read(&wd, NULL, registry, reader, site->id, QK_STR("a01008"), from, to,
                             arena, err));
        if (ws.there == 0 || wd.there == 0) continue;
        take_winds(out, u, v, &ws, &wd);
        memcpy(out->id[out->field.stations], site->id, sizeof out->id[0]);
        out->place[out->field.stations++] = (qk_place){site->lon, site->lat};
    }
    close_up(u, hours, out->field.stations);
    close_up(v, hours, out->field.stations);
    out->field.place = out->place;
    out->field.u = u;
    out->field.v = v;
    return QK_OK;
}

/* ---- paths ---- */

typedef struct path_set {
    size_t paths, points;       /* points of a whole path */
    qk_trajectory_point *point; /* [paths][points] */
    size_t *len;
    size_t *hour; /* index of the analysis's hour */
    size_t cut;   /* that ended early */
    qk_station_winds winds;
} path_set;

static qk_code new_set(path_set *set, qk_analysis *a, qk_error *err)
{
    qk_place home = {a->site.lon, a->site.lat};
    size_t most = a->count < QK_ANALYSIS_PATHS ? a->count : QK_ANALYSIS_PATHS;
    *set = (path_set){.points = (size_t)a->o.hours * 60 / STEP_MIN + 1};
    QK_TRY(qk_station_winds_read(&set->winds, a->registry, a->reader, home,
                                 a->from - (qk_time)(a->o.hours + 1) * QK_HOUR, a->to + QK_HOUR,
                                 a->arena, err));
    if (set->winds.field.stations == 0) return qk_fail(err, QK_EFORMAT, "no station measured wind");
    set->point = qk_arena_array(a->arena, most * set->points + 1, sizeof *set->point);
    set->len = qk_arena_array(a->arena, most + 1, sizeof *set->len);
    set->hour = qk_arena_array(a->arena, most + 1, sizeof *set->hour);
    if (!set->point || !set->len || !set->hour)
        return qk_fail(err, QK_ENOMEM, "no memory for the paths");
    return QK_OK;
}

static qk_code run_paths(path_set *set, qk_analysis *a, qk_error *err)
{
    qk_place home = {a->site.lon, a->site.lat};
    size_t every = (a->count + QK_ANALYSIS_PATHS - 1) / QK_ANALYSIS_PATHS;
    QK_TRY(new_set(set, a, err));
    for (size_t i = 0; i < a->count; i += every) {
        size_t n = 0;
        if (!isfinite(a->value[i])) continue;
        QK_TRY(qk_trajectory_run(set->point + set->paths * set->points, &n, home,
                                 a->time[i] + QK_HOUR / 2, -STEP_MIN * QK_MINUTE, set->points - 1,
                                 qk_wind_stations_at, &set->winds.field, err));
        if (n < 2) continue;
        set->cut += n < set->points;
        set->len[set->paths] = n;
        set->hour[set->paths++] = i;
    }
    return set->paths ? QK_OK : qk_fail(err, QK_EFORMAT, "no path could be followed");
}

static void put_place(qk_json_writer *w, qk_place p)
{
    qk_json_array(w);
    qk_json_fixed(w, p.lon, 4);
    qk_json_fixed(w, p.lat, 4);
    qk_json_end(w);
}

static void put_path(qk_json_writer *w, const qk_analysis *a, const path_set *set, size_t p)
{
    char text[QK_TIME_TEXT];
    const qk_trajectory_point *point = set->point + p * set->points;
    qk_json_object(w);
    qk_json_kcstr(w, "time", qk_time_iso_zone(text, a->time[set->hour[p]] + QK_HOUR));
    qk_analysis_kput(w, "value", a->value[set->hour[p]]);
    qk_json_key(w, "places");
    qk_json_array(w);
    for (size_t i = 0; i < set->len[p]; i += SHOWN_STEP) put_place(w, point[i].at);
    qk_json_end(w);
    qk_json_end(w);
}

static void put_set_head(qk_json_writer *w, const path_set *set)
{
    qk_json_ki64(w, "paths", (int64_t)set->paths);
    qk_json_ki64(w, "cut", (int64_t)set->cut);
    qk_json_ki64(w, "stations", (int64_t)set->winds.field.stations);
    qk_json_ki64(w, "step_min", (int64_t)STEP_MIN * SHOWN_STEP);
}

/* At most as many as can be told apart. */
static void write_trajectories(qk_json_writer *w, const qk_analysis *a, const path_set *set)
{
    enum { SHOWN = 240 };
    size_t every = (set->paths + SHOWN - 1) / SHOWN;
    qk_json_object(w);
    put_set_head(w, set);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (size_t p = 0; p < set->paths; p += every) put_path(w, a, set, p);
    qk_json_end(w);
    qk_json_end(w);
}

/* ---- clusters ---- */

typedef struct cluster_sum {
    size_t n, values;
    double value;
    qk_place *mean; /* [points] */
} cluster_sum;

static size_t gather_whole(qk_place *out, size_t *of, const path_set *set)
{
    size_t n = 0, shown = (set->points - 1) / SHOWN_STEP + 1;
    for (size_t p = 0; p < set->paths; p++) {
        if (set->len[p] < set->points) continue;
        for (size_t k = 0; k < shown; k++)
            out[n * shown + k] = set->point[p * set->points + k * SHOWN_STEP].at;
        of[n++] = p;
    }
    return n;
}

static qk_code sum_clusters(cluster_sum *sum, const qk_analysis *a, const path_set *set,
                            const qk_place *whole, const size_t *of, const uint32_t *cluster,
                            size_t n, qk_error *err)
{
    size_t shown = (set->points - 1) / SHOWN_STEP + 1;
    for (int32_t c = 0; c < a->o.clusters; c++) {
        sum[c].mean = qk_arena_array(a->arena, shown, sizeof *sum[c].mean);
        if (!sum[c].mean) return qk_fail(err, QK_ENOMEM, "no memory for the clusters");
    }
    for (size_t i = 0; i < n; i++) {
        cluster_sum *s = &sum[cluster[i]];
        s->n++;
        s->value += a->value[set->hour[of[i]]];
        for (size_t k = 0; k < shown; k++) {
            s->mean[k].lon += whole[i * shown + k].lon;
            s->mean[k].lat += whole[i * shown + k].lat;
        }
    }
    return QK_OK;
}

static void put_clusters(qk_json_writer *w, const qk_analysis *a, const path_set *set,
                         const cluster_sum *sum, size_t n)
{
    size_t shown = (set->points - 1) / SHOWN_STEP + 1;
    qk_json_object(w);
    put_set_head(w, set);
    qk_json_key(w, "clusters");
    qk_json_array(w);
    for (int32_t c = 0; c < a->o.clusters; c++) {
        double k = sum[c].n ? (double)sum[c].n : 1;
        qk_json_object(w);
        qk_json_ki64(w, "n", (int64_t)sum[c].n);
        qk_analysis_kput(w, "share", (double)sum[c].n / (double)n);
        qk_analysis_kput(w, "mean", sum[c].value / k);
        qk_json_key(w, "places");
        qk_json_array(w);
        for (size_t i = 0; i < shown; i++)
            put_place(w, (qk_place){sum[c].mean[i].lon / k, sum[c].mean[i].lat / k});
        qk_json_end(w);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static qk_code write_clusters(qk_json_writer *w, qk_analysis *a, const path_set *set, qk_error *err)
{
    size_t shown = (set->points - 1) / SHOWN_STEP + 1;
    qk_place *whole = qk_arena_array(a->arena, set->paths * shown + 1, sizeof *whole);
    size_t *of = qk_arena_array(a->arena, set->paths + 1, sizeof *of);
    uint32_t *cluster = qk_arena_array(a->arena, set->paths + 1, sizeof *cluster);
    cluster_sum *sum = qk_arena_array(a->arena, (size_t)a->o.clusters, sizeof *sum);
    if (!whole || !of || !cluster || !sum)
        return qk_fail(err, QK_ENOMEM, "no memory for the clusters");
    size_t n = gather_whole(whole, of, set);
    if (n < (size_t)a->o.clusters * 3)
        return qk_fail(err, QK_EFORMAT, "only %zu paths are whole", n);
    QK_TRY(qk_path_clusters(cluster, whole, n, shown, (size_t)a->o.clusters, QK_PATH_ANGLE, err));
    QK_TRY(sum_clusters(sum, a, set, whole, of, cluster, n, err));
    put_clusters(w, a, set, sum, n);
    return QK_OK;
}

/* ---- cells ---- */

static void put_cells(qk_json_writer *w, const qk_analysis *a, const path_set *set,
                      const qk_path_cell *cells, size_t n)
{
    qk_json_object(w);
    put_set_head(w, set);
    qk_analysis_kput(w, "cell_deg", a->o.cell_deg);
    qk_analysis_kput(w, "percentile", a->o.percentile);
    qk_json_key(w, "cells");
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) {
        qk_json_array(w);
        qk_json_fixed(w, cells[i].x * a->o.cell_deg, 4);
        qk_json_fixed(w, cells[i].y * a->o.cell_deg, 4);
        qk_json_i64(w, cells[i].count);
        qk_analysis_put(w, cells[i].pscf);
        qk_analysis_put(w, cells[i].cwt);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static qk_code write_cells(qk_json_writer *w, qk_analysis *a, const path_set *set, qk_error *err)
{
    size_t points = 0, n = 0;
    qk_path_cell *cells = NULL;
    for (size_t p = 0; p < set->paths; p++) points += set->len[p];
    qk_place *place = qk_arena_array(a->arena, points + 1, sizeof *place);
    size_t *of = qk_arena_array(a->arena, points + 1, sizeof *of);
    double *value = qk_arena_array(a->arena, set->paths + 1, sizeof *value);
    if (!place || !of || !value) return qk_fail(err, QK_ENOMEM, "no memory for the cells");
    points = 0;
    for (size_t p = 0; p < set->paths; p++) {
        value[p] = a->value[set->hour[p]];
        for (size_t i = 0; i < set->len[p]; i++) {
            place[points] = set->point[p * set->points + i].at;
            of[points++] = p;
        }
    }
    QK_TRY(qk_path_cells(&cells, &n, place, value, of, points, set->paths, a->o.cell_deg,
                         a->o.percentile, err));
    put_cells(w, a, set, cells, n);
    free(cells);
    return QK_OK;
}

qk_code qk_analysis_paths(qk_json_writer *w, qk_analysis *a, qk_error *err)
{
    path_set set;
    QK_TRY(run_paths(&set, a, err));
    if (a->kind == QK_PLOT_CLUSTERS) return write_clusters(w, a, &set, err);
    if (a->kind == QK_PLOT_CELLS) return write_cells(w, a, &set, err);
    write_trajectories(w, a, &set);
    return QK_OK;
}
