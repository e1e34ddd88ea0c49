/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers as tables: CSV and xlsx, out and in. */
#include "domain/ledger_sheet.h"
#include "domain/sheet_xlsx.h"
#include "domain_test.h"
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <sys/mman.h>

static const qk_ledger_ask now_ask = {.valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE};

typedef struct desk {
    qk_db *db;
    qk_arena arena;
    qk_ledger_type *type;
    qk_ledger_import got;
    qk_error err;
} desk;

static void open_desk(desk *d, const char *ledger)
{
    memset(d, 0, sizeof *d);
    d->db = open_db();
    qk_arena_init(&d->arena, 64 << 20);
    assert_done(
        qk_ledger_type_get(&d->type, d->db, qk_str_of(ledger), QK_TIME_NONE, &d->arena, &d->err),
        &d->err);
}

static void close_desk(desk *d)
{
    qk_arena_clear(&d->arena);
    qk_db_close(d->db);
}

static qk_code import(desk *d, const char *csv, bool commit)
{
    d->err = (qk_error){0};
    return qk_ledger_import_csv(&d->got, d->db, d->type, qk_str_of(csv), commit,
                                &(qk_ledger_author){.by = QK_STR("clerk")},
                                at("2025-06-30T09:00:00"), &d->arena, &d->err);
}

static char *export(desk *d, int heading)
{
    qk_buf out;
    qk_buf_init(&out, QK_LEDGER_SHEET_BYTES);
    assert_done(qk_ledger_csv(&out, d->db, d->type, &now_ask, heading, &d->err), &d->err);
    return qk_buf_take(&out, NULL);
}

static void assert_refused(const desk *d, size_t i, uint32_t line, uint32_t column,
                           const char *text)
{
    assert_true(i < d->got.refusal_count);
    const qk_ledger_refusal *r = &d->got.refusals[i];
    if (r->line != line || r->column != column || !strstr(r->text, text))
        fail_msg("%u:%u %s", r->line, r->column, r->text);
}

static void test_ledger_sheet__an_import_is_looked_at_before_it_is_taken(void **state)
{
    (void)state;
    desk d;
    open_desk(&d, "nrmm_test");
    static const char first[] = "环保登记号码,检测日期,结论,光吸收系数\r\nA1,2025/6/3,合格,0.5\r\n"
                                "A2,2025-06-04,不合格,1.2\r\n";
    assert_done(import(&d, first, false), &d.err);
    assert_int_equal(d.got.added, 2);
    assert_int_equal(number_of(d.db, "SELECT count(*) FROM ledger_row"), 0);
    assert_done(import(&d, first, true), &d.err);
    assert_int_equal(number_of(d.db, "SELECT count(*) FROM ledger_row"), 2);
    static const char second[] = "machine_code,Date,retested\nA1,2025-06-03,\nA2,2025-06-04,是\n"
                                 ",,\nA3,2025-06-05,\n";
    assert_done(import(&d, second, false), &d.err);
    assert_int_equal(d.got.same, 1);
    assert_int_equal(d.got.changed, 1); /* the columns that are not there stay as they are */
    assert_int_equal(d.got.refused, 1);
    assert_refused(&d, 0, 5, 0, "needed"); /* a new row without its result */
    close_desk(&d);
}

static void test_ledger_sheet__one_wrong_cell_and_nothing_is_taken(void **state)
{
    (void)state;
    desk d;
    open_desk(&d, "nrmm_test");
    assert_done(import(&d,
                       "machine_code,date,result,opacity\nA1,2025-06-03,pass,0.5\n"
                       "A2,2025-06-31,pass,0.5\nA3,2025-06-03,good,99\nA1,2025-06-03,pass,1\n",
                       true),
                &d.err);
    assert_int_equal(d.got.refused, 3);
    assert_int_equal(d.got.added, 1);
    assert_refused(&d, 0, 3, 2, "date");
    assert_refused(&d, 1, 4, 3, "none of the choices");
    assert_refused(&d, 2, 4, 4, "larger");
    assert_refused(&d, 3, 5, 0, "line 2");
    assert_int_equal(number_of(d.db, "SELECT count(*) FROM ledger_row"), 0);
    assert_done(import(&d, "machine_code,colour\nA1,red\n", true), &d.err);
    assert_refused(&d, 0, 1, 2, "no such column");
    assert_refused(&d, 1, 1, 0, "key");
    assert_int_equal(import(&d, "machine_code,date,result\nA1,2025-06-03\n", true), QK_EFORMAT);
    assert_int_equal(d.err.line, 2);
    assert_int_equal(import(&d, "", true), QK_EFORMAT);
    close_desk(&d);
}

