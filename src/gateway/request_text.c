/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/request_text.h"
#include "hj212/tables.h"
#include <stdio.h>

enum { SENTENCE = 512 };

void qk_request_mask(char out[256], const char *params)
{
    qk_buf text;
    qk_buf_init(&text, 512);
    for (qk_str rest = qk_str_of(params); rest.ptr;) {
        qk_str pair = qk_str_cut(&rest, ';');
        qk_str value = pair;
        qk_str name = qk_str_cut(&value, '=');
        bool secret = qk_str_eq(name, QK_STR("PW")) || qk_str_eq(name, QK_STR("NewPW")) ||
                      qk_str_eq(name, QK_STR("NewSK"));
        if (text.len) qk_buf_putc(&text, ';');
        if (secret && value.ptr)
            qk_buf_printf(&text, "%.*s=******", QK_STR_ARG(name));
        else
            qk_buf_append(&text, pair.ptr, pair.len);
    }
    out[0] = 0;
    if (!text.failed) (void)qk_str_copy(out, 256, qk_buf_str(&text));
    qk_buf_clear(&text);
}

static const char *reason_of(const qk_request *r)
{
    size_t n = sizeof QK_REQUEST_REASON - 1;
    return strncmp(r->result, QK_REQUEST_REASON, n) == 0 ? r->result + n : NULL;
}

static const char *code_text(const qk_hj212_named *rows, const char *code, qk_lang lang)
{
    for (; rows->code; rows++)
        if (strcmp(rows->code, code) == 0) return lang == QK_ZH ? rows->zh : rows->en;
    return qk_message("request.code_unknown", lang);
}

static void put_sentence(qk_buf *out, qk_lang lang, const char *code, const char *state,
                         const char *text, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)number);
    const qk_message_param params[] = {
        {"state", qk_str_of(state)}, {"text", qk_str_of(text)}, {"n", qk_str_of(digits)}};
    qk_message_put(out, code, lang, params, 3);
}

void qk_request_put_text(qk_buf *out, const qk_request *r, qk_lang lang)
{
    char code[64];
    const char *reason = reason_of(r), *state;
    snprintf(code, sizeof code, "request.state.%s", r->state);
    state = qk_message(code, lang);
    if (!state) state = r->state;
    bool refused = reason && strcmp(reason, "refused") == 0;
    bool failed = reason && strcmp(reason, "exe_failed") == 0;
    snprintf(code, sizeof code, "%d", refused ? r->qn_rtn : r->exe_rtn);
    if (refused) {
        put_sentence(out, lang, "request.told.qn", state,
                     code_text(qk_hj212_qn_returns(), code, lang), r->qn_rtn);
    } else if (failed) {
        put_sentence(out, lang, "request.told.exe", state,
                     code_text(qk_hj212_exe_returns(), code, lang), r->exe_rtn);
    } else if (reason) {
        const char *text = qk_message(r->result, lang);
        put_sentence(out, lang, "request.told.reason", state, text ? text : reason, 0);
    } else if (r->rows_received > 0 && r->from != QK_TIME_NONE) {
        put_sentence(out, lang, "request.told.rows", state, "", r->rows_received);
    } else {
        qk_buf_puts(out, state);
    }
}

static void put_time(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(w, name, t == QK_TIME_NONE ? NULL : qk_time_iso_zone(text, t));
}

static void put_text(qk_json_writer *w, const char *name, const qk_request *r, qk_lang lang)
{
    qk_buf text;
    qk_buf_init(&text, SENTENCE);
    qk_request_put_text(&text, r, lang);
    qk_json_kstr(w, name, qk_buf_str(&text));
    qk_buf_clear(&text);
}

static void put_masked(qk_json_writer *w, const char *name, const char *params)
{
    char masked[256];
    qk_request_mask(masked, params);
    qk_json_kcstr(w, name, masked[0] ? masked : NULL);
}

void qk_request_json(qk_json_writer *w, const qk_request *r)
{
    const char *reason = reason_of(r);
    qk_json_object(w);
    qk_json_ki64(w, "id", r->id);
    qk_json_kcstr(w, "mn", r->mn);
    qk_json_ki64(w, "cn", r->cn);
    put_masked(w, "params", r->params);
    put_time(w, "from", r->from);
    put_time(w, "to", r->to);
    qk_json_kcstr(w, "by", r->by);
    qk_json_kcstr(w, "state", r->state);
    qk_json_ki64(w, "qn_rtn", r->qn_rtn);
    qk_json_ki64(w, "exe_rtn", r->exe_rtn);
    qk_json_ki64(w, "tries", r->tries);
    qk_json_ki64(w, "chunks_done", r->chunks_done);
    qk_json_ki64(w, "chunks_total", r->chunks_total);
    qk_json_ki64(w, "rows_received", r->rows_received);
    put_masked(w, "result", reason ? "" : r->result);
    qk_json_kcstr(w, "reason", reason);
    put_text(w, "zh", r, QK_ZH);
    put_text(w, "en", r, QK_EN);
    put_time(w, "asked", r->asked);
    put_time(w, "updated", r->updated);
    qk_json_end(w);
}
