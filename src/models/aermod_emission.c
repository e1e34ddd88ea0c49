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

typedef struct emission_line {
    qk_str word[WORDS_MAX];
    int count; /* words from the date on, which `at` is the first of */
    qk_str *at;
    int date[4];
} emission_line;

/* A line's words and its date; count 0: the line is empty. */
static qk_code split_line(const qk_aermod_hourly_reader *r, int file, qk_str text, emission_line *l,
                          qk_error *err)
{
    l->count = split_words(text, l->word);
    l->at = l->word;
    if (l->count > 0 && qk_str_eq_nocase(l->at[0], QK_STR("SO"))) l->at++, l->count--;
    if (l->count > 0 && qk_str_eq_nocase(l->at[0], QK_STR("HOUREMIS"))) l->at++, l->count--;
    if (l->count == 0) return QK_OK;
    if (qk_str_starts(l->at[0], QK_STR("**"))) {
        l->count = 0;
        return QK_OK;
    }
    if (l->count < 5) return refuse_line(r, file, "too few fields", err);
    for (int i = 0; i < 4; i++) {
        int64_t v;
        if (qk_parse_i64(&v, l->at[i]) != QK_OK || v < 0 || v > 2200)
            return refuse_line(r, file, "a bad date", err);
        l->date[i] = (int)v;
    }
    if (l->date[0] < 100) l->date[0] += l->date[0] >= 50 ? 1900 : 2000;
    return QK_OK;
}

static bool of_hour(const emission_line *l, const qk_plume_hour *h)
{
    return l->date[0] == h->year && l->date[1] == h->month && l->date[2] == h->day &&
           l->date[3] == h->hour;
}

/* The source after that of the line before, or wherever it stands; -1: not of this file. */
static int find_source(qk_aermod_hourly_reader *r, int file, qk_str id)
{
    size_t n = r->c->source_count;
    for (size_t k = 0; k < n; k++) {
        size_t i = (r->last + 1 + k) % n;
        if (r->c->source[i].hourly != file || !qk_str_eq_nocase(id, qk_str_of(r->c->source[i].id)))
            continue;
        r->last = i;
        return (int)i;
    }
    return -1;
}

typedef struct emission_field {
    double *value;
    double low, high;
} emission_field;

/* What may follow the rate: gas temperature and velocity of a stack; release height and initial
 * sigmas of a volume; release height and initial sigma_z of areas and lines. */
static int fields_of(const qk_aermod_source *s, qk_aermod_emission *e, emission_field f[3])
{
    if (s->shape == QK_AERMOD_STACK) {
        f[0] = (emission_field){&e->temperature_k, -2000, 4000};
        f[1] = (emission_field){&e->velocity_m_s, 0, 300};
        return 2;
    }
    f[0] = (emission_field){&e->height_m, 0, 3000};
    if (s->shape != QK_AERMOD_VOLUME) {
        f[1] = (emission_field){&e->sigma_z_m, 0, 5000};
        return 2;
    }
    f[1] = (emission_field){&e->sigma_y_m, 1e-5, 20000};
    f[2] = (emission_field){&e->sigma_z_m, 1e-5, 5000};
    return 3;
}

/* yr mo dy hr ID rate [fields]; an empty tail means no emission. */
static qk_code take_line(qk_aermod_hourly_reader *r, int file, const emission_line *l,
                         qk_aermod_emission *out, qk_error *err)
{
    emission_field f[3];
    double rate = 0;
    int at = find_source(r, file, l->at[4]);
    if (at < 0) return refuse_line(r, file, "a source that the file is not for", err);
    if (l->count > 5 && qk_parse_f64(&rate, l->at[5]) != QK_OK)
        return refuse_line(r, file, "a bad rate", err);
    if (!(rate >= 0)) return refuse_line(r, file, "a rate below 0", err);
    out[at].rate = rate;
    int fields = fields_of(&r->c->source[at], &out[at], f);
    if (l->count > 6 + fields)
        return refuse_line(r, file, "more fields than a source of this kind has", err);
    for (int i = 0; i < fields && l->count > 6 + i; i++)
        if (qk_parse_f64(f[i].value, l->at[6 + i]) != QK_OK ||
            !(*f[i].value >= f[i].low && *f[i].value <= f[i].high))
            return refuse_line(r, file, "a field after the rate is no number or out of range", err);
    out[at].velocity_m_s = fmax(out[at].velocity_m_s, 1e-5);
    return QK_OK;
}

static int covered(const qk_aermod_case *c, int file)
{
    int n = 0;
    for (size_t i = 0; i < c->source_count; i++) n += c->source[i].hourly == file;
    return n;
}

/* The next line of the file that is none of emptiness; QK_ENOTFOUND at its end. */
static qk_code next_line(qk_aermod_hourly_reader *r, int file, emission_line *l, qk_error *err)
{
    while (r->rest[file].len > 0) {
        qk_str text = qk_str_cut(&r->rest[file], '\n');
        r->line[file]++;
        QK_TRY(split_line(r, file, text, l, err));
        if (l->count > 0) return QK_OK;
    }
    return QK_ENOTFOUND;
}

qk_aermod_emission qk_aermod_emission_of(const qk_aermod_source *s, double rate)
{
    return (qk_aermod_emission){.rate = rate,
                                .temperature_k = s->temperature_k,
                                .velocity_m_s = s->velocity_m_s,
                                .height_m = s->height_m,
                                .sigma_y_m = s->sigma_y_m,
                                .sigma_z_m = s->sigma_z_m};
}

qk_code qk_aermod_hourly_next(qk_aermod_hourly_reader *r, const qk_plume_hour *hour,
                              qk_aermod_emission *out, qk_error *err)
{
    const qk_aermod_case *c = r->c;
    emission_line l;
    int weekday = qk_aermod_weekday(hour->year, hour->month, hour->day);
    for (size_t i = 0; i < c->source_count; i++) {
        const qk_aermod_source *s = &c->source[i];
        double factor = qk_aermod_factor_at(c, s, hour->month, weekday, hour->hour, hour->wind_m_s);
        out[i] = qk_aermod_emission_of(s, s->rate * factor);
    }
    for (int f = 0; f < (int)c->hourly_count; f++)
        for (int left = covered(c, f); left > 0; left--) {
            qk_code code = next_line(r, f, &l, err);
            if (code == QK_ENOTFOUND)
                return refuse_line(r, f, "the file ends before the weather does", err);
            QK_TRY(code);
            if (!of_hour(&l, hour))
                return refuse_line(r, f, "the hour is not that of the weather", err);
            QK_TRY(take_line(r, f, &l, out, err));
        }
    return QK_OK;
}

qk_code qk_aermod_hourly_skip(qk_aermod_hourly_reader *r, const qk_plume_hour *hour, qk_error *err)
{
    emission_line l;
    for (int f = 0; f < (int)r->c->hourly_count; f++)
        for (;;) {
            qk_str rest = r->rest[f];
            uint32_t line = r->line[f];
            qk_code code = next_line(r, f, &l, err);
            if (code == QK_OK && of_hour(&l, hour)) continue;
            r->rest[f] = rest;
            r->line[f] = line;
            if (code != QK_OK && code != QK_ENOTFOUND) return code;
            break;
        }
    return QK_OK;
}
