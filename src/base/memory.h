/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_MEMORY_H
#define QK_BASE_MEMORY_H
/* Bounded memory: arenas for a request or a job, growing buffers born with a ceiling.
 *
 * Ownership: the caller owns the struct (`_init` / `_clear`); what an arena hands out lives until
 * the next reset or clear. Errors: an arena returns NULL at its ceiling or without memory; a buffer
 * is sticky: after the first failure every append is a no-op and `failed` tells why.
 * Thread rule: one thread at a time. */
#include "base/text.h"

typedef struct qk_arena {
    struct qk_arena_chunk *head;
    size_t used;    /* bytes handed out, padding included */
    size_t held;    /* bytes taken from malloc, headers of chunks not counted */
    size_t ceiling; /* most bytes held */
} qk_arena;

void qk_arena_init(qk_arena *arena, size_t ceiling_bytes);
/* Zeroed memory aligned for any type, or NULL at the ceiling or without memory. size 0 is valid. */
void *qk_arena_alloc(qk_arena *arena, size_t size);
void *qk_arena_array(qk_arena *arena, size_t count, size_t size);   /* overflow gives NULL */
char *qk_arena_copy(qk_arena *arena, const char *text, size_t len); /* adds a final NUL */
char *qk_arena_printf(qk_arena *arena, const char *fmt, ...) QK_PRINTF(2, 3);
/* Forgets everything handed out, keeps the first chunk for use again. */
void qk_arena_reset(qk_arena *arena);
void qk_arena_clear(qk_arena *arena);

typedef struct qk_buf {
    char *ptr; /* always NUL-terminated once something was appended; NULL when empty */
    size_t len;
    size_t cap;
    size_t ceiling;
    qk_code failed; /* sticky: QK_OK, QK_EFULL, QK_ENOMEM; QK_EINVAL from a writer misused */
} qk_buf;

void qk_buf_init(qk_buf *buf, size_t ceiling_bytes);
void qk_buf_append(qk_buf *buf, const void *bytes, size_t len);
void qk_buf_puts(qk_buf *buf, const char *text);
void qk_buf_put_str(qk_buf *buf, qk_str text);
void qk_buf_putc(qk_buf *buf, char c);
void qk_buf_printf(qk_buf *buf, const char *fmt, ...) QK_PRINTF(2, 3);
void qk_buf_vprintf(qk_buf *buf, const char *fmt, va_list args) QK_PRINTF(2, 0);
static inline qk_str qk_buf_str(const qk_buf *buf)
{
    return (qk_str){buf->ptr, buf->len};
}
/* Room for len more bytes at buf->ptr + buf->len, or NULL; the caller adds to len what it wrote. */
char *qk_buf_reserve(qk_buf *buf, size_t len);
void qk_buf_reset(qk_buf *buf); /* empties, keeps memory, clears the sticky failure */
void qk_buf_clear(qk_buf *buf); /* frees; the ceiling stays */
/* Gives the bytes, NUL-terminated, to the caller, who frees them with free(); buf becomes empty.
 * NULL when the buffer has failed or there is no memory for an empty text. len may be NULL. */
char *qk_buf_take(qk_buf *buf, size_t *len);
#endif
