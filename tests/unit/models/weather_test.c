/* SPDX-License-Identifier: Apache-2.0 */
/* Weather from surface observations: against the equations it must satisfy, and through the files
 * that the plume reads. */
#include "../test.h"
#include "models/aermod_weather.h"
#include "models/surface_layer.h"
#include "models/weather_prepare.h"
#include <math.h>

#define assert_done(expr, err)                               \
    do {                                                     \
        if ((expr) != QK_OK) fail_msg("%s", (err)->message); \
    } while (0)

static void test_weather__sun_stands_where_it_should(void **state)
{
    (void)state;
    /* Noon by the sun on the meridian of the zone: 90 - latitude + declination. */
    assert_near(qk_sun_elevation_deg(172, 12, 35, 120, 8), 90 - 35 + 23.44, 0.3);
    assert_near(qk_sun_elevation_deg(355, 12, 35, 120, 8), 90 - 35 - 23.44, 0.3);
    assert_near(qk_sun_elevation_deg(81, 6, 0, 120, 8), 0, 2.2);
    assert_true(qk_sun_elevation_deg(172, 0, 35, 120, 8) < -25);
    /* Seven and a half degrees to the west the sun comes half an hour later. */
    assert_near(qk_sun_elevation_deg(100, 9.5, 35, 112.5, 8),
                qk_sun_elevation_deg(100, 9, 35, 120, 8), 0.1);
}

static void test_weather__net_radiation_turns_at_the_critical_elevation(void **state)
{
    (void)state;
    for (double cloud = 0; cloud <= 1; cloud += 0.25) {
        double at = qk_layer_critical_deg(0.18, 288, cloud);
        assert_true(at > 2 && at < 40);
        assert_near(qk_layer_net_radiation(0.18, at, 288, cloud), 0, 0.01);
        assert_true(qk_layer_net_radiation(0.18, at + 5, 288, cloud) > 0);
        assert_true(qk_layer_net_radiation(0.18, -5, 288, cloud) < 0);
    }
    assert_near(qk_layer_albedo(0.18, -1), 1, 0);
    assert_true(qk_layer_albedo(0.18, 10) > qk_layer_albedo(0.18, 60));
    assert_near(qk_layer_albedo(0.18, 90), 0.18, 0.001);
}

static qk_layer_air air_of(double wind, bool adjusted)
{
    return (qk_layer_air){.wind_m_s = wind,
                          .wind_height_m = 10,
                          .roughness_m = 0.05,
                          .temperature_k = 288,
                          .density = qk_layer_air_density(1010, 288),
                          .cloud = 0.3,
                          .elevation_deg = -20,
                          .critical_deg = 15,
                          .adjusted = adjusted};
}

/* What comes out satisfies the profile and the definition of L at once. */
static void test_weather__convective_scales_close(void **state)
{
    (void)state;
    for (double wind = 0.6; wind < 15; wind *= 1.5)
        for (double heat = 1; heat < 400; heat *= 3) {
            qk_layer_air a = air_of(wind, true);
            qk_layer l;
            qk_layer_convective(&l, &a, heat);
            double u = l.ustar_m_s / 0.4 *
                       (log(10 / 0.05) - qk_layer_psi(10 / l.obukhov_m) +
                        qk_layer_psi(0.05 / l.obukhov_m));
            double length = -a.density * 1004 * 288 * pow(l.ustar_m_s, 3) / (0.4 * 9.80616 * heat);
            assert_near(u, wind, 2e-4 * wind);
            assert_near(length, l.obukhov_m, 2e-3 * fabs(length));
            assert_true(l.ustar_m_s > 0.4 * wind / log(10 / 0.05));
        }
}

