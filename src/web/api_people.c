/* SPDX-License-Identifier: Apache-2.0 */
/* Units and their names, persons, posts over time. */
#include "store/audit.h"
#include "web/api.h"
#include "web/change.h"

enum { NAMES_MAX = 500, ALIASES_MAX = 100, HISTORY_MAX = 1000 };

static qk_registry *registry_of(const qk_exchange *x)
{
    return qk_node_registry(x->context->node);
}

static qk_code no_room(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the list");
}

static qk_code refuse_member(qk_exchange *x, const qk_error *err)
{
    x->status = 400;
    x->error_code = "bad_body";
    if (err) qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(err->where));
    return QK_EINVAL;
}

static void begin_list(qk_exchange *x)
{
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
}

static void end_list(qk_exchange *x, size_t n)
{
    qk_json_end(&x->json);
    qk_json_knull(&x->json, "next");
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
}

/* Members of a row, written into an object that goes on. */
static qk_code read_seen(qk_exchange *x, const qk_json_value *body, int64_t *seen, qk_error *err)
{
    if (qk_json_get_i64(body, "row_version", seen) && *seen >= 0) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", "row_version",
                     "row_version must say which version was seen, 0 for a new row");
}

static qk_code read_id(qk_exchange *x, char *out, size_t size, qk_error *err)
{
    if (x->args[0].len == 0 || x->args[0].len >= size)
        return qk_refuse(x, err, 400, "bad_path", "id", "an id has 1 to %zu bytes", size - 1);
    qk_str_copy(out, size, x->args[0]);
    return QK_OK;
}

/* ---- units ---- */

static void write_unit(qk_exchange *x, const qk_unit *u, const qk_unit_alias *aliases, size_t n)
{
    qk_json_writer *w = &x->json;
    qk_json_object(w);
    qk_json_kcstr(w, "id", u->id);
    qk_json_ktext(w, "parent", u->parent);
    qk_json_kcstr(w, "kind", u->kind);
    qk_json_kcstr(w, "name_zh", u->name_zh);
    qk_json_ktext(w, "name_en", u->name_en);
    qk_json_ktext(w, "division", u->division);
    qk_json_key(w, "aliases");
    qk_json_array(w);
    for (size_t i = 0; i < n; i++)
        if (strcmp(aliases[i].unit, u->id) == 0) qk_json_cstr(w, aliases[i].alias);
    qk_json_end(w);
    qk_json_ki64(w, "row_version", u->version);
    qk_json_end(w);
}

qk_code qk_api_units(qk_exchange *x, qk_error *err)
{
    qk_unit *units = NULL;
    qk_unit_alias *aliases = NULL;
    size_t n = 0, alias_n = 0, given = 0;
    qk_str kind = qk_query_str(x, "kind");
    if (qk_people_units(registry_of(x), &x->arena, &units, &n) != QK_OK ||
        qk_people_aliases(registry_of(x), &x->arena, &aliases, &alias_n) != QK_OK)
        return no_room(err);
    begin_list(x);
    for (size_t i = 0; i < n; i++) {
        if (kind.len && !qk_str_eq(kind, qk_str_of(units[i].kind))) continue;
        if (!qk_rights_may(x, QK_ACT_UNIT_VIEW, qk_str_of(units[i].id))) continue;
        write_unit(x, &units[i], aliases, alias_n);
        given++;
    }
    end_list(x, given);
    return QK_OK;
}

typedef struct unit_change {
    qk_unit unit;
    int64_t seen;
    const qk_json_value *aliases, *names;
    bool take;
} unit_change;

static qk_code write_changed_unit(qk_exchange *x, const char *id, qk_error *err)
{
    qk_unit unit;
    qk_unit_alias *aliases = NULL;
    size_t n = 0;
    if (!qk_people_unit(registry_of(x), &unit, qk_str_of(id)))
        return qk_fail(err, QK_ENOTFOUND, "the unit is gone");
    if (qk_people_aliases(registry_of(x), &x->arena, &aliases, &n) != QK_OK) return no_room(err);
    write_unit(x, &unit, aliases, n);
    return QK_OK;
}

