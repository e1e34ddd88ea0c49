/* SPDX-License-Identifier: Apache-2.0 */
#include "models/cmb.h"
#include "models/dense.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 40, COMMON_LEAST = 4 };
#define SETTLED        0.01 /* Watson et al.: contributions within 1 % of the step before */
#define PEARSON_LIKE   0.4
#define IDENTITY_LIKE  1.0
#define COLLINEAR_LEFT 1e-10 /* of a source's square, what the others cannot give */

typedef struct cmb_job {
    const qk_cmb_input *in;
    qk_cmb_fit *fit;
    size_t used[QK_CMB_SPECIES_MAX], alive[QK_CMB_SOURCES_MAX], n, k;
    double weight[QK_CMB_SPECIES_MAX]; /* 1 / effective variance */
    double normal[QK_CMB_SOURCES_MAX * QK_CMB_SOURCES_MAX], right[QK_CMB_SOURCES_MAX];
} cmb_job;

static double profile_at(const cmb_job *job, size_t source, size_t species)
{
    return job->in->profile[source * job->in->species + species];
}

static void choose_species(cmb_job *job)
{
    const qk_cmb_input *in = job->in;
    for (size_t j = 0; j < in->species; j++) {
        bool known = isfinite(in->conc[j]) && in->unc[j] > 0 && isfinite(in->unc[j]);
        for (size_t s = 0; known && s < in->sources; s++) known = isfinite(profile_at(job, s, j));
        if (known) job->used[job->n++] = j;
    }
    job->fit->used = job->n;
}

/* The sample's variance and that of the profiles, as large as the contributions make it. */
static void see_variances(cmb_job *job)
{
    const qk_cmb_input *in = job->in;
    for (size_t i = 0; i < job->n; i++) {
        size_t j = job->used[i];
        double v = in->unc[j] * in->unc[j];
        for (size_t a = 0; in->profile_unc && a < job->k; a++) {
            size_t s = job->alive[a];
            double sigma = in->profile_unc[s * in->species + j] * job->fit->share[s];
            if (isfinite(sigma)) v += sigma * sigma;
        }
        job->weight[i] = 1 / v;
    }
}

static void build_normal(cmb_job *job)
{
    for (size_t a = 0; a < job->k; a++) {
        job->right[a] = 0;
        for (size_t b = 0; b <= a; b++) {
            double sum = 0;
            for (size_t i = 0; i < job->n; i++)
                sum += job->weight[i] * profile_at(job, job->alive[a], job->used[i]) *
                       profile_at(job, job->alive[b], job->used[i]);
            job->normal[a * job->k + b] = job->normal[b * job->k + a] = sum;
        }
        for (size_t i = 0; i < job->n; i++)
            job->right[a] += job->weight[i] * profile_at(job, job->alive[a], job->used[i]) *
                             job->in->conc[job->used[i]];
    }
}

/* The pair of sources whose weighted profiles are most parallel. */
static qk_code refuse_alike(const cmb_job *job, const double *normal, qk_error *err)
{
    size_t x = 0, y = 0;
    double most = -1;
    for (size_t a = 0; a < job->k; a++)
        for (size_t b = 0; b < a; b++) {
            double c =
                normal[a * job->k + b] / sqrt(normal[a * job->k + a] * normal[b * job->k + b]);
            if (!(c > most)) continue;
            most = c;
            x = job->alive[b];
            y = job->alive[a];
        }
    return qk_fail(err, QK_EFORMAT,
                   "the profiles cannot be told apart: nearest are source %zu and source %zu "
                   "(cosine %.4f); leave one out",
                   x + 1, y + 1, most);
}

/* Cholesky with a look at the pivots: a pivot far below its diagonal is a profile made of others.
 */
static qk_code factor_normal(cmb_job *job, qk_error *err)
{
    double kept[QK_CMB_SOURCES_MAX * QK_CMB_SOURCES_MAX] = {0};
    size_t k = job->k;
    memcpy(kept, job->normal, k * k * sizeof *kept);
    bool sound = qk_dense_cholesky(job->normal, k, k);
    for (size_t a = 0; sound && a < k; a++) {
        double pivot = job->normal[a * k + a] * job->normal[a * k + a];
        sound = pivot > COLLINEAR_LEFT * kept[a * k + a];
    }
    return sound ? QK_OK : refuse_alike(job, kept, err);
}

static qk_code step(cmb_job *job, double *moved, qk_error *err)
{
    see_variances(job);
    build_normal(job);
    QK_TRY(factor_normal(job, err));
    qk_dense_forward(job->normal, job->k, job->k, job->right);
    qk_dense_back(job->normal, job->k, job->k, job->right);
    *moved = 0;
    for (size_t a = 0; a < job->k; a++) {
        double *share = &job->fit->share[job->alive[a]];
        *moved = fmax(*moved, fabs(job->right[a] - *share) / fmax(fabs(job->right[a]), 1e-300));
        *share = job->right[a];
    }
    return QK_OK;
}

static qk_code settle(cmb_job *job, qk_error *err)
{
    double moved = INFINITY;
    for (size_t a = 0; a < job->k; a++) job->fit->share[job->alive[a]] = 0;
    for (int i = 0; i < STEPS_MAX && moved > SETTLED; i++) {
        QK_TRY(step(job, &moved, err));
        job->fit->iterations++;
    }
    job->fit->converged = moved <= SETTLED;
    return QK_OK;
}

