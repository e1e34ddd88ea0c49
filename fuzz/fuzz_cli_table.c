/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a table of numbers, as trace and receptor read them: what is taken is whole. */
#include "cli/table.h"
#include "fuzz.h"
#include <math.h>

static void read_as(const uint8_t *bytes, size_t size, const table_want *want)
{
    table t;
    qk_error err = {0};
    FILE *file = fmemopen((void *)(uintptr_t)bytes, size, "rb");
    FUZZ_CHECK(file);
    if (table_read_file(&t, file, "fuzz.csv", want, &err) == QK_OK) {
        for (size_t c = 0; c < t.columns; c++)
            for (size_t i = 0; i < t.rows; i++) {
                double x = t.column[c][i];
                FUZZ_CHECK(isfinite(x) || isnan(x)); /* a number or missing */
            }
        FUZZ_CHECK(!want->label || t.rows == 0 || t.label[t.rows - 1]);
    } else {
        FUZZ_CHECK(err.message[0] && !t.column && t.rows == 0);
    }
    table_clear(&t);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    read_as(bytes, size, &(table_want){0});
    read_as(bytes, size, &(table_want){.label = true});
    read_as(bytes, size, &(table_want){.time = "date"});
    return 0;
}
