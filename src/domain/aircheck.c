/* SPDX-License-Identifier: Apache-2.0 */
/* Records of zero, span, precision, comparison and flow checks (domain/airreview.h). */
#include "base/csv.h"
#include "domain/airquality.h"
#include "domain/airreview.h"
#include <stdio.h>
#include <stdlib.h>

enum { CHECKS_MAX = 10000, CSV_ROWS_MAX = 100000, DEVIATION_DECIMALS = 2 };

static const char *const kinds[] = {"zero", "span", "precision", "comparison", "flow"};

static const char *kind_of(qk_str name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (qk_str_eq(name, qk_str_of(kinds[i]))) return kinds[i];
    return NULL;
}

static qk_code check_check(const qk_air_check *c, qk_error *err)
{
    if (!c->kind || !kind_of(qk_str_of(c->kind)))
        return qk_fail(err, QK_EINVAL, "kind is zero, span, precision, comparison or flow");
    if (c->item >= QK_POLLUTANTS)
        return qk_fail(err, QK_EINVAL, "item is SO2, NO2, CO, O3, PM10 or PM2.5");
    if (c->at == QK_TIME_NONE) return qk_fail(err, QK_EINVAL, "a check has a time");
    if (strcmp(c->kind, "zero") != 0 && c->reference.mantissa <= 0)
        return qk_fail(err, QK_EINVAL, "the reference of a %s check is above 0", c->kind);
    return QK_OK;
}

/* Digits as written: 12.50 stays 12.50. */
static qk_code find_same(qk_db *db, const qk_air_check *c, bool *there, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_dec reference, measured;
    *there = false;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT reference,measured FROM air_check WHERE site=? AND item=? AND"
                         " kind=? AND at=?",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(c->site));
    qk_db_bind_str(s, 2, qk_str_of(qk_pollutant_name(c->item)));
    qk_db_bind_str(s, 3, qk_str_of(c->kind));
    sqlite3_bind_int64(s, 4, c->at);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    QK_TRY(code);
    *there = true;
    bool same = qk_dec_parse(&reference, qk_db_text(s, 0)) == QK_OK &&
                qk_dec_parse(&measured, qk_db_text(s, 1)) == QK_OK &&
                qk_dec_cmp(reference, c->reference) == 0 && qk_dec_cmp(measured, c->measured) == 0;
    sqlite3_reset(s);
    return same
               ? QK_OK
               : qk_fail(err, QK_EEXIST, "a %s check of %s at that time is there with other values",
                         c->kind, qk_pollutant_name(c->item));
}

