/* SPDX-License-Identifier: Apache-2.0 */
/* Pathway RE: networks and single receptors. */
#include "models/aermod_private.h"
#include "models/plume_private.h"
#include <math.h>
#include <stdlib.h>

#define FAR_M 1e5

enum { AXIS_MAX = 10000 };

/* Elevations, hills or flagpoles of a network: rows of the second axis as they come, each under the
 * number that its lines begin with. */
typedef struct re_field {
    double *value; /* [row as it came][first axis] */
    double *key;
    int *filled;
    int rows;
} re_field;

enum { FIELDS = 3 };

/* A network while its lines come in. */
typedef struct re_network {
    bool polar;
    double origin[2];
    double *axis[2];
    int count[2];
    re_field field[FIELDS];
} re_network;

static const char *const field_words[FIELDS] = {"ELEV", "HILL", "FLAG"};

void aermod_drop_network(aermod_parser *p)
{
    re_network *n = p->building;
    if (!n) return;
    for (int i = 0; i < 2; i++) free(n->axis[i]);
    for (int i = 0; i < FIELDS; i++) {
        free(n->field[i].value);
        free(n->field[i].key);
        free(n->field[i].filled);
    }
    free(n);
    p->building = NULL;
}

static qk_code add_receptor(aermod_parser *p, qk_aermod_receptor r, qk_error *err)
{
    qk_aermod_receptor *out = aermod_grow(&p->c->v_receptor, sizeof r, QK_AERMOD_RECEPTORS_MAX);
    if (!out) return aermod_refuse(p, err, QK_EFULL, -1, "too many receptors");
    *out = r;
    return QK_OK;
}

static qk_code give_axis(aermod_parser *p, int axis, int count, qk_error *err)
{
    re_network *n = p->building;
    if (n->axis[axis]) return aermod_refuse(p, err, QK_EEXIST, -1, "the axis is given twice");
    if (count < 1 || count > AXIS_MAX)
        return aermod_refuse(p, err, QK_ERANGE, -1, "1 to %d points", AXIS_MAX);
    n->axis[axis] = calloc((size_t)count, sizeof(double));
    if (!n->axis[axis]) return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
    n->count[axis] = count;
    return QK_OK;
}

static qk_code take_steps(aermod_parser *p, int from, int axis, qk_error *err)
{
    double start, step;
    int count;
    QK_TRY(aermod_number(p, from, &start, err));
    QK_TRY(aermod_whole(p, from + 1, 1, AXIS_MAX, &count, err));
    QK_TRY(aermod_number(p, from + 2, &step, err));
    QK_TRY(give_axis(p, axis, count, err));
    for (int i = 0; i < count; i++) p->building->axis[axis][i] = start + i * step;
    return QK_OK;
}

static qk_code take_points(aermod_parser *p, int from, int axis, qk_error *err)
{
    re_network *n = p->building;
    const double *v;
    int count;
    QK_TRY(aermod_list(p, from, &v, &count, err));
    if (n->field[0].value || n->field[1].value || n->field[2].value)
        return aermod_refuse(p, err, QK_EFORMAT, -1, "axes stand before ELEV, HILL and FLAG");
    if (n->axis[axis]) { /* the list goes on */
        int have = n->count[axis];
        double *more = have + count > AXIS_MAX
                           ? NULL
                           : realloc(n->axis[axis], (size_t)(have + count) * sizeof *more);
        if (!more) return aermod_refuse(p, err, QK_EFULL, -1, "too many points");
        memcpy(more + have, v, (size_t)count * sizeof *more);
        n->axis[axis] = more;
        n->count[axis] += count;
        return QK_OK;
    }
    QK_TRY(give_axis(p, axis, count, err));
    double *to = n->axis[axis];
    for (int i = 0; to && i < count; i++) to[i] = v[i];
    return QK_OK;
}

