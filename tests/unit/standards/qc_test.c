/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/qc.h"
#include "../test.h"

#define U ((int64_t)1000000)
enum { HOURS = 24 };

typedef struct scene {
    int64_t own[HOURS], past[30], near[4], before[4];
    qk_qc_context c;
} scene;

/* A calm day of PM2.5 between 40 and 43 with four like neighbours; hour 12 is judged. */
static void make_calm(scene *s)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < HOURS; i++) s->own[i] = (40 + i % 4) * U;
    for (int i = 0; i < 30; i++) s->past[i] = (38 + i % 7) * U;
    for (int i = 0; i < 4; i++) s->near[i] = s->before[i] = (41 + i) * U;
    s->c = (qk_qc_context){.own = s->own,
                           .own_n = HOURS,
                           .at = 12,
                           .flag = 'N',
                           .other = 70 * U,
                           .past = s->past,
                           .past_n = 30,
                           .near = s->near,
                           .near_before = s->before,
                           .near_n = 4};
}

static qk_qc_verdict judge(const scene *s, qk_pollutant p)
{
    size_t n;
    qk_qc_verdict v;
    qk_qc_judge(&v, qk_qc_rules(&n), p, &s->c);
    return v;
}

static void assert_verdict(const scene *s, qk_pollutant p, qk_qc_grade grade, uint32_t reasons)
{
    qk_qc_verdict v = judge(s, p);
    if (v.grade != grade || v.reasons != reasons)
        fail_msg("%s, reasons %x", qk_qc_grade_name(v.grade), v.reasons);
}

static void test_S031_qc__a_calm_hour_is_good(void **state)
{
    (void)state;
    scene s;
    make_calm(&s);
    assert_verdict(&s, QK_PM25, QK_QC_GOOD, 0);
    assert_true(judge(&s, QK_PM25).near_median == 42 * U + U / 2);
    s.own[12] = QK_QC_NONE;
    assert_verdict(&s, QK_PM25, QK_QC_MISSING, QK_QC_BIT(QK_QC_R_MISSING));
}

static void test_S031_qc__six_equal_hours_are_stuck_and_five_are_not(void **state)
{
    (void)state;
    scene s;
    make_calm(&s);
    for (int i = 9; i < 14; i++) s.own[i] = 40 * U;
    s.own[14] = 41 * U;
    s.own[8] = 43 * U;
    assert_verdict(&s, QK_PM25, QK_QC_GOOD, 0);
    s.own[14] = 40 * U;
    for (size_t at = 9; at <= 14; at++) {
        s.c.at = at;
        assert_verdict(&s, QK_PM25, QK_QC_BAD, QK_QC_BIT(QK_QC_R_STUCK));
    }
    s.c.at = 15;
    assert_verdict(&s, QK_PM25, QK_QC_GOOD, 0);
    /* Near the limit of detection the same digits may repeat. */
    for (int i = 9; i < 15; i++) s.own[i] = 8 * U;
    s.c.at = 12;
    assert_false(judge(&s, QK_PM25).reasons & QK_QC_BIT(QK_QC_R_STUCK));
}

static void test_S031_qc__what_air_cannot_hold_is_bad(void **state)
{
    (void)state;
    scene s;
    make_calm(&s);
    s.own[12] = -U;
    assert_int_equal(judge(&s, QK_PM25).grade, QK_QC_BAD);
    assert_true(judge(&s, QK_PM25).reasons & QK_QC_BIT(QK_QC_R_RANGE));
    s.own[12] = 2001 * U;
    assert_true(judge(&s, QK_PM25).reasons & QK_QC_BIT(QK_QC_R_RANGE));
    make_calm(&s);
    s.c.flag = 'M';
    assert_verdict(&s, QK_PM25, QK_QC_BAD, QK_QC_BIT(QK_QC_R_DEVICE_FLAG));
    s.c.flag = '3';
    assert_verdict(&s, QK_PM25, QK_QC_GOOD, 0);
}

static void test_S031_qc__fine_dust_above_coarse_is_bad_beyond_the_tolerance(void **state)
{
    (void)state;
    scene s;
    make_calm(&s);
    s.c.other = 39 * U;
    assert_verdict(&s, QK_PM25, QK_QC_DOUBTFUL, QK_QC_BIT(QK_QC_R_PM_ORDER));
    s.c.other = 30 * U;
    assert_verdict(&s, QK_PM25, QK_QC_BAD, QK_QC_BIT(QK_QC_R_PM_ORDER));
    s.c.other = 55 * U; /* PM2.5, as PM10 40 is judged */
    assert_verdict(&s, QK_PM10, QK_QC_BAD, QK_QC_BIT(QK_QC_R_PM_ORDER));
    s.c.other = QK_QC_NONE;
    assert_verdict(&s, QK_PM25, QK_QC_GOOD, 0);
}

