/* SPDX-License-Identifier: Apache-2.0 */
/* The small pure parts: clock skew, ranges, pool, answers, bucket. */
#include "gateway/answers.h"
#include "gateway/bucket.h"
#include "gateway/ranges.h"
#include "gateway/skew.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static qk_time at(const char *text)
{
    qk_time t;
    assert_int_equal(qk_time_parse(&t, qk_str_of(text)), QK_OK);
    return t;
}

static void test_skew__needs_five_samples_and_takes_their_median(void **state)
{
    (void)state;
    qk_skew s = {0};
    qk_time now = at("2025-01-01T08:30:00");
    for (int i = 0; i < 4; i++) {
        qk_skew_add(&s, now, now - 1000);
        assert_true(qk_skew_median(&s) == QK_SKEW_UNKNOWN);
    }
    qk_skew_add(&s, now, now - 1000);
    assert_int_equal(qk_skew_median(&s), 1000);
    for (int i = 0; i < 4; i++) qk_skew_add(&s, now, at("2012-01-01T00:00:00"));
    assert_int_equal(qk_skew_median(&s), 1000);
}

static qk_skew skewed_by(int64_t ms, qk_time now)
{
    qk_skew s = {0};
    for (int i = 0; i < 9; i++) qk_skew_add(&s, now, now - ms);
    return s;
}

static void test_S072_skew__sets_a_clock_once_a_day_and_never_around_the_hour(void **state)
{
    (void)state;
    qk_time now = at("2025-01-01T08:30:00");
    qk_skew s = skewed_by(5 * QK_MINUTE, now);
    assert_false(qk_skew_tell(&s, now));
    s = skewed_by(-6 * QK_MINUTE, now);
    assert_true(qk_skew_tell(&s, now));
    assert_true(qk_skew_median(&s) == QK_SKEW_UNKNOWN);
    for (int i = 0; i < 9; i++) qk_skew_add(&s, now, now - QK_HOUR);
    assert_false(qk_skew_tell(&s, now + 23 * QK_HOUR));
    assert_true(qk_skew_tell(&s, now + 24 * QK_HOUR));
    s = skewed_by(QK_HOUR, now);
    assert_false(qk_skew_tell(&s, at("2025-01-01T08:59:00")));
    assert_false(qk_skew_tell(&s, at("2025-01-01T09:00:59.999")));
    assert_true(qk_skew_tell(&s, at("2025-01-01T09:01:00")));
    assert_true(qk_skew_may_set(at("2025-01-01T08:58:59.999")));
}

static void test_skew__warns_once_a_day(void **state)
{
    (void)state;
    qk_time now = at("2025-01-01T08:30:00");
    qk_skew s = skewed_by(QK_HOUR, now);
    assert_true(qk_skew_warn(&s, now));
    assert_false(qk_skew_warn(&s, now + QK_HOUR));
    assert_true(qk_skew_warn(&s, now + QK_DAY));
    /* a clock that was set back does not silence the warning for ever */
    assert_true(qk_skew_warn(&s, now - QK_DAY));
}

static void check_chunk(int32_t cn, const char *from, const char *to, int32_t i, const char *begin,
                        const char *end)
{
    qk_range chunk = qk_ranges_chunk(cn, (qk_range){at(from), at(to)}, i);
    char text[QK_TIME_TEXT];
    assert_string_equal(qk_time_iso(text, chunk.from), begin);
    assert_string_equal(qk_time_iso(text, chunk.to), end);
}

static void test_ranges__minutes_go_by_hours_hours_by_days_days_by_31(void **state)
{
    (void)state;
    const char *a = "2025-01-01T22:30:00", *b = "2025-01-02T01:10:00";
    qk_range range = {at(a), at(b)};
    assert_int_equal(qk_ranges_count(2051, range), 4);
    check_chunk(2051, a, b, 0, "2025-01-01T22:30:00", "2025-01-01T22:59:00");
    check_chunk(2051, a, b, 1, "2025-01-01T23:00:00", "2025-01-01T23:59:00");
    check_chunk(2051, a, b, 3, "2025-01-02T01:00:00", "2025-01-02T01:10:00");
    assert_int_equal(qk_ranges_count(2061, range), 2);
    check_chunk(2061, a, b, 0, "2025-01-01T22:00:00", "2025-01-01T23:00:00");
    check_chunk(2061, a, b, 1, "2025-01-02T00:00:00", "2025-01-02T01:00:00");
    range = (qk_range){at("2025-01-01T00:00:00"), at("2025-03-04T00:00:00")};
    assert_int_equal(qk_ranges_count(2031, range), 3);
    check_chunk(2031, "2025-01-01T00:00:00", "2025-03-04T00:00:00", 0, "2025-01-01T00:00:00",
                "2025-01-31T00:00:00");
    check_chunk(2031, "2025-01-01T00:00:00", "2025-03-04T00:00:00", 2, "2025-03-04T00:00:00",
                "2025-03-04T00:00:00");
}

