/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "sim/county.h"
#include "sim/county_weather.h"
#include "sim/signal.h"
#include <math.h>

static size_t count_kind(const qk_sim_county *c, const char *kind)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_devices; i++) n += strcmp(c->devices[i].profile->kind, kind) == 0;
    return n;
}

static void test_S025_sim__the_county_has_its_network(void **state)
{
    qk_arena arena;
    qk_sim_county c;
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    assert_int_equal(count_kind(&c, "air_national"), 1);
    assert_int_equal(count_kind(&c, "air_provincial"), 2);
    assert_int_equal(count_kind(&c, "air_township"), 12);
    assert_int_equal(count_kind(&c, "air_micro"), 40);
    assert_int_equal(count_kind(&c, "air_road"), 3);
    assert_int_equal(count_kind(&c, "outlet"), 55);
    assert_int_equal(count_kind(&c, "power"), 120);
    assert_int_equal(count_kind(&c, "dust"), 29);
    assert_int_equal(count_kind(&c, "kitchen"), 22);
    assert_int_equal(count_kind(&c, "pump"), 42);
    assert_int_equal(count_kind(&c, "gate"), 18);
    assert_int_equal(count_kind(&c, "machine"), 40);
    qk_arena_clear(&arena);
}

static void test_sim__names_are_unique_and_every_place_lies_in_the_county(void **state)
{
    qk_arena arena;
    qk_sim_county c;
    qk_map *mns, *sites;
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    assert_int_equal(qk_map_new(&mns, 1000), QK_OK);
    assert_int_equal(qk_map_new(&sites, 1000), QK_OK);
    for (size_t i = 0; i < c.n_devices; i++) {
        const qk_sim_device *d = &c.devices[i];
        assert_false(qk_map_get(mns, qk_str_of(d->mn), NULL));
        assert_false(qk_map_get(sites, qk_str_of(d->site), NULL));
        assert_int_equal(qk_map_set(mns, qk_str_of(d->mn), i), QK_OK);
        assert_int_equal(qk_map_set(sites, qk_str_of(d->site), i), QK_OK);
        assert_true(d->lon > 112.9 && d->lon < 113.5 && d->lat > 34.7 && d->lat < 35.3);
        assert_true(strlen(d->mn) == (d->profile->dialect == 2005 ? 14 : 24));
    }
    qk_map_free(mns);
    qk_map_free(sites);
    qk_arena_clear(&arena);
}

static size_t members(const qk_json_value *root, const char *name)
{
    const qk_json_value *v = qk_json_get(root, name);
    assert_non_null(v);
    return v->count;
}

static void test_sim__the_register_is_whole_and_twice_the_same(void **state)
{
    qk_arena arena, tree;
    qk_sim_county c;
    qk_buf a, b;
    qk_json_value *root;
    qk_error err = {0};
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    qk_arena_init(&tree, 64 << 20);
    qk_buf_init(&a, 8 << 20);
    qk_buf_init(&b, 8 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    assert_int_equal(qk_sim_county_json(&a, &c), QK_OK);
    assert_int_equal(qk_sim_county_json(&b, &c), QK_OK);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
    assert_int_equal(qk_json_parse(&root, (qk_str){a.ptr, a.len}, &tree, &err), QK_OK);
    assert_int_equal(members(root, "divisions"), 1 + QK_SIM_TOWNSHIPS);
    assert_int_equal(members(root, "devices"), c.n_devices - 1); /* one is not registered */
    assert_int_equal(members(root, "sites"), c.n_devices - 1);
    assert_true(members(root, "factors") > 1500);
    assert_int_equal(members(root, "units"), 2 + 18 + 3 * QK_SIM_TOWNSHIPS + 38);
    assert_int_equal(members(root, "people"), members(root, "posts"));
    qk_buf_clear(&a);
    qk_buf_clear(&b);
    qk_arena_clear(&tree);
    qk_arena_clear(&arena);
}

/* Column `column` of the row of a lead, of each day of issue in turn. */
static size_t read_column(double *out, qk_str csv, int lead, int column)
{
    size_t n = 0;
    (void)qk_str_cut(&csv, '\n');
    while (csv.len) {
        double v = 0;
        int64_t of = 0;
        qk_str line = qk_str_cut(&csv, '\n'), cell = {0};
        for (int c = 0; c <= column; c++) {
            cell = qk_str_cut(&line, ',');
            if (c == 1) assert_int_equal(qk_parse_i64(&of, cell), QK_OK);
        }
        if (of != lead) continue;
        assert_int_equal(qk_parse_f64(&v, cell), QK_OK);
        out[n++] = v;
    }
    return n;
}

static double correlation(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) mx += x[i] / (double)n, my += y[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xy / sqrt(xx * yy);
}

/* The wind of a day as the devices measure it. */
static double true_wind(int32_t day)
{
    double sum = 0;
    for (int h = 0; h < 24; h++)
        sum += qk_sim_wind_ms((qk_time)day * QK_DAY - QK_CST_OFFSET + h * QK_HOUR) / 24;
    return sum;
}

static void test_sim__weather_forecasts_know_the_less_the_farther_off(void **state)
{
    enum { FIRST = 20000, DAYS = 120, WIND = 7 };
    static double told[DAYS], is[DAYS];
    qk_buf csv;
    (void)state;
    qk_buf_init(&csv, 1 << 20);
    qk_sim_weather_csv(&csv, FIRST, FIRST + DAYS - 1);
    assert_int_equal(csv.failed, QK_OK);
    double skill[3];
    const int leads[3] = {1, 6, 15};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(read_column(told, qk_buf_str(&csv), leads[i], WIND), DAYS);
        for (int d = 0; d < DAYS; d++) is[d] = true_wind(FIRST + d + leads[i]);
        skill[i] = correlation(told, is, DAYS);
    }
    assert_true(skill[0] > 0.9);
    assert_true(skill[1] > 0.5 && skill[1] < 0.9);
    assert_true(skill[2] < 0.5);
    qk_buf_clear(&csv);
}

static void test_sim__a_low_lid_goes_with_fine_dust(void **state)
{
    enum { FIRST = 20061, DAYS = 90 };
    static double lid[DAYS], dust[DAYS];
    qk_arena arena;
    qk_sim_county c;
    (void)state;
    qk_arena_init(&arena, 16 << 20);
    assert_int_equal(qk_sim_county_make(&c, &arena), QK_OK);
    const qk_sim_device *d = &c.devices[0];
    for (int i = 0; i < DAYS; i++) {
        qk_time noon = (qk_time)(FIRST + i) * QK_DAY + 4 * QK_HOUR;
        qk_sim_sky sky = qk_sim_sky_at(noon, NULL);
        assert_true(sky.rain_mm_h >= 0 && sky.cloud_percent >= 0 && sky.cloud_percent <= 100);
        lid[i] = log(sky.mixing_height_m);
        dust[i] = log(qk_sim_value(d, &d->profile->factors[0], noon));
    }
    assert_true(correlation(lid, dust, DAYS) < -0.6);
    qk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S025_sim__the_county_has_its_network),
        cmocka_unit_test(test_sim__weather_forecasts_know_the_less_the_farther_off),
        cmocka_unit_test(test_sim__a_low_lid_goes_with_fine_dust),
        cmocka_unit_test(test_sim__names_are_unique_and_every_place_lies_in_the_county),
        cmocka_unit_test(test_sim__the_register_is_whole_and_twice_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
