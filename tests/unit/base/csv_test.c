/* SPDX-License-Identifier: Apache-2.0 */
/* The source itself: once as it is, once without the processor's wide comparisons. */
#ifdef QK_TEST_PORTABLE
#undef __SSE2__
#endif
#include "base/csv.c"
#include "../test.h"
#include "../failing_memory.h"

static FILE *file_of(const char *text, size_t len)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    rewind(file);
    return file;
}

static qk_csv_reader *open_text(FILE **file, const char *text)
{
    qk_csv_reader *r;
    qk_error err;
    *file = file_of(text, strlen(text));
    if (qk_csv_open(&r, *file, "t.csv", 0, &err)) fail_msg("%s", err.message);
    return r;
}

/* Whole text as "cell|cell|\n" rows, header first. */
static char *read_text(const char *text, qk_code *end, qk_error *err)
{
    qk_buf out;
    FILE *file = file_of(text, strlen(text));
    qk_csv_reader *r;
    const qk_str *cells;
    qk_buf_init(&out, 1 << 24);
    *end = qk_csv_open(&r, file, "t.csv", 0, err);
    if (*end == QK_OK) {
        for (size_t i = 0; i < qk_csv_columns(r); i++)
            qk_buf_printf(&out, "%.*s|", QK_STR_ARG(qk_csv_header(r, i)));
        while ((*end = qk_csv_next(r, &cells, err)) == QK_OK) {
            qk_buf_printf(&out, "\n%u:", qk_csv_line(r));
            for (size_t i = 0; i < qk_csv_columns(r); i++)
                qk_buf_printf(&out, "%.*s|", QK_STR_ARG(cells[i]));
        }
        qk_csv_close(r);
    }
    fclose(file);
    return qk_buf_take(&out, NULL);
}

static void assert_reads(const char *text, const char *want)
{
    qk_code end;
    qk_error err = {0};
    char *got = read_text(text, &end, &err);
    if (end != QK_ENOTFOUND) fail_msg("%s: %s", text, err.message);
    assert_string_equal(got, want);
    free(got);
}

static void test_csv__rows_of_every_shape(void **state)
{
    (void)state;
    assert_reads("a,b\n1,2\n3,4\n", "a|b|\n2:1|2|\n3:3|4|");
    assert_reads("a,b\r\n1,2\r\n3,4", "a|b|\n2:1|2|\n3:3|4|");
    assert_reads("\xEF\xBB\xBF"
                 "a,b\n,\n",
                 "a|b|\n2:||");
    assert_reads("a\tb,c\td\n1\t2\t3\n", "a|b,c|d|\n2:1|2|3|");
    assert_reads("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "a|b|\n2:x,y|say \"hi\"|");
    assert_reads("a,b\n\"line1\nline2\r\nline3\",2\r\n5,6\n",
                 "a|b|\n2:line1\nline2\r\nline3|2|\n5:5|6|");
    assert_reads("a,b\n\"\",\"\"\"\"\n", "a|b|\n2:|\"|");
    assert_reads("\"a,1\",\"b\"\"2\"\n1,\"2\"", "a,1|b\"2|\n2:1|2|");
    assert_reads("a,b\n\n\r\n1,2\n\n", "a|b|\n4:1|2|");
    assert_reads("a\n1\n\n3\n", "a|\n2:1|\n3:|\n4:3|");
    assert_reads("\n\na,b\n1,2", "a|b|\n4:1|2|");
    assert_reads("a,b\n1\r2,3\n", "a|b|\n2:1\r2|3|");
    assert_reads("a,b", "a|b|");
    assert_reads("a,b\n1,\"2\"\r\n", "a|b|\n2:1|2|");
    assert_reads("站,值\n一,二\n", "站|值|\n2:一|二|");
}

static void test_csv__refusals_name_line_and_column(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint32_t line, column;
        const char *word;
    } cases[] = {{"", 1, 1, "header"},
                 {"a,b\n1\n", 2, 2, "fewer"},
                 {"a,b\n1,2,3\n", 2, 5, "more"},
                 {"a,b\n1,2\n\"x\",2,3\n", 3, 7, "more"},
                 {"a,b\n\"x\"\r\n", 2, 4, "fewer"},
                 {"a,b\n站\"x,2\n", 2, 2, "quote inside"},
                 {"a,b\n\"x\"y,2\n", 2, 4, "after a closing"},
                 {"a,b\n\"x\" ,2\n", 2, 4, "after a closing"},
                 {"a,b\n1,\"x\n\n", 2, 3, "never closed"},
                 {"a,b\n\"1\n2\n\",3,4\n", 4, 5, "more"},
                 {"a,b\n\"1\n2\n\"x,3\n", 4, 2, "after a closing"},
                 {"a,b\n1,2,", 2, 5, "more"},
                 {"a,b\n\n\n1", 4, 2, "fewer"},
                 {"a\"b,c\n", 1, 2, "quote inside"},
                 {"\"a", 1, 1, "never closed"},
                 {"a,b\n\"x\"\"", 2, 1, "never closed"},
                 {"a;b\n1;2\n", 1, 1, "separated by ';'"},
                 {"\xc3\xcf,b\n1,2\n", 1, 1, "not UTF-8"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_code end;
        qk_error err = {0};
        free(read_text(cases[i].text, &end, &err));
        if (end != QK_EFORMAT || err.line != cases[i].line || err.column != cases[i].column ||
            !strstr(err.message, cases[i].word)) {
            fail_msg("%s: %d at %u:%u %s", cases[i].text, end, err.line, err.column, err.message);
        }
        assert_string_equal(err.where, "t.csv");
    }
}

