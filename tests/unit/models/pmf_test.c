/* SPDX-License-Identifier: Apache-2.0 */
/* Factor analysis: known mixtures come back, bad cells are borne, rotations cost what they cost. */
#include "models/pmf.h"
#include "models/pmf_errors.h"
#include "models/pmf_kernel.h"
#include "models/pmf_prepare.h"
#include "models/pmf_rotate.h"
#include "../test.h"
#include <math.h>

enum { N = 300, M = 12, K = 4 };

typedef struct mixture {
    double conc[N * M], unc[N * M], share[K], f[K * M];
    qk_pmf_input in;
} mixture;

static double uniform(uint64_t *state)
{
    return (double)(qk_test_random(state) >> 11) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    return sqrt(-2 * log(uniform(state) + 1e-300)) * cos(6.283185307179586 * uniform(state));
}

/* Four sources, each with a tracer of its own and shared mass in the last species, 5 % noise. */
static void make_mixture(mixture *x, uint64_t seed)
{
    double total = 0;
    memset(x, 0, sizeof *x);
    for (size_t k = 0; k < K; k++)
        for (size_t j = 0; j < M; j++)
            x->f[k * M + j] = j == M - 1   ? 10
                              : j % K == k ? 1
                                           : 0.3 * uniform(&seed) * (j % 3 != 0);
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < K; k++) {
            double g = exp(normal(&seed)) * (double)(k + 1);
            x->share[k] += g;
            total += g;
            for (size_t j = 0; j < M; j++) x->conc[i * M + j] += g * x->f[k * M + j];
        }
        for (size_t j = 0; j < M; j++) {
            double *c = &x->conc[i * M + j], sigma = 0.05 * *c + 0.01;
            *c += sigma * normal(&seed);
            x->unc[i * M + j] = sigma;
        }
    }
    for (size_t k = 0; k < K; k++) x->share[k] /= total;
    x->in = (qk_pmf_input){N, M, x->conc, x->unc};
}

static void assert_finite(const qk_pmf_fit *fit)
{
    for (size_t i = 0; i < fit->samples * fit->factors; i++) assert_true(isfinite(fit->g[i]));
    for (size_t i = 0; i < fit->factors * fit->species; i++)
        assert_true(isfinite(fit->f[i]) && fit->f[i] >= 0);
    for (size_t r = 0; r < fit->runs; r++) assert_true(isfinite(fit->run[r].q_true));
}

/* Largest difference of sorted shares of the mass species, in points. */
static double share_error(const qk_pmf_fit *fit, const double *truth)
{
    double total = 0, worst = 0;
    bool used[K] = {false};
    for (size_t k = 0; k < K; k++) total += fit->f[k * M + M - 1];
    for (size_t t = 0; t < K; t++) {
        size_t best = K;
        for (size_t k = 0; k < K; k++) {
            double d = fabs(fit->f[k * M + M - 1] / total - truth[t]);
            if (used[k]) continue;
            if (best == K || d < fabs(fit->f[best * M + M - 1] / total - truth[t])) best = k;
        }
        used[best] = true;
        worst = fmax(worst, 100 * fabs(fit->f[best * M + M - 1] / total - truth[t]));
    }
    return worst;
}

static void test_S044_pmf__known_shares_come_back_within_five_points(void **state)
{
    (void)state;
    static mixture x;
    double worst = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        qk_pmf_fit fit;
        qk_pmf_options o = {.factors = K, .runs = 5, .seed = seed};
        make_mixture(&x, seed);
        assert_ok(qk_pmf_solve(&fit, &x.in, &o, NULL));
        assert_finite(&fit);
        worst = fmax(worst, share_error(&fit, x.share));
        assert_true(fit.r2[0] > 0.9);
        qk_pmf_fit_clear(&fit);
    }
    print_message("known shares of four sources: worst difference %.2f points\n", worst);
    assert_true(worst < 5);
}

