/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* First instants of the years 1 and 10000 in China Standard Time. */
#define TIME_LEAST  (-62135596800000 - QK_CST_OFFSET)
#define TIME_BEYOND (253402300800000 - QK_CST_OFFSET)

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b < 0);
}

bool qk_is_leap_year(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t qk_days_in_month(int32_t year, int32_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12) return 0;
    return days[month - 1] + (month == 2 && qk_is_leap_year(year));
}

/* The calendar is counted in years that begin in March: the leap day is then a year's last, and the
 * months from March on have 153 days in every five (31, 30, 31, 30, 31). 719468 days lie between
 * 0000-03-01 and 1970-01-01. */
static int64_t days_of_date(int64_t year, int32_t month, int32_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(qk_civil *c, int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t month = (5 * doy + 2) / 153;
    c->day = (int32_t)(doy - (153 * month + 2) / 5 + 1);
    c->month = (int32_t)(month < 10 ? month + 3 : month - 9);
    c->year = (int32_t)(era * 400 + yoe + (c->month <= 2));
    int64_t weekday = (days + 3) % 7;
    c->weekday = (int32_t)(weekday < 0 ? weekday + 7 : weekday) + 1;
}

/* Milliseconds of civil time; saturating, because QK_TIME_NONE may come here. */
static int64_t local_of(qk_time t)
{
    int64_t local;
    return __builtin_add_overflow(t, QK_CST_OFFSET, &local) ? INT64_MAX : local;
}

qk_civil qk_civil_of(qk_time t)
{
    qk_civil c;
    int64_t local = local_of(t);
    int64_t days = floor_div(local, QK_DAY);
    int32_t ms = (int32_t)(local - days * QK_DAY);
    date_of_days(&c, days);
    c.hour = ms / 3600000;
    c.minute = ms / 60000 % 60;
    c.second = ms / 1000 % 60;
    c.ms = ms % 1000;
    return c;
}

static bool in_range(int32_t v, int32_t least, int32_t most)
{
    return v >= least && v <= most;
}

static qk_code time_at_offset(qk_time *out, const qk_civil *c, int64_t offset_ms)
{
    if (!in_range(c->year, 1, 9999) || !in_range(c->month, 1, 12) ||
        !in_range(c->day, 1, qk_days_in_month(c->year, c->month)) || !in_range(c->hour, 0, 24) ||
        !in_range(c->minute, 0, 59) || !in_range(c->second, 0, 59) || !in_range(c->ms, 0, 999)) {
        return QK_ERANGE;
    }
    if (c->hour == 24 && (c->minute || c->second || c->ms)) return QK_ERANGE;
    qk_time t = days_of_date(c->year, c->month, c->day) * QK_DAY + c->hour * QK_HOUR +
                c->minute * QK_MINUTE + c->second * QK_SECOND + c->ms - offset_ms;
    if (t < TIME_LEAST || t >= TIME_BEYOND) return QK_ERANGE;
    *out = t;
    return QK_OK;
}

qk_code qk_time_of(qk_time *out, const qk_civil *civil)
{
    return time_at_offset(out, civil, QK_CST_OFFSET);
}

/* Unknown stays unknown, and so does what lies too near to it to be counted. */
static bool uncountable(qk_time t)
{
    return t < INT64_MIN + QK_DAY;
}

static qk_time floor_to(qk_time t, int64_t unit)
{
    if (uncountable(t)) return QK_TIME_NONE;
    return floor_div(local_of(t), unit) * unit - QK_CST_OFFSET;
}

qk_time qk_floor_minute(qk_time t)
{
    return floor_to(t, QK_MINUTE);
}
qk_time qk_floor_hour(qk_time t)
{
    return floor_to(t, QK_HOUR);
}
qk_time qk_floor_day(qk_time t)
{
    return floor_to(t, QK_DAY);
}

static qk_time start_of_date(int64_t year, int32_t month, int32_t day)
{
    return days_of_date(year, month, day) * QK_DAY - QK_CST_OFFSET;
}

qk_time qk_floor_month(qk_time t)
{
    if (uncountable(t)) return QK_TIME_NONE;
    qk_civil c = qk_civil_of(t);
    return start_of_date(c.year, c.month, 1);
}

qk_time qk_floor_year(qk_time t)
{
    if (uncountable(t)) return QK_TIME_NONE;
    qk_civil c = qk_civil_of(t);
    return start_of_date(c.year, 1, 1);
}

qk_time qk_add_months(qk_time t, int32_t months)
{
    if (uncountable(t)) return QK_TIME_NONE;
    qk_civil c = qk_civil_of(t);
    int64_t count = (int64_t)c.year * 12 + (c.month - 1) + months;
    int64_t year = floor_div(count, 12);
    int32_t month = (int32_t)(count - year * 12) + 1;
    int32_t most = qk_days_in_month((int32_t)year, month);
    return start_of_date(year, month, c.day < most ? c.day : most) + (t - qk_floor_day(t));
}

int32_t qk_day_number(qk_time t)
{
    return (int32_t)floor_div(local_of(t), QK_DAY);
}

/* ---- text ---- */

/* Takes exactly `count` digits off the front. */
static bool take_digits(qk_str *s, size_t count, int32_t *out)
{
    if (s->len < count) return false;
    int32_t v = 0;
    for (size_t i = 0; i < count; i++) {
        if (!qk_is_digit(s->ptr[i])) return false;
        v = v * 10 + (s->ptr[i] - '0');
    }
    *out = v;
    s->ptr += count;
    s->len -= count;
    return true;
}

static bool take_char(qk_str *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c) return false;
    s->ptr++;
    s->len--;
    return true;
}

