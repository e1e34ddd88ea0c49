/* SPDX-License-Identifier: Apache-2.0 */
/* Chemical mass balance and likeness of profiles, on sources whose answer is known. */
#include "models/cmb.h"
#include "../test.h"
#include <math.h>

enum { SPECIES = 12, SOURCES = 4, SAMPLES = 300 };

/* dust, traffic, secondary sulphate, biomass burning; shares of mass */
static const double profiles[SOURCES * SPECIES] = {
    .20, .08, .05, .04, .03, .01, .02, .001, .005, .002, .01, .001, /* dust */
    .01, .01, .01, .02, .30, .25, .03, .002, .010, .020, .01, .004, /* traffic */
    .00, .00, .00, .00, .01, .01, .70, .260, .001, .000, .00, .001, /* sulphate */
    .01, .00, .01, .00, .08, .45, .03, .010, .080, .001, .06, .002, /* burning */
};

static double noise(uint64_t *seed)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) sum += (double)(qk_test_random(seed) >> 11) / 9007199254740992.0;
    return sum - 6;
}

static void mix(double *conc, double *unc, const double share[SOURCES], uint64_t *seed)
{
    for (size_t j = 0; j < SPECIES; j++) {
        double x = 0;
        for (size_t s = 0; s < SOURCES; s++) x += share[s] * profiles[s * SPECIES + j];
        unc[j] = 0.05 * x + 0.02;
        conc[j] = x + (seed ? noise(seed) * unc[j] : 0);
    }
}

static void test_S044_cmb__known_shares_come_back_within_five_points(void **state)
{
    (void)state;
    uint64_t seed = 7;
    double conc[SPECIES], unc[SPECIES], worst = 0, within = 0, sum_off[SOURCES] = {0};
    for (int i = 0; i < SAMPLES; i++) {
        double share[SOURCES], total = 0, found = 0;
        qk_cmb_fit fit;
        for (size_t s = 0; s < SOURCES; s++)
            total += share[s] = 2 + (double)(qk_test_random(&seed) % 2000) / 100;
        mix(conc, unc, share, &seed);
        assert_ok(qk_cmb_solve(&fit, &(qk_cmb_input){SPECIES, SOURCES, conc, unc, profiles}, NULL));
        assert_true(fit.converged && fit.r2 > 0.98);
        for (size_t s = 0; s < SOURCES; s++) found += fit.share[s];
        for (size_t s = 0; s < SOURCES; s++) {
            double off = 100 * (fit.share[s] / found - share[s] / total);
            sum_off[s] += off;
            worst = fmax(worst, fabs(off));
            within += fabs(fit.share[s] - share[s]) <= 2 * fit.error[s];
        }
    }
    within *= 100.0 / (SAMPLES * SOURCES);
    print_message("worst share of %d: off by %.2f points; %.1f %% within two errors\n",
                  SAMPLES * SOURCES, worst, within);
    assert_true(worst < 5);
    assert_true(within > 92 && within < 98.5); /* 95.4 % for two standard deviations */
    for (size_t s = 0; s < SOURCES; s++) assert_true(fabs(sum_off[s] / SAMPLES) < 0.3);
}

static void test_cmb__one_source_is_a_weighted_mean(void **state)
{
    (void)state;
    double conc[] = {2, 5, NAN, 9}, unc[] = {1, 2, 1, 0}, profile[] = {.2, .4, .1, .9};
    qk_cmb_fit fit;
    assert_ok(qk_cmb_solve(&fit, &(qk_cmb_input){4, 1, conc, unc, profile}, NULL));
    assert_int_equal(fit.used, 2); /* one is missing, one has no uncertainty */
    double normal = .2 * .2 + .4 * .4 / 4, right = .2 * 2 + .4 * 5 / 4;
    assert_near(fit.share[0], right / normal, 1e-12);
    assert_near(fit.error[0], 1 / sqrt(normal), 1e-12);
    assert_true(isnan(fit.predicted[2]) && isnan(fit.predicted[3]));
    double a = 2 - .2 * fit.share[0], b = (5 - .4 * fit.share[0]) / 2;
    assert_near(fit.chi2, a * a + b * b, 1e-12);
}

