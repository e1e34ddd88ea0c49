/* SPDX-License-Identifier: Apache-2.0 */
/* Roses, polar surfaces and trends: published numbers, known sources, bad hours. */
#include "base/time.h"
#include "models/dense.h"
#include "models/polar.h"
#include "models/rose.h"
#include "models/theilsen.h"
#include "models/tps.h"
#include "shared_table.h"
#include <time.h>

static double uniform(uint64_t *state)
{
    return (double)(qk_test_random(state) >> 11) * 0x1p-53;
}

/* A source to the south-west seen at middling speeds over a low background. */
enum { HOURS = 6000 };
static void make_hours(double *ws, double *wd, double *value, uint64_t seed)
{
    for (size_t i = 0; i < HOURS; i++) {
        ws[i] = floor(120 * uniform(&seed)) / 10;
        wd[i] = 10 * floor(37 * uniform(&seed)); /* 0 and 360 both occur */
        double a = (wd[i] - 230) / 25, b = (ws[i] - 6) / 2;
        value[i] = 10 + 80 * exp(-a * a - b * b) + 2 * uniform(&seed);
    }
}

static void test_polar__north_is_one_sector_and_bad_hours_are_counted(void **state)
{
    (void)state;
    const double ws[] = {1, 1, 1, 0, -1, NAN, 2, 2}, wd[] = {0, 360, 10, 90, 90, 90, NAN, 370};
    const double value[] = {1, 2, 3, 4, 5, 6, 7, NAN};
    qk_polar_bins bins;
    qk_rose rose;
    qk_wind_series in = {8, ws, wd, value};
    assert_ok(qk_polar_bin_series(&bins, &in, &(qk_polar_options){0}, NULL));
    assert_int_equal(bins.used, 4);
    assert_int_equal(bins.left_out, 4);
    assert_int_equal(bins.calm, 1);
    assert_true(bins.sector_deg == 10);
    qk_polar_bins_clear(&bins);
    assert_ok(qk_rose_of(&rose, &in, &(qk_rose_options){.sector_deg = 10}, NULL));
    assert_int_equal(rose.sectors, 36);
    assert_int_equal(rose.sector[35].count, 2); /* 0 and 360 */
    assert_int_equal(rose.sector[0].count, 1);
    assert_int_equal(rose.calm, 1);
    qk_rose_clear(&rose);
    assert_int_equal(qk_polar_bin_series(&bins, &in, &(qk_polar_options){.sector_deg = 7}, NULL),
                     QK_EINVAL);
    in.count = 0;
    assert_int_equal(qk_polar_bin_series(&bins, &in, &(qk_polar_options){0}, NULL), QK_EFORMAT);
    assert_int_equal(qk_rose_of(&rose, &in, &(qk_rose_options){0}, NULL), QK_EFORMAT);
}

static void peak_of(const qk_polar_surface *s, double *wd, double *ws)
{
    size_t best = SIZE_MAX;
    for (size_t p = 0; p < s->side * s->side; p++)
        if (isfinite(s->value[p]) && (best == SIZE_MAX || s->value[p] > s->value[best])) best = p;
    double u = -s->reach + 2 * s->reach * (double)(best % s->side) / (double)(s->side - 1);
    double v = -s->reach + 2 * s->reach * (double)(best / s->side) / (double)(s->side - 1);
    *ws = hypot(u, v);
    *wd = fmod(atan2(u, v) * 57.29577951308232 + 360, 360);
}

static void test_polar__every_statistic_points_to_the_source(void **state)
{
    (void)state;
    static double ws[HOURS], wd[HOURS], value[HOURS];
    const qk_polar_statistic all[] = {QK_POLAR_MEAN, QK_POLAR_MEDIAN, QK_POLAR_CPF, QK_POLAR_NWR};
    make_hours(ws, wd, value, 1);
    for (size_t i = 0; i < QK_ARRAY_COUNT(all); i++) {
        qk_polar_surface s;
        double at_wd, at_ws;
        qk_wind_series in = {HOURS, ws, wd, value};
        qk_polar_options o = {.statistic = all[i], .percentile = 90};
        assert_ok(qk_polar_surface_of(&s, &in, &o, NULL));
        peak_of(&s, &at_wd, &at_ws);
        print_message("statistic %d: peak at %.0f degrees, %.1f m/s\n", (int)all[i], at_wd, at_ws);
        assert_true(fabs(at_wd - 230) <
                    (all[i] == QK_POLAR_CPF ? 30 : 15)); /* CPF is flat on top */
        assert_true(fabs(at_ws - 6) < 1.5);
        qk_polar_surface_clear(&s);
    }
}

