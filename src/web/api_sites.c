/* SPDX-License-Identifier: Apache-2.0 */
/* Sites: adding, changing, closing; the register as a table, out and in. */
#include "base/messages.h"
#include "domain/register_sheet.h"
#include "web/api.h"
#include "web/change.h"
#include "web/device_json.h"

static qk_registry *registry_of(const qk_exchange *x)
{
    return qk_node_registry(x->context->node);
}

/* ---- one site ---- */

typedef struct site_change {
    const qk_json_value *body;
    qk_site site; /* as it becomes */
    qk_time was_valid_to;
    int64_t seen;
} site_change;

/* What spoke for a closed site speaks no more; its rows and series stay. */
static qk_code disable_devices(qk_exchange *x, const qk_site *site, qk_time now, size_t *disabled,
                               qk_error *err)
{
    qk_device *devices = NULL;
    size_t n = 0;
    if (qk_registry_devices(registry_of(x), &x->arena, &devices, &n))
        return qk_fail(err, QK_ENOMEM, "no memory for the devices");
    for (size_t i = 0; i < n; i++) {
        qk_device *d = &devices[i];
        if (strcmp(d->site, site->id) != 0 || d->status != QK_DEVICE_APPROVED) continue;
        d->status = QK_DEVICE_DISABLED;
        QK_TRY(qk_registry_put_device(registry_of(x), d, d->version, qk_str_of(x->who), now, err));
        ++*disabled;
    }
    return QK_OK;
}

static const char *verb_of(const site_change *c)
{
    if (!c->seen) return "site.add";
    if (c->site.valid_to && !c->was_valid_to) return "site.close";
    return !c->site.valid_to && c->was_valid_to ? "site.reopen" : "site.change";
}

static qk_code put_site(qk_exchange *x, void *context, qk_db *db, qk_time now, qk_change_note *note,
                        qk_error *err)
{
    site_change *c = context;
    qk_site_links links;
    size_t disabled = 0;
    (void)db;
    QK_TRY(qk_registry_put_site(registry_of(x), &c->site, c->seen, qk_str_of(x->who), now, err));
    if (!qk_site_in_use(&c->site, now)) QK_TRY(disable_devices(x, &c->site, now, &disabled, err));
    snprintf(note->what, sizeof note->what, "%s", verb_of(c));
    snprintf(note->object, sizeof note->object, "site/%s", c->site.id);
    qk_json_writer w;
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_key(&w, "set");
    qk_json_put(&w, c->body);
    if (disabled) qk_json_ki64(&w, "devices_disabled", (int64_t)disabled);
    qk_json_end(&w);
    if (!qk_registry_site(registry_of(x), &c->site, qk_str_of(c->site.id)))
        return qk_fail(err, QK_ENOTFOUND, "the site is gone");
    if (qk_site_links_find(&links, registry_of(x), &x->arena))
        return qk_fail(err, QK_ENOMEM, "no memory for the devices of a site");
    qk_json_object(&x->json);
    QK_TRY(qk_site_members_json(x, &c->site, &links, err));
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code bad_member(qk_exchange *x, const qk_error *err)
{
    x->status = 400;
    x->error_code = "bad_body";
    if (err) qk_str_copy(x->error_field, sizeof x->error_field, qk_str_of(err->where));
    return QK_EINVAL;
}

static bool is_id(qk_str id)
{
    if (!id.len || id.len >= QK_CODE_MAX) return false;
    for (size_t i = 0; i < id.len; i++)
        if (!qk_is_alpha(id.ptr[i]) && !qk_is_digit(id.ptr[i]) && !strchr("-_.", id.ptr[i]))
            return false;
    return true;
}

qk_code qk_api_site_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "kind",     "name_zh",  "name_en",
                                          "division",    "owner_zh", "owner_en", "lon",
                                          "lat",         "valid_to", NULL};
    site_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &c.body, err));
    if (!qk_json_get_i64(c.body, "row_version", &c.seen) || c.seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen, 0 for a new site");
    if (!is_id(x->args[0]))
        return qk_refuse(x, err, 400, "bad_path", "id",
                         "a site's number has 1 to %d letters, digits, '-', '_' and '.'",
                         QK_CODE_MAX - 1);
    if (!qk_registry_site(registry_of(x), &c.site, x->args[0])) {
        if (c.seen) return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
        qk_site_init(&c.site);
        qk_str_copy(c.site.id, sizeof c.site.id, x->args[0]);
    }
    c.was_valid_to = c.site.valid_to;
    if (qk_site_patch(&c.site, c.body, err)) return bad_member(x, err);
    if (qk_site_check(&c.site, err)) return bad_member(x, err);
    return qk_change_run(x, put_site, &c, err);
}

/* ---- the register as a table ---- */

static bool may_see(void *context, const qk_site *site)
{
    return qk_rights_may_site(context, QK_ACT_REGISTER_SET, site);
}

qk_code qk_api_register_csv(qk_exchange *x, qk_error *err)
{
    qk_str heading = qk_query_str(x, "heading");
    int lang = qk_str_eq(heading, QK_STR("en")) ? QK_EN : QK_ZH;
    x->content_type = "text/csv";
    snprintf(x->filename, sizeof x->filename, "register.csv");
    qk_buf_reset(&x->out);
    qk_buf_puts(&x->out, "\xEF\xBB\xBF"); /* without it Excel takes UTF-8 for GBK */
    return qk_register_csv(&x->out, registry_of(x), lang, may_see, x, err);
}

typedef struct import {
    bool commit;
    uint32_t may;
} import;

static qk_code take_register(qk_exchange *x, void *context, qk_db *db, qk_time now,
                             qk_change_note *note, qk_error *err)
{
    const import *m = context;
    qk_register_taken taken;
    qk_code code = qk_register_take(&taken, registry_of(x), db, x->body, m->commit, m->may,
                                    qk_str_of(x->who), now, err);
    if (code == QK_EFORMAT || code == QK_EUNSUPPORTED || code == QK_EFULL) {
        x->status = code == QK_EFULL ? 413 : 422;
        x->error_code = "ledger_table_unreadable";
    }
    if (!code) {
        snprintf(note->what, sizeof note->what,
                 taken.committed ? "register.import" : "register.preview");
        snprintf(note->object, sizeof note->object, "register");
        qk_buf_printf(&note->detail, "{\"added\":%zu,\"changed\":%zu,\"same\":%zu,\"refused\":%zu}",
                      taken.added, taken.changed, taken.same, taken.refused);
        qk_register_taken_json(&x->json, &taken);
    }
    qk_register_taken_clear(&taken);
    return code;
}

qk_code qk_api_register_post(qk_exchange *x, qk_error *err)
{
import m = {.commit = qk_query_given(x, "commit"), .may = QK_REGISTER_SITES };
    if (!x->body.len)
        return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the table's file");
    if (qk_rights_scope(x, QK_ACT_DEVICE_CHANGE) == QK_SCOPE_ALL) m.may |= QK_REGISTER_DEVICES;
    if (qk_rights_scope(x, QK_ACT_UNIT_SET) == QK_SCOPE_ALL) m.may |= QK_REGISTER_ORGANISATION;
    return qk_change_run(x, take_register, &m, err);
}
