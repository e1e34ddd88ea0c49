/* SPDX-License-Identifier: Apache-2.0 */
/* Types, rows with history, figures of ledgers. */
#include "domain/ledger.h"
#include "domain_test.h"
#include <stdlib.h>

static qk_ledger_type *type_of(qk_db *db, qk_arena *arena, const char *id)
{
    qk_ledger_type *type = NULL;
    qk_error err = {0};
    assert_done(qk_ledger_type_get(&type, db, qk_str_of(id), QK_TIME_NONE, arena, &err), &err);
    return type;
}

static qk_code put_json(qk_db *db, const qk_ledger_type *type, int64_t *id, const char *json,
                        int64_t seen, qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_json_value *root = NULL;
    qk_ledger_row *old = NULL;
    const qk_str *values = NULL;
    bool changed = false;
    qk_arena_init(&arena, 1 << 20);
    qk_code code = qk_json_parse(&root, qk_str_of(json), &arena, err);
    if (!code && *id) code = qk_ledger_get(&old, db, type, *id, &arena, err);
    if (!code)
        code = qk_ledger_values_json(&values, type, root, old ? old->values : NULL, &arena, err);
    if (!code)
        code = qk_ledger_put(id, &changed, db, type, values, seen, QK_TIME_NONE, QK_STR("clerk"),
                             now, err);
    qk_arena_clear(&arena);
    return code;
}

static int64_t add(qk_db *db, const qk_ledger_type *type, const char *json, qk_time now)
{
    int64_t id = 0;
    qk_error err = {0};
    assert_done(put_json(db, type, &id, json, -1, now, &err), &err);
    return id;
}

static const qk_ledger_figure *figures(size_t *n, qk_db *db, const qk_ledger_type *type,
                                       const char *counter, const qk_ledger_ask *ask,
                                       const char *group, qk_arena *arena)
{
    qk_ledger_figure *out = NULL;
    qk_error err = {0};
    const qk_ledger_counter *c = qk_ledger_counter_find(type, qk_str_of(counter));
    assert_non_null(c);
    assert_done(qk_ledger_count(&out, n, db, type, c, ask, qk_str_of(group), arena, &err), &err);
    return out;
}

static int64_t figure(qk_db *db, const qk_ledger_type *type, const char *counter,
                      const qk_ledger_ask *ask, qk_arena *arena)
{
    size_t n = 0;
    const qk_ledger_figure *f = figures(&n, db, type, counter, ask, "", arena);
    assert_int_equal(n, 1);
    return f->value.mantissa;
}

static const qk_ledger_ask now_ask = {.valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE};

static void open_ledger(qk_db **db, qk_arena *arena)
{
    *db = open_db();
    qk_arena_init(arena, 64 << 20);
}

static void close_ledger(qk_db *db, qk_arena *arena)
{
    qk_arena_clear(arena);
    qk_db_close(db);
}

static void test_ledger__every_shipped_type_reads_and_writes_itself(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    qk_ledger_type **all = NULL, *again = NULL;
    size_t n = 0;
    qk_error err = {0};
    open_ledger(&db, &arena);
    assert_done(qk_ledger_types(&all, &n, db, &arena, &err), &err);
    assert_true(n >= 8);
    for (size_t i = 0; i < n; i++) {
        qk_buf text;
        qk_json_writer w;
        qk_buf_init(&text, 1 << 20);
        qk_json_init(&w, &text);
        qk_ledger_type_json(&w, all[i]);
        assert_done(qk_ledger_type_parse(&again, qk_buf_str(&text), &arena, &err), &err);
        assert_true(qk_str_eq(again->fields_json, all[i]->fields_json));
        assert_true(qk_str_eq(again->counters_json, all[i]->counters_json));
        assert_true(i == 0 || qk_str_cmp(all[i - 1]->id, all[i]->id) < 0);
        qk_buf_clear(&text);
    }
    close_ledger(db, &arena);
}

