/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo_past.h"
#include "domain/airfacts.h"
#include "domain/airpast.h"
#include "domain/airreview.h"
#include "domain/airtarget.h"
#include "domain/ledger.h"
#include "domain/money.h"
#include "sim/county_past.h"
#include <stdio.h>
#include <stdlib.h>

enum { YEARS = 3, CSV_MAX = 1 << 20, ARENA_MAX = 64 << 20 };
#define BY QK_STR("demo")

static int32_t first_of(int32_t year)
{
    qk_time t = 0;
    qk_civil c = {.year = year, .month = 1, .day = 1};
    return qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : 0;
}

static int32_t year_of(const qk_demo_past *p)
{
    return qk_civil_of((qk_time)p->last_day * QK_DAY - QK_CST_OFFSET).year;
}

/* ---- days ---- */

typedef struct station_past {
    const qk_sim_device *device;
    qk_buf csv;
    int32_t first, last; /* days that are told already; 0 = none */
} station_past;

static qk_code look_for(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    station_past *s = context;
    sqlite3_stmt *stmt = NULL;
    (void)node, (void)now;
    QK_TRY(qk_db_prepare(&stmt, db, "SELECT MIN(day),MAX(day) FROM air_past WHERE site=?", err));
    qk_db_bind_str(stmt, 1, qk_str_of(s->device->site));
    qk_code code = qk_db_step(db, stmt, err);
    s->first = sqlite3_column_int(stmt, 0);
    s->last = sqlite3_column_int(stmt, 1);
    sqlite3_reset(stmt);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code import_station(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    station_past *s = context;
    size_t rows = 0;
    return qk_airpast_csv(&rows, db, qk_node_registry(node), qk_buf_str(&s->csv),
                          QK_STR("青泽县环境空气质量年报（演示数据）"), BY, now, err);
}

/* What the year's months have told stands; the yearbook has what was before and behind it. */
static qk_code make_station(qk_demo_past *p, const qk_sim_device *device, qk_error *err)
{
    station_past s = {.device = device};
    int32_t from = first_of(year_of(p) - YEARS), to = p->last_day;
    QK_TRY(qk_node_call(p->node, look_for, &s, err));
    if (s.first && from >= s.first && to <= s.last) return QK_OK;
    qk_buf_init(&s.csv, CSV_MAX);
    if (!s.first) {
        qk_sim_past_csv(&s.csv, device, from, to, to);
    } else {
        qk_sim_past_csv(&s.csv, device, from, s.first - 1 < to ? s.first - 1 : to, to);
        qk_sim_past_csv(&s.csv, device, s.last + 1, to, to);
    }
    qk_code code = s.csv.failed ? qk_fail(err, s.csv.failed, "no memory for the demo's past")
                                : qk_node_call(p->node, import_station, &s, err);
    qk_buf_clear(&s.csv);
    return code;
}

qk_code qk_demo_past_tell(const qk_demo_past *p, qk_db *db, int32_t from_day, int32_t to_day,
                          qk_time told, qk_error *err)
{
    qk_buf csv;
    size_t rows = 0;
    qk_buf_init(&csv, CSV_MAX);
    for (size_t i = 0; i < p->county->n_devices; i++)
        if (qk_sim_has_past(&p->county->devices[i]))
            qk_sim_past_csv(&csv, &p->county->devices[i], from_day, to_day, p->last_day);
    qk_code code =
        csv.failed ? qk_fail(err, csv.failed, "no memory for a month of the demo's air")
                   : qk_airpast_csv(&rows, db, qk_node_registry(p->node), qk_buf_str(&csv),
                                    QK_STR("青泽县环境空气质量月报（演示数据）"), BY, told, err);
    qk_buf_clear(&csv);
    return code;
}

/* ---- goals ---- */

static qk_code take_plan(qk_db *db, int32_t year, qk_time now, qk_error *err)
{
    qk_buf plan;
    size_t taken = 0;
    qk_buf_init(&plan, 64 * 1024);
    qk_sim_plan_json(&plan, year);
    qk_code code = plan.failed ? qk_fail(err, plan.failed, "no memory for the demo's plan")
                               : qk_airtarget_from_plan(&taken, db, qk_buf_str(&plan), QK_STR(""),
                                                        BY, now, err);
    qk_buf_clear(&plan);
    return code;
}

/* The first target of a pollutant for the whole county that the year's plan has. */
static bool find_target(qk_dec *out, qk_db *db, qk_pollutant p, int32_t year, qk_arena *arena)
{
    const qk_json_value *rows = NULL;
    int64_t version, of = 0;
    if (qk_airtarget_rows(&rows, &version, db, arena, NULL) != QK_OK) return false;
    for (const qk_json_value *r = rows ? rows->first : NULL; r; r = r->next) {
        const qk_json_value *value = qk_json_get(r, "value");
        if (qk_str_eq(qk_json_get_str(r, "metric"), qk_str_of(qk_pollutant_name(p))) &&
            qk_json_get_i64(r, "year", &of) && of == year && value &&
            value->type == QK_JSON_NUMBER && qk_dec_parse(out, value->text) == QK_OK)
            return true;
    }
    return false;
}

static qk_code share_out(qk_node *node, qk_db *db, qk_pollutant p, int32_t year, qk_time now,
                         qk_arena *arena, qk_error *err)
{
    char source[QK_AIRTARGET_SOURCE_MAX];
    qk_rules *rules;
    qk_airtarget_shares shares;
    qk_dec target;
    int64_t version;
    if (!find_target(&target, db, p, year, arena)) return QK_OK;
    QK_TRY(qk_ruleset_load(&rules, db, QK_TIME_NONE, arena, err));
    const qk_air_question q = {.archive = {db, qk_node_registry(node), NULL, QK_TIME_NONE},
                               .registry = qk_node_registry(node),
                               .rules = rules,
                               .level = QK_AIR_BEST};
    QK_TRY(qk_airtarget_allocate(&shares, &q, p, target, year - 1, true, arena, err));
    snprintf(source, sizeof source, "青泽县%d年%s目标分解到镇", (int)year, qk_pollutant_name(p));
    return qk_airtarget_keep_shares(&version, db, &shares, p, year, qk_str_of(source), BY, now,
                                    err);
}

/* ---- money ---- */

static const struct {
    const char *unit, *kind, *rest; /* rest: more members of the row */
} problems[] = {
    {"t01", "boiler", ",\"size\":35,\"object\":\"城关浴池\",\"source\":\"municipal\""},
    {"t01", "site_six", ",\"items\":3,\"object\":\"东环路安置房工地\",\"source\":\"municipal\""},
    {"t01", "fireworks", ",\"object\":\"南关广场\",\"source\":\"county\""},
    {"t02", "site_six", ",\"items\":1,\"object\":\"学府路雨污管网工地\",\"source\":\"county\""},
    {"t02", "not_limiting", ",\"object\":\"青阳铸造厂\",\"source\":\"provincial\""},
    {"t03", "muck_truck", ",\"object\":\"河堤路渣土车\",\"source\":\"county\""},
    {"t04", "open_pile", ",\"object\":\"国道旁砂石堆场\",\"source\":\"county\""},
    {"t04", "straw_fire", ",\"object\":\"村东麦茬地\",\"source\":\"provincial\""},
    {"t04", "other_fire", ",\"object\":\"村口落叶\",\"source\":\"county\""},
};

/* Enterprises whose grade was raised in the month. */
static const struct {
    const char *unit, *enterprise, *grade;
} raised[] = {{"t02", "青泽县华泽化工有限公司", "B"}, {"t05", "青泽县石桥水泥有限公司", "A"}};

static qk_code put_json(qk_db *db, const char *ledger, const char *json, qk_time now,
                        qk_arena *arena, qk_error *err)
{
    int64_t id = 0;
    bool changed = false;
    qk_ledger_type *type = NULL;
    qk_json_value *object = NULL;
    const qk_str *values = NULL;
    if (!json) return qk_fail(err, QK_ENOMEM, "no memory for the demo's ledgers");
    QK_TRY(qk_ledger_type_get(&type, db, qk_str_of(ledger), QK_TIME_NONE, arena, err));
    QK_TRY(qk_json_parse(&object, qk_str_of(json), arena, err));
    QK_TRY(qk_ledger_values_json(&values, type, object, NULL, arena, err));
    qk_code code = qk_ledger_find(&id, db, type, values, arena, NULL);
    if (code != QK_OK && code != QK_ENOTFOUND) return qk_fail(err, code, "the demo's ledgers");
    if (code == QK_ENOTFOUND) id = 0;
    return qk_ledger_put(&id, &changed, db, type, values, -1, QK_TIME_NONE, BY, now, err);
}

static qk_code put_problem(qk_db *db, size_t i, const char *period, qk_time now, qk_arena *arena,
                           qk_error *err)
{
    return put_json(
        db, "found_problem",
        qk_arena_printf(
            arena,
            "{\"no\":\"%s-%02zu\",\"unit\":\"%s\",\"date\":\"%s-%02zu\",\"kind\":\"%s\","
            "\"state\":\"confirmed\"%s}",
            period, i + 1, problems[i].unit, period, 3 + 2 * i, problems[i].kind, problems[i].rest),
        now, arena, err);
}

static qk_code raise_grades(qk_db *db, const char *period, qk_time now, qk_arena *arena,
                            qk_error *err)
{
    for (size_t i = 0; i < sizeof raised / sizeof raised[0]; i++)
        QK_TRY(put_json(db, "grade_subsidy",
                        qk_arena_printf(arena,
                                        "{\"enterprise\":\"%s\",\"year\":%.4s,\"unit\":\"%s\","
                                        "\"grade\":\"%s\",\"published\":\"%s-20\"}",
                                        raised[i].enterprise, period, raised[i].unit,
                                        raised[i].grade, period),
                        now, arena, err));
    return QK_OK;
}

/* The county's winters are not its summers: what a month may hold, in hundredths of the year's
 * target, as the county shares it out. */
static const int month_percent[] = {170, 145, 112, 92, 78, 58, 52, 56, 72, 105, 150, 165};

typedef struct month_target {
    char unit[64], pm25[16], target[16];
} month_target;
typedef struct month_targets {
    month_target at[64];
    size_t n;
    const qk_ledger_type *type;
} month_targets;

static qk_code note_target(void *context, const qk_ledger_row *row)
{
    month_targets *all = context;
    month_target *m = &all->at[all->n];
    size_t own = qk_ledger_field_find(all->type, QK_STR("pm25"));
    size_t target = qk_ledger_field_find(all->type, QK_STR("target"));
    if (all->n == sizeof all->at / sizeof all->at[0] || own == SIZE_MAX || target == SIZE_MAX)
        return QK_OK;
    qk_str_copy(m->unit, sizeof m->unit, row->unit);
    qk_str_copy(m->pm25, sizeof m->pm25, row->values[own]);
    qk_str_copy(m->target, sizeof m->target, row->values[target]);
    all->n++;
    return QK_OK;
}

static qk_code set_month_targets(qk_db *db, const char *period, int month, qk_time now,
                                 qk_arena *arena, qk_error *err)
{
    month_targets all = {.n = 0};
    qk_ledger_type *type = NULL;
    qk_json_value *where = NULL;
    char text[64];
    snprintf(text, sizeof text, "[[\"period\",\"=\",\"%s\"]]", period);
    char *kept = qk_arena_copy(arena, text, strlen(text));
    if (!kept) return qk_fail(err, QK_ENOMEM, "no memory for the demo's months");
    QK_TRY(qk_json_parse(&where, qk_str_of(kept), arena, err));
    QK_TRY(qk_ledger_type_get(&type, db, QK_STR("township_month"), QK_TIME_NONE, arena, err));
    all.type = type;
    qk_ledger_ask ask = {.where = where, .valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE};
    QK_TRY(qk_ledger_each(db, type, &ask, note_target, &all, err));
    for (size_t i = 0; i < all.n; i++) {
        double year = strtod(all.at[i].target, NULL);
        QK_TRY(put_json(db, "township_month",
                        qk_arena_printf(arena,
                                        "{\"unit\":\"%s\",\"period\":\"%s\",\"pm25\":%s,"
                                        "\"target\":%.0f,\"target_of\":\"month\",\"source\":"
                                        "\"青泽县月度目标分解表（演示数据）\"}",
                                        all.at[i].unit, period, all.at[i].pm25,
                                        year * month_percent[month - 1] / 100),
                        now, arena, err));
    }
    return QK_OK;
}

/* Problems of the last month that is over, and its money as drafts. */
static qk_code draft_money(qk_db *db, const char *period, qk_time now, qk_arena *arena,
                           qk_error *err)
{
    qk_money_drafting drafted;
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++)
        QK_TRY(put_problem(db, i, period, now, arena, err));
    QK_TRY(raise_grades(db, period, now, arena, err));
    return qk_money_draft(&drafted, db, qk_str_of(period), BY, now, err);
}

