/* SPDX-License-Identifier: Apache-2.0 */
/* The closed loop, the ladder of consequences, and the list of seasonal regulation. */
#include "domain/cases.h"
#include "domain/measure.h"
#include "domain/regulation.h"
#include "domain/setting.h"
#include "domain_test.h"

typedef struct desk {
    qk_db *db;
    qk_scheduler *s;
    qk_arena arena;
    qk_error err;
} desk;

static void open_desk(desk *d)
{
    memset(d, 0, sizeof *d);
    d->db = open_db();
    assert_done(qk_scheduler_new(&d->s, d->db, NULL, NULL, &d->err), &d->err);
    assert_ok(qk_cases_handle(d->s));
    assert_ok(qk_regulation_handle(d->s));
    qk_arena_init(&d->arena, 64 << 20);
}

static void close_desk(desk *d)
{
    qk_arena_clear(&d->arena);
    qk_scheduler_free(d->s);
    qk_db_close(d->db);
}

/* Everything that is due by then. */
static void pass_to(desk *d, const char *time)
{
    bool fired = true;
    assert_done(qk_db_begin(d->db, &d->err), &d->err);
    while (fired) assert_done(qk_scheduler_fire_one(d->s, at(time), &fired, &d->err), &d->err);
    assert_done(qk_db_commit(d->db, &d->err), &d->err);
}

static const qk_case_new overdue = {.kind = {"overdue", 7},
                                    .cause = {"overdue/O12/deadline", 20},
                                    .object = {"obligation/O12", 14},
                                    .unit = {"gongxin", 7},
                                    .title = {"低效设施改造逾期", 24},
                                    .dispatch = true};

static bool open_case(desk *d, char id[QK_CASE_ID_MAX], const char *time)
{
    bool made = false;
    assert_done(qk_case_open(id, &made, d->db, d->s, &overdue, QK_STR("system"), at(time), &d->err),
                &d->err);
    return made;
}

static qk_code act(desk *d, const char *id, const char *action, const char *who, const char *time)
{
    qk_case_act a = {.action = qk_str_of(action),
                     .who = qk_str_of(who),
                     .text = QK_STR("已改造完成"),
                     .unit = QK_STR("gongxin"),
                     .seen = -1};
    return qk_case_step(d->db, d->s, qk_str_of(id), &a, at(time), &d->err);
}

static const qk_json_value *seen(desk *d, const char *id)
{
    qk_buf out;
    qk_json_writer w;
    qk_json_value *root = NULL;
    qk_buf_init(&out, 1 << 20);
    qk_json_init(&w, &out);
    assert_done(qk_cases_write_one(&w, d->db, qk_str_of(id), &d->err), &d->err);
    char *copy = qk_arena_copy(&d->arena, out.ptr, out.len);
    assert_done(qk_json_parse(&root, (qk_str){copy, out.len}, &d->arena, &d->err), &d->err);
    qk_buf_clear(&out);
    return root;
}

static bool says(const qk_json_value *v, const char *name, const char *text)
{
    return qk_str_eq(qk_json_get_str(v, name), qk_str_of(text));
}

static const qk_json_value *consequence(desk *d, const char *id, size_t n)
{
    const qk_json_value *v = qk_json_get(seen(d, id), "consequences")->first;
    while (v && n--) v = v->next;
    return v;
}

