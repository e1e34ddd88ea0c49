/* SPDX-License-Identifier: Apache-2.0 */
/* Everything at once: what the page shows first. */
#include "domain/labels.h"
#include "web/air_figures.h"
#include "web/air_json.h"
#include "web/api.h"
#include "web/device_json.h"
#include <stdlib.h>

enum { FRESH_MS = 1000 };

/* ---- what is asked for ---- */

/* Lists of words separated by commas; an absent one asks for all. */
typedef struct wanted {
    qk_str kinds, fields, factors, devices, sites, township;
} wanted;

static bool is_listed(qk_str list, const char *word)
{
    qk_str it = qk_str_of(word);
    if (!list.len) return true;
    while (list.ptr)
        if (qk_str_eq(qk_str_trim(qk_str_cut(&list, ',')), it)) return true;
    return false;
}

static qk_code read_wanted(qk_exchange *x, wanted *w, qk_error *err)
{
    *w = (wanted){.kinds = qk_query_str(x, "kinds"),
                  .fields = qk_query_str(x, "fields"),
                  .factors = qk_query_str(x, "factors"),
                  .devices = qk_query_str(x, "devices"),
                  .sites = qk_query_str(x, "sites"),
                  .township = qk_query_str(x, "township")};
    for (qk_str rest = w->kinds; rest.ptr;) {
        qk_str kind = qk_str_trim(qk_str_cut(&rest, ','));
        if (!qk_stream_kind_of(kind))
            return qk_refuse(x, err, 400, "bad_parameter", "kinds", "'%.*s' is no kind of message",
                             QK_STR_ARG(kind));
    }
    return QK_OK;
}

static bool wants_value(const wanted *w, const qk_live_value *v)
{
    return is_listed(w->kinds, qk_stream_kind_name(v->kind)) && is_listed(w->fields, v->field) &&
           is_listed(w->factors, v->code) && is_listed(w->devices, v->mn);
}

static bool wants_site(const wanted *w, const qk_site *site, const qk_site_links *mine)
{
    if (!is_listed(w->sites, site->id) || !is_listed(w->township, site->division)) return false;
    if (!w->devices.len) return true;
    for (size_t i = 0; i < mine->n; i++)
        if (is_listed(w->devices, mine->items[i].mn)) return true;
    return false;
}

/* ---- values by site ---- */

typedef struct sited_value {
    const char *site; /* of the value's factor, else of its device */
    const qk_live_value *value;
    bool judged;
} sited_value;

static int compare_sited(const void *a, const void *b)
{
    const sited_value *x = a, *y = b;
    int order = strcmp(x->site, y->site);
    if (!order) order = strcmp(x->value->mn, y->value->mn);
    if (!order) order = (int)x->value->kind - (int)y->value->kind;
    if (!order) order = strcmp(x->value->code, y->value->code);
    return order ? order : strcmp(x->value->field, y->value->field);
}

static bool is_field(const char *field, const char *a, const char *b)
{
    return strcmp(field, a) == 0 || strcmp(field, b) == 0;
}

/* Limits speak of the converted value where the device sends one for the same factor; sorted, the
 * fields of one factor stand together. */
static void judge_values(sited_value *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const qk_live_value *v = values[i].value;
        values[i].judged = is_field(v->field, "ZsRtd", "ZsAvg");
        if (!is_field(v->field, "Rtd", "Avg")) continue;
        values[i].judged = true;
        for (size_t k = i + 1; k < n; k++) {
            const qk_live_value *o = values[k].value;
            if (strcmp(o->mn, v->mn) != 0 || o->kind != v->kind || strcmp(o->code, v->code) != 0)
                break;
            if (is_field(o->field, "ZsRtd", "ZsAvg")) values[i].judged = false;
        }
    }
}

