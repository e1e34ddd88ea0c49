/* SPDX-License-Identifier: Apache-2.0 */
/* A journal somebody has worked on. The first byte says how: a segment of any bytes; or a sound
 * journal of two segments with a list of changes (2 bytes where, 1 byte what) and a length to cut
 * to. Reading must end, never go back, account for every byte and give only sound records; opening
 * for writing must keep all that a reader found, and go on behind it. */
#include "fuzz.h"
#include "store/segment.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 6, IMAGE = 1 << 16 };

static char dir[160];
static unsigned char image[IMAGE];

static void put_file(qk_jpos start, const void *bytes, size_t len)
{
    char path[256];
    FUZZ_CHECK(qk_segment_path(path, sizeof path, dir, start, NULL) == QK_OK);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

static void empty_folder(void)
{
    qk_segment_list list;
    if (!dir[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/qk-fuzz-journal-%ld", base ? base : "/tmp", (long)getpid());
        mkdir(dir, 0700);
    }
    FUZZ_CHECK(qk_segment_list_read(&list, dir, NULL) == QK_OK);
    for (size_t i = 0; i < list.count; i++) {
        char path[256];
        FUZZ_CHECK(qk_segment_path(path, sizeof path, dir, list.starts[i], NULL) == QK_OK);
        unlink(path);
    }
    qk_segment_list_clear(&list);
}

static size_t put_record(unsigned char *out, qk_jpos pos, unsigned n)
{
    uint32_t len = n * 13 % 50;
    qk_record_head head = {.len = len, .kind = QK_JOURNAL_FRAME, .at = n, .pos = pos};
    memset(out, 0, qk_record_size(len));
    memset(out + QK_RECORD_HEAD, 'a' + (int)n, len);
    qk_record_head_put(out, &head);
    head.crc = qk_record_crc(out, out + QK_RECORD_HEAD, len);
    qk_record_head_put(out, &head);
    return qk_record_size(len);
}

/* A segment from start on with the changes; where the next one begins. */
static qk_jpos put_changed(qk_jpos start, const uint8_t *changes, size_t n)
{
    size_t len = QK_SEGMENT_MARK;
    qk_segment_mark_put(image, start, 0, "fuzz");
    for (unsigned i = 0; i < RECORDS; i++)
        len += put_record(image + len, start + len - QK_SEGMENT_MARK, i);
    qk_jpos next = start + len - QK_SEGMENT_MARK;
    for (; n >= 3; changes += 3, n -= 3) {
        size_t at = (size_t)(changes[0] | changes[1] << 8);
        if (at < len) image[at] ^= changes[2];
    }
    if (n) len = len * changes[0] / 255;
    put_file(start, image, len);
    return next;
}

/* Everything found on the way: records and damage up to a limit. */
typedef struct found {
    uint64_t records, record_bytes, damaged_bytes, gap;
    qk_jpos end;
} found;

static found read_all(qk_jpos from, qk_jpos limit)
{
    found f = {0};
    qk_journal_reader *r = NULL;
    FUZZ_CHECK(qk_journal_reader_open(&r, dir, from, NULL) == QK_OK);
    qk_jpos pos = qk_journal_reader_pos(r);
    qk_jpos first = pos;
    for (;;) {
        qk_journal_record record;
        qk_code code = qk_journal_next(r, &record, limit, NULL);
        qk_jpos now = qk_journal_reader_pos(r);
        FUZZ_CHECK(now >= pos && (now <= limit || now == pos));
        if (code == QK_ENOTFOUND) break;
        FUZZ_CHECK(code == QK_OK || code == QK_EDAMAGED);
        if (code == QK_EDAMAGED) f.damaged_bytes += now - pos;
        if (code == QK_OK && record.kind != QK_JOURNAL_MARK) {
            FUZZ_CHECK(record.pos == pos && record.next == now);
            FUZZ_CHECK(now - pos == qk_record_size(record.len));
            f.records++;
            f.record_bytes += now - pos;
        }
        pos = now;
    }
    f.end = pos;
    FUZZ_CHECK(f.end - first == f.record_bytes + f.damaged_bytes);
    qk_journal_reader_close(r);
    return f;
}

static void open_and_append(const found *before)
{
    qk_journal *j = NULL;
    qk_jpos end = 0;
    qk_journal_options options = {.instance_id = "fuzz", .segment_bytes = 1 << 20};
    qk_code code = qk_journal_open(&j, dir, &options, NULL);
    if (code == QK_EUNSUPPORTED || code == QK_EFORMAT) return; /* a sound MARK of another format */
    FUZZ_CHECK(code == QK_OK);
    FUZZ_CHECK(qk_journal_durable(j) == before->end);
    FUZZ_CHECK(qk_journal_append(j, &end, QK_JOURNAL_FRAME, 0, 0, 0, "new", 3, NULL) == QK_OK);
    FUZZ_CHECK(qk_journal_sync(j, 10000, NULL) == QK_OK);
    qk_journal_close(j);
    found after = read_all(0, UINT64_MAX);
    FUZZ_CHECK(after.records == before->records + 1 && after.end == end);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2) return 0;
    empty_folder();
    if (bytes[0] % 2) {
        put_file(0, bytes + 1, size - 1);
    } else {
        size_t half = 2 + (size - 2) * bytes[1] / 255;
        qk_jpos next = put_changed(0, bytes + 2, half - 2);
        put_changed(next, bytes + half, size - half);
    }
    found all = read_all(0, UINT64_MAX);
    found again = read_all(0, UINT64_MAX);
    FUZZ_CHECK(memcmp(&all, &again, sizeof all) == 0);
    read_all(0, all.end);
    read_all(all.end / 16 * 8, UINT64_MAX);
    if (size % 4 == 0) open_and_append(&all); /* slow: a thread and a ring each time */
    return 0;
}
