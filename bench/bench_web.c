/* SPDX-License-Identifier: Apache-2.0 */
/* How fast pages are answered: a year of minutes as a chart, everything at once for a county, small
 * answers one after the other, and two thousand followers of the live feed. */
#include "domain/live.h"
#include "domain/node.h"
#include "web/server.h"
#include <arpa/inet.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MINUTES = 525600, SITES = 300, FACTORS = 8, FOLLOWERS = 2000, EVENTS = 20, SMALL = 20000 };

static char dir[] = "/tmp/qk-bench-web-XXXXXX";
static qk_node *node;
static qk_web *web;
static qk_time start_time;

static void check(qk_code code, const qk_error *err)
{
    char text[700];
    if (code == QK_OK) return;
    qk_error_format(err, text, sizeof text);
    fprintf(stderr, "bench_web: %s\n", text);
    exit(1);
}

/* ---- what is stored ---- */

static qk_code import_county(void *context, qk_node *n, qk_db *db, qk_time now, qk_error *err)
{
    qk_buf text;
    (void)context, (void)db;
    qk_buf_init(&text, 16 << 20);
    qk_buf_puts(&text, "{\"sites\":[");
    for (int i = 0; i < SITES; i++)
        qk_buf_printf(&text, "%s{\"id\":\"s%d\",\"kind\":\"%s\",\"name_zh\":\"站点%d\"}",
                      i ? "," : "", i, i < 30 ? "air_township" : "outlet", i);
    qk_buf_puts(&text, "],\"devices\":[");
    for (int i = 0; i < SITES; i++)
        qk_buf_printf(&text, "%s{\"mn\":\"MN%06d\",\"site\":\"s%d\",\"min_interval_min\":1}",
                      i ? "," : "", i, i);
    qk_buf_puts(&text, "],\"factors\":[");
    for (int i = 0; i < SITES * FACTORS; i++)
        qk_buf_printf(&text, "%s{\"mn\":\"MN%06d\",\"code\":\"a%05d\",\"limit\":50}", i ? "," : "",
                      i / FACTORS, 21001 + i % FACTORS);
    qk_buf_puts(&text, "]}");
    qk_code code =
        qk_registry_import(qk_node_registry(n), qk_buf_str(&text), QK_STR("bench"), now, err);
    qk_buf_clear(&text);
    return code;
}

/* A part of the year, straight into the store: the way of frames is measured elsewhere. */
static qk_code append_minutes(void *context, qk_node *n, qk_db *db, qk_time now, qk_error *err)
{
    const int *from = context;
    qk_telemetry *t = qk_node_telemetry(n);
    qk_stream_id stream;
    qk_column_id column;
    (void)db;
    QK_TRY(qk_telemetry_stream(&stream, t, QK_STR("MN000000"), QK_STREAM_MINUTE, err));
    QK_TRY(qk_telemetry_column(&column, t, stream, QK_STR("a21026"), QK_STR("Avg"), err));
    for (int i = *from; i < *from + 43800; i++) {
        qk_append_result result;
        qk_cell cell = {.column = column,
                        .type = QK_CELL_NUMBER,
                        .number = {1000 + (int64_t)i * 7919 % 3000 + i % 1440, 2}};
        QK_TRY(qk_telemetry_append(t, &result, stream, start_time + (qk_time)i * QK_MINUTE, now,
                                   &cell, 1, NULL, NULL, err));
    }
    return QK_OK;
}

static void fill(void)
{
    qk_error err = {0};
    start_time = qk_floor_minute(qk_clock_now(qk_node_clock(node))) - (qk_time)MINUTES * QK_MINUTE;
    check(qk_node_call(node, import_county, NULL, &err), &err);
    for (int from = 0; from < MINUTES; from += 43800)
        check(qk_node_call(node, append_minutes, &from, &err), &err);
    qk_live *live = qk_node_live(node);
    for (int i = 0; i < SITES; i++) {
        char mn[16];
        snprintf(mn, sizeof mn, "MN%06d", i);
        for (int k = 0; k < FACTORS; k++) {
            char code[8];
            snprintf(code, sizeof code, "a%05d", 21001 + k);
            qk_live_stream *s = qk_live_stream_get(live, qk_str_of(mn), QK_STREAM_MINUTE);
            qk_live_cell cell = {
                qk_live_column(live, s, qk_str_of(code), QK_STR("Avg")), 'N', {k * 100 + i, 1}};
            qk_time now = qk_clock_now(qk_node_clock(node));
            qk_live_row(live, s, now, now, now, &cell, 1, false);
        }
    }
}

/* ---- asking ---- */

static int connect_web(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(qk_web_port(web)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0) exit(1);
    return fd;
}

static void ask_as(int fd, const char *path, const char *headers)
{
    char text[500];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, headers);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n) exit(1);
}

static void ask(int fd, const char *path)
{
    ask_as(fd, path, "");
}

/* Bytes of the body; reads to its end by Content-Length. */
static size_t read_answer(int fd)
{
    static char buffer[1 << 20];
    size_t n = 0, body = 0, head = 0;
    for (;;) {
        ssize_t got =
            recv(fd, buffer + (head ? 0 : n), head ? sizeof buffer : sizeof buffer - n - 1, 0);
        if (got <= 0) exit(1);
        n += (size_t)got;
        if (!head) {
            buffer[n] = 0;
            char *end = strstr(buffer, "\r\n\r\n");
            char *length = strstr(buffer, "Content-Length: ");
            if (!end || !length) continue;
            head = (size_t)(end + 4 - buffer);
            body = strtoul(length + 16, NULL, 10);
        }
        if (n >= head + body) return body;
    }
}

