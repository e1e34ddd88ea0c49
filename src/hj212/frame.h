/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_FRAME_H
#define QK_HJ212_FRAME_H
/* Frames in a stream of bytes: "##" length(4) segment CRC(4) CR LF (HJ 212-2017 6.3, 2005 5.1).
 *
 * Stateless: the caller holds the unread bytes in one buffer, asks for what stands at its front and
 * drops `consumed` bytes. Where the stream is cut into pieces makes no difference to the frames.
 *
 * How an end is found: 1. at the declared length, when "&&", four hexadecimal digits and a line end
 * (or the next "##", or the end of the stream) stand there, or the standard's CRC fits; cipher text
 * of 2025 may hold any byte and passes this way. 2. Else at the first "&&" + CRC + line end before
 * the next "##" whose CRC fits; else the last such place. 3. Else the frame is truncated, or too
 * long when the limit is reached first. Bytes between frames are rubbish.
 *
 * Cost: linear in the bytes for any input (each start costs at most one pass of the folded CRC over
 * its declared length). */
#include "hj212/deviation.h"

enum {
    QK_HJ212_FRAME_MAX = 9999 + 12, /* default limit of a whole frame, bytes */
    QK_HJ212_LOOKAHEAD = 16         /* a buffer of limit + this many bytes is always decided */
};

typedef enum qk_hj212_crc_kind {
    QK_HJ212_CRC_STANDARD, /* HJ 212 Annex A; either letter case */
    QK_HJ212_CRC_SWAPPED,  /* the same, low byte first */
    QK_HJ212_CRC_MODBUS,
    QK_HJ212_CRC_MODBUS_SWAPPED,
    QK_HJ212_CRC_STALE,  /* a value the standard's algorithm can give, but not for this segment */
    QK_HJ212_CRC_OTHER,  /* a value it can never give */
    QK_HJ212_CRC_MISSING /* no four hexadecimal digits */
} qk_hj212_crc_kind;

typedef enum qk_hj212_line_end {
    QK_HJ212_END_CRLF,
    QK_HJ212_END_LF,
    QK_HJ212_END_CR,
    QK_HJ212_END_STARS, /* "**", with or without CR LF behind it */
    QK_HJ212_END_NONE   /* something else follows, or nothing */
} qk_hj212_line_end;

typedef struct qk_hj212_frame {
    qk_hj212_text whole;    /* from "##" to the line end, both included */
    qk_hj212_text segment;  /* what length and CRC speak of; may be a part when refused */
    qk_hj212_text crc_text; /* four digits as sent; absent when missing */
    int32_t declared;       /* bytes by the length field; -1 when it is no number */
    uint8_t length_digits;  /* digits of the length field, 4 by the standard */
    bool length_ok;
    bool binary; /* the segment holds control bytes or text that is not UTF-8: cipher text, perhaps
                  */
    qk_hj212_crc_kind crc;
    qk_hj212_line_end line_end;
    qk_hj212_refusal refusal; /* of the framing alone: USABLE, LENGTH, TRUNCATED, TOO_LONG */
    uint64_t deviations;      /* QK_HJ212_BIT()s of the frame group */
} qk_hj212_frame;

typedef enum qk_hj212_found {
    QK_HJ212_MORE,    /* not decidable yet (or nothing there): read on; consumed is 0 */
    QK_HJ212_RUBBISH, /* `consumed` bytes belong to no frame */
    QK_HJ212_FRAME    /* *frame is filled, perhaps with a refusal */
} qk_hj212_found;

typedef struct qk_hj212_step {
    size_t consumed;
    /* RUBBISH: nothing but CR, LF, blanks and NULs between frames */
    bool blank;
    /* MORE: what stands here would be a whole frame if nothing followed; only its line end or a
     * wrongly declared rest is outstanding. A receiver that hears nothing more for a moment calls
     * again with final = true instead of leaving the device without an answer. */
    bool ends_here;
} qk_hj212_step;

/* What stands at the front of bytes. final: nothing will follow for now. With final, MORE comes
 * only for len 0. frame and its texts point into bytes. */
qk_hj212_found qk_hj212_next(const char *bytes, size_t len, bool final, qk_hj212_frame *frame,
                             qk_hj212_step *step);
/* The same with a limit of its own for a whole frame (64 bytes at least). */
qk_hj212_found qk_hj212_next_within(const char *bytes, size_t len, bool final, size_t limit,
                                    qk_hj212_frame *frame, qk_hj212_step *step);
/* A data segment that stands alone, without "##", length and CRC: for tests and tools. */
void qk_hj212_frame_of_segment(qk_hj212_frame *frame, qk_hj212_text segment);

/* Which CRC a device is allowed to send. */
typedef enum qk_hj212_crc_policy {
    QK_HJ212_ACCEPT_STANDARD,
    QK_HJ212_ACCEPT_MODBUS,         /* or the standard's */
    QK_HJ212_ACCEPT_MODBUS_SWAPPED, /* or the standard's */
    QK_HJ212_ACCEPT_KNOWN,          /* any algorithm that fits */
    QK_HJ212_ACCEPT_ANY             /* not checked; a frame without a CRC stays refused */
} qk_hj212_crc_policy;

/* The framing's refusal and the CRC's under a policy: USABLE, LENGTH, CRC, TRUNCATED, TOO_LONG. */
qk_hj212_refusal qk_hj212_frame_check(const qk_hj212_frame *frame, qk_hj212_crc_policy policy);

/* ---- CRC ---- */
/* HJ 212-2017 Annex A, by folding 8-byte blocks (the state is 8 bits wide and comes back after
 * eight steps, so that blocks may be XORed first). */
uint16_t qk_hj212_crc(const void *bytes, size_t len);
/* The annex's own loop, bit by bit: the reference. */
uint16_t qk_hj212_crc_bitwise(const void *bytes, size_t len);
uint16_t qk_hj212_crc_modbus(const void *bytes, size_t len);
/* One of the 256 values that the standard's algorithm can give. */
bool qk_hj212_crc_possible(uint16_t crc);
#endif