static void test_pmf__same_seed_gives_the_same_bits_and_another_seed_the_same_minimum(void **state)
{
    (void)state;
    static mixture x;
    qk_pmf_fit a, b, c;
    qk_pmf_options o = {.factors = K, .runs = 3, .seed = 7};
    make_mixture(&x, 3);
    assert_ok(qk_pmf_solve(&a, &x.in, &o, NULL));
    assert_ok(qk_pmf_solve(&b, &x.in, &o, NULL));
    o.seed = 99;
    assert_ok(qk_pmf_solve(&c, &x.in, &o, NULL));
    assert_memory_equal(a.f, b.f, K * M * sizeof *a.f);
    assert_memory_equal(a.g, b.g, N * K * sizeof *a.g);
    assert_true(fabs(a.run[a.best].q_true / c.run[c.best].q_true - 1) < 1e-4);
    qk_pmf_fit_clear(&a);
    qk_pmf_fit_clear(&b);
    qk_pmf_fit_clear(&c);
}

static void test_pmf__every_instruction_set_gives_the_same_bits(void **state)
{
    (void)state;
    enum { DEPTH = 37, FACTORS = 5, TRI = 16 };
    static _Alignas(64) double w[DEPTH * 8], wx[DEPTH * 8], fixed[DEPTH * 8], outer[DEPTH * TRI];
    static _Alignas(64) double a[2][TRI * 8], b[2][64], x[2][64];
    uint64_t seed = 5;
    for (size_t i = 0; i < DEPTH * 8; i++) {
        w[i] = uniform(&seed);
        wx[i] = uniform(&seed);
        fixed[i] = i % 8 < FACTORS ? uniform(&seed) : 0;
    }
    for (size_t s = 0; s < DEPTH; s++)
        for (size_t i = 0; i < FACTORS; i++)
            for (size_t j = 0; j <= i; j++)
                outer[s * TRI + qk_pmf_tri(i, j)] = fixed[s * 8 + i] * fixed[s * 8 + j];
    qk_pmf_block p = {DEPTH, FACTORS, w, wx, fixed, outer, 0, 20, 0};
    const qk_pmf_kernel *picked = qk_pmf_kernel_pick();
    qk_pmf_kernel_base.solve(&p, a[0], b[0], x[0]);
    picked->solve(&p, a[1], b[1], x[1]);
    assert_memory_equal(a[0], a[1], sizeof a[0]);
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    assert_true(qk_pmf_kernel_base.dot(w, wx, 101) == picked->dot(w, wx, 101));
    qk_pmf_kernel_base.dot4(a[0], w, wx, 50, 45);
    picked->dot4(a[1], w, wx, 50, 45);
    assert_memory_equal(a[0], a[1], 4 * sizeof(double));
    for (size_t r = 0; r < 4; r++)
        assert_true(fabs(a[0][r] / picked->dot(w, wx + r * 50, 45) - 1) < 1e-14);
    qk_pmf_kernel_base.pairs(a[0], w, 3, 16, 11);
    picked->pairs(a[1], w, 3, 16, 11);
    assert_memory_equal(a[0], a[1], 66 * sizeof(double));
    assert_true(fabs(a[0][qk_pmf_tri(9, 4)] - (w[9] * w[4] + w[25] * w[20] + w[41] * w[36])) <
                1e-14);
    qk_pmf_kernel_base.axpy(x[0], 0.3, w, 64);
    picked->axpy(x[1], 0.3, w, 64);
    assert_memory_equal(x[0], x[1], sizeof x[0]);
}

static void test_pmf__missing_cells_zero_uncertainties_and_empty_samples_are_left_out(void **state)
{
    (void)state;
    static mixture x;
    qk_pmf_fit fit;
    qk_pmf_options o = {.factors = K, .runs = 2, .seed = 1};
    make_mixture(&x, 8);
    for (size_t i = 0; i < N * M; i += 17) x.conc[i] = NAN;
    for (size_t i = 5; i < N * M; i += 43) x.unc[i] = i % 2 ? 0 : -1;
    for (size_t j = 0; j < M; j++) x.conc[10 * M + j] = NAN;
    for (size_t i = 0; i < N; i++) x.conc[i * M + 3] = NAN; /* a species without any value */
    x.conc[20 * M] = -0.5;
    assert_ok(qk_pmf_solve(&fit, &x.in, &o, NULL));
    assert_finite(&fit);
    assert_int_equal(fit.cells_used + fit.cells_missing + fit.cells_bad_unc, N * M);
    assert_true(fit.cells_bad_unc > 50);
    for (size_t k = 0; k < K; k++) assert_true(fit.g[10 * K + k] == 0);
    assert_true(isnan(fit.r2[3]));
    qk_pmf_fit_clear(&fit);
}

