/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/finding.h"
#include "domain/area.h"
#include "domain/cases.h"
#include "domain/people.h"

static const char *const kinds[] = {"park_over", "hotspot"};

static bool is_finding(const qk_event *e)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(e->kind, kinds[i]) == 0) return true;
    return false;
}

static qk_code open_case_of(char id[QK_CASE_ID_MAX], qk_db *db, const char *kind, qk_str object,
                            qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id FROM case_file WHERE kind=?1 AND object=?2 AND state NOT IN "
                         "('closed','withdrawn') ORDER BY opened_at DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(kind));
    qk_db_bind_str(s, 2, object);
    QK_TRY(qk_db_step(db, s, err));
    qk_str_copy(id, QK_CASE_ID_MAX, qk_db_text(s, 0));
    sqlite3_reset(s);
    return QK_OK;
}

typedef struct finding {
    const qk_event *event;
    char object[120], cause[160], unit[QK_CODE_MAX];
    qk_str text, title; /* in the arena */
} finding;

/* Where nobody owns what was found, the township in which the site stands answers. */
static void answer_by_area(finding *f, const qk_registry *registry, qk_arena *arena)
{
    qk_site site;
    qk_unit unit;
    char division[16];
    if (!qk_registry_site(registry, &site, qk_str_of(f->event->site))) return;
    memcpy(division, site.division, sizeof division);
    if (!division[0] && !qk_area_of(division, registry, site.lon, site.lat, arena)) return;
    if (qk_area_unit(&unit, registry, qk_str_of(division), arena))
        memcpy(f->unit, unit.id, sizeof f->unit);
}

/* What the event says, from its own JSON: the sentence that people read. */
static qk_code describe(finding *f, const qk_registry *registry, qk_arena *arena)
{
    qk_json_writer w;
    qk_json_value *v = NULL;
    qk_buf json;
    qk_unit unit;
    qk_buf_init(&json, 64 << 10);
    qk_json_init(&w, &json);
    qk_event_json(&w, f->event);
    char *kept = json.failed ? NULL : qk_arena_copy(arena, json.ptr, json.len);
    size_t len = json.len;
    qk_buf_clear(&json);
    if (!kept) return QK_ENOMEM;
    QK_TRY(qk_json_parse(&v, (qk_str){kept, len}, arena, NULL));
    const qk_json_value *params = qk_json_get(v, "params");
    qk_str code = qk_json_get_str(params, "code"), owner = qk_json_get_str(params, "owner");
    f->text = qk_json_get_str(v, "zh");
    f->title = f->text;
    snprintf(f->object, sizeof f->object, "site/%s/%.*s", f->event->site, QK_STR_ARG(code));
    snprintf(f->cause, sizeof f->cause, "%s/%s/%.*s/%lld", f->event->kind, f->event->site,
             QK_STR_ARG(code), (long long)f->event->id);
    if (owner.len && qk_people_unit_named(registry, &unit, owner))
        memcpy(f->unit, unit.id, sizeof f->unit);
    else
        answer_by_area(f, registry, arena);
    return QK_OK;
}

static qk_code take_one(const qk_event *e, qk_db *db, qk_scheduler *s, const qk_registry *registry,
                        qk_time now, qk_arena *arena, qk_error *err)
{
    finding f = {.event = e};
    char id[QK_CASE_ID_MAX];
    bool made = false;
    qk_code code = describe(&f, registry, arena);
    if (code) return qk_fail(err, code, "a finding could not be read");
    code = open_case_of(id, db, e->kind, qk_str_of(f.object), err);
    if (code == QK_OK) {
        qk_case_act note = {.action = QK_STR("note"),
                            .text = f.text,
                            .who = QK_STR("system"),
                            .unit = qk_str_of(f.unit),
                            .seen = -1};
        return qk_case_step(db, s, qk_str_of(id), &note, now, err);
    }
    if (code != QK_ENOTFOUND) return code;
    qk_case_new what = {.kind = qk_str_of(e->kind),
                        .cause = qk_str_of(f.cause),
                        .object = qk_str_of(f.object),
                        .unit = qk_str_of(f.unit),
                        .site = qk_str_of(e->site),
                        .title = f.title,
                        .text = f.text};
    return qk_case_open(id, &made, db, s, &what, QK_STR("system"), now, err);
}

qk_code qk_findings_take(const qk_events *events, qk_db *db, qk_scheduler *s,
                         const qk_registry *registry, qk_time now, qk_error *err)
{
    const qk_event *e;
    qk_arena arena;
    qk_code code = QK_OK;
    qk_arena_init(&arena, 32 << 20);
    for (size_t cursor = 0; !code && (e = qk_events_fresh(events, &cursor)) != NULL;) {
        if (!is_finding(e)) continue;
        qk_arena_reset(&arena);
        code = take_one(e, db, s, registry, now, &arena, err);
        /* What a case does not take is still an event. */
        if (code == QK_EINVAL || code == QK_EDENIED || code == QK_ECONFLICT) code = QK_OK;
    }
    qk_arena_clear(&arena);
    return code;
}
