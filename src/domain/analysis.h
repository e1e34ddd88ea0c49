/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_ANALYSIS_H
#define QK_DOMAIN_ANALYSIS_H
/* One station's hours by wind and by time, as the studio draws them: roses, polar surfaces, annuli,
 * trends, variation, calendars, paths of air and what many paths say (the models of models/polar.h,
 * rose.h, annulus.h, theilsen.h, trajectory.h with their sources).
 *
 * Data come from the store or from a person's own CSV file. Each answer says how many hours were
 * asked for and used, and how many were left out for which reason; nothing that is no number is
 * ever written. Winds are those that a station measured itself, else those of the nearest station
 * within 30 km that measures them, which is named. Pure of writing; any thread with a reader of its
 * own; memory bounded by the arena and QK_ANALYSIS_HOURS. */
#include "domain/hours.h"
#include "models/annulus.h"
#include "models/polar.h"
#include "models/trajectory.h"

enum {
    QK_ANALYSIS_HOURS = 3660 * 24, /* of one series */
    QK_ANALYSIS_PATH_DAYS = 120,   /* of paths of air */
    QK_ANALYSIS_PATHS = 1500,
    QK_ANALYSIS_STATIONS = 16 /* whose winds carry the paths */
};
#define QK_ANALYSIS_WIND_M 30000.0

typedef enum qk_analysis_kind {
    QK_PLOT_WIND_ROSE,
    QK_PLOT_POLLUTION_ROSE,
    QK_PLOT_PERCENTILE_ROSE,
    QK_PLOT_POLAR,
    QK_PLOT_ANNULUS,
    QK_PLOT_TREND,
    QK_PLOT_NORMALISED,
    QK_PLOT_TIME,
    QK_PLOT_CALENDAR,
    QK_PLOT_TRAJECTORIES,
    QK_PLOT_CLUSTERS,
    QK_PLOT_CELLS,
    QK_PLOTS
} qk_analysis_kind;
/* "wind_rose", …; QK_PLOTS for an unknown name. */
qk_analysis_kind qk_analysis_kind_of(qk_str name);
const char *qk_analysis_kind_name(qk_analysis_kind kind);
/* True for those that need places and winds of several stations: not for a file. */
bool qk_analysis_is_path(qk_analysis_kind kind);

typedef struct qk_analysis_options {
    qk_polar_statistic statistic;
    double percentile; /* of the CPF and of high values of paths, 0..100 */
    qk_annulus_period period;
    bool deseason;
    int32_t hours;    /* followed back */
    int32_t clusters; /* 2..12 */
    double cell_deg;
} qk_analysis_options;

typedef struct qk_analysis {
    qk_analysis_kind kind;
    qk_analysis_options o;
    const qk_registry *registry;
    qk_telemetry_reader *reader; /* NULL: of a file */
    qk_site site;                /* of a file: id empty */
    qk_site wind_site;           /* whose wind it is; id empty = none */
    double wind_m;               /* how far that lies off */
    qk_factor factor;            /* code empty = no device measures it */
    qk_time from, to;
    qk_time *time; /* [count]: start of each hour */
    double *ws, *wd, *value;
    size_t count;
    size_t flagged, negative, dropped_rows; /* dropped_rows: of a file, without a time */
    qk_arena *arena;
} qk_analysis;

/* Reads the hours of from <= t < to. QK_ERANGE beyond the ceilings, QK_ENOMEM. */
QK_NODISCARD qk_code qk_analysis_read(qk_analysis *a, qk_str factor, qk_error *err);
/* The same from CSV: `date` (or `time`), `ws` and `wd` where the plot asks for them, and the column
 * `factor`, else the first other one. Refuses with line and column. */
QK_NODISCARD qk_code qk_analysis_read_csv(qk_analysis *a, qk_str text, qk_str factor,
                                          qk_error *err);
/* Writes {"kind",…,"plot":{…}}. When too little is there for the method, "plot" is null and
 * "reason" says why: no_factor, no_wind_station, no_wind, no_value, short. */
QK_NODISCARD qk_code qk_analysis_write(qk_json_writer *w, qk_analysis *a, qk_error *err);

/* ---- for analysis_plots.c and analysis_paths.c: nothing is written before a failure ---- */
/* A number of at most five digits, null when it is none. */
void qk_analysis_put(qk_json_writer *w, double v);
void qk_analysis_kput(qk_json_writer *w, const char *name, double v);
QK_NODISCARD qk_code qk_analysis_plot(qk_json_writer *w, qk_analysis *a, qk_error *err);
QK_NODISCARD qk_code qk_analysis_paths(qk_json_writer *w, qk_analysis *a, qk_error *err);

/* Winds of the air stations nearest to a place over some hours, ready for qk_wind_stations_at. */
typedef struct qk_station_winds {
    qk_wind_stations field;
    qk_place place[QK_ANALYSIS_STATIONS];
    char id[QK_ANALYSIS_STATIONS][QK_CODE_MAX];
    size_t hours_there; /* hours with a wind, over all stations */
} qk_station_winds;
/* The hour that begins at t stands at t + 30 min, its middle. In the arena. */
QK_NODISCARD qk_code qk_station_winds_read(qk_station_winds *out, const qk_registry *registry,
                                           qk_telemetry_reader *reader, qk_place about,
                                           qk_time from, qk_time to, qk_arena *arena,
                                           qk_error *err);
#endif
