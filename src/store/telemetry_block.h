/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_TELEMETRY_BLOCK_H
#define QK_STORE_TELEMETRY_BLOCK_H
/* The packed blocks of the telemetry: one for the times of a partition, one for each column.
 *
 * A block is  u32 crc32c (of the key and of all that follows) | u8 kind | varint n | body,  all
 * little-endian. The key says where the block belongs, so that a block found in another place is
 * damaged too. Times body: first instant and span, the unit, the packed steps, the packed delays of
 * recording. Cells body: the types where they differ, the numbers at one common scale with the
 * digits as sent beside them where they cannot be inferred, the texts as a dictionary, the lags.
 *
 * Decoding takes hostile bytes and is bounded by n <= QK_PACK_MAX. No I/O. A coder is working space
 * for one thread; the arrays of qk_cells are the caller's to clear. */
#include "base/time.h"
#include "store/telemetry_pack.h"

/* Cells of one column, by row. */
typedef struct qk_cells {
    size_t n;
    size_t cap;
    /* What holds for all rows is told once, and its array is then not filled by decoding. */
    int8_t one_type;  /* qk_cell_type, or -1: see type[] */
    int8_t one_scale; /* of the numbers, or -1: see scale[] */
    bool lagged;      /* else all lags are 0 and lag[] is not filled */
    uint8_t *type;    /* 0 none, 1 number, 2 text, as qk_cell_type */
    int8_t *scale;
    int64_t *mantissa; /* of a text: its index in texts[] */
    int32_t *lag;      /* seconds between the row's recording and this value's */
    qk_str *texts;     /* views: encoding, into the caller's bytes; decoding, into `owned` */
    size_t text_count;
    size_t text_cap;
    char *owned;
    uint32_t *slots; /* hash table over texts while encoding */
    size_t slot_count;
} qk_cells;

enum { QK_CELL_TEXT_MAX = 1024 }; /* bytes of one text */

/* Room for n rows; every row becomes empty, no texts. QK_ENOMEM. */
QK_NODISCARD qk_code qk_cells_reset(qk_cells *cells, size_t n);
void qk_cells_clear(qk_cells *cells);
size_t qk_cells_bytes(const qk_cells *cells);
/* Fills row i; text is borrowed until the cells are encoded. QK_ENOMEM. */
void qk_cells_number(qk_cells *cells, size_t i, int64_t mantissa, int8_t scale, int32_t lag);
QK_NODISCARD qk_code qk_cells_text(qk_cells *cells, size_t i, qk_str text, int32_t lag);
static inline int qk_cells_type(const qk_cells *c, size_t i)
{
    return c->one_type >= 0 ? c->one_type : c->type[i];
}
static inline int8_t qk_cells_scale(const qk_cells *c, size_t i)
{
    return c->one_scale >= 0 ? c->one_scale : c->scale[i];
}
static inline int32_t qk_cells_lag(const qk_cells *c, size_t i)
{
    return c->lagged ? c->lag[i] : 0;
}

typedef struct qk_block_coder qk_block_coder;
QK_NODISCARD qk_code qk_block_coder_new(qk_block_coder **out);
void qk_block_coder_free(qk_block_coder *coder);

/* Appends a block. times rise strictly; delay_s[i] = seconds from the second of times[i] to the one
 * of recording. QK_EINVAL beyond QK_PACK_MAX rows or times not rising, QK_ENOMEM, QK_EFULL. */
QK_NODISCARD qk_code qk_block_put_times(qk_block_coder *coder, qk_buf *out, uint64_t key,
                                        const qk_time *times, const int64_t *delay_s, size_t n);
QK_NODISCARD qk_code qk_block_put_cells(qk_block_coder *coder, qk_buf *out, uint64_t key,
                                        const qk_cells *cells);

typedef struct qk_block_span {
    size_t n;
    qk_time first;
    qk_time last;
} qk_block_span;
/* The times' head alone, without the checksum: for sizing. QK_EDAMAGED. */
QK_NODISCARD qk_code qk_block_peek(qk_block_span *span, qk_str block);
/* QK_EDAMAGED: the checksum, the key, the form or n is not as written; QK_ENOMEM. */
QK_NODISCARD qk_code qk_block_get_times(qk_block_coder *coder, qk_time *times, int64_t *delay_s,
                                        const qk_block_span *span, uint64_t key, qk_str block);
QK_NODISCARD qk_code qk_block_get_cells(qk_block_coder *coder, qk_cells *cells, size_t n,
                                        uint64_t key, qk_str block);

/* Checksummed wrapping that other stored pieces share: starts a block in an empty part of out,
 * returns where; seals it; opens one (QK_EDAMAGED). */
size_t qk_block_begin(qk_buf *out, uint8_t kind);
void qk_block_seal(qk_buf *out, size_t start, uint64_t key);
QK_NODISCARD qk_code qk_block_open(qk_str *body, uint8_t kind, uint64_t key, qk_str block);
enum { QK_BLOCK_TIMES = 1, QK_BLOCK_CELLS = 2, QK_BLOCK_ROWS = 3 };
#endif
