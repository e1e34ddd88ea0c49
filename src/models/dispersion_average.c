/* SPDX-License-Identifier: Apache-2.0 */
#include "models/dispersion_average.h"
#include "base/time.h"
#include <math.h>
#include <stdlib.h>

typedef struct span {
    int hours, calms, missing; /* since the average began */
    qk_civil from;             /* its first hour */
    double *sum;               /* becomes the average when it ends */
    int ranks;
    qk_average_high *high; /* [cell * ranks] */
} span;

struct qk_average {
    const qk_aermod_case *c;
    size_t cells; /* groups x receptors */
    uint32_t hours, calms, missing;
    double *period;
    /* annual: a whole year ends before the hour that the first of all was */
    qk_civil first;
    uint32_t years, year_valid;
    double *year, *annual; /* sum of this year's hours, of the means of the years before */
    span span[QK_AERMOD_AVERAGES_MAX];
};

static int ranks_needed(const qk_aermod_case *c, int i)
{
    int ranks = 0;
    for (int r = 0; r < QK_AERMOD_RANK_MAX; r++)
        if (c->rectable[i] >> r & 1) ranks = r + 1;
    for (size_t k = 0; k < c->output_count; k++)
        if (c->output[k].average == c->average[i] && c->output[k].rank > ranks)
            ranks = c->output[k].rank;
    return ranks;
}

qk_code qk_average_new(qk_average **out, const qk_aermod_case *c, qk_error *err)
{
    qk_average *a = calloc(1, sizeof *a);
    *out = NULL;
    if (!a) return qk_fail(err, QK_ENOMEM, "no memory for averages");
    a->c = c;
    a->cells = c->group_count * c->receptor_count;
    a->period = calloc(a->cells, sizeof *a->period);
    bool whole = a->period != NULL;
    if (c->annual) {
        a->year = calloc(a->cells, sizeof *a->year);
        a->annual = calloc(a->cells, sizeof *a->annual);
        whole = whole && a->year && a->annual;
    }
    for (int i = 0; i < c->average_count; i++) {
        span *s = &a->span[i];
        s->ranks = ranks_needed(c, i);
        s->sum = calloc(a->cells, sizeof *s->sum);
        if (s->ranks) s->high = calloc(a->cells * (size_t)s->ranks, sizeof *s->high);
        whole = whole && s->sum && (s->high || !s->ranks);
    }
    if (!whole) {
        qk_average_free(a);
        return qk_fail(err, QK_ENOMEM, "no memory for averages of %zu groups x receptors",
                       c->group_count * c->receptor_count);
    }
    *out = a;
    return QK_OK;
}

void qk_average_free(qk_average *a)
{
    if (!a) return;
    for (int i = 0; i < QK_AERMOD_AVERAGES_MAX; i++) {
        free(a->span[i].sum);
        free(a->span[i].high);
    }
    free(a->period);
    free(a->year);
    free(a->annual);
    free(a);
}

static int64_t number_of(qk_civil t)
{
    return (((int64_t)t.year * 100 + t.month) * 100 + t.day) * 100 + t.hour;
}

static qk_civil civil_of(const qk_plume_hour *h)
{
    return (qk_civil){.year = h->year, .month = h->month, .day = h->day, .hour = h->hour};
}

/* The hour with which the average that this hour is of ends. */
static qk_civil end_of(int average, qk_civil t)
{
    if (average == QK_AERMOD_MONTHS) {
        t.day = qk_days_in_month(t.year, t.month);
        t.hour = 24;
    } else
        t.hour = (t.hour + average - 1) / average * average;
    return t;
}

static qk_civil next_hour(qk_civil t)
{
    if (++t.hour <= 24) return t;
    t.hour = 1;
    if (++t.day <= qk_days_in_month(t.year, t.month)) return t;
    t.day = 1;
    t.month = t.month % 12 + 1;
    t.year += t.month == 1;
    return t;
}

