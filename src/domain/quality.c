/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/derive_private.h"
#include <math.h>

/* Two faults that a platform must see by itself (practice, section 9): a value that stands still
 * (恒值, zero told apart) and one outside its instrument's range. Values that are flagged anyway
 * say nothing new and are passed over. */

/* How long a value may stand still is said by rules (domain/still.h). When it moves again that is
 * told too, naming the event it closes. */

enum { LOOK_BACK_AFTER = 10 * 60000, APART_MAX = 2 * 3600000 };

static qk_code tell(qk_derive *d, const qk_derive_device *dev, const char *kind, const char *code,
                    qk_dec value, qk_time since, qk_time at, qk_time recorded, const char *key,
                    const char *closes)
{
    char digits[QK_DEC_TEXT], from[QK_TIME_TEXT], params[768];
    snprintf(params, sizeof params,
             "{\"mn\":\"%s\",\"code\":\"%s\",\"value\":\"%s\",\"since\":\"%s\",\"hours\":%.1f"
             "%s%s%s}",
             dev->mn, code, qk_dec_format(digits, value), qk_time_iso(from, since),
             (double)(at - since) / (double)QK_HOUR, closes ? ",\"closes\":\"" : "",
             closes ? closes : "", closes ? "\"" : "");
    qk_event e = {.at = at,
                  .recorded_at = recorded,
                  .severity = closes ? QK_SEVERITY_INFO : QK_SEVERITY_WARNING,
                  .journal_pos = d->pos,
                  .key = key,
                  .params = params};
    qk_str_copy(e.kind, sizeof e.kind, qk_str_of(kind));
    qk_str_copy(e.mn, sizeof e.mn, qk_str_of(dev->mn));
    qk_str_copy(e.site, sizeof e.site, qk_str_of(dev->device.site));
    return qk_events_raise(d->p.events, &e);
}

/* MN and code may hold what JSON would have to escape; such names are not told. */
static bool plain_name(const char *name)
{
    for (; *name; name++)
        if (*name == '"' || *name == '\\' || (unsigned char)*name < ' ') return false;
    return true;
}

/* How long this value may stand; 0 = for ever. */
static qk_time allowed(const qk_derive_factor *f)
{
    return f->steady.value.mantissa ? f->still.constant_ms : f->still.zero_ms;
}

/* After a start the beginning of a standstill lies in what is stored. */
static qk_code find_since(qk_derive *d, qk_derive_device *dev, qk_source_kind kind,
                          qk_derive_factor *f, qk_time time, qk_error *err)
{
    qk_arena arena;
    qk_samples s;
    qk_steady *steady = &f->steady;
    qk_str field = kind == QK_SOURCE_RTD ? QK_STR("Rtd") : QK_STR("Avg");
    qk_arena_init(&arena, 4 << 20);
    qk_code code =
        qk_telemetry_read(&s, d->reader, dev->sources[kind].stream, qk_str_of(f->code), field,
                          time - allowed(f) - QK_HOUR, time, QK_TIME_NONE, &arena, NULL, err);
    for (size_t i = code ? 0 : s.count; i-- > 0;) {
        if (s.mantissa[i] == INT64_MIN) continue;
        qk_dec value = {s.mantissa[i], s.scale[i]};
        if (qk_dec_cmp(value, steady->value) != 0 || !qk_flag_counts(s.flag[i])) break;
        if (s.time[i] < steady->since) steady->since = s.time[i];
    }
    qk_arena_clear(&arena);
    steady->exact = true;
    return code == QK_EDAMAGED || code == QK_ENOTFOUND ? QK_OK : code;
}

static void still_key(char key[160], const qk_derive_device *dev, const qk_derive_factor *f)
{
    snprintf(key, 160, "constant:%s:%s:%lld", dev->mn, f->code, (long long)f->steady.since);
}

/* The value moves again. */
static qk_code judge_moving(qk_derive *d, const qk_derive_device *dev, const qk_derive_factor *f,
                            qk_time time, qk_time recorded)
{
    char closed[160], key[176];
    still_key(closed, dev, f);
    snprintf(key, sizeof key, "moving:%s", closed);
    return tell(d, dev, "value_moving", f->code, f->steady.value, f->steady.since, time, recorded,
                key, closed);
}

static qk_code judge_still(qk_derive *d, qk_derive_device *dev, qk_derive_factor *f, qk_time time,
                           qk_time recorded)
{
    char key[160];
    qk_steady *s = &f->steady;
    qk_time most = allowed(f);
    if (s->told || !most || time - s->since < most || !plain_name(dev->mn) || !plain_name(f->code))
        return QK_OK;
    s->told = true;
    still_key(key, dev, f);
    return tell(d, dev, s->value.mantissa ? "value_constant" : "value_zero", f->code, s->value,
                s->since, s->since + most, recorded, key, NULL);
}

static qk_code judge_range(qk_derive *d, qk_derive_device *dev, qk_derive_factor *f, qk_dec value,
                           qk_time time, qk_time recorded)
{
    char key[160];
    double v = qk_dec_f64(value);
    bool outside = v < f->low || v > f->high; /* false where a bound is NaN */
    qk_time hour = qk_floor_hour(time);
    if (!outside || f->range_told == hour || !plain_name(dev->mn) || !plain_name(f->code))
        return QK_OK;
    f->range_told = hour;
    snprintf(key, sizeof key, "range:%s:%s:%lld", dev->mn, f->code, (long long)hour);
    return tell(d, dev, "value_range", f->code, value, time, time, recorded, key, NULL);
}

/* A park answers for what its own station finds: the finding names who owns it. Told once an hour
 * and factor; a threshold is the factor's limit in the register. */