static void refused_type(const char *json, const char *why)
{
    qk_arena arena;
    qk_ledger_type *type = NULL;
    qk_error err = {0};
    qk_arena_init(&arena, 1 << 20);
    qk_code code = qk_ledger_type_parse(&type, qk_str_of(json), &arena, &err);
    if (code == QK_OK) fail_msg("taken: %s", json);
    if (!strstr(err.message, why)) fail_msg("%s: '%s', not '%s'", json, err.message, why);
    qk_arena_clear(&arena);
}

#define TYPE_OF(fields) "{\"id\":\"t\",\"title_zh\":\"题\",\"fields\":[" fields "]}"

static void test_ledger__a_type_that_cannot_stand_is_refused(void **state)
{
    (void)state;
    refused_type(TYPE_OF("{\"name\":\"a\",\"zh\":\"甲\",\"type\":\"text\"}"), "key");
    refused_type(TYPE_OF("{\"name\":\"a b\",\"zh\":\"甲\",\"type\":\"text\"}"), "name");
    refused_type(TYPE_OF("{\"name\":\"a\",\"zh\":\"甲\",\"type\":\"blob\"}"), "no such type");
    refused_type(TYPE_OF("{\"name\":\"a\",\"zh\":\"甲\",\"type\":\"choice\",\"key\":true}"),
                 "choices");
    refused_type(TYPE_OF("{\"name\":\"a\",\"zh\":\"甲\",\"type\":\"text\",\"key\":true,\"x\":1}"),
                 "no such member");
    refused_type(TYPE_OF("{\"name\":\"a\",\"zh\":\"甲\",\"type\":\"text\",\"key\":true},{\"name\":"
                         "\"a\",\"zh\":\"甲\",\"type\":\"text\"}"),
                 "two fields");
    refused_type("{\"id\":\"t\",\"title_zh\":\"题\",\"fields\":[{\"name\":\"a\",\"zh\":\"甲\","
                 "\"type\":\"text\",\"key\":true}],\"counters\":[{\"id\":\"c\",\"zh\":\"丙\","
                 "\"kind\":\"count\",\"where\":[[\"b\",\"=\",1]]}]}",
                 "no such field");
    refused_type("{\"id\":\"t\",\n \"title_zh\" \"题\"}", "");
}

static void test_ledger__values_are_kept_in_one_form_and_others_refused(void **state)
{
    (void)state;
    static const struct {
        const char *field, *text, *kept; /* kept NULL = refused */
    } cases[] = {
        {"date", "2025/6/3", "2025-06-03"},
        {"date", "2025年6月3日", "2025-06-03"},
        {"date", "20250603", "2025-06-03"},
        {"date", "2025-02-29", NULL},
        {"date", "6月3日", NULL},
        {"opacity", "0.50", "0.50"},
        {"opacity", "1e-1", "0.1"},
        {"opacity", "-0.1", NULL},
        {"opacity", "20.01", NULL},
        {"opacity", "一", NULL},
        {"result", "合格", "pass"},
        {"result", "failed", "fail"},
        {"result", "差", NULL},
        {"retested", "是", "true"},
        {"retested", "maybe", NULL},
        {"machine_code", " A1 ", "A1"},
        {"machine_code", "", NULL},
        {"machine_code", "a\x01", NULL},
        {"machine_code", "\xff", NULL},
        {"site", "nowhere", NULL},
        {"photo", "abc", NULL},
    };
    qk_db *db;
    qk_arena arena;
    open_ledger(&db, &arena);
    qk_ledger_type *type = type_of(db, &arena, "nrmm_test");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qk_str out;
        qk_error err = {0};
        size_t at_field = qk_ledger_field_find(type, qk_str_of(cases[i].field));
        qk_code code = qk_ledger_value(&out, db, &type->fields[at_field], qk_str_of(cases[i].text),
                                       &arena, &err);
        if ((code == QK_OK) != (cases[i].kept != NULL))
            fail_msg("%s '%s': %d %s", cases[i].field, cases[i].text, code, err.message);
        if (code == QK_OK && !qk_str_eq(out, qk_str_of(cases[i].kept)))
            fail_msg("'%s' is kept as '%.*s'", cases[i].text, QK_STR_ARG(out));
        if (code != QK_OK) assert_string_equal(err.where, cases[i].field);
    }
    close_ledger(db, &arena);
}

