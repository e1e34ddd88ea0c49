/* SPDX-License-Identifier: Apache-2.0 */
#include "node_test.h"

/* Derived rows against a plain computation over the stored rows as printed by dump(): no decimals
 * module, no accumulation on the way, every hour from scratch. */

static const char devices[] =
    "{\"devices\":[{\"mn\":\"A\",\"st\":\"31\",\"min_interval_min\":1},"
    "{\"mn\":\"B\",\"st\":\"31\",\"min_interval_min\":10,\"interval_style\":\"end\"},"
    "{\"mn\":\"C\",\"st\":\"31\",\"rtd_interval_s\":20},"
    "{\"mn\":\"D\",\"st\":\"31\",\"min_interval_min\":5,\"sends_hours\":true}]}";

enum { HOURS = 60, VALUES_MAX = 16000 };
static const char *const factors[] = {"a21026", "a34013"};

typedef struct plain_value {
    qk_time time;
    int64_t v100; /* hundredths */
    int64_t cou100;
    char flag;
    bool has_cou;
} plain_value;

typedef struct plain_series {
    plain_value v[VALUES_MAX];
    size_t n;
} plain_series;

static int64_t hundredths(const char *text)
{
    const char *p = text + (*text == '-');
    int64_t v = 0;
    int decimals = -1;
    for (; qk_is_digit(*p) || *p == '.'; p++) {
        if (*p == '.')
            decimals = 0;
        else if (decimals < 2)
            v = v * 10 + (*p - '0'), decimals += decimals >= 0;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 2; i++) v *= 10;
    return *text == '-' ? -v : v;
}

/* The rows of one stream and factor out of a dump. */
static void read_series(plain_series *s, const char *rows, const char *mn, int kind,
                        const char *code, const char *field)
{
    char head[64], key[64], cou[64], flag[64];
    snprintf(head, sizeof head, "%s %d ", mn, kind);
    snprintf(key, sizeof key, " %s-%s=", code, field);
    snprintf(cou, sizeof cou, " %s-Cou=", code);
    snprintf(flag, sizeof flag, " %s-Flag=", code);
    s->n = 0;
    for (const char *line = rows; *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, head, strlen(head)) != 0) continue;
        char copy[2048], stamp[24];
        snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\n"), line);
        snprintf(stamp, sizeof stamp, "%.19s", copy + strlen(head));
        const char *value = strstr(copy, key), *f = strstr(copy, flag), *c = strstr(copy, cou);
        if (!value && !f) continue;
        assert_true(s->n < VALUES_MAX);
        plain_value *v = &s->v[s->n++];
        *v = (plain_value){.time = at(stamp), .v100 = INT64_MIN};
        if (value) v->v100 = hundredths(value + strlen(key));
        if (f) v->flag = f[strlen(flag)];
        if (c) v->has_cou = true, v->cou100 = hundredths(c + strlen(cou));
    }
}

/* num / den with `decimals`, half to even, as text. */
static void print_ratio(char *out, size_t size, qk_i128 num, qk_i128 den, int decimals)
{
    bool minus = num < 0;
    if (minus) num = -num;
    for (int i = 0; i < decimals; i++) num *= 10;
    qk_i128 q = num / den, r = num % den;
    if (2 * r > den || (2 * r == den && q % 2)) q++;
    qk_dec d = {(int64_t)(minus ? -q : q), decimals};
    char digits[QK_DEC_TEXT];
    snprintf(out, size, "%s", qk_dec_format(digits, d));
}

typedef struct plain_hour {
    int valid, parts;
    bool any;
    char avg[32], cou[32];
    char flag;
} plain_hour;

/* From packets of `unit` minutes. All values have two decimals, so means have three. */
static plain_hour plain_minutes(const plain_series *s, qk_time hour, int unit, bool at_end)
{
    plain_hour h = {0};
    qk_i128 sum = 0, cou = 0;
    int other = 0, letters[128] = {0};
    bool any_cou = false;
    for (size_t i = 0; i < s->n; i++) {
        const plain_value *v = &s->v[i];
        if (qk_floor_hour(at_end ? v->time - 1 : v->time) != hour) continue;
        h.any = true;
        if (v->flag && v->flag != 'N') {
            other++;
            letters[(int)v->flag]++;
            continue;
        }
        if (v->v100 == INT64_MIN) continue;
        h.parts++;
        sum += v->v100;
        if (v->has_cou) any_cou = true, cou += v->cou100;
    }
    h.valid = h.parts * unit > 60 ? 60 : h.parts * unit;
    other = other * unit > 60 - h.valid ? 60 - h.valid : other * unit;
    h.flag = 'N';
    if (h.valid < 45) {
        h.flag = 'H';
        int best = 0;
        for (int c = 0; other >= 60 - h.valid - other && c < 128; c++)
            if (letters[c] > best) best = letters[c], h.flag = (char)c;
    }
    if (h.parts) print_ratio(h.avg, sizeof h.avg, sum, (qk_i128)100 * h.parts, 3);
    if (any_cou) print_ratio(h.cou, sizeof h.cou, cou, 100, 2);
    return h;
}

