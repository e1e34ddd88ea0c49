/* SPDX-License-Identifier: Apache-2.0 */
/* GRIB, editions 1 and 2, by ecCodes. What a field is follows from ecCodes' short name, which knows
 * the tables of the centres. */
#include "gridread/gather.h"
#include <eccodes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOTHING -1e100 /* marks missing values: no weather is that */

typedef struct short_row {
    const char *name, *level; /* NULL: of any kind of level */
    qk_grid_what what;        /* level -1: that of the field */
} short_row;

static const short_row rows[] = {{"10u", NULL, {QK_GRID_U, QK_GRID_HEIGHT, 10}},
                                 {"10v", NULL, {QK_GRID_V, QK_GRID_HEIGHT, 10}},
                                 {"100u", NULL, {QK_GRID_U, QK_GRID_HEIGHT, 100}},
                                 {"100v", NULL, {QK_GRID_V, QK_GRID_HEIGHT, 100}},
                                 {"2t", NULL, {QK_GRID_T, QK_GRID_HEIGHT, 2}},
                                 {"2d", NULL, {QK_GRID_DEW, QK_GRID_HEIGHT, 2}},
                                 {"2r", NULL, {QK_GRID_RH, QK_GRID_HEIGHT, 2}},
                                 {"2sh", NULL, {QK_GRID_Q, QK_GRID_HEIGHT, 2}},
                                 {"u", "heightAboveGround", {QK_GRID_U, QK_GRID_HEIGHT, -1}},
                                 {"v", "heightAboveGround", {QK_GRID_V, QK_GRID_HEIGHT, -1}},
                                 {"t", "heightAboveGround", {QK_GRID_T, QK_GRID_HEIGHT, -1}},
                                 {"dpt", "heightAboveGround", {QK_GRID_DEW, QK_GRID_HEIGHT, -1}},
                                 {"r", "heightAboveGround", {QK_GRID_RH, QK_GRID_HEIGHT, -1}},
                                 {"q", "heightAboveGround", {QK_GRID_Q, QK_GRID_HEIGHT, -1}},
                                 {"u", "isobaricInhPa", {QK_GRID_U, QK_GRID_PRESSURE, -1}},
                                 {"v", "isobaricInhPa", {QK_GRID_V, QK_GRID_PRESSURE, -1}},
                                 {"t", "isobaricInhPa", {QK_GRID_T, QK_GRID_PRESSURE, -1}},
                                 {"r", "isobaricInhPa", {QK_GRID_RH, QK_GRID_PRESSURE, -1}},
                                 {"q", "isobaricInhPa", {QK_GRID_Q, QK_GRID_PRESSURE, -1}},
                                 {"gh", "isobaricInhPa", {QK_GRID_GH, QK_GRID_PRESSURE, -1}},
                                 {"z", "isobaricInhPa", {QK_GRID_GH, QK_GRID_PRESSURE, -1}},
                                 {"sp", NULL, {QK_GRID_PS, QK_GRID_SURFACE, 0}},
                                 {"msl", NULL, {QK_GRID_MSL, QK_GRID_SURFACE, 0}},
                                 {"prmsl", NULL, {QK_GRID_MSL, QK_GRID_SURFACE, 0}},
                                 {"tcc", "surface", {QK_GRID_CLOUD, QK_GRID_SURFACE, 0}},
                                 {"tcc", "atmosphere", {QK_GRID_CLOUD, QK_GRID_SURFACE, 0}},
                                 {"tcc", "entireAtmosphere", {QK_GRID_CLOUD, QK_GRID_SURFACE, 0}},
                                 {"blh", NULL, {QK_GRID_BLH, QK_GRID_SURFACE, 0}},
                                 {"hpbl", NULL, {QK_GRID_BLH, QK_GRID_SURFACE, 0}},
                                 {"tp", NULL, {QK_GRID_PRECIP, QK_GRID_SURFACE, 0}},
                                 {"orog", NULL, {QK_GRID_GROUND, QK_GRID_SURFACE, 0}},
                                 {"z", "surface", {QK_GRID_GROUND, QK_GRID_SURFACE, 0}}};

typedef struct message {
    codes_handle *h;
    char name[64], level[64], unit[64], step[32];
    qk_grid_field field;
    grid_source source;
    double *values;
    size_t room;
} message;

static bool text_of(codes_handle *h, const char *key, char *out, size_t size)
{
    out[0] = 0;
    return codes_get_string(h, key, out, &size) == CODES_SUCCESS;
}

