/* SPDX-License-Identifier: Apache-2.0 */
/* Areas, polygons, circles and lines of the shared cases against the integral itself, taken in many
 * small steps across the wind: how far ours stand from it. The reference's own distance is that of
 * its quadrature, in the sample beside the cases. */
#include "../test.h"

#include "base/file.h"
#include "models/aermod_weather.h"
#include "models/dispersion.h"
#include "models/plume_area.h"
#include <math.h>

enum { STEPS = 2400, HOURS_EVERY = 2, RECEPTORS_MOST = 40, CROSSINGS_MAX = 64 };

#define FOLDER "models/aermod-cases/"

typedef struct shape {
    const char *folder, *runstream, *name;
    const char *sample; /* of the reference's own distance, or NULL */
} shape;

static const shape shapes[] = {
    {"areaflat", "areaflat_hr.inp", "RECT", "RECT"},
    {"areaflat", "areaflat_hr.inp", "POLY", "POLY"},
    {"areaflat", "areaflat_hr.inp", "CIRC", "CIRC"},
    {"linevol", "linevol_hr.inp", "ROAD", "ROAD"},
    {"urban", "urban_hr.inp", "UAR", "UAR"},
    {"epa-official", "allsrcs.inp", "AREA", NULL},
    {"epa-official", "allsrcs.inp", "CIRC", NULL},
    {"epa-official", "allsrcs.inp", "AREAP", NULL},
    {"epa-official", "allsrcs.inp", "LINE1", NULL},
};

static qk_code no_files(void *ctx, const char *path, qk_str *text, qk_error *err)
{
    (void)ctx;
    (void)path;
    (void)text;
    return qk_fail(err, QK_ENOTFOUND, "no files");
}

static int by_number(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    return (a > b) - (a < b);
}

/* Across the wind at u: between the sides, taken in pairs. */
static double across(const double (*p)[2], int count, double u, double sigma)
{
    double at[CROSSINGS_MAX], sum = 0;
    int n = 0;
    for (int i = 0; i < count; i++) {
        const double *a = p[i], *b = p[(i + 1) % count];
        if ((a[0] <= u) != (b[0] <= u) && n < CROSSINGS_MAX)
            at[n++] = a[1] + (b[1] - a[1]) * (u - a[0]) / (b[0] - a[0]);
    }
    qsort(at, (size_t)n, sizeof *at, by_number);
    for (int i = 0; i + 1 < n; i += 2) {
        double low = at[i] / (sigma * M_SQRT2), high = at[i + 1] / (sigma * M_SQRT2);
        /* on one side of the axis the tails tell the difference */
        sum += low > 0    ? 0.5 * (erfc(low) - erfc(high))
               : high < 0 ? 0.5 * (erfc(-high) - erfc(-low))
                          : 0.5 * (erf(high) - erf(low));
    }
    return sum;
}

static double interval(const qk_plume_source *s, const qk_plume_receptor *r, const double (*p)[2],
                       int count, double from, double to, int steps)
{
    double step = (log(to) - log(from)) / steps, sum = 0;
    for (int k = 0; k < steps; k++) {
        double u = exp(log(from) + (k + 0.5) * step);
        qk_plume_slice c;
        qk_plume_slice_at(&c, s, u, r);
        sum += u * step * (c.main + c.aloft) * across(p, count, u, c.sigma_y_m);
    }
    return sum;
}