/* Values of one device and of one factor stand together: each is looked up once. */
typedef struct site_finder {
    qk_arena *arena;
    const qk_registry *registry;
    const char *mn, *code; /* of the value before */
    const char *of_device, *of_factor;
} site_finder;

static const char *keep_name(site_finder *f, const char *site)
{
    return site[0] ? qk_arena_copy(f->arena, site, strlen(site)) : NULL;
}

/* NULL = none. */
static const char *site_of(site_finder *f, const qk_live_value *v)
{
    bool same_mn = f->mn && strcmp(f->mn, v->mn) == 0;
    if (!same_mn) {
        qk_device device;
        bool known = qk_registry_device(f->registry, &device, qk_str_of(v->mn));
        f->of_device = known ? keep_name(f, device.site) : NULL;
    }
    if (!same_mn || strcmp(f->code, v->code) != 0) {
        qk_factor factor;
        bool known = qk_registry_factor(f->registry, &factor, qk_str_of(v->mn), qk_str_of(v->code));
        f->of_factor = known ? keep_name(f, factor.site) : NULL;
    }
    f->mn = v->mn;
    f->code = v->code;
    return f->of_factor ? f->of_factor : f->of_device;
}

/* Values of one device, or of all, with the site each belongs to. */
static qk_code gather(qk_exchange *x, qk_str mn, qk_buf *out)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_live_value *values = NULL;
    size_t count = 0;
    QK_TRY(qk_live_values(qk_node_live(x->context->node), mn, &x->arena, &values, &count));
    site_finder finder = {.arena = &x->arena, .registry = r};
    for (size_t i = 0; i < count; i++) {
        sited_value v = {site_of(&finder, &values[i]), &values[i], false};
        if (v.site) qk_buf_append(out, &v, sizeof v);
    }
    return out->failed;
}

static sited_value *sort_values(qk_buf *gathered, size_t *n)
{
    static sited_value none;
    sited_value *values = gathered->len ? (sited_value *)(void *)gathered->ptr : &none;
    *n = gathered->len / sizeof *values;
    qsort(values, *n, sizeof *values, compare_sited);
    judge_values(values, *n);
    return values;
}

/* ---- one site ---- */

/* On line when one of its devices is; else the best that can be said. */
static qk_link_state site_state(qk_exchange *x, const qk_site_links *mine)
{
    static const qk_link_state best_first[] = {QK_LINK_ONLINE, QK_LINK_SILENT, QK_LINK_OFFLINE};
    bool seen[4] = {false};
    for (size_t i = 0; i < mine->n; i++) {
        qk_device_state state;
        if (qk_live_device(qk_node_live(x->context->node), &state, qk_str_of(mine->items[i].mn)))
            seen[state.link] = true;
    }
    for (size_t i = 0; i < 3; i++)
        if (seen[best_first[i]]) return best_first[i];
    return QK_LINK_NEVER;
}

/* wanted NULL = all values. */
static void write_site_latest(qk_exchange *x, const wanted *wanted_values, const qk_site *site,
                              const qk_site_links *mine, const sited_value *values, size_t n,
                              const qk_air_hour *hour)
{
    qk_json_writer *w = &x->json;
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_time now = qk_clock_now(qk_node_clock(x->context->node)), newest = QK_TIME_NONE;
    for (size_t i = 0; i < n; i++)
        if (values[i].value->period_end > newest) newest = values[i].value->period_end;
    qk_json_object(w);
    qk_json_ktime(w, "time", newest);
    if (newest == QK_TIME_NONE)
        qk_json_knull(w, "age_s");
    else
        qk_json_ki64(w, "age_s", newest < now ? (now - newest) / QK_SECOND : 0);
    qk_json_kcstr(w, "state", qk_link_name(site_state(x, mine)));
    qk_json_key(w, "aqi");
    if (hour)
        qk_aqi_json(w, hour);
    else
        qk_json_null(w);
    qk_json_key(w, "values");
    qk_json_array(w);
    for (size_t i = 0; i < n; i++)
        if (!wanted_values || wants_value(wanted_values, values[i].value))
            qk_live_value_json(w, r, values[i].value, site->id, values[i].judged);
    qk_json_end(w);
    qk_json_end(w);
}

