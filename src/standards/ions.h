/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_IONS_H
#define QK_STANDARDS_IONS_H
/* Composition of particles: the balance of anions and cations of a sample, which shows whether what
 * was measured can be right, and OC/EC (practice of 大气颗粒物组分手工监测技术要求; bounds are rows
 * with dates and a source, table "component" of standards/rules.h). An estimate, in doubles. Pure.
 */
#include "base/text.h"
#include "standards/aqi.h"

typedef struct qk_component_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    int32_t ratio_low_percent; /* anions over cations, in per cent; outside is out of balance */
    int32_t ratio_high_percent;
    int32_t ocec_high_percent; /* OC/EC above it points to secondary organic matter */
} qk_component_rule;
const qk_component_rule *qk_component_rules(size_t *count);

typedef enum qk_ion {
    QK_ION_SO4, /* anions */
    QK_ION_NO3,
    QK_ION_CL,
    QK_ION_F,
    QK_ION_NH4, /* cations */
    QK_ION_NA,
    QK_ION_K,
    QK_ION_MG,
    QK_ION_CA,
    QK_IONS
} qk_ion;
const char *qk_ion_name(qk_ion ion); /* "SO42-" …, as a factor's item names it */
/* QK_IONS for another name. */
qk_ion qk_ion_of(qk_str name);
bool qk_ion_is_anion(qk_ion ion);

typedef struct qk_ion_balance {
    double anions_ueq_m3, cations_ueq_m3; /* of those that are there; 10^-6 equivalents */
    double ratio;                         /* anions / cations; NaN without SO42-, NO3- or NH4+ */
    uint32_t missing;                     /* bits of 1 << qk_ion */
    bool balanced;
} qk_ion_balance;
/* ug/m3; NaN = not measured. A negative value counts as 0: below the limit of detection. */
void qk_ion_balance_of(qk_ion_balance *out, const qk_component_rule *rule,
                       const double ug_m3[QK_IONS]);
#endif
