/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_FRAMES_H
#define QK_WEB_FRAMES_H
/* Finds the last frames of a device in the journal, newest first.
 *
 * A thread follows the journal and keeps, for each MN, the positions of its last 64 records; at the
 * start it reads the last 64 MiB. What is older is found by scanning back from there in windows, a
 * bounded number of bytes for one question: the answer then says from where to ask on.
 * Memory: at most 65,536 devices, 0.6 kB each once seen. Threads: any. */
#include "base/memory.h"
#include "store/journal.h"

enum { QK_FRAMES_KEPT = 64 };

typedef struct qk_frame_index qk_frame_index;
/* dir: the journal's folder. journal may be NULL: then the folder is read as it stands. */
QK_NODISCARD qk_code qk_frame_index_new(qk_frame_index **out, qk_journal *journal, const char *dir,
                                        qk_error *err);
void qk_frame_index_free(qk_frame_index *index);
/* Waits until all that was durable at the call is taken in, at most timeout_ms. */
bool qk_frame_index_settle(qk_frame_index *index, uint32_t timeout_ms);

typedef struct qk_frame_record { /* a copy in the caller's arena */
    qk_jpos pos;
    qk_journal_kind kind;
    uint8_t flags;
    uint32_t connection;
    qk_time at;
    qk_str payload;
} qk_frame_record;

/* Up to limit records of mn that begin before `before` (UINT64_MAX = the newest), newest first.
 * *next: ask on with before = *next; 0 when the journal's beginning was reached. */
QK_NODISCARD qk_code qk_frames_list(qk_frame_index *index, qk_str mn, qk_jpos before, size_t limit,
                                    qk_arena *arena, qk_frame_record **out, size_t *n,
                                    qk_jpos *next, qk_error *err);
/* The MN in raw frame bytes, {NULL,0} when none is to be seen. */
qk_str qk_frame_mn(qk_str bytes);
#endif
