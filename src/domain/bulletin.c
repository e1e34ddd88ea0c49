/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/bulletin_private.h"
#include "domain/dbjson.h"
#include "domain/setting.h"
#include "domain/year.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    ARENA_MAX = 256 << 20,
    CONTENT_MAX = 16 << 20,
    WORST = 5,
    ITEMS_MAX = 4096,
    UNITS_MAX = 512
};

typedef struct drafting {
    const qk_json_value *content; /* of the month */
    char month[8];
    int32_t number;      /* of the month in its year */
    qk_str sign, office; /* patterns of its number and of who signs */
    qk_json_writer *w;
} drafting;

static bool is(qk_str s, const char *word)
{
    return qk_str_eq(s, qk_str_of(word));
}

/* ---- what is counted ---- */

typedef bool chosen_fn(const qk_json_value *row);

static bool any_task(const qk_json_value *t)
{
    return t != NULL;
}
static bool done_task(const qk_json_value *t)
{
    return qk_json_get_bool(t, "done", false);
}
static bool yellow_task(const qk_json_value *t)
{
    return is(qk_json_get_str(t, "colour"), "yellow");
}
static bool red_task(const qk_json_value *t)
{
    return is(qk_json_get_str(t, "colour"), "red");
}
static bool silent_line(const qk_json_value *l)
{
    int64_t version = 0;
    return qk_json_get_bool(l, "asked", false) && qk_json_get_i64(l, "row_version", &version) &&
           version == 0;
}
static bool air_line(const qk_json_value *l)
{
    return is(qk_json_get_str(l, "kind"), "target");
}

typedef struct figure {
    const char *key, *zh, *en, *list, *id;
    chosen_fn *chosen;
} figure;

