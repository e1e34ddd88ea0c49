/* SPDX-License-Identifier: Apache-2.0 */
#include "store/packed.h"
#include "base/checksum.h"
#include "base/file.h"
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

/* The table: skippable frame of RFC 8878, section 3.1.2, holding a u32 length for each piece, then
 * u64 bytes of the segment, u32 number of pieces, u32 CRC-32C of all that, u32 "qkjt". */
enum {
    LEVEL = 6,
    SKIP_HEAD = 8,
    TABLE_TAIL = 20,
    PIECES_MAX = 1 << 16,
    SKIP_MAGIC = 0x184D2A5E,
    TABLE_MAGIC = 0x746A6B71
};

static void put32(unsigned char *out, uint32_t v)
{
    v = htole32(v);
    memcpy(out, &v, sizeof v);
}

static void put64(unsigned char *out, uint64_t v)
{
    v = htole64(v);
    memcpy(out, &v, sizeof v);
}

static uint32_t get32(const unsigned char *bytes)
{
    uint32_t v;
    memcpy(&v, bytes, sizeof v);
    return le32toh(v);
}

static uint64_t get64(const unsigned char *bytes)
{
    uint64_t v;
    memcpy(&v, bytes, sizeof v);
    return le64toh(v);
}

void qk_packed_name(char out[QK_PACKED_NAME], qk_jpos start)
{
    snprintf(out, QK_PACKED_NAME, "%016llx.qkj.zst", (unsigned long long)start);
}

qk_code qk_packed_path(char *out, size_t size, const char *dir, qk_jpos start, qk_error *err)
{
    char name[QK_PACKED_NAME];
    qk_packed_name(name, start);
    if (qk_path_join(out, size, dir, name) != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the journal is too long");
    return QK_OK;
}

/* ---- reading ---- */

struct qk_segment_file {
    int fd;
    /* of a compressed one */
    uint64_t
        *at; /* where each piece begins in the file, and where the last one ends; NULL = plain */
    uint32_t pieces, held; /* held: the piece in `plain`, UINT32_MAX = none */
    uint64_t size;
    ZSTD_DCtx *zstd;
    unsigned char *plain, *packed;
    size_t packed_cap;
};

static qk_code read_at(int fd, uint64_t offset, void *bytes, size_t len, size_t *got, qk_error *err)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd, (char *)bytes + *got, len - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return qk_fail_errno(err, errno, "cannot read the journal");
        if (n == 0) break;
        *got += (size_t)n;
    }
    return QK_OK;
}

static qk_code need_packed(qk_segment_file *f, size_t len, qk_error *err)
{
    if (len <= f->packed_cap) return QK_OK;
    unsigned char *grown = realloc(f->packed, len);
    if (!grown) return qk_fail(err, QK_ENOMEM, "no memory for reading the journal");
    f->packed = grown;
    f->packed_cap = len;
    return QK_OK;
}

static size_t piece_len(const qk_segment_file *f, uint32_t piece)
{
    uint64_t from = (uint64_t)piece * QK_PACKED_PIECE;
    uint64_t rest = f->size - from;
    return rest < QK_PACKED_PIECE ? (size_t)rest : QK_PACKED_PIECE;
}

static qk_code make_room(qk_segment_file *f, uint32_t pieces, qk_error *err)
{
    f->pieces = pieces;
    f->at = calloc((size_t)pieces + 1, sizeof *f->at);
    return f->at ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for reading the journal");
}

/* The table at the end of the file. QK_EDAMAGED when there is none that fits. */
static qk_code read_table(qk_segment_file *f, uint64_t file_size, qk_error *err)
{
    unsigned char tail[TABLE_TAIL];
    size_t got;
    if (file_size < SKIP_HEAD + TABLE_TAIL) return QK_EDAMAGED;
    QK_TRY(read_at(f->fd, file_size - TABLE_TAIL, tail, sizeof tail, &got, err));
    uint32_t pieces = get32(tail + 8);
    uint64_t table = 4 * (uint64_t)pieces + TABLE_TAIL;
    if (got != TABLE_TAIL || get32(tail + 16) != (uint32_t)TABLE_MAGIC || pieces > PIECES_MAX ||
        table + SKIP_HEAD > file_size)
        return QK_EDAMAGED;
    QK_TRY(need_packed(f, (size_t)table, err));
    QK_TRY(read_at(f->fd, file_size - table, f->packed, (size_t)table, &got, err));
    f->size = get64(tail);
    bool fits = got == table && qk_crc32c(0, f->packed, (size_t)table - 8) == get32(tail + 12) &&
                (f->size + QK_PACKED_PIECE - 1) / QK_PACKED_PIECE == pieces;
    if (!fits) return QK_EDAMAGED;
    QK_TRY(make_room(f, pieces, err));
    for (uint32_t i = 0; i < pieces; i++)
        f->at[i + 1] = f->at[i] + get32(f->packed + 4 * (size_t)i);
    return f->at[pieces] + SKIP_HEAD + table == file_size ? QK_OK : QK_EDAMAGED;
}

