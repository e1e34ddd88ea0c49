/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_AQI_TABLES_H
#define QK_STANDARDS_AQI_TABLES_H
/* Names and texts behind standards/aqi.h; not for others. */
#include "standards/aqi.h"

extern const char *const qk_aqi_item_names[QK_AQI_ITEMS];
extern const uint8_t qk_aqi_item_pollutants[QK_AQI_ITEMS];
extern const qk_aqi_level qk_aqi_levels_2012[QK_AQI_LEVELS];
extern const qk_aqi_level qk_aqi_levels_2026[QK_AQI_LEVELS];
#endif
