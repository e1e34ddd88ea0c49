/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/hotspot_evidence.h"
#include "domain/hours.h"
#include "domain/ledger.h"
#include <math.h>
#include <stdio.h>

enum {
    USUAL_H = 72,
    NOTES_MAX = 4000, /* rows of ledgers that say something */
    OWNERS_MAX = 400,
    FIRE_H = 12,
    PROBLEM_DAYS = 90, /* as QK_EVIDENCE_BEFORE says */
    FILED_DAYS = 365,
    FIRES_KNOWN_DAYS = 365 /* a ledger without a fire for so long is not kept */
};
static const double at_work_ratio = 2, idle_ratio = 1.15;   /* of the stations' middle, dust */
static const double running_share = 0.25, idle_share = 0.1; /* of its greatest hour */
static const double size_most = 3;

/* A row of a ledger about a site. */
typedef struct note {
    const char *site, *from, *date;
    unsigned evidence;
    double tonnes; /* of emission_source */
} note;

/* Power of an owner's meters: production, treatment. */
typedef struct owner_power {
    const char *owner;
    double now[2], most[2];
} owner_power;

struct qk_evidence_book {
    qk_evidence_ask ask;
    qk_site *sites;
    size_t site_count;
    note *notes;
    size_t note_count;
    owner_power *owners;
    size_t owner_count;
    double usual_tonnes; /* geometric mean of the sites'; 0 = none told */
    qk_suspicion *fires;
    size_t fire_count;
    bool knows_fires, knows_permits;
    const qk_ledger_type *type; /* being read */
    const char *ledger;         /* its name */
};

static qk_code no_memory(qk_error *err)
{
    return qk_fail(err, QK_ENOMEM, "no memory for the evidence");
}

static void add_line(qk_suspicion *s, unsigned bit, const qk_evidence_line *line)
{
    if ((bit && s->evidence & bit) || s->lines == QK_EVIDENCE_LINES) return;
    s->evidence |= bit;
    s->line[s->lines] = *line;
    if (bit) s->line[s->lines].weight = qk_evidence_weight(bit);
    s->lines++;
}

static const char *kind_of(unsigned bit)
{
    switch (bit) {
    case QK_EVIDENCE_RUNNING: return "running";
    case QK_EVIDENCE_IDLE: return "idle";
    case QK_EVIDENCE_FIRE: return "fire";
    case QK_EVIDENCE_AT_WORK: return "at_work";
    case QK_EVIDENCE_TREATMENT_OFF: return "treatment_off";
    case QK_EVIDENCE_BEFORE: return "before";
    default: return "permit";
    }
}

static void add_evidence(qk_suspicion *s, unsigned bit, const char *from, double value,
                         double against, const char *date)
{
    qk_evidence_line line = {
        .kind = kind_of(bit), .from = from, .value = value, .against = against};
    snprintf(line.date, sizeof line.date, "%.10s", date);
    add_line(s, bit, &line);
}

/* ---- its own monitor ---- */

static qk_code read_monitor(qk_suspicion *s, qk_hour_column *hours, const qk_evidence_ask *ask,
                            qk_str code, qk_error *err)
{
    qk_factor f;
    QK_TRY(qk_hours_read(hours, &f, ask->registry, ask->reader, s->site.id, code,
                         ask->end - USUAL_H * QK_HOUR, ask->end, ask->arena, err));
    s->value = NAN;
    for (size_t h = hours->count; h > hours->count - 2 && !isfinite(s->value); h--)
        s->value = hours->value[h - 1];
    memcpy(s->code, f.code, sizeof s->code);
    memcpy(s->unit, f.unit, sizeof s->unit);
    return QK_OK;
}

/* A dust monitor against the stations around it. */
static void judge_dust(qk_suspicion *s, double middle)
{
    s->usual = middle;
    if (!isfinite(s->value)) return;
    if (s->value >= at_work_ratio * middle)
        add_evidence(s, QK_EVIDENCE_AT_WORK, "monitor", s->value, middle, "");
    if (s->value < idle_ratio * middle)
        add_evidence(s, QK_EVIDENCE_IDLE, "monitor", s->value, middle, "");
}

/* An outlet against the greatest of its own last three days. */
static void judge_outlet(qk_suspicion *s, const qk_hour_column *hours)
{
    double most = 0;
    for (size_t h = 0; h < hours->count; h++)
        if (hours->value[h] > most) most = hours->value[h];
    s->usual = most;
    if (!isfinite(s->value) || !(most > 0)) return;
    if (s->value >= running_share * most)
        add_evidence(s, QK_EVIDENCE_RUNNING, "monitor", s->value, most, "");
    if (s->value < idle_share * most)
        add_evidence(s, QK_EVIDENCE_IDLE, "monitor", s->value, most, "");
}

