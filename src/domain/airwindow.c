/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airwindow.h"
#include "domain/airquality.h"
#include "standards/evaluate.h"
#include <math.h>
#include <stdlib.h>

/* ---- rows ---- */

int64_t qk_air_micro(qk_dec value)
{
    qk_dec d;
    if (qk_dec_round(&d, value, 6) != QK_OK) return value.mantissa < 0 ? -1 : QK_MICRO_MAX + 1;
    if (d.mantissa > QK_MICRO_MAX) return QK_MICRO_MAX + 1;
    return d.mantissa < -QK_MICRO_MAX ? -QK_MICRO_MAX : d.mantissa;
}

void qk_air_row_init(qk_air_row *row, int32_t day)
{
    memset(row, 0, sizeof *row);
    row->day = day;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
            row->cell[p][h].micro = QK_QC_NONE;
            row->cell[p][h].reasons = QK_QC_BIT(QK_QC_R_MISSING);
        }
}

bool qk_air_row_take(qk_air_row *row, qk_air_cell *const cells[QK_POLLUTANTS], size_t offset,
                     uint32_t *changed)
{
    *changed = 0;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
            const qk_air_cell *c = &cells[p][offset + (size_t)h];
            qk_air_graded *g = &row->cell[p][h];
            int64_t micro = c->there ? qk_air_micro(c->value) : QK_QC_NONE;
            char flag = c->there ? c->flag : 0;
            if (micro == g->micro && flag == g->flag) continue;
            g->micro = micro;
            g->flag = flag;
            *changed |= (uint32_t)1 << h;
        }
    return *changed != 0;
}

static void put_number(uint8_t *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) out[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_number(const uint8_t *in, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++) v |= (uint64_t)in[i] << 8 * i;
    return v;
}

void qk_air_row_pack(uint8_t out[QK_AIR_ROW_BYTES], const qk_air_row *row)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < QK_AIR_DAY_HOURS; h++, out += 12) {
            const qk_air_graded *g = &row->cell[p][h];
            put_number(out, (uint64_t)g->micro, 8);
            put_number(out + 8, g->reasons, 2);
            out[10] = g->grade;
            out[11] = (uint8_t)g->flag;
        }
}

qk_code qk_air_row_unpack(qk_air_row *row, const void *bytes, size_t len, qk_error *err)
{
    const uint8_t *in = bytes;
    if (len != QK_AIR_ROW_BYTES)
        return qk_fail(err, QK_EDAMAGED, "a day of graded hours has %zu bytes, not %d", len,
                       QK_AIR_ROW_BYTES);
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < QK_AIR_DAY_HOURS; h++, in += 12) {
            qk_air_graded *g = &row->cell[p][h];
            g->micro = (int64_t)get_number(in, 8);
            g->reasons = (uint16_t)get_number(in + 8, 2);
            g->grade = in[10] <= QK_QC_BAD ? in[10] : QK_QC_BAD;
            g->flag = (char)in[11];
        }
    return QK_OK;
}

/* ---- neighbours ---- */

double qk_air_distance_m(const qk_site *a, const qk_site *b)
{
    const double radius_m = 6371008.8, rad = 3.14159265358979323846 / 180;
    double y = sin((b->lat - a->lat) * rad / 2), x = sin((b->lon - a->lon) * rad / 2);
    double h = y * y + cos(a->lat * rad) * cos(b->lat * rad) * x * x;
    return 2 * radius_m * asin(sqrt(h < 1 ? h : 1));
}

size_t qk_air_near(size_t out[QK_AIR_NEAR], const qk_air_source *sources, size_t n, size_t at,
                   int32_t near_km)
{
    double distance[QK_AIR_NEAR];
    size_t count = 0;
    const qk_site *site = sources[at].site;
    if (isnan(site->lon) || isnan(site->lat)) return 0;
    for (size_t i = 0; i < n; i++) {
        const qk_site *other = sources[i].site;
        if (i == at || !qk_air_is_evaluated(other->kind)) continue;
        if (isnan(other->lon) || isnan(other->lat)) continue;
        double d = qk_air_distance_m(site, other);
        if (d > near_km * 1000.0) continue;
        if (count == QK_AIR_NEAR && d >= distance[count - 1]) continue;
        size_t to = count < QK_AIR_NEAR ? count++ : QK_AIR_NEAR - 1;
        distance[to] = d;
        out[to] = i;
        for (; to > 0 && distance[to] < distance[to - 1]; to--) {
            double kept = distance[to];
            size_t number = out[to];
            distance[to] = distance[to - 1];
            out[to] = out[to - 1];
            distance[to - 1] = kept;
            out[to - 1] = number;
        }
    }
    return count;
}

