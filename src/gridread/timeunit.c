/* SPDX-License-Identifier: Apache-2.0 */
/* Units of time as CF spells them (CF conventions 4.4, UDUNITS). */
#include "gridread/gather.h"
#include <math.h>

bool gridread_span_unit(double *unit_ms, qk_str text)
{
    static const struct {
        const char *name;
        double ms;
    } spans[] = {{"s", 1e3},      {"sec", 1e3},   {"second", 1e3},    {"min", 6e4},
                 {"minute", 6e4}, {"h", 36e5},    {"hr", 36e5},       {"hour", 36e5},
                 {"d", 864e5},    {"day", 864e5}, {"millisecond", 1}, {"msec", 1}};
    qk_str word = qk_str_trim(text);
    if (word.len > 1 && word.ptr[word.len - 1] == 's') word.len--;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        if (!qk_str_eq_nocase(word, qk_str_of(spans[i].name))) continue;
        *unit_ms = spans[i].ms;
        return true;
    }
    return false;
}

/* Digits, a fraction of which is passed over, and what ends them. */
static bool take_number(int32_t *out, qk_str *rest)
{
    size_t n = 0;
    int32_t v = 0;
    while (n < rest->len && qk_is_digit(rest->ptr[n]) && n < 6) v = 10 * v + (rest->ptr[n++] - '0');
    if (n == 0) return false;
    if (n < rest->len && rest->ptr[n] == '.')
        for (n++; n < rest->len && qk_is_digit(rest->ptr[n]);) n++;
    *rest = (qk_str){rest->ptr + n, rest->len - n};
    *out = v;
    return true;
}

static bool take_mark(qk_str *rest, char mark)
{
    if (!rest->len || rest->ptr[0] != mark) return false;
    *rest = (qk_str){rest->ptr + 1, rest->len - 1};
    return true;
}

/* "", "Z", "UTC", "+8", "-03:30": minutes to the east. */
static bool take_zone(int32_t *minutes, qk_str rest)
{
    int32_t hours = 0, part = 0;
    rest = qk_str_trim(rest);
    *minutes = 0;
    if (!rest.len || qk_str_eq_nocase(rest, QK_STR("z")) || qk_str_eq_nocase(rest, QK_STR("utc")) ||
        qk_str_eq_nocase(rest, QK_STR("gmt")))
        return true;
    bool west = take_mark(&rest, '-');
    if (!west) (void)take_mark(&rest, '+');
    if (!take_number(&hours, &rest)) return false;
    if (take_mark(&rest, ':') && !take_number(&part, &rest)) return false;
    if (rest.len || part > 59) return false;
    if (hours > 99) {
        part = hours % 100;
        hours /= 100;
    }
    *minutes = (west ? -1 : 1) * (60 * hours + part);
    return hours <= 14;
}

bool gridread_time_unit(qk_time *origin, double *unit_ms, qk_str text)
{
    size_t since = qk_str_find(text, QK_STR(" since "), 0);
    qk_civil c = {0};
    int32_t zone = 0;
    if (since == SIZE_MAX || !gridread_span_unit(unit_ms, (qk_str){text.ptr, since})) return false;
    qk_str rest = qk_str_trim((qk_str){text.ptr + since + 7, text.len - since - 7});
    if (!take_number(&c.year, &rest) || !take_mark(&rest, '-') || !take_number(&c.month, &rest) ||
        !take_mark(&rest, '-') || !take_number(&c.day, &rest))
        return false;
    if (take_mark(&rest, 'T') || take_mark(&rest, ' ')) {
        rest = qk_str_trim(rest);
        if (rest.len && qk_is_digit(rest.ptr[0]) &&
            (!take_number(&c.hour, &rest) ||
             (take_mark(&rest, ':') && !take_number(&c.minute, &rest)) ||
             (take_mark(&rest, ':') && !take_number(&c.second, &rest))))
            return false;
    }
    /* Before the Gregorian reform the standard calendar is another one. */
    if (!take_zone(&zone, rest) || c.year < 1583 || qk_time_of(origin, &c) != QK_OK) return false;
    *origin += QK_CST_OFFSET - (qk_time)zone * QK_MINUTE;
    return true;
}
