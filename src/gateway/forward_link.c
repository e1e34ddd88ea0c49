/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/forward_private.h"
#include "gateway/rewrite.h"
#include "gateway/seen.h"
#include "gateway/tasks.h"
#include <stdio.h>
#include <stdlib.h>

enum { WRITES_MAX = 2 * QK_UPQUEUE_WINDOW, RESEND_BEFORE_RECONNECT = 4 };

typedef struct upwrite {
    uv_write_t request;
    qk_upsocket *socket;
    char bytes[];
} upwrite;

/* ---- sockets ---- */

static void free_socket(uv_handle_t *handle)
{
    free(handle->data);
}

void qk_uplink_close(qk_uplink *l, const char *why)
{
    qk_gateway *g = l->platform->gateway;
    qk_upsocket *s = l->socket;
    if (why) snprintf(l->error, sizeof l->error, "%s", why);
    l->phase = QK_UPLINK_DOWN;
    l->socket = NULL;
    l->writes = 0;
    l->begun_len = 0;
    l->retry_ms = g->gate.now_ms + l->backoff_ms;
    l->backoff_ms *= 2;
    if (l->backoff_ms > QK_UPLINK_BACKOFF_MAX_MS) l->backoff_ms = QK_UPLINK_BACKOFF_MAX_MS;
    qk_upqueue_again(&l->queue);
    if (!s) return;
    s->link = NULL;
    uv_close((uv_handle_t *)&s->tcp, free_socket);
}

void qk_uplink_free(qk_uplink *l)
{
    qk_upqueue_clear(&l->queue);
    free(l->begun);
    free(l);
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status)
{
    upwrite *w = request->data;
    qk_uplink *l = w->socket->link;
    free(w);
    if (!l) return;
    l->writes--;
    if (status < 0)
        qk_uplink_close(l, uv_strerror(status));
    else
        qk_uplink_send(l);
}

static bool write_bytes(qk_uplink *l, const char *bytes, size_t len)
{
    upwrite *w = malloc(sizeof *w + len);
    if (!w) return false;
    memcpy(w->bytes, bytes, len);
    w->request.data = w;
    w->socket = l->socket;
    uv_buf_t buf = uv_buf_init(w->bytes, (unsigned)len);
    if (uv_write(&w->request, (uv_stream_t *)&l->socket->tcp, &buf, 1, on_written) != 0) {
        free(w);
        return false;
    }
    l->writes++;
    return true;
}

void qk_uplink_send(qk_uplink *l)
{
    qk_gateway *g = l->platform->gateway;
    qk_upframe *f;
    while (l->phase == QK_UPLINK_UP && l->writes < WRITES_MAX &&
           (f = qk_upqueue_next(&l->queue, g->gate.now_ms, QK_UPLINK_OVERTIME_MS))) {
        if (f->tries && f->state == QK_UPFRAME_SENT && f->tries % RESEND_BEFORE_RECONNECT == 0) {
            f->tries++; /* the next turn begins on a fresh connection */
            qk_uplink_close(l, "no 9014 came for a frame sent four times");
            return;
        }
        if (!write_bytes(l, f->bytes, f->len)) return;
        l->sent++;
        if (f->tries) l->again++;
        qk_upqueue_sent(&l->queue, f, g->gate.now_ms);
    }
}

/* ---- what the platform says ---- */

static void note_progress(qk_uplink *l)
{
    qk_gateway *g = l->platform->gateway;
    l->progress_ms = g->gate.now_ms;
    l->backoff_ms = QK_UPLINK_BACKOFF_MS;
    l->error[0] = 0;
}

static void refuse_request(qk_uplink *l, const qk_hj212_head *head, int32_t rtn)
{
    char out[QK_ANSWERS_ONE];
    size_t len =
        qk_hj212_encode_9011(out, sizeof out, head->version, QK_HJ212_CRC_STANDARD, head, rtn);
    if (len) (void)write_bytes(l, out, len);
}

static void pass_request_on(qk_uplink *l, const qk_hj212_head *head)
{
    qk_gateway *g = l->platform->gateway;
    const char *mn = l->as_mn[0] ? l->as_mn : l->mn;
    const qk_hj212_command *command = qk_hj212_command_find(head->command);
    qk_gate_device *d = qk_gate_devices_find(&g->gate.devices, qk_str_of(l->mn));
    bool askable = command && (command->kind & (QK_HJ212_REQUEST | QK_HJ212_NOTICE_DOWN));
    if (!qk_str_eq((qk_str){head->mn.ptr, head->mn.len}, qk_str_of(mn)))
        refuse_request(l, head, 4);
    else if (l->as_pw[0] && !qk_str_eq((qk_str){head->pw.ptr, head->pw.len}, qk_str_of(l->as_pw)))
        refuse_request(l, head, 3);
    else if (!askable)
        refuse_request(l, head, 8);
    else if (!l->control || !d ||
             !qk_tasks_relay(g, d, l->platform->id, l->serial, head->command,
                             (qk_str){head->qn.ptr, head->qn.len},
                             (qk_str){head->cp.ptr, head->cp.len}))
        refuse_request(l, head, 2);
}

