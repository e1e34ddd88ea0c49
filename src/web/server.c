/* SPDX-License-Identifier: Apache-2.0 */
#include "web/health.h"
#include "web/openapi.h"
#include "web/setup.h"
#include "web/server_private.h"
#include "base/file.h"
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    READ_QUEUE = 256,
    CHANGE_QUEUE = 64,
    TICK_MS = 500,
    COUNT_MS = 2000,
    PROBE_MS = 2000,
    STOP_MS = 3000,
    BACKLOG = 1024
};

/* ---- the keeper: pumps the feed, cuts the late ---- */

static void on_publish(void *context)
{
    qk_web *web = context;
    pthread_mutex_lock(&web->lock);
    web->news = true;
    pthread_cond_signal(&web->wake);
    pthread_mutex_unlock(&web->lock);
}

/* Thousands of followers are woken at most a few times a second: the more there are, the longer
 * news is gathered. */
static uint32_t gather_ms(qk_web *web)
{
    qk_followers_stats stats;
    qk_followers_stats_get(web->context.followers, &stats);
    return 40 + stats.now / 20;
}

static void wait_ms(qk_web *web, uint32_t ms, bool for_news)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int failed = 0;
    pthread_mutex_lock(&web->lock);
    while (!web->ending && !(for_news && web->news) && !failed)
        failed = pthread_cond_timedwait(&web->wake, &web->lock, &until);
    web->news = false;
    pthread_mutex_unlock(&web->lock);
}

static bool is_ending(qk_web *web)
{
    pthread_mutex_lock(&web->lock);
    bool ending = web->ending;
    pthread_mutex_unlock(&web->lock);
    return ending;
}

static void *run_keeper(void *argument)
{
    qk_web *web = argument;
    qk_health_watch health = {0};
    pthread_setname_np(pthread_self(), "qk-web-keeper");
    for (int64_t counted_ms = 0; !is_ending(web);) {
        if (qk_monotonic_ms() - counted_ms >= COUNT_MS) {
            qk_context_count(&web->context);
            counted_ms = qk_monotonic_ms();
        }
        qk_health_look(&health, &web->context);
        wait_ms(web, TICK_MS, true);
        wait_ms(web, gather_ms(web), false);
        qk_sessions_tell(&web->context);
        qk_followers_pump(web->context.followers, qk_monotonic_ms());
        uint32_t cut = qk_links_cut(web->links, qk_monotonic_ms());
        web->context.counts.cut += cut;
        if (cut)
            qk_log_limited(web->context.log, QK_LOG_INFO, "web", 1, "cut %u slow connections", cut);
    }
    return NULL;
}

static void suspend_connection(void *connection)
{
    MHD_suspend_connection(connection);
}
static void resume_connection(void *connection)
{
    MHD_resume_connection(connection);
}

/* ---- the address ---- */

static qk_code split_address(const char *listen, char host[256], char port[8], qk_error *err)
{
    qk_str text = qk_str_of(listen);
    const char *colon = strrchr(listen, ':');
    size_t host_len = colon ? (size_t)(colon - listen) : 0;
    int64_t number = -1;
    if (colon && qk_parse_i64(&number, qk_str_of(colon + 1)) != QK_OK) number = -1;
    if (number < 0 || number > 65535 || host_len == 0 || host_len > 255) {
        qk_fail(err, QK_EINVAL, "'%s' is not ADDR:PORT", listen);
        return qk_error_hint(err, "as in 127.0.0.1:8080 or [::1]:8080");
    }
    qk_str name = {text.ptr, host_len};
    if (name.ptr[0] == '[' && name.ptr[host_len - 1] == ']')
        name = (qk_str){text.ptr + 1, host_len - 2};
    qk_str_copy(host, 256, name);
    qk_str_copy(port, 8, qk_str_of(colon + 1));
    return QK_OK;
}

static qk_code resolve(struct addrinfo **out, const char *listen, qk_error *err)
{
    char host[256], port[8];
    QK_TRY(split_address(listen, host, port, err));
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int failed = getaddrinfo(host, port, &hints, out);
    if (failed) return qk_fail(err, QK_EINVAL, "'%s': %s", listen, gai_strerror(failed));
    return QK_OK;
}

