/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "base/time.h"
#include "models/dispersion.h"
#include "models/dispersion_average.h"
#include <math.h>

static const char text[] =
    "CO STARTING\nMODELOPT CONC FLAT\nAVERTIME 1 3 24 PERIOD\nPOLLUTID OTHER\nRUNORNOT RUN\n"
    "CO FINISHED\nSO STARTING\n"
    "LOCATION A POINT 0 0\nSRCPARAM A 10 40 400 12 1.5\n"
    "LOCATION B VOLUME 300 100\nSRCPARAM B 2 5 10 3\n"
    "LOCATION C AREA -200 -300\nSRCPARAM C 1E-5 1 100 100\n"
    "SRCGROUP ALL\nSRCGROUP A A\nSRCGROUP B B\nSRCGROUP C C\nSO FINISHED\n"
    "RE STARTING\nGRIDCART G STA\nGRIDCART G XYINC -2000 12 370 -2000 12 390\nGRIDCART G END\n"
    "RE FINISHED\nME STARTING\nSURFFILE a\nPROFFILE b\nPROFBASE 0\nME FINISHED\nOU STARTING\n"
    "RECTABLE ALLAVE FIRST-SECOND\nOU FINISHED\n";

enum { GROUPS = 4, RECEPTORS = 144 };

static qk_code no_files(void *ctx, const char *path, qk_str *out, qk_error *err)
{
    (void)ctx;
    (void)path;
    (void)out;
    return qk_fail(err, QK_ENOTFOUND, "no files here");
}

static qk_plume_hour hour_of(int hour, bool convective, double wind, double direction)
{
    return (qk_plume_hour){.year = 2025,
                           .month = 3,
                           .day = 4,
                           .hour = hour,
                           .heat_flux_w_m2 = convective ? 100 : -20,
                           .ustar_m_s = 0.3,
                           .wstar_m_s = convective ? 1.4 : -9,
                           .gradient_above_k_m = convective ? 0.006 : -9,
                           .convective_height_m = convective ? 800 : -999,
                           .mechanical_height_m = 400,
                           .obukhov_m = convective ? -40 : 70,
                           .roughness_m = 0.2,
                           .wind_m_s = wind,
                           .direction_deg = direction,
                           .wind_height_m = 10,
                           .temperature_k = 285,
                           .temperature_height_m = 2};
}

static void begin(qk_aermod_case *c, qk_dispersion **d)
{
    qk_aermod_loader loader = {NULL, no_files};
    qk_error err = {0};
    if (qk_aermod_case_read(c, qk_str_of(text), "a.inp", &loader, &err) != QK_OK)
        fail_msg("%u: %s", err.line, err.message);
    assert_ok(qk_dispersion_new(d, c, NULL));
}

static void rates(const qk_aermod_case *c, qk_aermod_emission *e, double factor)
{
    for (size_t i = 0; i < c->source_count; i++)
        e[i] = qk_aermod_emission_of(&c->source[i], c->source[i].rate * factor);
}

/* Sum over sources = ALL; twice the emission is twice the concentration; nothing cut is the base.
 */
static void test_S046_dispersion__is_linear_and_sums_to_all(void **state)
{
    (void)state;
    qk_aermod_case c;
    qk_dispersion *d;
    static double one[GROUPS * RECEPTORS], two[GROUPS * RECEPTORS], none[GROUPS * RECEPTORS];
    qk_aermod_emission e[3];
    begin(&c, &d);
    qk_dispersion_work *w = qk_dispersion_work_new(d);
    assert_non_null(w);
    for (int k = 0; k < 2; k++) {
        qk_plume_hour h = hour_of(3, k, 3, 200);
        rates(&c, e, 1);
        assert_int_equal(qk_dispersion_hour(w, &h, e, one), QK_PLUME_HOUR_VALID);
        assert_int_equal(qk_dispersion_hour(w, &h, e, none), QK_PLUME_HOUR_VALID);
        rates(&c, e, 2);
        assert_int_equal(qk_dispersion_hour(w, &h, e, two), QK_PLUME_HOUR_VALID);
        double total = 0;
        for (int r = 0; r < RECEPTORS; r++) {
            double sum = one[RECEPTORS + r] + one[2 * RECEPTORS + r] + one[3 * RECEPTORS + r];
            assert_near(sum, one[r], 1e-12 * one[r]);
            assert_near(two[r], 2 * one[r], 1e-12 * one[r]);
            assert_memory_equal(&none[r], &one[r], sizeof *one);
            total += one[r];
        }
        assert_true(total > 1);
    }
    qk_dispersion_work_free(w);
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
}

