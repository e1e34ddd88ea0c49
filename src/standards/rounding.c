/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/rounding.h"

/* digits x 10^power, most significant first. */
typedef struct digits {
    char digit[QK_ROUND_DIGITS_MAX + 2];
    int32_t count;
    int32_t power;
    bool negative;
} digits;

static qk_code read_exponent(digits *d, qk_str text)
{
    int64_t e;
    if (text.len > 1 && text.ptr[0] == '+') text = (qk_str){text.ptr + 1, text.len - 1};
    QK_TRY(qk_parse_i64(&e, text));
    if (e > QK_ROUND_DIGITS_MAX || e < -QK_ROUND_DIGITS_MAX) return QK_ERANGE;
    d->power += (int32_t)e;
    return QK_OK;
}

static qk_code read_digits(digits *d, qk_str text)
{
    size_t i = 0;
    bool point = false, any = false;
    *d = (digits){.count = 0};
    if (text.len && (text.ptr[0] == '-' || text.ptr[0] == '+')) d->negative = text.ptr[i++] == '-';
    for (; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!qk_is_digit(c)) break;
        any = true;
        if (point) d->power--;
        if (d->count == 0 && c == '0') continue;
        if (d->count == QK_ROUND_DIGITS_MAX) return QK_ERANGE;
        d->digit[d->count++] = c;
    }
    if (!any) return QK_EFORMAT;
    if (i == text.len) return QK_OK;
    if (qk_to_lower(text.ptr[i]) != 'e') return QK_EFORMAT;
    return read_exponent(d, (qk_str){text.ptr + i + 1, text.len - i - 1});
}

static bool goes_up(const digits *d, int32_t keep)
{
    char next = d->digit[keep];
    if (next != '5') return next > '5';
    for (int32_t i = keep + 1; i < d->count; i++)
        if (d->digit[i] != '0') return true;
    return keep > 0 && (d->digit[keep - 1] - '0') % 2 == 1;
}

static void cut_digits(digits *d, int32_t keep)
{
    if (keep < 0) {
        d->count = 0;
        return;
    }
    bool up = goes_up(d, keep);
    d->count = keep;
    for (int32_t i = keep - 1; up && i >= 0; i--) {
        up = d->digit[i] == '9';
        d->digit[i] = up ? '0' : (char)(d->digit[i] + 1);
    }
    if (!up) return;
    memmove(d->digit + 1, d->digit, (size_t)d->count);
    d->digit[0] = '1';
    d->count++;
}

static bool is_zero(const digits *d)
{
    for (int32_t i = 0; i < d->count; i++)
        if (d->digit[i] != '0') return false;
    return true;
}

/* places: digits after the point that d->digit ends with. */
static void write_digits(qk_buf *out, const digits *d, int32_t places)
{
    int32_t whole = d->count - places;
    if (d->negative && !is_zero(d)) qk_buf_putc(out, '-');
    if (whole <= 0) qk_buf_putc(out, '0');
    if (whole > 0) qk_buf_append(out, d->digit, (size_t)whole);
    if (places <= 0) return;
    qk_buf_putc(out, '.');
    for (int32_t i = whole; i < 0; i++) qk_buf_putc(out, '0');
    qk_buf_append(out, d->digit + (whole > 0 ? whole : 0),
                  (size_t)(d->count - (whole > 0 ? whole : 0)));
}

qk_code qk_round_text(qk_buf *out, qk_str text, int32_t decimals)
{
    digits d;
    if (decimals > QK_ROUND_DECIMALS_MAX || decimals < -QK_ROUND_DECIMALS_MAX) return QK_ERANGE;
    QK_TRY(read_digits(&d, text));
    int32_t places = decimals > 0 ? decimals : 0;
    int32_t surplus = -d.power - decimals; /* digits below the place rounded to */
    if (surplus > 0) {
        cut_digits(&d, d.count - surplus);
        d.power += surplus;
    }
    int32_t zeros = d.count ? d.power + places : 0;
    if (d.count + zeros > QK_ROUND_DIGITS_MAX) return QK_ERANGE;
    while (zeros-- > 0) d.digit[d.count++] = '0';
    write_digits(out, &d, places);
    return out->failed;
}