static plain_hour plain_moments(const plain_series *s, qk_time hour)
{
    plain_hour h = {0};
    qk_i128 num = 0;
    enum { COMMON = 27720 };
    for (int minute = 0; minute < 60; minute++) {
        int64_t sum = 0, good = 0;
        for (size_t i = 0; i < s->n; i++) {
            const plain_value *v = &s->v[i];
            if (qk_floor_minute(v->time) != hour + minute * QK_MINUTE) continue;
            h.any = true;
            if ((v->flag && v->flag != 'N') || v->v100 == INT64_MIN) continue;
            sum += v->v100;
            good++;
        }
        if (!good) continue;
        h.valid++;
        num += (qk_i128)sum * (COMMON / good);
    }
    if (h.valid) print_ratio(h.avg, sizeof h.avg, num, (qk_i128)100 * COMMON * h.valid, 3);
    h.flag = h.valid >= 45 ? 'N' : '?';
    return h;
}

static void expect_in(const char *line, const char *key, const char *value)
{
    const char *p = strstr(line, key);
    if (!*value) {
        if (p) fail_msg("%s should not be in: %.*s", key, (int)strcspn(line, "\n"), line);
        return;
    }
    size_t n = strlen(key), len = strlen(value);
    if (!p || strncmp(p + n, value, len) != 0 || !strchr(" \n", p[n + len]))
        fail_msg("%s should be %s in: %.*s", key, value, (int)strcspn(line, "\n"), line);
}

static const char *line_of(const char *rows, const char *mn, int kind, qk_time time)
{
    static const char none[] = "\n";
    char head[64], stamp[QK_TIME_TEXT];
    snprintf(head, sizeof head, "%s %d %s", mn, kind, qk_time_iso(stamp, time));
    const char *p = strncmp(rows, head, strlen(head)) == 0 ? rows : NULL;
    char searched[80];
    snprintf(searched, sizeof searched, "\n%s", head);
    if (!p && (p = strstr(rows, searched)) != NULL) p++;
    return p ? p : none;
}

static void expect_hour(const char *rows, const char *mn, qk_time hour, const char *code,
                        const plain_hour *h)
{
    char key[64], number[16], flag[2] = {h->flag, 0};
    const char *line = line_of(rows, mn, QK_STREAM_DERIVED_HOUR, hour);
    char copy[2048];
    snprintf(copy, sizeof copy, "%.*s\n", (int)strcspn(line, "\n"), line);
    snprintf(key, sizeof key, " %s-Avg=", code);
    expect_in(copy, key, h->avg);
    snprintf(key, sizeof key, " %s-Cou=", code);
    expect_in(copy, key, h->cou);
    snprintf(key, sizeof key, " %s-Valid=", code);
    snprintf(number, sizeof number, "%d", h->valid);
    expect_in(copy, key, h->any ? number : "");
    snprintf(key, sizeof key, " %s-Flag=", code);
    if (h->flag != '?') expect_in(copy, key, h->any ? flag : "");
}

static size_t check_device(const char *rows, const char *mn, int unit, bool at_end,
                           const char *code)
{
    size_t checked = 0;
    plain_series *s = malloc(sizeof *s);
    read_series(s, rows, mn, unit ? QK_STREAM_MINUTE : QK_STREAM_RTD, code, unit ? "Avg" : "Rtd");
    for (int hour = 0; hour < HOURS; hour++) {
        qk_time t = at("2025-01-01") + hour * QK_HOUR;
        plain_hour h = unit ? plain_minutes(s, t, unit, at_end) : plain_moments(s, t);
        expect_hour(rows, mn, t, code, &h);
        checked += h.any;
    }
    free(s);
    return checked;
}

