/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "store/telemetry_rows.h"

enum { COLUMNS = 40, ROWS = 300 };

typedef struct kept_row {
    qk_row row;
    qk_row_cell cells[COLUMNS];
} kept_row;

static const char *const texts[] = {"N", "D", "", "a long text that says what the device did"};

static void fill_cell(qk_row_cell *cell, uint16_t column, uint64_t *seed, const qk_row_cell *before)
{
    uint64_t r = qk_test_random(seed);
    *cell = (qk_row_cell){.column = column, .type = 1, .scale = (int8_t)(r % 3)};
    cell->lag = r % 40 ? 0 : (int32_t)(r >> 20);
    if (r % 11 == 0) {
        cell->type = 2;
        cell->scale = 0;
        cell->text = texts[(r >> 8) % QK_ARRAY_COUNT(texts)];
        cell->text_len = (uint32_t)strlen(cell->text);
    } else if (r % 13 == 0) {
        cell->mantissa = (int64_t)qk_test_random(seed);
    } else {
        cell->mantissa = before->mantissa + (int64_t)(r >> 32) % 3;
    }
}

/* A row of random columns in random order, some of them in records that continue it. */
static void fill_row(kept_row *k, const kept_row *before, uint64_t *seed, size_t columns)
{
    uint16_t order[COLUMNS];
    for (uint16_t i = 0; i < columns; i++) order[i] = i;
    if (qk_test_random(seed) % 4 == 0)
        for (size_t i = columns; i > 1; i--) {
            size_t j = qk_test_random(seed) % i;
            uint16_t other = order[j];
            order[j] = order[i - 1];
            order[i - 1] = other;
        }
    uint64_t r = qk_test_random(seed);
    k->row.cells = k->cells;
    k->row.n = r % 5 ? columns : r / 5 % (columns + 1);
    k->row.time = before->row.time + (r % 7 ? QK_MINUTE : 1 + (qk_time)(r >> 40));
    k->row.delay_s = before->row.delay_s + (int64_t)(r >> 30) % 3 - 1;
    for (size_t i = 0; i < k->row.n; i++)
        fill_cell(&k->cells[i], order[i], seed, &before->cells[i]);
}

static size_t put_row(qk_row_state *state, uint8_t *strip, size_t len, const qk_row *row,
                      size_t cut)
{
    qk_row first = *row;
    first.n = cut;
    assert_true(qk_row_bound(&first) < 4096);
    len += qk_row_put(state, strip + len, (char *)strip, len, &first, false);
    if (cut == row->n) return len;
    qk_row rest = *row;
    rest.n -= cut;
    rest.cells += cut;
    return len + qk_row_put(state, strip + len, (char *)strip, len, &rest, true);
}

static void assert_same_row(const qk_row *got, const qk_row *want)
{
    assert_int_equal(got->time, want->time);
    assert_int_equal(got->delay_s, want->delay_s);
    assert_int_equal(got->n, want->n);
    for (size_t i = 0; i < want->n; i++) {
        const qk_row_cell *a = &got->cells[i];
        const qk_row_cell *b = &want->cells[i];
        assert_int_equal(a->column, b->column);
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->lag, b->lag);
        assert_int_equal(a->text_len, b->text_len);
        if (b->type == 2) {
            assert_memory_equal(a->text, b->text, b->text_len);
        } else {
            assert_true(a->mantissa == b->mantissa);
            assert_int_equal(a->scale, b->scale);
        }
    }
}

static size_t write_strip(uint8_t *strip, kept_row *rows, size_t n, uint64_t *seed, size_t columns)
{
    qk_row_state *state = NULL;
    size_t len = 0;
    kept_row before = {0};
    before.row.time = 1735660800000;
    assert_ok(qk_row_state_make(&state, columns));
    for (size_t i = 0; i < n; i++) {
        fill_row(&rows[i], i ? &rows[i - 1] : &before, seed, columns);
        size_t cut =
            qk_test_random(seed) % 3 ? rows[i].row.n : qk_test_random(seed) % (rows[i].row.n + 1);
        len = put_row(state, strip, len, &rows[i].row, cut);
        const qk_row_cell *last = &rows[i].cells[0];
        if (rows[i].row.n > 0) {
            qk_row_cell told = qk_row_state_cell(state, (char *)strip, last->column);
            assert_int_equal(told.type, last->type);
            assert_true(told.type == 2 || told.mantissa == last->mantissa);
        }
    }
    qk_row_state_free(state);
    return len;
}

