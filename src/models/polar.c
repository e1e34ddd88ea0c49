/* SPDX-License-Identifier: Apache-2.0 */
#include "models/polar.h"
#include "models/dense.h"
#include "models/tps.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void qk_sort_doubles(double *values, size_t count)
{
    if (count > 1) qsort(values, count, sizeof *values, compare_doubles);
}

double qk_quantile_sorted(const double *values, size_t count, double percent)
{
    if (count == 0) return NAN;
    double at = percent / 100 * (double)(count - 1);
    size_t low = at > 0 ? (size_t)at : 0;
    if (low + 1 >= count) return values[count - 1];
    return values[low] + (at - (double)low) * (values[low + 1] - values[low]);
}

static void swap_doubles(double *a, double *b)
{
    double swap = *a;
    *a = *b;
    *b = swap;
}

/* Puts the value of rank k in its place, none greater before it, none less behind (Hoare 1961,
 * "Find"; the middle of three as the bound). */
static void select_rank(double *v, size_t count, size_t k)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t mid = low + (high - low) / 2, i = low, j = high;
        if (v[mid] < v[low]) swap_doubles(&v[mid], &v[low]);
        if (v[high] < v[low]) swap_doubles(&v[high], &v[low]);
        if (v[high] < v[mid]) swap_doubles(&v[high], &v[mid]);
        double bound = v[mid];
        while (i <= j) {
            while (v[i] < bound) i++;
            while (bound < v[j]) j--;
            if (i > j) break;
            swap_doubles(&v[i++], &v[j]);
            if (j-- == 0) break;
        }
        if (k <= j && j < high)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

double qk_quantile(double *values, size_t count, double percent)
{
    if (count == 0) return NAN;
    double at = percent / 100 * (double)(count - 1);
    size_t low = at > 0 ? (size_t)at : 0;
    if (low >= count) low = count - 1;
    select_rank(values, count, low);
    if (low + 1 == count) return values[low];
    double next = values[low + 1];
    for (size_t i = low + 2; i < count; i++) next = fmin(next, values[i]);
    return values[low] + (at - (double)low) * (next - values[low]);
}

/* ---- bins ---- */

static double wrap_direction(double wd)
{
    if (wd >= 0 && wd <= 360) return wd;
    wd = fmod(wd, 360);
    return wd < 0 ? wd + 360 : wd;
}

/* ceil of what is small, without a call. */
static long ceil_long(double x)
{
    long whole = (long)x;
    return whole + ((double)whole < x);
}

/* Number of the direction's bin, from 0; north is the first. */
static size_t sector_index(double wd_deg, double width_deg)
{
    long bin = ceil_long(wrap_direction(wd_deg) / width_deg - 0.5);
    return bin <= 0 ? 0 : (size_t)bin - 1;
}

double qk_polar_sector(double wd_deg, double width_deg)
{
    return width_deg * (double)(sector_index(wd_deg, width_deg) + 1);
}

static bool usable(const qk_wind_series *in, size_t i)
{
    return isfinite(in->ws[i]) && in->ws[i] >= 0 && isfinite(in->wd[i]) && isfinite(in->value[i]);
}

static bool is_ten(double wd)
{
    if (fabs(wd) > 1e6) return fmod(wd, 10) == 0;
    return (double)((long)(wd / 10) * 10) == wd;
}

static bool all_tens(const qk_wind_series *in)
{
    for (size_t i = 0; i < in->count; i++)
        if (isfinite(in->wd[i]) && !is_ten(in->wd[i])) return false;
    return true;
}

typedef struct cell {
    uint32_t count, over;
    double mean, m2, most;
    size_t at; /* where its values begin, when they are gathered */
} cell;

typedef struct binning {
    const qk_wind_series *in;
    const qk_polar_options *o;
    qk_polar_bins *out;
    size_t sectors;
    cell *cells;    /* [speeds][sectors] */
    double *values; /* gathered by cell, or NULL */
} binning;

