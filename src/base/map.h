/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_MAP_H
#define QK_BASE_MAP_H
/* Hash table from short byte keys to 64-bit values, open addressing, seeded against flooding.
 * Keys are copied. Bounded: `ceiling` entries at most. One thread at a time. */
#include "base/text.h"

typedef struct qk_map qk_map;
QK_NODISCARD qk_code qk_map_new(qk_map **out, size_t ceiling_entries);
void qk_map_free(qk_map *map);
/* True and *value when the key is there; value may be NULL. */
bool qk_map_get(const qk_map *map, qk_str key, uint64_t *value);
/* Inserts or replaces. QK_EFULL at the ceiling, QK_ENOMEM. */
QK_NODISCARD qk_code qk_map_set(qk_map *map, qk_str key, uint64_t value);
bool qk_map_remove(qk_map *map, qk_str key);
size_t qk_map_count(const qk_map *map);
/* Walks all entries in no fixed order; start with *cursor = 0; false at the end. The map must not
 * change during a walk. */
bool qk_map_each(const qk_map *map, size_t *cursor, qk_str *key, uint64_t *value);
#endif
