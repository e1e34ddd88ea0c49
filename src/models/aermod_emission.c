/* SPDX-License-Identifier: Apache-2.0 */
#include "models/aermod_case.h"
#include <math.h>
#include <stdlib.h>

enum { WORDS_MAX = 12 };

int qk_aermod_weekday(int year, int month, int day)
{
    static const int shift[12] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    int y = month < 3 ? year - 1 : year;
    int sunday0 = (y + y / 4 - y / 100 + y / 400 + shift[month - 1] + day) % 7;
    return sunday0 == 0 ? 7 : sunday0;
}

static int season_of(int month)
{
    return month % 12 / 3; /* December to February = 0 */
}

static int wind_class_of(const qk_aermod_case *c, double wind)
{
    int k = 0;
    while (k < 5 && wind > c->wind_class[k]) k++;
    return k;
}

double qk_aermod_factor_at(const qk_aermod_case *c, const qk_aermod_source *s, int month,
                           int weekday, int hour, double wind)
{
    int season = season_of(month), h = hour - 1, m = month - 1, at = 0;
    int three = weekday < 6 ? 0 : weekday - 5, seven = weekday - 1;
    switch (s->factor_kind) {
    case QK_AERMOD_CONSTANT: return 1;
    case QK_AERMOD_SEASON: at = season; break;
    case QK_AERMOD_WSPEED: at = wind_class_of(c, wind); break;
    case QK_AERMOD_MONTH: at = m; break;
    case QK_AERMOD_HROFDY: at = h; break;
    case QK_AERMOD_HRDOW: at = three * 24 + h; break;
    case QK_AERMOD_HRDOW7: at = seven * 24 + h; break;
    case QK_AERMOD_SEASHR: at = season * 24 + h; break;
    case QK_AERMOD_SHRDOW: at = (three * 4 + season) * 24 + h; break;
    case QK_AERMOD_SHRDOW7: at = (seven * 4 + season) * 24 + h; break;
    case QK_AERMOD_MHRDOW: at = (three * 12 + m) * 24 + h; break;
    case QK_AERMOD_MHRDOW7: at = (seven * 12 + m) * 24 + h; break;
    }
    return s->factor[at];
}

qk_code qk_aermod_hourly_open(qk_aermod_hourly_reader *r, const qk_aermod_case *c, qk_error *err)
{
    size_t n = c->hourly_count;
    *r = (qk_aermod_hourly_reader){.c = c};
    if (n == 0) return QK_OK;
    r->rest = calloc(n, sizeof *r->rest);
    r->line = calloc(n, sizeof *r->line);
    if (!r->rest || !r->line) {
        qk_aermod_hourly_close(r);
        return qk_fail(err, QK_ENOMEM, "no memory for hourly emissions");
    }
    for (size_t i = 0; i < n; i++) r->rest[i] = c->hourly[i].text;
    return QK_OK;
}

void qk_aermod_hourly_close(qk_aermod_hourly_reader *r)
{
    free(r->rest);
    free(r->line);
    *r = (qk_aermod_hourly_reader){0};
}

static int split_words(qk_str line, qk_str word[WORDS_MAX])
{
    int count = 0;
    size_t i = 0;
    while (i < line.len && count < WORDS_MAX) {
        while (i < line.len && qk_is_space(line.ptr[i])) i++;
        size_t from = i;
        while (i < line.len && !qk_is_space(line.ptr[i])) i++;
        if (i > from) word[count++] = (qk_str){line.ptr + from, i - from};
    }
    return count;
}

static qk_code refuse_line(const qk_aermod_hourly_reader *r, int file, const char *why,
                           qk_error *err)
{
    qk_fail(err, QK_EFORMAT, "hourly emissions: %s", why);
    qk_error_at(err, r->c->hourly[file].path, r->line[file], 0);
    return QK_EFORMAT;
}

