/* SPDX-License-Identifier: Apache-2.0 */
/* Learning, telling and keeping forecasts while the Nth allocation or database call fails: each
 * time a plain error, nothing half kept, and the same result once nothing fails. */
#include "domain/forecast_verify.h"
#include "domain/forecast_weather.h"
#include "domain/forecasts.h"
#include "domain_test.h"
#include <math.h>
#include <stdlib.h>

enum { NOTHING, MEMORY, PREPARE, STEP };
static bool refuses(int what);
#define QK_MEMORY_FAILS (refuses(MEMORY))
#include "../failing_memory.h"

static _Thread_local int failing;
static _Thread_local unsigned countdown;

static bool refuses(int what)
{
    return failing == what && countdown && --countdown == 0;
}

qk_code __real_qk_db_prepare(sqlite3_stmt **out, qk_db *db, const char *sql, qk_error *err);
qk_code __wrap_qk_db_prepare(sqlite3_stmt **out, qk_db *db, const char *sql, qk_error *err);
qk_code __real_qk_db_step(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
qk_code __wrap_qk_db_step(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
qk_code __real_qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err);
qk_code __wrap_qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err);

qk_code __wrap_qk_db_prepare(sqlite3_stmt **out, qk_db *db, const char *sql, qk_error *err)
{
    if (refuses(PREPARE)) return qk_fail(err, QK_EIO, "told to fail");
    return __real_qk_db_prepare(out, db, sql, err);
}

qk_code __wrap_qk_db_step(qk_db *db, sqlite3_stmt *stmt, qk_error *err)
{
    if (!refuses(STEP)) return __real_qk_db_step(db, stmt, err);
    sqlite3_reset(stmt);
    return qk_fail(err, QK_EIO, "told to fail");
}

qk_code __wrap_qk_db_run(qk_db *db, sqlite3_stmt *stmt, qk_error *err)
{
    if (!refuses(STEP)) return __real_qk_db_run(db, stmt, err);
    sqlite3_reset(stmt);
    return qk_fail(err, QK_EIO, "told to fail");
}

/* ---- learning ---- */

enum { DAYS = 70, FIRST = 16000, LEADS = 2 };

static void make_days(qk_forecast_days *days, double (*wind)[LEADS])
{
    uint64_t seed = 7;
    const qk_aqi_rule *rule = qk_aqi_rule_named(QK_STR("2012"));
    assert_ok(qk_forecast_days_init(days, FIRST, FIRST + DAYS - 1, rule, NULL));
    for (int t = 0; t < DAYS + LEADS; t++) {
        double blows = 1 + (double)(qk_test_random(&seed) % 50) / 10;
        for (int l = 1; l <= LEADS; l++)
            if (t - l >= 0 && t - l < DAYS) wind[t - l][l - 1] = blows;
        if (t >= DAYS) continue;
        days->value[QK_PM25][t] = 200 / blows;
        days->value[QK_GUIDANCE_INDEX][t] = days->aqi[t] = (int16_t)(240 / blows);
        days->learn[t] = true;
    }
}

static qk_code learn_and_tell(qk_buf *out, const qk_forecast_days *days,
                              const qk_weather_archive *weather, qk_error *err)
{
    qk_forecaster *f = NULL;
    qk_guide *guide = NULL;
    qk_json_writer w;
    qk_json_init(&w, out);
    qk_code code = qk_forecast_days_fit(&f, days, weather, LEADS, err);
    if (code == QK_OK) code = qk_guide_new(&guide, f, days, err);
    if (code == QK_OK)
        code = qk_guidance_write_both(&w, guide, days->rule, FIRST + DAYS - 1, 1, err);
    if (code == QK_OK && out->failed) code = qk_fail(err, out->failed, "no memory");
    qk_guide_free(guide);
    qk_forecaster_free(f);
    return code;
}

static void test_forecast__learning_without_memory_is_a_plain_refusal(void **state)
{
    (void)state;
    static double wind[DAYS][LEADS];
    qk_forecast_days days;
    qk_buf whole, text;
    qk_error err = {0};
    unsigned at = 1, refused = 0;
    make_days(&days, wind);
    const qk_weather_archive weather = {FIRST, DAYS, LEADS, 1, &wind[0][0]};
    qk_buf_init(&whole, 1 << 16);
    assert_done(learn_and_tell(&whole, &days, &weather, &err), &err);
    for (qk_code code = QK_ENOMEM; code != QK_OK; at += 3 * QK_TEST_STEP) {
        qk_buf_init(&text, 1 << 16);
        failing = MEMORY;
        countdown = at;
        code = learn_and_tell(&text, &days, &weather, &err);
        failing = NOTHING;
        if (code == QK_OK)
            assert_string_equal(text.ptr, whole.ptr);
        else
            assert_int_equal(code, QK_ENOMEM);
        refused += code != QK_OK;
        qk_buf_clear(&text);
    }
    assert_true(refused > 60 / QK_TEST_STEP);
    qk_buf_clear(&whole);
    qk_forecast_days_clear(&days);
}

/* ---- keeping ---- */

#define DAY(lead, aqi)                                                                \
    "{\"date\":\"2026-01-0" #lead "\",\"lead\":" #lead                                \
    ",\"trend\":false,\"rule\":\"HJ633-2012\",\"aqi_low\":" #aqi ",\"aqi\":" #aqi     \
    ",\"aqi_high\":" #aqi ",\"grades\":[2],\"primary\":\"PM2.5\",\"p_over_100\":0.1," \
    "\"p_over_150\":0,\"p_over_200\":0}"
