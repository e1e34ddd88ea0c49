/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_TIME_H
#define QK_BASE_TIME_H
/* Instants, civil time of China (UTC+8, no summer time), and the injectable clock.
 *
 * qk_time counts milliseconds from 1970-01-01T00:00:00Z. All civil times are China Standard Time
 * unless the text carries a zone. Pure modules never read a clock: they take a qk_time. */
#include "base/text.h"

typedef int64_t qk_time; /* ms since the Unix epoch; QK_TIME_NONE = unknown */
#define QK_TIME_NONE  INT64_MIN
#define QK_SECOND     ((qk_time)1000)
#define QK_MINUTE     (60 * QK_SECOND)
#define QK_HOUR       (60 * QK_MINUTE)
#define QK_DAY        (24 * QK_HOUR)
#define QK_CST_OFFSET (8 * QK_HOUR)

typedef struct qk_civil {
    int32_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
    int32_t hour;  /* 0..23 */
    int32_t minute;
    int32_t second;
    int32_t ms;
    int32_t weekday; /* 1 Monday .. 7 Sunday; ignored by qk_time_of */
} qk_civil;

qk_civil qk_civil_of(qk_time t);
/* Years 1..9999. QK_ERANGE for fields that no calendar has (hour 24 with 0 minutes is the next
 * day's 0:00). */
QK_NODISCARD qk_code qk_time_of(qk_time *out, const qk_civil *civil);
bool qk_is_leap_year(int32_t year);
int32_t qk_days_in_month(int32_t year, int32_t month);

/* Starts of the civil minute / hour / day / month / year that holds t (floor, also before 1970).
 * QK_TIME_NONE gives QK_TIME_NONE, also in qk_add_months. */
qk_time qk_floor_minute(qk_time t);
qk_time qk_floor_hour(qk_time t);
qk_time qk_floor_day(qk_time t);
qk_time qk_floor_month(qk_time t);
qk_time qk_floor_year(qk_time t);
qk_time qk_add_months(qk_time t, int32_t months); /* day clipped to the month's last */
int32_t qk_day_number(qk_time t);                 /* civil days since 1970-01-01 */

/* ISO 8601: date, date-time with 'T' or space, optional seconds and fraction, optional zone
 * (Z, +08:00, +0800). Without a zone: China Standard Time. 24:00 is the next day's 00:00.
 * What is finer than a millisecond is cut. QK_EFORMAT, or QK_ERANGE for a date that is none. */
QK_NODISCARD qk_code qk_time_parse(qk_time *out, qk_str text);
/* 8, 10, 12, 14 or 17 digits YYYYMMDD[hh[mm[ss[zzz]]]], China Standard Time. */
QK_NODISCARD qk_code qk_time_parse_compact(qk_time *out, qk_str digits);
enum { QK_TIME_TEXT = 32 };
/* Each returns out, terminated; a time outside the years 1..9999 (QK_TIME_NONE too) gives "". */
char *qk_time_iso(char out[QK_TIME_TEXT], qk_time t);       /* 2025-01-01T00:10:00 (CST, no zone) */
char *qk_time_iso_zone(char out[QK_TIME_TEXT], qk_time t);  /* 2025-01-01T00:10:00.123+08:00 */
char *qk_date_iso(char out[QK_TIME_TEXT], qk_time t);       /* 2025-01-01 */
char *qk_time_compact14(char out[QK_TIME_TEXT], qk_time t); /* 20250101001000 */
char *qk_time_compact17(char out[QK_TIME_TEXT], qk_time t); /* 20250101001000123 */

/* The clock of one instance: real time, or a simulated time that runs `speed` times as fast, or
 * stands still at speed 0. Readable from any thread; set by one. */
typedef struct qk_clock qk_clock;
QK_NODISCARD qk_code qk_clock_new_real(qk_clock **out);
QK_NODISCARD qk_code qk_clock_new_simulated(qk_clock **out, qk_time start, double speed);
/* "2025-12-11T15:30:00" or "2025-12-11T15:30:00x60"; NULL or "" gives the real clock. */
QK_NODISCARD qk_code qk_clock_new_text(qk_clock **out, const char *text, qk_error *err);
void qk_clock_free(qk_clock *clock);
qk_time qk_clock_now(const qk_clock *clock);
double qk_clock_speed(const qk_clock *clock);
bool qk_clock_simulated(const qk_clock *clock);
/* Only a simulated clock can be set; QK_EINVAL otherwise or when speed is negative or not finite.
 */
QK_NODISCARD qk_code qk_clock_set(qk_clock *clock, qk_time now, double speed);
/* Monotonic milliseconds of the machine, for network time-outs and measuring; no date meaning. */
int64_t qk_monotonic_ms(void);
int64_t qk_monotonic_ns(void);
#endif