/* One digit or more after the point; what is finer than a millisecond is cut. */
static bool take_fraction(qk_str *s, int32_t *ms)
{
    int32_t unit = 100, value = 0;
    size_t n = 0;
    for (; n < s->len && qk_is_digit(s->ptr[n]); n++) {
        value += (s->ptr[n] - '0') * unit;
        unit /= 10;
    }
    *ms = value;
    s->ptr += n;
    s->len -= n;
    return n > 0;
}

static bool take_clock_time(qk_str *s, qk_civil *c)
{
    if (!take_digits(s, 2, &c->hour) || !take_char(s, ':') || !take_digits(s, 2, &c->minute)) {
        return false;
    }
    if (!take_char(s, ':')) return true;
    if (!take_digits(s, 2, &c->second)) return false;
    if (take_char(s, '.') || take_char(s, ',')) return take_fraction(s, &c->ms);
    return true;
}

static bool take_zone(qk_str *s, int64_t *offset_ms)
{
    if (s->len == 0) return true;
    if (take_char(s, 'Z') || take_char(s, 'z')) {
        *offset_ms = 0;
        return true;
    }
    bool west = s->ptr[0] == '-';
    int32_t hours, minutes = 0;
    if (!west && s->ptr[0] != '+') return false;
    s->ptr++;
    s->len--;
    if (!take_digits(s, 2, &hours)) return false;
    if (s->len > 0) {
        take_char(s, ':');
        if (!take_digits(s, 2, &minutes)) return false;
    }
    if (hours > 23 || minutes > 59) return false;
    int64_t size = hours * QK_HOUR + minutes * QK_MINUTE;
    *offset_ms = west ? -size : size;
    return true;
}

qk_code qk_time_parse(qk_time *out, qk_str text)
{
    qk_civil c = {0};
    int64_t offset_ms = QK_CST_OFFSET;
    if (!take_digits(&text, 4, &c.year) || !take_char(&text, '-') ||
        !take_digits(&text, 2, &c.month) || !take_char(&text, '-') ||
        !take_digits(&text, 2, &c.day)) {
        return QK_EFORMAT;
    }
    if (text.len > 0) {
        if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' ')) {
            return QK_EFORMAT;
        }
        if (!take_clock_time(&text, &c) || !take_zone(&text, &offset_ms) || text.len > 0) {
            return QK_EFORMAT;
        }
    }
    return time_at_offset(out, &c, offset_ms);
}

