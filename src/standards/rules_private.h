/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_RULES_PRIVATE_H
#define QK_STANDARDS_RULES_PRIVATE_H
/* Shared by rules.c (the tables, their order and validity), rules_qc.c (rows of the checks of
 * hours) and rules_sources.c (rows of warnings and of sources of pollution); not for others. */
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
/* name, source, source_zh (the source where it is absent), from, to. */
QK_NODISCARD qk_code qk_rules_read_head(const qk_rules_place *at, const qk_json_value *row,
                                        char *name, size_t name_size, char *source,
                                        size_t source_size, char zh[QK_RULE_ZH], int32_t *from,
                                        int32_t *to);
/* Opens the object. */
void qk_rules_write_head(qk_json_writer *w, const char *name, const char *source, const char *zh,
                         int32_t from, int32_t to);

/* A number of a row: an int64 in 10^-6, or an int32 that is whole, 0 .. most. */
typedef struct qk_rules_number {
    const char *name;
    size_t at; /* offset in the struct */
    bool micro;
    int64_t most;
} qk_rules_number;
#define QK_RULES_MICRO(type, member)             \
    {                                            \
#member, offsetof(type, member), true, 0 \
    }
#define QK_RULES_WHOLE(type, member, most)           \
    {                                                \
#member, offsetof(type, member), false, most \
    }
#define QK_RULES_COUNT(list) (sizeof(list) / sizeof(list)[0])

/* Every number must stand there: a threshold left out by mistake would switch a check off. */
QK_NODISCARD qk_code qk_rules_read_numbers(qk_rules_place *at, const qk_json_value *object,
                                           const qk_rules_number *list, size_t count, void *out);
void qk_rules_write_numbers(qk_json_writer *w, const qk_rules_number *list, size_t count,
                            const void *from);

/* A row of each table; the struct begins with its name. */
#define QK_RULES_ROW(kind)                                                                   \
    QK_NODISCARD qk_code qk_##kind##_rule_read(qk_rules_place *at, const qk_json_value *row, \
                                               void *out);                                   \
    void qk_##kind##_rule_write(qk_json_writer *w, const void *row)
QK_RULES_ROW(qc);
QK_RULES_ROW(warning);
QK_RULES_ROW(ldar);
QK_RULES_ROW(vapour);
QK_RULES_ROW(compensation);
QK_RULES_ROW(fume);
QK_RULES_ROW(cems);
QK_RULES_ROW(amount);
QK_RULES_ROW(assess);
QK_RULES_ROW(fraud);
QK_RULES_ROW(component);
#endif
