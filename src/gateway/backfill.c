/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/backfill.h"
#include "domain/gaps.h"
#include "domain/setting.h"
#include "gateway/tasks.h"
#include <stdlib.h>

enum {
    DEVICES_A_SCAN = 64,
    GAPS_A_KIND = 4,
    KINDS = 3,
    KNOWN_MAX = 1024,
    DEFAULT_DAYS = 10,
    DAYS_MAX = 60,
    LEAST_EVERY_MS = 5000
};
static const qk_time scan_every = 10 * QK_MINUTE, first_after = QK_MINUTE;
/* A row may come this much after its time before it counts as missing. */
static const qk_time minute_grace = 5 * QK_MINUTE, hour_grace = 20 * QK_MINUTE,
                     day_grace = 2 * QK_HOUR;

typedef struct found_gap {
    char mn[QK_MN_MAX];
    int32_t cn;
    qk_range range;
} found_gap;

struct qk_backfill {
    qk_gateway *gateway;
    uv_work_t work;
    bool busy;
    qk_time next;
    int64_t next_ms;
    size_t turn; /* devices looked at in this round */
    qk_time now;
    qk_device device[DEVICES_A_SCAN];
    size_t devices;
    found_gap gap[DEVICES_A_SCAN * KINDS * GAPS_A_KIND];
    size_t gaps;
    /* of one look, in the thread pool */
    qk_arena arena;
    qk_telemetry_reader *reader;
    qk_db *db;
};

/* ---- thread pool: looking ---- */

typedef struct series {
    int32_t cn;
    qk_stream_kind kind;
    qk_time step, join, to;
} series;

typedef struct times {
    qk_time *at;
    size_t count, cap;
} times;

static qk_code note_time(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                         size_t n)
{
    times *t = context;
    (void)recorded, (void)cells, (void)n;
    if (t->count == t->cap) return QK_EFULL;
    t->at[t->count++] = time;
    return QK_OK;
}

static void look_at_series(qk_backfill *b, const qk_device *d, const series *s, qk_time from)
{
    qk_gap out[GAPS_A_KIND], known[KNOWN_MAX];
    qk_range no_data[KNOWN_MAX];
    qk_time first;
    size_t n_known = 0;
    qk_stream_id stream = qk_telemetry_find(b->reader, qk_str_of(d->mn), s->kind);
    if (!stream || qk_telemetry_span(&first, NULL, b->reader, stream, NULL) != QK_OK) return;
    if (first > from) from = first;
    if (from > s->to) return;
    times have = {.cap = (size_t)((s->to - from) / s->step) * 2 + 16};
    have.at = qk_arena_array(&b->arena, have.cap, sizeof *have.at);
    if (!have.at || qk_telemetry_rows(b->reader, stream, from, s->to + 1, QK_TIME_NONE, note_time,
                                      &have, NULL) != QK_OK)
        return;
    if (qk_no_data_get(b->db, qk_str_of(d->mn), s->cn, (qk_range){from, s->to}, no_data, KNOWN_MAX,
                       &n_known, NULL) != QK_OK)
        return;
    for (size_t i = 0; i < n_known; i++) known[i] = (qk_gap){no_data[i].from, no_data[i].to};
    const qk_gaps_ask ask = {.from = from,
                             .to = s->to,
                             .step = s->step,
                             .join = s->join,
                             .have = have.at,
                             .have_count = have.count,
                             .known = known,
                             .known_count = n_known};
    size_t n = qk_gaps_find(out, GAPS_A_KIND, &ask);
    for (size_t i = 0; i < n; i++) {
        found_gap *g = &b->gap[b->gaps++];
        memcpy(g->mn, d->mn, sizeof g->mn);
        g->cn = s->cn;
        g->range = (qk_range){out[i].from, out[i].to};
    }
}