static void test_ranges__every_minute_lies_in_exactly_one_chunk(void **state)
{
    (void)state;
    qk_range range = {at("2025-02-28T22:17:00"), at("2025-03-01T02:43:00")};
    int32_t count = qk_ranges_count(2051, range), covered = 0;
    qk_time next = range.from;
    for (int32_t i = 0; i < count; i++) {
        qk_range chunk = qk_ranges_chunk(2051, range, i);
        assert_int_equal(chunk.from, next);
        assert_true(chunk.to >= chunk.from);
        covered += (int32_t)((chunk.to - chunk.from) / QK_MINUTE) + 1;
        next = chunk.to + QK_MINUTE;
    }
    assert_int_equal(covered, (range.to - range.from) / QK_MINUTE + 1);
}

static void test_ranges__refuse_what_is_empty_or_endless(void **state)
{
    (void)state;
    qk_time t = at("2025-01-01T00:00:00");
    assert_int_equal(qk_ranges_count(2051, (qk_range){t, t}), 1);
    assert_int_equal(qk_ranges_count(2051, (qk_range){t, t - 1}), 0);
    assert_int_equal(qk_ranges_count(1011, (qk_range){t, t}), 0);
    assert_int_equal(qk_ranges_count(2051, (qk_range){t, t + 20000 * QK_DAY}), -1);
    assert_int_equal(qk_ranges_step(2051, 10), 10 * QK_MINUTE);
    assert_int_equal(qk_ranges_step(2061, 10), QK_HOUR);
}

static void test_bucket__lets_a_burst_through_then_the_rate(void **state)
{
    (void)state;
    qk_bucket b = {0};
    int passed = 0;
    for (int i = 0; i < 50; i++) passed += qk_bucket_take(&b, 1000, 10, 60);
    assert_int_equal(passed, 10);
    assert_false(qk_bucket_take(&b, 1999, 10, 60));
    assert_true(qk_bucket_take(&b, 2000, 10, 60));
    assert_false(qk_bucket_take(&b, 2000, 10, 60));
    qk_bucket_refund(&b);
    assert_true(qk_bucket_take(&b, 2000, 10, 60));
    assert_true(qk_bucket_take(&b, INT64_MAX / 2, 10, 60));
}

static void test_pool__gives_blocks_back_and_keeps_its_ceiling(void **state)
{
    (void)state;
    qk_pool pool;
    uint32_t cap, cap2;
    qk_pool_init(&pool, 4096, 2048);
    void *a = qk_pool_take(&pool, 513, &cap);
    assert_non_null(a);
    assert_int_equal(cap, 1024);
    void *b = qk_pool_take(&pool, 2048, &cap2);
    assert_non_null(b);
    assert_null(qk_pool_take(&pool, 2048, &cap));
    qk_pool_give(&pool, a, 1024);
    assert_ptr_equal(qk_pool_take(&pool, 600, &cap), a);
    qk_pool_give(&pool, a, 1024);
    qk_pool_give(&pool, b, cap2);
    assert_int_equal(pool.used, 0);
    assert_true(pool.kept <= 2048);
    assert_null(qk_pool_take(&pool, QK_POOL_LARGEST + 1, &cap));
    qk_pool_clear(&pool);
}

static void put(qk_answers *a, qk_pool *pool, const char *text, qk_jpos pos)
{
    char *room = qk_answers_room(a, pool);
    assert_non_null(room);
    memcpy(room, text, strlen(text));
    qk_answers_add(a, (uint32_t)strlen(text), pos);
}

