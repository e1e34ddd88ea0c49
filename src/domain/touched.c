/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/touched.h"
#include <stdlib.h>

enum { TOUCHED_MAX = 1 << 20 };

qk_code qk_touched_init(qk_touched *t, int level)
{
    *t = (qk_touched){.level = level};
    return qk_map_new(&t->index, TOUCHED_MAX);
}

void qk_touched_clear(qk_touched *t)
{
    qk_map_free(t->index);
    free(t->list);
    *t = (qk_touched){0};
}

static qk_str key_of(char room[QK_MN_MAX + 4], const char *mn, int32_t day)
{
    size_t n = strnlen(mn, QK_MN_MAX - 1);
    memcpy(room, mn, n);
    memcpy(room + n, &day, sizeof day);
    return (qk_str){room, n + sizeof day};
}

static qk_touched_day *touch_day(qk_touched *t, const char *mn, int32_t day)
{
    char room[QK_MN_MAX + 4];
    uint64_t number;
    qk_str key = key_of(room, mn, day);
    if (qk_map_get(t->index, key, &number)) return &t->list[number];
    if (!t->list || t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        qk_touched_day *grown = realloc(t->list, cap * sizeof *grown);
        if (!grown) return NULL;
        t->list = grown;
        t->cap = cap;
    }
    if (qk_map_set(t->index, key, t->n)) return NULL;
    qk_touched_day *d = &t->list[t->n++];
    *d = (qk_touched_day){.day = day};
    qk_str_copy(d->mn, sizeof d->mn, qk_str_of(mn));
    return d;
}

void qk_touched_add(qk_touched *t, const char *mn, int32_t day)
{
    (void)touch_day(t, mn, day);
}

qk_code qk_touched_load(qk_touched *t, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT mn,at FROM derived_dirty WHERE level=?", err));
    sqlite3_bind_int(s, 1, t->level);
    qk_code code;
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        char mn[QK_MN_MAX];
        qk_str_copy(mn, sizeof mn, qk_db_text(s, 0));
        qk_touched_day *d = touch_day(t, mn, (int32_t)sqlite3_column_int64(s, 1));
        if (d) d->saved = true;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code remember(const qk_touched *t, qk_db *db, const qk_touched_day *d, bool forget,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    const char *sql = forget ? "DELETE FROM derived_dirty WHERE mn=? AND level=? AND at=?"
                             : "INSERT OR IGNORE INTO derived_dirty(mn,level,at) VALUES(?,?,?)";
    QK_TRY(qk_db_prepare(&s, db, sql, err));
    qk_db_bind_str(s, 1, qk_str_of(d->mn));
    sqlite3_bind_int(s, 2, t->level);
    sqlite3_bind_int64(s, 3, d->day);
    return qk_db_run(db, s, err);
}

qk_code qk_touched_done(qk_touched *t, size_t i, qk_db *db, qk_error *err)
{
    qk_touched_day *d = &t->list[i];
    if (d->saved) QK_TRY(remember(t, db, d, true, err));
    d->computed = true;
    return QK_OK;
}

qk_code qk_touched_keep(qk_touched *t, size_t i, qk_db *db, qk_error *err)
{
    qk_touched_day *d = &t->list[i];
    d->computed = false;
    return d->saved ? QK_OK : remember(t, db, d, false, err);
}

void qk_touched_settle(qk_touched *t, bool committed)
{
    size_t kept = 0;
    if (!committed) return;
    for (size_t i = 0; i < t->n; i++) {
        char room[QK_MN_MAX + 4];
        qk_touched_day d = t->list[i];
        qk_str key = key_of(room, d.mn, d.day);
        if (d.computed) {
            qk_map_remove(t->index, key);
            continue;
        }
        d.saved = true;
        /* The key is there already: replacing cannot fail. */
        if (qk_map_set(t->index, key, kept)) abort();
        t->list[kept++] = d;
    }
    t->n = kept;
}
