/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/load_source.h"
#include "base/csv.h"
#include "base/decimal.h"
#include "base/file.h"
#include "base/map.h"
#include "base/unxz.h"
#include "sim/county_tables.h"
#include "sim/device.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PACKETS_MAX_BYTES = 256 << 20, STATIONS_MAX = 100000, MN_MAX = 25, ITEMS = 6 };

typedef struct packet_line {
    const char *ptr;
    size_t len;
} packet_line;

struct qk_load_source {
    size_t n;
    bool for_ever, at_end;
    /* invented loggers */
    qk_sim_profile profile;
    qk_sim_device *devices;
    qk_time *next_minute;
    /* packets */
    qk_buf text;
    packet_line *lines;
    size_t n_lines, n_sent;
    size_t *at;
    /* hourly records */
    FILE *file;
    qk_csv_reader *csv;
    qk_map *stations;
    char (*mns)[MN_MAX];
    size_t station, time, parts[4], items[ITEMS]; /* columns; SIZE_MAX = none */
    bool in_parts;                                /* the time stands in year, month, day, hour */
    const qk_str *row;                            /* the row to be sent next; NULL = none read */
    size_t row_device;
};

void qk_load_source_free(qk_load_source *s)
{
    if (!s) return;
    free(s->devices);
    free(s->next_minute);
    qk_buf_clear(&s->text);
    free(s->lines);
    free(s->at);
    qk_csv_close(s->csv);
    if (s->file) fclose(s->file);
    qk_map_free(s->stations);
    free(s->mns);
    free(s);
}

size_t qk_load_source_count(const qk_load_source *s)
{
    return s->n;
}

/* ---- invented loggers ---- */

qk_code qk_load_source_devices(qk_load_source **out, size_t n, qk_time start, qk_error *err)
{
    qk_load_source *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for the source");
    s->n = n;
    s->profile = qk_sim_profiles[QK_SIM_OUTLET];
    s->profile.min_interval_min = 1;
    s->devices = calloc(n, sizeof *s->devices);
    s->next_minute = calloc(n, sizeof *s->next_minute);
    if (!s->devices || !s->next_minute) {
        qk_load_source_free(s);
        return qk_fail(err, QK_ENOMEM, "no memory for %zu devices", n);
    }
    for (size_t i = 0; i < n; i++) {
        qk_sim_device *d = &s->devices[i];
        *d = (qk_sim_device){.profile = &s->profile, .seed = 90000 + i, .level = 1};
        snprintf(d->mn, sizeof d->mn, "99020000A000%012u", (unsigned)i);
        s->next_minute[i] = qk_floor_minute(start);
    }
    *out = s;
    return QK_OK;
}

static size_t next_logger(qk_load_source *s, size_t device, char *out, size_t size)
{
    qk_time t = s->next_minute[device];
    s->next_minute[device] += QK_MINUTE;
    return qk_sim_data_frame(out, size, &s->devices[device], 2051, t, t + QK_MINUTE + 123, false,
                             false);
}

/* ---- packets ---- */

static size_t count_lines(const qk_buf *text)
{
    size_t n = 1;
    for (size_t i = 0; i < text->len; i++) n += text->ptr[i] == '\n';
    return n;
}

static void cut_lines(qk_load_source *s)
{
    qk_str rest = {s->text.ptr, s->text.len};
    while (rest.len) {
        qk_str line = qk_str_cut(&rest, '\n');
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        if (line.len) s->lines[s->n_lines++] = (packet_line){line.ptr, line.len};
    }
}

qk_code qk_load_source_packets(qk_load_source **out, const char *path, size_t n, bool for_ever,
                               qk_error *err)
{
    qk_code code;
    qk_load_source *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for the source");
    s->n = n;
    s->for_ever = for_ever;
    qk_buf_init(&s->text, PACKETS_MAX_BYTES);
    QK_TRY_OUT(code, qk_file_read(&s->text, path, err));
    s->lines = calloc(count_lines(&s->text), sizeof *s->lines);
    s->at = calloc(n, sizeof *s->at);
    if (!s->lines || !s->at) {
        code = qk_fail(err, QK_ENOMEM, "no memory for the packets of %s", path);
        goto out;
    }
    cut_lines(s);
    if (!s->n_lines) {
        code = qk_fail(err, QK_EFORMAT, "%s holds no packet", path);
        goto out;
    }
    for (size_t i = 0; i < n; i++) s->at[i] = i;
    *out = s;
    return QK_OK;
out:
    qk_load_source_free(s);
    return code;
}

static size_t next_packet(qk_load_source *s, size_t device, char *out, size_t size)
{
    size_t at = s->at[device];
    if (at >= s->n_lines) {
        if (!s->for_ever) return 0;
        at = device % s->n_lines;
    }
    s->at[device] = at + s->n;
    s->n_sent++;
    packet_line line = s->lines[at];
    if (line.len + 2 > size) return 0;
    memcpy(out, line.ptr, line.len);
    memcpy(out + line.len, "\r\n", 2);
    return line.len + 2;
}

