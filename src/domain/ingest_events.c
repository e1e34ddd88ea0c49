/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ingest_private.h"
#include <stdlib.h>

enum { PARAMS_BYTES = 8192, INFO_BYTES = 1024 };

static qk_event_budget *budget_of(qk_ingest *in, qk_str mn)
{
    uint64_t number;
    if (qk_map_get(in->budget_index, mn, &number)) return &in->budgets[number];
    if (in->budget_n == in->budget_cap) {
        size_t cap = in->budget_cap ? in->budget_cap * 2 : 32;
        qk_event_budget *grown = realloc(in->budgets, cap * sizeof *grown);
        if (!grown) return NULL;
        in->budgets = grown;
        in->budget_cap = cap;
    }
    if (qk_map_set(in->budget_index, mn, in->budget_n)) return NULL;
    qk_event_budget *b = &in->budgets[in->budget_n++];
    *b = (qk_event_budget){.hour = QK_TIME_NONE};
    qk_str_copy(b->mn, sizeof b->mn, mn);
    return b;
}

/* A broken or hostile device must not fill the table: what is over is told once an hour. */
static bool within_budget(qk_ingest *in, qk_event *e, char *key, size_t key_size)
{
    qk_event_budget *b = budget_of(in, qk_str_of(e->mn));
    qk_time hour = qk_floor_hour(in->at);
    if (!b) return false;
    if (b->hour != hour) *b = (qk_event_budget){.hour = hour};
    if (++b->used <= QK_INGEST_EVENTS_HOUR) return true;
    if (b->used > QK_INGEST_EVENTS_HOUR + 1) return false;
    snprintf(key, key_size, "suppressed:%s:%lld", e->mn, (long long)hour);
    qk_str_copy(e->kind, sizeof e->kind, QK_STR("events_suppressed"));
    e->severity = QK_SEVERITY_WARNING;
    return true;
}

typedef struct telling {
    qk_ingest *in;
    qk_event event;
    qk_buf params;
    qk_json_writer w;
    char key[256];
} telling;

static void begin_telling(telling *t, qk_ingest *in, const char *kind, qk_str mn,
                          qk_severity severity)
{
    *t = (telling){.in = in};
    t->event = (qk_event){
        .at = in->at, .recorded_at = in->at, .severity = severity, .journal_pos = in->pos};
    qk_str_copy(t->event.kind, sizeof t->event.kind, qk_str_of(kind));
    qk_str_copy(t->event.mn, sizeof t->event.mn, mn);
    qk_device device;
    if (qk_ingest_device(in, &device, mn)) memcpy(t->event.site, device.site, sizeof device.site);
    qk_buf_init(&t->params, PARAMS_BYTES);
    qk_json_init(&t->w, &t->params);
    qk_json_object(&t->w);
    qk_json_kcstr(&t->w, "mn", t->event.mn);
}

static qk_code end_telling(telling *t)
{
    qk_json_end(&t->w);
    qk_code code = QK_OK;
    if (within_budget(t->in, &t->event, t->key, sizeof t->key)) {
        t->event.key = t->key;
        t->event.params = t->params.failed ? "{}" : t->params.ptr;
        code = qk_events_raise(t->in->p.events, &t->event);
    }
    qk_buf_clear(&t->params);
    return code;
}

static void put_time(telling *t, const char *name, qk_time time)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(&t->w, name, qk_time_iso(text, time));
}

qk_code qk_ingest_tell_changes(qk_ingest *in, const qk_ingest_stream *s, qk_time time)
{
    telling t;
    begin_telling(&t, in, "history_changed", qk_str_of(s->mn), QK_SEVERITY_WARNING);
    const qk_change *first = &in->changes[0];
    qk_json_kcstr(&t.w, "stream", qk_stream_kind_name(s->kind));
    put_time(&t, "time", time);
    qk_json_ki64(&t.w, "count", (int64_t)in->change_count);
    qk_json_kcstr(&t.w, "code", first->column->code);
    qk_json_kcstr(&t.w, "field", first->column->field);
    qk_json_kcstr(&t.w, "old", first->old_value);
    qk_json_kcstr(&t.w, "new", first->new_value);
    qk_json_key(&t.w, "cells");
    qk_json_array(&t.w);
    for (size_t i = 0; i < in->change_count && i < QK_INGEST_CHANGES_LISTED; i++) {
        qk_json_object(&t.w);
        qk_json_kcstr(&t.w, "code", in->changes[i].column->code);
        qk_json_kcstr(&t.w, "field", in->changes[i].column->field);
        qk_json_kcstr(&t.w, "old", in->changes[i].old_value);
        qk_json_kcstr(&t.w, "new", in->changes[i].new_value);
        qk_json_end(&t.w);
    }
    qk_json_end(&t.w);
    snprintf(t.key, sizeof t.key, "changed:%s:%d:%llu", s->mn, (int)s->kind,
             (unsigned long long)in->pos);
    return end_telling(&t);
}

