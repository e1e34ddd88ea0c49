/* SPDX-License-Identifier: Apache-2.0 */
/* The archive around a workbook: its parts, the helper process, and writing one. */
#include "base/decimal.h"
#include "base/file.h"
#include "domain/confine.h"
#include "domain/sheet_xlsx.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

enum {
    ENTRIES_MAX = 4096,
    PART_MAX = 64 << 20,
    SMALL_PART_MAX = 4 << 20,
    RATIO_MAX = 400, /* unpacked to packed, beyond the first megabyte */
    PATH_BYTES = 200
};

/* ---- reading ---- */

typedef struct part {
    const char *name;
    qk_buf bytes;
} part;

static qk_code read_part(struct archive *a, part *p, int64_t packed, qk_error *err)
{
    char block[1 << 15];
    la_ssize_t n;
    if (p->bytes.len) return qk_fail(err, QK_EFORMAT, "%s stands twice in the archive", p->name);
    while ((n = archive_read_data(a, block, sizeof block)) > 0) {
        qk_buf_append(&p->bytes, block, (size_t)n);
        if (p->bytes.failed)
            return qk_fail(err, QK_EFULL, "%s unpacks to more than %zu bytes", p->name,
                           p->bytes.ceiling);
        if (p->bytes.len > 1 << 20 && (int64_t)(p->bytes.len / RATIO_MAX) > packed)
            return qk_fail(err, QK_EFULL, "%s unpacks to more than %d times the size of the file",
                           p->name, RATIO_MAX);
    }
    return n < 0
               ? qk_fail(err, QK_EFORMAT, "%s cannot be unpacked: the archive is damaged", p->name)
               : QK_OK;
}

