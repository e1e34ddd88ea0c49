/* SPDX-License-Identifier: Apache-2.0 */
/* NetCDF, classic and 4, by the CF conventions (1.8): coordinates by standard name, unit or usual
 * name; variables by standard name or by the short names of the reanalyses. */
#include "gridread/gather.h"
#include <math.h>
#include <netcdf.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIMS_MAX = 64, VAR_DIMS_MAX = 8, TEXT = 96 };

typedef enum dim_role { NO_ROLE, LAT, LON, TIME, RUN, STEP, PRESSURE, HEIGHT } dim_role;

typedef struct dim {
    size_t n;
    dim_role role;
    double *at;    /* degrees, ms since 1970, ms, hPa, m */
    double *since; /* of TIME: where the cell begins; NULL = not told */
} dim;

typedef struct nc_file {
    int id, dims, vars;
    dim dim[DIMS_MAX];
    bool curved; /* latitudes of two dimensions */
    qk_time run; /* of a scalar coordinate; QK_TIME_NONE */
    qk_time lone_time;
    double *values;
    size_t room;
} nc_file;

typedef struct var_row {
    const char *name, *standard; /* either may be NULL */
    qk_grid_what what;           /* where no level is told; level -1: then it is not taken */
} var_row;

static const var_row rows[] = {
    {"u10", NULL, {QK_GRID_U, QK_GRID_HEIGHT, 10}},
    {"v10", NULL, {QK_GRID_V, QK_GRID_HEIGHT, 10}},
    {"u100", NULL, {QK_GRID_U, QK_GRID_HEIGHT, 100}},
    {"v100", NULL, {QK_GRID_V, QK_GRID_HEIGHT, 100}},
    {"t2m", NULL, {QK_GRID_T, QK_GRID_HEIGHT, 2}},
    {"d2m", NULL, {QK_GRID_DEW, QK_GRID_HEIGHT, 2}},
    {"u", NULL, {QK_GRID_U, QK_GRID_PRESSURE, -1}},
    {"v", NULL, {QK_GRID_V, QK_GRID_PRESSURE, -1}},
    {"t", NULL, {QK_GRID_T, QK_GRID_PRESSURE, -1}},
    {"r", NULL, {QK_GRID_RH, QK_GRID_PRESSURE, -1}},
    {"q", NULL, {QK_GRID_Q, QK_GRID_PRESSURE, -1}},
    {"gh", "geopotential_height", {QK_GRID_GH, QK_GRID_PRESSURE, -1}},
    {"sp", "surface_air_pressure", {QK_GRID_PS, QK_GRID_SURFACE, 0}},
    {"msl", "air_pressure_at_mean_sea_level", {QK_GRID_MSL, QK_GRID_SURFACE, 0}},
    {NULL, "air_pressure_at_sea_level", {QK_GRID_MSL, QK_GRID_SURFACE, 0}},
    {"tcc", "cloud_area_fraction", {QK_GRID_CLOUD, QK_GRID_SURFACE, 0}},
    {"blh", "atmosphere_boundary_layer_thickness", {QK_GRID_BLH, QK_GRID_SURFACE, 0}},
    {"tp", "precipitation_amount", {QK_GRID_PRECIP, QK_GRID_SURFACE, 0}},
    {NULL, "lwe_thickness_of_precipitation_amount", {QK_GRID_PRECIP, QK_GRID_SURFACE, 0}},
    {"orog", "surface_altitude", {QK_GRID_GROUND, QK_GRID_SURFACE, 0}},
    {NULL, "eastward_wind", {QK_GRID_U, QK_GRID_HEIGHT, 10}},
    {NULL, "northward_wind", {QK_GRID_V, QK_GRID_HEIGHT, 10}},
    {NULL, "air_temperature", {QK_GRID_T, QK_GRID_HEIGHT, 2}},
    {NULL, "dew_point_temperature", {QK_GRID_DEW, QK_GRID_HEIGHT, 2}},
    {NULL, "relative_humidity", {QK_GRID_RH, QK_GRID_HEIGHT, 2}},
    {NULL, "specific_humidity", {QK_GRID_Q, QK_GRID_HEIGHT, 2}},
    {"z", "geopotential", {QK_GRID_GROUND, QK_GRID_SURFACE, 0}}};

