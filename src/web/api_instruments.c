/* SPDX-License-Identifier: Apache-2.0 */
/* Stations beside the evaluated ones: the network as a whole, composition of particles, vertical
 * profiles. */
#include "domain/component.h"
#include "domain/network.h"
#include "domain/profile.h"
#include "domain/ruleset.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"
#include <math.h>

static qk_time now_of(const qk_exchange *x)
{
    return qk_clock_now(qk_node_clock(x->context->node));
}

static qk_code find_site(qk_exchange *x, qk_site *site, qk_error *err)
{
    if (qk_registry_site(qk_node_registry(x->context->node), site, qk_query_str(x, "site")))
        return QK_OK;
    return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
}

static void put_number(qk_json_writer *w, double v, int decimals)
{
    isnan(v) ? qk_json_null(w) : qk_json_fixed(w, v, decimals);
}

/* ---- the network ---- */

static void put_gap(qk_json_writer *w, const qk_division *all, size_t n, const qk_network_gap *gap)
{
    const qk_division *d = NULL;
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].code, gap->division) == 0) d = &all[i];
    qk_json_object(w);
    qk_json_kcstr(w, "division", gap->division);
    qk_json_kcstr(w, "name_zh", d ? d->name_zh : gap->division);
    qk_json_kcstr(w, "name_en", d ? d->name_en : gap->division);
    qk_air_items_json(w, "missing", gap->missing);
    qk_json_end(w);
}

qk_code qk_api_air_network(qk_exchange *x, qk_error *err)
{
    enum { LEAST_PERCENT = 95 };
    qk_node *node = x->context->node;
    qk_network network;
    qk_division *divisions = NULL;
    size_t n = 0;
    qk_json_writer *w = &x->json;
    qk_code code =
        qk_network_count(&network, qk_node_registry(node), qk_node_live(node), true, &x->arena);
    if (!code) code = qk_registry_divisions(qk_node_registry(node), &x->arena, &divisions, &n);
    if (code) return qk_fail(err, code, "no memory for the network");
    double rate = qk_network_rate(&network);
    qk_json_object(w);
    qk_json_ktime(w, "now", now_of(x));
    qk_json_ki64(w, "stations", (int64_t)network.stations);
    qk_json_ki64(w, "online", (int64_t)network.online);
    qk_json_key(w, "percent");
    put_number(w, rate * 100, 1);
    qk_json_ki64(w, "least_percent", LEAST_PERCENT);
    qk_json_kbool(w, "low", rate * 100 < LEAST_PERCENT);
    qk_json_key(w, "gaps");
    qk_json_array(w);
    for (size_t i = 0; i < network.gap_count; i++) put_gap(w, divisions, n, &network.gaps[i]);
    qk_json_end(w);
    qk_json_end(w);
    return QK_OK;
}

/* ---- composition ---- */

static void put_species(qk_json_writer *w, const qk_component_species *s)
{
    qk_json_object(w);
    qk_json_kcstr(w, "mn", s->factor.mn);
    qk_json_kcstr(w, "code", s->factor.code);
    qk_json_ktext(w, "item", s->factor.item);
    qk_json_ktext(w, "zh", s->factor.name_zh);
    qk_json_ktext(w, "en", s->factor.name_en);
    qk_json_ktext(w, "unit", s->factor.unit);
    qk_json_kcstr(w, "kind",
                  s->ion < QK_IONS ? qk_ion_is_anion(s->ion) ? "anion" : "cation"
                  : s->oc || s->ec ? "carbon"
                                   : "other");
    qk_json_ki64(w, "hours", (int64_t)s->hours);
    qk_json_end(w);
}

static void put_ions(qk_json_writer *w, const char *name, uint32_t ions)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (int i = 0; i < QK_IONS; i++)
        if (ions >> i & 1) qk_json_cstr(w, qk_ion_name((qk_ion)i));
    qk_json_end(w);
}