static void test_polar__calm_negative_and_constant_series_give_no_nan_inside(void **state)
{
    (void)state;
    static double ws[HOURS], wd[HOURS], value[HOURS];
    qk_wind_series in = {HOURS, ws, wd, value};
    qk_polar_surface s;
    size_t inside = 0;
    make_hours(ws, wd, value, 2);
    for (size_t i = 0; i < HOURS; i++) value[i] = i % 3 ? -5 : 4; /* means below 0 */
    assert_ok(qk_polar_surface_of(&s, &in, &(qk_polar_options){0}, NULL));
    for (size_t p = 0; p < s.side * s.side; p++) inside += isfinite(s.value[p]) && s.value[p] >= 0;
    assert_true(inside > 1000);
    qk_polar_surface_clear(&s);
    for (size_t i = 0; i < HOURS; i++) ws[i] = 0;
    assert_int_equal(qk_polar_surface_of(&s, &in, &(qk_polar_options){0}, NULL), QK_EFORMAT);
}

static void test_tps__a_smooth_function_is_found_again(void **state)
{
    (void)state;
    double x[400], y[400], z[400], w[400], worst = 0;
    uint64_t seed = 3;
    qk_tps t;
    for (size_t i = 0; i < 400; i++) {
        x[i] = 2 * uniform(&seed) - 1;
        y[i] = 2 * uniform(&seed) - 1;
        z[i] = sin(3 * x[i]) * cos(2 * y[i]) + x[i] + 0.2 * (uniform(&seed) - 0.5);
        w[i] = 1;
    }
    assert_ok(qk_tps_fit(&t, x, y, z, w, 400, 100, NULL));
    for (double a = -0.8; a < 0.85; a += 0.1)
        for (double b = -0.8; b < 0.85; b += 0.1)
            worst = fmax(worst, fabs(qk_tps_at(&t, a, b) - sin(3 * a) * cos(2 * b) - a));
    print_message("spline of a smooth function: worst error %.4f, %.1f degrees of freedom\n", worst,
                  t.edf);
    assert_true(worst < 0.08 && t.edf < 90); /* the noise has a deviation of 0.058 */
    qk_tps_clear(&t);
    for (size_t i = 0; i < 400; i++) y[i] = 2 * x[i];
    assert_int_equal(qk_tps_fit(&t, x, y, z, w, 400, 100, NULL), QK_EFORMAT);
    assert_int_equal(qk_tps_fit(&t, x, y, z, w, 3, 100, NULL), QK_EFORMAT);
}

/* As the calm bins of every direction lie in one. */
static void test_tps__many_values_at_few_places_still_make_a_surface(void **state)
{
    (void)state;
    double x[90], y[90], z[90], w[90];
    qk_tps t;
    for (size_t i = 0; i < 90; i++) {
        x[i] = (double)(i % 3) - 1;
        y[i] = (double)(i / 3 % 3) - 1;
        z[i] = 5 + 2 * x[i] - y[i];
        w[i] = 1;
    }
    assert_ok(qk_tps_fit(&t, x, y, z, w, 90, 100, NULL));
    assert_true(fabs(qk_tps_at(&t, 0.5, 0.5) - 5.5) < 1e-6);
    qk_tps_clear(&t);
    for (size_t i = 0; i < 90; i++) y[i] = x[i] * x[i]; /* three places */
    assert_int_equal(qk_tps_fit(&t, x, y, z, w, 90, 100, NULL), QK_EFORMAT);
}

static void test_polar__a_quantile_by_selection_is_that_of_the_sorted(void **state)
{
    (void)state;
    double v[501], sorted[501];
    uint64_t seed = 6;
    for (size_t n = 1; n <= 501; n += 20)
        for (double percent = 0; percent <= 100; percent += 12.5) {
            for (size_t i = 0; i < n; i++) v[i] = sorted[i] = floor(30 * uniform(&seed));
            qk_sort_doubles(sorted, n);
            assert_true(qk_quantile(v, n, percent) == qk_quantile_sorted(sorted, n, percent));
        }
    assert_true(isnan(qk_quantile(v, 0, 50)));
}

