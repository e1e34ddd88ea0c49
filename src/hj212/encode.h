/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_ENCODE_H
#define QK_HJ212_ENCODE_H
/* Frames, answers and requests into the caller's buffer.
 *
 * Every function returns the bytes written, or 0 when they do not fit in `size` or the segment
 * would exceed 9,999 bytes; nothing is terminated. QK_HJ212_FRAME_MAX bytes hold any frame. */
#include "hj212/packet.h"

enum { QK_HJ212_SEGMENT_MAX = 1024 }; /* of the standard */

typedef struct qk_hj212_message {
    qk_hj212_version version;         /* decides order, and Flag's version bits in helpers below */
    qk_hj212_text qn, st, cn, pw, mn; /* absent ones are left out */
    int32_t flag;                     /* as printed; -1 = left out */
    int32_t parts, part;              /* 0 = left out; 2005 prints PNO first */
    bool back_filled;                 /* RF=1 */
    qk_hj212_text cp;                 /* between the "&&"s */
} qk_hj212_message;

size_t qk_hj212_encode(char *out, size_t size, const qk_hj212_message *message);
/* "##", length, segment, CRC of the given kind (STANDARD … MODBUS_SWAPPED), CR LF. */
size_t qk_hj212_encode_segment(char *out, size_t size, qk_hj212_text segment,
                               qk_hj212_crc_kind crc);

/* How to speak to one device. */
typedef struct qk_hj212_peer {
    qk_hj212_version version;
    qk_hj212_text st, pw, mn;
    bool comma_range; /* BeginTime and EndTime joined with ',' (2005's way; some 2017 devices') */
    qk_hj212_crc_kind crc; /* STANDARD unless the device wants another */
} qk_hj212_peer;

/* Answers to what was received. version 2005 puts the QN into CP; a received 2005 packet without QN
 * is answered without. PW and MN are those received.
 * 9014: data acknowledged. 9013: notice acknowledged. */
size_t qk_hj212_encode_9014(char *out, size_t size, qk_hj212_version version, qk_hj212_crc_kind crc,
                            const qk_hj212_head *received);
size_t qk_hj212_encode_9013(char *out, size_t size, qk_hj212_version version, qk_hj212_crc_kind crc,
                            const qk_hj212_head *received);
/* 9011 (QnRtn) and 9012 (ExeRtn), as a device answers a request. */
size_t qk_hj212_encode_9011(char *out, size_t size, qk_hj212_version version, qk_hj212_crc_kind crc,
                            const qk_hj212_head *received, int32_t qn_rtn);
size_t qk_hj212_encode_9012(char *out, size_t size, qk_hj212_version version, qk_hj212_crc_kind crc,
                            const qk_hj212_head *received, int32_t exe_rtn);

/* What requests carry; each command takes what it needs (tables.h: qk_hj212_command.request) and
 * leaves out absent texts and negative numbers. */
typedef struct qk_hj212_params {
    qk_hj212_text pol_id;               /* factor code: w01018 */
    qk_hj212_text info_id;              /* 3020, 3021: i12001 */
    qk_hj212_text info_value;           /* 3021 */
    qk_hj212_text system_time;          /* 1012: 14 digits */
    qk_hj212_text begin_time, end_time; /* history, 14 digits */
    qk_hj212_text new_pw;               /* 1072 */
    qk_hj212_text cstart_time;          /* 3016: hhmmss */
    qk_hj212_text new_sk;               /* 1014 */
    int32_t over_time_s, re_count;      /* 1000 */
    int32_t rtd_interval_s;             /* 1062 */
    int32_t min_interval_min;           /* 1064 */
    int32_t ctime_h;                    /* 3016 */
    int32_t warn_time_min;              /* 2005: 1001 */
} qk_hj212_params;
#define QK_HJ212_NO_PARAMS                     \
    ((qk_hj212_params){.over_time_s = -1,      \
                       .re_count = -1,         \
                       .rtd_interval_s = -1,   \
                       .min_interval_min = -1, \
                       .ctime_h = -1,          \
                       .warn_time_min = -1})

/* A request or notice from the platform, Flag with A=1 (2005: Flag=3 as its examples print).
 * 0 also when the version has no such command. */
