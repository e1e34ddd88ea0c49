/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_PEOPLE_H
#define QK_DOMAIN_PEOPLE_H
/* The organisation: units and their other names, persons, posts, and who may do what.
 *
 * Rows of the register (domain/registry.h): in SQLite with full history, in memory for any thread,
 * read again after a transaction that was rolled back. A unit that a plan names is found by any of
 * its names; an alias means one unit. Responsibility follows the post: who held it on a day is
 * asked of the history. Reading is for any thread, writing for the store thread
 * (docs/internals/people.md). */
#include "domain/registry.h"

enum { QK_ROLE_MAX = 12, QK_PHONE_MAX = 32 };

typedef struct qk_unit {
    char id[QK_CODE_MAX];
    char parent[QK_CODE_MAX]; /* empty = the top */
    char kind[QK_CODE_MAX];   /* county department township village enterprise office */
    char name_zh[QK_NAME_MAX], name_en[QK_NAME_MAX];
    char division[16]; /* what area it answers for; empty = that of its parent */
    int64_t version;
} qk_unit;

typedef struct qk_unit_alias {
    char alias[QK_NAME_MAX]; /* as a plan prints it */
    char unit[QK_CODE_MAX];  /* empty = taken back */
    char source[QK_NAME_MAX];
    int64_t version;
} qk_unit_alias;

typedef struct qk_person {
    char id[QK_CODE_MAX];
    char name[QK_NAME_MAX];
    char unit[QK_CODE_MAX];
    char phone[QK_PHONE_MAX]; /* personal: shown masked, read whole only on record */
    int64_t version;
} qk_person;

typedef struct qk_post {
    char id[QK_CODE_MAX];
    char unit[QK_CODE_MAX];
    char title_zh[QK_NAME_MAX], title_en[QK_NAME_MAX];
    char person[QK_CODE_MAX]; /* empty = vacant */
    int64_t version;
} qk_post;

typedef struct qk_account {
    char id[QK_CODE_MAX]; /* what one logs in with */
    char person[QK_CODE_MAX];
    char unit[QK_CODE_MAX];
    char name[QK_NAME_MAX];
    bool enabled;
    int64_t version;
} qk_account;

typedef struct qk_account_role {
    char account[QK_CODE_MAX];
    char role[QK_ROLE_MAX];
    char unit[QK_CODE_MAX]; /* whose rows; empty = the account's unit */
    bool granted;           /* false = taken away */
    int64_t version;
} qk_account_role;

/* ---- reading: any thread ---- */
bool qk_people_unit(const qk_registry *r, qk_unit *out, qk_str id);
bool qk_people_person(const qk_registry *r, qk_person *out, qk_str id);
bool qk_people_post(const qk_registry *r, qk_post *out, qk_str id);
bool qk_people_account(const qk_registry *r, qk_account *out, qk_str id);
/* Is there any account yet? Before the first one an instance is being set up. */
bool qk_people_any_account(const qk_registry *r);
/* All of them in order of key, in the arena; QK_ENOMEM. */
QK_NODISCARD qk_code qk_people_units(const qk_registry *r, qk_arena *arena, qk_unit **out,
                                     size_t *n);
QK_NODISCARD qk_code qk_people_aliases(const qk_registry *r, qk_arena *arena, qk_unit_alias **out,
                                       size_t *n);
QK_NODISCARD qk_code qk_people_persons(const qk_registry *r, qk_arena *arena, qk_person **out,
                                       size_t *n);
QK_NODISCARD qk_code qk_people_posts(const qk_registry *r, qk_arena *arena, qk_post **out,
                                     size_t *n);
QK_NODISCARD qk_code qk_people_accounts(const qk_registry *r, qk_arena *arena, qk_account **out,
                                        size_t *n);
/* Of one account, {NULL,0} = of all; those taken away too. */
QK_NODISCARD qk_code qk_people_roles(const qk_registry *r, qk_arena *arena, qk_str account,
                                     qk_account_role **out, size_t *n);

/* Is `unit` the unit `above`, or does it stand below it? False for a unit that is not there. */
bool qk_people_within(const qk_registry *r, qk_str unit, qk_str above);
/* Division that a unit answers for: its own, or that of the nearest unit above that has one; empty
 * when none has. */
void qk_people_division(const qk_registry *r, char out[16], qk_str unit);
/* Is `division` the division `above`, or part of it? */
bool qk_people_division_within(const qk_registry *r, qk_str division, qk_str above);

/* ---- names of a plan ---- */
/* The usual short form, under which two names of one unit are the same: white space, a bracket
 * behind the name, the level (市 县 区) or the own county before it gone, 分局 as 局, offices as
 * commonly shortened (发展和改革委员会 = 发改委), 镇人民政府 = 镇, 办事处 = 街道. county: name of
 * the county
 * ("青泽县"), {NULL,0} = not known. */
