/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_REWRITE_H
#define QK_GATEWAY_REWRITE_H
/* A frame under another MN and password: the head's two values are replaced, every other byte of
 * the segment stays as it was (decimals, order, deviations), length and CRC are computed anew. For
 * upper platforms that know a device by another name, and for their requests on the way back. Pure.
 */
#include "hj212/hj212.h"

/* mn or pw absent (ptr NULL) = keep. Bytes written to out, 0 when it does not fit or the segment
 * has no such field to replace. */
size_t qk_rewrite_frame(char *out, size_t size, qk_hj212_text segment, qk_hj212_text mn,
                        qk_hj212_text pw);
#endif
