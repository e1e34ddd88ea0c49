/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/plan_file.h"
#include "base/file.h"
#include "domain/confine.h"
#include "domain/plan_docx.h"
#include "plan/text.h"

enum { LITTLE_TEXT = 20 /* characters: less is a scan */ };

static bool starts_with(qk_str s, const char *magic, size_t n)
{
    return s.len >= n && memcmp(s.ptr, magic, n) == 0;
}

/* Characters that are no blanks, up to a few. */
static size_t count_printed(qk_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < 1000; i++)
        n += (unsigned char)s.ptr[i] > ' ' && ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

static qk_code read_plain(qk_buf *text, qk_str bytes, qk_error *err)
{
    if (bytes.len > QK_PLAN_TEXT_MAX)
        return qk_fail(err, QK_EFULL, "a plan may hold at most %d bytes of text, this file has %zu",
                       QK_PLAN_TEXT_MAX, bytes.len);
    qk_code code = qk_text_decode(text, bytes, err);
    if (code == QK_EFORMAT) qk_error_hint(err, "a plan is txt, docx or pdf");
    return code;
}

static qk_code read_pdf(qk_buf *text, qk_str bytes, qk_error *err)
{
    const char *const argv[] = {"pdftotext", "-layout", "-q", "-enc", "UTF-8", "-", "-", NULL};
    QK_TRY(qk_confine_run(text, bytes, argv, QK_PLAN_TEXT_MAX, "the pdf", err));
    if (count_printed(qk_buf_str(text)) >= LITTLE_TEXT) return QK_OK;
    qk_fail(err, QK_EFORMAT, "the pdf holds no text: it is a scan or a picture");
    qk_error_hint(err, "have it recognised (OCR), or ask for the file it was made from");
    return QK_EFORMAT;
}

static qk_code read_docx(qk_buf *text, qk_str bytes, qk_error *err)
{
    const char *const argv[] = {"/proc/self/exe", "plan", "--docx-helper", NULL};
    QK_TRY(qk_confine_run(text, bytes, argv, QK_PLAN_TEXT_MAX, "the docx", err));
    if (count_printed(qk_buf_str(text)) > 0) return QK_OK;
    return qk_fail(err, QK_EFORMAT, "the docx holds no text");
}

qk_code qk_plan_file_text(qk_buf *text, qk_str bytes, const char *name, qk_error *err)
{
    qk_error own = {0};
    qk_code code;
    if (!err) err = &own;
    if (starts_with(bytes, "%PDF-", 5)) {
        code = read_pdf(text, bytes, err);
    } else if (starts_with(bytes, "PK\x03\x04", 4)) {
        code = read_docx(text, bytes, err);
    } else if (starts_with(bytes, "\xD0\xCF\x11\xE0", 4)) {
        code = qk_fail(err, QK_EUNSUPPORTED, "this is an old Word or WPS file (.doc, .wps)");
        qk_error_hint(err, "save it as docx or pdf");
    } else if (starts_with(bytes, "{\\rtf", 5) || starts_with(bytes, "\x89PNG", 4) ||
               starts_with(bytes, "\xFF\xD8\xFF", 3) || starts_with(bytes, "Rar!", 4) ||
               starts_with(bytes, "7z\xBC\xAF", 4) || starts_with(bytes, "\x1F\x8B", 2)) {
        code = qk_fail(err, QK_EUNSUPPORTED,
                       "this is a picture, an archive or rtf, not a plan's text");
        qk_error_hint(err, "a plan is txt, docx or pdf");
    } else {
        code = read_plain(text, bytes, err);
    }
    if (code != QK_OK) qk_error_at(err, name, err->line, err->column);
    return code;
}

qk_code qk_plan_file_read(qk_buf *text, const char *path, qk_error *err)
{
    qk_buf bytes;
    qk_code code;
    qk_buf_init(&bytes, QK_PLAN_FILE_MAX);
    code = qk_file_read(&bytes, path, err);
    if (code == QK_OK) code = qk_plan_file_text(text, qk_buf_str(&bytes), path, err);
    qk_buf_clear(&bytes);
    return code;
}

int qk_plan_file_helper(int fd)
{
    qk_buf text;
    qk_error err = {0};
    qk_confine_tighten();
    qk_buf_init(&text, QK_PLAN_TEXT_MAX);
    qk_code code = qk_plan_docx_read(&text, fd, &err);
    int status = qk_confine_answer(&text, code, &err);
    qk_buf_clear(&text);
    return status;
}
