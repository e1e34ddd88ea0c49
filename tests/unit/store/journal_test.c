/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_help.h"
#include <pthread.h>

static journal_read_result result;

static void test_segment__head_of_a_record_is_as_written_down(void **state)
{
    (void)state;
    unsigned char bytes[QK_RECORD_HEAD];
    char hex[2 * QK_RECORD_HEAD + 1];
    qk_record_head head = {.len = 5,
                           .kind = QK_JOURNAL_FRAME,
                           .flags = QK_JOURNAL_REPEAT,
                           .connection = 0x01020304,
                           .at = 1735661400123,
                           .pos = 0x1122334455667788};
    qk_record_head_put(bytes, &head);
    head.crc = qk_record_crc(bytes, "hello", 5);
    qk_record_head_put(bytes, &head);
    qk_hex(hex, bytes, sizeof bytes);
    /* crc | len | kind flags zero | connection | at | position */
    assert_string_equal(hex + 8, "05000000"
                                 "01010000"
                                 "04030201"
                                 "3b307b1d94010000"
                                 "8877665544332211");
    hex[8] = '\0';
    assert_string_equal(hex, "f02a0d54");
}

static void test_segment__mark_is_as_written_down(void **state)
{
    (void)state;
    unsigned char bytes[QK_SEGMENT_MARK];
    qk_record_head head;
    int64_t format = 0;
    char instance[48];
    qk_segment_mark_put(bytes, 4096, 1000, "county-7_a");
    assert_true(qk_record_sound(&head, bytes, sizeof bytes, 4096));
    assert_int_equal(head.kind, QK_JOURNAL_MARK);
    assert_int_equal(qk_record_size(head.len), QK_SEGMENT_MARK);
    assert_memory_equal(bytes + QK_RECORD_HEAD, "{\"format\":1,\"instance\":\"county-7_a\"}  ", 38);
    assert_ok(qk_segment_mark_read((qk_str){(char *)bytes + QK_RECORD_HEAD, head.len}, &format,
                                   instance));
    assert_int_equal(format, 1);
    assert_string_equal(instance, "county-7_a");
    assert_true(qk_segment_instance_ok(""));
    assert_false(qk_segment_instance_ok("a\"b"));
    assert_false(qk_segment_instance_ok("01234567890123456789012345678901234567890"));
    assert_true(qk_segment_instance_ok("0123456789012345678901234567890123456789"));
}

static void test_segment__names(void **state)
{
    (void)state;
    char name[QK_SEGMENT_NAME];
    qk_jpos start = 0;
    qk_segment_name(name, 0xabc0);
    assert_string_equal(name, "000000000000abc0.qkj");
    assert_true(qk_segment_name_parse(&start, name));
    assert_int_equal(start, 0xabc0);
    assert_false(qk_segment_name_parse(&start, "000000000000ABC0.qkj"));
    assert_false(qk_segment_name_parse(&start, "000000000000abc0.qk"));
    assert_false(qk_segment_name_parse(&start, "000000000000abc0.qkj~"));
    assert_false(qk_segment_name_parse(&start, "abc0.qkj"));
    assert_false(qk_segment_name_parse(&start, ".."));
}

