/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_STANDOUT_H
#define QK_MODELS_STANDOUT_H
/* Stations that stand out from their neighbours hour after hour.
 *
 * An hour is hot when the station's value is at least `ratio` times the median of its nearest
 * neighbours and at least `excess` above it. `hours` hot ones in a row begin an episode; it lasts
 * until `quiet_hours` in a row are not hot (a missing hour is not). What rises everywhere moves the
 * median too, and one wild value moves one hour: neither begins an episode. A value that is no
 * number takes no part, neither as the station's own nor among its neighbours. Pure; any thread. */
#include "base/memory.h"
#include "models/trajectory.h"

typedef struct qk_standout_rule {
    double ratio;        /* > 1 */
    double excess;       /* in the values' unit */
    double reach_m;      /* farther off nobody is a neighbour */
    int32_t neighbours;  /* the nearest that have a value, at most; 1..QK_STANDOUT_NEIGHBOURS */
    int32_t least;       /* with fewer nothing is said */
    int32_t hours;       /* in a row, at least 1 */
    int32_t quiet_hours; /* at least 1 */
} qk_standout_rule;
enum { QK_STANDOUT_NEIGHBOURS = 32 };

typedef struct qk_standout_station {
    qk_place at;         /* NaN: has no neighbours and is none */
    const double *value; /* [hours] */
} qk_standout_station;

typedef struct qk_standout {
    size_t station;
    size_t from, to;      /* first hot hour, one past the last */
    size_t known;         /* the hour with which it became an episode */
    size_t worst;         /* farthest above the neighbours */
    double value, middle; /* then */
} qk_standout;

/* out [most], by station and time; *n of them. QK_EINVAL for a rule that cannot be, QK_ENOMEM. */
QK_NODISCARD qk_code qk_standouts_find(qk_standout *out, size_t most, size_t *n,
                                       const qk_standout_rule *rule,
                                       const qk_standout_station *stations, size_t count,
                                       size_t hours, qk_arena *arena, qk_error *err);
/* middle[hours]: the median of one station's neighbours in each hour; NaN = fewer than `least`. */
QK_NODISCARD qk_code qk_standout_about(double *middle, const qk_standout_rule *rule,
                                       const qk_standout_station *stations, size_t count, size_t of,
                                       size_t hours, qk_arena *arena, qk_error *err);
/* The median of count > 0 numbers, which it sorts. */
double qk_standout_middle(double *values, size_t count);
#endif
