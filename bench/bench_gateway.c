/* SPDX-License-Identifier: Apache-2.0 */
/* Frames a second that are answered after they are safe on the disk, beside the simplest server
 * that answers at all: one thread, epoll, a CRC by table, nothing stored; and beside
 * $QK_SHARED/tools/ackd.c, which is the same by another hand, where it is. All are loaded in turn
 * by the same client in the same run. Other work on the machine still moves the ratio, since ours
 * keeps three threads busy and theirs one; so the processor's time for a frame stands beside it.
 * Then 9,000 connections at 5,000 frames a second. QK_BENCH_SECONDS sets the length of one run (4).
 */
#include "load.h"
#include "server.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
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
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        ref_serve(listener);
    }
    close(listener);
    return pid;
}

static int run_and_wait(const char *const argv[])
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

/* 0 when it is not there or does not build; says so. */
static pid_t start_ackd(const char *dir, uint16_t *port)
{
    char source[512], program[128], number[8];
    const char *shared = getenv("QK_SHARED");
    snprintf(source, sizeof source, "%s/tools/ackd.c", shared ? shared : "../shared");
    snprintf(program, sizeof program, "%s/ackd", dir);
    const char *const build[] = {"cc", "-O2", "-w", "-o", program, source, NULL};
    if (access(source, R_OK) != 0 || run_and_wait(build) != 0) {
        printf("not run, since it is not there or does not build: %s\n\n", source);
        return 0;
    }
    close(line_listen(port));
    snprintf(number, sizeof number, "%u", *port);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        execl(program, program, number, (char *)NULL);
        _exit(127);
    }
    for (int fd = -1; fd < 0 && waitpid(pid, NULL, WNOHANG) == 0;) /* until it listens */
        if ((fd = line_open(*port, NULL)) >= 0) close(fd);
    return pid;
}

/* ---- the processor's time ---- */

typedef struct cpu_time {
    double answering,
        storing; /* seconds: threads that stand between a frame and its answer; rest */
} cpu_time;

static bool is_answering(const char *thread)
{
    return strncmp(thread, "qk-", 3) != 0 || strcmp(thread, "qk-gateway") == 0;
}

static bool read_line(const char *dir, const char *thread, const char *file, char *out, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/%s", dir, thread, file);
    FILE *f = fopen(path, "r");
    bool read = f && fgets(out, (int)size, f);
    if (f) fclose(f);
    if (read) out[strcspn(out, "\n")] = 0;
    return read;
}

static cpu_time read_cpu(pid_t pid)
{
    cpu_time sum = {0};
    char dir[64], name[64], stat[128];
    snprintf(dir, sizeof dir, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(dir);
    for (struct dirent *e; tasks && (e = readdir(tasks));) {
        if (e->d_name[0] == '.' || !read_line(dir, e->d_name, "comm", name, sizeof name) ||
            !read_line(dir, e->d_name, "schedstat", stat, sizeof stat))
            continue;
        *(is_answering(name) ? &sum.answering : &sum.storing) += strtod(stat, NULL) * 1e-9;
    }
    if (tasks) closedir(tasks);
    return sum;
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

typedef struct peer {
    const char *name;
    pid_t pid; /* 0 = it is not run */
    uint16_t port;
} peer;

typedef struct outcome {
    double frames, seconds, p50_ms, p99_ms;
    cpu_time cpu;
} outcome;

static void measure(outcome *out, const peer *p, uint32_t window)
{
    cpu_time before = read_cpu(p->pid);
    load_result r = load_server(p->port, 2000, window, 0, seconds() / 2);
    cpu_time after = read_cpu(p->pid);
    out->frames += (double)r.answered;
    out->seconds += r.seconds;
    out->cpu.answering += after.answering - before.answering;
    out->cpu.storing += after.storing - before.storing;
    out->p50_ms = r.p50_ms;
    out->p99_ms = r.p99_ms;
}

enum { PEERS = 3 };

static void compare_window(const peer peers[PEERS], uint32_t window, const server *s)
{
    outcome all[PEERS] = {0};
    for (int turn = 0; turn < 2; turn++) /* in turn, so that a busy moment meets all */
        for (int i = 0; i < PEERS; i++)
            if (peers[i].pid) measure(&all[i], &peers[i], window);
    double first = all[0].frames / all[0].seconds;
    for (int i = 0; i < PEERS; i++) {
        if (!peers[i].pid) continue;
        const outcome *o = &all[i];
        double rate = o->frames / o->seconds, us = 1e6 / o->frames;
        printf("| %u | %s | %.0f | %.2f | %.1f / %.1f | %.2f | %.2f |", window, peers[i].name, rate,
               rate / first, o->p50_ms, o->p99_ms, o->cpu.answering * us, o->cpu.storing * us);
        printf(i == PEERS - 1 ? " %.0f |\n" : " |\n", (double)server_rss(s) / 1024);
    }
    fflush(stdout);
}

static void compare_windows(const peer peers[PEERS], const server *s)
{
    static const uint32_t windows[] = {1, 2, 4, 8};
    printf("| window | server | frames/s | ratio | p50 / p99, ms | CPU to answer, us a frame | "
           "CPU besides, us a frame | RSS, MiB |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        compare_window(peers, windows[i], s);
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

static void stop_peer(const peer *p)
{
    if (!p->pid) return;
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
}

int main(void)
{
    static const char *const args[] = {"--accept-any", NULL};
    server s;
    peer peers[PEERS] = {{.name = "reference"}, {.name = "ackd"}, {.name = "Qingkong"}};
    signal(SIGPIPE, SIG_IGN);
    printf("## Gateway: 2,000 devices, minute frames of %d bytes, answered after the sync\n\n",
           640);
    fflush(stdout);
    peers[0].pid = start_reference(&peers[0].port);
    server_new(&s);
    peers[1].pid = start_ackd(s.dir, &peers[1].port);
    server_start(&s, args);
    peers[2].pid = s.pid;
    peers[2].port = s.hj212;
    compare_windows(peers, &s);
    stop_peer(&peers[0]);
    stop_peer(&peers[1]);
    server_remove(&s);
    server_new(&s);
    server_start(&s, args);
    hold_many(&s);
    server_remove(&s);
    return 0;
}
