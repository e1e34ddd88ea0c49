/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_SOURCES_H
#define QK_STANDARDS_SOURCES_H
/* Sources other than stacks: kitchen fume, dustfall, road dust, activated carbon, leak detection,
 * petrol vapour, gas state, ecological compensation. Tables carry their source; exact fractions;
 * "not there" spreads. Pure, any thread. */
#include "standards/aqi.h"
#include "standards/ratio.h"

/* The rules below are rows of tables: the shipped ones stand here, an administrator's come through
 * standards/rules.h. */
typedef struct qk_fume_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    int32_t stove_flow_m3h;
    int64_t limit_mg_m3; /* in 10^-6 */
} qk_fume_rule;
const qk_fume_rule *qk_fume_rules(size_t *count);
/* GB 18483-2001: fume at base air flow, mg/m3: C Q / (n x 2000). */
qk_ratio qk_fume_base(const qk_fume_rule *rule, qk_ratio c_mg_m3, qk_ratio flow_m3h,
                      qk_ratio stoves);
/* At most the limit (2.0 mg/m3), unrounded. */
bool qk_fume_meets(const qk_fume_rule *rule, qk_ratio base_mg_m3);

/* HJ 1221-2021: t/(km2 30 d) = W x 30 x 1e4 / (S n); W g, S cm2. */
qk_ratio qk_dustfall(qk_ratio mass_g, qk_ratio area_cm2, qk_ratio days);
/* Road dust emission factor, g/km (2014 guide): k sL^0.91 W^1.02 (1 - eta). Binary floating point:
 * powers have no exact decimals. */
double qk_road_dust_g_km(double k, double silt_g_m2, double weight_t, double efficiency);

/* Days a bed of activated carbon lasts: m s / (c 1e-6 Q t). */
qk_ratio qk_carbon_days(qk_ratio carbon_kg, qk_ratio capacity, qk_ratio voc_mg_m3,
                        qk_ratio flow_m3h, qk_ratio hours_per_day);

typedef enum qk_ldar_medium {
    QK_LDAR_GAS,
    QK_LDAR_LIGHT_LIQUID,
    QK_LDAR_HEAVY_LIQUID,
    QK_LDAR_MEDIA
} qk_ldar_medium;
typedef struct qk_ldar_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    int32_t threshold[QK_LDAR_MEDIA][2]; /* net umol/mol; general, key regions */
} qk_ldar_rule;
const qk_ldar_rule *qk_ldar_rules(size_t *count);
/* GB 37822-2019 8.3: net umol/mol from which a component leaks. */
int32_t qk_ldar_threshold(const qk_ldar_rule *rule, qk_ldar_medium medium, bool key_region);

enum { QK_VAPOUR_COLUMNS = 5, QK_VAPOUR_ROWS = 64, QK_VAPOUR_FLOWS = 8 };
typedef struct qk_vapour_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    int32_t tightness[QK_VAPOUR_ROWS][1 + QK_VAPOUR_COLUMNS]; /* ullage L, ascending; Pa */
    size_t rows;
    int32_t resistance[QK_VAPOUR_FLOWS][2]; /* L/min, Pa */
    size_t flows;
    qk_dec ratio_min, ratio_max; /* air to liquid */
} qk_vapour_rule;
const qk_vapour_rule *qk_vapour_rules(size_t *count);
/* GB 20952-2020. Least residual pressure (Pa, rounded half to even) after 5 min for an ullage; the
 * columns are 1-6, 7-12, 13-18, 19-24, >24 nozzles; between rows linear (a convention), outside the
 * table QK_ERANGE. */
QK_NODISCARD qk_code qk_vapour_tightness(int32_t min_pa[QK_VAPOUR_COLUMNS],
                                         const qk_vapour_rule *rule, qk_ratio ullage_l);
/* Largest liquid resistance at 18, 28, 38 L/min: 40, 90, 155 Pa; 0 at any other flow. */
int32_t qk_vapour_resistance(const qk_vapour_rule *rule, qk_ratio flow_l_min);
/* Air to liquid ratio within 1.0 .. 1.2, unrounded. */
bool qk_vapour_ratio_meets(const qk_vapour_rule *rule, qk_ratio al);

typedef enum qk_gas_state { QK_GAS_298K, QK_GAS_273K } qk_gas_state;
/* ppb to ug/m3 at 298.15 K or 273.15 K and 101325 Pa: ppb M P / (R T), R = 8.31446261815324. */
qk_ratio qk_gas_mass(qk_ratio ppb, qk_ratio molar_mass_g_mol, qk_gas_state state);

/* Compensation: money for what lies above the reference, by tiers (Zhengzhou 2020, PM2.5). */
enum { QK_COMPENSATION_TIERS = 8 };
typedef struct qk_compensation_tier {
    qk_dec up_to_ug_m3; /* above the reference; the last tier's is not looked at */
    qk_dec wan_yuan_per_ug;
} qk_compensation_tier;
typedef struct qk_compensation_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    qk_compensation_tier tiers[QK_POLLUTANTS][QK_COMPENSATION_TIERS];
    size_t tier_count[QK_POLLUTANTS]; /* 0: nothing is paid for it */
} qk_compensation_rule;
const qk_compensation_rule *qk_compensation_rules(size_t *count);
/* In 10,000 yuan; 0 at or below the reference; not there without tiers. */
qk_ratio qk_compensation(const qk_compensation_rule *rule, qk_pollutant pollutant, qk_ratio own,
                         qk_ratio reference);
#endif
