/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DERIVE_H
#define QK_DOMAIN_DERIVE_H
#include "store/telemetry.h"

typedef struct qk_derive qk_derive;
#endif
