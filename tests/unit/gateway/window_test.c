/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/window.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void test_S072_window__knows_a_repeat_from_a_changed_frame(void **state)
{
    (void)state;
    qk_window w;
    qk_window_init(&w);
    assert_int_equal(qk_window_find(&w, 7, 1), QK_WINDOW_NEW);
    qk_window_add(&w, 7, 1);
    assert_int_equal(qk_window_find(&w, 7, 1), QK_WINDOW_REPEAT);
    assert_int_equal(qk_window_find(&w, 7, 2), QK_WINDOW_CHANGED);
    qk_window_add(&w, 7, 2);
    assert_int_equal(qk_window_find(&w, 7, 2), QK_WINDOW_REPEAT);
    assert_int_equal(w.used, 1);
    qk_window_clear(&w);
}

static void test_window__holds_the_last_128_keys_and_forgets_the_oldest_first(void **state)
{
    (void)state;
    qk_window w;
    qk_window_init(&w);
    for (uint64_t i = 1; i <= 1000; i++) {
        uint64_t key = i << 8 | 0x55; /* all tags alike: the scan must compare whole keys */
        qk_window_add(&w, key, (uint32_t)i);
        uint64_t oldest = i > QK_WINDOW_MAX ? i - QK_WINDOW_MAX + 1 : 1;
        assert_int_equal(qk_window_find(&w, oldest << 8 | 0x55, (uint32_t)oldest),
                         QK_WINDOW_REPEAT);
        if (oldest > 1)
            assert_int_equal(qk_window_find(&w, (oldest - 1) << 8 | 0x55, 0), QK_WINDOW_NEW);
    }
    assert_int_equal(w.used, QK_WINDOW_MAX);
    qk_window_clear(&w);
}

static void test_window__keys_differ_when_any_part_differs(void **state)
{
    (void)state;
    qk_str qn = QK_STR("20250101000000123"), cn = QK_STR("2051"), time = QK_STR("20250101000000");
    uint64_t key = qk_window_key(qn, cn, time, 1);
    assert_true(key == qk_window_key(qn, cn, time, 1));
    assert_true(key != qk_window_key(QK_STR("20250101000000124"), cn, time, 1));
    assert_true(key != qk_window_key(qn, QK_STR("2061"), time, 1));
    assert_true(key != qk_window_key(qn, cn, QK_STR("20250101000100"), 1));
    assert_true(key != qk_window_key(qn, cn, time, 2));
    assert_true(qk_window_key(QK_STR("ab"), QK_STR("c"), time, 0) !=
                qk_window_key(QK_STR("a"), QK_STR("bc"), time, 0));
    assert_true(qk_window_key((qk_str){0}, cn, time, 0) == qk_window_key((qk_str){0}, cn, time, 0));
}

static void test_window__neighbouring_keys_do_not_collide(void **state)
{
    (void)state;
    enum { N = 4096 };
    static uint64_t seen[N * 8];
    int collisions = 0;
    for (int i = 0; i < N; i++) {
        char qn[18];
        snprintf(qn, sizeof qn, "20250101%09d", i);
        uint64_t key = qk_window_key((qk_str){qn, 17}, QK_STR("2051"), (qk_str){qn, 14}, 0);
        size_t at = key % (N * 8);
        while (seen[at] && seen[at] != key) at = (at + 1) % (N * 8);
        collisions += seen[at] == key;
        seen[at] = key;
    }
    assert_int_equal(collisions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_window__knows_a_repeat_from_a_changed_frame),
        cmocka_unit_test(test_window__holds_the_last_128_keys_and_forgets_the_oldest_first),
        cmocka_unit_test(test_window__keys_differ_when_any_part_differs),
        cmocka_unit_test(test_window__neighbouring_keys_do_not_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