static void test_S031_qc__a_spike_is_bad_a_step_doubtful_and_a_regional_rise_neither(void **state)
{
    (void)state;
    scene s;
    make_calm(&s);
    s.c.other = QK_QC_NONE;
    s.c.past_n = 0;
    s.own[12] = 190 * U;
    assert_true(judge(&s, QK_PM25).reasons & QK_QC_BIT(QK_QC_R_SPIKE));
    assert_int_equal(judge(&s, QK_PM25).grade, QK_QC_BAD);
    for (int i = 12; i < HOURS; i++) s.own[i] = (190 + i % 3) * U;
    assert_false(judge(&s, QK_PM25).reasons & QK_QC_BIT(QK_QC_R_SPIKE));
    assert_true(judge(&s, QK_PM25).reasons & QK_QC_BIT(QK_QC_R_JUMP));
    assert_int_equal(judge(&s, QK_PM25).grade, QK_QC_DOUBTFUL);
    for (int i = 0; i < 4; i++) s.near[i] = (180 + i) * U;
    assert_verdict(&s, QK_PM25, QK_QC_GOOD, 0);
}

static void test_S031_qc__far_from_neighbours_or_from_earlier_days_is_doubtful(void **state)
{
    (void)state;
    scene s;
    make_calm(&s);
    for (int i = 0; i < HOURS; i++) s.own[i] = (200 + i % 4) * U;
    s.c.other = 300 * U;
    assert_verdict(&s, QK_PM25, QK_QC_DOUBTFUL,
                   QK_QC_BIT(QK_QC_R_NEIGHBOURS) | QK_QC_BIT(QK_QC_R_HISTORY));
    s.c.near_n = 2; /* too few to be asked */
    assert_verdict(&s, QK_PM25, QK_QC_DOUBTFUL, QK_QC_BIT(QK_QC_R_HISTORY));
    s.c.past_n = 9;
    assert_verdict(&s, QK_PM25, QK_QC_GOOD, 0);
}

/* ---- interference ---- */

static const qk_qc_rule *rule_of(void)
{
    size_t n;
    return qk_qc_rules(&n);
}

static void test_S032_qc__a_station_that_falls_alone_is_told_and_a_shared_fall_is_not(void **state)
{
    (void)state;
    int64_t own[4] = {180 * U, 176 * U, 70 * U, 66 * U};
    int64_t a[4] = {170 * U, 172 * U, 165 * U, 168 * U},
            b[4] = {150 * U, 155 * U, 150 * U, 152 * U};
    int64_t c[4] = {190 * U, 185 * U, 188 * U, 180 * U}, fallen[4];
    const int64_t *near[3] = {a, b, c};
    qk_qc_fall fall;
    assert_true(qk_qc_falls_alone(&fall, rule_of(), own, near, 3));
    assert_true(fall.before == 178 * U && fall.now == 68 * U);
    assert_int_equal(fall.percent, 61);
    assert_true(fall.near_percent < 15);
    /* All fall, as when wind comes up. */
    for (int i = 0; i < 4; i++) fallen[i] = i < 2 ? a[i] : a[i] / 3;
    const int64_t *windy[3] = {fallen, fallen, fallen};
    assert_false(qk_qc_falls_alone(&fall, rule_of(), own, windy, 3));
    /* Two neighbours are no witness; a missing hour is none either. */
    assert_false(qk_qc_falls_alone(&fall, rule_of(), own, near, 2));
    c[1] = QK_QC_NONE;
    assert_false(qk_qc_falls_alone(&fall, rule_of(), own, near, 3));
    /* Little is not worth a suspicion. */
    c[1] = 185 * U;
    for (int i = 0; i < 4; i++) own[i] /= 5;
    assert_false(qk_qc_falls_alone(&fall, rule_of(), own, near, 3));
}

static void test_S032_qc__values_smoother_than_air_are_told(void **state)
{
    (void)state;
    int64_t own[12], rough[12];
    const int64_t *near[3] = {rough, rough, rough};
    qk_qc_smooth smooth;
    for (int i = 0; i < 12; i++) {
        own[i] = 80 * U + i * U / 10;
        rough[i] = (80 + i % 5 * 4) * U;
    }
    assert_true(qk_qc_too_smooth(&smooth, rule_of(), own, near, 3));
    assert_int_equal(smooth.permille, 1);
    assert_true(smooth.near_permille > 50);
    assert_false(qk_qc_too_smooth(&smooth, rule_of(), rough, near, 3));
    /* A calm night over the whole county. */
    const int64_t *calm[3] = {own, own, own};
    assert_false(qk_qc_too_smooth(&smooth, rule_of(), own, calm, 3));
}

/* ---- against a plain second computation ---- */

static int compare_plain(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* In whole units, doubles are exact here: medians are halves at the finest. */
static double plain_median(const int64_t *v, size_t n, size_t least)
{
    double list[64];
    size_t there = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i] != QK_QC_NONE) list[there++] = (double)(v[i] / U);
    if (there < least || there == 0) return -1;
    qsort(list, there, sizeof *list, compare_plain);
    return (list[(there - 1) / 2] + list[there / 2]) / 2;
}

