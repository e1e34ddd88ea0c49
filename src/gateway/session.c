/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/session.h"
#include "base/checksum.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A connection may have 256 frames refused at once and ten a second for ever; each good frame pays
 * for one. Of refused ones ten a minute are kept; parked ones two a second, 500 a second in all. */
enum {
    REFUSED_BURST = 256,
    REFUSED_PER_MINUTE = 600,
    KEPT_BURST = 20,
    KEPT_PER_MINUTE = 10,
    PARKED_BURST = 240,
    PARKED_PER_MINUTE = 120,
    ALL_PARKED_BURST = 10000,
    ALL_PARKED_PER_MINUTE = 30000,
    PARKED_REFUSALS_MAX = 4096, /* frames beyond the parked allowance before the cut */
    EVENT_EVERY_MS = 3600000
};
/* A repeat of data older than this is no resend; a clock is looked at this often. */
static const qk_time replay_age = 10 * QK_MINUTE, skew_every = QK_SECOND;

const char *qk_cut_name(qk_cut cut)
{
    static const char *const names[] = {
        [QK_CUT_NONE] = "",
        [QK_CUT_PEER] = "peer",
        [QK_CUT_FULL] = "full",
        [QK_CUT_ADDRESS] = "address_limit",
        [QK_CUT_IDLE] = "idle",
        [QK_CUT_HALF_FRAME] = "half_frame",
        [QK_CUT_RUBBISH] = "rubbish",
        [QK_CUT_REFUSED] = "refused_frames",
        [QK_CUT_PARKED] = "parked_frames",
        [QK_CUT_OUTPUT] = "output_not_read",
        [QK_CUT_MEMORY] = "memory",
        [QK_CUT_STOP] = "stop",
    };
    return cut < QK_CUTS ? names[cut] : "";
}

static qk_str text_of(qk_hj212_text t)
{
    return (qk_str){t.ptr, t.len};
}

void qk_session_init(qk_session *s, qk_gate *gate, uint32_t id, qk_str address, uint16_t port)
{
    *s = (qk_session){.gate = gate, .id = id, .port = port};
    s->address_len = (uint8_t)qk_str_copy(s->address, sizeof s->address, address);
}

/* ---- the session's own records ---- */

static void journal_session(qk_session *s, bool open, const char *reason)
{
    char json[192];
    qk_jpos end;
    qk_gate *g = s->gate;
    int n = open ? snprintf(json, sizeof json, "{\"open\":true,\"address\":\"%s\",\"port\":%u}",
                            s->address, s->port)
                 : snprintf(json, sizeof json,
                            "{\"open\":false,\"address\":\"%s\",\"port\":%u,\"reason\":\"%s\","
                            "\"frames\":%" PRIu32 ",\"refused\":%" PRIu32 "}",
                            s->address, s->port, reason, s->frames, s->refusals);
    if (n > 0 && (size_t)n < sizeof json)
        (void)g->calls->append(g->context, &end, QK_JOURNAL_SESSION, 0, s->id, g->now, json,
                               (size_t)n);
}

/* Written with the first whole frame: a connection that never says anything leaves no trace but its
 * count, so that opening and closing cannot fill the disk. */
static void note_open(qk_session *s)
{
    if (s->opened) return;
    s->opened = true;
    journal_session(s, true, "");
}

/* ---- devices ---- */

static void copy_text(char *out, size_t size, qk_hj212_text t)
{
    (void)qk_str_copy(out, size, text_of(t));
}

void qk_gate_refresh(qk_gate *g, qk_gate_device *device)
{
    if (device->row_version == g->register_version + 1) return;
    device->known =
        g->calls->find_device(g->context, &device->row, (qk_str){device->mn, device->mn_len});
    device->approved = device->known && device->row.status == QK_DEVICE_APPROVED;
    device->row_version = g->register_version + 1;
}

/* NULL when the device is unknown and unknown ones are parked, or when no more can be held. */
static qk_gate_device *find_device(qk_session *s, qk_str mn)
{
    qk_gate *g = s->gate;
    qk_device row;
    qk_gate_device *device = s->last ? s->last->device : NULL;
    if (!device || !qk_str_eq((qk_str){device->mn, device->mn_len}, mn))
        device = qk_gate_devices_find(&g->devices, mn);
    if (!device) {
        if (!g->accept_any && !g->calls->find_device(g->context, &row, mn)) return NULL;
        device = qk_gate_devices_get(&g->devices, mn);
        if (!device) return NULL;
    }
    qk_gate_refresh(g, device);
    return device;
}

