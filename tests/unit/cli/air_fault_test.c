/* SPDX-License-Identifier: Apache-2.0 */
/* An evaluation whose memory or output fails at every possible place: refused with a reason, never
 * a crash, a leak or half an answer taken for a whole one. */
#include "cli/air.h"
#include "cli/air_target.h"
#include "../test.h"
#include "../failing_memory.h"
#include <unistd.h>

static unsigned write_fail_at; /* the n-th write from here fails; 0: none */

size_t __real_fwrite(const void *bytes, size_t size, size_t n, FILE *file);
size_t __wrap_fwrite(const void *bytes, size_t size, size_t n, FILE *file);

size_t __wrap_fwrite(const void *bytes, size_t size, size_t n, FILE *file)
{
    return write_fail_at && --write_fail_at == 0 ? 0 : __real_fwrite(bytes, size, n, file);
}

static char hours_path[64], stations_path[64], dust_path[64], plan_path[64];
static qk_rules rules;

static FILE *make_temp(char *path)
{
    strcpy(path, "/tmp/qk-fault-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    return fdopen(fd, "wb");
}

static int make_files(void **state)
{
    (void)state;
    char time[QK_TIME_TEXT];
    qk_time start;
    FILE *file = make_temp(hours_path);
    assert_ok(qk_time_parse(&start, QK_STR("2024-12-29")));
    fputs("station,time,SO2,NO2,CO,O3,PM10,PM2.5\n", file);
    for (int h = 1; h <= 24 * 6; h++)
        for (int s = 0; s < 3; s++)
            fprintf(file, "S%d,%s,10,30,0.5,90,80,%d\n", s, qk_time_iso(time, start + h * QK_HOUR),
                    40 + s);
    fclose(file);
    file = make_temp(stations_path);
    fputs("station,name,lon,lat,kind\nS0,a,112.8,34.9,national\nS2,c,112.9,34.8,road\n", file);
    fclose(file);
    file = make_temp(dust_path);
    fputs("station,date\n*,2024-12-30\n", file);
    fclose(file);
    file = make_temp(plan_path);
    fputs("{\"targets\":[{\"metric\":\"PM2.5\",\"op\":\"<=\",\"value\":44,\"year\":2024}]}", file);
    fclose(file);
    qk_rules_default(&rules);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(hours_path);
    unlink(stations_path);
    unlink(dust_path);
    unlink(plan_path);
    return 0;
}

static qk_code evaluate(FILE *out, bool target, qk_error *err)
{
    air *a = NULL;
    air_options options = {
        .rules = &rules, .from_day = INT32_MIN, .to_day = INT32_MAX, .quiet = target};
    qk_code code = air_new(&a, &options, err);
    if (code == QK_OK) code = air_read_stations(a, stations_path, err);
    if (code == QK_OK) code = air_read_dust(a, dust_path, err);
    if (code == QK_OK) code = air_read_hours(a, hours_path, err);
    if (code == QK_OK) code = air_finish(a, err);
    if (code == QK_OK && target) code = air_target_write(a, plan_path, 20088, out, err);
    if (code == QK_OK && !target) code = air_write(a, out, err);
    air_free(a);
    return code;
}

static void fail_in_turn(unsigned *counter, bool target)
{
    qk_error err;
    char *whole = NULL, *text = NULL;
    size_t whole_len = 0, len = 0;
    FILE *out = open_memstream(&whole, &whole_len);
    assert_ok(evaluate(out, target, &err));
    fclose(out);
    assert_true(whole_len > 100);
    unsigned n = 1;
    for (qk_code code = QK_EINVAL; code != QK_OK; n++) {
        assert_true(n < 5000);
        memset(&err, 0, sizeof err);
        out = open_memstream(&text, &len);
        assert_non_null(out);
        *counter = n;
        code = evaluate(out, target, &err);
        bool failed = *counter == 0;
        *counter = 0;
        fclose(out);
        if (code == QK_OK) assert_string_equal(text, whole);
        free(text);
        text = NULL;
        if (code == QK_OK && !failed) break;
        if (code == QK_OK)
            code = QK_EINVAL; /* a failure that did no harm */
        else
            assert_true(err.message[0] != 0);
    }
    assert_true(n > 3);
    out = open_memstream(&text, &len);
    assert_ok(evaluate(out, target, &err));
    fclose(out);
    assert_string_equal(text, whole);
    free(text);
    free(whole);
}

static void test_air__any_allocation_may_fail(void **state)
{
    (void)state;
    fail_in_turn(&fail_at, false);
    fail_in_turn(&fail_at, true);
}

static void test_air__any_write_may_fail(void **state)
{
    (void)state;
    fail_in_turn(&write_fail_at, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_air__any_allocation_may_fail),
        cmocka_unit_test(test_air__any_write_may_fail),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
