/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_SEGMENT_H
#define QK_STORE_SEGMENT_H
/* The journal's form on disk, shared by its writer, its reader and the backup: record heads, the
 * MARK at the head of a segment, names and listing of segment files. See store/journal.h for the
 * layout. No state; any thread. */
#include "store/journal.h"

enum {
    QK_RECORD_HEAD = 32,
    QK_SEGMENT_MARK = 128, /* bytes of the MARK record, where the first record's head begins */
    QK_SEGMENT_FORMAT = 1,
    QK_SEGMENT_NAME = 24 /* "0123456789abcdef.qkj" and the final NUL */
};

typedef struct qk_record_head {
    uint32_t crc;
    uint32_t len; /* of the payload */
    uint8_t kind;
    uint8_t flags;
    uint32_t connection;
    qk_time at;
    qk_jpos pos;
} qk_record_head;

/* Bytes of a record with a payload of len bytes. */
static inline size_t qk_record_size(uint32_t len)
{
    return QK_RECORD_HEAD + (((size_t)len + 7) & ~(size_t)7);
}
void qk_record_head_put(unsigned char out[QK_RECORD_HEAD], const qk_record_head *head);
void qk_record_head_get(qk_record_head *head, const unsigned char bytes[QK_RECORD_HEAD]);
/* The head's own position, the one thing worth comparing first in a search. */
qk_jpos qk_record_head_pos(const unsigned char bytes[QK_RECORD_HEAD]);
/* Checksum of a record from its head (whose crc is not used) and its payload. */
uint32_t qk_record_crc(const unsigned char head[QK_RECORD_HEAD], const void *payload, size_t len);
/* True when available bytes hold a whole sound record that belongs at pos. */
bool qk_record_sound(qk_record_head *head, const unsigned char *bytes, size_t available,
                     qk_jpos pos);

/* The MARK record of a segment that begins at start. instance_id: at most 40 letters, digits, '-'
 * or '_' (qk_segment_instance_ok). */
void qk_segment_mark_put(unsigned char out[QK_SEGMENT_MARK], qk_jpos start, qk_time at,
                         const char *instance_id);
bool qk_segment_instance_ok(const char *instance_id);
/* Reads format version and instance id out of a sound MARK's payload. */
QK_NODISCARD qk_code qk_segment_mark_read(qk_str payload, int64_t *format, char instance_id[48]);

void qk_segment_name(char out[QK_SEGMENT_NAME], qk_jpos start);
/* Of either form of a segment (store/packed.h). */
bool qk_segment_name_parse(qk_jpos *start, const char *name);
/* dir/name of the segment. QK_ERANGE. */
QK_NODISCARD qk_code qk_segment_path(char *out, size_t size, const char *dir, qk_jpos start,
                                     qk_error *err);

typedef struct qk_segment_list {
    qk_jpos *starts; /* rising; the caller's, freed by _clear */
    size_t count;
} qk_segment_list;
/* Segments of dir; other files are passed over. A missing folder gives none. */
QK_NODISCARD qk_code qk_segment_list_read(qk_segment_list *list, const char *dir, qk_error *err);
void qk_segment_list_clear(qk_segment_list *list);
/* Index of the last segment that starts at or before pos, or SIZE_MAX. */
size_t qk_segment_list_find(const qk_segment_list *list, qk_jpos pos);
#endif
