/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/people.h"
#include "domain_test.h"

static const char organisation[] =
    "{\"divisions\":[{\"code\":\"410883\",\"kind\":\"county\",\"name_zh\":\"青泽县\"},"
    "{\"code\":\"410883100\",\"parent\":\"410883\",\"kind\":\"township\",\"name_zh\":\"东河镇\"}],"
    "\"units\":[{\"id\":\"qz\",\"kind\":\"county\",\"name_zh\":\"青泽县人民政府\",\"division\":"
    "\"410883\"},"
    "{\"id\":\"eeb\",\"parent\":\"qz\",\"kind\":\"department\",\"name_zh\":\"生态环境局青泽分局\"},"
    "{\"id\":\"drc\",\"parent\":\"qz\",\"kind\":\"department\",\"name_zh\":\"发展和改革委员会\"},"
    "{\"id\":\"dh\",\"parent\":\"qz\",\"kind\":\"township\",\"name_zh\":\"东河镇\",\"division\":"
    "\"410883100\"},"
    "{\"id\":\"cg\",\"parent\":\"qz\",\"kind\":\"township\",\"name_zh\":\"城关街道\"},"
    "{\"id\":\"dh1\",\"parent\":\"dh\",\"kind\":\"village\",\"name_zh\":\"王村\"}],"
    "\"people\":[{\"id\":\"li\",\"name\":\"李明\",\"unit\":\"dh\",\"phone\":\"13800001234\"},"
    "{\"id\":\"zhao\",\"name\":\"赵强\",\"unit\":\"dh\"}],"
    "\"posts\":[{\"id\":\"dh-head\",\"unit\":\"dh\",\"title_zh\":\"镇长\",\"person\":\"li\","
    "\"valid_from\":\"2025-01-01T00:00:00\"}]}";

static qk_registry *with_people(qk_db *db)
{
    qk_registry *r = NULL;
    qk_error err = {0};
    assert_done(qk_registry_open(&r, db, &err), &err);
    assert_done(qk_registry_import(r, qk_str_of(organisation), QK_STR("clerk"),
                                   at("2025-06-01T08:00:00"), &err),
                &err);
    return r;
}

