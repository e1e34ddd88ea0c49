/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/doc_docx.h"
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

enum { BODY_MAX = 64 << 20, FILE_MAX = 64 << 20, WIDTH = 8844 /* of the text, 1/20 pt */ };

struct qk_docx {
    qk_buf body;
    uint32_t share[QK_DOCX_COLUMNS], sum;
    size_t columns, column; /* of the table that is open; 0 = none */
    bool first_row;
};

#define NAMESPACE "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""
#define XML_HEAD  "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"

static const char content_types[] =
    XML_HEAD "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
             "<Default Extension=\"rels\" "
             "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
             "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
             "<Override PartName=\"/word/document.xml\" "
             "ContentType=\"application/"
             "vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/>"
             "<Override PartName=\"/word/styles.xml\" "
             "ContentType=\"application/"
             "vnd.openxmlformats-officedocument.wordprocessingml.styles+xml\"/>"
             "<Override PartName=\"/word/footer1.xml\" "
             "ContentType=\"application/"
             "vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/></Types>";

#define RELATIONS "xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\""
#define KIND      "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

static const char package_rels[] =
    XML_HEAD "<Relationships " RELATIONS "><Relationship Id=\"r1\" Type=\"" KIND
             "officeDocument\" Target=\"word/document.xml\"/></Relationships>";
static const char document_rels[] =
    XML_HEAD "<Relationships " RELATIONS "><Relationship Id=\"r1\" Type=\"" KIND
             "styles\" Target=\"styles.xml\"/><Relationship Id=\"r2\" Type=\"" KIND
             "footer\" Target=\"footer1.xml\"/></Relationships>";
static const char footer[] =
    XML_HEAD "<w:ftr " NAMESPACE "><w:p><w:pPr><w:jc w:val=\"center\"/></w:pPr><w:r><w:rPr>"
             "<w:sz w:val=\"28\"/></w:rPr><w:t xml:space=\"preserve\">— </w:t></w:r>"
             "<w:r><w:rPr><w:sz w:val=\"28\"/></w:rPr><w:fldChar w:fldCharType=\"begin\"/></w:r>"
             "<w:r><w:rPr><w:sz w:val=\"28\"/></w:rPr><w:instrText>PAGE</w:instrText></w:r>"
             "<w:r><w:rPr><w:sz w:val=\"28\"/></w:rPr><w:fldChar w:fldCharType=\"end\"/></w:r>"
             "<w:r><w:rPr><w:sz w:val=\"28\"/></w:rPr><w:t xml:space=\"preserve\"> —</w:t></w:r>"
             "</w:p></w:ftr>";

/* Fonts by the names that Chinese offices have; where they are missing a program takes its own. */
#define FONT(name) "<w:rFonts w:ascii=\"" name "\" w:hAnsi=\"" name "\" w:eastAsia=\"" name "\"/>"
#define LINE       "<w:spacing w:line=\"560\" w:lineRule=\"exact\"/>"
#define INDENT     "<w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/>"
#define ALIGN(x)   "<w:jc w:val=\"" x "\"/>"
#define SIZE(x)    "<w:sz w:val=\"" x "\"/>"
#define RED_LINE \
    "<w:pBdr><w:bottom w:val=\"single\" w:sz=\"18\" w:space=\"8\" w:color=\"E00000\"/></w:pBdr>"

/* Sizes in half points; the order of qk_docx_style, then cells and headings of tables. */
static const struct {
    const char *id, *paragraph, *run;
} styles[] = {
    {"QkMasthead", RED_LINE "<w:spacing w:before=\"240\" w:after=\"200\"/>" ALIGN("center"),
     FONT("宋体") "<w:b/><w:color w:val=\"E00000\"/>" SIZE("72")},
    {"QkNumber", "<w:spacing w:after=\"320\"/>" ALIGN("center"), SIZE("32")},
    {"QkTitle",
     "<w:spacing w:before=\"240\" w:after=\"240\" w:line=\"640\" w:lineRule=\"exact\"/>" ALIGN(
         "center"),
     FONT("宋体") "<w:b/>" SIZE("44")},
    {"QkHeading", "<w:keepNext/>" LINE INDENT, FONT("黑体") SIZE("32")},
    {"QkText", LINE INDENT ALIGN("both"), SIZE("32")},
    {"QkCaption", "<w:keepNext/><w:spacing w:before=\"240\" w:after=\"120\"/>" ALIGN("center"),
     FONT("黑体") SIZE("28")},
    {"QkSignature", LINE ALIGN("right"), SIZE("32")},
    {"QkCell", "<w:spacing w:line=\"320\" w:lineRule=\"atLeast\"/>", SIZE("21")},
    {"QkHead", "<w:keepNext/>" ALIGN("center"), FONT("黑体") SIZE("21")},
};
enum { CELL = QK_DOCX_SIGNATURE + 1, HEAD };

