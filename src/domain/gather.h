/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_GATHER_H
#define QK_DOMAIN_GATHER_H
/* From the parts of an hour or a day to its values, exactly. Pure.
 *
 * HJ 212-2017 Annex D.2: an hour is the mean of its valid minutes, at least 45 of 60; a day the
 * mean of its valid hours, at least 20 of 24 (equations 24, 25). Parts are packets of minutes (each
 * stands for `unit` minutes), single minutes made of real-time values, or hours.
 *
 *   Avg, ZsAvg   the mean of the valid parts, each part with equal weight
 *   Min, Max     the least and greatest of the valid parts' Min and Max (Avg where they lack them)
 *   Cou          the sum over the valid parts
 *   Valid        minutes (hours) covered by valid parts
 *   Flag         'N' when Valid reaches what is needed; else the most frequent flag of the other
 *                parts (the first letter of equals); 'H' (有效数据不足, the letter of the air
 *                stations) when more is missing than marked
 *
 * A part is valid when its flag says so (N; 3 of the 2005 air stations) or it has none, and it
 * holds a value. Flue gas: N when at least 75 % of the parts are normal (C.16 to C.18), which 45 of
 * 60 minutes are. Waste water: one abnormal part makes the whole abnormal (`strict`).
 *
 * A mean is rounded once, half to even (GB/T 8170), to one decimal more than the finest part has;
 * Min, Max and Cou keep their digits. Intermediate sums are 128-bit integers; when even those do
 * not hold a sum the value is left out. */
#include "base/decimal.h"

typedef enum qk_role {
    QK_ROLE_AVG,
    QK_ROLE_MIN,
    QK_ROLE_MAX,
    QK_ROLE_COU,
    QK_ROLE_ZSAVG,
    QK_ROLE_ZSMIN,
    QK_ROLE_ZSMAX,
    QK_ROLES,
    QK_ROLE_FLAG = QK_ROLES, /* not a number */
    QK_ROLE_RTD,             /* a moment's Avg, Min and Max */
    QK_ROLE_ZSRTD,
    QK_ROLE_NONE
} qk_role;
/* Of a field's name: "Avg", "ZsRtd" …; NONE for what is not gathered. */
qk_role qk_role_of(qk_str field);
const char *qk_role_name(qk_role role); /* below QK_ROLES */

/* What one part says of one factor. */
typedef struct qk_part {
    uint8_t have; /* bit a role below QK_ROLES */
    char flag;    /* 0 = none */
    qk_dec value[QK_ROLES];
} qk_part;

/* The least or greatest so far, or a sum. */
enum { QK_GATHER_LETTERS = 4 };
typedef struct qk_gather {
    uint16_t valid; /* parts */
    uint16_t other; /* parts with an abnormal flag */
    uint8_t have;   /* of low and high: bit 0 plain, bit 1 Zs */
    bool lost;      /* a sum did not fit */
    struct {
        char letter;
        uint16_t n;
    } letters[QK_GATHER_LETTERS];
    qk_dec low[2], high[2];
    qk_dec_sum avg[2], cou;
} qk_gather;

void qk_gather_reset(qk_gather *g);
void qk_gather_add(qk_gather *g, const qk_part *part);
bool qk_flag_counts(char flag);

typedef struct qk_gathered {
    uint8_t have; /* bit a role below QK_ROLES */
    qk_dec value[QK_ROLES];
    int32_t valid; /* minutes or hours */
    char flag;
} qk_gathered;
/* unit: minutes (hours) that one part stands for; whole: 60 or 24; need: 45 or 20. */
void qk_gather_finish(qk_gathered *out, const qk_gather *g, int32_t unit, int32_t whole,
                      int32_t need, bool strict);

/* ---- minutes made of real-time values ----
 * A minute is covered when it holds at least one valid value; its value is their mean, and the hour
 * is the mean of these means, carried as a fraction until the one rounding. */
enum { QK_MOMENT_COUNTS = 61 }; /* values a minute that are told apart; more count as 60 */
typedef struct qk_moments {
    int64_t minute; /* of the hour, being gathered; -1 = none */
    bool minute_other;
    qk_dec_sum now[2]; /* the running minute; plain, Zs */
    struct {
        qk_dec_sum sum; /* over the minutes with this many values */
        int32_t minutes;
    } by_count[2][QK_MOMENT_COUNTS];
    qk_gather g; /* letters, least and greatest; valid = minutes covered */
} qk_moments;
void qk_moments_reset(qk_moments *m);
/* In rising order of minute. */
void qk_moments_add(qk_moments *m, int32_t minute, char flag, const qk_dec *rtd,
                    const qk_dec *zs_rtd);
void qk_moments_finish(qk_gathered *out, qk_moments *m, int32_t need, bool strict);
#endif