#define TEST_ROW(code, day, result)                                                  \
    "{\"machine_code\":\"" code "\",\"date\":\"" day "\",\"result\":\"" result "\"," \
    "\"unit\":\"东河镇\"}"

static void test_ledger__rows_have_versions_keys_and_an_end(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    qk_error err = {0};
    qk_ledger_row *row = NULL, *versions = NULL;
    size_t n = 0;
    int64_t other = 0;
    open_ledger(&db, &arena);
    qk_ledger_type *type = type_of(db, &arena, "nrmm_test");
    int64_t id = add(db, type, TEST_ROW("A1", "2025-06-03", "fail"), at("2025-06-04T09:00:00"));
    assert_int_equal(put_json(db, type, &other, TEST_ROW("A1", "2025-6-3", "pass"), -1,
                              at("2025-06-04T10:00:00"), &err),
                     QK_EEXIST);
    assert_int_equal(
        put_json(db, type, &id, "{\"retested\":true}", 7, at("2025-06-05T09:00:00"), &err),
        QK_ECONFLICT);
    assert_done(put_json(db, type, &id, "{\"retested\":true}", 1, at("2025-06-05T09:00:00"), &err),
                &err);
    assert_done(
        put_json(db, type, &id, "{\"retested\":\"是\"}", 2, at("2025-06-05T10:00:00"), &err), &err);
    assert_int_equal(put_json(db, type, &id, "{\"nothing\":1}", 2, 0, &err), QK_EINVAL);
    assert_string_equal(err.where, "nothing");
    assert_done(qk_ledger_history(&versions, &n, db, type, id, &arena, &err), &err);
    assert_int_equal(n, 2); /* the equal one made none */
    assert_done(qk_ledger_end(db, type, id, 2, QK_STR("clerk"), at("2025-06-06T09:00:00"), &err),
                &err);
    assert_int_equal(qk_ledger_end(db, type, id, 3, QK_STR("clerk"), 0, &err), QK_ENOTFOUND);
    assert_done(qk_ledger_get(&row, db, type, id, &arena, &err), &err);
    assert_true(row->valid_to == at("2025-06-06T09:00:00") && row->version == 3);
    /* The key is free again, and the number is not given twice. */
    assert_true(add(db, type, TEST_ROW("A1", "2025-06-03", "pass"), at("2025-06-07T09:00:00")) >
                id);
    assert_int_equal(qk_db_exec(db, "DELETE FROM ledger_row", &err), QK_EDENIED);
    close_ledger(db, &arena);
}

static void test_ledger__counters_count_rows_values_sums_and_shares(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    size_t n = 0;
    qk_time now = at("2025-07-01T09:00:00");
    open_ledger(&db, &arena);
    qk_ledger_type *type = type_of(db, &arena, "nrmm_test");
    add(db, type, TEST_ROW("A1", "2025-05-30", "pass"), now);
    add(db, type, TEST_ROW("A1", "2025-06-02", "pass"), now);
    add(db, type, TEST_ROW("A2", "2025-06-02", "fail"), now);
    add(db, type, "{\"machine_code\":\"A3\",\"date\":\"2025-06-30\",\"result\":\"pass\"}", now);
    assert_int_equal(figure(db, type, "tests", &now_ask, &arena), 4);
    assert_int_equal(figure(db, type, "machines", &now_ask, &arena), 3);
    qk_ledger_ask june = now_ask;
    june.from_day = qk_day_number(at("2025-06-01"));
    june.to_day = qk_day_number(at("2025-06-30"));
    assert_int_equal(figure(db, type, "tests", &june, &arena), 3);
    const qk_ledger_figure *f = figures(&n, db, type, "pass_share", &june, "", &arena);
    assert_true(f->known && f->numerator == 2 && f->rows == 3);
    assert_int_equal(f->value.mantissa, 666667);
    f = figures(&n, db, type, "tests", &now_ask, "unit", &arena);
    assert_int_equal(n, 2);
    assert_true(f[0].group.len == 0 && f[0].rows == 1);
    assert_true(qk_str_eq(f[1].group, QK_STR("东河镇")) && f[1].rows == 3);
    qk_ledger_ask donghe = june;
    donghe.unit = QK_STR("东河镇");
    assert_int_equal(figure(db, type, "tests", &donghe, &arena), 2);
    qk_ledger_ask none = june;
    none.unit = QK_STR("西岭镇");
    f = figures(&n, db, type, "pass_share", &none, "", &arena);
    assert_false(f->known);
    close_ledger(db, &arena);
}