/* ---- attributes ---- */

/* "" where there is none, or none of a sensible length. */
static void text_of(const nc_file *f, int var, const char *name, char out[TEXT])
{
    nc_type type;
    size_t len = 0;
    out[0] = 0;
    if (nc_inq_att(f->id, var, name, &type, &len) != NC_NOERR) return;
    if (type == NC_CHAR && len < TEXT) {
        if (nc_get_att_text(f->id, var, name, out) != NC_NOERR) len = 0;
        out[len] = 0;
    } else if (type == NC_STRING && len == 1) {
        char *text = NULL;
        if (nc_get_att_string(f->id, var, name, &text) != NC_NOERR) return;
        if (text) qk_str_copy(out, TEXT, qk_str_of(text));
        nc_free_string(1, &text);
    }
}

static double number_of(const nc_file *f, int var, const char *name, double otherwise)
{
    nc_type type;
    size_t len = 0;
    double v;
    if (nc_inq_att(f->id, var, name, &type, &len) != NC_NOERR || len != 1 || type == NC_CHAR ||
        type > NC_UINT64)
        return otherwise;
    return nc_get_att_double(f->id, var, name, &v) == NC_NOERR ? v : otherwise;
}

static bool is(const char *a, const char *b)
{
    return b && strcmp(a, b) == 0;
}

static bool numeric(const nc_file *f, int var)
{
    nc_type type;
    return nc_inq_vartype(f->id, var, &type) == NC_NOERR && type != NC_CHAR && type <= NC_UINT64;
}

/* ---- coordinates ---- */

static bool any_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (qk_str_eq_nocase(qk_str_of(text), qk_str_of(*words))) return true;
    return false;
}

static dim_role role_of(const char *name, const char *standard, const char *unit)
{
    static const char *const norths[] = {"degrees_north", "degree_north", "degrees_n", "degree_n",
                                         NULL};
    static const char *const easts[] = {"degrees_east", "degree_east", "degrees_e", "degree_e",
                                        NULL};
    static const char *const lats[] = {"lat", "latitude", NULL};
    static const char *const lons[] = {"lon", "longitude", NULL};
    static const char *const steps[] = {"step", "leadtime", "lead_time", "forecast_period", NULL};
    static const char *const pressures[] = {"pa", "hpa", "mbar", "mb", "millibars", NULL};
    double ms;
    if (is(standard, "latitude") || any_of(unit, norths) || any_of(name, lats)) return LAT;
    if (is(standard, "longitude") || any_of(unit, easts) || any_of(name, lons)) return LON;
    if (strstr(unit, " since ")) return is(standard, "forecast_reference_time") ? RUN : TIME;
    if ((is(standard, "forecast_period") || any_of(name, steps)) &&
        gridread_span_unit(&ms, qk_str_of(unit)))
        return STEP;
    if (any_of(unit, pressures)) return PRESSURE;
    if (is(standard, "height") && is(unit, "m")) return HEIGHT;
    return NO_ROLE;
}

/* Coordinate values into ours: at = raw * scale + offset. */
static bool scale_of(double *scale, double *offset, const nc_file *f, int var, dim_role role,
                     const char *unit)
{
    char calendar[TEXT];
    static const char *const known[] = {"", "standard", "gregorian", "proleptic_gregorian", NULL};
    qk_time origin;
    *scale = 1;
    *offset = 0;
    if (role == PRESSURE && qk_str_eq_nocase(qk_str_of(unit), QK_STR("pa"))) *scale = 0.01;
    if (role == STEP) return gridread_span_unit(scale, qk_str_of(unit));
    if (role != TIME && role != RUN) return true;
    text_of(f, var, "calendar", calendar);
    if (!any_of(calendar, known) || !gridread_time_unit(&origin, scale, qk_str_of(unit)))
        return false;
    *offset = (double)origin;
    return true;
}

