/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/events.h"
#include "base/messages.h"
#include "domain_test.h"

static qk_event make(const char *kind, const char *mn, qk_time t, const char *key)
{
    qk_event e = {.at = t, .recorded_at = t + 1000, .journal_pos = 7, .key = key};
    qk_str_copy(e.kind, sizeof e.kind, qk_str_of(kind));
    qk_str_copy(e.mn, sizeof e.mn, qk_str_of(mn));
    return e;
}

static void write_out(qk_events *events, qk_db *db, bool commit)
{
    qk_error err = {0};
    assert_done(qk_db_begin(db, &err), &err);
    assert_done(qk_events_write(events, db, &err), &err);
    if (commit)
        assert_done(qk_db_commit(db, &err), &err);
    else
        qk_db_rollback(db);
    qk_events_settle(events, commit);
}

static void test_events__a_key_makes_an_event_once_and_a_lost_transaction_none_twice(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_events *events = NULL;
    assert_ok(qk_events_new(&events, NULL));
    qk_event e = make("device_boot", "A", 1000, "k1");
    assert_ok(qk_events_raise(events, &e));
    write_out(events, db, false);
    assert_int_equal(qk_events_waiting(events), 1);
    assert_int_equal(number_of(db, "SELECT count(*) FROM event"), 0);
    write_out(events, db, true);
    assert_int_equal(qk_events_waiting(events), 0);
    assert_ok(qk_events_raise(events, &e));
    e.key = NULL;
    assert_ok(qk_events_raise(events, &e));
    assert_ok(qk_events_raise(events, &e));
    write_out(events, db, true);
    assert_int_equal(number_of(db, "SELECT count(*) FROM event"), 3);
    qk_events_free(events);
    qk_db_close(db);
}

static void test_events__are_found_by_each_filter_newest_first_page_by_page(void **state)
{
    (void)state;
    qk_db *db = open_db();
    qk_events *events = NULL;
    assert_ok(qk_events_new(&events, NULL));
    for (int i = 0; i < 100; i++) {
        qk_event e = make(i % 2 ? "device_boot" : "clock_skew", i % 5 ? "A" : "B", i * 1000, NULL);
        e.severity = (qk_severity)(i % 4);
        if (i % 10 == 0) memcpy(e.site, "s1", 3);
        assert_ok(qk_events_raise(events, &e));
    }
    write_out(events, db, true);
    struct {
        qk_event_filter f;
        size_t n;
    } cases[] = {
        {{.from = QK_TIME_NONE, .to = QK_TIME_NONE}, 100},
        {{.kind = QK_STR("clock_skew"), .from = QK_TIME_NONE, .to = QK_TIME_NONE}, 50},
        {{.mn = QK_STR("B"), .from = QK_TIME_NONE, .to = QK_TIME_NONE}, 20},
        {{.site = QK_STR("s1"), .from = QK_TIME_NONE, .to = QK_TIME_NONE}, 10},
        {{.least = QK_SEVERITY_WARNING, .from = QK_TIME_NONE, .to = QK_TIME_NONE}, 50},
        {{.from = 10000, .to = 20000}, 10},
        {{.mn = QK_STR("B"), .kind = QK_STR("clock_skew"), .from = QK_TIME_NONE, .to = 50000}, 5},
        {{.from = QK_TIME_NONE, .to = QK_TIME_NONE, .limit = 7}, 7},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_arena arena;
        qk_event *list;
        size_t n;
        qk_error err = {0};
        qk_arena_init(&arena, 8 << 20);
        assert_done(qk_events_query(&list, &n, db, &cases[i].f, &arena, &err), &err);
        assert_int_equal(n, cases[i].n);
        for (size_t k = 1; k < n; k++) assert_true(list[k].id < list[k - 1].id);
        qk_arena_clear(&arena);
        int64_t count = 0;
        cases[i].f.before_id = 3; /* the whole is counted from any page */
        assert_done(qk_events_count(&count, db, &cases[i].f, 1000, &err), &err);
        assert_int_equal(count, cases[i].f.limit ? 100 : cases[i].n);
        assert_done(qk_events_count(&count, db, &cases[i].f, 5, &err), &err);
        assert_int_equal(count, 5);
    }
    /* Pages of 30: all hundred, each once. */
    int64_t before = 0;
    size_t seen = 0;
    for (int page = 0; page < 5; page++) {
        qk_arena arena;
        qk_event *list;
        size_t n;
        qk_event_filter f = {
            .from = QK_TIME_NONE, .to = QK_TIME_NONE, .limit = 30, .before_id = before};
        qk_arena_init(&arena, 8 << 20);
        assert_ok(qk_events_query(&list, &n, db, &f, &arena, NULL));
        seen += n;
        if (n) before = list[n - 1].id;
        qk_arena_clear(&arena);
    }
    assert_int_equal(seen, 100);
    qk_events_free(events);
    qk_db_close(db);
}

