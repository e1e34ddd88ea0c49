/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/area.h"
#include "base/json.h"
#include "models/trajectory.h"
#include <math.h>

enum { DEEP = 8 /* divisions above a division */ };

static bool coordinate(const qk_json_value *pair, double *x, double *y)
{
    const qk_json_value *first = pair ? pair->first : NULL;
    return first && first->next && qk_parse_f64(x, first->text) == QK_OK &&
           qk_parse_f64(y, first->next->text) == QK_OK;
}

/* Even and odd crossings of a ray to the east. */
static bool crosses(const qk_json_value *ring, double lon, double lat)
{
    bool in = false;
    double ax, ay, bx, by;
    const qk_json_value *p = ring ? ring->first : NULL;
    if (!coordinate(p, &ax, &ay)) return false;
    for (p = p->next; p && coordinate(p, &bx, &by); p = p->next, ax = bx, ay = by)
        if ((ay > lat) != (by > lat) && lon < ax + (lat - ay) * (bx - ax) / (by - ay)) in = !in;
    return in;
}

static bool in_polygon(const qk_json_value *rings, double lon, double lat)
{
    bool in = false;
    for (const qk_json_value *r = rings ? rings->first : NULL; r; r = r->next)
        if (crosses(r, lon, lat)) in = !in;
    return in;
}

static bool in_geometry(const char *text, double lon, double lat, qk_arena *arena)
{
    qk_json_value *g = NULL;
    if (!text || qk_json_parse(&g, qk_str_of(text), arena, NULL) != QK_OK) return false;
    const qk_json_value *c = qk_json_get(g, "coordinates");
    if (!qk_str_eq(qk_json_get_str(g, "type"), QK_STR("MultiPolygon")))
        return in_polygon(c, lon, lat);
    for (const qk_json_value *p = c ? c->first : NULL; p; p = p->next)
        if (in_polygon(p, lon, lat)) return true;
    return false;
}

static bool is_township(const char *kind)
{
    return strcmp(kind, "township") == 0 || strcmp(kind, "zone") == 0;
}

static bool by_nearest_site(char division[16], const qk_registry *r, qk_place at, qk_arena *arena)
{
    qk_site *sites = NULL;
    size_t n = 0, best = SIZE_MAX;
    double least = QK_AREA_NEAR_M;
    if (qk_registry_sites(r, arena, &sites, &n) != QK_OK) return false;
    for (size_t i = 0; i < n; i++) {
        double m = qk_place_distance(at, (qk_place){sites[i].lon, sites[i].lat});
        if (sites[i].division[0] && m <= least) least = m, best = i;
    }
    if (best == SIZE_MAX) return false;
    memcpy(division, sites[best].division, 16);
    return true;
}

bool qk_area_of(char division[16], const qk_registry *r, double lon, double lat, qk_arena *arena)
{
    qk_division *all = NULL;
    size_t n = 0;
    if (!isfinite(lon) || !isfinite(lat) || qk_registry_divisions(r, arena, &all, &n) != QK_OK)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_township(all[i].kind) || !in_geometry(all[i].geometry, lon, lat, arena)) continue;
        memcpy(division, all[i].code, 16);
        return true;
    }
    return by_nearest_site(division, r, (qk_place){lon, lat}, arena);
}

static const char *parent_of(const qk_division *all, size_t n, const char *code)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].code, code) == 0) return all[i].parent;
    return "";
}

bool qk_area_unit(qk_unit *out, const qk_registry *r, qk_str division, qk_arena *arena)
{
    qk_unit *units = NULL;
    qk_division *all = NULL;
    size_t n = 0, divisions = 0;
    char code[16];
    qk_str_copy(code, sizeof code, division);
    if (qk_people_units(r, arena, &units, &n) != QK_OK ||
        qk_registry_divisions(r, arena, &all, &divisions) != QK_OK)
        return false;
    for (int deep = 0; deep < DEEP && code[0]; deep++) {
        for (size_t i = 0; i < n; i++)
            if (is_township(units[i].kind) && strcmp(units[i].division, code) == 0)
                return *out = units[i], true;
        qk_str_copy(code, sizeof code, qk_str_of(parent_of(all, divisions, code)));
    }
    return false;
}
