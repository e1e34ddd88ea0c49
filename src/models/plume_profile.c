/* SPDX-License-Identifier: Apache-2.0 */
#include "models/plume_profile.h"
#include <math.h>
#include <string.h>

#define GRAVITY      9.80616
#define KARMAN       0.4
#define LAPSE        0.00977 /* g/cp, K/m */
#define GRADIENT_MIN 0.002

const double qk_plume_heights_m[QK_PLUME_LEVELS] = {
    0,    0.5,  1,    2,    4,    8,    14,   20,   30,   40,   50,   60,   70,   80,   90,
    100,  120,  140,  160,  180,  200,  250,  300,  350,  400,  450,  500,  550,  600,  650,
    700,  750,  800,  850,  900,  950,  1000, 1050, 1100, 1150, 1200, 1250, 1300, 1350, 1400,
    1450, 1500, 1550, 1600, 1650, 1700, 1750, 1800, 1850, 1900, 1950, 2000, 2100, 2200, 2300,
    2400, 2500, 2600, 2700, 2800, 2900, 3000, 3100, 3200, 3300, 3400, 3500, 3600, 3700, 3800,
    3900, 4000, 4100, 4200, 4300, 4400, 4500, 4600, 4700, 4800, 4900, 5000};

static bool heights_missing(const qk_plume_hour *h)
{
    double zic = h->convective_height_m, zim = h->mechanical_height_m;
    if (h->obukhov_m < 0 && (zic > 90000 || zic < 0)) return true;
    return zim > 90000 || zim < 0;
}

qk_plume_status qk_plume_hour_status(const qk_plume_hour *h)
{
    if (h->wind_m_s == 0) return QK_PLUME_HOUR_CALM;
    if (!(h->wind_m_s < 90 && h->wind_m_s > 0)) return QK_PLUME_HOUR_MISSING;
    if (!(h->direction_deg <= 900 && h->direction_deg > -9)) return QK_PLUME_HOUR_MISSING;
    if (!(h->temperature_k <= 900 && h->temperature_k > 0)) return QK_PLUME_HOUR_MISSING;
    if (!(h->obukhov_m >= -99990) || heights_missing(h)) return QK_PLUME_HOUR_MISSING;
    if (!(h->ustar_m_s >= 0 && h->ustar_m_s < 9)) return QK_PLUME_HOUR_MISSING;
    if (h->obukhov_m < 0 && !(h->wstar_m_s >= 0)) return QK_PLUME_HOUR_MISSING;
    return QK_PLUME_HOUR_VALID;
}

int qk_plume_locate(double z)
{
    if (!(z < 5000)) return QK_PLUME_LEVELS - 2;
    if (z >= 2000) return 56 + (int)((z - 2000) / 100);
    if (z >= 200) return 20 + (int)((z - 200) / 50);
    if (z >= 100) return 15 + (int)((z - 100) / 20);
    if (z >= 20) return 7 + (int)((z - 20) / 10);
    int i = z >= 4 ? 4 : 0;
    while (qk_plume_heights_m[i + 1] <= z) i++;
    return i;
}

static double mix(double a, double b, double t)
{
    return a + (b - a) * t;
}

static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

static void put_floors(qk_plume_level *v)
{
    v->u = larger(v->u, QK_PLUME_WIND_MIN);
    v->sigma_v = larger(v->sigma_v, larger(QK_PLUME_SIGMA_V_MIN, QK_PLUME_SIGMA_V_SHARE * v->u));
    v->sigma_w = larger(v->sigma_w, QK_PLUME_SIGMA_W_MIN);
}

static void interpolate(qk_plume_level *out, const qk_plume_profile *p, double z)
{
    int i = qk_plume_locate(z);
    const qk_plume_level *a = &p->level[i], *b = a + 1;
    double low = qk_plume_heights_m[i];
    double t = (z - low) / (qk_plume_heights_m[i + 1] - low);
    out->u = mix(a->u, b->u, t);
    out->sigma_v = mix(a->sigma_v, b->sigma_v, t);
    out->sigma_w = mix(a->sigma_w, b->sigma_w, t);
    out->gradient = mix(a->gradient, b->gradient, t);
    out->theta = mix(a->theta, b->theta, t);
}

