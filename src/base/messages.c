/* SPDX-License-Identifier: Apache-2.0 */
#include "base/messages.h"
#include <stdlib.h>

static const qk_message_row rows[] = {
#define M(code, zh, en) {code, {zh, en}},
#include "base/messages.inc"
#undef M
};

const qk_message_row *qk_messages(size_t *count)
{
    *count = sizeof rows / sizeof rows[0];
    return rows;
}

static int compare_code(const void *key, const void *row)
{
    return strcmp(key, ((const qk_message_row *)row)->code);
}

const char *qk_message(const char *code, qk_lang lang)
{
    const qk_message_row *row =
        bsearch(code, rows, sizeof rows / sizeof rows[0], sizeof rows[0], compare_code);
    return row ? row->text[lang] : NULL;
}

static const qk_message_param *find_param(const qk_message_param *params, size_t n, qk_str name)
{
    for (size_t i = 0; i < n; i++)
        if (qk_str_eq(qk_str_of(params[i].name), name)) return &params[i];
    return NULL;
}

void qk_message_put(qk_buf *out, const char *code, qk_lang lang, const qk_message_param *params,
                    size_t n)
{
    const char *text = qk_message(code, lang);
    qk_str rest = qk_str_of(text ? text : code);
    while (rest.len) {
        size_t open = qk_str_find(rest, QK_STR("{"), 0);
        size_t close = open == SIZE_MAX ? SIZE_MAX : qk_str_find(rest, QK_STR("}"), open);
        if (close == SIZE_MAX) break;
        qk_str name = {rest.ptr + open + 1, close - open - 1};
        const qk_message_param *p = find_param(params, n, name);
        qk_buf_append(out, rest.ptr, open);
        if (p)
            qk_buf_put_str(out, p->value);
        else
            qk_buf_append(out, rest.ptr + open, close + 1 - open);
        rest = (qk_str){rest.ptr + close + 1, rest.len - close - 1};
    }
    qk_buf_put_str(out, rest);
}
