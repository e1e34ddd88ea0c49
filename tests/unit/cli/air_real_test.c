/* SPDX-License-Identifier: Apache-2.0 */
/* Real hourly records, whole: every file that holds hours is evaluated to its end, and the index of
 * each hour is held against the one that was published with it. */
#include "base/json.h"
#include "standards/aqi.h"
#include "base/text.h"
#include "../test.h"
#include <sys/wait.h>

/* awk programs that bring a file into the form of `air evaluate`; '' inside are for the shell. */
#define BEIJING                                                                              \
    "'NR>1{printf \"%s,%04d-%02d-%02dT%02d:00,%s,%s,%s,%s,%s,%s\\n\",$18,$2,$3,$4,$5,$8,$9," \
    "($10==\"\"||$10==\"NA\")?\"\":$10/1000,$11,$7,$6}'"
#define HENAN2026 "'NR>1{print $1\",\"$2\":00,\"$14\",\"$12\",\"$16\",\"$9\",\"$5\",\"$7}'"
#define HENAN17   "'NR>1{print $1\",\"$2\":00,\"$8\",\"$10\",\"$16\",\"$12\",\"$6\",\"$4}'"

static const struct {
    const char *file, *awk;
} records[] = {
    {"beijing_Aotizhongxin", BEIJING}, {"beijing_Changping", BEIJING},
    {"beijing_Dongsi", BEIJING},       {"beijing_Guanyuan", BEIJING},
    {"beijing_Gucheng", BEIJING},      {"beijing_Huairou", BEIJING},
    {"beijing_Nongzhanguan", BEIJING}, {"beijing_Tiantan", BEIJING},
    {"cnemc2026_henan", HENAN2026},    {"henan17_hourly", HENAN17},
};

static FILE *open_record(const char *file, const char *awk, const char *behind)
{
    char path[300], relative[100], command[1600];
    snprintf(relative, sizeof relative, "data/air/%s.csv.xz", file);
    if (!qk_test_shared(path, sizeof path, relative)) return NULL;
    snprintf(command, sizeof command,
             "xz -dc %s | awk -F, 'BEGIN{print \"station,time,SO2,NO2,CO,O3,PM10,PM2.5\"} '%s %s",
             path, awk, behind);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    return pipe;
}

static void count_days(const qk_json_value *days, int64_t *n, int64_t *indexed)
{
    for (const qk_json_value *d = days ? days->first : NULL; d; d = d->next) {
        const qk_json_value *aqi = qk_json_get(d, "aqi");
        (*n)++;
        if (aqi && aqi->type == QK_JSON_NUMBER) (*indexed)++;
    }
}

static void evaluate(const char *file, const char *awk)
{
    char behind[600], chunk[65536];
    qk_buf out;
    qk_arena arena;
    qk_json_value *root = NULL;
    int64_t days = 0, indexed = 0, rows = 0, stations = 0;
    size_t n;
    snprintf(behind, sizeof behind, "| %s air evaluate --hours -", getenv("QK_PROGRAM"));
    FILE *pipe = open_record(file, awk, behind);
    if (!pipe) skip();
    qk_buf_init(&out, (size_t)1 << 30);
    qk_arena_init(&arena, (size_t)4 << 30);
    while ((n = fread(chunk, 1, sizeof chunk, pipe)) > 0) qk_buf_append(&out, chunk, n);
    int status = pclose(pipe);
    if (status != 0) fail_msg("%s: status %d: %.300s", file, status, out.ptr ? out.ptr : "");
    assert_ok(qk_json_parse(&root, qk_buf_str(&out), &arena, NULL));
    assert_true(qk_json_get_i64(root, "rows", &rows));
    const qk_json_value *list = qk_json_get(root, "stations");
    for (const qk_json_value *s = list->first; s; s = s->next, stations++)
        count_days(qk_json_get(s, "days"), &days, &indexed);
    print_message("%s: %lld rows, %lld stations, %lld days, %lld with an index\n", file,
                  (long long)rows, (long long)stations, (long long)days, (long long)indexed);
    assert_true(rows > 1000 && stations > 0 && indexed > 0);
    qk_arena_clear(&arena);
    qk_buf_clear(&out);
}

static void test_S026_S027_real__every_hourly_record_evaluates_to_its_end(void **state)
{
    (void)state;
    if (system("command -v xz >/dev/null") != 0) {
        print_message("missing: the program xz\n");
        skip();
    }
    for (size_t i = 0; i < QK_ARRAY_COUNT(records); i++) evaluate(records[i].file, records[i].awk);
}

/* ---- hours against what was published ---- */

static void test_S026_real__hourly_indices_are_those_that_were_published(void **state)
{
    (void)state;
    static const qk_aqi_item item[6] = {QK_SO2_1H, QK_NO2_1H,  QK_CO_1H,
                                        QK_O3_1H,  QK_PM10_1H, QK_PM25_1H};
    char line[400];
    int64_t held = 0, same = 0;
    FILE *pipe = open_record("cnemc2026_henan",
                             "'NR>1&&$2>=\"2026-03-01T01\"&&$3!=\"\"{print "
                             "$1\",\"$3\",\"$14\",\"$12\",\"$16\",\"$9\",\"$5\",\"$7}'",
                             "");
    if (!pipe) skip();
    const qk_aqi_rule *rule = qk_aqi_rule_named(QK_STR("2026"));
    assert_non_null(fgets(line, sizeof line, pipe));
    while (fgets(line, sizeof line, pipe)) {
        qk_conc in[QK_AQI_ITEMS] = {0};
        qk_aqi out;
        qk_dec published;
        bool whole = true;
        qk_str rest = qk_str_trim(qk_str_of(line));
        qk_str_cut(&rest, ',');
        if (qk_dec_parse(&published, qk_str_cut(&rest, ',')) != QK_OK) continue;
        for (int i = 0; i < 6; i++)
            if (qk_conc_parse(&in[item[i]], qk_str_cut(&rest, ',')) != QK_OK ||
                in[item[i]].state != QK_CONC_VALUE)
                whole = false;
        if (!whole) continue;
        qk_aqi_hourly(&out, rule, in);
        held++;
        same += qk_dec_cmp((qk_dec){out.aqi, 0}, published) == 0;
    }
    pclose(pipe);
    print_message("published hours: %lld held against, %lld the same\n", (long long)held,
                  (long long)same);
    assert_true(held > 100000);
    assert_true(held - same <= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S026_S027_real__every_hourly_record_evaluates_to_its_end),
        cmocka_unit_test(test_S026_real__hourly_indices_are_those_that_were_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
