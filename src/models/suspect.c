/* SPDX-License-Identifier: Apache-2.0 */
#include "models/suspect.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS_MAX = 288,
    STRENGTHS = 32,
    INSTANTS = 3,
    SPREADS = 3,
    TURNS = 7,
    PACES = 3,
    ERRORS = TURNS * PACES,
    FOLDED = 8, /* readings whose ratios stay within a double's range together */
    HOUR_READINGS_MAX = 20000
};
#define REACH      4.0 /* widths of the plume */
#define ERROR_SPAN 2.0 /* standard deviations of the direction, either way */
#define SPEED_SPAN 1.3 /* and of the speed, in three steps of nearly equal weight */
static const double pi = 3.14159265358979323846, radian = 3.14159265358979323846 / 180;
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
                   {QK_EVIDENCE_TREATMENT_OFF, 4}, {QK_EVIDENCE_BEFORE, 1.5},
                   {QK_EVIDENCE_PERMIT, 1.3}};
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

typedef struct nearest {
    double along_m, across2_m2, speed; /* speed 0: it passes too far away */
} nearest;

/* A path on the plane about its sensor; wide: squared half-width beyond which the plume adds
 * nothing along the step that ends there; reach: the same with the errors of the wind. */
typedef struct plane_path {
    size_t points, first, end;            /* first to end: what the source at hand may reach */
    double *x, *y, *along, *wide, *reach; /* [steps + 1] */
} plane_path;

/* One way the wind may have been other than measured, in all of an hour's air alike. */
typedef struct error_case {
    double c, s, scale, weight; /* turn, factor of the speed, probability */
} error_case;

typedef struct job {
    const qk_suspect_input *in;
    size_t *order;      /* readings by time */
    plane_path *path;   /* [readings of an hour][INSTANTS] */
    double *room;       /* their points */
    double *east;       /* [readings of an hour][2] offset of the source from the sensor */
    nearest *near;      /* [readings of an hour][INSTANTS] */
    unsigned char *hit; /* [readings of an hour] its plume may have come there */
    double *like;       /* [sources][SPREADS][STRENGTHS] logarithms */
    double *log_like;   /* [sources] */
    double strength[STRENGTHS];
    error_case error[ERRORS];
    double direction, within, model_error, speed_error;
    size_t steps, with_wind;
} job;

/* Offsets in metres east and north of b from a; good for a county. */
static void offset_of(qk_place a, qk_place b, double *east, double *north)
{
    *north = (b.lat - a.lat) * radian * QK_EARTH_RADIUS_M;
    *east = (b.lon - a.lon) * radian * QK_EARTH_RADIUS_M * cos(a.lat * radian);
}

static double width2_of(const job *j, double along, double spread)
{
    double sy = spread * sigma_y(along), turn = along * j->within;
    return sy * sy + turn * turn;
}

static void lay_path(const job *j, plane_path *out, const qk_trajectory_point *path, size_t points)
{
    out->points = points;
    out->along[0] = 0;
    for (size_t p = 0; p < points; p++) {
        offset_of(path[0].at, path[p].at, &out->x[p], &out->y[p]);
        if (p > 0)
            out->along[p] =
                out->along[p - 1] + hypot(out->x[p] - out->x[p - 1], out->y[p] - out->y[p - 1]);
        out->wide[p] = REACH * REACH * width2_of(j, out->along[p], 1);
        out->reach[p] =
            sqrt(out->wide[p]) + ERROR_SPAN * out->along[p] * hypot(j->direction, j->speed_error);
    }
}

/* Could any wind within the errors have brought air from there? Keeps the part of the path from
 * which that is so. */
static bool in_reach(plane_path *path, double x, double y)
{
    path->first = path->end = 0;
    for (size_t p = 0; p < path->points; p++) {
        double step = p + 1 < path->points ? path->along[p + 1] - path->along[p] : 0;
        double ax = x - path->x[p], ay = y - path->y[p];
        double far = path->reach[p] + step;
        if (ax * ax + ay * ay >= far * far) continue;
        if (path->end == 0) path->first = p;
        path->end = p + 1;
    }
    return path->end > 0;
}

/* Where the path comes nearest to the place, in units of the plume's width there; lengths are those
 * of the path laid, `scale` those of the air. */
