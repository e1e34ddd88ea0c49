/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/registry.h"
#include "domain_test.h"
#include <math.h>
#include <pthread.h>

static const char county[] =
    "{\"place\":{\"name_zh\":\"青泽县\",\"center\":[112.8,34.9]},\n"
    " \"divisions\":[{\"code\":\"410883\",\"kind\":\"county\",\"name_zh\":\"青泽县\"},\n"
    "  {\"code\":\"410883100\",\"parent\":\"410883\",\"kind\":\"township\",\"name_zh\":\"东镇\",\n"
    "   \"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3,4],[1,2]]]}}],\n"
    " \"sites\":[{\"id\":\"out1\",\"kind\":\"outlet\",\"name_zh\":\"1号排口\",\"division\":"
    "\"410883100\","
    "\"lon\":112.75,\"lat\":34.9}],\n"
    " \"devices\":[{\"mn\":\"A1\",\"site\":\"out1\",\"st\":\"31\",\"pw\":\"123456\","
    "\"interval_style\":\"end\",\"min_interval_min\":10,\"sends_hours\":true,"
    "\"valid_from\":\"2025-01-01T00:00:00\"}],\n"
    " \"factors\":[{\"mn\":\"A1\",\"code\":\"a21026\",\"unit\":\"mg/m3\",\"limit\":35}]}";

static qk_registry *open_registry(qk_db *db)
{
    qk_registry *r = NULL;
    qk_error err = {0};
    assert_done(qk_registry_open(&r, db, &err), &err);
    return r;
}

static qk_registry *with_county(qk_db *db)
{
    qk_registry *r = open_registry(db);
    qk_error err = {0};
    assert_done(
        qk_registry_import(r, qk_str_of(county), QK_STR("clerk"), at("2025-06-01T08:00:00"), &err),
        &err);
    return r;
}

static void test_registry__imports_a_county_and_reads_it_back_after_a_restart(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_county(db);
    for (int round = 0; round < 2; round++) {
        qk_device d;
        assert_true(qk_registry_device(r, &d, QK_STR("A1")));
        assert_int_equal(d.status, QK_DEVICE_APPROVED);
        assert_int_equal(d.interval_style, QK_INTERVAL_END);
        assert_int_equal(d.min_interval_min, 10);
        assert_string_equal(d.pw, "123456");
        assert_int_equal(d.overtime_s, 10);
        assert_int_equal(d.recount, 3);
        assert_true(d.sends_hours && !d.sends_days && d.answers_requests);
        assert_int_equal(d.version, 1);
        qk_site s;
        assert_true(qk_registry_site(r, &s, QK_STR("out1")));
        assert_true(s.lon == 112.75 && s.lat == 34.9);
        qk_factor f;
        assert_true(qk_registry_factor(r, &f, QK_STR("A1"), QK_STR("a21026")));
        assert_true(f.limit == 35 && f.scale == 1 && isnan(f.low));
        qk_arena arena;
        qk_arena_init(&arena, 1 << 20);
        qk_division *divisions;
        size_t n;
        assert_ok(qk_registry_divisions(r, &arena, &divisions, &n));
        assert_int_equal(n, 2);
        assert_null(divisions[0].geometry);
        assert_string_equal(divisions[1].geometry,
                            "{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3,4],[1,2]]]}");
        qk_str place;
        assert_ok(qk_registry_place(r, &arena, &place));
        assert_non_null(strstr(place.ptr, "青泽县"));
        qk_arena_clear(&arena);
        qk_registry_close(r);
        r = open_registry(db);
    }
    qk_registry_close(r);
    qk_db_close(db);
}

