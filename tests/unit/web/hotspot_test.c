/* SPDX-License-Identifier: Apache-2.0 */
/* The house warns of hot spots by itself: one event and one case for an episode, and none for what
 * only looks like one. */
#include "air_rig.h"
#include "domain/setting.h"

#define EVENTS "/api/v1/events?kind=hotspot"
#define SPOTS  "/api/v1/hotspots?from=2026-11-22T00:00:00"

static void send_particles(rig *r, int station, const char *hour, double pm10, double pm25,
                           char flag)
{
    char segment[500], time[QK_TIME_TEXT];
    snprintf(segment, sizeof segment,
             "QN=20261122100500000;ST=22;CN=2061;PW=123456;MN=ST%d;Flag=5;CP=&&DataTime=%s;"
             "a34002-Avg=%.1f,a34002-Flag=%c;a34004-Avg=%.1f,a34004-Flag=N&&",
             station, qk_time_compact14(time, time_of(hour)), pm10, flag, pm25);
    rig_frame(r, segment);
}

/* The five but `but`, about `level`. */
static void send_others(rig *r, int but, const char *hour, double level)
{
    for (int i = 1; i <= STATIONS; i++)
        if (i != but) send_particles(r, i, hour, level + i, level / 2, 'N');
}

static void set_clock(rig *r, const char *to)
{
    qk_error err = {0};
    rig_settle(r);
    assert_done(qk_node_set_clock(r->node, time_of(to), 0, &err), &err);
    rig_settle(r);
}

static qk_code put_setting(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const char *const *pair = context;
    (void)node;
    return qk_setting_put(db, pair[0], qk_str_of(pair[1]), -1, QK_STR("test"), now, err);
}

static void set(rig *r, const char *key, const char *value)
{
    qk_error err = {0};
    const char *pair[] = {key, value};
    assert_done(qk_node_call(r->node, put_setting, pair, &err), &err);
}

static void test_S170_hotspots__two_hours_raise_one_warning_and_one_case(void **state)
{
    (void)state;
    rig r;
    start(&r);
    send_others(&r, 3, "2026-11-22T08:00:00", 120);
    send_others(&r, 3, "2026-11-22T09:00:00", 130);
    send_particles(&r, 3, "2026-11-22T08:00:00", 310, 78, 'N');
    send_particles(&r, 3, "2026-11-22T09:00:00", 340, 85, 'N');
    rig_settle(&r);
    assert_json(rig_document(&r, EVENTS), "total", "0");
    set_clock(&r, "2026-11-22T10:10:00"); /* within five minutes of the data */
    const qk_json_value *d = rig_document(&r, EVENTS);
    assert_json(d, "total", "1");
    assert_json(d, "items/0/site", "st3");
    assert_json(d, "items/0/severity", "warning");
    assert_json(d, "items/0/recorded_at", "2026-11-22T10:10:00.000+08:00");
    assert_json(d, "items/0/params/look", "dust");
    assert_json(d, "items/0/params/fine_share", "0.25");
    assert_json(d, "items/0/params/value", "340");
    assert_json(d, "items/0/params/hour", "2026-11-22T10:00:00");
    assert_non_null(strstr(rig_at(d, "items/0/zh")->text.ptr, "站3 PM10 连续 2 小时"));
    /* The list is the same search. */
    d = rig_document(&r, SPOTS);
    assert_json(d, "items/0/site", "st3");
    assert_json(d, "items/0/look", "dust");
    assert_json(d, "items/1", "absent");
    /* It goes on, dips and goes on; an hour before it turns out to have been hot too. */
    send_others(&r, 3, "2026-11-22T07:00:00", 120);
    send_particles(&r, 3, "2026-11-22T07:00:00", 300, 75, 'N');
    send_others(&r, 3, "2026-11-22T10:00:00", 120);
    send_particles(&r, 3, "2026-11-22T10:00:00", 130, 60, 'N');
    set_clock(&r, "2026-11-22T11:05:00");
    for (int h = 11; h < 13; h++) {
        char hour[32];
        snprintf(hour, sizeof hour, "2026-11-22T%d:00:00", h);
        send_others(&r, 3, hour, 120);
        send_particles(&r, 3, hour, 330, 80, 'N');
        snprintf(hour, sizeof hour, "2026-11-22T%d:10:00", h + 1);
        set_clock(&r, hour);
    }
    assert_json(rig_document(&r, EVENTS), "total", "1");
    d = rig_document(&r, "/api/v1/cases?kind=hotspot");
    assert_json(d, "total", "1");
    assert_json(d, "items/0/state", "found");
    assert_json(d, "items/0/site", "st3");
    rig_stop(&r);
}

