/* SPDX-License-Identifier: Apache-2.0 */
/* Factor analysis of the sets that EPA's programs come with: 20 runs reach the best Q known. */
#include "models/pmf.h"
#include "shared_table.h"
#include <time.h>

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool read_matrix(double **out, size_t *rows, size_t *columns, const char *path)
{
    shared_table t;
    if (!shared_read(&t, path)) return false;
    *rows = t.rows;
    *columns = t.columns - 1;
    *out = malloc(t.rows * t.columns * sizeof **out);
    assert_non_null(*out);
    for (size_t i = 0; i < t.rows; i++)
        memcpy(*out + i * *columns, t.cell + i * t.columns + 1, *columns * sizeof **out);
    shared_close(&t);
    return true;
}

static void reach_best(const char *con, const char *unc, size_t factors, double best_known)
{
    qk_pmf_input in;
    double *c, *u;
    if (!read_matrix(&c, &in.samples, &in.species, con)) skip();
    if (!read_matrix(&u, &in.samples, &in.species, unc)) skip();
    in.conc = c;
    in.unc = u;
    qk_pmf_fit fit;
    qk_pmf_options o = {.factors = factors, .runs = 20, .seed = 1};
    double start = cpu_seconds();
    assert_ok(qk_pmf_solve(&fit, &in, &o, NULL));
    double took = cpu_seconds() - start, q = fit.run[fit.best].q_true;
    print_message(
        "%zu x %zu, %zu factors: 20 runs %.2f s CPU, Q %.2f, best known %.2f (%+.4f %%)\n",
        in.samples, in.species, factors, took, q, best_known, 100 * (q / best_known - 1));
    for (size_t i = 0; i < fit.samples * factors; i++) assert_true(isfinite(fit.g[i]));
    for (size_t i = 0; i < fit.species * factors; i++) assert_true(fit.f[i] >= 0);
    assert_true(q < 1.001 * best_known);
    qk_pmf_fit_clear(&fit);
    free(c);
    free(u);
}

#define ST_LOUIS  "data/pmf/Dataset-StLouis-con.csv", "data/pmf/Dataset-StLouis-unc.csv"
#define BALTIMORE "data/pmf/Dataset-Baltimore_con.txt", "data/pmf/Dataset-Baltimore_unc.txt"

static void test_S044_pmf__st_louis_reaches_the_best_known_q(void **state)
{
    (void)state;
    reach_best(ST_LOUIS, 4, 21368.7);
    reach_best(ST_LOUIS, 5, 12277.391);
    reach_best(ST_LOUIS, 6, 6527.506);
    reach_best(ST_LOUIS, 7, 2373.2);
    reach_best(ST_LOUIS, 8, 1382.5);
}

static void test_S044_pmf__baltimore_reaches_the_best_known_q(void **state)
{
    (void)state;
    reach_best(BALTIMORE, 6, 17712.856);
    reach_best(BALTIMORE, 7, 13991.674);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S044_pmf__st_louis_reaches_the_best_known_q),
        cmocka_unit_test(test_S044_pmf__baltimore_reaches_the_best_known_q),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
