/* SPDX-License-Identifier: Apache-2.0 */
/* What is imported for the response: files as a national centre sends them, and files that lie. */
#include "../test.h"

#include "../failing_memory.h"
#include "models/response_import.h"
#include <math.h>

static const char transport[] = "receptor,season,region,share,low,high\n"
                                "A,winter,ours,0.45,0.35,0.55\n"
                                "A,winter,north,0.25,,\n"
                                "\"B, town\",winter,ours,0.3,NA,NA\n";

static void test_S046_import__transport_matrix_keeps_places_seasons_and_ranges(void **state)
{
    (void)state;
    qk_import t;
    assert_ok(qk_import_read(&t, QK_IMPORT_TRANSPORT, QK_STR(transport), "t.csv", NULL));
    assert_int_equal(t.groups, 2);
    assert_int_equal(t.rows, 3);
    assert_string_equal(t.group[1].place, "B, town");
    assert_int_equal(t.group[0].count, 2);
    assert_int_equal(t.group[1].first, 2);
    assert_string_equal(t.share[1].region, "north");
    assert_true(t.share[0].range.low == 0.35 && t.share[0].range.high == 0.55);
    assert_true(t.share[1].range.low == 0.25 && t.share[1].range.high == 0.25);
    qk_import_clear(&t);
    qk_import_clear(&t);
}

static void test_import__elasticities_name_their_source(void **state)
{
    (void)state;
    qk_import t;
    qk_str csv = QK_STR("source,precursor,low,high\nPaper,SO2,0.05,0.2\nPaper,nox,-0.02,0.15\n");
    assert_ok(qk_import_read(&t, QK_IMPORT_ELASTICITY, csv, "e.csv", NULL));
    assert_int_equal(t.groups, 1);
    assert_int_equal(t.elasticity[1].precursor, QK_PRECURSOR_NOX);
    assert_string_equal(t.elasticity[0].source, "Paper");
    assert_true(t.elasticity[1].range.low == -0.02);
    qk_import_clear(&t);
}

typedef struct lie {
    qk_import_kind kind;
    const char *csv;
    uint32_t line, column;
    const char *says;
} lie;

static void test_import__lies_are_refused_by_line_and_column(void **state)
{
    (void)state;
    static const lie lies[] = {
        {QK_IMPORT_TRANSPORT, "receptor,region,share\nA,ours,45\n", 2, 3, "45"},
        {QK_IMPORT_TRANSPORT, "receptor,region,share\nA,ours,0.6\nA,b,0.6\n", 3, 3, "1.2"},
        {QK_IMPORT_TRANSPORT, "receptor,region,share\nA,a,0.6\nA,a,0.1\n", 3, 2, "twice"},
        {QK_IMPORT_TRANSPORT, "receptor,region,share\nA,a,.6\nB,a,.1\nA,b,.1\n", 4, 1, "already"},
        {QK_IMPORT_TRANSPORT, "receptor,region,share,low\nA,a,0.3,0.5\n", 2, 4, "0.5"},
        {QK_IMPORT_TRANSPORT, "receptor,region,share\n,a,0.3\n", 2, 1, "receptor"},
        {QK_IMPORT_TRANSPORT, "receptor,region,share\nA,a,nan\n", 2, 3, "nan"},
        {QK_IMPORT_TRANSPORT, "receptor,region,share\nA,a\n", 2, 0, ""},
        {QK_IMPORT_TRANSPORT, "receptor,share\nA,0.3\n", 1, 0, "region"},
        {QK_IMPORT_TRANSPORT, "receptor,region,share\n", 1, 0, "no rows"},
        {QK_IMPORT_SURFACE, "region,season,nox,so2,nh3,voc,x\na,w,1,0,0,0,one\n", 2, 7, "one"},
        {QK_IMPORT_SURFACE, "region,season,nox,so2,nh3,voc,x\na,w,1.5,0,0,0,1\n", 2, 3, "whole"},
        {QK_IMPORT_SURFACE, "region,season,nox,so2,nh3,voc,x\na,w,-1,0,0,0,1\n", 2, 3, "whole"},
        {QK_IMPORT_ELASTICITY, "precursor,low,high\nno2,0,1\n", 2, 1, "no2"},
        {QK_IMPORT_ELASTICITY, "precursor,low,high\nnox,0,1\nNOx,0,1\n", 3, 1, "twice"},
        {QK_IMPORT_ELASTICITY, "precursor,low,high\nnox,0.4,0.1\n", 2, 2, "above"},
        {QK_IMPORT_ELASTICITY, "precursor,low,high\nnox,0.4,30\n", 2, 3, "30"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        qk_import t;
        qk_error err = {0};
        qk_code code = qk_import_read(&t, lies[i].kind, qk_str_of(lies[i].csv), "given.csv", &err);
        if (code != QK_EFORMAT || err.line != lies[i].line || !strstr(err.message, lies[i].says) ||
            (lies[i].column && err.column != lies[i].column))
            fail_msg("%s: %d, %u:%u: %s", lies[i].csv, code, err.line, err.column, err.message);
        assert_null(t.row);
        assert_int_equal(t.rows, 0);
    }
}

static void test_import__ceilings_hold(void **state)
{
    (void)state;
    qk_buf b;
    qk_import t;
    qk_buf_init(&b, 16 << 20);
    qk_buf_puts(&b, "region,season,nox,so2,nh3,voc,x\n");
    for (int i = 0; i <= QK_IMPORT_ROWS_MAX; i++) qk_buf_puts(&b, "a,w,1,0,0,0,1\n");
    assert_int_equal(qk_import_read(&t, QK_IMPORT_SURFACE, qk_buf_str(&b), "s.csv", NULL),
                     QK_EFULL);
    qk_buf_clear(&b);
    qk_buf_init(&b, 16 << 20);
    qk_buf_puts(&b, "receptor,region,share\n");
    for (int i = 0; i <= QK_IMPORT_GROUPS_MAX; i++) qk_buf_printf(&b, "R%d,a,0.5\n", i);
    assert_int_equal(qk_import_read(&t, QK_IMPORT_TRANSPORT, qk_buf_str(&b), "t.csv", NULL),
                     QK_EFULL);
    qk_buf_clear(&b);
}

static void test_import__any_allocation_may_fail(void **state)
{
    (void)state;
    bool done = false;
    for (unsigned n = 1; !done && n < 200; n++) {
        qk_import t;
        fail_at = n;
        qk_code code = qk_import_read(&t, QK_IMPORT_TRANSPORT, QK_STR(transport), "t.csv", NULL);
        done = fail_at > 0;
        fail_at = 0;
        assert_int_equal(code, done ? QK_OK : QK_ENOMEM);
        assert_int_equal(t.rows, done ? 3 : 0);
        qk_import_clear(&t);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S046_import__transport_matrix_keeps_places_seasons_and_ranges),
        cmocka_unit_test(test_import__elasticities_name_their_source),
        cmocka_unit_test(test_import__lies_are_refused_by_line_and_column),
        cmocka_unit_test(test_import__ceilings_hold),
        cmocka_unit_test(test_import__any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
