/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_area.h"
#include <math.h>
#include <stdlib.h>

#define NEAREST_M     1.01
#define SIGMAS_BESIDE 5.0
#define FARTHEST      7.5 /* sigmas */
#define TOLERANCE     1e-5

enum { DEPTH_MAX = 18 };

typedef struct side {
    double u0, v0, slope; /* v = v0 + slope (u - u0) */
    double sign;          /* leads away from the receptor, or towards it */
    double middle;        /* v in the middle of the strip */
} side;

/* Between two corners that follow each other upwind: the sides that bound the area there. Taken in
 * pairs, since the two sides of a road that lies beside the plume differ by little. */
typedef struct strip {
    const qk_plume_area_view *view;
    double from, to; /* ln u */
    int sides;
    side side[QK_PLUME_VERTICES_MAX];
} strip;

typedef struct corners {
    int count;
    double at[QK_PLUME_VERTICES_MAX][2];
} corners;

/* Share of a normal distribution between a and b, a <= b, each in sigmas; the tails are told from
 * their own side, so that far off the axis digits are kept. */
static double share_between(double a, double b)
{
    if (b < 0) {
        double t = a;
        a = -b;
        b = -t;
    }
    if (a > FARTHEST) return 0;
    if (a > 0) return 0.5 * (erfc(a * M_SQRT1_2) - (b > FARTHEST ? 0 : erfc(b * M_SQRT1_2)));
    return 1 - (a < -FARTHEST ? 0 : 0.5 * erfc(-a * M_SQRT1_2)) -
           (b > FARTHEST ? 0 : 0.5 * erfc(b * M_SQRT1_2));
}

static void density_at(const qk_plume_area_view *v, double u, double *density, double *sigma_y)
{
    if (v->table) {
        qk_plume_table_density(v->table, u, density, sigma_y);
        return;
    }
    qk_plume_slice c;
    qk_plume_slice_at(&c, v->source, u, &v->receptor);
    *density = c.main + c.aloft;
    if (v->decay_1_s > 0) *density *= exp(-v->decay_1_s * u / c.wind_m_s);
    *sigma_y = c.sigma_y_m;
}

/* In ln u, which spreads the nodes as the plume grows. */
static double integrand(const strip *e, double ln_u)
{
    double u = exp(ln_u), density, sigma_y, across = 0;
    density_at(e->view, u, &density, &sigma_y);
    for (int i = 0; i + 1 < e->sides; i += 2) {
        const side *a = &e->side[i], *b = a + 1;
        across += a->sign * share_between((a->v0 + a->slope * (u - a->u0)) / sigma_y,
                                          (b->v0 + b->slope * (u - b->u0)) / sigma_y);
    }
    return u * density * across;
}

/* Gauss 7, Kronrod 15 (Piessens et al., QUADPACK 1983). */
static double kronrod(const strip *e, double a, double b, double *error)
{
    static const double x[8] = {
        0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
        0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
        0.586087235467691130294144691693103, 0.405845151377397166906606412076961,
        0.207784955007898467600689403773245, 0};
    static const double wk[8] = {
        0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
        0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
        0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
        0.204432940075298892414161999234649, 0.209482141084727828012999174891714};
    static const double wg[4] = {
        0.129484966168869693270611432679082, 0.279705391489276667901467771423780,
        0.381830050505118944950369775488975, 0.417959183673469387755102040816327};
    double half = 0.5 * (b - a), mid = 0.5 * (a + b), f = integrand(e, mid);
    double k = wk[7] * f, g = wg[3] * f;
    for (int i = 0; i < 7; i++) {
        f = integrand(e, mid - half * x[i]) + integrand(e, mid + half * x[i]);
        k += wk[i] * f;
        if (i % 2) g += wg[i / 2] * f;
    }
    *error = fabs(k - g) * half;
    return k * half;
}

/* An interval of ln u and what it holds by one use of the rule. */
typedef struct piece {
    double from, to, part;
} piece;

/* Halves until the rule agrees with itself, or to `missed` for each unit of ln u. */
static double refine(const strip *e, double from, double to, double missed)
{
    struct {
        double a, b;
        int depth;
    } stack[DEPTH_MAX + 2];
    int top = 0;
    double sum = 0, middle = 0.5 * (from + to);
    stack[top].a = from;
    stack[top].b = middle;
    stack[top++].depth = 1;
    stack[top].a = middle;
    stack[top].b = to;
    stack[top++].depth = 1;
    while (top > 0) {
        double error, a = stack[top - 1].a, b = stack[top - 1].b;
        int depth = stack[--top].depth;
        double part = kronrod(e, a, b, &error);
        if (error <= fmax(TOLERANCE * fabs(part), missed * (b - a)) || depth == DEPTH_MAX) {
            sum += part;
            continue;
        }
        double mid = 0.5 * (a + b);
        stack[top].a = a;
        stack[top].b = mid;
        stack[top++].depth = depth + 1;
        stack[top].a = mid;
        stack[top].b = b;
        stack[top++].depth = depth + 1;
    }
    return sum;
}