static qk_code walk_archive(struct archive *a, part *parts, size_t n, int64_t size, qk_error *err)
{
    struct archive_entry *entry;
    uint32_t entries = 0;
    int status;
    while ((status = archive_read_next_header(a, &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN) {
        const char *name = archive_entry_pathname(entry);
        if (++entries > ENTRIES_MAX)
            return qk_fail(err, QK_EFULL, "the archive holds more than %d files", ENTRIES_MAX);
        for (size_t i = 0; name && i < n; i++)
            if (strcmp(name, parts[i].name) == 0) QK_TRY(read_part(a, &parts[i], size, err));
    }
    return entries ? QK_OK : qk_fail(err, QK_EFORMAT, "this is no zip archive, or a damaged one");
}

/* The parts of these names out of the archive on fd; those that are not there stay empty. */
static qk_code read_parts(part *parts, size_t n, int fd, qk_error *err)
{
    struct archive *a = archive_read_new();
    qk_code code;
    int64_t size = lseek(fd, 0, SEEK_END);
    if (!a) return qk_fail(err, QK_ENOMEM, "no memory to open an archive");
    archive_read_support_format_zip(a);
    if (size < 0 || lseek(fd, 0, SEEK_SET) != 0 ||
        archive_read_open_fd(a, fd, 1 << 16) != ARCHIVE_OK)
        code = qk_fail(err, QK_EFORMAT, "this is no zip archive, or a damaged one");
    else
        code = walk_archive(a, parts, n, size, err);
    archive_read_free(a);
    return code;
}

/* Value of an attribute in the first element of this name behind `from`. The parts that say which
 * sheet is the first are made by programs; what cannot be read this way leaves the usual name. */
static qk_str attribute_of(qk_str xml, const char *element, const char *attribute,
                           const char *holding)
{
    size_t at = 0;
    qk_str open = qk_str_of(element);
    while ((at = qk_str_find(xml, open, at)) != SIZE_MAX) {
        qk_str rest = {xml.ptr + at, xml.len - at};
        qk_str tag = {rest.ptr, qk_str_find(rest, QK_STR(">"), 0)};
        at += open.len;
        if (tag.len == SIZE_MAX) break;
        if (holding && qk_str_find(tag, qk_str_of(holding), 0) == SIZE_MAX) continue;
        size_t value = qk_str_find(tag, qk_str_of(attribute), 0);
        if (value == SIZE_MAX) continue;
        value += strlen(attribute);
        qk_str out = {tag.ptr + value, tag.len - value};
        out.len = qk_str_find(out, QK_STR("\""), 0);
        return out.len == SIZE_MAX ? (qk_str){NULL, 0} : out;
    }
    return (qk_str){NULL, 0};
}

static void name_first_sheet(char out[PATH_BYTES], qk_str workbook, qk_str relations)
{
    char id[80], holding[90];
    qk_str rid = attribute_of(workbook, "<sheet ", "r:id=\"", NULL), target = {NULL, 0};
    snprintf(out, PATH_BYTES, "xl/worksheets/sheet1.xml");
    if (!rid.len || rid.len >= sizeof id) return;
    qk_str_copy(id, sizeof id, rid);
    snprintf(holding, sizeof holding, "Id=\"%s\"", id);
    target = attribute_of(relations, "<Relationship ", "Target=\"", holding);
    if (!target.len || target.len > PATH_BYTES - 8) return;
    if (target.ptr[0] == '/')
        snprintf(out, PATH_BYTES, "%.*s", (int)target.len - 1, target.ptr + 1);
    else
        snprintf(out, PATH_BYTES, "xl/%.*s", QK_STR_ARG(target));
}

qk_code qk_xlsx_read(qk_buf *csv, int fd, qk_error *err)
{
    part parts[] = {{"xl/workbook.xml", {0}},
                    {"xl/_rels/workbook.xml.rels", {0}},
                    {"xl/styles.xml", {0}},
                    {"xl/sharedStrings.xml", {0}}};
    char path[PATH_BYTES];
    part sheet = {path, {0}};
    qk_code code;
    for (int i = 0; i < 4; i++) qk_buf_init(&parts[i].bytes, i < 3 ? SMALL_PART_MAX : PART_MAX);
    qk_buf_init(&sheet.bytes, PART_MAX);
    QK_TRY_OUT(code, read_parts(parts, 4, fd, err));
    name_first_sheet(path, qk_buf_str(&parts[0].bytes), qk_buf_str(&parts[1].bytes));
    QK_TRY_OUT(code, read_parts(&sheet, 1, fd, err));
    if (!parts[0].bytes.len || !sheet.bytes.len)
        code = qk_fail(err, QK_EFORMAT, "this archive is no xlsx: it holds no %s",
                       parts[0].bytes.len ? path : parts[0].name);
    else
        code = qk_xlsx_sheet(csv, qk_buf_str(&sheet.bytes), qk_buf_str(&parts[3].bytes),
                             qk_buf_str(&parts[2].bytes), err);
out:
    for (int i = 0; i < 4; i++) qk_buf_clear(&parts[i].bytes);
    qk_buf_clear(&sheet.bytes);
    return code;
}

int qk_xlsx_helper(int fd)
{
    qk_buf csv;
    qk_error err = {0};
    qk_confine_tighten();
    qk_buf_init(&csv, QK_XLSX_TEXT_MAX);
    qk_code code = qk_xlsx_read(&csv, fd, &err);
    int status = qk_confine_answer(&csv, code, &err);
    qk_buf_clear(&csv);
    return status;
}

qk_code qk_xlsx_csv(qk_buf *csv, qk_str bytes, qk_error *err)
{
    const char *const argv[] = {"/proc/self/exe", "plan", "--xlsx-helper", NULL};
    if (bytes.len > QK_XLSX_FILE_MAX)
        return qk_fail(err, QK_EFULL, "a workbook may have at most %d bytes, this one has %zu",
                       QK_XLSX_FILE_MAX, bytes.len);
    return qk_confine_run(csv, bytes, argv, QK_XLSX_TEXT_MAX, "the xlsx", err);
}

/* ---- writing ---- */

struct qk_xlsx_writer {
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *heading;
    lxw_row_t row;
    lxw_col_t column;
    lxw_error failed;
    int fd;
};

static void add_sheet(qk_xlsx_writer *w, qk_str title)
{
    char name[32];
    qk_str_copy(name, sizeof name, title);
    for (char *c = name; *c; c++)
        if (strchr("[]:*?/\\'", *c)) *c = '_';
    w->sheet = workbook_add_worksheet(w->book, name[0] ? name : NULL);
    w->row = 0;
    w->column = 0;
    if (w->sheet) worksheet_freeze_panes(w->sheet, 1, 0);
}

void qk_xlsx_next_sheet(qk_xlsx_writer *w, qk_str title)
{
    lxw_worksheet *before = w->sheet;
    add_sheet(w, title);
    if (w->sheet) return;
    w->sheet = before;
    if (w->failed == LXW_NO_ERROR) w->failed = LXW_ERROR_MEMORY_MALLOC_FAILED;
}

void qk_xlsx_set_time(qk_xlsx_writer *w, qk_time made)
{
    lxw_doc_properties properties = {.created = (time_t)(made / QK_SECOND)};
    lxw_error failed = workbook_set_properties(w->book, &properties);
    if (w->failed == LXW_NO_ERROR) w->failed = failed;
}

/* The library writes to a path; this one leads to a file in memory. */
qk_code qk_xlsx_begin(qk_xlsx_writer **out, qk_str title, qk_error *err)
{
    char path[40];
    qk_xlsx_writer *w = calloc(1, sizeof *w);
    if (!w) return qk_fail(err, QK_ENOMEM, "no memory for a workbook");
    w->fd = memfd_create("workbook", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", w->fd);
    w->book = w->fd < 0 ? NULL : workbook_new(path);
    if (w->book) add_sheet(w, title);
    if (w->book) w->heading = workbook_add_format(w->book);
    if (!w->sheet || !w->heading) {
        qk_code code = qk_fail(err, QK_ENOMEM, "no memory for a workbook");
        if (w->book) lxw_workbook_free(w->book);
        if (w->fd >= 0) close(w->fd);
        free(w);
        return code;
    }
    format_set_bold(w->heading);
    *out = w;
    return QK_OK;
}

void qk_xlsx_cell(qk_xlsx_writer *w, qk_str text, bool number)
{
    char cell[QK_XLSX_COLUMNS * 32];
    double value = 0;
    lxw_error failed = LXW_NO_ERROR;
    lxw_format *format = w->row == 0 ? w->heading : NULL;
    if (number && qk_parse_f64(&value, text) == QK_OK) {
        failed = worksheet_write_number(w->sheet, w->row, w->column, value, format);
    } else if (text.len) {
        qk_str_copy(cell, sizeof cell, text);
        failed = worksheet_write_string(w->sheet, w->row, w->column, cell, format);
    }
    if (w->failed == LXW_NO_ERROR) w->failed = failed;
    w->column++;
}

void qk_xlsx_row(qk_xlsx_writer *w)
{
    w->row++;
    w->column = 0;
}

static qk_code take_file(qk_buf *out, int fd, qk_error *err)
{
    char block[1 << 15];
    ssize_t n;
    if (lseek(fd, 0, SEEK_SET) != 0) return qk_fail_errno(err, errno, "the workbook");
    while ((n = read(fd, block, sizeof block)) > 0) qk_buf_append(out, block, (size_t)n);
    if (n < 0) return qk_fail_errno(err, errno, "the workbook");
    return out->failed ? qk_fail(err, out->failed, "no room for the workbook") : QK_OK;
}

qk_code qk_xlsx_end(qk_xlsx_writer *w, qk_buf *out, qk_error *err)
{
    qk_code code = QK_OK;
    lxw_error closed = workbook_close(w->book);
    if (w->failed != LXW_NO_ERROR || closed != LXW_NO_ERROR)
        code = qk_fail(err, QK_EIO, "the workbook could not be written: %s",
                       lxw_strerror(w->failed != LXW_NO_ERROR ? w->failed : closed));
    if (!code) code = take_file(out, w->fd, err);
    close(w->fd);
    free(w);
    return code;
}
