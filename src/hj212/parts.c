/* SPDX-License-Identifier: Apache-2.0 */
/* One message in several packets, and back. */
#include "hj212/encode.h"
#include "hj212/internal.h"
#include <assert.h>

/* Where the group that begins at `at` ends: the next ';' outside "//…//". */
static size_t end_of_group(qk_hj212_text cp, size_t at)
{
    for (; at < cp.len && cp.ptr[at] != ';'; at++) {
        if (cp.ptr[at] != '=' || at + 2 >= cp.len) continue;
        if (cp.ptr[at + 1] != '/' || cp.ptr[at + 2] != '/') continue;
        size_t closed = qk_hj212_find_pair(cp.ptr, at + 3, cp.len, '/');
        if (closed < cp.len) at = closed + 1;
    }
    return at;
}

static bool is_data_time(qk_hj212_text group)
{
    return group.len > 9 && memcmp(group.ptr, "DataTime=", 9) == 0;
}

static qk_hj212_text leading_data_time(qk_hj212_text cp)
{
    qk_hj212_text first = {cp.ptr, cp.ptr ? end_of_group(cp, 0) : 0};
    return is_data_time(first) ? first : (qk_hj212_text){0};
}

/* ---- splitting ---- */

enum { PARTS_MAX = 9999, PART_WORDS = sizeof "PNUM=9999;PNO=9999;" - 1 };

static size_t head_bytes(const qk_hj212_message *m)
{
    char scratch[QK_HJ212_FRAME_MAX];
    qk_hj212_message bare = *m;
    bare.cp = (qk_hj212_text){0};
    bare.parts = 0;
    size_t n = qk_hj212_encode(scratch, sizeof scratch, &bare);
    return n == 0 ? SIZE_MAX : n - 12;
}

/* The groups from `at` that fit beside the head; a group is never cut. */
static size_t next_chunk(const qk_hj212_split *s, size_t at, size_t room)
{
    qk_hj212_text cp = s->message.cp;
    size_t end = at;
    for (size_t next = at; next < cp.len; next = end + 1) {
        size_t stop = end_of_group(cp, next);
        if (stop - at > room) break;
        end = stop;
    }
    return end;
}

static size_t pass_separators(qk_hj212_text cp, size_t at)
{
    while (at < cp.len && cp.ptr[at] == ';') at++;
    return at;
}

static size_t room_for_groups(const qk_hj212_split *s)
{
    size_t taken = head_bytes(&s->message);
    if (taken == SIZE_MAX) return 0;
    taken += PART_WORDS + (s->data_time.ptr ? s->data_time.len + 1 : 0);
    return taken < s->segment_max ? s->segment_max - taken : 0;
}

static size_t first_group(const qk_hj212_split *s)
{
    return pass_separators(s->message.cp, s->data_time.len);
}

static int32_t count_parts(const qk_hj212_split *s)
{
    size_t room = room_for_groups(s), at = first_group(s);
    int32_t n = 0;
    while (at < s->message.cp.len) {
        size_t end = next_chunk(s, at, room);
        if (end == at || ++n > PARTS_MAX) return 0;
        at = pass_separators(s->message.cp, end);
    }
    return n;
}

int32_t qk_hj212_split_init(qk_hj212_split *split, const qk_hj212_message *message,
                            size_t segment_max)
{
    *split = (qk_hj212_split){.message = *message,
                              .segment_max = segment_max ? segment_max : QK_HJ212_SEGMENT_MAX};
    split->qn_ok = qk_hj212_time_parse(&split->qn, message->qn);
    size_t head = head_bytes(message);
    if (head != SIZE_MAX && head + message->cp.len <= split->segment_max) {
        split->whole = true;
        return split->parts = 1;
    }
    split->data_time = leading_data_time(message->cp);
    split->at = first_group(split);
    split->parts = count_parts(split);
    return split->parts;
}

static size_t write_single(qk_hj212_split *s, char *out, size_t size)
{
    qk_hj212_message m = s->message;
    m.parts = 0;
    size_t n = qk_hj212_encode(out, size, &m);
    s->part += n > 0;
    return n;
}

size_t qk_hj212_split_next(qk_hj212_split *split, char *out, size_t size)
{
    qk_hj212_split *s = split;
    if (s->part >= s->parts) return 0;
    if (s->whole) return write_single(s, out, size);
    size_t end = next_chunk(s, s->at, room_for_groups(s));
    char cp[QK_HJ212_FRAME_MAX], qn[18];
    size_t n = s->data_time.len, groups = end - s->at;
    while (groups > 0 && s->message.cp.ptr[s->at + groups - 1] == ';') groups--;
    if (n + 1 + groups > sizeof cp) return 0;
    if (n > 0) memcpy(cp, s->data_time.ptr, n);
    if (n > 0) cp[n++] = ';';
    memcpy(cp + n, s->message.cp.ptr + s->at, groups);
    qk_hj212_message m = s->message;
    bool split_up = s->parts > 1;
    m.parts = split_up ? s->parts : 0;
    m.part = s->part + 1;
    if (m.flag >= 0 && split_up) m.flag |= 2;
    m.cp = (qk_hj212_text){cp, n + groups};
    if (s->qn_ok) {
        qk_hj212_time t = qk_hj212_time_from_utc_ms(qk_hj212_time_utc_ms(&s->qn) + s->part);
        qk_hj212_qn_format(qn, &t);
        m.qn = (qk_hj212_text){qn, 17};
    }
    size_t written = qk_hj212_encode(out, size, &m);
    if (written == 0) return 0;
    s->part++;
    s->at = pass_separators(s->message.cp, end);
    return written;
}

/* ---- joining ---- */

