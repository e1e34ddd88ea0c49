/* SPDX-License-Identifier: Apache-2.0 */
#include "store/segment.h"
#include "base/checksum.h"
#include "base/file.h"
#include "base/json.h"
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MARK_PAYLOAD = QK_SEGMENT_MARK - QK_RECORD_HEAD, SEGMENTS_MAX = 1 << 22 };

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

void qk_record_head_put(unsigned char out[QK_RECORD_HEAD], const qk_record_head *head)
{
    put32(out, head->crc);
    put32(out + 4, head->len);
    out[8] = head->kind;
    out[9] = head->flags;
    out[10] = 0;
    out[11] = 0;
    put32(out + 12, head->connection);
    put64(out + 16, (uint64_t)head->at);
    put64(out + 24, head->pos);
}

void qk_record_head_get(qk_record_head *head, const unsigned char bytes[QK_RECORD_HEAD])
{
    head->crc = get32(bytes);
    head->len = get32(bytes + 4);
    head->kind = bytes[8];
    head->flags = bytes[9];
    head->connection = get32(bytes + 12);
    head->at = (qk_time)get64(bytes + 16);
    head->pos = get64(bytes + 24);
}

qk_jpos qk_record_head_pos(const unsigned char bytes[QK_RECORD_HEAD])
{
    return get64(bytes + 24);
}

uint32_t qk_record_crc(const unsigned char head[QK_RECORD_HEAD], const void *payload, size_t len)
{
    static const unsigned char zeros[8];
    uint32_t crc = qk_crc32c(0, head + 4, QK_RECORD_HEAD - 4);
    crc = qk_crc32c(crc, payload, len);
    return qk_crc32c(crc, zeros, qk_record_size((uint32_t)len) - QK_RECORD_HEAD - len);
}

bool qk_record_sound(qk_record_head *head, const unsigned char *bytes, size_t available,
                     qk_jpos pos)
{
    if (available < QK_RECORD_HEAD) return false;
    qk_record_head_get(head, bytes);
    if (head->pos != pos || head->len > QK_JOURNAL_PAYLOAD_MAX) return false;
    size_t size = qk_record_size(head->len);
    return size <= available && qk_crc32c(0, bytes + 4, size - 4) == head->crc;
}

/* ---- the MARK ---- */

bool qk_segment_instance_ok(const char *instance_id)
{
    size_t n = 0;
    for (const char *p = instance_id; *p; p++, n++)
        if (!qk_is_alpha(*p) && !qk_is_digit(*p) && *p != '-' && *p != '_') return false;
    return n <= 40;
}

void qk_segment_mark_put(unsigned char out[QK_SEGMENT_MARK], qk_jpos start, qk_time at,
                         const char *instance_id)
{
    char text[MARK_PAYLOAD + 1];
    int n = snprintf(text, sizeof text, "{\"format\":%d,\"instance\":\"%s\"}", QK_SEGMENT_FORMAT,
                     instance_id);
    memset(out + QK_RECORD_HEAD, ' ', MARK_PAYLOAD);
    memcpy(out + QK_RECORD_HEAD, text, (size_t)n);
    qk_record_head head = {.len = MARK_PAYLOAD, .kind = QK_JOURNAL_MARK, .at = at, .pos = start};
    qk_record_head_put(out, &head);
    head.crc = qk_record_crc(out, out + QK_RECORD_HEAD, MARK_PAYLOAD);
    put32(out, head.crc);
}

qk_code qk_segment_mark_read(qk_str payload, int64_t *format, char instance_id[48])
{
    qk_arena arena;
    qk_json_value *mark = NULL;
    qk_arena_init(&arena, 16384);
    qk_code code = qk_json_parse(&mark, payload, &arena, NULL);
    if (code == QK_OK && !qk_json_get_i64(mark, "format", format)) code = QK_EFORMAT;
    if (code == QK_OK) qk_str_copy(instance_id, 48, qk_json_get_str(mark, "instance"));
    qk_arena_clear(&arena);
    return code;
}

/* ---- names ---- */

void qk_segment_name(char out[QK_SEGMENT_NAME], qk_jpos start)
{
    snprintf(out, QK_SEGMENT_NAME, "%016llx.qkj", (unsigned long long)start);
}

bool qk_segment_name_parse(qk_jpos *start, const char *name)
{
    uint64_t v = 0;
    for (int i = 0; i < 16; i++) {
        char c = name[i];
        if (!qk_is_digit(c) && (c < 'a' || c > 'f')) return false;
        v = v << 4 | (uint64_t)(qk_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    *start = v;
    return strcmp(name + 16, ".qkj") == 0 || strcmp(name + 16, ".qkj.zst") == 0;
}

qk_code qk_segment_path(char *out, size_t size, const char *dir, qk_jpos start, qk_error *err)
{
    char name[QK_SEGMENT_NAME];
    qk_segment_name(name, start);
    if (qk_path_join(out, size, dir, name) != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path of the journal is too long");
    return QK_OK;
}

/* ---- listing ---- */

static int compare_starts(const void *a, const void *b)
{
    qk_jpos x = *(const qk_jpos *)a;
    qk_jpos y = *(const qk_jpos *)b;
    return (x > y) - (x < y);
}

static qk_code add_start(qk_segment_list *list, size_t *capacity, qk_jpos start)
{
    if (list->count == *capacity) {
        size_t more = *capacity ? 2 * *capacity : 64;
        if (more > SEGMENTS_MAX) return QK_EFULL;
        qk_jpos *grown = realloc(list->starts, more * sizeof *grown);
        if (!grown) return QK_ENOMEM;
        list->starts = grown;
        *capacity = more;
    }
    list->starts[list->count++] = start;
    return QK_OK;
}

static qk_code read_names(qk_segment_list *list, DIR *folder, qk_error *err)
{
    size_t capacity = 0;
    for (;;) {
        qk_jpos start;
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry && errno) return qk_fail_errno(err, errno, "cannot list the journal");
        if (!entry) return QK_OK;
        if (!qk_segment_name_parse(&start, entry->d_name)) continue;
        qk_code code = add_start(list, &capacity, start);
        if (code != QK_OK) return qk_fail(err, code, "cannot hold the list of segments");
    }
}

qk_code qk_segment_list_read(qk_segment_list *list, const char *dir, qk_error *err)
{
    *list = (qk_segment_list){0};
    DIR *folder = opendir(dir);
    if (!folder && errno == ENOENT) return QK_OK;
    if (!folder) {
        qk_code code = qk_fail_errno(err, errno, "cannot open the journal's folder");
        qk_error_at(err, dir, 0, 0);
        return code;
    }
    qk_code code = read_names(list, folder, err);
    closedir(folder);
    if (code != QK_OK) {
        qk_segment_list_clear(list);
        return code;
    }
    if (list->count) qsort(list->starts, list->count, sizeof list->starts[0], compare_starts);
    /* Both forms of a segment stand there when packing was broken off at its end. */
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || list->starts[i] != list->starts[kept - 1])
            list->starts[kept++] = list->starts[i];
    list->count = kept;
    return QK_OK;
}

void qk_segment_list_clear(qk_segment_list *list)
{
    free(list->starts);
    *list = (qk_segment_list){0};
}

size_t qk_segment_list_find(const qk_segment_list *list, qk_jpos pos)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->starts[middle] <= pos)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? SIZE_MAX : low - 1;
}
