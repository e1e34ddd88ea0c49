/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LIVE_PRIVATE_H
#define QK_DOMAIN_LIVE_PRIVATE_H
/* Shared by live.c (the table) and live_publish.c (what goes to the feed).
 *
 * Locks: `devices_lock` guards the list and the map of devices, which only grow; `stripes` guard
 * the contents of a device and its streams. Order: devices_lock, then one stripe. The dirty list
 * belongs to the store thread. */
#include "domain/feed.h"
#include "domain/live.h"
#include "base/map.h"
#include <pthread.h>

enum { QK_LIVE_STRIPES = 64, QK_LIVE_DEVICES = 65536, QK_LIVE_COLUMNS = 4096, QK_LIVE_SKEWS = 15 };

typedef struct qk_live_name {
    char code[QK_CODE_MAX];
    char field[16];
} qk_live_name;

typedef struct qk_live_column_state {
    const qk_live_name *name;
    qk_dec value;
    qk_time time, period_end, recorded;
    char flag;
    bool fresh; /* not yet published */
} qk_live_column_state;

typedef struct qk_live_entry qk_live_entry;
struct qk_live_stream {
    qk_live_entry *device;
    qk_live_stream *next; /* of the device */
    qk_live_column_state *columns;
    uint32_t n, cap;
    qk_stream_kind kind;
    bool dirty;
};

struct qk_live_entry {
    pthread_mutex_t *lock;
    qk_device_state state; /* link is computed on reading */
    int64_t skews[QK_LIVE_SKEWS];
    uint32_t skew_count;
    uint32_t connections; /* one device may hold two for a while */
    qk_live_stream *streams;
    qk_link_state told;  /* last published */
    qk_time told_last;   /* last frame then */
    qk_time allowed_ms;  /* silence that is still online */
    uint64_t allowed_of; /* registry version that allowed_ms was taken from, + 1 */
};

struct qk_live {
    const qk_clock *clock;
    const qk_registry *registry;
    qk_time started;
    qk_feed *feed;
    pthread_rwlock_t devices_lock;
    qk_map *index; /* MN -> number */
    qk_live_entry **devices;
    size_t n, cap;
    pthread_mutex_t stripes[QK_LIVE_STRIPES];
    qk_map *name_index; /* code NUL field -> number; store thread only */
    qk_live_name **names;
    size_t name_count, name_cap;
    qk_live_stream **dirty;
    size_t dirty_count, dirty_cap;
};

qk_live_entry *qk_live_device_find(const qk_live *live, qk_str mn);
/* The device with its link computed; takes its lock. */
void qk_live_state_copy(const qk_live *live, qk_live_entry *d, qk_time now, qk_device_state *out);
qk_link_state qk_live_link_of(const qk_live_entry *d, qk_time now);
void qk_live_refresh_allowed(const qk_live *live, qk_live_entry *d);
#endif
