/* SPDX-License-Identifier: Apache-2.0 */
#include "models/suspect.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 288, STRENGTHS = 41, INSTANTS = 3 };
static const double radian = 3.14159265358979323846 / 180;
static const qk_time step_ms = 5 * QK_MINUTE;
static const double start_spread_m = 30;  /* of a source that is no point */
static const double least_speed_ms = 0.3; /* slower air spreads, it does not carry */

double qk_evidence_weight(unsigned evidence)
{
    static const struct {
        unsigned bit;
        double factor;
    } weights[] = {{QK_EVIDENCE_RUNNING, 2},       {QK_EVIDENCE_IDLE, 0.1},
                   {QK_EVIDENCE_FIRE, 5},          {QK_EVIDENCE_AT_WORK, 2},
                   {QK_EVIDENCE_TREATMENT_OFF, 4}, {QK_EVIDENCE_BEFORE, 1.5}};
    double weight = 1;
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        if (evidence & weights[i].bit) weight *= weights[i].factor;
    return weight;
}

/* Briggs, open country, class D. */
static double sigma_y(double x)
{
    return 0.08 * x / sqrt(1 + 0.0001 * x) + start_spread_m;
}

static double sigma_z(double x)
{
    return 0.06 * x / sqrt(1 + 0.0015 * x) + start_spread_m / 3;
}

typedef struct job {
    const qk_suspect_input *in;
    double *effect; /* [readings][sources] excess for a unit of emission */
    double *log_like;
    double *each; /* [readings] likelihood as background */
    double background;
    double direction, model_error;
    size_t steps, with_wind;
} job;

/* Offsets in metres east and north of b from a; good for a county. */
static void offset_of(qk_place a, qk_place b, double *east, double *north)
{
    *north = (b.lat - a.lat) * radian * QK_EARTH_RADIUS_M;
    *east = (b.lon - a.lon) * radian * QK_EARTH_RADIUS_M * cos(a.lat * radian);
}

typedef struct nearest {
    double along_m, across_m, speed;
} nearest;

/* A path on the plane about its sensor. */
typedef struct plane_path {
    size_t points;
    double x[STEPS_MAX + 1], y[STEPS_MAX + 1], along[STEPS_MAX + 1];
} plane_path;

static void lay_path(plane_path *out, const qk_trajectory_point *path, size_t points)
{
    out->points = points;
    out->along[0] = 0;
    for (size_t p = 0; p < points; p++) {
        offset_of(path[0].at, path[p].at, &out->x[p], &out->y[p]);
        if (p > 0)
            out->along[p] =
                out->along[p - 1] + hypot(out->x[p] - out->x[p - 1], out->y[p] - out->y[p - 1]);
    }
}

/* Where the path comes nearest to the place, in units of the plume's width there. */
static bool pass_by(const job *j, const plane_path *path, double x, double y, nearest *best)
{
    double least = 16;
    bool found = false;
    for (size_t p = 0; p + 1 < path->points; p++) {
        double ex = path->x[p + 1] - path->x[p], ey = path->y[p + 1] - path->y[p];
        double px = x - path->x[p], py = y - path->y[p], l2 = ex * ex + ey * ey, t = 0;
        if (l2 > 0) t = fmin(1, fmax(0, (px * ex + py * ey) / l2));
        double ax = px - t * ex, ay = py - t * ey, length = path->along[p + 1] - path->along[p];
        double along = path->along[p] + t * length, sy = sigma_y(along);
        double width2 = sy * sy + along * along * j->direction * j->direction;
        double q = (ax * ax + ay * ay) / width2;
        if (q >= least) continue;
        least = q;
        double speed = length / ((double)step_ms / 1000);
        *best = (nearest){along, sqrt(ax * ax + ay * ay),
                          speed > least_speed_ms ? speed : least_speed_ms};
        found = true;
    }
    return found;
}

static double unit_effect(const job *j, const nearest *n)
{
    double width = hypot(sigma_y(n->along_m), n->along_m * j->direction);
    double q = n->across_m * n->across_m / (2 * width * width);
    return exp(-q) / (3.14159265358979323846 * n->speed * width * sigma_z(n->along_m));
}

