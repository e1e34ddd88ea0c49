/* SPDX-License-Identifier: Apache-2.0 */
/* An episode of heavy pollution: found in what the stations sent, reported whole, kept and printed.
 */
#include "air_rig.h"
#include "domain/cases.h"
#include "domain/forecasts.h"
#include "domain/warnings.h"
#include "schema_check.h"

#define EPISODES "/api/v1/episodes"

enum { FIRST_HOUR = 4 * 24 - 4, END_HOUR = 6 * 24 + 5, HOURS = 10 * 24 }; /* from 2026-11-12 */

/* The five stand for the county, and measure the wind. */
static void import_winds(rig *r)
{
    qk_buf text;
    qk_error err = {0};
    qk_buf_init(&text, 1 << 16);
    qk_buf_puts(&text, "{\"sites\":[");
    for (int i = 1; i <= STATIONS; i++)
        qk_buf_printf(
            &text,
            "%s{\"id\":\"st%d\",\"kind\":\"air_provincial\",\"name_zh\":\"站%d\",\"division\":"
            "\"%s\",\"lon\":112.5%d,\"lat\":35.2}",
            i > 1 ? "," : "", i, i, i < 4 ? "410001" : "410002", i - 1);
    qk_buf_puts(&text, "],\"factors\":[");
    for (int i = 1; i <= STATIONS; i++)
        qk_buf_printf(
            &text,
            "%s{\"mn\":\"ST%d\",\"code\":\"a01007\"},{\"mn\":\"ST%d\",\"code\":\"a01008\"},"
            "{\"mn\":\"ST%d\",\"code\":\"a01002\"}",
            i > 1 ? "," : "", i, i, i);
    qk_buf_puts(&text, "]}");
    assert_done(qk_node_call(r->node, rig_import, text.ptr, &err), &err);
    qk_buf_clear(&text);
}

/* From the west it comes over one station after another, an hour apart; then the wind dies. */
static void send_air(rig *r)
{
    qk_time start = time_of("2026-11-12T00:00:00");
    char segment[900], time[QK_TIME_TEXT];
    for (int h = 0; h < HOURS; h++)
        for (int i = 1; i <= STATIONS; i++) {
            bool bad = h >= FIRST_HOUR + i - 1 && h < END_HOUR;
            double wave = (h * 7 + i * 3) % 11, pm = (bad ? 185 : 25) + wave;
            double wind = h < FIRST_HOUR + 12 || h >= END_HOUR ? 3 : 0.6;
            snprintf(segment, sizeof segment,
                     "QN=20261122100500000;ST=22;CN=2061;PW=123456;MN=ST%d;Flag=5;CP=&&DataTime=%s;"
                     "a21026-Avg=%.1f,a21026-Flag=N;a21004-Avg=%.1f,a21004-Flag=N;a21005-Avg=%.2f,"
                     "a21005-Flag=N;a05024-Avg=%.1f,a05024-Flag=N;a34002-Avg=%.1f,a34002-Flag=N;"
                     "a34004-Avg=%.1f,a34004-Flag=N;a01007-Avg=%.1f,a01007-Flag=N;a01008-Avg=%.1f,"
                     "a01008-Flag=N;a01002-Avg=%.1f,a01002-Flag=N&&",
                     i, qk_time_compact14(time, start + h * QK_HOUR), 10 + wave, 22 + wave,
                     0.5 + wave / 10, 40 + wave, pm + 20, pm, wind + wave / 100, 265 + wave,
                     (bad ? 80 : 45) + wave);
            rig_frame(r, segment);
        }
    rig_settle(r);
}

/* A forecast a grade too low, a minute, a warning that came late, and a case that is still open. */
static qk_code keep_house(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context, (void)now;
    int64_t version = 0;
    bool made = false;
    char id[QK_WARNING_ID_MAX], case_id[QK_CASE_ID_MAX];
    size_t rules = 0;
    qk_time at = time_of("2026-11-16T09:00:00");
    int32_t issued = qk_day_number(time_of("2026-11-15T00:00:00"));
    QK_TRY(qk_forecasts_put_guidance(
        &version, db, QK_STR("county"), issued,
        QK_STR("[{\"date\":\"2026-11-16\",\"lead\":1,\"aqi\":180,\"primary\":\"PM2.5\"},"
               "{\"date\":\"2026-11-17\",\"lead\":2,\"aqi\":190,\"primary\":\"PM2.5\"}]"),
        QK_STR("system"), time_of("2026-11-16T00:50:00"), err));
    QK_TRY(qk_forecasts_minute_put(&version, db, issued, 0, QK_STR("静稳"), true, QK_STR("王"), at,
                                   err));
    const qk_warning_new what = {.issued = issued, .rule = &qk_warning_rules(&rules)[1]};
    const qk_warning_act act = {QK_STR("approve"), QK_STR(""), QK_STR("李")};
    QK_TRY(qk_warnings_propose(id, db, &what, QK_STR("system"), at, err));
    QK_TRY(qk_warnings_step(db, qk_str_of(id), &act, at + QK_HOUR, err));
    const qk_case_new one = {.kind = QK_STR("hotspot"),
                             .cause = QK_STR("hotspot/st5/1"),
                             .object = QK_STR("site/st5"),
                             .unit = QK_STR("410002"),
                             .title = QK_STR("站5 高值")};
    return qk_case_open(case_id, &made, db, qk_node_scheduler(node), &one, QK_STR("system"), at,
                        err);
}

