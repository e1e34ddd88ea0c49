/* SPDX-License-Identifier: Apache-2.0 */
/* Yearly targets alive: what is reached, what may still be used up, where the year is heading;
 * their allocation to townships; the path to attainment. */
#include "domain/airtarget.h"
#include "standards/target.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"
#include "web/explain.h"
#include <math.h>
#include <stdlib.h>

enum { PAST_YEARS = 8, PATH_YEARS = 30 };

static int32_t today_of(const qk_exchange *x)
{
    return qk_day_number(qk_clock_now(qk_node_clock(x->context->node)));
}

static int32_t this_year(const qk_exchange *x)
{
    return qk_civil_of((qk_time)today_of(x) * QK_DAY - QK_CST_OFFSET).year;
}

/* ---- years, read once for each scope ---- */

typedef struct years {
    qk_str scope;
    int32_t year;
    qk_year *now;  /* days up to asof, by their own editions */
    qk_year *past; /* PAST_YEARS, by one edition; the last is the year before */
    bool has[PAST_YEARS];
    qk_air_levels levels;
} years;

enum { SCOPES_KEPT = 16, SCOPE_ARENA = 32 << 20 };

typedef struct board {
    qk_exchange *x;
    qk_air_question q;
    int32_t asof, first_year;
    const qk_aqi_rule *one; /* by which years are compared */
    years scopes[SCOPES_KEPT];
    size_t next; /* to be forgotten */
    qk_error *err;
} board;

static bool has_days(const qk_year *y)
{
    for (int32_t d = 0; d < y->days; d++)
        if (y->day[d].flags & QK_DAY_RECORDED) return true;
    return false;
}

static qk_code load_years(board *b, years *y, qk_str scope, int32_t year)
{
    qk_arena *arena = &b->x->arena;
    if (!y->now) y->now = qk_arena_alloc(arena, sizeof *y->now);
    if (!y->past) y->past = qk_arena_array(arena, PAST_YEARS, sizeof *y->past);
    if (!y->now || !y->past)
        return qk_fail(b->err, QK_ENOMEM, "no memory for the years of a target");
    y->year = 0;
    y->scope = scope;
    for (int32_t i = 0; i < PAST_YEARS; i++) {
        qk_air_levels levels = {0};
        y->has[i] = false;
        if (year - PAST_YEARS + i < b->first_year) continue;
        QK_TRY(
            qk_air_scope_year(&y->past[i], &levels, &b->q, scope, year - PAST_YEARS + i, b->err));
        y->has[i] = has_days(&y->past[i]);
        qk_year_judge(&y->past[i], b->one);
    }
    y->levels = (qk_air_levels){0};
    QK_TRY(qk_air_scope_year(y->now, &y->levels, &b->q, scope, year, b->err));
    for (int32_t d = 0; d < y->now->days; d++)
        if (y->now->day[d].day > b->asof) y->now->day[d].flags = 0;
    y->year = year;
    return QK_OK;
}

static qk_code get_years(board *b, years **out, qk_str scope, int32_t year)
{
    for (size_t i = 0; i < SCOPES_KEPT; i++) {
        *out = &b->scopes[i];
        if ((*out)->year == year && qk_str_eq((*out)->scope, scope)) return QK_OK;
    }
    *out = &b->scopes[b->next++ % SCOPES_KEPT];
    return load_years(b, *out, scope, year);
}

/* "全县" and the like are the county; else a code of the register. */
static qk_code find_scope(qk_str *out, board *b, const qk_json_value *row)
{
    qk_air_source *stations;
    qk_arena arena;
    size_t n;
    bool area;
    *out = qk_json_get_str(row, "scope");
    qk_arena_init(&arena, SCOPE_ARENA);
    qk_code code = out->len
                       ? qk_air_scope(&stations, &n, &area, b->q.registry, *out, &arena, b->err)
                       : QK_ENOTFOUND;
    qk_arena_clear(&arena);
    if (code == QK_ENOTFOUND || code == QK_EINVAL) {
        *out = QK_STR("county");
        code = QK_OK;
    }
    return code;
}

/* ---- one target ---- */

static void put_fixed(qk_json_writer *w, const char *name, double v, int decimals)
{
    qk_json_key(w, name);
    qk_json_fixed(w, v, decimals);
}

static int decimals_of(const qk_target *t)
{
    return t->kind == QK_TARGET_MEAN && t->pollutant == QK_CO ? 2 : 1;
}

static void put_reached(qk_json_writer *w, const char *name, const qk_target *t,
                        const qk_target_result *r)
{
    qk_dec d;
    qk_json_key(w, name);
    qk_json_object(w);
    qk_json_ki64(w, "valid_days", r->valid_days);
    qk_json_key(w, "value");
    if (t->kind == QK_TARGET_MEAN)
        qk_exact_round(&d, r->mean, decimals_of(t)) == QK_OK ? qk_json_dec(w, d) : qk_json_null(w);
    else if (!t->is_ratio)
        qk_json_i64(w, r->counted);
    else if (qk_ratio_round(&d, qk_percent(r->counted, r->valid_days), 1) == QK_OK)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
    qk_json_key(w, "days");
    t->kind == QK_TARGET_MEAN ? qk_json_null(w) : qk_json_i64(w, r->counted);
    qk_json_end(w);
}

