/* SPDX-License-Identifier: Apache-2.0 */
/* The mobile survey on a made-up town: two roads 40 m apart, a street that crosses both, a plant
 * beside the northern road. The car goes east on one, turns at the street and comes back on the
 * other, again and again. */
#include "models/survey.h"
#include "../failing_memory.h"
#include "../test.h"
#include <math.h>

enum { LAPS = 4, LEG_S = 240, TURN_S = 8, POINTS_MAX = LAPS * (2 * LEG_S + 2 * TURN_S) };
#define LON0      113.0
#define LAT0      35.0
#define M_PER_LAT 111195.0
#define M_PER_LON (M_PER_LAT * 0.81915)
#define PLANT_X   1100.0 /* metres east of the corner; the plume is met on the northern road */

static qk_survey_point track[POINTS_MAX];
static int32_t truth[POINTS_MAX]; /* road driven, -2 = on a corner */
static size_t points;
static qk_place north[2], south[2], street[2], far_road[2];
static const qk_survey_road roads[] = {{north, 2}, {south, 2}, {street, 2}, {far_road, 2}};

static qk_place at_m(double x, double y)
{
    return (qk_place){LON0 + x / M_PER_LON, LAT0 + y / M_PER_LAT};
}

static double noise(uint64_t *seed, double spread)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) sum += (double)(qk_test_random(seed) >> 11) / 9007199254740992.0;
    return spread * (sum - 6);
}

/* What the whole town breathes rises and falls by tens over the hours. */
static double drift(qk_time now)
{
    return 20 * sin((double)now / 3e6);
}

static void drive(uint64_t *seed, double x, double y, int32_t road, qk_time *now)
{
    double background = 60 + drift(*now);
    double plume = road == 0 ? 90 * exp(-(x - PLANT_X) * (x - PLANT_X) / (2 * 40 * 40)) : 0;
    track[points] = (qk_survey_point){*now, at_m(x + noise(seed, 4), y + noise(seed, 4)),
                                      background + plume + noise(seed, 1.5)};
    truth[points++] = road;
    *now += QK_SECOND;
}

static void drive_town(void)
{
    uint64_t seed = 5;
    qk_time now = 1750000000000;
    points = 0;
    north[0] = at_m(0, 40);
    north[1] = at_m(2400, 40);
    south[0] = at_m(0, 0);
    south[1] = at_m(2400, 0);
    street[0] = at_m(2400, -200);
    street[1] = at_m(2400, 240);
    far_road[0] = at_m(0, 5000);
    far_road[1] = at_m(2000, 5000);
    for (int lap = 0; lap < LAPS; lap++) {
        for (int t = 0; t < LEG_S; t++)
            drive(&seed, 10.0 * t, 40, t > 3 && t < LEG_S - 3 ? 0 : -2, &now);
        for (int t = 0; t < TURN_S; t++) drive(&seed, 2400, 40 - 5.0 * t, -2, &now);
        for (int t = 0; t < LEG_S; t++)
            drive(&seed, 2400 - 10.0 * t, 0, t > 3 && t < LEG_S - 3 ? 1 : -2, &now);
        for (int t = 0; t < TURN_S; t++) drive(&seed, 0, 5.0 * t, -2, &now);
        now += 15 * QK_MINUTE;
    }
}

static qk_code survey(qk_survey *out, const qk_survey_options *o)
{
    qk_error err = {0};
    qk_code code = qk_survey_run(out, track, points, roads, QK_ARRAY_COUNT(roads), o, &err);
    if (code != QK_OK && code != QK_ENOMEM) print_message("%s\n", err.message);
    return code;
}

static void test_survey__points_are_laid_on_the_road_that_was_driven(void **state)
{
    (void)state;
    qk_survey s;
    size_t right = 0, judged = 0;
    drive_town();
    assert_ok(survey(&s, &(qk_survey_options){0}));
    for (size_t i = 0; i < points; i++) {
        if (truth[i] < 0) continue;
        judged++;
        right += s.match[i].road == truth[i];
    }
    print_message("%zu of %zu points on the right one of two roads 40 m apart\n", right, judged);
    assert_true(right >= judged * 99 / 100);
    assert_true(fabs(s.match[100].along_m - 1000) < 15);
    assert_true(s.off_road < points / 50);
    qk_survey_free(&s);
}

static void test_S174_survey__peaks_become_the_place_beside_the_upwind_plant(void **state)
{
    (void)state;
    qk_survey s;
    drive_town();
    assert_ok(survey(&s, &(qk_survey_options){0}));
    assert_int_equal(s.places, 1);
    const qk_survey_place *hot = &s.place[0];
    assert_int_equal(hot->passes, LAPS);
    assert_int_equal(hot->road, 0);
    assert_true(fabs((hot->at.lon - LON0) * M_PER_LON - PLANT_X) < 15);
    assert_true(fabs(hot->excess - 90) < 10);
    /* the plant stands 150 m north; another is nearer, but the wind comes from the north */
    qk_place plants[] = {at_m(1100, -60), at_m(1130, 190), at_m(1100, 3500), at_m(1190, 130)};
    double away, aside;
    assert_int_equal(qk_survey_upwind(&away, &aside, plants, 4, hot->at, 0, -2), 1);
    assert_true(fabs(away - 153) < 15 && aside < 15);
    assert_int_equal(qk_survey_upwind(&away, &aside, plants, 4, hot->at, 0, 2), 0);
    assert_int_equal(qk_survey_upwind(&away, &aside, plants, 4, hot->at, 0.1, 0.1), 0);
    assert_true(isnan(aside));
    assert_int_equal(qk_survey_upwind(&away, &aside, plants, 4, hot->at, 3, 0), SIZE_MAX);
    qk_survey_free(&s);
}

