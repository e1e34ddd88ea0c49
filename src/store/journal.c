/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the journal.
 *
 * One ring, addressed by position modulo its size: [durable, head) waits for the disk, the rest is
 * free. The appender alone moves head, the writing thread alone moves durable; neither takes a lock
 * to do so. What the disk has not confirmed stays in the ring and can be written again elsewhere.
 *
 *            group written and synced
 *   RUNNING ──────────────────────────▶ RUNNING
 *      │  write, sync or creation fails: old tail cut, file closed
 *      ▼
 *   STOPPED ── every retry_ms: the ring anew into a fresh segment ──▶ RUNNING, or STOPPED again */
#include "store/journal.h"
#include "base/file.h"
#include "store/segment.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { GATHER_MS = 8, GATHER_RECORDS = 32 };
enum { RECENT_GROUPS = 256, RING_LEAST = 2 * (QK_JOURNAL_PAYLOAD_MAX + 4096) };

struct qk_journal {
    qk_journal_options options;
    char instance_id[48];
    char dir[QK_PATH_MAX];
    unsigned char *ring;
    size_t size; /* a power of two */

    _Atomic qk_jpos head;
    _Atomic uint64_t appended; /* records, counted before head moves */
    _Atomic bool sleeping;     /* the thread waits for head to move */
    _Atomic qk_jpos durable;
    _Atomic bool stopped;

    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    pthread_cond_t synced;
    bool closing;
    qk_error reason;
    qk_journal_stats stats;
    double recent_ms[RECENT_GROUPS];

    /* The thread's own. */
    int fd; /* segment being written, -1 = the next group begins a new one */
    qk_jpos start;
    uint64_t segment_size;
    uint64_t recorded; /* records on the disk */
};

/* ---- the ring ---- */

static void ring_put(qk_journal *j, qk_jpos pos, const void *bytes, size_t len)
{
    size_t at = (size_t)pos & (j->size - 1);
    size_t first = j->size - at < len ? j->size - at : len;
    if (len == 0) return;
    memcpy(j->ring + at, bytes, first);
    memcpy(j->ring, (const unsigned char *)bytes + first, len - first);
}

static void ring_get(const qk_journal *j, qk_jpos pos, void *bytes, size_t len)
{
    size_t at = (size_t)pos & (j->size - 1);
    size_t first = j->size - at < len ? j->size - at : len;
    memcpy(bytes, j->ring + at, first);
    memcpy((unsigned char *)bytes + first, j->ring, len - first);
}

/* One or two pieces of the ring for writing. */
static int ring_pieces(const qk_journal *j, qk_jpos from, qk_jpos to, struct iovec out[2])
{
    size_t at = (size_t)from & (j->size - 1);
    size_t len = (size_t)(to - from);
    size_t first = j->size - at < len ? j->size - at : len;
    out[0] = (struct iovec){j->ring + at, first};
    out[1] = (struct iovec){j->ring, len - first};
    return len > first ? 2 : 1;
}

static void fill_time(struct timespec *out, uint32_t ms)
{
    clock_gettime(CLOCK_MONOTONIC, out);
    out->tv_sec += ms / 1000;
    out->tv_nsec += (long)(ms % 1000) * 1000000;
    if (out->tv_nsec >= 1000000000) {
        out->tv_sec++;
        out->tv_nsec -= 1000000000;
    }
}

/* ---- appending ---- */

static qk_code refuse_stopped(qk_journal *j, qk_error *err)
{
    pthread_mutex_lock(&j->lock);
    qk_error reason = j->reason;
    pthread_mutex_unlock(&j->lock);
    if (err) *err = reason;
    return reason.code;
}

/* The thread sets `sleeping` and then looks at head; the appender moves head and then looks at
 * `sleeping`; in one order of all four, so that one of the two sees the other. */
static void wake_thread(qk_journal *j)
{
    if (!atomic_load(&j->sleeping)) return;
    pthread_mutex_lock(&j->lock);
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
}