/* ---- hourly records ---- */

/* The form of `air evaluate`, and what real records are published in: the feed of the national
 * network (stationcode, pm2_5, '/' for not measured), city means, and the UCI form (year, month,
 * day, hour), where the hour is the one that begins and CO is in ug/m3. */
static const char *const station_names[] = {"station", "stationcode", "city"};
static const char *const item_names[ITEMS][2] = {{"SO2", "SO2"},   {"NO2", "NO2"},
                                                 {"CO", "CO"},     {"O3", "O3"},
                                                 {"PM10", "PM10"}, {"PM2.5", "pm2_5"}};
static const char *const part_names[4] = {"year", "month", "day", "hour"};
static const char *const csv_codes[ITEMS] = {"a21026", "a21004", "a21005",
                                             "a05024", "a34002", "a34004"};

static qk_code find_columns(qk_load_source *s, const char *path, qk_error *err)
{
    const qk_csv_reader *csv = s->csv;
    s->station = s->time = SIZE_MAX;
    for (size_t i = 0; i < 3 && s->station == SIZE_MAX; i++)
        s->station = qk_csv_column(csv, station_names[i]);
    s->time = qk_csv_column(csv, "time");
    s->in_parts = s->time == SIZE_MAX;
    for (size_t i = 0; i < 4; i++) {
        s->parts[i] = qk_csv_column(csv, part_names[i]);
        if (s->parts[i] == SIZE_MAX && s->in_parts)
            return qk_fail(err, QK_EFORMAT,
                           "%s has no column 'time', nor 'year', 'month', 'day', 'hour': hourly "
                           "records are needed",
                           path);
    }
    if (s->station == SIZE_MAX) return qk_fail(err, QK_EFORMAT, "%s has no column 'station'", path);
    bool any = false;
    for (size_t i = 0; i < ITEMS; i++) {
        s->items[i] = qk_csv_column(csv, item_names[i][0]);
        if (s->items[i] == SIZE_MAX) s->items[i] = qk_csv_column(csv, item_names[i][1]);
        any |= s->items[i] != SIZE_MAX;
    }
    return any ? QK_OK
               : qk_fail(err, QK_EFORMAT, "%s has a column for none of the six items", path);
}

static qk_code open_csv(qk_load_source *s, const char *path, qk_error *err)
{
    qk_csv_close(s->csv);
    if (s->file) fclose(s->file);
    s->csv = NULL;
    s->file = NULL;
    QK_TRY(qk_open_unpacked(&s->file, path, err));
    QK_TRY(qk_csv_open(&s->csv, s->file, path, 0, err));
    return find_columns(s, path, err);
}

static bool is_missing(qk_str cell)
{
    return qk_csv_missing(cell) || qk_str_eq(cell, QK_STR("/"));
}

/* ISO 8601, also "2026-02-26T20", which names the hour alone. */
static bool read_instant(qk_time *out, qk_str text)
{
    enum { TO_THE_HOUR = 13 };
    char full[QK_TIME_TEXT];
    if (text.len != TO_THE_HOUR) return qk_time_parse(out, text) == QK_OK;
    snprintf(full, sizeof full, "%.*s:00", QK_STR_ARG(text));
    return qk_time_parse(out, qk_str_of(full)) == QK_OK;
}

/* End of the row's hour. */
static bool read_end(const qk_load_source *s, const qk_str *cells, qk_time *end)
{
    int64_t v[4];
    char text[QK_TIME_TEXT];
    if (!s->in_parts) return read_instant(end, cells[s->time]);
    for (size_t i = 0; i < 4; i++)
        if (qk_parse_i64(&v[i], cells[s->parts[i]]) || v[i] < 0 || v[i] > 9999) return false;
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d", (int)v[0], (int)v[1], (int)v[2], (int)v[3]);
    if (!read_instant(end, qk_str_of(text))) return false;
    *end += QK_HOUR;
    return true;
}

/* The value in the unit that stations send: CO in mg/m3. */
static bool read_item(const qk_load_source *s, size_t item, qk_str cell, qk_dec *out)
{
    enum { CO = 2, SCALE_MOST = 12 };
    if (qk_dec_parse(out, cell) != QK_OK || out->scale > SCALE_MOST) return false;
    if (s->in_parts && item == CO) out->scale += 3;
    return true;
}

static bool mn_letters(qk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!qk_is_digit(s.ptr[i]) && !qk_is_alpha(s.ptr[i])) return false;
    return s.len > 0;
}

static qk_code name_station(qk_load_source *s, qk_str station, const char *prefix, qk_error *err)
{
    if (qk_map_get(s->stations, station, NULL)) return QK_OK;
    if ((s->n & (s->n - 1)) == 0) {
        void *grown = realloc(s->mns, (s->n ? 2 * s->n : 1) * sizeof *s->mns);
        if (!grown) return qk_fail(err, QK_ENOMEM, "no memory for the stations");
        s->mns = grown;
    }
    if (mn_letters(station) && strlen(prefix) + station.len < MN_MAX)
        snprintf(s->mns[s->n], MN_MAX, "%s%.*s", prefix, QK_STR_ARG(station));
    else
        snprintf(s->mns[s->n], MN_MAX, "%.12s%012zu", prefix, s->n + 1);
    if (qk_map_set(s->stations, station, s->n) != QK_OK)
        return qk_fail(err, QK_EFULL, "more than %d stations", STATIONS_MAX);
    s->n++;
    return QK_OK;
}

