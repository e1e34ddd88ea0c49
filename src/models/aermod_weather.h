/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_AERMOD_WEATHER_H
#define QK_MODELS_AERMOD_WEATHER_H
/* Reads AERMET's surface (.SFC) and profile (.PFL) files, hour by hour (layout: EPA-454/B-24-010,
 * AERMET user's guide, appendix C). The texts stay the caller's and must outlive the reader;
 * nothing is allocated. Refused with file, line and column: a field that is no number, an hour that
 * goes back in time or does not exist, a profile whose hours are not those of the surface file,
 * more than QK_PLUME_OBSERVED_MAX levels. A missing value is not an error: it becomes part of the
 * hour. */
#include "base/text.h"
#include "models/plume_profile.h"

typedef struct qk_aermod_weather {
    qk_str surface, profile; /* what is still unread */
    const char *surface_name, *profile_name;
    uint32_t surface_line, profile_line;
    bool adjusted_ustar, bulk_richardson;
    char version[8];
    int64_t last_hour;        /* of the line last read, as year, day and hour in one */
    uint32_t flagged;         /* hours with a value repaired by rule */
    int64_t serial;           /* hours from 1970 to the line last read; 0 = none yet */
    uint32_t gaps, gap_hours; /* places where hours are left out, and how many */
    uint32_t gap_line;        /* of the first hour behind a gap; 0 = none */
} qk_aermod_weather;

/* Reads the header. */
QK_NODISCARD qk_code qk_aermod_weather_open(qk_aermod_weather *out, qk_str surface,
                                            const char *surface_name, qk_str profile,
                                            const char *profile_name, qk_error *err);
/* The next hour; QK_ENOTFOUND at the end. */
QK_NODISCARD qk_code qk_aermod_weather_next(qk_aermod_weather *w, qk_plume_hour *out,
                                            qk_error *err);
/* Day of the year, 1..366. */
int qk_aermod_day_of_year(int year, int month, int day);
#endif
