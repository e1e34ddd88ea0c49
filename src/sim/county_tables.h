/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_COUNTY_TABLES_H
#define QK_SIM_COUNTY_TABLES_H
/* The names and profiles from which sim/county.c makes the county. All invented. */
#include "sim/county.h"

typedef enum qk_sim_profile_id {
    QK_SIM_AIR_NATIONAL,
    QK_SIM_AIR_PROVINCIAL,
    QK_SIM_AIR_TOWNSHIP,
    QK_SIM_AIR_MICRO,
    QK_SIM_AIR_ROAD,
    QK_SIM_OUTLET,
    QK_SIM_OUTLET_2005,
    QK_SIM_OUTLET_VOC,
    QK_SIM_METER,
    QK_SIM_DUST,
    QK_SIM_KITCHEN,
    QK_SIM_PUMP,
    QK_SIM_GATE,
    QK_SIM_MACHINE,
    QK_SIM_COMPONENT,
    QK_SIM_PROFILES
} qk_sim_profile_id;
extern const qk_sim_profile qk_sim_profiles[QK_SIM_PROFILES];

enum { QK_SIM_PLANTS = 38, QK_SIM_PROJECTS = 8, QK_SIM_KITCHENS = 6 };
typedef struct qk_sim_plant {
    const char *name_zh, *name_en;
    uint32_t township;
} qk_sim_plant;
extern const qk_sim_plant qk_sim_plants[QK_SIM_PLANTS];
extern const char *const qk_sim_projects[QK_SIM_PROJECTS][2];
extern const char *const qk_sim_kitchens[QK_SIM_KITCHENS][2];
#endif
