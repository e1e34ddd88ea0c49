/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_year.h"
#include "domain/bulletin.h"
#include "domain/cases.h"
#include "domain/duties.h"
#include "domain/ledger.h"
#include "domain/people.h"
#include "domain/year.h"

enum { YEAR = 2025, FIRST_MONTH = 4, OWED_MAX = 1000, WORKS = 36, DONE_MAX = 400 };

/* Machines tested and works finished by the end of each month. */
static const int tested[] = {60, 92, 120, 150, 184, 205, 228, 252, 279};
static const int finished[] = {0, 3, 8, 14, 20, 27, 33, 34, 35};

typedef struct playing {
    const qk_demo_past *past;
    qk_node *node;
    qk_db *db;
    qk_str plan;
    qk_arena *arena;
    qk_unit *townships;
    size_t township_n;
    qk_error *err;
} playing;

static qk_time day_at(int month, int day, int hour, int minute)
{
    qk_time t = 0;
    bool next = month > 12;
    qk_civil c = {.year = YEAR + next,
                  .month = month - 12 * next,
                  .day = day,
                  .hour = hour,
                  .minute = minute};
    return qk_time_of(&t, &c) == QK_OK ? t : 0;
}

/* ---- ledgers ---- */

static qk_code put_row(playing *p, const qk_ledger_type *type, const char *json, qk_time now)
{
    int64_t id = 0;
    bool changed = false;
    qk_json_value *object = NULL;
    const qk_str *values = NULL;
    if (!json) return qk_fail(p->err, QK_ENOMEM, "no memory for the demo's ledgers");
    QK_TRY(qk_json_parse(&object, qk_str_of(json), p->arena, p->err));
    QK_TRY(qk_ledger_values_json(&values, type, object, NULL, p->arena, p->err));
    qk_code code = qk_ledger_find(&id, p->db, type, values, p->arena, p->err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    if (code == QK_ENOTFOUND) id = 0;
    return qk_ledger_put(&id, &changed, p->db, type, values, -1, QK_TIME_NONE, QK_STR("demo"), now,
                         p->err);
}

static const char *township(const playing *p, int i)
{
    return p->township_n ? p->townships[(size_t)i % p->township_n].id : "";
}

static qk_code test_machines(playing *p, int month)
{
    static const char *const kinds[] = {"挖掘机", "装载机", "叉车", "压路机", "推土机"};
    qk_ledger_type *type = NULL;
    int at = month - FIRST_MONTH, from = at ? tested[at - 1] : 0;
    QK_TRY(qk_ledger_type_get(&type, p->db, QK_STR("nrmm_test"), QK_TIME_NONE, p->arena, p->err));
    for (int i = from; i < tested[at]; i++) {
        bool failed = i % 17 == 5;
        QK_TRY(put_row(p, type,
                       qk_arena_printf(p->arena,
                                       "{\"machine_code\":\"3QZ%05d\",\"kind\":\"%s\",\"unit\":"
                                       "\"%s\",\"date\":\"%d-%02d-%02d\",\"opacity\":%s,\"result\":"
                                       "\"%s\",\"retested\":%s}",
                                       i + 1, kinds[i % 5], township(p, i), YEAR, month,
                                       1 + (i - from) % 23, failed ? "1.32" : "0.41",
                                       failed ? "fail" : "pass", i % 34 == 5 ? "true" : "false"),
                       day_at(month, 24, 9, 0)));
    }
    return QK_OK;
}

static qk_code put_work(playing *p, const qk_ledger_type *type, int i, int month, bool done)
{
    char date[40] = "";
    if (done)
        snprintf(date, sizeof date, ",\"done_date\":\"%d-%02d-%02d\"", YEAR, month, 3 + i % 20);
    return put_row(p, type,
                   qk_arena_printf(p->arena,
                                   "{\"enterprise\":\"青泽县%s企业%02d\",\"process\":\"%s\","
                                   "\"measure\":\"%s\",\"unit\":\"%s\",\"deadline\":\"%d-10-31\","
                                   "\"state\":\"%s\"%s}",
                                   i % 2 ? "涂装" : "铸造", i + 1, i % 2 ? "喷涂" : "熔炼",
                                   i % 3 ? "更换活性炭吸附" : "淘汰光催化装置", township(p, i),
                                   YEAR, done ? "done" : "planned", date),
                   day_at(month, 24, 10, 0));
}

static qk_code finish_works(playing *p, int month)
{
    qk_ledger_type *type = NULL;
    int at = month - FIRST_MONTH;
    QK_TRY(
        qk_ledger_type_get(&type, p->db, QK_STR("treatment_work"), QK_TIME_NONE, p->arena, p->err));
    for (int i = 0; at == 0 && i < WORKS; i++) QK_TRY(put_work(p, type, i, month, false));
    for (int i = at ? finished[at - 1] : 0; i < finished[at]; i++)
        QK_TRY(put_work(p, type, i, month, true));
    return QK_OK;
}

/* ---- reports ---- */

typedef struct owed {
    qk_str id, unit, kind, op, amount_unit, value;
    int32_t due_month;
} owed;

static qk_str keep(playing *p, sqlite3_stmt *s, int column)
{
    qk_str text = qk_db_text(s, column);
    char *copy = qk_arena_copy(p->arena, text.ptr ? text.ptr : "", text.len);
    return (qk_str){copy ? copy : "", copy ? text.len : 0};
}

static qk_code list_owed(playing *p, owed **out, size_t *n)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    *out = qk_arena_array(p->arena, OWED_MAX, sizeof **out);
    if (!*out) return qk_fail(p->err, QK_ENOMEM, "no memory for the demo's reports");
    QK_TRY(qk_db_prepare(&s, p->db,
                         "SELECT o.id, (SELECT d.unit FROM duty d WHERE d.obligation = o.parent"
                         " ORDER BY d.role <> 'lead', d.role <> 'responsible', d.unit LIMIT 1),"
                         " o.kind, o.op, o.amount_unit, o.value, o.due_day FROM obligation o WHERE"
                         " o.plan = ?1 AND o.kind IN ('indicator', 'recurring') AND o.binding ="
                         " 'reported' ORDER BY o.id",
                         p->err));
    qk_db_bind_str(s, 1, p->plan);
    while ((code = qk_db_step(p->db, s, p->err)) == QK_OK) {
        owed *o = &(*out)[*n];
        qk_civil due = qk_civil_of(sqlite3_column_int64(s, 6) * QK_DAY - QK_CST_OFFSET);
        *o = (owed){keep(p, s, 0),
                    keep(p, s, 1),
                    keep(p, s, 2),
                    keep(p, s, 3),
                    keep(p, s, 4),
                    keep(p, s, 5),
                    due.year > YEAR ? 12 : due.month};
        if (o->unit.len && *n + 1 < OWED_MAX) ++*n;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* Most keep to their plan, one in nine lags, one in eleven says nothing. */
static bool figure_of(qk_dec *out, const owed *o, size_t i, int month)
{
    qk_dec value = {0, 0};
    bool level = qk_str_eq(o->amount_unit, QK_STR("%")) || qk_str_eq(o->op, QK_STR("<="));
    bool lags = i % 9 == 4;
    if (i % 11 == 7) return false;
    if (!o->value.len || qk_dec_parse(&value, o->value) != QK_OK) return false;
    int32_t parts = lags ? 80 : 100;
    if (level && qk_str_eq(o->op, QK_STR("<="))) parts = lags ? 110 : 96;
    if (!level && qk_str_eq(o->kind, QK_STR("indicator")) && month < o->due_month)
        parts = parts * month / o->due_month;
    return qk_dec_ratio(out, (qk_i128)value.mantissa * parts,
                        (qk_i128)100 * qk_power_of_ten[value.scale],
                        value.scale || level ? 1 : 0) == QK_OK;
}

static qk_code report_month(playing *p, const owed *all, size_t n, int month)
{
    for (size_t i = 0; i < n; i++) {
        char text[QK_DEC_TEXT];
        qk_dec figure;
        int64_t version = 0;
        if (!figure_of(&figure, &all[i], i, month)) continue;
        qk_report r = {.obligation = all[i].id,
                       .unit = all[i].unit,
                       .value = qk_str_of(qk_dec_format(text, qk_dec_trim(figure))),
                       .month = YEAR * 12 + month - 1};
        QK_TRY(qk_year_report(&version, p->db, &r, QK_STR("各单位联络员"), day_at(month, 28, 10, 0),
                              p->err));
    }
    return QK_OK;
}

/* The stations' month is told in the morning of the next, before the month is judged; the first of
 * the year's months at the plan's first. A day that is not over is told of nowhere. */
static qk_code tell_air(playing *p, int month)
{
    int32_t from = qk_day_number(day_at(month == FIRST_MONTH ? 1 : month, 1, 0, 0)),
            to = qk_day_number(day_at(month + 1, 1, 0, 0)) - 1,
            over = qk_day_number(qk_clock_now(qk_node_clock(p->node))) - 1;
    if (to > over) to = over;
    return from > to
               ? QK_OK
               : qk_demo_past_tell(p->past, p->db, from, to, day_at(month + 1, 1, 9, 0), p->err);
}

static qk_code play_month(playing *p, const owed *all, size_t n, int month)
{
    int64_t id = 0;
    int32_t number = YEAR * 12 + month - 1;
    QK_TRY(test_machines(p, month));
    QK_TRY(finish_works(p, month));
    QK_TRY(qk_year_open_month(p->node, p->db, number, day_at(month, 25, 0, 0), p->err));
    QK_TRY(report_month(p, all, n, month));
    QK_TRY(tell_air(p, month));
    QK_TRY(qk_year_close_month(p->node, p->db, number, day_at(month + 1, 1, 12, 10), p->err));
    QK_TRY(qk_bulletin_draft(&id, p->db, number, QK_STR("system"), day_at(month + 1, 2, 8, 0),
                             p->err));
    return qk_bulletin_issue(p->db, id, QK_STR("攻坚办主任"), day_at(month + 1, 2, 16, 0), p->err);
}

static qk_code find_townships(playing *p)
{
    size_t all = 0;
    QK_TRY(qk_people_units(qk_node_registry(p->node), p->arena, &p->townships, &all));
    for (size_t i = 0; i < all; i++)
        if (strcmp(p->townships[i].kind, "township") == 0 && p->townships[i].division[0])
            p->townships[p->township_n++] = p->townships[i];
    return QK_OK;
}

/* ---- the year's end ---- */

static qk_code close_case(playing *p, qk_str id, qk_str unit, qk_time opened)
{
    static const struct {
        const char *action, *text, *who;
        int days;
    } steps[] = {{"sign", "", "各单位联络员", 1},
                 {"feed_back", "已补齐进度，佐证材料随附", "各单位联络员", 3},
                 {"verify", "现场核实属实", "攻坚办科员", 4},
                 {"close", "", "攻坚办科员", 4}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        qk_case_act act = {.action = qk_str_of(steps[i].action),
                           .text = qk_str_of(steps[i].text),
                           .who = qk_str_of(steps[i].who),
                           .unit = unit,
                           .seen = -1};
        QK_TRY(qk_case_step(p->db, qk_node_scheduler(p->node), id, &act,
                            opened + steps[i].days * QK_DAY, p->err));
    }
    return QK_OK;
}

/* Two of three supervision orders are answered in time and closed. */
static qk_code close_cases(playing *p)
{
    sqlite3_stmt *s = NULL;
    size_t n = 0;
    qk_code code = QK_OK;
    struct {
        qk_str id, unit;
        qk_time opened;
    } *all = qk_arena_array(p->arena, DONE_MAX, sizeof *all);
    if (!all) return qk_fail(p->err, QK_ENOMEM, "no memory for the demo's cases");
    QK_TRY(qk_db_prepare(&s, p->db,
                         "SELECT id, unit, opened_at FROM case_file WHERE kind = 'overdue' ORDER BY"
                         " opened_at, id",
                         p->err));
    while (n < DONE_MAX && (code = qk_db_step(p->db, s, p->err)) == QK_OK) {
        all[n].id = keep(p, s, 0);
        all[n].unit = keep(p, s, 1);
        all[n++].opened = sqlite3_column_int64(s, 2);
    }
    sqlite3_reset(s);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    for (size_t i = 0; i < n; i++)
        if (i % 3 != 2) QK_TRY(close_case(p, all[i].id, all[i].unit, all[i].opened));
    return QK_OK;
}

/* One step of such a case a day; the second look comes 32 days after the closing. */
static qk_code coal_step(playing *p, const char *id, qk_str unit, qk_str action, qk_time *at)
{
    static const struct {
        const char *action, *text, *who;
        int days;
    } all[] = {{"sign", "", "乡镇网格员", 1},
               {"arrive", "", "乡镇网格员", 1},
               {"feed_back", "已清理并登记", "乡镇网格员", 1},
               {"verify", "现场核实属实", "攻坚办科员", 1},
               {"close", "", "攻坚办科员", 1},
               {"held", "复查未见散煤", "攻坚办科员", 32},
               {"relapsed", "复查又见散煤", "攻坚办科员", 32}};
    size_t i = 0;
    while (i + 1 < sizeof all / sizeof all[0] && !qk_str_eq(action, qk_str_of(all[i].action))) i++;
    *at += all[i].days * QK_DAY;
    qk_case_act act = {.action = action,
                       .text = qk_str_of(all[i].text),
                       .who = qk_str_of(all[i].who),
                       .unit = unit,
                       .seen = -1};
    return qk_case_step(p->db, qk_node_scheduler(p->node), qk_str_of(id), &act, *at, p->err);
}

/* Loose coal that was dealt with and is looked at again: one held, one came back, one waits. */
static qk_code recheck_coal(playing *p)
{
    static const struct {
        const char *cause, *title;
        int opened; /* days before now */
        const char *acts;
    } all[] = {{"loose_coal/demo/1", "村居散煤复烧：采暖季巡查发现 3 户使用散煤", 75,
                "sign arrive feed_back verify close held"},
               {"loose_coal/demo/2", "集镇餐饮散煤复烧：巡查发现 2 家燃用散煤", 41,
                "sign arrive feed_back verify close relapsed sign"},
               {"loose_coal/demo/3", "城乡结合部散煤复烧：夜查发现 1 处散煤销售", 20,
                "sign arrive feed_back verify close"}};
    qk_time now = qk_clock_now(qk_node_clock(p->node));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char id[QK_CASE_ID_MAX];
        bool made = false;
        qk_str unit = qk_str_of(township(p, (int)i)), acts = qk_str_of(all[i].acts);
        qk_time at = now - all[i].opened * QK_DAY;
        qk_case_new what = {.kind = QK_STR("loose_coal"),
                            .cause = qk_str_of(all[i].cause),
                            .unit = unit,
                            .title = qk_str_of(all[i].title),
                            .dispatch = true};
        QK_TRY(qk_case_open(id, &made, p->db, qk_node_scheduler(p->node), &what,
                            QK_STR("攻坚办科员"), at, p->err));
        while (made && acts.len) QK_TRY(coal_step(p, id, unit, qk_str_cut(&acts, ' '), &at));
    }
    return QK_OK;
}

/* Tasks that fell due are done two days later, but for those whose order stands open. */
static qk_code end_tasks(playing *p)
{
    sqlite3_stmt *s = NULL;
    size_t n = 0;
    qk_code code = QK_OK;
    struct {
        qk_str id;
        int64_t version;
        int32_t due;
    } *done = qk_arena_array(p->arena, DONE_MAX, sizeof *done);
    if (!done) return qk_fail(p->err, QK_ENOMEM, "no memory for the demo's year");
    QK_TRY(qk_db_prepare(&s, p->db,
                         "SELECT id, version, due_day FROM obligation o WHERE plan = ?1 AND kind IN"
                         " ('task', 'part') AND due_day < ?2 AND NOT EXISTS (SELECT 1 FROM"
                         " case_file c WHERE c.state <> 'closed' AND c.object IN ('obligation/' || "
                         "o.id, 'obligation/' ||"
                         " o.parent)) ORDER BY id",
                         p->err));
    qk_db_bind_str(s, 1, p->plan);
    sqlite3_bind_int64(s, 2, qk_day_number(day_at(13, 1, 0, 0)));
    while (n < DONE_MAX && (code = qk_db_step(p->db, s, p->err)) == QK_OK) {
        done[n].id = keep(p, s, 0);
        done[n].version = sqlite3_column_int64(s, 1);
        done[n++].due = sqlite3_column_int(s, 2);
    }
    sqlite3_reset(s);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    for (size_t i = 0; i < n; i++) {
        int64_t version = 0;
        qk_time at = (qk_time)(done[i].due + 2) * QK_DAY - QK_CST_OFFSET + 10 * QK_HOUR;
        qk_amendment a = {.obligation = done[i].id,
                          .state = QK_STR("done"),
                          .valid_from = at,
                          .seen = done[i].version};
        QK_TRY(qk_duties_amend(&version, p->db, &a, QK_STR("攻坚办科员"), at, p->err));
    }
    return QK_OK;
}

qk_code qk_demo_year_play(const qk_demo_past *past, qk_db *db, qk_str plan, qk_arena *arena,
                          qk_error *err)
{
    qk_node *node = past->node;
    playing p = {.past = past, .node = node, .db = db, .plan = plan, .arena = arena, .err = err};
    owed *all = NULL;
    size_t n = 0;
    QK_TRY(find_townships(&p));
    QK_TRY(list_owed(&p, &all, &n));
    /* A demo that stands in 2025 lives its own December. */
    bool over = qk_clock_now(qk_node_clock(node)) > day_at(13, 2, 16, 0);
    for (int month = FIRST_MONTH; month <= (over ? 12 : 11); month++)
        QK_TRY(play_month(&p, all, n, month));
    if (over) QK_TRY(close_cases(&p));
    QK_TRY(recheck_coal(&p));
    return over ? end_tasks(&p) : QK_OK;
}
