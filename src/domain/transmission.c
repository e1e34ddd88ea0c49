/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/transmission_private.h"
#include "domain/gather.h"
#include "domain/touched.h"
#include <math.h>
#include <stdlib.h>

enum {
    LEVEL_TRANSMISSION = 3, /* in derived_dirty, beside the hours and days of domain/derive.h */
    FACTORS_MAX = 512,
    COUNTED_AFTER_MS = 10 * 60000 /* an hour is due once its data had this long to arrive */
};

struct qk_transmission {
    qk_transmission_parts p;
    qk_telemetry_reader *reader;
    qk_exempt_fn *exempt;
    void *exempt_context;
    qk_touched touched;
};

double qk_transmission_rate(const qk_transmission_day *d, bool immediate)
{
    double got = (double)(immediate ? d->in_time : d->received);
    return d->due > 0 ? got / (double)d->due : NAN;
}

double qk_transmission_validity(const qk_transmission_day *d, bool immediate)
{
    double got = (double)(immediate ? d->in_time : d->received);
    double valid = (double)(immediate ? d->valid_in_time : d->valid);
    return got > 0 ? valid / got : NAN;
}

double qk_transmission_effective(const qk_transmission_day *d, bool immediate)
{
    double valid = (double)(immediate ? d->valid_in_time : d->valid);
    return d->due > 0 ? valid / (double)d->due : NAN;
}

qk_code qk_transmission_new(qk_transmission **out, const qk_transmission_parts *parts,
                            qk_error *err)
{
    qk_transmission *t = calloc(1, sizeof *t);
    if (!t) return qk_fail(err, QK_ENOMEM, "no memory for transmission figures");
    t->p = *parts;
    if (!t->p.in_time_ms) t->p.in_time_ms = QK_HOUR;
    qk_code code = qk_touched_init(&t->touched, LEVEL_TRANSMISSION);
    if (code) qk_fail(err, code, "no memory for transmission figures");
    if (!code) code = qk_telemetry_reader_open(&t->reader, parts->telemetry, parts->db_path, err);
    if (code) {
        qk_transmission_free(t);
        return code;
    }
    *out = t;
    return QK_OK;
}

void qk_transmission_free(qk_transmission *t)
{
    if (!t) return;
    qk_telemetry_reader_close(t->reader);
    qk_touched_clear(&t->touched);
    free(t);
}

void qk_transmission_exempt(qk_transmission *t, qk_exempt_fn *fn, void *context)
{
    t->exempt = fn;
    t->exempt_context = context;
}

/* ---- what was touched ---- */

void qk_transmission_touch(qk_transmission *t, const char *mn, qk_time hour)
{
    qk_touched_add(&t->touched, mn, qk_day_number(hour));
}

qk_code qk_transmission_touch_all(qk_transmission *t, qk_time hour, qk_error *err)
{
    qk_arena arena;
    qk_device *devices;
    size_t n = 0;
    qk_arena_init(&arena, (size_t)128 << 20);
    qk_code code = qk_registry_devices(t->p.registry, &arena, &devices, &n);
    if (code) qk_fail(err, code, "no memory for the devices of the register");
    for (size_t i = 0; !code && i < n; i++)
        if (devices[i].status == QK_DEVICE_APPROVED) qk_transmission_touch(t, devices[i].mn, hour);
    qk_arena_clear(&arena);
    return code;
}

qk_code qk_transmission_load(qk_transmission *t, qk_db *db, qk_error *err)
{
    return qk_touched_load(&t->touched, db, err);
}

bool qk_transmission_unsaved(const qk_transmission *t)
{
    return t->touched.n > 0;
}

/* ---- one day ---- */

typedef struct counting {
    qk_transmission *t;
    const char *mn;
    qk_device device;
    bool known;
    qk_time owed_from; /* when the device was first registered */
    qk_error *err;
    qk_factor *factors;
    size_t factor_n;
    /* of the stream being read */
    const qk_str *codes, *fields;
    size_t columns;
    int64_t hour; /* of the day; of the row being read */
    qk_time from;
    bool at_end;
    qk_time newest;         /* recording of the row */
    uint32_t *have, *valid; /* by factor: a bit an hour */
} counting;

static size_t factor_index(const counting *c, qk_str code)
{
    for (size_t i = 0; i < c->factor_n; i++)
        if (qk_str_eq(qk_str_of(c->factors[i].code), code)) return i;
    return SIZE_MAX;
}

