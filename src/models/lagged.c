/* SPDX-License-Identifier: Apache-2.0 */
#include "models/lagged.h"
#include "models/dense.h"
#include "models/ridge.h"
#include <math.h>
#include <stdlib.h>

enum { PAIRS_MIN = 30 }; /* below, a covariance is not believed */

static const double year_days = 365.2425;
static const double skew_limit = 1.5;
static const double weight_lambda = 0.02; /* share of a lead's variance */

typedef struct column_fit {
    const qk_weather_archive *archive;
    size_t column, days;
    int32_t first_day;
    const bool *learn;
    bool season;                                             /* known */
    double scale;                                            /* of log(1 + x scale); 0: as it is */
    double *anomaly;                                         /* [days + leads][leads + 1] */
    double cov[QK_LAGGED_LEADS + 1][QK_LAGGED_LEADS + 1];    /* of anomalies of the same day */
    double weight[QK_LAGGED_LEADS + 1][QK_LAGGED_LEADS + 1]; /* lead, of the forecast of lead */
    double explained[QK_LAGGED_LEADS + 1];                   /* variance of that mean */
    double sd;
    size_t proxy; /* the shortest lead that has data */
} column_fit;

bool qk_season_known(const bool *learn, size_t days)
{
    size_t first = 0, last = days;
    while (first < days && !learn[first]) first++;
    while (last > first && !learn[last - 1]) last--;
    return last - first >= QK_SEASON_DAYS;
}

void qk_season_terms(double out[QK_SEASON_TERMS], int32_t day, bool known)
{
    double a = 2 * 3.14159265358979323846 * fmod((double)day, year_days) / year_days;
    out[0] = 1;
    out[1] = sin(a);
    out[2] = cos(a);
    out[3] = sin(2 * a);
    out[4] = cos(2 * a);
    for (size_t i = 1; !known && i < QK_SEASON_TERMS; i++) out[i] = 0;
}

/* Forecast of lead for day index t, as it stands in the archive. */
static double raw_at(const column_fit *c, size_t t, size_t lead)
{
    const qk_weather_archive *a = c->archive;
    int64_t issue = (int64_t)c->first_day + (int64_t)t - (int64_t)lead - a->first_issue;
    if (issue < 0 || issue >= (int64_t)a->issues) return NAN;
    double v = a->value[((size_t)issue * a->leads + lead - 1) * a->columns + c->column];
    return isfinite(v) ? v : NAN;
}

static double value_at(const column_fit *c, size_t t, size_t lead)
{
    double v = raw_at(c, t, lead);
    return c->scale > 0 && v > 0 ? log1p(v * c->scale) : v;
}

typedef struct moments {
    double n, mean, square, cube, least; /* square and cube about `mean` */
} moments;

static moments moments_about(const column_fit *c, double centre)
{
    moments m = {.least = INFINITY};
    for (size_t t = 0; t < c->days; t++) {
        for (size_t l = 1; c->learn[t] && l <= c->archive->leads; l++) {
            double v = raw_at(c, t, l), d = v - centre;
            if (isnan(v)) continue;
            m.n++;
            m.mean += v;
            m.square += d * d;
            m.cube += d * d * d;
            m.least = fmin(m.least, v);
        }
    }
    m.mean /= fmax(m.n, 1);
    return m;
}

static void find_scale(column_fit *c)
{
    double mean = moments_about(c, 0).mean;
    moments m = moments_about(c, mean);
    if (m.n < PAIRS_MIN) return;
    double sd = sqrt(m.square / m.n);
    if (m.least >= 0 && mean > 0 && sd > 0 && m.cube / m.n > skew_limit * sd * sd * sd)
        c->scale = 1 / mean;
}

static qk_code take_season_off(column_fit *c, qk_error *err)
{
    qk_gram gram = {0};
    qk_ridge season = {0};
    double row[QK_SEASON_TERMS + 1] = {0};
    size_t leads = c->archive->leads;
    QK_TRY(qk_gram_init(&gram, QK_SEASON_TERMS - 1, err));
    for (size_t t = 0; t < c->days; t++) {
        qk_season_terms(row, c->first_day + (int32_t)t, c->season);
        for (size_t l = 1; c->learn[t] && l <= leads; l++) {
            row[QK_SEASON_TERMS] = value_at(c, t, l);
            if (!isnan(row[QK_SEASON_TERMS])) qk_gram_add(&gram, row);
        }
    }
    qk_code code = gram.sum[0] >= PAIRS_MIN ? qk_ridge_fit(&season, &gram, 1e-6, err) : QK_OK;
    for (size_t t = 0; code == QK_OK && season.slope && t < c->days + leads; t++) {
        qk_season_terms(row, c->first_day + (int32_t)t, c->season);
        double mean = qk_ridge_at(&season, row + 1);
        for (size_t l = 1; l <= leads; l++) {
            double v = value_at(c, t, l);
            c->anomaly[t * (leads + 1) + l] = isnan(v) ? NAN : v - mean;
        }
    }
    qk_ridge_clear(&season);
    qk_gram_clear(&gram);
    return code;
}

static void find_covariances(column_fit *c)
{
    size_t leads = c->archive->leads;
    for (size_t i = 1; i <= leads; i++) {
        for (size_t j = 1; j <= i; j++) {
            double sum = 0, n = 0;
            for (size_t t = 0; t < c->days; t++) {
                const double *a = c->anomaly + t * (leads + 1);
                if (!c->learn[t] || isnan(a[i]) || isnan(a[j])) continue;
                sum += a[i] * a[j];
                n++;
            }
            c->cov[i][j] = c->cov[j][i] = n >= PAIRS_MIN ? sum / n : 0;
        }
    }
    for (c->proxy = 1; c->proxy <= leads && !(c->cov[c->proxy][c->proxy] > 0);) c->proxy++;
}

