/* SPDX-License-Identifier: Apache-2.0 */
#include "store/archive.h"
#include "base/file.h"
#include "base/hash256.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

enum { BLOCK = 512, LEVEL = 3, WINDOW_LOG = 27, MANIFEST_MAX = 256 << 20 };
static const char manifest_name[] = "MANIFEST";
static const unsigned char zeros[2 * BLOCK];

/* ---- what both sides share: hashes and the manifest that follows from them ---- */

typedef struct listing {
    qk_buf text;
    qk_sha256 hash;
    char name[QK_ARCHIVE_NAME_MAX + 1]; /* of the entry being hashed; empty = none */
} listing;

static void list_begin(listing *l, const char *name)
{
    qk_sha256_init(&l->hash);
    qk_str_copy(l->name, sizeof l->name, qk_str_of(name));
}

static qk_code list_end(listing *l, qk_error *err)
{
    uint8_t digest[QK_SHA256_BYTES];
    char hex[QK_SHA256_TEXT];
    if (!l->name[0]) return QK_OK;
    qk_sha256_final(&l->hash, digest);
    qk_hex(hex, digest, sizeof digest);
    qk_buf_printf(&l->text, "%s  %s\n", hex, l->name);
    l->name[0] = '\0';
    if (l->text.failed) return qk_fail(err, l->text.failed, "the archive has too many entries");
    return QK_OK;
}

/* ---- tar heads ---- */

static void put_octal(unsigned char *field, size_t size, uint64_t value)
{
    for (size_t i = size - 1; i-- > 0; value >>= 3) field[i] = (unsigned char)('0' + (value & 7));
}

static void put_size(unsigned char *field, uint64_t size)
{
    if (size >> 33 == 0) {
        put_octal(field, 12, size);
        return;
    }
    field[0] = 0x80;
    for (int i = 11; i > 0; i--, size >>= 8) field[i] = (unsigned char)(size & 255);
}

