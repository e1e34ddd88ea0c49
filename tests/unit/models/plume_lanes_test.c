/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of the plume's lanes against the C library; compiled for each instruction set. */
#include "../test.h"

#include "models/plume_lanes.h"

#define ACCURACY 1e-12

enum { STEPS = 200000 };

static bool offered(void)
{
#if defined __AVX512F__ && defined __AVX512DQ__
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#elif defined __AVX2__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return true;
#endif
}

/* From low to high in equal steps, or (low above 0) in equal ratios. */
static lanes ramp(int i, double low, double high, bool ratios)
{
    lanes v;
    for (int l = 0; l < LANES; l++) {
        double part = (double)(i + l) / (STEPS + LANES);
        v[l] = ratios ? low * pow(high / low, part) : low + part * (high - low);
    }
    return v;
}

static double worst_of(lanes made, lanes v, double (*truth)(double), double least)
{
    double worst = 0;
    for (int l = 0; l < LANES; l++) {
        double t = truth(v[l]);
        worst = fmax(worst, fabs(made[l] - t) / fmax(fabs(t), least));
    }
    return worst;
}

static double inverse(double v)
{
    return 1 / v;
}

static double inverse_root(double v)
{
    return 1 / sqrt(v);
}

static void test_lanes__functions_are_good_to_1e_12(void **state)
{
    (void)state;
    double worst[6] = {0};
    if (!offered()) skip();
    for (int i = 0; i < STEPS; i += LANES) {
        lanes v = ramp(i, 1e-290, 1e290, true), root, under;
        worst[0] = fmax(worst[0], worst_of(lanes_exp(ramp(i, -690, 690, false)),
                                           ramp(i, -690, 690, false), exp, 0));
        worst[1] = fmax(worst[1], worst_of(lanes_log(v), v, log, 1e-3));
        worst[2] = fmax(worst[2], worst_of(lanes_cbrt(ramp(i, 1e-200, 1e200, true)),
                                           ramp(i, 1e-200, 1e200, true), cbrt, 0));
        worst[3] = fmax(worst[3], worst_of(inverse_of(-v), -v, inverse, 0));
        root = roots_of(v, &under);
        worst[4] = fmax(worst[4], worst_of(root, v, sqrt, 0));
        worst[5] = fmax(worst[5], worst_of(under, v, inverse_root, 0));
    }
    print_message("%d lanes: exp %.1e, log %.1e, cbrt %.1e, 1/v %.1e, sqrt %.1e, 1/sqrt %.1e\n",
                  LANES, worst[0], worst[1], worst[2], worst[3], worst[4], worst[5]);
    for (int k = 0; k < 6; k++) assert_true(worst[k] < ACCURACY);
}

static void test_lanes__edges_stay_numbers(void **state)
{
    (void)state;
    if (!offered()) skip();
    lanes under, root = roots_of(splat(0), &under);
    for (int l = 0; l < LANES; l++) {
        assert_true(root[l] >= 0 && root[l] < 1e-100);
        assert_true(under[l] > 1e100 && isfinite(under[l]));
        assert_true(isfinite(over(splat(3), splat(1e-300))[l]));
        assert_true(isfinite(lanes_cbrt(splat(1e-300))[l]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lanes__functions_are_good_to_1e_12),
        cmocka_unit_test(test_lanes__edges_stay_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
