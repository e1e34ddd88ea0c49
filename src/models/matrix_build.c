/* SPDX-License-Identifier: Apache-2.0 */
#include "models/matrix_build.h"
#include "models/aermod_weather.h"
#include <math.h>
#include <stdlib.h>

static int sector_of(double direction)
{
    return (int)floor(fmod(direction + 11.25, 360) / 22.5) % 16;
}

/* Four of the planes of an hour, the last -1 on a day that is not heavy; the year is the sum of the
 * months. */
static void planes_of(const qk_matrix_build *b, const qk_plume_hour *h, int plane[4])
{
    bool heavy = b->heavy_day[qk_aermod_day_of_year(h->year, h->month, h->day)];
    plane[0] = QK_MATRIX_MONTH + h->month - 1;
    plane[1] = QK_MATRIX_SECTOR + sector_of(h->direction_deg);
    plane[2] = QK_MATRIX_HOUR + h->hour - 1;
    plane[3] = heavy ? QK_MATRIX_HEAVY : -1;
}

static void add_hour(double *sum, const double *one, const int plane[4], size_t receptors)
{
    for (int i = 0; i < 4; i++) {
        if (plane[i] < 0) continue;
        double *out = sum + (size_t)plane[i] * receptors;
        for (size_t r = 0; r < receptors; r++) out[r] += one[r];
    }
}

static void finish_row(qk_matrix_build *b, const double *sum, uint32_t source)
{
    size_t n = b->m->receptors;
    for (uint32_t p = 0; p < QK_MATRIX_PLANES; p++) {
        float *row = qk_matrix_row(b->m, p, source);
        double inverse = b->m->hours[p] ? 1.0 / b->m->hours[p] : 0;
        for (size_t r = 0; r < n; r++) {
            double v = sum[p * n + r];
            for (int k = 0; p == QK_MATRIX_YEAR && k < 12; k++)
                v += sum[(size_t)(QK_MATRIX_MONTH + k) * n + r];
            row[r] = (float)(v * inverse);
        }
    }
}

size_t qk_matrix_build_scratch(const qk_matrix_build *b)
{
    return (size_t)(QK_MATRIX_PLANES + 1) * b->m->receptors;
}

/* Emission factors stay in: the row is for one unit of the base rate. */
void qk_matrix_build_row(qk_matrix_build *b, qk_dispersion_work *work, double *scratch,
                         uint32_t source)
{
    const qk_aermod_source *s = &b->c->source[source];
    size_t n = b->m->receptors;
    double *sum = scratch, *one = sum + QK_MATRIX_PLANES * n;
    memset(sum, 0, QK_MATRIX_PLANES * n * sizeof *sum);
    for (size_t i = 0; i < b->hours; i++) {
        const qk_plume_hour *h = &b->hour[i];
        int plane[4], weekday = qk_aermod_weekday(h->year, h->month, h->day);
        double factor = qk_aermod_factor_at(b->c, s, h->month, weekday, h->hour, h->wind_m_s);
        qk_aermod_emission e = qk_aermod_emission_of(s, factor);
        if (qk_dispersion_begin(work, h) != QK_PLUME_HOUR_VALID) continue;
        memset(one, 0, n * sizeof *one);
        qk_dispersion_source(work, source, &e, one);
        planes_of(b, h, plane);
        add_hour(sum, one, plane, n);
    }
    finish_row(b, sum, source);
}

static void count_hours(qk_matrix_build *b)
{
    for (size_t i = 0; i < b->hours; i++) {
        const qk_plume_hour *h = &b->hour[i];
        int plane[4];
        if (qk_plume_hour_status(h) != QK_PLUME_HOUR_VALID) continue;
        planes_of(b, h, plane);
        b->m->hours[QK_MATRIX_YEAR]++;
        for (int k = 0; k < 4; k++)
            if (plane[k] >= 0) b->m->hours[plane[k]]++;
    }
}

/* ---- fingerprints ---- */

static uint64_t stir(uint64_t mark, const void *bytes, size_t len)
{
    return (mark ^ qk_hash(bytes, len)) * 0x9E3779B97F4A7C15u + 1;
}

/* Of all that every row is made of. */
static uint64_t mark_case(const qk_matrix_build *b, uint64_t weather)
{
    const qk_aermod_case *c = b->c;
    const double options[] = {c->flat,      c->elevated, c->regulatory, c->no_tip_downwash,
                              c->decay_1_s, c->base_m,   c->rotate_deg, c->unit_factor};
    uint64_t all = stir(1, options, sizeof options);
    all = stir(all, &weather, sizeof weather);
    for (size_t i = 0; i < c->receptor_count; i++) {
        const qk_aermod_receptor *r = &c->receptor[i];
        const double v[] = {r->x_m, r->y_m, r->ground_m, r->hill_m, r->flagpole_m};
        all = stir(all, v, sizeof v);
    }
    all = stir(all, b->heavy_day, sizeof b->heavy_day);
    return stir(all, &b->hours, sizeof b->hours);
}

