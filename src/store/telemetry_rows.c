/* SPDX-License-Identifier: Apache-2.0 */
#include "store/telemetry_rows.h"
#include <stdlib.h>

enum {
    HAS_STEP = 1,
    HAS_DELAY = 2,
    HAS_LAYOUT = 4,
    SLOT_SHIFT = 3,
    HAS_LAGS = 32,
    HAS_MORE = 64,
    UNUSED = 128
};
enum { LAYOUTS = 4, ROUND = 8, NONE = 0, NUMBER = 1, TEXT = 2, SCALE_MOST = 18 };

static const qk_time time_most = (qk_time)1 << 53;

typedef struct last_cell {
    int64_t value; /* mantissa, or where the text stands: offset << 32 | length */
    uint32_t row;  /* counted from 1; 0 = the column was not seen yet */
    uint8_t type;
    int8_t scale;
} last_cell;

struct qk_row_state {
    size_t columns;
    qk_time time;
    uint64_t step;
    int64_t delay_s;
    uint32_t row;
    uint8_t oldest; /* the layout to be replaced next */
    uint8_t newest; /* the layout used last */
    uint16_t layout_n[LAYOUTS];
    last_cell last[]; /* columns of them, then the layouts' columns */
};

static uint16_t *layout_of(qk_row_state *s, unsigned slot)
{
    return (uint16_t *)(s->last + s->columns) + slot * s->columns;
}

static size_t size_for(size_t columns)
{
    return sizeof(qk_row_state) + columns * (sizeof(last_cell) + LAYOUTS * sizeof(uint16_t));
}

qk_code qk_row_state_make(qk_row_state **state, size_t columns)
{
    qk_row_state *old = *state;
    if (old && old->columns >= columns) return QK_OK;
    columns = (columns + ROUND) / ROUND * ROUND;
    qk_row_state *s = malloc(size_for(columns));
    if (!s) return QK_ENOMEM;
    if (!old) {
        s->columns = columns;
        qk_row_state_reset(s);
        *state = s;
        return QK_OK;
    }
    memcpy(s, old, sizeof *s + old->columns * sizeof *s->last);
    memset(s->last + old->columns, 0, (columns - old->columns) * sizeof *s->last);
    s->columns = columns;
    for (unsigned i = 0; i < LAYOUTS; i++)
        memcpy(layout_of(s, i), layout_of(old, i), old->layout_n[i] * sizeof(uint16_t));
    free(old);
    *state = s;
    return QK_OK;
}

void qk_row_state_free(qk_row_state *state)
{
    free(state);
}

void qk_row_state_reset(qk_row_state *s)
{
    size_t columns = s->columns;
    memset(s, 0, sizeof *s + columns * sizeof *s->last);
    s->columns = columns;
}

size_t qk_row_state_columns(const qk_row_state *s)
{
    return s->columns;
}

size_t qk_row_state_bytes(const qk_row_state *s)
{
    return s ? size_for(s->columns) : 0;
}

qk_time qk_row_state_time(const qk_row_state *s)
{
    return s->time;
}

int64_t qk_row_state_delay(const qk_row_state *s)
{
    return s->delay_s;
}

static qk_row_cell cell_of(const last_cell *last, const char *strip, uint16_t column)
{
    qk_row_cell cell = {.column = column, .type = last->type};
    if (last->type == TEXT) {
        cell.text = strip + ((uint64_t)last->value >> 32);
        cell.text_len = (uint32_t)last->value;
    } else {
        cell.mantissa = last->value;
        cell.scale = last->scale;
    }
    return cell;
}

qk_row_cell qk_row_state_cell(const qk_row_state *s, const char *strip, uint16_t column)
{
    if (s->row == 0 || column >= s->columns || s->last[column].row != s->row)
        return (qk_row_cell){.column = column};
    return cell_of(&s->last[column], strip, column);
}

/* ---- writing ---- */

size_t qk_row_bound(const qk_row *row)
{
    size_t bound = 1 + 3 * QK_VARINT_MOST + (row->n + 7) / 8;
    for (size_t i = 0; i < row->n; i++)
        bound += 3 + 5 + 2 + QK_VARINT_MOST + row->cells[i].text_len;
    return bound;
}

static bool same_layout(qk_row_state *s, unsigned slot, const qk_row *row)
{
    if (s->layout_n[slot] != row->n) return false;
    const uint16_t *columns = layout_of(s, slot);
    for (size_t i = 0; i < row->n; i++)
        if (columns[i] != row->cells[i].column) return false;
    return true;
}

/* Slot of the row's layout; *known tells whether the reader has it already. */
static unsigned find_layout(qk_row_state *s, const qk_row *row, bool *known)
{
    *known = true;
    for (unsigned i = 0; i < LAYOUTS; i++) {
        unsigned slot = (s->newest + i) % LAYOUTS;
        if (same_layout(s, slot, row)) return slot;
    }
    *known = false;
    unsigned slot = s->oldest;
    uint16_t *columns = layout_of(s, slot);
    for (size_t i = 0; i < row->n; i++) columns[i] = row->cells[i].column;
    s->layout_n[slot] = (uint16_t)row->n;
    s->oldest = (uint8_t)((slot + 1) % LAYOUTS);
    return slot;
}