/* GDIR count first step: directions from first on. */
static qk_code take_directions(aermod_parser *p, int from, qk_error *err)
{
    double start, step;
    int count;
    QK_TRY(aermod_whole(p, from, 1, AXIS_MAX, &count, err));
    QK_TRY(aermod_number(p, from + 1, &start, err));
    QK_TRY(aermod_number(p, from + 2, &step, err));
    QK_TRY(give_axis(p, 1, count, err));
    for (int i = 0; i < count; i++) {
        double d = start + i * step;
        p->building->axis[1][i] = d > 360 ? d - 360 : d;
    }
    return QK_OK;
}

static qk_code take_origin(aermod_parser *p, int from, qk_error *err)
{
    re_network *n = p->building;
    if (p->count == from + 1) {
        int at = aermod_find_source(p->c, p->token[from]);
        if (at < 0) return aermod_refuse(p, err, QK_ENOTFOUND, from, "no such source");
        const qk_aermod_source *s = (const qk_aermod_source *)p->c->v_source.ptr + at;
        n->origin[0] = s->x_m;
        n->origin[1] = s->y_m;
        return QK_OK;
    }
    QK_TRY(aermod_number(p, from, &n->origin[0], err));
    return aermod_number(p, from + 1, &n->origin[1], err);
}

static bool is_direction(const re_network *n, double key, int *row)
{
    for (*row = 0; *row < n->count[1]; ++*row)
        if (fabs(n->axis[1][*row] - key) < 1e-6) return true;
    return false;
}

static bool is_number_of_row(const re_network *n, double key, int *row)
{
    *row = (int)fmin(key, n->count[1] + 1.0) - 1;
    return key >= 1 && key <= n->count[1] && key == floor(key);
}

static qk_code give_field(aermod_parser *p, re_field *f, qk_error *err)
{
    size_t rows = (size_t)p->building->count[1], columns = (size_t)p->building->count[0];
    if (f->value) return QK_OK;
    f->value = calloc(rows * columns, sizeof *f->value);
    f->key = calloc(rows, sizeof *f->key);
    f->filled = calloc(rows, sizeof *f->filled);
    if (f->value && f->key && f->filled) return QK_OK;
    return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
}

/* ELEV row values…: a row of the second axis, by its number or, of a polar network, by its
 * direction; lines that begin with the same row go on with it. */
static qk_code take_field(aermod_parser *p, int from, int field, qk_error *err)
{
    re_network *n = p->building;
    re_field *f = &n->field[field];
    const double *v;
    double key;
    int row, count;
    if (!n->axis[0] || !n->axis[1])
        return aermod_refuse(p, err, QK_EFORMAT, -1, "the axes must be given first");
    QK_TRY(give_field(p, f, err));
    QK_TRY(aermod_number(p, from, &key, err));
    if (!is_number_of_row(n, key, &row) && !(n->polar && is_direction(n, key, &row)))
        return aermod_refuse(p, err, QK_ERANGE, from, "no such row");
    QK_TRY(aermod_list(p, from + 1, &v, &count, err));
    int at = 0;
    while (at < f->rows && f->key[at] != key) at++;
    if (at == n->count[1]) return aermod_refuse(p, err, QK_EFORMAT, from, "more rows than points");
    if (at == f->rows) f->key[f->rows++] = key;
    if (count > n->count[0] - f->filled[at])
        return aermod_refuse(p, err, QK_EFORMAT, -1, "more than the %d values of a row",
                             n->count[0]);
    memcpy(f->value + (size_t)at * (size_t)n->count[0] + f->filled[at], v,
           (size_t)count * sizeof *v);
    f->filled[at] += count;
    return QK_OK;
}

