/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/fraud.h"
#include "domain/labsample.h"
#include "domain/ledger.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    DAYS_MAX = 92,
    TWINS_MAX = 100,  /* of one item */
    CASES_MAX = 2000, /* in all */
    NEAR_HOURS = 6,   /* an hour this near on both sides came in time: the line stood */
    HOUR_ROWS = 24,   /* given of each of two stretches */
    LEDGER_ARENA = 8 << 20
};
#define LEDGER "data_credit"

typedef struct search {
    const qk_fraud_question *q;
    const qk_fraud_rule *rule;
    qk_fraud_case *list;
    size_t n, room;
    size_t hours;
    qk_arena *arena;
    qk_error *err;
} search;

static qk_code no_memory(const search *s)
{
    (void)qk_fail(s->err, QK_ENOMEM, "no memory to look through the data");
    return QK_ENOMEM;
}

static const char *keep_text(search *s, qk_str text)
{
    return qk_arena_copy(s->arena, text.ptr, text.len);
}

/* NULL when there are too many already, or no memory: the latter is told by the caller's list. */
static qk_fraud_case *add_case(search *s, const char *pattern, size_t rows)
{
    if (s->n == s->room) return NULL;
    qk_fraud_case *c = &s->list[s->n];
    *c = (qk_fraud_case){.pattern = pattern, .institution = "", .site = "", .item = ""};
    c->rows = qk_arena_array(s->arena, rows + 1, sizeof *c->rows);
    if (!c->rows) return NULL;
    s->n++;
    return c;
}

/* From what shows it, so that looking again finds the same. */
static void name_case(qk_fraud_case *c)
{
    uint64_t h = 0xcbf29ce484222325U;
    char text[400];
    for (size_t i = 0; i < c->n; i++) {
        const qk_fraud_row *r = &c->rows[i];
        int n = snprintf(text, sizeof text, "%s|%s|%s|%lld|%s", r->report, r->point, r->item,
                         (long long)r->at, r->digits);
        for (int k = 0; k < n && k < (int)sizeof text; k++) {
            h ^= (unsigned char)text[k];
            h *= 0x100000001b3U;
        }
    }
    snprintf(c->key, sizeof c->key, "%s:%lld:%016llx", c->pattern, (long long)(c->at / QK_DAY),
             (unsigned long long)h);
}

/* ---- samples of institutions ---- */

static qk_severity severity_of(const qk_fraud_finding *f)
{
    switch (f->kind) {
    case QK_FRAUD_TWO_VALUES:
    case QK_FRAUD_SAME_SET:
    case QK_FRAUD_BEFORE: return QK_SEVERITY_ALARM;
    case QK_FRAUD_TWO_PLACES: return f->rows[0]->person[0] ? QK_SEVERITY_ALARM : QK_SEVERITY_NOTICE;
    case QK_FRAUD_SAME_RUN: return QK_SEVERITY_WARNING;
    default: return QK_SEVERITY_NOTICE;
    }
}

static qk_code add_finding(search *s, const qk_fraud_finding *f)
{
    qk_fraud_case *c = add_case(s, qk_fraud_kind_name(f->kind), f->n);
    if (!c) return s->n == s->room ? QK_OK : no_memory(s);
    c->institution = f->rows[0]->institution;
    c->item = f->rows[0]->item;
    c->at = f->rows[0]->at;
    c->statistic = f->statistic;
    c->severity = severity_of(f);
    c->all = f->all;
    for (size_t i = 0; i < f->n; i++) {
        const qk_fraud_sample *r = f->rows[i];
        const char *digits = keep_text(s, r->digits);
        if (!digits) return no_memory(s);
        c->rows[c->n++] = (qk_fraud_row){r->institution, r->person, r->report, r->point,
                                         r->item,        digits,    r->at,     r->told};
    }
    name_case(c);
    return QK_OK;
}

static qk_code search_samples(search *s)
{
    qk_lab_sample *lab;
    qk_fraud_finding *found;
    size_t n = 0, count = 0;
    QK_TRY(qk_lab_samples(&lab, &n, s->q->db, NULL, s->q->from, s->q->to, s->arena, s->err));
    qk_fraud_sample *samples = qk_arena_array(s->arena, n + 1, sizeof *samples);
    if (!samples) return no_memory(s);
    for (size_t i = 0; i < n; i++)
        samples[i] = (qk_fraud_sample){.institution = lab[i].institution,
                                       .person = lab[i].person,
                                       .report = lab[i].report,
                                       .point = lab[i].point,
                                       .item = lab[i].item,
                                       .at = lab[i].at,
                                       .told = lab[i].told != QK_TIME_NONE ? lab[i].told
                                                                           : lab[i].recorded_at,
                                       .digits = lab[i].digits,
                                       .id = lab[i].id};
    if (qk_fraud_check(&found, &count, s->rule, samples, n, s->arena) != QK_OK) return no_memory(s);
    for (size_t i = 0; i < count; i++) QK_TRY(add_finding(s, &found[i]));
    return QK_OK;
}

