/* SPDX-License-Identifier: Apache-2.0 */
#include "hj212/text.h"
#include "hj212/internal.h"

bool qk_hj212_text_is(qk_hj212_text a, const char *b)
{
    size_t n = strlen(b);
    return a.ptr && a.len == n && memcmp(a.ptr, b, n) == 0;
}

bool qk_hj212_text_is_nocase(qk_hj212_text a, const char *b)
{
    size_t n = strlen(b);
    if (!a.ptr || a.len != n) return false;
    for (size_t i = 0; i < n; i++)
        if (lower_case(a.ptr[i]) != lower_case(b[i])) return false;
    return true;
}

/* ---- civil time ---- */

enum { MS_OF_DAY = 86400000, CHINA_MS = 8 * 3600000 };

static bool is_leap(int32_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int32_t days_of_month(int32_t year, int32_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01 in the Gregorian calendar; March is the first month of the counting year,
 * so that the leap day comes last. */
static int64_t days_from_civil(int32_t year, int32_t month, int32_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void civil_from_days(qk_hj212_time *t, int64_t days)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    t->day = (int32_t)(day_of_year - (153 * shifted + 2) / 5 + 1);
    t->month = (int32_t)(shifted < 10 ? shifted + 3 : shifted - 9);
    t->year = (int32_t)(year_of_era + era * 400 + (t->month <= 2));
}

int64_t qk_hj212_time_utc_ms(const qk_hj212_time *t)
{
    int64_t of_day = ((t->hour * 60LL + t->minute) * 60 + t->second) * 1000 + t->ms;
    return days_from_civil(t->year, t->month, t->day) * MS_OF_DAY + of_day - CHINA_MS;
}

qk_hj212_time qk_hj212_time_from_utc_ms(int64_t utc_ms)
{
    int64_t local = utc_ms + CHINA_MS;
    int64_t days = local / MS_OF_DAY - (local % MS_OF_DAY < 0);
    int64_t of_day = local - days * MS_OF_DAY;
    qk_hj212_time t = {.ms = (int32_t)(of_day % 1000)};
    of_day /= 1000;
    t.second = (int32_t)(of_day % 60);
    t.minute = (int32_t)(of_day / 60 % 60);
    t.hour = (int32_t)(of_day / 3600);
    civil_from_days(&t, days);
    return t;
}

static bool read_digits(int32_t *out, const char *p, size_t n)
{
    int32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i])) return false;
        v = v * 10 + (p[i] - '0');
    }
    *out = v;
    return true;
}

static bool time_in_range(const qk_hj212_time *t)
{
    return t->year >= 1970 && t->year <= 2999 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
           t->day <= days_of_month(t->year, t->month) && t->hour <= 23 && t->minute <= 59 &&
           t->second <= 59;
}

/* 13 digits are milliseconds since 1970 more often than a date, so they are none. */
static bool time_digits_usable(size_t n)
{
    return n == 8 || n == 10 || n == 12 || (n >= 14 && n <= 17);
}

bool qk_hj212_time_parse(qk_hj212_time *out, qk_hj212_text digits)
{
    qk_hj212_time t = {0};
    const char *p = digits.ptr;
    size_t n = digits.len;
    if (!p || !time_digits_usable(n)) return false;
    int32_t *const part[5] = {&t.month, &t.day, &t.hour, &t.minute, &t.second};
    if (!read_digits(&t.year, p, 4)) return false;
    for (size_t i = 0; i < 5 && 6 + 2 * i <= n; i++)
        if (!read_digits(part[i], p + 4 + 2 * i, 2)) return false;
    if (n > 14 && !read_digits(&t.ms, p + 14, n - 14)) return false;
    for (size_t i = n; n > 14 && i < 17; i++) t.ms *= 10;
    bool next_day = t.hour == 24 && t.minute == 0 && t.second == 0 && t.ms == 0;
    if (next_day) t.hour = 0;
    if (!time_in_range(&t)) return false;
    *out = next_day ? qk_hj212_time_from_utc_ms(qk_hj212_time_utc_ms(&t) + MS_OF_DAY) : t;
    return true;
}

static void put_digits(char *out, int32_t v, int n)
{
    for (int i = n - 1; i >= 0; i--, v /= 10) out[i] = (char)('0' + v % 10);
}

void qk_hj212_time_format(char out[15], const qk_hj212_time *t)
{
    put_digits(out, t->year, 4);
    put_digits(out + 4, t->month, 2);
    put_digits(out + 6, t->day, 2);
    put_digits(out + 8, t->hour, 2);
    put_digits(out + 10, t->minute, 2);
    put_digits(out + 12, t->second, 2);
    out[14] = 0;
}

void qk_hj212_qn_format(char out[18], const qk_hj212_time *t)
{
    qk_hj212_time_format(out, t);
    put_digits(out + 14, t->ms, 3);
    out[17] = 0;
}