qk_code qk_time_parse_compact(qk_time *out, qk_str digits)
{
    size_t n = digits.len;
    qk_civil c = {0};
    if (n != 8 && n != 10 && n != 12 && n != 14 && n != 17) return QK_EFORMAT;
    if (!take_digits(&digits, 4, &c.year) || !take_digits(&digits, 2, &c.month) ||
        !take_digits(&digits, 2, &c.day) || (n >= 10 && !take_digits(&digits, 2, &c.hour)) ||
        (n >= 12 && !take_digits(&digits, 2, &c.minute)) ||
        (n >= 14 && !take_digits(&digits, 2, &c.second)) ||
        (n == 17 && !take_digits(&digits, 3, &c.ms))) {
        return QK_EFORMAT;
    }
    return qk_time_of(out, &c);
}

static char *put_digits(char *at, int32_t v, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return at + count;
}

/* separator '\0' gives the digits alone. */
static char *put_date(char *at, const qk_civil *c, char separator)
{
    at = put_digits(at, c->year, 4);
    if (separator) *at++ = separator;
    at = put_digits(at, c->month, 2);
    if (separator) *at++ = separator;
    return put_digits(at, c->day, 2);
}

static char *put_clock_time(char *at, const qk_civil *c, char separator)
{
    at = put_digits(at, c->hour, 2);
    if (separator) *at++ = separator;
    at = put_digits(at, c->minute, 2);
    if (separator) *at++ = separator;
    return put_digits(at, c->second, 2);
}

static bool writable(char *out, qk_time t)
{
    out[0] = '\0';
    return t >= TIME_LEAST && t < TIME_BEYOND;
}

char *qk_time_iso(char out[QK_TIME_TEXT], qk_time t)
{
    if (!writable(out, t)) return out;
    qk_civil c = qk_civil_of(t);
    char *at = put_date(out, &c, '-');
    *at++ = 'T';
    *put_clock_time(at, &c, ':') = '\0';
    return out;
}

char *qk_time_iso_zone(char out[QK_TIME_TEXT], qk_time t)
{
    if (!writable(out, t)) return out;
    qk_civil c = qk_civil_of(t);
    char *at = put_date(out, &c, '-');
    *at++ = 'T';
    at = put_clock_time(at, &c, ':');
    *at++ = '.';
    at = put_digits(at, c.ms, 3);
    memcpy(at, "+08:00", 7);
    return out;
}

char *qk_date_iso(char out[QK_TIME_TEXT], qk_time t)
{
    if (!writable(out, t)) return out;
    qk_civil c = qk_civil_of(t);
    *put_date(out, &c, '-') = '\0';
    return out;
}

char *qk_time_compact14(char out[QK_TIME_TEXT], qk_time t)
{
    if (!writable(out, t)) return out;
    qk_civil c = qk_civil_of(t);
    *put_clock_time(put_date(out, &c, '\0'), &c, '\0') = '\0';
    return out;
}

char *qk_time_compact17(char out[QK_TIME_TEXT], qk_time t)
{
    if (!writable(out, t)) return out;
    qk_civil c = qk_civil_of(t);
    *put_digits(put_clock_time(put_date(out, &c, '\0'), &c, '\0'), c.ms, 3) = '\0';
    return out;
}

/* ---- clock ---- */

/* A sequence lock: the number is odd while the writer is at work, and a reader that saw it odd or
 * changing reads again. The fields are atomics too, so that a torn read is no data race. */
struct qk_clock {
    bool simulated;
    atomic_uint sequence;
    _Atomic int64_t start; /* simulated time at `origin_ns` */
    _Atomic int64_t origin_ns;
    _Atomic double speed;
};

int64_t qk_monotonic_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t qk_monotonic_ms(void)
{
    return qk_monotonic_ns() / 1000000;
}

