/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/air_target.h"
#include "base/file.h"
#include "standards/target.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { PLAN_MAX = 1 << 26 };

typedef struct city_year {
    qk_year own; /* each day by its own edition */
    qk_year one; /* every day by the edition of the last known day */
} city_year;

typedef struct years {
    city_year **year; /* of the city, in order */
    size_t count;
    const qk_aqi_rule *rule; /* by which years are compared */
} years;

static void free_years(years *all)
{
    for (size_t i = 0; i < all->count; i++) free(all->year[i]);
    free(all->year);
}

static qk_code fill_years(years *all, const air *a, int32_t asof, qk_error *err)
{
    *all = (years){.year = calloc(a->city_years + 1, sizeof(city_year *)),
                   .rule = air_rule_on(a, asof)};
    if (!all->year) return qk_fail(err, QK_ENOMEM, "no memory for the city's years");
    for (size_t i = 0; i < a->city_years; i++) {
        city_year *y = calloc(1, sizeof *y);
        if (!y) return qk_fail(err, QK_ENOMEM, "no memory for the city's years");
        all->year[all->count++] = y;
        air_city_fill(a, &y->own, a->city[i]);
        y->one = y->own;
        qk_year_judge(&y->one, all->rule);
    }
    return QK_OK;
}

static void put_f64(qk_json_writer *w, const char *name, double v, int decimals)
{
    qk_json_key(w, name);
    qk_json_fixed(w, v, decimals);
}

static void put_reached(qk_json_writer *w, const char *name, const qk_target *t,
                        const qk_target_result *r)
{
    qk_dec d;
    qk_json_key(w, name);
    qk_json_object(w);
    qk_json_ki64(w, "valid_days", r->valid_days);
    qk_json_key(w, "value");
    qk_code code = QK_EINVAL;
    if (t->kind == QK_TARGET_MEAN)
        code = qk_exact_round(&d, r->mean, t->pollutant == QK_CO ? 2 : 1);
    else if (t->is_ratio)
        code = qk_ratio_round(&d, qk_percent(r->counted, r->valid_days), 1);
    else
        qk_json_i64(w, r->counted);
    if (code == QK_OK)
        qk_json_dec(w, d);
    else if (t->kind == QK_TARGET_MEAN || t->is_ratio)
        qk_json_null(w);
    if (t->kind != QK_TARGET_MEAN) qk_json_ki64(w, "days", r->counted);
    qk_json_end(w);
}

static void put_allowance(qk_json_writer *w, const qk_target *t, const qk_target_result *r)
{
    qk_json_key(w, "allowance");
    qk_json_object(w);
    qk_json_ki64(w, "days_left", r->days_left);
    if (t->kind == QK_TARGET_MEAN) {
        qk_json_key(w, "mean_allowed");
        r->has_allowance ? qk_json_dec(w, r->mean_allowed) : qk_json_null(w);
    } else {
        bool good = t->kind == QK_TARGET_GOOD_DAYS;
        qk_json_ki64(w, "days_of_target", r->total_allowed);
        qk_json_ki64(w,
                     good
                         ? "good_days_may_be_lost"
                         : (t->kind == QK_TARGET_HEAVY_DAYS ? "heavy_days_left" : "over_days_left"),
                     r->days_may);
        if (good)
            qk_json_ki64(w, "good_days_needed",
                         r->total_allowed > r->counted ? r->total_allowed - r->counted : 0);
    }
    qk_json_end(w);
}

static void put_projection(qk_json_writer *w, const qk_target *t, const qk_target_result *r)
{
    int decimals = t->kind == QK_TARGET_MEAN && t->pollutant == QK_CO ? 2 : 1;
    qk_json_key(w, "projection");
    qk_json_object(w);
    put_f64(w, "value", r->projected, decimals);
    qk_json_key(w, "interval");
    qk_json_array(w);
    qk_json_fixed(w, r->low, decimals);
    qk_json_fixed(w, r->high, decimals);
    qk_json_end(w);
    qk_json_kcstr(w, "method",
                  r->past_years ? "rest of the place's own past years" : "persistence");
    qk_json_ki64(w, "past_years", r->past_years);
    qk_json_end(w);
}

static void put_path(qk_json_writer *w, const qk_target_result *r, int32_t year)
{
    char name[16];
    bool any = false;
    for (int m = 0; m < 12; m++)
        if (!isnan(r->month_path[m])) any = true;
    if (!any) return;
    qk_json_key(w, "path");
    qk_json_array(w);
    for (int m = 0; m < 12; m++) {
        if (isnan(r->month_path[m])) continue;
        snprintf(name, sizeof name, "%04d-%02d", year, m + 1);
        qk_json_object(w);
        qk_json_kcstr(w, "month", name);
        put_f64(w, "mean_allowed", r->month_path[m], 1);
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* The same stretch of the year before, both by one edition: year on year. */
static void put_year_before(qk_json_writer *w, const years *all, const qk_target *t,
                            const city_year *now, const city_year *before, int32_t asof)
{
    qk_target_result is, was;
    qk_dec a, b, rate;
    qk_json_key(w, "year_before");
    if (!before) {
        qk_json_null(w);
        return;
    }
    int32_t at = asof - now->one.first_day;
    if (at >= 59) at += before->one.days - now->one.days; /* the same day after a 29 February */
    qk_target_judge(&is, t, &now->one, asof, NULL, 0);
    qk_target_judge(&was, t, &before->one, before->one.first_day + at, NULL, 0);
    qk_json_object(w);
    qk_json_kcstr(w, "standard", all->rule->name);
    put_reached(w, "now", t, &is);
    put_reached(w, "reached", t, &was);
    qk_json_key(w, "change_percent");
    bool known =
        t->kind == QK_TARGET_MEAN && qk_exact_round(&a, is.mean, 6) == QK_OK &&
        qk_exact_round(&b, was.mean, 6) == QK_OK &&
        qk_ratio_round(&rate, qk_change_rate(qk_ratio_dec(a), qk_ratio_dec(b)), 1) == QK_OK;
    known ? qk_json_dec(w, rate) : qk_json_null(w);
    if (t->kind != QK_TARGET_MEAN) qk_json_ki64(w, "change_days", is.counted - was.counted);
    qk_json_end(w);
}

static const city_year *year_of(const years *all, int32_t year)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->year[i]->own.year == year) return all->year[i];
    return NULL;
}

