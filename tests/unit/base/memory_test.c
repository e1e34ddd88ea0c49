/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "../test.h"
#include "../failing_memory.h"
#include <stdalign.h>

static void test_arena__pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    qk_arena arena;
    uint64_t seed = 1;
    unsigned char *piece[2000];
    size_t size[2000];
    qk_arena_init(&arena, 16 << 20);
    for (size_t i = 0; i < QK_ARRAY_COUNT(piece); i++) {
        size[i] = qk_test_random(&seed) % (i % 100 == 0 ? 20000 : 200);
        piece[i] = qk_arena_alloc(&arena, size[i]);
        assert_non_null(piece[i]);
        assert_int_equal((uintptr_t)piece[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < size[i]; j++) assert_int_equal(piece[i][j], 0);
        memset(piece[i], (int)(i & 255), size[i]);
    }
    for (size_t i = 0; i < QK_ARRAY_COUNT(piece); i++) {
        for (size_t j = 0; j < size[i]; j++) assert_int_equal(piece[i][j], i & 255);
    }
    assert_true(arena.held >= arena.used);
    qk_arena_clear(&arena);
    assert_int_equal(arena.held, 0);
}

static void test_arena__ceiling_holds_to_the_byte(void **state)
{
    (void)state;
    qk_arena arena;
    qk_arena_init(&arena, 64);
    assert_non_null(qk_arena_alloc(&arena, 16));
    assert_non_null(qk_arena_alloc(&arena, 48));
    assert_null(qk_arena_alloc(&arena, 1));
    assert_null(qk_arena_alloc(&arena, 0));
    assert_int_equal(arena.held, 64);
    qk_arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_non_null(qk_arena_alloc(&arena, 64));
    qk_arena_clear(&arena);
    qk_arena_init(&arena, 0);
    assert_null(qk_arena_alloc(&arena, 1));
    qk_arena_clear(&arena);
}

static void test_arena__reset_gives_zeroed_memory_again(void **state)
{
    (void)state;
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            char *piece = qk_arena_alloc(&arena, 1000);
            assert_non_null(piece);
            assert_int_equal(piece[0] | piece[999], 0);
            memset(piece, 0xFF, 1000);
        }
        qk_arena_reset(&arena);
        assert_int_equal(arena.held, 4096);
    }
    qk_arena_clear(&arena);
}

static void test_arena__absurd_sizes_give_null(void **state)
{
    (void)state;
    qk_arena arena;
    qk_arena_init(&arena, SIZE_MAX);
    assert_null(qk_arena_alloc(&arena, SIZE_MAX));
    assert_null(qk_arena_alloc(&arena, SIZE_MAX - 64));
    assert_null(qk_arena_array(&arena, SIZE_MAX / 2, 3));
    assert_null(qk_arena_copy(&arena, "", SIZE_MAX));
    qk_arena_clear(&arena);
}

static void test_arena__text_is_copied_and_printed(void **state)
{
    (void)state;
    qk_arena arena;
    qk_arena_init(&arena, 4096);
    assert_string_equal(qk_arena_copy(&arena, "晴空 beyond", 6), "晴空");
    assert_string_equal(qk_arena_copy(&arena, NULL, 0), "");
    assert_string_equal(qk_arena_printf(&arena, "%d-%s", 42, "x"), "42-x");
    assert_null(qk_arena_printf(&arena, "%5000d", 1));
    qk_arena_clear(&arena);
}

static void test_arena__survives_want_of_memory(void **state)
{
    (void)state;
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    fail_at = 1;
    assert_null(qk_arena_alloc(&arena, 10));
    assert_non_null(qk_arena_alloc(&arena, 10));
    fail_at = 1;
    assert_null(qk_arena_alloc(&arena, 5000));
    assert_non_null(qk_arena_alloc(&arena, 10));
    assert_int_equal(arena.used, 32);
    qk_arena_clear(&arena);
}

