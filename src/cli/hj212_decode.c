/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hj212_json_private.h"
#include <stdlib.h>

qk_code qk_hj212_json_new(qk_hj212_json **out, const qk_hj212_json_options *options, qk_error *err)
{
    qk_hj212_json *j = calloc(1, sizeof *j);
    *out = j;
    if (!j) return qk_fail(err, QK_ENOMEM, "no memory");
    j->options = *options;
    qk_arena_init(&j->arena, 16 << 20);
    qk_buf_init(&j->scratch, 1 << 20);
    j->frame = malloc(QK_HJ212_FRAME_MAX);
    j->items = calloc(QK_HJ212_JSON_ITEMS, sizeof *j->items);
    j->slot = calloc(QK_HJ212_JSON_SLOTS, sizeof *j->slot);
    j->values = calloc(QK_HJ212_JSON_ITEMS, sizeof *j->values);
    if (j->frame && j->items && j->slot && j->values) return QK_OK;
    qk_hj212_json_free(j);
    *out = NULL;
    return qk_fail(err, QK_ENOMEM, "no memory");
}

void qk_hj212_json_free(qk_hj212_json *j)
{
    if (!j) return;
    qk_arena_clear(&j->arena);
    qk_buf_clear(&j->scratch);
    free(j->frame);
    free(j->items);
    free(j->slot);
    free(j->values);
    free(j);
}

static qk_str str_of(qk_hj212_text t)
{
    return (qk_str){t.ptr, t.len};
}

/* ---- grouping ---- */

/* The first item with this text as its code (or key), which is i itself when there was none. */
static uint16_t first_with(qk_hj212_json *j, qk_str text, bool code, uint16_t i)
{
    size_t at = (qk_hash(text.ptr, text.len) * 2 + code) & (QK_HJ212_JSON_SLOTS - 1);
    for (; j->slot[at] != QK_HJ212_JSON_NONE; at = (at + 1) & (QK_HJ212_JSON_SLOTS - 1)) {
        const qk_hj212_json_item *other = &j->items[j->slot[at]];
        bool same_kind = code ? other->first_of_code : other->first_of_key;
        qk_hj212_text theirs = code ? other->item.code : other->item.key;
        if (same_kind && qk_str_eq(str_of(theirs), text)) return j->slot[at];
    }
    j->slot[at] = i;
    return i;
}

static void link_item(qk_hj212_json *j, uint16_t i)
{
    qk_hj212_json_item *it = &j->items[i];
    it->first_of_key = true;
    uint16_t key = first_with(j, str_of(it->item.key), false, i);
    it->first_of_key = key == i;
    if (key != i) j->items[j->items[key].last_of_key].next_of_key = i;
    j->items[key].last_of_key = i;
    if (!it->item.code.ptr) return;
    it->first_of_code = true;
    uint16_t code = first_with(j, str_of(it->item.code), true, i);
    it->first_of_code = code == i;
    if (code != i) j->items[j->items[code].last_of_code].next_of_code = i;
    j->items[code].last_of_code = i;
}

static void collect_items(qk_hj212_json *j, qk_hj212_packet *packet)
{
    qk_hj212_items walk;
    j->count = 0;
    memset(j->slot, 0xFF, QK_HJ212_JSON_SLOTS * sizeof *j->slot);
    qk_hj212_items_init(&walk, packet);
    while (j->count < QK_HJ212_JSON_ITEMS) {
        qk_hj212_json_item *it = &j->items[j->count];
        *it = (qk_hj212_json_item){.next_of_code = QK_HJ212_JSON_NONE,
                                   .next_of_key = QK_HJ212_JSON_NONE};
        if (!qk_hj212_items_next(&walk, &it->item)) break;
        link_item(j, (uint16_t)j->count++);
    }
}

/* ---- values ---- */

static void put_value(qk_json_writer *w, const qk_hj212_item *item, bool numbers)
{
    qk_str value = str_of(item->value);
    if (!item->has_value)
        qk_json_null(w);
    else if (numbers && qk_json_is_number(value))
        qk_json_raw(w, value);
    else
        qk_json_str(w, value);
}

