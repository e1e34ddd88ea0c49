/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of the demo county: what was planted in it is found, and nothing grave beside it. */
#include "plan_case.h"
#include "base/file.h"

static bool read_source(qk_buf *out, const char *name)
{
    char path[600];
    qk_error err = {0};
    const char *root = getenv("QK_SOURCE_ROOT");
    if (!root) {
        print_message("QK_SOURCE_ROOT is not set: src/sim/plans/%s cannot be read\n", name);
        return false;
    }
    snprintf(path, sizeof path, "%s/src/sim/plans/%s", root, name);
    qk_buf_init(out, 1 << 20);
    if (qk_file_read(out, path, &err) != QK_OK) fail_msg("%s: %s", path, err.message);
    return true;
}

/* A line of the list of defects: "code number-of-the-task". */
static bool is_planted(qk_str list, const qk_plan_finding *f)
{
    while (list.len) {
        qk_str line = qk_str_cut(&list, '\n'), code = qk_str_cut(&line, ' ');
        if (!qk_str_eq(code, qk_str_of(f->code))) continue;
        for (uint32_t i = 0; i < f->where_count; i++)
            if (qk_str_eq(line, f->where[i])) return true;
    }
    return false;
}

static size_t count_lines(qk_str text)
{
    size_t n = 0;
    for (; text.len; n++) (void)qk_str_cut(&text, '\n');
    return n;
}

static void test_county__the_planted_defects_are_found_and_no_grave_one_beside(void **state)
{
    (void)state;
    qk_buf text, defects;
    qk_plan_findings findings;
    qk_error err = {0};
    if (!read_source(&text, "qingze-2025.txt")) skip();
    assert_true(read_source(&defects, "qingze-2025.defects"));
    qk_plan *plan = compiled(text.ptr);
    assert_int_equal(plan->task_count, 40);
    assert_int_equal(plan->target_count, 6);
    assert_int_equal(plan->table_count, 2);
    assert_int_equal(qk_plan_check(&findings, plan, &err), QK_OK);
    size_t found = 0;
    for (uint32_t i = 0; i < findings.finding_count; i++) {
        const qk_plan_finding *f = &findings.at[i];
        bool planted = is_planted(qk_buf_str(&defects), f);
        if (!planted && f->severity == 'H') fail_msg("%s is grave and was not planted", f->code);
        found += planted;
    }
    assert_int_equal(found, count_lines(qk_buf_str(&defects)));
    qk_plan_free(plan);
    qk_buf_clear(&text);
    qk_buf_clear(&defects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_county__the_planted_defects_are_found_and_no_grave_one_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
