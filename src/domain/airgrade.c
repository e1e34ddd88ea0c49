/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airgrade.h"
#include "domain/airquality.h"
#include "domain/airwindow.h"
#include "domain/touched.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    AFFECTED_MAX = 1 << 18,
    MNS_MAX = 1 << 17,
    ALL_HOURS = 0xffffff,
    TAKE_ARENA = 256 << 20,
    KNOWN_DAYS_MAX = 400,
    FRESH_DAYS = 3 /* interference is told while it can still be looked into */
};

/* The register's air stations as of one version of it. */
typedef struct stations {
    uint64_t version; /* of the register, + 1; 0 = not read yet */
    qk_arena arena;
    qk_air_source *sources;
    size_t n;
    qk_map *mns; /* who speaks for any of them */
} stations;

struct qk_airgrade {
    qk_airgrade_parts p;
    stations stations;
    qk_telemetry_reader *reader;
    qk_touched touched;
    bool again; /* rows from again_from on were graded by older rules */
    bool again_ends;
    int32_t again_from, again_next; /* next: when the transaction under way is committed */
    uint64_t graded;
};

/* Hours of a site's day to be graded. */
typedef struct affected {
    size_t source;
    int32_t day;
    uint32_t hours;
} affected;

/* One turn: the register's stations as they are now, and what is to be graded. */
typedef struct turn {
    qk_airgrade *g;
    qk_db *db;
    qk_time now;
    qk_arena arena;   /* for the whole turn */
    qk_arena scratch; /* for one step */
    qk_air_source *sources;
    size_t source_n;
    size_t (*near)[QK_AIR_NEAR];
    uint8_t *near_n;
    qk_rules *rules;
    qk_map *index; /* source and day -> number in list */
    affected *list;
    size_t n, cap;
    qk_error *err;
} turn;

qk_code qk_airgrade_new(qk_airgrade **out, const qk_airgrade_parts *parts, qk_error *err)
{
    qk_airgrade *g = calloc(1, sizeof *g);
    if (!g) return qk_fail(err, QK_ENOMEM, "no memory for grades of hours");
    g->p = *parts;
    qk_code code = qk_touched_init(&g->touched, QK_LEVEL_AIR);
    if (code) qk_fail(err, code, "no memory for grades of hours");
    if (!code) code = qk_telemetry_reader_open(&g->reader, parts->telemetry, parts->db_path, err);
    if (code) {
        qk_airgrade_free(g);
        return code;
    }
    qk_arena_init(&g->stations.arena, TAKE_ARENA);
    *out = g;
    return QK_OK;
}

static qk_code read_stations(stations *s, const qk_registry *registry, qk_error *err)
{
    uint64_t version = qk_registry_version(registry) + 1;
    if (s->version == version) return QK_OK;
    s->version = 0;
    qk_map_free(s->mns);
    s->mns = NULL;
    qk_arena_reset(&s->arena);
    QK_TRY(qk_air_sources(&s->sources, &s->n, registry, &s->arena, err));
    qk_code code = qk_map_new(&s->mns, MNS_MAX);
    for (size_t i = 0; !code && i < s->n; i++)
        for (size_t k = 0; !code && k < s->sources[i].mn_count; k++)
            code = qk_map_set(s->mns, qk_str_of(s->sources[i].mns[k]), i);
    if (code) return qk_fail(err, code, "no memory for the devices of air stations");
    s->version = version;
    return QK_OK;
}

void qk_airgrade_free(qk_airgrade *g)
{
    if (!g) return;
    qk_telemetry_reader_close(g->reader);
    qk_touched_clear(&g->touched);
    qk_map_free(g->stations.mns);
    qk_arena_clear(&g->stations.arena);
    free(g);
}

/* Most devices feed no air station: they are passed over here, at the cost of one look-up. */
void qk_airgrade_touch(qk_airgrade *g, const char *mn, qk_time hour)
{
    bool known = read_stations(&g->stations, g->p.registry, NULL) == QK_OK;
    if (known && !qk_map_get(g->stations.mns, qk_str_of(mn), NULL)) return;
    qk_touched_add(&g->touched, mn, qk_day_number(hour));
}

bool qk_airgrade_unsaved(const qk_airgrade *g)
{
    return g->touched.n > 0 || g->again;
}

void qk_airgrade_settle(qk_airgrade *g, bool committed)
{
    qk_touched_settle(&g->touched, committed);
    if (!committed || !g->again) return;
    g->again_from = g->again_next;
    if (g->again_ends) g->again = false;
}

