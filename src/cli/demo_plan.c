/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_plan.h"
#include "cli/demo_year.h"
#include "domain/duties.h"
#include "domain/ledger.h"
#include "domain/plans.h"
#include "web/page.h"
#include <stdio.h>

extern const qk_pack qk_pack_plans;

#define CLERK    QK_STR("攻坚办科员")
#define DIRECTOR QK_STR("攻坚办主任")

typedef struct loading {
    qk_plan_reading reading;
    qk_file_id source, text, compiled;
    const qk_demo_past *past;
    qk_db *db;
    char plan[QK_PLAN_ID_MAX];
    qk_arena arena;
    qk_error *err;
} loading;

static qk_time at(const char *iso)
{
    qk_time t = 0;
    return qk_time_parse(&t, qk_str_of(iso)) == QK_OK ? t : 0;
}

/* ---- the review ---- */

typedef struct correction {
    const char *path, *data, *note;
} correction;

/* What the clerk makes of the defects that the text was given. */
static const correction corrections[] = {
    {"tasks[1].indicators[1]",
     "{\"name\":\"生产线关停退出\",\"op\":\"==\",\"value\":20,\"unit\":\"条\",\"text\":"
     "\"完成10家烧结"
     "砖瓦企业、18条生产线关停退出\",\"date\":\"2025-09-30\"}",
     "附表1共20条生产线，以附表为准"},
    {"tasks[18].lead", "[\"市生态环境局青泽分局\"]", "原文未写牵头单位，经会商由生态环境部门牵头"},
    {"tasks[24].indicators[1]",
     "{\"name\":\"新能源渣土车比例\",\"op\":\">=\",\"value\":60,\"unit\":\"%\",\"text\":"
     "\"2025年新能源"
     "渣土车比例达到80%以上\",\"date\":\"2025-12-31\"}",
     "与第20项60%不一致，以第20项为准"},
    {"tasks[25].deadlines[0]", "{\"date\":\"2025-06-30\",\"text\":\"3月底前\"}",
     "印发时已过期，顺延至6月底"},
};

static qk_code correct(loading *l, const correction *c)
{
    qk_json_value *data = NULL;
    int64_t version = 0;
    QK_TRY(qk_json_parse(&data, qk_str_of(c->data), &l->arena, l->err));
    qk_item_change change = {.plan = qk_str_of(l->plan),
                             .path = qk_str_of(c->path),
                             .action = QK_REVIEW_CORRECT,
                             .data = data,
                             .note = qk_str_of(c->note),
                             .seen = 1};
    return qk_plans_item_change(&version, l->db, &change, CLERK, at("2025-04-21T10:00"), l->err);
}

static qk_code settle_findings(loading *l)
{
    for (size_t i = 0; i < l->reading.finding_n; i++) {
        int64_t version = 0;
        bool grave = l->reading.findings[i].severity == 'H';
        qk_finding_change c = {.plan = qk_str_of(l->plan),
                               .no = (int64_t)i + 1,
                               .action = grave ? QK_REVIEW_CORRECT : QK_REVIEW_ACCEPT,
                               .answer = grave ? QK_STR("已与起草单位核对，见对应条目的更正说明")
                                               : QK_STR(""),
                               .seen = 1};
        QK_TRY(qk_plans_finding_change(&version, l->db, &c, CLERK, at("2025-04-21T11:00"), l->err));
    }
    return QK_OK;
}

static qk_code review(loading *l)
{
    int64_t accepted = 0;
    for (size_t i = 0; i < sizeof corrections / sizeof corrections[0]; i++)
        QK_TRY(correct(l, &corrections[i]));
    QK_TRY(settle_findings(l));
    return qk_plans_accept(&accepted, l->db, qk_str_of(l->plan), QK_STR(""), QK_STR(""), CLERK,
                           at("2025-04-21T15:00"), l->err);
}

/* ---- issue, signatures, filings ---- */

static qk_code issue(loading *l)
{
    qk_issued issued;
    int64_t version = 0;
    qk_time now = at("2025-04-22T09:00");
    qk_plan_change c = {.plan = qk_str_of(l->plan), .status = QK_STR("issued"), .seen = 1};
    QK_TRY(qk_plans_change(&version, l->db, &c, DIRECTOR, now, l->err));
    return qk_duties_issue(&issued, l->past->node, l->db, qk_str_of(l->plan), DIRECTOR, now,
                           &l->arena, l->err);
}

typedef struct owed {
    qk_str obligation, unit;
} owed;

