/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/registry_private.h"
#include <stdlib.h>

static qk_code load_all(qk_registry *r, qk_error *err)
{
    for (int k = 0; k < QK_ROW_KINDS; k++) QK_TRY(qk_row_load(r, (qk_row_kind)k, err));
    return qk_place_load(r, err);
}

qk_code qk_registry_open(qk_registry **out, qk_db *db, qk_error *err)
{
    qk_code code = QK_OK;
    qk_registry *r = calloc(1, sizeof *r);
    if (!r) return qk_fail(err, QK_ENOMEM, "no memory for the register");
    r->db = db;
    pthread_rwlock_init(&r->lock, NULL);
    for (int k = 0; k < QK_ROW_KINDS; k++) {
        code = qk_row_sql(&r->tables[k], &qk_row_forms[k]);
        if (code) {
            qk_fail(err, code, "no memory for the register");
            goto out;
        }
    }
    code = load_all(r, err);
out:
    if (code)
        qk_registry_close(r);
    else
        *out = r;
    return code;
}

void qk_registry_close(qk_registry *r)
{
    if (!r) return;
    for (int k = 0; k < QK_ROW_KINDS; k++) {
        qk_row_table_clear(&r->tables[k], &qk_row_forms[k]);
        free(r->tables[k].load_sql);
        free(r->tables[k].put_sql);
    }
    free(r->place);
    pthread_rwlock_destroy(&r->lock);
    free(r);
}

qk_code qk_registry_reload(qk_registry *r, qk_error *err)
{
    qk_code code = load_all(r, err);
    atomic_fetch_add(&r->version, 1);
    return code;
}

uint64_t qk_registry_version(const qk_registry *r)
{
    return atomic_load(&r->version);
}

pthread_rwlock_t *qk_registry_lock(const qk_registry *r)
{
    return (pthread_rwlock_t *)(uintptr_t)&r->lock;
}

bool qk_row_get(const qk_registry *r, qk_row_kind kind, void *key)
{
    bool found;
    pthread_rwlock_rdlock(qk_registry_lock(r));
    size_t at = qk_row_find(&r->tables[kind], &qk_row_forms[kind], key, &found);
    if (found) memcpy(key, r->tables[kind].rows[at], qk_row_forms[kind].row_size);
    pthread_rwlock_unlock(qk_registry_lock(r));
    return found;
}

bool qk_registry_device(const qk_registry *r, qk_device *out, qk_str mn)
{
    if (mn.len == 0 || mn.len >= sizeof out->mn) return false;
    qk_str_copy(out->mn, sizeof out->mn, mn);
    return qk_row_get(r, QK_ROW_DEVICE, out);
}

bool qk_registry_site(const qk_registry *r, qk_site *out, qk_str id)
{
    if (id.len == 0 || id.len >= sizeof out->id) return false;
    qk_str_copy(out->id, sizeof out->id, id);
    return qk_row_get(r, QK_ROW_SITE, out);
}

bool qk_registry_factor(const qk_registry *r, qk_factor *out, qk_str mn, qk_str code)
{
    if (mn.len == 0 || mn.len >= sizeof out->mn || code.len >= sizeof out->code) return false;
    qk_str_copy(out->mn, sizeof out->mn, mn);
    qk_str_copy(out->code, sizeof out->code, code);
    return qk_row_get(r, QK_ROW_FACTOR, out);
}

static qk_code copy_range(const qk_registry *r, qk_row_kind kind, qk_arena *arena, size_t from,
                          size_t to, void **out, size_t *n)
{
    size_t size = qk_row_forms[kind].row_size;
    char *rows = qk_arena_array(arena, to - from, size);
    if (!rows) return QK_ENOMEM;
    for (size_t i = from; i < to; i++)
        memcpy(rows + (i - from) * size, r->tables[kind].rows[i], size);
    *out = rows;
    *n = to - from;
    return QK_OK;
}

qk_code qk_row_all(const qk_registry *r, qk_row_kind kind, qk_arena *arena, void **out, size_t *n)
{
    pthread_rwlock_rdlock(qk_registry_lock(r));
    qk_code code = copy_range(r, kind, arena, 0, r->tables[kind].n, out, n);
    pthread_rwlock_unlock(qk_registry_lock(r));
    return code;
}

qk_code qk_registry_devices(const qk_registry *r, qk_arena *arena, qk_device **out, size_t *n)
{
    void *rows = NULL;
    QK_TRY(qk_row_all(r, QK_ROW_DEVICE, arena, &rows, n));
    *out = rows;
    return QK_OK;
}