static void put_styles(qk_buf *out)
{
    qk_buf_puts(out,
                XML_HEAD "<w:styles " NAMESPACE "><w:docDefaults><w:rPrDefault><w:rPr>" FONT("仿宋")
                    SIZE("32") "<w:lang w:eastAsia=\"zh-CN\"/></w:rPr></w:rPrDefault>"
                               "</w:docDefaults>");
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++)
        qk_buf_printf(out,
                      "<w:style w:type=\"paragraph\" w:customStyle=\"1\" w:styleId=\"%s\">"
                      "<w:name w:val=\"%s\"/><w:pPr>%s</w:pPr><w:rPr>%s</w:rPr></w:style>",
                      styles[i].id, styles[i].id, styles[i].paragraph, styles[i].run);
    qk_buf_puts(out, "</w:styles>");
}

/* ---- text ---- */

static bool is_allowed(uint32_t cp)
{
    return cp >= 0x20 && cp != 0x7F && cp != 0xFFFD && cp != 0xFFFE && cp != 0xFFFF;
}

static void put_text(qk_buf *out, qk_str text)
{
    while (text.len) {
        size_t used;
        uint32_t cp = qk_utf8_next(text, &used);
        if (cp == '&')
            qk_buf_puts(out, "&amp;");
        else if (cp == '<')
            qk_buf_puts(out, "&lt;");
        else if (cp == '>')
            qk_buf_puts(out, "&gt;");
        else if (cp == '\n' || cp == '\t')
            qk_buf_putc(out, ' ');
        else if (is_allowed(cp))
            qk_buf_append(out, text.ptr, used);
        text = (qk_str){text.ptr + used, text.len - used};
    }
}

/* A masthead stands on one line: as large as that allows, 36 pt at most. */
static void put_size(qk_docx *d, size_t style, qk_str text)
{
    enum { LARGEST = 72, SMALLEST = 36, ROOM = WIDTH / 10 };
    size_t n = qk_utf8_count(text);
    uint32_t size = n ? (uint32_t)(ROOM / n) : LARGEST;
    if (style != QK_DOCX_MASTHEAD) return;
    size = size > LARGEST ? LARGEST : size < SMALLEST ? SMALLEST : size;
    qk_buf_printf(&d->body, "<w:rPr><w:sz w:val=\"%u\"/></w:rPr>", size);
}

static void put_paragraph(qk_docx *d, size_t style, qk_str text)
{
    qk_buf_printf(&d->body, "<w:p><w:pPr><w:pStyle w:val=\"%s\"/></w:pPr>", styles[style].id);
    if (text.len) {
        qk_buf_puts(&d->body, "<w:r>");
        put_size(d, style, text);
        qk_buf_puts(&d->body, "<w:t xml:space=\"preserve\">");
        put_text(&d->body, text);
        qk_buf_puts(&d->body, "</w:t></w:r>");
    }
    qk_buf_puts(&d->body, "</w:p>");
}

qk_code qk_docx_begin(qk_docx **out, qk_error *err)
{
    qk_docx *d = calloc(1, sizeof *d);
    *out = d;
    if (!d) return qk_fail(err, QK_ENOMEM, "no memory for a document");
    qk_buf_init(&d->body, BODY_MAX);
    qk_buf_puts(&d->body,
                XML_HEAD "<w:document " NAMESPACE
                         " xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/"
                         "relationships\"><w:body>");
    return QK_OK;
}

void qk_docx_paragraph(qk_docx *d, qk_docx_style style, qk_str text)
{
    put_paragraph(d, style, text);
}

/* ---- tables ---- */

void qk_docx_table(qk_docx *d, const uint32_t *share, size_t columns)
{
    static const char *const edges[] = {"top", "left", "bottom", "right", "insideH", "insideV"};
    d->columns = columns < QK_DOCX_COLUMNS ? columns : QK_DOCX_COLUMNS;
    d->column = d->sum = 0;
    d->first_row = true;
    for (size_t i = 0; i < d->columns; i++) d->sum += d->share[i] = share[i];
    qk_buf_printf(&d->body, "<w:tbl><w:tblPr><w:tblW w:w=\"%d\" w:type=\"dxa\"/><w:tblBorders>",
                  WIDTH);
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        qk_buf_printf(&d->body, "<w:%s w:val=\"single\" w:sz=\"4\" w:color=\"000000\"/>", edges[i]);
    qk_buf_puts(&d->body, "</w:tblBorders><w:tblLayout w:type=\"fixed\"/></w:tblPr><w:tblGrid>");
    for (size_t i = 0; i < d->columns; i++)
        qk_buf_printf(&d->body, "<w:gridCol w:w=\"%u\"/>", WIDTH * d->share[i] / d->sum);
    qk_buf_puts(&d->body, "</w:tblGrid>");
}

