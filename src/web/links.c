/* SPDX-License-Identifier: Apache-2.0 */
#include "web/links.h"
#include "base/map.h"
#include "web/auth.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { ADDRESSES_MAX = 65536 };

struct qk_links {
    pthread_mutex_t lock;
    qk_map *by_address;
    uint32_t max_per_address, count;
    qk_link *first;
};

qk_code qk_links_new(qk_links **out, uint32_t max_per_address)
{
    qk_links *links = calloc(1, sizeof *links);
    if (!links) return QK_ENOMEM;
    if (qk_map_new(&links->by_address, ADDRESSES_MAX) != QK_OK) {
        free(links);
        return QK_ENOMEM;
    }
    pthread_mutex_init(&links->lock, NULL);
    links->max_per_address = max_per_address;
    *out = links;
    return QK_OK;
}

void qk_links_free(qk_links *links)
{
    if (!links) return;
    qk_map_free(links->by_address);
    pthread_mutex_destroy(&links->lock);
    free(links);
}

bool qk_links_admits(qk_links *links, qk_str address)
{
    if (qk_address_is_loopback(address)) return true;
    uint64_t n = 0;
    pthread_mutex_lock(&links->lock);
    bool known = qk_map_get(links->by_address, address, &n);
    pthread_mutex_unlock(&links->lock);
    return !known || n < links->max_per_address;
}

static void count_address(qk_links *links, const qk_link *link, int step)
{
    uint64_t n = 0;
    qk_str address = qk_str_of(link->address);
    if (link->loopback) return;
    bool known = qk_map_get(links->by_address, address, &n);
    if (step > 0) {
        /* Beyond the table's ceiling an address is not counted; the daemon's own limit holds. */
        if (qk_map_set(links->by_address, address, n + 1) != QK_OK) return;
    } else if (known && n > 1) {
        if (qk_map_set(links->by_address, address, n - 1) != QK_OK) return;
    } else if (known) {
        qk_map_remove(links->by_address, address);
    }
}

qk_link *qk_link_open(qk_links *links, int fd, qk_str address, int64_t deadline_ms)
{
    qk_link *link = calloc(1, sizeof *link);
    if (!link) return NULL;
    link->owner = links;
    link->fd = fd;
    link->deadline_ms = deadline_ms;
    link->loopback = qk_address_is_loopback(address);
    qk_str_copy(link->address, sizeof link->address, address);
    pthread_mutex_lock(&links->lock);
    link->next = links->first;
    if (links->first) links->first->prev = link;
    links->first = link;
    links->count++;
    count_address(links, link, 1);
    pthread_mutex_unlock(&links->lock);
    return link;
}

void qk_link_close(qk_link *link)
{
    if (!link) return;
    qk_links *links = link->owner;
    pthread_mutex_lock(&links->lock);
    if (link->prev)
        link->prev->next = link->next;
    else
        links->first = link->next;
    if (link->next) link->next->prev = link->prev;
    links->count--;
    count_address(links, link, -1);
    pthread_mutex_unlock(&links->lock);
    free(link);
}

void qk_link_deadline(qk_link *link, int64_t deadline_ms)
{
    if (!link) return;
    pthread_mutex_lock(&link->owner->lock);
    link->deadline_ms = deadline_ms;
    pthread_mutex_unlock(&link->owner->lock);
}

uint32_t qk_links_cut(qk_links *links, int64_t now_ms)
{
    uint32_t cut = 0;
    pthread_mutex_lock(&links->lock);
    for (qk_link *link = links->first; link; link = link->next) {
        if (link->deadline_ms > now_ms) continue;
        link->deadline_ms = INT64_MAX;
        shutdown(link->fd, SHUT_RDWR);
        cut++;
    }
    pthread_mutex_unlock(&links->lock);
    return cut;
}

uint32_t qk_links_count(qk_links *links)
{
    pthread_mutex_lock(&links->lock);
    uint32_t n = links->count;
    pthread_mutex_unlock(&links->lock);
    return n;
}
