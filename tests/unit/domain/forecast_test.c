/* SPDX-License-Identifier: Apache-2.0 */
/* From an ensemble to AQI, and the scores of known samples. */
#include "domain/forecast_score.h"
#include "../test.h"
#include <math.h>

enum { DAYS = 400 };

/* Days whose PM2.5 is 40 or, one day in four, 90 ug/m3; all else is low. */
static void fill_days(qk_forecast_days *days)
{
    const qk_aqi_rule *rule = qk_aqi_rule_named(QK_STR("2012"));
    uint64_t seed = 9;
    assert_ok(qk_forecast_days_init(days, 16000, 16000 + DAYS - 1, rule, NULL));
    for (int32_t t = 0; t < DAYS; t++) {
        qk_day d = {.day = 16000 + t, .flags = QK_DAY_RECORDED};
        qk_aqi aqi;
        const int64_t low[QK_POLLUTANTS] = {8, 20, 30, qk_test_random(&seed) % 4 ? 40 : 90, 1, 50};
        for (int p = 0; p < QK_POLLUTANTS; p++)
            d.stat[p] = (qk_fine)low[p] * QK_QUANTA_PER_UNIT << QK_FINE_SHIFT;
        d.o3_hour = (qk_fine)60 * QK_QUANTA_PER_UNIT << QK_FINE_SHIFT;
        qk_day_judge(&aqi, &d, rule);
        qk_forecast_days_put(days, &d);
        days->learn[t] = t < 350;
        assert_near(days->value[QK_PM25][t], (double)low[QK_PM25], 1e-9);
    }
    qk_forecast_days_put(days, &(qk_day){.day = 1, .flags = QK_DAY_RECORDED}); /* outside */
    qk_forecast_days_put(days, &(qk_day){.day = 16001});                       /* no record */
}

static void test_guidance__shares_grades_and_range_belong_together(void **state)
{
    (void)state;
    qk_forecast_days days;
    qk_forecaster *f;
    qk_guide *guide;
    qk_guidance g;
    char text[8];
    fill_days(&days);
    assert_ok(qk_forecast_days_fit(&f, &days, &(qk_weather_archive){0}, 2, NULL));
    assert_ok(qk_guide_new(&guide, f, &days, NULL));
    assert_ok(qk_guide_day(&g, guide, 16380, 2, days.rule, NULL));
    double sum = 0;
    for (int l = 1; l <= QK_AQI_LEVELS; l++) sum += g.share[l];
    assert_near(sum, 1, 1e-9);
    assert_int_equal(g.grade, 2); /* 40 ug/m3: AQI 57 */
    assert_true(g.low <= g.mid && g.mid <= g.high);
    assert_int_equal(qk_aqi_level_of(g.mid), g.grade);
    assert_true(g.grades & (1u << qk_aqi_level_of(g.low)));
    assert_true(g.grades & (1u << qk_aqi_level_of(g.high)));
    assert_true(g.over[0] > 0.05 && g.over[0] < 0.5); /* 90 ug/m3: AQI 120 */
    assert_true(g.over[0] >= g.over[1] && g.over[1] >= g.over[2]);
    assert_int_equal(g.primary, QK_PM25);
    assert_true(g.conc[QK_PM25][0] <= g.conc[QK_PM25][1]);
    assert_true(g.conc[QK_PM25][1] <= g.conc[QK_PM25][2]);
    assert_string_equal(qk_guidance_grades_text(text, g.grades), g.grades == 4 ? "2" : text);
    assert_string_equal(qk_guidance_grades_text(text, 1u << 2 | 1u << 3), "2;3");
    assert_ok(qk_guide_day(&g, guide, 16380, 2, qk_aqi_rule_named(QK_STR("2026")), NULL));
    assert_int_equal(qk_aqi_level_of(g.mid), g.grade); /* an edition it was not learnt under */
    assert_int_equal(qk_guide_day(&g, guide, 15999, 2, days.rule, NULL), QK_EINVAL);
    assert_int_equal(qk_guide_day(&g, guide, 16380, QK_GUIDANCE_LEADS + 1, days.rule, NULL),
                     QK_EINVAL);
    qk_guide_free(guide);
    qk_forecaster_free(f);
    qk_forecast_days_clear(&days);
}

static void test_guidance__days_before_the_first_learnt_are_dropped(void **state)
{
    (void)state;
    qk_forecast_days days;
    fill_days(&days);
    double kept = days.value[QK_PM25][100];
    for (size_t t = 0; t < 100; t++) days.learn[t] = false;
    days.holiday[101] = 1;
    qk_forecast_days_trim(&days);
    assert_int_equal(days.first_day, 16100);
    assert_int_equal(days.days, DAYS - 100);
    assert_true(days.learn[0] && days.holiday[1] == 1);
    assert_near(days.value[QK_PM25][0], kept, 0);
    for (size_t t = 0; t < days.days; t++) days.learn[t] = false;
    qk_forecast_days_trim(&days); /* nothing to go by: as it was */
    assert_int_equal(days.days, DAYS - 100);
    qk_forecast_days_clear(&days);
}

static void test_guidance__spans_that_cannot_be_held_are_refused(void **state)
{
    (void)state;
    qk_forecast_days days;
    assert_int_equal(qk_forecast_days_init(&days, 10, 9, NULL, NULL), QK_EINVAL);
    assert_int_equal(qk_forecast_days_init(&days, INT32_MIN, INT32_MAX, NULL, NULL), QK_EINVAL);
}

