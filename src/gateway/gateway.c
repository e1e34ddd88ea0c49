/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's thread: start, end, the hooks of the sessions, messages of other threads. */
#include "base/file.h"
#include "domain/events.h"
#include "gateway/backfill.h"
#include "gateway/forward.h"
#include "gateway/private.h"
#include "gateway/tasks.h"
#include <stdlib.h>
#include <sys/resource.h>

enum { LIVE_EVERY = 5, FORGET_EVERY = 600, FORGET_AFTER_MS = 600000, STOP_SYNC_MS = 2500 };

/* ---- what sessions call ---- */

static qk_code append_record(void *context, qk_jpos *end, qk_journal_kind kind, uint8_t flags,
                             uint32_t connection, qk_time at, const void *payload, size_t len)
{
    qk_gateway *g = context;
    return qk_node_append(g->node, end, kind, flags, connection, at, payload, len, NULL);
}

static bool find_in_register(void *context, qk_device *out, qk_str mn)
{
    return qk_registry_device(((qk_gateway *)context)->registry, out, mn);
}

static uint64_t register_version(void *context)
{
    return qk_registry_version(((qk_gateway *)context)->registry);
}

static void tell_link(void *context, qk_gate_device *device, const qk_session *session)
{
    qk_gateway *g = context;
    qk_live_link(g->live, (qk_str){device->mn, device->mn_len}, session != NULL,
                 session ? session->address : "", g->gate.now);
    if (device->approved) qk_tasks_link(g, device, session != NULL);
}

static void frame_took(void *context, qk_session *session, qk_gate_device *device,
                       const qk_hj212_frame *frame, const qk_hj212_head *head)
{
    qk_tasks_took(context, session, device, frame, head);
}

static bool frame_asked(void *context, qk_gate_device *device, const qk_hj212_frame *frame,
                        const qk_hj212_head *head)
{
    (void)context;
    return qk_tasks_asked(device, frame, head);
}

typedef struct raised {
    qk_event event;
    char params[256];
} raised;

static qk_code raise_in_store(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    raised *r = context;
    (void)db, (void)now;
    r->event.params = r->params;
    if (qk_events_raise(qk_node_events(node), &r->event) != QK_OK)
        return qk_fail(err, QK_EFULL, "no room for another event");
    return QK_OK;
}

static void free_raised(void *context, qk_code code, const qk_error *err)
{
    (void)code, (void)err;
    free(context);
}

static void raise_event(void *context, qk_gate_event kind, qk_gate_device *device,
                        const qk_session *session)
{
    qk_gateway *g = context;
    raised *r = calloc(1, sizeof *r);
    if (!r) return;
    r->event =
        (qk_event){.at = g->gate.now, .severity = QK_SEVERITY_WARNING, .journal_pos = UINT64_MAX};
    (void)qk_str_copy(r->event.kind, sizeof r->event.kind, qk_str_of(qk_gate_event_name(kind)));
    (void)qk_str_copy(r->event.mn, sizeof r->event.mn, (qk_str){device->mn, device->mn_len});
    (void)qk_str_copy(r->event.site, sizeof r->event.site, qk_str_of(device->row.site));
    snprintf(r->params, sizeof r->params, "{\"address\":\"%s\",\"skew_s\":%lld}",
             session ? session->address : "",
             kind == QK_GATE_CLOCK_SKEW ? (long long)(qk_skew_median(&device->skew) / 1000) : 0LL);
    if (qk_node_post(g->node, raise_in_store, r, free_raised, NULL) != QK_OK) free(r);
}

static const qk_gate_calls calls = {
    .append = append_record,
    .find_device = find_in_register,
    .register_version = register_version,
    .link = tell_link,
    .event = raise_event,
    .took = frame_took,
    .asked = frame_asked,
};

/* ---- waking ---- */

static void on_wake(uv_async_t *wake)
{
    qk_gateway *g = wake->data;
    qk_conns_wake(g);
    qk_forward_wake(g);
    qk_gate_mail_run(g->mail, g);
}

/* Journal's thread. */
static void on_durable(void *context)
{
    uv_async_send(&((qk_gateway *)context)->wake);
}

/* ---- the tick ---- */

static void look_at_clock(qk_gateway *g, qk_gate_device *device)
{
    if (!device->approved) return;
    if (qk_skew_warn(&device->skew, g->gate.now))
        raise_event(g, QK_GATE_CLOCK_SKEW, device, device->newest ? device->newest->session : NULL);
    if (device->row.answers_requests && device->newest && qk_skew_tell(&device->skew, g->gate.now))
        qk_tasks_order(g, device, 1012, "");
}

static void tell_counts(qk_gateway *g)
{
    qk_gate_device *list = g->gate.counted, *d;
    g->gate.counted = NULL;
    while ((d = list)) {
        list = d->next_counted;
        d->counted = false;
        qk_live_seen_many(g->live, (qk_str){d->mn, d->mn_len}, d->counts, d->counted_at,
                          qk_skew_median(&d->skew));
        d->counts[0] = d->counts[1] = d->counts[2] = 0;
        look_at_clock(g, d);
    }
}

