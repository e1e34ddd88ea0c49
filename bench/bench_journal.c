/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal takes: appends as fast as the disk lets them through, appends at a county's rate
 * with the time until they are durable, and reading it all again. The folder is TMPDIR or /var/tmp.
 */
#include "hj212/frame.h"
#include "store/journal.h"
#include "store/verify.h"
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 640, PACED_PER_S = 5000, PACED_S = 4, VERIFIED = 1000000 };

typedef struct lag {
    int64_t *appended_ns; /* by record */
    double *ms;
    size_t known; /* records whose end was durable */
    size_t size;
} lag;

static void note_durable(void *context, qk_jpos durable)
{
    lag *l = context;
    int64_t now = qk_monotonic_ns();
    size_t upto = (size_t)(durable / (FRAME + 32));
    for (; l->known < upto && l->known < l->size; l->known++)
        l->ms[l->known] = (double)(now - l->appended_ns[l->known]) / 1e6;
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void nap(int64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

static void die(const qk_error *err)
{
    fprintf(stderr, "bench_journal: %s: %s\n", err->where, err->message);
    exit(1);
}

static void print_stats(qk_journal *j, double seconds)
{
    qk_journal_stats s;
    qk_journal_stats_get(j, &s);
    printf("  groups %llu (%.0f/s), records a group %.1f (most %llu), sync mean %.2f ms, max %.2f "
           "ms\n",
           (unsigned long long)s.groups, (double)s.groups / seconds,
           (double)s.records / (double)s.groups, (unsigned long long)s.largest_group,
           s.sync_ms_mean, s.sync_ms_max);
}

static void run_flat_out(const char *dir, double seconds)
{
    static char frame[FRAME];
    qk_journal *j = NULL;
    qk_error err = {0};
    uint64_t n = 0;
    int64_t busy_ns = 0;
    qk_journal_options options = {.instance_id = "bench"};
    if (qk_journal_open(&j, dir, &options, &err) != QK_OK) die(&err);
    memset(frame, '7', sizeof frame);
    int64_t start = qk_monotonic_ns();
    while (qk_monotonic_ns() - start < (int64_t)(seconds * 1e9)) {
        int64_t before = qk_monotonic_ns();
        int i = 0;
        qk_jpos end;
        qk_code code = QK_OK;
        for (; i < 100 && code == QK_OK; i++)
            code =
                qk_journal_append(j, &end, QK_JOURNAL_FRAME, 0, 1, (qk_time)n, frame, FRAME, &err);
        if (code != QK_OK) i--;
        busy_ns += qk_monotonic_ns() - before;
        n += (uint64_t)i;
        if (code == QK_EFULL)
            nap(200000);
        else if (code != QK_OK)
            die(&err);
    }
    if (qk_journal_sync(j, 60000, &err) != QK_OK) die(&err);
    double took = (double)(qk_monotonic_ns() - start) / 1e9;
    printf("flat out: %.0f appends/s, %.0f MB/s, %.0f ns an append, %.1f bytes on disk a %d-byte "
           "frame\n",
           (double)n / took, (double)n * FRAME / took / 1e6, (double)busy_ns / (double)n,
           (double)qk_journal_durable(j) / (double)n, FRAME);
    print_stats(j, took);
    qk_journal_close(j);
}

static int compare_ms(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_paced(const char *dir)
{
    static char frame[FRAME];
    size_t size = (size_t)PACED_PER_S * PACED_S;
    lag l = {calloc(size, sizeof(int64_t)), calloc(size, sizeof(double)), 0, size};
    qk_journal *j = NULL;
    qk_error err = {0};
    if (!l.appended_ns || !l.ms) exit(1);
    qk_journal_options options = {
        .instance_id = "bench", .on_durable = note_durable, .context = &l};
    if (qk_journal_open(&j, dir, &options, &err) != QK_OK) die(&err);
    int64_t start = qk_monotonic_ns();
    double cpu = cpu_s();
    for (size_t i = 0; i < size; i++) {
        int64_t due = start + (int64_t)i * (1000000000 / PACED_PER_S);
        while (qk_monotonic_ns() < due) nap(20000);
        qk_jpos end;
        l.appended_ns[i] = qk_monotonic_ns();
        if (qk_journal_append(j, &end, QK_JOURNAL_FRAME, 0, 1, 0, frame, FRAME, &err) != QK_OK)
            die(&err);
    }
    if (qk_journal_sync(j, 60000, &err) != QK_OK) die(&err);
    double took = (double)(qk_monotonic_ns() - start) / 1e9;
    cpu = cpu_s() - cpu;
    print_stats(j, took);
    qk_journal_close(j);
    qsort(l.ms, size, sizeof(double), compare_ms);
    printf("paced %d/s: durable after p50 %.2f ms, p99 %.2f ms, max %.2f ms; %.0f %% of a core\n",
           PACED_PER_S, l.ms[size / 2], l.ms[size * 99 / 100], l.ms[size - 1], 100 * cpu / took);
    free(l.appended_ns);
    free(l.ms);
}

static void run_read(const char *dir)
{
    qk_journal_reader *r = NULL;
    qk_journal_record record;
    qk_error err = {0};
    uint64_t n = 0;
    int64_t start = qk_monotonic_ns();
    if (qk_journal_reader_open(&r, dir, 0, &err) != QK_OK) die(&err);
    qk_code code;
    while ((code = qk_journal_next(r, &record, UINT64_MAX, &err)) == QK_OK) n++;
    if (code != QK_ENOTFOUND) die(&err);
    double took = (double)(qk_monotonic_ns() - start) / 1e9;
    printf("reading: %.2f M records/s, %.0f MB/s (page cache)\n", (double)n / took / 1e6,
           (double)qk_journal_reader_pos(r) / took / 1e6);
    qk_journal_reader_close(r);
}

static size_t make_frame(char out[FRAME + 64], int n)
{
    char segment[FRAME];
    int len = snprintf(segment, sizeof segment,
                       "QN=%017d;ST=31;CN=2051;PW=123456;MN=BENCH%07d;Flag=5;CP=&&DataTime=%014d",
                       n, n % 10000, n);
    while (len < FRAME - 60)
        len += snprintf(segment + len, sizeof segment - (size_t)len,
                        ";a%05d-Avg=%d.25,a%05d-Flag=N", len, n % 1000, len);
    len += snprintf(segment + len, sizeof segment - (size_t)len, "&&");
    return (size_t)snprintf(out, FRAME + 64, "##%04d%s%04X\r\n", len, segment,
                            qk_hj212_crc(segment, (size_t)len));
}

static void run_verify(const char *dir)
{
    char journal_dir[400];
    char acks_path[400];
    char frame[FRAME + 64];
    qk_journal *j = NULL;
    qk_error err = {0};
    qk_verify_result result;
    snprintf(journal_dir, sizeof journal_dir, "%s/journal", dir);
    snprintf(acks_path, sizeof acks_path, "%s/acks", dir);
    qk_journal_options options = {.instance_id = "bench"};
    if (qk_journal_open(&j, journal_dir, &options, &err) != QK_OK) die(&err);
    FILE *acks = fopen(acks_path, "we");
    if (!acks) exit(1);
    for (int n = 0; n < VERIFIED; n++) {
        qk_jpos end;
        size_t len = make_frame(frame, n);
        while (qk_journal_append(j, &end, QK_JOURNAL_FRAME, 0, 1, n, frame, len, &err) == QK_EFULL)
            nap(200000);
        fprintf(acks, "BENCH%07d %017d 2051 %014d\n", n % 10000, n, n);
    }
    fclose(acks);
    qk_journal_close(j);
    qk_verify_options check = {.dir = dir, .acks = acks_path};
    int64_t start = qk_monotonic_ns();
    if (qk_verify(&result, &check, &err) != QK_OK) die(&err);
    double took = (double)(qk_monotonic_ns() - start) / 1e9;
    printf("verify: %d frames of %zu bytes with their acknowledgements in %.2f s; %llu stored\n",
           VERIFIED, make_frame(frame, 1), took, (unsigned long long)result.acks.stored);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

int main(void)
{
    char dir[256];
    char sub[300];
    const char *base = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/qk-bench-XXXXXX", base ? base : "/var/tmp");
    if (!mkdtemp(dir)) return 1;
    printf("journal (%s)\n", dir);
    snprintf(sub, sizeof sub, "%s/flat", dir);
    run_flat_out(sub, 3);
    run_read(sub);
    snprintf(sub, sizeof sub, "%s/paced", dir);
    run_paced(sub);
    snprintf(sub, sizeof sub, "%s/verify", dir);
    if (mkdir(sub, 0750) == 0) run_verify(sub);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
