/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verify.h"
#include "hj212/encode.h"
#include "journal_help.h"
#include "store/lock.h"
#include <signal.h>
#include <sys/wait.h>

enum { FRAMES = 40 };

/* ---- a folder ---- */

static size_t frame_text(char out[1024], unsigned n, const char *cp_more)
{
    char segment[900];
    int len = snprintf(segment, sizeof segment,
                       "QN=20250101%06u123;ST=31;CN=2051;PW=123456;MN=A%05u;Flag=5;CP=&&DataTime="
                       "20250101%06u;a21026-Avg=%u.5%s&&",
                       n, n % 7, n, n, cp_more);
    uint16_t crc = qk_hj212_crc(segment, (size_t)len);
    return (size_t)snprintf(out, 1024, "##%04d%s%04X\r\n", len, segment, crc);
}

static void append_frame(qk_journal *j, unsigned n, uint8_t flags, const char *cp_more)
{
    char frame[1024];
    qk_jpos end = 0;
    size_t len = frame_text(frame, n, cp_more);
    assert_ok(qk_journal_append(j, &end, QK_JOURNAL_FRAME, flags, 1, 1000 * (qk_time)n, frame, len,
                                NULL));
}

static void append_ack(FILE *acks, unsigned n)
{
    fprintf(acks, "A%05u 20250101%06u123 2051 20250101%06u\n", n % 7, n, n);
}

static void write_acks(unsigned from, unsigned to)
{
    FILE *acks = fopen(qk_test_path("acks"), "a");
    assert_non_null(acks);
    for (unsigned n = from; n < to; n++) append_ack(acks, n);
    fclose(acks);
}

static qk_journal *open_journal(void)
{
    qk_journal_options options = journal_options();
    options.segment_bytes = 4096;
    return journal_open(qk_test_path("data/journal"), &options);
}

/* Ten rows of one stream, packed. */
static void make_telemetry(qk_db *db)
{
    qk_telemetry *t = NULL;
    qk_stream_id stream = 0;
    qk_telemetry_options options = {0};
    qk_cell cell = {.type = QK_CELL_NUMBER, .number = {1250, 2}};
    assert_ok(qk_telemetry_open(&t, db, &options, NULL));
    assert_ok(qk_telemetry_stream(&stream, t, QK_STR("A00001"), QK_STREAM_MINUTE, NULL));
    assert_ok(qk_telemetry_column(&cell.column, t, stream, QK_STR("a21026"), QK_STR("Avg"), NULL));
    assert_ok(qk_db_begin(db, NULL));
    for (int i = 0; i < 10; i++) {
        qk_append_result result;
        assert_ok(qk_telemetry_append(t, &result, stream, i * 10 * QK_MINUTE, i * 10 * QK_MINUTE,
                                      &cell, 1, NULL, NULL, NULL));
    }
    assert_ok(qk_telemetry_flush(t, true, NULL));
    assert_ok(qk_db_commit(db, NULL));
    qk_telemetry_close(t);
}

/* Frames 0 .. FRAMES-1 acknowledged; a database that has read part of them; files and an audit log.
 */
static void make_folder(void)
{
    qk_files *files = NULL;
    qk_db *db = NULL;
    qk_file_id id;
    qk_error err = {0};
    assert_ok(qk_dir_create(qk_test_path("data"), &err));
    qk_journal *j = open_journal();
    for (unsigned n = 0; n < FRAMES; n++) {
        append_frame(j, n, 0, "");
        if (n % 5 == 0) wait_durable(j);
    }
    wait_durable(j);
    qk_journal_close(j);
    write_acks(0, FRAMES);
    assert_ok(qk_db_open(&db, qk_test_path("data/store.db"), NULL, &err));
    assert_ok(qk_db_meta_set(db, "journal_pos", 1024, &err));
    for (int i = 0; i < 5; i++) {
        qk_audit_line line = {.who = QK_STR("a"), .what = QK_STR("b"), .object = QK_STR("c")};
        assert_ok(qk_audit_append(db, NULL, &line, &err));
    }
    make_telemetry(db);
    assert_ok(qk_files_open(&files, qk_test_path("data"), 0, &err));
    assert_ok(qk_files_put(files, &id, "evidence", 8, &err));
    qk_file_use use = {.object = "case/1", .name = "a.txt", .recorded_by = "a"};
    assert_ok(qk_file_attach(db, &use, &id, &err));
    qk_files_close(files);
    qk_db_close(db);
}