static void test_csv__nul_bytes_are_refused(void **state)
{
    (void)state;
    const char text[] = "a,b\n1,2\n3\0,4\n";
    FILE *file = file_of(text, sizeof text - 1);
    qk_csv_reader *r;
    const qk_str *cells;
    qk_error err;
    assert_ok(qk_csv_open(&r, file, "t.csv", ',', &err));
    assert_ok(qk_csv_next(r, &cells, &err));
    assert_int_equal(qk_csv_next(r, &cells, &err), QK_EFORMAT);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 2);
    assert_int_equal(qk_csv_next(r, &cells, &err), QK_EFORMAT);
    qk_csv_close(r);
    fclose(file);
}

static void test_csv__columns_are_found_by_name(void **state)
{
    (void)state;
    FILE *file;
    qk_csv_reader *r = open_text(&file, "Date,pm2.5,DATE,PM2.5\n");
    assert_int_equal(qk_csv_column(r, "PM2.5"), 3);
    assert_int_equal(qk_csv_column(r, "pM2.5"), 1);
    assert_int_equal(qk_csv_column(r, "date"), 0);
    assert_true(qk_csv_column(r, "dat") == SIZE_MAX);
    assert_null(qk_csv_header(r, 4).ptr);
    assert_true(qk_csv_column_twice(r, 0) == SIZE_MAX);
    qk_csv_close(r);
    fclose(file);
    r = open_text(&file, "a,b,a\n");
    assert_int_equal(qk_csv_column_twice(r, 0), 2);
    assert_true(qk_csv_column_twice(r, 1) == SIZE_MAX);
    assert_true(qk_csv_column_twice(r, SIZE_MAX) == SIZE_MAX);
    qk_csv_close(r);
    fclose(file);
    qk_csv_close(NULL);
}

static void test_csv__missing_is_empty_or_na(void **state)
{
    (void)state;
    assert_true(qk_csv_missing(QK_STR("")) && qk_csv_missing(QK_STR("NA")));
    assert_false(qk_csv_missing(QK_STR("N")) || qk_csv_missing(QK_STR("na")) ||
                 qk_csv_missing(QK_STR("0")));
}

static void test_csv__cells_and_rows_have_ceilings(void **state)
{
    (void)state;
    size_t size = (size_t)QK_CSV_ROW_MAX + 100;
    char *text = malloc(size);
    qk_csv_reader *r;
    const qk_str *cells = NULL;
    qk_error err;
    memset(text, 'x', size);
    memcpy(text, "a\n", 2);
    text[2 + QK_CSV_CELL_MAX] = '\n';
    FILE *file = file_of(text, size);
    assert_ok(qk_csv_open(&r, file, "t.csv", ',', &err));
    assert_ok(qk_csv_next(r, &cells, &err));
    assert_int_equal(cells[0].len, QK_CSV_CELL_MAX);
    assert_int_equal(qk_csv_next(r, &cells, &err), QK_EFORMAT);
    assert_int_equal(err.line, 3);
    qk_csv_close(r);
    fclose(file);
    text[2 + QK_CSV_CELL_MAX] = 'x';
    text[3 + QK_CSV_CELL_MAX] = '\n';
    file = file_of(text, 4 + QK_CSV_CELL_MAX);
    assert_ok(qk_csv_open(&r, file, "t.csv", ',', &err));
    assert_int_equal(qk_csv_next(r, &cells, &err), QK_EFORMAT);
    assert_non_null(strstr(err.message, "cell too long"));
    qk_csv_close(r);
    fclose(file);
    memset(text, ',', QK_CSV_COLUMNS_MAX);
    file = file_of(text, QK_CSV_COLUMNS_MAX);
    assert_int_equal(qk_csv_open(&r, file, "t.csv", ',', &err), QK_EFORMAT);
    assert_null(r);
    fclose(file);
    free(text);
}

static void test_csv__put_quotes_where_it_must(void **state)
{
    (void)state;
    qk_buf out;
    qk_buf_init(&out, 1000);
    const char *cells[] = {"a b", "", "x,y", "say \"hi\"", "l1\nl2", "\r", "\"", "'"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cells); i++)
        qk_csv_put(&out, qk_str_of(cells[i]), i == 0);
    assert_string_equal(out.ptr, "a b,,\"x,y\",\"say \"\"hi\"\"\",\"l1\nl2\",\"\r\",\"\"\"\",'");
    qk_buf_clear(&out);
}

