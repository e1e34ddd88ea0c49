/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_UNIT_TELEMETRY_WORLD_H
#define QK_TESTS_UNIT_TELEMETRY_WORLD_H
/* A store of telemetry and the model beside it, random arrivals for both, and their comparison. */
#include "telemetry_model.h"
#include "store/telemetry_disk.h"

static const char *const codes[MODEL_COLUMNS] = {"a21026", "a21026", "a21026", "a34004", "a34004",
                                                 "SB1",    "a01011", "a01012", "w01018"};
static const char *const fields[MODEL_COLUMNS] = {"Avg", "Min", "Flag", "Avg", "Flag",
                                                  "RS",  "Rtd", "Rtd",  "Cou"};
static const qk_stream_kind kinds[MODEL_STREAMS] = {QK_STREAM_MINUTE, QK_STREAM_HOUR, QK_STREAM_DAY,
                                                    QK_STREAM_DERIVED_HOUR};

typedef struct world {
    model m;
    qk_db *db;
    qk_telemetry *t;
    qk_stream_id stream[MODEL_STREAMS];
    qk_column_id column[MODEL_STREAMS][MODEL_COLUMNS];
    bool has_column[MODEL_STREAMS][MODEL_COLUMNS];
    qk_time front[MODEL_STREAMS];
    qk_time clock;
    uint64_t seed;
    uint64_t at;    /* position told last */
    uint64_t saved; /* position in the last commit */
    size_t changes; /* told by on_change */
} world;

static inline void open_world(world *w)
{
    qk_error err = {0};
    qk_telemetry_options options = {.head_bytes = 64 << 10};
    if (qk_db_open(&w->db, qk_test_path("store.db"), NULL, &err) != QK_OK ||
        qk_telemetry_open(&w->t, w->db, &options, &err) != QK_OK)
        fail_msg("%s", err.message);
    memset(w->stream, 0, sizeof w->stream);
    memset(w->has_column, 0, sizeof w->has_column);
}

static inline void close_world(world *w)
{
    qk_telemetry_close(w->t);
    qk_db_close(w->db);
    w->t = NULL;
    w->db = NULL;
}

static inline void start_world(world *w, uint64_t seed)
{
    *w = (world){.seed = seed, .clock = 1767196800000};
    for (int s = 0; s < MODEL_STREAMS; s++) w->front[s] = 1735660800000 + s * 7777;
    open_world(w);
}

static inline uint64_t draw(world *w)
{
    return qk_test_random(&w->seed);
}

static inline void note_change(void *context, qk_stream_id stream, qk_time time,
                               const qk_cell *old_cell, qk_time old_recorded,
                               const qk_cell *new_cell)
{
    world *w = context;
    (void)stream;
    (void)time;
    assert_int_equal(old_cell->column, new_cell->column);
    assert_true(old_recorded % 1000 == 0);
    w->changes++;
}

/* Tells the position of a frame, and how far everything was taken in. */
static inline void tell_position(world *w, uint64_t at)
{
    w->at = at;
    qk_telemetry_at(w->t, at);
}

static inline unsigned send_frame(world *w, const model_frame *f)
{
    qk_cell cells[MODEL_COLUMNS];
    qk_append_result result;
    qk_error err = {0};
    int s = f->stream;
    char mn[24];
    snprintf(mn, sizeof mn, "MN%020d", s);
    if (!w->stream[s])
        assert_ok(qk_telemetry_stream(&w->stream[s], w->t, qk_str_of(mn), kinds[s], &err));
    for (int i = 0; i < f->n; i++) {
        int c = f->column[i];
        if (w->has_column[s][c]) continue;
        assert_ok(qk_telemetry_column(&w->column[s][c], w->t, w->stream[s], qk_str_of(codes[c]),
                                      qk_str_of(fields[c]), &err));
        w->has_column[s][c] = true;
    }
    size_t n = model_cells(f, cells, w->column[s]);
    qk_code code = qk_telemetry_append(w->t, &result, w->stream[s], f->time, f->recorded, cells, n,
                                       note_change, w, &err);
    if (code != QK_OK) fail_msg("append: %s", err.message);
    return result;
}

static inline model_value draw_value(world *w, int column)
{
    uint64_t r = draw(w);
    model_value v = {.type = QK_CELL_NUMBER};
    if (fields[column][0] == 'F') {
        v.type = QK_CELL_TEXT;
        snprintf(v.text, sizeof v.text, "%s", r % 20 ? "N" : r % 3 ? "D" : "");
    } else if (r % 37 == 0) {
        v.type = QK_CELL_TEXT;
        snprintf(v.text, sizeof v.text, "t%u", (unsigned)(r >> 56));
    } else {
        v.number = (qk_dec){(int64_t)(r >> 33) % 2000, column == 7 ? (int)(r % 3) : column % 3};
    }
    return v;
}