static int compare_ns(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void time_path_as(const char *what, const char *path, const char *headers, int times)
{
    int64_t *ns = calloc((size_t)times, sizeof *ns), first = 0;
    size_t bytes = 0;
    int fd = connect_web();
    for (int i = 0; ns && i < times; i++) {
        int64_t start = qk_monotonic_ns();
        ask_as(fd, path, headers);
        bytes = read_answer(fd);
        ns[i] = qk_monotonic_ns() - start;
        if (i == 0) first = ns[0];
    }
    if (!ns) exit(1);
    qsort(ns, (size_t)times, sizeof *ns, compare_ns);
    printf("%-48s first %8.2f ms, median %8.2f ms, worst %8.2f ms, %zu bytes\n", what,
           (double)first / 1e6, (double)ns[times / 2] / 1e6, (double)ns[times - 1] / 1e6, bytes);
    free(ns);
    close(fd);
}

/* Plain, and as a browser asks for it. */
static void time_path(const char *what, const char *path, int times)
{
    char packed[80];
    snprintf(packed, sizeof packed, "%s, gzip", what);
    time_path_as(what, path, "", times);
    time_path_as(packed, path, "Accept-Encoding: gzip\r\n", times);
}

static void time_small(void)
{
    int fd = connect_web();
    int64_t start = qk_monotonic_ns();
    for (int i = 0; i < SMALL; i++) {
        ask(fd, "/api/v1/demo/clock");
        read_answer(fd);
    }
    double seconds = (double)(qk_monotonic_ns() - start) / 1e9;
    printf("%-44s %8.0f answers/s on one connection\n", "small answers", SMALL / seconds);
    close(fd);
}

/* ---- followers ---- */

static size_t resident_kb(void)
{
    unsigned long pages = 0;
    char text[100] = "";
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fgets(text, sizeof text, f)) pages = strtoul(strchr(text, ' '), NULL, 10);
    if (f) fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* Reads until `want` more bytes-lines with the mark have come over all connections. */
static void gather(int epoll, const char *mark, int want)
{
    struct epoll_event events[256];
    static char part[65536];
    while (want > 0) {
        int n = epoll_wait(epoll, events, 256, 10000);
        if (n <= 0) {
            fprintf(stderr, "bench_web: %d followers heard nothing\n", want);
            exit(1);
        }
        for (int i = 0; i < n; i++) {
            ssize_t got = recv(events[i].data.fd, part, sizeof part - 1, 0);
            if (got <= 0) exit(1);
            part[got] = 0;
            for (char *at = part; (at = strstr(at, mark)) != NULL; at++) want--;
        }
    }
}

static void time_followers(void)
{
    static int fds[FOLLOWERS];
    char data[200] = "{\"mark\":\"######\",\"text\":\"";
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    memset(data + strlen(data), 'x', 160);
    strcat(data, "\"}");
    size_t before = resident_kb();
    for (int i = 0; i < FOLLOWERS; i++) {
        fds[i] = connect_web();
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fds[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &e);
        ask(fds[i], "/api/v1/live");
    }
    gather(epoll, "event: clock", FOLLOWERS);
    size_t after = resident_kb();
    printf("%-44s %8.1f kB each (both ends in this process)\n", "2,000 followers",
           (double)(after - before) / FOLLOWERS);
    int64_t worst = 0, sum = 0;
    for (int k = 0; k < EVENTS; k++) {
        int64_t start = qk_monotonic_ns();
        qk_live_publish(qk_node_live(node), "event", qk_str_of(data));
        gather(epoll, "######", FOLLOWERS);
        int64_t took = qk_monotonic_ns() - start;
        sum += took;
        if (took > worst) worst = took;
    }
    printf("%-44s mean %8.1f ms, worst %8.1f ms from raising to the last\n",
           "one event to 2,000 followers", (double)sum / EVENTS / 1e6, (double)worst / 1e6);
    for (int i = 0; i < FOLLOWERS; i++) close(fds[i]);
    close(epoll);
}

/* ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

int main(void)
{
    qk_error err = {0};
    struct rlimit files = {20000, 20000};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) perror("setrlimit");
    if (!mkdtemp(dir)) return 1;
    qk_node_options options = {.data_dir = dir, .demo = true};
    qk_web_options web_options = {.listen = "127.0.0.1:0"};
    check(qk_node_open(&node, &options, &err), &err);
    fill();
    check(qk_web_start(&web, node, NULL, &web_options, &err), &err);
    char path[300], from[QK_TIME_TEXT], to[QK_TIME_TEXT];
    snprintf(path, sizeof path,
             "/api/v1/series?mn=MN000000&code=a21026&kind=minute&points=2000&from=%s",
             qk_time_iso(from, start_time));
    time_path("a year of minutes in 2,000 points", path, 20);
    snprintf(path, sizeof path,
             "/api/v1/series?mn=MN000000&code=a21026&kind=minute&points=2000&from=%s&to=%s",
             qk_time_iso(from, start_time + 200 * QK_DAY),
             qk_time_iso(to, start_time + 201 * QK_DAY));
    time_path("a day of minutes, every row", path, 20);
    snprintf(path, sizeof path,
             "/api/v1/series?mn=MN000000&code=a21026&kind=minute&points=2000&from=%s&known_at=%s",
             qk_time_iso(from, start_time),
             qk_time_iso(to, start_time + (MINUTES + 60) * QK_MINUTE));
    time_path("a year of minutes as known at its end", path, 20);
    time_path("the latest of 300 sites, 2,400 values", "/api/v1/latest", 20);
    time_path("the same, one factor", "/api/v1/latest?factors=a21003&fields=Avg", 20);
    time_path("the sites with their factors", "/api/v1/sites?limit=10000", 20);
    time_path("24 hours of 30 stations", "/api/v1/strip", 20);
    time_small();
    time_followers();
    qk_web_stop(web);
    qk_node_close(node);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