static void test_survey__roads_are_ranked_by_what_stands_above_the_background(void **state)
{
    (void)state;
    qk_survey s;
    drive_town();
    for (size_t i = 0; i < points; i++) track[i].value -= drift(track[i].time);
    assert_ok(survey(&s, &(qk_survey_options){0}));
    assert_true(s.ranks == 2 || s.ranks == 3); /* the street is driven on corners only */
    assert_int_equal(s.rank[0].road, 0);
    assert_int_equal(s.rank[0].passes, LAPS);
    assert_true(fabs(s.rank[0].driven_m - 2400) <= 40);
    /* the plume's mean over the road: 90 * 40 * sqrt(2 pi) / 2400 */
    double more = 0;
    for (size_t r = 1; r < s.ranks; r++)
        if (s.rank[r].road == 1) more = s.rank[0].excess - s.rank[r].excess;
    assert_near(more, 90 * 40 * 2.5066 / 2400, 0.4);
    assert_true(s.rank[0].p95 > s.rank[0].mean);
    qk_survey_free(&s);
}

static void test_survey__a_drifting_background_makes_no_peak(void **state)
{
    (void)state;
    qk_survey s;
    drive_town();
    for (size_t i = 0; i < points; i++) track[i].value = 30 + 0.02 * (double)i; /* a slow rise */
    assert_ok(survey(&s, &(qk_survey_options){0}));
    assert_int_equal(s.peaks, 0);
    qk_survey_free(&s);
    for (size_t i = 0; i < points; i++) track[i].value = 30; /* a stuck instrument */
    assert_ok(survey(&s, &(qk_survey_options){0}));
    assert_int_equal(s.peaks, 0);
    assert_true(s.threshold == 0 && s.match[5].excess == 0);
    qk_survey_free(&s);
}

static void test_survey__what_is_missing_stays_missing(void **state)
{
    (void)state;
    qk_survey s;
    drive_town();
    for (size_t i = 50; i < 60; i++) track[i].value = NAN;
    track[200].value = -3;
    assert_ok(survey(&s, &(qk_survey_options){.window_s = 60}));
    assert_int_equal(s.missing, 10);
    assert_true(isnan(s.match[55].excess) && s.match[200].excess < 0);
    qk_survey_free(&s);
    for (size_t i = 0; i < points; i++) track[i].value = NAN;
    assert_int_equal(survey(&s, &(qk_survey_options){0}), QK_EFORMAT);
    assert_null(s.match);
}

static void test_survey__without_roads_everything_is_off_road(void **state)
{
    (void)state;
    qk_survey s;
    drive_town();
    assert_ok(qk_survey_run(&s, track, points, NULL, 0, &(qk_survey_options){0}, NULL));
    assert_int_equal(s.off_road, points);
    assert_int_equal(s.ranks, 0);
    assert_true(s.places == 1 && s.place[0].road == QK_SURVEY_OFF_ROAD);
    qk_survey_free(&s);
}

static void test_survey__refuses_what_is_no_track(void **state)
{
    (void)state;
    qk_survey s;
    qk_error err = {0};
    qk_survey_options o = {0};
    drive_town();
    qk_time kept = track[7].time;
    track[7].time = kept - QK_HOUR;
    assert_int_equal(qk_survey_run(&s, track, points, roads, 4, &o, &err), QK_EINVAL);
    assert_non_null(strstr(err.message, "point 8"));
    track[7].time = kept;
    track[9].at.lon = 500;
    assert_int_equal(qk_survey_run(&s, track, points, roads, 4, &o, &err), QK_EINVAL);
    assert_non_null(strstr(err.message, "point 10"));
    track[9].at.lon = LON0;
    qk_place broken[] = {{113, 35}, {NAN, 35}};
    qk_survey_road bad = {broken, 2};
    assert_int_equal(qk_survey_run(&s, track, points, &bad, 1, &o, &err), QK_EINVAL);
    assert_non_null(strstr(err.message, "vertex 2 of road 1"));
    assert_int_equal(qk_survey_run(&s, track, 0, roads, 4, &o, &err), QK_EFORMAT);
    /* more peaks than can be told apart */
    o.threshold = 1e-9;
    o.join_s = 0.5;
    assert_ok(qk_survey_run(&s, track, points, roads, 4, &o, &err));
    assert_true(s.peaks > 100);
    qk_survey_free(&s);
}

static void test_survey__any_allocation_may_fail(void **state)
{
    (void)state;
    qk_survey s;
    drive_town();
    for (unsigned n = 1;; n++) {
        assert_true(n < 10000);
        fail_at = n;
        qk_code code = survey(&s, &(qk_survey_options){0});
        bool reached = fail_at == 0;
        fail_at = 0;
        if (code == QK_OK) qk_survey_free(&s);
        if (code != QK_OK) assert_true(code == QK_ENOMEM || code == QK_EFULL);
        if (code == QK_OK && !reached) break;
        assert_true(code != QK_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survey__points_are_laid_on_the_road_that_was_driven),
        cmocka_unit_test(test_S174_survey__peaks_become_the_place_beside_the_upwind_plant),
        cmocka_unit_test(test_survey__roads_are_ranked_by_what_stands_above_the_background),
        cmocka_unit_test(test_survey__a_drifting_background_makes_no_peak),
        cmocka_unit_test(test_survey__what_is_missing_stays_missing),
        cmocka_unit_test(test_survey__without_roads_everything_is_off_road),
        cmocka_unit_test(test_survey__refuses_what_is_no_track),
        cmocka_unit_test(test_survey__any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
