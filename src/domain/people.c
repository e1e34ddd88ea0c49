/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/registry_private.h"

enum { TREE_DEPTH = 16 };

/* ---- reading ---- */

static bool get_row(const qk_registry *r, qk_row_kind kind, void *row, qk_str id)
{
    if (id.len == 0 || id.len >= QK_CODE_MAX) return false;
    qk_str_copy(row, QK_CODE_MAX, id); /* the id is the first member */
    return qk_row_get(r, kind, row);
}

bool qk_people_unit(const qk_registry *r, qk_unit *out, qk_str id)
{
    return get_row(r, QK_ROW_UNIT, out, id);
}
bool qk_people_person(const qk_registry *r, qk_person *out, qk_str id)
{
    return get_row(r, QK_ROW_PERSON, out, id);
}
bool qk_people_post(const qk_registry *r, qk_post *out, qk_str id)
{
    return get_row(r, QK_ROW_POST, out, id);
}
bool qk_people_account(const qk_registry *r, qk_account *out, qk_str id)
{
    return get_row(r, QK_ROW_ACCOUNT, out, id);
}

bool qk_people_any_account(const qk_registry *r)
{
    pthread_rwlock_rdlock(qk_registry_lock(r));
    bool any = r->tables[QK_ROW_ACCOUNT].n > 0;
    pthread_rwlock_unlock(qk_registry_lock(r));
    return any;
}

qk_code qk_people_units(const qk_registry *r, qk_arena *arena, qk_unit **out, size_t *n)
{
    void *rows = NULL;
    QK_TRY(qk_row_all(r, QK_ROW_UNIT, arena, &rows, n));
    *out = rows;
    return QK_OK;
}

qk_code qk_people_aliases(const qk_registry *r, qk_arena *arena, qk_unit_alias **out, size_t *n)
{
    void *rows = NULL;
    QK_TRY(qk_row_all(r, QK_ROW_ALIAS, arena, &rows, n));
    *out = rows;
    return QK_OK;
}

qk_code qk_people_persons(const qk_registry *r, qk_arena *arena, qk_person **out, size_t *n)
{
    void *rows = NULL;
    QK_TRY(qk_row_all(r, QK_ROW_PERSON, arena, &rows, n));
    *out = rows;
    return QK_OK;
}

qk_code qk_people_posts(const qk_registry *r, qk_arena *arena, qk_post **out, size_t *n)
{
    void *rows = NULL;
    QK_TRY(qk_row_all(r, QK_ROW_POST, arena, &rows, n));
    *out = rows;
    return QK_OK;
}

qk_code qk_people_accounts(const qk_registry *r, qk_arena *arena, qk_account **out, size_t *n)
{
    void *rows = NULL;
    QK_TRY(qk_row_all(r, QK_ROW_ACCOUNT, arena, &rows, n));
    *out = rows;
    return QK_OK;
}

/* Rows of one account stand together; copied under the lock. */
qk_code qk_people_roles(const qk_registry *r, qk_arena *arena, qk_str account,
                        qk_account_role **out, size_t *n)
{
    const qk_row_table *t = &r->tables[QK_ROW_ACCOUNT_ROLE];
    const qk_row_form *form = &qk_row_forms[QK_ROW_ACCOUNT_ROLE];
    qk_account_role key = {0};
    qk_code code = QK_OK;
    bool found;
    *n = 0;
    if (account.len >= sizeof key.account) return QK_OK;
    qk_str_copy(key.account, sizeof key.account, account);
    pthread_rwlock_rdlock(qk_registry_lock(r));
    size_t from = account.len ? qk_row_find(t, form, &key, &found) : 0, to = from;
    while (to < t->n &&
           (!account.len || strcmp(((qk_account_role *)t->rows[to])->account, key.account) == 0))
        to++;
    qk_account_role *rows = qk_arena_array(arena, to - from, sizeof *rows);
    if (!rows) code = QK_ENOMEM;
    for (size_t i = from; rows && i < to; i++) rows[i - from] = *(qk_account_role *)t->rows[i];
    pthread_rwlock_unlock(qk_registry_lock(r));
    *out = rows;
    if (!code) *n = to - from;
    return code;
}

/* ---- the tree; under the lock ---- */

static const qk_unit *find_unit(const qk_registry *r, const char *id)
{
    qk_unit key = {0};
    bool found;
    qk_str_copy(key.id, sizeof key.id, qk_str_of(id));
    size_t at = qk_row_find(&r->tables[QK_ROW_UNIT], &qk_row_forms[QK_ROW_UNIT], &key, &found);
    return found && id[0] ? r->tables[QK_ROW_UNIT].rows[at] : NULL;
}

static const qk_division *find_division(const qk_registry *r, const char *code)
{
    qk_division key = {0};
    bool found;
    qk_str_copy(key.code, sizeof key.code, qk_str_of(code));
    size_t at =
        qk_row_find(&r->tables[QK_ROW_DIVISION], &qk_row_forms[QK_ROW_DIVISION], &key, &found);
    return found && code[0] ? r->tables[QK_ROW_DIVISION].rows[at] : NULL;
}

