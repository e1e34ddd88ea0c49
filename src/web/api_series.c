/* SPDX-License-Identifier: Apache-2.0 */
/* One column over time: an envelope for charts, the rows as they are for files. Both read in
 * windows of bounded length, so that a year of minutes takes no more memory than a week. */
#include "base/csv.h"
#include "domain/labels.h"
#include "web/api.h"
#include <math.h>
#include <stdlib.h>

enum { POINTS_DEFAULT = 2000, WINDOW_ARENA = 24 << 20 };

typedef struct series {
    qk_telemetry_reader *reader;
    qk_str mn, code, field;
    qk_stream_kind kind;
    qk_stream_id stream; /* 0 = nothing was ever received */
    qk_time from, to, known_at;
    qk_factor factor;
    qk_device device;
    size_t damaged;
    qk_arena window; /* emptied for each */
} series;

/* ---- what is asked for ---- */

typedef struct kind_form {
    qk_stream_kind kind;
    const char *field;
    qk_time span;   /* shown when no start is given */
    qk_time window; /* read at a time */
} kind_form;

static const kind_form forms[] = {
    {QK_STREAM_RTD, "Rtd", 6 * QK_HOUR, 2 * QK_DAY},
    {QK_STREAM_MINUTE, "Avg", QK_DAY, 31 * QK_DAY},
    {QK_STREAM_HOUR, "Avg", 30 * QK_DAY, 3660 * QK_DAY},
    {QK_STREAM_DAY, "Avg", 366 * QK_DAY, 36600 * QK_DAY},
    {QK_STREAM_DERIVED_HOUR, "Avg", 30 * QK_DAY, 3660 * QK_DAY},
    {QK_STREAM_DERIVED_DAY, "Avg", 366 * QK_DAY, 36600 * QK_DAY},
    {QK_STREAM_STATE, "RS", QK_DAY, 2 * QK_DAY},
    {QK_STREAM_RUNTIME, "RT", 366 * QK_DAY, 36600 * QK_DAY},
    {QK_STREAM_PERIODIC, "Avg", 30 * QK_DAY, 366 * QK_DAY},
};

static const kind_form *form_of(qk_stream_kind kind)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].kind == kind) return &forms[i];
    return &forms[0];
}

/* The part of the range that can hold rows: files and charts of empty decades cost nothing. */
static qk_code clip(series *s, qk_time *from, qk_time *to, qk_error *err)
{
    qk_time first, last;
    *from = s->from;
    *to = s->to;
    qk_code code =
        s->stream ? qk_telemetry_span(&first, &last, s->reader, s->stream, err) : QK_ENOTFOUND;
    if (code == QK_ENOTFOUND) {
        *to = *from;
        return QK_OK;
    }
    if (code != QK_OK) return code;
    if (*from < first) *from = first;
    if (*to > last + 1) *to = last + 1;
    return QK_OK;
}

static qk_code open_series(qk_exchange *x, series *s, qk_error *err)
{
    qk_node *node = x->context->node;
    qk_str kind = qk_query_str(x, "kind"), field = qk_query_str(x, "field");
    *s = (series){.reader = x->tools->reader,
                  .mn = qk_query_str(x, "mn"),
                  .code = qk_query_str(x, "code"),
                  .kind = qk_stream_kind_of(kind)};
    const kind_form *form = form_of(s->kind);
    s->field = field.len ? field : qk_str_of(form->field);
    s->to = qk_query_time(x, "to", qk_clock_now(qk_node_clock(node)) + 1);
    s->from = qk_query_time(x, "from", s->to - form->span);
    s->known_at = qk_query_time(x, "known_at", QK_TIME_NONE);
    if (s->from > s->to)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "from lies behind to");
    if (!qk_registry_device(qk_node_registry(node), &s->device, s->mn)) qk_device_init(&s->device);
    qk_factor_of(&s->factor, qk_node_registry(node), s->mn, s->code);
    s->stream = qk_telemetry_find(s->reader, s->mn, s->kind);
    qk_arena_init(&s->window, WINDOW_ARENA);
    return QK_OK;
}

static qk_code read_window(series *s, qk_samples *out, qk_time from, qk_time to, qk_error *err)
{
    size_t damaged = 0;
    qk_arena_reset(&s->window);
    QK_TRY(qk_telemetry_read(out, s->reader, s->stream, s->code, s->field, from, to, s->known_at,
                             &s->window, &damaged, err));
    s->damaged += damaged;
    return QK_OK;
}

/* ---- limit and step ---- */