void qk_unit_short_name(char out[QK_NAME_MAX], qk_str name, qk_str county);
/* "各镇（街道、开发区）政府", "相关乡镇", "各成员单位": no unit but several. */
bool qk_unit_name_is_group(qk_str name);
/* The unit of a name: by alias as printed, by its own name, then by the short form of either. */
bool qk_people_unit_named(const qk_registry *r, qk_unit *out, qk_str name);
/* The units of a group: for 镇, 乡, 街道, 开发区 the townships (and zones) of that ending, in order
 * of id, for 成员单位 and 部门 all departments. n = 0 for a name that is no group. */
QK_NODISCARD qk_code qk_people_group(const qk_registry *r, qk_arena *arena, qk_str name,
                                     qk_unit **out, size_t *n);

/* What a list of names comes to: the unit that is there, or the one to be made. */
typedef struct qk_unit_proposal {
    qk_str name; /* as given, a view */
    bool group;  /* no unit is made */
    bool known;
    qk_unit unit; /* as it is, or as it would be: id, kind, name, parent */
} qk_unit_proposal;
/* Names of one new unit share its id. In the arena, parallel to names. */
QK_NODISCARD qk_code qk_people_propose(const qk_registry *r, qk_arena *arena, const qk_str *names,
                                       size_t n, qk_unit_proposal **out);
/* Store thread: makes the units that are not there, and an alias for each name that is not a
 * unit's own. source: told with the alias ("plan/12"). */
QK_NODISCARD qk_code qk_people_take_names(qk_registry *r, const qk_str *names, size_t n,
                                          qk_str source, qk_str by, qk_time now, qk_error *err);

/* ---- writing: store thread; seen and errors as in qk_registry_put_device ---- */
QK_NODISCARD qk_code qk_people_put_unit(qk_registry *r, const qk_unit *u, int64_t seen, qk_str by,
                                        qk_time now, qk_error *err);
/* QK_EEXIST when the alias means another unit, unless `move`. */
QK_NODISCARD qk_code qk_people_put_alias(qk_registry *r, const qk_unit_alias *a, bool move,
                                         qk_str by, qk_time now, qk_error *err);
QK_NODISCARD qk_code qk_people_put_person(qk_registry *r, const qk_person *p, int64_t seen,
                                          qk_str by, qk_time now, qk_error *err);
/* valid_from: the day the change holds from (a new holder of the post); not after now. */
QK_NODISCARD qk_code qk_people_put_post(qk_registry *r, const qk_post *p, int64_t seen,
                                        qk_time valid_from, qk_str by, qk_time now, qk_error *err);
QK_NODISCARD qk_code qk_people_put_account(qk_registry *r, const qk_account *a, int64_t seen,
                                           qk_str by, qk_time now, qk_error *err);
/* Grants or takes away; equal to what is there changes nothing. */
QK_NODISCARD qk_code qk_people_put_role(qk_registry *r, const qk_account_role *a, qk_str by,
                                        qk_time now, qk_error *err);

/* ---- history: any thread, through a connection of its own ---- */
/* As it held at valid_at by what was recorded up to known_at (QK_TIME_NONE = now known).
 * QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_people_unit_at(qk_unit *out, qk_db *db, qk_str id, qk_time valid_at,
                                       qk_time known_at, qk_error *err);
QK_NODISCARD qk_code qk_people_post_at(qk_post *out, qk_db *db, qk_str id, qk_time valid_at,
                                       qk_time known_at, qk_error *err);
QK_NODISCARD qk_code qk_people_person_at(qk_person *out, qk_db *db, qk_str id, qk_time valid_at,
                                         qk_time known_at, qk_error *err);

/* ---- rows as JSON objects, members named as the fields, "row_version" last ---- */
void qk_unit_json(qk_json_writer *w, const qk_unit *u);
void qk_post_json(qk_json_writer *w, const qk_post *p);
void qk_person_json(qk_json_writer *w, const qk_person *p); /* without the phone */
void qk_account_json(qk_json_writer *w, const qk_account *a);
QK_NODISCARD qk_code qk_unit_patch(qk_unit *u, const qk_json_value *object, qk_error *err);
QK_NODISCARD qk_code qk_person_patch(qk_person *p, const qk_json_value *object, qk_error *err);
QK_NODISCARD qk_code qk_post_patch(qk_post *p, const qk_json_value *object, qk_error *err);
QK_NODISCARD qk_code qk_account_patch(qk_account *a, const qk_json_value *object, qk_error *err);

/* ---- who may do what ----
 * One table of roles x actions x rows; what is not in it is denied. Roles R1 to R14 are those of
 * the county's workflow; R13 is three persons (三员分立, GB/T 22239-2019 8.1.4.2): R13-SYS settings
 * and devices, R13-SEC accounts and roles, R13-AUD the audit log; nobody holds two of them, nor one
 * beside a working role, and none of them sees business data. */
