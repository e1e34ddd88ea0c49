/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/hotspot_effect.h"
#include "domain/cases_private.h"
#include "domain/hotspot_warn.h"
#include <math.h>
#include <stdio.h>

enum { CASES = 50, ARENA_MAX = 64 << 20, GIVE_UP_H = 24 };

typedef struct waiting {
    char id[QK_CASE_ID_MAX], site[QK_CODE_MAX], factor[QK_CODE_MAX], state[16];
    qk_time opened_at, fed_at;
} waiting;

/* "site/st3/a34002" */
static void split_object(waiting *w, qk_str object)
{
    (void)qk_str_cut(&object, '/');
    qk_str_copy(w->site, sizeof w->site, qk_str_cut(&object, '/'));
    qk_str_copy(w->factor, sizeof w->factor, object);
}

static qk_code find_waiting(waiting list[CASES], size_t *n, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    QK_TRY(qk_db_prepare(
        &s, db,
        "SELECT c.id,c.object,c.state,c.opened_at,f.at FROM case_file c JOIN case_step f ON f.id="
        "(SELECT max(id) FROM case_step WHERE case_id=c.id AND what='feed_back') WHERE"
        " c.kind='hotspot' AND c.state IN ('fed_back','verified','recheck') AND NOT EXISTS(SELECT 1"
        " FROM case_step e WHERE e.case_id=c.id AND e.what='effect' AND e.id>f.id) LIMIT ?",
        err));
    sqlite3_bind_int(s, 1, CASES);
    for (*n = 0; (code = qk_db_step(db, s, err)) == QK_OK;) {
        waiting *w = &list[(*n)++];
        *w = (waiting){.opened_at = sqlite3_column_int64(s, 3),
                       .fed_at = sqlite3_column_int64(s, 4)};
        qk_str_copy(w->id, sizeof w->id, qk_db_text(s, 0));
        split_object(w, qk_db_text(s, 1));
        qk_str_copy(w->state, sizeof w->state, qk_db_text(s, 2));
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

bool qk_hotspots_effect_waits(qk_db *db)
{
    waiting one[CASES];
    size_t n = 0;
    return find_waiting(one, &n, db, NULL) != QK_OK || n > 0;
}

static double ratio_of(const qk_hotspot_standing *s)
{
    return s->middle > 0 ? s->value / s->middle : NAN;
}

static void write_standing(qk_json_writer *w, const char *name, const qk_hotspot_standing *s)
{
    qk_json_key(w, name);
    qk_json_object(w);
    qk_analysis_kput(w, "value", s->value);
    qk_analysis_kput(w, "middle", s->middle);
    qk_analysis_kput(w, "ratio", ratio_of(s));
    qk_json_ki64(w, "hours", (int64_t)s->hours);
    qk_json_end(w);
}

typedef struct effect {
    const waiting *of;
    qk_hotspot_standing before, after;
    bool known, fell;
} effect;

static void tell(char text[400], const effect *e)
{
    const char *item = strcmp(e->of->factor, "a34002") == 0 ? "PM10" : "PM2.5";
    if (!e->known)
        snprintf(text, 400, "反馈后 %d 小时内站点没有可比的小时值，效果无法评价", GIVE_UP_H);
    else if (e->before.hours)
        snprintf(text, 400,
                 "反馈后 %d 小时 %s %.0f，周边 %.0f，为 %.1f 倍（立案前 %.0f / %.0f，%.1f 倍）：%s",
                 QK_EFFECT_H, item, e->after.value, e->after.middle, ratio_of(&e->after),
                 e->before.value, e->before.middle, ratio_of(&e->before),
                 e->fell ? "已回落" : "没有回落");
    else
        snprintf(text, 400, "反馈后 %d 小时 %s %.0f，周边 %.0f，为 %.1f 倍：%s", QK_EFFECT_H, item,
                 e->after.value, e->after.middle, ratio_of(&e->after),
                 e->fell ? "已回落" : "没有回落");
}

static qk_code record(qk_db *db, qk_scheduler *s, const effect *e, qk_time now, qk_error *err)
{
    char text[400];
    qk_json_writer w;
    qk_buf data;
    tell(text, e);
    qk_buf_init(&data, 2048);
    qk_json_init(&w, &data);
    qk_json_object(&w);
    qk_json_kbool(&w, "known", e->known);
    qk_json_kbool(&w, "fell", e->fell);
    write_standing(&w, "before", &e->before);
    write_standing(&w, "after", &e->after);
    qk_json_end(&w);
    qk_code code = data.failed
                       ? qk_fail(err, data.failed, "no memory for an effect")
                       : qk_case_add_step(db, qk_str_of(e->of->id), QK_STR("system"), QK_STR(""),
                                          "effect", qk_str_of(text), qk_buf_str(&data), now, err);
    qk_buf_clear(&data);
    if (code || !e->known || e->fell || strcmp(e->of->state, "fed_back") != 0) return code;
    const qk_case_act again = {.action = QK_STR("return"),
                               .text = QK_STR("站点没有回落，请核查下一个嫌疑源"),
                               .who = QK_STR("system"),
                               .seen = -1};
    return qk_case_step(db, s, qk_str_of(e->of->id), &again, now, err);
}

static qk_code look(bool *told, qk_db *db, qk_scheduler *s, const waiting *w,
                    const qk_hotspot_rule *rule, const qk_registry *registry,
                    qk_telemetry_reader *reader, qk_time now, qk_arena *arena, qk_error *err)
{
    effect e = {.of = w};
    qk_time from = qk_floor_hour(w->fed_at + QK_HOUR - 1), to = from + QK_EFFECT_H * QK_HOUR;
    qk_time opened = qk_floor_hour(w->opened_at);
    *told = false;
    if (now < to + QK_HOTSPOT_WAIT) return QK_OK;
    QK_TRY(qk_hotspot_stand(&e.after, rule, registry, reader, qk_str_of(w->site),
                            qk_str_of(w->factor), from, to, arena, err));
    e.known = e.after.hours == QK_EFFECT_H;
    if (!e.known && now < w->fed_at + GIVE_UP_H * QK_HOUR) return QK_OK;
    QK_TRY(qk_hotspot_stand(&e.before, rule, registry, reader, qk_str_of(w->site),
                            qk_str_of(w->factor), opened - QK_EFFECT_H * QK_HOUR, opened, arena,
                            err));
    e.fell = e.known && (e.after.value < rule->stand.ratio * e.after.middle ||
                         e.after.value < e.after.middle + rule->stand.excess);
    *told = true;
    return record(db, s, &e, now, err);
}

qk_code qk_hotspots_effect(size_t *recorded, qk_db *db, qk_scheduler *s,
                           const qk_registry *registry, qk_telemetry_reader *reader, qk_time now,
                           qk_error *err)
{
    static const size_t each = sizeof(waiting);
    qk_arena arena;
    size_t n = 0, done = 0;
    qk_hotspot_rule rule = qk_hotspot_rule_read(db);
    qk_arena_init(&arena, ARENA_MAX);
    waiting *list = qk_arena_array(&arena, CASES, each);
    qk_code code =
        list ? find_waiting(list, &n, db, err) : qk_fail(err, QK_ENOMEM, "no memory for cases");
    for (size_t i = 0; !code && i < n; i++) {
        bool told = false;
        qk_arena scratch;
        qk_arena_init(&scratch, ARENA_MAX);
        code = look(&told, db, s, &list[i], &rule, registry, reader, now, &scratch, err);
        qk_arena_clear(&scratch);
        done += told;
    }
    if (recorded) *recorded = done;
    qk_arena_clear(&arena);
    return code;
}
