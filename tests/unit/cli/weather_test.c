/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong weather` as a program, on files that the libraries of the formats write here. */
#include "../weather_files.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/time.h"
#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct world {
    char dir[64];
    qk_buf out;
    int status;
} world;

static int begin(void **state)
{
    world *w = calloc(1, sizeof *w);
    strcpy(w->dir, "/tmp/qk-weather-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    qk_buf_init(&w->out, 64 << 20);
    *state = w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    qk_buf_clear(&w->out);
    free(w);
    return 0;
}

static const char *at(const world *w, const char *name)
{
    static char path[4][256];
    static int turn;
    char *p = path[turn++ & 3];
    snprintf(p, sizeof path[0], "%s/%s", w->dir, name);
    return p;
}

/* Runs the program in the world's folder; standard output alone unless the arguments say more. */
static void run(world *w, const char *args)
{
    char command[1024], chunk[65536];
    size_t n;
    snprintf(command, sizeof command, "cd '%s' && '%s' %s", w->dir, getenv("QK_PROGRAM"), args);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    qk_buf_reset(&w->out);
    while ((n = fread(chunk, 1, sizeof chunk, pipe)) > 0) qk_buf_append(&w->out, chunk, n);
    qk_buf_puts(&w->out, "");
    w->status = WEXITSTATUS(pclose(pipe));
}

static void assert_says(const world *w, const char *text)
{
    if (!strstr(w->out.ptr, text)) fail_msg("'%s' is not in: %s", text, w->out.ptr);
}

/* The cell of a row (from 0) of the CSV that came out; "" for the empty one. */
static const char *cell(const world *w, size_t row, const char *column)
{
    static char text[80];
    qk_csv_reader *csv;
    const qk_str *cells = NULL;
    assert_ok(qk_csv_open_text(&csv, qk_buf_str(&w->out), "out", ',', NULL));
    size_t c = qk_csv_column(csv, column);
    if (c == SIZE_MAX) fail_msg("no column %s in: %s", column, w->out.ptr);
    for (size_t i = 0; i <= row; i++)
        if (qk_csv_next(csv, &cells, NULL) != QK_OK) fail_msg("no row %zu: %s", row, w->out.ptr);
    qk_str_copy(text, sizeof text, cells[c]);
    qk_csv_close(csv);
    return text;
}

static double number(const world *w, size_t row, const char *column)
{
    double v = NAN;
    const char *text = cell(w, row, column);
    if (qk_parse_f64(&v, qk_str_of(text)) != QK_OK) fail_msg("%s: '%s'", column, text);
    return v;
}

/* ---- fields that are linear in longitude, latitude and time: what lies between is exact ---- */

static double wind_u(double lon, double lat, long h)
{
    return 0.1 * lon - 0.2 * lat + 0.05 * (double)h - 5;
}
static double wind_v(double lon, double lat, long h)
{
    return 0.2 * lon + 0.1 * lat - 0.02 * (double)h - 26;
}
static double kelvin(double lon, double lat, long h)
{
    return 280 + 0.1 * (lon - 110) - 0.3 * (lat - 35) + 0.2 * (double)h;
}
static double dew(double lon, double lat, long h)
{
    return kelvin(lon, lat, h) - 4;
}
static double pascal(double lon, double lat, long h)
{
    return 98000 + 100 * (lon - 110) + 10 * (double)h + 0 * lat;
}
static double part_cloud(double lon, double lat, long h)
{
    return 0.25 + 0.005 * (double)h + 0 * (lon + lat);
}
static double metres_fallen(double lon, double lat, long h)
{
    return 0.001 * (double)h * (double)h / 9 + 0 * (lon + lat);
}
static double mm_in_bucket(double lon, double lat, long h)
{
    return (h % 6 ? 1.5 : 4) + 0 * (lon + lat);
}

/* Henan, half degrees; run of 2026-03-01 12 UTC = 20:00 here. */
static grib_field henan(const char *name, long start, long end_h,
                        double (*value)(double, double, long))
{
    return (grib_field){.short_name = name,
                        .date = 20260301,
                        .hour = 12,
                        .start_h = start,
                        .end_h = end_h,
                        .ni = 13,
                        .nj = 9,
                        .north = 37,
                        .west = 110,
                        .step = 0.5,
                        .value = value};
}

static void put_near(const char *path, grib_field frame, long end_h)
{
    static const struct {
        const char *name;
        double (*value)(double, double, long);
    } fields[] = {{"10u", wind_u}, {"10v", wind_v}, {"2t", kelvin},
                  {"2d", dew},     {"sp", pascal},  {"tcc", part_cloud}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(fields); i++) {
        grib_field f = frame;
        f.short_name = fields[i].name;
        f.value = fields[i].value;
        f.end_h = end_h;
        grib_append(path, &f);
    }
}

static void test_weather__grib_at_a_place_is_exact_to_packing_in_our_units(void **state)
{
    world *w = *state;
    for (long h = 3; h <= 9; h += 3) {
        put_near(at(w, "a.grib2"), henan(NULL, 0, 0, NULL), h);
        grib_field tp = henan("tp", 0, h, metres_fallen);
        tp.sum = true;
        tp.sample = "regular_ll_sfc_grib1"; /* metres since the run began, as one centre has them */
        grib_append(at(w, "a.grib2"), &tp);
    }
    run(w, "weather extract a.grib2 --at 113.21,35.17");
    assert_int_equal(w->status, 0);
    for (size_t i = 0; i < 3; i++) {
        long h = 3 * (long)(i + 1);
        assert_near(number(w, i, "u_10m_ms"), wind_u(113.21, 35.17, h), 2e-6);
        assert_near(number(w, i, "v_10m_ms"), wind_v(113.21, 35.17, h), 2e-6);
        assert_near(number(w, i, "t_2m_c"), kelvin(113.21, 35.17, h) - 273.15, 2e-6);
        assert_near(number(w, i, "ps_hpa"), pascal(113.21, 35.17, h) / 100, 2e-4);
        assert_near(number(w, i, "cloud_pct"), 100 * part_cloud(0, 0, h), 2e-5);
        assert_near(number(w, i, "lead_h"), (double)h, 0);
        double before = h == 3 ? 0 : metres_fallen(0, 0, h - 3);
        assert_near(number(w, i, "precip_mm"), 1000 * (metres_fallen(0, 0, h) - before), 1e-4);
        assert_near(number(w, i, "precip_h"), 3, 0);
        assert_in_range(number(w, i, "rh_2m_pct"), 70, 80);
    }
    assert_string_equal(cell(w, 0, "time"), "2026-03-01T23:00:00");
    assert_string_equal(cell(w, 2, "time"), "2026-03-02T05:00:00");
    assert_string_equal(cell(w, 0, "issued"), "2026-03-01T20:00:00");
    double u = number(w, 0, "u_10m_ms"), v = number(w, 0, "v_10m_ms");
    assert_near(number(w, 0, "ws_10m_ms"), hypot(u, v), 1e-5);
    assert_near(number(w, 0, "wd_10m_deg"), fmod(atan2(-u, -v) * 180 / M_PI + 360, 360), 0.01);
}

static void test_weather__buckets_that_begin_anew_are_taken_apart(void **state)
{
    world *w = *state;
    for (long h = 3; h <= 12; h += 3) {
        grib_field f = henan("tp", h % 6 ? h - 3 : h - 6, h, mm_in_bucket);
        f.sum = true;
        f.centre = 7; /* whose sums are kilograms a square metre */
        grib_append(at(w, "b.grib2"), &f);
    }
    run(w, "weather extract b.grib2 --at 113,35 --vars precip --hourly");
    assert_int_equal(w->status, 0);
    for (size_t i = 0; i < 12; i++)
        assert_near(number(w, i, "precip_mm"), (i / 3 % 2 ? 2.5 : 1.5) / 3, 1e-6);
    assert_string_equal(cell(w, 0, "time"), "2026-03-01T21:00:00");
    assert_string_equal(cell(w, 11, "time"), "2026-03-02T08:00:00");
}

/* ---- axes of every kind ---- */

static double round_earth(double lon, double lat, long h)
{
    return 20 * cos(lon * M_PI / 180) + 0.1 * lat + 0 * (double)h;
}

static void test_weather__longitudes_and_latitudes_run_as_they_like(void **state)
{
    world *w = *state;
    grib_field f = {.short_name = "10u",
                    .date = 20260301,
                    .hour = 0,
                    .end_h = 6,
                    .ni = 72,
                    .nj = 37,
                    .north = 90,
                    .west = 0,
                    .step = 5,
                    .value = round_earth};
    for (int kind = 0; kind < 4; kind++) {
        char command[160];
        f.up = kind & 1;
        f.leftwards = kind & 2;
        snprintf(command, sizeof command, "g%d.grib2", kind);
        grib_append(at(w, command), &f);
        static const double places[][2] = {{-2.5, 12}, {-180, -90}};
        for (size_t p = 0; p < QK_ARRAY_COUNT(places); p++) {
            double lon = places[p][0], lat = places[p][1], low = 5 * floor(lon / 5);
            double part = (lon - low) / 5;
            double want =
                (1 - part) * round_earth(low, lat, 6) + part * round_earth(low + 5, lat, 6);
            snprintf(command, sizeof command, "weather extract g%d.grib2 --vars u_10m --at=%g,%g",
                     kind, lon, lat);
            run(w, command);
            assert_int_equal(w->status, 0);
            assert_near(number(w, 0, "u_10m_ms"), want, 1e-5);
        }
    }
}

/* As the centres send them; and a table of an area. */
static void test_weather__packings_of_the_centres_are_read_over_an_area(void **state)
{
    world *w = *state;
    static const char *const packings[] = {"grid_simple", "grid_ccsds", "grid_ieee", "grid_jpeg"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(packings); i++) {
        grib_field f = henan("2t", 0, 3 * (long)i, kelvin);
        f.packing = packings[i];
        f.packing_bits = 16;
        f.ni = 31; /* the sample's 496 points, which JPEG 2000 wants from the beginning */
        f.nj = 16;
        grib_append(at(w, "p.grib2"), &f);
    }
    run(w, "weather extract p.grib2 --area 113,34,113,34");
    assert_int_equal(w->status, 0);
    for (size_t i = 0; i < 9 * QK_ARRAY_COUNT(packings); i++) {
        double lon = 112.5 + 0.5 * (double)(i / 4 % 3), lat = 33.5 + 0.5 * (double)(i / 12);
        assert_near(number(w, i, "lon"), lon, 1e-9);
        assert_near(number(w, i, "lat"), lat, 1e-9);
        assert_near(number(w, i, "t_2m_c"), kelvin(lon, lat, 3 * (long)(i % 4)) - 273.15, 3e-4);
    }
}

static void test_weather__values_that_are_missing_stay_missing(void **state)
{
    world *w = *state;
    grib_field f = henan("2t", 0, 3, kelvin);
    f.hole = kelvin(113, 35, 3);
    grib_append(at(w, "h.grib2"), &f);
    f = henan("10u", 0, 3, wind_u);
    grib_append(at(w, "h.grib2"), &f);
    run(w, "weather extract h.grib2 --at 113.2,35");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 0, "t_2m_c"), "");
    assert_near(number(w, 0, "u_10m_ms"), wind_u(113.2, 35, 3), 1e-6);
    run(w, "weather extract h.grib2 --at 114.2,36.1");
    assert_near(number(w, 0, "t_2m_c"), kelvin(114.2, 36.1, 3) - 273.15, 1e-5);
}

/* ---- NetCDF ---- */

enum { STEPS = 8, ROWS = 9, COLUMNS = 13 };

/* As the reanalyses come: packed shorts, north to south, hours since 1900 (2026-03-01 00 UTC is
 * 1105920 of them). */
static void put_reanalysis(const char *path, int format)
{
    int nc, dims[3];
    nc_ok(nc_create(path, NC_CLOBBER | format, &nc));
    dims[0] = nc_axis(nc, "time", STEPS, "time", "hours since 1900-01-01 00:00:00.0");
    dims[1] = nc_axis(nc, "latitude", ROWS, NULL, "degrees_north");
    dims[2] = nc_axis(nc, "longitude", COLUMNS, NULL, "degrees_east");
    int t = nc_variable(nc, "t2m", "K", 3, dims, NC_SHORT);
    int rain = nc_variable(nc, "tp", "m", 3, dims, NC_SHORT);
    int u = nc_variable(nc, "u10", "m s**-1", 3, dims, NC_FLOAT);
    nc_pack(nc, t, 0.001, 285, -32767);
    nc_pack(nc, rain, 1e-6, 0, -32767);
    nc_ok(nc_enddef(nc));
    nc_fill_axis(nc, "time", STEPS, 1105920, 1);
    nc_fill_axis(nc, "latitude", ROWS, 37, -0.5);
    nc_fill_axis(nc, "longitude", COLUMNS, 110, 0.5);
    for (size_t i = 0; i < (size_t)STEPS * ROWS * COLUMNS; i++) {
        size_t at3[3] = {i / (ROWS * COLUMNS), i / COLUMNS % ROWS, i % COLUMNS};
        double lon = 110 + 0.5 * (double)at3[2], lat = 37 - 0.5 * (double)at3[1];
        double v = wind_u(lon, lat, (long)at3[0]);
        short k = (short)lround((kelvin(lon, lat, (long)at3[0]) - 285) / 0.001);
        short r = (short)(100 * (at3[0] + 1));
        if (at3[0] == 2) k = -32767;
        nc_ok(nc_put_var1_short(nc, t, at3, &k));
        nc_ok(nc_put_var1_short(nc, rain, at3, &r));
        nc_ok(nc_put_var1_double(nc, u, at3, &v));
    }
    nc_ok(nc_close(nc));
}

static void test_weather__netcdf_of_both_formats_is_exact_to_packing(void **state)
{
    world *w = *state;
    static const int formats[] = {0, NC_NETCDF4};
    for (size_t f = 0; f < 2; f++) {
        put_reanalysis(at(w, "era.nc"), formats[f]);
        run(w, "weather extract era.nc --at 113.2,35.1");
        assert_int_equal(w->status, 0);
        assert_string_equal(cell(w, 0, "time"), "2026-03-01T08:00:00");
        for (size_t i = 0; i < STEPS; i++) {
            if (i != 2)
                assert_near(number(w, i, "t_2m_c"), kelvin(113.2, 35.1, (long)i) - 273.15, 0.0006);
            assert_near(number(w, i, "u_10m_ms"), wind_u(113.2, 35.1, (long)i), 1e-5);
            assert_near(number(w, i, "precip_mm"), 0.1 * (double)(i + 1), 1e-6);
            assert_near(number(w, i, "precip_h"), 1, 0);
            assert_near(number(w, i, "lead_h"), 0, 0);
        }
        assert_string_equal(cell(w, 2, "t_2m_c"), "");
    }
}

/* A run with steps, longitude before latitude, levels in Pa, longitudes of 0 to 360. */
static void put_run(const char *path)
{
    int nc, dims[4], run_var;
    double run = 1772366400; /* 2026-03-01 12 UTC */
    nc_ok(nc_create(path, NC_CLOBBER, &nc));
    dims[0] = nc_axis(nc, "step", 3, "forecast_period", "hours");
    dims[1] = nc_axis(nc, "lev", 2, "air_pressure", "Pa");
    dims[2] = nc_axis(nc, "x", 72, NULL, "degrees_east");
    dims[3] = nc_axis(nc, "y", 19, NULL, "degrees_north");
    nc_ok(nc_def_var(nc, "time", NC_DOUBLE, 0, NULL, &run_var));
    nc_ok(nc_put_att_text(nc, run_var, "units", 33, "seconds since 1970-01-01T08:00+08"));
    int u = nc_variable(nc, "u", "m s-1", 4, dims, NC_DOUBLE);
    int z = nc_variable(nc, "z", "m2 s-2", 4, dims, NC_DOUBLE);
    nc_ok(nc_enddef(nc));
    nc_ok(nc_put_var_double(nc, run_var, &run));
    nc_fill_axis(nc, "step", 3, 6, 6);
    nc_fill_axis(nc, "lev", 2, 85000, 7500);
    nc_fill_axis(nc, "x", 72, 0, 5);
    nc_fill_axis(nc, "y", 19, -90, 10);
    for (size_t i = 0; i < 3UL * 2 * 72 * 19; i++) {
        size_t c[4] = {i / (2UL * 72 * 19), i / (72UL * 19) % 2, i / 19 % 72, i % 19};
        double v = round_earth(5 * (double)c[2], 10 * (double)c[3] - 90, 0) + (double)c[1];
        double g = 9.80665 * 1500;
        nc_ok(nc_put_var1_double(nc, u, c, &v));
        nc_ok(nc_put_var1_double(nc, z, c, &g));
    }
    nc_ok(nc_close(nc));
}

static void test_weather__netcdf_runs_have_leads_levels_and_any_order(void **state)
{
    world *w = *state;
    put_run(at(w, "run.nc"));
    run(w, "weather extract run.nc --vars 'u_*hpa,gh_*hpa' --at=-75,40");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 0, "issued"), "2026-03-01T20:00:00");
    assert_string_equal(cell(w, 2, "time"), "2026-03-02T14:00:00");
    assert_near(number(w, 1, "lead_h"), 12, 0);
    assert_near(number(w, 1, "u_850hpa_ms"), round_earth(-75, 40, 0), 1e-5);
    assert_near(number(w, 1, "u_925hpa_ms"), round_earth(-75, 40, 0) + 1, 1e-5);
    assert_near(number(w, 1, "gh_850hpa_m"), 1500, 1e-3);
    run(w, "weather info run.nc 2>&1");
    assert_says(w, "12 fields on 72 x 19 points, -180.0000 to 175.0000 E by 5.0000");
}

static void test_weather__netcdf_that_cannot_be_read_is_named(void **state)
{
    world *w = *state;
    int nc, d[2], lat, lon;
    nc_ok(nc_create(at(w, "wrf.nc"), NC_CLOBBER, &nc));
    nc_ok(nc_def_dim(nc, "south_north", 4, &d[0]));
    nc_ok(nc_def_dim(nc, "west_east", 4, &d[1]));
    lat = nc_variable(nc, "XLAT", "degree_north", 2, d, NC_FLOAT);
    lon = nc_variable(nc, "XLONG", "degree_east", 2, d, NC_FLOAT);
    assert_int_not_equal(lat, lon);
    nc_variable(nc, "t2m", "K", 2, d, NC_FLOAT);
    nc_ok(nc_close(nc));
    run(w, "weather extract wrf.nc --at 113,35 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "t2m: its grid is curved");
    /* A header that claims four thousand million rows and a file that ends behind it. */
    nc_ok(nc_create(at(w, "huge.nc"), NC_CLOBBER | NC_64BIT_DATA, &nc));
    d[0] = nc_axis(nc, "latitude", 4000000000UL, NULL, "degrees_north");
    d[1] = nc_axis(nc, "longitude", 4, NULL, "degrees_east");
    nc_variable(nc, "t2m", "K", 2, d, NC_FLOAT);
    nc_ok(nc_set_fill(nc, NC_NOFILL, NULL));
    nc_ok(nc_enddef(nc));
    nc_ok(nc_close(nc));
    assert_int_equal(truncate(at(w, "huge.nc"), 4096), 0);
    run(w, "weather extract huge.nc --at 113,35 2>&1");
    assert_int_equal(w->status, 1);
    put_reanalysis(at(w, "era.nc"), NC_NETCDF4);
    assert_int_equal(truncate(at(w, "era.nc"), 6000), 0);
    run(w, "weather extract era.nc --at 113,35 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "damaged or cut off");
}

/* ---- what other commands make of it ---- */

#define EARTH_M 6371008.8

/* Solid rotation of the air about a place: analytic, so that where a path was is known. */
static const double hub_lon = 113, hub_lat = 35, turn_s = 86400;

static double spin(double lon, double lat, bool north)
{
    double rad = M_PI / 180, w = 2 * M_PI / turn_s;
    double kx = cos(hub_lat * rad) * cos(hub_lon * rad),
           ky = cos(hub_lat * rad) * sin(hub_lon * rad);
    double kz = sin(hub_lat * rad), x = cos(lat * rad) * cos(lon * rad);
    double y = cos(lat * rad) * sin(lon * rad), z = sin(lat * rad);
    double vx = w * EARTH_M * (ky * z - kz * y), vy = w * EARTH_M * (kz * x - kx * z);
    double vz = w * EARTH_M * (kx * y - ky * x);
    if (!north) return -vx * sin(lon * rad) + vy * cos(lon * rad);
    return -vx * sin(lat * rad) * cos(lon * rad) - vy * sin(lat * rad) * sin(lon * rad) +
           vz * cos(lat * rad);
}
static double spin_u(double lon, double lat, long h)
{
    return spin(lon, lat, false) + 0 * (double)h;
}
static double spin_v(double lon, double lat, long h)
{
    return spin(lon, lat, true) + 0 * (double)h;
}

static void put_spin(const world *w)
{
    for (long h = 0; h <= 48; h += 6) {
        grib_field f = {.short_name = "10u",
                        .date = 20260301,
                        .hour = 0,
                        .end_h = h,
                        .ni = 61,
                        .nj = 61,
                        .north = 41,
                        .west = 107,
                        .step = 0.2,
                        .value = spin_u};
        grib_append(at(w, "spin.grib2"), &f);
        f.short_name = "10v";
        f.value = spin_v;
        grib_append(at(w, "spin.grib2"), &f);
    }
}

static void test_weather__back_trajectories_from_grib_close_their_turn(void **state)
{
    world *w = *state;
    put_spin(w);
    run(w, "trace trajectory --winds spin.grib2 --at 113.8,35.4 --start 2026-03-02T20:00 --hours 24"
           " --step 10");
    assert_int_equal(w->status, 0);
    /* A turn of 24 h ends where it began; the grid's cells, not the steps, leave their mark. */
    double way = 2 * M_PI * 85000, lon = number(w, 144, "lon"), lat = number(w, 144, "lat");
    double off = hypot((lon - 113.8) * cos(lat * M_PI / 180), lat - 35.4) * M_PI / 180 * EARTH_M;
    print_message("one turn on a grid of 0.2 degrees: off by %.2e of the way\n", off / way);
    assert_true(off / way < 1e-3);
    assert_true(number(w, 72, "distance_km") > 150);
}

static void test_weather__paths_from_grib_become_clusters_pscf_and_cwt(void **state)
{
    world *w = *state;
    qk_buf air;
    qk_buf_init(&air, 1 << 16);
    qk_buf_puts(&air, "date,PM2.5\n");
    for (int i = 0; i < 12; i++)
        qk_buf_printf(&air, "2026-03-02T%02d:00,%d\n", 8 + i, i < 6 ? 120 + i : 20 + i);
    qk_buf_puts(&air, "2026-04-02T08:00,50\n");
    assert_ok(qk_file_write_atomic(at(w, "air.csv"), air.ptr, air.len, 0644, NULL));
    qk_buf_clear(&air);
    put_spin(w);
    run(w, "trace trajectory --winds spin.grib2 --at 113.8,35.4 --values air.csv --hours 6"
           " >paths.csv 2>said; cat said");
    assert_int_equal(w->status, 0);
    assert_says(w, "12 paths, 0 that end early, 1 arrivals without wind");
    run(w, "trace cluster --in paths.csv --clusters 2");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 11, "date"), "2026-03-02T19:00:00");
    run(w,
        "trace cells --in paths.csv --values air.csv --pollutant PM2.5 --cell 0.5 --percentile 50");
    assert_int_equal(w->status, 0);
    assert_near(number(w, 0, "share"), 0.5, 1e-9);
    assert_near(number(w, 0, "mean"), (6 * 122.5 + 6 * 28.5) / 12, 1e-6);
    run(w, "trace trajectory --winds spin.grib2 --at=-80,35 --start 2026-03-02T20:00 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "weather of another place");
}

static void test_weather__hysplit_end_points_become_paths(void **state)
{
    world *w = *state;
    static const char dump[] =
        "     1     1\n    GFSQ    26     2    14     0     0\n     2 BACKWARD OMEGA   \n"
        "    26     2    14     8   39.900  116.400   100.0\n"
        "    26     2    14     8   39.900  116.400   500.0\n     1 PRESSURE\n"
        "     1     1    26     2    14     8     0     8     0.0   39.900  116.400    100.0    "
        "990.7\n"
        "     2     1    26     2    14     8     0     8     0.0   39.900  116.400    500.0    "
        "950.7\n"
        "     1     1    26     2    14     7     0     7    -1.0   40.244  116.143    120.2    "
        "980.8\n"
        "     2     1    26     2    14     7     0     7    -1.0   40.044  116.243    520.2    "
        "940.8\n";
    assert_ok(qk_file_write_atomic(at(w, "tdump"), dump, sizeof dump - 1, 0644, NULL));
    run(w, "trace hysplit --in tdump");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 1, "date"), "2026-02-14T16:00:00");
    assert_string_equal(cell(w, 1, "time"), "2026-02-14T15:00:00");
    assert_near(number(w, 3, "height_m"), 520.2, 1e-9);
    run(w, "trace hysplit --in tdump >paths.csv");
    run(w, "trace cluster --in paths.csv --clusters 2");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 1, "cluster"), "C2");
    assert_ok(qk_file_write_atomic(at(w, "tdump"), dump, 300, 0644, NULL));
    run(w, "trace hysplit --in tdump 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "tdump:8: no end point");
}

static void test_weather__published_hysplit_samples_are_paths(void **state)
{
    world *w = *state;
    static const char *const names[] = {"monetio_tdump.1", "monetio_tdump.2", "web_beijing.txt",
                                        "web_shanghai.txt"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(names); i++) {
        char relative[100], path[400], command[500];
        snprintf(relative, sizeof relative, "data/trajectories/hysplit_tdump/%s", names[i]);
        if (!qk_test_shared(path, sizeof path, relative)) skip();
        snprintf(command, sizeof command, "trace hysplit --in '%s'", path);
        run(w, command);
        assert_int_equal(w->status, 0);
        assert_near(number(w, 0, "hours"), 0, 0);
        char first[80];
        strcpy(first, cell(w, 0, "date"));
        assert_string_equal(cell(w, 1, "date"), first);
    }
    assert_string_equal(cell(w, 0, "date"), "2026-02-14T16:00:00");
    assert_near(number(w, 1, "hours"), -1, 0);
}

/* A week of analyses with a profile, each three hours. */
static double level_t(double lon, double lat, long h)
{
    return 290 - 0.004 * (double)h + 0 * (lon + lat);
}
static double level_z(double lon, double lat, long h)
{
    return (double)h + 0 * (lon + lat);
}

static void put_profile(const world *w)
{
    for (long day = 1; day <= 2; day++)
        for (long hour = 0; hour < 24; hour += 3) {
            grib_field frame = henan(NULL, 0, 0, NULL);
            frame.date = 20260300 + day;
            frame.hour = hour;
            frame.ni = frame.nj = 13;
            put_near(at(w, "col.grib2"), frame, 0);
            for (long k = 0; k < 4; k++) {
                static const long hpa[] = {950, 900, 850, 800}, m[] = {500, 1000, 1500, 2000};
                grib_field f = frame;
                f.sample = "regular_ll_pl_grib2";
                f.level_type = "isobaricInhPa";
                f.level = hpa[k];
                f.short_name = "t";
                f.value = level_t;
                f.end_h = 0;
                f.tag_h = m[k];
                grib_append(at(w, "col.grib2"), &f);
                f.short_name = "gh";
                f.value = level_z;
                grib_append(at(w, "col.grib2"), &f);
            }
        }
}

static void test_weather__dispersion_takes_hours_and_profiles_of_a_grid(void **state)
{
    world *w = *state;
    put_profile(w);
    run(w, "weather extract col.grib2 --at 113,35 --form soundings --elevation 100");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 0, "date"), "2026-03-01");
    assert_near(number(w, 0, "height"), 2, 0);
    assert_near(number(w, 1, "height"), 400, 0.11);
    assert_near(number(w, 1, "temperature"), 290 - 2 - 273.15, 0.006);
    run(w, "weather extract col.grib2 --at 113,35 --form obs");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 0, "time"), "2026-03-01T08:00:00");
    assert_near(number(w, 0, "temperature"), kelvin(113, 35, 0) - 273.15, 0.006);
    assert_near(number(w, 0, "pressure"), pascal(113, 35, 0) / 100, 0.006);
    run(w,
        "disperse weather --grid col.grib2 --latitude 35 --longitude 113 --elevation 100 --out col"
        " 2>&1");
    assert_int_equal(w->status, 0);
    assert_says(w, "profiles of 3 mornings from the grid");
    assert_says(w, "46 hours: 46 good");
    static const char obs[] = "time,wind_speed,wind_from,temperature\n";
    qk_buf text;
    for (int year = 2026; year >= 2025; year--) {
        qk_buf_init(&text, 1 << 12);
        qk_buf_puts(&text, obs);
        for (int h = 10; h < 20; h++)
            qk_buf_printf(&text, "%d-03-02T%02d:00,3,90,%d\n", year, h, h);
        assert_ok(qk_file_write_atomic(at(w, "obs.csv"), text.ptr, text.len, 0644, NULL));
        qk_buf_clear(&text);
        run(w, "disperse weather --obs obs.csv --grid col.grib2 --latitude 35 --longitude 113 --out"
               " o 2>&1");
        assert_int_equal(w->status, year == 2026 ? 0 : 1);
        assert_says(w, year == 2026 ? "10 hours: 10 good" : "weather of another time");
    }
    run(w, "disperse weather --grid col.grib2 --latitude 50 --longitude 113 --out col 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "weather of another place");
}

/* A run of four days for the forecast's archive. */
static void put_foresight(const world *w, const char *name, long date, double west)
{
    for (long h = 0; h <= 96; h += 6) {
        grib_field frame = henan(NULL, 0, 0, NULL);
        frame.date = date;
        frame.west = west;
        put_near(at(w, name), frame, h);
        grib_field tp = frame;
        tp.short_name = "tp";
        tp.end_h = h;
        tp.value = metres_fallen;
        tp.sum = true;
        tp.sample = "regular_ll_sfc_grib1";
        if (h) grib_append(at(w, name), &tp);
    }
}

static void test_weather__days_of_a_run_are_means_of_their_hours(void **state)
{
    world *w = *state;
    put_foresight(w, "run.grib2", 20260301, 110);
    run(w, "weather extract run.grib2 --at 113.3,35.2 --form days");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 0, "issued"), "2026-03-01");
    assert_string_equal(cell(w, 0, "date"), "2026-03-02");
    assert_near(number(w, 0, "lead"), 1, 0);
    /* Hours 1:00 to 24:00 of the next day are 5 to 28 behind 20:00. */
    assert_near(number(w, 0, "t_mean_c"), kelvin(113.3, 35.2, 0) + 0.2 * 16.5 - 273.15, 0.006);
    assert_near(number(w, 0, "t_max_c"), kelvin(113.3, 35.2, 28) - 273.15, 0.006);
    assert_near(number(w, 1, "u_ms"), wind_u(113.3, 35.2, 0) + 0.05 * 40.5, 0.006);
    assert_near(number(w, 0, "pressure_hpa"), (pascal(113.3, 35.2, 0) + 165) / 100, 0.006);
    /* The fourth day ends at hour 96 of the run, four hours short: twenty are enough. */
    assert_string_equal(cell(w, 3, "date"), "2026-03-05");
}

static void test_weather__the_archive_takes_grib_and_refuses_other_places_and_times(void **state)
{
    world *w = *state;
    static const char county[] = "区划代码,区划名称,区划级别\n410883,青泽县,县\n";
    static const char site[] = "站点编号,站点名称,站点类型,区划代码,经度,纬度\n"
                               "air1,一号,国控站,410883,113.3,35.2\n";
    put_foresight(w, "run.grib2", 20160301, 110);
    put_foresight(w, "far.grib2", 20160301, 70);
    put_foresight(w, "next.grib2", 20980301, 110);
    put_near(at(w, "now.grib2"), henan(NULL, 0, 0, NULL), 0);
    assert_ok(qk_file_write_atomic(at(w, "county.csv"), county, sizeof county - 1, 0644, NULL));
    assert_ok(qk_file_write_atomic(at(w, "site.csv"), site, sizeof site - 1, 0644, NULL));
    run(w, "forecast weather run.grib2 --data data 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "where the county lies is not known");
    run(w, "import register county.csv --data data 2>&1");
    assert_int_equal(w->status, 0);
    run(w, "import register site.csv --data data 2>&1");
    assert_int_equal(w->status, 0);
    run(w, "forecast weather run.grib2 --data data --dry-run 2>&1");
    assert_says(
        w, "looked at: 4 days of forecasts issued 2016-03-01 to 2016-03-01, leads to 4: 48 new");
    run(w, "forecast weather run.grib2 --data data 2>&1");
    assert_int_equal(w->status, 0);
    assert_says(w, "taken in: 4 days");
    run(w, "forecast weather run.grib2 --data data 2>&1");
    assert_says(w, " 0 new cells, 48 were there and stay");
    run(w, "forecast weather far.grib2 --data data 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "far.grib2: weather of another place");
    run(w, "forecast weather next.grib2 --data data 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "weather of another time: it is issued in the future");
    run(w, "forecast weather now.grib2 --data data 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "weather of another time: no day after a run's own is foreseen");
}

static void test_weather__a_folder_of_files_is_one(void **state)
{
    world *w = *state;
    assert_int_equal(mkdir(at(w, "gfs"), 0755), 0);
    put_near(at(w, "gfs/b.grib2"), henan(NULL, 0, 0, NULL), 6);
    put_near(at(w, "gfs/a.grib2"), henan(NULL, 0, 0, NULL), 3);
    assert_ok(qk_file_write_atomic(at(w, "gfs/readme"), "x", 1, 0644, NULL));
    run(w, "weather extract gfs --at 113,35");
    assert_int_equal(w->status, 0);
    assert_string_equal(cell(w, 1, "time"), "2026-03-02T02:00:00");
    grib_field other = henan("10u", 0, 9, wind_u);
    other.west = 111;
    grib_append(at(w, "gfs/c.grib2"), &other);
    run(w, "weather extract gfs --at 113,35 2>&1");
    assert_int_equal(w->status, 0);
    run(w, "weather extract gfs --form winds 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "c.grib2: another grid than that of the files before");
}

/* ---- what is refused ---- */

static void test_weather__files_of_another_place_or_time_are_named(void **state)
{
    world *w = *state;
    put_near(at(w, "a.grib2"), henan(NULL, 0, 0, NULL), 3);
    run(w, "weather extract a.grib2 --at=2.35,48.85 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "a.grib2: weather of another place: the file covers 110.00 to 116.00 E");
    run(w, "weather extract a.grib2 --at 113,35 --from 2026-05-01 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "or of another time");
    run(w, "weather extract a.grib2 --at 113,35 --vars u_850hpa 2>&1");
    assert_int_equal(w->status, 1);
    run(w, "weather extract a.grib2 --at 113,35 --vars wind 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "'wind' is no variable");
}

static void test_weather__grids_that_are_not_read_are_named(void **state)
{
    world *w = *state;
    codes_handle *h = codes_grib_handle_new_from_samples(NULL, "reduced_gg_sfc_grib2");
    const void *bytes;
    size_t size;
    assert_non_null(h);
    grib_set_text(h, "shortName", "2t");
    assert_int_equal(codes_get_message(h, &bytes, &size), 0);
    assert_ok(qk_file_write_atomic(at(w, "gauss.grib2"), bytes, size, 0644, NULL));
    codes_handle_delete(h);
    run(w, "weather extract gauss.grib2 --at 113,35 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "2t: its grid is reduced_gg; only regular_ll is read");
    run(w, "weather info gauss.grib2 2>&1");
    assert_int_equal(w->status, 0);
    assert_says(w, "1 of 2t: its grid is reduced_gg");
}

static void test_weather__damaged_files_are_refused(void **state)
{
    world *w = *state;
    qk_buf all;
    qk_buf_init(&all, 1 << 24);
    put_near(at(w, "a.grib2"), henan(NULL, 0, 0, NULL), 3);
    assert_ok(qk_file_read(&all, at(w, "a.grib2"), NULL));
    assert_ok(qk_file_write_atomic(at(w, "cut.grib2"), all.ptr, all.len - 30, 0644, NULL));
    run(w, "weather extract cut.grib2 --at 113,35 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "cut.grib2: the file is damaged or cut off behind 5 messages");
    assert_ok(qk_file_write_atomic(at(w, "text"), "issued,lead\n", 12, 0644, NULL));
    run(w, "weather info text 2>&1");
    assert_int_equal(w->status, 1);
    assert_says(w, "text: this is neither GRIB nor NetCDF");
    run(w, "weather info nothing.grib2 2>&1");
    assert_int_equal(w->status, 1);
    qk_buf_clear(&all);
}

/* Every byte of a message changed in turn, some ways each: an answer or a refusal, never a crash
 * that is told as one, and never longer than the limits. */
static void test_weather__bytes_changed_at_will_do_no_harm(void **state)
{
    world *w = *state;
    qk_buf all;
    uint64_t seed = 7;
    qk_buf_init(&all, 1 << 24);
    grib_field f = henan("10u", 0, 3, wind_u);
    f.ni = f.nj = 3;
    grib_append(at(w, "s.grib2"), &f);
    assert_ok(qk_file_read(&all, at(w, "s.grib2"), NULL));
    for (int i = 0; i < 12; i++) {
        char *copy = malloc(all.len);
        memcpy(copy, all.ptr, all.len);
        for (int k = 0; k < 3; k++)
            copy[8 + qk_test_random(&seed) % (all.len - 8)] = (char)qk_test_random(&seed);
        assert_ok(qk_file_write_atomic(at(w, "x.grib2"), copy, all.len, 0644, NULL));
        free(copy);
        run(w, "weather extract x.grib2 --vars u_10m --at 110.5,36.5 2>&1");
        assert_in_range(w->status, 0, 1);
    }
    qk_buf_clear(&all);
}

/* A constant field needs no bits: a few bytes may claim any number of points. */
static void test_weather__huge_grids_are_refused_within_the_limits(void **state)
{
    world *w = *state;
    qk_buf all;
    qk_buf_init(&all, 1 << 24);
    grib_field f = henan("10u", 0, 3, wind_u);
    grib_append(at(w, "s.grib2"), &f);
    assert_ok(qk_file_read(&all, at(w, "s.grib2"), NULL));
    size_t grid = SIZE_MAX;
    for (size_t i = 16; i + 5 < all.len && grid == SIZE_MAX; i++)
        if (memcmp(all.ptr + i, "\0\0\0\x48\3", 5) == 0) grid = i;
    assert_int_not_equal(grid, SIZE_MAX);
    memcpy(all.ptr + grid + 6, "\x7f\xff\xff\xff", 4);
    memcpy(all.ptr + grid + 30, "\0\0\xff\xff\0\0\x7f\xff", 8);
    assert_ok(qk_file_write_atomic(at(w, "huge.grib2"), all.ptr, all.len, 0644, NULL));
    time_t began = time(NULL);
    run(w, "weather extract huge.grib2 --vars u_10m --at 112,35 2>&1");
    assert_int_equal(w->status, 1);
    assert_true(time(NULL) - began < 60);
    qk_buf_clear(&all);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(test_weather__grib_at_a_place_is_exact_to_packing_in_our_units),
        CASE(test_weather__buckets_that_begin_anew_are_taken_apart),
        CASE(test_weather__longitudes_and_latitudes_run_as_they_like),
        CASE(test_weather__packings_of_the_centres_are_read_over_an_area),
        CASE(test_weather__values_that_are_missing_stay_missing),
        CASE(test_weather__netcdf_of_both_formats_is_exact_to_packing),
        CASE(test_weather__netcdf_runs_have_leads_levels_and_any_order),
        CASE(test_weather__netcdf_that_cannot_be_read_is_named),
        CASE(test_weather__back_trajectories_from_grib_close_their_turn),
        CASE(test_weather__paths_from_grib_become_clusters_pscf_and_cwt),
        CASE(test_weather__hysplit_end_points_become_paths),
        CASE(test_weather__published_hysplit_samples_are_paths),
        CASE(test_weather__dispersion_takes_hours_and_profiles_of_a_grid),
        CASE(test_weather__days_of_a_run_are_means_of_their_hours),
        CASE(test_weather__the_archive_takes_grib_and_refuses_other_places_and_times),
        CASE(test_weather__a_folder_of_files_is_one),
        CASE(test_weather__files_of_another_place_or_time_are_named),
        CASE(test_weather__grids_that_are_not_read_are_named),
        CASE(test_weather__damaged_files_are_refused),
        CASE(test_weather__bytes_changed_at_will_do_no_harm),
        CASE(test_weather__huge_grids_are_refused_within_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
