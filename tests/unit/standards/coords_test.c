/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/coords.h"
#include "../test.h"
#include <math.h>

static void near_to(qk_lonlat p, double lon, double lat, double tolerance)
{
    assert_true(fabs(p.lon_deg - lon) < tolerance);
    assert_true(fabs(p.lat_deg - lat) < tolerance);
}

static void test_coords__mengzhou_in_three_systems(void **state)
{
    (void)state;
    qk_lonlat wgs = {112.7914, 34.9068};
    qk_lonlat gcj = qk_wgs_to_gcj(wgs);
    near_to(gcj, 112.7975564, 34.9059099, 1e-7);
    near_to(qk_gcj_to_bd(gcj), 112.8039397, 34.9122415, 1e-7);
}

static void test_coords__there_and_back_over_the_country(void **state)
{
    (void)state;
    for (double lon = 74; lon < 135; lon += 3.7)
        for (double lat = 18; lat < 53; lat += 2.9) {
            qk_lonlat wgs = {lon, lat};
            qk_lonlat gcj = qk_wgs_to_gcj(wgs);
            near_to(qk_gcj_to_wgs(gcj), lon, lat, 1e-9);
            near_to(qk_bd_to_gcj(qk_gcj_to_bd(gcj)), gcj.lon_deg, gcj.lat_deg, 1e-9);
            assert_true(fabs(gcj.lon_deg - lon) + fabs(gcj.lat_deg - lat) > 1e-4);
        }
}

static void test_coords__nothing_is_shifted_outside(void **state)
{
    (void)state;
    qk_lonlat tokyo = {139.6917, 35.6895};
    near_to(qk_wgs_to_gcj(tokyo), 139.6917, 35.6895, 1e-15);
    near_to(qk_gcj_to_wgs(tokyo), 139.6917, 35.6895, 1e-15);
}

static void test_coords__tiles_and_the_edges_of_the_world(void **state)
{
    (void)state;
    qk_tile t;
    assert_true(qk_tile_mercator(&t, (qk_lonlat){112.7914, 34.9068}, 12));
    assert_int_equal(t.col, 3331);
    assert_int_equal(t.row, 1623);
    assert_true(qk_tile_geographic(&t, (qk_lonlat){112.7914, 34.9068}, 12));
    assert_int_equal(t.row, 626);
    assert_true(qk_tile_mercator(&t, (qk_lonlat){180, 0}, 3));
    assert_int_equal(t.col, 7);
    assert_false(qk_tile_mercator(&t, (qk_lonlat){0, 86}, 3));
    assert_false(qk_tile_geographic(&t, (qk_lonlat){0, 91}, 3));
    assert_false(qk_tile_geographic(&t, (qk_lonlat){0, 0}, 31));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coords__mengzhou_in_three_systems),
        cmocka_unit_test(test_coords__there_and_back_over_the_country),
        cmocka_unit_test(test_coords__nothing_is_shifted_outside),
        cmocka_unit_test(test_coords__tiles_and_the_edges_of_the_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