static void test_S011_cases__an_overdue_task_makes_one_order_and_its_reply_closes_it(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX], again[QK_CASE_ID_MAX];
    open_desk(&d);
    /* Monday; five working days later is Monday 24:00. */
    assert_true(open_case(&d, id, "2025-11-03T12:10:00"));
    assert_false(open_case(&d, again, "2025-12-01T12:10:00"));
    assert_string_equal(id, again);
    assert_string_equal(id, "C2025-0001");
    const qk_json_value *c = seen(&d, id);
    assert_true(says(c, "due_at", "2025-11-11T00:00:00.000+08:00"));
    assert_true(says(c, "next_step", "sign"));
    assert_done(act(&d, id, "sign", "王五", "2025-11-04T09:00:00"), &d.err);
    assert_done(act(&d, id, "feed_back", "王五", "2025-11-10T17:00:00"), &d.err);
    assert_int_equal(act(&d, id, "verify", "王五", "2025-11-10T18:00:00"), QK_EDENIED);
    assert_done(act(&d, id, "verify", "李四", "2025-11-11T09:00:00"), &d.err);
    assert_done(act(&d, id, "close", "李四", "2025-11-11T09:01:00"), &d.err);
    pass_to(&d, "2026-03-01T00:00:00");
    c = seen(&d, id);
    assert_true(says(c, "state", "closed") && !qk_json_get_bool(c, "late", true));
    assert_int_equal(qk_json_get(c, "consequences")->count, 0);
    close_desk(&d);
}

static void ask_in_time(desk *d, int32_t minutes, const char *share)
{
    char text[120], got[QK_DEC_TEXT];
    qk_json_value *m = NULL;
    qk_measured out;
    int32_t day = qk_day_number(at("2025-11-30T12:00:00"));
    qk_measure_ask ask = {.db = d->db,
                          .known_at = QK_TIME_NONE,
                          .from_day = day - 29,
                          .to_day = day,
                          .arena = &d->arena};
    snprintf(text, sizeof text,
             "{\"measure\":\"cases.in_time\",\"kind\":\"overdue\",\"minutes\":%d,"
             "\"period\":\"month\"}",
             (int)minutes);
    assert_done(qk_json_parse(&m, qk_str_of(text), &d->arena, &d->err), &d->err);
    assert_done(qk_measure_get(&out, &ask, m, &d->err), &d->err);
    assert_true(out.known);
    assert_string_equal(qk_dec_format(got, out.value), share);
}

static void test_cases__the_share_in_time_counts_from_the_first_answer(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX];
    open_desk(&d);
    open_case(&d, id, "2025-11-03T12:10:00");
    ask_in_time(&d, 60, "0.00");
    assert_done(act(&d, id, "sign", "王五", "2025-11-03T12:20:00"), &d.err);
    assert_done(act(&d, id, "feed_back", "王五", "2025-11-03T13:10:00"), &d.err);
    ask_in_time(&d, 60, "100.00");
    ask_in_time(&d, 59, "0.00");
    close_desk(&d);
}

static void test_cases__a_long_title_is_cut_and_no_fault(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX], title[1200] = "";
    bool made = false;
    qk_case_new what = overdue;
    open_desk(&d);
    for (int i = 0; i < 300; i++) strcat(title, "治");
    what.title = qk_str_of(title);
    assert_done(qk_case_open(id, &made, d.db, d.s, &what, QK_STR("system"),
                             at("2025-11-03T12:10:00"), &d.err),
                &d.err);
    assert_true(made);
    assert_int_equal(qk_json_get_str(seen(&d, id), "title").len, 498); /* whole characters */
    close_desk(&d);
}

static void test_cases__no_step_is_skipped_and_steps_stay(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX];
    open_desk(&d);
    open_case(&d, id, "2025-11-03T12:10:00");
    static const char *const wrong[] = {"feed_back", "verify", "close", "arrive",
                                        "dispatch",  "return", "fly"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(act(&d, id, wrong[i], "王五", "2025-11-04T09:00:00"), QK_EDENIED);
    assert_true(says(seen(&d, id), "state", "dispatched"));
    assert_done(act(&d, id, "sign", "王五", "2025-11-04T09:00:00"), &d.err);
    assert_done(act(&d, id, "feed_back", "王五", "2025-11-05T09:00:00"), &d.err);
    assert_done(act(&d, id, "return", "李四", "2025-11-06T09:00:00"), &d.err);
    const qk_json_value *c = seen(&d, id);
    assert_true(says(c, "state", "signed"));
    assert_true(says(c, "due_at", "2025-11-14T00:00:00.000+08:00"));
    assert_done(act(&d, id, "withdraw", "李四", "2025-11-06T10:00:00"), &d.err);
    assert_int_equal(act(&d, id, "feed_back", "王五", "2025-11-06T11:00:00"), QK_EDENIED);
    assert_int_equal(qk_db_exec(d.db, "DELETE FROM case_step", &d.err), QK_EDENIED);
    assert_int_equal(qk_db_exec(d.db, "UPDATE case_step SET text='x'", &d.err), QK_EDENIED);
    close_desk(&d);
}