static void test_pmf__robust_mode_is_not_led_astray_by_outliers(void **state)
{
    (void)state;
    static mixture x;
    qk_pmf_fit plain, robust;
    qk_pmf_options o = {.factors = K, .runs = 3, .seed = 1};
    make_mixture(&x, 4);
    for (size_t i = 3; i < N; i += 50) x.conc[i * M + 1] *= 10;
    assert_ok(qk_pmf_solve(&plain, &x.in, &o, NULL));
    o.robust = true;
    assert_ok(qk_pmf_solve(&robust, &x.in, &o, NULL));
    assert_finite(&robust);
    assert_true(robust.run[robust.best].q_robust < plain.run[plain.best].q_robust);
    print_message("shares with outliers: plain %.2f, robust %.2f points off\n",
                  share_error(&plain, x.share), share_error(&robust, x.share));
    assert_true(share_error(&robust, x.share) < 5);
    qk_pmf_fit_clear(&plain);
    qk_pmf_fit_clear(&robust);
}

static void test_pmf__contributions_may_fall_to_the_floor_and_not_below(void **state)
{
    (void)state;
    static mixture x;
    qk_pmf_fit fit, bound;
    qk_pmf_options o = {.factors = K, .runs = 3, .seed = 1};
    make_mixture(&x, 6);
    assert_ok(qk_pmf_solve(&bound, &x.in, &o, NULL));
    o.g_floor = -0.2;
    assert_ok(qk_pmf_solve(&fit, &x.in, &o, NULL));
    assert_finite(&fit);
    for (size_t i = 0; i < N * K; i++) assert_true(fit.g[i] >= -0.2 - 1e-3);
    assert_true(fit.run[fit.best].q_true <= bound.run[bound.best].q_true * 1.001);
    for (size_t k = 0; k < K; k++) {
        double mean = 0;
        for (size_t i = 0; i < N; i++) mean += fit.g[i * K + k] / N;
        assert_true(fabs(mean - 1) < 1e-9);
    }
    qk_pmf_fit_clear(&fit);
    qk_pmf_fit_clear(&bound);
}

static bool stop_at_once(void *user, size_t done, size_t total)
{
    (void)total;
    *(size_t *)user = done;
    return false;
}

static void test_pmf__refuses_what_it_cannot_do_and_stops_when_told(void **state)
{
    (void)state;
    static mixture x;
    qk_pmf_fit fit;
    size_t done = 0;
    make_mixture(&x, 1);
    qk_pmf_options o = {.factors = M + 1, .runs = 1};
    assert_int_equal(qk_pmf_solve(&fit, &x.in, &o, NULL), QK_EINVAL);
    o = (qk_pmf_options){.factors = 2};
    assert_int_equal(qk_pmf_solve(&fit, &x.in, &o, NULL), QK_EINVAL);
    o = (qk_pmf_options){.factors = 2, .runs = 9, .progress = stop_at_once, .user = &done};
    assert_int_equal(qk_pmf_solve(&fit, &x.in, &o, NULL), QK_ECANCELLED);
    assert_int_equal(done, 1);
    assert_null(fit.g);
    for (size_t i = 0; i < N * M; i++) x.unc[i] = 0;
    o = (qk_pmf_options){.factors = 2, .runs = 1};
    assert_int_equal(qk_pmf_solve(&fit, &x.in, &o, NULL), QK_EFORMAT);
}

