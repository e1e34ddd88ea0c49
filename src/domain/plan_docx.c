/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/plan_docx.h"
#include "plan/text.h"
#include <archive.h>
#include <archive_entry.h>
#include <expat.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ENTRIES_MAX = 4096,
    PART_MAX = 64 << 20,
    RATIO_MAX = 400, /* unpacked to packed, beyond the first megabyte */
    DEPTH_MAX = 256,
    LISTS_MAX = 256,
    LEVELS = 9,
    CELL_MAX = 4096,
    COLUMNS_MAX = 64
};

/* What a cell that goes on downwards holds: bytes of the text already written. */
typedef struct held {
    size_t from, len;
} held;

typedef struct level {
    char format[24]; /* of w:numFmt */
    char text[40];   /* "%1、" */
    uint32_t start;
} level;

typedef struct list_style {
    int64_t id; /* w:abstractNumId */
    level levels[LEVELS];
} list_style;

typedef struct list_use {
    int64_t id; /* w:numId */
    int32_t style;
    uint32_t count[LEVELS];
} list_use;

typedef struct reader {
    qk_buf *text;
    XML_Parser parser;
    qk_code failed;
    qk_error *err;
    uint32_t depth, table, skip; /* skip: inside something whose text does not count */
    bool in_text, row_begun, cell_merged;
    uint32_t span, column; /* columns of the cell; the one it begins in */
    held above[COLUMNS_MAX];
    size_t paragraph, cell; /* where they begin in the text */
    int64_t num_id;
    uint32_t num_level;
    bool numbered;
    list_style *styles;
    uint32_t style_count;
    list_use *uses;
    uint32_t use_count;
    uint32_t at_level;
} reader;

static void stop(reader *r, qk_code code, const char *what)
{
    if (r->failed == QK_OK) r->failed = qk_fail(r->err, code, "%s", what);
    XML_StopParser(r->parser, XML_FALSE);
}

/* Names come as "namespace|local"; the local part is enough, all prefixes of the format agree. */
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

static int64_t number_of(const char **attributes, const char *name, int64_t fallback)
{
    int64_t v;
    const char *text = attribute(attributes, name);
    return text && qk_parse_i64(&v, qk_str_of(text)) == QK_OK ? v : fallback;
}

static void put_chinese(qk_buf *out, uint32_t n)
{
    static const char *const digits[] = {"〇", "一", "二", "三", "四",
                                         "五", "六", "七", "八", "九"};
    if (n >= 100 || n == 0) {
        qk_buf_printf(out, "%u", n);
        return;
    }
    if (n >= 20) qk_buf_puts(out, digits[n / 10]);
    if (n >= 10) qk_buf_puts(out, "十");
    if (n % 10) qk_buf_puts(out, digits[n % 10]);
}

static void put_number(qk_buf *out, const char *format, uint32_t n)
{
    char sign[4];
    if (strstr(format, "chinese") || strstr(format, "japanese") ||
        strstr(format, "ideographTraditional") || strstr(format, "taiwanese"))
        put_chinese(out, n);
    else if (strstr(format, "nclosedCircle") && n >= 1 && n <= 20)
        qk_buf_append(out, sign, qk_utf8_put(sign, 0x2460 + n - 1));
    else
        qk_buf_printf(out, "%u", n);
}

static list_use *find_use(reader *r, int64_t id)
{
    for (uint32_t i = 0; i < r->use_count; i++)
        if (r->uses[i].id == id) return &r->uses[i];
    return NULL;
}

/* The automatic number that Word shows before a paragraph. */
static void put_label(reader *r)
{
    list_use *use = find_use(r, r->num_id);
    if (!use || use->style < 0 || r->num_level >= LEVELS) return;
    const level *levels = r->styles[use->style].levels;
    const level *own = &levels[r->num_level];
    if (strcmp(own->format, "bullet") == 0 || strcmp(own->format, "none") == 0) return;
    use->count[r->num_level] = use->count[r->num_level] ? use->count[r->num_level] + 1
                               : own->start             ? own->start
                                                        : 1;
    for (uint32_t l = r->num_level + 1; l < LEVELS; l++) use->count[l] = 0;
    for (const char *c = own->text; *c; c++) {
        if (c[0] == '%' && c[1] >= '1' && c[1] <= '9') {
            uint32_t l = (uint32_t)(c[1] - '1');
            put_number(r->text, levels[l].format, use->count[l] ? use->count[l] : 1);
            c++;
        } else {
            qk_buf_putc(r->text, *c);
        }
    }
}