/* The values of one site in the sorted list, found by walking along with the sites. */
static size_t values_of(const sited_value *values, size_t n, size_t *at, const char *site)
{
    while (*at < n && strcmp(values[*at].site, site) < 0) ++*at;
    size_t end = *at;
    while (end < n && strcmp(values[end].site, site) == 0) end++;
    return end - *at;
}

/* The last full hour, or the one before while the last has not come. */
static qk_code write_county(qk_exchange *x, const qk_air_question *q, qk_error *err)
{
    qk_air_hour *hours = NULL;
    qk_time last = qk_floor_hour(qk_clock_now(qk_node_clock(x->context->node)));
    QK_TRY(qk_air_county(x, q, last, 2, &hours, err));
    qk_json_key(&x->json, "county");
    qk_aqi_json(&x->json, hours[1].result.aqi != QK_AQI_NA ? &hours[1] : &hours[0]);
    return QK_OK;
}

static qk_code write_sites(qk_exchange *x, const wanted *w, const sited_value *values, size_t count,
                           qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_site *sites = NULL;
    qk_site_links links;
    qk_air_question q;
    qk_time now = qk_clock_now(qk_node_clock(x->context->node));
    size_t n = 0, at = 0;
    QK_TRY(qk_air_asked(&q, x, err));
    qk_code code = qk_registry_sites(r, &x->arena, &sites, &n);
    if (code == QK_OK) code = qk_site_links_find(&links, r, &x->arena);
    if (code != QK_OK) return qk_fail(err, code, "no memory for all sites at once");
    qk_json_object(&x->json);
    for (size_t i = 0; i < n; i++) {
        qk_site_links mine = qk_site_links_of(&links, sites[i].id);
        qk_air_hour hour;
        bool air = false;
        if (!wants_site(w, &sites[i], &mine)) continue;
        if (!qk_rights_may_site(x, QK_ACT_VIEW, &sites[i])) continue;
        if (!qk_site_in_use(&sites[i], now)) continue;
        QK_TRY(qk_air_now(x, &q, &sites[i], &hour, &air, err));
        size_t mine_n = values_of(values, count, &at, sites[i].id);
        qk_json_key(&x->json, sites[i].id);
        write_site_latest(x, w, &sites[i], &mine, values + at, mine_n, air ? &hour : NULL);
        at += mine_n;
    }
    qk_json_end(&x->json);
    return write_county(x, &q, err);
}

static qk_code write_latest(qk_exchange *x, const wanted *w, qk_error *err)
{
    char feed[48];
    qk_buf gathered;
    size_t n = 0;
    snprintf(feed, sizeof feed, "%08x-%llu", x->context->start,
             (unsigned long long)qk_live_feed_end(qk_node_live(x->context->node)));
    qk_buf_init(&gathered, x->arena.ceiling);
    qk_code code = gather(x, (qk_str){NULL, 0}, &gathered);
    if (code != QK_OK) qk_fail(err, code, "no memory for all values at once");
    if (code == QK_OK) {
        const sited_value *values = sort_values(&gathered, &n);
        qk_json_object(&x->json);
        qk_json_ktime(&x->json, "now", qk_clock_now(qk_node_clock(x->context->node)));
        qk_json_kcstr(&x->json, "feed", feed);
        qk_json_key(&x->json, "sites");
        code = write_sites(x, w, values, n, err);
        qk_json_end(&x->json);
    }
    qk_buf_clear(&gathered);
    return code;
}

/* ---- kept for a moment: the same for everybody ---- */

static uint64_t shown_version(const qk_exchange *x)
{
    qk_node *node = x->context->node;
    return qk_live_feed_end(qk_node_live(node)) * 31 + qk_registry_version(qk_node_registry(node));
}

