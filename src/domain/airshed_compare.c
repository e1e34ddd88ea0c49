/* SPDX-License-Identifier: Apache-2.0 */
/* The modelled air against the stations' daily values. */
#include "domain/airshed_private.h"
#include "domain/airstat.h"
#include "domain/ruleset.h"
#include <math.h>
#include <stdlib.h>

enum { HEAVY_SHARE = 10, DAYS_MAX = 4000, MONTH_DAYS = 10 };

typedef struct days { /* of one scope, over the weather's period */
    int32_t first, count;
    double (*value)[QK_POLLUTANTS]; /* NAN = none */
} days;

static double value_of(qk_fine v)
{
    return v < 0 ? NAN : ldexp((double)v / (double)QK_QUANTA_PER_UNIT, -QK_FINE_SHIFT);
}

static qk_code read_days(days *d, const qk_air_question *q, qk_str scope, int32_t first,
                         int32_t last, qk_arena *arena, qk_error *err)
{
    *d = (days){.first = first, .count = last - first + 1};
    if (d->count < 1 || d->count > DAYS_MAX) {
        d->count = 0;
        return QK_OK;
    }
    d->value = qk_arena_array(arena, (size_t)d->count, sizeof *d->value);
    qk_year *year = malloc(sizeof *year);
    qk_code code = d->value && year ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for days");
    for (int32_t i = 0; code == QK_OK && i < d->count; i++)
        for (int p = 0; p < QK_POLLUTANTS; p++) d->value[i][p] = NAN;
    int32_t from = qk_civil_of((qk_time)first * QK_DAY).year;
    int32_t to = qk_civil_of((qk_time)last * QK_DAY).year;
    for (int32_t y = from; code == QK_OK && y <= to; y++) {
        qk_air_levels levels = {0};
        code = qk_air_scope_year(year, &levels, q, scope, y, err);
        for (int32_t i = 0; code == QK_OK && i < year->days; i++) {
            int32_t at = year->day[i].day - first;
            if (at < 0 || at >= d->count || !(year->day[i].flags & QK_DAY_RECORDED)) continue;
            for (int p = 0; p < QK_POLLUTANTS; p++)
                d->value[at][p] = value_of(year->day[i].stat[p]);
        }
    }
    free(year);
    return code;
}

static qk_code question_of(qk_air_question *q, qk_db *db, qk_telemetry_reader *reader,
                           const qk_registry *registry, qk_arena *arena, qk_error *err)
{
    qk_rules *rules = NULL;
    QK_TRY(qk_ruleset_load(&rules, db, QK_TIME_NONE, arena, err));
    *q = (qk_air_question){.archive = {db, registry, reader, QK_TIME_NONE},
                           .registry = registry,
                           .rules = rules,
                           .level = QK_AIR_BEST};
    return QK_OK;
}

/* ---- heavy days ---- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

qk_code qk_airshed_heavy_days(uint8_t heavy[367], const qk_airshed_state *found, qk_db *db,
                              const qk_registry *registry, qk_arena *arena, qk_error *err)
{
    qk_air_question q;
    days d;
    size_t n = 0;
    QK_TRY(question_of(&q, db, NULL, registry, arena, err));
    qk_code code =
        read_days(&d, &q, QK_STR("county"), found->first_day, found->last_day, arena, err);
    if (code == QK_ENOTFOUND || d.count == 0) return QK_OK;
    QK_TRY(code);
    double *sorted = qk_arena_array(arena, (size_t)d.count, sizeof *sorted);
    if (!sorted) return qk_fail(err, QK_ENOMEM, "no memory for days");
    for (int32_t i = 0; i < d.count; i++)
        if (!isnan(d.value[i][QK_PM25])) sorted[n++] = d.value[i][QK_PM25];
    if (n < HEAVY_SHARE) return QK_OK;
    qsort(sorted, n, sizeof *sorted, by_size);
    double least = sorted[n / HEAVY_SHARE];
    for (int32_t i = 0; i < d.count; i++) {
        if (!(d.value[i][QK_PM25] > least)) continue;
        qk_civil c = qk_civil_of((qk_time)(d.first + i) * QK_DAY);
        int32_t day = c.day;
        for (int32_t m = 1; m < c.month; m++) day += qk_days_in_month(c.year, m);
        heavy[day] = 1;
    }
    return QK_OK;
}

/* ---- pairs ---- */

static qk_pollutant measured_as(qk_emitted e)
{
    return e == QK_EMITTED_PM25   ? QK_PM25
           : e == QK_EMITTED_PM10 ? QK_PM10
           : e == QK_EMITTED_SO2  ? QK_SO2
                                  : QK_NO2;
}

static void month_means(double mean[12], const days *d, qk_pollutant p)
{
    int count[12] = {0};
    for (int m = 0; m < 12; m++) mean[m] = 0;
    for (int32_t i = 0; i < d->count; i++) {
        int m = qk_civil_of((qk_time)(d->first + i) * QK_DAY).month - 1;
        if (isnan(d->value[i][p])) continue;
        mean[m] += d->value[i][p];
        count[m]++;
    }
    for (int m = 0; m < 12; m++) mean[m] = count[m] >= MONTH_DAYS ? mean[m] / count[m] : NAN;
}

typedef struct comparing {
    qk_airshed_fit *fit;
    const qk_airshed_case *c;
    const qk_matrix *m;
    qk_emitted e;
    double *observed, *modelled, *by_sector; /* by_sector[pair * sectors + k] */
} comparing;

