/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_UNIT_JOURNAL_HELP_H
#define QK_TESTS_UNIT_JOURNAL_HELP_H
/* Journals with numbered records: record n has a payload that only n can have. */
#include "store/journal.h"
#include "store/segment.h"
#include "store_test.h"
#include <dirent.h>
#include <sched.h>

static inline qk_journal_options journal_options(void)
{
    return (qk_journal_options){.instance_id = "test-1", .retry_ms = 1};
}

static inline qk_journal *journal_open(const char *dir, const qk_journal_options *options)
{
    qk_journal *j = NULL;
    qk_error err = {0};
    if (qk_journal_open(&j, dir, options, &err) != QK_OK)
        fail_msg("%s: %s", err.where, err.message);
    return j;
}

/* "n:" and letters that follow from n; 4 to 203 bytes. */
static inline size_t numbered_payload(char out[256], unsigned n)
{
    uint64_t seed = n;
    size_t len = (size_t)snprintf(out, 256, "%u:", n);
    size_t more = qk_test_random(&seed) % 190 + 2;
    for (size_t i = 0; i < more; i++) out[len++] = (char)('a' + qk_test_random(&seed) % 26);
    return len;
}

static inline qk_code append_numbered(qk_journal *j, unsigned n, qk_jpos *end)
{
    char payload[256];
    size_t len = numbered_payload(payload, n);
    return qk_journal_append(j, end, QK_JOURNAL_FRAME, (uint8_t)(n & 7), n, 1000 * (qk_time)n,
                             payload, len, NULL);
}

/* The number of a record, after checking that it is what was appended under it. */
static inline unsigned check_numbered(const qk_journal_record *r)
{
    char payload[256];
    size_t len = numbered_payload(payload, r->connection);
    assert_int_equal(r->kind, QK_JOURNAL_FRAME);
    assert_int_equal(r->flags, r->connection & 7);
    assert_int_equal(r->at, 1000 * (qk_time)r->connection);
    assert_int_equal(r->len, len);
    assert_memory_equal(r->payload, payload, len);
    return r->connection;
}

typedef struct journal_read_result {
    unsigned marks, records, damaged;
    uint64_t torn;
    qk_jpos end;
    unsigned numbers[4096]; /* in order of reading */
} journal_read_result;

static inline void read_numbered(journal_read_result *out, const char *dir, qk_jpos limit)
{
    qk_journal_reader *r = NULL;
    qk_error err = {0};
    *out = (journal_read_result){0};
    assert_ok(qk_journal_reader_open(&r, dir, 0, &err));
    for (;;) {
        qk_journal_record record;
        qk_code code = qk_journal_next(r, &record, limit, &err);
        if (code == QK_ENOTFOUND) break;
        if (code == QK_EDAMAGED) {
            out->damaged++;
            continue;
        }
        if (code != QK_OK) fail_msg("%d %s", code, err.message);
        assert_true(record.next <= limit);
        if (record.kind == QK_JOURNAL_MARK) {
            assert_int_equal(record.pos, record.next);
            out->marks++;
            continue;
        }
        assert_true(out->records < QK_ARRAY_COUNT(out->numbers));
        out->numbers[out->records++] = check_numbered(&record);
    }
    out->torn = qk_journal_reader_torn(r);
    out->end = qk_journal_reader_pos(r);
    qk_journal_reader_close(r);
}

/* Numbers 0 .. n-1 in order, nothing else, no damage. */
static inline void assert_numbered(const char *dir, unsigned n)
{
    static journal_read_result r;
    read_numbered(&r, dir, UINT64_MAX);
    assert_int_equal(r.damaged, 0);
    assert_int_equal(r.records, n);
    for (unsigned i = 0; i < n; i++) assert_int_equal(r.numbers[i], i);
}

/* Starts of the segments in dir. */
static inline qk_segment_list list_segments(const char *dir)
{
    qk_segment_list list;
    assert_ok(qk_segment_list_read(&list, dir, NULL));
    return list;
}

static inline char *segment_path(const char *dir, qk_jpos start)
{
    static char path[600];
    assert_ok(qk_segment_path(path, sizeof path, dir, start, NULL));
    return path;
}

/* Waits, for ten seconds at most, until all that was appended is durable, however often it stops.
 */
static inline void wait_durable(qk_journal *j)
{
    int64_t until = qk_monotonic_ms() + 10000;
    qk_error err = {0};
    while (qk_journal_sync(j, 1000, &err) != QK_OK) {
        if (qk_monotonic_ms() > until) fail_msg("not durable: %s", err.message);
        sched_yield();
    }
}
#endif