size_t qk_hj212_encode_request(char *out, size_t size, const qk_hj212_peer *peer, qk_hj212_text qn,
                               int32_t command, const qk_hj212_params *params);
/* Any command with a CP of the caller's. */
size_t qk_hj212_encode_command(char *out, size_t size, const qk_hj212_peer *peer, qk_hj212_text qn,
                               int32_t command, qk_hj212_text cp);
/* The CP of such a request alone. May be 0 bytes long; SIZE_MAX when it does not fit or the version
 * has no such command. */
size_t qk_hj212_encode_params(char *out, size_t size, const qk_hj212_peer *peer, int32_t command,
                              const qk_hj212_params *params);

/* ---- one message in several packets (PNUM, PNO) ---- */
/* Whole groups are moved, DataTime is repeated in each packet, each has a QN of its own (the first
 * QN, then a millisecond more each). */
typedef struct qk_hj212_split {
    qk_hj212_message message;
    size_t segment_max;
    qk_hj212_text data_time; /* "DataTime=…" to be repeated; absent when there is none */
    size_t at;               /* in message.cp */
    int32_t parts, part;
    qk_hj212_time qn;
    bool qn_ok;
    bool whole; /* fits as it stands */
} qk_hj212_split;

/* Counts the packets: 1 = fits without splitting (then no PNUM and PNO are printed), 0 = one group
 * alone is too long, or more than 9,999. segment_max 0 = 1,024. */
int32_t qk_hj212_split_init(qk_hj212_split *split, const qk_hj212_message *message,
                            size_t segment_max);
/* The next packet; 0 when all are written (or it does not fit). */
size_t qk_hj212_split_next(qk_hj212_split *split, char *out, size_t size);

/* ---- and back ---- */
/* Puts split messages together again in the caller's memory. Parts may come in any order, twice, or
 * never; the bytes held never exceed the memory given. Messages are told apart by MN, ST, CN,
 * DataTime and PNUM, since each packet has a QN of its own. */
enum { QK_HJ212_JOIN_MESSAGES = 16, QK_HJ212_JOIN_PARTS = 64 };
typedef struct qk_hj212_join_slot {
    uint64_t key;     /* 0 = free */
    int64_t since_ms; /* arrival of the first part, caller's clock */
    int32_t parts;    /* PNUM */
    uint64_t present; /* bit PNO-1 */
    uint32_t part_len[QK_HJ212_JOIN_PARTS];
    size_t used; /* bytes of CP held, one after the other in order of arrival */
    uint8_t order[QK_HJ212_JOIN_PARTS];
    uint8_t count;
} qk_hj212_join_slot;
typedef struct qk_hj212_join {
    char *memory;
    size_t slot_size; /* bytes for one message */
    qk_hj212_join_slot slot[QK_HJ212_JOIN_MESSAGES];
    uint64_t dropped; /* messages given up for want of room */
} qk_hj212_join;

typedef enum qk_hj212_joined {
    QK_HJ212_JOIN_SINGLE,  /* not a part: take the packet as it is */
    QK_HJ212_JOIN_WAITING, /* taken, others are missing */
    QK_HJ212_JOIN_REPEAT,  /* this part is here already */
    QK_HJ212_JOIN_WHOLE,   /* the last missing one: out holds the joined CP */
    QK_HJ212_JOIN_REFUSED  /* PNO or PNUM impossible, more parts than can be held, or no room:
                              take the packet as it is */
} qk_hj212_joined;

/* memory is shared out evenly over 16 messages. */
void qk_hj212_join_init(qk_hj212_join *join, char *memory, size_t size);
/* WHOLE: writes the CP (DataTime once, then the groups of parts 1..n) to out, *len its bytes;
 * REFUSED when size does not suffice. */
qk_hj212_joined qk_hj212_join_add(qk_hj212_join *join, const qk_hj212_head *head, int64_t now_ms,
                                  char *out, size_t size, size_t *len);
/* Gives up the oldest message whose first part came before the given time and writes what came of
 * it to out. False when there is none. */
bool qk_hj212_join_expire(qk_hj212_join *join, int64_t before_ms, char *out, size_t size,
                          size_t *len);
#endif
