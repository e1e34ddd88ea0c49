/* SPDX-License-Identifier: Apache-2.0 */
/* Many paths together: clusters and cells. */
#include "models/polar.h"
#include "models/trajectory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS_MAX = 5000, CELL_LIMIT = 1 << 20 };

static double euclid(const qk_place *a, const qk_place *b, size_t points)
{
    double sum = 0;
    for (size_t p = 0; p < points; p++) {
        double dx = a[p].lon - b[p].lon, dy = a[p].lat - b[p].lat;
        sum += dx * dx + dy * dy;
    }
    return sqrt(sum);
}

static double angle(const qk_place *a, const qk_place *b, size_t points)
{
    double sum = 0;
    for (size_t p = 1; p < points; p++) {
        double ax = a[p].lon - a[0].lon, ay = a[p].lat - a[0].lat;
        double bx = b[p].lon - b[0].lon, by = b[p].lat - b[0].lat;
        double la = ax * ax + ay * ay, lb = bx * bx + by * by;
        if (!(la > 0 && lb > 0)) continue;
        double c = (ax * bx + ay * by) / sqrt(la * lb);
        sum += acos(c > 1 ? 1 : c < -1 ? -1 : c);
    }
    return sum / (double)points;
}

typedef struct pam {
    size_t n, k;
    float *d;              /* [n][n] */
    size_t *medoid;        /* [k] */
    bool *chosen;          /* [n] */
    double *near, *second; /* distance to the nearest and next medoid */
    size_t *nearest;       /* which medoid */
} pam;

static void update_near(pam *m, size_t count)
{
    for (size_t i = 0; i < m->n; i++) {
        m->near[i] = m->second[i] = INFINITY;
        for (size_t c = 0; c < count; c++) {
            double d = m->d[i * m->n + m->medoid[c]];
            if (d < m->near[i]) {
                m->second[i] = m->near[i];
                m->near[i] = d;
                m->nearest[i] = c;
            } else if (d < m->second[i]) {
                m->second[i] = d;
            }
        }
    }
}

/* Medoids one by one, each lowering the sum of distances most. */
static void build(pam *m)
{
    for (size_t c = 0; c < m->k; c++) {
        size_t best = SIZE_MAX;
        double most = -INFINITY;
        for (size_t j = 0; j < m->n; j++) {
            double gain = 0;
            if (m->chosen[j]) continue;
            for (size_t i = 0; i < m->n; i++) {
                double d = m->d[i * m->n + j];
                if (c == 0)
                    gain -= d;
                else if (d < m->near[i])
                    gain += m->near[i] - d;
            }
            if (gain > most) {
                most = gain;
                best = j;
            }
        }
        m->medoid[c] = best;
        m->chosen[best] = true;
        update_near(m, c + 1);
    }
}

/* Change of the sum when medoid c gives way to h. */
static double swap_cost(const pam *m, size_t c, size_t h)
{
    double cost = 0;
    for (size_t i = 0; i < m->n; i++) {
        double d = m->d[i * m->n + h];
        if (m->nearest[i] == c)
            cost += fmin(d, m->second[i]) - m->near[i];
        else if (d < m->near[i])
            cost += d - m->near[i];
    }
    return cost;
}

static bool swap_best(pam *m)
{
    double least = -1e-9;
    size_t out = SIZE_MAX, in = 0;
    for (size_t c = 0; c < m->k; c++) {
        for (size_t h = 0; h < m->n; h++) {
            if (m->chosen[h]) continue;
            double cost = swap_cost(m, c, h);
            if (cost >= least) continue;
            least = cost;
            out = c;
            in = h;
        }
    }
    if (out == SIZE_MAX) return false;
    m->chosen[m->medoid[out]] = false;
    m->medoid[out] = in;
    m->chosen[in] = true;
    update_near(m, m->k);
    return true;
}

static void number_clusters(const pam *m, uint32_t *cluster)
{
    for (size_t i = 0; i < m->n; i++) {
        uint32_t rank = 0;
        for (size_t c = 0; c < m->k; c++) rank += m->medoid[c] < m->medoid[m->nearest[i]];
        cluster[i] = rank;
    }
}

qk_code qk_path_clusters(uint32_t *cluster, const qk_place *paths, size_t count, size_t points,
                         size_t k, qk_path_distance distance, qk_error *err)
{
    pam m = {.n = count, .k = k};
    if (count > PATHS_MAX)
        return qk_fail(err, QK_ERANGE, "%zu paths; at most %d", count, PATHS_MAX);
    if (k < 1 || k > count || points < 1)
        return qk_fail(err, QK_EINVAL, "%zu clusters of %zu paths", k, count);
    m.d = calloc(count * count, sizeof *m.d);
    m.medoid = calloc(k, sizeof *m.medoid);
    m.chosen = calloc(count, sizeof *m.chosen);
    m.near = calloc(count, sizeof *m.near);
    m.second = calloc(count, sizeof *m.second);
    m.nearest = calloc(count, sizeof *m.nearest);
    bool made = m.d && m.medoid && m.chosen && m.near && m.second && m.nearest;
    for (size_t i = 0; made && i < count; i++) {
        for (size_t j = 0; j <= i; j++) {
            const qk_place *a = paths + i * points, *b = paths + j * points;
            double d = distance == QK_PATH_ANGLE ? angle(a, b, points) : euclid(a, b, points);
            m.d[i * count + j] = m.d[j * count + i] = i == j ? 0 : (float)d;
        }
    }
    if (made) {
        build(&m);
        for (int round = 0; round < 200 && swap_best(&m); round++) continue;
        number_clusters(&m, cluster);
    }
    free(m.d);
    free(m.medoid);
    free(m.chosen);
    free(m.near);
    free(m.second);
    free(m.nearest);
    return made ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for %zu paths", count);
}