static void test_cmb__uncertain_profiles_count_less_and_widen_the_error(void **state)
{
    (void)state;
    double conc[SPECIES], unc[SPECIES], spread[SOURCES * SPECIES];
    const double share[SOURCES] = {10, 8, 20, 5};
    qk_cmb_fit exact, loose;
    mix(conc, unc, share, NULL);
    for (size_t i = 0; i < SOURCES * SPECIES; i++) spread[i] = 0.3 * profiles[i];
    qk_cmb_input in = {SPECIES, SOURCES, conc, unc, profiles};
    assert_ok(qk_cmb_solve(&exact, &in, NULL));
    in.profile_unc = spread;
    assert_ok(qk_cmb_solve(&loose, &in, NULL));
    for (size_t s = 0; s < SOURCES; s++) {
        assert_near(exact.share[s], share[s], 1e-9);
        assert_near(loose.share[s], share[s], 1e-6);
        assert_true(loose.error[s] > 1.5 * exact.error[s]);
    }
}

static void test_cmb__a_source_that_is_not_there_is_taken_out(void **state)
{
    (void)state;
    double conc[SPECIES], unc[SPECIES];
    const double share[SOURCES] = {10, 8, 20, -4};
    qk_cmb_fit fit;
    mix(conc, unc, share, NULL);
    qk_cmb_input in = {SPECIES, SOURCES, conc, unc, profiles, .keep_negative = true};
    assert_ok(qk_cmb_solve(&fit, &in, NULL));
    assert_near(fit.share[3], -4, 1e-9);
    in.keep_negative = false;
    assert_ok(qk_cmb_solve(&fit, &in, NULL));
    assert_true(fit.out[3] && fit.share[3] == 0 && isnan(fit.error[3]));
    for (size_t s = 0; s < 3; s++) assert_true(fit.share[s] > 0 && !fit.out[s]);
}

static void test_cmb__refuses_what_cannot_be_told_apart(void **state)
{
    (void)state;
    double conc[SPECIES], unc[SPECIES], twins[SOURCES * SPECIES];
    const double share[SOURCES] = {1, 1, 1, 1};
    qk_cmb_fit fit;
    qk_error err = {0};
    mix(conc, unc, share, NULL);
    memcpy(twins, profiles, sizeof twins);
    for (size_t j = 0; j < SPECIES; j++) twins[3 * SPECIES + j] = 2 * twins[SPECIES + j];
    qk_cmb_input in = {SPECIES, SOURCES, conc, unc, twins};
    assert_int_equal(qk_cmb_solve(&fit, &in, &err), QK_EFORMAT);
    assert_non_null(strstr(err.message, "source 2 and source 4"));
    for (size_t j = 3; j < SPECIES; j++) conc[j] = NAN;
    in.profile = profiles;
    assert_int_equal(qk_cmb_solve(&fit, &in, &err), QK_EFORMAT);
    in.sources = 0;
    assert_int_equal(qk_cmb_solve(&fit, &in, &err), QK_EINVAL);
    in.sources = QK_CMB_SOURCES_MAX + 1;
    assert_int_equal(qk_cmb_solve(&fit, &in, &err), QK_EINVAL);
}

static void test_S044_profiles__a_factor_is_recognised(void **state)
{
    (void)state;
    uint64_t seed = 3;
    qk_profile_match match[SOURCES];
    for (size_t s = 0; s < SOURCES; s++) {
        double factor[SPECIES];
        for (size_t j = 0; j < SPECIES; j++)
            factor[j] = 17 * profiles[s * SPECIES + j] * (1 + 0.1 * noise(&seed));
        qk_profile_matches(match, factor, profiles, SOURCES, SPECIES);
        assert_int_equal(match[0].source, s);
        assert_true(match[0].pearson < 0.1 && match[0].identity < 0.5);
        assert_true(match[1].identity > 2 * match[0].identity);
    }
    double few[SPECIES];
    for (size_t j = 0; j < SPECIES; j++) few[j] = j < 3 ? 1 : NAN;
    qk_profile_matches(match, few, profiles, SOURCES, SPECIES);
    assert_true(match[0].common == 3 && isnan(match[0].pearson));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S044_cmb__known_shares_come_back_within_five_points),
        cmocka_unit_test(test_cmb__one_source_is_a_weighted_mean),
        cmocka_unit_test(test_cmb__uncertain_profiles_count_less_and_widen_the_error),
        cmocka_unit_test(test_cmb__a_source_that_is_not_there_is_taken_out),
        cmocka_unit_test(test_cmb__refuses_what_cannot_be_told_apart),
        cmocka_unit_test(test_S044_profiles__a_factor_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