static void check_hours(const char *rows)
{
    size_t checked = 0;
    for (size_t f = 0; f < QK_ARRAY_COUNT(factors); f++) {
        checked += check_device(rows, "A", 1, false, factors[f]);
        checked += check_device(rows, "B", 10, true, factors[f]);
        checked += check_device(rows, "C", 0, false, factors[f]);
        checked += check_device(rows, "D", 5, false, factors[f]);
    }
    assert_true(checked > HOURS * 6);
}

/* Days: sent hours where there are any, else derived ones (three decimals, so four out). */
static void check_days(const char *rows, const char *mn, bool at_end)
{
    plain_series *sent = malloc(sizeof *sent), *derived = malloc(sizeof *derived);
    for (size_t f = 0; f < QK_ARRAY_COUNT(factors); f++) {
        read_series(sent, rows, mn, QK_STREAM_HOUR, factors[f], "Avg");
        for (int day = 0; day < 2; day++) {
            qk_time from = at("2025-01-01") + day * QK_DAY;
            int valid = 0;
            double sum = 0;
            for (int hour = 0; hour < 24; hour++) {
                qk_time t = from + hour * QK_HOUR;
                const plain_value *v = NULL;
                for (size_t i = 0; i < sent->n; i++)
                    if (qk_floor_hour(at_end ? sent->v[i].time - 1 : sent->v[i].time) == t)
                        v = &sent->v[i];
                if (v) {
                    if (v->flag == 'N') valid++, sum += (double)v->v100 / 100;
                    continue;
                }
                const char *line = line_of(rows, mn, QK_STREAM_DERIVED_HOUR, t);
                char copy[2048], key[40];
                snprintf(copy, sizeof copy, "%.*s\n", (int)strcspn(line, "\n"), line);
                snprintf(key, sizeof key, " %s-Flag=N", factors[f]);
                if (!strstr(copy, key)) continue;
                snprintf(key, sizeof key, " %s-Avg=", factors[f]);
                valid++;
                sum += strtod(strstr(copy, key) + strlen(key), NULL);
            }
            const char *line = line_of(rows, mn, QK_STREAM_DERIVED_DAY, from);
            char copy[2048], key[40], number[16];
            snprintf(copy, sizeof copy, "%.*s\n", (int)strcspn(line, "\n"), line);
            snprintf(key, sizeof key, " %s-Valid=", factors[f]);
            snprintf(number, sizeof number, "%d", valid);
            expect_in(copy, key, number);
            snprintf(key, sizeof key, " %s-Avg=", factors[f]);
            if (!valid) continue;
            double got = strtod(strstr(copy, key) + strlen(key), NULL);
            assert_true(got - sum / valid < 0.000051 && sum / valid - got < 0.000051);
            snprintf(key, sizeof key, " %s-Flag=N", factors[f]);
            assert_int_equal(strstr(copy, key) != NULL, valid >= 20);
        }
    }
    free(sent);
    free(derived);
}

static void put_factor(char *cp, size_t size, const char *code, const char *field, bool cou,
                       uint64_t *seed)
{
    static const char flags[] = "NNNNNNNNNNDMC";
    uint64_t r = qk_test_random(seed);
    size_t n = strlen(cp);
    n += (size_t)snprintf(cp + n, size - n, ";%s-%s=%u.%02u", code, field, (unsigned)(r % 400),
                          (unsigned)(r / 400 % 100));
    if (cou)
        n += (size_t)snprintf(cp + n, size - n, ",%s-Cou=%u.%02u", code, (unsigned)(r / 7 % 9),
                              (unsigned)(r / 63 % 100));
    snprintf(cp + n, size - n, ",%s-Flag=%c", code, flags[r / 40000 % (sizeof flags - 1)]);
}

static void send_row(qk_node *node, const char *mn, int cn, qk_time time, qk_time received,
                     uint64_t *seed)
{
    char cp[400], stamp[QK_TIME_TEXT];
    snprintf(cp, sizeof cp, "DataTime=%s", qk_time_compact14(stamp, time));
    const char *field = cn == 2011 ? "Rtd" : "Avg";
    put_factor(cp, sizeof cp, factors[0], field, cn != 2011, seed);
    if (qk_test_random(seed) % 8) put_factor(cp, sizeof cp, factors[1], field, false, seed);
    send_frame(node, mn, cn, received, cp);
}

/* One step of simulated life: what each device sends at that minute, now and then late, twice, with
 * another value, or not at all. */
