/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/commands.h"
#include "gateway/control.h"

static const qk_command_param params[] = {
    {"CTime", QK_COMMAND_NUMBER, 1, 24, NULL, "h", 0},
    {"CstartTime", QK_COMMAND_DIGITS, 6, 6, NULL, "", 0},
    {"InfoId", QK_COMMAND_WORD, 1, 12, NULL, "", 0},
    {"MinInterval", QK_COMMAND_CHOICE, 1, 30, "1 2 3 4 5 6 10 12 15 20 30", "min", 1064},
    {"NewPW", QK_COMMAND_WORD, 6, 9, NULL, "", 1072},
    {"OverTime", QK_COMMAND_NUMBER, 1, 99, NULL, "s", 0},
    {"PW", QK_COMMAND_WORD, 6, 9, NULL, "", 0},
    {"PolId", QK_COMMAND_WORD, 1, 12, NULL, "", 0},
    {"ReCount", QK_COMMAND_NUMBER, 1, 99, NULL, "", 0},
    {"RtdInterval", QK_COMMAND_NUMBER, 30, 3600, NULL, "s", 1062},
    {"SystemTime", QK_COMMAND_DIGITS, 14, 14, NULL, "", 0},
};
enum { PARAMS = sizeof params / sizeof params[0] };

const qk_command_param *qk_command_params(size_t *count)
{
    *count = PARAMS;
    return params;
}

const qk_command_param *qk_command_param_find(qk_str name)
{
    for (size_t i = 0; i < PARAMS; i++)
        if (qk_str_eq(name, qk_str_of(params[i].name))) return &params[i];
    return NULL;
}

qk_command_range qk_command_range_of(int32_t cn)
{
    bool plain = qk_control_kind_of(cn, false) != QK_CONTROL_NONE;
    bool ranged = qk_control_kind_of(cn, true) != QK_CONTROL_NONE;
    if (plain) return ranged ? QK_COMMAND_MAY_RANGE : QK_COMMAND_NO_RANGE;
    return ranged ? QK_COMMAND_NEEDS_RANGE : QK_COMMAND_UNKNOWN;
}

/* ---- checking ---- */

static bool is_of(qk_str value, bool digits_only)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (qk_is_digit(c)) continue;
        if (digits_only || !(qk_is_alpha(c) || c == '_' || c == '-')) return false;
    }
    return true;
}

static bool is_choice(const char *choices, qk_str value)
{
    for (qk_str rest = qk_str_of(choices); rest.ptr;)
        if (qk_str_eq(qk_str_cut(&rest, ' '), value)) return true;
    return false;
}

static bool is_length(const qk_command_param *p, qk_str value)
{
    return value.len >= (size_t)p->min && value.len <= (size_t)p->max;
}

static qk_code check_value(const qk_command_param *p, qk_str value, qk_error *err)
{
    int64_t number;
    switch (p->value) {
    case QK_COMMAND_NUMBER:
        if (qk_parse_i64(&number, value) == QK_OK && number >= p->min && number <= p->max)
            return QK_OK;
        return qk_fail(err, QK_ERANGE, "%s is a number from %d to %d", p->name, p->min, p->max);
    case QK_COMMAND_CHOICE:
        if (is_choice(p->choices, value)) return QK_OK;
        return qk_fail(err, QK_ERANGE, "%s is one of %s", p->name, p->choices);
    case QK_COMMAND_DIGITS:
        if (is_of(value, true) && is_length(p, value)) return QK_OK;
        return qk_fail(err, QK_EINVAL, "%s has %d digits", p->name, p->max);
    case QK_COMMAND_WORD:
        if (is_of(value, false) && is_length(p, value)) return QK_OK;
        return qk_fail(err, QK_EINVAL, "%s has %d to %d letters or digits", p->name, p->min,
                       p->max);
    }
    return QK_OK;
}

static qk_code check_pair(qk_str pair, qk_error *err)
{
    qk_str value = pair;
    qk_str name = qk_str_cut(&value, '=');
    if (!value.ptr || name.len == 0 || !is_of(name, false))
        return qk_fail(err, QK_EINVAL, "'%.*s' is not NAME=VALUE", QK_STR_ARG(pair));
    const qk_command_param *p = qk_command_param_find(name);
    return p ? check_value(p, value, err) : QK_OK;
}

/* Whether a pair of this name stands in the text. */
static bool holds(qk_str text, const char *name)
{
    while (text.ptr) {
        qk_str pair = qk_str_cut(&text, ';');
        if (qk_str_eq(qk_str_cut(&pair, '='), qk_str_of(name))) return true;
    }
    return false;
}

/* HJ/T 212-2005 calls the new password PW. */
qk_code qk_command_check(int32_t cn, qk_str text, qk_error *err)
{
    for (size_t i = 0; i < PARAMS; i++)
        if (params[i].needed_by == cn && !holds(text, params[i].name) &&
            !(cn == 1072 && holds(text, "PW")))
            return qk_fail(err, QK_EINVAL, "CN %d needs %s", cn, params[i].name);
    for (qk_str rest = text; rest.len;) {
        qk_str pair = qk_str_cut(&rest, ';');
        if (pair.len) QK_TRY(check_pair(pair, err));
    }
    return QK_OK;
}
