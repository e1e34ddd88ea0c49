/* SPDX-License-Identifier: Apache-2.0 */
/* The plume of a county: 100 stacks x 400 receptors through a year of 8,760 invented hours, on one
 * thread and on two, beside what exponentials and a stream of memory cost here; the tables' error
 * against the exact kernel; the product of a scenario. */
#include "base/time.h"
#include "models/dispersion.h"
#include "models/response.h"
#include "models/source_matrix.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { SOURCES = 100, SIDE = 20, HOURS = 120, YEAR = 8760, RECEPTORS = SIDE * SIDE };

static double wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double uniform(uint64_t *state, double low, double high)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(*state >> 40) / 16777216.0;
}

static qk_code no_files(void *ctx, const char *path, qk_str *text, qk_error *err)
{
    (void)ctx;
    (void)path;
    (void)text;
    return qk_fail(err, QK_ENOTFOUND, "no files");
}

/* Stacks anywhere among side x side receptors, 1 km apart. */
static void make_case(qk_aermod_case *c, int sources, int side)
{
    qk_buf b;
    uint64_t seed = 20240601;
    qk_error err = {0};
    double high = side * 1000.0 - 1000;
    qk_buf_init(&b, 1 << 20);
    qk_buf_puts(&b, "CO STARTING\nMODELOPT CONC FLAT\nAVERTIME 1 PERIOD\nRUNORNOT RUN\n"
                    "CO FINISHED\nSO STARTING\n");
    for (int i = 0; i < sources; i++) {
        double h = exp(uniform(&seed, log(15), log(150)));
        qk_buf_printf(&b, "LOCATION P%d POINT %.1f %.1f\nSRCPARAM P%d 2 %.2f %.1f %.2f %.2f\n", i,
                      uniform(&seed, 1000, high), uniform(&seed, 1000, high), i, h,
                      uniform(&seed, 330, 450), uniform(&seed, 5, 20),
                      0.3 + h / 50 * uniform(&seed, 0.7, 1.3));
    }
    qk_buf_printf(&b,
                  "SRCGROUP ALL\nSO FINISHED\nRE STARTING\nGRIDCART G STA\n"
                  "GRIDCART G XYINC 500 %d 1000 500 %d 1000\nGRIDCART G END\nRE FINISHED\n",
                  side, side);
    qk_buf_puts(&b, "ME STARTING\nSURFFILE a\nPROFFILE b\nME FINISHED\nOU STARTING\nOU FINISHED\n");
    qk_aermod_loader none = {NULL, no_files};
    if (qk_aermod_case_read(c, qk_buf_str(&b), "bench", &none, &err) != QK_OK) {
        fprintf(stderr, "%u: %s\n", err.line, err.message);
        exit(1);
    }
    qk_buf_clear(&b);
}

/* Two in five hours convective, as over a year. */
static qk_plume_hour make_hour(int i, uint64_t *seed)
{
    bool sun = i % 5 < 2;
    double wind = uniform(seed, 1, 8), star = 0.06 * wind + 0.02;
    return (qk_plume_hour){.year = 2025,
                           .month = 1,
                           .day = 1,
                           .hour = 1,
                           .ustar_m_s = star,
                           .wstar_m_s = sun ? uniform(seed, 0.5, 2) : -9,
                           .gradient_above_k_m = sun ? 0.008 : -9,
                           .convective_height_m = sun ? uniform(seed, 200, 1800) : -999,
                           .mechanical_height_m = 2300 * pow(star, 1.5),
                           .obukhov_m = sun ? -uniform(seed, 10, 500) : 400 * pow(star, 1.6),
                           .roughness_m = 0.3,
                           .wind_m_s = wind,
                           .direction_deg = uniform(seed, 1, 360),
                           .wind_height_m = 10,
                           .temperature_k = 285,
                           .temperature_height_m = 2};
}

/* Hours first, first + step, … of a case; every fifth is missing, as about one in five is in the
 * reference's year. */
typedef struct part {
    const qk_dispersion *d;
    const qk_aermod_case *c;
    const qk_plume_hour *hour;
    int first, step, hours;
    double cpu_s, mean[RECEPTORS];
} part;

static void *run_part(void *arg)
{
    part *p = arg;
    qk_dispersion_work *w = qk_dispersion_work_new(p->d);
    qk_aermod_emission e[SOURCES];
    double one[RECEPTORS], from = cpu_s();
    if (!w) exit(1);
    for (int s = 0; s < SOURCES; s++) e[s] = qk_aermod_emission_of(&p->c->source[s], 2);
    for (int r = 0; r < RECEPTORS; r++) p->mean[r] = 0;
    for (int i = p->first; i < p->hours; i += p->step) {
        if (qk_dispersion_hour(w, &p->hour[i], e, one) != QK_PLUME_HOUR_VALID) continue;
        for (int r = 0; r < RECEPTORS; r++) p->mean[r] += one[r] / p->hours;
    }
    qk_dispersion_work_free(w);
    p->cpu_s = cpu_s() - from;
    return NULL;
}

