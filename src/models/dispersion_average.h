/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_DISPERSION_AVERAGE_H
#define QK_MODELS_DISPERSION_AVERAGE_H
/* Averages and highest values of a run, with the rules for calm and missing hours (40 CFR 51
 * appendix W, 8.4.6): an average of n hours is the sum over max(hours with data, 75 % of n), the
 * period's the sum over the hours with data, the annual one the mean over the whole years of their
 * means. Hours that the weather leaves out are missing in the averages of hours that they are of;
 * a month has those hours that were taken. One thread; memory is groups x receptors x (averages x
 * (1 + ranks)). */
#include "models/aermod_case.h"

typedef struct qk_average qk_average;

typedef struct qk_average_high {
    double value;
    int64_t at; /* yyyymmddhh; 0 = none */
    char flag;  /* ' ', 'c', 'm', 'b': calm or missing hours inside */
} qk_average_high;

QK_NODISCARD qk_code qk_average_new(qk_average **out, const qk_aermod_case *c, qk_error *err);
void qk_average_free(qk_average *a);
/* Before an hour is taken: bits of case->average whose average should have ended in the hours left
 * out before it, and has now; *at is when (yyyymmddhh, one for each average). */
uint32_t qk_average_gap(qk_average *a, const qk_plume_hour *hour,
                        int64_t at[QK_AERMOD_AVERAGES_MAX]);
/* Hours must come in order. value[group * receptors + receptor]. Returns bits of case->average
 * whose average ends with this hour. */
uint32_t qk_average_hour(qk_average *a, const qk_plume_hour *hour, qk_plume_status status,
                         const double *value);
/* Values of an average that has just ended: [group * receptors + receptor]. */
const double *qk_average_ended(const qk_average *a, int average);
qk_average_high qk_average_highest(const qk_average *a, int average, size_t group, size_t receptor,
                                   int rank);
double qk_average_period(const qk_average *a, size_t group, size_t receptor);
/* Mean over whole years; where there is none, that of the period. */
double qk_average_annual(const qk_average *a, size_t group, size_t receptor);
uint32_t qk_average_years(const qk_average *a); /* whole ones */
uint32_t qk_average_hours(const qk_average *a); /* of the period, calm and missing ones too */
uint32_t qk_average_calms(const qk_average *a);
uint32_t qk_average_missing(const qk_average *a);
/* For going on later: the state as bytes (of this build only), and back. */
void qk_average_save(const qk_average *a, qk_buf *out);
QK_NODISCARD qk_code qk_average_load(qk_average *a, qk_str bytes, qk_error *err);
#endif
