/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ledger_private.h"

/* JSON as it stands; the preprocessor makes it a text. */
#define TYPE(...) #__VA_ARGS__

const char *const qk_ledger_shipped[] = {
#include "domain/ledger_types.inc"
    NULL,
};