/* The value, or all of them when the key was repeated. */
static void put_values(qk_hj212_json *j, qk_json_writer *w, uint16_t i, uint16_t *ordinal)
{
    qk_hj212_json_item *it = &j->items[i];
    bool numbers = it->item.code.ptr != NULL;
    bool repeated = it->next_of_key != QK_HJ212_JSON_NONE;
    qk_json_key_str(w, str_of(it->item.field_text));
    if (repeated) qk_json_array(w);
    for (; i != QK_HJ212_JSON_NONE; i = j->items[i].next_of_key) {
        put_value(w, &j->items[i].item, numbers);
        j->items[i].ordinal = (*ordinal)++;
    }
    if (repeated) qk_json_end(w);
}

static void put_fields(qk_hj212_json *j, qk_json_writer *w, uint16_t *ordinal)
{
    qk_json_key(w, "fields");
    qk_json_object(w);
    for (size_t i = 0; i < j->count; i++)
        if (!j->items[i].item.code.ptr && j->items[i].first_of_key)
            put_values(j, w, (uint16_t)i, ordinal);
    qk_json_end(w);
}

static void put_factors(qk_hj212_json *j, qk_json_writer *w, uint16_t *ordinal)
{
    qk_json_key(w, "factors");
    qk_json_object(w);
    for (size_t i = 0; i < j->count; i++) {
        if (!j->items[i].first_of_code) continue;
        qk_json_key_str(w, str_of(j->items[i].item.code));
        qk_json_object(w);
        for (uint16_t k = (uint16_t)i; k != QK_HJ212_JSON_NONE;) {
            uint16_t next = j->items[k].next_of_code;
            if (j->items[k].first_of_key) put_values(j, w, k, ordinal);
            k = next;
        }
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* ---- deviations ---- */

static void put_separators(qk_buf *out, const char *p, const char *end)
{
    for (; p < end; p++)
        if (*p == ',' || *p == ';') qk_buf_putc(out, *p);
}

static const char *end_of(const qk_hj212_item *item)
{
    return item->has_value ? item->value.ptr + item->value.len : item->key.ptr + item->key.len;
}

static void write_layout(qk_hj212_json *j, qk_hj212_text cp)
{
    qk_buf *out = &j->scratch;
    const char *at = cp.ptr;
    uint16_t expected = 0;
    for (size_t i = 0; i < j->count; i++) {
        const qk_hj212_json_item *it = &j->items[i];
        put_separators(out, at, it->item.key.ptr);
        if (it->ordinal == expected)
            qk_buf_putc(out, '.');
        else
            qk_buf_printf(out, "%u", it->ordinal);
        expected = (uint16_t)(it->ordinal + 1);
        at = end_of(&it->item);
    }
    if (at) put_separators(out, at, cp.ptr + cp.len);
}

static void write_order(qk_hj212_json *j, const qk_hj212_packet *p)
{
    const char *end = p->head.cp.ptr ? p->head.cp.ptr : p->segment.ptr + p->segment.len;
    qk_str head = {p->segment.ptr, (size_t)(end - p->segment.ptr)};
    bool first = true;
    while (head.len > 0) {
        qk_str item = qk_str_cut(&head, ';');
        if (!memchr(item.ptr, '=', item.len)) continue;
        qk_str name = qk_str_trim(qk_str_cut(&item, '='));
        if (qk_str_eq_nocase(name, QK_STR("CP"))) break;
        if (!first) qk_buf_putc(&j->scratch, ',');
        qk_buf_append(&j->scratch, name.ptr, name.len);
        first = false;
    }
}

/* The deviation that carries the layout, or COUNT when the order of the values tells it. */
static qk_hj212_deviation layout_carrier(const qk_hj212_json *j, uint64_t *bits)
{
    static const qk_hj212_deviation candidates[] = {QK_HJ212_D_CP_LAYOUT, QK_HJ212_D_EMPTY_ITEM,
                                                    QK_HJ212_D_TRAILING_SEPARATOR};
    bool in_order = true;
    for (size_t i = 0; i < j->count; i++) in_order = in_order && j->items[i].ordinal == i;
    if (!in_order) *bits |= QK_HJ212_BIT(QK_HJ212_D_CP_LAYOUT);
    for (size_t i = 0; i < 3; i++)
        if (*bits & QK_HJ212_BIT(candidates[i])) return candidates[i];
    return QK_HJ212_D_COUNT;
}

static void put_deviations(qk_hj212_json *j, qk_json_writer *w, const qk_hj212_packet *p)
{
    uint64_t bits = p->deviations;
    qk_hj212_deviation carrier = layout_carrier(j, &bits);
    qk_json_key(w, "deviations");
    qk_json_array(w);
    for (int d = 0; d < QK_HJ212_D_COUNT; d++) {
        if (!(bits & QK_HJ212_BIT(d))) continue;
        j->scratch.len = 0;
        qk_buf_puts(&j->scratch, qk_hj212_deviation_name((qk_hj212_deviation)d));
        bool detail = d == (int)carrier || d == QK_HJ212_D_HEAD_ORDER;
        if (detail) qk_buf_putc(&j->scratch, ':');
        if (d == (int)carrier) write_layout(j, p->head.cp);
        if (d == QK_HJ212_D_HEAD_ORDER) write_order(j, p);
        qk_json_str(w, qk_buf_str(&j->scratch));
    }
    qk_json_end(w);
}

/* ---- the object ---- */

static void put_text(qk_json_writer *w, const char *name, qk_hj212_text t)
{
    qk_json_key(w, name);
    if (t.ptr)
        qk_json_str(w, str_of(t));
    else
        qk_json_null(w);
}

static void put_number(qk_json_writer *w, const char *name, qk_hj212_text t)
{
    if (!t.ptr || !qk_json_is_number(str_of(t))) {
        put_text(w, name, t);
        return;
    }
    qk_json_key(w, name);
    qk_json_raw(w, str_of(t));
}

static void put_data_time(qk_json_writer *w, const qk_hj212_packet *p)
{
    char digits[15], iso[20];
    qk_json_key(w, "data_time");
    if (!p->time_ok) {
        qk_json_null(w);
        return;
    }
    qk_hj212_time_format(digits, &p->time);
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s", digits, digits + 4, digits + 6,
             digits + 8, digits + 10, digits + 12);
    qk_json_cstr(w, iso);
}

static void put_head(qk_json_writer *w, const qk_hj212_packet *p)
{
    const qk_hj212_head *h = &p->head;
    put_text(w, "qn", h->qn);
    put_text(w, "st", h->st);
    put_text(w, "cn", h->cn);
    put_text(w, "pw", h->pw);
    put_text(w, "mn", h->mn);
    put_number(w, "flag", h->flag);
    put_number(w, "pnum", h->pnum);
    put_number(w, "pno", h->pno);
    if (h->rf.ptr) put_number(w, "rf", h->rf);
    put_data_time(w, p);
}

static const char *version_text(qk_hj212_version v)
{
    return v == QK_HJ212_2005 ? "2005" : v == QK_HJ212_2017 ? "2017" : "2025";
}

/* Cipher text of 2025 is opened before it is read; frame becomes the plain one. */
static bool open_cipher(qk_hj212_json *j, qk_hj212_frame *frame)
{
    qk_hj212_head head;
    if (!frame->binary || frame->refusal || frame->crc == QK_HJ212_CRC_MISSING) return true;
    qk_hj212_head_read(&head, frame->segment);
    if (head.version != QK_HJ212_2025) return true;
    qk_hj212_frame plain;
    if (!qk_hj212_open(&plain, frame, j->options.sm4, j->frame, QK_HJ212_FRAME_MAX)) return false;
    *frame = plain;
    return true;
}

bool qk_hj212_json_decode(qk_hj212_json *j, qk_json_writer *w, const qk_hj212_frame *sent)
{
    qk_hj212_frame frame = *sent;
    qk_hj212_packet packet;
    bool opened = open_cipher(j, &frame);
    qk_hj212_parse(&packet, &frame);
    if (opened)
        collect_items(j, &packet);
    else
        j->count = 0;
    qk_hj212_refusal refusal = qk_hj212_frame_check(&frame, j->options.crc);
    if (!opened && refusal == QK_HJ212_R_CRC) refusal = QK_HJ212_R_ENCRYPTED;
    if (refusal == QK_HJ212_USABLE) refusal = packet.refusal;
    qk_json_object(w);
    qk_json_kbool(w, "ok", refusal == QK_HJ212_USABLE);
    qk_json_kcstr(w, "version", version_text(packet.head.version));
    qk_json_kbool(w, "length_ok", frame.length_ok);
    qk_json_kbool(w, "crc_ok", frame.crc == QK_HJ212_CRC_STANDARD);
    put_head(w, &packet);
    uint16_t ordinal = 0;
    put_fields(j, w, &ordinal);
    put_factors(j, w, &ordinal);
    put_deviations(j, w, &packet);
    qk_json_kcstr(w, "error", qk_hj212_refusal_name(refusal));
    qk_json_end(w);
    return refusal == QK_HJ212_USABLE;
}