static void test_S044_dispersion__shares_by_source_stand_in_groups(void **state)
{
    (void)state;
    qk_aermod_case c;
    qk_dispersion *d;
    static double v[GROUPS * RECEPTORS], cut[GROUPS * RECEPTORS];
    qk_aermod_emission e[3];
    begin(&c, &d);
    qk_dispersion_work *w = qk_dispersion_work_new(d);
    qk_plume_hour h = hour_of(12, true, 2.5, 90);
    rates(&c, e, 1);
    (void)qk_dispersion_hour(w, &h, e, v);
    e[1].rate = 0; /* without B what is left is ALL less B's share */
    (void)qk_dispersion_hour(w, &h, e, cut);
    for (int r = 0; r < RECEPTORS; r++)
        assert_near(cut[r], v[r] - v[2 * RECEPTORS + r], 1e-9 * (v[r] + 1e-9));
    qk_dispersion_work_free(w);
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
}

static void test_dispersion__calm_hours_follow_the_rules_of_averages(void **state)
{
    (void)state;
    qk_aermod_case c;
    qk_dispersion *d;
    qk_average *a;
    static double v[GROUPS * RECEPTORS];
    begin(&c, &d);
    assert_ok(qk_average_new(&a, &c, NULL));
    for (int h = 1; h <= 24; h++) {
        qk_plume_hour hour = hour_of(h, false, 3, 90);
        qk_plume_status status = h <= 20 ? QK_PLUME_HOUR_CALM : QK_PLUME_HOUR_VALID;
        for (size_t i = 0; i < QK_ARRAY_COUNT(v); i++) v[i] = h <= 20 ? 0 : 9;
        uint32_t ended = qk_average_hour(a, &hour, status, v);
        assert_int_equal(ended, 1u | (h % 3 == 0 ? 2u : 0) | (h == 24 ? 4u : 0));
        if (h == 24) { /* four hours of 9 over the least count of 18; of three, all three */
            assert_near(qk_average_ended(a, 2)[0], 4 * 9 / 18.0, 1e-12);
            assert_near(qk_average_ended(a, 1)[0], 9, 1e-12);
        }
    }
    assert_near(qk_average_period(a, 0, 0), 9, 1e-12);
    qk_average_high high = qk_average_highest(a, 2, 0, 0, 1);
    assert_int_equal(high.at, 2025030424);
    assert_int_equal(high.flag, 'c');
    assert_near(qk_average_highest(a, 1, 0, 0, 2).value, 3, 1e-12); /* 9 / 3, hour 21 */
    qk_buf state_bytes;
    qk_buf_init(&state_bytes, 1 << 24);
    qk_average_save(a, &state_bytes);
    qk_average *b;
    assert_ok(qk_average_new(&b, &c, NULL));
    assert_ok(qk_average_load(b, qk_buf_str(&state_bytes), NULL));
    assert_near(qk_average_highest(b, 2, 3, 7, 1).value, 2, 1e-12);
    state_bytes.len--;
    assert_int_equal(qk_average_load(b, qk_buf_str(&state_bytes), NULL), QK_EFORMAT);
    qk_buf_clear(&state_bytes);
    qk_average_free(a);
    qk_average_free(b);
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
}

