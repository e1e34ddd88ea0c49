/* SPDX-License-Identifier: Apache-2.0 */
/* The Nth allocation fails, or the Nth call to the database, in every step of cases, ledgers and
 * money: the step says so, nothing of it is there once its transaction is undone, and the same step
 * again comes to what it comes to without. Replaced by the linker (--wrap). */
#include "domain/assess.h"
#include "domain/cases.h"
#include "domain/ledger_sheet.h"
#include "domain/money.h"
#include "domain/regulation.h"
#include "domain_test.h"

typedef enum fault { NONE, MEMORY, DATABASE } fault;
static fault armed;
static unsigned left;
static bool struck;

static bool fails_now(fault which)
{
    if (armed != which || --left != 0) return false;
    armed = NONE;
    struck = true;
    return true;
}
#define QK_MEMORY_FAILS fails_now(MEMORY)
#include "../failing_memory.h"

#define WRAP_DATABASE(name, params, args)                                            \
    qk_code __real_##name params;                                                    \
    qk_code __wrap_##name params;                                                    \
    qk_code __wrap_##name params                                                     \
    {                                                                                \
        if (fails_now(DATABASE)) return qk_fail(err, QK_EIO, "no disk, on purpose"); \
        return __real_##name args;                                                   \
    }
WRAP_DATABASE(qk_db_prepare, (sqlite3_stmt * *out, qk_db *db, const char *sql, qk_error *err),
              (out, db, sql, err))
WRAP_DATABASE(qk_db_step, (qk_db * db, sqlite3_stmt *stmt, qk_error *err), (db, stmt, err))
WRAP_DATABASE(qk_db_run, (qk_db * db, sqlite3_stmt *stmt, qk_error *err), (db, stmt, err))

typedef struct desk {
    qk_db *db;
    qk_scheduler *s;
    qk_error err;
} desk;

typedef qk_code step_fn(desk *d);

static void open_desk(desk *d, const char *name)
{
    memset(d, 0, sizeof *d);
    assert_done(qk_db_open(&d->db, qk_test_path(name), NULL, &d->err), &d->err);
    assert_done(qk_scheduler_new(&d->s, d->db, NULL, NULL, &d->err), &d->err);
    assert_ok(qk_cases_handle(d->s));
}

static void close_desk(desk *d)
{
    qk_scheduler_free(d->s);
    qk_db_close(d->db);
}

/* What the tables hold, as one number for each. */
static void look(int64_t out[6], qk_db *db)
{
    static const char *const sql[6] = {
        "SELECT coalesce(sum(version*100+length(state)+length(data)),0) FROM case_file",
        "SELECT count(*)*1000+coalesce(sum(length(what)+length(text)),0) FROM case_step",
        "SELECT coalesce(sum(version*100+length(state)+length(approved_by)),0) FROM consequence",
        "SELECT coalesce(sum(version*100+length(data)),0) FROM ledger_row",
        "SELECT coalesce(sum(version*1000000+yuan+length(state)),0) FROM money_line",
        "SELECT count(*) FROM timer"};
    for (int i = 0; i < 6; i++) out[i] = number_of(db, sql[i]);
}

/* The step with its first, second, third … call failing, until it comes through. */
static unsigned strike(desk *d, step_fn *step, fault which, bool keep)
{
    int64_t before[6], after[6];
    look(before, d->db);
    for (unsigned n = 1; n < 20000; n++) {
        assert_done(qk_db_begin(d->db, &d->err), &d->err);
        struck = false;
        left = n;
        armed = which;
        qk_code code = step(d);
        armed = NONE;
        if (!struck) {
            assert_done(code, &d->err);
            if (keep) assert_done(qk_db_commit(d->db, &d->err), &d->err);
            if (!keep) qk_db_rollback(d->db);
            if (!keep) qk_scheduler_undone(d->s);
            return n - 1;
        }
        qk_db_rollback(d->db);
        qk_scheduler_undone(d->s);
        look(after, d->db);
        assert_memory_equal(before, after, sizeof before);
    }
    fail_msg("the step never came through");
    return 0;
}

