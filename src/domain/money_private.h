/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_MONEY_PRIVATE_H
#define QK_DOMAIN_MONEY_PRIVATE_H
/* What the files of money share. */
#include "domain/money.h"

typedef struct qk_money_line {
    char id[QK_MONEY_ID_MAX];
    char kind[16], fact[80], unit[64], period[8], rule[32], item[24], state[12];
    char text[400], inputs[400], appeal[QK_MONEY_TEXT_MAX + 1];
    char approved_by[64], second_by[64], reverses[QK_MONEY_ID_MAX], reversed_by[QK_MONEY_ID_MAX];
    int32_t day;
    int64_t yuan, version;
} qk_money_line;

/* By id or, with by_fact, the one that stands for a fact. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_money_load(qk_money_line *out, qk_db *db, qk_str key, bool by_fact,
                                   qk_error *err);
QK_NODISCARD qk_code qk_money_save(qk_db *db, const qk_money_line *line, qk_str by, qk_time now,
                                   qk_error *err);
/* The next number of a period. */
QK_NODISCARD qk_code qk_money_number(char id[QK_MONEY_ID_MAX], qk_db *db, qk_str period,
                                     qk_error *err);
#endif
