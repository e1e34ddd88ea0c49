/* SPDX-License-Identifier: Apache-2.0 */
/* Search over what has a name: sites, devices, divisions, factors. Names are compared without
 * regard to ASCII case; what equals the words asked for comes first, then what begins with them,
 * then what holds them. */
#include "domain/labels.h"
#include "hj212/tables.h"
#include "web/api.h"
#include <stdlib.h>

enum { HITS_MAX = 4000, LIMIT_DEFAULT = 20 };

typedef struct hit {
    int32_t rank; /* smaller is better */
    const char *type, *id, *zh, *en, *detail, *kind;
} hit;

typedef struct finder {
    qk_str words;
    hit *hits;
    size_t n;
} finder;

static bool starts_nocase(qk_str text, qk_str words)
{
    return text.len >= words.len && qk_str_eq_nocase((qk_str){text.ptr, words.len}, words);
}

/* 0 equal, 1 begins, 2 holds, -1 not at all. */
static int32_t rank_text(const char *text, qk_str words)
{
    qk_str rest = qk_str_of(text);
    if (words.len == 0 || rest.len < words.len) return -1;
    if (qk_str_eq_nocase(rest, words)) return 0;
    if (starts_nocase(rest, words)) return 1;
    for (; rest.len >= words.len; rest.ptr++, rest.len--)
        if (starts_nocase(rest, words)) return 2;
    return -1;
}

static void offer(finder *f, hit h, int32_t order, const char *const *texts, size_t n)
{
    int32_t best = -1;
    for (size_t i = 0; i < n; i++) {
        int32_t rank = texts[i] ? rank_text(texts[i], f->words) : -1;
        if (rank >= 0 && (best < 0 || rank < best)) best = rank;
    }
    if (best < 0 || f->n == HITS_MAX) return;
    h.rank = best * 8 + order;
    f->hits[f->n++] = h;
}

static qk_code find_divisions(finder *f, const qk_registry *r, qk_arena *arena)
{
    qk_division *rows = NULL;
    size_t n = 0;
    QK_TRY(qk_registry_divisions(r, arena, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        const qk_division *d = &rows[i];
        const char *texts[] = {d->name_zh, d->name_en, d->code};
        offer(f, (hit){0, "division", d->code, d->name_zh, d->name_en, NULL, d->kind}, 0, texts, 3);
    }
    return QK_OK;
}

static qk_code find_sites(finder *f, const qk_exchange *x, const qk_registry *r, qk_arena *arena)
{
    qk_site *rows = NULL;
    size_t n = 0;
    QK_TRY(qk_registry_sites(r, arena, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        const qk_site *s = &rows[i];
        if (!qk_rights_may_site(x, QK_ACT_VIEW, s)) continue;
        const char *texts[] = {s->name_zh, s->name_en, s->id, s->owner_zh, s->owner_en};
        offer(f, (hit){0, "site", s->id, s->name_zh, s->name_en, s->owner_zh, s->kind}, 1, texts,
              5);
    }
    return QK_OK;
}

static qk_code find_devices(finder *f, const qk_exchange *x, const qk_registry *r, qk_arena *arena)
{
    qk_device *rows = NULL;
    size_t n = 0;
    QK_TRY(qk_registry_devices(r, arena, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        const qk_device *d = &rows[i];
        const char *texts[] = {d->mn};
        qk_site *site = NULL;
        if (rank_text(d->mn, f->words) < 0) continue;
        if (!qk_rights_may_device(x, QK_ACT_VIEW, qk_str_of(d->mn))) continue;
        site = qk_arena_alloc(arena, sizeof *site);
        bool known = site && qk_registry_site(r, site, qk_str_of(d->site));
        offer(f,
              (hit){0, "device", d->mn, known ? site->name_zh : d->mn,
                    known ? site->name_en : d->mn, d->mn, qk_device_status_name(d->status)},
              2, texts, 1);
    }
    return QK_OK;
}

static void find_factors(finder *f)
{
    size_t n = 0;
    const qk_hj212_factor *rows = qk_hj212_factors(&n);
    for (size_t i = 0; i < n; i++) {
        const char *texts[] = {rows[i].code, rows[i].zh, rows[i].en, rows[i].old};
        offer(f, (hit){0, "factor", rows[i].code, rows[i].zh, rows[i].en, rows[i].unit, NULL}, 3,
              texts, 4);
    }
}

static int compare_hits(const void *a, const void *b)
{
    const hit *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return strcmp(x->id, y->id);
}

static void write_hit(qk_json_writer *w, const hit *h)
{
    qk_json_object(w);
    qk_json_kcstr(w, "type", h->type);
    qk_json_kcstr(w, "id", h->id);
    qk_json_kcstr(w, "zh", h->zh);
    qk_json_kcstr(w, "en", h->en);
    qk_json_kcstr(w, "detail", h->detail && h->detail[0] ? h->detail : NULL);
    qk_json_kcstr(w, "kind", h->kind);
    qk_json_end(w);
}

qk_code qk_api_search(qk_exchange *x, qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    size_t limit = (size_t)qk_query_int(x, "limit", LIMIT_DEFAULT);
    finder f = {.words = qk_str_trim(qk_query_str(x, "q"))};
    f.hits = qk_arena_array(&x->arena, HITS_MAX, sizeof *f.hits);
    qk_code code = f.hits ? find_divisions(&f, r, &x->arena) : QK_ENOMEM;
    if (code == QK_OK) code = find_sites(&f, x, r, &x->arena);
    if (code == QK_OK) code = find_devices(&f, x, r, &x->arena);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the search");
    find_factors(&f);
    qsort(f.hits, f.n, sizeof *f.hits, compare_hits);
    qk_json_object(&x->json);
    qk_json_key(&x->json, "items");
    qk_json_array(&x->json);
    for (size_t i = 0; i < f.n && i < limit; i++) write_hit(&x->json, &f.hits[i]);
    qk_json_end(&x->json);
    qk_json_knull(&x->json, "next");
    qk_json_ki64(&x->json, "total", (int64_t)f.n);
    qk_json_end(&x->json);
    return QK_OK;
}
