/* SPDX-License-Identifier: Apache-2.0 */
#include "models/annulus.h"
#include "models/dense.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILLS = 30, HALF_GRID = 7, KNOTS = QK_ANNULUS_KNOTS_MAX };
#define LOG_LEAST  (-6.0) /* decimal logarithms of the penalties that are tried */
#define FILL_MOVED 1e-6

/* ---- splines on even knots ---- */

/* Second derivatives from values: the tridiagonal system of cubic splines, cyclic or natural. */
static void bend_system(const qk_annulus_axis *x, double *b, double *d)
{
    size_t k = x->knots;
    memset(b, 0, k * k * sizeof *b);
    memset(d, 0, k * k * sizeof *d);
    for (size_t i = 0; i < k; i++) {
        if (!x->cyclic && (i == 0 || i == k - 1)) {
            b[i * k + i] = 1;
            continue;
        }
        size_t before = (i + k - 1) % k, after = (i + 1) % k;
        bool inner_before = x->cyclic || before > 0, inner_after = x->cyclic || after < k - 1;
        b[i * k + i] += 2 * x->step / 3;
        if (inner_before) b[i * k + before] += x->step / 6;
        if (inner_after) b[i * k + after] += x->step / 6;
        d[i * k + before] += 1 / x->step;
        d[i * k + i] -= 2 / x->step;
        d[i * k + after] += 1 / x->step;
    }
}

/* bend = b^-1 d, penalty = d' bend (the integral of the squared second derivative). */
static bool make_penalty(qk_annulus_axis *x, double *penalty)
{
    size_t k = x->knots;
    double b[KNOTS * KNOTS], d[KNOTS * KNOTS];
    double column[KNOTS];
    bend_system(x, b, d);
    if (!qk_dense_cholesky(b, k, k)) return false;
    for (size_t j = 0; j < k; j++) {
        for (size_t i = 0; i < k; i++) column[i] = d[i * k + j];
        qk_dense_forward(b, k, k, column);
        qk_dense_back(b, k, k, column);
        for (size_t i = 0; i < k; i++) x->bend[i * k + j] = column[i];
    }
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            double sum = 0;
            for (size_t m = 0; m < k; m++) sum += d[m * k + i] * x->bend[m * k + j];
            penalty[i * k + j] = sum;
        }
    return true;
}

/* What each value at a knot adds at `at`. */
static void basis_row(const qk_annulus_axis *x, double at, double *row)
{
    size_t k = x->knots, last = x->cyclic ? k : k - 1;
    double u = (at - x->first) / x->step;
    if (x->cyclic) u -= floor(u / (double)k) * (double)k;
    u = u < 0 ? 0 : u > (double)last ? (double)last : u;
    size_t i = (size_t)u < last ? (size_t)u : last - 1, j = (i + 1) % k;
    double b = u - (double)i, a = 1 - b, h = x->step * x->step / 6;
    for (size_t m = 0; m < k; m++)
        row[m] = h * ((a * a * a - a) * x->bend[i * k + m] + (b * b * b - b) * x->bend[j * k + m]);
    row[i] += a;
    row[j] += b;
}