static bool pass_by(const job *j, const plane_path *path, double x, double y, double scale,
                    nearest *best)
{
    double least = REACH * REACH;
    bool found = false;
    for (size_t p = path->first; p < path->end && p + 1 < path->points; p++) {
        double ex = path->x[p + 1] - path->x[p], ey = path->y[p + 1] - path->y[p];
        double px = x - path->x[p], py = y - path->y[p], l2 = ex * ex + ey * ey, t = 0;
        double forward = px * ex + py * ey;
        if (forward > 0) t = forward < l2 ? forward / l2 : 1;
        double ax = px - t * ex, ay = py - t * ey, across2 = ax * ax + ay * ay;
        if (across2 > 2 * path->wide[p + 1]) continue;
        double length = path->along[p + 1] - path->along[p];
        double along = scale * (path->along[p] + t * length);
        double q = scale * scale * across2 / width2_of(j, along, 1);
        if (q >= least) continue;
        least = q;
        double speed = scale * length / ((double)step_ms / 1000);
        *best = (nearest){along, scale * scale * across2,
                          speed > least_speed_ms ? speed : least_speed_ms};
        found = true;
    }
    return found;
}

static double unit_effect(const job *j, const nearest *n, double spread)
{
    double width2 = width2_of(j, n->along_m, spread);
    return exp(-n->across2_m2 / (2 * width2)) /
           (pi * n->speed * sqrt(width2) * spread * sigma_z(n->along_m));
}

/* A reading is the mean of the hour that ends at its time: a few instants of it are followed. */
static qk_code follow_reading(job *j, size_t r, plane_path *path, qk_error *err)
{
    qk_trajectory_point points[STEPS_MAX + 1];
    const qk_reading *reading = &j->in->reading[r];
    for (int i = 0; i < INSTANTS; i++) {
        size_t count;
        qk_time t = reading->time - (2 * i + 1) * QK_HOUR / (2 * INSTANTS);
        QK_TRY(qk_trajectory_run(points, &count, j->in->sensor[reading->sensor], t, -step_ms,
                                 j->steps, j->in->wind, j->in->field, err));
        j->with_wind += count > 1;
        lay_path(j, &path[i], points, count);
    }
    return QK_OK;
}

/* Heavy tails: a reading that fits nothing must not decide alone (Student, 4 degrees). */
static double reading_likelihood(double excess, double modelled, double var)
{
    double d = excess - modelled;
    return -0.5 * log(var) - 2.5 * log(1 + d * d / (4 * var));
}

/* What the readings are worth beside "nothing registered reaches any" when the cause is not
 * registered: one in ten may be anything up to the greatest. */
static double stray_likelihood(const qk_suspect_input *in, double most)
{
    double sum = 0, var = in->noise * in->noise;
    for (size_t r = 0; r < in->readings; r++) {
        double x = in->reading[r].excess;
        if (!isfinite(x)) continue;
        double l = reading_likelihood(x, 0, var);
        sum += log(0.9 * exp(l) + 0.1 / most) - l;
    }
    return sum;
}

/* Multiplies into product[q] the squared inverse of the likelihood of one reading at each strength,
 * as a ratio to that of the background alone: Student's is a power of rational numbers, so that one
 * logarithm does for many readings. */
static void multiply_reading(const job *j, double *product, double x, double effect)
{
    double var = j->in->noise * j->in->noise, t0 = 1 + x * x / (4 * var), t02 = t0 * t0;
    double scale = 1 / (var * t02 * t02 * t0), error2 = j->model_error * j->model_error;
    for (size_t q = 0; q < STRENGTHS; q++) {
        double modelled = j->strength[q] * effect, v = var + error2 * modelled * modelled;
        double d = x - modelled, t = 1 + d * d / (4 * v), t2 = t * t;
        product[q] *= v * scale * t2 * t2 * t;
    }
}

static void fold(double *sum, double *product)
{
    for (size_t q = 0; q < STRENGTHS; q++) {
        sum[q] -= 0.5 * log(product[q]);
        product[q] = 1;
    }
}

/* Log-likelihood ratio of an hour's readings at each strength under one error of the wind. */
static void weigh_case(const job *j, const size_t *hour, size_t n, double spread, double *sum)
{
    double product[STRENGTHS];
    size_t taken = 0;
    for (size_t q = 0; q < STRENGTHS; q++) {
        sum[q] = 0;
        product[q] = 1;
    }
    for (size_t m = 0; m < n; m++) {
        double effect = 0;
        for (size_t i = 0; i < INSTANTS && j->hit[m]; i++) {
            const nearest *near = &j->near[m * INSTANTS + i];
            if (near->speed > 0) effect += unit_effect(j, near, spread) / INSTANTS;
        }
        if (!(effect > 0)) continue;
        multiply_reading(j, product, j->in->reading[hour[m]].excess, effect);
        if (++taken % FOLDED == 0) fold(sum, product);
    }
    if (taken % FOLDED) fold(sum, product);
}

/* Turned and stretched about each sensor: how the source lies to the paths. */
static void place_source(const job *j, const error_case *e, size_t n)
{
    for (size_t m = 0; m < n; m++) {
        double x = j->east[2 * m], y = j->east[2 * m + 1];
        double tx = (e->c * x + e->s * y) / e->scale, ty = (e->c * y - e->s * x) / e->scale;
        for (size_t i = 0; i < INSTANTS && j->hit[m]; i++) {
            size_t at = m * INSTANTS + i;
            if (!pass_by(j, &j->path[at], tx, ty, e->scale, &j->near[at])) j->near[at].speed = 0;
        }
    }
}

