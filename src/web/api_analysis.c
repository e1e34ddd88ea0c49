/* SPDX-License-Identifier: Apache-2.0 */
/* The studio's plots: of a station's hours, or of a person's own file. */
#include "domain/analysis.h"
#include "web/api.h"

enum { SPAN_DAYS = 30, FRESH_MS = 60000 };

/* ---- what is asked for ---- */

static qk_code read_kind(qk_exchange *x, qk_analysis *a, qk_error *err)
{
    a->kind = qk_analysis_kind_of(x->args[0]);
    if (a->kind == QK_PLOTS) return qk_fail(err, QK_ENOTFOUND, "there is no plot of this name");
    return QK_OK;
}

static size_t choice_of(const qk_exchange *x, const char *name, const char *words)
{
    qk_str wanted = qk_query_str(x, name), rest = qk_str_of(words);
    for (size_t i = 0; rest.ptr; i++)
        if (qk_str_eq(qk_str_cut(&rest, ' '), wanted)) return i;
    return 0;
}

static void read_options(qk_exchange *x, qk_analysis *a)
{
    a->arena = &x->arena;
    a->o = (qk_analysis_options){
        .statistic = (qk_polar_statistic)choice_of(x, "statistic",
                                                   "mean median max stdev frequency cpf nwr"),
        .percentile = (double)qk_query_int(x, "percentile", 90),
        .period = (qk_annulus_period)choice_of(x, "period", "hour weekday month trend"),
        .deseason = !qk_str_eq(qk_query_str(x, "season"), QK_STR("in")),
        .hours = (int32_t)qk_query_int(x, "hours", 12),
        .clusters = (int32_t)qk_query_int(x, "clusters", 5),
        .cell_deg = (double)qk_query_int(x, "cell_m", 2000) / 100000};
}

static qk_code read_site(qk_exchange *x, qk_analysis *a, qk_error *err)
{
    qk_time now = qk_clock_now(qk_node_clock(x->context->node));
    a->registry = qk_node_registry(x->context->node);
    a->reader = x->tools->reader;
    if (!qk_registry_site(a->registry, &a->site, qk_query_str(x, "site")))
        return qk_fail(err, QK_ENOTFOUND, "there is no site of this id");
    if (!qk_str_starts(qk_str_of(a->site.kind), QK_STR("air_")))
        return qk_refuse(x, err, 422, "no_air_station", "site", "%s", "");
    a->to = qk_query_time(x, "to", now);
    a->from = qk_query_time(x, "from", a->to - SPAN_DAYS * QK_DAY);
    if (a->from > a->to)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "from lies behind to");
    return QK_OK;
}

/* ---- kept for a while: the same inputs give the same plot ---- */

static bool name_asked(const qk_exchange *x, const qk_analysis *a, char key[QK_KEPT_KEY])
{
    int n =
        snprintf(key, QK_KEPT_KEY, "%s\n%s\n%.*s\n%lld %lld\n%d %g %d %d %d %d %g",
                 qk_analysis_kind_name(a->kind), a->site.id, QK_STR_ARG(qk_query_str(x, "factor")),
                 (long long)qk_floor_hour(a->from), (long long)qk_floor_hour(a->to),
                 (int)a->o.statistic, a->o.percentile, (int)a->o.period, (int)a->o.deseason,
                 a->o.hours, a->o.clusters, a->o.cell_deg);
    return n > 0 && n < QK_KEPT_KEY;
}

static uint64_t data_version(const qk_exchange *x)
{
    qk_node_health health;
    qk_node_health_get(x->context->node, &health);
    return (uint64_t)health.processed * 31 +
           qk_registry_version(qk_node_registry(x->context->node));
}

static bool take_kept(qk_exchange *x, const char *key, uint64_t version, uint64_t changes)
{
    qk_answer_cache *cache = &x->context->studies;
    pthread_mutex_lock(&cache->lock);
    qk_kept_answer *k = qk_kept_find(cache, key);
    bool fresh = k && k->changes == changes &&
                 (k->version == version || qk_monotonic_ms() - k->made_ms < FRESH_MS);
    if (fresh) qk_kept_take(k, x);
    pthread_mutex_unlock(&cache->lock);
    return fresh;
}

static void keep(qk_exchange *x, const char *key, uint64_t version, uint64_t changes)
{
    qk_answer_cache *cache = &x->context->studies;
    pthread_mutex_lock(&cache->lock);
    qk_kept_answer *k = qk_kept_put(cache, x, key);
    if (k) k->version = version, k->changes = changes;
    pthread_mutex_unlock(&cache->lock);
}

static qk_code study(qk_exchange *x, qk_analysis *a, qk_error *err)
{
    qk_code code = qk_analysis_read(a, qk_query_str(x, "factor"), err);
    if (code == QK_ERANGE)
        return qk_refuse(x, err, 400, "bad_parameter", "from", "%s", err->message);
    return code == QK_OK ? qk_analysis_write(&x->json, a, err) : code;
}

qk_code qk_api_analysis(qk_exchange *x, qk_error *err)
{
    qk_analysis a = {0};
    char key[QK_KEPT_KEY];
    QK_TRY(read_kind(x, &a, err));
    QK_TRY(read_site(x, &a, err));
    read_options(x, &a);
    uint64_t version = data_version(x), changes = atomic_load(&x->context->changes);
    bool named = name_asked(x, &a, key);
    if (named && take_kept(x, key, version, changes)) return QK_OK;
    QK_TRY(study(x, &a, err));
    if (named) keep(x, key, version, changes);
    return QK_OK;
}

/* ---- a file: read, drawn, forgotten ---- */

qk_code qk_api_analysis_post(qk_exchange *x, qk_error *err)
{
    qk_analysis a = {0};
    QK_TRY(read_kind(x, &a, err));
    if (qk_analysis_is_path(a.kind))
        return qk_refuse(x, err, 422, "bad_file", "kind",
                         "paths of air need the county's stations, not a file");
    read_options(x, &a);
    qk_code code = qk_analysis_read_csv(&a, x->body, qk_query_str(x, "factor"), err);
    if (code == QK_EFORMAT || code == QK_ERANGE)
        return qk_refuse(x, err, 422, "bad_file", NULL, "%s", err->message);
    return code == QK_OK ? qk_analysis_write(&x->json, &a, err) : code;
}