/* Puts the rows in their order: directions where all of a polar network's are, else numbers. */
static qk_code order_field(aermod_parser *p, int field, qk_error *err)
{
    re_network *n = p->building;
    re_field *f = &n->field[field];
    size_t columns = (size_t)n->count[0];
    int row;
    bool directions = n->polar;
    if (!f->value) return QK_OK;
    for (int i = 0; i < f->rows; i++) {
        directions = directions && is_direction(n, f->key[i], &row);
        if (f->filled[i] == n->count[0]) continue;
        return aermod_refuse(p, err, QK_EFORMAT, -1, "%s: row %g has %d of %d values",
                             field_words[field], f->key[i], f->filled[i], n->count[0]);
    }
    if (f->rows < n->count[1])
        return aermod_refuse(p, err, QK_EFORMAT, -1, "%s: %d of %d rows are given",
                             field_words[field], f->rows, n->count[1]);
    double *sorted = calloc((size_t)n->count[1] * columns, sizeof *sorted);
    if (!sorted) return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
    for (int i = 0; i < f->rows; i++) {
        bool known =
            directions ? is_direction(n, f->key[i], &row) : is_number_of_row(n, f->key[i], &row);
        if (!known) {
            free(sorted);
            return aermod_refuse(p, err, QK_ERANGE, -1, "%s: no row %g", field_words[field],
                                 f->key[i]);
        }
        memcpy(sorted + (size_t)row * columns, f->value + (size_t)i * columns,
               columns * sizeof *sorted);
    }
    free(f->value);
    f->value = sorted;
    return QK_OK;
}

static qk_aermod_receptor place_receptor(const aermod_parser *p, int i, int j, int network)
{
    const re_network *n = p->building;
    size_t at = (size_t)j * (size_t)n->count[0] + (size_t)i;
    qk_aermod_receptor r = {.network = network, .flagpole_m = p->c->flagpole_m};
    r.x_m = n->axis[0][i];
    r.y_m = n->axis[1][j];
    if (n->polar) {
        double a = r.y_m * (M_PI / 180), distance = r.x_m;
        r.x_m = n->origin[0] + distance * sin(a);
        r.y_m = n->origin[1] + distance * cos(a);
    }
    if (n->field[0].value) r.ground_m = n->field[0].value[at] * p->elevation_unit[2];
    r.hill_m = n->field[1].value ? n->field[1].value[at] * p->elevation_unit[2] : r.ground_m;
    if (n->field[2].value && p->c->flagpoles) r.flagpole_m = n->field[2].value[at];
    return r;
}

static qk_code end_network(aermod_parser *p, qk_error *err)
{
    re_network *n = p->building;
    qk_aermod_case *c = p->c;
    if (!n->axis[0] || !n->axis[1])
        return aermod_refuse(p, err, QK_EFORMAT, -1, "the network %s has no points", p->network);
    qk_aermod_network *out = aermod_grow(&c->v_network, sizeof *out, 4096);
    if (!out) return aermod_refuse(p, err, QK_EFULL, -1, "too many networks");
    memcpy(out->id, p->network, sizeof out->id);
    out->polar = n->polar;
    out->nx = n->count[0];
    out->ny = n->count[1];
    for (int i = 0; i < FIELDS; i++) QK_TRY(order_field(p, i, err));
    if (n->field[2].value && !c->flagpoles)
        aermod_note(p, "CO has no FLAGPOLE: flagpoles are set aside");
    out->first = (int)c->v_receptor.count;
    memcpy(out->origin, n->origin, sizeof out->origin);
    out->x = qk_arena_array(&c->arena, (size_t)out->nx, sizeof(double));
    out->y = qk_arena_array(&c->arena, (size_t)out->ny, sizeof(double));
    if (!out->x || !out->y) return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
    memcpy(out->x, n->axis[0], (size_t)out->nx * sizeof(double));
    memcpy(out->y, n->axis[1], (size_t)out->ny * sizeof(double));
    int network = (int)c->v_network.count - 1;
    for (int j = 0; j < n->count[1]; j++)
        for (int i = 0; i < n->count[0]; i++)
            QK_TRY(add_receptor(p, place_receptor(p, i, j, network), err));
    aermod_drop_network(p);
    return QK_OK;
}

