/* SPDX-License-Identifier: Apache-2.0 */
#include "models/dispersion.h"
#include "models/plume_area.h"
#include <math.h>
#include <stdlib.h>

enum { TABLE_LEAST = 360 }; /* receptors of one height that a table pays for */

/* Beyond this many heights each receptor is evaluated by itself, in one class of mixed heights. */
enum { CLASSES_MAX = 16 };

enum { PLACES_MAX = 1 << 25 };

/* Receptors of one flagpole height; in order of their place in the case. */
typedef struct height_class {
    double flagpole_m;
    size_t count;
    uint32_t *receptor;
    double *x, *y;
} height_class;

struct qk_dispersion {
    const qk_aermod_case *c;
    size_t receptors;
    height_class *classes;
    size_t class_count;
    double low[2], high[2]; /* box of all receptors */
    double *nearest;        /* [source * CLASSES_MAX + class]: distance of the nearest receptor */
    float *place; /* [source][receptor, class by class] in a table; NULL: measured each hour */
    bool tabulate;
    /* groups of each source: from[s] .. from[s + 1] in list */
    uint32_t *group_from, *group_list;
};

struct qk_dispersion_work {
    const qk_dispersion *d;
    qk_plume_profile rural;
    qk_plume_profile *city;
    qk_plume_hour hour;
    qk_plume_table table;
    double *one; /* a source's concentrations */
    double *gathered;
    float *place;
};

static int class_of(const qk_dispersion *d, double flagpole)
{
    for (size_t i = 0; i < d->class_count; i++)
        if (d->classes[i].flagpole_m == flagpole) return (int)i;
    return -1;
}

static qk_code make_classes(qk_dispersion *d, qk_error *err)
{
    const qk_aermod_case *c = d->c;
    d->classes = calloc(CLASSES_MAX, sizeof *d->classes);
    uint8_t *of = calloc(d->receptors, 1);
    if (!d->classes || !of) goto none;
    for (size_t i = 0; i < d->receptors; i++) {
        int k = class_of(d, c->receptor[i].flagpole_m);
        if (k < 0 && d->class_count < CLASSES_MAX) {
            k = (int)d->class_count++;
            d->classes[k].flagpole_m = c->receptor[i].flagpole_m;
        }
        if (k < 0) d->tabulate = false;
        of[i] = (uint8_t)(k < 0 ? 0 : k);
        d->classes[of[i]].count++;
    }
    for (size_t k = 0; k < d->class_count; k++) {
        height_class *h = &d->classes[k];
        h->receptor = calloc(h->count, sizeof *h->receptor);
        h->x = calloc(h->count, sizeof *h->x);
        h->y = calloc(h->count, sizeof *h->y);
        if (!h->receptor || !h->x || !h->y) goto none;
        h->count = 0;
    }
    for (size_t i = 0; i < d->receptors; i++) {
        height_class *h = &d->classes[of[i]];
        h->receptor[h->count] = (uint32_t)i;
        h->x[h->count] = c->receptor[i].x_m;
        h->y[h->count++] = c->receptor[i].y_m;
    }
    free(of);
    return QK_OK;
none:
    free(of);
    return qk_fail(err, QK_ENOMEM, "no memory for %zu receptors", d->receptors);
}

static qk_code make_groups(qk_dispersion *d, qk_error *err)
{
    const qk_aermod_case *c = d->c;
    size_t links = 0;
    d->group_from = calloc(c->source_count + 2, sizeof *d->group_from);
    for (size_t g = 0; g < c->group_count; g++) links += (size_t)c->group[g].count;
    d->group_list = calloc(links + 1, sizeof *d->group_list);
    if (!d->group_from || !d->group_list) return qk_fail(err, QK_ENOMEM, "no memory for groups");
    uint32_t *from = d->group_from + 1; /* counted one place on, then filled in place */
    for (size_t g = 0; g < c->group_count; g++)
        for (int i = 0; i < c->group[g].count; i++) from[c->group[g].member[i] + 1]++;
    for (size_t s = 1; s <= c->source_count; s++) from[s] += from[s - 1];
    for (size_t g = 0; g < c->group_count; g++)
        for (int i = 0; i < c->group[g].count; i++)
            d->group_list[from[c->group[g].member[i]]++] = (uint32_t)g;
    return QK_OK;
}

