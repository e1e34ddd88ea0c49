/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong export samples` as a program, over a folder as a server left it. */
#include "../domain/node_test.h"
#include <sys/wait.h>

typedef struct run {
    char out[1 << 16];
    int status;
} run;
static run seen;

static void run_export(const char *args)
{
    char command[1200];
    const char *program = getenv("QK_PROGRAM");
    assert_non_null(program);
    snprintf(command, sizeof command, "%s export %s 2>&1", program, args);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t len = fread(seen.out, 1, sizeof seen.out - 1, pipe);
    seen.out[len] = '\0';
    seen.status = WEXITSTATUS(pclose(pipe));
}

/* "samples --data DIR" and what is given. */
static void run_samples(const char *args)
{
    char all[700];
    snprintf(all, sizeof all, "samples --data %s %s", qk_test_path("data"), args);
    run_export(all);
}

#define HEAD "mn,data_time,cn,factor,field,value,flag\n"

static void assert_rows(const char *rows)
{
    char want[1 << 14];
    snprintf(want, sizeof want, HEAD "%s", rows);
    assert_string_equal(seen.out, want);
    assert_int_equal(seen.status, 0);
}

/* A server took these in, stored them and ended. */
static void lay_stored(void)
{
    qk_node *node = open_node_with(&(qk_node_options){.accept_any = true});
    qk_time now = at("2025-01-01T02:00:00");
    send_frame(node, "M1", 2051, now,
               "DataTime=20250101000000;a21026-Avg=12.50,a21026-Max=15,a21026-Flag=N;"
               "a34004-Avg=-0.3,a34004-Flag=D");
    send_frame(node, "M1", 2051, now + 1000, "DataTime=20250101001000;a21026-Avg=13,a21026-Flag=N");
    send_frame(node, "M1", 2061, now + 2000,
               "DataTime=20250101000000;a21026-Avg=12.7,a21026-Flag=N");
    send_frame(node, "M1", 2021, now + 3000, "DataTime=20250101000500;SB1-RS=1");
    send_frame(node, "M2", 2011, now + 4000, "DataTime=20250102000000;a21026-Rtd=1,a21026-Flag=N");
    settle(node);
    qk_node_close(node);
}

/* These are in the journal alone. */
static void lay_tail(void)
{
    char frame[1024];
    qk_journal *j = NULL;
    qk_jpos end;
    qk_error err = {0};
    qk_journal_options options = {.instance_id = "test"};
    static const char *const bodies[] = {
        "DataTime=20250101001000;a21026-Avg=14,a21026-Flag=N", /* another value */
        "DataTime=20250101002000;a21026-Avg=99999999999999999999,a21026-Flag=N;a05001-Avg=7",
        "DataTime=20250101000000;a21026-Avg=12.50,a21026-Flag=N", /* known */
    };
    assert_done(qk_journal_open(&j, qk_test_path("data/journal"), &options, &err), &err);
    for (size_t i = 0; i < QK_ARRAY_COUNT(bodies); i++) {
        size_t len = make_frame(frame, sizeof frame, "M1", 2051, "20250101030000000", bodies[i]);
        assert_done(qk_journal_append(j, &end, QK_JOURNAL_FRAME, QK_JOURNAL_UNAPPROVED, 1,
                                      at("2025-01-01T03:00:00"), frame, len, &err),
                    &err);
    }
    qk_journal_close(j);
}

static void test_export__tells_each_value_with_its_flag(void **state)
{
    (void)state;
    lay_stored();
    run_samples("--mn M1");
    assert_rows("M1,2025-01-01T00:05:00,2021,SB1,RS,1,\n"
                "M1,2025-01-01T00:00:00,2051,a21026,Avg,12.50,N\n"
                "M1,2025-01-01T00:00:00,2051,a21026,Max,15,N\n"
                "M1,2025-01-01T00:00:00,2051,a34004,Avg,-0.3,D\n"
                "M1,2025-01-01T00:10:00,2051,a21026,Avg,13,N\n"
                "M1,2025-01-01T00:00:00,2061,a21026,Avg,12.7,N\n");
    run_samples("");
    assert_non_null(strstr(seen.out, "\nM2,2025-01-02T00:00:00,2011,a21026,Rtd,1,N\n"));
    run_samples("--mn M3");
    assert_int_equal(seen.status, 1);
    assert_non_null(strstr(seen.out, "M3"));
}

static void test_export__holds_to_its_range(void **state)
{
    (void)state;
    lay_stored();
    run_samples("--mn M1 --from 2025-01-01T00:05:00 --to 2025-01-01T00:10:00");
    assert_rows("M1,2025-01-01T00:05:00,2021,SB1,RS,1,\n");
    run_samples("--from 2025-01-02 --mn M2 --to 2025-01-02"); /* a date: to the end of that day */
    assert_rows("M2,2025-01-02T00:00:00,2011,a21026,Rtd,1,N\n");
    run_samples("--mn M2 --from 20250102 --to 20250102");
    assert_rows("M2,2025-01-02T00:00:00,2011,a21026,Rtd,1,N\n");
    run_samples("--mn M2 --to 2025-01-02T00:00");
    assert_rows("");
}

static void test_export__tells_what_the_journal_holds_beyond_the_store(void **state)
{
    (void)state;
    lay_stored();
    lay_tail();
    for (int round = 0; round < 2; round++) { /* reading changes nothing */
        run_samples("--mn M1 --from 2025-01-01T00:10:00");
        assert_rows("M1,2025-01-01T00:10:00,2051,a21026,Avg,14,N\n"
                    "M1,2025-01-01T00:20:00,2051,a21026,Avg,99999999999999999999,N\n"
                    "M1,2025-01-01T00:20:00,2051,a05001,Avg,7,\n");
    }
    run_samples("--mn M1 --from 2025-01-01T00:10:00 --known-at 2025-01-01T02:30:00");
    assert_rows("M1,2025-01-01T00:10:00,2051,a21026,Avg,13,N\n");
}

static void test_export__refuses_wrong_use_and_folders_that_are_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "frames --data x",
                                        "samples",
                                        "samples --data",
                                        "samples --data x --from y",
                                        "samples --data x --to 2025-13",
                                        "samples extra --data x",
                                        "samples --data x --unknown"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(wrong); i++) {
        run_export(wrong[i]);
        assert_int_equal(seen.status, 2);
    }
    run_samples("");
    assert_int_equal(seen.status, 1);
}

static void test_export__tells_of_damage(void **state)
{
    (void)state;
    lay_stored();
    qk_db *db = NULL;
    assert_ok(qk_db_open(&db, qk_test_path("data/store.db"), NULL, NULL));
    assert_ok(qk_db_exec(db,
                         "UPDATE piece SET data=zeroblob(30) WHERE key="
                         "(SELECT min(key) FROM piece)",
                         NULL));
    qk_db_close(db);
    run_samples("");
    assert_int_equal(seen.status, 1);
    assert_non_null(strstr(seen.out, "damaged"));
    assert_non_null(strstr(seen.out, HEAD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_export__tells_each_value_with_its_flag),
        qk_dir_test(test_export__holds_to_its_range),
        qk_dir_test(test_export__tells_what_the_journal_holds_beyond_the_store),
        qk_dir_test(test_export__refuses_wrong_use_and_folders_that_are_none),
        qk_dir_test(test_export__tells_of_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
