/* SPDX-License-Identifier: Apache-2.0 */
/* Paths through known flows, and what many of them say. */
#include "models/trajectory.h"
#include "shared_table.h"

static const double radian = 3.14159265358979323846 / 180;

typedef struct turn {
    qk_place pole;
    double turn_h;
} turn;

/* Solid-body rotation about an axis anywhere: every path is a circle, closed after one turn. */
static bool solid_body(const void *field, qk_time t, qk_place at, double *u, double *v)
{
    const turn *r = field;
    double rate = 2 * 3.14159265358979323846 / (r->turn_h * 3600) * QK_EARTH_RADIUS_M;
    double d = (at.lon - r->pole.lon) * radian, p = at.lat * radian, q = r->pole.lat * radian;
    (void)t;
    *u = rate * (sin(q) * cos(p) - cos(q) * sin(p) * cos(d));
    *v = rate * cos(q) * sin(d);
    return true;
}

static void test_trajectory__solid_rotation_closes_after_one_turn(void **state)
{
    (void)state;
    static qk_trajectory_point path[400];
    const turn turns[] = {{{113, 35}, 96}, {{0, 90}, 240}, {{200, -20}, 96}};
    size_t count;
    for (size_t i = 0; i < QK_ARRAY_COUNT(turns); i++) {
        for (int back = 0; back < 2; back++) {
            qk_place from = {116, 36};
            size_t steps = (size_t)turns[i].turn_h;
            double length = 0;
            assert_ok(qk_trajectory_run(path, &count, from, 0, back ? -QK_HOUR : QK_HOUR, steps,
                                        solid_body, &turns[i], NULL));
            assert_int_equal(count, steps + 1);
            for (size_t p = 0; p + 1 < count; p++)
                length += qk_place_distance(path[p].at, path[p + 1].at);
            double off = qk_place_distance(from, path[count - 1].at);
            print_message("rotation in %g h: %.1f km of path, %.2e off\n", turns[i].turn_h,
                          length / 1000, off / length);
            assert_true(off < 0.001 * length);
        }
    }
}

static bool uniform_west(const void *field, qk_time t, qk_place at, double *u, double *v)
{
    (void)t;
    (void)at;
    *u = *(const double *)field;
    *v = 0;
    return at.lon < 120;
}

static void test_trajectory__west_wind_keeps_its_latitude_and_ends_with_the_field(void **state)
{
    (void)state;
    qk_trajectory_point path[200];
    size_t count;
    double u = 10;
    assert_ok(qk_trajectory_run(path, &count, (qk_place){113, 60}, 0, QK_HOUR, 24, uniform_west, &u,
                                NULL));
    double moved = 24 * 36000 / (QK_EARTH_RADIUS_M * cos(60 * radian)) / radian;
    assert_true(count < 25 || fabs(path[24].at.lon - 113 - moved) < 1e-3);
    for (size_t p = 0; p < count; p++) assert_true(fabs(path[p].at.lat - 60) < 1e-3);
    assert_ok(qk_trajectory_run(path, &count, (qk_place){119.9, 60}, 0, QK_HOUR, 24, uniform_west,
                                &u, NULL));
    assert_true(count < 5);
    assert_int_equal(qk_trajectory_run(path, &count, (qk_place){NAN, 60}, 0, QK_HOUR, 24,
                                       uniform_west, &u, NULL),
                     QK_EINVAL);
}

static void test_trajectory__grid_and_stations_interpolate_and_miss_what_is_missing(void **state)
{
    (void)state;
    double u[2 * 3 * 3], v[2 * 3 * 3], a, b;
    for (int i = 0; i < 18; i++) {
        u[i] = i % 3 + 10 * (i / 9);
        v[i] = (double)(i % 9 / 3);
    }
    qk_wind_grid g = {2, 3, 3, 0, QK_HOUR, 110, 1, 30, 1, u, v};
    assert_true(qk_wind_grid_at(&g, QK_HOUR / 2, (qk_place){110.5, 31.25}, &a, &b));
    assert_true(fabs(a - 5.5) < 1e-12 && fabs(b - 1.25) < 1e-12);
    assert_false(qk_wind_grid_at(&g, QK_HOUR / 2, (qk_place){113, 31}, &a, &b));
    assert_false(qk_wind_grid_at(&g, 2 * QK_HOUR, (qk_place){111, 31}, &a, &b));
    u[4] = NAN;
    assert_false(qk_wind_grid_at(&g, QK_HOUR / 2, (qk_place){110.5, 31.25}, &a, &b));
    const qk_place place[] = {{113, 35}, {113.2, 35}};
    double su[] = {1, 5, NAN, 5, 3, NAN}, sv[] = {0, 0, 0, 0, 0, 0};
    qk_wind_stations s = {2, 3, 0, QK_HOUR, place, su, sv, 0};
    assert_true(qk_wind_stations_at(&s, 0, (qk_place){113.1, 35}, &a, &b));
    assert_true(fabs(a - 3) < 1e-3);
    assert_true(qk_wind_stations_at(&s, QK_HOUR, place[0], &a, &b)); /* bridged: 1 and 3 */
    assert_true(fabs(a - 2) < 0.01);
    assert_false(qk_wind_stations_at(&s, QK_HOUR, (qk_place){115, 35}, &a, &b));
    qk_wind_components(&a, &b, 2, 270);
    assert_true(fabs(a - 2) < 1e-12 && fabs(b) < 1e-12);
}