static void test_journal__gives_back_what_was_appended(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 7, 8, 9, 640, 65536, 3000001, QK_JOURNAL_PAYLOAD_MAX};
    qk_journal_options options = journal_options();
    char *dir = qk_test_path("journal");
    qk_journal *j = journal_open(dir, &options);
    char *payload = malloc(QK_JOURNAL_PAYLOAD_MAX);
    qk_jpos ends[QK_ARRAY_COUNT(lengths)], before = 0;
    qk_error err = {0};
    assert_non_null(payload);
    for (size_t i = 0; i < QK_ARRAY_COUNT(lengths); i++) {
        memset(payload, (int)('a' + i), lengths[i]);
        assert_ok(qk_journal_append(j, &ends[i], QK_JOURNAL_INPUT, (uint8_t)i, (uint32_t)i, -5,
                                    payload, lengths[i], &err));
        assert_int_equal(ends[i] - before, qk_record_size((uint32_t)lengths[i]));
        before = ends[i];
        if (lengths[i] > 1000000) wait_durable(j);
    }
    assert_int_equal(qk_journal_append(j, &before, QK_JOURNAL_INPUT, 0, 0, 0, payload,
                                       QK_JOURNAL_PAYLOAD_MAX + 1, &err),
                     QK_ERANGE);
    assert_ok(qk_journal_sync(j, 10000, &err));
    assert_int_equal(qk_journal_durable(j), before);
    qk_journal_stats stats;
    qk_journal_stats_get(j, &stats);
    assert_int_equal(stats.records, QK_ARRAY_COUNT(lengths));
    assert_int_equal(stats.bytes, before);
    assert_int_equal(stats.stops, 0);
    assert_true(stats.groups > 0);
    qk_journal_close(j);
    qk_journal_reader *r = NULL;
    qk_journal_record record;
    assert_ok(qk_journal_reader_open(&r, dir, 0, &err));
    assert_ok(qk_journal_next(r, &record, UINT64_MAX, &err));
    assert_int_equal(record.kind, QK_JOURNAL_MARK);
    for (size_t i = 0; i < QK_ARRAY_COUNT(lengths); i++) {
        assert_ok(qk_journal_next(r, &record, UINT64_MAX, &err));
        assert_int_equal(record.next, ends[i]);
        assert_int_equal(record.flags, i);
        assert_int_equal(record.at, -5);
        assert_int_equal(record.len, lengths[i]);
        for (size_t b = 0; b < lengths[i]; b++)
            if (record.payload[b] != (char)('a' + i)) fail_msg("byte %zu of record %zu", b, i);
    }
    assert_int_equal(qk_journal_next(r, &record, UINT64_MAX, &err), QK_ENOTFOUND);
    assert_int_equal(qk_journal_reader_torn(r), 0);
    qk_journal_reader_close(r);
    free(payload);
}

static void test_journal__an_empty_folder_is_an_empty_journal(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    qk_journal *j = journal_open(qk_test_path("a/b/journal"), &options);
    assert_ok(qk_journal_sync(j, 0, NULL));
    assert_int_equal(qk_journal_durable(j), 0);
    assert_int_equal(qk_journal_status(j, NULL), QK_JOURNAL_RUNNING);
    qk_journal_close(j);
    read_numbered(&result, qk_test_path("a/b/journal"), UINT64_MAX);
    assert_int_equal(result.records + result.marks + result.damaged, 0);
    read_numbered(&result, qk_test_path("no/such/folder"), UINT64_MAX);
    assert_int_equal(result.records + result.marks + result.damaged, 0);
}

static void test_journal__segments_follow_each_other(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    options.segment_bytes = 4096;
    char *dir = qk_test_path("journal");
    qk_jpos end = 0;
    for (unsigned round = 0; round < 10; round++) {
        qk_journal *j = journal_open(dir, &options);
        assert_int_equal(qk_journal_durable(j), end);
        for (unsigned i = 0; i < 40; i++) {
            assert_ok(append_numbered(j, round * 40 + i, &end));
            if (i % 3 == 0) assert_ok(qk_journal_sync(j, 10000, NULL));
        }
        qk_journal_close(j);
    }
    assert_numbered(dir, 400);
    qk_segment_list list = list_segments(dir);
    assert_in_range(list.count, 8, 20);
    read_numbered(&result, dir, UINT64_MAX);
    assert_int_equal(result.marks, list.count);
    assert_int_equal(result.end, end);
    for (size_t i = 0; i + 1 < list.count; i++)
        assert_int_equal(qk_test_size(segment_path(dir, list.starts[i])),
                         QK_SEGMENT_MARK + list.starts[i + 1] - list.starts[i]);
    qk_segment_list_clear(&list);
}

