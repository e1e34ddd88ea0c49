/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/signal.h"
#include "sim/composition.h"
#include "sim/works.h"
#include <math.h>

#define TURN 6.283185307179586
enum { REGION_SEED = 4107, OUTLOOK_SEED = 52301 };
/* The noises that make the region's weather, added to REGION_SEED. */
enum {
    TEMPERATURE = 1,
    WIND,
    GUST,
    WIND_FROM,
    WIND_TURN,
    SPELL,
    SPELL_SHORT,
    SUN,
    MOISTURE,
    PRESSURE,
    STILL,
    MIXING,
    CLOUD
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9U;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

double qk_sim_uniform(uint64_t seed, uint64_t index)
{
    return (double)(mix(seed * 0x9e3779b97f4a7c15U + mix(index)) >> 11) * 0x1p-53;
}

double qk_sim_noise(uint64_t seed, qk_time t, qk_time period)
{
    int64_t knot = t / period - (t % period < 0);
    double x = (double)(t - knot * period) / (double)period;
    double a = 2 * qk_sim_uniform(seed, (uint64_t)knot) - 1;
    double b = 2 * qk_sim_uniform(seed, (uint64_t)(knot + 1)) - 1;
    return a + (b - a) * x * x * (3 - 2 * x);
}

static double hour_of_day(qk_time t)
{
    return (double)(t - qk_floor_day(t)) / (double)QK_HOUR;
}

/* 0 at midwinter (15 January), 1 at midsummer. */
static double summer(qk_time t)
{
    double day = (double)(t - qk_floor_year(t)) / (double)QK_DAY;
    return 0.5 - 0.5 * cos(TURN * (day - 15) / 365.25);
}

static double bump(double hour, double centre, double width)
{
    double d = fabs(hour - centre);
    if (d > 12) d = 24 - d;
    return exp(-d * d / (2 * width * width));
}

/* One noise of the weather as it is, or as somebody sees it who knows it in part: what he gets
 * wrong is partly the same from day to day. */
static double channel(uint64_t which, qk_time t, qk_time period, const qk_sim_outlook *seen)
{
    double is = qk_sim_noise(REGION_SEED + which, t, period);
    if (!seen) return is;
    double wrong = 0.8 * qk_sim_noise(seen->seed + which, t, period) +
                   0.6 * qk_sim_noise(OUTLOOK_SEED + which, t, period);
    return seen->skill * is + sqrt(1 - seen->skill * seen->skill) * wrong;
}

static double temperature_of(qk_time t, const qk_sim_outlook *seen)
{
    double h = hour_of_day(t);
    return -1 + 28 * summer(t) + 5 * sin(TURN * (h - 9) / 24) +
           4 * channel(TEMPERATURE, t, 4 * QK_DAY, seen);
}

static double wind_of(qk_time t, const qk_sim_outlook *seen)
{
    double gust = 0.3 * channel(GUST, t, 20 * QK_MINUTE, seen);
    double v = 2.2 + 1.5 * channel(WIND, t, 30 * QK_HOUR, seen) +
               0.7 * sin(TURN * (hour_of_day(t) - 9) / 24) + gust;
    return v < 0.2 ? 0.2 : v;
}

static double wind_from(qk_time t, const qk_sim_outlook *seen)
{
    double d = 50 + 130 * channel(WIND_FROM, t, 2 * QK_DAY, seen) +
               25 * channel(WIND_TURN, t, 40 * QK_MINUTE, seen);
    d = fmod(d, 360);
    return d < 0 ? d + 360 : d;
}

static double humidity_of(qk_time t, const qk_sim_outlook *seen)
{
    return 60 - 1.1 * (temperature_of(t, seen) - 12) + 22 * channel(MOISTURE, t, 2 * QK_DAY, seen);
}

static double pressure_share(qk_time t, const qk_sim_outlook *seen)
{
    return 1 + 0.008 * channel(PRESSURE, t, 3 * QK_DAY, seen) - 0.012 * summer(t) +
           0.0012 * sin(TURN * (hour_of_day(t) - 4) / 12);
}

/* Some days each winter the air does not move at all. */
static double still_of(qk_time t, const qk_sim_outlook *seen)
{
    return fmax(0, channel(STILL, t, 5 * QK_DAY, seen) - 0.6) * (1 - summer(t));
}

double qk_sim_temperature_c(qk_time t)
{
    return temperature_of(t, NULL);
}

double qk_sim_wind_ms(qk_time t)
{
    return wind_of(t, NULL);
}

double qk_sim_wind_from_deg(qk_time t)
{
    return wind_from(t, NULL);
}

/* The calm that lets fine dust gather is a low lid, the haze over a dull day a cloud; rain comes
 * with moist air that rises. */
qk_sim_sky qk_sim_sky_at(qk_time t, const qk_sim_outlook *seen)
{
    double spell = channel(SPELL, t, 66 * QK_HOUR, seen), sun = channel(SUN, t, 50 * QK_HOUR, seen);
    double lid = exp(-0.75 * spell - 0.2 * channel(SPELL_SHORT, t, 9 * QK_HOUR, seen) +
                     0.3 * channel(MIXING, t, 20 * QK_HOUR, seen));
    double cloud = 0.45 - 0.4 * sun + 0.15 * channel(CLOUD, t, 12 * QK_HOUR, seen);
    double rise = 0.55 * channel(MOISTURE, t, 2 * QK_DAY, seen) - 0.5 * spell - 0.35 * sun - 0.3;
    return (qk_sim_sky){
        .temperature_c = temperature_of(t, seen),
        .humidity_percent = fmin(99, fmax(12, humidity_of(t, seen))),
        .pressure_hpa = 1013 * pressure_share(t, seen),
        .wind_ms = wind_of(t, seen),
        .wind_from_deg = wind_from(t, seen),
        .mixing_height_m = (210 + 350 * summer(t)) * (1 + 3 * bump(hour_of_day(t), 14.5, 3.5)) *
                           lid / (1 + 2.5 * still_of(t, seen)),
        .cloud_percent = 100 * fmin(1, fmax(0, cloud)),
        .rain_mm_h = 4 * fmax(0, rise) * (0.3 + 0.7 * summer(t)),
    };
}

/* What the county had not yet done in earlier years: a few per cent of dust and gases each. */
static double past_burden(qk_time t)
{
    static const qk_time end = 1767196800000; /* 2026-01-01 */
    double years = (double)(end - t) / (365.25 * (double)QK_DAY);
    return 1 + 0.035 * fmax(0, fmin(years, 6));
}

/* Regional fine dust: winter high, built up in calm spells of some days, washed out by wind. */
static double region_pm25(qk_time t)
{
    double season = 48 - 31 * summer(t);
    double spell = exp(0.8 * channel(SPELL, t, 66 * QK_HOUR, NULL) +
                       0.25 * channel(SPELL_SHORT, t, 9 * QK_HOUR, NULL));
    double h = hour_of_day(t);
    double day = 1 + 0.12 * bump(h, 8.5, 2) + 0.16 * bump(h, 23, 3.5) - 0.14 * bump(h, 15, 3);
    return season * spell * (1 + 5 * still_of(t, NULL)) * day *
           (1.25 - 0.11 * fmin(qk_sim_wind_ms(t), 5)) * past_burden(t);
}

static double ozone(qk_time t)
{
    double warm = fmax(0, (qk_sim_temperature_c(t) + 4) / 34);
    double sun = bump(hour_of_day(t), 15.5, 3.2);
    double spell = 1 + 0.25 * channel(SUN, t, 50 * QK_HOUR, NULL);
    return (28 + 165 * warm * sun) * spell;
}

/* Own wiggle of one factor at one place: slow, middling and quick. */
static double wiggle(uint64_t seed, qk_time t, double slow, double mid, double quick)
{
    return 1 + slow * qk_sim_noise(seed, t, 8 * QK_HOUR) +
           mid * qk_sim_noise(seed + 1, t, 50 * QK_MINUTE) +
           quick * qk_sim_noise(seed + 2, t, 3 * QK_MINUTE);
}

double qk_sim_load(const qk_sim_device *d, qk_time t)
{
    /* One plant in four rests at night; all rest now and then. */
    bool rests = qk_sim_uniform(d->seed, 11) < 0.25;
    double h = hour_of_day(t);
    if (rests && (h < 6.5 || h > 21)) return 0;
    if (qk_sim_noise(d->seed + 12, t, 5 * QK_DAY) < -0.85) return 0;
    return 0.78 + 0.16 * qk_sim_noise(d->seed + 13, t, 7 * QK_HOUR) +
           0.03 * qk_sim_noise(d->seed + 14, t, 11 * QK_MINUTE);
}

static double at_work(qk_time t)
{
    double h = hour_of_day(t);
    return (h > 6.5 && h < 11.8) || (h > 13.2 && h < 18.5) ? 1 : 0;
}

static double at_meals(qk_time t)
{
    double h = hour_of_day(t);
    return fmax(bump(h, 12.2, 0.9), bump(h, 18.8, 1.2));
}

static double air_value(const qk_sim_device *d, const qk_sim_factor *f, uint64_t seed, qk_time t)
{
    /* A place does not stand still over the years against its neighbours. */
    double drift = 1 + 0.07 * qk_sim_noise(d->seed + 31, t, 420 * QK_DAY);
    double own = d->level * drift * wiggle(seed, t, 0.12, 0.08, 0.04);
    double dust = d->near_works ? qk_sim_works_dust(d->works_east, d->works_north, t) : 0;
    double pm = region_pm25(t), h = hour_of_day(t), rush = bump(h, 8, 1.6) + bump(h, 19, 2.4);
    switch (f->shape) {
    case QK_SIM_PM25: return pm * own + 0.2 * dust;
    case QK_SIM_PM10: return (pm * 1.18 + 16 + 20 * at_work(t)) * own + dust;
    case QK_SIM_SO2: return (6 + 6 * (1 - summer(t)) + 0.03 * pm) * own * past_burden(t);
    case QK_SIM_NO2: return (17 + 17 * (1 - summer(t)) + 16 * rush) * own * past_burden(t);
    case QK_SIM_CO: return (0.35 + 0.3 * (1 - summer(t)) + 0.005 * pm + 0.1 * rush) * own;
    default: return fmax(2, ozone(t) * (2 - own) - 14 * rush);
    }
}

static double weather_value(const qk_sim_device *d, const qk_sim_factor *f, uint64_t seed,
                            qk_time t)
{
    double own = qk_sim_noise(seed, t, 30 * QK_MINUTE), v;
    switch (f->shape) {
    case QK_SIM_TEMPERATURE: return qk_sim_temperature_c(t) + 0.8 * own;
    case QK_SIM_HUMIDITY: return fmin(99, fmax(12, humidity_of(t, NULL) + 3 * own));
    case QK_SIM_PRESSURE: return f->base * (pressure_share(t, NULL) + 0.0006 * own);
    case QK_SIM_WIND_SPEED: return fmax(0.1, qk_sim_wind_ms(t) * d->level * (1 + 0.2 * own));
    default: v = fmod(qk_sim_wind_from_deg(t) + 15 * own + 360, 360); return v;
    }
}

static double plant_value(const qk_sim_device *d, const qk_sim_factor *f, uint64_t seed, qk_time t)
{
    double load = qk_sim_load(d, t);
    double h = hour_of_day(t);
    switch (f->shape) {
    case QK_SIM_OXYGEN:
        return load > 0 ? f->base + 4 * (0.9 - load) + 0.4 * qk_sim_noise(seed, t, 9 * QK_MINUTE)
                        : 20.6;
    case QK_SIM_POWER:
        return f->base * d->level * (load > 0 ? load * wiggle(seed, t, 0.02, 0.03, 0.02) : 0.012);
    default:
        if (load <= 0) return f->base * 0.02 * wiggle(seed, t, 0, 0, 0.3);
        if ((d->quirks & QK_SIM_EXCEEDS) && f == &d->profile->factors[1] && h >= 2 && h < 3)
            return f->limit * 1.36 * wiggle(seed, t, 0, 0.01, 0.01);
        return f->base * d->level * (0.55 + 0.5 * load) * wiggle(seed, t, 0.12, 0.08, 0.06);
    }
}

static double other_value(const qk_sim_device *d, const qk_sim_factor *f, uint64_t seed, qk_time t)
{
    double meal = at_meals(t), work = at_work(t),
           roll = qk_sim_uniform(seed, (uint64_t)(t / QK_MINUTE));
    switch (f->shape) {
    case QK_SIM_SITE_DUST:
        if (d->works && qk_sim_works_go_on(t)) return 900 * f->base * wiggle(seed, t, 0, 0.05, 0.1);
        return (region_pm25(t) * 1.4 + 20 +
                95 * work * (0.4 + 0.6 * fabs(qk_sim_noise(seed, t, 50 * QK_MINUTE)))) *
               f->base * d->level;
    case QK_SIM_SOUND: return 46 + 16 * work + 5 * qk_sim_noise(seed, t, 6 * QK_MINUTE);
    case QK_SIM_FUME: {
        bool off = (d->quirks & QK_SIM_PURIFIER_OFF) && hour_of_day(t) > 17;
        return 0.08 + f->base * meal * d->level * (off ? 3.4 : 1) * wiggle(seed, t, 0.1, 0.2, 0.1);
    }
    case QK_SIM_FAN:
        if ((d->quirks & QK_SIM_PURIFIER_OFF) && f->base > 1 && hour_of_day(t) > 17) return 0;
        return meal > 0.2 ? 1 : 0;
    case QK_SIM_RATIO: return f->base * wiggle(seed, t, 0.03, 0.04, 0.02);
    case QK_SIM_PASSES: return floor(f->base * (0.15 + work) * 2 * roll);
    case QK_SIM_ENGINE:
        return work > 0 && qk_sim_noise(d->seed + 21, t, 30 * QK_HOUR) > -0.2 ? 1 : 0;
    case QK_SIM_LON: return d->lon + 0.004 * work * qk_sim_noise(seed, t, 40 * QK_MINUTE);
    default: return d->lat + 0.003 * work * qk_sim_noise(seed + 7, t, 40 * QK_MINUTE);
    }
}

double qk_sim_value(const qk_sim_device *d, const qk_sim_factor *f, qk_time t)
{
    size_t index = (size_t)(f - d->profile->factors);
    uint64_t seed = mix(d->seed + 1000 * (index + 1));
    if ((d->quirks & QK_SIM_STUCK) && index == 0) return f->base;
    switch (f->shape) {
    case QK_SIM_PM25:
    case QK_SIM_PM10:
    case QK_SIM_SO2:
    case QK_SIM_NO2:
    case QK_SIM_CO:
    case QK_SIM_O3: return air_value(d, f, seed, t);
    case QK_SIM_TEMPERATURE:
    case QK_SIM_HUMIDITY:
    case QK_SIM_PRESSURE:
    case QK_SIM_WIND_SPEED:
    case QK_SIM_WIND_DIRECTION: return weather_value(d, f, seed, t);
    case QK_SIM_SPECIES_OF: return qk_sim_species_ug_m3((int)f->base, t);
    case QK_SIM_STEADY:
    case QK_SIM_OXYGEN:
    case QK_SIM_POWER: return plant_value(d, f, seed, t);
    default: return other_value(d, f, seed, t);
    }
}
