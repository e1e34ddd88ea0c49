/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_FIRST = 4096, CHUNK_MOST = 1 << 20, BUF_FIRST = 128 };

typedef struct qk_arena_chunk {
    struct qk_arena_chunk *older;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
} qk_arena_chunk;

void qk_arena_init(qk_arena *arena, size_t ceiling_bytes)
{
    *arena = (qk_arena){.ceiling = ceiling_bytes};
}

/* A large piece gets a chunk of its own behind the newest, so that the newest's room stays in use.
 */
static qk_arena_chunk *add_chunk(qk_arena *arena, size_t need)
{
    size_t left = arena->ceiling - arena->held;
    if (need > left) return NULL;
    size_t usual = arena->head ? arena->held : CHUNK_FIRST;
    if (usual > CHUNK_MOST) usual = CHUNK_MOST;
    bool alone = arena->head && need > usual / 2;
    size_t size = alone || need > usual ? need : usual;
    if (size > left) size = left;
    qk_arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk) return NULL;
    chunk->size = size;
    chunk->used = 0;
    if (alone) {
        chunk->older = arena->head->older;
        arena->head->older = chunk;
    } else {
        chunk->older = arena->head;
        arena->head = chunk;
    }
    arena->held += size;
    return chunk;
}

void *qk_arena_alloc(qk_arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    if (size > PTRDIFF_MAX) return NULL;
    size_t need = size == 0 ? align : (size + align - 1) / align * align;
    qk_arena_chunk *chunk = arena->head;
    if (!chunk || chunk->size - chunk->used < need) chunk = add_chunk(arena, need);
    if (!chunk) return NULL;
    void *piece = chunk->bytes + chunk->used;
    chunk->used += need;
    arena->used += need;
    return memset(piece, 0, need);
}

void *qk_arena_array(qk_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) return NULL;
    return qk_arena_alloc(arena, total);
}

char *qk_arena_copy(qk_arena *arena, const char *text, size_t len)
{
    if (len == SIZE_MAX) return NULL;
    char *copy = qk_arena_alloc(arena, len + 1);
    if (copy && len > 0) memcpy(copy, text, len);
    return copy;
}

char *qk_arena_printf(qk_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) return NULL;
    char *text = qk_arena_alloc(arena, (size_t)n + 1);
    if (!text) return NULL;
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    return text;
}

void qk_arena_reset(qk_arena *arena)
{
    qk_arena_chunk *chunk = arena->head;
    while (chunk && chunk->older) {
        qk_arena_chunk *older = chunk->older;
        arena->held -= chunk->size;
        free(chunk);
        chunk = older;
    }
    if (chunk) chunk->used = 0;
    arena->head = chunk;
    arena->used = 0;
}

void qk_arena_clear(qk_arena *arena)
{
    qk_arena_reset(arena);
    free(arena->head);
    qk_arena_init(arena, arena->ceiling);
}

void qk_buf_init(qk_buf *buf, size_t ceiling_bytes)
{
    *buf = (qk_buf){.ceiling = ceiling_bytes};
}

/* Room for `more` bytes and the final NUL; the ceiling counts the bytes alone. */
static bool grow_buf(qk_buf *buf, size_t more)
{
    if (buf->failed) return false;
    if (more > buf->ceiling || buf->len > buf->ceiling - more) {
        buf->failed = QK_EFULL;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->cap) return true;
    size_t cap = buf->cap < BUF_FIRST / 2 ? BUF_FIRST : buf->cap * 2;
    if (cap > buf->ceiling + 1) cap = buf->ceiling + 1;
    if (cap < need) cap = need;
    char *ptr = realloc(buf->ptr, cap);
    if (!ptr) {
        buf->failed = QK_ENOMEM;
        return false;
    }
    buf->ptr = ptr;
    buf->cap = cap;
    return true;
}

void qk_buf_append(qk_buf *buf, const void *bytes, size_t len)
{
    if (len == 0 || !grow_buf(buf, len)) return;
    memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
}

void qk_buf_puts(qk_buf *buf, const char *text)
{
    qk_buf_append(buf, text, strlen(text));
}

void qk_buf_put_str(qk_buf *buf, qk_str text)
{
    qk_buf_append(buf, text.ptr, text.len);
}

void qk_buf_putc(qk_buf *buf, char c)
{
    if (!grow_buf(buf, 1)) return;
    buf->ptr[buf->len++] = c;
    buf->ptr[buf->len] = '\0';
}

void qk_buf_printf(qk_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    qk_buf_vprintf(buf, fmt, args);
    va_end(args);
}

void qk_buf_vprintf(qk_buf *buf, const char *fmt, va_list args)
{
    if (buf->failed) return;
    va_list again;
    va_copy(again, args);
    size_t room = buf->cap - buf->len;
    int n = vsnprintf(room ? buf->ptr + buf->len : NULL, room, fmt, args);
    if (n < 0) {
        buf->failed = QK_EINVAL;
    } else if ((size_t)n < room) {
        buf->len += (size_t)n;
    } else if (grow_buf(buf, (size_t)n)) {
        vsnprintf(buf->ptr + buf->len, (size_t)n + 1, fmt, again);
        buf->len += (size_t)n;
    } else if (room) {
        buf->ptr[buf->len] = '\0';
    }
    va_end(again);
}

char *qk_buf_reserve(qk_buf *buf, size_t len)
{
    return grow_buf(buf, len) ? buf->ptr + buf->len : NULL;
}

void qk_buf_reset(qk_buf *buf)
{
    buf->len = 0;
    buf->failed = QK_OK;
    if (buf->ptr) buf->ptr[0] = '\0';
}

void qk_buf_clear(qk_buf *buf)
{
    free(buf->ptr);
    qk_buf_init(buf, buf->ceiling);
}

char *qk_buf_take(qk_buf *buf, size_t *len)
{
    char *ptr = NULL;
    if (grow_buf(buf, 0)) {
        ptr = buf->ptr;
        ptr[buf->len] = '\0';
        if (len) *len = buf->len;
        qk_buf_init(buf, buf->ceiling);
    } else if (len) {
        *len = 0;
    }
    return ptr;
}
