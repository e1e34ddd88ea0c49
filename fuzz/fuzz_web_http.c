/* SPDX-License-Identifier: Apache-2.0 */
/* Raw bytes on a connection to a running server: whatever comes, it answers in the form of HTTP or
 * hangs up, never answers more often than it was asked, and is still there afterwards. */
#include "base/time.h"
#include "domain/node.h"
#include "fuzz.h"
#include "web/server.h"
#include <arpa/inet.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static char dir[512];
static qk_node *node;
static qk_web *web;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void stop(void)
{
    qk_web_stop(web);
    qk_node_close(node);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void start(void)
{
    const char *base = getenv("TMPDIR"); /* in memory, where it can be: the start syncs often */
    int n = snprintf(dir, sizeof dir, "%s/qk-fuzz-http-XXXXXX", base ? base : "/tmp");
    FUZZ_CHECK(n > 0 && (size_t)n < sizeof dir && mkdtemp(dir));
    qk_node_options options = {
        .data_dir = dir, .demo = true, .clock_text = "2026-11-22T10:00:00x0"};
    qk_web_options web_options = {.listen = "127.0.0.1:0", .request_s = 2};
    FUZZ_CHECK(qk_node_open(&node, &options, NULL) == QK_OK);
    FUZZ_CHECK(qk_web_start(&web, node, NULL, &web_options, NULL) == QK_OK);
    atexit(stop);
}

static int connect_web(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(qk_web_port(web)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FUZZ_CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

static void send_all(int fd, const void *bytes, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t n = send(fd, (const char *)bytes + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += (size_t)n;
    }
}

/* Sends all and then what is no request in any state, so that the server ends the connection: a
 * begun head is closed by it, the largest body that any route takes is filled up. The live feed has
 * no end: what came of it by then is enough. */
static void exchange(const void *bytes, size_t size, qk_buf *got)
{
    static char rubbish[4096];
    for (size_t i = 0; i < sizeof rubbish; i++) rubbish[i] = "\1\r\n\r\n"[i % 5];
    int fd = connect_web();
    send_all(fd, bytes, size);
    send_all(fd, rubbish, sizeof rubbish);
    for (;;) {
        char part[65536];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (got->len && qk_str_find(qk_buf_str(got), QK_STR("text/event-stream"), 0) != SIZE_MAX)
            break;
        if (poll(&p, 1, 20000) != 1) abort();
        ssize_t n = recv(fd, part, sizeof part, 0);
        if (n <= 0) break;
        qk_buf_append(got, part, (size_t)n);
    }
    close(fd);
}

static size_t count(qk_str text, qk_str what)
{
    size_t n = 0;
    for (size_t at = 0; (at = qk_str_find(text, what, at)) != SIZE_MAX; at += what.len) n++;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static unsigned runs;
    qk_buf got;
    if (size == 0 || size > 20000) return 0;
    if (!web) start();
    qk_buf_init(&got, 64 << 20);
    exchange(bytes, size, &got);
    qk_str answer = got.len ? qk_buf_str(&got) : QK_STR("");
    if (answer.len) FUZZ_CHECK(qk_str_starts(answer, QK_STR("HTTP/1.1 ")));
    /* A good answer for each request line at most. */
    FUZZ_CHECK(count(answer, QK_STR("HTTP/1.1 200 OK\r\n")) <=
               count((qk_str){(const char *)bytes, size}, QK_STR("HTTP/1.")));
    if (runs++ % 64 == 0) {
        static const char health[] = "GET /api/v1/health HTTP/1.1\r\nHost: a\r\n\r\n";
        qk_buf_reset(&got);
        exchange(health, sizeof health - 1, &got);
        FUZZ_CHECK(qk_str_starts(qk_buf_str(&got), QK_STR("HTTP/1.1 200 OK\r\n")));
    }
    qk_buf_clear(&got);
    return 0;
}