/* Without a table: frame after frame, as far as they can be told apart. */
static qk_code walk_pieces(qk_segment_file *f, uint64_t file_size, qk_error *err)
{
    size_t got;
    free(f->at);
    f->at = NULL;
    if (file_size > (uint64_t)1 << 30)
        return qk_fail(err, QK_EDAMAGED, "a compressed segment has no table");
    QK_TRY(need_packed(f, (size_t)file_size, err));
    QK_TRY(read_at(f->fd, 0, f->packed, (size_t)file_size, &got, err));
    QK_TRY(make_room(f, PIECES_MAX, err));
    f->size = 0;
    f->pieces = 0;
    for (uint64_t at = 0; at < got && f->pieces < PIECES_MAX;) {
        size_t len = ZSTD_findFrameCompressedSize(f->packed + at, got - at);
        unsigned long long plain = ZSTD_getFrameContentSize(f->packed + at, got - at);
        if (ZSTD_isError(len) || plain == 0 || plain > QK_PACKED_PIECE) break;
        at += len;
        f->size += plain;
        f->at[++f->pieces] = at;
        if (plain < QK_PACKED_PIECE) break;
    }
    return f->pieces ? QK_OK : qk_fail(err, QK_EDAMAGED, "a compressed segment cannot be read");
}

static qk_code open_packed(qk_segment_file *f, qk_error *err)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0) return qk_fail_errno(err, errno, "cannot look at the journal");
    f->held = UINT32_MAX;
    f->zstd = ZSTD_createDCtx();
    f->plain = malloc(QK_PACKED_PIECE);
    if (!f->zstd || !f->plain) return qk_fail(err, QK_ENOMEM, "no memory for reading the journal");
    qk_code code = read_table(f, (uint64_t)st.st_size, err);
    return code == QK_EDAMAGED ? walk_pieces(f, (uint64_t)st.st_size, err) : code;
}

static qk_code open_either(qk_segment_file *f, const char *dir, qk_jpos start, qk_error *err)
{
    char path[QK_PATH_MAX];
    bool packed = false;
    QK_TRY(qk_segment_path(path, sizeof path, dir, start, err));
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 && errno == ENOENT) {
        packed = true;
        QK_TRY(qk_packed_path(path, sizeof path, dir, start, err));
        f->fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    qk_code code = QK_OK;
    if (f->fd < 0)
        code = errno == ENOENT ? qk_fail(err, QK_ENOTFOUND, "there is no such segment")
                               : qk_fail_errno(err, errno, "cannot open a segment of the journal");
    else if (packed)
        code = open_packed(f, err);
    if (code) qk_error_at(err, path, 0, 0);
    return code;
}

qk_code qk_segment_file_open(qk_segment_file **out, const char *dir, qk_jpos start, qk_error *err)
{
    *out = NULL;
    qk_segment_file *f = calloc(1, sizeof *f);
    if (!f) return qk_fail(err, QK_ENOMEM, "no memory for reading the journal");
    f->fd = -1;
    qk_code code = open_either(f, dir, start, err);
    if (code) {
        qk_segment_file_close(f);
        return code;
    }
    *out = f;
    return QK_OK;
}

void qk_segment_file_close(qk_segment_file *f)
{
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    ZSTD_freeDCtx(f->zstd);
    free(f->plain);
    free(f->packed);
    free(f->at);
    free(f);
}

/* Brings a piece into `plain`; zeros where it is damaged. */
static qk_code hold_piece(qk_segment_file *f, uint32_t piece, qk_error *err)
{
    size_t got, want = piece_len(f, piece);
    if (f->held == piece) return QK_OK;
    f->held = UINT32_MAX;
    uint64_t len = f->at[piece + 1] - f->at[piece];
    if (len <= ZSTD_compressBound(QK_PACKED_PIECE)) {
        QK_TRY(need_packed(f, (size_t)len, err));
        QK_TRY(read_at(f->fd, f->at[piece], f->packed, (size_t)len, &got, err));
        if (got < len ||
            ZSTD_decompressDCtx(f->zstd, f->plain, QK_PACKED_PIECE, f->packed, (size_t)len) != want)
            memset(f->plain, 0, want);
    } else {
        memset(f->plain, 0, want);
    }
    f->held = piece;
    return QK_OK;
}

