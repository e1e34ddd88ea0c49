/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_AERMOD_CASE_H
#define QK_MODELS_AERMOD_CASE_H
/* A dispersion case as an AERMOD runstream describes it (User's Guide for AERMOD,
 * EPA-454/B-24-007): pathways CO, SO, RE, ME and OU.
 *
 * qk_aermod_case_read takes text and gives a checked case, or refuses with file, line, column and
 * the keyword's name: nothing that a keyword asks for is left out in silence. What is accepted but
 * not acted on (files that only repeat or debug) is listed in `notes`. Other files named by the
 * runstream (INCLUDED, HOUREMIS) come through the caller's `load`; this module opens nothing.
 * Ownership: the case owns its memory (`_clear`); one thread while it is read, then read-only. */
#include "base/memory.h"
#include "models/plume.h"

enum {
    QK_AERMOD_ID = 13,
    QK_AERMOD_SOURCES_MAX = 20000,
    QK_AERMOD_RECEPTORS_MAX = 200000,
    QK_AERMOD_GROUPS_MAX = 20000,
    QK_AERMOD_CITIES_MAX = 64,
    QK_AERMOD_AVERAGES_MAX = 10,
    QK_AERMOD_RANK_MAX = 10,
    QK_AERMOD_PATH = 256
};

typedef enum qk_aermod_shape {
    QK_AERMOD_STACK,
    QK_AERMOD_VOLUME,
    QK_AERMOD_RECTANGLE,
    QK_AERMOD_POLYGON,
    QK_AERMOD_CIRCLE,
    QK_AERMOD_LINE
} qk_aermod_shape;

/* How emission varies; the number is that of factors. */
typedef enum qk_aermod_factor {
    QK_AERMOD_CONSTANT = 0,
    QK_AERMOD_SEASON = 4,
    QK_AERMOD_WSPEED = 6,
    QK_AERMOD_MONTH = 12,
    QK_AERMOD_HROFDY = 24,
    QK_AERMOD_HRDOW = 72,
    QK_AERMOD_SEASHR = 96,
    QK_AERMOD_HRDOW7 = 168,
    QK_AERMOD_SHRDOW = 288,
    QK_AERMOD_SHRDOW7 = 672,
    QK_AERMOD_MHRDOW = 864,
    QK_AERMOD_MHRDOW7 = 2016
} qk_aermod_factor;

typedef struct qk_aermod_source {
    char id[QK_AERMOD_ID];
    qk_aermod_shape shape;
    qk_plume_kind kind;
    bool flat, has_parameters;
    uint32_t line; /* of LOCATION, in the file `where` */
    double x_m, y_m, x2_m, y2_m, base_m;
    double rate; /* g/s, or g/s/m2 of an area */
    double height_m, temperature_k, velocity_m_s, diameter_m;
    double sigma_y_m, sigma_z_m;
    double side_x_m, side_y_m, angle_deg, radius_m, width_m;
    int vertices_said; /* by SRCPARAM */
    int vertex_count;
    double (*vertex)[2];
    int city; /* index, -1 = rural */
    qk_aermod_factor factor_kind;
    int factor_count;
    double *factor;
    int hourly; /* index of the hourly file, -1 = none */
} qk_aermod_source;

typedef struct qk_aermod_receptor {
    double x_m, y_m, ground_m, hill_m, flagpole_m;
    int network; /* -1 = discrete */
} qk_aermod_receptor;

typedef struct qk_aermod_network {
    char id[QK_AERMOD_ID];
    bool polar;
    int nx, ny; /* distances and directions of a polar one */
    int first;  /* receptor */
    double *x, *y;
    double origin[2];
} qk_aermod_network;

typedef struct qk_aermod_group {
    char id[QK_AERMOD_ID];
    bool all;
    int count;
    int *member; /* indices of sources, rising */
} qk_aermod_group;

typedef enum qk_aermod_output_kind { QK_AERMOD_PLOTFILE, QK_AERMOD_POSTFILE } qk_aermod_output_kind;

/* An averaging time in hours; months and the whole period have names of their own. */
enum { QK_AERMOD_PERIOD = 0, QK_AERMOD_ANNUAL = -1, QK_AERMOD_MONTHS = 720 };

typedef struct qk_aermod_output {
    qk_aermod_output_kind kind;
    int average; /* hours or the names above */
    int group;
    int rank;         /* 1-based; 0 where there is none */
    bool unformatted; /* POSTFILE in records of binary numbers */
    uint32_t line;
    char path[QK_AERMOD_PATH];
} qk_aermod_output;

typedef struct qk_aermod_city {
    char id[QK_AERMOD_ID];
    double population, roughness_m;
} qk_aermod_city;

