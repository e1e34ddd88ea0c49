/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_RULES_PRIVATE_H
#define QK_STANDARDS_RULES_PRIVATE_H
/* Shared by rules.c (the tables, their order and validity) and rules_qc.c (rows of the checks of
 * hours); not for others. */
#include "standards/rules.h"

/* Where in the text a row stands, for messages. */
typedef struct qk_rules_place {
    qk_str text; /* the whole */
    const char *table;
    size_t row;
    const char *item;
    const qk_json_value *at; /* the row */
    qk_error *err;
} qk_rules_place;

/* QK_EFORMAT with table, row, item, line and column. */
qk_code qk_rules_refuse(const qk_rules_place *at, const char *what);
/* name, source, from, to. */
QK_NODISCARD qk_code qk_rules_read_head(const qk_rules_place *at, const qk_json_value *row,
                                        char *name, size_t name_size, char *source,
                                        size_t source_size, int32_t *from, int32_t *to);
/* Opens the object. */
void qk_rules_write_head(qk_json_writer *w, const char *name, const char *source, int32_t from,
                         int32_t to);

QK_NODISCARD qk_code qk_qc_rule_read(qk_rules_place *at, const qk_json_value *row, qk_qc_rule *out);
void qk_qc_rule_write(qk_json_writer *w, const qk_qc_rule *rule);
#endif
