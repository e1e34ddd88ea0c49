/* SPDX-License-Identifier: Apache-2.0 */
#include "models/surface_layer.h"
#include <math.h>

#define GRAVITY      9.80616
#define KARMAN       0.4
#define HEAT         1004.0 /* of air, J/kg/K */
#define BOLTZMANN    5.67e-8
#define SKY          5.31e-13 /* W/m2/K6, clear sky (Swinbank) */
#define CLOUD_BACK   60.0     /* W/m2 of a closed cover */
#define DEGREE       (M_PI / 180)
#define HEAT_LIMIT   64.0 /* W/m2, downward at night */
#define NEAR_NEUTRAL 1e5  /* |L| beyond which the sign says nothing more */

double qk_sun_elevation_deg(int day_of_year, double hour, double latitude_deg, double longitude_deg,
                            double zone_h)
{
    double g = 2 * M_PI * (day_of_year - 1 + (hour - 12) / 24) / 365;
    double declination = 0.006918 - 0.399912 * cos(g) + 0.070257 * sin(g) - 0.006758 * cos(2 * g) +
                         0.000907 * sin(2 * g) - 0.002697 * cos(3 * g) + 0.00148 * sin(3 * g);
    double equation_min = 229.18 * (0.000075 + 0.001868 * cos(g) - 0.032077 * sin(g) -
                                    0.014615 * cos(2 * g) - 0.040849 * sin(2 * g));
    double solar = hour + equation_min / 60 + longitude_deg / 15 - zone_h;
    double angle = (solar - 12) * 15 * DEGREE, latitude = latitude_deg * DEGREE;
    double s = sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(angle);
    return asin(fmax(-1, fmin(1, s))) / DEGREE;
}

double qk_layer_albedo(double r90, double elevation_deg)
{
    if (elevation_deg <= 0) return 1;
    double b = 1 - r90;
    return r90 + b * exp(-0.1 * elevation_deg - 0.5 * b * b);
}

double qk_layer_air_density(double pressure_hpa, double temperature_k)
{
    return 100 * pressure_hpa / (287.04 * temperature_k);
}

static double cloud_share(double cloud)
{
    return 1 - 0.75 * pow(cloud, 3.4);
}

static double long_wave(double t, double cloud)
{
    return SKY * pow(t, 6) - BOLTZMANN * pow(t, 4) + CLOUD_BACK * cloud;
}

double qk_layer_net_radiation(double r90, double elevation_deg, double temperature_k, double cloud)
{
    double clear = 990 * sin(elevation_deg * DEGREE) - 30;
    if (elevation_deg <= 1.74 || clear < 0) clear = 0;
    double sun = (1 - qk_layer_albedo(r90, elevation_deg)) * clear * cloud_share(cloud);
    return (sun + long_wave(temperature_k, cloud)) / 1.12;
}

double qk_layer_critical_deg(double r90, double temperature_k, double cloud)
{
    double low = 0, high = 90;
    if (qk_layer_net_radiation(r90, high, temperature_k, cloud) <= 0) return 90;
    for (int i = 0; i < 40; i++) {
        double middle = (low + high) / 2;
        if (qk_layer_net_radiation(r90, middle, temperature_k, cloud) > 0)
            high = middle;
        else
            low = middle;
    }
    return high;
}

double qk_layer_psi(double z_over_l)
{
    if (z_over_l >= 0) return -17 * (1 - exp(-0.29 * z_over_l));
    double x = sqrt(sqrt(1 - 16 * z_over_l));
    return 2 * log((1 + x) / 2) + log((1 + x * x) / 2) - 2 * atan(x) + M_PI / 2;
}