static void test_weather__stable_scales_close_and_neutral_is_the_limit(void **state)
{
    (void)state;
    double neutral = 0.4 / log(10 / 0.05), before = 0;
    for (int adjusted = 0; adjusted < 2; adjusted++) {
        before = 0;
        for (double wind = 0.5; wind < 40; wind *= 1.3) {
            qk_layer_air a = air_of(wind, adjusted);
            qk_layer l;
            qk_layer_stable(&l, &a);
            assert_true(l.ustar_m_s >= before && l.ustar_m_s <= 1.03 * neutral * wind + 0.05);
            assert_true(l.heat_flux_w_m2 < 0 && l.heat_flux_w_m2 >= -64.01);
            double length = l.ustar_m_s * l.ustar_m_s * 288 / (0.4 * 9.80616 * l.theta_star_k);
            assert_near(fmin(length, 1e5), l.obukhov_m, 1e-6 * length);
            assert_near(l.heat_flux_w_m2, -a.density * 1004 * l.ustar_m_s * l.theta_star_k, 1e-9);
            before = l.ustar_m_s;
        }
        assert_near(before / (neutral * 40), 1, adjusted ? 0.35 : 0.35);
    }
    /* Low wind: the adjusted friction velocity is the larger one, which is what it is for. */
    qk_layer_air a = air_of(1, false), b = air_of(1, true);
    qk_layer plain, adjusted;
    qk_layer_stable(&plain, &a);
    qk_layer_stable(&adjusted, &b);
    assert_true(adjusted.ustar_m_s > 1.5 * plain.ustar_m_s);
}

static void test_weather__mechanical_height_goes_to_its_balance(void **state)
{
    (void)state;
    double z = -1;
    for (int i = 0; i < 48; i++) z = qk_layer_mechanical_smooth_m(i < 12 ? 0.1 : 0.4, z);
    assert_near(z, 2400 * pow(0.4, 1.5), 0.5);
    assert_near(qk_layer_mechanical_m(3), 4000, 0);
    double down = qk_layer_mechanical_smooth_m(0.1, 600);
    assert_near(down, 600 * exp(-3600 * 0.2 / 600) + 2400 * pow(0.1, 1.5) * (1 - exp(-1.2)), 1e-9);
}

/* ---- sequences ---- */

typedef struct day_rig {
    qk_weather_place place;
    qk_weather *w;
    qk_buf text;
} day_rig;

static void rig_start(day_rig *r)
{
    qk_weather_place_init(&r->place, 35, 113, 8);
    qk_buf_init(&r->text, 1 << 20);
    qk_buf_puts(&r->text, "time,wind_speed,wind_from,temperature,cloud,pressure\n");
}

static void rig_run(day_rig *r, const char *soundings)
{
    qk_error err = {0};
    assert_done(qk_weather_new(&r->w, &r->place, &err), &err);
    assert_done(qk_weather_read_csv(r->w, qk_buf_str(&r->text), "obs.csv", &err), &err);
    if (soundings)
        assert_done(qk_weather_read_soundings(r->w, qk_str_of(soundings), "up.csv", &err), &err);
    assert_done(qk_weather_run(r->w, &err), &err);
}

static void rig_end(day_rig *r)
{
    qk_weather_free(r->w);
    qk_buf_clear(&r->text);
}

static void put_days(day_rig *r, int days, const char *skip_hours, int skip_day)
{
    for (int d = 1; d <= days; d++)
        for (int h = 1; h <= 24; h++) {
            bool skip =
                d == skip_day && (size_t)h <= strlen(skip_hours) && skip_hours[h - 1] == '-';
            double t = 20 + 6 * sin(2 * M_PI * (h - 9) / 24);
            if (h == 24)
                qk_buf_printf(&r->text, "2025-06-%02dT00:00:00", d + 1);
            else
                qk_buf_printf(&r->text, "2025-06-%02dT%02d:00:00", d, h);
            if (skip)
                qk_buf_puts(&r->text, ",,,,,\n");
            else
                qk_buf_printf(&r->text, ",%.1f,%d,%.1f,%d,1005\n", 1.5 + 0.2 * (h % 5),
                              (d * 40 + h) % 361, t, h % 4);
        }
}

