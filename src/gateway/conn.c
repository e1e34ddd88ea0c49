/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions on libuv.
 *
 * One buffer serves all reads: what a connection had begun is copied to its front, the new bytes
 * follow, and what is left over goes back into a block of the pool, so that a connection between
 * two frames holds no buffer at all. A connection stands on up to four lists: all; pending (answers
 * wait for the journal); quiet (a frame lacks only its line end); held (the journal is full). */
#include "gateway/private.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static void close_conn(qk_conn *c, qk_cut reason);
static void flush_conn(qk_conn *c);

qk_conn *qk_conn_of(const qk_session *session)
{
    return (qk_conn *)(void *)((char *)(uintptr_t)session - offsetof(qk_conn, session));
}

/* ---- counting addresses ---- */

static void count_address(qk_gateway *g, qk_str address, int change)
{
    uint64_t n = 0;
    (void)qk_map_get(g->addresses, address, &n);
    n = (uint64_t)((int64_t)n + change);
    if (n == 0)
        (void)qk_map_remove(g->addresses, address);
    else if (qk_map_set(g->addresses, address, n) != QK_OK)
        qk_log_limited(g->log, QK_LOG_WARN, "gateway", 0, "no memory to count connections of %.*s",
                       QK_STR_ARG(address));
}

static bool is_address_full(qk_gateway *g, qk_str address)
{
    uint64_t n = 0;
    if (g->gate.accept_any || !qk_map_get(g->addresses, address, &n)) return false;
    return n >= g->options.max_per_address;
}

/* ---- reading ---- */

static void set_now(qk_gateway *g)
{
    g->gate.now = qk_clock_now(qk_node_clock(g->node));
    g->gate.now_ms = qk_monotonic_ms();
}

static void stop_reading(qk_conn *c)
{
    if (c->reading) uv_read_stop((uv_stream_t *)&c->tcp);
    c->reading = false;
}

static void hold_conn(qk_conn *c)
{
    stop_reading(c);
    c->gateway->held = true;
    if (c->held) return;
    c->held = true;
    c->next_held = c->gateway->held_conns;
    c->gateway->held_conns = c;
}

/* Keeps the bytes that were not taken; false without memory. */
static bool keep_rest(qk_conn *c, const char *rest, size_t len)
{
    qk_pool *pool = &c->gateway->gate.pool;
    if (len > c->begun_cap || len == 0) {
        qk_pool_give(pool, c->begun, c->begun_cap);
        c->begun = NULL;
        c->begun_cap = 0;
        if (len && !(c->begun = qk_pool_take(pool, len, &c->begun_cap))) return false;
    }
    if (len) memcpy(c->begun, rest, len);
    c->begun_len = (uint32_t)len;
    return true;
}

static void note_quiet(qk_conn *c)
{
    if (!c->session.ends_here || c->quiet) return;
    c->quiet = true;
    c->next_quiet = c->gateway->quiet;
    c->gateway->quiet = c;
}

static void add_pending(qk_conn *c)
{
    qk_gateway *g = c->gateway;
    if (c->pending) return;
    c->pending = true;
    c->next_pending = NULL;
    *g->pending_end = c;
    g->pending_end = &c->next_pending;
}

void qk_conn_queue(qk_conn *c)
{
    if (c->closing || qk_answers_empty(&c->session.answers)) return;
    add_pending(c);
    if (c->session.answers.mark[0].pos <= c->gateway->durable) flush_conn(c);
}

static void take_bytes(qk_conn *c, const char *bytes, size_t len, bool final)
{
    size_t used;
    qk_feed feed = qk_session_feed(&c->session, bytes, len, final, &used);
    if (feed == QK_FEED_CUT) {
        close_conn(c, c->session.cut);
        return;
    }
    if (!keep_rest(c, bytes + used, len - used)) {
        close_conn(c, QK_CUT_MEMORY);
        return;
    }
    if (feed == QK_FEED_HOLD_JOURNAL) hold_conn(c);
    if (feed == QK_FEED_HOLD_OUTPUT) {
        c->full = true;
        stop_reading(c);
    }
    note_quiet(c);
    qk_conn_queue(c);
}

/* What was begun lies before the new bytes in the shared buffer. */
static size_t begun_to_buffer(qk_conn *c)
{
    if (c->begun_len) memcpy(c->gateway->buffer, c->begun, c->begun_len);
    return c->begun_len;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    qk_conn *c = handle->data;
    (void)suggested;
    /* No room is how libuv is told not to read; on_read then hears UV_ENOBUFS. */
    *buf = uv_buf_init(c->gateway->buffer + c->begun_len,
                       c->gateway->held ? 0 : QK_GATE_READ - c->begun_len);
}