/* Adds the logarithm of the mean over the errors. */
static void add_mean(const job *j, double *like, double (*each)[STRENGTHS])
{
    for (size_t q = 0; q < STRENGTHS; q++) {
        double top = -INFINITY, sum = 0;
        for (size_t e = 0; e < ERRORS; e++) top = fmax(top, each[e][q]);
        for (size_t e = 0; e < ERRORS; e++) sum += j->error[e].weight * exp(each[e][q] - top);
        like[q] += top + log(sum);
    }
}

static void weigh_source(job *j, size_t s, const size_t *hour, size_t n, qk_suspect *out)
{
    static const double spreads[SPREADS] = {0.6, 1, 1.6};
    double each[SPREADS][ERRORS][STRENGTHS];
    size_t hits = 0;
    for (size_t m = 0; m < n; m++) {
        double *east = &j->east[2 * m];
        offset_of(j->in->sensor[j->in->reading[hour[m]].sensor], j->in->source[s], &east[0],
                  &east[1]);
        j->hit[m] = 0;
        for (size_t i = 0; i < INSTANTS; i++)
            if (in_reach(&j->path[m * INSTANTS + i], east[0], east[1])) j->hit[m] = 1;
        hits += j->hit[m];
    }
    out->readings += (uint32_t)hits;
    if (hits == 0) return;
    for (size_t e = 0; e < ERRORS; e++) {
        place_source(j, &j->error[e], n);
        for (size_t k = 0; k < SPREADS; k++) weigh_case(j, hour, n, spreads[k], each[k][e]);
    }
    for (size_t k = 0; k < SPREADS; k++)
        add_mean(j, j->like + (s * SPREADS + k) * STRENGTHS, each[k]);
}

