/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_LIMITS_H
#define QK_STANDARDS_LIMITS_H
/* Ambient limits by date: GB 3095-2012 (to 2026-02-28), GB 3095-2026 transition (2026-03-01 to
 * 2030-12-31) and final (from 2031-01-01). ug/m3, CO mg/m3. Pure, any thread. */
#include "standards/aqi.h"

typedef enum qk_limit_item {
    QK_LIMIT_SO2,
    QK_LIMIT_NO2,
    QK_LIMIT_CO,
    QK_LIMIT_O3,
    QK_LIMIT_PM10,
    QK_LIMIT_PM25,
    QK_LIMIT_TSP,
    QK_LIMIT_NOX,
    QK_LIMIT_PB,
    QK_LIMIT_BAP,
    QK_LIMIT_ITEMS
} qk_limit_item;
typedef enum qk_averaging {
    QK_AVG_YEAR,
    QK_AVG_QUARTER,
    QK_AVG_DAY,
    QK_AVG_8H, /* largest 8-h mean of a day */
    QK_AVG_1H,
    QK_AVERAGINGS
} qk_averaging;

typedef struct qk_limits {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    /* [item][averaging][grade I, grade II]; mantissa 0 = no limit */
    qk_dec limit[QK_LIMIT_ITEMS][QK_AVERAGINGS][2];
} qk_limits;

const qk_limits *qk_limits_all(size_t *count);
/* The edition of a civil day; never NULL. */
const qk_limits *qk_limits_on(int32_t day);
qk_limit_item qk_limit_item_of(qk_pollutant p);
/* grade 1 or 2; {0, 0} where there is none. */
qk_dec qk_limit_get(const qk_limits *limits, qk_limit_item item, qk_averaging averaging,
                    int32_t grade);
#endif
