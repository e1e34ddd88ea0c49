/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_AQI_H
#define QK_STANDARDS_AQI_H
/* Air quality index: HJ 633-2012 (to 2026-02-28) and HJ 633-2026 (from 2026-03-01), daily and
 * hourly. Concentrations are exact decimals in ug/m3 (CO: mg/m3); each is rounded first (GB/T 8170,
 * integer; CO one decimal), then the sub-index is the ceiling of an exact fraction, so no digit
 * hangs on binary floating point. Pure: no clock, no globals that change, any thread.
 *
 * A rule is data (struct qk_aqi_rule) with its days of validity and its source; the shipped ones
 * stand in aqi_tables.c, an administrator's come through standards/rules.h. */
#include "base/decimal.h"
#include "base/time.h"

typedef enum qk_pollutant {
    QK_SO2,
    QK_NO2,
    QK_PM10,
    QK_PM25,
    QK_CO,
    QK_O3,
    QK_POLLUTANTS
} qk_pollutant;

/* What a breakpoint column is for; the order is that of the lists of primary pollutants. */
typedef enum qk_aqi_item {
    QK_SO2_24H,
    QK_SO2_1H,
    QK_NO2_24H,
    QK_NO2_1H,
    QK_PM10_24H,
    QK_PM10_1H,
    QK_PM25_24H,
    QK_PM25_1H,
    QK_CO_24H,
    QK_CO_1H,
    QK_O3_8H,
    QK_O3_1H,
    QK_AQI_ITEMS
} qk_aqi_item;

enum {
    QK_AQI_NA = -1,    /* no index: not measured, not valid, or held back by the missing rule */
    QK_AQI_POINTS = 8, /* breakpoints for 0, 50, 100, 150, 200, 300, 400, 500 */
    QK_AQI_TOP = 500,  /* beyond the table: the standards are silent, the index stays here */
    QK_AQI_LEVELS = 6
};
#define QK_AQI_BIT(item) (1u << (item))

enum { QK_RULE_ZH = 160 }; /* bytes of a source in Chinese, in each table of rules */

typedef struct qk_aqi_rule {
    char name[24];   /* "HJ633-2012" */
    char source[96]; /* standard, clause, date of force */
    char source_zh[QK_RULE_ZH];
    int32_t from_day; /* civil days since 1970-01-01 (qk_day_number), both ends included */
    int32_t to_day;
    /* In the unit of the rounded value: ug/m3, CO tenths of mg/m3. points 0: no such item. */
    int16_t breakpoint[QK_AQI_ITEMS][QK_AQI_POINTS];
    uint8_t points[QK_AQI_ITEMS];
    int16_t above[QK_AQI_ITEMS]; /* sub-index beyond the last breakpoint, or QK_AQI_NA */
    uint32_t daily_items;        /* QK_AQI_BIT of the items of the daily index */
    uint32_t hourly_items;
    uint32_t optional_items; /* their lack is no missing item: O3_1h where it is reported beside */
    bool missing_blocks;     /* an item missing and AQI <= 100: AQI is not published (2026, 5.3) */
    bool names_exceeding;    /* lists pollutants with a sub-index above 100 */
} qk_aqi_rule;

typedef enum qk_conc_state {
    QK_CONC_MISSING = 0,
    QK_CONC_VALUE,
    QK_CONC_UNPLANNED /* not in the monitoring plan: "/" in a table; does not count as missing */
} qk_conc_state;

typedef struct qk_conc {
    qk_dec value; /* ug/m3, CO mg/m3; a negative value counts as missing */
    qk_conc_state state;
} qk_conc;

typedef struct qk_aqi {
    int32_t iaqi[QK_AQI_ITEMS]; /* QK_AQI_NA where there is none */
    int32_t aqi;                /* QK_AQI_NA when not published */
    int32_t level;              /* 1..6, 0 without AQI */
    uint32_t primary;           /* QK_AQI_BITs; none at AQI <= 50 */
    uint32_t exceeding;         /* QK_AQI_BITs, only where the rule names them */
    uint32_t missing;           /* QK_AQI_BITs of items that should be there and are not */
} qk_aqi;

