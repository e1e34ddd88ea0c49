/* SPDX-License-Identifier: Apache-2.0 */
/* A bulletin as a document and as a workbook. Both are made from the kept content alone, so that
 * the same bulletin gives the same file whenever it is asked for. */
#include "domain/bulletin_private.h"
#include "domain/doc_docx.h"
#include "domain/sheet_xlsx.h"
#include <stdio.h>

typedef struct paper {
    qk_bulletin_kept kept;
    qk_str area; /* of the newest plan, "" = none */
    qk_arena *arena;
} paper;

static bool is(qk_str s, const char *word)
{
    return qk_str_eq(s, qk_str_of(word));
}

static qk_code read_area(paper *p, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT region FROM plan WHERE status IN ('issued', 'ended') AND region <>"
                         " '' ORDER BY issued DESC, id DESC LIMIT 1",
                         err));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code != QK_OK) return code;
    qk_str text = qk_db_text(s, 0);
    char *copy = qk_arena_copy(p->arena, text.ptr, text.len);
    p->area = (qk_str){copy ? copy : "", copy ? text.len : 0};
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code open_paper(paper *p, qk_db *db, int64_t id, qk_arena *arena, qk_error *err)
{
    *p = (paper){.area = QK_STR(""), .arena = arena};
    QK_TRY(qk_bulletin_kept_get(&p->kept, db, id, arena, err));
    return read_area(p, db, err);
}

static qk_str printed(const paper *p, const char *fmt, ...) QK_PRINTF(2, 3);
static qk_str printed(const paper *p, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    char *copy = qk_arena_copy(p->arena, text, qk_utf8_cut((qk_str){text, len}));
    return copy ? qk_str_of(copy) : QK_STR("");
}

/* A number as printed; what is not known is a dash. */
static qk_str number(const qk_json_value *row, const char *name)
{
    const qk_json_value *v = qk_json_get(row, name);
    return v && v->type == QK_JSON_NUMBER ? v->text : QK_STR("—");
}

static qk_str unit_zh(qk_str unit)
{
    if (is(unit, "ug/m3")) return QK_STR("微克/立方米");
    return is(unit, "mg/m3") ? QK_STR("毫克/立方米") : unit;
}

static qk_str colour_zh(const qk_json_value *line)
{
    qk_str colour = qk_json_get_str(line, "colour");
    return is(colour, "red")      ? QK_STR("逾期")
           : is(colour, "yellow") ? QK_STR("预警")
           : is(colour, "green")  ? QK_STR("正常")
                                  : QK_STR("无数据");
}

static const qk_json_value *rows_of(const paper *p, const char *name)
{
    const qk_json_value *list = qk_json_get(p->kept.content, name);
    return list ? list->first : NULL;
}

/* ---- document ---- */

/* A pattern with the area's name in it. */
static qk_str with_area(const paper *p, qk_str pattern)
{
    static const char place[] = "{area}";
    size_t at = qk_str_find(pattern, QK_STR(place), 0);
    if (at == SIZE_MAX) return pattern;
    qk_str before = {pattern.ptr, at};
    qk_str after = {pattern.ptr + at + strlen(place), pattern.len - at - strlen(place)};
    return printed(p, "%.*s%.*s%.*s", QK_STR_ARG(before), QK_STR_ARG(p->area), QK_STR_ARG(after));
}

/* What was drafted before a bulletin kept its number and office has those of the house. */
static qk_str number_of(const paper *p)
{
    qk_str month = qk_json_get_str(p->kept.content, "month");
    qk_str kept = qk_json_get_str(p->kept.content, "number_zh");
    int64_t number = 0;
    if (kept.len || month.len != 7) return with_area(p, kept);
    if (qk_parse_i64(&number, (qk_str){month.ptr + 5, 2}) != QK_OK) return QK_STR("");
    return printed(p, "〔%.4s〕第%lld期", month.ptr, (long long)number);
}