/* The basis in which the points are orthonormal and the penalty is diagonal. */
static bool diagonalise(qk_annulus_axis *x, const double *design, double *penalty)
{
    double normal[KNOTS * KNOTS], rows[KNOTS * KNOTS] = {0}, off[KNOTS];
    size_t k = x->knots, wide = qk_dense_pad(k);
    double *scaled = qk_dense_new(k * wide), *vectors = qk_dense_new(k * wide), column[KNOTS];
    bool sound = scaled && vectors;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) {
            double sum = 0;
            for (size_t p = 0; p < x->points; p++) sum += design[p * k + i] * design[p * k + j];
            normal[i * k + j] = sum;
        }
    sound = sound && qk_dense_cholesky(normal, k, k);
    for (size_t j = 0; sound && j < k; j++) { /* rows = L^-1 S, turned over */
        for (size_t i = 0; i < k; i++) column[i] = penalty[i * k + j];
        qk_dense_forward(normal, k, k, column);
        for (size_t i = 0; i < k; i++) rows[j * k + i] = column[i];
    }
    for (size_t j = 0; sound && j < k; j++) { /* scaled = L^-1 (L^-1 S)' */
        for (size_t i = 0; i < k; i++) column[i] = rows[i * k + j];
        qk_dense_forward(normal, k, k, column);
        for (size_t i = 0; i < k; i++) scaled[i * wide + j] = column[i];
        vectors[j * wide + j] = 1;
    }
    for (size_t i = 0; sound && i < k; i++)
        for (size_t j = 0; j < i; j++)
            scaled[i * wide + j] = scaled[j * wide + i] =
                (scaled[i * wide + j] + scaled[j * wide + i]) / 2;
    sound = sound && qk_dense_eigen(scaled, k, wide, x->wiggle, off, vectors, wide);
    for (size_t i = 0; sound && i < k; i++) {
        x->wiggle[i] = fmax(x->wiggle[i], 0);
        memcpy(column, vectors + i * wide, k * sizeof *column);
        qk_dense_back(normal, k, k, column);
        for (size_t m = 0; m < k; m++) x->turn[m * k + i] = column[m];
    }
    free(scaled);
    free(vectors);
    return sound;
}

/* points: where the means stand, at first_point + step of one each. *design [points][knots] in the
 * diagonal basis. */
static qk_code make_axis(qk_annulus_axis *x, double **design, double first_point, double apart,
                         qk_error *err)
{
    double penalty[KNOTS * KNOTS];
    size_t k = x->knots;
    double row[KNOTS];
    x->bend = calloc(k * k, sizeof *x->bend);
    x->turn = calloc(k * k, sizeof *x->turn);
    x->wiggle = calloc(k, sizeof *x->wiggle);
    double *plain = calloc(x->points * k, sizeof *plain);
    *design = calloc(x->points * k, sizeof **design);
    bool sound = x->bend && x->turn && x->wiggle && plain && *design;
    sound = sound && make_penalty(x, penalty);
    for (size_t p = 0; sound && p < x->points; p++)
        basis_row(x, first_point + apart * (double)p, plain + p * k);
    sound = sound && diagonalise(x, plain, penalty);
    for (size_t p = 0; sound && p < x->points; p++) {
        memcpy(row, plain + p * k, k * sizeof *row);
        for (size_t i = 0; i < k; i++) {
            double sum = 0;
            for (size_t m = 0; m < k; m++) sum += row[m] * x->turn[m * k + i];
            (*design)[p * k + i] = sum;
        }
    }
    free(plain);
    return sound ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for %zu knots", k);
}

/* ---- bins ---- */

static bool entry_used(const qk_wind_series *in, size_t i)
{
    return isfinite(in->value[i]) && isfinite(in->ws[i]) && in->ws[i] >= 0;
}

static size_t time_index(const qk_annulus *a, qk_annulus_period period, qk_time t)
{
    qk_civil c = qk_civil_of(t);
    if (period == QK_ANNULUS_HOUR) return (size_t)c.hour;
    if (period == QK_ANNULUS_WEEKDAY) return (size_t)c.weekday - 1;
    if (period == QK_ANNULUS_MONTH) return (size_t)c.month - 1;
    qk_civil first = qk_civil_of(a->first_month);
    return (size_t)((c.year - first.year) * 12 + c.month - first.month);
}

static qk_code count_times(qk_annulus *a, const qk_time *time, const qk_wind_series *in,
                           qk_annulus_period period, qk_error *err)
{
    static const size_t fixed[] = {24, 7, 12};
    qk_time first = QK_TIME_NONE, last = QK_TIME_NONE;
    for (size_t i = 0; i < in->count; i++) {
        if (time[i] == QK_TIME_NONE || !entry_used(in, i)) continue;
        if (first == QK_TIME_NONE || time[i] < first) first = time[i];
        if (last == QK_TIME_NONE || time[i] > last) last = time[i];
    }
    if (first == QK_TIME_NONE) return qk_fail(err, QK_EFORMAT, "no hour has wind and value");
    a->first_month = qk_floor_month(first);
    a->times = period == QK_ANNULUS_TREND ? time_index(a, period, last) + 1 : fixed[period];
    if (a->times > QK_ANNULUS_TIMES_MAX)
        return qk_fail(err, QK_EFULL, "%zu months; at most %d", a->times, QK_ANNULUS_TIMES_MAX);
    return a->times > 3 ? QK_OK
                        : qk_fail(err, QK_EFORMAT, "a trend of %zu months is none", a->times);
}

