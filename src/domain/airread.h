/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRREAD_H
#define QK_DOMAIN_AIRREAD_H
/* Hours of an air site as they came: which columns feed which pollutant.
 *
 * A pollutant of a site is fed by the factor that names it as its item in the register. The hour's
 * mean is what the device sent as hour data (2061), else what was computed here from its minutes;
 * the factor's scale brings it to the standard's unit (ug/m3, CO mg/m3). Of several values the
 * first that counts is taken, else the first. Thread rule: any, with a reader of its own. */
#include "domain/registry.h"
#include "standards/aqi.h"
#include "store/telemetry.h"

typedef struct qk_air_cell {
    qk_dec value; /* as it came, negative ones too */
    char flag;    /* of the device; 0 = none */
    bool there;
} qk_air_cell;
/* A value that is a measurement: not negative, marked N, 3 or nothing. */
bool qk_air_cell_counts(const qk_air_cell *cell);

/* A station with the devices that speak for it. */
typedef struct qk_air_source {
    const qk_site *site;
    const char *const *mns;
    size_t mn_count;
} qk_air_source;

/* The `count` hours that end at first_end, first_end + 1 h … into cells[p][0..count), which the
 * caller has zeroed. known_at QK_TIME_NONE = as known now. The arena holds what is read: about 40
 * bytes for each hour and pollutant. */
QK_NODISCARD qk_code qk_air_read(qk_air_cell *const cells[QK_POLLUTANTS], size_t count,
                                 qk_time first_end, qk_time known_at, const qk_registry *registry,
                                 qk_telemetry_reader *reader, const qk_air_source *source,
                                 qk_arena *arena, qk_error *err);

/* Every air site of the register with its devices, in the arena, by id. */
QK_NODISCARD qk_code qk_air_sources(qk_air_source **out, size_t *n, const qk_registry *registry,
                                    qk_arena *arena, qk_error *err);
#endif