void qk_layer_convective(qk_layer *out, const qk_layer_air *air, double heat_flux_w_m2)
{
    enum { ROUNDS = 50 };
    double z = air->wind_height_m, z0 = air->roughness_m, ln = log(z / z0);
    double ustar = KARMAN * air->wind_m_s / ln, length = -NEAR_NEUTRAL;
    for (int i = 0; i < ROUNDS; i++) {
        double before = length;
        length = -air->density * HEAT * air->temperature_k * ustar * ustar * ustar /
                 (KARMAN * GRAVITY * heat_flux_w_m2);
        ustar =
            KARMAN * air->wind_m_s / (ln - qk_layer_psi(z / length) + qk_layer_psi(z0 / length));
        if (fabs(length - before) <= 1e-4 * fabs(length)) break;
    }
    *out = (qk_layer){.heat_flux_w_m2 = heat_flux_w_m2,
                      .ustar_m_s = ustar,
                      .theta_star_k = -heat_flux_w_m2 / (air->density * HEAT * ustar),
                      .obukhov_m = length};
}

/* Below the wind that can still be told from no wind the scales shrink with it. */
static void stable_default(qk_layer *out, const qk_layer_air *a)
{
    double theta = 0.09 * (1 - 0.5 * a->cloud * a->cloud);
    if (a->elevation_deg > 0 && a->elevation_deg < a->critical_deg) {
        double q = a->elevation_deg / a->critical_deg;
        theta *= 1 - q * q;
    }
    double drag = KARMAN / log(a->wind_height_m / a->roughness_m);
    double u0 = sqrt(5 * a->wind_height_m * GRAVITY * theta / a->temperature_k);
    double critical = 2 * u0 / sqrt(drag);
    if (a->wind_m_s >= critical) {
        double c = critical / a->wind_m_s;
        out->ustar_m_s = drag * a->wind_m_s / 2 * (1 + sqrt(fmax(0, 1 - c * c)));
        out->theta_star_k = theta;
        return;
    }
    double share = a->wind_m_s / critical;
    out->ustar_m_s = drag * critical / 2 * share;
    out->theta_star_k = theta * share;
}

static void stable_adjusted(qk_layer *out, const qk_layer_air *a)
{
    double theta = 0.08, z0 = a->roughness_m, z = a->wind_height_m;
    double drag = KARMAN / log((z - 5 * z0) / z0);
    double u0 = sqrt(4.7 * (z - 6 * z0) * GRAVITY * theta / a->temperature_k);
    double critical = 2 * u0 / sqrt(drag), c = critical / a->wind_m_s;
    double ustar = drag * a->wind_m_s / 2 * (1 + exp(-c * c / 2)) / (1 - exp(-2 / c));
    out->ustar_m_s = fmax(ustar, drag * critical / 4);
    out->theta_star_k = c > 1 ? theta / c : theta;
}

void qk_layer_stable(qk_layer *out, const qk_layer_air *air)
{
    *out = (qk_layer){0};
    bool high_grass = air->wind_height_m <= 7 * air->roughness_m;
    if (air->adjusted && !high_grass)
        stable_adjusted(out, air);
    else
        stable_default(out, air);
    double flux = out->ustar_m_s * out->theta_star_k, most = HEAT_LIMIT / (air->density * HEAT);
    if (flux > most) {
        out->limited = true;
        out->theta_star_k = most / out->ustar_m_s;
    }
    out->heat_flux_w_m2 = -air->density * HEAT * out->ustar_m_s * out->theta_star_k;
    out->obukhov_m = out->theta_star_k > 0
                         ? fmin(NEAR_NEUTRAL, out->ustar_m_s * out->ustar_m_s * air->temperature_k /
                                                  (KARMAN * GRAVITY * out->theta_star_k))
                         : NEAR_NEUTRAL;
}

double qk_layer_wstar(double heat_flux_w_m2, double height_m, double density, double temperature_k)
{
    double w = cbrt(GRAVITY * heat_flux_w_m2 * height_m / (density * HEAT * temperature_k));
    return fmax(w, 0.001);
}

double qk_layer_mechanical_m(double ustar_m_s)
{
    return fmin(2400 * pow(ustar_m_s, 1.5), 4000);
}

double qk_layer_mechanical_smooth_m(double ustar_m_s, double before_m)
{
    double balance = qk_layer_mechanical_m(ustar_m_s);
    if (before_m <= 0 || ustar_m_s <= 0) return balance;
    double keep = exp(-3600 * 2 * ustar_m_s / before_m);
    return before_m * keep + balance * (1 - keep);
}