/* ---- published numbers ---- */

typedef struct paths {
    size_t count, points;
    qk_place *place;
    double *value;
    size_t *path_of;
} paths;

static void read_paths(paths *p)
{
    shared_table t, c;
    if (!shared_read(&t, "models/openair/traj_synth.csv.gz")) skip();
    if (!shared_read(&c, "models/openair/traj_synth_pm25.csv")) skip();
    double *lat = shared_column(&t, "lat"), *lon = shared_column(&t, "lon");
    p->count = c.rows;
    p->points = t.rows / c.rows;
    p->value = shared_column(&c, "pm25");
    p->place = malloc(t.rows * sizeof *p->place);
    p->path_of = malloc(t.rows * sizeof *p->path_of);
    assert_true(p->place && p->path_of && p->points == 97);
    for (size_t i = 0; i < t.rows; i++) {
        p->place[i] = (qk_place){lon[i], lat[i]};
        p->path_of[i] = i / p->points;
    }
    free(lat);
    free(lon);
    shared_close(&t);
    shared_close(&c);
}

static void end_paths(paths *p)
{
    free(p->place);
    free(p->value);
    free(p->path_of);
}

static void test_paths__cells_agree_with_published_ones(void **state)
{
    (void)state;
    paths p;
    shared_table t;
    qk_path_cell *cells;
    size_t count, same = 0, found = 0;
    read_paths(&p);
    if (!shared_read(&t, "models/openair/trajlevel_cwt.csv")) skip();
    assert_ok(qk_path_cells(&cells, &count, p.place, p.value, p.path_of, p.count * p.points,
                            p.count, 1, 90, NULL));
    for (size_t i = 0; i < t.rows; i++) {
        const double *row = t.cell + i * t.columns;
        for (size_t c = 0; c < count; c++) {
            if (cells[c].x != (int32_t)row[0] || cells[c].y != (int32_t)row[1]) continue;
            found++;
            same += cells[c].count == (uint32_t)row[3] &&
                    fabs(cells[c].cwt - row[6]) < 1e-9 * (1 + fabs(row[6]));
        }
    }
    print_message("concentration-weighted cells: %zu of %zu the same (%zu here)\n", same, t.rows,
                  count);
    assert_true(same == t.rows && count == t.rows && found == t.rows);
    free(cells);
    shared_close(&t);
    end_paths(&p);
}

static void test_paths__clusters_agree_with_published_ones(void **state)
{
    (void)state;
    paths p;
    static uint32_t cluster[5000];
    size_t together = 0, pairs = 0;
    shared_table t;
    read_paths(&p);
    if (!shared_open(&t, "models/openair/trajcluster_euclid5.csv")) skip();
    static char name[5000][8];
    const qk_str *cells;
    assert_ok(qk_csv_open(&t.reader, t.file, "clusters", 0, NULL));
    for (size_t i = 0; qk_csv_next(t.reader, &cells, NULL) == QK_OK; i++)
        qk_str_copy(name[i], sizeof name[i], cells[1]);
    assert_ok(qk_path_clusters(cluster, p.place, p.count, p.points, 5, QK_PATH_EUCLID, NULL));
    for (size_t i = 0; i < p.count; i++)
        for (size_t j = 0; j < i; j++) {
            pairs++;
            together += (cluster[i] == cluster[j]) == (strcmp(name[i], name[j]) == 0);
        }
    print_message("clusters of %zu paths: %.2f %% of pairs agree\n", p.count,
                  100 * (double)together / (double)pairs);
    assert_int_equal(together, pairs);
    shared_close(&t);
    end_paths(&p);
}

static void test_paths__refuse_what_makes_no_sense(void **state)
{
    (void)state;
    const qk_place at[] = {{113, 35}, {114, 36}, {NAN, 36}, {115, 37}};
    const double value[] = {5, NAN};
    const size_t path_of[] = {0, 0, 0, 1};
    uint32_t cluster[4];
    qk_path_cell *cells;
    size_t count;
    assert_ok(qk_path_cells(&cells, &count, at, value, path_of, 4, 2, 1, 90, NULL));
    assert_int_equal(count, 2);
    assert_true(cells[0].mean == 5 && cells[0].x == 113);
    free(cells);
    assert_int_equal(qk_path_cells(&cells, &count, at, value, path_of, 4, 2, 0, 90, NULL),
                     QK_EINVAL);
    assert_int_equal(qk_path_cells(&cells, &count, at, value + 1, path_of, 3, 1, 1, 90, NULL),
                     QK_EFORMAT);
    assert_int_equal(qk_path_clusters(cluster, at, 4, 1, 5, QK_PATH_ANGLE, NULL), QK_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trajectory__solid_rotation_closes_after_one_turn),
        cmocka_unit_test(test_trajectory__west_wind_keeps_its_latitude_and_ends_with_the_field),
        cmocka_unit_test(test_trajectory__grid_and_stations_interpolate_and_miss_what_is_missing),
        cmocka_unit_test(test_paths__cells_agree_with_published_ones),
        cmocka_unit_test(test_paths__clusters_agree_with_published_ones),
        cmocka_unit_test(test_paths__refuse_what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
