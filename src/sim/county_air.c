/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/county_air.h"
#include "sim/signal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CLOUD_SEED = 4201, AREAS = 4 };
#define SECONDS_A_YEAR 31557600.0

static const qk_sim_emission areas[AREAS] = {
    {"城区居民生活", "", "home", "area", "day", 113.215, 35.02, 8, 0, 0, 0, 5000, 130, 170, 90, 60,
     190, 25},
    {"农村散煤与秸秆", "", "home", "area", "heating", 113.2, 35.0, 5, 0, 0, 0, 30000, 620, 760, 240,
     150, 480, 900},
    {"城区道路移动源", "", "traffic", "area", "rush", 113.215, 35.02, 1, 0, 0, 0, 6000, 60, 210, 2,
     410, 130, 9},
    {"开发区货运道路", "", "traffic", "area", "always", 113.275, 35.085, 1, 0, 0, 0, 4000, 28, 120,
     1, 260, 45, 2},
};

static double of(const qk_sim_device *d, const char *code)
{
    for (size_t i = 0; i < d->profile->n_factors; i++)
        if (strcmp(d->profile->factors[i].code, code) == 0) return d->profile->factors[i].base;
    return 0;
}

/* mg/m3 x m3/s over a year, at the load of such a plant. */
static double tonnes(const qk_sim_device *d, double mg_m3)
{
    return mg_m3 * of(d, "a00000") * d->level * 0.9 * SECONDS_A_YEAR / 1e9;
}

static void of_outlet(qk_sim_emission *e, const qk_sim_device *d)
{
    bool solvent = of(d, "a24088") > 0;
    double u = qk_sim_uniform(d->seed, 71);
    bool power = strstr(d->name_zh, "热") || strstr(d->name_zh, "发电");
    snprintf(e->sector, sizeof e->sector, solvent ? "solvent" : power ? "power" : "industry");
    snprintf(e->shape, sizeof e->shape, "stack");
    bool rests = qk_sim_uniform(d->seed, 11) < 0.25;
    snprintf(e->active, sizeof e->active, rests ? "day" : "always");
    e->height_m = power ? 80 + 40 * u : solvent ? 15 + 10 * u : 25 + 40 * u;
    e->velocity_ms = of(d, "a01011");
    e->temperature_c = of(d, "a01012");
    e->diameter_m = sqrt(of(d, "a00000") / (0.785398 * e->velocity_ms));
    e->pm10_t = tonnes(d, of(d, "a34013"));
    e->pm25_t = 0.62 * e->pm10_t;
    e->so2_t = tonnes(d, of(d, "a21026"));
    e->nox_t = tonnes(d, of(d, "a21002"));
    e->voc_t = solvent ? tonnes(d, of(d, "a24088")) : 0.02 * e->nox_t;
    e->nh3_t = 0.04 * e->nox_t;
}

static void of_dust(qk_sim_emission *e, const qk_sim_device *d)
{
    snprintf(e->sector, sizeof e->sector, "dust");
    snprintf(e->shape, sizeof e->shape, "volume");
    snprintf(e->active, sizeof e->active, "work");
    e->height_m = 3;
    e->side_m = 60 + 80 * qk_sim_uniform(d->seed, 72);
    e->pm10_t = 9 * d->level * (0.5 + qk_sim_uniform(d->seed, 73));
    e->pm25_t = 0.16 * e->pm10_t;
}

bool qk_sim_emission_of(qk_sim_emission *out, const qk_sim_county *county, size_t i)
{
    if (i < AREAS) {
        *out = areas[i];
        return true;
    }
    i -= AREAS;
    for (size_t k = 0; k < county->n_devices; k++) {
        const qk_sim_device *d = &county->devices[k];
        bool outlet = strcmp(d->profile->kind, "outlet") == 0;
        bool dust = strcmp(d->profile->kind, "dust") == 0 && !(d->quirks & QK_SIM_UNKNOWN);
        if (!outlet && !dust) continue;
        if (i--) continue;
        *out = (qk_sim_emission){0};
        snprintf(out->name, sizeof out->name, "%s", d->name_zh);
        snprintf(out->site, sizeof out->site, "%s", d->site);
        if (outlet)
            of_outlet(out, d);
        else
            of_dust(out, d);
        return true;
    }
    return false;
}

static double value_of(const qk_sim_device *d, qk_sim_shape shape, qk_time t)
{
    for (size_t i = 0; i < d->profile->n_factors; i++)
        if (d->profile->factors[i].shape == shape)
            return qk_sim_value(d, &d->profile->factors[i], t);
    return NAN;
}

void qk_sim_surface_csv(qk_buf *out, const qk_sim_county *county, int32_t from_day, int32_t to_day)
{
    const qk_sim_device *d = &county->devices[0];
    char time[QK_TIME_TEXT];
    qk_buf_puts(out, "time,wind_speed,wind_from,temperature,cloud,pressure,humidity\n");
    qk_time first = (qk_time)from_day * QK_DAY - QK_CST_OFFSET;
    qk_time last = (qk_time)(to_day + 1) * QK_DAY - QK_CST_OFFSET;
    for (qk_time end = first + QK_HOUR; end <= last; end += QK_HOUR) {
        qk_time t = end - QK_HOUR / 2;
        double cloud = 5 + 6 * qk_sim_noise(CLOUD_SEED, t, 18 * QK_HOUR);
        qk_buf_printf(out, "%s,%.1f,%.0f,%.1f,%.0f,%.1f,%.0f\n", qk_time_iso(time, end),
                      value_of(d, QK_SIM_WIND_SPEED, t), value_of(d, QK_SIM_WIND_DIRECTION, t),
                      value_of(d, QK_SIM_TEMPERATURE, t), fmin(10, fmax(0, cloud)),
                      10 * value_of(d, QK_SIM_PRESSURE, t), value_of(d, QK_SIM_HUMIDITY, t));
    }
}
