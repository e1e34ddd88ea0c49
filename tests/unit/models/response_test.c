/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "models/blend.h"
#include "models/least_cost.h"
#include <math.h>

enum { SOURCES = 30, RECEPTORS = 200, MEASURES = 40 };

static double uniform(uint64_t *seed, double low, double high)
{
    return low + (high - low) * (double)(qk_test_random(seed) % 1000000) / 1e6;
}

static qk_matrix *make_matrix(double *base)
{
    qk_matrix *m;
    uint64_t seed = 11;
    assert_ok(qk_matrix_new(&m, SOURCES, RECEPTORS, 1, NULL));
    for (uint32_t s = 0; s < SOURCES; s++) {
        base[s] = uniform(&seed, 0.5, 20);
        for (uint32_t r = 0; r < RECEPTORS; r++)
            qk_matrix_row(m, 0, s)[r] = (float)exp(uniform(&seed, -6, 0));
    }
    return m;
}

static double air_at(const qk_matrix *m, const double *rate, uint32_t receptor)
{
    double out[RECEPTORS] = {0};
    qk_matrix_product(out, m, 0, rate);
    return out[receptor];
}

static void test_S046_response__nothing_cut_changes_nothing_and_more_never_helps_less(void **state)
{
    (void)state;
    double base[SOURCES], rate[SOURCES], applied[2] = {0, 0}, before = INFINITY;
    qk_matrix *m = make_matrix(base);
    const qk_response_cut cut[] = {{0, 3, 0.6}, {0, 4, 0.2}, {1, 3, 0.5}, {1, 9, 1}};
    qk_response_rates(rate, base, SOURCES, cut, 4, applied);
    assert_memory_equal(rate, base, sizeof base);
    for (int i = 0; i <= 10; i++) {
        applied[0] = applied[1] = 0.1 * i;
        qk_response_rates(rate, base, SOURCES, cut, 4, applied);
        double air = air_at(m, rate, 17);
        assert_true(air < before);
        before = air;
    }
    /* one after the other: what is left of source 3 is 0.4 x 0.5, of source 9 nothing */
    assert_near(rate[3], base[3] * 0.2, 1e-12);
    assert_near(rate[9], 0, 0);
    qk_matrix_free(m);
}

static void test_S046_response__no_plan_takes_away_more_than_the_local_share(void **state)
{
    (void)state;
    qk_between share = {0.3, 0.45};
    qk_between all = qk_response_local(50, share, 12, 0);
    assert_near(all.low, 50 * 0.55, 1e-12);
    assert_near(all.high, 50 * 0.7, 1e-12);
    qk_between none = qk_response_local(50, share, 12, 12);
    assert_true(none.low == 50 && none.high == 50);
    qk_between some = qk_response_local(50, share, 12, 9),
               more = qk_response_local(50, share, 12, 6);
    assert_true(more.low < some.low && more.high < some.high && some.high < 50);
    const double lambda[] = {0.4, 0.35, 0.25}, gone[] = {0, 0, 0}, stay[] = {1, 1, 1};
    assert_near(qk_response_regions(50, lambda, gone, 3), 0, 1e-12);
    assert_near(qk_response_regions(50, lambda, stay, 3), 50, 1e-12);
    const double ours[] = {0, 1, 1};
    assert_near(qk_response_regions(50, lambda, ours, 3), 50 * 0.6, 1e-12);
}

static void test_response__secondary_is_a_range_and_ozone_a_direction(void **state)
{
    (void)state;
    const qk_between e[] = {{0.05, 0.2}, {-0.02, 0.15}};
    const double cut[] = {-0.3, -0.2}, none[] = {0, 0};
    qk_between r = qk_response_secondary(20, e, cut, 2);
    assert_near(r.low, 20 * (1 - 0.06 - 0.03), 1e-12);
    assert_near(r.high, 20 * (1 - 0.015 + 0.004), 1e-12);
    r = qk_response_secondary(20, e, none, 2);
    assert_true(r.low == 20 && r.high == 20);
    qk_ozone_signs s = {NAN, NAN, NAN};
    assert_int_equal(qk_ozone_nox_cut(&s), QK_DIRECTION_UNKNOWN);
    s.formaldehyde_no2 = 0.6;
    assert_int_equal(qk_ozone_nox_cut(&s), QK_DIRECTION_UP);
    assert_int_equal(qk_ozone_voc_cut(&s), QK_DIRECTION_DOWN);
    s.weekend_change = 0.1; /* less NOx, more ozone: the same regime */
    s.slope = -0.4;
    assert_int_equal(qk_ozone_nox_cut(&s), QK_DIRECTION_UP);
    s.slope = 0.4;
    assert_int_equal(qk_ozone_nox_cut(&s), QK_DIRECTION_UNKNOWN);
    s = (qk_ozone_signs){-0.1, 0.3, 3};
    assert_int_equal(qk_ozone_nox_cut(&s), QK_DIRECTION_DOWN);
}

