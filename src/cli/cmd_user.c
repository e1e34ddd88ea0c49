/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts from the command line, for the first one and for whoever has lost all others. The store
 * has one writer: while a server holds the folder, it is asked to do it. */
#include "cli/caller.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/user_server.h"
#include "domain/login.h"
#include "domain/node.h"
#include "domain/people.h"
#include "store/audit.h"
#include "store/lock.h"
#include "store/seal.h"
#include "base/file.h"
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

typedef struct user {
    const char *verb, *data_dir, *id, *role, *unit, *name;
    char password[QK_PASSWORD_MAX + 2];
    qk_node *node;
} user;

/* ---- the words of the command ---- */

static bool is_verb(const char *word)
{
    static const char *const verbs[] = {"add",    "passwd",       "list",           "disable",
                                        "enable", "end-sessions", "forget-secrets", NULL};
    for (size_t i = 0; verbs[i]; i++)
        if (strcmp(verbs[i], word) == 0) return true;
    return false;
}

static bool needs_account(const user *u)
{
    return strcmp(u->verb, "list") != 0 && strcmp(u->verb, "end-sessions") != 0 &&
           strcmp(u->verb, "forget-secrets") != 0;
}

static int read_options(user *u, int argc, char **argv)
{
    static const struct option longs[] = {{"data", required_argument, NULL, 'd'},
                                          {"role", required_argument, NULL, 'r'},
                                          {"unit", required_argument, NULL, 'u'},
                                          {"name", required_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'd': u->data_dir = optarg; break;
        case 'r': u->role = optarg; break;
        case 'u': u->unit = optarg; break;
        case 'n': u->name = optarg; break;
        default: return qk_command_misuse("user", "unknown option or missing value");
        }
    }
    if (optind < argc) u->verb = argv[optind++];
    if (optind < argc) u->id = argv[optind++];
    if (optind < argc) return qk_command_misuse("user", "unexpected argument '%s'", argv[optind]);
    if (!u->verb || !is_verb(u->verb))
        return qk_command_misuse("user", "add, passwd, list, disable, enable, end-sessions or "
                                         "forget-secrets?");
    if (!u->data_dir) return qk_command_misuse("user", "--data DIR is needed");
    if (!u->id && needs_account(u)) return qk_command_misuse("user", "which account?");
    return QK_EXIT_DONE;
}

static bool needs_password(const user *u)
{
    return u->verb && (strcmp(u->verb, "add") == 0 || strcmp(u->verb, "passwd") == 0);
}

