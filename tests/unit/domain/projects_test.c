/* SPDX-License-Identifier: Apache-2.0 */
/* Annexes of plans as rows of the ledger of key projects, and how far these are month by month. */
#include "domain/ledger.h"
#include "domain/plans.h"
#include "domain/projects.h"
#include "base/file.h"
#include "domain_test.h"

typedef struct desk {
    qk_db *db;
    qk_arena arena;
    qk_ledger_type *type;
    qk_projects_taken taken;
    char plan[QK_PLAN_ID_MAX];
    qk_error err;
} desk;

/* Lays a plan into the library and takes its annexes. */
static void open_desk(desk *d, qk_str text, const char *end_day)
{
    qk_plan_reading r;
    qk_file_id file = {{0}};
    memset(d, 0, sizeof *d);
    d->db = open_db();
    qk_arena_init(&d->arena, 64 << 20);
    assert_done(qk_plan_reading_make(&r, text, "plan.txt", &d->err), &d->err);
    memset(file.sha256, 'a', sizeof file.sha256 - 1);
    assert_done(qk_plans_add(d->plan, d->db, &r, &file, &file, &file, QK_STR("plan.txt"),
                             QK_STR("clerk"), at("2025-03-01T09:00:00"), &d->err),
                &d->err);
    qk_plan_reading_clear(&r);
    assert_done(qk_ledger_type_get(&d->type, d->db, QK_STR("key_project"), QK_TIME_NONE, &d->arena,
                                   &d->err),
                &d->err);
    assert_done(qk_projects_take(&d->taken, d->db, qk_str_of(d->plan), qk_day_number(at(end_day)),
                                 QK_STR("clerk"), at("2025-03-01T10:00:00"), &d->arena, &d->err),
                &d->err);
}

static void close_desk(desk *d)
{
    qk_arena_clear(&d->arena);
    qk_db_close(d->db);
}

static int64_t counted(desk *d, const char *counter, qk_time valid_at)
{
    size_t n = 0;
    qk_ledger_figure *out = NULL;
    qk_ledger_ask ask = {
        .valid_at = valid_at, .known_at = QK_TIME_NONE, .today = qk_day_number(at("2025-06-15"))};
    const qk_ledger_counter *c = qk_ledger_counter_find(d->type, qk_str_of(counter));
    assert_non_null(c);
    assert_done(
        qk_ledger_count(&out, &n, d->db, d->type, c, &ask, (qk_str){NULL, 0}, &d->arena, &d->err),
        &d->err);
    assert_int_equal(n, 1);
    return out[0].value.mantissa;
}

typedef struct search {
    desk *d;
    const char *name;
    const qk_ledger_row *found;
} search;

static qk_code look(void *context, const qk_ledger_row *row)
{
    search *s = context;
    size_t at = qk_ledger_field_find(s->d->type, QK_STR("name"));
    if (!s->found && qk_str_eq(row->values[at], qk_str_of(s->name))) {
        qk_ledger_row *whole = NULL;
        assert_done(qk_ledger_get(&whole, s->d->db, s->d->type, row->id, &s->d->arena, &s->d->err),
                    &s->d->err);
        s->found = whole;
    }
    return QK_OK;
}

static const qk_ledger_row *row_named(desk *d, const char *name)
{
    search s = {.d = d, .name = name};
    qk_ledger_ask ask = {.valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE};
    assert_done(qk_ledger_each(d->db, d->type, &ask, look, &s, &d->err), &d->err);
    assert_non_null(s.found);
    return s.found;
}

#define assert_field(d, row, field, text)                                                   \
    do {                                                                                    \
        qk_str has = (row)->values[qk_ledger_field_find((d)->type, QK_STR(field))];         \
        if (!qk_str_eq(has, qk_str_of(text))) fail_msg("%s: %.*s", field, QK_STR_ARG(has)); \
    } while (0)