bool qk_people_within(const qk_registry *r, qk_str unit, qk_str above)
{
    char id[QK_CODE_MAX];
    bool within = false;
    if (unit.len >= sizeof id || above.len == 0) return false;
    qk_str_copy(id, sizeof id, unit);
    pthread_rwlock_rdlock(qk_registry_lock(r));
    const qk_unit *u = find_unit(r, id);
    for (int i = 0; u && !within && i < TREE_DEPTH; i++) {
        within = qk_str_eq(qk_str_of(u->id), above);
        u = find_unit(r, u->parent);
    }
    pthread_rwlock_unlock(qk_registry_lock(r));
    return within;
}

void qk_people_division(const qk_registry *r, char out[16], qk_str unit)
{
    char id[QK_CODE_MAX];
    out[0] = 0;
    qk_str_copy(id, sizeof id, unit);
    pthread_rwlock_rdlock(qk_registry_lock(r));
    const qk_unit *u = find_unit(r, id);
    for (int i = 0; u && !out[0] && i < TREE_DEPTH; i++) {
        memcpy(out, u->division, sizeof u->division);
        u = find_unit(r, u->parent);
    }
    pthread_rwlock_unlock(qk_registry_lock(r));
}

bool qk_people_division_within(const qk_registry *r, qk_str division, qk_str above)
{
    char code[16];
    bool within = false;
    if (division.len >= sizeof code || above.len == 0) return false;
    qk_str_copy(code, sizeof code, division);
    pthread_rwlock_rdlock(qk_registry_lock(r));
    const qk_division *d = find_division(r, code);
    for (int i = 0; d && !within && i < TREE_DEPTH; i++) {
        within = qk_str_eq(qk_str_of(d->code), above);
        d = find_division(r, d->parent);
    }
    pthread_rwlock_unlock(qk_registry_lock(r));
    return within;
}

/* ---- what a row must be, beside what it refers to ---- */

static qk_code check_unit(const qk_registry *r, const qk_unit *u, qk_error *err)
{
    static const char *const kinds[] = {"county",     "department", "township", "village",
                                        "enterprise", "office",     NULL};
    size_t k = 0;
    while (kinds[k] && strcmp(kinds[k], u->kind) != 0) k++;
    if (!kinds[k]) {
        qk_fail(err, QK_EINVAL, "'%s' is no kind of unit", u->kind);
        qk_error_at(err, "kind", 0, 0);
        return qk_error_hint(err, "county, department, township, village, enterprise or office"),
               QK_EINVAL;
    }
    if (!u->name_zh[0]) {
        qk_fail(err, QK_EINVAL, "a unit needs its Chinese name");
        return qk_error_at(err, "name_zh", 0, 0), QK_EINVAL;
    }
    if (strcmp(u->parent, u->id) != 0 &&
        !qk_people_within(r, qk_str_of(u->parent), qk_str_of(u->id)))
        return QK_OK;
    qk_fail(err, QK_EINVAL, "the unit would stand below itself");
    return qk_error_at(err, "parent", 0, 0), QK_EINVAL;
}

static qk_code check_role(const qk_registry *r, const qk_account_role *l, qk_error *err)
{
    const qk_row_table *t = &r->tables[QK_ROW_ACCOUNT_ROLE];
    qk_rights_role role, other;
    qk_code code = QK_OK;
    if (!qk_rights_role_parse(&role, qk_str_of(l->role)) || !qk_rights_role_for_people(role))
        return qk_fail(err, QK_EINVAL, "'%s' is no role for an account", l->role);
    pthread_rwlock_rdlock(qk_registry_lock(r));
    for (size_t i = 0; l->granted && !code && i < t->n; i++) {
        const qk_account_role *have = t->rows[i];
        if (have->granted && strcmp(have->account, l->account) == 0 &&
            qk_rights_role_parse(&other, qk_str_of(have->role)))
            code = qk_rights_compatible(other, role, err);
    }
    pthread_rwlock_unlock(qk_registry_lock(r));
    return code;
}

qk_code qk_people_check(const qk_registry *r, qk_row_kind kind, const void *row, qk_error *err)
{
    if (kind == QK_ROW_UNIT) return check_unit(r, row, err);
    if (kind == QK_ROW_ACCOUNT_ROLE) return check_role(r, row, err);
    return QK_OK;
}

/* ---- writing ---- */

/* The row's current version must be the one seen; key holds the id and is overwritten. */
static qk_code check_seen(const qk_registry *r, qk_row_kind kind, void *key, int64_t seen,
                          qk_error *err)
{
    const qk_row_form *form = &qk_row_forms[kind];
    int64_t version = qk_row_get(r, kind, key) ? qk_row_version(form, key) : 0;
    if (version == seen) return QK_OK;
    return qk_fail(err, QK_ECONFLICT, "the %s is at version %lld, not %lld", form->table,
                   (long long)version, (long long)seen);
}

