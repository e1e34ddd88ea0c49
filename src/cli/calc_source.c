/* SPDX-License-Identifier: Apache-2.0 */
/* Calculations about sources: stacks, kitchens, dust, carbon, leaks, petrol stations, gas states.
 */
#include "cli/calc.h"

static void run_cems_o2(calc_row *row)
{
    bool invalid;
    qk_ratio c = calc_amount(row, 0), o2 = calc_amount(row, 1), base = calc_amount(row, 2);
    qk_ratio converted = qk_cems_at_oxygen(c, o2, base, &invalid);
    if (invalid) calc_put(row, 1, "invalid_o2");
    if (invalid || !qk_ratio_there(converted)) return;
    calc_put_ratio(row, 0, converted, 4);
    calc_put(row, 1, "ok");
}

static void run_cems_dry(calc_row *row)
{
    calc_put_ratio(row, 0, qk_cems_dry(calc_amount(row, 0), calc_amount(row, 1)), 4);
}

static void run_cems_flow(calc_row *row)
{
    qk_cems_flow flow;
    qk_cems_stack stack = {calc_amount(row, 0), calc_amount(row, 1), calc_ratio(row, 2),
                           calc_amount(row, 3), calc_ratio(row, 4),  calc_amount(row, 5),
                           calc_amount(row, 6)};
    qk_cems_flow_of(&flow, &stack);
    calc_put_ratio(row, 0, flow.qs_m3h, 2);
    calc_put_ratio(row, 1, flow.qsn_m3h, 2);
    calc_put_ratio(row, 2, flow.rate_kgh, 4);
}

static void run_cems_pitot(calc_row *row)
{
    qk_dec velocity;
    qk_ratio kp = calc_amount(row, 0), pd = calc_amount(row, 1);
    qk_ratio rho = qk_cems_density(calc_ratio(row, 2), calc_amount(row, 3), calc_ratio(row, 4));
    calc_put_ratio(row, 0, rho, 6);
    qk_code code = qk_cems_pitot(&velocity, kp, pd, rho, 6);
    if (code == QK_OK) calc_put_dec(row, 1, velocity);
    if (code == QK_ERANGE)
        calc_bad(row, CALC_GIVEN_MAX, "the numbers have more digits than can be reckoned exactly");
}

static const qk_cems_rule *cems_rule(calc_row *row)
{
    const qk_cems_rule *rule = qk_rules_cems_on(row->rules, row->day);
    row->rule = rule->source;
    return rule;
}

