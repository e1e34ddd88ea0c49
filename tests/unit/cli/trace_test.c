/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace` and `qingkong receptor` as programs: the contract's forms, and what they refuse.
 */
#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "../test.h"
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct world {
    char dir[64];
    qk_buf out;
    int status;
} world;

static void begin(world *w)
{
    strcpy(w->dir, "/tmp/qk-trace-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    qk_buf_init(&w->out, 64 << 20);
}

static void end(world *w)
{
    char command[128];
    qk_buf_clear(&w->out);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

static void put_file(const world *w, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", w->dir, name);
    assert_ok(qk_file_write_atomic(path, text, strlen(text), 0644, NULL));
}

/* Runs the program in the world's folder; standard output and error together. */
static void run(world *w, const char *args)
{
    char command[1024], chunk[65536];
    size_t n;
    snprintf(command, sizeof command, "cd '%s' && '%s' %s 2>&1", w->dir, getenv("QK_PROGRAM"),
             args);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    qk_buf_reset(&w->out);
    while ((n = fread(chunk, 1, sizeof chunk, pipe)) > 0) qk_buf_append(&w->out, chunk, n);
    qk_buf_puts(&w->out, "");
    w->status = WEXITSTATUS(pclose(pipe));
}

static void put_hours(const world *w)
{
    qk_buf text;
    uint64_t seed = 1;
    qk_buf_init(&text, 8 << 20);
    qk_buf_puts(&text, "date,ws,wd,nox,so2\n");
    for (int i = 0; i < 24 * 400; i++) {
        int day = i / 24, ws = (int)(qk_test_random(&seed) % 100), wd;
        wd = 10 * (int)(qk_test_random(&seed) % 37);
        double x = fabs(wd - 200.0) < 25 ? 90 : 20;
        qk_buf_printf(&text, "%d-%02d-%02d %02d:00:00,%d.%d,%d,%.1f,%s\n", 2020 + day / 336,
                      day % 336 / 28 + 1, day % 28 + 1, i % 24, ws / 10, ws % 10, wd, x,
                      i % 5 ? "3" : "NA");
    }
    put_file(w, "air.csv", text.ptr);
    qk_buf_clear(&text);
}

static void test_trace__polar_writes_u_v_value_without_gaps_or_nan(void **state)
{
    (void)state;
    world w;
    begin(&w);
    put_hours(&w);
    run(&w, "trace polar --in air.csv --pollutant nox --statistic cpf --percentile 75");
    assert_int_equal(w.status, 0);
    assert_int_equal(strncmp(w.out.ptr, "u,v,value\n", 10), 0);
    assert_null(strstr(w.out.ptr, "nan"));
    assert_null(strstr(w.out.ptr, ",\n"));
    run(&w, "trace polar --pollutant nox --in air.csv --kind bins");
    assert_int_equal(w.status, 0);
    assert_int_equal(strncmp(w.out.ptr, "wd_upper,ws_bin,n,value,ws_upper\n10,1,", 38), 0);
    end(&w);
}

static void test_trace__sector_trend_time_and_calendar_run(void **state)
{
    (void)state;
    static const char *const all[] = {
        "trace sector --in air.csv --breaks 2,4,6 --sector 45",
        "trace sector --in air.csv --pollutant nox --percentiles 25,50,75 --by-value --breaks 50",
        "trace trend --in air.csv --pollutant nox --weather",
        "trace time --in air.csv --pollutant so2", "trace calendar --in air.csv --pollutant so2"};
    world w;
    begin(&w);
    put_hours(&w);
    for (size_t i = 0; i < QK_ARRAY_COUNT(all); i++) {
        run(&w, all[i]);
        if (w.status != 0) fail_msg("%s: %s", all[i], w.out.ptr);
        assert_null(strstr(w.out.ptr, "nan"));
        assert_true(w.out.len > 100);
    }
    end(&w);
}

static void test_trace__trajectory_goes_back_upwind_until_the_winds_end(void **state)
{
    (void)state;
    world w;
    begin(&w);
    put_file(&w, "winds.csv",
             "date,ws,wd\n2025-01-01 00:00,5,270\n2025-01-01 01:00,5,270\n"
             "2025-01-01 02:00,NA,NA\n2025-01-01 03:00,5,270\n");
    run(&w, "trace trajectory --winds winds.csv --at 113,35 --start 2025-01-01T03:00 --hours 2");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "\n2025-01-01T01:00:00,-2,112.60"));
    run(&w, "trace trajectory --winds winds.csv --at 113,35 --start 2025-01-01T03:00 --hours 9");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "the winds end the path after 3.0 hours"));
    run(&w, "trace trajectory --winds winds.csv --at 113,35 --start 2031-01-01T03:00");
    assert_int_equal(w.status, 1);
    assert_non_null(strstr(w.out.ptr, "another time"));
    run(&w, "trace trajectory --winds winds.csv --at 113 --start 2025-01-01T03:00");
    assert_int_equal(w.status, 2);
    end(&w);
}

/* A plain shear on a grid, one hour a step; and the same places without their middle, which is then
 * no grid any more. */
static void put_winds(const world *w, const char *name, bool holed)
{
    qk_buf text;
    qk_buf_init(&text, 1 << 20);
    qk_buf_puts(&text, "date,lon,lat,u,v\n");
    for (int h = 0; h < 4; h++)
        for (int place = 0; place < 9; place++)
            if (!(holed && place == 4))
                qk_buf_printf(&text, "2025-01-01 %02d:00,%d.5,%d.25,%d,0\n", h, 112 + place % 3,
                              34 + place / 3, 5 * (place / 3));
    put_file(w, name, text.ptr);
    qk_buf_clear(&text);
}

static void test_trace__trajectory_takes_winds_of_a_grid_and_of_stations(void **state)
{
    (void)state;
    world w;
    begin(&w);
    put_winds(&w, "grid.csv", false);
    put_winds(&w, "stations.csv", true);
    /* on the middle row the wind is 5 m/s from the west: 2 h are 36 km, 0.3967 degrees at 35.25 N
     */
    run(&w,
        "trace trajectory --winds grid.csv --at 113.5,35.25 --start 2025-01-01T03:00 --hours 2");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "\n2025-01-01T01:00:00,-2,113.10355"));
    run(&w, "trace trajectory --winds grid.csv --at 113.5,36 --start 2025-01-01T03:00 --hours 1");
    assert_non_null(strstr(w.out.ptr, "\n2025-01-01T02:00:00,-1,113.14983"));
    run(&w, "trace trajectory --winds stations.csv --at 112.5,35.25 --start 2025-01-01T03:00"
            " --hours 1");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "\n2025-01-01T02:00:00,-1,112.30"));
    put_file(&w, "half.csv", "date,lon,ws,wd\n2025-01-01 00:00,113,1,1\n");
    run(&w, "trace trajectory --winds half.csv --at 113,35 --start 2025-01-01T00:00");
    assert_int_equal(w.status, 1);
    assert_non_null(strstr(w.out.ptr, "of lon and lat one is missing"));
    end(&w);
}

static void put_paths(const world *w)
{
    qk_buf paths, values;
    qk_buf_init(&paths, 1 << 20);
    qk_buf_init(&values, 1 << 20);
    qk_buf_puts(&paths, "date,lat,lon\n");
    qk_buf_puts(&values, "date,pm25\n");
    for (int p = 0; p < 20; p++) {
        bool west = p % 2;
        for (int i = 0; i < (p == 19 ? 5 : 10); i++)
            qk_buf_printf(&paths, "2025-01-%02d 00:00,%.2f,%.2f\n", p + 1, 35.1 + 0.001 * p,
                          113.1 + (west ? -0.5 : 0.5) * i);
        if (p != 18) qk_buf_printf(&values, "2025-01-%02d 00:00,%d\n", p + 1, west ? 100 : 20);
    }
    put_file(w, "paths.csv", paths.ptr);
    put_file(w, "values.csv", values.ptr);
    qk_buf_clear(&paths);
    qk_buf_clear(&values);
}

static void test_trace__cluster_and_cells_tell_the_two_ways_apart(void **state)
{
    (void)state;
    world w;
    begin(&w);
    put_paths(&w);
    run(&w, "trace cluster --in paths.csv --clusters 2 --kind angle");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "1 of 20 paths end early and are left out"));
    assert_non_null(strstr(w.out.ptr, "\n2025-01-01T00:00:00,C1\n2025-01-02T00:00:00,C2\n"
                                      "2025-01-03T00:00:00,C1\n"));
    assert_null(strstr(w.out.ptr, "2025-01-20"));
    run(&w, "trace cells --in paths.csv --values values.csv --pollutant pm25 --cell 1"
            " --percentile 50");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "1 of 20 paths have no value and are left out"));
    assert_non_null(strstr(w.out.ptr, "\n111,35,19,100,"));
    assert_non_null(strstr(w.out.ptr, "\n115,35,18,20,"));
    run(&w, "trace cells --in paths.csv --pollutant pm25");
    assert_int_equal(w.status, 2);
    run(&w, "trace cluster --in paths.csv --kind round");
    assert_int_equal(w.status, 2);
    end(&w);
}

static void put_hot_spot(const world *w)
{
    put_file(w, "wind.csv",
             "date,ws,wd\n2025-01-01 10:00,3,270\n2025-01-01 11:00,3,270\n"
             "2025-01-01 12:00,3,270\n2025-01-01 13:00,3,270\n2025-01-01 14:00,3,270\n");
    qk_buf text;
    qk_buf_init(&text, 1 << 20);
    qk_buf_puts(&text, "date,lon,lat,pm10\n");
    for (int h = 12; h < 15; h++)
        for (int sensor = 0; sensor < 5; sensor++)
            qk_buf_printf(&text, "2025-01-01 %d:00,113.0%d,35.0%d,%d\n", h, sensor % 2 * 3,
                          sensor * 2, sensor == 1 ? 340 : 120 + (sensor * h) % 7);
    put_file(w, "readings.csv", text.ptr);
    qk_buf_clear(&text);
    put_file(w, "sources.csv",
             "name,lon,lat,kind,running\n\"gravel, north\",113.005,35.02,plant,1\n"
             "downwind,113.05,35.02,plant,1\naside,113.01,35.06,site,1\n");
}

static void test_S172_trace__suspects_name_the_source_upwind(void **state)
{
    (void)state;
    world w;
    begin(&w);
    put_hot_spot(&w);
    run(&w, "trace suspects --in readings.csv --pollutant pm10 --winds wind.csv"
            " --sources sources.csv");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "\n1,\"gravel, north\",113.005000,35.020000,0."));
    assert_non_null(strstr(w.out.ptr, "\n,none of these,,,0."));
    run(&w, "trace suspects --in readings.csv --pollutant pm10 --winds wind.csv --cell 0.01");
    assert_int_equal(w.status, 0);
    /* the best cell lies upwind, to the west of the sensor, on its latitude */
    double lon, lat;
    const char *best = strstr(w.out.ptr, "\n1,cell ");
    assert_non_null(best);
    best = strchr(best + 8, ',');
    assert_int_equal(sscanf(best, ",%lf,%lf", &lon, &lat), 2); /* NOLINT(cert-err34-c) */
    assert_true(lon < 113.03 && fabs(lat - 35.02) < 0.011);
    run(&w, "trace suspects --in readings.csv --pollutant pm10 --winds wind.csv");
    assert_int_equal(w.status, 2);
    run(&w, "trace suspects --in readings.csv --pollutant pm10 --winds wind.csv --cell 0.00001");
    assert_int_equal(w.status, 2);
    end(&w);
}

static void test_trace__survey_ranks_roads_and_names_the_source(void **state)
{
    (void)state;
    world w;
    qk_buf text;
    begin(&w);
    qk_buf_init(&text, 1 << 20);
    qk_buf_puts(&text, "date,lon,lat,voc\n");
    for (int t = 0; t < 600; t++)
        qk_buf_printf(&text, "2025-06-01 %02d:%02d:%02d,%.6f,%.4f,%d\n", 10 + t / 3600, t / 60 % 60,
                      t % 60, 113 + 0.0001 * (t % 300), t < 300 ? 35.0 : 35.01,
                      t > 150 && t < 160 ? 400 : 50 + t % 3);
    put_file(&w, "track.csv", text.ptr);
    put_file(&w, "roads.csv",
             "name,lon,lat\n\"Ring, east\",113,35\n\"Ring, east\",113.03,35\n"
             "Quiet,113,35.01\nQuiet,113.03,35.01\n");
    put_file(&w, "plants.csv", "name,lon,lat\nupwind,113.0155,35.004\ndownwind,113.0155,34.998\n");
    put_file(&w, "wind.csv", "date,ws,wd\n2025-06-01 10:00,2,0\n2025-06-01 11:00,2,0\n");
    run(&w, "trace survey --in track.csv --pollutant voc --roads roads.csv");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "\n1,\"Ring, east\",300,1,"));
    assert_non_null(strstr(w.out.ptr, "\n2,Quiet,300,1,"));
    run(&w, "trace survey --in track.csv --pollutant voc --roads roads.csv --kind places"
            " --sources plants.csv --winds wind.csv");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "\n1,113.015"));
    assert_non_null(strstr(w.out.ptr, ",upwind,"));
    run(&w, "trace survey --in track.csv --pollutant voc --kind points");
    assert_int_equal(w.status, 0);
    assert_null(strstr(w.out.ptr, "nan"));
    run(&w, "trace survey --in track.csv --pollutant voc --sources plants.csv");
    assert_int_equal(w.status, 2);
    qk_buf_clear(&text);
    end(&w);
}

static void test_trace__refuses_with_line_and_column(void **state)
{
    (void)state;
    world w;
    begin(&w);
    put_file(&w, "bad.csv", "date,ws,wd,nox\n2020-01-01,1,2,3\n2020-01-01 01:00,x,2,3\n");
    run(&w, "trace polar --in bad.csv --pollutant nox");
    assert_int_equal(w.status, 1);
    assert_non_null(strstr(w.out.ptr, "bad.csv:3:2"));
    run(&w, "trace polar --in bad.csv --pollutant pm10");
    assert_int_equal(w.status, 1);
    assert_non_null(strstr(w.out.ptr, "pm10"));
    run(&w, "trace polar --in none.csv --pollutant nox");
    assert_int_equal(w.status, 1);
    run(&w, "trace polar --in bad.csv");
    assert_int_equal(w.status, 2);
    run(&w, "trace nonsense");
    assert_int_equal(w.status, 2);
    end(&w);
}

static void put_samples(const world *w)
{
    qk_buf con, unc;
    uint64_t seed = 3;
    qk_buf_init(&con, 1 << 20);
    qk_buf_init(&unc, 1 << 20);
    qk_buf_puts(&con, "Date\tA\tB\tC\tPM2.5\n");
    qk_buf_puts(&unc, "Date\tA\tB\tC\tPM2.5\n");
    for (int i = 0; i < 120; i++) {
        double g = 0.2 + (double)(qk_test_random(&seed) % 100) / 25;
        double h = 0.2 + (double)(qk_test_random(&seed) % 100) / 25;
        qk_buf_printf(&con, "6/%d/2001 0:00\t%.4f\t%.4f\t%.4f\t%.4f\n", i, g, h, g + h,
                      6 * g + 4 * h);
        qk_buf_printf(&unc, "6/%d/2001 0:00\t%s\t0.1\t0.1\t0.5\n", i, i == 7 ? "0" : "0.1");
    }
    qk_buf_puts(&con, "\t\t\t\t\n");
    qk_buf_puts(&unc, "\t\t\t\t\n");
    put_file(w, "con.txt", con.ptr);
    put_file(w, "unc.txt", unc.ptr);
    qk_buf_clear(&con);
    qk_buf_clear(&unc);
}

static void test_S044_receptor__pmf_writes_profiles_contributions_and_a_summary(void **state)
{
    (void)state;
    world w;
    qk_arena arena;
    qk_json_value *json;
    char path[128];
    double q;
    begin(&w);
    put_samples(&w);
    run(&w, "receptor pmf --con con.txt --unc unc.txt --factors 2 --runs 3 --seed 5 --out got/it "
            "--bootstrap 5 --displacement --total PM2.5");
    if (w.status != 0) fail_msg("%s", w.out.ptr);
    assert_non_null(strstr(w.out.ptr, "1 cells have no uncertainty above 0"));
    snprintf(path, sizeof path, "%s/got/it/summary.json", w.dir);
    qk_buf_reset(&w.out);
    assert_ok(qk_file_read(&w.out, path, NULL));
    qk_arena_init(&arena, 16 << 20);
    assert_ok(qk_json_parse(&json, qk_buf_str(&w.out), &arena, NULL));
    assert_true(qk_json_get_f64(json, "q_true", &q) && q < 1);
    assert_int_equal(qk_json_get(json, "runs")->count, 3);
    assert_int_equal(qk_json_get(json, "species")->count, 4);
    assert_non_null(qk_json_get(json, "bootstrap"));
    assert_non_null(qk_json_get(json, "displacement"));
    double share = 0;
    assert_true(qk_json_get_f64(qk_json_get(json, "shares")->first, "share", &share));
    assert_true(fabs(share - 0.6) < 0.05 || fabs(share - 0.4) < 0.05);
    qk_arena_clear(&arena);
    snprintf(path, sizeof path, "%s/got/it/contributions.csv", w.dir);
    qk_buf_reset(&w.out);
    assert_ok(qk_file_read(&w.out, path, NULL));
    assert_int_equal(strncmp(w.out.ptr, "Date,F1,F2\n6/0/2001 0:00,", 25), 0);
    assert_string_equal(w.out.ptr + w.out.len - 6, "\n,0,0\n");
    end(&w);
}

static void test_receptor__refuses_tables_that_do_not_match(void **state)
{
    (void)state;
    world w;
    begin(&w);
    put_samples(&w);
    put_file(&w, "short.txt", "Date\tA\tB\tC\tPM2.5\n6/0/2001 0:00\t1\t1\t1\t1\n");
    put_file(&w, "words.txt", "Date\tA\tB\tC\tPM2.5\n6/0/2001 0:00\t1\tone\t1\t1\n");
    run(&w, "receptor pmf --con con.txt --unc short.txt --factors 2 --out o");
    assert_int_equal(w.status, 1);
    run(&w, "receptor pmf --con words.txt --unc short.txt --factors 2 --out o");
    assert_int_equal(w.status, 1);
    assert_non_null(strstr(w.out.ptr, "words.txt:2:3"));
    run(&w, "receptor pmf --con con.txt --unc unc.txt --factors 9 --out o");
    assert_int_equal(w.status, 1);
    run(&w, "receptor pmf --con con.txt --unc unc.txt --out o");
    assert_int_equal(w.status, 2);
    run(&w, "receptor pmf --con con.txt --unc unc.txt --factors 2 --out o --weak Z");
    assert_int_equal(w.status, 1);
    end(&w);
}

static void test_receptor__cmb_and_match_take_profiles_of_sources(void **state)
{
    (void)state;
    world w;
    begin(&w);
    put_file(&w, "con.csv",
             "date,Al,EC,SO4,K,PM\n2025-01-01,1.7,3,7,0.9,44\n2025-01-02,,3,7,0.9,44\n");
    put_file(&w, "unc.csv",
             "date,Al,EC,SO4,K,PM\n2025-01-01,.1,.1,.1,.1,1\n2025-01-02,.1,.1,.1,.1,1\n");
    put_file(&w, "sources.csv",
             "name,Al,EC,SO4,K\n\"dust, road\",17,1,0,3\ntraffic,0,29,0,1\nsulphate,0,0,70,0\n");
    run(&w, "receptor cmb --con con.csv --unc unc.csv --profiles sources.csv --percent --total PM");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "\n2025-01-01,\"dust, road\",1"));
    assert_non_null(strstr(w.out.ptr, "\n2025-01-01,sulphate,10,"));
    assert_non_null(strstr(w.out.ptr, "\n2025-01-02,sulphate,10,"));
    put_file(&w, "factors.csv", "species,F1,F2\nAl,0.2,0\nEC,0,3\nSO4,0,0.1\nK,0.03,0.1\n");
    run(&w, "receptor match --factors factors.csv --profiles sources.csv --percent");
    assert_int_equal(w.status, 0);
    assert_non_null(strstr(w.out.ptr, "\nF1,1,\"dust, road\",4,"));
    assert_non_null(strstr(w.out.ptr, "\nF2,1,traffic,4,"));
    put_file(&w, "twins.csv", "name,Al,EC,SO4,K\na,17,1,0,3\nb,34,2,0,6\n");
    run(&w, "receptor cmb --con con.csv --unc unc.csv --profiles twins.csv --percent");
    assert_int_equal(w.status, 1);
    assert_non_null(strstr(w.out.ptr, "source 1 and source 2"));
    run(&w, "receptor cmb --con con.csv --unc unc.csv");
    assert_int_equal(w.status, 2);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace__polar_writes_u_v_value_without_gaps_or_nan),
        cmocka_unit_test(test_trace__sector_trend_time_and_calendar_run),
        cmocka_unit_test(test_trace__trajectory_goes_back_upwind_until_the_winds_end),
        cmocka_unit_test(test_trace__trajectory_takes_winds_of_a_grid_and_of_stations),
        cmocka_unit_test(test_trace__cluster_and_cells_tell_the_two_ways_apart),
        cmocka_unit_test(test_S172_trace__suspects_name_the_source_upwind),
        cmocka_unit_test(test_trace__survey_ranks_roads_and_names_the_source),
        cmocka_unit_test(test_trace__refuses_with_line_and_column),
        cmocka_unit_test(test_S044_receptor__pmf_writes_profiles_contributions_and_a_summary),
        cmocka_unit_test(test_receptor__refuses_tables_that_do_not_match),
        cmocka_unit_test(test_receptor__cmb_and_match_take_profiles_of_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