static bool clock_settings_good(qk_time start, double speed)
{
    return start >= TIME_LEAST && start < TIME_BEYOND && isfinite(speed) && speed >= 0;
}

static void store_settings(qk_clock *clock, qk_time start, double speed)
{
    atomic_fetch_add_explicit(&clock->sequence, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&clock->start, start, memory_order_relaxed);
    atomic_store_explicit(&clock->origin_ns, qk_monotonic_ns(), memory_order_relaxed);
    atomic_store_explicit(&clock->speed, speed, memory_order_relaxed);
    atomic_fetch_add_explicit(&clock->sequence, 1, memory_order_release);
}

qk_code qk_clock_new_real(qk_clock **out)
{
    *out = NULL;
    qk_clock *clock = calloc(1, sizeof *clock);
    if (!clock) return QK_ENOMEM;
    store_settings(clock, 0, 1);
    *out = clock;
    return QK_OK;
}

qk_code qk_clock_new_simulated(qk_clock **out, qk_time start, double speed)
{
    *out = NULL;
    if (!clock_settings_good(start, speed)) return QK_EINVAL;
    QK_TRY(qk_clock_new_real(out));
    (*out)->simulated = true;
    store_settings(*out, start, speed);
    return QK_OK;
}

qk_code qk_clock_new_text(qk_clock **out, const char *text, qk_error *err)
{
    *out = NULL;
    if (!text || !text[0]) {
        qk_code code = qk_clock_new_real(out);
        return code ? qk_fail(err, code, "no memory for the clock") : QK_OK;
    }
    qk_str rest = qk_str_of(text);
    bool fast = memchr(rest.ptr, 'x', rest.len) != NULL;
    qk_str moment = qk_str_cut(&rest, 'x');
    qk_time start = 0;
    double speed = 1;
    if (qk_time_parse(&start, moment) || (fast && qk_parse_f64(&speed, rest)) || speed < 0) {
        qk_fail(err, QK_EFORMAT, "\"%s\" is no clock setting", text);
        qk_error_hint(err,
                      "write 2025-12-11T15:30:00 or, 60 times as fast, 2025-12-11T15:30:00x60");
        return QK_EFORMAT;
    }
    qk_code code = qk_clock_new_simulated(out, start, speed);
    return code ? qk_fail(err, code, "the clock cannot start at \"%s\"", text) : QK_OK;
}

void qk_clock_free(qk_clock *clock)
{
    free(clock);
}

typedef struct clock_settings {
    qk_time start;
    int64_t origin_ns;
    double speed;
} clock_settings;

static clock_settings load_settings(const qk_clock *clock)
{
    clock_settings s;
    unsigned before, after;
    do {
        before = atomic_load_explicit(&clock->sequence, memory_order_acquire);
        s.start = atomic_load_explicit(&clock->start, memory_order_relaxed);
        s.origin_ns = atomic_load_explicit(&clock->origin_ns, memory_order_relaxed);
        s.speed = atomic_load_explicit(&clock->speed, memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&clock->sequence, memory_order_relaxed);
    } while ((before & 1) || before != after);
    return s;
}

qk_time qk_clock_now(const qk_clock *clock)
{
    if (!clock->simulated) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        return (qk_time)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
    }
    clock_settings s = load_settings(clock);
    double passed_ms = (double)(qk_monotonic_ns() - s.origin_ns) / 1e6 * s.speed;
    double most_ms = (double)(TIME_BEYOND - 1 - s.start);
    return passed_ms < most_ms ? s.start + (qk_time)passed_ms : TIME_BEYOND - 1;
}

double qk_clock_speed(const qk_clock *clock)
{
    return load_settings(clock).speed;
}

bool qk_clock_simulated(const qk_clock *clock)
{
    return clock->simulated;
}

qk_code qk_clock_set(qk_clock *clock, qk_time now, double speed)
{
    if (!clock->simulated || !clock_settings_good(now, speed)) return QK_EINVAL;
    store_settings(clock, now, speed);
    return QK_OK;
}