static uint64_t mark_source(const qk_aermod_case *c, const qk_aermod_source *o, uint64_t mark)
{
    const double v[] = {o->shape,        o->kind,       o->flat,      o->x_m,
                        o->y_m,          o->base_m,     o->height_m,  o->temperature_k,
                        o->velocity_m_s, o->diameter_m, o->sigma_y_m, o->sigma_z_m,
                        o->factor_kind};
    mark = stir(mark, v, sizeof v);
    if (o->vertex) mark = stir(mark, o->vertex, (size_t)o->vertex_count * sizeof *o->vertex);
    if (o->factor) mark = stir(mark, o->factor, (size_t)o->factor_count * sizeof *o->factor);
    if (o->city >= 0) {
        const double city[] = {c->city[o->city].population, c->city[o->city].roughness_m};
        mark = stir(mark, city, sizeof city);
    }
    return mark;
}

static void describe(qk_matrix_build *b, uint64_t weather)
{
    const qk_aermod_case *c = b->c;
    uint64_t all = mark_case(b, weather);
    for (uint32_t r = 0; r < b->m->receptors; r++) {
        b->m->x_m[r] = c->receptor[r].x_m;
        b->m->y_m[r] = c->receptor[r].y_m;
        b->m->flagpole_m[r] = c->receptor[r].flagpole_m;
    }
    for (uint32_t s = 0; s < b->m->sources; s++) {
        memcpy(b->m->source_id[s], c->source[s].id, sizeof c->source[s].id);
        b->m->base_rate[s] = c->source[s].rate;
        b->m->source_mark[s] = mark_source(c, &c->source[s], all);
    }
}

/* ---- the build ---- */

qk_code qk_matrix_build_init(qk_matrix_build *b, const qk_aermod_case *c, const qk_plume_hour *hour,
                             size_t hours, const uint8_t *heavy_day, uint64_t weather,
                             qk_error *err)
{
    *b = (qk_matrix_build){.c = c, .hour = hour, .hours = hours};
    if (heavy_day) memcpy(b->heavy_day, heavy_day, sizeof b->heavy_day);
    for (size_t s = 0; s < c->source_count; s++)
        if (c->source[s].hourly >= 0)
            return qk_fail(err, QK_EUNSUPPORTED, "source %s has hourly emissions: no fixed unit",
                           c->source[s].id);
    if (c->arm2) return qk_fail(err, QK_EUNSUPPORTED, "ARM2 is not linear in emissions");
    QK_TRY(qk_matrix_new(&b->m, (uint32_t)c->source_count, (uint32_t)c->receptor_count,
                         QK_MATRIX_PLANES, err));
    b->due = calloc((size_t)b->m->sources + 1, sizeof *b->due);
    if (!b->due) return qk_fail(err, QK_ENOMEM, "no memory for %u sources", b->m->sources);
    count_hours(b);
    describe(b, weather);
    for (uint32_t s = 0; s < b->m->sources; s++) b->due[b->due_count++] = s;
    return QK_OK;
}

void qk_matrix_build_clear(qk_matrix_build *b)
{
    qk_matrix_free(b->m);
    free(b->due);
    b->m = NULL;
    b->due = NULL;
}

void qk_matrix_build_reuse(qk_matrix_build *b, const qk_matrix *old)
{
    uint32_t left = b->due_count;
    if (!old || old->receptors != b->m->receptors || old->planes != b->m->planes) return;
    b->due_count = 0;
    for (uint32_t i = 0; i < left; i++) {
        uint32_t s = b->due[i], at = 0;
        while (at < old->sources && old->source_mark[at] != b->m->source_mark[s]) at++;
        if (at == old->sources) {
            b->due[b->due_count++] = s;
            continue;
        }
        for (uint32_t p = 0; p < b->m->planes; p++)
            memcpy(qk_matrix_row(b->m, p, s), qk_matrix_row(old, p, at),
                   b->m->receptors * sizeof *b->m->value);
    }
}

bool qk_matrix_plane(const char *text, uint32_t *out)
{
    static const struct {
        const char *name;
        uint32_t first, count;
    } names[] = {{"year", QK_MATRIX_YEAR, 1},
                 {"month", QK_MATRIX_MONTH, 12},
                 {"sector", QK_MATRIX_SECTOR, 16},
                 {"hour", QK_MATRIX_HOUR, 24},
                 {"heavy", QK_MATRIX_HEAVY, 1}};
    qk_str rest = qk_str_of(text), name = qk_str_cut(&rest, ':');
    int64_t n = 1;
    if (rest.ptr && qk_parse_i64(&n, rest) != QK_OK) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!qk_str_eq(name, qk_str_of(names[i].name))) continue;
        *out = names[i].first + (uint32_t)n - 1;
        return n >= 1 && n <= names[i].count;
    }
    return false;
}