/* A day whose last hours the weather leaves out ends by itself, and keeps its own date. */
static void test_dispersion__a_gap_ends_the_averages_before_it(void **state)
{
    (void)state;
    qk_aermod_case c;
    qk_dispersion *d;
    qk_average *a;
    static double v[GROUPS * RECEPTORS];
    int64_t at[QK_AERMOD_AVERAGES_MAX];
    begin(&c, &d);
    assert_ok(qk_average_new(&a, &c, NULL));
    for (size_t i = 0; i < QK_ARRAY_COUNT(v); i++) v[i] = 9;
    for (int h = 1; h <= 20; h++) {
        qk_plume_hour hour = hour_of(h, false, 3, 90);
        assert_int_equal(qk_average_gap(a, &hour, at), 0);
        (void)qk_average_hour(a, &hour, QK_PLUME_HOUR_VALID, v);
    }
    qk_plume_hour next = hour_of(5, false, 3, 90);
    next.day = 5;
    assert_int_equal(qk_average_gap(a, &next, at), 2 | 4);
    assert_int_equal(at[1], 2025030421);
    assert_int_equal(at[2], 2025030424);
    assert_near(qk_average_ended(a, 2)[0], 9, 1e-12);           /* 20 hours of 20 */
    assert_near(qk_average_ended(a, 1)[0], 2 * 9 / 3.0, 1e-12); /* 2 of 3: over 3 */
    assert_int_equal(qk_average_highest(a, 2, 0, 0, 1).flag, 'm');
    (void)qk_average_hour(a, &next, QK_PLUME_HOUR_VALID, v);
    assert_int_equal(qk_average_gap(a, &next, at), 0);
    qk_average_free(a);
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
}

/* Two years of 1 and 3 µg/m³, of which the second has more calm hours: each counts the same. */
static void test_dispersion__the_annual_mean_is_that_of_whole_years(void **state)
{
    (void)state;
    qk_aermod_case c;
    qk_dispersion *d;
    qk_average *a;
    static double v[GROUPS * RECEPTORS];
    begin(&c, &d);
    c.annual = true;
    c.average_count = 0;
    assert_ok(qk_average_new(&a, &c, NULL));
    qk_plume_hour hour = hour_of(1, false, 3, 90);
    for (int day = 0; day < 2 * 365 + 10; day++) {
        int of_year = day % 365, month = 1;
        hour.year = 2025 + day / 365;
        while (of_year >= qk_days_in_month(hour.year, month))
            of_year -= qk_days_in_month(hour.year, month++);
        hour.month = month;
        hour.day = of_year + 1;
        for (hour.hour = 1; hour.hour <= 24; hour.hour++) {
            bool calm = hour.year == 2026 && hour.hour > 4;
            for (size_t i = 0; i < QK_ARRAY_COUNT(v); i++) v[i] = hour.year == 2025 ? 1 : 3;
            if (hour.year == 2027) v[0] = 1000;
            (void)qk_average_hour(a, &hour, calm ? QK_PLUME_HOUR_CALM : QK_PLUME_HOUR_VALID, v);
        }
        if (day == 100) assert_near(qk_average_annual(a, 0, 0), 1, 1e-12);
    }
    assert_int_equal(qk_average_years(a), 2);
    assert_near(qk_average_annual(a, 0, 0), 2, 1e-9);
    assert_true(qk_average_period(a, 0, 1) < 1.5);
    qk_average_free(a);
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
}

static void test_dispersion__arm2_stays_between_its_bounds(void **state)
{
    (void)state;
    assert_near(qk_dispersion_arm2(0, 0.5, 0.9), 0.9, 0);
    assert_near(qk_dispersion_arm2(1e4, 0.5, 0.9), 0.5, 0);
    double last = 1;
    for (double c = 1; c < 700; c += 1) {
        double ratio = qk_dispersion_arm2(c, 0.2, 0.9);
        assert_true(ratio <= last + 1e-12);
        last = ratio;
    }
    assert_near(qk_dispersion_arm2(200, 0.2, 0.9), 0.674, 0.05);
}

enum { MANY = 400, TABLE_HOURS = 24 };