qk_code qk_journal_append(qk_journal *journal, qk_jpos *end, qk_journal_kind kind, uint8_t flags,
                          uint32_t connection, qk_time at, const void *payload, size_t len,
                          qk_error *err)
{
    static const unsigned char zeros[8];
    qk_journal *j = journal;
    if (len > QK_JOURNAL_PAYLOAD_MAX)
        return qk_fail(err, QK_ERANGE, "%zu bytes are too long for a record of the journal", len);
    if (atomic_load_explicit(&j->stopped, memory_order_acquire)) return refuse_stopped(j, err);
    size_t size = qk_record_size((uint32_t)len);
    qk_jpos pos = atomic_load_explicit(&j->head, memory_order_relaxed);
    qk_jpos tail = atomic_load_explicit(&j->durable, memory_order_acquire);
    if (size > j->size - (size_t)(pos - tail))
        return qk_fail(err, QK_EFULL, "the journal's buffer is full: the disk is behind");
    unsigned char head[QK_RECORD_HEAD];
    qk_record_head fields = {.len = (uint32_t)len,
                             .kind = (uint8_t)kind,
                             .flags = flags,
                             .connection = connection,
                             .at = at,
                             .pos = pos};
    qk_record_head_put(head, &fields);
    fields.crc = qk_record_crc(head, payload, len);
    qk_record_head_put(head, &fields);
    ring_put(j, pos, head, sizeof head);
    ring_put(j, pos + sizeof head, payload, len);
    ring_put(j, pos + sizeof head + len, zeros, size - sizeof head - len);
    uint64_t records = atomic_load_explicit(&j->appended, memory_order_relaxed) + 1;
    atomic_store_explicit(&j->appended, records, memory_order_relaxed);
    atomic_store(&j->head, pos + size);
    wake_thread(j);
    *end = pos + size;
    return QK_OK;
}

/* ---- asking ---- */

qk_jpos qk_journal_durable(const qk_journal *journal)
{
    return atomic_load_explicit(&journal->durable, memory_order_acquire);
}

qk_journal_state qk_journal_status(const qk_journal *journal, qk_error *reason)
{
    if (!atomic_load(&journal->stopped)) return QK_JOURNAL_RUNNING;
    refuse_stopped((qk_journal *)(uintptr_t)journal, reason);
    return QK_JOURNAL_STOPPED;
}

void qk_journal_stats_get(const qk_journal *journal, qk_journal_stats *out)
{
    qk_journal *j = (qk_journal *)(uintptr_t)journal;
    pthread_mutex_lock(&j->lock);
    *out = j->stats;
    size_t n = out->groups < RECENT_GROUPS ? (size_t)out->groups : RECENT_GROUPS;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += j->recent_ms[i];
    out->sync_ms_mean = n ? sum / (double)n : 0;
    pthread_mutex_unlock(&j->lock);
}

qk_code qk_journal_sync(qk_journal *journal, uint32_t timeout_ms, qk_error *err)
{
    qk_journal *j = journal;
    struct timespec until;
    fill_time(&until, timeout_ms);
    qk_jpos target = atomic_load(&j->head);
    qk_code code = QK_OK;
    pthread_mutex_lock(&j->lock);
    while (code == QK_OK && atomic_load(&j->durable) < target) {
        if (atomic_load(&j->stopped)) {
            if (err) *err = j->reason;
            code = j->reason.code;
        } else if (pthread_cond_timedwait(&j->synced, &j->lock, &until) == ETIMEDOUT) {
            code = qk_fail(err, QK_ETIMEOUT, "the disk did not take the journal within %u ms",
                           timeout_ms);
        }
    }
    pthread_mutex_unlock(&j->lock);
    return code;
}

/* ---- the thread: segments ---- */

static qk_code refuse_here(const qk_journal *j, int saved_errno, const char *what, qk_error *err)
{
    qk_code code = qk_fail_errno(err, saved_errno, "%s", what);
    qk_error_at(err, j->dir, 0, 0);
    return code;
}

/* A file of that name can only be what an earlier attempt at this very position left: nothing in it
 * was ever durable. */