static uint32_t sum_of(const unsigned char head[BLOCK])
{
    uint32_t sum = 0;
    for (int i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : head[i];
    return sum;
}

static void make_head(unsigned char head[BLOCK], const char *name, uint64_t size, qk_time now)
{
    memset(head, 0, BLOCK);
    memcpy(head, name, strlen(name));
    put_octal(head + 100, 8, 0640);
    put_octal(head + 108, 8, 0);
    put_octal(head + 116, 8, 0);
    put_size(head + 124, size);
    put_octal(head + 136, 12, now > 0 ? (uint64_t)(now / QK_SECOND) : 0);
    head[156] = '0';
    memcpy(head + 257, "ustar\00000", 8);
    put_octal(head + 148, 7, sum_of(head));
    head[155] = ' ';
}

static bool get_octal(uint64_t *value, const unsigned char *field, size_t size)
{
    size_t i = 0;
    *value = 0;
    while (i < size && field[i] == ' ') i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (field[i] - '0');
    return i == size || field[i] == '\0' || field[i] == ' ';
}

static bool get_size(uint64_t *size, const unsigned char *field)
{
    if (field[0] != 0x80) return get_octal(size, field, 12);
    *size = 0;
    for (int i = 1; i < 4; i++)
        if (field[i]) return false;
    for (int i = 4; i < 12; i++) *size = *size << 8 | field[i];
    return *size >> 62 == 0;
}

static size_t padding_of(uint64_t size)
{
    return (size_t)(-size & (BLOCK - 1));
}

/* ---- writing ---- */

struct qk_archive_writer {
    int fd;
    bool finished;
    qk_time now;
    uint64_t left; /* bytes of the entry still to come */
    size_t padding;
    listing list;
    ZSTD_CCtx *zstd;
    unsigned char *out;
    size_t out_size;
    char path[QK_PATH_MAX];
};

void qk_archive_writer_free(qk_archive_writer *w)
{
    if (!w) return;
    if (w->fd >= 0) close(w->fd);
    if (w->fd >= 0 && !w->finished) unlink(w->path);
    ZSTD_freeCCtx(w->zstd);
    free(w->out);
    qk_buf_clear(&w->list.text);
    free(w);
}

static qk_code prepare_writer(qk_archive_writer *w, qk_error *err)
{
    w->zstd = ZSTD_createCCtx();
    w->out_size = ZSTD_CStreamOutSize();
    w->out = malloc(w->out_size);
    if (!w->zstd || !w->out) return qk_fail(err, QK_ENOMEM, "no memory to write an archive");
    ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
    w->fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (w->fd >= 0) return QK_OK;
    qk_code code = errno == EEXIST ? qk_fail(err, QK_EEXIST, "there is such a file already")
                                   : qk_fail_errno(err, errno, "cannot create the archive");
    qk_error_at(err, w->path, 0, 0);
    return code;
}

qk_code qk_archive_create(qk_archive_writer **out, const char *path, qk_time now, qk_error *err)
{
    *out = NULL;
    if (strlen(path) >= QK_PATH_MAX) return qk_fail(err, QK_ERANGE, "the path is too long");
    qk_archive_writer *w = calloc(1, sizeof *w);
    if (!w) return qk_fail(err, QK_ENOMEM, "no memory to write an archive");
    w->fd = -1;
    w->now = now;
    qk_buf_init(&w->list.text, MANIFEST_MAX);
    qk_str_copy(w->path, sizeof w->path, qk_str_of(path));
    qk_code code = prepare_writer(w, err);
    if (code == QK_OK)
        *out = w;
    else
        qk_archive_writer_free(w);
    return code;
}

static qk_code pack(qk_archive_writer *w, const void *bytes, size_t len, ZSTD_EndDirective end,
                    qk_error *err)
{
    ZSTD_inBuffer in = {bytes, len, 0};
    for (;;) {
        ZSTD_outBuffer out = {w->out, w->out_size, 0};
        size_t rest = ZSTD_compressStream2(w->zstd, &out, &in, end);
        if (ZSTD_isError(rest))
            return qk_fail(err, QK_ENOMEM, "cannot compress: %s", ZSTD_getErrorName(rest));
        QK_TRY(qk_write_all(w->fd, w->out, out.pos, err));
        if (end == ZSTD_e_end ? rest == 0 : in.pos == len) return QK_OK;
    }
}

/* The entry before must be complete: its head has told its size. */
static qk_code end_entry(qk_archive_writer *w, qk_error *err)
{
    if (w->left)
        return qk_fail(err, QK_EINVAL, "%s is %llu bytes shorter than it was", w->list.name,
                       (unsigned long long)w->left);
    QK_TRY(pack(w, zeros, w->padding, ZSTD_e_continue, err));
    w->padding = 0;
    return list_end(&w->list, err);
}

qk_code qk_archive_begin(qk_archive_writer *w, const char *name, uint64_t size, qk_error *err)
{
    unsigned char head[BLOCK];
    if (strlen(name) > QK_ARCHIVE_NAME_MAX || !name[0])
        return qk_fail(err, QK_ERANGE, "'%s' is no name for an archive's entry", name);
    QK_TRY(end_entry(w, err));
    make_head(head, name, size, w->now);
    QK_TRY(pack(w, head, sizeof head, ZSTD_e_continue, err));
    list_begin(&w->list, name);
    w->left = size;
    w->padding = padding_of(size);
    return QK_OK;
}

qk_code qk_archive_write(qk_archive_writer *w, const void *bytes, size_t len, qk_error *err)
{
    if (len > w->left) return qk_fail(err, QK_EINVAL, "%s is longer than it was", w->list.name);
    qk_sha256_update(&w->list.hash, bytes, len);
    w->left -= len;
    return pack(w, bytes, len, ZSTD_e_continue, err);
}

qk_code qk_archive_finish(qk_archive_writer *w, qk_error *err)
{
    unsigned char head[BLOCK];
    QK_TRY(end_entry(w, err));
    size_t len = w->list.text.len;
    make_head(head, manifest_name, len, w->now);
    QK_TRY(pack(w, head, sizeof head, ZSTD_e_continue, err));
    QK_TRY(pack(w, w->list.text.ptr, len, ZSTD_e_continue, err));
    QK_TRY(pack(w, zeros, padding_of(len), ZSTD_e_continue, err));
    QK_TRY(pack(w, zeros, sizeof zeros, ZSTD_e_end, err));
    if (fsync(w->fd) != 0) return qk_fail_errno(err, errno, "cannot sync the archive");
    w->finished = true;
    return QK_OK;
}

/* ---- reading ---- */

struct qk_archive_reader {
    int fd;
    bool ended;    /* the frame is complete */
    bool in_entry; /* the entry's bytes and padding are not passed yet */
    uint64_t left;
    size_t padding;
    listing list;
    ZSTD_DCtx *zstd;
    unsigned char *packed;
    size_t packed_size;
    ZSTD_inBuffer in;
    char path[QK_PATH_MAX];
};

void qk_archive_close(qk_archive_reader *r)
{
    if (!r) return;
    if (r->fd >= 0) close(r->fd);
    ZSTD_freeDCtx(r->zstd);
    free(r->packed);
    qk_buf_clear(&r->list.text);
    free(r);
}

static qk_code prepare_reader(qk_archive_reader *r, qk_error *err)
{
    r->zstd = ZSTD_createDCtx();
    r->packed_size = ZSTD_DStreamInSize();
    r->packed = malloc(r->packed_size);
    if (!r->zstd || !r->packed) return qk_fail(err, QK_ENOMEM, "no memory to read an archive");
    ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, WINDOW_LOG);
    r->in.src = r->packed;
    r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (r->fd >= 0) return QK_OK;
    qk_code code = errno == ENOENT ? qk_fail(err, QK_ENOTFOUND, "there is no such archive")
                                   : qk_fail_errno(err, errno, "cannot open the archive");
    qk_error_at(err, r->path, 0, 0);
    return code;
}

