/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/projects.h"
#include "domain/dbjson.h"
#include "domain/ledger.h"
#include <stdio.h>

enum { COLUMNS_MAX = 40, LONGEST = 1800 };
#define NONE INT32_MIN

typedef enum column_use {
    USE_CONTENT,
    USE_NO,
    USE_CATEGORY,
    USE_NAME,
    USE_UNIT,
    USE_PERIOD,
    USE_INVESTMENT
} column_use;

typedef struct taking {
    qk_db *db;
    const qk_ledger_type *type;
    qk_str plan, by;
    qk_time now;
    int32_t end_day, year;
    qk_arena *arena;
    qk_projects_taken *out;
    qk_project_table *table; /* being taken, or NULL */
    size_t index;            /* of it in the plan */
    column_use use[COLUMNS_MAX];
    qk_str column[COLUMNS_MAX];
    size_t column_n;
    const qk_json_value *notes;
    int64_t row; /* in the table */
    qk_error *err;
} taking;

static bool holds(qk_str s, const char *words)
{
    for (qk_str rest = qk_str_of(words); rest.ptr;)
        if (qk_str_find(s, qk_str_cut(&rest, '|'), 0) != SIZE_MAX) return true;
    return false;
}

static bool is_one_of(qk_str s, const char *words)
{
    for (qk_str rest = qk_str_of(words); rest.ptr;)
        if (qk_str_eq(s, qk_str_cut(&rest, '|'))) return true;
    return false;
}

/* ---- columns ---- */

static column_use use_of(qk_str head)
{
    if (holds(head, "序号|编号") || qk_str_eq(head, QK_STR("号"))) return USE_NO;
    if (holds(head, "投资")) return USE_INVESTMENT;
    if (holds(head, "项目名称|工程名称|企业名称|单位名称|站点名称|道路名称|工地名称") ||
        is_one_of(head, "项目|工程|企业|名称|重点工程|重点项目|治理项目"))
        return USE_NAME;
    if (holds(head, "时限|期限|完成时间|完成年|完成日|年限|工期|起止|计划时间")) return USE_PERIOD;
    if (holds(head, "责任|牵头|业主|实施主体|实施单位|建设单位|主体|主管|部门|监管单位"))
        return USE_UNIT;
    if (holds(head, "类别|类型|任务|领域|行业")) return USE_CATEGORY;
    return USE_CONTENT;
}

/* Reads the headings; false when the table is no list of projects. */
static bool read_columns(taking *k, const qk_json_value *columns)
{
    bool named = false, owned = false, handed = false;
    k->column_n = 0;
    for (const qk_json_value *c = columns ? columns->first : NULL; c && k->column_n < COLUMNS_MAX;
         c = c->next) {
        column_use use = use_of(c->text);
        /* of two names the first is the project's, another says more of it */
        if (use == USE_NAME && named) use = USE_CONTENT;
        if (use == USE_UNIT && owned) use = USE_CONTENT;
        named = named || use == USE_NAME;
        owned = owned || use == USE_UNIT;
        handed = handed || holds(c->text, "重点任务|工作任务|主要任务|具体措施|工作措施");
        k->use[k->column_n] = use;
        k->column[k->column_n++] = c->text;
    }
    return named && !handed;
}

/* ---- days ---- */

static int32_t last_day_of(int32_t year, int32_t month, int32_t day)
{
    qk_time t = 0;
    qk_civil c = {.year = year, .month = month, .day = day ? day : qk_days_in_month(year, month)};
    return qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : NONE;
}

static qk_time start_of(int32_t day)
{
    return day * QK_DAY - QK_CST_OFFSET;
}

static bool follows(qk_str s, size_t at, const char *words)
{
    for (qk_str rest = qk_str_of(words); rest.ptr;)
        if (qk_str_starts((qk_str){s.ptr + at, s.len - at}, qk_str_cut(&rest, '|'))) return true;
    return false;
}

/* Full-width digits as plain ones. */
static qk_str plain_digits(qk_str s, char *out, size_t size)
{
    size_t n = 0, used;
    while (s.len && n + 4 < size) {
        uint32_t cp = qk_utf8_next(s, &used);
        s = (qk_str){s.ptr + used, s.len - used};
        if (cp >= 0xFF01 && cp <= 0xFF5E) cp -= 0xFEE0;
        n += qk_utf8_put(out + n, cp);
    }
    return (qk_str){out, n};
}