qk_code qk_segment_file_read(qk_segment_file *f, uint64_t offset, void *bytes, size_t len,
                             size_t *got, qk_error *err)
{
    if (!f->at) return read_at(f->fd, offset, bytes, len, got, err);
    *got = 0;
    while (*got < len && offset < f->size) {
        uint32_t piece = (uint32_t)(offset / QK_PACKED_PIECE);
        QK_TRY(hold_piece(f, piece, err));
        size_t inside = (size_t)(offset % QK_PACKED_PIECE), have = piece_len(f, piece) - inside;
        size_t n = len - *got < have ? len - *got : have;
        memcpy((char *)bytes + *got, f->plain + inside, n);
        *got += n;
        offset += n;
    }
    return QK_OK;
}

qk_code qk_segment_file_size(qk_segment_file *f, uint64_t *out, qk_error *err)
{
    struct stat st;
    *out = f->size;
    if (f->at) return QK_OK;
    if (fstat(f->fd, &st) != 0) return qk_fail_errno(err, errno, "cannot look at the journal");
    *out = (uint64_t)st.st_size;
    return QK_OK;
}

qk_code qk_segment_begun(qk_time *out, const char *dir, qk_jpos start, qk_error *err)
{
    unsigned char bytes[QK_SEGMENT_MARK];
    qk_segment_file *f = NULL;
    qk_record_head head;
    size_t got = 0;
    QK_TRY(qk_segment_file_open(&f, dir, start, err));
    assert(f);
    qk_code code = qk_segment_file_read(f, 0, bytes, sizeof bytes, &got, err);
    qk_segment_file_close(f);
    if (code) return code;
    if (got != sizeof bytes || !qk_record_sound(&head, bytes, sizeof bytes, start))
        return QK_EDAMAGED;
    *out = head.at;
    return QK_OK;
}

/* ---- packing ---- */

typedef enum packing { PACKING, CHECKING } packing;

struct qk_packer {
    char dir[QK_PATH_MAX], path[QK_PATH_MAX], to[QK_PATH_MAX], part[QK_PATH_MAX + 8];
    packing state;
    int in, out;
    uint64_t size, done; /* of the segment */
    uint64_t written;
    uint32_t pieces;
    unsigned char *table; /* a u32 for each piece, room for the tail */
    ZSTD_CCtx *zstd;
    qk_segment_file *back;
    unsigned char *plain, *packed;
    size_t packed_cap;
};

static qk_code refuse(const qk_packer *p, const char *what, qk_error *err)
{
    qk_code code = qk_fail_errno(err, errno, "%s", what);
    qk_error_at(err, p->path, 0, 0);
    return code;
}

static qk_code open_packing(qk_packer *p, qk_jpos start, qk_jpos end, qk_error *err)
{
    struct stat st;
    QK_TRY(qk_segment_path(p->path, sizeof p->path, p->dir, start, err));
    QK_TRY(qk_packed_path(p->to, sizeof p->to, p->dir, start, err));
    snprintf(p->part, sizeof p->part, "%s.part", p->to);
    p->in = open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (p->in < 0) return refuse(p, "cannot open a segment to compress", err);
    if (fstat(p->in, &st) != 0) return refuse(p, "cannot look at a segment", err);
    p->size = QK_SEGMENT_MARK + (end - start);
    if ((uint64_t)st.st_size < p->size || p->size > (uint64_t)PIECES_MAX * QK_PACKED_PIECE)
        return qk_fail(err, QK_EDAMAGED, "a segment is shorter than its place in the journal");
    if (unlink(p->part) != 0 && errno != ENOENT)
        return refuse(p, "cannot remove what a broken compression left", err);
    p->out = open(p->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (p->out < 0) return refuse(p, "cannot begin to compress a segment", err);
    size_t pieces = (size_t)((p->size + QK_PACKED_PIECE - 1) / QK_PACKED_PIECE);
    p->packed_cap = ZSTD_compressBound(QK_PACKED_PIECE);
    p->plain = malloc(2 * (size_t)QK_PACKED_PIECE);
    p->packed = malloc(p->packed_cap);
    p->table = malloc(SKIP_HEAD + 4 * pieces + TABLE_TAIL);
    p->zstd = ZSTD_createCCtx();
    if (!p->plain || !p->packed || !p->table || !p->zstd ||
        ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1)))
        return qk_fail(err, QK_ENOMEM, "no memory to compress a segment");
    return QK_OK;
}

qk_code qk_packer_open(qk_packer **out, const char *dir, qk_jpos start, qk_jpos end, qk_error *err)
{
    *out = NULL;
    qk_packer *p = calloc(1, sizeof *p);
    if (!p) return qk_fail(err, QK_ENOMEM, "no memory to compress a segment");
    p->in = p->out = -1;
    qk_str_copy(p->dir, sizeof p->dir, qk_str_of(dir));
    qk_code code = open_packing(p, start, end, err);
    if (code) {
        qk_packer_close(p);
        return code;
    }
    *out = p;
    return QK_OK;
}

