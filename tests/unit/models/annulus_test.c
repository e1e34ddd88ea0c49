/* SPDX-License-Identifier: Apache-2.0 */
/* Direction against time: known sources, holes, bad hours, published surfaces. */
#include "models/annulus.h"
#include "../failing_memory.h"
#include "shared_table.h"

enum { HOURS = 24 * 1500 };
static qk_time when[80000];
static double ws[80000], wd[80000], value[80000];

static double uniform(uint64_t *state)
{
    return (double)(qk_test_random(state) >> 11) * 0x1p-53;
}

static qk_time midnight(int32_t year, int32_t month)
{
    qk_time t;
    assert_ok(qk_time_of(&t, &(qk_civil){.year = year, .month = month, .day = 1}));
    return t;
}

/* A source to the north-north-west that is at work about `busy` o'clock. */
static qk_wind_series make_hours(size_t n, double busy, uint64_t seed)
{
    qk_time start = midnight(2021, 1);
    for (size_t i = 0; i < n; i++) {
        when[i] = start + (qk_time)i * QK_HOUR;
        ws[i] = 0.5 + 6 * uniform(&seed);
        wd[i] = 360 * uniform(&seed);
        double dd = remainder(wd[i] - 340, 360) / 30,
               dh = remainder((double)(i % 24) - busy, 24) / 3;
        value[i] = 20 + 60 * exp(-dd * dd - dh * dh) + 4 * uniform(&seed);
    }
    return (qk_wind_series){n, ws, wd, value};
}

static void test_annulus__finds_direction_and_hour_of_a_source(void **state)
{
    (void)state;
    const double busy[] = {1, 8, 15};
    for (size_t b = 0; b < QK_ARRAY_COUNT(busy); b++) {
        qk_annulus a;
        qk_wind_series in = make_hours(HOURS, busy[b], b + 1);
        double best = 0, best_t = 0, best_wd = 0;
        assert_ok(qk_annulus_of(&a, when, &in, &(qk_annulus_options){0}, NULL));
        assert_int_equal(a.times, 24);
        for (int t = 0; t < 96; t++)
            for (int d = 0; d < 360; d += 2) {
                double z = qk_annulus_at(&a, t / 4.0, d);
                assert_true(isfinite(z) && z >= 0);
                if (z <= best) continue;
                best = z;
                best_t = t / 4.0;
                best_wd = d;
            }
        assert_true(fabs(remainder(best_t - busy[b], 24)) <= 0.75);
        assert_true(fabs(remainder(best_wd - 340, 360)) <= 6);
        assert_true(best > 70 && best < 90);
        /* round the circle and round the clock there is no seam */
        assert_near(qk_annulus_at(&a, 5, 0), qk_annulus_at(&a, 5, 360), 1e-9);
        assert_near(qk_annulus_at(&a, 0, 200), qk_annulus_at(&a, 24, 200), 1e-9);
        qk_annulus_clear(&a);
    }
}

static void test_annulus__a_plane_surface_stays_plane(void **state)
{
    (void)state;
    qk_annulus a;
    qk_wind_series in = make_hours(24 * 200, 8, 5);
    for (size_t i = 0; i < in.count; i++) value[i] = 50;
    for (int period = QK_ANNULUS_HOUR; period <= QK_ANNULUS_TREND; period++) {
        qk_annulus_options o = {.period = (qk_annulus_period)period};
        assert_ok(qk_annulus_of(&a, when, &in, &o, NULL));
        for (int d = 0; d < 360; d += 15) assert_near(qk_annulus_at(&a, 2.5, d), 50, 1e-6);
        assert_true(isfinite(a.edf));
        qk_annulus_clear(&a);
    }
}

static void test_annulus__the_trend_is_not_cyclic(void **state)
{
    (void)state;
    qk_annulus a;
    qk_wind_series in = make_hours(HOURS, 8, 9);
    for (size_t i = 0; i < in.count; i++) value[i] = 20 + 100.0 * (double)i / HOURS;
    qk_annulus_options o = {.period = QK_ANNULUS_TREND};
    assert_ok(qk_annulus_of(&a, when, &in, &o, NULL));
    assert_int_equal(a.times, 50); /* 1,500 days */
    double last = (double)a.times - 1;
    assert_near(qk_annulus_at(&a, 0, 90), 21, 1.5);
    assert_near(qk_annulus_at(&a, last, 90), 119, 2);
    assert_near(qk_annulus_at(&a, last / 2, 270), 70, 1);
    qk_annulus_clear(&a);
}

static void test_annulus__holes_are_bridged_but_wide_ones_are_empty(void **state)
{
    (void)state;
    qk_annulus a;
    qk_wind_series in = make_hours(HOURS, 12, 3);
    for (size_t i = 0; i < in.count; i++)
        if (wd[i] > 85 && wd[i] < 145 && i % 24 > 5 && i % 24 < 20) value[i] = NAN;
    assert_ok(qk_annulus_of(&a, when, &in, &(qk_annulus_options){0}, NULL));
    assert_true(isnan(qk_annulus_at(&a, 12, 115)));
    assert_near(qk_annulus_at(&a, 12, 90), 22, 4); /* beside the edge: what is near says */
    assert_near(qk_annulus_at(&a, 12, 340), 82, 8);
    assert_true(isnan(qk_annulus_at(&a, NAN, 90)) && isnan(qk_annulus_at(&a, 3, NAN)));
    assert_true(isnan(qk_annulus_at(&a, 99, 90)));
    qk_annulus_clear(&a);
}

