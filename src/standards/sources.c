/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/sources.h"
#include <math.h>

enum { DAY_2002_01_01 = 11688, DAY_2019_07_01 = 18078, DAY_2021_04_01 = 18718 };

const qk_fume_rule *qk_fume_rules(size_t *count)
{
    static const qk_fume_rule shipped[] = {
        {"GB18483-2001", "GB 18483-2001: C Q/(n x 2000) <= 2.0 mg/m3, from 2002-01-01",
         "GB 18483-2001：C Q/(n × 2000) ≤ 2.0 mg/m³，自 2002-01-01 施行", DAY_2002_01_01, INT32_MAX,
         2000, 2000000}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

qk_ratio qk_fume_base(const qk_fume_rule *rule, qk_ratio c_mg_m3, qk_ratio flow_m3h,
                      qk_ratio stoves)
{
    qk_ratio base_flow = qk_ratio_mul(stoves, qk_ratio_int(rule->stove_flow_m3h));
    return qk_ratio_div(qk_ratio_mul(c_mg_m3, flow_m3h), base_flow);
}

bool qk_fume_meets(const qk_fume_rule *rule, qk_ratio base_mg_m3)
{
    qk_ratio limit = qk_ratio_dec((qk_dec){rule->limit_mg_m3, 6});
    return qk_ratio_there(base_mg_m3) && qk_ratio_cmp(base_mg_m3, limit) <= 0;
}

qk_ratio qk_dustfall(qk_ratio mass_g, qk_ratio area_cm2, qk_ratio days)
{
    return qk_ratio_div(qk_ratio_mul(mass_g, qk_ratio_int(300000)), qk_ratio_mul(area_cm2, days));
}

double qk_road_dust_g_km(double k, double silt_g_m2, double weight_t, double efficiency)
{
    return k * pow(silt_g_m2, 0.91) * pow(weight_t, 1.02) * (1 - efficiency);
}

qk_ratio qk_carbon_days(qk_ratio carbon_kg, qk_ratio capacity, qk_ratio voc_mg_m3,
                        qk_ratio flow_m3h, qk_ratio hours_per_day)
{
    qk_ratio holds_mg = qk_ratio_mul(qk_ratio_mul(carbon_kg, capacity), qk_ratio_int(1000000));
    qk_ratio mg_per_day = qk_ratio_mul(qk_ratio_mul(voc_mg_m3, flow_m3h), hours_per_day);
    return qk_ratio_div(holds_mg, mg_per_day);
}

const qk_ldar_rule *qk_ldar_rules(size_t *count)
{
    static const qk_ldar_rule shipped[] = {
        {"GB37822-2019",
         "GB 37822-2019 8.3, HJ 1230-2021, from 2019-07-01",
         "GB 37822-2019 第 8.3 条、HJ 1230-2021，自 2019-07-01 施行",
         DAY_2019_07_01,
         INT32_MAX,
         {[QK_LDAR_GAS] = {5000, 2000},
          [QK_LDAR_LIGHT_LIQUID] = {5000, 2000},
          [QK_LDAR_HEAVY_LIQUID] = {2000, 500}}}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

int32_t qk_ldar_threshold(const qk_ldar_rule *rule, qk_ldar_medium medium, bool key_region)
{
    return rule->threshold[medium][key_region ? 1 : 0];
}

/* GB 20952-2020 annex B. Columns 13-18 and on are computed, not seen in print. */
static const qk_vapour_rule vapour_shipped[] = {
    {"GB20952-2020",
     "GB 20952-2020 with annex B, from 2021-04-01",
     "GB 20952-2020 及附录 B，自 2021-04-01 施行",
     DAY_2021_04_01,
     INT32_MAX,
     {
         {1893, 182, 172, 162, 152, 142},  {2082, 199, 189, 179, 169, 159},
         {2271, 217, 204, 194, 184, 177},  {2460, 232, 219, 209, 199, 192},
         {2650, 244, 234, 224, 214, 204},  {2839, 257, 244, 234, 227, 217},
         {3028, 267, 257, 247, 237, 229},  {3217, 277, 267, 257, 249, 239},
         {3407, 286, 277, 267, 257, 249},  {3596, 294, 284, 277, 267, 259},
         {3785, 301, 294, 284, 274, 267},  {4542, 329, 319, 311, 304, 296},
         {5299, 349, 341, 334, 326, 319},  {6056, 364, 356, 351, 344, 336},
         {6813, 376, 371, 364, 359, 351},  {7570, 389, 381, 376, 371, 364},
         {8327, 396, 391, 386, 381, 376},  {9084, 404, 399, 394, 389, 384},
         {9841, 411, 406, 401, 396, 391},  {10598, 416, 411, 409, 404, 399},
         {11355, 421, 418, 414, 409, 404}, {13248, 431, 428, 423, 421, 416},
         {15140, 438, 436, 433, 428, 426}, {17033, 446, 443, 441, 436, 433},
         {18925, 451, 448, 446, 443, 441}, {22710, 458, 456, 453, 451, 448},
         {26495, 463, 461, 461, 458, 456}, {30280, 468, 466, 463, 463, 461},
         {34065, 471, 471, 468, 466, 466}, {37850, 473, 473, 471, 468, 468},
         {56775, 481, 481, 481, 478, 478}, {75700, 486, 486, 483, 483, 483},
         {94625, 488, 488, 488, 486, 486},
     },
     33,
     {{18, 40}, {28, 90}, {38, 155}},
     3,
     {1, 0},
     {12, 1}}};

const qk_vapour_rule *qk_vapour_rules(size_t *count)
{
    *count = sizeof vapour_shipped / sizeof vapour_shipped[0];
    return vapour_shipped;
}

qk_code qk_vapour_tightness(int32_t min_pa[QK_VAPOUR_COLUMNS], const qk_vapour_rule *rule,
                            qk_ratio ullage_l)
{
    const int32_t(*tightness)[1 + QK_VAPOUR_COLUMNS] = rule->tightness;
    if (!qk_ratio_there(ullage_l) || rule->rows == 0) return QK_ERANGE;
    if (qk_ratio_cmp(ullage_l, qk_ratio_int(tightness[0][0])) < 0) return QK_ERANGE;
    for (size_t i = 0; i < rule->rows; i++) {
        if (qk_ratio_cmp(ullage_l, qk_ratio_int(tightness[i][0])) > 0) continue;
        size_t low = i ? i - 1 : 0;
        int32_t width = tightness[i][0] - tightness[low][0];
        qk_ratio above = qk_ratio_sub(ullage_l, qk_ratio_int(tightness[low][0]));
        qk_ratio part = width ? qk_ratio_div(above, qk_ratio_int(width)) : above;
        for (int c = 0; c < QK_VAPOUR_COLUMNS; c++) {
            qk_ratio rise = qk_ratio_int(tightness[i][c + 1] - tightness[low][c + 1]);
            qk_ratio pa =
                qk_ratio_add(qk_ratio_int(tightness[low][c + 1]), qk_ratio_mul(rise, part));
            qk_dec rounded;
            QK_TRY(qk_ratio_round(&rounded, pa, 0));
            min_pa[c] = (int32_t)rounded.mantissa;
        }
        return QK_OK;
    }
    return QK_ERANGE;
}

int32_t qk_vapour_resistance(const qk_vapour_rule *rule, qk_ratio flow_l_min)
{
    if (!qk_ratio_there(flow_l_min)) return 0;
    for (size_t i = 0; i < rule->flows; i++)
        if (qk_ratio_cmp(flow_l_min, qk_ratio_int(rule->resistance[i][0])) == 0)
            return rule->resistance[i][1];
    return 0;
}

bool qk_vapour_ratio_meets(const qk_vapour_rule *rule, qk_ratio al)
{
    return qk_ratio_there(al) && qk_ratio_cmp(al, qk_ratio_dec(rule->ratio_min)) >= 0 &&
           qk_ratio_cmp(al, qk_ratio_dec(rule->ratio_max)) <= 0;
}

qk_ratio qk_gas_mass(qk_ratio ppb, qk_ratio molar_mass_g_mol, qk_gas_state state)
{
    qk_ratio gas_constant = qk_ratio_of(831446261815324, 100000000000000);
    qk_ratio kelvin = qk_ratio_of(state == QK_GAS_298K ? 29815 : 27315, 100);
    qk_ratio litres = qk_ratio_div(qk_ratio_mul(gas_constant, kelvin), qk_ratio_of(101325, 1000));
    return qk_ratio_div(qk_ratio_mul(ppb, molar_mass_g_mol), litres);
}

const qk_compensation_rule *qk_compensation_rules(size_t *count)
{
    static const qk_compensation_rule shipped[] = {
        {"zhengzhou2020",
         "Zhengzhou 2020: 10 (to 5 ug/m3 above the city mean), then 20 x 10^4 yuan",
         "郑州市 2020 年办法：高出全市均值 5 µg/m³ 以内每微克 10 万元，以上每微克 20 万元",
         INT32_MIN,
         INT32_MAX,
         {[QK_PM25] = {{{5, 0}, {10, 0}}, {{0, 0}, {20, 0}}}},
         {[QK_PM25] = 2}}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

qk_ratio qk_compensation(const qk_compensation_rule *rule, qk_pollutant pollutant, qk_ratio own,
                         qk_ratio reference)
{
    const qk_compensation_tier *tiers = rule->tiers[pollutant];
    size_t count = rule->tier_count[pollutant];
    qk_ratio above = qk_ratio_sub(own, reference);
    qk_ratio pay = qk_ratio_int(0);
    qk_ratio floor = qk_ratio_int(0);
    if (count == 0) return QK_RATIO_NONE;
    if (!qk_ratio_there(above)) return above;
    for (size_t i = 0; i < count && qk_ratio_cmp(above, floor) > 0; i++) {
        qk_ratio top = qk_ratio_dec(tiers[i].up_to_ug_m3);
        bool inside = i + 1 == count || qk_ratio_cmp(above, top) <= 0;
        qk_ratio part = qk_ratio_sub(inside ? above : top, floor);
        pay = qk_ratio_add(pay, qk_ratio_mul(part, qk_ratio_dec(tiers[i].wan_yuan_per_ug)));
        floor = top;
        if (inside) break;
    }
    return pay;
}