static qk_code ask_monitor(qk_suspicion *s, const qk_evidence_ask *ask, qk_error *err)
{
    static const char *const codes[] = {"a34013", "a24088", "a21002"};
    qk_hour_column hours = {0};
    if (strcmp(s->site.kind, "dust") == 0) {
        QK_TRY(read_monitor(s, &hours, ask, ask->factor, err));
        judge_dust(s, ask->middle);
    } else if (strcmp(s->site.kind, "outlet") == 0) {
        for (size_t k = 0; k < sizeof codes / sizeof *codes && !isfinite(s->value); k++)
            QK_TRY(read_monitor(s, &hours, ask, qk_str_of(codes[k]), err));
        judge_outlet(s, &hours);
    }
    return QK_OK;
}

/* ---- its owner's meters ---- */

/* Adds one meter: the last of two hours that is there, and the greatest of three days. */
static qk_code add_meter(owner_power *p, size_t of, const char *site, const char *code,
                         const qk_evidence_ask *ask, qk_error *err)
{
    qk_hour_column hours;
    double now = NAN, most = 0;
    QK_TRY(qk_hours_read(&hours, NULL, ask->registry, ask->reader, site, qk_str_of(code),
                         ask->end - USUAL_H * QK_HOUR, ask->end, ask->arena, err));
    for (size_t h = 0; h < hours.count; h++) {
        if (!isfinite(hours.value[h])) continue;
        most = fmax(most, hours.value[h]);
        if (h + 2 >= hours.count) now = hours.value[h];
    }
    if (!isfinite(now)) return QK_OK;
    p->now[of] = (isfinite(p->now[of]) ? p->now[of] : 0) + now;
    p->most[of] += most;
    return QK_OK;
}

static qk_code power_of(const owner_power **out, qk_evidence_book *b, const char *owner,
                        qk_error *err)
{
    static const char *const codes[] = {"d20101", "d30101"};
    *out = NULL;
    for (size_t i = 0; i < b->owner_count && !*out; i++)
        if (strcmp(b->owners[i].owner, owner) == 0) *out = &b->owners[i];
    if (*out || b->owner_count == OWNERS_MAX) return QK_OK;
    char *name = qk_arena_copy(b->ask.arena, owner, strlen(owner));
    if (!name) return no_memory(err);
    owner_power *p = &b->owners[b->owner_count++];
    *p = (owner_power){.owner = name, .now = {NAN, NAN}};
    for (size_t i = 0; i < b->site_count; i++) {
        const qk_site *s = &b->sites[i];
        if (strcmp(s->kind, "power") != 0 || strcmp(s->owner_zh, owner) != 0) continue;
        for (size_t k = 0; k < 2; k++) QK_TRY(add_meter(p, k, s->id, codes[k], &b->ask, err));
    }
    *out = p;
    return QK_OK;
}

static void drop_idle(qk_suspicion *s)
{
    for (size_t i = 0; i < s->lines; i++) {
        if (strcmp(s->line[i].kind, "idle") != 0) continue;
        s->evidence &= ~(unsigned)QK_EVIDENCE_IDLE;
        s->line[i] = s->line[--s->lines];
        return;
    }
}

/* A clean outlet of a line that draws power is no idle one. */
static void judge_power(qk_suspicion *s, const owner_power *p)
{
    double now = p->now[0], most = p->most[0];
    if (!isfinite(now) || !(most > 0)) return;
    if (now < idle_share * most && !(s->evidence & QK_EVIDENCE_RUNNING))
        add_evidence(s, QK_EVIDENCE_IDLE, "meter", now, most, "");
    if (now < running_share * most) return;
    drop_idle(s);
    add_evidence(s, QK_EVIDENCE_RUNNING, "meter", now, most, "");
    if (p->now[1] < idle_share * p->most[1])
        add_evidence(s, QK_EVIDENCE_TREATMENT_OFF, "meter", p->now[1], p->most[1], "");
}

static qk_code ask_meters(qk_suspicion *s, qk_evidence_book *b, qk_error *err)
{
    const owner_power *p = NULL;
    if (s->site.owner_zh[0] == 0) return QK_OK;
    QK_TRY(power_of(&p, b, s->site.owner_zh, err));
    if (p) judge_power(s, p);
    return QK_OK;
}

