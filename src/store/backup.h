/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_BACKUP_H
#define QK_STORE_BACKUP_H
/* Backup of a whole data folder into one file (store/archive.h), beside a running owner or without
 * one, and its restoration.
 *
 * Order: first the database in one read transaction (SQLite's backup interface on a read-only
 * connection: it neither writes nor checkpoints, so the rule of the one writer holds), then the
 * stored files, which are in place before their rows, then the journal to its last sound record,
 * which lies at or behind what the database has read. What came in between is in the journal and is
 * read in at the first start: the backup holds all that was acknowledged before it reached the
 * journal. The key for changes (operator.key) and the lock are left out.
 *
 * Segments of the journal only grow and are never renamed, so a copy of the journal's folder taken
 * later, each minute if need be, can be laid over the last backup: qk_restore's `journal`. */
#include "store/audit.h"
#include "store/journal.h"

typedef struct qk_backup_result {
    uint64_t entries;
    uint64_t bytes;        /* unpacked */
    qk_jpos journal_end;   /* of the last sound record */
    qk_audit_anchor audit; /* head of the audit log in it, to be kept elsewhere; seq 0 = none */
} qk_backup_result;

/* dir → to, which must not exist: written under another name, read back in full, then renamed. */
QK_NODISCARD qk_code qk_backup(qk_backup_result *out, const char *dir, const char *to, qk_time now,
                               qk_error *err);
/* Reads an archive to its end and checks every sum. */
QK_NODISCARD qk_code qk_backup_check(qk_backup_result *out, const char *from, qk_error *err);
/* from → dir, which must be absent or empty. journal: a folder with later segments, or NULL.
 * Nothing is left in dir when it fails. Files get the owner of dir when root restores. */
QK_NODISCARD qk_code qk_restore(qk_backup_result *out, const char *from, const char *dir,
                                const char *journal, qk_error *err);
#endif