/* ---- the window ---- */

static int64_t *none_of(size_t hours, qk_arena *arena)
{
    int64_t *out = qk_arena_array(arena, hours, sizeof *out);
    for (size_t i = 0; out && i < hours; i++) out[i] = QK_QC_NONE;
    return out;
}

qk_code qk_air_window_new(qk_air_window *w, int32_t first_day, int32_t days, const size_t *near,
                          size_t near_n, qk_arena *arena, qk_error *err)
{
    bool room = true;
    *w = (qk_air_window){
        .first_day = first_day, .hours = (size_t)days * QK_AIR_DAY_HOURS, .near_n = near_n};
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        w->own[p] = none_of(w->hours, arena);
        w->flag[p] = qk_arena_array(arena, w->hours, 1);
        room = room && w->own[p] && w->flag[p];
    }
    for (size_t k = 0; k < near_n; k++) {
        w->near[k] = near[k];
        for (int p = 0; p < QK_POLLUTANTS; p++) {
            w->near_own[k][p] = none_of(w->hours, arena);
            room = room && w->near_own[k][p];
        }
    }
    return room ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for %d days of a station", days);
}

void qk_air_window_put(qk_air_window *w, size_t which, const qk_air_row *row)
{
    int64_t day = (int64_t)row->day - w->first_day;
    if (day < 0 || (size_t)day * QK_AIR_DAY_HOURS >= w->hours) return;
    size_t from = (size_t)day * QK_AIR_DAY_HOURS;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (size_t h = 0; h < QK_AIR_DAY_HOURS; h++) {
            const qk_air_graded *g = &row->cell[p][h];
            if (which == SIZE_MAX) {
                w->own[p][from + h] = g->micro;
                w->flag[p][from + h] = g->flag;
            } else if (g->micro >= 0 && qk_qc_flag_counts(g->flag)) {
                w->near_own[which][p][from + h] = g->micro;
            }
        }
}

static bool counts_at(const qk_air_window *w, qk_pollutant p, size_t hour)
{
    return w->own[p][hour] >= 0 && qk_qc_flag_counts(w->flag[p][hour]);
}

static int64_t other_fraction(const qk_air_window *w, qk_pollutant p, size_t hour)
{
    qk_pollutant other = p == QK_PM10 ? QK_PM25 : QK_PM10;
    return counts_at(w, other, hour) ? w->own[other][hour] : QK_QC_NONE;
}

void qk_air_window_judge(qk_qc_verdict *out, const qk_air_window *w, const qk_qc_rule *rule,
                         qk_pollutant p, size_t hour)
{
    int64_t past[QK_QC_PAST_MAX], near[QK_AIR_NEAR], before[QK_AIR_NEAR];
    size_t back = hour < QK_QC_STUCK_MAX ? hour : QK_QC_STUCK_MAX;
    size_t ahead = w->hours - hour - 1;
    if (ahead > QK_QC_STUCK_MAX) ahead = QK_QC_STUCK_MAX;
    qk_qc_context c = {.own = w->own[p] + hour - back,
                       .own_n = back + 1 + ahead,
                       .at = back,
                       .flag = w->flag[p][hour],
                       .other = QK_QC_NONE,
                       .past = past,
                       .near = near,
                       .near_before = before,
                       .near_n = w->near_n};
    if (p == QK_PM10 || p == QK_PM25) c.other = other_fraction(w, p, hour);
    for (size_t k = 1; k <= (size_t)rule->past_days && k * QK_AIR_DAY_HOURS <= hour; k++) {
        size_t at = hour - k * QK_AIR_DAY_HOURS;
        past[c.past_n++] = counts_at(w, p, at) ? w->own[p][at] : QK_QC_NONE;
    }
    for (size_t k = 0; k < w->near_n; k++) {
        near[k] = w->near_own[k][p][hour];
        before[k] = hour ? w->near_own[k][p][hour - 1] : QK_QC_NONE;
    }
    qk_qc_judge(out, rule, p, &c);
}