static const figure figures[] = {
    {"tasks", "任务总数", "Tasks", "tasks", "id", any_task},
    {"done", "已完成", "Done", "tasks", "id", done_task},
    {"behind", "滞后或临期", "Behind or near", "tasks", "id", yellow_task},
    {"overdue", "逾期", "Overdue", "tasks", "id", red_task},
    {"no_report", "应报未报", "Not reported", "lines", "obligation", silent_line},
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

static int64_t count(const drafting *d, const figure *f)
{
    int64_t n = 0;
    const qk_json_value *list = qk_json_get(d->content, f->list);
    for (const qk_json_value *r = list ? list->first : NULL; r; r = r->next) n += f->chosen(r);
    return n;
}

/* A number with the list it opens. */
static void put_figure(const drafting *d, const figure *f)
{
    const qk_json_value *list = qk_json_get(d->content, f->list);
    qk_json_object(d->w);
    qk_json_kcstr(d->w, "key", f->key);
    qk_json_kcstr(d->w, "zh", f->zh);
    qk_json_kcstr(d->w, "en", f->en);
    qk_json_ki64(d->w, "value", count(d, f));
    qk_json_key(d->w, "source");
    qk_json_array(d->w);
    for (const qk_json_value *r = list ? list->first : NULL; r; r = r->next)
        if (f->chosen(r)) qk_json_str(d->w, qk_json_get_str(r, f->id));
    qk_json_end(d->w);
    qk_json_end(d->w);
}

/* ---- paragraphs ---- */

static void put_paragraph(const drafting *d, const qk_buf *zh, const qk_buf *en)
{
    qk_json_object(d->w);
    qk_json_kstr(d->w, "zh", qk_buf_str(zh));
    qk_json_kstr(d->w, "en", qk_buf_str(en));
    qk_json_end(d->w);
}

static void say_summary(const drafting *d, qk_buf *zh, qk_buf *en)
{
    long long n[FIGURES];
    for (size_t i = 0; i < FIGURES; i++) n[i] = (long long)count(d, &figures[i]);
    qk_buf_printf(zh,
                  "%d月，全县共推进任务%lld项，已完成%lld项，滞后或临期%lld项，逾期%lld项；"
                  "应报未报%lld条。",
                  d->number, n[0], n[1], n[2], n[3], n[4]);
    qk_buf_printf(en,
                  "In %s the county worked on %lld tasks: %lld are done, %lld behind or near "
                  "their date, %lld overdue; %lld figures were not reported.",
                  d->month, n[0], n[1], n[2], n[3], n[4]);
}

static bool is_number(const qk_json_value *line, const char *name)
{
    const qk_json_value *v = qk_json_get(line, name);
    return v && v->type == QK_JSON_NUMBER;
}

/* As a Chinese document prints it. */
static qk_str unit_zh(qk_str unit)
{
    if (qk_str_eq(unit, QK_STR("ug/m3"))) return QK_STR("微克/立方米");
    return qk_str_eq(unit, QK_STR("mg/m3")) ? QK_STR("毫克/立方米") : unit;
}

static void say_number(qk_buf *out, const qk_json_value *line, const char *name, const char *none)
{
    if (is_number(line, name))
        qk_buf_put_str(out, qk_json_get(line, name)->text);
    else
        qk_buf_puts(out, none);
}

static void say_air(const drafting *d, qk_buf *zh, qk_buf *en)
{
    const qk_json_value *lines = qk_json_get(d->content, "lines");
    qk_buf_puts(zh, "空气质量（年初至今）：");
    qk_buf_puts(en, "Air, year to date: ");
    size_t n = 0;
    for (const qk_json_value *l = lines ? lines->first : NULL; l; l = l->next) {
        if (!air_line(l)) continue;
        qk_str title = qk_json_get_str(l, "title"), unit = qk_json_get_str(l, "amount_unit");
        qk_buf_printf(zh, "%s%.*s ", n ? "；" : "", QK_STR_ARG(title));
        qk_buf_printf(en, "%s%.*s ", n++ ? "; " : "", QK_STR_ARG(title));
        say_number(zh, l, "actual", "尚无数据");
        say_number(en, l, "actual", "no data yet");
        if (is_number(l, "actual")) {
            qk_str printed = unit_zh(unit);
            qk_buf_printf(zh, "%.*s", QK_STR_ARG(printed));
            qk_buf_printf(en, " %.*s", QK_STR_ARG(unit));
        }
        qk_buf_puts(zh, "（目标 ");
        qk_buf_puts(en, " (target ");
        say_number(zh, l, "target", "—");
        say_number(en, l, "target", "-");
        qk_buf_puts(zh, "）");
        qk_buf_puts(en, ")");
    }
    qk_buf_puts(zh, n ? "。" : "无目标。");
    qk_buf_puts(en, n ? "." : "no targets.");
}

static void say_behind(const drafting *d, qk_buf *zh, qk_buf *en)
{
    const qk_json_value *lines = qk_json_get(d->content, "lines");
    size_t n = 0;
    for (const qk_json_value *l = lines ? lines->first : NULL; l; l = l->next) {
        qk_str colour = qk_json_get_str(l, "colour");
        if (air_line(l) || !(is(colour, "red") || is(colour, "yellow"))) continue;
        qk_str no = qk_json_get_str(l, "no"), title = qk_json_get_str(l, "title");
        qk_str unit = qk_json_get_str(l, "unit_name");
        qk_buf_puts(zh, n ? "；" : "主要问题：");
        qk_buf_puts(en, n++ ? "; " : "Problems: ");
        /* the works of an annex have no number and no one owner */
        if (no.len) qk_buf_printf(zh, "第%.*s项", QK_STR_ARG(no));
        if (no.len) qk_buf_printf(en, "no. %.*s ", QK_STR_ARG(no));
        qk_buf_printf(zh, "“%.*s”", QK_STR_ARG(title));
        qk_buf_printf(en, "%.*s", QK_STR_ARG(title));
        if (unit.len) qk_buf_printf(zh, "（%.*s）", QK_STR_ARG(unit));
        if (unit.len) qk_buf_printf(en, " (%.*s)", QK_STR_ARG(unit));
        qk_buf_puts(zh, "：应为");
        qk_buf_puts(en, ": expected ");
        say_number(zh, l, "expected", "完成");
        say_number(en, l, "expected", "done");
        qk_buf_puts(zh, "，实为");
        qk_buf_puts(en, ", is ");
        say_number(zh, l, "actual", "未完成");
        say_number(en, l, "actual", "not");
        qk_buf_puts(zh, is(colour, "red") ? "，逾期" : "，预警");
        qk_buf_puts(en, is(colour, "red") ? ", overdue" : ", warned");
    }
    qk_buf_puts(zh, n ? "。" : "没有滞后或逾期事项。");
    qk_buf_puts(en, n ? "." : "Nothing is behind or overdue.");
}

/* ---- the worst five ---- */

typedef struct unit_score {
    const qk_json_value *row;
    int64_t score;
    qk_str id;
} unit_score;

static int by_score(const void *a, const void *b)
{
    const unit_score *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return qk_str_cmp(x->id, y->id);
}

/* Red before yellow before silence; the name decides among equals. */
static size_t rank_units(const drafting *d, unit_score out[UNITS_MAX])
{
    size_t n = 0;
    const qk_json_value *units = qk_json_get(d->content, "units");
    for (const qk_json_value *u = units ? units->first : NULL; u && n < UNITS_MAX; u = u->next) {
        int64_t red = 0, yellow = 0, silent = 0;
        (void)qk_json_get_i64(u, "red", &red);
        (void)qk_json_get_i64(u, "yellow", &yellow);
        (void)qk_json_get_i64(u, "no_report", &silent);
        int64_t score = red * 1000000 + yellow * 1000 + silent;
        /* targets of the air are nobody's lines */
        if (score > 0 && qk_json_get_str(u, "unit").len)
            out[n++] = (unit_score){u, score, qk_json_get_str(u, "unit")};
    }
    qsort(out, n, sizeof *out, by_score);
    return n < WORST ? n : WORST;
}

static void put_worst(const drafting *d, unit_score *worst, size_t n)
{
    qk_json_key(d->w, "worst");
    qk_json_array(d->w);
    for (size_t i = 0; i < n; i++) qk_json_put(d->w, worst[i].row);
    qk_json_end(d->w);
}

static void say_worst(unit_score *worst, size_t n, qk_buf *zh, qk_buf *en)
{
    qk_buf_puts(zh, n ? "落后单位：" : "没有落后单位。");
    qk_buf_puts(en, n ? "Units furthest behind: " : "No unit is behind.");
    for (size_t i = 0; i < n; i++) {
        qk_str name = qk_json_get_str(worst[i].row, "unit_name");
        qk_buf_printf(zh, "%s%.*s", i ? "、" : "", QK_STR_ARG(name));
        qk_buf_printf(en, "%s%.*s", i ? ", " : "", QK_STR_ARG(name));
    }
    if (n) qk_buf_puts(zh, "。");
    if (n) qk_buf_puts(en, ".");
}

static void put_paragraphs(const drafting *d, unit_score *worst, size_t worst_n)
{
    qk_buf zh, en;
    qk_buf_init(&zh, 1 << 20);
    qk_buf_init(&en, 1 << 20);
    qk_json_key(d->w, "paragraphs");
    qk_json_array(d->w);
    for (int i = 0; i < 4; i++) {
        qk_buf_reset(&zh);
        qk_buf_reset(&en);
        if (i == 0) say_summary(d, &zh, &en);
        if (i == 1) say_air(d, &zh, &en);
        if (i == 2) say_behind(d, &zh, &en);
        if (i == 3) say_worst(worst, worst_n, &zh, &en);
        put_paragraph(d, &zh, &en);
    }
    qk_json_end(d->w);
    qk_buf_clear(&zh);
    qk_buf_clear(&en);
}

/* A pattern with its year and month; {area} is filled where the file is made. */
static void put_filled(const drafting *d, const char *name, qk_str pattern)
{
    char month[16];
    qk_buf out;
    qk_buf_init(&out, 1024);
    snprintf(month, sizeof month, "%d", (int)d->number);
    for (size_t i = 0; i < pattern.len;) {
        qk_str rest = {pattern.ptr + i, pattern.len - i};
        bool year = qk_str_starts(rest, QK_STR("{year}")), no = qk_str_starts(rest, QK_STR("{no}"));
        if (year) qk_buf_put_str(&out, (qk_str){d->month, 4});
        if (no) qk_buf_puts(&out, month);
        if (!year && !no) qk_buf_putc(&out, pattern.ptr[i]);
        i += year ? strlen("{year}") : no ? strlen("{no}") : 1;
    }
    qk_json_kstr(d->w, name, qk_buf_str(&out));
    if (out.failed) d->w->out->failed = out.failed;
    qk_buf_clear(&out);
}

static void write_content(const drafting *d)
{
    char title[120];
    unit_score *worst = calloc(UNITS_MAX, sizeof *worst);
    size_t n = worst ? rank_units(d, worst) : 0;
    if (!worst) d->w->out->failed = QK_ENOMEM;
    qk_json_object(d->w);
    qk_json_kcstr(d->w, "month", d->month);
    snprintf(title, sizeof title, "大气污染防治工作通报（%.4s年%d月）", d->month, d->number);
    qk_json_kcstr(d->w, "title_zh", title);
    snprintf(title, sizeof title, "Bulletin on the air plan, %s", d->month);
    qk_json_kcstr(d->w, "title_en", title);
    put_filled(d, "number_zh", d->sign);
    qk_json_kstr(d->w, "office_zh", d->office);
    put_paragraphs(d, worst, n);
    qk_json_key(d->w, "figures");
    qk_json_array(d->w);
    for (size_t i = 0; i < FIGURES; i++) put_figure(d, &figures[i]);
    qk_json_end(d->w);
    put_worst(d, worst, n);
    qk_json_key(d->w, "lines");
    qk_json_put(d->w, qk_json_get(d->content, "lines"));
    qk_json_end(d->w);
    free(worst);
}

/* ---- rows ---- */

static qk_str pattern_of(qk_db *db, const char *key, qk_arena *arena)
{
    qk_str text = {NULL, 0};
    if (qk_setting_text(&text, db, key, arena, NULL) == QK_OK && text.len) return text;
    return qk_str_of(qk_setting_def_of(qk_str_of(key))->fallback);
}

static qk_code load_month(drafting *d, qk_time *judged_at, qk_db *db, int32_t month,
                          qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_json_value *content = NULL;
    QK_TRY(qk_db_prepare(
        &s, db,
        "SELECT content, closed_at FROM schedule_month WHERE month = ?1 AND closed_at IS"
        " NOT NULL",
        err));
    sqlite3_bind_int64(s, 1, month);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, QK_EUNSUPPORTED, "the month is not closed yet");
    if (code != QK_OK) return code;
    qk_str text = qk_db_text(s, 0);
    char *copy = qk_arena_copy(arena, text.ptr, text.len);
    *judged_at = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    if (!copy) return qk_fail(err, QK_ENOMEM, "no memory for a month");
    QK_TRY(qk_json_parse(&content, (qk_str){copy, text.len}, arena, err));
    d->content = content;
    return QK_OK;
}