static void run_cems_substitution(calc_row *row)
{
    static const char *const kinds[] = {"maintenance", "out_of_control", "failure", "repair"};
    qk_ratio rate = calc_amount(row, 1), hours = calc_amount(row, 2);
    bool known = calc_missing(row, 0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (qk_str_eq(row->given[0], qk_str_of(kinds[i]))) known = true;
    if (!known) calc_bad(row, 0, "unknown kind of period; maintenance, out_of_control, failure");
    for (int i = 3; i <= 5; i++) calc_amount(row, i);
    if (!qk_ratio_there(rate) || !qk_ratio_there(hours)) return;
    if (qk_ratio_cmp(rate, qk_ratio_int(100)) > 0) return;
    int32_t basis = qk_cems_substitute_hours(cems_rule(row), rate, hours);
    calc_put_int(row, 0, basis);
    if (basis == 0) return;
    int cell = basis == 180 ? 3 : (basis == 720 ? 4 : 5);
    if (qk_ratio_there(calc_amount(row, cell))) calc_put_str(row, 1, row->given[cell]);
}

static void run_cems_capture_rate(calc_row *row)
{
    calc_put_ratio(
        row, 0, qk_cems_capture_rate(calc_amount(row, 0), calc_amount(row, 1), calc_amount(row, 2)),
        2);
}

static void run_cems_hour_valid(calc_row *row)
{
    const qk_cems_rule *rule = cems_rule(row);
    qk_ratio minutes = calc_amount(row, 0);
    if (!qk_ratio_there(minutes) || qk_ratio_cmp(minutes, qk_ratio_int(60)) > 0) return;
    calc_put_int(row, 0, qk_ratio_cmp(minutes, qk_ratio_int(rule->hour_minutes)) >= 0);
}

static void run_oil_fume(calc_row *row)
{
    const qk_fume_rule *rule = qk_rules_fume_on(row->rules, row->day);
    row->rule = rule->source;
    qk_ratio base =
        qk_fume_base(rule, calc_amount(row, 0), calc_amount(row, 1), calc_amount(row, 2));
    calc_put_ratio(row, 0, base, 4);
    if (qk_ratio_there(base)) calc_put_int(row, 1, qk_fume_meets(rule, base));
}

static void run_dustfall(calc_row *row)
{
    calc_put_ratio(row, 0,
                   qk_dustfall(calc_amount(row, 0), calc_amount(row, 1), calc_amount(row, 2)), 3);
}

static void run_activated_carbon(calc_row *row)
{
    qk_ratio days = qk_carbon_days(calc_amount(row, 0), calc_amount(row, 1), calc_amount(row, 2),
                                   calc_amount(row, 3), calc_amount(row, 4));
    calc_put_ratio(row, 0, days, 4);
}

static bool word_of(calc_row *row, int given, const char *const *words, int *out)
{
    if (calc_missing(row, given)) return false;
    for (int i = 0; words[i]; i++)
        if (qk_str_eq(row->given[given], qk_str_of(words[i]))) {
            *out = i;
            return true;
        }
    calc_bad(row, given, "unknown word '%.*s'",
             (int)(row->given[given].len > 40 ? 40 : row->given[given].len), row->given[given].ptr);
    return false;
}

static void run_ldar_leak(calc_row *row)
{
    static const char *const media[] = {"gas", "light_liquid", "heavy_liquid", NULL};
    static const char *const regions[] = {"general", "key", NULL};
    int medium, region;
    qk_ratio net = calc_amount(row, 2);
    bool with_medium = word_of(row, 0, media, &medium);
    bool with_region = word_of(row, 1, regions, &region);
    if (!with_medium || !with_region) return;
    const qk_ldar_rule *rule = qk_rules_ldar_on(row->rules, row->day);
    row->rule = rule->source;
    int32_t threshold = qk_ldar_threshold(rule, (qk_ldar_medium)medium, region == 1);
    calc_put_int(row, 0, threshold);
    if (qk_ratio_there(net)) calc_put_int(row, 1, qk_ratio_cmp(net, qk_ratio_int(threshold)) >= 0);
}

static void run_gas_state(calc_row *row)
{
    qk_ratio ppb = calc_amount(row, 1), mass = calc_amount(row, 2);
    calc_put_ratio(row, 0, qk_gas_mass(ppb, mass, QK_GAS_298K), 5);
    calc_put_ratio(row, 1, qk_gas_mass(ppb, mass, QK_GAS_273K), 5);
}

static const qk_vapour_rule *vapour_rule(calc_row *row)
{
    const qk_vapour_rule *rule = qk_rules_vapour_on(row->rules, row->day);
    row->rule = rule->source;
    return rule;
}

static void run_vapor_tightness(calc_row *row)
{
    int32_t min_pa[QK_VAPOUR_COLUMNS];
    if (qk_vapour_tightness(min_pa, vapour_rule(row), calc_amount(row, 0)) != QK_OK) return;
    for (int c = 0; c < QK_VAPOUR_COLUMNS; c++) calc_put_int(row, c, min_pa[c]);
}

static void run_vapor_resistance(calc_row *row)
{
    qk_ratio pressure = calc_amount(row, 1);
    int32_t limit = qk_vapour_resistance(vapour_rule(row), calc_amount(row, 0));
    if (limit == 0) return;
    calc_put_int(row, 0, limit);
    if (qk_ratio_there(pressure))
        calc_put_int(row, 1, qk_ratio_cmp(pressure, qk_ratio_int(limit)) <= 0);
}

static void run_vapor_al(calc_row *row)
{
    const qk_vapour_rule *rule = vapour_rule(row);
    qk_ratio al = calc_amount(row, 0);
    if (qk_ratio_there(al)) calc_put_int(row, 0, qk_vapour_ratio_meets(rule, al));
}

static void run_eco_comp(calc_row *row)
{
    const qk_compensation_rule *rule = qk_rules_compensation_on(row->rules, row->day);
    qk_ratio own = calc_amount(row, 1), mean = calc_amount(row, 2);
    row->rule = rule->source;
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        const char *name = i == QK_PM25 ? "PM25" : qk_pollutant_name((qk_pollutant)i);
        if (qk_str_eq(row->given[0], qk_str_of(name)))
            calc_put_ratio(row, 0, qk_compensation(rule, (qk_pollutant)i, own, mean), 2);
    }
}