int32_t qk_project_day(qk_str printed, int32_t plan_year)
{
    char text[256];
    qk_str s = plain_digits(printed, text, sizeof text);
    int32_t year = 0, month = 0, day = 0;
    bool after_year = false;
    for (size_t i = 0; i < s.len;) {
        int32_t v = 0;
        size_t from = i;
        while (i < s.len && i - from < 6 && qk_is_digit(s.ptr[i])) v = v * 10 + (s.ptr[i++] - '0');
        if (i == from) {
            i++;
            continue;
        }
        if (i - from == 4 && v >= 1990 && v <= 2100) {
            year = v;
            month = day = 0;
            after_year = follows(s, i, ".|-|/") || follows(s, i, "年");
        } else if (follows(s, i, "月") || (after_year && !month && v >= 1 && v <= 12)) {
            month = v;
            day = 0;
        } else if (follows(s, i, "日") || follows(s, i, "号")) {
            day = v;
        }
    }
    if (!year && !month) return NONE;
    if (month < 0 || month > 12 || day > 31) return NONE;
    return last_day_of(year ? year : plan_year, month ? month : 12, day);
}

/* ---- rows ---- */

static qk_str joined(taking *k, qk_str a, const char *mark, qk_str b)
{
    char *text = qk_arena_printf(k->arena, "%.*s%s%.*s", QK_STR_ARG(a), mark, QK_STR_ARG(b));
    if (!text) return (qk_str){NULL, 0};
    size_t len = strlen(text);
    return (qk_str){text, qk_utf8_cut((qk_str){text, len < LONGEST ? len : LONGEST})};
}

static void add_words(taking *k, qk_str *values, const char *field, const char *mark, qk_str words)
{
    qk_str before = qk_ledger_cell(k->type, values, field);
    qk_ledger_cell_set(k->type, values, field, before.len ? joined(k, before, mark, words) : words);
}

/* The unit of the register among those that a cell names; what is unknown stays as printed. */
static void find_unit(taking *k, qk_str *values, qk_str cell)
{
    size_t at = qk_ledger_field_find(k->type, QK_STR("unit"));
    qk_str rest = cell;
    if (at == SIZE_MAX) return;
    while (rest.len) {
        size_t cut = qk_str_find(rest, QK_STR("、"), 0);
        qk_str name = {rest.ptr, cut == SIZE_MAX ? rest.len : cut}, value;
        qk_error passed = {0};
        if (qk_ledger_value(&value, k->db, &k->type->fields[at], name, k->arena, &passed) ==
                QK_OK &&
            value.len) {
            values[at] = value;
            return;
        }
        if (cut == SIZE_MAX) return;
        rest = (qk_str){rest.ptr + cut + 3, rest.len - cut - 3};
    }
}

/* 投资（万元）, 投资（亿元）: in 万元. */
static void set_money(taking *k, qk_str *values, qk_str head, qk_str cell)
{
    char text[64], number[QK_DEC_TEXT];
    qk_dec v, wan;
    qk_str s = plain_digits(cell, text, sizeof text);
    size_t n = 0;
    while (n < s.len && (qk_is_digit(s.ptr[n]) || s.ptr[n] == '.')) n++;
    if (!n || qk_dec_parse(&v, (qk_str){s.ptr, n}) != QK_OK) {
        add_words(k, values, "content", "；", joined(k, head, "：", cell));
        return;
    }
    qk_str after = {s.ptr + n, s.len - n};
    int64_t times = holds(head, "亿元") || holds(after, "亿") ? 10000 : 1;
    if (qk_dec_mul(&wan, v, (qk_dec){times, 0}) != QK_OK) return;
    qk_dec_format(number, wan);
    char *copy = qk_arena_copy(k->arena, number, strlen(number));
    if (copy) qk_ledger_cell_set(k->type, values, "investment", (qk_str){copy, strlen(copy)});
}