static char told[4096];

static void note(void *context, const char *part, const char *text)
{
    (void)context;
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s: %s\n", part, text);
}

static qk_verify_result verify(bool acks)
{
    qk_verify_result result;
    qk_error err = {0};
    qk_verify_options options = {
        .dir = qk_test_path("data"), .acks = acks ? qk_test_path("acks") : NULL, .fault = note};
    told[0] = '\0';
    if (qk_verify(&result, &options, &err) != QK_OK) fail_msg("%s %s", err.where, err.message);
    return result;
}

static void assert_fault(const char *text)
{
    if (!strstr(told, text)) fail_msg("'%s' is not among:\n%s", text, told);
}

/* ---- whole folders ---- */

static void test_verify__a_whole_folder_is_whole(void **state)
{
    (void)state;
    make_folder();
    qk_verify_result r = verify(true);
    assert_string_equal(told, "");
    assert_int_equal(r.faults, 0);
    assert_false(r.held);
    assert_int_equal(r.records, FRAMES);
    assert_int_equal(r.by_kind[QK_JOURNAL_FRAME], FRAMES);
    assert_true(r.segments > 1);
    assert_int_equal(r.by_kind[QK_JOURNAL_MARK], r.segments);
    assert_int_equal(r.first_at, 0);
    assert_int_equal(r.last_at, 1000 * (FRAMES - 1));
    assert_true(r.has_db);
    assert_int_equal(r.processed, 1024);
    assert_true(r.end > r.processed);
    assert_int_equal(r.files.files, 1);
    assert_int_equal(r.audit.lines, 5);
    assert_true(r.blocks.blocks > 0);
    assert_int_equal(r.blocks.rows, 10);
    assert_int_equal(r.blocks.samples, 10);
    assert_int_equal(r.acks.lines, FRAMES);
    assert_int_equal(r.acks.keys, FRAMES);
    assert_int_equal(r.acks.stored, FRAMES);
    assert_int_equal(r.acks.missing + r.acks.repeats + r.acks.changed, 0);
}

static uint64_t hash_of_tree(const char *const *names, size_t n)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < n; i++) {
        size_t len;
        char *bytes = qk_test_slurp(qk_test_path(names[i]), &len);
        hash = hash * 31 + qk_hash(bytes, len);
        free(bytes);
    }
    return hash;
}

/* As a killed server leaves it: a WAL not packed, a torn tail, its lock file, half a put. */
static void test_verify__a_killed_servers_folder_is_no_fault_and_stays_as_it_is(void **state)
{
    (void)state;
    static const char *const names[] = {"data/store.db", "data/store.db-wal", "data/store.db-shm",
                                        "data/qingkong.lock"};
    make_folder();
    pid_t child = fork();
    if (child == 0) {
        int lock;
        qk_db *db = NULL;
        qk_journal *j = NULL;
        qk_journal_options options = journal_options();
        qk_jpos end;
        if (qk_lock_take(&lock, qk_test_path("data"), NULL) != QK_OK) _exit(1);
        if (qk_db_open(&db, qk_test_path("data/store.db"), NULL, NULL) != QK_OK) _exit(2);
        if (qk_db_meta_set(db, "journal_pos", 2048, NULL) != QK_OK) _exit(3);
        if (qk_journal_open(&j, qk_test_path("data/journal"), &options, NULL) != QK_OK) _exit(4);
        if (append_numbered(j, 0, &end) != QK_OK || qk_journal_sync(j, 5000, NULL) != QK_OK)
            _exit(5);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    qk_segment_list list = list_segments(qk_test_path("data/journal"));
    char *last = segment_path(qk_test_path("data/journal"), list.starts[list.count - 1]);
    qk_segment_list_clear(&list);
    int fd = open(last, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "half of a record", 16), 16);
    close(fd);
    qk_test_write(qk_test_path("data/files/.put-x"), "half", 4);
    uint64_t before = hash_of_tree(names, 4);
    qk_verify_result r = verify(true);
    assert_string_equal(told, "");
    assert_int_equal(r.faults, 0);
    assert_false(r.held);
    assert_int_equal(r.torn_bytes, 16);
    assert_int_equal(r.processed, 2048);
    assert_int_equal(r.records, FRAMES + 1);
    assert_true(hash_of_tree(names, 4) == before);
    assert_int_equal(qk_test_size(qk_test_path("data/files/.put-x")), 4);
}

