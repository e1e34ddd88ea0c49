/* SPDX-License-Identifier: Apache-2.0 */
/* Single promises of the telemetry, one a test. */
#include "store/telemetry_disk.h"
#include "store_test.h"
#include <math.h>

static qk_db *db;
static qk_telemetry *t;
static qk_telemetry_reader *reader;

static const qk_time day = 1735660800000; /* 2025-01-01 civil */
static const qk_str mn = {"MN0001", 6};

static void open_all(size_t head_bytes)
{
    qk_error err = {0};
    qk_telemetry_options options = {.head_bytes = head_bytes};
    assert_ok(qk_db_open(&db, qk_test_path("store.db"), NULL, &err));
    if (qk_telemetry_open(&t, db, &options, &err) != QK_OK) fail_msg("%s", err.message);
    assert_ok(qk_telemetry_reader_open(&reader, t, qk_test_path("store.db"), &err));
}

static void close_all(void)
{
    qk_telemetry_reader_close(reader);
    qk_telemetry_close(t);
    qk_db_close(db);
    reader = NULL;
    t = NULL;
    db = NULL;
}

static int start(void **state)
{
    if (qk_test_dir_setup(state) != 0) return -1;
    open_all(0);
    return 0;
}

static int stop(void **state)
{
    close_all();
    return qk_test_dir_teardown(state);
}

static void reopen(void)
{
    close_all();
    open_all(0);
}

static void commit(bool all)
{
    qk_error err = {0};
    assert_ok(qk_db_begin(db, &err));
    if (qk_telemetry_flush(t, all, &err) != QK_OK) fail_msg("%s", err.message);
    assert_ok(qk_db_commit(db, &err));
    qk_telemetry_settle(t, true);
}

/* Several rounds, so that what is complete and no longer touched is packed. */
static void pack_complete(void)
{
    for (int i = 0; i < 3; i++) commit(false);
}

static qk_stream_id stream_of(qk_stream_kind kind)
{
    qk_stream_id id;
    assert_ok(qk_telemetry_stream(&id, t, mn, kind, NULL));
    return id;
}

static qk_column_id column_of(qk_stream_id id, const char *code, const char *field)
{
    qk_column_id column;
    assert_ok(qk_telemetry_column(&column, t, id, qk_str_of(code), qk_str_of(field), NULL));
    return column;
}

static qk_cell number(qk_column_id column, int64_t mantissa, int32_t scale)
{
    return (qk_cell){.column = column, .type = QK_CELL_NUMBER, .number = {mantissa, scale}};
}

static qk_cell text(qk_column_id column, const char *value)
{
    return (qk_cell){.column = column, .type = QK_CELL_TEXT, .text = qk_str_of(value)};
}

static qk_append_result add(qk_stream_id id, qk_time time, qk_time recorded, const qk_cell *cells,
                            size_t n)
{
    qk_append_result result;
    qk_error err = {0};
    if (qk_telemetry_append(t, &result, id, time, recorded, cells, n, NULL, NULL, &err) != QK_OK)
        fail_msg("%s", err.message);
    return result;
}

/* A minute stream of one factor, Avg and Flag, `days` long. */
static qk_stream_id fill_minutes(int days)
{
    qk_stream_id id = stream_of(QK_STREAM_MINUTE);
    qk_column_id avg = column_of(id, "a21026", "Avg");
    qk_column_id flag = column_of(id, "a21026", "Flag");
    for (int i = 0; i < days * 1440; i++) {
        qk_cell cells[2] = {number(avg, 1000 + i % 97, 1), text(flag, "N")};
        qk_time time = day + i * QK_MINUTE;
        assert_int_equal(add(id, time, time + QK_MINUTE, cells, 2), QK_APPEND_NEW);
    }
    return id;
}

static qk_samples read_avg(qk_arena *arena, qk_stream_id id, qk_time from, qk_time to,
                           qk_time known_at, size_t *damaged)
{
    qk_samples out;
    qk_error err = {0};
    if (qk_telemetry_read(&out, reader, id, QK_STR("a21026"), QK_STR("Avg"), from, to, known_at,
                          arena, damaged, &err) != QK_OK)
        fail_msg("%s", err.message);
    return out;
}

static int64_t count_of(const char *sql)
{
    sqlite3_stmt *stmt;
    assert_ok(qk_db_prepare(&stmt, db, sql, NULL));
    assert_ok(qk_db_step(db, stmt, NULL));
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return n;
}

/* ---- values ---- */

typedef struct kept_cells {
    qk_cell cells[16];
    char texts[16][32];
    size_t n;
    size_t rows;
} kept_cells;

static qk_code keep_row(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                        size_t n)
{
    kept_cells *k = context;
    (void)time;
    (void)recorded;
    k->rows++;
    k->n = n < 16 ? n : 16;
    for (size_t i = 0; i < k->n; i++) {
        k->cells[i] = cells[i];
        if (cells[i].type != QK_CELL_TEXT) continue;
        qk_str_copy(k->texts[i], sizeof k->texts[i], cells[i].text);
        k->cells[i].text = qk_str_of(k->texts[i]);
    }
    return QK_OK;
}