static size_t cell_of(const binning *b, size_t i)
{
    double width = b->out->max_ws / (double)b->out->speeds;
    long s = b->out->max_ws > 0 ? ceil_long(b->in->ws[i] / width) : 1;
    size_t speed = s < 1 ? 0 : (size_t)s - 1;
    if (speed >= b->out->speeds) speed = b->out->speeds - 1;
    size_t d = sector_index(b->in->wd[i], b->out->sector_deg);
    return speed * b->sectors + (d < b->sectors ? d : b->sectors - 1);
}

static bool counts(const binning *b, size_t i)
{
    return usable(b->in, i) && b->in->ws[i] <= b->out->max_ws;
}

static void tally(binning *b)
{
    bool moments =
        b->o->statistic != QK_POLAR_CPF; /* a division an hour, which a share needs not */
    for (size_t i = 0; i < b->in->count; i++) {
        if (!counts(b, i)) {
            b->out->left_out++;
            continue;
        }
        cell *c = &b->cells[cell_of(b, i)];
        double x = b->in->value[i], d = x - c->mean;
        if (c->count == 0 || x > c->most) c->most = x;
        c->count++;
        c->over += x > b->out->threshold;
        if (moments) c->mean += d / c->count;
        if (moments) c->m2 += d * (x - c->mean);
        b->out->calm += b->in->ws[i] == 0;
        b->out->used++;
    }
}

static qk_code gather_values(binning *b, qk_error *err)
{
    size_t at = 0;
    b->values = malloc((b->out->used + 1) * sizeof *b->values);
    if (!b->values) {
        qk_fail(err, QK_ENOMEM, "no memory for %zu values", b->out->used);
        return QK_ENOMEM;
    }
    for (size_t c = 0; c < b->out->speeds * b->sectors; c++) {
        b->cells[c].at = at;
        at += b->cells[c].count;
    }
    for (size_t i = 0; i < b->in->count; i++)
        if (counts(b, i)) b->values[b->cells[cell_of(b, i)].at++] = b->in->value[i];
    for (size_t c = 0; c < b->out->speeds * b->sectors; c++) b->cells[c].at -= b->cells[c].count;
    return QK_OK;
}

static double value_of(const binning *b, const cell *c)
{
    switch (b->o->statistic) {
    case QK_POLAR_MEDIAN: return qk_quantile(b->values + c->at, c->count, 50);
    case QK_POLAR_MAX: return c->most;
    case QK_POLAR_STDEV: return c->count > 1 ? sqrt(c->m2 / (c->count - 1)) : NAN;
    case QK_POLAR_FREQUENCY: return c->count;
    case QK_POLAR_CPF: return (double)c->over / c->count;
    default: return c->mean;
    }
}

static qk_code find_range(binning *b, qk_error *err)
{
    double most = -1;
    size_t n = 0;
    for (size_t i = 0; i < b->in->count; i++)
        if (usable(b->in, i)) {
            most = fmax(most, b->in->ws[i]);
            n++;
        }
    if (n == 0)
        return qk_fail(err, QK_EFORMAT, "no hour has speed, direction and a value together");
    b->out->max_ws = b->o->max_ws > 0 ? b->o->max_ws : most;
    b->out->threshold = INFINITY;
    if (b->o->statistic != QK_POLAR_CPF) return QK_OK;
    double *all = calloc(n, sizeof *all);
    if (!all) return qk_fail(err, QK_ENOMEM, "no memory for %zu values", n);
    n = 0;
    for (size_t i = 0; i < b->in->count; i++)
        if (usable(b->in, i)) all[n++] = b->in->value[i];
    b->out->threshold = qk_quantile(all, n, b->o->percentile);
    free(all);
    return QK_OK;
}

static qk_code take_bins(binning *b, qk_error *err)
{
    size_t cells = b->out->speeds * b->sectors, least = b->o->least ? b->o->least : 1;
    b->out->bin = calloc(cells ? cells : 1, sizeof *b->out->bin);
    if (!b->out->bin) return qk_fail(err, QK_ENOMEM, "no memory for %zu bins", cells);
    for (size_t i = 0; i < cells; i++) {
        const cell *c = &b->cells[i];
        double value = c->count >= least ? value_of(b, c) : NAN;
        if (!isfinite(value)) continue;
        b->out->bin[b->out->count++] =
            (qk_polar_bin){.wd_deg = (double)(i % b->sectors + 1) * b->out->sector_deg,
                           .speed_bin = (int32_t)(i / b->sectors) + 1,
                           .count = c->count,
                           .value = value};
    }
    return QK_OK;
}

