/* SPDX-License-Identifier: Apache-2.0 */
/* Pathway SO: sources, their parameters and groups. */
#include "models/aermod_private.h"
#include "models/plume_area.h"
#include <math.h>
#include <stdlib.h>

enum { CIRCLE_SIDES = 20 };

typedef struct type_row {
    const char *name;
    qk_aermod_shape shape;
    qk_plume_kind kind;
} type_row;

static const type_row types[] = {{"POINT", QK_AERMOD_STACK, QK_PLUME_POINT},
                                 {"POINTCAP", QK_AERMOD_STACK, QK_PLUME_POINT_CAPPED},
                                 {"POINTHOR", QK_AERMOD_STACK, QK_PLUME_POINT_HORIZONTAL},
                                 {"VOLUME", QK_AERMOD_VOLUME, QK_PLUME_VOLUME},
                                 {"AREA", QK_AERMOD_RECTANGLE, QK_PLUME_AREA},
                                 {"AREAPOLY", QK_AERMOD_POLYGON, QK_PLUME_AREA},
                                 {"AREACIRC", QK_AERMOD_CIRCLE, QK_PLUME_AREA},
                                 {"LINE", QK_AERMOD_LINE, QK_PLUME_AREA}};

static const type_row *find_type(const aermod_parser *p, int at)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (aermod_is(p, at, types[i].name)) return &types[i];
    return NULL;
}

static qk_code take_location(aermod_parser *p, qk_error *err)
{
    char id[QK_AERMOD_ID];
    QK_TRY(aermod_id(p, 0, id, err));
    const type_row *type = find_type(p, 1);
    if (!type)
        return aermod_refuse(p, err, QK_EUNSUPPORTED, 1, "sources of type %.*s are not supported",
                             (int)(p->token[1].len < 20 ? p->token[1].len : 20), p->token[1].ptr);
    if (aermod_find_source(p->c, p->token[0]) >= 0)
        return aermod_refuse(p, err, QK_EEXIST, 0, "the source %s stands there already", id);
    qk_aermod_source *s = aermod_grow(&p->c->v_source, sizeof *s, QK_AERMOD_SOURCES_MAX);
    if (!s) return aermod_refuse(p, err, QK_EFULL, -1, "too many sources");
    *s = (qk_aermod_source){.shape = type->shape,
                            .kind = type->kind,
                            .city = -1,
                            .hourly = -1,
                            .line = p->line_number,
                            .flat = p->c->flat && !p->c->elevated};
    memcpy(s->id, id, sizeof id);
    int at = 2;
    QK_TRY(aermod_number(p, at++, &s->x_m, err));
    QK_TRY(aermod_number(p, at++, &s->y_m, err));
    if (s->shape == QK_AERMOD_LINE) {
        QK_TRY(aermod_number(p, at++, &s->x2_m, err));
        QK_TRY(aermod_number(p, at++, &s->y2_m, err));
    }
    if (aermod_is(p, at, "FLAT")) {
        if (!p->c->flat) return aermod_refuse(p, err, QK_EFORMAT, at, "MODELOPT says no FLAT");
        s->flat = true;
    } else if (at < p->count) {
        QK_TRY(aermod_number(p, at, &s->base_m, err));
        s->base_m *= p->elevation_unit[1];
    }
    return QK_OK;
}

static qk_code find_source(const aermod_parser *p, qk_aermod_source **out, qk_error *err)
{
    int at = aermod_find_source(p->c, p->token[0]);
    if (at < 0) return aermod_refuse(p, err, QK_ENOTFOUND, 0, "no LOCATION names this source");
    *out = (qk_aermod_source *)p->c->v_source.ptr + at;
    return QK_OK;
}

typedef struct range {
    double *value;
    double low, high;
    const char *what;
    bool needed;
} range;

