/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv.h"
#include <errno.h>
#include <stdlib.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* SCAN bytes are looked at in one step; as many stand idle behind the buffer's end, so that the
 * last step stays inside it. */
enum { SCAN = 64, BLOCK = 1 << 18 };

/* Bytes start..end of the buffer are read and not yet given out; a row that does not end in them
 * makes the reader move them to the front, fetch more, and look at the row again. */
struct qk_csv_reader {
    FILE *own_file; /* of a text in memory */
    char *own_text;
    FILE *file;
    char *buffer;
    size_t size;
    size_t start;
    size_t end;
    bool eof;
    char separator;
    uint32_t line;      /* of the row last given */
    uint32_t next_line; /* of the byte at start */
    size_t columns;
    qk_str *cells;
    bool *doubled; /* which cells of the row have doubled quotes to be undone */
    char *heading; /* the header row's bytes */
    qk_str *header;
    char name[128];
};

/* ---- bytes that matter ---- */

/* A bit for each of 64 bytes that is the separator, a line's end, a quote or NUL. */
#if defined(__SSE2__)
static uint64_t mark_bytes(const char *p, char separator)
{
    const __m128i sep = _mm_set1_epi8(separator), nl = _mm_set1_epi8('\n');
    const __m128i quote = _mm_set1_epi8('"'), nul = _mm_setzero_si128();
    uint64_t marks = 0;
    for (unsigned i = 0; i < SCAN / 16; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        __m128i a = _mm_or_si128(_mm_cmpeq_epi8(v, sep), _mm_cmpeq_epi8(v, nl));
        __m128i b = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, nul));
        marks |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_or_si128(a, b)) << (16 * i);
    }
    return marks;
}
#else
static uint64_t mark_bytes(const char *p, char separator)
{
    uint64_t marks = 0;
    for (unsigned i = 0; i < SCAN; i++) {
        bool hit = p[i] == separator || p[i] == '\n' || p[i] == '"' || p[i] == '\0';
        marks |= (uint64_t)hit << i;
    }
    return marks;
}
#endif

/* ---- refusals ---- */

/* Place of the buffer's byte `at` in a row that begins at start. */
QK_PRINTF(4, 5)
static qk_code refuse_at(const qk_csv_reader *r, size_t at, qk_error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    qk_fail_args(err, QK_EFORMAT, fmt, args);
    va_end(args);
    uint32_t line = r->next_line;
    size_t begin = r->start;
    for (size_t i = r->start; i < at; i++) {
        if (r->buffer[i] != '\n') continue;
        line++;
        begin = i + 1;
    }
    size_t column = qk_utf8_count((qk_str){r->buffer + begin, at - begin}) + 1;
    qk_error_at(err, r->name, line, (uint32_t)column);
    return QK_EFORMAT;
}

static qk_code refuse_count(const qk_csv_reader *r, size_t at, bool more, qk_error *err)
{
    if (!r->header) return refuse_at(r, at, err, "more than %zu columns", r->columns);
    if (more)
        return refuse_at(r, at, err, "row with more cells than the %zu of the header", r->columns);
    return refuse_at(r, at, err, "row with fewer cells than the %zu of the header", r->columns);
}

/* ---- the buffer ---- */

static qk_code grow_buffer(qk_csv_reader *r, qk_error *err)
{
    if (r->size >= QK_CSV_ROW_MAX) {
        return refuse_at(r, r->start, err, "row too long, or a quote that is never closed");
    }
    size_t size = r->size ? r->size * 2 : BLOCK;
    char *buffer = realloc(r->buffer, size + SCAN);
    if (!buffer) return qk_fail(err, QK_ENOMEM, "no memory for a row of %s", r->name);
    memset(buffer + r->size, 0, size + SCAN - r->size);
    r->buffer = buffer;
    r->size = size;
    return QK_OK;
}