static void count_seen(qk_gate *g, qk_gate_device *device, qk_seen what)
{
    device->counts[what]++;
    device->counted_at = g->now;
    device->seen_ms = g->now_ms;
    if (device->counted) return;
    device->counted = true;
    device->next_counted = g->counted;
    g->counted = device;
}

void qk_gate_event_once(qk_gate *g, qk_gate_event kind, qk_gate_device *device,
                        const qk_session *session)
{
    int64_t said = device->said_ms[kind];
    if (said && g->now_ms - said < EVENT_EVERY_MS) return;
    device->said_ms[kind] = g->now_ms ? g->now_ms : 1;
    g->calls->event(g->context, kind, device, session);
}

/* Makes the frame's device one of this connection's; false when it carries too many. */
static bool bind_device(qk_session *s, qk_gate_device *device)
{
    if (s->last && s->last->device == device) return true;
    for (qk_bind *b = s->binds; b; b = b->next_in_session)
        if (b->device == device) {
            s->last = b;
            return true;
        }
    if (s->bind_count >= QK_SESSION_MNS_MAX) return false;
    qk_bind *bind = s->bind_count == 0 ? &s->first : calloc(1, sizeof *bind);
    if (!bind) return false;
    qk_bind_attach(bind, s, device);
    bind->next_in_session = s->binds;
    s->binds = s->last = bind;
    s->bind_count++;
    return true;
}

static void tell_link(qk_session *s, qk_bind *bind)
{
    qk_gate *g = s->gate;
    qk_gate_device *device = bind->device;
    bind->told = true;
    if (bind->older && device->approved)
        qk_gate_event_once(g, QK_GATE_SECOND_CONNECTION, device, s);
    g->calls->link(g->context, device, s);
}

/* ---- frames that are not taken ---- */

static void journal_refused(qk_session *s, const qk_hj212_frame *frame, const char *reason)
{
    char payload[QK_SESSION_REFUSED_KEPT + 64];
    qk_gate *g = s->gate;
    qk_jpos end;
    if (!qk_bucket_take(&s->refused_kept, g->now_ms, KEPT_BURST, KEPT_PER_MINUTE)) return;
    note_open(s);
    size_t len =
        frame->whole.len < QK_SESSION_REFUSED_KEPT ? frame->whole.len : QK_SESSION_REFUSED_KEPT;
    memcpy(payload, frame->whole.ptr, len);
    payload[len++] = 0;
    size_t text = strlen(reason);
    memcpy(payload + len, reason, text);
    (void)g->calls->append(g->context, &end, QK_JOURNAL_REFUSED, 0, s->id, g->now, payload,
                           len + text);
}

static qk_feed cut(qk_session *s, qk_cut reason)
{
    s->cut = reason;
    return QK_FEED_CUT;
}

static qk_feed count_rubbish(qk_session *s, size_t len)
{
    s->gate->stats.rubbish_bytes += len;
    s->rubbish += (uint32_t)(len < QK_SESSION_RUBBISH_MAX ? len : QK_SESSION_RUBBISH_MAX);
    return s->rubbish > QK_SESSION_RUBBISH_MAX ? cut(s, QK_CUT_RUBBISH) : QK_FEED_MORE;
}

static qk_feed refuse_frame(qk_session *s, const qk_hj212_frame *frame, qk_gate_device *device,
                            const char *reason)
{
    qk_gate *g = s->gate;
    g->stats.refused++;
    s->refusals++;
    if (device) count_seen(g, device, QK_SEEN_REFUSED);
    journal_refused(s, frame, reason);
    if (!qk_bucket_take(&s->refused, g->now_ms, REFUSED_BURST, REFUSED_PER_MINUTE))
        return cut(s, QK_CUT_REFUSED);
    return device ? QK_FEED_MORE : count_rubbish(s, frame->whole.len);
}

static qk_feed park_frame(qk_session *s, const qk_hj212_frame *frame)
{
    qk_gate *g = s->gate;
    qk_jpos end;
    if (!qk_bucket_take(&s->parked, g->now_ms, PARKED_BURST, PARKED_PER_MINUTE) ||
        !qk_bucket_take(&g->parked, g->now_ms, ALL_PARKED_BURST, ALL_PARKED_PER_MINUTE)) {
        g->stats.refused++;
        return ++s->refusals > PARKED_REFUSALS_MAX ? cut(s, QK_CUT_PARKED) : QK_FEED_MORE;
    }
    note_open(s);
    if (g->calls->append(g->context, &end, QK_JOURNAL_PARKED, 0, s->id, g->now, frame->whole.ptr,
                         frame->whole.len) != QK_OK)
        return QK_FEED_HOLD_JOURNAL;
    g->stats.parked++;
    s->rubbish = 0;
    return QK_FEED_MORE;
}

