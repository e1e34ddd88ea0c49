/* SPDX-License-Identifier: Apache-2.0 */
#include "models/weather_grid.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define GRAVITY    9.80665 /* of a geopotential, m/s2 */
#define LONE_DEG   0.25    /* what a single row or column stands for */
#define EDGE       1e-6    /* of a step: what rounding does to a place on the rim */
#define CELLS_MOST 1e8

enum { HEAD_BYTES = 64, SKIP_BYTES = 168, FIELD_BYTES = 72, UNIT_BYTES = 40 };
static const char magic[8] = "QKGRID01";

typedef struct var_row {
    const char *name, *unit, *ending;
    double low, high;
} var_row;

static const var_row vars[QK_GRID_VARS] = {[QK_GRID_U] = {"u", "m/s", "_ms", -200, 200},
                                           [QK_GRID_V] = {"v", "m/s", "_ms", -200, 200},
                                           [QK_GRID_T] = {"t", "C", "_c", -130, 70},
                                           [QK_GRID_DEW] = {"d", "C", "_c", -150, 50},
                                           [QK_GRID_RH] = {"rh", "%", "_pct", -10, 180},
                                           [QK_GRID_Q] = {"q", "g/kg", "_g_kg", -1, 60},
                                           [QK_GRID_GH] = {"gh", "m", "_m", -1500, 90000},
                                           [QK_GRID_PS] = {"ps", "hPa", "_hpa", 400, 1100},
                                           [QK_GRID_MSL] = {"msl", "hPa", "_hpa", 850, 1100},
                                           [QK_GRID_CLOUD] = {"cloud", "%", "_pct", -1, 101},
                                           [QK_GRID_BLH] = {"blh", "m", "_m", -10, 20000},
                                           [QK_GRID_PRECIP] = {"precip", "mm", "_mm", -1, 20000},
                                           [QK_GRID_GROUND] = {"ground", "m", "_m", -1000, 9500}};

/* ---- names and units ---- */

char *qk_grid_name(char out[QK_GRID_NAME], qk_grid_what what)
{
    const char *name = vars[what.var].name;
    if (what.kind == QK_GRID_SURFACE)
        snprintf(out, QK_GRID_NAME, "%s", name);
    else
        snprintf(out, QK_GRID_NAME, "%s_%d%s", name, what.level,
                 what.kind == QK_GRID_HEIGHT ? "m" : "hpa");
    return out;
}

bool qk_grid_parse(qk_grid_what *out, qk_str name)
{
    qk_str rest = qk_str_trim(name), first = qk_str_cut(&rest, '_');
    int64_t level = -1;
    size_t var = 0;
    while (var < QK_GRID_VARS && !qk_str_eq(first, qk_str_of(vars[var].name))) var++;
    if (var == QK_GRID_VARS) return false;
    *out = (qk_grid_what){(qk_grid_var)var, QK_GRID_SURFACE, 0};
    if (!rest.ptr) return true;
    out->kind = qk_str_ends(rest, QK_STR("hpa")) ? QK_GRID_PRESSURE : QK_GRID_HEIGHT;
    qk_str unit = out->kind == QK_GRID_PRESSURE ? QK_STR("hpa") : QK_STR("m");
    if (rest.len <= unit.len || !qk_str_ends(rest, unit)) return false;
    rest.len -= unit.len;
    if (!qk_str_eq(rest, QK_STR("*")) &&
        (qk_parse_i64(&level, rest) != QK_OK || level < 0 || level > 100000))
        return false;
    out->level = (int32_t)level;
    return true;
}

const char *qk_grid_unit(qk_grid_var var)
{
    return vars[var].unit;
}

const char *qk_grid_ending(qk_grid_var var)
{
    return vars[var].ending;
}

bool qk_grid_possible(qk_grid_var var, double value)
{
    return value >= vars[var].low && value <= vars[var].high;
}

/* What a word for several stands for. */
static const char *spelt_out(qk_str word)
{
    if (qk_str_eq(word, QK_STR("near")))
        return "u_10m,v_10m,t_2m,d_2m,rh_2m,q_2m,ps,msl,cloud,blh,precip,ground";
    if (qk_str_eq(word, QK_STR("profile"))) return "u_*hpa,v_*hpa,t_*hpa,rh_*hpa,gh_*hpa,ground";
    return NULL;
}