static qk_code start_network(aermod_parser *p, qk_error *err)
{
    if (p->building)
        return aermod_refuse(p, err, QK_EFORMAT, -1, "the network %s has no END", p->network);
    p->building = calloc(1, sizeof *p->building);
    if (!p->building) return aermod_refuse(p, err, QK_ENOMEM, -1, "no memory");
    p->building->polar = strcmp(p->keyword, "GRIDPOLR") == 0;
    return QK_OK;
}

static const char *const grid_words[] = {"STA",  "END",  "XYINC", "XPNTS", "YPNTS", "ORIG",
                                         "DIST", "DDIR", "GDIR",  "ELEV",  "HILL",  "FLAG"};

static int grid_word(const aermod_parser *p, int at)
{
    for (int i = 0; i < 12; i++)
        if (aermod_is(p, at, grid_words[i])) return i;
    return -1;
}

static qk_code take_xyinc(aermod_parser *p, int from, qk_error *err)
{
    QK_TRY(take_steps(p, from, 0, err));
    return take_steps(p, from + 3, 1, err);
}

static qk_code take_grid_word(aermod_parser *p, int word, int from, qk_error *err)
{
    bool polar = p->building->polar;
    if ((word >= 5 && word <= 8) != polar && word < 9 && word > 1)
        return aermod_refuse(p, err, QK_EFORMAT, from - 1, "not for a network of this kind");
    switch (word) {
    case 1: return end_network(p, err);
    case 2: return take_xyinc(p, from, err);
    case 3: return take_points(p, from, 0, err);
    case 4: return take_points(p, from, 1, err);
    case 5: return take_origin(p, from, err);
    case 6: return take_points(p, from, 0, err);
    case 7: return take_points(p, from, 1, err);
    case 8: return take_directions(p, from, err);
    default: return take_field(p, from, word - 9, err);
    }
}

/* The network's name may be left out on the lines that go on with it. */
static qk_code take_grid(aermod_parser *p, qk_error *err)
{
    int at = grid_word(p, 0), word = at;
    char id[QK_AERMOD_ID];
    int from = 1;
    if (at < 0) {
        QK_TRY(aermod_id(p, 0, id, err));
        if (p->building && strcmp(id, p->network) != 0)
            return aermod_refuse(p, err, QK_EFORMAT, 0, "the network %s has no END", p->network);
        memcpy(p->network, id, sizeof id);
        word = grid_word(p, 1);
        from = 2;
    }
    if (word < 0) return aermod_refuse(p, err, QK_EFORMAT, from - 1, "no word of a network");
    if (word == 0) {
        QK_TRY(start_network(p, err));
        if (p->count == from) return QK_OK;
        word = grid_word(p, from++);
        if (word < 0) return aermod_refuse(p, err, QK_EFORMAT, from - 1, "no word of a network");
    }
    if (!p->building) return aermod_refuse(p, err, QK_EFORMAT, -1, "no STA began the network");
    return take_grid_word(p, word, from, err);
}

/* [elevation [hill [flagpole [the arc of EVALCART]]]]; on flat ground a single value is the
 * flagpole. Without FLAGPOLE in CO a flagpole is set aside, as the reference does. */