static void test_telemetry__digits_and_texts_come_back_as_sent(void **state)
{
    (void)state;
    static const qk_dec values[] = {{1250, 2}, {125, 1},       {-7, 0},        {0, 0},
                                    {0, 3},    {INT64_MAX, 0}, {INT64_MIN, 5}, {1, 18}};
    qk_stream_id id = stream_of(QK_STREAM_HOUR);
    qk_cell cells[10];
    for (uint32_t i = 0; i < 8; i++) {
        char code[8];
        snprintf(code, sizeof code, "f%u", i);
        cells[i] = number(column_of(id, code, "Avg"), values[i].mantissa, values[i].scale);
    }
    cells[8] = text(column_of(id, "SB1", "RS"), "");
    cells[9] = text(column_of(id, "SB2", "RS"), "99999999999999999999.5 运行");
    for (int i = 0; i < 40; i++)
        assert_int_equal(add(id, day + i * QK_HOUR, day + i * QK_HOUR, cells, 10), QK_APPEND_NEW);
    for (int round = 0; round < 3; round++) {
        kept_cells kept = {0};
        assert_ok(
            qk_telemetry_rows(reader, id, day, day + QK_DAY, QK_TIME_NONE, keep_row, &kept, NULL));
        assert_int_equal(kept.rows, 24);
        assert_int_equal(kept.n, 10);
        for (size_t i = 0; i < 8; i++) assert_true(qk_dec_same(kept.cells[i].number, values[i]));
        for (size_t i = 8; i < 10; i++) assert_true(qk_str_eq(kept.cells[i].text, cells[i].text));
        if (round == 0) commit(true); /* as a piece */
        cells[0].column = column_of(id, "f0", "Avg");
        if (round == 1) { /* the next month closes this one: as blocks */
            add(id, day + 32 * QK_DAY, day + 32 * QK_DAY, cells, 1);
            pack_complete();
            assert_int_equal(count_of("SELECT count(*) FROM piece"), 0);
            assert_int_equal(count_of("SELECT count(*) FROM block"), 11);
        }
    }
}

static void test_telemetry__the_same_value_in_other_digits_is_no_change(void **state)
{
    (void)state;
    qk_stream_id id = stream_of(QK_STREAM_MINUTE);
    qk_column_id avg = column_of(id, "a21026", "Avg");
    qk_cell a = number(avg, 125, 1);
    qk_cell b = number(avg, 1250, 2);
    qk_cell c = number(avg, 1251, 2);
    assert_int_equal(add(id, day, day, &a, 1), QK_APPEND_NEW);
    assert_int_equal(add(id, day, day + 5000, &b, 1), QK_APPEND_SAME);
    assert_int_equal(add(id, day, day + 6000, &c, 1), QK_APPEND_CHANGED);
    assert_int_equal(add(id, day, day + 6000, &c, 1), QK_APPEND_SAME);
    assert_int_equal(add(id, day, day + 7000, NULL, 0), QK_APPEND_SAME);
    qk_cell twice[2] = {number(avg, 7, 0), number(avg, 8, 0)};
    assert_int_equal(add(id, day + QK_MINUTE, day, twice, 2), QK_APPEND_NEW);
    kept_cells kept = {0};
    assert_ok(qk_telemetry_rows(reader, id, day + QK_MINUTE, day + QK_HOUR, QK_TIME_NONE, keep_row,
                                &kept, NULL));
    assert_int_equal(kept.n, 1);
    assert_int_equal(kept.cells[0].number.mantissa,
                     8); /* of a column given twice the last counts */
}

static void test_telemetry__what_was_known_at_a_time_can_be_asked_for(void **state)
{
    (void)state;
    qk_stream_id id = stream_of(QK_STREAM_HOUR);
    qk_column_id avg = column_of(id, "a21026", "Avg");
    qk_column_id flag = column_of(id, "a21026", "Flag");
    qk_cell first = number(avg, 10, 0);
    qk_cell second = number(avg, 20, 0);
    qk_cell flagged = text(flag, "D");
    add(id, day, day + QK_HOUR, &first, 1);
    assert_int_equal(add(id, day, day + 2 * QK_HOUR, &second, 1), QK_APPEND_CHANGED);
    assert_int_equal(add(id, day, day + 3 * QK_HOUR, &flagged, 1), QK_APPEND_MERGED);
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    for (int round = 0; round < 2; round++) {
        qk_samples s = read_avg(&arena, id, day, day + QK_DAY, day + QK_HOUR - 1, NULL);
        assert_int_equal(s.count, 0); /* the row had not come yet */
        s = read_avg(&arena, id, day, day + QK_DAY, day + QK_HOUR, NULL);
        assert_int_equal(s.count, 1);
        assert_int_equal(s.mantissa[0], 10);
        assert_int_equal(s.recorded[0], 3600);
        s = read_avg(&arena, id, day, day + QK_DAY, day + 2 * QK_HOUR - 1, NULL);
        assert_int_equal(s.mantissa[0], 10);
        assert_int_equal(s.flag[0], 0);
        s = read_avg(&arena, id, day, day + QK_DAY, day + 2 * QK_HOUR, NULL);
        assert_int_equal(s.mantissa[0], 20);
        assert_int_equal(s.recorded[0], 7200);
        assert_int_equal(s.flag[0], 0);
        s = read_avg(&arena, id, day, day + QK_DAY, QK_TIME_NONE, NULL);
        assert_int_equal(s.mantissa[0], 20);
        assert_int_equal(s.flag[0], 'D');
        commit(true);
        reopen();
    }
    qk_arena_clear(&arena);
}