uint64_t qk_airgrade_count(const qk_airgrade *g)
{
    return g->graded;
}

/* ---- the table ---- */

static qk_code read_row(qk_air_row *out, qk_db *db, const char *site, int32_t day, bool *found,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    *found = false;
    qk_air_row_init(out, day);
    QK_TRY(qk_db_prepare(&s, db, "SELECT cells FROM air_day WHERE site=? AND day=?", err));
    qk_db_bind_str(s, 1, qk_str_of(site));
    sqlite3_bind_int(s, 2, day);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return QK_OK;
    if (!code)
        code = qk_air_row_unpack(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
                                 err);
    sqlite3_reset(s);
    *found = !code;
    return code;
}

static qk_code write_row(qk_db *db, const char *site, const qk_air_row *row, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    uint8_t bytes[QK_AIR_ROW_BYTES];
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO air_day(site,day,cells) VALUES(?1,?2,?3)"
                         " ON CONFLICT(site,day) DO UPDATE SET cells=?3",
                         err));
    qk_air_row_pack(bytes, row);
    qk_db_bind_str(s, 1, qk_str_of(site));
    sqlite3_bind_int(s, 2, row->day);
    qk_db_bind_blob(s, 3, bytes, sizeof bytes);
    return qk_db_run(db, s, err);
}

qk_code qk_air_rows(qk_air_row **out, size_t *n, qk_db *db, const char *site, int32_t from_day,
                    int32_t to_day, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    *n = 0;
    int64_t days = (int64_t)to_day - from_day + 1;
    *out = qk_arena_array(arena, days > 0 ? (size_t)days : 0, sizeof **out);
    if (!*out)
        return qk_fail(err, QK_ENOMEM, "no memory for %lld days of a station", (long long)days);
    QK_TRY(qk_db_prepare(
        &s, db, "SELECT day,cells FROM air_day WHERE site=? AND day BETWEEN ? AND ? ORDER BY day",
        err));
    qk_db_bind_str(s, 1, qk_str_of(site));
    sqlite3_bind_int(s, 2, from_day);
    sqlite3_bind_int(s, 3, to_day);
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_air_row *row = &(*out)[*n];
        row->day = sqlite3_column_int(s, 0);
        code = qk_air_row_unpack(row, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1),
                                 err);
        if (code) {
            sqlite3_reset(s);
            return code;
        }
        (*n)++;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- what depends on what ---- */

static qk_code affect(turn *t, size_t source, int32_t day, uint32_t hours)
{
    char key[sizeof source + sizeof day];
    uint64_t number;
    memcpy(key, &source, sizeof source);
    memcpy(key + sizeof source, &day, sizeof day);
    if (!hours) return QK_OK;
    if (qk_map_get(t->index, (qk_str){key, sizeof key}, &number)) {
        t->list[number].hours |= hours;
        return QK_OK;
    }
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 256;
        affected *grown = realloc(t->list, cap * sizeof *grown);
        if (!grown) return qk_fail(t->err, QK_ENOMEM, "no memory for hours to be graded");
        t->list = grown;
        t->cap = cap;
    }
    qk_code code = qk_map_set(t->index, (qk_str){key, sizeof key}, t->n);
    if (code) return qk_fail(t->err, code, "no room for hours to be graded");
    t->list[t->n++] = (affected){source, day, hours};
    return QK_OK;
}

/* Bits that begin anywhere and reach into the days beside. */
static qk_code affect_span(turn *t, size_t source, int32_t day, int first, int last)
{
    uint32_t bits[3] = {0};
    for (int h = first; h <= last; h++)
        if (h >= -QK_AIR_DAY_HOURS && h < 2 * QK_AIR_DAY_HOURS)
            bits[h / QK_AIR_DAY_HOURS + 1 - (h < 0 && h % QK_AIR_DAY_HOURS)] |=
                (uint32_t)1 << ((h + QK_AIR_DAY_HOURS) % QK_AIR_DAY_HOURS);
    for (int i = 0; i < 3; i++) QK_TRY(affect(t, source, day + i - 1, bits[i]));
    return QK_OK;
}

static int reach_of(const qk_qc_rule *rule)
{
    int reach = 1;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (rule->item[p].stuck_hours - 1 > reach) reach = rule->item[p].stuck_hours - 1;
    return reach;
}