qk_code qk_people_put_unit(qk_registry *r, const qk_unit *u, int64_t seen, qk_str by, qk_time now,
                           qk_error *err)
{
    qk_unit key = *u;
    QK_TRY(check_seen(r, QK_ROW_UNIT, &key, seen, err));
    return qk_row_write(r, QK_ROW_UNIT, u, by, now, now, err);
}

qk_code qk_people_put_alias(qk_registry *r, const qk_unit_alias *a, bool move, qk_str by,
                            qk_time now, qk_error *err)
{
    qk_unit_alias there = *a;
    if (qk_row_get(r, QK_ROW_ALIAS, &there) && there.unit[0] && strcmp(there.unit, a->unit) != 0 &&
        !move) {
        qk_fail(err, QK_EEXIST, "'%s' is a name of the unit '%s'", a->alias, there.unit);
        return qk_error_hint(err, "take it from that unit first"), QK_EEXIST;
    }
    return qk_row_write(r, QK_ROW_ALIAS, a, by, now, now, err);
}

qk_code qk_people_put_person(qk_registry *r, const qk_person *p, int64_t seen, qk_str by,
                             qk_time now, qk_error *err)
{
    qk_person key = *p;
    QK_TRY(check_seen(r, QK_ROW_PERSON, &key, seen, err));
    return qk_row_write(r, QK_ROW_PERSON, p, by, now, now, err);
}

qk_code qk_people_put_post(qk_registry *r, const qk_post *p, int64_t seen, qk_time valid_from,
                           qk_str by, qk_time now, qk_error *err)
{
    qk_post key = *p;
    QK_TRY(check_seen(r, QK_ROW_POST, &key, seen, err));
    if (valid_from > now)
        return qk_fail(err, QK_EINVAL, "a change of post begins today or earlier");
    return qk_row_write(r, QK_ROW_POST, p, by, valid_from, now, err);
}

qk_code qk_people_put_account(qk_registry *r, const qk_account *a, int64_t seen, qk_str by,
                              qk_time now, qk_error *err)
{
    qk_account key = *a;
    QK_TRY(check_seen(r, QK_ROW_ACCOUNT, &key, seen, err));
    return qk_row_write(r, QK_ROW_ACCOUNT, a, by, now, now, err);
}

qk_code qk_people_put_role(qk_registry *r, const qk_account_role *a, qk_str by, qk_time now,
                           qk_error *err)
{
    return qk_row_write(r, QK_ROW_ACCOUNT_ROLE, a, by, now, now, err);
}

/* ---- history ---- */

qk_code qk_people_unit_at(qk_unit *out, qk_db *db, qk_str id, qk_time valid_at, qk_time known_at,
                          qk_error *err)
{
    qk_str_copy(out->id, sizeof out->id, id);
    return qk_row_at(out, QK_ROW_UNIT, db, valid_at, known_at, err);
}

qk_code qk_people_post_at(qk_post *out, qk_db *db, qk_str id, qk_time valid_at, qk_time known_at,
                          qk_error *err)
{
    qk_str_copy(out->id, sizeof out->id, id);
    return qk_row_at(out, QK_ROW_POST, db, valid_at, known_at, err);
}

qk_code qk_people_person_at(qk_person *out, qk_db *db, qk_str id, qk_time valid_at,
                            qk_time known_at, qk_error *err)
{
    qk_str_copy(out->id, sizeof out->id, id);
    return qk_row_at(out, QK_ROW_PERSON, db, valid_at, known_at, err);
}

/* ---- JSON ---- */

void qk_unit_json(qk_json_writer *w, const qk_unit *u)
{
    qk_row_json(w, QK_ROW_UNIT, u);
}
void qk_post_json(qk_json_writer *w, const qk_post *p)
{
    qk_row_json(w, QK_ROW_POST, p);
}
void qk_person_json(qk_json_writer *w, const qk_person *p)
{
    qk_row_json(w, QK_ROW_PERSON, p);
}
void qk_account_json(qk_json_writer *w, const qk_account *a)
{
    qk_row_json(w, QK_ROW_ACCOUNT, a);
}
qk_code qk_unit_patch(qk_unit *u, const qk_json_value *object, qk_error *err)
{
    return qk_row_patch(QK_ROW_UNIT, u, object, err);
}
qk_code qk_person_patch(qk_person *p, const qk_json_value *object, qk_error *err)
{
    return qk_row_patch(QK_ROW_PERSON, p, object, err);
}
qk_code qk_post_patch(qk_post *p, const qk_json_value *object, qk_error *err)
{
    return qk_row_patch(QK_ROW_POST, p, object, err);
}
qk_code qk_account_patch(qk_account *a, const qk_json_value *object, qk_error *err)
{
    return qk_row_patch(QK_ROW_ACCOUNT, a, object, err);
}