static qk_feed refuse_password(qk_session *s, const qk_hj212_frame *frame,
                               const qk_hj212_head *head, qk_gate_device *device)
{
    qk_gate *g = s->gate;
    qk_reply reply = qk_reply_to_wrong_password(head);
    char *room = reply == QK_REPLY_NONE ? NULL : qk_answers_room(&s->answers, &g->pool);
    if (room) {
        size_t len = qk_reply_write(room, QK_ANSWERS_ONE, reply, head->version,
                                    qk_access_answer_crc(&device->row, frame), head);
        if (len) qk_answers_add(&s->answers, (uint32_t)len, 0);
    }
    qk_gate_event_once(g, QK_GATE_WRONG_PASSWORD, device, s);
    return refuse_frame(s, frame, device, "password");
}

static qk_feed refuse_access(qk_session *s, const qk_hj212_frame *frame, const qk_hj212_head *head,
                             qk_gate_device *device, qk_access access)
{
    if (access == QK_ACCESS_PASSWORD) return refuse_password(s, frame, head, device);
    if (device && device->known) {
        qk_gate_event kind = access == QK_ACCESS_CRC        ? QK_GATE_WRONG_CRC
                             : access == QK_ACCESS_DISABLED ? QK_GATE_DISABLED
                                                            : QK_GATE_WRONG_ADDRESS;
        qk_gate_event_once(s->gate, kind, device, s);
    }
    return refuse_frame(s, frame, device, qk_access_reason(access));
}

/* ---- frames that are taken ---- */

typedef struct taking {
    const qk_hj212_frame *frame;
    const qk_hj212_head *head;
    qk_gate_device *device;
    qk_hj212_version version;
    bool unapproved;
    uint64_t key;
    uint32_t content;
    qk_window_state seen;
} taking;

static uint8_t flags_of(qk_gate *g, const taking *t)
{
    unsigned flags = 0;
    if (t->seen == QK_WINDOW_REPEAT) flags |= QK_JOURNAL_REPEAT;
    if (t->unapproved) flags |= QK_JOURNAL_UNAPPROVED;
    if (t->head->back_filled ||
        (t->device->tasks && g->calls->asked(g->context, t->device, t->frame, t->head)))
        flags |= QK_JOURNAL_BACKFILL;
    return (uint8_t)flags;
}

static bool time_of(qk_time *out, qk_hj212_text digits)
{
    qk_hj212_time t;
    if (!qk_hj212_time_parse(&t, digits)) return false;
    *out = qk_hj212_time_utc_ms(&t);
    return true;
}

/* Real-time frames and heartbeats are sent when they are made; of a device that sends none of these
 * all its uploads speak for its clock. */
static bool speaks_for_clock(const taking *t)
{
    int32_t cn = t->head->command;
    if (cn == 2011 || cn == 2021 || cn == 9015 || cn == 9021 || cn == 1013) return true;
    return t->device->row.rtd_interval_s == 0 && cn >= 2000 && cn < 4000;
}

static void sample_skew(qk_gate *g, const taking *t)
{
    qk_gate_device *d = t->device;
    qk_time qn;
    if (t->unapproved || t->seen == QK_WINDOW_REPEAT || t->head->back_filled) return;
    if (g->now - d->skew_sampled < skew_every && g->now >= d->skew_sampled) return;
    if (!speaks_for_clock(t) || t->head->qn.len != 17 || !time_of(&qn, t->head->qn)) return;
    d->skew_sampled = g->now;
    qk_skew_add(&d->skew, g->now, qn);
}

/* A repeat that comes long after its data were new is no resend of a device that missed its answer:
 * somebody plays old frames back (GB/T 22239-2019, 8.4: freshness of data). */
static void look_for_replay(qk_session *s, const taking *t)
{
    qk_time data;
    if (t->head->command != 2011 || !time_of(&data, t->head->data_time)) return;
    if (s->gate->now - data < replay_age) return;
    s->gate->stats.replays++;
    if (!t->unapproved) qk_gate_event_once(s->gate, QK_GATE_REPLAY, t->device, s);
}