static qk_code take_ranges(aermod_parser *p, const range *r, size_t count, qk_error *err)
{
    for (size_t i = 0; i < count; i++) {
        int at = (int)i + 1;
        if (at >= p->count && !r[i].needed) return QK_OK;
        QK_TRY(aermod_number(p, at, r[i].value, err));
        if (!(*r[i].value >= r[i].low && *r[i].value <= r[i].high))
            return aermod_refuse(p, err, QK_ERANGE, at, "%s must lie within %g..%g", r[i].what,
                                 r[i].low, r[i].high);
    }
    if (p->count > (int)count + 1)
        return aermod_refuse(p, err, QK_EFORMAT, (int)count + 1, "too many parameters");
    return QK_OK;
}

#define RATE(s)                                        \
    {                                                  \
        &(s)->rate, 0, 1e12, "the emission rate", true \
    }
#define HEIGHT(s)                                           \
    {                                                       \
        &(s)->height_m, 0, 3000, "the release height", true \
    }

static qk_code take_stack(aermod_parser *p, qk_aermod_source *s, qk_error *err)
{
    const range r[] = {RATE(s),
                       HEIGHT(s),
                       {&s->temperature_k, -2000, 4000, "the gas temperature (K)", true},
                       {&s->velocity_m_s, 0, 300, "the exit velocity (m/s)", true},
                       {&s->diameter_m, 1e-5, 300, "the diameter (m)", true}};
    QK_TRY(take_ranges(p, r, 5, err));
    if (s->velocity_m_s < 1e-5) s->velocity_m_s = 1e-5;
    if (s->temperature_k > 2000) aermod_note(p, "gas of %g K: kelvin?", s->temperature_k);
    if (s->temperature_k > 0 && s->temperature_k < 200)
        aermod_note(p, "gas of %g K: degrees Celsius?", s->temperature_k);
    if (s->velocity_m_s > 50) aermod_note(p, "exit velocity of %g m/s", s->velocity_m_s);
    if (s->height_m > 300) aermod_note(p, "release height of %g m", s->height_m);
    if (s->diameter_m > 20) aermod_note(p, "diameter of %g m", s->diameter_m);
    return QK_OK;
}

static qk_code take_volume(aermod_parser *p, qk_aermod_source *s, qk_error *err)
{
    const range r[] = {RATE(s),
                       HEIGHT(s),
                       {&s->sigma_y_m, 1e-5, 20000, "the initial sigma_y", true},
                       {&s->sigma_z_m, 1e-5, 5000, "the initial sigma_z", true}};
    return take_ranges(p, r, 4, err);
}

static qk_code take_rectangle(aermod_parser *p, qk_aermod_source *s, qk_error *err)
{
    const range r[] = {RATE(s),
                       HEIGHT(s),
                       {&s->side_x_m, 1e-5, 1e6, "the side along x", true},
                       {&s->side_y_m, 1e-5, 1e6, "the side along y", false},
                       {&s->angle_deg, -360, 360, "the angle", false},
                       {&s->sigma_z_m, 0, 5000, "the initial sigma_z", false}};
    s->side_y_m = -1;
    QK_TRY(take_ranges(p, r, 6, err));
    if (s->side_y_m < 0) s->side_y_m = s->side_x_m;
    return QK_OK;
}

static qk_code take_polygon(aermod_parser *p, qk_aermod_source *s, qk_error *err)
{
    double sides = 0;
    const range r[] = {RATE(s),
                       HEIGHT(s),
                       {&sides, 3, QK_PLUME_VERTICES_MAX, "the number of vertices", true},
                       {&s->sigma_z_m, 0, 5000, "the initial sigma_z", false}};
    QK_TRY(take_ranges(p, r, 4, err));
    s->vertices_said = (int)sides;
    return QK_OK;
}

static qk_code take_circle(aermod_parser *p, qk_aermod_source *s, qk_error *err)
{
    double sides = CIRCLE_SIDES;
    const range r[] = {RATE(s),
                       HEIGHT(s),
                       {&s->radius_m, 1e-5, 1e6, "the radius", true},
                       {&sides, 3, QK_PLUME_VERTICES_MAX, "the number of sides", false},
                       {&s->sigma_z_m, 0, 5000, "the initial sigma_z", false}};
    QK_TRY(take_ranges(p, r, 5, err));
    s->vertices_said = (int)sides;
    return QK_OK;
}