static qk_code refuse_cell(const qk_load_source *s, const char *path, const qk_str *cells,
                           size_t column, const char *what, qk_error *err)
{
    qk_fail(err, QK_EFORMAT, "'%.*s' is not %s", QK_STR_ARG(cells[column]), what);
    return qk_error_at(err, path, qk_csv_line(s->csv), (uint32_t)column + 1);
}

static qk_code check_row(qk_load_source *s, const qk_str *cells, const char *path, qk_error *err)
{
    qk_time t;
    if (!read_end(s, cells, &t))
        return refuse_cell(s, path, cells, s->in_parts ? s->parts[0] : s->time,
                           s->in_parts ? "the year of an hour" : "an ISO 8601 time", err);
    for (size_t i = 0; i < ITEMS; i++) {
        qk_dec d;
        if (s->items[i] == SIZE_MAX || is_missing(cells[s->items[i]])) continue;
        if (!read_item(s, i, cells[s->items[i]], &d))
            return refuse_cell(s, path, cells, s->items[i], "a number", err);
    }
    return QK_OK;
}

qk_code qk_load_source_csv(qk_load_source **out, const char *path, const char *mn_prefix,
                           qk_error *err)
{
    qk_code code;
    const qk_str *cells;
    qk_load_source *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for the source");
    qk_buf_init(&s->text, 1);
    QK_TRY_OUT(code, qk_map_new(&s->stations, STATIONS_MAX));
    QK_TRY_OUT(code, open_csv(s, path, err));
    while ((code = qk_csv_next(s->csv, &cells, err)) == QK_OK) {
        QK_TRY_OUT(code, check_row(s, cells, path, err));
        QK_TRY_OUT(code, name_station(s, cells[s->station], mn_prefix, err));
    }
    if (code != QK_ENOTFOUND) goto out;
    if (!s->n) {
        code = qk_fail(err, QK_EFORMAT, "%s holds no row", path);
        goto out;
    }
    QK_TRY_OUT(code, open_csv(s, path, err));
    *out = s;
    return QK_OK;
out:
    qk_load_source_free(s);
    return code;
}

static bool read_row(qk_load_source *s)
{
    uint64_t device;
    if (s->row) return true;
    if (s->at_end || qk_csv_next(s->csv, &s->row, NULL) != QK_OK) {
        s->row = NULL;
        s->at_end = true;
        return false;
    }
    s->row_device = qk_map_get(s->stations, s->row[s->station], &device) ? (size_t)device : 0;
    return true;
}

static size_t next_record(qk_load_source *s, size_t device, char *out, size_t size)
{
    char cp[512], stamp[QK_TIME_TEXT];
    qk_time end = 0;
    if (!read_row(s) || s->row_device != device) return 0;
    const qk_str *row = s->row;
    s->row = NULL;
    if (!read_end(s, row, &end)) return 0;
    int len = snprintf(cp, sizeof cp, "DataTime=%s", qk_time_compact14(stamp, end - QK_HOUR));
    for (size_t i = 0; i < ITEMS; i++) {
        char digits[QK_DEC_TEXT];
        qk_dec value;
        if (s->items[i] == SIZE_MAX || is_missing(row[s->items[i]])) continue;
        if (!read_item(s, i, row[s->items[i]], &value)) continue;
        len += snprintf(cp + len, sizeof cp - (size_t)len, ";%s-Avg=%s,%s-Flag=N", csv_codes[i],
                        qk_dec_format(digits, value), csv_codes[i]);
    }
    qk_sim_device d = {.profile = &qk_sim_profiles[QK_SIM_AIR_TOWNSHIP]};
    snprintf(d.mn, sizeof d.mn, "%s", s->mns[device]);
    return qk_sim_plain_frame(out, size, &d, 2061, NULL, end, -1, (qk_hj212_text){cp, (size_t)len});
}

/* ---- the source ---- */

static size_t next_frame(void *context, size_t device, qk_time now, char *out, size_t size)
{
    qk_load_source *s = context;
    (void)now;
    if (s->devices) return next_logger(s, device, out, size);
    if (s->lines) return next_packet(s, device, out, size);
    return next_record(s, device, out, size);
}

static bool is_finished(void *context)
{
    const qk_load_source *s = context;
    if (s->devices || s->for_ever) return false;
    if (s->lines) return s->n_sent >= s->n_lines;
    return s->at_end && !s->row;
}

qk_fleet_source qk_load_source_use(qk_load_source *s)
{
    return (qk_fleet_source){.context = s, .next = next_frame, .finished = is_finished};
}
