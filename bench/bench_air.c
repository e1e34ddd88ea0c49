/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong air evaluate` over 1,500 stations and a year of hours, 13 million rows of CSV, reading
 * and writing included; beside it, where they are installed, what DuckDB and pandas take for
 * nothing but the daily means of the same file on one core. The file stands in TMPDIR (or
 * /var/tmp) and is made once. Peers: PYTHON (with pandas) and NODE_PATH (with @duckdb/node-api). */
#include "base/time.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATIONS = 1500, HOURS = 365 * 24 };

typedef struct cost {
    double cpu_s, wall_s, rss_mb;
    int status;
} cost;

static void put_rows(FILE *out, bool by_time)
{
    char end[QK_TIME_TEXT];
    qk_time start = 0;
    uint64_t x = 1;
    if (qk_time_parse(&start, QK_STR("2025-01-01")) != QK_OK) exit(1);
    fputs("station,time,SO2,NO2,CO,O3,PM10,PM2.5\n", out);
    for (int64_t i = 0; i < (int64_t)STATIONS * HOURS; i++) {
        int64_t station = by_time ? i % STATIONS : i / HOURS;
        int64_t hour = by_time ? i / STATIONS : i % HOURS;
        x = x * 6364136223846793005u + 1442695040888963407u;
        unsigned a = (unsigned)(x >> 33);
        qk_time_iso(end, start + (hour + 1) * QK_HOUR);
        end[16] = 0;
        fprintf(out, "S%04d,%s,%u,%u,%u.%u,%u,%u,%u\n", (int)station, end, a % 30, a / 7 % 80,
                a / 11 % 2, a / 13 % 10, a / 17 % 200, a / 19 % 180, a / 23 % 120);
    }
}

static void make_file(char *path, size_t size, const char *name, bool by_time)
{
    struct stat st;
    const char *dir = getenv("TMPDIR");
    snprintf(path, size, "%s/%s", dir ? dir : "/var/tmp", name);
    if (stat(path, &st) == 0 && st.st_size > 500000000) return;
    FILE *out = fopen(path, "wb");
    if (!out) {
        perror(path);
        exit(1);
    }
    put_rows(out, by_time);
    if (fclose(out) != 0) exit(1);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Runs a command with its output thrown away. */
static cost run_command(const char *const argv[])
{
    struct rusage used;
    cost c = {0};
    int64_t start = qk_monotonic_ns();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &c.status, 0, &used) < 0) exit(1);
    c.wall_s = (double)(qk_monotonic_ns() - start) / 1e9;
    c.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
    c.rss_mb = (double)used.ru_maxrss / 1024;
    return c;
}

static void tell(const char *what, cost c)
{
    if (c.status != 0) {
        printf("%-44s failed (status %d)\n", what, WEXITSTATUS(c.status));
        return;
    }
    printf("%-44s %7.2f s CPU %7.2f s wall %7.0f MB\n", what, c.cpu_s, c.wall_s, c.rss_mb);
}

static void bench_self(const char *path, const char *what)
{
    const char *program = getenv("QK_PROGRAM");
    const char *argv[] = {
        (program ? program : "build/qingkong"), "air", "evaluate", "--hours", path, NULL};
    tell(what, run_command(argv));
}

static void bench_pandas(const char *path)
{
    const char *python = getenv("PYTHON");
    const char *probe[] = {(python ? python : "python3"), "-c", "import pandas", NULL};
    const char *argv[] = {probe[0], "-c",
                          "import sys,pandas as p;d=p.read_csv(sys.argv[1]);"
                          "d['day']=(p.to_datetime(d.time)-p.Timedelta(hours=1)).dt.date;"
                          "print(len(d.drop(columns='time').groupby(['station','day']).mean()))",
                          path, NULL};
    if (run_command(probe).status != 0) {
        puts("pandas: not installed (PYTHON names an interpreter that has it), passed over");
        return;
    }
    tell("pandas, daily means only", run_command(argv));
}

static void bench_duckdb(const char *path)
{
    const char *probe[] = {"node", "-e", "require('@duckdb/node-api')", NULL};
    const char *argv[] = {
        "node", "-e",
        "const d=require('@duckdb/node-api');(async()=>{const i=await "
        "d.DuckDBInstance.create(':memory:',{threads:'1'});const c=await i.connect();"
        "const r=await c.runAndReadAll(`select station,cast(time - interval 1 hour as "
        "date) as day,avg(SO2),avg(NO2),avg(CO),avg(O3),avg(PM10),avg(\"PM2.5\") from "
        "read_csv('${process.argv[1]}') group by all`);console.log(r.currentRowCount)"
        "})()",
        path, NULL};
    if (run_command(probe).status != 0) {
        puts("DuckDB: not installed (NODE_PATH names a folder with @duckdb/node-api), passed over");
        return;
    }
    tell("DuckDB, daily means only, one thread", run_command(argv));
}

int main(void)
{
    char by_station[512], by_time[512];
    printf("air evaluate, %d stations x %d hours = %.1f million rows\n", STATIONS, HOURS,
           (double)STATIONS * HOURS / 1e6);
    make_file(by_station, sizeof by_station, "qk-bench-air-stations.csv", false);
    make_file(by_time, sizeof by_time, "qk-bench-air-times.csv", true);
    bench_self(by_station, "qingkong, everything, file by station");
    bench_self(by_time, "qingkong, everything, file by time");
    bench_duckdb(by_station);
    bench_pandas(by_station);
    return 0;
}