static void test_S046_response__regions_give_a_range_around_the_best_answer(void **state)
{
    (void)state;
    uint64_t seed = 17;
    for (int n = 0; n < 2000; n++) {
        qk_between range[3];
        double share[3], ratio[3], left = 1;
        for (int k = 0; k < 3; k++) {
            share[k] = uniform(&seed, 0, left);
            left -= share[k];
            range[k] = (qk_between){uniform(&seed, 0, share[k]), uniform(&seed, share[k], 1)};
            ratio[k] = uniform(&seed, 0, 1.5);
        }
        double best = qk_response_regions(50, share, ratio, 3);
        qk_between r = qk_response_regions_between(50, range, ratio, 3);
        assert_true(r.low <= best + 1e-9 && best <= r.high + 1e-9);
        /* all of it, and no more, where all is cut */
        const double none[3] = {0};
        assert_true(qk_response_regions_between(50, range, none, 3).low >= -1e-9);
    }
}

static void test_S046_response__the_whole_is_never_better_than_the_local_share(void **state)
{
    (void)state;
    qk_response_parts p = {52, 12, 12, 20, {20, 20}, {0.3, 0.45}};
    qk_between same = qk_response_total(&p);
    assert_true(same.low == 52 && same.high == 52);
    p.primary_then = 9;
    p.secondary_then = (qk_between){17, 19};
    qk_between some = qk_response_total(&p);
    assert_near(some.low, 52 - 3 - 3, 1e-12);
    assert_near(some.high, 52 - 3 - 1, 1e-12);
    p.primary_then = 0;
    p.secondary_then = (qk_between){0, 0};
    qk_between all = qk_response_total(&p);
    assert_near(all.low, 52 * 0.55, 1e-12);
    assert_near(all.high, 52 * 0.7, 1e-12);
}

/* Days whose ozone falls with NO2, and days where it knows nothing of it. */
static void test_response__ozone_signs_come_from_days_with_their_errors(void **state)
{
    (void)state;
    qk_time day = 0;
    assert_ok(qk_time_parse(&day, QK_STR("2025-03-20T00:00:00")));
    uint64_t seed = 23;
    qk_ozone_days d = {.pairs = 0}, noise = {.pairs = 0}, few = {.pairs = 0};
    for (int i = 0; i < 210; i++, day += QK_DAY) {
        bool weekend = qk_civil_of(day).weekday > 5;
        double no2 = uniform(&seed, 20, 50) - (weekend ? 12 : 0);
        qk_ozone_days_add(&d, day, 200 - 2 * no2 + uniform(&seed, -15, 15), no2);
        qk_ozone_days_add(&noise, day, 120 + uniform(&seed, -60, 60), i % 9 ? no2 : NAN);
        if (i < 40) qk_ozone_days_add(&few, day, 100, no2);
    }
    assert_int_equal(d.pairs, 183); /* April to September */
    qk_ozone_signs s = qk_ozone_days_signs(&d);
    assert_true(fabs(s.slope + 2) < 3 * s.slope_error && s.slope_error < 0.1);
    assert_true(s.weekend_change > 2 * s.weekend_error && s.weekend_error > 0.005);
    assert_int_equal(qk_ozone_nox_cut(&s), QK_DIRECTION_UP);
    assert_int_equal(qk_ozone_voc_cut(&s), QK_DIRECTION_DOWN);
    s = qk_ozone_days_signs(&noise);
    assert_true(fabs(s.slope) < 2.5 * s.slope_error && fabs(s.slope) > 0);
    assert_int_equal(qk_ozone_nox_cut(&s), QK_DIRECTION_UNKNOWN);
    s = qk_ozone_days_signs(&few);
    assert_true(isnan(s.slope) && isnan(s.weekend_change) && s.slope_error == 0);
}

