/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/window.h"
#include <stdlib.h>

enum { FIRST_CAP = 16 };

void qk_window_init(qk_window *w)
{
    *w = (qk_window){0};
}

void qk_window_clear(qk_window *w)
{
    free(w->keys);
    *w = (qk_window){0};
}

static int find_slot(const qk_window *w, uint64_t key)
{
    const uint8_t *at = w->tags, *end = w->tags + w->used;
    while (at < end && (at = memchr(at, (uint8_t)key, (size_t)(end - at)))) {
        if (w->keys[at - w->tags] == key) return (int)(at - w->tags);
        at++;
    }
    return -1;
}

qk_window_state qk_window_find(const qk_window *w, uint64_t key, uint32_t content)
{
    if (w->used == 0) return QK_WINDOW_NEW;
    int slot = find_slot(w, key);
    if (slot < 0) return QK_WINDOW_NEW;
    return w->contents[slot] == content ? QK_WINDOW_REPEAT : QK_WINDOW_CHANGED;
}

/* Moves to a block of twice the size. Called when the next slot is the one behind the last, so that
 * the old block stands in order of age. */
static bool grow_window(qk_window *w)
{
    uint16_t cap = w->cap ? (uint16_t)(w->cap * 2) : FIRST_CAP;
    char *block = malloc(cap * (sizeof(uint64_t) + sizeof(uint32_t) + 1));
    if (!block) return false;
    qk_window fresh = {.keys = (uint64_t *)(void *)block,
                       .contents = (uint32_t *)(void *)(block + cap * sizeof(uint64_t)),
                       .tags = (uint8_t *)block + cap * (sizeof(uint64_t) + sizeof(uint32_t)),
                       .cap = cap,
                       .used = w->used,
                       .next = w->used};
    if (w->used) {
        memcpy(fresh.keys, w->keys, w->used * sizeof *w->keys);
        memcpy(fresh.contents, w->contents, w->used * sizeof *w->contents);
        memcpy(fresh.tags, w->tags, w->used);
    }
    free(w->keys);
    *w = fresh;
    return true;
}

void qk_window_add(qk_window *w, uint64_t key, uint32_t content)
{
    int slot = w->used ? find_slot(w, key) : -1;
    if (slot >= 0) {
        w->contents[slot] = content;
        return;
    }
    if (w->next == w->cap && w->cap < QK_WINDOW_MAX) (void)grow_window(w);
    if (w->cap == 0) return;
    if (w->next >= w->cap) w->next = 0;
    w->keys[w->next] = key;
    w->contents[w->next] = content;
    w->tags[w->next] = (uint8_t)key;
    w->next++;
    if (w->used < w->cap) w->used++;
}

/* Words of eight bytes, multiplied and folded: a key needs to differ when a part differs, and an
 * adversary gains nothing from a collision but his own frame being called a repeat. */
static uint64_t mix_bytes(uint64_t h, qk_str s)
{
    size_t left = s.len;
    const char *p = s.ptr;
    uint64_t word;
    h = (h ^ s.len) * 0x9E3779B97F4A7C15u;
    for (; left >= 8; left -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    if (left) {
        word = 0;
        memcpy(&word, p, left);
        h = (h ^ word) * 0xC4CEB9FE1A85EC53u;
        h ^= h >> 32;
    }
    return h;
}

uint64_t qk_window_key(qk_str qn, qk_str cn, qk_str data_time, uint32_t pno)
{
    uint64_t h = mix_bytes(0x51ED270B1u + pno, qn);
    h = mix_bytes(h, cn);
    h = mix_bytes(h, data_time);
    h ^= h >> 29;
    h *= 0x9E3779B97F4A7C15u;
    return h ^ h >> 32;
}