static void test_telemetry__columns_may_come_at_any_time(void **state)
{
    (void)state;
    qk_stream_id id = fill_minutes(2);
    commit(true);
    qk_column_id late = column_of(id, "a34004", "Avg");
    qk_cell cell = number(late, 5, 0);
    assert_int_equal(add(id, day + 10 * QK_MINUTE, day + QK_DAY, &cell, 1), QK_APPEND_MERGED);
    assert_int_equal(add(id, day + 3 * QK_DAY, day + 3 * QK_DAY, &cell, 1), QK_APPEND_NEW);
    commit(true);
    reopen();
    assert_int_equal(column_of(id, "a34004", "Avg"), late);
    assert_int_equal(column_of(id, "a21026", "Flag"), 1);
    qk_samples s;
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    assert_ok(qk_telemetry_read(&s, reader, id, QK_STR("a34004"), QK_STR("Avg"), day,
                                day + 10 * QK_DAY, QK_TIME_NONE, &arena, NULL, NULL));
    assert_int_equal(s.count, 2881);
    assert_int_equal(s.mantissa[10], 5);
    assert_true(s.mantissa[11] == INT64_MIN);
    assert_int_equal(s.mantissa[2880], 5);
    qk_arena_clear(&arena);
}

/* ---- refusals ---- */

static void test_telemetry__refuses_what_it_cannot_keep(void **state)
{
    (void)state;
    qk_append_result result;
    qk_stream_id id = stream_of(QK_STREAM_MINUTE);
    qk_stream_id other;
    qk_column_id avg = column_of(id, "a21026", "Avg");
    qk_column_id column;
    static char long_text[1100];
    memset(long_text, 'x', sizeof long_text - 1);
    qk_cell good = number(avg, 1, 0);
    qk_cell bad[] = {number(avg + 1, 1, 0),
                     number(avg, 1, 19),
                     number(avg, 1, -1),
                     text(avg, long_text),
                     {.column = avg}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        qk_error err = {0};
        assert_int_not_equal(
            qk_telemetry_append(t, &result, id, day, day, &bad[i], 1, NULL, NULL, &err), QK_OK);
        assert_true(err.message[0] != '\0');
    }
    assert_int_equal(qk_telemetry_append(t, &result, id + 1, day, day, &good, 1, NULL, NULL, NULL),
                     QK_EINVAL);
    assert_int_equal(qk_telemetry_append(t, &result, 0, day, day, &good, 1, NULL, NULL, NULL),
                     QK_EINVAL);
    assert_int_equal(
        qk_telemetry_append(t, &result, id, INT64_MAX, day, &good, 1, NULL, NULL, NULL), QK_ERANGE);
    assert_int_equal(
        qk_telemetry_append(t, &result, id, day, QK_TIME_NONE, &good, 1, NULL, NULL, NULL),
        QK_ERANGE);
    assert_int_equal(qk_telemetry_stream(&other, t, QK_STR(""), QK_STREAM_HOUR, NULL), QK_EINVAL);
    assert_int_equal(qk_telemetry_stream(&other, t, QK_STR("a\0b"), QK_STREAM_HOUR, NULL),
                     QK_EINVAL);
    assert_int_equal(qk_telemetry_stream(&other, t, (qk_str){long_text, 65}, QK_STREAM_HOUR, NULL),
                     QK_EINVAL);
    assert_int_equal(qk_telemetry_stream(&other, t, mn, (qk_stream_kind)0, NULL), QK_EINVAL);
    assert_int_equal(
        qk_telemetry_column(&column, t, id, (qk_str){long_text, 65}, QK_STR("Avg"), NULL),
        QK_EINVAL);
    assert_int_equal(qk_telemetry_column(&column, t, id + 1, QK_STR("a"), QK_STR("Avg"), NULL),
                     QK_EINVAL);
    assert_int_equal(add(id, day, day, &good, 1), QK_APPEND_NEW); /* nothing was left behind */
}