static qk_code put_unit(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                        qk_error *err)
{
    unit_change *c = context;
    (void)db;
    QK_TRY(qk_people_put_unit(registry_of(x), &c->unit, c->seen, qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, c->seen ? "unit.change" : "unit.add");
    snprintf(note->object, sizeof note->object, "unit/%s", c->unit.id);
    qk_json_writer w;
    qk_json_init(&w, &note->detail);
    qk_unit_json(&w, &c->unit);
    return write_changed_unit(x, c->unit.id, err);
}

qk_code qk_api_unit_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "parent",   "kind", "name_zh",
                                          "name_en",     "division", NULL};
    const qk_json_value *body = NULL;
    unit_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &c.seen, err));
    QK_TRY(read_id(x, c.unit.id, sizeof c.unit.id, err));
    if (!qk_people_unit(registry_of(x), &c.unit, x->args[0])) c.unit.version = 0;
    if (qk_unit_patch(&c.unit, body, err) != QK_OK) return refuse_member(x, err);
    return qk_change_run(x, put_unit, &c, err);
}

static bool is_listed(const qk_json_value *list, const char *alias)
{
    for (const qk_json_value *v = list->first; v; v = v->next)
        if (qk_str_eq(qk_str_trim(v->text), qk_str_of(alias))) return true;
    return false;
}

static qk_code put_aliases(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const unit_change *c = context;
    qk_registry *r = registry_of(x);
    qk_unit_alias *all = NULL;
    size_t n = 0;
    qk_str by = qk_str_of(x->who);
    (void)db;
    if (qk_people_aliases(r, &x->arena, &all, &n) != QK_OK) return no_room(err);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i].unit, c->unit.id) != 0 || is_listed(c->aliases, all[i].alias)) continue;
        all[i].unit[0] = 0;
        QK_TRY(qk_people_put_alias(r, &all[i], true, by, now, err));
    }
    for (const qk_json_value *v = c->aliases->first; v; v = v->next) {
        qk_unit_alias a = {.source = "hand"};
        qk_str_copy(a.alias, sizeof a.alias, qk_str_trim(v->text));
        memcpy(a.unit, c->unit.id, sizeof a.unit);
        QK_TRY(qk_people_put_alias(r, &a, false, by, now, err));
    }
    snprintf(note->what, sizeof note->what, "unit.aliases");
    snprintf(note->object, sizeof note->object, "unit/%s", c->unit.id);
    return write_changed_unit(x, c->unit.id, err);
}

static qk_code read_texts(qk_exchange *x, const qk_json_value *list, const char *name, size_t most,
                          qk_error *err)
{
    bool good = list && list->type == QK_JSON_ARRAY && list->count <= most;
    for (const qk_json_value *v = good ? list->first : NULL; v; v = v->next)
        good = good && v->type == QK_JSON_STRING && qk_str_trim(v->text).len > 0 &&
               v->text.len < QK_NAME_MAX;
    if (good) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", name, "a list of at most %zu names of 1 to %d bytes",
                     most, QK_NAME_MAX - 1);
}

qk_code qk_api_unit_aliases_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"aliases", NULL};
    const qk_json_value *body = NULL;
    unit_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.aliases = qk_json_get(body, "aliases");
    QK_TRY(read_texts(x, c.aliases, "aliases", ALIASES_MAX, err));
    if (!qk_people_unit(registry_of(x), &c.unit, x->args[0]))
        return qk_fail(err, QK_ENOTFOUND, "there is no unit of this id");
    return qk_change_run(x, put_aliases, &c, err);
}

static void write_proposals(qk_exchange *x, const qk_unit_proposal *all, size_t n)
{
    begin_list(x);
    for (size_t i = 0; i < n; i++) {
        const qk_unit_proposal *p = &all[i];
        qk_json_object(&x->json);
        qk_json_kstr(&x->json, "name", p->name);
        qk_json_kbool(&x->json, "group", p->group);
        qk_json_kbool(&x->json, "known", p->known);
        qk_json_kcstr(&x->json, "unit", p->unit.id[0] ? p->unit.id : NULL);
        qk_json_kcstr(&x->json, "kind", p->unit.kind[0] ? p->unit.kind : NULL);
        qk_json_kcstr(&x->json, "name_zh", p->unit.name_zh[0] ? p->unit.name_zh : NULL);
        qk_json_end(&x->json);
    }
    end_list(x, n);
}