static void insert_high(qk_average_high *high, int ranks, qk_average_high v)
{
    int at = ranks;
    while (at > 0 && v.value > high[at - 1].value) at--;
    if (at == ranks) return;
    memmove(high + at + 1, high + at, (size_t)(ranks - 1 - at) * sizeof *high);
    high[at] = v;
}

/* Ends an average of which the last hours may be missing. */
static void end_span(qk_average *a, int i, qk_civil end)
{
    span *s = &a->span[i];
    int average = a->c->average[i], n = average == QK_AERMOD_MONTHS ? s->hours : average;
    int valid = s->hours - s->calms - s->missing;
    int least = average == 1 ? 1 : (int)floor(0.75 * n + 0.4 + 0.5);
    double inverse = 1.0 / (valid > least ? valid : least);
    int64_t at = number_of(end);
    bool left_out = average != QK_AERMOD_MONTHS && s->hours < end.hour - s->from.hour + 1;
    bool missing = s->missing || left_out;
    char flag = s->calms && missing ? 'b' : s->calms ? 'c' : missing ? 'm' : ' ';
    for (size_t k = 0; k < a->cells; k++) {
        s->sum[k] *= inverse;
        if (!s->ranks || s->sum[k] <= s->high[(k + 1) * (size_t)s->ranks - 1].value) continue;
        insert_high(s->high + k * (size_t)s->ranks, s->ranks,
                    (qk_average_high){s->sum[k], at, flag});
    }
    s->hours = s->calms = s->missing = 0;
}

uint32_t qk_average_gap(qk_average *a, const qk_plume_hour *h, int64_t at[QK_AERMOD_AVERAGES_MAX])
{
    uint32_t ended = 0;
    for (int i = 0; i < a->c->average_count; i++) {
        span *s = &a->span[i];
        qk_civil end = end_of(a->c->average[i], s->from);
        if (s->hours == 0 || number_of(civil_of(h)) <= number_of(end)) continue;
        end_span(a, i, end);
        at[i] = number_of(end);
        ended |= 1u << i;
    }
    return ended;
}

static void take_year(qk_average *a, qk_civil now, bool valid, const double *value)
{
    qk_civil next = next_hour(now);
    if (!a->year) return;
    if (a->first.year == 0) a->first = now;
    a->year_valid += valid;
    for (size_t k = 0; valid && k < a->cells; k++) a->year[k] += value[k];
    if (next.month != a->first.month || next.day != a->first.day || next.hour != a->first.hour)
        return;
    for (size_t k = 0; k < a->cells && a->year_valid; k++)
        a->annual[k] += a->year[k] / a->year_valid;
    a->years += a->year_valid > 0;
    a->year_valid = 0;
    memset(a->year, 0, a->cells * sizeof *a->year);
}

uint32_t qk_average_hour(qk_average *a, const qk_plume_hour *h, qk_plume_status status,
                         const double *value)
{
    uint32_t ended = 0;
    qk_civil now = civil_of(h);
    bool calm = status == QK_PLUME_HOUR_CALM, missing = status == QK_PLUME_HOUR_MISSING;
    a->hours++;
    a->calms += calm;
    a->missing += missing;
    if (!calm && !missing)
        for (size_t k = 0; k < a->cells; k++) a->period[k] += value[k];
    take_year(a, now, !calm && !missing, value);
    for (int i = 0; i < a->c->average_count; i++) {
        span *s = &a->span[i];
        if (s->hours == 0) {
            memset(s->sum, 0, a->cells * sizeof *s->sum);
            s->from = now;
        }
        s->hours++;
        s->calms += calm;
        s->missing += missing;
        if (!calm && !missing)
            for (size_t k = 0; k < a->cells; k++) s->sum[k] += value[k];
        qk_civil end = end_of(a->c->average[i], now);
        if (number_of(end) != number_of(now)) continue;
        end_span(a, i, end);
        ended |= 1u << i;
    }
    return ended;
}

const double *qk_average_ended(const qk_average *a, int average)
{
    return a->span[average].sum;
}

