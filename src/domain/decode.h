/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DECODE_H
#define QK_DOMAIN_DECODE_H
/* From a journalled frame to the cells of a row.
 *
 * A device sends the same keys in the same order nearly always. The decoder keeps, for each stream,
 * the last four layouts (key bytes and separators with the columns they mean) and tries them before
 * it reads a frame item by item: a frame that fits costs no look-up and no memory. A frame that
 * does not fit to the letter (blanks, exponents, an unknown flag …) is read the long way, which is
 * the reference: both give the same cells and the same deviations.
 *
 * A device registered with dialect 2005 (or without one, when its frame is of 2005) sends factor
 * codes of HJ/T 212-2005; its columns carry today's codes (hj212/tables.h), so that limits, names
 * and pages meet its values. The frame itself stays in the journal as received.
 *
 * Who needs names of columns gives them through the hooks; the decoder knows neither telemetry nor
 * register. One thread. Codes up to 31 bytes and fields up to 15; items beyond are counted in
 * `skipped`. A key that stands twice in a frame keeps both values: the second is the field "Rtd~2".
 */
#include "domain/registry.h"
#include "hj212/hj212.h"
#include "store/telemetry.h"

typedef struct qk_decoder qk_decoder;

typedef struct qk_decode_hooks {
    void *context;
    /* What the register knows of an MN; false = nothing. May be NULL. */
    bool (*device)(void *context, qk_device *out, qk_str mn);
    /* A stream met for the first time; *user is given back with every row of it. */
    qk_code (*stream)(void *context, void **user, qk_str mn, qk_stream_kind kind, qk_error *err);
    /* The number of a column of that stream. QK_EFULL: the cell is left out and counted. */
    qk_code (*column)(void *context, void *user, qk_column_id *out, qk_str code, qk_str field,
                      qk_error *err);
} qk_decode_hooks;

/* Where DataTime came from. */
typedef enum qk_time_source { QK_TIME_SENT, QK_TIME_OF_QN, QK_TIME_OF_RECEIPT } qk_time_source;

typedef struct qk_decoded {
    qk_hj212_packet packet; /* head, deviations, refusal; texts live as long as the frame */
    qk_str mn;
    qk_stream_kind kind; /* 0 = carries no row */
    void *user;          /* of the stream */
    qk_time time;        /* DataTime as sent, else by time_source */
    qk_time_source time_source;
    const qk_cell *cells; /* good until the next frame */
    const char *flags;    /* of each cell: first letter of its factor's Flag, 0 = none */
    size_t n;
    uint32_t skipped;
    bool fast; /* read by a kept layout */
} qk_decoded;

/* QK_STREAM_* of a command; 0 = carries no row. */
qk_stream_kind qk_decode_kind(int32_t command);

QK_NODISCARD qk_code qk_decoder_new(qk_decoder **out, const qk_decode_hooks *hooks);
void qk_decoder_free(qk_decoder *d);
/* Forgets the layouts, so that every frame is read the long way (for comparing). */
void qk_decoder_slow(qk_decoder *d, bool slow);
/* frame: the bytes as journalled, received at `at`. QK_OK also for frames that cannot be read:
 * packet.refusal tells. Other codes come from the hooks, or QK_ENOMEM. */
QK_NODISCARD qk_code qk_decode(qk_decoder *d, qk_decoded *out, qk_str frame, qk_time at,
                               qk_error *err);
#endif
