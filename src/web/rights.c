/* SPDX-License-Identifier: Apache-2.0 */
#include "web/rights.h"
#include "web/context.h"
#include "web/exchange.h"

void qk_actor_add(qk_actor *actor, qk_rights_role role, qk_str unit)
{
    if (actor->role_count == QK_ACTOR_ROLES) return;
    qk_actor_role *to = &actor->roles[actor->role_count++];
    memset(to, 0, sizeof *to); /* it is hashed whole */
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

bool qk_actor_may_site(const qk_registry *r, const qk_actor *actor, qk_action action,
                       const qk_site *site)
{
    for (uint32_t i = 0; i < actor->role_count; i++) {
        qk_scope scope = qk_rights_role_scope(actor->roles[i].role, action);
        if (scope == QK_SCOPE_ALL) return true;
        if (scope == QK_SCOPE_OWN && owns_site(r, actor->roles[i].unit, site)) return true;
    }
    return false;
}

bool qk_rights_may_site(const qk_exchange *x, qk_action action, const qk_site *site)
{
    return qk_actor_may_site(registry_of(x), &x->actor, action, site);
}

bool qk_actor_may_row(const qk_registry *r, const qk_actor *actor, qk_action action, qk_str mn,
                      qk_str site)
{
    qk_device device;
    qk_site at;
    if (qk_actor_scope(actor, action) == QK_SCOPE_ALL) return true;
    if (mn.len && !qk_registry_device(r, &device, mn)) return false;
    return qk_registry_site(r, &at, mn.len ? qk_str_of(device.site) : site) &&
           qk_actor_may_site(r, actor, action, &at);
}

bool qk_rights_may_device(const qk_exchange *x, qk_action action, qk_str mn)
{
    return qk_actor_may_row(registry_of(x), &x->actor, action, mn, QK_STR(""));
}

static bool may_site_id(const qk_exchange *x, qk_str id)
{
    qk_site site;
    return qk_registry_site(registry_of(x), &site, id) &&
           qk_rights_may_site(x, x->route->action, &site);
}

qk_code qk_rights_check_row(qk_exchange *x, qk_error *err)
{
    qk_action action = x->route->action;
    qk_str path = qk_str_of(x->route->path), mn = qk_query_str(x, "mn");
    qk_str site = qk_query_str(x, "site");
    if (action != QK_ACT_VIEW && action != QK_ACT_DEVICE_VIEW) return QK_OK;
    if (qk_rights_scope(x, action) == QK_SCOPE_ALL) return QK_OK;
    if (qk_str_starts(path, QK_STR("/devices/{mn}"))) mn = x->args[0];
    if (qk_str_starts(path, QK_STR("/sites/{id}"))) site = x->args[0];
    if (mn.len && !qk_rights_may_device(x, action, mn))
        return qk_fail(err, QK_ENOTFOUND, "there is no device of this MN");
    if (site.len && !may_site_id(x, site))
        return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
    return QK_OK;
}

uint64_t qk_rights_view(const qk_exchange *x)
{
    if (qk_rights_scope(x, x->route->action) == QK_SCOPE_ALL) return 0;
    return qk_hash(x->actor.roles, x->actor.role_count * sizeof *x->actor.roles) | 1;
}

qk_code qk_rights_need(qk_exchange *x, qk_action action, qk_str unit, qk_error *err)
{
    if (qk_rights_may(x, action, unit)) return QK_OK;
    return qk_refuse(x, err, 403, "denied", NULL, "%s", qk_action_name(action));
}
