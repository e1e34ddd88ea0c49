/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file_type.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    CHUNK = 64 << 10,
    ZIP_END_BYTES = 22,
    ZIP_ENTRY_BYTES = 46,
    ZIP_TAIL = ZIP_END_BYTES + 65535, /* the end record and the longest comment */
    ZIP_DIRECTORY_MAX = 4 << 20
};

static qk_code refuse(qk_error *err, const char *why)
{
    qk_fail(err, QK_EUNSUPPORTED, "%s", why);
    qk_error_hint(err, "taken are PDF, PNG, JPEG, docx, xlsx and UTF-8 text or CSV");
    return QK_EUNSUPPORTED;
}

static void name_type(char out[QK_FILE_TYPE_MAX], const char *type)
{
    qk_str_copy(out, QK_FILE_TYPE_MAX, qk_str_of(type));
}

/* Reads len bytes at offset, fewer only at the end of the file. */
static qk_code read_at(int fd, uint64_t offset, void *out, size_t len, size_t *got, qk_error *err)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd, (char *)out + *got, len - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return qk_fail_errno(err, errno, "cannot read the file");
        if (n == 0) break;
        *got += (size_t)n;
    }
    return QK_OK;
}

/* ---- ZIP ---- */

static uint32_t le16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}
static uint32_t le32(const unsigned char *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static bool ends_with(qk_str name, const char *suffix)
{
    return qk_str_ends(name, qk_str_of(suffix));
}

typedef struct package {
    bool types, document, workbook, macros;
} package;

static bool look_at_entries(package *found, const unsigned char *directory, size_t len)
{
    size_t at = 0;
    while (at + ZIP_ENTRY_BYTES <= len && le32(directory + at) == 0x02014b50) {
        size_t name_len = le16(directory + at + 28);
        size_t size =
            ZIP_ENTRY_BYTES + name_len + le16(directory + at + 30) + le16(directory + at + 32);
        if (at + size > len) return false;
        qk_str name = {(const char *)directory + at + ZIP_ENTRY_BYTES, name_len};
        if (qk_str_eq(name, QK_STR("[Content_Types].xml"))) found->types = true;
        if (qk_str_eq(name, QK_STR("word/document.xml"))) found->document = true;
        if (qk_str_eq(name, QK_STR("xl/workbook.xml"))) found->workbook = true;
        if (ends_with(name, "vbaProject.bin")) found->macros = true;
        at += size;
    }
    return at == len;
}

/* Finds the directory by the end record, whose comment reaches exactly to the end of the file. */
static bool find_directory(const unsigned char *tail, size_t len, uint64_t size, uint64_t *offset,
                           uint64_t *bytes)
{
    for (size_t at = len - ZIP_END_BYTES + 1; at-- > 0;) {
        if (le32(tail + at) != 0x06054b50) continue;
        if (at + ZIP_END_BYTES + le16(tail + at + 20) != len) continue;
        *bytes = le32(tail + at + 12);
        *offset = le32(tail + at + 16);
        return *bytes <= ZIP_DIRECTORY_MAX && *offset + *bytes <= size;
    }
    return false;
}

static qk_code read_directory(package *found, int fd, uint64_t size, unsigned char *work,
                              qk_error *err)
{
    size_t tail = size < ZIP_TAIL ? (size_t)size : ZIP_TAIL;
    size_t got;
    uint64_t offset;
    uint64_t bytes;
    QK_TRY(read_at(fd, size - tail, work, tail, &got, err));
    if (got < ZIP_END_BYTES || !find_directory(work, got, size, &offset, &bytes))
        return refuse(err, "the ZIP container has no sound directory");
    QK_TRY(read_at(fd, offset, work, (size_t)bytes, &got, err));
    if (got != bytes || !look_at_entries(found, work, got))
        return refuse(err, "the ZIP container has no sound directory");
    return QK_OK;
}

static qk_code type_of_zip(char type[QK_FILE_TYPE_MAX], int fd, uint64_t size, qk_error *err)
{
    package found = {0};
    unsigned char *work = malloc(ZIP_DIRECTORY_MAX);
    if (!work) return qk_fail(err, QK_ENOMEM, "no memory to look at the file");
    qk_code code = read_directory(&found, fd, size, work, err);
    free(work);
    QK_TRY(code);
    if (found.macros) return refuse(err, "documents with macros are not taken");
    if (!found.types || found.document == found.workbook)
        return refuse(err, "this ZIP container is no docx and no xlsx");
    name_type(type, found.document ? "docx" : "xlsx");
    return QK_OK;
}

/* ---- text ---- */

static bool plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 32 && c != '\t' && c != '\n' && c != '\r') || c == 127) return false;
    }
    return qk_utf8_valid((qk_str){text, len});
}

