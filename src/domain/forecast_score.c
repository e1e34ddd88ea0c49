/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/forecast_score.h"
#include <math.h>

static int32_t season_of(int32_t month)
{
    return (month % 12) / 3 == 0 ? 4 : (month % 12) / 3;
}

static const char *const season_names[QK_SCORE_SEASONS] = {"year", "spring", "summer", "autumn",
                                                           "winter"};

const char *qk_forecast_season(int32_t month)
{
    return season_names[season_of(month)];
}

void qk_forecast_climate_add(qk_forecast_climate *c, int32_t month, int32_t aqi)
{
    if (month < 1 || month > 12 || aqi < 0) return;
    c->count[month]++;
    c->share[month][qk_aqi_level_of(aqi)]++;
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) c->over[month][o] += aqi > qk_guidance_over[o];
}

void qk_forecast_climate_settle(qk_forecast_climate *c)
{
    for (int32_t m = 1; m <= 12; m++) {
        if (!(c->count[m] > 0)) continue;
        c->grade[m] = 1;
        for (int32_t l = 2; l <= QK_AQI_LEVELS; l++)
            if (c->share[m][l] > c->share[m][c->grade[m]]) c->grade[m] = l;
        for (int32_t l = 1; l <= QK_AQI_LEVELS; l++) c->share[m][l] /= c->count[m];
        for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) c->over[m][o] /= c->count[m];
    }
}

static void count_grades(qk_forecast_tally *t, const qk_forecast_case *c)
{
    int32_t told = qk_aqi_level_of(c->mid), seen = qk_aqi_level_of(c->observed);
    t->count++;
    t->exact += told == seen;
    t->near += told - seen <= 1 && seen - told <= 1;
    t->set += (c->grades >> seen) & 1;
    t->range += c->low <= c->observed && c->observed <= c->high;
    t->error += c->mid - c->observed;
    t->off += fabs((double)(c->mid - c->observed));
    t->observed[seen]++;
    t->told[told]++;
    t->hit[seen] += told == seen;
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) {
        bool above = c->observed > qk_guidance_over[o], said = c->mid > qk_guidance_over[o];
        t->above[o] += above;
        t->above_told[o] += said;
        t->above_hit[o] += above && said;
    }
    if (c->primary >= 0 && c->observed_primary) {
        t->primary_count++;
        t->primary += (c->observed_primary >> c->primary) & 1;
    }
}

static void count_rivals(qk_forecast_tally *t, const qk_forecast_case *c,
                         const qk_forecast_climate *climate)
{
    int32_t seen = qk_aqi_level_of(c->observed);
    bool exact = qk_aqi_level_of(c->mid) == seen;
    if (c->persisted >= 0) {
        t->persisted++;
        t->persisted_hit += qk_aqi_level_of(c->persisted) == seen;
        t->persisted_exact += exact;
    }
    if (climate && climate->grade[c->month]) {
        t->climate++;
        t->climate_hit += climate->grade[c->month] == seen;
        t->climate_exact += exact;
    }
}

double qk_forecast_brier(const qk_forecast_case *c, size_t over)
{
    double p = c->over[over], off = p - (c->observed > qk_guidance_over[over]);
    return p >= 0 && p <= 1 ? off * off : NAN;
}

static void count_probabilities(qk_forecast_tally *t, const qk_forecast_case *c,
                                const qk_forecast_climate *climate)
{
    bool known = climate && climate->count[c->month] > 0;
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) {
        double p = c->over[o], seen = c->observed > qk_guidance_over[o];
        if (!(p >= 0 && p <= 1)) continue;
        size_t b = p < 1 ? (size_t)(p * QK_SCORE_BINS) : QK_SCORE_BINS - 1;
        t->bin[o][b].count++;
        t->bin[o][b].told += p;
        t->bin[o][b].happened += seen;
        if (!known) continue;
        double usual = climate->over[c->month][o];
        t->brier_count[o]++;
        t->brier[o] += qk_forecast_brier(c, o);
        t->brier_climate[o] += (usual - seen) * (usual - seen);
    }
}

qk_code qk_forecast_score_add(qk_forecast_score *s, const qk_forecast_case *c,
                              const qk_forecast_climate *climate)
{
    if (c->lead < 1 || c->lead > QK_GUIDANCE_LEADS || c->month < 1 || c->month > 12 ||
        c->observed < 0 || c->mid < 0)
        return QK_EINVAL;
    const size_t leads[2] = {0, c->lead};
    const int32_t seasons[2] = {0, season_of(c->month)};
    for (size_t i = 0; i < 4; i++) {
        qk_forecast_tally *t = &s->tally[leads[i / 2]][seasons[i % 2]];
        count_grades(t, c);
        count_rivals(t, c, climate);
        count_probabilities(t, c, climate);
    }
    return QK_OK;
}

static void put_ratio(qk_json_writer *w, const char *name, double num, double den)
{
    qk_json_key(w, name);
    qk_json_fixed(w, den > 0 ? num / den : NAN, 4);
}

/* Share of the way from the rival's hits to all hits. */
static void put_skill(qk_json_writer *w, const char *name, double ours, double rival, double count)
{
    put_ratio(w, name, ours - rival, count - rival);
}

