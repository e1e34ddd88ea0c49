/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_PLAN_FILE_H
#define QK_DOMAIN_PLAN_FILE_H
/* A plan's text out of the files in which plans come: txt (UTF-8; GB 18030 and UTF-16 are turned
 * into it), docx, pdf that holds text.
 *
 * docx and pdf are opened in a process of its own (docx by this program, pdf by pdftotext), which
 * may open no socket, has 20 s of CPU, 512 MiB of address space, 16 open files, writes no file and
 * gives at most QK_PLAN_TEXT_MAX bytes. Refusals name what is wrong: QK_EFORMAT (no text in it,
 * hostile XML, not the form it says), QK_EFULL (too large, or it unpacks to more), QK_ETIMEOUT,
 * QK_EUNSUPPORTED (.doc, pictures, other archives). Any thread. */
#include "base/memory.h"

enum { QK_PLAN_FILE_MAX = 32 << 20 };

/* Appends the text of the file ("-": standard input) to *text, in UTF-8. */
QK_NODISCARD qk_code qk_plan_file_read(qk_buf *text, const char *path, qk_error *err);
/* As qk_plan_file_read from bytes in memory; name is for messages. */
QK_NODISCARD qk_code qk_plan_file_text(qk_buf *text, qk_str bytes, const char *name, qk_error *err);
/* What the helper process does: docx on fd in, text (or on failure the reason) on standard output.
 * Returns its exit status. */
int qk_plan_file_helper(int fd);
#endif