static void live_minute(qk_node *node, int minute, uint64_t *seed)
{
    qk_time now = at("2025-01-01") + minute * QK_MINUTE, got = now + 5 * QK_SECOND;
    bool dark = qk_test_random(seed) % 400 < 3; /* seldom: nothing at all */
    if (dark) return;
    if (qk_test_random(seed) % 10) send_row(node, "A", 2051, now - QK_MINUTE, got, seed);
    if (minute % 10 == 0) send_row(node, "B", 2051, now, got, seed);
    if (minute % 5 == 0) send_row(node, "D", 2051, now - 5 * QK_MINUTE, got, seed);
    for (int s = 0; s < 60; s += 20)
        if (qk_test_random(seed) % 6)
            send_row(node, "C", 2011, now - QK_MINUTE + s * QK_SECOND, got, seed);
    if (minute % 60 == 1 && qk_test_random(seed) % 3)
        send_row(node, "D", 2061, qk_floor_hour(now) - QK_HOUR, got, seed);
    if (qk_test_random(seed) % 15 == 0) { /* an old minute, perhaps known */
        qk_time old = now - (qk_time)(qk_test_random(seed) % 200) * QK_MINUTE;
        send_row(node, "A", 2051, old, got, seed);
        send_row(node, "B", 2051, old - old % (10 * QK_MINUTE), got, seed);
        send_row(node, "C", 2011, old, got, seed);
    }
}

static qk_node *open_at(void)
{
    return open_node_with(&(qk_node_options){.clock_text = "2024-12-31T00:00:00x0"});
}

static char *live(bool restarts, uint64_t seed)
{
    qk_node *node = open_at();
    import(node, devices);
    for (int minute = 1; minute < HOURS * 60; minute++) {
        live_minute(node, minute, &seed);
        if (minute % 700 == 0) {
            settle(node);
            if (restarts) {
                qk_node_close(node);
                node = open_at();
            }
        }
    }
    qk_error err = {0};
    settle(node);
    assert_done(qk_node_set_clock(node, at("2025-01-05"), 0, &err), &err);
    settle(node);
    char *rows = dump(node, false);
    qk_node_close(node);
    return rows;
}

static void test_derive__agrees_with_the_plain_computation_on_a_random_life(void **state)
{
    (void)state;
    char *rows = live(false, 20250101);
    check_hours(rows);
    check_days(rows, "A", false);
    check_days(rows, "B", true);
    check_days(rows, "C", false);
    check_days(rows, "D", false);
    free(rows);
}

static void test_derive__restarts_change_nothing(void **state)
{
    (void)state;
    char *rows = live(true, 20250101);
    check_hours(rows);
    check_days(rows, "D", false);
    free(rows);
}

static void test_derive__a_late_minute_revises_the_hour_and_keeps_the_old_one(void **state)
{
    (void)state;
    qk_node *node = open_at();
    qk_error err = {0};
    import(node, devices);
    qk_time hour = at("2025-01-01T08:00");
    for (int m = 0; m < 60; m++) {
        char cp[100], stamp[QK_TIME_TEXT];
        snprintf(cp, sizeof cp, "DataTime=%s;a-Avg=%d.0,a-Flag=N",
                 qk_time_compact14(stamp, hour + m * QK_MINUTE), m < 30 ? 10 : 20);
        if (m != 59) send_frame(node, "A", 2051, hour + (m + 1) * QK_MINUTE, cp);
    }
    settle(node);
    assert_done(qk_node_set_clock(node, hour + QK_HOUR + 5 * QK_MINUTE, 0, &err), &err);
    settle(node);
    send_frame(node, "A", 2051, hour + 2 * QK_HOUR, "DataTime=20250101085900;a-Avg=80.0,a-Flag=N");
    settle(node);
    assert_done(qk_node_set_clock(node, hour + 3 * QK_HOUR, 0, &err), &err);
    settle(node);
    qk_telemetry_reader *r = NULL;
    qk_arena arena;
    qk_samples s;
    qk_arena_init(&arena, 1 << 20);
    assert_done(qk_telemetry_reader_open(&r, qk_node_telemetry(node), qk_node_db_path(node), &err),
                &err);
    qk_stream_id id = qk_telemetry_find(r, QK_STR("A"), QK_STREAM_DERIVED_HOUR);
    assert_done(qk_telemetry_read(&s, r, id, QK_STR("a"), QK_STR("Avg"), hour, hour + 1,
                                  QK_TIME_NONE, &arena, NULL, &err),
                &err);
    assert_int_equal(s.mantissa[0], 1600); /* 30 x 10, 29 x 20, 80 over 60 */
    assert_done(qk_telemetry_read(&s, r, id, QK_STR("a"), QK_STR("Avg"), hour, hour + 1,
                                  hour + QK_HOUR + QK_MINUTE, &arena, NULL, &err),
                &err);
    assert_int_equal(s.mantissa[0], 1492); /* 880 over 59 = 14.915… */
    qk_telemetry_reader_close(r);
    qk_arena_clear(&arena);
    qk_node_close(node);
}

