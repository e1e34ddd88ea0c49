/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/derive_private.h"
#include <math.h>
#include <stdlib.h>

qk_code qk_derive_new(qk_derive **out, const qk_derive_parts *parts, qk_error *err)
{
    qk_derive *d = calloc(1, sizeof *d);
    if (!d) return qk_fail(err, QK_ENOMEM, "no memory for derived values");
    d->p = *parts;
    qk_still_init(&d->still);
    if (d->p.constant_ms) d->still.constant_ms = d->p.constant_ms;
    d->now = d->kept_from[0] = d->kept_from[1] = QK_TIME_NONE;
    d->moments = calloc(QK_DERIVE_FACTORS, sizeof *d->moments);
    qk_code code = d->moments ? qk_map_new(&d->index, QK_DERIVE_ENTRIES) : QK_ENOMEM;
    if (code) qk_fail(err, code, "no memory for derived values");
    if (!code) code = qk_telemetry_reader_open(&d->reader, parts->telemetry, parts->db_path, err);
    if (code) {
        qk_derive_free(d);
        return code;
    }
    *out = d;
    return QK_OK;
}

static void free_device(qk_derive_device *dev)
{
    for (size_t i = 0; i < QK_SOURCES; i++) free(dev->sources[i].columns);
    free(dev->factors);
    free(dev->open.gathers);
    free(dev->open.at);
    free(dev->entries);
    free(dev);
}

void qk_derive_free(qk_derive *d)
{
    if (!d) return;
    for (size_t i = 0; i < d->n; i++) free_device(d->devices[i]);
    free(d->devices);
    free(d->heap);
    free(d->moments);
    qk_map_free(d->index);
    qk_telemetry_reader_close(d->reader);
    free(d);
}

void qk_derive_at(qk_derive *d, uint64_t journal_pos)
{
    d->pos = journal_pos;
}

void qk_derive_keep(qk_derive *d, qk_time minutes_from, qk_time moments_from)
{
    d->kept_from[QK_SOURCE_MINUTE] = minutes_from;
    d->kept_from[QK_SOURCE_RTD] = moments_from;
}

void qk_derive_on_hour(qk_derive *d, qk_hour_fn *fn, void *context)
{
    d->on_hour = fn;
    d->on_hour_context = context;
}

void qk_derive_stats_get(const qk_derive *d, qk_derive_stats *out)
{
    *out = d->stats;
}

/* ---- devices and what their columns mean ---- */

static const qk_stream_kind source_kinds[QK_SOURCES] = {QK_STREAM_MINUTE, QK_STREAM_RTD,
                                                        QK_STREAM_HOUR, QK_STREAM_DERIVED_HOUR};

static qk_code grow_devices(qk_derive *d)
{
    if (d->n < d->cap) return QK_OK;
    size_t cap = d->cap ? d->cap * 2 : 64;
    qk_derive_device **grown = realloc(d->devices, cap * sizeof *grown);
    if (!grown) return QK_ENOMEM;
    d->devices = grown;
    d->cap = cap;
    return QK_OK;
}