/* Seconds of a run on so many threads: on the wall, and of the processor for the slowest of them,
 * which is what a machine with nothing else to do would take. */
typedef struct spent {
    double wall_s, cpu_s;
} spent;

static spent run_threads(part *p, int threads)
{
    pthread_t other[2];
    double from = wall_s();
    spent out = {0};
    for (int i = 0; i < threads; i++) {
        p[i] = p[0];
        p[i].first = i;
        p[i].step = threads;
        if (i && pthread_create(&other[i], NULL, run_part, &p[i]) != 0) exit(1);
    }
    run_part(&p[0]);
    for (int i = 1; i < threads; i++) pthread_join(other[i], NULL);
    out.wall_s = wall_s() - from;
    for (int i = 0; i < threads; i++) out.cpu_s = fmax(out.cpu_s, p[i].cpu_s);
    return out;
}

/* The least that HOURS hours took, repeated: other jobs of the machine disturb short runs less. */
static spent best_of(const part *model, int times)
{
    static part p[1];
    spent best = {INFINITY, INFINITY};
    for (int k = 0; k < times; k++) {
        p[0] = *model;
        p[0].hours = HOURS;
        spent one = run_threads(p, 1);
        best = one.cpu_s < best.cpu_s ? one : best;
    }
    return best;
}

static double exponential_ns(void)
{
    static double a[4096];
    double best = 1e9, sink = 0;
    for (int i = 0; i < 4096; i++) a[i] = -0.01 * i;
    for (int k = 0; k < 200; k++) {
        double from = cpu_s();
        for (int i = 0; i < 4096; i++) sink += exp(a[i]);
        double ns = (cpu_s() - from) / 4096 * 1e9;
        if (ns < best) best = ns;
    }
    return sink > 0 ? best : 0;
}

/* What one core reads, GB/s: the limit of a product with a matrix. */
static double memory_gb_s(void)
{
    enum { FLOATS = 32 << 20 };
    float *a = malloc(FLOATS * sizeof *a);
    double best = 0;
    if (!a) exit(1);
    for (size_t i = 0; i < FLOATS; i++) a[i] = 1;
    for (int k = 0; k < 5; k++) {
        float sum[16] = {0};
        double from = cpu_s();
        for (size_t i = 0; i < FLOATS; i += 16)
            for (int j = 0; j < 16; j++) sum[j] += a[i + (size_t)j];
        double s = cpu_s() - from;
        if (sum[0] > 0) best = fmax(best, FLOATS * sizeof *a / s / 1e9);
    }
    free(a);
    return best;
}

/* 1,000 measures, three sources each. */
static void scenario(void)
{
    enum { MEASURES = 1000, ROWS = 1000, COLUMNS = 10000 };
    static qk_response_cut cut[3 * MEASURES];
    static double applied[MEASURES], rate[ROWS], out[COLUMNS];
    qk_matrix *m;
    double best = 1e9;
    if (qk_matrix_new(&m, ROWS, COLUMNS, 1, NULL) != QK_OK) exit(1);
    for (size_t i = 0; i < qk_matrix_values(m); i++) m->value[i] = (float)(i % 97);
    for (int s = 0; s < ROWS; s++) m->base_rate[s] = 1;
    for (uint32_t i = 0; i < 3 * MEASURES; i++)
        cut[i] = (qk_response_cut){i / 3, (i * 331) % ROWS, 0.001 * (i % 400)};
    for (int k = 0; k < 20; k++) {
        double from = cpu_s();
        for (int i = 0; i < MEASURES; i++) applied[i] = 0.05 * k;
        memset(out, 0, sizeof out);
        qk_response_rates(rate, m->base_rate, ROWS, cut, 3 * MEASURES, applied);
        qk_matrix_product(out, m, 0, rate);
        best = fmin(best, (cpu_s() - from) * 1e3);
    }
    double read = (double)ROWS * COLUMNS * sizeof(float) / best / 1e6;
    printf("scenario, 1,000 measures on 1,000 sources x 10,000 receptors: %.1f ms (asked 50), "
           "%.1f GB/s of the %.1f that a core reads\n",
           best, read, memory_gb_s());
    qk_matrix_free(m);
}