static const char told[] = "[" DAY(1, 80) "," DAY(2, 90) "," DAY(3, 70) "]";
static const char changed[] = "[{\"lead\":2,\"aqi_low\":60,\"aqi\":70,\"aqi_high\":80}]";

typedef struct bench {
    qk_db *db;
    int32_t issued;
    const qk_json_value *edit;
    const qk_forecast_days *seen;
} bench;

static qk_code issue_and_edit(const bench *b, qk_error *err)
{
    int64_t version;
    qk_time now = at("2026-01-01T00:50:00");
    const qk_str by = QK_STR("wang"), county = QK_STR("county");
    qk_forecast_weather_taken taken;
    QK_TRY(qk_forecasts_weather_csv(&taken, b->db,
                                    QK_STR("issued,lead,wind\n2025-12-31,1,3\n2025-12-31,2,4\n"),
                                    NULL, false, by, now, err));
    QK_TRY(qk_forecasts_put_guidance(&version, b->db, county, b->issued, qk_str_of(told), by, now,
                                     err));
    const qk_forecast_edit e = {county, b->issued, version, QK_STR("front"), b->edit};
    QK_TRY(qk_forecasts_edit(&version, b->db, &e, by, now, err));
    QK_TRY(
        qk_forecasts_minute_put(&version, b->db, b->issued, 0, QK_STR("calm"), true, by, now, err));
    return qk_forecasts_publish(&version, b->db, county, b->issued, true, by, now, err);
}

static qk_code tell_all(const bench *b, qk_buf *out, qk_error *err)
{
    static qk_forecast_score score;
    qk_forecast_counts counts;
    qk_json_writer w;
    const qk_forecast_asked asked = {
        .place = QK_STR("county"), .from = b->issued, .to = b->issued, .observed = b->seen};
    qk_json_init(&w, out);
    qk_json_array(&w);
    QK_TRY(qk_forecasts_write(&w, b->db, asked.place, b->issued, err));
    QK_TRY(qk_forecasts_write_history(&w, b->db, asked.place, b->issued, err));
    QK_TRY(qk_forecasts_minute_write(&w, b->db, b->issued, err));
    QK_TRY(qk_forecasts_minutes_write(&w, b->db, b->issued, err));
    QK_TRY(qk_forecasts_public_write(&w, b->db, b->issued, err));
    QK_TRY(qk_forecasts_weather_write(&w, b->db, b->issued, err));
    QK_TRY(qk_forecasts_write_cases(&w, b->db, &asked, err));
    QK_TRY(qk_forecasts_score(&score, &counts, b->db, &asked, err));
    qk_json_end(&w);
    return out->failed ? qk_fail(err, out->failed, "no memory") : QK_OK;
}

static qk_code keep_and_tell(const bench *b, qk_buf *out, qk_error *err)
{
    QK_TRY(issue_and_edit(b, err));
    return tell_all(b, out, err);
}

/* Fails the Nth call of a kind for N = 1, 2, … until all goes well; how often it failed. */
static unsigned fail_each(const bench *b, int what, const char *whole)
{
    unsigned refused = 0;
    for (unsigned nth = 1;; nth += what == MEMORY ? 2 * QK_TEST_STEP : 1) {
        qk_buf text;
        qk_error err = {0};
        qk_buf_init(&text, 1 << 20);
        assert_ok(qk_db_begin(b->db, NULL));
        failing = what;
        countdown = nth;
        qk_code code = keep_and_tell(b, &text, &err);
        bool reached = countdown == 0;
        failing = NOTHING;
        qk_db_rollback(b->db);
        if (code == QK_OK) assert_string_equal(text.ptr, whole);
        if (code != QK_OK) assert_true(err.message[0] != '\0');
        qk_buf_clear(&text);
        if (!reached) return refused;
        refused += code != QK_OK;
    }
}

static void test_forecasts__what_cannot_be_kept_is_refused_whole(void **state)
{
    (void)state;
    qk_buf whole;
    qk_arena arena;
    qk_json_value *edit;
    qk_forecast_days seen;
    qk_error err = {0};
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_json_parse(&edit, qk_str_of(changed), &arena, NULL));
    bench b = {open_db(), qk_day_number(at("2025-12-31T12:00:00")), edit, &seen};
    assert_ok(qk_forecast_days_init(&seen, b.issued, b.issued + 3,
                                    qk_aqi_rule_named(QK_STR("2012")), NULL));
    for (int i = 0; i < 4; i++) seen.aqi[i] = (int16_t)(70 + 10 * i);
    qk_buf_init(&whole, 1 << 20);
    assert_ok(qk_db_begin(b.db, NULL));
    assert_done(keep_and_tell(&b, &whole, &err), &err);
    qk_db_rollback(b.db);
    assert_true(fail_each(&b, PREPARE, whole.ptr) >= 15);
    assert_true(fail_each(&b, STEP, whole.ptr) >= 15);
    assert_true(fail_each(&b, MEMORY, whole.ptr) >= 2);
    assert_int_equal(number_of(b.db, "SELECT count(*) FROM forecast"), 0);
    qk_buf_clear(&whole);
    qk_forecast_days_clear(&seen);
    qk_arena_clear(&arena);
    qk_db_close(b.db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forecast__learning_without_memory_is_a_plain_refusal),
        qk_dir_test(test_forecasts__what_cannot_be_kept_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