static bool possible_at(dim_role role, double v)
{
    if (role == TIME || role == RUN) return fabs(v) < 4e15;
    return isfinite(v) && fabs(v) < (role == STEP ? 4e10 : 1e5);
}

static double *read_numbers(const nc_file *f, int var, size_t n, double scale, double offset)
{
    double *v = malloc((n + 1) * sizeof *v);
    if (v && (!numeric(f, var) || nc_get_var_double(f->id, var, v) != NC_NOERR)) {
        free(v);
        return NULL;
    }
    for (size_t i = 0; v && i < n; i++) v[i] = v[i] * scale + offset;
    return v;
}

/* Dimensions of groups inside have numbers of their own. */
static bool own_dims(const nc_file *f, const int *dims, int n)
{
    for (int i = 0; i < n; i++)
        if (dims[i] < 0 || dims[i] >= f->dims) return false;
    return true;
}

/* The lower bounds of a time coordinate's cells (CF 7.1). */
static void read_bounds(nc_file *f, int var, dim *d, double scale, double offset)
{
    char name[TEXT];
    int bounds, dims[2], n = 0;
    size_t two = 0;
    text_of(f, var, "bounds", name);
    if (!name[0] || nc_inq_varid(f->id, name, &bounds) != NC_NOERR ||
        nc_inq_varndims(f->id, bounds, &n) != NC_NOERR || n != 2 ||
        nc_inq_vardimid(f->id, bounds, dims) != NC_NOERR ||
        nc_inq_dimlen(f->id, dims[1], &two) != NC_NOERR || two != 2 || !own_dims(f, dims, 2) ||
        &f->dim[dims[0]] != d)
        return;
    double *both = read_numbers(f, bounds, 2 * d->n, scale, offset);
    for (size_t i = 0; both && i < d->n; i++) both[i] = both[2 * i];
    for (size_t i = 0; both && i < d->n; i++)
        if (!possible_at(TIME, both[i])) {
            free(both);
            both = NULL;
        }
    free(d->since);
    d->since = both;
}

static qk_code take_axis(nc_file *f, int var, int at, dim_role role, const char *unit,
                         qk_error *err)
{
    dim *d = &f->dim[at];
    double scale, offset;
    if (d->role != NO_ROLE) return QK_OK;
    if (d->n == 0 || d->n > QK_GRID_SIDE_MAX)
        return qk_fail(err, QK_EFORMAT, "a coordinate of %zu values", d->n);
    if (!scale_of(&scale, &offset, f, var, role, unit))
        return qk_fail(err, QK_EFORMAT, "times in '%.60s' cannot be read", unit);
    d->at = read_numbers(f, var, d->n, scale, offset);
    if (!d->at) return qk_fail(err, QK_EFORMAT, "a coordinate in '%.60s' cannot be read", unit);
    for (size_t i = 0; i < d->n; i++)
        if (!possible_at(role, d->at[i]))
            return qk_fail(err, QK_EFORMAT, "value %zu of a coordinate in '%.60s' cannot be", i + 1,
                           unit);
    d->role = role;
    if (role == TIME) read_bounds(f, var, d, scale, offset);
    return QK_OK;
}