static void test_dense__eigenvalues_and_vectors_satisfy_their_equation(void **state)
{
    (void)state;
    enum { N = 40 };
    double *a = qk_dense_new(N * N), *copy = qk_dense_new(N * N), *v = qk_dense_new(N * N);
    double d[N], e[N], worst = 0;
    uint64_t seed = 9;
    assert_true(a && copy && v);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j <= i; j++) a[i * N + j] = a[j * N + i] = uniform(&seed) - 0.5;
    memcpy(copy, a, N * N * sizeof *a);
    for (size_t i = 0; i < N; i++) v[i * N + i] = 1;
    assert_true(qk_dense_eigen(a, N, N, d, e, v, N));
    for (size_t k = 0; k < N; k++)
        for (size_t i = 0; i < N; i++) {
            double sum = -d[k] * v[k * N + i];
            for (size_t j = 0; j < N; j++) sum += copy[i * N + j] * v[k * N + j];
            worst = fmax(worst, fabs(sum));
        }
    assert_true(worst < 1e-12);
    free(a);
    free(copy);
    free(v);
}

static void test_dense__every_instruction_set_gives_the_same_bits(void **state)
{
    (void)state;
    enum { N = 64 };
    double *x = qk_dense_new(N), *y = qk_dense_new(N), *p = qk_dense_new(N), *q = qk_dense_new(N);
    uint64_t seed = 4;
    assert_true(x && y && p && q);
    for (size_t i = 0; i < N; i++) {
        x[i] = 4 * uniform(&seed);
        y[i] = 360 * uniform(&seed);
    }
    const qk_dense_kernel *picked = qk_dense_pick();
    qk_dense_base.thin_plate(p, x, y, x[3], y[3], N);
    picked->thin_plate(q, x, y, x[3], y[3], N);
    assert_memory_equal(p, q, N * sizeof *p);
    assert_true(q[3] == 0);
    picked->dots(q, x, x, 8, 6, 21);
    for (size_t r = 0; r < 6; r++) p[r] = qk_dense_base.dot(x, x + 8 * r, 21);
    assert_memory_equal(p, q, 6 * sizeof *p);
    picked->thin_plate(q, x, y, x[3], y[3], N);
    double r2 = (x[5] - x[3]) * (x[5] - x[3]) + (y[5] - y[3]) * (y[5] - y[3]);
    assert_true(fabs(q[5] - r2 * log(r2)) < 1e-14 * fabs(q[5]) + 1e-14);
    double a[2], b[2], at[2] = {1.5, 355}, scale[2] = {0.5, 0.14}, sum = 0, weighted = 0;
    qk_dense_base.kernel_mean(a, x, x, y, at, scale, N);
    picked->kernel_mean(b, x, x, y, at, scale, N);
    assert_memory_equal(a, b, sizeof a);
    for (size_t i = 0; i < N; i++) {
        double dy = fabs(y[i] - 355);
        dy = 0.14 * (dy > 180 ? 360 - dy : dy);
        double k = exp(-0.25 * (x[i] - 1.5) * (x[i] - 1.5) - dy * dy);
        sum += k;
        weighted += k * x[i];
    }
    assert_true(fabs(a[0] / sum - 1) < 1e-12 && fabs(a[1] / weighted - 1) < 1e-12);
    free(x);
    free(y);
    free(p);
    free(q);
}

/* ---- trends ---- */

static qk_month *make_months(size_t n, double slope_per_year, double season, uint64_t seed)
{
    qk_month *m = calloc(n, sizeof *m);
    qk_time t = 0;
    assert_non_null(m);
    assert_ok(qk_time_parse(&t, QK_STR("2015-01-01")));
    for (size_t i = 0; i < n; i++) {
        m[i].start = qk_add_months(t, (int32_t)i);
        double day = (double)(qk_day_number(m[i].start) - qk_day_number(t));
        m[i].mean = 60 + slope_per_year * day / 365 +
                    season * cos(6.283185307 * (double)(i % 12) / 12) + uniform(&seed) - 0.5;
        m[i].count = 700;
    }
    return m;
}

static void test_S047_theilsen__slope_and_interval_of_a_seasonal_series(void **state)
{
    (void)state;
    qk_month *m = make_months(96, -3, 25, 1);
    qk_theilsen plain, off;
    m[40].mean = NAN; /* a month without data */
    m[60].mean = 900; /* and a wild one */
    assert_ok(qk_theilsen_of(&plain, m, 96, &(qk_theilsen_options){.block = 12, .seed = 1}, NULL));
    assert_ok(qk_theilsen_of(&off, m, 96, &(qk_theilsen_options){.deseason = true}, NULL));
    assert_int_equal(off.missing, 1);
    assert_true(fabs(off.slope + 3) < 0.1);
    assert_true(off.lower < off.slope && off.slope < off.upper && off.upper < 0 && off.p < 0.01);
    assert_true(fabs(plain.slope + 3) < 1);
    assert_true(isnan(off.value[40]));
    qk_theilsen_clear(&plain);
    qk_theilsen_clear(&off);
    assert_int_equal(qk_theilsen_of(&off, m, 5, &(qk_theilsen_options){0}, NULL), QK_EFORMAT);
    assert_int_equal(qk_theilsen_of(&off, m, 20, &(qk_theilsen_options){.deseason = true}, NULL),
                     QK_EFORMAT);
    free(m);
}