static qk_code judge_park(qk_derive *d, qk_derive_device *dev, qk_derive_factor *f, qk_dec value,
                          qk_time time, qk_time recorded)
{
    char key[160], digits[QK_DEC_TEXT];
    qk_site site;
    qk_factor factor;
    qk_buf params;
    qk_json_writer w;
    qk_time hour = qk_derive_hour_of(dev, time);
    if (!(qk_dec_f64(value) > f->park_limit) || f->park_told == hour) return QK_OK;
    if (!qk_registry_factor(d->p.registry, &factor, qk_str_of(dev->mn), qk_str_of(f->code)) ||
        !qk_registry_site(d->p.registry, &site,
                          qk_str_of(factor.site[0] ? factor.site : dev->device.site)))
        return QK_OK;
    f->park_told = hour;
    snprintf(key, sizeof key, "park:%s:%s:%lld", dev->mn, f->code, (long long)hour);
    qk_buf_init(&params, 4096);
    qk_json_init(&w, &params);
    qk_json_object(&w);
    qk_json_kcstr(&w, "owner", site.owner_zh[0] ? site.owner_zh : site.name_zh);
    qk_json_kcstr(&w, "station", site.name_zh);
    qk_json_kcstr(&w, "code", f->code);
    qk_json_kcstr(&w, "factor", factor.name_zh[0] ? factor.name_zh : f->code);
    qk_json_kcstr(&w, "value", qk_dec_format(digits, value));
    qk_json_key(&w, "limit");
    qk_json_f64(&w, f->park_limit);
    qk_json_kcstr(&w, "unit", factor.unit);
    qk_json_end(&w);
    qk_event e = {.at = time,
                  .recorded_at = recorded,
                  .kind = "park_over",
                  .severity = QK_SEVERITY_ALARM,
                  .journal_pos = d->pos,
                  .key = key,
                  .params = params.ptr};
    qk_str_copy(e.mn, sizeof e.mn, qk_str_of(dev->mn));
    qk_str_copy(e.site, sizeof e.site, qk_str_of(site.id));
    qk_code code = params.failed ? params.failed : qk_events_raise(d->p.events, &e);
    qk_buf_clear(&params);
    return code;
}

static bool is_park(const qk_derive_device *dev)
{
    for (size_t i = 0; i < dev->factor_n; i++)
        if (!isnan(dev->factors[i].park_limit)) return true;
    return false;
}

/* What the parts hold that were just read. */
static qk_code judge_parts(qk_derive *d, qk_derive_device *dev, qk_time time, qk_time recorded)
{
    const qk_part_scratch *scratch = &d->scratch;
    for (size_t i = 0; i < scratch->n; i++) {
        const qk_part *p = &scratch->part[scratch->touched[i]];
        if (!(p->have >> QK_ROLE_AVG & 1) || !qk_flag_counts(p->flag)) continue;
        QK_TRY(judge_park(d, dev, &dev->factors[scratch->touched[i]], p->value[QK_ROLE_AVG], time,
                          recorded));
    }
    return QK_OK;
}

qk_code qk_park_hour(qk_derive *d, qk_derive_device *dev, const qk_cell *cells, size_t n,
                     qk_time time, qk_time recorded, qk_error *err)
{
    /* The first hour of a device makes its factors known. */
    if (dev->factor_n && !is_park(dev)) return QK_OK;
    qk_source *s = qk_derive_source(d, dev, QK_SOURCE_HOUR);
    QK_TRY(qk_derive_parts_of(d, dev, s, cells, n, true, err));
    return judge_parts(d, dev, time, recorded);
}

static qk_code judge_factor(qk_derive *d, qk_derive_device *dev, qk_source_kind kind,
                            qk_derive_factor *f, qk_dec value, qk_time time, qk_time recorded,
                            qk_error *err)
{
    qk_steady *s = &f->steady;
    if (s->known && time <= s->last) return QK_OK;
    bool goes_on = s->known && qk_dec_cmp(s->value, value) == 0 && time - s->last <= APART_MAX;
    if (!goes_on) {
        /* The first value of a run of the program may continue what was stored before it. */
        bool first = !s->known;
        if (s->told) QK_TRY(judge_moving(d, dev, f, time, recorded));
        *s = (qk_steady){.value = value, .since = time, .known = true, .exact = !first};
    }
    s->last = time;
    if (!s->exact && allowed(f) && time - s->since >= LOOK_BACK_AFTER)
        QK_TRY(find_since(d, dev, kind, f, time, err));
    QK_TRY(judge_still(d, dev, f, time, recorded));
    return judge_range(d, dev, f, value, time, recorded);
}

qk_code qk_quality_row(qk_derive *d, qk_derive_device *dev, qk_source_kind kind, qk_time time,
                       qk_time recorded, qk_error *err)
{
    const qk_part_scratch *scratch = &d->scratch;
    if (is_park(dev)) QK_TRY(judge_parts(d, dev, time, recorded));
    /* A device that sends both is watched by its minutes. */
    if (kind == QK_SOURCE_RTD && dev->sources[QK_SOURCE_MINUTE].stream) return QK_OK;
    for (size_t i = 0; i < scratch->n; i++) {
        const qk_part *p = &scratch->part[scratch->touched[i]];
        if (!(p->have >> QK_ROLE_AVG & 1) || !qk_flag_counts(p->flag)) continue;
        QK_TRY(judge_factor(d, dev, kind, &dev->factors[scratch->touched[i]], p->value[QK_ROLE_AVG],
                            time, recorded, err));
    }
    return QK_OK;
}
