/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_INDEX_H
#define QK_STANDARDS_INDEX_H
/* Composite index of a period: sum of C_i/S_i over SO2, NO2, PM10, PM2.5 (means), CO (95th
 * percentile), O3 (90th percentile of the daily largest 8-h mean); HJ 663-2013 practice and
 * 环办监测〔2018〕19号. Which limits and weights hold from 2026-03 on is not settled by a text at
 * hand: the candidates are profiles, and a profile is data. Exact fractions. Pure, any thread. */
#include "standards/aqi.h"
#include "standards/ratio.h"

typedef struct qk_index_profile {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day; /* first and last day it is the default for; from > to: never the default */
    int32_t to_day;
    qk_dec limit[QK_POLLUTANTS]; /* ug/m3, CO mg/m3 */
    int32_t weight[QK_POLLUTANTS];
} qk_index_profile;

typedef struct qk_index {
    qk_ratio single[QK_POLLUTANTS]; /* C/S, without weight */
    qk_ratio total;                 /* not there when one of the six is not */
    qk_ratio max;
    uint32_t primary; /* bits 1 << pollutant of the largest single index; 0 when all are 0 */
} qk_index;

const qk_index_profile *qk_index_profiles(size_t *count);
/* NULL for an unknown name. */
const qk_index_profile *qk_index_profile_named(qk_str name);
/* The default of a period that ends on that civil day. Never NULL. */
const qk_index_profile *qk_index_profile_on(int32_t day);

/* value[p] may be "not there". */
void qk_index_of(qk_index *out, const qk_index_profile *profile,
                 const qk_ratio value[QK_POLLUTANTS]);
#endif
