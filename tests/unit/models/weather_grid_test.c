/* SPDX-License-Identifier: Apache-2.0 */
#include "models/weather_grid.h"
#include "../failing_memory.h"
#include "../test.h"
#include <math.h>

/* 2026-03-01 12 UTC. */
#define RUN ((qk_time)1772366400000)

static const qk_grid_axes square = {2, 2, 34.5, 1, 112.5, 1};

static void put(qk_buf *out, qk_grid_var var, qk_grid_level kind, int32_t level, qk_time issued,
                int from_h, int until_h, double value)
{
    double v[4] = {value, value + 1, value + 2, value + 3};
    qk_grid_field f = {.what = {var, kind, level},
                       .issued = issued,
                       .from = issued + from_h * QK_HOUR,
                       .until = issued + until_h * QK_HOUR,
                       .name = "x"};
    qk_grid_put_field(out, &square, &f, v);
}

/* A grid of n fields that `fill` puts. */
static qk_grid *make(size_t n, void (*fill)(qk_buf *out))
{
    qk_buf out;
    qk_grid *g = NULL;
    size_t len;
    qk_buf_init(&out, 1 << 20);
    qk_grid_put_head(&out, &square, n, NULL, 0);
    fill(&out);
    assert_ok(out.failed);
    char *text = qk_buf_take(&out, &len);
    assert_ok(qk_grid_take(&g, text, len, NULL));
    return g;
}

static void test_weather_grid__names_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const char *const names[] = {"u_10m", "t_2m", "rh_850hpa", "cloud", "ground", "d_2m"};
    qk_grid_what what;
    char text[QK_GRID_NAME];
    for (size_t i = 0; i < QK_ARRAY_COUNT(names); i++) {
        assert_true(qk_grid_parse(&what, qk_str_of(names[i])));
        assert_string_equal(qk_grid_name(text, what), names[i]);
    }
    static const char *const none[] = {"",      "wind",  "u_",     "u_10",
                                       "u_hpa", "u_-3m", "u_1.5m", "u_10km"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(none); i++)
        assert_false(qk_grid_parse(&what, qk_str_of(none[i])));
    qk_grid_what wish[QK_GRID_WISHES_MAX];
    size_t n;
    assert_ok(qk_grid_wishes(wish, &n, QK_STR("t_*hpa, u_10m"), NULL));
    assert_true(qk_grid_wished(wish, n, (qk_grid_what){QK_GRID_T, QK_GRID_PRESSURE, 500}));
    assert_false(qk_grid_wished(wish, n, (qk_grid_what){QK_GRID_T, QK_GRID_HEIGHT, 2}));
    assert_int_equal(qk_grid_wishes(wish, &n, QK_STR("near,snow"), NULL), QK_EINVAL);
}

static void test_weather_grid__units_of_the_centres_become_ours(void **state)
{
    (void)state;
    static const struct {
        qk_grid_var var;
        const char *unit;
        double in, out;
    } rows[] = {{QK_GRID_T, "K", 300, 26.85},
                {QK_GRID_CLOUD, "(0 - 1)", 0.4, 40},
                {QK_GRID_CLOUD, "%", 40, 40},
                {QK_GRID_PRECIP, "m", 0.002, 2},
                {QK_GRID_PRECIP, "kg m**-2", 2, 2},
                {QK_GRID_GH, "m**2 s**-2", 9806.65, 1000},
                {QK_GRID_PS, "Pa", 99000, 990},
                {QK_GRID_Q, "kg kg**-1", 0.01, 10},
                {QK_GRID_U, "m s-1", 3, 3},
                {QK_GRID_BLH, "m", 700, 700},
                {QK_GRID_DEW, "degree_Celsius", 5, 5},
                {QK_GRID_MSL, "hPa", 1013, 1013}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        double scale, offset;
        assert_true(qk_grid_convert(&scale, &offset, rows[i].var, qk_str_of(rows[i].unit)));
        assert_near(rows[i].in * scale + offset, rows[i].out, 1e-9);
        assert_false(qk_grid_convert(&scale, &offset, rows[i].var, QK_STR("knots")));
    }
}

static void fill_two(qk_buf *out)
{
    put(out, QK_GRID_U, QK_GRID_HEIGHT, 10, RUN, 3, 3, 1);
    put(out, QK_GRID_T, QK_GRID_HEIGHT, 2, RUN, 3, 3, 20);
}

