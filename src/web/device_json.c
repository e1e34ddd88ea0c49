/* SPDX-License-Identifier: Apache-2.0 */
#include "web/device_json.h"
#include "domain/labels.h"
#include <stdlib.h>

enum { FACTOR_ARENA = 4 << 20 };

/* ---- which devices speak for a site ---- */

static int compare_links(const void *a, const void *b)
{
    const qk_site_link *x = a, *y = b;
    int order = strcmp(x->site, y->site);
    return order ? order : strcmp(x->mn, y->mn);
}

typedef struct collector {
    qk_buf links; /* of qk_site_link */
    qk_arena scratch;
    const qk_registry *registry;
} collector;

static void add_link(collector *c, const char *site, const char *mn)
{
    qk_site_link link = {0};
    if (!site[0]) return;
    qk_str_copy(link.site, sizeof link.site, qk_str_of(site));
    qk_str_copy(link.mn, sizeof link.mn, qk_str_of(mn));
    qk_buf_append(&c->links, &link, sizeof link);
}

static qk_code add_device(collector *c, const qk_device *device)
{
    qk_factor *factors = NULL;
    size_t n = 0;
    qk_arena_reset(&c->scratch);
    add_link(c, device->site, device->mn);
    QK_TRY(qk_registry_factors(c->registry, &c->scratch, qk_str_of(device->mn), &factors, &n));
    for (size_t i = 0; i < n; i++)
        if (factors[i].site[0] && strcmp(factors[i].site, device->site) != 0)
            add_link(c, factors[i].site, device->mn);
    return c->links.failed;
}

static size_t drop_doubles(qk_site_link *links, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare_links(&links[kept - 1], &links[i]) != 0) links[kept++] = links[i];
    return kept;
}

qk_code qk_site_links_find(qk_site_links *out, const qk_registry *registry, qk_arena *arena)
{
    collector c = {.registry = registry};
    qk_device *devices = NULL;
    size_t n = 0;
    *out = (qk_site_links){0};
    qk_buf_init(&c.links, 64 << 20);
    qk_arena_init(&c.scratch, FACTOR_ARENA);
    qk_code code = qk_registry_devices(registry, arena, &devices, &n);
    for (size_t i = 0; code == QK_OK && i < n; i++) code = add_device(&c, &devices[i]);
    size_t count = c.links.len / sizeof(qk_site_link);
    if (code == QK_OK && count) {
        out->items = qk_arena_array(arena, count, sizeof *out->items);
        if (!out->items) code = QK_ENOMEM;
    }
    if (code == QK_OK && count) {
        memcpy(out->items, c.links.ptr, count * sizeof *out->items);
        qsort(out->items, count, sizeof *out->items, compare_links);
        out->n = drop_doubles(out->items, count);
    }
    qk_buf_clear(&c.links);
    qk_arena_clear(&c.scratch);
    return code;
}

qk_site_links qk_site_links_of(const qk_site_links *all, const char *site)
{
    size_t low = 0, high = all->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(all->items[middle].site, site) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    qk_site_links found = {all->items + low, 0};
    while (low + found.n < all->n && strcmp(found.items[found.n].site, site) == 0) found.n++;
    return found;
}

/* ---- sites ---- */

static void write_factor(qk_json_writer *w, qk_factor *f)
{
    qk_factor_complete(f);
    qk_json_object(w);
    qk_json_kcstr(w, "mn", f->mn);
    qk_json_kcstr(w, "code", f->code);
    qk_json_kcstr(w, "zh", f->name_zh);
    qk_json_kcstr(w, "en", f->name_en);
    qk_json_kcstr(w, "unit", f->unit);
    qk_json_ktext(w, "item", f->item);
    qk_json_kf64(w, "limit", f->limit);
    qk_json_kf64(w, "low", f->low);
    qk_json_kf64(w, "high", f->high);
    qk_json_kf64(w, "scale", f->scale);
    qk_json_end(w);
}

static qk_code write_factors(qk_exchange *x, const qk_site *site, const qk_site_links *mine)
{
    const qk_registry *registry = qk_node_registry(x->context->node);
    qk_arena scratch;
    qk_arena_init(&scratch, FACTOR_ARENA);
    qk_code code = QK_OK;
    for (size_t i = 0; i < mine->n && code == QK_OK; i++) {
        qk_factor *factors = NULL;
        qk_device device;
        size_t n = 0;
        qk_str mn = qk_str_of(mine->items[i].mn);
        qk_arena_reset(&scratch);
        if (!qk_registry_device(registry, &device, mn)) continue;
        code = qk_registry_factors(registry, &scratch, mn, &factors, &n);
        for (size_t k = 0; k < n; k++) {
            const char *of = factors[k].site[0] ? factors[k].site : device.site;
            if (strcmp(of, site->id) == 0) write_factor(&x->json, &factors[k]);
        }
    }
    qk_arena_clear(&scratch);
    return code;
}

