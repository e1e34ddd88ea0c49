/* SPDX-License-Identifier: Apache-2.0 */
/* Divisions, sites, devices: lists and single rows. */
#include "domain/labels.h"
#include "web/api.h"
#include "web/change.h"
#include "web/cover.h"
#include "web/device_json.h"
#include <math.h>
#include <stdlib.h>

enum { LIST_DEFAULT = 500, SAMPLE_MAX = 4096 };

static qk_registry *registry_of(const qk_exchange *x)
{
    return qk_node_registry(x->context->node);
}

static qk_code no_room(qk_error *err, qk_code code)
{
    return qk_fail(err, code, "no memory for the list");
}

/* ---- divisions ---- */

static void write_division(qk_json_writer *w, const qk_division *d)
{
    qk_json_object(w);
    qk_json_kcstr(w, "type", "Feature");
    qk_json_key(w, "properties");
    qk_json_object(w);
    qk_json_kcstr(w, "code", d->code);
    qk_json_kcstr(w, "kind", d->kind);
    qk_json_kcstr(w, "name_zh", d->name_zh);
    qk_json_kcstr(w, "name_en", d->name_en);
    qk_json_ktext(w, "parent", d->parent);
    qk_json_end(w);
    qk_json_key(w, "geometry");
    if (d->geometry)
        qk_json_raw(w, qk_str_of(d->geometry));
    else
        qk_json_null(w);
    qk_json_end(w);
}

qk_code qk_api_divisions(qk_exchange *x, qk_error *err)
{
    qk_division *divisions = NULL;
    size_t n = 0;
    if (qk_exchange_unchanged(x, qk_registry_version(registry_of(x)))) return QK_OK;
    qk_code code = qk_registry_divisions(registry_of(x), &x->arena, &divisions, &n);
    if (code != QK_OK) return no_room(err, code);
    x->content_type = "application/geo+json";
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "type", "FeatureCollection");
    qk_json_key(&x->json, "features");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) write_division(&x->json, &divisions[i]);
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- sites ---- */

static bool wants_site(const qk_exchange *x, const qk_site *s)
{
    qk_str kind = qk_query_str(x, "kind"), division = qk_query_str(x, "division");
    if (!qk_query_given(x, "closed") &&
        !qk_site_in_use(s, qk_clock_now(qk_node_clock(x->context->node))))
        return false;
    return (!kind.len || qk_str_eq(kind, qk_str_of(s->kind))) &&
           (!division.len || qk_str_eq(division, qk_str_of(s->division))) &&
           qk_rights_may_site(x, QK_ACT_VIEW, s);
}