/* ---- starting ---- */

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

static void take_options(qk_web *web, const qk_web_options *given)
{
    if (given) web->options = *given;
    qk_web_options *o = &web->options;
    if (!o->listen) o->listen = "127.0.0.1:8080";
    o->max_connections = or_default(o->max_connections, 4096);
    o->max_followers = or_default(o->max_followers, 3000);
    o->max_per_address = or_default(o->max_per_address, 256);
    o->request_s = or_default(o->request_s, 15);
    o->workers = or_default(o->workers, 2);
    o->key_failures = or_default(o->key_failures, 10);
}

/* Without memory for it the document is sent plain. */
static void pack_openapi(qk_context *c)
{
    qk_buf packed;
    qk_buf_init(&packed, c->openapi_len);
    if (qk_gzip_all(&packed, (qk_str){c->openapi, c->openapi_len}) == QK_OK)
        c->openapi_gz = qk_buf_take(&packed, &c->openapi_gz_len);
    qk_buf_clear(&packed);
}

static qk_code open_sessions(qk_web *web, qk_error *err)
{
    qk_context *c = &web->context;
    qk_db *db = NULL;
    c->wall = web->options.wall;
    c->wall_borrowed = c->wall != NULL;
    c->cost = web->options.cost;
    if (!c->wall && qk_clock_new_real(&c->wall) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for a clock");
    if (qk_map_new(&c->unknown, QK_UNKNOWN_NAMES) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory for sessions");
    QK_TRY(qk_db_open_readonly(&db, c->db_path, err));
    qk_code code = qk_sessions_new(&c->sessions, db, qk_context_wall(c), err);
    qk_db_close(db);
    return code == QK_OK ? qk_setup_open(c, err) : code;
}

static qk_code open_context(qk_web *web, qk_node *node, qk_gateway *gateway, qk_error *err)
{
    qk_context *c = &web->context;
    c->node = node;
    c->gateway = gateway;
    c->log = qk_node_log(node);
    const char *dir = qk_node_dir(node);
    qk_kept_init(&c->latest);
    qk_kept_init(&c->studies);
    qk_str_copy(c->db_path, sizeof c->db_path, qk_str_of(qk_node_db_path(node)));
    QK_TRY(qk_path_join(c->journal_dir, sizeof c->journal_dir, dir, "journal"));
    QK_TRY(qk_auth_open(&c->auth, dir, web->options.key_failures, err));
    QK_TRY(qk_runs_new(&c->runs, node, err));
    QK_TRY(open_sessions(web, err));
    c->start = randombytes_random();
    QK_TRY(qk_openapi_write(&c->openapi, &c->openapi_len, err));
    pack_openapi(c);
    QK_TRY(qk_airshed_new(&c->airshed, node, err));
    QK_TRY(qk_frame_index_new(&c->frames, qk_node_journal(node), c->journal_dir, err));
    qk_followers_options followers = {.live = qk_node_live(node),
                                      .max = web->options.max_followers,
                                      .start = c->start,
                                      .registry = qk_node_registry(node),
                                      .suspend = suspend_connection,
                                      .resume = resume_connection};
    qk_code code = qk_followers_new(&c->followers, &followers);
    if (code == QK_OK) code = qk_links_new(&web->links, web->options.max_per_address);
    return code == QK_OK ? QK_OK : qk_fail(err, code, "no memory for the web server");
}

static qk_code open_workers(qk_web *web, qk_error *err)
{
    qk_workers_options readers = {.name = "qk-web-read",
                                  .threads = web->options.workers,
                                  .queue = READ_QUEUE,
                                  .run = qk_web_run_job,
                                  .tools_new = qk_tools_new,
                                  .tools_free = qk_tools_free,
                                  .context = &web->context};
    qk_workers_options changers = readers;
    changers.name = "qk-web-change";
    changers.threads = 1;
    changers.queue = CHANGE_QUEUE;
    qk_workers_options students = changers;
    students.name = "qk-web-study";
    QK_TRY(qk_workers_new(&web->readers, &readers, err));
    QK_TRY(qk_workers_new(&web->students, &students, err));
    return qk_workers_new(&web->changers, &changers, err);
}

static qk_code start_daemon(qk_web *web, qk_error *err)
{
    struct addrinfo *address = NULL;
    QK_TRY(resolve(&address, web->options.listen, err));
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    if (address->ai_family == AF_INET6) flags |= MHD_USE_IPv6;
    errno = 0;
    web->daemon = MHD_start_daemon(
        flags, 0, qk_web_on_accept, web, qk_web_on_request, web, MHD_OPTION_SOCK_ADDR,
        address->ai_addr, MHD_OPTION_URI_LOG_CALLBACK, qk_web_on_target, web,
        MHD_OPTION_NOTIFY_COMPLETED, qk_web_on_completed, web, MHD_OPTION_NOTIFY_CONNECTION,
        qk_web_on_connection, web, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)QK_CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)web->options.max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)QK_SILENCE_S, MHD_OPTION_LISTEN_BACKLOG_SIZE,
        (unsigned)BACKLOG, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    int failed = errno;
    freeaddrinfo(address);
    if (!web->daemon) {
        qk_fail_errno(err, failed ? failed : EADDRINUSE, "cannot serve HTTP on %s",
                      web->options.listen);
        return qk_error_hint(err, "is the port taken? choose another with --http ADDR:PORT");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_BIND_PORT);
    web->port = info ? info->port : 0;
    return QK_OK;
}