/* ---- values that stand still ---- */

static void send_value(qk_node *node, const char *mn, qk_time t, const char *value, char flag)
{
    char cp[100], stamp[QK_TIME_TEXT];
    snprintf(cp, sizeof cp, "DataTime=%s;a21026-Avg=%s,a21026-Flag=%c", qk_time_compact14(stamp, t),
             value, flag);
    send_frame(node, mn, 2051, t + QK_MINUTE, cp);
}

static void test_S077_quality__three_hours_of_one_value_are_told_once(void **state)
{
    (void)state;
    for (int restart = 0; restart < 2; restart++) {
        char name[8];
        snprintf(name, sizeof name, "q%d", restart);
        qk_node_options o = {.data_dir = qk_test_path(name), .clock_text = "2024-12-31T00:00:00x0"};
        qk_node *node = open_node_with(&o);
        import(node, devices);
        qk_time t = at("2025-01-01T00:10");
        send_value(node, "A", t - QK_MINUTE, "4.0", 'N');
        for (int m = 0; m < 180; m++) {
            send_value(node, "A", t + m * QK_MINUTE, m % 2 ? "5.0" : "5.00", 'N');
            send_value(node, "D", t + m * QK_MINUTE, "0.0", m == 90 ? 'C' : 'N');
            send_value(node, "B", t + m * QK_MINUTE, m == 100 ? "7.1" : "7.0", 'N');
            if (restart && m == 120) {
                settle(node);
                qk_node_close(node);
                o.data_dir = qk_test_path(name);
                node = open_node_with(&o);
            }
        }
        settle(node);
        assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind LIKE 'value_%'"),
                         0);
        for (int m = 180; m < 300; m++) {
            send_value(node, "A", t + m * QK_MINUTE, "5.0", 'N');
            send_value(node, "D", t + m * QK_MINUTE, "0.0", 'N');
        }
        settle(node);
        assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='value_constant'"
                                           " AND mn='A'"),
                         1);
        assert_int_equal(node_number(node, "SELECT at FROM event WHERE kind='value_constant'"),
                         t + 3 * QK_HOUR);
        assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='value_zero'"
                                           " AND mn='D'"),
                         1);
        assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE mn='B'"), 0);
        qk_node_close(node);
    }
}

static void test_S086_quality__a_configured_range_is_watched_for_any_factor(void **state)
{
    (void)state;
    qk_node *node = open_at();
    import(node,
           "{\"devices\":[{\"mn\":\"A\",\"st\":\"31\",\"min_interval_min\":1}],"
           "\"factors\":[{\"mn\":\"A\",\"code\":\"a20057\",\"name_zh\":\"汞\",\"unit\":\"ug/m3\","
           "\"low\":0,\"high\":50}]}");
    qk_time t = at("2025-01-01T00:10");
    const char *values[] = {"49.9", "50.1", "60", "-0.1"};
    for (size_t i = 0; i < 4; i++) {
        char cp[100], stamp[QK_TIME_TEXT];
        qk_time when = t + (qk_time)(i == 3 ? 90 : i) * QK_MINUTE;
        snprintf(cp, sizeof cp, "DataTime=%s;a20057-Avg=%s,a20057-Flag=N",
                 qk_time_compact14(stamp, when), values[i]);
        send_frame(node, "A", 2051, when + QK_MINUTE, cp);
    }
    settle(node);
    assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='value_range'"), 2);
    qk_node_close(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_derive__agrees_with_the_plain_computation_on_a_random_life),
        qk_dir_test(test_derive__restarts_change_nothing),
        qk_dir_test(test_derive__a_late_minute_revises_the_hour_and_keeps_the_old_one),
        qk_dir_test(test_S077_quality__three_hours_of_one_value_are_told_once),
        qk_dir_test(test_S086_quality__a_configured_range_is_watched_for_any_factor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
