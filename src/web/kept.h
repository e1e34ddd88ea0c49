/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_KEPT_H
#define QK_WEB_KEPT_H
/* Answers kept for all who ask the same within a moment: at most QK_KEPT_ANSWERS of QK_KEPT_BYTES
 * in a cache; the oldest leaves. Any thread, under the cache's lock, which the caller holds. */
#include "web/exchange.h"
#include <pthread.h>

enum { QK_KEPT_ANSWERS = 4, QK_KEPT_KEY = 256, QK_KEPT_BYTES = 12 << 20 };

typedef struct qk_kept_answer {
    char key[QK_KEPT_KEY]; /* what was asked */
    char *text, *gzip;     /* gzip NULL = nobody wanted it yet */
    size_t len, gzip_len;
    uint64_t version; /* of what it shows */
    uint64_t changes; /* what people had changed by then */
    int64_t made_ms;
} qk_kept_answer;

typedef struct qk_answer_cache {
    pthread_mutex_t lock;
    qk_kept_answer kept[QK_KEPT_ANSWERS];
} qk_answer_cache;

void qk_kept_init(qk_answer_cache *cache);
void qk_kept_clear(qk_answer_cache *cache);
qk_kept_answer *qk_kept_find(qk_answer_cache *cache, const char *key);
/* Keeps what stands in x->out, in the place of the same question, else of the oldest answer. NULL
 * when it cannot be kept. */
qk_kept_answer *qk_kept_put(qk_answer_cache *cache, const qk_exchange *x, const char *key);
/* Puts it into x->out, packed where the client takes that. */
void qk_kept_take(qk_kept_answer *k, qk_exchange *x);
#endif
