/* SPDX-License-Identifier: Apache-2.0 */
#include "models/dispersion_average.h"
#include "base/time.h"
#include <math.h>
#include <stdlib.h>

typedef struct span {
    int hours, calms, missing; /* since the average began */
    double *sum;               /* becomes the average when it ends */
    int ranks;
    qk_average_high *high; /* [cell * ranks] */
} span;

struct qk_average {
    const qk_aermod_case *c;
    size_t cells; /* groups x receptors */
    uint32_t hours, calms, missing;
    double *period;
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
    free(a);
}

static bool last_of_month(const qk_plume_hour *h)
{
    return h->hour == 24 && h->day == qk_days_in_month(h->year, h->month);
}

static bool ends_here(int average, const qk_plume_hour *h)
{
    if (average == QK_AERMOD_MONTHS) return last_of_month(h);
    return h->hour % average == 0;
}

static void insert_high(qk_average_high *high, int ranks, qk_average_high v)
{
    int at = ranks;
    while (at > 0 && v.value > high[at - 1].value) at--;
    if (at == ranks) return;
    memmove(high + at + 1, high + at, (size_t)(ranks - 1 - at) * sizeof *high);
    high[at] = v;
}

static void end_span(qk_average *a, int i, const qk_plume_hour *h)
{
    span *s = &a->span[i];
    int average = a->c->average[i], n = average == QK_AERMOD_MONTHS ? s->hours : average;
    int valid = s->hours - s->calms - s->missing;
    int least = average == 1 ? 1 : (int)floor(0.75 * n + 0.4 + 0.5);
    double inverse = 1.0 / (valid > least ? valid : least);
    int64_t at = (((int64_t)h->year * 100 + h->month) * 100 + h->day) * 100 + h->hour;
    char flag = s->calms && s->missing ? 'b' : s->calms ? 'c' : s->missing ? 'm' : ' ';
    for (size_t k = 0; k < a->cells; k++) {
        s->sum[k] *= inverse;
        if (!s->ranks || s->sum[k] <= s->high[(k + 1) * (size_t)s->ranks - 1].value) continue;
        insert_high(s->high + k * (size_t)s->ranks, s->ranks,
                    (qk_average_high){s->sum[k], at, flag});
    }
    s->hours = s->calms = s->missing = 0;
}

uint32_t qk_average_hour(qk_average *a, const qk_plume_hour *h, qk_plume_status status,
                         const double *value)
{
    uint32_t ended = 0;
    bool calm = status == QK_PLUME_HOUR_CALM, missing = status == QK_PLUME_HOUR_MISSING;
    a->hours++;
    a->calms += calm;
    a->missing += missing;
    if (!calm && !missing)
        for (size_t k = 0; k < a->cells; k++) a->period[k] += value[k];
    for (int i = 0; i < a->c->average_count; i++) {
        span *s = &a->span[i];
        if (s->hours == 0) memset(s->sum, 0, a->cells * sizeof *s->sum);
        s->hours++;
        s->calms += calm;
        s->missing += missing;
        if (!calm && !missing)
            for (size_t k = 0; k < a->cells; k++) s->sum[k] += value[k];
        if (!ends_here(a->c->average[i], h)) continue;
        end_span(a, i, h);
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
    for (int i = 0; i < a->c->average_count; i++) {
        const span *s = &a->span[i];
        int counts[3] = {s->hours, s->calms, s->missing};
        qk_buf_append(out, counts, sizeof counts);
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
    for (int i = 0; i < a->c->average_count && whole; i++) {
        span *s = &a->span[i];
        int counts[3];
        whole = take_bytes(&bytes, counts, sizeof counts) &&
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
