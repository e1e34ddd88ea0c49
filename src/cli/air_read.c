/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of the hourly file, the list of stations and the list of dust days. */
#include "base/csv.h"
#include "base/file.h"
#include "cli/air.h"
#include <errno.h>

enum { SUSPECT_ROWS = 240, CO_ODD_MG_M3 = 60 };

/* Above these an hour is impossible: the value is dropped and flagged. */
static const int64_t ceiling_units[QK_POLLUTANTS] = {
    [QK_SO2] = 5000,   [QK_NO2] = 5000, [QK_PM10] = 10000,
    [QK_PM25] = 10000, [QK_CO] = 200,   [QK_O3] = 2000};
static const char *const column_names[QK_POLLUTANTS] = {"SO2", "NO2", "PM10", "PM2.5", "CO", "O3"};

typedef struct reader {
    air *a;
    qk_csv_reader *csv;
    const char *path;
    size_t station_at, time_at, value_at[QK_POLLUTANTS];
    size_t last;      /* station of the row before */
    char date[10];    /* of the row before */
    int32_t date_day; /* its civil day number */
    qk_error *err;
} reader;

static qk_code refuse(reader *r, size_t column, const char *text)
{
    qk_fail(r->err, QK_EFORMAT, "%s", text);
    qk_error_at(r->err, r->path, qk_csv_line(r->csv), (uint32_t)column + 1);
    qk_error_hint(r->err, "the column is the cell's number in its row");
    return QK_EFORMAT;
}

/* Plain digits with at most six decimals; false for anything else. */
static bool parse_plain(qk_str s, int64_t *micro)
{
    static const int32_t rest[7] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    int64_t n = 0;
    size_t i = 0, decimals = 0;
    if (s.len == 0 || s.len > 15 || !qk_is_digit(s.ptr[0])) return false;
    while (i < s.len && qk_is_digit(s.ptr[i])) n = n * 10 + (s.ptr[i++] - '0');
    if (i < s.len && s.ptr[i] == '.') {
        decimals = s.len - ++i;
        if (decimals > 6) return false;
        while (i < s.len && qk_is_digit(s.ptr[i])) n = n * 10 + (s.ptr[i++] - '0');
    }
    if (i != s.len || n > QK_MICRO_MAX) return false;
    *micro = n * rest[decimals];
    return true;
}

static qk_code parse_odd(reader *r, air_station *s, int p, qk_str cell, int64_t *micro)
{
    qk_dec d, fine;
    if (qk_str_eq(cell, QK_STR("/"))) return QK_OK;
    s->measured |= (uint8_t)(1u << p);
    if (qk_csv_missing(cell)) return QK_OK;
    if (qk_dec_parse_e(&d, qk_str_trim(cell)) != QK_OK)
        return refuse(r, r->value_at[p], "no number, NA or /");
    if (d.mantissa < 0) {
        s->day_flags |= AIR_DAY_NEGATIVE;
        s->counts[0]++;
        return QK_OK;
    }
    if (d.scale > 6 && qk_dec_trim(d).scale > 6) {
        s->day_flags |= AIR_DAY_COARSE;
        s->counts[4]++;
    }
    if (qk_dec_round(&fine, d, 6) == QK_OK && fine.mantissa <= QK_MICRO_MAX) {
        *micro = fine.mantissa;
        return QK_OK;
    }
    *micro = QK_MICRO_MAX;
    return QK_OK;
}

static qk_code tell_suspicion(reader *r, int p)
{
    if (p == QK_CO)
        qk_fail(r->err, QK_EFORMAT, "CO looks like ug/m3: most of the first values exceed %d mg/m3",
                CO_ODD_MG_M3);
    else
        qk_fail(r->err, QK_EFORMAT, "%s looks like mg/m3: most of the first values are below 1",
                column_names[p]);
    qk_error_at(r->err, r->path, r->a->suspect[p].line, (uint32_t)r->value_at[p] + 1);
    qk_error_hint(r->err, "CO must be in mg/m3, all others in ug/m3");
    return QK_EFORMAT;
}