static void remember_speech(const taking *t)
{
    qk_gate_device *d = t->device;
    if (t->head->command < 9000 && t->head->st.len < sizeof d->st)
        copy_text(d->st, sizeof d->st, t->head->st);
    copy_text(d->pw, sizeof d->pw, t->head->pw);
    d->version = t->version;
}

static void count_taken(qk_session *s, const taking *t)
{
    qk_gate *g = s->gate;
    g->stats.frames++;
    s->frames++;
    s->rubbish = 0;
    qk_bucket_refund(&s->refused);
    if (t->seen == QK_WINDOW_REPEAT) {
        g->stats.repeats++;
        count_seen(g, t->device, QK_SEEN_REPEAT);
        look_for_replay(s, t);
        return;
    }
    count_seen(g, t->device, QK_SEEN_GOOD);
    qk_window_add(&t->device->window, t->key, t->content);
}

static void answer_frame(qk_session *s, const taking *t, qk_reply reply, char *room, qk_jpos end)
{
    size_t len = qk_reply_write(
        room, QK_ANSWERS_ONE, reply, t->version,
        qk_access_answer_crc(t->device->known ? &t->device->row : NULL, t->frame), t->head);
    if (!len) return;
    qk_answers_add(&s->answers, (uint32_t)len, end);
    s->gate->stats.answered++;
}

static qk_feed take_frame(qk_session *s, taking *t)
{
    qk_gate *g = s->gate;
    const qk_hj212_head *head = t->head;
    qk_jpos end;
    assert(t->device);
    t->version = t->device->known && t->device->row.dialect
                     ? (qk_hj212_version)t->device->row.dialect
                     : head->version;
    qk_reply reply = qk_reply_kind(head, t->version);
    char *room = NULL;
    if (reply != QK_REPLY_NONE && !(room = qk_answers_room(&s->answers, &g->pool)))
        return qk_answers_empty(&s->answers) ? cut(s, QK_CUT_MEMORY) : QK_FEED_HOLD_OUTPUT;
    if (!bind_device(s, t->device)) return refuse_frame(s, t->frame, t->device, "too_many_devices");
    t->key = qk_window_key(text_of(head->qn), text_of(head->cn), text_of(head->data_time),
                           (uint32_t)head->part);
    t->content = qk_crc32c(0, t->frame->segment.ptr, t->frame->segment.len);
    t->seen = qk_window_find(&t->device->window, t->key, t->content);
    note_open(s);
    if (g->calls->append(g->context, &end, QK_JOURNAL_FRAME, flags_of(g, t), s->id, g->now,
                         t->frame->whole.ptr, t->frame->whole.len) != QK_OK)
        return QK_FEED_HOLD_JOURNAL;
    count_taken(s, t);
    remember_speech(t);
    sample_skew(g, t);
    if (room) answer_frame(s, t, reply, room, end);
    /* What the device is asked for on coming follows its answer. */
    if (!s->last->told) tell_link(s, s->last);
    bool answer_to_us = head->command >= 9011 && head->command <= 9013;
    if (!t->unapproved && (t->device->tasks || answer_to_us || head->command == 1013))
        g->calls->took(g->context, s, t->device, t->frame, head);
    return QK_FEED_MORE;
}

/* An MN stands in logs, in JSON and in answers. */
static bool is_printable(qk_hj212_text t)
{
    for (size_t i = 0; i < t.len; i++)
        if ((unsigned char)t.ptr[i] <= ' ' || (unsigned char)t.ptr[i] >= 127 || t.ptr[i] == '"' ||
            t.ptr[i] == '\\')
            return false;
    return true;
}

/* What the frame itself is refused for, whoever sent it; NULL when it can be judged. */
static const char *find_fault(const qk_hj212_frame *frame, const qk_hj212_head *head, bool whole)
{
    if (frame->refusal != QK_HJ212_USABLE && frame->refusal != QK_HJ212_R_CRC)
        return qk_hj212_refusal_name(frame->refusal);
    if (head->mn.len == 0) return qk_hj212_refusal_name(QK_HJ212_R_NO_MN);
    if (!whole) return qk_hj212_refusal_name(QK_HJ212_R_NO_CN);
    qk_hj212_time time;
    bool bad = head->mn.len >= QK_MN_MAX || head->cn.len != 4 || head->command < 0 ||
               head->flags == -2 || head->parts == -2 || head->part == -2 ||
               !is_printable(head->mn) ||
               (head->data_time.ptr && !qk_hj212_time_parse(&time, head->data_time));
    return bad ? qk_hj212_refusal_name(QK_HJ212_R_BAD_FIELD) : NULL;
}

