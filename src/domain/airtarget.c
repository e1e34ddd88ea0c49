/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airtarget.h"
#include "standards/target.h"
#include <stdio.h>

#define KEY "air.targets"
enum { PLAN_ARENA = 64 << 20 };

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the targets");
}

qk_code qk_airtarget_rows(const qk_json_value **rows, int64_t *version, qk_db *db, qk_arena *arena,
                          qk_error *err)
{
    qk_json_value *tree = NULL;
    sqlite3_stmt *s = NULL;
    *rows = NULL;
    *version = 0;
    QK_TRY(qk_db_prepare(&s, db, "SELECT value,version FROM setting WHERE key=?", err));
    qk_db_bind_str(s, 1, QK_STR(KEY));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    qk_str value = qk_db_text(s, 0);
    qk_str text = {qk_arena_copy(arena, value.ptr, value.len), value.len};
    *version = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    if (!text.ptr) return no_memory(err);
    QK_TRY(qk_json_parse(&tree, text, arena, err));
    *rows = tree;
    return QK_OK;
}

/* ---- writing ---- */

static void put_source(qk_json_writer *w, qk_str source)
{
    if (source.len > QK_AIRTARGET_SOURCE_MAX) source.len = QK_AIRTARGET_SOURCE_MAX;
    if (source.len) qk_json_kstr(w, "source", source);
}

/* Only the members of the plan's form; year 0 = as the row says. */
static qk_code write_row(qk_json_writer *w, const qk_json_value *row, qk_str source, int64_t year,
                         qk_error *err)
{
    static const char *const members[] = {"metric", "statistic", "op",     "value", "value2",
                                          "unit",   "scope",     "months", "text"};
    int64_t own = 0;
    if (row->type != QK_JSON_OBJECT || !qk_json_get_str(row, "metric").len)
        return qk_fail(err, QK_EINVAL, "a target is a row with a metric");
    qk_json_object(w);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const qk_json_value *v = qk_json_get(row, members[i]);
        if (!v || (v->type != QK_JSON_STRING && v->type != QK_JSON_NUMBER)) continue;
        qk_json_key(w, members[i]);
        v->type == QK_JSON_STRING ? qk_json_str(w, v->text) : qk_json_raw(w, v->text);
    }
    if (qk_json_get_i64(row, "year", &own)) year = own;
    if (year) qk_json_ki64(w, "year", year);
    put_source(w, source.len ? source : qk_json_get_str(row, "source"));
    qk_json_end(w);
    return QK_OK;
}

static qk_code write_rows(qk_json_writer *w, const qk_json_value *rows, qk_str source, int64_t year,
                          qk_error *err)
{
    if (!rows || rows->type != QK_JSON_ARRAY)
        return qk_fail(err, QK_EINVAL, "targets are a list of rows");
    for (const qk_json_value *row = rows->first; row; row = row->next)
        QK_TRY(write_row(w, row, source, year, err));
    return QK_OK;
}

static qk_code put_text(qk_db *db, qk_buf *text, size_t count, int64_t seen, qk_str by, qk_time now,
                        qk_error *err)
{
    if (count > QK_AIRTARGET_MAX)
        return qk_fail(err, QK_EINVAL, "at most %d targets", QK_AIRTARGET_MAX);
    if (text->failed) return qk_fail(err, text->failed, "too many targets");
    return qk_setting_put(db, KEY, qk_buf_str(text), seen, by, now, err);
}

qk_code qk_airtarget_put(qk_db *db, const qk_json_value *rows, int64_t seen, qk_str by, qk_time now,
                         qk_error *err)
{
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, QK_AIRTARGET_TEXT_MAX);
    qk_json_init(&w, &text);
    qk_json_array(&w);
    qk_code code = write_rows(&w, rows, QK_STR(""), 0, err);
    qk_json_end(&w);
    if (!code) code = put_text(db, &text, rows->count, seen, by, now, err);
    qk_buf_clear(&text);
    return code;
}

