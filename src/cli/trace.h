/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_TRACE_H
#define QK_CLI_TRACE_H
/* What the files of `qingkong trace` share. */
#include "base/csv.h"
#include "cli/table.h"
#include "models/trajectory.h"

typedef struct trace_job {
    const char *in, *pollutant, *statistic, *time_column;
    const char *winds, *sources, *at, *start, *breaks, *percentiles, *kind;
    const char *values, *roads, *level;
    double percentile, sector_deg, hours, step_min, capture, max_ws, cell_deg, noise;
    double reach_m, threshold, cluster_m, background;
    int64_t clusters, bootstraps, block, seed;
    bool deseason, weather, by_value;
} trace_job;

/* Each writes CSV to standard output. */
QK_NODISCARD qk_code trace_polar(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_annulus(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_sector(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_trend(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_time(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_calendar(const trace_job *job, qk_error *err);

QK_NODISCARD qk_code trace_trajectory(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_hysplit(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_cluster(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_cells(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_suspects(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_survey(const trace_job *job, qk_error *err);

/* Winds from a CSV file: time, ws and wd or u and v, and lon and lat where there are several
 * places. Places on a regular grid become a grid, others stations; without lon and lat the winds
 * are those of `at`. */
typedef struct trace_winds {
    qk_wind_grid grid;
    qk_wind_stations stations;
    qk_wind_at wind;   /* of `field`, which lies in here: not to be copied */
    const void *field; /* &grid or &stations */
    qk_place *place;
    double *u, *v;
} trace_winds;
enum { TRACE_WIND_PLACES_MAX = 250000, TRACE_WIND_CELLS_MAX = 100000000 };
QK_NODISCARD qk_code trace_winds_read(trace_winds *w, const trace_job *job, qk_place at,
                                      qk_error *err);
void trace_winds_clear(trace_winds *w);
/* The same from GRIB or NetCDF (a file, or a folder of them), as far around `at` as air comes in
 * the hours asked for; the level is that of --level. trace_winds_read turns here by itself. */
bool trace_winds_are_grid(const char *path);
QK_NODISCARD qk_code trace_winds_from_grid(trace_winds *w, const trace_job *job, qk_place at,
                                           qk_error *err);
/* "113.2,35.1" of option --at. */
QK_NODISCARD qk_code trace_place(qk_place *out, const char *text, qk_error *err);

/* ",value", or "," for what is not finite. */
void trace_put(qk_buf *out, double v);
QK_NODISCARD qk_code trace_flush(qk_buf *out, qk_error *err);
#endif