static qk_code propose_units(qk_exchange *x, void *context, qk_db *db, qk_time now,
                             qk_change_note *note, qk_error *err)
{
    const unit_change *c = context;
    qk_registry *r = registry_of(x);
    size_t n = c->names->count, i = 0;
    qk_unit_proposal *all = NULL;
    qk_str *names = qk_arena_array(&x->arena, n, sizeof *names);
    (void)db;
    if (!names) return no_room(err);
    for (const qk_json_value *v = c->names->first; v; v = v->next)
        names[i++] = qk_str_trim(v->text);
    if (c->take)
        QK_TRY(qk_people_take_names(r, names, n, QK_STR("hand"), qk_str_of(x->who), now, err));
    if (qk_people_propose(r, &x->arena, names, n, &all) != QK_OK) return no_room(err);
    snprintf(note->what, sizeof note->what, c->take ? "unit.take" : "unit.propose");
    snprintf(note->object, sizeof note->object, "unit");
    qk_buf_printf(&note->detail, "{\"names\":%zu}", n);
    write_proposals(x, all, n);
    return QK_OK;
}

qk_code qk_api_units_propose(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"names", "take", NULL};
    const qk_json_value *body = NULL;
    unit_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.names = qk_json_get(body, "names");
    c.take = qk_json_get_bool(body, "take", false);
    QK_TRY(read_texts(x, c.names, "names", NAMES_MAX, err));
    return qk_change_run(x, propose_units, &c, err);
}

/* ---- history ---- */

