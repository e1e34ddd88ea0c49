/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "base/time.h"
#include "models/source_matrix.h"

#if defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

static qk_matrix *make(uint32_t sources, uint32_t receptors, uint32_t planes)
{
    qk_matrix *m;
    uint64_t seed = 3;
    assert_ok(qk_matrix_new(&m, sources, receptors, planes, NULL));
    for (uint32_t s = 0; s < sources; s++) {
        snprintf(m->source_id[s], QK_MATRIX_ID, "S%u", s);
        m->base_rate[s] = 1 + s % 7;
        m->source_mark[s] = s * 77u;
    }
    for (uint32_t r = 0; r < receptors; r++) m->x_m[r] = 10.5 * r;
    for (uint32_t p = 0; p < planes; p++) m->hours[p] = p + 1;
    for (size_t i = 0; i < qk_matrix_values(m); i++)
        m->value[i] = (float)(qk_test_random(&seed) % 1000) / 100;
    return m;
}

static void test_source_matrix__is_read_as_it_was_written(void **state)
{
    (void)state;
    qk_matrix *m = make(5, 7, 3), *back;
    qk_buf b;
    qk_error err = {0};
    qk_buf_init(&b, 1 << 20);
    qk_matrix_write(&b, m);
    assert_memory_equal(b.ptr, "CDF\5", 4);
    assert_ok(qk_matrix_read(&back, qk_buf_str(&b), &err));
    assert_int_equal(back->receptors, 7);
    assert_string_equal(back->source_id[4], "S4");
    assert_near(back->x_m[6], 63, 0);
    assert_int_equal(back->hours[2], 3);
    assert_int_equal(back->source_mark[3], 231);
    assert_memory_equal(back->value, m->value, qk_matrix_values(m) * sizeof(float));
    qk_matrix_free(back);
    for (size_t cut = 0; cut < b.len; cut += 13)
        assert_int_equal(qk_matrix_read(&back, (qk_str){b.ptr, cut}, NULL), QK_EFORMAT);
    qk_buf_clear(&b);
    qk_matrix_free(m);
}

/* Zero cut is the base; the sum over sources is all; twice the cut is twice the change. */
static void test_S046_source_matrix__a_scenario_is_a_product(void **state)
{
    (void)state;
    enum { SOURCES = 30, RECEPTORS = 50 };
    qk_matrix *m = make(SOURCES, RECEPTORS, 2);
    double rate[SOURCES], one[RECEPTORS], all[RECEPTORS] = {0}, sum[RECEPTORS] = {0};
    double half[RECEPTORS] = {0}, none[RECEPTORS] = {0};
    qk_matrix_product(all, m, 1, m->base_rate);
    for (int s = 0; s < SOURCES; s++) {
        memset(rate, 0, sizeof rate);
        memset(one, 0, sizeof one);
        rate[s] = m->base_rate[s];
        qk_matrix_product(one, m, 1, rate);
        for (int r = 0; r < RECEPTORS; r++) sum[r] += one[r];
    }
    memcpy(rate, m->base_rate, sizeof rate);
    qk_matrix_product(none, m, 1, rate);
    rate[3] *= 0.5;
    qk_matrix_product(half, m, 1, rate);
    rate[3] = 0;
    memset(one, 0, sizeof one);
    qk_matrix_product(one, m, 1, rate);
    for (int r = 0; r < RECEPTORS; r++) {
        assert_near(sum[r], all[r], 1e-10 * all[r]);
        assert_near(none[r], all[r], 0);
        assert_near(all[r] - one[r], 2 * (all[r] - half[r]), 1e-9);
    }
    qk_matrix_free(m);
}

static void test_source_matrix__a_county_answers_in_50_ms(void **state)
{
    (void)state;
    qk_matrix *m = make(1000, 10000, 1);
    double *out = calloc(10000, sizeof *out), best = 1e9;
    assert_non_null(out);
    for (int i = 0; i < 8; i++) {
        int64_t from = qk_monotonic_ns();
        qk_matrix_product(out, m, 0, m->base_rate);
        double ms = (double)(qk_monotonic_ns() - from) / 1e6;
        if (ms < best) best = ms;
    }
    print_message("1,000 measures, 1,000 sources x 10,000 receptors: %.1f ms\n", best);
#if !defined(__SANITIZE_ADDRESS__) && !SANITIZED
    assert_true(best < 50);
#endif
    free(out);
    qk_matrix_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_matrix__is_read_as_it_was_written),
        cmocka_unit_test(test_S046_source_matrix__a_scenario_is_a_product),
        cmocka_unit_test(test_source_matrix__a_county_answers_in_50_ms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
