/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong air` as a program: what it says, in which order rows may come, what it refuses. */
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "../test.h"
#include <sys/wait.h>
#include <unistd.h>

#define HEAD "station,time,SO2,NO2,CO,O3,PM10,PM2.5\n"

typedef struct run {
    qk_buf out;
    int status;
    qk_arena arena;
    qk_json_value *json; /* NULL when refused */
} run;

static int write_temp(char *path, const char *text)
{
    strcpy(path, "/tmp/qk-air-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_ok(qk_write_all(fd, text, strlen(text), NULL));
    close(fd);
    return 0;
}

static void run_air(run *r, const char *hours, const char *args)
{
    char path[64], command[1400];
    char chunk[65536];
    size_t n;
    write_temp(path, hours);
    snprintf(command, sizeof command, "%s air %s --hours %s 2>&1", getenv("QK_PROGRAM"), args,
             path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    qk_buf_init(&r->out, 1u << 28);
    while ((n = fread(chunk, 1, sizeof chunk, pipe)) > 0) qk_buf_append(&r->out, chunk, n);
    r->status = WEXITSTATUS(pclose(pipe));
    unlink(path);
    r->json = NULL;
    qk_arena_init(&r->arena, 1u << 30);
    if (r->status == 0) assert_ok(qk_json_parse(&r->json, qk_buf_str(&r->out), &r->arena, NULL));
}

static void end_run(run *r)
{
    qk_buf_clear(&r->out);
    qk_arena_clear(&r->arena);
}

static const qk_json_value *at(const qk_json_value *array, int index)
{
    const qk_json_value *v = array ? array->first : NULL;
    while (v && index-- > 0) v = v->next;
    return v;
}

static const qk_json_value *path_of(const qk_json_value *v, const char *a, const char *b)
{
    v = qk_json_get(v, a);
    return b ? qk_json_get(v, b) : v;
}

static void assert_number(const qk_json_value *v, const char *digits)
{
    assert_non_null(v);
    assert_int_equal(v->type, QK_JSON_NUMBER);
    if (!qk_str_eq(v->text, qk_str_of(digits)))
        fail_msg("%.*s, wanted %s", QK_STR_ARG(v->text), digits);
}

static void put_row(qk_buf *out, const char *station, qk_time end, const char *values)
{
    char time[QK_TIME_TEXT];
    qk_buf_printf(out, "%s,%s,%s\n", station, qk_time_iso(time, end), values);
}

static void put_hours(qk_buf *out, const char *station, const char *from, int hours,
                      const char *values)
{
    qk_time t;
    assert_ok(qk_time_parse(&t, qk_str_of(from)));
    for (int h = 1; h <= hours; h++) put_row(out, station, t + h * QK_HOUR, values);
}

static void start_file(qk_buf *file)
{
    qk_buf_init(file, 1u << 26);
    qk_buf_puts(file, HEAD);
}

static void test_S029_air__the_year_of_jiyuan_gives_5_399(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    start_file(&file);
    put_hours(&file, "J1", "2020-01-01", 366 * 24, "13,34,2.0,172,85,54");
    run_air(&r, file.ptr, "evaluate");
    assert_int_equal(r.status, 0);
    const qk_json_value *station = at(qk_json_get(r.json, "stations"), 0);
    assert_int_equal(qk_json_get(station, "days")->count, 366);
    assert_int_equal(qk_json_get(station, "months")->count, 12);
    const qk_json_value *year = at(path_of(r.json, "city", "years"), 0);
    assert_number(qk_json_get(year, "composite_index"), "5.399");
    assert_number(qk_json_get(year, "max_single_index"), "1.543");
    assert_number(path_of(year, "means", "PM2.5"), "54");
    assert_number(path_of(year, "percentiles", "CO"), "2.0");
    assert_int_equal(path_of(year, "valid", "O3")->type, QK_JSON_TRUE);
    const qk_json_value *first = at(qk_json_get(r.json, "ranking"), 0);
    assert_number(qk_json_get(first, "rank"), "1");
    assert_number(qk_json_get(first, "composite_index"), "5.399");
    assert_true(qk_str_eq(qk_json_get_str(at(qk_json_get(station, "days"), 59), "date"),
                          QK_STR("2020-02-29")));
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_S026_air__the_rule_changes_between_two_days(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    start_file(&file);
    put_hours(&file, "A", "2026-02-28", 48, "13,34,0.9,120,85,54");
    run_air(&r, file.ptr, "evaluate");
    const qk_json_value *days = qk_json_get(at(qk_json_get(r.json, "stations"), 0), "days");
    assert_number(qk_json_get(at(days, 0), "aqi"), "74");
    assert_number(qk_json_get(at(days, 1), "aqi"), "88");
    end_run(&r);
    run_air(&r, file.ptr, "evaluate --standard 2012 --from 2026-03-01");
    days = qk_json_get(at(qk_json_get(r.json, "stations"), 0), "days");
    assert_int_equal(days->count, 1);
    assert_number(qk_json_get(at(days, 0), "aqi"), "74");
    end_run(&r);
    qk_buf_clear(&file);
}

/* Two years of two stations, by station and by time, must say the same, spilled or not. */
static void test_air__rows_by_station_and_by_time_say_the_same(void **state)
{
    (void)state;
    static const char *const values[] = {"10,30,0.5,90,80,40", "12,36,0.7,101,90,52"};
    qk_buf one, two;
    run a, b;
    qk_time t;
    start_file(&one);
    start_file(&two);
    put_hours(&one, "A", "2023-12-20", 24 * 400, values[0]);
    put_hours(&one, "B", "2023-12-20", 24 * 400, values[1]);
    assert_ok(qk_time_parse(&t, QK_STR("2023-12-20")));
    for (int h = 1; h <= 24 * 400; h++) {
        put_row(&two, "A", t + h * QK_HOUR, values[0]);
        put_row(&two, "B", t + h * QK_HOUR, values[1]);
    }
    run_air(&a, one.ptr, "evaluate");
    run_air(&b, two.ptr, "evaluate");
    assert_int_equal(a.status, 0);
    assert_string_equal(a.out.ptr, b.out.ptr);
    assert_int_equal(qk_json_get(at(qk_json_get(a.json, "stations"), 1), "days")->count, 400);
    assert_int_equal(qk_json_get(at(qk_json_get(a.json, "stations"), 1), "years")->count, 3);
    assert_int_equal(path_of(a.json, "city", "days")->count, 400);
    end_run(&a);
    end_run(&b);
    qk_buf_clear(&one);
    qk_buf_clear(&two);
}

static void test_S040_air__a_road_station_never_enters_the_city_or_the_ranking(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    char list[64], args[128];
    start_file(&file);
    put_hours(&file, "N1", "2025-06-01", 24, "10,30,0.5,90,80,40");
    put_hours(&file, "R1", "2025-06-01", 24, "10,90,2.5,90,280,140");
    write_temp(list, "station,name,lon,lat,kind\nN1,one,112.8,34.9,national\nR1,road,,,road\n");
    snprintf(args, sizeof args, "evaluate --stations %s", list);
    run_air(&r, file.ptr, args);
    const qk_json_value *city = qk_json_get(r.json, "city");
    assert_number(qk_json_get(city, "stations"), "1");
    assert_number(path_of(at(qk_json_get(city, "days"), 0), "values", "PM2.5"), "40");
    for (const qk_json_value *v = qk_json_get(r.json, "ranking")->first; v; v = v->next)
        assert_true(qk_str_eq(qk_json_get_str(v, "station"), QK_STR("N1")));
    const qk_json_value *road = at(qk_json_get(r.json, "stations"), 1);
    assert_int_equal(path_of(road, "flags", "no_coordinates")->type, QK_JSON_TRUE);
    unlink(list);
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_S030_air__equal_indices_share_a_rank_and_few_days_have_none(void **state)
{
    (void)state;
    static const struct {
        const char *name, *values;
        int days;
    } rows[] = {{"T1", "10,30,0.5,90,80,40", 30},
                {"T2", "10,30,0.5,90,80,40", 30},
                {"T3", "10,20,0.5,90,60,30", 30},
                {"T4", "1,2,0.1,9,6,3", 20},
                {"T5", "10,40,0.5,90,90,60", 30}};
    static const char *const names[] = {"T3", "T1", "T2", "T5", "T4"};
    static const char *const ranks[] = {"1", "2", "2", "4", NULL};
    qk_buf file;
    run r;
    start_file(&file);
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++)
        put_hours(&file, rows[i].name, "2025-06-01", rows[i].days * 24, rows[i].values);
    run_air(&r, file.ptr, "evaluate");
    const qk_json_value *v = qk_json_get(r.json, "ranking")->first;
    while (v && !qk_str_eq(qk_json_get_str(v, "period"), QK_STR("2025-06"))) v = v->next;
    for (size_t i = 0; i < QK_ARRAY_COUNT(names); i++, v = v->next) {
        assert_non_null(v);
        assert_true(qk_str_eq(qk_json_get_str(v, "station"), qk_str_of(names[i])));
        if (ranks[i]) assert_number(qk_json_get(v, "rank"), ranks[i]);
        if (!ranks[i]) assert_int_equal(qk_json_get(v, "rank")->type, QK_JSON_NULL);
    }
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_S039_air__both_figures_are_told_where_dust_days_are_declared(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    char list[64], args[128];
    start_file(&file);
    put_hours(&file, "A", "2025-04-01", 24 * 29, "10,30,0.5,90,80,40");
    put_hours(&file, "A", "2025-04-30", 24, "10,30,0.5,90,680,100");
    write_temp(list, "station,date\n*,2025-04-30\n");
    snprintf(args, sizeof args, "evaluate --dust %s", list);
    run_air(&r, file.ptr, args);
    const qk_json_value *month = at(path_of(r.json, "city", "months"), 0);
    assert_number(path_of(month, "means", "PM10"), "100");
    assert_number(path_of(month, "without_dust", "PM10"), "80");
    assert_number(qk_json_get(month, "dust_days"), "1");
    assert_number(qk_json_get(month, "heavy_days"), "1");
    unlink(list);
    end_run(&r);
    qk_buf_clear(&file);
}

static void refused(const char *rows, const char *place, const char *words)
{
    run r;
    qk_buf file;
    start_file(&file);
    qk_buf_puts(&file, rows);
    run_air(&r, file.ptr, "evaluate");
    if (r.status != 1 || !strstr(r.out.ptr, place) || !strstr(r.out.ptr, words))
        fail_msg("status %d: %s", r.status, r.out.ptr);
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_air__bad_rows_are_refused_with_their_place(void **state)
{
    (void)state;
    refused("A,2025-01-01T01:00,1,2,0.3,4,5,6\nA,2025-01-01T02:00,1,x,0.3,4,5,6\n",
            ":3:4:", "no number");
    refused("A,2025-01-01T01:30,1,2,0.3,4,5,6\n", ":2:2:", "not on the hour");
    refused("A,2025-02-29T01:00,1,2,0.3,4,5,6\n", ":2:2:", "no date");
    refused("A,2025-01-01,1,2,0.3,4,5,6\n", ":2:2:", "no time");
    refused("A,2025-01-01T01:00,1,2,0.3,4,5,6\nA,2025-01-01T02:00Z,1,2,0.3,4,5,6\n",
            ":3:2:", "another time zone");
    refused("A,2025-01-01T01:00,1,2,0.3,4,5,6\nA,2025-01-01T01:00,1,2,0.3,4,5,7\n",
            ":3:2:", "stands twice");
    refused("A,2025-01-02T01:00,1,2,0.3,4,5,6\nA,2025-01-01T01:00,1,2,0.3,4,5,7\n",
            ":3:2:", "order of time");
    refused(",2025-01-02T01:00,1,2,0.3,4,5,6\n", ":2:1:", "without station");
    refused("\xc3\xcf\xd6\xdd,2025-01-02T01:00,1,2,0.3,4,5,6\n", ":2:1:", "not UTF-8");
}

static void test_air__wrong_units_are_suspected_and_refused(void **state)
{
    (void)state;
    qk_buf rows;
    qk_buf_init(&rows, 1 << 20);
    put_hours(&rows, "A", "2025-01-01", 48, "10,30,800,90,80,40");
    refused(rows.ptr, ":2:5:", "CO looks like ug/m3");
    qk_buf_reset(&rows);
    put_hours(&rows, "A", "2025-01-01", 48, "10,30,0.8,90,0.08,0.04");
    refused(rows.ptr, ":2:7:", "PM10 looks like mg/m3");
    qk_buf_reset(&rows);
    put_hours(&rows, "A", "2025-01-01", 48, "10,30,0.8,0.09,80,40");
    refused(rows.ptr, ":2:6:", "O3 looks like mg/m3");
    qk_buf_reset(&rows);
    put_hours(&rows, "A", "2025-01-01", 48, "0.6,30,0.8,90,80,40");
    run r;
    qk_buf file;
    start_file(&file);
    qk_buf_put_str(&file, qk_buf_str(&rows));
    run_air(&r, file.ptr, "evaluate"); /* clean air may hold so little SO2 */
    assert_int_equal(r.status, 0);
    end_run(&r);
    qk_buf_clear(&file);
    qk_buf_clear(&rows);
}

static bool has_flag(const qk_json_value *day, const char *name)
{
    const qk_json_value *flags = qk_json_get(day, "flags");
    for (const qk_json_value *f = flags ? flags->first : NULL; f; f = f->next)
        if (qk_str_eq(f->text, qk_str_of(name))) return true;
    return false;
}

static void test_air__odd_rows_are_flagged_by_name(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    start_file(&file);
    put_hours(&file, "A", "2025-01-01", 23, "10,30,0.5,90,80,40");
    qk_buf_puts(&file, "A,2025-01-01T24:00,-3,30,0.5,90,80,40\n");
    put_hours(&file, "A", "2025-01-03", 24, "10,30,0.5,90,99999,40");
    qk_buf_puts(&file, "A,2025-01-04T00:00,10,30,0.5,90,99999,40\n");
    run_air(&r, file.ptr, "evaluate");
    const qk_json_value *days = qk_json_get(at(qk_json_get(r.json, "stations"), 0), "days");
    assert_int_equal(days->count, 3);
    assert_true(has_flag(at(days, 0), "label_24_00"));
    assert_true(has_flag(at(days, 0), "negative_values"));
    assert_number(path_of(at(days, 0), "hours", "SO2"), "23");
    assert_true(has_flag(at(days, 1), "no_data"));
    assert_int_equal(qk_json_get(at(days, 1), "aqi")->type, QK_JSON_NULL);
    assert_true(has_flag(at(days, 2), "impossible_values"));
    assert_true(has_flag(at(days, 2), "duplicate_hours"));
    assert_int_equal(path_of(at(days, 2), "valid", "PM10")->type, QK_JSON_FALSE);
    assert_non_null(path_of(r.json, "file", "flags"));
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_air__what_is_misspelt_is_told_and_not_guessed(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    char stations[64], dust[64], args[200];
    start_file(&file);
    put_hours(&file, "A", "2025-01-01", 24, "10,30,0.5,90,80,47");
    put_hours(&file, "B", "2025-01-01", 24, "10,30,0.5,90,80,47");
    put_hours(&file, "C", "2025-01-01", 24, "10,30,0.5,90,80,47");
    write_temp(stations, "station,kind\nA,townshp\nB,air_road\nC,乡镇站\n");
    write_temp(dust, "station,date\nA1,2025-01-01\nB,2025-01-01\n");
    snprintf(args, sizeof args, "evaluate --stations %s --dust %s", stations, dust);
    run_air(&r, file.ptr, args);
    assert_int_equal(r.status, 0);
    const qk_json_value *all = qk_json_get(r.json, "stations");
    assert_int_equal(path_of(at(all, 0), "flags", "unknown_kind")->type, QK_JSON_TRUE);
    assert_null(path_of(at(all, 1), "flags", "unknown_kind"));
    assert_int_equal(qk_json_get(at(all, 0), "in_city_mean")->type, QK_JSON_TRUE);
    assert_int_equal(qk_json_get(at(all, 1), "in_city_mean")->type, QK_JSON_FALSE);
    assert_int_equal(qk_json_get(at(all, 2), "in_city_mean")->type, QK_JSON_FALSE);
    assert_number(path_of(r.json, "city", "stations"), "1");
    const qk_json_value *flags = path_of(r.json, "file", "flags");
    const qk_json_value *strangers = qk_json_get(flags, "dust_without_hours");
    assert_int_equal(strangers->count, 1);
    assert_true(qk_str_eq(strangers->first->text, QK_STR("A1")));
    end_run(&r);
    unlink(stations);
    unlink(dust);
    qk_buf_clear(&file);
}

static void test_air__a_year_of_too_few_days_meets_no_limit_and_breaks_none(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    start_file(&file);
    put_hours(&file, "A", "2025-01-01", 31 * 24, "10,30,0.5,90,80,47");
    run_air(&r, file.ptr, "evaluate");
    const qk_json_value *year = at(path_of(r.json, "city", "years"), 0);
    assert_int_equal(path_of(year, "meets", "SO2")->type, QK_JSON_NULL);
    assert_int_equal(path_of(year, "meets", "PM2.5")->type, QK_JSON_NULL);
    assert_int_equal(path_of(year, "meets", "all")->type, QK_JSON_NULL);
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_air__wrong_use_is_told_from_a_bad_file(void **state)
{
    (void)state;
    run r;
    run_air(&r, HEAD, "evaluate --from 2026-01-02 --to 2026-01-01");
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.out.ptr, "--from lies behind --to"));
    end_run(&r);
    run_air(&r, HEAD, "evaluate more.csv");
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.out.ptr, "'more.csv' is no option"));
    end_run(&r);
}

static void test_air__a_leap_year_has_its_day_and_a_gap_stays_a_gap(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    start_file(&file);
    put_hours(&file, "A", "2024-01-01", 366 * 24, "10,30,0.5,90,80,40");
    put_hours(&file, "B", "2024-02-28", 48, "10,30,0.5,90,80,40");
    put_hours(&file, "B", "2024-03-03", 24, "10,30,0.5,90,80,40");
    run_air(&r, file.ptr, "evaluate");
    const qk_json_value *a = at(qk_json_get(r.json, "stations"), 0);
    assert_int_equal(qk_json_get(a, "days")->count, 366);
    assert_true(
        qk_str_eq(qk_json_get_str(at(qk_json_get(a, "days"), 59), "date"), QK_STR("2024-02-29")));
    assert_number(path_of(at(qk_json_get(a, "years"), 0), "days", "SO2"), "366");
    const qk_json_value *days = qk_json_get(at(qk_json_get(r.json, "stations"), 1), "days");
    assert_int_equal(days->count, 5);
    for (int d = 2; d < 4; d++) {
        assert_true(has_flag(at(days, d), "no_data"));
        assert_int_equal(qk_json_get(at(days, d), "aqi")->type, QK_JSON_NULL);
    }
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_air__both_labels_of_midnight_are_one_hour_and_told(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    start_file(&file);
    put_hours(&file, "A", "2025-01-01", 23, "10,30,0.5,90,80,40");
    qk_buf_puts(&file, "A,2025-01-01T24:00,10,30,0.5,90,80,40\n");
    put_hours(&file, "A", "2025-01-02", 24, "10,30,0.5,90,80,40");
    run_air(&r, file.ptr, "evaluate");
    const qk_json_value *days = qk_json_get(at(qk_json_get(r.json, "stations"), 0), "days");
    assert_int_equal(days->count, 2);
    assert_int_equal(path_of(at(days, 0), "valid", "SO2")->type, QK_JSON_TRUE);
    const qk_json_value *flags = path_of(r.json, "file", "flags");
    assert_int_equal(qk_json_get(flags, "both_00_00_and_24_00")->type, QK_JSON_TRUE);
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_air__zones_are_converted_when_they_agree(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    char time[QK_TIME_TEXT];
    qk_time t;
    start_file(&file);
    assert_ok(qk_time_parse(&t, QK_STR("2024-12-31T16:00")));
    for (int h = 1; h <= 24; h++)
        qk_buf_printf(&file, "A,%sZ,10,30,0.5,90,80,40\n", qk_time_iso(time, t + h * QK_HOUR));
    run_air(&r, file.ptr, "evaluate");
    const qk_json_value *days = qk_json_get(at(qk_json_get(r.json, "stations"), 0), "days");
    assert_int_equal(days->count, 1);
    assert_true(qk_str_eq(qk_json_get_str(at(days, 0), "date"), QK_STR("2025-01-01")));
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_air__tables_of_an_administrator_take_the_place_of_the_shipped(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    char rules[64], args[160];
    start_file(&file);
    put_hours(&file, "A", "2032-01-01", 366 * 24, "10,20,0.5,90,40,24");
    run_air(&r, file.ptr, "evaluate");
    const qk_json_value *year = at(path_of(r.json, "city", "years"), 0);
    assert_int_equal(path_of(year, "meets", "PM2.5")->type, QK_JSON_TRUE);
    end_run(&r);
    write_temp(rules, "{\"limits\":[{\"name\":\"GB3095-2026-final\",\"source\":\"later edition\","
                      "\"from\":\"2031-01-01\",\"to\":null,\"items\":{\"PM2.5\":"
                      "{\"year\":[10,20],\"day\":[25,50]}}}]}");
    snprintf(args, sizeof args, "evaluate --rules %s", rules);
    run_air(&r, file.ptr, args);
    year = at(path_of(r.json, "city", "years"), 0);
    assert_int_equal(path_of(year, "meets", "PM2.5")->type, QK_JSON_FALSE);
    end_run(&r);
    unlink(rules);
    qk_buf_clear(&file);
}

static void test_S027_air__targets_of_a_plan_against_the_record(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    char plan[64], args[160];
    start_file(&file);
    put_hours(&file, "A", "2025-01-01", 200 * 24, "10,30,0.5,90,80,47");
    write_temp(plan,
               "{\"targets\":[{\"metric\":\"PM2.5\",\"statistic\":\"annual_mean\",\"op\":\"<=\","
               "\"value\":44,\"unit\":\"ug/m3\",\"year\":2025,\"scope\":\"全市\",\"text\":\"\"},"
               "{\"metric\":\"优良天数\",\"statistic\":\"annual_days\",\"op\":\">=\","
               "\"value\":243,\"unit\":\"天\",\"year\":2025},"
               "{\"metric\":\"氮氧化物\",\"statistic\":\"total_reduction\",\"op\":null,"
               "\"value\":null,\"year\":2025}]}");
    snprintf(args, sizeof args, "target --plan %s --asof 2025-07-19", plan);
    run_air(&r, file.ptr, args);
    assert_int_equal(r.status, 0);
    const qk_json_value *targets = qk_json_get(r.json, "targets");
    assert_number(path_of(at(targets, 0), "allowance", "mean_allowed"), "40.4");
    assert_number(path_of(at(targets, 0), "reached", "value"), "47.0");
    assert_number(path_of(at(targets, 1), "allowance", "good_days_may_be_lost"), "122");
    assert_true(qk_str_eq(qk_json_get_str(at(targets, 2), "state"), QK_STR("not_judged")));
    unlink(plan);
    end_run(&r);
    qk_buf_clear(&file);
}

static void test_S027_air__years_are_compared_by_one_edition(void **state)
{
    (void)state;
    qk_buf file;
    run r;
    char plan[64], args[160];
    start_file(&file); /* PM2.5 65 is good by HJ 633-2012 (AQI 88), not by HJ 633-2026 (105) */
    put_hours(&file, "A", "2024-01-01", 366 * 24, "10,30,0.5,90,80,65");
    put_hours(&file, "A", "2025-01-01", 365 * 24, "10,30,0.5,90,80,65");
    put_hours(&file, "A", "2026-01-01", 181 * 24, "10,30,0.5,90,80,65");
    write_temp(plan, "{\"targets\":[{\"metric\":\"优良天数\",\"statistic\":\"annual_days\",\"op\":"
                     "\">=\",\"value\":243,\"unit\":\"天\",\"year\":2026}]}");
    snprintf(args, sizeof args, "target --plan %s --asof 2026-06-30", plan);
    run_air(&r, file.ptr, args);
    assert_int_equal(r.status, 0);
    const qk_json_value *target = at(qk_json_get(r.json, "targets"), 0);
    assert_number(path_of(target, "reached", "value"), "59"); /* January and February */
    const qk_json_value *before = qk_json_get(target, "year_before");
    assert_true(qk_str_eq(qk_json_get_str(before, "standard"), QK_STR("HJ633-2026")));
    assert_number(path_of(before, "reached", "value"), "0");
    assert_number(path_of(before, "now", "value"), "0");
    assert_number(qk_json_get(before, "change_days"), "0");
    assert_number(path_of(target, "projection", "value"), "59.0");
    unlink(plan);
    end_run(&r);
    qk_buf_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S029_air__the_year_of_jiyuan_gives_5_399),
        cmocka_unit_test(test_S026_air__the_rule_changes_between_two_days),
        cmocka_unit_test(test_air__rows_by_station_and_by_time_say_the_same),
        cmocka_unit_test(test_S040_air__a_road_station_never_enters_the_city_or_the_ranking),
        cmocka_unit_test(test_S030_air__equal_indices_share_a_rank_and_few_days_have_none),
        cmocka_unit_test(test_S039_air__both_figures_are_told_where_dust_days_are_declared),
        cmocka_unit_test(test_air__bad_rows_are_refused_with_their_place),
        cmocka_unit_test(test_air__wrong_units_are_suspected_and_refused),
        cmocka_unit_test(test_air__odd_rows_are_flagged_by_name),
        cmocka_unit_test(test_air__a_leap_year_has_its_day_and_a_gap_stays_a_gap),
        cmocka_unit_test(test_air__both_labels_of_midnight_are_one_hour_and_told),
        cmocka_unit_test(test_air__zones_are_converted_when_they_agree),
        cmocka_unit_test(test_air__tables_of_an_administrator_take_the_place_of_the_shipped),
        cmocka_unit_test(test_S027_air__targets_of_a_plan_against_the_record),
        cmocka_unit_test(test_S027_air__years_are_compared_by_one_edition),
        cmocka_unit_test(test_air__what_is_misspelt_is_told_and_not_guessed),
        cmocka_unit_test(test_air__a_year_of_too_few_days_meets_no_limit_and_breaks_none),
        cmocka_unit_test(test_air__wrong_use_is_told_from_a_bad_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
