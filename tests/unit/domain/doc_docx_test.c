/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is written can be read, holds what was put in, and is the same every time. */
#include "domain/doc_docx.h"
#include "domain/plan_docx.h"
#include "domain_test.h"
#include <sys/mman.h>
#include <unistd.h>

static void write_document(qk_buf *out, const char *text)
{
    static const uint32_t share[] = {1, 2, 1};
    static const char *const cells[] = {"序号", "任务", "状态", "1", "改造<炉窑>", "逾期", "2"};
    qk_docx *d = NULL;
    qk_error err = {0};
    qk_buf_init(out, 4 << 20);
    assert_done(qk_docx_begin(&d, &err), &err);
    qk_docx_paragraph(d, QK_DOCX_MASTHEAD, QK_STR("青泽县大气污染防治工作通报"));
    qk_docx_paragraph(d, QK_DOCX_NUMBER, QK_STR("〔2026〕第6期"));
    qk_docx_paragraph(d, QK_DOCX_TEXT, qk_str_of(text));
    qk_docx_table(d, share, 3);
    for (size_t i = 0; i < QK_ARRAY_COUNT(cells); i++) qk_docx_cell(d, qk_str_of(cells[i]));
    qk_docx_table_end(d);
    assert_done(qk_docx_end(d, out, &err), &err);
}

/* Its text by the reader that takes plans. */
static void read_document(qk_buf *text, const qk_buf *file)
{
    qk_error err = {0};
    int fd = memfd_create("document", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file->ptr, file->len), (ssize_t)file->len);
    qk_buf_init(text, 1 << 20);
    assert_done(qk_plan_docx_read(text, fd, &err), &err);
    qk_buf_putc(text, '\0');
    close(fd);
}

static void test_docx__what_is_written_is_read_again(void **state)
{
    (void)state;
    qk_buf file, text;
    write_document(&file, "应为<36>，实为33 & 逾期\x01。");
    read_document(&text, &file);
    assert_non_null(strstr(text.ptr, "青泽县大气污染防治工作通报\n"));
    assert_non_null(strstr(text.ptr, "应为<36>，实为33 & 逾期。"));
    assert_non_null(strstr(text.ptr, "序号\t任务\t状态\n1\t改造<炉窑>\t逾期\n"
                                     "2\t\xE2\x81\xA0\t\xE2\x81\xA0"));
    qk_buf_clear(&file);
    qk_buf_clear(&text);
}

static void test_docx__the_same_calls_give_the_same_bytes(void **state)
{
    (void)state;
    qk_buf first, again;
    write_document(&first, "一样");
    setenv("TZ", "America/New_York", 1);
    write_document(&again, "一样");
    unsetenv("TZ");
    assert_int_equal(first.len, again.len);
    assert_memory_equal(first.ptr, again.ptr, first.len);
    qk_buf_clear(&first);
    qk_buf_clear(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_docx__what_is_written_is_read_again),
        cmocka_unit_test(test_docx__the_same_calls_give_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