static const char county[] =
    "青泽县2025年净气方案\n一、任务\n1."
    "治理工业。完成改造。（县工信局牵头）\n附件1\n青泽县重点工程清单\n"
    "序号\t类别\t项目名称\t建设内容\t总投资（亿元）\t责任单位\t完成时限\n"
    "1\t工业治理\t甲厂脱硝改造\t新建SCR一套\t0.35\t县工信局\t2025年9月底前\n"
    "2\t工业治理\t乙厂清洁运输\t门禁系统\t0.02\t县交通局\t10月底前\n"
    "3\t清洁取暖\t北城供热\t管网35公里\t1.2\t县住建局\t2025-12\n"
    "合计\t\t\t\t1.57\t\t\n"
    "附件2\n重点任务分解表\n序号\t重点任务\t具体措施\t牵头单位\n1\t治理工业\t改造\t县工信局\n"
    "2\t控制扬尘\t喷淋\t县住建局\n";

static void test_S019_projects__an_annex_becomes_rows_with_owner_money_and_deadline(void **state)
{
    (void)state;
    desk d;
    open_desk(&d, qk_str_of(county), "2025-12-31");
    assert_int_equal(d.taken.n, 1); /* a table that hands out tasks is no list of projects */
    assert_int_equal(d.taken.at[0].projects, 3);
    assert_int_equal(d.taken.at[0].left_out, 1);
    const qk_ledger_row *row = row_named(&d, "甲厂脱硝改造");
    assert_field(&d, row, "no", "1-1");
    assert_field(&d, row, "plan", d.plan);
    assert_field(&d, row, "path", "tables[0].rows[0]");
    assert_field(&d, row, "category", "工业治理");
    assert_field(&d, row, "content", "建设内容：新建SCR一套");
    assert_field(&d, row, "investment", "3500.00");
    assert_field(&d, row, "unit_name", "县工信局");
    assert_field(&d, row, "period", "2025年9月底前");
    assert_field(&d, row, "deadline", "2025-09-30");
    assert_field(&d, row_named(&d, "乙厂清洁运输"), "deadline", "2025-10-31");
    assert_field(&d, row_named(&d, "北城供热"), "deadline", "2025-12-31");
    assert_int_equal(counted(&d, "projects", QK_TIME_NONE), 3);
    /* taken again, nothing is doubled */
    assert_done(qk_projects_take(&d.taken, d.db, qk_str_of(d.plan), qk_day_number(at("2025-12-31")),
                                 QK_STR("clerk"), at("2025-03-01T11:00:00"), &d.arena, &d.err),
                &d.err);
    assert_int_equal(counted(&d, "projects", QK_TIME_NONE), 3);
    close_desk(&d);
}

static void tell(desk *d, int64_t id, const char *json, const char *when)
{
    qk_json_value *root = NULL;
    qk_ledger_row *old = NULL;
    const qk_str *values = NULL;
    bool changed = false;
    assert_done(qk_json_parse(&root, qk_str_of(json), &d->arena, &d->err), &d->err);
    assert_done(qk_ledger_get(&old, d->db, d->type, id, &d->arena, &d->err), &d->err);
    assert_done(qk_ledger_values_json(&values, d->type, root, old->values, &d->arena, &d->err),
                &d->err);
    assert_done(qk_ledger_put(&id, &changed, d->db, d->type, values, old->version, QK_TIME_NONE,
                              QK_STR("owner"), at(when), &d->err),
                &d->err);
    assert_true(changed);
}