static qk_code add_wishes(qk_grid_what *out, size_t *count, qk_str text, qk_error *err)
{
    while (text.len) {
        qk_str word = qk_str_trim(qk_str_cut(&text, ','));
        const char *several = spelt_out(word);
        if (*count >= QK_GRID_WISHES_MAX)
            return qk_fail(err, QK_EINVAL, "more than %d variables", QK_GRID_WISHES_MAX);
        if (several) {
            qk_str list = qk_str_of(several);
            while (list.len && *count < QK_GRID_WISHES_MAX)
                if (qk_grid_parse(&out[*count], qk_str_cut(&list, ','))) ++*count;
        } else if (qk_grid_parse(&out[*count], word)) {
            ++*count;
        } else {
            return qk_fail(err, QK_EINVAL, "'%.*s' is no variable: u_10m, t_850hpa, cloud, near",
                           (int)(word.len < 40 ? word.len : 40), word.ptr);
        }
    }
    return QK_OK;
}

qk_code qk_grid_wishes(qk_grid_what *out, size_t *count, qk_str text, qk_error *err)
{
    *count = 0;
    return add_wishes(out, count, text.len ? text : QK_STR("near"), err);
}

bool qk_grid_wished(const qk_grid_what *wishes, size_t count, qk_grid_what what)
{
    for (size_t i = 0; i < count; i++)
        if (wishes[i].var == what.var && wishes[i].kind == what.kind &&
            (wishes[i].level < 0 || wishes[i].level == what.level))
            return true;
    return false;
}

#define ON(var) (1U << QK_GRID_##var)
typedef struct unit_row {
    const char *unit; /* without blanks, stars and carets, small */
    unsigned vars;
    double scale, offset;
} unit_row;

static const unit_row units[] = {{"ms-1", ON(U) | ON(V), 1, 0},
                                 {"m/s", ON(U) | ON(V), 1, 0},
                                 {"k", ON(T) | ON(DEW), 1, -273.15},
                                 {"kelvin", ON(T) | ON(DEW), 1, -273.15},
                                 {"degc", ON(T) | ON(DEW), 1, 0},
                                 {"c", ON(T) | ON(DEW), 1, 0},
                                 {"celsius", ON(T) | ON(DEW), 1, 0},
                                 {"degree_celsius", ON(T) | ON(DEW), 1, 0},
                                 {"degrees_celsius", ON(T) | ON(DEW), 1, 0},
                                 {"%", ON(RH) | ON(CLOUD), 1, 0},
                                 {"percent", ON(RH) | ON(CLOUD), 1, 0},
                                 {"(0-1)", ON(RH) | ON(CLOUD), 100, 0},
                                 {"1", ON(RH) | ON(CLOUD), 100, 0},
                                 {"1", ON(Q), 1000, 0},
                                 {"okta", ON(CLOUD), 12.5, 0},
                                 {"kgkg-1", ON(Q), 1000, 0},
                                 {"kg/kg", ON(Q), 1000, 0},
                                 {"gkg-1", ON(Q), 1, 0},
                                 {"g/kg", ON(Q), 1, 0},
                                 {"pa", ON(PS) | ON(MSL), 0.01, 0},
                                 {"hpa", ON(PS) | ON(MSL), 1, 0},
                                 {"mb", ON(PS) | ON(MSL), 1, 0},
                                 {"mbar", ON(PS) | ON(MSL), 1, 0},
                                 {"millibars", ON(PS) | ON(MSL), 1, 0},
                                 {"m", ON(GH) | ON(BLH) | ON(GROUND), 1, 0},
                                 {"gpm", ON(GH) | ON(GROUND), 1, 0},
                                 {"m2s-2", ON(GH) | ON(GROUND), 1 / GRAVITY, 0},
                                 {"m2/s2", ON(GH) | ON(GROUND), 1 / GRAVITY, 0},
                                 {"m", ON(PRECIP), 1000, 0},
                                 {"kgm-2", ON(PRECIP), 1, 0},
                                 {"kg/m2", ON(PRECIP), 1, 0},
                                 {"mm", ON(PRECIP), 1, 0}};