static bool identify(message *m)
{
    long level = 0;
    if (!text_of(m->h, "shortName", m->name, sizeof m->name) ||
        !text_of(m->h, "typeOfLevel", m->level, sizeof m->level))
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, m->name) != 0 ||
            (rows[i].level && strcmp(rows[i].level, m->level) != 0))
            continue;
        m->field.what = rows[i].what;
        if (rows[i].what.level >= 0) return true;
        if (codes_get_long(m->h, "level", &level) != CODES_SUCCESS || level < 0 || level > 100000)
            return false;
        m->field.what.level = (int32_t)level;
        return true;
    }
    return false;
}

/* The instant behind a date YYYYMMDD and a time HHMM, both UTC. */
static bool instant_of(qk_time *out, codes_handle *h, const char *date_key, const char *time_key)
{
    long date, time;
    if (codes_get_long(h, date_key, &date) != CODES_SUCCESS ||
        codes_get_long(h, time_key, &time) != CODES_SUCCESS)
        return false;
    qk_civil c = {.year = (int32_t)(date / 10000),
                  .month = (int32_t)(date / 100 % 100),
                  .day = (int32_t)(date % 100),
                  .hour = (int32_t)(time / 100),
                  .minute = (int32_t)(time % 100)};
    if (date < 10000101 || date > 99991231 || time < 0 || qk_time_of(out, &c) != QK_OK)
        return false;
    *out += QK_CST_OFFSET;
    return true;
}

static bool time_field(message *m)
{
    long start = 0, end = 0;
    qk_grid_field *f = &m->field;
    if (!instant_of(&f->issued, m->h, "dataDate", "dataTime")) return false;
    if (codes_set_long(m->h, "stepUnits", 0) != CODES_SUCCESS ||
        codes_get_long(m->h, "startStep", &start) != CODES_SUCCESS ||
        codes_get_long(m->h, "endStep", &end) != CODES_SUCCESS)
        return false;
    if (start < 0 || end < start || end > 366 * 1440) return false;
    f->until = f->issued + end * QK_MINUTE;
    f->from = f->until;
    if (f->what.var == QK_GRID_PRECIP) f->from = f->issued + (start == end ? 0 : start) * QK_MINUTE;
    return true;
}

/* Why a field is not taken, or NULL. */
static const char *see_field(message *m)
{
    long member = 0;
    bool sum = m->field.what.var == QK_GRID_PRECIP;
    if (!text_of(m->h, "units", m->unit, sizeof m->unit) ||
        !qk_grid_convert(&m->source.scale, &m->source.offset, m->field.what.var,
                         qk_str_of(m->unit)))
        return "its unit is not known here";
    text_of(m->h, "stepType", m->step, sizeof m->step);
    /* Edition 1 writes a sum since the run's beginning as a value of an instant, too. */
    if (strcmp(m->step, "instant") != 0 && !(sum && strcmp(m->step, "accum") == 0))
        return sum ? "no sum over time" : "no value of an instant";
    if (codes_get_long(m->h, "perturbationNumber", &member) == CODES_SUCCESS && member > 0)
        return "a perturbed member of an ensemble";
    if (!time_field(m)) return "its time cannot be read";
    return NULL;
}

static bool axes_of(message *m)
{
    long ni, nj, left = 0, up = 0, by_column = 0, zigzag = 0;
    double lat0, lat1, lon0, lon1;
    codes_handle *h = m->h;
    if (codes_get_long(h, "Ni", &ni) || codes_get_long(h, "Nj", &nj) ||
        codes_get_double(h, "latitudeOfFirstGridPointInDegrees", &lat0) ||
        codes_get_double(h, "latitudeOfLastGridPointInDegrees", &lat1) ||
        codes_get_double(h, "longitudeOfFirstGridPointInDegrees", &lon0) ||
        codes_get_double(h, "longitudeOfLastGridPointInDegrees", &lon1) ||
        codes_get_long(h, "iScansNegatively", &left) ||
        codes_get_long(h, "jScansPositively", &up) ||
        codes_get_long(h, "jPointsAreConsecutive", &by_column) ||
        codes_get_long(h, "alternativeRowScanning", &zigzag))
        return false;
    if (ni < 1 || nj < 1 || ni > QK_GRID_SIDE_MAX || nj > QK_GRID_SIDE_MAX || zigzag) return false;
    double span = fmod(left ? lon0 - lon1 : lon1 - lon0, 360);
    if (span < 0 || (span < 1e-6 && ni > 1)) span += 360;
    m->source.rows = (size_t)nj;
    m->source.columns = (size_t)ni;
    m->source.row_step = by_column ? 1 : (size_t)ni;
    m->source.column_step = by_column ? (size_t)nj : 1;
    m->source.lat0 = lat0;
    m->source.lon0 = lon0;
    m->source.dlat = nj > 1 ? (lat1 - lat0) / (double)(nj - 1) : 0;
    m->source.dlon = ni > 1 ? (left ? -span : span) / (double)(ni - 1) : 0;
    return nj == 1 || (up != 0) == (lat1 > lat0);
}