static void test_weather_grid__a_text_cut_or_changed_is_refused_or_sound(void **state)
{
    (void)state;
    qk_buf out;
    qk_grid *g;
    uint64_t seed = 3;
    const qk_grid_skipped skipped = {4, "sd", "not used here"};
    qk_buf_init(&out, 1 << 16);
    qk_grid_put_head(&out, &square, 2, &skipped, 1);
    fill_two(&out);
    for (size_t n = 0; n < out.len; n++) {
        char *text = malloc(n + (n == 0)); /* of just this size */
        memcpy(text, out.ptr, n);
        assert_int_equal(qk_grid_take(&g, text, n, NULL), QK_EFORMAT);
    }
    for (int i = 0; i < 3000; i++) {
        char *text = malloc(out.len);
        memcpy(text, out.ptr, out.len);
        text[qk_test_random(&seed) % out.len] = (char)qk_test_random(&seed);
        if (qk_grid_take(&g, text, out.len, NULL) != QK_OK) continue;
        assert_true(g->fields <= 2 && g->skips == 1);
        qk_grid_free(g);
    }
    qk_buf_clear(&out);
}

static void test_weather_grid__a_place_lies_between_its_points_round_the_globe(void **state)
{
    (void)state;
    const qk_grid_axes band = {2, 3, 10, 10, 170, 10}; /* 170, 180, 190 east */
    const double v[] = {0, 1, 2, 10, 11, 12};
    assert_near(qk_grid_at(&band, v, -175, 15), 1.5 + 5, 1e-9);
    assert_near(qk_grid_at(&band, v, 185, 10), 1.5, 1e-9);
    assert_near(qk_grid_at(&band, v, -170, 20), 12, 1e-9);
    assert_true(isnan(qk_grid_at(&band, v, -169, 15)));
    assert_true(isnan(qk_grid_at(&band, v, 175, 21)));
    assert_false(qk_grid_holds(&band, 113, 15));
    const double hole[] = {0, NAN, 2, 10, 11, 12};
    assert_true(isnan(qk_grid_at(&band, hole, 175, 10)));
    assert_near(qk_grid_at(&band, hole, 175, 20), 10.5, 1e-9);
    const qk_grid_axes lone = {1, 1, 35, 0, 113, 0};
    assert_near(qk_grid_at(&lone, v + 4, 113.2, 34.9), 11, 0);
    assert_true(isnan(qk_grid_at(&lone, v + 4, 113.3, 35)));
}

static void fill_runs(qk_buf *out)
{
    put(out, QK_GRID_T, QK_GRID_HEIGHT, 2, RUN, 12, 12, 20);
    put(out, QK_GRID_T, QK_GRID_HEIGHT, 2, RUN, 18, 18, 26);
    put(out, QK_GRID_T, QK_GRID_HEIGHT, 2, RUN + 12 * QK_HOUR, 0, 0, 10);
    put(out, QK_GRID_PRECIP, QK_GRID_SURFACE, 0, RUN, 0, 6, 0);
    put(out, QK_GRID_PRECIP, QK_GRID_SURFACE, 0, RUN, 0, 12, 6);
    put(out, QK_GRID_PRECIP, QK_GRID_SURFACE, 0, RUN, 6, 12, 6);
    put(out, QK_GRID_PRECIP, QK_GRID_SURFACE, 0, RUN, 0, 18, 3);
}

