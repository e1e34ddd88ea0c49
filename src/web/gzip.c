/* SPDX-License-Identifier: Apache-2.0 */
#include "web/gzip.h"
#include <stdlib.h>
#include <zlib.h>

enum { FULL_WINDOW = 15, SMALL_WINDOW = 13, GZIP_FORM = 16, MEMORY_LEVEL = 7, STEP = 16384 };
enum { LEVEL_SMALL = 6, LEVEL_FAST = 4 };

struct qk_gzip {
    z_stream stream;
};

/* "0", "0.", "0.000": not wanted at all. */
static bool is_zero(qk_str q)
{
    for (size_t i = 0; i < q.len; i++)
        if (q.ptr[i] != '0' && q.ptr[i] != '.') return false;
    return q.len > 0;
}

static bool is_refused(qk_str params)
{
    while (params.ptr) {
        qk_str value = qk_str_cut(&params, ';');
        qk_str name = qk_str_trim(qk_str_cut(&value, '='));
        if (qk_str_eq_nocase(name, QK_STR("q")) && is_zero(qk_str_trim(value))) return true;
    }
    return false;
}

bool qk_gzip_accepted(qk_str header)
{
    bool star = false;
    while (header.ptr) {
        qk_str params = qk_str_cut(&header, ',');
        qk_str coding = qk_str_trim(qk_str_cut(&params, ';'));
        bool good = !is_refused(params);
        if (qk_str_eq_nocase(coding, QK_STR("gzip")) || qk_str_eq_nocase(coding, QK_STR("x-gzip")))
            return good;
        if (qk_str_eq(coding, QK_STR("*"))) star = good;
    }
    return star;
}

qk_code qk_gzip_new(qk_gzip **out, size_t expected)
{
    qk_gzip *z = calloc(1, sizeof *z);
    if (!z) return QK_ENOMEM;
    int level = expected < QK_GZIP_QUICK ? LEVEL_SMALL : LEVEL_FAST;
    int window = expected == SIZE_MAX ? SMALL_WINDOW : FULL_WINDOW;
    if (deflateInit2(&z->stream, level, Z_DEFLATED, window + GZIP_FORM, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        return QK_ENOMEM;
    }
    *out = z;
    return QK_OK;
}

void qk_gzip_free(qk_gzip *z)
{
    if (!z) return;
    (void)deflateEnd(&z->stream);
    free(z);
}

static qk_code run_step(qk_gzip *z, qk_buf *out, int flush)
{
    unsigned char step[STEP];
    do {
        z->stream.next_out = step;
        z->stream.avail_out = sizeof step;
        if (deflate(&z->stream, flush) == Z_STREAM_ERROR) return QK_EINVAL;
        qk_buf_append(out, step, sizeof step - z->stream.avail_out);
    } while (z->stream.avail_out == 0 && out->failed == QK_OK);
    return out->failed;
}

qk_code qk_gzip_part(qk_gzip *z, qk_buf *out, qk_str in, bool last)
{
    const char *bytes = in.ptr;
    for (size_t left = in.len; left;) {
        uInt n = left < (1U << 30) ? (uInt)left : 1U << 30;
        z->stream.next_in = (unsigned char *)(uintptr_t)bytes;
        z->stream.avail_in = n;
        QK_TRY(run_step(z, out, Z_NO_FLUSH));
        bytes += n;
        left -= n;
    }
    z->stream.next_in = NULL;
    z->stream.avail_in = 0;
    return run_step(z, out, last ? Z_FINISH : Z_SYNC_FLUSH);
}

qk_code qk_gzip_all(qk_buf *out, qk_str in)
{
    qk_gzip *z = NULL;
    QK_TRY(qk_gzip_new(&z, in.len));
    qk_code code = qk_gzip_part(z, out, in, true);
    qk_gzip_free(z);
    return code;
}
