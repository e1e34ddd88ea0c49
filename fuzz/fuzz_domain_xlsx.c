/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the parts of a workbook: the first line is sharedStrings.xml, the second styles.xml,
 * the rest the sheet. What comes out is a table or a refusal. */
#include "domain/sheet_xlsx.h"
#include "fuzz.h"

static qk_str take_line(const char **text, size_t *size)
{
    const char *end = *size ? memchr(*text, '\n', *size) : NULL;
    qk_str line = {*text, end ? (size_t)(end - *text) : 0};
    if (!end) return line;
    *size -= line.len + 1;
    *text = end + 1;
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes;
    qk_str strings = take_line(&text, &size), styles = take_line(&text, &size);
    qk_error err = {0};
    qk_buf csv;
    qk_buf_init(&csv, 1 << 20);
    qk_code code = qk_xlsx_sheet(&csv, (qk_str){text, size}, strings, styles, &err);
    FUZZ_CHECK(code == QK_OK || err.message[0]);
    FUZZ_CHECK(csv.len <= 1 << 20);
    FUZZ_CHECK(code != QK_OK || csv.len == 0 || csv.ptr[csv.len - 1] == '\n');
    qk_buf_clear(&csv);
    return 0;
}