/* Hour by hour and source by source. */
static void errors_of_tables(qk_dispersion *d, const qk_aermod_case *c, const qk_plume_hour *hour)
{
    static double value[2][HOURS * RECEPTORS];
    qk_dispersion_work *w = qk_dispersion_work_new(d);
    long count = 0, beyond = 0;
    double worst = 0;
    if (!w) exit(1);
    for (int s = 0; s < SOURCES; s += 5) {
        qk_aermod_emission e = qk_aermod_emission_of(&c->source[s], 2);
        double top = 0;
        memset(value, 0, sizeof value);
        for (int k = 0; k < 2; k++) {
            qk_dispersion_tabulate(d, k == 0);
            for (int i = 0; i < HOURS; i++)
                if (qk_dispersion_begin(w, &hour[i]) == QK_PLUME_HOUR_VALID)
                    qk_dispersion_source(w, (size_t)s, &e, value[k] + (size_t)i * RECEPTORS);
        }
        for (int i = 0; i < HOURS * RECEPTORS; i++) top = fmax(top, value[1][i]);
        for (int i = 0; i < HOURS * RECEPTORS; i++) {
            if (value[1][i] < 1e-3 * top) continue;
            double off = fabs(value[0][i] / value[1][i] - 1);
            count++;
            beyond += off > 1e-3;
            worst = fmax(worst, off);
        }
    }
    qk_dispersion_tabulate(d, true);
    qk_dispersion_work_free(w);
    printf("tables against exact, %ld hourly values of single sources: %.3f %% off by more than "
           "1e-3, worst %.1e\n",
           count, 100.0 * (double)beyond / (double)count, worst);
}

/* 1,000 stacks x 10,000 receptors: hours of a year, and the memory that all of it takes. */
static void region(const qk_plume_hour *hour)
{
    enum { STACKS = 1000, WIDE = 100, HOURS_SHORT = 20 };
    static qk_aermod_case c;
    static qk_aermod_emission e[STACKS];
    struct rusage before, after;
    qk_dispersion *d;
    int done = 0;
    getrusage(RUSAGE_SELF, &before);
    make_case(&c, STACKS, WIDE);
    if (qk_dispersion_new(&d, &c, NULL) != QK_OK) exit(1);
    qk_dispersion_work *w = qk_dispersion_work_new(d);
    double *sum = calloc(WIDE * WIDE, sizeof *sum);
    if (!w || !sum) exit(1);
    for (int s = 0; s < STACKS; s++) e[s] = qk_aermod_emission_of(&c.source[s], 2);
    double from = cpu_s();
    for (int i = 0; i < HOURS_SHORT; i++)
        done += qk_dispersion_hour(w, &hour[i], e, sum) == QK_PLUME_HOUR_VALID;
    double s = cpu_s() - from, pairs = (double)done * STACKS * WIDE * WIDE;
    getrusage(RUSAGE_SELF, &after);
    printf("1,000 stacks x 10,000 receptors: %.1f ns a source, receptor and hour, a year (one in "
           "five calm) %.1f min of one processor, %.0f MB\n",
           s / pairs * 1e9, s / done * 0.8 * YEAR / 60,
           (double)(after.ru_maxrss - before.ru_maxrss) / 1024);
    free(sum);
    qk_dispersion_work_free(w);
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
}

static void print_ns(const char *what, spent t, int hours)
{
    printf(
        "%-9s %6.2f s of the processor (%.2f s on the wall), %5.1f ns a source, receptor and hour",
        what, t.cpu_s, t.wall_s, t.cpu_s / ((double)hours * 0.8 * SOURCES * RECEPTORS) * 1e9);
}

int main(void)
{
    static qk_aermod_case c;
    static qk_plume_hour hour[YEAR];
    static part p[2], exact;
    uint64_t seed = 5;
    qk_dispersion *d;
    double worst = 0;
    make_case(&c, SOURCES, SIDE);
    for (int i = 0; i < YEAR; i++) {
        hour[i] = make_hour(i, &seed);
        if (i % 5 == 3) hour[i].wind_m_s = 0;
    }
    if (qk_dispersion_new(&d, &c, NULL) != QK_OK) return 1;
    p[0] = (part){.d = d, .c = &c, .hour = hour, .hours = YEAR};
    spent one = run_threads(p, 1), two = run_threads(p, 2);
    printf("100 stacks x 400 receptors x 8,760 h, one in five calm (reference 262-272 s)\n");
    print_ns("1 thread", one, YEAR);
    double exponential = exponential_ns();
    printf("; one exp() here %.1f ns, 30 of them %.0f ns\n", exponential, 30 * exponential);
    print_ns("2 threads", two, YEAR);
    printf("; %.2f times as fast (%.2f on the wall)\n", one.cpu_s / two.cpu_s,
           one.wall_s / two.wall_s);
    p[0] = (part){.d = d, .c = &c, .hour = hour};
    spent best = best_of(p, 20);
    print_ns("best", best, HOURS);
    printf("; the best of 20 short runs, a year of it %.2f s\n", best.cpu_s / HOURS * YEAR);
    p[0] = exact = (part){.d = d, .c = &c, .hour = hour, .hours = HOURS};
    run_threads(p, 1);
    qk_dispersion_tabulate(d, false);
    spent plain = run_threads(&exact, 1);
    print_ns("evaluated", plain, HOURS);
    qk_dispersion_tabulate(d, true);
    for (int r = 0; r < RECEPTORS; r++) worst = fmax(worst, fabs(p[0].mean[r] / exact.mean[r] - 1));
    printf("; means over all stacks differ by %.1e at most\n", worst);
    errors_of_tables(d, &c, hour);
    region(hour);
    scenario();
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
    return 0;
}
