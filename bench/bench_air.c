/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong air evaluate` over 1,500 stations and a year of hours, 13 million rows of CSV, reading
 * and writing included; beside it, where they are installed, what DuckDB and pandas take for
 * nothing but the daily means of the same file on one core. And what one late hour costs that comes
 * into a finished year. The file stands in TMPDIR (or
 * /var/tmp) and is made once. Peers: PYTHON (with pandas) and NODE_PATH (with @duckdb/node-api). */
#include "base/time.h"
#include "standards/evaluate.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATIONS = 1500, HOURS = 365 * 24, LATE_HOURS = 400, APRIL = 4, FIRST_OF_APRIL = 90 };

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

/* ---- one late hour ---- */

static unsigned draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*seed >> 33);
}

static void draw_hours(qk_hours *out, uint64_t *seed)
{
    static const unsigned most[QK_POLLUTANTS] = {30, 80, 180, 120, 2, 200};
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < 24; h++) out->micro[p][h] = (int64_t)(draw(seed) % most[p]) * 1000000;
}

static void put_day(qk_year *y, qk_day *day)
{
    qk_aqi aqi;
    qk_day_judge(&aqi, day, qk_aqi_rule_on(day->day));
    if (qk_year_put(y, day) != QK_OK) exit(1);
}

static void sum_up(const qk_year *y)
{
    qk_period month, year;
    qk_year_month(&month, y, APRIL);
    qk_year_total(&year, y);
    if (month.count.valid == 0 || year.count.valid == 0) exit(1);
}

/* The station's day, month and year, then the city's, of which that day is the mean of all. */
static int64_t take_late_hour(qk_year *own, qk_year *city, qk_day *days, qk_hours *hours, int i)
{
    int64_t start = qk_monotonic_ns();
    qk_city_day sums = {0};
    int32_t at = own->first_day + FIRST_OF_APRIL + i % 30;
    qk_day mean = {.day = at};
    hours->micro[QK_PM25][i % 24] += 1000000;
    days[0].day = at;
    qk_day_of(&days[0], hours);
    put_day(own, &days[0]);
    sum_up(own);
    for (int s = 0; s < STATIONS; s++) qk_city_add(&sums, &days[s]);
    qk_city_mean(&mean, &sums, STATIONS);
    put_day(city, &mean);
    sum_up(city);
    return qk_monotonic_ns() - start;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void bench_late_hour(void)
{
    static qk_year own, city;
    static qk_day days[STATIONS];
    int64_t took[LATE_HOURS];
    qk_hours hours;
    uint64_t seed = 1;
    qk_year_init(&own, 2025);
    qk_year_init(&city, 2025);
    for (int32_t d = 0; d < own.days; d++) {
        qk_day day = {.day = own.first_day + d};
        draw_hours(&hours, &seed);
        qk_day_of(&day, &hours);
        put_day(&own, &day);
        put_day(&city, &day);
    }
    for (int s = 0; s < STATIONS; s++) {
        draw_hours(&hours, &seed);
        qk_day_of(&days[s], &hours);
    }
    for (int i = 0; i < LATE_HOURS; i++) took[i] = take_late_hour(&own, &city, days, &hours, i);
    qsort(took, LATE_HOURS, sizeof *took, compare_times);
    printf("%-44s %7.3f ms median %7.3f ms of 95 in 100 (at most 1 ms asked)\n",
           "one late hour, station and city to the year", (double)took[LATE_HOURS / 2] / 1e6,
           (double)took[LATE_HOURS * 95 / 100] / 1e6);
}

int main(void)
{
    char by_station[512], by_time[512];
    printf("air evaluate, %d stations x %d hours = %.1f million rows\n", STATIONS, HOURS,
           (double)STATIONS * HOURS / 1e6);
    make_file(by_station, sizeof by_station, "qk-bench-air-stations.csv", false);
    make_file(by_time, sizeof by_time, "qk-bench-air-times.csv", true);
    bench_late_hour();
    bench_self(by_station, "qingkong, everything, file by station");
    bench_self(by_time, "qingkong, everything, file by time");
    bench_duckdb(by_station);
    bench_pandas(by_station);
    return 0;
}
