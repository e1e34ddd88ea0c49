/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/fleet.h"
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

enum {
    INPUT_MAX = 8192,
    OUTPUT_MAX = 128 * 1024,
    FRAME_MAX = 4096,
    TICK_MS = 10,
    RECONNECT_MS = 2000,
    CONNECTS_A_TICK = 100,
    SAMPLES_MAX = 1 << 22
};

/* A frame on its way: what the answer must carry and what to send again. */
typedef struct flight {
    char *bytes;
    uint32_t len;
    uint32_t tries;
    int64_t sent_ms;
    double sent_us;
    char qn[24], mn[32], cn[8], data_time[24];
} flight;

typedef enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP, LINK_CLOSING } link_state;

typedef struct link {
    struct qk_fleet *fleet;
    size_t index;
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    link_state state;
    int64_t retry_ms;
    char *out; /* pending output; NULL until needed */
    size_t out_len;
    char *writing; /* handed to libuv */
    char in[INPUT_MAX];
    size_t in_len;
    flight flights[QK_FLEET_WINDOW_MAX];
    uint32_t n_flights;
} link;

struct qk_fleet {
    qk_fleet_options options;
    qk_fleet_source source;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_async_t stop;
    struct sockaddr_storage address;
    link *links;
    size_t turn; /* whose turn it is at a fixed rate */
    bool ending;
    int64_t start_ms;
    float *samples_ms;
    size_t n_samples;
    qk_fleet_result result;
};

static double now_us(void)
{
    return (double)qk_monotonic_ns() / 1e3;
}

static void drop_flight(link *l, uint32_t i)
{
    free(l->flights[i].bytes);
    l->flights[i] = l->flights[--l->n_flights];
}

/* ---- output ---- */

static void on_closed(uv_handle_t *handle)
{
    link *l = handle->data;
    l->state = LINK_DOWN;
    l->retry_ms = qk_monotonic_ms() + RECONNECT_MS;
    l->in_len = l->out_len = 0;
}

static void close_link(link *l)
{
    if (l->state != LINK_UP && l->state != LINK_CONNECTING) return;
    l->state = LINK_CLOSING;
    uv_close((uv_handle_t *)&l->tcp, on_closed);
}

static void flush_link(link *l);

static void on_written(uv_write_t *request, int status)
{
    link *l = request->data;
    free(l->writing);
    l->writing = NULL;
    if (status < 0)
        close_link(l);
    else if (l->out_len)
        flush_link(l);
}

static void flush_link(link *l)
{
    if (l->writing || !l->out_len || l->state != LINK_UP) return;
    uv_buf_t b = uv_buf_init(l->out, (unsigned)l->out_len);
    int n = uv_try_write((uv_stream_t *)&l->tcp, &b, 1);
    if (n > 0) {
        l->out_len -= (size_t)n;
        memmove(l->out, l->out + n, l->out_len);
    }
    if (!l->out_len || (n < 0 && n != UV_EAGAIN)) {
        if (n < 0 && n != UV_EAGAIN) close_link(l);
        return;
    }
    l->writing = malloc(l->out_len);
    if (!l->writing) return;
    memcpy(l->writing, l->out, l->out_len);
    b = uv_buf_init(l->writing, (unsigned)l->out_len);
    l->out_len = 0;
    l->write.data = l;
    if (uv_write(&l->write, (uv_stream_t *)&l->tcp, &b, 1, on_written) < 0) {
        free(l->writing);
        l->writing = NULL;
        close_link(l);
    }
}

static bool queue_bytes(link *l, const char *bytes, size_t len)
{
    if (!l->out) l->out = malloc(OUTPUT_MAX);
    if (!l->out || l->out_len + len > OUTPUT_MAX) return false;
    memcpy(l->out + l->out_len, bytes, len);
    l->out_len += len;
    return true;
}

/* ---- frames on their way ---- */

static void copy_text(char *out, size_t size, qk_hj212_text text)
{
    size_t n = text.len < size - 1 ? text.len : size - 1;
    if (n) memcpy(out, text.ptr, n);
    out[n] = 0;
}

