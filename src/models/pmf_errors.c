/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pmf_errors.h"
#include "models/pmf_private.h"
#include "models/polar.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const double qk_pmf_levels[QK_PMF_LEVELS] = {4, 8, 16, 32};
static const double percents[QK_PMF_BOOT_POINTS] = {5, 25, 50, 75, 95};
static const double boot_tolerance = 1e-6;
enum { DISPLACE_STEPS = 12, ROOT_TRIES = 7 };

double qk_pmf_correlation(const double *a, size_t ka, size_t factors_a, const double *b, size_t kb,
                          size_t factors_b, size_t samples)
{
    double ma = 0, mb = 0, saa = 0, sbb = 0, sab = 0;
    for (size_t i = 0; i < samples; i++) {
        double x = a[i * factors_a + ka], y = b[i * factors_b + kb], n = (double)i + 1;
        double dx = x - ma, dy = y - mb;
        ma += dx / n;
        mb += dy / n;
        saa += dx * (x - ma);
        sbb += dy * (y - mb);
        sab += dx * (y - mb);
    }
    return saa > 0 && sbb > 0 ? sab / sqrt(saa * sbb) : 0;
}

/* ---- bootstrap ---- */

typedef struct boot_job {
    const qk_pmf_input *in;
    const qk_pmf_fit *base;
    qk_pmf_input drawn;
    double *conc, *unc, *g; /* of the drawn samples; g from the base */
    double *values;         /* [count][factors][species], NaN = not mapped */
    uint64_t random;
    size_t block;
    double r_least;
} boot_job;

static void draw_blocks(boot_job *job)
{
    size_t n = job->in->samples, m = job->in->species, k = job->base->factors;
    for (size_t at = 0; at < n;) {
        size_t from = (size_t)(pmf_uniform(&job->random) * (double)(n - job->block + 1));
        for (size_t b = 0; b < job->block && at < n; b++, at++) {
            memcpy(job->conc + at * m, job->in->conc + (from + b) * m, m * sizeof(double));
            memcpy(job->unc + at * m, job->in->unc + (from + b) * m, m * sizeof(double));
            memcpy(job->g + at * k, job->base->g + (from + b) * k, k * sizeof(double));
        }
    }
}

static void map_factors(boot_job *job, qk_pmf_boot *out, const qk_pmf_fit *fit)
{
    size_t k = job->base->factors, m = job->in->species;
    double *values = job->values + out->done * k * m;
    for (size_t c = 0; c < k * m; c++) values[c] = NAN;
    for (size_t b = 0; b < k; b++) {
        size_t to = k;
        double best = job->r_least;
        for (size_t a = 0; a < k; a++) {
            double r = qk_pmf_correlation(job->g, a, k, fit->g, b, k, job->in->samples);
            if (r < best) continue;
            best = r;
            to = a;
        }
        out->mapped[to < k ? to * (k + 1) + b : b * (k + 1) + k]++;
        if (to < k) memcpy(values + to * m, fit->f + b * m, m * sizeof *values);
    }
}

