/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_SUSPECT_H
#define QK_MODELS_SUSPECT_H
/* Which source made a hot spot: probabilities of registered sources, or of cells, given what
 * several sensors saw above their background over some hours.
 *
 * From each sensor and hour the air is followed backwards through the winds. What one unit of
 * emission at a place adds there is the Gaussian plume along that path (spread by Briggs's rural
 * formulas of the neutral class, times 0.6, 1 and 1.6); a place off every path adds nothing. The
 * measured wind of an hour may be turned and too fast or slow: that error is common to the hour's
 * readings, and the likelihood of the hour is its mean over such errors. Each source's likelihood
 * is that of all readings, the low ones too, under the strength that is integrated over six and a
 * half decades; times its prior weight this gives the probability (Bayes). Method: Keats, Yee and
 * Lien 2007, Atmos. Environ. 41, 465. Pure; any thread.
 */
#include "models/trajectory.h"

typedef struct qk_reading {
    size_t sensor;
    qk_time time;
    double excess; /* above the background, any unit; may be negative; NaN is left out */
} qk_reading;

typedef struct qk_suspect_input {
    size_t sensors, readings, sources;
    const qk_place *sensor; /* [sensors] */
    const qk_reading *reading;
    const qk_place *source;
    const double *prior; /* [sources] weights >= 0: size, evidence; NULL = all alike */
    qk_wind_at wind;
    const void *field;
    double noise;         /* standard deviation of a reading's background, > 0 */
    double model_error;   /* relative error of the plume, 0 = 0.35 */
    double direction_deg; /* standard deviation of an hour's wind direction, 0 = 8 */
    double hours;         /* followed back, 0 = 3 */
} qk_suspect_input;

typedef struct qk_suspect {
    size_t source;
    double probability;
    double strength;   /* most likely emission, unit of excess times m3/s */
    double distance_m; /* to the sensor with the greatest reading */
    double bearing_deg;
    uint32_t readings; /* that its plume could have reached */
} qk_suspect;

/* out [sources], most probable first; probabilities add up to 1 - *unknown, which gets that of
 * "none of these" (its prior is unknown_prior, e.g. 0.1). QK_EINVAL, QK_EFORMAT when there is no
 * reading or no wind for any, QK_ERANGE beyond 20,000 readings of one hour, QK_ENOMEM. */
QK_NODISCARD qk_code qk_suspects_of(qk_suspect *out, double *unknown, const qk_suspect_input *in,
                                    double unknown_prior, qk_error *err);

/* Evidence about a source as a factor of its prior weight. */
typedef enum qk_evidence {
    QK_EVIDENCE_RUNNING = 1, /* power or outlet data say it is at work */
    QK_EVIDENCE_IDLE = 2,    /* they say it is not */
    QK_EVIDENCE_FIRE = 4,    /* a fire point of the last hours lies there */
    QK_EVIDENCE_AT_WORK = 8, /* a site with earth-works now */
    QK_EVIDENCE_TREATMENT_OFF = 16,
    QK_EVIDENCE_BEFORE = 32, /* found guilty in the last 90 days */
    QK_EVIDENCE_PERMIT = 64  /* a site filed as under construction */
} qk_evidence;
double qk_evidence_weight(unsigned evidence);
#endif
