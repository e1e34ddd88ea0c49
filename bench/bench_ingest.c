/* SPDX-License-Identifier: Apache-2.0 */
/* What the store thread takes in: a journal of minute frames (640 bytes, 32 cells, as load212 sends
 * them) is written first, then an instance is opened on it and timed until it has caught up.
 *
 *   bench_ingest [FRAMES] [DEVICES] */
#include "domain/node.h"
#include "hj212/hj212.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what, const qk_error *err)
{
    fprintf(stderr, "bench_ingest: %s: %s\n", what, err->message);
    exit(1);
}

static size_t make_frame(char *out, size_t size, int device, int minute, double *value)
{
    static const char *const factor[8] = {"a21026", "a21002", "a34013", "a19001",
                                          "a01011", "a01012", "a01014", "a00000"};
    char segment[1200], stamp[QK_TIME_TEXT];
    qk_time_compact14(stamp, 1735660800000 + (qk_time)minute * QK_MINUTE);
    int n = snprintf(segment, sizeof segment,
                     "QN=%s123;ST=31;CN=2051;PW=123456;MN=ABCD%020d;Flag=5;CP=&&DataTime=%s", stamp,
                     device, stamp);
    for (int i = 0; i < 8; i++) {
        value[i] += (double)(rand() % 21 - 10) / 10;
        if (value[i] < 1) value[i] = 1;
        n += snprintf(segment + n, sizeof segment - (size_t)n,
                      ";%s-Avg=%.1f,%s-Min=%.1f,%s-Max=%.1f,%s-Flag=N", factor[i], value[i],
                      factor[i], value[i] * 0.9, factor[i], value[i] * 1.1, factor[i]);
    }
    n += snprintf(segment + n, sizeof segment - (size_t)n, "&&");
    return (size_t)snprintf(out, size, "##%04d%s%04X\r\n", n, segment,
                            qk_hj212_crc(segment, (size_t)n));
}

static void write_journal(const char *dir, int frames, int devices)
{
    qk_journal *j = NULL;
    qk_error err = {0};
    qk_journal_options o = {.instance_id = "bench"};
    double(*values)[8] = calloc((size_t)devices, sizeof *values);
    for (int d = 0; d < devices; d++)
        for (int i = 0; i < 8; i++) values[d][i] = 20 + i;
    if (qk_journal_open(&j, dir, &o, &err)) die("journal", &err);
    for (int i = 0; i < frames; i++) {
        char frame[1300];
        qk_jpos end;
        size_t len = make_frame(frame, sizeof frame, i % devices, i / devices, values[i % devices]);
        qk_time at = 1735660800000 + (qk_time)(i / devices + 1) * QK_MINUTE;
        qk_code code;
        while ((code = qk_journal_append(j, &end, QK_JOURNAL_FRAME, QK_JOURNAL_UNAPPROVED, 1, at,
                                         frame, len, &err)) == QK_EFULL)
            usleep(1000);
        if (code) die("append", &err);
    }
    qk_journal_close(j);
    free(values);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    int frames = argc > 1 ? atoi(argv[1]) : 1000000, devices = argc > 2 ? atoi(argv[2]) : 1000;
    char dir[256], path[300];
    snprintf(dir, sizeof dir, "%s/qk_ingest_XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp");
    if (!mkdtemp(dir)) return 1;
    snprintf(path, sizeof path, "%s/journal", dir);
    write_journal(path, frames, devices);
    qk_node *node = NULL;
    qk_error err = {0};
    qk_node_health h;
    qk_node_options o = {.data_dir = dir, .accept_any = true};
    double cpu = cpu_s();
    int64_t began = qk_monotonic_ns();
    if (qk_node_open(&node, &o, &err)) die("node", &err);
    do {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        qk_node_health_get(node, &h);
    } while (h.processed < h.durable && h.store_state == QK_OK);
    double s = (double)(qk_monotonic_ns() - began) / 1e9;
    cpu = cpu_s() - cpu;
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("%d frames of %d devices in %.2f s: %.0f frames/s, %.2f us a frame (%.2f of processor "
           "time), %.1f%% by a kept "
           "layout, commit %.1f ms (%llu), rss %.0f MiB\n",
           frames, devices, s, frames / s, s / frames * 1e6, cpu / frames * 1e6,
           100.0 * (double)h.short_way / (double)h.frames, h.commit_ms_mean,
           (unsigned long long)h.commits, (double)u.ru_maxrss / 1024);
    began = qk_monotonic_ns();
    qk_node_close(node);
    printf("closing: %.2f s\n", (double)(qk_monotonic_ns() - began) / 1e9);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