static inline qk_time step_of(int stream)
{
    return kinds[stream] == QK_STREAM_MINUTE ? QK_MINUTE
           : kinds[stream] == QK_STREAM_DAY  ? QK_DAY
                                             : QK_HOUR;
}

/* The next arrival: mostly the next row; also gaps, old times, the same again, other values,
 * further packets of the same time. */
static inline model_frame draw_frame(world *w)
{
    uint64_t r = draw(w);
    model_frame f = {.stream = (int)(r % MODEL_STREAMS)};
    qk_time step = step_of(f.stream);
    w->clock += r >> 60 ? 0 : (qk_time)(r >> 20) % 90000;
    f.recorded = w->clock;
    unsigned what = (unsigned)(r >> 8) % 32;
    if (what < 22) {
        w->front[f.stream] += step;
        f.time = w->front[f.stream];
    } else if (what < 24) {
        w->front[f.stream] += step * (1 + (qk_time)(r >> 16) % 50);
        f.time = w->front[f.stream];
    } else if (what < 26) {
        f.time = w->front[f.stream] - (qk_time)(draw(w) % (uint64_t)(800 * step));
    } else if (w->m.frame_n > 0 && what < 28) {
        f = w->m.frames[draw(w) % w->m.frame_n]; /* exactly the same again, later */
        f.recorded = w->clock;
        return f;
    } else if (w->m.frame_n > 0 && what < 29) {
        f = w->m.frames[draw(w) % w->m.frame_n];
        f.recorded = w->clock;
        for (int i = 0; i < f.n; i++)
            if (draw(w) % 2) f.value[i] = draw_value(w, f.column[i]);
        return f;
    } else {
        f.time = w->front[f.stream];
    }
    int first = (int)(draw(w) % 3) * 3 % MODEL_COLUMNS;
    int last = draw(w) % 3 ? MODEL_COLUMNS : first + 3;
    for (int c = draw(w) % 4 ? 0 : first; c < last; c++) {
        if (draw(w) % 60 == 0) continue;
        f.column[f.n] = c;
        f.value[f.n++] = draw_value(w, c);
    }
    return f;
}

static inline void commit(world *w, bool all, bool keep)
{
    qk_error err = {0};
    assert_ok(qk_db_begin(w->db, &err));
    if (qk_telemetry_flush(w->t, all, &err) != QK_OK) fail_msg("flush: %s", err.message);
    uint64_t needed = qk_telemetry_needed_from(w->t);
    assert_ok(qk_db_meta_set(w->db, "journal_pos", (int64_t)needed, &err));
    assert_ok(qk_db_end(w->db, keep ? QK_OK : QK_ECANCELLED, &err) == QK_OK || !keep ? 0 : 1);
    qk_telemetry_settle(w->t, keep);
    if (keep) w->saved = needed;
    if (all && keep) assert_int_equal(needed, w->at);
}

/* The process dies; another reads on from the position saved. What was there must be met as the
 * same. */
static inline void crash(world *w)
{
    close_world(w);
    open_world(w);
    int64_t pos = 0;
    qk_code code = qk_db_meta_get(w->db, "journal_pos", &pos, NULL);
    assert_true(code == QK_OK || code == QK_ENOTFOUND);
    assert_int_equal(pos, w->saved);
    for (size_t i = (size_t)pos; i < w->m.frame_n; i++) {
        tell_position(w, i);
        send_frame(w, &w->m.frames[i]);
        if (qk_telemetry_wants_flush(w->t)) commit(w, false, true);
    }
    tell_position(w, w->m.frame_n);
}

typedef struct row_check {
    world *w;
    int stream;
    int64_t known_s;
    qk_time before;
    size_t count;
    int named[MODEL_COLUMNS]; /* column of the stream to that of the model */
} row_check;

static inline qk_code check_row(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                                size_t n)
{
    row_check *c = context;
    const model_row *row = model_find(&c->w->m, c->stream, time);
    assert_non_null(row);
    assert_true(row->recorded_s <= c->known_s);
    assert_true(time > c->before);
    int64_t newest_s = row->recorded_s;
    size_t expected = 0;
    for (int i = 0; i < MODEL_COLUMNS; i++)
        expected += model_at(&c->w->m, c->stream, i, time, c->known_s) != NULL;
    assert_int_equal(n, expected);
    for (size_t i = 0; i < n; i++) {
        int column = c->named[cells[i].column];
        const model_version *v = model_at(&c->w->m, c->stream, column, time, c->known_s);
        assert_non_null(v);
        assert_int_equal(cells[i].type, v->value.type);
        if (v->value.type == QK_CELL_TEXT)
            assert_true(qk_str_eq(cells[i].text, qk_str_of(v->value.text)));
        else
            assert_true(qk_dec_cmp(cells[i].number, v->value.number) == 0);
        if (v->recorded_s > newest_s) newest_s = v->recorded_s;
    }
    assert_int_equal(recorded, newest_s * 1000);
    c->before = time;
    c->count++;
    return QK_OK;
}

