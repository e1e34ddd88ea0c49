/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_TRACE_H
#define QK_CLI_TRACE_H
/* What the files of `qingkong trace` share. */
#include "base/csv.h"
#include "cli/table.h"

typedef struct trace_job {
    const char *in, *pollutant, *statistic, *time_column;
    const char *winds, *sources, *at, *start, *breaks, *percentiles, *kind;
    double percentile, sector_deg, hours, step_min, capture, max_ws, height_m, cell_deg;
    int64_t clusters, bootstraps, block, seed;
    bool deseason, weather, by_value;
} trace_job;

/* Each writes CSV to standard output. */
QK_NODISCARD qk_code trace_polar(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_sector(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_trend(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_time(const trace_job *job, qk_error *err);
QK_NODISCARD qk_code trace_calendar(const trace_job *job, qk_error *err);

QK_NODISCARD qk_code trace_trajectory(const trace_job *job, qk_error *err);

/* ",value", or "," for what is not finite. */
void trace_put(qk_buf *out, double v);
QK_NODISCARD qk_code trace_flush(qk_buf *out, qk_error *err);
#endif
