/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings of heavy pollution and the signed minutes that they rest on. */
#include "domain/warnings.h"
#include "domain/forecasts.h"
#include "domain/warning_ease.h"
#include "domain_test.h"

enum { DAYS = 7 };

static int32_t day(const char *iso)
{
    return qk_day_number(at(iso));
}

static const qk_warning_rule *newest_rule(void)
{
    size_t n = 0;
    const qk_warning_rule *rules = qk_warning_rules(&n);
    return &rules[n - 1];
}

/* The episode of the acceptance script, as it is forecast on an evening. */
static void forecast(qk_db *db, int32_t issued, const int32_t aqi[DAYS], const char *primary,
                     const char *made_at)
{
    char text[2000], date[QK_TIME_TEXT];
    size_t n = 0;
    int64_t version;
    qk_error err = {0};
    for (int32_t l = 1; l <= DAYS; l++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "%s{\"date\":\"%s\",\"lead\":%d,\"aqi\":%d,\"primary\":\"%s\"}",
                              l > 1 ? "," : "[",
                              qk_date_iso(date, (qk_time)(issued + l) * QK_DAY - QK_CST_OFFSET), l,
                              aqi[l - 1], primary);
    snprintf(text + n, sizeof text - n, "]");
    assert_done(qk_forecasts_put_guidance(&version, db, QK_STR("county"), issued, qk_str_of(text),
                                          QK_STR("system"), at(made_at), &err),
                &err);
}

static void sign(qk_db *db, int32_t issued, const char *when)
{
    qk_error err = {0};
    int64_t version = 0;
    assert_done(qk_forecasts_minute_put(&version, db, issued, 0, QK_STR("静稳高湿，以本地积累为主"),
                                        true, QK_STR("会商组王"), at(when), &err),
                &err);
}

static qk_code propose(char id[QK_WARNING_ID_MAX], qk_db *db, int32_t issued,
                       qk_warning_level level, const char *reason, const char *when)
{
    const qk_warning_new what = {
        .issued = issued, .rule = newest_rule(), .level = level, .reason = qk_str_of(reason)};
    qk_error err = {0};
    return qk_warnings_propose(id, db, &what, QK_STR("system"), at(when), &err);
}

static qk_code turn(qk_db *db, const char *id, const char *action, const char *text,
                    const char *who)
{
    const qk_warning_act act = {qk_str_of(action), qk_str_of(text), qk_str_of(who)};
    qk_error err = {0};
    return qk_warnings_step(db, qk_str_of(id), &act, at("2026-12-10T12:00:00"), &err);
}

static const int32_t episode[DAYS] = {155, 165, 180, 215, 230, 305, 120};

/* What a document says, parsed. */
static const qk_json_value *one(qk_db *db, const char *id, qk_arena *arena)
{
    qk_json_writer w;
    qk_buf out;
    qk_error err = {0};
    qk_json_value *v = NULL;
    qk_buf_init(&out, 1 << 16);
    qk_json_init(&w, &out);
    assert_done(qk_warnings_write_one(&w, db, qk_str_of(id), &err), &err);
    char *copy = qk_arena_copy(arena, out.ptr, out.len);
    assert_ok(qk_json_parse(&v, (qk_str){copy, out.len}, arena, &err));
    qk_buf_clear(&out);
    return v;
}

static void assert_text(const qk_json_value *v, const char *name, const char *want)
{
    qk_str got = qk_json_get_str(v, name);
    if (!qk_str_eq(got, qk_str_of(want)))
        fail_msg("%s: '%.*s' for '%s'", name, QK_STR_ARG(got), want);
}

