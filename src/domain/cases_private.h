/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_CASES_PRIVATE_H
#define QK_DOMAIN_CASES_PRIVATE_H
/* What the files of cases share. */
#include "domain/cases.h"

typedef struct qk_case_row {
    char id[QK_CASE_ID_MAX];
    char kind[24], state[16], unit[64];
    qk_time opened_at, due_at; /* due_at QK_TIME_NONE = none */
    int64_t version;
    int64_t misses, rounds; /* dates that passed; dates that were set */
    int64_t relapses;       /* re-checks that found it again */
    bool late;              /* fed back behind a date */
    char replied_by[64];
} qk_case_row;

QK_NODISCARD qk_code qk_case_load(qk_case_row *out, qk_db *db, qk_str id, qk_error *err);
/* A step, with data as JSON object ("" = {}). */
QK_NODISCARD qk_code qk_case_add_step(qk_db *db, qk_str id, qk_str who, qk_str unit,
                                      const char *what, qk_str text, qk_str data, qk_time now,
                                      qk_error *err);
/* Whether a rung of the case was approved, executed or not. */
QK_NODISCARD qk_code qk_consequence_approved(bool *out, qk_db *db, qk_str case_id, qk_rung rung,
                                             qk_error *err);
/* Its consequences, as objects of the array that is open. */
QK_NODISCARD qk_code qk_consequences_of_case(qk_json_writer *w, qk_db *db, qk_str id,
                                             qk_error *err);
#endif
