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

static void test_calc__every_explanation_has_its_date(void **state)
{
    (void)state;
    static const char *const runs[][2] = {
        {"rounding", "value,decimals\n2.675,2\n"},
        {"percentile", "values,p,decimals\n1;2,50,0\n"},
        {"daily_mean", "hours_01_to_24,decimals\n,0\n"},
        {"ranking", "composite_index_list\n5.1;5.1\n"},
        {"composite_index", "version,SO2,NO2,CO,PM10,PM25,O3\nHJ663-2013,13,34,2.0,85,54,172\n"},
        {"cems_o2", "c_dry_mgm3,o2_percent,o2_base\n35,6,6\n"},
        {"cems_dry", "c_wet,moisture_percent\n50,0\n"},
        {"activated_carbon",
         "carbon_kg,dynamic_capacity,voc_removed_mgm3,flow_m3h,hours_per_day\n1000,0.1,50,1,24\n"}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        char args[64];
        snprintf(args, sizeof args, "%s --explain", runs[i][0]);
        run_calc(args, runs[i][1], false);
        assert_int_equal(seen.status, 0);
        const char *row = strchr(seen.out, '\n');
        if (!row || (!strstr(row, "from 20") && !strstr(row, "from 19") && !strstr(row, "to 20")))
            fail_msg("%s names no date: %s", runs[i][0], seen.out);
    }
}

static void test_calc__what_no_calendar_or_header_allows_is_refused(void **state)
{
    (void)state;
    run_calc("year_completeness", "valid_days_per_month\n31;30;31;30;31;30;31;31;30;31;30;31\n",
             true);
    assert_int_equal(seen.status, 1);
    assert_non_null(strstr(seen.out, "month 2 has no 30 days"));
    run_calc("change_rate", "now,same_period_before,now\n5,4,3\n", true);
    assert_int_equal(seen.status, 1);
    assert_non_null(strstr(seen.out, ":1:3: the column 'now' stands twice"));
    run_calc("change_rate", "now;same_period_before\n5;4\n", true);
    assert_int_equal(seen.status, 1);
    assert_non_null(strstr(seen.out, "separated by ';'"));
    run_calc("change_rate --explain --help", "", false);
    assert_int_equal(seen.status, 0);
    assert_non_null(strstr(seen.out, "usage: qingkong calc"));
}

static const char tables_of_the_house[] =
    "{"
    "\"warning\":[{\"name\":\"HDQ2024-6\",\"source\":\"ended\",\"from\":\"2024-01-23\",\"to\":"
    "\"2026-12-31\",\"release_hours\":36,"
    " \"reduction_percent\":{\"yellow\":10,\"orange\":20,\"red\":30},\"conditions\":[{\"level\":"
    "\"yellow\",\"above\":200,\"days\":1}]},"
    " {\"name\":\"W27\",\"source\":\"warning 2027\",\"from\":\"2027-01-01\",\"release_hours\":48,"
    " \"reduction_percent\":{\"yellow\":15,\"orange\":25,\"red\":35},\"conditions\":[{\"level\":"
    "\"red\",\"above\":100,\"days\":1}]}],"
    "\"ldar\":[{\"name\":\"GB37822-2019\",\"source\":\"ldar "
    "here\",\"from\":\"2019-07-01\",\"items\":{\"gas\":{\"general\":3000,\"key\":1500},"
    " \"light_liquid\":{\"general\":5000,\"key\":2000},\"heavy_liquid\":{\"general\":2000,\"key\":"
    "500}}}],"
    "\"vapour\":[{\"name\":\"GB20952-2020\",\"source\":\"vapour "
    "here\",\"from\":\"2021-04-01\",\"tightness\":[[1000,10,9,8,7,6],[2000,20,19,18,17,16]],"
    " \"resistance\":[[18,30]],\"air_to_liquid\":[1.05,1.15]}],"
    "\"compensation\":[{\"name\":\"zhengzhou2020\",\"source\":\"ended\",\"to\":\"2026-12-31\","
    "\"items\":{\"PM2.5\":[{\"up_to\":5,\"wan_yuan_per_ug\":10},{\"up_to\":null,\"wan_yuan_per_"
    "ug\":20}]}},"
    " {\"name\":\"C27\",\"source\":\"money "
    "2027\",\"from\":\"2027-01-01\",\"items\":{\"PM10\":[{\"up_to\":null,\"wan_yuan_per_ug\":3.5}]}"
    "}],"
    "\"fume\":[{\"name\":\"GB18483-2001\",\"source\":\"fume "
    "here\",\"from\":\"2002-01-01\",\"stove_flow_m3h\":1000,\"limit_mg_m3\":1.5}],"
    "\"cems\":[{\"name\":\"HJ75-2017\",\"source\":\"cems "
    "here\",\"from\":\"2018-03-01\",\"hour_minutes\":50,\"capture_percent\":80,\"good_capture_"
    "percent\":95,\"short_hours\":12}]"
    "}";

