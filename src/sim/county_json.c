/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "sim/county.h"
#include <math.h>

static void write_place(qk_json_writer *w)
{
    qk_json_key(w, "place");
    qk_json_object(w);
    qk_json_kcstr(w, "name_zh", "青泽县");
    qk_json_kcstr(w, "name_en", "Qingze County");
    qk_json_key(w, "center");
    qk_json_array(w);
    qk_json_fixed(w, 113.2, 4);
    qk_json_fixed(w, 35.0, 4);
    qk_json_end(w);
    qk_json_kcstr(w, "map_approval", "示意图，虚构的县");
    qk_json_end(w);
}

static void write_divisions(qk_json_writer *w)
{
    qk_json_key(w, "divisions");
    qk_json_array(w);
    qk_json_object(w);
    qk_json_kcstr(w, "code", "990101");
    qk_json_kcstr(w, "kind", "county");
    qk_json_kcstr(w, "name_zh", "青泽县");
    qk_json_kcstr(w, "name_en", "Qingze County");
    qk_json_end(w);
    for (size_t i = 0; i < QK_SIM_TOWNSHIPS; i++) {
        const qk_sim_township *t = &qk_sim_townships[i];
        qk_json_object(w);
        qk_json_kcstr(w, "code", t->code);
        qk_json_kcstr(w, "parent", "990101");
        qk_json_kcstr(w, "kind", t->kind);
        qk_json_kcstr(w, "name_zh", t->name_zh);
        qk_json_kcstr(w, "name_en", t->name_en);
        qk_json_key(w, "geometry");
        qk_json_raw(w, QK_STR("{\"type\":\"Polygon\",\"coordinates\":[["));
        qk_buf_puts(w->out, t->ring);
        qk_buf_puts(w->out, "]]}");
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void write_site(qk_json_writer *w, const qk_sim_device *d)
{
    qk_json_object(w);
    qk_json_kcstr(w, "id", d->site);
    qk_json_kcstr(w, "kind", d->profile->kind);
    qk_json_kcstr(w, "name_zh", d->name_zh);
    qk_json_kcstr(w, "name_en", d->name_en);
    qk_json_kcstr(w, "division", qk_sim_townships[d->township].code);
    qk_json_kcstr(w, "owner_zh", d->owner_zh);
    qk_json_kcstr(w, "owner_en", d->owner_en);
    qk_json_key(w, "lon");
    qk_json_fixed(w, d->lon, 5);
    qk_json_key(w, "lat");
    qk_json_fixed(w, d->lat, 5);
    qk_json_end(w);
}

static void write_device(qk_json_writer *w, const qk_sim_device *d)
{
    const qk_sim_profile *p = d->profile;
    qk_json_object(w);
    qk_json_kcstr(w, "mn", d->mn);
    qk_json_kcstr(w, "pw", "");
    qk_json_kcstr(w, "site", d->site);
    qk_json_kcstr(w, "st", p->st);
    qk_json_ki64(w, "dialect", p->dialect);
    qk_json_kcstr(w, "status", "approved");
    qk_json_kcstr(w, "interval_style", (d->quirks & QK_SIM_END_STYLE) ? "end" : "start");
    qk_json_kbool(w, "comma_range", (d->quirks & QK_SIM_COMMA_RANGE) != 0 || p->dialect == 2005);
    qk_json_kbool(w, "answers_requests", true);
    qk_json_ki64(w, "rtd_interval_s", p->rtd_interval_s);
    qk_json_ki64(w, "min_interval_min", p->min_interval_min);
    qk_json_kbool(w, "sends_hours", p->hours);
    qk_json_kbool(w, "sends_days", p->days);
    qk_json_ki64(w, "overtime_s", 10);
    qk_json_ki64(w, "recount", 3);
    qk_json_end(w);
}

static void write_factor(qk_json_writer *w, const qk_sim_device *d, const qk_sim_factor *f)
{
    qk_json_object(w);
    qk_json_kcstr(w, "mn", d->mn);
    qk_json_kcstr(w, "code", f->code);
    qk_json_kcstr(w, "unit", f->unit);
    qk_json_kcstr(w, "name_zh", f->name_zh);
    qk_json_kcstr(w, "name_en", f->name_en);
    qk_json_kcstr(w, "item", f->item);
    qk_json_ki64(w, "scale", 1);
    qk_json_key(w, "low");
    qk_json_f64(w, f->low);
    qk_json_key(w, "high");
    qk_json_f64(w, f->high);
    if (f->limit > 0) {
        qk_json_key(w, "limit");
        qk_json_f64(w, f->limit);
    }
    qk_json_end(w);
}

qk_code qk_sim_county_json(qk_buf *out, const qk_sim_county *county)
{
    qk_json_writer w;
    qk_json_init(&w, out);
    qk_json_object(&w);
    write_place(&w);
    write_divisions(&w);
    qk_json_key(&w, "sites");
    qk_json_array(&w);
    for (size_t i = 0; i < county->n_devices; i++)
        if (!(county->devices[i].quirks & QK_SIM_UNKNOWN)) write_site(&w, &county->devices[i]);
    qk_json_end(&w);
    qk_json_key(&w, "devices");
    qk_json_array(&w);
    for (size_t i = 0; i < county->n_devices; i++)
        if (!(county->devices[i].quirks & QK_SIM_UNKNOWN)) write_device(&w, &county->devices[i]);
    qk_json_end(&w);
    qk_json_key(&w, "factors");
    qk_json_array(&w);
    for (size_t i = 0; i < county->n_devices; i++) {
        const qk_sim_device *d = &county->devices[i];
        if (d->quirks & QK_SIM_UNKNOWN) continue;
        for (size_t k = 0; k < d->profile->n_factors; k++)
            write_factor(&w, d, &d->profile->factors[k]);
    }
    qk_json_end(&w);
    qk_sim_county_people_json(&w);
    qk_json_end(&w);
    return out->failed;
}
