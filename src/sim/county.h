/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_COUNTY_H
#define QK_SIM_COUNTY_H
/* 青泽县 (Qingze), the invented county of the demo: 12 townships and a development zone, its
 * stations, outlets, meters, dust sites, kitchens, filling stations, gates and machines, and what
 * each device reports. Everything follows from tables and a seed: two runs give the same county.
 *
 * Ownership: the county owns its sites. Pure: no clock, no I/O. Thread rule: read-only once made.
 */
#include "base/json.h"
#include "base/memory.h"
#include "base/time.h"

enum { QK_SIM_TOWNSHIPS = 13, QK_SIM_ZONE = 12 };

typedef struct qk_sim_township {
    const char *code, *kind, *name_zh, *name_en;
    double lon, lat;  /* centre of area */
    const char *ring; /* "[lon,lat],…", closed, counter-clockwise */
} qk_sim_township;
extern const qk_sim_township qk_sim_townships[QK_SIM_TOWNSHIPS];

/* How a value moves; see sim/signal.h. */
typedef enum qk_sim_shape {
    QK_SIM_PM25,
    QK_SIM_PM10,
    QK_SIM_SO2,
    QK_SIM_NO2,
    QK_SIM_CO,
    QK_SIM_O3,
    QK_SIM_TEMPERATURE,
    QK_SIM_HUMIDITY,
    QK_SIM_PRESSURE,
    QK_SIM_WIND_SPEED,
    QK_SIM_WIND_DIRECTION,
    QK_SIM_STEADY,    /* base with small noise, follows the plant's load */
    QK_SIM_OXYGEN,    /* falls when the load rises */
    QK_SIM_POWER,     /* load x base, a standby rest when off */
    QK_SIM_SITE_DUST, /* works by day */
    QK_SIM_SOUND,
    QK_SIM_FUME,   /* at meals */
    QK_SIM_FAN,    /* 1 at meals */
    QK_SIM_RATIO,  /* around base, narrow */
    QK_SIM_PASSES, /* trucks in the interval */
    QK_SIM_ENGINE, /* 1 by day when at work */
    QK_SIM_LON,
    QK_SIM_LAT,
    QK_SIM_SPECIES_OF /* base = its number in sim/composition.h */
} qk_sim_shape;

typedef struct qk_sim_factor {
    const char *code, *name_zh, *name_en, *unit, *item;
    qk_sim_shape shape;
    double base;
    int32_t decimals;
    double low, high; /* instrument range */
    double limit;     /* 0 = none */
    bool converted;   /* also sent converted to the reference oxygen (Zs) */
    bool amount;      /* Cou is sent for intervals */
} qk_sim_factor;

typedef struct qk_sim_profile {
    const char *kind; /* of the site */
    const char *st;
    int32_t dialect; /* 2005, 2017 or 2025 */
    int32_t rtd_interval_s, min_interval_min;
    bool hours, days;
    const qk_sim_factor *factors;
    size_t n_factors;
} qk_sim_profile;

/* What a device does that a real one does too, and a platform must see. Bits. */
typedef enum qk_sim_quirk {
    QK_SIM_LOWER_CRC = 1, /* CRC in lower-case letters */
    QK_SIM_NO_FLAGS = 2,  /* items without Flag */
    QK_SIM_COMMA_RANGE = 4,
    QK_SIM_END_STYLE = 8,    /* DataTime is the end of the interval */
    QK_SIM_CLOCK_AHEAD = 16, /* clock 11 minutes ahead until it is set */
    QK_SIM_REPEATS = 32,     /* sends every 20th frame twice */
    QK_SIM_REVISES = 64,     /* sends the last hour again with another value now and then */
    QK_SIM_SILENT = 128,     /* connects and then says nothing from the demo's third hour on */
    QK_SIM_UNKNOWN = 256,    /* not in the register: to be approved */
    QK_SIM_STUCK = 512,      /* the first factor does not move */
    QK_SIM_EXCEEDS = 1024,   /* the second factor goes over its limit each night, 02:00 to 03:00 */
    QK_SIM_PURIFIER_OFF = 2048, /* fan on, purifier off at dinner */
    QK_SIM_WRONG_LENGTH = 4096  /* declares a length 1 too large, as some firmware does */
} qk_sim_quirk;

typedef struct qk_sim_device {
    char mn[28];
    char site[24];
    char name_zh[96], name_en[96];
    char owner_zh[96], owner_en[96];
    const qk_sim_profile *profile;
    uint32_t township;
    double lon, lat;
    uint64_t seed;
    double level; /* of this place or plant: 1 = as the table says */
    uint32_t quirks;
    bool works;                     /* the building site of sim/works.h */
    bool near_works;                /* its dust may come here */
    double works_east, works_north; /* where this lies seen from there, m */
} qk_sim_device;

typedef struct qk_sim_county {
    qk_sim_device *devices;
    size_t n_devices;
} qk_sim_county;

/* The whole county in the arena (about 400 devices). QK_ENOMEM. */
QK_NODISCARD qk_code qk_sim_county_make(qk_sim_county *out, qk_arena *arena);
/* The register as qk_registry_import takes it; devices with QK_SIM_UNKNOWN are left out. */
QK_NODISCARD qk_code qk_sim_county_json(qk_buf *out, const qk_sim_county *county);
/* Units, persons and posts, the last members of that register. */
void qk_sim_county_people_json(qk_json_writer *w);
#endif
