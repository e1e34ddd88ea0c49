/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/tasks.h"
#include "gateway/commands.h"
#include "gateway/control.h"
#include "gateway/forward.h"
#include "gateway/request_text.h"
#include "gateway/seen.h"
#include "gateway/upqueue.h"
#include <stdio.h>
#include <stdlib.h>

enum { SAVE_EVERY_MS = 1000, EXPIRE_TICKS = 600 };
static const qk_time waits_at_most = 7 * QK_DAY, rest_after_failure = 6 * QK_HOUR;

typedef struct task {
    qk_request request;
    char qn[QK_UPQUEUE_QN]; /* of an upper platform's request; empty = our own */
} task;

/* An upper platform waits for what the device says under this QN. */
typedef struct relay {
    char qn[QK_UPQUEUE_QN];
    uint64_t link;
} relay;
enum { RELAYS = 8 };

/* Requests of one device: the first runs when `control` is not idle. */
typedef struct device_tasks {
    struct device_tasks *next;
    qk_gate_device *device;
    qk_control control;
    task *queue;
    uint32_t count, cap;
    relay relays[RELAYS];
    uint32_t next_relay;
    bool unsaved; /* the running request's row is behind */
    int64_t saved_ms;
    qk_time contacted;   /* last first-contact sequence */
    qk_time rests_until; /* no history is asked for by ourselves; 0 = it may be */
} device_tasks;

struct qk_tasks_all {
    device_tasks *list;
};

/* ---- saving ---- */

typedef struct saving {
    qk_request request;
    qk_range no_data;
    bool has_no_data;
    char new_pw[28];
} saving;

static qk_code change_password(qk_node *node, const saving *s, qk_time now, qk_error *err)
{
    qk_device row;
    qk_registry *registry = qk_node_registry(node);
    if (!qk_registry_device(registry, &row, qk_str_of(s->request.mn))) return QK_OK;
    (void)qk_str_copy(row.pw, sizeof row.pw, qk_str_of(s->new_pw));
    return qk_registry_put_device(registry, &row, row.version, qk_str_of(s->request.by), now, err);
}

static qk_code save_in_store(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    saving *s = context;
    QK_TRY(qk_request_update(db, &s->request, err));
    if (s->has_no_data)
        QK_TRY(qk_no_data_put(db, qk_str_of(s->request.mn), s->request.cn, s->no_data, now, err));
    return s->new_pw[0] ? change_password(node, s, now, err) : QK_OK;
}

static void free_context(void *context, qk_code code, const qk_error *err)
{
    (void)code, (void)err;
    free(context);
}

static bool post_save(qk_gateway *g, const saving *what)
{
    if (what->request.id == 0) return true; /* an upper platform's: it keeps its own book */
    saving *s = malloc(sizeof *s);
    if (!s) return false;
    *s = *what;
    if (qk_node_post(g->node, save_in_store, s, free_context, NULL) == QK_OK) return true;
    free(s);
    return false;
}

static void publish(qk_gateway *g, const qk_request *request)
{
    if (request->id == 0) return;
    qk_buf json;
    qk_json_writer w;
    qk_buf_init(&json, 4096);
    qk_json_init(&w, &json);
    qk_request_json(&w, request);
    if (json.failed == QK_OK) qk_live_publish(g->live, "request", (qk_str){json.ptr, json.len});
    qk_buf_clear(&json);
}

/* ---- the queue ---- */

static device_tasks *tasks_of(const qk_gate_device *device)
{
    return device->tasks;
}

static device_tasks *make_tasks(qk_gateway *g, qk_gate_device *device)
{
    if (device->tasks) return device->tasks;
    device_tasks *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->device = device;
    t->next = g->tasks->list;
    g->tasks->list = t;
    device->tasks = t;
    return t;
}

static bool is_auto(const qk_request *r)
{
    return strcmp(r->by, "auto") == 0;
}
static bool is_running(const device_tasks *t)
{
    return t->control.phase != QK_CONTROL_IDLE;
}

