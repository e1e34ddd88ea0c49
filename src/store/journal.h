/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_JOURNAL_H
#define QK_STORE_JOURNAL_H
/* The journal: every input as received, appended, checksummed, synced in groups.
 *
 * It is the legal evidence and the means of recovery. A position is the number of bytes of all
 * records before it over the life of the journal. A record is a 32-byte little-endian head
 *   u32 crc32c (of all that follows in the record, padding included) | u32 payload length |
 *   u8 kind | u8 flags | u16 zero | u32 connection |
 *   i64 at (qk_time) | u64 position (its own)
 * and the payload, padded with zeros to 8 bytes. A segment file is named by the position of its
 * first record (16 hexadecimal digits, ".qkj") and starts with a MARK record of 128 bytes, which
 * takes no room among the positions, so that a segment can begin at any record. What a segment
 * holds beyond the start of the next one does not count.
 *
 * A record whose checksum, length or own position is wrong is damage, reported and passed over by
 * searching the next sound record; when none follows in the last segment it is the torn tail of a
 * group that was never synced, and ends reading.
 *
 * Writing: appends copy into a ring twice the size of buffer_bytes, without a lock; a thread of the
 * journal writes and syncs all that is there as one group while the next gathers, so that a group
 * is synced as soon as the disk is free; under load, 8 ms after the group before it. When the ring
 * is full an append gets QK_EFULL and the caller stops reading its sockets until `on_durable`.
 *
 * Disk full or a failed sync: the journal goes to QK_JOURNAL_STOPPED with the reason; nothing after
 * the last durable position counts as written, appends get QK_ENOSPC or QK_EIO. Buffered records
 * are kept in memory; the thread tries again every retry_ms, on a fresh segment (a failed fsync may
 * have dropped pages, so the old tail is never trusted: buffered records are written again), and
 * goes on by itself.
 *
 * Threads: append from one thread at a time (the owner guards); everything else as stated. */
#include "base/log.h"
#include "base/time.h"

typedef struct qk_journal qk_journal;
typedef uint64_t qk_jpos;

typedef enum qk_journal_kind {
    QK_JOURNAL_MARK = 0, /* head of a segment: format version and instance id (written by itself) */
    QK_JOURNAL_FRAME = 1,  /* a device's frame, taken for storing */
    QK_JOURNAL_PARKED = 2, /* a frame of a device that is not approved: kept, not answered */
    QK_JOURNAL_REFUSED =
        3, /* bytes that are no acceptable frame (first 2 KiB); text reason follows NUL */
    QK_JOURNAL_SENT = 4, /* what we sent to a device: answers to data are not kept, requests are */
    QK_JOURNAL_SESSION = 5, /* JSON: a connection opened or closed, with address and reason */
    QK_JOURNAL_INPUT = 6    /* JSON: HTTP, import or hand entry */
} qk_journal_kind;

enum {
    QK_JOURNAL_REPEAT = 1,     /* FRAME: recognised on arrival as sent before */
    QK_JOURNAL_UNAPPROVED = 2, /* FRAME: taken only because of --accept-any */
    QK_JOURNAL_BACKFILL = 4    /* FRAME: came in answer to a request of ours, or RF=1 */
};

enum { QK_JOURNAL_PAYLOAD_MAX = 4 << 20 };

typedef struct qk_journal_record {
    qk_jpos pos;
    qk_jpos next; /* position of the record after it; a MARK's is its own */
    qk_journal_kind kind;
    uint8_t flags;
    uint32_t connection;
    qk_time at;
    const char *payload; /* good until the reader's next call */
    uint32_t len;
} qk_journal_record;

typedef enum qk_journal_state { QK_JOURNAL_RUNNING, QK_JOURNAL_STOPPED } qk_journal_state;