static void test_telemetry__rows_at_the_edges_of_time_are_kept(void **state)
{
    (void)state;
    static const qk_stream_kind kinds[] = {QK_STREAM_MINUTE, QK_STREAM_HOUR, QK_STREAM_DAY};
    for (size_t k = 0; k < 3; k++) {
        qk_stream_id id = stream_of(kinds[k]);
        qk_cell cell = number(column_of(id, "a", "Avg"), 1, 0);
        const qk_time times[] = {QK_ROW_TIME_FIRST, -1, 0, day, QK_ROW_TIME_END - 1};
        for (size_t i = 0; i < QK_ARRAY_COUNT(times); i++)
            assert_int_equal(add(id, times[i], day, &cell, 1), QK_APPEND_NEW);
        commit(k != 1);
        for (size_t i = 0; i < QK_ARRAY_COUNT(times); i++)
            assert_int_equal(add(id, times[i], day, &cell, 1), QK_APPEND_SAME);
        kept_cells kept = {0};
        assert_ok(qk_telemetry_rows(reader, id, INT64_MIN, INT64_MAX, QK_TIME_NONE, keep_row, &kept,
                                    NULL));
        assert_int_equal(kept.rows, 5);
        qk_time first, last;
        assert_ok(qk_telemetry_span(&first, &last, reader, id, NULL));
        assert_int_equal(first, QK_ROW_TIME_FIRST);
        assert_int_equal(last, QK_ROW_TIME_END - 1);
    }
}

static void test_telemetry__a_flood_of_columns_or_rows_is_stopped(void **state)
{
    (void)state;
    qk_append_result result;
    qk_column_id column;
    qk_stream_id id = stream_of(QK_STREAM_MINUTE);
    for (int i = 0; i < QK_ROW_COLUMNS_MAX; i++) {
        char code[12];
        snprintf(code, sizeof code, "c%d", i);
        column_of(id, code, "Avg");
    }
    assert_int_equal(qk_telemetry_column(&column, t, id, QK_STR("more"), QK_STR("Avg"), NULL),
                     QK_EFULL);
    qk_cell cell = number(4000, 1, 0);
    int rows = 0;
    while (qk_telemetry_append(t, &result, id, day + rows * QK_SECOND, day, &cell, 1, NULL, NULL,
                               NULL) == QK_OK)
        rows++;
    assert_in_range(rows, 1440, 3000); /* a day of minutes is always taken */
    assert_int_equal(add(id, day + QK_DAY, day, &cell, 1), QK_APPEND_NEW);
    pack_complete();
    assert_int_equal(count_of("SELECT count(*) FROM block"), 2);
    qk_time last;
    assert_ok(qk_telemetry_span(NULL, &last, reader, id, NULL));
    assert_int_equal(last, day + QK_DAY);
}

/* ---- memory ---- */

static void test_telemetry__memory_is_bounded_and_full_is_told(void **state)
{
    (void)state;
    enum { LIMIT = 256 << 10, DEVICES = 150 };
    qk_stream_id ids[DEVICES];
    close_all();
    open_all(LIMIT);
    for (int d = 0; d < DEVICES; d++) {
        char name[16];
        snprintf(name, sizeof name, "D%04d", d);
        assert_ok(qk_telemetry_stream(&ids[d], t, qk_str_of(name), QK_STREAM_MINUTE, NULL));
        column_of(ids[d], "a21026", "Avg");
    }
    bool full = false;
    for (int i = 0; i < 600; i++)
        for (int d = 0; d < DEVICES; d++) {
            qk_append_result result;
            qk_cell cell = number(0, i * 7919 % 1000 + d, 1);
            qk_time time = day + i * QK_MINUTE;
            qk_code code =
                qk_telemetry_append(t, &result, ids[d], time, time, &cell, 1, NULL, NULL, NULL);
            if (code == QK_EFULL) {
                full = true;
                commit(false);
                assert_int_equal(add(ids[d], time, time, &cell, 1), QK_APPEND_NEW);
            } else {
                assert_ok(code);
            }
            assert_true(qk_telemetry_head_bytes(t) < LIMIT * 3 / 2);
            if (i >= 300 && d == 0 && qk_telemetry_wants_flush(t)) commit(false);
        }
    assert_true(full);
    qk_arena arena;
    qk_arena_init(&arena, 8 << 20);
    for (int d = 0; d < DEVICES; d += 29) {
        qk_samples s = read_avg(&arena, ids[d], day, day + QK_DAY, QK_TIME_NONE, NULL);
        assert_int_equal(s.count, 600);
        for (int i = 0; i < 600; i++) assert_int_equal(s.mantissa[i], i * 7919 % 1000 + d);
    }
    qk_arena_clear(&arena);
}

