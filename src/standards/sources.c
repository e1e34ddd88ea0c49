/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/sources.h"
#include <math.h>

qk_ratio qk_fume_base(qk_ratio c_mg_m3, qk_ratio flow_m3h, qk_ratio stoves)
{
    qk_ratio base_flow = qk_ratio_mul(stoves, qk_ratio_int(2000));
    return qk_ratio_div(qk_ratio_mul(c_mg_m3, flow_m3h), base_flow);
}

bool qk_fume_meets(qk_ratio base_mg_m3)
{
    return qk_ratio_there(base_mg_m3) && qk_ratio_cmp(base_mg_m3, qk_ratio_int(2)) <= 0;
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

int32_t qk_ldar_threshold(qk_ldar_medium medium, bool key_region)
{
    if (medium == QK_LDAR_HEAVY_LIQUID) return key_region ? 500 : 2000;
    return key_region ? 2000 : 5000;
}

/* GB 20952-2020 annex B. Columns 13-18 and on are computed, not seen in print. */
static const int32_t tightness[][1 + QK_VAPOUR_COLUMNS] = {
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
};

qk_code qk_vapour_tightness(int32_t min_pa[QK_VAPOUR_COLUMNS], qk_ratio ullage_l)
{
    size_t rows = sizeof tightness / sizeof tightness[0];
    if (!qk_ratio_there(ullage_l)) return QK_ERANGE;
    if (qk_ratio_cmp(ullage_l, qk_ratio_int(tightness[0][0])) < 0) return QK_ERANGE;
    for (size_t i = 0; i < rows; i++) {
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

int32_t qk_vapour_resistance(qk_ratio flow_l_min)
{
    static const int32_t rows[][2] = {{18, 40}, {28, 90}, {38, 155}};
    if (!qk_ratio_there(flow_l_min)) return 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (qk_ratio_cmp(flow_l_min, qk_ratio_int(rows[i][0])) == 0) return rows[i][1];
    return 0;
}

bool qk_vapour_ratio_meets(qk_ratio al)
{
    return qk_ratio_there(al) && qk_ratio_cmp(al, qk_ratio_int(1)) >= 0 &&
           qk_ratio_cmp(al, qk_ratio_of(12, 10)) <= 0;
}

qk_ratio qk_gas_mass(qk_ratio ppb, qk_ratio molar_mass_g_mol, qk_gas_state state)
{
    qk_ratio gas_constant = qk_ratio_of(831446261815324, 100000000000000);
    qk_ratio kelvin = qk_ratio_of(state == QK_GAS_298K ? 29815 : 27315, 100);
    qk_ratio litres = qk_ratio_div(qk_ratio_mul(gas_constant, kelvin), qk_ratio_of(101325, 1000));
    return qk_ratio_div(qk_ratio_mul(ppb, molar_mass_g_mol), litres);
}

const qk_compensation_rule *qk_compensation_zhengzhou2020(void)
{
    static const qk_compensation_rule rule = {
        "zhengzhou2020",
        "Zhengzhou 2020 ecological compensation, published amounts a ug/m3 above the city mean",
        "PM25",
        {{{5, 0}, {10, 0}}, {{0, 0}, {20, 0}}},
        2};
    return &rule;
}

qk_ratio qk_compensation(const qk_compensation_rule *rule, qk_ratio own, qk_ratio reference)
{
    qk_ratio above = qk_ratio_sub(own, reference);
    qk_ratio pay = qk_ratio_int(0);
    qk_ratio floor = qk_ratio_int(0);
    if (!qk_ratio_there(above)) return above;
    for (size_t i = 0; i < rule->tier_count && qk_ratio_cmp(above, floor) > 0; i++) {
        qk_ratio top = qk_ratio_dec(rule->tiers[i].up_to_ug_m3);
        bool inside = i + 1 == rule->tier_count || qk_ratio_cmp(above, top) <= 0;
        qk_ratio part = qk_ratio_sub(inside ? above : top, floor);
        pay = qk_ratio_add(pay, qk_ratio_mul(part, qk_ratio_dec(rule->tiers[i].wan_yuan_per_ug)));
        floor = top;
        if (inside) break;
    }
    return pay;
}