/* Integrates over the spread and the strength, even in its logarithm. */
static void sum_source(job *j, size_t s, qk_suspect *out)
{
    const double *like = j->like + s * SPREADS * STRENGTHS;
    double top = -INFINITY, sum = 0, prior = j->in->prior ? j->in->prior[s] : 1;
    for (size_t i = 0; i < SPREADS * STRENGTHS; i++) {
        if (!(like[i] > top)) continue;
        top = like[i];
        out->strength = j->strength[i % STRENGTHS];
    }
    for (size_t i = 0; i < SPREADS * STRENGTHS; i++) sum += exp(like[i] - top);
    bool possible = out->readings > 0 && prior > 0;
    j->log_like[s] = possible ? top + log(sum / (SPREADS * STRENGTHS)) + log(prior) : -INFINITY;
    if (out->readings == 0) out->strength = 0;
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

static double greatest_excess(const qk_suspect_input *in)
{
    double most = in->noise;
    for (size_t r = 0; r < in->readings; r++)
        if (isfinite(in->reading[r].excess)) most = fmax(most, in->reading[r].excess);
    return most;
}

static void share_out(job *j, qk_suspect *out, double *unknown, double unknown_prior)
{
    double total_prior = 0, top, sum = 0;
    for (size_t s = 0; s < j->in->sources; s++)
        total_prior += j->in->prior ? fmax(j->in->prior[s], 0) : 1;
    double share = unknown_prior / (1 - unknown_prior) * total_prior;
    double none =
        share > 0 ? stray_likelihood(j->in, greatest_excess(j->in)) + log(share) : -INFINITY;
    top = none;
    for (size_t s = 0; s < j->in->sources; s++) top = fmax(top, j->log_like[s]);
    if (!isfinite(top)) top = 0;
    sum = exp(none - top);
    for (size_t s = 0; s < j->in->sources; s++) sum += exp(j->log_like[s] - top);
    for (size_t s = 0; s < j->in->sources; s++)
        out[s].probability = sum > 0 ? exp(j->log_like[s] - top) / sum : 0;
    *unknown = sum > 0 ? exp(none - top) / sum : 1;
}

static int compare_times(const void *a, const void *b, void *in)
{
    const qk_reading *reading = ((const qk_suspect_input *)in)->reading;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    if (reading[x].time != reading[y].time) return reading[x].time < reading[y].time ? -1 : 1;
    return (x > y) - (x < y);
}

/* The readings that are numbers, by time. *most: in one hour. */
static qk_code order_readings(job *j, size_t *count, size_t *most, qk_error *err)
{
    const qk_suspect_input *in = j->in;
    *count = *most = 0;
    for (size_t r = 0; r < in->readings; r++) {
        if (in->reading[r].sensor >= in->sensors)
            return qk_fail(err, QK_EINVAL, "reading %zu is of no sensor", r + 1);
        if (isfinite(in->reading[r].excess)) j->order[(*count)++] = r;
    }
    qsort_r(j->order, *count, sizeof *j->order, compare_times, (void *)in);
    for (size_t r = 0, first = 0; r < *count; r++) {
        if (in->reading[j->order[r]].time != in->reading[j->order[first]].time) first = r;
        if (r + 1 - first > *most) *most = r + 1 - first;
    }
    if (*most > HOUR_READINGS_MAX)
        return qk_fail(err, QK_ERANGE, "%zu readings of one hour; at most %d", *most,
                       HOUR_READINGS_MAX);
    return QK_OK;
}

/* Room for the hour with the most readings. */
static bool make_room(job *j, size_t most)
{
    size_t paths = most * INSTANTS, points = j->steps + 1;
    j->path = calloc(paths + 1, sizeof *j->path);
    j->near = calloc(paths + 1, sizeof *j->near);
    j->room = calloc(paths * points + 1, 5 * sizeof *j->room);
    j->east = calloc(most + 1, 2 * sizeof *j->east);
    j->hit = calloc(most + 1, sizeof *j->hit);
    if (!j->path || !j->near || !j->room || !j->east || !j->hit) return false;
    for (size_t p = 0; p < paths; p++) {
        double *at = j->room + 5 * p * points;
        j->path[p] = (plane_path){.x = at,
                                  .y = at + points,
                                  .along = at + 2 * points,
                                  .wide = at + 3 * points,
                                  .reach = at + 4 * points};
    }
    return true;
}

static void list_errors(job *j)
{
    double total = 0;
    for (size_t e = 0; e < ERRORS; e++) {
        size_t slow = e / TURNS, left = e % TURNS;
        double turn = ERROR_SPAN * (2.0 * (double)left / (TURNS - 1) - 1);
        double pace = SPEED_SPAN * ((double)slow - 1);
        j->error[e] =
            (error_case){cos(turn * j->direction), sin(turn * j->direction),
                         exp(pace * j->speed_error), exp(-0.5 * (turn * turn + pace * pace))};
        total += j->error[e].weight;
    }
    for (size_t e = 0; e < ERRORS; e++) j->error[e].weight /= total;
}

static qk_code run_job(job *j, qk_suspect *out, double *unknown, double unknown_prior,
                       qk_error *err)
{
    size_t count, most;
    QK_TRY(order_readings(j, &count, &most, err));
    if (most == 0) return qk_fail(err, QK_EFORMAT, "no reading is a number");
    if (!make_room(j, most)) return qk_fail(err, QK_ENOMEM, "no memory for %zu paths", most);
    for (size_t s = 0; s < j->in->sources; s++) out[s] = (qk_suspect){.source = s};
    for (size_t r = 0, end; r < count; r = end) {
        qk_time t = j->in->reading[j->order[r]].time;
        for (end = r; end < count && j->in->reading[j->order[end]].time == t; end++)
            QK_TRY(follow_reading(j, j->order[end], &j->path[(end - r) * INSTANTS], err));
        for (size_t s = 0; s < j->in->sources; s++)
            weigh_source(j, s, j->order + r, end - r, &out[s]);
    }
    if (j->with_wind == 0)
        return qk_fail(err, QK_EFORMAT, "no reading has both a value and a wind");
    for (size_t s = 0; s < j->in->sources; s++) {
        sum_source(j, s, &out[s]);
        describe(j->in, &out[s]);
    }
    share_out(j, out, unknown, unknown_prior);
    qsort(out, j->in->sources, sizeof *out, compare_suspects);
    return QK_OK;
}

static void free_job(job *j)
{
    free(j->order);
    free(j->path);
    free(j->room);
    free(j->east);
    free(j->near);
    free(j->hit);
    free(j->like);
    free(j->log_like);
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
    j.direction = (in->direction_deg > 0 ? in->direction_deg : 8) * radian;
    j.within = tan(j.direction / 2);
    j.speed_error = 0.15;
    j.model_error = in->model_error > 0 ? in->model_error : 0.35;
    j.steps = (size_t)fmin(STEPS_MAX, ceil(hours * 12));
    for (size_t q = 0; q < STRENGTHS; q++)
        j.strength[q] = greatest_excess(in) * pow(10, 3 + 6.5 * (double)q / (STRENGTHS - 1));
    list_errors(&j);
    j.order = calloc(in->readings, sizeof *j.order);
    j.like = calloc(in->sources, SPREADS * STRENGTHS * sizeof *j.like);
    j.log_like = calloc(in->sources, sizeof *j.log_like);
    qk_code code = j.order && j.like && j.log_like
                       ? run_job(&j, out, unknown, unknown_prior, err)
                       : qk_fail(err, QK_ENOMEM, "no memory for %zu readings of %zu sources",
                                 in->readings, in->sources);
    free_job(&j);
    return code;
}