qk_code qk_archive_open(qk_archive_reader **out, const char *path, qk_error *err)
{
    *out = NULL;
    if (strlen(path) >= QK_PATH_MAX) return qk_fail(err, QK_ERANGE, "the path is too long");
    qk_archive_reader *r = calloc(1, sizeof *r);
    if (!r) return qk_fail(err, QK_ENOMEM, "no memory to read an archive");
    r->fd = -1;
    qk_buf_init(&r->list.text, MANIFEST_MAX);
    qk_str_copy(r->path, sizeof r->path, qk_str_of(path));
    qk_code code = prepare_reader(r, err);
    if (code == QK_OK)
        *out = r;
    else
        qk_archive_close(r);
    return code;
}

static qk_code refuse(qk_archive_reader *r, qk_code code, const char *why, qk_error *err)
{
    qk_fail(err, code, "%s", why);
    qk_error_at(err, r->path, 0, 0);
    return code;
}

static qk_code fill(qk_archive_reader *r, qk_error *err)
{
    for (;;) {
        ssize_t n = read(r->fd, r->packed, r->packed_size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return qk_fail_errno(err, errno, "cannot read the archive");
        r->in.size = (size_t)n;
        r->in.pos = 0;
        return QK_OK;
    }
}

/* Exactly len unpacked bytes. */
static qk_code unpack(qk_archive_reader *r, void *bytes, size_t len, qk_error *err)
{
    ZSTD_outBuffer out = {bytes, len, 0};
    while (out.pos < len) {
        if (r->ended) return refuse(r, QK_EDAMAGED, "the archive ends too early", err);
        if (r->in.pos == r->in.size) QK_TRY(fill(r, err));
        if (r->in.size == 0) return refuse(r, QK_EDAMAGED, "the archive is cut off", err);
        size_t rest = ZSTD_decompressStream(r->zstd, &out, &r->in);
        if (ZSTD_isError(rest)) return refuse(r, QK_EDAMAGED, ZSTD_getErrorName(rest), err);
        r->ended = rest == 0;
    }
    return QK_OK;
}

qk_code qk_archive_read(qk_archive_reader *r, void *out, size_t len, size_t *got, qk_error *err)
{
    *got = len < r->left ? len : (size_t)r->left;
    QK_TRY(unpack(r, out, *got, err));
    qk_sha256_update(&r->list.hash, out, *got);
    r->left -= *got;
    return QK_OK;
}

static qk_code pass_entry(qk_archive_reader *r, qk_error *err)
{
    unsigned char rest[4096];
    size_t got;
    if (!r->in_entry) return QK_OK;
    do QK_TRY(qk_archive_read(r, rest, sizeof rest, &got, err));
    while (got);
    QK_TRY(unpack(r, rest, r->padding, err));
    if (memcmp(rest, zeros, r->padding) != 0)
        return refuse(r, QK_EFORMAT, "an entry is not padded with zeros", err);
    r->in_entry = false;
    return list_end(&r->list, err);
}

static qk_code parse_head(qk_archive_reader *r, const unsigned char head[BLOCK],
                          qk_archive_entry *entry, qk_error *err)
{
    uint64_t sum;
    if (!get_octal(&sum, head + 148, 8) || sum != sum_of(head) ||
        memcmp(head + 257, "ustar", 5) != 0 || !get_size(&entry->size, head + 124))
        return refuse(r, QK_EFORMAT, "this is no archive made by 'qingkong backup'", err);
    memcpy(entry->name, head, QK_ARCHIVE_NAME_MAX);
    entry->name[QK_ARCHIVE_NAME_MAX] = '\0';
    if ((head[156] != '0' && head[156] != '\0') || head[157] || head[345]) {
        qk_fail(err, QK_EFORMAT, "the archive holds '%.100s', which is no plain file", entry->name);
        qk_error_at(err, r->path, 0, 0);
        return QK_EFORMAT;
    }
    return QK_OK;
}

static qk_code check_manifest(qk_archive_reader *r, uint64_t size, qk_error *err)
{
    char piece[4096];
    size_t at = 0;
    bool same = size == r->list.text.len;
    while (same && at < size) {
        size_t len = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
        QK_TRY(unpack(r, piece, len, err));
        same = memcmp(piece, r->list.text.ptr + at, len) == 0;
        at += len;
    }
    if (!same) return refuse(r, QK_EDAMAGED, "the entries are not what the MANIFEST says", err);
    return unpack(r, piece, padding_of(size), err);
}

/* Two blocks of zeros, the frame's checksum, and nothing behind. */
static qk_code check_end(qk_archive_reader *r, qk_error *err)
{
    unsigned char blocks[2 * BLOCK];
    unsigned char more;
    QK_TRY(unpack(r, blocks, sizeof blocks, err));
    if (memcmp(blocks, zeros, sizeof blocks) != 0)
        return refuse(r, QK_EFORMAT, "the archive goes on behind its MANIFEST", err);
    ZSTD_outBuffer out = {&more, 1, 0};
    while (!r->ended) {
        if (r->in.pos == r->in.size) QK_TRY(fill(r, err));
        if (r->in.size == 0) return refuse(r, QK_EDAMAGED, "the archive is cut off", err);
        size_t rest = ZSTD_decompressStream(r->zstd, &out, &r->in);
        if (ZSTD_isError(rest)) return refuse(r, QK_EDAMAGED, ZSTD_getErrorName(rest), err);
        if (out.pos) return refuse(r, QK_EFORMAT, "the archive goes on behind its end", err);
        r->ended = rest == 0;
    }
    if (r->in.pos == r->in.size) QK_TRY(fill(r, err));
    if (r->in.size) return refuse(r, QK_EFORMAT, "something stands behind the archive", err);
    return QK_ENOTFOUND;
}

qk_code qk_archive_next(qk_archive_reader *r, qk_archive_entry *entry, qk_error *err)
{
    unsigned char head[BLOCK];
    QK_TRY(pass_entry(r, err));
    QK_TRY(unpack(r, head, sizeof head, err));
    QK_TRY(parse_head(r, head, entry, err));
    if (strcmp(entry->name, manifest_name) == 0) {
        QK_TRY(check_manifest(r, entry->size, err));
        return check_end(r, err);
    }
    list_begin(&r->list, entry->name);
    if (!entry->name[0]) return refuse(r, QK_EFORMAT, "an entry has no name", err);
    r->left = entry->size;
    r->padding = padding_of(entry->size);
    r->in_entry = true;
    return QK_OK;
}
