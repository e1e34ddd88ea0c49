/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_HJ212_PACKET_H
#define QK_HJ212_PACKET_H
/* What stands in a frame: the head (QN, ST, CN …) and the items of the data area CP.
 *
 * Three depths: qk_hj212_head finds the head and DataTime only (to acknowledge); qk_hj212_parse
 * also judges the head; the item walk reads CP and adds what it finds to the packet's deviations,
 * which are complete after the last item. Nothing is allocated or copied. */
#include "hj212/frame.h"

typedef struct qk_hj212_head {
    qk_hj212_text qn, st, cn, pw, mn, flag, pnum, pno,
        rf;                  /* as sent, blanks cut; ptr NULL = absent */
    qk_hj212_text cp;        /* between the "&&"s */
    qk_hj212_text data_time; /* value of DataTime= in CP, as sent */
    int32_t command;         /* CN as a number; -1 = absent or no number */
    int32_t flags;           /* Flag as a number 0..255; -1 = absent, -2 = unreadable */
    int32_t parts, part;     /* PNUM, PNO; 0 = absent, -2 = unreadable */
    bool wants_answer;       /* bit A of Flag */
    bool split;              /* bit D of Flag, or PNUM and PNO present */
    bool back_filled;        /* RF=1 (2025) */
    /* By the version bits of Flag: 0 or no Flag 2005, 1 2017, 2 and above 2025. Some dialects use
     * the bits otherwise, so a register that knows the device comes first. */
    qk_hj212_version version;
} qk_hj212_head;

/* The head alone, without judging it. False when no MN or no CN was found; the rest is filled. */
bool qk_hj212_head_read(qk_hj212_head *head, qk_hj212_text segment);

enum { QK_HJ212_NOTES_MAX = 16 };
typedef struct qk_hj212_note {
    uint8_t deviation;
    uint32_t offset; /* byte in the segment */
} qk_hj212_note;

typedef struct qk_hj212_packet {
    qk_hj212_text segment;
    qk_hj212_head head;
    uint64_t deviations;                     /* of frame, head and, once walked, items */
    qk_hj212_note notes[QK_HJ212_NOTES_MAX]; /* the first of each kind, where it stands */
    uint32_t note_count;
    /* NO_MN, NO_CN, BAD_FIELD or USABLE: of the content alone. The frame's own refusal
     * (qk_hj212_frame_check) goes before it. */
    qk_hj212_refusal refusal;
    bool time_ok; /* data_time is a date and stands in `time` */
    qk_hj212_time time;
} qk_hj212_packet;

/* Reads and judges the head. Works on refused frames too, as far as they go. */
void qk_hj212_parse(qk_hj212_packet *packet, const qk_hj212_frame *frame);