static void test_telemetry__positions_tell_what_a_restart_needs(void **state)
{
    (void)state;
    qk_stream_id hours = stream_of(QK_STREAM_HOUR);
    qk_stream_id minutes = stream_of(QK_STREAM_MINUTE);
    qk_cell hour = number(column_of(hours, "a", "Avg"), 1, 0);
    qk_cell minute = number(column_of(minutes, "a", "Avg"), 1, 0);
    assert_int_equal(qk_telemetry_needed_from(t), 0);
    qk_telemetry_at(t, 100);
    assert_int_equal(qk_telemetry_needed_from(t), 100);
    add(hours, day, day, &hour, 1);
    qk_telemetry_at(t, 200);
    add(minutes, day, day, &minute, 1);
    qk_telemetry_at(t, 300);
    assert_int_equal(qk_telemetry_needed_from(t), 100);
    assert_ok(qk_db_begin(db, NULL));
    assert_ok(qk_telemetry_flush(t, true, NULL));
    assert_int_equal(qk_telemetry_needed_from(t), 300); /* as it will be once committed */
    qk_db_rollback(db);
    qk_telemetry_settle(t, false);
    assert_int_equal(qk_telemetry_needed_from(t), 100);
    qk_telemetry_at(t, (uint64_t)1 << 40); /* far behind: written without being asked for all */
    commit(false);
    assert_int_equal(qk_telemetry_needed_from(t), (uint64_t)1 << 40);
    reopen();
    assert_int_equal(add(hours, day, day, &hour, 1), QK_APPEND_SAME);
}

static void test_telemetry__rows_of_our_own_are_written_at_once(void **state)
{
    (void)state;
    qk_stream_id id = stream_of(QK_STREAM_DERIVED_HOUR);
    for (int i = 0; i < 60; i++) {
        qk_cell cell = number(column_of(id, "a21026", "Avg"), i, 0);
        add(id, day + i * QK_HOUR, day, &cell, 1);
        commit(false);
        assert_true(count_of("SELECT count(*) FROM piece") <= 17); /* made one when many */
    }
    assert_true(count_of("SELECT count(*) FROM block") == 2);
    reopen();
    qk_arena arena;
    qk_arena_init(&arena, 1 << 20);
    qk_samples s = read_avg(&arena, id, day, day + 90 * QK_HOUR, QK_TIME_NONE, NULL);
    assert_int_equal(s.count, 60);
    for (int i = 0; i < 60; i++) assert_int_equal(s.mantissa[i], i);
    qk_arena_clear(&arena);
}

/* ---- readers ---- */

static void test_telemetry__readers_see_rows_before_and_after_they_are_stored(void **state)
{
    (void)state;
    qk_arena arena;
    qk_arena_init(&arena, 8 << 20);
    qk_stream_id id = fill_minutes(2);
    for (int step = 0; step < 5; step++) {
        if (step == 1) {
            assert_ok(qk_db_begin(db, NULL));
            assert_ok(qk_telemetry_flush(t, true, NULL));
        } else if (step == 2) {
            qk_db_rollback(db);
        } else if (step == 3) {
            qk_telemetry_settle(t, false);
        } else if (step == 4) {
            commit(true);
        }
        qk_arena_reset(&arena);
        qk_samples s = read_avg(&arena, id, day, day + 9 * QK_DAY, QK_TIME_NONE, NULL);
        assert_int_equal(s.count, 2880);
        for (size_t i = 0; i < s.count; i++) {
            assert_int_equal(s.time[i], day + (qk_time)i * QK_MINUTE);
            assert_int_equal(s.mantissa[i], 1000 + i % 97);
            assert_int_equal(s.flag[i], 'N');
        }
    }
    qk_arena_clear(&arena);
}

static qk_code count_stream(void *context, qk_stream_id stream, qk_str name, qk_stream_kind kind)
{
    (void)stream;
    *(int *)context += qk_str_eq(name, mn) ? (int)kind : 1000;
    return QK_OK;
}

static void test_telemetry__streams_and_columns_are_found_by_name(void **state)
{
    (void)state;
    qk_stream_id minutes = fill_minutes(1);
    stream_of(QK_STREAM_HOUR);
    for (int round = 0; round < 2; round++) {
        const qk_str *codes, *fields;
        size_t n;
        int sum = 0;
        assert_ok(qk_telemetry_streams(reader, count_stream, &sum, NULL));
        assert_int_equal(sum, QK_STREAM_MINUTE + QK_STREAM_HOUR);
        assert_int_equal(qk_telemetry_find(reader, mn, QK_STREAM_MINUTE), minutes);
        assert_int_equal(qk_telemetry_find(reader, mn, QK_STREAM_DAY), 0);
        assert_int_equal(qk_telemetry_find(reader, QK_STR("nobody"), QK_STREAM_HOUR), 0);
        assert_ok(qk_telemetry_columns(&codes, &fields, &n, reader, minutes, NULL));
        assert_int_equal(n, 2);
        assert_true(qk_str_eq(codes[1], QK_STR("a21026")) && qk_str_eq(fields[1], QK_STR("Flag")));
        assert_ok(qk_telemetry_columns(&codes, &fields, &n, reader, 99, NULL));
        assert_int_equal(n, 0);
        qk_time first, last;
        assert_ok(qk_telemetry_span(&first, &last, reader, minutes, NULL));
        assert_int_equal(first, day);
        assert_int_equal(last, day + 1439 * QK_MINUTE);
        assert_int_equal(qk_telemetry_span(&first, &last, reader, minutes + 1, NULL), QK_ENOTFOUND);
        if (round > 0) break;
        commit(true); /* then without the telemetry beside it */
        qk_telemetry_reader_close(reader);
        qk_telemetry_close(t);
        qk_db_close(db);
        t = NULL;
        db = NULL;
        assert_ok(qk_telemetry_reader_open(&reader, NULL, qk_test_path("store.db"), NULL));
    }
}