/* Length without a character that goes on behind the end. */
static size_t whole_characters(const char *text, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)text[len - back];
        if (c < 0x80) return len;
        if (c < 0xc0) continue;
        size_t need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        return back < need ? len - back : len;
    }
    return len;
}

static qk_code check_text(int fd, uint64_t size, char *work, qk_error *err)
{
    for (uint64_t at = 0; at < size;) {
        size_t got;
        QK_TRY(read_at(fd, at, work, CHUNK, &got, err));
        size_t whole = at + got < size ? whole_characters(work, got) : got;
        if (whole == 0 || !plain(work, whole))
            return refuse(err, "the file is of a kind that is not taken");
        at += whole;
    }
    return QK_OK;
}

static bool is_markup(qk_str text)
{
    qk_str trimmed = qk_str_trim(text);
    return trimmed.len > 0 && trimmed.ptr[0] == '<';
}

/* Cells of the row at *at, which moves behind it; 0 when the row is not complete. */
static size_t count_cells(qk_str text, size_t *at, char separator, bool last)
{
    bool quoted = false;
    size_t cells = 1;
    for (size_t i = *at; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == separator) cells++;
        if (c != '\n') continue;
        *at = i + 1;
        return cells;
    }
    bool complete = last && !quoted && *at < text.len;
    *at = text.len;
    return complete ? cells : 0;
}

/* Two rows at least, all of the same two cells at least. */
static bool is_table(qk_str text, bool last)
{
    size_t line = qk_str_find(text, QK_STR("\n"), 0);
    bool tab = memchr(text.ptr, '\t', line == SIZE_MAX ? text.len : line) != NULL;
    char separator = tab ? '\t' : ',';
    size_t at = 0;
    size_t columns = count_cells(text, &at, separator, last);
    size_t rows = 1;
    while (at < text.len) {
        size_t cells = count_cells(text, &at, separator, last);
        if (cells == 0) break;
        if (cells != columns) return false;
        rows++;
    }
    return columns >= 2 && rows >= 2;
}

static qk_code type_of_text(char type[QK_FILE_TYPE_MAX], int fd, uint64_t size, char *work,
                            qk_error *err)
{
    size_t got;
    QK_TRY(check_text(fd, size, work, err));
    QK_TRY(read_at(fd, 0, work, CHUNK, &got, err));
    qk_str text = {work, got};
    if (qk_str_starts(text, QK_STR("\xef\xbb\xbf"))) text = (qk_str){work + 3, got - 3};
    if (is_markup(text)) return refuse(err, "markup and scripts are not taken");
    name_type(type, is_table(text, got == size) ? "csv" : "txt");
    return QK_OK;
}

qk_code qk_file_type_of(char type[QK_FILE_TYPE_MAX], int fd, uint64_t size, qk_error *err)
{
    static const struct {
        const char *type;
        qk_str signature;
    } known[] = {
        {"png", {"\x89PNG\r\n\x1a\n", 8}}, {"jpeg", {"\xff\xd8\xff", 3}}, {"pdf", {"%PDF-", 5}}};
    char *work = malloc(CHUNK);
    size_t got = 0;
    type[0] = '\0';
    if (!work) return qk_fail(err, QK_ENOMEM, "no memory to look at the file");
    qk_code code = read_at(fd, 0, work, 16, &got, err);
    qk_str head = {work, got};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (code == QK_OK && qk_str_starts(head, known[i].signature))
            name_type(type, known[i].type);
    if (code == QK_OK && !type[0])
        code = qk_str_starts(head, (qk_str){"PK\x03\x04", 4})
                   ? type_of_zip(type, fd, size, err)
                   : type_of_text(type, fd, size, work, err);
    free(work);
    return code;
}

const char *qk_file_media_type(const char *type)
{
    static const char *const pairs[][2] = {
        {"pdf", "application/pdf"},
        {"png", "image/png"},
        {"jpeg", "image/jpeg"},
        {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {"csv", "text/csv; charset=utf-8"},
        {"txt", "text/plain; charset=utf-8"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (strcmp(pairs[i][0], type) == 0) return pairs[i][1];
    return "application/octet-stream";
}