void qk_plume_at(qk_plume_level *out, const qk_plume_profile *p, double z)
{
    interpolate(out, p, z);
    put_floors(out);
}

static double shorter_arc(double from, double to, double t)
{
    double d = to - from;
    if (d > 180) d -= 360;
    if (d < -180) d += 360;
    double w = from + d * t;
    if (w > 360) w -= 360;
    if (w <= 0) w += 360;
    return w;
}

double qk_plume_direction_at(const qk_plume_profile *p, double z)
{
    int i = qk_plume_locate(z);
    double low = qk_plume_heights_m[i];
    double t = (z - low) / (qk_plume_heights_m[i + 1] - low);
    return shorter_arc(p->level[i].direction, p->level[i + 1].direction, t);
}

/* Integral from the ground to z of the piecewise linear profile: what a layer's trapezoids sum to.
 * wind, sigma_v, sigma_w. */
static void integrate_to(double out[3], const qk_plume_profile *p, double z)
{
    const double *row = p->row[qk_plume_locate(z)];
    double dz = z - row[QK_PLUME_ROW_HEIGHT];
    for (int k = 0; k < 3; k++)
        out[k] = row[QK_PLUME_ROW_INTEGRAL + k] +
                 dz * (row[QK_PLUME_ROW_VALUE + k] + 0.5 * dz * row[QK_PLUME_ROW_SLOPE + k]);
}

/* A reference profile r(z) and how it is bound to observations. */
typedef struct reference {
    double (*at)(const struct reference *r, double z);
    const qk_plume_hour *hour;
    const qk_plume_profile *p;
    double sigma_w_aloft; /* mechanical sigma_w at and above zi */
    double theta_star;
} reference;

typedef struct bound {
    int count;
    double z[QK_PLUME_OBSERVED_MAX], value[QK_PLUME_OBSERVED_MAX], ratio[QK_PLUME_OBSERVED_MAX];
} bound;

static void bind_value(bound *b, const reference *r, double z, double value)
{
    if (isnan(value) || b->count == QK_PLUME_OBSERVED_MAX) return;
    b->z[b->count] = z;
    b->value[b->count] = value;
    b->ratio[b->count++] = r->at(r, z);
}

static double merge_at(const bound *b, const reference *r, double z)
{
    double own = r->at(r, z);
    int above = 0;
    if (b->count == 0) return own;
    for (int i = 0; i < b->count; i++)
        if (fabs(z - b->z[i]) <= 0.1) return b->value[i];
    while (above < b->count && b->z[above] < z) above++;
    if (above == 0) return b->value[0] * own / b->ratio[0];
    if (above == b->count) return b->value[above - 1] * own / b->ratio[above - 1];
    double t = (z - b->z[above - 1]) / (b->z[above] - b->z[above - 1]);
    return mix(b->value[above - 1], b->value[above], t) * own /
           mix(b->ratio[above - 1], b->ratio[above], t);
}

/* Businger-Dyer in convection (Panofsky and Dutton 1984), van Ulden and Holtslag 1985 when stable.
 */
static double wind_psi(double z, double obukhov)
{
    if (obukhov > 0) return -17 * (1 - exp(-0.29 * z / obukhov));
    double x = sqrt(sqrt(1 - 16 * z / obukhov));
    return 2 * log((1 + x) / 2) + log((1 + x * x) / 2) - 2 * atan(x) + M_PI / 2;
}

static double similarity_wind(const qk_plume_profile *p, double z)
{
    double z0 = p->roughness_m, l = p->obukhov_m;
    return p->ustar_m_s / KARMAN * (log(z / z0) - wind_psi(z, l) + wind_psi(z0, l));
}

static double wind_reference(const reference *r, double z)
{
    const qk_plume_profile *p = r->p;
    double low = 7 * p->roughness_m, zref = r->hour->wind_height_m, zi = p->mixing_m;
    if (z > low && z <= zi) return similarity_wind(p, z);
    if (zref > zi) return z > zi ? r->hour->wind_m_s : similarity_wind(p, low);
    if (z > zi) return similarity_wind(p, zi);
    if (zref > low) return similarity_wind(p, low) * z / low;
    return r->hour->wind_m_s * low / zref * z / low;
}