/* Wrong units show in the bulk of the values: CO above 60 mg/m3, all others below 1 ug/m3. */
static void suspect_value(reader *r, int p, int64_t micro)
{
    air_suspicion *s = &r->a->suspect[p];
    bool odd = p == QK_CO ? micro > (int64_t)CO_ODD_MG_M3 * 1000000 : micro > 0 && micro < 1000000;
    if (micro == 0) return;
    s->seen++;
    if (!odd) return;
    if (s->odd++ == 0) s->line = qk_csv_line(r->csv);
}

static qk_code judge_suspicion(reader *r, uint32_t enough)
{
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        const air_suspicion *s = &r->a->suspect[p];
        /* Clean air holds less than 1 ug/m3 of SO2 for days; not of the others. */
        if (p != QK_SO2 && s->seen >= enough && s->odd * 2 > s->seen) return tell_suspicion(r, p);
    }
    return QK_OK;
}

static qk_code take_value(reader *r, air_station *s, int p, qk_str cell, int64_t *micro)
{
    *micro = QK_MICRO_NONE;
    if (parse_plain(cell, micro))
        s->measured |= (uint8_t)(1u << p);
    else
        QK_TRY(parse_odd(r, s, p, cell, micro));
    if (*micro < 0) return QK_OK;
    if (r->a->suspect[p].seen < SUSPECT_ROWS) {
        suspect_value(r, p, *micro);
        if (r->a->suspect[p].seen == SUSPECT_ROWS) QK_TRY(judge_suspicion(r, SUSPECT_ROWS));
    }
    if (*micro > ceiling_units[p] * 1000000) {
        s->day_flags |= AIR_DAY_IMPOSSIBLE;
        s->counts[1]++;
        *micro = QK_MICRO_NONE;
    }
    return QK_OK;
}

static qk_code check_name(reader *r, qk_str name)
{
    if (name.len == 0) return refuse(r, r->station_at, "a row without station");
    if (!qk_utf8_valid(name)) return refuse(r, r->station_at, "the station's name is not UTF-8");
    return QK_OK;
}

static qk_code find_station(reader *r, qk_str name, air_station **out)
{
    air *a = r->a;
    for (size_t step = 0; step < 2 && a->stations; step++) {
        size_t i = (r->last + step) % a->stations;
        if (!qk_str_eq(a->station[i]->name, name)) continue;
        r->last = i;
        *out = a->station[i];
        return QK_OK;
    }
    size_t index;
    QK_TRY(check_name(r, name));
    QK_TRY(air_station_get(a, &index, name, r->err));
    r->last = index;
    *out = a->station[index];
    return QK_OK;
}

/* Minutes of a zone text, INT32_MAX for none; false when it is no zone. */
static bool parse_zone(qk_str tail, int32_t *minutes)
{
    *minutes = INT32_MAX;
    if (tail.len == 0) return true;
    *minutes = 0;
    if (tail.len == 1 && (tail.ptr[0] == 'Z' || tail.ptr[0] == 'z')) return true;
    if (tail.ptr[0] != '+' && tail.ptr[0] != '-') return false;
    int32_t digits = 0, n = 0;
    for (size_t i = 1; i < tail.len; i++) {
        if (tail.ptr[i] == ':' && i == 3) continue;
        if (!qk_is_digit(tail.ptr[i])) return false;
        n = n * 10 + (tail.ptr[i] - '0');
        digits++;
    }
    if (digits == 2) n *= 100;
    if (digits != 2 && digits != 4) return false;
    *minutes = (n / 100 * 60 + n % 100) * (tail.ptr[0] == '-' ? -1 : 1);
    return true;
}

static qk_code check_zone(reader *r, qk_str tail, int32_t *shift_min)
{
    int32_t minutes;
    if (!parse_zone(tail, &minutes)) return refuse(r, r->time_at, "no time of ISO 8601");
    if (r->a->zone == INT32_MIN) r->a->zone = minutes;
    if (r->a->zone != minutes)
        return refuse(r, r->time_at,
                      "another time zone than in the rows before: one file, one zone");
    *shift_min = minutes == INT32_MAX ? 0 : 480 - minutes;
    if (*shift_min % 60 != 0)
        return refuse(r, r->time_at, "a zone whose hours are not those of UTC+8");
    return QK_OK;
}