/* Brings more bytes behind those from start on, or sets eof. */
static qk_code fetch_bytes(qk_csv_reader *r, qk_error *err)
{
    size_t kept = r->end - r->start;
    if (r->start > 0) memmove(r->buffer, r->buffer + r->start, kept);
    r->start = 0;
    r->end = kept;
    if (kept == r->size) QK_TRY(grow_buffer(r, err));
    size_t n = fread(r->buffer + kept, 1, r->size - kept, r->file);
    r->end += n;
    if (n > 0) return QK_OK;
    if (ferror(r->file)) {
        qk_code code = qk_fail_errno(err, errno, "cannot read");
        qk_error_at(err, r->name, 0, 0);
        return code;
    }
    r->eof = true;
    return QK_OK;
}

/* ---- rows ---- */

enum { ROW_DONE, ROW_CUT, ROW_QUOTED, ROW_REFUSED };

typedef struct row_scan {
    size_t at;    /* start of the cell at work */
    size_t count; /* cells closed */
    size_t next;  /* where the next row begins */
} row_scan;

/* False, and the cell not taken, when the row has all its cells. */
static bool close_cell(qk_csv_reader *r, row_scan *s, size_t end)
{
    if (s->count == r->columns) return false;
    r->cells[s->count++] = (qk_str){r->buffer + s->at, end - s->at};
    s->at = end + 1;
    return true;
}

static size_t without_cr(const qk_csv_reader *r, size_t from, size_t end)
{
    return end > from && r->buffer[end - 1] == '\r' ? end - 1 : end;
}

/* The common row: no quote anywhere. ROW_REFUSED leaves the place in s->at. */
static int scan_plain_row(qk_csv_reader *r, row_scan *s)
{
    *s = (row_scan){.at = r->start};
    const char *buffer = r->buffer;
    for (size_t base = r->start; base < r->end; base += SCAN) {
        uint64_t marks = mark_bytes(buffer + base, r->separator);
        if (r->end - base < SCAN) marks &= ((uint64_t)1 << (r->end - base)) - 1;
        for (; marks; marks &= marks - 1) {
            size_t hit = base + (size_t)__builtin_ctzll(marks);
            char c = buffer[hit];
            if (c == r->separator) {
                if (!close_cell(r, s, hit)) return ROW_REFUSED;
                continue;
            }
            if (c != '\n') return ROW_QUOTED;
            s->next = hit + 1;
            return close_cell(r, s, without_cr(r, s->at, hit)) ? ROW_DONE : ROW_REFUSED;
        }
    }
    if (!r->eof) return ROW_CUT;
    s->next = r->end;
    return close_cell(r, s, without_cr(r, s->at, r->end)) ? ROW_DONE : ROW_REFUSED;
}

/* Moves *at from the opening quote behind the closing one; ROW_CUT when it is not in the buffer. */
static int scan_quoted_cell(const qk_csv_reader *r, size_t *at, bool *doubled)
{
    size_t p = *at + 1;
    *doubled = false;
    for (;;) {
        const char *quote = memchr(r->buffer + p, '"', r->end - p);
        if (!quote) return ROW_CUT;
        p = (size_t)(quote - r->buffer) + 1;
        if (p == r->end && !r->eof) return ROW_CUT;
        if (p == r->end || r->buffer[p] != '"') break;
        *doubled = true;
        p++;
    }
    *at = p;
    return ROW_DONE;
}