bool qk_grid_convert(double *scale, double *offset, qk_grid_var var, qk_str unit)
{
    char plain[UNIT_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < unit.len && n + 1 < sizeof plain; i++)
        if (!strchr(" *^.", unit.ptr[i])) plain[n++] = qk_to_lower(unit.ptr[i]);
    plain[n] = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!(units[i].vars >> var & 1) || strcmp(units[i].unit, plain) != 0) continue;
        *scale = units[i].scale;
        *offset = units[i].offset;
        return true;
    }
    return false;
}

/* ---- writing the text ---- */

static void put_u32(qk_buf *out, uint32_t v)
{
    unsigned char b[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16),
                          (unsigned char)(v >> 24)};
    qk_buf_append(out, b, sizeof b);
}

static void put_u64(qk_buf *out, uint64_t v)
{
    put_u32(out, (uint32_t)v);
    put_u32(out, (uint32_t)(v >> 32));
}

static void put_f64(qk_buf *out, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_u64(out, bits);
}

static void put_text(qk_buf *out, const char *text, size_t size)
{
    char block[96] = {0};
    qk_str_copy(block, size, qk_str_of(text));
    qk_buf_append(out, block, size);
}

void qk_grid_put_head(qk_buf *out, const qk_grid_axes *axes, size_t fields,
                      const qk_grid_skipped *skipped, size_t skips)
{
    qk_buf_append(out, magic, sizeof magic);
    put_u32(out, (uint32_t)axes->lats);
    put_u32(out, (uint32_t)axes->lons);
    put_u32(out, (uint32_t)fields);
    put_u32(out, (uint32_t)skips);
    put_f64(out, axes->lat0);
    put_f64(out, axes->dlat);
    put_f64(out, axes->lon0);
    put_f64(out, axes->dlon);
    put_u64(out, 0);
    for (size_t i = 0; i < skips; i++) {
        put_u32(out, skipped[i].count);
        put_u32(out, 0);
        put_text(out, skipped[i].name, sizeof skipped[i].name);
        put_text(out, skipped[i].why, sizeof skipped[i].why);
    }
}

void qk_grid_put_field(qk_buf *out, const qk_grid_axes *axes, const qk_grid_field *f,
                       const double *values)
{
    put_u32(out, (uint32_t)f->what.var | (uint32_t)f->what.kind << 8 | (values ? 1U : 0U) << 16);
    put_u32(out, (uint32_t)f->what.level);
    put_u64(out, (uint64_t)f->issued);
    put_u64(out, (uint64_t)f->from);
    put_u64(out, (uint64_t)f->until);
    put_u32(out, f->missing);
    put_u32(out, 0);
    put_text(out, f->name, sizeof f->name);
    for (size_t i = 0; values && i < axes->lats * axes->lons; i++) put_f64(out, values[i]);
}

/* ---- reading it ---- */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are used where they lie");

typedef struct cursor {
    const char *at;
    size_t left;
} cursor;

static void take_bytes(void *out, size_t len, cursor *c)
{
    memcpy(out, c->at, len);
    c->at += len;
    c->left -= len;
}

static uint32_t take_u32(cursor *c)
{
    uint32_t v;
    take_bytes(&v, sizeof v, c);
    return v;
}

static int64_t take_i64(cursor *c)
{
    int64_t v;
    take_bytes(&v, sizeof v, c);
    return v;
}

static double take_f64(cursor *c)
{
    double v;
    take_bytes(&v, sizeof v, c);
    return v;
}

/* Names come from a file of somebody's: what is not printable ASCII becomes a question mark. */
static void take_text(char *out, size_t size, cursor *c)
{
    take_bytes(out, size, c);
    out[size - 1] = 0;
    for (size_t i = 0; out[i]; i++)
        if (out[i] < ' ' || out[i] > '~') out[i] = '?';
}

static bool even_axis(size_t n, double first, double step, double low, double high)
{
    if (!(first >= low) || !(step >= 0) || (n > 1 && !(step > 1e-6))) return false;
    return first + step * (double)(n - 1) <= high + 1e-3;
}