static void begin_text(reader *r)
{
    if (r->numbered && r->text->len == r->paragraph) put_label(r);
    r->numbered = false;
    r->in_text = true;
}

static bool is_skipped(const char *name)
{
    return strcmp(name, "Fallback") == 0 || strcmp(name, "del") == 0 ||
           strcmp(name, "moveFrom") == 0 || strcmp(name, "instrText") == 0 ||
           strcmp(name, "footnoteReference") == 0;
}

static void start_cell(reader *r)
{
    if (r->row_begun) qk_buf_putc(r->text, '\t');
    r->column = r->row_begun ? r->column + r->span : 0;
    r->row_begun = true;
    r->cell_merged = false;
    r->span = 1;
    r->cell = r->text->len;
}

static void XMLCALL on_start(void *context, const char *full, const char **attributes)
{
    reader *r = context;
    const char *name = local_name(full), *val;
    if (++r->depth > DEPTH_MAX) {
        stop(r, QK_EFORMAT, "the XML of the document is nested more than 256 deep");
        return;
    }
    if (r->skip || is_skipped(name)) {
        r->skip++;
        return;
    }
    if (strcmp(name, "t") == 0)
        begin_text(r);
    else if (strcmp(name, "p") == 0) {
        r->paragraph = r->text->len;
        r->numbered = false;
        r->num_level = 0;
    } else if (strcmp(name, "ilvl") == 0) {
        r->num_level = (uint32_t)number_of(attributes, "val", 0);
    } else if (strcmp(name, "numId") == 0) {
        r->num_id = number_of(attributes, "val", 0);
        r->numbered = r->num_id > 0;
    } else if (strcmp(name, "tab") == 0 && !attribute(attributes, "pos")) {
        qk_buf_putc(r->text, r->table ? ' ' : '\t');
    } else if (strcmp(name, "br") == 0 || strcmp(name, "cr") == 0) {
        qk_buf_putc(r->text, r->table ? ' ' : '\n');
    } else if (strcmp(name, "tbl") == 0) {
        if (r->table++ == 0) memset(r->above, 0, sizeof r->above);
    } else if (strcmp(name, "tr") == 0 && r->table == 1) {
        r->row_begun = false;
    } else if (strcmp(name, "tc") == 0 && r->table == 1) {
        start_cell(r);
    } else if (strcmp(name, "gridSpan") == 0) {
        int64_t n = number_of(attributes, "val", 1);
        r->span = n > 1 && n < 64 ? (uint32_t)n : 1;
    } else if (strcmp(name, "vMerge") == 0) {
        val = attribute(attributes, "val");
        r->cell_merged = !val || strcmp(val, "restart") != 0;
    }
}

static void put_empty(reader *r)
{
    char mark[4];
    qk_buf_append(r->text, mark, qk_utf8_put(mark, QK_PLAN_EMPTY_CELL));
}

/* A cell that is merged downwards says the same in each of its rows. What a program left in the
 * lower ones is not shown. */
static void end_cell(reader *r)
{
    held *above = &r->above[r->column < COLUMNS_MAX ? r->column : COLUMNS_MAX - 1];
    if (r->text->failed != QK_OK) return;
    if (r->cell_merged) {
        r->text->len = r->cell;
        char *room = qk_buf_reserve(r->text, above->len);
        if (!room) return;
        memcpy(room, r->text->ptr + above->from, above->len);
        r->text->len += above->len;
    }
    if (r->text->len == r->cell) put_empty(r);
    *above = (held){r->cell, r->text->len - r->cell};
    for (uint32_t i = 1; i < r->span; i++) {
        qk_buf_putc(r->text, '\t');
        put_empty(r);
    }
}

