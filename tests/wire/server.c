/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { STOP_MS = 5000, ARGS_MAX = 24 };

void server_new(server *s)
{
    *s = (server){.out = -1};
    const char *base = getenv("TMPDIR");
    snprintf(s->dir, sizeof s->dir, "%s/qk-wire-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(s->dir));
}

static void remove_tree(const char *dir)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", dir, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

void server_remove(server *s)
{
    server_kill(s);
    remove_tree(s->dir);
}

void server_prepare(const server *s, const char *clock, qk_node_fn *fn, void *context)
{
    qk_node *node;
    qk_error err = {0};
    qk_node_options options = {.data_dir = s->dir, .clock_text = clock};
    if (qk_node_open(&node, &options, &err) != QK_OK) fail_msg("%s", err.message);
    if (qk_node_call(node, fn, context, &err) != QK_OK) fail_msg("%s", err.message);
    qk_node_close(node);
}

static qk_code import_json(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)db;
    return qk_registry_import(qk_node_registry(node), qk_str_of(context), QK_STR("test"), now, err);
}

void server_import(const server *s, const char *clock, const char *json)
{
    server_prepare(s, clock, import_json, (void *)(uintptr_t)json);
}

static void run_child(const server *s, int out, const char *const *args)
{
    const char *program = getenv("QK_PROGRAM");
    const char *argv[ARGS_MAX] = {program,  "serve",       "--data",  s->dir,
                                  "--http", "127.0.0.1:0", "--hj212", "127.0.0.1:0"};
    int n = 8;
    while (args && *args && n < ARGS_MAX - 1) argv[n++] = *args++;
    argv[n] = NULL;
    dup2(out, STDOUT_FILENO);
    char log[96];
    snprintf(log, sizeof log, "%s/log", s->dir);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) dup2(fd, STDERR_FILENO);
    execv(program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void print_log(const server *s)
{
    char path[96], line[512];
    snprintf(path, sizeof path, "%s/log", s->dir);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) fputs(line, stderr);
    if (f) fclose(f);
}

static void read_ports(server *s)
{
    char text[512];
    size_t len = 0;
    int64_t end = qk_monotonic_ms() + LINE_PATIENCE_MS;
    unsigned http, hj212;
    while (qk_monotonic_ms() < end && len < sizeof text - 1) {
        struct pollfd p = {.fd = s->out, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0) continue;
        ssize_t n = read(s->out, text + len, sizeof text - 1 - len);
        if (n <= 0) break;
        len += (size_t)n;
        text[len] = 0;
        const char *page = strstr(text, "page http://127.0.0.1:");
        const char *devices = strstr(text, "devices 127.0.0.1:");
        if (!page || !devices || !strchr(devices, '\n')) continue;
        http = (unsigned)strtoul(page + 22, NULL, 10);
        hj212 = (unsigned)strtoul(devices + 18, NULL, 10);
        s->http = (uint16_t)http;
        s->hj212 = (uint16_t)hj212;
        return;
    }
    print_log(s);
    fail_msg("the server did not become ready");
}

void server_start(server *s, const char *const *args)
{
    int pipes[2];
    assert_non_null(getenv("QK_PROGRAM"));
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) run_child(s, pipes[1], args);
    close(pipes[1]);
    s->out = pipes[0];
    read_ports(s);
}

static int wait_for_end(server *s, int limit_ms)
{
    int status = 0;
    int64_t end = qk_monotonic_ms() + limit_ms;
    while (waitpid(s->pid, &status, WNOHANG) == 0) {
        if (qk_monotonic_ms() > end) return -1;
        struct pollfd p = {.fd = s->out, .events = POLLIN};
        char text[256];
        if (poll(&p, 1, 20) > 0 && read(s->out, text, sizeof text) == 0) poll(NULL, 0, 5);
    }
    s->pid = 0;
    close(s->out);
    s->out = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int server_stop(server *s)
{
    kill(s->pid, SIGTERM);
    int status = wait_for_end(s, STOP_MS);
    if (status < 0) {
        server_kill(s);
        print_log(s);
        fail_msg("the server did not end within %d ms", STOP_MS);
    }
    if (status) print_log(s);
    return status;
}

void server_kill(server *s)
{
    if (!s->pid) return;
    kill(s->pid, SIGKILL);
    (void)wait_for_end(s, 10000);
}

long server_rss(const server *s)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)s->pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmRSS:", 6) == 0) kib = strtol(line + 6, NULL, 10);
    if (f) fclose(f);
    return kib;
}

void server_journal(const server *s, size_t counts[7], size_t *repeats)
{
    char dir[96];
    qk_journal_reader *reader;
    qk_journal_record r;
    qk_code code;
    memset(counts, 0, 7 * sizeof *counts);
    if (repeats) *repeats = 0;
    snprintf(dir, sizeof dir, "%s/journal", s->dir);
    assert_int_equal(qk_journal_reader_open(&reader, dir, 0, NULL), QK_OK);
    while ((code = qk_journal_next(reader, &r, UINT64_MAX, NULL)) == QK_OK) {
        if (r.kind < 7) counts[r.kind]++;
        if (repeats && r.kind == QK_JOURNAL_FRAME && (r.flags & QK_JOURNAL_REPEAT)) ++*repeats;
    }
    assert_int_equal(code, QK_ENOTFOUND);
    qk_journal_reader_close(reader);
}

/* ---- sockets ---- */

static struct sockaddr_in loopback(const char *address, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &a.sin_addr);
    return a;
}

int line_open(uint16_t port, const char *from)
{
    struct sockaddr_in to = loopback("127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (from) {
        struct sockaddr_in own = loopback(from, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    }
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    close(fd);
    return -1;
}

int line_listen_at(uint16_t port)
{
    struct sockaddr_in own = loopback("127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(fd, 64), 0);
    return fd;
}

int line_listen(uint16_t *port)
{
    struct sockaddr_in own;
    socklen_t len = sizeof own;
    int fd = line_listen_at(0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    *port = ntohs(own.sin_port);
    return fd;
}

int line_accept(int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    if (poll(&p, 1, LINE_PATIENCE_MS) <= 0) fail_msg("nobody connected to the platform");
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

void line_send(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return; /* the other end shows in what is read */
        p += n;
        len -= (size_t)n;
    }
}

static int read_some(int fd, char *out, size_t size, int64_t end_ms)
{
    for (;;) {
        int64_t left = end_ms - qk_monotonic_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) == 0) return -1;
        ssize_t n = recv(fd, out, size, 0);
        if (n < 0 && errno == EINTR) continue;
        return n < 0 ? 0 : (int)n;
    }
}

int line_frame(int fd, char *out, size_t size, int limit_ms)
{
    int64_t end = qk_monotonic_ms() + limit_ms;
    size_t have = 0, need = 6;
    while (have < need) {
        assert_true(need < size);
        int n = read_some(fd, out + have, need - have, end);
        if (n <= 0) return n;
        have += (size_t)n;
        if (have == 6) {
            assert_memory_equal(out, "##", 2);
            need = 12 + (size_t)strtoul((char[]){out[2], out[3], out[4], out[5], 0}, NULL, 10);
        }
    }
    out[have] = 0;
    return (int)have;
}

bool line_ended(int fd, int limit_ms)
{
    char text[4096];
    int64_t end = qk_monotonic_ms() + limit_ms;
    for (int n; (n = read_some(fd, text, sizeof text, end)) >= 0;)
        if (n == 0) return true;
    return false;
}