static qk_code find_stored(qk_derive *d, qk_derive_device *dev, qk_error *err)
{
    qk_stream_id id = qk_telemetry_find(d->reader, qk_str_of(dev->mn), QK_STREAM_MINUTE);
    if (!id) return QK_OK;
    qk_code code = qk_telemetry_span(NULL, &dev->stored_last, d->reader, id, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    /* What cannot be read may hold anything: no hour counts as gathered whole. */
    if (code == QK_EDAMAGED) dev->stored_last = INT64_MAX;
    return code == QK_EDAMAGED ? QK_OK : code;
}

static qk_code add_device(qk_derive *d, qk_derive_device **out, qk_str mn, qk_error *err)
{
    qk_derive_device *dev = grow_devices(d) ? NULL : calloc(1, sizeof *dev);
    if (!dev) return qk_fail(err, QK_ENOMEM, "no memory for a device");
    qk_str_copy(dev->mn, sizeof dev->mn, mn);
    dev->number = d->n;
    dev->open.hour = dev->stored_last = QK_TIME_NONE;
    qk_code code = find_stored(d, dev, err);
    if (!code && qk_map_set(d->index, mn, d->n))
        code = qk_fail(err, QK_ENOMEM, "no memory for a device");
    if (code) {
        free(dev);
        return code;
    }
    *out = d->devices[d->n++] = dev;
    return QK_OK;
}

qk_code qk_derive_device_get(qk_derive_device **out, qk_derive *d, qk_str mn, qk_error *err)
{
    uint64_t number;
    if (!qk_map_get(d->index, mn, &number)) return add_device(d, out, mn, err);
    *out = d->devices[number];
    return QK_OK;
}

/* What the register says of a factor, and how long it may stand still. */
static void know_factor(qk_derive *d, const qk_derive_device *dev, qk_derive_factor *mine)
{
    qk_factor f;
    qk_site site;
    const qk_registry *r = d->p.registry;
    bool known = qk_registry_factor(r, &f, qk_str_of(dev->mn), qk_str_of(mine->code));
    mine->low = known ? f.low : NAN;
    mine->high = known ? f.high : NAN;
    const char *at = known && f.site[0] ? f.site : dev->device.site;
    bool placed = qk_registry_site(r, &site, qk_str_of(at));
    bool park =
        known && placed && (strcmp(site.kind, "air_park") == 0 || strcmp(site.kind, "park") == 0);
    mine->park_limit = park ? f.limit : NAN;
    mine->still = qk_still_of(&d->still, qk_str_of(mine->code), qk_str_of(placed ? site.kind : ""));
}

void qk_derive_refresh(qk_derive *d, qk_derive_device *dev)
{
    uint64_t version = qk_registry_version(d->p.registry) + 1;
    if (dev->device_of == version) return;
    qk_device before = dev->device;
    if (!qk_registry_device(d->p.registry, &dev->device, qk_str_of(dev->mn)))
        qk_device_init(&dev->device);
    /* Parts gathered under another style may belong to another hour. */
    if (dev->device_of && (before.interval_style != dev->device.interval_style ||
                           before.min_interval_min != dev->device.min_interval_min))
        dev->open.complete = false;
    dev->device_of = version;
    for (size_t i = 0; i < dev->factor_n; i++) know_factor(d, dev, &dev->factors[i]);
}

/* Waste water, surface water and their like (table 5 of 2017). */
bool qk_derive_strict(const qk_derive_device *dev)
{
    static const char *const water[] = {"21", "24", "26", "32", "33", "34", "52"};
    for (size_t i = 0; i < sizeof water / sizeof *water; i++)
        if (strcmp(dev->device.st, water[i]) == 0) return true;
    return false;
}

qk_time qk_derive_hour_of(const qk_derive_device *dev, qk_time time)
{
    bool at_end = dev->device.interval_style == QK_INTERVAL_END;
    return qk_floor_hour(at_end ? time - 1 : time);
}

qk_source *qk_derive_source(qk_derive *d, qk_derive_device *dev, qk_source_kind kind)
{
    qk_source *s = &dev->sources[kind];
    if (!s->stream)
        s->stream = qk_telemetry_find(d->reader, qk_str_of(dev->mn), source_kinds[kind]);
    return s;
}

static uint16_t factor_of(qk_derive *d, qk_derive_device *dev, qk_str code)
{
    for (size_t i = 0; i < dev->factor_n; i++)
        if (qk_str_eq(qk_str_of(dev->factors[i].code), code)) return (uint16_t)i;
    if (dev->factor_n == QK_DERIVE_FACTORS || code.len >= QK_CODE_MAX) return UINT16_MAX;
    if (dev->factor_n == dev->factor_cap) {
        size_t cap = dev->factor_cap ? dev->factor_cap * 2 : 8;
        qk_derive_factor *grown = realloc(dev->factors, cap * sizeof *grown);
        if (!grown) return UINT16_MAX;
        dev->factors = grown;
        dev->factor_cap = cap;
    }
    qk_derive_factor *f = &dev->factors[dev->factor_n];
    *f = (qk_derive_factor){.low = NAN,
                            .high = NAN,
                            .range_told = QK_TIME_NONE,
                            .park_limit = NAN,
                            .park_told = QK_TIME_NONE};
    qk_str_copy(f->code, sizeof f->code, code);
    know_factor(d, dev, f);
    return (uint16_t)dev->factor_n++;
}

qk_code qk_derive_learn(qk_derive *d, qk_derive_device *dev, qk_source *s, qk_error *err)
{
    const qk_str *codes, *fields;
    size_t n = 0;
    QK_TRY(qk_telemetry_columns(&codes, &fields, &n, d->reader, s->stream, err));
    if (n > s->cap) {
        struct qk_meaning *grown = realloc(s->columns, n * sizeof *grown);
        if (!grown) return qk_fail(err, QK_ENOMEM, "no memory for columns");
        s->columns = grown;
        s->cap = n;
    }
    for (; s->n < n; s->n++) {
        qk_role role = codes[s->n].len ? qk_role_of(fields[s->n]) : QK_ROLE_NONE;
        uint16_t factor = role == QK_ROLE_NONE ? UINT16_MAX : factor_of(d, dev, codes[s->n]);
        if (factor == UINT16_MAX) role = QK_ROLE_NONE;
        s->columns[s->n] = (struct qk_meaning){factor, (uint8_t)role};
    }
    return QK_OK;
}

static qk_part *part_of(qk_part_scratch *scratch, uint16_t factor)
{
    if (!scratch->on[factor]) {
        scratch->on[factor] = true;
        scratch->touched[scratch->n++] = factor;
        scratch->part[factor].have = 0;
        scratch->part[factor].flag = 0;
    }
    return &scratch->part[factor];
}

static void put_cell(qk_part *part, qk_role role, const qk_cell *cell)
{
    if (role == QK_ROLE_FLAG) {
        if (cell->type == QK_CELL_TEXT && cell->text.len) part->flag = cell->text.ptr[0];
        if (cell->type == QK_CELL_NUMBER)
            part->flag = (char)('0' + (cell->number.mantissa % 10 + 10) % 10);
        return;
    }
    if (cell->type != QK_CELL_NUMBER) return;
    if (role == QK_ROLE_RTD) role = QK_ROLE_AVG;
    if (role == QK_ROLE_ZSRTD) role = QK_ROLE_ZSAVG;
    part->value[role] = cell->number;
    part->have |= (uint8_t)(1 << role);
}

qk_code qk_derive_parts_of(qk_derive *d, qk_derive_device *dev, qk_source *s, const qk_cell *cells,
                           size_t n, bool learn, qk_error *err)
{
    qk_part_scratch *scratch = &d->scratch;
    for (size_t i = 0; i < scratch->n; i++) scratch->on[scratch->touched[i]] = false;
    scratch->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (cells[i].column >= s->n && learn) QK_TRY(qk_derive_learn(d, dev, s, err));
        if (cells[i].column >= s->n) continue;
        struct qk_meaning m = s->columns[cells[i].column];
        if (m.role != QK_ROLE_NONE)
            put_cell(part_of(scratch, m.factor), (qk_role)m.role, &cells[i]);
    }
    return QK_OK;
}