static void run_all(step_fn *const *steps, size_t n)
{
    desk hurt, well;
    int64_t a[6], b[6];
    unsigned memory = 0, database = 0;
    open_desk(&hurt, "hurt.db");
    open_desk(&well, "well.db");
    for (size_t i = 0; i < n; i++) {
        assert_done(qk_db_begin(well.db, &well.err), &well.err);
        assert_done(steps[i](&well), &well.err);
        assert_done(qk_db_commit(well.db, &well.err), &well.err);
        memory += strike(&hurt, steps[i], MEMORY, false);
        database += strike(&hurt, steps[i], DATABASE, true);
        look(a, hurt.db);
        look(b, well.db);
        assert_memory_equal(a, b, sizeof a);
    }
    print_message("%u allocations and %u calls to the database failed\n", memory, database);
    assert_true(memory + database > n);
    close_desk(&hurt);
    close_desk(&well);
}

/* ---- cases ---- */

#define NOW at("2025-11-03T12:10:00")

static qk_code open_case(desk *d)
{
    char id[QK_CASE_ID_MAX];
    bool made = false;
    qk_case_new what = {.kind = QK_STR("overdue"),
                        .cause = QK_STR("overdue/O12/deadline"),
                        .object = QK_STR("obligation/O12"),
                        .unit = QK_STR("gongxin"),
                        .title = QK_STR("低效设施改造逾期"),
                        .dispatch = true};
    return qk_case_open(id, &made, d->db, d->s, &what, QK_STR("system"), NOW, &d->err);
}

static qk_code act(desk *d, const char *action, const char *who)
{
    qk_case_act a = {.action = qk_str_of(action),
                     .who = qk_str_of(who),
                     .text = QK_STR("已改造完成"),
                     .unit = QK_STR("gongxin"),
                     .evidence = QK_STR("[]"),
                     .seen = -1};
    return qk_case_step(d->db, d->s, QK_STR("C2025-0001"), &a, NOW, &d->err);
}

static qk_code sign_case(desk *d)
{
    return act(d, "sign", "王五");
}
static qk_code feed_back(desk *d)
{
    return act(d, "feed_back", "王五");
}
static qk_code send_back(desk *d)
{
    return act(d, "return", "李四");
}
static qk_code verify_case(desk *d)
{
    return act(d, "verify", "李四");
}
static qk_code end_case(desk *d)
{
    return act(d, "close", "李四");
}

static qk_code propose(desk *d, qk_rung rung)
{
    char id[QK_CONSEQUENCE_ID_MAX];
    return qk_consequence_propose(id, d->db, QK_STR("C2025-0001"), QK_STR("gongxin"), rung,
                                  QK_STR("逾期"), QK_STR("system"), NOW, &d->err);
}
static qk_code propose_talk(desk *d)
{
    return propose(d, QK_RUNG_TALK);
}
static qk_code propose_inspect(desk *d)
{
    return propose(d, QK_RUNG_INSPECT);
}

static qk_code turn(desk *d, const char *action, const char *who, qk_approver as)
{
    qk_consequence_act a = {.action = qk_str_of(action),
                            .who = qk_str_of(who),
                            .approver = as,
                            .text = QK_STR("已督查"),
                            .lift_at = at("2025-12-20T00:00:00"),
                            .seen = -1};
    return qk_consequence_step(d->db, d->s, QK_STR("C2025-0001-2"), &a, NOW, &d->err);
}
static qk_code approve_first(desk *d)
{
    return turn(d, "approve", "李四", QK_APPROVER_DIRECTOR);
}
static qk_code approve_second(desk *d)
{
    return turn(d, "approve", "赵县长", QK_APPROVER_LEADER);
}
static qk_code execute(desk *d)
{
    return turn(d, "execute", "李四", QK_APPROVER_DIRECTOR);
}

static qk_code list_cases(desk *d)
{
    qk_buf out;
    qk_json_writer w;
    qk_case_filter f = {.late_at = QK_TIME_NONE};
    qk_buf_init(&out, 1 << 20);
    qk_json_init(&w, &out);
    qk_code code = qk_cases_write_list(&w, d->db, &f, &d->err);
    if (!code) code = qk_cases_write_one(&w, d->db, QK_STR("C2025-0001"), &d->err);
    if (!code) code = out.failed;
    qk_buf_clear(&out);
    return code;
}

