/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands out from the neighbours, in hours written down by hand. */
#include "models/standout.h"
#include "../test.h"
#include <math.h>

enum { STATIONS = 7, HOURS = 12, MOST = 8 };
static const qk_standout_rule usual = {1.5, 50, 20000, 5, 3, 2, 3};

typedef struct field {
    double value[STATIONS][HOURS];
    qk_standout_station station[STATIONS];
    qk_standout found[MOST];
    size_t n;
} field;

/* A row of stations 1.8 km apart, each at 100 and a little of its own. */
static void make(field *f)
{
    for (size_t i = 0; i < STATIONS; i++) {
        for (size_t h = 0; h < HOURS; h++) f->value[i][h] = 100 + (double)(i * 3 % 7);
        f->station[i] = (qk_standout_station){{112.5 + 0.02 * (double)i, 35.2}, f->value[i]};
    }
}

static void find(field *f, const qk_standout_rule *rule)
{
    qk_arena arena;
    qk_error err = {0};
    qk_arena_init(&arena, 1 << 20);
    assert_ok(
        qk_standouts_find(f->found, MOST, &f->n, rule, f->station, STATIONS, HOURS, &arena, &err));
    qk_arena_clear(&arena);
}

static void test_standout__two_hours_above_the_neighbours_are_one_episode(void **state)
{
    (void)state;
    field f;
    make(&f);
    f.value[3][4] = 310;
    f.value[3][5] = 340;
    find(&f, &usual);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.found[0].station, 3);
    assert_int_equal(f.found[0].from, 4);
    assert_int_equal(f.found[0].known, 5);
    assert_int_equal(f.found[0].worst, 5);
    assert_int_equal(f.found[0].to, 6);
    assert_true(f.found[0].value == 340);
    assert_true(f.found[0].middle >= 100 && f.found[0].middle <= 106);
}

static void test_standout__a_dip_does_not_end_it_and_quiet_hours_do(void **state)
{
    (void)state;
    field f;
    make(&f);
    for (size_t h = 0; h < 6; h++) f.value[2][h] = h == 3 ? 110 : 300;
    find(&f, &usual);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.found[0].to, 6);
    f.value[2][4] = f.value[2][5] = 110;
    for (size_t h = 6; h < 8; h++) f.value[2][h] = 300;
    find(&f, &usual);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.found[1].from, 6);
}

static void test_standout__both_bounds_belong_to_it(void **state)
{
    (void)state;
    field f;
    make(&f);
    for (size_t i = 0; i < STATIONS; i++)
        for (size_t h = 0; h < HOURS; h++) f.value[i][h] = 100;
    f.value[3][4] = f.value[3][5] = 150;
    find(&f, &usual);
    assert_int_equal(f.n, 1);
    f.value[3][5] = 149.9;
    find(&f, &usual);
    assert_int_equal(f.n, 0);
    for (size_t i = 0; i < STATIONS; i++) f.value[i][4] = f.value[i][5] = 20;
    f.value[3][4] = f.value[3][5] = 60; /* three times, but little */
    find(&f, &usual);
    assert_int_equal(f.n, 0);
}

static void test_standout__too_few_neighbours_and_those_far_off_say_nothing(void **state)
{
    (void)state;
    field f;
    make(&f);
    f.value[3][4] = f.value[3][5] = 400;
    for (size_t i = 0; i < STATIONS; i++)
        if (i != 3 && i > 1) f.value[i][4] = f.value[i][5] = NAN;
    find(&f, &usual);
    assert_int_equal(f.n, 0);
    make(&f);
    f.value[3][4] = f.value[3][5] = 400;
    f.station[3].at.lon += 5;
    find(&f, &usual);
    assert_int_equal(f.n, 0);
    f.station[3].at.lon = NAN;
    find(&f, &usual);
    assert_int_equal(f.n, 0);
    make(&f);
    f.value[3][4] = f.value[3][5] = NAN; /* nor does a value that is none */
    find(&f, &usual);
    assert_int_equal(f.n, 0);
}

static void test_standout__a_rule_that_cannot_be_is_refused(void **state)
{
    (void)state;
    field f;
    qk_error err = {0};
    qk_arena arena;
    qk_standout_rule bad[] = {usual, usual, usual, usual};
    bad[0].ratio = NAN;
    bad[1].neighbours = QK_STANDOUT_NEIGHBOURS + 1;
    bad[2].hours = 0;
    bad[3].quiet_hours = 0;
    make(&f);
    qk_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++)
        assert_int_equal(qk_standouts_find(f.found, MOST, &f.n, &bad[i], f.station, STATIONS, HOURS,
                                           &arena, &err),
                         QK_EINVAL);
    qk_arena_clear(&arena);
    qk_arena_init(&arena, 16);
    assert_int_equal(
        qk_standouts_find(f.found, MOST, &f.n, &usual, f.station, STATIONS, HOURS, &arena, &err),
        QK_ENOMEM);
    qk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standout__two_hours_above_the_neighbours_are_one_episode),
        cmocka_unit_test(test_standout__a_dip_does_not_end_it_and_quiet_hours_do),
        cmocka_unit_test(test_standout__both_bounds_belong_to_it),
        cmocka_unit_test(test_standout__too_few_neighbours_and_those_far_off_say_nothing),
        cmocka_unit_test(test_standout__a_rule_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