/* ---- the instruments ---- */

static const struct {
    const char *site, *item, *kind, *reference, *measured, *span, *note;
    int days_ago;
} checks[] = {
    {"air-002", "SO2", "zero", "0", "0.4", "500", "", 34},
    {"air-002", "SO2", "span", "400", "404", "500", "", 34},
    {"air-002", "NO2", "span", "300", "297", "500", "", 34},
    {"air-003", "O3", "span", "320", "312", "500", "", 20},
    {"air-002", "SO2", "zero", "0", "1.1", "500", "", 6},
    {"air-002", "SO2", "span", "400", "433", "500", "标气 A-17，钢瓶新换", 6},
    {"air-003", "O3", "span", "320", "322", "500", "", 3},
};

static qk_code put_checks(qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    size_t rows = 0;
    qk_buf csv;
    qk_buf_init(&csv, 4096);
    qk_buf_printf(&csv, "site,mn,item,kind,at,reference,measured,span,note\n");
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        qk_civil day = qk_civil_of(now - checks[i].days_ago * QK_DAY);
        qk_buf_printf(&csv, "%s,,%s,%s,%04d-%02d-%02dT09:%02d:00,%s,%s,%s,%s\n", checks[i].site,
                      checks[i].item, checks[i].kind, (int)day.year, (int)day.month, (int)day.day,
                      (int)(10 + 5 * i), checks[i].reference, checks[i].measured, checks[i].span,
                      checks[i].note);
    }
    qk_code code = csv.failed ? qk_fail(err, csv.failed, "the demo's checks are too many")
                              : qk_air_checks_csv(&rows, db, qk_node_registry(node),
                                                  qk_buf_str(&csv), BY, now, err);
    qk_buf_clear(&csv);
    return code;
}

