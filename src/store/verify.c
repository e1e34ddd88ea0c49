/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verify.h"
#include "base/file.h"
#include "store/lock.h"
#include "store/segment.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

typedef struct check {
    const qk_verify_options *options;
    qk_verify_result *result;
    char journal_dir[QK_PATH_MAX];
    char db_path[QK_PATH_MAX];
    qk_acks *acks;
    qk_db *db;
    qk_jpos seen_to;        /* what the database has taken in, in memory or on the disk */
    qk_audit_anchor anchor; /* the last one before; seq 0 = none */
    qk_time anchored_at;
} check;

static void fault(check *c, const char *part, const char *fmt, ...) QK_PRINTF(3, 4);
static void fault(check *c, const char *part, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->result->faults++;
    if (c->options->fault) c->options->fault(c->options->context, part, text);
}

/* ---- journal ---- */

/* What lies behind the database's own position may be newer than it, as after a restoration. */
static void take_input(check *c, const qk_journal_record *record)
{
    qk_audit_anchor anchor;
    if (record->pos >= c->seen_to ||
        !qk_audit_anchor_parse(&anchor, (qk_str){record->payload, record->len}) ||
        anchor.seq < c->anchor.seq)
        return;
    c->anchor = anchor;
    c->anchored_at = record->at;
}

static void take_record(check *c, const qk_journal_record *record)
{
    qk_verify_result *r = c->result;
    size_t kind = (size_t)record->kind < QK_VERIFY_KINDS - 1 ? record->kind : QK_VERIFY_KINDS - 1;
    r->by_kind[kind]++;
    if (record->kind == QK_JOURNAL_MARK) return;
    r->records++;
    if (r->first_at == QK_TIME_NONE) r->first_at = record->at;
    r->last_at = record->at;
    if (kind == QK_VERIFY_KINDS - 1)
        fault(c, "journal", "position %llu: a record of unknown kind %d",
              (unsigned long long)record->pos, (int)record->kind);
    if (record->kind == QK_JOURNAL_INPUT) take_input(c, record);
    if (record->kind != QK_JOURNAL_FRAME) return;
    bool repeat = (record->flags & QK_JOURNAL_REPEAT) != 0;
    r->marked_repeats += repeat;
    if (c->acks) qk_acks_frame(c->acks, record->payload, record->len, repeat);
}

static void take_damage(check *c, qk_jpos from, qk_jpos to, const qk_error *found)
{
    c->result->damaged_stretches++;
    c->result->damaged_bytes += to - from;
    fault(c, "journal", "%s: %s", found->where, found->message);
}

static qk_code read_journal(check *c, qk_journal_reader *reader, qk_error *err)
{
    for (;;) {
        qk_journal_record record;
        qk_error found = {0};
        qk_jpos before = qk_journal_reader_pos(reader);
        qk_code code = qk_journal_next(reader, &record, UINT64_MAX, &found);
        if (code == QK_OK) {
            take_record(c, &record);
        } else if (code == QK_EDAMAGED) {
            take_damage(c, before, qk_journal_reader_pos(reader), &found);
        } else if (code == QK_ENOTFOUND) {
            c->result->end = qk_journal_reader_pos(reader);
            c->result->torn_bytes = qk_journal_reader_torn(reader);
            return QK_OK;
        } else {
            if (err) *err = found;
            return code;
        }
    }
}

static qk_code check_journal(check *c, qk_error *err)
{
    qk_segment_list list;
    qk_journal_reader *reader = NULL;
    QK_TRY(qk_segment_list_read(&list, c->journal_dir, err));
    c->result->segments = list.count;
    qk_segment_list_clear(&list);
    QK_TRY(qk_journal_reader_open(&reader, c->journal_dir, 0, err));
    qk_code code = read_journal(c, reader, err);
    qk_journal_reader_close(reader);
    QK_TRY(code);
    if (c->result->end < c->result->processed)
        fault(c, "journal", "the journal ends at %llu, but the database has read it up to %llu",
              (unsigned long long)c->result->end, (unsigned long long)c->result->processed);
    return QK_OK;
}