static qk_code turn(desk *d, const char *id, const char *action, const char *who, qk_approver what)
{
    qk_consequence_act a = {.action = qk_str_of(action),
                            .who = qk_str_of(who),
                            .approver = what,
                            .text = QK_STR("已约谈"),
                            .lift_at = QK_TIME_NONE,
                            .seen = -1};
    return qk_consequence_step(d->db, d->s, qk_str_of(id), &a, at("2025-11-20T09:00:00"), &d->err);
}

static void
test_S014_cases__each_miss_proposes_the_next_rung_and_named_persons_approve(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX];
    open_desk(&d);
    open_case(&d, id, "2025-11-03T12:10:00");
    pass_to(&d, "2025-11-10T23:59:59");
    assert_null(consequence(&d, id, 0));
    pass_to(&d,
            "2025-11-11T00:00:00"); /* the overdue task was the first miss, this is the second */
    const qk_json_value *talk = consequence(&d, id, 0);
    assert_true(says(talk, "rung", "talk") && says(talk, "state", "proposed"));
    assert_false(qk_json_get_bool(talk, "needs_leader", true));
    /* Nothing is executed without a name. */
    assert_int_equal(turn(&d, "C2025-0001-1", "execute", "李四", QK_APPROVER_DIRECTOR), QK_EDENIED);
    assert_int_equal(turn(&d, "C2025-0001-1", "approve", "王五", QK_APPROVER_NONE), QK_EDENIED);
    assert_done(turn(&d, "C2025-0001-1", "approve", "李四", QK_APPROVER_DIRECTOR), &d.err);
    assert_done(turn(&d, "C2025-0001-1", "execute", "李四", QK_APPROVER_DIRECTOR), &d.err);
    assert_true(says(consequence(&d, id, 0), "approved_by", "李四"));
    pass_to(&d, "2025-11-18T23:59:59");
    assert_null(consequence(&d, id, 1));
    pass_to(&d, "2025-11-19T00:00:00");
    const qk_json_value *inspect = consequence(&d, id, 1);
    assert_true(says(inspect, "rung", "inspect") && says(inspect, "state", "proposed"));
    /* From inspect upwards a county leader, who is another person. */
    assert_int_equal(turn(&d, "C2025-0001-2", "approve", "赵县长", QK_APPROVER_LEADER), QK_EDENIED);
    assert_done(turn(&d, "C2025-0001-2", "approve", "李四", QK_APPROVER_DIRECTOR), &d.err);
    assert_true(says(consequence(&d, id, 1), "state", "proposed"));
    assert_int_equal(turn(&d, "C2025-0001-2", "approve", "李四", QK_APPROVER_LEADER), QK_EDENIED);
    assert_done(turn(&d, "C2025-0001-2", "approve", "赵县长", QK_APPROVER_LEADER), &d.err);
    assert_true(says(consequence(&d, id, 1), "state", "approved"));
    assert_true(says(consequence(&d, id, 1), "second_by", "赵县长"));
    close_desk(&d);
}

