/* SPDX-License-Identifier: Apache-2.0 */
/* The forecaster and its parts on made-up worlds whose answer is known. */
#include "models/boost.h"
#include "models/forecast.h"
#include "models/ridge.h"
#include "../test.h"
#include <math.h>

static double uniform(uint64_t *state)
{
    return (double)(qk_test_random(state) >> 11) * 0x1p-53;
}

/* About normal: mean 0, variance 1. */
static double bell(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += uniform(state);
    return sum;
}

/* ---- ridge ---- */

static void fill_gram(qk_gram *gram, uint64_t seed, int rows)
{
    for (int i = 0; i < rows; i++) {
        double a = bell(&seed), b = bell(&seed), row[5] = {1, a, 100 * b, 7, 3 + 2 * a - 0.05 * b};
        qk_gram_add(gram, row);
    }
}

static void test_ridge__finds_the_line_and_leaves_constants_alone(void **state)
{
    (void)state;
    qk_gram gram;
    qk_ridge ridge;
    assert_ok(qk_gram_init(&gram, 3, NULL));
    assert_int_equal(qk_ridge_fit(&ridge, &gram, 0, NULL), QK_EFORMAT);
    fill_gram(&gram, 5, 400);
    assert_ok(qk_ridge_fit(&ridge, &gram, 0, NULL));
    assert_near(ridge.slope[0], 2, 1e-6);
    assert_near(ridge.slope[1], -0.0005, 1e-8);
    assert_true(ridge.slope[2] == 0);
    assert_near(qk_ridge_at(&ridge, (const double[]){1, 0, 7}), 5, 1e-5);
    qk_ridge_clear(&ridge);
    assert_ok(qk_ridge_fit(&ridge, &gram, 1, NULL)); /* as much penalty as variance: half */
    assert_near(ridge.slope[0], 1, 0.1);
    qk_ridge_clear(&ridge);
    qk_gram_clear(&gram);
    assert_int_equal(qk_gram_init(&gram, QK_RIDGE_FEATURES_MAX + 1, NULL), QK_EINVAL);
}

static void test_ridge__a_fold_is_left_out_by_subtraction(void **state)
{
    (void)state;
    qk_gram whole, part, rest;
    assert_ok(qk_gram_init(&whole, 3, NULL));
    assert_ok(qk_gram_init(&part, 3, NULL));
    assert_ok(qk_gram_init(&rest, 3, NULL));
    fill_gram(&part, 1, 100);
    fill_gram(&rest, 2, 200);
    qk_gram_join(&whole, &part);
    qk_gram_join(&whole, &rest);
    qk_gram_take(&whole, &part);
    for (size_t i = 0; i < 25; i++)
        assert_near(whole.sum[i], rest.sum[i], 1e-6 * (1 + fabs(rest.sum[i])));
    qk_gram_clear(&whole);
    qk_gram_clear(&part);
    qk_gram_clear(&rest);
}

/* ---- trees ---- */

enum { BOOST_ROWS = 1000 };

static void fill_step(qk_boost_table *table, double *y, uint32_t *rows)
{
    static double x[3][BOOST_ROWS];
    uint64_t seed = 3;
    for (uint32_t i = 0; i < BOOST_ROWS; i++) {
        for (int f = 0; f < 3; f++) x[f][i] = uniform(&seed);
        y[i] = (x[0][i] > 0.5) == (x[1][i] > 0.3) ? 4 : -1; /* no single feature tells it */
        rows[i] = i;
    }
    assert_ok(qk_boost_table_init(table, BOOST_ROWS, 3, NULL));
    for (size_t f = 0; f < 3; f++) qk_boost_table_put(table, f, x[f], rows, BOOST_ROWS);
}

static void test_boost__learns_an_interaction_and_is_the_same_twice(void **state)
{
    (void)state;
    static double y[BOOST_ROWS];
    static uint32_t rows[BOOST_ROWS];
    qk_boost_table table;
    qk_boost one, two;
    double off = 0;
    qk_boost_options o = {.rounds = 200, .depth = 3, .rate = 0.1, .lambda = 1, .leaf_rows = 5};
    o.row_share = o.feature_share = 0.8;
    o.seed = 7;
    fill_step(&table, y, rows);
    assert_ok(qk_boost_fit(&one, &table, y, rows, 800, &o, NULL));
    assert_ok(qk_boost_fit(&two, &table, y, rows, 800, &o, NULL));
    for (size_t r = 800; r < BOOST_ROWS; r++) {
        double told = qk_boost_at(&one, &table, r);
        assert_true(told == qk_boost_at(&two, &table, r));
        off += fabs(told - y[r]) / 200;
    }
    if (!(off < 0.5)) fail_msg("mean error %.3f", off);
    qk_boost_clear(&one);
    qk_boost_clear(&two);
    qk_boost_table_clear(&table);
}