static void test_S047_rose__weather_normalising_takes_the_wind_out(void **state)
{
    (void)state;
    enum { YEARS = 4, COUNT = YEARS * 2190 };
    static double ws[COUNT], wd[COUNT], value[COUNT], plain[COUNT];
    static qk_time time[COUNT];
    uint64_t seed = 1;
    double before = 0, after = 0;
    for (size_t i = 0; i < COUNT; i++) { /* each year windier, nothing emitted less */
        time[i] = QK_DAY * 365 * 45 + (qk_time)i * 4 * QK_HOUR;
        ws[i] = 1 + 6 * uniform(&seed) * (1 + 0.3 * (double)(i / 2190));
        wd[i] = 360 * uniform(&seed);
        value[i] = 100 / ws[i];
    }
    value[7] = NAN;
    qk_wind_series in = {COUNT, ws, wd, value};
    assert_ok(qk_weather_normalise(plain, time, &in, NULL));
    assert_true(isnan(plain[7]));
    for (size_t i = 8; i < 2190; i++) {
        before += (value[i] - value[i + 3 * 2190]) / 2182;
        after += (plain[i] - plain[i + 3 * 2190]) / 2182;
    }
    assert_true(before > 8);
    assert_true(fabs(after) < 0.4 * before);
}

/* ---- published numbers ---- */

typedef struct hours {
    shared_table t;
    double *ws, *wd, *value;
    qk_wind_series series;
} hours;

static void read_hours(hours *h, const char *pollutant)
{
    if (!shared_read(&h->t, "data/openair/mydata.csv.xz")) skip();
    h->ws = shared_column(&h->t, "ws");
    h->wd = shared_column(&h->t, "wd");
    h->value = shared_column(&h->t, pollutant);
    h->series = (qk_wind_series){h->t.rows, h->ws, h->wd, h->value};
}