static void test_S170_hotspots__what_has_ended_may_be_warned_of_again(void **state)
{
    (void)state;
    rig r;
    start(&r);
    for (int h = 2; h < 10; h++) {
        char hour[32];
        bool hot = h < 4 || h >= 8;
        snprintf(hour, sizeof hour, "2026-11-22T%02d:00:00", h);
        send_others(&r, 2, hour, 100 + h);
        send_particles(&r, 2, hour, hot ? 300 + h : 100 - h, 80, 'N');
    }
    set_clock(&r, "2026-11-22T10:10:00");
    const qk_json_value *d = rig_document(&r, EVENTS);
    assert_json(d, "total", "1"); /* that of the night is history */
    assert_json(d, "items/0/params/from", "2026-11-22T08:00:00");
    assert_json(rig_document(&r, SPOTS), "items/1/from", "2026-11-22T02:00:00.000+08:00");
    rig_stop(&r);
}

static void test_S170_hotspots__a_regional_rise_raises_none(void **state)
{
    (void)state;
    rig r;
    start(&r);
    for (int h = 6; h < 10; h++) {
        char hour[32];
        double times = h < 8 ? 1 : 2;
        snprintf(hour, sizeof hour, "2026-11-22T%02d:00:00", h);
        send_others(&r, 3, hour, (150 + h) * times);
        send_particles(&r, 3, hour, (200 + h) * times, 60 * times, 'N');
    }
    set_clock(&r, "2026-11-22T10:10:00");
    assert_json(rig_document(&r, EVENTS), "total", "0");
    assert_json(rig_document(&r, SPOTS), "items/0", "absent");
    set(&r, "hotspot.ratio_percent", "120"); /* the rule is a setting */
    assert_json(rig_document(&r, SPOTS), "items/0/site", "st3");
    rig_stop(&r);
}

static void import_minutes(rig *r)
{
    char text[] =
        "{\"sites\":[{\"id\":\"m1\",\"kind\":\"air_micro\",\"name_zh\":\"微站\",\"lon\":112.52,"
        "\"lat\":35.21}],\"devices\":[{\"mn\":\"M1\",\"site\":\"m1\",\"st\":\"22\","
        "\"min_interval_min\":5}],\"factors\":[{\"mn\":\"M1\",\"code\":\"a34002\",\"item\":"
        "\"PM10\",\"unit\":\"ug/m3\"}]}";
    qk_error err = {0};
    assert_done(qk_node_call(r->node, rig_import, text, &err), &err);
}

static void send_minutes(rig *r, qk_time from, int count, int spike)
{
    char segment[400], time[QK_TIME_TEXT];
    for (int i = 0; i < count; i++) {
        double value = i == spike ? 4000 : 120 + i % 7;
        snprintf(segment, sizeof segment,
                 "QN=20261122100500000;ST=22;CN=2051;PW=123456;MN=M1;Flag=5;CP=&&DataTime=%s;"
                 "a34002-Avg=%.1f,a34002-Flag=N&&",
                 qk_time_compact14(time, from + i * 5 * QK_MINUTE), value);
        rig_frame(r, segment);
    }
}

static void test_S170_hotspots__a_spike_of_one_five_minute_value_raises_none(void **state)
{
    (void)state;
    rig r;
    start(&r);
    import_minutes(&r);
    for (int h = 7; h < 10; h++) {
        char hour[32];
        snprintf(hour, sizeof hour, "2026-11-22T%02d:00:00", h);
        send_others(&r, 0, hour, 120 + h);
    }
    send_minutes(&r, time_of("2026-11-22T07:00:00"), 36, 18);
    set_clock(&r, "2026-11-22T10:10:00");
    assert_json(rig_document(&r, EVENTS), "total", "0");
    assert_json(rig_document(&r, SPOTS), "items/0", "absent");
    /* Its hour by itself stands far above the others. */
    set(&r, "hotspot.hours", "1");
    const qk_json_value *d = rig_document(&r, SPOTS);
    assert_json(d, "items/0/site", "m1");
    assert_json(d, "items/0/from", "2026-11-22T08:00:00.000+08:00");
    rig_stop(&r);
}

static void test_S170_hotspots__a_station_in_calibration_raises_none(void **state)
{
    (void)state;
    rig r;
    start(&r);
    for (int h = 8; h < 10; h++) {
        char hour[32];
        snprintf(hour, sizeof hour, "2026-11-22T%02d:00:00", h);
        send_others(&r, 3, hour, 120 + h);
        send_particles(&r, 3, hour, 500 + h, 60, 'C');
    }
    set_clock(&r, "2026-11-22T10:10:00");
    assert_json(rig_document(&r, EVENTS), "total", "0");
    assert_json(rig_document(&r, SPOTS), "items/0", "absent");
    rig_stop(&r);
}

/* ---- from the warning to the closed case ---- */

static const char *step_path(rig *r, const char *id)
{
    return qk_arena_printf(&r->arena, "/api/v1/cases/%s/steps", id);
}

static const qk_json_value *step(rig *r, const char *id, const char *action, const char *text,
                                 const char *who)
{
    return changed(r, "POST", step_path(r, id),
                   qk_arena_printf(&r->arena,
                                   "{\"action\":\"%s\",\"text\":\"%s\",\"person\":\"%s\"}", action,
                                   text, who));
}

