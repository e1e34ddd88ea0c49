/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of rules: what holds, what was shipped, what an administrator set, and how it came to
 * be so. An administrator's rows travel as text, so that a refusal can name their line and column.
 */
#include "domain/ruleset.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"

static const char *table_of(const qk_exchange *x)
{
    for (size_t i = 0; qk_rules_table(i); i++)
        if (qk_str_eq(x->args[0], qk_str_of(qk_rules_table(i)))) return qk_rules_table(i);
    return NULL;
}

static qk_code no_table(qk_error *err)
{
    return qk_fail(err, QK_ENOTFOUND, "there is no table of rules of this name");
}

/* ---- reading ---- */

qk_code qk_api_rules(qk_exchange *x, qk_error *err)
{
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; qk_rules_table(i); i++) {
        qk_str rows;
        int64_t version = 0;
        const char *table = qk_rules_table(i);
        QK_TRY(qk_ruleset_rows(&rows, &version, x->tools->db, table, 0, &x->arena, err));
        qk_json_object(&x->json);
        qk_json_kcstr(&x->json, "table", table);
        qk_json_ki64(&x->json, "row_version", version);
        qk_json_kbool(&x->json, "changed", !qk_str_eq(rows, QK_STR("[]")));
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_rule_table(qk_exchange *x, qk_error *err)
{
    qk_str own;
    int64_t version = 0;
    qk_rules *rules, *shipped = qk_arena_alloc(&x->arena, sizeof *shipped);
    const char *table = table_of(x);
    if (!table) return no_table(err);
    if (!shipped) return qk_fail(err, QK_ENOMEM, "no memory for the rules");
    qk_rules_default(shipped);
    QK_TRY(qk_ruleset_load(&rules, x->tools->db, qk_query_time(x, "known_at", QK_TIME_NONE),
                           &x->arena, err));
    QK_TRY(qk_ruleset_rows(&own, &version, x->tools->db, table, 0, &x->arena, err));
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "table", table);
    qk_json_ki64(&x->json, "row_version", version);
    qk_json_key(&x->json, "rows");
    (void)qk_rules_write_table(&x->json, rules, table);
    qk_json_key(&x->json, "shipped");
    (void)qk_rules_write_table(&x->json, shipped, table);
    qk_json_kstr(&x->json, "text", own);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_rule_history(qk_exchange *x, qk_error *err)
{
    qk_ruleset_version *versions;
    size_t n = 0;
    const char *table = table_of(x);
    if (!table) return no_table(err);
    QK_TRY(qk_ruleset_history(&versions, &n, x->tools->db, table, &x->arena, err));
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        qk_json_object(&x->json);
        qk_json_ki64(&x->json, "row_version", versions[i].version);
        qk_json_ktime(&x->json, "recorded_at", versions[i].recorded_at);
        qk_json_kcstr(&x->json, "recorded_by", versions[i].recorded_by);
        qk_json_kstr(&x->json, "text", versions[i].rows);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    return QK_OK;
}

/* ---- changing ---- */

typedef struct rule_change {
    const char *table;
    qk_str text;
    int64_t seen, to_version;
    char person[QK_AIR_PERSON_MAX];
} rule_change;

static qk_code refuse_rows(qk_exchange *x, qk_code code, qk_error *err)
{
    if (code != QK_EFORMAT) return code;
    x->status = 422;
    x->error_code = "bad_rules";
    qk_str_copy(x->error_field, sizeof x->error_field, QK_STR("text"));
    if (err) qk_error_at(err, "text", err->line, err->column);
    return code;
}

static qk_code set_rules(qk_exchange *x, void *context, qk_db *db, qk_time now,
                         qk_change_note *note, qk_error *err)
{
    rule_change *c = context;
    int64_t version = 0;
    qk_str rows = c->text;
    if (c->to_version)
        QK_TRY(qk_ruleset_rows(&rows, &version, db, c->table, c->to_version, &x->arena, err));
    QK_TRY(refuse_rows(
        x, qk_ruleset_put(db, c->table, rows, c->seen, qk_str_of(c->person), now, err), err));
    if (strcmp(c->table, "qc") == 0)
        QK_TRY(qk_airgrade_again(qk_node_airgrade(x->context->node), db, INT32_MIN, err));
    QK_TRY(qk_ruleset_rows(&rows, &version, db, c->table, 0, &x->arena, err));
    snprintf(note->what, sizeof note->what, c->to_version ? "rules.revert" : "rules.set");
    snprintf(note->object, sizeof note->object, "rules/%s", c->table);
    qk_buf_printf(&note->detail, "{\"row_version\":%lld,\"from_version\":%lld}", (long long)version,
                  (long long)c->to_version);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "table", c->table);
    qk_json_ki64(&x->json, "row_version", version);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code read_version(qk_exchange *x, const qk_json_value *body, const char *name,
                            int64_t least, int64_t *out, qk_error *err)
{
    if (qk_json_get_i64(body, name, out) && *out >= least) return QK_OK;
    return qk_refuse(x, err, 400, "bad_body", name, "'%s' is the number of a version", name);
}

qk_code qk_api_rule_put(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "text", "person", NULL};
    const qk_json_value *body = NULL;
    rule_change c = {.table = table_of(x)};
    if (!c.table) return no_table(err);
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_version(x, body, "row_version", 0, &c.seen, err));
    c.text = qk_json_get_str(body, "text");
    if (c.text.len == 0)
        return qk_refuse(x, err, 400, "bad_body", "text", "'text' is a JSON array of rows");
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, set_rules, &c, err);
}

qk_code qk_api_rule_revert(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"row_version", "to_version", "person", NULL};
    const qk_json_value *body = NULL;
    rule_change c = {.table = table_of(x)};
    if (!c.table) return no_table(err);
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_version(x, body, "row_version", 0, &c.seen, err));
    QK_TRY(read_version(x, body, "to_version", 1, &c.to_version, err));
    QK_TRY(qk_air_person(c.person, x, body, false, err));
    return qk_change_run(x, set_rules, &c, err);
}

/* A proposal: nothing is set; the answer shows the table as it would stand. */
static qk_code propose_rules(qk_exchange *x, void *context, qk_change_note *note, qk_error *err)
{
    const rule_change *c = context;
    qk_rules *rules = qk_arena_alloc(&x->arena, sizeof *rules);
    char *text = qk_arena_printf(&x->arena, "{\"%s\":%.*s}", c->table, QK_STR_ARG(c->text));
    if (!rules || !text) return qk_fail(err, QK_ENOMEM, "no memory for the rules");
    QK_TRY(refuse_rows(x, qk_ruleset_check(x->tools->db, c->table, c->text, &x->arena, err), err));
    QK_TRY(qk_rules_parse(rules, qk_str_of(text), &x->arena, err));
    snprintf(note->what, sizeof note->what, "rules.check");
    snprintf(note->object, sizeof note->object, "rules/%s", c->table);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "table", c->table);
    qk_json_key(&x->json, "rows");
    (void)qk_rules_write_table(&x->json, rules, c->table);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_rule_check(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"text", NULL};
    const qk_json_value *body = NULL;
    rule_change c = {.table = table_of(x)};
    if (!c.table) return no_table(err);
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.text = qk_json_get_str(body, "text");
    if (c.text.len == 0)
        return qk_refuse(x, err, 400, "bad_body", "text", "'text' is a JSON array of rows");
    return qk_change_run_outside(x, propose_rules, &c, err);
}