static double convective_sigma_v2(double z, double zi, double w)
{
    double inside = 0.35 * w * w, aloft = fmin(inside, 0.25);
    if (z <= zi) return inside;
    if (z > 1.2 * zi) return aloft;
    return mix(inside, aloft, (z - zi) / (0.2 * zi));
}

static double convective_sigma_w2(double z, double zi, double w)
{
    if (z <= 0.1 * zi) return 1.6 * pow(z / zi, 2.0 / 3) * w * w;
    if (z <= zi) return 0.35 * w * w;
    return 0.35 * w * w * exp(-6 * (z - zi) / zi);
}

static double sigma_v_reference(const reference *r, double z)
{
    const qk_plume_profile *p = r->p;
    double ground = 3.6 * p->ustar_m_s * p->ustar_m_s, aloft = fmin(ground, 0.25);
    double zim = p->mechanical_height_m;
    double square = z < zim ? mix(ground, aloft, z / zim) : aloft;
    if (!p->stable) square += convective_sigma_v2(z, p->convective_height_m, p->wstar_m_s);
    return sqrt(square);
}

static double sigma_w_reference(const reference *r, double z)
{
    const qk_plume_profile *p = r->p;
    double zi = p->mixing_m;
    double residual = r->sigma_w_aloft * fmin(1, z / zi);
    double layer = z < zi ? 1.3 * p->ustar_m_s * sqrt(1 - z / zi) : 0;
    double mechanical = fmax(sqrt(residual * residual + layer * layer), 1e-4);
    if (p->stable) return mechanical;
    double convective = sqrt(convective_sigma_w2(z, p->convective_height_m, p->wstar_m_s));
    convective = fmax(convective, 1e-4);
    return sqrt(convective * convective + mechanical * mechanical);
}

/* Gradient of potential temperature in a stable layer by similarity, fading above 100 m. */
static double gradient_reference(const reference *r, double z)
{
    const qk_plume_profile *p = r->p;
    double at = fmin(fmax(z, 2), 100), scale = 0.44 * fmax(100, p->mixing_m);
    double shape =
        r->hour->adjusted_ustar ? 0.74 + 4.7 * at / p->obukhov_m : 1 + 5 * at / p->obukhov_m;
    double g = r->theta_star / (KARMAN * at) * shape;
    return fmax(z > 100 ? g * exp(-(z - 100) / scale) : g, GRADIENT_MIN);
}

static void make_wind(qk_plume_profile *p, const qk_plume_hour *h)
{
    reference r = {.at = wind_reference, .hour = h, .p = p};
    bound b = {0};
    for (int i = 0; i < h->observed_count; i++)
        bind_value(&b, &r, h->observed[i].height_m, h->observed[i].wind_m_s);
    if (b.count == 0) bind_value(&b, &r, h->wind_height_m, h->wind_m_s);
    for (int i = 0; i < QK_PLUME_LEVELS; i++)
        p->level[i].u = fmax(merge_at(&b, &r, qk_plume_heights_m[i]), 0.01);
}

static void make_direction(qk_plume_profile *p, const qk_plume_hour *h)
{
    bound b = {0};
    for (int i = 0; i < h->observed_count; i++) {
        if (isnan(h->observed[i].direction_deg)) continue;
        b.z[b.count] = h->observed[i].height_m;
        b.value[b.count++] = h->observed[i].direction_deg;
    }
    if (b.count == 0) b = (bound){.count = 1, .value[0] = h->direction_deg};
    for (int i = 0; i < QK_PLUME_LEVELS; i++) {
        double z = qk_plume_heights_m[i];
        int above = 0;
        while (above < b.count && b.z[above] < z) above++;
        if (above == 0 || above == b.count) {
            double w = b.value[above ? above - 1 : 0];
            p->level[i].direction = w > 0 ? w : w + 360;
            continue;
        }
        double t = (z - b.z[above - 1]) / (b.z[above] - b.z[above - 1]);
        p->level[i].direction = shorter_arc(b.value[above - 1], b.value[above], t);
    }
}

