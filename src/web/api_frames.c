/* SPDX-License-Identifier: Apache-2.0 */
/* The last frames of a device as they came, each deviation said in words. The password inside a
 * frame is covered: whoever reaches the page may read frames, but not speak as the device. */
#include "base/messages.h"
#include "hj212/hj212.h"
#include "web/api.h"
#include "web/cover.h"
#include <stdlib.h>

enum { EXACT_DIGITS = 15, LIMIT_DEFAULT = 20, ITEMS_SHOWN = 1024, SHOWN_BYTES = 12288 };

/* ---- the bytes ---- */

/* What was journalled of a refused frame is followed by NUL and the reason. */
static qk_str cut_reason(const qk_frame_record *r, qk_str *reason)
{
    qk_str bytes = r->payload;
    *reason = (qk_str){NULL, 0};
    if (r->kind != QK_JOURNAL_REFUSED) return bytes;
    for (size_t i = bytes.len; i-- > 0;) {
        if (bytes.ptr[i] != 0) continue;
        *reason = (qk_str){bytes.ptr + i + 1, bytes.len - i - 1};
        bytes.len = i;
        break;
    }
    return bytes;
}

static bool is_printable(qk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f) return false;
    }
    return qk_utf8_valid(s);
}

static void write_bytes(qk_exchange *x, qk_str bytes)
{
    bool hex = !is_printable(bytes);
    bool cut = bytes.len > SHOWN_BYTES;
    if (cut) bytes.len = SHOWN_BYTES;
    char *copy = qk_arena_copy(&x->arena, bytes.ptr, bytes.len);
    char *shown = copy;
    if (copy) qk_cover_secrets(copy, bytes.len);
    if (copy && hex) {
        shown = qk_arena_alloc(&x->arena, 2 * bytes.len + 1);
        if (shown) qk_hex(shown, copy, bytes.len);
    }
    qk_json_kcstr(&x->json, "text", shown);
    qk_json_kbool(&x->json, "hex", hex);
    qk_json_kbool(&x->json, "cut", cut);
}

/* ---- what the frame says ---- */

static qk_str str_of(qk_hj212_text t)
{
    return (qk_str){t.ptr, t.len};
}

static void write_text(qk_json_writer *w, const char *name, qk_hj212_text t)
{
    if (t.ptr)
        qk_json_kstr(w, name, str_of(t));
    else
        qk_json_knull(w, name);
}

/* Values of factors are numbers with their digits; fields of the message (times, codes) are texts,
 * and so is what a reader of JSON could not hold exactly. */
static void write_value(qk_json_writer *w, const qk_hj212_item *item)
{
    qk_str value = str_of(item->value);
    if (qk_is_secret_field(str_of(item->field_text)))
        qk_json_cstr(w, "******");
    else if (item->code.ptr && value.len <= EXACT_DIGITS && qk_json_is_number(value))
        qk_json_raw(w, value);
    else
        qk_json_str(w, value);
}

static bool same_key(const qk_hj212_item *a, const qk_hj212_item *b)
{
    return qk_str_eq(str_of(a->key), str_of(b->key));
}

static bool same_code(const qk_hj212_item *a, const qk_hj212_item *b)
{
    return (a->code.ptr != NULL) == (b->code.ptr != NULL) &&
           qk_str_eq(str_of(a->code), str_of(b->code));
}

static bool seen_before(const qk_hj212_item *items, size_t i,
                        bool (*same)(const qk_hj212_item *, const qk_hj212_item *))
{
    for (size_t k = 0; k < i; k++)
        if (same(&items[k], &items[i])) return true;
    return false;
}

/* One member; what stands several times becomes an array. */
static void write_member(qk_json_writer *w, const qk_hj212_item *items, size_t n, size_t i)
{
    size_t times = 0;
    if (seen_before(items, i, same_key)) return;
    for (size_t k = i; k < n; k++) times += same_key(&items[k], &items[i]);
    qk_json_key_str(w, str_of(items[i].field_text));
    if (times > 1) qk_json_array(w);
    for (size_t k = i; k < n; k++)
        if (same_key(&items[k], &items[i])) write_value(w, &items[k]);
    if (times > 1) qk_json_end(w);
}

static void write_group(qk_json_writer *w, const qk_hj212_item *items, size_t n, size_t first)
{
    qk_json_object(w);
    for (size_t i = first; i < n; i++)
        if (same_code(&items[i], &items[first])) write_member(w, items, n, i);
    qk_json_end(w);
}

static void write_items(qk_json_writer *w, const qk_hj212_item *items, size_t n)
{
    size_t plain = 0;
    while (plain < n && items[plain].code.ptr) plain++;
    qk_json_key(w, "fields");
    if (plain < n) {
        write_group(w, items, n, plain);
    } else {
        qk_json_object(w);
        qk_json_end(w);
    }
    qk_json_key(w, "factors");
    qk_json_object(w);
    for (size_t i = 0; i < n; i++) {
        if (!items[i].code.ptr || seen_before(items, i, same_code)) continue;
        qk_json_key_str(w, str_of(items[i].code));
        write_group(w, items, n, i);
    }
    qk_json_end(w);
}

static const char *message_of(const char *group, const char *name, qk_lang lang)
{
    char key[96];
    snprintf(key, sizeof key, "%s.%s", group, name);
    const char *text = qk_message(key, lang);
    return text ? text : name;
}

