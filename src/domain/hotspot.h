/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_HOTSPOT_H
#define QK_DOMAIN_HOTSPOT_H
/* Hot spots in the stations' hours, and where they may have come from.
 *
 * A hot spot is an episode in which one air station stands out from its neighbours
 * (models/standout.h), by the rule of the settings hotspot.*; a rise of all at once is none, nor
 * one wild value, nor what a flag says is no measurement. Tracing follows the air back through the
 * winds that stations measured (models/suspect.h: Keats, Yee and Lien 2007) and weighs each
 * registered source and each fire point within reach by what is known of it then
 * (domain/hotspot_evidence.h). What is not known is told beside. Pure of writing; any thread with a
 * reader of its own. */
#include "domain/analysis.h"
#include "domain/hotspot_evidence.h"
#include "models/standout.h"
#include "models/suspect.h"

enum {
    QK_HOTSPOT_SENSORS = 96,
    QK_HOTSPOT_SOURCES = 400,
    QK_HOTSPOT_CELLS = 26, /* along a side of the field of probability */
    QK_HOTSPOT_PATH = 64,
    QK_HOTSPOT_DAYS = 31
};
#define QK_HOTSPOT_NEAR_M 12000.0

typedef struct qk_hotspot_rule {
    qk_standout_rule stand;         /* ug/m3 */
    double dust_share, smoke_share; /* PM2.5 over PM10: below it is dust, from it on smoke */
} qk_hotspot_rule;
/* By the settings, read now: hotspot.ratio_percent (150), excess_ug (50), hours (2), neighbours
 * (5), neighbours_least (3), reach_km (20), quiet_hours (3), dust_percent (40), smoke_percent (60).
 * One that cannot be counts as its default. */
qk_hotspot_rule qk_hotspot_rule_read(qk_db *db);
/* "dust", "smoke", "mixed"; "unknown" where the share is no number. */
const char *qk_hotspot_look(const qk_hotspot_rule *rule, double fine_share);

typedef struct qk_hotspot {
    char site[QK_CODE_MAX];
    qk_time from, to;     /* start of the first hour, end of the last */
    qk_time known;        /* end of the hour with which it became one */
    qk_time worst;        /* end of its worst hour */
    double value, middle; /* then; of its neighbours */
    double fine_share;    /* PM2.5 over PM10 at the worst hour; NaN = not known */
} qk_hotspot;
/* In the arena, newest first; hours of from <= t < to, at most QK_HOTSPOT_DAYS days. */
QK_NODISCARD qk_code qk_hotspots_find(qk_hotspot **out, size_t *n, const qk_hotspot_rule *rule,
                                      const qk_registry *registry, qk_telemetry_reader *reader,
                                      qk_str factor, qk_time from, qk_time to, qk_arena *arena,
                                      qk_error *err);

/* How a station stands against its neighbours in the hours of from <= t < to: means over the hours
 * in which both are known, of which there are *hours. */
typedef struct qk_hotspot_standing {
    double value, middle; /* NaN without hours */
    size_t hours;
} qk_hotspot_standing;
QK_NODISCARD qk_code qk_hotspot_stand(qk_hotspot_standing *out, const qk_hotspot_rule *rule,
                                      const qk_registry *registry, qk_telemetry_reader *reader,
                                      qk_str site, qk_str factor, qk_time from, qk_time to,
                                      qk_arena *arena, qk_error *err);

typedef struct qk_trace {
    qk_site site;
    qk_factor factor;
    qk_time end; /* of the hour */
    double value, middle;
    size_t sensors;
    double ws, wd, half_deg; /* at the station; half the width of the sector upwind */
    qk_station_winds winds;
    qk_place path[QK_HOTSPOT_PATH];
    size_t path_n;
    int32_t path_step_min;
    qk_suspicion *suspect; /* most probable first */
    size_t suspects;
    double unknown; /* probability that it is none of them */
    bool knows_fires, knows_permits;
    double cell_deg;
    qk_place *cell; /* middles */
    double *cell_p;
    size_t cells;
    double cell_unknown;
} qk_trace;
/* The hour that ends at `end`; db NULL: no ledgers. QK_ENOTFOUND when the station has no value
 * then, QK_EFORMAT when no wind was measured or fewer than four stations have values. */
QK_NODISCARD qk_code qk_hotspot_trace(qk_trace *out, const qk_registry *registry,
                                      qk_telemetry_reader *reader, qk_db *db, const qk_site *site,
                                      qk_str factor, qk_time end, qk_arena *arena, qk_error *err);

/* Does a source stand where wind from wd comes from, within half_deg and reach_m of the place? */
bool qk_in_sector(qk_place place, qk_place source, double wd_deg, double half_deg, double reach_m);
/* True for kinds of sites that give off what stations measure. */
bool qk_is_source_kind(const char *kind);
#endif
