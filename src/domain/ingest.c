/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ingest_private.h"
#include <stdlib.h>

/* EVENTS_OF_FRAME: every factor may stand still and leave its range at once. */
enum { COLUMNS_MAX = 4096, CELLS_MAX = 8192, EVENTS_OF_FRAME = 2048 };

bool qk_ingest_device(const qk_ingest *in, qk_device *out, qk_str mn)
{
    return qk_registry_device(in->p.registry, out, mn);
}

static bool hook_device(void *context, qk_device *out, qk_str mn)
{
    return qk_ingest_device(context, out, mn);
}

static qk_code grow_streams(qk_ingest *in)
{
    if (in->n < in->cap) return QK_OK;
    size_t cap = in->cap ? in->cap * 2 : 64;
    qk_ingest_stream **grown = realloc(in->streams, cap * sizeof *grown);
    if (!grown) return QK_ENOMEM;
    in->streams = grown;
    in->cap = cap;
    return QK_OK;
}

static qk_code hook_stream(void *context, void **user, qk_str mn, qk_stream_kind kind,
                           qk_error *err)
{
    qk_ingest *in = context;
    if (grow_streams(in)) return qk_fail(err, QK_ENOMEM, "no memory for a stream");
    qk_ingest_stream *s = calloc(1, sizeof *s);
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for a stream");
    s->in = in;
    s->kind = kind;
    s->last_time = QK_TIME_NONE;
    qk_str_copy(s->mn, sizeof s->mn, mn);
    /* The device first: what it has stored is what stood there before this run. */
    qk_code code = qk_derive_device_get(&s->derive, in->p.derive, mn, err);
    if (!code) code = qk_telemetry_stream(&s->id, in->p.telemetry, mn, kind, err);
    if (code) {
        free(s);
        return code;
    }
    s->live = qk_live_stream_get(in->p.live, mn, kind);
    in->streams[in->n++] = s;
    *user = s;
    return QK_OK;
}

static qk_code grow_columns(qk_ingest_stream *s, uint32_t need)
{
    if (need < s->cap) return QK_OK;
    uint32_t cap = s->cap ? s->cap : 16;
    while (cap <= need) cap *= 2;
    qk_ingest_column *grown = realloc(s->columns, cap * sizeof *grown);
    if (!grown) return QK_ENOMEM;
    memset(grown + s->cap, 0, (cap - s->cap) * sizeof *grown);
    s->columns = grown;
    s->cap = cap;
    return QK_OK;
}

static bool is_shown(qk_str field)
{
    return !qk_str_eq(field, QK_STR("Flag")) && !qk_str_eq(field, QK_STR("EFlag"));
}

static qk_code hook_column(void *context, void *user, qk_column_id *out, qk_str code, qk_str field,
                           qk_error *err)
{
    qk_ingest *in = context;
    qk_ingest_stream *s = user;
    QK_TRY(qk_telemetry_column(out, in->p.telemetry, s->id, code, field, err));
    if (*out >= COLUMNS_MAX) return QK_EFULL;
    if (*out < s->n && s->columns[*out].field[0]) return QK_OK;
    if (grow_columns(s, *out)) return qk_fail(err, QK_ENOMEM, "no memory for a column");
    qk_ingest_column *c = &s->columns[*out];
    qk_str_copy(c->code, sizeof c->code, code);
    qk_str_copy(c->field, sizeof c->field, field);
    c->live = is_shown(field) ? qk_live_column(in->p.live, s->live, code, field) : UINT32_MAX;
    if (*out >= s->n) s->n = *out + 1;
    return QK_OK;
}

qk_code qk_ingest_new(qk_ingest **out, const qk_ingest_parts *parts)
{
    qk_ingest *in = calloc(1, sizeof *in);
    if (!in) return QK_ENOMEM;
    in->p = *parts;
    qk_decode_hooks hooks = {in, hook_device, hook_stream, hook_column};
    qk_code code = qk_decoder_new(&in->decoder, &hooks);
    if (!code) code = qk_map_new(&in->parked_index, QK_INGEST_PARKED_MAX);
    if (!code) code = qk_map_new(&in->budget_index, 65536);
    in->live_cells = malloc(CELLS_MAX * sizeof *in->live_cells);
    in->sessions = calloc(QK_INGEST_SESSIONS, sizeof *in->sessions);
    if (!code && (!in->live_cells || !in->sessions)) code = QK_ENOMEM;
    if (code) {
        qk_ingest_free(in);
        return code;
    }
    *out = in;
    return QK_OK;
}

void qk_ingest_free(qk_ingest *in)
{
    if (!in) return;
    for (size_t i = 0; i < in->n; i++) {
        free(in->streams[i]->columns);
        free(in->streams[i]);
    }
    for (size_t i = 0; i < in->parked_n; i++) free(in->parked[i]);
    free(in->streams);
    free(in->parked);
    free(in->budgets);
    free(in->live_cells);
    free(in->sessions);
    qk_decoder_free(in->decoder);
    qk_map_free(in->parked_index);
    qk_map_free(in->budget_index);
    qk_journal_reader_close(in->reader);
    free(in);
}

