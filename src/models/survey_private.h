/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_SURVEY_PRIVATE_H
#define QK_MODELS_SURVEY_PRIVATE_H
/* Shared by the files of the mobile survey. Positions are metres east and north of the middle of
 * the track. */
#include "base/memory.h"
#include "models/survey.h"

typedef struct survey_xy {
    double x, y;
} survey_xy;

typedef struct survey_job {
    const qk_survey_point *point;
    size_t points;
    const qk_survey_road *road;
    size_t roads;
    qk_survey_options o;
    qk_place origin;
    survey_xy *xy; /* [points] */
    qk_arena *arena, *scratch;
    qk_survey *out;
} survey_job;

survey_xy qk_survey_xy(const survey_job *job, qk_place at);
/* Fills match[].road, along_m, away_m. */
QK_NODISCARD qk_code qk_survey_lay(survey_job *job, qk_error *err);
#endif