typedef enum qk_action {
    QK_ACT_OPEN,          /* anybody: health, texts, login */
    QK_ACT_SELF,          /* any account: own sessions, own password */
    QK_ACT_PUBLIC,        /* what the public may see of the air */
    QK_ACT_AIR_VIEW,      /* ambient air, all of it */
    QK_ACT_AIR_STUDY,     /* files of one's own through the studio, model runs */
    QK_ACT_LIVE,          /* the live feed */
    QK_ACT_VIEW,          /* sites, values, events: rows by scope */
    QK_ACT_AIR_MARK,      /* leaving hours out, checks of instruments */
    QK_ACT_AIR_REVIEW,    /* reviewing and approving days */
    QK_ACT_FORECAST_EDIT, /* the consultation group: ranges, minutes, the public forecast */
    QK_ACT_TARGET_SET,    /* yearly targets */
    QK_ACT_DEVICE_VIEW,   /* devices, frames, requests: rows by scope */
    QK_ACT_DEVICE_PARKED, /* devices that nobody knows yet */
    QK_ACT_REGISTER_SET,  /* sites and divisions: add, change, close, import */
    QK_ACT_DEVICE_CHANGE, /* settings of devices, approving the parked, requests to devices */
    QK_ACT_RULE_VIEW,     /* tables of rules */
    QK_ACT_RULE_PROPOSE,  /* checking rows that are to stand */
    QK_ACT_RULE_SET,
    QK_ACT_UPPER_VIEW, /* upper platforms */
    QK_ACT_UPPER_SET,
    QK_ACT_SYSTEM,       /* counters, gateway, settings */
    QK_ACT_AUDIT,        /* the audit log */
    QK_ACT_UNIT_VIEW,    /* units, posts, persons (phones masked) */
    QK_ACT_UNIT_SET,     /* units, posts, persons */
    QK_ACT_PERSON_READ,  /* a person's phone; each reading is told to the audit log */
    QK_ACT_ACCOUNT_VIEW, /* accounts, their roles, everybody's sessions */
    QK_ACT_ACCOUNT_SET,
    QK_ACT_PLAN_VIEW, /* plans and their parse */
    QK_ACT_PLAN_WORK, /* upload, accept, correct, split, amend */
    QK_ACT_PLAN_ISSUE,
    QK_ACT_TASK_VIEW,    /* obligations, scheduling: rows by scope */
    QK_ACT_TASK_ANSWER,  /* sign for, object, report, file: rows by scope */
    QK_ACT_TASK_MANAGE,  /* assign, decide objections, open and close months, orders */
    QK_ACT_TASK_APPROVE, /* orders, bulletins, consequences of the office's level */
    QK_ACT_LEAD_APPROVE, /* consequences and levels of the county's level */
    QK_ACT_CONSEQUENCE,  /* approve, execute, lift; the handler looks at who approves what */
    QK_ACT_CASE_VIEW,    /* rows by scope */
    QK_ACT_CASE_WORK,    /* on site, feedback: rows by scope */
    QK_ACT_CASE_MANAGE,  /* dispatch, verify, close */
    QK_ACT_LEDGER_VIEW,  /* rows by scope */
    QK_ACT_LEDGER_WRITE, /* rows by scope */
    QK_ACT_LEDGER_SET,   /* declaring ledgers */
    QK_ACT_MONEY_VIEW,
    QK_ACT_MONEY_WORK,  /* finance: taking back what is posted */
    QK_ACT_MONEY_DRAFT, /* drafting a month */
    QK_ACT_MONEY_STEP,  /* appeal, decide, approve, reverse; the handler looks at which */
    QK_ACT_FILE_VIEW,   /* evidence; the handler looks at what it is laid to */
    QK_ACT_FILE_ADD,    /* the same */
    QK_ACT_DEMO,        /* anybody, on a demo or test instance only */
    QK_ACTIONS
} qk_action;

typedef enum qk_scope {
    QK_SCOPE_NONE, /* denied */
    QK_SCOPE_OWN,  /* rows of the own unit and those below; of an enterprise: its own */
    QK_SCOPE_ALL
} qk_scope;

typedef enum qk_rights_role {
    QK_R1,  /* campaign office clerk */
    QK_R2,  /* office director */
    QK_R3,  /* county leader */
    QK_R4,  /* department liaison */
    QK_R5,  /* township */
    QK_R6,  /* grid member */
    QK_R7,  /* monitoring duty */
    QK_R8,  /* enforcement */
    QK_R9,  /* forecast group */
    QK_R10, /* enterprise */
    QK_R11, /* finance */
    QK_R12, /* the public */
    QK_R13_SYS,
    QK_R13_SEC,
    QK_R13_AUD,
    QK_R14,        /* supervisor */
    QK_R_OPERATOR, /* the operator's key: scripts */
    QK_R_ADMIN,    /* the administrator's key: scripts */
    QK_R_COUNT
} qk_rights_role;

const char *qk_action_name(qk_action action);         /* "task.view", stable */
const char *qk_rights_role_name(qk_rights_role role); /* "R13-SYS", stable; "operator", "admin" */
bool qk_rights_role_parse(qk_rights_role *out, qk_str name);
bool qk_rights_role_is_admin(qk_rights_role role);   /* one of the three */
bool qk_rights_role_for_people(qk_rights_role role); /* may be granted to an account */
qk_scope qk_rights_role_scope(qk_rights_role role, qk_action action);
/* QK_EDENIED with both names when an account may not hold the two at once. */
QK_NODISCARD qk_code qk_rights_compatible(qk_rights_role a, qk_rights_role b, qk_error *err);
#endif
