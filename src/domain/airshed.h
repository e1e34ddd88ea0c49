/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AIRSHED_H
#define QK_DOMAIN_AIRSHED_H
/* Who is in whose air: the county's sources as a dispersion case, and its source-receptor matrix,
 * made in the background and kept.
 *
 * The sources are rows of the ledger `emission_source`; the grid, the weather and what is taken
 * from elsewhere (share of the county, elasticities) stand in the setting `airshed.setup`; weather
 * is a CSV of surface observations in the file store. Together they are an AERMOD runstream
 * (qk_airshed_runstream), so that any number can be made again by hand. A row of the matrix is made
 * again only when its own source, the weather or the grid has changed; emissions are no part of it.
 *
 * A case is a value in the caller's arena: any thread with a connection of its own. A desk owns its
 * thread and matrix; its functions are for any thread. Ceilings: QK_AIRSHED_SOURCES,
 * QK_AIRSHED_RECEPTORS, and QK_AIRSHED_PRODUCT of one with the other. docs/internals/airshed.md */
#include "domain/ledger.h"
#include "domain/node.h"
#include "models/blend.h"
#include "models/matrix_build.h"
#include "models/response.h"
#include "models/scores.h"
#include "models/weather_prepare.h"

enum {
    QK_AIRSHED_SOURCES = 2000,
    QK_AIRSHED_RECEPTORS = 20000,
    QK_AIRSHED_PRODUCT = 4 << 20,
    QK_AIRSHED_STATIONS = 200,
    QK_AIRSHED_SETUP_BYTES = 64 * 1024,
    QK_AIRSHED_WEATHER_BYTES = 16 << 20
};
#define QK_AIRSHED_LEDGER "emission_source"

/* What is emitted, in tonnes a year. */
typedef enum qk_emitted {
    QK_EMITTED_PM25, /* primary */
    QK_EMITTED_PM10,
    QK_EMITTED_SO2,
    QK_EMITTED_NOX, /* as NO2 */
    QK_EMITTED_VOC,
    QK_EMITTED_NH3,
    QK_EMITTED
} qk_emitted;
const char *qk_emitted_name(qk_emitted e); /* "PM2.5" "PM10" "SO2" "NOx" "VOC" "NH3" */
/* What is in the air: the first four. QK_EMITTED when it is none of them. */
qk_emitted qk_emitted_of(qk_str name);

typedef struct qk_airshed_source {
    int64_t row; /* of the ledger */
    char id[QK_MATRIX_ID];
    qk_str name, site, sector, shape, active;
    double lon, lat, x_m, y_m;
    double height_m, diameter_m, velocity_m_s, temperature_c, side_m;
    double tonnes[QK_EMITTED];
    double per_g_s; /* the matrix's unit of this source in a g/s: 1, or 1/m2 of an area */
} qk_airshed_source;

typedef struct qk_airshed_station {
    const qk_site *site;
    double x_m, y_m;
} qk_airshed_station;

typedef struct qk_airshed_case {
    double west, south;                 /* of the first point of the grid */
    double latitude_deg, longitude_deg; /* where x and y are 0 */
    double step_m;
    uint32_t nx, ny;
    double elevation_m, wind_height_m; /* of the observations */
    int64_t every_h;                   /* of so many hours of the weather one is taken */
    char weather[QK_SHA256_TEXT];
    const qk_json_value *setup;
    int64_t version; /* of the setup */
    qk_airshed_source *source;
    size_t sources;
    qk_airshed_station *station; /* receptors behind those of the grid */
    size_t stations;
    uint64_t mark; /* of all that the matrix depends on */
} qk_airshed_case;

/* QK_ENOTFOUND when nothing is set up; QK_EINVAL, QK_EFULL telling what cannot be. Rows of the
 * ledger that cannot be sources (no place, no height) are refused by name. */
QK_NODISCARD qk_code qk_airshed_case_read(qk_airshed_case *out, qk_db *db,
                                          const qk_registry *registry, qk_arena *arena,
                                          qk_error *err);