static qk_code take_line(aermod_parser *p, qk_aermod_source *s, qk_error *err)
{
    const range r[] = {RATE(s),
                       HEIGHT(s),
                       {&s->width_m, 1, 10000, "the width", true},
                       {&s->sigma_z_m, 0, 5000, "the initial sigma_z", false}};
    return take_ranges(p, r, 4, err);
}

static qk_code take_parameters(aermod_parser *p, qk_error *err)
{
    static qk_code (*const takers[])(aermod_parser *, qk_aermod_source *, qk_error *) = {
        take_stack, take_volume, take_rectangle, take_polygon, take_circle, take_line};
    qk_aermod_source *s = NULL;
    QK_TRY(find_source(p, &s, err));
    if (s->has_parameters)
        return aermod_refuse(p, err, QK_EEXIST, 0, "the source has its parameters already");
    s->has_parameters = true;
    QK_TRY(takers[s->shape](p, s, err));
    if (s->kind != QK_PLUME_AREA && s->rate > 1e5) aermod_note(p, "%g g/s: was it kg/h?", s->rate);
    if (s->kind == QK_PLUME_AREA && s->rate > 1) aermod_note(p, "%g g/s/m2: was it g/s?", s->rate);
    return QK_OK;
}

static qk_code give_vertices(aermod_parser *p, qk_aermod_source *s, int count, qk_error *err)
{
    s->vertex = qk_arena_array(&p->c->arena, (size_t)count, sizeof *s->vertex);
    return s->vertex ? QK_OK : aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
}

static qk_code take_vertices(aermod_parser *p, qk_error *err)
{
    qk_aermod_source *s = NULL;
    const double *v;
    int count;
    QK_TRY(find_source(p, &s, err));
    if (s->shape != QK_AERMOD_POLYGON || s->vertices_said == 0)
        return aermod_refuse(p, err, QK_EFORMAT, 0, "SRCPARAM of an AREAPOLY must stand before");
    if (!s->vertex) QK_TRY(give_vertices(p, s, s->vertices_said, err));
    QK_TRY(aermod_list(p, 1, &v, &count, err));
    if (count % 2) return aermod_refuse(p, err, QK_EFORMAT, -1, "an odd number of coordinates");
    for (int i = 0; i < count; i += 2) {
        bool closing = s->vertex_count == s->vertices_said && v[i] == s->vertex[0][0] &&
                       v[i + 1] == s->vertex[0][1];
        if (closing) continue;
        if (s->vertex_count == s->vertices_said)
            return aermod_refuse(p, err, QK_EFORMAT, i + 1, "more vertices than SRCPARAM says");
        s->vertex[s->vertex_count][0] = v[i];
        s->vertex[s->vertex_count++][1] = v[i + 1];
    }
    return QK_OK;
}

/* Calls for each source that words from `from` on name, by ID or range. */
static qk_code mark_sources(aermod_parser *p, int from, void (*mark)(qk_aermod_source *, int),
                            int value, qk_error *err)
{
    qk_aermod_source *s = p->c->v_source.ptr;
    for (int i = from; i < p->count; i++) {
        bool any = false, every = aermod_is(p, i, "ALL");
        for (size_t k = 0; k < p->c->v_source.count; k++) {
            if (!every && !aermod_in_range(s[k].id, p->token[i])) continue;
            mark(&s[k], value);
            any = true;
        }
        if (!any) return aermod_refuse(p, err, QK_ENOTFOUND, i, "no such source");
    }
    return QK_OK;
}

static void set_city(qk_aermod_source *s, int city)
{
    s->city = city;
}