static void XMLCALL on_end(void *context, const char *full)
{
    reader *r = context;
    const char *name = local_name(full);
    r->depth--;
    if (r->skip) {
        r->skip--;
        return;
    }
    if (strcmp(name, "t") == 0)
        r->in_text = false;
    else if (strcmp(name, "p") == 0) {
        if (!r->table) qk_buf_putc(r->text, '\n');
    } else if (strcmp(name, "tc") == 0 && r->table == 1)
        end_cell(r);
    else if (strcmp(name, "tr") == 0 && r->table == 1)
        qk_buf_putc(r->text, '\n');
    else if (strcmp(name, "tbl") == 0 && r->table)
        r->table--;
    if (r->text->failed != QK_OK)
        stop(r, r->text->failed, "the document holds more text than a plan may");
}

static void XMLCALL on_text(void *context, const char *text, int len)
{
    reader *r = context;
    if (!r->in_text || r->skip) return;
    if (r->table && r->text->len - r->cell > CELL_MAX) return;
    qk_buf_append(r->text, text, (size_t)len);
}

static void XMLCALL on_doctype(void *context, const char *name, const char *system_id,
                               const char *public_id, int internal)
{
    (void)name, (void)system_id, (void)public_id, (void)internal;
    stop(context, QK_EFORMAT, "the document declares a DOCTYPE, which no docx has");
}

/* numbering.xml */
static void XMLCALL on_list_start(void *context, const char *full, const char **attributes)
{
    reader *r = context;
    if (!r->styles || !r->uses) return;
    const char *name = local_name(full), *val = attribute(attributes, "val");
    list_style *style = r->style_count ? &r->styles[r->style_count - 1] : NULL;
    level *l = style && r->at_level < LEVELS ? &style->levels[r->at_level] : NULL;
    if (++r->depth > DEPTH_MAX) {
        stop(r, QK_EFORMAT, "the XML of the numbering is nested more than 256 deep");
    } else if (strcmp(name, "abstractNum") == 0 && r->style_count < LISTS_MAX) {
        r->styles[r->style_count] = (list_style){.id = number_of(attributes, "abstractNumId", -1)};
        r->style_count++;
    } else if (strcmp(name, "lvl") == 0) {
        r->at_level = (uint32_t)number_of(attributes, "ilvl", 0);
    } else if (strcmp(name, "start") == 0 && l) {
        l->start = (uint32_t)number_of(attributes, "val", 1);
    } else if (strcmp(name, "numFmt") == 0 && l && val) {
        qk_str_copy(l->format, sizeof l->format, qk_str_of(val));
    } else if (strcmp(name, "lvlText") == 0 && l && val) {
        qk_str_copy(l->text, sizeof l->text, qk_str_of(val));
    } else if (strcmp(name, "num") == 0 && r->use_count < LISTS_MAX) {
        r->uses[r->use_count] = (list_use){.id = number_of(attributes, "numId", 0), .style = -1};
        r->use_count++;
        r->at_level = LEVELS;
    } else if (strcmp(name, "abstractNumId") == 0 && r->use_count) {
        for (uint32_t i = 0; i < r->style_count; i++)
            if (r->styles[i].id == number_of(attributes, "val", -1))
                r->uses[r->use_count - 1].style = (int32_t)i;
    }
}

static void XMLCALL on_list_end(void *context, const char *full)
{
    reader *r = context;
    (void)full;
    if (r->styles && r->uses) r->depth--;
}

static qk_code parse_part(reader *r, qk_str xml, bool lists, const char *what)
{
    qk_code code = QK_OK;
    r->depth = 0;
    r->parser = XML_ParserCreateNS(NULL, '|');
    if (!r->parser) return qk_fail(r->err, QK_ENOMEM, "no memory to read XML");
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, lists ? on_list_start : on_start,
                          lists ? on_list_end : on_end);
    if (!lists) XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    if (XML_Parse(r->parser, xml.ptr ? xml.ptr : "", (int)xml.len, 1) != XML_STATUS_OK) {
        code = r->failed;
        if (code == QK_OK) {
            qk_fail(r->err, QK_EFORMAT, "%s is broken XML: %s", what,
                    XML_ErrorString(XML_GetErrorCode(r->parser)));
            qk_error_at(r->err, NULL, (uint32_t)XML_GetCurrentLineNumber(r->parser),
                        (uint32_t)XML_GetCurrentColumnNumber(r->parser) + 1);
            code = QK_EFORMAT;
        }
    }
    XML_ParserFree(r->parser);
    return code;
}

