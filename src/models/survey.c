/* SPDX-License-Identifier: Apache-2.0 */
#include "models/survey.h"
#include "models/polar.h"
#include "models/survey_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SURVEY_BYTES = 1 << 30, BIN_M = 10, BINS_MAX = 1 << 26, PEAKS_MAX = 20000 };

static const double radian = 3.14159265358979323846 / 180;

survey_xy qk_survey_xy(const survey_job *job, qk_place at)
{
    double m = QK_EARTH_RADIUS_M * radian;
    return (survey_xy){(at.lon - job->origin.lon) * m * cos(job->origin.lat * radian),
                       (at.lat - job->origin.lat) * m};
}

static bool is_place(qk_place p)
{
    return fabs(p.lon) <= 180 && fabs(p.lat) <= 90;
}

static double percentile_of(const double *sorted, size_t n, double percent)
{
    double at = percent / 100 * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* ---- checks and places ---- */

static qk_code check_track(survey_job *job, qk_error *err)
{
    double lon = 0, lat = 0;
    size_t vertices = 0;
    if (job->points == 0 || job->points > QK_SURVEY_POINTS_MAX)
        return qk_fail(err, job->points ? QK_EFULL : QK_EFORMAT,
                       "%zu points; a survey has 1 to %d, longer ones are given by day",
                       job->points, QK_SURVEY_POINTS_MAX);
    for (size_t i = 0; i < job->points; i++) {
        const qk_survey_point *p = &job->point[i];
        if (!is_place(p->at) || p->time == QK_TIME_NONE)
            return qk_fail(err, QK_EINVAL, "point %zu has no time or no place in degrees", i + 1);
        if (i > 0 && p->time < job->point[i - 1].time)
            return qk_fail(err, QK_EINVAL, "point %zu is earlier than the one before", i + 1);
        lon += p->at.lon;
        lat += p->at.lat;
    }
    job->origin = (qk_place){lon / (double)job->points, lat / (double)job->points};
    for (size_t r = 0; r < job->roads; r++)
        for (size_t v = 0; v < job->road[r].count; v++)
            if (!is_place(job->road[r].vertex[v]) || ++vertices > QK_SURVEY_VERTICES_MAX)
                return qk_fail(err, QK_EINVAL,
                               "vertex %zu of road %zu is no place in degrees, or there are more "
                               "than %d",
                               v + 1, r + 1, QK_SURVEY_VERTICES_MAX);
    return QK_OK;
}

static qk_code place_points(survey_job *job, qk_error *err)
{
    job->xy = qk_arena_array(job->scratch, job->points, sizeof *job->xy);
    job->out->match = qk_arena_array(job->arena, job->points, sizeof *job->out->match);
    if (!job->xy || !job->out->match)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu points", job->points);
    for (size_t i = 0; i < job->points; i++) job->xy[i] = qk_survey_xy(job, job->point[i].at);
    return QK_OK;
}

/* ---- background ---- */

typedef struct window {
    double *sorted;
    size_t n;
} window;

static size_t rank_in(const window *w, double v)
{
    size_t low = 0, high = w->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->sorted[middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void enter(window *w, double v)
{
    size_t at = rank_in(w, v);
    memmove(w->sorted + at + 1, w->sorted + at, (w->n++ - at) * sizeof v);
    w->sorted[at] = v;
}

static void leave(window *w, double v)
{
    size_t at = rank_in(w, v);
    memmove(w->sorted + at, w->sorted + at + 1, (--w->n - at) * sizeof v);
}

static qk_code subtract_background(survey_job *job, qk_error *err)
{
    const qk_survey_point *p = job->point;
    window w = {qk_arena_array(job->scratch, job->points + 1, sizeof(double)), 0};
    if (!w.sorted) return qk_fail(err, QK_ENOMEM, "no memory for %zu points", job->points);
    qk_time half = (qk_time)(job->o.window_s * (double)QK_SECOND / 2);
    size_t in = 0, gone = 0;
    for (size_t i = 0; i < job->points; i++) {
        for (; in < job->points && p[in].time <= p[i].time + half; in++)
            if (isfinite(p[in].value)) enter(&w, p[in].value);
        for (; p[gone].time < p[i].time - half; gone++)
            if (isfinite(p[gone].value)) leave(&w, p[gone].value);
        qk_survey_match *m = &job->out->match[i];
        bool known = isfinite(p[i].value);
        m->background = w.n ? percentile_of(w.sorted, w.n, job->o.percentile) : NAN;
        m->excess = known ? p[i].value - m->background : NAN;
        job->out->missing += !known;
    }
    return job->out->missing < job->points ? QK_OK
                                           : qk_fail(err, QK_EFORMAT, "no point has a value");
}

/* Six spreads of what is not a peak: most of the track is none, so the middle is enough. */
static qk_code see_threshold(survey_job *job, qk_error *err)
{
    double *size = qk_arena_array(job->scratch, job->points, sizeof *size);
    size_t n = 0;
    if (!size) return qk_fail(err, QK_ENOMEM, "no memory for %zu points", job->points);
    for (size_t i = 0; i < job->points; i++)
        if (isfinite(job->out->match[i].excess)) size[n++] = job->out->match[i].excess;
    qk_sort_doubles(size, n);
    double middle = percentile_of(size, n, 50);
    for (size_t i = 0; i < n; i++) size[i] = fabs(size[i] - middle);
    qk_sort_doubles(size, n);
    double spread = 1.4826 * percentile_of(size, n, 50);
    job->out->threshold = job->o.threshold > 0 ? job->o.threshold : fmax(middle + 6 * spread, 0);
    return QK_OK;
}

/* ---- peaks and hot places ---- */

static qk_code find_peaks(survey_job *job, qk_error *err)
{
    qk_survey *out = job->out;
    qk_time join = (qk_time)(job->o.join_s * (double)QK_SECOND);
    size_t most = job->points < PEAKS_MAX ? job->points : PEAKS_MAX;
    out->peak = qk_arena_array(job->arena, most, sizeof *out->peak);
    if (!out->peak) return qk_fail(err, QK_ENOMEM, "no memory for %zu peaks", most);
    for (size_t i = 0; i < job->points; i++) {
        double excess = out->match[i].excess;
        if (!(excess > out->threshold)) continue;
        qk_survey_peak *last = out->peaks ? &out->peak[out->peaks - 1] : NULL;
        if (!last || job->point[i].time - job->point[last->last].time > join) {
            if (out->peaks == most)
                return qk_fail(err, QK_EFULL, "more than %d peaks above %g: raise the threshold",
                               PEAKS_MAX, out->threshold);
            last = &out->peak[out->peaks++];
            *last = (qk_survey_peak){i, i, i, excess, 0};
        }
        last->last = i;
        if (excess > last->excess) {
            last->excess = excess;
            last->top = i;
        }
    }
    return QK_OK;
}

/* Union-find over peaks: the oldest peak speaks for its place. */
static uint32_t root_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

typedef struct by_x {
    double x, y;
    uint32_t peak;
} by_x;

static int compare_x(const void *a, const void *b)
{
    const by_x *p = a, *q = b;
    if (p->x != q->x) return p->x > q->x ? 1 : -1;
    return (p->peak > q->peak) - (p->peak < q->peak);
}

static void join_near(const survey_job *job, uint32_t *parent, by_x *sorted)
{
    const qk_survey *out = job->out;
    for (uint32_t i = 0; i < out->peaks; i++) {
        survey_xy at = job->xy[out->peak[i].top];
        sorted[i] = (by_x){at.x, at.y, i};
        parent[i] = i;
    }
    qsort(sorted, out->peaks, sizeof *sorted, compare_x);
    for (size_t i = 0; i < out->peaks; i++)
        for (size_t j = i + 1; j < out->peaks && sorted[j].x - sorted[i].x <= job->o.cluster_m;
             j++) {
            if (hypot(sorted[j].x - sorted[i].x, sorted[j].y - sorted[i].y) > job->o.cluster_m)
                continue;
            uint32_t a = root_of(parent, sorted[i].peak), b = root_of(parent, sorted[j].peak);
            parent[a > b ? a : b] = a > b ? b : a;
        }
}

static void add_peak(const survey_job *job, qk_survey_place *place, const qk_survey_peak *peak)
{
    qk_time at = job->point[peak->top].time;
    if (place->peaks == 0 || at - place->last > job->o.pass_gap) place->passes++;
    if (place->peaks == 0) place->first = at;
    place->last = at;
    place->peaks++;
    place->mean += peak->excess;
    place->at.lon += job->point[peak->top].at.lon * peak->excess;
    place->at.lat += job->point[peak->top].at.lat * peak->excess;
    if (place->peaks == 1 || peak->excess > place->excess) {
        place->excess = peak->excess;
        place->top = peak->top;
        place->road = job->out->match[peak->top].road;
    }
}

static int compare_place(const void *a, const void *b)
{
    const qk_survey_place *p = a, *q = b;
    if (p->passes != q->passes) return p->passes < q->passes ? 1 : -1;
    if (p->mean != q->mean) return p->mean < q->mean ? 1 : -1;
    return (p->top > q->top) - (p->top < q->top);
}

/* Means from sums; then the places in their order, and every peak is told where its place went:
 * the point of its greatest value names a place before and after. */
static void order_places(survey_job *job, const uint32_t *place_of, uint32_t *at_point,
                         size_t *top_of)
{
    qk_survey *out = job->out;
    for (size_t p = 0; p < out->places; p++) {
        qk_survey_place *place = &out->place[p];
        place->at.lon /= place->mean;
        place->at.lat /= place->mean;
        place->mean /= place->peaks;
        top_of[p] = place->top;
    }
    qsort(out->place, out->places, sizeof *out->place, compare_place);
    for (uint32_t p = 0; p < out->places; p++) at_point[out->place[p].top] = p;
    for (size_t i = 0; i < out->peaks; i++) out->peak[i].place = at_point[top_of[place_of[i]]];
}

static qk_code find_places(survey_job *job, qk_error *err)
{
    qk_survey *out = job->out;
    size_t n = out->peaks + 1;
    uint32_t *parent = qk_arena_array(job->scratch, n, sizeof *parent);
    uint32_t *place_of = qk_arena_array(job->scratch, n, sizeof *place_of);
    by_x *sorted = qk_arena_array(job->scratch, n, sizeof *sorted);
    uint32_t *at_point = qk_arena_array(job->scratch, job->points, sizeof *at_point);
    size_t *top_of = qk_arena_array(job->scratch, n, sizeof *top_of);
    out->place = qk_arena_array(job->arena, n, sizeof *out->place);
    if (!parent || !place_of || !sorted || !at_point || !top_of || !out->place)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu peaks", out->peaks);
    join_near(job, parent, sorted);
    for (uint32_t i = 0; i < out->peaks; i++) {
        uint32_t root = root_of(parent, i); /* never later than i */
        place_of[i] = root == i ? (uint32_t)out->places++ : place_of[root];
        add_peak(job, &out->place[place_of[i]], &out->peak[i]);
    }
    order_places(job, place_of, at_point, top_of);
    return QK_OK;
}

/* ---- roads ---- */

typedef struct road_sum {
    size_t points, begin, values;
    uint32_t passes;
    qk_time last;
    double excess, sum, length;
    size_t bin0, bins;
} road_sum;

static double road_length(const survey_job *job, size_t r)
{
    double length = 0;
    for (size_t v = 0; v + 1 < job->road[r].count; v++) {
        survey_xy a = qk_survey_xy(job, job->road[r].vertex[v]);
        survey_xy b = qk_survey_xy(job, job->road[r].vertex[v + 1]);
        length += hypot(b.x - a.x, b.y - a.y);
    }
    return length;
}

static void count_points(const survey_job *job, road_sum *sum)
{
    for (size_t i = 0; i < job->points; i++) {
        const qk_survey_match *m = &job->out->match[i];
        if (m->road < 0) {
            job->out->off_road++;
            continue;
        }
        road_sum *s = &sum[m->road];
        if (s->points++ == 0 || job->point[i].time - s->last > job->o.pass_gap) s->passes++;
        s->last = job->point[i].time;
        if (!isfinite(m->excess)) continue;
        s->values++;
        s->excess += m->excess;
        s->sum += job->point[i].value;
    }
}

static qk_code lay_bins(const survey_job *job, road_sum *sum, size_t *bins, size_t *values,
                        qk_error *err)
{
    *bins = *values = 0;
    for (size_t r = 0; r < job->roads; r++) {
        if (sum[r].points == 0) continue;
        sum[r].length = road_length(job, r);
        sum[r].bin0 = *bins;
        sum[r].bins = (size_t)(sum[r].length / BIN_M) + 1;
        sum[r].begin = *values;
        *values += sum[r].values;
        *bins += sum[r].bins;
        if (*bins > BINS_MAX) return qk_fail(err, QK_EFULL, "roads of more than %d m", BINS_MAX);
    }
    return QK_OK;
}

static int compare_rank(const void *a, const void *b)
{
    const qk_survey_rank *p = a, *q = b;
    bool known_p = isfinite(p->excess), known_q = isfinite(q->excess);
    if (known_p != known_q) return known_p ? -1 : 1;
    if (known_p && p->excess != q->excess) return p->excess < q->excess ? 1 : -1;
    return (p->road > q->road) - (p->road < q->road);
}

static void rank_one(qk_survey_rank *rank, const road_sum *s, const uint8_t *driven, double *value)
{
    size_t visited = 0;
    for (size_t b = 0; b < s->bins; b++) visited += driven[s->bin0 + b];
    rank->points = s->points;
    rank->passes = s->passes;
    rank->driven_m = fmin((double)visited * BIN_M, s->length);
    rank->mean = rank->p95 = rank->excess = NAN;
    if (s->values == 0) return;
    qk_sort_doubles(value + s->begin, s->values);
    rank->p95 = percentile_of(value + s->begin, s->values, 95);
    rank->mean = s->sum / (double)s->values;
    rank->excess = s->excess / (double)s->values;
}

static qk_code rank_roads(survey_job *job, qk_error *err)
{
    qk_survey *out = job->out;
    size_t bins, values;
    road_sum *sum = qk_arena_array(job->scratch, job->roads + 1, sizeof *sum);
    size_t *filled = qk_arena_array(job->scratch, job->roads + 1, sizeof *filled);
    out->rank = qk_arena_array(job->arena, job->roads + 1, sizeof *out->rank);
    if (!sum || !filled || !out->rank)
        return qk_fail(err, QK_ENOMEM, "no memory for %zu roads", job->roads);
    count_points(job, sum);
    QK_TRY(lay_bins(job, sum, &bins, &values, err));
    uint8_t *driven = qk_arena_array(job->scratch, bins + 1, sizeof *driven);
    double *value = qk_arena_array(job->scratch, values + 1, sizeof *value);
    if (!driven || !value) return qk_fail(err, QK_ENOMEM, "no memory for %zu values", values);
    for (size_t i = 0; i < job->points; i++) {
        const qk_survey_match *m = &out->match[i];
        if (m->road < 0) continue;
        road_sum *s = &sum[m->road];
        size_t bin = (size_t)(m->along_m / BIN_M);
        driven[s->bin0 + (bin < s->bins ? bin : s->bins - 1)] = 1;
        if (isfinite(m->excess)) value[s->begin + filled[m->road]++] = job->point[i].value;
    }
    for (size_t r = 0; r < job->roads; r++) {
        if (sum[r].points == 0) continue;
        out->rank[out->ranks].road = r;
        rank_one(&out->rank[out->ranks++], &sum[r], driven, value);
    }
    qsort(out->rank, out->ranks, sizeof *out->rank, compare_rank);
    return QK_OK;
}

/* ---- the whole ---- */

static void set_defaults(qk_survey_options *o)
{
    if (!(o->reach_m > 0)) o->reach_m = 30;
    if (!(o->window_s > 0)) o->window_s = 1200;
    if (!(o->percentile > 0)) o->percentile = 10;
    if (!(o->join_s > 0)) o->join_s = 10;
    if (!(o->cluster_m > 0)) o->cluster_m = 50;
    if (!(o->pass_gap > 0)) o->pass_gap = 10 * QK_MINUTE;
}

static qk_code run_job(survey_job *job, qk_error *err)
{
    QK_TRY(check_track(job, err));
    QK_TRY(place_points(job, err));
    QK_TRY(qk_survey_lay(job, err));
    QK_TRY(subtract_background(job, err));
    QK_TRY(see_threshold(job, err));
    QK_TRY(find_peaks(job, err));
    QK_TRY(find_places(job, err));
    return rank_roads(job, err);
}

qk_code qk_survey_run(qk_survey *out, const qk_survey_point *point, size_t points,
                      const qk_survey_road *road, size_t roads, const qk_survey_options *options,
                      qk_error *err)
{
    qk_arena scratch;
    *out = (qk_survey){0};
    qk_arena_init(&out->arena, SURVEY_BYTES);
    qk_arena_init(&scratch, SURVEY_BYTES);
    survey_job job = {.point = point,
                      .points = points,
                      .road = road,
                      .roads = roads,
                      .o = *options,
                      .arena = &out->arena,
                      .scratch = &scratch,
                      .out = out};
    set_defaults(&job.o);
    qk_code code = run_job(&job, err);
    qk_arena_clear(&scratch);
    if (code != QK_OK) qk_survey_free(out);
    return code;
}

void qk_survey_free(qk_survey *survey)
{
    qk_arena_clear(&survey->arena);
    *survey = (qk_survey){0};
}