static double observed_sigma_w_aloft(const qk_plume_hour *h, double zi)
{
    double sum = 0;
    int count = 0;
    for (int i = 0; i < h->observed_count; i++) {
        if (h->observed[i].height_m < zi || isnan(h->observed[i].sigma_w_m_s)) continue;
        sum += h->observed[i].sigma_w_m_s;
        count++;
    }
    return count ? sum / count : NAN;
}

static void make_turbulence(qk_plume_profile *p, const qk_plume_hour *h)
{
    double aloft = observed_sigma_w_aloft(h, p->mixing_m);
    reference rv = {.at = sigma_v_reference, .hour = h, .p = p};
    reference rw = {.at = sigma_w_reference, .hour = h, .p = p};
    bound bv = {0}, bw = {0};
    rw.sigma_w_aloft = isnan(aloft) ? 0.02 * p->u_at_mixing : aloft;
    for (int i = 0; i < h->observed_count; i++) {
        bind_value(&bv, &rv, h->observed[i].height_m, h->observed[i].sigma_v_m_s);
        bind_value(&bw, &rw, h->observed[i].height_m, h->observed[i].sigma_w_m_s);
    }
    for (int i = 0; i < QK_PLUME_LEVELS; i++) {
        p->level[i].sigma_v = merge_at(&bv, &rv, qk_plume_heights_m[i]);
        p->level[i].sigma_w = merge_at(&bw, &rw, qk_plume_heights_m[i]);
    }
}

/* Observed gradients stand at the middle between two neighbouring thermometers. */
static void observed_gradients(bound *b, const qk_plume_hour *h)
{
    int last = -1;
    for (int i = 0; i < h->observed_count; i++) {
        if (isnan(h->observed[i].temperature_k)) continue;
        if (last >= 0) {
            const qk_plume_observed *low = &h->observed[last], *high = &h->observed[i];
            double slope =
                (high->temperature_k - low->temperature_k) / (high->height_m - low->height_m);
            b->z[b->count] = 0.5 * (low->height_m + high->height_m);
            b->value[b->count++] = fmax(slope + LAPSE, GRADIENT_MIN);
        }
        last = i;
    }
}

static double temperature_scale(const qk_plume_profile *p, const qk_plume_hour *h, const bound *b)
{
    for (int i = 0; i < b->count; i++)
        if (b->z[i] > p->roughness_m && b->z[i] <= 100)
            return b->value[i] * KARMAN * b->z[i] / (1 + 5 * b->z[i] / p->obukhov_m);
    if (h->adjusted_ustar && h->bulk_richardson) {
        double n = h->cloud_tenths >= 0 && h->cloud_tenths <= 10 ? h->cloud_tenths / 10 : 0.5;
        return 0.09 * (1 - 0.5 * n * n);
    }
    if (h->adjusted_ustar) return 0.08;
    return p->ustar_m_s * p->ustar_m_s * h->temperature_k / (GRAVITY * KARMAN * p->obukhov_m);
}

static double stable_gradient_at(const bound *b, const reference *r, double z)
{
    double scale = 0.44 * fmax(100, r->p->mixing_m);
    if (b->count == 0 || z < b->z[0] - 0.1) return r->at(r, z);
    int top = b->count - 1;
    if (z > b->z[top] + 0.1 && b->z[top] > 100)
        return b->value[top] * exp(-(z - b->z[top]) / scale);
    return merge_at(b, r, z);
}

static void make_gradient(qk_plume_profile *p, const qk_plume_hour *h)
{
    bound b = {0};
    reference r = {.at = gradient_reference, .hour = h, .p = p};
    if (p->stable) {
        observed_gradients(&b, h);
        r.theta_star = temperature_scale(p, h, &b);
        for (int i = 0; i < b.count; i++) b.ratio[i] = r.at(&r, b.z[i]);
    }
    for (int i = 0; i < QK_PLUME_LEVELS; i++) {
        double z = qk_plume_heights_m[i], zi = p->mixing_m;
        if (p->stable)
            p->level[i].gradient = fmax(stable_gradient_at(&b, &r, z), GRADIENT_MIN);
        else if (z <= zi)
            p->level[i].gradient = 0;
        else
            p->level[i].gradient =
                fmax(z <= zi + 500 ? p->gradient_above_k_m : 0.005, GRADIENT_MIN);
    }
}

