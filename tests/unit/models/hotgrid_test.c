/* SPDX-License-Identifier: Apache-2.0 */
#include "models/hotgrid.h"
#include "../test.h"
#include <math.h>

enum { SIDE = 12, HOURS = 72, STATIONS = 16, POINTS = 2000 };
#define STEP 0.01

typedef struct county {
    qk_hotgrid_input in;
    qk_hotgrid_station station[STATIONS];
    double value[STATIONS][HOURS];
    qk_hotgrid_point point[POINTS];
    double pattern[SIDE * SIDE];
    qk_arena arena;
} county;

static const qk_hotgrid_rule rule = {20, 4000, 24, 3, 5};

/* A plume's shape: highest in its own cell, gone some cells down the wind to the east. */
static double plume(size_t cell, size_t source)
{
    double dx = (double)(cell % SIDE) - (double)(source % SIDE);
    double dy = (double)(cell / SIDE) - (double)(source / SIDE);
    if (dx < 0 || dx > 5) return 0;
    return exp(-dx / 2) * exp(-dy * dy);
}

/* Sixteen stations in every third cell, air that rises and falls everywhere alike. */
static void build(county *c)
{
    memset(c, 0, sizeof *c);
    c->in = (qk_hotgrid_input){.corner = {112.5, 35.0},
                               .lon_deg = STEP,
                               .lat_deg = STEP,
                               .nx = SIDE,
                               .ny = SIDE,
                               .hours = HOURS,
                               .station = c->station,
                               .stations = STATIONS,
                               .point = c->point};
    for (size_t i = 0; i < STATIONS; i++) {
        size_t cell = (1 + 3 * (i / 4)) * SIDE + 1 + 3 * (i % 4);
        c->station[i] = (qk_hotgrid_station){qk_hotgrid_middle(&c->in, cell), c->value[i]};
        for (size_t h = 0; h < HOURS; h++)
            c->value[i][h] = 80 + 60 * sin((double)h / 9) + (double)((h * 7 + i * 3) % 5);
    }
    qk_arena_init(&c->arena, 16 << 20);
}

static void inject(county *c, size_t source, double strength)
{
    for (size_t i = 0; i < STATIONS; i++)
        for (size_t h = 0; h < HOURS; h++)
            c->value[i][h] +=
                strength * plume(qk_hotgrid_cell_of(&c->in, c->station[i].at), source);
}

static qk_hotgrid run(county *c)
{
    qk_hotgrid g;
    qk_error err = {0};
    if (qk_hotgrid_run(&g, &c->in, &rule, &c->arena, &err) != QK_OK) fail_msg("%s", err.message);
    return g;
}

static void test_S171_hotgrid__the_cell_of_an_injected_plume_is_ranked_first(void **state)
{
    (void)state;
    static county c;
    /* at a station */
    build(&c);
    size_t source = 4 * SIDE + 4;
    inject(&c, source, 150);
    qk_hotgrid g = run(&c);
    assert_true(g.hot > 0);
    assert_int_equal(g.ranked[0], source);
    assert_int_equal(g.cell[source].kind, QK_HOTGRID_MEASURED);
    assert_int_equal(g.cell[source].hot_hours, HOURS);
    assert_true(g.cell[source].excess > 120);
    qk_arena_clear(&c.arena);
    /* between the stations, met by a car on three days */
    build(&c);
    source = 5 * SIDE + 5;
    for (size_t pass = 0; pass < 3; pass++)
        for (size_t x = 0; x < SIDE; x++) {
            size_t cell = 5 * SIDE + x, h = 10 + 24 * pass;
            c.point[c.in.points++] =
                (qk_hotgrid_point){qk_hotgrid_middle(&c.in, cell), h,
                                   82 + 60 * sin((double)h / 9) + 150 * plume(cell, source)};
        }
    g = run(&c);
    assert_int_equal(g.ranked[0], source);
    assert_int_equal(g.cell[source].passes, 3);
    qk_arena_clear(&c.arena);
}

static void test_S171_hotgrid__the_pattern_finds_the_cell_that_nobody_measures(void **state)
{
    (void)state;
    static county c;
    build(&c);
    size_t source = 4 * SIDE + 3; /* the station to the east sees its tail */
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) c.pattern[i] = plume(i, source);
    c.in.pattern = c.pattern;
    inject(&c, source, 200);
    qk_hotgrid g = run(&c);
    assert_true(g.slope > 100);
    assert_int_equal(g.ranked[0], source);
    assert_int_equal(g.cell[source].kind, QK_HOTGRID_FUSED);
    /* without the pattern nothing is hotter than what was measured */
    c.in.pattern = NULL;
    g = run(&c);
    assert_true(isnan(g.slope));
    assert_int_equal(g.cell[g.ranked[0]].kind, QK_HOTGRID_MEASURED);
    assert_int_equal(g.cell[source].kind, QK_HOTGRID_NEAR);
    qk_arena_clear(&c.arena);
}

static void test_hotgrid__a_rise_of_all_and_what_is_missing_make_none(void **state)
{
    (void)state;
    static county c;
    qk_hotgrid g;
    qk_error err = {0};
    build(&c);
    for (size_t i = 0; i < STATIONS; i++)
        for (size_t h = 0; h < HOURS; h++) c.value[i][h] *= 2;
    g = run(&c);
    assert_int_equal(g.hot, 0);
    assert_int_equal(g.measured, STATIONS);
    for (size_t i = 0; i < STATIONS; i++)
        for (size_t h = 0; h < HOURS; h++) c.value[i][h] = NAN;
    g = run(&c);
    assert_true(g.hot == 0 && g.measured == 0 && isnan(g.cell[0].excess));
    assert_int_equal(qk_hotgrid_cell_of(&c.in, (qk_place){112.4, 35}), SIZE_MAX);
    assert_int_equal(qk_hotgrid_cell_of(&c.in, (qk_place){NAN, 35}), SIZE_MAX);
    c.in.nx = 0;
    assert_int_equal(qk_hotgrid_run(&g, &c.in, &rule, &c.arena, &err), QK_EINVAL);
    c.in.nx = c.in.ny = 1000;
    assert_int_equal(qk_hotgrid_run(&g, &c.in, &rule, &c.arena, &err), QK_EFULL);
    qk_arena_clear(&c.arena);
    build(&c);
    const qk_hotgrid_rule bad = {.least_excess = 20};
    assert_int_equal(qk_hotgrid_run(&g, &c.in, &bad, &c.arena, &err), QK_EINVAL);
    qk_arena_clear(&c.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S171_hotgrid__the_cell_of_an_injected_plume_is_ranked_first),
        cmocka_unit_test(test_S171_hotgrid__the_pattern_finds_the_cell_that_nobody_measures),
        cmocka_unit_test(test_hotgrid__a_rise_of_all_and_what_is_missing_make_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
