/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_PLAN_DOCX_H
#define QK_DOMAIN_PLAN_DOCX_H
/* The text of a docx (ECMA-376 part 1, WordprocessingML): a paragraph a line, a table row a line
 * with its cells apart by tabs (merged cells are empty ones), automatic numbers written out. For
 * the helper process of plan_file.h. No DOCTYPE, no entities, bounded depth, bounded output. One
 * thread at a time. */
#include "base/memory.h"

/* QK_EFORMAT: no zip, no word/document.xml, broken or forbidden XML. QK_EFULL: more entries, a
 * larger part or more text than allowed. */
QK_NODISCARD qk_code qk_plan_docx_read(qk_buf *text, int fd, qk_error *err);
/* The same from one part's XML; numbering may be empty. */
QK_NODISCARD qk_code qk_plan_docx_text(qk_buf *text, qk_str document, qk_str numbering,
                                       qk_error *err);
#endif