/* 274 tests are asked for in the year; 120 stand in the ledger on 30 June. */
static void test_ledger__tests_of_machines_are_counted_not_typed(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    open_ledger(&db, &arena);
    qk_ledger_type *type = type_of(db, &arena, "nrmm_test");
    for (int i = 0; i < 120; i++) {
        char json[200];
        snprintf(json, sizeof json,
                 "{\"machine_code\":\"M%03d\",\"date\":\"2025-%02d-10\",\"result\":\"pass\"}", i,
                 1 + i % 6);
        add(db, type, json, at("2025-06-30T17:00:00"));
    }
    qk_ledger_ask year = now_ask;
    year.from_day = qk_day_number(at("2025-01-01"));
    year.to_day = qk_day_number(at("2025-12-31"));
    assert_int_equal(figure(db, type, "tests", &year, &arena), 120);
    close_ledger(db, &arena);
}

static qk_code ask_where(qk_db *db, const qk_ledger_type *type, const char *where, int64_t *rows,
                         qk_arena *arena, qk_error *err)
{
    qk_json_value *root = NULL;
    qk_ledger_figure *out = NULL;
    size_t n = 0;
    qk_ledger_counter all = {.kind = QK_LEDGER_COUNT};
    qk_ledger_ask ask = now_ask;
    ask.today = qk_day_number(at("2025-06-12"));
    assert_done(qk_json_parse(&root, qk_str_of(where), arena, err), err);
    ask.where = root;
    QK_TRY(qk_ledger_count(&out, &n, db, type, &all, &ask, QK_STR(""), arena, err));
    *rows = n ? out->rows : 0;
    return QK_OK;
}

static void test_ledger__conditions_compare_by_the_kind_of_field(void **state)
{
    (void)state;
    static const struct {
        const char *where;
        int64_t rows; /* -1 = refused */
    } cases[] = {
        {"[]", 3},
        {"[[\"opacity\",\">\",0.9]]", 2}, /* 10.0 is more than 9.0, as numbers */
        {"[[\"opacity\",\"<=\",\"9.0\"]]", 1},
        {"[[\"opacity\",\"=\",9]]", 1},
        {"[[\"opacity\",\"empty\",true]]", 1},
        {"[[\"opacity\",\"!=\",\"\"]]", 2},
        {"[[\"date\",\"<\",\"today-2\"]]", 1},
        {"[[\"date\",\">=\",\"2025-06-10\"],[\"result\",\"in\",[\"fail\"]]]", 1},
        {"[[\"machine_code\",\"contains\",\"B\"]]", 1},
        {"[[\"opacity\",\">\",{\"field\":\"opacity\"}]]", 0},
        {"[[\"opacity\",\">\",\"x\"]]", -1},
        {"[[\"none\",\"=\",1]]", -1},
        {"[[\"date\",\"~\",1]]", -1},
        {"[[\"date\",\"in\",1]]", -1},
        {"{}", -1},
        {"[[\"date\",\"=\",\"tomorrow\"]]", -1},
    };
    qk_db *db;
    qk_arena arena;
    open_ledger(&db, &arena);
    qk_ledger_type *type = type_of(db, &arena, "nrmm_test");
    qk_time now = at("2025-06-12T09:00:00");
    add(db, type,
        "{\"machine_code\":\"A1\",\"date\":\"2025-06-01\",\"result\":\"pass\",\"opacity\":9.0}",
        now);
    add(db, type,
        "{\"machine_code\":\"B1\",\"date\":\"2025-06-10\",\"result\":\"fail\",\"opacity\":10.0}",
        now);
    add(db, type, "{\"machine_code\":\"C1\",\"date\":\"2025-06-11\",\"result\":\"pass\"}", now);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qk_error err = {0};
        int64_t rows = -1;
        qk_code code = ask_where(db, type, cases[i].where, &rows, &arena, &err);
        if (code != (cases[i].rows < 0 ? QK_EINVAL : QK_OK) || rows != cases[i].rows)
            fail_msg("%s: %d, %lld rows, %s", cases[i].where, code, (long long)rows, err.message);
    }
    close_ledger(db, &arena);
}

