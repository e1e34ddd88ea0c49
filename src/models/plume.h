/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_H
#define QK_MODELS_PLUME_H
/* The steady-state plume of a point or volume source in one hour, as a function of downwind
 * distance.
 *
 * A convective hour has three plumes: the direct one (bi-Gaussian in the vertical), the indirect
 * one (what loiters under the lid) and the penetrated one above it; a stable hour has one Gaussian
 * plume. After EPA-454/R-03-004, sections 5.2 to 5.6; plume rise after Briggs (1975, 1984) and Weil
 * (1988). Nothing in here depends on the receptor but through its distance and its heights, so a
 * caller may tabulate. Units SI; concentrations per unit emission (s/m3). Pure values; any number
 * of threads. */
#include "models/plume_profile.h"

typedef enum qk_plume_kind {
    QK_PLUME_POINT,
    QK_PLUME_POINT_CAPPED,
    QK_PLUME_POINT_HORIZONTAL,
    QK_PLUME_VOLUME,
    QK_PLUME_AREA
} qk_plume_kind;

/* What leaves the source, in one hour. */
typedef struct qk_plume_stack {
    qk_plume_kind kind;
    double base_m;   /* elevation of the foot */
    double height_m; /* of release */
    double
        temperature_k; /* of the gas; 0 = that of the air, below 0 = so much warmer than the air */
    double velocity_m_s, diameter_m;
    double sigma_y_m, sigma_z_m; /* initial; volume and area sources */
    bool tip_downwash;
} qk_plume_stack;

/* A source in an hour: everything that does not depend on the receptor. */
typedef struct qk_plume_source {
    const qk_plume_profile *p;
    bool convective;                             /* unstable and released below the lid */
    bool rises;                                  /* a stack */
    double base_m, height_m, effective_height_m; /* release; after stack-tip downwash */
    double sigma_y0_m, sigma_z0_m;
    qk_plume_level at; /* values at the release height */
    double buoyancy_flux, momentum_flux;
    double stack_n;         /* Brunt-Vaisala frequency at the release */
    double rise_distance_m; /* to final rise */
    double final_rise_m;
    double neutral_rise_m;   /* the rise that turbulence ends, in the wind at the release */
    qk_plume_level final_at; /* values at the final height of a stable plume */
    double mixed_distance_m, centroid_distance_m, centroid_rise_m;
    double penetrated, aloft_rise_m; /* share in the layer aloft; rise there */
    double direction_deg;            /* of the wind that carries it */
    double cosine, sine;
} qk_plume_source;

/* Where it is evaluated. */
typedef struct qk_plume_receptor {
    double height_m; /* terrain + flagpole above the source's foot; flat: the flagpole */
    double flagpole_m;
    double ground_m; /* elevation above sea level */
    double hill_m;   /* height scale */
    bool flat;
} qk_plume_receptor;

/* At one downwind distance. Coherent concentration per unit emission:
 * main G(y, sigma_y) + aloft G(y, sigma_y_aloft), G the normal density; meandering: (main + aloft)
 * / (2 pi r). */
typedef struct qk_plume_slice {
    double main, aloft; /* vertical term over wind speed, s/m2 */
    double sigma_y_m, sigma_y_aloft_m;
    double meander; /* weight of the meandering plume at this radial distance */
    double wind_m_s;
} qk_plume_slice;

void qk_plume_source_make(qk_plume_source *out, const qk_plume_stack *stack,
                          const qk_plume_profile *profile);
/* distance_m >= 1. */
void qk_plume_slice_at(qk_plume_slice *out, const qk_plume_source *s, double distance_m,
                       const qk_plume_receptor *receptor);
/* Concentration per unit emission at (dx, dy) from the source (east, north); decay_1_s is the rate
 * of an exponential loss. Receptors nearer than 0.99 m, or inside a volume source, give 0. */
double qk_plume_concentration(const qk_plume_source *s, double dx_m, double dy_m,
                              const qk_plume_receptor *receptor, double decay_1_s);

/* The same for many, some dozens at a time: *to is set at the
 * latest by _end. */
enum { QK_PLUME_BATCH = 64 };
typedef struct qk_plume_points {
    const qk_plume_source *source;
    double decay_1_s;
    int count;
    double dx_m[QK_PLUME_BATCH], dy_m[QK_PLUME_BATCH];
    qk_plume_receptor receptor[QK_PLUME_BATCH];
    double *to[QK_PLUME_BATCH];
} qk_plume_points;
void qk_plume_points_begin(qk_plume_points *p, const qk_plume_source *source, double decay_1_s);
void qk_plume_points_put(qk_plume_points *p, double dx_m, double dy_m,
                         const qk_plume_receptor *receptor, double *to);
void qk_plume_points_end(qk_plume_points *p);
/* Distances inside which nothing is computed. */
double qk_plume_exclusion_m(const qk_plume_source *s);
#endif