/* ---- does the guard see what was sent? ---- */

static int connect_pair(int *client)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int server = -1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener >= 0 && *client >= 0 && bind(listener, (struct sockaddr *)&a, sizeof a) == 0 &&
        listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&a, &len) == 0 &&
        connect(*client, (struct sockaddr *)&a, sizeof a) == 0)
        server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (listener >= 0) close(listener);
    return server;
}

/* Status of the answer to one raw request; 0 when there is none. */
static int ask_status(qk_web *web, qk_str request)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = -1, status = 0;
    int server = connect_pair(&client);
    if (server >= 0 &&
        MHD_add_connection(web->daemon, server, (struct sockaddr *)&a, sizeof a) == MHD_YES &&
        send(client, request.ptr, request.len, MSG_NOSIGNAL) == (ssize_t)request.len) {
        char answer[16] = "";
        struct pollfd p = {.fd = client, .events = POLLIN};
        if (poll(&p, 1, PROBE_MS) == 1 && recv(client, answer, 12, MSG_WAITALL) == 12)
            status = (answer[9] - '0') * 100 + (answer[10] - '0') * 10 + (answer[11] - '0');
    }
    if (client >= 0) close(client);
    return status;
}

static void probe_guard(qk_web *web)
{
#define HEALTH "GET /api/v1/health HTTP/1.1"
    const struct {
        qk_str request;
        int status;
    } probes[] = {
        {QK_STR(HEALTH "\r\nHost: a\r\nA:b\r\nC: \r\nD:\t e \r\n\r\n"), 200},
        {QK_STR(HEALTH "\nHost: a\nA: b\n\n"), 400},
        {QK_STR(HEALTH "\r\nHost: a\nA: b\r\n\r\n"), 400},
        {QK_STR(HEALTH "\r\nHost: a\r\nA: b\r\n c\r\n\r\n"), 400},
        {QK_STR(HEALTH "\r\nHost: a\r\nA: b\0c\r\n\r\n"), 400},
        {QK_STR(HEALTH "\r\nHost: a\rA: b\r\n\r\n"), 400},
    };
#undef HEALTH
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
        if (ask_status(web, probes[i].request) == probes[i].status) continue;
        web->close_always = true;
        qk_log_print(
            web->context.log, QK_LOG_WARN, "web",
            "libmicrohttpd %s keeps heads in another form than 0.9.75: every answer closes "
            "its connection",
            MHD_get_version());
        return;
    }
}

static qk_code start_keeper(qk_web *web, qk_error *err)
{
    int failed = pthread_create(&web->keeper, NULL, run_keeper, web);
    if (failed) return qk_fail_errno(err, failed, "cannot start the keeper of the web server");
    web->keeper_started = true;
    qk_live_on_publish(qk_node_live(web->context.node), on_publish, web);
    return QK_OK;
}

