/* SPDX-License-Identifier: Apache-2.0 */
/* The ranking by composite index: years first, then months, ties share a rank
 * (环办监测〔2018〕19号). A station with too few days is listed without a rank. */
#include "cli/air.h"
#include <stdlib.h>

typedef struct entry {
    const air_station *station;
    const air_rank *rank;
    const air_rank *before; /* the same period a year earlier, or NULL */
} entry;

static void rank_period(air_rank *out, const air *a, const qk_period *period)
{
    qk_fine_index index;
    *out = (air_rank){.index_milli = -1, .valid = true};
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        if (period->item[p].days) out->there = true;
        if (!period->item[p].valid) out->valid = false;
    }
    if (!out->there) return;
    qk_period_index(&index, period, air_profile_on(a, period->to_day), true);
    if (index.total < 0) return;
    out->index_milli = (int32_t)qk_fine_index_round(index.total, 3).mantissa;
    out->max_milli = (int32_t)qk_fine_index_round(index.max, 3).mantissa;
    out->primary = (uint8_t)index.primary;
}

qk_code air_keep_ranks(air *a, air_station *s, const qk_period periods[13], qk_error *err)
{
    if (!air_grow((void **)&s->past, s->pasts, sizeof *s->past))
        return qk_fail(err, QK_ENOMEM, "no memory for the ranking");
    air_past *past = &s->past[s->pasts++];
    past->year = s->year->year;
    for (int32_t m = 0; m <= 12; m++) rank_period(&past->rank[m], a, &periods[m]);
    return QK_OK;
}

static const air_rank *rank_of(const air_station *s, int32_t year, int month)
{
    for (size_t i = 0; i < s->pasts; i++)
        if (s->past[i].year == year) return &s->past[i].rank[month];
    return NULL;
}

static bool stands(const air_rank *r)
{
    return r->valid && r->index_milli >= 0;
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a;
    const entry *y = b;
    if (stands(x->rank) != stands(y->rank)) return stands(x->rank) ? -1 : 1;
    if (stands(x->rank) && x->rank->index_milli != y->rank->index_milli)
        return x->rank->index_milli < y->rank->index_milli ? -1 : 1;
    return qk_str_cmp(x->station->name, y->station->name);
}

static void put_milli(qk_json_writer *w, const char *name, int32_t milli)
{
    qk_json_key(w, name);
    milli >= 0 ? qk_json_dec(w, (qk_dec){milli, 3}) : qk_json_null(w);
}

/* By one standard: only where the year before was indexed under the same profile. */
static void put_change(qk_json_writer *w, const entry *e)
{
    qk_dec d;
    qk_json_key(w, "change_percent");
    qk_ratio rate = QK_RATIO_NONE;
    if (e->before && stands(e->before) && stands(e->rank))
        rate = qk_change_rate(qk_ratio_int(e->rank->index_milli),
                              qk_ratio_int(e->before->index_milli));
    if (qk_ratio_round(&d, rate, 1) == QK_OK)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
}

static void put_entry(qk_buf *out, const entry *e, const char *period, const char *profile,
                      int32_t rank)
{
    static const qk_pollutant order[] = {QK_SO2, QK_NO2, QK_CO, QK_O3, QK_PM10, QK_PM25};
    qk_json_writer w;
    if (out->len && out->ptr[out->len - 1] != '[') qk_buf_puts(out, ",\n");
    qk_json_init(&w, out);
    qk_json_object(&w);
    qk_json_kcstr(&w, "period", period);
    qk_json_key(&w, "rank");
    rank > 0 ? qk_json_i64(&w, rank) : qk_json_null(&w);
    qk_json_kstr(&w, "station", e->station->name);
    put_milli(&w, "composite_index", e->rank->index_milli);
    put_milli(&w, "max_single_index", e->rank->index_milli >= 0 ? e->rank->max_milli : -1);
    qk_json_key(&w, "primary");
    qk_json_array(&w);
    for (int i = 0; i < QK_POLLUTANTS; i++)
        if ((e->rank->primary >> order[i]) & 1) qk_json_cstr(&w, qk_pollutant_name(order[i]));
    qk_json_end(&w);
    qk_json_kbool(&w, "valid", e->rank->valid);
    qk_json_kcstr(&w, "profile", profile);
    put_change(&w, e);
    qk_json_end(&w);
}

static int32_t last_day_of(int32_t year, int month)
{
    qk_time t = 0;
    int32_t m = month ? month : 12;
    qk_civil c = {.year = year, .month = m, .day = qk_days_in_month(year, m)};
    if (qk_time_of(&t, &c) != QK_OK) return 0;
    return qk_day_number(t);
}

static void rank_one(const air *a, qk_buf *out, entry *list, int32_t year, int month)
{
    size_t n = 0;
    char period[16];
    const qk_index_profile *profile = air_profile_on(a, last_day_of(year, month));
    bool comparable = profile == air_profile_on(a, last_day_of(year - 1, month));
    for (size_t i = 0; i < a->stations; i++) {
        const air_rank *r = rank_of(a->station[i], year, month);
        if (!r || !r->there || !a->station[i]->ranked) continue;
        list[n].station = a->station[i];
        list[n].rank = r;
        list[n++].before = comparable ? rank_of(a->station[i], year - 1, month) : NULL;
    }
    qsort(list, n, sizeof *list, compare_entries);
    snprintf(period, sizeof period, month ? "%04d-%02d" : "%04d", year, month);
    int32_t rank = 0;
    for (size_t i = 0; i < n; i++) {
        bool tie = i > 0 && stands(list[i].rank) && stands(list[i - 1].rank) &&
                   list[i].rank->index_milli == list[i - 1].rank->index_milli;
        if (!tie) rank = (int32_t)i + 1;
        put_entry(out, &list[i], period, profile->name, stands(list[i].rank) ? rank : 0);
    }
}

qk_code air_write_ranking(air *a, qk_buf *out, qk_error *err)
{
    int32_t first = INT32_MAX, last = INT32_MIN;
    entry *list = calloc(a->stations + 1, sizeof *list);
    if (!list) return qk_fail(err, QK_ENOMEM, "no memory for the ranking");
    for (size_t i = 0; i < a->stations; i++)
        for (size_t k = 0; k < a->station[i]->pasts; k++) {
            if (a->station[i]->past[k].year < first) first = a->station[i]->past[k].year;
            if (a->station[i]->past[k].year > last) last = a->station[i]->past[k].year;
        }
    for (int32_t y = first; y <= last && first <= last; y++) rank_one(a, out, list, y, 0);
    for (int32_t y = first; y <= last && first <= last; y++)
        for (int m = 1; m <= 12; m++) rank_one(a, out, list, y, m);
    free(list);
    return QK_OK;
}
