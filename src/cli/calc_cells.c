/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv.h"
#include "cli/calc.h"
#include <stdio.h>

void calc_bad(calc_row *row, int given, const char *fmt, ...)
{
    va_list args;
    if (row->bad >= 0) return;
    row->bad = given;
    va_start(args, fmt);
    vsnprintf(row->why, sizeof row->why, fmt, args);
    va_end(args);
}

bool calc_missing(const calc_row *row, int given)
{
    return qk_csv_missing(row->given[given]) || qk_str_eq(row->given[given], QK_STR("/"));
}

bool calc_dec(calc_row *row, int given, qk_dec *out)
{
    if (calc_missing(row, given)) return false;
    if (qk_dec_parse_e(out, row->given[given]) == QK_OK) return true;
    calc_bad(row, given, "'%.*s' is no number that can be held exactly",
             (int)(row->given[given].len > 40 ? 40 : row->given[given].len), row->given[given].ptr);
    return false;
}

bool calc_int(calc_row *row, int given, int64_t low, int64_t high, int64_t *out)
{
    qk_dec d;
    if (!calc_dec(row, given, &d)) return false;
    d = qk_dec_trim(d);
    if (d.scale != 0) {
        calc_bad(row, given, "a whole number must stand here");
        return false;
    }
    *out = d.mantissa;
    return d.mantissa >= low && d.mantissa <= high;
}

qk_ratio calc_ratio(calc_row *row, int given)
{
    qk_dec d;
    return calc_dec(row, given, &d) ? qk_ratio_dec(d) : QK_RATIO_NONE;
}

qk_ratio calc_amount(calc_row *row, int given)
{
    qk_ratio r = calc_ratio(row, given);
    return qk_ratio_there(r) && r.num < 0 ? QK_RATIO_NONE : r;
}

static size_t count_entries(qk_str cell)
{
    size_t n = 1;
    for (size_t i = 0; i < cell.len; i++) n += cell.ptr[i] == ';';
    return n;
}

bool calc_list(calc_row *row, int given, qk_conc **out, size_t *count)
{
    qk_str rest = row->given[given];
    if (calc_missing(row, given)) return false;
    *count = 0;
    qk_conc *list = qk_arena_array(row->arena, count_entries(rest), sizeof *list);
    if (!list) {
        calc_bad(row, given, "list too long");
        return false;
    }
    do {
        qk_str entry = qk_str_trim(qk_str_cut(&rest, ';'));
        if (qk_conc_parse(&list[*count], entry) != QK_OK) {
            calc_bad(row, given, "entry %zu of the list, '%.*s', is no number", *count + 1,
                     (int)(entry.len > 40 ? 40 : entry.len), entry.ptr);
            return false;
        }
        (*count)++;
    } while (rest.ptr);
    *out = list;
    return true;
}

bool calc_ints(calc_row *row, int given, int32_t **out, size_t *count)
{
    qk_conc *list;
    if (!calc_list(row, given, &list, count)) return false;
    int32_t *ints = qk_arena_array(row->arena, *count, sizeof *ints);
    for (size_t i = 0; ints && i < *count; i++) {
        qk_dec d = qk_dec_trim(list[i].value);
        ints[i] = -1;
        if (!qk_conc_counts(list[i])) continue;
        if (d.scale != 0 || d.mantissa > INT32_MAX) {
            calc_bad(row, given, "entry %zu of the list is no whole number", i + 1);
            return false;
        }
        ints[i] = (int32_t)d.mantissa;
    }
    *out = ints;
    return ints != NULL;
}

void calc_put_str(calc_row *row, int asked, qk_str text)
{
    row->at[asked] = row->text.len;
    row->len[asked] = text.len;
    qk_buf_put_str(&row->text, text);
}

void calc_put(calc_row *row, int asked, const char *text)
{
    calc_put_str(row, asked, qk_str_of(text));
}

void calc_put_int(calc_row *row, int asked, int64_t n)
{
    calc_put_dec(row, asked, (qk_dec){n, 0});
}

void calc_put_dec(calc_row *row, int asked, qk_dec d)
{
    char text[QK_DEC_TEXT];
    calc_put(row, asked, qk_dec_format(text, d));
}

void calc_put_ratio(calc_row *row, int asked, qk_ratio r, int32_t decimals)
{
    qk_dec d;
    qk_code code = qk_ratio_round(&d, r, decimals);
    if (code == QK_OK) calc_put_dec(row, asked, d);
    if (code == QK_ERANGE)
        calc_bad(row, CALC_GIVEN_MAX, "the numbers have more digits than can be reckoned exactly");
}

void calc_put_more(calc_row *row, int asked, const char *text)
{
    if (row->len[asked] == 0) {
        calc_put(row, asked, text);
        return;
    }
    size_t before = row->text.len;
    qk_buf_putc(&row->text, ';');
    qk_buf_puts(&row->text, text);
    row->len[asked] += row->text.len - before;
}