void qk_packer_close(qk_packer *p)
{
    if (!p) return;
    qk_segment_file_close(p->back);
    if (p->in >= 0) close(p->in);
    if (p->out >= 0) close(p->out);
    if (p->out >= 0) unlink(p->part); /* not named yet */
    ZSTD_freeCCtx(p->zstd);
    free(p->plain);
    free(p->packed);
    free(p->table);
    free(p);
}

static size_t next_len(const qk_packer *p)
{
    return p->size - p->done < QK_PACKED_PIECE ? (size_t)(p->size - p->done) : QK_PACKED_PIECE;
}

static qk_code read_piece(qk_packer *p, qk_error *err)
{
    size_t got, want = next_len(p);
    QK_TRY(read_at(p->in, p->done, p->plain, want, &got, err));
    return got == want ? QK_OK : qk_fail(err, QK_EIO, "a segment became shorter");
}

static qk_code write_piece(qk_packer *p, qk_error *err)
{
    size_t want = next_len(p);
    QK_TRY(read_piece(p, err));
    size_t n = ZSTD_compress2(p->zstd, p->packed, p->packed_cap, p->plain, want);
    if (ZSTD_isError(n))
        return qk_fail(err, QK_ENOMEM, "a segment cannot be compressed: %s", ZSTD_getErrorName(n));
    QK_TRY(qk_write_all(p->out, p->packed, n, err));
    put32(p->table + SKIP_HEAD + 4 * (size_t)p->pieces++, (uint32_t)n);
    p->written += n;
    p->done += want;
    return QK_OK;
}

static qk_code write_table(qk_packer *p, qk_error *err)
{
    size_t lengths = 4 * (size_t)p->pieces;
    unsigned char *body = p->table + SKIP_HEAD, *tail = body + lengths;
    put32(p->table, (uint32_t)SKIP_MAGIC);
    put32(p->table + 4, (uint32_t)(lengths + TABLE_TAIL));
    put64(tail, p->size);
    put32(tail + 8, p->pieces);
    put32(tail + 12, qk_crc32c(0, body, lengths + 12));
    put32(tail + 16, (uint32_t)TABLE_MAGIC);
    QK_TRY(qk_write_all(p->out, p->table, SKIP_HEAD + lengths + TABLE_TAIL, err));
    if (fsync(p->out) != 0) return refuse(p, "cannot sync a compressed segment", err);
    return QK_OK;
}

/* What was written is read again through the reader's own eyes before the original goes. */
static qk_code begin_check(qk_packer *p, qk_error *err)
{
    p->back = calloc(1, sizeof *p->back);
    if (!p->back) return qk_fail(err, QK_ENOMEM, "no memory to compress a segment");
    p->back->fd = open(p->part, O_RDONLY | O_CLOEXEC);
    if (p->back->fd < 0) return refuse(p, "cannot read a compressed segment back", err);
    QK_TRY(open_packed(p->back, err));
    p->state = CHECKING;
    p->done = 0;
    return p->back->size == p->size
               ? QK_OK
               : qk_fail(err, QK_EDAMAGED, "a compressed segment does not read back");
}

static qk_code check_piece(qk_packer *p, qk_error *err)
{
    size_t got, want = next_len(p);
    QK_TRY(read_piece(p, err));
    QK_TRY(qk_segment_file_read(p->back, p->done, p->plain + QK_PACKED_PIECE, want, &got, err));
    if (got != want || memcmp(p->plain, p->plain + QK_PACKED_PIECE, want) != 0)
        return qk_fail(err, QK_EDAMAGED, "a compressed segment does not read back");
    p->done += want;
    return QK_OK;
}

static qk_code take_place(qk_packer *p, qk_error *err)
{
    if (rename(p->part, p->to) != 0) return refuse(p, "cannot name a compressed segment", err);
    close(p->out);
    p->out = -1;
    QK_TRY(qk_dir_sync(p->dir, err));
    if (unlink(p->path) != 0 && errno != ENOENT)
        return refuse(p, "cannot remove a compressed segment's original", err);
    return QK_OK;
}

qk_code qk_packer_step(qk_packer *p, bool *done, qk_error *err)
{
    *done = false;
    QK_TRY(p->state == PACKING ? write_piece(p, err) : check_piece(p, err));
    if (p->done < p->size) return QK_OK;
    if (p->state == PACKING) {
        QK_TRY(write_table(p, err));
        return begin_check(p, err);
    }
    *done = true;
    return take_place(p, err);
}