typedef struct qk_aqi_level {
    const char *grade_zh;    /* 一级 */
    const char *category_zh; /* 优 */
    const char *category_en;
    const char *colour_zh; /* 绿 */
    const char *colour_en;
    uint8_t rgb[3];
    uint8_t cmyk[4];
    const char *effect_zh; /* on health */
    const char *advice_zh;
} qk_aqi_level;

/* The shipped rules, oldest first. */
const qk_aqi_rule *qk_aqi_rules(size_t *count);
/* The shipped rule of a civil day (qk_day_number), never NULL: the nearest beyond the ends. For an
 * hour take the day of (period end - 1 ms): 00:00 belongs to the day before. */
const qk_aqi_rule *qk_aqi_rule_on(int32_t day);
/* "HJ633-2012", "HJ633-2026", also "2012", "2026"; NULL for another. */
const qk_aqi_rule *qk_aqi_rule_named(qk_str name);

/* "SO2_24h" … "CO_1h". */
const char *qk_aqi_item_name(qk_aqi_item item);
/* QK_ENOTFOUND for an unknown name. */
QK_NODISCARD qk_code qk_aqi_item_find(qk_aqi_item *out, qk_str name);
qk_pollutant qk_aqi_item_pollutant(qk_aqi_item item);
/* "SO2" "NO2" "PM10" "PM2.5" "CO" "O3". */
const char *qk_pollutant_name(qk_pollutant p);
/* Decimals of a reported concentration: 0, for CO 1. */
int32_t qk_pollutant_decimals(qk_pollutant p);

/* Sub-index (HJ 633 4.2) of a value already rounded, in the unit of the breakpoints; QK_AQI_NA for
 * a negative one, an item the rule does not have, or beyond a table without substitute. */
int32_t qk_iaqi_of_rounded(const qk_aqi_rule *rule, qk_aqi_item item, int64_t rounded);
/* Rounds first; *rounded (may be NULL) gets the rounded value and is valid when conc is not
 * negative. */
int32_t qk_iaqi(const qk_aqi_rule *rule, qk_aqi_item item, qk_dec conc, qk_dec *rounded);

/* Daily AQI from SO2_24h, NO2_24h, PM10_24h, PM25_24h, CO_24h, O3_8h (largest 8-h mean of the day)
 * and, under HJ 633-2012 where given, O3_1h. Other entries of conc are not looked at. */
void qk_aqi_daily(qk_aqi *out, const qk_aqi_rule *rule, const qk_conc conc[QK_AQI_ITEMS]);
/* Hourly AQI: the six *_1h items; under HJ 633-2012 PM10_24h and PM25_24h (24-h running means)
 * stand in for the PM hours. */
void qk_aqi_hourly(qk_aqi *out, const qk_aqi_rule *rule, const qk_conc conc[QK_AQI_ITEMS]);
/* Fills AQI, level, primary, exceeding from sub-indices already there (out->iaqi of `items`);
 * unplanned and missing are QK_AQI_BITs. For callers that keep rounded values as integers. */
void qk_aqi_settle(qk_aqi *out, const qk_aqi_rule *rule, uint32_t items);

/* 1..6; 0 for QK_AQI_NA. */
int32_t qk_aqi_level_of(int32_t aqi);
/* Texts and colours of level 1..6 under a rule; NULL otherwise. */
const qk_aqi_level *qk_aqi_level_text(const qk_aqi_rule *rule, int32_t level);

/* A concentration from a table's cell: empty or NA is missing, "/" not planned. QK_EFORMAT. */
QK_NODISCARD qk_code qk_conc_parse(qk_conc *out, qk_str cell);
#endif
