/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_COVER_H
#define QK_WEB_COVER_H
/* Covers what lets somebody speak as a device: whoever reaches the page may read frames. Pure. */
#include "base/text.h"

/* Stars over the values of PW, NewPW and NewSK (the SM4 key of HJ 212-2025) in the bytes of a
 * frame, up to the next separator; in place, the length stays. */
void qk_cover_secrets(char *bytes, size_t len);
/* True for the name of a field that is covered. */
bool qk_is_secret_field(qk_str name);
#endif
