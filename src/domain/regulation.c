/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/regulation.h"
#include <stdio.h>

static const char late_works[] = "[[\"state\",\"in\",[\"planned\",\"building\"]],"
                                 "[\"deadline\",\"<\",\"today\"],[\"regulated\",\"!=\",false]]";

typedef struct entering {
    qk_db *db;
    const qk_ledger_type *works, *list;
    qk_time now;
    size_t entered;
    qk_error *err;
} entering;

static qk_code enter_work(void *context, const qk_ledger_row *row)
{
    entering *e = context;
    char cause[48], reason[1000], today[QK_TIME_TEXT];
    qk_str values[QK_LEDGER_FIELDS] = {{NULL, 0}};
    qk_str measure = qk_ledger_cell(e->works, row->values, "measure"),
           due = qk_ledger_cell(e->works, row->values, "deadline");
    int64_t id = 0;
    bool changed = false;
    snprintf(cause, sizeof cause, "treatment_work/%lld", (long long)row->id);
    snprintf(reason, sizeof reason, "治理任务“%.*s”应于 %.*s 前完成，到期未完成",
             (int)(measure.len < 600 ? qk_utf8_cut(measure) : 600), measure.ptr, QK_STR_ARG(due));
    qk_ledger_cell_set(e->list, values, "enterprise",
                       qk_ledger_cell(e->works, row->values, "enterprise"));
    qk_ledger_cell_set(e->list, values, "cause", qk_str_of(cause));
    qk_ledger_cell_set(e->list, values, "site", qk_ledger_cell(e->works, row->values, "site"));
    qk_ledger_cell_set(e->list, values, "unit", qk_ledger_cell(e->works, row->values, "unit"));
    qk_ledger_cell_set(e->list, values, "reason", qk_str_of(reason));
    qk_ledger_cell_set(e->list, values, "entered", qk_str_of(qk_date_iso(today, e->now)));
    qk_ledger_cell_set(e->list, values, "state", QK_STR("listed"));
    qk_code code = qk_ledger_put(&id, &changed, e->db, e->list, values, -1, QK_TIME_NONE,
                                 QK_STR("system"), e->now, e->err);
    if (code == QK_EEXIST) return QK_OK;
    e->entered += code == QK_OK;
    return code;
}

qk_code qk_regulation_enter(size_t *entered, qk_db *db, qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_ledger_type *works = NULL, *list = NULL;
    qk_json_value *where = NULL;
    entering e = {.db = db, .now = now, .err = err};
    qk_code code;
    qk_arena_init(&arena, 8 << 20);
    QK_TRY_OUT(code,
               qk_ledger_type_get(&works, db, QK_STR("treatment_work"), QK_TIME_NONE, &arena, err));
    QK_TRY_OUT(code, qk_ledger_type_get(&list, db, QK_STR("seasonal_regulation"), QK_TIME_NONE,
                                        &arena, err));
    QK_TRY_OUT(code, qk_json_parse(&where, QK_STR(late_works), &arena, err));
    e.works = works;
    e.list = list;
    qk_ledger_ask ask = {.where = where,
                         .valid_at = QK_TIME_NONE,
                         .known_at = QK_TIME_NONE,
                         .today = qk_day_number(now)};
    code = qk_ledger_each(db, works, &ask, enter_work, &e, err);
out:
    *entered = e.entered;
    qk_arena_clear(&arena);
    return code;
}

static qk_code on_night(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                        qk_error *err)
{
    size_t entered = 0;
    (void)context, (void)node;
    return qk_regulation_enter(&entered, db, timer->due_at, err);
}

qk_code qk_regulation_handle(qk_scheduler *s)
{
    return qk_scheduler_handle(s, "regulation.enter", on_night, NULL);
}

qk_code qk_regulation_begin(qk_scheduler *s, qk_time now, qk_error *err)
{
    return qk_scheduler_every(s, "regulation.enter", QK_STR(""), "daily 00:05", now, QK_STR(""),
                              err);
}

static qk_code write_release(qk_db *db, const qk_ledger_type *list, const qk_ledger_row *row,
                             qk_str person, qk_str reason, qk_time now, qk_error *err)
{
    qk_str values[QK_LEDGER_FIELDS] = {{NULL, 0}};
    char today[QK_TIME_TEXT];
    int64_t id = row->id;
    bool changed = false;
    if (row->valid_to != QK_TIME_NONE || !qk_str_eq(row->state, QK_STR("listed")))
        return qk_fail(err, QK_EDENIED, "the enterprise is not on the list");
    for (size_t i = 0; i < list->field_count; i++) values[i] = row->values[i];
    qk_ledger_cell_set(list, values, "state", QK_STR("released"));
    qk_ledger_cell_set(list, values, "released", qk_str_of(qk_date_iso(today, now)));
    qk_ledger_cell_set(list, values, "released_by", person);
    qk_ledger_cell_set(list, values, "release_reason", reason);
    return qk_ledger_put(&id, &changed, db, list, values, -1, QK_TIME_NONE, person, now, err);
}

qk_code qk_regulation_release(qk_db *db, int64_t id, qk_str person, qk_str reason, qk_time now,
                              qk_error *err)
{
    qk_arena arena;
    qk_ledger_type *list = NULL;
    qk_ledger_row *row = NULL;
    if (!qk_str_trim(person).len || !qk_str_trim(reason).len)
        return qk_fail(err, QK_EINVAL, "a release is signed by a person and has a reason");
    qk_arena_init(&arena, 8 << 20);
    qk_code code =
        qk_ledger_type_get(&list, db, QK_STR("seasonal_regulation"), QK_TIME_NONE, &arena, err);
    if (!code) code = qk_ledger_get(&row, db, list, id, &arena, err);
    if (!code) code = write_release(db, list, row, person, reason, now, err);
    qk_arena_clear(&arena);
    return code;
}

bool qk_regulation_keeps(qk_str ledger)
{
    return qk_str_eq(ledger, QK_STR("seasonal_regulation"));
}