static void test_S043_warnings__one_rests_on_the_signed_minute_which_never_changes(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_error err = {0};
    qk_arena arena;
    char id[QK_WARNING_ID_MAX] = "";
    int64_t version = 0, got = 0;
    int32_t issued = day("2026-12-10");
    qk_arena_init(&arena, 1 << 20);
    forecast(db, issued, episode, "PM2.5", "2026-12-11T00:50:00");
    assert_int_equal(propose(id, db, issued, QK_WARNING_NONE, "", "2026-12-11T10:00:00"),
                     QK_EDENIED);
    sign(db, issued, "2026-12-11T09:30:00");
    assert_ok(propose(id, db, issued, QK_WARNING_NONE, "", "2026-12-11T10:00:00"));
    const qk_json_value *w = one(db, id, &arena);
    assert_text(w, "level", "red");
    assert_text(w, "state", "proposed");
    assert_text(w, "from", "2026-12-11");
    assert_text(w, "to", "2026-12-16");
    assert_text(w, "issued", "2026-12-10");
    assert_text(qk_json_get(w, "minute"), "state", "signed");
    assert_text(qk_json_get(w, "minute"), "text", "静稳高湿，以本地积累为主");
    assert_true(qk_json_get_i64(w, "minute_version", &got) && got == 1);
    /* orange before it is red */
    const qk_json_value *d = qk_json_get(qk_json_get(w, "basis"), "days")->first;
    assert_text(d, "level", "orange");
    assert_text(d->next->next->next, "level", "red");
    /* neither the minute nor the warning can be changed behind each other's back */
    assert_int_equal(qk_forecasts_minute_put(&version, db, issued, 1, QK_STR("x"), true,
                                             QK_STR("x"), at("2026-12-11T11:00:00"), &err),
                     QK_EDENIED);
    assert_true(qk_db_exec(db, "UPDATE forecast_minute SET text='x'", &err) != QK_OK);
    assert_true(qk_db_exec(db, "UPDATE warning SET minute_version=9", &err) != QK_OK);
    assert_true(qk_db_exec(db, "UPDATE warning_step SET state='issued'", &err) != QK_OK);
    assert_true(qk_db_exec(db, "DELETE FROM warning", &err) != QK_OK);
    /* an edit made after the signature is no part of what was signed for */
    forecast(db, issued, (int32_t[DAYS]){50, 50, 50, 50, 50, 50, 50}, "PM2.5",
             "2026-12-11T11:00:00");
    assert_ok(propose(id, db, issued, QK_WARNING_YELLOW, "市级统一调度", "2026-12-11T11:30:00"));
    w = one(db, id, &arena);
    assert_true(qk_json_get_i64(w, "forecast_version", &got) && got == 1);
    assert_text(w, "reason", "市级统一调度");
    qk_arena_clear(&arena);
    qk_db_close(db);
}

static void test_warnings__a_red_one_needs_two_and_takes_the_place_of_the_lower(void **state)
{
    (void)state;
    qk_db *db = open_db();
    char low[QK_WARNING_ID_MAX], high[QK_WARNING_ID_MAX], again[QK_WARNING_ID_MAX];
    int32_t first = day("2026-12-09"), second = day("2026-12-10");
    forecast(db, first, (int32_t[DAYS]){155, 165, 90, 80, 70, 60, 60}, "PM2.5",
             "2026-12-10T00:50:00");
    sign(db, first, "2026-12-10T09:00:00");
    assert_ok(propose(low, db, first, QK_WARNING_NONE, "", "2026-12-10T09:00:00"));
    assert_int_equal(propose(again, db, first, QK_WARNING_NONE, "", "2026-12-10T09:05:00"),
                     QK_EEXIST);
    assert_int_equal(turn(db, low, "refuse", "", "县长"), QK_EINVAL);
    assert_ok(turn(db, low, "approve", "", "县长"));
    assert_int_equal(turn(db, low, "approve", "", "副县长"), QK_EDENIED);
    forecast(db, second, episode, "PM2.5", "2026-12-11T00:50:00");
    sign(db, second, "2026-12-11T09:00:00");
    assert_ok(propose(high, db, second, QK_WARNING_NONE, "", "2026-12-11T09:00:00"));
    assert_ok(turn(db, high, "approve", "", "副县长"));
    assert_int_equal(number_of(db, "SELECT count(*) FROM warning_step WHERE state='replaced'"), 0);
    assert_int_equal(turn(db, high, "approve", "", "副县长"), QK_EDENIED);
    assert_ok(turn(db, high, "approve", "", "县长"));
    assert_int_equal(number_of(db, "SELECT count(*) FROM warning_step WHERE state='replaced'"), 1);
    assert_int_equal(turn(db, low, "lift", "已升级", "县长"), QK_EDENIED);
    assert_int_equal(turn(db, high, "postpone", "x", "县长"), QK_EINVAL);
    assert_int_equal(turn(db, "W1", "lift", "x", "县长"), QK_ENOTFOUND);
    assert_ok(turn(db, high, "lift", "预报好转超过 36 小时", "县长"));
    assert_int_equal(number_of(db, "SELECT count(*) FROM warning_step WHERE state='lifted'"), 1);
    qk_db_close(db);
}

