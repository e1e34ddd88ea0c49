/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over the data area: group = item *("," item), groups joined by ";", item = key "="
 * value, key = [code "-"] field. */
#include "hj212/internal.h"

void qk_hj212_items_init(qk_hj212_items *it, qk_hj212_packet *packet)
{
    *it = (qk_hj212_items){.packet = packet};
}

/* ---- cutting ---- */

/* Behind the "//" that closes the text begun at p ("//"), or NULL. */
static const char *close_text(const char *p, const char *end)
{
    size_t len = (size_t)(end - p);
    size_t at = qk_hj212_find_pair(p, 2, len, '/');
    return at < len ? p + at + 2 : NULL;
}

/* Where the item that begins at p ends; *equals gets its first '=', or NULL. */
static const char *end_of_item(qk_hj212_packet *packet, const char *p, const char *end,
                               const char **equals)
{
    *equals = NULL;
    for (; p < end && *p != ',' && *p != ';'; p++) {
        if (*p != '=' || *equals) continue;
        *equals = p;
        const char *value = p + 1;
        while (value < end && is_blank(*value)) value++;
        if (end - value < 2 || value[0] != '/' || value[1] != '/') continue;
        const char *closed = close_text(value, end);
        if (!closed) qk_hj212_remark(packet, QK_HJ212_D_TEXT_UNCLOSED, value);
        p = (closed ? closed : value + 2) - 1;
    }
    return p;
}

static void split_key(qk_hj212_item *item)
{
    const char *dash = item->key.len ? memchr(item->key.ptr, '-', item->key.len) : NULL;
    bool coded = dash && dash > item->key.ptr && dash + 1 < item->key.ptr + item->key.len;
    if (coded) {
        item->code = text_between(item->key.ptr, dash);
        item->field_text = text_between(dash + 1, item->key.ptr + item->key.len);
    } else {
        item->field_text = item->key;
    }
}

static void cut_item(qk_hj212_packet *packet, qk_hj212_item *item, qk_hj212_text whole,
                     const char *equals)
{
    qk_hj212_text key = whole, value = {0};
    if (equals) {
        key = text_between(whole.ptr, equals);
        value = text_between(equals + 1, whole.ptr + whole.len);
    }
    item->has_value = equals != NULL;
    item->key = qk_hj212_trim(key);
    item->value = equals ? qk_hj212_trim(value) : value;
    if (item->key.len != key.len || item->value.len != value.len)
        qk_hj212_remark(packet, QK_HJ212_D_BLANKS, whole.ptr);
    split_key(item);
}

/* ---- judging ---- */

static size_t hash_text(qk_hj212_text t)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < t.len; i++) h = (h ^ (unsigned char)t.ptr[i]) * 16777619u;
    return h ^ h >> 15;
}

/* Whether t (a text in cp) stands in the open-addressed table of offsets; puts it there if not.
 * Equal texts are known by their bytes and by what may follow them. */
static bool seen_before(uint16_t *table, size_t size, uint16_t *count, qk_hj212_text cp,
                        qk_hj212_text t, const char *follows)
{
    if (*count >= size * 3 / 4 || cp.len >= UINT16_MAX) return false;
    size_t offset = (size_t)(t.ptr - cp.ptr);
    size_t slot = hash_text(t) & (size - 1);
    for (; table[slot]; slot = (slot + 1) & (size - 1)) {
        const char *other = cp.ptr + table[slot] - 1;
        const char *other_end = other + t.len;
        if (other_end > cp.ptr + cp.len || memcmp(other, t.ptr, t.len) != 0) continue;
        bool ends = other_end == cp.ptr + cp.len || (*other_end && strchr(follows, *other_end));
        if (!ends) continue;
        return true;
    }
    table[slot] = (uint16_t)(offset + 1);
    ++*count;
    return false;
}

static void judge_coded_layout(qk_hj212_items *it, const qk_hj212_item *item)
{
    qk_hj212_packet *p = it->packet;
    bool same_code = it->last_code.len == item->code.len &&
                     memcmp(it->last_code.ptr, item->code.ptr, item->code.len) == 0;
    bool again =
        !(it->same_group && same_code) &&
        seen_before(it->code, QK_HJ212_CODES_SEEN, &it->code_count, p->head.cp, item->code, "-");
    if ((it->same_group && !same_code) || again)
        qk_hj212_remark(p, QK_HJ212_D_CP_LAYOUT, item->key.ptr);
    it->codes_begun = true;
}

static void judge_plain_layout(qk_hj212_items *it, const qk_hj212_item *item)
{
    qk_hj212_packet *p = it->packet;
    bool range = item->field == QK_HJ212_F_ENDTIME && it->last_field == QK_HJ212_F_BEGINTIME;
    bool of_2005 = p->head.version == QK_HJ212_2005;
    if (range && it->same_group && !of_2005)
        qk_hj212_remark(p, QK_HJ212_D_RANGE_COMMA, item->key.ptr);
    if (range && !it->same_group && of_2005)
        qk_hj212_remark(p, QK_HJ212_D_RANGE_SEMICOLON, item->key.ptr);
    if (it->codes_begun || (it->same_group && !range))
        qk_hj212_remark(p, QK_HJ212_D_CP_LAYOUT, item->key.ptr);
}

static bool air_station_digit(const qk_hj212_packet *p, char flag)
{
    return p->head.version == QK_HJ212_2005 && flag >= '0' && flag <= '3';
}