static const struct {
    const char *unit, *day, *kind, *points, *text;
} points[] = {
    {"t05", "04-18", "initiative", "4", "率先建成村级秸秆收储点，实现全镇覆盖"},
    {"t08", "05-09", "initiative", "2.5", "自筹雾炮车 3 台，国道沿线每日保洁"},
    {"t07", "06-12", "initiative", "5", "餐饮油烟在线监控提前半年全覆盖"},
    {"t11", "03-21", "initiative", "1.5", "工地扬尘“六个百分之百”经验在全县推广"},
    {"t10", "05-27", "deduction", "3", "省督导组交办问题逾期 4 天整改"},
    {"t01", "02-14", "deduction", "2", "烟花爆竹禁放管控不力被市通报"},
    {"t12", "06-24", "deduction", "1.5", "麦收期发现火点 1 处"},
    {"t03", "06-05", "initiative", "2", "渣土车密闭改造提前完成"},
};

/* Points that were given and taken in the half-year. */
static qk_code give_points(qk_db *db, int32_t year, qk_time now, qk_arena *arena, qk_error *err)
{
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        QK_TRY(put_json(db, "assessment_point",
                        qk_arena_printf(arena,
                                        "{\"no\":\"%d-%02zu\",\"unit\":\"%s\",\"date\":\"%d-%s\","
                                        "\"kind\":\"%s\",\"points\":%s,\"text\":\"%s\"}",
                                        (int)year, i + 1, points[i].unit, (int)year, points[i].day,
                                        points[i].kind, points[i].points, points[i].text),
                        now, arena, err));
    return QK_OK;
}