/* Cell by cell, with every rule checked; the bytes stay as they are until the row is whole. */
static qk_code scan_careful_row(qk_csv_reader *r, row_scan *s, int *outcome, qk_error *err)
{
    *s = (row_scan){.at = r->start};
    *outcome = ROW_CUT;
    for (;;) {
        size_t from = s->at, end = from;
        bool quoted = from < r->end && r->buffer[from] == '"', doubled = false;
        if (quoted && scan_quoted_cell(r, &end, &doubled) == ROW_CUT) {
            return r->eof ? refuse_at(r, from, err, "quote that is never closed") : QK_OK;
        }
        size_t stop = end;
        while (stop < r->end && r->buffer[stop] != r->separator && r->buffer[stop] != '\n') stop++;
        if (stop == r->end && !r->eof) return QK_OK;
        bool last = stop == r->end || r->buffer[stop] == '\n';
        size_t text_end = last ? without_cr(r, end, stop) : stop;
        if (quoted && text_end > end) return refuse_at(r, end, err, "text after a closing quote");
        const char *stray = quoted ? NULL : memchr(r->buffer + from, '"', text_end - from);
        if (stray) {
            return refuse_at(r, (size_t)(stray - r->buffer), err, "quote inside an unquoted cell");
        }
        const char *nul = memchr(r->buffer + from, '\0', text_end - from);
        if (nul) return refuse_at(r, (size_t)(nul - r->buffer), err, "NUL byte");
        s->at = from + quoted;
        if (!close_cell(r, s, quoted ? end - 1 : text_end)) {
            return refuse_count(r, from, true, err);
        }
        r->doubled[s->count - 1] = doubled;
        s->at = stop + 1;
        if (last) {
            s->next = stop == r->end ? stop : stop + 1;
            *outcome = ROW_DONE;
            return QK_OK;
        }
    }
}

static void undo_doubled_quotes(qk_csv_reader *r, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!r->doubled[i]) continue;
        r->doubled[i] = false;
        qk_str *cell = &r->cells[i];
        char *text = r->buffer + (cell->ptr - r->buffer);
        size_t len = 0;
        for (size_t from = 0; from < cell->len; from++, len++) {
            text[len] = text[from];
            if (text[from] == '"') from++;
        }
        cell->len = len;
    }
}

static uint32_t count_lines(const char *p, size_t len)
{
    uint32_t lines = 0;
    for (const char *end = p + len; (p = memchr(p, '\n', (size_t)(end - p))); p++) lines++;
    return lines;
}

static qk_code check_row(const qk_csv_reader *r, const row_scan *s, qk_error *err)
{
    if (s->count < r->columns && r->header) {
        size_t end = s->next > r->start && r->buffer[s->next - 1] == '\n' ? s->next - 1 : s->next;
        return refuse_count(r, without_cr(r, r->start, end), false, err);
    }
    if (s->next - r->start <= QK_CSV_CELL_MAX) return QK_OK;
    for (size_t i = 0; i < s->count; i++) {
        if (r->cells[i].len > QK_CSV_CELL_MAX) {
            return refuse_at(r, (size_t)(r->cells[i].ptr - r->buffer), err, "cell too long");
        }
    }
    return QK_OK;
}

/* One row of any kind into cells; QK_ENOTFOUND at the end of the file. */
static qk_code read_row(qk_csv_reader *r, row_scan *s, qk_error *err)
{
    for (;;) {
        if (r->start == r->end && r->eof) return QK_ENOTFOUND;
        int outcome = r->start == r->end ? ROW_CUT : scan_plain_row(r, s);
        bool careful = outcome == ROW_QUOTED;
        if (outcome == ROW_REFUSED) return refuse_count(r, s->at, true, err);
        if (careful) QK_TRY(scan_careful_row(r, s, &outcome, err));
        if (outcome == ROW_CUT) {
            QK_TRY(fetch_bytes(r, err));
            continue;
        }
        r->line = r->next_line;
        bool empty = s->count == 1 && r->cells[0].len == 0 && !careful;
        if (empty && r->columns > 1) {
            r->start = s->next;
            r->next_line++;
            continue;
        }
        QK_TRY(check_row(r, s, err));
        r->next_line += careful ? count_lines(r->buffer + r->start, s->next - r->start) : 1;
        if (careful) undo_doubled_quotes(r, s->count);
        r->start = s->next;
        return QK_OK;
    }
}

qk_code qk_csv_next(qk_csv_reader *r, const qk_str **cells, qk_error *err)
{
    row_scan s;
    QK_TRY(read_row(r, &s, err));
    *cells = r->cells;
    return QK_OK;
}

/* ---- the header ---- */

