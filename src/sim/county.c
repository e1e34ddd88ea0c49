/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/county.h"
#include "base/json.h"
#include "sim/county_tables.h"
#include "sim/signal.h"
#include "sim/works.h"
#include <math.h>
#include <stdio.h>

enum { DEVICES_MAX = 420 };

static bool inside_ring(const char *ring, double lon, double lat)
{
    bool in = false, have = false;
    double px = 0, py = 0;
    for (const char *p = ring; *p;) {
        double x, y;
        int used = 0;
        qk_str rest = {p + 1, strcspn(p + 1, "]")};
        qk_str first = qk_str_cut(&rest, ',');
        if (qk_parse_f64(&x, first) != QK_OK || qk_parse_f64(&y, rest) != QK_OK) break;
        if (have && (y > lat) != (py > lat) && lon < (px - x) * (lat - y) / (py - y) + x) in = !in;
        px = x, py = y, have = true;
        used = (int)strcspn(p, "]") + 1;
        p += used;
        if (*p == ',') p++;
    }
    return in;
}

/* A point of the township, the same for the same seed; near its centre when `spread` is small. */
static void place_point(qk_sim_device *d, double spread)
{
    const qk_sim_township *t = &qk_sim_townships[d->township];
    for (uint64_t k = 0; k < 64; k++) {
        d->lon = t->lon + (qk_sim_uniform(d->seed, 100 + 2 * k) - 0.5) * 0.14 * spread;
        d->lat = t->lat + (qk_sim_uniform(d->seed, 101 + 2 * k) - 0.5) * 0.11 * spread;
        if (inside_ring(t->ring, d->lon, d->lat)) return;
    }
    d->lon = t->lon, d->lat = t->lat;
}

static qk_sim_device *add_device(qk_sim_county *c, qk_sim_profile_id id, uint32_t township,
                                 double spread)
{
    qk_sim_device *d = &c->devices[c->n_devices++];
    *d = (qk_sim_device){.profile = &qk_sim_profiles[id], .township = township};
    d->seed = 7000 + c->n_devices;
    d->level = 0.82 + 0.36 * qk_sim_uniform(d->seed, 1);
    if (d->profile->dialect == 2005)
        snprintf(d->mn, sizeof d->mn, "990101%02u%06u", (unsigned)id, (unsigned)c->n_devices);
    else
        snprintf(d->mn, sizeof d->mn, "99010100%02uA000000%07u", (unsigned)id,
                 (unsigned)c->n_devices);
    place_point(d, spread);
    return d;
}

static void name_device(qk_sim_device *d, const char *prefix, unsigned number, const char *zh,
                        const char *en)
{
    snprintf(d->site, sizeof d->site, "%s-%03u", prefix, number);
    snprintf(d->name_zh, sizeof d->name_zh, "%s", zh);
    snprintf(d->name_en, sizeof d->name_en, "%s", en);
}

static void add_stations(qk_sim_county *c)
{
    qk_sim_device *d = add_device(c, QK_SIM_AIR_NATIONAL, 0, 0.1);
    name_device(d, "air", 1, "县环保局（国控）", "County Bureau (national)");
    d = add_device(c, QK_SIM_AIR_PROVINCIAL, 1, 0.3);
    name_device(d, "air", 2, "青阳一中（省控）", "Qingyang School (provincial)");
    d = add_device(c, QK_SIM_AIR_PROVINCIAL, 12, 0.3);
    name_device(d, "air", 3, "经开区管委会（省控）", "Development Zone (provincial)");
    for (uint32_t t = 0; t < QK_SIM_ZONE; t++) {
        char zh[96], en[96];
        d = add_device(c, QK_SIM_AIR_TOWNSHIP, t, 0.35);
        snprintf(zh, sizeof zh, "%s站", qk_sim_townships[t].name_zh);
        snprintf(en, sizeof en, "%s station", qk_sim_townships[t].name_en);
        name_device(d, "air", 4 + t, zh, en);
        if (t == 2) d->level = 1.24;
        if (t == 3) d->level = 0.84;
        if (t == 8) d->quirks = QK_SIM_CLOCK_AHEAD;
        if (t == 9) d->quirks = QK_SIM_REVISES;
    }
}

