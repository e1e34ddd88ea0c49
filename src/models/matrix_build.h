/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_MATRIX_BUILD_H
#define QK_MODELS_MATRIX_BUILD_H
/* Builds the source-receptor matrix of a case, source by source: who builds brings threads,
 * progress and files.
 *
 * A row depends on the weather, the receptors, the options and its own source, of all of which it
 * bears a fingerprint; rows of an older matrix with the same one are taken over. The emission rate
 * is not among them, emission factors are. The case, its dispersion and the hours are the caller's
 * and outlive the build. _row may run in several threads at a time, each with work and scratch of
 * its own; the rest is for one thread. */
#include "models/dispersion.h"
#include "models/source_matrix.h"

typedef struct qk_matrix_build {
    const qk_aermod_case *c;
    const qk_plume_hour *hour;
    size_t hours;
    uint8_t heavy_day[367]; /* by day of the year */
    qk_matrix *m;           /* owned; the caller may take it and leave NULL */
    uint32_t *due;          /* sources whose rows are still to be made */
    uint32_t due_count;
} qk_matrix_build;

/* weather: fingerprint of what the hours were read from. heavy_day NULL = no heavy days.
 * QK_EUNSUPPORTED for hourly emissions and ARM2, which no fixed unit has. */
QK_NODISCARD qk_code qk_matrix_build_init(qk_matrix_build *b, const qk_aermod_case *c,
                                          const qk_plume_hour *hour, size_t hours,
                                          const uint8_t *heavy_day, uint64_t weather,
                                          qk_error *err);
void qk_matrix_build_clear(qk_matrix_build *b);
/* Takes over what it can; old may be NULL. */
void qk_matrix_build_reuse(qk_matrix_build *b, const qk_matrix *old);
size_t qk_matrix_build_scratch(const qk_matrix_build *b); /* doubles that _row needs */
void qk_matrix_build_row(qk_matrix_build *b, qk_dispersion_work *work, double *scratch,
                         uint32_t source);
/* "year", "month:3", "sector:16", "hour:24", "heavy"; false where it is none of them. */
bool qk_matrix_plane(const char *text, uint32_t *out);
#endif
