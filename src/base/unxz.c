/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unxz.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* 0xFD begins no text in UTF-8, so one byte tells, also in a pipe. */
static bool is_xz(FILE *file)
{
    int first = getc(file);
    if (first != EOF) ungetc(first, file);
    return first == 0xFD;
}

#ifdef QK_HAVE_LZMA
#include <lzma.h>

enum { IN_BYTES = 64 << 10 };

typedef struct unpacker {
    FILE *file;
    lzma_stream stream;
    bool at_end;
    unsigned char in[IN_BYTES];
} unpacker;

static bool refill(unpacker *u)
{
    u->stream.next_in = u->in;
    u->stream.avail_in = fread(u->in, 1, sizeof u->in, u->file);
    return !ferror(u->file);
}

static ssize_t read_some(void *cookie, char *bytes, size_t len)
{
    unpacker *u = cookie;
    u->stream.next_out = (uint8_t *)bytes;
    u->stream.avail_out = len;
    while (u->stream.avail_out == len && !u->at_end) {
        if (!u->stream.avail_in && !refill(u)) return -1;
        lzma_ret got = lzma_code(&u->stream, feof(u->file) ? LZMA_FINISH : LZMA_RUN);
        if (got == LZMA_STREAM_END) u->at_end = true;
        if (got == LZMA_OK || got == LZMA_STREAM_END) continue;
        errno = got == LZMA_MEM_ERROR || got == LZMA_MEMLIMIT_ERROR ? ENOMEM : EIO;
        return -1;
    }
    return (ssize_t)(len - u->stream.avail_out);
}

static int close_all(void *cookie)
{
    unpacker *u = cookie;
    lzma_end(&u->stream);
    int bad = fclose(u->file);
    free(u);
    return bad;
}

static qk_code unpack(FILE **out, FILE *file, const char *path, qk_error *err)
{
    static const cookie_io_functions_t calls = {.read = read_some, .close = close_all};
    enum { MEMORY = 128 << 20 };
    unpacker *u = calloc(1, sizeof *u);
    if (u) {
        u->file = file;
        u->stream = (lzma_stream)LZMA_STREAM_INIT;
    }
    if (u && lzma_stream_decoder(&u->stream, MEMORY, LZMA_CONCATENATED) == LZMA_OK)
        *out = fopencookie(u, "rb", calls);
    if (*out) return QK_OK;
    if (u) lzma_end(&u->stream);
    free(u);
    return qk_fail(err, QK_ENOMEM, "no memory to unpack %s", path);
}
#else
static qk_code unpack(FILE **out, FILE *file, const char *path, qk_error *err)
{
    (void)out, (void)file;
    qk_fail(err, QK_EUNSUPPORTED, "%s is compressed by xz, and this program was built without it",
            path);
    return qk_error_hint(err, "unpack it first: xz -dk FILE");
}
#endif

qk_code qk_open_unpacked(FILE **out, const char *path, qk_error *err)
{
    *out = NULL;
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOENT) return qk_fail(err, QK_ENOTFOUND, "there is no %s", path);
    if (!file) return qk_fail_errno(err, errno, "cannot open %s", path);
    qk_code code = QK_OK;
    if (is_xz(file))
        code = unpack(out, file, path, err);
    else
        *out = file;
    if (code) fclose(file);
    return code;
}
