/* SPDX-License-Identifier: Apache-2.0 */
/* Episodes of heavy pollution: found from data, reported, the report kept. */
#include "domain/bulletin.h"
#include "domain/episodes.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"
#include <math.h>

enum { YEARS_BACK = 1095, REPORT_BYTES = 512 << 10, ABOUT_H = 48, SCRATCH = 96 << 20 };

static void put_amount(qk_json_writer *w, const char *name, double v)
{
    qk_json_key(w, name);
    if (isfinite(v))
        qk_json_fixed(w, v, 1);
    else
        qk_json_null(w);
}

static void put_row(qk_json_writer *w, const qk_episodes *e, const qk_episode *one)
{
    char date[QK_TIME_TEXT];
    int32_t primary = qk_episodes_primary(e, one);
    qk_json_object(w);
    qk_json_kcstr(w, "date", qk_air_date(date, e->from_day + (int32_t)one->first_day));
    qk_json_kcstr(w, "last_date", qk_air_date(date, e->from_day + (int32_t)one->last_day));
    qk_json_ktime(w, "from", qk_episodes_hour(e, one->from));
    qk_json_ktime(w, "to", qk_episodes_hour(e, one->to));
    qk_json_ki64(w, "hours", (int64_t)(one->to - one->from));
    qk_json_ki64(w, "days", (int64_t)(one->last_day - one->first_day) + 1);
    qk_json_kcstr(w, "level", qk_warning_level_name(one->level));
    qk_json_ki64(w, "aqi", one->aqi);
    qk_json_kcstr(w, "worst_date", qk_air_date(date, e->from_day + (int32_t)one->worst_day));
    put_amount(w, "peak", one->peak);
    qk_json_ktime(w, "peak_at",
                  isfinite(one->peak) ? qk_episodes_hour(e, one->peak_hour) : QK_TIME_NONE);
    qk_json_ki64(w, "hours_above", one->hours_above);
    qk_json_kcstr(w, "primary", primary < 0 ? NULL : qk_pollutant_name((qk_pollutant)primary));
    qk_json_kbool(w, "runs", one->runs);
    qk_json_kbool(w, "hours_known", one->hours_known);
    qk_json_end(w);
}

static void put_rule(qk_json_writer *w, const qk_episodes *e)
{
    qk_json_key(w, "rule");
    qk_json_object(w);
    qk_json_kcstr(w, "warning", e->warning ? e->warning->name : NULL);
    put_amount(w, "above", e->rule.above);
    qk_json_ki64(w, "clear_hours", e->rule.clear_hours);
    qk_json_kcstr(w, "source", e->rule.source);
    qk_json_kcstr(w, "source_zh", e->rule.source_zh);
    qk_json_end(w);
}

static qk_code list_episodes(qk_exchange *x, qk_arena *arena, qk_error *err)
{
    qk_air_question q;
    qk_episodes e;
    char date[QK_TIME_TEXT];
    QK_TRY(qk_air_asked(&q, x, err));
    int32_t to = qk_query_given(x, "to") ? qk_day_number(qk_query_time(x, "to", 0)) : q.last_day;
    int32_t from =
        qk_query_given(x, "from") ? qk_day_number(qk_query_time(x, "from", 0)) : to - YEARS_BACK;
    qk_code code = qk_episodes_scan(&e, &q, from, to, arena, err);
    if (code == QK_ERANGE)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "%s", err->message);
    QK_TRY(code);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "from", qk_air_date(date, from));
    qk_json_kcstr(&x->json, "to", qk_air_date(date, e.to_day));
    put_rule(&x->json, &e);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = e.n; i > 0; i--) put_row(&x->json, &e, &e.item[i - 1]);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_episodes(qk_exchange *x, qk_error *err)
{
    qk_arena arena;
    qk_arena_init(&arena, SCRATCH);
    qk_code code = list_episodes(x, &arena, err);
    qk_arena_clear(&arena);
    return code;
}

