/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rights: a row for each action, a letter for each role: '-' denied, 'o' own rows,
 * 'A' all rows. */
#include "domain/people.h"

typedef struct right {
    const char *name;
    char by_role[QK_R_COUNT + 1];
} right;

static const right rights[QK_ACTIONS] = {
    /*                                        1111 S S A 1 o a
     *                             1234567890  12 ysecud4 p d */
    [QK_ACT_OPEN] = {"open", "AAAAAAAAAAAAAAAAAA"},
    [QK_ACT_SELF] = {"self", "AAAAAAAAAAA-AAAAAA"},
    [QK_ACT_PUBLIC] = {"air.public", "AAAAAAAAAAAA---AAA"},
    [QK_ACT_AIR_VIEW] = {"air.view", "AAAAAAAAAAA----AAA"},
    [QK_ACT_AIR_STUDY] = {"air.study", "AAA---AAA-A-----AA"},
    [QK_ACT_LIVE] = {"live", "AAAAAAAAAAA-AAAAAA"},
    [QK_ACT_VIEW] = {"site.view", "AAAAooAAAoA----AAA"},
    [QK_ACT_AIR_MARK] = {"air.mark", "------A-A-------AA"},
    [QK_ACT_AIR_REVIEW] = {"air.review", "------A-A-------AA"},
    [QK_ACT_FORECAST_EDIT] = {"forecast.edit", "--------A-------AA"},
    [QK_ACT_TARGET_SET] = {"target.set", "AA--------------AA"},
    [QK_ACT_DEVICE_VIEW] = {"device.view", "AAAAooAAAoA-A--AAA"},
    [QK_ACT_DEVICE_PARKED] = {"device.parked", "AA----AA----A--AAA"},
    [QK_ACT_REGISTER_SET] = {"register.set", "AA----A-----A---AA"},
    [QK_ACT_DEVICE_CHANGE] = {"device.change", "------A-----A---AA"},
    [QK_ACT_RULE_VIEW] = {"rule.view", "AAAAAAAAAAA-A--AAA"},
    [QK_ACT_RULE_PROPOSE] = {"rule.propose", "AA----A-A---A---AA"},
    [QK_ACT_RULE_SET] = {"rule.set", "------------A----A"},
    [QK_ACT_UPPER_VIEW] = {"upper.view", "------A-----A---AA"},
    [QK_ACT_UPPER_SET] = {"upper.set", "------------A----A"},
    [QK_ACT_SYSTEM] = {"system", "------A-----AAAAAA"},
    [QK_ACT_AUDIT] = {"audit.view", "--------------AAAA"},
    [QK_ACT_UNIT_VIEW] = {"unit.view", "AAAAAAAAAoA-AAAAAA"},
    [QK_ACT_UNIT_SET] = {"unit.set", "AA-----------A--AA"},
    [QK_ACT_PERSON_READ] = {"person.read", "AA----AA----------"},
    [QK_ACT_ACCOUNT_VIEW] = {"account.view", "-------------AA--A"},
    [QK_ACT_ACCOUNT_SET] = {"account.set", "-------------A----"},
    [QK_ACT_PLAN_VIEW] = {"plan.view", "AAAAAAAAA-A----AAA"},
    [QK_ACT_PLAN_WORK] = {"plan.work", "AA--------------AA"},
    [QK_ACT_PLAN_ISSUE] = {"plan.issue", "-A--------------AA"},
    [QK_ACT_TASK_VIEW] = {"task.view", "AAAoooAAAoA----AAA"},
    [QK_ACT_TASK_ANSWER] = {"task.answer", "AA-oo----o------AA"},
    [QK_ACT_TASK_MANAGE] = {"task.manage", "AA--------------AA"},
    [QK_ACT_TASK_APPROVE] = {"task.approve", "-A--------------AA"},
    [QK_ACT_LEAD_APPROVE] = {"lead.approve", "--A-------------AA"},
    [QK_ACT_CONSEQUENCE] = {"consequence.step", "AAA-------------AA"},
    [QK_ACT_CASE_VIEW] = {"case.view", "AAAoooAAAoA----AAA"},
    [QK_ACT_CASE_WORK] = {"case.work", "A--oooAA-o------AA"},
    [QK_ACT_CASE_MANAGE] = {"case.manage", "AA--o-AA--------AA"},
    [QK_ACT_LEDGER_VIEW] = {"ledger.view", "AAAoooAAAoA----AAA"},
    [QK_ACT_LEDGER_WRITE] = {"ledger.write", "AA-oo-AA-oA-----AA"},
    [QK_ACT_LEDGER_SET] = {"ledger.set", "AA---------------A"},
    [QK_ACT_MONEY_VIEW] = {"money.view", "AAAoo-----A----AAA"},
    [QK_ACT_MONEY_DRAFT] = {"money.draft", "AA--------A-----AA"},
    [QK_ACT_MONEY_STEP] = {"money.step", "AAAoo-----A-----AA"},
    [QK_ACT_MONEY_WORK] = {"money.work", "----------A-----AA"},
    [QK_ACT_FILE_VIEW] = {"file.view", "AAAoooAAAoA----AAA"},
    [QK_ACT_FILE_ADD] = {"file.add", "AA-oooAA-oA-----AA"},
    [QK_ACT_DEMO] = {"demo", "AAAAAAAAAAAAAAAAAA"},
};

static const char *const role_names[QK_R_COUNT] = {
    "R1",  "R2",  "R3",  "R4",      "R5",      "R6",      "R7",  "R8",       "R9",
    "R10", "R11", "R12", "R13-SYS", "R13-SEC", "R13-AUD", "R14", "operator", "admin"};

const char *qk_action_name(qk_action action)
{
    return rights[action].name;
}

const char *qk_rights_role_name(qk_rights_role role)
{
    return role_names[role];
}

bool qk_rights_role_parse(qk_rights_role *out, qk_str name)
{
    for (int i = 0; i < QK_R_COUNT; i++)
        if (qk_str_eq(name, qk_str_of(role_names[i]))) return *out = (qk_rights_role)i, true;
    return false;
}

bool qk_rights_role_is_admin(qk_rights_role role)
{
    return role == QK_R13_SYS || role == QK_R13_SEC || role == QK_R13_AUD;
}

bool qk_rights_role_for_people(qk_rights_role role)
{
    return role < QK_R_OPERATOR && role != QK_R12;
}

qk_scope qk_rights_role_scope(qk_rights_role role, qk_action action)
{
    char letter = rights[action].by_role[role];
    return letter == 'A' ? QK_SCOPE_ALL : letter == 'o' ? QK_SCOPE_OWN : QK_SCOPE_NONE;
}

/* 三员分立: an administrator's role stands alone. */
qk_code qk_rights_compatible(qk_rights_role a, qk_rights_role b, qk_error *err)
{
    if (a == b || (!qk_rights_role_is_admin(a) && !qk_rights_role_is_admin(b))) return QK_OK;
    qk_fail(err, QK_EDENIED, "one account may not hold %s and %s", role_names[a], role_names[b]);
    return qk_error_hint(err, "give the roles to two persons"), QK_EDENIED;
}
