/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_TELEMETRY_ROWS_H
#define QK_STORE_TELEMETRY_ROWS_H
/* Strips: rows one after the other in compact form, as they stand in memory before a partition is
 * full, and on the disk when a head must leave early.
 *
 * A strip stands for itself: its first row is absolute, each further row tells what differs from
 * the rows before it in the same strip. A row is
 *   u8 control | [time step] | [delay of recording] | [columns] | [lags] | bit a cell: changed? |
 *   the changed cells
 * where the columns are one of the four last seen layouts unless given, and a number with as many
 * decimals as before is the difference. Times rise strictly. A record may continue the row before
 * it with cells of further columns, as packets that share a time do.
 *
 * No I/O. Reading takes hostile bytes. One thread at a time. */
#include "store/telemetry_block.h"

enum { QK_ROW_COLUMNS_MAX = 4094 };

typedef struct qk_row_cell {
    int64_t mantissa;
    const char *text; /* NULL unless a text */
    uint32_t text_len;
    int32_t lag;
    uint16_t column;
    uint8_t type; /* 1 number, 2 text, as qk_cell_type; 0 none where a caller allows it */
    int8_t scale;
} qk_row_cell;

typedef struct qk_row {
    qk_time time;
    int64_t delay_s; /* from the second of time to the second of recording */
    size_t n;
    qk_row_cell *cells;
} qk_row;

/* What a reader or writer must remember of a strip to go on in it. */
typedef struct qk_row_state qk_row_state;
/* For columns 0 .. columns - 1. *state may be NULL, or a smaller state whose memory is kept. */
QK_NODISCARD qk_code qk_row_state_make(qk_row_state **state, size_t columns);
void qk_row_state_free(qk_row_state *state);
void qk_row_state_reset(qk_row_state *state); /* to the start of a strip */
size_t qk_row_state_columns(const qk_row_state *state);
size_t qk_row_state_bytes(const qk_row_state *state);
qk_time qk_row_state_time(const qk_row_state *state); /* of the last row */
int64_t qk_row_state_delay(const qk_row_state *state);
/* The last row's cell in a column: type 0 when it has none. Text is a view into the strip. */
qk_row_cell qk_row_state_cell(const qk_row_state *state, const char *strip, uint16_t column);

/* Bytes that one row needs at most. */
size_t qk_row_bound(const qk_row *row);
/* Encodes one row behind the strip's first `at` bytes into `out` (qk_row_bound bytes; not yet part
 * of the strip) and returns the length; the state then counts on the bytes being appended. time
 * must lie behind the last row's, or with `more` be the same, when cells of further columns follow.
 * Columns must be below the state's and each given once. */
size_t qk_row_put(qk_row_state *state, uint8_t *out, const char *strip, size_t at,
                  const qk_row *row, bool more);

/* Reads the row at *at of a strip and moves on; cells needs room for the state's columns. QK_OK,
 * QK_ENOTFOUND at the end, QK_EFORMAT. Texts are views into the strip. */
QK_NODISCARD qk_code qk_row_next(qk_row_state *state, qk_row *row, qk_str strip, size_t *at);
#endif