static void test_weather_grid__the_shortest_lead_counts_and_sums_are_parted(void **state)
{
    (void)state;
    qk_grid *g = make(7, fill_runs);
    qk_grid_series s, h;
    assert_ok(qk_grid_series_make(&s, g, 112.5, 34.5, QK_TIME_NONE, NULL));
    size_t t = qk_grid_series_column(&s, (qk_grid_what){QK_GRID_T, QK_GRID_HEIGHT, 2});
    size_t r = qk_grid_series_column(&s, (qk_grid_what){QK_GRID_PRECIP, QK_GRID_SURFACE, 0});
    assert_int_equal(s.times, 3);
    assert_near(s.value[1 * s.columns + t], 10, 0); /* of the newer run */
    assert_near(s.value[2 * s.columns + t], 26, 0);
    assert_near(s.value[0 * s.columns + r], 0, 0);
    assert_near(s.value[1 * s.columns + r], 6, 0);
    assert_true(isnan(s.value[2 * s.columns + r])); /* a sum does not fall */
    assert_ok(qk_grid_series_hourly(&h, &s, NULL));
    assert_int_equal(h.times, 18);
    assert_near(h.value[8 * h.columns + r], 1, 1e-12); /* 6 mm in six hours */
    assert_near(h.value[13 * h.columns + t], 10 + 16.0 * 2 / 6, 1e-12);
    assert_true(isnan(h.value[3 * h.columns + t]));
    qk_grid_series_clear(&h);
    qk_grid_series_clear(&s);
    assert_ok(qk_grid_series_make(&s, g, 112.5, 34.5, RUN, NULL));
    assert_near(s.value[1 * s.columns + t], 20, 0);
    qk_grid_series_clear(&s);
    assert_int_equal(qk_grid_series_make(&s, g, 10, 34.5, RUN, NULL), QK_ERANGE);
    qk_grid_free(g);
}

static void test_weather_grid__analyses_are_no_forecast(void **state)
{
    (void)state;
    qk_grid *g = make(2, fill_two);
    qk_buf out;
    size_t rows;
    qk_buf_init(&out, 1 << 16);
    assert_int_equal(qk_grid_write_days(&out, &rows, g, 113, 35, NULL), QK_ENOTFOUND);
    qk_buf_clear(&out);
    qk_grid_free(g);
}

/* Everything that is made of a grid, with the Nth allocation refused. */
static qk_code make_all(qk_buf *out, const char *bytes, size_t len)
{
    qk_grid *g = NULL;
    qk_grid_series s = {0}, h = {0};
    size_t n;
    qk_buf copy;
    qk_buf_init(&copy, 1 << 16);
    qk_buf_append(&copy, bytes, len);
    char *text = qk_buf_take(&copy, &len);
    qk_buf_clear(&copy);
    if (!text) return QK_ENOMEM;
    QK_TRY(qk_grid_take(&g, text, len, NULL));
    qk_code code = qk_grid_series_make(&s, g, 113, 35, QK_TIME_NONE, NULL);
    if (code == QK_OK) code = qk_grid_series_hourly(&h, &s, NULL);
    if (code == QK_OK) qk_grid_write_series(out, &h);
    if (code == QK_OK) code = qk_grid_write_days(out, &n, g, 113, 35, NULL);
    if (code == QK_ENOTFOUND) code = QK_OK;
    if (code == QK_OK) code = qk_grid_write_winds(out, g, QK_GRID_HEIGHT, 10, NULL);
    if (code == QK_ENOTFOUND) code = out->failed;
    qk_grid_series_clear(&s);
    qk_grid_series_clear(&h);
    qk_grid_free(g);
    return code;
}

static void test_weather_grid__survives_want_of_memory(void **state)
{
    (void)state;
    qk_buf text, out;
    unsigned n = 0;
    qk_code code = QK_ENOMEM;
    qk_buf_init(&text, 1 << 16);
    qk_grid_put_head(&text, &square, 7, NULL, 0);
    fill_runs(&text);
    while (code != QK_OK) {
        qk_buf_init(&out, 1 << 20);
        fail_at = ++n;
        code = make_all(&out, text.ptr, text.len);
        bool reached = fail_at == 0;
        fail_at = 0;
        assert_true(code == QK_OK || (code == QK_ENOMEM && reached));
        if (reached) assert_int_equal(code, QK_ENOMEM);
        qk_buf_clear(&out);
    }
    assert_true(n > 10);
    qk_buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weather_grid__names_are_read_as_they_are_written),
        cmocka_unit_test(test_weather_grid__units_of_the_centres_become_ours),
        cmocka_unit_test(test_weather_grid__a_text_cut_or_changed_is_refused_or_sound),
        cmocka_unit_test(test_weather_grid__a_place_lies_between_its_points_round_the_globe),
        cmocka_unit_test(test_weather_grid__the_shortest_lead_counts_and_sums_are_parted),
        cmocka_unit_test(test_weather_grid__analyses_are_no_forecast),
        cmocka_unit_test(test_weather_grid__survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
