/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/hours.h"
#include <math.h>

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the hours of a station");
}

qk_code qk_hours_init(qk_hour_column *out, qk_time from, qk_time to, qk_arena *arena, qk_error *err)
{
    *out =
        (qk_hour_column){.first = from, .count = to > from ? (size_t)((to - from) / QK_HOUR) : 0};
    out->value = qk_arena_array(arena, out->count + 1, sizeof *out->value);
    if (!out->value) return no_memory(err);
    for (size_t i = 0; i < out->count; i++) out->value[i] = NAN;
    return QK_OK;
}

static bool counts(char flag)
{
    return flag == 0 || flag == 'N' || flag == '3';
}

static void take_sample(qk_hour_column *h, const qk_samples *s, size_t i, qk_time shift,
                        double scale)
{
    qk_time since = s->time[i] - shift - h->first;
    int64_t at = since / QK_HOUR;
    if (s->mantissa[i] == INT64_MIN || since < 0 || since % QK_HOUR != 0 ||
        at >= (int64_t)h->count || !isnan(h->value[at]))
        return;
    if (!counts(s->flag[i])) {
        h->flagged++;
        return;
    }
    h->value[at] = qk_dec_f64((qk_dec){s->mantissa[i], s->scale[i]}) * scale;
    h->there++;
    h->negative += h->value[at] < 0;
}

/* Hours computed here bear the time at which they begin, whatever the device's habit. */
qk_code qk_hours_add(qk_hour_column *out, const qk_device *device, const qk_factor *factor,
                     qk_telemetry_reader *reader, qk_arena *arena, qk_error *err)
{
    static const qk_stream_kind kinds[] = {QK_STREAM_HOUR, QK_STREAM_DERIVED_HOUR};
    for (size_t k = 0; k < 2; k++) {
        qk_samples samples;
        qk_stream_id stream = qk_telemetry_find(reader, qk_str_of(device->mn), kinds[k]);
        bool ends = kinds[k] == QK_STREAM_HOUR && device->interval_style == QK_INTERVAL_END;
        qk_time shift = ends ? QK_HOUR : 0, from = out->first + shift;
        if (!stream) continue;
        QK_TRY(qk_telemetry_read(&samples, reader, stream, qk_str_of(factor->code), QK_STR("Avg"),
                                 from, from + (qk_time)out->count * QK_HOUR, QK_TIME_NONE, arena,
                                 NULL, err));
        for (size_t i = 0; i < samples.count; i++)
            take_sample(out, &samples, i, shift, factor->scale);
    }
    return QK_OK;
}

qk_code qk_hours_read(qk_hour_column *out, qk_factor *factor, const qk_registry *registry,
                      qk_telemetry_reader *reader, const char *site, qk_str code, qk_time from,
                      qk_time to, qk_arena *arena, qk_error *err)
{
    qk_device *devices = NULL;
    size_t n = 0;
    qk_factor f;
    if (factor) qk_factor_init(factor);
    QK_TRY(qk_hours_init(out, from, to, arena, err));
    if (qk_registry_devices(registry, arena, &devices, &n) != QK_OK) return no_memory(err);
    for (size_t i = 0; devices && i < n; i++) {
        if (!qk_registry_factor(registry, &f, qk_str_of(devices[i].mn), code)) continue;
        if (strcmp(f.site[0] ? f.site : devices[i].site, site) != 0) continue;
        if (factor && !factor->code[0]) *factor = f;
        QK_TRY(qk_hours_add(out, &devices[i], &f, reader, arena, err));
    }
    return QK_OK;
}

bool qk_hours_measured(const qk_registry *registry, const char *site, const char *code,
                       qk_arena *arena)
{
    qk_device *devices = NULL;
    size_t n = 0;
    qk_factor f;
    if (qk_registry_devices(registry, arena, &devices, &n) != QK_OK) return false;
    for (size_t i = 0; devices && i < n; i++)
        if (qk_registry_factor(registry, &f, qk_str_of(devices[i].mn), qk_str_of(code)) &&
            strcmp(f.site[0] ? f.site : devices[i].site, site) == 0)
            return true;
    return false;
}