static void put_head(const paper *p, qk_docx *d)
{
    qk_str number = number_of(p);
    qk_docx_paragraph(d, QK_DOCX_MASTHEAD,
                      printed(p, "%.*s大气污染防治工作通报", QK_STR_ARG(p->area)));
    qk_docx_paragraph(d, QK_DOCX_NUMBER,
                      p->kept.issued ? number
                                     : printed(p, "%.*s（草稿，第%lld稿）", QK_STR_ARG(number),
                                               (long long)p->kept.version));
    qk_docx_paragraph(d, QK_DOCX_TITLE, qk_json_get_str(p->kept.content, "title_zh"));
}

static void put_signature(const paper *p, qk_docx *d)
{
    qk_civil c = qk_civil_of(p->kept.recorded_at);
    qk_str office = qk_json_get_str(p->kept.content, "office_zh");
    if (!office.len) office = QK_STR("{area}生态环境保护委员会办公室");
    qk_docx_paragraph(d, QK_DOCX_TEXT, QK_STR(""));
    qk_docx_paragraph(d, QK_DOCX_SIGNATURE, with_area(p, office));
    qk_docx_paragraph(d, QK_DOCX_SIGNATURE, printed(p, "%d年%d月%d日", c.year, c.month, c.day));
}

/* A bulletin that is a text of its own: line by line. */
static void put_plain(const paper *p, qk_docx *d)
{
    qk_str text = qk_json_get_str(p->kept.content, "zh");
    qk_docx_paragraph(d, QK_DOCX_MASTHEAD, printed(p, "%.*s空气质量预报", QK_STR_ARG(p->area)));
    qk_docx_paragraph(d, QK_DOCX_NUMBER, p->kept.period);
    while (text.len) qk_docx_paragraph(d, QK_DOCX_TEXT, qk_str_cut(&text, '\n'));
    put_signature(p, d);
}

/* ---- a report (domain/report.h) ---- */

static void put_report_table(const qk_json_value *table, qk_docx *d)
{
    uint32_t share[QK_DOCX_COLUMNS];
    size_t n = 0;
    const qk_json_value *head = qk_json_get(table, "head"), *rows = qk_json_get(table, "rows");
    if (!head || !rows || head->count > QK_DOCX_COLUMNS) return;
    for (const qk_json_value *c = head->first; c; c = c->next) {
        int64_t part = 1;
        if (!qk_json_get_i64(c, "share", &part) || part < 1 || part > 100) part = 1;
        share[n++] = (uint32_t)part;
    }
    qk_docx_paragraph(d, QK_DOCX_CAPTION, qk_json_get_str(table, "caption_zh"));
    if (!rows->first) {
        qk_docx_paragraph(d, QK_DOCX_TEXT, QK_STR("无。"));
        return;
    }
    qk_docx_table(d, share, n);
    for (const qk_json_value *c = head->first; c; c = c->next)
        qk_docx_cell(d, qk_json_get_str(c, "zh"));
    for (const qk_json_value *row = rows->first; row; row = row->next)
        for (const qk_json_value *c = row->first; c; c = c->next)
            qk_docx_cell(d, c->type == QK_JSON_STRING ? c->text : qk_json_get_str(c, "zh"));
    qk_docx_table_end(d);
}

