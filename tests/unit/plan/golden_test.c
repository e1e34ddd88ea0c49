/* SPDX-License-Identifier: Apache-2.0 */
/* Whole plans in styles of their own, labelled by hand from their text: what the compiler reads in
 * them is scored field by field (precision, recall, F1), and the scores are printed.
 * tests/golden/plans holds the plans and their labels in the form of the compiled plan; a label
 * marked "optional" counts neither as missing nor as false. */
#include "plan_case.h"
#include "base/file.h"

enum { KEYS_MAX = 1024, FIELDS_MAX = 24 };

typedef struct keys {
    char *at[KEYS_MAX];
    bool optional[KEYS_MAX];
    uint32_t count;
} keys;

typedef struct tally {
    const char *field;
    uint32_t right, wrong, missing;
} tally;

typedef struct card {
    qk_arena arena;
    tally at[FIELDS_MAX];
    uint32_t count;
} card;

/* White space gone, full-width marks and digits as half-width ones. */
static char *folded(card *c, qk_str s)
{
    char *out = qk_arena_alloc(&c->arena, s.len + 1);
    size_t n = 0, used;
    assert_non_null(out);
    while (s.len) {
        uint32_t cp = qk_utf8_next(s, &used);
        s = (qk_str){s.ptr + used, s.len - used};
        if (cp <= ' ' || cp == 0x3000) continue;
        if (cp >= 0xFF01 && cp <= 0xFF5E) cp -= 0xFEE0;
        n += qk_utf8_put(out + n, cp);
    }
    out[n] = '\0';
    return out;
}

static const char *text_of(card *c, const qk_json_value *v)
{
    return v && v->type != QK_JSON_NULL ? folded(c, v->text) : "-";
}

static const char *member(card *c, const qk_json_value *row, const char *name)
{
    double number;
    if (!qk_json_get_f64(row, name, &number)) return text_of(c, qk_json_get(row, name));
    char *out = qk_arena_printf(&c->arena, "%g", number);
    assert_non_null(out);
    return out;
}

static void add_key(keys *k, char *text, const qk_json_value *row)
{
    assert_non_null(text);
    assert_true(k->count < KEYS_MAX);
    k->optional[k->count] = row && qk_json_get_bool(row, "optional", false);
    k->at[k->count++] = text;
}

/* A key for each row of a list: its number, then the members named. */
static void add_rows(card *c, keys *k, const char *no, const qk_json_value *list, const char *first,
                     const char *second)
{
    for (const qk_json_value *r = list ? list->first : NULL; r; r = r->next)
        add_key(k,
                qk_arena_printf(&c->arena, "%s|%s|%s", no, member(c, r, first),
                                second ? member(c, r, second) : ""),
                r);
}