static qk_code begin_segment(qk_journal *j, qk_jpos start, qk_error *err)
{
    char path[QK_PATH_MAX];
    QK_TRY(qk_segment_path(path, sizeof path, j->dir, start, err));
    if (unlink(path) != 0 && errno != ENOENT)
        return refuse_here(j, errno, "cannot remove a failed segment", err);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) return refuse_here(j, errno, "cannot begin a segment of the journal", err);
    j->fd = fd;
    j->start = start;
    j->segment_size = 0;
    return QK_OK;
}

/* The open segment's bytes from `durable` on are not trusted any more. Cutting them off is a
 * courtesy to readers and to a full disk; what counts is that the next segment begins there. */
static void leave_segment(qk_journal *j, qk_jpos durable)
{
    char path[QK_PATH_MAX];
    if (j->fd < 0) return;
    if (durable > j->start) {
        int ignored = ftruncate(j->fd, (off_t)(QK_SEGMENT_MARK + (durable - j->start)));
        (void)ignored;
    } else if (qk_segment_path(path, sizeof path, j->dir, j->start, NULL) == QK_OK) {
        unlink(path);
    }
    close(j->fd);
    j->fd = -1;
}

static void advance(struct iovec **piece, int *pieces, size_t done)
{
    while (*pieces && done >= (*piece)->iov_len) {
        done -= (*piece)->iov_len;
        (*piece)++;
        (*pieces)--;
    }
    if (*pieces) {
        (*piece)->iov_base = (char *)(*piece)->iov_base + done;
        (*piece)->iov_len -= done;
    }
}