static uint8_t *put_layout(uint8_t *at, const qk_row *row)
{
    int64_t before = -1;
    at = qk_varint_put(at, row->n);
    for (size_t i = 0; i < row->n; i++) {
        at = qk_varint_put(at, qk_zigzag(row->cells[i].column - before - 1));
        before = row->cells[i].column;
    }
    return at;
}

static bool has_lags(const qk_row *row)
{
    for (size_t i = 0; i < row->n; i++)
        if (row->cells[i].lag != 0) return true;
    return false;
}

static bool same_value(const last_cell *last, const char *strip, const qk_row_cell *cell)
{
    if (last->type != cell->type) return false;
    if (cell->type == NUMBER) return last->value == cell->mantissa && last->scale == cell->scale;
    return (uint32_t)last->value == cell->text_len &&
           memcmp(strip + ((uint64_t)last->value >> 32), cell->text, cell->text_len) == 0;
}

static uint8_t *put_text(uint8_t *at, last_cell *last, const qk_row_cell *cell, const uint8_t *out,
                         size_t strip_len)
{
    *at++ = 0;
    *at++ = 0;
    at = qk_varint_put(at, cell->text_len);
    if (cell->text_len > 0) memcpy(at, cell->text, cell->text_len);
    last->value = (int64_t)((uint64_t)(strip_len + (size_t)(at - out)) << 32 | cell->text_len);
    return at + cell->text_len;
}

static uint8_t *put_number(uint8_t *at, last_cell *last, const qk_row_cell *cell)
{
    uint64_t change = qk_zigzag((int64_t)((uint64_t)cell->mantissa - (uint64_t)last->value));
    if (last->row > 0 && last->type == NUMBER && last->scale == cell->scale &&
        change != UINT64_MAX) {
        at = qk_varint_put(at, change + 1);
    } else {
        *at++ = 0;
        *at++ = (uint8_t)(1 + cell->scale);
        at = qk_varint_put(at, qk_zigzag(cell->mantissa));
    }
    last->value = cell->mantissa;
    last->scale = cell->scale;
    return at;
}

static uint8_t *put_cells(qk_row_state *s, uint8_t *at, const qk_row *row, const uint8_t *out,
                          const char *strip, size_t strip_len)
{
    uint8_t *changed = at;
    size_t map = (row->n + 7) / 8;
    memset(changed, 0, map);
    at += map;
    for (size_t i = 0; i < row->n; i++) {
        const qk_row_cell *cell = &row->cells[i];
        last_cell *last = &s->last[cell->column];
        if (last->row == 0 || !same_value(last, strip, cell)) {
            changed[i >> 3] |= (uint8_t)(1u << (i & 7));
            at = cell->type == NUMBER ? put_number(at, last, cell)
                                      : put_text(at, last, cell, out, strip_len);
            last->type = cell->type;
        }
        last->row = s->row;
    }
    return at;
}

size_t qk_row_put(qk_row_state *s, uint8_t *out, const char *strip, size_t strip_len,
                  const qk_row *row, bool more)
{
    uint8_t control = more ? HAS_MORE : 0;
    uint8_t *at = out + 1;
    bool known;
    unsigned slot = find_layout(s, row, &known);
    if (!more) {
        s->row++;
        uint64_t step = (uint64_t)row->time - (uint64_t)s->time;
        if (step != s->step) {
            control |= HAS_STEP;
            at = qk_varint_put(at, qk_zigzag((int64_t)(step - s->step)));
        }
        if (row->delay_s != s->delay_s) {
            control |= HAS_DELAY;
            uint64_t change = (uint64_t)row->delay_s - (uint64_t)s->delay_s;
            at = qk_varint_put(at, qk_zigzag((int64_t)change));
        }
        s->step = step;
        s->time = row->time;
        s->delay_s = row->delay_s;
    }
    if (!known) {
        control |= HAS_LAYOUT;
        at = put_layout(at, row);
    }
    if (has_lags(row)) {
        control |= HAS_LAGS;
        for (size_t i = 0; i < row->n; i++) at = qk_varint_put(at, qk_zigzag(row->cells[i].lag));
    }
    s->newest = (uint8_t)slot;
    out[0] = (uint8_t)(control | slot << SLOT_SHIFT);
    at = put_cells(s, at, row, out, strip, strip_len);
    return (size_t)(at - out);
}

/* ---- reading ---- */

typedef struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    const char *strip;
} cursor;

static bool get_number(cursor *c, uint64_t *v)
{
    if (c->at < c->end && *c->at < 128) {
        *v = *c->at++;
        return true;
    }
    c->at = qk_varint_get(v, c->at, c->end);
    return c->at != NULL;
}