static void test_pmf_errors__bootstraps_map_and_displacement_brackets_the_solution(void **state)
{
    (void)state;
    static mixture x;
    qk_pmf_fit fit;
    qk_pmf_boot boot;
    qk_pmf_disp disp;
    bool which[K * M] = {false};
    qk_pmf_options o = {.factors = K, .runs = 4, .seed = 1};
    make_mixture(&x, 2);
    assert_ok(qk_pmf_solve(&fit, &x.in, &o, NULL));
    assert_ok(qk_pmf_bootstrap(&boot, &x.in, &o, &fit, 20, 0, 0.6, NULL));
    for (size_t k = 0; k < K; k++) assert_true(boot.mapped[k * (K + 1) + k] >= 18);
    which[0] = which[M - 1] = true;
    assert_ok(qk_pmf_displace(&disp, &x.in, &o, &fit, which, NULL));
    for (size_t l = 0; l < QK_PMF_LEVELS; l++) {
        assert_true(disp.low[l * K * M + M - 1] < fit.f[M - 1]);
        assert_true(disp.high[l * K * M + M - 1] > fit.f[M - 1]);
        assert_true(disp.high[l * K * M + M - 1] < 3 * fit.f[M - 1]);
    }
    assert_true(disp.largest_fall < 0.5);
    qk_pmf_disp_clear(&disp);
    qk_pmf_boot_clear(&boot);
    qk_pmf_fit_clear(&fit);
}

static double spread_of(const double *f)
{
    double zero = 0;
    for (size_t j = 0; j < K * M; j++) zero += f[j] < 1e-6;
    return zero;
}

static void
test_pmf_rotate__sharper_and_blunter_profiles_cost_more_the_further_they_go(void **state)
{
    (void)state;
    static mixture x;
    qk_pmf_fit fit;
    qk_pmf_rotated r;
    double last = 0;
    qk_pmf_options o = {.factors = K, .runs = 4, .seed = 1};
    make_mixture(&x, 2);
    assert_ok(qk_pmf_solve(&fit, &x.in, &o, NULL));
    for (double s = 0.25; s <= 1; s *= 2) {
        assert_ok(qk_pmf_rotate(&r, &x.in, &o, &fit, s, NULL));
        print_message("strength %5.2f: dQ %8.2f (%.2f %%), auxiliary %.2f\n", s, r.dq, r.percent,
                      r.q_aux);
        assert_true(r.dq > last && r.q_aux > 0 && r.converged);
        assert_true(spread_of(r.f) >= spread_of(fit.f));
        for (size_t k = 0; k < K; k++) assert_true(r.correlation[k] > 0.9 && r.moved[k] >= 0);
        last = r.dq;
        qk_pmf_rotated_clear(&r);
    }
    assert_ok(qk_pmf_rotate(&r, &x.in, &o, &fit, -0.5, NULL));
    assert_true(r.dq > 0 && spread_of(r.f) <= spread_of(fit.f));
    double plain = 0, robust = 0;
    qk_pmf_q(&plain, &robust, &x.in, r.g, r.f, K, 4);
    assert_true(plain == r.q_true && fabs(plain - fit.run[fit.best].q_true - r.dq) < 1e-9 * plain);
    qk_pmf_rotated_clear(&r);
    assert_int_equal(qk_pmf_rotate(&r, &x.in, &o, &fit, 0, NULL), QK_EINVAL);
    assert_int_equal(qk_pmf_rotate(&r, &x.in, &o, &fit, NAN, NULL), QK_EINVAL);
    assert_null(r.f);
    qk_pmf_fit_clear(&fit);
}

/* Two sources that are both always there, and twice the same pair when each is at times absent and
 * lacks what marks the other. */
static void make_pair(mixture *x, bool pinned)
{
    uint64_t seed = 5;
    for (size_t i = 0; i < N; i++) {
        double a = (pinned ? 0 : 0.5) + uniform(&seed), b = (pinned ? 0 : 0.5) + uniform(&seed);
        if (pinned && i % 3 == 0) a = 0;
        if (pinned && i % 3 == 1) b = 0;
        for (size_t j = 0; j < M; j++) {
            double fa = j < M / 2 || !pinned ? 1 + (double)(j % 3) : 0;
            double fb = j >= M / 2 || !pinned ? 3 - (double)(j % 4) * 0.5 : 0;
            x->conc[i * M + j] = a * fa + b * fb + 0.05 * normal(&seed);
            x->unc[i * M + j] = 0.05;
            x->f[j] = fa;
            x->f[M + j] = fb;
        }
    }
    x->in = (qk_pmf_input){N, M, x->conc, x->unc};
}