static void make_county(qk_aermod_case *c, qk_dispersion **d)
{
    qk_buf b;
    qk_aermod_loader loader = {NULL, no_files};
    qk_error err = {0};
    qk_buf_init(&b, 1 << 20);
    qk_buf_puts(&b, "CO STARTING\nMODELOPT CONC FLAT\nAVERTIME 1\nPOLLUTID OTHER\nRUNORNOT RUN\n"
                    "CO FINISHED\nSO STARTING\n");
    for (int i = 0; i < 8; i++)
        qk_buf_printf(&b, "LOCATION P%d POINT %d %d\nSRCPARAM P%d 2 %d %d %d 1.5\n", i,
                      2100 + 1900 * i, 9300 - 700 * i, i, 15 + 18 * i, 330 + 15 * i, 6 + i);
    qk_buf_puts(&b, "SRCGROUP ALL\nSO FINISHED\nRE STARTING\nGRIDCART G STA\n"
                    "GRIDCART G XYINC 500 20 1000 500 20 1000\nGRIDCART G END\nRE FINISHED\n"
                    "ME STARTING\nSURFFILE a\nPROFFILE b\nPROFBASE 0\nME FINISHED\nOU STARTING\n"
                    "RECTABLE ALLAVE FIRST\nOU FINISHED\n");
    if (qk_aermod_case_read(c, qk_buf_str(&b), "b.inp", &loader, &err) != QK_OK)
        fail_msg("%u: %s", err.line, err.message);
    qk_buf_clear(&b);
    assert_ok(qk_dispersion_new(d, c, NULL));
}

/* 99.9 % of the hourly values of every source within 1e-3 of the exact kernel. */
static void test_S046_dispersion__tables_keep_the_stated_accuracy(void **state)
{
    (void)state;
    qk_aermod_case c;
    qk_dispersion *d;
    static double value[2][TABLE_HOURS * MANY];
    long count = 0, beyond = 0;
    double mean = 0;
    make_county(&c, &d);
    qk_dispersion_work *w = qk_dispersion_work_new(d);
    assert_non_null(w);
    for (size_t s = 0; s < c.source_count; s++) {
        double top = 0, sum[2] = {0};
        memset(value, 0, sizeof value);
        qk_aermod_emission e = qk_aermod_emission_of(&c.source[s], 2);
        for (int k = 0; k < 2; k++) {
            qk_dispersion_tabulate(d, k == 0);
            for (int i = 0; i < TABLE_HOURS; i++) {
                qk_plume_hour h = hour_of(i + 1, i % 2, 1.5 + 0.4 * (i % 12), 7 + 47 * i % 360);
                assert_int_equal(qk_dispersion_begin(w, &h), QK_PLUME_HOUR_VALID);
                qk_dispersion_source(w, s, &e, value[k] + (size_t)i * MANY);
            }
        }
        for (int i = 0; i < TABLE_HOURS * MANY; i++) {
            top = fmax(top, value[1][i]);
            sum[0] += value[0][i];
            sum[1] += value[1][i];
        }
        mean = fmax(mean, fabs(sum[0] / sum[1] - 1));
        for (int i = 0; i < TABLE_HOURS * MANY; i++) {
            if (value[1][i] < 1e-3 * top) continue;
            count++;
            beyond += fabs(value[0][i] / value[1][i] - 1) > 1e-3;
        }
    }
    print_message("tables: %ld hourly values, %ld off by more than 1e-3; means %.1e\n", count,
                  beyond, mean);
    assert_true(count > 5000 && beyond * 1000 <= count && mean < 1e-4);
    qk_dispersion_work_free(w);
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S046_dispersion__is_linear_and_sums_to_all),
        cmocka_unit_test(test_S044_dispersion__shares_by_source_stand_in_groups),
        cmocka_unit_test(test_dispersion__calm_hours_follow_the_rules_of_averages),
        cmocka_unit_test(test_dispersion__a_gap_ends_the_averages_before_it),
        cmocka_unit_test(test_dispersion__the_annual_mean_is_that_of_whole_years),
        cmocka_unit_test(test_dispersion__arm2_stays_between_its_bounds),
        cmocka_unit_test(test_S046_dispersion__tables_keep_the_stated_accuracy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
