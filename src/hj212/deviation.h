/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_DEVIATION_H
#define QK_HJ212_DEVIATION_H
/* Where a frame is not to the letter of HJ 212, and why one is refused. Both have stable code names
 * ("length_declared_wrong", "crc"), which are part of the interface: logs, JSON and the message
 * table ("hj212.deviation.<name>") carry them. docs/protocol.md explains each. */
#include "hj212/text.h"

typedef enum qk_hj212_deviation {
    /* the frame */
    QK_HJ212_D_LENGTH_DECLARED_WRONG, /* length field differs from the segment's bytes */
    QK_HJ212_D_LENGTH_FIELD_FORM,     /* not exactly four digits */
    QK_HJ212_D_SEGMENT_OVER_1024,     /* longer than the standard allows */
    QK_HJ212_D_CRC_LOWER_CASE,
    QK_HJ212_D_CRC_MODBUS,         /* plain CRC-16/MODBUS */
    QK_HJ212_D_CRC_MODBUS_SWAPPED, /* the same, low byte first */
    QK_HJ212_D_CRC_SWAPPED,        /* the standard's, low byte first */
    QK_HJ212_D_CRC_STALE,          /* the standard's algorithm over other bytes */
    QK_HJ212_D_CRC_OTHER,          /* no known algorithm */
    QK_HJ212_D_CRC_MISSING,        /* no four hexadecimal digits where the CRC belongs */
    QK_HJ212_D_LINE_END_LF,
    QK_HJ212_D_LINE_END_CR,
    QK_HJ212_D_LINE_END_STARS,   /* "**" after the CRC */
    QK_HJ212_D_LINE_END_MISSING, /* no CR LF */
    QK_HJ212_D_CP_END_MISSING,   /* the closing "&&" is not there */
    /* the head */
    QK_HJ212_D_NO_QN,   /* 2017 and later want it on every packet */
    QK_HJ212_D_QN_FORM, /* not 17 digits that are a time */
    QK_HJ212_D_NO_ST,
    QK_HJ212_D_ST_FORM, /* not two characters */
    QK_HJ212_D_NO_PW,
    QK_HJ212_D_PW_FORM,            /* not six characters */
    QK_HJ212_D_VERSION_UNKNOWN,    /* version bits above 2 */
    QK_HJ212_D_FLAG_WITHOUT_PARTS, /* Flag announces PNUM and PNO that are not there */
    QK_HJ212_D_PARTS_WITHOUT_FLAG, /* PNUM or PNO although Flag does not announce them */
    QK_HJ212_D_PART_BEYOND_COUNT,  /* PNO 0 or above PNUM */
    QK_HJ212_D_HEAD_ORDER,
    QK_HJ212_D_HEAD_CASE,      /* FLAG, PNum */
    QK_HJ212_D_HEAD_UNKNOWN,   /* a name that no version has */
    QK_HJ212_D_HEAD_REPEATED,  /* the last one counts */
    QK_HJ212_D_HEAD_SEPARATOR, /* ',' for ';', or nothing before CP */
    QK_HJ212_D_ANSWER_ST,      /* 9011..9014 with an ST other than 91 */
    QK_HJ212_D_NO_CP,
    QK_HJ212_D_CP_SINGLE_AMPERSAND, /* "CP=&" */
    /* the data area */
    QK_HJ212_D_BLANKS,             /* white space around names or values */
    QK_HJ212_D_TRAILING_SEPARATOR, /* ';' or ',' before the closing "&&" */
    QK_HJ212_D_EMPTY_ITEM,         /* ",;" ";;" and the like */
    QK_HJ212_D_ITEM_WITHOUT_EQUALS,
    QK_HJ212_D_EMPTY_KEY,
    QK_HJ212_D_EMPTY_VALUE,
    QK_HJ212_D_KEY_REPEATED,
    QK_HJ212_D_CP_LAYOUT,   /* fields after factors, one factor in several groups, or several in one
                             */
    QK_HJ212_D_RANGE_COMMA, /* 2017 and later: BeginTime and EndTime joined by ',' */
    QK_HJ212_D_RANGE_SEMICOLON, /* 2005: joined by ';' */
    QK_HJ212_D_FIELD_CASE,      /* -flag, PolID */
    QK_HJ212_D_NO_DATA_TIME,    /* values without a DataTime */
    QK_HJ212_D_DATA_TIME_17_DIGITS,
    QK_HJ212_D_DATA_TIME_LONG,  /* 15, 16 or more than 17 digits */
    QK_HJ212_D_DATA_TIME_SHORT, /* 8, 10 or 12 digits */
    QK_HJ212_D_DATA_TIME_HOUR_24,
    QK_HJ212_D_VALUE_NOT_NUMBER, /* Rtd, Avg, … that is no decimal number */
    QK_HJ212_D_VALUE_EXPONENT,   /* 1e5 */
    QK_HJ212_D_DATA_FLAG_UNKNOWN,
    QK_HJ212_D_DATA_FLAG_LOWER_CASE,
    QK_HJ212_D_QN_IN_CP,      /* the 2005 place, in a later version */
    QK_HJ212_D_TEXT_UNCLOSED, /* "//" that is not closed */
    QK_HJ212_D_NOT_UTF8,
    QK_HJ212_D_CONTROL_BYTES,
    QK_HJ212_D_CP_ENCRYPTED, /* 2025: read by means of an SM4 key; no fault */
    QK_HJ212_D_COUNT
} qk_hj212_deviation;

#define QK_HJ212_BIT(deviation) ((uint64_t)1 << (deviation))

typedef enum qk_hj212_severity {
    QK_HJ212_MINOR,   /* reads the same; worth telling the maker */
    QK_HJ212_NOTABLE, /* reads, but the device should be put right */
    QK_HJ212_GRAVE    /* what was read may not be what was measured */
} qk_hj212_severity;

/* Never NULL for a value of the enum; NULL beyond. */
const char *qk_hj212_deviation_name(qk_hj212_deviation d);
qk_hj212_severity qk_hj212_deviation_severity(qk_hj212_deviation d);
/* QK_HJ212_D_COUNT when there is no such name. */
qk_hj212_deviation qk_hj212_deviation_find(qk_hj212_text name);

typedef enum qk_hj212_refusal {
    QK_HJ212_USABLE = 0,
    QK_HJ212_R_LENGTH,    /* declared length wrong and no CRC that fits the real segment */
    QK_HJ212_R_CRC,       /* length right, CRC not acceptable */
    QK_HJ212_R_TRUNCATED, /* the next frame or the end of the stream came before the frame's end */
    QK_HJ212_R_TOO_LONG,  /* no end within the limit */
    QK_HJ212_R_NO_MN,
    QK_HJ212_R_NO_CN,
    QK_HJ212_R_BAD_FIELD, /* CN, Flag, PNUM, PNO or DataTime cannot be what it says */
    QK_HJ212_R_ENCRYPTED, /* the data area is cipher text and no key opens it */
    QK_HJ212_R_COUNT
} qk_hj212_refusal;

/* "length", "crc", …; NULL for USABLE and beyond the enum. */
const char *qk_hj212_refusal_name(qk_hj212_refusal r);
#endif