static void put_hour(qk_json_writer *w, const qk_component_record *r, size_t h)
{
    const qk_ion_balance *b = &r->balance[h];
    qk_json_object(w);
    qk_json_ktime(w, "time", r->first + (qk_time)(h + 1) * QK_HOUR);
    qk_json_key(w, "values");
    qk_json_array(w);
    for (size_t i = 0; i < r->n; i++) put_number(w, r->species[i].value[h], 3);
    qk_json_end(w);
    qk_json_key(w, "anions");
    qk_json_fixed(w, b->anions_ueq_m3, 4);
    qk_json_key(w, "cations");
    qk_json_fixed(w, b->cations_ueq_m3, 4);
    qk_json_key(w, "ratio");
    put_number(w, b->ratio, 3);
    qk_json_key(w, "balanced");
    isnan(b->ratio) ? qk_json_null(w) : qk_json_bool(w, b->balanced);
    put_ions(w, "missing", b->missing);
    qk_json_key(w, "oc_ec");
    put_number(w, r->ocec[h], 2);
    qk_json_end(w);
}

/* Ions that no factor of the station measures at all. */
static uint32_t never_there(const qk_component_record *r)
{
    uint32_t missing = (1u << QK_IONS) - 1;
    for (size_t i = 0; i < r->n; i++)
        if (r->species[i].ion < QK_IONS) missing &= ~(1u << r->species[i].ion);
    return missing;
}

static void put_component_rule(qk_json_writer *w, const qk_component_rule *rule)
{
    qk_json_key(w, "rule");
    qk_json_object(w);
    qk_json_kcstr(w, "name", rule->name);
    qk_json_kcstr(w, "source", rule->source);
    qk_json_kcstr(w, "source_zh", rule->source_zh);
    qk_json_ki64(w, "ratio_low_percent", rule->ratio_low_percent);
    qk_json_ki64(w, "ratio_high_percent", rule->ratio_high_percent);
    qk_json_ki64(w, "ocec_high_percent", rule->ocec_high_percent);
    qk_json_end(w);
}

qk_code qk_api_air_components(qk_exchange *x, qk_error *err)
{
    qk_site site;
    qk_rules *rules;
    qk_component_record r;
    qk_json_writer *w = &x->json;
    qk_time to = qk_floor_hour(qk_query_time(x, "to", now_of(x)));
    qk_time from = qk_floor_hour(qk_query_time(x, "from", to - QK_DAY));
    QK_TRY(find_site(x, &site, err));
    QK_TRY(qk_ruleset_load(&rules, x->tools->db, QK_TIME_NONE, &x->arena, err));
    const qk_component_rule *rule = qk_rules_component_on(rules, qk_day_number(to - 1));
    qk_code code = qk_component_read(&r, qk_node_registry(x->context->node), x->tools->reader,
                                     site.id, rule, from, to, &x->arena, err);
    if (code == QK_EINVAL)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "1 to %d hours, from before to",
                         QK_COMPONENT_HOURS);
    QK_TRY(code);
    qk_json_object(w);
    qk_json_kcstr(w, "site", site.id);
    put_component_rule(w, rule);
    qk_json_key(w, "species");
    qk_json_array(w);
    for (size_t i = 0; i < r.n; i++) put_species(w, &r.species[i]);
    qk_json_end(w);
    put_ions(w, "never", never_there(&r));
    qk_json_key(w, "items");
    qk_json_array(w);
    for (size_t h = 0; h < r.hours; h++) put_hour(w, &r, h);
    qk_json_end(w);
    qk_json_end(w);
    return QK_OK;
}

/* ---- profiles ---- */

