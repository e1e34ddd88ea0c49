/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/plans.h"
#include <math.h>
#include <stdio.h>

enum { NOTE_MAX = 2000 };

/* ---- adding ---- */

static qk_code choose_id(char id[QK_PLAN_ID_MAX], qk_db *db, int32_t year, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT COUNT(*) FROM plan WHERE year_from = ?1", err));
    sqlite3_bind_int64(s, 1, year);
    QK_TRY(qk_db_step(db, s, err));
    snprintf(id, QK_PLAN_ID_MAX, "%d-%lld", year, (long long)sqlite3_column_int64(s, 0) + 1);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code add_plan(const char *id, qk_db *db, const qk_plan_reading *r,
                        const qk_file_id *const files[3], qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO plan (id, status, title, doc_no, region, issued, year_from,"
                         " year_to, source_sha256, text_sha256, compiled_sha256, valid_from,"
                         " version, recorded_at, recorded_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
                         " ?8, ?9, ?10, ?11, ?12, 1, ?12, ?13)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(id));
    qk_db_bind_str(s, 2, r->draft ? QK_STR("draft") : QK_STR("review"));
    qk_db_bind_str(s, 3, r->title);
    qk_db_bind_str(s, 4, r->doc_no);
    qk_db_bind_str(s, 5, r->region);
    if (r->issued != INT32_MIN) sqlite3_bind_int64(s, 6, r->issued);
    sqlite3_bind_int64(s, 7, r->year_from);
    sqlite3_bind_int64(s, 8, r->year_to);
    for (int i = 0; i < 3; i++) qk_db_bind_str(s, 9 + i, qk_str_of(files[i]->sha256));
    sqlite3_bind_int64(s, 12, now);
    qk_db_bind_str(s, 13, by);
    return qk_db_run(db, s, err);
}

static qk_code add_items(const char *id, qk_db *db, const qk_plan_reading *r, qk_str by,
                         qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    for (size_t i = 0; i < r->item_n; i++) {
        QK_TRY(qk_db_prepare(&s, db,
                             "INSERT INTO plan_item (plan, path, place, kind, data, spans, state,"
                             " valid_from, version, recorded_at, recorded_by) VALUES (?1, ?2, ?3,"
                             " ?4, ?5, ?6, 'proposed', ?7, 1, ?7, ?8)",
                             err));
        qk_db_bind_str(s, 1, qk_str_of(id));
        qk_db_bind_str(s, 2, qk_str_of(r->items[i].path));
        sqlite3_bind_int64(s, 3, (int64_t)i);
        qk_db_bind_str(s, 4, qk_str_of(r->items[i].kind));
        qk_db_bind_str(s, 5, r->items[i].data);
        qk_db_bind_str(s, 6, r->items[i].places);
        sqlite3_bind_int64(s, 7, now);
        qk_db_bind_str(s, 8, by);
        QK_TRY(qk_db_run(db, s, err));
    }
    return QK_OK;
}

static qk_code add_findings(const char *id, qk_db *db, const qk_plan_reading *r, qk_str by,
                            qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    for (size_t i = 0; i < r->finding_n; i++) {
        const char severity[2] = {r->findings[i].severity, 0};
        QK_TRY(qk_db_prepare(&s, db,
                             "INSERT INTO plan_finding (plan, no, code, severity, content, state,"
                             " valid_from, version, recorded_at, recorded_by) VALUES (?1, ?2, ?3,"
                             " ?4, ?5, 'open', ?6, 1, ?6, ?7)",
                             err));
        qk_db_bind_str(s, 1, qk_str_of(id));
        sqlite3_bind_int64(s, 2, (int64_t)i + 1);
        qk_db_bind_str(s, 3, qk_str_of(r->findings[i].code));
        qk_db_bind_str(s, 4, qk_str_of(severity));
        qk_db_bind_str(s, 5, r->findings[i].content);
        sqlite3_bind_int64(s, 6, now);
        qk_db_bind_str(s, 7, by);
        QK_TRY(qk_db_run(db, s, err));
    }
    return QK_OK;
}

static qk_code attach(qk_db *db, const char *id, const qk_file_id *file, qk_str name, qk_str by,
                      qk_time now, qk_error *err)
{
    qk_file_use use = {.taken_at = QK_TIME_NONE, .lon = NAN, .lat = NAN, .recorded_at = now};
    snprintf(use.object, sizeof use.object, "plan/%s", id);
    qk_str_copy(use.name, sizeof use.name, name);
    qk_str_copy(use.recorded_by, sizeof use.recorded_by, by);
    return qk_file_attach(db, &use, file, err);
}

qk_code qk_plans_add(char id[QK_PLAN_ID_MAX], qk_db *db, const qk_plan_reading *r,
                     const qk_file_id *source, const qk_file_id *text, const qk_file_id *compiled,
                     qk_str name, qk_str by, qk_time now, qk_error *err)
{
    const qk_file_id *const files[3] = {source, text, compiled};
    QK_TRY(choose_id(id, db, r->year_from, err));
    QK_TRY(attach(db, id, source, name, by, now, err));
    QK_TRY(attach(db, id, text, QK_STR("text"), by, now, err));
    QK_TRY(attach(db, id, compiled, QK_STR("compiled"), by, now, err));
    QK_TRY(add_plan(id, db, r, files, by, now, err));
    QK_TRY(add_items(id, db, r, by, now, err));
    return add_findings(id, db, r, by, now, err);
}

/* ---- what all changes look at ---- */

bool qk_review_action_of(qk_review_action *out, qk_str name)
{
    static const char *const names[] = {"accept", "correct", "reject", "ask", "answer"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!qk_str_eq(name, qk_str_of(names[i]))) continue;
        *out = (qk_review_action)i;
        return true;
    }
    return false;
}

static const char *state_of(qk_review_action action)
{
    static const char *const states[] = {"accepted", "corrected", "rejected", "asked", "answered"};
    return states[action];
}

qk_code qk_plans_status(char out[12], qk_db *db, qk_str plan, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT status FROM plan WHERE id = ?1", err));
    qk_db_bind_str(s, 1, plan);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no plan %.*s", QK_STR_ARG(plan));
    if (code != QK_OK) return code;
    qk_str_copy(out, 12, qk_db_text(s, 0));
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_plans_text_file(char out[QK_SHA256_TEXT], qk_db *db, qk_str plan, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT text_sha256 FROM plan WHERE id = ?1", err));
    qk_db_bind_str(s, 1, plan);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no plan %.*s", QK_STR_ARG(plan));
    if (code != QK_OK) return code;
    qk_str_copy(out, QK_SHA256_TEXT, qk_db_text(s, 0));
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code needs_review(qk_db *db, qk_str plan, qk_error *err)
{
    char status[12];
    QK_TRY(qk_plans_status(status, db, plan, err));
    if (strcmp(status, "draft") == 0 || strcmp(status, "review") == 0) return QK_OK;
    qk_fail(err, QK_EUNSUPPORTED, "the plan is %s: its review is over", status);
    qk_error_hint(err, "amend the task instead");
    return QK_EUNSUPPORTED;
}

static qk_code check_note(qk_str note, qk_error *err)
{
    return note.len <= NOTE_MAX ? QK_OK
                                : qk_fail(err, QK_EFORMAT, "a note of at most %d bytes", NOTE_MAX);
}

static qk_code conflict(qk_error *err, int64_t current, int64_t seen)
{
    return qk_fail(err, QK_ECONFLICT, "version %lld is current, not %lld", (long long)current,
                   (long long)seen);
}

/* ---- items ---- */

static qk_code write_data(qk_buf *out, const qk_json_value *data, qk_error *err)
{
    qk_json_writer w;
    qk_json_init(&w, out);
    qk_json_put(&w, data);
    return out->failed ? qk_fail(err, out->failed, "the data is too large") : QK_OK;
}

static qk_code add_item(qk_db *db, const qk_item_change *c, const char *kind, qk_str data,
                        qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO plan_item (plan, path, place, kind, data, spans, state, note,"
                         " valid_from, version, recorded_at, recorded_by) VALUES (?1, ?2,"
                         " (SELECT COALESCE(MAX(place), 0) + 1 FROM plan_item WHERE plan = ?1), ?3,"
                         " ?4, '{}', 'corrected', ?5, ?6, 1, ?6, ?7)",
                         err));
    qk_db_bind_str(s, 1, c->plan);
    qk_db_bind_str(s, 2, c->path);
    qk_db_bind_str(s, 3, qk_str_of(kind));
    qk_db_bind_str(s, 4, data);
    qk_db_bind_str(s, 5, c->note);
    sqlite3_bind_int64(s, 6, now);
    qk_db_bind_str(s, 7, by);
    return qk_db_run(db, s, err);
}

static qk_code update_item(qk_db *db, const qk_item_change *c, qk_str data, qk_str by, qk_time now,
                           qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE plan_item SET state = ?3, data = COALESCE(?4, data), note = ?5,"
                         " version = version + 1, recorded_at = ?6, recorded_by = ?7"
                         " WHERE plan = ?1 AND path = ?2",
                         err));
    qk_db_bind_str(s, 1, c->plan);
    qk_db_bind_str(s, 2, c->path);
    qk_db_bind_str(s, 3, qk_str_of(state_of(c->action)));
    qk_db_bind_str(s, 4, data);
    qk_db_bind_str(s, 5, c->note);
    sqlite3_bind_int64(s, 6, now);
    qk_db_bind_str(s, 7, by);
    return qk_db_run(db, s, err);
}