static bool take_out_worst(cmb_job *job)
{
    size_t worst = 0;
    for (size_t a = 1; a < job->k; a++)
        if (job->fit->share[job->alive[a]] < job->fit->share[job->alive[worst]]) worst = a;
    size_t s = job->alive[worst];
    if (job->fit->share[s] >= 0) return false;
    job->fit->share[s] = 0;
    job->fit->out[s] = true;
    memmove(job->alive + worst, job->alive + worst + 1, (--job->k - worst) * sizeof *job->alive);
    return true;
}

static void tell_errors(cmb_job *job)
{
    for (size_t a = 0; a < job->k; a++) {
        double unit[QK_CMB_SOURCES_MAX] = {0};
        unit[a] = 1;
        qk_dense_forward(job->normal, job->k, job->k, unit);
        double sum = 0;
        for (size_t i = 0; i < job->k; i++) sum += unit[i] * unit[i];
        job->fit->error[job->alive[a]] = sqrt(sum);
    }
}

static void tell_fit(cmb_job *job)
{
    const qk_cmb_input *in = job->in;
    double left = 0, all = 0;
    for (size_t j = 0; j < in->species; j++) job->fit->predicted[j] = NAN;
    for (size_t i = 0; i < job->n; i++) {
        size_t j = job->used[i];
        double p = 0;
        for (size_t a = 0; a < job->k; a++)
            p += job->fit->share[job->alive[a]] * profile_at(job, job->alive[a], j);
        job->fit->predicted[j] = p;
        left += job->weight[i] * (in->conc[j] - p) * (in->conc[j] - p);
        all += job->weight[i] * in->conc[j] * in->conc[j];
    }
    job->fit->r2 = all > 0 ? 1 - left / all : NAN;
    job->fit->chi2 = job->n > job->k ? left / (double)(job->n - job->k) : NAN;
}

qk_code qk_cmb_solve(qk_cmb_fit *out, const qk_cmb_input *in, qk_error *err)
{
    cmb_job job = {.in = in, .fit = out};
    memset(out, 0, sizeof *out);
    if (in->species == 0 || in->species > QK_CMB_SPECIES_MAX || in->sources == 0 ||
        in->sources > QK_CMB_SOURCES_MAX)
        return qk_fail(err, QK_EINVAL, "%zu species and %zu sources; at most %d and %d",
                       in->species, in->sources, QK_CMB_SPECIES_MAX, QK_CMB_SOURCES_MAX);
    choose_species(&job);
    if (job.n < in->sources)
        return qk_fail(err, QK_EFORMAT,
                       "%zu species are known in the sample and in all profiles; "
                       "%zu sources need as many",
                       job.n, in->sources);
    for (size_t s = 0; s < in->sources; s++) {
        job.alive[job.k++] = s;
        out->error[s] = NAN;
    }
    do {
        QK_TRY(settle(&job, err));
    } while (!in->keep_negative && job.k > 1 && take_out_worst(&job));
    if (job.k == 1 && out->share[job.alive[0]] < 0 && !in->keep_negative) {
        out->out[job.alive[0]] = true;
        out->share[job.alive[0]] = 0;
        job.k = 0;
    }
    tell_errors(&job);
    tell_fit(&job);
    return QK_OK;
}

/* ---- likeness of profiles ---- */

static void compare_profiles(qk_profile_match *m, const double *a, const double *b, size_t species)
{
    double sum_a = 0, sum_b = 0, ab = 0, aa = 0, bb = 0, apart = 0;
    for (size_t j = 0; j < species; j++) {
        if (!(a[j] >= 0) || !(b[j] >= 0) || isinf(a[j]) || isinf(b[j])) continue;
        m->common++;
        sum_a += a[j];
        sum_b += b[j];
    }
    m->pearson = m->identity = NAN;
    if (m->common < COMMON_LEAST || !(sum_a > 0) || !(sum_b > 0)) return;
    double mean = 1 / (double)m->common; /* of either, once scaled to a sum of 1 */
    for (size_t j = 0; j < species; j++) {
        if (!(a[j] >= 0) || !(b[j] >= 0) || isinf(a[j]) || isinf(b[j])) continue;
        double x = a[j] / sum_a, y = b[j] / sum_b;
        ab += (x - mean) * (y - mean);
        aa += (x - mean) * (x - mean);
        bb += (y - mean) * (y - mean);
        if (x + y > 0) apart += fabs(x - y) / (x + y);
    }
    m->pearson = aa > 0 && bb > 0 ? 1 - ab / sqrt(aa * bb) : 1;
    m->identity = sqrt(2) * apart / (double)m->common;
}

static double distance_of(const qk_profile_match *m)
{
    return m->pearson / PEARSON_LIKE + m->identity / IDENTITY_LIKE;
}

static int compare_matches(const void *a, const void *b)
{
    const qk_profile_match *x = a, *y = b;
    double p = distance_of(x), q = distance_of(y);
    if (isnan(p) != isnan(q)) return isnan(p) ? 1 : -1;
    if (!isnan(p) && p != q) return p > q ? 1 : -1;
    return (x->source > y->source) - (x->source < y->source);
}

void qk_profile_matches(qk_profile_match *out, const double *factor, const double *profile,
                        size_t sources, size_t species)
{
    for (size_t s = 0; s < sources; s++) {
        out[s] = (qk_profile_match){.source = s};
        compare_profiles(&out[s], factor, profile + s * species, species);
    }
    qsort(out, sources, sizeof *out, compare_matches);
}
