/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ruleset.h"
#include <stdio.h>

enum { HISTORY_MAX = 1000, KEY_MAX = 32, LOAD_MAX = 16 * QK_RULESET_TEXT_MAX };

static const char *key_of(char out[KEY_MAX], const char *table)
{
    snprintf(out, KEY_MAX, "rules.%s", table);
    return out;
}

/* The version wanted (0: the newest) as recorded up to known_at. */
static qk_code read_rows(qk_str *out, int64_t *version, qk_db *db, const char *table,
                         int64_t wanted, qk_time known_at, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char key[KEY_MAX];
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT value,version FROM setting_history WHERE key=?1 AND"
                         " (?2=0 OR version=?2) AND recorded_at<=?3 ORDER BY version DESC LIMIT 1",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(key_of(key, table)));
    sqlite3_bind_int64(s, 2, wanted);
    sqlite3_bind_int64(s, 3, known_at == QK_TIME_NONE ? INT64_MAX : known_at);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND && wanted == 0) {
        *out = QK_STR("[]");
        *version = 0;
        return QK_OK;
    }
    if (code != QK_OK) return code;
    qk_str value = qk_db_text(s, 0);
    *out = (qk_str){qk_arena_copy(arena, value.ptr, value.len), value.len};
    *version = sqlite3_column_int64(s, 1);
    sqlite3_reset(s);
    return out->ptr ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for the rules");
}

qk_code qk_ruleset_rows(qk_str *out, int64_t *version, qk_db *db, const char *table, int64_t wanted,
                        qk_arena *arena, qk_error *err)
{
    qk_code code = read_rows(out, version, db, table, wanted, QK_TIME_NONE, arena, err);
    if (code == QK_ENOTFOUND) qk_fail(err, code, "the table '%s' has no such version", table);
    return code;
}

qk_code qk_ruleset_load(qk_rules **out, qk_db *db, qk_time known_at, qk_arena *arena, qk_error *err)
{
    qk_buf text;
    qk_rules *rules = qk_arena_alloc(arena, sizeof *rules);
    qk_code code = rules ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for the rules");
    qk_buf_init(&text, (size_t)LOAD_MAX);
    for (size_t i = 0; !code && qk_rules_table(i); i++) {
        const char *table = qk_rules_table(i);
        qk_str rows;
        int64_t version;
        code = read_rows(&rows, &version, db, table, 0, known_at, arena, err);
        if (!code) qk_buf_printf(&text, "%c\"%s\":%.*s", i ? ',' : '{', table, QK_STR_ARG(rows));
    }
    qk_buf_putc(&text, '}');
    if (!code && text.failed) code = qk_fail(err, text.failed, "no memory for the rules");
    if (!code) {
        qk_str copy = {qk_arena_copy(arena, text.ptr, text.len), text.len};
        if (!copy.ptr)
            code = qk_fail(err, QK_ENOMEM, "no memory for the rules");
        else if (qk_rules_parse(rules, copy, arena, NULL) != QK_OK)
            qk_rules_default(rules);
    }
    qk_buf_clear(&text);
    *out = rules;
    return code;
}

qk_code qk_ruleset_check(qk_db *db, const char *table, qk_str rows, qk_arena *arena, qk_error *err)
{
    qk_rules *rules = qk_arena_alloc(arena, sizeof *rules);
    size_t room = rows.len + KEY_MAX;
    char *text = qk_arena_alloc(arena, room);
    (void)db;
    if (!rules || !text) return qk_fail(err, QK_ENOMEM, "no memory for the rules");
    /* On a line of its own, so that lines (less one) and columns are those of `rows`. */
    int n = snprintf(text, room, "{\"%s\":\n", table);
    memcpy(text + n, rows.ptr, rows.len);
    text[(size_t)n + rows.len] = '}';
    qk_code code = qk_rules_parse(rules, (qk_str){text, (size_t)n + rows.len + 1}, arena, err);
    if (code && err && err->line > 0) err->line--;
    return code;
}

qk_code qk_ruleset_put(qk_db *db, const char *table, qk_str rows, int64_t seen, qk_str by,
                       qk_time now, qk_error *err)
{
    char key[KEY_MAX];
    qk_arena arena;
    if (rows.len > QK_RULESET_TEXT_MAX)
        return qk_fail(err, QK_EFULL, "a table of rules holds at most %d bytes",
                       QK_RULESET_TEXT_MAX);
    qk_arena_init(&arena, (size_t)32 * QK_RULESET_TEXT_MAX);
    qk_code code = qk_ruleset_check(db, table, rows, &arena, err);
    qk_arena_clear(&arena);
    QK_TRY(code);
    return qk_setting_put(db, key_of(key, table), rows, seen, by, now, err);
}

qk_code qk_ruleset_history(qk_ruleset_version **out, size_t *n, qk_db *db, const char *table,
                           qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char key[KEY_MAX];
    qk_code code;
    *n = 0;
    *out = qk_arena_array(arena, HISTORY_MAX, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the history of the rules");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT version,recorded_at,recorded_by,value FROM setting_history"
                         " WHERE key=?1 ORDER BY version DESC LIMIT 1000",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(key_of(key, table)));
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_ruleset_version *v = &(*out)[(*n)++];
        qk_str by = qk_db_text(s, 2), rows = qk_db_text(s, 3);
        v->version = sqlite3_column_int64(s, 0);
        v->recorded_at = sqlite3_column_int64(s, 1);
        v->recorded_by = qk_arena_copy(arena, by.ptr, by.len);
        v->rows = (qk_str){qk_arena_copy(arena, rows.ptr, rows.len), rows.len};
        if (!v->recorded_by || !v->rows.ptr) {
            sqlite3_reset(s);
            return qk_fail(err, QK_ENOMEM, "no memory for the history of the rules");
        }
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}
