/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_RESPONSE_H
#define QK_MODELS_RESPONSE_H
/* "If this much less is emitted, how much less is in the air": the arithmetic, with what each
 * answer may claim.
 *
 * Primary pollutants are linear in the emissions, so their scenario is a product with the
 * source-receptor matrix: exact within the dispersion model. What comes from outside the region
 * does not answer to measures inside it, so the local share is the ceiling of any plan. Secondary
 * PM2.5 is a range from literature elasticities, an estimate. For ozone only a direction is told:
 * without a chemical mechanism and local VOC data no µg/m3 would be honest. Coefficients of a
 * response surface (pf-RSM) can be imported, never derived here. Pure values; any number of
 * threads. */
#include "base/time.h"
#include "models/source_matrix.h"

/* At full application a measure takes away this part of what its source still emits. */
typedef struct qk_response_cut {
    uint32_t measure, source;
    double share; /* 0..1 */
} qk_response_cut;

/* rate = base x product over the cuts of (1 - applied[measure] x share); applied is 0..1. Measures
 * on one source work one after the other, so none takes away what another has. rate may be base. */
void qk_response_rates(double *rate, const double *base, uint32_t sources,
                       const qk_response_cut *cut, size_t cuts, const double *applied);

/* A range; low <= high. */
typedef struct qk_between {
    double low, high;
} qk_between;

/* Concentration after a change of what a region emits: of `now`, the share lambda answers to the
 * ratio then/base of the region's modelled primary contribution, the rest stays. With ranges of the
 * share the result is one. base <= 0: nothing is modelled there, nothing changes. */
qk_between qk_response_local(double now, qk_between share, double base, double then);
/* The same over regions: now x (1 - sum of share[j] (1 - ratio[j])); a transport matrix's row.
 * Shares that sum to more than 1 are scaled to 1. */
double qk_response_regions(double now, const double *share, const double *ratio, size_t regions);
/* With a range of each share; together they are at most 1 whatever their upper ends sum to. */
qk_between qk_response_regions_between(double now, const qk_between *share, const double *ratio,
                                       size_t regions);

/* Secondary PM2.5 by elasticities: dPM/PM = sum of e[k] x dE/E of the precursor, e as a range; an
 * estimate. change[k] is dE/E (-0.2: a fifth less). The result is not below 0. */
qk_between qk_response_secondary(double now, const qk_between *elasticity, const double *change,
                                 size_t precursors);

/* PM2.5 as a whole: what is directly emitted and modelled, what is formed, and the rest, which
 * stays. */
typedef struct qk_response_parts {
    double now;                   /* all of it */
    double primary, primary_then; /* modelled, in the monitor's scale */
    double secondary;
    qk_between secondary_then;
    qk_between share; /* of the region in `now`; 1, 1 where it is not known */
} qk_response_parts;
/* The range after a change. No change takes away more than the region's share of `now`. An estimate
 * wherever secondary_then is one. */
qk_between qk_response_total(const qk_response_parts *p);

/* What monitors and satellites tell about ozone's regime; NAN = not known. A sign that is not twice
 * its standard error away from 0 is not known either. */
typedef struct qk_ozone_signs {
    double weekend_change; /* (weekend - weekday) / weekday of the daily maximum, NOx lower then */
    double slope;          /* of ozone on NO2, across comparable days, per µg/m3 */
    double formaldehyde_no2;           /* ratio of columns; below 1 VOC-limited, above 2 NOx-limited
                                        * (Duncan et al. 2010, Atmos. Environ. 44, 2213) */
    double weekend_error, slope_error; /* standard errors; 0 = taken as exact */
} qk_ozone_signs;
typedef enum qk_direction {
    QK_DIRECTION_UNKNOWN, /* too little is known, or the signs differ */
    QK_DIRECTION_DOWN,
    QK_DIRECTION_UP
} qk_direction;
/* Where ozone goes when NOx, or VOC, is cut. */
qk_direction qk_ozone_nox_cut(const qk_ozone_signs *signs);
qk_direction qk_ozone_voc_cut(const qk_ozone_signs *signs);

/* Days of the ozone season (April to September) on their way to signs; all 0 to begin with. */
typedef struct qk_ozone_days {
    double sum[2], square[2]; /* of ozone on working days and at weekends */
    int count[2], pairs;
    double x, y, xx, xy, yy; /* x is NO2 */
} qk_ozone_days;
enum { QK_OZONE_WEEKDAYS = 30, QK_OZONE_WEEKENDS = 12, QK_OZONE_PAIRS = 30 };
/* NAN = no value; days out of season count nothing. */
void qk_ozone_days_add(qk_ozone_days *d, qk_time day, double ozone, double no2);
/* Signs with their errors; NAN with fewer days than above. */
qk_ozone_signs qk_ozone_days_signs(const qk_ozone_days *d);

/* A term of a polynomial response surface (Xing et al. 2018, ACP 18, 7799):
 * x dNOx^nox dSO2^so2 dNH3^nh3 dVOC^voc, with d = E'/E - 1. Exponents are whole and at least 0. */
typedef struct qk_rsm_term {
    int nox, so2, nh3, voc;
    double x;
} qk_rsm_term;
typedef struct qk_rsm_change {
    double nox, so2, nh3, voc;
} qk_rsm_change;
/* Change of concentration in the surface's unit; no change gives 0 whatever the terms. */
double qk_rsm_evaluate(const qk_rsm_term *term, size_t terms, const qk_rsm_change *change);
#endif