static void put_row_head(qk_json_writer *w, const qk_json_value *row)
{
    static const char *const texts[] = {"metric", "statistic", "op", "unit", "scope", "text"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qk_str text = qk_json_get_str(row, texts[i]);
        qk_json_key(w, texts[i]);
        text.ptr ? qk_json_str(w, text) : qk_json_null(w);
    }
    const qk_json_value *value = qk_json_get(row, "value");
    qk_json_key(w, "value");
    if (value && value->type == QK_JSON_NUMBER)
        qk_json_raw(w, value->text);
    else
        qk_json_null(w);
}

static void put_judged(qk_json_writer *w, const years *all, const qk_target *t,
                       const city_year *now, int32_t asof)
{
    qk_target_result r;
    const qk_year *past[QK_TARGET_PAST_MAX];
    size_t count = 0;
    int32_t year = now->own.year;
    for (size_t i = 0; i < all->count && count < QK_TARGET_PAST_MAX; i++)
        if (all->year[i]->one.year < year) past[count++] = &all->year[i]->one;
    qk_target_judge(&r, t, &now->own, asof, past, count);
    qk_json_kcstr(w, "state", qk_target_state_name(r.state));
    put_reached(w, "reached", t, &r);
    put_allowance(w, t, &r);
    put_projection(w, t, &r);
    put_path(w, &r, year);
    put_year_before(w, all, t, now, year_of(all, year - 1), asof);
}

static void put_target(qk_json_writer *w, const years *all, const qk_json_value *row, int32_t asof)
{
    qk_target t;
    city_year empty;
    int64_t year;
    const char *why = qk_target_read(&t, row);
    if (!qk_json_get_i64(row, "year", &year) || year < 1 || year > 9998) {
        year = 0;
        if (!why) why = "no year";
    }
    qk_json_object(w);
    put_row_head(w, row);
    qk_json_ki64(w, "year", year);
    if (why) {
        qk_json_kcstr(w, "state", "not_judged");
        qk_json_kcstr(w, "why", why);
    } else {
        const city_year *now = year_of(all, (int32_t)year);
        if (!now) {
            qk_year_init(&empty.own, (int32_t)year);
            empty.one = empty.own;
            now = &empty;
        }
        put_judged(w, all, &t, now, asof);
    }
    qk_json_end(w);
}

static qk_code write_targets(const years *all, const qk_json_value *plan, int32_t asof, FILE *file,
                             qk_error *err)
{
    char date[QK_TIME_TEXT];
    qk_buf out;
    qk_json_writer w;
    const qk_json_value *targets = qk_json_get(plan, "targets");
    if (!targets || targets->type != QK_JSON_ARRAY)
        return qk_fail(err, QK_EFORMAT, "the plan has no array 'targets'");
    qk_buf_init(&out, PLAN_MAX);
    qk_json_init(&w, &out);
    qk_json_object(&w);
    qk_json_kcstr(&w, "asof", qk_date_iso(date, (qk_time)asof * QK_DAY - QK_CST_OFFSET));
    qk_json_kcstr(&w, "series", "city");
    qk_json_key(&w, "targets");
    qk_json_array(&w);
    for (const qk_json_value *row = targets->first; row; row = row->next)
        put_target(&w, all, row, asof);
    qk_json_end(&w);
    qk_json_end(&w);
    qk_buf_putc(&out, '\n');
    qk_code code = out.failed;
    if (code != QK_OK) qk_fail(err, code, "the answer does not fit in memory");
    if (code == QK_OK && fwrite(out.ptr, 1, out.len, file) != out.len)
        code = qk_fail_errno(err, errno, "standard output");
    qk_buf_clear(&out);
    return code;
}

qk_code air_target_write(air *a, const char *plan, int32_t asof, FILE *file, qk_error *err)
{
    qk_buf text;
    qk_arena arena;
    qk_json_value *tree;
    years all = {0};
    qk_buf_init(&text, PLAN_MAX);
    qk_arena_init(&arena, (size_t)4 * PLAN_MAX);
    qk_code code = qk_file_read(&text, plan, err);
    if (code == QK_OK) {
        code = qk_json_parse(&tree, qk_buf_str(&text), &arena, err);
        if (code != QK_OK) qk_error_at(err, plan, err->line, err->column);
    }
    if (code == QK_OK) code = fill_years(&all, a, asof, err);
    if (code == QK_OK) code = write_targets(&all, tree, asof, file, err);
    free_years(&all);
    qk_arena_clear(&arena);
    qk_buf_clear(&text);
    return code;
}