static qk_code take_head(qk_grid *g, cursor *c, qk_error *err)
{
    if (c->left < HEAD_BYTES || memcmp(c->at, magic, sizeof magic) != 0)
        return qk_fail(err, QK_EFORMAT, "the helper process gave no grid");
    c->at += sizeof magic;
    c->left -= sizeof magic;
    g->axes.lats = take_u32(c);
    g->axes.lons = take_u32(c);
    g->fields = take_u32(c);
    g->skips = take_u32(c);
    g->axes.lat0 = take_f64(c);
    g->axes.dlat = take_f64(c);
    g->axes.lon0 = take_f64(c);
    g->axes.dlon = take_f64(c);
    (void)take_i64(c);
    if (g->fields > QK_GRID_FIELDS_MAX || g->skips > QK_GRID_SKIPPED_MAX ||
        g->skips > c->left / SKIP_BYTES)
        return qk_fail(err, QK_EFORMAT, "the helper process gave a broken grid");
    if (g->fields == 0 && g->axes.lats == 0 && g->axes.lons == 0) return QK_OK;
    if (g->axes.lats < 1 || g->axes.lats > QK_GRID_SIDE_MAX || g->axes.lons < 1 ||
        g->axes.lons > QK_GRID_SIDE_MAX ||
        (double)g->axes.lats * (double)g->axes.lons > CELLS_MOST ||
        !even_axis(g->axes.lats, g->axes.lat0, g->axes.dlat, -90.001, 90) ||
        !even_axis(g->axes.lons, g->axes.lon0, g->axes.dlon, -360, 720))
        return qk_fail(err, QK_EFORMAT, "the helper process gave axes that cannot be");
    return QK_OK;
}

static qk_code take_field(qk_grid *g, qk_grid_field *f, cursor *c, qk_error *err)
{
    size_t cells = g->axes.lats * g->axes.lons;
    if (c->left < FIELD_BYTES) return qk_fail(err, QK_EFORMAT, "the grid is cut off");
    uint32_t kind = take_u32(c);
    if ((kind & 0xFF) >= QK_GRID_VARS || (kind >> 8 & 0xFF) > QK_GRID_PRESSURE || kind >> 17)
        return qk_fail(err, QK_EFORMAT, "the helper process gave a field of no kind");
    f->what.var = (qk_grid_var)(kind & 0xFF);
    f->what.kind = (qk_grid_level)(kind >> 8 & 0xFF);
    f->what.level = (int32_t)take_u32(c);
    f->issued = take_i64(c);
    f->from = take_i64(c);
    f->until = take_i64(c);
    f->missing = take_u32(c);
    (void)take_u32(c);
    take_text(f->name, sizeof f->name, c);
    qk_time most = 150 * 366 * QK_DAY;
    if (f->issued < -most || f->issued > 2 * most || f->from < -most || f->until > 2 * most ||
        f->from > f->until || f->what.level < 0 || f->what.level > 100000)
        return qk_fail(err, QK_EFORMAT, "the helper process gave a field of no time or level");
    if (!(kind >> 16)) return QK_OK;
    if (c->left / sizeof(double) < cells) return qk_fail(err, QK_EFORMAT, "the grid is cut off");
    f->value = (const double *)(const void *)c->at;
    c->at += cells * sizeof(double);
    c->left -= cells * sizeof(double);
    return QK_OK;
}

/* The text lies in memory of malloc, and every part of it is a multiple of eight bytes long, so
 * that values are aligned where they lie. */
static qk_code take_all(qk_grid *g, cursor *c, qk_error *err)
{
    QK_TRY(take_head(g, c, err));
    g->skipped = calloc(g->skips + 1, sizeof *g->skipped);
    g->field = calloc(g->fields + 1, sizeof *g->field);
    if (!g->skipped || !g->field) return qk_fail(err, QK_ENOMEM, "no memory for a grid");
    for (size_t i = 0; i < g->skips; i++) {
        g->skipped[i].count = take_u32(c);
        (void)take_u32(c);
        take_text(g->skipped[i].name, sizeof g->skipped[i].name, c);
        take_text(g->skipped[i].why, sizeof g->skipped[i].why, c);
    }
    for (size_t i = 0; i < g->fields; i++) QK_TRY(take_field(g, &g->field[i], c, err));
    return c->left == 0 ? QK_OK : qk_fail(err, QK_EFORMAT, "the grid has a tail that is none");
}

qk_code qk_grid_take(qk_grid **out, char *text, size_t len, qk_error *err)
{
    cursor c = {text, len};
    *out = calloc(1, sizeof **out);
    if (!*out) {
        free(text);
        return qk_fail(err, QK_ENOMEM, "no memory for a grid");
    }
    (*out)->text[(*out)->texts++] = text;
    qk_code code = take_all(*out, &c, err);
    if (code == QK_OK) return QK_OK;
    qk_grid_free(*out);
    *out = NULL;
    return code;
}

