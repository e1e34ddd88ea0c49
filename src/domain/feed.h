/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FEED_H
#define QK_DOMAIN_FEED_H
/* A ring of numbered JSON events for followers that may fall behind: bounded in number (4,096) and
 * bytes (16 MiB), the oldest leave first. Any thread. Used through domain/live.h. */
#include "base/memory.h"

typedef struct qk_feed qk_feed;
QK_NODISCARD qk_code qk_feed_new(qk_feed **out);
void qk_feed_free(qk_feed *feed);
void qk_feed_publish(qk_feed *feed, const char *name, qk_str json);
uint64_t qk_feed_end(qk_feed *feed);
QK_NODISCARD qk_code qk_feed_read(qk_feed *feed, uint64_t after, qk_buf *out, uint64_t *next);
void qk_feed_on_publish(qk_feed *feed, void (*fn)(void *context), void *context);
#endif