static qk_code follow_instant(job *j, size_t r, qk_time t, qk_error *err)
{
    qk_trajectory_point path[STEPS_MAX + 1];
    plane_path plane;
    size_t points;
    QK_TRY(qk_trajectory_run(path, &points, j->in->sensor[j->in->reading[r].sensor], t, -step_ms,
                             j->steps, j->in->wind, j->in->field, err));
    j->with_wind += points > 1;
    lay_path(&plane, path, points);
    for (size_t s = 0; s < j->in->sources; s++) {
        nearest n;
        double x, y;
        offset_of(path[0].at, j->in->source[s], &x, &y);
        if (pass_by(j, &plane, x, y, &n))
            j->effect[r * j->in->sources + s] += unit_effect(j, &n) / INSTANTS;
    }
    return QK_OK;
}

/* A reading is the mean of the hour that ends at its time: a few instants of it are followed. */
static qk_code follow_reading(job *j, size_t r, qk_error *err)
{
    const qk_reading *reading = &j->in->reading[r];
    if (reading->sensor >= j->in->sensors)
        return qk_fail(err, QK_EINVAL, "reading %zu is of no sensor", r + 1);
    for (int i = 0; i < INSTANTS && isfinite(reading->excess); i++)
        QK_TRY(follow_instant(j, r, reading->time - (2 * i + 1) * QK_HOUR / (2 * INSTANTS), err));
    return QK_OK;
}

/* Heavy tails: a reading that fits nothing must not decide alone (Student, 4 degrees). */
static double reading_likelihood(double excess, double modelled, double var)
{
    double d = excess - modelled;
    return -0.5 * log(var) - 2.5 * log(1 + d * d / (4 * var));
}

/* What each reading is worth when nothing registered reaches it; stray: when the cause is not
 * registered, one reading in ten may be anything up to the greatest. Returns the sum. */
static double background_likelihood(const job *j, double *each, bool stray)
{
    double sum = 0, most = j->in->noise;
    for (size_t r = 0; r < j->in->readings; r++)
        if (isfinite(j->in->reading[r].excess)) most = fmax(most, j->in->reading[r].excess);
    for (size_t r = 0; r < j->in->readings; r++) {
        double x = j->in->reading[r].excess, var = j->in->noise * j->in->noise, l = 0;
        if (isfinite(x)) l = reading_likelihood(x, 0, var);
        if (isfinite(x) && stray) l = log(0.9 * exp(l) + 0.1 / most);
        if (each) each[r] = l;
        sum += l;
    }
    return sum;
}

/* Log-likelihood of all readings when source s emits `strength`. */
static double log_likelihood(const job *j, size_t s, double strength)
{
    double sum = j->background;
    for (size_t r = 0; r < j->in->readings; r++) {
        double effect = j->effect[r * j->in->sources + s], x = j->in->reading[r].excess;
        if (effect <= 0 || !isfinite(x)) continue;
        double modelled = strength * effect, spread = j->model_error * modelled;
        double var = j->in->noise * j->in->noise + spread * spread;
        sum += reading_likelihood(x, modelled, var) - j->each[r];
    }
    return sum;
}

/* Integrates over the strength, even in its logarithm. */
static void weigh_source(job *j, size_t s, qk_suspect *out)
{
    double scale = 0, top = -INFINITY, like[STRENGTHS] = {0}, sum = 0;
    for (size_t r = 0; r < j->in->readings; r++) {
        double e = j->effect[r * j->in->sources + s], x = j->in->reading[r].excess;
        out->readings += e > 0;
        if (e > 0 && isfinite(x) && x > 0) scale = fmax(scale, e);
    }
    double strongest = j->in->noise;
    for (size_t r = 0; r < j->in->readings; r++)
        if (isfinite(j->in->reading[r].excess))
            strongest = fmax(strongest, j->in->reading[r].excess);
    for (int q = 0; q < STRENGTHS && scale > 0; q++) {
        double strength = strongest / scale * pow(10, -2.5 + 5.0 * q / (STRENGTHS - 1));
        like[q] = log_likelihood(j, s, strength);
        if (like[q] > top) {
            top = like[q];
            out->strength = strength;
        }
    }
    for (int q = 0; q < STRENGTHS && scale > 0; q++) sum += exp(like[q] - top) / STRENGTHS;
    double prior = j->in->prior ? j->in->prior[s] : 1;
    bool possible = scale > 0 && prior > 0;
    j->log_like[s] = possible ? top + log(sum) + log(prior) : -INFINITY;
}

