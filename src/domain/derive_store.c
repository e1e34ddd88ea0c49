/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/derive_private.h"
#include "domain/setting.h"
#include <stdlib.h>

enum { SAVED_NOTHING, SAVED_DIRTY, SAVED_DONE };

static qk_code load_entry(qk_derive *d, qk_str mn, int level, qk_time time, qk_error *err)
{
    qk_derive_device *dev = NULL;
    if (mn.len == 0 || mn.len >= QK_MN_MAX || (level != QK_LEVEL_HOUR && level != QK_LEVEL_DAY))
        return QK_OK;
    QK_TRY(qk_derive_device_get(&dev, d, mn, err));
    /* Also what was done: its row may not have reached the disk. */
    QK_TRY(qk_derive_touch(d, dev, (qk_derive_level)level, time, time, err));
    for (size_t i = 0; i < dev->entry_n; i++)
        if (dev->entries[i].level == level && dev->entries[i].time == time)
            dev->entries[i].saved = SAVED_DONE;
    return QK_OK;
}

/* Rules that cannot be read are told and change nothing. */
static void load_rules(qk_derive *d, qk_db *db)
{
    qk_arena arena;
    qk_str text;
    qk_error err = {0};
    qk_arena_init(&arena, 1 << 20);
    qk_code code = qk_setting_text(&text, db, "quality.still", &arena, &err);
    if (!code) code = qk_still_read(&d->still, text, &err);
    if (code && code != QK_ENOTFOUND)
        qk_log_print(d->p.log, QK_LOG_WARN, "quality", "%s", err.message);
    qk_arena_clear(&arena);
}

qk_code qk_derive_load(qk_derive *d, qk_db *db, qk_error *err)
{
    load_rules(d, db);
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT mn,level,at FROM derived_dirty", err));
    qk_code code;
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        code = load_entry(d, qk_db_text(s, 0), sqlite3_column_int(s, 1), sqlite3_column_int64(s, 2),
                          err);
        if (code) break;
    }
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

bool qk_derive_unsaved(const qk_derive *d)
{
    return d->unsaved;
}

static qk_code save_entry(qk_db *db, const qk_derive_device *dev, qk_entry *e, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    uint8_t want = e->done ? SAVED_DONE : SAVED_DIRTY;
    if (e->saved == want && !e->done) return QK_OK;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO derived_dirty(mn,level,at,done_pos) VALUES(?1,?2,?3,?4)"
                         " ON CONFLICT(mn,level,at) DO UPDATE SET done_pos=?4",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(dev->mn));
    sqlite3_bind_int(s, 2, e->level);
    sqlite3_bind_int64(s, 3, e->time);
    if (e->done) sqlite3_bind_int64(s, 4, (int64_t)e->done_pos);
    QK_TRY(qk_db_run(db, s, err));
    e->writing = want;
    return QK_OK;
}

qk_code qk_derive_save(qk_derive *d, qk_db *db, qk_error *err)
{
    if (!d->unsaved) return QK_OK;
    for (size_t i = 0; i < d->n; i++) {
        qk_derive_device *dev = d->devices[i];
        if (!dev->unsaved) continue;
        for (size_t k = 0; k < dev->entry_n; k++)
            QK_TRY(save_entry(db, dev, &dev->entries[k], err));
    }
    return QK_OK;
}

qk_code qk_derive_prune(qk_derive *d, qk_db *db, uint64_t needed_from, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    if (needed_from == d->pruned_to) return QK_OK;
    QK_TRY(qk_db_prepare(&s, db, "DELETE FROM derived_dirty WHERE done_pos<?", err));
    sqlite3_bind_int64(s, 1, (int64_t)needed_from);
    QK_TRY(qk_db_run(db, s, err));
    d->pruned_to = needed_from;
    return QK_OK;
}

/* Done entries leave memory: the table remembers them until their rows are packed. */
static void settle_device(qk_derive *d, qk_derive_device *dev)
{
    size_t kept = 0;
    for (size_t i = 0; i < dev->entry_n; i++) {
        qk_entry *e = &dev->entries[i];
        if (e->writing) e->saved = e->writing;
        e->writing = SAVED_NOTHING;
        if (e->done) continue;
        dev->entries[kept++] = *e;
    }
    d->entry_total -= dev->entry_n - kept;
    dev->entry_n = kept;
    dev->unsaved = false;
}

void qk_derive_settle(qk_derive *d, bool committed)
{
    if (!committed) d->pruned_to = 0;
    if (!d->unsaved || !committed) return;
    for (size_t i = 0; i < d->n; i++)
        if (d->devices[i]->unsaved) settle_device(d, d->devices[i]);
    d->unsaved = false;
}
