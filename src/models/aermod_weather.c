/* SPDX-License-Identifier: Apache-2.0 */
#include "models/aermod_weather.h"
#include "base/time.h"
#include <math.h>

enum { SURFACE_FIELDS = 20, PROFILE_FIELDS = 11, FIELDS_MAX = 26 };

static bool next_line(qk_str *rest, qk_str *line, uint32_t *number)
{
    while (rest->len > 0) {
        *line = qk_str_cut(rest, '\n');
        (*number)++;
        if (qk_str_trim(*line).len > 0) return true;
    }
    return false;
}

static qk_str next_word(qk_str *rest)
{
    size_t from = 0, to;
    while (from < rest->len && (qk_is_space(rest->ptr[from]) || rest->ptr[from] == ',')) from++;
    to = from;
    while (to < rest->len && !qk_is_space(rest->ptr[to]) && rest->ptr[to] != ',') to++;
    qk_str word = {rest->ptr + from, to - from};
    *rest = (qk_str){rest->ptr + to, rest->len - to};
    return word;
}

static qk_code fail_at(qk_error *err, const char *name, uint32_t line, uint32_t column)
{
    qk_error_at(err, name, line, column);
    return QK_EFORMAT;
}

/* Leading numbers of a line; fields beyond `need` are read as long as they are numbers. */
static qk_code read_numbers(double *out, int need, int most, qk_str line, const char *name,
                            uint32_t number, qk_error *err)
{
    qk_str rest = line;
    for (int i = 0; i < most; i++) {
        qk_str word = next_word(&rest);
        if (word.len > 0 && qk_parse_f64(&out[i], word) == QK_OK) continue;
        if (i >= need) {
            out[i] = NAN;
            continue;
        }
        if (word.len == 0)
            qk_fail(err, QK_EFORMAT, "only %d of %d fields", i, need);
        else
            qk_fail(err, QK_EFORMAT, "field %d is no number: '%.*s'", i + 1,
                    (int)(word.len < 40 ? word.len : 40), word.ptr);
        return fail_at(err, name, number, word.len ? (uint32_t)(word.ptr - line.ptr) + 1 : 0);
    }
    return QK_OK;
}

int qk_aermod_day_of_year(int year, int month, int day)
{
    int n = day;
    for (int m = 1; m < month; m++) n += qk_days_in_month(year, m);
    return n;
}

static bool whole(double v, int low, int high)
{
    return v >= low && v <= high && v == floor(v);
}

/* Year, month, day, hour; two-digit years are of 1950..2049. */
static bool take_date(const double v[4], int date[4])
{
    if (!whole(v[0], 0, 2200) || !whole(v[1], 1, 12) || !whole(v[3], 1, 24)) return false;
    date[0] = (int)v[0];
    if (date[0] < 100) date[0] += date[0] >= 50 ? 1900 : 2000;
    date[1] = (int)v[1];
    if (!whole(v[2], 1, qk_days_in_month(date[0], date[1]))) return false;
    date[2] = (int)v[2];
    date[3] = (int)v[3];
    return true;
}

static int64_t hour_key(const int d[4])
{
    return ((int64_t)d[0] * 400 + qk_aermod_day_of_year(d[0], d[1], d[2])) * 24 + d[3];
}

qk_code qk_aermod_weather_open(qk_aermod_weather *w, qk_str surface, const char *surface_name,
                               qk_str profile, const char *profile_name, qk_error *err)
{
    *w = (qk_aermod_weather){.surface = surface,
                             .profile = profile,
                             .surface_name = surface_name,
                             .profile_name = profile_name};
    qk_str line;
    if (!next_line(&w->surface, &line, &w->surface_line)) {
        qk_fail(err, QK_EFORMAT, "no header: the file is empty");
        return fail_at(err, surface_name, 1, 0);
    }
    w->adjusted_ustar = qk_str_find(line, QK_STR("ADJ_U*"), 0) != SIZE_MAX;
    w->bulk_richardson = qk_str_find(line, QK_STR("BULKRN"), 0) != SIZE_MAX;
    size_t at = qk_str_find(line, QK_STR("VERSION:"), 0);
    if (at == SIZE_MAX) {
        qk_fail(err, QK_EFORMAT, "the first line is no header of a surface file (no VERSION:)");
        return fail_at(err, surface_name, 1, 0);
    }
    qk_str rest = {line.ptr + at + 8, line.len - at - 8};
    qk_str_copy(w->version, sizeof w->version, next_word(&rest));
    return QK_OK;
}

static void put_surface(qk_plume_hour *h, const double *v)
{
    h->heat_flux_w_m2 = v[5];
    h->ustar_m_s = v[6];
    h->wstar_m_s = v[7];
    h->gradient_above_k_m = v[8];
    h->convective_height_m = v[9];
    h->mechanical_height_m = v[10];
    h->obukhov_m = v[11];
    h->roughness_m = v[12];
    h->wind_m_s = v[15];
    h->direction_deg = v[16] == 0 ? 360 : v[16];
    h->wind_height_m = v[17];
    h->temperature_k = v[18];
    h->temperature_height_m = v[19];
    h->cloud_tenths = isnan(v[24]) ? 99 : v[24];
}