/* Random tables written, then read over the seams of the buffer. */
static size_t draw_cell(char cell[200], uint64_t *seed)
{
    static const char marks[] = ",\"\n\rab1 .";
    uint64_t draw = qk_test_random(seed);
    bool plain = draw & 3;
    size_t len = draw >> 8 & 255 ? draw / 4 % 12 : draw / 4 % 200;
    for (size_t i = 0; i < len; i++) {
        uint64_t pick = qk_test_random(seed);
        cell[i] = plain ? (char)('0' + pick % 10) : marks[pick % (sizeof marks - 1)];
    }
    return len;
}

static void test_csv__random_tables_survive_a_round_trip(void **state)
{
    (void)state;
    enum { ROWS = 60000, COLUMNS = 5 };
    qk_buf out;
    char cell[200];
    uint64_t seed = 5;
    qk_buf_init(&out, 64 << 20);
    qk_buf_puts(&out, "a,b,c,d,e\n");
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        size_t len = draw_cell(cell, &seed);
        qk_csv_put(&out, (qk_str){cell, len}, i % COLUMNS == 0);
        if (i % COLUMNS == COLUMNS - 1) qk_buf_puts(&out, i & 1 ? "\r\n" : "\n");
    }
    assert_int_equal(out.failed, QK_OK);
    FILE *file = file_of(out.ptr, out.len);
    qk_csv_reader *r;
    const qk_str *cells = NULL;
    qk_error err;
    assert_ok(qk_csv_open(&r, file, "t.csv", ',', &err));
    seed = 5;
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        if (i % COLUMNS == 0 && qk_csv_next(r, &cells, &err))
            fail_msg("row %d: %s", i, err.message);
        size_t len = draw_cell(cell, &seed);
        if (!qk_str_eq(cells[i % COLUMNS], (qk_str){cell, len})) fail_msg("cell %d", i);
    }
    assert_int_equal(qk_csv_next(r, &cells, &err), QK_ENOTFOUND);
    qk_csv_close(r);
    fclose(file);
    qk_buf_clear(&out);
}

static void test_csv__want_of_memory_is_told(void **state)
{
    (void)state;
    size_t size = 600000;
    char *text = malloc(size);
    memset(text, 'x', size);
    memcpy(text, "a,b\n1,", 6);
    for (unsigned n = 1;; n++) {
        FILE *file = file_of(text, size);
        setvbuf(file, NULL, _IONBF, 0);
        qk_csv_reader *r;
        const qk_str *cells;
        qk_error err;
        fail_at = n;
        qk_code code = qk_csv_open(&r, file, "t.csv", ',', &err);
        if (code == QK_OK) code = qk_csv_next(r, &cells, &err);
        bool done = fail_at != 0;
        fail_at = 0;
        assert_int_equal(code, done ? QK_OK : QK_ENOMEM);
        qk_csv_close(r);
        fclose(file);
        if (done) break;
    }
    free(text);
}

static void test_csv__text_from_outside_is_no_formula(void **state)
{
    (void)state;
    static const struct {
        const char *cell, *want;
    } cases[] = {
        {"", ""},          {"N", "N"},
        {"=1+1", "'=1+1"}, {"+8613", "'+8613"},
        {"-x", "'-x"},     {"@SUM", "'@SUM"},
        {"\tx", "'\tx"},   {"\rx", "\"'\rx\""},
        {"a=b", "a=b"},    {"=a,b", "\"'=a,b\""},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_buf out;
        qk_buf_init(&out, 100);
        qk_csv_put_text(&out, qk_str_of(cases[i].cell), true);
        qk_buf_putc(&out, 0);
        assert_string_equal(out.ptr, cases[i].want);
        qk_buf_clear(&out);
    }
    qk_buf small;
    qk_buf_init(&small, 2);
    qk_csv_put_text(&small, QK_STR("=abc"), true);
    assert_int_equal(small.failed, QK_EFULL);
    qk_buf_clear(&small);
}

static void test_csv__a_reading_error_is_told(void **state)
{
    (void)state;
    FILE *folder = fopen("/", "r");
    qk_csv_reader *r;
    qk_error err;
    assert_non_null(folder);
    assert_int_equal(qk_csv_open(&r, folder, "/", ',', &err), QK_EIO);
    assert_string_equal(err.where, "/");
    fclose(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv__rows_of_every_shape),
        cmocka_unit_test(test_csv__refusals_name_line_and_column),
        cmocka_unit_test(test_csv__nul_bytes_are_refused),
        cmocka_unit_test(test_csv__columns_are_found_by_name),
        cmocka_unit_test(test_csv__missing_is_empty_or_na),
        cmocka_unit_test(test_csv__cells_and_rows_have_ceilings),
        cmocka_unit_test(test_csv__put_quotes_where_it_must),
        cmocka_unit_test(test_csv__text_from_outside_is_no_formula),
        cmocka_unit_test(test_csv__random_tables_survive_a_round_trip),
        cmocka_unit_test(test_csv__want_of_memory_is_told),
        cmocka_unit_test(test_csv__a_reading_error_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