static void test_response__imported_surface_is_evaluated_exactly(void **state)
{
    (void)state;
    const qk_rsm_term t[] = {
        {1, 0, 0, 0, 4.5}, {2, 0, 1, 0, -1.25}, {0, 3, 0, 1, 0.5}, {0, 0, 0, 0, 9}};
    qk_rsm_change none = {0}, d = {-0.5, -0.2, 0.1, -0.4};
    assert_near(qk_rsm_evaluate(t, 4, &none), 0, 0);
    assert_near(qk_rsm_evaluate(t, 4, &d),
                4.5 * -0.5 - 1.25 * 0.25 * 0.1 + 0.5 * -0.2 * -0.2 * -0.2 * -0.4, 1e-15);
}

static void test_response__blend_finds_factors_within_its_errors(void **state)
{
    (void)state;
    enum { ROWS = 2000 };
    static double modelled[ROWS * 4], observed[ROWS];
    const double truth[4] = {1.6, 0.5, 0, 2.2}, background = 7;
    uint64_t seed = 3;
    double ar = 0;
    for (int i = 0; i < ROWS; i++) {
        double sum = background;
        for (int k = 0; k < 4; k++) {
            modelled[i * 4 + k] = i / 40 % 4 == k ? uniform(&seed, 0, 12) : uniform(&seed, 0, 1);
            sum += truth[k] * modelled[i * 4 + k];
        }
        ar = 0.6 * ar + uniform(&seed, -2, 2); /* weather that lasts */
        observed[i] = i % 97 == 5 ? NAN : sum + ar;
    }
    qk_blend b;
    assert_ok(qk_blend_fit(&b, modelled, observed, ROWS, 4, NULL));
    assert_int_equal(b.rows, ROWS - ROWS / 97 - 1);
    for (int k = 0; k < 4; k++) {
        assert_true(b.factor[k] >= 0);
        if (!b.held[k])
            assert_true(fabs(b.factor[k] - truth[k]) < 3.5 * b.error[k] && b.error[k] < 0.1);
    }
    assert_true(b.factor[2] < 0.1);
    assert_true(fabs(b.factor[4] - background) < 3.5 * b.error[4]);
    assert_true(b.persistence > 0.5 && b.persistence < 0.7 && b.r2 > 0.8);
    double error, one[4] = {10, 0, 0, 0};
    assert_near(qk_blend_apply(&b, one, &error), b.factor[4] + 10 * b.factor[0], 1e-9);
    assert_true(error > 0);
    assert_int_equal(qk_blend_fit(&b, modelled, observed, 6, 4, NULL), QK_EFORMAT);
}

static void test_response__blend_holds_at_zero_what_would_be_negative(void **state)
{
    (void)state;
    enum { ROWS = 300 };
    static double modelled[ROWS * 2], observed[ROWS];
    uint64_t seed = 9;
    for (int i = 0; i < ROWS; i++) {
        double a = uniform(&seed, 0, 5), b = uniform(&seed, 0, 5);
        modelled[2 * i] = a;
        modelled[2 * i + 1] = b;
        observed[i] = 20 + 2 * a - 0.8 * b;
    }
    qk_blend b;
    assert_ok(qk_blend_fit(&b, modelled, observed, ROWS, 2, NULL));
    assert_true(b.held[1] && b.factor[1] == 0 && isnan(b.error[1]));
    assert_true(fabs(b.factor[0] - 2) < 0.3);
}

/* With one receptor the answer is known: the cheapest reductions first, the last in part. */
static void test_S046_least_cost__one_receptor_takes_the_cheapest_first(void **state)
{
    (void)state;
    double base[SOURCES], cost[SOURCES], ratio[SOURCES], applied[SOURCES], price[1];
    bool taken[SOURCES] = {false};
    qk_response_cut cut[SOURCES];
    qk_matrix *m;
    uint64_t seed = 5;
    if (!qk_least_cost_offered()) skip();
    assert_ok(qk_matrix_new(&m, SOURCES, 1, 1, NULL));
    double before = 2;
    for (uint32_t s = 0; s < SOURCES; s++) {
        base[s] = 1 + s % 5;
        m->value[s] = (float)uniform(&seed, 0.1, 1);
        cut[s] = (qk_response_cut){s, s, 0.5};
        cost[s] = uniform(&seed, 1, 10);
        ratio[s] = cost[s] / (0.5 * base[s] * (double)m->value[s]);
        before += base[s] * (double)m->value[s];
    }
    qk_least_cost_task t = {m, 0, base, cut, SOURCES, SOURCES, cost, 1, 2, before - 8, 0};
    qk_least_cost out = {.applied = applied, .price = price};
    assert_ok(qk_least_cost_solve(&out, &t, NULL));
    double need = 8, least = 0, last = 0;
    while (need > 1e-9) {
        uint32_t best = SOURCES;
        for (uint32_t s = 0; s < SOURCES; s++)
            if (!taken[s] && (best == SOURCES || ratio[s] < ratio[best])) best = s;
        double all = cost[best] / ratio[best], part = fmin(need / all, 1);
        taken[best] = true;
        need -= part * all;
        least += part * cost[best];
        last = ratio[best];
    }
    assert_near(out.cost, least, 1e-4 * least);
    assert_near(price[0], last, 1e-6 * last); /* the price of one more is that of the last taken */
    t.target = 0.1;
    assert_int_equal(qk_least_cost_solve(&out, &t, NULL), QK_ENOTFOUND);
    assert_true(out.highest > 0.1 && applied[0] == 1);
    qk_matrix_free(m);
}

