/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_EVALUATE_H
#define QK_STANDARDS_EVALUATE_H
/* From hours to days, months and years of one station, or of a city as the mean of its stations
 * (HJ 663, GB 3095 table 4, HJ 633). Made for millions of rows: fixed-point integers that hold
 * every daily mean of 20 to 24 hours and every 8-h mean of 6 to 8 exactly. Grain: 1 ug/m3 (CO: 1
 * mg/m3) = 10^6 x 212520 x 2^40 grains, 212520 being the least common multiple of 20..24 and 6..8.
 * Means over stations may lie up to one grain low; rounding takes what is within 10^-15 of a tie
 * for the tie, which is exact for all data with a realistic number of decimals.
 *
 * One late hour costs one qk_day_of, one month and one year (qk_year_month, qk_year_total) from the
 * kept days. Pure: no I/O, no clock, any thread. */
#include "standards/index.h"
#include "standards/stats.h"

typedef qk_i128 qk_fine; /* grains; below 0: no value */
#define QK_QUANTA_PER_UNIT ((int64_t)1000000 * 212520)
#define QK_FINE_SHIFT      40
#define QK_FINE_NONE       ((qk_fine)-1)

#define QK_MICRO_NONE ((int64_t)-1)
/* An hour may hold at most 100,000 ug/m3. */
#define QK_MICRO_MAX ((int64_t)100000 * 1000000)

/* Hours 01:00 .. 24:00 of a natural day in millionths of ug/m3 (CO: mg/m3); below 0: missing. */
typedef struct qk_hours {
    int64_t micro[QK_POLLUTANTS][24];
} qk_hours;

enum { QK_DAY_DUST = 1, QK_DAY_RECORDED = 2 };
enum { QK_DAY_ENDS = 2 };
extern const int32_t qk_day_end_hours[QK_DAY_ENDS]; /* 6, 3 */

typedef struct qk_day {
    qk_fine stat[QK_POLLUTANTS]; /* daily mean; O3: largest 8-h mean; QK_FINE_NONE = not valid */
    qk_fine o3_hour;             /* largest hour of ozone, for HJ 633-2012 */
    float end[QK_POLLUTANTS][QK_DAY_ENDS]; /* ug/m3 (CO: mg/m3): mean of the day's last hours, for
                                            * its forecast; 0 = less than half of them are there */
    int32_t day;                           /* civil day number */
    int16_t aqi;                           /* QK_AQI_NA without */
    uint16_t primary;                      /* QK_AQI_BITs */
    uint8_t hours[QK_POLLUTANTS];
    uint8_t unplanned; /* bits 1 << pollutant: not in the monitoring plan */
    uint8_t flags;     /* QK_DAY_* and above them whatever the caller keeps */
} qk_day;

/* Fills stat, hours, end and o3_hour. A largest hour of ozone needs 20 hours, or exceeds 200 (as
 * the 8-h rule; a convention). */
void qk_day_of(qk_day *out, const qk_hours *hours);
/* Rounded concentrations as HJ 633 takes them: ug/m3, CO tenths; QK_AQI_NA without. [QK_POLLUTANTS]
 * is the largest hour of ozone. */
void qk_day_rounded(int64_t rounded[QK_POLLUTANTS + 1], const qk_day *day);
/* Daily AQI; *out tells the sub-indices, day->aqi and day->primary are set. */
void qk_day_judge(qk_aqi *out, qk_day *day, const qk_aqi_rule *rule);