static void test_ledger_sheet__a_formula_leaves_as_text_and_comes_back_as_it_was(void **state)
{
    (void)state;
    desk d;
    open_desk(&d, "service_ticket");
    static const char row[] = "no,enterprise,asked,matter,state\r\n"
                              "1,\"=HYPERLINK(\"\"x\"\")\",2025-06-01,\"a,b\",办理中\r\n";
    assert_done(import(&d, row, true), &d.err);
    char *csv = export(&d, QK_ZH);
    assert_non_null(strstr(csv, "\"'=HYPERLINK"));
    assert_non_null(strstr(csv, ",办理中,"));
    assert_done(import(&d, csv, false), &d.err);
    assert_int_equal(d.got.same, 1);
    free(csv);
    csv = export(&d, -1);
    assert_non_null(strstr(csv, ",open,"));
    assert_done(import(&d, csv, false), &d.err);
    assert_int_equal(d.got.same, 1);
    free(csv);
    close_desk(&d);
}

static void test_ledger_sheet__text_of_other_charsets_is_read(void **state)
{
    (void)state;
    /* 编号 in GB 18030 */
    static const char gb[] = "\xB1\xE0\xBA\xC5\n1\n", utf16[] = "\xFF\xFE\x16\x7F\xF7\x53\n\0001\0";
    qk_buf out;
    qk_error err = {0};
    qk_buf_init(&out, 1000);
    assert_done(qk_ledger_sheet_text(&out, QK_STR(gb), &err), &err);
    assert_string_equal(out.ptr, "编号\n1\n");
    qk_buf_reset(&out);
    assert_done(qk_ledger_sheet_text(&out, QK_STR(utf16), &err), &err);
    assert_string_equal(out.ptr, "编号\n1");
    qk_buf_reset(&out);
    assert_int_equal(qk_ledger_sheet_text(&out, QK_STR("a\0b"), &err), QK_EFORMAT);
    assert_int_equal(qk_ledger_sheet_text(&out, QK_STR("\xD0\xCF\x11\xE0"), &err), QK_EUNSUPPORTED);
    qk_buf_clear(&out);
}

static void test_ledger_sheet__a_workbook_goes_out_and_comes_back_the_same(void **state)
{
    (void)state;
    desk d;
    qk_buf book, csv;
    open_desk(&d, "nrmm_test");
    assert_done(import(&d,
                       "machine_code,date,result,opacity,place,retested\nA1,2025-06-03,pass,0.30,"
                       "=1+1,是\n007,2025-06-04,fail,,\"x\"\"y,z\",\n",
                       true),
                &d.err);
    qk_buf_init(&book, QK_XLSX_FILE_MAX);
    qk_buf_init(&csv, QK_XLSX_TEXT_MAX);
    assert_done(qk_ledger_xlsx(&book, d.db, d.type, &now_ask, QK_ZH, &d.err), &d.err);
    assert_done(qk_ledger_sheet_text(&csv, qk_buf_str(&book), &d.err), &d.err);
    assert_non_null(strstr(csv.ptr, "007,"));
    assert_done(import(&d, csv.ptr, false), &d.err);
    assert_int_equal(d.got.refused, 0);
    /* 0.30 went as the number 0.3: the same value in other digits. */
    assert_int_equal(d.got.same + d.got.changed, 2);
    qk_buf_clear(&csv);
    qk_buf_clear(&book);
    close_desk(&d);
}

static const char strings[] =
    "<sst><si><t>no</t></si><si><r><t>甲</t></r><r><t>乙</t></r></si></sst>";
static const char styles[] =
    "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy&quot;年&quot;m\"/><numFmt "
    "numFmtId=\"165\" formatCode=\"0.00&quot;day&quot;\"/></numFmts><cellXfs><xf numFmtId=\"0\"/>"
    "<xf numFmtId=\"164\"/><xf numFmtId=\"165\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";

#define SHEET(rows) "<worksheet><sheetData>" rows "</sheetData></worksheet>"

static void read_sheet(const char *sheet, qk_code want, const char *text)
{
    qk_buf csv;
    qk_error err = {0};
    qk_buf_init(&csv, 1 << 20);
    qk_code code = qk_xlsx_sheet(&csv, qk_str_of(sheet), QK_STR(strings), QK_STR(styles), &err);
    if (code != want) fail_msg("%s: %d %s", sheet, code, err.message);
    if (code == QK_OK) assert_string_equal(csv.ptr ? csv.ptr : "", text);
    if (code != QK_OK && !strstr(err.message, text)) fail_msg("'%s'", err.message);
    qk_buf_clear(&csv);
}