/* Under a straight profile the height is known: half gradient x height^2 = 1.4 x heat. */
static void test_weather__convective_height_holds_the_energy(void **state)
{
    (void)state;
    day_rig r;
    rig_start(&r);
    put_days(&r, 1, "", 0);
    rig_run(&r, "date,height,temperature\n2025-06-01,0,15\n2025-06-01,1000,13.23\n2025-06-01,4000,"
                "7.92\n");
    double heat = 0, gradient = (7.92 + 0.00977 * 4000 - 15) / 4000;
    int convective = 0;
    for (size_t i = 0; i < 24; i++) {
        const qk_plume_hour *h = qk_weather_hour(r.w, i);
        if (h->heat_flux_w_m2 <= 0) continue;
        double rho = qk_layer_air_density(1005, h->temperature_k);
        heat += 1.4 * h->heat_flux_w_m2 * 3600 / (rho * 1004);
        double zic = fmin(4000, sqrt(2 * heat / gradient));
        assert_near(h->convective_height_m, zic, 0.01 * zic);
        assert_near(h->wstar_m_s,
                    cbrt(9.80616 * h->heat_flux_w_m2 * h->convective_height_m /
                         (rho * 1004 * h->temperature_k)),
                    1e-3);
        assert_true(h->obukhov_m < 0 && h->gradient_above_k_m >= 0.005);
        assert_int_equal(qk_weather_flags(r.w, i), 0);
        convective++;
    }
    assert_true(convective >= 11 && convective <= 14);
    assert_true(qk_weather_hour(r.w, 2)->obukhov_m > 0);
    assert_true(qk_weather_hour(r.w, 2)->convective_height_m < 0);
    rig_end(&r);
}

static void test_weather__gaps_calms_and_wrong_values_are_flagged(void **state)
{
    (void)state;
    day_rig r;
    qk_buf flags;
    rig_start(&r);
    /* three hours in the night are filled, eight by day are not */
    put_days(&r, 2, "---------           -----", 2);
    qk_buf_puts(&r.text, "2025-06-03T01:00:00,0.3,,18,9,1005\n2025-06-03T02:00:00,2,400,18,,\n"
                         "2025-06-03T03:00:00,2,90,99,5,1005\n2025-06-03T06:00:00,3,0,18,5,1005\n");
    rig_run(&r, NULL);
    assert_int_equal(qk_weather_count(r.w), 54);
    assert_int_equal(qk_weather_flags(r.w, 10) & ~QK_WEATHER_NO_SOUNDING, 0);
    assert_true(qk_weather_flags(r.w, 12) & QK_WEATHER_NO_SOUNDING);
    assert_true(qk_weather_flags(r.w, 25) & QK_WEATHER_NO_TEMPERATURE);
    assert_true(qk_weather_flags(r.w, 25) & QK_WEATHER_NO_WIND);
    assert_true(qk_weather_flags(r.w, 46) & QK_WEATHER_FILLED);
    assert_near(qk_weather_hour(r.w, 46)->temperature_k, 290, 5);
    /* The heat of that morning is not known: no convective height that day. */
    const qk_plume_hour *noon = qk_weather_hour(r.w, 36);
    assert_true(noon->heat_flux_w_m2 > 0 && noon->convective_height_m < 0);
    assert_int_equal(qk_plume_hour_status(noon), QK_PLUME_HOUR_MISSING);
    assert_int_equal(qk_weather_flags(r.w, 48), QK_WEATHER_CALM);
    assert_int_equal(qk_plume_hour_status(qk_weather_hour(r.w, 48)), QK_PLUME_HOUR_CALM);
    assert_true(qk_weather_flags(r.w, 49) & QK_WEATHER_REFUSED);
    assert_true(qk_weather_flags(r.w, 49) & QK_WEATHER_NO_WIND);
    assert_true(qk_weather_flags(r.w, 50) & QK_WEATHER_REFUSED);
    assert_true(qk_weather_flags(r.w, 51) & QK_WEATHER_ABSENT);
    assert_int_equal(qk_weather_flags(r.w, 53), 0);
    assert_near(qk_weather_hour(r.w, 53)->direction_deg, 360, 0);
    qk_buf_init(&flags, 1 << 16);
    qk_weather_write_flags(&flags, r.w);
    assert_true(qk_str_find(qk_buf_str(&flags), QK_STR("2025-06-03T01:00:00,calm\n"), 0) !=
                SIZE_MAX);
    qk_buf_clear(&flags);
    rig_end(&r);
}

