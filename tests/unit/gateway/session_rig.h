/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_SESSION_RIG_H
#define QK_TESTS_SESSION_RIG_H
/* A session on memory: a register of a few devices, a journal that keeps what it is given and can
 * be full, and a record of every other action. Shared by the session's tests and its fuzzer. */
#include "gateway/session.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { RIG_RECORDS = 4096, RIG_DEVICES = 8 };

typedef struct rig_record {
    qk_journal_kind kind;
    uint8_t flags;
    size_t len;
    char *bytes;
} rig_record;

typedef struct rig {
    qk_gate gate;
    qk_session session;
    qk_device row[RIG_DEVICES];
    size_t rows;
    uint64_t version;
    qk_jpos end;
    int full_after; /* appends before the journal is full; -1 = never */
    size_t records;
    size_t events[QK_GATE_EVENTS];
    size_t links, unlinks, took;
    size_t out_len;
    bool ended;
    /* not cleared at the start, for the fuzzer's sake */
    rig_record record[RIG_RECORDS];
    char out[1 << 20]; /* what left */
} rig;

static qk_code rig_append(void *context, qk_jpos *end, qk_journal_kind kind, uint8_t flags,
                          uint32_t connection, qk_time at, const void *payload, size_t len)
{
    rig *r = context;
    (void)connection, (void)at;
    if (r->full_after == 0) return QK_EFULL;
    if (r->full_after > 0) r->full_after--;
    if (r->records < RIG_RECORDS) {
        rig_record *rec = &r->record[r->records++];
        *rec = (rig_record){.kind = kind, .flags = flags, .len = len, .bytes = malloc(len + 1)};
        memcpy(rec->bytes, payload, len);
        rec->bytes[len] = 0;
    }
    r->end += 32 + (len + 7) / 8 * 8;
    *end = r->end;
    return QK_OK;
}

static bool rig_find(void *context, qk_device *out, qk_str mn)
{
    rig *r = context;
    for (size_t i = 0; i < r->rows; i++)
        if (qk_str_eq(mn, qk_str_of(r->row[i].mn))) {
            *out = r->row[i];
            return true;
        }
    return false;
}

static uint64_t rig_version(void *context)
{
    return ((rig *)context)->version;
}

static void rig_link(void *context, qk_gate_device *device, const qk_session *session)
{
    rig *r = context;
    (void)device;
    if (session)
        r->links++;
    else
        r->unlinks++;
}

static void rig_event(void *context, qk_gate_event kind, qk_gate_device *device,
                      const qk_session *session)
{
    (void)device, (void)session;
    ((rig *)context)->events[kind]++;
}

static void rig_took(void *context, qk_session *session, qk_gate_device *device,
                     const qk_hj212_frame *frame, const qk_hj212_head *head)
{
    (void)session, (void)device, (void)frame, (void)head;
    ((rig *)context)->took++;
}

static bool rig_asked(void *context, qk_gate_device *device, const qk_hj212_frame *frame,
                      const qk_hj212_head *head)
{
    (void)context, (void)device, (void)frame, (void)head;
    return false;
}

static const qk_gate_calls rig_calls = {rig_append, rig_find, rig_version, rig_link,
                                        rig_event,  rig_took, rig_asked};

static inline rig *rig_new(bool accept_any)
{
    rig *r = malloc(sizeof *r);
    if (!r) abort();
    memset(r, 0, offsetof(rig, record));
    r->out[0] = 0;
    r->full_after = -1;
    r->version = 1;
    r->gate.calls = &rig_calls;
    r->gate.context = r;
    r->gate.accept_any = accept_any;
    r->gate.now_ms = 1000000;
    r->gate.now = 1767225600000; /* 2026-01-01T08:00:00+08:00 */
    qk_pool_init(&r->gate.pool, 1 << 20, 1 << 16);
    if (qk_gate_devices_init(&r->gate.devices, 64) != QK_OK) abort();
    qk_session_init(&r->session, &r->gate, 1, QK_STR("192.0.2.7"), 40000);
    return r;
}

static inline qk_device *rig_device(rig *r, const char *mn)
{
    qk_device *d = &r->row[r->rows++];
    *d = (qk_device){.status = QK_DEVICE_APPROVED, .overtime_s = 10, .recount = 3};
    snprintf(d->mn, sizeof d->mn, "%s", mn);
    r->version++;
    return d;
}

/* Answers leave for all that is journalled so far. */
static inline void rig_flush(rig *r)
{
    const char *ripe;
    uint32_t n = qk_answers_ripe(&r->session.answers, r->end, &ripe);
    if (n && r->out_len + n < sizeof r->out) memcpy(r->out + r->out_len, ripe, n);
    r->out_len += n;
    r->out[r->out_len < sizeof r->out ? r->out_len : sizeof r->out - 1] = 0;
    if (n) qk_answers_drop(&r->session.answers, &r->gate.pool, n);
}

static inline void rig_free(rig *r)
{
    if (!r->ended) qk_session_end(&r->session, QK_CUT_PEER);
    for (size_t i = 0; i < r->records; i++) free(r->record[i].bytes);
    qk_gate_devices_clear(&r->gate.devices);
    if (r->gate.pool.used != 0) abort();
    qk_pool_clear(&r->gate.pool);
    free(r);
}
#endif