static void add_small_stations(qk_sim_county *c)
{
    char zh[96], en[96];
    for (unsigned i = 0; i < 40; i++) {
        uint32_t t = i % QK_SIM_TOWNSHIPS;
        qk_sim_device *d = add_device(c, QK_SIM_AIR_MICRO, t, 0.9);
        snprintf(zh, sizeof zh, "%s微站%02u", qk_sim_townships[t].name_zh, i + 1);
        snprintf(en, sizeof en, "%s micro %02u", qk_sim_townships[t].name_en, i + 1);
        name_device(d, "micro", i + 1, zh, en);
        if (i == 7) d->quirks = QK_SIM_SILENT;
        if (i == 19) d->quirks = QK_SIM_STUCK;
        if (i == 23) d->quirks = QK_SIM_NO_FLAGS;
    }
    static const char *const roads[3][2] = {{"泽水大道道路站", "Zeshui Avenue road"},
                                            {"环城西路道路站", "West Ring road"},
                                            {"G107道路站", "Highway 107 road"}};
    for (unsigned i = 0; i < 3; i++) {
        qk_sim_device *d = add_device(c, QK_SIM_AIR_ROAD, i == 2 ? 4 : i, 0.4);
        d->level = 1.3;
        name_device(d, "road", i + 1, roads[i][0], roads[i][1]);
    }
}

static uint32_t outlet_quirks(unsigned i)
{
    switch (i) {
    case 3: return QK_SIM_LOWER_CRC;
    case 6: return QK_SIM_COMMA_RANGE;
    case 11: return QK_SIM_REPEATS;
    case 16: return QK_SIM_EXCEEDS;
    case 21: return QK_SIM_WRONG_LENGTH;
    case 30: return QK_SIM_END_STYLE | QK_SIM_COMMA_RANGE;
    case 37: return QK_SIM_SILENT;
    default: return 0;
    }
}

/* 38 plants with 55 outlets and 120 meters. */
static void add_plants(qk_sim_county *c)
{
    char zh[96], en[96];
    for (unsigned i = 0; i < 55; i++) {
        const qk_sim_plant *p = &qk_sim_plants[i % QK_SIM_PLANTS];
        qk_sim_profile_id id = i % 3 == 1 && i % 4 != 0 ? QK_SIM_OUTLET_VOC
                               : i % 9 == 6 || i == 30  ? QK_SIM_OUTLET_2005
                                                        : QK_SIM_OUTLET;
        if (i == 16) id = QK_SIM_OUTLET;
        qk_sim_device *d = add_device(c, id, p->township, 0.7);
        snprintf(zh, sizeof zh, "%s%u号排口", p->name_zh, i / QK_SIM_PLANTS + 1);
        snprintf(en, sizeof en, "%s, outlet %u", p->name_en, i / QK_SIM_PLANTS + 1);
        name_device(d, "outlet", i + 1, zh, en);
        snprintf(d->owner_zh, sizeof d->owner_zh, "%s", p->name_zh);
        snprintf(d->owner_en, sizeof d->owner_en, "%s", p->name_en);
        d->quirks = outlet_quirks(i);
    }
    for (unsigned i = 0; i < 120; i++) {
        const qk_sim_plant *p = &qk_sim_plants[i % QK_SIM_PLANTS];
        qk_sim_device *d = add_device(c, QK_SIM_METER, p->township, 0.7);
        snprintf(zh, sizeof zh, "%s用电%u", p->name_zh, i / QK_SIM_PLANTS + 1);
        snprintf(en, sizeof en, "%s, meter %u", p->name_en, i / QK_SIM_PLANTS + 1);
        name_device(d, "power", i + 1, zh, en);
        snprintf(d->owner_zh, sizeof d->owner_zh, "%s", p->name_zh);
        snprintf(d->owner_en, sizeof d->owner_en, "%s", p->name_en);
        if (i == 31) d->quirks = QK_SIM_SILENT;
    }
}