static qk_code check_options(const qk_polar_options *o, double sector, qk_error *err)
{
    if (!(sector >= 1 && sector <= 180) || fabs(360 / sector - round(360 / sector)) > 1e-9)
        return qk_fail(err, QK_EINVAL, "a sector of %g degrees does not divide the circle", sector);
    if (!(o->percentile >= 0 && o->percentile <= 100))
        return qk_fail(err, QK_EINVAL, "the percentile is 0 to 100");
    if (o->speeds > 1000 || o->basis > 400)
        return qk_fail(err, QK_EINVAL, "at most 1000 bins of speed and 400 basis functions");
    return QK_OK;
}

qk_code qk_polar_bin_series(qk_polar_bins *out, const qk_wind_series *in,
                            const qk_polar_options *options, qk_error *err)
{
    binning b = {.in = in, .o = options, .out = out};
    double sector = options->sector_deg > 0 ? options->sector_deg : all_tens(in) ? 10 : 5;
    *out = (qk_polar_bins){.sector_deg = sector, .speeds = options->speeds ? options->speeds : 30};
    QK_TRY(check_options(options, sector, err));
    b.sectors = (size_t)lround(360 / sector);
    b.cells = calloc(out->speeds * b.sectors, sizeof *b.cells);
    qk_code code = b.cells ? find_range(&b, err) : qk_fail(err, QK_ENOMEM, "no memory for bins");
    if (code == QK_OK && b.cells) {
        tally(&b);
        if (options->statistic == QK_POLAR_MEDIAN) code = gather_values(&b, err);
    }
    if (code == QK_OK && b.cells) code = take_bins(&b, err);
    free(b.cells);
    free(b.values);
    if (code != QK_OK) qk_polar_bins_clear(out);
    return code;
}

void qk_polar_bins_clear(qk_polar_bins *bins)
{
    free(bins->bin);
    *bins = (qk_polar_bins){0};
}

/* ---- surface ---- */

/* A bin lies at its direction's label and at its speed's place among equally spaced ones from 0 to
 * the greatest, as in the published method. In units of the greatest speed. */
static void place_bins(const qk_polar_bins *bins, double *u, double *v)
{
    for (size_t i = 0; i < bins->count; i++) {
        double r = bins->speeds > 1
                       ? (double)(bins->bin[i].speed_bin - 1) / (double)(bins->speeds - 1)
                       : 1;
        u[i] = r * sin(bins->bin[i].wd_deg * pi / 180);
        v[i] = r * cos(bins->bin[i].wd_deg * pi / 180);
    }
}

static double coarse_at(size_t i)
{
    return -1 + 2 * (double)i / (QK_POLAR_COARSE - 1);
}

/* Bilinear from the coarse grid to the fine one. */
static void refine(double *fine, const double *coarse)
{
    for (size_t i = 0; i < QK_POLAR_SIDE; i++) {
        double y = (double)i * (QK_POLAR_COARSE - 1) / (QK_POLAR_SIDE - 1);
        size_t r = (size_t)y < QK_POLAR_COARSE - 2 ? (size_t)y : QK_POLAR_COARSE - 2;
        for (size_t j = 0; j < QK_POLAR_SIDE; j++) {
            double x = (double)j * (QK_POLAR_COARSE - 1) / (QK_POLAR_SIDE - 1);
            size_t c = (size_t)x < QK_POLAR_COARSE - 2 ? (size_t)x : QK_POLAR_COARSE - 2;
            const double *p = coarse + r * QK_POLAR_COARSE + c;
            double fy = y - (double)r, fx = x - (double)c;
            fine[i * QK_POLAR_SIDE + j] =
                (1 - fy) * ((1 - fx) * p[0] + fx * p[1]) +
                fy * ((1 - fx) * p[QK_POLAR_COARSE] + fx * p[QK_POLAR_COARSE + 1]);
        }
    }
}