static bool two_digits(const char *p, int32_t *out)
{
    *out = (p[0] - '0') * 10 + (p[1] - '0');
    return qk_is_digit(p[0]) && qk_is_digit(p[1]);
}

static qk_code read_date(reader *r, qk_str text)
{
    qk_time t;
    if (memcmp(r->date, text.ptr, 10) == 0) return QK_OK;
    if (qk_time_parse(&t, (qk_str){text.ptr, 10}) != QK_OK)
        return refuse(r, r->time_at, "no date of ISO 8601, or one that no calendar has");
    memcpy(r->date, text.ptr, 10);
    r->date_day = qk_day_number(t);
    return QK_OK;
}

/* Passes over ":00" as often as it stands; what is left is the zone. */
static bool skip_zero_minutes(qk_str *tail)
{
    for (int i = 0; i < 2 && tail->len >= 3 && tail->ptr[0] == ':'; i++) {
        if (tail->ptr[1] != '0' || tail->ptr[2] != '0') return false;
        *tail = (qk_str){tail->ptr + 3, tail->len - 3};
    }
    if (tail->len && tail->ptr[0] == '.') {
        size_t n = 1;
        while (n < tail->len && tail->ptr[n] == '0') n++;
        *tail = (qk_str){tail->ptr + n, tail->len - n};
    }
    return true;
}

/* Civil day and slot 0..23 (01:00 .. 24:00) of a period end. */
static qk_code read_time(reader *r, air_station *s, qk_str text, int32_t *day, int32_t *slot)
{
    int32_t hour = 0, shift = 0;
    text = qk_str_trim(text);
    if (text.len < 13 || (text.ptr[10] != 'T' && text.ptr[10] != ' ') ||
        !two_digits(text.ptr + 11, &hour) || hour > 24)
        return refuse(r, r->time_at, "no time of ISO 8601 (2025-01-01T01:00, the period's end)");
    QK_TRY(read_date(r, text));
    qk_str tail = {text.ptr + 13, text.len - 13};
    if (!skip_zero_minutes(&tail)) return refuse(r, r->time_at, "not on the hour");
    QK_TRY(check_zone(r, tail, &shift));
    if (hour == 24) {
        r->a->midnight_24++;
        s->day_flags |= AIR_DAY_LABEL_24;
        s->counts[3]++;
    }
    if (hour == 0) r->a->midnight_00++;
    int32_t since = r->date_day * 24 + hour + shift / 60 - 1; /* hour that ends then */
    *day = since >= 0 ? since / 24 : -((23 - since) / 24);
    *slot = since - *day * 24;
    return QK_OK;
}

static void open_day(air_station *s, int32_t day, uint32_t carried)
{
    s->day = day;
    s->seen = 0;
    s->measured = 0;
    s->day_flags = carried;
    memset(&s->hours, 0xff, sizeof s->hours);
}

static qk_code turn_day(reader *r, air_station *s, int32_t day, uint32_t carried)
{
    if (s->day == day) return QK_OK;
    if (s->day != INT32_MIN) {
        if (day < s->day)
            return refuse(r, r->time_at,
                          "the station goes back to an earlier day: its rows must be in order of "
                          "time");
        QK_TRY(air_close_day(r->a, s, r->err));
    }
    open_day(s, day, carried);
    return QK_OK;
}

static qk_code keep_values(reader *r, air_station *s, int32_t slot,
                           const int64_t micro[QK_POLLUTANTS])
{
    if (!((s->seen >> slot) & 1)) {
        s->seen |= 1u << slot;
        for (int p = 0; p < QK_POLLUTANTS; p++) s->hours.micro[p][slot] = micro[p];
        return QK_OK;
    }
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (s->hours.micro[p][slot] != micro[p])
            return refuse(r, r->time_at,
                          "the hour stands twice for this station, with other values");
    s->day_flags |= AIR_DAY_DUPLICATE;
    s->counts[2]++;
    return QK_OK;
}