static void test_S023_ledger__an_event_is_counted_once_per_unit(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    size_t n = 0;
    qk_time now = at("2025-07-01T09:00:00");
    open_ledger(&db, &arena);
    qk_ledger_type *type = type_of(db, &arena, "publicity");
#define EVENT(unit, event, channel)                                         \
    "{\"unit\":\"" unit "\",\"event\":\"" event "\",\"channel\":\"" channel \
    "\",\"kind\":\"publicity\",\"date\":\"2025-06-05\"}"
    add(db, type, EVENT("东河镇", "环境日", "现场"), now);
    add(db, type, EVENT("东河镇", "环境日", "电视"), now);
    add(db, type, EVENT("西岭镇", "环境日", "现场"), now);
    add(db, type, EVENT("东河镇", "夏收禁烧", "网络"), now);
    assert_int_equal(figure(db, type, "events", &now_ask, &arena), 3);
    const qk_ledger_figure *f = figures(&n, db, type, "events", &now_ask, "unit", &arena);
    assert_int_equal(n, 2);
    assert_int_equal(f[0].value.mantissa, 2);
    assert_int_equal(f[1].value.mantissa, 1);
    close_ledger(db, &arena);
}

static const char *light_of(qk_db *db, const qk_ledger_type *type, int64_t id, const char *today,
                            qk_arena *arena)
{
    qk_ledger_lights *lights = NULL;
    qk_ledger_row *row = NULL;
    qk_error err = {0};
    assert_done(qk_ledger_lights_new(&lights, type, qk_day_number(at(today)), arena, &err), &err);
    assert_done(qk_ledger_get(&row, db, type, id, arena, &err), &err);
    return qk_ledger_light(lights, row);
}

static void test_S024_ledger__a_request_open_too_long_is_shown_to_the_leader(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    qk_error err = {0};
    open_ledger(&db, &arena);
    qk_ledger_type *type = type_of(db, &arena, "service_ticket");
    int64_t id = add(db, type,
                     "{\"no\":\"1\",\"enterprise\":\"青泽水泥\",\"asked\":\"2025-06-01\","
                     "\"matter\":\"超低排放验收\",\"state\":\"open\"}",
                     at("2025-06-01T09:00:00"));
    qk_ledger_ask ask = now_ask;
    ask.today = qk_day_number(at("2025-06-11"));
    assert_int_equal(figure(db, type, "red_for_leader", &ask, &arena), 0);
    assert_string_equal(light_of(db, type, id, "2025-06-11", &arena), "");
    ask.today++;
    assert_int_equal(figure(db, type, "red_for_leader", &ask, &arena), 1);
    assert_string_equal(light_of(db, type, id, "2025-06-12", &arena), "red");
    assert_done(put_json(db, type, &id, "{\"state\":\"已办结\",\"closed\":\"2025-06-12\"}", 1,
                         at("2025-06-12T09:00:00"), &err),
                &err);
    assert_int_equal(figure(db, type, "red_for_leader", &ask, &arena), 0);
    assert_string_equal(light_of(db, type, id, "2025-06-12", &arena), "green");
    close_ledger(db, &arena);
}