static qk_code fill_bins(qk_annulus *a, const qk_time *time, const qk_wind_series *in,
                         qk_annulus_period period, qk_error *err)
{
    size_t cells = a->times * a->sectors;
    a->mean = calloc(cells, sizeof *a->mean);
    a->count = calloc(cells, sizeof *a->count);
    if (!a->mean || !a->count) return qk_fail(err, QK_ENOMEM, "no memory for %zu means", cells);
    for (size_t i = 0; i < in->count; i++) {
        bool used = time[i] != QK_TIME_NONE && entry_used(in, i);
        a->calm += used && !(in->ws[i] > 0);
        if (!used || !(in->ws[i] > 0) || !isfinite(in->wd[i])) {
            a->left_out++;
            continue;
        }
        size_t sector = (size_t)(qk_polar_sector(in->wd[i], a->sector_deg) / a->sector_deg + 0.5);
        size_t at = time_index(a, period, time[i]) * a->sectors + (sector - 1) % a->sectors;
        a->mean[at] += in->value[i];
        a->count[at]++;
        a->used++;
    }
    for (size_t i = 0; i < cells; i++) a->mean[i] = a->count[i] ? a->mean[i] / a->count[i] : NAN;
    return a->used ? QK_OK : qk_fail(err, QK_EFORMAT, "no hour has wind and value");
}

/* ---- fit ---- */

typedef struct fit {
    const qk_annulus *a;
    double *time, *wind; /* designs */
    double *y;           /* [times][sectors] square roots, holes filled */
    double *half, *c;    /* [time knots][sectors], [time knots][wind knots] */
    double *smooth;      /* [times][sectors] */
    size_t known;
    double square, penalty[2];
} fit;

/* c = time' y wind: in the diagonal basis that is the fit without penalty. */
static void project(fit *f)
{
    size_t k = f->a->time.knots, l = f->a->wind.knots, n = f->a->times, m = f->a->sectors;
    memset(f->half, 0, k * m * sizeof *f->half);
    memset(f->c, 0, k * l * sizeof *f->c);
    f->square = 0;
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < k; i++)
            for (size_t s = 0; s < m; s++)
                f->half[i * m + s] += f->time[t * k + i] * f->y[t * m + s];
    for (size_t i = 0; i < k; i++)
        for (size_t s = 0; s < m; s++)
            for (size_t j = 0; j < l; j++)
                f->c[i * l + j] += f->half[i * m + s] * f->wind[s * l + j];
    for (size_t i = 0; i < n * m; i++) f->square += f->y[i] * f->y[i];
}

static double keep_share(const fit *f, size_t i, size_t j, const double penalty[2])
{
    return 1 / (1 + penalty[0] * f->a->time.wiggle[i] + penalty[1] * f->a->wind.wiggle[j]);
}

static double cross_validation(const fit *f, const double penalty[2], double *edf)
{
    double left = f->square;
    *edf = 0;
    for (size_t i = 0; i < f->a->time.knots; i++)
        for (size_t j = 0; j < f->a->wind.knots; j++) {
            double w = keep_share(f, i, j, penalty), c = f->c[i * f->a->wind.knots + j];
            *edf += w;
            left -= c * c * w * (2 - w);
        }
    double free = (double)f->known - *edf;
    return free > 0 ? fmax(left, 0) / (free * free) : INFINITY;
}