typedef struct words {
    const char *zh[2], *en[2]; /* before and behind the number */
} words;

/* What may still be used up, in one sentence. */
static void say_allowance(char zh[160], char en[160], const qk_target *t, const qk_target_result *r)
{
    static const words left[] = {
        [QK_TARGET_MEAN] = {{"余下日期平均不得高于 ", ""},
                            {"the rest of the year may average ", ""}},
        [QK_TARGET_GOOD_DAYS] = {{"优良天数还可损失 ", " 天"},
                                 {"", " good days may still be lost"}},
        [QK_TARGET_HEAVY_DAYS] = {{"重污染天还可有 ", " 天"}, {"", " heavy days left"}},
        [QK_TARGET_OZONE_OVER] = {{"臭氧超标还可有 ", " 天"}, {"", " days above the limit left"}},
    };
    static const words over[] = {
        [QK_TARGET_MEAN] = {{"已无法达到：余下平均须为 -", ""}, {"out of reach: would need -", ""}},
        [QK_TARGET_GOOD_DAYS] = {{"优良天数已少 ", " 天"}, {"short of ", " good days for good"}},
        [QK_TARGET_HEAVY_DAYS] = {{"重污染天已多 ", " 天"}, {"", " heavy days too many"}},
        [QK_TARGET_OZONE_OVER] = {{"臭氧超标已多 ", " 天"}, {"", " days above the limit too many"}},
    };
    char number[QK_DEC_TEXT];
    qk_dec d = t->kind == QK_TARGET_MEAN ? r->mean_allowed : (qk_dec){r->days_may, 0};
    const words *text = d.mantissa < 0 ? &over[t->kind] : &left[t->kind];
    zh[0] = en[0] = 0;
    if (!r->has_allowance) return;
    if (d.mantissa < 0) d.mantissa = -d.mantissa;
    qk_dec_format(number, d);
    snprintf(zh, 160, "%s%s%s", text->zh[0], number, text->zh[1]);
    snprintf(en, 160, "%s%s%s", text->en[0], number, text->en[1]);
}

static void put_allowance(qk_json_writer *w, const qk_target *t, const qk_target_result *r)
{
    char zh[160], en[160];
    bool mean = t->kind == QK_TARGET_MEAN;
    say_allowance(zh, en, t, r);
    qk_json_key(w, "allowance");
    qk_json_object(w);
    qk_json_ki64(w, "days_left", r->days_left);
    qk_json_key(w, "mean_allowed");
    mean && r->has_allowance ? qk_json_dec(w, r->mean_allowed) : qk_json_null(w);
    qk_json_key(w, "days_of_target");
    mean ? qk_json_null(w) : qk_json_i64(w, r->total_allowed);
    qk_json_key(w, "days_may");
    mean ? qk_json_null(w) : qk_json_i64(w, r->days_may);
    qk_json_ktext(w, "zh", zh);
    qk_json_ktext(w, "en", en);
    qk_json_end(w);
}

static void put_projection(qk_json_writer *w, const qk_target *t, const qk_target_result *r)
{
    qk_json_key(w, "projection");
    qk_json_object(w);
    put_fixed(w, "value", r->projected, decimals_of(t));
    put_fixed(w, "low", r->low, decimals_of(t));
    put_fixed(w, "high", r->high, decimals_of(t));
    qk_json_ki64(w, "confidence_percent", 80);
    qk_json_ki64(w, "past_years", r->past_years);
    qk_json_kcstr(w, "zh",
                  r->past_years ? "余下日期按本地往年同期推算：浓度取往年“余下/"
                                  "此前”之比，天数取往年发生率；区间为往年离散"
                                  "程度的 80% 预测区间（t 分布）。"
                                : "没有往年数据：按今年至今的水平延续，不给区间。");
    qk_json_kcstr(w, "en",
                  r->past_years
                      ? "The rest of the year as in the place's own past years: for means "
                        "their ratio of rest to beginning, for days their rate; the "
                        "interval is the 80 % prediction interval (Student's t) of their "
                        "spread."
                      : "No past year: this year so far is carried on, without interval.");
    qk_json_end(w);
}

/* Days of the month that a figure of it can rest on. */
static int32_t month_days(const qk_target *t, const qk_period *p)
{
    if (t->kind == QK_TARGET_MEAN) return p->item[t->pollutant].days;
    return t->kind == QK_TARGET_OZONE_OVER ? p->item[QK_O3].days : p->count.valid;
}