static bool has_column(series *s, const char *field)
{
    const qk_str *codes = NULL, *fields = NULL;
    size_t n = 0;
    if (!s->stream || qk_telemetry_columns(&codes, &fields, &n, s->reader, s->stream, NULL))
        return false;
    for (size_t i = 0; i < n; i++)
        if (qk_str_eq(codes[i], s->code) && qk_str_eq(fields[i], qk_str_of(field))) return true;
    return false;
}

/* A limit speaks of the converted value where there is one; in the unit of what is sent. */
static double limit_of(series *s)
{
    bool plain = qk_str_eq(s->field, QK_STR("Rtd")) || qk_str_eq(s->field, QK_STR("Avg"));
    bool converted = qk_str_eq(s->field, QK_STR("ZsRtd")) || qk_str_eq(s->field, QK_STR("ZsAvg"));
    char zs[24] = "Zs";
    qk_str_copy(zs + 2, sizeof zs - 2, s->field);
    if (!converted && !(plain && !has_column(s, zs))) return NAN;
    return s->factor.limit / s->factor.scale;
}

static int64_t nominal_step_s(const series *s)
{
    switch (s->kind) {
    case QK_STREAM_RTD:
    case QK_STREAM_STATE: return s->device.rtd_interval_s;
    case QK_STREAM_MINUTE: return 60LL * s->device.min_interval_min;
    case QK_STREAM_HOUR:
    case QK_STREAM_DERIVED_HOUR: return 3600;
    case QK_STREAM_DAY:
    case QK_STREAM_RUNTIME:
    case QK_STREAM_DERIVED_DAY: return 86400;
    default: return 0;
    }
}

/* ---- for a chart ---- */

/* Steps of whole minutes, or whole seconds where they are shorter, at most `points` of them. */
static qk_time step_for(qk_time span, size_t points)
{
    qk_time least = (span + (qk_time)points - 1) / (qk_time)points;
    qk_time unit = least > QK_MINUTE / 2 ? QK_MINUTE : QK_SECOND;
    return least > unit ? (least + unit - 1) / unit * unit : unit;
}

static qk_code read_steps(qk_exchange *x, series *s, size_t points, qk_envelope *e, qk_error *err)
{
    qk_time from, to, step = step_for(s->to - s->from, points);
    *e = (qk_envelope){.from = s->from, .width_ms = step};
    QK_TRY(clip(s, &from, &to, err));
    if (from >= to) return QK_OK;
    /* Steps begin where the range asked for does, whatever part of it holds rows. */
    from = s->from + (from - s->from) / step * step;
    size_t steps = (size_t)((to - from + step - 1) / step);
    return qk_telemetry_envelope(e, s->reader, s->stream, s->code, s->field, from,
                                 from + (qk_time)steps * step, s->known_at, steps, &x->arena,
                                 &s->damaged, err);
}

static size_t count_values(const qk_envelope *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->count; i++) n += e->buckets[i].count;
    return n;
}

static void write_flag(qk_json_writer *w, char flag)
{
    char text[2] = {flag, 0};
    qk_json_cstr(w, flag ? text : NULL);
}

static void write_steps(qk_json_writer *w, const qk_envelope *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const qk_envelope_bucket *b = &e->buckets[i];
        if (b->count == 0 && !b->bad_flag) continue;
        int decimals = b->least.scale > b->most.scale ? b->least.scale : b->most.scale;
        qk_json_array(w);
        qk_json_i64(w, e->from + (qk_time)i * e->width_ms);
        if (b->count) {
            qk_json_dec(w, b->least);
            qk_json_fixed(w, b->mean, decimals + 1);
            qk_json_dec(w, b->most);
        } else {
            for (int k = 0; k < 3; k++) qk_json_null(w);
        }
        write_flag(w, b->bad_flag ? b->bad_flag : 'N');
        qk_json_end(w);
    }
}

static void write_rows(qk_json_writer *w, const qk_samples *samples)
{
    for (size_t i = 0; i < samples->count; i++) {
        qk_dec value = {samples->mantissa[i], samples->scale[i]};
        qk_json_array(w);
        qk_json_i64(w, samples->time[i]);
        for (int k = 0; k < 3; k++) {
            if (value.mantissa == INT64_MIN)
                qk_json_null(w);
            else
                qk_json_dec(w, value);
        }
        write_flag(w, samples->flag[i]);
        qk_json_end(w);
    }
}

