/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of factor and field. */
#include "store/telemetry_private.h"
#include <stdlib.h>

enum { NAMES_MOST = 1 << 20, TEXTS_MOST = 256 << 20 };

qk_code qk_names_init(qk_name_table *t)
{
    *t = (qk_name_table){0};
    qk_arena_init(&t->texts, TEXTS_MOST);
    return qk_map_new(&t->map, NAMES_MOST);
}

void qk_names_clear(qk_name_table *t)
{
    qk_map_free(t->map);
    qk_arena_clear(&t->texts);
    free(t->names);
    *t = (qk_name_table){0};
}

bool qk_name_good(qk_str name)
{
    return name.len <= QK_NAME_BYTES_MAX && (name.len == 0 || !memchr(name.ptr, 0, name.len));
}

qk_code qk_names_add(qk_name_table *t, qk_str code, qk_str field, uint32_t *out)
{
    char key[2 * QK_NAME_BYTES_MAX + 1];
    uint64_t known;
    if (code.len > 0) memcpy(key, code.ptr, code.len);
    key[code.len] = '\0';
    if (field.len > 0) memcpy(key + code.len + 1, field.ptr, field.len);
    qk_str whole = {key, code.len + 1 + field.len};
    if (qk_map_get(t->map, whole, &known)) {
        *out = (uint32_t)known;
        return QK_OK;
    }
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 256;
        qk_name *more = realloc(t->names, cap * sizeof *more);
        if (!more) return QK_ENOMEM;
        t->names = more;
        t->cap = cap;
    }
    char *copy = qk_arena_copy(&t->texts, whole.ptr, whole.len);
    if (!copy) return QK_ENOMEM;
    QK_TRY(qk_map_set(t->map, whole, t->n));
    t->names[t->n] = (qk_name){{copy, code.len}, {copy + code.len + 1, field.len}};
    *out = (uint32_t)t->n++;
    return QK_OK;
}
