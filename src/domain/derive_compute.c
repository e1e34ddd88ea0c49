/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/derive_private.h"

/* One reading of stored rows. */
typedef struct reading {
    qk_derive *d;
    qk_derive_device *dev;
    qk_source *source;
    qk_error *err;
    qk_time from;     /* start of the hour or day */
    qk_time last;     /* of the row before */
    qk_time gap;      /* least distance of two rows */
    qk_time recorded; /* of the last part */
    size_t rows;
    bool derived; /* rows of our own: hours by their start */
} reading;

static qk_code read_rows(reading *r, qk_time from, qk_time to, qk_row_fn *fn)
{
    if (!r->source->stream) return QK_OK;
    QK_TRY(qk_derive_learn(r->d, r->dev, r->source, r->err));
    qk_code code =
        qk_telemetry_rows(r->d->reader, r->source->stream, from, to, QK_TIME_NONE, fn, r, r->err);
    /* What is damaged is left out: better an hour of fewer parts than none. */
    return code == QK_EDAMAGED || code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code begin_row(reading *r, qk_time time, qk_time recorded, const qk_cell *cells, size_t n)
{
    QK_TRY(qk_derive_parts_of(r->d, r->dev, r->source, cells, n, false, r->err));
    if (r->rows++ && (!r->gap || time - r->last < r->gap)) r->gap = time - r->last;
    r->last = time;
    if (r->d->scratch.n && recorded > r->recorded) r->recorded = recorded;
    return QK_OK;
}

/* ---- hours ---- */

static qk_code on_minute(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                         size_t n)
{
    reading *r = context;
    QK_TRY(begin_row(r, time, recorded, cells, n));
    const qk_part_scratch *s = &r->d->scratch;
    for (size_t i = 0; i < s->n; i++)
        qk_gather_add(&r->d->gathers[s->touched[i]], &s->part[s->touched[i]]);
    return QK_OK;
}

static qk_code on_moment(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                         size_t n)
{
    reading *r = context;
    QK_TRY(begin_row(r, time, recorded, cells, n));
    const qk_part_scratch *s = &r->d->scratch;
    int32_t minute = (int32_t)((time - r->from) / QK_MINUTE);
    for (size_t i = 0; i < s->n; i++) {
        const qk_part *p = &s->part[s->touched[i]];
        bool rtd = p->have >> QK_ROLE_AVG & 1, zs = p->have >> QK_ROLE_ZSAVG & 1;
        qk_moments_add(&r->d->moments[s->touched[i]], minute, p->flag,
                       rtd ? &p->value[QK_ROLE_AVG] : NULL, zs ? &p->value[QK_ROLE_ZSAVG] : NULL);
    }
    return QK_OK;
}

/* Minutes between packets: as registered, else as seen; 1 when a single packet tells nothing. */
static int32_t unit_of(const qk_derive_device *dev, qk_time gap)
{
    if (dev->device.min_interval_min) return dev->device.min_interval_min;
    int64_t minutes = gap / QK_MINUTE;
    return minutes < 1 ? 1 : minutes > 60 ? 60 : (int32_t)minutes;
}

static void finish_gathers(qk_outcome *o, const qk_derive_device *dev, const qk_gather *gathers,
                           size_t n, int32_t unit)
{
    bool day = o->level == QK_LEVEL_DAY;
    int32_t whole = day ? 24 : 60, need = day ? QK_DERIVE_DAY_NEED : QK_DERIVE_HOUR_NEED;
    for (size_t i = 0; i < dev->factor_n; i++) {
        o->values[i] = (qk_gathered){0};
        if (i < n && (gathers[i].valid || gathers[i].other))
            qk_gather_finish(&o->values[i], &gathers[i], unit, whole, need, qk_derive_strict(dev));
    }
}

static qk_code gather_stored_minutes(qk_derive *d, qk_derive_device *dev, qk_outcome *o, bool *any,
                                     qk_error *err)
{
    reading r = {.d = d, .dev = dev, .err = err, .from = o->time, .recorded = QK_TIME_NONE};
    qk_time shift = dev->device.interval_style == QK_INTERVAL_END ? 1 : 0;
    r.source = qk_derive_source(d, dev, QK_SOURCE_MINUTE);
    for (size_t i = 0; i < QK_DERIVE_FACTORS; i++) qk_gather_reset(&d->gathers[i]);
    QK_TRY(read_rows(&r, o->time + shift, o->time + QK_HOUR + shift, on_minute));
    *any = r.rows > 0;
    o->recorded = r.recorded;
    if (*any) finish_gathers(o, dev, d->gathers, QK_DERIVE_FACTORS, unit_of(dev, r.gap));
    return QK_OK;
}

static qk_code gather_moments(qk_derive *d, qk_derive_device *dev, qk_outcome *o, bool *any,
                              qk_error *err)
{
    reading r = {.d = d, .dev = dev, .err = err, .from = o->time, .recorded = QK_TIME_NONE};
    r.source = qk_derive_source(d, dev, QK_SOURCE_RTD);
    for (size_t i = 0; i < dev->factor_n; i++) qk_moments_reset(&d->moments[i]);
    size_t ready = dev->factor_n;
    if (r.source->stream) {
        /* Columns not met yet in this run make factors beyond those made ready. */
        QK_TRY(qk_derive_learn(d, dev, r.source, err));
        for (; ready < dev->factor_n; ready++) qk_moments_reset(&d->moments[ready]);
    }
    QK_TRY(read_rows(&r, o->time, o->time + QK_HOUR, on_moment));
    *any = r.rows > 0;
    o->recorded = r.recorded;
    for (size_t i = 0; i < dev->factor_n; i++) {
        o->values[i] = (qk_gathered){0};
        qk_moments_finish(&o->values[i], &d->moments[i], QK_DERIVE_HOUR_NEED,
                          qk_derive_strict(dev));
        const qk_gather *g = &d->moments[i].g;
        if (!g->valid && !g->other) o->values[i] = (qk_gathered){0};
    }
    return QK_OK;
}

/* ---- writing ---- */

static qk_code columns_of(qk_derive *d, qk_derive_device *dev, qk_derive_factor *f,
                          qk_derive_level level, qk_error *err)
{
    size_t which = (size_t)level - 1;
    qk_derived_columns *c = &f->out[which];
    qk_telemetry *t = d->p.telemetry;
    qk_str code = qk_str_of(f->code);
    if (c->known) return QK_OK;
    for (int role = 0; role < QK_ROLES; role++) {
        qk_str field = qk_str_of(qk_role_name((qk_role)role));
        QK_TRY(qk_telemetry_column(&c->number[role], t, dev->out[which], code, field, err));
        c->live[role] = qk_live_column(d->p.live, dev->live[which], code, field);
    }
    QK_TRY(qk_telemetry_column(&c->valid, t, dev->out[which], code, QK_STR("Valid"), err));
    QK_TRY(qk_telemetry_column(&c->flag, t, dev->out[which], code, QK_STR("Flag"), err));
    c->known = true;
    return QK_OK;
}

static qk_code ensure_stream(qk_derive *d, qk_derive_device *dev, qk_derive_level level,
                             qk_error *err)
{
    size_t which = (size_t)level - 1;
    qk_stream_kind kind = level == QK_LEVEL_DAY ? QK_STREAM_DERIVED_DAY : QK_STREAM_DERIVED_HOUR;
    if (dev->out[which]) return QK_OK;
    dev->live[which] = qk_live_stream_get(d->p.live, qk_str_of(dev->mn), kind);
    return qk_telemetry_stream(&dev->out[which], d->p.telemetry, qk_str_of(dev->mn), kind, err);
}

typedef struct cell_list {
    qk_derive *d;
    size_t n, live_n;
} cell_list;

static void put_number(cell_list *list, qk_column_id column, qk_dec value)
{
    list->d->cells[list->n++] =
        (qk_cell){.column = column, .type = QK_CELL_NUMBER, .number = value};
}

static void put_factor(cell_list *list, size_t i, const qk_derived_columns *c, const qk_gathered *v)
{
    qk_derive *d = list->d;
    for (int role = 0; role < QK_ROLES; role++) {
        if (!(v->have >> role & 1)) continue;
        put_number(list, c->number[role], v->value[role]);
        if (c->live[role] != UINT32_MAX)
            d->live_cells[list->live_n++] = (qk_live_cell){c->live[role], v->flag, v->value[role]};
    }
    put_number(list, c->valid, (qk_dec){v->valid, 0});
    d->flags[i] = v->flag;
    d->cells[list->n++] =
        (qk_cell){.column = c->flag, .type = QK_CELL_TEXT, .text = {&d->flags[i], 1}};
}

static qk_code append_outcome(qk_derive *d, qk_derive_device *dev, const qk_outcome *o,
                              qk_append_result *result, qk_error *err)
{
    size_t which = (size_t)o->level - 1;
    cell_list list = {.d = d};
    QK_TRY(ensure_stream(d, dev, o->level, err));
    for (size_t i = 0; i < dev->factor_n; i++) {
        const qk_gathered *v = &o->values[i];
        if (!v->flag) continue;
        QK_TRY(columns_of(d, dev, &dev->factors[i], o->level, err));
        put_factor(&list, i, &dev->factors[i].out[which], v);
    }
    if (list.n == 0) return QK_OK;
    qk_telemetry_at(d->p.telemetry, d->pos);
    QK_TRY(qk_telemetry_append(d->p.telemetry, result, dev->out[which], o->time, o->recorded,
                               d->cells, list.n, NULL, NULL, err));
    qk_live_row(d->p.live, dev->live[which], o->time,
                o->time + (o->level == QK_LEVEL_DAY ? QK_DAY : QK_HOUR), o->recorded, d->live_cells,
                list.live_n, *result != QK_APPEND_SAME);
    if (*result & QK_APPEND_CHANGED) d->stats.revisions++;
    return QK_OK;
}

qk_code qk_derive_hour(qk_derive *d, qk_derive_device *dev, qk_time hour, qk_error *err)
{
    qk_outcome *o = &d->outcome;
    qk_append_result result = QK_APPEND_SAME;
    bool any = true;
    qk_derive_refresh(d, dev);
    o->level = QK_LEVEL_HOUR;
    o->time = hour;
    if (dev->open.hour == hour && dev->open.complete && dev->open.rows) {
        o->recorded = dev->open.recorded;
        finish_gathers(o, dev, dev->open.gathers, dev->open.cap, unit_of(dev, dev->open.gap));
        d->stats.hours_in_order++;
    } else {
        QK_TRY(gather_stored_minutes(d, dev, o, &any, err));
        if (!any) QK_TRY(gather_moments(d, dev, o, &any, err));
    }
    if (!any || o->recorded == QK_TIME_NONE) return QK_OK;
    QK_TRY(append_outcome(d, dev, o, &result, err));
    d->stats.hours++;
    if (result == QK_APPEND_SAME) return QK_OK;
    if (d->on_hour) d->on_hour(d->on_hour_context, dev->mn, hour);
    return qk_derive_touch(d, dev, QK_LEVEL_DAY, qk_floor_day(hour), o->recorded, err);
}

/* ---- days ---- */

/* Each factor and hour counts once: as sent where it was, else as derived. */
static qk_code on_hour(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                       size_t n)
{
    reading *r = context;
    qk_derive *d = r->d;
    const qk_part_scratch *s = &d->scratch;
    qk_time hour = r->derived ? qk_floor_hour(time) : qk_derive_hour_of(r->dev, time);
    int64_t index = (hour - r->from) / QK_HOUR;
    QK_TRY(begin_row(r, time, recorded, cells, n));
    if (index < 0 || index > 23) return QK_OK;
    for (size_t i = 0; i < s->n; i++) {
        uint16_t f = s->touched[i];
        if (d->hours_seen[f] >> index & 1) continue;
        d->hours_seen[f] |= (uint32_t)1 << index;
        qk_gather_add(&d->gathers[f], &s->part[f]);
    }
    return QK_OK;
}

qk_code qk_derive_day(qk_derive *d, qk_derive_device *dev, qk_time day, qk_error *err)
{
    qk_outcome *o = &d->outcome;
    qk_append_result result = QK_APPEND_SAME;
    qk_derive_refresh(d, dev);
    reading r = {.d = d, .dev = dev, .err = err, .from = day, .recorded = QK_TIME_NONE};
    qk_time shift = dev->device.interval_style == QK_INTERVAL_END ? 1 : 0;
    for (size_t i = 0; i < QK_DERIVE_FACTORS; i++) {
        qk_gather_reset(&d->gathers[i]);
        d->hours_seen[i] = 0;
    }
    r.source = qk_derive_source(d, dev, QK_SOURCE_HOUR);
    QK_TRY(read_rows(&r, day + shift, day + QK_DAY + shift, on_hour));
    r.derived = true;
    r.source = qk_derive_source(d, dev, QK_SOURCE_DERIVED_HOUR);
    QK_TRY(read_rows(&r, day, day + QK_DAY, on_hour));
    if (r.recorded == QK_TIME_NONE) return QK_OK;
    o->level = QK_LEVEL_DAY;
    o->time = day;
    o->recorded = r.recorded;
    finish_gathers(o, dev, d->gathers, QK_DERIVE_FACTORS, 1);
    d->stats.days++;
    return append_outcome(d, dev, o, &result, err);
}