static void test_S014_cases__a_case_waits_with_one_proposal_and_climbs_past_no_leader(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX];
    open_desk(&d);
    open_case(&d, id, "2025-11-03T12:10:00");
    pass_to(&d, "2026-03-01T00:00:00");
    /* Nobody decided anything: the talk gave way to the inspection, which waits for the leader. */
    assert_true(says(consequence(&d, id, 0), "state", "replaced"));
    assert_int_equal(turn(&d, "C2025-0001-1", "approve", "李四", QK_APPROVER_DIRECTOR), QK_EDENIED);
    assert_true(says(consequence(&d, id, 1), "rung", "inspect"));
    assert_true(says(consequence(&d, id, 1), "state", "proposed"));
    assert_null(consequence(&d, id, 2));
    assert_done(turn(&d, "C2025-0001-2", "approve", "李四", QK_APPROVER_DIRECTOR), &d.err);
    assert_done(turn(&d, "C2025-0001-2", "approve", "赵县长", QK_APPROVER_LEADER), &d.err);
    pass_to(&d, "2026-03-20T00:00:00");
    assert_true(says(consequence(&d, id, 2), "rung", "fund"));
    assert_true(says(consequence(&d, id, 2), "state", "proposed"));
    assert_null(consequence(&d, id, 3));
    close_desk(&d);
}

static void test_S014_cases__an_executed_measure_is_lifted_on_its_date(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX], c[QK_CONSEQUENCE_ID_MAX];
    open_desk(&d);
    open_case(&d, id, "2025-11-03T12:10:00");
    assert_done(qk_consequence_propose(c, d.db, qk_str_of(id), QK_STR("gongxin"), QK_RUNG_NOTICE,
                                       QK_STR("通报"), QK_STR("李四"), at("2025-11-04T09:00:00"),
                                       &d.err),
                &d.err);
    assert_int_equal(qk_consequence_propose(c, d.db, qk_str_of(id), QK_STR("gongxin"),
                                            QK_RUNG_NOTICE, QK_STR("通报"), QK_STR("李四"),
                                            at("2025-11-04T09:00:00"), &d.err),
                     QK_EEXIST);
    assert_done(turn(&d, c, "approve", "李四", QK_APPROVER_DIRECTOR), &d.err);
    qk_consequence_act run = {.action = QK_STR("execute"),
                              .who = QK_STR("李四"),
                              .text = QK_STR("通报一个月"),
                              .lift_at = at("2025-12-20T00:00:00"),
                              .seen = -1};
    assert_done(
        qk_consequence_step(d.db, d.s, qk_str_of(c), &run, at("2025-11-20T09:00:00"), &d.err),
        &d.err);
    assert_done(act(&d, id, "sign", "王五", "2025-11-04T09:00:00"), &d.err);
    assert_done(act(&d, id, "feed_back", "王五", "2025-11-05T09:00:00"), &d.err);
    pass_to(&d, "2025-12-19T23:59:00");
    assert_true(says(consequence(&d, id, 0), "state", "executed"));
    pass_to(&d, "2025-12-20T00:00:00");
    assert_true(says(consequence(&d, id, 0), "state", "lifted"));
    close_desk(&d);
}

static void test_S011_cases__a_late_reply_is_marked_and_dates_outlive_a_restart(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX];
    open_desk(&d);
    open_case(&d, id, "2025-11-03T12:10:00");
    qk_scheduler_free(d.s);
    qk_db_close(d.db);
    d.db = open_db();
    assert_done(qk_scheduler_new(&d.s, d.db, NULL, NULL, &d.err), &d.err);
    assert_ok(qk_cases_handle(d.s));
    pass_to(&d, "2025-11-12T09:00:00");
    assert_done(act(&d, id, "sign", "王五", "2025-11-12T10:00:00"), &d.err);
    assert_done(act(&d, id, "feed_back", "王五", "2025-11-12T11:00:00"), &d.err);
    const qk_json_value *c = seen(&d, id);
    int64_t misses = 0;
    assert_true(qk_json_get_bool(c, "late", false));
    assert_true(qk_json_get_i64(c, "misses", &misses) && misses == 2);
    pass_to(&d, "2026-01-12T09:00:00");
    assert_null(consequence(&d, id, 1));
    close_desk(&d);
}

