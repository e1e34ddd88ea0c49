/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pmf_rotate.h"
#include "models/pmf_errors.h"
#include "models/pmf_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of an auxiliary equation beside the data's own curvature at its element. */
static const double pull = 0.02;

typedef struct rotation {
    const qk_pmf_input *in;
    const qk_pmf_fit *base;
    double *conc, *unc; /* the samples and one anchor a factor behind them */
    double *weight;     /* [species] 1 / sum over the factors: all count alike in a size */
    double *size;       /* [factors] */
} rotation;

static void measure_sizes(rotation *r)
{
    size_t m = r->base->species, k = r->base->factors;
    for (size_t j = 0; j < m; j++) {
        double sum = 0;
        for (size_t a = 0; a < k; a++) sum += r->base->f[a * m + j];
        r->weight[j] = sum > 0 ? 1 / sum : 0;
    }
    for (size_t a = 0; a < k; a++) {
        r->size[a] = 0;
        for (size_t j = 0; j < m; j++) r->size[a] += r->weight[j] * r->base->f[a * m + j];
    }
}

/* The profile of factor a less `strength` of its size in the mean shape of the others, of the same
 * size as before. */
static void lay_target(const rotation *r, size_t a, double strength, double *target)
{
    size_t m = r->base->species, k = r->base->factors;
    double size = 0;
    for (size_t j = 0; j < m; j++) {
        double others = 0;
        for (size_t b = 0; b < k; b++)
            if (b != a && r->size[b] > 0) others += r->base->f[b * m + j] / r->size[b];
        double t = r->base->f[a * m + j] - strength * r->size[a] * others / (double)(k - 1);
        target[j] = t > 0 ? t : 0;
        size += r->weight[j] * target[j];
    }
    for (size_t j = 0; j < m && size > 0; j++) target[j] *= r->size[a] / size;
}

/* sum over the samples of w g^2: how hard the data hold an element, everything else fixed. */
static double curvature(const rotation *r, size_t a, size_t j)
{
    size_t m = r->base->species, k = r->base->factors;
    double sum = 0;
    for (size_t i = 0; i < r->in->samples; i++) {
        double x = r->in->conc[i * m + j], u = r->in->unc[i * m + j], g = r->base->g[i * k + a];
        if (isfinite(x) && isfinite(u) && u > 0) sum += g * g / (u * u);
    }
    return sum;
}

static void lay_anchors(rotation *r, double strength)
{
    size_t n = r->in->samples, m = r->base->species, k = r->base->factors;
    memcpy(r->conc, r->in->conc, n * m * sizeof *r->conc);
    memcpy(r->unc, r->in->unc, n * m * sizeof *r->unc);
    for (size_t a = 0; a < k; a++) {
        lay_target(r, a, strength, r->conc + (n + a) * m);
        for (size_t j = 0; j < m; j++) {
            double c = curvature(r, a, j);
            r->unc[(n + a) * m + j] = c > 0 ? 1 / sqrt(pull * c) : NAN;
        }
    }
}

/* 1 - cosine of a profile with the base's. */
static double profile_moved(const rotation *r, const double *f, size_t a)
{
    size_t m = r->base->species;
    double aa = 0, bb = 0, ab = 0;
    for (size_t j = 0; j < m; j++) {
        double x = r->weight[j] * f[a * m + j], y = r->weight[j] * r->base->f[a * m + j];
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    return aa > 0 && bb > 0 ? fmax(0, 1 - ab / sqrt(aa * bb)) : 0;
}

static void take_fit(qk_pmf_rotated *out, const rotation *r, qk_pmf_fit *fit,
                     const qk_pmf_options *o)
{
    const qk_pmf_run *base = &r->base->run[r->base->best];
    double alpha = o->alpha > 0 ? o->alpha : 4, before = o->robust ? base->q_robust : base->q_true;
    size_t k = fit->factors;
    qk_pmf_q(&out->q_true, &out->q_robust, r->in, fit->g, fit->f, k, alpha);
    out->q_aux = fit->run[0].q_true - out->q_true;
    out->dq = (o->robust ? out->q_robust : out->q_true) - before;
    out->percent = before > 0 ? 100 * out->dq / before : NAN;
    out->converged = fit->run[0].converged;
    for (size_t a = 0; a < k; a++) {
        out->correlation[a] = qk_pmf_correlation(r->base->g, a, k, fit->g, a, k, r->in->samples);
        out->moved[a] = profile_moved(r, fit->f, a);
    }
    out->g = fit->g;
    out->f = fit->f;
    fit->g = fit->f = NULL;
}

static void free_rotation(rotation *r)
{
    free(r->conc);
    free(r->unc);
    free(r->weight);
    free(r->size);
}

qk_code qk_pmf_rotate(qk_pmf_rotated *out, const qk_pmf_input *in, const qk_pmf_options *options,
                      const qk_pmf_fit *base, double strength, qk_error *err)
{
    size_t k = base->factors, m = base->species, rows = in->samples + k;
    rotation r = {.in = in, .base = base};
    qk_pmf_fit fit = {0};
    *out =
        (qk_pmf_rotated){.strength = strength, .samples = in->samples, .species = m, .factors = k};
    if (!(fabs(strength) > 0 && fabs(strength) <= QK_PMF_STRENGTH_MOST) || k < 2)
        return qk_fail(err, QK_EINVAL, "a rotation of %zu factors by %g; two or more, by up to %g",
                       k, strength, QK_PMF_STRENGTH_MOST);
    r.conc = malloc(rows * m * sizeof *r.conc);
    r.unc = malloc(rows * m * sizeof *r.unc);
    r.weight = calloc(m, sizeof *r.weight);
    r.size = calloc(k, sizeof *r.size);
    out->correlation = calloc(k, sizeof *out->correlation);
    out->moved = calloc(k, sizeof *out->moved);
    qk_code code = QK_OK;
    if (!r.conc || !r.unc || !r.weight || !r.size || !out->correlation || !out->moved) {
        code = qk_fail(err, QK_ENOMEM, "no memory for a rotation");
    } else {
        qk_pmf_input drawn = {rows, m, r.conc, r.unc};
        measure_sizes(&r);
        lay_anchors(&r, strength);
        code = pmf_refine_anchored(&fit, &drawn, options, base->f, k, err);
    }
    if (code == QK_OK) take_fit(out, &r, &fit, options);
    qk_pmf_fit_clear(&fit);
    free_rotation(&r);
    if (code != QK_OK) qk_pmf_rotated_clear(out);
    return code;
}

void qk_pmf_rotated_clear(qk_pmf_rotated *r)
{
    free(r->g);
    free(r->f);
    free(r->correlation);
    free(r->moved);
    *r = (qk_pmf_rotated){0};
}

void qk_pmf_rotations(double *out, const qk_pmf_fit *fit)
{
    const double slack = 1e-3;
    size_t k = fit->factors, m = fit->species;
    for (size_t from = 0; from < k; from++) {
        for (size_t to = 0; to < k; to++) {
            double t = INFINITY, mean = 0;
            const double *ft = fit->f + to * m, *ff = fit->f + from * m;
            for (size_t j = 0; j < m; j++) mean += ft[j] / (double)m;
            for (size_t j = 0; j < m; j++)
                if (ff[j] > 0) t = fmin(t, (ft[j] + slack * mean) / ff[j]);
            out[from * k + to] = from == to || !isfinite(t) ? 0 : t;
        }
    }
}
