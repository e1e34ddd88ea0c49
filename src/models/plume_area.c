/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_area.h"
#include <math.h>

#define NEAREST_M     1.01
#define SIGMAS_BESIDE 5.0
#define TOLERANCE     1e-5

enum { DEPTH_MAX = 18 };

typedef struct side {
    const qk_plume_area_view *view;
    double u0, v0, slope; /* v = v0 + slope (u - u0) */
} side;

/* v / sigma_y is bounded so that a side far off axis costs no exponentials. */
static double normal_cdf(double t)
{
    if (t > 6) return 1;
    if (t < -6) return 0;
    return 0.5 * erfc(-t * M_SQRT1_2);
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
static double integrand(const side *e, double ln_u)
{
    double u = exp(ln_u), density, sigma_y;
    density_at(e->view, u, &density, &sigma_y);
    return u * density * normal_cdf((e->v0 + e->slope * (u - e->u0)) / sigma_y);
}

/* Gauss 7, Kronrod 15 (Piessens et al., QUADPACK 1983). */
static double kronrod(const side *e, double a, double b, double *error)
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

/* Halves an interval until the rule agrees with itself; `scale` is the size of the whole. */
static double refine(const side *e, double a, double b, double scale)
{
    struct {
        double a, b;
        int depth;
    } stack[DEPTH_MAX + 2];
    int top = 0;
    double sum = 0;
    stack[top].a = a;
    stack[top].b = b;
    stack[top++].depth = 0;
    while (top > 0) {
        double error, from = stack[top - 1].a, to = stack[top - 1].b;
        int depth = stack[--top].depth;
        double part = kronrod(e, from, to, &error);
        if (error <= TOLERANCE * fmax(fabs(part), scale * (to - from) / (b - a)) ||
            depth == DEPTH_MAX) {
            sum += part;
            continue;
        }
        double mid = 0.5 * (from + to);
        stack[top].a = from;
        stack[top].b = mid;
        stack[top++].depth = depth + 1;
        stack[top].a = mid;
        stack[top].b = to;
        stack[top++].depth = depth + 1;
    }
    return sum;
}

/* One side, clipped to what lies upwind; positive when it leads away from the receptor. */
static double side_integral(const qk_plume_area_view *view, const double a[2], const double b[2],
                            double scale)
{
    double sign = 1;
    const double *low = a, *high = b;
    if (a[0] > b[0]) {
        low = b;
        high = a;
        sign = -1;
    }
    if (high[0] <= NEAREST_M || high[0] - low[0] < 1e-9 * high[0]) return 0;
    side e = {view, low[0], low[1], (high[1] - low[1]) / (high[0] - low[0])};
    double from = log(fmax(low[0], NEAREST_M)), to = log(high[0]);
    if (to <= from) return 0;
    /* where the side crosses the axis the integrand turns: begin a new interval there */
    double cross = e.slope != 0 ? e.u0 - e.v0 / e.slope : 0;
    if (cross > exp(from) && cross < exp(to)) {
        double mid = log(cross);
        return sign * (refine(&e, from, mid, scale) + refine(&e, mid, to, scale));
    }
    return sign * refine(&e, from, to, scale);
}

double qk_plume_area_concentration(const qk_plume_area_view *view, const qk_plume_polygon *polygon,
                                   double x, double y)
{
    double p[QK_PLUME_VERTICES_MAX][2], far = -INFINITY, low = INFINITY, high = -INFINITY;
    double sine = view->source->sine, cosine = view->source->cosine;
    int n = polygon->count;
    for (int i = 0; i < n; i++) {
        double dx = x - polygon->vertex[i][0], dy = y - polygon->vertex[i][1];
        p[i][0] = -(dx * sine + dy * cosine);
        p[i][1] = dx * cosine - dy * sine;
        far = fmax(far, p[i][0]);
        low = fmin(low, p[i][1]);
        high = fmax(high, p[i][1]);
    }
    if (far < NEAREST_M) return 0;
    double density, sigma_y, sum = 0;
    density_at(view, far, &density, &sigma_y);
    if (fmax(low, -high) >= SIGMAS_BESIDE * sigma_y) return 0;
    for (int i = 0; i < n; i++) sum += side_integral(view, p[i], p[(i + 1) % n], density);
    return fabs(sum);
}

void qk_plume_area_reach(const qk_plume_polygon *polygon, double x, double y, double *far_m)
{
    double dx = fmax(fabs(x - polygon->low[0]), fabs(x - polygon->high[0]));
    double dy = fmax(fabs(y - polygon->low[1]), fabs(y - polygon->high[1]));
    *far_m = fmax(*far_m, sqrt(dx * dx + dy * dy));
}