static void test_verify__runs_beside_the_owner(void **state)
{
    (void)state;
    int ready[2];
    char byte;
    make_folder();
    assert_ok(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        int lock = -1;
        qk_db *db = NULL;
        assert_ok(qk_lock_take(&lock, qk_test_path("data"), NULL));
        assert_ok(qk_db_open(&db, qk_test_path("data/store.db"), NULL, NULL));
        assert_ok(qk_db_meta_set(db, "journal_pos", 3072, NULL));
        qk_journal *j = open_journal();
        append_frame(j, FRAMES, 0, "");
        wait_durable(j);
        assert_int_equal(write(ready[1], "r", 1), 1);
        for (;;) pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    qk_verify_result r = verify(true);
    assert_int_equal(r.faults, 0);
    assert_true(r.held);
    assert_int_equal(r.processed, 3072);
    assert_int_equal(r.records, FRAMES + 1);
    assert_ok(kill(child, SIGKILL));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(verify(true).held);
    close(ready[0]);
    close(ready[1]);
}

static void test_verify__refuses_what_is_no_data_folder(void **state)
{
    (void)state;
    qk_verify_result r;
    qk_error err = {0};
    qk_verify_options options = {.dir = qk_test_path("absent")};
    assert_int_equal(qk_verify(&r, &options, &err), QK_ENOTFOUND);
    options.dir = qk_test_dir;
    assert_int_equal(qk_verify(&r, &options, &err), QK_ENOTFOUND);
    make_folder();
    options.dir = qk_test_path("data");
    options.acks = qk_test_path("no such list");
    assert_int_equal(qk_verify(&r, &options, &err), QK_EIO);
    qk_test_write(qk_test_path("acks"), "A00000 20250101000000123 2051 20250101000000\nA B\n", 50);
    options.acks = qk_test_path("acks");
    assert_int_equal(qk_verify(&r, &options, &err), QK_EFORMAT);
    assert_int_equal(err.line, 2);
}

/* ---- faults ---- */

static void flip_byte(const char *path, long long at)
{
    size_t len;
    char *bytes = qk_test_slurp(path, &len);
    bytes[at < 0 ? (long long)len + at : at] ^= 4;
    chmod(path, 0640);
    qk_test_write(path, bytes, len);
    free(bytes);
}

static void test_verify__finds_damage_in_the_journal(void **state)
{
    (void)state;
    make_folder();
    flip_byte(segment_path(qk_test_path("data/journal"), 0), QK_SEGMENT_MARK + 60);
    qk_verify_result r = verify(true);
    assert_int_equal(r.damaged_stretches, 1);
    assert_int_equal(r.records, FRAMES - 1);
    assert_int_equal(r.acks.missing, 1);
    assert_int_equal(r.faults, 2);
    assert_fault("journal: 0000000000000000.qkj: journal positions 0 to ");
    assert_fault("acks: not in the journal: A00000 20250101000000123 2051 20250101000000");
}

static void test_verify__finds_a_journal_shorter_than_what_was_read(void **state)
{
    (void)state;
    make_folder();
    qk_db *db = NULL;
    assert_ok(qk_db_open(&db, qk_test_path("data/store.db"), NULL, NULL));
    assert_ok(qk_db_meta_set(db, "journal_pos", 1 << 20, NULL));
    qk_db_close(db);
    assert_int_equal(verify(false).faults, 1);
    assert_fault("but the database has read it up to 1048576");
}

static void test_verify__finds_damage_in_the_database(void **state)
{
    (void)state;
    make_folder();
    char path[300];
    snprintf(path, sizeof path, "%s/data/store.db", qk_test_dir);
    long long size = qk_test_size(path);
    unsigned found = 0, tried = 0;
    for (long long at = 8192; at + 100 < size; at += 8192, tried++) {
        size_t len;
        char *bytes = qk_test_slurp(path, &len);
        char saved[16];
        memcpy(saved, bytes + at, 16);
        memset(bytes + at, 0x5a, 16); /* the head of a page */
        qk_test_write(path, bytes, len);
        found += verify(false).faults > 0;
        memcpy(bytes + at, saved, 16);
        qk_test_write(path, bytes, len);
        free(bytes);
    }
    assert_true(tried > 10);
    assert_int_equal(found, tried);
    flip_byte(path, 0);
    assert_true(verify(false).faults > 0);
    assert_ok(unlink(path));
    assert_int_equal(verify(false).faults, 1);
    assert_fault("there is no database");
}

static void test_verify__finds_a_changed_block(void **state)
{
    (void)state;
    make_folder();
    qk_db *db = NULL;
    assert_ok(qk_db_open(&db, qk_test_path("data/store.db"), NULL, NULL));
    assert_ok(qk_db_exec(db,
                         "UPDATE block SET data = CAST(substr(data, 1, length(data) - 1) || x'5a'"
                         " AS BLOB); UPDATE piece SET data = CAST(substr(data, 1, length(data) - 1)"
                         " || x'5a' AS BLOB)",
                         NULL));
    qk_db_close(db);
    qk_verify_result r = verify(false);
    assert_true(r.blocks.damaged > 0);
    assert_true(r.faults > 0);
    assert_fault("blocks: ");
}

static void test_S219_verify__finds_a_changed_file(void **state)
{
    (void)state;
    make_folder();
    char path[QK_PATH_MAX];
    char name[QK_SHA256_TEXT];
    qk_sha256_hex(name, "evidence", 8);
    snprintf(path, sizeof path, "%s/data/files/%.2s/%s", qk_test_dir, name, name);
    flip_byte(path, 3);
    assert_int_equal(verify(false).faults, 1);
    assert_fault("files: ");
    assert_ok(unlink(path));
    assert_int_equal(verify(false).files.missing, 1);
}

static void test_S220_verify__finds_a_changed_audit_log(void **state)
{
    (void)state;
    make_folder();
    qk_db *db = NULL;
    assert_ok(qk_db_open(&db, qk_test_path("data/store.db"), NULL, NULL));
    assert_ok(qk_db_exec(db, "DROP TRIGGER audit_kept; DELETE FROM audit WHERE seq = 3", NULL));
    qk_db_close(db);
    qk_verify_result r = verify(false);
    assert_int_equal(r.audit.lines, 4);
    assert_true(r.faults > 0);
    assert_fault("audit: line 3: lines are missing");
}

/* ---- acknowledgements ---- */

static void test_verify__names_what_was_acknowledged_and_is_not_there(void **state)
{
    (void)state;
    make_folder();
    write_acks(FRAMES, FRAMES + 30);
    write_acks(FRAMES, FRAMES + 1);
    qk_verify_result r = verify(true);
    assert_int_equal(r.acks.keys, FRAMES + 30);
    assert_int_equal(r.acks.lines, FRAMES + 31);
    assert_int_equal(r.acks.missing, 30);
    assert_int_equal(r.faults, 30);
    assert_fault("A00005 20250101000040123 2051 20250101000040");
    unsigned lines = 0;
    for (const char *p = told; (p = strchr(p, '\n')); p++) lines++;
    assert_int_equal(lines, 20);
}

static void test_verify__a_key_met_again_is_told_and_no_fault(void **state)
{
    (void)state;
    make_folder();
    qk_journal *j = open_journal();
    append_frame(j, 3, QK_JOURNAL_REPEAT, "");
    append_frame(j, 4, 0, ""); /* the window did not outlive the restart */
    append_frame(j, 5, 0, ",a21026-Flag=N");
    append_frame(j, FRAMES + 1, QK_JOURNAL_REPEAT, "");
    wait_durable(j);
    qk_journal_close(j);
    qk_verify_result r = verify(true);
    assert_int_equal(r.faults, 0);
    assert_int_equal(r.acks.repeats, 2);
    assert_int_equal(r.acks.changed, 1);
    assert_int_equal(r.marked_repeats, 2);
    /* A frame that stands there as a repeat alone was never stored. */
    write_acks(FRAMES + 1, FRAMES + 2);
    assert_int_equal(verify(true).acks.missing, 1);
}

static void append_text(qk_journal *j, const char *segment, qk_journal_kind kind)
{
    char frame[1024];
    qk_jpos end = 0;
    int len = snprintf(frame, sizeof frame, "##%04zu%s%04X\r\n", strlen(segment), segment,
                       qk_hj212_crc(segment, strlen(segment)));
    assert_ok(qk_journal_append(j, &end, kind, 0, 1, 0, frame, (size_t)len, NULL));
}

static void test_verify__knows_split_frames_old_forms_and_gaps_in_the_list(void **state)
{
    (void)state;
    make_folder();
    qk_journal *j = open_journal();
    append_text(j, "QN=1;ST=31;CN=2051;PW=1;MN=S;Flag=7;PNUM=2;PNO=1;CP=&&DataTime=9;a=1&&",
                QK_JOURNAL_FRAME);
    append_text(j, "QN=1;ST=31;CN=2051;PW=1;MN=S;Flag=7;PNUM=2;PNO=2;CP=&&DataTime=9;b=1&&",
                QK_JOURNAL_FRAME);
    append_text(j, "QN=2;ST=31;CN=2051;PW=1;MN=S;Flag=7;PNUM=2;PNO=1;CP=&&DataTime=9;a=1&&",
                QK_JOURNAL_FRAME);
    append_text(j, "ST=31;CN=2051;PW=1;MN=OLD;CP=&&QN=77;DataTime=9;a=1&&", QK_JOURNAL_FRAME);
    append_text(j, "ST=31;CN=2051;PW=1;MN=OLDER;CP=&&DataTime=9;a=1&&", QK_JOURNAL_FRAME);
    append_text(j, "QN=5;ST=31;CN=9021;PW=1;MN=S;Flag=5;CP=&&&&", QK_JOURNAL_FRAME);
    append_text(j, "QN=6;ST=31;CN=2051;PW=1;MN=S;Flag=5;CP=&&DataTime=9&&", QK_JOURNAL_PARKED);
    wait_durable(j);
    qk_journal_close(j);
    static const struct {
        const char *lines;
        unsigned missing;
    } cases[] = {{"S 1 2051 9\nS 1 2051 9\n", 0},
                 {"S 2 2051 9\r\n", 0},
                 {"S 2 2051 9\nS 2 2051 9\n", 1},
                 {"OLD 77 2051 9\n", 0},
                 {"OLDER - 2051 9\n", 0},
                 {"OLDER  2051 9\n", 0},
                 {"S 5 9021 -\n\n", 0},
                 {"S 5 9021\n", 0},
                 {"S 5 9021 ", 0},
                 {"S 6 2051 9\n", 1},
                 {"S 1 2061 9\n", 1},
                 {"s 1 2051 9\n", 1}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_test_write(qk_test_path("acks"), cases[i].lines, strlen(cases[i].lines));
        qk_verify_result r = verify(true);
        if (r.acks.missing != cases[i].missing) fail_msg("%s", cases[i].lines);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_verify__a_whole_folder_is_whole),
        qk_dir_test(test_verify__a_killed_servers_folder_is_no_fault_and_stays_as_it_is),
        qk_dir_test(test_verify__runs_beside_the_owner),
        qk_dir_test(test_verify__refuses_what_is_no_data_folder),
        qk_dir_test(test_verify__finds_damage_in_the_journal),
        qk_dir_test(test_verify__finds_a_journal_shorter_than_what_was_read),
        qk_dir_test(test_verify__finds_damage_in_the_database),
        qk_dir_test(test_verify__finds_a_changed_block),
        qk_dir_test(test_S219_verify__finds_a_changed_file),
        qk_dir_test(test_S220_verify__finds_a_changed_audit_log),
        qk_dir_test(test_verify__names_what_was_acknowledged_and_is_not_there),
        qk_dir_test(test_verify__a_key_met_again_is_told_and_no_fault),
        qk_dir_test(test_verify__knows_split_frames_old_forms_and_gaps_in_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