/* ---- one ---- */

typedef struct found {
    qk_air_question q;
    qk_episodes e;
    const qk_episode *one;
    char date[QK_TIME_TEXT];
    qk_buf report;
    qk_arena arena;
} found;

static void clear_found(found *f)
{
    qk_buf_clear(&f->report);
    qk_arena_clear(&f->arena);
}

static qk_code find_one(found *f, qk_exchange *x, qk_error *err)
{
    qk_time at = 0;
    size_t index = 0;
    if (qk_time_parse(&at, x->args[0]) != QK_OK)
        return qk_fail(err, QK_ENOTFOUND, "an episode is named by its first day");
    QK_TRY(qk_air_asked(&f->q, x, err));
    QK_TRY(qk_episodes_one(&f->e, &index, &f->q, qk_day_number(at), &f->arena, err));
    f->one = &f->e.item[index];
    qk_air_date(f->date, qk_day_number(at));
    return qk_episodes_report(&f->report, &f->e, f->one, &f->arena, err);
}

static void put_hours(qk_json_writer *w, const qk_episodes *e, const qk_episode *one)
{
    size_t from = one->from > ABOUT_H ? one->from - ABOUT_H : 0, to = one->to + ABOUT_H;
    qk_json_key(w, "pm25");
    qk_json_object(w);
    qk_json_ktime(w, "from", qk_episodes_hour(e, from));
    qk_json_key(w, "values");
    qk_json_array(w);
    for (size_t h = from; h < to && h < e->days * 24; h++) {
        if (isfinite(e->pm25[h]))
            qk_json_fixed(w, e->pm25[h], 1);
        else
            qk_json_null(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static qk_code put_one(qk_exchange *x, const found *f, qk_error *err)
{
    qk_json_writer *w = &x->json;
    int64_t id = 0, version = 0;
    QK_TRY(qk_bulletin_of_episode(&id, &version, x->tools->db, f->date, err));
    qk_json_object(w);
    qk_json_key(w, "episode");
    put_row(w, &f->e, f->one);
    put_amount(w, "above", f->e.rule.above);
    put_hours(w, &f->e, f->one);
    qk_json_key(w, "report");
    qk_json_raw(w, qk_buf_str(&f->report));
    qk_json_key(w, "bulletin");
    if (id) {
        qk_json_object(w);
        qk_json_ki64(w, "id", id);
        qk_json_ki64(w, "version", version);
        qk_json_end(w);
    } else {
        qk_json_null(w);
    }
    qk_json_end(w);
    return QK_OK;
}

qk_code qk_api_episode(qk_exchange *x, qk_error *err)
{
    found f = {0};
    qk_buf_init(&f.report, REPORT_BYTES);
    qk_arena_init(&f.arena, SCRATCH);
    qk_code code = find_one(&f, x, err);
    if (!code) code = put_one(x, &f, err);
    clear_found(&f);
    return code;
}

/* ---- keeping ---- */

typedef struct keeping {
    const found *f;
    char person[QK_AIR_PERSON_MAX];
} keeping;

static qk_code keep_report(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const keeping *k = context;
    int64_t id = 0;
    QK_TRY(qk_bulletin_keep_episode(&id, db, k->f->date, qk_buf_str(&k->f->report),
                                    qk_str_of(k->person), now, err));
    snprintf(note->what, sizeof note->what, "episode.report");
    snprintf(note->object, sizeof note->object, "bulletin/%lld", (long long)id);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "bulletin", id);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_episode_report(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"person", NULL};
    const qk_json_value *body = NULL;
    found f = {0};
    keeping k = {.f = &f};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(qk_air_person(k.person, x, body, false, err));
    qk_buf_init(&f.report, REPORT_BYTES);
    qk_arena_init(&f.arena, SCRATCH);
    qk_code code = find_one(&f, x, err);
    if (!code) code = qk_change_run(x, keep_report, &k, err);
    clear_found(&f);
    return code;
}