/* Version of an item, 0 when there is none. */
static qk_code item_version(int64_t *out, qk_db *db, qk_str plan, qk_str path, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *out = 0;
    QK_TRY(
        qk_db_prepare(&s, db, "SELECT version FROM plan_item WHERE plan = ?1 AND path = ?2", err));
    qk_db_bind_str(s, 1, plan);
    qk_db_bind_str(s, 2, path);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_OK) *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* The task that an added item would belong to must be there. */
static qk_code needs_parent(qk_db *db, const qk_item_change *c, qk_error *err)
{
    int64_t version = 0;
    size_t dot = qk_str_find(c->path, QK_STR("]."), 0);
    if (dot == SIZE_MAX) return QK_OK;
    QK_TRY(item_version(&version, db, c->plan, (qk_str){c->path.ptr, dot + 1}, err));
    return version ? QK_OK
                   : qk_fail(err, QK_ENOTFOUND, "there is no item %.*s", (int)dot + 1, c->path.ptr);
}

qk_code qk_plans_item_change(int64_t *version, qk_db *db, const qk_item_change *c, qk_str by,
                             qk_time now, qk_error *err)
{
    const char *kind = qk_plan_path_kind(c->path);
    int64_t current = 0;
    qk_buf data;
    QK_TRY(needs_review(db, c->plan, err));
    QK_TRY(check_note(c->note, err));
    if (!kind) return qk_fail(err, QK_ENOTFOUND, "a plan has no item of this path");
    if (c->action == QK_REVIEW_ANSWER)
        return qk_fail(err, QK_EFORMAT, "an item is accepted, corrected, rejected or asked about");
    QK_TRY(item_version(&current, db, c->plan, c->path, err));
    if (!current && (c->action != QK_REVIEW_CORRECT || c->seen != 0))
        return qk_fail(err, QK_ENOTFOUND, "there is no item %.*s", QK_STR_ARG(c->path));
    if (current != c->seen) return conflict(err, current, c->seen);
    qk_buf_init(&data, 1 << 16);
    qk_code code = QK_OK;
    if (c->action == QK_REVIEW_CORRECT) {
        code = qk_plan_item_check(kind, c->path, c->data, err);
        if (code == QK_OK) code = write_data(&data, c->data, err);
    }
    if (code == QK_OK && !current) code = needs_parent(db, c, err);
    if (code == QK_OK)
        code = current ? update_item(db, c, qk_buf_str(&data), by, now, err)
                       : add_item(db, c, kind, qk_buf_str(&data), by, now, err);
    qk_buf_clear(&data);
    *version = current + 1;
    return code;
}