static const qk_json_value *section(const qk_json_value *d, const char *code)
{
    for (const qk_json_value *s = rig_at(d, "report/sections")->first; s; s = s->next)
        if (qk_str_eq(qk_json_get_str(s, "code"), qk_str_of(code))) return s;
    fail_msg("the report has no section %s", code);
    return NULL;
}

static void assert_says(rig *r, const qk_json_value *d, const char *code, const char *words)
{
    for (const qk_json_value *p = qk_json_get(section(d, code), "paragraphs")->first; p;
         p = p->next) {
        qk_str zh = qk_json_get_str(p, "zh");
        if (strstr(qk_arena_copy(&r->arena, zh.ptr, zh.len), words)) return;
    }
    fail_msg("section %s does not say '%s'", code, words);
}

static void check_report(rig *r, const qk_json_value *d)
{
    static const char *const names[] = {"summary", "course",   "area",     "weather",
                                        "cause",   "forecast", "response", "weak"};
    schema_check check = {.api = rig_document(r, "/api/v1/openapi.json")};
    if (!schema_fits(&check, rig_at(check.api, "components/schemas/Episode"), d, "episode"))
        fail_msg("%s", check.fault);
    for (size_t i = 0; i < QK_ARRAY_COUNT(names); i++)
        assert_true(qk_json_get(section(d, names[i]), "paragraphs")->count > 0);
    assert_says(r, d, "summary", "2026-11-15 21:00");
    assert_says(r, d, "cause", "输送与本地积累兼有");
    assert_says(r, d, "cause", "缺少：区域模型");
    assert_says(r, d, "weak", "偏低");
    assert_says(r, d, "weak", "首个预警 2026-11-16 10:00 发布，晚于过程开始 13 小时");
    assert_says(r, d, "weak", "1 件尚未办结");
    assert_json(section(d, "area"), "tables/0/rows/4/5", "56");
    assert_int_equal(rig_at(section(d, "area"), "tables/0/rows")->count, STATIONS + 1);
    assert_says(r, d, "weak", "有效小时 0/56"); /* a sixth station is silent */
    assert_json(section(d, "course"), "tables/0/rows/1/2", "PM2.5");
    assert_json(section(d, "forecast"), "tables/0/rows/0/2", "180");
    assert_json(section(d, "response"), "tables/0/rows/0/0", "W20261115-1");
    assert_json(section(d, "response"), "tables/1/rows/0/0/zh", "高值预警");
}

static void test_S048_episode__found_from_data_and_its_report_is_complete(void **state)
{
    (void)state;
    rig r;
    qk_error err = {0};
    start(&r);
    import_winds(&r);
    send_air(&r);
    assert_done(qk_node_call(r.node, keep_house, NULL, &err), &err);
    const qk_json_value *d = rig_document(&r, EPISODES);
    assert_int_equal(rig_at(d, "items")->count, 1);
    assert_json(d, "items/0/date", "2026-11-16");
    assert_json(d, "items/0/last_date", "2026-11-17");
    assert_json(d, "items/0/from", "2026-11-15T21:00:00.000+08:00");
    assert_json(d, "items/0/to", "2026-11-18T05:00:00.000+08:00");
    assert_json(d, "items/0/hours", "56");
    assert_json(d, "items/0/primary", "PM2.5");
    assert_json(d, "items/0/runs", "false");
    d = rig_document(&r, EPISODES "/2026-11-16");
    check_report(&r, d);
    assert_int_equal(rig_at(d, "bulletin")->type, QK_JSON_NULL);
    assert_int_equal(rig_get(&r, EPISODES "/2026-11-17").status, 404);
    assert_int_equal(rig_get(&r, EPISODES "/x").status, 404);
    assert_int_equal(rig_at(rig_document(&r, EPISODES "?to=2026-11-15"), "items")->count, 0);
    /* kept once however often it is asked for, and printed */
    assert_json(changed(&r, "POST", EPISODES "/2026-11-16/report", "{\"person\":\"王\"}"),
                "bulletin", "1");
    assert_json(changed(&r, "POST", EPISODES "/2026-11-16/report", "{\"person\":\"王\"}"),
                "bulletin", "1");
    d = rig_document(&r, EPISODES "/2026-11-16");
    assert_json(d, "bulletin/version", "1");
    reply docx = rig_get(&r, "/api/v1/bulletins/1/bulletin.docx");
    assert_true(docx.status == 200 && memcmp(docx.body, "PK", 2) == 0 && docx.len > 4000);
    reply text = rig_get(&r, "/api/v1/bulletins/1/text");
    assert_true(text.status == 200 && strstr(text.body, "八、薄弱环节") != NULL);
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S048_episode__found_from_data_and_its_report_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
