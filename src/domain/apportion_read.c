/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv.h"
#include "domain/apportion.h"
#include "models/polar.h"
#include <math.h>
#include <stdlib.h>

enum { HOURS_LEAST = 50 };
static const double error_share = 0.1, limit_share = 0.05;

void qk_apportion_clear(qk_apportion_record *r)
{
    free(r->name);
    free(r->time);
    free(r->conc);
    free(r->unc);
    free(r->ws);
    free(r->wd);
    free(r->silent);
    free(r->source);
    free(r->library);
    *r = (qk_apportion_record){0};
}

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the samples");
}

static qk_code new_record(qk_apportion_record *r, size_t samples, size_t species, qk_error *err)
{
    size_t cells = samples * species;
    *r = (qk_apportion_record){.species = species, .total = SIZE_MAX};
    r->name = calloc(species + 1, sizeof *r->name);
    r->time = calloc(samples + 1, sizeof *r->time);
    r->conc = calloc(cells + 1, sizeof *r->conc);
    r->unc = calloc(cells + 1, sizeof *r->unc);
    r->silent = calloc(species + 1, sizeof *r->silent);
    return r->name && r->time && r->conc && r->unc && r->silent ? QK_OK : no_memory(err);
}

static void find_total(qk_apportion_record *r)
{
    static const char *const names[] = {"Mass", "PM2.5", "PM25", "PM10", "TotalMass"};
    for (size_t j = 0; j < r->species; j++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (qk_str_eq_nocase(qk_str_of(r->name[j]), qk_str_of(names[k])) &&
                r->total == SIZE_MAX)
                r->total = j;
}

/* ---- files ---- */

static bool take_part(int32_t *out, qk_str *rest, char end)
{
    int64_t n = 0;
    qk_str part = qk_str_cut(rest, end);
    if (qk_parse_i64(&n, part) != QK_OK || n < 0 || n > 9999) return false;
    *out = (int32_t)n;
    return true;
}

/* ISO 8601, or month/day/year with hour:minute as American files have it. */
static qk_time time_of_label(qk_str label)
{
    qk_time t = QK_TIME_NONE;
    qk_civil c = {0};
    qk_str rest = label;
    if (qk_time_parse(&t, label) == QK_OK) return t;
    if (!take_part(&c.month, &rest, '/') || !take_part(&c.day, &rest, '/') ||
        !take_part(&c.year, &rest, ' '))
        return QK_TIME_NONE;
    if (rest.len && (!take_part(&c.hour, &rest, ':') || !take_part(&c.minute, &rest, ':')))
        return QK_TIME_NONE;
    if (c.year < 100) c.year += 2000;
    return qk_time_of(&t, &c) == QK_OK ? t : QK_TIME_NONE;
}

static size_t count_rows(qk_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) n += text.ptr[i] == '\n';
    return n + 1;
}

static qk_code read_cell(double *out, const qk_csv_reader *r, const qk_str *cells, size_t column,
                         const char *file, qk_error *err)
{
    *out = NAN;
    if (qk_csv_missing(cells[column])) return QK_OK;
    if (qk_parse_f64(out, cells[column]) == QK_OK) return QK_OK;
    return qk_fail(err, QK_EFORMAT, "%s, line %u, column %zu: '%.40s' is no number", file,
                   qk_csv_line(r), column + 1, cells[column].ptr ? cells[column].ptr : "");
}