static void test_S077_events__of_a_silence_tell_whether_it_lasts(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *mn;
        qk_event_state want;
    } rows[] = {
        {"device_silent", "A", QK_EVENT_OVER},   {"device_offline", "A", QK_EVENT_OVER},
        {"device_online", "A", QK_EVENT_MOMENT}, {"device_silent", "B", QK_EVENT_OVER},
        {"device_offline", "B", QK_EVENT_OPEN},  {"device_boot", "B", QK_EVENT_MOMENT},
        {"device_parked", "C", QK_EVENT_OPEN},   {"device_parked", "D", QK_EVENT_OVER},
    };
    qk_db *db = open_db();
    qk_events *events = NULL;
    qk_error err = {0};
    assert_ok(qk_events_new(&events, NULL));
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        qk_event e = make(rows[i].kind, rows[i].mn, 1000 + (int)i, NULL);
        assert_ok(qk_events_raise(events, &e));
    }
    write_out(events, db, true);
    assert_ok(qk_db_exec(db,
                         "INSERT INTO parked(mn,first_pos,first_at,last_pos,last_at,count,address,"
                         "sample) VALUES('C',0,0,0,0,1,'',x'')",
                         &err));
    static const qk_event_state states[] = {QK_EVENT_MOMENT, QK_EVENT_OPEN, QK_EVENT_OVER};
    for (size_t s = 0; s < QK_ARRAY_COUNT(states); s++) {
        qk_arena arena;
        qk_event *list;
        size_t n, want = 0;
        int64_t count = 0;
        qk_event_filter f = {.from = QK_TIME_NONE, .to = QK_TIME_NONE, .state = states[s]};
        qk_arena_init(&arena, 8 << 20);
        assert_done(qk_events_query(&list, &n, db, &f, &arena, &err), &err);
        for (size_t i = 0; i < n; i++) assert_int_equal(list[i].state, rows[list[i].id - 1].want);
        for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++)
            want += states[s] == QK_EVENT_MOMENT || rows[i].want == states[s];
        assert_int_equal(n, want);
        assert_done(qk_events_count(&count, db, &f, 1000, &err), &err);
        assert_int_equal(count, want);
        qk_arena_clear(&arena);
    }
    qk_events_free(events);
    qk_db_close(db);
}

static void test_events__are_told_in_both_languages_with_their_parameters(void **state)
{
    (void)state;
    qk_event e = make("history_changed", "A1", 0, NULL);
    e.params =
        "{\"mn\":\"A1\",\"time\":\"2025-01-01T09:00:00\",\"code\":\"a21026\",\"field\":\"Avg\","
        "\"old\":\"10.0\",\"new\":\"8.0\",\"count\":1}";
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, 8192);
    qk_json_init(&w, &text);
    qk_event_json(&w, &e);
    assert_non_null(strstr(text.ptr, "a21026 Avg 由 10.0 改为 8.0"));
    assert_non_null(strstr(text.ptr, "changed from 10.0 to 8.0; 1 values"));
    assert_non_null(strstr(text.ptr, "\"position\":7"));
    assert_non_null(strstr(text.ptr, "\"params\":{\"mn\":\"A1\""));
    qk_buf_clear(&text);
}

static void test_events__every_kind_has_its_text(void **state)
{
    (void)state;
    const char *kinds[] = {"clock_skew",
                           "content_encrypted",
                           "content_unreadable",
                           "device_alarm",
                           "device_boot",
                           "device_info",
                           "device_offline",
                           "device_online",
                           "device_parked",
                           "device_sample",
                           "device_silent",
                           "device_unparked",
                           "events_suppressed",
                           "history_changed",
                           "journal_damaged",
                           "notice_failed",
                           "time_implausible",
                           "value_constant",
                           "value_range",
                           "value_zero",
                           "value_moving",
                           "hours_missing",
                           "hours_filled",
                           "transmission_low",
                           "transmission_restored",
                           "network_low",
                           "network_restored",
                           "hotspot"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(kinds); i++) {
        char code[64];
        snprintf(code, sizeof code, "event.%s", kinds[i]);
        if (!qk_message(code, QK_ZH) || !qk_message(code, QK_EN)) fail_msg("%s has no text", code);
        snprintf(code, sizeof code, "event.name.%s", kinds[i]);
        if (!qk_message(code, QK_ZH) || !qk_message(code, QK_EN)) fail_msg("%s has no name", code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_events__a_key_makes_an_event_once_and_a_lost_transaction_none_twice),
        qk_dir_test(test_events__are_found_by_each_filter_newest_first_page_by_page),
        qk_dir_test(test_S077_events__of_a_silence_tell_whether_it_lasts),
        qk_dir_test(test_events__are_told_in_both_languages_with_their_parameters),
        cmocka_unit_test(test_events__every_kind_has_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