static void write_deviations(qk_json_writer *w, const qk_hj212_packet *packet)
{
    qk_json_key(w, "deviations");
    qk_json_array(w);
    for (int d = 0; d < QK_HJ212_D_COUNT; d++) {
        if (!(packet->deviations & QK_HJ212_BIT(d))) continue;
        const char *name = qk_hj212_deviation_name((qk_hj212_deviation)d);
        int64_t offset = -1;
        for (uint32_t i = 0; i < packet->note_count; i++)
            if (packet->notes[i].deviation == d && offset < 0) offset = packet->notes[i].offset;
        qk_json_object(w);
        qk_json_kcstr(w, "code", name);
        qk_json_kcstr(w, "zh", message_of("hj212.deviation", name, QK_ZH));
        qk_json_kcstr(w, "en", message_of("hj212.deviation", name, QK_EN));
        if (offset < 0)
            qk_json_knull(w, "offset");
        else
            qk_json_ki64(w, "offset", offset);
        qk_json_end(w);
    }
    qk_json_end(w);
}

/* ---- one record ---- */

static void write_command(qk_json_writer *w, const qk_hj212_head *head)
{
    const qk_hj212_command *command = qk_hj212_command_find(head->command);
    write_text(w, "cn", head->cn);
    qk_json_kcstr(w, "cn_zh", command ? command->zh : NULL);
    qk_json_kcstr(w, "cn_en", command ? command->en : NULL);
    write_text(w, "st", head->st);
    write_text(w, "qn", head->qn);
    write_text(w, "data_time", head->data_time);
}

static void write_fault(qk_json_writer *w, const char *name)
{
    const char *zh = message_of("hj212.refusal", name, QK_ZH);
    const char *en = message_of("hj212.refusal", name, QK_EN);
    if (strcmp(zh, name) == 0) zh = message_of("gateway.refusal", name, QK_ZH);
    if (strcmp(en, name) == 0) en = message_of("gateway.refusal", name, QK_EN);
    qk_json_kcstr(w, "error", name);
    qk_json_kcstr(w, "error_zh", zh);
    qk_json_kcstr(w, "error_en", en);
}

static void write_content(qk_exchange *x, const qk_frame_record *r, qk_str bytes, qk_str reason)
{
    qk_json_writer *w = &x->json;
    qk_hj212_frame frame;
    qk_hj212_step step = {0};
    qk_hj212_packet packet;
    char fault[64] = "";
    qk_hj212_found found = qk_hj212_next(bytes.ptr, bytes.len, true, &frame, &step);
    if (found != QK_HJ212_FRAME)
        qk_hj212_frame_of_segment(&frame, (qk_hj212_text){bytes.ptr, bytes.len});
    qk_hj212_parse(&packet, &frame);
    qk_hj212_item *items = qk_arena_array(&x->arena, ITEMS_SHOWN, sizeof *items);
    qk_hj212_item item;
    qk_hj212_items it;
    size_t n = 0;
    qk_hj212_items_init(&it, &packet);
    while (items && qk_hj212_items_next(&it, &item))
        if (n < ITEMS_SHOWN) items[n++] = item;
    bool taken = r->kind == QK_JOURNAL_FRAME || r->kind == QK_JOURNAL_SENT;
    if (reason.len)
        qk_str_copy(fault, sizeof fault, reason);
    else if (packet.refusal != QK_HJ212_USABLE)
        qk_str_copy(fault, sizeof fault, qk_str_of(qk_hj212_refusal_name(packet.refusal)));
    write_command(w, &packet.head);
    qk_json_kbool(w, "ok", !fault[0] && (taken || r->kind == QK_JOURNAL_PARKED));
    if (fault[0]) {
        write_fault(w, fault);
    } else {
        qk_json_knull(w, "error");
        qk_json_knull(w, "error_zh");
        qk_json_knull(w, "error_en");
    }
    write_deviations(w, &packet);
    write_items(w, items, n);
}

static void write_flags(qk_json_writer *w, uint8_t flags)
{
    qk_json_key(w, "flags");
    qk_json_array(w);
    if (flags & QK_JOURNAL_REPEAT) qk_json_cstr(w, "repeat");
    if (flags & QK_JOURNAL_UNAPPROVED) qk_json_cstr(w, "unapproved");
    if (flags & QK_JOURNAL_BACKFILL) qk_json_cstr(w, "backfill");
    qk_json_end(w);
}

static const char *kind_name(qk_journal_kind kind)
{
    switch (kind) {
    case QK_JOURNAL_PARKED: return "parked";
    case QK_JOURNAL_REFUSED: return "refused";
    case QK_JOURNAL_SENT: return "sent";
    default: return "frame";
    }
}

static void write_record(qk_exchange *x, const qk_frame_record *r)
{
    qk_json_writer *w = &x->json;
    qk_str reason;
    qk_str bytes = cut_reason(r, &reason);
    qk_json_object(w);
    qk_json_ki64(w, "position", (int64_t)r->pos);
    qk_json_ktime(w, "at", r->at);
    qk_json_ki64(w, "connection", r->connection);
    qk_json_kcstr(w, "kind", kind_name(r->kind));
    write_flags(w, r->flags);
    write_bytes(x, bytes);
    write_content(x, r, bytes, reason);
    qk_json_end(w);
}

qk_code qk_api_frames(qk_exchange *x, qk_error *err)
{
    qk_frame_record *records = NULL;
    size_t n = 0;
    qk_jpos next = 0;
    char text[24];
    int64_t before = qk_query_int(x, "before", -1);
    QK_TRY(qk_frames_list(x->context->frames, x->args[0], before < 0 ? UINT64_MAX : (qk_jpos)before,
                          (size_t)qk_query_int(x, "limit", LIMIT_DEFAULT), &x->arena, &records, &n,
                          &next, err));
    snprintf(text, sizeof text, "%llu", (unsigned long long)next);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) write_record(x, &records[i]);
    qk_json_end(&x->json);
    qk_json_kcstr(&x->json, "next", next ? text : NULL);
    qk_json_end(&x->json);
    return QK_OK;
}