/* ---- hours of stations ---- */

typedef struct series {
    char code[QK_CODE_MAX], item[QK_CODE_MAX], site[QK_CODE_MAX];
    const char *owner;
    int64_t *micro;
    int32_t *late_s; /* from the hour to its recording; -1 = no hour */
} series;

static bool is_searched(const char *kind)
{
    return qk_str_starts(qk_str_of(kind), QK_STR("air_")) || strcmp(kind, "outlet") == 0;
}

static qk_code read_series(search *s, series *out, const qk_device *d, bool *any)
{
    qk_samples samples;
    qk_stream_id stream = qk_telemetry_find(s->q->reader, qk_str_of(d->mn), QK_STREAM_HOUR);
    *any = false;
    if (!stream) return QK_OK;
    QK_TRY(qk_telemetry_read(&samples, s->q->reader, stream, qk_str_of(out->code), QK_STR("Avg"),
                             s->q->from, s->q->to, QK_TIME_NONE, s->arena, NULL, s->err));
    out->micro = qk_arena_array(s->arena, s->hours, sizeof *out->micro);
    out->late_s = qk_arena_array(s->arena, s->hours, sizeof *out->late_s);
    if (!out->micro || !out->late_s) return no_memory(s);
    for (size_t i = 0; i < s->hours; i++) out->micro[i] = INT64_MIN, out->late_s[i] = -1;
    for (size_t i = 0; i < samples.count; i++) {
        int64_t at = (samples.time[i] - s->q->from) / QK_HOUR;
        qk_dec wide;
        if (samples.mantissa[i] == INT64_MIN || at < 0 || at >= (int64_t)s->hours) continue;
        if (qk_dec_round(&wide, (qk_dec){samples.mantissa[i], samples.scale[i]}, 6) != QK_OK)
            continue;
        out->micro[at] = wide.mantissa;
        out->late_s[at] = samples.recorded[i];
        *any = true;
    }
    return QK_OK;
}

static int by_code(const void *a, const void *b)
{
    const series *x = a, *y = b;
    int order = strcmp(x->code, y->code);
    return order ? order : strcmp(x->site, y->site);
}

static qk_code read_device(search *s, const qk_device *d, series *list, size_t room, size_t *n)
{
    qk_factor *factors;
    qk_site site;
    size_t count = 0;
    bool any;
    if (qk_registry_factors(s->q->registry, s->arena, qk_str_of(d->mn), &factors, &count) != QK_OK)
        return no_memory(s);
    for (size_t i = 0; i < count && *n < room; i++) {
        const char *of = factors[i].site[0] ? factors[i].site : d->site;
        if (!qk_registry_site(s->q->registry, &site, qk_str_of(of)) || !is_searched(site.kind))
            continue;
        series *one = &list[*n];
        qk_str_copy(one->code, sizeof one->code, qk_str_of(factors[i].code));
        qk_str_copy(one->item, sizeof one->item,
                    qk_str_of(factors[i].item[0] ? factors[i].item : factors[i].code));
        qk_str_copy(one->site, sizeof one->site, qk_str_of(of));
        one->owner = keep_text(s, qk_str_of(site.owner_zh[0] ? site.owner_zh : of));
        if (!one->owner) return no_memory(s);
        QK_TRY(read_series(s, one, d, &any));
        *n += any;
    }
    return QK_OK;
}

static qk_code put_hour_row(search *s, qk_fraud_case *c, const series *of, size_t at)
{
    char number[QK_DEC_TEXT];
    qk_time start = s->q->from + (qk_time)at * QK_HOUR;
    qk_dec_format(number, qk_dec_trim((qk_dec){of->micro[at], 6}));
    const char *digits = keep_text(s, qk_str_of(number)), *item = keep_text(s, qk_str_of(of->item));
    const char *point = keep_text(s, qk_str_of(of->site));
    if (!digits || !item || !point) return no_memory(s);
    c->rows[c->n++] = (qk_fraud_row){.institution = of->owner,
                                     .person = "",
                                     .report = "",
                                     .point = point,
                                     .item = item,
                                     .digits = digits,
                                     .at = start,
                                     .told = start + (qk_time)of->late_s[at] * QK_SECOND};
    c->site = point;
    c->item = item;
    return QK_OK;
}

