/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_COMMANDS_H
#define QK_GATEWAY_COMMANDS_H
/* What a person may ask of a device, and with which parameters: their bounds are checked here, so
 * that nobody sends a device an interval it must not have (HJ 212-2017 table 5, HJ/T 212-2005
 * section 5.3.4). Names that the tables do not hold pass: devices know more than the standard.
 * Pure. */
#include "base/error.h"
#include "base/text.h"

typedef enum qk_command_value {
    QK_COMMAND_NUMBER, /* min..max */
    QK_COMMAND_CHOICE, /* one of `choices` */
    QK_COMMAND_DIGITS, /* min..max digits: times as the standard writes them */
    QK_COMMAND_WORD    /* min..max letters, digits, '_' and '-' */
} qk_command_value;

typedef struct qk_command_param {
    const char *name; /* its text stands in the message table as "command.<name>" */
    qk_command_value value;
    int32_t min, max;
    const char *choices; /* words separated by blanks; NULL = none */
    const char *unit;    /* "" = none */
    int32_t needed_by;   /* the request that is nothing without it; 0 = none */
} qk_command_param;

const qk_command_param *qk_command_params(size_t *count);
const qk_command_param *qk_command_param_find(qk_str name); /* NULL = not in the table */

typedef enum qk_command_range {
    QK_COMMAND_UNKNOWN, /* no request that a device answers */
    QK_COMMAND_NO_RANGE,
    QK_COMMAND_MAY_RANGE,
    QK_COMMAND_NEEDS_RANGE
} qk_command_range;
qk_command_range qk_command_range_of(int32_t cn);

/* The parameters "A=1;B=2" of a request: form, values in their bounds, what is needed is there.
 * QK_EINVAL, QK_ERANGE with the parameter's name in the text. */
QK_NODISCARD qk_code qk_command_check(int32_t cn, qk_str params, qk_error *err);
#endif