static void describe(const qk_suspect_input *in, qk_suspect *out)
{
    size_t top = 0;
    double east, north;
    for (size_t r = 1; r < in->readings; r++)
        if (isfinite(in->reading[r].excess) &&
            (!isfinite(in->reading[top].excess) || in->reading[r].excess > in->reading[top].excess))
            top = r;
    qk_place at = in->sensor[in->reading[top].sensor];
    offset_of(at, in->source[out->source], &east, &north);
    out->distance_m = hypot(east, north);
    out->bearing_deg = fmod(atan2(east, north) / radian + 360, 360);
}

static int compare_suspects(const void *a, const void *b)
{
    const qk_suspect *x = a, *y = b;
    if (x->probability != y->probability) return x->probability < y->probability ? 1 : -1;
    return (x->source > y->source) - (x->source < y->source);
}

static void share_out(job *j, qk_suspect *out, double *unknown, double unknown_prior)
{
    double total_prior = 0, top, sum = 0;
    for (size_t s = 0; s < j->in->sources; s++)
        total_prior += j->in->prior ? fmax(j->in->prior[s], 0) : 1;
    double share = unknown_prior / (1 - unknown_prior) * total_prior;
    double none = share > 0 ? background_likelihood(j, NULL, true) + log(share) : -INFINITY;
    top = none;
    for (size_t s = 0; s < j->in->sources; s++) top = fmax(top, j->log_like[s]);
    if (!isfinite(top)) top = 0;
    sum = exp(none - top);
    for (size_t s = 0; s < j->in->sources; s++) sum += exp(j->log_like[s] - top);
    for (size_t s = 0; s < j->in->sources; s++)
        out[s].probability = sum > 0 ? exp(j->log_like[s] - top) / sum : 0;
    *unknown = sum > 0 ? exp(none - top) / sum : 1;
}

static qk_code run_job(job *j, qk_suspect *out, double *unknown, double unknown_prior,
                       qk_error *err)
{
    for (size_t r = 0; r < j->in->readings; r++) QK_TRY(follow_reading(j, r, err));
    if (j->with_wind == 0)
        return qk_fail(err, QK_EFORMAT, "no reading has both a value and a wind");
    j->background = background_likelihood(j, j->each, false);
    for (size_t s = 0; s < j->in->sources; s++) {
        out[s] = (qk_suspect){.source = s};
        weigh_source(j, s, &out[s]);
        describe(j->in, &out[s]);
    }
    share_out(j, out, unknown, unknown_prior);
    qsort(out, j->in->sources, sizeof *out, compare_suspects);
    return QK_OK;
}

qk_code qk_suspects_of(qk_suspect *out, double *unknown, const qk_suspect_input *in,
                       double unknown_prior, qk_error *err)
{
    double hours = in->hours > 0 ? in->hours : 3;
    if (!(in->noise > 0) || in->sources == 0 || in->readings == 0 || in->sources > 1000000 ||
        in->readings > 100000 || !(unknown_prior >= 0 && unknown_prior < 1))
        return qk_fail(err, QK_EINVAL, "%zu readings of noise %g, %zu sources", in->readings,
                       in->noise, in->sources);
    job j = {.in = in};
    j.direction = tan((in->direction_deg > 0 ? in->direction_deg : 5) * radian);
    j.model_error = in->model_error > 0 ? in->model_error : 0.55;
    j.steps = (size_t)fmin(STEPS_MAX, ceil(hours * 12));
    j.effect = calloc(in->readings * in->sources, sizeof *j.effect);
    j.log_like = calloc(in->sources, sizeof *j.log_like);
    j.each = calloc(in->readings, sizeof *j.each);
    qk_code code = j.effect && j.log_like && j.each
                       ? run_job(&j, out, unknown, unknown_prior, err)
                       : qk_fail(err, QK_ENOMEM, "no memory for %zu readings of %zu sources",
                                 in->readings, in->sources);
    free(j.effect);
    free(j.log_like);
    free(j.each);
    return code;
}