static void test_cases__cases_of_one_cause_show_each_other(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX], other[QK_CASE_ID_MAX];
    bool made = false;
    qk_case_new hot = overdue;
    open_desk(&d);
    hot.kind = QK_STR("hot_spot");
    hot.cause = QK_STR("hot/2025-11-03T14");
    open_case(&d, id, "2025-11-03T12:10:00");
    assert_done(qk_case_open(other, &made, d.db, d.s, &hot, QK_STR("system"),
                             at("2025-11-03T15:05:00"), &d.err),
                &d.err);
    qk_case_act link = {
        .action = QK_STR("link"), .who = QK_STR("李四"), .other = qk_str_of(other), .seen = -1};
    assert_done(qk_case_step(d.db, d.s, qk_str_of(id), &link, at("2025-11-03T16:00:00"), &d.err),
                &d.err);
    assert_true(says(qk_json_get(seen(&d, other), "links")->first, "id", id));
    assert_true(says(qk_json_get(seen(&d, id), "links")->first, "id", other));
    assert_true(says(seen(&d, other), "next_step", "sign"));
    assert_done(act(&d, other, "sign", "王五", "2025-11-03T16:05:00"), &d.err);
    assert_true(says(seen(&d, other), "next_step", "arrive"));
    close_desk(&d);
}

static void close_on(desk *d, const char *id, const char *day)
{
    static const char *const steps[] = {"sign", "arrive", "feed_back", "verify", "close"};
    char time[32];
    snprintf(time, sizeof time, "%sT10:00:00", day);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        assert_done(
            act(d, id, steps[i], strcmp(steps[i], "feed_back") == 0 ? "王五" : "李四", time),
            &d->err);
}

static int64_t times(const qk_json_value *c)
{
    int64_t n = 0;
    assert_true(qk_json_get_i64(c, "count", &n));
    return n;
}

static void open_coal(desk *d, char id[QK_CASE_ID_MAX])
{
    bool made = false;
    qk_case_new coal = overdue;
    coal.kind = QK_STR("loose_coal");
    coal.cause = QK_STR("coal/1");
    assert_done(qk_case_open(id, &made, d->db, d->s, &coal, QK_STR("李四"),
                             at("2025-11-03T09:00:00"), &d->err),
                &d->err);
}

static void test_S018_cases__a_closed_case_is_rechecked_and_a_relapse_opens_it_again(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX];
    open_desk(&d);
    open_coal(&d, id);
    assert_int_equal(act(&d, id, "relapsed", "李四", "2025-11-03T09:30:00"), QK_EDENIED);
    close_on(&d, id, "2025-11-04");
    const qk_json_value *c = seen(&d, id);
    assert_true(says(c, "state", "recheck") && says(c, "next_step", "held"));
    assert_true(says(c, "due_at", "2025-12-05T00:00:00.000+08:00"));
    assert_int_equal(times(c), 1);
    assert_int_equal(act(&d, id, "held", "李四", "2025-12-03T23:59:59"), QK_EDENIED);
    assert_int_equal(act(&d, id, "withdraw", "李四", "2025-11-20T10:00:00"), QK_EDENIED);
    pass_to(&d, "2025-11-20T00:00:00");
    size_t before = qk_json_get(seen(&d, id), "steps")->count;
    assert_done(act(&d, id, "relapsed", "李四", "2025-11-24T10:00:00"), &d.err);
    c = seen(&d, id);
    assert_true(says(c, "state", "dispatched") && says(c, "next_step", "sign"));
    assert_true(says(c, "due_at", "2025-12-02T00:00:00.000+08:00"));
    assert_int_equal(times(c), 2);
    assert_int_equal(qk_json_get(c, "steps")->count, before + 1);
    /* The new date counts like any other, and the second look is planned again. */
    pass_to(&d, "2025-12-02T00:00:00");
    int64_t misses = 0;
    assert_true(qk_json_get_i64(seen(&d, id), "misses", &misses) && misses == 1);
    close_on(&d, id, "2025-12-03");
    assert_int_equal(act(&d, id, "held", "王五", "2026-01-02T00:00:00"), QK_EDENIED);
    assert_done(act(&d, id, "held", "李四", "2026-01-02T00:00:00"), &d.err);
    c = seen(&d, id);
    assert_true(says(c, "state", "closed"));
    assert_int_equal(times(c), 2);
    assert_int_equal(act(&d, id, "relapsed", "李四", "2026-02-01T09:00:00"), QK_EDENIED);
    close_desk(&d);
}

