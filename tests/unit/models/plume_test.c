/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "models/plume_area.h"
#include "models/plume_kernel.h"
#include <math.h>

static qk_plume_hour stable_hour(void)
{
    return (qk_plume_hour){.year = 2025,
                           .month = 1,
                           .day = 1,
                           .hour = 2,
                           .heat_flux_w_m2 = -20,
                           .ustar_m_s = 0.25,
                           .wstar_m_s = -9,
                           .gradient_above_k_m = -9,
                           .convective_height_m = -999,
                           .mechanical_height_m = 300,
                           .obukhov_m = 60,
                           .roughness_m = 0.1,
                           .wind_m_s = 3,
                           .direction_deg = 270,
                           .wind_height_m = 10,
                           .temperature_k = 280,
                           .temperature_height_m = 2};
}

static qk_plume_hour convective_hour(void)
{
    qk_plume_hour h = stable_hour();
    h.heat_flux_w_m2 = 150;
    h.wstar_m_s = 1.6;
    h.gradient_above_k_m = 0.006;
    h.convective_height_m = 900;
    h.mechanical_height_m = 500;
    h.obukhov_m = -30;
    return h;
}

static const qk_plume_stack tall = {.kind = QK_PLUME_POINT,
                                    .height_m = 80,
                                    .temperature_k = 400,
                                    .velocity_m_s = 15,
                                    .diameter_m = 2,
                                    .tip_downwash = true};

static void test_plume__status_of_an_hour_tells_calm_from_missing(void **state)
{
    (void)state;
    qk_plume_hour h = stable_hour();
    assert_int_equal(qk_plume_hour_status(&h), QK_PLUME_HOUR_VALID);
    h.wind_m_s = 0;
    assert_int_equal(qk_plume_hour_status(&h), QK_PLUME_HOUR_CALM);
    h = stable_hour();
    h.direction_deg = 999;
    assert_int_equal(qk_plume_hour_status(&h), QK_PLUME_HOUR_MISSING);
    h = stable_hour();
    h.obukhov_m = -99999;
    assert_int_equal(qk_plume_hour_status(&h), QK_PLUME_HOUR_MISSING);
    h = convective_hour();
    h.wstar_m_s = -9;
    assert_int_equal(qk_plume_hour_status(&h), QK_PLUME_HOUR_MISSING);
    h = convective_hour();
    h.temperature_k = NAN;
    assert_int_equal(qk_plume_hour_status(&h), QK_PLUME_HOUR_MISSING);
}

static void test_plume__profile_goes_through_what_was_observed(void **state)
{
    (void)state;
    static qk_plume_profile p;
    qk_plume_hour h = stable_hour();
    h.observed_count = 2;
    h.observed[0] = (qk_plume_observed){10, 3, 350, 280, 0.5, 0.2};
    h.observed[1] = (qk_plume_observed){100, 6, 10, 281.5, 0.6, 0.3};
    qk_plume_profile_make(&p, &h, 0);
    qk_plume_level v;
    qk_plume_at(&v, &p, 100);
    assert_near(v.u, 6, 1e-12);
    assert_near(v.sigma_w, 0.3, 1e-12);
    assert_near(qk_plume_direction_at(&p, 100), 10, 1e-12);
    double between = qk_plume_direction_at(&p, 60); /* by the shorter arc, over north */
    assert_true(between > 359 || between < 10);
}

static void test_plume__mean_of_the_layer_is_that_of_the_trapezoids(void **state)
{
    (void)state;
    static qk_plume_profile p;
    qk_plume_hour h = convective_hour();
    qk_plume_profile_make(&p, &h, 0);
    double sum = 0, step = 0.01;
    for (double z = step / 2; z < p.mixing_m; z += step) {
        const double *row = p.row[qk_plume_locate(z)];
        sum +=
            (row[QK_PLUME_ROW_VALUE] + row[QK_PLUME_ROW_SLOPE] * (z - row[QK_PLUME_ROW_HEIGHT])) *
            step;
    }
    assert_near(p.u_mean, sum / p.mixing_m, 1e-6);
}

/* What passes a plane across the wind is what is emitted: the vertical term integrates to 1 over
 * the layer that holds the plume. */
static double column(const qk_plume_source *s, double x, double top)
{
    qk_plume_slice c;
    double sum = 0, step = 0.5;
    qk_plume_receptor low = {.flat = true};
    qk_plume_slice_at(&c, s, x, &low);
    for (double z = step / 2; z < top; z += step) {
        qk_plume_receptor r = {.height_m = z, .flagpole_m = z, .flat = true};
        qk_plume_slice at;
        qk_plume_slice_at(&at, s, x, &r);
        sum += (at.main + at.aloft) * at.wind_m_s * step;
    }
    return sum;
}