static bool get_layout(qk_row_state *s, cursor *c, unsigned slot)
{
    uint64_t n;
    int64_t column = -1;
    if (!get_number(c, &n) || n > s->columns) return false;
    uint16_t *columns = layout_of(s, slot);
    s->layout_n[slot] = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t gap;
        if (!get_number(c, &gap) || gap > 2 * QK_ROW_COLUMNS_MAX) return false;
        column += qk_unzigzag(gap) + 1;
        if (column < 0 || (uint64_t)column >= s->columns) return false;
        columns[i] = (uint16_t)column;
    }
    s->layout_n[slot] = (uint16_t)n;
    s->oldest = (uint8_t)((slot + 1) % LAYOUTS);
    return true;
}

static bool get_time(qk_row_state *s, cursor *c, unsigned control)
{
    uint64_t change = 0;
    if ((control & HAS_STEP) && !get_number(c, &change)) return false;
    s->step += (uint64_t)qk_unzigzag(change);
    qk_time time = (qk_time)((uint64_t)s->time + s->step);
    if ((s->row > 0 && time <= s->time) || time < -time_most || time > time_most) return false;
    s->time = time;
    change = 0;
    if ((control & HAS_DELAY) && !get_number(c, &change)) return false;
    s->delay_s = (int64_t)((uint64_t)s->delay_s + (uint64_t)qk_unzigzag(change));
    return true;
}

static bool get_text(cursor *c, last_cell *last)
{
    uint64_t len;
    if (!get_number(c, &len) || len > QK_CELL_TEXT_MAX || len > (uint64_t)(c->end - c->at))
        return false;
    size_t offset = (size_t)((const char *)c->at - c->strip);
    last->type = TEXT;
    last->value = (int64_t)((uint64_t)offset << 32 | len);
    c->at += len;
    return true;
}

static bool get_changed(cursor *c, last_cell *last)
{
    uint64_t code;
    if (!get_number(c, &code)) return false;
    if (code > 0) {
        if (last->row == 0 || last->type != NUMBER) return false;
        last->value = (int64_t)((uint64_t)last->value + (uint64_t)qk_unzigzag(code - 1));
        return true;
    }
    if (c->at >= c->end) return false;
    uint8_t tag = *c->at++;
    if (tag == 0) return get_text(c, last);
    if (tag > 1 + SCALE_MOST || !get_number(c, &code)) return false;
    last->type = NUMBER;
    last->scale = (int8_t)(tag - 1);
    last->value = qk_unzigzag(code);
    return true;
}

static bool get_lags(cursor *c, qk_row_cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t lag;
        if (!get_number(c, &lag) || lag > UINT32_MAX) return false;
        cells[i].lag = (int32_t)qk_unzigzag(lag);
    }
    return true;
}

/* Appends the record's cells to the row; a column given twice in one row is refused. */
static bool get_cells(qk_row_state *s, cursor *c, unsigned control, qk_row *row)
{
    unsigned slot = control >> SLOT_SHIFT & (LAYOUTS - 1);
    if ((control & HAS_LAYOUT) && !get_layout(s, c, slot)) return false;
    size_t n = s->layout_n[slot];
    const uint16_t *columns = layout_of(s, slot);
    if (n > s->columns - row->n) return false;
    qk_row_cell *cells = row->cells + row->n;
    if (control & HAS_LAGS && !get_lags(c, cells, n)) return false;
    size_t map = (n + 7) / 8;
    if (map > (size_t)(c->end - c->at)) return false;
    const uint8_t *changed = c->at;
    c->at += map;
    for (size_t i = 0; i < n; i++) {
        last_cell *last = &s->last[columns[i]];
        if (last->row == s->row) return false;
        if (changed[i >> 3] >> (i & 7) & 1) {
            if (!get_changed(c, last)) return false;
        } else if (last->row == 0) {
            return false;
        }
        last->row = s->row;
        int32_t lag = control & HAS_LAGS ? cells[i].lag : 0;
        cells[i] = cell_of(last, c->strip, columns[i]);
        cells[i].lag = lag;
    }
    s->newest = (uint8_t)slot;
    row->n += n;
    return true;
}

static bool get_record(qk_row_state *s, cursor *c, qk_row *row)
{
    unsigned control = *c->at++;
    if (control & UNUSED) return false;
    if (!(control & HAS_MORE)) {
        if (!get_time(s, c, control)) return false;
        s->row++;
    } else if (s->row == 0 || control & (HAS_STEP | HAS_DELAY)) {
        return false;
    }
    return get_cells(s, c, control, row);
}

qk_code qk_row_next(qk_row_state *s, qk_row *row, qk_str strip, size_t *at)
{
    if (*at >= strip.len) return QK_ENOTFOUND;
    cursor c = {.at = (const uint8_t *)strip.ptr + *at,
                .end = (const uint8_t *)strip.ptr + strip.len,
                .strip = strip.ptr};
    row->n = 0;
    if ((*c.at & HAS_MORE) || !get_record(s, &c, row)) return QK_EFORMAT;
    while (c.at < c.end && (*c.at & (HAS_MORE | UNUSED)) == HAS_MORE)
        if (!get_record(s, &c, row)) return QK_EFORMAT;
    row->time = s->time;
    row->delay_s = s->delay_s;
    *at = (size_t)((const char *)c.at - strip.ptr);
    return QK_OK;
}