static void refused_step(rig *r, const char *id, const char *action, const char *text)
{
    refused(r, "POST", step_path(r, id),
            qk_arena_printf(&r->arena, "{\"action\":\"%s\",\"text\":\"%s\",\"person\":\"赵\"}",
                            action, text),
            422, "step_refused");
}

/* The warning of 10:10 at station 3, fed back at 10:40. */
static const char *feed_back(rig *r)
{
    send_others(r, 3, "2026-11-22T08:00:00", 120);
    send_others(r, 3, "2026-11-22T09:00:00", 130);
    send_particles(r, 3, "2026-11-22T08:00:00", 310, 78, 'N');
    send_particles(r, 3, "2026-11-22T09:00:00", 340, 85, 'N');
    set_clock(r, "2026-11-22T10:10:00");
    qk_str id = rig_at(rig_document(r, "/api/v1/cases?kind=hotspot"), "items/0/id")->text;
    const char *name = qk_arena_copy(&r->arena, id.ptr, id.len);
    refused_step(r, name, "close", "x"); /* no state is skipped */
    step(r, name, "dispatch", "", "王");
    step(r, name, "sign", "", "李");
    step(r, name, "arrive", "", "李");
    set_clock(r, "2026-11-22T10:40:00");
    refused_step(r, name, "feed_back", ""); /* no result */
    step(r, name, "feed_back", "裸土未覆盖，已覆盖并洒水", "李");
    return name;
}

/* The air of the two hours behind the feedback. */
static void send_after(rig *r, double level)
{
    static const char *const hours[] = {"2026-11-22T10:00:00", "2026-11-22T11:00:00",
                                        "2026-11-22T12:00:00"};
    set_clock(r, "2026-11-22T13:01:00");
    for (int h = 0; h < 3; h++) {
        send_others(r, 3, hours[h], 120);
        send_particles(r, 3, hours[h], level, level / 4, 'N');
    }
    set_clock(r, "2026-11-22T13:10:00");
}

static const qk_json_value *last_step(const qk_json_value *d, const char *what)
{
    const qk_json_value *found = NULL;
    for (const qk_json_value *s = rig_at(d, "steps")->first; s; s = s->next)
        if (qk_str_eq(qk_json_get_str(s, "what"), qk_str_of(what))) found = s;
    return found;
}

static void
test_S173_hotspots__closed_only_with_result_and_second_look_and_the_fall_is_recorded(void **state)
{
    (void)state;
    rig r;
    start(&r);
    const char *id = feed_back(&r), *path = qk_arena_printf(&r.arena, "/api/v1/cases/%s", id);
    assert_null(last_step(rig_document(&r, path), "effect"));
    send_after(&r, 130);
    const qk_json_value *d = rig_document(&r, path), *effect = last_step(d, "effect");
    assert_non_null(effect);
    assert_json(effect, "data/fell", "true");
    assert_json(effect, "data/after/value", "130");
    assert_json(effect, "data/after/hours", "2");
    assert_json(effect, "data/before/value", "325");
    assert_non_null(strstr(rig_at(effect, "text")->text.ptr, "已回落"));
    assert_json(d, "state", "fed_back");
    refused_step(&r, id, "close", "x");
    step(&r, id, "verify", "", "王");
    d = step(&r, id, "close", "", "王");
    assert_json(d, "state", "recheck");         /* not closed yet */
    refused_step(&r, id, "held", "现场已绿化"); /* not before the day */
    set_clock(&r, "2026-11-23T09:00:00");
    refused_step(&r, id, "held", "");
    d = step(&r, id, "held", "复查：裸土已绿化，未复发", "赵");
    assert_json(d, "state", "closed");
    rig_stop(&r);
}

static void test_S173_hotspots__where_nothing_falls_the_order_goes_out_again(void **state)
{
    (void)state;
    rig r;
    start(&r);
    const char *id = feed_back(&r), *path = qk_arena_printf(&r.arena, "/api/v1/cases/%s", id);
    send_after(&r, 320);
    const qk_json_value *d = rig_document(&r, path);
    assert_json(last_step(d, "effect"), "data/fell", "false");
    assert_json(d, "state", "on_site");
    assert_non_null(last_step(d, "return"));
    assert_json(rig_document(&r, EVENTS), "total", "1");
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S170_hotspots__two_hours_raise_one_warning_and_one_case),
        qk_dir_test(test_S170_hotspots__what_has_ended_may_be_warned_of_again),
        qk_dir_test(test_S170_hotspots__a_regional_rise_raises_none),
        qk_dir_test(test_S170_hotspots__a_spike_of_one_five_minute_value_raises_none),
        qk_dir_test(test_S170_hotspots__a_station_in_calibration_raises_none),
        qk_dir_test(
            test_S173_hotspots__closed_only_with_result_and_second_look_and_the_fall_is_recorded),
        qk_dir_test(test_S173_hotspots__where_nothing_falls_the_order_goes_out_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