static void test_warnings__ozone_and_sand_propose_none(void **state)
{
    (void)state;
    qk_db *db = open_db();
    char id[QK_WARNING_ID_MAX];
    static const char *const primaries[] = {"O3", "PM10"};
    for (int i = 0; i < 2; i++) {
        char iso[24], when[24];
        snprintf(iso, sizeof iso, "2026-06-%02d", 10 + i);
        snprintf(when, sizeof when, "2026-06-%02dT01:00:00", 11 + i);
        forecast(db, day(iso), episode, primaries[i], when);
        sign(db, day(iso), when);
        assert_int_equal(propose(id, db, day(iso), QK_WARNING_NONE, "", when), QK_EEXIST);
    }
    assert_int_equal(propose(id, db, day("2026-06-10"), QK_WARNING_RED, " ", "2026-06-11T02:00:00"),
                     QK_EINVAL);
    assert_int_equal(number_of(db, "SELECT count(*) FROM warning"), 0);
    qk_db_close(db);
}

/* ---- easing ---- */

/* A red one in force of the episode forecast on 2026-12-10, days 12-11 to 12-16. */
static void put_red(qk_db *db, char id[QK_WARNING_ID_MAX])
{
    int32_t issued = day("2026-12-10");
    forecast(db, issued, episode, "PM2.5", "2026-12-11T00:50:00");
    sign(db, issued, "2026-12-11T09:00:00");
    assert_ok(propose(id, db, issued, QK_WARNING_NONE, "", "2026-12-11T09:00:00"));
    assert_ok(turn(db, id, "approve", "", "副县长"));
    assert_ok(turn(db, id, "approve", "", "县长"));
}

/* Days observed from 12-11 on, and the newest hours' indices. */
static int64_t look(qk_db *db, const char *when, const int32_t *past, size_t days,
                    const int32_t *index, int32_t hours)
{
    qk_warning_air air = {.first_day = day("2026-12-11"),
                          .days = days,
                          .at = hours ? at(when) : QK_TIME_NONE,
                          .hours = hours,
                          .pm25_ug_m3 = 60};
    qk_error err = {0};
    int64_t made = -1;
    for (size_t i = 0; i < days; i++) air.aqi[i] = past[i];
    for (int32_t i = 0; i < hours; i++) air.index[i] = index[i];
    assert_done(qk_warning_ease_look(&made, db, newest_rule(), &air, at(when), &err), &err);
    return made;
}

static qk_code decide(qk_db *db, const char *id, int64_t ease, const char *action, const char *text)
{
    const qk_warning_ease_act act = {ease, qk_str_of(action), qk_str_of(text), QK_STR("县长")};
    qk_error err = {0};
    return qk_warning_ease_step(db, qk_str_of(id), &act, at("2026-12-17T10:00:00"), &err);
}

static const int32_t clean_air[] = {80, 90, 120, 190, 260}, foul_air[] = {220, 250, 260};
static const int32_t past[] = {155, 165, 180, 215, 230, 305};

