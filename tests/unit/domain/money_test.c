/* SPDX-License-Identifier: Apache-2.0 */
/* Journey (f): a month's problems and ranking become money, appealed, approved by two, posted. */
#include "domain/assess.h"
#include "domain/cases.h"
#include "domain/ledger_sheet.h"
#include "domain/money.h"
#include "domain/ruleset.h"
#include "domain_test.h"

typedef struct desk {
    qk_db *db;
    qk_arena arena;
    qk_error err;
} desk;

static void open_desk(desk *d)
{
    memset(d, 0, sizeof *d);
    d->db = open_db();
    qk_arena_init(&d->arena, 64 << 20);
}

static void close_desk(desk *d)
{
    qk_arena_clear(&d->arena);
    qk_db_close(d->db);
}

/* A table into a ledger; the number of rows refused. */
static size_t import(desk *d, const char *ledger, const char *csv)
{
    qk_ledger_type *type = NULL;
    qk_ledger_import got;
    assert_done(
        qk_ledger_type_get(&type, d->db, qk_str_of(ledger), QK_TIME_NONE, &d->arena, &d->err),
        &d->err);
    assert_done(qk_ledger_import_csv(&got, d->db, type, qk_str_of(csv), true,
                                     &(qk_ledger_author){.by = QK_STR("clerk")},
                                     at("2025-11-01T09:00:00"), &d->arena, &d->err),
                &d->err);
    return got.refused + got.refusal_count;
}

static qk_money_drafting draft(desk *d, const char *period)
{
    qk_money_drafting got;
    assert_done(qk_money_draft(&got, d->db, qk_str_of(period), QK_STR("finance"),
                               at("2025-11-03T09:00:00"), &d->err),
                &d->err);
    return got;
}

static const qk_json_value *listed(desk *d, const char *period)
{
    qk_buf out;
    qk_json_writer w;
    qk_json_value *root = NULL;
    qk_money_filter f = {.period = qk_str_of(period)};
    qk_buf_init(&out, 1 << 20);
    qk_json_init(&w, &out);
    assert_done(qk_money_write_list(&w, d->db, &f, &d->err), &d->err);
    char *copy = qk_arena_copy(&d->arena, out.ptr, out.len);
    assert_done(qk_json_parse(&root, (qk_str){copy, out.len}, &d->arena, &d->err), &d->err);
    qk_buf_clear(&out);
    return root;
}

static int64_t sum_of(const qk_json_value *list, const char *unit)
{
    int64_t yuan = 0;
    if (!unit) return qk_json_get_i64(list, "yuan", &yuan) ? yuan : 0;
    for (const qk_json_value *u = qk_json_get(list, "units")->first; u; u = u->next)
        if (qk_str_eq(qk_json_get_str(u, "unit"), qk_str_of(unit)))
            (void)qk_json_get_i64(u, "yuan", &yuan);
    return yuan;
}

static int64_t posted(const qk_json_value *list)
{
    int64_t yuan = 0;
    return qk_json_get_i64(list, "posted_yuan", &yuan) ? yuan : 0;
}

static qk_code act_at(desk *d, const char *id, const char *action, const char *who, bool director,
                      bool leader, const char *time)
{
    qk_money_act a = {.action = qk_str_of(action),
                      .text = QK_STR("理由"),
                      .who = qk_str_of(who),
                      .director = director,
                      .leader = leader,
                      .seen = -1};
    return qk_money_step(d->db, qk_str_of(id), &a, at(time), &d->err);
}

static qk_code act(desk *d, const char *id, const char *action, const char *who, bool director,
                   bool leader)
{
    return act_at(d, id, action, who, director, leader, "2025-11-07T09:00:00");
}