/* What was asked, as one text; false when it is too long to be kept by. No value of a query holds
 * a line end. */
static bool name_asked(const wanted *w, char key[QK_KEPT_KEY])
{
    int n = snprintf(key, QK_KEPT_KEY, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s", QK_STR_ARG(w->kinds),
                     QK_STR_ARG(w->fields), QK_STR_ARG(w->factors), QK_STR_ARG(w->devices),
                     QK_STR_ARG(w->sites), QK_STR_ARG(w->township));
    return n > 0 && n < QK_KEPT_KEY;
}

/* What devices send may wait for a moment; who leaves an hour out sees it at once. */
static bool is_fresh(const qk_kept_answer *k, uint64_t version, uint64_t changes)
{
    if (k->changes != changes) return false;
    int64_t age_ms = qk_monotonic_ms() - k->made_ms;
    return age_ms < (k->version == version ? 5 * FRESH_MS : FRESH_MS);
}

/* The lock is held while it is made: a crowd of pages waits for one answer instead of making many.
 */
qk_code qk_api_latest(qk_exchange *x, qk_error *err)
{
    qk_answer_cache *cache = &x->context->latest;
    wanted w;
    char key[QK_KEPT_KEY];
    qk_code code = QK_OK;
    QK_TRY(read_wanted(x, &w, err));
    /* What is kept is kept for those who see all of it. */
    if (qk_rights_view(x) || !name_asked(&w, key)) return write_latest(x, &w, err);
    pthread_mutex_lock(&cache->lock);
    uint64_t version = shown_version(x), changes = atomic_load(&x->context->changes);
    qk_kept_answer *k = qk_kept_find(cache, key);
    if (!k || !is_fresh(k, version, changes)) {
        code = write_latest(x, &w, err);
        k = code == QK_OK ? qk_kept_put(cache, x, key) : NULL;
        if (k) k->version = version, k->changes = changes;
    }
    if (k) qk_kept_take(k, x);
    pthread_mutex_unlock(&cache->lock);
    return code;
}

/* ---- one site with all that is known ---- */

static qk_code write_site(qk_exchange *x, const qk_site *site, const qk_site_links *links,
                          qk_buf *gathered, qk_error *err)
{
    size_t n = 0, at = 0;
    qk_site_links mine = qk_site_links_of(links, site->id);
    qk_air_question q;
    qk_air_hour hour;
    bool air = false;
    QK_TRY(qk_air_asked(&q, x, err));
    for (size_t i = 0; i < mine.n; i++) {
        qk_code code = gather(x, qk_str_of(mine.items[i].mn), gathered);
        if (code != QK_OK) return qk_fail(err, code, "no memory for the values of a site");
    }
    const sited_value *values = sort_values(gathered, &n);
    size_t mine_n = values_of(values, n, &at, site->id);
    QK_TRY(qk_air_now(x, &q, site, &hour, &air, err));
    qk_json_object(&x->json);
    QK_TRY(qk_site_members_json(x, site, links, err));
    qk_json_key(&x->json, "latest");
    write_site_latest(x, NULL, site, &mine, values + at, mine_n, air ? &hour : NULL);
    QK_TRY(qk_site_validity_json(x, site, &mine, err));
    qk_site_rules_json(x, &q, site, air ? &hour : NULL);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_site(qk_exchange *x, qk_error *err)
{
    const qk_registry *r = qk_node_registry(x->context->node);
    qk_site site;
    qk_site_links links;
    qk_buf gathered;
    if (!qk_registry_site(r, &site, x->args[0]))
        return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
    qk_code code = qk_site_links_find(&links, r, &x->arena);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the site");
    qk_buf_init(&gathered, x->arena.ceiling);
    code = write_site(x, &site, &links, &gathered, err);
    qk_buf_clear(&gathered);
    return code;
}