static void put_tally(qk_json_writer *w, const qk_forecast_tally *t, size_t lead, size_t season)
{
    static const char *const brier[QK_GUIDANCE_OVER] = {"brier_100", "brier_150", "brier_200"};
    static const char *const skill[QK_GUIDANCE_OVER] = {"brier_skill_100", "brier_skill_150",
                                                        "brier_skill_200"};
    qk_json_object(w);
    if (lead)
        qk_json_ki64(w, "lead", (int64_t)lead);
    else
        qk_json_knull(w, "lead");
    qk_json_kcstr(w, "season", season_names[season]);
    qk_json_ki64(w, "days", (int64_t)t->count);
    put_ratio(w, "exact", t->exact, t->count);
    put_ratio(w, "grade_set", t->set, t->count);
    put_ratio(w, "within_one", t->near, t->count);
    put_ratio(w, "range", t->range, t->count);
    put_ratio(w, "primary", t->primary, t->primary_count);
    put_ratio(w, "bias", t->error, t->count);
    put_ratio(w, "mean_error", t->off, t->count);
    put_ratio(w, "persistence", t->persisted_hit, t->persisted);
    put_skill(w, "skill_persistence", t->persisted_exact, t->persisted_hit, t->persisted);
    put_ratio(w, "climatology", t->climate_hit, t->climate);
    put_skill(w, "skill_climatology", t->climate_exact, t->climate_hit, t->climate);
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) {
        put_ratio(w, brier[o], t->brier[o], t->brier_count[o]);
        put_ratio(w, skill[o], t->brier_climate[o] - t->brier[o], t->brier_climate[o]);
    }
    qk_json_end(w);
}

/* Days that came, days told, and those of both. */
static void put_hits(qk_json_writer *w, double seen, double told, double hit)
{
    qk_json_ki64(w, "observed", (int64_t)seen);
    qk_json_ki64(w, "told", (int64_t)told);
    put_ratio(w, "pod", hit, seen);
    put_ratio(w, "far", told - hit, told);
    put_ratio(w, "csi", hit, seen + told - hit);
}

static void put_grades(qk_json_writer *w, const qk_forecast_tally *t, size_t lead)
{
    for (int32_t l = 1; l <= QK_AQI_LEVELS; l++) {
        if (!(t->observed[l] + t->told[l] > 0)) continue;
        qk_json_object(w);
        qk_json_ki64(w, "lead", (int64_t)lead);
        qk_json_ki64(w, "grade", l);
        put_hits(w, t->observed[l], t->told[l], t->hit[l]);
        qk_json_end(w);
    }
}

static void put_exceedances(qk_json_writer *w, const qk_forecast_tally *t, size_t lead)
{
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) {
        if (!(t->above[o] + t->above_told[o] > 0)) continue;
        qk_json_object(w);
        qk_json_ki64(w, "lead", (int64_t)lead);
        qk_json_ki64(w, "over", qk_guidance_over[o]);
        put_hits(w, t->above[o], t->above_told[o], t->above_hit[o]);
        qk_json_end(w);
    }
}

static void put_reliability(qk_json_writer *w, const qk_forecast_tally *t, size_t lead)
{
    for (size_t o = 0; o < QK_GUIDANCE_OVER; o++) {
        for (size_t b = 0; b < QK_SCORE_BINS; b++) {
            const qk_score_bin *bin = &t->bin[o][b];
            if (!(bin->count > 0)) continue;
            qk_json_object(w);
            qk_json_ki64(w, "lead", (int64_t)lead);
            qk_json_ki64(w, "over", qk_guidance_over[o]);
            qk_json_ki64(w, "days", (int64_t)bin->count);
            put_ratio(w, "told", bin->told, bin->count);
            put_ratio(w, "happened", bin->happened, bin->count);
            qk_json_end(w);
        }
    }
}

static void put_by_lead(qk_json_writer *w, const char *name, const qk_forecast_score *s,
                        void (*put)(qk_json_writer *, const qk_forecast_tally *, size_t))
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t l = 1; l <= QK_GUIDANCE_LEADS; l++)
        if (s->tally[l][0].count > 0) put(w, &s->tally[l][0], l);
    qk_json_end(w);
}

void qk_forecast_score_write(qk_json_writer *w, const qk_forecast_score *s)
{
    qk_json_object(w);
    for (int whole = 1; whole >= 0; whole--) {
        qk_json_key(w, whole ? "leads" : "seasons");
        qk_json_array(w);
        for (size_t l = 1; l <= QK_GUIDANCE_LEADS; l++)
            for (size_t i = 0; i < QK_SCORE_SEASONS; i++)
                if ((i == 0) == (whole == 1) && s->tally[l][i].count > 0)
                    put_tally(w, &s->tally[l][i], l, i);
        qk_json_end(w);
    }
    put_by_lead(w, "grades", s, put_grades);
    put_by_lead(w, "exceedances", s, put_exceedances);
    put_by_lead(w, "reliability", s, put_reliability);
    qk_json_end(w);
}