static const char problems[] =
    "no,unit,date,kind,items,size,state\n"
    "1,城关,2025-10-02,boiler,,20,confirmed\n2,城关,2025-10-03,site_six,3,,confirmed\n"
    "3,城关,2025-10-04,fireworks,,,confirmed\n4,城关,2025-10-05,fireworks,,,confirmed\n"
    "5,城关,2025-10-06,no_burn,,,confirmed\n6,城关,2025-10-07,restaurant,,,confirmed\n"
    "7,城关,2025-10-08,restaurant,,,confirmed\n8,东河,2025-10-09,site_six,1,,confirmed\n"
    "9,东河,2025-10-10,not_limiting,,,confirmed\n10,西岭,2025-10-11,muck_truck,,,confirmed\n"
    "11,西岭,2025-10-12,other,,,confirmed\n12,南湾,2025-10-13,open_pile,,,confirmed\n"
    "13,南湾,2025-10-06,straw_fire,,,confirmed\n14,南湾,2025-10-14,other_fire,,,confirmed\n"
    "15,南湾,2025-10-15,straw_fire,,,found\n16,东河,2025-11-01,fireworks,,,confirmed\n";
static const char air[] = "unit,period,pm25,target,source\n西岭,2025-10,38,42,月报\n"
                          "城关,2025-10,45,42,月报\n南湾,2025-10,45,42,月报\n"
                          "东河,2025-10,52,42,月报\n";

static void test_S190_money__the_months_problems_sum_exactly(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    assert_int_equal(import(&d, "found_problem", problems), 0);
    qk_money_drafting got = draft(&d, "2025-10");
    assert_int_equal(got.added, 14); /* neither the unconfirmed fire nor the next month's */
    const qk_json_value *list = listed(&d, "2025-10");
    assert_int_equal(sum_of(list, "城关"), -530000);
    assert_int_equal(sum_of(list, "东河"), -200000);
    assert_int_equal(sum_of(list, "西岭"), -110000);
    assert_int_equal(sum_of(list, "南湾"), -610000);
    assert_int_equal(sum_of(list, NULL), -1450000);
    assert_int_equal(posted(list), 0);
    got = draft(&d, "2025-10"); /* a fact is charged once */
    assert_int_equal(got.added, 0);
    assert_int_equal(got.same, 14);
    assert_int_equal(sum_of(listed(&d, "2025-10"), NULL), -1450000);
    close_desk(&d);
}

static void test_S191_money__fires_cost_what_the_rule_of_their_day_says(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    static const char fires[] = "no,unit,date,kind,state\n1,东河,2025-10-06,straw_fire,confirmed\n"
                                "2,东河,2025-10-06,straw_fire,confirmed\n"
                                "3,东河,2025-10-06,other_fire,confirmed\n"
                                "4,东河,2025-10-06,straw_fire,found\n";
    assert_int_equal(import(&d, "found_problem", fires), 0);
    /* Another rule from 7 October on changes nothing of the 6th. */
    assert_done(qk_ruleset_put(
                    d.db, "deduction",
                    QK_STR("[{\"name\":\"county2022\",\"source\":\"x\",\"to\":\"2025-10-06\","
                           "\"items\":[{\"code\":\"straw_fire\",\"zh\":\"秸秆\",\"yuan\":500000},"
                           "{\"code\":\"other_fire\",\"zh\":\"其他\",\"yuan\":100000}]},"
                           "{\"name\":\"new\",\"source\":\"y\",\"from\":\"2025-10-07\",\"items\":"
                           "[{\"code\":\"straw_fire\",\"zh\":\"秸秆\",\"yuan\":1}]}]"),
                    0, QK_STR("admin"), at("2025-10-07T09:00:00"), &d.err),
                &d.err);
    draft(&d, "2025-10");
    assert_int_equal(sum_of(listed(&d, "2025-10"), "东河"), -1100000);
    close_desk(&d);
}

/* Charged, approved by two: a table that says otherwise of that very day changes nothing of it.
 */
