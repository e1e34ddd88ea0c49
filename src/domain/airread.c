/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airread.h"
#include "domain/airquality.h"
#include <stdio.h>
#include <stdlib.h>

bool qk_air_cell_counts(const qk_air_cell *cell)
{
    return cell->there && cell->value.mantissa >= 0 &&
           (cell->flag == 0 || cell->flag == 'N' || cell->flag == '3');
}

typedef struct reading {
    qk_air_cell *const *cells;
    size_t count;
    qk_time first_end, known_at;
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    qk_arena *arena;
} reading;

/* The register keeps the factor as binary floating point of what a person wrote in decimals. */
static qk_code scale_value(qk_dec *out, qk_dec value, double scale)
{
    char text[32];
    qk_dec factor;
    if (scale == 1) {
        *out = value;
        return QK_OK;
    }
    snprintf(text, sizeof text, "%.12g", scale);
    QK_TRY(qk_dec_parse_e(&factor, qk_str_of(text)));
    return qk_dec_mul(out, value, factor);
}

static void take_samples(reading *r, const qk_factor *f, qk_pollutant p, const qk_samples *samples,
                         qk_time to_end)
{
    for (size_t i = 0; i < samples->count; i++) {
        qk_time end = samples->time[i] + to_end;
        int64_t at = (end - r->first_end) / QK_HOUR;
        qk_air_cell cell = {
            .value = {samples->mantissa[i], samples->scale[i]},
            .flag = samples->flag[i],
            .there = true,
        };
        if (end < r->first_end || (end - r->first_end) % QK_HOUR != 0) continue;
        if (at >= (int64_t)r->count || cell.value.mantissa == INT64_MIN) continue;
        if (scale_value(&cell.value, cell.value, f->scale) != QK_OK) continue;
        qk_air_cell *there = &r->cells[p][at];
        if (!there->there || (qk_air_cell_counts(&cell) && !qk_air_cell_counts(there)))
            *there = cell;
    }
}

static qk_code read_factor(reading *r, const qk_device *device, const qk_factor *f, qk_pollutant p,
                           qk_error *err)
{
    static const qk_stream_kind kinds[] = {QK_STREAM_HOUR, QK_STREAM_DERIVED_HOUR};
    for (size_t k = 0; k < 2; k++) {
        qk_samples samples;
        qk_time to_end =
            kinds[k] == QK_STREAM_DERIVED_HOUR || device->interval_style == QK_INTERVAL_START
                ? QK_HOUR
                : 0;
        qk_stream_id stream = qk_telemetry_find(r->reader, qk_str_of(device->mn), kinds[k]);
        if (!stream) continue;
        qk_time from = r->first_end - to_end;
        QK_TRY(qk_telemetry_read(&samples, r->reader, stream, qk_str_of(f->code), QK_STR("Avg"),
                                 from, from + (qk_time)r->count * QK_HOUR, r->known_at, r->arena,
                                 NULL, err));
        take_samples(r, f, p, &samples, to_end);
    }
    return QK_OK;
}

static qk_code read_device(reading *r, const qk_site *site, const char *mn, qk_error *err)
{
    qk_device device;
    qk_factor *factors = NULL;
    size_t n = 0;
    if (!qk_registry_device(r->registry, &device, qk_str_of(mn))) return QK_OK;
    qk_code code = qk_registry_factors(r->registry, r->arena, qk_str_of(mn), &factors, &n);
    if (code != QK_OK) return qk_fail(err, code, "no memory for the factors of %s", mn);
    for (size_t i = 0; i < n; i++) {
        const char *of = factors[i].site[0] ? factors[i].site : device.site;
        qk_pollutant p = qk_air_pollutant(factors[i].item);
        if (p == QK_POLLUTANTS || strcmp(of, site->id) != 0) continue;
        QK_TRY(read_factor(r, &device, &factors[i], p, err));
    }
    return QK_OK;
}

qk_code qk_air_read(qk_air_cell *const cells[QK_POLLUTANTS], size_t count, qk_time first_end,
                    qk_time known_at, const qk_registry *registry, qk_telemetry_reader *reader,
                    const qk_air_source *source, qk_arena *arena, qk_error *err)
{
    reading r = {.cells = cells,
                 .count = count,
                 .first_end = first_end,
                 .known_at = known_at,
                 .registry = registry,
                 .reader = reader,
                 .arena = arena};
    for (size_t i = 0; i < source->mn_count; i++)
        QK_TRY(read_device(&r, source->site, source->mns[i], err));
    return QK_OK;
}

/* ---- who speaks for which site ---- */

typedef struct link {
    const char *site, *mn;
} link;

static int compare_links(const void *a, const void *b)
{
    const link *x = a, *y = b;
    int order = strcmp(x->site, y->site);
    return order ? order : strcmp(x->mn, y->mn);
}

static int compare_ids(const void *key, const void *item)
{
    return strcmp(key, ((const qk_air_source *)item)->site->id);
}

static const char *device_site(const qk_device *devices, size_t n, const char *mn)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(devices[mid].mn, mn);
        if (order == 0) return devices[mid].site;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return "";
}

/* Only links by factors that feed an item; sorted, each once. */
static size_t make_links(link *out, const qk_device *devices, size_t device_n,
                         const qk_factor *factors, size_t factor_n)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < factor_n; i++) {
        if (qk_air_pollutant(factors[i].item) == QK_POLLUTANTS) continue;
        const char *site =
            factors[i].site[0] ? factors[i].site : device_site(devices, device_n, factors[i].mn);
        if (site[0]) out[n++] = (link){site, factors[i].mn};
    }
    qsort(out, n, sizeof *out, compare_links);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare_links(&out[kept - 1], &out[i]) != 0) out[kept++] = out[i];
    return kept;
}

static void give_links(qk_air_source *sources, size_t n, const link *links, size_t link_n,
                       const char **mns)
{
    for (size_t i = 0; i < link_n; i++) {
        mns[i] = links[i].mn;
        qk_air_source *s = bsearch(links[i].site, sources, n, sizeof *sources, compare_ids);
        if (!s) continue;
        if (s->mn_count == 0) s->mns = &mns[i];
        s->mn_count++;
    }
}

qk_code qk_air_sources(qk_air_source **out, size_t *n, const qk_registry *registry, qk_arena *arena,
                       qk_error *err)
{
    qk_site *sites = NULL;
    qk_device *devices = NULL;
    qk_factor *factors = NULL;
    size_t site_n = 0, device_n = 0, factor_n = 0;
    qk_code code = qk_registry_sites(registry, arena, &sites, &site_n);
    if (!code) code = qk_registry_devices(registry, arena, &devices, &device_n);
    if (!code) code = qk_registry_factors(registry, arena, (qk_str){NULL, 0}, &factors, &factor_n);
    *n = 0;
    *out = qk_arena_array(arena, site_n + 1, sizeof **out);
    link *links = qk_arena_array(arena, factor_n + 1, sizeof *links);
    const char **mns = qk_arena_array(arena, factor_n + 1, sizeof *mns);
    if (code || !*out || !links || !mns)
        return qk_fail(err, QK_ENOMEM, "no memory for the register's air stations");
    for (size_t i = 0; i < site_n; i++)
        if (qk_str_starts(qk_str_of(sites[i].kind), QK_STR("air_")))
            (*out)[(*n)++] = (qk_air_source){.site = &sites[i]};
    size_t link_n = make_links(links, devices, device_n, factors, factor_n);
    give_links(*out, *n, links, link_n, mns);
    return QK_OK;
}