/* In small steps of the logarithm of the upwind distance, from corner to corner. */
static double by_steps(const qk_plume_source *s, const qk_aermod_source *a,
                       const qk_aermod_receptor *at)
{
    double p[QK_PLUME_VERTICES_MAX][2], corner[QK_PLUME_VERTICES_MAX], sum = 0;
    qk_plume_receptor r = {.height_m = at->flagpole_m, .flagpole_m = at->flagpole_m, .flat = true};
    int n = a->vertex_count;
    for (int i = 0; i < n; i++) {
        double dx = at->x_m - a->vertex[i][0], dy = at->y_m - a->vertex[i][1];
        p[i][0] = -(dx * s->sine + dy * s->cosine);
        p[i][1] = dx * s->cosine - dy * s->sine;
        corner[i] = fmax(p[i][0], 1.01);
    }
    qsort(corner, (size_t)n, sizeof *corner, by_number);
    int steps = STEPS / n < 120 ? 120 : STEPS / n;
    for (int i = 0; i + 1 < n; i++)
        if (corner[i + 1] > corner[i] * (1 + 1e-9))
            sum += interval(s, &r, (const double(*)[2])p, n, corner[i], corner[i + 1], steps);
    return sum;
}

typedef struct distance {
    long count, beyond[2]; /* 1e-3, 2e-2 */
    double worst, top;
} distance;

static void measure(distance *d, double ours, double truth)
{
    if (truth < 1e-3 * d->top) return;
    double off = fabs(ours / truth - 1);
    d->count++;
    d->beyond[0] += off > 1e-3;
    d->beyond[1] += off > 2e-2;
    d->worst = fmax(d->worst, off);
}

static const qk_plume_profile *profile_of(const qk_aermod_case *c, const qk_aermod_source *a,
                                          const qk_plume_hour *h)
{
    static qk_plume_profile rural, city;
    qk_plume_profile_make(&rural, h, c->base_m);
    if (a->city < 0) return &rural;
    qk_plume_profile_urban(&city, &rural, c->city[a->city].population,
                           c->city[a->city].roughness_m);
    return &city;
}

/* One hour, all receptors at first (for the highest), some of them against the steps. */
static void measure_hour(distance *d, qk_dispersion_work *w, const qk_aermod_case *c, size_t source,
                         const qk_plume_hour *h, double *sum)
{
    const qk_aermod_source *a = &c->source[source];
    qk_plume_stack stack = {.kind = a->kind,
                            .base_m = c->base_m,
                            .height_m = a->height_m,
                            .sigma_y_m = a->sigma_y_m,
                            .sigma_z_m = a->sigma_z_m};
    qk_plume_source s;
    qk_aermod_emission e = qk_aermod_emission_of(a, 1);
    if (qk_dispersion_begin(w, h) != QK_PLUME_HOUR_VALID) return;
    memset(sum, 0, c->receptor_count * sizeof *sum);
    qk_dispersion_source(w, source, &e, sum);
    for (size_t i = 0; i < c->receptor_count; i++) d->top = fmax(d->top, sum[i] / c->unit_factor);
    qk_plume_source_make(&s, &stack, profile_of(c, a, h));
    size_t step = c->receptor_count / RECEPTORS_MOST + 1;
    for (size_t i = (size_t)h->hour % step; i < c->receptor_count; i += step)
        measure(d, sum[i] / c->unit_factor, by_steps(&s, a, &c->receptor[i]));
}

static double reference_share(const shape *q)
{
    char path[700], line[200], group[20];
    double theirs, exact;
    long count = 0, beyond = 0;
    snprintf(line, sizeof line, FOLDER "%s/exact_area_sample.csv", q->folder);
    if (!q->sample || !qk_test_shared(path, sizeof path, line)) return NAN;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%15[^,],%*[^,],%*[^,],%*[^,],%lf,%lf", group, &theirs, &exact) != 3 ||
            strcmp(group, q->sample) != 0)
            continue;
        count++;
        beyond += fabs(theirs / exact - 1) > 2e-2;
    }
    if (f) fclose(f);
    return count ? 100.0 * (double)beyond / (double)count : NAN;
}

