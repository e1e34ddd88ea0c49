/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the parts of a docx: the first line is numbering.xml, the rest document.xml. */
#include "domain/plan_docx.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *text = (const char *)bytes, *line = size ? memchr(text, '\n', size) : NULL;
    size_t head = line ? (size_t)(line - text) : 0;
    qk_error err = {0};
    qk_buf out;
    qk_buf_init(&out, 1 << 20);
    qk_str document = {text + (line ? head + 1 : 0), size - (line ? head + 1 : 0)};
    qk_code code = qk_plan_docx_text(&out, document, (qk_str){text, head}, &err);
    FUZZ_CHECK(code == QK_OK || err.message[0]);
    FUZZ_CHECK(out.len <= 1 << 20);
    qk_buf_clear(&out);
    return 0;
}