/* ---- cells ---- */

typedef struct box {
    int32_t x0, y0;
    size_t width, height;
} box;

static int32_t cell_of(double degrees, double size)
{
    return (int32_t)lround(degrees / size);
}

static bool counts(const qk_place *places, const double *value, const size_t *path_of, size_t i)
{
    return isfinite(places[i].lon) && isfinite(places[i].lat) && fabs(places[i].lon) <= 360 &&
           fabs(places[i].lat) <= 90 && isfinite(value[path_of[i]]);
}

static bool find_box(box *b, const qk_place *places, const double *value, const size_t *path_of,
                     size_t points, double size)
{
    int32_t x1 = INT32_MIN, y1 = INT32_MIN;
    b->x0 = b->y0 = INT32_MAX;
    for (size_t i = 0; i < points; i++) {
        if (!counts(places, value, path_of, i)) continue;
        int32_t x = cell_of(places[i].lon, size), y = cell_of(places[i].lat, size);
        b->x0 = x < b->x0 ? x : b->x0;
        b->y0 = y < b->y0 ? y : b->y0;
        x1 = x > x1 ? x : x1;
        y1 = y > y1 ? y : y1;
    }
    if (x1 < b->x0) return false;
    b->width = (size_t)(x1 - b->x0) + 1;
    b->height = (size_t)(y1 - b->y0) + 1;
    return true;
}

static double cwt_weight(uint32_t n)
{
    return n > 80 ? 1 : n > 20 ? 0.7 : n > 10 ? 0.42 : 0.05;
}

static double pscf_weight(double n, double mean)
{
    return n > 2 * mean ? 1 : n > mean ? 0.75 : n > mean / 2 ? 0.5 : 0.15;
}

static size_t finish_cells(qk_path_cell *cells, size_t all)
{
    size_t kept = 0;
    double visits = 0;
    for (size_t c = 0; c < all; c++) {
        if (cells[c].count == 0) continue;
        visits += cells[c].count;
        cells[kept++] = cells[c];
    }
    for (size_t c = 0; c < kept; c++) {
        cells[c].mean /= cells[c].count;
        cells[c].share = (double)cells[c].high / cells[c].count;
        cells[c].cwt = cells[c].mean * cwt_weight(cells[c].count);
        cells[c].pscf = cells[c].share * pscf_weight(cells[c].count, visits / (double)kept);
    }
    return kept;
}

static double threshold_of(const double *value, size_t paths, double percentile)
{
    double *copy = malloc((paths + 1) * sizeof *copy), threshold;
    size_t n = 0;
    if (!copy) return NAN;
    for (size_t i = 0; i < paths; i++)
        if (isfinite(value[i])) copy[n++] = value[i];
    threshold = qk_quantile(copy, n, percentile);
    free(copy);
    return threshold;
}

qk_code qk_path_cells(qk_path_cell **out, size_t *count, const qk_place *places,
                      const double *value, const size_t *path_of, size_t points, size_t paths,
                      double size_deg, double percentile, qk_error *err)
{
    box b;
    *out = NULL;
    *count = 0;
    if (!(size_deg >= 0.001 && size_deg <= 30) || !(percentile >= 0 && percentile <= 100))
        return qk_fail(err, QK_EINVAL, "cells of %g degrees, percentile %g", size_deg, percentile);
    if (!find_box(&b, places, value, path_of, points, size_deg))
        return qk_fail(err, QK_EFORMAT, "no path has both places and a value");
    if (b.width * b.height > CELL_LIMIT)
        return qk_fail(err, QK_ERANGE, "%zu x %zu cells are more than %d", b.width, b.height,
                       CELL_LIMIT);
    double threshold = threshold_of(value, paths, percentile);
    qk_path_cell *cells = calloc(b.width * b.height, sizeof *cells);
    if (!cells) return qk_fail(err, QK_ENOMEM, "no memory for %zu cells", b.width * b.height);
    for (size_t i = 0; i < points; i++) {
        if (!counts(places, value, path_of, i)) continue;
        int32_t x = cell_of(places[i].lon, size_deg), y = cell_of(places[i].lat, size_deg);
        qk_path_cell *c = &cells[(size_t)(x - b.x0) * b.height + (size_t)(y - b.y0)];
        c->x = x;
        c->y = y;
        c->count++;
        c->high += value[path_of[i]] > threshold;
        c->mean += value[path_of[i]];
    }
    *count = finish_cells(cells, b.width * b.height);
    *out = cells;
    return QK_OK;
}