qk_code qk_plans_accept(int64_t *accepted, qk_db *db, qk_str plan, qk_str kind, qk_str below,
                        qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(needs_review(db, plan, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE plan_item SET state = 'accepted', version = version + 1,"
                         " recorded_at = ?4, recorded_by = ?5 WHERE plan = ?1 AND state ="
                         " 'proposed' AND (?2 = '' OR kind = ?2) AND (?3 = '' OR path = ?3 OR"
                         " substr(path, 1, length(?3) + 1) IN (?3 || '.', ?3 || '['))",
                         err));
    qk_db_bind_str(s, 1, plan);
    qk_db_bind_str(s, 2, kind.len ? kind : QK_STR(""));
    qk_db_bind_str(s, 3, below.len ? below : QK_STR(""));
    sqlite3_bind_int64(s, 4, now);
    qk_db_bind_str(s, 5, by);
    QK_TRY(qk_db_run(db, s, err));
    *accepted = sqlite3_changes(qk_db_handle(db));
    return QK_OK;
}

/* ---- findings ---- */

static qk_code finding_now(int64_t *version, char state[12], qk_db *db, const qk_finding_change *c,
                           qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT version, state FROM plan_finding WHERE plan = ?1 AND no = ?2", err));
    qk_db_bind_str(s, 1, c->plan);
    sqlite3_bind_int64(s, 2, c->no);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND)
        return qk_fail(err, code, "there is no finding %lld", (long long)c->no);
    if (code != QK_OK) return code;
    *version = sqlite3_column_int64(s, 0);
    qk_str_copy(state, 12, qk_db_text(s, 1));
    sqlite3_reset(s);
    return QK_OK;
}

