/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_WEATHER_PRIVATE_H
#define QK_MODELS_WEATHER_PRIVATE_H
/* Inside weather_prepare: rows as read, soundings, and the hours made of them. */
#include "base/time.h"
#include "models/weather_prepare.h"

typedef struct weather_row { /* NAN = missing */
    double wind_m_s, direction_deg, temperature_k, cloud, pressure_hpa, humidity, rain_mm;
    unsigned flags;
} weather_row;

typedef struct weather_sounding {
    int32_t day;
    int levels;
    double height_m[QK_WEATHER_LEVELS], theta_k[QK_WEATHER_LEVELS]; /* theta never falls */
} weather_sounding;

struct qk_weather {
    qk_weather_place place;
    qk_time first; /* end of the first hour, its clock's civil time taken as that of UTC+8 */
    weather_row *row;
    size_t rows, row_cap;
    weather_sounding *sounding; /* by day */
    size_t soundings, sounding_cap;
    qk_plume_hour *hour; /* NULL until worked */
};
#endif
