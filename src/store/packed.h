/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_PACKED_H
#define QK_STORE_PACKED_H
/* Segments of the journal as files: as written ("….qkj"), or, once closed, compressed
 * ("….qkj.zst"), read alike.
 *
 * A compressed segment is a row of Zstandard frames (RFC 8878), each of 1 MiB of the segment with a
 * content checksum, and a skippable frame at the end that tells their lengths, so that a reader
 * gets to any position by unpacking one piece. `zstd -d` gives the segment back, byte by byte. A
 * piece that is damaged reads as zeros: the journal's reader finds no sound record in it, reports
 * that stretch and goes on behind it. Without a usable table the pieces are walked.
 *
 * Packing may be broken off at any moment: "….qkj.zst.part" counts for nothing; it is synced, read
 * back against the segment, named and the folder synced, before the segment itself goes. Where both
 * stand, both hold the same. One thread a file. */
#include "store/segment.h"

enum { QK_PACKED_PIECE = 1 << 20, QK_PACKED_NAME = QK_SEGMENT_NAME + 4 };

void qk_packed_name(char out[QK_PACKED_NAME], qk_jpos start);
/* dir/name of the compressed form. QK_ERANGE. */
QK_NODISCARD qk_code qk_packed_path(char *out, size_t size, const char *dir, qk_jpos start,
                                    qk_error *err);

typedef struct qk_segment_file qk_segment_file;
/* Opens either form. QK_ENOTFOUND when there is neither; QK_EDAMAGED when the compressed one cannot
 * be made sense of at all. */
QK_NODISCARD qk_code qk_segment_file_open(qk_segment_file **out, const char *dir, qk_jpos start,
                                          qk_error *err);
void qk_segment_file_close(qk_segment_file *f);
/* Up to len bytes of the segment from offset on; *got is less only at its end. */
QK_NODISCARD qk_code qk_segment_file_read(qk_segment_file *f, uint64_t offset, void *bytes,
                                          size_t len, size_t *got, qk_error *err);
/* Bytes of the segment as it stands now. */
QK_NODISCARD qk_code qk_segment_file_size(qk_segment_file *f, uint64_t *out, qk_error *err);
/* The instant of a segment's first record, by its MARK. QK_EDAMAGED when that is not sound. */
QK_NODISCARD qk_code qk_segment_begun(qk_time *out, const char *dir, qk_jpos start, qk_error *err);

/* ---- packing, a piece at a time ---- */
typedef struct qk_packer qk_packer;
/* The closed segment that begins at start; end is where the next one begins (what the file holds
 * beyond does not count). */
QK_NODISCARD qk_code qk_packer_open(qk_packer **out, const char *dir, qk_jpos start, qk_jpos end,
                                    qk_error *err);
/* One piece; *done when the compressed form stands in place of the other. After a failure close:
 * the segment is as it was. */
QK_NODISCARD qk_code qk_packer_step(qk_packer *p, bool *done, qk_error *err);
void qk_packer_close(qk_packer *p);
#endif