/* Coarse grid over both logarithms, then closer round the best. */
static double choose_penalties(fit *f)
{
    double best = INFINITY, at[2] = {0}, edf = 0, kept = 0, step = 1;
    double middle[2] = {LOG_LEAST + HALF_GRID, LOG_LEAST + HALF_GRID};
    for (int round = 0; round < 4; round++, step /= 4) {
        int reach = round == 0 ? HALF_GRID : 4;
        for (int i = -reach; i <= reach; i++)
            for (int j = -reach; j <= reach; j++) {
                double x = middle[0] + step * i, y = middle[1] + step * j;
                double penalty[2] = {pow(10, x), pow(10, y)};
                double score = cross_validation(f, penalty, &edf);
                if (!(score < best)) continue;
                best = score;
                kept = edf;
                at[0] = x;
                at[1] = y;
                memcpy(f->penalty, penalty, sizeof penalty);
            }
        memcpy(middle, at, sizeof at);
    }
    return kept;
}

static void evaluate(fit *f)
{
    size_t k = f->a->time.knots, l = f->a->wind.knots, n = f->a->times, m = f->a->sectors;
    memset(f->half, 0, k * m * sizeof *f->half);
    memset(f->smooth, 0, n * m * sizeof *f->smooth);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < l; j++) {
            double c = f->c[i * l + j] * keep_share(f, i, j, f->penalty);
            for (size_t s = 0; s < m; s++) f->half[i * m + s] += c * f->wind[s * l + j];
        }
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < k; i++)
            for (size_t s = 0; s < m; s++)
                f->smooth[t * m + s] += f->time[t * k + i] * f->half[i * m + s];
}

/* Cells without a value take the surface's own, until that no longer moves: they then say nothing.
 */
static double fit_surface(fit *f)
{
    size_t cells = f->a->times * f->a->sectors;
    double mean = 0, edf = 0;
    for (size_t i = 0; i < cells; i++) {
        if (!f->a->count[i]) continue;
        f->y[i] = sqrt(fmax(f->a->mean[i], 0));
        mean += f->y[i];
        f->known++;
    }
    mean /= (double)f->known;
    for (size_t i = 0; i < cells; i++)
        if (!f->a->count[i]) f->y[i] = mean;
    for (int fill = 0; fill < FILLS; fill++) {
        double moved = 0;
        project(f);
        edf = choose_penalties(f);
        if (f->known == cells) break;
        evaluate(f);
        for (size_t i = 0; i < cells; i++) {
            if (f->a->count[i]) continue;
            moved = fmax(moved, fabs(f->smooth[i] - f->y[i]));
            f->y[i] = f->smooth[i];
        }
        if (moved <= FILL_MOVED * (1 + mean)) break;
    }
    return edf;
}

/* Back to values at the knots. */
static void take_coefficients(qk_annulus *a, fit *f)
{
    size_t k = a->time.knots, l = a->wind.knots;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < l; j++) f->c[i * l + j] *= keep_share(f, i, j, f->penalty);
    for (size_t p = 0; p < k; p++)
        for (size_t q = 0; q < l; q++) {
            double sum = 0;
            for (size_t i = 0; i < k; i++)
                for (size_t j = 0; j < l; j++)
                    sum += a->time.turn[p * k + i] * f->c[i * l + j] * a->wind.turn[q * l + j];
            a->coefficient[p * l + q] = sum;
        }
}

static qk_code smooth(qk_annulus *a, qk_error *err)
{
    fit f = {.a = a};
    size_t cells = a->times * a->sectors, k = a->time.knots;
    assert(k > 3 && a->wind.knots > 3);
    double step = (a->time.cyclic ? (double)a->times : (double)(a->times - 1)) /
                  (double)(a->time.cyclic ? k : k - 1);
    a->time.step = step;
    a->wind.step = 360 / (double)a->wind.knots;
    qk_code code = make_axis(&a->time, &f.time, 0, 1, err);
    if (code == QK_OK) code = make_axis(&a->wind, &f.wind, a->sector_deg, a->sector_deg, err);
    f.y = calloc(cells, sizeof *f.y);
    f.smooth = calloc(cells, sizeof *f.smooth);
    f.half = calloc(k * a->sectors, sizeof *f.half);
    f.c = calloc(k * a->wind.knots, sizeof *f.c);
    a->coefficient = calloc(k * a->wind.knots, sizeof *a->coefficient);
    if (code == QK_OK && (!f.y || !f.smooth || !f.half || !f.c || !a->coefficient))
        code = qk_fail(err, QK_ENOMEM, "no memory for %zu cells", cells);
    if (code == QK_OK) {
        a->edf = fit_surface(&f);
        take_coefficients(a, &f);
    }
    free(f.time);
    free(f.wind);
    free(f.y);
    free(f.smooth);
    free(f.half);
    free(f.c);
    return code;
}