static qk_code write_history(qk_exchange *x, const char *sql, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    size_t n = 0;
    QK_TRY(qk_db_prepare(&s, x->tools->db, sql, err));
    qk_db_bind_str(s, 1, x->args[0]);
    sqlite3_bind_int(s, 2, HISTORY_MAX);
    begin_list(x);
    qk_code code;
    while ((code = qk_db_step(x->tools->db, s, err)) == QK_OK) {
        qk_json_object(&x->json);
        qk_json_ki64(&x->json, "row_version", sqlite3_column_int64(s, 1));
        qk_json_ktime(&x->json, "valid_from", sqlite3_column_int64(s, 2));
        qk_json_ktime(&x->json, "recorded_at", sqlite3_column_int64(s, 3));
        qk_json_kstr(&x->json, "recorded_by", qk_db_text(s, 4));
        qk_json_key(&x->json, "row");
        qk_json_raw(&x->json, qk_db_text(s, 0));
        qk_json_end(&x->json);
        n++;
    }
    end_list(x, n);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

qk_code qk_api_unit_history(qk_exchange *x, qk_error *err)
{
    qk_unit unit;
    if (!qk_people_unit(registry_of(x), &unit, x->args[0]) ||
        !qk_rights_may(x, QK_ACT_UNIT_VIEW, x->args[0]))
        return qk_fail(err, QK_ENOTFOUND, "there is no unit of this id");
    return write_history(
        x,
        "SELECT json_object('parent',parent,'kind',kind,'name_zh',name_zh,'name_en',name_en,"
        "'division',division),version,valid_from,recorded_at,recorded_by FROM unit_history "
        "WHERE id=?1 ORDER BY version DESC LIMIT ?2",
        err);
}

qk_code qk_api_post_history(qk_exchange *x, qk_error *err)
{
    qk_post post;
    if (!qk_people_post(registry_of(x), &post, x->args[0]) ||
        !qk_rights_may(x, QK_ACT_UNIT_VIEW, qk_str_of(post.unit)))
        return qk_fail(err, QK_ENOTFOUND, "there is no post of this id");
    return write_history(
        x,
        "SELECT json_object('unit',unit,'title_zh',title_zh,'title_en',title_en,'person',person),"
        "version,valid_from,recorded_at,recorded_by FROM post_history WHERE id=?1 "
        "ORDER BY version DESC LIMIT ?2",
        err);
}

/* ---- persons ---- */

/* 138****1234: enough to know one's own by. */
static void mask_phone(char out[QK_PHONE_MAX], const char *phone)
{
    size_t n = strlen(phone);
    memcpy(out, phone, QK_PHONE_MAX);
    for (size_t i = n > 7 ? 3 : 0; i < n && (n <= 7 || i + 4 < n); i++) out[i] = '*';
}

static void write_person(qk_json_writer *w, const qk_person *p, bool whole)
{
    char phone[QK_PHONE_MAX];
    mask_phone(phone, p->phone);
    qk_json_object(w);
    qk_json_kcstr(w, "id", p->id);
    qk_json_kcstr(w, "name", p->name);
    qk_json_ktext(w, "unit", p->unit);
    qk_json_ktext(w, "phone", whole ? p->phone : phone);
    qk_json_ki64(w, "row_version", p->version);
    qk_json_end(w);
}

qk_code qk_api_people(qk_exchange *x, qk_error *err)
{
    qk_person *people = NULL;
    size_t n = 0, given = 0;
    qk_str unit = qk_query_str(x, "unit");
    if (qk_people_persons(registry_of(x), &x->arena, &people, &n) != QK_OK) return no_room(err);
    begin_list(x);
    for (size_t i = 0; i < n; i++) {
        if (unit.len && !qk_str_eq(unit, qk_str_of(people[i].unit))) continue;
        if (!qk_rights_may(x, QK_ACT_UNIT_VIEW, qk_str_of(people[i].unit))) continue;
        write_person(&x->json, &people[i], false);
        given++;
    }
    end_list(x, given);
    return QK_OK;
}

typedef struct person_change {
    qk_exchange *x;
    qk_person person;
    int64_t seen;
} person_change;

static qk_code note_reading(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const person_change *c = context;
    qk_change_note note = {.what = "person.read"};
    (void)node;
    snprintf(note.object, sizeof note.object, "person/%s", c->person.id);
    return qk_change_audit(c->x, db, now, &note, err);
}

/* The phone is personal: told only when the reading stands in the audit log. */
qk_code qk_api_person(qk_exchange *x, qk_error *err)
{
    person_change c = {.x = x};
    if (!qk_people_person(registry_of(x), &c.person, x->args[0]) ||
        !qk_rights_may(x, QK_ACT_PERSON_READ, qk_str_of(c.person.unit)))
        return qk_fail(err, QK_ENOTFOUND, "there is no person of this id");
    QK_TRY(qk_node_call(x->context->node, note_reading, &c, err));
    write_person(&x->json, &c.person, true);
    return QK_OK;
}

static qk_code put_person(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    person_change *c = context;
    qk_registry *r = registry_of(x);
    (void)db;
    QK_TRY(qk_people_put_person(r, &c->person, c->seen, qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, c->seen ? "person.change" : "person.add");
    snprintf(note->object, sizeof note->object, "person/%s", c->person.id);
    if (!qk_people_person(r, &c->person, qk_str_of(c->person.id)))
        return qk_fail(err, QK_ENOTFOUND, "the person is gone");
    write_person(&x->json, &c->person, false);
    return QK_OK;
}

qk_code qk_api_person_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "name", "unit", "phone", NULL};
    const qk_json_value *body = NULL;
    person_change c = {.x = x};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &c.seen, err));
    QK_TRY(read_id(x, c.person.id, sizeof c.person.id, err));
    if (!qk_people_person(registry_of(x), &c.person, x->args[0])) c.person.version = 0;
    if (qk_person_patch(&c.person, body, err) != QK_OK) return refuse_member(x, err);
    if (!c.person.name[0])
        return qk_refuse(x, err, 400, "bad_body", "name", "a person needs a name");
    return qk_change_run(x, put_person, &c, err);
}

/* ---- posts ---- */