static void set_cell(taking *k, qk_str *values, size_t c, qk_str cell)
{
    switch (k->use[c]) {
    case USE_NO: qk_ledger_cell_set(k->type, values, "no", cell); break;
    case USE_CATEGORY: add_words(k, values, "category", " / ", cell); break;
    case USE_NAME: qk_ledger_cell_set(k->type, values, "name", cell); break;
    case USE_UNIT:
        qk_ledger_cell_set(k->type, values, "unit_name", cell);
        find_unit(k, values, cell);
        break;
    case USE_PERIOD: qk_ledger_cell_set(k->type, values, "period", cell); break;
    case USE_INVESTMENT: set_money(k, values, k->column[c], cell); break;
    case USE_CONTENT:
        add_words(k, values, "content", "；", joined(k, k->column[c], "：", cell));
        break;
    }
}

/* What the reader of the plan put right in this row, in words of the ledger. */
static qk_str note_of(const taking *k)
{
    static const struct {
        const char *code, *zh;
    } notes[] = {{"the row was printed on two lines", "原表一行印成两行，已合并"},
                 {"the row stood too far right", "原表整行错列，已归位"},
                 {"the row stood too far left", "原表整行错列，已归位"},
                 {"a cell stood too far left", "原表单元格错列，已归位"}};
    for (const qk_json_value *n = k->notes ? k->notes->first : NULL; n; n = n->next) {
        int64_t row = -1;
        if (!qk_json_get_i64(n, "row", &row) || row != k->row) continue;
        for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
            if (qk_str_eq(qk_json_get_str(n, "note"), qk_str_of(notes[i].code)))
                return qk_str_of(notes[i].zh);
        return qk_json_get_str(n, "note");
    }
    return (qk_str){NULL, 0};
}

static bool is_sum(const qk_json_value *cells)
{
    for (const qk_json_value *c = cells->first; c; c = c->next)
        if (is_one_of(c->text, "合计|总计|小计|共计")) return true;
    return false;
}

static void set_days(taking *k, qk_str *values)
{
    int32_t day = qk_project_day(qk_ledger_cell(k->type, values, "period"), k->year);
    char text[QK_TIME_TEXT];
    qk_date_iso(text, start_of(day == NONE ? k->end_day : day));
    char *copy = qk_arena_copy(k->arena, text, strlen(text));
    if (copy) qk_ledger_cell_set(k->type, values, "deadline", qk_str_of(copy));
}

/* What the ledger knows beyond the annex (how far it is, its proofs) stays. */
static qk_code keep_told(taking *k, qk_str *values, int64_t id)
{
    qk_ledger_row *old = NULL;
    QK_TRY(qk_ledger_get(&old, k->db, k->type, id, k->arena, k->err));
    size_t state = qk_ledger_field_find(k->type, QK_STR("state"));
    for (size_t f = 0; f < k->type->field_count; f++)
        if (!values[f].len || f == state) values[f] = old->values[f];
    return QK_OK;
}

static qk_code put_row(taking *k, qk_str *values)
{
    int64_t id = 0;
    bool changed = false;
    qk_error none = {0};
    qk_code code = qk_ledger_find(&id, k->db, k->type, values, k->arena, &none);
    if (code != QK_OK && code != QK_ENOTFOUND) return qk_fail(k->err, code, "%s", none.message);
    if (code == QK_OK) QK_TRY(keep_told(k, values, id));
    return qk_ledger_put(&id, &changed, k->db, k->type, values, -1, QK_TIME_NONE, k->by, k->now,
                         k->err);
}

static qk_code take_row(taking *k, qk_str path, const qk_json_value *cells)
{
    qk_str values[QK_LEDGER_FIELDS] = {{0}};
    size_t c = 0;
    for (const qk_json_value *cell = cells->first; cell && c < k->column_n; cell = cell->next, c++)
        if (cell->text.len) set_cell(k, values, c, cell->text);
    if (!qk_ledger_cell(k->type, values, "name").len || is_sum(cells)) {
        k->table->left_out++;
        return QK_OK;
    }
    /* numbers begin anew in each annex; without a column of numbers the row's own place counts */
    qk_str no = qk_ledger_cell(k->type, values, "no");
    char *place = no.len
                      ? qk_arena_printf(k->arena, "%zu-%.*s", k->index + 1, QK_STR_ARG(no))
                      : qk_arena_printf(k->arena, "%zu-%lld", k->index + 1, (long long)k->row + 1);
    if (!place) return qk_fail(k->err, QK_ENOMEM, "no memory for a project");
    qk_ledger_cell_set(k->type, values, "no", qk_str_of(place));
    qk_ledger_cell_set(k->type, values, "plan", k->plan);
    qk_ledger_cell_set(k->type, values, "path", path);
    qk_ledger_cell_set(k->type, values, "state", QK_STR("planned"));
    qk_ledger_cell_set(k->type, values, "remark", note_of(k));
    if (!qk_ledger_cell(k->type, values, "unit_name").len)
        qk_ledger_cell_set(k->type, values, "unit_name", qk_ledger_cell(k->type, values, "name"));
    set_days(k, values);
    QK_TRY(put_row(k, values));
    k->table->projects++;
    k->table->mended += qk_ledger_cell(k->type, values, "remark").len > 0;
    return QK_OK;
}

