/* SPDX-License-Identifier: Apache-2.0 */
/* The plots of `trace` over eight years of one station's hours, made up the same way each time: CPU
 * milliseconds of the computation alone. Beside them what openair needs for the same series, where
 * R with openair is installed; else the seconds that were once noted for eight real years on the
 * machine of the published numbers, marked as noted. */
#include "models/annulus.h"
#include "models/rose.h"
#include "models/theilsen.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOURS = 65533, YEAR = 8760, REPEATS = 5 };
static qk_time when[HOURS];
static double ws[HOURS], wd[HOURS], value[HOURS];

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static void make_hours(void)
{
    uint64_t seed = 1;
    for (size_t i = 0; i < HOURS; i++) {
        when[i] = 883584000000 + (qk_time)i * QK_HOUR; /* 1998-01-01 */
        ws[i] = floor(10 * -3 * log(1 - uniform(&seed))) / 10;
        wd[i] = 10 * floor(36 * uniform(&seed)) + 10;
        double d = remainder(wd[i] - 230, 360) / 40, s = (ws[i] - 4) / 2;
        value[i] = 20 + 60 * exp(-d * d - s * s) - 8 * log(1 - uniform(&seed));
    }
}

typedef struct job {
    size_t count;
    qk_polar_statistic statistic;
    bool deseason;
} job;

static void run_polar(const job *j)
{
    qk_polar_surface s;
    qk_wind_series in = {j->count, ws, wd, value};
    qk_polar_options o = {.statistic = j->statistic, .percentile = 90};
    if (qk_polar_surface_of(&s, &in, &o, NULL) == QK_OK) qk_polar_surface_clear(&s);
}

static void run_annulus(const job *j)
{
    qk_annulus a;
    qk_wind_series in = {j->count, ws, wd, value};
    if (qk_annulus_of(&a, when, &in, &(qk_annulus_options){0}, NULL) == QK_OK) qk_annulus_clear(&a);
}

static void run_rose(const job *j)
{
    qk_rose r;
    qk_wind_series in = {j->count, ws, wd, value};
    qk_rose_options o = {.percents = 5, .percent = {25, 50, 75, 90, 95}, .cpf = 90};
    if (qk_rose_of(&r, &in, &o, NULL) == QK_OK) qk_rose_clear(&r);
}

static void run_variation(const job *j)
{
    static qk_time_variation v;
    qk_time_variation_of(&v, when, value, j->count);
}

static void run_trend(const job *j)
{
    qk_theilsen t;
    qk_theilsen_options o = {.deseason = j->deseason, .seed = 1};
    qk_month *months;
    size_t count;
    if (qk_months_of(&months, &count, when, value, j->count, 0, NULL) != QK_OK) return;
    if (qk_theilsen_of(&t, months, count, &o, NULL) == QK_OK) qk_theilsen_clear(&t);
    free(months);
}

typedef struct plot {
    const char *name;
    void (*run)(const job *j);
    job job;
    const char *call; /* of openair; d = 8 years, y = one */
    double noted_s;
} plot;

static const plot plots[] = {
    {"polar mean, 8 years",
     run_polar,
     {HOURS, QK_POLAR_MEAN, false},
     "polarPlot(d,pollutant='v',plot=FALSE)",
     0.32},
    {"polar mean, 1 year",
     run_polar,
     {YEAR, QK_POLAR_MEAN, false},
     "polarPlot(y,pollutant='v',plot=FALSE)",
     0.13},
    {"polar cpf 90, 8 years",
     run_polar,
     {HOURS, QK_POLAR_CPF, false},
     "polarPlot(d,pollutant='v',statistic='cpf',percentile=90,plot=FALSE)",
     0.14},
    {"polar nwr, 1 year",
     run_polar,
     {YEAR, QK_POLAR_NWR, false},
     "polarPlot(y,pollutant='v',statistic='nwr',plot=FALSE)",
     2.5},
    {"annulus by hour, 8 years",
     run_annulus,
     {HOURS, QK_POLAR_MEAN, false},
     "polarAnnulus(d,pollutant='v',period='hour',plot=FALSE)",
     0.71},
    {"percentile rose, 8 years",
     run_rose,
     {HOURS, QK_POLAR_MEAN, false},
     "percentileRose(d,pollutant='v',plot=FALSE)",
     0.9},
    {"time variation, 8 years",
     run_variation,
     {HOURS, QK_POLAR_MEAN, false},
     "timeVariation(d,pollutant='v',B=100,plot=FALSE)",
     3.6 / 3},
    {"median slope, 8 years",
     run_trend,
     {HOURS, QK_POLAR_MEAN, false},
     "TheilSen(d,pollutant='v',plot=FALSE,silent=TRUE)",
     0.53},
    {"the same, season off",
     run_trend,
     {HOURS, QK_POLAR_MEAN, true},
     "TheilSen(d,pollutant='v',deseason=TRUE,plot=FALSE,silent=TRUE)",
     0.53},
};
enum { PLOTS = sizeof plots / sizeof *plots };

/* Seconds of each call in one run of R; false when there is no R with openair. */
static bool time_openair(double out[PLOTS])
{
    char name[] = "/tmp/qk-bench-trace-XXXXXX", command[256];
    int fd = mkstemp(name);
    FILE *script = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!script) return false;
    fputs("suppressMessages(library(openair));s<-1;n<-65533;set.seed(1)\n"
          "d<-data.frame(date=as.POSIXct('1998-01-01',tz='GMT')+3600*(0:(n-1)),"
          "ws=floor(10*rexp(n,1/3))/10,wd=10*floor(36*runif(n))+10)\n"
          "d$v<-20+60*exp(-(((d$wd-230+180)%%360-180)/40)^2-((d$ws-4)/2)^2)+rexp(n,1/8)\n"
          "y<-d[1:8760,];pdf(NULL)\n",
          script);
    for (size_t i = 0; i < PLOTS; i++)
        fprintf(script, "cat(system.time(suppressMessages(invisible(%s)))[['elapsed']],'\\n')\n",
                plots[i].call);
    fclose(script);
    snprintf(command, sizeof command, "Rscript '%s' 2>/dev/null", name);
    FILE *r = popen(command, "r"); /* NOLINT(cert-env33-c) */
    size_t n = 0;
    char line[64];
    while (r && n < PLOTS && fgets(line, sizeof line, r)) out[n++] = strtod(line, NULL);
    if (r) pclose(r);
    remove(name);
    return n == PLOTS;
}

int main(void)
{
    double theirs[PLOTS];
    make_hours();
    bool live = time_openair(theirs);
    printf("%-26s %10s %14s %8s\n", "plot", "CPU ms", live ? "openair ms" : "noted ms", "ratio");
    for (size_t i = 0; i < PLOTS; i++) {
        double best = INFINITY, them = 1e3 * (live ? theirs[i] : plots[i].noted_s);
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            double start = cpu_ms();
            plots[i].run(&plots[i].job);
            best = fmin(best, cpu_ms() - start);
        }
        printf("%-26s %10.2f %14.0f %8.1f\n", plots[i].name, best, them, them / best);
    }
    if (!live) puts("openair is not installed: the noted times are of another run and machine");
    return 0;
}