static size_t listed_cases(desk *d, const char *state, qk_time late_at)
{
    qk_buf out;
    qk_json_writer w;
    qk_json_value *root = NULL;
    qk_case_filter f = {.state = qk_str_of(state), .late_at = late_at};
    qk_buf_init(&out, 1 << 20);
    qk_json_init(&w, &out);
    assert_done(qk_cases_write_list(&w, d->db, &f, &d->err), &d->err);
    char *copy = qk_arena_copy(&d->arena, out.ptr, out.len);
    assert_done(qk_json_parse(&root, (qk_str){copy, out.len}, &d->arena, &d->err), &d->err);
    qk_buf_clear(&out);
    return qk_json_get(root, "items")->count;
}

static void test_S018_cases__what_is_looked_at_again_and_when_are_settings(void **state)
{
    (void)state;
    desk d;
    char id[QK_CASE_ID_MAX];
    open_desk(&d);
    open_coal(&d, id);
    assert_done(qk_setting_put(d.db, "case.recheck_days", QK_STR("7"), -1, QK_STR("李四"),
                               at("2025-11-03T09:00:00"), &d.err),
                &d.err);
    close_on(&d, id, "2025-11-04");
    assert_true(says(seen(&d, id), "due_at", "2025-11-12T00:00:00.000+08:00"));
    /* It is open work, late once its day is over. */
    assert_int_equal(listed_cases(&d, "open", QK_TIME_NONE), 1);
    assert_int_equal(listed_cases(&d, "", at("2025-11-12T00:00:00")), 0);
    assert_int_equal(listed_cases(&d, "", at("2025-11-12T00:00:01")), 1);
    assert_done(act(&d, id, "relapsed", "李四", "2025-11-11T09:00:00"), &d.err);
    assert_done(qk_setting_put(d.db, "case.recheck", QK_STR("park_over"), -1, QK_STR("李四"),
                               at("2025-11-11T09:00:00"), &d.err),
                &d.err);
    close_on(&d, id, "2025-11-12");
    assert_true(says(seen(&d, id), "state", "closed"));
    assert_int_equal(listed_cases(&d, "open", QK_TIME_NONE), 0);
    close_desk(&d);
}

/* ---- seasonal regulation ---- */

static qk_ledger_type *type_of(desk *d, const char *id)
{
    qk_ledger_type *type = NULL;
    assert_done(qk_ledger_type_get(&type, d->db, qk_str_of(id), QK_TIME_NONE, &d->arena, &d->err),
                &d->err);
    return type;
}

static int64_t put_work(desk *d, int64_t id, const char *json, const char *time)
{
    qk_ledger_type *type = type_of(d, "treatment_work");
    qk_json_value *root = NULL;
    qk_ledger_row *old = NULL;
    const qk_str *values = NULL;
    bool changed = false;
    assert_done(qk_json_parse(&root, qk_str_of(json), &d->arena, &d->err), &d->err);
    if (id) assert_done(qk_ledger_get(&old, d->db, type, id, &d->arena, &d->err), &d->err);
    assert_done(
        qk_ledger_values_json(&values, type, root, old ? old->values : NULL, &d->arena, &d->err),
        &d->err);
    assert_done(qk_ledger_put(&id, &changed, d->db, type, values, -1, QK_TIME_NONE, QK_STR("clerk"),
                              at(time), &d->err),
                &d->err);
    return id;
}

static int64_t listed(desk *d)
{
    return number_of(d->db, "SELECT count(*) FROM ledger_row WHERE ledger='seasonal_regulation'"
                            " AND state='listed' AND valid_to IS NULL");
}