static bool is_owed(const qk_conn *c)
{
    return c->writing || !qk_answers_empty(&c->session.answers);
}

/* A client that has said all may still wait for its answers: they get ten seconds to leave. */
static void end_of_input(qk_conn *c, bool orderly)
{
    stop_reading(c);
    c->last_ms = c->gateway->gate.now_ms;
    if (orderly && c->begun_len) take_bytes(c, c->gateway->buffer, begun_to_buffer(c), true);
    if (c->closing) return;
    c->ended = true;
    if (!orderly || !is_owed(c)) close_conn(c, QK_CUT_PEER);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    qk_conn *c = stream->data;
    qk_gateway *g = c->gateway;
    (void)buf;
    if (c->closing || n == 0) return;
    if (n == UV_ENOBUFS) {
        hold_conn(c);
        return;
    }
    set_now(g);
    if (n < 0) {
        end_of_input(c, n == UV_EOF);
        return;
    }
    g->gate.stats.bytes_in += (uint64_t)n;
    c->last_ms = g->gate.now_ms;
    size_t len = begun_to_buffer(c) + (size_t)n;
    take_bytes(c, g->buffer, len, false);
}

/* Goes on with a connection that was held or full: first what it had begun, then its socket. */
static void resume_conn(qk_conn *c)
{
    if (c->closing) return;
    if (c->begun_len) take_bytes(c, c->gateway->buffer, begun_to_buffer(c), false);
    if (c->closing || c->held || c->full || c->reading || c->ended || c->gateway->stopping) return;
    c->reading = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) == 0;
    if (!c->reading) close_conn(c, QK_CUT_PEER);
}

static void resume_held(qk_gateway *g)
{
    qk_conn *list = g->held_conns, *c;
    g->held_conns = NULL;
    g->held = false;
    while ((c = list)) {
        list = c->next_held;
        c->held = false;
        if (g->held)
            hold_conn(c);
        else
            resume_conn(c);
    }
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status)
{
    qk_conn *c = request->data;
    qk_gateway *g = c->gateway;
    qk_pool_give(&g->gate.pool, c->writing, c->writing_cap);
    c->writing = NULL;
    if (c->closing) return;
    if (status < 0) {
        close_conn(c, QK_CUT_PEER);
        return;
    }
    g->gate.stats.bytes_out += c->writing_len;
    c->stalled_ms = 0;
    flush_conn(c);
    if (!c->closing && !qk_answers_empty(&c->session.answers)) add_pending(c);
    if (c->ended && !c->closing && !is_owed(c)) close_conn(c, QK_CUT_PEER);
}

/* The socket took only a part: the rest is copied aside, so that the queue may move. */
static bool write_rest(qk_conn *c, const char *rest, uint32_t len)
{
    qk_gateway *g = c->gateway;
    c->writing = qk_pool_take(&g->gate.pool, len, &c->writing_cap);
    if (!c->writing) return false;
    memcpy(c->writing, rest, len);
    c->writing_len = len;
    c->write.data = c;
    c->stalled_ms = g->gate.now_ms ? g->gate.now_ms : 1;
    uv_buf_t buf = uv_buf_init(c->writing, len);
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &buf, 1, on_written) == 0) return true;
    qk_pool_give(&g->gate.pool, c->writing, c->writing_cap);
    c->writing = NULL;
    return false;
}

static void flush_conn(qk_conn *c)
{
    qk_gateway *g = c->gateway;
    const char *ripe;
    if (c->closing || c->writing) return;
    uint32_t len = qk_answers_ripe(&c->session.answers, g->durable, &ripe);
    if (len == 0) return;
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)ripe, len);
    int sent = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
    if (sent == UV_EAGAIN) sent = 0;
    if (sent < 0 || ((uint32_t)sent < len && !write_rest(c, ripe + sent, len - (uint32_t)sent))) {
        close_conn(c, QK_CUT_PEER);
        return;
    }
    g->gate.stats.bytes_out += (uint64_t)sent;
    qk_answers_drop(&c->session.answers, &g->gate.pool, len);
    if (c->full) {
        c->full = false;
        resume_conn(c);
    }
    if (c->ended && !c->closing && !is_owed(c)) close_conn(c, QK_CUT_PEER);
}

/* The list stands in the order of the first marks, nearly: a connection whose first stretch has
 * left goes to the end with its next one. So the first that is not ripe ends the walk; at worst an
 * answer behind it leaves with the next sync. */
static void flush_pending(qk_gateway *g)
{
    qk_conn *c;
    while ((c = g->pending) && (c->writing || qk_answers_empty(&c->session.answers) ||
                                c->session.answers.mark[0].pos <= g->durable)) {
        g->pending = c->next_pending;
        if (!g->pending) g->pending_end = &g->pending;
        c->pending = false;
        flush_conn(c);
        if (!c->closing && !c->writing && !qk_answers_empty(&c->session.answers)) add_pending(c);
    }
}