typedef struct small_kind {
    qk_sim_profile_id profile;
    unsigned count;
    const char *prefix, *zh, *en;
    double spread;
} small_kind;

static void add_small_kind(qk_sim_county *c, const small_kind *k)
{
    char zh[96], en[96];
    for (unsigned i = 0; i < k->count; i++) {
        uint32_t t = i % 4 == 3 ? (i / 4) % QK_SIM_TOWNSHIPS : i % 4 == 2 ? 12 : i % 2;
        qk_sim_device *d = add_device(c, k->profile, t, k->spread);
        if (k->profile == QK_SIM_DUST) {
            snprintf(zh, sizeof zh, "%s%02u标段", qk_sim_projects[i % QK_SIM_PROJECTS][0],
                     i / QK_SIM_PROJECTS + 1);
            snprintf(en, sizeof en, "%s, section %u", qk_sim_projects[i % QK_SIM_PROJECTS][1],
                     i / QK_SIM_PROJECTS + 1);
        } else if (k->profile == QK_SIM_KITCHEN) {
            snprintf(zh, sizeof zh, "%s（%s店）", qk_sim_kitchens[i % QK_SIM_KITCHENS][0],
                     qk_sim_townships[t].name_zh);
            snprintf(en, sizeof en, "%s (%s)", qk_sim_kitchens[i % QK_SIM_KITCHENS][1],
                     qk_sim_townships[t].name_en);
        } else {
            snprintf(zh, sizeof zh, "%s%s%02u", qk_sim_townships[t].name_zh, k->zh, i + 1);
            snprintf(en, sizeof en, "%s %s %02u", qk_sim_townships[t].name_en, k->en, i + 1);
        }
        name_device(d, k->prefix, i + 1, zh, en);
        if (k->profile == QK_SIM_KITCHEN && i == 4) d->quirks = QK_SIM_PURIFIER_OFF;
        if (k->profile == QK_SIM_DUST && i == 28) d->quirks = QK_SIM_UNKNOWN;
        if (k->profile == QK_SIM_DUST && i == 11) d->level = 1.6;
    }
}

static void add_component(qk_sim_county *c)
{
    qk_sim_device *d = add_device(c, QK_SIM_COMPONENT, 1, 0.2);
    name_device(d, "component", 1, "青阳超级站（组分）", "Qingyang component station");
}

/* The site of the earth-works, and who may see its dust. */
static void plant_works(qk_sim_county *c)
{
    const qk_sim_device *works = NULL;
    for (size_t i = 0; i < c->n_devices; i++)
        if (strcmp(c->devices[i].site, "dust-012") == 0) works = &c->devices[i];
    for (size_t i = 0; works && i < c->n_devices; i++) {
        qk_sim_device *d = &c->devices[i];
        d->works = d == works;
        d->works_north = (d->lat - works->lat) * 111195;
        d->works_east = (d->lon - works->lon) * 111195 * cos(works->lat * 0.017453292519943);
        d->near_works = strncmp(d->profile->kind, "air_", 4) == 0 &&
                        hypot(d->works_east, d->works_north) < QK_SIM_WORKS_REACH_M;
    }
}

qk_code qk_sim_county_make(qk_sim_county *out, qk_arena *arena)
{
    static const small_kind kinds[] = {
        {QK_SIM_DUST, 29, "dust", "工地", "site", 0.6},
        {QK_SIM_KITCHEN, 22, "kitchen", "餐饮", "kitchen", 0.25},
        {QK_SIM_PUMP, 42, "pump", "加油站", "filling station", 0.8},
        {QK_SIM_GATE, 18, "gate", "门禁", "gate", 0.7},
        {QK_SIM_MACHINE, 40, "machine", "机械", "machine", 0.6},
    };
    *out = (qk_sim_county){.devices = qk_arena_array(arena, DEVICES_MAX, sizeof *out->devices)};
    if (!out->devices) return QK_ENOMEM;
    add_stations(out);
    add_small_stations(out);
    add_plants(out);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) add_small_kind(out, &kinds[i]);
    add_component(out);
    plant_works(out);
    return QK_OK;
}