static void publish_stats(qk_gateway *g)
{
    pthread_mutex_lock(&g->lock);
    g->published = g->gate.stats;
    pthread_mutex_unlock(&g->lock);
}

static void on_tick(uv_timer_t *tick)
{
    qk_gateway *g = tick->data;
    g->ticks++;
    qk_conns_tick(g);
    if (g->held) qk_conns_wake(g);
    qk_tasks_tick(g);
    qk_forward_tick(g);
    qk_backfill_tick(g);
    if (g->ticks % LIVE_EVERY == 0) tell_counts(g);
    if (g->ticks % FORGET_EVERY == 0)
        (void)qk_gate_devices_forget(&g->gate.devices, g->gate.now_ms - FORGET_AFTER_MS);
    publish_stats(g);
}

/* ---- start ---- */

/* Each connection needs a descriptor; journal, database and web need a few hundred more. */
static void raise_file_limit(qk_gateway *g)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)g->options.max_connections + 4096;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    if (limit.rlim_cur < want) {
        limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= want) return;
    uint32_t most =
        limit.rlim_cur > 8192 ? (uint32_t)limit.rlim_cur - 4096 : (uint32_t)limit.rlim_cur / 2;
    qk_log_print(g->log, QK_LOG_WARN, "gateway",
                 "the open-file limit allows %u device connections, not %u", most,
                 g->options.max_connections);
    g->options.max_connections = most;
}

static qk_gateway_options with_defaults(const qk_gateway_options *options)
{
    qk_gateway_options o = options ? *options : (qk_gateway_options){0};
    if (!o.listen) o.listen = "127.0.0.1:9212";
    if (!o.max_connections) o.max_connections = 16000;
    if (!o.max_per_address) o.max_per_address = 64;
    if (!o.idle_s) o.idle_s = 3600;
    if (!o.half_frame_s) o.half_frame_s = 30;
    if (!o.stall_s) o.stall_s = 60;
    return o;
}

/* Fills the repeat windows from the journal's last part; damage there costs recognised repeats, not
 * frames, and is reported by the store, which reads the same bytes. */
