/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "../test.h"
#include "../failing_memory.h"
#include <errno.h>
#include <sys/random.h>

static unsigned fail_random; /* so many calls fail with EINTR, or all with EIO at 1000 */

ssize_t __real_getrandom(void *bytes, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);

ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
    if (fail_random == 0) return __real_getrandom(bytes, len, flags);
    errno = fail_random < 1000 ? EINTR : EIO;
    if (fail_random < 1000) fail_random--;
    return -1;
}

static void test_map__behaves_as_a_plain_table(void **state)
{
    (void)state;
    enum { KEYS = 3000, STEPS = 200000 };
    static bool there[KEYS];
    static uint64_t value[KEYS];
    qk_map *map;
    uint64_t seed = 8;
    size_t count = 0;
    assert_ok(qk_map_new(&map, KEYS));
    for (int i = 0; i < STEPS; i++) {
        uint64_t draw = qk_test_random(&seed), got = 0;
        size_t n = draw % KEYS;
        char text[16];
        qk_str key = {text, (size_t)snprintf(text, sizeof text, "MN%zu", n)};
        switch (draw >> 32 & 3) {
        case 0:
        case 1:
            assert_ok(qk_map_set(map, key, draw));
            count += !there[n];
            there[n] = true;
            value[n] = draw;
            break;
        case 2:
            assert_int_equal(qk_map_remove(map, key), there[n]);
            count -= there[n];
            there[n] = false;
            break;
        default:
            assert_int_equal(qk_map_get(map, key, &got), there[n]);
            if (there[n]) assert_true(got == value[n]);
        }
        assert_int_equal(qk_map_count(map), count);
    }
    size_t cursor = 0, seen = 0;
    qk_str key;
    uint64_t got;
    while (qk_map_each(map, &cursor, &key, &got)) {
        int64_t n = -1;
        assert_ok(qk_parse_i64(&n, (qk_str){key.ptr + 2, key.len - 2}));
        assert_true(there[n] && value[n] == got);
        seen++;
    }
    assert_int_equal(seen, count);
    qk_map_free(map);
}

static void test_map__keys_are_bytes_and_copied(void **state)
{
    (void)state;
    qk_map *map;
    uint64_t v = 0;
    char key[] = "abc";
    assert_ok(qk_map_new(&map, 10));
    assert_false(qk_map_get(map, QK_STR("x"), NULL));
    assert_false(qk_map_remove(map, QK_STR("x")));
    assert_ok(qk_map_set(map, qk_str_of(key), 1));
    key[0] = 'x';
    assert_true(qk_map_get(map, QK_STR("abc"), &v));
    assert_ok(qk_map_set(map, (qk_str){"a\0b", 3}, 2));
    assert_ok(qk_map_set(map, (qk_str){NULL, 0}, 3));
    assert_ok(qk_map_set(map, QK_STR("\xe6\x99"), 4));
    assert_true(qk_map_get(map, (qk_str){"a\0b", 3}, &v) && v == 2);
    assert_false(qk_map_get(map, QK_STR("a"), &v));
    assert_true(qk_map_get(map, QK_STR(""), &v) && v == 3);
    assert_true(qk_map_get(map, QK_STR("\xe6\x99"), &v) && v == 4);
    qk_map_free(map);
    qk_map_free(NULL);
}

static void test_map__the_ceiling_holds(void **state)
{
    (void)state;
    qk_map *map;
    assert_ok(qk_map_new(&map, 2));
    assert_ok(qk_map_set(map, QK_STR("a"), 1));
    assert_ok(qk_map_set(map, QK_STR("b"), 1));
    assert_int_equal(qk_map_set(map, QK_STR("c"), 1), QK_EFULL);
    assert_ok(qk_map_set(map, QK_STR("b"), 2));
    assert_true(qk_map_remove(map, QK_STR("a")));
    assert_ok(qk_map_set(map, QK_STR("c"), 1));
    assert_int_equal(qk_map_count(map), 2);
    qk_map_free(map);
    assert_ok(qk_map_new(&map, 0));
    assert_int_equal(qk_map_set(map, QK_STR("a"), 1), QK_EFULL);
    qk_map_free(map);
}

static void test_map__want_of_memory_changes_nothing(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        qk_map *map;
        size_t taken = 0;
        fail_at = n;
        if (qk_map_new(&map, 100) != QK_OK) {
            assert_null(map);
            continue;
        }
        for (int i = 0; i < 40; i++) {
            char text[16];
            qk_str key = {text, (size_t)snprintf(text, sizeof text, "%d", i)};
            qk_code code = qk_map_set(map, key, 1);
            assert_true(code == QK_OK || code == QK_ENOMEM);
            assert_int_equal(qk_map_get(map, key, NULL), code == QK_OK);
            taken += code == QK_OK;
        }
        assert_int_equal(qk_map_count(map), taken);
        qk_map_free(map);
        bool done = fail_at != 0;
        fail_at = 0;
        if (done) break;
    }
}

static void test_map__without_random_numbers_there_is_no_map(void **state)
{
    (void)state;
    qk_map *map;
    fail_random = 3;
    assert_ok(qk_map_new(&map, 1));
    qk_map_free(map);
    fail_random = 1000;
    assert_int_equal(qk_map_new(&map, 1), QK_EIO);
    assert_null(map);
    fail_random = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map__behaves_as_a_plain_table),
        cmocka_unit_test(test_map__keys_are_bytes_and_copied),
        cmocka_unit_test(test_map__the_ceiling_holds),
        cmocka_unit_test(test_map__want_of_memory_changes_nothing),
        cmocka_unit_test(test_map__without_random_numbers_there_is_no_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
