/* SPDX-License-Identifier: Apache-2.0 */
/* Forecasts as they are issued, edited, signed for and verified. */
#include "domain/forecast_verify.h"
#include "domain/forecast_weather.h"
#include "domain/forecasts.h"
#include "domain_test.h"
#include <math.h>
#include <stdlib.h>

static int32_t day(const char *iso)
{
    return qk_day_number(at(iso));
}

/* Guidance for three days with the AQI told. */
static const char *days_json(int32_t issued, const int32_t aqi[3])
{
    static char text[2000];
    char date[QK_TIME_TEXT];
    size_t n = 0;
    for (int32_t l = 1; l <= 3; l++)
        n += (size_t)snprintf(
            text + n, sizeof text - n,
            "%s{\"date\":\"%s\",\"lead\":%d,\"trend\":false,\"rule\":\"HJ633-2012\","
            "\"aqi_low\":%d,\"aqi\":%d,\"aqi_high\":%d,\"grades\":[%d],\"primary\":\"PM2.5\","
            "\"p_over_100\":%s,\"p_over_150\":0,\"p_over_200\":0}",
            l > 1 ? "," : "[", qk_date_iso(date, (qk_time)(issued + l) * QK_DAY - QK_CST_OFFSET), l,
            aqi[l - 1] - 5, aqi[l - 1], aqi[l - 1] + 5, qk_aqi_level_of(aqi[l - 1]),
            aqi[l - 1] > 100 ? "0.9" : "0.1");
    snprintf(text + n, sizeof text - n, "]");
    return text;
}

static void issue(qk_db *db, const char *iso, const int32_t aqi[3], const char *made_at)
{
    int64_t version;
    qk_error err = {0};
    int32_t issued = day(iso);
    assert_done(qk_forecasts_put_guidance(&version, db, QK_STR("county"), issued,
                                          qk_str_of(days_json(issued, aqi)), QK_STR("system"),
                                          at(made_at), &err),
                &err);
}

static qk_code edit(qk_db *db, const char *iso, int64_t seen, const char *reason, const char *json,
                    qk_error *err)
{
    int64_t version;
    qk_arena arena;
    qk_json_value *root;
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_json_parse(&root, qk_str_of(json), &arena, NULL));
    qk_forecast_edit e = {QK_STR("county"), day(iso), seen, qk_str_of(reason), root};
    qk_code code =
        qk_forecasts_edit(&version, db, &e, QK_STR("wang"), at("2026-01-02T07:00:00"), err);
    qk_arena_clear(&arena);
    return code;
}

/* Ten days of January; every one of them is observed. */
static const int16_t seen[10] = {40, 80, 120, 90, 60, 130, 160, 70, 45, 110};

static void observe(qk_forecast_days *days)
{
    int32_t first = day("2026-01-01");
    assert_ok(
        qk_forecast_days_init(days, first, first + 9, qk_aqi_rule_named(QK_STR("2012")), NULL));
    for (int i = 0; i < 10; i++) days->aqi[i] = seen[i];
}

static void test_S042_forecasts__late_and_edited_ones_never_count_as_on_time(void **state)
{
    (void)state;
    qk_db *db = open_db();
    static qk_forecast_score score;
    qk_forecast_counts counts;
    qk_forecast_days days;
    qk_error err = {0};
    observe(&days);
    /* right at every lead, on time */
    issue(db, "2026-01-01", (int32_t[3]){80, 120, 90}, "2026-01-02T00:50:00");
    /* made again and edited within the time: the first counts, with its misses at leads 1 and 3 */
    issue(db, "2026-01-02", (int32_t[3]){80, 90, 110}, "2026-01-03T00:50:00");
    issue(db, "2026-01-02", (int32_t[3]){120, 90, 60}, "2026-01-03T02:00:00");
    assert_done(edit(db, "2026-01-02", 2, "west wind comes earlier",
                     "[{\"lead\":3,\"aqi_low\":55,\"aqi\":60,\"aqi_high\":70}]", &err),
                &err);
    /* right, but ten hours late */
    issue(db, "2026-01-03", (int32_t[3]){90, 60, 130}, "2026-01-04T10:00:00");
    const qk_forecast_asked asked = {.place = QK_STR("county"),
                                     .from = day("2026-01-01"),
                                     .to = day("2026-01-31"),
                                     .observed = &days};
    assert_done(qk_forecasts_score(&score, &counts, db, &asked, &err), &err);
    assert_true(counts.issued == 3 && counts.on_time == 2 && counts.late == 1);
    assert_int_equal(counts.edited, 1);
    const qk_forecast_tally *all = &score.tally[0][0];
    assert_true(all->count == 6 && all->exact == 4);
    assert_true(score.tally[1][0].count == 2 && score.tally[1][0].exact == 1);
    assert_true(score.tally[2][0].exact == 2 && score.tally[3][0].exact == 1);
    assert_true(all->persisted == 6); /* 40 on the first day of issue, 80 on the second */
    qk_forecast_days_clear(&days);
    qk_db_close(db);
}