static void test_rows__give_back_what_they_took(void **unused)
{
    (void)unused;
    static kept_row rows[ROWS];
    static uint8_t strip[ROWS * 4096];
    static qk_row_cell cells[COLUMNS * 2];
    uint64_t seed = 5;
    for (int round = 0; round < 60; round++) {
        size_t n = 1 + qk_test_random(&seed) % ROWS;
        size_t columns = 1 + qk_test_random(&seed) % COLUMNS;
        size_t len = write_strip(strip, rows, n, &seed, columns);
        qk_row_state *state = NULL;
        assert_ok(qk_row_state_make(&state, columns));
        qk_row row = {.cells = cells};
        size_t at = 0;
        for (size_t i = 0; i < n; i++) {
            assert_ok(qk_row_next(state, &row, (qk_str){(char *)strip, len}, &at));
            assert_same_row(&row, &rows[i].row);
        }
        assert_int_equal(qk_row_next(state, &row, (qk_str){(char *)strip, len}, &at), QK_ENOTFOUND);
        qk_row_state_free(state);
    }
}

static void test_rows__are_small_when_little_changes(void **unused)
{
    (void)unused;
    static uint8_t strip[1 << 20];
    qk_row_cell cells[32];
    qk_row_state *state = NULL;
    uint64_t seed = 1;
    size_t len = 0;
    assert_ok(qk_row_state_make(&state, 32));
    for (uint16_t i = 0; i < 32; i++) {
        cells[i] = (qk_row_cell){.column = i, .type = 1, .scale = 1, .mantissa = 1000};
        if (i % 4 == 3)
            cells[i] = (qk_row_cell){.column = i, .type = 2, .text = "N", .text_len = 1};
    }
    for (int64_t i = 0; i < 1440; i++) {
        qk_row row = {.time = i * QK_MINUTE, .delay_s = 3, .n = 32, .cells = cells};
        for (size_t c = 0; c < 32; c++)
            if (cells[c].type == 1) cells[c].mantissa += (int64_t)(qk_test_random(&seed) % 21) - 10;
        len += qk_row_put(state, strip + len, (char *)strip, len, &row, false);
    }
    assert_in_range(len, 1440 * 24, 1440 * 30);
    qk_row_state_free(state);
}

/* A state that learns of further columns goes on in the same strip. */
static void test_rows__columns_may_be_added(void **unused)
{
    (void)unused;
    uint8_t strip[4096];
    qk_row_cell cells[COLUMNS];
    qk_row_cell back[COLUMNS * 2];
    qk_row_state *state = NULL;
    size_t len = 0;
    for (uint16_t n = 1; n <= COLUMNS; n++) {
        assert_ok(qk_row_state_make(&state, n));
        cells[n - 1] = (qk_row_cell){.column = (uint16_t)(n - 1), .type = 1, .mantissa = n};
        qk_row row = {.time = n, .n = n, .cells = cells};
        len += qk_row_put(state, strip + len, (char *)strip, len, &row, false);
    }
    qk_row_state_reset(state);
    qk_row row = {.cells = back};
    size_t at = 0;
    for (uint16_t n = 1; n <= COLUMNS; n++) {
        assert_ok(qk_row_next(state, &row, (qk_str){(char *)strip, len}, &at));
        assert_int_equal(row.n, n);
        assert_int_equal(back[n - 1].mantissa, n);
    }
    qk_row_state_free(state);
}

static void test_rows__take_hostile_bytes(void **unused)
{
    (void)unused;
    static kept_row rows[20];
    static uint8_t strip[20 * 4096];
    static qk_row_cell cells[COLUMNS * 2];
    uint64_t seed = 9;
    size_t refused = 0;
    for (int round = 0; round < 4000; round++) {
        size_t len = write_strip(strip, rows, 1 + qk_test_random(&seed) % 20, &seed, 8);
        for (int i = 0; i < 3; i++)
            strip[qk_test_random(&seed) % len] ^= (uint8_t)(1u << qk_test_random(&seed) % 8);
        char *exact = malloc(len);
        memcpy(exact, strip, len);
        qk_row_state *state = NULL;
        assert_ok(qk_row_state_make(&state, 8));
        qk_row row = {.cells = cells};
        size_t at = 0;
        qk_code code;
        qk_time before = INT64_MIN;
        while ((code = qk_row_next(state, &row, (qk_str){exact, len}, &at)) == QK_OK) {
            assert_true(row.n <= qk_row_state_columns(state));
            assert_true(row.time > before);
            before = row.time;
        }
        refused += code == QK_EFORMAT;
        qk_row_state_free(state);
        free(exact);
    }
    assert_true(refused > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows__give_back_what_they_took),
        cmocka_unit_test(test_rows__are_small_when_little_changes),
        cmocka_unit_test(test_rows__columns_may_be_added),
        cmocka_unit_test(test_rows__take_hostile_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
