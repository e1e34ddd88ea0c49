/* SPDX-License-Identifier: Apache-2.0 */
/* Near and far parts of known size are told apart within the range that is told. */
#include "models/scales.h"
#include "../test.h"
#include <math.h>

enum { DAYS = 40, N = DAYS * 24 };
typedef struct series {
    qk_time time[N];
    double value[N * 2], truth; /* share of the near part */
} series;

static double uniform(uint64_t *state)
{
    return (double)(qk_test_random(state) >> 11) * 0x1p-53;
}

/* Far air: a slow walk over days. Near plumes: some hours a day, strong when the wind is right. The
 * second series is three times the first. */
static void make(series *x, double near_size, uint64_t seed)
{
    double far = 1, near_sum = 0, all = 0, plume = 0;
    for (int h = 0; h < N; h++) {
        x->time[h] = (qk_time)h * QK_HOUR;
        if (h % 6 == 0) far = fmax(0.3, far + 0.15 * (uniform(&seed) - 0.5) - 0.05 * (far - 1));
        if (h % 3 == 0) plume = uniform(&seed) < 0.3 ? near_size * (1 + 2 * uniform(&seed)) : 0;
        x->value[2 * h] = far + plume;
        x->value[2 * h + 1] = 3 * x->value[2 * h];
        near_sum += plume;
        all += far + plume;
    }
    x->truth = near_sum / all;
}

static void test_S044_scales__near_shares_of_known_size_lie_in_the_range_told(void **state)
{
    (void)state;
    static series x;
    const double sizes[] = {0.2, 1, 3}, weight[2] = {1, 1};
    for (size_t i = 0; i < QK_ARRAY_COUNT(sizes); i++) {
        qk_scale_share out[3];
        make(&x, sizes[i], 3 + i);
        assert_ok(qk_scales_split(out, x.time, x.value, weight, N, 2, 1, NULL));
        print_message("near part %.0f %%: %.0f %% found, %.0f to %.0f %%\n", 100 * x.truth,
                      100 * out[2].quick, 100 * out[2].low, 100 * out[2].high);
        for (int k = 0; k < 3; k++) {
            assert_true(out[k].low <= x.truth && x.truth <= out[k].high);
            assert_true(out[k].low <= out[k].quick && out[k].quick <= out[k].high);
        }
        assert_true(fabs(out[2].quick - x.truth) < 0.12);
        assert_true(fabs(out[0].quick - out[1].quick) < 1e-9);
    }
}

static void test_scales__says_nothing_where_nothing_can_be_said(void **state)
{
    (void)state;
    static series x;
    const double weight[2] = {1, 0};
    qk_scale_share out[3];
    make(&x, 1, 3);
    assert_int_equal(qk_scales_split(out, x.time, x.value, weight, 24, 2, 1, NULL), QK_ERANGE);
    for (int i = 0; i < N; i++) x.value[2 * i] = i % 5 ? -1 : NAN;
    assert_ok(qk_scales_split(out, x.time, x.value, weight, N, 2, 1, NULL));
    assert_true(isnan(out[0].quick) && isnan(out[0].low) && isnan(out[2].high));
    for (int i = 0; i < N; i++) x.time[i] = (qk_time)i * QK_DAY;
    assert_int_equal(qk_scales_split(out, x.time, x.value, weight, N, 2, 1, NULL), QK_EFORMAT);
    x.time[5] = x.time[4];
    assert_int_equal(qk_scales_split(out, x.time, x.value, weight, N, 2, 1, NULL), QK_EFORMAT);
    assert_int_equal(qk_scales_split(out, x.time, x.value, weight, 0, 2, 1, NULL), QK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S044_scales__near_shares_of_known_size_lie_in_the_range_told),
        cmocka_unit_test(test_scales__says_nothing_where_nothing_can_be_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