/* One row, with the tables of the house, on a day; the end of the output. */
static void expect_on(const char *path, const char *what, const char *day, const char *input,
                      const char *end)
{
    char args[600];
    snprintf(args, sizeof args, "%s --explain --rules %s --day %s", what, path, day);
    run_calc(args, input, true);
    assert_int_equal(seen.status, 0);
    size_t n = strlen(end);
    if (seen.len < n || strcmp(seen.out + seen.len - n, end) != 0)
        fail_msg("%s on %s: %s, wanted %s", what, day, seen.out, end);
}

static void test_calc__tables_of_the_house_hold_from_their_day_on(void **state)
{
    (void)state;
    char path[] = "/tmp/qk-rules-XXXXXX", args[128];
    const char *week = "predicted_daily_aqi_consecutive\n101;201\n";
    const char *down = "current,level_supported_by_forecast,hours_improvement_expected_to_last\n"
                       "red,none,40\n";
    const char *money = "factor,own_ugm3,city_mean_ugm3\nPM10,50,48\n";
    const char *cut = "level,base_SO2,base_NOx,base_PM,base_VOC,cut_SO2,cut_NOx,cut_PM,cut_VOC\n"
                      "yellow,100,100,100,100,12,12,12,12\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, tables_of_the_house, strlen(tables_of_the_house)),
                     (ssize_t)strlen(tables_of_the_house));
    close(fd);
    expect_on(path, "warning_level", "2026-12-31", week,
              ",yellow,none,\"ended; 环办大气函〔2019〕648号, to 2024-01-22\"\n");
    expect_on(path, "warning_level", "2027-01-01", week,
              ",red,none,\"warning 2027; 环办大气函〔2019〕648号, to 2024-01-22\"\n");
    expect_on(path, "warning_transition", "2026-12-31", down, ",none,cancel,ended\n");
    expect_on(path, "warning_transition", "2027-01-01", down, ",red,keep,warning 2027\n");
    expect_on(path, "warning_reduction", "2026-12-31", cut, ",1,1,ended\n");
    expect_on(path, "warning_reduction", "2027-01-01", cut, ",0,0,warning 2027\n");
    expect_on(path, "eco_comp_zhengzhou2020", "2026-12-31", money, ",,ended\n");
    expect_on(path, "eco_comp_zhengzhou2020", "2027-01-01", money, ",7.00,money 2027\n");
    expect_on(path, "ldar_leak", "2026-01-01", "medium,region,net_umol_mol\ngas,key,1600\n",
              ",1500,1,ldar here\n");
    expect_on(path, "vapor_tightness_table", "2026-01-01", "ullage_L\n1500\n",
              ",15,14,13,12,11,vapour here\n");
    expect_on(path, "vapor_resistance", "2026-01-01", "flow_Lmin,pressure_pa\n18,31\n",
              ",30,0,vapour here\n");
    expect_on(path, "vapor_al_manual", "2026-01-01", "al_ratio\n1.2\n", ",0,vapour here\n");
    expect_on(path, "oil_fume", "2026-01-01", "c_measured_mgm3,flow_m3h,n_stoves\n1.6,1000,1\n",
              ",1.6000,0,fume here\n");
    expect_on(path, "cems_hour_valid", "2026-01-01", "valid_minutes\n49\n", ",0,cems here\n");
    expect_on(path, "cems_substitution", "2026-01-01",
              "period_kind,capture_rate_percent,n_hours,max_of_last_180h,max_of_last_720h,"
              "max_of_last_2160h\nfailure,94,24,1,2,3\n",
              ",2160,3,cems here\n");
    /* Without --day the newest rows hold; without --rules the shipped ones. */
    snprintf(args, sizeof args, "eco_comp_zhengzhou2020 --rules %s", path);
    run_calc(args, money, false);
    assert_non_null(strstr(seen.out, ",7.00\n"));
    run_calc("warning_level --explain", week, false);
    assert_non_null(strstr(seen.out, "from 2024-01-23"));
    unlink(path);
    run_calc(args, money, true);
    assert_int_equal(seen.status, 1);
    run_calc("warning_level --day yesterday", week, true);
    assert_int_equal(seen.status, 2);
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
        cmocka_unit_test(test_calc__every_explanation_has_its_date),
        cmocka_unit_test(test_calc__what_no_calendar_or_header_allows_is_refused),
        cmocka_unit_test(test_calc__tables_of_the_house_hold_from_their_day_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