static void take_frame(qk_uplink *l, const qk_hj212_frame *frame)
{
    qk_hj212_head head;
    qk_control_seen seen;
    qk_gateway *g = l->platform->gateway;
    bool whole = qk_hj212_head_read(&head, frame->segment);
    if (qk_hj212_frame_check(frame, QK_HJ212_ACCEPT_KNOWN) != QK_HJ212_USABLE) return;
    qk_seen_read(&seen, frame, &head);
    if (head.command == 9014 || head.command == 9013) {
        if (!qk_upqueue_answered(&l->queue, seen.qn)) return;
        l->answered++;
        l->answered_at = g->gate.now;
        note_progress(l);
    } else if (whole && head.command > 0 && head.command < 9000) {
        pass_request_on(l, &head);
    }
}

static void take_bytes(qk_uplink *l, size_t len)
{
    qk_gateway *g = l->platform->gateway;
    qk_hj212_frame frame;
    qk_hj212_step step;
    size_t used = 0;
    qk_hj212_found found;
    const qk_upsocket *socket = l->socket;
    while ((found = qk_hj212_next(g->buffer + used, len - used, false, &frame, &step)) !=
           QK_HJ212_MORE) {
        if (found == QK_HJ212_FRAME) take_frame(l, &frame);
        if (l->socket != socket) return;
        used += step.consumed;
    }
    size_t rest = len - used;
    if (rest > l->begun_cap) {
        char *grown = realloc(l->begun, rest);
        if (!grown) {
            qk_uplink_close(l, "no memory");
            return;
        }
        l->begun = grown;
        l->begun_cap = (uint32_t)rest;
    }
    if (rest) memcpy(l->begun, g->buffer + used, rest);
    l->begun_len = (uint32_t)rest;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const qk_upsocket *s = handle->data;
    const qk_uplink *l = s->link;
    (void)suggested;
    *buf = l ? uv_buf_init(l->platform->gateway->buffer + l->begun_len, QK_GATE_READ - l->begun_len)
             : uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    qk_upsocket *s = stream->data;
    qk_uplink *l = s->link;
    (void)buf;
    if (!l || n == 0) return;
    if (n < 0) {
        qk_uplink_close(l, n == UV_EOF ? "closed by the platform" : uv_strerror((int)n));
        return;
    }
    if (l->begun_len) memcpy(l->platform->gateway->buffer, l->begun, l->begun_len);
    take_bytes(l, l->begun_len + (size_t)n);
    if (l->socket == s) qk_uplink_send(l);
    qk_passes_go_on(l->platform);
}

/* ---- connecting ---- */

static void on_connect(uv_connect_t *request, int status)
{
    qk_upsocket *s = request->data;
    qk_uplink *l = s->link;
    if (!l) return;
    if (status == 0) status = uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
    if (status < 0) {
        qk_uplink_close(l, uv_strerror(status));
        return;
    }
    (void)uv_tcp_nodelay(&s->tcp, 1);
    (void)uv_tcp_keepalive(&s->tcp, 1, 60);
    l->phase = QK_UPLINK_UP;
    l->progress_ms = l->platform->gateway->gate.now_ms;
    l->error[0] = 0;
    qk_uplink_send(l);
}

static void connect_link(qk_uplink *l)
{
    qk_platform *p = l->platform;
    qk_upsocket *s = calloc(1, sizeof *s);
    if (!s) return;
    s->tcp.data = s->connect.data = s;
    if (uv_tcp_init(&p->gateway->loop, &s->tcp) != 0) {
        free(s);
        return;
    }
    s->link = l;
    l->socket = s;
    l->phase = QK_UPLINK_CONNECTING;
    int bad = uv_tcp_connect(&s->connect, &s->tcp, (const struct sockaddr *)&p->to, on_connect);
    if (bad) qk_uplink_close(l, uv_strerror(bad));
}

void qk_uplink_tick(qk_uplink *l)
{
    qk_platform *p = l->platform;
    int64_t now_ms = p->gateway->gate.now_ms;
    if (l->phase == QK_UPLINK_UP) qk_uplink_send(l);
    if (l->phase != QK_UPLINK_DOWN || now_ms < l->retry_ms || !p->enabled || l->stale) return;
    if (p->resolved)
        connect_link(l);
    else
        l->retry_ms = now_ms + QK_UPLINK_BACKOFF_MS;
}

void qk_uplink_return(qk_uplink *l, const qk_hj212_frame *frame)
{
    char out[QK_HJ212_FRAME_MAX];
    qk_hj212_text mn = {0}, pw = {0};
    if (l->phase != QK_UPLINK_UP || l->writes >= WRITES_MAX) return;
    if (!l->as_mn[0] && !l->as_pw[0]) {
        (void)write_bytes(l, frame->whole.ptr, frame->whole.len);
        return;
    }
    if (l->as_mn[0]) mn = qk_hj212_text_of(l->as_mn);
    if (l->as_pw[0]) pw = qk_hj212_text_of(l->as_pw);
    size_t len = qk_rewrite_frame(out, sizeof out, frame->segment, mn, pw);
    if (len) (void)write_bytes(l, out, len);
}