/* Potential temperature from the observed one along the gradient, down and up. */
static void integrate_theta(qk_plume_profile *p)
{
    double reference_height_m = p->reference_height_m;
    qk_plume_level *v = p->level;
    const double *z = qk_plume_heights_m;
    double theta = p->reference_temperature_k + LAPSE * (reference_height_m + p->base_m);
    int i = qk_plume_locate(reference_height_m);
    double t = (reference_height_m - z[i]) / (z[i + 1] - z[i]);
    double gradient = mix(v[i].gradient, v[i + 1].gradient, t);
    v[i].theta = theta - 0.5 * (gradient + v[i].gradient) * (reference_height_m - z[i]);
    v[i + 1].theta = theta + 0.5 * (gradient + v[i + 1].gradient) * (z[i + 1] - reference_height_m);
    for (int k = i; k > 0; k--)
        v[k - 1].theta = v[k].theta - 0.5 * (v[k].gradient + v[k - 1].gradient) * (z[k] - z[k - 1]);
    for (int k = i + 1; k + 1 < QK_PLUME_LEVELS; k++)
        v[k + 1].theta = v[k].theta + 0.5 * (v[k].gradient + v[k + 1].gradient) * (z[k + 1] - z[k]);
}

static void make_rows(qk_plume_profile *p)
{
    const double *z = qk_plume_heights_m;
    memset(p->row, 0, sizeof p->row);
    for (int i = 0; i < QK_PLUME_LEVELS; i++) {
        const qk_plume_level *v = &p->level[i];
        const double value[5] = {v->u, v->sigma_v, v->sigma_w, v->gradient, v->theta};
        p->row[i][QK_PLUME_ROW_HEIGHT] = z[i];
        memcpy(&p->row[i][QK_PLUME_ROW_VALUE], value, sizeof value);
    }
    for (int i = 0; i + 1 < QK_PLUME_LEVELS; i++) {
        double *low = p->row[i], *high = p->row[i + 1], thick = z[i + 1] - z[i];
        for (int k = 0; k < 5; k++) {
            double a = low[QK_PLUME_ROW_VALUE + k], b = high[QK_PLUME_ROW_VALUE + k];
            low[QK_PLUME_ROW_SLOPE + k] = (b - a) / thick;
            if (k == 4) continue;
            high[QK_PLUME_ROW_INTEGRAL + k] =
                low[QK_PLUME_ROW_INTEGRAL + k] + 0.5 * thick * (a + b);
        }
    }
}

static void make_integrals(qk_plume_profile *p)
{
    const double *z = qk_plume_heights_m;
    p->buoyancy[0][0] = p->buoyancy[0][1] = 0;
    for (int i = 1; i < QK_PLUME_LEVELS; i++) {
        const qk_plume_level *a = &p->level[i - 1], *b = &p->level[i];
        double half = 0.5 * (z[i] - z[i - 1]);
        double n2 = GRAVITY * (a->gradient + b->gradient) / (a->theta + b->theta);
        p->buoyancy[i][0] = p->buoyancy[i - 1][0] + n2 * 2 * half;
        p->buoyancy[i][1] = p->buoyancy[i - 1][1] + n2 * half * (z[i] + z[i - 1]);
    }
    make_rows(p);
}

static void repair_hour(qk_plume_profile *p, const qk_plume_hour *h)
{
    double l = h->obukhov_m;
    if (fabs(l) < 1) l = l > 0 ? 1 : l < 0 ? -1 : h->heat_flux_w_m2 > 0 ? -1 : 1;
    p->obukhov_m = l;
    p->stable = l > 0;
    p->ustar_m_s = h->ustar_m_s;
    p->wstar_m_s = h->wstar_m_s == 0 ? 0.001 : h->wstar_m_s;
    p->roughness_m = fmax(h->roughness_m, 0.0001);
    p->gradient_above_k_m = h->gradient_above_k_m;
    if (!p->stable && p->gradient_above_k_m < 0.005) p->gradient_above_k_m = 0.005;
    double zic = h->convective_height_m, zim = h->mechanical_height_m;
    if (zic >= 0 && zic < 1) zic = 1;
    if (zim >= 0 && zim < 1) zim = 1;
    p->convective_height_m = fmin(zic, 4000);
    p->mechanical_height_m = fmin(zim, 4000);
    p->mixing_m =
        p->stable ? p->mechanical_height_m : fmax(p->convective_height_m, p->mechanical_height_m);
    p->mixing_m = fmax(p->mixing_m, 1);
}