typedef struct qk_journal_options {
    /* 0 takes the default. */
    size_t segment_bytes; /* 64 MiB; a segment ends with the group that reaches it */
    size_t buffer_bytes;  /* 8 MiB; twice that is held, rounded up to a power of two */
    uint32_t group_ms;    /* 200: a group that takes longer to sync is counted as late and logged */
    uint32_t retry_ms;    /* 1000 */
    /* Positions given out from now on are not below this: what the database has already read. When
     * the journal ends before it (a lost file), the gap is read as damage. */
    qk_jpos at_least;
    /* Called from the journal's thread after a sync, and when the state changes. May be NULL. */
    void (*on_durable)(void *context, qk_jpos durable);
    void *context;
    const char *instance_id; /* written in each MARK: at most 40 letters, digits, '-', '_' */
    qk_log *log;
} qk_journal_options;

/* Opens dir (created when absent), cuts a torn tail, syncs what remains of the last segment, starts
 * the thread. QK_EUNSUPPORTED when a newer program wrote the journal. */
QK_NODISCARD qk_code qk_journal_open(qk_journal **out, const char *dir,
                                     const qk_journal_options *options, qk_error *err);
/* Syncs what is buffered (unless stopped) and ends the thread. */
void qk_journal_close(qk_journal *journal);
/* Copies one record; *end gets the position after it: the record is safe once durable >= *end.
 * QK_EFULL, QK_ENOSPC, QK_EIO: nothing was taken. QK_ERANGE beyond QK_JOURNAL_PAYLOAD_MAX. */
QK_NODISCARD qk_code qk_journal_append(qk_journal *journal, qk_jpos *end, qk_journal_kind kind,
                                       uint8_t flags, uint32_t connection, qk_time at,
                                       const void *payload, size_t len, qk_error *err);
/* Any thread. */
qk_jpos qk_journal_durable(const qk_journal *journal);
qk_journal_state qk_journal_status(const qk_journal *journal, qk_error *reason);
/* Waits until everything appended before the call is durable. QK_ETIMEOUT, QK_ENOSPC, QK_EIO. */
QK_NODISCARD qk_code qk_journal_sync(qk_journal *journal, uint32_t timeout_ms, qk_error *err);

typedef struct qk_journal_stats {
    uint64_t records;
    uint64_t bytes;
    uint64_t groups; /* syncs done */
    uint64_t largest_group;
    double sync_ms_mean; /* write and sync, over the last 256 groups */
    double sync_ms_max;  /* since the start */
    uint64_t late;       /* groups that took longer than group_ms */
    uint64_t stops;      /* times the state went to stopped */
} qk_journal_stats;
void qk_journal_stats_get(const qk_journal *journal, qk_journal_stats *out);

/* Reading, beside a running writer or on a folder nobody writes. Reads never pass `limit`: a value
 * of qk_journal_durable() of the writer, below which everything was promised, or UINT64_MAX on a
 * folder without one, where the last segment may end in a torn tail. One reader a thread. */
typedef struct qk_journal_reader qk_journal_reader;
/* from 0 begins with the oldest segment kept. */
QK_NODISCARD qk_code qk_journal_reader_open(qk_journal_reader **out, const char *dir, qk_jpos from,
                                            qk_error *err);
void qk_journal_reader_close(qk_journal_reader *reader);
/* QK_OK with a record; QK_ENOTFOUND when none is there yet below limit; QK_EDAMAGED once for each
 * damaged stretch (its extent in err, and in qk_journal_reader_pos before and after), after which
 * reading goes on behind it. MARK records are given too. Other codes change nothing: call again. */
QK_NODISCARD qk_code qk_journal_next(qk_journal_reader *reader, qk_journal_record *record,
                                     qk_jpos limit, qk_error *err);
qk_jpos qk_journal_reader_pos(const qk_journal_reader *reader);
/* After QK_ENOTFOUND: bytes of a torn tail behind the last sound record, 0 when there are none. */
uint64_t qk_journal_reader_torn(const qk_journal_reader *reader);
/* Position of the first record at or after instant t, by the segments' marks and a scan; instants
 * are taken to rise. QK_ENOTFOUND when all records are older: *out is then the end. */
QK_NODISCARD qk_code qk_journal_seek_time(qk_jpos *out, const char *dir, qk_time t, qk_error *err);
#endif
