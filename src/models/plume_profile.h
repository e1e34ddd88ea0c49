/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_PROFILE_H
#define QK_MODELS_PLUME_PROFILE_H
/* One hour of boundary layer: what was observed, and the vertical profiles made of it.
 *
 * After "AERMOD: Description of Model Formulation" (EPA-454/R-03-004, sections 4.1 and 5.8) and
 * Cimorelli et al. 2005, J. Appl. Meteor. 44, 682-693; constants and repairs as in regulatory use
 * of version 24142. Units: metres, m/s, kelvin, degrees of wind "from". Pure values: nothing is
 * allocated, nothing is kept; any number of threads. */
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

enum { QK_PLUME_LEVELS = 87, QK_PLUME_ROW = 16, QK_PLUME_OBSERVED_MAX = 50 };

/* Floors of the regulatory model. */
#define QK_PLUME_SIGMA_V_MIN   0.2
#define QK_PLUME_SIGMA_V_SHARE 0.05 /* of the wind */
#define QK_PLUME_SIGMA_W_MIN   0.02
#define QK_PLUME_WIND_MIN      0.2828 /* sqrt(2) times the least sigma_v */

/* A level of the profile file; a missing value is NAN. */
typedef struct qk_plume_observed {
    double height_m;
    double wind_m_s;
    double direction_deg; /* (0, 360] */
    double temperature_k;
    double sigma_v_m_s;
    double sigma_w_m_s;
} qk_plume_observed;

typedef enum qk_plume_status {
    QK_PLUME_HOUR_VALID,
    QK_PLUME_HOUR_CALM,
    QK_PLUME_HOUR_MISSING
} qk_plume_status;

/* An hour as the surface and profile files give it, missing codes included (H -999, u* -9, …). */
typedef struct qk_plume_hour {
    int year, month, day, hour; /* hour 1..24, ending; year of four digits */
    double heat_flux_w_m2, ustar_m_s, wstar_m_s, gradient_above_k_m;
    double convective_height_m, mechanical_height_m, obukhov_m, roughness_m;
    double wind_m_s, direction_deg, wind_height_m, temperature_k, temperature_height_m;
    double cloud_tenths;
    bool adjusted_ustar; /* header ADJ_U* of the surface file */
    bool bulk_richardson;
    int observed_count;
    qk_plume_observed observed[QK_PLUME_OBSERVED_MAX]; /* lowest first */
} qk_plume_hour;

/* Calm: no wind. Missing: something that the model needs is absent or impossible. Either way the
 * hour gives no concentration. */
qk_plume_status qk_plume_hour_status(const qk_plume_hour *hour);

/* One level of the grid. */
typedef struct qk_plume_level {
    double u, sigma_v, sigma_w, gradient, theta, direction;
} qk_plume_level;

typedef struct qk_plume_profile {
    bool stable;       /* L > 0 */
    bool urban_stable; /* an urban area in a stable hour */
    double ustar_m_s, wstar_m_s, obukhov_m, roughness_m;
    double gradient_above_k_m; /* of potential temperature, above the convective layer */
    double convective_height_m, mechanical_height_m;
    double mixing_m; /* zi: the higher of the two, or the mechanical when stable */
    double base_m;   /* elevation of the profile's foot above sea level */
    double reference_temperature_k, reference_height_m;
    double u_at_mixing, theta_at_mixing;
    double u_mean, sigma_w_mean, sigma_v_mean; /* from the ground to zi */
    qk_plume_level level[QK_PLUME_LEVELS];
    /* Running integrals from the ground of N^2 and N^2 z: terrain. */
    double buoyancy[QK_PLUME_LEVELS][2];
    /* The same levels for looking up: see qk_plume_row. */
    double row[QK_PLUME_LEVELS][QK_PLUME_ROW];
} qk_plume_profile;

/* A row: its height; running integrals from the ground of wind, sigma_v, sigma_w, gradient; wind,
 * sigma_v, sigma_w, gradient, theta; their slopes up to the next level. The last has no slopes. */
enum {
    QK_PLUME_ROW_HEIGHT = 0,
    QK_PLUME_ROW_INTEGRAL = 1,
    QK_PLUME_ROW_VALUE = 5,
    QK_PLUME_ROW_SLOPE = 10
};

extern const double qk_plume_heights_m[QK_PLUME_LEVELS];

/* Profiles of a valid hour. base_m: PROFBASE. */
void qk_plume_profile_make(qk_plume_profile *out, const qk_plume_hour *hour, double base_m);
/* The same hour over a city: *out becomes the urban profile, or a copy of the rural one in a
 * convective hour that the city does not change. population > 0; roughness of the city in metres.
 */
void qk_plume_profile_urban(qk_plume_profile *out, const qk_plume_profile *rural, double population,
                            double roughness_m);

/* Largest i with heights[i] <= z, at most the last but one. */
int qk_plume_locate(double z_m);
/* All values at a height, linear between levels; the floors of the regulatory model applied
 * (wind 0.2828, sigma_v max(0.2, 0.05 U), sigma_w 0.02). direction is not set. */
void qk_plume_at(qk_plume_level *out, const qk_plume_profile *p, double z_m);
double qk_plume_direction_at(const qk_plume_profile *p, double z_m);
#endif