static size_t sector_at(qk_airshed_fit *f, qk_str sector)
{
    size_t k = 0;
    while (k < f->sectors && !qk_str_eq(f->sector[k], sector)) k++;
    if (k == f->sectors && f->sectors < QK_BLEND_CLASSES_MAX) f->sector[f->sectors++] = sector;
    return k;
}

static void add_pairs(comparing *g, const qk_airshed_station *station, size_t receptor,
                      const double observed[12])
{
    qk_airshed_fit *f = g->fit;
    for (int month = 0; month < 12; month++) {
        double *part = g->by_sector + f->pairs * f->sectors, sum = 0;
        uint32_t plane = QK_MATRIX_MONTH + (uint32_t)month;
        if (isnan(observed[month]) || !g->m->hours[plane]) continue;
        for (size_t k = 0; k < f->sectors; k++) part[k] = 0;
        for (size_t i = 0; i < g->c->sources; i++) {
            const qk_airshed_source *s = &g->c->source[i];
            uint32_t row = qk_airshed_row(g->m, s);
            if (row == UINT32_MAX) continue;
            double v = qk_airshed_rate(s, g->e) * s->per_g_s *
                       (double)qk_matrix_row(g->m, plane, row)[receptor];
            part[sector_at(f, s->sector)] += v;
            sum += v;
        }
        f->pair[f->pairs] = (qk_airshed_pair){station, month + 1, observed[month], sum};
        g->observed[f->pairs] = observed[month];
        g->modelled[f->pairs++] = sum;
    }
}

static qk_code make_room(comparing *g, qk_arena *arena, qk_error *err)
{
    qk_airshed_fit *f = g->fit;
    size_t most = g->c->stations * 12 + 1;
    for (size_t i = 0; i < g->c->sources; i++) sector_at(f, g->c->source[i].sector);
    f->pair = qk_arena_array(arena, most, sizeof *f->pair);
    g->observed = qk_arena_array(arena, most, sizeof *g->observed);
    g->modelled = qk_arena_array(arena, most, sizeof *g->modelled);
    g->by_sector = qk_arena_array(arena, most * (f->sectors + 1), sizeof *g->by_sector);
    return f->pair && g->observed && g->modelled && g->by_sector
               ? QK_OK
               : qk_fail(err, QK_ENOMEM, "no memory for pairs");
}

static void fit_pairs(comparing *g, qk_arena *arena)
{
    qk_airshed_fit *f = g->fit;
    double *bound = qk_arena_array(arena, f->pairs + 1, sizeof *bound);
    qk_scores_make(&f->plain, g->observed, g->modelled, f->pairs);
    f->fitted = qk_blend_fit(&f->blend, g->modelled, g->observed, f->pairs, 1, NULL) == QK_OK;
    f->by_sector = f->sectors > 1 && qk_blend_fit(&f->classes, g->by_sector, g->observed, f->pairs,
                                                  f->sectors, NULL) == QK_OK;
    for (size_t i = 0; bound && i < f->pairs; i++)
        bound[i] = f->fitted ? qk_blend_apply(&f->blend, &g->modelled[i], NULL) : g->modelled[i];
    qk_scores_make(&f->bound, g->observed, bound ? bound : g->modelled, f->pairs);
}

/* ---- ozone ---- */

static qk_ozone_signs sign_ozone(const days *d)
{
    qk_ozone_days o = {.pairs = 0};
    for (int32_t i = 0; i < d->count; i++)
        qk_ozone_days_add(&o, (qk_time)(d->first + i) * QK_DAY, d->value[i][QK_O3],
                          d->value[i][QK_NO2]);
    return qk_ozone_days_signs(&o);
}

qk_code qk_airshed_compare(qk_airshed_fit *out, const qk_airshed_case *c, const qk_matrix *m,
                           const qk_airshed_state *state, qk_emitted e, qk_db *db,
                           qk_telemetry_reader *reader, const qk_registry *registry,
                           qk_arena *arena, qk_error *err)
{
    qk_air_question q;
    days d;
    double observed[12], total = 0;
    int32_t n = 0;
    size_t grid = (size_t)c->nx * c->ny;
    comparing g = {.fit = out, .c = c, .m = m, .e = e};
    *out = (qk_airshed_fit){.county = NAN};
    QK_TRY(make_room(&g, arena, err));
    QK_TRY(question_of(&q, db, reader, registry, arena, err));
    for (size_t i = 0; i < c->stations && grid + i < m->receptors; i++) {
        QK_TRY(read_days(&d, &q, qk_str_of(c->station[i].site->id), state->first_day,
                         state->last_day, arena, err));
        month_means(observed, &d, measured_as(e));
        add_pairs(&g, &c->station[i], grid + i, observed);
    }
    fit_pairs(&g, arena);
    qk_code code =
        read_days(&d, &q, QK_STR("county"), state->first_day, state->last_day, arena, err);
    if (code != QK_OK) return code == QK_ENOTFOUND ? QK_OK : code;
    out->ozone = sign_ozone(&d);
    for (int32_t i = 0; i < d.count; i++) {
        double v = d.value[i][measured_as(e)];
        if (isnan(v)) continue;
        total += v;
        n++;
    }
    if (n) out->county = total / n;
    return QK_OK;
}