static void
test_S043_warnings__lifting_is_proposed_with_its_grounds_and_a_person_decides(void **state)
{
    (void)state;
    qk_db *db = open_db();
    char id[QK_WARNING_ID_MAX];
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    assert_int_equal(look(db, "2026-12-10T12:25:00", past, 0, clean_air, 5), 0); /* none is there */
    put_red(db, id);
    int32_t issued = day("2026-12-15");
    forecast(db, issued, (int32_t[DAYS]){210, 90, 80, 70, 60, 60, 60}, "PM2.5",
             "2026-12-16T00:50:00");
    /* the air is still foul; then too short; then without hours */
    assert_int_equal(look(db, "2026-12-16T09:25:00", past, 5, foul_air, 3), 0);
    assert_int_equal(look(db, "2026-12-16T09:25:00", past, 5, clean_air, 2), 0);
    assert_int_equal(look(db, "2026-12-16T09:25:00", past, 5, clean_air, 0), 0);
    int64_t ease = look(db, "2026-12-16T09:25:00", past, 5, clean_air, 5);
    assert_true(ease > 0);
    assert_int_equal(look(db, "2026-12-16T10:25:00", past, 5, clean_air, 5), 0); /* once */
    const qk_json_value *w = one(db, id, &arena);
    assert_text(w, "state", "issued"); /* nothing is lifted by itself */
    assert_text(w, "ease", "none");
    const qk_json_value *e = qk_json_get(w, "eases")->first, *g = qk_json_get(e, "grounds");
    int64_t n = 0;
    assert_text(e, "state", "proposed");
    assert_true(qk_json_get_i64(g, "hours", &n) && n == 14 + 6 * 24);
    assert_true(qk_json_get_i64(g, "hours_asked", &n) && n == 36);
    assert_true(qk_json_get_i64(qk_json_get(g, "air"), "hours_below", &n) && n == 4);
    assert_true(qk_json_get_i64(qk_json_get(g, "air"), "limit", &n) && n == 200);
    assert_text(g, "forecast_issued", "2026-12-15");
    /* the air turns: the proposal is withdrawn, and comes again */
    assert_int_equal(look(db, "2026-12-16T11:25:00", past, 5, foul_air, 3), 0);
    assert_int_equal(decide(db, id, ease, "accept", ""), QK_EDENIED);
    ease = look(db, "2026-12-16T18:25:00", past, 5, clean_air, 5);
    assert_true(ease > 0);
    assert_int_equal(decide(db, id, ease, "refuse", ""), QK_EINVAL);
    assert_int_equal(decide(db, id, ease + 1, "accept", ""), QK_ENOTFOUND);
    assert_ok(decide(db, id, ease, "refuse", "再观察一天"));
    assert_int_equal(look(db, "2026-12-16T19:25:00", past, 5, clean_air, 5), 0); /* same forecast */
    forecast(db, issued + 1, (int32_t[DAYS]){90, 80, 70, 60, 60, 60, 60}, "PM2.5",
             "2026-12-17T00:50:00");
    ease = look(db, "2026-12-17T08:25:00", past, 6, clean_air, 5);
    assert_ok(decide(db, id, ease, "accept", "好转"));
    w = one(db, id, &arena);
    assert_text(w, "state", "lifted");
    assert_text(qk_json_get(w, "eases")->first, "state", "accepted");
    assert_int_equal(look(db, "2026-12-17T09:25:00", past, 6, clean_air, 5), 0);
    qk_error err = {0};
    assert_true(qk_db_exec(db, "UPDATE warning_ease SET level='none'", &err) != QK_OK);
    assert_true(qk_db_exec(db, "DELETE FROM warning_ease_step", &err) != QK_OK);
    qk_arena_clear(&arena);
    qk_db_close(db);
}