/* Marks the fine points within `far` (scaled) of a bin. */
static void mark_near(bool *near, const double *u, const double *v, size_t n, double far)
{
    double step = 2.0 / (QK_POLAR_SIDE - 1);
    for (size_t b = 0; b < n; b++) {
        long lo = lround(ceil((v[b] - far + 1) / step - 1e-9));
        long hi = lround(floor((v[b] + far + 1) / step + 1e-9));
        long left = lround(ceil((u[b] - far + 1) / step - 1e-9));
        long right = lround(floor((u[b] + far + 1) / step + 1e-9));
        for (long i = lo < 0 ? 0 : lo; i <= hi && i < QK_POLAR_SIDE; i++) {
            for (long j = left < 0 ? 0 : left; j <= right && j < QK_POLAR_SIDE; j++) {
                double du = -1 + step * (double)j - u[b], dv = -1 + step * (double)i - v[b];
                if (du * du + dv * dv <= far * far) near[i * QK_POLAR_SIDE + j] = true;
            }
        }
    }
}

/* Coarse points whose value some marked fine point needs. */
static bool coarse_needed(const bool *near, size_t r, size_t c)
{
    const size_t step = (QK_POLAR_SIDE - 1) / (QK_POLAR_COARSE - 1);
    size_t i0 = r * step > step ? (r - 1) * step : 0, j0 = c * step > step ? (c - 1) * step : 0;
    for (size_t i = i0; i <= (r + 1) * step && i < QK_POLAR_SIDE; i++)
        for (size_t j = j0; j <= (c + 1) * step && j < QK_POLAR_SIDE; j++)
            if (near[i * QK_POLAR_SIDE + j]) return true;
    return false;
}

static double bin_weight(uint32_t count)
{
    return count >= 4 ? 1 : count / 4.0;
}

typedef struct drawing {
    qk_polar_surface *s;
    const qk_polar_options *o;
    double *u, *v, *root, *weight; /* of the bins */
    double *coarse;
    bool *near;
} drawing;

static bool new_drawing(drawing *d, size_t bins)
{
    d->u = qk_dense_new(bins);
    d->v = qk_dense_new(bins);
    d->root = qk_dense_new(bins);
    d->weight = qk_dense_new(bins);
    d->coarse = qk_dense_new((size_t)QK_POLAR_COARSE * QK_POLAR_COARSE);
    d->near = calloc((size_t)QK_POLAR_SIDE * QK_POLAR_SIDE, sizeof *d->near);
    d->s->value = qk_dense_new((size_t)QK_POLAR_SIDE * QK_POLAR_SIDE);
    return d->u && d->v && d->root && d->weight && d->coarse && d->near && d->s->value;
}

static void free_drawing(drawing *d)
{
    free(d->u);
    free(d->v);
    free(d->root);
    free(d->weight);
    free(d->coarse);
    free(d->near);
}

/* The square root is smoothed, which keeps the surface from going below 0; of a negative mean the
 * root is taken as 0. */
static qk_code smooth_bins(drawing *d, qk_error *err)
{
    qk_tps t;
    const qk_polar_bins *bins = &d->s->bins;
    for (size_t i = 0; i < bins->count; i++) {
        d->root[i] = bins->bin[i].value > 0 ? sqrt(bins->bin[i].value) : 0;
        d->weight[i] = bin_weight(bins->bin[i].count);
    }
    QK_TRY(qk_tps_fit(&t, d->u, d->v, d->root, d->weight, bins->count,
                      d->o->basis ? d->o->basis : 100, err));
    for (size_t r = 0; r < QK_POLAR_COARSE; r++) {
        for (size_t c = 0; c < QK_POLAR_COARSE; c++) {
            if (!coarse_needed(d->near, r, c)) continue;
            double root = qk_tps_at(&t, coarse_at(c), coarse_at(r));
            d->coarse[r * QK_POLAR_COARSE + c] = root > 0 ? root * root : 0;
        }
    }
    d->s->edf = t.edf;
    qk_tps_clear(&t);
    return QK_OK;
}

