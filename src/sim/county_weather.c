/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/county_weather.h"
#include "base/time.h"
#include "sim/signal.h"
#include <math.h>

#define TURN 6.283185307179586
enum { LOOKS = 8 /* a day */, ERROR_SEED = 900001, SEED_STEP = 64 };

/* Correlation with what comes true: that of good global models for surface weather, roughly. */
static const double skill[QK_SIM_WEATHER_LEADS] = {0.97, 0.95, 0.92, 0.88, 0.83, 0.77, 0.70, 0.62,
                                                   0.54, 0.46, 0.40, 0.34, 0.29, 0.25, 0.21};

static void put_day(qk_buf *out, qk_time start, const qk_sim_outlook *seen)
{
    qk_sim_sky sum = {0};
    double warmest = -99, u = 0, v = 0;
    for (int i = 0; i < LOOKS; i++) {
        qk_sim_sky s = qk_sim_sky_at(start + (2 * i + 1) * QK_DAY / (2 * LOOKS), seen);
        double angle = TURN * s.wind_from_deg / 360;
        sum.temperature_c += s.temperature_c / LOOKS;
        sum.humidity_percent += s.humidity_percent / LOOKS;
        sum.pressure_hpa += s.pressure_hpa / LOOKS;
        sum.wind_ms += s.wind_ms / LOOKS;
        sum.mixing_height_m += s.mixing_height_m / LOOKS;
        sum.cloud_percent += s.cloud_percent / LOOKS;
        sum.rain_mm_h += s.rain_mm_h / LOOKS;
        warmest = fmax(warmest, s.temperature_c);
        u -= s.wind_ms * sin(angle) / LOOKS;
        v -= s.wind_ms * cos(angle) / LOOKS;
    }
    qk_buf_printf(out, ",%.1f,%.1f,%.0f,%.1f,%.1f,%.1f,%.1f,%.0f,%.0f,%.1f\n", sum.temperature_c,
                  warmest, sum.humidity_percent, sum.pressure_hpa, sum.wind_ms, u, v,
                  sum.mixing_height_m, sum.cloud_percent, 24 * sum.rain_mm_h);
}

void qk_sim_weather_csv(qk_buf *out, int32_t from_issue, int32_t to_issue)
{
    char issued[QK_TIME_TEXT], date[QK_TIME_TEXT];
    if (out->len == 0)
        qk_buf_puts(out, "issued,lead,date,t_mean_c,t_max_c,rh_pct,pressure_hpa,wind_ms,u_ms,v_ms,"
                         "mixing_height_m,cloud_pct,rain_mm\n");
    for (int32_t issue = from_issue; issue <= to_issue; issue++) {
        qk_date_iso(issued, (qk_time)issue * QK_DAY - QK_CST_OFFSET);
        for (int lead = 1; lead <= QK_SIM_WEATHER_LEADS; lead++) {
            qk_time start = (qk_time)(issue + lead) * QK_DAY - QK_CST_OFFSET;
            qk_sim_outlook seen = {ERROR_SEED + (uint64_t)issue * SEED_STEP, skill[lead - 1]};
            qk_buf_printf(out, "%s,%d,%s", issued, lead, qk_date_iso(date, start));
            put_day(out, start, &seen);
        }
    }
}
