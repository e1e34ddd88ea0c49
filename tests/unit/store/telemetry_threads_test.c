/* SPDX-License-Identifier: Apache-2.0 */
/* Readers beside the writer: what was appended before a read began is in it, once, with its value,
 * wherever the row stands at that moment: in a head, in a transaction that is committed or rolled
 * back, in a piece, in a block. */
#include "store/telemetry.h"
#include "store_test.h"
#include <pthread.h>
#include <stdatomic.h>

enum { STREAMS = 3, ROWS = 6000, READERS = 3, COLUMNS = 4 };

static const qk_time day = 1735660800000;

typedef struct shared {
    qk_telemetry *t;
    qk_db *db;
    char path[512];
    qk_stream_id ids[STREAMS];
    _Atomic int appended; /* rows of every stream */
    _Atomic bool done;
    _Atomic int reads;
} shared;

static int64_t value_of(int stream, int row)
{
    return (int64_t)row * 31 % 5000 + stream * 7;
}

static void append_row(shared *s, int stream, int row)
{
    qk_cell cells[COLUMNS];
    qk_append_result result;
    qk_error err = {0};
    for (uint32_t c = 0; c < COLUMNS; c++)
        cells[c] = (qk_cell){
            .column = c, .type = QK_CELL_NUMBER, .number = {value_of(stream, row) + c, 1}};
    qk_time time = day + row * QK_MINUTE;
    qk_code code = qk_telemetry_append(s->t, &result, s->ids[stream], time, time + 60000, cells,
                                       COLUMNS, NULL, NULL, &err);
    if (code != QK_OK) fail_msg("%s", err.message);
}

static void end_transaction(shared *s, int row)
{
    qk_error err = {0};
    bool keep = row % 3 != 0;
    assert_ok(qk_db_begin(s->db, &err));
    assert_ok(qk_telemetry_flush(s->t, row % 5 == 0, &err));
    if (keep)
        assert_ok(qk_db_commit(s->db, &err));
    else
        qk_db_rollback(s->db);
    qk_telemetry_settle(s->t, keep);
    if (row % 7 == 0) assert_ok(qk_db_checkpoint(s->db, &err));
}

static void write_rows(shared *s)
{
    for (int row = 0; row < ROWS; row++) {
        for (int stream = 0; stream < STREAMS; stream++) append_row(s, stream, row);
        if (row % 40 == 13) append_row(s, 0, row / 2); /* known: changes nothing */
        atomic_store(&s->appended, row + 1);
        if (row % 97 == 0 || qk_telemetry_wants_flush(s->t)) end_transaction(s, row);
    }
    atomic_store(&s->done, true);
}

/* Returns what is wrong, or NULL. */
static const char *check_samples(const qk_samples *out, int stream, int from, int least)
{
    if ((int)out->count < least) return "rows are missing";
    for (size_t i = 0; i < out->count; i++) {
        int row = from + (int)i;
        if (out->time[i] != day + row * QK_MINUTE) return "a row is out of its place";
        if (out->mantissa[i] != value_of(stream, row) + 2) return "a value is wrong";
    }
    return NULL;
}

static void *read_rows(void *context)
{
    shared *s = context;
    qk_telemetry_reader *r = NULL;
    qk_error err = {0};
    const char *fault = NULL;
    qk_arena arena;
    uint64_t seed = (uint64_t)(uintptr_t)&arena;
    qk_arena_init(&arena, 64 << 20);
    if (qk_telemetry_reader_open(&r, s->t, s->path, &err) != QK_OK)
        fault = "a reader cannot be opened";
    while (!fault && !atomic_load(&s->done)) {
        qk_samples out;
        int stream = (int)(qk_test_random(&seed) % STREAMS);
        int appended = atomic_load(&s->appended);
        int from = appended > 0 ? (int)(qk_test_random(&seed) % (uint64_t)appended) : 0;
        if (qk_test_random(&seed) % 3 == 0) from = 0;
        qk_arena_reset(&arena);
        if (qk_telemetry_read(&out, r, s->ids[stream], QK_STR("c2"), QK_STR("Avg"),
                              day + from * QK_MINUTE, day + ROWS * QK_MINUTE, QK_TIME_NONE, &arena,
                              NULL, &err) != QK_OK)
            fault = "a read failed";
        else
            fault = check_samples(&out, stream, from, appended - from);
        atomic_fetch_add(&s->reads, 1);
    }
    qk_telemetry_reader_close(r);
    qk_arena_clear(&arena);
    return (void *)(uintptr_t)fault;
}

static void test_telemetry__readers_beside_the_writer_miss_nothing(void **state)
{
    (void)state;
    static shared s;
    qk_error err = {0};
    qk_telemetry_options options = {.head_bytes = 96 << 10};
    pthread_t readers[READERS];
    snprintf(s.path, sizeof s.path, "%s", qk_test_path("store.db"));
    assert_ok(qk_db_open(&s.db, s.path, NULL, &err));
    assert_ok(qk_telemetry_open(&s.t, s.db, &options, &err));
    for (int i = 0; i < STREAMS; i++) {
        char name[16];
        snprintf(name, sizeof name, "MN%d", i);
        assert_ok(qk_telemetry_stream(&s.ids[i], s.t, qk_str_of(name), QK_STREAM_MINUTE, &err));
        for (uint32_t c = 0; c < COLUMNS; c++) {
            qk_column_id column;
            snprintf(name, sizeof name, "c%u", c);
            assert_ok(
                qk_telemetry_column(&column, s.t, s.ids[i], qk_str_of(name), QK_STR("Avg"), &err));
            assert_int_equal(column, c);
        }
    }
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_rows, &s), 0);
    write_rows(&s);
    for (int i = 0; i < READERS; i++) {
        void *fault = NULL;
        pthread_join(readers[i], &fault);
        if (fault) fail_msg("%s", (const char *)fault);
    }
    print_message("%d reads beside %d rows\n", atomic_load(&s.reads), STREAMS * ROWS);
    assert_true(atomic_load(&s.reads) > 0);
    qk_telemetry_close(s.t);
    qk_db_close(s.db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_telemetry__readers_beside_the_writer_miss_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