qk_code qk_api_sites(qk_exchange *x, qk_error *err)
{
    qk_site *sites = NULL;
    qk_site_links links;
    size_t n = 0, total = 0, limit = (size_t)qk_query_int(x, "limit", LIST_DEFAULT), given = 0;
    qk_str after = qk_query_str(x, "after");
    const char *next = NULL;
    if (qk_exchange_unchanged(x, qk_registry_version(registry_of(x)))) return QK_OK;
    qk_code code = qk_registry_sites(registry_of(x), &x->arena, &sites, &n);
    if (code == QK_OK) code = qk_site_links_find(&links, registry_of(x), &x->arena);
    if (code != QK_OK) return no_room(err, code);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        if (!wants_site(x, &sites[i])) continue;
        total++;
        if (after.len && qk_str_cmp(qk_str_of(sites[i].id), after) <= 0) continue;
        if (given++ >= limit) continue;
        next = sites[i].id;
        qk_json_object(&x->json);
        QK_TRY(qk_site_members_json(x, &sites[i], &links, err));
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_kcstr(&x->json, "next", given > limit ? next : NULL);
    qk_json_ki64(&x->json, "total", (int64_t)total);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- devices ---- */

static bool wants_device(const qk_exchange *x, const qk_device *d)
{
    qk_str status = qk_query_str(x, "status"), site = qk_query_str(x, "site");
    return (!status.len || qk_str_eq(status, qk_str_of(qk_device_status_name(d->status)))) &&
           (!site.len || qk_str_eq(site, qk_str_of(d->site))) &&
           qk_rights_may_device(x, QK_ACT_DEVICE_VIEW, qk_str_of(d->mn));
}

qk_code qk_api_devices(qk_exchange *x, qk_error *err)
{
    qk_device *devices = NULL;
    size_t n = 0, total = 0, limit = (size_t)qk_query_int(x, "limit", LIST_DEFAULT), given = 0;
    qk_str after = qk_query_str(x, "after");
    const char *next = NULL;
    qk_code code = qk_registry_devices(registry_of(x), &x->arena, &devices, &n);
    if (code != QK_OK) return no_room(err, code);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        if (!wants_device(x, &devices[i])) continue;
        total++;
        if (after.len && qk_str_cmp(qk_str_of(devices[i].mn), after) <= 0) continue;
        if (given++ >= limit) continue;
        next = devices[i].mn;
        qk_json_object(&x->json);
        qk_device_members_json(x, &devices[i]);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_kcstr(&x->json, "next", given > limit ? next : NULL);
    qk_json_ki64(&x->json, "total", (int64_t)total);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- what waits for approval ---- */

static void write_parked(qk_json_writer *w, sqlite3_stmt *stmt)
{
    char sample[SAMPLE_MAX];
    size_t len = qk_str_copy(sample, sizeof sample, qk_db_text(stmt, 5));
    qk_cover_secrets(sample, len);
    qk_json_object(w);
    qk_json_kstr(w, "mn", qk_db_text(stmt, 0));
    qk_json_ktime(w, "first", sqlite3_column_int64(stmt, 1));
    qk_json_ktime(w, "last", sqlite3_column_int64(stmt, 2));
    qk_json_ki64(w, "count", sqlite3_column_int64(stmt, 3));
    qk_json_kstr(w, "address", qk_db_text(stmt, 4));
    qk_json_kstr(w, "sample", (qk_str){sample, len});
    qk_json_ki64(w, "position", sqlite3_column_int64(stmt, 6));
    qk_json_end(w);
}

qk_code qk_api_parked(qk_exchange *x, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    qk_db *db = x->tools->db;
    int64_t total = 0;
    qk_code code;
    QK_TRY(qk_db_prepare(&stmt, db,
                         "SELECT mn, first_at, last_at, count, address, sample, last_pos "
                         "FROM parked ORDER BY last_at DESC, mn LIMIT 1000",
                         err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    while ((code = qk_db_step(db, stmt, err)) == QK_OK) {
        write_parked(&x->json, stmt);
        total++;
    }
    qk_json_end(&x->json);
    qk_json_knull(&x->json, "next");
    qk_json_ki64(&x->json, "total", total);
    qk_json_end(&x->json);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- changing a device ---- */

typedef struct device_change {
    const qk_json_value *body;
    qk_device device; /* as it becomes */
    int64_t seen;
    const char *what; /* for the audit log */
} device_change;

static bool is_secret(qk_str name)
{
    return qk_str_eq(name, QK_STR("pw")) || qk_str_eq(name, QK_STR("key"));
}

/* The members that were sent; of a secret only that it was. */
static void note_members(qk_change_note *note, const qk_json_value *body)
{
    qk_json_writer w;
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    for (const qk_json_value *m = body ? body->first : NULL; m; m = m->next) {
        qk_json_key_str(&w, m->name);
        if (is_secret(m->name))
            qk_json_cstr(&w, "***");
        else if (m->type == QK_JSON_STRING)
            qk_json_str(&w, m->text);
        else if (m->type == QK_JSON_NUMBER)
            qk_json_raw(&w, m->text);
        else if (m->type == QK_JSON_TRUE || m->type == QK_JSON_FALSE)
            qk_json_bool(&w, m->type == QK_JSON_TRUE);
        else
            qk_json_null(&w);
    }
    qk_json_end(&w);
}

static qk_code put_device(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    device_change *c = context;
    qk_registry *registry = registry_of(x);
    (void)db;
    QK_TRY(qk_registry_put_device(registry, &c->device, c->seen, qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, "%s", c->what);
    snprintf(note->object, sizeof note->object, "device/%s", c->device.mn);
    note_members(note, c->body);
    if (!qk_registry_device(registry, &c->device, qk_str_of(c->device.mn)))
        return qk_fail(err, QK_ENOTFOUND, "the device is gone");
    qk_json_object(&x->json);
    qk_device_members_json(x, &c->device);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code read_body(qk_exchange *x, const qk_json_value **out, qk_error *err)
{
    static const char *const members[] = {"row_version",
                                          "mn",
                                          "pw",
                                          "bind_address",
                                          "site",
                                          "st",
                                          "dialect",
                                          "status",
                                          "crc_policy",
                                          "interval_style",
                                          "comma_range",
                                          "first_contact",
                                          "answers_requests",
                                          "rtd_interval_s",
                                          "min_interval_min",
                                          "sends_hours",
                                          "sends_days",
                                          "overtime_s",
                                          "recount",
                                          "key",
                                          NULL};
    return qk_exchange_body(x, members, out, err);
}

/* The device's line of the access list: what could never fit a frame or a peer is refused. */
static qk_code check_access(qk_exchange *x, qk_device *d, qk_error *err)
{
    if (qk_device_check(d, err) == QK_OK) return QK_OK;
    bool address = strcmp(err->where, "bind_address") == 0;
    x->status = 400;
    x->error_code = address ? "bad_address" : "bad_password";
    if (strcmp(err->where, "mn") == 0) x->error_code = "bad_path";
    qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(err->where));
    err->where[0] = 0;
    return QK_EINVAL;
}

static qk_code patch_device(qk_exchange *x, device_change *c, qk_error *err)
{
    char mn[QK_MN_MAX];
    memcpy(mn, c->device.mn, sizeof mn);
    qk_code code = qk_device_patch(&c->device, c->body, err);
    if (code != QK_OK) {
        x->error_code = "bad_body";
        if (err) qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(err->where));
        return code;
    }
    if (strcmp(mn, c->device.mn) != 0)
        return qk_refuse(x, err, 400, "bad_body", "mn", "an MN cannot be changed");
    return check_access(x, &c->device, err);
}

static qk_code begin_device(qk_exchange *x, device_change *c, qk_error *err)
{
    if (x->args[0].len == 0 || x->args[0].len >= QK_MN_MAX)
        return qk_refuse(x, err, 400, "bad_path", "mn", "an MN has 1 to %d bytes", QK_MN_MAX - 1);
    qk_device_init(&c->device);
    qk_str_copy(c->device.mn, sizeof c->device.mn, x->args[0]);
    return QK_OK;
}

qk_code qk_api_device_put(qk_exchange *x, qk_error *err)
{
    device_change c = {.what = "device.change"};
    QK_TRY(read_body(x, &c.body, err));
    if (!qk_json_get_i64(c.body, "row_version", &c.seen) || c.seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen, 0 for a new device");
    if (!qk_registry_device(registry_of(x), &c.device, x->args[0])) {
        if (c.seen) return qk_fail(err, QK_ENOTFOUND, "there is no device of this MN");
        QK_TRY(begin_device(x, &c, err));
        c.device.status = QK_DEVICE_APPROVED;
    }
    QK_TRY(patch_device(x, &c, err));
    return qk_change_run(x, put_device, &c, err);
}

qk_code qk_api_parked_approve(qk_exchange *x, qk_error *err)
{
    device_change c = {.what = "device.approve"};
    QK_TRY(read_body(x, &c.body, err));
    if (!qk_registry_device(registry_of(x), &c.device, x->args[0]))
        QK_TRY(begin_device(x, &c, err));
    c.seen = c.device.version;
    QK_TRY(patch_device(x, &c, err));
    c.device.status = QK_DEVICE_APPROVED;
    return qk_change_run(x, put_device, &c, err);
}

static qk_code is_parked(qk_exchange *x, qk_str mn, bool *out, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    QK_TRY(qk_db_prepare(&stmt, x->tools->db, "SELECT 1 FROM parked WHERE mn = ?1", err));
    qk_db_bind_str(stmt, 1, mn);
    qk_code code = qk_db_step(x->tools->db, stmt, err);
    sqlite3_reset(stmt);
    *out = code == QK_OK;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* Refused = disabled in the register: its frames are counted and not kept, and it does not appear
 * among the parked again. Approving it later is a change of its status. */
qk_code qk_api_parked_refuse(qk_exchange *x, qk_error *err)
{
    device_change c = {.what = "device.refuse"};
    bool parked = false;
    QK_TRY(is_parked(x, x->args[0], &parked, err));
    bool known = qk_registry_device(registry_of(x), &c.device, x->args[0]);
    if (known && c.device.status == QK_DEVICE_APPROVED)
        return qk_refuse(x, err, 409, "exists", "mn", "the device is approved: disable it instead");
    if (!parked && !known) return qk_refuse(x, err, 404, "not_parked", "mn", "%s", "");
    if (!known) {
        qk_device_init(&c.device);
        qk_str_copy(c.device.mn, sizeof c.device.mn, x->args[0]);
    }
    c.seen = c.device.version;
    c.device.status = QK_DEVICE_DISABLED;
    return qk_change_run(x, put_device, &c, err);
}

/* ---- one device ---- */

qk_code qk_api_device(qk_exchange *x, qk_error *err)
{
    qk_device device;
    if (!qk_registry_device(registry_of(x), &device, x->args[0]))
        return qk_fail(err, QK_ENOTFOUND, "there is no device of this MN");
    qk_json_object(&x->json);
    qk_device_members_json(x, &device);
    QK_TRY(qk_device_history_json(x, &device, err));
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- what a device measures ---- */

qk_code qk_api_device_factors(qk_exchange *x, qk_error *err)
{
    qk_factor *factors = NULL;
    qk_device device;
    size_t n = 0;
    if (!qk_registry_device(registry_of(x), &device, x->args[0]))
        return qk_fail(err, QK_ENOTFOUND, "there is no device of this MN");
    qk_code code = qk_registry_factors(registry_of(x), &x->arena, x->args[0], &factors, &n);
    if (code != QK_OK) return no_room(err, code);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) qk_factor_json(&x->json, &factors[i]);
    qk_json_end(&x->json);
    qk_json_knull(&x->json, "next");
    qk_json_ki64(&x->json, "total", (int64_t)n);
    qk_json_end(&x->json);
    return QK_OK;
}

typedef struct factor_change {
    const qk_json_value *body;
    qk_factor factor; /* as it becomes */
    int64_t seen;
} factor_change;

static qk_code put_factor(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    factor_change *c = context;
    qk_factor *f = &c->factor, current = {0};
    (void)db;
    (void)qk_registry_factor(registry_of(x), &current, qk_str_of(f->mn), qk_str_of(f->code));
    if (current.version != c->seen || f->version != c->seen)
        return qk_fail(err, QK_ECONFLICT, "factor %s of %s was changed by somebody else", f->code,
                       f->mn);
    QK_TRY(qk_registry_put_factor(registry_of(x), f, qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, "factor.change");
    snprintf(note->object, sizeof note->object, "factor/%.30s/%.24s", f->mn, f->code);
    note_members(note, c->body);
    if (!qk_registry_factor(registry_of(x), f, qk_str_of(f->mn), qk_str_of(f->code)))
        return qk_fail(err, QK_ENOTFOUND, "the factor is gone");
    qk_factor_json(&x->json, f);
    return QK_OK;
}

/* A code that may come in a frame: the standard's, or one that a county gives itself. */
static bool is_code(qk_str code)
{
    for (size_t i = 0; i < code.len; i++)
        if (!qk_is_alpha(code.ptr[i]) && !qk_is_digit(code.ptr[i])) return false;
    return code.len > 0 && code.len < QK_CODE_MAX;
}

static qk_code read_factor(qk_exchange *x, factor_change *c, qk_error *err)
{
    qk_factor *f = &c->factor;
    qk_device device;
    if (!qk_registry_device(registry_of(x), &device, x->args[0]))
        return qk_fail(err, QK_ENOTFOUND, "there is no device of this MN");
    if (!is_code(x->args[1]))
        return qk_refuse(x, err, 400, "bad_path", "code",
                         "a factor's code has 1 to %d letters "
                         "and digits",
                         QK_CODE_MAX - 1);
    if (!qk_registry_factor(registry_of(x), f, x->args[0], x->args[1])) {
        qk_factor_init(f);
        qk_str_copy(f->mn, sizeof f->mn, x->args[0]);
        qk_str_copy(f->code, sizeof f->code, x->args[1]);
    }
    if (qk_factor_patch(f, c->body, err) != QK_OK) {
        x->status = 400;
        x->error_code = "bad_body";
        if (err) qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(err->where));
        return QK_EINVAL;
    }
    if (qk_factor_check(f, err) == QK_OK) return QK_OK;
    x->status = 400;
    x->error_code = "bad_body";
    if (err) qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(err->where));
    return QK_EINVAL;
}

qk_code qk_api_device_factor_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "site",  "unit",  "name_zh",
                                          "name_en",     "item",  "scale", "low",
                                          "high",        "limit", NULL};
    factor_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &c.body, err));
    if (!qk_json_get_i64(c.body, "row_version", &c.seen) || c.seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen, 0 for a new factor");
    QK_TRY(read_factor(x, &c, err));
    return qk_change_run(x, put_factor, &c, err);
}
