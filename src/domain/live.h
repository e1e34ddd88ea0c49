/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LIVE_H
#define QK_DOMAIN_LIVE_H
/* The live table: the latest value of every column of every stream and the state of every device,
 * in memory, rebuilt at start; and the feed of changes that pages follow.
 *
 * Readers copy out under a lock held for microseconds. The feed is a ring of the last 4,096
 * changes: a follower that falls behind is told so and reads the whole again. At most 65,536
 * devices are held; what comes from others is stored, but not shown here. */
#include "base/memory.h"
#include "domain/registry.h"
#include "store/telemetry.h"

typedef struct qk_live qk_live;

typedef struct qk_live_value {
    char mn[QK_MN_MAX];
    char code[QK_CODE_MAX];
    char field[16]; /* Rtd, Avg, … */
    qk_stream_kind kind;
    qk_time time;       /* DataTime as sent */
    qk_time period_end; /* end of the interval by the device's style; = time for real-time */
    qk_time recorded;
    qk_dec value;
    char flag; /* 0 = none sent */
} qk_live_value;

typedef enum qk_link_state {
    QK_LINK_NEVER,
    QK_LINK_ONLINE,
    QK_LINK_SILENT,
    QK_LINK_OFFLINE
} qk_link_state;

typedef struct qk_device_state {
    char mn[QK_MN_MAX];
    qk_link_state link; /* online: a valid frame within max(3 x interval, 5 min); silent: TCP up,
                           none; offline: no TCP */
    bool connected;
    char address[64];
    qk_time connected_at, last_frame, last_data;
    int64_t skew_ms; /* median of receive - QN over the last frames; INT64_MIN = unknown */
    uint64_t frames, refused, repeats, changed, deviations;
    double effective_today; /* transmission x validity of the day so far, 0..1; NaN = not due */
} qk_device_state;

/* Names of kinds and states as the interface writes them: "rtd", "minute", "derived_hour"…;
 * "never", "online", "silent", "offline". qk_stream_kind_of gives 0 for an unknown name. */
const char *qk_stream_kind_name(qk_stream_kind kind);
qk_stream_kind qk_stream_kind_of(qk_str name);
const char *qk_link_name(qk_link_state link);

/* clock and registry are borrowed and must outlive the table. */
QK_NODISCARD qk_code qk_live_new(qk_live **out, const qk_clock *clock, const qk_registry *registry);
void qk_live_free(qk_live *live);

/* Any thread. mn {NULL,0} = all. QK_ENOMEM when the arena cannot hold them. */
QK_NODISCARD qk_code qk_live_values(qk_live *live, qk_str mn, qk_arena *arena, qk_live_value **out,
                                    size_t *n);
QK_NODISCARD qk_code qk_live_devices(qk_live *live, qk_arena *arena, qk_device_state **out,
                                     size_t *n);
bool qk_live_device(qk_live *live, qk_device_state *out, qk_str mn);

/* Gateway: link changes. */
void qk_live_link(qk_live *live, qk_str mn, bool connected, const char *address, qk_time now);
/* Gateway: a frame came (kind of counting only; the store thread fills values). */
typedef enum qk_seen { QK_SEEN_GOOD, QK_SEEN_REFUSED, QK_SEEN_REPEAT } qk_seen;
void qk_live_seen(qk_live *live, qk_str mn, qk_seen what, qk_time now, int64_t skew_ms);
/* The same for many at once (the gateway gathers for about half a second); now = the last of them.
 */
void qk_live_seen_many(qk_live *live, qk_str mn, const uint32_t counts[3], qk_time now,
                       int64_t skew_ms);

/* ---- store thread ---- */
/* A stream's place in the table; lives as long as the table. NULL at the ceiling. */
typedef struct qk_live_stream qk_live_stream;
qk_live_stream *qk_live_stream_get(qk_live *live, qk_str mn, qk_stream_kind kind);
/* Index of a column for qk_live_cell; UINT32_MAX at the ceiling (4,096 a stream). */
uint32_t qk_live_column(qk_live *live, qk_live_stream *stream, qk_str code, qk_str field);
typedef struct qk_live_cell {
    uint32_t column;
    char flag;
    qk_dec value;
} qk_live_cell;
/* Takes over values that are not older (by time) than those held. published = false while the table
 * is rebuilt: nothing goes to the feed. */
void qk_live_row(qk_live *live, qk_live_stream *stream, qk_time time, qk_time period_end,
                 qk_time recorded, const qk_live_cell *cells, size_t n, bool published);
void qk_live_counted(qk_live *live, qk_str mn, uint32_t changed, uint32_t deviations);
void qk_live_effective(qk_live *live, qk_str mn, double effective);
/* One value as the interface writes it: {"site","mn","code","field","kind","value","unit","flag",
 * "time","period_end","limit","over"}. site: where it belongs when its factor does not say; judged:
 * limits speak of this field (any thread). */
void qk_live_value_json(qk_json_writer *w, const qk_registry *registry, const qk_live_value *v,
                        const char *site, bool judged);
/* Publishes what changed since the last call as "value" events, at most 4,000 values a call; the
 * rest waits for the next one, newest first known. */
void qk_live_burst(qk_live *live);
/* Looks for devices whose link state changed, publishes each and tells fn (may be NULL). since:
 * when the state began (for silent and offline: the last frame plus what is allowed). last_before:
 * the last frame when its state turned before. */
typedef void qk_live_turn_fn(void *context, const qk_device_state *state, qk_link_state before,
                             qk_time since, qk_time last_before);
void qk_live_tick(qk_live *live, qk_live_turn_fn *fn, void *context);

/* ---- the feed: JSON events ("value", "device", "event", "health", "clock") for followers ---- */
/* Any thread. json is copied; beyond 256 KiB it is left out. */
void qk_live_publish(qk_live *live, const char *name, qk_str json);
/* Number of the last event; 0 = none yet. */
uint64_t qk_live_feed_end(qk_live *live);
/* Copies what follows `after` into out as a JSON array of {"seq","name","data"}; *next gets the new
 * position; as much as out's ceiling takes. QK_ENOTFOUND when nothing is new, QK_ERANGE when
 * `after` is no longer held or lies beyond the end, QK_EFULL when out cannot take even one. */
QK_NODISCARD qk_code qk_live_feed(qk_live *live, uint64_t after, qk_buf *out, uint64_t *next);
/* Called (any thread) after each publish; one listener; NULL takes it away, and once that call has
 * returned the old one neither runs nor will. fn must not wait and not call into the feed. */
void qk_live_on_publish(qk_live *live, void (*fn)(void *context), void *context);
#endif