static qk_code write_pieces(const qk_journal *j, struct iovec *piece, int pieces, uint64_t offset,
                            qk_error *err)
{
    while (pieces) {
        ssize_t n = pwritev(j->fd, piece, pieces, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return refuse_here(j, errno, "cannot write the journal", err);
        if (n == 0) return refuse_here(j, EIO, "cannot write the journal", err);
        offset += (uint64_t)n;
        advance(&piece, &pieces, (size_t)n);
    }
    return QK_OK;
}

/* ---- the thread: groups ---- */

/* Writes [from, to) of the ring and syncs it, beginning a segment where there is none. */
static qk_code write_group(qk_journal *j, qk_jpos from, qk_jpos to, qk_error *err)
{
    unsigned char mark[QK_SEGMENT_MARK];
    struct iovec piece[3];
    int pieces = 1;
    bool begins = j->fd < 0;
    if (begins) {
        unsigned char bytes[QK_RECORD_HEAD];
        qk_record_head head;
        QK_TRY(begin_segment(j, from, err));
        ring_get(j, from, bytes, sizeof bytes);
        qk_record_head_get(&head, bytes);
        qk_segment_mark_put(mark, from, head.at, j->instance_id);
    }
    size_t mark_len = begins ? sizeof mark : 0;
    piece[0] = (struct iovec){mark, mark_len};
    pieces += ring_pieces(j, from, to, piece + 1);
    QK_TRY(write_pieces(j, piece, pieces, j->segment_size, err));
    if (fdatasync(j->fd) != 0) return refuse_here(j, errno, "cannot sync the journal", err);
    if (begins) QK_TRY(qk_dir_sync(j->dir, err));
    j->segment_size += mark_len + (to - from);
    return QK_OK;
}

static void count_group(qk_journal *j, uint64_t records, uint64_t bytes, double ms)
{
    qk_journal_stats *s = &j->stats;
    j->recent_ms[s->groups % RECENT_GROUPS] = ms;
    s->groups++;
    s->records += records;
    s->bytes += bytes;
    if (records > s->largest_group) s->largest_group = records;
    if (ms > s->sync_ms_max) s->sync_ms_max = ms;
    if (ms > j->options.group_ms) s->late++;
}

static void tell(qk_journal *j)
{
    if (j->options.on_durable) j->options.on_durable(j->options.context, atomic_load(&j->durable));
}

static void go_on(qk_journal *j, qk_jpos durable, uint64_t records, double ms)
{
    pthread_mutex_lock(&j->lock);
    bool was_stopped = atomic_load(&j->stopped);
    count_group(j, records - j->recorded, durable - atomic_load(&j->durable), ms);
    atomic_store(&j->durable, durable);
    atomic_store(&j->stopped, false);
    pthread_cond_broadcast(&j->synced);
    pthread_mutex_unlock(&j->lock);
    j->recorded = records;
    if (was_stopped)
        qk_log_print(j->options.log, QK_LOG_INFO, "journal", "writing again, durable to %llu",
                     (unsigned long long)durable);
    if (ms > j->options.group_ms)
        qk_log_limited(j->options.log, QK_LOG_WARN, "journal", 1, "a sync took %.0f ms", ms);
    tell(j);
}

static void stop(qk_journal *j, const qk_error *reason)
{
    leave_segment(j, atomic_load(&j->durable));
    pthread_mutex_lock(&j->lock);
    bool was_running = !atomic_load(&j->stopped);
    j->reason = *reason;
    if (j->reason.code != QK_ENOSPC) j->reason.code = QK_EIO;
    qk_error_hint(&j->reason, "%s",
                  j->reason.code == QK_ENOSPC
                      ? "make room on the disk; writing goes on by itself"
                      : "look at the disk; writing goes on by itself when it answers again");
    j->stats.stops += was_running;
    atomic_store(&j->stopped, true);
    pthread_cond_broadcast(&j->synced);
    pthread_mutex_unlock(&j->lock);
    qk_log_limited(j->options.log, QK_LOG_ERROR, "journal", 2, "stopped: %s", reason->message);
    if (was_running) tell(j);
}

static bool write_waiting(qk_journal *j)
{
    qk_error err = {0};
    qk_jpos from = atomic_load(&j->durable);
    qk_jpos to = atomic_load(&j->head);
    uint64_t records = atomic_load(&j->appended);
    if (from == to) return true;
    if (j->fd >= 0 && j->segment_size >= j->options.segment_bytes) {
        close(j->fd);
        j->fd = -1;
    }
    int64_t began_ns = qk_monotonic_ns();
    if (write_group(j, from, to, &err) != QK_OK) {
        stop(j, &err);
        return false;
    }
    go_on(j, to, records, (double)(qk_monotonic_ns() - began_ns) / 1e6);
    return true;
}

/* Waits for something to write, or when stopped for the time to try again; false when closing. */
static bool wait_for_work(qk_journal *j)
{
    struct timespec until;
    fill_time(&until, j->options.retry_ms);
    pthread_mutex_lock(&j->lock);
    if (atomic_load(&j->stopped)) {
        int rc = 0;
        while (!j->closing && rc != ETIMEDOUT)
            rc = pthread_cond_timedwait(&j->wake, &j->lock, &until);
    } else {
        atomic_store(&j->sleeping, true);
        while (!j->closing && atomic_load(&j->head) == atomic_load(&j->durable))
            pthread_cond_wait(&j->wake, &j->lock);
        atomic_store(&j->sleeping, false);
    }
    bool closing = j->closing;
    pthread_mutex_unlock(&j->lock);
    return !closing;
}

/* After a large group the next one begins no sooner than GATHER_MS after it: each sync costs the
 * machine the same however much it holds, and what syncs leave goes to those who send and answer.
 * A few records at a time go to the disk as soon as it is free. */
static void gather(qk_journal *j, const struct timespec *until)
{
    int rc = 0;
    pthread_mutex_lock(&j->lock);
    while (!j->closing && rc != ETIMEDOUT) rc = pthread_cond_timedwait(&j->wake, &j->lock, until);
    pthread_mutex_unlock(&j->lock);
}

static void *run(void *context)
{
    qk_journal *j = context;
    struct timespec until;
    while (wait_for_work(j)) {
        uint64_t before = j->recorded;
        fill_time(&until, GATHER_MS);
        if (write_waiting(j) && j->recorded - before >= GATHER_RECORDS) gather(j, &until);
    }
    if (!atomic_load(&j->stopped)) write_waiting(j);
    return NULL;
}

/* ---- opening ---- */

/* What stands in the last segment after its sound records, and where they end. */
typedef struct tail {
    qk_jpos end;
    qk_jpos start; /* of the last segment, UINT64_MAX = there is none */
    uint64_t torn;
    bool marked;
} tail;

static qk_code check_mark(qk_journal *j, const qk_journal_record *mark, qk_error *err)
{
    int64_t format = 0;
    char instance[48] = "";
    qk_str payload = {mark->payload, mark->len};
    if (qk_segment_mark_read(payload, &format, instance) != QK_OK)
        return qk_fail(err, QK_EFORMAT, "the journal's mark is not of the form it must have");
    if (format > QK_SEGMENT_FORMAT) {
        qk_fail(err, QK_EUNSUPPORTED, "the journal has format %lld, this program knows up to %d",
                (long long)format, QK_SEGMENT_FORMAT);
        qk_error_hint(err, "use the newer Qingkong that wrote it");
        return QK_EUNSUPPORTED;
    }
    if (strcmp(instance, j->instance_id) != 0)
        qk_log_print(j->options.log, QK_LOG_WARN, "journal",
                     "the journal was last written by instance '%s', this is '%s'", instance,
                     j->instance_id);
    return QK_OK;
}

static qk_code read_to_end(qk_journal *j, qk_journal_reader *r, tail *t, qk_error *err)
{
    qk_journal_record record;
    for (;;) {
        qk_error found = {0};
        qk_code code = qk_journal_next(r, &record, UINT64_MAX, &found);
        if (code == QK_ENOTFOUND) break;
        if (code == QK_EDAMAGED) {
            qk_log_print(j->options.log, QK_LOG_ERROR, "journal", "%s: %s", found.where,
                         found.message);
        } else if (code != QK_OK) {
            if (err) *err = found;
            return code;
        } else if (record.kind == QK_JOURNAL_MARK) {
            t->marked = true;
            QK_TRY(check_mark(j, &record, err));
        }
    }
    t->end = qk_journal_reader_pos(r);
    t->torn = qk_journal_reader_torn(r);
    return QK_OK;
}

static qk_code find_tail(qk_journal *j, tail *t, qk_error *err)
{
    qk_segment_list list;
    qk_journal_reader *r = NULL;
    *t = (tail){.start = UINT64_MAX};
    QK_TRY(qk_segment_list_read(&list, j->dir, err));
    if (list.count) t->start = list.starts[list.count - 1];
    qk_segment_list_clear(&list);
    if (t->start == UINT64_MAX) return QK_OK;
    QK_TRY(qk_journal_reader_open(&r, j->dir, t->start, err));
    qk_code code = read_to_end(j, r, t, err);
    qk_journal_reader_close(r);
    return code;
}

/* Cuts the torn bytes and makes sure of the rest: what stands in the file may never have been
 * synced, yet from now on it is given out as durable. Goes on writing there when there is room. */
static qk_code mend_tail(qk_journal *j, const tail *t, qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_code code = QK_OK;
    uint64_t size = QK_SEGMENT_MARK + (t->end - t->start);
    QK_TRY(qk_segment_path(path, sizeof path, j->dir, t->start, err));
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    /* A compressed one is whole and on the disk: the next group begins behind it. */
    if (fd < 0 && errno == ENOENT) return QK_OK;
    if (fd < 0) return refuse_here(j, errno, "cannot open the last segment", err);
    if (t->torn) {
        qk_log_print(j->options.log, QK_LOG_INFO, "journal",
                     "%llu bytes of a torn tail are cut off after position %llu",
                     (unsigned long long)t->torn, (unsigned long long)t->end);
        if (ftruncate(fd, (off_t)size) != 0)
            QK_TRY_OUT(code, refuse_here(j, errno, "cannot cut the torn tail", err));
    }
    if (fdatasync(fd) != 0)
        QK_TRY_OUT(code, refuse_here(j, errno, "cannot sync the last segment", err));
    QK_TRY_OUT(code, qk_dir_sync(j->dir, err));
    if (size < j->options.segment_bytes && t->end >= j->options.at_least) {
        j->fd = fd;
        j->start = t->start;
        j->segment_size = size;
        return QK_OK;
    }
out:
    close(fd);
    return code;
}

static qk_code take_up(qk_journal *j, qk_error *err)
{
    tail t;
    QK_TRY(qk_dir_create(j->dir, err));
    if (access(j->dir, R_OK | W_OK | X_OK) != 0)
        return refuse_here(j, errno, "the journal's folder cannot be written", err);
    QK_TRY(find_tail(j, &t, err));
    if (t.start != UINT64_MAX && t.end > t.start) QK_TRY(mend_tail(j, &t, err));
    if (t.end < j->options.at_least) {
        qk_log_print(j->options.log, QK_LOG_ERROR, "journal",
                     "the journal ends at %llu, but was read up to %llu before: records are lost",
                     (unsigned long long)t.end, (unsigned long long)j->options.at_least);
        t.end = j->options.at_least;
    }
    atomic_store(&j->head, t.end);
    atomic_store(&j->durable, t.end);
    return QK_OK;
}

static qk_code take_options(qk_journal *j, const char *dir, const qk_journal_options *options,
                            qk_error *err)
{
    qk_journal_options *o = &j->options;
    *o = *options;
    if (!o->segment_bytes) o->segment_bytes = 64u << 20;
    if (!o->buffer_bytes) o->buffer_bytes = 8u << 20;
    if (!o->group_ms) o->group_ms = 200;
    if (!o->retry_ms) o->retry_ms = 1000;
    if (!o->instance_id) o->instance_id = "";
    if (!qk_segment_instance_ok(o->instance_id))
        return qk_fail(err, QK_EINVAL, "'%s' is no instance id", o->instance_id);
    if (strlen(dir) + QK_SEGMENT_NAME + 1 > sizeof j->dir)
        return qk_fail(err, QK_ERANGE, "the path of the journal is too long");
    if (o->buffer_bytes > (size_t)1 << 30 || o->at_least % 8 != 0)
        return qk_fail(err, QK_EINVAL, "the journal's options are out of range");
    qk_str_copy(j->dir, sizeof j->dir, qk_str_of(dir));
    qk_str_copy(j->instance_id, sizeof j->instance_id, qk_str_of(o->instance_id));
    o->instance_id = j->instance_id;
    return QK_OK;
}

static void clear(qk_journal *j)
{
    if (j->fd >= 0) close(j->fd);
    pthread_cond_destroy(&j->synced);
    pthread_cond_destroy(&j->wake);
    pthread_mutex_destroy(&j->lock);
    free(j->ring);
    free(j);
}

static qk_journal *allocate(size_t buffer_bytes)
{
    size_t size = 4096;
    while (size < 2 * buffer_bytes || size < RING_LEAST) size *= 2;
    qk_journal *j = calloc(1, sizeof *j);
    unsigned char *ring = malloc(size);
    if (!j || !ring) {
        free(j);
        free(ring);
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->wake, &monotonic);
    pthread_cond_init(&j->synced, &monotonic);
    pthread_condattr_destroy(&monotonic);
    j->ring = ring;
    j->size = size;
    j->fd = -1;
    return j;
}

qk_code qk_journal_open(qk_journal **out, const char *dir, const qk_journal_options *options,
                        qk_error *err)
{
    *out = NULL;
    qk_journal *j = allocate(options->buffer_bytes ? options->buffer_bytes : 8u << 20);
    if (!j) return qk_fail(err, QK_ENOMEM, "no memory for the journal");
    qk_code code = take_options(j, dir, options, err);
    if (code == QK_OK) code = take_up(j, err);
    if (code == QK_OK) {
        int failed = pthread_create(&j->thread, NULL, run, j);
        if (failed) code = qk_fail_errno(err, failed, "cannot start the journal's thread");
    }
    if (code == QK_OK)
        *out = j;
    else
        clear(j);
    return code;
}

void qk_journal_close(qk_journal *journal)
{
    if (!journal) return;
    pthread_mutex_lock(&journal->lock);
    journal->closing = true;
    pthread_cond_signal(&journal->wake);
    pthread_mutex_unlock(&journal->lock);
    pthread_join(journal->thread, NULL);
    clear(journal);
}