static void make_box(qk_dispersion *d)
{
    for (int k = 0; k < 2; k++) {
        d->low[k] = INFINITY;
        d->high[k] = -INFINITY;
    }
    for (size_t i = 0; i < d->receptors; i++) {
        const qk_aermod_receptor *r = &d->c->receptor[i];
        d->low[0] = fmin(d->low[0], r->x_m);
        d->low[1] = fmin(d->low[1], r->y_m);
        d->high[0] = fmax(d->high[0], r->x_m);
        d->high[1] = fmax(d->high[1], r->y_m);
    }
}

static double nearest_of(const height_class *h, const qk_aermod_source *source, float *place)
{
    double least = INFINITY;
    for (size_t i = 0; i < h->count; i++) {
        double dx = h->x[i] - source->x_m, dy = h->y[i] - source->y_m, square = dx * dx + dy * dy;
        least = fmin(least, square);
        if (place) place[i] = qk_plume_table_place(sqrt(square));
    }
    return sqrt(least);
}

/* Places in the tables are kept from hour to hour where that takes no more than PLACES_MAX. */
static qk_code measure_distances(qk_dispersion *d, qk_error *err)
{
    const qk_aermod_case *c = d->c;
    d->nearest = calloc(c->source_count * CLASSES_MAX, sizeof *d->nearest);
    if (!d->nearest) return qk_fail(err, QK_ENOMEM, "no memory for %zu sources", c->source_count);
    if (d->tabulate && c->source_count * d->receptors <= PLACES_MAX)
        d->place = calloc(c->source_count * d->receptors, sizeof *d->place);
    for (size_t s = 0; s < c->source_count; s++) {
        float *place = d->place ? d->place + s * d->receptors : NULL;
        for (size_t k = 0; k < d->class_count; k++) {
            const height_class *h = &d->classes[k];
            d->nearest[s * CLASSES_MAX + k] = nearest_of(h, &c->source[s], place);
            if (place) place += h->count;
        }
    }
    return QK_OK;
}

qk_code qk_dispersion_new(qk_dispersion **out, const qk_aermod_case *c, qk_error *err)
{
    qk_dispersion *d = calloc(1, sizeof *d);
    *out = NULL;
    if (!d) return qk_fail(err, QK_ENOMEM, "no memory for a case");
    d->c = c;
    d->receptors = c->receptor_count;
    d->tabulate = true;
    qk_code code = make_classes(d, err);
    if (code == QK_OK) code = make_groups(d, err);
    if (code == QK_OK) code = measure_distances(d, err);
    if (code != QK_OK) {
        qk_dispersion_free(d);
        return code;
    }
    make_box(d);
    *out = d;
    return QK_OK;
}

void qk_dispersion_free(qk_dispersion *d)
{
    if (!d) return;
    for (size_t k = 0; d->classes && k < d->class_count; k++) {
        free(d->classes[k].receptor);
        free(d->classes[k].x);
        free(d->classes[k].y);
    }
    free(d->classes);
    free(d->nearest);
    free(d->place);
    free(d->group_from);
    free(d->group_list);
    free(d);
}

size_t qk_dispersion_receptors(const qk_dispersion *d)
{
    return d->receptors;
}

void qk_dispersion_tabulate(qk_dispersion *d, bool on)
{
    d->tabulate = on && d->class_count < CLASSES_MAX;
}

qk_dispersion_work *qk_dispersion_work_new(const qk_dispersion *d)
{
    qk_dispersion_work *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->d = d;
    w->city = calloc((size_t)d->c->city_count + 1, sizeof *w->city);
    w->one = calloc(d->receptors, sizeof *w->one);
    w->gathered = calloc(d->receptors, sizeof *w->gathered);
    w->place = calloc(d->receptors, sizeof *w->place);
    if (w->city && w->one && w->gathered && w->place) return w;
    qk_dispersion_work_free(w);
    return NULL;
}

void qk_dispersion_work_free(qk_dispersion_work *w)
{
    if (!w) return;
    free(w->city);
    free(w->one);
    free(w->gathered);
    free(w->place);
    free(w);
}

static double turned(double direction, double by)
{
    double w = fmod(direction - by, 360);
    return w <= 0 ? w + 360 : w;
}

static void turn_wind(qk_plume_hour *h, double by)
{
    if (by == 0) return;
    if (h->direction_deg >= 0 && h->direction_deg <= 360)
        h->direction_deg = turned(h->direction_deg, by);
    for (int i = 0; i < h->observed_count; i++)
        if (!isnan(h->observed[i].direction_deg))
            h->observed[i].direction_deg = turned(h->observed[i].direction_deg, by);
}