static void test_S216_money__a_changed_rule_does_not_alter_a_past_decision(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    assert_int_equal(import(&d, "found_problem",
                            "no,unit,date,kind,state\n1,东河,2025-10-06,straw_fire,confirmed\n"),
                     0);
    assert_int_equal(draft(&d, "2025-10").added, 1);
    const char *id = "M2025-10-0001";
    assert_done(act(&d, id, "approve", "李四", true, false), &d.err);
    assert_done(act(&d, id, "approve", "赵县长", false, true), &d.err);
    const qk_json_value *before = qk_json_get(listed(&d, "2025-10"), "items")->first;
    char rule[60];
    qk_str_copy(rule, sizeof rule, qk_json_get_str(before, "rule"));
    assert_string_not_equal(rule, "");
    int64_t decided = posted(listed(&d, "2025-10"));
    assert_true(decided < 0);
    assert_done(qk_ruleset_put(d.db, "deduction",
                               QK_STR("[{\"name\":\"county2022\",\"source\":\"y\",\"items\":"
                                      "[{\"code\":\"straw_fire\",\"zh\":\"秸秆\",\"yuan\":1}]}]"),
                               0, QK_STR("admin"), at("2025-11-08T09:00:00"), &d.err),
                &d.err);
    draft(&d, "2025-10");
    assert_int_equal(posted(listed(&d, "2025-10")), decided);
    const qk_json_value *after = qk_json_get(listed(&d, "2025-10"), "items")->first;
    assert_true(qk_str_eq(qk_json_get_str(after, "rule"), qk_str_of(rule)));
    /* What is found afterwards goes by the new one. */
    assert_int_equal(import(&d, "found_problem",
                            "no,unit,date,kind,state\n2,西岭,2025-10-07,straw_fire,confirmed\n"),
                     0);
    draft(&d, "2025-10");
    assert_int_equal(sum_of(listed(&d, "2025-10"), "西岭"), -1);
    close_desk(&d);
}

static void test_S192_money__ranking_is_paid_by_tiers_above_the_target(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    assert_int_equal(import(&d, "township_month", air), 0);
    draft(&d, "2025-10");
    const qk_json_value *list = listed(&d, "2025-10");
    assert_int_equal(sum_of(list, "西岭"), 0);
    assert_int_equal(sum_of(list, "城关"), -300000);
    assert_int_equal(sum_of(list, "南湾"), -300000);
    assert_int_equal(sum_of(list, "东河"), -1500000); /* 5 x 10 + 5 x 20 */
    /* The province revises: a draft follows, what is approved stays and the difference is told. */
    assert_done(act(&d, "M2025-10-0001", "approve", "李四", true, false), &d.err);
    static const char revised[] = "unit,period,pm25,target,source\n城关,2025-10,44,42,修订\n"
                                  "东河,2025-10,50,42,修订\n";
    assert_int_equal(import(&d, "township_month", revised), 0);
    qk_money_drafting got = draft(&d, "2025-10");
    assert_int_equal(got.differing, 1);
    assert_int_equal(got.changed, 1);
    list = listed(&d, "2025-10");
    assert_int_equal(sum_of(list, "城关"), -300000);
    assert_int_equal(sum_of(list, "东河"), -1100000);
    close_desk(&d);
}

static void test_money__an_appeal_freezes_its_line_only(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    import(&d, "found_problem", problems);
    draft(&d, "2025-10");
    assert_done(act(&d, "M2025-10-0001", "appeal", "城关", false, false), &d.err);
    assert_int_equal(act(&d, "M2025-10-0001", "approve", "李四", true, false), QK_EDENIED);
    qk_money_act all = {
        .action = QK_STR("approve"), .who = QK_STR("李四"), .director = true, .seen = -1};
    size_t n = 0;
    assert_done(
        qk_money_approve_all(&n, d.db, QK_STR("2025-10"), &all, at("2025-11-07T09:00:00"), &d.err),
        &d.err);
    assert_int_equal(n, 13);
    assert_done(act(&d, "M2025-10-0001", "uphold", "李四", false, false), &d.err);
    assert_int_equal(sum_of(listed(&d, "2025-10"), "城关"), -430000);
    qk_money_drafting got = draft(&d, "2025-10"); /* and is not charged again */
    assert_int_equal(got.added, 0);
    assert_int_equal(sum_of(listed(&d, "2025-10"), "城关"), -430000);
    close_desk(&d);
}