static qk_code take_urban(aermod_parser *p, qk_error *err)
{
    const qk_aermod_case *c = p->c;
    int from = 0, city = 0;
    if (c->city_count == 0) return aermod_refuse(p, err, QK_EFORMAT, -1, "CO has no URBANOPT");
    if (c->city_count > 1) {
        for (city = 0; city < c->city_count; city++)
            if (aermod_is(p, 0, c->city[city].id)) break;
        if (city == c->city_count) return aermod_refuse(p, err, QK_ENOTFOUND, 0, "no such city");
        from = 1;
    }
    return mark_sources(p, from, set_city, city, err);
}

static const struct {
    const char *name;
    qk_aermod_factor kind;
} factors[] = {
    {"SEASON", QK_AERMOD_SEASON}, {"MONTH", QK_AERMOD_MONTH},    {"HROFDY", QK_AERMOD_HROFDY},
    {"WSPEED", QK_AERMOD_WSPEED}, {"SEASHR", QK_AERMOD_SEASHR},  {"HRDOW", QK_AERMOD_HRDOW},
    {"HRDOW7", QK_AERMOD_HRDOW7}, {"SHRDOW", QK_AERMOD_SHRDOW},  {"SHRDOW7", QK_AERMOD_SHRDOW7},
    {"MHRDOW", QK_AERMOD_MHRDOW}, {"MHRDOW7", QK_AERMOD_MHRDOW7}};

static qk_code add_factors(aermod_parser *p, qk_aermod_source *s, qk_aermod_factor kind,
                           const double *v, int count, qk_error *err)
{
    if (s->factor_kind != QK_AERMOD_CONSTANT && s->factor_kind != kind)
        return aermod_refuse(p, err, QK_EFORMAT, 1, "source %s varies by something else", s->id);
    s->factor_kind = kind;
    if (!s->factor) s->factor = qk_arena_array(&p->c->arena, (size_t)kind, sizeof *s->factor);
    if (!s->factor) return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
    if (s->factor_count + count > (int)kind)
        return aermod_refuse(p, err, QK_EFORMAT, -1, "more than %d factors for %s", (int)kind,
                             s->id);
    for (int i = 0; i < count; i++) {
        if (!(v[i] >= 0))
            return aermod_refuse(p, err, QK_ERANGE, i + 2, "a factor must not be below 0");
        s->factor[s->factor_count++] = v[i];
    }
    return QK_OK;
}

static qk_code take_factors(aermod_parser *p, qk_error *err)
{
    qk_aermod_source *s = p->c->v_source.ptr;
    const double *v;
    int count;
    size_t kind = 0, kinds = sizeof factors / sizeof *factors;
    while (kind < kinds && !aermod_is(p, 1, factors[kind].name)) kind++;
    if (kind == kinds)
        return aermod_refuse(p, err, QK_EUNSUPPORTED, 1, "emission factors of this kind");
    QK_TRY(aermod_list(p, 2, &v, &count, err));
    bool any = false;
    for (size_t k = 0; k < p->c->v_source.count; k++) {
        if (!aermod_in_range(s[k].id, p->token[0])) continue;
        QK_TRY(add_factors(p, &s[k], factors[kind].kind, v, count, err));
        any = true;
    }
    return any ? QK_OK : aermod_refuse(p, err, QK_ENOTFOUND, 0, "no such source");
}

static qk_code take_emission_unit(aermod_parser *p, qk_error *err)
{
    QK_TRY(aermod_number(p, 0, &p->c->unit_factor, err));
    if (!(p->c->unit_factor > 0)) return aermod_refuse(p, err, QK_ERANGE, 0, "must be above 0");
    qk_str_copy(p->c->unit_label, sizeof p->c->unit_label, p->token[2]);
    return QK_OK;
}

static void set_hourly(qk_aermod_source *s, int file)
{
    s->hourly = file;
}