qk_plume_status qk_dispersion_begin(qk_dispersion_work *w, const qk_plume_hour *hour)
{
    const qk_aermod_case *c = w->d->c;
    qk_plume_status status = qk_plume_hour_status(hour);
    if (status != QK_PLUME_HOUR_VALID) return status;
    w->hour = *hour;
    turn_wind(&w->hour, c->rotate_deg);
    qk_plume_profile_make(&w->rural, &w->hour, c->base_m);
    for (int i = 0; i < c->city_count; i++)
        qk_plume_profile_urban(&w->city[i], &w->rural, c->city[i].population,
                               c->city[i].roughness_m);
    return status;
}

/* SO2 in a city under the regulatory default decays with a half-life of four hours. */
static double decay_of(const qk_aermod_case *c, const qk_aermod_source *s)
{
    if (c->decay_1_s > 0) return c->decay_1_s;
    return c->regulatory && s->city >= 0 && strcmp(c->pollutant, "SO2") == 0 ? 4.81e-5 : 0;
}

static qk_plume_receptor receptor_for(const qk_dispersion *d, const qk_aermod_source *s, size_t i)
{
    const qk_aermod_receptor *r = &d->c->receptor[i];
    qk_plume_receptor out = {.height_m = r->flagpole_m,
                             .flagpole_m = r->flagpole_m,
                             .ground_m = r->ground_m,
                             .hill_m = r->hill_m,
                             .flat = s->flat};
    if (!s->flat) out.height_m = r->ground_m - s->base_m + r->flagpole_m;
    return out;
}

static qk_plume_polygon polygon_of(const qk_aermod_source *s)
{
    qk_plume_polygon p = {.count = s->vertex_count,
                          .vertex = (const double(*)[2])s->vertex,
                          .low = {INFINITY, INFINITY},
                          .high = {-INFINITY, -INFINITY}};
    for (int i = 0; i < p.count; i++)
        for (int k = 0; k < 2; k++) {
            p.low[k] = fmin(p.low[k], s->vertex[i][k]);
            p.high[k] = fmax(p.high[k], s->vertex[i][k]);
        }
    return p;
}

static const float *places_of(qk_dispersion_work *w, const qk_aermod_source *s,
                              const height_class *h)
{
    const qk_dispersion *d = w->d;
    if (d->place) {
        const float *place = d->place + (size_t)(s - d->c->source) * d->receptors;
        for (const height_class *before = d->classes; before < h; before++) place += before->count;
        return place;
    }
    (void)nearest_of(h, s, w->place);
    return w->place;
}

static void add_points(qk_dispersion_work *w, const qk_plume_source *ps, const qk_aermod_source *s,
                       const height_class *h, double factor, double *sum)
{
    const qk_dispersion *d = w->d;
    double decay = decay_of(d->c, s);
    if (!d->tabulate || !s->flat || h->count < TABLE_LEAST) {
        qk_plume_points points;
        qk_plume_points_begin(&points, ps, decay);
        for (size_t i = 0; i < h->count; i++) {
            qk_plume_receptor r = receptor_for(d, s, h->receptor[i]);
            qk_plume_points_put(&points, h->x[i] - s->x_m, h->y[i] - s->y_m, &r, &w->gathered[i]);
        }
        qk_plume_points_end(&points);
        for (size_t i = 0; i < h->count; i++) sum[h->receptor[i]] += factor * w->gathered[i];
        return;
    }
    double dx = fmax(fabs(d->low[0] - s->x_m), fabs(d->high[0] - s->x_m));
    double dy = fmax(fabs(d->low[1] - s->y_m), fabs(d->high[1] - s->y_m));
    double far = sqrt(dx * dx + dy * dy) * 1.001;
    double near = d->nearest[(size_t)(s - d->c->source) * CLASSES_MAX + (size_t)(h - d->classes)];
    qk_plume_table_make(&w->table, ps, h->flagpole_m, decay, fmax(0.7 * near, far / 256), far,
                        false);
    const float *place = places_of(w, s, h);
    double *out = h->count == d->receptors ? sum : w->gathered;
    if (out != sum) memset(out, 0, h->count * sizeof *out);
    qk_plume_table_add(out, &w->table, s->x_m, s->y_m, h->x, h->y, place, h->count, factor);
    for (size_t i = 0; out != sum && i < h->count; i++) sum[h->receptor[i]] += out[i];
}

