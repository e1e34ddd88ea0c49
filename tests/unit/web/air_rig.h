/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_AIR_RIG_H
#define QK_TESTS_AIR_RIG_H
/* Five air stations and what they send, on top of web_rig.h. */
#include "web_rig.h"

enum { STATIONS = 5, PARTS = 6 };
static const char *const codes[PARTS] = {"a21026", "a21004", "a21005",
                                         "a05024", "a34002", "a34004"};
static const char *const item_names[PARTS] = {"SO2", "NO2", "CO", "O3", "PM10", "PM2.5"};

/* Five stations within a few kilometres, in two townships, and a yard where water is sprayed. */
static inline void import_stations(rig *r)
{
    qk_buf text;
    qk_error err = {0};
    qk_buf_init(&text, 1 << 20);
    qk_buf_puts(
        &text, "{\"divisions\":[{\"code\":\"410002\",\"parent\":\"410000\",\"kind\":\"township\","
               "\"name_zh\":\"西河镇\",\"name_en\":\"Xihe\"}],\"sites\":[{\"id\":\"yard\",\"kind\":"
               "\"dust\",\"name_zh\":\"料场\",\"lon\":112.5031,\"lat\":35.2}");
    for (int i = 1; i <= STATIONS; i++)
        qk_buf_printf(
            &text,
            ",{\"id\":\"st%d\",\"kind\":\"air_township\",\"name_zh\":\"站%d\",\"division\":"
            "\"%s\",\"lon\":112.5%d,\"lat\":35.2}",
            i, i, i < 4 ? "410001" : "410002", i - 1);
    qk_buf_puts(&text, "],\"devices\":[");
    for (int i = 1; i <= STATIONS; i++)
        qk_buf_printf(&text,
                      "%s{\"mn\":\"ST%d\",\"site\":\"st%d\",\"st\":\"22\",\"sends_hours\":true}",
                      i > 1 ? "," : "", i, i);
    qk_buf_puts(&text, "],\"factors\":[");
    for (int i = 1; i <= STATIONS; i++)
        for (int k = 0; k < PARTS; k++)
            qk_buf_printf(&text, "%s{\"mn\":\"ST%d\",\"code\":\"%s\",\"item\":\"%s\"}",
                          i > 1 || k ? "," : "", i, codes[k], item_names[k]);
    qk_buf_puts(&text, "]}");
    assert_ok(text.failed);
    assert_done(qk_node_call(r->node, rig_import, text.ptr, &err), &err);
    qk_buf_clear(&text);
}

/* The hour that begins at `start`; six values, NULL = none. */
static inline void send_hour(rig *r, int station, const char *start, const double value[PARTS])
{
    char segment[900], time[QK_TIME_TEXT];
    qk_time t = 0;
    assert_ok(qk_time_parse(&t, qk_str_of(start)));
    int n = snprintf(segment, sizeof segment,
                     "QN=20261122100500000;ST=22;CN=2061;PW=123456;MN=ST%d;Flag=5;CP=&&DataTime=%s",
                     station, qk_time_compact14(time, t));
    for (int k = 0; k < PARTS; k++)
        n += snprintf(segment + n, sizeof segment - (size_t)n, ";%s-Avg=%.1f,%s-Flag=N", codes[k],
                      value[k], codes[k]);
    snprintf(segment + n, sizeof segment - (size_t)n, "&&");
    rig_frame(r, segment);
}

/* like: the station whose values these are. */
static inline void send_like(rig *r, int station, int like, qk_time start, double particles)
{
    char text[QK_TIME_TEXT];
    int64_t hour = start / QK_HOUR;
    double wave = (double)(hour * 7 % 5) + like; /* never the same for long */
    double value[PARTS] = {
        10 + wave, 22 + wave, 0.5 + wave / 10, 60 + wave, particles + 20 + wave, particles + wave};
    send_hour(r, station, qk_time_iso(text, start), value);
}

static inline void send_plain(rig *r, int station, qk_time start, double particles)
{
    send_like(r, station, station, start, particles);
}

static inline qk_time time_of(const char *text)
{
    qk_time t = 0;
    assert_ok(qk_time_parse(&t, qk_str_of(text)));
    return t;
}

static inline void send_days(rig *r, const char *from, int hours)
{
    for (int h = 0; h < hours; h++)
        for (int i = 1; i <= STATIONS; i++) send_plain(r, i, time_of(from) + h * QK_HOUR, 40);
}

static inline void start(rig *r)
{
    rig_start(r, RIG_NOW "x0", NULL);
    import_stations(r);
}

static uint64_t key_number;

static inline reply change(rig *r, const char *method, const char *path, const char *body)
{
    char key[32];
    snprintf(key, sizeof key, "k%llu", (unsigned long long)++key_number);
    bool rules = strstr(path, "/rules/") != NULL;
    return rig_change_as(r, rules ? r->admin : r->key, method, path, body, key);
}

static inline const qk_json_value *changed(rig *r, const char *method, const char *path,
                                           const char *body)
{
    reply got = change(r, method, path, body);
    if (got.status != 200) fail_msg("%s %s: %d %.400s", method, path, got.status, got.body);
    return rig_json(r, &got);
}

static inline void refused(rig *r, const char *method, const char *path, const char *body,
                           int status, const char *words)
{
    reply got = change(r, method, path, body);
    if (got.status != status || !strstr(got.body, words))
        fail_msg("%s %s: %d %.500s", method, path, got.status, got.body);
}
#endif