static void test_journal__a_reader_begins_anywhere_and_never_passes_its_limit(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    options.segment_bytes = 2048;
    char *dir = qk_test_path("journal");
    qk_jpos ends[100];
    qk_journal *j = journal_open(dir, &options);
    for (unsigned i = 0; i < 100; i++) {
        assert_ok(append_numbered(j, i, &ends[i]));
        wait_durable(j);
    }
    qk_journal_close(j);
    for (unsigned from = 0; from < 100; from++) {
        qk_journal_reader *r = NULL;
        qk_journal_record record;
        assert_ok(qk_journal_reader_open(&r, dir, ends[from], NULL));
        for (unsigned i = from + 1; i < 100;) {
            assert_int_equal(qk_journal_next(r, &record, i ? ends[i - 1] : 0, NULL), QK_ENOTFOUND);
            assert_ok(qk_journal_next(r, &record, ends[i], NULL));
            if (record.kind == QK_JOURNAL_MARK) continue;
            assert_int_equal(check_numbered(&record), i);
            assert_int_equal(record.next, ends[i]);
            i++;
        }
        assert_int_equal(qk_journal_next(r, &record, UINT64_MAX, NULL), QK_ENOTFOUND);
        qk_journal_reader_close(r);
    }
}

static void test_journal__seeks_by_time(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    options.segment_bytes = 2048;
    char *dir = qk_test_path("journal");
    qk_jpos ends[100], pos = 1;
    qk_journal *j = journal_open(dir, &options);
    assert_int_equal(qk_journal_seek_time(&pos, dir, 0, NULL), QK_ENOTFOUND);
    assert_int_equal(pos, 0);
    for (unsigned i = 0; i < 100; i++) {
        assert_ok(append_numbered(j, i, &ends[i]));
        wait_durable(j);
    }
    qk_journal_close(j);
    for (int i = 0; i < 100; i++) {
        assert_ok(qk_journal_seek_time(&pos, dir, 1000 * i, NULL));
        assert_int_equal(pos, i ? ends[i - 1] : 0);
        assert_ok(qk_journal_seek_time(&pos, dir, 1000 * i - 999, NULL));
        assert_int_equal(pos, i ? ends[i - 1] : 0);
    }
    assert_int_equal(qk_journal_seek_time(&pos, dir, 1000 * 100, NULL), QK_ENOTFOUND);
    assert_int_equal(pos, ends[99]);
    assert_ok(qk_journal_seek_time(&pos, dir, INT64_MIN, NULL));
    assert_int_equal(pos, 0);
}

/* A journal of n records in one segment; its bytes go to *image. */
static size_t make_image(char **image, const char *dir, unsigned n, qk_jpos *ends)
{
    qk_journal_options options = journal_options();
    qk_journal *j = journal_open(dir, &options);
    size_t size = 0;
    for (unsigned i = 0; i < n; i++) {
        assert_ok(append_numbered(j, i, &ends[i]));
        if (i % 2) wait_durable(j);
    }
    qk_journal_close(j);
    *image = qk_test_slurp(segment_path(dir, 0), &size);
    return size;
}

static void test_journal__a_torn_tail_is_cut_at_every_byte(void **state)
{
    (void)state;
    enum { N = 6 };
    qk_journal_options options = journal_options();
    qk_jpos ends[N + 1];
    char *image = NULL;
    char *dir = qk_test_path("journal");
    size_t size = make_image(&image, dir, N, ends);
    assert_int_equal(size, QK_SEGMENT_MARK + ends[N - 1]);
    for (size_t len = 0; len < size; len++) {
        unsigned whole = 0;
        while (whole < N && QK_SEGMENT_MARK + ends[whole] <= len) whole++;
        qk_test_write(segment_path(dir, 0), image, len);
        read_numbered(&result, dir, UINT64_MAX);
        assert_int_equal(result.damaged, 0);
        assert_int_equal(result.records, whole);
        size_t sound = whole ? QK_SEGMENT_MARK + ends[whole - 1] : 0;
        assert_int_equal(result.torn, len - sound);
        qk_journal *j = journal_open(dir, &options);
        assert_int_equal(qk_journal_durable(j), whole ? ends[whole - 1] : 0);
        qk_jpos end = 0;
        assert_ok(append_numbered(j, whole, &end));
        qk_journal_close(j);
        assert_numbered(dir, whole + 1);
        qk_segment_list list = list_segments(dir);
        assert_int_equal(list.count, 1);
        qk_segment_list_clear(&list);
    }
    free(image);
}

