/* SPDX-License-Identifier: Apache-2.0 */
/* Tables whose columns are kept apart by tabs or by runs of blanks. Cells merged downwards are
 * filled from above, repeated headings are dropped, rows that slipped sideways are put back, rows
 * printed on two lines are joined; what was done is noted. */
#include "plan/private.h"

enum { COLUMNS_MAX = 40, ROWS_MAX = 20000, MEND_MAX = 400 };

typedef struct raw_row {
    qk_span cell[COLUMNS_MAX];
    uint16_t x[COLUMNS_MAX]; /* column of the cell's first character */
    uint32_t count;
    bool whole; /* its cells are known to be all there: an empty one is empty */
} raw_row;

static uint32_t norm_at(const qk_plan_text *t, const qk_plan_line *l, uint32_t point)
{
    uint32_t low = l->norm.from, high = l->norm.to;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (t->from[mid] < point)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Cuts a line at its tabs, or at runs of two blanks or more. */
static void cut_row(const qk_plan_text *t, const qk_plan_line *l, raw_row *row)
{
    uint32_t start = l->from, column = 0, blanks = 0, begin_x = 0;
    *row = (raw_row){0};
    for (uint32_t i = l->from; i <= l->to && row->count < COLUMNS_MAX; i++) {
        size_t used;
        uint32_t at = t->at[i];
        uint32_t cp =
            i < l->to ? qk_utf8_next((qk_str){t->given.ptr + at, t->given.len - at}, &used) : 0;
        bool blank = cp == ' ' || cp == 0x3000 || cp == 0xA0;
        bool cut = i == l->to || cp == '\t';
        row->whole = row->whole || cp == QK_PLAN_EMPTY_CELL;
        if (!l->tabs && !blank && blanks >= 2 && i > l->from) {
            if (norm_at(t, l, i) > norm_at(t, l, start)) {
                row->x[row->count] = (uint16_t)begin_x;
                row->cell[row->count++] = (qk_span){norm_at(t, l, start), norm_at(t, l, i)};
            }
            start = i;
            begin_x = column;
        }
        if (cut && row->count < COLUMNS_MAX &&
            (l->tabs || norm_at(t, l, i) > norm_at(t, l, start))) {
            row->x[row->count] = (uint16_t)begin_x;
            row->cell[row->count++] = (qk_span){norm_at(t, l, start), norm_at(t, l, i)};
            start = i + 1;
        }
        blanks = blank ? blanks + (cp == 0x3000 ? 2 : 1) : 0;
        column += cp == '\t' ? 8 : blank && cp != 0x3000 ? 1 : cp < 0x1100 ? 1 : 2;
    }
}

static bool is_table_line(const qk_plan_line *l)
{
    if (l->dropped || l->norm.from == l->norm.to) return false;
    return l->tabs ? l->cells >= 2 : l->cells >= 3;
}

/* The last row of a table may hold its label and its sum alone. */
static bool is_total_line(const qk_plan_text *t, const qk_plan_line *l)
{
    return !l->dropped && l->cells >= 2 &&
           qk_plan_word_at(t, l->norm.from, l->norm.to, "合计|总计|共计|小计") > 0;
}

static bool next_used(const qk_plan_text *t, uint32_t *line)
{
    while (*line < t->line_count && t->lines[*line].norm.from == t->lines[*line].norm.to) ++*line;
    return *line < t->line_count;
}

/* A block of table lines from `line` on: at least two (tabs) or three (blanks) of them. A single
 * line between that has no columns belongs to a cell broken by the printer. */
static uint32_t block_end(const qk_plan_text *t, uint32_t line)
{
    uint32_t rows = 0, end = line, i = line;
    bool tabs = t->lines[line].tabs;
    while (next_used(t, &i)) {
        uint32_t next = i + 1;
        if ((is_table_line(&t->lines[i]) || (rows > 1 && is_total_line(t, &t->lines[i]))) &&
            t->lines[i].tabs == tabs) {
            rows++;
            end = i + 1;
        } else if (!(rows > 1 && next_used(t, &next) && is_table_line(&t->lines[next]) &&
                     t->lines[next].tabs == tabs && t->lines[i].width <= 30 && next == i + 1)) {
            break;
        }
        i++;
    }
    return rows >= (tabs ? 2u : 3u) ? end : line;
}

static bool same_cell(const qk_plan_text *t, qk_span a, qk_span b)
{
    return qk_str_eq(qk_span_str(t, a), qk_span_str(t, b));
}

static bool is_empty(const qk_plan_cell *c)
{
    return c->text.from >= c->text.to;
}

/* The column a cell of a blank-separated table stands under: the one whose heading begins nearest.
 */
static uint32_t column_by_place(const raw_row *head, uint32_t x)
{
    uint32_t best = 0, gap = UINT32_MAX;
    for (uint32_t c = 0; c < head->count; c++) {
        uint32_t d = x > head->x[c] ? x - head->x[c] : head->x[c] - x;
        if (d < gap) {
            gap = d;
            best = c;
        }
    }
    return best;
}

static void lay_row(qk_plan_cell *cells, const raw_row *raw, const raw_row *head, uint32_t columns,
                    bool tabs)
{
    for (uint32_t i = 0; i < raw->count; i++) {
        uint32_t c = tabs || raw->count == columns ? i : column_by_place(head, raw->x[i]);
        if (c >= columns) c = columns - 1;
        if (raw->cell[i].from >= raw->cell[i].to) continue;
        if (is_empty(&cells[c]))
            cells[c].text = raw->cell[i];
        else
            cells[c].more = raw->cell[i];
    }
}

static bool repeats_head(const qk_plan *p, const qk_plan_table *tb, const qk_plan_cell *cells)
{
    for (uint32_t c = 0; c < tb->column_count; c++)
        if (!same_cell(&p->text, cells[c].text, tb->columns[c].text)) return false;
    return true;
}

static uint32_t filled_cells(const qk_plan_cell *cells, uint32_t n)
{
    uint32_t k = 0;
    for (uint32_t c = 0; c < n; c++) k += !is_empty(&cells[c]);
    return k;
}

static bool is_blank_cell(const qk_plan_row *r, uint32_t c)
{
    return is_empty(&r->cells[c]);
}

/* A text met twice is the name of a class; its column is the leftmost it was seen in. */
static uint32_t column_of_class(const qk_plan *p, const qk_plan_table *tb, qk_span text)
{
    uint32_t seen = 0, left = UINT32_MAX;
    for (uint32_t r = 0; r < tb->row_count && r < MEND_MAX; r++)
        for (uint32_t c = 0; c < tb->column_count; c++)
            if (!is_blank_cell(&tb->rows[r], c) &&
                same_cell(&p->text, tb->rows[r].cells[c].text, text)) {
                seen++;
                /* where nothing stands right of it, it may be a project that slipped */
                if (c == 0 || (c + 1 < tb->column_count && !is_blank_cell(&tb->rows[r], c + 1)))
                    left = c < left ? c : left;
            }
    return seen > 1 ? left : UINT32_MAX;
}

static bool is_party(const qk_plan *p, const qk_plan_cell *c)
{
    return qk_plan_word_end(&p->text, c->text,
                            "局|公司|企业|委员会|政府|办事处|镇|乡|厂|单位|中心|）|委|院|部门") > 0;
}

/* Does the last column name who is to do it? */
static bool ends_with_parties(const qk_plan *p, const qk_plan_table *tb)
{
    uint32_t filled = 0, parties = 0, last = tb->column_count - 1;
    for (uint32_t r = 0; r < tb->row_count; r++) {
        if (is_blank_cell(&tb->rows[r], last)) continue;
        filled++;
        parties += is_party(p, &tb->rows[r].cells[last]);
    }
    return filled >= 4 && parties * 10 >= filled * 8;
}

static void move_cell(qk_plan_row *r, uint32_t from, uint32_t to)
{
    r->cells[to] = r->cells[from];
    r->cells[from] = (qk_plan_cell){{0}, {0}, false};
}

/* Everything stands too far right: the column of parties holds something else. */
static const char *pull_left(const qk_plan *p, const qk_plan_table *tb, qk_plan_row *r)
{
    uint32_t n = tb->column_count, first = 0, shift = 1, home;
    if (is_blank_cell(r, n - 1) || is_party(p, &r->cells[n - 1])) return NULL;
    while (first < n && is_blank_cell(r, first)) first++;
    if (first == 0) return NULL;
    home = column_of_class(p, tb, r->cells[first].text);
    if (home < first) shift = first - home;
    for (uint32_t c = first; c < n; c++)
        if (!is_blank_cell(r, c)) move_cell(r, c, c - shift);
    return "the row stood too far right";
}

/* The last cells are missing: all of it belongs further right. */
static const char *push_right(qk_plan_row *r, uint32_t n)
{
    uint32_t last = n;
    while (last > 0 && is_blank_cell(r, last - 1)) last--;
    if (last < 2 || last == n || filled_cells(r->cells, n) != last) return NULL;
    for (uint32_t k = last; k-- > 0;) move_cell(r, k, k + n - last);
    return "the row stood too far left";
}

/* A gap before the last columns: what stands left of it moves into it, classes that are known stay.
 */
static const char *close_gap(const qk_plan *p, const qk_plan_table *tb, qk_plan_row *r)
{
    const char *note = NULL;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t k = tb->column_count - 1; k-- > 1 && !moved;) {
            if (!is_blank_cell(r, k) || is_blank_cell(r, k - 1)) continue;
            if (column_of_class(p, tb, r->cells[k - 1].text) == k - 1) continue;
            move_cell(r, k - 1, k);
            note = "a cell stood too far left";
            moved = true;
        }
    }
    return note;
}