qk_code qk_registry_sites(const qk_registry *r, qk_arena *arena, qk_site **out, size_t *n)
{
    void *rows = NULL;
    QK_TRY(qk_row_all(r, QK_ROW_SITE, arena, &rows, n));
    *out = rows;
    return QK_OK;
}

/* Under the lock: geometries must be copied before their owner can change. */
static qk_code copy_divisions(const qk_registry *r, qk_arena *arena, qk_division **out, size_t *n)
{
    void *rows = NULL;
    QK_TRY(copy_range(r, QK_ROW_DIVISION, arena, 0, r->tables[QK_ROW_DIVISION].n, &rows, n));
    *out = rows;
    for (size_t i = 0; i < *n; i++) {
        const char *geometry = (*out)[i].geometry;
        if (!geometry) continue;
        (*out)[i].geometry = qk_arena_copy(arena, geometry, strlen(geometry));
        if (!(*out)[i].geometry) return QK_ENOMEM;
    }
    return QK_OK;
}

qk_code qk_registry_divisions(const qk_registry *r, qk_arena *arena, qk_division **out, size_t *n)
{
    pthread_rwlock_rdlock(qk_registry_lock(r));
    qk_code code = copy_divisions(r, arena, out, n);
    pthread_rwlock_unlock(qk_registry_lock(r));
    return code;
}

qk_code qk_registry_factors(const qk_registry *r, qk_arena *arena, qk_str mn, qk_factor **out,
                            size_t *n)
{
    void *rows = NULL;
    qk_factor key = {0};
    if (mn.len >= sizeof key.mn) {
        *n = 0;
        return QK_OK;
    }
    qk_str_copy(key.mn, sizeof key.mn, mn);
    const qk_row_table *t = &r->tables[QK_ROW_FACTOR];
    bool found;
    pthread_rwlock_rdlock(qk_registry_lock(r));
    size_t from = qk_row_find(t, &qk_row_forms[QK_ROW_FACTOR], &key, &found), to = from;
    if (mn.len == 0) from = 0, to = t->n;
    while (mn.len && to < t->n && strcmp(((qk_factor *)t->rows[to])->mn, key.mn) == 0) to++;
    qk_code code = copy_range(r, QK_ROW_FACTOR, arena, from, to, &rows, n);
    pthread_rwlock_unlock(qk_registry_lock(r));
    *out = rows;
    return code;
}

qk_code qk_registry_place(const qk_registry *r, qk_arena *arena, qk_str *out)
{
    pthread_rwlock_rdlock(qk_registry_lock(r));
    const char *text = r->place ? r->place : "{}";
    out->len = strlen(text);
    out->ptr = qk_arena_copy(arena, text, out->len);
    pthread_rwlock_unlock(qk_registry_lock(r));
    return out->ptr ? QK_OK : QK_ENOMEM;
}

static qk_code check_seen(qk_registry *r, qk_row_kind kind, const void *row, int64_t seen,
                          qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    bool found;
    size_t at = qk_row_find(&r->tables[kind], form, row, &found);
    int64_t current = found ? qk_row_version(form, r->tables[kind].rows[at]) : 0;
    if (seen == current) return QK_OK;
    qk_fail(err, QK_ECONFLICT, "the %s is at version %lld, the change was made from %lld",
            form->table, (long long)current, (long long)seen);
    qk_error_at(err, qk_row_field(row, &form->fields[0]), 0, 0);
    return qk_error_hint(err, "read it again and repeat the change");
}

qk_code qk_registry_put_device(qk_registry *r, const qk_device *d, int64_t seen, qk_str by,
                               qk_time now, qk_error *err)
{
    QK_TRY(check_seen(r, QK_ROW_DEVICE, d, seen, err));
    return qk_row_write(r, QK_ROW_DEVICE, d, by, now, now, err);
}

qk_code qk_registry_put_site(qk_registry *r, const qk_site *s, int64_t seen, qk_str by, qk_time now,
                             qk_error *err)
{
    QK_TRY(check_seen(r, QK_ROW_SITE, s, seen, err));
    return qk_row_write(r, QK_ROW_SITE, s, by, now, now, err);
}

qk_code qk_registry_put_division(qk_registry *r, const qk_division *d, qk_str by, qk_time now,
                                 qk_error *err)
{
    return qk_row_write(r, QK_ROW_DIVISION, d, by, now, now, err);
}

qk_code qk_registry_put_factor(qk_registry *r, const qk_factor *f, qk_str by, qk_time now,
                               qk_error *err)
{
    return qk_row_write(r, QK_ROW_FACTOR, f, by, now, now, err);
}