void qk_ingest_counts_get(const qk_ingest *in, qk_ingest_counts *out)
{
    out->frames = atomic_load_explicit(&in->frames, memory_order_relaxed);
    out->repeats = atomic_load_explicit(&in->repeats, memory_order_relaxed);
    out->changed = atomic_load_explicit(&in->changed, memory_order_relaxed);
    out->refused = atomic_load_explicit(&in->refused, memory_order_relaxed);
    out->parked = atomic_load_explicit(&in->parked_frames, memory_order_relaxed);
    out->samples = atomic_load_explicit(&in->samples, memory_order_relaxed);
    out->short_way = atomic_load_explicit(&in->short_way, memory_order_relaxed);
}

/* Only the store thread writes the counters, so a plain add is enough; readers may lag. */
static void count(_Atomic uint64_t *counter, uint64_t n)
{
    uint64_t v = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, v + n, memory_order_relaxed);
}

static void refresh_device(qk_ingest_stream *s)
{
    uint64_t version = qk_registry_version(s->in->p.registry) + 1;
    if (s->device_of == version) return;
    s->known = qk_ingest_device(s->in, &s->device, qk_str_of(s->mn));
    if (!s->known) qk_device_init(&s->device);
    s->device_of = version;
}

/* How long the interval of a row is that DataTime marks; 0 for moments. */
static qk_time interval_of(qk_ingest_stream *s, qk_time time)
{
    switch (s->kind) {
    case QK_STREAM_HOUR: return QK_HOUR;
    case QK_STREAM_DAY:
    case QK_STREAM_RUNTIME: return QK_DAY;
    case QK_STREAM_MINUTE: break;
    default: return 0;
    }
    if (s->device.min_interval_min) return s->device.min_interval_min * QK_MINUTE;
    qk_time gap = s->last_time == QK_TIME_NONE ? 0 : time - s->last_time;
    if (gap > 0 && gap <= 30 * QK_MINUTE) s->step = gap;
    s->last_time = time;
    return s->step;
}

static void show_live(qk_ingest *in, qk_ingest_stream *s, const qk_decoded *row)
{
    size_t n = 0;
    for (size_t i = 0; i < row->n; i++) {
        const qk_cell *c = &row->cells[i];
        uint32_t column = s->columns[c->column].live;
        if (c->type != QK_CELL_NUMBER || column == UINT32_MAX) continue;
        in->live_cells[n++] = (qk_live_cell){column, row->flags[i], c->number};
    }
    qk_time length = interval_of(s, row->time);
    bool at_end = s->device.interval_style == QK_INTERVAL_END;
    qk_live_row(in->p.live, s->live, row->time, at_end ? row->time : row->time + length, in->at,
                in->live_cells, n, true);
}

static void print_cell(char out[48], const qk_cell *cell)
{
    if (cell->type == QK_CELL_NUMBER) {
        char digits[QK_DEC_TEXT];
        qk_str_copy(out, 48, qk_str_of(qk_dec_format(digits, cell->number)));
    } else {
        qk_str_copy(out, 48, cell->text);
    }
}

static void note_change(void *context, qk_stream_id stream, qk_time time, const qk_cell *old_cell,
                        qk_time old_recorded, const qk_cell *new_cell)
{
    qk_ingest_stream *s = context;
    qk_ingest *in = s->in;
    (void)stream, (void)time, (void)old_recorded;
    if (in->change_count++ >= QK_INGEST_CHANGES_LISTED) return;
    qk_change *c = &in->changes[in->change_count - 1];
    c->column = &s->columns[new_cell->column];
    print_cell(c->old_value, old_cell);
    print_cell(c->new_value, new_cell);
}

/* A record that found no room half-way is given again; its row is then known already, and what the
 * first append found out still holds. */
static qk_code append_row(qk_ingest *in, qk_ingest_stream *s, const qk_decoded *row,
                          qk_append_result *result, qk_error *err)
{
    bool again = in->half_due && in->half_pos == in->pos;
    in->change_count = 0;
    qk_telemetry_at(in->p.telemetry, in->tie);
    QK_TRY(qk_telemetry_append(in->p.telemetry, result, s->id, row->time, in->at, row->cells,
                               row->n, note_change, s, err));
    if (again) *result = in->half_result;
    in->half_due = true;
    in->half_pos = in->pos;
    in->half_result = *result;
    if (again || !(*result & QK_APPEND_CHANGED)) return QK_OK;
    count(&in->changed, in->counted ? 0 : 1);
    return qk_ingest_tell_changes(in, s, row->time);
}