/* A device without registered factors owes those that it sends. */
static size_t learn_factor(counting *c, qk_str code)
{
    size_t i = factor_index(c, code);
    if (i != SIZE_MAX || c->known || c->factor_n == FACTORS_MAX) return i;
    qk_factor *f = &c->factors[c->factor_n];
    qk_factor_init(f);
    qk_str_copy(f->code, sizeof f->code, code);
    return c->factor_n++;
}

static char flag_of(const counting *c, const qk_cell *cells, size_t n, qk_str code)
{
    for (size_t i = 0; i < n; i++) {
        qk_column_id k = cells[i].column;
        if (k >= c->columns || !qk_str_eq(c->fields[k], QK_STR("Flag"))) continue;
        if (!qk_str_eq(c->codes[k], code)) continue;
        if (cells[i].type == QK_CELL_TEXT && cells[i].text.len) return cells[i].text.ptr[0];
        if (cells[i].type == QK_CELL_NUMBER) return (char)('0' + cells[i].number.mantissa % 10);
    }
    return 0;
}

static qk_code count_row(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                         size_t n)
{
    counting *c = context;
    int64_t hour = ((c->at_end ? time - 1 : time) - c->from) / QK_HOUR;
    c->newest = recorded;
    if (hour < 0 || hour > 23) return QK_OK;
    c->hour = hour;
    for (size_t i = 0; i < n; i++) {
        qk_column_id k = cells[i].column;
        if (cells[i].type != QK_CELL_NUMBER || k >= c->columns) continue;
        qk_role role = qk_role_of(c->fields[k]);
        if (role >= QK_ROLES && role != QK_ROLE_RTD) continue;
        size_t f = learn_factor(c, c->codes[k]);
        if (f == SIZE_MAX) continue;
        uint32_t bit = (uint32_t)1 << hour;
        c->have[f] |= bit;
        if (qk_flag_counts(flag_of(c, cells, n, c->codes[k]))) c->valid[f] |= bit;
    }
    return QK_OK;
}

typedef struct hour_bits {
    uint32_t have[FACTORS_MAX], valid[FACTORS_MAX];
} hour_bits;

/* Remembers which hours have anything recorded after their time, to be looked at again. */
typedef struct late_hours {
    counting *c;
    uint32_t late, known;
    qk_time in_time_ms;
} late_hours;

static qk_code count_and_note(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                              size_t n)
{
    late_hours *l = context;
    counting *c = l->c;
    QK_TRY(count_row(c, time, recorded, cells, n));
    qk_time end = c->from + (c->hour + 1) * QK_HOUR;
    if (recorded > end + l->in_time_ms) l->late |= (uint32_t)1 << c->hour;
    return QK_OK;
}

static qk_code read_kind(counting *c, qk_stream_id id, qk_time from, qk_time to, qk_time known_at,
                         qk_row_fn *fn, void *context)
{
    qk_time shift = c->at_end ? 1 : 0;
    QK_TRY(qk_telemetry_columns(&c->codes, &c->fields, &c->columns, c->t->reader, id, c->err));
    qk_code code = qk_telemetry_rows(c->t->reader, id, from + shift, to + shift, known_at, fn,
                                     context, c->err);
    return code == QK_EDAMAGED || code == QK_ENOTFOUND ? QK_OK : code;
}

static void use_bits(counting *c, hour_bits *b)
{
    c->have = b->have;
    c->valid = b->valid;
}

/* Of the late hours, which were known in any form soon after the day's end: what came long after,
 * as a back-filled month does, then costs one look and not one an hour. */
static qk_code note_known(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                          size_t n)
{
    late_hours *l = context;
    int64_t hour = ((l->c->at_end ? time - 1 : time) - l->c->from) / QK_HOUR;
    (void)recorded, (void)cells, (void)n;
    if (hour >= 0 && hour < 24) l->known |= (uint32_t)1 << hour;
    return QK_OK;
}

static qk_code read_late(late_hours *l, qk_stream_id id)
{
    counting *c = l->c;
    qk_time end = c->from + QK_DAY;
    QK_TRY(read_kind(c, id, c->from, end, end + l->in_time_ms, note_known, l));
    for (int hour = 0; hour < 24; hour++) {
        if (!(l->late & l->known & (uint32_t)1 << hour)) continue;
        qk_time start = c->from + hour * QK_HOUR;
        QK_TRY(read_kind(c, id, start, start + QK_HOUR, start + QK_HOUR + l->in_time_ms, count_row,
                         c));
    }
    return QK_OK;
}