/* The hours of `changed` at this site and day changed: who looks at them? */
static qk_code spread(turn *t, size_t source, int32_t day, uint32_t changed)
{
    const qk_qc_rule *rule = qk_rules_qc_on(t->rules, day);
    int reach = reach_of(rule);
    int32_t today = qk_day_number(t->now);
    for (int h = 0; h < QK_AIR_DAY_HOURS; h++)
        if (changed >> h & 1) QK_TRY(affect_span(t, source, day, h - reach, h + reach));
    for (int32_t k = 1; k <= rule->past_days && day + k <= today; k++)
        QK_TRY(affect(t, source, day + k, changed));
    for (size_t r = 0; r < t->source_n; r++)
        for (size_t k = 0; k < t->near_n[r]; k++) {
            if (t->near[r][k] != source) continue;
            for (int h = 0; h < QK_AIR_DAY_HOURS; h++)
                if (changed >> h & 1) QK_TRY(affect_span(t, r, day, h, h + 1));
        }
    return QK_OK;
}

/* ---- taking in ---- */

static qk_code take_source(turn *t, size_t source, int32_t day)
{
    qk_air_cell *cells[QK_POLLUTANTS];
    qk_air_row row;
    uint32_t changed;
    bool found;
    qk_time first_end = (qk_time)day * QK_DAY - QK_CST_OFFSET + QK_HOUR;
    qk_arena_reset(&t->scratch);
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        cells[p] = qk_arena_array(&t->scratch, QK_AIR_DAY_HOURS, sizeof *cells[p]);
        if (!cells[p]) return qk_fail(t->err, QK_ENOMEM, "no memory for a day of a station");
    }
    const qk_air_source *s = &t->sources[source];
    QK_TRY(read_row(&row, t->db, s->site->id, day, &found, t->err));
    QK_TRY(qk_air_read(cells, QK_AIR_DAY_HOURS, first_end, QK_TIME_NONE, t->g->p.registry,
                       t->g->reader, s, &t->scratch, t->err));
    if (!qk_air_row_take(&row, cells, 0, &changed)) return QK_OK;
    QK_TRY(write_row(t->db, s->site->id, &row, t->err));
    return spread(t, source, day, changed);
}

static bool speaks_for(const qk_air_source *s, const char *mn)
{
    for (size_t i = 0; i < s->mn_count; i++)
        if (strcmp(s->mns[i], mn) == 0) return true;
    return false;
}

static qk_code take_touched(turn *t, const qk_touched_day *d)
{
    for (size_t i = 0; i < t->source_n; i++)
        if (speaks_for(&t->sources[i], d->mn)) QK_TRY(take_source(t, i, d->day));
    return QK_OK;
}

/* ---- interference ---- */