static double quantile(const double *sorted, size_t count, double percent)
{
    if (count == 0) return NAN;
    double at = percent / 100 * (double)(count - 1);
    size_t low = (size_t)at;
    if (low + 1 >= count) return sorted[count - 1];
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

static void take_percentiles(const boot_job *job, qk_pmf_boot *out, double *scratch)
{
    size_t cells = job->base->factors * job->in->species;
    for (size_t c = 0; c < cells; c++) {
        size_t count = 0;
        for (size_t r = 0; r < out->done; r++)
            if (!isnan(job->values[r * cells + c])) scratch[count++] = job->values[r * cells + c];
        qk_sort_doubles(scratch, count);
        for (size_t p = 0; p < QK_PMF_BOOT_POINTS; p++)
            out->percentile[c * QK_PMF_BOOT_POINTS + p] = quantile(scratch, count, percents[p]);
    }
}

static qk_code run_boots(boot_job *job, qk_pmf_boot *out, const qk_pmf_options *options,
                         qk_error *err)
{
    qk_pmf_options o = *options;
    o.progress = NULL;
    o.tolerance = boot_tolerance;
    for (; out->done < out->count; out->done++) {
        qk_pmf_fit fit;
        draw_blocks(job);
        QK_TRY(qk_pmf_refine(&fit, &job->drawn, &o, job->base->f, err));
        map_factors(job, out, &fit);
        qk_pmf_fit_clear(&fit);
        if (options->progress && !options->progress(options->user, out->done + 1, out->count))
            return qk_fail(err, QK_ECANCELLED, "stopped");
    }
    return QK_OK;
}

qk_code qk_pmf_bootstrap(qk_pmf_boot *out, const qk_pmf_input *in, const qk_pmf_options *options,
                         const qk_pmf_fit *base, size_t count, size_t block, double r_least,
                         qk_error *err)
{
    size_t n = in->samples, m = in->species, k = base->factors;
    *out = (qk_pmf_boot){.count = count};
    if (count < 1 || count > 10000 || block > n)
        return qk_fail(err, QK_EINVAL, "%zu bootstraps of blocks of %zu", count, block);
    boot_job job = {.in = in, .base = base, .random = options->seed ^ 0xB00757AB, .block = block};
    if (block == 0) job.block = (size_t)fmax(1, round(cbrt((double)n)));
    job.r_least = r_least;
    job.conc = malloc(n * m * sizeof(double));
    job.unc = malloc(n * m * sizeof(double));
    job.g = malloc(n * k * sizeof(double));
    job.values = calloc(count * k * m, sizeof(double));
    job.drawn = (qk_pmf_input){n, m, job.conc, job.unc};
    double *scratch = calloc(count, sizeof *scratch);
    out->mapped = calloc(k * (k + 1), sizeof *out->mapped);
    out->percentile = calloc(k * m * QK_PMF_BOOT_POINTS, sizeof *out->percentile);
    bool made = job.conc && job.unc && job.g && job.values && scratch && out->mapped;
    qk_code code = made && out->percentile ? run_boots(&job, out, options, err)
                                           : qk_fail(err, QK_ENOMEM, "no memory for bootstraps");
    if (code == QK_OK && made) take_percentiles(&job, out, scratch);
    free(job.conc);
    free(job.unc);
    free(job.g);
    free(job.values);
    free(scratch);
    if (code != QK_OK) qk_pmf_boot_clear(out);
    return code;
}

void qk_pmf_boot_clear(qk_pmf_boot *boot)
{
    free(boot->mapped);
    free(boot->percentile);
    *boot = (qk_pmf_boot){0};
}

/* ---- displacement ---- */

typedef struct disp_job {
    const qk_pmf_fit *base;
    pmf_work *w;
    bool *held;
    double *f;      /* profiles to begin from */
    double *weight; /* [species] 1 / mean concentration: all count alike in a profile's size */
    double *pin;    /* [species] */
    double base_q;
    qk_pmf_disp *out;
} disp_job;

/* Least Q with element (a, j) at value, everything else free. */
static double held_q(disp_job *job, size_t a, size_t j, double value)
{
    size_t m = job->base->species, k = job->base->factors;
    double q;
    job->f[a * m + j] = value;
    memset(job->held, 0, m * k * sizeof *job->held);
    job->held[a * m + j] = true;
    job->w->held = job->held;
    job->w->pinned = a;
    double sum = 0;
    for (size_t l = 0; l < m; l++) sum += job->weight[l] * job->base->f[a * m + l];
    for (size_t l = 0; l < m; l++) job->pin[l] = l == j || sum <= 0 ? 0 : job->weight[l] / sum;
    job->w->pin = job->pin;
    job->w->pin_sum = 0;
    for (size_t l = 0; l < m; l++) job->w->pin_sum += job->pin[l] * job->base->f[a * m + l];
    pmf_load(job->w, job->f);
    pmf_newton_run(job->w, 1e-6, DISPLACE_STEPS, &q);
    for (size_t c = 0; c < m * k; c++) job->f[c] = *pmf_at(job->w->species.x, k, c % m, c / m);
    if (job->base_q - q > job->out->largest_fall) job->out->largest_fall = job->base_q - q;
    return q;
}

/* Factors whose contributions now resemble another factor of the base more than their own. */
static void count_swaps(disp_job *job, size_t level)
{
    const pmf_work *w = job->w;
    for (size_t a = 0; a < w->k; a++) {
        double own = qk_pmf_correlation(job->base->g, a, w->k, w->rows.flat, a, w->kp, w->n);
        for (size_t b = 0; b < w->k; b++) {
            if (b == a) continue;
            if (qk_pmf_correlation(job->base->g, b, w->k, w->rows.flat, a, w->kp, w->n) <= own)
                continue;
            job->out->swaps[level * w->k + a]++;
            break;
        }
    }
}

/* The value on the given side where Q has risen by `rise`, from the last value and its rise. The
 * square root of the rise is nearly straight in the value. */
static double find_level(disp_job *job, size_t a, size_t j, double start, double *last,
                         double *last_rise, double rise)
{
    double sign = *last >= start ? 1 : -1, value = *last;
    for (int t = 0; t < ROOT_TRIES; t++) {
        double factor = *last_rise > 1e-3 ? sqrt(rise / *last_rise) : 2.5;
        value = start + (*last - start) * fmin(fmax(factor, 0.4), 2.5);
        if (sign < 0 && value <= 0) value = 0;
        *last_rise = held_q(job, a, j, value) - job->base_q;
        *last = value;
        if (fabs(*last_rise - rise) < 0.02 * rise) break;
        if (value <= 0 && *last_rise < rise) break;
    }
    return value;
}

static void displace_element(disp_job *job, size_t a, size_t j)
{
    size_t m = job->base->species, k = job->base->factors;
    double start = job->base->f[a * m + j], stiff = 0, reach;
    for (size_t i = 0; i < job->w->n; i++)
        stiff += job->w->w[i * m + j] * job->base->g[i * k + a] * job->base->g[i * k + a];
    /* so far Q would rise by the first level with everything else held; freed, it rises less */
    reach = stiff > 0 ? sqrt(qk_pmf_levels[0] / stiff) : 0;
    for (int side = 0; side < 2; side++) {
        double *to = side ? job->out->high : job->out->low, rise = 0;
        double last = side ? start + reach : fmax(start - reach, 0);
        memcpy(job->f, job->base->f, m * k * sizeof *job->f);
        rise = reach > 0 ? qk_pmf_levels[0] : 0;
        for (size_t level = 0; level < QK_PMF_LEVELS; level++) {
            double *end = &to[(level * k + a) * m + j];
            *end = start;
            if (reach <= 0 || (!side && start <= 0)) continue;
            *end = find_level(job, a, j, start, &last, &rise, qk_pmf_levels[level]);
            if (level > 0) { /* what a lower rise allows, a higher one does too */
                double before = to[((level - 1) * k + a) * m + j];
                *end = side ? fmax(*end, before) : fmin(*end, before);
            }
            count_swaps(job, level);
        }
    }
}

static qk_code displace_all(disp_job *job, const bool *which, const qk_pmf_options *o,
                            qk_error *err)
{
    size_t cells = job->base->factors * job->base->species, m = job->base->species;
    double q;
    for (size_t j = 0; j < m; j++) {
        double sum = 0;
        for (size_t a = 0; a < job->base->factors; a++) sum += job->base->f[a * m + j];
        job->weight[j] = sum > 0 ? 1 / sum : 0;
    }
    pmf_load(job->w, job->base->f);
    pmf_newton_run(job->w, 1e-9, 50, &q);
    job->base_q = q;
    for (size_t c = 0; c < cells; c++) {
        if (!which || which[c]) displace_element(job, c / m, c % m);
        if (o->progress && !o->progress(o->user, c + 1, cells))
            return qk_fail(err, QK_ECANCELLED, "stopped");
    }
    return QK_OK;
}

qk_code qk_pmf_displace(qk_pmf_disp *out, const qk_pmf_input *in, const qk_pmf_options *options,
                        const qk_pmf_fit *base, const bool *which, qk_error *err)
{
    size_t cells = base->factors * base->species;
    disp_job job = {.base = base, .out = out};
    *out = (qk_pmf_disp){0};
    qk_code code = pmf_work_new(&job.w, in, options, err);
    if (code != QK_OK) return code;
    job.held = calloc(cells, sizeof *job.held);
    job.f = calloc(cells, sizeof *job.f);
    job.weight = calloc(base->species, sizeof *job.weight);
    job.pin = calloc(base->species, sizeof *job.pin);
    out->low = calloc(QK_PMF_LEVELS * cells, sizeof *out->low);
    out->high = calloc(QK_PMF_LEVELS * cells, sizeof *out->high);
    out->swaps = calloc(QK_PMF_LEVELS * base->factors, sizeof *out->swaps);
    bool made = job.held && job.f && job.weight && job.pin && out->low && out->high && out->swaps;
    code = made ? displace_all(&job, which, options, err)
                : qk_fail(err, QK_ENOMEM, "no memory for displacement");
    free(job.held);
    free(job.f);
    free(job.weight);
    free(job.pin);
    pmf_work_free(job.w);
    if (code != QK_OK) qk_pmf_disp_clear(out);
    return code;
}

void qk_pmf_disp_clear(qk_pmf_disp *disp)
{
    free(disp->low);
    free(disp->high);
    free(disp->swaps);
    *disp = (qk_pmf_disp){0};
}