static void mend_row(const qk_plan *p, const qk_plan_table *tb, qk_plan_row *r)
{
    uint32_t n = tb->column_count;
    const char *note = NULL;
    if (r->whole || filled_cells(r->cells, n) == n) return;
    if (!is_blank_cell(r, 0) && is_blank_cell(r, n - 1)) note = push_right(r, n);
    if (!note) note = pull_left(p, tb, r);
    if (!note && !is_blank_cell(r, n - 1) && !is_blank_cell(r, 0)) note = close_gap(p, tb, r);
    if (!note && !is_blank_cell(r, n - 1) && n > 2 && is_blank_cell(r, 0) &&
        is_blank_cell(r, n - 2))
        note = close_gap(p, tb, r);
    if (note) r->note = note;
}

/* The number column of a numbered list is never merged. */
static bool is_number_column(const qk_plan *p, const qk_plan_table *tb, uint32_t c)
{
    return qk_plan_has_any(&p->text, tb->columns[c].text, "序号|编号|数量|号");
}

static void fill_down(const qk_plan *p, qk_plan_table *tb, uint32_t rows)
{
    qk_plan_row *row = &tb->rows[rows - 1];
    if (rows < 2 || row->whole) return;
    const qk_plan_row *above = &tb->rows[rows - 2];
    for (uint32_t c = 0; c + 1 < tb->column_count; c++) {
        if (!is_empty(&row->cells[c])) {
            /* behind the number of a row the merging goes on; 合计 is no row of the list */
            if (is_number_column(p, tb, c) &&
                qk_plan_read_count(&p->text, row->cells[c].text.from, row->cells[c].text.to,
                                   &(uint32_t){0}, &(uint32_t){0}))
                continue;
            /* a new class above ends the merging of what stands right of it */
            if (c > 0 || !same_cell(&p->text, row->cells[c].text, above->cells[c].text)) break;
            continue;
        }
        if (is_number_column(p, tb, c) || is_empty(&above->cells[c])) break;
        row->cells[c] = above->cells[c];
        row->cells[c].filled = true;
    }
}

