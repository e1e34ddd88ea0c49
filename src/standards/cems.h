/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_CEMS_H
#define QK_STANDARDS_CEMS_H
/* Stack monitoring: conversions, flow and emission (HJ 75-2017 annex C, GB 13223, GB 13271) and
 * data validity with substitution (HJ 75-2017 12). Standard state of sources: 273 K, 101325 Pa.
 * Inputs and results are exact fractions, "not there" spreads. Pure, any thread. */
#include "standards/aqi.h"
#include "standards/ratio.h"

/* c_wet / (1 - moisture/100); not there for moisture outside 0 .. <100 %. */
qk_ratio qk_cems_dry(qk_ratio c_wet, qk_ratio moisture_percent);

/* c_dry (21 - o2_base)/(21 - o2). *invalid is set, and nothing returned, at O2 >= 21 %. */
qk_ratio qk_cems_at_oxygen(qk_ratio c_dry, qk_ratio o2_percent, qk_ratio o2_base_percent,
                           bool *invalid);

/* Density of wet flue gas, kg/m3: 1.34 x 273/(273+t) x (Ba+Ps)/101325. */
qk_ratio qk_cems_density(qk_ratio t_c, qk_ratio ba_pa, qk_ratio ps_pa);
/* Velocity of a pitot tube, m/s at `scale` decimals: Kp sqrt(2 Pd / rho). */
QK_NODISCARD qk_code qk_cems_pitot(qk_dec *vs_ms, qk_ratio kp, qk_ratio pd_pa, qk_ratio rho_kg_m3,
                                   int32_t scale);

typedef struct qk_cems_flow {
    qk_ratio qs_m3h;   /* at flue conditions: 3600 F Vs */
    qk_ratio qsn_m3h;  /* standard state, dry */
    qk_ratio rate_kgh; /* c_dry (not converted to reference oxygen) x qsn x 1e-6 */
} qk_cems_flow;
typedef struct qk_cems_stack {
    qk_ratio vs_ms, area_m2, t_c, ba_pa, ps_pa, moisture_percent, c_dry_mg_m3;
} qk_cems_stack;
void qk_cems_flow_of(qk_cems_flow *out, const qk_cems_stack *stack);

/* Validity of data; the stretches that stand in (180, 720, 2160 h) are the form's own columns. */
typedef struct qk_cems_rule {
    char name[32];
    char source[96];
    char source_zh[QK_RULE_ZH];
    int32_t from_day;
    int32_t to_day;
    int32_t hour_minutes;         /* least valid minutes of an hour */
    int32_t capture_percent;      /* below: nothing stands in */
    int32_t good_capture_percent; /* below: 2160 */
    int32_t short_hours;          /* missing so long or shorter: 180, longer: 720 */
} qk_cems_rule;
const qk_cems_rule *qk_cems_rules(size_t *count);
/* Share of operating hours of a quarter with valid data, per cent: (H - stop - invalid)/(H - stop);
 * not there when the plant stood still or the numbers contradict each other. */
qk_ratio qk_cems_capture_rate(qk_ratio hours, qk_ratio stop_hours, qk_ratio invalid_hours);
/* Hours whose largest valid hourly emission stands in for a missing stretch of n hours: 180, 720,
 * 2160; 0 = not defined (below the least capture rate: manual monitoring or material balance). */
int32_t qk_cems_substitute_hours(const qk_cems_rule *rule, qk_ratio capture_rate_percent,
                                 qk_ratio n_hours);

/* GB 16297 annexes A and B. Equivalent stack of two: height sqrt((h1^2+h2^2)/2) in m. */
QK_NODISCARD qk_code qk_stack_equivalent_height(qk_dec *height_m, qk_ratio h1_m, qk_ratio h2_m,
                                                int32_t scale);
/* Allowed rate at a height: between two table rows linear; below the lowest (q_kgh at h_m) the
 * square of the ratio, halved below 15 m; above the highest the square of the ratio. */
qk_ratio qk_stack_rate_limit(const qk_ratio *h_m, const qk_ratio *q_kgh, size_t rows,
                             qk_ratio height_m);
#endif