void qk_conns_wake(qk_gateway *g)
{
    set_now(g);
    g->durable = qk_journal_durable(g->journal);
    flush_pending(g);
    if (g->held && !g->stopping && qk_journal_status(g->journal, NULL) == QK_JOURNAL_RUNNING)
        resume_held(g);
}

/* ---- closing ---- */

static void unlink_from(qk_conn **list, const qk_conn *c, size_t link_offset)
{
    while (*list && *list != c) list = (qk_conn **)(void *)((char *)*list + link_offset);
    if (*list) *list = *(qk_conn **)(void *)((char *)*list + link_offset);
}

static void unlink_pending(qk_gateway *g, const qk_conn *c)
{
    qk_conn **at = &g->pending;
    while (*at && *at != c) at = &(*at)->next_pending;
    if (*at) *at = c->next_pending;
    if (g->pending_end == &c->next_pending) g->pending_end = at;
}

static void on_closed(uv_handle_t *handle)
{
    qk_conn *c = handle->data;
    qk_gateway *g = c->gateway;
    if (c->pending) unlink_pending(g, c);
    if (c->quiet) unlink_from(&g->quiet, c, offsetof(qk_conn, next_quiet));
    if (c->held) unlink_from(&g->held_conns, c, offsetof(qk_conn, next_held));
    qk_pool_give(&g->gate.pool, c->writing, c->writing_cap);
    free(c);
}

static void close_conn(qk_conn *c, qk_cut reason)
{
    qk_gateway *g = c->gateway;
    if (c->closing) return;
    c->closing = true;
    c->reading = false;
    qk_session_end(&c->session, reason);
    count_address(g, (qk_str){c->session.address, c->session.address_len}, -1);
    g->gate.stats.connections--;
    if (reason != QK_CUT_PEER && reason != QK_CUT_STOP) {
        g->gate.stats.cut++;
        qk_log_limited(g->log, QK_LOG_WARN, "gateway", (uint64_t)reason,
                       "connection %u from %s cut: %s", c->session.id, c->session.address,
                       qk_cut_name(reason));
    }
    qk_pool_give(&g->gate.pool, c->begun, c->begun_cap);
    c->begun = NULL;
    c->begun_len = c->begun_cap = 0;
    if (c->prev)
        c->prev->next = c->next;
    else
        g->conns = c->next;
    if (c->next) c->next->prev = c->prev;
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void qk_conns_close_all(qk_gateway *g, qk_cut reason)
{
    while (g->conns) close_conn(g->conns, reason);
}

void qk_conns_stop_reading(qk_gateway *g)
{
    for (qk_conn *c = g->conns; c; c = c->next) stop_reading(c);
}

/* ---- limits of time ---- */

static void tick_quiet(qk_gateway *g)
{
    qk_conn *list = g->quiet, *c;
    g->quiet = NULL;
    while ((c = list)) {
        list = c->next_quiet;
        c->quiet = false;
        if (c->closing || c->held || c->full || !c->session.ends_here) continue;
        if (g->gate.now_ms - c->last_ms >= QK_SESSION_QUIET_MS)
            take_bytes(c, g->buffer, begun_to_buffer(c), true);
        else
            note_quiet(c);
    }
}

static qk_cut find_overdue(const qk_conn *c)
{
    const qk_gateway *g = c->gateway;
    int64_t now_ms = g->gate.now_ms;
    if (c->stalled_ms && now_ms - c->stalled_ms > 1000 * (int64_t)g->options.stall_s)
        return QK_CUT_OUTPUT;
    if (c->ended && now_ms - c->last_ms > QK_GATE_LINGER_MS) return QK_CUT_PEER;
    if (c->held || c->full) return QK_CUT_NONE;
    if (c->session.begun_ms &&
        now_ms - c->session.begun_ms > 1000 * (int64_t)g->options.half_frame_s)
        return QK_CUT_HALF_FRAME;
    if (now_ms - c->last_ms > 1000 * (int64_t)g->options.idle_s) return QK_CUT_IDLE;
    return QK_CUT_NONE;
}

void qk_conns_tick(qk_gateway *g)
{
    qk_conn *next;
    set_now(g);
    tick_quiet(g);
    if (g->ticks % (1000 / QK_GATE_TICK_MS) != 0) return;
    for (qk_conn *c = g->conns; c; c = next) {
        next = c->next;
        qk_cut overdue = find_overdue(c);
        if (overdue != QK_CUT_NONE) close_conn(c, overdue);
    }
}

/* ---- accepting ---- */

static void on_refused_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void refuse_conn(qk_conn *c, qk_cut reason)
{
    qk_gateway *g = c->gateway;
    g->gate.stats.cut++;
    qk_log_limited(g->log, QK_LOG_WARN, "gateway", (uint64_t)reason,
                   "connection from %s refused: %s", c->session.address, qk_cut_name(reason));
    uv_close((uv_handle_t *)&c->tcp, on_refused_closed);
}

/* IP as text (an IPv4 peer of a dual socket as plain IPv4) and port of the other end. */
static void read_peer(uv_tcp_t *tcp, char address[48], uint16_t *port)
{
    struct sockaddr_storage peer;
    int len = sizeof peer;
    address[0] = 0;
    *port = 0;
    if (uv_tcp_getpeername(tcp, (struct sockaddr *)&peer, &len) != 0) return;
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer;
        uv_ip4_name(v4, address, 48);
        *port = ntohs(v4->sin_port);
    } else if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            (void)uv_inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], address, 48);
        else
            uv_ip6_name(v6, address, 48);
        *port = ntohs(v6->sin6_port);
    }
}

