/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LABSAMPLE_H
#define QK_DOMAIN_LABSAMPLE_H
/* Samples of manual monitoring, from the reports of institutions: who took them where and when,
 * what was found, digits as written. They are evidence: only ever added to. Reading is for any
 * thread with a connection of its own, writing for the store thread, inside its transaction. */
#include "base/memory.h"
#include "base/time.h"
#include "store/db.h"

enum { QK_LAB_ROWS_MAX = 100000, QK_LAB_TEXT_MAX = 200 };

typedef struct qk_lab_sample {
    int64_t id;
    const char *institution, *person, *report, *point, *item, *unit;
    qk_time at;
    qk_time told; /* date of the report; QK_TIME_NONE = it has none */
    qk_str digits;
    qk_time recorded_at;
    const char *recorded_by;
} qk_lab_sample;

/* CSV institution,report,point,item,sampled_at,value[,person][,reported_at][,unit]: all rows or
 * none; a refusal has line and column. Rows that are there already are passed over. *rows: read;
 * *fresh: new ones. */
QK_NODISCARD qk_code qk_lab_csv(size_t *rows, size_t *fresh, qk_db *db, qk_str csv, qk_str by,
                                qk_time now, qk_error *err);
/* Taken in from <= at < to, by number; institution NULL = all; at most QK_LAB_ROWS_MAX (QK_EFULL).
 */
QK_NODISCARD qk_code qk_lab_samples(qk_lab_sample **out, size_t *n, qk_db *db,
                                    const char *institution, qk_time from, qk_time to,
                                    qk_arena *arena, qk_error *err);
#endif