static qk_code stop_row(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                        size_t n)
{
    (void)time;
    (void)recorded;
    (void)cells;
    (void)n;
    return ++*(int *)context == 3 ? QK_ECANCELLED : QK_OK;
}

static void test_telemetry__a_walk_over_rows_can_be_stopped(void **state)
{
    (void)state;
    int rows = 0;
    qk_stream_id id = fill_minutes(1);
    assert_int_equal(
        qk_telemetry_rows(reader, id, 0, day + QK_DAY, QK_TIME_NONE, stop_row, &rows, NULL),
        QK_ECANCELLED);
    assert_int_equal(rows, 3);
    assert_ok(qk_telemetry_rows(reader, id, day, day, QK_TIME_NONE, stop_row, &rows, NULL));
    assert_int_equal(rows, 3);
}

/* ---- charts ---- */

static void check_bucket(const qk_envelope_bucket *b, const qk_samples *s, qk_time from, qk_time to)
{
    int64_t least = INT64_MAX, most = INT64_MIN;
    double sum = 0;
    uint32_t count = 0;
    char bad = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->time[i] < from || s->time[i] >= to) continue;
        if (s->flag[i] && s->flag[i] != 'N' && !bad) bad = s->flag[i];
        if (s->mantissa[i] == INT64_MIN) continue;
        if (s->mantissa[i] < least) least = s->mantissa[i];
        if (s->mantissa[i] > most) most = s->mantissa[i];
        sum += (double)s->mantissa[i] / 10;
        count++;
    }
    assert_int_equal(b->count, count);
    assert_int_equal(b->bad_flag, bad);
    if (count == 0) {
        assert_true(isnan(b->mean));
        return;
    }
    assert_int_equal(b->least.mantissa, least);
    assert_int_equal(b->most.mantissa, most);
    assert_true(fabs(b->mean - sum / count) < 1e-9);
}

static void test_telemetry__an_envelope_tells_what_lies_in_each_span(void **state)
{
    (void)state;
    qk_arena arena;
    qk_envelope e;
    qk_arena_init(&arena, 8 << 20);
    qk_stream_id id = fill_minutes(3);
    qk_column_id avg = column_of(id, "a21026", "Avg");
    qk_column_id flag = column_of(id, "a21026", "Flag");
    qk_cell odd[2] = {number(avg, -5, 1), text(flag, "D")};
    add(id, day + 100 * QK_MINUTE, day + QK_DAY, odd, 2);
    add(id, day + 5 * QK_DAY, day + 5 * QK_DAY, odd, 1);
    commit(true);
    qk_samples s = read_avg(&arena, id, day, day + 9 * QK_DAY, QK_TIME_NONE, NULL);
    static const size_t counts[] = {1, 7, 100, 4320, 100000};
    for (size_t k = 0; k < QK_ARRAY_COUNT(counts); k++) {
        qk_time to = day + 6 * QK_DAY + 12345;
        assert_ok(qk_telemetry_envelope(&e, reader, id, QK_STR("a21026"), QK_STR("Avg"), day, to,
                                        QK_TIME_NONE, counts[k], &arena, NULL, NULL));
        assert_true(e.count <= counts[k]);
        assert_true(e.width_ms * (qk_time)e.count >= to - day);
        for (size_t i = 0; i < e.count; i += 1 + e.count / 50)
            check_bucket(&e.buckets[i], &s, day + (qk_time)i * e.width_ms,
                         day + (qk_time)(i + 1) * e.width_ms);
    }
    assert_int_equal(qk_telemetry_envelope(&e, reader, id, QK_STR("a21026"), QK_STR("Avg"), day,
                                           day + 1, QK_TIME_NONE, 0, &arena, NULL, NULL),
                     QK_EINVAL);
    assert_ok(qk_telemetry_envelope(&e, reader, id, QK_STR("none"), QK_STR("Avg"), day, day + 1000,
                                    QK_TIME_NONE, 5, &arena, NULL, NULL));
    assert_int_equal(e.count, 0);
    qk_arena_clear(&arena);
}

/* ---- damage ---- */

static void flip_bit(const char *table, int64_t key, size_t bit)
{
    sqlite3_blob *blob;
    char byte;
    assert_int_equal(sqlite3_blob_open(qk_db_handle(db), "main", table, "data", key, 1, &blob),
                     SQLITE_OK);
    int at = (int)(bit / 8) % sqlite3_blob_bytes(blob);
    assert_int_equal(sqlite3_blob_read(blob, &byte, 1, at), SQLITE_OK);
    byte ^= (char)(1 << bit % 8);
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
    sqlite3_blob_close(blob);
}