static uint64_t hash_more(uint64_t h, qk_hj212_text t)
{
    for (size_t i = 0; i < t.len; i++) h = (h ^ (unsigned char)t.ptr[i]) * UINT64_C(1099511628211);
    return (h ^ 0xFF) * UINT64_C(1099511628211);
}

static uint64_t key_of(const qk_hj212_head *head)
{
    uint64_t h = UINT64_C(14695981039346656037);
    h = hash_more(h, head->mn);
    h = hash_more(h, head->st);
    h = hash_more(h, head->cn);
    h = hash_more(h, head->data_time);
    h = hash_more(h, head->pnum);
    return h ? h : 1;
}

void qk_hj212_join_init(qk_hj212_join *join, char *memory, size_t size)
{
    *join = (qk_hj212_join){.memory = memory, .slot_size = size / QK_HJ212_JOIN_MESSAGES};
}

static char *bytes_of(const qk_hj212_join *j, const qk_hj212_join_slot *slot)
{
    return j->memory + (size_t)(slot - j->slot) * j->slot_size;
}

static qk_hj212_join_slot *oldest_slot(qk_hj212_join *j)
{
    qk_hj212_join_slot *oldest = NULL;
    for (int i = 0; i < QK_HJ212_JOIN_MESSAGES; i++)
        if (j->slot[i].key && (!oldest || j->slot[i].since_ms < oldest->since_ms))
            oldest = &j->slot[i];
    return oldest;
}

/* The message's slot, a free one, or the oldest one's place. */
static qk_hj212_join_slot *slot_for(qk_hj212_join *j, uint64_t key, int32_t parts, int64_t now_ms)
{
    qk_hj212_join_slot *free_slot = NULL;
    for (int i = 0; i < QK_HJ212_JOIN_MESSAGES; i++) {
        if (j->slot[i].key == key) return &j->slot[i];
        if (!j->slot[i].key && !free_slot) free_slot = &j->slot[i];
    }
    if (!free_slot) {
        free_slot = oldest_slot(j);
        j->dropped++;
    }
    *free_slot = (qk_hj212_join_slot){.key = key, .since_ms = now_ms, .parts = parts};
    return free_slot;
}

/* Parts in order of PNO; DataTime only from the first. SIZE_MAX when it does not fit. */
static size_t write_joined(const qk_hj212_join *j, const qk_hj212_join_slot *slot, char *out,
                           size_t size)
{
    size_t len = 0;
    for (int32_t part = 0; part < slot->parts; part++) {
        size_t from = 0;
        int k = 0;
        while (k < slot->count && slot->order[k] != part) from += slot->part_len[slot->order[k++]];
        if (k == slot->count) continue;
        qk_hj212_text cp = {bytes_of(j, slot) + from, slot->part_len[part]};
        assert(cp.ptr);
        while (cp.len > 0 && cp.ptr[cp.len - 1] == ';') cp.len--;
        qk_hj212_text time = leading_data_time(cp);
        size_t skip = len > 0 && time.ptr ? (time.len < cp.len ? time.len + 1 : time.len) : 0;
        size_t n = cp.len - skip;
        if (n == 0) continue;
        if (len + 1 + n > size) return SIZE_MAX;
        if (len > 0) out[len++] = ';';
        memcpy(out + len, cp.ptr + skip, n);
        len += n;
    }
    return len;
}

static void keep_part(qk_hj212_join *j, qk_hj212_join_slot *slot, const qk_hj212_head *head)
{
    int32_t part = head->part - 1;
    if (head->cp.len > 0) memcpy(bytes_of(j, slot) + slot->used, head->cp.ptr, head->cp.len);
    slot->used += head->cp.len;
    slot->part_len[part] = (uint32_t)head->cp.len;
    slot->order[slot->count++] = (uint8_t)part;
    slot->present |= UINT64_C(1) << part;
}

static bool is_whole(const qk_hj212_join_slot *slot)
{
    return slot->count == slot->parts;
}

qk_hj212_joined qk_hj212_join_add(qk_hj212_join *join, const qk_hj212_head *head, int64_t now_ms,
                                  char *out, size_t size, size_t *len)
{
    *len = 0;
    if (head->parts == 0 && head->part == 0) return QK_HJ212_JOIN_SINGLE;
    if (head->parts == 1 && head->part == 1) return QK_HJ212_JOIN_SINGLE;
    if (head->part < 1 || head->part > head->parts || head->parts > QK_HJ212_JOIN_PARTS)
        return QK_HJ212_JOIN_REFUSED;
    if (head->cp.len > join->slot_size) return QK_HJ212_JOIN_REFUSED;
    qk_hj212_join_slot *slot = slot_for(join, key_of(head), head->parts, now_ms);
    if (slot->present >> (head->part - 1) & 1) return QK_HJ212_JOIN_REPEAT;
    if (head->cp.len > join->slot_size - slot->used) {
        if (slot->count == 0) slot->key = 0;
        return QK_HJ212_JOIN_REFUSED;
    }
    keep_part(join, slot, head);
    if (!is_whole(slot)) return QK_HJ212_JOIN_WAITING;
    size_t n = write_joined(join, slot, out, size);
    slot->key = 0;
    if (n == SIZE_MAX) return QK_HJ212_JOIN_REFUSED;
    *len = n;
    return QK_HJ212_JOIN_WHOLE;
}

bool qk_hj212_join_expire(qk_hj212_join *join, int64_t before_ms, char *out, size_t size,
                          size_t *len)
{
    qk_hj212_join_slot *slot = oldest_slot(join);
    if (!slot || slot->since_ms >= before_ms) return false;
    size_t n = write_joined(join, slot, out, size);
    *len = n == SIZE_MAX ? 0 : n;
    slot->key = 0;
    return true;
}
