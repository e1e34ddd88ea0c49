/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong forecast` as a program: the contract's form, and what it refuses. */
#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "../test.h"
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DAYS = 260 };

typedef struct world {
    char dir[64];
    qk_buf out;
    int status;
} world;

static const char *date_of(int32_t day)
{
    static char text[QK_TIME_TEXT];
    return qk_date_iso(text, (qk_time)(16071 + day) * QK_DAY - QK_CST_OFFSET); /* 2014-01-01 on */
}

static double wind_of(int day)
{
    uint64_t seed = (uint64_t)day + 100;
    return 1 + (double)(qk_test_random(&seed) % 60) / 10;
}

static void put_text(const world *w, const char *name, const qk_buf *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    assert_ok(text->failed);
    assert_ok(qk_file_write_atomic(path, text->ptr, text->len, 0644, NULL));
}

/* Wind sweeps the air: PM2.5 = 200 / wind at every hour of two stations, each of 20 hours a day. */
static void put_hours(const world *w)
{
    qk_buf text;
    qk_buf_init(&text, 16 << 20);
    qk_buf_puts(&text, "station,time,SO2,NO2,CO,O3,PM10,PM2.5\n");
    for (int s = 0; s < 2; s++)
        for (int d = 0; d < DAYS; d++)
            for (int h = 1; h <= 20; h++)
                qk_buf_printf(&text, "S%d,%sT%02d:00,10,30,0.8,60,%.1f,%.1f\n", s, date_of(d), h,
                              250 / wind_of(d), (200 + 10 * s) / wind_of(d));
    put_text(w, "hours.csv", &text);
    qk_buf_clear(&text);
}

static void put_weather(const world *w, int shift_days)
{
    qk_buf text;
    char issued[QK_TIME_TEXT];
    qk_buf_init(&text, 16 << 20);
    qk_buf_puts(&text, "issued,lead,date,wind,odd\n");
    for (int d = -3; d < DAYS; d++) {
        for (int l = 1; l <= 3; l++) {
            snprintf(issued, sizeof issued, "%s", date_of(d + shift_days));
            qk_buf_printf(&text, "%s,%d,%s,%.1f,%d\n", issued, l, date_of(d + l + shift_days),
                          wind_of(d + l), d % 5);
        }
    }
    put_text(w, "weather.csv", &text);
    qk_buf_clear(&text);
}

static void run(world *w, const char *args)
{
    char command[1024], chunk[65536];
    size_t n;
    snprintf(command, sizeof command, "cd '%s' && '%s' forecast %s", w->dir, getenv("QK_PROGRAM"),
             args);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    qk_buf_reset(&w->out);
    while ((n = fread(chunk, 1, sizeof chunk, pipe)) > 0) qk_buf_append(&w->out, chunk, n);
    qk_buf_puts(&w->out, "");
    w->status = WEXITSTATUS(pclose(pipe));
}

static int begin(void **state)
{
    static world w;
    strcpy(w.dir, "/tmp/qk-forecast-XXXXXX");
    assert_non_null(mkdtemp(w.dir));
    qk_buf_init(&w.out, 64 << 20);
    put_hours(&w);
    put_weather(&w, 0);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    char command[128];
    qk_buf_clear(&w->out);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    return system(command); /* NOLINT(cert-env33-c) */
}

#define HINDCAST                                                                        \
    "hindcast --hours hours.csv --weather weather.csv --train-until 2014-07-31 --from " \
    "2014-08-01 --to 2014-08-20 --standard 2012 --leads 1..3"

static void test_forecast__hindcast_writes_the_contracts_rows_and_finds_the_wind(void **state)
{
    world *w = *state;
    run(w, HINDCAST);
    assert_int_equal(w->status, 0);
    qk_str rest = qk_buf_str(&w->out), line = qk_str_cut(&rest, '\n');
    assert_true(qk_str_eq(line, QK_STR("issued,lead,date,aqi_low,aqi,aqi_high,grades,primary,"
                                       "observed_aqi,observed_grade")));
    int rows = 0, near = 0;
    while (rest.len > 1) {
        qk_str cell[10];
        int64_t low, mid, high, seen;
        line = qk_str_cut(&rest, '\n');
        for (int i = 0; i < 10; i++) cell[i] = qk_str_cut(&line, ',');
        assert_ok(qk_parse_i64(&low, cell[3]));
        assert_ok(qk_parse_i64(&mid, cell[4]));
        assert_ok(qk_parse_i64(&high, cell[5]));
        assert_ok(qk_parse_i64(&seen, cell[8]));
        assert_true(low <= mid && mid <= high && cell[6].len >= 1 && cell[6].len <= 3);
        near += fabs((double)(mid - seen)) < 25;
        rows++;
    }
    assert_int_equal(rows, 60);
    if (near < 42) fail_msg("%d of 60 near", near);
}

static void test_forecast__the_same_call_gives_the_same_bytes(void **state)
{
    world *w = *state;
    run(w, HINDCAST " --out one.csv");
    assert_int_equal(w->status, 0);
    run(w, HINDCAST " | cmp - one.csv");
    assert_int_equal(w->status, 0);
}

static const qk_json_value *parse(world *w, qk_arena *arena)
{
    qk_json_value *root;
    qk_arena_init(arena, 64 << 20);
    assert_ok(qk_json_parse(&root, qk_buf_str(&w->out), arena, NULL));
    return root;
}

static void test_forecast__scores_tell_accuracy_by_lead(void **state)
{
    world *w = *state;
    qk_arena arena;
    double exact = 0, usual = 0;
    run(w, HINDCAST " --scores");
    assert_int_equal(w->status, 0);
    const qk_json_value *leads = qk_json_get(parse(w, &arena), "leads");
    assert_int_equal(leads->count, 3);
    assert_true(qk_json_get_f64(leads->first, "exact", &exact));
    assert_true(qk_json_get_f64(leads->first, "persistence", &usual));
    if (!(exact >= usual + 0.1)) fail_msg("exact %.3f, persistence %.3f", exact, usual);
    /* no August was learnt from */
    assert_int_equal(qk_json_get(leads->first, "climatology")->type, QK_JSON_NULL);
    qk_arena_clear(&arena);
}

static void test_forecast__run_tells_county_and_stations_for_fifteen_days(void **state)
{
    world *w = *state;
    qk_arena arena;
    run(w, "run --hours hours.csv --weather weather.csv --issued 2014-09-10 --standard 2012");
    assert_int_equal(w->status, 0);
    const qk_json_value *places = qk_json_get(parse(w, &arena), "places");
    assert_int_equal(places->count, 3);
    for (const qk_json_value *p = places->first; p; p = p->next) {
        const qk_json_value *days = qk_json_get(p, "days");
        assert_int_equal(days->count, 15);
        for (const qk_json_value *d = days->first; d; d = d->next) {
            double over;
            int64_t aqi;
            assert_true(qk_json_get_i64(d, "aqi", &aqi) && aqi > 0 && aqi <= 500);
            assert_true(qk_json_get_f64(d, "p_over_150", &over) && over >= 0 && over <= 1);
        }
    }
    qk_arena_clear(&arena);
}

static void refused(world *w, const char *args, int status, const char *word)
{
    char all[700];
    snprintf(all, sizeof all, "%s 2>&1", args);
    run(w, all);
    if (w->status != status || !strstr(w->out.ptr, word))
        fail_msg("%s: status %d, '%.200s'", args, w->status, w->out.ptr);
}

static void test_forecast__bad_input_is_refused_by_name(void **state)
{
    world *w = *state;
    qk_buf text;
    qk_buf_init(&text, 4096);
    refused(w, "", 2, "one of hindcast, run");
    refused(w, "hindcast --hours hours.csv", 2, "--weather");
    refused(w, "hindcast --hours hours.csv --weather weather.csv", 2, "--train-until");
    refused(w, HINDCAST " --leads 0..3", 2, "--leads");
    refused(w, HINDCAST " --leads 1..16", 2, "--leads");
    refused(w, HINDCAST " --standard 1999", 2, "--standard");
    refused(w, HINDCAST " --weather none.csv", 1, "none.csv");
    refused(w, HINDCAST " --train-until 2014-01-20", 1, "fewer than");
    refused(w, HINDCAST " --to 2014-07-01", 2, "--from lies after --to");
    qk_buf_puts(&text, "issued,lead,date,wind\n2014-01-01,2,2014-01-02,3\n");
    put_text(w, "bad.csv", &text);
    refused(w, HINDCAST " --weather bad.csv", 1, "bad.csv:2:3");
    qk_buf_reset(&text);
    qk_buf_puts(&text, "issued,lead,date,wind\n2014-01-01,1,2014-01-02,strong\n");
    put_text(w, "bad.csv", &text);
    refused(w, HINDCAST " --weather bad.csv", 1, "bad.csv:2:4");
    qk_buf_reset(&text);
    qk_buf_puts(&text, "issued,lead,wind\n2014-01-01,1,3\n");
    put_text(w, "bad.csv", &text);
    refused(w, HINDCAST " --weather bad.csv", 1, "no column 'date'");
    qk_buf_clear(&text);
}

static void test_forecast__weather_of_another_time_is_named(void **state)
{
    world *w = *state;
    put_weather(w, 3000);
    refused(w, HINDCAST, 1, "no forecast is for a day of the record");
    put_weather(w, 37); /* the right days, the wrong weather */
    run(w, HINDCAST " 2>&1 >/dev/null");
    assert_int_equal(w->status, 0);
    if (!strstr(w->out.ptr, "another place or time")) fail_msg("'%.300s'", w->out.ptr);
    put_weather(w, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forecast__hindcast_writes_the_contracts_rows_and_finds_the_wind),
        cmocka_unit_test(test_forecast__the_same_call_gives_the_same_bytes),
        cmocka_unit_test(test_forecast__scores_tell_accuracy_by_lead),
        cmocka_unit_test(test_forecast__run_tells_county_and_stations_for_fifteen_days),
        cmocka_unit_test(test_forecast__bad_input_is_refused_by_name),
        cmocka_unit_test(test_forecast__weather_of_another_time_is_named),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