static void test_S046_least_cost__keeps_the_target_everywhere_though_measures_meet(void **state)
{
    (void)state;
    double base[SOURCES], cost[MEASURES], applied[MEASURES], price[RECEPTORS], rate[SOURCES];
    double air[RECEPTORS] = {0}, highest = 0, all = 0;
    qk_response_cut cut[2 * MEASURES];
    uint64_t seed = 21;
    if (!qk_least_cost_offered()) skip();
    qk_matrix *m = make_matrix(base);
    qk_matrix_product(air, m, 0, base);
    for (uint32_t r = 0; r < RECEPTORS; r++) highest = fmax(highest, air[r]);
    for (uint32_t k = 0; k < MEASURES; k++) { /* several on each source */
        cut[2 * k] = (qk_response_cut){k, k % SOURCES, 0.6};
        cut[2 * k + 1] = (qk_response_cut){k, (k * 7 + 3) % SOURCES, 0.4};
        cost[k] = uniform(&seed, 1, 10);
        all += cost[k];
    }
    qk_least_cost_task t = {m, 0, base, cut, 2 * MEASURES, MEASURES, cost, 1, 3, 3 + 0.75 * highest,
                            0};
    qk_least_cost out = {.applied = applied, .price = price};
    assert_ok(qk_least_cost_solve(&out, &t, NULL));
    double first = out.cost;
    assert_true(first > 0 && first < all && out.highest <= t.target * (1 + 1e-5));
    qk_response_rates(rate, base, SOURCES, cut, 2 * MEASURES, applied);
    memset(air, 0, sizeof air);
    qk_matrix_product(air, m, 0, rate);
    for (uint32_t r = 0; r < RECEPTORS; r++) assert_true(air[r] + 3 <= t.target * (1 + 1e-5));
    /* a harder target, or a cautious answer, costs more; an easy one nothing */
    t.target = 3 + 0.65 * highest;
    assert_ok(qk_least_cost_solve(&out, &t, NULL));
    assert_true(out.cost > first);
    t.target = 3 + 0.75 * highest;
    t.margin = 0.2;
    assert_ok(qk_least_cost_solve(&out, &t, NULL));
    assert_true(out.cost > first);
    t.target = 4 + highest;
    assert_ok(qk_least_cost_solve(&out, &t, NULL));
    assert_true(out.cost == 0 && applied[0] == 0);
    qk_matrix_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S046_response__nothing_cut_changes_nothing_and_more_never_helps_less),
        cmocka_unit_test(test_S046_response__no_plan_takes_away_more_than_the_local_share),
        cmocka_unit_test(test_response__secondary_is_a_range_and_ozone_a_direction),
        cmocka_unit_test(test_S046_response__regions_give_a_range_around_the_best_answer),
        cmocka_unit_test(test_S046_response__the_whole_is_never_better_than_the_local_share),
        cmocka_unit_test(test_response__ozone_signs_come_from_days_with_their_errors),
        cmocka_unit_test(test_response__imported_surface_is_evaluated_exactly),
        cmocka_unit_test(test_response__blend_finds_factors_within_its_errors),
        cmocka_unit_test(test_response__blend_holds_at_zero_what_would_be_negative),
        cmocka_unit_test(test_S046_least_cost__one_receptor_takes_the_cheapest_first),
        cmocka_unit_test(test_S046_least_cost__keeps_the_target_everywhere_though_measures_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
