/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_PLANS_H
#define QK_DOMAIN_PLANS_H
/* The library of plans: what was uploaded, how its reading was reviewed, what the check found and
 * what became of that. Tables plan, plan_item, plan_finding; their history keeps every version.
 *
 *   draft ──▶ review ──▶ issued ──▶ ended        (a draft for comments makes no tasks)
 *   item:     proposed ─▶ accepted | corrected | rejected | asked
 *   finding:  open ─▶ accepted | corrected | asked ─▶ answered
 *
 * Items and findings can be changed until the plan is issued; later changes are amendments of
 * obligations (domain/duties.h). Functions that change run in the store thread's transaction, those
 * that read take any connection. `by` is who did it. Errors: QK_ENOTFOUND no such plan, item or
 * finding; QK_ECONFLICT another version is current than `seen`; QK_EUNSUPPORTED a rule of the
 * review refuses, with its reason; QK_EFORMAT data of a wrong form. */
#include "domain/plan_read.h"
#include "store/files.h"

enum { QK_PLAN_ID_MAX = 24 };

/* Adds what was read; the id is YEAR-N. */
QK_NODISCARD qk_code qk_plans_add(char id[QK_PLAN_ID_MAX], qk_db *db, const qk_plan_reading *r,
                                  const qk_file_id *source, const qk_file_id *text,
                                  const qk_file_id *compiled, qk_str name, qk_str by, qk_time now,
                                  qk_error *err);

typedef enum qk_review_action {
    QK_REVIEW_ACCEPT,
    QK_REVIEW_CORRECT,
    QK_REVIEW_REJECT, /* items only */
    QK_REVIEW_ASK,
    QK_REVIEW_ANSWER /* findings only */
} qk_review_action;
/* "accept" …; false when it is none. */
bool qk_review_action_of(qk_review_action *out, qk_str name);

typedef struct qk_item_change {
    qk_str plan, path;
    qk_review_action action;
    const qk_json_value *data; /* for CORRECT */
    qk_str note;
    int64_t seen; /* 0 with CORRECT: an item that the text did not give is added */
} qk_item_change;
QK_NODISCARD qk_code qk_plans_item_change(int64_t *version, qk_db *db, const qk_item_change *c,
                                          qk_str by, qk_time now, qk_error *err);
/* Accepts everything that still stands as proposed; kind and below (a path: itself and what is
 * under it) may be empty. */
QK_NODISCARD qk_code qk_plans_accept(int64_t *accepted, qk_db *db, qk_str plan, qk_str kind,
                                     qk_str below, qk_str by, qk_time now, qk_error *err);

typedef struct qk_finding_change {
    qk_str plan;
    int64_t no;
    qk_review_action action;
    qk_str answer;
    int64_t seen;
} qk_finding_change;
QK_NODISCARD qk_code qk_plans_finding_change(int64_t *version, qk_db *db,
                                             const qk_finding_change *c, qk_str by, qk_time now,
                                             qk_error *err);

/* Status and head of a plan; empty texts leave what is there. An issue is refused while items are
 * proposed or asked, a finding of severity H is open or asked, or a task has no lead and stands not
 * among `exceptions` (paths, signed with `reason` by whoever issues). */
typedef struct qk_plan_change {
    qk_str plan, status, title, doc_no, reason;
    bool has_issued;
    int32_t issued;                  /* qk_day_number */
    const qk_json_value *exceptions; /* array of paths, or NULL */
    int64_t seen;
} qk_plan_change;
QK_NODISCARD qk_code qk_plans_change(int64_t *version, qk_db *db, const qk_plan_change *c,
                                     qk_str by, qk_time now, qk_error *err);

/* The status a plan has. */
QK_NODISCARD qk_code qk_plans_status(char out[12], qk_db *db, qk_str plan, qk_error *err);
/* SHA-256 of the plan's text in the file store. */
QK_NODISCARD qk_code qk_plans_text_file(char out[QK_SHA256_TEXT], qk_db *db, qk_str plan,
                                        qk_error *err);

/* ---- as JSON; each writes one value ---- */
QK_NODISCARD qk_code qk_plans_write_list(qk_json_writer *w, qk_db *db, qk_error *err);
QK_NODISCARD qk_code qk_plans_write_one(qk_json_writer *w, qk_db *db, qk_str plan, qk_error *err);
/* kind, state and below may be empty. */
QK_NODISCARD qk_code qk_plans_write_items(qk_json_writer *w, qk_db *db, qk_str plan, qk_str kind,
                                          qk_str state, qk_str below, qk_error *err);
QK_NODISCARD qk_code qk_plans_write_item(qk_json_writer *w, qk_db *db, qk_str plan, qk_str path,
                                         qk_error *err);
QK_NODISCARD qk_code qk_plans_write_item_history(qk_json_writer *w, qk_db *db, qk_str plan,
                                                 qk_str path, qk_error *err);
QK_NODISCARD qk_code qk_plans_write_findings(qk_json_writer *w, qk_db *db, qk_str plan,
                                             qk_error *err);
QK_NODISCARD qk_code qk_plans_write_finding_history(qk_json_writer *w, qk_db *db, qk_str plan,
                                                    int64_t no, qk_error *err);
#endif