/* Joins a line that only continues cells of the row before it. */
static bool join_above(qk_plan_table *tb, const qk_plan_cell *cells, bool after_break)
{
    qk_plan_row *above = tb->row_count ? &tb->rows[tb->row_count - 1] : NULL;
    if (!above || !after_break) return false;
    for (uint32_t c = 0; c < tb->column_count; c++)
        if (!is_empty(&cells[c]) && (is_empty(&above->cells[c]) ||
                                     !is_empty(&(qk_plan_cell){above->cells[c].more, {0}, false})))
            return false;
    for (uint32_t c = 0; c < tb->column_count; c++)
        if (!is_empty(&cells[c])) above->cells[c].more = cells[c].text;
    above->note = "the row was printed on two lines";
    return true;
}

/* A row without its last two cells goes on in the next printed line. */
static bool goes_on(const qk_plan_table *tb, const qk_plan_row *r, const qk_plan_row *next)
{
    uint32_t n = tb->column_count;
    if (n < 4 || !is_blank_cell(r, n - 1) || !is_blank_cell(r, n - 2) ||
        filled_cells(r->cells, n) == 0)
        return false;
    for (uint32_t c = 0; c + 2 < n; c++)
        if (!is_blank_cell(next, c)) return false;
    return !is_blank_cell(next, n - 1) && !is_blank_cell(next, n - 2);
}