static void judge_flag(qk_hj212_packet *p, qk_hj212_text value)
{
    static const char known[] = "NFMSDCTBP";
    char c = value.len == 1 ? *value.ptr : 0;
    if (c && (strchr(known, c) || air_station_digit(p, c))) return;
    bool small = c >= 'a' && c <= 'z' && strchr(known, c - 'a' + 'A');
    qk_hj212_remark(p, small ? QK_HJ212_D_DATA_FLAG_LOWER_CASE : QK_HJ212_D_DATA_FLAG_UNKNOWN,
                    value.ptr);
}

static void judge_number(qk_hj212_packet *p, qk_hj212_text value)
{
    qk_hj212_number n;
    if (!qk_hj212_number_parse(&n, value))
        qk_hj212_remark(p, QK_HJ212_D_VALUE_NOT_NUMBER, value.ptr);
    else if (memchr(value.ptr, 'e', value.len) || memchr(value.ptr, 'E', value.len))
        qk_hj212_remark(p, QK_HJ212_D_VALUE_EXPONENT, value.ptr);
}

static void judge_value(qk_hj212_packet *p, const qk_hj212_item *item)
{
    if (!item->has_value)
        qk_hj212_remark(p, QK_HJ212_D_ITEM_WITHOUT_EQUALS, item->key.ptr);
    else if (item->value.len == 0)
        qk_hj212_remark(p, QK_HJ212_D_EMPTY_VALUE, item->key.ptr);
    else if (item->code.ptr && item->field == QK_HJ212_F_FLAG)
        judge_flag(p, item->value);
    else if (item->code.ptr && qk_hj212_field_is_number(item->field))
        judge_number(p, item->value);
}

static void judge_item(qk_hj212_items *it, qk_hj212_item *item)
{
    qk_hj212_packet *p = it->packet;
    bool exact;
    item->field = qk_hj212_field_find(item->field_text, &exact);
    if (item->field != QK_HJ212_F_OTHER && !exact)
        qk_hj212_remark(p, QK_HJ212_D_FIELD_CASE, item->field_text.ptr);
    if (item->key.len == 0)
        qk_hj212_remark(p, QK_HJ212_D_EMPTY_KEY, item->key.ptr);
    else if (seen_before(it->key, QK_HJ212_KEYS_SEEN, &it->key_count, p->head.cp, item->key,
                         "=,; \t\r\n"))
        qk_hj212_remark(p, QK_HJ212_D_KEY_REPEATED, item->key.ptr);
    if (item->code.ptr)
        judge_coded_layout(it, item);
    else
        judge_plain_layout(it, item);
    judge_value(p, item);
    if (item->field == QK_HJ212_F_DATATIME) it->saw_time = true;
    if (item->field == QK_HJ212_F_QN && !item->code.ptr && p->head.version != QK_HJ212_2005)
        qk_hj212_remark(p, QK_HJ212_D_QN_IN_CP, item->key.ptr);
    it->last_code = item->code;
    it->last_field = item->field;
}

/* ---- walking ---- */

static void finish(qk_hj212_items *it, bool judged)
{
    qk_hj212_packet *p = it->packet;
    it->ended = true;
    if (!judged) return;
    if (it->codes_begun && !it->saw_time && p->head.command >= 2000 && p->head.command < 3000)
        qk_hj212_remark(p, QK_HJ212_D_NO_DATA_TIME, p->head.cp.ptr);
}

static void pass_empty(qk_hj212_items *it, qk_hj212_text whole, bool at_end)
{
    bool trailing = at_end && it->after_separator;
    if (whole.len > 0) qk_hj212_remark(it->packet, QK_HJ212_D_BLANKS, whole.ptr);
    if (trailing)
        qk_hj212_remark(it->packet, QK_HJ212_D_TRAILING_SEPARATOR, whole.ptr - 1);
    else if (!at_end)
        qk_hj212_remark(it->packet, QK_HJ212_D_EMPTY_ITEM, whole.ptr);
}

/* judged: what deviates is noted; else the items alone are wanted. */
static inline bool next_item(qk_hj212_items *it, qk_hj212_item *item, bool judged)
{
    qk_hj212_text cp = it->packet->head.cp;
    if (!cp.ptr) return false;
    const char *end = cp.ptr + cp.len;
    while (!it->ended) {
        const char *from = cp.ptr + it->at, *equals;
        const char *stop = end_of_item(it->packet, from, end, &equals);
        qk_hj212_text whole = text_between(from, stop);
        bool empty = qk_hj212_trim(whole).len == 0;
        *item = (qk_hj212_item){.group = it->group, .separator = stop < end ? *stop : (char)0};
        if (!empty) cut_item(it->packet, item, whole, equals);
        if (!empty && judged) judge_item(it, item);
        if (empty && judged) pass_empty(it, whole, stop == end);
        it->at = (size_t)(stop - cp.ptr) + 1;
        it->after_separator = stop < end;
        it->same_group = item->separator == ',';
        it->group += item->separator == ';';
        if (stop == end) finish(it, judged);
        if (!empty) return true;
    }
    return false;
}

bool qk_hj212_items_next(qk_hj212_items *it, qk_hj212_item *item)
{
    return next_item(it, item, true);
}

void qk_hj212_items_pass_init(qk_hj212_items *it, qk_hj212_packet *packet)
{
    it->packet = packet;
    it->at = it->group = 0;
    it->after_separator = it->ended = false;
}

bool qk_hj212_items_pass(qk_hj212_items *it, qk_hj212_item *item)
{
    return next_item(it, item, false);
}