static void put_report(const paper *p, qk_docx *d)
{
    qk_docx_paragraph(d, QK_DOCX_MASTHEAD, printed(p, "%.*s重污染过程分析", QK_STR_ARG(p->area)));
    qk_docx_paragraph(
        d, QK_DOCX_NUMBER,
        printed(p, "第%lld稿%s", (long long)p->kept.version, p->kept.issued ? "" : "（草稿）"));
    qk_docx_paragraph(d, QK_DOCX_TITLE, qk_json_get_str(p->kept.content, "title_zh"));
    for (const qk_json_value *s = rows_of(p, "sections"); s; s = s->next) {
        const qk_json_value *said = qk_json_get(s, "paragraphs"), *shown = qk_json_get(s, "tables");
        qk_docx_paragraph(d, QK_DOCX_HEADING, qk_json_get_str(s, "heading_zh"));
        for (const qk_json_value *v = said ? said->first : NULL; v; v = v->next)
            qk_docx_paragraph(d, QK_DOCX_TEXT, qk_json_get_str(v, "zh"));
        for (const qk_json_value *t = shown ? shown->first : NULL; t; t = t->next)
            put_report_table(t, d);
    }
    put_signature(p, d);
}

static void put_paragraphs(const paper *p, qk_docx *d)
{
    static const char *const headings[] = {"一、总体情况", "二、空气质量", "三、滞后和逾期事项",
                                           "四、落后单位"};
    size_t i = 0;
    for (const qk_json_value *v = rows_of(p, "paragraphs"); v; v = v->next, i++) {
        if (i < sizeof headings / sizeof headings[0])
            qk_docx_paragraph(d, QK_DOCX_HEADING, qk_str_of(headings[i]));
        qk_docx_paragraph(d, QK_DOCX_TEXT, qk_json_get_str(v, "zh"));
    }
}

static void put_row(qk_docx *d, const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) qk_docx_cell(d, qk_str_of(cells[i]));
}

static void put_figures(const paper *p, qk_docx *d)
{
    static const char *const head[] = {"项目", "数量"};
    static const uint32_t share[] = {3, 1};
    qk_docx_paragraph(d, QK_DOCX_CAPTION, QK_STR("表1　任务调度情况"));
    qk_docx_table(d, share, 2);
    put_row(d, head, 2);
    for (const qk_json_value *f = rows_of(p, "figures"); f; f = f->next) {
        qk_docx_cell(d, qk_json_get_str(f, "zh"));
        qk_docx_cell(d, number(f, "value"));
    }
    qk_docx_table_end(d);
}

static void put_units(const paper *p, qk_docx *d)
{
    static const char *const head[] = {"单位", "任务条目", "已完成", "预警", "逾期", "应报未报"};
    static const char *const names[] = {"lines", "done", "yellow", "red", "no_report"};
    static const uint32_t share[] = {8, 3, 3, 3, 3, 3};
    if (!rows_of(p, "worst")) return;
    qk_docx_paragraph(d, QK_DOCX_CAPTION, QK_STR("表2　落后单位"));
    qk_docx_table(d, share, 6);
    put_row(d, head, 6);
    for (const qk_json_value *u = rows_of(p, "worst"); u; u = u->next) {
        qk_docx_cell(d, qk_json_get_str(u, "unit_name"));
        for (size_t i = 0; i < 5; i++) qk_docx_cell(d, number(u, names[i]));
    }
    qk_docx_table_end(d);
}

static bool is_late(const qk_json_value *line)
{
    qk_str colour = qk_json_get_str(line, "colour");
    return !is(qk_json_get_str(line, "kind"), "target") &&
           (is(colour, "red") || is(colour, "yellow"));
}

static qk_str title_of(const qk_json_value *line)
{
    qk_str title = qk_json_get_str(line, "title");
    return title.len ? title : qk_json_get_str(line, "task_title");
}

static void put_late(const paper *p, qk_docx *d)
{
    static const char *const head[] = {"序号", "任务", "责任单位", "应为", "实为", "时限", "状态"};
    static const uint32_t share[] = {2, 7, 6, 3, 3, 5, 3};
    bool any = false;
    for (const qk_json_value *l = rows_of(p, "lines"); l && !any; l = l->next) any = is_late(l);
    if (!any) return;
    qk_docx_paragraph(d, QK_DOCX_CAPTION, QK_STR("表3　滞后和逾期任务"));
    qk_docx_table(d, share, 7);
    put_row(d, head, 7);
    for (const qk_json_value *l = rows_of(p, "lines"); l; l = l->next) {
        if (!is_late(l)) continue;
        qk_docx_cell(d, qk_json_get_str(l, "no"));
        qk_docx_cell(d, title_of(l));
        qk_docx_cell(d, qk_json_get_str(l, "unit_name"));
        qk_docx_cell(d, number(l, "expected"));
        qk_docx_cell(d, number(l, "actual"));
        qk_docx_cell(d, qk_json_get_str(l, "due"));
        qk_docx_cell(d, colour_zh(l));
    }
    qk_docx_table_end(d);
}