void qk_grid_free(qk_grid *g)
{
    if (!g) return;
    for (size_t i = 0; i < g->texts; i++) free(g->text[i]);
    free(g->field);
    free(g->skipped);
    free(g);
}

/* ---- several files ---- */

static bool same_axes(const qk_grid_axes *a, const qk_grid_axes *b)
{
    return a->lats == b->lats && a->lons == b->lons && fabs(a->lat0 - b->lat0) < 1e-4 &&
           fabs(a->lon0 - b->lon0) < 1e-4 && fabs(a->dlat - b->dlat) < 1e-6 &&
           fabs(a->dlon - b->dlon) < 1e-6;
}

static qk_code join_into(qk_grid *g, qk_grid *more, qk_error *err)
{
    if (g->fields && more->fields && !same_axes(&g->axes, &more->axes))
        return qk_fail(err, QK_EFORMAT, "another grid than that of the files before");
    if (g->fields + more->fields > QK_GRID_FIELDS_MAX ||
        g->texts + more->texts > sizeof g->text / sizeof *g->text)
        return qk_fail(err, QK_EFULL, "more than %d fields, or more than %zu files",
                       QK_GRID_FIELDS_MAX, sizeof g->text / sizeof *g->text);
    qk_grid_field *all = realloc(g->field, (g->fields + more->fields + 1) * sizeof *all);
    if (!all) return qk_fail(err, QK_ENOMEM, "no memory for %zu fields", g->fields + more->fields);
    g->field = all;
    if (!g->fields) g->axes = more->axes;
    memcpy(all + g->fields, more->field, more->fields * sizeof *all);
    g->fields += more->fields;
    while (more->texts) g->text[g->texts++] = more->text[--more->texts];
    return QK_OK;
}

qk_code qk_grid_join(qk_grid *g, qk_grid *more, qk_error *err)
{
    qk_code code = join_into(g, more, err);
    qk_grid_free(more);
    return code;
}

/* ---- at a place ---- */

/* Knot below x, and how far behind it; false outside. */
static bool knot_of(size_t *low, double *part, double x, double first, double step, size_t n)
{
    if (n == 1) {
        *low = 0;
        *part = 0;
        return fabs(x - first) <= LONE_DEG;
    }
    double at = (x - first) / step, last = (double)(n - 1);
    if (!(at >= -EDGE) || at > last + EDGE) return false;
    at = at < 0 ? 0 : at > last ? last : at;
    *low = (size_t)at;
    if (*low + 1 >= n) *low = n - 2;
    *part = at - (double)*low;
    return true;
}

typedef struct spot {
    size_t row, column;
    double north, east;
} spot;

static bool spot_of(spot *s, const qk_grid_axes *a, double lon, double lat)
{
    double span = a->dlon * (double)(a->lons - 1), x = lon;
    if (!isfinite(lon) || !isfinite(lat) || a->lats == 0 || a->lons == 0) return false;
    while (x < a->lon0 - (a->lons == 1 ? LONE_DEG : EDGE)) x += 360;
    while (x - 360 >= a->lon0 - EDGE && x > a->lon0 + span + LONE_DEG) x -= 360;
    return knot_of(&s->row, &s->north, lat, a->lat0, a->dlat, a->lats) &&
           knot_of(&s->column, &s->east, x, a->lon0, a->dlon, a->lons);
}

bool qk_grid_holds(const qk_grid_axes *axes, double lon, double lat)
{
    spot s;
    return fabs(lon) <= 360 && spot_of(&s, axes, lon, lat);
}

static double mix(double a, double b, double part)
{
    return part <= EDGE ? a : part >= 1 - EDGE ? b : a + part * (b - a);
}

double qk_grid_at(const qk_grid_axes *axes, const double *value, double lon, double lat)
{
    spot s;
    if (!(fabs(lon) <= 360) || !spot_of(&s, axes, lon, lat)) return NAN;
    const double *p = value + s.row * axes->lons + s.column;
    size_t right = axes->lons > 1, up = axes->lats > 1 ? axes->lons : 0;
    return mix(mix(p[0], p[right], s.east), mix(p[up], p[up + right], s.east), s.north);
}