static void test_money__nothing_is_posted_without_two_and_corrected_but_by_reversal(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    import(&d, "found_problem", problems);
    draft(&d, "2025-10");
    const char *id = "M2025-10-0001";
    assert_int_equal(act(&d, id, "approve", "张三", false, false), QK_EDENIED);
    assert_int_equal(act(&d, id, "approve", "赵县长", false, true), QK_EDENIED);
    assert_done(act(&d, id, "approve", "李四", true, false), &d.err);
    assert_int_equal(posted(listed(&d, "2025-10")), 0);
    assert_int_equal(act(&d, id, "approve", "李四", true, true), QK_EDENIED);
    assert_int_equal(qk_db_exec(d.db, "UPDATE money_line SET state='posted'", &d.err), QK_EDENIED);
    assert_done(act(&d, id, "approve", "赵县长", false, true), &d.err);
    assert_int_equal(posted(listed(&d, "2025-10")), -100000);
    assert_int_equal(qk_db_exec(d.db, "UPDATE money_line SET yuan=0 WHERE state='posted'", &d.err),
                     QK_EDENIED);
    assert_int_equal(act(&d, id, "appeal", "城关", false, false), QK_EDENIED);
    /* The reversal needs two approvals of its own; then the fact may be charged again. */
    assert_done(act(&d, id, "reverse", "财政", false, false), &d.err);
    assert_int_equal(act(&d, id, "reverse", "财政", false, false), QK_EDENIED);
    assert_int_equal(posted(listed(&d, "2025-10")), -100000);
    assert_done(act(&d, "M2025-10-0015", "approve", "李四", true, false), &d.err);
    assert_done(act(&d, "M2025-10-0015", "approve", "赵县长", false, true), &d.err);
    assert_int_equal(posted(listed(&d, "2025-10")), 0);
    assert_int_equal(draft(&d, "2025-10").added, 1);
    assert_int_equal(sum_of(listed(&d, "2025-10"), "城关"), -530000);
    close_desk(&d);
}

static void test_S193_money__two_A_and_three_B_are_paid_350000(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    static const char grades[] = "enterprise,year,grade,published\n甲,2025,A,2025-10-08\n"
                                 "乙,2025,A,2025-10-08\n丙,2025,B,2025-10-08\n"
                                 "丁,2025,B,2025-10-08\n戊,2025,B,2025-10-08\n";
    assert_int_equal(import(&d, "grade_subsidy", grades), 0);
    draft(&d, "2025-10");
    assert_int_equal(sum_of(listed(&d, "2025-10"), NULL), 350000);
    close_desk(&d);
}

static void test_S194_money__the_same_vehicle_is_not_paid_twice(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    static const char twice[] = "vin,date,amount\nLSVAA1,2025-10-08,8000\nLSVAA1,2025-10-09,8000\n";
    assert_true(import(&d, "scrapping_subsidy", twice) > 0);
    assert_int_equal(import(&d, "scrapping_subsidy", "vin,date,amount\nLSVAA1,2025-10-08,8000\n"),
                     0);
    draft(&d, "2025-10");
    assert_int_equal(sum_of(listed(&d, "2025-10"), NULL), 8000);
    assert_int_equal(number_of(d.db, "SELECT count(*) FROM ledger_row"), 1);
    close_desk(&d);
}