static qk_code find_spray(turn *t, const qk_site *site, qk_time from, qk_time to, int32_t metres,
                          char id[QK_CODE_MAX], qk_time *at)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    id[0] = 0;
    QK_TRY(qk_db_prepare(&s, t->db,
                         "SELECT site,at FROM event WHERE kind='water_spraying' AND at>=? AND at<=?"
                         " ORDER BY at DESC LIMIT 1000",
                         t->err));
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, to);
    while ((code = qk_db_step(t->db, s, t->err)) == QK_OK) {
        qk_site other;
        if (!qk_registry_site(t->g->p.registry, &other, qk_db_text(s, 0))) continue;
        /* A distance to nowhere is NaN, and not within anything. */
        if (strcmp(other.id, site->id) != 0 && !(qk_air_distance_m(site, &other) <= metres))
            continue;
        qk_str_copy(id, QK_CODE_MAX, qk_str_of(other.id));
        *at = sqlite3_column_int64(s, 1);
        sqlite3_reset(s);
        return QK_OK;
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static void put_micro(qk_json_writer *w, const char *name, int64_t micro)
{
    qk_dec d;
    qk_json_key(w, name);
    if (micro != QK_QC_NONE && qk_dec_round(&d, (qk_dec){micro, 6}, 1) == QK_OK)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
}

typedef struct finding {
    const char *pattern; /* "falls_alone", "too_smooth" */
    const qk_site *site;
    qk_pollutant p;
    qk_time end;
    const qk_qc_fall *fall;
    const qk_qc_smooth *smooth;
    int32_t hours;
    const char *spray; /* site of the spraying; "" = none */
    qk_time spray_at;
} finding;

static void put_finding(qk_json_writer *w, const finding *f)
{
    char text[QK_TIME_TEXT];
    qk_json_object(w);
    qk_json_kcstr(w, "pattern", f->pattern);
    qk_json_kcstr(w, "item", qk_pollutant_name(f->p));
    qk_json_kcstr(w, "unit", "µg/m³");
    qk_json_kcstr(w, "until", qk_time_iso(text, f->end));
    qk_json_ki64(w, "hours", f->hours);
    put_micro(w, "before", f->fall ? f->fall->before : QK_QC_NONE);
    put_micro(w, "now", f->fall ? f->fall->now : f->smooth->mean);
    put_micro(w, "near_before", f->fall ? f->fall->near_before : QK_QC_NONE);
    put_micro(w, "near_now", f->fall ? f->fall->near_now : QK_QC_NONE);
    qk_json_ki64(w, "own_figure", f->fall ? f->fall->percent : f->smooth->permille);
    qk_json_ki64(w, "near_figure", f->fall ? f->fall->near_percent : f->smooth->near_permille);
    qk_json_kcstr(w, "spraying", f->spray);
    qk_json_kcstr(w, "spraying_at", f->spray[0] ? qk_time_iso(text, f->spray_at) : "");
    qk_json_end(w);
}

/* Told once a station, item, pattern and day; again when spraying is known beside it. */
static qk_code tell_finding(turn *t, const finding *f)
{
    char key[128];
    qk_buf params;
    qk_json_writer w;
    snprintf(key, sizeof key, "air_interference:%s:%s:%s:%d:%d", f->pattern, f->site->id,
             qk_pollutant_name(f->p), (int)qk_day_number(f->end - 1), f->spray[0] != 0);
    qk_buf_init(&params, 4096);
    qk_json_init(&w, &params);
    put_finding(&w, f);
    qk_event e = {.at = f->end,
                  .recorded_at = t->now,
                  .kind = "air_interference",
                  .severity = f->spray[0] ? QK_SEVERITY_ALARM : QK_SEVERITY_WARNING,
                  .journal_pos = UINT64_MAX,
                  .key = key,
                  .params = params.ptr};
    qk_str_copy(e.site, sizeof e.site, qk_str_of(f->site->id));
    qk_code code = params.failed ? params.failed : qk_events_raise(t->g->p.events, &e);
    qk_buf_clear(&params);
    return code ? qk_fail(t->err, code, "no room for a finding of interference") : QK_OK;
}

static void near_series(const int64_t *out[QK_AIR_NEAR], const qk_air_window *w, qk_pollutant p,
                        size_t from)
{
    for (size_t k = 0; k < w->near_n; k++) out[k] = w->near_own[k][p] + from;
}

static qk_code look_at_hour(turn *t, const qk_air_window *w, const qk_site *site,
                            const qk_qc_rule *rule, qk_pollutant p, size_t hour)
{
    const qk_qc_interference *r = &rule->interference;
    const int64_t *near[QK_AIR_NEAR];
    char spray[QK_CODE_MAX] = "";
    qk_qc_fall fall;
    qk_qc_smooth smooth;
    qk_time end = ((qk_time)w->first_day * QK_DAY - QK_CST_OFFSET) + (qk_time)(hour + 1) * QK_HOUR;
    finding f = {.site = site, .p = p, .end = end, .spray = spray};
    size_t span = (size_t)r->hours * 2;
    if (span && hour + 1 >= span) {
        near_series(near, w, p, hour + 1 - span);
        if (qk_qc_falls_alone(&fall, rule, w->own[p] + hour + 1 - span, near, w->near_n)) {
            QK_TRY(find_spray(t, site, end - (qk_time)span * QK_HOUR, end, r->spray_metres, spray,
                              &f.spray_at));
            f.pattern = "falls_alone";
            f.hours = r->hours;
            f.fall = &fall;
            QK_TRY(tell_finding(t, &f));
        }
    }
    if (r->smooth_hours < 2 || hour + 1 < (size_t)r->smooth_hours) return QK_OK;
    size_t from = hour + 1 - (size_t)r->smooth_hours;
    near_series(near, w, p, from);
    if (!qk_qc_too_smooth(&smooth, rule, w->own[p] + from, near, w->near_n)) return QK_OK;
    QK_TRY(find_spray(t, site, end - r->smooth_hours * QK_HOUR, end, r->spray_metres, spray,
                      &f.spray_at));
    f.pattern = "too_smooth";
    f.hours = r->smooth_hours;
    f.fall = NULL;
    f.smooth = &smooth;
    return tell_finding(t, &f);
}

static qk_code look_at_day(turn *t, const qk_air_window *w, const affected *a,
                           const qk_qc_rule *rule)
{
    const qk_site *site = t->sources[a->source].site;
    if (a->day < qk_day_number(t->now) - FRESH_DAYS || !qk_air_is_evaluated(site->kind))
        return QK_OK;
    for (size_t h = 0; h < QK_AIR_DAY_HOURS; h++) {
        size_t hour = (size_t)(a->day - w->first_day) * QK_AIR_DAY_HOURS + h;
        if (!(a->hours >> h & 1)) continue;
        QK_TRY(look_at_hour(t, w, site, rule, QK_PM10, hour));
        QK_TRY(look_at_hour(t, w, site, rule, QK_PM25, hour));
    }
    return QK_OK;
}

/* ---- grading ---- */

static qk_code load_days(turn *t, qk_air_window *w, size_t which, size_t source, int32_t from,
                         int32_t to)
{
    for (int32_t day = from; day <= to; day++) {
        qk_air_row row;
        bool found;
        QK_TRY(read_row(&row, t->db, t->sources[source].site->id, day, &found, t->err));
        if (found) qk_air_window_put(w, which, &row);
    }
    return QK_OK;
}

/* True when a grade or its reasons became others. */
static bool grade_cells(qk_air_row *row, const qk_air_window *w, const qk_qc_rule *rule,
                        uint32_t hours)
{
    bool changed = false;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (size_t h = 0; h < QK_AIR_DAY_HOURS; h++) {
            qk_qc_verdict v;
            if (!(hours >> h & 1)) continue;
            size_t hour = (size_t)(row->day - w->first_day) * QK_AIR_DAY_HOURS + h;
            qk_air_window_judge(&v, w, rule, (qk_pollutant)p, hour);
            qk_air_graded *g = &row->cell[p][h];
            if (g->grade == (uint8_t)v.grade && g->reasons == (uint16_t)v.reasons) continue;
            g->grade = (uint8_t)v.grade;
            g->reasons = (uint16_t)v.reasons;
            changed = true;
        }
    return changed;
}

static qk_code grade_day(turn *t, const affected *a)
{
    qk_air_window w;
    qk_air_row row;
    bool found;
    const qk_site *site = t->sources[a->source].site;
    const qk_qc_rule *rule = qk_rules_qc_on(t->rules, a->day);
    QK_TRY(read_row(&row, t->db, site->id, a->day, &found, t->err));
    if (!found) return QK_OK;
    int32_t first = a->day - (rule->past_days > 1 ? rule->past_days : 1);
    qk_arena_reset(&t->scratch);
    QK_TRY(qk_air_window_new(&w, first, a->day + 1 - first + 1, t->near[a->source],
                             t->near_n[a->source], &t->scratch, t->err));
    QK_TRY(load_days(t, &w, SIZE_MAX, a->source, first, a->day + 1));
    for (size_t k = 0; k < w.near_n; k++)
        QK_TRY(load_days(t, &w, k, w.near[k], a->day - 1, a->day));
    bool changed = grade_cells(&row, &w, rule, a->hours);
    t->g->graded += (uint64_t)__builtin_popcount(a->hours);
    if (changed) QK_TRY(write_row(t->db, site->id, &row, t->err));
    return look_at_day(t, &w, a, rule);
}

/* ---- one turn ---- */

static qk_code begin_turn(turn *t)
{
    QK_TRY(read_stations(&t->g->stations, t->g->p.registry, t->err));
    t->sources = t->g->stations.sources;
    t->source_n = t->g->stations.n;
    QK_TRY(qk_ruleset_load(&t->rules, t->db, QK_TIME_NONE, &t->arena, t->err));
    qk_code code = qk_map_new(&t->index, AFFECTED_MAX);
    if (code) return qk_fail(t->err, code, "no memory for hours to be graded");
    t->near = qk_arena_array(&t->arena, t->source_n + 1, sizeof *t->near);
    t->near_n = qk_arena_array(&t->arena, t->source_n + 1, 1);
    if (!t->near || !t->near_n) return qk_fail(t->err, QK_ENOMEM, "no memory for neighbours");
    int32_t km = qk_rules_qc_on(t->rules, qk_day_number(t->now))->near_km;
    for (size_t i = 0; i < t->source_n; i++)
        t->near_n[i] = (uint8_t)qk_air_near(t->near[i], t->sources, t->source_n, i, km);
    return QK_OK;
}

static qk_code affect_all(turn *t, int32_t day)
{
    for (size_t i = 0; i < t->source_n; i++) QK_TRY(affect(t, i, day, ALL_HOURS));
    return QK_OK;
}

static qk_code grade_affected(turn *t)
{
    for (size_t i = 0; i < t->n; i++) QK_TRY(grade_day(t, &t->list[i]));
    t->n = 0;
    qk_map_free(t->index);
    t->index = NULL;
    qk_code code = qk_map_new(&t->index, AFFECTED_MAX);
    return code ? qk_fail(t->err, code, "no memory for hours to be graded") : QK_OK;
}

/* Day by day, as far as the time goes; how far stands in the table of small values. */
static qk_code grade_again(turn *t, int64_t until, bool *more)
{
    qk_airgrade *g = t->g;
    int32_t today = qk_day_number(t->now);
    g->again_next = g->again_from;
    while (g->again_next <= today && qk_monotonic_ms() < until) {
        QK_TRY(affect_all(t, g->again_next++));
        QK_TRY(grade_affected(t));
    }
    g->again_ends = g->again_next > today;
    if (!g->again_ends) *more = true;
    return qk_db_meta_set(t->db, "air_regrade", g->again_ends ? INT64_MAX : g->again_next, t->err);
}

static qk_code run_turn(turn *t, uint32_t budget_ms, bool *more)
{
    qk_airgrade *g = t->g;
    int64_t until = qk_monotonic_ms() + budget_ms;
    QK_TRY(begin_turn(t));
    for (size_t i = 0; i < g->touched.n; i++) {
        if (qk_monotonic_ms() < until) {
            QK_TRY(take_touched(t, &g->touched.list[i]));
            QK_TRY(qk_touched_done(&g->touched, i, t->db, t->err));
        } else {
            *more = true;
            QK_TRY(qk_touched_keep(&g->touched, i, t->db, t->err));
        }
    }
    QK_TRY(grade_affected(t));
    return g->again ? grade_again(t, until, more) : QK_OK;
}

qk_code qk_airgrade_save(qk_airgrade *g, qk_db *db, qk_time now, uint32_t budget_ms, bool *more,
                         qk_error *err)
{
    turn t = {.g = g, .db = db, .now = now, .err = err};
    *more = false;
    if (!qk_airgrade_unsaved(g)) return QK_OK;
    qk_arena_init(&t.arena, TAKE_ARENA);
    qk_arena_init(&t.scratch, TAKE_ARENA);
    qk_code code = run_turn(&t, budget_ms, more);
    qk_map_free(t.index);
    free(t.list);
    qk_arena_clear(&t.scratch);
    qk_arena_clear(&t.arena);
    return code;
}

/* Written at once: the rules that ask for it are committed with it. A turn under way begins anew.
 */
qk_code qk_airgrade_again(qk_airgrade *g, qk_db *db, int32_t from_day, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT coalesce(min(day),0) FROM air_day", err));
    QK_TRY(qk_db_step(db, s, err));
    if (sqlite3_column_int(s, 0) > from_day) from_day = sqlite3_column_int(s, 0);
    sqlite3_reset(s);
    if (!g->again || from_day < g->again_from) g->again_from = from_day;
    g->again_next = g->again_from;
    g->again = true;
    g->again_ends = false;
    return qk_db_meta_set(db, "air_regrade", g->again_from, err);
}

/* ---- after a start ---- */

typedef struct first_look {
    qk_airgrade *g;
    qk_error *err;
} first_look;

static qk_code touch_stream(void *context, qk_stream_id stream, qk_str mn, qk_stream_kind kind)
{
    first_look *f = context;
    qk_time first, last;
    char name[QK_MN_MAX];
    if (kind != QK_STREAM_HOUR && kind != QK_STREAM_DERIVED_HOUR) return QK_OK;
    if (qk_telemetry_span(&first, &last, f->g->reader, stream, f->err) != QK_OK) return QK_OK;
    qk_str_copy(name, sizeof name, mn);
    if (!qk_map_get(f->g->stations.mns, mn, NULL)) return QK_OK;
    for (int32_t day = qk_day_number(first); day <= qk_day_number(last); day++)
        qk_touched_add(&f->g->touched, name, day);
    return QK_OK;
}

qk_code qk_airgrade_load(qk_airgrade *g, qk_db *db, qk_error *err)
{
    int64_t begun = 0, from = INT64_MAX;
    first_look f = {g, err};
    QK_TRY(qk_touched_load(&g->touched, db, err));
    qk_code code = qk_db_meta_get(db, "air_regrade", &from, err);
    if (code && code != QK_ENOTFOUND) return code;
    g->again = from != INT64_MAX;
    g->again_from = g->again ? (int32_t)from : 0;
    code = qk_db_meta_get(db, "air_graded", &begun, err);
    if (code != QK_ENOTFOUND) return code;
    QK_TRY(read_stations(&g->stations, g->p.registry, err));
    QK_TRY(qk_telemetry_streams(g->reader, touch_stream, &f, err));
    return qk_db_meta_set(db, "air_graded", 1, err);
}

/* ---- as known at T ---- */

static qk_code fill_known(qk_air_window *w, size_t which, const qk_air_source *source, int32_t from,
                          int32_t days, qk_time known_at, const qk_registry *registry,
                          qk_telemetry_reader *reader, qk_arena *arena, qk_air_row *rows,
                          qk_error *err)
{
    qk_air_cell *cells[QK_POLLUTANTS];
    size_t hours = (size_t)days * QK_AIR_DAY_HOURS;
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        cells[p] = qk_arena_array(arena, hours, sizeof *cells[p]);
        if (!cells[p]) return qk_fail(err, QK_ENOMEM, "no memory for %d days", days);
    }
    QK_TRY(qk_air_read(cells, hours, (qk_time)from * QK_DAY - QK_CST_OFFSET + QK_HOUR, known_at,
                       registry, reader, source, arena, err));
    for (int32_t d = 0; d < days; d++) {
        qk_air_row row;
        uint32_t changed;
        qk_air_row_init(&row, from + d);
        (void)qk_air_row_take(&row, cells, (size_t)d * QK_AIR_DAY_HOURS, &changed);
        qk_air_window_put(w, which, &row);
        if (rows) rows[d] = row;
    }
    return QK_OK;
}

