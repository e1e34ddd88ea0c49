/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/network.h"
#include "domain/airquality.h"
#include <math.h>
#include <stdlib.h>

enum { ALL_ITEMS = (1 << QK_POLLUTANTS) - 1 };

typedef struct counting {
    qk_arena *arena;
    qk_site *sites;
    bool *speaks, *online; /* by site */
    size_t site_n;
    qk_device *devices;
    size_t device_n;
    qk_division *divisions;
    uint32_t *items; /* by division */
    size_t division_n;
} counting;

static int by_site_id(const void *key, const void *site)
{
    return strcmp(key, ((const qk_site *)site)->id);
}

static int by_division_code(const void *key, const void *division)
{
    return strcmp(key, ((const qk_division *)division)->code);
}

static int by_device_mn(const void *key, const void *device)
{
    return strcmp(key, ((const qk_device *)device)->mn);
}

static size_t site_of(const counting *c, const char *id)
{
    const qk_site *s =
        c->site_n ? bsearch(id, c->sites, c->site_n, sizeof *c->sites, by_site_id) : NULL;
    return s ? (size_t)(s - c->sites) : SIZE_MAX;
}

static qk_code load(counting *c, const qk_registry *r)
{
    QK_TRY(qk_registry_sites(r, c->arena, &c->sites, &c->site_n));
    QK_TRY(qk_registry_devices(r, c->arena, &c->devices, &c->device_n));
    QK_TRY(qk_registry_divisions(r, c->arena, &c->divisions, &c->division_n));
    c->speaks = qk_arena_array(c->arena, c->site_n, sizeof *c->speaks);
    c->online = qk_arena_array(c->arena, c->site_n, sizeof *c->online);
    c->items = qk_arena_array(c->arena, c->division_n, sizeof *c->items);
    return c->speaks && c->online && c->items ? QK_OK : QK_ENOMEM;
}

static void count_devices(counting *c, qk_live *live)
{
    for (size_t i = 0; i < c->device_n; i++) {
        qk_device_state state;
        const qk_device *d = &c->devices[i];
        size_t at = site_of(c, d->site);
        if (at == SIZE_MAX || d->status != QK_DEVICE_APPROVED) continue;
        if (strncmp(c->sites[at].kind, "air_", 4) != 0) continue;
        c->speaks[at] = true;
        bool known = qk_live_device(live, &state, qk_str_of(d->mn));
        c->online[at] |= known && state.link == QK_LINK_ONLINE;
    }
}

static void note_item(counting *c, const qk_factor *f)
{
    qk_pollutant item = qk_air_pollutant(f->item);
    const qk_device *d =
        c->device_n ? bsearch(f->mn, c->devices, c->device_n, sizeof *d, by_device_mn) : NULL;
    if (item >= QK_POLLUTANTS || !d || d->status != QK_DEVICE_APPROVED) return;
    size_t at = site_of(c, f->site[0] ? f->site : d->site);
    if (at == SIZE_MAX || !qk_air_is_evaluated(c->sites[at].kind) || !c->division_n) return;
    const qk_division *v =
        bsearch(c->sites[at].division, c->divisions, c->division_n, sizeof *v, by_division_code);
    if (v) c->items[v - c->divisions] |= (uint32_t)1 << item;
}

static qk_code find_gaps(counting *c, qk_network *out, const qk_registry *r)
{
    qk_factor *factors;
    size_t n;
    QK_TRY(qk_registry_factors(r, c->arena, (qk_str){0}, &factors, &n));
    for (size_t i = 0; i < n; i++) note_item(c, &factors[i]);
    out->gaps = qk_arena_array(c->arena, c->division_n, sizeof *out->gaps);
    if (!out->gaps) return QK_ENOMEM;
    for (size_t i = 0; i < c->division_n; i++) {
        const qk_division *v = &c->divisions[i];
        bool counts = strcmp(v->kind, "township") == 0 || strcmp(v->kind, "zone") == 0;
        if (!counts || c->items[i] == ALL_ITEMS) continue;
        qk_network_gap *gap = &out->gaps[out->gap_count++];
        *gap = (qk_network_gap){.missing = ALL_ITEMS & ~c->items[i]};
        memcpy(gap->division, v->code, sizeof gap->division);
    }
    return QK_OK;
}

qk_code qk_network_count(qk_network *out, const qk_registry *registry, qk_live *live, bool gaps,
                         qk_arena *arena)
{
    counting c = {.arena = arena};
    *out = (qk_network){0};
    QK_TRY(load(&c, registry));
    count_devices(&c, live);
    for (size_t i = 0; i < c.site_n; i++) {
        out->stations += c.speaks[i];
        out->online += c.online[i];
    }
    return gaps ? find_gaps(&c, out, registry) : QK_OK;
}

double qk_network_rate(const qk_network *n)
{
    return n->stations ? (double)n->online / (double)n->stations : NAN;
}