/* ---- database ---- */

static qk_code check_integrity(check *c, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const char *sql = c->options->quick ? "PRAGMA quick_check(100)" : "PRAGMA integrity_check(100)";
    QK_TRY(qk_db_prepare(&stmt, c->db, sql, err));
    qk_code code;
    while ((code = qk_db_step(c->db, stmt, err)) == QK_OK) {
        qk_str line = qk_db_text(stmt, 0);
        if (!qk_str_eq(line, QK_STR("ok"))) fault(c, "database", "%.*s", QK_STR_ARG(line));
    }
    QK_TRY(code == QK_ENOTFOUND ? QK_OK : code);
    QK_TRY(qk_db_prepare(&stmt, c->db, "PRAGMA foreign_key_check", err));
    while ((code = qk_db_step(c->db, stmt, err)) == QK_OK)
        fault(c, "database", "a row of table %.*s points nowhere", QK_STR_ARG(qk_db_text(stmt, 0)));
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static void note_file(void *context, const char *sha256, const char *text)
{
    fault(context, "files", "%s: %s", sha256, text);
}

static void note_line(void *context, int64_t seq, const char *text)
{
    fault(context, "audit", "line %lld: %s", (long long)seq, text);
}

static qk_code read_facts(check *c, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int64_t processed = 0;
    QK_TRY(qk_db_prepare(&stmt, c->db, "PRAGMA user_version", err));
    QK_TRY(qk_db_step(c->db, stmt, err));
    c->result->schema = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    qk_code code = qk_db_meta_get(c->db, "journal_pos", &processed, NULL);
    c->result->processed = (qk_jpos)processed;
    if (code && code != QK_ENOTFOUND) return code;
    code = qk_db_meta_get(c->db, "processed_pos", &processed, NULL);
    c->seen_to = code ? 0 : (qk_jpos)processed;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* The chain is whole in itself when its end was cut together with the count of its lines; the
 * journal remembers where it had been. */
static qk_code check_anchor(check *c, qk_error *err)
{
    uint8_t hash[QK_SHA256_BYTES];
    char when[QK_TIME_TEXT];
    if (!c->anchor.seq) return QK_OK;
    qk_code code = qk_audit_hash(c->db, c->anchor.seq, hash, err);
    if (code && code != QK_ENOTFOUND) return code;
    if (!code && memcmp(hash, c->anchor.hash, sizeof hash) == 0) return QK_OK;
    fault(c, "audit", "line %lld is %s, though the journal holds its hash since %s",
          (long long)c->anchor.seq, code ? "missing" : "not the one it was",
          qk_time_iso(when, c->anchored_at));
    return QK_OK;
}

/* Damage that keeps a part from being read is a finding, not the end of the check. */
static qk_code as_finding(check *c, const char *part, qk_code code, const qk_error *found,
                          qk_error *err)
{
    if (code == QK_OK) return QK_OK;
    if (code != QK_EDAMAGED && code != QK_EINVAL && code != QK_EFORMAT) {
        if (err) *err = *found;
        return code;
    }
    fault(c, part, "%s", found->message);
    return QK_OK;
}

static qk_code check_blocks(check *c, qk_error *err)
{
    qk_telemetry_reader *reader = NULL;
    qk_telemetry_check *found = &c->result->blocks;
    QK_TRY(qk_telemetry_reader_open(&reader, NULL, c->db_path, err));
    qk_code code = qk_telemetry_verify(found, reader, err);
    qk_telemetry_reader_close(reader);
    if (found->damaged)
        fault(c, "blocks", "%llu of %llu blocks of telemetry are damaged",
              (unsigned long long)found->damaged, (unsigned long long)found->blocks);
    if (found->doubled)
        fault(c, "blocks", "%llu rows stand twice at their time",
              (unsigned long long)found->doubled);
    return code;
}

static qk_code check_database(check *c, qk_error *err)
{
    qk_error found = {0};
    QK_TRY(as_finding(c, "database", check_integrity(c, &found), &found, err));
    QK_TRY(as_finding(c, "blocks", check_blocks(c, &found), &found, err));
    QK_TRY(as_finding(c, "audit", qk_audit_verify(&c->result->audit, c->db, note_line, c, &found),
                      &found, err));
    QK_TRY(as_finding(c, "audit", check_anchor(c, &found), &found, err));
    return as_finding(
        c, "files",
        qk_files_verify(&c->result->files, c->options->dir, c->db, note_file, c, &found), &found,
        err);
}

static qk_code open_database(check *c, qk_error *err)
{
    qk_error found = {0};
    qk_code code = c->result->held ? qk_db_open_readonly(&c->db, c->db_path, &found)
                                   : qk_db_open_untouched(&c->db, c->db_path, &found);
    if (code == QK_ENOTFOUND) return QK_OK;
    c->result->has_db = true;
    if (code == QK_OK) code = read_facts(c, &found);
    if (code != QK_OK) {
        qk_db_close(c->db);
        c->db = NULL;
    }
    return as_finding(c, "database", code, &found, err);
}

/* ---- acknowledgements ---- */

static void note_missing(void *context, const char *line)
{
    fault(context, "acks", "not in the journal: %s", line);
}

static qk_code check_acks(check *c, qk_error *err)
{
    uint32_t most = c->options->missing_named ? c->options->missing_named : 20;
    uint64_t before = c->result->faults;
    QK_TRY(qk_acks_finish(c->acks, &c->result->acks, note_missing, c, most, err));
    c->result->faults = before + c->result->acks.missing;
    return QK_OK;
}

/* ---- the whole ---- */

static qk_code prepare(check *c, qk_error *err)
{
    struct stat st;
    const char *dir = c->options->dir;
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        qk_code code = qk_fail(err, QK_ENOTFOUND, "there is no such data folder");
        qk_error_at(err, dir, 0, 0);
        return code;
    }
    if (qk_path_join(c->journal_dir, sizeof c->journal_dir, dir, "journal") != QK_OK ||
        qk_path_join(c->db_path, sizeof c->db_path, dir, "store.db") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the data folder is too long");
    if (stat(c->journal_dir, &st) != 0 && stat(c->db_path, &st) != 0) {
        qk_fail(err, QK_ENOTFOUND, "this folder holds neither a journal nor a database");
        qk_error_at(err, dir, 0, 0);
        return QK_ENOTFOUND;
    }
    c->result->held = qk_lock_held(dir);
    if (!c->options->acks) return QK_OK;
    c->result->has_acks = true;
    return qk_acks_open(&c->acks, c->options->acks, err);
}

static qk_code run(check *c, qk_error *err)
{
    QK_TRY(prepare(c, err));
    QK_TRY(open_database(c, err));
    QK_TRY(check_journal(c, err));
    if (c->db) QK_TRY(check_database(c, err));
    if (!c->result->has_db && c->result->records)
        fault(c, "database", "the journal holds %llu records, but there is no database",
              (unsigned long long)c->result->records);
    if (c->acks) QK_TRY(check_acks(c, err));
    if (c->result->faults && !c->result->held && qk_lock_held(c->options->dir))
        return qk_fail(err, QK_EBUSY,
                       "a process took the folder into use during the check: check again");
    return QK_OK;
}

qk_code qk_verify(qk_verify_result *result, const qk_verify_options *options, qk_error *err)
{
    *result = (qk_verify_result){.first_at = QK_TIME_NONE, .last_at = QK_TIME_NONE};
    check c = {.options = options, .result = result};
    qk_code code = run(&c, err);
    qk_acks_close(c.acks);
    qk_db_close(c.db);
    return code;
}
