/* SPDX-License-Identifier: Apache-2.0 */
/* Expected against actual, line by line. */
#include "domain/year.h"
#include "domain_test.h"

static int32_t day(const char *iso)
{
    return qk_day_number(at(iso));
}

static qk_dec dec(const char *text)
{
    qk_dec d = {0, 0};
    assert_ok(qk_dec_parse(&d, qk_str_of(text)));
    return d;
}

typedef struct judged_case {
    const char *what, *kind, *op, *unit, *every, *value, *actual; /* actual "" = no figure */
    const char *due, *judged;
    int month;                              /* of 2026 */
    const char *expected, *colour, *reason; /* colour "" = none */
} judged_case;

static const judged_case cases[] = {
    /* 274 tests by the year's end: half of them are due by the middle of it */
    {"half", "indicator", "==", "台次", "", "274", "137", "2026-12-31", "2026-07-01", 6, "137.00",
     "green", "on_schedule"},
    {"behind by 12 %", "indicator", "==", "台次", "", "274", "120", "2026-12-31", "2026-07-01", 6,
     "137.00", "yellow", "behind"},
    {"behind by 10 %", "indicator", "==", "台", "", "200", "90", "2026-12-31", "2026-07-01", 6,
     "100.00", "yellow", "behind"},
    {"behind by less", "indicator", "==", "台", "", "200", "90.1", "2026-12-31", "2026-07-01", 6,
     "100.00", "green", "on_schedule"},
    {"15 days to go", "indicator", "==", "家", "", "12", "12", "2026-07-16", "2026-07-01", 6,
     "10.29", "green", "met"},
    {"near and not done", "indicator", "==", "家", "", "12", "11", "2026-07-16", "2026-07-01", 6,
     "10.29", "yellow", "near"},
    {"16 days to go", "indicator", "==", "家", "", "12", "11", "2026-07-17", "2026-07-01", 6,
     "10.29", "green", "on_schedule"},
    {"overdue on the next day", "indicator", "==", "家", "", "12", "11", "2026-10-31", "2026-11-01",
     10, "12.00", "red", "overdue"},
    {"not on the day itself", "indicator", "==", "家", "", "12", "11", "2026-10-31", "2026-10-31",
     10, "12.00", "yellow", "near"},
    {"no figure is never green", "indicator", "==", "台", "", "274", "", "2026-12-31", "2026-07-01",
     6, "137.00", "", "no_figure"},
    {"no figure and overdue", "indicator", "==", "家", "", "12", "", "2026-10-31", "2026-11-01", 10,
     "12.00", "red", "overdue"},
    /* good days come with the year: a third of them by the end of April */
    {"good days on the way", "target", ">=", "天", "", "243", "85", "2026-12-31", "2026-05-01", 4,
     "81.00", "green", "on_schedule"},
    {"good days too few", "target", ">=", "天", "", "243", "72", "2026-12-31", "2026-05-01", 4,
     "81.00", "yellow", "behind"},
    {"good days missed", "target", ">=", "天", "", "243", "242", "2026-12-31", "2027-01-01", 12,
     "243.00", "red", "overdue"},
    {"heavy days within", "target", "<=", "天", "", "5", "1", "2026-12-31", "2026-05-01", 4, "5",
     "green", "met"},
    /* levels are held against their bound all year */
    {"a mean that is kept", "target", "<=", "ug/m3", "", "44", "44", "2026-12-31", "2026-07-01", 6,
     "44", "green", "met"},
    {"a mean above", "target", "<=", "ug/m3", "", "44", "44.1", "2026-12-31", "2026-07-01", 6, "44",
     "yellow", "below_bound"},
    {"a mean above at the end", "target", "<=", "ug/m3", "", "44", "44.1", "2026-12-31",
     "2027-01-01", 12, "44", "red", "overdue"},
    {"94.96 is not 95", "indicator", ">=", "%", "", "95", "94.96", "2026-12-31", "2026-07-01", 6,
     "95", "yellow", "below_bound"},
    /* a period that is over without it is lost */
    {"41 of 210 kitchens", "recurring", ">=", "%", "month", "20", "19.52", "2026-12-31",
     "2026-07-01", 6, "20", "red", "period_missed"},
    {"42 of 210 kitchens", "recurring", ">=", "%", "month", "20", "20", "2026-12-31", "2026-07-01",
     6, "20", "green", "met"},
    {"a quarter under way", "recurring", ">=", "次/季度", "quarter", "1", "0", "2026-12-31",
     "2026-06-01", 5, "1", "green", "on_schedule"},
    {"a quarter over", "recurring", ">=", "次/季度", "quarter", "1", "0", "2026-12-31",
     "2026-07-01", 6, "1", "red", "period_missed"},
    /* a duty without a number */
    {"a task overdue", "task", "", "", "", "", "", "2026-05-31", "2026-06-01", 5, "", "red",
     "overdue"},
    {"a task near", "task", "", "", "", "", "", "2026-06-15", "2026-06-01", 5, "", "yellow",
     "near"},
    {"a task reported", "task", "", "", "", "", "1", "2026-12-31", "2026-06-01", 5, "", "green",
     "on_schedule"},
    {"a task far off, silent", "task", "", "", "", "", "", "2026-12-31", "2026-06-01", 5, "", "",
     "no_figure"},
};