/* SO HOUREMIS yr mo dy hr ID rate [temperature velocity]; an empty tail means no emission. */
static qk_code take_line(qk_aermod_hourly_reader *r, int file, const qk_plume_hour *hour,
                         qk_aermod_emission *out, int *taken, qk_error *err)
{
    qk_str word[WORDS_MAX], *w = word;
    qk_str line = qk_str_cut(&r->rest[file], '\n');
    double v[4], rate = 0, gas[2] = {NAN, NAN};
    r->line[file]++;
    int count = split_words(line, word), source = -1;
    if (count == 0) return QK_OK;
    if (qk_str_eq_nocase(w[0], QK_STR("SO"))) w++, count--;
    if (count > 0 && qk_str_eq_nocase(w[0], QK_STR("HOUREMIS"))) w++, count--;
    if (count < 5) return refuse_line(r, file, "too few fields", err);
    for (int i = 0; i < 4; i++)
        if (qk_parse_f64(&v[i], w[i]) != QK_OK) return refuse_line(r, file, "a bad date", err);
    int year = (int)v[0] < 100 ? (int)v[0] + (v[0] >= 50 ? 1900 : 2000) : (int)v[0];
    if (year != hour->year || (int)v[1] != hour->month || (int)v[2] != hour->day ||
        (int)v[3] != hour->hour)
        return refuse_line(r, file, "the hour is not that of the weather", err);
    for (size_t i = 0; i < r->c->source_count && source < 0; i++)
        if (qk_str_eq_nocase(w[4], qk_str_of(r->c->source[i].id))) source = (int)i;
    if (source < 0 || r->c->source[source].hourly != file)
        return refuse_line(r, file, "a source that the file is not for", err);
    if (count > 5 && qk_parse_f64(&rate, w[5]) != QK_OK)
        return refuse_line(r, file, "a bad rate", err);
    for (int i = 0; i < 2 && count > 6 + i; i++)
        if (qk_parse_f64(&gas[i], w[6 + i]) != QK_OK)
            return refuse_line(r, file, "a bad temperature or velocity", err);
    if (count > 6 && r->c->source[source].shape != QK_AERMOD_STACK)
        return refuse_line(r, file, "hourly dimensions are supported for stacks alone", err);
    if (!(rate >= 0)) return refuse_line(r, file, "a rate below 0", err);
    out[source].rate = rate;
    if (!isnan(gas[0])) out[source].temperature_k = gas[0];
    if (!isnan(gas[1])) out[source].velocity_m_s = fmax(gas[1], 1e-5);
    *taken = 1;
    return QK_OK;
}

static int covered(const qk_aermod_case *c, int file)
{
    int n = 0;
    for (size_t i = 0; i < c->source_count; i++) n += c->source[i].hourly == file;
    return n;
}

qk_code qk_aermod_hourly_next(qk_aermod_hourly_reader *r, const qk_plume_hour *hour,
                              qk_aermod_emission *out, qk_error *err)
{
    const qk_aermod_case *c = r->c;
    int weekday = qk_aermod_weekday(hour->year, hour->month, hour->day);
    for (size_t i = 0; i < c->source_count; i++) {
        const qk_aermod_source *s = &c->source[i];
        double factor = qk_aermod_factor_at(c, s, hour->month, weekday, hour->hour, hour->wind_m_s);
        out[i] = (qk_aermod_emission){s->rate * factor, s->temperature_k, s->velocity_m_s};
    }
    if (c->hourly_count == 0) return QK_OK;
    qk_code code = QK_OK;
    for (int f = 0; f < (int)c->hourly_count && code == QK_OK; f++) {
        int left = covered(c, f);
        while (left > 0 && code == QK_OK) {
            if (r->rest[f].len == 0) {
                code = refuse_line(r, f, "the file ends before the weather does", err);
                break;
            }
            int line = 0;
            code = take_line(r, f, hour, out, &line, err);
            left -= line;
        }
    }
    return code;
}