static void begin_conn(qk_gateway *g, qk_conn *c)
{
    c->last_ms = g->gate.now_ms;
    c->next = g->conns;
    if (g->conns) g->conns->prev = c;
    g->conns = c;
    count_address(g, (qk_str){c->session.address, c->session.address_len}, 1);
    g->gate.stats.connections++;
    g->gate.stats.accepted++;
    (void)uv_tcp_nodelay(&c->tcp, 1);
    (void)uv_tcp_keepalive(&c->tcp, 1, 60);
    resume_conn(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    qk_gateway *g = listener->data;
    char address[48];
    uint16_t port;
    if (status < 0) return;
    set_now(g);
    qk_conn *c = calloc(1, sizeof *c);
    if (!c) return;
    c->gateway = g;
    if (uv_tcp_init(&g->loop, &c->tcp) != 0) {
        free(c);
        return;
    }
    c->tcp.data = c;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
        uv_close((uv_handle_t *)&c->tcp, on_refused_closed);
        return;
    }
    read_peer(&c->tcp, address, &port);
    qk_session_init(&c->session, &g->gate, ++g->next_id, qk_str_of(address), port);
    if (g->gate.stats.connections >= g->options.max_connections)
        refuse_conn(c, QK_CUT_FULL);
    else if (is_address_full(g, qk_str_of(address)))
        refuse_conn(c, QK_CUT_ADDRESS);
    else
        begin_conn(g, c);
}

/* "1.2.3.4:9212" or "[::]:9212". */
static qk_code parse_listen(struct sockaddr_storage *out, const char *text, qk_error *err)
{
    char host[64];
    uint64_t port;
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (!colon || qk_parse_u64(&port, qk_str_of(colon + 1)) != QK_OK || port > 65535 ||
        len >= sizeof host)
        return qk_fail(err, QK_EINVAL, "'%s' is not ADDRESS:PORT", text);
    memcpy(host, v6 ? text + 1 : text, len);
    host[v6 ? len - 2 : len] = 0;
    int bad = v6 ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out)
                 : uv_ip4_addr(len ? host : "0.0.0.0", (int)port, (struct sockaddr_in *)out);
    if (bad) return qk_fail(err, QK_EINVAL, "'%s' is not the address of an interface", text);
    return QK_OK;
}

/* Accepted sockets inherit these. Left to itself the kernel would lend each of thousands of clients
 * that do not read, or are not read, megabytes of its own memory. */
static void bound_kernel_buffers(qk_gateway *g)
{
    int send = QK_GATE_SEND_BUFFER, receive = QK_GATE_RECEIVE_BUFFER;
    if (uv_send_buffer_size((uv_handle_t *)&g->listener, &send) != 0 ||
        uv_recv_buffer_size((uv_handle_t *)&g->listener, &receive) != 0)
        qk_log_print(g->log, QK_LOG_WARN, "gateway", "the sockets' buffers could not be bounded");
}

qk_code qk_conns_listen(qk_gateway *g, qk_error *err)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    QK_TRY(parse_listen(&address, g->options.listen, err));
    int bad = uv_tcp_bind(&g->listener, (struct sockaddr *)&address, 0);
    if (bad == 0) bound_kernel_buffers(g);
    if (bad == 0) bad = uv_listen((uv_stream_t *)&g->listener, 4096, on_connection);
    if (bad == 0) bad = uv_tcp_getsockname(&g->listener, (struct sockaddr *)&address, &len);
    if (bad) {
        qk_fail(err, QK_EIO, "cannot listen for devices on %s: %s", g->options.listen,
                uv_strerror(bad));
        return qk_error_hint(err, "another program may hold the port; choose one with --hj212");
    }
    g->port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                  : ((struct sockaddr_in *)&address)->sin_port);
    return QK_OK;
}