static void put_path(qk_json_writer *w, const qk_target *t, const qk_target_result *r,
                     const qk_year *now, int32_t asof)
{
    char name[16];
    qk_json_key(w, "path");
    qk_json_array(w);
    for (int32_t m = t->month_from; m <= t->month_to; m++) {
        qk_period p;
        qk_year_month(&p, now, m);
        snprintf(name, sizeof name, "%04d-%02d", now->year, m);
        qk_json_object(w);
        qk_json_kcstr(w, "month", name);
        qk_json_kbool(w, "over", p.to_day <= asof);
        bool mean = t->kind == QK_TARGET_MEAN;
        int32_t valid = month_days(t, &p);
        qk_exact none = {0, 0};
        qk_air_exact_json(w, "actual", mean && valid ? qk_period_value(&p, t->pollutant) : none,
                          decimals_of(t));
        qk_json_key(w, "days");
        if (mean || !valid)
            qk_json_null(w);
        else
            qk_json_i64(w, t->kind == QK_TARGET_GOOD_DAYS    ? p.count.good
                           : t->kind == QK_TARGET_HEAVY_DAYS ? p.count.heavy
                                                             : p.o3_over_days);
        qk_json_ki64(w, "valid_days", valid);
        qk_json_kcstr(w, "reason", valid ? NULL : p.from_day > asof ? "future" : "no_data");
        put_fixed(w, "mean_allowed", r->month_path[m - 1], decimals_of(t));
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* The same stretch of the year before; both years by the edition of `asof`. */
static void put_year_before(qk_json_writer *w, const board *b, const qk_target *t,
                            const qk_year *now, const qk_year *before)
{
    qk_target_result is, was;
    qk_dec a, c, rate;
    qk_year *copy = before ? malloc(2 * sizeof *copy) : NULL;
    qk_json_key(w, "year_before");
    if (!copy) {
        qk_json_null(w);
        return;
    }
    copy[0] = *now;
    copy[1] = *before;
    qk_year_judge(&copy[0], b->one);
    qk_year_judge(&copy[1], b->one);
    int32_t at = b->asof - now->first_day;
    if (at >= 59) at += before->days - now->days;
    qk_target_judge(&is, t, &copy[0], b->asof, NULL, 0);
    qk_target_judge(&was, t, &copy[1], before->first_day + at, NULL, 0);
    qk_json_object(w);
    qk_json_kcstr(w, "standard", b->one->name);
    put_reached(w, "now", t, &is);
    put_reached(w, "before", t, &was);
    bool known =
        t->kind == QK_TARGET_MEAN && qk_exact_round(&a, is.mean, 6) == QK_OK &&
        qk_exact_round(&c, was.mean, 6) == QK_OK &&
        qk_ratio_round(&rate, qk_change_rate(qk_ratio_dec(a), qk_ratio_dec(c)), 1) == QK_OK;
    qk_json_key(w, "change_percent");
    known ? qk_json_dec(w, rate) : qk_json_null(w);
    qk_json_key(w, "change_days");
    t->kind == QK_TARGET_MEAN ? qk_json_null(w) : qk_json_i64(w, is.counted - was.counted);
    qk_json_end(w);
    free(copy);
}

typedef struct judged {
    qk_target_result r;
    years *y;
} judged;

static qk_code judge_row(judged *j, board *b, const qk_target *t, qk_str scope, int32_t year)
{
    const qk_year *past[PAST_YEARS];
    size_t n = 0;
    QK_TRY(get_years(b, &j->y, scope, year));
    for (int i = 0; i < PAST_YEARS; i++)
        if (j->y->has[i]) past[n++] = &j->y->past[i];
    qk_target_judge(&j->r, t, j->y->now, b->asof, past, n);
    return QK_OK;
}

static qk_code put_judged(board *b, const qk_target *t, qk_str scope, int32_t year)
{
    judged j = {0};
    qk_json_writer *w = &b->x->json;
    QK_TRY(judge_row(&j, b, t, scope, year));
    qk_json_kcstr(w, "state", qk_target_state_name(j.r.state));
    qk_json_knull(w, "why");
    put_reached(w, "reached", t, &j.r);
    put_allowance(w, t, &j.r);
    put_projection(w, t, &j.r);
    put_path(w, t, &j.r, j.y->now, b->asof);
    put_year_before(w, b, t, j.y->now,
                    j.y->has[PAST_YEARS - 1] ? &j.y->past[PAST_YEARS - 1] : NULL);
    qk_air_levels_json(w, &j.y->levels);
    return QK_OK;
}

static void put_row(qk_json_writer *w, const qk_json_value *row)
{
    static const char *const texts[] = {"metric", "statistic", "op",    "unit",
                                        "text",   "months",    "source"};
    const qk_json_value *value = qk_json_get(row, "value");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        qk_str text = qk_json_get_str(row, texts[i]);
        qk_json_key(w, texts[i]);
        text.len ? qk_json_str(w, text) : qk_json_null(w);
    }
    qk_json_key(w, "value");
    value && value->type == QK_JSON_NUMBER ? qk_json_raw(w, value->text) : qk_json_null(w);
}

static void put_nothing(qk_json_writer *w, const char *why)
{
    static const char *const members[] = {"reached",     "allowance", "projection", "path",
                                          "year_before", "levels",    NULL};
    qk_json_kcstr(w, "state", "not_judged");
    qk_json_kcstr(w, "why", why);
    for (size_t i = 0; members[i]; i++) qk_json_knull(w, members[i]);
}

static qk_code put_target(board *b, const qk_json_value *row)
{
    static const char *const kinds[] = {"mean", "good_days", "heavy_days", "ozone_over"};
    qk_target t;
    int64_t year = 0;
    qk_json_writer *w = &b->x->json;
    qk_str scope;
    QK_TRY(find_scope(&scope, b, row));
    const char *why = qk_target_read(&t, row);
    if (!qk_json_get_i64(row, "year", &year) || year < 1990 || year > 2200) {
        year = 0;
        if (!why) why = "no year";
    }
    qk_json_object(w);
    put_row(w, row);
    qk_json_kstr(w, "scope", scope);
    qk_json_ki64(w, "year", year);
    qk_json_kcstr(w, "kind", why ? NULL : kinds[t.kind]);
    qk_json_kcstr(w, "item",
                  !why && t.kind == QK_TARGET_MEAN ? qk_pollutant_name(t.pollutant) : NULL);
    if (why)
        put_nothing(w, why);
    else
        QK_TRY(put_judged(b, &t, scope, (int32_t)year));
    qk_json_end(w);
    return QK_OK;
}

static qk_code open_board(board **out, qk_exchange *x, const qk_json_value **rows, int64_t *version,
                          qk_error *err)
{
    board *b = *out = qk_arena_alloc(&x->arena, sizeof *b);
    if (!b) return qk_fail(err, QK_ENOMEM, "no memory for the targets");
    b->x = x;
    b->err = err;
    QK_TRY(qk_air_asked(&b->q, x, err));
    QK_TRY(qk_airtarget_rows(rows, version, x->tools->db, &x->arena, err));
    b->asof = today_of(x) - 1;
    if (qk_query_given(x, "asof")) b->asof = qk_day_number(qk_query_time(x, "asof", 0));
    QK_TRY(qk_air_first_year(&b->first_year, x->tools->db, this_year(x), err));
    b->one = b->q.rule ? b->q.rule : qk_rules_aqi_on(b->q.rules, b->asof);
    return QK_OK;
}

qk_code qk_api_air_targets(qk_exchange *x, qk_error *err)
{
    char date[QK_TIME_TEXT];
    const qk_json_value *rows = NULL;
    int64_t version = 0;
    board *b;
    QK_TRY(open_board(&b, x, &rows, &version, err));
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "asof", qk_air_date(date, b->asof));
    qk_air_asked_json(&x->json, &b->q);
    qk_json_ki64(&x->json, "row_version", version);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (const qk_json_value *row = rows ? rows->first : NULL; row; row = row->next)
        QK_TRY(put_target(b, row));
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- how what is left comes about ---- */

static void tell_mean(qk_telling *told, const qk_target *t, const qk_target_result *r)
{
    char mean[QK_DEC_TEXT], goal[QK_DEC_TEXT], left[QK_DEC_TEXT];
    qk_dec_format(goal, t->value);
    qk_tell_exact_text(mean, r->mean, 4);
    if (!r->has_allowance) {
        qk_tell_step(told, "%d 天的评价值 %s，目标 %s", "%d days amount to %s, target %s",
                     r->valid_days, mean, goal);
        return;
    }
    qk_tell_step(told, "余下平均 = (%s × (%d + %d) - %s × %d) / %d = %s",
                 "rest = (%s x (%d + %d) - %s x %d) / %d = %s", goal, r->valid_days, r->days_left,
                 mean, r->valid_days, r->days_left, qk_dec_format(left, r->mean_allowed));
}

static void tell_days(qk_telling *told, const qk_target *t, const qk_target_result *r)
{
    char goal[QK_DEC_TEXT];
    qk_dec_format(goal, t->value);
    if (t->is_ratio)
        qk_tell_step(told, "全年 %s %% × (%d + %d) 天，取整为 %d 天",
                     "%s %% of (%d + %d) days come to %d whole days", goal, r->valid_days,
                     r->days_left, r->total_allowed);
    if (t->kind == QK_TARGET_GOOD_DAYS)
        qk_tell_step(told, "还可损失 = 余 %d 天 - (须有 %d 天 - 已有 %d 天) = %d 天",
                     "may be lost = %d days left - (%d needed - %d so far) = %d", r->days_left,
                     r->total_allowed, r->counted, r->days_may);
    else
        qk_tell_step(told, "还可有 = 上限 %d 天 - 已有 %d 天 = %d 天",
                     "may still come = %d at most - %d so far = %d", r->total_allowed, r->counted,
                     r->days_may);
}

static void tell_projection(qk_telling *told, const qk_target_result *r)
{
    if (!isnan(r->projected))
        qk_tell_step(told, "预计全年 %.1f，依据往年 %d 年同期", "projected %.1f from %d past years",
                     r->projected, r->past_years);
    if (!isnan(r->low))
        qk_tell_step(told, "80 %% 预测区间 %.1f 至 %.1f（t 分布）",
                     "80 %% prediction interval %.1f to %.1f (Student's t)", r->low, r->high);
}

static qk_code tell_target(qk_telling *told, board *b, const qk_json_value *row, const qk_target *t)
{
    judged j = {0};
    int64_t year = 0;
    char date[QK_TIME_TEXT], source[QK_AIRTARGET_SOURCE_MAX + 1] = "";
    bool mean = t->kind == QK_TARGET_MEAN;
    if (!qk_json_get_i64(row, "year", &year) || year < 1990 || year > 2200)
        return qk_fail(told->err, QK_ENOTFOUND, "the target has no year");
    QK_TRY(find_scope(&told->scope, b, row));
    QK_TRY(judge_row(&j, b, t, told->scope, (int32_t)year));
    qk_str from = qk_json_get_str(row, "source");
    qk_str_copy(source, sizeof source, from.len ? from : qk_json_get_str(row, "text"));
    const qk_tell_heading h = {"余下的日子还可用多少，使全年正好等于目标",
                               "What the days left may come to, the year just meeting the target",
                               mean ? "C_rest = (C_target × (N + R) - Σ C_d) / R"
                               : t->kind == QK_TARGET_GOOD_DAYS ? "n_lost = R - (n_target - n)"
                                                                : "n_rest = n_target - n",
                               source,
                               source,
                               NULL,
                               NULL,
                               INT32_MIN};
    qk_tell_begin(told, "target", &h);
    qk_tell_input(told, "截至", "to", qk_air_date(date, b->asof));
    qk_tell_number(told, "有效天数 N", "valid days N", j.r.valid_days);
    qk_tell_number(told, "余下天数 R", "days left R", j.r.days_left);
    if (mean)
        qk_tell_exact(told, "已达", "reached", j.r.mean, 4);
    else
        qk_tell_number(told, "已有天数 n", "days so far n", j.r.counted);
    qk_tell_steps(told);
    mean ? tell_mean(told, t, &j.r) : tell_days(told, t, &j.r);
    tell_projection(told, &j.r);
    qk_tell_finish(told, mean ? j.r.mean_allowed : (qk_dec){j.r.days_may, 0}, j.r.has_allowance);
    return QK_OK;
}

qk_code qk_explain_target(qk_telling *told)
{
    const qk_json_value *rows = NULL, *row;
    int64_t version = 0, at = qk_query_int(told->x, "row", 0);
    qk_target t;
    board *b;
    QK_TRY(open_board(&b, told->x, &rows, &version, told->err));
    for (row = rows ? rows->first : NULL; row && at > 0; row = row->next) at--;
    const char *why = row ? qk_target_read(&t, row) : "there is no such target";
    if (why) return qk_fail(told->err, QK_ENOTFOUND, "%s", why);
    return tell_target(told, b, row, &t);
}

/* ---- setting them ---- */

typedef struct allocation {
    qk_air_question q;
    qk_airtarget_shares shares;
    qk_pollutant item;
    qk_dec target;
    int32_t base_year;
    bool by_stations;
} allocation;

typedef struct target_change {
    const qk_json_value *rows;
    const qk_json_value *plan;
    qk_str source;
    const allocation *shares;
    int32_t year;
    int64_t seen;
    char person[QK_AIR_PERSON_MAX];
} target_change;

static void note_targets(qk_exchange *x, qk_change_note *note, int64_t version)
{
    snprintf(note->what, sizeof note->what, "air.targets");
    snprintf(note->object, sizeof note->object, "setting/air.targets");
    qk_buf_printf(&note->detail, "{\"row_version\":%lld}", (long long)version);
    qk_json_ki64(&x->json, "row_version", version);
}

static qk_code put_targets(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    target_change *c = context;
    QK_TRY(qk_airtarget_put(db, c->rows, c->seen, qk_str_of(c->person), now, err));
    qk_json_object(&x->json);
    note_targets(x, note, c->seen + 1);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_targets_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "targets", "person", NULL};
    const qk_json_value *body = NULL;
    target_change c = {.seen = -1};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (!qk_json_get_i64(body, "row_version", &c.seen) || c.seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen; 0 = none");
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    c.rows = qk_json_get(body, "targets");
    qk_code code = qk_change_run(x, put_targets, &c, err);
    if (code == QK_EINVAL && x->status == 0)
        return qk_refuse(x, err, 400, "bad_body", "targets", "%s", err->message);
    return code;
}

static qk_code take_plan(qk_exchange *x, void *context, qk_db *db, qk_time now,
                         qk_change_note *note, qk_error *err)
{
    target_change *c = context;
    const qk_json_value *rows;
    size_t taken = 0;
    int64_t version = 0;
    QK_TRY(qk_airtarget_from_tree(&taken, db, c->plan, c->source, qk_str_of(c->person), now, err));
    QK_TRY(qk_airtarget_rows(&rows, &version, db, &x->arena, err));
    qk_json_object(&x->json);
    note_targets(x, note, version);
    qk_json_ki64(&x->json, "taken", (int64_t)taken);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_targets_plan(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"plan", "source", "person", NULL};
    const qk_json_value *body = NULL;
    target_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    c.plan = qk_json_get(body, "plan");
    c.source = qk_json_get_str(body, "source");
    qk_code code = qk_change_run(x, take_plan, &c, err);
    if ((code == QK_EINVAL || code == QK_EFORMAT) && x->status == 0)
        return qk_refuse(x, err, 422, "no_plan", "plan", "%s", err->message);
    return code;
}

/* ---- allocation to townships ---- */

static qk_code read_item(qk_exchange *x, qk_str given, qk_pollutant *out, qk_error *err)
{
    char name[16] = "PM2.5";
    if (given.len) qk_str_copy(name, sizeof name, given);
    *out = qk_air_pollutant(name);
    if (*out != QK_POLLUTANTS) return QK_OK;
    return qk_refuse(x, err, 400, "bad_parameter", "item",
                     "item is SO2, NO2, CO, O3, PM10 or PM2.5");
}

static void put_shares(qk_json_writer *w, const qk_airtarget_shares *a)
{
    qk_dec d;
    bool known;
    qk_json_key(w, "items");
    qk_json_array(w);
    for (size_t i = 0; i < a->n; i++) {
        const qk_airtarget_share *share = &a->items[i];
        qk_json_object(w);
        qk_json_kcstr(w, "id", share->code);
        qk_json_kcstr(w, "name_zh", share->name_zh);
        qk_json_kcstr(w, "name_en", share->name_en);
        qk_json_key(w, "own");
        qk_json_dec(w, share->own);
        qk_json_key(w, "weight");
        qk_json_dec(w, share->weight);
        qk_json_key(w, "target");
        qk_json_dec(w, share->target);
        qk_json_key(w, "change_percent");
        known = qk_ratio_round(
                    &d, qk_change_rate(qk_ratio_dec(share->target), qk_ratio_dec(share->own)), 1) ==
                QK_OK;
        known ? qk_json_dec(w, d) : qk_json_null(w);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_key(w, "without_data");
    qk_json_array(w);
    for (size_t i = 0; i < a->without_n; i++) qk_json_cstr(w, a->without[i]);
    qk_json_end(w);
    qk_json_key(w, "weighted_mean");
    qk_ratio_round(&d, a->weighted_mean, 4) == QK_OK ? qk_json_dec(w, d) : qk_json_null(w);
    qk_json_kbool(w, "meets", a->meets);
    qk_json_kcstr(
        w, "zh",
        "各镇目标 = 县目标 × 本镇基准值 ÷ 各镇基准值加权平均，舍去到 0.1；加权平均不高于县目标。");
    qk_json_kcstr(
        w, "en",
        "A township's target = the county's target x its own base value / the weighted mean "
        "of base values, cut to 0.1; their weighted mean does not exceed the county's.");
}

static qk_airtarget_share *share_named(const qk_airtarget_shares *a, qk_str code)
{
    for (size_t i = 0; i < a->n; i++)
        if (qk_str_eq(code, qk_str_of(a->items[i].code))) return &a->items[i];
    return NULL;
}

/* What people would rather give to some townships, "code:value,code:value", and what the mean comes
 * to then. */
static qk_code take_wishes(qk_airtarget_shares *a, qk_exchange *x, qk_str wishes, qk_dec target,
                           qk_error *err)
{
    qk_dec *given = qk_arena_array(&x->arena, a->n + 1, sizeof *given);
    qk_dec *weight = qk_arena_array(&x->arena, a->n + 1, sizeof *weight);
    if (!given || !weight) return qk_fail(err, QK_ENOMEM, "no memory for the shares");
    while (wishes.len) {
        qk_str one = qk_str_cut(&wishes, ','), code = qk_str_cut(&one, ':');
        qk_airtarget_share *share = share_named(a, code);
        if (!share || qk_dec_parse(&share->target, one) != QK_OK || share->target.mantissa <= 0)
            return qk_refuse(x, err, 400, "bad_parameter", "set",
                             "%.*s: a township with data and a number above 0, as 410001:43.5",
                             QK_STR_ARG(code));
    }
    for (size_t i = 0; i < a->n; i++) {
        given[i] = a->items[i].target;
        weight[i] = a->items[i].weight;
    }
    a->weighted_mean = qk_target_weighted_mean(given, weight, a->n);
    a->meets = qk_ratio_there(a->weighted_mean) &&
               qk_ratio_cmp(a->weighted_mean, qk_ratio_dec(target)) <= 0;
    return QK_OK;
}

static qk_code allocate(qk_exchange *x, allocation *a, qk_str wishes, qk_error *err)
{
    QK_TRY(qk_air_asked(&a->q, x, err));
    qk_code code = qk_airtarget_allocate(&a->shares, &a->q, a->item, a->target, a->base_year,
                                         a->by_stations, &x->arena, err);
    if (code == QK_ERANGE)
        return qk_refuse(x, err, 422, "range", "target", "the shares cannot be reckoned exactly");
    if (code || !wishes.len) return code;
    return take_wishes(&a->shares, x, wishes, a->target, err);
}

static void put_allocation(qk_json_writer *w, const allocation *a)
{
    qk_air_asked_json(w, &a->q);
    qk_json_kcstr(w, "item", qk_pollutant_name(a->item));
    qk_json_ki64(w, "base_year", a->base_year);
    qk_json_kcstr(w, "weight", a->by_stations ? "stations" : "equal");
    qk_json_key(w, "target");
    qk_json_dec(w, a->target);
    put_shares(w, &a->shares);
}

qk_code qk_api_air_allocation(qk_exchange *x, qk_error *err)
{
    allocation a = {.base_year = (int32_t)qk_query_int(x, "base_year", this_year(x) - 1),
                    .by_stations = !qk_str_eq(qk_query_str(x, "weight"), QK_STR("equal"))};
    QK_TRY(read_item(x, qk_query_str(x, "item"), &a.item, err));
    if (qk_dec_parse(&a.target, qk_query_str(x, "target")) != QK_OK || a.target.mantissa <= 0)
        return qk_refuse(x, err, 400, "bad_parameter", "target", "target is a number above 0");
    QK_TRY(allocate(x, &a, qk_query_str(x, "set"), err));
    qk_json_object(&x->json);
    put_allocation(&x->json, &a);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code keep_shares(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    target_change *c = context;
    int64_t version = 0;
    QK_TRY(qk_airtarget_keep_shares(&version, db, &c->shares->shares, c->shares->item, c->year,
                                    c->source, qk_str_of(c->person), now, err));
    qk_json_object(&x->json);
    put_allocation(&x->json, c->shares);
    note_targets(x, note, version);
    qk_json_ki64(&x->json, "year", c->year);
    qk_json_kstr(&x->json, "source", c->source);
    qk_json_end(&x->json);
    return QK_OK;
}

/* "《source》…" of the allocation itself, where the body names none. */
static qk_str name_allocation(qk_exchange *x, const allocation *a, int32_t year, qk_str given)
{
    char text[QK_AIRTARGET_SOURCE_MAX], number[QK_DEC_TEXT];
    if (given.len) return given;
    snprintf(text, sizeof text, "县目标 %s %s（%d 年）分解到镇", qk_pollutant_name(a->item),
             qk_dec_format(number, a->target), (int)year);
    const char *copy = qk_arena_copy(&x->arena, text, strlen(text));
    return copy ? (qk_str){copy, strlen(text)} : (qk_str){NULL, 0};
}

qk_code qk_api_air_allocation_post(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"item", "target", "year",   "base_year", "weight",
                                          "set",  "source", "person", NULL};
    const qk_json_value *body = NULL, *target;
    int64_t year = this_year(x), base = 0;
    target_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    allocation a = {.by_stations = !qk_str_eq(qk_json_get_str(body, "weight"), QK_STR("equal"))};
    QK_TRY(read_item(x, qk_json_get_str(body, "item"), &a.item, err));
    target = qk_json_get(body, "target");
    if (!target || target->type != QK_JSON_NUMBER ||
        qk_dec_parse(&a.target, target->text) != QK_OK || a.target.mantissa <= 0)
        return qk_refuse(x, err, 400, "bad_body", "target", "target is a number above 0");
    (void)qk_json_get_i64(body, "year", &year);
    if (!qk_json_get_i64(body, "base_year", &base)) base = year - 1;
    if (year < 1991 || year > 2200 || base < 1990 || base >= year)
        return qk_refuse(x, err, 400, "bad_body", "year", "base_year lies before year");
    a.base_year = (int32_t)base;
    c.shares = &a;
    c.year = (int32_t)year;
    c.source = name_allocation(x, &a, c.year, qk_json_get_str(body, "source"));
    QK_TRY(allocate(x, &a, qk_json_get_str(body, "set"), err));
    if (!a.shares.n)
        return qk_refuse(x, err, 422, "no_data", "base_year", "no township has a value of %d",
                         (int)base);
    if (!a.shares.meets)
        return qk_refuse(x, err, 422, "allocation_misses", "set",
                         "the weighted mean of the townships lies above the county's target");
    return qk_change_run(x, keep_shares, &c, err);
}

/* ---- attainment ---- */

static int32_t last_day_of(int32_t year)
{
    qk_time t = 0;
    qk_civil c = {.year = year, .month = 12, .day = 31};
    return qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : 0;
}

static qk_dec limit_of(const qk_air_question *q, qk_pollutant p, int32_t year, const char **name)
{
    const qk_limits *limits = qk_rules_limits_on(q->rules, last_day_of(year));
    qk_averaging a = p == QK_CO ? QK_AVG_DAY : p == QK_O3 ? QK_AVG_8H : QK_AVG_YEAR;
    *name = limits->name;
    return qk_limit_get(limits, qk_limit_item_of(p), a, 2);
}

static qk_code year_value(qk_dec *out, bool *there, const qk_air_question *q, qk_str scope,
                          qk_pollutant p, int32_t year, qk_error *err)
{
    qk_air_levels levels = {0};
    qk_period period;
    qk_year *y = malloc(sizeof *y);
    if (!y) return qk_fail(err, QK_ENOMEM, "no memory for a year");
    qk_code code = qk_air_scope_year(y, &levels, q, scope, year, err);
    if (!code) {
        qk_year_total(&period, y);
        *there = qk_exact_round(out, qk_period_value(&period, p), p == QK_CO ? 2 : 1) == QK_OK;
    }
    free(y);
    return code;
}

static qk_code put_step(qk_exchange *x, const qk_air_question *q, qk_str scope, qk_pollutant p,
                        int32_t year, qk_dec path, qk_error *err)
{
    qk_json_writer *w = &x->json;
    const char *edition;
    qk_dec limit = limit_of(q, p, year, &edition), actual = {0, 0}, gap;
    bool there = false;
    QK_TRY(year_value(&actual, &there, q, scope, p, year, err));
    qk_dec held = there ? actual : path;
    bool known = qk_dec_sub(&gap, held, limit) == QK_OK;
    qk_json_object(w);
    qk_json_ki64(w, "year", year);
    qk_json_key(w, "path");
    qk_json_dec(w, path);
    qk_json_key(w, "actual");
    there ? qk_json_dec(w, actual) : qk_json_null(w);
    qk_json_key(w, "limit");
    qk_json_dec(w, limit);
    qk_json_kcstr(w, "edition", edition);
    qk_json_key(w, "gap");
    known ? qk_json_dec(w, gap) : qk_json_null(w);
    qk_json_kbool(w, "meets", qk_dec_cmp(held, limit) <= 0);
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_api_air_attainment(qk_exchange *x, qk_error *err)
{
    qk_air_question q;
    qk_pollutant p;
    qk_dec base = {0, 0}, path[PATH_YEARS];
    const char *edition;
    bool there = false;
    int32_t from = (int32_t)qk_query_int(x, "base_year", this_year(x) - 1);
    int32_t to = (int32_t)qk_query_int(x, "target_year", 2035);
    qk_str scope = qk_query_str(x, "scope");
    if (!scope.len) scope = QK_STR("county");
    QK_TRY(read_item(x, qk_query_str(x, "item"), &p, err));
    if (to <= from || to - from > PATH_YEARS)
        return qk_refuse(x, err, 400, "bad_parameter", "target_year",
                         "1 to %d years behind base_year", PATH_YEARS);
    QK_TRY(qk_air_asked(&q, x, err));
    QK_TRY(year_value(&base, &there, &q, scope, p, from, err));
    qk_dec goal = limit_of(&q, p, to, &edition);
    there = there && qk_target_path(path, base, goal, (size_t)(to - from)) == QK_OK;
    qk_json_object(&x->json);
    qk_json_kstr(&x->json, "scope", scope);
    qk_air_asked_json(&x->json, &q);
    qk_json_kcstr(&x->json, "item", qk_pollutant_name(p));
    qk_json_ki64(&x->json, "base_year", from);
    qk_json_key(&x->json, "base");
    there ? qk_json_dec(&x->json, base) : qk_json_null(&x->json);
    qk_json_key(&x->json, "goal");
    qk_json_dec(&x->json, goal);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (int32_t i = 0; there && i < to - from; i++)
        QK_TRY(put_step(x, &q, scope, p, from + 1 + i, path[i], err));
    qk_json_end(&x->json);
    qk_json_kcstr(
        &x->json, "zh",
        "从基准年起逐年等量下降，至目标年达到届时执行标准的二级限值；各年差距按当年执行的限值计。");
    qk_json_kcstr(
        &x->json, "en",
        "Equal steps a year from the base year down to the grade II limit in force in the "
        "target year; each year's gap is against the limit in force then.");
    qk_json_end(&x->json);
    return QK_OK;
}
