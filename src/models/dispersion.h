/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_DISPERSION_H
#define QK_MODELS_DISPERSION_H
/* Runs a case hour by hour: which plume reaches which receptor, summed by source group.
 *
 * The case is prepared once (qk_dispersion); each thread brings its own work space. An hour depends
 * on nothing but its weather and emissions, so hours may be computed in any order and by any number
 * of threads with the same bits as result. Where many receptors of one height stand on flat ground
 * each source's plume is tabulated (models/plume_table.h), otherwise every receptor is evaluated.
 * Concentrations are in the case's output unit (µg/m3 unless EMISUNIT says otherwise). */
#include "models/aermod_case.h"
#include "models/plume_table.h"

typedef struct qk_dispersion qk_dispersion;
typedef struct qk_dispersion_work qk_dispersion_work;

/* The case must outlive it. */
QK_NODISCARD qk_code qk_dispersion_new(qk_dispersion **out, const qk_aermod_case *c, qk_error *err);
void qk_dispersion_free(qk_dispersion *d);
size_t qk_dispersion_receptors(const qk_dispersion *d);
/* NULL without memory. */
qk_dispersion_work *qk_dispersion_work_new(const qk_dispersion *d);
void qk_dispersion_work_free(qk_dispersion_work *w);

/* Takes up an hour; a calm or missing one gives no concentration. */
qk_plume_status qk_dispersion_begin(qk_dispersion_work *w, const qk_plume_hour *hour);
/* Adds one source's concentrations to sum[receptors]. Only after a valid begin. */
void qk_dispersion_source(qk_dispersion_work *w, size_t source, const qk_aermod_emission *emission,
                          double *sum);
/* Both, for all groups: sum[group * receptors + receptor] is set, emission has an entry a source.
 * ARM2, where the case asks for it, is applied to each group's sum. */
qk_plume_status qk_dispersion_hour(qk_dispersion_work *w, const qk_plume_hour *hour,
                                   const qk_aermod_emission *emission, double *sum);
/* Tabulation on (the default) or off, for comparison. */
void qk_dispersion_tabulate(qk_dispersion *d, bool on);

/* NO2/NOx of the Ambient Ratio Method 2 at a NOx concentration in µg/m3 (Podrez 2015, Atmos.
 * Environ. 103; coefficients of version 24142). */
double qk_dispersion_arm2(double nox_ug_m3, double low, double high);
#endif