static qk_code take_coordinate(nc_file *f, int var, qk_error *err)
{
    char name[NC_MAX_NAME + 1], dim_name[NC_MAX_NAME + 1], standard[TEXT], unit[TEXT];
    int n = 0, dims[VAR_DIMS_MAX];
    double scale, offset, *one;
    if (nc_inq_varname(f->id, var, name) || nc_inq_varndims(f->id, var, &n) || n > 2 ||
        nc_inq_vardimid(f->id, var, dims) || !own_dims(f, dims, n))
        return QK_OK;
    text_of(f, var, "standard_name", standard);
    text_of(f, var, "units", unit);
    dim_role role = role_of(name, standard, unit);
    if (n == 2) f->curved |= role == LAT;
    if (n == 1 && role != NO_ROLE && nc_inq_dimname(f->id, dims[0], dim_name) == NC_NOERR &&
        strcmp(name, dim_name) == 0)
        return take_axis(f, var, dims[0], role, unit, err);
    if (n != 0 || (role != TIME && role != RUN)) return QK_OK;
    if (!scale_of(&scale, &offset, f, var, role, unit)) return QK_OK;
    one = read_numbers(f, var, 1, scale, offset);
    if (one && possible_at(role, *one))
        *(role == RUN ? &f->run : &f->lone_time) = (qk_time)llround(*one);
    free(one);
    return QK_OK;
}

static qk_code read_shape(nc_file *f, qk_error *err)
{
    bool steps = false, times = false;
    if (nc_inq_ndims(f->id, &f->dims) || nc_inq_nvars(f->id, &f->vars) || f->dims > DIMS_MAX)
        return qk_fail(err, QK_EFORMAT, "more than %d dimensions", DIMS_MAX);
    for (int d = 0; d < f->dims; d++)
        if (nc_inq_dimlen(f->id, d, &f->dim[d].n) != NC_NOERR)
            return qk_fail(err, QK_EFORMAT, "the file's dimensions cannot be read");
    for (int v = 0; v < f->vars; v++) QK_TRY(take_coordinate(f, v, err));
    for (int d = 0; d < f->dims; d++) {
        steps |= f->dim[d].role == STEP;
        times |= f->dim[d].role == TIME;
    }
    /* Beside steps a time is that of the run, whatever it is called. */
    for (int d = 0; steps && d < f->dims; d++)
        if (f->dim[d].role == TIME) f->dim[d].role = RUN;
    if (steps && f->run == QK_TIME_NONE) f->run = f->lone_time;
    if (times || steps) f->lone_time = QK_TIME_NONE;
    return QK_OK;
}

/* ---- variables ---- */

typedef struct variable {
    int id, dims, dim[VAR_DIMS_MAX], lat, lon; /* places of lat and lon among its dimensions */
    char name[NC_MAX_NAME + 1];
    qk_grid_what what;
    grid_source source;
    size_t planes;
} variable;

static bool identify(variable *v, const nc_file *f)
{
    char standard[TEXT];
    text_of(f, v->id, "standard_name", standard);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (pass ? is(standard, rows[i].standard) : is(v->name, rows[i].name)) {
                v->what = rows[i].what;
                return true;
            }
    return false;
}

static const char *see_axis(const dim *d, double *first, double *step)
{
    *first = d->at[0];
    *step = d->n > 1 ? (d->at[d->n - 1] - d->at[0]) / (double)(d->n - 1) : 0;
    for (size_t i = 0; i < d->n; i++)
        if (fabs(d->at[i] - (*first + *step * (double)i)) > 1e-3 * fabs(*step) + 1e-5)
            return "its grid is not regular: longitudes and latitudes in even steps are read";
    return NULL;
}

/* Why the variable is not taken, or NULL. */
static const char *see_dims(variable *v, const nc_file *f)
{
    bool levels = false, unknown = false;
    v->lat = v->lon = -1;
    v->planes = 1;
    for (int i = 0; i < v->dims; i++) {
        const dim *d = &f->dim[v->dim[i]];
        if (d->role == LAT) v->lat = i;
        if (d->role == LON) v->lon = i;
        if (d->role == PRESSURE || d->role == HEIGHT) levels = true;
        if (d->role == NO_ROLE && d->n != 1) unknown = true;
        if (d->role == LAT || d->role == LON) continue;
        if (d->n == 0 || v->planes > QK_GRID_FIELDS_MAX * 10 / d->n)
            return "it has no plane, or too many";
        v->planes *= d->n;
    }
    if (v->lat < 0 || v->lon < 0)
        return f->curved ? "its grid is curved: only regular longitudes and latitudes are read"
                         : "its grid has no longitude or no latitude";
    if (unknown) return "it has a dimension that is not known here";
    if (v->what.level < 0 && !levels) return "it tells no level";
    return NULL;
}