static void test_S046_plume__mass_is_kept_across_the_wind(void **state)
{
    (void)state;
    static qk_plume_profile p;
    qk_plume_source s;
    qk_plume_stack volume = {
        .kind = QK_PLUME_VOLUME, .height_m = 20, .sigma_y_m = 5, .sigma_z_m = 4};
    qk_plume_hour h = stable_hour();
    qk_plume_profile_make(&p, &h, 0);
    qk_plume_source_make(&s, &volume, &p);
    /* the effective layer differs from height to height, which costs a few per cent */
    assert_near(column(&s, 500, 600), 1, 0.08);
    h = convective_hour();
    qk_plume_profile_make(&p, &h, 0);
    qk_plume_source_make(&s, &volume, &p);
    assert_near(column(&s, 800, 900), 1, 0.08);
}

static void test_plume__table_keeps_to_the_slice(void **state)
{
    (void)state;
    static qk_plume_profile p;
    static qk_plume_table t;
    static double x[1200], y[1200], sum[1200];
    static float place[1200];
    uint64_t seed = 7;
    for (int k = 0; k < 2; k++) {
        qk_plume_hour h = k ? convective_hour() : stable_hour();
        qk_plume_source s;
        qk_plume_profile_make(&p, &h, 0);
        qk_plume_source_make(&s, &tall, &p);
        qk_plume_table_make(&t, &s, 0, 0, 50, 20000, false);
        double top = 0;
        for (int i = 0; i < 1200; i++) {
            double r = 300 * exp((double)(qk_test_random(&seed) % 1000) / 1000 * 4.1);
            double a = ((double)(qk_test_random(&seed) % 1000) / 1000 - 0.5) * 0.8; /* downwind */
            x[i] = r * cos(a);
            y[i] = r * sin(a);
            place[i] = qk_plume_table_place(r);
            sum[i] = 0;
        }
        qk_plume_table_add(sum, &t, 0, 0, x, y, place, 1200, 1);
        for (int i = 0; i < 1200; i++) top = fmax(top, sum[i]);
        assert_true(top > 0);
        int counted = 0, beyond = 0;
        double worst = 0;
        for (int i = 0; i < 1200; i++) {
            qk_plume_receptor r = {.flat = true};
            double exact = qk_plume_concentration(&s, x[i], y[i], &r, 0);
            if (exact < 1e-3 * top) continue;
            double off = fabs(sum[i] / exact - 1);
            counted++;
            beyond += off > 1e-3;
            worst = fmax(worst, off);
        }
        print_message("table: %d values, worst %.1e\n", counted, worst);
        assert_true(counted > 200 && beyond <= 1 && worst < 3e-3);
    }
}

/* Receptors on all sides, also where the table does not reach: what it takes for nothing is
 * nothing.
 */
static void test_plume__table_leaves_nothing_out_beside_the_wind(void **state)
{
    (void)state;
    enum { COUNT = 2400 };
    static qk_plume_profile p;
    static qk_plume_table t;
    static double x[COUNT], y[COUNT], sum[COUNT];
    static float place[COUNT];
    uint64_t seed = 19;
    for (int k = 0; k < 4; k++) {
        qk_plume_hour h = k % 2 ? convective_hour() : stable_hour();
        qk_plume_stack volume = {
            .kind = QK_PLUME_VOLUME, .height_m = 20, .sigma_y_m = 12, .sigma_z_m = 4};
        qk_plume_source s;
        double top = 0;
        qk_plume_profile_make(&p, &h, 0);
        qk_plume_source_make(&s, k / 2 ? &volume : &tall, &p);
        qk_plume_table_make(&t, &s, 0, 1e-4, 300, 20000, false);
        for (int i = 0; i < COUNT; i++) {
            double r = exp((double)(qk_test_random(&seed) % 1000) / 1000 * 9.8);
            double a = (double)(qk_test_random(&seed) % 1000) / 1000 * 2 * M_PI;
            x[i] = r * cos(a);
            y[i] = r * sin(a);
            place[i] = qk_plume_table_place(r);
            sum[i] = 0;
        }
        qk_plume_table_add(sum, &t, 0, 0, x, y, place, COUNT, 1);
        for (int i = 0; i < COUNT; i++) top = fmax(top, sum[i]);
        for (int i = 0; i < COUNT; i++) {
            qk_plume_receptor r = {.flat = true};
            double exact = qk_plume_concentration(&s, x[i], y[i], &r, 1e-4);
            assert_near(sum[i], exact, 1e-2 * exact + 1e-7 * top);
        }
    }
}