/* What the months before would have left behind: the air of townships for money and assessment. */
static qk_code fill_facts(qk_node *node, qk_db *db, const qk_demo_past *p, qk_time now,
                          qk_arena *arena, qk_error *err)
{
    char period[16];
    size_t n = 0;
    int32_t year = year_of(p);
    qk_civil last = qk_civil_of((qk_time)p->last_day * QK_DAY - QK_CST_OFFSET);
    const qk_registry *registry = qk_node_registry(node);
    for (int32_t m = 1; m < last.month; m++) {
        snprintf(period, sizeof period, "%04d-%02d", (int)year, (int)m);
        QK_TRY(qk_airfacts_fill(&n, db, registry, qk_str_of(period), now, err));
        QK_TRY(set_month_targets(db, period, m, now, arena, err));
    }
    if (last.month > 1) QK_TRY(draft_money(db, period, now, arena, err));
    for (int half = 0; half <= 2; half++) {
        snprintf(period, sizeof period, half ? "%04dH%d" : "%04d", (int)year - 1, half);
        QK_TRY(qk_airfacts_fill(&n, db, registry, qk_str_of(period), now, err));
    }
    if (last.month < 7) return QK_OK;
    QK_TRY(give_points(db, year, now, arena, err));
    snprintf(period, sizeof period, "%04dH1", (int)year);
    return qk_airfacts_fill(&n, db, registry, qk_str_of(period), now, err);
}