qk_code qk_plans_finding_change(int64_t *version, qk_db *db, const qk_finding_change *c, qk_str by,
                                qk_time now, qk_error *err)
{
    char state[12];
    sqlite3_stmt *s = NULL;
    QK_TRY(needs_review(db, c->plan, err));
    QK_TRY(check_note(c->answer, err));
    QK_TRY(finding_now(version, state, db, c, err));
    if (*version != c->seen) return conflict(err, *version, c->seen);
    if (c->action == QK_REVIEW_REJECT)
        return qk_fail(err, QK_EFORMAT, "a finding is accepted, corrected, asked or answered");
    if (c->action == QK_REVIEW_ANSWER && strcmp(state, "asked") != 0)
        return qk_fail(err, QK_EUNSUPPORTED, "nobody was asked about this finding");
    if (c->action != QK_REVIEW_ACCEPT && c->answer.len == 0)
        return qk_fail(err, QK_EFORMAT, "say what was corrected, asked or answered");
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE plan_finding SET state = ?3, answer = ?4, version = version + 1,"
                         " recorded_at = ?5, recorded_by = ?6 WHERE plan = ?1 AND no = ?2",
                         err));
    qk_db_bind_str(s, 1, c->plan);
    sqlite3_bind_int64(s, 2, c->no);
    qk_db_bind_str(s, 3, qk_str_of(state_of(c->action)));
    qk_db_bind_str(s, 4, c->answer.len ? c->answer : QK_STR(""));
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    ++*version;
    return qk_db_run(db, s, err);
}

/* ---- status ---- */

static qk_code count_where(int64_t *out, qk_db *db, const char *sql, qk_str plan, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, sql, err));
    qk_db_bind_str(s, 1, plan);
    QK_TRY(qk_db_step(db, s, err));
    *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

static bool excepted(const qk_plan_change *c, qk_str task)
{
    for (const qk_json_value *e = c->exceptions ? c->exceptions->first : NULL; e; e = e->next)
        if (qk_str_eq(e->text, task)) return true;
    return false;
}