static const char *see_source(variable *v, const nc_file *f)
{
    const dim *lat = &f->dim[v->dim[v->lat]], *lon = &f->dim[v->dim[v->lon]];
    grid_source *s = &v->source;
    char unit[TEXT];
    nc_type type = NC_NAT;
    s->rows = lat->n;
    s->columns = lon->n;
    s->row_step = v->lat < v->lon ? lon->n : 1;
    s->column_step = v->lat < v->lon ? 1 : lat->n;
    const char *why = see_axis(lat, &s->lat0, &s->dlat);
    if (!why) why = see_axis(lon, &s->lon0, &s->dlon);
    if (why) return why;
    text_of(f, v->id, "units", unit);
    if (!qk_grid_convert(&s->scale, &s->offset, v->what.var, qk_str_of(unit)))
        return "its unit is not known here";
    if (!numeric(f, v->id) || nc_inq_vartype(f->id, v->id, &type)) return "it holds no numbers";
    s->offset += number_of(f, v->id, "add_offset", 0) * s->scale;
    s->scale *= number_of(f, v->id, "scale_factor", 1);
    double fill = type == NC_SHORT ? (double)NC_FILL_SHORT : NAN;
    if (type == NC_INT) fill = (double)NC_FILL_INT;
    s->missing[0] = number_of(f, v->id, "_FillValue", fill);
    s->missing[1] = number_of(f, v->id, "missing_value", NAN);
    return NULL;
}

/* Where the plane lies in time and height. */
static void place_plane(qk_grid_field *field, const variable *v, const nc_file *f,
                        const size_t *start)
{
    double run = f->run == QK_TIME_NONE ? NAN : (double)f->run, step = NAN, since = NAN;
    double until = f->lone_time == QK_TIME_NONE ? NAN : (double)f->lone_time, cell = 36e5;
    for (int i = 0; i < v->dims; i++) {
        const dim *d = &f->dim[v->dim[i]];
        if (d->role == NO_ROLE || d->role == LAT || d->role == LON) continue;
        double at = d->at[start[i]];
        if (d->role == RUN) run = at;
        if (d->role == STEP) step = at;
        if (d->role == TIME) {
            until = at;
            since = d->since ? d->since[start[i]] : NAN;
            if (d->n > 1) cell = fabs(d->at[1] - d->at[0]);
        }
        if (d->role != PRESSURE && d->role != HEIGHT) continue;
        if (field->what.var == QK_GRID_GROUND) field->what.var = QK_GRID_GH;
        if (field->what.kind == QK_GRID_SURFACE && field->what.var != QK_GRID_GH) continue;
        field->what.kind = d->role == HEIGHT ? QK_GRID_HEIGHT : QK_GRID_PRESSURE;
        field->what.level = (int32_t)lround(at);
    }
    if (isfinite(step) && isfinite(run)) until = run + step;
    if (!isfinite(until)) until = run;
    if (!isfinite(run)) run = until;
    /* Without bounds a sum began with the run or, in an analysis, one step before. */
    if (!isfinite(since)) since = run < until ? run : until - cell;
    field->until = isfinite(until) ? (qk_time)llround(until) : QK_TIME_NONE;
    field->issued = isfinite(run) ? (qk_time)llround(run) : QK_TIME_NONE;
    field->from = field->until;
    if (field->what.var == QK_GRID_PRECIP && since < until) field->from = (qk_time)llround(since);
}