/* rows NULL = as steps. */
static void write_series(qk_json_writer *w, series *s, const qk_envelope *e, const qk_samples *rows)
{
    char field[32];
    qk_str_copy(field, sizeof field, s->field);
    qk_json_object(w);
    qk_json_kcstr(w, "unit", qk_factor_field_unit(&s->factor, field));
    qk_json_ki64(w, "step_s", rows ? nominal_step_s(s) : e->width_ms / QK_SECOND);
    qk_json_kbool(w, "raw", rows != NULL);
    qk_json_kf64(w, "limit", limit_of(s));
    qk_json_ktime(w, "from", s->from);
    qk_json_ktime(w, "to", s->to);
    qk_json_kcstr(w, "interval", s->device.interval_style == QK_INTERVAL_END ? "end" : "start");
    qk_json_key(w, "points");
    qk_json_array(w);
    if (rows)
        write_rows(w, rows);
    else
        write_steps(w, e);
    qk_json_end(w);
    qk_json_ki64(w, "damaged_blocks", (int64_t)s->damaged);
    qk_json_end(w);
}

static qk_code write_chart(qk_exchange *x, series *s, size_t points, qk_error *err)
{
    qk_envelope e;
    qk_samples rows = {0};
    QK_TRY(read_steps(x, s, points, &e, err));
    if (count_values(&e) > points) {
        write_series(&x->json, s, &e, NULL);
        return QK_OK;
    }
    if (s->stream) {
        s->damaged = 0;
        QK_TRY(read_window(s, &rows, s->from, s->to, err));
    }
    write_series(&x->json, s, &e, &rows);
    return QK_OK;
}

qk_code qk_api_series(qk_exchange *x, qk_error *err)
{
    series s;
    QK_TRY(open_series(x, &s, err));
    qk_code code = write_chart(x, &s, (size_t)qk_query_int(x, "points", POINTS_DEFAULT), err);
    qk_arena_clear(&s.window);
    return code;
}

/* ---- the file ---- */

typedef struct csv_state {
    series s;
    qk_time at, to, window;
    char unit[32];
} csv_state;

static void put_time(qk_buf *out, qk_time t, bool first)
{
    char text[QK_TIME_TEXT];
    qk_csv_put(out, qk_str_of(qk_time_iso(text, t)), first);
}

static void put_row(qk_buf *out, const csv_state *c, const qk_samples *samples, size_t i)
{
    char number[QK_DEC_TEXT];
    qk_dec value = {samples->mantissa[i], samples->scale[i]};
    put_time(out, samples->time[i], true);
    bool missing = value.mantissa == INT64_MIN;
    qk_csv_put(out, qk_str_of(missing ? "" : qk_dec_format(number, value)), false);
    qk_csv_put_text(out, qk_str_of(c->unit), false);
    qk_csv_put_text(out, (qk_str){&samples->flag[i], samples->flag[i] != 0}, false);
    put_time(out, samples->time[i] + samples->recorded[i] * QK_SECOND, false);
    qk_buf_puts(out, "\r\n");
}

/* Windows without rows are passed over: an empty part would end the answer. */
static qk_code more_rows(qk_exchange *x, qk_error *err)
{
    csv_state *c = x->more_state;
    c->s.reader = x->tools->reader;
    while (c->at < c->to && x->out.len == 0) {
        qk_samples samples;
        qk_time until = c->at + c->window < c->to ? c->at + c->window : c->to;
        QK_TRY(read_window(&c->s, &samples, c->at, until, err));
        for (size_t i = 0; i < samples.count; i++) put_row(&x->out, c, &samples, i);
        c->at = until;
    }
    return QK_OK;
}

static void free_csv(void *state)
{
    csv_state *c = state;
    qk_arena_clear(&c->s.window);
    free(c);
}

static void name_file(qk_exchange *x, const series *s)
{
    snprintf(x->filename, sizeof x->filename, "%.*s_%.*s_%.*s.csv", QK_STR_ARG(s->mn),
             QK_STR_ARG(s->code), QK_STR_ARG(s->field));
    for (char *p = x->filename; *p; p++)
        if (!qk_is_alpha(*p) && !qk_is_digit(*p) && *p != '.' && *p != '-' && *p != '_') *p = '_';
}

/* Streams are numbered for each reader alike, so that another worker may go on with the next part.
 */
qk_code qk_api_series_csv(qk_exchange *x, qk_error *err)
{
    csv_state *c = calloc(1, sizeof *c);
    if (!c) return qk_fail(err, QK_ENOMEM, "no memory for a file of rows");
    x->more_state = c;
    x->more_done = free_csv;
    QK_TRY(open_series(x, &c->s, err));
    QK_TRY(clip(&c->s, &c->at, &c->to, err));
    c->window = form_of(c->s.kind)->window / 4;
    char field[32];
    qk_str_copy(field, sizeof field, c->s.field);
    qk_str_copy(c->unit, sizeof c->unit, qk_str_of(qk_factor_field_unit(&c->s.factor, field)));
    name_file(x, &c->s);
    x->content_type = "text/csv";
    x->more = more_rows;
    qk_buf_puts(&x->out, "time,value,unit,flag,recorded\r\n");
    return QK_OK;
}
