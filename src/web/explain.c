/* SPDX-License-Identifier: Apache-2.0 */
#include "web/explain.h"
#include <stdarg.h>
#include <stdio.h>

enum { STEP_MAX = 400 };

void qk_tell_begin(qk_telling *t, const char *figure, const qk_tell_heading *h)
{
    char date[QK_TIME_TEXT];
    bool open = h->valid_from == INT32_MIN || h->valid_from == INT32_MAX;
    qk_json_object(t->w);
    qk_json_kcstr(t->w, "figure", figure);
    qk_json_kstr(t->w, "scope", t->scope);
    qk_air_asked_json(t->w, &t->q);
    qk_json_kcstr(t->w, "zh", h->zh);
    qk_json_kcstr(t->w, "en", h->en);
    qk_json_kcstr(t->w, "formula", h->formula);
    qk_json_kcstr(t->w, "source", h->source);
    qk_json_kcstr(t->w, "source_zh", h->source_zh);
    qk_json_kcstr(t->w, "clause", h->clause);
    qk_json_kcstr(t->w, "clause_zh", h->clause_zh);
    qk_json_kcstr(t->w, "valid_from", open ? NULL : qk_air_date(date, h->valid_from));
    qk_json_key(t->w, "inputs");
    qk_json_array(t->w);
}

void qk_tell_input(qk_telling *t, const char *zh, const char *en, const char *value)
{
    qk_json_object(t->w);
    qk_json_kcstr(t->w, "zh", zh);
    qk_json_kcstr(t->w, "en", en);
    qk_json_kcstr(t->w, "value", value);
    qk_json_end(t->w);
}

void qk_tell_number(qk_telling *t, const char *zh, const char *en, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    qk_tell_input(t, zh, en, text);
}

char *qk_tell_exact_text(char out[QK_DEC_TEXT], qk_exact value, int32_t decimals)
{
    qk_dec d;
    if (qk_exact_round(&d, value, decimals) == QK_OK) return qk_dec_format(out, d);
    qk_str_copy(out, QK_DEC_TEXT, QK_STR("-"));
    return out;
}

void qk_tell_exact(qk_telling *t, const char *zh, const char *en, qk_exact value, int32_t decimals)
{
    char text[QK_DEC_TEXT];
    qk_tell_input(t, zh, en, qk_tell_exact_text(text, value, decimals));
}

void qk_tell_steps(qk_telling *t)
{
    qk_json_end(t->w);
    qk_json_key(t->w, "steps");
    qk_json_array(t->w);
}

void qk_tell_step(qk_telling *t, const char *zh, const char *en, ...)
{
    char text[2][STEP_MAX];
    va_list args, again;
    va_start(args, en);
    va_copy(again, args);
    vsnprintf(text[0], STEP_MAX, zh, args);
    vsnprintf(text[1], STEP_MAX, en, again);
    va_end(again);
    va_end(args);
    qk_tell_said(t, text[0], text[1]);
}

void qk_tell_said(qk_telling *t, const char *zh, const char *en)
{
    qk_json_object(t->w);
    qk_json_kcstr(t->w, "zh", zh);
    qk_json_kcstr(t->w, "en", en);
    qk_json_end(t->w);
}

void qk_tell_finish(qk_telling *t, qk_dec value, bool there)
{
    qk_json_end(t->w);
    qk_json_key(t->w, "value");
    there ? qk_json_dec(t->w, value) : qk_json_null(t->w);
    qk_json_end(t->w);
}