static qk_code take_row(qk_ingest *in, const qk_decoded *row, qk_error *err)
{
    qk_ingest_stream *s = row->user;
    qk_append_result result = (qk_append_result)0;
    refresh_device(s);
    QK_TRY(append_row(in, s, row, &result, err));
    qk_derive_at(in->p.derive, in->tie);
    QK_TRY(qk_derive_row(in->p.derive, s->derive, s->kind, row->time, in->at, row->cells, row->n,
                         result, err));
    in->half_due = false;
    bool shown = in->tie == in->pos && in->pos < in->shown_to;
    if (!shown) show_live(in, s, row);
    if (!in->counted) count(&in->samples, row->n);
    return QK_OK;
}

/* Content that the house cannot hold must not stop what follows it. */
static bool is_content_fault(qk_code code)
{
    return code == QK_EINVAL || code == QK_ERANGE || code == QK_EFORMAT || code == QK_EUNSUPPORTED;
}

static bool is_ahead(const qk_ingest *in, const qk_journal_record *record, const qk_decoded *row)
{
    bool any = in->p.accept_any || record->flags & QK_JOURNAL_UNAPPROVED;
    return !any && row->time_source == QK_TIME_SENT && row->time > record->at + QK_INGEST_AHEAD_MS;
}

static qk_code take_decoded(qk_ingest *in, const qk_journal_record *record, qk_decoded *row,
                            qk_error *err)
{
    if (row->packet.refusal) return qk_ingest_tell_unreadable(in, row);
    if (!row->kind) return qk_ingest_tell_command(in, row);
    if (is_ahead(in, record, row)) return qk_ingest_tell_future(in, row);
    if (row->n == 0) return QK_OK;
    return take_row(in, row, err);
}

qk_code qk_ingest_take_frame(qk_ingest *in, const qk_journal_record *record, qk_error *err)
{
    qk_decoded row;
    in->pos = record->pos;
    in->at = record->at;
    in->counted = record->pos < in->p.counted_to;
    /* Whatever is found in one frame must find room, or the frame is given again. */
    if (!qk_events_room(in->p.events, EVENTS_OF_FRAME)) return QK_EFULL;
    qk_code code =
        qk_decode(in->decoder, &row, (qk_str){record->payload, record->len}, record->at, err);
    if (!code) code = take_decoded(in, record, &row, err);
    if (is_content_fault(code)) {
        qk_log_limited(in->p.log, QK_LOG_WARN, "ingest", 1,
                       "a frame at %llu cannot be taken in: %s", (unsigned long long)record->pos,
                       err ? err->message : "");
        code = QK_OK;
    }
    if (code) return code;
    if (in->counted) return QK_OK;
    count(&in->frames, 1);
    if (row.fast) count(&in->short_way, 1);
    if (record->flags & QK_JOURNAL_REPEAT) count(&in->repeats, 1);
    uint64_t noted = row.packet.deviations & ~QK_HJ212_BIT(QK_HJ212_D_CP_ENCRYPTED);
    if (noted || in->change_count)
        qk_live_counted(in->p.live, row.mn, in->change_count > 0, noted != 0);
    in->change_count = 0;
    return QK_OK;
}

void qk_ingest_preview(qk_ingest *in, const qk_journal_record *record)
{
    qk_decoded row;
    if (record->kind != QK_JOURNAL_FRAME || record->next <= in->shown_to) return;
    qk_str frame = {record->payload, record->len};
    qk_code code = qk_decode(in->decoder, &row, frame, record->at, NULL);
    bool shows = !code && !row.packet.refusal && row.kind && row.n && !is_ahead(in, record, &row);
    /* One that cannot be read now gets its turn all the same. */
    in->shown_to = record->next;
    if (!shows) return;
    qk_ingest_stream *s = row.user;
    refresh_device(s);
    in->at = record->at;
    show_live(in, s, &row);
}

qk_code qk_ingest_record(qk_ingest *in, const qk_journal_record *record, qk_error *err)
{
    enum { DERIVE_MS = 2 }; /* a record; what is left goes on with the next */
    in->tie = record->pos;
    qk_derive_at(in->p.derive, record->pos);
    if (qk_derive_due(in->p.derive, record->at))
        QK_TRY(qk_derive_advance(in->p.derive, record->at, DERIVE_MS, NULL, err));
    switch (record->kind) {
    case QK_JOURNAL_FRAME: return qk_ingest_take_frame(in, record, err);
    case QK_JOURNAL_PARKED: return qk_ingest_take_parked(in, record, err);
    case QK_JOURNAL_SESSION: qk_ingest_note_session(in, record); return QK_OK;
    case QK_JOURNAL_REFUSED:
        if (record->pos >= in->p.counted_to) count(&in->refused, 1);
        return QK_OK;
    case QK_JOURNAL_MARK:
    case QK_JOURNAL_SENT:
    case QK_JOURNAL_INPUT: return QK_OK;
    }
    return QK_OK;
}
