/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/ions.h"
#include <math.h>
#include <stdlib.h>

enum { DAY_2019_01_01 = 17897 };

const qk_component_rule *qk_component_rules(size_t *count)
{
    static const qk_component_rule shipped[] = {
        {"component-practice", "practice of composition networks; bounds are conventions",
         "大气颗粒物组分监测做法，界限为本系统约定", DAY_2019_01_01, INT32_MAX, 80, 120, 200}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

static const struct {
    const char *name;
    double g_mol; /* IUPAC 2021, abridged */
    int charge;
} ions[QK_IONS] = {
    [QK_ION_SO4] = {"SO42-", 96.06, -2}, [QK_ION_NO3] = {"NO3-", 62.005, -1},
    [QK_ION_CL] = {"Cl-", 35.45, -1},    [QK_ION_F] = {"F-", 18.998, -1},
    [QK_ION_NH4] = {"NH4+", 18.039, 1},  [QK_ION_NA] = {"Na+", 22.990, 1},
    [QK_ION_K] = {"K+", 39.098, 1},      [QK_ION_MG] = {"Mg2+", 24.305, 2},
    [QK_ION_CA] = {"Ca2+", 40.078, 2},
};

const char *qk_ion_name(qk_ion ion)
{
    return ions[ion].name;
}

qk_ion qk_ion_of(qk_str name)
{
    for (int i = 0; i < QK_IONS; i++)
        if (qk_str_eq(name, qk_str_of(ions[i].name))) return (qk_ion)i;
    return QK_IONS;
}

bool qk_ion_is_anion(qk_ion ion)
{
    return ions[ion].charge < 0;
}

void qk_ion_balance_of(qk_ion_balance *out, const qk_component_rule *rule,
                       const double ug_m3[QK_IONS])
{
    const uint32_t needed = 1u << QK_ION_SO4 | 1u << QK_ION_NO3 | 1u << QK_ION_NH4;
    *out = (qk_ion_balance){.ratio = NAN};
    for (int i = 0; i < QK_IONS; i++) {
        if (isnan(ug_m3[i])) {
            out->missing |= 1u << i;
            continue;
        }
        double ueq = fmax(ug_m3[i], 0) / ions[i].g_mol * abs(ions[i].charge);
        if (ions[i].charge < 0)
            out->anions_ueq_m3 += ueq;
        else
            out->cations_ueq_m3 += ueq;
    }
    if (out->missing & needed || out->cations_ueq_m3 <= 0) return;
    out->ratio = out->anions_ueq_m3 / out->cations_ueq_m3;
    out->balanced =
        out->ratio * 100 >= rule->ratio_low_percent && out->ratio * 100 <= rule->ratio_high_percent;
}