qk_average_high qk_average_highest(const qk_average *a, int average, size_t group, size_t receptor,
                                   int rank)
{
    const span *s = &a->span[average];
    size_t k = group * a->c->receptor_count + receptor;
    if (rank < 1 || rank > s->ranks) return (qk_average_high){0, 0, ' '};
    qk_average_high high = s->high[k * (size_t)s->ranks + (size_t)rank - 1];
    if (high.at == 0) high.flag = ' ';
    return high;
}

double qk_average_period(const qk_average *a, size_t group, size_t receptor)
{
    uint32_t valid = a->hours - a->calms - a->missing;
    return valid ? a->period[group * a->c->receptor_count + receptor] / valid : 0;
}

double qk_average_annual(const qk_average *a, size_t group, size_t receptor)
{
    if (!a->years) return qk_average_period(a, group, receptor);
    return a->annual[group * a->c->receptor_count + receptor] / a->years;
}

uint32_t qk_average_years(const qk_average *a)
{
    return a->years;
}

uint32_t qk_average_hours(const qk_average *a)
{
    return a->hours;
}

uint32_t qk_average_calms(const qk_average *a)
{
    return a->calms;
}

uint32_t qk_average_missing(const qk_average *a)
{
    return a->missing;
}

void qk_average_save(const qk_average *a, qk_buf *out)
{
    uint32_t head[3] = {a->hours, a->calms, a->missing};
    qk_buf_append(out, head, sizeof head);
    qk_buf_append(out, a->period, a->cells * sizeof *a->period);
    if (a->year) {
        qk_buf_append(out, &a->first, sizeof a->first);
        qk_buf_append(out, &a->years, sizeof a->years);
        qk_buf_append(out, &a->year_valid, sizeof a->year_valid);
        qk_buf_append(out, a->year, a->cells * sizeof *a->year);
        qk_buf_append(out, a->annual, a->cells * sizeof *a->annual);
    }
    for (int i = 0; i < a->c->average_count; i++) {
        const span *s = &a->span[i];
        int counts[3] = {s->hours, s->calms, s->missing};
        qk_buf_append(out, counts, sizeof counts);
        qk_buf_append(out, &s->from, sizeof s->from);
        qk_buf_append(out, s->sum, a->cells * sizeof *s->sum);
        if (s->ranks) qk_buf_append(out, s->high, a->cells * (size_t)s->ranks * sizeof *s->high);
    }
}

static bool take_bytes(qk_str *bytes, void *out, size_t len)
{
    if (bytes->len < len) return false;
    memcpy(out, bytes->ptr, len);
    *bytes = (qk_str){bytes->ptr + len, bytes->len - len};
    return true;
}

qk_code qk_average_load(qk_average *a, qk_str bytes, qk_error *err)
{
    uint32_t head[3];
    bool whole = take_bytes(&bytes, head, sizeof head) &&
                 take_bytes(&bytes, a->period, a->cells * sizeof *a->period);
    if (whole && a->year)
        whole = take_bytes(&bytes, &a->first, sizeof a->first) &&
                take_bytes(&bytes, &a->years, sizeof a->years) &&
                take_bytes(&bytes, &a->year_valid, sizeof a->year_valid) &&
                take_bytes(&bytes, a->year, a->cells * sizeof *a->year) &&
                take_bytes(&bytes, a->annual, a->cells * sizeof *a->annual);
    for (int i = 0; i < a->c->average_count && whole; i++) {
        span *s = &a->span[i];
        int counts[3];
        whole = take_bytes(&bytes, counts, sizeof counts) &&
                take_bytes(&bytes, &s->from, sizeof s->from) &&
                take_bytes(&bytes, s->sum, a->cells * sizeof *s->sum) &&
                (!s->ranks ||
                 take_bytes(&bytes, s->high, a->cells * (size_t)s->ranks * sizeof *s->high));
        if (!whole) break;
        s->hours = counts[0];
        s->calms = counts[1];
        s->missing = counts[2];
    }
    if (!whole || bytes.len) return qk_fail(err, QK_EFORMAT, "the saved state is of another case");
    a->hours = head[0];
    a->calms = head[1];
    a->missing = head[2];
    return QK_OK;
}