static void mend_rows(qk_plan *p, qk_plan_table *tb)
{
    uint32_t kept = 0, n = tb->column_count;
    bool whole = tb->row_count < MEND_MAX && n >= 3 && ends_with_parties(p, tb);
    for (uint32_t i = 0; whole && i < tb->row_count; i++) mend_row(p, tb, &tb->rows[i]);
    for (uint32_t i = 0; i < tb->row_count; i++) {
        qk_plan_row *r = &tb->rows[i];
        bool mendable = whole && !r->whole && i + 1 < tb->row_count;
        if (mendable && goes_on(tb, r, r + 1)) {
            for (uint32_t c = 0; c + 2 < n; c++) r[1].cells[c] = r->cells[c];
            r[1].note = "the row was printed on two lines";
            continue;
        }
        if (mendable && is_blank_cell(r, n - 1) && !is_blank_cell(r, n - 2) &&
            !is_blank_cell(r + 1, n - 1)) {
            r->cells[n - 1] = r[1].cells[n - 1];
            r->cells[n - 1].filled = true;
        }
        tb->rows[kept++] = *r;
        tb->row_count = tb->row_count < kept ? kept : tb->row_count;
        fill_down(p, tb, kept);
    }
    tb->row_count = kept;
}

/* A head over several columns has their own heads below it: cells that stand over two lines are
 * printed again or left out, the others say which column it is. */
static bool join_heads(const qk_plan *p, qk_plan_table *tb, const qk_plan_cell *cells)
{
    uint32_t again = 0, below = 0, spread = 0;
    for (uint32_t c = 0; c < tb->column_count; c++) {
        bool open = is_empty(&tb->columns[c]), empty = is_empty(&cells[c]);
        spread += open;
        if (!empty && !open && same_cell(&p->text, cells[c].text, tb->columns[c].text))
            again++;
        else if (!empty) {
            uint32_t cp;
            qk_plan_next(&p->text, cells[c].text.from, &cp);
            if (cp < 0x4E00) return false;
            below++;
        }
    }
    if (spread == 0 || again == 0 || below < spread) return false;
    qk_span over = {0};
    for (uint32_t c = 0; c < tb->column_count; c++) {
        qk_plan_cell *head = &tb->columns[c];
        if (!is_empty(head)) over = head->text;
        if (is_empty(&cells[c]) || same_cell(&p->text, cells[c].text, head->text)) continue;
        *head = (qk_plan_cell){.text = over, .more = cells[c].text};
    }
    return true;
}

