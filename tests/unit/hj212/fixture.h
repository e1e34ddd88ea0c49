/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TEST_HJ212_FIXTURE_H
#define QK_TEST_HJ212_FIXTURE_H
/* Frames for tests, made by the annex's own CRC loop rather than by the code under test, and the
 * real packets that lie beside the repository. */
#include "hj212/hj212.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MN_QZ "QZ410100A0000000000000F1"

/* "##" length segment CRC CR LF into out; returns its length. */
static inline size_t wrap_bytes(char *out, const char *segment, size_t len)
{
    sprintf(out, "##%04zu", len);
    memcpy(out + 6, segment, len);
    sprintf(out + 6 + len, "%04X\r\n", qk_hj212_crc_bitwise(segment, len));
    return len + 12;
}
static inline size_t wrap(char *out, const char *segment)
{
    return wrap_bytes(out, segment, strlen(segment));
}

/* A file under the shared folder's hj212/packets, or NULL. The caller frees it. */
static inline char *read_packets(const char *name, size_t *len)
{
    const char *shared = getenv("QK_SHARED");
    char path[1024];
    snprintf(path, sizeof path, "%s/hj212/packets/%s", shared ? shared : "../shared", name);
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    enum { MAX = 4 << 20 };
    char *bytes = malloc(MAX);
    *len = bytes ? fread(bytes, 1, MAX, f) : 0;
    fclose(f);
    return bytes;
}

static inline void skip_without_packets(const char *name)
{
    printf("skipped: %s is not in $QK_SHARED/hj212/packets\n", name);
    skip();
}

static inline qk_hj212_frame only_frame(const char *bytes, size_t len)
{
    qk_hj212_frame f;
    qk_hj212_step step;
    assert_int_equal(qk_hj212_next(bytes, len, true, &f, &step), QK_HJ212_FRAME);
    assert_int_equal(step.consumed, len);
    return f;
}
#endif
