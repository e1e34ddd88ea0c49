/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_HEALTH_H
#define QK_WEB_HEALTH_H
/* How the instance is: journal, store and how far the one is behind the other, in numbers and in
 * words. Threads: any; the watch belongs to one. */
#include "base/json.h"
#include "web/context.h"

/* The document of GET /health, which is also the feed's "health" event. */
void qk_health_json(qk_json_writer *w, const qk_context *context);
/* False when something is refused or lost: a stopped journal, a store that cannot write, damaged
 * blocks. Being behind is no illness: it is caught up with. */
bool qk_health_is_well(const qk_node_health *health);
uint64_t qk_health_memory(void); /* resident bytes */

/* What was last told; zero at first: a problem that the first look finds is news as any other. */
typedef struct qk_health_watch {
    uint64_t seen;
} qk_health_watch;
/* Publishes the document when a problem came or went since the last look. Cheap. */
void qk_health_look(qk_health_watch *watch, const qk_context *context);
#endif