static inline size_t count_rows(const model *m, int stream, qk_time from, qk_time to,
                                int64_t known_s)
{
    size_t n = 0;
    for (size_t i = 0; i < m->row_n; i++)
        n += m->rows[i].stream == stream && m->rows[i].time >= from && m->rows[i].time < to &&
             m->rows[i].recorded_s <= known_s;
    return n;
}

static inline void check_samples(world *w, qk_telemetry_reader *r, qk_stream_id id, int stream,
                                 int column, qk_time from, qk_time to, int64_t known_s)
{
    qk_arena arena;
    qk_samples out;
    size_t damaged;
    qk_error err = {0};
    int flag = strcmp(codes[column], "a21026") == 0   ? 2
               : strcmp(codes[column], "a34004") == 0 ? 4
                                                      : -1;
    qk_arena_init(&arena, 64u << 20);
    assert_ok(qk_telemetry_read(&out, r, id, qk_str_of(codes[column]), qk_str_of(fields[column]),
                                from, to, known_s == INT64_MAX ? QK_TIME_NONE : known_s * 1000,
                                &arena, &damaged, &err));
    assert_int_equal(damaged, 0);
    if (out.count > 0) assert_int_equal(out.count, count_rows(&w->m, stream, from, to, known_s));
    for (size_t i = 0; i < out.count; i++) {
        const model_version *v = model_at(&w->m, stream, column, out.time[i], known_s);
        const model_version *f =
            flag < 0 ? NULL : model_at(&w->m, stream, flag, out.time[i], known_s);
        if (v && v->value.type == QK_CELL_NUMBER)
            assert_true(qk_dec_cmp((qk_dec){out.mantissa[i], out.scale[i]}, v->value.number) == 0);
        else
            assert_true(out.mantissa[i] == INT64_MIN);
        assert_int_equal(out.flag[i], f ? f->value.text[0] : 0);
        if (v) assert_int_equal(out.recorded[i], v->recorded_s - qk_seconds_of(out.time[i]));
    }
    qk_arena_clear(&arena);
}

static inline void check_stream(world *w, qk_telemetry_reader *r, int stream, qk_time from,
                                qk_time to, int64_t known_s)
{
    char mn[24];
    const qk_str *got_codes;
    const qk_str *got_fields;
    size_t n;
    qk_error err = {0};
    snprintf(mn, sizeof mn, "MN%020d", stream);
    qk_stream_id id = qk_telemetry_find(r, qk_str_of(mn), kinds[stream]);
    if (!id) {
        assert_int_equal(count_rows(&w->m, stream, INT64_MIN, INT64_MAX, INT64_MAX), 0);
        return;
    }
    row_check c = {.w = w, .stream = stream, .known_s = known_s, .before = INT64_MIN};
    assert_ok(qk_telemetry_columns(&got_codes, &got_fields, &n, r, id, &err));
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < MODEL_COLUMNS; k++)
            if (qk_str_eq(got_codes[i], qk_str_of(codes[k])) &&
                qk_str_eq(got_fields[i], qk_str_of(fields[k])))
                c.named[i] = k;
    assert_ok(qk_telemetry_rows(r, id, from, to,
                                known_s == INT64_MAX ? QK_TIME_NONE : known_s * 1000, check_row, &c,
                                &err));
    assert_int_equal(c.count, count_rows(&w->m, stream, from, to, known_s));
    for (int k = 0; k < MODEL_COLUMNS; k += 2)
        check_samples(w, r, id, stream, k, from, to, known_s);
}

static inline void check_world(world *w, bool whole)
{
    qk_telemetry_reader *r = NULL;
    qk_telemetry_check check;
    qk_error err = {0};
    assert_ok(qk_telemetry_reader_open(&r, w->t, qk_test_path("store.db"), &err));
    for (int s = 0; s < MODEL_STREAMS; s++) {
        qk_time to = w->front[s] + QK_DAY;
        qk_time from = whole ? 0 : w->front[s] - (qk_time)(draw(w) % 500) * step_of(s);
        check_stream(w, r, s, from, to, INT64_MAX);
        int64_t back = (int64_t)(draw(w) % 40000);
        if (whole || draw(w) % 3 == 0) check_stream(w, r, s, from, to, w->clock / 1000 - back);
    }
    assert_ok(qk_telemetry_verify(&check, r, &err));
    assert_int_equal(check.damaged, 0);
    assert_int_equal(check.doubled, 0);
    qk_telemetry_reader_close(r);
}
#endif
