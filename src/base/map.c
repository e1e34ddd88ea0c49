/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include <errno.h>
#include <sodium/crypto_shorthash.h>
#include <stdlib.h>
#include <sys/random.h>

enum { SLOTS_FIRST = 16 };

typedef struct map_slot {
    char *key; /* NULL = free */
    size_t len;
    uint64_t hash;
    uint64_t value;
} map_slot;

/* Slots are a power of two, at most 3/4 of them taken. A key lies at its hash or, when that is
 * taken, in the next free slot; removal closes the gap, so that no mark of the removed is left. */
struct qk_map {
    map_slot *slots;
    size_t size;
    size_t count;
    size_t ceiling;
    unsigned char seed[crypto_shorthash_KEYBYTES];
};

static qk_code draw_seed(unsigned char *seed, size_t len)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = getrandom(seed + got, len - got, 0);
        if (n > 0)
            got += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return QK_EIO;
    }
    return QK_OK;
}

qk_code qk_map_new(qk_map **out, size_t ceiling_entries)
{
    *out = NULL;
    qk_map *map = calloc(1, sizeof *map);
    if (!map) return QK_ENOMEM;
    map->ceiling = ceiling_entries;
    qk_code code = draw_seed(map->seed, sizeof map->seed);
    if (code) {
        free(map);
        return code;
    }
    *out = map;
    return QK_OK;
}

void qk_map_free(qk_map *map)
{
    if (!map) return;
    for (size_t i = 0; i < map->size; i++) free(map->slots[i].key);
    free(map->slots);
    free(map);
}

static uint64_t hash_key(const qk_map *map, qk_str key)
{
    uint64_t hash;
    const void *bytes = key.len ? key.ptr : "";
    crypto_shorthash((unsigned char *)&hash, bytes, key.len, map->seed);
    return hash;
}

/* The key's slot, or the free one where it would stand; there always is a free one. */
static map_slot *find_slot(const qk_map *map, qk_str key, uint64_t hash)
{
    for (size_t i = hash;; i++) {
        map_slot *slot = &map->slots[i & (map->size - 1)];
        if (!slot->key) return slot;
        if (slot->hash == hash && qk_str_eq((qk_str){slot->key, slot->len}, key)) return slot;
    }
}

bool qk_map_get(const qk_map *map, qk_str key, uint64_t *value)
{
    if (map->count == 0) return false;
    const map_slot *slot = find_slot(map, key, hash_key(map, key));
    if (!slot->key) return false;
    if (value) *value = slot->value;
    return true;
}

static qk_code grow_map(qk_map *map)
{
    size_t size = map->size ? map->size * 2 : SLOTS_FIRST;
    map_slot *slots = calloc(size, sizeof *slots);
    if (!slots) return QK_ENOMEM;
    for (size_t i = 0; i < map->size; i++) {
        if (!map->slots[i].key) continue;
        size_t to = map->slots[i].hash & (size - 1);
        while (slots[to].key) to = (to + 1) & (size - 1);
        slots[to] = map->slots[i];
    }
    free(map->slots);
    map->slots = slots;
    map->size = size;
    return QK_OK;
}

qk_code qk_map_set(qk_map *map, qk_str key, uint64_t value)
{
    uint64_t hash = hash_key(map, key);
    map_slot *slot = map->size ? find_slot(map, key, hash) : NULL;
    if (slot && slot->key) {
        slot->value = value;
        return QK_OK;
    }
    if (map->count >= map->ceiling) return QK_EFULL;
    if (!slot || map->count >= map->size / 4 * 3) {
        QK_TRY(grow_map(map));
        slot = find_slot(map, key, hash);
    }
    char *copy = malloc(key.len + 1);
    if (!copy) return QK_ENOMEM;
    qk_str_copy(copy, key.len + 1, key);
    *slot = (map_slot){copy, key.len, hash, value};
    map->count++;
    return QK_OK;
}

bool qk_map_remove(qk_map *map, qk_str key)
{
    if (map->count == 0) return false;
    size_t mask = map->size - 1;
    map_slot *slot = find_slot(map, key, hash_key(map, key));
    if (!slot->key) return false;
    free(slot->key);
    size_t gap = (size_t)(slot - map->slots);
    for (size_t i = (gap + 1) & mask; map->slots[i].key; i = (i + 1) & mask) {
        size_t home = map->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - gap) & mask)) continue;
        map->slots[gap] = map->slots[i];
        gap = i;
    }
    map->slots[gap] = (map_slot){0};
    map->count--;
    return true;
}

size_t qk_map_count(const qk_map *map)
{
    return map->count;
}

bool qk_map_each(const qk_map *map, size_t *cursor, qk_str *key, uint64_t *value)
{
    for (; *cursor < map->size; ++*cursor) {
        const map_slot *slot = &map->slots[*cursor];
        if (!slot->key) continue;
        if (key) *key = (qk_str){slot->key, slot->len};
        if (value) *value = slot->value;
        ++*cursor;
        return true;
    }
    return false;
}