static void look_at_device(qk_backfill *b, const qk_device *d, int64_t days)
{
    qk_time minute = d->min_interval_min * QK_MINUTE;
    const series all[KINDS] = {
        {2031, QK_STREAM_DAY, QK_DAY, 31 * QK_DAY, qk_floor_day(b->now - day_grace) - QK_DAY},
        {2061, QK_STREAM_HOUR, QK_HOUR, QK_DAY, qk_floor_hour(b->now - hour_grace) - QK_HOUR},
        {2051, QK_STREAM_MINUTE, minute, QK_HOUR, b->now - 2 * minute - minute_grace},
    };
    const bool sent[KINDS] = {d->sends_days, d->sends_hours, minute > 0};
    for (int i = 0; i < KINDS; i++) {
        if (sent[i]) look_at_series(b, d, &all[i], b->now - days * QK_DAY);
        qk_arena_reset(&b->arena);
    }
}

static void look(uv_work_t *work)
{
    qk_backfill *b = work->data;
    qk_node *node = b->gateway->node;
    b->gaps = 0;
    if (qk_db_open_readonly(&b->db, qk_node_db_path(node), NULL) != QK_OK) return;
    int64_t days = qk_setting_i64(b->db, "gateway.backfill_days", DEFAULT_DAYS);
    if (days > DAYS_MAX) days = DAYS_MAX;
    if (days > 0 && qk_telemetry_reader_open(&b->reader, qk_node_telemetry(node),
                                             qk_node_db_path(node), NULL) == QK_OK) {
        for (size_t i = 0; i < b->devices; i++) look_at_device(b, &b->device[i], days);
        qk_telemetry_reader_close(b->reader);
    }
    qk_db_close(b->db);
}

/* ---- the loop ---- */

static void looked(uv_work_t *work, int status)
{
    qk_backfill *b = work->data;
    qk_gateway *g = b->gateway;
    b->busy = false;
    if (status != 0 || g->stopping) return;
    for (size_t i = 0; i < b->gaps; i++) {
        const found_gap *gap = &b->gap[i];
        qk_gate_device *d = qk_gate_devices_find(&g->gate.devices, qk_str_of(gap->mn));
        if (d && d->approved) qk_tasks_order_range(g, d, gap->cn, gap->range);
    }
}

static bool may_be_asked(const qk_gateway *g, const qk_gate_device *d)
{
    return d->approved && d->row.answers_requests && d->newest && !qk_tasks_has(d, 2051) &&
           !qk_tasks_has(d, 2061) && !qk_tasks_has(d, 2031) && !qk_tasks_rests(d, g->gate.now);
}

/* The next devices of the round; false when the round is over. */
static bool choose_devices(qk_backfill *b)
{
    qk_gateway *g = b->gateway;
    size_t cursor = 0, seen = 0;
    qk_gate_device *d;
    b->devices = 0;
    while (b->devices < DEVICES_A_SCAN && (d = qk_gate_devices_each(&g->gate.devices, &cursor))) {
        if (seen++ < b->turn) continue;
        b->turn++;
        if (may_be_asked(g, d)) b->device[b->devices++] = d->row;
    }
    if (!d) b->turn = 0;
    return d != NULL;
}

void qk_backfill_tick(qk_gateway *g)
{
    qk_backfill *b = g->backfill;
    qk_time now = g->gate.now;
    if (b->busy || g->gate.now_ms < b->next_ms || (now < b->next && b->next - now <= scan_every))
        return;
    if (!choose_devices(b)) {
        b->next = now + scan_every;
        b->next_ms = g->gate.now_ms + LEAST_EVERY_MS;
    }
    if (b->devices == 0) return;
    b->now = now;
    b->work.data = b;
    b->busy = uv_queue_work(&g->loop, &b->work, look, looked) == 0;
}

qk_code qk_backfill_open(qk_gateway *g, qk_error *err)
{
    qk_backfill *b = g->backfill = calloc(1, sizeof *b);
    if (!b) return qk_fail(err, QK_ENOMEM, "no memory for back-filling");
    b->gateway = g;
    b->next = qk_clock_now(qk_node_clock(g->node)) + first_after;
    qk_arena_init(&b->arena, 16 << 20);
    return QK_OK;
}

void qk_backfill_free(qk_gateway *g)
{
    if (!g->backfill) return;
    qk_arena_clear(&g->backfill->arena);
    free(g->backfill);
    g->backfill = NULL;
}