static qk_code read_con(qk_apportion_record *out, qk_csv_reader *r, size_t most, qk_error *err)
{
    const qk_str *cells = NULL;
    qk_code code;
    for (size_t j = 0; j < out->species; j++)
        qk_str_copy(out->name[j], sizeof out->name[j], qk_csv_header(r, j + 1));
    while ((code = qk_csv_next(r, &cells, err)) == QK_OK) {
        if (out->samples == most || out->samples == QK_APPORTION_SAMPLES)
            return qk_fail(err, QK_EFULL, "more than %d samples", QK_APPORTION_SAMPLES);
        out->time[out->samples] = time_of_label(cells[0]);
        for (size_t j = 0; j < out->species; j++)
            QK_TRY(read_cell(&out->conc[out->samples * out->species + j], r, cells, j + 1,
                             "concentrations", err));
        out->samples++;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code read_unc(qk_apportion_record *out, qk_csv_reader *r, qk_error *err)
{
    const qk_str *cells = NULL;
    qk_code code;
    size_t row = 0, column[QK_PMF_SPECIES_MAX];
    for (size_t j = 0; j < out->species; j++) {
        column[j] = qk_csv_column(r, out->name[j]);
        if (column[j] == SIZE_MAX)
            return qk_fail(err, QK_EFORMAT, "uncertainties: no column '%s'", out->name[j]);
    }
    while ((code = qk_csv_next(r, &cells, err)) == QK_OK) {
        if (row == out->samples) break;
        for (size_t j = 0; j < out->species; j++)
            QK_TRY(read_cell(&out->unc[row * out->species + j], r, cells, column[j],
                             "uncertainties", err));
        row++;
    }
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    if (row != out->samples || code == QK_OK)
        return qk_fail(err, QK_EFORMAT, "%zu samples have concentrations, %zu%s uncertainties",
                       out->samples, row, code == QK_OK ? " or more" : "");
    return QK_OK;
}

qk_code qk_apportion_read_csv(qk_apportion_record *out, qk_str con, qk_str unc, qk_error *err)
{
    qk_csv_reader *c = NULL, *u = NULL;
    *out = (qk_apportion_record){0};
    qk_code code = qk_csv_open_text(&c, con, "concentrations", 0, err);
    if (code == QK_OK) code = qk_csv_open_text(&u, unc, "uncertainties", 0, err);
    size_t species = code == QK_OK ? qk_csv_columns(c) - 1 : 0, rows = count_rows(con);
    if (code == QK_OK && (species < 2 || species > QK_PMF_SPECIES_MAX))
        code =
            qk_fail(err, QK_EFORMAT, "%zu species; 2 to %d are taken", species, QK_PMF_SPECIES_MAX);
    if (rows > QK_APPORTION_SAMPLES) rows = QK_APPORTION_SAMPLES;
    if (code == QK_OK) code = new_record(out, rows, species, err);
    if (code == QK_OK) code = read_con(out, c, rows, err);
    if (code == QK_OK) code = read_unc(out, u, err);
    if (code == QK_OK && out->samples < 10)
        code = qk_fail(err, QK_EFORMAT, "only %zu samples", out->samples);
    qk_csv_close(c);
    qk_csv_close(u);
    if (code != QK_OK) {
        qk_apportion_clear(out);
        return code;
    }
    find_total(out);
    return QK_OK;
}

/* ---- a station ---- */

typedef struct column {
    char name[QK_APPORTION_NAME], unit[24];
    double *value;
} column;

static bool is_species(const qk_factor *f)
{
    static const char *const others[] = {"SO2", "NO2", "CO", "O3", "PM10"};
    if (!f->item[0]) return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(f->item, others[i]) == 0) return false;
    return true;
}

static qk_code read_columns(column *out, size_t *n, const qk_registry *registry,
                            qk_telemetry_reader *reader, const qk_site *site, qk_time from,
                            qk_time to, qk_arena *arena, qk_error *err)
{
    qk_device *devices = NULL;
    qk_factor *factors = NULL;
    size_t device_n = 0, factor_n = 0;
    if (qk_registry_devices(registry, arena, &devices, &device_n)) return no_memory(err);
    for (size_t i = 0; devices && i < device_n; i++) {
        if (qk_registry_factors(registry, arena, qk_str_of(devices[i].mn), &factors, &factor_n))
            return no_memory(err);
        for (size_t k = 0; factors && k < factor_n && *n < QK_PMF_SPECIES_MAX; k++) {
            qk_hour_column h;
            const char *at = factors[k].site[0] ? factors[k].site : devices[i].site;
            if (strcmp(at, site->id) != 0 || !is_species(&factors[k])) continue;
            QK_TRY(qk_hours_init(&h, from, to, arena, err));
            QK_TRY(qk_hours_add(&h, &devices[i], &factors[k], reader, arena, err));
            if (h.there == 0) continue;
            qk_str_copy(out[*n].name, sizeof out[*n].name, qk_str_of(factors[k].item));
            qk_str_copy(out[*n].unit, sizeof out[*n].unit, qk_str_of(factors[k].unit));
            out[(*n)++].value = h.value;
        }
    }
    return QK_OK;
}

static bool half_there(const column *c, size_t n, size_t hour)
{
    size_t there = 0;
    for (size_t j = 0; j < n; j++) there += isfinite(c[j].value[hour]);
    return 2 * there >= n;
}

static void take_hour(qk_apportion_record *r, const column *c, size_t hour, qk_time at,
                      const qk_hour_column *ws, const qk_hour_column *wd)
{
    for (size_t j = 0; j < r->species; j++) r->conc[r->samples * r->species + j] = c[j].value[hour];
    r->time[r->samples] = at;
    r->ws[r->samples] = ws->value[hour];
    r->wd[r->samples++] = wd->value[hour];
}

/* sigma = 5/6 of the limit at or below it, else the root of the squares of 10 % and half of it. */
static qk_code make_uncertainties(qk_apportion_record *r, qk_error *err)
{
    double *v = malloc((r->samples + 1) * sizeof *v);
    if (!v) return no_memory(err);
    for (size_t j = 0; j < r->species; j++) {
        size_t n = 0;
        for (size_t i = 0; i < r->samples; i++)
            if (isfinite(r->conc[i * r->species + j])) v[n++] = r->conc[i * r->species + j];
        qk_sort_doubles(v, n);
        double limit = n ? fmax(1e-6, limit_share * v[n / 2]) : 1;
        for (size_t i = 0; i < r->samples; i++) {
            double c = r->conc[i * r->species + j];
            r->unc[i * r->species + j] =
                c <= limit ? limit * 5 / 6 : hypot(error_share * c, limit / 2);
        }
    }
    free(v);
    r->made_unc = true;
    return QK_OK;
}

static qk_code fill_station(qk_apportion_record *out, const column *c, size_t n, size_t hours,
                            qk_time from, const qk_hour_column *ws, const qk_hour_column *wd,
                            qk_error *err)
{
    QK_TRY(new_record(out, hours, n, err));
    out->ws = calloc(hours + 1, sizeof *out->ws);
    out->wd = calloc(hours + 1, sizeof *out->wd);
    if (!out->ws || !out->wd) return no_memory(err);
    for (size_t j = 0; j < n; j++) memcpy(out->name[j], c[j].name, sizeof out->name[j]);
    memcpy(out->unit, c[0].unit, sizeof out->unit);
    for (size_t h = 0; h < hours; h++)
        if (half_there(c, n, h)) take_hour(out, c, h, from + (qk_time)h * QK_HOUR, ws, wd);
    if (out->samples < HOURS_LEAST)
        return qk_fail(err, QK_EFORMAT, "only %zu hours have half of the species; %d are needed",
                       out->samples, HOURS_LEAST);
    find_total(out);
    return make_uncertainties(out, err);
}

qk_code qk_apportion_read_station(qk_apportion_record *out, const qk_registry *registry,
                                  qk_telemetry_reader *reader, const qk_site *site, qk_time from,
                                  qk_time to, qk_arena *arena, qk_error *err)
{
    qk_hour_column ws, wd;
    size_t n = 0, hours = (size_t)((to - from) / QK_HOUR);
    column *c = qk_arena_array(arena, QK_PMF_SPECIES_MAX, sizeof *c);
    *out = (qk_apportion_record){0};
    if (!c) return no_memory(err);
    if (hours > QK_APPORTION_SAMPLES)
        return qk_fail(err, QK_ERANGE, "at most %d hours", QK_APPORTION_SAMPLES);
    QK_TRY(read_columns(c, &n, registry, reader, site, from, to, arena, err));
    if (n < 4)
        return qk_fail(err, QK_EFORMAT, "the station measured %zu species; four are needed", n);
    QK_TRY(qk_hours_read(&ws, NULL, registry, reader, site->id, QK_STR("a01007"), from, to, arena,
                         err));
    QK_TRY(qk_hours_read(&wd, NULL, registry, reader, site->id, QK_STR("a01008"), from, to, arena,
                         err));
    qk_code code = fill_station(out, c, n, hours, from, &ws, &wd, err);
    if (code != QK_OK) qk_apportion_clear(out);
    return code;
}
