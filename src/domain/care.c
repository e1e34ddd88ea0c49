/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/care.h"
#include "base/file.h"
#include "domain/setting.h"
#include "store/packed.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEEP_LEAST_DAYS = 31, DAYS_MAX = 100000 };

struct qk_care {
    char dir[QK_PATH_MAX];
    qk_log *log;
    bool going, listed, flush;
    qk_segment_list list;
    size_t at;
    qk_jpos packed_to; /* segments before are known to be compressed */
    qk_packer *packer;
    qk_time pack_before, drop_before; /* QK_TIME_NONE = nothing is */
    qk_jpos read_to;                  /* by the store; rows of before may be in memory alone */
    qk_jpos unsaved, needed;
};

qk_code qk_care_new(qk_care **out, const char *dir, qk_log *log)
{
    qk_care *c = calloc(1, sizeof *c);
    *out = c;
    if (!c) return QK_ENOMEM;
    qk_str_copy(c->dir, sizeof c->dir, qk_str_of(dir));
    c->log = log;
    return QK_OK;
}

static void end_round(qk_care *c)
{
    qk_packer_close(c->packer);
    c->packer = NULL;
    qk_segment_list_clear(&c->list);
    c->going = c->listed = false;
}

void qk_care_free(qk_care *c)
{
    if (!c) return;
    end_round(c);
    free(c);
}

void qk_care_begin(qk_care *c)
{
    end_round(c);
    c->going = true;
}

static qk_code least_of(qk_db *db, const char *sql, qk_jpos *least, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, sql, err));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_OK && qk_db_text(s, 0).ptr) {
        qk_jpos pos = (qk_jpos)sqlite3_column_int64(s, 0);
        if (pos < *least) *least = pos;
    }
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code find_bounds(qk_care *c, qk_db *db, qk_time now, qk_error *err)
{
    int64_t hours = qk_setting_i64(db, "journal.pack_after_hours", 24);
    int64_t days = qk_setting_i64(db, "journal.keep_days", 0);
    c->pack_before = hours > 0 && hours <= 24 * DAYS_MAX ? now - hours * QK_HOUR : QK_TIME_NONE;
    c->drop_before =
        days >= KEEP_LEAST_DAYS && days <= DAYS_MAX ? now - days * QK_DAY : QK_TIME_NONE;
    c->read_to = c->unsaved = UINT64_MAX;
    QK_TRY(least_of(db, "SELECT value FROM meta WHERE key='processed_pos'", &c->read_to, err));
    QK_TRY(least_of(db, "SELECT value FROM meta WHERE key='journal_pos'", &c->unsaved, err));
    if (c->read_to == UINT64_MAX) c->read_to = 0;
    if (c->unsaved > c->read_to) c->unsaved = c->read_to;
    c->needed = c->read_to;
    QK_TRY(least_of(db, "SELECT min(cursor) FROM forward", &c->needed, err));
    QK_TRY(least_of(db, "SELECT min(cursor) FROM forward_link", &c->needed, err));
    return least_of(db, "SELECT min(first_pos) FROM parked", &c->needed, err);
}

static qk_code begin_listed(qk_care *c, qk_db *db, qk_time now, qk_error *err)
{
    QK_TRY(find_bounds(c, db, now, err));
    QK_TRY(qk_segment_list_read(&c->list, c->dir, err));
    c->at = 0;
    c->listed = true;
    return QK_OK;
}

static qk_code remove_if_there(const char *path, qk_error *err)
{
    if (unlink(path) == 0 || errno == ENOENT) return QK_OK;
    qk_code code = qk_fail_errno(err, errno, "an old segment of the journal cannot be deleted");
    qk_error_at(err, path, 0, 0);
    return code;
}

static qk_code drop_segment(qk_care *c, qk_jpos start, qk_error *err)
{
    char plain[QK_PATH_MAX], packed[QK_PATH_MAX];
    QK_TRY(qk_segment_path(plain, sizeof plain, c->dir, start, err));
    QK_TRY(qk_packed_path(packed, sizeof packed, c->dir, start, err));
    QK_TRY(remove_if_there(plain, err));
    QK_TRY(remove_if_there(packed, err));
    qk_log_print(c->log, QK_LOG_INFO, "journal", "the segment at %llu was kept long enough",
                 (unsigned long long)start);
    return qk_dir_sync(c->dir, err);
}

static bool is_plain(const qk_care *c, qk_jpos start)
{
    struct stat st;
    char path[QK_PATH_MAX];
    return qk_segment_path(path, sizeof path, c->dir, start, NULL) == QK_OK && stat(path, &st) == 0;
}

/* The segment at c->at, which another one follows. */
static qk_code tend_segment(qk_care *c, qk_error *err)
{
    qk_jpos start = c->list.starts[c->at], end = c->list.starts[c->at + 1];
    qk_time ended;
    bool old = c->drop_before != QK_TIME_NONE && end <= c->needed;
    bool ripe = c->pack_before != QK_TIME_NONE && end <= c->read_to && end > c->packed_to;
    c->at++;
    if (!old && !ripe) return QK_OK;
    /* A segment ends when the next one begins; where that cannot be told it is left alone. */
    qk_code code = qk_segment_begun(&ended, c->dir, end, NULL);
    if (code) return code == QK_ENOMEM ? code : QK_OK;
    if (old && ended < c->drop_before) {
        if (end <= c->unsaved) return drop_segment(c, start, err);
        c->flush = true; /* and the next round takes it */
        return QK_OK;
    }
    if (!ripe || ended >= c->pack_before) return QK_OK;
    if (is_plain(c, start)) return qk_packer_open(&c->packer, c->dir, start, end, err);
    if (c->packed_to <= start) c->packed_to = end;
    return QK_OK;
}

static qk_code step(qk_care *c, qk_db *db, qk_time now, qk_error *err)
{
    bool done = false;
    if (!c->listed) return begin_listed(c, db, now, err);
    if (c->packer) {
        QK_TRY(qk_packer_step(c->packer, &done, err));
        if (!done) return QK_OK;
        qk_packer_close(c->packer);
        c->packer = NULL;
        return QK_OK;
    }
    if (c->at + 1 < c->list.count) return tend_segment(c, err);
    end_round(c);
    return QK_OK;
}

bool qk_care_wants_flush(qk_care *c)
{
    bool wants = c->flush;
    c->flush = false;
    return wants;
}

bool qk_care_step(qk_care *c, qk_db *db, qk_time now)
{
    qk_error err = {0};
    if (!c->going) return false;
    if (step(c, db, now, &err)) {
        qk_log_print(c->log, QK_LOG_WARN, "journal", "care of the journal waits a day: %s",
                     err.message);
        end_round(c);
    }
    return c->going;
}