static bool insert_task(device_tasks *t, const task *new)
{
    if (t->count == t->cap) {
        uint32_t cap = t->cap ? t->cap * 2 : 4;
        task *grown =
            cap <= 2 * QK_REQUESTS_OPEN_MAX ? realloc(t->queue, cap * sizeof *grown) : NULL;
        if (!grown) return false;
        t->queue = grown;
        t->cap = cap;
    }
    uint32_t at = t->count;
    uint32_t first = is_running(t) ? 1 : 0;
    if (!is_auto(&new->request))
        while (at > first && is_auto(&t->queue[at - 1].request)) at--;
    memmove(&t->queue[at + 1], &t->queue[at], (t->count - at) * sizeof *t->queue);
    t->queue[at] = *new;
    t->count++;
    return true;
}

static void remove_request(device_tasks *t, uint32_t at)
{
    t->count--;
    memmove(&t->queue[at], &t->queue[at + 1], (t->count - at) * sizeof *t->queue);
}

/* ---- running ---- */

static void start_next(qk_gateway *g, device_tasks *t);

static void send_step(device_tasks *t, const qk_control_step *step)
{
    char frame[QK_ANSWERS_ONE];
    qk_gate_device *d = t->device;
    const char *pw = d->row.pw[0] ? d->row.pw : d->pw;
    qk_hj212_version version = d->row.dialect ? (qk_hj212_version)d->row.dialect
                               : d->version   ? d->version
                                              : QK_HJ212_2017;
    const qk_hj212_frame no_frame = {.crc = QK_HJ212_CRC_STANDARD};
    qk_hj212_peer peer = {.version = version,
                          .st = qk_hj212_text_of(d->row.st[0] ? d->row.st : d->st),
                          .pw = qk_hj212_text_of(pw),
                          .mn = {d->mn, d->mn_len},
                          .comma_range = d->row.comma_range,
                          .crc = qk_access_answer_crc(&d->row, &no_frame)};
    if (!d->newest) return;
    size_t len =
        qk_hj212_encode_command(frame, sizeof frame, &peer, qk_hj212_text_of(t->control.qn),
                                t->control.request.cn, (qk_hj212_text){step->cp, step->cp_len});
    /* What does not get out now is sent again after OverTime, as if it had been lost on the way. */
    if (len && qk_session_send(d->newest->session, frame, len) == QK_OK)
        qk_conn_queue(qk_conn_of(d->newest->session));
}

static void read_new_password(device_tasks *t, char out[28])
{
    qk_str params = qk_str_of(t->control.request.params);
    size_t at = qk_str_find(params, QK_STR("NewPW="), 0);
    out[0] = 0;
    if (t->control.request.cn != 1072 || at == SIZE_MAX) return;
    qk_str rest = {params.ptr + at + 6, params.len - at - 6};
    qk_str value = qk_str_cut(&rest, ';');
    (void)qk_str_copy(out, 28, value);
}

/* What we asked for by ourselves and got or did not get is not asked for again; a device that
 * failed is given time. */
static void learn_from_end(qk_gateway *g, device_tasks *t, saving *s)
{
    const qk_request *r = &s->request;
    if (!is_auto(r) || r->from == QK_TIME_NONE) return;
    if (strcmp(r->state, "done") == 0) {
        s->has_no_data = true;
        s->no_data = (qk_range){r->from, r->to};
    } else {
        t->rests_until = g->gate.now + rest_after_failure;
    }
}

bool qk_tasks_rests(const qk_gate_device *device, qk_time now)
{
    const device_tasks *t = tasks_of(device);
    return t && now < t->rests_until && t->rests_until - now <= rest_after_failure;
}

static void save_step(qk_gateway *g, device_tasks *t, const qk_control_step *step)
{
    saving s = {
        .request = t->control.request, .has_no_data = step->no_data, .no_data = step->range};
    if (step->ended) learn_from_end(g, t, &s);
    if (step->ended && strcmp(s.request.state, "done") == 0) read_new_password(t, s.new_pw);
    t->unsaved = !post_save(g, &s);
    t->saved_ms = g->gate.now_ms;
    publish(g, &s.request);
}