/* For commands that find the folder held: DIR/http.address. A server without it works as well. */
static void tell_address(qk_web *web)
{
    char path[QK_PATH_MAX], text[100];
    qk_error err = {0};
    const char *listen = web->options.listen, *colon = strrchr(listen, ':');
    bool any = qk_str_starts(qk_str_of(listen), QK_STR("0.0.0.0:")) ||
               qk_str_starts(qk_str_of(listen), QK_STR("[::]:"));
    int host = colon ? (int)(colon - listen) : 0;
    int n = any || host > 60
                ? snprintf(text, sizeof text, "127.0.0.1:%u\n", (unsigned)web->port)
                : snprintf(text, sizeof text, "%.*s:%u\n", host, listen, (unsigned)web->port);
    qk_code code = qk_path_join(path, sizeof path, qk_node_dir(web->context.node), "http.address");
    if (!code) code = qk_file_write_atomic(path, text, (size_t)n, 0600, &err);
    if (code) qk_log_print(web->context.log, QK_LOG_WARN, "web", "%s: %s", path, err.message);
}

qk_code qk_web_start(qk_web **out, qk_node *node, qk_gateway *gateway,
                     const qk_web_options *options, qk_error *err)
{
    qk_web *web = calloc(1, sizeof *web);
    if (!web) return qk_fail(err, QK_ENOMEM, "no memory for the web server");
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&web->lock, NULL);
    pthread_cond_init(&web->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    take_options(web, options);
    qk_code code = open_context(web, node, gateway, err);
    if (code == QK_OK) qk_context_count(&web->context);
    if (code == QK_OK) code = open_workers(web, err);
    if (code == QK_OK) code = start_daemon(web, err);
    if (code == QK_OK) code = start_keeper(web, err);
    if (code != QK_OK) {
        qk_web_stop(web);
        return code;
    }
    probe_guard(web);
    tell_address(web);
    *out = web;
    return QK_OK;
}

const char *qk_web_setup_code(const qk_web *web)
{
    return web->context.setup;
}

uint16_t qk_web_port(const qk_web *web)
{
    return web->port;
}

/* ---- stopping ---- */

/* Suspended connections must be awake before the daemon may stop; workers finish what they began.
 */
static void wait_suspended(qk_web *web)
{
    int64_t until = qk_monotonic_ms() + STOP_MS;
    while (web->suspended > 0 && qk_monotonic_ms() < until) poll(NULL, 0, 5);
}

static void stop_keeper(qk_web *web)
{
    if (!web->keeper_started) return;
    qk_live_on_publish(qk_node_live(web->context.node), NULL, NULL);
    pthread_mutex_lock(&web->lock);
    web->ending = true;
    pthread_cond_signal(&web->wake);
    pthread_mutex_unlock(&web->lock);
    pthread_join(web->keeper, NULL);
}

static void close_context(qk_context *c)
{
    qk_airshed_free(c->airshed);
    qk_runs_free(c->runs);
    qk_frame_index_free(c->frames);
    qk_followers_free(c->followers);
    qk_auth_close(c->auth);
    qk_sessions_free(c->sessions);
    if (!c->wall_borrowed) qk_clock_free(c->wall);
    qk_map_free(c->unknown);
    free(c->openapi);
    free(c->openapi_gz);
    qk_kept_clear(&c->latest);
    qk_kept_clear(&c->studies);
}

void qk_web_stop(qk_web *web)
{
    if (!web) return;
    web->stopping = true;
    stop_keeper(web);
    if (web->context.followers) qk_followers_end(web->context.followers);
    wait_suspended(web);
    qk_workers_free(web->readers);
    qk_workers_free(web->students);
    qk_workers_free(web->changers);
    if (web->daemon) MHD_stop_daemon(web->daemon);
    qk_links_free(web->links);
    close_context(&web->context);
    pthread_cond_destroy(&web->wake);
    pthread_mutex_destroy(&web->lock);
    free(web);
}