static void test_boost__without_rows_or_with_large_leaves_there_is_only_the_mean(void **state)
{
    (void)state;
    static double y[BOOST_ROWS];
    static uint32_t rows[BOOST_ROWS];
    qk_boost_table table;
    qk_boost boost;
    double mean = 0;
    qk_boost_options o = {.rounds = 5, .depth = 2, .rate = 0.1, .leaf_rows = BOOST_ROWS};
    o.row_share = o.feature_share = 1;
    fill_step(&table, y, rows);
    for (size_t i = 0; i < BOOST_ROWS; i++) mean += y[i] / BOOST_ROWS;
    assert_int_equal(qk_boost_fit(&boost, &table, y, rows, 0, &o, NULL), QK_EINVAL);
    assert_ok(qk_boost_fit(&boost, &table, y, rows, BOOST_ROWS, &o, NULL));
    assert_near(qk_boost_at(&boost, &table, 0), mean, 1e-9);
    qk_boost_clear(&boost);
    qk_boost_table_clear(&table);
    assert_int_equal(qk_boost_table_init(&table, 0, 3, NULL), QK_EINVAL);
}

/* ---- weather ---- */

enum { DAYS = 600, LEADS = 4, COLUMNS = 3, ISSUES = DAYS + LEADS };

typedef struct world {
    double truth[DAYS + LEADS + 1];         /* of the weather, variance 1 */
    double weather[ISSUES][LEADS][COLUMNS]; /* column 0 tells the truth with noise, 1 is noise */
    double value[4][DAYS];                  /* 0 hangs on the weather, 3 is the index */
    bool learn[DAYS];
    qk_weather_archive archive;
    qk_forecast_record record;
} world;

static void make_weather(world *w, uint64_t *seed)
{
    for (int t = 0; t < DAYS + LEADS + 1; t++)
        w->truth[t] = (t ? 0.6 * w->truth[t - 1] : 0) + 0.8 * bell(seed);
    for (int i = 0; i < ISSUES; i++) {
        for (int l = 1; l <= LEADS; l++) {
            int t = i - LEADS + l; /* the first issue lies LEADS days before the record */
            double *cell = w->weather[i][l - 1];
            double now = t >= 0 && t <= DAYS + LEADS ? w->truth[t] : bell(seed);
            cell[0] = 15 + 3 * (now + 0.5 * l * bell(seed));
            cell[1] = bell(seed);
            cell[2] = NAN;
        }
    }
    w->archive = (qk_weather_archive){-LEADS, ISSUES, LEADS, COLUMNS, &w->weather[0][0][0]};
}

static void make_air(world *w, uint64_t *seed)
{
    double carried = 0;
    for (int t = 0; t < DAYS; t++) {
        carried = 0.7 * carried + 0.1 * bell(seed);
        w->value[0][t] = exp(4 - 0.6 * w->truth[t] + carried);
        w->value[1][t] = exp(3 + 0.2 * bell(seed));
        w->value[2][t] = NAN; /* never measured */
        w->value[3][t] = fmin(500, ceil(1.2 * w->value[0][t]));
        w->learn[t] = t < 450;
    }
    w->record = (qk_forecast_record){.days = DAYS, .targets = 4, .learn = w->learn, .index = 3};
    for (int k = 0; k < 4; k++) {
        w->record.value[k] = w->value[k];
        w->record.least[k] = 1;
    }
    w->record.key[1] = 1;
    w->record.companions = 1;
}

static world *make_world(uint64_t seed)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    make_weather(w, &seed);
    make_air(w, &seed);
    return w;
}

static double correlation(const double *a, const double *b, size_t n)
{
    double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) ma += a[i] / (double)n, mb += b[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        ab += (a[i] - ma) * (b[i] - mb);
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
    }
    return ab / sqrt(aa * bb);
}

