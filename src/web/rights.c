/* SPDX-License-Identifier: Apache-2.0 */
#include "web/rights.h"
#include "web/context.h"
#include "web/exchange.h"

void qk_actor_add(qk_actor *actor, qk_rights_role role, qk_str unit)
{
    if (actor->role_count == QK_ACTOR_ROLES) return;
    qk_actor_role *to = &actor->roles[actor->role_count++];
    to->role = role;
    qk_str_copy(to->unit, sizeof to->unit, unit);
}

qk_scope qk_actor_scope(const qk_actor *actor, qk_action action)
{
    qk_scope widest = QK_SCOPE_NONE;
    for (uint32_t i = 0; i < actor->role_count; i++) {
        qk_scope scope = qk_rights_role_scope(actor->roles[i].role, action);
        if (scope > widest) widest = scope;
    }
    return widest;
}

bool qk_actor_may(const qk_registry *r, const qk_actor *actor, qk_action action, qk_str unit)
{
    for (uint32_t i = 0; i < actor->role_count; i++) {
        qk_scope scope = qk_rights_role_scope(actor->roles[i].role, action);
        if (scope == QK_SCOPE_ALL) return true;
        if (scope == QK_SCOPE_OWN && qk_people_within(r, unit, qk_str_of(actor->roles[i].unit)))
            return true;
    }
    return false;
}

static const qk_registry *registry_of(const qk_exchange *x)
{
    return qk_node_registry(x->context->node);
}

qk_scope qk_rights_scope(const qk_exchange *x, qk_action action)
{
    return qk_actor_scope(&x->actor, action);
}

bool qk_rights_may(const qk_exchange *x, qk_action action, qk_str unit)
{
    return qk_actor_may(registry_of(x), &x->actor, action, unit);
}

/* An enterprise owns what carries its name; everybody else what stands in his area. */
static bool owns_site(const qk_registry *r, const char *unit, const qk_site *site)
{
    qk_unit u;
    char division[16];
    if (!qk_people_unit(r, &u, qk_str_of(unit))) return false;
    if (strcmp(u.kind, "enterprise") == 0)
        return site->owner_zh[0] && strcmp(u.name_zh, site->owner_zh) == 0;
    qk_people_division(r, division, qk_str_of(unit));
    return qk_people_division_within(r, qk_str_of(site->division), qk_str_of(division));
}

bool qk_rights_may_site(const qk_exchange *x, qk_action action, const qk_site *site)
{
    const qk_registry *r = registry_of(x);
    for (uint32_t i = 0; i < x->actor.role_count; i++) {
        qk_scope scope = qk_rights_role_scope(x->actor.roles[i].role, action);
        if (scope == QK_SCOPE_ALL) return true;
        if (scope == QK_SCOPE_OWN && owns_site(r, x->actor.roles[i].unit, site)) return true;
    }
    return false;
}

qk_code qk_rights_need(qk_exchange *x, qk_action action, qk_str unit, qk_error *err)
{
    if (qk_rights_may(x, action, unit)) return QK_OK;
    return qk_refuse(x, err, 403, "denied", NULL, "%s", qk_action_name(action));
}