typedef struct qk_aermod_hourly {
    char path[QK_AERMOD_PATH];
    qk_str text;
    uint32_t line;
} qk_aermod_hourly;

typedef struct qk_aermod_vector {
    void *ptr;
    size_t count, cap;
} qk_aermod_vector;

typedef struct qk_aermod_case {
    qk_arena arena;
    char title[2][72];
    char pollutant[16];
    bool flat, elevated, regulatory, no_tip_downwash, arm2, run, exponent_form;
    bool no_header[2]; /* by qk_aermod_output_kind */
    double arm2_low, arm2_high;
    double decay_1_s;
    bool flagpoles; /* CO FLAGPOLE stands; without it receptors are at the ground */
    double flagpole_m;
    int average_count;
    int average[QK_AERMOD_AVERAGES_MAX]; /* short-term, hours */
    bool period, annual;
    double unit_factor; /* concentration unit of output per g/m3 */
    char unit_label[40];
    double base_m; /* PROFBASE */
    double rotate_deg;
    double wind_class[5];
    char surface_path[QK_AERMOD_PATH], profile_path[QK_AERMOD_PATH];
    int64_t from_hour, to_hour; /* yyyymmddhh; 0 = no bound */
    bool days_chosen;
    uint8_t day_chosen[367];  /* by the day of its own year */
    uint8_t date_chosen[367]; /* month and day, as the day of a leap year */
    qk_aermod_city city[QK_AERMOD_CITIES_MAX];
    int city_count;
    uint16_t rectable[QK_AERMOD_AVERAGES_MAX]; /* bit r-1: rank r is asked */
    qk_aermod_source *source;
    qk_aermod_receptor *receptor;
    qk_aermod_network *network;
    qk_aermod_group *group;
    qk_aermod_output *output;
    qk_aermod_hourly *hourly;
    size_t source_count, receptor_count, network_count, group_count, output_count, hourly_count;
    qk_buf notes; /* lines for the person: what is accepted and not acted on */
    /* growing storage behind the pointers above */
    qk_aermod_vector v_source, v_receptor, v_network, v_group, v_output, v_hourly;
} qk_aermod_case;

/* Text of another file named in the runstream; it stays the caller's for as long as the case. */
typedef struct qk_aermod_loader {
    void *ctx;
    qk_code (*load)(void *ctx, const char *path, qk_str *text, qk_error *err);
} qk_aermod_loader;

/* *out is cleared on failure. */
QK_NODISCARD qk_code qk_aermod_case_read(qk_aermod_case *out, qk_str text, const char *name,
                                         const qk_aermod_loader *loader, qk_error *err);
void qk_aermod_case_clear(qk_aermod_case *c);
/* "1-HR", "24-HR", "MONTH", "PERIOD". */
const char *qk_aermod_average_name(int average);

/* Emission of a source in an hour: the rate, and what an hourly file may give beside it (gas of a
 * stack, release height and initial sigmas of the others). */
typedef struct qk_aermod_emission {
    double rate, temperature_k, velocity_m_s;
    double height_m, sigma_y_m, sigma_z_m;
} qk_aermod_emission;
/* What SRCPARAM gives, with this rate. */
qk_aermod_emission qk_aermod_emission_of(const qk_aermod_source *source, double rate);
/* What the factors of a source make of its rate. weekday: 1 = Monday. */
double qk_aermod_factor_at(const qk_aermod_case *c, const qk_aermod_source *source, int month,
                           int weekday, int hour, double wind_m_s);
int qk_aermod_weekday(int year, int month, int day);

/* Walks the hourly emission files beside the weather. */
typedef struct qk_aermod_hourly_reader {
    const qk_aermod_case *c;
    qk_str *rest; /* a file each */
    uint32_t *line;
    size_t last; /* source of the last line: the next one mostly follows it */
} qk_aermod_hourly_reader;
QK_NODISCARD qk_code qk_aermod_hourly_open(qk_aermod_hourly_reader *r, const qk_aermod_case *c,
                                           qk_error *err);
void qk_aermod_hourly_close(qk_aermod_hourly_reader *r);
/* Emissions of all sources in this hour; out has source_count entries. A file without a line for a
 * source that it covers is refused by line. */
QK_NODISCARD qk_code qk_aermod_hourly_next(qk_aermod_hourly_reader *r, const qk_plume_hour *hour,
                                           qk_aermod_emission *out, qk_error *err);
/* An hour that the case leaves out: its lines are passed over, if the files have any. */
QK_NODISCARD qk_code qk_aermod_hourly_skip(qk_aermod_hourly_reader *r, const qk_plume_hour *hour,
                                           qk_error *err);
#endif