static qk_code read_plane(nc_file *f, variable *v, const size_t *start, qk_error *err)
{
    size_t count[VAR_DIMS_MAX], cells = v->source.rows * v->source.columns;
    for (int i = 0; i < v->dims; i++)
        count[i] = i == v->lat || i == v->lon ? f->dim[v->dim[i]].n : 1;
    if (f->room < cells) {
        free(f->values);
        f->values = malloc(cells * sizeof *f->values);
        f->room = f->values ? cells : 0;
        if (!f->values) return qk_fail(err, QK_ENOMEM, "no memory for %zu values", cells);
    }
    int failed = nc_get_vara_double(f->id, v->id, start, count, f->values);
    if (failed != NC_NOERR && failed != NC_ERANGE)
        return qk_fail(err, QK_EFORMAT, "the values of %.60s cannot be read: %s", v->name,
                       nc_strerror(failed));
    v->source.value = f->values;
    return QK_OK;
}

static qk_code take_plane(grid_gather *g, nc_file *f, variable *v, const size_t *start,
                          qk_error *err)
{
    qk_grid_field field = {.what = v->what};
    place_plane(&field, v, f, start);
    if (field.until == QK_TIME_NONE || field.what.level < 0)
        return gather_skip(g, v->name, "it tells no time or no level"), QK_OK;
    if (!gather_wants(g, field.what, field.until)) return QK_OK;
    if (!g->ask->list) QK_TRY(read_plane(f, v, start, err));
    qk_str_copy(field.name, sizeof field.name, qk_str_of(v->name));
    return gather_add(g, &field, g->ask->list ? NULL : &v->source, err);
}

static qk_code take_planes(grid_gather *g, nc_file *f, variable *v, qk_error *err)
{
    for (size_t p = 0; p < v->planes; p++) {
        size_t start[VAR_DIMS_MAX] = {0}, rest = p;
        for (int i = v->dims; i-- > 0;) {
            if (i == v->lat || i == v->lon) continue;
            start[i] = rest % f->dim[v->dim[i]].n;
            rest /= f->dim[v->dim[i]].n;
        }
        QK_TRY(take_plane(g, f, v, start, err));
    }
    return QK_OK;
}

static qk_code take_variable(grid_gather *g, nc_file *f, int id, qk_error *err)
{
    variable v = {.id = id};
    qk_error own = {0};
    if (nc_inq_varname(f->id, id, v.name) || nc_inq_varndims(f->id, id, &v.dims) || v.dims < 2 ||
        v.dims > VAR_DIMS_MAX || nc_inq_vardimid(f->id, id, v.dim) || !own_dims(f, v.dim, v.dims))
        return QK_OK;
    if (!identify(&v, f)) return gather_skip(g, v.name, "not used here"), QK_OK;
    const char *why = see_dims(&v, f);
    if (!why) why = see_source(&v, f);
    if (why) return gather_skip(g, v.name, why), QK_OK;
    qk_code code = gather_frame(g, &v.source, &own);
    if (code == QK_ERANGE) return gather_skip(g, v.name, own.message), QK_OK;
    if (code != QK_OK) {
        if (err) *err = own;
        return code;
    }
    return take_planes(g, f, &v, err);
}

qk_code gridread_netcdf(grid_gather *g, int fd, qk_error *err)
{
    nc_file f = {.run = QK_TIME_NONE, .lone_time = QK_TIME_NONE};
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    /* A lock says nothing on a file that is only read, and fails on some disks. */
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1); /* NOLINT(concurrency-mt-unsafe) */
    int failed = nc_open(path, NC_NOWRITE, &f.id);
    if (failed != NC_NOERR)
        return qk_fail(err, QK_EFORMAT, "the NetCDF file is damaged or cut off: %s",
                       nc_strerror(failed));
    qk_code code = read_shape(&f, err);
    for (int v = 0; code == QK_OK && v < f.vars; v++) code = take_variable(g, &f, v, err);
    nc_close(f.id);
    for (int d = 0; d < DIMS_MAX; d++) {
        free(f.dim[d].at);
        free(f.dim[d].since);
    }
    free(f.values);
    return code;
}
