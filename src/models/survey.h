/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_SURVEY_H
#define QK_MODELS_SURVEY_H
/* A mobile survey: what a car measured each second becomes roads in order of their pollution, and
 * places where peaks were met.
 *
 * 1. Each point is laid onto a road: the most likely sequence of roads, given the distance to each
 *    and that a car changes roads only where they meet (after Newson and Krumm 2009, ACM GIS, with
 *    the meeting of roads in place of a route search).
 * 2. The background is a low percentile of the minutes around, which the plumes of single sources
 *    do not move (Brantley et al. 2014, Atmos. Meas. Tech. 7, 2169); what is above is the excess.
 * 3. Runs of excess above a threshold are peaks; peaks near each other are one hot place, however
 *    many passes met it (single linkage).
 *
 * WGS-84 degrees, metres, ms; values in any unit, NaN = missing, negative ones are kept. Pure; any
 * thread. */
#include "base/memory.h"
#include "models/trajectory.h"

typedef struct qk_survey_point {
    qk_time time; /* rising; a point earlier than the one before is an error */
    qk_place at;
    double value;
} qk_survey_point;

/* A road is a line of vertices. */
typedef struct qk_survey_road {
    const qk_place *vertex;
    size_t count;
} qk_survey_road;

typedef struct qk_survey_options {
    double reach_m;    /* farther from a road is off road; 0 = 30 */
    double window_s;   /* the background's, in all; 0 = 1200 */
    double percentile; /* of the background; 0 = 10 */
    double threshold;  /* of a peak's excess; 0 = six spreads of the excess (median absolute) */
    double join_s;     /* gaps within a peak; 0 = 10 */
    double cluster_m;  /* peaks nearer than this are one place; 0 = 50 */
    qk_time pass_gap;  /* absence that makes the next visit another pass; 0 = 10 minutes */
} qk_survey_options;

enum { QK_SURVEY_OFF_ROAD = -1, QK_SURVEY_POINTS_MAX = 1000000, QK_SURVEY_VERTICES_MAX = 2000000 };

typedef struct qk_survey_match {
    int32_t road; /* QK_SURVEY_OFF_ROAD = none */
    float along_m, away_m;
    double background, excess; /* NaN where the value is missing */
} qk_survey_match;

typedef struct qk_survey_peak {
    size_t first, last, top; /* points */
    double excess;           /* at top */
    uint32_t place;          /* its hot place */
} qk_survey_peak;

typedef struct qk_survey_place {
    qk_place at; /* mean of its peaks, weighted by excess */
    int32_t road;
    uint32_t peaks, passes;
    double excess; /* greatest */
    double mean;   /* mean of its peaks' greatest */
    qk_time first, last;
    size_t top; /* point of the greatest */
} qk_survey_place;

typedef struct qk_survey_rank {
    size_t road;
    size_t points;
    uint32_t passes;
    double driven_m; /* of its length, each ten metres once */
    double mean, p95, excess;
} qk_survey_rank;

/* Everything lies in its arena; qk_survey_free releases it. */
typedef struct qk_survey {
    qk_arena arena;
    qk_survey_match *match; /* one for each point */
    qk_survey_peak *peak;   /* in order of time */
    size_t peaks;
    qk_survey_place *place; /* greatest passes, then mean excess, first */
    size_t places;
    qk_survey_rank *rank; /* roads with a point, greatest mean excess first */
    size_t ranks;
    double threshold;
    size_t off_road, missing; /* points */
} qk_survey;

/* QK_EINVAL for a place or time that is none, naming the point or road; QK_EFULL beyond the
 * ceilings; QK_EFORMAT without a value; QK_ENOMEM. */
QK_NODISCARD qk_code qk_survey_run(qk_survey *out, const qk_survey_point *point, size_t points,
                                   const qk_survey_road *road, size_t roads,
                                   const qk_survey_options *options, qk_error *err);
void qk_survey_free(qk_survey *survey);

/* The source that a peak most likely came from: the nearest within 3 km and 45 degrees of where the
 * wind (u, v; m/s) comes from, a source aside counting as farther away; in calm air (below 0.5 m/s)
 * the nearest within 1 km. SIZE_MAX = none. *away_m and *aside_deg tell where it lies; aside_deg is
 * NaN in calm air. */
size_t qk_survey_upwind(double *away_m, double *aside_deg, const qk_place *source, size_t sources,
                        qk_place at, double u, double v);
#endif