void qk_docx_cell(qk_docx *d, qk_str text)
{
    if (d->column == 0)
        qk_buf_printf(&d->body, "<w:tr><w:trPr><w:cantSplit/>%s</w:trPr>",
                      d->first_row ? "<w:tblHeader/>" : "");
    qk_buf_printf(&d->body,
                  "<w:tc><w:tcPr><w:tcW w:w=\"%u\" w:type=\"dxa\"/><w:vAlign w:val=\"center\"/>"
                  "</w:tcPr>",
                  WIDTH * d->share[d->column] / d->sum);
    put_paragraph(d, d->first_row ? HEAD : CELL, text);
    qk_buf_puts(&d->body, "</w:tc>");
    if (++d->column < d->columns) return;
    qk_buf_puts(&d->body, "</w:tr>");
    d->column = 0;
    d->first_row = false;
}

void qk_docx_table_end(qk_docx *d)
{
    while (d->column) qk_docx_cell(d, (qk_str){NULL, 0});
    qk_buf_puts(&d->body, "</w:tbl>");
    d->columns = 0;
}

/* ---- the file ---- */

/* No time of day: an entry without one gets the first day of the format. */
static bool put_part(struct archive *a, struct archive_entry *e, const char *name, qk_str bytes)
{
    archive_entry_clear(e);
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)bytes.len);
    return archive_write_header(a, e) == ARCHIVE_OK &&
           archive_write_data(a, bytes.ptr, bytes.len) == (la_ssize_t)bytes.len;
}

static la_ssize_t take_bytes(struct archive *a, void *context, const void *bytes, size_t n)
{
    qk_buf *out = context;
    (void)a;
    qk_buf_append(out, bytes, n);
    return out->failed ? -1 : (la_ssize_t)n;
}

static bool put_parts(struct archive *a, struct archive_entry *e, const qk_docx *d, qk_str sheet)
{
    return put_part(a, e, "[Content_Types].xml", qk_str_of(content_types)) &&
           put_part(a, e, "_rels/.rels", qk_str_of(package_rels)) &&
           put_part(a, e, "word/document.xml", qk_buf_str(&d->body)) &&
           put_part(a, e, "word/_rels/document.xml.rels", qk_str_of(document_rels)) &&
           put_part(a, e, "word/styles.xml", sheet) &&
           put_part(a, e, "word/footer1.xml", qk_str_of(footer)) &&
           archive_write_close(a) == ARCHIVE_OK;
}

static qk_code pack(const qk_docx *d, qk_buf *out, qk_error *err)
{
    struct archive *a = archive_write_new();
    struct archive_entry *e = a ? archive_entry_new() : NULL;
    qk_buf sheet;
    qk_buf_init(&sheet, 1 << 16);
    put_styles(&sheet);
    bool done = e && !sheet.failed && archive_write_set_format_zip(a) == ARCHIVE_OK &&
                archive_write_set_bytes_in_last_block(a, 1) == ARCHIVE_OK &&
                archive_write_open(a, out, NULL, take_bytes, NULL) == ARCHIVE_OK &&
                put_parts(a, e, d, qk_buf_str(&sheet));
    qk_code code = QK_OK;
    if (!done)
        code = qk_fail(err, QK_EIO, "the document could not be packed: %s",
                       a && archive_error_string(a) ? archive_error_string(a) : "no memory");
    qk_buf_clear(&sheet);
    if (e) archive_entry_free(e);
    if (a) archive_write_free(a);
    return code;
}

qk_code qk_docx_end(qk_docx *d, qk_buf *out, qk_error *err)
{
    qk_code code;
    qk_buf_puts(&d->body,
                "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"r2\"/>"
                "<w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"2098\" w:right=\"1474\" "
                "w:bottom=\"1985\" w:left=\"1588\" w:header=\"851\" w:footer=\"1400\" "
                "w:gutter=\"0\"/></w:sectPr></w:body></w:document>");
    code = d->body.failed ? qk_fail(err, d->body.failed, "the document is too large")
                          : pack(d, out, err);
    qk_buf_clear(&d->body);
    free(d);
    return code;
}