static void test_pmf_rotate__moves_most_for_its_price_where_the_data_leave_room(void **state)
{
    (void)state;
    static mixture x;
    double price[2] = {0};
    qk_pmf_options o = {.factors = 2, .runs = 2, .seed = 1};
    for (int pinned = 0; pinned < 2; pinned++) {
        qk_pmf_fit fit;
        qk_pmf_rotated r;
        make_pair(&x, pinned);
        assert_ok(qk_pmf_refine(&fit, &x.in, &o, x.f, NULL));
        assert_ok(qk_pmf_rotate(&r, &x.in, &o, &fit, -0.2, NULL));
        price[pinned] = r.dq / (r.moved[0] + r.moved[1]);
        print_message("%s: dQ %.2f, moved %.2g and %.2g\n", pinned ? "pinned" : "room", r.dq,
                      r.moved[0], r.moved[1]);
        qk_pmf_rotated_clear(&r);
        qk_pmf_fit_clear(&fit);
    }
    assert_true(price[0] < 0.1 * price[1]);
}

static void test_pmf_prepare__rules_of_limits_missing_weak_and_extra(void **state)
{
    (void)state;
    double conc[] = {1, 10, NAN, 4, 2, 0.1}, unc[] = {NAN, NAN, NAN, 0.5, 0, 0.2};
    const double limit[] = {2, 1}, fraction[] = {0.1, 0.1};
    const qk_pmf_kind kind[] = {QK_PMF_STRONG, QK_PMF_WEAK};
    bool silent[2];
    qk_pmf_notes notes;
    qk_pmf_rules rules = {
        .limit = limit, .fraction = fraction, .missing_median = true, .extra = 0.1};
    rules.kind = kind;
    assert_ok(qk_pmf_prepare(&notes, silent, conc, unc, 3, 2, &rules, NULL));
    assert_true(fabs(unc[0] - (2 * 5.0 / 6 + 0.1)) < 1e-12);      /* below the limit */
    assert_true(fabs(unc[4] - (2 * 5.0 / 6 + 0.2)) < 1e-12);      /* at the limit */
    assert_true(fabs(unc[1] - 3 * (sqrt(1 + 0.25) + 1)) < 1e-12); /* above, weak */
    assert_true(conc[2] == 1.5 && fabs(unc[2] - (6 + 0.15)) < 1e-12);
    assert_int_equal(notes.missing, 1);
    assert_true(silent[0] && !silent[1]); /* no value above its limit */
    rules.extra = 0.3;
    assert_int_equal(qk_pmf_prepare(&notes, NULL, conc, unc, 3, 2, &rules, NULL), QK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S044_pmf__known_shares_come_back_within_five_points),
        cmocka_unit_test(test_pmf__same_seed_gives_the_same_bits_and_another_seed_the_same_minimum),
        cmocka_unit_test(test_pmf__every_instruction_set_gives_the_same_bits),
        cmocka_unit_test(test_pmf__missing_cells_zero_uncertainties_and_empty_samples_are_left_out),
        cmocka_unit_test(test_pmf__robust_mode_is_not_led_astray_by_outliers),
        cmocka_unit_test(test_pmf__contributions_may_fall_to_the_floor_and_not_below),
        cmocka_unit_test(test_pmf__refuses_what_it_cannot_do_and_stops_when_told),
        cmocka_unit_test(test_pmf_errors__bootstraps_map_and_displacement_brackets_the_solution),
        cmocka_unit_test(
            test_pmf_rotate__sharper_and_blunter_profiles_cost_more_the_further_they_go),
        cmocka_unit_test(test_pmf_rotate__moves_most_for_its_price_where_the_data_leave_room),
        cmocka_unit_test(test_pmf_prepare__rules_of_limits_missing_weak_and_extra),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