static void test_journal__a_flipped_bit_is_found_wherever_it_is(void **state)
{
    (void)state;
    enum { N = 8 };
    qk_jpos ends[N];
    char *image = NULL;
    char *dir = qk_test_path("journal");
    size_t size = make_image(&image, dir, N, ends);
    for (size_t at = 0; at < size; at++) {
        unsigned hit = 0; /* the record that holds the byte; N = the mark */
        while (hit < N && at >= QK_SEGMENT_MARK + ends[hit]) hit++;
        if (at < QK_SEGMENT_MARK) hit = N;
        image[at] = (char)(image[at] ^ (1 << at % 8));
        qk_test_write(segment_path(dir, 0), image, size);
        image[at] = (char)(image[at] ^ (1 << at % 8));
        read_numbered(&result, dir, ends[N - 1]);
        assert_int_equal(result.damaged, 1);
        assert_int_equal(result.records, hit == N ? N : N - 1);
        for (unsigned i = 0; i < result.records; i++)
            assert_int_equal(result.numbers[i], i < hit ? i : i + 1);
    }
    free(image);
}

static void test_journal__damage_inside_is_kept_and_reported_after_a_restart(void **state)
{
    (void)state;
    enum { N = 8 };
    qk_journal_options options = journal_options();
    qk_jpos ends[N], end = 0;
    char *image = NULL;
    char *dir = qk_test_path("journal");
    size_t size = make_image(&image, dir, N, ends);
    image[QK_SEGMENT_MARK + ends[2] + 40] ^= 1;
    image[QK_SEGMENT_MARK + ends[3] + 40] ^= 1;
    image[QK_SEGMENT_MARK + ends[5] + 4] ^= 1;
    qk_test_write(segment_path(dir, 0), image, size);
    free(image);
    qk_journal *j = journal_open(dir, &options);
    assert_int_equal(qk_journal_durable(j), ends[N - 1]);
    assert_ok(append_numbered(j, N, &end));
    qk_journal_close(j);
    qk_journal_reader *r = NULL;
    qk_journal_record record;
    qk_error err = {0};
    assert_ok(qk_journal_reader_open(&r, dir, ends[2], NULL));
    assert_int_equal(qk_journal_next(r, &record, UINT64_MAX, &err), QK_EDAMAGED);
    assert_string_equal(err.where, "0000000000000000.qkj");
    assert_int_equal(qk_journal_reader_pos(r), ends[4]);
    qk_journal_reader_close(r);
    read_numbered(&result, dir, UINT64_MAX);
    assert_int_equal(result.damaged, 2);
    assert_int_equal(result.records, N + 1 - 3);
}

