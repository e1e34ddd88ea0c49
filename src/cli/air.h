/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_AIR_H
#define QK_CLI_AIR_H
/* Evaluation of hourly files for `qingkong air`: rows in, finished station-years out.
 *
 * Rows may stand station by station or hour by hour, as long as the days of one station do not go
 * back. Held in memory: for each station the hours of one day and the daily values of one year, for
 * the city its daily sums. A finished year of a station goes, as text, to a spill file when more
 * years follow, else straight to the output. */
#include "base/json.h"
#include "base/map.h"
#include "standards/evaluate.h"
#include "standards/rules.h"

enum {
    AIR_STATIONS_MAX = 20000,
    AIR_YEARS_MAX = 200, /* of the city */
    AIR_DUST_MAX = 1000000,
    /* beyond QK_DAY_DUST and QK_DAY_RECORDED in qk_day.flags */
    AIR_DAY_NEGATIVE = 4,
    AIR_DAY_IMPOSSIBLE = 8,
    AIR_DAY_DUPLICATE = 16,
    AIR_DAY_LABEL_24 = 32,
    AIR_DAY_COARSE = 64 /* more than six decimals: rounded to six */
};

/* One line of the ranking: index 0 is the year, 1..12 its months. */
typedef struct air_rank {
    int32_t index_milli; /* -1: none */
    int32_t max_milli;
    uint8_t primary; /* bits 1 << pollutant */
    bool valid;      /* all six items have enough days */
    bool there;      /* the period has data */
} air_rank;

typedef struct air_chunk { /* a finished year of a station in the spill file */
    uint64_t at;
    uint32_t len[3]; /* days, months, year */
} air_chunk;

typedef struct air_past {
    int32_t year;
    air_rank rank[13];
} air_past;

typedef struct air_station {
    qk_str name;
    qk_hours hours;
    int32_t day;        /* being filled; INT32_MIN before the first row */
    uint32_t seen;      /* bit h: the hour was given */
    uint32_t day_flags; /* AIR_DAY_* */
    uint8_t measured;   /* bit p: a cell of the day was not '/' */
    qk_year *year;      /* being filled */
    int32_t first_day;  /* of all rows */
    int32_t last_day;
    int32_t year_first; /* first day of the present year that has a row */
    uint64_t counts[5]; /* hours by AIR_DAY_NEGATIVE … AIR_DAY_COARSE */
    bool listed;        /* in the stations file */
    bool odd_kind;      /* of a kind that is none of ours: taken for an evaluated station */
    bool located;       /* with coordinates */
    bool in_city;       /* counts for the city */
    bool ranked;
    double lon_deg, lat_deg;
    char kind[24];
    char title[96];
    air_chunk *chunk;
    size_t chunks;
    air_past *past;
    size_t pasts;
} air_station;

typedef struct air_city_year {
    int32_t year;
    qk_city_day day[366];
} air_city_year;

typedef struct air_options {
    const qk_rules *rules;                                       /* the tables in force */
    const qk_aqi_rule *rule;                                     /* NULL: by date */
    const qk_index_profile *profile;                             /* NULL: by date */
    int32_t from_day, to_day;                                    /* INT32_MIN, INT32_MAX: open */
    bool quiet;                                                  /* no text of stations is made */
    void (*on_year)(void *context, const struct air_station *s); /* its year is finished; or NULL */
    void *context;
} air_options;

typedef struct air_suspicion { /* of wrong units, looked at over the first values */
    uint32_t seen;
    uint32_t odd;
    uint32_t line; /* of the first odd one */
} air_suspicion;

typedef struct air {
    air_options options;
    air_station **station;
    size_t stations;
    qk_map *by_name;
    qk_map *dust;       /* "station|day", "*|day" */
    qk_map *dust_names; /* stations that the dust file names */
    qk_arena names;
    air_city_year **city;
    size_t city_years;
    bool has_list; /* a stations file was read */
    int32_t zone;  /* minutes east of the file's stamps; INT32_MIN: none seen, INT32_MAX: without */
    uint32_t midnight_24, midnight_00;
    air_suspicion suspect[QK_POLLUTANTS];
    uint64_t rows;
    FILE *spill;
    uint64_t spilled;
    qk_buf text[3]; /* days, months, year of the station-year at hand */
} air;

QK_NODISCARD qk_code air_new(air **out, const air_options *options, qk_error *err);
void air_free(air *a);
/* Station by name; created when absent. */
QK_NODISCARD qk_code air_station_get(air *a, size_t *index, qk_str name, qk_error *err);
/* CSV station[,name,city,lon,lat,kind]. Kinds road, micro, grid, construction, park, component,
 * profile and pilot are neither ranked nor in the city mean; township is ranked, not in the mean;
 * an unknown one is evaluated and flagged. */
QK_NODISCARD qk_code air_read_stations(air *a, const char *path, qk_error *err);
/* CSV station,date; station '*' or empty: every station. One that no row of hours names is told
 * among the file's flags. */
QK_NODISCARD qk_code air_read_dust(air *a, const char *path, qk_error *err);
/* The hourly file, "-" for standard input. Closes every day. */
QK_NODISCARD qk_code air_read_hours(air *a, const char *path, qk_error *err);
/* Closes the last year of every station: the city's sums are whole after it. */
QK_NODISCARD qk_code air_finish(air *a, qk_error *err);

/* The tables of a JSON file put over the shipped ones. */
QK_NODISCARD qk_code air_read_rules(qk_rules *out, const char *path, qk_error *err);
/* Closes the day being filled. */
QK_NODISCARD qk_code air_close_day(air *a, air_station *s, qk_error *err);
/* Adds the days of the station's year to the city's sums. */
void air_close_year(air *a, air_station *s);
const qk_aqi_rule *air_rule_on(const air *a, int32_t day);
const qk_index_profile *air_profile_on(const air *a, int32_t day);
uint32_t air_city_stations(const air *a);
/* Days of one city year into y. */
void air_city_fill(const air *a, qk_year *y, const air_city_year *sums);

/* Room for one more in an array that doubles from 16 on; false without memory. */
bool air_grow(void **array, size_t count, size_t size);
/* The present year of a station up to last_day: its text into a->text, its ranks into s->past. */
QK_NODISCARD qk_code air_tell_year(air *a, air_station *s, int32_t last_day, qk_error *err);
/* Keeps what the ranking needs: periods[0] the year, [1..12] its months. */
QK_NODISCARD qk_code air_keep_ranks(air *a, air_station *s, const qk_period periods[13],
                                    qk_error *err);
/* Everything as JSON. */
QK_NODISCARD qk_code air_write(air *a, FILE *file, qk_error *err);
/* After every station has been told. */
QK_NODISCARD qk_code air_write_ranking(air *a, qk_buf *out, qk_error *err);
#endif