/* ---- the whole ---- */

static size_t fewer(size_t a, size_t b)
{
    return a < b ? a : b;
}

static qk_code run(qk_annulus *a, const qk_time *time, const qk_wind_series *in,
                   const qk_annulus_options *o, qk_error *err)
{
    double sectors = 360 / a->sector_deg;
    if (!(sectors >= 4 && sectors <= 360) || sectors != floor(sectors))
        return qk_fail(err, QK_EINVAL, "a sector of %g degrees does not divide the circle",
                       a->sector_deg);
    a->sectors = (size_t)sectors;
    QK_TRY(count_times(a, time, in, o->period, err));
    size_t time_knots = o->time_knots ? o->time_knots : 20;
    size_t wind_knots = o->wind_knots ? o->wind_knots : 10;
    if (time_knots < 4 || time_knots > KNOTS || wind_knots < 4 || wind_knots > KNOTS)
        return qk_fail(err, QK_EINVAL, "4 to %d knots are possible", KNOTS);
    QK_TRY(fill_bins(a, time, in, o->period, err));
    a->time = (qk_annulus_axis){.points = a->times,
                                .knots = fewer(time_knots, a->times),
                                .cyclic = o->period != QK_ANNULUS_TREND};
    a->wind = (qk_annulus_axis){
        .points = a->sectors, .knots = fewer(wind_knots, a->sectors), .cyclic = true};
    return smooth(a, err);
}

qk_code qk_annulus_of(qk_annulus *out, const qk_time *time, const qk_wind_series *in,
                      const qk_annulus_options *options, qk_error *err)
{
    *out = (qk_annulus){.sector_deg = options->sector_deg > 0 ? options->sector_deg : 10};
    qk_code code = run(out, time, in, options, err);
    if (code != QK_OK) qk_annulus_clear(out);
    return code;
}

static bool near_a_value(const qk_annulus *a, double time, double wd)
{
    ptrdiff_t n = (ptrdiff_t)a->times, m = (ptrdiff_t)a->sectors;
    ptrdiff_t t = (ptrdiff_t)floor(time + 0.5);
    ptrdiff_t s = (ptrdiff_t)(qk_polar_sector(wd, a->sector_deg) / a->sector_deg + 0.5) - 1;
    for (ptrdiff_t dt = -1; dt <= 1; dt++)
        for (ptrdiff_t ds = -1; ds <= 1; ds++) {
            ptrdiff_t i = t + dt, j = (s + ds + m) % m;
            if (a->time.cyclic) i = (i + n) % n;
            if (i >= 0 && i < n && a->count[i * m + j]) return true;
        }
    return false;
}

double qk_annulus_at(const qk_annulus *annulus, double time, double wd_deg)
{
    double t[KNOTS], w[KNOTS], sum = 0;
    size_t k = annulus->time.knots, l = annulus->wind.knots;
    if (!isfinite(wd_deg) || !(time >= 0 && time <= (double)annulus->times)) return NAN;
    if (!near_a_value(annulus, time, wd_deg)) return NAN;
    basis_row(&annulus->time, time, t);
    basis_row(&annulus->wind, wd_deg, w);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < l; j++) sum += t[i] * annulus->coefficient[i * l + j] * w[j];
    return sum > 0 ? sum * sum : 0;
}

static void clear_axis(qk_annulus_axis *x)
{
    free(x->bend);
    free(x->turn);
    free(x->wiggle);
}

void qk_annulus_clear(qk_annulus *annulus)
{
    clear_axis(&annulus->time);
    clear_axis(&annulus->wind);
    free(annulus->mean);
    free(annulus->count);
    free(annulus->coefficient);
    *annulus = (qk_annulus){0};
}