static double off_of(const double *a, const double *b, int count)
{
    double worst = 0;
    for (int i = 0; i < count; i++)
        if (b[i] != a[i]) worst = fmax(worst, fabs(a[i] / b[i] - 1));
    return worst;
}

/* The same text for each instruction set: the numbers differ by rounding only, and a slice does not
 * depend on what it is made beside. */
static void test_plume__instruction_sets_agree(void **state)
{
    (void)state;
    static qk_plume_profile rural, city;
    static qk_plume_slices base, fast, alone;
    const qk_plume_kernel *best = qk_plume_kernel_pick();
    for (int k = 0; k < 4; k++) {
        qk_plume_hour h = k % 2 ? convective_hour() : stable_hour();
        qk_plume_source s;
        qk_plume_where at = {.count = QK_PLUME_BATCH, .hilly = k == 2};
        qk_plume_profile_make(&rural, &h, 0);
        qk_plume_profile_urban(&city, &rural, 500000, 1);
        qk_plume_source_make(&s, &tall, k / 2 ? &city : &rural);
        for (int i = 0; i < at.count; i++) {
            at.x_m[i] = 20 * exp(0.11 * i);
            at.flagpole_m[i] = k == 3 ? 1.5 : 0;
            at.height_m[i] = at.flagpole_m[i] + (at.hilly ? 30 - i : 0);
        }
        qk_plume_base.slices(&base, &s, &at);
        best->slices(&fast, &s, &at);
        assert_true(off_of(fast.main, base.main, at.count) < 1e-8);
        assert_true(off_of(fast.aloft, base.aloft, at.count) < 1e-8);
        assert_true(off_of(fast.sigma_y_m, base.sigma_y_m, at.count) < 1e-8);
        assert_true(off_of(fast.meander, base.meander, at.count) < 1e-8);
        for (int i = 0; i < at.count; i += 13) {
            qk_plume_where one = {.count = 1, .hilly = at.hilly};
            for (int j = 0; j < 8; j++) {
                one.x_m[j] = at.x_m[i];
                one.height_m[j] = at.height_m[i];
                one.flagpole_m[j] = at.flagpole_m[i];
            }
            best->slices(&alone, &s, &one);
            assert_memory_equal(&alone.main[0], &fast.main[i], sizeof(double));
            assert_memory_equal(&alone.sigma_y_m[0], &fast.sigma_y_m[i], sizeof(double));
        }
    }
}

static void test_plume__nothing_at_the_source_itself(void **state)
{
    (void)state;
    static qk_plume_profile p;
    qk_plume_hour h = stable_hour();
    qk_plume_source s;
    qk_plume_receptor r = {.flat = true};
    qk_plume_profile_make(&p, &h, 0);
    qk_plume_source_make(&s, &tall, &p);
    assert_near(qk_plume_concentration(&s, 0, 0, &r, 0), 0, 0);
    assert_near(qk_plume_concentration(&s, 0.5, 0.5, &r, 0), 0, 0);
    assert_true(qk_plume_concentration(&s, 2000, 0, &r, 0) > 0);
}

/* An area far away is a point; two halves are the whole. */
static void test_plume__area_is_additive_and_far_away_a_point(void **state)
{
    (void)state;
    static qk_plume_profile p;
    qk_plume_hour h = stable_hour();
    qk_plume_source s;
    qk_plume_stack flat = {.kind = QK_PLUME_AREA, .height_m = 2, .sigma_z_m = 1};
    static const double whole[4][2] = {{-50, -50}, {-50, 50}, {50, 50}, {50, -50}};
    static const double left[4][2] = {{-50, -50}, {-50, 50}, {0, 50}, {0, -50}};
    static const double right[4][2] = {{0, -50}, {0, 50}, {50, 50}, {50, -50}};
    qk_plume_polygon a = {4, whole, {-50, -50}, {50, 50}}, b = {4, left, {-50, -50}, {0, 50}},
                     c = {4, right, {0, -50}, {50, 50}};
    qk_plume_profile_make(&p, &h, 0);
    qk_plume_source_make(&s, &flat, &p);
    qk_plume_area_view view = {.source = &s, .receptor = {.flat = true}};
    for (double x = -40; x < 400; x += 30) {
        double sum = qk_plume_area_concentration(&view, &b, x, 7) +
                     qk_plume_area_concentration(&view, &c, x, 7);
        double one = qk_plume_area_concentration(&view, &a, x, 7);
        assert_near(sum, one, 1e-4 * one + 1e-12);
    }
    qk_plume_slice v;
    qk_plume_receptor ground = {.flat = true};
    qk_plume_slice_at(&v, &s, 8000, &ground);
    double point = v.main / (sqrt(2 * M_PI) * v.sigma_y_m);
    assert_near(qk_plume_area_concentration(&view, &a, 8000, 0) / 1e4, point, 2e-3 * point);
}