/* A share's scope is the code of its township; a plan says 全县 or nothing. */
static bool has_shares(const qk_json_value *rows)
{
    for (const qk_json_value *r = rows ? rows->first : NULL; r; r = r->next) {
        qk_str scope = qk_json_get_str(r, "scope");
        if (scope.len && qk_is_digit(scope.ptr[0])) return true;
    }
    return false;
}

static qk_code make_goals(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const qk_demo_past *p = context;
    const qk_json_value *rows = NULL;
    int64_t version = 0;
    int32_t year = year_of(p);
    qk_dec target;
    qk_arena arena;
    qk_arena_init(&arena, ARENA_MAX);
    qk_code code = qk_airtarget_rows(&rows, &version, db, &arena, err);
    /* An issued plan has brought the goals of its own year; what a person set since stays. */
    if (!code && version <= 1 && !has_shares(rows)) {
        for (int32_t y = year - 1; !code && y <= year; y++)
            if (!find_target(&target, db, QK_PM25, y, &arena)) code = take_plan(db, y, now, err);
        if (!code) code = share_out(node, db, QK_PM10, year, now, &arena, err);
        if (!code) code = share_out(node, db, QK_PM25, year, now, &arena, err);
        if (!code) code = share_out(node, db, QK_PM25, year - 1, now, &arena, err);
        if (!code) code = put_checks(node, db, now, err);
        if (!code) code = fill_facts(node, db, p, now, &arena, err);
    }
    qk_arena_clear(&arena);
    return code;
}

/* ---- the thread ---- */

/* A change that a busy store did not get to has not begun. */
static qk_code call_for_goals(qk_demo_past *p, qk_error *err)
{
    qk_code code;
    do code = qk_node_call(p->node, make_goals, p, err);
    while (code == QK_ETIMEOUT && !p->stop);
    return code;
}

static void *run_past(void *context)
{
    qk_demo_past *p = context;
    qk_error err = {0};
    qk_code code = QK_OK;
    for (size_t i = 0; !code && !p->stop && i < p->county->n_devices; i++)
        if (qk_sim_has_past(&p->county->devices[i]))
            code = make_station(p, &p->county->devices[i], &err);
    if (!code && !p->stop) code = call_for_goals(p, &err);
    if (code)
        qk_log_print(qk_node_log(p->node), QK_LOG_WARN, "demo",
                     "the county's past could not be made: %s", err.message);
    p->done = true;
    return NULL;
}

void qk_demo_past_start(qk_demo_past *p)
{
    atomic_init(&p->stop, false);
    atomic_init(&p->done, false);
    p->runs = pthread_create(&p->thread, NULL, run_past, p) == 0;
}

void qk_demo_past_stop(qk_demo_past *p)
{
    if (!p->runs) return;
    p->stop = true;
    pthread_join(p->thread, NULL);
    p->runs = false;
}