static bool keep_flight(link *l, const char *bytes, size_t len)
{
    qk_hj212_frame frame;
    qk_hj212_step step;
    qk_hj212_head head;
    flight *f = &l->flights[l->n_flights];
    if (qk_hj212_next(bytes, len, true, &frame, &step) != QK_HJ212_FRAME ||
        !qk_hj212_head_read(&head, frame.segment))
        return false;
    *f = (flight){
        .len = (uint32_t)len, .tries = 1, .sent_ms = qk_monotonic_ms(), .sent_us = now_us()};
    f->bytes = malloc(len);
    if (!f->bytes) return false;
    memcpy(f->bytes, bytes, len);
    copy_text(f->qn, sizeof f->qn, head.qn);
    copy_text(f->mn, sizeof f->mn, head.mn);
    copy_text(f->cn, sizeof f->cn, head.cn);
    copy_text(f->data_time, sizeof f->data_time, head.data_time);
    l->n_flights++;
    return true;
}

/* False when the device has nothing to say, or no room to say it. */
static bool send_one(link *l)
{
    struct qk_fleet *f = l->fleet;
    char frame[FRAME_MAX];
    if (l->n_flights >= f->options.window || l->out_len + FRAME_MAX > OUTPUT_MAX) return false;
    size_t n = f->source.next(f->source.context, l->index, qk_clock_now(f->options.clock), frame,
                              sizeof frame);
    if (!n || !queue_bytes(l, frame, n)) return false;
    f->result.sent++;
    if (!keep_flight(l, frame, n)) f->result.rejected++;
    return true;
}

static void resend_due(link *l, int64_t now)
{
    struct qk_fleet *f = l->fleet;
    for (uint32_t i = 0; i < l->n_flights;) {
        flight *g = &l->flights[i];
        if (now - g->sent_ms < (int64_t)f->options.resend_s * 1000) {
            i++;
        } else if (g->tries > f->options.resends) {
            f->result.rejected++;
            drop_flight(l, i);
        } else {
            if (queue_bytes(l, g->bytes, g->len)) f->result.resent++;
            g->tries++;
            g->sent_ms = now;
            i++;
        }
    }
}

/* The form of 2005 carries the QN of what it answers inside CP. */
static qk_hj212_text answered_qn(const qk_hj212_head *head)
{
    if (head->qn.ptr) return head->qn;
    const char *at = memmem(head->cp.ptr, head->cp.len, "QN=", 3);
    if (!head->cp.ptr || !at) return (qk_hj212_text){NULL, 0};
    size_t left = head->cp.len - (size_t)(at + 3 - head->cp.ptr), n = 0;
    while (n < left && qk_is_digit(at[3 + n])) n++;
    return (qk_hj212_text){at + 3, n};
}

static void take_answer(link *l, const qk_hj212_head *head)
{
    struct qk_fleet *f = l->fleet;
    qk_hj212_text qn = answered_qn(head);
    if (!qn.ptr) return;
    for (uint32_t i = 0; i < l->n_flights; i++) {
        flight *g = &l->flights[i];
        if (strlen(g->qn) != qn.len || memcmp(g->qn, qn.ptr, qn.len) != 0) continue;
        f->result.acked++;
        if (f->n_samples < SAMPLES_MAX)
            f->samples_ms[f->n_samples++] = (float)((now_us() - g->sent_us) / 1e3);
        if (f->options.ack_log)
            fprintf(f->options.ack_log, "%s %s %s %s\n", g->mn, g->qn, g->cn, g->data_time);
        drop_flight(l, i);
        return;
    }
}

static void take_frame(link *l, const qk_hj212_frame *frame)
{
    struct qk_fleet *f = l->fleet;
    qk_hj212_head head;
    char answer[4 * FRAME_MAX];
    bool complete = qk_hj212_head_read(&head, frame->segment);
    if (head.command == 9014) {
        take_answer(l, &head);
    } else if (complete && f->source.request) {
        size_t n = f->source.request(f->source.context, l->index, frame, &head,
                                     qk_clock_now(f->options.clock), answer, sizeof answer);
        if (n) (void)queue_bytes(l, answer, n);
    }
}

