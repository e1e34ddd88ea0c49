/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_STILL_H
#define QK_DOMAIN_STILL_H
/* How long a value may stand still before that is suspicious (恒值, practice section 9), by kind of
 * factor: a gas that does not move for three hours is a stuck instrument, a fan that is on is not.
 *
 * Rules are data: those of the setting "quality.still" first, a JSON array of
 *   {"code":"ga*","site_kind":"kitchen","constant_h":null,"zero_h":null}
 * (a '*' at the end stands for any rest, a member left out for "any"; null = never told), then the
 * built-in ones. The first rule that fits decides. Pure but for the setting. */
#include "base/memory.h"
#include "base/time.h"

enum { QK_STILL_RULES = 256 };

typedef struct qk_still_rule {
    char code[32], site_kind[32]; /* empty = any */
    qk_time constant_ms, zero_ms; /* 0 = never told */
} qk_still_rule;

typedef struct qk_still {
    qk_still_rule rules[QK_STILL_RULES]; /* of the place; the built-in ones follow */
    size_t n;
    qk_time constant_ms; /* of what no rule names: 3 hours */
} qk_still;

void qk_still_init(qk_still *s);
/* Reads the rules of the setting. QK_EFORMAT names what is wrong; s is then unchanged. */
QK_NODISCARD qk_code qk_still_read(qk_still *s, qk_str json, qk_error *err);
/* The rule that decides. */
qk_still_rule qk_still_of(const qk_still *s, qk_str code, qk_str site_kind);
#endif