static void add_texts(card *c, keys *k, const char *no, const qk_json_value *row, const char *list)
{
    const qk_json_value *v = qk_json_get(row, list);
    for (const qk_json_value *r = v ? v->first : NULL; r; r = r->next)
        add_key(k, qk_arena_printf(&c->arena, "%s|%s|%s", no, list, text_of(c, r)), NULL);
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* A system is the same when one name holds the other and is at most twice as long. */
static bool overlaps(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    return (strstr(a, b) || strstr(b, a)) && (n < m ? n * 2 >= m : m * 2 >= n);
}

static bool take(keys *want, const char *got, bool optional,
                 bool (*fits)(const char *, const char *))
{
    for (uint32_t i = 0; i < want->count; i++)
        if (want->at[i] && want->optional[i] == optional && fits(want->at[i], got)) {
            if (!optional || fits == same) want->at[i] = NULL;
            return true;
        }
    return false;
}

static void score(card *c, const char *field, keys *want, const keys *got,
                  bool (*fits)(const char *, const char *))
{
    tally *t = &c->at[c->count++];
    assert_true(c->count <= FIELDS_MAX);
    *t = (tally){.field = field};
    for (uint32_t i = 0; i < got->count; i++)
        if (take(want, got->at[i], false, fits)) {
            t->right++;
        } else if (!take(want, got->at[i], true, fits)) {
            t->wrong++;
            print_message("    %s: %s is not in the labels\n", field, got->at[i]);
        }
    for (uint32_t i = 0; i < want->count; i++)
        if (want->at[i] && !want->optional[i]) {
            t->missing++;
            print_message("    %s: %s was not found\n", field, want->at[i]);
        }
}

static void head_keys(card *c, keys *k, const qk_json_value *plan)
{
    static const char *const names[] = {"title", "doc_no", "region", "issued"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(names); i++)
        add_key(k, qk_arena_printf(&c->arena, "%s %s", names[i], member(c, plan, names[i])), NULL);
    const qk_json_value *period = qk_json_get(plan, "period");
    add_key(k,
            qk_arena_printf(&c->arena, "draft %d %s-%s", qk_json_get_bool(plan, "draft", false),
                            member(c, period, "from"), member(c, period, "to")),
            NULL);
}

typedef void walk_fn(card *c, keys *k, const char *no, const qk_json_value *row);

static void task_names(card *c, keys *k, const char *no, const qk_json_value *t)
{
    add_key(
        k,
        qk_arena_printf(&c->arena, "%s|%s|%s", no, member(c, t, "section"), member(c, t, "title")),
        NULL);
}

static void task_duties(card *c, keys *k, const char *no, const qk_json_value *t)
{
    static const char *const roles[] = {"lead", "support", "responsible", "people", "supervise"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(roles); i++) add_texts(c, k, no, t, roles[i]);
}

static void task_deadlines(card *c, keys *k, const char *no, const qk_json_value *t)
{
    add_rows(c, k, no, qk_json_get(t, "deadlines"), "date", "start");
}

static void task_indicators(card *c, keys *k, const char *no, const qk_json_value *t)
{
    add_rows(c, k, no, qk_json_get(t, "indicators"), "value", "unit");
}

static void task_recurring(card *c, keys *k, const char *no, const qk_json_value *t)
{
    for (const qk_json_value *r = qk_json_get(t, "recurring") ? qk_json_get(t, "recurring")->first
                                                              : NULL;
         r; r = r->next)
        if (!qk_str_eq(qk_json_get_str(r, "every"), QK_STR("standing")))
            add_key(k, qk_arena_printf(&c->arena, "%s|%s", no, member(c, r, "every")), r);
}

static void task_fields(card *c, keys *k, const char *no, const qk_json_value *t)
{
    const qk_json_value *v = qk_json_get(t, "fields");
    for (const qk_json_value *f = v ? v->first : NULL; f; f = f->next) {
        add_texts(c, k, no, f, "units");
        add_texts(c, k, no, f, "with");
        add_key(k,
                qk_arena_printf(&c->arena, "%s|%s|%s", no, member(c, f, "field"),
                                member(c, f, "check")),
                NULL);
    }
}

static void walk(card *c, keys *k, const qk_json_value *plan, const char *list, walk_fn *each)
{
    const qk_json_value *v = qk_json_get(plan, list);
    for (const qk_json_value *r = v ? v->first : NULL; r; r = r->next)
        each(c, k, member(c, r, "no"), r);
}

static void cell_keys(card *c, keys *k, const qk_json_value *plan)
{
    for (const qk_json_value *t = qk_json_get(plan, "tables")->first; t; t = t->next)
        for (const qk_json_value *r = qk_json_get(t, "rows")->first; r; r = r->next)
            for (const qk_json_value *cell = r->first; cell; cell = cell->next)
                if (cell->text.len) add_key(k, folded(c, cell->text), NULL);
}

static void money_keys(card *c, keys *k, const qk_json_value *plan, bool payer)
{
    for (const qk_json_value *r = qk_json_get(plan, "penalties")->first; r; r = r->next) {
        const char *who = member(c, r, "payer");
        if (!payer)
            add_key(k, (char *)(uintptr_t)member(c, r, "amount_yuan"), r);
        else if (!same(who, "-"))
            add_key(k, qk_arena_printf(&c->arena, "%s %s", member(c, r, "amount_yuan"), who), r);
    }
}

static void score_walk(card *c, const char *field, const qk_json_value *gold,
                       const qk_json_value *got, const char *list, walk_fn *each)
{
    keys want = {0}, have = {0};
    walk(c, &want, gold, list, each);
    walk(c, &have, got, list, each);
    score(c, field, &want, &have, same);
}

static void target_keys(card *c, keys *k, const qk_json_value *plan)
{
    for (const qk_json_value *t = qk_json_get(plan, "targets")->first; t; t = t->next)
        add_key(k,
                qk_arena_printf(&c->arena, "%s|%s|%s|%s", member(c, t, "metric"),
                                member(c, t, "value"), member(c, t, "unit"), member(c, t, "year")),
                t);
}

static void score_rows(card *c, const qk_json_value *gold, const qk_json_value *got)
{
    keys want = {0}, have = {0};
    head_keys(c, &want, gold);
    head_keys(c, &have, got);
    score(c, "head", &want, &have, same);
    want = have = (keys){0};
    target_keys(c, &want, gold);
    target_keys(c, &have, got);
    score(c, "targets", &want, &have, same);
    want = have = (keys){0};
    cell_keys(c, &want, gold);
    cell_keys(c, &have, got);
    score(c, "table cells", &want, &have, same);
}

static void score_money(card *c, const qk_json_value *gold, const qk_json_value *got)
{
    for (int payer = 0; payer < 2; payer++) {
        keys want = {0}, have = {0};
        money_keys(c, &want, gold, payer);
        money_keys(c, &have, got, payer);
        score(c, payer ? "payers" : "money rules", &want, &have, same);
    }
    keys want = {0}, have = {0};
    add_rows(c, &want, "", qk_json_get(gold, "systems"), "text", NULL);
    add_rows(c, &have, "", qk_json_get(got, "systems"), "text", NULL);
    score(c, "systems", &want, &have, overlaps);
}

static double print_card(const card *c, const char *name)
{
    double sum = 0;
    print_message("%s\n", name);
    for (uint32_t i = 0; i < c->count; i++) {
        const tally *t = &c->at[i];
        double found = t->right + t->wrong, there = t->right + t->missing;
        double p = found > 0 ? t->right / found : t->missing ? 0 : 1;
        double r = there > 0 ? t->right / there : 1;
        double f = p + r > 0 ? 2 * p * r / (p + r) : 0;
        sum += f;
        print_message("  %-13s precision %.3f  recall %.3f  F1 %.3f  (%u of %u)\n", t->field, p, r,
                      f, t->right, t->right + t->missing);
    }
    print_message("  F1 %.3f\n", sum / c->count);
    return sum / c->count;
}

static bool read_golden(qk_buf *out, const char *name, const char *ending)
{
    char path[600];
    qk_error err = {0};
    const char *root = getenv("QK_SOURCE_ROOT");
    if (!root) {
        print_message("QK_SOURCE_ROOT is not set: tests/golden/plans cannot be read\n");
        return false;
    }
    snprintf(path, sizeof path, "%s/tests/golden/plans/%s.%s", root, name, ending);
    qk_buf_init(out, 1 << 20);
    if (qk_file_read(out, path, &err) != QK_OK) fail_msg("%s: %s", path, err.message);
    return true;
}

static double score_plan(const char *name)
{
    qk_buf text, label, json;
    qk_json_writer w;
    qk_json_value *gold, *got;
    card *c = calloc(1, sizeof *c);
    assert_non_null(c);
    if (!read_golden(&text, name, "txt")) skip();
    assert_true(read_golden(&label, name, "json"));
    qk_plan *plan = compiled(text.ptr);
    qk_arena_init(&c->arena, 64 << 20);
    qk_buf_init(&json, 16 << 20);
    qk_json_init(&w, &json);
    qk_plan_write(plan, &w, false);
    assert_ok(qk_json_parse(&gold, qk_buf_str(&label), &c->arena, NULL));
    assert_ok(qk_json_parse(&got, qk_buf_str(&json), &c->arena, NULL));
    score_rows(c, gold, got);
    score_walk(c, "tasks", gold, got, "tasks", task_names);
    score_walk(c, "duties", gold, got, "tasks", task_duties);
    score_walk(c, "deadlines", gold, got, "tasks", task_deadlines);
    score_walk(c, "indicators", gold, got, "tasks", task_indicators);
    score_walk(c, "recurring", gold, got, "tasks", task_recurring);
    score_walk(c, "filings", gold, got, "safeguards", task_deadlines);
    score_walk(c, "fields", gold, got, "safeguards", task_fields);
    score_walk(c, "rhythms", gold, got, "safeguards", task_recurring);
    score_money(c, gold, got);
    double f1 = print_card(c, name);
    qk_plan_free(plan);
    qk_arena_clear(&c->arena);
    free(c);
    qk_buf_clear(&text);
    qk_buf_clear(&label);
    qk_buf_clear(&json);
    return f1;
}

static void test_S001_golden__a_district_plan_in_chapters_with_label_lines(void **state)
{
    (void)state;
    assert_true(score_plan("yunxi-2026") >= 0.98);
}

static void test_S001_golden__a_plan_of_three_years_in_full_width_digits(void **state)
{
    (void)state;
    assert_true(score_plan("lanjiang-2024-2026") >= 0.98);
}

static void test_S001_golden__a_draft_that_pages_have_cut(void **state)
{
    (void)state;
    assert_true(score_plan("qinghe-2026-draft") >= 0.98);
}

static void test_S001_golden__tasks_that_stand_in_a_table_alone(void **state)
{
    (void)state;
    assert_true(score_plan("shaping-2026") >= 0.98);
}

static void test_S001_golden__a_township_that_numbers_loosely_and_signs_below(void **state)
{
    (void)state;
    assert_true(score_plan("liuwan-2026") >= 0.98);
}

static void test_S001_golden__a_draft_in_traditional_characters_with_shares_in_words(void **state)
{
    (void)state;
    assert_true(score_plan("qinglan-2026-draft") >= 0.98);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S001_golden__a_district_plan_in_chapters_with_label_lines),
        cmocka_unit_test(test_S001_golden__a_plan_of_three_years_in_full_width_digits),
        cmocka_unit_test(test_S001_golden__a_draft_that_pages_have_cut),
        cmocka_unit_test(test_S001_golden__tasks_that_stand_in_a_table_alone),
        cmocka_unit_test(test_S001_golden__a_township_that_numbers_loosely_and_signs_below),
        cmocka_unit_test(test_S001_golden__a_draft_in_traditional_characters_with_shares_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
