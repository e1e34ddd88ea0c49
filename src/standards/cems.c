/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/cems.h"

enum { DAY_2018_03_01 = 17591 };

static bool within(qk_ratio r, int64_t low, int64_t below)
{
    return qk_ratio_there(r) && qk_ratio_cmp(r, qk_ratio_int(low)) >= 0 &&
           qk_ratio_cmp(r, qk_ratio_int(below)) < 0;
}

static qk_ratio dry_share(qk_ratio moisture_percent)
{
    if (!within(moisture_percent, 0, 100)) return QK_RATIO_NONE;
    return qk_ratio_div(qk_ratio_sub(qk_ratio_int(100), moisture_percent), qk_ratio_int(100));
}

qk_ratio qk_cems_dry(qk_ratio c_wet, qk_ratio moisture_percent)
{
    return qk_ratio_div(c_wet, dry_share(moisture_percent));
}

qk_ratio qk_cems_at_oxygen(qk_ratio c_dry, qk_ratio o2_percent, qk_ratio o2_base_percent,
                           bool *invalid)
{
    qk_ratio air = qk_ratio_int(21);
    *invalid = qk_ratio_there(o2_percent) && qk_ratio_cmp(o2_percent, air) >= 0;
    if (*invalid) return QK_RATIO_NONE;
    qk_ratio factor =
        qk_ratio_div(qk_ratio_sub(air, o2_base_percent), qk_ratio_sub(air, o2_percent));
    return qk_ratio_mul(c_dry, factor);
}

/* 273/(273+t) x (Ba+Ps)/101325; not there at or below absolute zero or without pressure. */
static qk_ratio state_factor(qk_ratio t_c, qk_ratio ba_pa, qk_ratio ps_pa)
{
    qk_ratio kelvin = qk_ratio_add(t_c, qk_ratio_int(273));
    qk_ratio pressure = qk_ratio_add(ba_pa, ps_pa);
    if (!qk_ratio_there(kelvin) || kelvin.num <= 0) return QK_RATIO_NONE;
    if (!qk_ratio_there(pressure) || pressure.num <= 0) return QK_RATIO_NONE;
    return qk_ratio_mul(qk_ratio_div(qk_ratio_int(273), kelvin),
                        qk_ratio_div(pressure, qk_ratio_int(101325)));
}

qk_ratio qk_cems_density(qk_ratio t_c, qk_ratio ba_pa, qk_ratio ps_pa)
{
    return qk_ratio_mul(qk_ratio_of(134, 100), state_factor(t_c, ba_pa, ps_pa));
}

qk_code qk_cems_pitot(qk_dec *vs_ms, qk_ratio kp, qk_ratio pd_pa, qk_ratio rho_kg_m3, int32_t scale)
{
    qk_ratio twice = qk_ratio_mul(qk_ratio_int(2), pd_pa);
    qk_ratio square = qk_ratio_mul(qk_ratio_mul(kp, kp), qk_ratio_div(twice, rho_kg_m3));
    return qk_ratio_sqrt(vs_ms, square, scale);
}

void qk_cems_flow_of(qk_cems_flow *out, const qk_cems_stack *s)
{
    qk_ratio per_second = qk_ratio_mul(s->area_m2, s->vs_ms);
    out->qs_m3h = qk_ratio_mul(qk_ratio_int(3600), per_second);
    out->qsn_m3h = qk_ratio_mul(qk_ratio_mul(out->qs_m3h, state_factor(s->t_c, s->ba_pa, s->ps_pa)),
                                dry_share(s->moisture_percent));
    out->rate_kgh = qk_ratio_div(qk_ratio_mul(s->c_dry_mg_m3, out->qsn_m3h), qk_ratio_int(1000000));
}

qk_ratio qk_cems_capture_rate(qk_ratio hours, qk_ratio stop_hours, qk_ratio invalid_hours)
{
    qk_ratio running = qk_ratio_sub(hours, stop_hours);
    qk_ratio valid = qk_ratio_sub(running, invalid_hours);
    if (!qk_ratio_there(valid) || running.num <= 0 || valid.num < 0 || stop_hours.num < 0 ||
        invalid_hours.num < 0)
        return QK_RATIO_NONE;
    return qk_ratio_mul(qk_ratio_div(valid, running), qk_ratio_int(100));
}

const qk_cems_rule *qk_cems_rules(size_t *count)
{
    static const qk_cems_rule shipped[] = {{"HJ75-2017", "HJ 75-2017 12.1, 12.2, from 2018-03-01",
                                            "HJ 75-2017 第 12.1、12.2 条，自 2018-03-01 施行",
                                            DAY_2018_03_01, INT32_MAX, 45, 75, 90, 24}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

int32_t qk_cems_substitute_hours(const qk_cems_rule *rule, qk_ratio capture_rate_percent,
                                 qk_ratio n_hours)
{
    if (!qk_ratio_there(capture_rate_percent)) return 0;
    if (qk_ratio_cmp(capture_rate_percent, qk_ratio_int(rule->capture_percent)) < 0) return 0;
    if (qk_ratio_cmp(capture_rate_percent, qk_ratio_int(rule->good_capture_percent)) < 0)
        return 2160;
    return qk_ratio_cmp(n_hours, qk_ratio_int(rule->short_hours)) <= 0 ? 180 : 720;
}

qk_code qk_stack_equivalent_height(qk_dec *height_m, qk_ratio h1_m, qk_ratio h2_m, int32_t scale)
{
    qk_ratio squares = qk_ratio_add(qk_ratio_mul(h1_m, h1_m), qk_ratio_mul(h2_m, h2_m));
    return qk_ratio_sqrt(height_m, qk_ratio_div(squares, qk_ratio_int(2)), scale);
}

static qk_ratio scale_by_height(qk_ratio q, qk_ratio height, qk_ratio known)
{
    qk_ratio times = qk_ratio_div(height, known);
    return qk_ratio_mul(q, qk_ratio_mul(times, times));
}

qk_ratio qk_stack_rate_limit(const qk_ratio *h_m, const qk_ratio *q_kgh, size_t rows,
                             qk_ratio height_m)
{
    if (rows == 0 || !qk_ratio_there(height_m) || height_m.num <= 0) return QK_RATIO_NONE;
    if (qk_ratio_cmp(height_m, h_m[0]) < 0) {
        qk_ratio q = scale_by_height(q_kgh[0], height_m, h_m[0]);
        bool low = qk_ratio_cmp(height_m, qk_ratio_int(15)) < 0;
        return low ? qk_ratio_div(q, qk_ratio_int(2)) : q;
    }
    for (size_t i = 1; i < rows; i++) {
        if (qk_ratio_cmp(height_m, h_m[i]) > 0) continue;
        qk_ratio part =
            qk_ratio_div(qk_ratio_sub(height_m, h_m[i - 1]), qk_ratio_sub(h_m[i], h_m[i - 1]));
        qk_ratio rise = qk_ratio_sub(q_kgh[i], q_kgh[i - 1]);
        return qk_ratio_add(q_kgh[i - 1], qk_ratio_mul(rise, part));
    }
    return scale_by_height(q_kgh[rows - 1], height_m, h_m[rows - 1]);
}
