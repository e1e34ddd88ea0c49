/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_HOURS_H
#define QK_DOMAIN_HOURS_H
/* Hours of one factor at a site as a plain column of numbers, for plots and models.
 *
 * The hour's mean is what the device sent as hour data (2061), else what was computed here from its
 * minutes; the factor's scale brings it to the site's unit. A value whose flag says that it is no
 * measurement is left out and counted; negative ones are kept and counted, as the methods that take
 * them ask for. Thread rule: any, with a reader of its own. */
#include "domain/registry.h"
#include "store/telemetry.h"

typedef struct qk_hour_column {
    qk_time first; /* start of the first hour */
    size_t count;
    double *value; /* [count], NaN = missing */
    size_t there, flagged, negative;
} qk_hour_column;

/* An empty column for the whole hours of from <= t < to. QK_ENOMEM. */
QK_NODISCARD qk_code qk_hours_init(qk_hour_column *out, qk_time from, qk_time to, qk_arena *arena,
                                   qk_error *err);
/* Fills what is still missing from one factor of one device. */
QK_NODISCARD qk_code qk_hours_add(qk_hour_column *out, const qk_device *device,
                                  const qk_factor *factor, qk_telemetry_reader *reader,
                                  qk_arena *arena, qk_error *err);
/* Of all devices that measure the code for the site; *factor (may be NULL) gets the first one's
 * row, its code empty when no device does. */
QK_NODISCARD qk_code qk_hours_read(qk_hour_column *out, qk_factor *factor,
                                   const qk_registry *registry, qk_telemetry_reader *reader,
                                   const char *site, qk_str code, qk_time from, qk_time to,
                                   qk_arena *arena, qk_error *err);
/* True when some device measures the code for the site. */
bool qk_hours_measured(const qk_registry *registry, const char *site, const char *code,
                       qk_arena *arena);
#endif