#define WORK(enterprise, stage, more)                                                      \
    "{\"enterprise\":\"" enterprise "\",\"process\":\"喷涂\",\"measure\":\"更换RTO\"," \
    "\"deadline\":\"2025-10-31\",\"state\":\"" stage "\"" more "}"

static void
test_S012_regulation__an_unfinished_work_enters_on_the_next_day_and_leaves_signed(void **state)
{
    (void)state;
    desk d;
    open_desk(&d);
    assert_done(qk_regulation_begin(d.s, at("2025-10-01T09:00:00"), &d.err), &d.err);
    int64_t open = put_work(&d, 0, WORK("青泽涂装", "building", ""), "2025-10-01T09:00:00");
    put_work(&d, 0, WORK("东河铸造", "done", ""), "2025-10-01T09:00:00");
    put_work(&d, 0, WORK("西岭砖瓦", "planned", ",\"regulated\":\"否\""), "2025-10-01T09:00:00");
    pass_to(&d, "2025-10-31T23:59:59");
    assert_int_equal(listed(&d), 0);
    pass_to(&d, "2025-11-01T00:04:59");
    assert_int_equal(listed(&d), 0);
    pass_to(&d, "2025-11-01T00:05:00");
    assert_int_equal(listed(&d), 1);
    /* Finished later: it stays until it is released. */
    put_work(&d, open, "{\"state\":\"done\",\"done_date\":\"2025-11-05\"}", "2025-11-05T09:00:00");
    pass_to(&d, "2025-11-08T09:00:00");
    assert_int_equal(listed(&d), 1);
    assert_int_equal(qk_regulation_release(d.db, 1, QK_STR("李四"), QK_STR(" "),
                                           at("2025-11-08T09:00:00"), &d.err),
                     QK_EINVAL);
    assert_done(qk_regulation_release(d.db, 1, QK_STR("李四"), QK_STR("已完成并验收"),
                                      at("2025-11-08T09:00:00"), &d.err),
                &d.err);
    assert_int_equal(listed(&d), 0);
    pass_to(&d, "2025-11-20T09:00:00");
    assert_int_equal(listed(&d), 0); /* and does not come back */
    assert_int_equal(qk_regulation_release(d.db, 1, QK_STR("李四"), QK_STR("再次"),
                                           at("2025-11-20T09:00:00"), &d.err),
                     QK_EDENIED);
    qk_ledger_row *row = NULL;
    qk_ledger_type *type = type_of(&d, "seasonal_regulation");
    assert_done(qk_ledger_get(&row, d.db, type, 1, &d.arena, &d.err), &d.err);
    size_t reason = qk_ledger_field_find(type, QK_STR("reason"));
    assert_true(qk_str_eq(row->values[reason],
                          QK_STR("治理任务“更换RTO”应于 2025-10-31 前完成，到期未完成")));
    close_desk(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S011_cases__an_overdue_task_makes_one_order_and_its_reply_closes_it),
        qk_dir_test(test_cases__the_share_in_time_counts_from_the_first_answer),
        qk_dir_test(test_cases__a_long_title_is_cut_and_no_fault),
        qk_dir_test(test_cases__no_step_is_skipped_and_steps_stay),
        qk_dir_test(test_S014_cases__each_miss_proposes_the_next_rung_and_named_persons_approve),
        qk_dir_test(test_S014_cases__a_case_waits_with_one_proposal_and_climbs_past_no_leader),
        qk_dir_test(test_S014_cases__an_executed_measure_is_lifted_on_its_date),
        qk_dir_test(test_S011_cases__a_late_reply_is_marked_and_dates_outlive_a_restart),
        qk_dir_test(test_cases__cases_of_one_cause_show_each_other),
        qk_dir_test(test_S018_cases__a_closed_case_is_rechecked_and_a_relapse_opens_it_again),
        qk_dir_test(test_S018_cases__what_is_looked_at_again_and_when_are_settings),
        qk_dir_test(
            test_S012_regulation__an_unfinished_work_enters_on_the_next_day_and_leaves_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