void qk_plume_profile_make(qk_plume_profile *p, const qk_plume_hour *h, double base_m)
{
    double mean[3];
    qk_plume_level top;
    memset(p->level, 0, sizeof p->level);
    repair_hour(p, h);
    p->urban_stable = false;
    p->base_m = base_m;
    p->reference_temperature_k = h->temperature_k;
    p->reference_height_m = h->temperature_height_m;
    make_wind(p, h);
    make_direction(p, h);
    interpolate(&top, p, p->mixing_m); /* only the wind is made so far */
    p->u_at_mixing = top.u;
    make_turbulence(p, h);
    make_gradient(p, h);
    integrate_theta(p);
    make_integrals(p);
    interpolate(&top, p, p->mixing_m);
    p->theta_at_mixing = top.theta;
    integrate_to(mean, p, p->mixing_m);
    p->u_mean = mean[0] / p->mixing_m;
    p->sigma_v_mean = mean[1] / p->mixing_m;
    p->sigma_w_mean = mean[2] / p->mixing_m;
}

typedef struct city {
    double height_m, wstar_m_s, ustar_m_s, obukhov_m;
} city;

/* Heat island of a population (EPA-454/R-03-004, 5.8): an urban layer that convects at night. */
static city city_scales(const qk_plume_profile *p, double population, double roughness_m)
{
    city c;
    double dt = 12 * (0.1 * log(population / 2e6) + 1), t = p->reference_temperature_k;
    c.height_m = 400 * sqrt(sqrt(population / 2e6));
    c.wstar_m_s = cbrt(GRAVITY / t * 0.03 * dt * p->ustar_m_s * c.height_m);
    double low = 7 * fmax(roughness_m, p->roughness_m);
    double top = fmax(c.height_m, p->mechanical_height_m);
    double surface = c.wstar_m_s * sqrt(1.6 * pow(low / c.height_m, 2.0 / 3));
    c.ustar_m_s = fmax(p->ustar_m_s, surface / (1.3 * sqrt(1 - low / top)));
    c.obukhov_m = -t * c.ustar_m_s * c.ustar_m_s * c.ustar_m_s /
                  (KARMAN * GRAVITY * 0.03 * dt * p->ustar_m_s);
    return c;
}

void qk_plume_profile_urban(qk_plume_profile *p, const qk_plume_profile *rural, double population,
                            double roughness_m)
{
    qk_plume_level top;
    *p = *rural;
    city c = city_scales(rural, population, roughness_m);
    if (!rural->stable && rural->convective_height_m > c.height_m) return;
    p->urban_stable = rural->stable;
    p->ustar_m_s = c.ustar_m_s;
    p->obukhov_m = fmax(rural->stable ? fabs(c.obukhov_m) : c.obukhov_m, rural->obukhov_m);
    for (int i = 0; i < QK_PLUME_LEVELS; i++) {
        double z = qk_plume_heights_m[i];
        qk_plume_level *v = &p->level[i];
        v->sigma_v =
            sqrt(v->sigma_v * v->sigma_v + convective_sigma_v2(z, c.height_m, c.wstar_m_s));
        v->sigma_w =
            sqrt(v->sigma_w * v->sigma_w + convective_sigma_w2(z, c.height_m, c.wstar_m_s));
        if (z <= c.height_m) v->gradient = 1e-5;
    }
    p->mixing_m = fmax(c.height_m, rural->mechanical_height_m);
    integrate_theta(p);
    make_integrals(p);
    interpolate(&top, p, p->mixing_m);
    p->u_at_mixing = top.u;
    p->theta_at_mixing = top.theta;
}
