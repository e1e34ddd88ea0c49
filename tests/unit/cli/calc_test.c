/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong calc` as a program: every vector file, cell by cell, and what it refuses. */
#include "base/csv.h"
#include "../test.h"
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 22 };

typedef struct run {
    char out[TEXT_MAX];
    size_t len;
    int status;
} run;
static run seen;

/* Runs `calc ARGS` with input on standard input; standard error goes to the output when asked. */
static void run_calc(const char *args, const char *input, bool with_errors)
{
    char path[] = "/tmp/qk-calc-XXXXXX";
    char command[1200];
    const char *program = getenv("QK_PROGRAM");
    assert_non_null(program);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, input, strlen(input)), (ssize_t)strlen(input));
    close(fd);
    snprintf(command, sizeof command, "%s calc %s < %s %s", program, args, path,
             with_errors ? "2>&1" : "2>/dev/null");
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    seen.len = fread(seen.out, 1, TEXT_MAX - 1, pipe);
    seen.out[seen.len] = 0;
    seen.status = WEXITSTATUS(pclose(pipe));
    unlink(path);
}

static void compare_file(const char *name, const char *path)
{
    const qk_str *want, *got;
    qk_csv_reader *a, *b;
    char args[700];
    snprintf(args, sizeof args, "%s %s", name, path);
    run_calc(args, "", false);
    assert_int_equal(seen.status, 0);
    FILE *wanted = fopen(path, "rb");
    FILE *given = fmemopen(seen.out, seen.len, "rb");
    assert_ok(qk_csv_open(&a, wanted, path, ',', NULL));
    assert_ok(qk_csv_open(&b, given, "output", ',', NULL));
    size_t rows = 0;
    while (qk_csv_next(a, &want, NULL) == QK_OK) {
        assert_ok(qk_csv_next(b, &got, NULL));
        for (size_t c = 0; c < qk_csv_columns(a); c++) {
            if (!qk_str_eq(want[c], got[c]))
                fail_msg("%s line %u, column %.*s: %.*s, wanted %.*s", name, qk_csv_line(a),
                         QK_STR_ARG(qk_csv_header(a, c)), QK_STR_ARG(got[c]), QK_STR_ARG(want[c]));
        }
        rows++;
    }
    assert_int_equal(qk_csv_next(b, &got, NULL), QK_ENOTFOUND);
    assert_true(rows > 0);
    qk_csv_close(a);
    qk_csv_close(b);
    fclose(wanted);
    fclose(given);
}

static void test_S026_S029_S039_calc__every_vector_file_to_the_digit(void **state)
{
    (void)state;
    static char names[4096];
    size_t done = 0, missing = 0;
    run_calc("--list", "", false);
    qk_str_copy(names, sizeof names, (qk_str){seen.out, seen.len});
    qk_str rest = qk_str_of(names);
    while (rest.len) {
        char path[512], relative[128], name[64];
        qk_str line = qk_str_cut(&rest, '\n');
        if (line.len == 0) continue;
        qk_str_copy(name, sizeof name, line);
        snprintf(relative, sizeof relative, "standards/vectors/dev/%s.csv", name);
        if (!qk_test_shared(path, sizeof path, relative)) {
            missing++;
            continue;
        }
        compare_file(name, path);
        done++;
    }
    if (done == 0) skip();
    assert_int_equal(missing, 0);
    assert_int_equal(done, 35);
}

static void expect(const char *args, const char *input, const char *output)
{
    run_calc(args, input, false);
    assert_int_equal(seen.status, 0);
    assert_string_equal(seen.out, output);
}

static void test_calc__columns_pass_through_and_results_replace_in_place(void **state)
{
    (void)state;
    expect("change_rate", "note,now,same_period_before\r\n\"a,b\",85,100\r\n",
           "note,now,same_period_before,rate_percent_1dp\n\"a,b\",85,100,-15.0\n");
    expect("change_rate", "rate_percent_1dp,now,same_period_before\nold,85,100\n",
           "rate_percent_1dp,now,same_period_before\n-15.0,85,100\n");
}

static void test_calc__missing_and_impossible_cells_leave_results_empty(void **state)
{
    (void)state;
    expect("change_rate", "now,same_period_before\n85,0\nNA,3\n85,\n",
           "now,same_period_before,rate_percent_1dp\n85,0,\nNA,3,\n85,,\n");
    expect("composite_index", "version,SO2,NO2,CO,PM10,PM25,O3\nHJ663-2013,0,0,0,0,0,0\n",
           "version,SO2,NO2,CO,PM10,PM25,O3,I_SO2,I_NO2,I_CO,I_PM10,I_PM25,I_O3,total_6dp,"
           "total_2dp,total_3dp,max_single_6dp,max_pollutant\n"
           "HJ663-2013,0,0,0,0,0,0,0.000000,0.000000,0.000000,0.000000,0.000000,0.000000,"
           "0.000000,0.00,0.000,0.000000,\n");
    expect("cems_o2", "c_dry_mgm3,o2_percent,o2_base\n20,21.0,9\n20,22,9\n20,,9\n",
           "c_dry_mgm3,o2_percent,o2_base,c_converted_4dp,flag\n20,21.0,9,,invalid_o2\n"
           "20,22,9,,invalid_o2\n20,,9,,\n");
    expect("cems_hour_valid", "valid_minutes\n45\n44.9\n61\n-1\n",
           "valid_minutes,hour_valid\n45,1\n44.9,0\n61,\n-1,\n");
}

static void test_calc__rounding_takes_digits_as_they_stand(void **state)
{
    (void)state;
    expect(
        "rounding",
        "value,decimals\n15.4546,0\n-0.04,1\n1.00000000000000000000000001e0,0\n"
        "0.50000000000000000000000001,0\n9.995,2\n1e-3,2\n+12.5,0\n99999999999999999999.5,0\n,1\n"
        "125,-1\n",
        "value,decimals,expected\n15.4546,0,15\n-0.04,1,0.0\n"
        "1.00000000000000000000000001e0,0,1\n0.50000000000000000000000001,0,1\n9.995,2,10.00\n"
        "1e-3,2,0.00\n+12.5,0,12\n99999999999999999999.5,0,100000000000000000000\n,1,\n"
        "125,-1,120\n");
}

static void test_calc__a_malformed_cell_is_refused_with_its_place(void **state)
{
    (void)state;
    run_calc("change_rate", "now,same_period_before\n1,2\n1,2x\n", true);
    assert_int_equal(seen.status, 1);
    assert_non_null(strstr(seen.out, ":3:2:"));
    assert_non_null(strstr(seen.out, "same_period_before"));
    run_calc("daily_mean", "hours_01_to_24,decimals\n1;2;3,0\n", true);
    assert_int_equal(seen.status, 1);
    run_calc("change_rate", "now,before\n1,2\n", true);
    assert_int_equal(seen.status, 1);
    assert_non_null(strstr(seen.out, "no column 'same_period_before'"));
    run_calc("iaqi", "standard,item,conc\nHJ633-2012,PM1_24h,3\n", true);
    assert_int_equal(seen.status, 1);
    run_calc("nothing", "", true);
    assert_int_equal(seen.status, 2);
}

static void test_calc__explain_names_the_rule_of_the_row(void **state)
{
    (void)state;
    run_calc("iaqi --explain", "standard,item,conc\nHJ633-2026,PM25_24h,54\n", false);
    assert_int_equal(seen.status, 0);
    assert_non_null(strstr(seen.out, ",conc_rounded,iaqi,rule\n"));
    assert_non_null(strstr(seen.out, ",54,88,"));
    assert_non_null(strstr(seen.out, "in force from 2026-03-01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S026_S029_S039_calc__every_vector_file_to_the_digit),
        cmocka_unit_test(test_calc__columns_pass_through_and_results_replace_in_place),
        cmocka_unit_test(test_calc__missing_and_impossible_cells_leave_results_empty),
        cmocka_unit_test(test_calc__rounding_takes_digits_as_they_stand),
        cmocka_unit_test(test_calc__a_malformed_cell_is_refused_with_its_place),
        cmocka_unit_test(test_calc__explain_names_the_rule_of_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