static void add_row(qk_plan *p, qk_plan_table *tb, const raw_row *raw, const raw_row *head,
                    uint32_t line)
{
    const qk_plan_line *l = &p->text.lines[line];
    qk_plan_cell *cells = qk_arena_array(&p->arena, tb->column_count, sizeof *cells);
    qk_plan_row *row;
    if (!cells || tb->row_count >= ROWS_MAX) {
        p->full = true;
        return;
    }
    lay_row(cells, raw, head, tb->column_count, l->tabs);
    if (repeats_head(p, tb, cells)) return;
    if (tb->row_count == 0 && join_heads(p, tb, cells)) return;
    if (join_above(tb, cells, !is_table_line(l) && !is_total_line(&p->text, l))) return;
    if (!l->tabs && is_empty(&cells[0]) && raw->count < tb->column_count &&
        join_above(tb, cells, true))
        return;
    row = QK_PLAN_PUSH(p, tb, rows, row);
    if (!row) return;
    *row = (qk_plan_row){cells, line, NULL, raw->whole};
}

/* The lines above a table: its title, and 附表1 above that. */
static void find_title(qk_plan *p, qk_plan_table *tb)
{
    uint32_t i = tb->line, n;
    const qk_plan_text *t = &p->text;
    for (int k = 0; k < 3 && i > 0; k++) {
        do i--;
        while (i > 0 && t->lines[i].norm.from == t->lines[i].norm.to);
        qk_span s = t->lines[i].norm;
        if (s.from == s.to || qk_plan_has_any(t, s, "。|；") || is_table_line(&t->lines[i])) return;
        n = qk_plan_word_at(t, s.from, s.to, "附表|附件|附录");
        if (n && qk_plan_chars(t, s) <= 6) {
            tb->title_no = s;
            return;
        }
        if (qk_plan_has_any(t, s, "单位：")) continue;
        if (tb->title.to) return;
        if (qk_plan_chars(t, s) > 60) return;
        tb->title = s;
        if (n) return;
    }
}

static void read_table(qk_plan *p, uint32_t line, uint32_t end)
{
    raw_row *head = qk_arena_alloc(&p->arena, sizeof *head),
            *row = qk_arena_alloc(&p->arena, sizeof *row);
    qk_plan_table *tb = head && row ? QK_PLAN_PUSH(p, p, tables, table) : NULL;
    if (!tb) {
        p->full = true;
        return;
    }
    *tb = (qk_plan_table){.line = line, .line_end = end};
    cut_row(&p->text, &p->text.lines[line], head);
    while (!head->whole && head->count > 1 &&
           head->cell[head->count - 1].from >= head->cell[head->count - 1].to)
        head->count--;
    tb->column_count = head->count;
    tb->columns = qk_arena_array(&p->arena, head->count, sizeof *tb->columns);
    if (!tb->columns) {
        p->full = true;
        return;
    }
    for (uint32_t c = 0; c < head->count; c++) tb->columns[c].text = head->cell[c];
    find_title(p, tb);
    for (uint32_t i = line + 1; i < end; i++) {
        const qk_plan_line *l = &p->text.lines[i];
        if (l->norm.from == l->norm.to || l->dropped) continue;
        cut_row(&p->text, l, row);
        add_row(p, tb, row, head, i);
    }
    mend_rows(p, tb);
}

void qk_plan_read_tables(qk_plan *p)
{
    for (uint32_t i = 0; i < p->text.line_count;) {
        uint32_t end = is_table_line(&p->text.lines[i]) ? block_end(&p->text, i) : i;
        if (end > i) {
            read_table(p, i, end);
            i = end;
        } else {
            i++;
        }
    }
}