/* Mean over stations: sum and number of valid daily statistics. */
typedef struct qk_city_day {
    qk_fine sum[QK_POLLUTANTS + 1]; /* the last: largest hour of ozone */
    uint32_t valid[QK_POLLUTANTS + 1];
    float end[QK_POLLUTANTS][QK_DAY_ENDS]; /* sums over the stations that have one */
    uint16_t ends[QK_POLLUTANTS][QK_DAY_ENDS];
    uint32_t dusty;  /* stations flagged as under sand-dust */
    uint32_t seen;   /* stations with a record of the day */
    uint8_t planned; /* bits 1 << pollutant: some station has it in its plan */
} qk_city_day;
void qk_city_add(qk_city_day *city, const qk_day *station);
/* An item stands when at least 75 % of all stations are valid; `end` where one has it. */
void qk_city_mean(qk_day *out, const qk_city_day *city, uint32_t stations);

/* A fraction of grains; den 0 = not there. */
typedef struct qk_exact {
    qk_i128 num;
    qk_i128 den;
} qk_exact;
/* In units (ug/m3, CO mg/m3), half to even. QK_EINVAL when not there, QK_ERANGE. */
QK_NODISCARD qk_code qk_exact_round(qk_dec *out, qk_exact value, int32_t decimals);

typedef struct qk_item_stat {
    int32_t days; /* valid daily values */
    bool valid;   /* enough of them for the period */
    qk_exact mean;
    qk_exact percentile; /* SO2, NO2: 98; PM10, PM2.5, CO: 95; O3: 90 */
} qk_item_stat;

typedef struct qk_period {
    int32_t from_day; /* civil days, both included */
    int32_t to_day;
    qk_item_stat item[QK_POLLUTANTS];
    qk_item_stat pm10_no_dust; /* PM10 and PM2.5 without days of sand-dust */
    qk_item_stat pm25_no_dust;
    qk_day_count count;
    int32_t dust_days;
    int32_t primary_days[QK_POLLUTANTS]; /* days above AQI 50 on which it was primary */
    int32_t o3_over_days;                /* valid days with the largest 8-h mean above 160 */
} qk_period;

/* Percentile of HJ 663 table 1 for a pollutant. */
int32_t qk_percentile_of(qk_pollutant p);
/* Over the days from_day .. to_day, days[0] being from_day; those without QK_DAY_RECORDED are
 * passed over. `valid` asks for the days of a month, of a year (table 4 with its months), or of any
 * stretch, where 75 % of the days are taken as enough (a convention). */
typedef enum qk_period_rule { QK_PERIOD_MONTH, QK_PERIOD_YEAR, QK_PERIOD_ANY } qk_period_rule;
void qk_period_of(qk_period *out, const qk_day *days, int32_t from_day, int32_t to_day,
                  qk_period_rule rule);

/* One civil year of days, index 0 = 1 January. */
typedef struct qk_year {
    int32_t year;
    int32_t first_day; /* civil day number of 1 January */
    int32_t days;      /* 365 or 366 */
    qk_day day[366];
} qk_year;
void qk_year_init(qk_year *y, int32_t year);
/* QK_ERANGE when the day lies in another year. */
QK_NODISCARD qk_code qk_year_put(qk_year *y, const qk_day *day);
/* Judges every recorded day again by one edition, for comparing years. */
void qk_year_judge(qk_year *y, const qk_aqi_rule *rule);
void qk_year_month(qk_period *out, const qk_year *y, int32_t month);
void qk_year_total(qk_period *out, const qk_year *y);

/* Composite index from unrounded statistics, in units of 10^-18. */
typedef struct qk_fine_index {
    qk_i128 single[QK_POLLUTANTS];
    qk_i128 total; /* below 0: not there, as one item has no value */
    qk_i128 max;
    uint32_t primary;
} qk_fine_index;
/* without_dust takes pm10_no_dust and pm25_no_dust. */
void qk_period_index(qk_fine_index *out, const qk_period *period, const qk_index_profile *profile,
                     bool without_dust);
/* Rounds a number in units of 10^-18 half to even. */
qk_dec qk_fine_index_round(qk_i128 value, int32_t decimals);

/* The value a limit is held against: mean; CO and O3 the percentile. */
qk_exact qk_period_value(const qk_period *period, qk_pollutant p);
#endif
