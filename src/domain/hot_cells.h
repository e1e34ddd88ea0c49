/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_HOT_CELLS_H
#define QK_DOMAIN_HOT_CELLS_H
/* The hot-spot grid of a month (models/hotgrid.h) over the house's own hours: the air stations of
 * every kind, what cars measured (domain/car_track.h), and the airshed's field as the pattern where
 * one is made. Nothing is kept of a grid: each month is made anew from what is known, so that a
 * late hour counts. Settings, read now: hotgrid.excess_ug (20), hotgrid.reach_m (3000),
 * hotgrid.hours (72), hotgrid.passes (3), hotgrid.neighbours (5), hotgrid.step_m (1000, where no
 * airshed gives the grid). Reading: any thread with a reader of its own; writing: store thread. */
#include "domain/cases.h"
#include "domain/registry.h"
#include "models/hotgrid.h"
#include "store/telemetry.h"

enum { QK_HOT_CELL_ID_MAX = 32, QK_HOT_CELL_MONTHS = 12 };

/* The grid, and the airshed's field on it. */
typedef struct qk_hot_frame {
    qk_place corner;
    double lon_deg, lat_deg;
    uint32_t nx, ny;
    const double *pattern; /* NULL = none */
} qk_hot_frame;
/* About the air stations, for a county without an airshed. QK_ENOTFOUND without any. */
QK_NODISCARD qk_code qk_hot_frame_of_stations(qk_hot_frame *out, qk_db *db,
                                              const qk_registry *registry, qk_arena *arena,
                                              qk_error *err);

typedef struct qk_hot_asked {
    qk_db *db;
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    const qk_hot_frame *frame;
    qk_str factor;       /* a34002 or a34004 */
    int32_t year, month; /* 1..12 */
    int32_t months;      /* looked at for the repeats, this one included */
    qk_time now;
} qk_hot_asked;
typedef struct qk_hot_month {
    qk_hotgrid_rule rule;
    qk_hotgrid_input in;
    qk_hotgrid grid;
    uint8_t *months; /* [cells]: of the months looked at, those in which it was hot */
    qk_time from, to;
} qk_hot_month;
/* In the arena. QK_EINVAL, QK_EFULL as the model; QK_ENOMEM. */
QK_NODISCARD qk_code qk_hot_cells_make(qk_hot_month *out, const qk_hot_asked *asked,
                                       qk_arena *arena, qk_error *err);
/* "112.505,35.205", its middle. */
char *qk_hot_cell_id(char out[QK_HOT_CELL_ID_MAX], const qk_hot_month *m, size_t cell);
/* The cell of an id; SIZE_MAX when it is none of this grid. */
size_t qk_hot_cell_named(const qk_hot_month *m, qk_str id);
/* Cause of the case of a hot cell in a month. */
char *qk_hot_cell_cause(char out[96], const qk_hot_asked *asked, const char *cell);
/* The case that it has; empty when none. */
QK_NODISCARD qk_code qk_hot_cell_case(char id[QK_CASE_ID_MAX], qk_db *db, const char *cause,
                                      qk_error *err);
/* Opens the case of a hot cell (kind hot_cell) for the township in which it lies; the cause makes
 * it once. QK_EINVAL when the cell is not hot. */
QK_NODISCARD qk_code qk_hot_cell_open(char id[QK_CASE_ID_MAX], bool *made, qk_db *db,
                                      qk_scheduler *s, const qk_hot_asked *asked,
                                      const qk_hot_month *m, size_t cell, qk_str by, qk_time now,
                                      qk_error *err);
#endif