static void test_S042_forecasts__ten_known_days_give_the_known_score(void **state)
{
    (void)state;
    static const int32_t told[9] = {90, 110, 95, 70, 120, 140, 75, 60, 130};
    qk_db *db = open_db();
    static qk_forecast_score score;
    qk_forecast_counts counts;
    qk_forecast_days days;
    qk_error err = {0};
    char made[40], iso[QK_TIME_TEXT];
    observe(&days);
    for (int i = 0; i < 9; i++) {
        qk_date_iso(iso, (qk_time)(days.first_day + i) * QK_DAY - QK_CST_OFFSET);
        snprintf(made, sizeof made, "2026-01-%02dT00:50:00", i + 2);
        issue(db, iso, (int32_t[3]){told[i], 500, 500}, made);
    }
    const qk_forecast_asked asked = {.place = QK_STR("county"),
                                     .from = days.first_day,
                                     .to = days.first_day + 9,
                                     .observed = &days};
    assert_done(qk_forecasts_score(&score, &counts, db, &asked, &err), &err);
    const qk_forecast_tally *t = &score.tally[1][0];
    /* 80 120 90 60 130 160 70 45 110 against what was told: missed are 160 (140) and 45 (60) */
    assert_true(t->count == 9 && t->exact == 7 && t->near == 9);
    assert_true(t->observed[3] == 3 && t->hit[3] == 3 && t->told[3] == 4);
    assert_true(t->persisted_hit == 1); /* 90 stays in the grade on the day of 60 */
    assert_near(t->bin[0][9].count, 4, 0);
    assert_near(t->bin[0][9].happened, 4, 0);
    qk_buf text;
    qk_json_writer w;
    qk_forecast_asked first = asked;
    first.lead = 1;
    qk_buf_init(&text, 1 << 20);
    qk_json_init(&w, &text);
    assert_done(qk_forecasts_write_cases(&w, db, &first, &err), &err);
    assert_ok(text.failed);
    size_t hits = 0, misses = 0;
    for (const char *at = text.ptr; (at = strstr(at, "\"exact\":")); at += 8)
        at[8] == 't' ? hits++ : misses++;
    assert_int_equal(hits, 7);
    assert_int_equal(misses, 2);
    qk_buf_clear(&text);
    qk_forecast_days_clear(&days);
    qk_db_close(db);
}

static void test_forecasts__an_edit_is_a_new_version_with_its_reason(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_error err = {0};
    qk_buf text;
    qk_json_writer w;
    issue(db, "2026-01-01", (int32_t[3]){80, 120, 90}, "2026-01-02T00:50:00");
    const char *range = "[{\"lead\":2,\"aqi_low\":95,\"aqi\":105,\"aqi_high\":120}]";
    assert_int_equal(edit(db, "2026-01-01", 1, "  ", range, &err), QK_EINVAL);
    assert_int_equal(edit(db, "2026-01-01", 2, "why", range, &err), QK_ECONFLICT);
    assert_int_equal(edit(db, "2025-12-30", 1, "why", range, &err), QK_ENOTFOUND);
    assert_int_equal(edit(db, "2026-01-01", 1, "why", "[{\"lead\":9}]", &err), QK_ENOTFOUND);
    assert_int_equal(edit(db, "2026-01-01", 1, "why",
                          "[{\"lead\":2,\"aqi_low\":60,\"aqi\":50,\"aqi_high\":70}]", &err),
                     QK_EINVAL);
    assert_int_equal(edit(db, "2026-01-01", 1, "why",
                          "[{\"lead\":2,\"aqi_low\":60,\"aqi\":110,\"aqi_high\":170}]", &err),
                     QK_EINVAL);
    assert_done(edit(db, "2026-01-01", 1, "cold front", range, &err), &err);
    qk_buf_init(&text, 1 << 16);
    qk_json_init(&w, &text);
    assert_done(qk_forecasts_write_history(&w, db, QK_STR("county"), day("2026-01-01"), &err),
                &err);
    assert_ok(text.failed);
    qk_buf_putc(&text, '\0');
    assert_non_null(strstr(text.ptr, "\"version\":1,\"kind\":\"guidance\""));
    assert_non_null(strstr(text.ptr, "\"version\":2,\"kind\":\"edit\",\"reason\":\"cold front\""));
    assert_non_null(strstr(text.ptr, "\"aqi\":105,\"aqi_high\":120,\"grades\":[2,3]"));
    qk_buf_reset(&text);
    qk_json_init(&w, &text);
    assert_done(qk_forecasts_write(&w, db, QK_STR("county"), day("2026-02-01"), &err), &err);
    qk_buf_putc(&text, '\0');
    assert_non_null(strstr(text.ptr, "\"on_time\":false"));
    assert_int_equal(qk_forecasts_write(&w, db, QK_STR("st9"), day("2026-02-01"), &err),
                     QK_ENOTFOUND);
    assert_true(qk_db_exec(db, "UPDATE forecast SET days='[]'", &err) != QK_OK);
    assert_true(qk_db_exec(db, "DELETE FROM forecast", &err) != QK_OK);
    qk_buf_clear(&text);
    qk_db_close(db);
}