static void test_lagged__old_forecasts_help_and_noise_counts_for_nothing(void **state)
{
    (void)state;
    world *w = make_world(11);
    qk_lagged lagged;
    double told[DAYS], single[DAYS], truth[DAYS], noise = 0;
    assert_ok(qk_lagged_fit(&lagged, &w->archive, 0, DAYS, w->learn, NULL));
    for (size_t i = 0; i < DAYS; i++) {
        told[i] = qk_lagged_at(&lagged, i, 2, 0);
        single[i] = w->weather[i + LEADS][1][0];
        truth[i] = w->truth[i + 2];
        noise += qk_lagged_at(&lagged, i, 2, 1) * qk_lagged_at(&lagged, i, 2, 1) / DAYS;
        assert_true(qk_lagged_at(&lagged, i, 2, 2) == 0); /* a column without a cell */
    }
    /* of three forecasts with errors 1, 1.5, 2: information 1 + .44 + .25, so r = .79 */
    double r = correlation(told + 450, truth + 450, 150);
    double alone = correlation(single + 450, truth + 450, 150);
    if (!(r > 0.7 && r > alone + 0.03)) fail_msg("r %.3f, of one forecast %.3f", r, alone);
    assert_true(noise < 0.05);
    assert_true(qk_lagged_at(&lagged, 5, LEADS + 1, 0) == 0);
    assert_true(qk_lagged_at(&lagged, 5, 0, 0) == qk_lagged_at(&lagged, 4, 1, 0));
    assert_true(qk_lagged_at(&lagged, 0, 0, 0) == 0);
    qk_lagged_clear(&lagged);
    free(w);
}

static void test_lagged__missing_leads_and_archives_of_other_times_give_climatology(void **state)
{
    (void)state;
    world *w = make_world(12);
    qk_lagged lagged;
    for (int i = 0; i < ISSUES; i++)
        for (int v = 0; v < COLUMNS; v++) w->weather[i][0][v] = w->weather[i][2][v] = NAN;
    assert_ok(qk_lagged_fit(&lagged, &w->archive, 0, DAYS, w->learn, NULL));
    double told[DAYS], truth[DAYS];
    for (size_t i = 0; i < DAYS; i++) {
        told[i] = qk_lagged_at(&lagged, i, 1, 0); /* from leads 2 and 4 of earlier days */
        truth[i] = w->truth[i + 1];
    }
    assert_true(correlation(told + 450, truth + 450, 150) > 0.5);
    qk_lagged_clear(&lagged);
    w->archive.first_issue = 90000;
    assert_ok(qk_lagged_fit(&lagged, &w->archive, 0, DAYS, w->learn, NULL));
    for (size_t i = 0; i < DAYS; i++) assert_true(qk_lagged_at(&lagged, i, 1, 0) == 0);
    qk_lagged_clear(&lagged);
    w->archive.leads = QK_LAGGED_LEADS + 1;
    assert_int_equal(qk_lagged_fit(&lagged, &w->archive, 0, DAYS, w->learn, NULL), QK_EINVAL);
    free(w);
}

/* ---- the whole ---- */

static double mean_of(const qk_forecaster *f, size_t issue, size_t lead, size_t target)
{
    static qk_forecast_draw draw[DAYS];
    size_t n;
    double sum = 0, weight = 0, index_weight = 0;
    assert_ok(qk_forecaster_draw(f, issue, lead, draw, &n, NULL));
    assert_true(n > 0 && n <= DAYS);
    for (size_t i = 0; i < n; i++) {
        sum += draw[i].weight * log(draw[i].value[target]);
        weight += draw[i].weight;
        index_weight += draw[i].index_weight;
        assert_true(isnan(draw[i].value[2])); /* never measured, never told */
        assert_true(draw[i].value[0] > 0 && draw[i].value[3] > 0);
    }
    assert_near(weight, 1, 1e-9);
    assert_near(index_weight, 1, 1e-9);
    return sum;
}