static qk_code add_twin(search *s, const series *list, const qk_fraud_twin *t)
{
    size_t each = t->hours < HOUR_ROWS ? t->hours : HOUR_ROWS;
    qk_fraud_case *c = add_case(s, "same_hours", 2 * each);
    if (!c) return s->n == s->room ? QK_OK : no_memory(s);
    for (size_t i = 0; i < each; i++) QK_TRY(put_hour_row(s, c, &list[t->first], t->first_at + i));
    for (size_t i = 0; i < each; i++)
        QK_TRY(put_hour_row(s, c, &list[t->second], t->second_at + i));
    c->institution = list[t->second].owner;
    c->at = c->rows[each].at;
    c->statistic = (double)t->hours;
    c->all = 2 * t->hours;
    c->severity = QK_SEVERITY_ALARM;
    name_case(c);
    return QK_OK;
}

static qk_code search_twins(search *s, const series *list, size_t n)
{
    qk_fraud_twin *twins = qk_arena_array(s->arena, TWINS_MAX, sizeof *twins);
    qk_fraud_series *all = qk_arena_array(s->arena, n + 1, sizeof *all);
    size_t found = 0;
    if (!twins || !all) return no_memory(s);
    for (size_t i = 0; i < n; i++) all[i] = (qk_fraud_series){list[i].micro, s->hours};
    if (qk_fraud_twins(twins, TWINS_MAX, &found, s->rule, all, n, s->arena) != QK_OK)
        return no_memory(s);
    for (size_t i = 0; i < found; i++) QK_TRY(add_twin(s, list, &twins[i]));
    return QK_OK;
}

/* After an outage all hours come late, and rightly so. */
static bool line_stood(const series *x, size_t at, size_t hours, int64_t most_s)
{
    bool before = false, after = false;
    for (size_t k = 1; k <= NEAR_HOURS; k++) {
        if (at >= k && x->late_s[at - k] >= 0 && x->late_s[at - k] <= most_s) before = true;
        if (at + k < hours && x->late_s[at + k] >= 0 && x->late_s[at + k] <= most_s) after = true;
    }
    return before && after;
}

static qk_code search_late(search *s, const series *x)
{
    int64_t most_s = (int64_t)s->rule->hours_late_days * QK_DAY / QK_SECOND;
    qk_fraud_case *c = NULL;
    for (size_t i = 0; i < s->hours; i++) {
        if (x->late_s[i] <= most_s || !line_stood(x, i, s->hours, most_s)) continue;
        if (!c) {
            c = add_case(s, "late_hours", QK_FRAUD_ROWS);
            if (!c) return s->n == s->room ? QK_OK : no_memory(s);
            c->institution = x->owner;
            c->at = s->q->from + (qk_time)i * QK_HOUR;
            c->severity = QK_SEVERITY_WARNING;
        }
        double late = (double)x->late_s[i] * (double)QK_SECOND / (double)QK_DAY;
        if (late > c->statistic) c->statistic = late;
        c->all++;
        if (c->n < QK_FRAUD_ROWS) QK_TRY(put_hour_row(s, c, x, i));
    }
    if (c) name_case(c);
    return QK_OK;
}

static qk_code search_hours(search *s)
{
    qk_device *devices;
    size_t count = 0, n = 0, room = 4096;
    if (qk_registry_devices(s->q->registry, s->arena, &devices, &count) != QK_OK)
        return no_memory(s);
    series *list = qk_arena_array(s->arena, room, sizeof *list);
    if (!list) return no_memory(s);
    for (size_t i = 0; i < count; i++) QK_TRY(read_device(s, &devices[i], list, room, &n));
    qsort(list, n, sizeof *list, by_code);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(list[end].code, list[i].code) == 0;) end++;
        QK_TRY(search_twins(s, &list[i], end - i));
    }
    for (size_t i = 0; i < n; i++) QK_TRY(search_late(s, &list[i]));
    return QK_OK;
}

qk_code qk_fraud_find(qk_fraud_case **out, size_t *n, const qk_fraud_question *q, qk_arena *arena,
                      qk_error *err)
{
    qk_rules *rules;
    search s = {.q = q, .room = CASES_MAX, .arena = arena, .err = err};
    *n = 0;
    if (q->from >= q->to || q->to - q->from > DAYS_MAX * QK_DAY)
        return qk_fail(err, QK_EINVAL, "1 to %d days can be looked through at once", DAYS_MAX);
    s.hours = (size_t)((q->to - q->from + QK_HOUR - 1) / QK_HOUR);
    QK_TRY(qk_ruleset_load(&rules, q->db, QK_TIME_NONE, arena, err));
    s.rule = qk_rules_fraud_on(rules, qk_day_number(q->to - 1));
    s.list = qk_arena_array(arena, s.room, sizeof *s.list);
    *out = s.list;
    if (!s.list) return no_memory(&s);
    QK_TRY(search_samples(&s));
    QK_TRY(search_hours(&s));
    *n = s.n;
    return QK_OK;
}