static qk_code take_row(reader *r, const qk_str *cells)
{
    air_station *s = NULL;
    int32_t day = 0, slot = 0;
    int64_t micro[QK_POLLUTANTS];
    QK_TRY(find_station(r, cells[r->station_at], &s));
    uint32_t before = s->day_flags;
    QK_TRY(read_time(r, s, cells[r->time_at], &day, &slot));
    if (day < r->a->options.from_day || day > r->a->options.to_day) {
        s->day_flags = before;
        return QK_OK;
    }
    if (s->day != day) {
        uint32_t carried = s->day_flags & AIR_DAY_LABEL_24 & ~before;
        s->day_flags = before;
        QK_TRY(turn_day(r, s, day, carried));
    }
    for (int p = 0; p < QK_POLLUTANTS; p++)
        QK_TRY(take_value(r, s, p, cells[r->value_at[p]], &micro[p]));
    r->a->rows++;
    return keep_values(r, s, slot, micro);
}

static qk_code find_column(reader *r, size_t *at, const char *name, const char *other)
{
    *at = qk_csv_column(r->csv, name);
    if (*at == SIZE_MAX && other) *at = qk_csv_column(r->csv, other);
    size_t twice = qk_csv_column_twice(r->csv, *at);
    if (twice == SIZE_MAX && other && *at != SIZE_MAX) {
        twice = qk_csv_column(r->csv, other);
        if (twice == *at) twice = SIZE_MAX;
    }
    if (*at != SIZE_MAX && twice == SIZE_MAX) return QK_OK;
    if (*at == SIZE_MAX)
        qk_fail(r->err, QK_EFORMAT, "no column '%s'", name);
    else
        qk_fail(r->err, QK_EFORMAT, "the column '%s' stands twice", name);
    return qk_error_at(r->err, r->path, 1, twice == SIZE_MAX ? 0 : (uint32_t)twice + 1), QK_EFORMAT;
}

static qk_code open_csv(reader *r, air *a, FILE **file, const char *path, qk_error *err)
{
    *r = (reader){.a = a, .path = path, .err = err};
    *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!*file) return qk_fail_errno(err, errno, "%s", path);
    QK_TRY(qk_csv_open(&r->csv, *file, path, 0, err));
    return find_column(r, &r->station_at, "station", "stationcode");
}

static void close_csv(reader *r, FILE *file)
{
    qk_csv_close(r->csv);
    if (file && file != stdin) fclose(file);
}

static qk_code read_rows(reader *r, qk_code (*take)(reader *, const qk_str *))
{
    const qk_str *cells;
    qk_code code;
    while ((code = qk_csv_next(r->csv, &cells, r->err)) == QK_OK) QK_TRY(take(r, cells));
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code read_hours(reader *r)
{
    QK_TRY(find_column(r, &r->time_at, "time", NULL));
    for (int p = 0; p < QK_POLLUTANTS; p++)
        QK_TRY(find_column(r, &r->value_at[p], column_names[p], p == QK_PM25 ? "PM25" : NULL));
    QK_TRY(read_rows(r, take_row));
    QK_TRY(judge_suspicion(r, 24));
    for (size_t i = 0; i < r->a->stations; i++)
        if (r->a->station[i]->day != INT32_MIN)
            QK_TRY(air_close_day(r->a, r->a->station[i], r->err));
    return QK_OK;
}

qk_code air_read_hours(air *a, const char *path, qk_error *err)
{
    reader r;
    FILE *file = NULL;
    qk_code code = open_csv(&r, a, &file, path, err);
    if (code == QK_OK) code = read_hours(&r);
    close_csv(&r, file);
    return code;
}

static qk_code read_degrees(reader *r, const qk_str *cells, const char *name, double limit,
                            double *out, bool *there)
{
    size_t at = qk_csv_column(r->csv, name);
    *there = false;
    if (at == SIZE_MAX || qk_csv_missing(cells[at])) return QK_OK;
    if (qk_parse_f64(out, cells[at]) != QK_OK || *out > limit || *out < -limit)
        return refuse(r, at, "no coordinate in degrees");
    *there = true;
    return QK_OK;
}

/* Kinds as this file or the register (air_road) or a list in Chinese names them. */
static const struct kind {
    const char *name, *zh;
    bool ranked, in_city;
} kinds[] = {{"national", "国控", true, true},       {"provincial", "省控", true, true},
             {"city", "市控", true, true},           {"county", "县控", true, true},
             {"urban", "城市", true, true},          {"background", "背景", true, true},
             {"township", "乡镇", true, false},      {"road", "道路", false, false},
             {"micro", "微", false, false},          {"grid", "网格", false, false},
             {"construction", "工地", false, false}, {"park", "园区", false, false},
             {"component", "组分", false, false},    {"profile", "廓线", false, false},
             {"pilot", "试验", false, false}};

static void take_kind(air_station *s)
{
    qk_str kind = qk_str_trim(qk_str_of(s->kind));
    if (kind.len == 0) return;
    if (qk_str_starts(kind, QK_STR("air_"))) kind = (qk_str){kind.ptr + 4, kind.len - 4};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!qk_str_eq(kind, qk_str_of(kinds[i].name)) &&
            !qk_str_starts(kind, qk_str_of(kinds[i].zh)))
            continue;
        s->ranked = kinds[i].ranked;
        s->in_city = kinds[i].in_city;
        return;
    }
    s->odd_kind = true;
}