/* ---- input ---- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    link *l = handle->data;
    (void)suggested;
    *buf = uv_buf_init(l->in + l->in_len, (unsigned)(INPUT_MAX - l->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    link *l = stream->data;
    (void)buf;
    if (n < 0) {
        close_link(l);
        return;
    }
    l->in_len += (size_t)n;
    size_t at = 0;
    for (;;) {
        qk_hj212_frame frame;
        qk_hj212_step step;
        qk_hj212_found found = qk_hj212_next(l->in + at, l->in_len - at, false, &frame, &step);
        if (found == QK_HJ212_MORE) break;
        if (found == QK_HJ212_FRAME) take_frame(l, &frame);
        at += step.consumed;
    }
    l->in_len -= at;
    memmove(l->in, l->in + at, l->in_len);
    if (l->in_len == INPUT_MAX) l->in_len = 0;
    if (l->fleet->options.rate <= 0 && !l->fleet->ending)
        while (send_one(l)) {
        }
    flush_link(l);
}

static void on_connected(uv_connect_t *request, int status)
{
    link *l = request->data;
    if (l->state != LINK_CONNECTING) return;
    if (status < 0) {
        close_link(l);
        return;
    }
    l->state = LINK_UP;
    l->fleet->result.connects++;
    uv_tcp_nodelay(&l->tcp, 1);
    for (uint32_t i = 0; i < l->n_flights; i++) l->flights[i].sent_ms = 0;
    if (uv_read_start((uv_stream_t *)&l->tcp, give_buffer, on_read) < 0) close_link(l);
}

static void connect_link(link *l)
{
    if (uv_tcp_init(&l->fleet->loop, &l->tcp) < 0) return;
    l->tcp.data = l;
    l->connect.data = l;
    l->state = LINK_CONNECTING;
    if (uv_tcp_connect(&l->connect, &l->tcp, (const struct sockaddr *)&l->fleet->address,
                       on_connected) < 0)
        close_link(l);
}

/* ---- the loop ---- */

static void end_fleet(struct qk_fleet *f)
{
    if (f->ending) return;
    f->ending = true;
    uv_close((uv_handle_t *)&f->tick, NULL);
    uv_close((uv_handle_t *)&f->stop, NULL);
    for (size_t i = 0; i < f->options.devices; i++) close_link(&f->links[i]);
}

static void pump_by_rate(struct qk_fleet *f)
{
    double due = (double)(qk_monotonic_ms() - f->start_ms) / 1000 * f->options.rate;
    size_t idle = 0;
    while ((double)f->result.sent < due && idle < f->options.devices) {
        link *l = &f->links[f->turn];
        f->turn = (f->turn + 1) % f->options.devices;
        if (l->state == LINK_UP && send_one(l))
            idle = 0;
        else
            idle++;
    }
}

static bool all_answered(const struct qk_fleet *f)
{
    for (size_t i = 0; i < f->options.devices; i++)
        if (f->links[i].n_flights) return false;
    return true;
}

static void on_tick(uv_timer_t *timer)
{
    struct qk_fleet *f = timer->data;
    int64_t now = qk_monotonic_ms();
    bool over =
        f->options.duration_s > 0 && (double)(now - f->start_ms) >= f->options.duration_s * 1000;
    int connects = 0;
    if (f->options.rate > 0 && !over) pump_by_rate(f);
    for (size_t i = 0; i < f->options.devices; i++) {
        link *l = &f->links[i];
        if (l->state == LINK_DOWN && now >= l->retry_ms && connects < CONNECTS_A_TICK) {
            connect_link(l);
            connects++;
        }
        if (l->state != LINK_UP) continue;
        resend_due(l, now);
        if (f->options.rate <= 0 && !over)
            while (send_one(l)) {
            }
        flush_link(l);
    }
    bool done = f->source.finished && f->source.finished(f->source.context);
    bool waited = over && (double)(now - f->start_ms) >= f->options.duration_s * 1000 + 2000;
    if (((over || done) && all_answered(f)) || waited) end_fleet(f);
}