static void test_journal__a_missing_segment_is_damage(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    options.segment_bytes = 1024;
    char *dir = qk_test_path("journal");
    qk_jpos end = 0;
    qk_journal *j = journal_open(dir, &options);
    for (unsigned i = 0; i < 60; i++) {
        assert_ok(append_numbered(j, i, &end));
        wait_durable(j);
    }
    qk_journal_close(j);
    qk_segment_list list = list_segments(dir);
    assert_true(list.count > 4);
    assert_ok(unlink(segment_path(dir, list.starts[2])));
    read_numbered(&result, dir, end);
    assert_int_equal(result.damaged, 1);
    assert_true(result.records < 60);
    assert_int_equal(result.end, end);
    /* The oldest ones may have been taken away on purpose; who asks for them is told. */
    assert_ok(unlink(segment_path(dir, list.starts[0])));
    read_numbered(&result, dir, end);
    assert_int_equal(result.damaged, 1);
    qk_journal_reader *r = NULL;
    qk_journal_record record;
    assert_ok(qk_journal_reader_open(&r, dir, 8, NULL));
    assert_int_equal(qk_journal_next(r, &record, end, NULL), QK_EDAMAGED);
    assert_int_equal(qk_journal_reader_pos(r), list.starts[1]);
    qk_journal_reader_close(r);
    qk_segment_list_clear(&list);
}

static void test_journal__what_stands_beyond_the_next_segment_does_not_count(void **state)
{
    (void)state;
    enum { N = 5 };
    qk_jpos ends[N];
    char *image = NULL;
    char *dir = qk_test_path("journal");
    qk_journal_options options = journal_options();
    options.segment_bytes = 1;
    qk_journal *j = journal_open(dir, &options);
    for (unsigned i = 0; i < N; i++) {
        assert_ok(append_numbered(j, i, &ends[i]));
        wait_durable(j);
    }
    qk_journal_close(j);
    size_t size = 0;
    image = qk_test_slurp(segment_path(dir, ends[0]), &size);
    image = realloc(image, 2 * size);
    assert_non_null(image);
    memcpy(image + size, image, size);
    qk_test_write(segment_path(dir, ends[0]), image, 2 * size);
    free(image);
    assert_numbered(dir, N);
}

static void test_journal__positions_never_fall_below_what_was_read(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    char *dir = qk_test_path("journal");
    qk_jpos ends[4], end = 0;
    char *image = NULL;
    make_image(&image, dir, 4, ends);
    qk_test_write(segment_path(dir, 0), image, QK_SEGMENT_MARK + ends[1]);
    free(image);
    options.at_least = ends[3];
    qk_journal *j = journal_open(dir, &options);
    assert_int_equal(qk_journal_durable(j), ends[3]);
    assert_ok(append_numbered(j, 4, &end));
    assert_true(end > ends[3]);
    qk_journal_close(j);
    read_numbered(&result, dir, end);
    assert_int_equal(result.damaged, 1);
    assert_int_equal(result.records, 3);
    assert_int_equal(result.numbers[2], 4);
    options.at_least = 3;
    qk_error err;
    assert_int_equal(qk_journal_open(&j, dir, &options, &err), QK_EINVAL);
}

static void test_journal__refuses_what_it_cannot_serve(void **state)
{
    (void)state;
    unsigned char mark[QK_SEGMENT_MARK + QK_RECORD_HEAD] = {0};
    qk_journal_options options = journal_options();
    qk_journal *j = NULL;
    qk_error err = {0};
    char *dir = qk_test_path("journal");
    options.instance_id = "not an id";
    assert_int_equal(qk_journal_open(&j, dir, &options, &err), QK_EINVAL);
    options = journal_options();
    qk_test_write(qk_test_path("file"), "x", 1);
    assert_int_equal(qk_journal_open(&j, qk_test_path("file"), &options, &err), QK_EIO);
    assert_null(j);

    qk_journal *first = journal_open(dir, &options);
    qk_jpos end = 0;
    assert_ok(append_numbered(first, 0, &end));
    qk_journal_close(first);
    size_t size = 0;
    char *image = qk_test_slurp(segment_path(dir, 0), &size);
    qk_segment_mark_put(mark, 0, 0, "test-1");
    mark[QK_RECORD_HEAD + 10] = '9'; /* {"format":9 */
    qk_record_head head;
    qk_record_head_get(&head, mark);
    head.crc = qk_record_crc(mark, mark + QK_RECORD_HEAD, head.len);
    qk_record_head_put(mark, &head);
    memcpy(image, mark, QK_SEGMENT_MARK);
    qk_test_write(segment_path(dir, 0), image, size);
    free(image);
    assert_int_equal(qk_journal_open(&j, dir, &options, &err), QK_EUNSUPPORTED);
    assert_true(err.hint[0] != '\0');
}

