/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what the telemetry keeps on the disk: packed numbers, blocks of times and of cells,
 * strips of rows. The first byte says which, the second how many rows. What is taken must survive
 * being written and read again. */
#include "fuzz.h"
#include "store/telemetry_rows.h"

enum { KEY = 5, ROWS_MOST = 256, COLUMNS = 12 };

static void try_numbers(qk_packer *p, size_t n, qk_str bytes)
{
    int64_t values[ROWS_MOST], back[ROWS_MOST];
    qk_buf out;
    if (qk_unpack_ints(p, values, n, &bytes) != QK_OK) return;
    qk_buf_init(&out, 1 << 20);
    FUZZ_CHECK(qk_pack_ints(p, &out, values, n) == QK_OK);
    qk_str rest = qk_buf_str(&out);
    FUZZ_CHECK(qk_unpack_ints(p, back, n, &rest) == QK_OK && rest.len == 0);
    FUZZ_CHECK(n == 0 || memcmp(values, back, n * sizeof *values) == 0);
    qk_buf_clear(&out);
}

/* The body under a checksum that fits, as an attacker with the disk would write it. */
static qk_str sealed(qk_buf *out, uint8_t kind, qk_str body)
{
    size_t start = qk_block_begin(out, kind);
    qk_buf_put_str(out, body);
    qk_block_seal(out, start, KEY);
    return qk_buf_str(out);
}

static void try_times(qk_block_coder *coder, qk_str body)
{
    qk_time times[ROWS_MOST], times_back[ROWS_MOST];
    int64_t delays[ROWS_MOST], delays_back[ROWS_MOST];
    qk_block_span span;
    qk_buf out, again;
    qk_buf_init(&out, 1 << 20);
    qk_buf_init(&again, 1 << 20);
    qk_str block = sealed(&out, QK_BLOCK_TIMES, body);
    if (qk_block_peek(&span, block) == QK_OK && span.n <= ROWS_MOST &&
        qk_block_get_times(coder, times, delays, &span, KEY, block) == QK_OK) {
        qk_code code = qk_block_put_times(coder, &again, KEY, times, delays, span.n);
        FUZZ_CHECK(code == QK_OK || code == QK_EINVAL); /* beyond the years that are kept */
        if (code == QK_OK) {
            FUZZ_CHECK(qk_block_get_times(coder, times_back, delays_back, &span, KEY,
                                          qk_buf_str(&again)) == QK_OK);
            FUZZ_CHECK(memcmp(times, times_back, span.n * sizeof *times) == 0);
            FUZZ_CHECK(memcmp(delays, delays_back, span.n * sizeof *delays) == 0);
        }
    }
    qk_buf_clear(&out);
    qk_buf_clear(&again);
}

static void copy_cells(qk_cells *to, const qk_cells *from)
{
    FUZZ_CHECK(qk_cells_reset(to, from->n) == QK_OK);
    for (size_t i = 0; i < from->n; i++) {
        int type = qk_cells_type(from, i);
        int32_t lag = qk_cells_lag(from, i);
        if (type == 1) qk_cells_number(to, i, from->mantissa[i], qk_cells_scale(from, i), lag);
        if (type == 2)
            FUZZ_CHECK(qk_cells_text(to, i, from->texts[from->mantissa[i]], lag) == QK_OK);
    }
}

static void check_same(const qk_cells *a, const qk_cells *b)
{
    for (size_t i = 0; i < a->n; i++) {
        int type = qk_cells_type(a, i);
        FUZZ_CHECK(type == qk_cells_type(b, i));
        if (type == 0) continue;
        FUZZ_CHECK(qk_cells_lag(a, i) == qk_cells_lag(b, i));
        if (type == 1)
            FUZZ_CHECK(a->mantissa[i] == b->mantissa[i] &&
                       qk_cells_scale(a, i) == qk_cells_scale(b, i));
        else
            FUZZ_CHECK(qk_str_eq(a->texts[a->mantissa[i]], b->texts[b->mantissa[i]]));
    }
}

static void try_cells(qk_block_coder *coder, size_t n, qk_str body)
{
    qk_cells cells = {0}, copy = {0}, back = {0};
    qk_buf out, again;
    qk_buf_init(&out, 1 << 20);
    qk_buf_init(&again, 8 << 20);
    qk_buf_varint(&again, n);
    qk_buf_put_str(&again, body);
    qk_str block = sealed(&out, QK_BLOCK_CELLS, qk_buf_str(&again));
    qk_buf_reset(&again);
    if (qk_block_get_cells(coder, &cells, n, KEY, block) == QK_OK) {
        copy_cells(&copy, &cells);
        FUZZ_CHECK(qk_block_put_cells(coder, &again, KEY, &copy) == QK_OK);
        FUZZ_CHECK(qk_block_get_cells(coder, &back, n, KEY, qk_buf_str(&again)) == QK_OK);
        check_same(&cells, &back);
    }
    qk_cells_clear(&cells);
    qk_cells_clear(&copy);
    qk_cells_clear(&back);
    qk_buf_clear(&out);
    qk_buf_clear(&again);
}

static void try_rows(qk_str strip)
{
    qk_row_cell cells[COLUMNS + 8], back_cells[COLUMNS + 8];
    qk_row_state *reading = NULL, *writing = NULL, *again = NULL;
    qk_row row = {.cells = cells}, back = {.cells = back_cells};
    size_t at = 0, again_at = 0;
    qk_buf out;
    qk_buf_init(&out, 16 << 20);
    FUZZ_CHECK(qk_row_state_make(&reading, COLUMNS) == QK_OK);
    FUZZ_CHECK(qk_row_state_make(&writing, COLUMNS) == QK_OK);
    FUZZ_CHECK(qk_row_state_make(&again, COLUMNS) == QK_OK);
    while (qk_row_next(reading, &row, strip, &at) == QK_OK) {
        uint8_t *room = (uint8_t *)qk_buf_reserve(&out, qk_row_bound(&row));
        if (!room) break;
        out.len += qk_row_put(writing, room, out.ptr, out.len, &row, false);
        FUZZ_CHECK(qk_row_next(again, &back, qk_buf_str(&out), &again_at) == QK_OK);
        FUZZ_CHECK(back.time == row.time && back.delay_s == row.delay_s && back.n == row.n);
        for (size_t i = 0; i < row.n; i++)
            FUZZ_CHECK(cells[i].column == back_cells[i].column &&
                       cells[i].type == back_cells[i].type && cells[i].lag == back_cells[i].lag &&
                       cells[i].mantissa == back_cells[i].mantissa);
    }
    qk_row_state_free(reading);
    qk_row_state_free(writing);
    qk_row_state_free(again);
    qk_buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    qk_packer *packer;
    qk_block_coder *coder;
    if (size < 2) return 0;
    size_t n = (size_t)bytes[1] + 1;
    qk_str rest = {(const char *)bytes + 2, size - 2};
    FUZZ_CHECK(qk_packer_new(&packer) == QK_OK);
    FUZZ_CHECK(qk_block_coder_new(&coder) == QK_OK);
    switch (bytes[0] % 4) {
    case 0: try_numbers(packer, n, rest); break;
    case 1: try_times(coder, rest); break;
    case 2: try_cells(coder, n, rest); break;
    default: try_rows(rest); break;
    }
    qk_packer_free(packer);
    qk_block_coder_free(coder);
    return 0;
}