static void test_buf__appends_up_to_its_ceiling(void **state)
{
    (void)state;
    qk_buf buf;
    qk_buf_init(&buf, 10);
    assert_null(buf.ptr);
    qk_buf_append(&buf, "", 0);
    assert_null(buf.ptr);
    qk_buf_puts(&buf, "12345");
    qk_buf_put_str(&buf, QK_STR("678"));
    qk_buf_putc(&buf, '9');
    qk_buf_printf(&buf, "%d", 0);
    assert_string_equal(buf.ptr, "1234567890");
    assert_int_equal(buf.failed, QK_OK);
    qk_buf_putc(&buf, 'x');
    assert_int_equal(buf.failed, QK_EFULL);
    assert_string_equal(buf.ptr, "1234567890");
    qk_buf_reset(&buf);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.ptr, "");
    qk_buf_printf(&buf, "%s", "12345678901");
    assert_int_equal(buf.failed, QK_EFULL);
    assert_string_equal(buf.ptr, "");
    qk_buf_clear(&buf);
    assert_null(buf.ptr);
    assert_int_equal(buf.ceiling, 10);
}

static void test_buf__failure_is_sticky(void **state)
{
    (void)state;
    qk_buf buf;
    qk_buf_init(&buf, 100);
    fail_at = 1;
    qk_buf_puts(&buf, "lost");
    assert_int_equal(buf.failed, QK_ENOMEM);
    qk_buf_puts(&buf, "also lost");
    qk_buf_putc(&buf, 'x');
    qk_buf_printf(&buf, "x");
    assert_null(qk_buf_reserve(&buf, 1));
    assert_null(qk_buf_take(&buf, NULL));
    assert_int_equal(buf.len, 0);
    qk_buf_clear(&buf);
    assert_int_equal(buf.failed, QK_OK);
}

static void test_buf__grows_through_many_appends(void **state)
{
    (void)state;
    qk_buf buf;
    qk_buf_init(&buf, 1 << 20);
    for (int i = 0; i < 20000; i++) qk_buf_printf(&buf, "%d,", i % 10);
    assert_int_equal(buf.len, 40000);
    assert_int_equal(strlen(buf.ptr), 40000);
    assert_true(buf.cap < 4 * buf.len);
    for (int i = 0; i < 20000; i++) assert_int_equal(buf.ptr[2 * i], '0' + i % 10);
    qk_buf_clear(&buf);
}

static void test_buf__reserve_and_take(void **state)
{
    (void)state;
    qk_buf buf;
    size_t len = 99;
    qk_buf_init(&buf, 1000);
    char *room = qk_buf_reserve(&buf, 500);
    assert_non_null(room);
    memset(room, 'a', 3);
    buf.len += 3;
    char *text = qk_buf_take(&buf, &len);
    assert_string_equal(text, "aaa");
    assert_int_equal(len, 3);
    assert_null(buf.ptr);
    free(text);
    text = qk_buf_take(&buf, &len);
    assert_string_equal(text, "");
    assert_int_equal(len, 0);
    free(text);
    assert_null(qk_buf_reserve(&buf, 1001));
    assert_int_equal(buf.failed, QK_EFULL);
    qk_buf_reset(&buf);
    assert_null(qk_buf_reserve(&buf, SIZE_MAX));
    qk_buf_clear(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena__pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_arena__ceiling_holds_to_the_byte),
        cmocka_unit_test(test_arena__reset_gives_zeroed_memory_again),
        cmocka_unit_test(test_arena__absurd_sizes_give_null),
        cmocka_unit_test(test_arena__text_is_copied_and_printed),
        cmocka_unit_test(test_arena__survives_want_of_memory),
        cmocka_unit_test(test_buf__appends_up_to_its_ceiling),
        cmocka_unit_test(test_buf__failure_is_sticky),
        cmocka_unit_test(test_buf__grows_through_many_appends),
        cmocka_unit_test(test_buf__reserve_and_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