static void replay_tail(qk_gateway *g)
{
    char dir[QK_PATH_MAX];
    qk_journal_reader *reader;
    qk_journal_record record;
    qk_jpos end = qk_journal_durable(g->journal);
    qk_jpos from = end > QK_GATE_TAIL ? end - QK_GATE_TAIL : 0;
    if (qk_path_join(dir, sizeof dir, qk_node_dir(g->node), "journal") != QK_OK ||
        qk_journal_reader_open(&reader, dir, from, NULL) != QK_OK)
        return;
    for (;;) {
        qk_code code = qk_journal_next(reader, &record, end, NULL);
        if (code == QK_OK)
            qk_gate_replay(&g->gate, &record);
        else if (code != QK_EDAMAGED)
            break;
    }
    qk_journal_reader_close(reader);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void end_loop(qk_gateway *g)
{
    uv_walk(&g->loop, close_handle, NULL);
    while (uv_run(&g->loop, UV_RUN_DEFAULT) != 0) {
    }
    (void)uv_loop_close(&g->loop);
}

static void free_gateway(qk_gateway *g)
{
    if (g->mail) qk_gate_mail_run(g->mail, NULL);
    qk_gate_mail_release(g->mail);
    qk_backfill_free(g);
    qk_forward_free(g);
    qk_tasks_free(g->tasks);
    qk_gate_devices_clear(&g->gate.devices);
    qk_pool_clear(&g->gate.pool);
    qk_map_free(g->addresses);
    pthread_mutex_destroy(&g->lock);
    free(g->buffer);
    free(g);
}

static qk_code init_memory(qk_gateway *g, qk_error *err)
{
    qk_pool_init(&g->gate.pool, QK_GATE_POOL, QK_GATE_POOL_KEPT);
    g->buffer = malloc(QK_GATE_READ);
    g->mail = qk_gate_mail_new();
    if (!g->buffer || !g->mail ||
        qk_gate_devices_init(&g->gate.devices, QK_GATE_DEVICES) != QK_OK ||
        qk_map_new(&g->addresses, (size_t)g->options.max_connections + 1) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory to start the gateway");
    return QK_OK;
}

static qk_code init_loop(qk_gateway *g, qk_error *err)
{
    int bad = uv_loop_init(&g->loop);
    if (bad) return qk_fail(err, QK_EIO, "cannot make an event loop: %s", uv_strerror(bad));
    g->listener.data = g->wake.data = g->tick.data = g;
    bad = uv_tcp_init(&g->loop, &g->listener);
    if (!bad) bad = uv_async_init(&g->loop, &g->wake, on_wake);
    if (!bad) bad = uv_timer_init(&g->loop, &g->tick);
    if (!bad) bad = uv_timer_start(&g->tick, on_tick, QK_GATE_TICK_MS, QK_GATE_TICK_MS);
    qk_code code = bad ? qk_fail(err, QK_EIO, "cannot prepare the event loop: %s", uv_strerror(bad))
                       : qk_conns_listen(g, err);
    if (code != QK_OK) end_loop(g);
    return code;
}

static void run_loop(void *context)
{
    qk_gateway *g = context;
    (void)pthread_setname_np(pthread_self(), "qk-gateway");
    (void)uv_run(&g->loop, UV_RUN_DEFAULT);
}

static qk_code start_thread(qk_gateway *g, qk_error *err)
{
    qk_node_on_durable(g->node, on_durable, g);
    qk_gate_mail_open(g->mail, &g->wake);
    int bad = uv_thread_create(&g->thread, run_loop, g);
    if (!bad) return QK_OK;
    qk_node_on_durable(g->node, NULL, NULL);
    qk_gate_mail_open(g->mail, NULL);
    end_loop(g);
    return qk_fail(err, QK_EIO, "cannot start the gateway's thread: %s", uv_strerror(bad));
}

qk_code qk_gateway_start(qk_gateway **out, qk_node *node, const qk_gateway_options *options,
                         qk_error *err)
{
    qk_code code;
    *out = NULL;
    qk_gateway *g = calloc(1, sizeof *g);
    if (!g) return qk_fail(err, QK_ENOMEM, "no memory to start the gateway");
    g->node = node;
    g->log = qk_node_log(node);
    g->live = qk_node_live(node);
    g->journal = qk_node_journal(node);
    g->registry = qk_node_registry(node);
    g->options = with_defaults(options);
    g->pending_end = &g->pending;
    g->gate.calls = &calls;
    g->gate.context = g;
    g->gate.accept_any = qk_node_accept_any(node);
    pthread_mutex_init(&g->lock, NULL);
    raise_file_limit(g);
    QK_TRY_OUT(code, init_memory(g, err));
    replay_tail(g);
    QK_TRY_OUT(code, qk_tasks_open(g, err));
    QK_TRY_OUT(code, qk_forward_open(g, err));
    QK_TRY_OUT(code, qk_backfill_open(g, err));
    g->durable = qk_journal_durable(g->journal);
    QK_TRY_OUT(code, init_loop(g, err));
    QK_TRY_OUT(code, start_thread(g, err));
    qk_log_print(g->log, QK_LOG_INFO, "gateway", "devices: %s, port %u, at most %u connections",
                 g->options.listen, g->port, g->options.max_connections);
    *out = g;
    return QK_OK;
out:
    free_gateway(g);
    return code;
}

/* ---- end ---- */

typedef struct stop_message {
    qk_gate_message message;
    uv_sem_t *done;
} stop_message;

static void stop_reading_now(qk_gateway *g, qk_gate_message *message)
{
    g->stopping = true;
    uv_close((uv_handle_t *)&g->listener, NULL);
    qk_conns_stop_reading(g);
    qk_tasks_stop(g);
    qk_forward_stop(g);
    uv_sem_post(((stop_message *)(void *)message)->done);
}

/* What is durable by now is answered; the rest will be sent again by its devices. */
static void finish_now(qk_gateway *g, qk_gate_message *message)
{
    (void)message;
    qk_conns_wake(g);
    qk_conns_close_all(g, QK_CUT_STOP);
    tell_counts(g);
    publish_stats(g);
    qk_gate_mail_open(g->mail, NULL);
    uv_close((uv_handle_t *)&g->wake, NULL);
    uv_close((uv_handle_t *)&g->tick, NULL);
}

void qk_gateway_stop(qk_gateway *g)
{
    uv_sem_t done;
    qk_error err;
    if (!g) return;
    if (uv_sem_init(&done, 0) == 0) {
        stop_message stop = {.message.run = stop_reading_now, .done = &done};
        if (qk_gate_mail_post(g->mail, &stop.message)) uv_sem_wait(&done);
        uv_sem_destroy(&done);
    }
    if (qk_journal_sync(g->journal, STOP_SYNC_MS, &err) != QK_OK)
        qk_log_print(g->log, QK_LOG_WARN, "gateway", "last frames stay unanswered: %s",
                     err.message);
    qk_node_on_durable(g->node, NULL, NULL);
    qk_gate_message finish = {.run = finish_now};
    (void)qk_gate_mail_post(g->mail, &finish);
    uv_thread_join(&g->thread);
    (void)uv_loop_close(&g->loop);
    free_gateway(g);
}

uint16_t qk_gateway_port(const qk_gateway *g)
{
    return g->port;
}

void qk_gateway_stats_get(const qk_gateway *gateway, qk_gateway_stats *out)
{
    qk_gateway *g = (qk_gateway *)(uintptr_t)gateway;
    pthread_mutex_lock(&g->lock);
    *out = g->published;
    pthread_mutex_unlock(&g->lock);
}