static double present(double v, bool missing)
{
    return missing ? NAN : v;
}

static void put_level(qk_plume_observed *o, const double *v)
{
    double wd = v[6], ws = v[7], temp = v[8], theta = v[9], sw = v[10];
    bool no_speed = ws < 0 || ws >= 90, no_direction = wd < 0 || wd > 360;
    if (ws == 0 && wd == 0) no_speed = no_direction = true;
    o->height_m = v[4];
    o->wind_m_s = present(ws, no_speed);
    o->direction_deg = present(wd == 0 ? 360 : wd, no_direction);
    o->temperature_k = present(temp + 273.16, temp <= -90 || temp >= 99);
    o->sigma_v_m_s = NAN;
    if (theta >= 0 && theta < 99 && !no_speed) {
        double s = theta * (M_PI / 180), e = sin(s) * (1 - 0.073864 * s);
        o->sigma_v_m_s = fmax(s * ws * sqrt(1 - e * e), 0.2);
    }
    o->sigma_w_m_s = present(fmax(sw, 0.02), sw < 0 || sw >= 90);
}

static qk_code read_levels(qk_aermod_weather *w, qk_plume_hour *h, int64_t key, qk_error *err)
{
    qk_str line;
    double v[PROFILE_FIELDS], below = -1;
    int date[4];
    h->observed_count = 0;
    for (bool top = false; !top;) {
        if (!next_line(&w->profile, &line, &w->profile_line)) {
            qk_fail(err, QK_EFORMAT, "the file ends before the surface file does");
            return fail_at(err, w->profile_name, w->profile_line, 0);
        }
        QK_TRY(read_numbers(v, PROFILE_FIELDS, PROFILE_FIELDS, line, w->profile_name,
                            w->profile_line, err));
        if (!take_date(v, date) || hour_key(date) != key) {
            qk_fail(err, QK_EFORMAT, "the hour is not that of the surface file, line %u",
                    w->surface_line);
            return fail_at(err, w->profile_name, w->profile_line, 1);
        }
        if (!(v[4] > below) || v[4] > 5000 || h->observed_count == QK_PLUME_OBSERVED_MAX) {
            qk_fail(err, QK_EFORMAT, "levels must rise, to 5,000 m and to %d levels at most",
                    QK_PLUME_OBSERVED_MAX);
            return fail_at(err, w->profile_name, w->profile_line, 0);
        }
        below = v[4];
        top = v[5] == 1;
        put_level(&h->observed[h->observed_count++], v);
    }
    return QK_OK;
}

/* Hours that the file leaves out are told, not invented. */
static void note_gap(qk_aermod_weather *w, const int d[4])
{
    qk_time day = 0;
    if (qk_time_of(&day, &(qk_civil){.year = d[0], .month = d[1], .day = d[2]}) != QK_OK) return;
    int64_t serial = day / QK_HOUR + d[3];
    if (w->serial && serial > w->serial + 1) {
        w->gaps++;
        w->gap_hours += (uint32_t)(serial - w->serial - 1);
        if (!w->gap_line) w->gap_line = w->surface_line;
    }
    w->serial = serial;
}

qk_code qk_aermod_weather_next(qk_aermod_weather *w, qk_plume_hour *h, qk_error *err)
{
    qk_str line;
    double v[FIELDS_MAX], day[4];
    int date[4];
    if (!next_line(&w->surface, &line, &w->surface_line)) return QK_ENOTFOUND;
    QK_TRY(
        read_numbers(v, SURFACE_FIELDS, FIELDS_MAX, line, w->surface_name, w->surface_line, err));
    memcpy(day, v, 3 * sizeof *day);
    day[3] = v[4];
    if (!take_date(day, date)) {
        qk_fail(err, QK_EFORMAT, "no such date or hour");
        return fail_at(err, w->surface_name, w->surface_line, 1);
    }
    int64_t key = hour_key(date);
    if (key <= w->last_hour) {
        qk_fail(err, QK_EFORMAT, "the hour does not follow the one before it");
        return fail_at(err, w->surface_name, w->surface_line, 1);
    }
    w->last_hour = key;
    note_gap(w, date);
    *h = (qk_plume_hour){.year = date[0],
                         .month = date[1],
                         .day = date[2],
                         .hour = date[3],
                         .adjusted_ustar = w->adjusted_ustar,
                         .bulk_richardson = w->bulk_richardson};
    put_surface(h, v);
    if (!(h->wind_height_m > 0) || !(h->temperature_height_m >= 0)) {
        qk_fail(err, QK_EFORMAT, "reference heights must be positive");
        return fail_at(err, w->surface_name, w->surface_line, 0);
    }
    return read_levels(w, h, key, err);
}
