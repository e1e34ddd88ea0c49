/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A text cut by its field's size must not end in half a character. */
static void mend_cut(char *text, size_t size, int wanted)
{
    if (wanted < 0) {
        text[0] = '\0';
    } else if ((size_t)wanted >= size) {
        text[qk_utf8_cut((qk_str){text, size - 1})] = '\0';
    }
}

typedef struct error_text {
    const char *english, *chinese;
} error_text;

#define E(english, chinese) {english, chinese},
static const error_text texts[] = {
#include "base/error_zh.inc"
};
#undef E

const char *qk_error_zh(const char *fmt)
{
    size_t low = 0, high = sizeof texts / sizeof texts[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(texts[middle].english, fmt);
        if (order == 0) return texts[middle].chinese;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool qk_error_text(size_t i, const char **english, const char **chinese)
{
    if (i >= sizeof texts / sizeof texts[0]) return false;
    *english = texts[i].english;
    *chinese = texts[i].chinese;
    return true;
}

/* The table's texts take the arguments of the English ones: a test compares them. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void fill_zh(char *out, size_t size, const char *fmt, va_list args)
{
    const char *zh = qk_error_zh(fmt);
    if (zh)
        mend_cut(out, size, vsnprintf(out, size, zh, args));
    else
        out[0] = '\0';
}
#pragma GCC diagnostic pop

/* "%s" of a constant text, or of the error's own message, which is told again. */
static void fill_passed_on(char *out, size_t size, const qk_error *err, const char *text)
{
    const char *zh = text == err->message ? err->message_zh : text ? qk_error_zh(text) : NULL;
    out[0] = '\0';
    if (zh && (text == err->message || !strchr(zh, '%'))) qk_str_copy(out, size, qk_str_of(zh));
}

/* The arguments may be texts of the error itself: nothing of it is touched before all are read. */
QK_PRINTF(4, 0)
static void fill_error(qk_error *err, qk_code code, int saved_errno, const char *fmt, va_list args)
{
    char message[sizeof err->message], zh[sizeof err->message_zh];
    va_list again;
    va_copy(again, args);
    if (strcmp(fmt, "%s") == 0)
        fill_passed_on(zh, sizeof zh, err, va_arg(again, const char *));
    else
        fill_zh(zh, sizeof zh, fmt, again);
    va_end(again);
    int n = vsnprintf(message, sizeof message, fmt, args);
    mend_cut(message, sizeof message, n);
    memset(err, 0, sizeof *err);
    err->code = code;
    memcpy(err->message, message, strlen(message) + 1);
    memcpy(err->message_zh, zh, strlen(zh) + 1);
    if (saved_errno == 0 || n < 0 || (size_t)n >= sizeof err->message) return;
    char text[96];
    size_t left = sizeof err->message - (size_t)n;
    int more = snprintf(err->message + n, left, ": %s", strerror_r(saved_errno, text, sizeof text));
    mend_cut(err->message + n, left, more);
}

qk_code qk_fail(qk_error *err, qk_code code, const char *fmt, ...)
{
    if (!err) return code;
    va_list args;
    va_start(args, fmt);
    fill_error(err, code, 0, fmt, args);
    va_end(args);
    return code;
}

qk_code qk_fail_args(qk_error *err, qk_code code, const char *fmt, va_list args)
{
    if (err) fill_error(err, code, 0, fmt, args);
    return code;
}

static qk_code code_of_errno(int saved_errno)
{
    switch (saved_errno) {
    case ENOSPC:
    case EDQUOT: return QK_ENOSPC;
    case ENOMEM: return QK_ENOMEM;
    default: return QK_EIO;
    }
}

qk_code qk_fail_errno(qk_error *err, int saved_errno, const char *fmt, ...)
{
    qk_code code = code_of_errno(saved_errno);
    if (!err) return code;
    va_list args;
    va_start(args, fmt);
    fill_error(err, code, saved_errno, fmt, args);
    va_end(args);
    return code;
}

qk_code qk_error_at(qk_error *err, const char *where, uint32_t line, uint32_t column)
{
    if (!err) return QK_EINVAL;
    if (where) qk_str_copy(err->where, sizeof err->where, qk_str_of(where));
    err->line = line;
    err->column = column;
    return err->code;
}

qk_code qk_error_hint(qk_error *err, const char *fmt, ...)
{
    if (!err) return QK_EINVAL;
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    fill_zh(err->hint_zh, sizeof err->hint_zh, fmt, again);
    va_end(again);
    int n = vsnprintf(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
    mend_cut(err->hint, sizeof err->hint, n);
    return err->code;
}

const char *qk_code_name(qk_code code)
{
    switch (code) {
    case QK_OK: return "ok";
    case QK_EINVAL: return "invalid";
    case QK_ENOMEM: return "no_memory";
    case QK_EIO: return "io";
    case QK_EFORMAT: return "format";
    case QK_ERANGE: return "range";
    case QK_ENOTFOUND: return "not_found";
    case QK_EEXIST: return "exists";
    case QK_EFULL: return "full";
    case QK_ENOSPC: return "no_space";
    case QK_EDAMAGED: return "damaged";
    case QK_ETIMEOUT: return "timeout";
    case QK_ECANCELLED: return "cancelled";
    case QK_EDENIED: return "denied";
    case QK_ECONFLICT: return "conflict";
    case QK_EBUSY: return "busy";
    case QK_EUNSUPPORTED: return "unsupported";
    }
    return "unknown";
}

void qk_error_format(const qk_error *err, char *out, size_t size)
{
    if (size == 0) return;
    char place[32] = "";
    if (err->line && err->column) {
        snprintf(place, sizeof place, "%u:%u: ", err->line, err->column);
    } else if (err->line) {
        snprintf(place, sizeof place, "%u: ", err->line);
    } else if (err->where[0]) {
        snprintf(place, sizeof place, " ");
    }
    bool hint = err->hint[0] != '\0';
    int n = snprintf(out, size, "%s%s%s%s%s%s%s", err->where, err->where[0] ? ":" : "", place,
                     err->message[0] ? err->message : qk_code_name(err->code), hint ? " (" : "",
                     err->hint, hint ? ")" : "");
    mend_cut(out, size, n);
}