/* One thread appends, this one reads behind it by the durable position, across many segments. */
enum { BESIDE_PATIENCE_MS = 60000 }; /* for one step forward */

typedef struct beside {
    qk_journal *journal;
    unsigned count;
    qk_jpos end;
} beside;

static void *append_many(void *context)
{
    beside *b = context;
    for (unsigned i = 0; i < b->count; i++) {
        qk_code code;
        while ((code = append_numbered(b->journal, i, &b->end)) == QK_EFULL) sched_yield();
        /* Groups end somewhere however slow the disk is, and segments with them. */
        if (code == QK_OK && i % 1000 == 999)
            code = qk_journal_sync(b->journal, BESIDE_PATIENCE_MS, NULL);
        if (code != QK_OK) return NULL;
    }
    return b;
}

static void test_journal__is_read_beside_its_writer(void **state)
{
    (void)state;
    qk_journal_options options = journal_options();
    options.segment_bytes = 256 << 10;
    char *dir = qk_test_path("journal");
    beside b = {.journal = journal_open(dir, &options), .count = 60000};
    qk_journal_reader *r = NULL;
    pthread_t thread;
    assert_ok(qk_journal_reader_open(&r, dir, 0, NULL));
    assert_ok(pthread_create(&thread, NULL, append_many, &b));
    int64_t until = qk_monotonic_ms() + BESIDE_PATIENCE_MS;
    qk_jpos seen = 0;
    for (unsigned n = 0; n < b.count;) {
        qk_journal_record record;
        qk_error err = {0};
        qk_jpos limit = qk_journal_durable(b.journal);
        qk_code code = qk_journal_next(r, &record, limit, &err);
        if (limit > seen) until = qk_monotonic_ms() + BESIDE_PATIENCE_MS;
        seen = limit;
        if (code == QK_ENOTFOUND) {
            assert_int_equal(qk_journal_reader_pos(r), limit);
            assert_true(qk_monotonic_ms() < until);
            sched_yield();
            continue;
        }
        if (code != QK_OK) fail_msg("%s", err.message);
        assert_true(record.next <= limit);
        if (record.kind != QK_JOURNAL_MARK) assert_int_equal(check_numbered(&record), n++);
    }
    void *done = NULL;
    assert_ok(pthread_join(thread, &done));
    assert_ptr_equal(done, &b);
    qk_journal_reader_close(r);
    qk_journal_close(b.journal);
    qk_segment_list list = list_segments(dir);
    assert_true(list.count > 5);
    qk_segment_list_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segment__head_of_a_record_is_as_written_down),
        cmocka_unit_test(test_segment__mark_is_as_written_down),
        cmocka_unit_test(test_segment__names),
        qk_dir_test(test_journal__gives_back_what_was_appended),
        qk_dir_test(test_journal__an_empty_folder_is_an_empty_journal),
        qk_dir_test(test_journal__segments_follow_each_other),
        qk_dir_test(test_journal__a_reader_begins_anywhere_and_never_passes_its_limit),
        qk_dir_test(test_journal__seeks_by_time),
        qk_dir_test(test_journal__a_torn_tail_is_cut_at_every_byte),
        qk_dir_test(test_journal__a_flipped_bit_is_found_wherever_it_is),
        qk_dir_test(test_journal__damage_inside_is_kept_and_reported_after_a_restart),
        qk_dir_test(test_journal__a_missing_segment_is_damage),
        qk_dir_test(test_journal__what_stands_beyond_the_next_segment_does_not_count),
        qk_dir_test(test_journal__positions_never_fall_below_what_was_read),
        qk_dir_test(test_journal__refuses_what_it_cannot_serve),
        qk_dir_test(test_journal__is_read_beside_its_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