static void test_forecast__weather_and_persistence_are_found(void **state)
{
    (void)state;
    world *w = make_world(21);
    qk_forecaster *f;
    double told[LEADS + 1][DAYS], seen[DAYS], eve[DAYS];
    assert_ok(qk_forecaster_fit(&f, &w->record, &w->archive, LEADS, NULL));
    assert_true(qk_forecaster_knows(f, 0) && !qk_forecaster_knows(f, 2));
    assert_true(qk_forecaster_weather_skill(f) > 0.4);
    size_t n = 0;
    for (size_t i = 450; i + LEADS < DAYS; i++, n++) {
        told[1][n] = mean_of(f, i, 1, 0);
        told[LEADS][n] = mean_of(f, i + 1 - LEADS, LEADS, 0);
        seen[n] = log(w->value[0][i + 1]);
        eve[n] = log(w->value[0][i]);
    }
    double near = correlation(told[1], seen, n), far = correlation(told[LEADS], seen, n);
    double persistence = correlation(eve, seen, n);
    if (!(near > 0.8 && near > persistence + 0.1 && near > far && far > 0.2))
        fail_msg("day 1 %.3f, day 4 %.3f, persistence %.3f", near, far, persistence);
    qk_forecaster_free(f);
    free(w);
}

/* The air of the day to come shows in the last hours of the eve; none is known of days 500 to 529.
 */
static double *make_ends(const world *w)
{
    uint64_t seed = 77;
    double *end = calloc(DAYS, sizeof *end);
    assert_non_null(end);
    for (int t = 0; t < DAYS; t++) {
        double next = t + 1 < DAYS ? w->value[0][t + 1] : 50;
        end[t] = sqrt(w->value[0][t] * next) * exp(0.1 * bell(&seed));
        if (t >= 500 && t < 530) end[t] = NAN;
    }
    return end;
}

static void test_forecast__the_last_hours_tell_of_the_next_day(void **state)
{
    (void)state;
    world *w = make_world(26);
    double off[2] = {0}, first[3], second[3], *end = make_ends(w);
    for (int with = 0; with < 3; with++) {
        qk_forecaster *f;
        if (with) w->record.end[0][0] = end;
        for (int t = 0; with == 2 && t < 200; t++) end[t] = NAN; /* too few are left to learn */
        assert_ok(qk_forecaster_fit(&f, &w->record, &w->archive, 2, NULL));
        for (size_t i = 450; with < 2 && i + 1 < DAYS; i++)
            if (isfinite(end[i])) off[with] += fabs(mean_of(f, i, 1, 0) - log(w->value[0][i + 1]));
        first[with] = mean_of(f, 460, 1, 0);
        second[with] = mean_of(f, 460, 2, 0);
        assert_true(isfinite(mean_of(f, 510, 1, 0)));
        qk_forecaster_free(f);
    }
    if (!(off[1] < 0.7 * off[0])) fail_msg("%.3f without, %.3f with", off[0], off[1]);
    assert_true(second[0] == second[1] && first[0] != first[1] && first[0] == first[2]);
    free(end);
    free(w);
}

static void test_forecast__the_same_input_gives_the_same_bits(void **state)
{
    (void)state;
    world *w = make_world(22);
    qk_forecaster *f, *again;
    assert_ok(qk_forecaster_fit(&f, &w->record, &w->archive, 2, NULL));
    assert_ok(qk_forecaster_fit(&again, &w->record, &w->archive, 2, NULL));
    for (size_t i = 440; i < 600; i += 20)
        assert_true(mean_of(f, i, 2, 3) == mean_of(again, i, 2, 3));
    qk_forecaster_free(f);
    qk_forecaster_free(again);
    free(w);
}

static void test_forecast__nothing_after_the_issue_enters_but_what_was_learnt(void **state)
{
    (void)state;
    world *w = make_world(23);
    qk_forecaster *f;
    enum { ISSUE = 500 };
    assert_ok(qk_forecaster_fit(&f, &w->record, &w->archive, 2, NULL));
    double before = mean_of(f, ISSUE, 2, 0);
    qk_forecaster_free(f);
    for (int t = ISSUE + 1; t < DAYS; t++)
        for (int k = 0; k < 4; k++) w->value[k][t] = 400;
    for (int i = ISSUE + LEADS + 1; i < ISSUES; i++)
        for (int l = 0; l < LEADS; l++) w->weather[i][l][0] = -60;
    assert_ok(qk_forecaster_fit(&f, &w->record, &w->archive, 2, NULL));
    assert_true(mean_of(f, ISSUE, 2, 0) == before);
    qk_forecaster_free(f);
    free(w);
}

