/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/composition.h"
#include "sim/signal.h"
#include <math.h>

enum { SEED = 9300 };

/* Grams of a species in a gram of PM2.5 of each source, in rough outline of published profiles. */
static const double profile[QK_SIM_SPECIES - 1][QK_SIM_SOURCES] = {
    /* nitrate, sulphate, traffic, coal and biomass, dust */
    {0.010, 0.600, 0.012, 0.110, 0.012}, /* SO42- */
    {0.660, 0.010, 0.030, 0.020, 0.006}, /* NO3- */
    {0.190, 0.210, 0.008, 0.035, 0.002}, /* NH4+ */
    {0.004, 0.002, 0.004, 0.110, 0.006}, /* Cl- */
    {0.001, 0.001, 0.002, 0.060, 0.010}, /* K+ */
    {0.001, 0.002, 0.002, 0.010, 0.020}, /* Na+ */
    {0.001, 0.002, 0.006, 0.004, 0.120}, /* Ca2+ */
    {0.001, 0.001, 0.001, 0.002, 0.025}, /* Mg2+ */
    {0.045, 0.080, 0.420, 0.340, 0.060}, /* OC */
    {0.004, 0.006, 0.260, 0.090, 0.008}, /* EC */
    {0.001, 0.002, 0.030, 0.006, 0.060}, /* Fe */
    {0.001, 0.001, 0.012, 0.005, 0.001}, /* Zn */
    {0.000, 0.001, 0.001, 0.007, 0.001}, /* Pb */
    {0.000, 0.000, 0.006, 0.001, 0.001}, /* Cu */
    {0.002, 0.003, 0.010, 0.006, 0.230}, /* Si */
};

static double hour_of(qk_time t)
{
    return (double)(t - qk_floor_day(t)) / (double)QK_HOUR;
}

static double near_hour(double h, double centre, double width)
{
    double d = fabs(h - centre);
    if (d > 12) d = 24 - d;
    return exp(-d * d / (2 * width * width));
}

/* 1 with wind from `from`, falling off within some 50 degrees, never quite gone. */
static double with_wind(qk_time t, double from)
{
    double off = remainder(qk_sim_wind_from_deg(t) - from, 360);
    return 0.04 + 0.96 * exp(-off * off / (2 * 50 * 50));
}

/* Now and then a source gives nothing: those hours are what factorisations hold on to. */
static double course(int source, qk_time t, qk_time period)
{
    double slow = qk_sim_noise(SEED + 10 * (uint64_t)source, t, period);
    double quick = qk_sim_noise(SEED + 10 * (uint64_t)source + 1, t, 5 * QK_HOUR);
    return 1.3 * fmax(0, exp(0.8 * slow + 0.3 * quick) - 0.5);
}

double qk_sim_source_ug_m3(qk_sim_source source, qk_time t)
{
    double h = hour_of(t), calm = 1.6 / (0.6 + qk_sim_wind_ms(t));
    bool weekend = (qk_day_number(t) + 3) % 7 >= 5;
    switch (source) {
    case QK_SIM_NITRATE:
        return 16 * course(0, t, 40 * QK_HOUR) * (1 + 0.5 * near_hour(h, 4, 4)) * calm;
    case QK_SIM_SULPHATE: return 12 * course(1, t, 60 * QK_HOUR) * with_wind(t, 130);
    case QK_SIM_TRAFFIC:
        return 9 * course(2, t, 30 * QK_HOUR) * calm * (weekend ? 0.6 : 1) *
               (0.25 + 1.1 * near_hour(h, 8, 1.5) + near_hour(h, 19, 2));
    case QK_SIM_COAL:
        return 14 * course(3, t, 36 * QK_HOUR) * with_wind(t, 45) *
               (0.4 + 0.9 * near_hour(h, 22, 3.5));
    default:
        return 8 * course(4, t, 30 * QK_HOUR) * (0.2 + 0.35 * qk_sim_wind_ms(t)) *
               (h > 7 && h < 18 ? 1.2 : 0.4);
    }
}

/* The instruments read within a few per cent. */
double qk_sim_species_ug_m3(int species, qk_time t)
{
    double sum = 0;
    for (int s = 0; s < QK_SIM_SOURCES; s++)
        sum += qk_sim_source_ug_m3((qk_sim_source)s, t) *
               (species == QK_SIM_SPECIES - 1 ? 1 : profile[species][s]);
    uint64_t seed = SEED + 100 + (uint64_t)species;
    return sum * (1 + 0.04 * (2 * qk_sim_uniform(seed, (uint64_t)(t / QK_HOUR)) - 1));
}