/* ---- recording ---- */

static qk_code raise_case(const qk_fraud_case *c, qk_events *events, qk_time now)
{
    qk_buf params;
    qk_json_writer w;
    char kind[40], number[32];
    snprintf(kind, sizeof kind, "fraud_%s", c->pattern);
    snprintf(number, sizeof number, "%.1f", c->statistic);
    qk_buf_init(&params, 8192);
    qk_json_init(&w, &params);
    qk_json_object(&w);
    qk_json_kcstr(&w, "institution", c->institution);
    qk_json_kcstr(&w, "item", c->item);
    qk_json_ki64(&w, "rows", (int64_t)c->all);
    qk_json_kcstr(&w, "statistic", number);
    qk_json_kcstr(&w, "first", c->n ? c->rows[0].point : "");
    qk_json_kcstr(&w, "second", c->n ? c->rows[c->n - 1].point : "");
    qk_json_kcstr(&w, "report", c->n ? c->rows[0].report : "");
    qk_json_kcstr(&w, "finding", c->key);
    qk_json_end(&w);
    qk_event e = {.at = c->at,
                  .recorded_at = now,
                  .severity = c->severity,
                  .journal_pos = UINT64_MAX,
                  .key = c->key,
                  .params = params.ptr};
    qk_str_copy(e.kind, sizeof e.kind, qk_str_of(kind));
    qk_str_copy(e.site, sizeof e.site, qk_str_of(c->site));
    qk_code code = params.failed ? params.failed : qk_events_raise(events, &e);
    qk_buf_clear(&params);
    return code;
}

static void write_credit(qk_json_writer *w, const qk_fraud_case *c)
{
    char date[QK_TIME_TEXT];
    qk_json_object(w);
    qk_json_kcstr(w, "finding", c->key);
    qk_json_kcstr(w, "institution", c->institution);
    qk_json_kcstr(w, "date", qk_date_iso(date, c->at));
    qk_json_kcstr(w, "pattern", c->pattern);
    qk_json_kcstr(w, "item", c->item);
    qk_json_ki64(w, "rows", (int64_t)c->all);
    if (c->site[0]) qk_json_kcstr(w, "site", c->site);
    qk_json_kcstr(w, "state", "suspected");
    qk_json_end(w);
}

static qk_code keep_credit(const qk_fraud_case *c, qk_db *db, const qk_ledger_type *type, qk_str by,
                           qk_time now, bool *fresh, qk_arena *arena, qk_error *err)
{
    qk_buf text;
    qk_json_writer w;
    qk_json_value *object = NULL;
    const qk_str *values;
    qk_str key = qk_str_of(c->key);
    int64_t id = 0;
    qk_code code = qk_ledger_find(&id, db, type, &key, arena, err);
    *fresh = code == QK_ENOTFOUND;
    if (code != QK_ENOTFOUND) return code;
    id = 0;
    qk_buf_init(&text, 16384);
    qk_json_init(&w, &text);
    write_credit(&w, c);
    code = text.failed ? text.failed : qk_json_parse(&object, qk_buf_str(&text), arena, err);
    if (!code) code = qk_ledger_values_json(&values, type, object, NULL, arena, err);
    if (!code) code = qk_ledger_put(&id, fresh, db, type, values, -1, QK_TIME_NONE, by, now, err);
    qk_buf_clear(&text);
    return code;
}

qk_code qk_fraud_record(size_t *fresh, const qk_fraud_case *cases, size_t n, qk_db *db,
                        qk_events *events, qk_str by, qk_time now, qk_error *err)
{
    qk_ledger_type *type;
    qk_arena arena;
    bool is_new = false;
    *fresh = 0;
    qk_arena_init(&arena, LEDGER_ARENA);
    qk_code code = qk_ledger_type_get(&type, db, QK_STR(LEDGER), QK_TIME_NONE, &arena, err);
    for (size_t i = 0; !code && i < n; i++) {
        code = keep_credit(&cases[i], db, type, by, now, &is_new, &arena, err);
        if (!code) code = raise_case(&cases[i], events, now);
        *fresh += is_new;
    }
    qk_arena_clear(&arena);
    return code;
}