static void test_S196_money__a_payment_beyond_the_budget_is_refused(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    assert_int_equal(import(&d, "fund_project", "project,budget\n清洁取暖,100000.00\n"), 0);
    assert_int_equal(
        import(
            &d, "fund_payment",
            "project,no,amount,date\n清洁取暖,1,60000,2025-10-08\n清洁取暖,2,40000,2025-10-09\n"),
        0);
    assert_true(import(&d, "fund_payment", "project,no,amount,date\n清洁取暖,3,0.01,2025-10-10\n") >
                0);
    assert_true(import(&d, "fund_payment", "project,no,amount,date\n无此项目,1,1,2025-10-10\n") >
                0);
    assert_int_equal(
        import(&d, "fund_payment", "project,no,amount,date\n清洁取暖,2,39999,2025-10-09\n"), 0);
    assert_int_equal(number_of(d.db, "SELECT count(*) FROM ledger_row WHERE ledger='fund_payment'"),
                     2);
    close_desk(&d);
}

static int64_t figure(desk *d, const char *ledger, const char *counter, const char *today)
{
    qk_ledger_type *type = NULL;
    qk_ledger_figure *f = NULL;
    size_t n = 0;
    qk_ledger_ask ask = {
        .valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE, .today = qk_day_number(at(today))};
    assert_done(
        qk_ledger_type_get(&type, d->db, qk_str_of(ledger), QK_TIME_NONE, &d->arena, &d->err),
        &d->err);
    assert_done(qk_ledger_count(&f, &n, d->db, type,
                                qk_ledger_counter_find(type, qk_str_of(counter)), &ask, QK_STR(""),
                                &d->arena, &d->err),
                &d->err);
    return f->value.mantissa;
}

static void test_S197_money__a_site_without_a_dust_fee_is_flagged(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    assert_int_equal(import(&d, "dust_fee",
                            "project,contract,fee\n一号,1000000,20000\n"
                            "二号,900000,0\n三号,800000,\n"),
                     0);
    assert_int_equal(figure(&d, "dust_fee", "red_no_fee", "2025-10-08"), 1);
    assert_int_equal(figure(&d, "dust_fee", "red_none_told", "2025-10-08"), 1);
    assert_int_equal(figure(&d, "dust_fee", "green_fee", "2025-10-08"), 1);
    close_desk(&d);
}

static void test_S195_money__the_price_list_changes_with_the_date_of_status(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    assert_int_equal(import(&d, "power_price",
                            "enterprise,since,until,status\n"
                            "甲,2025-10-01,2025-10-31,限制类\n"
                            "乙,2025-10-15,,淘汰类\n"),
                     0);
    assert_int_equal(figure(&d, "power_price", "red_open", "2025-10-14"), 0);
    assert_int_equal(figure(&d, "power_price", "red_open", "2025-10-15"), 1);
    assert_int_equal(figure(&d, "power_price", "red_listed", "2025-10-31"), 1);
    assert_int_equal(figure(&d, "power_price", "red_listed", "2025-11-01"), 0);
    close_desk(&d);
}

/* ---- the assessment ---- */

static const qk_json_value *assessed(desk *d, const char *period, qk_time known_at)
{
    qk_buf out;
    qk_json_writer w;
    qk_json_value *root = NULL;
    qk_assess_ask ask = {.period = qk_str_of(period), .known_at = known_at};
    qk_buf_init(&out, 1 << 20);
    qk_json_init(&w, &out);
    assert_done(qk_assess_write(&w, d->db, &ask, &d->err), &d->err);
    char *copy = qk_arena_copy(&d->arena, out.ptr, out.len);
    assert_done(qk_json_parse(&root, (qk_str){copy, out.len}, &d->arena, &d->err), &d->err);
    qk_buf_clear(&out);
    return root;
}

static const char *total_of(const qk_json_value *sheet, const char *unit)
{
    static char text[24];
    for (const qk_json_value *u = qk_json_get(sheet, "items")->first; u; u = u->next)
        if (qk_str_eq(qk_json_get_str(u, "unit"), qk_str_of(unit))) {
            qk_str_copy(text, sizeof text, qk_json_get(u, "total")->text);
            return text;
        }
    return "absent";
}

static void run_sql(desk *d, const char *sql)
{
    assert_done(qk_db_exec(d->db, sql, &d->err), &d->err);
}