qk_code qk_site_members_json(qk_exchange *x, const qk_site *site, const qk_site_links *links,
                             qk_error *err)
{
    qk_json_writer *w = &x->json;
    qk_site_links mine = qk_site_links_of(links, site->id);
    qk_json_kcstr(w, "id", site->id);
    qk_json_kcstr(w, "kind", site->kind);
    qk_json_kcstr(w, "name_zh", site->name_zh);
    qk_json_kcstr(w, "name_en", site->name_en);
    qk_json_kcstr(w, "division", site->division);
    qk_json_ktext(w, "owner_zh", site->owner_zh);
    qk_json_ktext(w, "owner_en", site->owner_en);
    qk_json_kf64(w, "lon", site->lon);
    qk_json_kf64(w, "lat", site->lat);
    qk_json_ktime(w, "valid_to", site->valid_to ? site->valid_to : QK_TIME_NONE);
    qk_json_ki64(w, "row_version", site->version);
    qk_json_key(w, "devices");
    qk_json_array(w);
    for (size_t i = 0; i < mine.n; i++) qk_json_cstr(w, mine.items[i].mn);
    qk_json_end(w);
    qk_json_key(w, "factors");
    qk_json_array(w);
    qk_code code = write_factors(x, site, &mine);
    qk_json_end(w);
    return code == QK_OK ? QK_OK : qk_fail(err, code, "no memory for the factors of a site");
}

/* ---- devices ---- */

static void write_state(qk_json_writer *w, const qk_device_state *s)
{
    qk_json_kcstr(w, "link", qk_link_name(s->link));
    qk_json_kbool(w, "connected", s->connected);
    qk_json_ktext(w, "address", s->address);
    qk_json_ktime(w, "last_frame", s->last_frame);
    qk_json_ktime(w, "last_data", s->last_data);
    if (s->skew_ms == INT64_MIN)
        qk_json_knull(w, "skew_ms");
    else
        qk_json_ki64(w, "skew_ms", s->skew_ms);
    qk_json_ki64(w, "frames", (int64_t)s->frames);
    qk_json_ki64(w, "refused", (int64_t)s->refused);
    qk_json_ki64(w, "repeats", (int64_t)s->repeats);
    qk_json_ki64(w, "changed", (int64_t)s->changed);
    qk_json_ki64(w, "deviations", (int64_t)s->deviations);
    qk_json_kf64(w, "effective_today", s->effective_today);
}

static void write_expected(qk_json_writer *w, const qk_device *d)
{
    qk_json_key(w, "expected");
    qk_json_object(w);
    qk_json_ki64(w, "rtd_interval_s", d->rtd_interval_s);
    qk_json_ki64(w, "min_interval_min", d->min_interval_min);
    qk_json_kbool(w, "hours", d->sends_hours);
    qk_json_kbool(w, "days", d->sends_days);
    qk_json_end(w);
}

void qk_device_members_json(qk_exchange *x, const qk_device *d)
{
    static const char *const crc[] = {"standard", "modbus", "modbus_swapped", "any_known", "off"};
    qk_json_writer *w = &x->json;
    qk_node *node = x->context->node;
    qk_device_state state = {.link = QK_LINK_NEVER,
                             .connected_at = QK_TIME_NONE,
                             .last_frame = QK_TIME_NONE,
                             .last_data = QK_TIME_NONE,
                             .skew_ms = INT64_MIN};
    qk_site site;
    bool known = qk_registry_site(qk_node_registry(node), &site, qk_str_of(d->site));
    if (!qk_live_device(qk_node_live(node), &state, qk_str_of(d->mn))) state.link = QK_LINK_NEVER;
    qk_json_kcstr(w, "mn", d->mn);
    qk_json_ktext(w, "site", d->site);
    qk_json_kcstr(w, "name_zh", known ? site.name_zh : d->mn);
    qk_json_kcstr(w, "name_en", known && site.name_en[0] ? site.name_en : d->mn);
    qk_json_kcstr(w, "st", d->st);
    qk_json_kcstr(w, "status", qk_device_status_name(d->status));
    qk_json_ki64(w, "dialect", d->dialect);
    qk_json_ktext(w, "bind_address", d->bind_address);
    qk_json_kcstr(w, "crc_policy", crc[d->crc_policy]);
    qk_json_kcstr(w, "interval_style", d->interval_style == QK_INTERVAL_END ? "end" : "start");
    qk_json_kbool(w, "comma_range", d->comma_range);
    qk_json_kbool(w, "answers_requests", d->answers_requests);
    qk_json_kbool(w, "first_contact", d->first_contact);
    qk_json_kbool(w, "has_password", d->pw[0] != 0);
    qk_json_kbool(w, "has_key", d->key[0] != 0);
    qk_json_ki64(w, "overtime_s", d->overtime_s);
    qk_json_ki64(w, "recount", d->recount);
    write_state(w, &state);
    write_expected(w, d);
    qk_json_ki64(w, "row_version", d->version);
}