static void on_stop(uv_async_t *async)
{
    end_fleet(async->data);
}

static qk_code parse_address(struct qk_fleet *f, const char *to, qk_error *err)
{
    char host[64];
    int64_t port;
    const char *colon = strrchr(to, ':');
    if (!colon || (size_t)(colon - to) >= sizeof host ||
        qk_parse_i64(&port, qk_str_of(colon + 1)) != QK_OK || port < 1 || port > 65535)
        return qk_fail(err, QK_EINVAL, "'%s' is not ADDR:PORT", to);
    memcpy(host, to, (size_t)(colon - to));
    host[colon - to] = 0;
    if (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)&f->address) < 0 &&
        uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)&f->address) < 0)
        return qk_fail(err, QK_EINVAL, "'%s' is not an IP address", host);
    return QK_OK;
}

static void raise_file_limit(void)
{
    struct rlimit lim;
    if (getrlimit(RLIMIT_NOFILE, &lim) != 0) return;
    lim.rlim_cur = lim.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &lim);
}

qk_code qk_fleet_new(qk_fleet **out, const qk_fleet_options *options, const qk_fleet_source *source,
                     qk_error *err)
{
    qk_code code;
    qk_fleet *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f) return qk_fail(err, QK_ENOMEM, "no memory for the fleet");
    f->options = *options;
    f->source = *source;
    if (!f->options.window || f->options.window > QK_FLEET_WINDOW_MAX) f->options.window = 1;
    if (!f->options.resend_s) f->options.resend_s = 10;
    if (!f->options.resends) f->options.resends = 3;
    f->links = calloc(options->devices ? options->devices : 1, sizeof *f->links);
    f->samples_ms = malloc(SAMPLES_MAX * sizeof *f->samples_ms);
    if (!f->links || !f->samples_ms) {
        code = qk_fail(err, QK_ENOMEM, "no memory for %zu devices", options->devices);
        goto out;
    }
    for (size_t i = 0; i < options->devices; i++) f->links[i] = (link){.fleet = f, .index = i};
    QK_TRY_OUT(code, parse_address(f, options->to, err));
    raise_file_limit();
    if (uv_loop_init(&f->loop) < 0 || uv_timer_init(&f->loop, &f->tick) < 0 ||
        uv_async_init(&f->loop, &f->stop, on_stop) < 0) {
        code = qk_fail(err, QK_EIO, "cannot start the event loop");
        goto out;
    }
    f->tick.data = f->stop.data = f;
    *out = f;
    return QK_OK;
out:
    free(f->links);
    free(f->samples_ms);
    free(f);
    return code;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

qk_code qk_fleet_run(qk_fleet *f, qk_fleet_result *result, qk_error *err)
{
    f->start_ms = qk_monotonic_ms();
    if (uv_timer_start(&f->tick, on_tick, 0, TICK_MS) < 0)
        return qk_fail(err, QK_EIO, "cannot start the timer");
    uv_run(&f->loop, UV_RUN_DEFAULT);
    f->result.seconds = (double)(qk_monotonic_ms() - f->start_ms) / 1000;
    qsort(f->samples_ms, f->n_samples, sizeof *f->samples_ms, compare_floats);
    if (f->n_samples) {
        f->result.p50_ms = (double)f->samples_ms[f->n_samples / 2];
        f->result.p99_ms = (double)f->samples_ms[f->n_samples * 99 / 100];
    }
    *result = f->result;
    return QK_OK;
}

void qk_fleet_stop(qk_fleet *fleet)
{
    if (fleet) (void)uv_async_send(&fleet->stop);
}

void qk_fleet_free(qk_fleet *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->options.devices; i++) {
        while (f->links[i].n_flights) drop_flight(&f->links[i], 0);
        free(f->links[i].out);
        free(f->links[i].writing);
    }
    (void)uv_loop_close(&f->loop);
    free(f->links);
    free(f->samples_ms);
    free(f);
}