static qk_code read_values(message *m, qk_error *err)
{
    size_t cells = m->source.rows * m->source.columns, size = 0, got;
    if (codes_set_double(m->h, "missingValue", NOTHING) != CODES_SUCCESS ||
        codes_get_size(m->h, "values", &size) != CODES_SUCCESS || size != cells)
        return qk_fail(err, QK_EFORMAT, "a field of %zu values on a grid of %zu points", size,
                       cells);
    if (m->room < size) {
        free(m->values);
        m->values = malloc(size * sizeof *m->values);
        m->room = m->values ? size : 0;
        if (!m->values) return qk_fail(err, QK_ENOMEM, "no memory for %zu values", size);
    }
    got = size;
    int failed = codes_get_double_array(m->h, "values", m->values, &got);
    if (failed || got != size)
        return qk_fail(err, QK_EFORMAT, "the values of %s cannot be unpacked: %s", m->name,
                       failed ? codes_get_error_message(failed) : "too few");
    m->source.value = m->values;
    m->source.missing[0] = NOTHING;
    m->source.missing[1] = NAN;
    return QK_OK;
}

static qk_code take_message(grid_gather *g, message *m, qk_error *err)
{
    char grid[64], why[96];
    qk_error own = {0};
    m->field = (qk_grid_field){0};
    if (!identify(m)) {
        snprintf(why, sizeof why, "not used here (level %s)", m->level);
        return gather_skip(g, m->name, why), QK_OK;
    }
    const char *reason = see_field(m);
    if (reason) return gather_skip(g, m->name, reason), QK_OK;
    if (!gather_wants(g, m->field.what, m->field.until)) return QK_OK;
    text_of(m->h, "gridType", grid, sizeof grid);
    if (strcmp(grid, "regular_ll") != 0) {
        snprintf(why, sizeof why, "its grid is %.30s; only regular_ll is read", grid);
        return gather_skip(g, m->name, why), QK_OK;
    }
    if (!axes_of(m)) return gather_skip(g, m->name, "its grid cannot be read"), QK_OK;
    qk_code code = gather_frame(g, &m->source, &own);
    if (code == QK_ERANGE) return gather_skip(g, m->name, own.message), QK_OK;
    if (code != QK_OK) {
        if (err) *err = own;
        return code;
    }
    if (!g->ask->list) QK_TRY(read_values(m, err));
    qk_str_copy(m->field.name, sizeof m->field.name, qk_str_of(m->name));
    return gather_add(g, &m->field, g->ask->list ? NULL : &m->source, err);
}

static qk_code take_messages(grid_gather *g, message *m, FILE *file, qk_error *err)
{
    for (size_t n = 0;; n++) {
        int failed = CODES_SUCCESS;
        m->h = codes_handle_new_from_file(NULL, file, PRODUCT_GRIB, &failed);
        if (!m->h && failed == CODES_SUCCESS)
            return n ? QK_OK : qk_fail(err, QK_EFORMAT, "the file holds no GRIB message");
        if (!m->h || failed)
            return qk_fail(err, QK_EFORMAT,
                           "the file is damaged or cut off behind %zu messages: %s", n,
                           codes_get_error_message(failed));
        qk_code code = take_message(g, m, err);
        codes_handle_delete(m->h);
        QK_TRY(code);
    }
}

qk_code gridread_grib(grid_gather *g, int fd, qk_error *err)
{
    message m = {0};
    int own = dup(fd);
    FILE *file = own >= 0 ? fdopen(own, "rb") : NULL;
    if (!file) {
        if (own >= 0) close(own);
        return qk_fail(err, QK_EIO, "the file cannot be read");
    }
    codes_grib_multi_support_on(NULL); /* wind often comes as two fields of one message */
    rewind(file);
    qk_code code = take_messages(g, &m, file, err);
    free(m.values);
    fclose(file);
    return code;
}