static char guess_separator(const qk_csv_reader *r)
{
    size_t tabs = 0, commas = 0;
    bool quoted = false;
    for (size_t i = r->start; i < r->end; i++) {
        char c = r->buffer[i];
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == '\n' && tabs + commas > 0) break;
        tabs += c == '\t';
        commas += c == ',';
    }
    return tabs > commas ? '\t' : ',';
}

/* While the header is read, the row may have as many cells as there is room for. */
static qk_code make_room(qk_csv_reader *r, size_t columns, qk_error *err)
{
    qk_str *cells = realloc(r->cells, columns * sizeof *cells);
    if (cells) r->cells = cells;
    bool *doubled = realloc(r->doubled, columns * sizeof *doubled);
    if (doubled) r->doubled = doubled;
    if (!cells || !doubled) return qk_fail(err, QK_ENOMEM, "no memory to read %s", r->name);
    r->columns = columns;
    memset(doubled, 0, columns * sizeof *doubled);
    return QK_OK;
}

static qk_code keep_header(qk_csv_reader *r, const row_scan *s, qk_error *err)
{
    size_t bytes = 1;
    for (size_t i = 0; i < s->count; i++) bytes += r->cells[i].len;
    qk_str *header = calloc(s->count, sizeof *header);
    r->heading = malloc(bytes);
    r->header = header;
    if (!header || !r->heading) return qk_fail(err, QK_ENOMEM, "no memory to read %s", r->name);
    char *to = r->heading;
    for (size_t i = 0; i < s->count; i++) {
        size_t len = r->cells[i].len;
        memcpy(to, r->cells[i].ptr, len);
        header[i] = (qk_str){to, len};
        to += len;
    }
    return make_room(r, s->count, err);
}

/* A header that is one cell with ';' in it was cut by another separator. */
static qk_code check_header(const qk_csv_reader *r, const row_scan *s, char separator,
                            qk_error *err)
{
    const char *text = NULL, *hint = NULL;
    if (!separator && s->count == 1 && memchr(r->cells[0].ptr, ';', r->cells[0].len)) {
        text = "the cells are separated by ';'";
        hint = "write the file with ',' between the cells";
    }
    for (size_t i = 0; i < s->count && !text; i++)
        if (!qk_utf8_valid(r->cells[i])) {
            text = "the header row is not UTF-8";
            hint = "spreadsheets offer 'CSV UTF-8' when they save";
        }
    if (!text) return QK_OK;
    qk_fail(err, QK_EFORMAT, "%s", text);
    qk_error_at(err, r->name, 1, 1);
    qk_error_hint(err, "%s", hint);
    return QK_EFORMAT;
}

static qk_code read_header(qk_csv_reader *r, char separator, qk_error *err)
{
    row_scan s;
    QK_TRY(make_room(r, QK_CSV_COLUMNS_MAX, err));
    QK_TRY(fetch_bytes(r, err));
    if (r->end >= 3 && memcmp(r->buffer, "\xEF\xBB\xBF", 3) == 0) r->start = 3;
    r->separator = separator ? separator : guess_separator(r);
    qk_code code = read_row(r, &s, err);
    if (code == QK_ENOTFOUND) {
        qk_fail(err, QK_EFORMAT, "empty, without even a header row");
        qk_error_at(err, r->name, 1, 1);
        return QK_EFORMAT;
    }
    if (code == QK_OK) code = check_header(r, &s, separator, err);
    return code ? code : keep_header(r, &s, err);
}

qk_code qk_csv_open(qk_csv_reader **out, FILE *file, const char *name, char separator,
                    qk_error *err)
{
    *out = NULL;
    qk_csv_reader *r = calloc(1, sizeof *r);
    if (!r) return qk_fail(err, QK_ENOMEM, "no memory to read %s", name);
    r->file = file;
    r->next_line = 1;
    qk_str_copy(r->name, sizeof r->name, qk_str_of(name));
    qk_code code = read_header(r, separator, err);
    if (code) {
        qk_csv_close(r);
        return code;
    }
    *out = r;
    return QK_OK;
}