static void put_grid(qk_json_writer *w, const qk_profile *p)
{
    qk_json_key(w, "heights_m");
    qk_json_array(w);
    for (size_t k = 0; k < p->heights; k++) qk_json_f64(w, p->height_m[k]);
    qk_json_end(w);
    qk_json_ki64(w, "step_s", p->step / QK_SECOND);
    qk_json_key(w, "items");
    qk_json_array(w);
    for (size_t t = 0; t < p->times; t++) {
        qk_json_object(w);
        qk_json_ktime(w, "time", p->first + (qk_time)t * p->step);
        qk_json_key(w, "pbl_m");
        put_number(w, p->pbl_m[t], 0);
        qk_json_key(w, "values");
        if (!p->measured[t]) qk_json_null(w);
        if (p->measured[t]) {
            qk_json_array(w);
            for (size_t k = 0; k < p->heights; k++) {
                double v = p->value[t * p->heights + k];
                isnan(v) ? qk_json_null(w) : qk_json_f64(w, v);
            }
            qk_json_end(w);
        }
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void put_gaps(qk_json_writer *w, const qk_profile *p)
{
    qk_json_key(w, "gaps");
    qk_json_array(w);
    for (size_t t = 0, end; t < p->times; t = end) {
        for (end = t + 1; end < p->times && p->measured[end] == p->measured[t];) end++;
        if (p->measured[t]) continue;
        qk_json_object(w);
        qk_json_ktime(w, "from", p->first + (qk_time)t * p->step);
        qk_json_ktime(w, "to", p->first + (qk_time)end * p->step);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void put_files(qk_json_writer *w, const qk_file_use *files, size_t n)
{
    qk_json_key(w, "files");
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) {
        qk_json_object(w);
        qk_json_kcstr(w, "name", files[i].name);
        qk_json_kcstr(w, "sha256", files[i].sha256);
        qk_json_ki64(w, "bytes", (int64_t)files[i].size);
        qk_json_ktime(w, "recorded_at", files[i].recorded_at);
        qk_json_kcstr(w, "recorded_by", files[i].recorded_by);
        qk_json_end(w);
    }
    qk_json_end(w);
}

qk_code qk_api_air_profile(qk_exchange *x, qk_error *err)
{
    qk_site site;
    qk_profile p;
    qk_file_use *files;
    size_t n = 0, day_n = 0;
    int32_t *days;
    char date[QK_TIME_TEXT];
    qk_json_writer *w = &x->json;
    QK_TRY(find_site(x, &site, err));
    QK_TRY(qk_profile_days(&days, &day_n, x->tools->db, site.id, &x->arena, err));
    int32_t day = day_n ? days[day_n - 1] : qk_day_number(now_of(x));
    if (qk_query_given(x, "date")) day = qk_day_number(qk_query_time(x, "date", 0));
    QK_TRY(qk_profile_day(&p, &files, &n, x->tools->db, qk_node_files(x->context->node), site.id,
                          day, &x->arena, err));
    qk_json_object(w);
    qk_json_kcstr(w, "site", site.id);
    qk_json_kcstr(w, "date", qk_air_date(date, day));
    put_grid(w, &p);
    put_gaps(w, &p);
    put_files(w, files, n);
    qk_json_key(w, "days");
    qk_json_array(w);
    for (size_t i = 0; i < day_n; i++) qk_json_cstr(w, qk_air_date(date, days[i]));
    qk_json_end(w);
    qk_json_end(w);
    return QK_OK;
}

typedef struct profile_change {
    qk_site site;
    qk_profile profile;
    qk_file_id file;
    qk_str name;
} profile_change;

static qk_code attach_profile(qk_exchange *x, void *context, qk_db *db, qk_time now,
                              qk_change_note *note, qk_error *err)
{
    const profile_change *c = context;
    char date[QK_TIME_TEXT];
    QK_TRY(qk_profile_attach(db, &c->file, c->site.id, c->profile.day, c->name, qk_str_of(x->who),
                             now, err));
    snprintf(note->what, sizeof note->what, "air.profile");
    snprintf(note->object, sizeof note->object, "site/%s", c->site.id);
    qk_buf_printf(&note->detail, "{\"sha256\":\"%s\"}", c->file.sha256);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "site", c->site.id);
    qk_json_kcstr(&x->json, "date", qk_air_date(date, c->profile.day));
    qk_json_ki64(&x->json, "times", (int64_t)c->profile.times);
    qk_json_ki64(&x->json, "heights", (int64_t)c->profile.heights);
    qk_json_kcstr(&x->json, "sha256", c->file.sha256);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_air_profile_post(qk_exchange *x, qk_error *err)
{
    profile_change c = {.name = qk_query_str(x, "name")};
    QK_TRY(find_site(x, &c.site, err));
    if (!c.name.len) c.name = QK_STR("profile.csv");
    if (x->body.len == 0)
        return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the profile's file");
    qk_code code = qk_profile_read(&c.profile, x->body, &x->arena, err);
    if (code == QK_EFORMAT || code == QK_EFULL) {
        x->status = 422;
        x->error_code = "profile_unreadable";
    }
    QK_TRY(code);
    QK_TRY(qk_files_put(qk_node_files(x->context->node), &c.file, x->body.ptr, x->body.len, err));
    return qk_change_run(x, attach_profile, &c, err);
}
