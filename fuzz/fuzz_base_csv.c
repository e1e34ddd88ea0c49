/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes to the CSV reader; the rows it takes must survive being written and read again. */
#include "base/csv.h"
#include "fuzz.h"

static void put_row(qk_buf *out, const qk_str *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) qk_csv_put(out, cells[i], i == 0);
    qk_buf_putc(out, '\n');
}

/* All rows as text, or false when the header is refused; a heading of fixed names, because a first
 * name may begin with what looks like a byte order mark. */
static bool copy_rows(qk_buf *out, const void *bytes, size_t size, char separator, qk_code *end)
{
    qk_csv_reader *r;
    qk_error err = {0};
    const qk_str *cells;
    FILE *file = fmemopen((void *)(uintptr_t)bytes, size, "rb");
    FUZZ_CHECK(file);
    *end = qk_csv_open(&r, file, "fuzz.csv", separator, &err);
    if (*end == QK_OK) {
        size_t count = qk_csv_columns(r);
        for (size_t i = 0; i < count; i++) qk_csv_put(out, QK_STR("c"), i == 0);
        qk_buf_putc(out, '\n');
        while ((*end = qk_csv_next(r, &cells, &err)) == QK_OK) put_row(out, cells, count);
        qk_csv_close(r);
    }
    fclose(file);
    FUZZ_CHECK(*end == QK_ENOTFOUND || (*end == QK_EFORMAT && err.line > 0 && err.column > 0));
    return out->len > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    qk_buf first, second;
    qk_code end;
    if (size == 0) return 0;
    qk_buf_init(&first, 64 << 20);
    qk_buf_init(&second, 64 << 20);
    if (copy_rows(&first, bytes, size, 0, &end)) {
        FUZZ_CHECK(copy_rows(&second, first.ptr, first.len, ',', &end));
        FUZZ_CHECK(end == QK_ENOTFOUND);
        FUZZ_CHECK(qk_str_eq(qk_buf_str(&first), qk_buf_str(&second)));
    }
    qk_buf_clear(&first);
    qk_buf_clear(&second);
    return 0;
}
