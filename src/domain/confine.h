/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_CONFINE_H
#define QK_DOMAIN_CONFINE_H
/* Documents from outside are opened in a process of its own, which may open no socket, has 20 s of
 * CPU, 512 MiB of address space, 16 open files and writes no file; and text of any usual charset
 * becomes UTF-8. Any thread. */
#include "base/memory.h"

/* Runs argv ("/proc/self/exe" is this program) with the bytes as its standard input and appends
 * what it writes, at most `most` bytes, to *text. what: "the docx", for messages. QK_EFORMAT and
 * QK_EFULL with the helper's own words, QK_ETIMEOUT after 30 s, QK_EUNSUPPORTED when it cannot be
 * started. */
QK_NODISCARD qk_code qk_confine_run(qk_buf *text, qk_str bytes, const char *const argv[],
                                    size_t most, const char *what, qk_error *err);

/* What a helper may use. */
typedef struct qk_confine_limits {
    int cpu_s, wall_ms;
    size_t space_bytes; /* of addresses */
} qk_confine_limits;
/* The same of a file that is open for reading, from its beginning, within limits of one's own. The
 * text is appended in place of the old one's memory where *text is empty: no copy is made. */
QK_NODISCARD qk_code qk_confine_run_file(qk_buf *text, int fd, const char *const argv[],
                                         const qk_confine_limits *limits, size_t most,
                                         const char *what, qk_error *err);
/* The bytes as a file in memory, which a helper can seek in; the caller closes it. -1 on failure.
 */
int qk_confine_memory(qk_str bytes, qk_error *err);
/* In a helper of ours, before it opens what it was given: from here on it starts no process, sends
 * no signal, looks into no other one and changes nothing on the disk, whatever it becomes. */
void qk_confine_tighten(void);
/* In the helper: the text, or on failure the reason, on standard output. Returns the exit status.
 */
int qk_confine_answer(const qk_buf *text, qk_code code, const qk_error *err);

/* Appends the text as UTF-8: UTF-8 as it is, UTF-16 by its mark, everything else is taken for GB
 * 18030. QK_EFORMAT for what is none of them, or holds zero bytes. */
QK_NODISCARD qk_code qk_text_decode(qk_buf *text, qk_str bytes, qk_error *err);
#endif
