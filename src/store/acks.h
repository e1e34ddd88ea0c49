/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_ACKS_H
#define QK_STORE_ACKS_H
/* The senders' own list of what was acknowledged, held against the journal: each line
 * "MN QN CN DataTime" (a device without a QN or a frame without a DataTime has '-' or nothing
 * there) must stand in the journal as a FRAME that is not marked REPEAT.
 *
 * A key met again is no fault: with REPEAT, or with the same bytes (the window of recent frames
 * does not outlive a restart), it is a late repeat; with other bytes it is a changed history, kept
 * beside the first. The parts of a split frame (PNUM, PNO) share their key and are each counted
 * once.
 *
 * Memory: 24 bytes a key at a load of at most 5/8, sized by the number of lines, at most 2^28
 * slots. Keys are compared by 96 bits of hash: among 10^8 keys a false match has a chance below
 * 10^-12. One thread at a time. */
#include "base/error.h"
#include <stdbool.h>

typedef struct qk_acks qk_acks;
/* Reads the list. QK_EFORMAT with the line when a line has fewer than 3 or more than 4 words. */
QK_NODISCARD qk_code qk_acks_open(qk_acks **out, const char *path, qk_error *err);
void qk_acks_close(qk_acks *acks);
/* One FRAME record of the journal. */
void qk_acks_frame(qk_acks *acks, const char *frame, size_t len, bool repeat);

typedef struct qk_acks_result {
    uint64_t lines;
    uint64_t keys;    /* different ones */
    uint64_t stored;  /* keys found */
    uint64_t missing; /* keys not found, or not with all their parts */
    uint64_t repeats; /* frames of these keys that were met again */
    uint64_t changed; /* met again with other content */
} qk_acks_result;
/* Reads the list again to name the missing: fn (may be NULL) gets each such line once, until it has
 * been called `most` times. */
typedef void qk_acks_missing_fn(void *context, const char *line);
QK_NODISCARD qk_code qk_acks_finish(qk_acks *acks, qk_acks_result *out, qk_acks_missing_fn *fn,
                                    void *context, uint32_t most, qk_error *err);
#endif