/* ---- what is due ---- */

static qk_time due_of(const qk_entry *e)
{
    bool day = e->level == QK_LEVEL_DAY;
    qk_time end = e->time + (day ? QK_DAY : QK_HOUR);
    qk_time due = end + (day ? QK_DERIVE_DAY_GRACE : QK_DERIVE_GRACE);
    /* A day waits longer than its hours, so that a day filled up late is computed once, after all
     * of them. */
    qk_time still = day ? 2 * QK_DERIVE_QUIET : QK_DERIVE_QUIET;
    qk_time quiet = e->touched > end ? e->touched + still : e->touched;
    return due > quiet ? due : quiet;
}

static qk_code heap_push(qk_derive *d, qk_due item)
{
    if (d->heap_n == d->heap_cap) {
        size_t cap = d->heap_cap ? d->heap_cap * 2 : 256;
        qk_due *grown = realloc(d->heap, cap * sizeof *grown);
        if (!grown) return QK_ENOMEM;
        d->heap = grown;
        d->heap_cap = cap;
    }
    size_t i = d->heap_n++;
    for (; i > 0 && d->heap[(i - 1) / 2].due > item.due; i = (i - 1) / 2)
        d->heap[i] = d->heap[(i - 1) / 2];
    d->heap[i] = item;
    return QK_OK;
}