/* The same integral over upwind distance in many small steps. */
static double area_by_steps(const qk_plume_source *s, const double (*v)[2], double x, double y)
{
    enum { STEPS = 4000 };
    double sum = 0, far = 0, near = INFINITY, p[4][2];
    qk_plume_receptor ground = {.flat = true};
    for (int i = 0; i < 4; i++) {
        double dx = x - v[i][0], dy = y - v[i][1];
        p[i][0] = -(dx * s->sine + dy * s->cosine);
        p[i][1] = dx * s->cosine - dy * s->sine;
        far = fmax(far, p[i][0]);
        near = fmin(near, p[i][0]);
    }
    if (far <= 1.01) return 0;
    double from = log(fmax(near, 1.01)), step = (log(far) - from) / STEPS;
    for (int n = 0; n < STEPS; n++) {
        double u = exp(from + (n + 0.5) * step), low = INFINITY, high = -INFINITY;
        qk_plume_slice c;
        for (int i = 0; i < 4; i++) { /* where the line across the wind cuts the sides */
            const double *a = p[i], *b = p[(i + 1) % 4];
            if ((a[0] - u) * (b[0] - u) > 0) continue;
            double at = a[1] + (b[1] - a[1]) * (u - a[0]) / (b[0] - a[0]);
            low = fmin(low, at);
            high = fmax(high, at);
        }
        if (!(low < high)) continue;
        qk_plume_slice_at(&c, s, u, &ground);
        sum += u * step * (c.main + c.aloft) * 0.5 *
               (erf(high / (c.sigma_y_m * M_SQRT2)) - erf(low / (c.sigma_y_m * M_SQRT2)));
    }
    return sum;
}

static void test_plume__area_is_the_converged_integral(void **state)
{
    (void)state;
    static qk_plume_profile p;
    static const double road[4][2] = {{-400, -106}, {-404, -94}, {400, 206}, {404, 194}};
    const double at[][2] = {{-35, 144}, {35, -44}, {313, 189}, {337, 123}, {700, 400}, {20, 60}};
    const qk_plume_stack lane = {.kind = QK_PLUME_AREA, .height_m = 1.3, .sigma_z_m = 1.2};
    double worst = 0, top = 0;
    for (int k = 0; k < 2; k++)
        for (int turn = 0; turn < 360; turn += 45) {
            qk_plume_hour h = k ? convective_hour() : stable_hour();
            h.direction_deg = 20 + turn;
            qk_plume_source s;
            qk_plume_profile_make(&p, &h, 0);
            qk_plume_source_make(&s, &lane, &p);
            qk_plume_polygon shape = {
                .count = 4, .vertex = road, .low = {-404, -106}, .high = {404, 206}};
            qk_plume_area_view view = {.source = &s, .receptor = {.flat = true}};
            for (size_t i = 0; i < QK_ARRAY_COUNT(at); i++) {
                double slow = area_by_steps(&s, road, at[i][0], at[i][1]);
                double fast = qk_plume_area_concentration(&view, &shape, at[i][0], at[i][1]);
                top = fmax(top, slow);
                if (slow > 1e-3 * top) worst = fmax(worst, fabs(fast / slow - 1));
            }
        }
    print_message("area against small steps: worst %.1e\n", worst);
    assert_true(top > 0 && worst < 5e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plume__status_of_an_hour_tells_calm_from_missing),
        cmocka_unit_test(test_plume__profile_goes_through_what_was_observed),
        cmocka_unit_test(test_plume__mean_of_the_layer_is_that_of_the_trapezoids),
        cmocka_unit_test(test_S046_plume__mass_is_kept_across_the_wind),
        cmocka_unit_test(test_plume__table_keeps_to_the_slice),
        cmocka_unit_test(test_plume__area_is_the_converged_integral),
        cmocka_unit_test(test_plume__table_leaves_nothing_out_beside_the_wind),
        cmocka_unit_test(test_plume__instruction_sets_agree),
        cmocka_unit_test(test_plume__nothing_at_the_source_itself),
        cmocka_unit_test(test_plume__area_is_additive_and_far_away_a_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