qk_code qk_plan_docx_text(qk_buf *text, qk_str document, qk_str numbering, qk_error *err)
{
    reader r = {.text = text, .err = err};
    qk_code code;
    r.styles = calloc(LISTS_MAX, sizeof *r.styles);
    r.uses = calloc(LISTS_MAX, sizeof *r.uses);
    if (!r.styles || !r.uses) {
        code = qk_fail(err, QK_ENOMEM, "no memory to read a document");
        goto out;
    }
    if (numbering.len) QK_TRY_OUT(code, parse_part(&r, numbering, true, "word/numbering.xml"));
    QK_TRY_OUT(code, parse_part(&r, document, false, "word/document.xml"));
    if (text->failed != QK_OK)
        code = qk_fail(err, text->failed, "the document holds more text than a plan may");
out:
    free(r.styles);
    free(r.uses);
    return code;
}

static qk_code read_part(struct archive *a, qk_buf *out, const char *name, int64_t packed,
                         qk_error *err)
{
    char block[1 << 15];
    la_ssize_t n;
    if (out->len) return qk_fail(err, QK_EFORMAT, "%s stands twice in the archive", name);
    while ((n = archive_read_data(a, block, sizeof block)) > 0) {
        qk_buf_append(out, block, (size_t)n);
        if (out->failed != QK_OK)
            return qk_fail(err, QK_EFULL, "%s unpacks to more than %d bytes", name, PART_MAX);
        if (out->len > 1 << 20 && (int64_t)(out->len / RATIO_MAX) > packed)
            return qk_fail(err, QK_EFULL, "%s unpacks to more than %d times the size of the file",
                           name, RATIO_MAX);
    }
    if (n < 0)
        return qk_fail(err, QK_EFORMAT, "%s cannot be unpacked: the archive is damaged", name);
    return QK_OK;
}

static qk_code read_parts(struct archive *a, qk_buf *document, qk_buf *numbering, int64_t size,
                          qk_error *err)
{
    struct archive_entry *entry;
    uint32_t entries = 0;
    int status;
    while ((status = archive_read_next_header(a, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN) {
        const char *name = archive_entry_pathname(entry);
        if (++entries > ENTRIES_MAX)
            return qk_fail(err, QK_EFULL, "the archive holds more than %d files", ENTRIES_MAX);
        if (!name) continue;
        if (strcmp(name, "word/document.xml") == 0) QK_TRY(read_part(a, document, name, size, err));
        if (strcmp(name, "word/numbering.xml") == 0)
            QK_TRY(read_part(a, numbering, name, size, err));
        if (document->len && numbering->len) break;
    }
    if (!document->len)
        return qk_fail(err, QK_EFORMAT,
                       entries ? "this archive is no docx: it holds no word/document.xml"
                               : "this is no zip archive, or a damaged one");
    return QK_OK;
}

qk_code qk_plan_docx_read(qk_buf *text, int fd, qk_error *err)
{
    struct archive *a = archive_read_new();
    qk_buf document, numbering;
    qk_code code;
    qk_buf_init(&document, PART_MAX);
    qk_buf_init(&numbering, 8 << 20);
    int64_t size = lseek(fd, 0, SEEK_END);
    if (!a) {
        code = qk_fail(err, QK_ENOMEM, "no memory to open an archive");
        goto out;
    }
    archive_read_support_format_zip(a);
    if (size < 0 || lseek(fd, 0, SEEK_SET) != 0 ||
        archive_read_open_fd(a, fd, 1 << 16) != ARCHIVE_OK) {
        code = qk_fail(err, QK_EFORMAT, "this is no zip archive, or a damaged one");
        goto out;
    }
    QK_TRY_OUT(code, read_parts(a, &document, &numbering, size, err));
    code = qk_plan_docx_text(text, qk_buf_str(&document), qk_buf_str(&numbering), err);
out:
    archive_read_free(a);
    qk_buf_clear(&document);
    qk_buf_clear(&numbering);
    return code;
}