static void apply_step(qk_gateway *g, device_tasks *t, const qk_control_step *step)
{
    if (step->send) send_step(t, step);
    if (step->changed)
        save_step(g, t, step);
    else if (step->counted)
        t->unsaved = true;
    if (!step->ended) return;
    if (t->count) remove_request(t, 0);
    t->device->next_pw[0] = 0;
    start_next(g, t);
}

/* The system sets no clock while an hour changes (HJ 212 data of that hour would be cut in two). */
static bool may_start(const qk_gateway *g, const qk_request *r)
{
    return r->cn != 1012 || !is_auto(r) || qk_skew_may_set(g->gate.now);
}

static void start_next(qk_gateway *g, device_tasks *t)
{
    qk_control_step step;
    task chosen;
    uint32_t at = 0;
    if (is_running(t) || !t->device->newest || !t->device->approved || g->stopping) return;
    while (at < t->count && !may_start(g, &t->queue[at].request)) at++;
    if (at == t->count) return;
    chosen = t->queue[at];
    remove_request(t, at);
    memmove(&t->queue[1], &t->queue[0], t->count * sizeof *t->queue);
    t->queue[0] = chosen;
    t->count++;
    qk_control_begin(&t->control, &step, &chosen.request, chosen.qn[0] ? chosen.qn : NULL,
                     &t->device->row, g->gate.now, g->gate.now_ms);
    read_new_password(t, t->device->next_pw);
    apply_step(g, t, &step);
}

static bool add_task(qk_gateway *g, const qk_request *request)
{
    qk_gate_device *device = qk_gate_devices_get(&g->gate.devices, qk_str_of(request->mn));
    device_tasks *t = device ? make_tasks(g, device) : NULL;
    if (!t) return false;
    qk_gate_refresh(&g->gate, device);
    const task new = {.request = *request};
    if (!insert_task(t, &new)) return false;
    start_next(g, t);
    return true;
}

/* ---- rows become tasks ---- */

typedef struct added_message {
    qk_gate_message message;
    qk_request request;
} added_message;

static void run_added(qk_gateway *g, qk_gate_message *message)
{
    added_message *added = (added_message *)(void *)message;
    if (g) {
        publish(g, &added->request);
        (void)add_task(g, &added->request);
    }
    free(added);
}

static bool hand_to_loop(qk_gate_mail *mail, const qk_request *request)
{
    added_message *added = malloc(sizeof *added);
    if (!added) return false;
    added->message.run = run_added;
    added->request = *request;
    if (qk_gate_mail_post(mail, &added->message)) return true;
    free(added);
    return false;
}

typedef struct inserting {
    qk_gate_mail *mail;
    qk_request request;
} inserting;

static qk_code insert_in_store(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    qk_request *r = context;
    (void)node;
    r->asked = r->updated = now;
    return qk_request_insert(db, r, &r->id, err);
}

static qk_code insert_order(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    return insert_in_store(&((inserting *)context)->request, node, db, now, err);
}

static void ordered(void *context, qk_code code, const qk_error *err)
{
    inserting *order = context;
    (void)err;
    if (code == QK_OK) (void)hand_to_loop(order->mail, &order->request);
    qk_gate_mail_release(order->mail);
    free(order);
}

static void order_request(qk_gateway *g, qk_gate_device *device, qk_request *request)
{
    inserting *order = malloc(sizeof *order);
    if (!order) return;
    (void)qk_str_copy(request->mn, sizeof request->mn, (qk_str){device->mn, device->mn_len});
    (void)qk_str_copy(request->by, sizeof request->by, QK_STR("auto"));
    (void)qk_str_copy(request->state, sizeof request->state, QK_STR("waiting"));
    *order = (inserting){.mail = qk_gate_mail_hold(g->mail), .request = *request};
    if (qk_control_check(&order->request, NULL) == QK_OK &&
        qk_node_post(g->node, insert_order, order, ordered, NULL) == QK_OK)
        return;
    qk_gate_mail_release(order->mail);
    free(order);
}

