/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/sheet_xlsx.h"
#include "base/csv.h"
#include "base/time.h"
#include <expat.h>
#include <stdlib.h>

enum {
    DEPTH_MAX = 64,
    STYLES_MAX = 4096,
    STRINGS_MAX = 1 << 20,
    CELL_MAX = 32767, /* what a cell may hold */
    FORMATS_MAX = 512,
    FIRST_OWN_FORMAT = 164
};

typedef struct reader {
    XML_Parser parser;
    qk_error *err;
    qk_code failed;
    uint32_t depth;
    bool in_text, in_runs; /* in_runs: phonetic marks, which are no text */
    /* strings */
    qk_buf *strings;
    size_t *string_at; /* beginnings, and one end */
    size_t string_count;
    /* styles */
    uint32_t date_formats[FORMATS_MAX];
    size_t date_format_count;
    bool in_cells;
    bool style_is_date[STYLES_MAX];
    size_t style_count;
    /* sheet */
    qk_buf *csv;
    qk_buf value;
    char kind[12];
    size_t style;
    uint32_t row, column; /* of the cell that is read, from 1 */
    uint32_t put_rows, put_columns;
    uint32_t width; /* of the first row */
    bool in_cell;
} reader;

static void stop(reader *r, qk_code code, const char *what)
{
    if (r->failed == QK_OK) r->failed = qk_fail(r->err, code, "%s", what);
    XML_StopParser(r->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *bar = strrchr(name, '|');
    return bar ? bar + 1 : name;
}

static const char *attribute(const char **attributes, const char *name)
{
    for (size_t i = 0; attributes[i]; i += 2)
        if (strcmp(local_name(attributes[i]), name) == 0) return attributes[i + 1];
    return NULL;
}

static bool deeper(reader *r)
{
    if (++r->depth <= DEPTH_MAX) return true;
    stop(r, QK_EFORMAT, "the XML of the workbook is nested more than 64 deep");
    return false;
}

static void XMLCALL on_doctype(void *context, const char *name, const char *system_id,
                               const char *public_id, int internal)
{
    (void)name, (void)system_id, (void)public_id, (void)internal;
    stop(context, QK_EFORMAT, "the workbook declares a DOCTYPE, which none has");
}

typedef struct handlers {
    XML_StartElementHandler start;
    XML_EndElementHandler end;
    XML_CharacterDataHandler text;
} handlers;

static qk_code parse_part(reader *r, qk_str xml, const handlers *h, const char *what)
{
    qk_code code = QK_OK;
    r->depth = 0;
    r->in_text = r->in_runs = false;
    r->parser = XML_ParserCreateNS(NULL, '|');
    if (!r->parser) return qk_fail(r->err, QK_ENOMEM, "no memory to read XML");
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, h->start, h->end);
    XML_SetCharacterDataHandler(r->parser, h->text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    if (XML_Parse(r->parser, xml.ptr ? xml.ptr : "", (int)xml.len, 1) != XML_STATUS_OK) {
        code = r->failed;
        if (code == QK_OK) {
            code = qk_fail(r->err, QK_EFORMAT, "%s is broken XML: %s", what,
                           XML_ErrorString(XML_GetErrorCode(r->parser)));
            qk_error_at(r->err, NULL, (uint32_t)XML_GetCurrentLineNumber(r->parser),
                        (uint32_t)XML_GetCurrentColumnNumber(r->parser) + 1);
        }
    }
    XML_ParserFree(r->parser);
    return code;
}

/* ---- shared texts ---- */

static void XMLCALL strings_start(void *context, const char *full, const char **attributes)
{
    reader *r = context;
    const char *name = local_name(full);
    (void)attributes;
    if (!deeper(r)) return;
    if (strcmp(name, "si") == 0) {
        if (r->string_count >= STRINGS_MAX) {
            stop(r, QK_EFULL, "the workbook holds too many texts");
            return;
        }
        r->string_at[r->string_count++] = r->strings->len;
    }
    if (strcmp(name, "rPh") == 0) r->in_runs = true;
    r->in_text = strcmp(name, "t") == 0 && !r->in_runs;
}

static void XMLCALL strings_end(void *context, const char *full)
{
    reader *r = context;
    const char *name = local_name(full);
    r->depth--;
    r->in_text = false;
    if (strcmp(name, "rPh") == 0) r->in_runs = false;
    if (strcmp(name, "si") == 0) r->string_at[r->string_count] = r->strings->len;
}

static void XMLCALL strings_text(void *context, const char *text, int len)
{
    reader *r = context;
    if (!r->in_text || !r->string_count) return;
    qk_buf_append(r->strings, text, (size_t)len);
    if (r->strings->failed) stop(r, QK_EFULL, "the workbook holds too much text");
}

/* ---- styles: which of them show a date ---- */

/* By ECMA-376 part 1, 18.8.30; 27-36 and 50-58 are the dates of Chinese Excel. */
static bool is_date_format(const reader *r, uint32_t id)
{
    if ((id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 ||
        (id >= 50 && id <= 54) || id == 57 || id == 58)
        return true;
    for (size_t i = 0; i < r->date_format_count; i++)
        if (r->date_formats[i] == id) return true;
    return false;
}

/* A format code with y or d outside quotes and brackets. */
static bool shows_date(const char *code)
{
    char closing = 0;
    for (const char *c = code; *c; c++) {
        if (closing) {
            if (*c == closing) closing = 0;
        } else if (*c == '"') {
            closing = '"';
        } else if (*c == '[') {
            closing = ']';
        } else if (*c == '\\' && c[1]) {
            c++;
        } else if (*c == 'y' || *c == 'Y' || *c == 'd' || *c == 'D') {
            return true;
        }
    }
    return false;
}

static uint32_t number_of(const char *text)
{
    int64_t v = 0;
    return text && qk_parse_i64(&v, qk_str_of(text)) == QK_OK && v >= 0 && v < UINT32_MAX
               ? (uint32_t)v
               : 0;
}

static void XMLCALL styles_start(void *context, const char *full, const char **attributes)
{
    reader *r = context;
    const char *name = local_name(full), *code = attribute(attributes, "formatCode");
    uint32_t id = number_of(attribute(attributes, "numFmtId"));
    if (!deeper(r)) return;
    if (strcmp(name, "cellXfs") == 0) r->in_cells = true;
    if (strcmp(name, "numFmt") == 0 && code && id >= FIRST_OWN_FORMAT && shows_date(code) &&
        r->date_format_count < FORMATS_MAX)
        r->date_formats[r->date_format_count++] = id;
    if (strcmp(name, "xf") == 0 && r->in_cells && r->style_count < STYLES_MAX)
        r->style_is_date[r->style_count++] = is_date_format(r, id);
}

static void XMLCALL styles_end(void *context, const char *full)
{
    reader *r = context;
    r->depth--;
    if (strcmp(local_name(full), "cellXfs") == 0) r->in_cells = false;
}

static void XMLCALL no_text(void *context, const char *text, int len)
{
    (void)context, (void)text, (void)len;
}

/* ---- the sheet ---- */

/* "AB12" into column and row; what is not given is the next one. */
static void place_cell(reader *r, const char *reference)
{
    uint32_t column = 0, row = 0;
    r->column++;
    if (!reference) return;
    for (; *reference >= 'A' && *reference <= 'Z' && column < 100000; reference++)
        column = column * 26 + (uint32_t)(*reference - 'A' + 1);
    row = number_of(reference);
    if (column) r->column = column;
    if (row) r->row = row;
}

static void begin_row(reader *r, const char *number)
{
    uint32_t row = number_of(number);
    r->row = row ? row : r->row + 1;
    r->column = 0;
}

static void begin_cell(reader *r, const char **attributes)
{
    const char *kind = attribute(attributes, "t");
    place_cell(r, attribute(attributes, "r"));
    r->style = number_of(attribute(attributes, "s"));
    qk_str_copy(r->kind, sizeof r->kind, qk_str_of(kind ? kind : "n"));
    qk_buf_reset(&r->value);
    r->in_cell = true;
}

static void XMLCALL sheet_start(void *context, const char *full, const char **attributes)
{
    reader *r = context;
    const char *name = local_name(full);
    if (!deeper(r)) return;
    if (strcmp(name, "row") == 0) begin_row(r, attribute(attributes, "r"));
    if (strcmp(name, "c") == 0) begin_cell(r, attributes);
    if (strcmp(name, "rPh") == 0) r->in_runs = true;
    r->in_text = r->in_cell && !r->in_runs && (strcmp(name, "v") == 0 || strcmp(name, "t") == 0);
}

/* A day of Excel's calendar since 1900 (25569 = 1970-01-01). */
static bool put_date(qk_buf *out, qk_str digits)
{
    double serial = 0;
    char text[QK_TIME_TEXT];
    if (qk_parse_f64(&serial, digits) != QK_OK || serial < 61 || serial > 2958465) return false;
    int64_t seconds = (int64_t)(serial * 86400.0 + 0.5) - INT64_C(25569) * 86400;
    qk_time t = seconds * 1000 - QK_CST_OFFSET;
    if (seconds % 86400 == 0)
        qk_date_iso(text, t);
    else
        qk_time_iso(text, t);
    qk_buf_puts(out, text);
    return true;
}

static void put_number(qk_buf *out, qk_str digits)
{
    double v = 0;
    size_t figures = 0;
    for (size_t i = 0; i < digits.len; i++) figures += qk_is_digit(digits.ptr[i]);
    /* Binary fractions are stored with 17 digits; 15 are what was typed. */
    if (figures > 15 && qk_parse_f64(&v, digits) == QK_OK)
        qk_buf_printf(out, "%.15g", v);
    else
        qk_buf_put_str(out, digits);
}

static void put_shared(reader *r, qk_buf *out, qk_str digits)
{
    int64_t i = -1;
    if (qk_parse_i64(&i, digits) != QK_OK || i < 0 || (uint64_t)i >= r->string_count) {
        stop(r, QK_EFORMAT, "a cell names a text that the workbook does not hold");
        return;
    }
    size_t len = r->string_at[i + 1] - r->string_at[i];
    if (len) qk_buf_append(out, r->strings->ptr + r->string_at[i], len); /* all may be empty */
}

/* The line is filled up to the width of the heading. */
static void end_line(reader *r)
{
    if (r->put_rows == 0) r->width = r->put_columns;
    for (; r->put_columns < r->width; r->put_columns++)
        if (r->put_columns) qk_buf_putc(r->csv, ',');
    qk_buf_putc(r->csv, '\n');
    r->put_rows++;
    r->put_columns = 0;
}

/* Rows and columns that the sheet leaves out are empty ones. */
static bool come_to_cell(reader *r)
{
    if (r->row > QK_XLSX_ROWS || r->column > QK_XLSX_COLUMNS) {
        stop(r, QK_EFULL,
             r->row > QK_XLSX_ROWS ? "the sheet has more than 20,000 rows"
                                   : "the sheet has more than 256 columns");
        return false;
    }
    if (r->row <= r->put_rows || (r->row == r->put_rows + 1 && r->column <= r->put_columns)) {
        stop(r, QK_EFORMAT, "the cells of the sheet are not in order");
        return false;
    }
    while (r->put_rows + 1 < r->row && !r->csv->failed) end_line(r);
    for (; r->put_columns + 1 < r->column; r->put_columns++)
        if (r->put_columns) qk_buf_putc(r->csv, ',');
    return true;
}

static void end_cell(reader *r)
{
    qk_buf out;
    qk_str digits = qk_str_trim(qk_buf_str(&r->value));
    r->in_cell = false;
    if (!r->value.len) return;
    qk_buf_init(&out, CELL_MAX * 4);
    if (strcmp(r->kind, "s") == 0)
        put_shared(r, &out, digits);
    else if (strcmp(r->kind, "b") == 0)
        qk_buf_puts(&out, qk_str_eq(digits, QK_STR("1")) ? "true" : "false");
    else if (strcmp(r->kind, "n") != 0)
        qk_buf_put_str(&out, qk_buf_str(&r->value));
    else if (!(r->style < r->style_count && r->style_is_date[r->style] && put_date(&out, digits)))
        put_number(&out, digits);
    for (size_t i = 0; i < out.len; i++)
        if (out.ptr[i] == '\n' || out.ptr[i] == '\r' || out.ptr[i] == '\0') out.ptr[i] = ' ';
    if (r->failed == QK_OK && out.len && come_to_cell(r)) {
        qk_csv_put(r->csv, qk_buf_str(&out), r->column == 1);
        r->put_columns = r->column;
    }
    if (out.failed || r->csv->failed) stop(r, QK_EFULL, "the sheet holds too much text");
    qk_buf_clear(&out);
}

static void XMLCALL sheet_end(void *context, const char *full)
{
    reader *r = context;
    const char *name = local_name(full);
    r->depth--;
    r->in_text = false;
    if (strcmp(name, "rPh") == 0) r->in_runs = false;
    if (strcmp(name, "c") == 0 && r->in_cell) end_cell(r);
}

static void XMLCALL sheet_text(void *context, const char *text, int len)
{
    reader *r = context;
    if (!r->in_text) return;
    qk_buf_append(&r->value, text, (size_t)len);
    if (r->value.failed) stop(r, QK_EFULL, "a cell holds more than 32,767 characters");
}

qk_code qk_xlsx_sheet(qk_buf *csv, qk_str sheet, qk_str strings, qk_str styles, qk_error *err)
{
    static const handlers on_strings = {strings_start, strings_end, strings_text};
    static const handlers on_styles = {styles_start, styles_end, no_text};
    static const handlers on_sheet = {sheet_start, sheet_end, sheet_text};
    qk_buf texts;
    reader *r = calloc(1, sizeof *r);
    size_t room = strings.len / 5 + 2; /* "<si/>" is the shortest */
    qk_code code;
    qk_buf_init(&texts, QK_XLSX_TEXT_MAX);
    if (r) r->string_at = calloc(room < STRINGS_MAX ? room : STRINGS_MAX + 1, sizeof(size_t));
    if (!r || !r->string_at) {
        free(r);
        return qk_fail(err, QK_ENOMEM, "no memory to read a workbook");
    }
    r->err = err;
    r->strings = &texts;
    r->csv = csv;
    qk_buf_init(&r->value, CELL_MAX * 4);
    if (strings.len) QK_TRY_OUT(code, parse_part(r, strings, &on_strings, "xl/sharedStrings.xml"));
    if (styles.len) QK_TRY_OUT(code, parse_part(r, styles, &on_styles, "xl/styles.xml"));
    QK_TRY_OUT(code, parse_part(r, sheet, &on_sheet, "the sheet"));
    if (r->put_columns) end_line(r);
    if (csv->failed) code = qk_fail(err, QK_EFULL, "the sheet holds too much text");
out:
    qk_buf_clear(&r->value);
    qk_buf_clear(&texts);
    free(r->string_at);
    free(r);
    return code;
}