/* ---- ledgers ---- */

static double number_in(const qk_evidence_book *b, const qk_ledger_row *row, const char *field)
{
    double x;
    return qk_parse_f64(&x, qk_ledger_cell(b->type, row->values, field)) == QK_OK ? x : NAN;
}

static char *copy_of(const qk_evidence_book *b, qk_str text)
{
    return qk_arena_copy(b->ask.arena, text.ptr, text.len);
}

static qk_code take_note(qk_evidence_book *b, const qk_ledger_row *row, unsigned evidence,
                         double tonnes)
{
    if (b->note_count == NOTES_MAX || row->site.len == 0) return QK_OK;
    note *n = &b->notes[b->note_count];
    *n = (note){copy_of(b, row->site), b->ledger,
                copy_of(b, qk_ledger_cell(b->type, row->values, "date")), evidence, tonnes};
    if (!n->site || !n->date) return QK_ENOMEM;
    b->note_count++;
    return QK_OK;
}

/* What a problem found says: fires of the same or the day before, sites at work of the last month,
 * production against the order of the last three days; any that was confirmed, of the last 90. */
static qk_code take_problem(void *context, const qk_ledger_row *row)
{
    static const struct {
        const char *kind;
        unsigned evidence;
        int32_t days;
    } kinds[] = {{"straw_fire", QK_EVIDENCE_FIRE, 1},     {"other_fire", QK_EVIDENCE_FIRE, 1},
                 {"fireworks", QK_EVIDENCE_FIRE, 1},      {"no_burn", QK_EVIDENCE_FIRE, 1},
                 {"site_six", QK_EVIDENCE_AT_WORK, 30},   {"open_pile", QK_EVIDENCE_AT_WORK, 30},
                 {"not_limiting", QK_EVIDENCE_RUNNING, 3}};
    qk_evidence_book *b = context;
    qk_time day;
    qk_str kind = qk_ledger_cell(b->type, row->values, "kind");
    if (qk_str_eq(row->state, QK_STR("rejected"))) return QK_OK;
    if (qk_time_parse(&day, qk_ledger_cell(b->type, row->values, "date")) != QK_OK) return QK_OK;
    int32_t ago = qk_day_number(b->ask.end - 1) - qk_day_number(day);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (qk_str_eq(kind, qk_str_of(kinds[i].kind)) && ago <= kinds[i].days)
            QK_TRY(take_note(b, row, kinds[i].evidence, 0));
    if (!qk_str_eq(row->state, QK_STR("confirmed"))) return QK_OK;
    return take_note(b, row, QK_EVIDENCE_BEFORE, 0);
}

static qk_code take_filing(void *context, const qk_ledger_row *row)
{
    qk_evidence_book *b = context;
    b->knows_permits = true;
    return take_note(b, row, QK_EVIDENCE_PERMIT, 0);
}

static qk_code take_size(void *context, const qk_ledger_row *row)
{
    qk_evidence_book *b = context;
    bool fine = qk_str_eq(b->ask.factor, QK_STR("a34004"));
    double tonnes = number_in(b, row, fine ? "pm25_t" : "pm10_t");
    return tonnes > 0 ? take_note(b, row, 0, tonnes) : QK_OK;
}

static qk_code take_fire(void *context, const qk_ledger_row *row)
{
    qk_evidence_book *b = context;
    char text[40];
    qk_time at;
    qk_site site = {
        .kind = "fire", .lon = number_in(b, row, "lon"), .lat = number_in(b, row, "lat")};
    b->knows_fires = true;
    snprintf(text, sizeof text, "%.*sT%.*s:00",
             QK_STR_ARG(qk_ledger_cell(b->type, row->values, "date")),
             QK_STR_ARG(qk_ledger_cell(b->type, row->values, "time")));
    if (qk_str_eq(row->state, QK_STR("rejected")) || b->fire_count == QK_HOTSPOT_FIRES ||
        qk_time_parse(&at, qk_str_of(text)) != QK_OK || at > b->ask.end ||
        at < b->ask.end - FIRE_H * QK_HOUR || !isfinite(site.lon) || !isfinite(site.lat))
        return QK_OK;
    snprintf(site.name_zh, sizeof site.name_zh, "火点 %.5s", text + 11);
    snprintf(site.name_en, sizeof site.name_en, "Fire point %.5s", text + 11);
    qk_suspicion *s = &b->fires[b->fire_count++];
    *s = (qk_suspicion){.site = site, .value = NAN, .usual = NAN};
    add_evidence(s, QK_EVIDENCE_FIRE, b->ledger, NAN, NAN, text);
    s->weight = s->line[0].weight;
    return QK_OK;
}