/* The day as known now into `done`, and as known in time into `soon`. */
static qk_code read_stream(counting *c, qk_stream_kind kind, hour_bits *done, hour_bits *soon)
{
    qk_stream_id id = qk_telemetry_find(c->t->reader, qk_str_of(c->mn), kind);
    late_hours l = {.c = c, .in_time_ms = c->t->p.in_time_ms};
    if (!id) return QK_OK;
    c->at_end = kind == QK_STREAM_HOUR && c->device.interval_style == QK_INTERVAL_END;
    use_bits(c, done);
    QK_TRY(read_kind(c, id, c->from, c->from + QK_DAY, QK_TIME_NONE, count_and_note, &l));
    for (size_t f = 0; f < c->factor_n; f++) {
        soon->have[f] |= done->have[f] & ~l.late;
        soon->valid[f] |= done->valid[f] & ~l.late;
    }
    use_bits(c, soon);
    return l.late ? read_late(&l, id) : QK_OK;
}

static void sum_up(const counting *c, qk_transmission_day *d, const hour_bits *done,
                   const hour_bits *soon, int hours)
{
    for (size_t f = 0; f < c->factor_n; f++) {
        for (int hour = 0; hour < hours; hour++) {
            qk_time start = c->from + hour * QK_HOUR;
            if (start < c->owed_from && !(done->have[f] >> hour & 1)) continue;
            if (c->t->exempt &&
                c->t->exempt(c->t->exempt_context, c->mn, c->factors[f].code, start)) {
                d->exempt++;
                continue;
            }
            d->due++;
            d->received += done->have[f] >> hour & 1;
            d->valid += done->valid[f] >> hour & 1;
            d->in_time += soon->have[f] >> hour & 1;
            d->valid_in_time += soon->valid[f] >> hour & 1;
        }
    }
}

/* Hours that are over, owed, not exempt, and of which nothing came: a bit each. */
static uint32_t hours_missing(const counting *c, const hour_bits *done, int hours)
{
    uint32_t owed = 0, have = 0;
    for (size_t f = 0; f < c->factor_n; f++) {
        have |= done->have[f];
        for (int hour = 0; hour < hours; hour++) {
            qk_time start = c->from + hour * QK_HOUR;
            const char *code = c->factors[f].code;
            if (start < c->owed_from) continue;
            if (c->t->exempt && c->t->exempt(c->t->exempt_context, c->mn, code, start)) continue;
            owed |= (uint32_t)1 << hour;
        }
    }
    return owed & ~have;
}

static int hours_over(qk_time from, qk_time now)
{
    qk_time hours = (now - COUNTED_AFTER_MS - from) / QK_HOUR;
    return hours < 0 ? 0 : hours > 24 ? 24 : (int)hours;
}

static qk_code copy_factors(counting *c, qk_arena *arena)
{
    qk_factor *registered = NULL;
    size_t n = 0;
    QK_TRY(qk_registry_factors(c->t->p.registry, arena, qk_str_of(c->mn), &registered, &n));
    c->factors = qk_arena_array(arena, FACTORS_MAX, sizeof *c->factors);
    if (!c->factors) return QK_ENOMEM;
    c->factor_n = n < FACTORS_MAX ? n : FACTORS_MAX;
    memcpy(c->factors, registered, c->factor_n * sizeof *registered);
    c->known = n > 0;
    return QK_OK;
}

static qk_code find_owed(qk_time *out, qk_db *db, const char *mn, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT min(valid_from) FROM device_history WHERE mn=?", err));
    qk_db_bind_str(s, 1, qk_str_of(mn));
    QK_TRY(qk_db_step(db, s, err));
    *out = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return QK_OK;
}

static qk_code compute_day(qk_transmission *t, qk_transmission_day *d, uint32_t *missing,
                           const char *mn, qk_db *db, qk_time now, qk_arena *arena, qk_error *err)
{
    counting c = {.t = t, .mn = mn, .err = err, .from = d->day * QK_DAY - QK_CST_OFFSET};
    QK_TRY(find_owed(&c.owed_from, db, mn, err));
    hour_bits *bits = qk_arena_array(arena, 2, sizeof *bits);
    if (!bits || copy_factors(&c, arena))
        return qk_fail(err, QK_ENOMEM, "no memory for transmission figures");
    bool registered = qk_registry_device(t->p.registry, &c.device, qk_str_of(mn));
    if (!registered) qk_device_init(&c.device);
    QK_TRY(read_stream(&c, QK_STREAM_HOUR, &bits[0], &bits[1]));
    /* Who owes hours is judged by the hours it sent, everybody else by what could be made of them.
     */
    if (!registered || !c.device.sends_hours)
        QK_TRY(read_stream(&c, QK_STREAM_DERIVED_HOUR, &bits[0], &bits[1]));
    sum_up(&c, d, &bits[0], &bits[1], hours_over(c.from, now));
    *missing = registered ? hours_missing(&c, &bits[0], hours_over(c.from, now)) : 0;
    return QK_OK;
}