static qk_code take_heights(aermod_parser *p, int at, qk_aermod_receptor *r, qk_error *err)
{
    double v[3] = {0, 0, p->c->flagpole_m};
    int count = p->count - at, most = strcmp(p->keyword, "EVALCART") == 0 ? 4 : 3;
    if (count > most) return aermod_refuse(p, err, QK_EFORMAT, at + most, "too many parameters");
    for (int i = 0; i < 3 && i < count; i++) QK_TRY(aermod_number(p, at + i, &v[i], err));
    r->ground_m = v[0] * p->elevation_unit[2];
    r->hill_m = count > 1 ? v[1] * p->elevation_unit[2] : r->ground_m;
    r->flagpole_m = count == 1 && p->c->flagpoles && !p->c->elevated ? v[0] : v[2];
    if (!(r->flagpole_m >= 0 && r->flagpole_m < 5000))
        return aermod_refuse(p, err, QK_ERANGE, at + 2, "a flagpole stands within 0..5,000 m");
    if (!p->c->flagpoles && r->flagpole_m != 0 && !p->flagpole_noted) {
        aermod_note(p, "CO has no FLAGPOLE: flagpoles are set aside");
        p->flagpole_noted = true;
    }
    if (!p->c->flagpoles) r->flagpole_m = 0;
    return QK_OK;
}

static qk_code take_discrete(aermod_parser *p, qk_error *err)
{
    qk_aermod_receptor r = {.network = -1};
    QK_TRY(aermod_number(p, 0, &r.x_m, err));
    QK_TRY(aermod_number(p, 1, &r.y_m, err));
    QK_TRY(take_heights(p, 2, &r, err));
    return add_receptor(p, r, err);
}

static qk_code take_discrete_polar(aermod_parser *p, qk_error *err)
{
    qk_aermod_receptor r = {.network = -1};
    double distance, direction;
    int at = aermod_find_source(p->c, p->token[0]);
    if (at < 0) return aermod_refuse(p, err, QK_ENOTFOUND, 0, "no such source");
    const qk_aermod_source *s = (const qk_aermod_source *)p->c->v_source.ptr + at;
    QK_TRY(aermod_number(p, 1, &distance, err));
    QK_TRY(aermod_number(p, 2, &direction, err));
    QK_TRY(take_heights(p, 3, &r, err));
    r.x_m = s->x_m + distance * sin(direction * (M_PI / 180));
    r.y_m = s->y_m + distance * cos(direction * (M_PI / 180));
    return add_receptor(p, r, err);
}

/* Where a longitude and a latitude of the country and its neighbours would stand. */
static bool could_be_degrees(double x, double y)
{
    return x > 60 && x < 180 && y > 3 && y < 60;
}

static bool sources_like_degrees(const qk_aermod_case *c)
{
    const qk_aermod_source *s = c->v_source.ptr;
    for (size_t i = 0; i < c->v_source.count; i++)
        if (!could_be_degrees(s[i].x_m, s[i].y_m)) return false;
    return c->v_source.count > 0;
}

static bool receptors_like_degrees(const qk_aermod_case *c)
{
    const qk_aermod_receptor *r = c->v_receptor.ptr;
    for (size_t i = 0; i < c->v_receptor.count; i++)
        if (!could_be_degrees(r[i].x_m, r[i].y_m)) return false;
    return c->v_receptor.count > 0;
}

/* All points within a few "metres" at longitudes and latitudes: degrees, not metres. */
static bool looks_like_degrees(const qk_aermod_case *c)
{
    const qk_aermod_receptor *r = c->v_receptor.ptr;
    const qk_aermod_source *s = c->v_source.ptr;
    if (c->v_receptor.count + c->v_source.count < 2) return false;
    if (!receptors_like_degrees(c) || (c->v_source.count && !sources_like_degrees(c))) return false;
    for (size_t i = 0; i < c->v_receptor.count; i++)
        if (fabs(r[i].x_m - s[0].x_m) > 5 || fabs(r[i].y_m - s[0].y_m) > 5) return false;
    return true;
}

qk_code aermod_finish_receptors(aermod_parser *p, qk_error *err)
{
    if (p->building)
        return aermod_refuse(p, err, QK_EFORMAT, -1, "the network %s has no END", p->network);
    if (p->c->v_receptor.count == 0) return aermod_refuse(p, err, QK_EFORMAT, -1, "no receptor");
    if (looks_like_degrees(p->c))
        return aermod_refuse(p, err, QK_ERANGE, -1,
                             "all coordinates look like degrees; metres of a projection are due");
    return QK_OK;
}