qk_code qk_air_check_add(qk_db *db, const qk_air_check *c, qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char text[3][QK_DEC_TEXT];
    bool there;
    QK_TRY(check_check(c, err));
    QK_TRY(find_same(db, c, &there, err));
    if (there) return QK_OK;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO air_check(site,mn,item,kind,at,reference,measured,span,note,"
                         "recorded_at,recorded_by) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(c->site));
    qk_db_bind_str(s, 2, qk_str_of(c->mn ? c->mn : ""));
    qk_db_bind_str(s, 3, qk_str_of(qk_pollutant_name(c->item)));
    qk_db_bind_str(s, 4, qk_str_of(c->kind));
    sqlite3_bind_int64(s, 5, c->at);
    qk_db_bind_str(s, 6, qk_str_of(qk_dec_format(text[0], c->reference)));
    qk_db_bind_str(s, 7, qk_str_of(qk_dec_format(text[1], c->measured)));
    qk_db_bind_str(s, 8,
                   c->span.mantissa ? qk_str_of(qk_dec_format(text[2], c->span)) : QK_STR(""));
    qk_db_bind_str(s, 9, qk_str_of(c->note ? c->note : ""));
    sqlite3_bind_int64(s, 10, now);
    qk_db_bind_str(s, 11, by);
    return qk_db_run(db, s, err);
}

/* ---- CSV ---- */

enum { C_SITE, C_MN, C_ITEM, C_KIND, C_AT, C_REFERENCE, C_MEASURED, C_SPAN, C_NOTE, C_COLUMNS };
static const char *const columns[C_COLUMNS] = {"site",      "mn",       "item", "kind", "at",
                                               "reference", "measured", "span", "note"};

typedef struct csv_in {
    qk_csv_reader *reader;
    size_t at[C_COLUMNS];
    char text[C_COLUMNS][QK_AIR_REASON_MAX + 1];
    qk_error *err;
} csv_in;

static qk_code refuse_cell(csv_in *in, int column, const char *what)
{
    qk_code code = qk_fail(in->err, QK_EFORMAT, "%s: %s", columns[column], what);
    size_t at = in->at[column];
    qk_error_at(in->err, "csv", qk_csv_line(in->reader), at == SIZE_MAX ? 0 : (uint32_t)at + 1);
    return code;
}

static qk_code read_dec(csv_in *in, int column, bool needed, qk_dec *out)
{
    qk_str cell = qk_str_trim(qk_str_of(in->text[column]));
    *out = (qk_dec){0, 0};
    if (qk_csv_missing(cell)) return needed ? refuse_cell(in, column, "a number is needed") : QK_OK;
    if (qk_dec_parse(out, cell) != QK_OK) return refuse_cell(in, column, "is no number");
    return QK_OK;
}

static qk_code read_csv_row(csv_in *in, const qk_str *cells, const qk_registry *registry,
                            qk_air_check *c)
{
    qk_site site;
    *c = (qk_air_check){.at = QK_TIME_NONE};
    for (int i = 0; i < C_COLUMNS; i++) {
        qk_str cell = in->at[i] == SIZE_MAX ? QK_STR("") : qk_str_trim(cells[in->at[i]]);
        if (cell.len > QK_AIR_REASON_MAX) return refuse_cell(in, i, "too long");
        if (!qk_utf8_valid(cell)) return refuse_cell(in, i, "is not UTF-8");
        qk_str_copy(in->text[i], sizeof in->text[i], cell);
    }
    if (!qk_registry_site(registry, &site, qk_str_of(in->text[C_SITE])))
        return refuse_cell(in, C_SITE, "no such site in the register");
    c->site = in->text[C_SITE];
    c->mn = in->text[C_MN];
    c->note = in->text[C_NOTE];
    c->item = qk_air_pollutant(in->text[C_ITEM]);
    c->kind = in->text[C_KIND];
    if (qk_time_parse(&c->at, qk_str_of(in->text[C_AT])) != QK_OK)
        return refuse_cell(in, C_AT, "is no time of ISO 8601");
    QK_TRY(read_dec(in, C_REFERENCE, true, &c->reference));
    QK_TRY(read_dec(in, C_MEASURED, true, &c->measured));
    return read_dec(in, C_SPAN, false, &c->span);
}

static qk_code find_columns(csv_in *in)
{
    for (int i = 0; i < C_COLUMNS; i++) {
        in->at[i] = qk_csv_column(in->reader, columns[i]);
        bool optional = i == C_MN || i == C_SPAN || i == C_NOTE;
        if (in->at[i] != SIZE_MAX || optional) continue;
        qk_code code = qk_fail(in->err, QK_EFORMAT, "no column '%s'", columns[i]);
        qk_error_at(in->err, "csv", 1, 0);
        return code;
    }
    return QK_OK;
}

static qk_code take_rows(csv_in *in, size_t *rows, qk_db *db, const qk_registry *registry,
                         qk_str by, qk_time now)
{
    const qk_str *cells;
    qk_code code;
    QK_TRY(find_columns(in));
    while ((code = qk_csv_next(in->reader, &cells, in->err)) == QK_OK) {
        qk_air_check c;
        QK_TRY(read_csv_row(in, cells, registry, &c));
        code = qk_air_check_add(db, &c, by, now, in->err);
        if (code) qk_error_at(in->err, "csv", qk_csv_line(in->reader), 0);
        QK_TRY(code);
        if (++*rows > CSV_ROWS_MAX)
            return qk_fail(in->err, QK_EFULL, "more than %d rows", CSV_ROWS_MAX);
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_air_checks_csv(size_t *rows, qk_db *db, const qk_registry *registry, qk_str csv,
                          qk_str by, qk_time now, qk_error *err)
{
    *rows = 0;
    csv_in *in = calloc(1, sizeof *in);
    if (!in) return qk_fail(err, QK_ENOMEM, "no memory for the CSV");
    in->err = err;
    qk_code code = qk_csv_open_text(&in->reader, csv, "csv", 0, err);
    if (!code) code = take_rows(in, rows, db, registry, by, now);
    qk_csv_close(in->reader);
    free(in);
    return code;
}

/* ---- reading ---- */

static int32_t percent_of(const qk_qc_rule *rule, const char *kind)
{
    if (strcmp(kind, "span") == 0) return rule->span_percent;
    if (strcmp(kind, "precision") == 0) return rule->precision_percent;
    if (strcmp(kind, "comparison") == 0) return rule->comparison_percent;
    return rule->flow_percent;
}

/* By the rule of the check's day. */
static void judge_check(qk_air_check *c, const qk_rules *rules)
{
    const qk_qc_rule *rule = qk_rules_qc_on(rules, qk_day_number(c->at));
    qk_dec off;
    c->judge = "fail";
    if (qk_dec_sub(&off, c->measured, c->reference) != QK_OK) return;
    if (strcmp(c->kind, "zero") == 0) {
        c->deviation = off;
        c->limit = qk_dec_trim((qk_dec){rule->item[c->item].zero, 6});
    } else {
        qk_ratio r = qk_ratio_div(qk_ratio_mul(qk_ratio_dec(off), qk_ratio_int(100)),
                                  qk_ratio_dec(c->reference));
        if (qk_ratio_round(&c->deviation, r, DEVIATION_DECIMALS) != QK_OK) return;
        c->limit = (qk_dec){percent_of(rule, c->kind), 0};
    }
    qk_dec size = c->deviation;
    if (size.mantissa < 0) size.mantissa = -size.mantissa;
    if (qk_dec_cmp(size, c->limit) <= 0) c->judge = "pass";
}

static qk_code read_check(qk_air_check *c, sqlite3_stmt *s, const qk_rules *rules, qk_arena *arena,
                          qk_error *err)
{
    qk_str text[4];
    static const int texts[] = {1, 2, 9, 11};
    for (int i = 0; i < 4; i++) {
        text[i] = qk_db_text(s, texts[i]);
        text[i].ptr = qk_arena_copy(arena, text[i].ptr, text[i].len);
        if (!text[i].ptr) return qk_fail(err, QK_ENOMEM, "no memory for records of checks");
    }
    char item[16];
    qk_str_copy(item, sizeof item, qk_db_text(s, 3));
    *c = (qk_air_check){.id = sqlite3_column_int64(s, 0),
                        .site = text[0].ptr,
                        .mn = text[1].ptr,
                        .item = qk_air_pollutant(item),
                        .kind = kind_of(qk_db_text(s, 4)),
                        .at = sqlite3_column_int64(s, 5),
                        .note = text[2].ptr,
                        .recorded_at = sqlite3_column_int64(s, 10),
                        .recorded_by = text[3].ptr};
    qk_str span = qk_db_text(s, 8);
    if (!c->kind || c->item == QK_POLLUTANTS ||
        qk_dec_parse(&c->reference, qk_db_text(s, 6)) != QK_OK ||
        qk_dec_parse(&c->measured, qk_db_text(s, 7)) != QK_OK ||
        (span.len && qk_dec_parse(&c->span, span) != QK_OK))
        return qk_fail(err, QK_EDAMAGED, "record of a check %lld cannot be read", (long long)c->id);
    judge_check(c, rules);
    return QK_OK;
}

qk_code qk_air_checks(qk_air_check **out, size_t *n, qk_db *db, const char *site, qk_time from,
                      qk_time to, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_rules *rules;
    qk_code code;
    *n = 0;
    QK_TRY(qk_ruleset_load(&rules, db, QK_TIME_NONE, arena, err));
    *out = qk_arena_array(arena, CHECKS_MAX, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for records of checks");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,site,mn,item,kind,at,reference,measured,span,note,recorded_at,"
                         "recorded_by FROM air_check WHERE (?1 IS NULL OR site=?1) AND at>=?2 AND"
                         " at<?3 ORDER BY at DESC,id DESC LIMIT 10000",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(site));
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        code = read_check(&(*out)[*n], s, rules, arena, err);
        if (code) {
            sqlite3_reset(s);
            return code;
        }
        (*n)++;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}
