/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LEDGER_PRIVATE_H
#define QK_DOMAIN_LEDGER_PRIVATE_H
/* What the files of the ledger share. */
#include "domain/ledger.h"

/* NULL at the end: the shipped types, each a JSON text. */
extern const char *const qk_ledger_shipped[];

/* A condition made ready to be asked of many rows. */
typedef enum qk_ledger_op {
    QK_LEDGER_OP_EQ,
    QK_LEDGER_OP_NE,
    QK_LEDGER_OP_LT,
    QK_LEDGER_OP_LE,
    QK_LEDGER_OP_GT,
    QK_LEDGER_OP_GE,
    QK_LEDGER_OP_IN,
    QK_LEDGER_OP_CONTAINS,
    QK_LEDGER_OP_EMPTY
} qk_ledger_op;

typedef struct qk_ledger_filter {
    size_t field;
    qk_ledger_kind kind;
    qk_ledger_op op;
    qk_str *values; /* more than one for `in` */
    size_t count;
    size_t other; /* the field it is compared with; SIZE_MAX = with values */
    bool want;    /* of `empty` */
} qk_ledger_filter;

typedef struct qk_ledger_filters {
    qk_ledger_filter all[2 * QK_LEDGER_FILTERS];
    size_t count;
} qk_ledger_filters;

/* Adds the conditions of where (NULL = none). */
QK_NODISCARD qk_code qk_ledger_filters_add(qk_ledger_filters *f, const qk_ledger_type *type,
                                           const qk_json_value *where, int32_t today,
                                           qk_arena *arena, qk_error *err);
bool qk_ledger_filters_pass(const qk_ledger_filters *f, const qk_str *values);

/* Whether numbers are compared as numbers in fields of this kind. */
static inline bool qk_ledger_is_number(qk_ledger_kind kind)
{
    return kind == QK_LEDGER_NUMBER || kind == QK_LEDGER_INTEGER || kind == QK_LEDGER_MONEY;
}

/* Whether a row fits to what stands elsewhere (a payment to its budget); values are canonical. */
QK_NODISCARD qk_code qk_ledger_check_row(qk_db *db, const qk_ledger_type *type,
                                         const qk_str *values, int64_t id, qk_arena *arena,
                                         qk_error *err);
/* The columns of a row as selected by the texts of ledger_row.c, values in the arena. */
QK_NODISCARD qk_code qk_ledger_row_read(qk_ledger_row *row, sqlite3_stmt *s,
                                        const qk_ledger_type *type, qk_arena *arena, qk_error *err);
#define QK_LEDGER_COLUMNS \
    "id,key,unit,site,state,data,valid_from,valid_to,version,recorded_at,recorded_by"
#endif
