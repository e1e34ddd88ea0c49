/* SPDX-License-Identifier: Apache-2.0 */
/* The plume of a county: 100 stacks x 400 receptors over invented hours, one thread, in nanoseconds
 * a source, receptor and hour, beside what one exponential and one stream of memory cost here; the
 * table's error against the exact kernel; the product of a scenario. A year is 8,760 such hours. */
#include "base/time.h"
#include "models/dispersion.h"
#include "models/source_matrix.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SOURCES = 100, SIDE = 20, HOURS = 120, YEAR = 8760 };

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

static void make_case(qk_aermod_case *c)
{
    qk_buf b;
    uint64_t seed = 20240601;
    qk_error err = {0};
    qk_buf_init(&b, 1 << 20);
    qk_buf_puts(&b, "CO STARTING\nMODELOPT CONC FLAT\nAVERTIME 1 PERIOD\nRUNORNOT RUN\n"
                    "CO FINISHED\nSO STARTING\n");
    for (int i = 0; i < SOURCES; i++) {
        double h = exp(uniform(&seed, log(15), log(150)));
        qk_buf_printf(&b, "LOCATION P%d POINT %.1f %.1f\nSRCPARAM P%d 2 %.2f %.1f %.2f %.2f\n", i,
                      uniform(&seed, 1000, 19000), uniform(&seed, 1000, 19000), i, h,
                      uniform(&seed, 330, 450), uniform(&seed, 5, 20),
                      0.3 + h / 50 * uniform(&seed, 0.7, 1.3));
    }
    qk_buf_puts(&b, "SRCGROUP ALL\nSO FINISHED\nRE STARTING\nGRIDCART G STA\n"
                    "GRIDCART G XYINC 500 20 1000 500 20 1000\nGRIDCART G END\nRE FINISHED\n"
                    "ME STARTING\nSURFFILE a\nPROFFILE b\nME FINISHED\nOU STARTING\nOU FINISHED\n");
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

static double run(qk_dispersion *d, const qk_aermod_case *c, double *mean, int hours)
{
    qk_dispersion_work *w = qk_dispersion_work_new(d);
    qk_aermod_emission e[SOURCES];
    static double one[SIDE * SIDE];
    uint64_t seed = 5;
    double from = cpu_s();
    if (!w) exit(1);
    for (int s = 0; s < SOURCES; s++)
        e[s] = (qk_aermod_emission){2, c->source[s].temperature_k, c->source[s].velocity_m_s};
    for (int r = 0; r < SIDE * SIDE; r++) mean[r] = 0;
    for (int i = 0; i < hours; i++) {
        qk_plume_hour h = make_hour(i, &seed);
        if (qk_dispersion_hour(w, &h, e, one) != QK_PLUME_HOUR_VALID) continue;
        for (int r = 0; r < SIDE * SIDE; r++) mean[r] += one[r] / hours;
    }
    qk_dispersion_work_free(w);
    return cpu_s() - from;
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

static void scenario(void)
{
    qk_matrix *m;
    double *out = calloc(10000, sizeof *out), best = 1e9;
    if (!out || qk_matrix_new(&m, 1000, 10000, 1, NULL) != QK_OK) exit(1);
    for (size_t i = 0; i < qk_matrix_values(m); i++) m->value[i] = (float)(i % 97);
    for (int s = 0; s < 1000; s++) m->base_rate[s] = 1;
    for (int k = 0; k < 20; k++) {
        double from = cpu_s();
        qk_matrix_product(out, m, 0, m->base_rate);
        double ms = (cpu_s() - from) * 1e3;
        if (ms < best) best = ms;
    }
    printf("scenario, 1,000 sources x 10,000 receptors: %.1f ms (%.1f GB/s)\n", best, 40 / best);
    free(out);
    qk_matrix_free(m);
}

int main(void)
{
    static qk_aermod_case c;
    static double table[SIDE * SIDE], exact[SIDE * SIDE];
    qk_dispersion *d;
    double best = 1e9, worst = 0;
    make_case(&c);
    if (qk_dispersion_new(&d, &c, NULL) != QK_OK) return 1;
    for (int k = 0; k < 3; k++) best = fmin(best, run(d, &c, table, HOURS));
    qk_dispersion_tabulate(d, false);
    double plain = run(d, &c, exact, HOURS);
    for (int r = 0; r < SIDE * SIDE; r++) worst = fmax(worst, fabs(table[r] / exact[r] - 1));
    double count = (double)HOURS * SOURCES * SIDE * SIDE;
    printf("tabulated %.1f ns, exact %.1f ns a source, receptor and hour; exp %.1f ns\n",
           best / count * 1e9, plain / count * 1e9, exponential_ns());
    printf("100 stacks x 400 receptors x 8,760 h (80 %% of them valid): %.1f s of one core\n",
           best / HOURS * YEAR * 0.8);
    printf("means by table against exact: worst %.1e\n", worst);
    scenario();
    qk_dispersion_free(d);
    qk_aermod_case_clear(&c);
    return 0;
}