static void test_warnings__a_level_is_lowered_where_a_lower_one_still_holds(void **state)
{
    (void)state;
    qk_db *db = open_db();
    char id[QK_WARNING_ID_MAX];
    qk_arena arena;
    qk_warning_force force;
    qk_error err = {0};
    qk_arena_init(&arena, 1 << 20);
    put_red(db, id);
    /* today clean, then two days above 200: orange, and no more the red run */
    forecast(db, day("2026-12-15"), (int32_t[DAYS]){80, 210, 220, 90, 60, 60, 60}, "PM2.5",
             "2026-12-16T00:50:00");
    int64_t ease = look(db, "2026-12-16T09:25:00", past, 5, clean_air, 5);
    assert_true(ease > 0);
    assert_text(one(db, id, &arena), "ease", "orange");
    assert_ok(decide(db, id, ease, "accept", ""));
    assert_done(qk_warnings_in_force(&force, db, &err), &err);
    const qk_json_value *w = one(db, force.id, &arena);
    assert_text(w, "level", "orange");
    assert_text(w, "action", "downgrade");
    assert_text(w, "from", "2026-12-16");
    assert_text(w, "to", "2026-12-18");
    assert_text(w, "issued", "2026-12-10"); /* the same signed minute */
    assert_text(one(db, id, &arena), "state", "replaced");
    /* the lower one is lifted in its turn */
    assert_int_equal(look(db, "2026-12-18T09:25:00", past, 6, clean_air, 5) > 0, true);
    qk_arena_clear(&arena);
    qk_db_close(db);
}

static void test_warnings__one_whose_days_are_over_is_proposed_to_be_lifted(void **state)
{
    (void)state;
    qk_db *db = open_db();
    char id[QK_WARNING_ID_MAX];
    put_red(db, id);
    assert_int_equal(look(db, "2026-12-16T09:25:00", past, 5, NULL, 0), 0);
    assert_int_equal(look(db, "2026-12-20T09:25:00", past, 6, foul_air, 3), 0);
    assert_true(look(db, "2026-12-20T10:25:00", past, 6, NULL, 0) > 0); /* no forecast either */
    forecast(db, day("2026-12-19"), (int32_t[DAYS]){210, 310, 220, 90, 60, 60, 60}, "PM2.5",
             "2026-12-20T10:50:00");
    assert_int_equal(look(db, "2026-12-20T11:25:00", past, 6, NULL, 0), 0); /* it comes back */
    assert_int_equal(
        number_of(db, "SELECT count(*) FROM warning_ease_step WHERE state='withdrawn'"), 1);
    assert_ok(turn(db, id, "lift", "到期", "县长"));
    /* an order of the city stands until its days are over */
    assert_ok(
        propose(id, db, day("2026-12-10"), QK_WARNING_YELLOW, "市级调度令", "2026-12-11T09:00:00"));
    assert_ok(turn(db, id, "approve", "", "县长"));
    forecast(db, day("2026-12-10"), (int32_t[DAYS]){60, 60, 60, 60, 60, 60, 60}, "PM2.5",
             "2026-12-11T10:00:00");
    assert_int_equal(look(db, "2026-12-11T11:25:00", past, 0, clean_air, 5), 0);
    assert_int_equal(look(db, "2026-12-20T11:45:00", past, 6, clean_air, 5), 0); /* it comes */
    forecast(db, day("2026-12-19"), (int32_t[DAYS]){90, 80, 70, 60, 60, 60, 60}, "PM2.5",
             "2026-12-20T12:00:00");
    assert_true(look(db, "2026-12-20T12:25:00", past, 6, clean_air, 5) > 0);
    qk_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S043_warnings__one_rests_on_the_signed_minute_which_never_changes),
        qk_dir_test(test_warnings__a_red_one_needs_two_and_takes_the_place_of_the_lower),
        qk_dir_test(test_warnings__ozone_and_sand_propose_none),
        qk_dir_test(test_S043_warnings__lifting_is_proposed_with_its_grounds_and_a_person_decides),
        qk_dir_test(test_warnings__a_level_is_lowered_where_a_lower_one_still_holds),
        qk_dir_test(test_warnings__one_whose_days_are_over_is_proposed_to_be_lifted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