/* ---- the tables ---- */

static qk_code write_day(qk_db *db, const char *mn, const qk_transmission_day *d, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT OR REPLACE INTO transmission(mn,day,due,exempt,received,in_time,"
                         "valid,valid_in_time) VALUES(?,?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(mn));
    sqlite3_bind_int(s, 2, d->day);
    sqlite3_bind_int64(s, 3, d->due);
    sqlite3_bind_int64(s, 4, d->exempt);
    sqlite3_bind_int64(s, 5, d->received);
    sqlite3_bind_int64(s, 6, d->in_time);
    sqlite3_bind_int64(s, 7, d->valid);
    sqlite3_bind_int64(s, 8, d->valid_in_time);
    return qk_db_run(db, s, err);
}

static qk_code save_day(qk_transmission *t, const qk_touched_day *touched, qk_db *db, qk_time now,
                        qk_arena *arena, qk_error *err)
{
    qk_transmission_day d = {.day = touched->day};
    uint32_t missing = 0;
    qk_arena_reset(arena);
    QK_TRY(compute_day(t, &d, &missing, touched->mn, db, now, arena, err));
    if (t->p.events) {
        qk_transmission_judge judge = {.registry = t->p.registry,
                                       .events = t->p.events,
                                       .low = t->p.low > 0 ? t->p.low : 0.9,
                                       .mn = touched->mn,
                                       .day = &d,
                                       .missing = missing,
                                       .now = now};
        QK_TRY(qk_transmission_tell(&judge, db, err));
    }
    if (d.due || d.exempt || d.received) QK_TRY(write_day(db, touched->mn, &d, err));
    if (touched->day == qk_day_number(now))
        qk_live_effective(t->p.live, qk_str_of(touched->mn), qk_transmission_effective(&d, false));
    return QK_OK;
}

qk_code qk_transmission_save(qk_transmission *t, qk_db *db, qk_time now, uint32_t budget_ms,
                             bool *more, qk_error *err)
{
    qk_arena arena;
    qk_code code = QK_OK;
    int64_t until = qk_monotonic_ms() + budget_ms;
    *more = false;
    qk_arena_init(&arena, (size_t)8 << 20);
    for (size_t i = 0; i < t->touched.n && !code; i++) {
        if (qk_monotonic_ms() < until) {
            code = save_day(t, &t->touched.list[i], db, now, &arena, err);
            if (!code) code = qk_touched_done(&t->touched, i, db, err);
        } else {
            *more = true;
            code = qk_touched_keep(&t->touched, i, db, err);
        }
    }
    qk_arena_clear(&arena);
    return code;
}

void qk_transmission_settle(qk_transmission *t, bool committed)
{
    qk_touched_settle(&t->touched, committed);
}

qk_code qk_transmission_query(qk_transmission_day **out, size_t *n, qk_db *db, qk_str mn,
                              int32_t from, int32_t to, qk_arena *arena, qk_error *err)
{
    enum { DAYS_MAX = 40000 };
    sqlite3_stmt *s = NULL;
    *n = 0;
    int64_t room = (int64_t)to - from + 1;
    if (room > DAYS_MAX)
        return qk_fail(err, QK_ERANGE, "at most %d days can be asked for", DAYS_MAX);
    *out = qk_arena_array(arena, room > 0 ? (size_t)room : 0, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the days asked for");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT day,due,exempt,received,in_time,valid,valid_in_time"
                         " FROM transmission WHERE mn=? AND day BETWEEN ? AND ? ORDER BY day",
                         err));
    qk_db_bind_str(s, 1, mn);
    sqlite3_bind_int(s, 2, from);
    sqlite3_bind_int(s, 3, to);
    qk_code code;
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_transmission_day *d = &(*out)[(*n)++];
        d->day = sqlite3_column_int(s, 0);
        int64_t *const to_fill[] = {&d->due,     &d->exempt, &d->received,
                                    &d->in_time, &d->valid,  &d->valid_in_time};
        for (int i = 0; i < 6; i++) *to_fill[i] = sqlite3_column_int64(s, i + 1);
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}