bool qk_tasks_has(const qk_gate_device *device, int32_t cn)
{
    const device_tasks *t = tasks_of(device);
    for (uint32_t i = 0; t && i < t->count; i++)
        if (t->queue[i].request.cn == cn && !t->queue[i].qn[0]) return true;
    return false;
}

void qk_tasks_order(qk_gateway *g, qk_gate_device *device, int32_t cn, const char *params)
{
    qk_request r = {.cn = cn, .from = QK_TIME_NONE, .to = QK_TIME_NONE};
    if (qk_tasks_has(device, cn)) return;
    (void)qk_str_copy(r.params, sizeof r.params, qk_str_of(params));
    order_request(g, device, &r);
}

void qk_tasks_order_range(qk_gateway *g, qk_gate_device *device, int32_t cn, qk_range range)
{
    qk_request r = {.cn = cn, .from = range.from, .to = range.to};
    order_request(g, device, &r);
}

/* ---- what devices say ---- */

bool qk_tasks_asked(const qk_gate_device *device, const qk_hj212_frame *frame,
                    const qk_hj212_head *head)
{
    const device_tasks *t = tasks_of(device);
    if (!t || !is_running(t)) return false;
    qk_control_seen seen;
    qk_seen_read(&seen, frame, head);
    return qk_control_wants(&t->control, &seen);
}

static void return_to_upper(qk_gateway *g, device_tasks *t, const qk_hj212_frame *frame,
                            const qk_control_seen *seen)
{
    bool direct = (seen->command >= 9011 && seen->command <= 9013) || seen->command < 2000;
    if (!direct || seen->qn.len == 0) return; /* data go by way of the journal */
    for (size_t i = 0; i < RELAYS; i++)
        if (qk_str_eq(seen->qn, qk_str_of(t->relays[i].qn)))
            qk_forward_return(g, t->relays[i].link, frame);
}

bool qk_tasks_relay(qk_gateway *g, qk_gate_device *device, const char *upper, uint64_t link,
                    int32_t cn, qk_str qn, qk_str cp)
{
    task new = {.request = {.cn = cn,
                            .from = QK_TIME_NONE,
                            .to = QK_TIME_NONE,
                            .chunks_total = 1,
                            .asked = g->gate.now}};
    if (!device->approved || !device->row.answers_requests || !device->newest) return false;
    if (cp.len >= sizeof new.request.params || qn.len == 0 || qn.len >= sizeof new.qn) return false;
    device_tasks *t = make_tasks(g, device);
    if (!t) return false;
    (void)qk_str_copy(new.request.params, sizeof new.request.params, cp);
    (void)qk_str_copy(new.qn, sizeof new.qn, qn);
    snprintf(new.request.by, sizeof new.request.by, "upper:%s", upper);
    if (!insert_task(t, &new)) return false;
    relay *r = &t->relays[t->next_relay++ % RELAYS];
    memcpy(r->qn, new.qn, sizeof r->qn);
    r->link = link;
    start_next(g, t);
    return true;
}

void qk_tasks_took(qk_gateway *g, qk_session *session, qk_gate_device *device,
                   const qk_hj212_frame *frame, const qk_hj212_head *head)
{
    qk_control_step step;
    device_tasks *t = tasks_of(device);
    (void)session;
    if (head->command == 1013) qk_tasks_order(g, device, 1012, "");
    if (!t) return;
    qk_control_seen seen;
    qk_seen_read(&seen, frame, head);
    return_to_upper(g, t, frame, &seen);
    if (!is_running(t)) return;
    qk_control_take(&t->control, &step, &seen, &device->row, g->gate.now, g->gate.now_ms);
    apply_step(g, t, &step);
}

/* ---- coming and going ---- */

