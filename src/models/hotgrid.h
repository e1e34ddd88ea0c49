/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_HOTGRID_H
#define QK_MODELS_HOTGRID_H
/* A grid of cells over the county, ranked by how far their air stands above the air around: from
 * stations' hours, points of cars, and where a plume model has said who is in whose air, its
 * pattern.
 *
 * The background of an hour in a cell is the median of the nearest stations that lie outside the
 * cell (as models/standout.h takes it), so what rises everywhere raises no cell. A cell's measured
 * excess is the mean over its hours of value less background, of at least `least_hours` hours. The
 * pattern is bound to the measured cells by a slope of at least 0 (excess = a + b x pattern, least
 * squares); what is left over is laid out by inverse squared distances as far as reach_m. A cell
 * that was measured keeps what was measured; one that was not has the pattern and what is left over
 * ("fused"), or without a pattern the neighbours' excess ("near"); beyond the reach it has nothing.
 * Ranked by excess, equal ones by their number; hot are those of at least least_excess, of which
 * those that are only near one take no rank: nothing but their neighbour speaks for them.
 * Pure; any thread. */
#include "base/memory.h"
#include "models/trajectory.h"

enum { QK_HOTGRID_CELLS_MAX = 40000, QK_HOTGRID_STATIONS_MAX = 1000, QK_HOTGRID_HOURS_MAX = 800 };

typedef struct qk_hotgrid_rule {
    double least_excess;  /* of a hot cell */
    double reach_m;       /* of what is laid out from measured cells */
    int32_t least_hours;  /* of a measured cell, by stations */
    int32_t least_passes; /* hours in which a car was in the cell: as good as least_hours */
    int32_t neighbours;   /* stations of the background; at least 3 of them with a value */
} qk_hotgrid_rule;

typedef struct qk_hotgrid_station {
    qk_place at;
    const double *value; /* [hours]; NaN = missing */
} qk_hotgrid_station;
typedef struct qk_hotgrid_point { /* of a car */
    qk_place at;
    size_t hour;
    double value;
} qk_hotgrid_point;

typedef struct qk_hotgrid_input {
    qk_place corner;         /* south-west */
    double lon_deg, lat_deg; /* size of a cell */
    uint32_t nx, ny;
    size_t hours;
    const qk_hotgrid_station *station;
    size_t stations;
    const qk_hotgrid_point *point;
    size_t points;
    const double *pattern; /* [nx * ny], any unit, NaN = unknown; NULL = none */
} qk_hotgrid_input;

typedef enum qk_hotgrid_kind {
    QK_HOTGRID_NONE,
    QK_HOTGRID_MEASURED,
    QK_HOTGRID_FUSED,
    QK_HOTGRID_NEAR
} qk_hotgrid_kind;
typedef struct qk_hotgrid_cell {
    double excess;      /* NaN = nothing known */
    uint32_t hours;     /* with a station's or car's value */
    uint32_t passes;    /* of them with a car */
    uint32_t hot_hours; /* hours at least least_excess above the background */
    uint32_t rank;      /* 1 is the hottest; 0 = not hot */
    qk_hotgrid_kind kind;
} qk_hotgrid_cell;

typedef struct qk_hotgrid {
    qk_hotgrid_cell *cell; /* [nx * ny], rows from the south, from the west */
    uint32_t *ranked;      /* [hot] cells, hottest first */
    size_t hot, measured;
    double slope, intercept; /* of the pattern; NaN = not bound */
} qk_hotgrid;

/* In the arena. QK_EINVAL for a grid or rule that cannot be, QK_EFULL beyond the ceilings. */
QK_NODISCARD qk_code qk_hotgrid_run(qk_hotgrid *out, const qk_hotgrid_input *in,
                                    const qk_hotgrid_rule *rule, qk_arena *arena, qk_error *err);
/* The cell of a place; SIZE_MAX outside. */
size_t qk_hotgrid_cell_of(const qk_hotgrid_input *in, qk_place at);
qk_place qk_hotgrid_middle(const qk_hotgrid_input *in, size_t cell);
#endif