static void test_forecast__gaps_and_bad_values_give_no_nan(void **state)
{
    (void)state;
    world *w = make_world(24);
    qk_forecaster *f;
    for (int t = 100; t < 131; t++)
        for (int k = 0; k < 4; k++) w->value[k][t] = NAN; /* a month */
    w->value[0][200] = -5;
    w->value[0][201] = INFINITY;
    w->value[0][202] = 0;
    for (int t = 480; t < 510; t++) w->value[3][t] = NAN;
    for (int i = 300; i < 330; i++)
        for (int l = 0; l < LEADS; l++) w->weather[i][l][0] = NAN;
    assert_ok(qk_forecaster_fit(&f, &w->record, &w->archive, LEADS + 2, NULL));
    for (size_t i = 0; i < DAYS; i += 7)
        for (size_t l = 1; l <= LEADS + 2; l++) assert_true(isfinite(mean_of(f, i, l, 0)));
    qk_forecaster_free(f);
    w->archive.columns = w->archive.leads = w->archive.issues = 0; /* no weather at all */
    assert_ok(qk_forecaster_fit(&f, &w->record, &w->archive, 3, NULL));
    assert_true(isfinite(mean_of(f, 500, 3, 3)));
    assert_true(qk_forecaster_weather_skill(f) < 0.05);
    qk_forecaster_free(f);
    free(w);
}

static void test_forecast__too_little_is_refused(void **state)
{
    (void)state;
    world *w = make_world(25);
    qk_forecaster *f;
    qk_error err = {0};
    qk_forecast_draw draw[1];
    size_t n;
    for (int t = 0; t < DAYS; t++) w->learn[t] = t < QK_FORECAST_LEARN_MIN - 1;
    assert_int_equal(qk_forecaster_fit(&f, &w->record, &w->archive, 2, &err), QK_EFORMAT);
    assert_null(f);
    assert_non_null(strstr(err.message, "fewer than"));
    assert_int_equal(qk_forecaster_fit(&f, &w->record, &w->archive, 0, &err), QK_EINVAL);
    assert_int_equal(qk_forecaster_fit(&f, &w->record, &w->archive, QK_FORECAST_LEADS + 1, &err),
                     QK_EINVAL);
    w->record.days = QK_FORECAST_DAYS + 1;
    assert_int_equal(qk_forecaster_fit(&f, &w->record, &w->archive, 2, &err), QK_EINVAL);
    w->record.days = DAYS;
    w->record.index = 9;
    assert_int_equal(qk_forecaster_fit(&f, &w->record, &w->archive, 2, &err), QK_EINVAL);
    w->record.index = 3;
    for (int t = 0; t < DAYS; t++) w->learn[t] = t < 90;
    assert_ok(qk_forecaster_fit(&f, &w->record, &w->archive, 2, &err));
    assert_int_equal(qk_forecaster_draw(f, DAYS, 1, draw, &n, &err), QK_EINVAL);
    assert_int_equal(qk_forecaster_draw(f, 0, 3, draw, &n, &err), QK_EINVAL);
    qk_forecaster_free(f);
    qk_forecaster_free(NULL);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ridge__finds_the_line_and_leaves_constants_alone),
        cmocka_unit_test(test_ridge__a_fold_is_left_out_by_subtraction),
        cmocka_unit_test(test_boost__learns_an_interaction_and_is_the_same_twice),
        cmocka_unit_test(test_boost__without_rows_or_with_large_leaves_there_is_only_the_mean),
        cmocka_unit_test(test_lagged__old_forecasts_help_and_noise_counts_for_nothing),
        cmocka_unit_test(test_lagged__missing_leads_and_archives_of_other_times_give_climatology),
        cmocka_unit_test(test_forecast__weather_and_persistence_are_found),
        cmocka_unit_test(test_forecast__the_last_hours_tell_of_the_next_day),
        cmocka_unit_test(test_forecast__the_same_input_gives_the_same_bits),
        cmocka_unit_test(test_forecast__nothing_after_the_issue_enters_but_what_was_learnt),
        cmocka_unit_test(test_forecast__gaps_and_bad_values_give_no_nan),
        cmocka_unit_test(test_forecast__too_little_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