static qk_feed judge_frame(qk_session *s, const qk_hj212_frame *frame)
{
    qk_hj212_head head;
    qk_gate *g = s->gate;
    bool whole = qk_hj212_head_read(&head, frame->segment);
    const char *fault = find_fault(frame, &head, whole);
    if (fault) return refuse_frame(s, frame, NULL, fault);
    qk_gate_device *device = find_device(s, text_of(head.mn));
    if (!device && g->accept_any) return refuse_frame(s, frame, NULL, "too_many_devices");
    qk_access access = qk_access_judge(device && device->known ? &device->row : NULL, frame, &head,
                                       (qk_str){s->address, s->address_len},
                                       device ? device->next_pw : NULL, g->accept_any);
    switch (access) {
    case QK_ACCESS_PARK: return park_frame(s, frame);
    case QK_ACCESS_TAKE:
    case QK_ACCESS_TAKE_UNAPPROVED: {
        taking t = {.frame = frame,
                    .head = &head,
                    .device = device,
                    .unapproved = access == QK_ACCESS_TAKE_UNAPPROVED};
        return take_frame(s, &t);
    }
    default: return refuse_access(s, frame, &head, device, access);
    }
}

qk_feed qk_session_feed(qk_session *s, const char *bytes, size_t len, bool final, size_t *used)
{
    qk_gate *g = s->gate;
    qk_hj212_frame frame;
    qk_hj212_step step = {0};
    qk_feed feed = QK_FEED_MORE;
    *used = 0;
    g->register_version = g->calls->register_version(g->context);
    while (feed == QK_FEED_MORE) {
        qk_hj212_found found = qk_hj212_next(bytes + *used, len - *used, final, &frame, &step);
        if (found == QK_HJ212_MORE) break;
        if (found == QK_HJ212_FRAME)
            feed = judge_frame(s, &frame);
        else if (!step.blank)
            feed = count_rubbish(s, step.consumed);
        if (feed == QK_FEED_MORE || feed == QK_FEED_CUT) *used += step.consumed;
    }
    s->ends_here = feed == QK_FEED_MORE && step.ends_here;
    if (*used == len || feed != QK_FEED_MORE)
        s->begun_ms = 0;
    else if (*used > 0 || s->begun_ms == 0)
        s->begun_ms = g->now_ms ? g->now_ms : 1;
    return feed;
}

qk_code qk_session_send(qk_session *s, const char *frame, size_t len)
{
    qk_gate *g = s->gate;
    qk_jpos end;
    char *room = len <= QK_ANSWERS_ONE ? qk_answers_room(&s->answers, &g->pool) : NULL;
    if (!room) return QK_EFULL;
    QK_TRY(g->calls->append(g->context, &end, QK_JOURNAL_SENT, 0, s->id, g->now, frame, len));
    memcpy(room, frame, len);
    qk_answers_add(&s->answers, (uint32_t)len, end);
    return QK_OK;
}

void qk_session_end(qk_session *s, qk_cut reason)
{
    qk_gate *g = s->gate;
    qk_bind *next;
    s->cut = reason;
    if (s->opened) journal_session(s, false, qk_cut_name(reason));
    for (qk_bind *b = s->binds; b; b = next) {
        next = b->next_in_session;
        qk_gate_device *device = b->device;
        bool was_newest = device->newest == b;
        qk_bind_detach(b);
        if (was_newest && b->told)
            g->calls->link(g->context, device, device->newest ? device->newest->session : NULL);
        if (b != &s->first) free(b);
    }
    s->binds = s->last = NULL;
    qk_answers_clear(&s->answers, &g->pool);
}

void qk_gate_replay(qk_gate *g, const qk_journal_record *record)
{
    qk_hj212_frame frame;
    qk_hj212_step step;
    qk_hj212_head head;
    if (record->kind != QK_JOURNAL_FRAME) return;
    if (qk_hj212_next(record->payload, record->len, true, &frame, &step) != QK_HJ212_FRAME ||
        !qk_hj212_head_read(&head, frame.segment) || head.mn.len >= QK_MN_MAX)
        return;
    qk_gate_device *device = qk_gate_devices_get(&g->devices, text_of(head.mn));
    if (!device) return;
    qk_window_add(&device->window,
                  qk_window_key(text_of(head.qn), text_of(head.cn), text_of(head.data_time),
                                (uint32_t)head.part),
                  qk_crc32c(0, frame.segment.ptr, frame.segment.len));
}