static int64_t block_key(qk_stream_id id, uint32_t column_plus_1, qk_time time)
{
    return qk_block_key(id, column_plus_1, qk_partition_of(QK_STREAM_MINUTE, time));
}

static void test_telemetry__a_damaged_block_is_isolated(void **state)
{
    (void)state;
    qk_arena arena;
    size_t damaged;
    qk_telemetry_check check;
    qk_arena_init(&arena, 8 << 20);
    qk_stream_id id = fill_minutes(4);
    pack_complete();
    flip_bit("block", block_key(id, 1, day + QK_DAY), 333);
    qk_samples s = read_avg(&arena, id, day, day + 9 * QK_DAY, QK_TIME_NONE, &damaged);
    assert_int_equal(damaged, 1);
    assert_int_equal(s.count, 4 * 1440); /* the times are sound, the values of one day are not */
    assert_int_equal(s.mantissa[1439], 1000 + 1439 % 97);
    assert_true(s.mantissa[1440] == INT64_MIN);
    assert_int_equal(s.flag[1440], 'N');
    assert_int_equal(s.mantissa[2880], 1000 + 2880 % 97);
    flip_bit("block", block_key(id, 0, day + 2 * QK_DAY), 77);
    s = read_avg(&arena, id, day, day + 9 * QK_DAY, QK_TIME_NONE, &damaged);
    assert_int_equal(damaged, 2);
    assert_int_equal(qk_telemetry_damaged(reader), 2);
    assert_int_equal(s.count, 3 * 1440);
    assert_ok(qk_telemetry_verify(&check, reader, NULL));
    assert_int_equal(check.damaged, 4); /* without its times neither column tells anything */
    /* Rows sent again are stored anew, and the damaged bytes stay as they are. */
    qk_cell cell = number(0, 4711, 1);
    assert_int_equal(add(id, day + QK_DAY, day + 9 * QK_DAY, &cell, 1), QK_APPEND_MERGED);
    assert_int_equal(add(id, day + 2 * QK_DAY, day + 9 * QK_DAY, &cell, 1), QK_APPEND_NEW);
    for (int i = 0; i < 70; i++) commit(false);
    assert_true(qk_telemetry_damage(t) >= 2);
    commit(true);
    reopen();
    s = read_avg(&arena, id, day, day + 9 * QK_DAY, QK_TIME_NONE, &damaged);
    assert_int_equal(damaged, 2);
    assert_int_equal(s.count, 3 * 1440 + 1);
    assert_int_equal(s.mantissa[1440], 4711);
    assert_int_equal(s.mantissa[2880], 4711);
    qk_arena_clear(&arena);
}

static void test_telemetry__any_flipped_bit_of_any_block_is_told(void **state)
{
    (void)state;
    qk_telemetry_check check;
    sqlite3_stmt *stmt;
    int64_t keys[2][64];
    size_t n[2] = {0, 0};
    static const char *const tables[2] = {"block", "piece"};
    qk_stream_id id = fill_minutes(3);
    (void)id;
    pack_complete();
    commit(true);
    assert_ok(qk_db_prepare(&stmt, db, "SELECT key FROM block", NULL));
    while (qk_db_step(db, stmt, NULL) == QK_OK) keys[0][n[0]++] = sqlite3_column_int64(stmt, 0);
    assert_ok(qk_db_prepare(&stmt, db, "SELECT key FROM piece", NULL));
    while (qk_db_step(db, stmt, NULL) == QK_OK) keys[1][n[1]++] = sqlite3_column_int64(stmt, 0);
    assert_true(n[0] >= 6 && n[1] >= 1);
    assert_ok(qk_telemetry_verify(&check, reader, NULL));
    assert_int_equal(check.damaged, 0);
    assert_int_equal(check.rows, 3 * 1440);
    assert_int_equal(check.samples, 2 * 3 * 1440);
    uint64_t seed = 1;
    for (int round = 0; round < 150; round++) {
        size_t table = qk_test_random(&seed) % 2;
        int64_t key = keys[table][qk_test_random(&seed) % n[table]];
        size_t bit = qk_test_random(&seed) % 100000;
        flip_bit(tables[table], key, bit);
        assert_ok(qk_telemetry_verify(&check, reader, NULL));
        assert_true(check.damaged >= 1);
        flip_bit(tables[table], key, bit);
    }
    assert_ok(qk_telemetry_verify(&check, reader, NULL));
    assert_int_equal(check.damaged, 0);
}

