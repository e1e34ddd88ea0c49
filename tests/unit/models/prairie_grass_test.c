/* SPDX-License-Identifier: Apache-2.0 */
/* The plume against the field: Project Prairie Grass (Barad 1958; the half of its runs in the
 * shared data), sulphur dioxide from 0.46 m above a mown field, highest concentration on arcs of 50
 * to 800 m. */
#include "shared_table.h"

#include "models/plume.h"
#include "models/scores.h"

#define ROUGHNESS_M 0.006
#define KARMAN      0.4

/* Businger-Dyer, as the wind profile of the model. */
static double psi(double z, double l)
{
    if (l > 0) return -17 * (1 - exp(-0.29 * z / l));
    double x = sqrt(sqrt(1 - 16 * z / l));
    return 2 * log((1 + x) / 2) + log((1 + x * x) / 2) - 2 * atan(x) + M_PI / 2;
}

/* The hour as its published friction velocity, Obukhov length and mixing height make it; the wind
 * at 10 m by similarity, the lateral turbulence as the vane measured it. */
static qk_plume_hour hour_of(double ustar, double l, double mixing, double sigma_v)
{
    double z = 10, wind = ustar / KARMAN * (log(z / ROUGHNESS_M) - psi(z, l) + psi(ROUGHNESS_M, l));
    double mechanical = 2300 * pow(ustar, 1.5);
    qk_plume_hour h = {.year = 1956,
                       .month = 8,
                       .day = 1,
                       .hour = 12,
                       .heat_flux_w_m2 = l < 0 ? 100 : -20,
                       .ustar_m_s = ustar,
                       .wstar_m_s = l < 0 ? ustar * cbrt(-mixing / (KARMAN * l)) : -9,
                       .gradient_above_k_m = l < 0 ? 0.005 : -9,
                       .convective_height_m = l < 0 ? mixing : -999,
                       .mechanical_height_m = mechanical,
                       .obukhov_m = l,
                       .roughness_m = ROUGHNESS_M,
                       .wind_m_s = wind,
                       .direction_deg = 270,
                       .wind_height_m = z,
                       .temperature_k = 295,
                       .temperature_height_m = 2,
                       .observed_count = 1};
    h.observed[0] = (qk_plume_observed){z, wind, 270, 295, sigma_v, NAN};
    return h;
}

static void test_plume__prairie_grass_is_met_as_well_as_by_a_fitted_gaussian(void **state)
{
    (void)state;
    shared_table t;
    static double seen[400], made[400];
    int count = 0;
    if (!shared_read(&t, "data/dispersion/prairie_grass.csv.xz")) skip();
    double *q = shared_column(&t, "Q_g_s"), *hs = shared_column(&t, "source_h_m");
    double *zr = shared_column(&t, "sampler_h_m"), *arc = shared_column(&t, "arc_m");
    double *top = shared_column(&t, "arcmax_mg_m3"), *l = shared_column(&t, "L_m");
    double *ustar = shared_column(&t, "ustar_m_s"), *zi = shared_column(&t, "mixing_h_m");
    double *sigma = shared_column(&t, "sigma_azim_deg");
    double *wind = shared_column(&t, "wind_speed_m_s");
    for (size_t i = 0; i < t.rows && count < 400; i++) {
        static qk_plume_profile p;
        qk_plume_source s;
        if (!(ustar[i] > 0) || !isfinite(l[i]) || l[i] == 0 || !(top[i] > 0) || !(sigma[i] > 0) ||
            !(wind[i] > 0))
            continue;
        double sigma_v = tan(sigma[i] * M_PI / 180) * wind[i];
        qk_plume_hour h = hour_of(ustar[i], l[i], zi[i] > 0 ? zi[i] : 1000, sigma_v);
        const qk_plume_stack pipe = {
            .kind = QK_PLUME_POINT, .height_m = hs[i], .velocity_m_s = 0.01, .diameter_m = 0.05};
        qk_plume_receptor r = {.height_m = zr[i], .flagpole_m = zr[i], .flat = true};
        assert_int_equal(qk_plume_hour_status(&h), QK_PLUME_HOUR_VALID);
        qk_plume_profile_make(&p, &h, 0);
        qk_plume_source_make(&s, &pipe, &p);
        seen[count] = top[i];
        made[count++] = 1e3 * q[i] * qk_plume_concentration(&s, arc[i], 0, &r, 0);
    }
    qk_scores all;
    qk_scores_make(&all, seen, made, (size_t)count);
    print_message(
        "Prairie Grass, %zu arcs: FAC2 %.2f, FB %.2f, NMSE %.2f (a Gaussian plume with Briggs' "
        "curves: 0.81, -0.03, 0.49)\n",
        all.count, all.fac2, all.fb, all.nmse);
    assert_true(count > 100 && all.fac2 > 0.8 && fabs(all.fb) < 0.3 && all.nmse < 0.6);
    free(q);
    free(hs);
    free(zr);
    free(arc);
    free(top);
    free(l);
    free(ustar);
    free(zi);
    free(sigma);
    free(wind);
    shared_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plume__prairie_grass_is_met_as_well_as_by_a_fitted_gaussian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
