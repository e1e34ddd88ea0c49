/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_HJ212_H
#define QK_HJ212_HJ212_H
/* HJ 212, the telemetry protocol of pollution monitoring in China (HJ/T 212-2005, HJ 212-2017,
 * HJ 212-2025), as a library that needs nothing but libc:
 *
 *   frame.h      frames in a stream of bytes; CRC
 *   packet.h     the head and the items of a frame; numbers
 *   deviation.h  where a frame is not to the letter; why one is refused
 *   encode.h     frames, answers, requests; splitting and joining
 *   sm4.h        the cipher of 2025
 *   tables.h     commands, systems, flags, factors
 *
 * No I/O, no clock, no allocation, no global state; all texts are borrowed from the caller's bytes.
 *
 *   qk_hj212_frame frame;
 *   qk_hj212_step step;
 *   while (qk_hj212_next(bytes, len, false, &frame, &step) != QK_HJ212_MORE) {
 *       ... use frame when it was a FRAME ...
 *       bytes += step.consumed, len -= step.consumed;
 *   }
 */
#include "hj212/deviation.h"
#include "hj212/encode.h"
#include "hj212/frame.h"
#include "hj212/packet.h"
#include "hj212/sm4.h"
#include "hj212/tables.h"
#include "hj212/text.h"
#endif