static void test_S022_ledger__a_figure_needs_its_source_and_turns_green_at_its_target(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    qk_error err = {0};
    int64_t id = 0;
    qk_time now = at("2025-07-01T09:00:00");
    open_ledger(&db, &arena);
    qk_ledger_type *type = type_of(db, &arena, "structural_indicator");
#define FIGURE(value, source)                                                                   \
    "{\"indicator\":\"非化石能源占比\",\"period\":\"2025H1\",\"value\":" value                  \
    ",\"direction\":\"least\",\"target\":20,\"date\":\"2025-07-01\",\"unit\":\"发改委\"" source \
    "}"
    assert_int_equal(put_json(db, type, &id, FIGURE("19.9", ""), -1, now, &err), QK_EINVAL);
    assert_string_equal(err.where, "source");
    id = add(db, type, FIGURE("19.9", ",\"source\":\"统计月报\""), now);
    assert_string_equal(light_of(db, type, id, "2025-07-01", &arena), "");
    assert_done(put_json(db, type, &id, "{\"value\":20.0}", 1, now, &err), &err);
    assert_string_equal(light_of(db, type, id, "2025-07-01", &arena), "green");
    close_ledger(db, &arena);
}

static void test_ledger__a_type_with_rows_keeps_its_key(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    qk_ledger_type *type = NULL;
    qk_error err = {0};
#define OWN(more)                                                                                \
    "{\"id\":\"own\",\"title_zh\":\"自定台账\",\"fields\":[{\"name\":\"no\",\"zh\":\"号\"," \
    "\"type\":\"text\",\"key\":true}" more "]}"
    static const char more[] = OWN(",{\"name\":\"money\",\"zh\":\"款\",\"type\":\"money_yuan\"}");
    static const char less[] = OWN("");
    open_ledger(&db, &arena);
    assert_done(qk_ledger_type_parse(&type, qk_str_of(more), &arena, &err), &err);
    assert_done(qk_ledger_type_put(db, type, 0, QK_STR("admin"), 1000, &err), &err);
    assert_int_equal(qk_ledger_type_put(db, type, 0, QK_STR("admin"), 2000, &err), QK_ECONFLICT);
    type = type_of(db, &arena, "own");
    assert_int_equal(type->version, 1);
    add(db, type, "{\"no\":\"1\",\"money\":12.5}", 3000);
    assert_done(qk_ledger_type_parse(&type, qk_str_of(less), &arena, &err), &err);
    assert_int_equal(qk_ledger_type_put(db, type, 1, QK_STR("admin"), 4000, &err), QK_EDENIED);
    assert_non_null(strstr(err.message, "money"));
    close_ledger(db, &arena);
}

/* ---- property: what was known at T is what replaying up to T gives ---- */

enum { STEPS = 400, KEYS = 12 };

typedef struct step {
    qk_time at;
    int64_t id;
    int key, value; /* value -1 = ended */
} step;

static uint64_t draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

typedef struct seen_rows {
    int64_t id[KEYS + 1];
    int value[KEYS + 1];
    size_t n;
} seen_rows;

static qk_code see_row(void *context, const qk_ledger_row *row)
{
    seen_rows *s = context;
    int64_t v = 0;
    assert_true(s->n < KEYS);
    assert_ok(qk_parse_i64(&v, row->values[1]));
    s->id[s->n] = row->id;
    s->value[s->n++] = (int)v;
    return QK_OK;
}

/* Rows that hold after the steps up to `until`, by number. */
static void replay(seen_rows *out, const step *steps, size_t n, qk_time until)
{
    memset(out, 0, sizeof *out);
    for (int64_t id = 1; id <= STEPS; id++) {
        int value = -1;
        for (size_t i = 0; i < n && steps[i].at <= until; i++)
            if (steps[i].id == id) value = steps[i].value;
        if (value < 0) continue;
        out->id[out->n] = id;
        out->value[out->n++] = value;
    }
}