/* Each text is refused with the place given, and nothing of it stays. */
static void refuse(const char *json, qk_code want, uint32_t line, uint32_t column)
{
    qk_db *db = open_db();
    qk_registry *r = open_registry(db);
    qk_error err = {0};
    assert_int_equal(qk_registry_import(r, qk_str_of(json), QK_STR("clerk"), 1000, &err), want);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    qk_division *divisions;
    size_t n = 9;
    assert_ok(qk_registry_divisions(r, &arena, &divisions, &n));
    assert_int_equal(n, 0);
    assert_int_equal(number_of(db, "SELECT count(*) FROM division_history"), 0);
    qk_arena_clear(&arena);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_registry__an_import_with_one_bad_row_is_refused_whole(void **state)
{
    (void)state;
    const char *good =
        "{\"divisions\":[{\"code\":\"1\",\"kind\":\"county\",\"name_zh\":\"甲\"}],\n";
    char text[512];
    snprintf(text, sizeof text, "%s\"sites\":[{\"id\":\"s\",\"colour\":1}]}", good);
    refuse(text, QK_EINVAL, 2, 20);
    snprintf(text, sizeof text, "%s\"sites\":[{\"id\":\"s\",\"lon\":\"east\"}]}", good);
    refuse(text, QK_EINVAL, 2, 26);
    snprintf(text, sizeof text, "%s\"sites\":[{\"id\":\"s\",\"lon\":181}]}", good);
    refuse(text, QK_EINVAL, 2, 26);
    snprintf(text, sizeof text, "%s\"sites\":[{\"id\":\"s\",\"division\":\"nowhere\"}]}", good);
    refuse(text, QK_EINVAL, 2, 10);
    snprintf(text, sizeof text, "%s\"devices\":[{\"mn\":\"A\",\"status\":\"maybe\"}]}", good);
    refuse(text, QK_EINVAL, 2, 31);
    snprintf(text, sizeof text, "%s\"devices\":[{\"mn\":\"A\",\"dialect\":2017.5}]}", good);
    refuse(text, QK_EINVAL, 2, 32);
    snprintf(text, sizeof text, "%s\"devices\":[{\"st\":\"31\"}]}", good);
    refuse(text, QK_EINVAL, 2, 12);
    snprintf(text, sizeof text, "%s\"devices\":[{\"mn\":\"A\",\"valid_from\":\"1971-01-01\"}]}",
             good);
    refuse(text, QK_EINVAL, 2, 35);
    snprintf(text, sizeof text, "%s\"houses\":[]}", good);
    refuse(text, QK_EINVAL, 2, 1);
    snprintf(text, sizeof text, "%s\"sites\":[{\"id\":\"s\"}", good);
    qk_db *db = open_db();
    qk_registry *r = open_registry(db);
    assert_int_equal(qk_registry_import(r, qk_str_of(text), QK_STR("c"), 1000, NULL), QK_EFORMAT);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_registry__a_change_made_from_an_old_version_is_a_conflict(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_county(db);
    uint64_t before = qk_registry_version(r);
    qk_device d;
    assert_true(qk_registry_device(r, &d, QK_STR("A1")));
    qk_error err = {0};
    d.rtd_interval_s = 30;
    assert_done(qk_registry_put_device(r, &d, 1, QK_STR("b"), at("2025-07-01"), &err), &err);
    assert_true(qk_registry_version(r) > before);
    d.rtd_interval_s = 60;
    assert_int_equal(qk_registry_put_device(r, &d, 1, QK_STR("b"), at("2025-07-02"), &err),
                     QK_ECONFLICT);
    assert_int_equal(qk_registry_put_device(r, &d, 0, QK_STR("b"), at("2025-07-02"), &err),
                     QK_ECONFLICT);
    assert_true(qk_registry_device(r, &d, QK_STR("A1")));
    assert_int_equal(d.version, 2);
    assert_int_equal(d.rtd_interval_s, 30);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_registry__an_equal_row_makes_no_version(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_county(db);
    qk_error err = {0};
    uint64_t version = qk_registry_version(r);
    assert_done(qk_registry_import(r, qk_str_of(county), QK_STR("clerk"), at("2025-06-02"), &err),
                &err);
    assert_int_equal(qk_registry_version(r), version);
    assert_int_equal(number_of(db, "SELECT count(*) FROM device_history"), 1);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_registry__any_past_state_can_be_asked_for(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_county(db); /* recorded 06-01, valid from 01-01 */
    qk_error err = {0};
    qk_device d;
    assert_true(qk_registry_device(r, &d, QK_STR("A1")));
    d.dialect = 2017;
    assert_done(qk_registry_put_device(r, &d, 1, QK_STR("b"), at("2025-07-01"), &err), &err);
    assert_done(qk_registry_device_at(&d, db, QK_STR("A1"), at("2025-08-01"), QK_TIME_NONE, &err),
                &err);
    assert_int_equal(d.dialect, 2017);
    assert_done(qk_registry_device_at(&d, db, QK_STR("A1"), at("2025-06-30"), QK_TIME_NONE, &err),
                &err);
    assert_int_equal(d.dialect, 0);
    assert_done(
        qk_registry_device_at(&d, db, QK_STR("A1"), at("2025-08-01"), at("2025-06-30"), &err),
        &err);
    assert_int_equal(d.dialect, 0);
    assert_int_equal(
        qk_registry_device_at(&d, db, QK_STR("A1"), at("2024-12-31"), QK_TIME_NONE, &err),
        QK_ENOTFOUND);
    assert_int_equal(
        qk_registry_device_at(&d, db, QK_STR("A1"), at("2025-08-01"), at("2025-05-01"), &err),
        QK_ENOTFOUND);
    qk_registry_close(r);
    qk_db_close(db);
}

/* The factor is only a row: an invented code with its own range works like any other. */
static void test_S086_registry__a_special_factor_is_configured_not_coded(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_county(db);
    qk_error err = {0};
    qk_factor f;
    qk_factor_init(&f);
    strcpy(f.mn, "A1");
    strcpy(f.code, "a20057");
    strcpy(f.unit, "ug/m3");
    strcpy(f.name_zh, "汞及其化合物");
    f.high = 50;
    f.limit = 30;
    assert_done(qk_registry_put_factor(r, &f, QK_STR("b"), at("2025-07-01"), &err), &err);
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    qk_factor *list;
    size_t n;
    assert_ok(qk_registry_factors(r, &arena, QK_STR("A1"), &list, &n));
    assert_int_equal(n, 2);
    assert_string_equal(list[0].code, "a20057");
    assert_string_equal(list[1].code, "a21026");
    assert_ok(qk_registry_factors(r, &arena, QK_STR("A"), &list, &n));
    assert_int_equal(n, 0);
    strcpy(f.mn, "nobody");
    assert_int_equal(qk_registry_put_factor(r, &f, QK_STR("b"), at("2025-07-01"), &err), QK_EINVAL);
    qk_arena_clear(&arena);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_registry__rows_are_printed_and_patched_by_name_without_secrets(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_county(db);
    qk_device d;
    assert_true(qk_registry_device(r, &d, QK_STR("A1")));
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, 4096);
    qk_json_init(&w, &text);
    qk_device_json(&w, &d);
    assert_non_null(strstr(text.ptr, "\"interval_style\":\"end\""));
    assert_non_null(strstr(text.ptr, "\"row_version\":1"));
    assert_null(strstr(text.ptr, "123456"));
    qk_buf_clear(&text);
    qk_arena arena;
    qk_arena_init(&arena, 1 << 16);
    qk_json_value *v;
    qk_error err = {0};
    assert_done(
        qk_json_parse(&v, QK_STR("{\"status\":\"disabled\",\"row_version\":1}"), &arena, &err),
        &err);
    assert_done(qk_device_patch(&d, v, &err), &err);
    assert_int_equal(d.status, QK_DEVICE_DISABLED);
    assert_done(qk_json_parse(&v, QK_STR("{\"overtime_s\":0}"), &arena, &err), &err);
    assert_int_equal(qk_device_patch(&d, v, &err), QK_EINVAL);
    assert_string_equal(err.where, "overtime_s");
    qk_arena_clear(&arena);
    qk_registry_close(r);
    qk_db_close(db);
}

static void test_registry__a_rolled_back_change_leaves_memory_after_reload(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_county(db);
    qk_error err = {0};
    qk_device d;
    assert_true(qk_registry_device(r, &d, QK_STR("A1")));
    d.dialect = 2025;
    assert_done(qk_db_begin(db, &err), &err);
    assert_done(qk_registry_put_device(r, &d, 1, QK_STR("b"), at("2025-07-01"), &err), &err);
    qk_db_rollback(db);
    assert_done(qk_registry_reload(r, &err), &err);
    assert_true(qk_registry_device(r, &d, QK_STR("A1")));
    assert_int_equal(d.dialect, 0);
    assert_int_equal(d.version, 1);
    qk_registry_close(r);
    qk_db_close(db);
}

static void *read_often(void *context)
{
    qk_registry *r = context;
    qk_arena arena;
    qk_arena_init(&arena, 4 << 20);
    for (int i = 0; i < 300; i++) {
        qk_device *list;
        size_t n;
        qk_arena_reset(&arena);
        if (qk_registry_devices(r, &arena, &list, &n)) return context;
        for (size_t k = 1; k < n; k++)
            if (strcmp(list[k - 1].mn, list[k].mn) >= 0) return context;
    }
    qk_arena_clear(&arena);
    return NULL;
}

static void test_registry__readers_see_whole_sorted_rows_beside_a_writer(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_registry *r = with_county(db);
    qk_error err = {0};
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_often, r), 0);
    assert_done(qk_db_begin(db, &err), &err);
    for (int i = 0; i < 500; i++) {
        qk_device d;
        qk_device_init(&d);
        snprintf(d.mn, sizeof d.mn, "D%03d", (i * 37) % 500);
        assert_done(qk_registry_put_device(r, &d, 0, QK_STR("b"), 1000, &err), &err);
    }
    assert_done(qk_db_commit(db, &err), &err);
    void *failed;
    pthread_join(reader, &failed);
    assert_null(failed);
    qk_registry_close(r);
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_registry__imports_a_county_and_reads_it_back_after_a_restart),
        qk_dir_test(test_registry__an_import_with_one_bad_row_is_refused_whole),
        qk_dir_test(test_registry__a_change_made_from_an_old_version_is_a_conflict),
        qk_dir_test(test_registry__an_equal_row_makes_no_version),
        qk_dir_test(test_registry__any_past_state_can_be_asked_for),
        qk_dir_test(test_S086_registry__a_special_factor_is_configured_not_coded),
        qk_dir_test(test_registry__rows_are_printed_and_patched_by_name_without_secrets),
        qk_dir_test(test_registry__a_rolled_back_change_leaves_memory_after_reload),
        qk_dir_test(test_registry__readers_see_whole_sorted_rows_beside_a_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
