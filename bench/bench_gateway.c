/* SPDX-License-Identifier: Apache-2.0 */
/* Frames a second that are answered after they are safe on the disk, beside the simplest server
 * that answers at all: one thread, epoll, a CRC by table, nothing stored. Both are loaded in turn
 * by the same client in the same run, so that the ratio holds on a machine that others use too.
 * Then 9,000 connections at 5,000 frames a second. QK_BENCH_SECONDS sets the length of one run (4).
 */
#include "load.h"
#include "server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* ---- the reference ---- */

enum { REF_INPUT = 16384, REF_OUTPUT = 1 << 16, REF_EVENTS = 256 };

typedef struct client {
    int fd;
    size_t have;
    char in[REF_INPUT];
} client;

static uint16_t crc_table[256];

static void make_table(void)
{
    for (unsigned i = 0; i < 256; i++) {
        unsigned r = i;
        for (int k = 0; k < 8; k++) r = r & 1 ? r >> 1 ^ 0xA001 : r >> 1;
        crc_table[i] = (uint16_t)r;
    }
}

static unsigned table_crc(const char *p, size_t n)
{
    unsigned r = 0xFFFF;
    for (size_t i = 0; i < n; i++) r = crc_table[(r >> 8) ^ (unsigned char)p[i]];
    return r;
}

static bool find_field(const char *segment, size_t len, const char *name, const char **at,
                       size_t *n)
{
    const char *p = memmem(segment, len, name, strlen(name));
    const char *end = p ? memchr(p, ';', len - (size_t)(p - segment)) : NULL;
    if (!end) return false;
    *at = p;
    *n = (size_t)(end - p);
    return *n < 64;
}

/* Appends the 9014 of one segment to out. */
static size_t ref_answer(char *out, const char *segment, size_t len)
{
    const char *qn, *pw, *mn;
    size_t nq, np, nm;
    if (!find_field(segment, len, "QN=", &qn, &nq) || !find_field(segment, len, "PW=", &pw, &np) ||
        !find_field(segment, len, "MN=", &mn, &nm))
        return 0;
    int n = sprintf(out + 6, "%.*s;ST=91;CN=9014;%.*s;%.*s;Flag=4;CP=&&&&", (int)nq, qn, (int)np,
                    pw, (int)nm, mn);
    char head[8];
    snprintf(head, sizeof head, "##%04d", n);
    memcpy(out, head, 6);
    n += sprintf(out + 6 + n, "%04X\r\n", table_crc(out + 6, (size_t)n));
    return (size_t)n + 6;
}

static void ref_read(client *c, int epoll)
{
    static char out[REF_OUTPUT];
    size_t at = 0, len = 0;
    ssize_t n = read(c->fd, c->in + c->have, sizeof c->in - c->have);
    if (n <= 0) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
        close(c->fd);
        free(c);
        return;
    }
    c->have += (size_t)n;
    while (c->have - at >= 12) {
        const char *p = c->in + at;
        size_t size = (size_t)strtoul((char[]){p[2], p[3], p[4], p[5], 0}, NULL, 10);
        if (c->have - at < size + 12) break;
        unsigned crc = (unsigned)strtoul(
            (char[]){p[6 + size], p[7 + size], p[8 + size], p[9 + size], 0}, NULL, 16);
        if (table_crc(p + 6, size) == crc && len + 256 < sizeof out)
            len += ref_answer(out + len, p + 6, size);
        at += size + 12;
    }
    memmove(c->in, c->in + at, c->have - at);
    c->have -= at;
    if (len && write(c->fd, out, len) < 0) return;
}

static void ref_serve(int listener)
{
    struct epoll_event event = {.events = EPOLLIN}, events[REF_EVENTS];
    int epoll = epoll_create1(0), one = 1;
    make_table();
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(epoll, events, REF_EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) {
                ref_read(events[i].data.ptr, epoll);
                continue;
            }
            client *c = calloc(1, sizeof *c);
            c->fd = accept(listener, NULL, NULL);
            (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            event.data.ptr = c;
            epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
        }
    }
}

static pid_t start_reference(uint16_t *port)
{
    int listener = line_listen(port);
    listen(listener, 4096);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        ref_serve(listener);
    }
    close(listener);
    return pid;
}

/* ---- the runs ---- */

static double seconds(void)
{
    const char *text = getenv("QK_BENCH_SECONDS");
    double s = text ? strtod(text, NULL) : 4;
    return s > 0 ? s : 4;
}

static uint32_t first_frame; /* every run sends frames of its own, so that none is a repeat */

static load_result load_server(uint16_t port, uint32_t devices, uint32_t window, double rate,
                               double s)
{
    load_result r;
    load_options o = {.port = port,
                      .devices = devices,
                      .window = window,
                      .seconds = s,
                      .rate = rate,
                      .first = first_frame};
    if (!load_run(&o, &r) || r.broken)
        fprintf(stderr, "the load broke: %u connections\n", r.broken);
    first_frame = r.next;
    return r;
}

static void compare_windows(server *s, uint16_t reference)
{
    static const uint32_t windows[] = {1, 2, 4, 8};
    printf(
        "| window | reference, frames/s | Qingkong, frames/s | ratio | p50 / p99 reference, ms | "
        "p50 / p99 Qingkong, ms | RSS, MiB |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        load_result ref[2], own[2];
        for (int k = 0; k < 2; k++) { /* in turn, so that a busy moment meets both */
            ref[k] = load_server(reference, 2000, windows[i], 0, seconds() / 2);
            own[k] = load_server(s->hj212, 2000, windows[i], 0, seconds() / 2);
        }
        double a = (ref[0].per_second + ref[1].per_second) / 2;
        double b = (own[0].per_second + own[1].per_second) / 2;
        printf("| %u | %.0f | %.0f | %.2f | %.1f / %.1f | %.1f / %.1f | %.0f |\n", windows[i], a, b,
               b / a, ref[1].p50_ms, ref[1].p99_ms, own[1].p50_ms, own[1].p99_ms,
               (double)server_rss(s) / 1024);
        fflush(stdout);
    }
}

static void hold_many(server *s)
{
    struct rlimit limit;
    uint32_t devices = 9000;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < devices + 100)
        devices = (uint32_t)limit.rlim_max - 100;
    load_result r = load_server(s->hj212, devices, 8, 5000, seconds() * 5);
    printf("\n%u connections, 5,000 frames/s offered for %.0f s: %.0f answered/s, %llu missed, p50 "
           "%.1f "
           "ms, p99 %.1f ms, max %.1f ms, RSS %.0f MiB\n",
           devices, r.seconds, r.per_second, (unsigned long long)r.missed, r.p50_ms, r.p99_ms,
           r.max_ms, (double)server_rss(s) / 1024);
}

int main(void)
{
    static const char *const args[] = {"--accept-any", NULL};
    server s;
    uint16_t port;
    signal(SIGPIPE, SIG_IGN);
    pid_t reference = start_reference(&port);
    server_new(&s);
    server_start(&s, args);
    printf("## Gateway: 2,000 devices, minute frames of %d bytes, answered after the sync\n\n",
           640);
    compare_windows(&s, port);
    server_remove(&s);
    kill(reference, SIGKILL);
    waitpid(reference, NULL, 0);
    server_new(&s);
    server_start(&s, args);
    hold_many(&s);
    server_remove(&s);
    return 0;
}