qk_code qk_ingest_tell_future(qk_ingest *in, const qk_decoded *row)
{
    telling t;
    begin_telling(&t, in, "time_implausible", row->mn, QK_SEVERITY_WARNING);
    qk_json_ki64(&t.w, "cn", row->packet.head.command);
    put_time(&t, "time", row->time);
    put_time(&t, "received", in->at);
    snprintf(t.key, sizeof t.key, "future:%s:%d:%lld", t.event.mn, row->packet.head.command,
             (long long)row->time);
    return end_telling(&t);
}

qk_code qk_ingest_tell_unreadable(qk_ingest *in, const qk_decoded *row)
{
    telling t;
    bool cipher = row->packet.refusal == QK_HJ212_R_ENCRYPTED;
    begin_telling(&t, in, cipher ? "content_encrypted" : "content_unreadable", row->mn,
                  QK_SEVERITY_WARNING);
    const char *reason = qk_hj212_refusal_name(row->packet.refusal);
    qk_json_kcstr(&t.w, "reason", reason ? reason : "");
    qk_json_ki64(&t.w, "cn", row->packet.head.command);
    /* A missing key concerns every frame: once a day is enough. */
    if (cipher)
        snprintf(t.key, sizeof t.key, "encrypted:%s:%d", t.event.mn, qk_day_number(in->at));
    else
        snprintf(t.key, sizeof t.key, "unreadable:%llu", (unsigned long long)in->pos);
    return end_telling(&t);
}

/* The items of CP but DataTime, as sent. */
static void put_items(telling *t, const qk_decoded *row)
{
    qk_hj212_packet packet = row->packet;
    qk_hj212_items it;
    qk_hj212_item item;
    qk_buf text;
    qk_buf_init(&text, INFO_BYTES);
    qk_hj212_items_init(&it, &packet);
    while (qk_hj212_items_next(&it, &item) &&
           text.len + item.key.len + item.value.len + 4 < INFO_BYTES) {
        if (item.field == QK_HJ212_F_DATATIME) continue;
        if (text.len) qk_buf_putc(&text, ' ');
        qk_buf_append(&text, item.key.ptr, item.key.len);
        qk_buf_putc(&text, '=');
        qk_buf_append(&text, item.value.ptr ? item.value.ptr : "", item.value.len);
    }
    qk_json_kstr(&t->w, "info", text.failed ? QK_STR("") : qk_buf_str(&text));
    qk_buf_clear(&text);
}

/* The same notice sent again has the same QN and content. */
static void key_by_content(telling *t, const char *what, const qk_decoded *row)
{
    qk_hj212_text qn = row->packet.head.qn, cp = row->packet.head.cp;
    snprintf(t->key, sizeof t->key, "%s:%s:%.*s:%016llx", what, t->event.mn,
             (int)(qn.len < 40 ? qn.len : 40), qn.ptr ? qn.ptr : "",
             (unsigned long long)qk_hash(cp.ptr ? cp.ptr : "", cp.len));
}

static qk_code tell_items(qk_ingest *in, const qk_decoded *row, const char *kind,
                          qk_severity severity)
{
    telling t;
    begin_telling(&t, in, kind, row->mn, severity);
    qk_json_ki64(&t.w, "cn", row->packet.head.command);
    put_time(&t, "time", row->time);
    put_items(&t, row);
    if (row->time_source == QK_TIME_SENT && row->time <= in->at + QK_INGEST_AHEAD_MS)
        t.event.at = row->time;
    key_by_content(&t, kind, row);
    return end_telling(&t);
}

qk_code qk_ingest_tell_command(qk_ingest *in, const qk_decoded *row)
{
    switch (row->packet.head.command) {
    case 2072: return tell_items(in, row, "device_alarm", QK_SEVERITY_WARNING);
    case 2081: return tell_items(in, row, "device_boot", QK_SEVERITY_NOTICE);
    case 3015: return tell_items(in, row, "device_sample", QK_SEVERITY_NOTICE);
    case 3019:
    case 3020: return tell_items(in, row, "device_info", QK_SEVERITY_INFO);
    default: return QK_OK;
    }
}

qk_code qk_ingest_tell_parked(qk_ingest *in, const char *mn, const char *address)
{
    telling t;
    begin_telling(&t, in, "device_parked", qk_str_of(mn), QK_SEVERITY_NOTICE);
    qk_json_kcstr(&t.w, "address", address);
    snprintf(t.key, sizeof t.key, "parked:%s:%llu", mn, (unsigned long long)in->pos);
    return end_telling(&t);
}

qk_code qk_ingest_tell_unparked(qk_ingest *in, const char *mn, int64_t frames)
{
    telling t;
    begin_telling(&t, in, "device_unparked", qk_str_of(mn), QK_SEVERITY_NOTICE);
    qk_json_ki64(&t.w, "frames", frames);
    snprintf(t.key, sizeof t.key, "unparked:%s:%llu", mn, (unsigned long long)in->tie);
    return end_telling(&t);
}