static void test_sheet_xlsx__cells_become_a_table_whose_lines_are_the_sheets_rows(void **state)
{
    (void)state;
    read_sheet(SHEET("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"inlineStr\"><is>"
                     "<t>a\nb</t></is></c></row><row r=\"4\"><c r=\"A4\" t=\"s\"><v>1</v></c><c "
                     "r=\"B4\"><v>0.30000000000000004</v></c></row>"),
               QK_OK, "no,,a b\n,,\n,,\n甲乙,0.3,\n");
    read_sheet(SHEET("<row><c s=\"1\"><v>45838</v></c><c s=\"2\"><v>45838</v></c><c s=\"3\"><v>"
                     "45838.5</v></c><c t=\"b\"><v>1</v></c><c t=\"str\"><f>1+1</f><v>2</v></c>"
                     "</row><row/><row s=\"9\"><c r=\"A999999\" s=\"1\"/></row>"),
               QK_OK, "2025-06-30,45838,2025-06-30T12:00:00,true,2\n");
}

static void test_sheet_xlsx__hostile_sheets_are_refused(void **state)
{
    (void)state;
    read_sheet("<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet/>", QK_EFORMAT, "DOCTYPE");
    read_sheet(SHEET("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>9</v></c></row>"), QK_EFORMAT,
               "does not hold");
    read_sheet(SHEET("<row r=\"30000\"><c><v>1</v></c></row>"), QK_EFULL, "20,000");
    read_sheet(SHEET("<row r=\"1\"><c r=\"ZZ1\"><v>1</v></c></row>"), QK_EFULL, "256");
    read_sheet(SHEET("<row r=\"2\"><c r=\"B2\"><v>1</v></c><c r=\"A2\"><v>1</v></c></row>"),
               QK_EFORMAT, "order");
    read_sheet("<worksheet><sheetData>", QK_EFORMAT, "broken XML");
    qk_buf deep;
    qk_buf_init(&deep, 1 << 20);
    for (int i = 0; i < 80; i++) qk_buf_puts(&deep, "<a>");
    read_sheet(deep.ptr, QK_EFORMAT, "deep");
    qk_buf_clear(&deep);
}

static void put_entry(struct archive *a, const char *name, const char *bytes, size_t len)
{
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_size(e, (la_int64_t)len);
    archive_entry_set_filetype(e, AE_IFREG);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, bytes, len), (la_ssize_t)len);
    archive_entry_free(e);
}

/* A zip with these parts, read as a workbook in a confined process. */
static qk_code read_zip(const char *sheet, size_t len, bool with_book, qk_error *err)
{
    static char bytes[4 << 20];
    size_t used = 0;
    struct archive *a = archive_write_new();
    archive_write_set_format_zip(a);
    assert_int_equal(archive_write_open_memory(a, bytes, sizeof bytes, &used), ARCHIVE_OK);
    if (with_book) put_entry(a, "xl/workbook.xml", "<workbook/>", 11);
    put_entry(a, "xl/worksheets/sheet1.xml", sheet, len);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    qk_buf csv;
    qk_buf_init(&csv, QK_XLSX_TEXT_MAX);
    qk_code code = qk_xlsx_csv(&csv, (qk_str){bytes, used}, err);
    qk_buf_clear(&csv);
    return code;
}

static void test_sheet_xlsx__bombs_and_rubbish_are_refused_in_the_helper(void **state)
{
    (void)state;
    qk_error err = {0};
    size_t len = 70 << 20;
    qk_buf csv;
    char *bomb = malloc(len);
    assert_non_null(bomb);
    memset(bomb, ' ', len);
    assert_int_equal(read_zip(bomb, len, true, &err), QK_EFULL);
    assert_non_null(strstr(err.message, "unpacks to more"));
    free(bomb);
    assert_int_equal(read_zip("<worksheet/>", 12, false, &err), QK_EFORMAT);
    assert_non_null(strstr(err.message, "no xlsx"));
    assert_done(read_zip("<worksheet/>", 12, true, &err), &err);
    qk_buf_init(&csv, 1000);
    assert_int_equal(qk_xlsx_csv(&csv, QK_STR("PK\x03\x04 rubbish"), &err), QK_EFORMAT);
    qk_buf_clear(&csv);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[2], "--xlsx-helper") == 0) return qk_xlsx_helper(0);
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_ledger_sheet__an_import_is_looked_at_before_it_is_taken),
        qk_dir_test(test_ledger_sheet__one_wrong_cell_and_nothing_is_taken),
        qk_dir_test(test_ledger_sheet__a_formula_leaves_as_text_and_comes_back_as_it_was),
        qk_dir_test(test_ledger_sheet__text_of_other_charsets_is_read),
        qk_dir_test(test_ledger_sheet__a_workbook_goes_out_and_comes_back_the_same),
        qk_dir_test(test_sheet_xlsx__cells_become_a_table_whose_lines_are_the_sheets_rows),
        qk_dir_test(test_sheet_xlsx__hostile_sheets_are_refused),
        qk_dir_test(test_sheet_xlsx__bombs_and_rubbish_are_refused_in_the_helper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