/* One of the two in degrees, and nothing of the other within FAR_M. */
static bool mixed_coordinates(const qk_aermod_case *c)
{
    const qk_aermod_receptor *r = c->v_receptor.ptr;
    const qk_aermod_source *s = c->v_source.ptr;
    bool sources = sources_like_degrees(c);
    if (c->v_source.count == 0 || sources == receptors_like_degrees(c)) return false;
    for (size_t i = 0; i < (sources ? c->v_receptor.count : c->v_source.count); i++)
        if (fabs(sources ? r[i].x_m : s[i].x_m) < FAR_M &&
            fabs(sources ? r[i].y_m : s[i].y_m) < FAR_M)
            return false;
    return true;
}

static int by_x(const void *pa, const void *pb)
{
    double a = ((const qk_aermod_receptor *)pa)->x_m, b = ((const qk_aermod_receptor *)pb)->x_m;
    return (a > b) - (a < b);
}

/* Receptors (by x) within `radius` of a place. */
static size_t count_within(const qk_aermod_receptor *sorted, size_t count, double x, double y,
                           double radius)
{
    size_t low = 0, high = count, n = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle].x_m < x - radius)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && sorted[low].x_m <= x + radius; low++)
        n += hypot(sorted[low].x_m - x, sorted[low].y_m - y) < radius;
    return n;
}

/* How many receptors stand where a source has no plume, and on which first. */
static size_t count_on_sources(const qk_aermod_case *c, const qk_aermod_receptor *sorted,
                               const qk_aermod_source **first)
{
    const qk_aermod_source *s = c->v_source.ptr;
    size_t within = 0;
    *first = NULL;
    for (size_t k = 0; k < c->v_source.count; k++) {
        bool volume = s[k].kind == QK_PLUME_VOLUME;
        double radius = 0.99 + (volume ? QK_LAYER_SIGMAS * s[k].sigma_y_m : 0);
        if (s[k].kind == QK_PLUME_AREA) continue;
        size_t n = count_within(sorted, c->v_receptor.count, s[k].x_m, s[k].y_m, radius);
        if (n && !*first) *first = &s[k];
        within += n;
    }
    return within;
}

qk_code aermod_check_places(aermod_parser *p, qk_error *err)
{
    const qk_aermod_source *first;
    size_t count = p->c->v_receptor.count;
    if (mixed_coordinates(p->c)) {
        bool sources = sources_like_degrees(p->c);
        qk_fail(err, QK_ERANGE, "%s look like degrees, %s like metres of a projection",
                sources ? "sources" : "receptors", sources ? "receptors" : "sources");
        qk_error_at(err, p->name, p->line_number, 0);
        return QK_ERANGE;
    }
    qk_aermod_receptor *sorted = malloc((count + 1) * sizeof *sorted);
    if (!sorted) return qk_fail(err, QK_ENOMEM, "no memory for %zu receptors", count);
    if (count) memcpy(sorted, p->c->v_receptor.ptr, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_x);
    size_t within = count_on_sources(p->c, sorted, &first);
    free(sorted);
    if (first)
        qk_buf_printf(&p->c->notes,
                      "%zu receptors stand on a source or inside a volume, where nothing is "
                      "computed; the first at %s\n",
                      within, first->id);
    return QK_OK;
}

const aermod_keyword aermod_receptors[] = {{"RE", "GRIDCART", take_grid, 1},
                                           {"RE", "GRIDPOLR", take_grid, 1},
                                           {"RE", "DISCCART", take_discrete, 2},
                                           {"RE", "EVALCART", take_discrete, 2},
                                           {"RE", "DISCPOLR", take_discrete_polar, 3},
                                           {"RE", "INCLUDED", aermod_include, 1},
                                           {0}};