static int by_number(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    return (a > b) - (a < b);
}

static int by_middle(const void *pa, const void *pb)
{
    return by_number(&((const side *)pa)->middle, &((const side *)pb)->middle);
}

/* The sides over [from, to], where no corner lies in between. */
static void make_strip(strip *e, const corners *p, double from, double to)
{
    double middle = 0.5 * (from + to);
    e->sides = 0;
    e->from = log(from);
    e->to = log(to);
    for (int i = 0; i < p->count; i++) {
        const double *a = p->at[i], *b = p->at[(i + 1) % p->count];
        if ((a[0] <= middle) == (b[0] <= middle)) continue;
        side *s = &e->side[e->sides++];
        *s = (side){a[0], a[1], (b[1] - a[1]) / (b[0] - a[0]), a[0] < b[0] ? 1 : -1, 0};
        s->middle = s->v0 + s->slope * (middle - s->u0);
    }
    qsort(e->side, (size_t)e->sides, sizeof *e->side, by_middle);
}

typedef struct pieces {
    int open;
    double sum;                             /* of all, by one use of the rule each */
    piece piece[3 * QK_PLUME_VERTICES_MAX]; /* that are still to be halved */
} pieces;

/* Where a side crosses the axis the integrand turns: a new piece begins there. */
static void add_strip(pieces *out, const strip *e)
{
    double cut[QK_PLUME_VERTICES_MAX + 2];
    int n = 0;
    cut[n++] = e->from;
    for (int i = 0; i < e->sides; i++) {
        const side *s = &e->side[i];
        double cross = s->slope != 0 ? s->u0 - s->v0 / s->slope : 0;
        if (cross > 0 && log(cross) > e->from && log(cross) < e->to) cut[n++] = log(cross);
    }
    cut[n++] = e->to;
    qsort(cut, (size_t)n, sizeof *cut, by_number);
    for (int i = 0; i + 1 < n; i++) {
        double error, part;
        if (!(cut[i + 1] > cut[i])) continue;
        part = kronrod(e, cut[i], cut[i + 1], &error);
        out->sum += part;
        if (error <= TOLERANCE * fabs(part)) continue;
        if (out->open < (int)(sizeof out->piece / sizeof *out->piece))
            out->piece[out->open++] = (piece){cut[i], cut[i + 1], part};
    }
}

/* What lies upwind, strip by strip; then what is not good enough for the whole. */
static double upwind_integral(const qk_plume_area_view *view, const corners *p)
{
    double u[QK_PLUME_VERTICES_MAX] = {0};
    strip e;
    pieces g;
    e.view = view;
    g.open = 0;
    g.sum = 0;
    for (int i = 0; i < p->count; i++) u[i] = fmax(p->at[i][0], NEAREST_M);
    qsort(u, (size_t)p->count, sizeof *u, by_number);
    for (int i = 0; i + 1 < p->count; i++) {
        if (u[i + 1] - u[i] < 1e-9 * u[i + 1]) continue;
        make_strip(&e, p, u[i], u[i + 1]);
        add_strip(&g, &e);
    }
    double missed = TOLERANCE * fabs(g.sum) / fmax(log(u[p->count - 1] / u[0]), 1e-9);
    double sum = g.sum;
    for (int i = 0; i < g.open; i++) {
        const piece *q = &g.piece[i];
        make_strip(&e, p, exp(q->from), exp(q->to));
        sum += refine(&e, q->from, q->to, missed) - q->part;
    }
    return fabs(sum);
}

double qk_plume_area_concentration(const qk_plume_area_view *view, const qk_plume_polygon *polygon,
                                   double x, double y)
{
    corners p;
    p.count = polygon->count;
    double far = -INFINITY, low = INFINITY, high = -INFINITY;
    double sine = view->source->sine, cosine = view->source->cosine;
    for (int i = 0; i < p.count; i++) {
        double dx = x - polygon->vertex[i][0], dy = y - polygon->vertex[i][1];
        double *at = p.at[i];
        at[0] = -(dx * sine + dy * cosine);
        at[1] = dx * cosine - dy * sine;
        far = fmax(far, at[0]);
        low = fmin(low, at[1]);
        high = fmax(high, at[1]);
    }
    if (far < NEAREST_M) return 0;
    double density, sigma_y;
    density_at(view, far, &density, &sigma_y);
    if (fmax(low, -high) >= SIGMAS_BESIDE * sigma_y) return 0;
    return upwind_integral(view, &p);
}

void qk_plume_area_reach(const qk_plume_polygon *polygon, double x, double y, double *far_m)
{
    double dx = fmax(fabs(x - polygon->low[0]), fabs(x - polygon->high[0]));
    double dy = fmax(fabs(y - polygon->low[1]), fabs(y - polygon->high[1]));
    *far_m = fmax(*far_m, sqrt(dx * dx + dy * dy));
}