/* What the platform does when a device first shows itself (HJ 212-2017, 6.7). */
static void order_first_contact(qk_gateway *g, qk_gate_device *device)
{
    char params[32];
    device_tasks *t = make_tasks(g, device);
    if (!t || (t->contacted && g->gate.now - t->contacted < QK_DAY)) return;
    t->contacted = g->gate.now;
    qk_tasks_order(g, device, 1012, "");
    qk_tasks_order(g, device, 1000, "");
    if (device->row.rtd_interval_s > 0) {
        snprintf(params, sizeof params, "RtdInterval=%d", device->row.rtd_interval_s);
        qk_tasks_order(g, device, 1062, params);
    }
    if (device->row.min_interval_min > 0) {
        snprintf(params, sizeof params, "MinInterval=%d", device->row.min_interval_min);
        qk_tasks_order(g, device, 1064, params);
    }
}

void qk_tasks_link(qk_gateway *g, qk_gate_device *device, bool online)
{
    qk_control_step step;
    device_tasks *t = tasks_of(device);
    if (online) {
        if (device->row.first_contact && device->row.answers_requests)
            order_first_contact(g, device);
        if (t) start_next(g, t);
        return;
    }
    if (!t || !is_running(t)) return;
    if (t->control.relayed)
        qk_control_cancel(&t->control, &step, g->gate.now);
    else
        qk_control_lost(&t->control, &step, g->gate.now);
    if (!step.ended && t->count) t->queue[0].request = t->control.request;
    apply_step(g, t, &step);
}

/* ---- time ---- */

static void expire_requests(qk_gateway *g, device_tasks *t)
{
    for (uint32_t i = is_running(t) ? 1 : 0; i < t->count;) {
        saving s = {.request = t->queue[i].request};
        if (g->gate.now - s.request.asked < waits_at_most) {
            i++;
            continue;
        }
        snprintf(s.request.state, sizeof s.request.state, "timeout");
        snprintf(s.request.result, sizeof s.request.result, QK_REQUEST_REASON "expired");
        s.request.updated = g->gate.now;
        if (!post_save(g, &s)) return;
        publish(g, &s.request);
        remove_request(t, i);
    }
}

static void tick_tasks(qk_gateway *g, device_tasks *t)
{
    qk_control_step step;
    qk_control_tick(&t->control, &step, &t->device->row, g->gate.now, g->gate.now_ms);
    apply_step(g, t, &step);
    if (t->unsaved && g->gate.now_ms - t->saved_ms >= SAVE_EVERY_MS) {
        step = (qk_control_step){0};
        save_step(g, t, &step);
    }
    if (t->count && !is_running(t)) start_next(g, t);
}

void qk_tasks_tick(qk_gateway *g)
{
    for (device_tasks *t = g->tasks->list; t; t = t->next) {
        if (t->count || t->unsaved) tick_tasks(g, t);
        if (g->ticks % EXPIRE_TICKS == 0) expire_requests(g, t);
    }
}

void qk_tasks_stop(qk_gateway *g)
{
    qk_control_step step;
    for (device_tasks *t = g->tasks->list; t; t = t->next) {
        if (!is_running(t)) continue;
        qk_control_lost(&t->control, &step, g->gate.now);
        save_step(g, t, &step);
    }
}

/* ---- start and end ---- */

static qk_code load_one(void *context, const qk_request *request)
{
    qk_gateway *g = context;
    qk_request r = *request;
    snprintf(r.state, sizeof r.state, "waiting");
    return add_task(g, &r) ? QK_OK : QK_ENOMEM;
}

static qk_code load_open(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)node, (void)now;
    return qk_request_each_open(db, load_one, context, err);
}

qk_code qk_tasks_open(qk_gateway *g, qk_error *err)
{
    g->tasks = calloc(1, sizeof *g->tasks);
    if (!g->tasks) return qk_fail(err, QK_ENOMEM, "no memory for requests to devices");
    g->gate.register_version = qk_registry_version(g->registry);
    return qk_node_call(g->node, load_open, g, err);
}