/* Names that the standards (and wide practice) give to what follows "code-" or stands alone. */
typedef enum qk_hj212_field {
    QK_HJ212_F_OTHER = 0,
    /* of a factor, numbers */
    QK_HJ212_F_RTD,
    QK_HJ212_F_MIN,
    QK_HJ212_F_AVG,
    QK_HJ212_F_MAX,
    QK_HJ212_F_COU,
    QK_HJ212_F_ZSRTD,
    QK_HJ212_F_ZSMIN,
    QK_HJ212_F_ZSAVG,
    QK_HJ212_F_ZSMAX,
    QK_HJ212_F_ZSCOU,
    QK_HJ212_F_DATA,
    QK_HJ212_F_DAYDATA,
    QK_HJ212_F_NIGHTDATA,
    QK_HJ212_F_ORI,
    QK_HJ212_F_ALA,
    QK_HJ212_F_UPVALUE,
    QK_HJ212_F_LOWVALUE,
    QK_HJ212_F_DAYSTDVALUE,
    QK_HJ212_F_NIGHTSTDVALUE,
    QK_HJ212_F_RS,
    QK_HJ212_F_RT,
    QK_HJ212_F_VALIDNUM,
    QK_HJ212_F_TOTALNUM,
    QK_HJ212_F_SAMPLERD,
    QK_HJ212_F_STANDARDVALUE,
    /* of a factor, marks and texts */
    QK_HJ212_F_FLAG,
    QK_HJ212_F_EFLAG,
    QK_HJ212_F_SAMPLETIME,
    QK_HJ212_F_INFO,
    QK_HJ212_F_SN,
    QK_HJ212_F_RESULTTYPE,
    /* standing alone */
    QK_HJ212_F_DATATIME,
    QK_HJ212_F_SYSTEMTIME,
    QK_HJ212_F_BEGINTIME,
    QK_HJ212_F_ENDTIME,
    QK_HJ212_F_RESTARTTIME,
    QK_HJ212_F_QN,
    QK_HJ212_F_CN,
    QK_HJ212_F_PNUM,
    QK_HJ212_F_PNO,
    QK_HJ212_F_QNRTN,
    QK_HJ212_F_EXERTN,
    QK_HJ212_F_RTDINTERVAL,
    QK_HJ212_F_MININTERVAL,
    QK_HJ212_F_POLID,
    QK_HJ212_F_INFOID,
    QK_HJ212_F_NEWPW,
    QK_HJ212_F_PW,
    QK_HJ212_F_OVERTIME,
    QK_HJ212_F_RECOUNT,
    QK_HJ212_F_WARNTIME,
    QK_HJ212_F_VASENO,
    QK_HJ212_F_CSTARTTIME,
    QK_HJ212_F_CTIME,
    QK_HJ212_F_STIME,
    QK_HJ212_F_ALARMTIME,
    QK_HJ212_F_ALARMTYPE,
    QK_HJ212_F_ALARMTARGET,
    QK_HJ212_F_REPORTTARGET,
    QK_HJ212_F_REPORTTIME,
    QK_HJ212_F_COMPLETETIME,
    QK_HJ212_F_SAMPLETYPE,
    QK_HJ212_F_SKCREATETIME,
    QK_HJ212_F_NEWSK,
    QK_HJ212_F_COUNT
} qk_hj212_field;

/* As the standard spells it ("ZsAvg"); "" for OTHER. */
const char *qk_hj212_field_name(qk_hj212_field f);
/* Exact spelling first, then without regard to case (*exact tells; may be NULL). */
qk_hj212_field qk_hj212_field_find(qk_hj212_text name, bool *exact);
/* Rtd … StandardValue: the value is meant to be a number. */
bool qk_hj212_field_is_number(qk_hj212_field f);

typedef struct qk_hj212_item {
    uint32_t group;           /* 0-based; ';' begins the next */
    char separator;           /* ',' or ';' as it stands behind the item, 0 at the end */
    bool has_value;           /* a '=' stood there */
    qk_hj212_field field;     /* of field_text */
    qk_hj212_text key;        /* blanks cut */
    qk_hj212_text code;       /* before the first '-'; absent when the key has none */
    qk_hj212_text field_text; /* behind it, or the whole key */
    qk_hj212_text value;      /* blanks cut; "//…//" is one value, separators and all */
} qk_hj212_item;

enum { QK_HJ212_CODES_SEEN = 256, QK_HJ212_KEYS_SEEN = 512 };
typedef struct qk_hj212_items {
    qk_hj212_packet *packet;
    size_t at;
    uint32_t group;
    qk_hj212_text last_code;   /* of the item before */
    qk_hj212_field last_field; /* of the item before */
    bool codes_begun, after_separator, same_group, saw_time, ended;
    /* Where codes and keys were met, to find the repeated ones; a table that is full finds no more.
     */
    uint16_t code_count, key_count;
    uint16_t code[QK_HJ212_CODES_SEEN], key[QK_HJ212_KEYS_SEEN];
} qk_hj212_items;

void qk_hj212_items_init(qk_hj212_items *it, qk_hj212_packet *packet);
/* False after the last item. Empty items are passed over (and noted). */
bool qk_hj212_items_next(qk_hj212_items *it, qk_hj212_item *item);

/* A decimal number as sent: 12.50 is {1250, 2}. Signs, ".5" and "5." are taken, exponents too when
 * the number fits; false for anything else, beyond int64 or 18 decimals. */
typedef struct qk_hj212_number {
    int64_t mantissa;
    int32_t scale; /* digits behind the point */
} qk_hj212_number;
bool qk_hj212_number_parse(qk_hj212_number *out, qk_hj212_text text);
#endif
