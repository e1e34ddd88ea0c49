/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pmf_prepare.h"
#include "models/polar.h"
#include <math.h>
#include <stdlib.h>

/* NaN when there is none. Sorts values. */
static double median_of(double *values, size_t count)
{
    if (count == 0) return NAN;
    qk_sort_doubles(values, count);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

typedef struct column {
    double *conc, *unc;
    size_t samples, step;
} column;

static double limit_uncertainty(double x, double limit, double fraction)
{
    if (x <= limit) return limit * 5 / 6;
    return sqrt(fraction * x * fraction * x + limit * limit / 4);
}

static void fill_missing(const column *c, double *scratch)
{
    size_t count = 0;
    for (size_t i = 0; i < c->samples; i++)
        if (isfinite(c->conc[i * c->step])) scratch[count++] = c->conc[i * c->step];
    double median = median_of(scratch, count);
    for (size_t i = 0; i < c->samples && median > 0; i++) {
        if (isfinite(c->conc[i * c->step])) continue;
        c->conc[i * c->step] = median;
        c->unc[i * c->step] = 4 * median;
    }
}

/* made: the uncertainties are yet to be made of limits, so that none is missing. */
static bool is_silent(const column *c, double limit, bool made)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < c->samples; i++) {
        double x = c->conc[i * c->step], u = c->unc[i * c->step];
        if (!isfinite(x) || (!made && !(isfinite(u) && u > 0))) continue;
        low = fmin(low, x);
        high = fmax(high, x);
    }
    return !(high > low) || high <= limit;
}

static void weigh_cell(const column *c, size_t i, size_t j, const qk_pmf_rules *rules,
                       qk_pmf_notes *notes)
{
    double x = c->conc[i * c->step], *u = &c->unc[i * c->step];
    if (!isfinite(x)) {
        notes->missing++;
        return;
    }
    notes->negative += x < 0;
    if (rules->limit) {
        notes->below_limit += x <= rules->limit[j];
        *u = limit_uncertainty(x, rules->limit[j], rules->fraction[j]);
    }
    if (!(isfinite(*u) && *u > 0)) notes->bad_unc++;
}

static void prepare_column(const column *c, size_t j, const qk_pmf_rules *rules, double *scratch,
                           qk_pmf_notes *notes)
{
    qk_pmf_kind kind = rules->kind ? rules->kind[j] : QK_PMF_STRONG;
    for (size_t i = 0; i < c->samples; i++) weigh_cell(c, i, j, rules, notes);
    if (rules->missing_median) fill_missing(c, scratch);
    for (size_t i = 0; i < c->samples; i++) {
        double *u = &c->unc[i * c->step];
        if (!(*u > 0)) {
            *u = NAN;
            continue;
        }
        *u += rules->extra * fabs(c->conc[i * c->step]);
        if (kind == QK_PMF_WEAK) *u *= 3;
        if (kind == QK_PMF_BAD) *u = NAN;
    }
}

static qk_code check_rules(const qk_pmf_rules *rules, size_t species, qk_error *err)
{
    if (!(rules->extra >= 0 && rules->extra <= 0.25))
        return qk_fail(err, QK_EINVAL, "the extra modelling uncertainty is 0 to 25 per cent");
    if (!rules->limit != !rules->fraction)
        return qk_fail(err, QK_EINVAL, "detection limits and error fractions go together");
    for (size_t j = 0; rules->limit && j < species; j++)
        if (!(rules->limit[j] > 0 && isfinite(rules->limit[j]) && rules->fraction[j] >= 0 &&
              isfinite(rules->fraction[j])))
            return qk_fail(err, QK_EINVAL, "species %zu: limit %g, fraction %g", j + 1,
                           rules->limit[j], rules->fraction[j]);
    return QK_OK;
}

qk_code qk_pmf_prepare(qk_pmf_notes *notes, bool *silent, double *conc, double *unc, size_t samples,
                       size_t species, const qk_pmf_rules *rules, qk_error *err)
{
    *notes = (qk_pmf_notes){0};
    QK_TRY(check_rules(rules, species, err));
    double *scratch = malloc((samples + 1) * sizeof *scratch);
    if (!scratch) return qk_fail(err, QK_ENOMEM, "no memory for %zu samples", samples);
    for (size_t j = 0; j < species; j++) {
        column c = {conc + j, unc + j, samples, species};
        bool still =
            is_silent(&c, rules->limit ? rules->limit[j] : -INFINITY, rules->limit != NULL);
        notes->silent += still;
        if (silent) silent[j] = still;
        prepare_column(&c, j, rules, scratch, notes);
    }
    free(scratch);
    return QK_OK;
}