static void test_forecasts__a_signed_minute_is_final(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_error err = {0};
    int64_t version = 0;
    int32_t issued = day("2026-01-01");
    qk_time now = at("2026-01-02T09:00:00");
    qk_str by = QK_STR("li");
    assert_int_equal(
        qk_forecasts_minute_put(&version, db, issued, 0, QK_STR(" "), false, by, now, &err),
        QK_EINVAL);
    assert_done(qk_forecasts_minute_put(&version, db, issued, 0, QK_STR("calm until Friday"), false,
                                        by, now, &err),
                &err);
    assert_int_equal(
        qk_forecasts_minute_put(&version, db, issued, 0, QK_STR("x"), true, by, now, &err),
        QK_ECONFLICT);
    assert_done(qk_forecasts_minute_put(&version, db, issued, 1, QK_STR("calm until Saturday"),
                                        true, by, now, &err),
                &err);
    assert_int_equal(version, 2);
    assert_int_equal(
        qk_forecasts_minute_put(&version, db, issued, 2, QK_STR("x"), true, by, now, &err),
        QK_EDENIED);
    assert_true(qk_db_exec(db,
                           "INSERT INTO forecast_minute (issued,version,state,text,recorded_at,"
                           "recorded_by) SELECT issued,9,'draft','x',0,'x' FROM forecast_minute",
                           &err) != QK_OK);
    assert_true(qk_db_exec(db, "UPDATE forecast_minute SET text='x'", &err) != QK_OK);
    assert_true(qk_db_exec(db, "DELETE FROM forecast_minute", &err) != QK_OK);
    assert_int_equal(number_of(db, "SELECT count(*) FROM forecast_minute"), 2);
    qk_db_close(db);
}

static void test_forecasts__weather_goes_in_once_and_comes_out_as_an_archive(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_error err = {0};
    qk_weather_archive a;
    double *cells = NULL;
    qk_str by = QK_STR("met");
    assert_int_equal(qk_forecasts_weather_put(NULL, db, 100, 0, QK_STR("wind"), 3, by, 1, &err),
                     QK_EINVAL);
    assert_int_equal(qk_forecasts_weather_put(NULL, db, 100, 1, QK_STR("wind"), NAN, by, 1, &err),
                     QK_EINVAL);
    assert_done(qk_forecasts_weather_put(NULL, db, 100, 2, QK_STR("wind"), 3, by, 1, &err), &err);
    assert_done(qk_forecasts_weather_put(NULL, db, 100, 2, QK_STR("wind"), 9, by, 2, &err), &err);
    assert_done(qk_forecasts_weather_put(NULL, db, 101, 1, QK_STR("rain"), 1.5, by, 2, &err), &err);
    assert_done(qk_forecasts_weather_load(&a, &cells, db, 99, 101, &err), &err);
    assert_true(a.issues == 3 && a.columns == 2 && a.leads == QK_LAGGED_LEADS);
    assert_true(cells[(1 * a.leads + 1) * 2 + 1] == 3); /* names in byte order: rain, wind */
    assert_true(cells[(2 * a.leads + 0) * 2 + 0] == 1.5);
    assert_true(isnan(cells[0]));
    free(cells);
    assert_int_equal(qk_forecasts_weather_load(&a, &cells, db, 9, 8, &err), QK_EINVAL);
    qk_db_close(db);
}

static void test_forecasts__the_public_text_tells_three_days(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_error err = {0};
    qk_buf zh, en;
    qk_buf_init(&zh, 4096);
    qk_buf_init(&en, 4096);
    assert_int_equal(qk_forecasts_public(&zh, &en, db, QK_STR("county"), day("2026-01-02"), &err),
                     QK_ENOTFOUND);
    issue(db, "2026-01-01", (int32_t[3]){80, 120, 48}, "2026-01-02T00:50:00");
    assert_done(qk_forecasts_public(&zh, &en, db, QK_STR("county"), day("2026-01-02"), &err), &err);
    qk_buf_putc(&zh, '\0');
    qk_buf_putc(&en, '\0');
    assert_non_null(strstr(zh.ptr, "2026-01-02：AQI 75～85，良，首要污染物PM2.5。"));
    assert_non_null(strstr(zh.ptr, "2026-01-04：AQI 43～53，优至良"));
    assert_non_null(strstr(en.ptr, "2026-01-03: AQI 115 to 125"));
    qk_buf_clear(&zh);
    qk_buf_clear(&en);
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S042_forecasts__late_and_edited_ones_never_count_as_on_time),
        qk_dir_test(test_S042_forecasts__ten_known_days_give_the_known_score),
        qk_dir_test(test_forecasts__an_edit_is_a_new_version_with_its_reason),
        qk_dir_test(test_forecasts__a_signed_minute_is_final),
        qk_dir_test(test_forecasts__weather_goes_in_once_and_comes_out_as_an_archive),
        qk_dir_test(test_forecasts__the_public_text_tells_three_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
