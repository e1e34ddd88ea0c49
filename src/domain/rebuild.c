/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/rebuild.h"
#include <stdlib.h>

enum { CELLS_MAX = 8192 };

typedef struct rebuilding {
    qk_live *live;
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    qk_error *err;
    /* of the stream being read */
    qk_live_stream *stream;
    qk_device device;
    qk_stream_kind kind;
    const qk_str *codes, *fields;
    size_t columns;
    qk_live_cell cells[CELLS_MAX];
} rebuilding;

static char flag_of(const rebuilding *b, const qk_cell *cells, size_t n, qk_str code)
{
    for (size_t i = 0; i < n; i++) {
        qk_column_id c = cells[i].column;
        if (c < b->columns && cells[i].type == QK_CELL_TEXT && cells[i].text.len &&
            qk_str_eq(b->fields[c], QK_STR("Flag")) && qk_str_eq(b->codes[c], code))
            return cells[i].text.ptr[0];
    }
    return 0;
}

static qk_time interval_of(const rebuilding *b)
{
    switch (b->kind) {
    case QK_STREAM_HOUR:
    case QK_STREAM_DERIVED_HOUR: return QK_HOUR;
    case QK_STREAM_DAY:
    case QK_STREAM_DERIVED_DAY:
    case QK_STREAM_RUNTIME: return QK_DAY;
    case QK_STREAM_MINUTE: return b->device.min_interval_min * QK_MINUTE;
    default: return 0;
    }
}

static qk_code show_row(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                        size_t n)
{
    rebuilding *b = context;
    size_t shown = 0;
    for (size_t i = 0; i < n && shown < CELLS_MAX; i++) {
        qk_column_id c = cells[i].column;
        if (cells[i].type != QK_CELL_NUMBER || c >= b->columns) continue;
        uint32_t column = qk_live_column(b->live, b->stream, b->codes[c], b->fields[c]);
        if (column == UINT32_MAX) continue;
        b->cells[shown++] =
            (qk_live_cell){column, flag_of(b, cells, n, b->codes[c]), cells[i].number};
    }
    bool at_end = b->device.interval_style == QK_INTERVAL_END && b->kind < QK_STREAM_DERIVED_HOUR;
    qk_live_row(b->live, b->stream, time, at_end ? time : time + interval_of(b), recorded, b->cells,
                shown, false);
    return QK_OK;
}

/* Parts of one message may have come as several rows, so a stretch before the last row is read. */
static qk_time stretch_of(qk_stream_kind kind)
{
    return kind == QK_STREAM_RTD || kind == QK_STREAM_STATE ? 5 * QK_MINUTE : QK_MINUTE;
}

static qk_code show_stream(void *context, qk_stream_id id, qk_str mn, qk_stream_kind kind)
{
    rebuilding *b = context;
    qk_time last = 0;
    if (kind == QK_STREAM_FORECAST) return QK_OK;
    qk_code code = qk_telemetry_span(NULL, &last, b->reader, id, b->err);
    if (code == QK_ENOTFOUND || code == QK_EDAMAGED) return QK_OK;
    if (code) return code;
    b->kind = kind;
    b->stream = qk_live_stream_get(b->live, mn, kind);
    if (!b->stream) return QK_OK;
    if (!qk_registry_device(b->registry, &b->device, mn)) qk_device_init(&b->device);
    QK_TRY(qk_telemetry_columns(&b->codes, &b->fields, &b->columns, b->reader, id, b->err));
    code = qk_telemetry_rows(b->reader, id, last - stretch_of(kind), last + 1, QK_TIME_NONE,
                             show_row, b, b->err);
    return code == QK_EDAMAGED ? QK_OK : code;
}

qk_code qk_rebuild_live(qk_live *live, qk_telemetry *telemetry, const qk_registry *registry,
                        const char *db_path, qk_error *err)
{
    rebuilding *b = calloc(1, sizeof *b);
    if (!b) return qk_fail(err, QK_ENOMEM, "no memory to rebuild the live table");
    b->live = live;
    b->registry = registry;
    b->err = err;
    qk_code code = qk_telemetry_reader_open(&b->reader, telemetry, db_path, err);
    if (!code) code = qk_telemetry_streams(b->reader, show_stream, b, err);
    qk_telemetry_reader_close(b->reader);
    free(b);
    return code;
}