static void test_telemetry__the_ends_of_a_stream_are_told_in_spite_of_damage(void **state)
{
    (void)state;
    qk_time first, last;
    qk_stream_id id = fill_minutes(4);
    pack_complete();
    commit(true);
    reopen();
    assert_ok(qk_telemetry_span(&first, &last, reader, id, NULL));
    assert_int_equal(first, day);
    assert_int_equal(last, day + (4 * 1440 - 1) * QK_MINUTE);
    flip_bit("block", block_key(id, 0, day), 4 * 8); /* no block of times any more */
    assert_ok(qk_telemetry_span(&first, &last, reader, id, NULL));
    assert_int_equal(first, day + QK_DAY);
    assert_int_equal(last, day + (4 * 1440 - 1) * QK_MINUTE);
}

/* ---- retention ---- */

static void test_telemetry__expired_periods_go_and_come_back_with_a_rollback(void **state)
{
    (void)state;
    qk_arena arena;
    qk_arena_init(&arena, 8 << 20);
    qk_stream_id id = fill_minutes(5);
    qk_stream_id hours = stream_of(QK_STREAM_HOUR);
    qk_cell hour = number(column_of(hours, "a21026", "Avg"), 1, 0);
    qk_cell other = number(0, 1, 0);
    add(hours, day, day, &hour, 1);
    pack_complete();
    add(id, day + QK_MINUTE, day + 9 * QK_DAY, &other,
        1); /* a revision, and a head of an old day */
    commit(true);
    add(id, day + 2 * QK_MINUTE, day + 9 * QK_DAY, &other, 1);
    for (int round = 0; round < 2; round++) {
        assert_ok(qk_db_begin(db, NULL));
        assert_ok(qk_telemetry_expire(t, QK_STREAM_MINUTE, day + 2 * QK_DAY + QK_HOUR, NULL));
        assert_ok(qk_telemetry_flush(t, true, NULL));
        if (round == 0)
            qk_db_rollback(db);
        else
            assert_ok(qk_db_commit(db, NULL));
        qk_telemetry_settle(t, round == 1);
        qk_samples s = read_avg(&arena, id, day, day + 9 * QK_DAY, QK_TIME_NONE, NULL);
        assert_int_equal(s.count, round == 0 ? 5 * 1440 : 3 * 1440);
        assert_int_equal(s.time[0], round == 0 ? day : day + 2 * QK_DAY);
        if (round == 0) assert_int_equal(s.mantissa[2], 1);
        s = read_avg(&arena, hours, day, day + 9 * QK_DAY, QK_TIME_NONE, NULL);
        assert_int_equal(s.count, 1);
    }
    assert_int_equal(count_of("SELECT count(*) FROM revision"), 0);
    reopen();
    qk_samples s = read_avg(&arena, id, 0, day + 9 * QK_DAY, QK_TIME_NONE, NULL);
    assert_int_equal(s.count, 3 * 1440);
    qk_arena_clear(&arena);
}

/* ---- what comes again ---- */

static void test_telemetry__a_whole_day_sent_again_changes_nothing(void **state)
{
    (void)state;
    qk_stream_id id = fill_minutes(3);
    commit(true);
    reopen();
    int64_t before = sqlite3_total_changes(qk_db_handle(db));
    for (int i = 0; i < 3 * 1440; i++) {
        qk_cell cells[2] = {number(0, 1000 + i % 97, 1), text(1, "N")};
        assert_int_equal(add(id, day + i * QK_MINUTE, day + 9 * QK_DAY, cells, 2), QK_APPEND_SAME);
    }
    commit(true);
    assert_int_equal(sqlite3_total_changes(qk_db_handle(db)), before);
    assert_int_equal(count_of("SELECT count(*) FROM revision"), 0);
}

#define case_of(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        case_of(test_telemetry__digits_and_texts_come_back_as_sent),
        case_of(test_telemetry__the_same_value_in_other_digits_is_no_change),
        case_of(test_telemetry__what_was_known_at_a_time_can_be_asked_for),
        case_of(test_telemetry__columns_may_come_at_any_time),
        case_of(test_telemetry__refuses_what_it_cannot_keep),
        case_of(test_telemetry__rows_at_the_edges_of_time_are_kept),
        case_of(test_telemetry__a_flood_of_columns_or_rows_is_stopped),
        case_of(test_telemetry__memory_is_bounded_and_full_is_told),
        case_of(test_telemetry__positions_tell_what_a_restart_needs),
        case_of(test_telemetry__rows_of_our_own_are_written_at_once),
        case_of(test_telemetry__readers_see_rows_before_and_after_they_are_stored),
        case_of(test_telemetry__streams_and_columns_are_found_by_name),
        case_of(test_telemetry__a_walk_over_rows_can_be_stopped),
        case_of(test_telemetry__an_envelope_tells_what_lies_in_each_span),
        case_of(test_telemetry__a_damaged_block_is_isolated),
        case_of(test_telemetry__any_flipped_bit_of_any_block_is_told),
        case_of(test_telemetry__the_ends_of_a_stream_are_told_in_spite_of_damage),
        case_of(test_telemetry__expired_periods_go_and_come_back_with_a_rollback),
        case_of(test_telemetry__a_whole_day_sent_again_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