static qk_code needs_leads(qk_db *db, const qk_plan_change *c, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char missing[160] = "";
    size_t n = 0, used = 0;
    qk_code code;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT t.path, json_extract(t.data, '$.no') FROM plan_item t LEFT JOIN"
                         " plan_item l ON l.plan = t.plan AND l.path = t.path || '.lead' AND"
                         " l.state <> 'rejected' WHERE t.plan = ?1 AND t.kind = 'task' AND"
                         " t.state <> 'rejected' AND COALESCE(json_array_length(l.data), 0) = 0"
                         " ORDER BY t.place",
                         err));
    qk_db_bind_str(s, 1, c->plan);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_str no = qk_db_text(s, 1);
        if (excepted(c, qk_db_text(s, 0))) continue;
        n++;
        if (used + no.len + 3 < sizeof missing)
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%.*s",
                                     used ? ", " : "", QK_STR_ARG(no));
    }
    if (code != QK_ENOTFOUND) return code;
    if (n == 0) return QK_OK;
    qk_fail(err, QK_EUNSUPPORTED, "%zu tasks have no lead: %s", n, missing);
    qk_error_hint(err, "set a lead, or sign an exception with its reason");
    return QK_EUNSUPPORTED;
}

static qk_code may_issue(qk_db *db, const qk_plan_change *c, qk_error *err)
{
    int64_t open = 0, grave = 0;
    QK_TRY(count_where(&open, db,
                       "SELECT COUNT(*) FROM plan_item WHERE plan = ?1 AND state IN ('proposed',"
                       " 'asked')",
                       c->plan, err));
    if (open)
        return qk_fail(err, QK_EUNSUPPORTED, "%lld items are not reviewed yet", (long long)open);
    QK_TRY(count_where(&grave, db,
                       "SELECT COUNT(*) FROM plan_finding WHERE plan = ?1 AND severity = 'H' AND"
                       " state IN ('open', 'asked')",
                       c->plan, err));
    if (grave)
        return qk_fail(err, QK_EUNSUPPORTED, "%lld findings of severity H are not settled",
                       (long long)grave);
    if (c->exceptions && c->exceptions->count && c->reason.len == 0)
        return qk_fail(err, QK_EFORMAT, "an exception needs its reason");
    return needs_leads(db, c, err);
}

static qk_code may_become(qk_db *db, const qk_plan_change *c, const char *from, qk_error *err)
{
    static const char *const steps[][2] = {
        {"draft", "review"}, {"review", "draft"}, {"review", "issued"}, {"issued", "ended"}};
    if (!c->status.len || qk_str_eq(c->status, qk_str_of(from))) return QK_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strcmp(steps[i][0], from) == 0 && qk_str_eq(c->status, qk_str_of(steps[i][1])))
            return strcmp(steps[i][1], "issued") == 0 ? may_issue(db, c, err) : QK_OK;
    return qk_fail(err, QK_EUNSUPPORTED, "a plan that is %s cannot become %.*s", from,
                   QK_STR_ARG(c->status));
}

qk_code qk_plans_change(int64_t *version, qk_db *db, const qk_plan_change *c, qk_str by,
                        qk_time now, qk_error *err)
{
    char status[12];
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_plans_status(status, db, c->plan, err));
    QK_TRY(count_where(version, db, "SELECT version FROM plan WHERE id = ?1", c->plan, err));
    if (*version != c->seen) return conflict(err, *version, c->seen);
    QK_TRY(may_become(db, c, status, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE plan SET status = COALESCE(?2, status), title = COALESCE(?3,"
                         " title), doc_no = COALESCE(?4, doc_no), issued = COALESCE(?5, issued),"
                         " version = version + 1, recorded_at = ?6, recorded_by = ?7 WHERE id = ?1",
                         err));
    qk_db_bind_str(s, 1, c->plan);
    qk_db_bind_str(s, 2, c->status);
    qk_db_bind_str(s, 3, c->title);
    qk_db_bind_str(s, 4, c->doc_no);
    if (c->has_issued) sqlite3_bind_int64(s, 5, c->issued);
    sqlite3_bind_int64(s, 6, now);
    qk_db_bind_str(s, 7, by);
    ++*version;
    return qk_db_run(db, s, err);
}