static qk_code collect_series(const qk_wind_series *in, double *ws, double *wd, double *value,
                              size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < in->count; i++) {
        if (!usable(in, i)) continue;
        ws[*count] = in->ws[i];
        wd[*count] = wrap_direction(in->wd[i]);
        value[(*count)++] = in->value[i];
    }
    return QK_OK;
}

/* Henry et al.: the mean of all values, weighted by Gaussian kernels of speed and direction. */
static qk_code regress(drawing *d, const qk_wind_series *in, qk_error *err)
{
    size_t padded = qk_dense_pad(in->count), count;
    double *ws = qk_dense_new(padded), *wd = qk_dense_new(padded), *value = qk_dense_new(padded);
    if (!ws || !wd || !value) {
        free(ws);
        free(wd);
        free(value);
        return qk_fail(err, QK_ENOMEM, "no memory for %zu hours", in->count);
    }
    (void)collect_series(in, ws, wd, value, &count);
    for (size_t i = count; i < padded; i++) ws[i] = 1e6; /* too far to count */
    const double root_half = 0.70710678118654752440;
    double a[2] = {root_half / (d->o->ws_spread > 0 ? d->o->ws_spread : 1.5),
                   root_half / (d->o->wd_spread > 0 ? d->o->wd_spread : 5)};
    for (size_t r = 0; r < QK_POLAR_COARSE; r++) {
        for (size_t c = 0; c < QK_POLAR_COARSE; c++) {
            if (!coarse_needed(d->near, r, c)) continue;
            double u = coarse_at(c) * d->s->reach, v = coarse_at(r) * d->s->reach, sums[2];
            double at[2] = {hypot(u, v), wrap_direction(atan2(u, v) * 180 / pi)};
            qk_dense_pick()->kernel_mean(sums, value, ws, wd, at, a, qk_dense_pad(count));
            d->coarse[r * QK_POLAR_COARSE + c] = sums[0] > 0 ? sums[1] / sums[0] : 0;
        }
    }
    free(ws);
    free(wd);
    free(value);
    return QK_OK;
}

static qk_code draw(drawing *d, const qk_wind_series *in, qk_error *err)
{
    size_t points = (size_t)QK_POLAR_SIDE * QK_POLAR_SIDE;
    if (!new_drawing(d, d->s->bins.count))
        return qk_fail(err, QK_ENOMEM, "no memory for a surface");
    place_bins(&d->s->bins, d->u, d->v);
    mark_near(d->near, d->u, d->v, d->s->bins.count,
              2 * (d->o->exclude > 0 ? d->o->exclude : 0.05));
    if (d->o->statistic == QK_POLAR_NWR)
        QK_TRY(regress(d, in, err));
    else
        QK_TRY(smooth_bins(d, err));
    refine(d->s->value, d->coarse);
    for (size_t p = 0; p < points; p++)
        if (!d->near[p]) d->s->value[p] = NAN;
    return QK_OK;
}

qk_code qk_polar_surface_of(qk_polar_surface *out, const qk_wind_series *in,
                            const qk_polar_options *options, qk_error *err)
{
    drawing d = {.s = out, .o = options};
    qk_polar_options o = *options;
    *out = (qk_polar_surface){.side = QK_POLAR_SIDE};
    if (o.statistic == QK_POLAR_NWR) {
        o.sector_deg = o.sector_deg > 0 ? o.sector_deg : 2;
        o.speeds = o.speeds ? o.speeds : 40;
    }
    QK_TRY(qk_polar_bin_series(&out->bins, in, &o, err));
    out->reach = out->bins.max_ws;
    qk_code code = draw(&d, in, err);
    free_drawing(&d);
    if (code != QK_OK) qk_polar_surface_clear(out);
    return code;
}

void qk_polar_surface_clear(qk_polar_surface *s)
{
    free(s->value);
    qk_polar_bins_clear(&s->bins);
    *s = (qk_polar_surface){0};
}
