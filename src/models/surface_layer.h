/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_SURFACE_LAYER_H
#define QK_MODELS_SURFACE_LAYER_H
/* The surface layer of one hour from wind, temperature and cloud: sun, radiation, heat flux,
 * friction velocity, Obukhov length.
 *
 * Net radiation and heat flux after Holtslag and van Ulden (1983, J. Climate Appl. Meteor. 22,
 * 517); convective profile after Panofsky and Dutton (1984); stable temperature scale after van
 * Ulden and Holtslag (1985, J. Climate Appl. Meteor. 24, 1196), or the adjusted friction velocity
 * (ADJ_U*) after Qian and Venkatram (2011, Boundary-Layer Meteor. 138, 475) and Luhar and Rayner
 * (2009, Boundary-Layer Meteor. 132, 437). Units SI, kelvin, cloud 0..1. Pure; any number of
 * threads. */
#include <stdbool.h>

/* Elevation of the sun in degrees (Spencer 1971). hour: of the clock, e.g. 12.5; zone in hours east
 * of Greenwich. */
double qk_sun_elevation_deg(int day_of_year, double hour, double latitude_deg, double longitude_deg,
                            double zone_h);
/* Albedo under a sun at this elevation; r90 = under the zenith. At night 1. */
double qk_layer_albedo(double r90, double elevation_deg);
double qk_layer_air_density(double pressure_hpa, double temperature_k);
/* W/m2 */
double qk_layer_net_radiation(double r90, double elevation_deg, double temperature_k, double cloud);
/* Elevation at which net radiation turns; 90 where it never does. */
double qk_layer_critical_deg(double r90, double temperature_k, double cloud);

typedef struct qk_layer_air {
    double wind_m_s, wind_height_m, roughness_m;
    double temperature_k, density;
    double cloud;
    double elevation_deg, critical_deg; /* of the sun */
    bool adjusted;                      /* ADJ_U* */
} qk_layer_air;

typedef struct qk_layer {
    double heat_flux_w_m2, ustar_m_s, theta_star_k, obukhov_m;
    bool limited; /* heat flux of a stable hour held at its limit */
} qk_layer;

/* psi of momentum: unstable Paulson (1970), stable van Ulden and Holtslag (1985). */
double qk_layer_psi(double z_over_l);
/* heat_flux > 0. */
void qk_layer_convective(qk_layer *out, const qk_layer_air *air, double heat_flux_w_m2);
void qk_layer_stable(qk_layer *out, const qk_layer_air *air);
/* m/s; at least 0.001 */
double qk_layer_wstar(double heat_flux_w_m2, double height_m, double density, double temperature_k);
/* Height of the mechanical layer in balance (Venkatram 1980): 2400 u*^1.5, at most 4000 m; and
 * smoothed over an hour from the one before (before < 0: none). */
double qk_layer_mechanical_m(double ustar_m_s);
double qk_layer_mechanical_smooth_m(double ustar_m_s, double before_m);
#endif