static void test_S019_projects__progress_is_known_month_by_month(void **state)
{
    (void)state;
    desk d;
    open_desk(&d, qk_str_of(county), "2025-12-31");
    int64_t id = row_named(&d, "甲厂脱硝改造")->id, other = row_named(&d, "乙厂清洁运输")->id;
    tell(&d, id, "{\"month\":\"2025-04\",\"state\":\"building\",\"progress\":30,\"invested\":1000}",
         "2025-04-28T10:00:00");
    tell(&d, id, "{\"month\":\"2025-05\",\"progress\":80,\"invested\":2800}",
         "2025-05-28T10:00:00");
    tell(&d, id, "{\"month\":\"2025-06\",\"progress\":100,\"state\":\"done\",\"invested\":3500}",
         "2025-06-10T10:00:00");
    tell(&d, other, "{\"month\":\"2025-06\",\"state\":\"stuck\"}", "2025-06-11T10:00:00");
    assert_int_equal(counted(&d, "invested", at("2025-05-01T00:00:00")), 1000);
    assert_int_equal(counted(&d, "invested", at("2025-06-01T00:00:00")), 2800);
    assert_int_equal(counted(&d, "done", at("2025-06-01T00:00:00")), 0);
    assert_int_equal(counted(&d, "done", QK_TIME_NONE), 1);
    assert_int_equal(counted(&d, "begun", QK_TIME_NONE), 2);
    assert_int_equal(counted(&d, "red_stuck", QK_TIME_NONE), 1);
    assert_int_equal(counted(&d, "reported", QK_TIME_NONE), 2);
    close_desk(&d);
}

/* The annex of a city's five-year plan: 57 projects on 58 printed lines, merged cells, rows that
 * slipped, one row on two lines. */
static void test_S019_projects__a_city_annex_of_57_rows_is_taken_whole(void **state)
{
    (void)state;
    char path[512];
    qk_buf text;
    desk d;
    if (!qk_test_shared(path, sizeof path, "mission/plans/jiyuan-2021-2025.txt")) skip();
    qk_buf_init(&text, 1 << 20);
    qk_error err = {0};
    assert_done(qk_file_read(&text, path, &err), &err);
    open_desk(&d, qk_buf_str(&text), "2025-12-31");
    assert_int_equal(d.taken.n, 1);
    assert_int_equal(d.taken.at[0].projects, 57);
    assert_int_equal(d.taken.at[0].left_out, 0);
    assert_true(d.taken.at[0].mended > 0);
    assert_int_equal(counted(&d, "projects", QK_TIME_NONE), 57);
    assert_int_equal(counted(&d, "mended", QK_TIME_NONE), d.taken.at[0].mended);
    const qk_ledger_row *joined = row_named(&d, "退火炉蓄热室改造");
    assert_field(&d, joined, "remark", "原表一行印成两行，已合并");
    assert_field(&d, joined, "category", "能源结构优化 / 能源基础设施建设");
    assert_field(&d, joined, "unit_name", "河南中原特钢装备制造有限公司");
    assert_field(&d, joined, "deadline", "2025-12-31");
    close_desk(&d);
    qk_buf_clear(&text);
}

static void test_projects__printed_limits_as_days(void **state)
{
    static const struct {
        const char *printed, *day;
    } cases[] = {
        {"2025年9月底前", "2025-09-30"},   {"10月底", "2026-10-31"},    {"2024-2026", "2026-12-31"},
        {"2024—2025年", "2025-12-31"},     {"2025.10", "2025-10-31"},   {"２０２４", "2024-12-31"},
        {"2025年6月15日前", "2025-06-15"}, {"2024年2月", "2024-02-29"},
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        int32_t day = qk_project_day(qk_str_of(cases[i].printed), 2026);
        if (day != qk_day_number(at(cases[i].day))) fail_msg("%s: %d", cases[i].printed, day);
    }
    assert_int_equal(qk_project_day(QK_STR("长期坚持"), 2026), INT32_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S019_projects__an_annex_becomes_rows_with_owner_money_and_deadline),
        qk_dir_test(test_S019_projects__progress_is_known_month_by_month),
        qk_dir_test(test_S019_projects__a_city_annex_of_57_rows_is_taken_whole),
        cmocka_unit_test(test_projects__printed_limits_as_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