/* The runstream without the kinds of source that are not offered. */
static qk_code read_case(qk_aermod_case *c, const shape *q)
{
    static const char *const foreign[] = {"OPENPIT", "BLINE",   "BLPINPUT", "STACKDW",  "XBADJ",
                                          "YBADJ",   "RLINE",   "RBARRIER", "RDEPRESS", "BUILD",
                                          " BASE ",  " BASE2 ", " BARR ",   " DEP "};
    char path[700], name[200];
    qk_buf text, kept;
    qk_aermod_loader none = {NULL, no_files};
    snprintf(name, sizeof name, FOLDER "%s/%s", q->folder, q->runstream);
    if (!qk_test_shared(path, sizeof path, name)) return QK_ENOTFOUND;
    qk_buf_init(&text, 8 << 20);
    qk_buf_init(&kept, 8 << 20);
    assert_ok(qk_file_read(&text, path, NULL));
    for (qk_str rest = qk_buf_str(&text); rest.len;) {
        qk_str line = qk_str_cut(&rest, '\n');
        bool drop = false;
        for (size_t k = 0; k < QK_ARRAY_COUNT(foreign); k++)
            drop |= qk_str_find(line, qk_str_of(foreign[k]), 0) != SIZE_MAX;
        if (!drop) qk_buf_printf(&kept, "%.*s\n", QK_STR_ARG(line));
    }
    qk_error err = {0};
    qk_code code = qk_aermod_case_read(c, qk_buf_str(&kept), q->runstream, &none, &err);
    if (code != QK_OK) fail_msg("%s:%u: %s", q->runstream, err.line, err.message);
    qk_buf_clear(&text);
    qk_buf_clear(&kept);
    return code;
}

static size_t source_named(const qk_aermod_case *c, const char *name)
{
    for (size_t i = 0; i < c->source_count; i++)
        if (strcmp(c->source[i].id, name) == 0) return i;
    fail_msg("no source %s", name);
    return 0;
}

static bool measure_shape(const shape *q, qk_str surface, qk_str profile)
{
    static qk_aermod_case c;
    qk_aermod_weather weather;
    qk_plume_hour h;
    qk_dispersion *run;
    distance d = {0};
    if (read_case(&c, q) != QK_OK) return false;
    assert_ok(qk_dispersion_new(&run, &c, NULL));
    qk_dispersion_work *w = qk_dispersion_work_new(run);
    double *sum = calloc(c.receptor_count, sizeof *sum);
    assert_true(w && sum);
    size_t source = source_named(&c, q->name);
    assert_ok(qk_aermod_weather_open(&weather, surface, "s", profile, "p", NULL));
    for (int n = 0; qk_aermod_weather_next(&weather, &h, NULL) == QK_OK; n++)
        if (n % HOURS_EVERY == 0) measure_hour(&d, w, &c, source, &h, sum);
    print_message("%-9s %-6s %5ld values against the integral: ours beyond 1e-3 %.2f %%, 2e-2 "
                  "%.2f %%, worst %.1e; the reference beyond 2e-2 %.2f %% of its sample\n",
                  q->folder, q->name, d.count, 100.0 * (double)d.beyond[0] / (double)d.count,
                  100.0 * (double)d.beyond[1] / (double)d.count, d.worst, reference_share(q));
    assert_true(d.count > 30 && d.beyond[1] == 0 && d.beyond[0] * 100 <= d.count);
    free(sum);
    qk_dispersion_work_free(w);
    qk_dispersion_free(run);
    qk_aermod_case_clear(&c);
    return true;
}

static void test_dispersion__areas_are_the_converged_integral(void **state)
{
    (void)state;
    char path[2][700];
    qk_buf text[2];
    if (!qk_test_shared(path[0], sizeof path[0], FOLDER "stabsweep/sweep.sfc") ||
        !qk_test_shared(path[1], sizeof path[1], FOLDER "stabsweep/sweep.pfl"))
        skip();
    for (int k = 0; k < 2; k++) {
        qk_buf_init(&text[k], 8 << 20);
        assert_ok(qk_file_read(&text[k], path[k], NULL));
    }
    for (size_t i = 0; i < QK_ARRAY_COUNT(shapes); i++)
        assert_true(measure_shape(&shapes[i], qk_buf_str(&text[0]), qk_buf_str(&text[1])));
    for (int k = 0; k < 2; k++) qk_buf_clear(&text[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dispersion__areas_are_the_converged_integral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
