/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/feed.h"
#include <pthread.h>
#include <stdlib.h>

enum { FEED_EVENTS = 4096, FEED_BYTES = 16 << 20, FEED_EVENT_BYTES = 256 << 10, FEED_NAME = 16 };

typedef struct feed_event {
    char name[FEED_NAME];
    char *json;
    size_t len;
} feed_event;

/* Event number s stands at ring[s % FEED_EVENTS] while first <= s <= last. The listener has a lock
 * of its own: held while it runs, so that taking it away waits for a call under way. */
struct qk_feed {
    pthread_mutex_t lock, listener_lock;
    feed_event ring[FEED_EVENTS];
    uint64_t first, last;
    size_t bytes;
    void (*fn)(void *context);
    void *context;
};

qk_code qk_feed_new(qk_feed **out)
{
    qk_feed *feed = calloc(1, sizeof *feed);
    if (!feed) return QK_ENOMEM;
    pthread_mutex_init(&feed->lock, NULL);
    pthread_mutex_init(&feed->listener_lock, NULL);
    feed->first = 1;
    *out = feed;
    return QK_OK;
}

void qk_feed_free(qk_feed *feed)
{
    if (!feed) return;
    for (size_t i = 0; i < FEED_EVENTS; i++) free(feed->ring[i].json);
    pthread_mutex_destroy(&feed->lock);
    pthread_mutex_destroy(&feed->listener_lock);
    free(feed);
}

static void drop_oldest(qk_feed *feed)
{
    feed_event *e = &feed->ring[feed->first % FEED_EVENTS];
    feed->bytes -= e->len;
    free(e->json);
    e->json = NULL;
    feed->first++;
}

void qk_feed_publish(qk_feed *feed, const char *name, qk_str json)
{
    if (json.len > FEED_EVENT_BYTES) return;
    char *copy = malloc(json.len + 1);
    if (!copy) return;
    memcpy(copy, json.ptr, json.len);
    pthread_mutex_lock(&feed->lock);
    while (feed->last + 1 - feed->first >= FEED_EVENTS ||
           (feed->first <= feed->last && feed->bytes + json.len > FEED_BYTES))
        drop_oldest(feed);
    feed_event *e = &feed->ring[++feed->last % FEED_EVENTS];
    qk_str_copy(e->name, sizeof e->name, qk_str_of(name));
    e->json = copy;
    e->len = json.len;
    feed->bytes += json.len;
    pthread_mutex_unlock(&feed->lock);
    pthread_mutex_lock(&feed->listener_lock);
    if (feed->fn) feed->fn(feed->context);
    pthread_mutex_unlock(&feed->listener_lock);
}

uint64_t qk_feed_end(qk_feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    uint64_t last = feed->last;
    pthread_mutex_unlock(&feed->lock);
    return last;
}

/* False when the event did not fit; out is then as before. */
static bool write_event(qk_buf *out, uint64_t seq, const feed_event *e, bool first)
{
    size_t need = e->len + FEED_NAME + 64;
    if (out->len + need + 2 > out->ceiling) return false;
    qk_buf_printf(out, "%s{\"seq\":%llu,\"name\":\"%s\",\"data\":", first ? "" : ",",
                  (unsigned long long)seq, e->name);
    qk_buf_append(out, e->json, e->len);
    qk_buf_putc(out, '}');
    return out->failed == QK_OK;
}

static qk_code copy_events(qk_feed *feed, uint64_t after, qk_buf *out, uint64_t *next)
{
    if (after > feed->last || after + 1 < feed->first) return QK_ERANGE;
    if (after == feed->last) return QK_ENOTFOUND;
    qk_buf_putc(out, '[');
    uint64_t seq = after + 1;
    while (seq <= feed->last &&
           write_event(out, seq, &feed->ring[seq % FEED_EVENTS], seq == after + 1))
        seq++;
    qk_buf_putc(out, ']');
    if (out->failed) return out->failed;
    *next = seq - 1;
    return seq == after + 1 ? QK_EFULL : QK_OK;
}

qk_code qk_feed_read(qk_feed *feed, uint64_t after, qk_buf *out, uint64_t *next)
{
    pthread_mutex_lock(&feed->lock);
    qk_code code = copy_events(feed, after, out, next);
    pthread_mutex_unlock(&feed->lock);
    return code;
}

void qk_feed_on_publish(qk_feed *feed, void (*fn)(void *context), void *context)
{
    pthread_mutex_lock(&feed->listener_lock);
    feed->fn = fn;
    feed->context = context;
    pthread_mutex_unlock(&feed->listener_lock);
}