size_t qk_airshed_receptors(const qk_airshed_case *c);
/* g/s of a source's emission over the year. */
double qk_airshed_rate(const qk_airshed_source *s, qk_emitted e);
/* The case as AERMOD reads it, one gram a second a source; weather in weather.sfc and .pfl. */
void qk_airshed_runstream(qk_buf *out, const qk_airshed_case *c);
/* Checks a setup before it is kept: {"west","south","east","north","step_km","every_h","weather",
 * "elevation_m","wind_height_m","local_share":{"PM2.5":[low,high]},"elasticity":{"SO2":[low,high]},
 * "source"}. */
QK_NODISCARD qk_code qk_airshed_setup_check(const qk_json_value *setup, qk_error *err);
/* Keeps it. Store thread. seen as for qk_setting_put. */
QK_NODISCARD qk_code qk_airshed_setup_put(qk_db *db, const qk_json_value *setup, int64_t seen,
                                          qk_str by, qk_time now, qk_error *err);

/* ---- the desk ---- */
typedef struct qk_airshed qk_airshed;
QK_NODISCARD qk_code qk_airshed_new(qk_airshed **out, qk_node *node, qk_error *err);
/* Gives up what is under way, within about a second. NULL is fine. */
void qk_airshed_free(qk_airshed *desk);
/* Asks for the matrix of what is set up. again: also when this has failed or was given up before.
 */
void qk_airshed_ask(qk_airshed *desk, uint64_t mark, bool again);
void qk_airshed_cancel(qk_airshed *desk);

typedef enum qk_airshed_stage {
    QK_AIRSHED_IDLE,
    QK_AIRSHED_WAITING,
    QK_AIRSHED_RUNNING,
    QK_AIRSHED_FAILED,
    QK_AIRSHED_CANCELLED
} qk_airshed_stage;
const char *qk_airshed_stage_name(qk_airshed_stage stage);

typedef struct qk_airshed_state {
    qk_airshed_stage stage;
    uint32_t done, total; /* sources of the build under way */
    uint32_t made;        /* rows that the last build had to make */
    uint64_t mark;        /* of the matrix at hand; 0 = none */
    qk_time built_at;
    int64_t hours, calm, missing; /* of the weather */
    int32_t first_day, last_day;  /* of the weather, qk_day_number */
    char error[200];
} qk_airshed_state;
void qk_airshed_state_get(qk_airshed *desk, qk_airshed_state *out);
/* The matrix at hand, which stays until _release; NULL = none (release all the same). */
const qk_matrix *qk_airshed_hold(qk_airshed *desk);
void qk_airshed_release(qk_airshed *desk);
/* Row of a source in the matrix, UINT32_MAX = none yet. */
uint32_t qk_airshed_row(const qk_matrix *m, const qk_airshed_source *s);
/* out[receptor] in µg/m3: sum over sources of emission x factor[source] (NULL = 1). */
void qk_airshed_field(double *out, const qk_airshed_case *c, const qk_matrix *m, uint32_t plane,
                      qk_emitted e, const double *factor);

/* ---- against the monitors ---- */
typedef struct qk_airshed_pair {
    const qk_airshed_station *station;
    int32_t month;
    double observed, modelled; /* µg/m3, means over the days of the weather */
} qk_airshed_pair;
typedef struct qk_airshed_fit {
    qk_airshed_pair *pair;
    size_t pairs;
    bool fitted;
    qk_blend blend; /* one class: all sources */
    qk_scores plain, bound;
    size_t sectors;
    qk_str sector[QK_BLEND_CLASSES_MAX];
    bool by_sector; /* `classes` stands */
    qk_blend classes;
    double county; /* observed mean over the county's stations; NAN */
    qk_ozone_signs ozone;
} qk_airshed_fit;
/* From the stations' daily values of the weather's period. tools: a reader, or NULL: only imported
 * days. */
QK_NODISCARD qk_code qk_airshed_compare(qk_airshed_fit *out, const qk_airshed_case *c,
                                        const qk_matrix *m, const qk_airshed_state *state,
                                        qk_emitted e, qk_db *db, qk_telemetry_reader *reader,
                                        const qk_registry *registry, qk_arena *arena,
                                        qk_error *err);
#endif