static qk_code read_ledger(qk_evidence_book *b, const char *id, int32_t days, qk_ledger_row_fn *fn,
                           qk_error *err)
{
    qk_ledger_type *type = NULL;
    int32_t today = qk_day_number(b->ask.end - 1);
    qk_ledger_ask ask = {.valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE, .today = today};
    QK_TRY(qk_ledger_type_get(&type, b->ask.db, qk_str_of(id), QK_TIME_NONE, b->ask.arena, err));
    b->type = type;
    b->ledger = id;
    if (days > 0) {
        ask.date = QK_STR("date");
        ask.from_day = today - days;
        ask.to_day = today;
    }
    return qk_ledger_each(b->ask.db, type, &ask, fn, b, err);
}

static void find_usual_size(qk_evidence_book *b)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < b->note_count; i++) {
        if (!(b->notes[i].tonnes > 0)) continue;
        sum += log(b->notes[i].tonnes);
        n++;
    }
    b->usual_tonnes = n > 1 ? exp(sum / (double)n) : 0;
}

qk_code qk_evidence_open(qk_evidence_book **out, const qk_evidence_ask *ask, qk_error *err)
{
    qk_evidence_book *b = *out = qk_arena_array(ask->arena, 1, sizeof *b);
    if (!b) return no_memory(err);
    *b = (qk_evidence_book){.ask = *ask};
    b->notes = qk_arena_array(ask->arena, NOTES_MAX, sizeof *b->notes);
    b->owners = qk_arena_array(ask->arena, OWNERS_MAX, sizeof *b->owners);
    b->fires = qk_arena_array(ask->arena, QK_HOTSPOT_FIRES, sizeof *b->fires);
    if (!b->notes || !b->owners || !b->fires ||
        qk_registry_sites(ask->registry, ask->arena, &b->sites, &b->site_count) != QK_OK)
        return no_memory(err);
    if (!ask->db) return QK_OK;
    QK_TRY(read_ledger(b, "found_problem", PROBLEM_DAYS, take_problem, err));
    QK_TRY(read_ledger(b, "dust_fee", FILED_DAYS, take_filing, err));
    QK_TRY(read_ledger(b, "fire_point", FIRES_KNOWN_DAYS, take_fire, err));
    QK_TRY(read_ledger(b, "emission_source", 0, take_size, err));
    find_usual_size(b);
    return QK_OK;
}

/* ---- all of it ---- */

/* The larger, the likelier: by the root of its share of the usual, within three times either way.
 */
static void add_size(qk_suspicion *s, const qk_evidence_book *b, double tonnes)
{
    double times = sqrt(tonnes / b->usual_tonnes);
    qk_evidence_line line = {.kind = "size",
                             .from = "emission_source",
                             .weight = fmin(size_most, fmax(1 / size_most, times)),
                             .value = tonnes,
                             .against = b->usual_tonnes};
    add_line(s, 0, &line);
}

static void ask_ledgers(qk_suspicion *s, const qk_evidence_book *b)
{
    double tonnes = 0;
    for (size_t i = 0; i < b->note_count; i++) {
        const note *n = &b->notes[i];
        if (strcmp(n->site, s->site.id) != 0) continue;
        tonnes += n->tonnes;
        if (n->evidence) add_evidence(s, n->evidence, n->from, NAN, NAN, n->date);
    }
    if (tonnes > 0 && b->usual_tonnes > 0) add_size(s, b, tonnes);
}

qk_code qk_evidence_gather(qk_suspicion *s, qk_evidence_book *book, qk_error *err)
{
    s->value = s->usual = NAN;
    QK_TRY(ask_monitor(s, &book->ask, err));
    QK_TRY(ask_meters(s, book, err));
    ask_ledgers(s, book);
    s->weight = 1;
    for (size_t i = 0; i < s->lines; i++) s->weight *= s->line[i].weight;
    return QK_OK;
}

size_t qk_evidence_fires(const qk_suspicion **out, const qk_evidence_book *book)
{
    *out = book->fires;
    return book->fire_count;
}

bool qk_evidence_knows_fires(const qk_evidence_book *book)
{
    return book->knows_fires;
}

bool qk_evidence_knows_permits(const qk_evidence_book *book)
{
    return book->knows_permits;
}