static void test_year_fault__a_step_of_a_case_is_done_or_not_there(void **state)
{
    (void)state;
    static step_fn *const steps[] = {open_case,    sign_case,       feed_back,     send_back,
                                     propose_talk, propose_inspect, approve_first, approve_second,
                                     execute,      feed_back,       list_cases,    list_cases,
                                     verify_case,  end_case};
    run_all(steps, sizeof steps / sizeof steps[0]);
}

/* ---- ledgers and money ---- */

static qk_code import(desk *d, const char *ledger, const char *csv)
{
    qk_arena arena;
    qk_ledger_type *type = NULL;
    qk_ledger_import got;
    qk_arena_init(&arena, 64 << 20);
    qk_code code =
        qk_ledger_type_get(&type, d->db, qk_str_of(ledger), QK_TIME_NONE, &arena, &d->err);
    if (!code)
        code =
            qk_ledger_import_csv(&got, d->db, type, qk_str_of(csv), true,
                                 &(qk_ledger_author){.by = QK_STR("clerk")}, NOW, &arena, &d->err);
    qk_arena_clear(&arena);
    return code;
}

static qk_code import_problems(desk *d)
{
    return import(d, "found_problem",
                  "no,unit,date,kind,items,size,state\n1,城关,2025-10-02,boiler,,20,confirmed\n"
                  "2,城关,2025-10-03,site_six,3,,confirmed\n3,东河,2025-10-09,other,,,confirmed\n");
}
static qk_code change_problems(desk *d)
{
    return import(d, "found_problem",
                  "no,unit,date,kind,items,size,state\n3,东河,2025-10-09,site_six,1,,confirmed\n");
}
static qk_code import_air(desk *d)
{
    return import(d, "township_month", "unit,period,pm25,target,source\n东河,2025-10,52,42,月报\n");
}

static qk_code draft(desk *d)
{
    qk_money_drafting got;
    return qk_money_draft(&got, d->db, QK_STR("2025-10"), QK_STR("finance"), NOW, &d->err);
}

static qk_code money_act(desk *d, const char *id, const char *action, const char *who, bool leads)
{
    qk_money_act a = {.action = qk_str_of(action),
                      .text = QK_STR("理由"),
                      .who = qk_str_of(who),
                      .director = !leads,
                      .leader = leads,
                      .seen = -1};
    size_t n = 0;
    if (id) return qk_money_step(d->db, qk_str_of(id), &a, NOW, &d->err);
    return qk_money_approve_all(&n, d->db, QK_STR("2025-10"), &a, NOW, &d->err);
}
static qk_code appeal(desk *d)
{
    return money_act(d, "M2025-10-0002", "appeal", "城关", false);
}
static qk_code reject(desk *d)
{
    return money_act(d, "M2025-10-0002", "reject", "李四", false);
}
static qk_code approve_all(desk *d)
{
    return money_act(d, NULL, "approve", "李四", false);
}
static qk_code post_all(desk *d)
{
    return money_act(d, NULL, "approve", "赵县长", true);
}
static qk_code reverse(desk *d)
{
    return money_act(d, "M2025-10-0001", "reverse", "孙六", false);
}

static qk_code list_money(desk *d)
{
    qk_buf out;
    qk_json_writer w;
    qk_money_filter f = {.period = QK_STR("2025-10")};
    qk_assess_ask ask = {.period = QK_STR("2025H2"), .known_at = QK_TIME_NONE};
    qk_buf_init(&out, 1 << 20);
    qk_json_init(&w, &out);
    qk_code code = qk_money_write_list(&w, d->db, &f, &d->err);
    if (!code) code = qk_assess_write(&w, d->db, &ask, &d->err);
    if (!code) code = out.failed;
    qk_buf_clear(&out);
    return code;
}

static void test_year_fault__money_is_drafted_and_posted_whole_or_not_at_all(void **state)
{
    (void)state;
    static step_fn *const steps[] = {import_problems, import_air, change_problems, draft,
                                     draft,           appeal,     reject,          approve_all,
                                     post_all,        reverse,    approve_all,     post_all,
                                     list_money,      list_money};
    run_all(steps, sizeof steps / sizeof steps[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_year_fault__a_step_of_a_case_is_done_or_not_there),
        qk_dir_test(test_year_fault__money_is_drafted_and_posted_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
