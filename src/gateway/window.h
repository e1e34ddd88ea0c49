/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_WINDOW_H
#define QK_GATEWAY_WINDOW_H
/* The repeat window of one device: the keys of its last frames, so that a frame sent again is known
 * on arrival.
 *
 * A key is a hash of what names a frame (QN, CN, DataTime, PNO), the content a checksum of its data
 * segment. Same key and same content is a repeat; same key and other content is a changed history,
 * which the store keeps as a revision. The window holds the last QK_WINDOW_MAX different keys, the
 * oldest leaves first; what lies further back is still found by the store, cell by cell.
 *
 * Ownership: `_init` / `_clear`; memory is taken on the first frame and grows to its ceiling (13
 * bytes an entry). Without memory a window forgets instead of failing. One thread at a time. */
#include "base/text.h"

enum { QK_WINDOW_MAX = 128 };

typedef enum qk_window_state { QK_WINDOW_NEW, QK_WINDOW_REPEAT, QK_WINDOW_CHANGED } qk_window_state;

typedef struct qk_window {
    uint64_t *keys; /* one block holds keys, contents and tags */
    uint32_t *contents;
    uint8_t *tags; /* lowest byte of each key: found by memchr */
    uint16_t cap, used, next;
} qk_window;

void qk_window_init(qk_window *w);
void qk_window_clear(qk_window *w);
qk_window_state qk_window_find(const qk_window *w, uint64_t key, uint32_t content);
/* Remembers the frame; a key that is there gets the new content and keeps its place. */
void qk_window_add(qk_window *w, uint64_t key, uint32_t content);
/* Key of a frame; parts that a frame does not have are {NULL, 0}. */
uint64_t qk_window_key(qk_str qn, qk_str cn, qk_str data_time, uint32_t pno);
#endif