static void test_annulus__bad_hours_are_counted_and_bad_options_refused(void **state)
{
    (void)state;
    qk_annulus a;
    qk_wind_series in = make_hours(24 * 30, 12, 3);
    ws[0] = 0;
    ws[1] = -1;
    wd[2] = NAN;
    value[3] = NAN;
    when[4] = QK_TIME_NONE;
    assert_ok(qk_annulus_of(&a, when, &in, &(qk_annulus_options){0}, NULL));
    assert_int_equal(a.left_out, 5);
    assert_int_equal(a.calm, 1);
    assert_int_equal(a.used, in.count - 5);
    qk_annulus_clear(&a);
    assert_int_equal(qk_annulus_of(&a, when, &in, &(qk_annulus_options){.sector_deg = 7}, NULL),
                     QK_EINVAL);
    assert_int_equal(qk_annulus_of(&a, when, &in, &(qk_annulus_options){.wind_knots = 3}, NULL),
                     QK_EINVAL);
    qk_annulus_options trend = {.period = QK_ANNULUS_TREND};
    assert_int_equal(qk_annulus_of(&a, when, &in, &trend, NULL), QK_EFORMAT); /* one month */
    for (size_t i = 0; i < in.count; i++) value[i] = NAN;
    assert_int_equal(qk_annulus_of(&a, when, &in, &(qk_annulus_options){0}, NULL), QK_EFORMAT);
}

static void test_annulus__any_allocation_may_fail(void **state)
{
    (void)state;
    qk_annulus a;
    qk_wind_series in = make_hours(24 * 100, 12, 3);
    qk_code code = QK_ENOMEM;
    for (unsigned n = 1; code != QK_OK; n++) {
        assert_true(n < 100);
        fail_at = n;
        code = qk_annulus_of(&a, when, &in, &(qk_annulus_options){0}, NULL);
        fail_at = 0;
        if (code != QK_OK) assert_int_equal(code, QK_ENOMEM);
    }
    qk_annulus_clear(&a);
}

/* ---- published surfaces ---- */

static likeness compare_ring(const qk_annulus *a, const char *reference)
{
    shared_table t;
    if (!shared_read(&t, reference)) skip();
    double *u = shared_column(&t, "u"), *v = shared_column(&t, "v"), *z = shared_column(&t, "z");
    double *mine = malloc((t.rows + 1) * sizeof *mine);
    assert_non_null(mine);
    for (size_t i = 0; i < t.rows; i++) {
        double at = fmin(fmax((hypot(u[i], v[i]) - 10) / 10, 0), 1) * 23;
        mine[i] =
            isfinite(z[i]) ? qk_annulus_at(a, at, atan2(u[i], v[i]) * 57.29577951308232) : NAN;
    }
    likeness l = compare_series(mine, z, t.rows);
    free(u);
    free(v);
    free(z);
    free(mine);
    shared_close(&t);
    return l;
}

static void test_annulus__surfaces_agree_with_published_ones(void **state)
{
    (void)state;
    static const char *const all[][2] = {
        {"pm10", "models/openair/polarannulus_pm10_hour.csv.gz"},
        {"o3", "data/openair/reference/polarannulus_o3_hour.csv.xz"}};
    for (size_t p = 0; p < QK_ARRAY_COUNT(all); p++) {
        shared_table t;
        qk_annulus a;
        if (!shared_read(&t, "data/openair/mydata.csv.xz")) skip();
        double *s = shared_column(&t, "ws"), *d = shared_column(&t, "wd");
        double *x = shared_column(&t, all[p][0]);
        assert_true(t.rows <= QK_ARRAY_COUNT(when));
        for (size_t i = 0; i < t.rows; i++) when[i] = midnight(1998, 1) + (qk_time)i * QK_HOUR;
        qk_wind_series in = {t.rows, s, d, x};
        assert_ok(qk_annulus_of(&a, when, &in, &(qk_annulus_options){0}, NULL));
        likeness l = compare_ring(&a, all[p][1]);
        print_message("annulus of %s by hour: r %.5f, mean %.3f %%, point by point %.2f %%, %zu "
                      "points\n",
                      all[p][0], l.r, 100 * l.mean_difference, 100 * l.mean_absolute, l.count);
        assert_true(l.r >= 0.99 && l.mean_difference <= 0.03 && l.count > 90000);
        qk_annulus_clear(&a);
        free(s);
        free(d);
        free(x);
        shared_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_annulus__finds_direction_and_hour_of_a_source),
        cmocka_unit_test(test_annulus__a_plane_surface_stays_plane),
        cmocka_unit_test(test_annulus__the_trend_is_not_cyclic),
        cmocka_unit_test(test_annulus__holes_are_bridged_but_wide_ones_are_empty),
        cmocka_unit_test(test_annulus__bad_hours_are_counted_and_bad_options_refused),
        cmocka_unit_test(test_annulus__any_allocation_may_fail),
        cmocka_unit_test(test_annulus__surfaces_agree_with_published_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