/* The files say what was worked out, to their decimals. */
static void test_weather__the_files_are_read_by_the_plume(void **state)
{
    (void)state;
    day_rig r;
    qk_buf sfc, pfl;
    qk_aermod_weather in;
    qk_plume_hour h;
    qk_error err = {0};
    rig_start(&r);
    put_days(&r, 3, "     ---      -", 2);
    rig_run(&r, NULL);
    qk_buf_init(&sfc, 1 << 20);
    qk_buf_init(&pfl, 1 << 20);
    qk_weather_write_surface(&sfc, r.w);
    qk_weather_write_profile(&pfl, r.w);
    assert_done(
        qk_aermod_weather_open(&in, qk_buf_str(&sfc), "a.sfc", qk_buf_str(&pfl), "a.pfl", &err),
        &err);
    assert_true(in.adjusted_ustar);
    int valid = 0;
    for (size_t i = 0; i < qk_weather_count(r.w); i++) {
        const qk_plume_hour *own = qk_weather_hour(r.w, i);
        assert_done(qk_aermod_weather_next(&in, &h, &err), &err);
        assert_int_equal(h.hour, own->hour);
        assert_int_equal(h.day, own->day);
        assert_int_equal(qk_plume_hour_status(&h), qk_plume_hour_status(own));
        if (qk_plume_hour_status(own) != QK_PLUME_HOUR_VALID) continue;
        valid++;
        assert_near(h.ustar_m_s, own->ustar_m_s, 1e-4);
        assert_near(h.obukhov_m, own->obukhov_m, 0.01);
        assert_near(h.mechanical_height_m, own->mechanical_height_m, 0.5);
        assert_near(h.roughness_m, own->roughness_m, 1e-4);
        assert_near(h.observed[0].temperature_k, own->temperature_k, 0.01);
        assert_near(h.observed[0].wind_m_s, own->wind_m_s, 0.01);
    }
    assert_true(valid > 60 && valid < 72);
    assert_int_equal(qk_aermod_weather_next(&in, &h, NULL), QK_ENOTFOUND);
    qk_buf_clear(&sfc);
    qk_buf_clear(&pfl);
    rig_end(&r);
}

static void test_weather__isd_lite_is_utc_and_scaled(void **state)
{
    (void)state;
    static const char text[] = "2025 01 01 00   -15   -60 10250   310    26     2     0 -9999\n"
                               "2025 01 01 01   -10 -9999 10249   300    31 -9999    -1 -9999\n"
                               "2025 01 01 03    20   -50 10240 -9999     0     9 -9999 -9999\n";
    qk_weather_place place;
    qk_weather *w;
    qk_error err = {0};
    qk_weather_place_init(&place, 34.8, 113.6, 8);
    place.elevation_m = 110;
    assert_done(qk_weather_new(&w, &place, &err), &err);
    assert_done(qk_weather_read_isd(w, qk_str_of(text), "isd", &err), &err);
    assert_done(qk_weather_run(w, &err), &err);
    assert_int_equal(qk_weather_count(w), 4);
    const qk_plume_hour *h = qk_weather_hour(w, 0);
    assert_int_equal(h->hour, 8); /* 00 UTC is 08 in China */
    assert_near(h->temperature_k, 273.16 - 1.5, 1e-9);
    assert_near(h->wind_m_s, 2.6, 1e-9);
    assert_near(h->cloud_tenths, 2.5, 1e-9);
    assert_true(qk_weather_flags(w, 1) & QK_WEATHER_FILLED);
    assert_true(qk_weather_flags(w, 2) & QK_WEATHER_ABSENT);
    assert_true(qk_weather_flags(w, 3) & QK_WEATHER_CALM);
    qk_weather_free(w);
}

static void refuse_csv(const char *text, const char *what, uint32_t line)
{
    qk_weather_place place;
    qk_weather *w;
    qk_error err = {0};
    qk_weather_place_init(&place, 35, 113, 8);
    assert_done(qk_weather_new(&w, &place, &err), &err);
    assert_true(qk_weather_read_csv(w, qk_str_of(text), "obs.csv", &err) != QK_OK);
    assert_non_null(strstr(err.message, what));
    assert_int_equal(err.line, line);
    qk_weather_free(w);
}

