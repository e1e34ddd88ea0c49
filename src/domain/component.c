/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/component.h"
#include "domain/hours.h"
#include <math.h>

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the composition");
}

static qk_code add_species(qk_component_record *r, const qk_device *d, const qk_factor *f,
                           qk_telemetry_reader *reader, qk_arena *arena, qk_error *err)
{
    qk_str item = qk_str_of(f->item);
    qk_hour_column hours;
    if (r->n == QK_COMPONENT_SPECIES)
        return qk_fail(err, QK_EFULL, "more than %d species at a station", QK_COMPONENT_SPECIES);
    qk_component_species *s = &r->species[r->n++];
    *s = (qk_component_species){.factor = *f,
                                .ion = qk_ion_of(item),
                                .oc = qk_str_eq(item, QK_STR("OC")),
                                .ec = qk_str_eq(item, QK_STR("EC"))};
    qk_time to = r->first + (qk_time)r->hours * QK_HOUR;
    QK_TRY(qk_hours_init(&hours, r->first, to, arena, err));
    QK_TRY(qk_hours_add(&hours, d, f, reader, arena, err));
    s->value = hours.value;
    s->hours = hours.there;
    return QK_OK;
}

static void judge_hour(qk_component_record *r, size_t hour, const qk_component_rule *rule)
{
    double ion[QK_IONS], oc = NAN, ec = NAN;
    for (int i = 0; i < QK_IONS; i++) ion[i] = NAN;
    for (size_t k = 0; k < r->n; k++) {
        const qk_component_species *s = &r->species[k];
        if (s->ion < QK_IONS && !isnan(s->value[hour])) ion[s->ion] = s->value[hour];
        if (s->oc && !isnan(s->value[hour])) oc = s->value[hour];
        if (s->ec && !isnan(s->value[hour])) ec = s->value[hour];
    }
    qk_ion_balance_of(&r->balance[hour], rule, ion);
    r->ocec[hour] = ec > 0 ? oc / ec : NAN;
}

qk_code qk_component_read(qk_component_record *out, const qk_registry *registry,
                          qk_telemetry_reader *reader, const char *site,
                          const qk_component_rule *rule, qk_time from, qk_time to, qk_arena *arena,
                          qk_error *err)
{
    qk_device *devices = NULL;
    qk_factor *factors = NULL;
    size_t device_n = 0, factor_n = 0;
    *out = (qk_component_record){.first = from, .hours = (size_t)((to - from) / QK_HOUR)};
    if (from >= to || out->hours > QK_COMPONENT_HOURS)
        return qk_fail(err, QK_EINVAL, "1 to %d hours", QK_COMPONENT_HOURS);
    out->species = qk_arena_array(arena, QK_COMPONENT_SPECIES, sizeof *out->species);
    out->balance = qk_arena_array(arena, out->hours, sizeof *out->balance);
    out->ocec = qk_arena_array(arena, out->hours, sizeof *out->ocec);
    if (!out->species || !out->balance || !out->ocec) return no_memory(err);
    if (qk_registry_devices(registry, arena, &devices, &device_n) != QK_OK) return no_memory(err);
    for (size_t i = 0; devices && i < device_n; i++) {
        if (qk_registry_factors(registry, arena, qk_str_of(devices[i].mn), &factors, &factor_n))
            return no_memory(err);
        for (size_t k = 0; factors && k < factor_n; k++)
            if (strcmp(factors[k].site[0] ? factors[k].site : devices[i].site, site) == 0)
                QK_TRY(add_species(out, &devices[i], &factors[k], reader, arena, err));
    }
    for (size_t h = 0; h < out->hours; h++) judge_hour(out, h, rule);
    return QK_OK;
}