static bool plain_change(double from, double to)
{
    double change = from < to ? to - from : from - to, base = from < to ? from : to;
    return from >= 0 && to >= 0 && change > 100 && change > base;
}

static uint32_t plain_reasons(const scene *s)
{
    const int64_t *own = s->own;
    size_t at = s->c.at, first = at, last = at;
    uint32_t out = 0;
    if (own[at] == QK_QC_NONE) return QK_QC_BIT(QK_QC_R_MISSING);
    double v = (double)(own[at] / U);
    while (first > 0 && own[first - 1] == own[at]) first--;
    while (last + 1 < HOURS && own[last + 1] == own[at]) last++;
    if (v > 10 && last - first + 1 >= 6) out |= QK_QC_BIT(QK_QC_R_STUCK);
    if (v > 2000) out |= QK_QC_BIT(QK_QC_R_RANGE);
    double before = at ? (own[at - 1] == QK_QC_NONE ? -1 : (double)(own[at - 1] / U)) : -1;
    double after =
        at + 1 < HOURS ? (own[at + 1] == QK_QC_NONE ? -1 : (double)(own[at + 1] / U)) : -1;
    double there = plain_median(s->near, 4, 3), then = plain_median(s->before, 4, 3);
    if (plain_change(before, v)) {
        double half = (v > before ? v - before : before - v) / 2;
        double shift = v > before ? there - then : then - there;
        bool shared = there >= 0 && then >= 0 && shift > 0 && shift >= half;
        bool back = plain_change(v, after) && (v > before) == (v > after);
        if (!shared) out |= QK_QC_BIT(back ? QK_QC_R_SPIKE : QK_QC_R_JUMP);
    }
    if (s->c.other != QK_QC_NONE && v > (double)(s->c.other / U))
        out |= QK_QC_BIT(QK_QC_R_PM_ORDER);
    double off = v > there ? v - there : there - v;
    if (there >= 0 && off > 75 && (v > 3 * there || there > 3 * v))
        out |= QK_QC_BIT(QK_QC_R_NEIGHBOURS);
    return out;
}

static void test_S031_qc__agrees_with_a_plain_computation_on_random_hours(void **state)
{
    (void)state;
    uint64_t seed = 20260301;
    uint32_t met = 0;
    for (int round = 0; round < 20000; round++) {
        scene s;
        make_calm(&s);
        s.c.past_n = 0;
        for (int i = 0; i < HOURS; i++) {
            uint64_t r = qk_test_random(&seed) % 20;
            int64_t level = r == 0 ? 2100 : r < 4 ? 300 : 40;
            s.own[i] = (level + (int64_t)(qk_test_random(&seed) % 3)) * U;
            if (r == 19) s.own[i] = QK_QC_NONE;
            if (r > 6 && i && s.own[i - 1] != QK_QC_NONE) s.own[i] = s.own[i - 1];
        }
        for (int i = 0; i < 4; i++) {
            s.near[i] = (int64_t)(20 + qk_test_random(&seed) % 300) * U;
            s.before[i] = (int64_t)(20 + qk_test_random(&seed) % 300) * U;
            if (qk_test_random(&seed) % 6 == 0) s.near[i] = QK_QC_NONE;
        }
        s.c.other = (int64_t)(qk_test_random(&seed) % 400) * U;
        s.c.at = qk_test_random(&seed) % HOURS;
        uint32_t want = plain_reasons(&s), got = judge(&s, QK_PM25).reasons;
        if (want != got) fail_msg("round %d: %x, not %x", round, got, want);
        met |= want;
    }
    assert_int_equal(met, QK_QC_BIT(QK_QC_R_MISSING) | QK_QC_BIT(QK_QC_R_RANGE) |
                              QK_QC_BIT(QK_QC_R_STUCK) | QK_QC_BIT(QK_QC_R_SPIKE) |
                              QK_QC_BIT(QK_QC_R_PM_ORDER) | QK_QC_BIT(QK_QC_R_JUMP) |
                              QK_QC_BIT(QK_QC_R_NEIGHBOURS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S031_qc__a_calm_hour_is_good),
        cmocka_unit_test(test_S031_qc__six_equal_hours_are_stuck_and_five_are_not),
        cmocka_unit_test(test_S031_qc__what_air_cannot_hold_is_bad),
        cmocka_unit_test(test_S031_qc__fine_dust_above_coarse_is_bad_beyond_the_tolerance),
        cmocka_unit_test(test_S031_qc__a_spike_is_bad_a_step_doubtful_and_a_regional_rise_neither),
        cmocka_unit_test(test_S031_qc__far_from_neighbours_or_from_earlier_days_is_doubtful),
        cmocka_unit_test(test_S032_qc__a_station_that_falls_alone_is_told_and_a_shared_fall_is_not),
        cmocka_unit_test(test_S032_qc__values_smoother_than_air_are_told),
        cmocka_unit_test(test_S031_qc__agrees_with_a_plain_computation_on_random_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