/* Ten days told and seen; the figures below are counted by hand. */
static const struct {
    int32_t told, seen, eve;
    double over_100;
} sample[10] = {{40, 45, 60, 0.0},    {60, 70, 45, 0.1},   {80, 120, 70, 0.4}, {110, 130, 120, 0.6},
                {160, 140, 130, 0.9}, {90, 95, 140, 0.3},  {70, 40, 95, 0.2},  {55, 60, 40, 0.1},
                {210, 160, 60, 1.0},  {130, 105, 160, 0.7}};

static void count_sample(qk_forecast_score *s, const qk_forecast_climate *climate)
{
    for (int i = 0; i < 10; i++) {
        qk_forecast_case c = {.lead = 3, .month = 12, .primary = -1};
        c.mid = sample[i].told;
        c.low = c.mid - 10;
        c.high = c.mid + 10;
        c.grades = 1u << qk_aqi_level_of(c.mid) | 1u << (qk_aqi_level_of(c.mid) + 1);
        c.observed = sample[i].seen;
        c.persisted = sample[i].eve;
        c.over[0] = sample[i].over_100;
        assert_ok(qk_forecast_score_add(s, &c, climate));
    }
}

static void test_score__ten_known_days_give_the_known_score(void **state)
{
    (void)state;
    static qk_forecast_score s;
    static qk_forecast_climate climate;
    for (int i = 0; i < 4; i++) qk_forecast_climate_add(&climate, 12, i < 3 ? 80 : 120);
    qk_forecast_climate_settle(&climate);
    count_sample(&s, &climate);
    const qk_forecast_tally *t = &s.tally[3][4]; /* winter */
    assert_true(t->count == 10 && t->exact == 6 && t->near == 10 && t->set == 7);
    assert_true(t->persisted == 10 && t->persisted_hit == 2);
    assert_true(t->climate == 10 && t->climate_hit == 3);
    assert_true(t->observed[3] == 4 && t->told[3] == 2 && t->hit[3] == 2);
    assert_true(t->range == 4); /* 45, 70, 95, 60 */
    assert_near(t->error, 40, 1e-12);
    /* (0, .1, -.6, -.4, -.1, .3, .2, .1, 0, -.3) squared */
    assert_near(t->brier[0], 0 + .01 + .36 + .16 + .01 + .09 + .04 + .01 + 0 + .09, 1e-12);
    assert_near(t->brier_climate[0], 5 * 0.0625 + 5 * 0.5625, 1e-12);
    assert_near(qk_forecast_brier(&(qk_forecast_case){.observed = 120, .over = {0.4}}, 0), .36,
                1e-12);
    assert_true(isnan(qk_forecast_brier(&(qk_forecast_case){.over = {-1}}, 0)));
    assert_true(t->bin[0][9].count == 2 && t->bin[0][9].happened == 2);
    assert_true(s.tally[0][0].count == 10 && s.tally[3][1].count == 0);
}

static void test_score__is_told_as_json_and_refuses_what_is_no_case(void **state)
{
    (void)state;
    static qk_forecast_score s;
    qk_buf text;
    qk_json_writer w;
    qk_arena arena;
    qk_json_value *root;
    count_sample(&s, NULL);
    qk_buf_init(&text, 1 << 20);
    qk_arena_init(&arena, 1 << 22);
    qk_json_init(&w, &text);
    qk_forecast_score_write(&w, &s);
    assert_ok(text.failed);
    assert_ok(qk_json_parse(&root, qk_buf_str(&text), &arena, NULL));
    const qk_json_value *lead = qk_json_get(root, "leads")->first;
    double exact = -1, pod = -1;
    assert_true(qk_json_get_f64(lead, "exact", &exact));
    assert_near(exact, 0.6, 1e-9);
    assert_int_equal(qk_json_get(lead, "climatology")->type, QK_JSON_NULL);
    const qk_json_value *grade = qk_json_get(root, "grades")->first;
    assert_true(qk_json_get_f64(grade, "pod", &pod));
    assert_near(pod, 0.5, 1e-9);                                         /* 45 hit, 40 missed */
    const qk_json_value *over = qk_json_get(root, "exceedances")->first; /* AQI above 100 */
    double far = -1, csi = -1;
    assert_true(qk_json_get_f64(over, "pod", &pod) && qk_json_get_f64(over, "far", &far) &&
                qk_json_get_f64(over, "csi", &csi));
    assert_near(pod, 0.8, 1e-9); /* of 120 130 140 160 105 the first was missed */
    assert_near(far, 0, 1e-9);
    assert_near(csi, 0.8, 1e-9);
    assert_true(qk_json_get_f64(over->next, "far", &far)); /* above 150: 160 and 210 told */
    assert_near(far, 0.5, 1e-9);
    qk_forecast_case c = {.lead = 0, .month = 1, .observed = 50};
    assert_int_equal(qk_forecast_score_add(&s, &c, NULL), QK_EINVAL);
    c.lead = 1;
    c.month = 13;
    assert_int_equal(qk_forecast_score_add(&s, &c, NULL), QK_EINVAL);
    c.month = 1;
    c.observed = QK_AQI_NA;
    assert_int_equal(qk_forecast_score_add(&s, &c, NULL), QK_EINVAL);
    qk_arena_clear(&arena);
    qk_buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guidance__shares_grades_and_range_belong_together),
        cmocka_unit_test(test_guidance__days_before_the_first_learnt_are_dropped),
        cmocka_unit_test(test_guidance__spans_that_cannot_be_held_are_refused),
        cmocka_unit_test(test_score__ten_known_days_give_the_known_score),
        cmocka_unit_test(test_score__is_told_as_json_and_refuses_what_is_no_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