static void test_people__the_tree_is_read_and_survives_a_restart(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_people(db);
    qk_error err = {0};
    for (int round = 0; round < 2; round++) {
        qk_unit u;
        char division[16];
        assert_true(qk_people_unit(r, &u, QK_STR("dh1")));
        assert_string_equal(u.parent, "dh");
        assert_true(qk_people_within(r, QK_STR("dh1"), QK_STR("dh")));
        assert_true(qk_people_within(r, QK_STR("dh1"), QK_STR("qz")));
        assert_true(qk_people_within(r, QK_STR("dh"), QK_STR("dh")));
        assert_false(qk_people_within(r, QK_STR("dh"), QK_STR("dh1")));
        assert_false(qk_people_within(r, QK_STR("dh"), QK_STR("cg")));
        assert_false(qk_people_within(r, QK_STR("nobody"), QK_STR("qz")));
        assert_false(qk_people_within(r, QK_STR("dh"), QK_STR("")));
        qk_people_division(r, division, QK_STR("dh1"));
        assert_string_equal(division, "410883100");
        assert_true(qk_people_division_within(r, QK_STR("410883100"), QK_STR("410883")));
        assert_false(qk_people_division_within(r, QK_STR("410883"), QK_STR("410883100")));
        qk_registry_close(r);
        assert_done(qk_registry_open(&r, db, &err), &err);
    }
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_people__a_unit_never_stands_below_itself(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_people(db);
    qk_error err = {0};
    qk_unit u;
    assert_true(qk_people_unit(r, &u, QK_STR("dh")));
    qk_str_copy(u.parent, sizeof u.parent, QK_STR("dh1"));
    assert_int_equal(qk_people_put_unit(r, &u, 1, QK_STR("c"), at("2025-06-02"), &err), QK_EINVAL);
    qk_str_copy(u.parent, sizeof u.parent, QK_STR("dh"));
    assert_int_equal(qk_people_put_unit(r, &u, 1, QK_STR("c"), at("2025-06-02"), &err), QK_EINVAL);
    qk_str_copy(u.parent, sizeof u.parent, QK_STR("nowhere"));
    assert_int_equal(qk_people_put_unit(r, &u, 1, QK_STR("c"), at("2025-06-02"), &err), QK_EINVAL);
    qk_str_copy(u.parent, sizeof u.parent, QK_STR("qz"));
    qk_str_copy(u.kind, sizeof u.kind, QK_STR("club"));
    assert_int_equal(qk_people_put_unit(r, &u, 1, QK_STR("c"), at("2025-06-02"), &err), QK_EINVAL);
    qk_str_copy(u.kind, sizeof u.kind, QK_STR("township"));
    qk_str_copy(u.name_en, sizeof u.name_en, QK_STR("Donghe"));
    assert_int_equal(qk_people_put_unit(r, &u, 0, QK_STR("c"), at("2025-06-02"), &err),
                     QK_ECONFLICT);
    assert_done(qk_people_put_unit(r, &u, 1, QK_STR("c"), at("2025-06-02"), &err), &err);
    qk_registry_close(r);
    qk_db_close(db);
}

static void assert_names_unit(const qk_registry *r, const char *name, const char *id)
{
    qk_unit u = {0};
    bool found = qk_people_unit_named(r, &u, qk_str_of(name));
    if (found != (id != NULL) || (id && strcmp(u.id, id) != 0))
        fail_msg("'%s' is '%s', not '%s'", name, found ? u.id : "unknown", id ? id : "unknown");
}

static void test_people__names_as_plans_print_them_find_the_unit(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_people(db);
    static const char *const eeb[] = {"生态环境局",   "县生态环境局",   "市生态环境局青泽分局",
                                      "生态环境分局", "市生态环境分局", "青泽县生态环境局",
                                      "生態環境局",   "县环境保护局",   "生态环境局（大气科）"};
    static const char *const drc[] = {"发改委", "县发改委", "区发展改革委", "市发展和改革委员会",
                                      " 发展改革委 "};
    static const char *const dh[] = {"东河镇", "东河镇政府", "东河镇人民政府", "青泽县东河镇"};
    static const char *const cg[] = {"城关街道", "城关办事处", "城关街道办事处"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(eeb); i++) assert_names_unit(r, eeb[i], "eeb");
    for (size_t i = 0; i < QK_ARRAY_COUNT(drc); i++) assert_names_unit(r, drc[i], "drc");
    for (size_t i = 0; i < QK_ARRAY_COUNT(dh); i++) assert_names_unit(r, dh[i], "dh");
    for (size_t i = 0; i < QK_ARRAY_COUNT(cg); i++) assert_names_unit(r, cg[i], "cg");
    /* a branch of work is its office, unless two work in it or none does */
    assert_names_unit(r, "生态环境部门", "eeb");
    assert_names_unit(r, "环保部门", "eeb");
    assert_names_unit(r, "发改部门", "drc");
    assert_names_unit(r, "财政部门", NULL);
    assert_names_unit(r, "各部门", NULL);
    assert_names_unit(r, "财政局", NULL);
    assert_names_unit(r, "市场监管局", NULL);
    assert_names_unit(r, "各乡镇", NULL);
    assert_names_unit(r, "", NULL);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_people__short_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shorter;
    } cases[] = {
        {"市场监督管理局", "市场监管局"},
        {"区市场监管局", "市场监管局"},
        {"市公安局孟津分局", "公安局"},
        {"山阳公安分局", "公安局"},
        {"住建局（交通运输）", "住建局"},
        {"区住房和城乡建设局", "住建局"},
        {"国网焦作供电公司", "供电公司"},
        {"市自然资源和规划局孟津分局", "自然资源局"},
        {"区大气污染防治攻坚战领导小组办公室", "攻坚办"},
        {"先进制造业开发区管理委员会", "先进制造业开发区管委会"},
        {"市 财 政 局", "财政局"},
        {"区政府", "区政府"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char out[QK_NAME_MAX];
        qk_unit_short_name(out, qk_str_of(cases[i].name), QK_STR("孟津区"));
        assert_string_equal(out, cases[i].shorter);
    }
}

static void test_people__a_long_or_broken_name_is_no_harm(void **state)
{
    (void)state;
    char name[4096], out[QK_NAME_MAX];
    memset(name, 'a', sizeof name);
    qk_unit_short_name(out, (qk_str){name, sizeof name}, (qk_str){name, sizeof name});
    assert_true(strlen(out) < QK_NAME_MAX);
    for (size_t n = 0; n < 60; n++) {
        memset(name, 0xE5, sizeof name);
        qk_unit_short_name(out, (qk_str){name, n}, QK_STR("\xE5"));
        assert_true(qk_utf8_valid(qk_str_of(out)));
    }
}

static void test_people__a_group_is_its_members(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_people(db);
    qk_arena arena;
    qk_unit *units;
    size_t n;
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_people_group(r, &arena, QK_STR("各镇（街道、开发区）政府（办事处、管委会）"),
                              &units, &n));
    assert_int_equal(n, 2);
    assert_string_equal(units[0].id, "cg");
    assert_string_equal(units[1].id, "dh");
    assert_ok(qk_people_group(r, &arena, QK_STR("各街道办事处"), &units, &n));
    assert_int_equal(n, 1);
    assert_string_equal(units[0].id, "cg");
    assert_ok(qk_people_group(r, &arena, QK_STR("相关乡镇"), &units, &n));
    assert_int_equal(n, 1);
    assert_ok(qk_people_group(r, &arena, QK_STR("攻坚办各成员单位"), &units, &n));
    assert_int_equal(n, 4);
    assert_ok(qk_people_group(r, &arena, QK_STR("东河镇"), &units, &n));
    assert_int_equal(n, 0);
    qk_arena_clear(&arena);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_people__one_alias_means_one_unit(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_people(db);
    qk_error err = {0};
    qk_unit_alias a = {.alias = "环保口", .unit = "eeb"};
    assert_done(qk_people_put_alias(r, &a, false, QK_STR("c"), at("2025-06-02"), &err), &err);
    assert_names_unit(r, "环保口", "eeb");
    qk_str_copy(a.unit, sizeof a.unit, QK_STR("drc"));
    assert_int_equal(qk_people_put_alias(r, &a, false, QK_STR("c"), at("2025-06-02"), &err),
                     QK_EEXIST);
    assert_done(qk_people_put_alias(r, &a, true, QK_STR("c"), at("2025-06-02"), &err), &err);
    assert_names_unit(r, "环保口", "drc");
    a.unit[0] = 0;
    assert_done(qk_people_put_alias(r, &a, true, QK_STR("c"), at("2025-06-03"), &err), &err);
    assert_names_unit(r, "环保口", NULL);
    assert_int_equal(number_of(db, "SELECT count(*) FROM unit_alias_history"), 3);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_people__a_plan_s_names_become_units_once(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_people(db);
    qk_error err = {0};
    static const char *const printed[] = {"县财政局", "财政局",           "发改委",
                                          "各乡镇",   "国网青泽供电公司", "攻坚办"};
    qk_str names[QK_ARRAY_COUNT(printed)];
    for (size_t i = 0; i < QK_ARRAY_COUNT(printed); i++) names[i] = qk_str_of(printed[i]);
    for (int round = 0; round < 2; round++) {
        assert_done(qk_people_take_names(r, names, QK_ARRAY_COUNT(names), QK_STR("plan/1"),
                                         QK_STR("c"), at("2025-06-02"), &err),
                    &err);
        assert_int_equal(number_of(db, "SELECT count(*) FROM unit"), 9);
        assert_int_equal(number_of(db, "SELECT count(*) FROM unit_alias"), 2);
    }
    qk_unit a, b;
    assert_true(qk_people_unit_named(r, &a, QK_STR("财政局")));
    assert_true(qk_people_unit_named(r, &b, QK_STR("青泽县财政局")));
    assert_string_equal(a.id, b.id);
    assert_string_equal(a.kind, "department");
    assert_string_equal(a.parent, "qz");
    assert_true(qk_people_unit_named(r, &a, QK_STR("供电公司")));
    assert_string_equal(a.kind, "enterprise");
    assert_true(qk_people_unit_named(r, &a, QK_STR("县攻坚办")));
    assert_string_equal(a.kind, "office");
    qk_registry_close(r);
    qk_db_close(db);
}

/* 主要负责人变更的由新的主要负责人继续履行: the duty lies with the post. */
static void test_people__a_post_changes_hands_on_a_day(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_people(db);
    qk_error err = {0};
    qk_post p;
    assert_true(qk_people_post(r, &p, QK_STR("dh-head")));
    qk_str_copy(p.person, sizeof p.person, QK_STR("zhao"));
    assert_int_equal(
        qk_people_put_post(r, &p, 1, at("2025-08-01"), QK_STR("c"), at("2025-07-20"), &err),
        QK_EINVAL);
    assert_done(qk_people_put_post(r, &p, 1, at("2025-07-15"), QK_STR("c"), at("2025-07-20"), &err),
                &err);
    static const struct {
        const char *day, *known, *person;
    } cases[] = {
        {"2025-07-14", NULL, "li"},
        {"2025-07-15", NULL, "zhao"},
        {"2025-12-31", NULL, "zhao"},
        {"2025-07-18", "2025-07-19", "li"}, /* as known before the change was told */
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_post held = {0};
        qk_time known = cases[i].known ? at(cases[i].known) : QK_TIME_NONE;
        assert_done(qk_people_post_at(&held, db, QK_STR("dh-head"), at(cases[i].day), known, &err),
                    &err);
        assert_string_equal(held.person, cases[i].person);
    }
    qk_post none = {0};
    assert_int_equal(
        qk_people_post_at(&none, db, QK_STR("dh-head"), at("2024-12-31"), QK_TIME_NONE, &err),
        QK_ENOTFOUND);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_people__administrators_are_three_persons(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_people(db);
    qk_error err = {0};
    qk_account a = {.id = "wang", .unit = "dh", .enabled = true};
    assert_done(qk_people_put_account(r, &a, 0, QK_STR("c"), at("2025-06-02"), &err), &err);
    qk_account_role l = {.account = "wang", .role = "R13-SYS", .granted = true};
    assert_done(qk_people_put_role(r, &l, QK_STR("c"), at("2025-06-02"), &err), &err);
    static const char *const beside[] = {"R13-SEC", "R13-AUD", "R1", "R14"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(beside); i++) {
        qk_str_copy(l.role, sizeof l.role, qk_str_of(beside[i]));
        assert_int_equal(qk_people_put_role(r, &l, QK_STR("c"), at("2025-06-02"), &err),
                         QK_EDENIED);
    }
    qk_str_copy(l.role, sizeof l.role, QK_STR("R13-SYS"));
    l.granted = false;
    assert_done(qk_people_put_role(r, &l, QK_STR("c"), at("2025-06-03"), &err), &err);
    l.granted = true;
    qk_str_copy(l.role, sizeof l.role, QK_STR("R5"));
    assert_done(qk_people_put_role(r, &l, QK_STR("c"), at("2025-06-03"), &err), &err);
    static const char *const unknown[] = {"R12", "operator", "admin", "root", ""};
    for (size_t i = 0; i < QK_ARRAY_COUNT(unknown); i++) {
        qk_str_copy(l.role, sizeof l.role, qk_str_of(unknown[i]));
        assert_int_equal(qk_people_put_role(r, &l, QK_STR("c"), at("2025-06-03"), &err), QK_EINVAL);
    }
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_rights__every_action_says_something_of_every_role(void **state)
{
    (void)state;
    for (int a = 0; a < QK_ACTIONS; a++) {
        bool anybody = false;
        assert_non_null(qk_action_name((qk_action)a));
        for (int r = 0; r < QK_R_COUNT; r++) {
            qk_rights_role back;
            assert_true(
                qk_rights_role_parse(&back, qk_str_of(qk_rights_role_name((qk_rights_role)r))));
            assert_int_equal(back, r);
            anybody =
                anybody || qk_rights_role_scope((qk_rights_role)r, (qk_action)a) != QK_SCOPE_NONE;
        }
        assert_true(anybody);
    }
}

/* GB/T 22239-2019 8.1.4.2: what one administrator may, the other two may not. */
static void test_rights__no_administrator_sees_business_or_does_the_other_s_work(void **state)
{
    (void)state;
    static const qk_rights_role admins[] = {QK_R13_SYS, QK_R13_SEC, QK_R13_AUD};
    static const qk_action business[] = {
        QK_ACT_PUBLIC,      QK_ACT_VIEW,        QK_ACT_AIR_MARK,    QK_ACT_AIR_REVIEW,
        QK_ACT_PLAN_VIEW,   QK_ACT_PLAN_WORK,   QK_ACT_TASK_VIEW,   QK_ACT_TASK_ANSWER,
        QK_ACT_TASK_MANAGE, QK_ACT_CASE_VIEW,   QK_ACT_CASE_WORK,   QK_ACT_LEDGER_VIEW,
        QK_ACT_MONEY_VIEW,  QK_ACT_PERSON_READ, QK_ACT_LEDGER_WRITE};
    for (size_t i = 0; i < QK_ARRAY_COUNT(admins); i++) {
        for (size_t k = 0; k < QK_ARRAY_COUNT(business); k++)
            assert_int_equal(qk_rights_role_scope(admins[i], business[k]), QK_SCOPE_NONE);
        assert_int_equal(qk_rights_role_scope(admins[i], QK_ACT_ACCOUNT_SET) != QK_SCOPE_NONE,
                         admins[i] == QK_R13_SEC);
        assert_int_equal(qk_rights_role_scope(admins[i], QK_ACT_AUDIT) != QK_SCOPE_NONE,
                         admins[i] == QK_R13_AUD);
        assert_int_equal(qk_rights_role_scope(admins[i], QK_ACT_RULE_SET) != QK_SCOPE_NONE,
                         admins[i] == QK_R13_SYS);
        for (int r = 0; r < QK_R_OPERATOR; r++)
            assert_int_equal(qk_rights_compatible(admins[i], (qk_rights_role)r, NULL) == QK_OK,
                             r == (int)admins[i]);
    }
    assert_ok(qk_rights_compatible(QK_R1, QK_R8, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_people__the_tree_is_read_and_survives_a_restart),
        qk_dir_test(test_people__a_unit_never_stands_below_itself),
        qk_dir_test(test_people__names_as_plans_print_them_find_the_unit),
        cmocka_unit_test(test_people__short_names),
        cmocka_unit_test(test_people__a_long_or_broken_name_is_no_harm),
        qk_dir_test(test_people__a_group_is_its_members),
        qk_dir_test(test_people__one_alias_means_one_unit),
        qk_dir_test(test_people__a_plan_s_names_become_units_once),
        qk_dir_test(test_people__a_post_changes_hands_on_a_day),
        qk_dir_test(test_people__administrators_are_three_persons),
        cmocka_unit_test(test_rights__every_action_says_something_of_every_role),
        cmocka_unit_test(test_rights__no_administrator_sees_business_or_does_the_other_s_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
