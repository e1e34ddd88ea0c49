/* SPDX-License-Identifier: Apache-2.0 */
/* What a row must fit to beside its own fields: payments stay within the budget of their project.
 */
#include "domain/ledger_private.h"

typedef struct budget {
    const qk_ledger_type *type;
    qk_str project;
    int64_t except; /* row that is being written */
    qk_dec sum;
    bool found;
} budget;

static qk_code add_row(void *context, const qk_ledger_row *row)
{
    budget *b = context;
    qk_dec d;
    bool paid = qk_ledger_field_find(b->type, QK_STR("amount")) != SIZE_MAX;
    if (row->id == b->except ||
        !qk_str_eq(qk_ledger_cell(b->type, row->values, "project"), b->project))
        return QK_OK;
    b->found = true;
    if (qk_dec_parse_e(&d, qk_ledger_cell(b->type, row->values, paid ? "amount" : "budget")) !=
        QK_OK)
        return QK_OK;
    return qk_dec_add(&b->sum, b->sum, d);
}

static qk_code sum_of(budget *b, qk_db *db, const char *ledger, qk_arena *arena, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_ledger_ask ask = {.valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE};
    QK_TRY(qk_ledger_type_get(&type, db, qk_str_of(ledger), QK_TIME_NONE, arena, err));
    b->type = type;
    return qk_ledger_each(db, type, &ask, add_row, b, err);
}

static qk_code check_payment(qk_db *db, const qk_ledger_type *type, const qk_str *values,
                             int64_t id, qk_arena *arena, qk_error *err)
{
    qk_str project = qk_ledger_cell(type, values, "project");
    budget paid = {.project = project, .except = id}, given = {.project = project, .except = -1};
    qk_dec amount, sum;
    QK_TRY(sum_of(&given, db, "fund_project", arena, err));
    QK_TRY(sum_of(&paid, db, "fund_payment", arena, err));
    if (!given.found) {
        qk_fail(err, QK_EINVAL, "there is no such project");
        qk_error_at(err, "project", 0, 0);
        return QK_EINVAL;
    }
    if (qk_dec_parse_e(&amount, qk_ledger_cell(type, values, "amount")) == QK_OK &&
        qk_dec_add(&sum, paid.sum, amount) == QK_OK && qk_dec_cmp(sum, given.sum) <= 0)
        return QK_OK;
    qk_fail(err, QK_EINVAL, "the payments of the project would exceed its budget");
    qk_error_at(err, "amount", 0, 0);
    return QK_EINVAL;
}

qk_code qk_ledger_check_row(qk_db *db, const qk_ledger_type *type, const qk_str *values, int64_t id,
                            qk_arena *arena, qk_error *err)
{
    if (!qk_str_eq(type->id, QK_STR("fund_payment"))) return QK_OK;
    return check_payment(db, type, values, id, arena, err);
}