/* ---- items ---- */

static qk_str kept(taking *k, qk_str s)
{
    char *copy = qk_arena_copy(k->arena, s.ptr ? s.ptr : "", s.len);
    return (qk_str){copy ? copy : "", copy ? s.len : 0};
}

static qk_code take_table(taking *k, qk_str path, const qk_json_value *data)
{
    int64_t index = 0;
    k->table = NULL;
    if (k->out->n == QK_PROJECT_TABLES_MAX || !read_columns(k, qk_json_get(data, "columns")))
        return QK_OK;
    size_t open = qk_str_find(path, QK_STR("["), 0);
    if (open == SIZE_MAX || path.len < open + 3 ||
        qk_parse_i64(&index, (qk_str){path.ptr + open + 1, path.len - open - 2}) != QK_OK)
        return QK_OK;
    k->notes = qk_json_get(data, "row_notes");
    k->index = (size_t)index;
    k->table = &k->out->at[k->out->n++];
    *k->table = (qk_project_table){.path = path, .title = qk_json_get_str(data, "title")};
    return QK_OK;
}

static bool is_below(qk_str path, qk_str table)
{
    return path.len > table.len && qk_str_starts(path, table) && path.ptr[table.len] == '.';
}

static bool row_number(int64_t *out, qk_str path)
{
    size_t from = path.len;
    while (from > 0 && path.ptr[from - 1] != '[') from--;
    return from > 0 && path.len > from &&
           qk_parse_i64(out, (qk_str){path.ptr + from, path.len - from - 1}) == QK_OK;
}

static qk_code take_item(taking *k, sqlite3_stmt *s)
{
    qk_str path = kept(k, qk_db_text(s, 0)), kind = qk_db_text(s, 1);
    bool table = qk_str_eq(kind, QK_STR("table"));
    qk_json_value *data = NULL;
    QK_TRY(qk_json_parse(&data, kept(k, qk_db_text(s, 2)), k->arena, k->err));
    if (table) return take_table(k, path, data);
    if (!k->table || !is_below(path, k->table->path) || !row_number(&k->row, path)) return QK_OK;
    return take_row(k, path, data);
}

qk_code qk_projects_take(qk_projects_taken *out, qk_db *db, qk_str plan, int32_t end_day, qk_str by,
                         qk_time now, qk_arena *arena, qk_error *err)
{
    qk_ledger_type *type = NULL;
    sqlite3_stmt *s = NULL;
    qk_code code;
    *out = (qk_projects_taken){.at = qk_arena_array(arena, QK_PROJECT_TABLES_MAX, sizeof *out->at)};
    if (!out->at) return qk_fail(err, QK_ENOMEM, "no memory for the plan's annexes");
    code = qk_ledger_type_get(&type, db, QK_STR("key_project"), QK_TIME_NONE, arena, err);
    if (code != QK_OK) return code;
    taking k = {.db = db,
                .type = type,
                .plan = plan,
                .by = by,
                .now = now,
                .end_day = end_day,
                .year = qk_civil_of(start_of(end_day)).year,
                .arena = arena,
                .out = out,
                .err = err};
    /* a table's own item stands before its rows: paths of rows are longer */
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT path, kind, data FROM plan_item WHERE plan = ?1 AND kind IN"
                         " ('table', 'row') AND state <> 'rejected' ORDER BY CAST(substr(path, 8)"
                         " AS INTEGER), kind = 'row', place, path",
                         err));
    qk_db_bind_str(s, 1, plan);
    while ((code = qk_db_step(db, s, err)) == QK_OK)
        if ((code = take_item(&k, s)) != QK_OK) break;
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}