const calc_def calc_source[] = {
    {"cems_o2",
     {"c_dry_mgm3", "o2_percent", "o2_base"},
     {"c_converted_4dp", "flag"},
     run_cems_o2,
     "GB 13223-2011 from 2012-01-01, GB 13271-2014 from 2014-07-01: C (21 - O2 base)/(21 - O2)",
     0},
    {"cems_dry",
     {"c_wet", "moisture_percent"},
     {"c_dry_4dp"},
     run_cems_dry,
     "HJ 75-2017 annex C from 2018-03-01: C wet/(1 - Xsw)",
     0},
    {"cems_flow",
     {"vs_ms", "area_m2", "ts_c", "ba_pa", "ps_pa", "moisture_percent", "c_dry_mgm3"},
     {"qs_m3h_2dp", "qsn_m3h_2dp", "g_kgh_4dp"},
     run_cems_flow,
     "HJ 75-2017 annex C from 2018-03-01: 3600 F Vs; standard state 273 K, 101325 Pa, dry",
     0},
    {"cems_pitot",
     {"kp", "pd_pa", "ts_c", "ba_pa", "ps_pa"},
     {"rho_kgm3", "vs_ms"},
     run_cems_pitot,
     "GB/T 16157-1996 from 1996-03-06: Vs = Kp sqrt(2 Pd/rho), rho = 1.34 kg/m3 at 273 K",
     0},
    {"cems_substitution",
     {"period_kind", "capture_rate_percent", "n_hours", "max_of_last_180h", "max_of_last_720h",
      "max_of_last_2160h"},
     {"basis_hours", "substitute_kgh"},
     run_cems_substitution,
     "HJ 75-2017 12.2 from 2018-03-01",
     0},
    {"cems_capture_rate",
     {"hours_in_quarter", "stop_hours", "invalid_or_out_of_control_hours"},
     {"capture_rate_percent_2dp"},
     run_cems_capture_rate,
     "HJ 75-2017 12.1 from 2018-03-01: >= 75 % a quarter",
     0},
    {"cems_hour_valid",
     {"valid_minutes"},
     {"hour_valid"},
     run_cems_hour_valid,
     "HJ 75-2017 12.1 from 2018-03-01: >= 45 min",
     0},
    {"oil_fume",
     {"c_measured_mgm3", "flow_m3h", "n_stoves"},
     {"c_base_4dp", "meets_2.0"},
     run_oil_fume,
     "GB 18483-2001 from 2002-01-01: C Q/(n x 2000) <= 2.0 mg/m3",
     0},
    {"dustfall",
     {"mass_g", "area_cm2", "days"},
     {"t_per_km2_30d_3dp"},
     run_dustfall,
     "HJ 1221-2021: W x 30 x 1e4/(S n)",
     0},
    {"activated_carbon",
     {"carbon_kg", "dynamic_capacity", "voc_removed_mgm3", "flow_m3h", "hours_per_day"},
     {"days_4dp"},
     run_activated_carbon,
     "practice formula beside HJ 2026-2013 from 2013-07-01: m s/(c 1e-6 Q t)",
     0},
    {"ldar_leak",
     {"medium", "region", "net_umol_mol"},
     {"threshold", "is_leak"},
     run_ldar_leak,
     "GB 37822-2019 8.3 from 2019-07-01, HJ 1230-2021",
     0},
    {"gas_state",
     {"gas", "ppb", "molar_mass"},
     {"ugm3_298K_5dp", "ugm3_273K_5dp"},
     run_gas_state,
     "GB 3095 reference states: 298.15 K from 2018-09-01, 273.15 K before; 101325 Pa",
     1u << 0},
    {"vapor_tightness_table",
     {"ullage_L"},
     {"min_pa_1_6", "min_pa_7_12", "min_pa_13_18", "min_pa_19_24", "min_pa_gt24"},
     run_vapor_tightness,
     "GB 20952-2020 annex B from 2021-04-01; linear between rows",
     0},
    {"vapor_resistance",
     {"flow_Lmin", "pressure_pa"},
     {"limit_pa", "pass"},
     run_vapor_resistance,
     "GB 20952-2020 from 2021-04-01: 40/90/155 Pa at 18/28/38 L/min",
     0},
    {"vapor_al_manual",
     {"al_ratio"},
     {"pass_1.0_to_1.2"},
     run_vapor_al,
     "GB 20952-2020 from 2021-04-01: 1.0 to 1.2",
     0},
    {"eco_comp_zhengzhou2020",
     {"factor", "own_ugm3", "city_mean_ugm3"},
     {"pay_wan_yuan"},
     run_eco_comp,
     "Zhengzhou 2020: 10 (to 5 ug/m3 above the city mean), then 20 x 10^4 yuan",
     0},
    {NULL, {NULL}, {NULL}, NULL, NULL, 0},
};