static void test_S013_assess__a_score_follows_the_stored_facts_and_can_be_made_again(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    assert_int_equal(import(&d, "assessment_air",
                            "unit,period,pm25,target,last_year,source\n"
                            "东河,2025H2,43.6,42,46,年报\n西岭,2025H2,38,42,40,年报\n"),
                     0);
    assert_int_equal(
        import(&d, "assessment_point",
               "no,unit,date,kind,points,text\n1,东河,2025-09-01,initiative,3,经验推广\n"
               "2,东河,2025-09-02,deduction,2,通报\n3,东河,2026-01-02,deduction,9,次年\n"),
        0);
    int32_t due = qk_day_number(at("2025-10-31"));
    char sql[600];
    for (int i = 1; i <= 4; i++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO obligation(id,plan,kind,title,due_day,state,version,recorded_at,"
                 "recorded_by) VALUES('o%d','p','task','t',%d,'%s',1,1000,'x');"
                 "INSERT INTO duty(obligation,unit,role,state,version,recorded_at,recorded_by)"
                 " VALUES('o%d','%s','lead','signed',1,1000,'x')",
                 i, due, i < 3 ? "done" : "open", i, i == 1 ? "西岭" : "东河");
        run_sql(&d, sql);
    }
    const qk_json_value *sheet = assessed(&d, "2025H2", QK_TIME_NONE);
    assert_string_equal(total_of(sheet, "西岭"), "90.00"); /* 40 + 30 + 20 */
    assert_string_equal(total_of(sheet, "东河"), "70.20"); /* 39.2 + 10 + 20 + 3 - 2 */
    assert_true(qk_str_eq(qk_json_get(sheet, "commended")->first->text, QK_STR("西岭")));
    assert_int_equal(qk_json_get(sheet, "commended")->count, 1);
    assert_int_equal(qk_json_get(sheet, "penalty")->count, 0);
    /* One more task done: 30 / 3 more, and nothing else. */
    qk_time before = at("2026-01-05T00:00:00");
    snprintf(sql, sizeof sql,
             "UPDATE obligation SET state='done',version=2,recorded_at=%lld WHERE id='o3'",
             (long long)at("2026-01-06T00:00:00"));
    run_sql(&d, sql);
    assert_string_equal(total_of(assessed(&d, "2025H2", QK_TIME_NONE), "东河"), "80.20");
    assert_string_equal(total_of(assessed(&d, "2025H2", QK_TIME_NONE), "西岭"), "90.00");
    assert_string_equal(total_of(assessed(&d, "2025H2", before), "东河"), "70.20");
    qk_json_writer w;
    qk_buf out;
    qk_assess_ask wrong = {.period = QK_STR("2025-10"), .known_at = QK_TIME_NONE};
    qk_buf_init(&out, 1000);
    qk_json_init(&w, &out);
    assert_int_equal(qk_assess_write(&w, d.db, &wrong, &d.err), QK_EINVAL);
    qk_buf_clear(&out);
    close_desk(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S190_money__the_months_problems_sum_exactly),
        qk_dir_test(test_S216_money__a_changed_rule_does_not_alter_a_past_decision),
        qk_dir_test(test_S191_money__fires_cost_what_the_rule_of_their_day_says),
        qk_dir_test(test_S192_money__ranking_is_paid_by_tiers_above_the_target),
        qk_dir_test(test_money__an_appeal_freezes_its_line_only),
        qk_dir_test(test_money__nothing_is_posted_without_two_and_corrected_but_by_reversal),
        qk_dir_test(test_S193_money__two_A_and_three_B_are_paid_350000),
        qk_dir_test(test_S194_money__the_same_vehicle_is_not_paid_twice),
        qk_dir_test(test_S195_money__the_price_list_changes_with_the_date_of_status),
        qk_dir_test(test_S196_money__a_payment_beyond_the_budget_is_refused),
        qk_dir_test(test_S197_money__a_site_without_a_dust_fee_is_flagged),
        qk_dir_test(test_S013_assess__a_score_follows_the_stored_facts_and_can_be_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