static void test_answers__leave_in_order_and_only_when_durable(void **state)
{
    (void)state;
    qk_pool pool;
    qk_answers a = {0};
    const char *out;
    qk_pool_init(&pool, 1 << 20, 0);
    put(&a, &pool, "one", 100);
    put(&a, &pool, "two", 200);
    put(&a, &pool, "three", 300);
    assert_int_equal(qk_answers_ripe(&a, 99, &out), 0);
    assert_int_equal(qk_answers_ripe(&a, 299, &out), 6);
    assert_memory_equal(out, "onetwo", 6);
    qk_answers_drop(&a, &pool, 4);
    assert_int_equal(qk_answers_ripe(&a, 200, &out), 2);
    assert_memory_equal(out, "wo", 2);
    qk_answers_drop(&a, &pool, 2);
    assert_int_equal(qk_answers_ripe(&a, 200, &out), 0);
    assert_int_equal(qk_answers_ripe(&a, 300, &out), 5);
    qk_answers_drop(&a, &pool, 5);
    assert_true(qk_answers_empty(&a));
    assert_int_equal(pool.used, 0);
    qk_pool_clear(&pool);
}

static void test_answers__never_leave_early_when_marks_run_out(void **state)
{
    (void)state;
    qk_pool pool;
    qk_answers a = {0};
    const char *out;
    uint32_t taken = 0;
    qk_pool_init(&pool, 1 << 20, 1 << 20);
    for (qk_jpos pos = 1; pos <= 40; pos++) put(&a, &pool, "x", pos * 10);
    for (qk_jpos durable = 0; durable <= 400; durable += 5) {
        uint32_t n = qk_answers_ripe(&a, durable, &out);
        qk_answers_drop(&a, &pool, n);
        taken += n;
        assert_true(taken <= durable / 10);
    }
    assert_int_equal(taken, 40);
    qk_pool_clear(&pool);
}

static void test_answers__stop_at_their_ceiling_and_go_on_after_sending(void **state)
{
    (void)state;
    static char block[QK_ANSWERS_ONE];
    qk_pool pool;
    qk_answers a = {0};
    const char *out;
    uint32_t held = 0;
    qk_pool_init(&pool, 1 << 20, 1 << 20);
    memset(block, 'a', sizeof block);
    for (char *room; (room = qk_answers_room(&a, &pool)); held++) {
        memcpy(room, block, sizeof block);
        room[0] = (char)held;
        qk_answers_add(&a, sizeof block, 1);
    }
    assert_int_equal(held, QK_ANSWERS_MAX / QK_ANSWERS_ONE);
    qk_answers_drop(&a, &pool, QK_ANSWERS_ONE + 1);
    assert_int_equal(qk_answers_ripe(&a, 1, &out), QK_ANSWERS_MAX - QK_ANSWERS_ONE - 1);
    qk_answers_drop(&a, &pool, QK_ANSWERS_ONE - 1);
    assert_int_equal(qk_answers_ripe(&a, 1, &out), QK_ANSWERS_MAX - 2 * QK_ANSWERS_ONE);
    assert_int_equal(out[0], 2);
    qk_answers_clear(&a, &pool);
    assert_int_equal(pool.used, 0);
    qk_pool_clear(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_skew__needs_five_samples_and_takes_their_median),
        cmocka_unit_test(test_S072_skew__sets_a_clock_once_a_day_and_never_around_the_hour),
        cmocka_unit_test(test_skew__warns_once_a_day),
        cmocka_unit_test(test_ranges__minutes_go_by_hours_hours_by_days_days_by_31),
        cmocka_unit_test(test_ranges__every_minute_lies_in_exactly_one_chunk),
        cmocka_unit_test(test_ranges__refuse_what_is_empty_or_endless),
        cmocka_unit_test(test_bucket__lets_a_burst_through_then_the_rate),
        cmocka_unit_test(test_pool__gives_blocks_back_and_keeps_its_ceiling),
        cmocka_unit_test(test_answers__leave_in_order_and_only_when_durable),
        cmocka_unit_test(test_answers__never_leave_early_when_marks_run_out),
        cmocka_unit_test(test_answers__stop_at_their_ceiling_and_go_on_after_sending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