static qk_code merge_rows(int64_t *version, qk_db *db, const qk_json_value *rows, qk_str source,
                          int64_t year, qk_str by, qk_time now, qk_arena *arena, qk_error *err)
{
    const qk_json_value *old = NULL;
    qk_buf text;
    qk_json_writer w;
    int64_t seen = 0;
    size_t count = 0;
    if (!source.len) return qk_fail(err, QK_EINVAL, "targets of a document need its name");
    QK_TRY(qk_airtarget_rows(&old, &seen, db, arena, err));
    qk_buf_init(&text, QK_AIRTARGET_TEXT_MAX);
    qk_json_init(&w, &text);
    qk_json_array(&w);
    qk_code code = QK_OK;
    for (const qk_json_value *row = old ? old->first : NULL; row && !code; row = row->next) {
        if (qk_str_eq(qk_json_get_str(row, "source"), source)) continue;
        code = write_row(&w, row, QK_STR(""), 0, err);
        count++;
    }
    if (!code) code = write_rows(&w, rows, source, year, err);
    qk_json_end(&w);
    if (!code) code = put_text(db, &text, count + rows->count, seen, by, now, err);
    if (!code) code = qk_airtarget_rows(&old, version, db, arena, err);
    qk_buf_clear(&text);
    return code;
}