static void end_hours(hours *h)
{
    free(h->ws);
    free(h->wd);
    free(h->value);
    shared_close(&h->t);
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Compares with a reference u,v,z; returns how alike, with the points only one of them has. */
static likeness compare_surface(const qk_polar_surface *s, const char *reference, size_t *lonely)
{
    shared_table t;
    if (!shared_read(&t, reference)) skip();
    double *u = shared_column(&t, "u"), *v = shared_column(&t, "v"), *z = shared_column(&t, "z");
    double *mine = malloc((t.rows + 1) * sizeof *mine);
    size_t have = 0, inside = 0;
    assert_non_null(mine);
    for (size_t i = 0; i < t.rows; i++) {
        long c = lround((u[i] / s->reach + 1) * 100), r = lround((v[i] / s->reach + 1) * 100);
        mine[i] = s->value[(size_t)r * s->side + (size_t)c];
        have += isfinite(z[i]) && isfinite(mine[i]);
    }
    for (size_t p = 0; p < s->side * s->side; p++) inside += isfinite(s->value[p]);
    likeness l = compare_series(mine, z, t.rows);
    size_t theirs = 0;
    for (size_t i = 0; i < t.rows; i++) theirs += isfinite(z[i]);
    *lonely = inside + theirs - 2 * have;
    free(u);
    free(v);
    free(z);
    free(mine);
    shared_close(&t);
    return l;
}

static void test_polar__surfaces_agree_with_published_ones(void **state)
{
    (void)state;
    static const char *const pollutants[] = {"nox", "o3", "pm10"};
    for (size_t p = 0; p < 3; p++) {
        hours h = {0};
        qk_polar_surface s;
        char reference[128];
        size_t lonely;
        read_hours(&h, pollutants[p]);
        double start = cpu_ms();
        assert_ok(qk_polar_surface_of(&s, &h.series, &(qk_polar_options){0}, NULL));
        double took = cpu_ms() - start;
        snprintf(reference, sizeof reference, "data/openair/reference/polarplot_%s.csv.xz",
                 pollutants[p]);
        likeness l = compare_surface(&s, reference, &lonely);
        print_message("polar surface of %s: r %.5f, mean %.3f %%, point by point %.2f %%, %zu "
                      "points, %zu in one only; %.1f ms CPU\n",
                      pollutants[p], l.r, 100 * l.mean_difference, 100 * l.mean_absolute, l.count,
                      lonely, took);
        assert_true(l.r >= 0.99 && l.mean_difference <= 0.03 && lonely == 0);
        qk_polar_surface_clear(&s);
        end_hours(&h);
    }
}

static void test_polar__bins_agree_exactly_with_published_ones(void **state)
{
    (void)state;
    hours h = {0};
    shared_table t;
    qk_polar_bins bins;
    size_t same = 0;
    if (!shared_read(&t, "models/openair/polarbins_nox_mean.csv")) skip();
    read_hours(&h, "nox");
    assert_ok(qk_polar_bin_series(&bins, &h.series, &(qk_polar_options){0}, NULL));
    assert_int_equal(bins.count, t.rows);
    for (size_t i = 0; i < t.rows; i++) {
        const double *row = t.cell + i * t.columns;
        for (size_t b = 0; b < bins.count; b++) {
            const qk_polar_bin *mine = &bins.bin[b];
            if (mine->wd_deg != row[0] || mine->speed_bin != (int32_t)row[1]) continue;
            same += mine->count == (uint32_t)row[2] && fabs(mine->value / row[3] - 1) < 1e-12;
        }
    }
    print_message("polar bins of nox: %zu of %zu the same\n", same, t.rows);
    assert_int_equal(same, t.rows);
    qk_polar_bins_clear(&bins);
    end_hours(&h);
    shared_close(&t);
}

static double reference_slope(const char *pollutant, bool deseason)
{
    char name[128];
    shared_table t;
    snprintf(name, sizeof name, "data/openair/reference/theilsen_%s%s_main.csv", pollutant,
             deseason ? "_deseason" : "");
    if (!shared_read(&t, name)) skip();
    double slope = t.cell[qk_csv_column(t.reader, "slope")];
    shared_close(&t);
    return slope;
}

static void test_theilsen__slopes_agree_with_published_ones(void **state)
{
    (void)state;
    static const char *const pollutants[] = {"nox", "no2", "o3", "pm10"};
    for (size_t p = 0; p < 4; p++) {
        hours h = {0};
        qk_month *m;
        size_t count;
        read_hours(&h, pollutants[p]);
        qk_time *time = malloc((h.t.rows + 1) * sizeof *time), start = 0;
        assert_non_null(time);
        assert_ok(qk_time_parse(&start, QK_STR("1998-01-01")));
        for (size_t i = 0; i < h.t.rows; i++) time[i] = start + (qk_time)i * QK_HOUR;
        assert_ok(qk_months_of(&m, &count, time, h.value, h.t.rows, 0, NULL));
        for (int deseason = 0; deseason < 2; deseason++) {
            qk_theilsen t;
            double before = cpu_ms(), wanted = reference_slope(pollutants[p], deseason);
            qk_theilsen_options o = {.deseason = deseason, .seed = 1};
            before = cpu_ms();
            assert_ok(qk_theilsen_of(&t, m, count, &o, NULL));
            print_message("trend of %s%s: %.5f a year, published %.5f (%+.3f %%); %.1f ms CPU\n",
                          pollutants[p], deseason ? ", season off" : "", t.slope, wanted,
                          100 * (t.slope / wanted - 1), cpu_ms() - before);
            assert_true(fabs(t.slope / wanted - 1) < (deseason && p > 1 ? 0.02 : 0.005));
            qk_theilsen_clear(&t);
        }
        free(m);
        free(time);
        end_hours(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polar__north_is_one_sector_and_bad_hours_are_counted),
        cmocka_unit_test(test_polar__every_statistic_points_to_the_source),
        cmocka_unit_test(test_polar__calm_negative_and_constant_series_give_no_nan_inside),
        cmocka_unit_test(test_tps__a_smooth_function_is_found_again),
        cmocka_unit_test(test_tps__many_values_at_few_places_still_make_a_surface),
        cmocka_unit_test(test_polar__a_quantile_by_selection_is_that_of_the_sorted),
        cmocka_unit_test(test_dense__eigenvalues_and_vectors_satisfy_their_equation),
        cmocka_unit_test(test_dense__every_instruction_set_gives_the_same_bits),
        cmocka_unit_test(test_S047_theilsen__slope_and_interval_of_a_seasonal_series),
        cmocka_unit_test(test_S047_rose__weather_normalising_takes_the_wind_out),
        cmocka_unit_test(test_polar__surfaces_agree_with_published_ones),
        cmocka_unit_test(test_polar__bins_agree_exactly_with_published_ones),
        cmocka_unit_test(test_theilsen__slopes_agree_with_published_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