qk_code qk_bulletin_write_docx(qk_buf *out, qk_db *db, int64_t id, qk_arena *arena, qk_error *err)
{
    paper p;
    qk_docx *d = NULL;
    QK_TRY(open_paper(&p, db, id, arena, err));
    QK_TRY(qk_docx_begin(&d, err));
    if (!p.kept.month) {
        if (qk_json_get(p.kept.content, "sections"))
            put_report(&p, d);
        else
            put_plain(&p, d);
        return qk_docx_end(d, out, err);
    }
    put_head(&p, d);
    put_paragraphs(&p, d);
    put_signature(&p, d);
    put_figures(&p, d);
    put_units(&p, d);
    put_late(&p, d);
    return qk_docx_end(d, out, err);
}

/* ---- workbook ---- */

static void put_line(qk_xlsx_writer *w, const qk_json_value *l)
{
    qk_xlsx_row(w);
    qk_xlsx_cell(w, qk_json_get_str(l, "no"), false);
    qk_xlsx_cell(w, qk_json_get_str(l, "task_title"), false);
    qk_xlsx_cell(w, qk_json_get_str(l, "title"), false);
    qk_xlsx_cell(w, qk_json_get_str(l, "unit_name"), false);
    qk_xlsx_cell(w, number(l, "target"), true);
    qk_xlsx_cell(w, number(l, "expected"), true);
    qk_xlsx_cell(w, number(l, "actual"), true);
    qk_xlsx_cell(w, unit_zh(qk_json_get_str(l, "amount_unit")), false);
    qk_xlsx_cell(w, qk_json_get_str(l, "due"), false);
    qk_xlsx_cell(w, colour_zh(l), false);
    qk_xlsx_cell(w, qk_json_get_str(l, "note"), false);
}

qk_code qk_bulletin_write_xlsx(qk_buf *out, qk_db *db, int64_t id, qk_arena *arena, qk_error *err)
{
    static const char *const head[] = {"序号", "任务",     "指标",     "责任单位", "目标", "应为",
                                       "实为", "计量单位", "完成时限", "状态",     "说明"};
    static const char *const counts[] = {"项目", "数量"};
    paper p;
    qk_xlsx_writer *w = NULL;
    QK_TRY(open_paper(&p, db, id, arena, err));
    if (!p.kept.month)
        return qk_fail(err, QK_ENOTFOUND, "only the bulletin of a month is a workbook, too");
    QK_TRY(qk_xlsx_begin(&w, QK_STR("任务明细"), err));
    qk_xlsx_set_time(w, p.kept.recorded_at);
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        qk_xlsx_cell(w, qk_str_of(head[i]), false);
    for (const qk_json_value *l = rows_of(&p, "lines"); l; l = l->next) put_line(w, l);
    qk_xlsx_next_sheet(w, QK_STR("汇总"));
    for (size_t i = 0; i < 2; i++) qk_xlsx_cell(w, qk_str_of(counts[i]), false);
    for (const qk_json_value *f = rows_of(&p, "figures"); f; f = f->next) {
        qk_xlsx_row(w);
        qk_xlsx_cell(w, qk_json_get_str(f, "zh"), false);
        qk_xlsx_cell(w, number(f, "value"), true);
    }
    return qk_xlsx_end(w, out, err);
}