static void add_area(qk_dispersion_work *w, const qk_plume_source *ps, const qk_aermod_source *s,
                     const height_class *h, double factor, double *sum)
{
    const qk_dispersion *d = w->d;
    qk_plume_polygon polygon = polygon_of(s);
    qk_plume_area_view view = {.source = ps, .decay_1_s = decay_of(d->c, s)};
    if (s->flat && d->tabulate) {
        double far = 10;
        qk_plume_area_reach(&polygon, d->low[0], d->low[1], &far);
        qk_plume_area_reach(&polygon, d->high[0], d->low[1], &far);
        qk_plume_area_reach(&polygon, d->low[0], d->high[1], &far);
        qk_plume_area_reach(&polygon, d->high[0], d->high[1], &far);
        qk_plume_table_make(&w->table, ps, h->flagpole_m, view.decay_1_s, 1.01, far, true);
        view.table = &w->table;
    }
    for (size_t i = 0; i < h->count; i++) {
        view.receptor = receptor_for(d, s, h->receptor[i]);
        sum[h->receptor[i]] +=
            factor * qk_plume_area_concentration(&view, &polygon, h->x[i], h->y[i]);
    }
}

void qk_dispersion_source(qk_dispersion_work *w, size_t source, const qk_aermod_emission *emission,
                          double *sum)
{
    const qk_dispersion *d = w->d;
    const qk_aermod_source *s = &d->c->source[source];
    qk_plume_stack stack = {.kind = s->kind,
                            .base_m = s->flat ? d->c->base_m : s->base_m,
                            .height_m = emission->height_m,
                            .temperature_k = emission->temperature_k,
                            .velocity_m_s = emission->velocity_m_s,
                            .diameter_m = s->diameter_m,
                            .sigma_y_m = emission->sigma_y_m,
                            .sigma_z_m = emission->sigma_z_m,
                            .tip_downwash = !d->c->no_tip_downwash};
    qk_plume_source ps;
    if (emission->rate == 0) return;
    qk_plume_source_make(&ps, &stack, s->city >= 0 ? &w->city[s->city] : &w->rural);
    double factor = emission->rate * d->c->unit_factor;
    for (size_t k = 0; k < d->class_count; k++) {
        if (s->kind == QK_PLUME_AREA)
            add_area(w, &ps, s, &d->classes[k], factor, sum);
        else
            add_points(w, &ps, s, &d->classes[k], factor, sum);
    }
}

double qk_dispersion_arm2(double c, double low, double high)
{
    double ratio =
        1.2441 + c * (-2.7383e-3 +
                      c * (-5.6062e-6 + c * (3.4555e-8 + c * (-5.8345e-11 +
                                                              c * (4.2795e-14 - c * 1.1723e-17)))));
    return fmin(fmax(ratio, low), high);
}

static void apply_arm2(const qk_aermod_case *c, double *sum, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] *= qk_dispersion_arm2(sum[i], c->arm2_low, c->arm2_high);
}

static void add_to_groups(qk_dispersion_work *w, size_t s, const qk_aermod_emission *emission,
                          double *sum)
{
    const qk_dispersion *d = w->d;
    uint32_t from = d->group_from[s], to = d->group_from[s + 1];
    if (to == from) return;
    if (to == from + 1) {
        qk_dispersion_source(w, s, emission, sum + d->group_list[from] * d->receptors);
        return;
    }
    memset(w->one, 0, d->receptors * sizeof *w->one);
    qk_dispersion_source(w, s, emission, w->one);
    for (uint32_t g = from; g < to; g++) {
        double *out = sum + d->group_list[g] * d->receptors;
        for (size_t i = 0; i < d->receptors; i++) out[i] += w->one[i];
    }
}

qk_plume_status qk_dispersion_hour(qk_dispersion_work *w, const qk_plume_hour *hour,
                                   const qk_aermod_emission *emission, double *sum)
{
    const qk_aermod_case *c = w->d->c;
    size_t count = c->group_count * w->d->receptors;
    memset(sum, 0, count * sizeof *sum);
    qk_plume_status status = qk_dispersion_begin(w, hour);
    if (status != QK_PLUME_HOUR_VALID) return status;
    for (size_t s = 0; s < c->source_count; s++) add_to_groups(w, s, &emission[s], sum);
    if (c->arm2) apply_arm2(c, sum, count);
    return status;
}
