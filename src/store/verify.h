/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_VERIFY_H
#define QK_STORE_VERIFY_H
/* The check of a whole data folder: each record of the journal, the database, the blocks of
 * telemetry, the stored files, the audit chain, and on demand a list of acknowledged frames.
 *
 * Reads only. A folder as a killed process left it is sound: a torn tail of the journal, a database
 * that lags behind the journal, temporary files and the dead process's lock are told, but are no
 * faults. Beside a running process the database is read in one snapshot, taken before the journal
 * is read to its end. */
#include "store/acks.h"
#include "store/audit.h"
#include "store/files.h"
#include "store/journal.h"
#include "store/telemetry.h"

typedef struct qk_verify_options {
    const char *dir;
    const char *acks;       /* list of acknowledged frames, or NULL */
    bool quick;             /* PRAGMA quick_check: indexes are not compared with their tables */
    uint32_t missing_named; /* missing acknowledgements to name: 0 = 20 */
    /* Each fault in words; part is "journal", "database", "blocks", "files", "audit" or "acks". */
    void (*fault)(void *context, const char *part, const char *text);
    void *context;
} qk_verify_options;

enum { QK_VERIFY_KINDS = 8 };

typedef struct qk_verify_result {
    bool held; /* a process owned the folder during the check */
    uint64_t faults;
    /* journal */
    uint64_t segments;
    uint64_t records;                  /* without MARKs */
    uint64_t by_kind[QK_VERIFY_KINDS]; /* by qk_journal_kind; the last: of kinds unknown here */
    uint64_t marked_repeats;           /* FRAMEs with REPEAT */
    uint64_t damaged_stretches;
    uint64_t damaged_bytes;
    uint64_t torn_bytes;
    qk_jpos end;
    qk_time first_at, last_at; /* QK_TIME_NONE without records */
    /* database */
    bool has_db;
    int64_t schema;
    qk_jpos processed; /* the journal is read in up to here; what follows is still to be read */
    qk_telemetry_check blocks;
    qk_files_check files;
    qk_audit_check audit;
    bool has_acks;
    qk_acks_result acks;
} qk_verify_result;

/* QK_OK when the check could be made to its end, whatever it found; result->faults tells. */
QK_NODISCARD qk_code qk_verify(qk_verify_result *result, const qk_verify_options *options,
                               qk_error *err);
#endif