/* The newest version of a period; *same when it says this. */
static qk_code find_newest(int64_t *id, int64_t *version, bool *same, qk_db *db, const char *kind,
                           const char *period, qk_str content, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *same = false;
    *version = 0;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id, version, content FROM bulletin WHERE kind = ?2 AND period"
                         " = ?1 ORDER BY version DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(period));
    qk_db_bind_str(s, 2, qk_str_of(kind));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (code != QK_OK) return code;
    *id = sqlite3_column_int64(s, 0);
    *version = sqlite3_column_int64(s, 1);
    *same = qk_str_eq(qk_db_text(s, 2), content);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_bulletin_keep(int64_t *id, qk_db *db, const char *kind, const char *period,
                         qk_str content, qk_time known_at, qk_str by, qk_time now, qk_error *err)
{
    bool same = false;
    int64_t version = 0;
    sqlite3_stmt *s = NULL;
    QK_TRY(find_newest(id, &version, &same, db, kind, period, content, err));
    if (same) return QK_OK;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO bulletin (kind, period, version, state, content, known_at,"
                         " recorded_at, recorded_by) VALUES (?7, ?1, ?2, 'draft', ?3, ?4, ?5, ?6)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(period));
    qk_db_bind_str(s, 7, qk_str_of(kind));
    sqlite3_bind_int64(s, 2, version + 1);
    qk_db_bind_str(s, 3, content);
    sqlite3_bind_int64(s, 4, known_at);
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    QK_TRY(qk_db_run(db, s, err));
    *id = sqlite3_last_insert_rowid(qk_db_handle(db));
    return QK_OK;
}

qk_code qk_bulletin_draft(int64_t *id, qk_db *db, int32_t month, qk_str by, qk_time now,
                          qk_error *err)
{
    qk_arena arena;
    qk_buf content;
    qk_json_writer w;
    qk_time judged_at = 0;
    drafting d = {.number = month % 12 + 1, .w = &w};
    qk_month_text(d.month, month);
    qk_arena_init(&arena, ARENA_MAX);
    qk_buf_init(&content, CONTENT_MAX);
    qk_json_init(&w, &content);
    qk_code code = load_month(&d, &judged_at, db, month, &arena, err);
    d.sign = pattern_of(db, "bulletin.number", &arena);
    d.office = pattern_of(db, "bulletin.office", &arena);
    if (code == QK_OK) {
        write_content(&d);
        code = content.failed ? qk_fail(err, content.failed, "a bulletin is too large")
                              : qk_bulletin_keep(id, db, "month", d.month, qk_buf_str(&content),
                                                 judged_at, by, now, err);
    }
    qk_buf_clear(&content);
    qk_arena_clear(&arena);
    return code;
}

static qk_code find_state(char out[12], qk_db *db, int64_t id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT state FROM bulletin WHERE id = ?1", err));
    sqlite3_bind_int64(s, 1, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no bulletin %lld", (long long)id);
    if (code != QK_OK) return code;
    qk_str_copy(out, 12, qk_db_text(s, 0));
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_bulletin_issue(qk_db *db, int64_t id, qk_str by, qk_time now, qk_error *err)
{
    char state[12];
    sqlite3_stmt *s = NULL;
    QK_TRY(find_state(state, db, id, err));
    if (strcmp(state, "draft") != 0)
        return qk_fail(err, QK_EUNSUPPORTED, "the bulletin is issued: it is not changed");
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE bulletin SET state = 'issued', recorded_at = ?2, recorded_by = ?3"
                         " WHERE id = ?1",
                         err));
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, now);
    qk_db_bind_str(s, 3, by);
    return qk_db_run(db, s, err);
}

qk_code qk_bulletin_keep_episode(int64_t *id, qk_db *db, const char *day, qk_str content, qk_str by,
                                 qk_time now, qk_error *err)
{
    return qk_bulletin_keep(id, db, "episode", day, content, now, by, now, err);
}

qk_code qk_bulletin_of_episode(int64_t *id, int64_t *version, qk_db *db, const char *day,
                               qk_error *err)
{
    bool same = false;
    *id = 0;
    return find_newest(id, version, &same, db, "episode", day, QK_STR(""), err);
}

/* ---- as JSON and text ---- */

static void put_head(qk_json_writer *w, sqlite3_stmt *s)
{
    qk_json_ki64(w, "id", sqlite3_column_int64(s, 0));
    qk_dbjson_text(w, "kind", s, 1);
    qk_dbjson_text(w, "period", s, 2);
    qk_json_ki64(w, "version", sqlite3_column_int64(s, 3));
    qk_dbjson_text(w, "state", s, 4);
    qk_dbjson_time(w, "known_at", sqlite3_column_int64(s, 5));
    qk_dbjson_time(w, "recorded_at", sqlite3_column_int64(s, 6));
    qk_dbjson_text(w, "recorded_by", s, 7);
}

#define HEAD_COLUMNS "SELECT id, kind, period, version, state, known_at, recorded_at, recorded_by"

qk_code qk_bulletins_write_list(qk_json_writer *w, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    int64_t n = 0;
    qk_code code;
    QK_TRY(qk_db_prepare(
        &s, db, HEAD_COLUMNS " FROM bulletin ORDER BY period DESC, kind, version DESC", err));
    qk_dbjson_begin(w);
    for (; (code = qk_db_step(db, s, err)) == QK_OK; n++) {
        qk_json_object(w);
        put_head(w, s);
        qk_json_end(w);
    }
    qk_dbjson_end(w, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code find_bulletin(sqlite3_stmt **s, qk_db *db, int64_t id, qk_error *err)
{
    QK_TRY(qk_db_prepare(s, db, HEAD_COLUMNS ", content FROM bulletin WHERE id = ?1", err));
    sqlite3_bind_int64(*s, 1, id);
    qk_code code = qk_db_step(db, *s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no bulletin %lld", (long long)id);
    return code;
}

qk_code qk_bulletin_write_one(qk_json_writer *w, qk_db *db, int64_t id, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(find_bulletin(&s, db, id, err));
    qk_json_object(w);
    put_head(w, s);
    qk_json_key(w, "content");
    qk_json_raw(w, qk_db_text(s, 8));
    qk_json_end(w);
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_bulletin_kept_get(qk_bulletin_kept *out, qk_db *db, int64_t id, qk_arena *arena,
                             qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_json_value *content = NULL;
    QK_TRY(find_bulletin(&s, db, id, err));
    qk_str text = qk_db_text(s, 8);
    qk_str period = qk_db_text(s, 2);
    char *copy = qk_arena_copy(arena, text.ptr, text.len);
    char *day = qk_arena_copy(arena, period.ptr, period.len);
    *out = (qk_bulletin_kept){.issued = is(qk_db_text(s, 4), "issued"),
                              .month = is(qk_db_text(s, 1), "month"),
                              .version = sqlite3_column_int64(s, 3),
                              .recorded_at = sqlite3_column_int64(s, 6)};
    qk_code code = copy ? qk_json_parse(&content, (qk_str){copy, text.len}, arena, err)
                        : qk_fail(err, QK_ENOMEM, "no memory for a bulletin");
    out->content = content;
    out->period = (qk_str){day ? day : "", day ? period.len : 0};
    sqlite3_reset(s);
    return code;
}

static void write_paragraphs(qk_buf *out, const qk_json_value *list)
{
    for (const qk_json_value *p = list ? list->first : NULL; p; p = p->next) {
        qk_buf_puts(out, "\n\n");
        qk_buf_put_str(out, qk_json_get_str(p, "zh"));
    }
}

qk_code qk_bulletin_write_text(qk_buf *out, qk_db *db, int64_t id, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_json_value *content = NULL;
    QK_TRY(find_bulletin(&s, db, id, err));
    qk_code code = qk_json_parse(&content, qk_db_text(s, 8), arena, err);
    if (code == QK_OK) {
        const qk_json_value *sections = qk_json_get(content, "sections");
        qk_buf_put_str(out, qk_json_get_str(content, "title_zh"));
        write_paragraphs(out, qk_json_get(content, "paragraphs"));
        for (const qk_json_value *v = sections ? sections->first : NULL; v; v = v->next) {
            qk_buf_puts(out, "\n\n");
            qk_buf_put_str(out, qk_json_get_str(v, "heading_zh"));
            write_paragraphs(out, qk_json_get(v, "paragraphs"));
        }
    }
    qk_buf_putc(out, '\n');
    sqlite3_reset(s);
    return code;
}
