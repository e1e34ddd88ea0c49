/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/still.h"
#include "base/json.h"

#define NEVER    0
#define HOURS(n) ((qk_time)(n)*QK_HOUR)

/* Sites whose numbers are states, counts or places; then codes, by the groups of HJ 212-2017 annex
 * B (e and g: process conditions; i: field information; SB: facilities) and HJ 212-2025 (d: power,
 * p: production marks). */
static const qk_still_rule built_in[] = {
    {"", "gate", NEVER, NEVER},
    {"", "machine", NEVER, NEVER},
    {"", "camera", NEVER, NEVER},
    {"a34041", "kitchen", HOURS(48), NEVER}, /* closed kitchens smell of nothing */
    {"g*", "", NEVER, NEVER},
    {"e*", "", NEVER, NEVER},
    {"i*", "", NEVER, NEVER},
    {"p*", "", NEVER, NEVER},
    {"SB*", "", NEVER, NEVER},
    {"d*", "", HOURS(48), NEVER},     /* a machine at rest draws the same, or nothing, all Sunday */
    {"v*", "", HOURS(48), NEVER},     /* nobody fills up at night */
    {"a01010", "", HOURS(48), NEVER}, /* Ringelmann 0 is what one hopes for */
    {"a01007", "", HOURS(6), HOURS(12)}, /* calm */
    {"a01008", "", HOURS(6), HOURS(12)},
};

void qk_still_init(qk_still *s)
{
    s->n = 0;
    s->constant_ms = HOURS(3);
}

static qk_code read_hours(qk_time *out, const qk_json_value *rule, const char *name, qk_time other,
                          qk_error *err)
{
    double hours;
    const qk_json_value *v = qk_json_get(rule, name);
    *out = v ? NEVER : other;
    if (!v || v->type == QK_JSON_NULL) return QK_OK;
    if (v->type != QK_JSON_NUMBER || qk_parse_f64(&hours, v->text) || hours <= 0 || hours > 8784)
        return qk_fail(err, QK_EFORMAT, "quality.still: %s takes hours above 0 or null", name);
    *out = (qk_time)(hours * (double)QK_HOUR);
    return QK_OK;
}

static qk_code read_rule(qk_still_rule *rule, const qk_json_value *v, qk_time other, qk_error *err)
{
    *rule = (qk_still_rule){0};
    qk_str code = qk_json_get_str(v, "code"), kind = qk_json_get_str(v, "site_kind");
    if (v->type != QK_JSON_OBJECT || code.len >= sizeof rule->code ||
        kind.len >= sizeof rule->site_kind)
        return qk_fail(err, QK_EFORMAT, "quality.still: a rule is an object with short texts");
    qk_str_copy(rule->code, sizeof rule->code, code);
    qk_str_copy(rule->site_kind, sizeof rule->site_kind, kind);
    QK_TRY(read_hours(&rule->constant_ms, v, "constant_h", other, err));
    return read_hours(&rule->zero_ms, v, "zero_h", other, err);
}

qk_code qk_still_read(qk_still *s, qk_str json, qk_error *err)
{
    qk_arena arena;
    qk_json_value *root = NULL;
    qk_still_rule rules[QK_STILL_RULES];
    size_t n = 0;
    qk_arena_init(&arena, 1 << 20);
    qk_code code = qk_json_parse(&root, json, &arena, err);
    if (!code && root->type != QK_JSON_ARRAY)
        code = qk_fail(err, QK_EFORMAT, "quality.still: an array of rules is needed");
    for (const qk_json_value *v = code ? NULL : root->first; v && !code; v = v->next) {
        if (n == QK_STILL_RULES)
            code = qk_fail(err, QK_EFORMAT, "quality.still: more than %d rules", QK_STILL_RULES);
        else
            code = read_rule(&rules[n++], v, s->constant_ms, err);
    }
    if (!code) {
        memcpy(s->rules, rules, n * sizeof *rules);
        s->n = n;
    }
    qk_arena_clear(&arena);
    return code;
}

static bool fits(const char *pattern, qk_str text)
{
    size_t n = strlen(pattern);
    if (n == 0) return true;
    if (pattern[n - 1] != '*') return qk_str_eq(qk_str_of(pattern), text);
    return text.len >= n - 1 && memcmp(text.ptr, pattern, n - 1) == 0;
}

static const qk_still_rule *find_rule(const qk_still_rule *rules, size_t n, qk_str code,
                                      qk_str site_kind)
{
    for (size_t i = 0; i < n; i++)
        if (fits(rules[i].code, code) && fits(rules[i].site_kind, site_kind)) return &rules[i];
    return NULL;
}

qk_still_rule qk_still_of(const qk_still *s, qk_str code, qk_str site_kind)
{
    const qk_still_rule *rule = find_rule(s->rules, s->n, code, site_kind);
    if (!rule) rule = find_rule(built_in, sizeof built_in / sizeof *built_in, code, site_kind);
    if (rule) return *rule;
    return (qk_still_rule){.constant_ms = s->constant_ms, .zero_ms = s->constant_ms};
}