qk_code qk_airtarget_merge(int64_t *version, qk_db *db, const qk_json_value *rows, qk_str source,
                           qk_str by, qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_arena_init(&arena, PLAN_ARENA);
    qk_code code = merge_rows(version, db, rows, source, 0, by, now, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

/* "《title》（number）" */
static void name_plan(char out[QK_AIRTARGET_SOURCE_MAX], const qk_json_value *plan)
{
    qk_str title = qk_json_get_str(plan, "title"), number = qk_json_get_str(plan, "doc_no");
    snprintf(out, QK_AIRTARGET_SOURCE_MAX, number.len ? "《%.*s》（%.*s）" : "《%.*s》",
             (int)(title.len < 200 ? title.len : 200), title.ptr,
             (int)(number.len < 80 ? number.len : 80), number.ptr);
}

static qk_code take_plan(size_t *taken, qk_db *db, const qk_json_value *plan, qk_str source,
                         qk_str by, qk_time now, qk_arena *arena, qk_error *err)
{
    char name[QK_AIRTARGET_SOURCE_MAX];
    int64_t year = 0, version = 0;
    const qk_json_value *rows = qk_json_get(plan, "targets");
    *taken = 0;
    if (!rows || rows->type != QK_JSON_ARRAY || !qk_json_get_str(plan, "title").len)
        return qk_fail(err, QK_EFORMAT, "this is no compiled plan: it has no title and no targets");
    name_plan(name, plan);
    (void)qk_json_get_i64(qk_json_get(plan, "period"), "to", &year);
    QK_TRY(merge_rows(&version, db, rows, source.len ? source : qk_str_of(name), year, by, now,
                      arena, err));
    *taken = rows->count;
    return QK_OK;
}

qk_code qk_airtarget_from_tree(size_t *taken, qk_db *db, const qk_json_value *plan, qk_str source,
                               qk_str by, qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_arena_init(&arena, PLAN_ARENA);
    qk_code code = take_plan(taken, db, plan, source, by, now, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

qk_code qk_airtarget_from_plan(size_t *taken, qk_db *db, qk_str plan_json, qk_str source, qk_str by,
                               qk_time now, qk_error *err)
{
    qk_json_value *plan = NULL;
    qk_arena arena;
    qk_arena_init(&arena, PLAN_ARENA);
    qk_code code = qk_json_parse(&plan, plan_json, &arena, err);
    if (!code) code = take_plan(taken, db, plan, source, by, now, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

/* ---- allocation ---- */

static qk_code collect_shares(qk_airtarget_shares *out, const qk_air_question *q, qk_pollutant p,
                              int32_t base_year, bool by_stations, qk_arena *arena, qk_error *err)
{
    qk_division *all = NULL;
    size_t count = 0;
    qk_year *y = qk_arena_alloc(arena, sizeof *y);
    qk_code code = qk_registry_divisions(q->registry, arena, &all, &count);
    *out = (qk_airtarget_shares){.items = qk_arena_array(arena, count + 1, sizeof *out->items),
                                 .without = qk_arena_array(arena, count + 1, sizeof *out->without)};
    if (code || !y || !out->items || !out->without) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        qk_air_source *stations;
        bool area;
        qk_air_levels levels = {0};
        qk_period period;
        qk_airtarget_share share = {
            .code = all[i].code, .name_zh = all[i].name_zh, .name_en = all[i].name_en};
        if (strcmp(all[i].kind, "township") != 0) continue;
        QK_TRY(qk_air_scope(&stations, &share.stations, &area, q->registry, qk_str_of(all[i].code),
                            arena, err));
        QK_TRY(qk_air_area_year(y, &levels, q, stations, share.stations, base_year, err));
        qk_year_total(&period, y);
        share.weight = (qk_dec){by_stations ? (int64_t)share.stations : 1, 0};
        if (qk_exact_round(&share.own, qk_period_value(&period, p), 2) == QK_OK &&
            share.own.mantissa > 0)
            out->items[out->n++] = share;
        else
            out->without[out->without_n++] = all[i].code;
    }
    return QK_OK;
}

qk_code qk_airtarget_allocate(qk_airtarget_shares *out, const qk_air_question *q, qk_pollutant p,
                              qk_dec target, int32_t base_year, bool by_stations, qk_arena *arena,
                              qk_error *err)
{
    QK_TRY(collect_shares(out, q, p, base_year, by_stations, arena, err));
    qk_dec *own = qk_arena_array(arena, 3 * out->n + 1, sizeof *own);
    if (!own) return no_memory(err);
    qk_dec *weight = own + out->n, *given = weight + out->n;
    for (size_t i = 0; i < out->n; i++) {
        own[i] = out->items[i].own;
        weight[i] = out->items[i].weight;
    }
    if (out->n && qk_target_allocate(given, own, weight, out->n, target) != QK_OK)
        return qk_fail(err, QK_ERANGE, "the shares cannot be reckoned exactly");
    for (size_t i = 0; i < out->n; i++) out->items[i].target = given[i];
    out->weighted_mean = qk_target_weighted_mean(given, weight, out->n);
    out->meets = qk_ratio_there(out->weighted_mean) &&
                 qk_ratio_cmp(out->weighted_mean, qk_ratio_dec(target)) <= 0;
    return QK_OK;
}

static void write_share(qk_json_writer *w, const qk_airtarget_share *share, qk_pollutant p,
                        int32_t year)
{
    qk_json_object(w);
    qk_json_kcstr(w, "metric", qk_pollutant_name(p));
    qk_json_kcstr(w, "statistic", "annual_mean");
    qk_json_kcstr(w, "op", "<=");
    qk_json_key(w, "value");
    qk_json_dec(w, share->target);
    qk_json_kcstr(w, "unit", p == QK_CO ? "mg/m3" : "ug/m3");
    qk_json_ki64(w, "year", year);
    qk_json_kcstr(w, "scope", share->code);
    qk_json_end(w);
}

qk_code qk_airtarget_keep_shares(int64_t *version, qk_db *db, const qk_airtarget_shares *shares,
                                 qk_pollutant p, int32_t year, qk_str source, qk_str by,
                                 qk_time now, qk_error *err)
{
    qk_buf text;
    qk_json_writer w;
    qk_arena arena;
    qk_json_value *rows = NULL;
    qk_arena_init(&arena, PLAN_ARENA);
    qk_buf_init(&text, QK_AIRTARGET_TEXT_MAX);
    qk_json_init(&w, &text);
    qk_json_array(&w);
    for (size_t i = 0; i < shares->n; i++) write_share(&w, &shares->items[i], p, year);
    qk_json_end(&w);
    qk_code code = text.failed ? qk_fail(err, text.failed, "too many townships") : QK_OK;
    if (!code) code = qk_json_parse(&rows, qk_buf_str(&text), &arena, err);
    if (!code) code = merge_rows(version, db, rows, source, 0, by, now, &arena, err);
    qk_buf_clear(&text);
    qk_arena_clear(&arena);
    return code;
}