static qk_code take_station(reader *r, const qk_str *cells)
{
    size_t index, at;
    bool lon, lat;
    qk_str name = cells[r->station_at];
    QK_TRY(check_name(r, name));
    QK_TRY(air_station_get(r->a, &index, name, r->err));
    air_station *s = r->a->station[index];
    if (s->listed) return refuse(r, r->station_at, "the station stands twice in the list");
    s->listed = true;
    at = qk_csv_column(r->csv, "name");
    if (at != SIZE_MAX) qk_str_copy(s->title, sizeof s->title, cells[at]);
    at = qk_csv_column(r->csv, "kind");
    if (at != SIZE_MAX) qk_str_copy(s->kind, sizeof s->kind, cells[at]);
    QK_TRY(read_degrees(r, cells, "lon", 180, &s->lon_deg, &lon));
    QK_TRY(read_degrees(r, cells, "lat", 90, &s->lat_deg, &lat));
    s->located = lon && lat;
    take_kind(s);
    return QK_OK;
}

qk_code air_read_stations(air *a, const char *path, qk_error *err)
{
    reader r;
    FILE *file = NULL;
    qk_code code = open_csv(&r, a, &file, path, err);
    if (code == QK_OK) code = read_rows(&r, take_station);
    close_csv(&r, file);
    a->has_list = true;
    return code;
}

static qk_code take_dust(reader *r, const qk_str *cells)
{
    char key[160];
    qk_time t;
    qk_str name = cells[r->station_at];
    if (qk_time_parse(&t, qk_str_trim(cells[r->time_at])) != QK_OK)
        return refuse(r, r->time_at, "no date");
    if (name.len == 0) name = QK_STR("*");
    if (!qk_utf8_valid(name)) return refuse(r, r->station_at, "the station's name is not UTF-8");
    if (!qk_str_eq(name, QK_STR("*")) && qk_map_set(r->a->dust_names, name, 1) != QK_OK)
        return qk_fail(r->err, QK_EFULL, "too many stations with dust days");
    int n = snprintf(key, sizeof key, "%.*s|%d", QK_STR_ARG(name), qk_day_number(t));
    if (n < 0 || (size_t)n >= sizeof key) return refuse(r, r->station_at, "name too long");
    qk_code code = qk_map_set(r->a->dust, (qk_str){key, (size_t)n}, 1);
    return code == QK_OK ? QK_OK : qk_fail(r->err, code, "too many dust days");
}

qk_code air_read_dust(air *a, const char *path, qk_error *err)
{
    reader r;
    FILE *file = NULL;
    qk_code code = open_csv(&r, a, &file, path, err);
    if (code == QK_OK) code = find_column(&r, &r.time_at, "date", "day");
    if (code == QK_OK) code = read_rows(&r, take_dust);
    close_csv(&r, file);
    return code;
}

qk_code air_read_rules(qk_rules *out, const char *path, qk_error *err)
{
    qk_buf text;
    qk_arena arena;
    qk_buf_init(&text, 1 << 22);
    qk_arena_init(&arena, 1 << 24);
    qk_code code = qk_file_read(&text, path, err);
    if (code == QK_OK) {
        code = qk_rules_parse(out, qk_buf_str(&text), &arena, err);
        if (code != QK_OK) qk_error_at(err, path, err->line, err->column);
    }
    qk_arena_clear(&arena);
    qk_buf_clear(&text);
    return code;
}