static qk_code list_owed(loading *l, const char *sql, owed **out, size_t *n)
{
    enum { OWED_MAX = 2000 };
    sqlite3_stmt *s = NULL;
    qk_code code;
    *out = qk_arena_array(&l->arena, OWED_MAX, sizeof **out);
    if (!*out) return qk_fail(l->err, QK_ENOMEM, "no memory for the demo's duties");
    QK_TRY(qk_db_prepare(&s, l->db, sql, l->err));
    while ((code = qk_db_step(l->db, s, l->err)) == QK_OK) {
        qk_str a = qk_db_text(s, 0), b = qk_db_text(s, 1);
        owed *o = &(*out)[*n];
        o->obligation = (qk_str){qk_arena_copy(&l->arena, a.ptr, a.len), a.len};
        o->unit = (qk_str){qk_arena_copy(&l->arena, b.ptr, b.len), b.len};
        if (*n + 1 < OWED_MAX) ++*n;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* Every unit but the last two of the list signs for what it owes; one objects. */
static qk_code sign(loading *l)
{
    owed *all = NULL;
    size_t n = 0;
    qk_time now = at("2025-04-23T10:00");
    QK_TRY(list_owed(l,
                     "SELECT DISTINCT d.obligation, d.unit FROM duty d JOIN obligation o ON o.id ="
                     " d.obligation WHERE o.parent = '' AND d.unit NOT IN (SELECT DISTINCT unit"
                     " FROM duty ORDER BY unit DESC LIMIT 2) ORDER BY o.kind ="
                     " 'filing', 1, 2",
                     &all, &n));
    for (size_t i = 0; i < n; i++) {
        qk_duty_change c = {.obligation = all[i].obligation,
                            .unit = all[i].unit,
                            .action = i == 7 ? QK_DUTY_OBJECT : QK_DUTY_SIGN,
                            .note =
                                i == 7 ? QK_STR("该项职责已划转，建议调整责任单位") : QK_STR(""),
                            .seen = 1};
        QK_TRY(qk_duties_change(l->db, &c, QK_STR("各单位联络员"), now, l->err));
    }
    return QK_OK;
}

/* What the units owe to file, in the order of the obligations; the last one files nothing. */
typedef struct filing {
    const char *which, *title, *in_time, *late;
    int late_first, late_count; /* who files late; first below 0: counted from the end */
} filing;

static qk_code file_all(loading *l, const filing *f, owed **all, size_t *n)
{
    const char *sql = qk_arena_printf(
        &l->arena,
        "SELECT DISTINCT d.obligation, d.unit FROM duty d JOIN obligation o ON o.id = d.obligation"
        " WHERE o.kind = 'filing' AND o.path %s '%%.fields[%%' ORDER BY 1, 2",
        f->which);
    if (!sql) return qk_fail(l->err, QK_ENOMEM, "no memory for the demo's filings");
    QK_TRY(list_owed(l, sql, all, n));
    int first = f->late_first < 0 ? (int)*n + f->late_first : f->late_first;
    for (int i = 0; i + 1 < (int)*n; i++) {
        bool late = i >= first && i < first + f->late_count, noted = false;
        QK_TRY(qk_duties_file(&noted, l->db, (*all)[i].obligation, (*all)[i].unit,
                              qk_str_of(f->title), QK_STR("各单位联络员"),
                              at(late ? f->late : f->in_time), l->err));
    }
    return QK_OK;
}

/* Two file late, the last one not at all. */
static qk_code file_plans(loading *l)
{
    static const filing own = {
        "NOT LIKE", "本单位2025年实施方案", "2025-05-26T16:00", "2025-06-03T09:00", -3, 2};
    owed *all = NULL;
    size_t n = 0;
    return file_all(l, &own, &all, &n);
}

/* ---- departments' own plans ---- */

enum { FIELDS_MAX = 64 };

typedef struct field_rows {
    int64_t id[FIELDS_MAX];
    char unit[FIELDS_MAX][64];
    size_t n;
} field_rows;

static qk_code note_row(void *context, const qk_ledger_row *row)
{
    field_rows *rows = context;
    if (rows->n == FIELDS_MAX) return QK_OK;
    qk_str_copy(rows->unit[rows->n], sizeof rows->unit[0], row->unit);
    rows->id[rows->n++] = row->id;
    return QK_OK;
}

static qk_code tell_checks(loading *l, const qk_ledger_type *type, int64_t id, int planned,
                           int done, qk_time now)
{
    char json[80];
    qk_json_value *object = NULL;
    qk_ledger_row *row = NULL;
    const qk_str *values = NULL;
    bool changed = false;
    snprintf(json, sizeof json, "{\"planned\":%d,\"done\":%d}", planned, done);
    char *kept = qk_arena_copy(&l->arena, json, strlen(json));
    if (!kept) return qk_fail(l->err, QK_ENOMEM, "no memory for the demo's ledgers");
    QK_TRY(qk_json_parse(&object, qk_str_of(kept), &l->arena, l->err));
    QK_TRY(qk_ledger_get(&row, l->db, type, id, &l->arena, l->err));
    QK_TRY(qk_ledger_values_json(&values, type, object, row->values, &l->arena, l->err));
    return qk_ledger_put(&id, &changed, l->db, type, values, -1, QK_TIME_NONE,
                         QK_STR("各单位联络员"), now, l->err);
}

/* Most keep to what they planned; one field was forgotten in its department's plan. */
static qk_code plan_checks(loading *l, qk_str missing)
{
    static const int planned[] = {24, 12, 6, 10, 0, 16, 8, 12, 20, 9, 18};
    static const int done[] = {25, 12, 4, 10, 0, 11, 8, 13, 20, 9, 15};
    qk_ledger_type *type = NULL;
    field_rows rows = {.n = 0};
    qk_ledger_ask ask = {.valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE};
    QK_TRY(qk_ledger_type_get(&type, l->db, QK_STR("department_plan"), QK_TIME_NONE, &l->arena,
                              l->err));
    QK_TRY(qk_ledger_each(l->db, type, &ask, note_row, &rows, l->err));
    for (size_t i = 0; i < rows.n; i++) {
        size_t k = i % (sizeof planned / sizeof planned[0]);
        if (!planned[k] || qk_str_eq(qk_str_of(rows.unit[i]), missing)) continue;
        QK_TRY(tell_checks(l, type, rows.id[i], planned[k], 0, at("2025-05-16T15:00")));
        QK_TRY(tell_checks(l, type, rows.id[i], planned[k], done[k], at("2025-11-28T10:00")));
    }
    return QK_OK;
}

/* One department files late, the last one not at all. */
static qk_code file_department_plans(loading *l)
{
    static const filing fields = {
        "LIKE", "本系统2025年执法和督导计划", "2025-05-16T15:00", "2025-05-27T09:00", 3, 1};
    owed *all = NULL;
    size_t n = 0;
    QK_TRY(file_all(l, &fields, &all, &n));
    return n ? plan_checks(l, all[n - 1].unit) : QK_OK;
}

static qk_code add(loading *l)
{
    QK_TRY(qk_plans_add(l->plan, l->db, &l->reading, &l->source, &l->text, &l->compiled,
                        QK_STR("青泽县2025年空气质量持续改善实施方案.txt"), CLERK,
                        at("2025-04-20T09:00"), l->err));
    QK_TRY(review(l));
    QK_TRY(issue(l));
    QK_TRY(sign(l));
    QK_TRY(file_plans(l));
    QK_TRY(file_department_plans(l));
    return qk_demo_year_play(l->past, l->db, qk_str_of(l->plan), &l->arena, l->err);
}

static qk_code add_inside(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    loading *l = context;
    (void)node, (void)now;
    l->db = db;
    l->err = err;
    return add(l);
}

static qk_code put_files(loading *l, qk_files *files, qk_str bytes, qk_error *err)
{
    const qk_buf *text = &l->reading.text, *compiled = &l->reading.compiled;
    QK_TRY(qk_files_put(files, &l->source, bytes.ptr, bytes.len, err));
    QK_TRY(qk_files_put(files, &l->text, text->ptr, text->len, err));
    return qk_files_put(files, &l->compiled, compiled->ptr, compiled->len, err);
}

qk_code qk_demo_plan_load(const qk_demo_past *past, qk_error *err)
{
    loading l = {.past = past};
    qk_node *node = past->node;
    const qk_asset *asset = qk_pack_find(&qk_pack_plans, QK_STR("/qingze-2025.txt"));
    if (!asset) return qk_fail(err, QK_ENOTFOUND, "the demo's plan is not in the program");
    qk_str bytes = {(const char *)asset->bytes, asset->len};
    qk_arena_init(&l.arena, (size_t)256 << 20);
    qk_code code = qk_plan_reading_make(&l.reading, bytes, "qingze-2025.txt", err);
    if (code == QK_OK) code = put_files(&l, qk_node_files(node), bytes, err);
    if (code == QK_OK) code = qk_node_call(node, add_inside, &l, err);
    qk_plan_reading_clear(&l.reading);
    qk_arena_clear(&l.arena);
    return code;
}