qk_code qk_csv_open_text(qk_csv_reader **out, qk_str text, const char *name, char separator,
                         qk_error *err)
{
    *out = NULL;
    if (text.len == 0) return qk_fail(err, QK_EFORMAT, "%s is empty", name);
    char *copy = malloc(text.len);
    FILE *file = NULL;
    if (copy) {
        memcpy(copy, text.ptr, text.len);
        file = fmemopen(copy, text.len, "r");
    }
    if (!file) {
        free(copy);
        return qk_fail(err, QK_ENOMEM, "no memory to read %s", name);
    }
    qk_code code = qk_csv_open(out, file, name, separator, err);
    if (code) {
        fclose(file);
        free(copy);
        return code;
    }
    (*out)->own_file = file;
    (*out)->own_text = copy;
    return QK_OK;
}

void qk_csv_close(qk_csv_reader *r)
{
    if (!r) return;
    if (r->own_file) fclose(r->own_file);
    free(r->own_text);
    free(r->buffer);
    free(r->cells);
    free(r->doubled);
    free(r->heading);
    free(r->header);
    free(r);
}

size_t qk_csv_columns(const qk_csv_reader *r)
{
    return r->columns;
}

qk_str qk_csv_header(const qk_csv_reader *r, size_t column)
{
    return column < r->columns ? r->header[column] : (qk_str){NULL, 0};
}

size_t qk_csv_column(const qk_csv_reader *r, const char *name)
{
    qk_str wanted = qk_str_of(name);
    for (size_t i = 0; i < r->columns; i++) {
        if (qk_str_eq(r->header[i], wanted)) return i;
    }
    for (size_t i = 0; i < r->columns; i++) {
        if (qk_str_eq_nocase(r->header[i], wanted)) return i;
    }
    return SIZE_MAX;
}

size_t qk_csv_column_twice(const qk_csv_reader *r, size_t column)
{
    if (column >= r->columns) return SIZE_MAX;
    for (size_t i = column + 1; i < r->columns; i++)
        if (qk_str_eq(r->header[i], r->header[column])) return i;
    return SIZE_MAX;
}

uint32_t qk_csv_line(const qk_csv_reader *r)
{
    return r->line;
}

void qk_csv_put(qk_buf *out, qk_str cell, bool first)
{
    if (!first) qk_buf_putc(out, ',');
    bool quote = false;
    for (size_t i = 0; i < cell.len; i++) {
        char c = cell.ptr[i];
        quote |= c == ',' || c == '"' || c == '\n' || c == '\r';
    }
    if (!quote) {
        qk_buf_put_str(out, cell);
        return;
    }
    qk_buf_putc(out, '"');
    qk_str rest = cell;
    while (rest.ptr) {
        bool whole = !memchr(rest.ptr, '"', rest.len);
        qk_buf_put_str(out, qk_str_cut(&rest, '"'));
        if (!whole) qk_buf_append(out, "\"\"", 2);
    }
    qk_buf_putc(out, '"');
}

void qk_csv_put_text(qk_buf *out, qk_str cell, bool first)
{
    bool formula = cell.len > 0 && memchr("=+-@\t\r", cell.ptr[0], 6) != NULL;
    if (!formula) {
        qk_csv_put(out, cell, first);
        return;
    }
    qk_buf safe;
    qk_buf_init(&safe, cell.len + 1);
    qk_buf_putc(&safe, '\'');
    qk_buf_put_str(&safe, cell);
    if (safe.failed && !out->failed) out->failed = safe.failed;
    if (!safe.failed) qk_csv_put(out, qk_buf_str(&safe), first);
    qk_buf_clear(&safe);
}

qk_str qk_csv_unguard(qk_str cell)
{
    if (cell.len > 1 && cell.ptr[0] == '\'' && strchr("=+-@\t\r", cell.ptr[1]))
        return (qk_str){cell.ptr + 1, cell.len - 1};
    return cell;
}