qk_code qk_air_rows_known(qk_air_row **out, size_t *n, qk_db *db, const qk_registry *registry,
                          qk_telemetry_reader *reader, const char *site, int32_t from_day,
                          int32_t to_day, qk_time known_at, qk_arena *arena, qk_error *err)
{
    qk_air_source *sources;
    qk_rules *rules;
    qk_air_window w;
    size_t count, at = 0, near[QK_AIR_NEAR];
    int64_t days = (int64_t)to_day - from_day + 1;
    *n = 0;
    if (days < 1 || days > KNOWN_DAYS_MAX)
        return qk_fail(err, QK_ERANGE, "1 to %d days can be graded at once", KNOWN_DAYS_MAX);
    QK_TRY(qk_air_sources(&sources, &count, registry, arena, err));
    QK_TRY(qk_ruleset_load(&rules, db, known_at, arena, err));
    while (at < count && strcmp(sources[at].site->id, site) != 0) at++;
    if (at == count) return qk_fail(err, QK_ENOTFOUND, "'%s' is no air station", site);
    int32_t back = qk_rules_qc_on(rules, from_day)->past_days + 1;
    int32_t all = back + (int32_t)days + 1;
    size_t near_n = qk_air_near(near, sources, count, at, qk_rules_qc_on(rules, from_day)->near_km);
    qk_air_row *rows = qk_arena_array(arena, (size_t)all, sizeof *rows);
    if (!rows) return qk_fail(err, QK_ENOMEM, "no memory for %d days", all);
    QK_TRY(qk_air_window_new(&w, from_day - back, all, near, near_n, arena, err));
    QK_TRY(fill_known(&w, SIZE_MAX, &sources[at], w.first_day, all, known_at, registry, reader,
                      arena, rows, err));
    for (size_t k = 0; k < near_n; k++)
        QK_TRY(fill_known(&w, k, &sources[near[k]], from_day - 1, (int32_t)days + 1, known_at,
                          registry, reader, arena, NULL, err));
    for (int32_t d = 0; d < days; d++)
        (void)grade_cells(&rows[back + d], &w, qk_rules_qc_on(rules, from_day + d), ALL_HOURS);
    *out = rows + back;
    *n = (size_t)days;
    return QK_OK;
}