void qk_tasks_free(qk_tasks_all *tasks)
{
    device_tasks *next;
    for (device_tasks *t = tasks ? tasks->list : NULL; t; t = next) {
        next = t->next;
        free(t->queue);
        free(t);
    }
    free(tasks);
}

/* ---- other threads ---- */

static qk_code check_device(qk_gateway *g, const qk_request *r, qk_error *err)
{
    qk_device row;
    if (!qk_registry_device(g->registry, &row, qk_str_of(r->mn)))
        return qk_fail(err, QK_ENOTFOUND, "no device %s in the register", r->mn);
    if (row.status != QK_DEVICE_APPROVED)
        return qk_fail(err, QK_EDENIED, "device %s is not approved: nothing is asked of it", r->mn);
    if (!row.answers_requests)
        return qk_fail(err, QK_EDENIED, "device %s is registered as not answering requests", r->mn);
    return QK_OK;
}

qk_code qk_gateway_ask(qk_gateway *g, const qk_request *request, int64_t *id, qk_error *err)
{
    qk_request r = *request;
    r.id = 0;
    r.qn_rtn = r.exe_rtn = r.tries = r.chunks_done = 0;
    r.rows_received = 0;
    r.result[0] = 0;
    snprintf(r.state, sizeof r.state, "waiting");
    QK_TRY(qk_control_check(&r, err));
    QK_TRY(qk_command_check(r.cn, qk_str_of(r.params), err));
    QK_TRY(check_device(g, &r, err));
    QK_TRY(qk_node_call(g->node, insert_in_store, &r, err));
    *id = r.id;
    /* When the loop has ended the row waits for the next start. */
    (void)hand_to_loop(g->mail, &r);
    return QK_OK;
}

typedef struct cancel_message {
    qk_gate_message message;
    int64_t id;
    char mn[QK_MN_MAX];
} cancel_message;

static void cancel_waiting(qk_gateway *g, device_tasks *t, int64_t id)
{
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->queue[i].request.id != id) continue;
        saving s = {.request = t->queue[i].request};
        snprintf(s.request.state, sizeof s.request.state, "cancelled");
        snprintf(s.request.result, sizeof s.request.result, QK_REQUEST_REASON "cancelled");
        s.request.updated = g->gate.now;
        remove_request(t, i);
        (void)post_save(g, &s);
        publish(g, &s.request);
        return;
    }
}

static void run_cancel(qk_gateway *g, qk_gate_message *message)
{
    cancel_message *m = (cancel_message *)(void *)message;
    qk_gate_device *device = g ? qk_gate_devices_find(&g->gate.devices, qk_str_of(m->mn)) : NULL;
    device_tasks *t = device ? tasks_of(device) : NULL;
    qk_control_step step;
    if (t && is_running(t) && t->control.request.id == m->id) {
        qk_control_cancel(&t->control, &step, g->gate.now);
        apply_step(g, t, &step);
    } else if (t) {
        cancel_waiting(g, t, m->id);
    }
    free(m);
}

static qk_code load_for_cancel(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    qk_request *r = context;
    (void)node, (void)now;
    if (qk_request_load(db, r->id, r, err) != QK_OK)
        return qk_fail(err, QK_ENOTFOUND, "no request %lld", (long long)r->id);
    if (qk_control_is_final(r->state))
        return qk_fail(err, QK_ECONFLICT, "request %lld has ended already: %s", (long long)r->id,
                       r->state);
    return QK_OK;
}

qk_code qk_gateway_cancel(qk_gateway *g, int64_t id, qk_error *err)
{
    qk_request r = {.id = id};
    QK_TRY(qk_node_call(g->node, load_for_cancel, &r, err));
    cancel_message *m = malloc(sizeof *m);
    if (!m) return qk_fail(err, QK_ENOMEM, "no memory to cancel the request");
    *m = (cancel_message){.message.run = run_cancel, .id = id};
    memcpy(m->mn, r.mn, sizeof m->mn);
    if (qk_gate_mail_post(g->mail, &m->message)) return QK_OK;
    free(m);
    return qk_fail(err, QK_EBUSY, "the gateway is ending");
}