static void run_step(qk_db *db, const qk_ledger_type *type, step *s, int64_t *current,
                     uint64_t *seed)
{
    qk_error err = {0};
    char json[80];
    s->key = (int)(draw(seed) % KEYS);
    s->value = (int)(draw(seed) % 5);
    s->id = current[s->key];
    if (s->id && draw(seed) % 4 == 0) {
        s->value = -1;
        assert_done(qk_ledger_end(db, type, s->id, -1, QK_STR("x"), s->at, &err), &err);
        current[s->key] = 0;
        return;
    }
    snprintf(json, sizeof json, "{\"no\":\"k%d\",\"n\":%d}", s->key, s->value);
    assert_done(put_json(db, type, &s->id, json, -1, s->at, &err), &err);
    current[s->key] = s->id;
}

static void test_ledger__as_known_at_any_time_equals_the_replay(void **state)
{
    (void)state;
    qk_db *db;
    qk_arena arena;
    qk_error err = {0};
    qk_ledger_type *type = NULL;
    uint64_t seed = 20261122;
    int64_t current[KEYS] = {0};
    step *steps = calloc(STEPS, sizeof *steps);
    open_ledger(&db, &arena);
    assert_done(qk_ledger_type_parse(
                    &type,
                    QK_STR("{\"id\":\"p\",\"title_zh\":\"p\",\"fields\":[{\"name\":\"no\",\"zh\":"
                           "\"号\",\"type\":\"text\",\"key\":true},{\"name\":\"n\",\"zh\":\"数\","
                           "\"type\":\"integer\"}]}"),
                    &arena, &err),
                &err);
    assert_ok(qk_db_begin(db, &err));
    for (size_t i = 0; i < STEPS; i++) {
        steps[i].at = (qk_time)(1000 * (i / 3 + 1)); /* several at one moment */
        run_step(db, type, &steps[i], current, &seed);
    }
    assert_ok(qk_db_commit(db, &err));
    for (qk_time t = 500; t < 1000 * (STEPS / 3 + 2); t += 1500) {
        seen_rows want, got = {.n = 0};
        qk_ledger_ask ask = {.valid_at = QK_TIME_NONE, .known_at = t};
        replay(&want, steps, STEPS, t);
        assert_done(qk_ledger_each(db, type, &ask, see_row, &got, &err), &err);
        if (want.n != got.n || memcmp(want.id, got.id, sizeof want.id) != 0 ||
            memcmp(want.value, got.value, sizeof want.value) != 0)
            fail_msg("at %lld: %zu rows, %zu by the replay", (long long)t, got.n, want.n);
    }
    seen_rows got = {.n = 0}, want;
    replay(&want, steps, STEPS, INT64_MAX);
    assert_done(qk_ledger_each(db, type, &now_ask, see_row, &got, &err), &err);
    assert_memory_equal(&want, &got, sizeof want);
    free(steps);
    close_ledger(db, &arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_ledger__every_shipped_type_reads_and_writes_itself),
        qk_dir_test(test_ledger__a_type_that_cannot_stand_is_refused),
        qk_dir_test(test_ledger__values_are_kept_in_one_form_and_others_refused),
        qk_dir_test(test_ledger__rows_have_versions_keys_and_an_end),
        qk_dir_test(test_ledger__counters_count_rows_values_sums_and_shares),
        qk_dir_test(test_ledger__tests_of_machines_are_counted_not_typed),
        qk_dir_test(test_ledger__conditions_compare_by_the_kind_of_field),
        qk_dir_test(test_S023_ledger__an_event_is_counted_once_per_unit),
        qk_dir_test(test_S024_ledger__a_request_open_too_long_is_shown_to_the_leader),
        qk_dir_test(test_S022_ledger__a_figure_needs_its_source_and_turns_green_at_its_target),
        qk_dir_test(test_ledger__a_type_with_rows_keeps_its_key),
        qk_dir_test(test_ledger__as_known_at_any_time_equals_the_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
