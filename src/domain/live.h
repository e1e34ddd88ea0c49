/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LIVE_H
#define QK_DOMAIN_LIVE_H
/* The live table: the latest row of every stream and the state of every device, in memory, rebuilt
 * at start; and the feed of changes that pages follow.
 *
 * Readers copy out under a lock held for microseconds. The feed is a ring of the last 4,096 changes:
 * a follower that falls behind is told so and reads the whole again. */
#include "base/memory.h"
#include "domain/registry.h"
#include "store/telemetry.h"

typedef struct qk_live qk_live;

typedef struct qk_live_value {
    char mn[QK_MN_MAX];
    char code[QK_CODE_MAX];
    char field[16];          /* Rtd, Avg, … */
    qk_stream_kind kind;
    qk_time time;            /* DataTime as sent */
    qk_time period_end;      /* end of the interval by the device's style; = time for real-time */
    qk_time recorded;
    qk_dec value;
    char flag;               /* 0 = none sent */
} qk_live_value;

typedef enum qk_link_state { QK_LINK_NEVER, QK_LINK_ONLINE, QK_LINK_SILENT, QK_LINK_OFFLINE } qk_link_state;

typedef struct qk_device_state {
    char mn[QK_MN_MAX];
    qk_link_state link;     /* online: a valid frame within max(3 x interval, 5 min); silent: TCP up, none; offline: no TCP */
    bool connected;
    char address[64];
    qk_time connected_at, last_frame, last_data;
    int64_t skew_ms;        /* median of receive - QN over the last frames; INT64_MIN = unknown */
    uint64_t frames, refused, repeats, changed, deviations;
    double effective_today; /* transmission x validity of the day so far, 0..1; NaN = not due */
} qk_device_state;

/* Any thread. mn {NULL,0} = all. */
QK_NODISCARD qk_code qk_live_values(qk_live *live, qk_str mn, qk_arena *arena, qk_live_value **out, size_t *n);
QK_NODISCARD qk_code qk_live_devices(qk_live *live, qk_arena *arena, qk_device_state **out, size_t *n);
bool qk_live_device(qk_live *live, qk_device_state *out, qk_str mn);

/* Gateway: link changes. */
void qk_live_link(qk_live *live, qk_str mn, bool connected, const char *address, qk_time now);
/* Gateway: a frame came (kind of counting only; the store thread fills values). */
typedef enum qk_seen { QK_SEEN_GOOD, QK_SEEN_REFUSED, QK_SEEN_REPEAT } qk_seen;
void qk_live_seen(qk_live *live, qk_str mn, qk_seen what, qk_time now, int64_t skew_ms);
/* The same for many at once (the gateway gathers for about half a second); now = the last of them. */
void qk_live_seen_many(qk_live *live, qk_str mn, const uint32_t counts[3], qk_time now, int64_t skew_ms);

/* The feed: JSON events ("value", "device", "event", "health", "clock") for followers. */
void qk_live_publish(qk_live *live, const char *name, qk_str json);
uint64_t qk_live_feed_end(qk_live *live);
/* Copies what follows `after` into out as a JSON array of {"seq","name","data"}; *next gets the new
 * position; QK_ENOTFOUND when nothing is new, QK_ERANGE when `after` is no longer held. */
QK_NODISCARD qk_code qk_live_feed(qk_live *live, uint64_t after, qk_buf *out, uint64_t *next);
/* Called (any thread) after each publish; one listener. */
void qk_live_on_publish(qk_live *live, void (*fn)(void *context), void *context);
#endif