static qk_code take_hourly(aermod_parser *p, qk_error *err)
{
    qk_aermod_case *c = p->c;
    qk_aermod_hourly *h = aermod_grow(&c->v_hourly, sizeof *h, 4096);
    if (!h) return aermod_refuse(p, err, QK_EFULL, -1, "too many hourly files");
    QK_TRY(aermod_path(p, 0, h->path, err));
    h->line = p->line_number;
    qk_code code = p->loader->load(p->loader->ctx, h->path, &h->text, err);
    if (code != QK_OK) {
        qk_error_at(err, p->name, p->line_number, 0);
        return code;
    }
    return mark_sources(p, 1, set_hourly, (int)c->v_hourly.count - 1, err);
}

static qk_code add_member(aermod_parser *p, qk_aermod_group *g, int source, qk_error *err)
{
    for (int i = 0; i < g->count; i++)
        if (g->member[i] == source) return QK_OK;
    if ((g->count & (g->count - 1)) == 0) {
        size_t cap = g->count ? (size_t)2 * (size_t)g->count : 1;
        int *member = realloc(g->member, cap * sizeof *member);
        if (!member) return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
        g->member = member;
    }
    g->member[g->count++] = source;
    return QK_OK;
}

static qk_code take_group(aermod_parser *p, qk_error *err)
{
    qk_aermod_case *c = p->c;
    const qk_aermod_source *s = c->v_source.ptr;
    char id[QK_AERMOD_ID];
    QK_TRY(aermod_id(p, 0, id, err));
    if (strlen(id) > 8)
        return aermod_refuse(p, err, QK_EFORMAT, 0, "a group has at most 8 letters");
    int at = aermod_find_group(c, p->token[0]);
    qk_aermod_group *g = at >= 0 ? (qk_aermod_group *)c->v_group.ptr + at
                                 : aermod_grow(&c->v_group, sizeof *g, QK_AERMOD_GROUPS_MAX);
    if (!g) return aermod_refuse(p, err, QK_EFULL, -1, "too many groups");
    memcpy(g->id, id, sizeof id);
    g->all = strcmp(id, "ALL") == 0;
    if (g->all || p->count > 1) {
        for (int i = 1; i < p->count; i++) {
            bool any = false;
            for (size_t k = 0; k < c->v_source.count; k++) {
                if (!aermod_in_range(s[k].id, p->token[i])) continue;
                QK_TRY(add_member(p, g, (int)k, err));
                any = true;
            }
            if (!any) return aermod_refuse(p, err, QK_ENOTFOUND, i, "no such source");
        }
        return QK_OK;
    }
    return aermod_refuse(p, err, QK_EFORMAT, 0, "a group of no sources");
}

static void turn(double out[2], const qk_aermod_source *s, double x, double y)
{
    double a = s->angle_deg * (M_PI / 180);
    out[0] = s->x_m + x * cos(a) + y * sin(a);
    out[1] = s->y_m - x * sin(a) + y * cos(a);
}

static void make_rectangle(qk_aermod_source *s)
{
    turn(s->vertex[0], s, 0, 0);
    turn(s->vertex[1], s, 0, s->side_y_m);
    turn(s->vertex[2], s, s->side_x_m, s->side_y_m);
    turn(s->vertex[3], s, s->side_x_m, 0);
}

static void make_line(qk_aermod_source *s)
{
    double dx = s->x2_m - s->x_m, dy = s->y2_m - s->y_m, length = sqrt(dx * dx + dy * dy);
    double nx = -dy / length * s->width_m / 2, ny = dx / length * s->width_m / 2;
    const double v[4][2] = {{s->x_m + nx, s->y_m + ny},
                            {s->x2_m + nx, s->y2_m + ny},
                            {s->x2_m - nx, s->y2_m - ny},
                            {s->x_m - nx, s->y_m - ny}};
    memcpy(s->vertex, v, sizeof v);
}

/* A regular polygon of the circle's area. */
static void make_circle(qk_aermod_source *s)
{
    int n = s->vertices_said;
    double radius = s->radius_m * sqrt(2 * M_PI / (n * sin(2 * M_PI / n)));
    for (int i = 0; i < n; i++) {
        s->vertex[i][0] = s->x_m + radius * sin(2 * M_PI * i / n);
        s->vertex[i][1] = s->y_m + radius * cos(2 * M_PI * i / n);
    }
}