static void check_case(const judged_case *c)
{
    qk_line_judged got;
    char expected[QK_DEC_TEXT];
    qk_line_facts f = {.kind = qk_str_of(c->kind),
                       .op = qk_str_of(c->op),
                       .unit = qk_str_of(c->unit),
                       .every = qk_str_of(c->every),
                       .state = QK_STR("open"),
                       .has_value = c->value[0] != 0,
                       .has_actual = c->actual[0] != 0,
                       .start_day = day("2026-01-01"),
                       .due_day = day(c->due),
                       .month = 2026 * 12 + c->month - 1,
                       .judged_day = day(c->judged),
                       .behind_percent = 10,
                       .near_days = 15};
    if (f.has_value) f.value = f.value2 = dec(c->value);
    if (f.has_actual) f.actual = dec(c->actual);
    qk_year_judge_line(&got, &f);
    const char *colour = qk_colour_name(got.colour) ? qk_colour_name(got.colour) : "";
    qk_dec_format(expected, got.expected);
    if (strcmp(colour, c->colour) != 0 || strcmp(got.reason, c->reason) != 0)
        fail_msg("%s: %s %s, not %s %s", c->what, colour, got.reason, c->colour, c->reason);
    if (c->expected[0] && strcmp(expected, c->expected) != 0)
        fail_msg("%s: expected %s, not %s", c->what, expected, c->expected);
    assert_int_equal(got.has_expected, c->expected[0] != 0);
}

static void test_S010_year__expected_against_actual_gives_the_colour(void **state)
{
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) check_case(&cases[i]);
}

static void test_year__what_is_done_stays_green(void **state)
{
    (void)state;
    qk_line_judged got;
    qk_line_facts f = {.kind = QK_STR("task"),
                       .state = QK_STR("done"),
                       .due_day = day("2026-05-31"),
                       .start_day = INT32_MIN,
                       .month = 2026 * 12 + 6,
                       .judged_day = day("2026-08-01"),
                       .behind_percent = 10,
                       .near_days = 15};
    qk_year_judge_line(&got, &f);
    assert_true(got.met);
    assert_string_equal(qk_colour_name(got.colour), "green");
}

static void test_year__a_printed_path_is_held_before_the_months(void **state)
{
    (void)state;
    qk_arena arena;
    qk_json_value *path = NULL;
    qk_line_judged got;
    char text[QK_DEC_TEXT];
    qk_arena_init(&arena, 1 << 20);
    assert_ok(
        qk_json_parse(&path, QK_STR("[[\"2026-03-31\",20],[\"2026-06-30\",200]]"), &arena, NULL));
    qk_line_facts f = {.kind = QK_STR("indicator"),
                       .op = QK_STR("=="),
                       .unit = QK_STR("台"),
                       .state = QK_STR("open"),
                       .has_value = true,
                       .has_actual = true,
                       .value = dec("274"),
                       .actual = dec("150"),
                       .path = path,
                       .start_day = day("2026-01-01"),
                       .due_day = day("2026-12-31"),
                       .month = 2026 * 12 + 4,
                       .judged_day = day("2026-06-01"),
                       .behind_percent = 10,
                       .near_days = 15};
    qk_year_judge_line(&got, &f);
    assert_string_equal(qk_dec_format(text, got.expected), "20");
    f.month++;
    f.judged_day = day("2026-07-01");
    qk_year_judge_line(&got, &f);
    assert_string_equal(qk_dec_format(text, got.expected), "200");
    assert_string_equal(got.reason, "behind");
    qk_arena_clear(&arena);
}

static void test_year__months_are_written_and_read(void **state)
{
    (void)state;
    char text[8];
    int32_t month = 0;
    assert_true(qk_month_parse(&month, QK_STR("2026-06")));
    assert_int_equal(month, 2026 * 12 + 5);
    assert_string_equal(qk_month_text(text, month), "2026-06");
    assert_string_equal(qk_month_text(text, month + 7), "2027-01");
    assert_false(qk_month_parse(&month, QK_STR("2026-13")));
    assert_false(qk_month_parse(&month, QK_STR("2026-6")));
    assert_false(qk_month_parse(&month, QK_STR("2026/06")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S010_year__expected_against_actual_gives_the_colour),
        cmocka_unit_test(test_year__what_is_done_stays_green),
        cmocka_unit_test(test_year__a_printed_path_is_held_before_the_months),
        cmocka_unit_test(test_year__months_are_written_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