static void test_weather__bad_input_is_refused_by_line(void **state)
{
    (void)state;
    qk_weather_place place;
    qk_weather *w;
    qk_error err = {0};
    refuse_csv("time,wind_speed,temperature\n", "wind_from", 0);
    refuse_csv("time,wind_speed,wind_from,temperature\nyesterday,1,2,3\n", "no time", 2);
    refuse_csv("time,wind_speed,wind_from,temperature\n2025-01-01T01:30:00,1,2,3\n", "full hour",
               2);
    refuse_csv("time,wind_speed,wind_from,temperature\n2025-01-01T02:00:00,1,2,3\n"
               "2025-01-01T02:00:00,1,2,3\n",
               "follow", 3);
    refuse_csv("time,wind_speed,wind_from,temperature\n2025-01-01T01:00:00,1,N,3\n", "no number",
               2);
    refuse_csv("time,wind_speed,wind_from,temperature\n1925-01-01T01:00:00,1,2,3\n"
               "2025-01-01T02:00:00,1,2,3\n",
               "more than", 3);
    qk_weather_place_init(&place, 35, 113, 8);
    place.ground[3][0].roughness_m = 6;
    assert_int_equal(qk_weather_new(&w, &place, &err), QK_EINVAL);
    qk_weather_place_init(&place, 35, 113, 8);
    assert_int_equal(qk_weather_read_ground(
                         &place, QK_STR("month,sector_from,albedo,bowen,roughness\n1,0,.2,.5,.1\n"),
                         "g.csv", &err),
                     QK_EFORMAT);
    assert_done(qk_weather_new(&w, &place, &err), &err);
    assert_int_equal(qk_weather_run(w, &err), QK_EFORMAT);
    assert_int_equal(
        qk_weather_read_soundings(
            w, QK_STR("date,height,temperature\n2025-01-01,10,3\n2025-01-01,10,3\n"), "u", &err),
        QK_EFORMAT);
    assert_int_equal(qk_weather_read_isd(w, QK_STR("2025 01 01 00 -15\n"), "isd", &err),
                     QK_EFORMAT);
    qk_weather_free(w);
}

static void test_weather__sectors_have_their_own_ground(void **state)
{
    (void)state;
    day_rig r;
    qk_buf ground;
    qk_error err = {0};
    rig_start(&r);
    qk_buf_init(&ground, 1 << 16);
    qk_buf_puts(&ground, "month,sector_from,albedo,bowen,roughness\n");
    for (int m = 1; m <= 12; m++)
        qk_buf_printf(&ground, "%d,45,0.2,0.5,0.1\n%d,225,0.2,1.5,1.0\n", m, m);
    assert_done(qk_weather_read_ground(&r.place, qk_buf_str(&ground), "ground.csv", &err), &err);
    qk_buf_puts(&r.text,
                "2025-06-01T12:00:00,3,40,20,0,1005\n2025-06-01T13:00:00,3,90,20,0,1005\n");
    rig_run(&r, NULL);
    const qk_plume_hour *rough = qk_weather_hour(r.w, 0), *smooth = qk_weather_hour(r.w, 1);
    assert_near(rough->roughness_m, 1.0, 0);
    assert_near(smooth->roughness_m, 0.1, 0);
    assert_true(rough->ustar_m_s > 1.5 * smooth->ustar_m_s);
    assert_true(rough->heat_flux_w_m2 > 1.5 * smooth->heat_flux_w_m2);
    qk_buf_clear(&ground);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weather__sun_stands_where_it_should),
        cmocka_unit_test(test_weather__net_radiation_turns_at_the_critical_elevation),
        cmocka_unit_test(test_weather__convective_scales_close),
        cmocka_unit_test(test_weather__stable_scales_close_and_neutral_is_the_limit),
        cmocka_unit_test(test_weather__mechanical_height_goes_to_its_balance),
        cmocka_unit_test(test_weather__convective_height_holds_the_energy),
        cmocka_unit_test(test_weather__gaps_calms_and_wrong_values_are_flagged),
        cmocka_unit_test(test_weather__the_files_are_read_by_the_plume),
        cmocka_unit_test(test_weather__isd_lite_is_utc_and_scaled),
        cmocka_unit_test(test_weather__bad_input_is_refused_by_line),
        cmocka_unit_test(test_weather__sectors_have_their_own_ground),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