static qk_code make_shape(aermod_parser *p, qk_aermod_source *s, qk_error *err)
{
    int count = s->shape == QK_AERMOD_CIRCLE ? s->vertices_said : 4;
    if (s->shape == QK_AERMOD_POLYGON) {
        if (s->vertex_count == s->vertices_said) return QK_OK;
        return aermod_refuse(p, err, QK_EFORMAT, -1, "source %s has %d of %d vertices", s->id,
                             s->vertex_count, s->vertices_said);
    }
    if (s->shape == QK_AERMOD_LINE && hypot(s->x2_m - s->x_m, s->y2_m - s->y_m) < 1)
        return aermod_refuse(p, err, QK_ERANGE, -1, "the line %s is shorter than a metre", s->id);
    QK_TRY(give_vertices(p, s, count, err));
    s->vertex_count = count;
    if (s->shape == QK_AERMOD_RECTANGLE) make_rectangle(s);
    if (s->shape == QK_AERMOD_LINE) make_line(s);
    if (s->shape == QK_AERMOD_CIRCLE) make_circle(s);
    return QK_OK;
}

static qk_code check_source(aermod_parser *p, qk_aermod_source *s, qk_error *err)
{
    if (!s->has_parameters)
        return aermod_refuse(p, err, QK_EFORMAT, -1, "source %s (line %u) has no SRCPARAM", s->id,
                             s->line);
    if (s->factor_kind && s->factor_count != (int)s->factor_kind)
        return aermod_refuse(p, err, QK_EFORMAT, -1, "source %s has %d of %d factors", s->id,
                             s->factor_count, (int)s->factor_kind);
    if (s->hourly >= 0 && s->factor_kind)
        return aermod_refuse(p, err, QK_EFORMAT, -1, "source %s has factors and an hourly file",
                             s->id);
    return s->kind == QK_PLUME_AREA ? make_shape(p, s, err) : QK_OK;
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static qk_code finish_group(aermod_parser *p, qk_aermod_group *g, qk_error *err)
{
    size_t sources = p->c->v_source.count;
    if (g->all && (size_t)g->count != sources) {
        int *member = realloc(g->member, sources * sizeof *member);
        if (!member) return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
        g->member = member;
        g->count = (int)sources;
        for (size_t k = 0; k < sources; k++) member[k] = (int)k;
    }
    qsort(g->member, (size_t)g->count, sizeof *g->member, by_number);
    return QK_OK;
}

qk_code aermod_finish_sources(aermod_parser *p, qk_error *err)
{
    qk_aermod_source *s = p->c->v_source.ptr;
    qk_aermod_group *g = p->c->v_group.ptr;
    if (p->c->v_source.count == 0) return aermod_refuse(p, err, QK_EFORMAT, -1, "no source");
    if (p->c->v_group.count == 0) return aermod_refuse(p, err, QK_EFORMAT, -1, "no SRCGROUP");
    for (size_t i = 0; i < p->c->v_source.count; i++) QK_TRY(check_source(p, &s[i], err));
    for (size_t i = 0; i < p->c->v_group.count; i++) QK_TRY(finish_group(p, &g[i], err));
    return QK_OK;
}

const aermod_keyword aermod_sources[] = {{"SO", "LOCATION", take_location, 4},
                                         {"SO", "SRCPARAM", take_parameters, 3},
                                         {"SO", "AREAVERT", take_vertices, 3},
                                         {"SO", "URBANSRC", take_urban, 1},
                                         {"SO", "EMISFACT", take_factors, 3},
                                         {"SO", "EMISUNIT", take_emission_unit, 3},
                                         {"SO", "CONCUNIT", take_emission_unit, 3},
                                         {"SO", "HOUREMIS", take_hourly, 2},
                                         {"SO", "SRCGROUP", take_group, 1},
                                         {"SO", "INCLUDED", aermod_include, 1},
                                         {0}};
