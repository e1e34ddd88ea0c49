/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/load_source.h"
#include "../test.h"
#include "hj212/hj212.h"
#include <unistd.h>

static const char *file_of(const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/qk-load-%d.csv", (int)getpid());
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    fclose(f);
    return path;
}

/* All frames, in order, as "MN content" lines. */
static size_t frames_of(const char *path, char *out, size_t size)
{
    qk_load_source *s = NULL;
    qk_error err = {0};
    char frame[4096];
    size_t n = 0, len = 0;
    if (qk_load_source_csv(&s, path, "QZ", &err) != QK_OK) fail_msg("%s", err.message);
    qk_fleet_source use = qk_load_source_use(s);
    out[0] = 0;
    while (!use.finished(use.context)) {
        size_t before = n;
        for (size_t d = 0; d < qk_load_source_count(s); d++) {
            size_t got = use.next(use.context, d, 0, frame, sizeof frame);
            if (!got) continue;
            qk_hj212_frame f;
            qk_hj212_step step;
            qk_hj212_packet p;
            assert_int_equal(qk_hj212_next(frame, got, true, &f, &step), QK_HJ212_FRAME);
            qk_hj212_parse(&p, &f);
            assert_int_equal(p.refusal, 0);
            assert_int_equal(p.head.command, 2061);
            n++;
            if (len < size)
                len += (size_t)snprintf(out + len, size - len, "%.*s %.*s\n", (int)p.head.mn.len,
                                        p.head.mn.ptr, (int)p.head.cp.len, p.head.cp.ptr);
        }
        if (n == before) break;
    }
    qk_load_source_free(s);
    return n;
}

static void test_S026_load__hours_of_a_file_are_sent_by_the_start_of_the_hour(void **state)
{
    (void)state;
    char out[2000];
    const char *path = file_of("station,time,SO2,NO2,CO,O3,PM10,PM2.5\n"
                               "A,2025-01-01T01:00:00,5,20.50,0.7,,NA,35\n"
                               "B,2025-01-01T01:00:00,6,21,0.8,10,70,36\n"
                               "A,2025-01-01T02:00:00,7,22,0.9,11,71,37\n");
    assert_int_equal(frames_of(path, out, sizeof out), 3);
    assert_string_equal(out, "QZA DataTime=20250101000000;a21026-Avg=5,a21026-Flag=N;"
                             "a21004-Avg=20.50,a21004-Flag=N;a21005-Avg=0.7,a21005-Flag=N;"
                             "a34004-Avg=35,a34004-Flag=N\n"
                             "QZB DataTime=20250101000000;a21026-Avg=6,a21026-Flag=N;"
                             "a21004-Avg=21,a21004-Flag=N;a21005-Avg=0.8,a21005-Flag=N;"
                             "a05024-Avg=10,a05024-Flag=N;a34002-Avg=70,a34002-Flag=N;"
                             "a34004-Avg=36,a34004-Flag=N\n"
                             "QZA DataTime=20250101010000;a21026-Avg=7,a21026-Flag=N;"
                             "a21004-Avg=22,a21004-Flag=N;a21005-Avg=0.9,a21005-Flag=N;"
                             "a05024-Avg=11,a05024-Flag=N;a34002-Avg=71,a34002-Flag=N;"
                             "a34004-Avg=37,a34004-Flag=N\n");
    unlink(path);
}

static void test_S026_load__published_forms_give_the_same_frames(void **state)
{
    (void)state;
    char out[1000];
    const char *path = file_of("stationcode,time,pm10,pm2_5,co\n1316A,2026-02-26T20,/,22.0,0.6\n");
    assert_int_equal(frames_of(path, out, sizeof out), 1);
    assert_string_equal(out, "QZ1316A DataTime=20260226190000;a21005-Avg=0.6,a21005-Flag=N;"
                             "a34004-Avg=22.0,a34004-Flag=N\n");
    /* The hour that begins, and CO in ug/m3. */
    path = file_of("year,month,day,hour,PM2.5,CO,station\n2013,3,1,23,9.0,300.0,Dongsi\n");
    assert_int_equal(frames_of(path, out, sizeof out), 1);
    assert_string_equal(out, "QZDongsi DataTime=20130301230000;a21005-Avg=0.3000,a21005-Flag=N;"
                             "a34004-Avg=9.0,a34004-Flag=N\n");
    unlink(path);
}

static void test_load__what_is_no_hourly_record_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        uint32_t line, column;
    } cases[] = {
        {"date,city,PM25\n2014-01-01,x,3\n", "no column 'time'", 0, 0},
        {"time,PM2.5\n2014-01-01T01:00:00,3\n", "no column 'station'", 0, 0},
        {"station,time,aqi\nA,2014-01-01T01:00:00,3\n", "none of the six", 0, 0},
        {"station,time,PM2.5\nA,noon,3\n", "'noon' is not an ISO 8601 time", 2, 2},
        {"station,time,PM2.5\nA,2014-01-01T01:00:00,many\n", "'many' is not a number", 2, 3},
        {"station,time,PM2.5\n", "holds no row", 0, 0},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_load_source *s = NULL;
        qk_error err = {0};
        const char *path = file_of(cases[i].text);
        assert_int_equal(qk_load_source_csv(&s, path, "QZ", &err), QK_EFORMAT);
        if (!strstr(err.message, cases[i].message)) fail_msg("%s", err.message);
        assert_null(s);
        char at[32];
        snprintf(at, sizeof at, ":%u:%u", cases[i].line, cases[i].column);
        char text[700];
        qk_error_format(&err, text, sizeof text);
        if (cases[i].line) assert_non_null(strstr(text, at));
        unlink(path);
    }
}

/* The files as they lie there. */
static void test_S026_load__real_records_can_be_replayed(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t rows;
    } files[] = {{"data/air/beijing_Dongsi.csv.xz", 26304},
                 {"data/air/henan17_hourly.csv.xz", 83035}};
    static char out[4000];
    char path[600];
    for (size_t i = 0; i < QK_ARRAY_COUNT(files); i++) {
        if (!qk_test_shared(path, sizeof path, files[i].file)) skip();
        qk_load_source *s = NULL;
        qk_error err = {0};
        qk_code code = qk_load_source_csv(&s, path, "QZ", &err);
        qk_load_source_free(s);
        if (code == QK_EUNSUPPORTED) skip();
        assert_int_equal(frames_of(path, out, sizeof out), files[i].rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S026_load__hours_of_a_file_are_sent_by_the_start_of_the_hour),
        cmocka_unit_test(test_S026_load__published_forms_give_the_same_frames),
        cmocka_unit_test(test_load__what_is_no_hourly_record_is_refused_with_its_place),
        cmocka_unit_test(test_S026_load__real_records_can_be_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