static qk_due heap_pop(qk_derive *d)
{
    qk_due top = d->heap[0], last = d->heap[--d->heap_n];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= d->heap_n) break;
        if (child + 1 < d->heap_n && d->heap[child + 1].due < d->heap[child].due) child++;
        if (last.due <= d->heap[child].due) break;
        d->heap[i] = d->heap[child];
        i = child;
    }
    if (d->heap_n) d->heap[i] = last;
    return top;
}

/* Where the entry stands, or would. */
static size_t entry_at(const qk_derive_device *dev, uint8_t level, qk_time time, bool *found)
{
    size_t low = 0, high = dev->entry_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const qk_entry *e = &dev->entries[middle];
        if (e->level == level && e->time == time) {
            *found = true;
            return middle;
        }
        if (e->level < level || (e->level == level && e->time < time))
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

static qk_code insert_entry(qk_derive *d, qk_derive_device *dev, size_t at, uint8_t level,
                            qk_time time)
{
    if (d->entry_total >= QK_DERIVE_ENTRIES) return QK_EFULL;
    if (dev->entry_n == dev->entry_cap) {
        size_t cap = dev->entry_cap ? dev->entry_cap * 2 : 4;
        qk_entry *grown = realloc(dev->entries, cap * sizeof *grown);
        if (!grown) return QK_ENOMEM;
        dev->entries = grown;
        dev->entry_cap = cap;
    }
    memmove(dev->entries + at + 1, dev->entries + at, (dev->entry_n - at) * sizeof *dev->entries);
    dev->entries[at] = (qk_entry){.level = level, .time = time, .done = true};
    dev->entry_n++;
    d->entry_total++;
    return QK_OK;
}

static qk_code queue_entry(qk_derive *d, const qk_derive_device *dev, qk_entry *e)
{
    if (e->queued) return QK_OK;
    QK_TRY(heap_push(d, (qk_due){due_of(e), e->time, (uint32_t)dev->number, e->level}));
    e->queued = true;
    return QK_OK;
}

qk_code qk_derive_touch(qk_derive *d, qk_derive_device *dev, qk_derive_level level, qk_time time,
                        qk_time touched, qk_error *err)
{
    bool found;
    size_t at = entry_at(dev, (uint8_t)level, time, &found);
    qk_code code = found ? QK_OK : insert_entry(d, dev, at, (uint8_t)level, time);
    if (code) return qk_fail(err, code, "more hours wait to be computed than can be held");
    qk_entry *e = &dev->entries[at];
    if (e->done) {
        e->done = false;
        dev->unsaved = d->unsaved = true;
        d->stats.waiting++;
    }
    e->touched = touched;
    if (queue_entry(d, dev, e)) return qk_fail(err, QK_ENOMEM, "no memory for what is due");
    return QK_OK;
}

qk_code qk_derive_again(qk_derive *d, qk_derive_device *dev, qk_time hour, qk_error *err)
{
    if (dev->open.hour == hour) dev->open.complete = false;
    return qk_derive_touch(d, dev, QK_LEVEL_HOUR, hour, d->now, err);
}

static qk_code compute(qk_derive *d, qk_derive_device *dev, uint8_t level, qk_time time,
                       qk_error *err)
{
    bool found;
    QK_TRY(level == QK_LEVEL_DAY ? qk_derive_day(d, dev, time, err)
                                 : qk_derive_hour(d, dev, time, err));
    size_t at = entry_at(dev, level, time, &found);
    if (!found || dev->entries[at].done) return QK_OK;
    dev->entries[at].done = true;
    dev->entries[at].done_pos = d->pos;
    dev->unsaved = d->unsaved = true;
    d->stats.waiting--;
    return QK_OK;
}

bool qk_derive_due(const qk_derive *d, qk_time now)
{
    return d->heap_n > 0 && d->heap[0].due <= (now > d->now ? now : d->now);
}

/* The earliest item: computed, put back because its entry was touched since, or dropped. */
static qk_code serve_due(qk_derive *d, qk_error *err)
{
    qk_due item = heap_pop(d);
    bool found;
    qk_derive_device *dev = d->devices[item.device];
    size_t at = entry_at(dev, item.level, item.time, &found);
    if (!found) return QK_OK;
    qk_entry *e = &dev->entries[at];
    e->queued = false;
    if (e->done) return QK_OK;
    qk_code code = QK_OK;
    /* Touched since it was queued: what is due before it comes first, perhaps its own hours. */
    bool in_turn = due_of(e) <= item.due || !d->heap_n || due_of(e) <= d->heap[0].due;
    if (in_turn && due_of(e) <= d->now) code = compute(d, dev, item.level, item.time, err);
    at = entry_at(dev, item.level, item.time, &found);
    if (found && !dev->entries[at].done && queue_entry(d, dev, &dev->entries[at]) && !code)
        code = qk_fail(err, QK_ENOMEM, "no memory for what is due");
    return code;
}

qk_code qk_derive_advance(qk_derive *d, qk_time now, uint32_t budget_ms, bool *more, qk_error *err)
{
    int64_t until = qk_monotonic_ms() + budget_ms;
    if (now > d->now) d->now = now;
    if (more) *more = false;
    while (qk_derive_due(d, d->now)) {
        QK_TRY(serve_due(d, err));
        if (qk_monotonic_ms() < until || !qk_derive_due(d, d->now)) continue;
        if (more) *more = true;
        return QK_OK;
    }
    return QK_OK;
}

/* ---- rows ---- */

static bool grow_open(qk_open_hour *open, size_t need)
{
    if (need <= open->cap) return true;
    size_t cap = open->cap ? open->cap : 8;
    while (cap < need) cap *= 2;
    qk_gather *gathers = realloc(open->gathers, cap * sizeof *gathers);
    if (gathers) open->gathers = gathers;
    qk_time *at = realloc(open->at, cap * sizeof *at);
    if (at) open->at = at;
    if (!gathers || !at) return false;
    for (size_t i = open->cap; i < cap; i++) {
        qk_gather_reset(&open->gathers[i]);
        open->at[i] = QK_TIME_NONE;
    }
    open->cap = cap;
    return true;
}

static qk_code begin_hour(qk_derive *d, qk_derive_device *dev, qk_time hour, qk_error *err)
{
    qk_open_hour *open = &dev->open;
    bool found;
    qk_time before = open->hour;
    if (before != QK_TIME_NONE) {
        size_t at = entry_at(dev, QK_LEVEL_HOUR, before, &found);
        if (found && !dev->entries[at].done && open->complete)
            QK_TRY(compute(d, dev, QK_LEVEL_HOUR, before, err));
    }
    for (size_t i = 0; i < open->cap; i++) {
        qk_gather_reset(&open->gathers[i]);
        open->at[i] = QK_TIME_NONE;
    }
    bool stored =
        dev->stored_last != QK_TIME_NONE && qk_derive_hour_of(dev, dev->stored_last) >= hour;
    open->hour = hour;
    open->complete = !stored;
    open->last = open->recorded = QK_TIME_NONE;
    open->gap = 0;
    open->rows = 0;
    return QK_OK;
}

/* Adds a row of the open hour, or finds that it must be computed from what is stored. */
static void gather_row(qk_derive *d, qk_derive_device *dev, qk_time time, qk_time recorded,
                       qk_append_result result)
{
    qk_open_hour *open = &dev->open;
    const qk_part_scratch *s = &d->scratch;
    bool fresh = result == QK_APPEND_NEW && (open->last == QK_TIME_NONE || time > open->last);
    bool joins = result == QK_APPEND_MERGED && time == open->last;
    if ((!fresh && !joins) || !grow_open(open, dev->factor_n)) {
        open->complete = false;
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        uint16_t f = s->touched[i];
        if (open->at[f] == time) open->complete = false; /* one part came in pieces */
        open->at[f] = time;
        qk_gather_add(&open->gathers[f], &s->part[f]);
    }
    if (fresh && open->last != QK_TIME_NONE && (!open->gap || time - open->last < open->gap))
        open->gap = time - open->last;
    open->rows += fresh;
    open->last = time;
    if (recorded > open->recorded) open->recorded = recorded;
}

static qk_code take_minute(qk_derive *d, qk_derive_device *dev, qk_time time, qk_time recorded,
                           qk_append_result result, qk_error *err)
{
    qk_time hour = qk_derive_hour_of(dev, time);
    qk_open_hour *open = &dev->open;
    if (open->hour == QK_TIME_NONE || hour > open->hour) QK_TRY(begin_hour(d, dev, hour, err));
    if (hour == open->hour) gather_row(d, dev, time, recorded, result);
    if (hour < d->kept_from[QK_SOURCE_MINUTE]) return QK_OK;
    return qk_derive_touch(d, dev, QK_LEVEL_HOUR, hour, recorded, err);
}

static qk_code take_hour(qk_derive *d, qk_derive_device *dev, qk_time time, qk_time recorded,
                         qk_error *err)
{
    qk_time hour = qk_derive_hour_of(dev, time);
    if (d->on_hour) d->on_hour(d->on_hour_context, dev->mn, hour);
    return qk_derive_touch(d, dev, QK_LEVEL_DAY, qk_floor_day(hour), recorded, err);
}

qk_code qk_derive_row(qk_derive *d, qk_derive_device *dev, qk_stream_kind kind, qk_time time,
                      qk_time recorded, const qk_cell *cells, size_t n, qk_append_result result,
                      qk_error *err)
{
    if (result == QK_APPEND_SAME) return QK_OK;
    qk_derive_refresh(d, dev);
    if (kind == QK_STREAM_HOUR) {
        QK_TRY(qk_park_hour(d, dev, cells, n, time, recorded, err));
        return take_hour(d, dev, time, recorded, err);
    }
    if (kind != QK_STREAM_MINUTE && kind != QK_STREAM_RTD) return QK_OK;
    qk_source_kind source = kind == QK_STREAM_MINUTE ? QK_SOURCE_MINUTE : QK_SOURCE_RTD;
    qk_source *s = qk_derive_source(d, dev, source);
    QK_TRY(qk_derive_parts_of(d, dev, s, cells, n, true, err));
    if (result == QK_APPEND_NEW) QK_TRY(qk_quality_row(d, dev, source, time, recorded, err));
    if (kind == QK_STREAM_MINUTE) return take_minute(d, dev, time, recorded, result, err);
    if (qk_floor_hour(time) < d->kept_from[QK_SOURCE_RTD]) return QK_OK;
    return qk_derive_touch(d, dev, QK_LEVEL_HOUR, qk_floor_hour(time), recorded, err);
}