/* Weights of the forecasts of leads from..leads in the mean of the proxy given them. */
static void regress_proxy(column_fit *c, size_t lead, size_t from)
{
    enum { STRIDE = QK_LAGGED_LEADS };
    double a[STRIDE * STRIDE], b[STRIDE] = {0}, cross[STRIDE];
    size_t n = 0, of[STRIDE];
    for (size_t l = from; l <= c->archive->leads; l++)
        if (c->cov[l][l] > 0) of[n++] = l;
    for (size_t i = 0; i < n; i++) {
        cross[i] = b[i] = c->cov[c->proxy][of[i]];
        for (size_t j = 0; j <= i; j++) a[i * STRIDE + j] = c->cov[of[i]][of[j]];
        a[i * STRIDE + i] *= 1 + weight_lambda;
    }
    c->explained[lead] = 0;
    /* pairs of leads that seldom stand together can leave no covariance matrix: then no weight */
    if (n == 0 || !qk_dense_cholesky(a, n, STRIDE)) return;
    qk_dense_forward(a, n, STRIDE, b);
    qk_dense_back(a, n, STRIDE, b);
    for (size_t i = 0; i < n; i++) {
        c->weight[lead][of[i]] = b[i];
        c->explained[lead] += b[i] * cross[i];
    }
}

/* The signal's variance from three leads whose errors are independent of each other. */
static double signal_variance(const column_fit *c)
{
    double whole = c->cov[c->proxy][c->proxy], found = whole;
    if (c->proxy + 2 <= c->archive->leads && c->cov[c->proxy + 1][c->proxy + 2] > 0)
        found = c->cov[c->proxy][c->proxy + 1] * c->cov[c->proxy][c->proxy + 2] /
                c->cov[c->proxy + 1][c->proxy + 2];
    return fmin(fmax(found, 0.3 * whole), whole);
}

static void find_weights(column_fit *c)
{
    size_t leads = c->archive->leads, p = c->proxy;
    double signal = signal_variance(c), noise = c->cov[p][p] - signal;
    c->sd = sqrt(signal);
    for (size_t l = p + 1; l <= leads; l++) regress_proxy(c, l, l);
    double left = fmax(signal - (p < leads ? c->explained[p + 1] : 0), 1e-6 * signal);
    double trust = left / (left + noise);
    for (size_t l = 1; l <= p; l++) {
        c->weight[l][p] = trust;
        for (size_t j = p + 1; j <= leads; j++) c->weight[l][j] = (1 - trust) * c->weight[p + 1][j];
    }
}

static void gather_column(const column_fit *c, qk_lagged *out)
{
    size_t leads = c->archive->leads;
    for (size_t i = 0; i < c->days; i++) {
        for (size_t l = 1; l <= leads; l++) {
            const double *a = c->anomaly + (i + l) * (leads + 1);
            double sum = 0;
            for (size_t j = l; j <= leads; j++)
                if (!isnan(a[j])) sum += c->weight[l][j] * a[j];
            out->value[(i * leads + l - 1) * out->columns + c->column] = sum / c->sd;
        }
    }
}

static qk_code fit_column(column_fit *c, qk_lagged *out, qk_error *err)
{
    size_t cells = (c->days + c->archive->leads) * (c->archive->leads + 1);
    for (size_t i = 0; i < cells; i++) c->anomaly[i] = NAN;
    find_scale(c);
    QK_TRY(take_season_off(c, err));
    find_covariances(c);
    if (c->proxy > c->archive->leads) return QK_OK;
    find_weights(c);
    gather_column(c, out);
    return QK_OK;
}

qk_code qk_lagged_fit(qk_lagged *out, const qk_weather_archive *archive, int32_t first_day,
                      size_t days, const bool *learn, qk_error *err)
{
    size_t leads = archive->leads;
    qk_code code = QK_OK;
    *out = (qk_lagged){.days = days, .leads = leads, .columns = archive->columns};
    if (leads > QK_LAGGED_LEADS || archive->columns > QK_LAGGED_COLUMNS || days == 0 ||
        days > QK_LAGGED_DAYS)
        return qk_fail(err, QK_EINVAL, "%zu leads, %zu columns, %zu days: at most %d, %d, %d",
                       leads, archive->columns, days, QK_LAGGED_LEADS, QK_LAGGED_COLUMNS,
                       QK_LAGGED_DAYS);
    out->value = calloc(days * leads * archive->columns + 1, sizeof *out->value);
    double *anomaly = calloc((days + leads) * (leads + 1), sizeof *anomaly);
    if (!out->value || !anomaly)
        code = qk_fail(err, QK_ENOMEM, "no memory for the weather of %zu days", days);
    for (size_t v = 0; code == QK_OK && v < archive->columns; v++) {
        column_fit c = {.archive = archive, .column = v, .days = days, .first_day = first_day};
        c.learn = learn;
        c.season = qk_season_known(learn, days);
        c.anomaly = anomaly;
        code = fit_column(&c, out, err);
    }
    free(anomaly);
    if (code != QK_OK) qk_lagged_clear(out);
    return code;
}

void qk_lagged_clear(qk_lagged *lagged)
{
    free(lagged->value);
    *lagged = (qk_lagged){0};
}

double qk_lagged_at(const qk_lagged *lagged, size_t issue, int32_t lead, size_t column)
{
    int64_t from = (int64_t)issue;
    if (lead < 1) {
        from += lead - 1;
        lead = 1;
    }
    if (from < 0 || from >= (int64_t)lagged->days || lead > (int32_t)lagged->leads) return 0;
    return lagged
        ->value[((size_t)from * lagged->leads + (size_t)lead - 1) * lagged->columns + column];
}