/* As they were held at a time; posts that were not there then are left out. */
static qk_code find_then(qk_exchange *x, qk_post *post, bool *there, qk_error *err)
{
    qk_post then = {0};
    *there = true;
    if (!qk_query_given(x, "at")) return QK_OK;
    qk_code code =
        qk_people_post_at(&then, x->tools->db, qk_str_of(post->id), qk_query_time(x, "at", 0),
                          qk_query_time(x, "known_at", QK_TIME_NONE), err);
    *there = code == QK_OK;
    if (*there) *post = then;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static void write_post(qk_exchange *x, const qk_post *p)
{
    qk_json_writer *w = &x->json;
    qk_person person;
    bool known = qk_people_person(registry_of(x), &person, qk_str_of(p->person));
    qk_json_object(w);
    qk_json_kcstr(w, "id", p->id);
    qk_json_kcstr(w, "unit", p->unit);
    qk_json_kcstr(w, "title_zh", p->title_zh);
    qk_json_ktext(w, "title_en", p->title_en);
    qk_json_ktext(w, "person", p->person);
    qk_json_kcstr(w, "person_name", known ? person.name : NULL);
    qk_json_ki64(w, "row_version", p->version);
    qk_json_end(w);
}

qk_code qk_api_posts(qk_exchange *x, qk_error *err)
{
    qk_post *posts = NULL;
    size_t n = 0, given = 0;
    bool there;
    if (qk_people_posts(registry_of(x), &x->arena, &posts, &n) != QK_OK) return no_room(err);
    begin_list(x);
    for (size_t i = 0; i < n; i++) {
        QK_TRY(find_then(x, &posts[i], &there, err));
        if (!there || !qk_rights_may(x, QK_ACT_UNIT_VIEW, qk_str_of(posts[i].unit))) continue;
        write_post(x, &posts[i]);
        given++;
    }
    end_list(x, given);
    return QK_OK;
}

typedef struct post_change {
    qk_post post;
    int64_t seen;
    qk_time valid_from; /* QK_TIME_NONE = now */
} post_change;

static qk_code put_post(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                        qk_error *err)
{
    post_change *c = context;
    qk_registry *r = registry_of(x);
    qk_time from = c->valid_from == QK_TIME_NONE ? now : c->valid_from;
    (void)db;
    QK_TRY(qk_people_put_post(r, &c->post, c->seen, from, qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, c->seen ? "post.change" : "post.add");
    snprintf(note->object, sizeof note->object, "post/%s", c->post.id);
    qk_json_writer w;
    qk_json_init(&w, &note->detail);
    qk_post_json(&w, &c->post);
    if (!qk_people_post(r, &c->post, qk_str_of(c->post.id)))
        return qk_fail(err, QK_ENOTFOUND, "the post is gone");
    write_post(x, &c->post);
    return QK_OK;
}

static qk_code patch_post(qk_exchange *x, post_change *c, const qk_json_value *body, qk_error *err)
{
    for (const qk_json_value *m = body->first; m; m = m->next) {
        if (qk_str_eq(m->name, QK_STR("valid_from"))) continue;
        qk_json_value one = *m, object = {.type = QK_JSON_OBJECT, .first = &one, .count = 1};
        one.next = NULL;
        if (qk_post_patch(&c->post, &object, err) != QK_OK) return refuse_member(x, err);
    }
    qk_str from = qk_json_get_str(body, "valid_from");
    c->valid_from = QK_TIME_NONE;
    if (from.len && qk_time_parse(&c->valid_from, from) != QK_OK)
        return qk_refuse(x, err, 400, "bad_body", "valid_from", "a time, not after now");
    return QK_OK;
}

qk_code qk_api_post_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "unit",       "title_zh", "title_en",
                                          "person",      "valid_from", NULL};
    const qk_json_value *body = NULL;
    post_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_seen(x, body, &c.seen, err));
    QK_TRY(read_id(x, c.post.id, sizeof c.post.id, err));
    if (!qk_people_post(registry_of(x), &c.post, x->args[0])) c.post.version = 0;
    QK_TRY(patch_post(x, &c, body, err));
    return qk_change_run(x, put_post, &c, err);
}