/* One line; a terminal does not show it. */
static qk_code read_password(user *u, qk_error *err)
{
    struct termios shown, hidden;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        fputs("password: ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    bool got = fgets(u->password, sizeof u->password, stdin) != NULL;
    if (terminal) (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    if (terminal) fputc('\n', stderr);
    u->password[strcspn(u->password, "\r\n")] = 0;
    if (got && u->password[0]) return QK_OK;
    return qk_fail(err, QK_EINVAL, "no password came on standard input");
}

/* ---- in the store ---- */

static qk_code tell(qk_db *db, qk_time now, const char *what, const char *id, qk_error *err)
{
    char object[80];
    snprintf(object, sizeof object, "account/%s", id ? id : "*");
    qk_audit_line line = {.at = now,
                          .who = QK_STR("command"),
                          .what = qk_str_of(what),
                          .object = qk_str_of(object),
                          .detail = QK_STR("{}")};
    return qk_audit_append(db, NULL, &line, err);
}

static qk_code find(const user *u, qk_account *out, qk_error *err)
{
    if (qk_people_account(qk_node_registry(u->node), out, qk_str_of(u->id))) return QK_OK;
    qk_fail(err, QK_ENOTFOUND, "there is no account '%s'", u->id);
    return QK_ENOTFOUND;
}

static qk_code set_password(const user *u, qk_db *db, bool must_change, qk_time now, qk_error *err)
{
    qk_secret secret;
    qk_str password = qk_str_of(u->password), account = qk_str_of(u->id);
    qk_code code = qk_secret_get(&secret, db, account, err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    qk_str_copy(secret.account, sizeof secret.account, account);
    code = qk_password_check(password, account, qk_password_profile_get(db), err);
    if (code == QK_OK)
        code =
            qk_secret_set_password(&secret, password, must_change, (qk_password_cost){0}, now, err);
    if (code == QK_OK) code = qk_secret_put(db, &secret, err);
    qk_secret_wipe(&secret);
    return code;
}

static qk_code add_user(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const user *u = context;
    qk_registry *r = qk_node_registry(node);
    qk_account account = {.enabled = true};
    qk_account_role role = {.granted = true};
    qk_str by = QK_STR("command");
    if (strlen(u->id) >= sizeof account.id)
        return qk_fail(err, QK_EINVAL, "an account's name has at most 31 bytes");
    qk_str_copy(account.id, sizeof account.id, qk_str_of(u->id));
    qk_str_copy(account.name, sizeof account.name, qk_str_of(u->name));
    qk_str_copy(account.unit, sizeof account.unit, qk_str_of(u->unit));
    memcpy(role.account, account.id, sizeof role.account);
    qk_str_copy(role.role, sizeof role.role, qk_str_of(u->role ? u->role : "R13-SEC"));
    QK_TRY(qk_people_put_account(r, &account, 0, by, now, err));
    QK_TRY(qk_people_put_role(r, &role, by, now, err));
    QK_TRY(set_password(u, db, false, now, err));
    return tell(db, now, "account.add", u->id, err);
}

static qk_code end_sessions(qk_db *db, const char *id, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "UPDATE session SET ended_at=?1, ended_why='ended' WHERE ended_at IS NULL "
                         "AND (?2 IS NULL OR account=?2)",
                         err));
    sqlite3_bind_int64(s, 1, now);
    qk_db_bind_str(s, 2, id ? qk_str_of(id) : (qk_str){NULL, 0});
    return qk_db_run(db, s, err);
}

static qk_code change_user(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const user *u = context;
    qk_account account = {0};
    if (u->id) QK_TRY(find(u, &account, err));
    if (strcmp(u->verb, "passwd") == 0) {
        QK_TRY(set_password(u, db, true, now, err));
    } else if (strcmp(u->verb, "end-sessions") != 0) {
        account.enabled = strcmp(u->verb, "enable") == 0;
        QK_TRY(qk_people_put_account(qk_node_registry(node), &account, account.version,
                                     QK_STR("command"), now, err));
    }
    QK_TRY(end_sessions(db, u->id, now, err));
    return tell(db, now, u->verb, u->id, err);
}

/* ---- showing ---- */

static qk_code list_users(const user *u, qk_error *err)
{
    qk_arena arena;
    qk_account *accounts = NULL;
    qk_account_role *roles = NULL;
    size_t n = 0, role_n = 0;
    const qk_registry *r = qk_node_registry(u->node);
    qk_arena_init(&arena, (size_t)64 << 20);
    qk_code code = qk_people_accounts(r, &arena, &accounts, &n);
    if (code == QK_OK) code = qk_people_roles(r, &arena, (qk_str){NULL, 0}, &roles, &role_n);
    if (code != QK_OK) qk_fail(err, code, "no memory for the accounts");
    for (size_t i = 0; code == QK_OK && i < n; i++) {
        printf("%s\t%s\t%s\t", accounts[i].id, accounts[i].enabled ? "enabled" : "disabled",
               accounts[i].unit);
        for (size_t k = 0; k < role_n; k++)
            if (roles[k].granted && strcmp(roles[k].account, accounts[i].id) == 0)
                printf("%s%s%s ", roles[k].role, roles[k].unit[0] ? ":" : "", roles[k].unit);
        putchar('\n');
    }
    qk_arena_clear(&arena);
    return code;
}

/* The key of what is sealed is lost: the folder does not start until somebody decides this. */
static qk_code forget_secrets(const user *u, qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_clock *clock = NULL;
    qk_db *db = NULL;
    int lock = -1;
    int64_t dropped = 0;
    QK_TRY(qk_path_join(path, sizeof path, u->data_dir, "store.db"));
    QK_TRY(qk_lock_take(&lock, u->data_dir, err));
    qk_code code = qk_clock_new_real(&clock);
    qk_time now = code ? 0 : qk_clock_now(clock);
    if (!code) code = qk_db_open(&db, path, NULL, err);
    if (!code) code = qk_seal_forget(db, now, &dropped, err);
    if (!code) code = tell(db, now, "secrets.forget", NULL, err);
    if (!code)
        printf("%lld values that the lost key had sealed are gone: second factors, passwords and "
               "keys of devices, upper platforms (now off), phones\n",
               (long long)dropped);
    qk_db_close(db);
    qk_clock_free(clock);
    qk_lock_release(lock);
    return code;
}

static qk_code run_user(user *u, qk_error *err)
{
    qk_node_options options = {.data_dir = u->data_dir};
    if (u->verb && strcmp(u->verb, "forget-secrets") == 0) return forget_secrets(u, err);
    if (needs_password(u)) QK_TRY(read_password(u, err));
    if (qk_caller_held(u->data_dir)) {
        qk_user_order order = {u->verb, u->data_dir, u->id, u->role, u->unit, u->name, u->password};
        return qk_user_by_server(&order, err);
    }
    QK_TRY(qk_node_open(&u->node, &options, err));
    if (strcmp(u->verb, "list") == 0) return list_users(u, err);
    if (strcmp(u->verb, "add") == 0) return qk_node_call(u->node, add_user, u, err);
    return qk_node_call(u->node, change_user, u, err);
}

int qk_cmd_user(int argc, char **argv)
{
    user u = {0};
    qk_error err = {0};
    int status = read_options(&u, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    if (run_user(&u, &err) != QK_OK) status = qk_command_refuse("user", &err);
    qk_node_close(u.node);
    sodium_memzero(u.password, sizeof u.password);
    return status;
}
