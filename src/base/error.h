/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_ERROR_H
#define QK_BASE_ERROR_H
/* Errors: a stable code for the program, three texts for the person.
 *
 * Every fallible call returns a qk_code (0 is success) and takes a `qk_error *` as its last
 * argument, which may be NULL when the caller needs no text. The callee fills it where the fault is
 * found: what happened (message), where (file, line, column), what to do (hint). A qk_error owns
 * nothing and may be copied. Thread rule: a qk_error belongs to one thread at a time. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QK_NODISCARD         __attribute__((warn_unused_result))
#define QK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

typedef enum qk_code {
    QK_OK = 0,
    QK_EINVAL = -1,       /* an argument breaks the contract */
    QK_ENOMEM = -2,       /* no memory */
    QK_EIO = -3,          /* the operating system refused; errno is in the message */
    QK_EFORMAT = -4,      /* input is not of the form it must have */
    QK_ERANGE = -5,       /* a number lies outside what can be held or is allowed */
    QK_ENOTFOUND = -6,    /* no such thing */
    QK_EEXIST = -7,       /* there already */
    QK_EFULL = -8,        /* a ceiling was reached: nothing was taken */
    QK_ENOSPC = -9,       /* no room on the disk */
    QK_EDAMAGED = -10,    /* stored bytes do not match their checksum */
    QK_ETIMEOUT = -11,    /* no answer in time */
    QK_ECANCELLED = -12,  /* the caller asked to stop */
    QK_EDENIED = -13,     /* not allowed */
    QK_ECONFLICT = -14,   /* somebody changed the row since it was read */
    QK_EBUSY = -15,       /* held by another process or request */
    QK_EUNSUPPORTED = -16 /* known, but not offered here */
} qk_code;

typedef struct qk_error {
    qk_code code;
    uint32_t line;   /* 1-based, 0 = not applicable */
    uint32_t column; /* 1-based, 0 = not applicable */
    char where[128]; /* file, address or object; empty = not applicable */
    char message[256];
    char hint[192];
    char
        message_zh[256]; /* the same in Chinese, where base/error_zh.inc has the text; else empty */
    char hint_zh[192];
} qk_error;

/* The Chinese form of an English text as it stands in a call of qk_fail or qk_error_hint, with the
 * same conversions (by number, as %2$s, where Chinese turns them round); NULL when there is none.
 * One table for all floors: a text that a person may come to see on the page stands there. */
const char *qk_error_zh(const char *fmt);
/* Row i of that table, for tests; false behind its end. */
bool qk_error_text(size_t i, const char **english, const char **chinese);

/* Fills *err (when not NULL) with code and text, clearing place and hint; returns code. */
qk_code qk_fail(qk_error *err, qk_code code, const char *fmt, ...) QK_PRINTF(3, 4);
/* The same for functions that pass a refusal on. */
qk_code qk_fail_args(qk_error *err, qk_code code, const char *fmt, va_list args) QK_PRINTF(3, 0);
/* As qk_fail with ": " and the text of errno value `saved_errno`; ENOSPC and EDQUOT become
 * QK_ENOSPC, ENOMEM becomes QK_ENOMEM, everything else QK_EIO. */
qk_code qk_fail_errno(qk_error *err, int saved_errno, const char *fmt, ...) QK_PRINTF(3, 4);
/* Adds the place to a filled error. where may be NULL to keep what is there. Returns err->code, or
 * QK_EINVAL when err is NULL: a function whose code matters to callers without a qk_error returns
 * that of qk_fail instead. */
qk_code qk_error_at(qk_error *err, const char *where, uint32_t line, uint32_t column);
/* Adds what the reader can do about it. Returns as qk_error_at. */
qk_code qk_error_hint(qk_error *err, const char *fmt, ...) QK_PRINTF(2, 3);
/* Short stable name of a code, e.g. "no_space"; never NULL. */
const char *qk_code_name(qk_code code);
/* One line "where:line:column: message (hint)" into out; always terminated. */
void qk_error_format(const qk_error *err, char *out, size_t size);

/* Leaves the function with the callee's code. */
#define QK_TRY(expr)                                  \
    do {                                              \
        qk_code qk_try_code = (expr);                 \
        if (qk_try_code != QK_OK) return qk_try_code; \
    } while (0)
/* Leaves by the function's `out:` label with the callee's code in the named variable. */
#define QK_TRY_OUT(code_var, expr)         \
    do {                                   \
        (code_var) = (expr);               \
        if ((code_var) != QK_OK) goto out; \
    } while (0)
#endif
