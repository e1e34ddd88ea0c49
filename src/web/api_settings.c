/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the year's work (domain/setting.h). */
#include "domain/setting.h"
#include "web/api.h"
#include "web/change.h"

qk_code qk_api_settings(qk_exchange *x, qk_error *err)
{
    return qk_settings_write(&x->json, x->tools->db, err);
}

static qk_code find(const qk_setting_def **out, const qk_exchange *x, qk_error *err)
{
    *out = qk_setting_def_of(x->args[0]);
    return *out ? QK_OK : qk_fail(err, QK_ENOTFOUND, "there is no such setting");
}

qk_code qk_api_setting(qk_exchange *x, qk_error *err)
{
    const qk_setting_def *def = NULL;
    QK_TRY(find(&def, x, err));
    return qk_setting_write_history(&x->json, x->tools->db, def, err);
}

typedef struct setting_change {
    const qk_setting_def *def;
    qk_str value;
    int64_t seen;
} setting_change;

static qk_code put_setting(qk_exchange *x, void *context, qk_db *db, qk_time now,
                           qk_change_note *note, qk_error *err)
{
    const setting_change *c = context;
    qk_json_writer w;
    QK_TRY(qk_setting_put(db, c->def->key, c->value, c->seen, qk_str_of(x->who), now, err));
    snprintf(note->what, sizeof note->what, "setting.set");
    snprintf(note->object, sizeof note->object, "setting/%s", c->def->key);
    qk_json_init(&w, &note->detail);
    qk_json_object(&w);
    qk_json_kstr(&w, "value", c->value);
    qk_json_end(&w);
    return qk_setting_write_history(&x->json, db, c->def, err);
}

qk_code qk_api_setting_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "value", NULL};
    const qk_json_value *body = NULL;
    setting_change c = {.seen = -1};
    QK_TRY(find(&c.def, x, err));
    QK_TRY(qk_exchange_body(x, members, &body, err));
    if (!qk_json_get_i64(body, "row_version", &c.seen) || c.seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "'row_version' is the version seen");
    c.value = qk_json_get_str(body, "value");
    qk_error why = {0};
    if (qk_setting_check(c.def, c.value, &why) != QK_OK)
        return qk_refuse(x, err, 400, "bad_body", "value", "%s", why.message);
    return qk_change_run(x, put_setting, &c, err);
}
