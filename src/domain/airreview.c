/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airreview.h"
#include <stdio.h>
#include <stdlib.h>

enum { MARKS_MAX = 10000, DAYS_MAX = 400 };

static const char *const level_names[] = {"raw", "automatic", "reviewed", "approved", "best"};
static const char *const effect_names[] = {"exclude", "restore", "dust"};

const char *qk_air_level_name(qk_air_level level)
{
    return level_names[level];
}

qk_air_level qk_air_level_of(qk_str name)
{
    for (int i = QK_AIR_RAW; i < QK_AIR_BEST; i++)
        if (qk_str_eq(name, qk_str_of(level_names[i]))) return (qk_air_level)i;
    return QK_AIR_BEST;
}

const char *qk_air_effect_name(qk_air_effect effect)
{
    return effect_names[effect];
}

static qk_air_effect effect_of(qk_str name)
{
    for (int i = QK_AIR_EXCLUDE; i < QK_AIR_DUST; i++)
        if (qk_str_eq(name, qk_str_of(effect_names[i]))) return (qk_air_effect)i;
    return QK_AIR_DUST;
}

static qk_time day_start(int32_t day)
{
    return (qk_time)day * QK_DAY - QK_CST_OFFSET;
}

/* ---- marks ---- */

static qk_code check_mark(const qk_air_mark *m, qk_error *err)
{
    size_t len = m->reason ? strlen(m->reason) : 0;
    if (len == 0) return qk_fail(err, QK_EINVAL, "a mark needs a reason");
    if (len > QK_AIR_REASON_MAX || !qk_utf8_valid(qk_str_of(m->reason)))
        return qk_fail(err, QK_EINVAL, "a reason is a text of at most %d bytes", QK_AIR_REASON_MAX);
    if (m->from_at >= m->to_at || m->to_at - m->from_at > DAYS_MAX * QK_DAY)
        return qk_fail(err, QK_EINVAL, "a mark spans at least an hour and at most %d days",
                       DAYS_MAX);
    if (m->from_at % QK_HOUR != 0 || m->to_at % QK_HOUR != 0)
        return qk_fail(err, QK_EINVAL, "a mark begins and ends at full hours");
    if (!(m->items & QK_AIR_ITEMS_ALL) || m->items > QK_AIR_ITEMS_ALL)
        return qk_fail(err, QK_EINVAL, "a mark names at least one pollutant");
    bool all = strcmp(m->site, "*") == 0;
    if (all && m->effect != QK_AIR_DUST)
        return qk_fail(err, QK_EINVAL, "only sand-dust can be declared for every station at once");
    if (m->effect == QK_AIR_DUST && (day_start(qk_day_number(m->from_at)) != m->from_at ||
                                     day_start(qk_day_number(m->to_at)) != m->to_at))
        return qk_fail(err, QK_EINVAL, "sand-dust is declared for whole days");
    return QK_OK;
}

qk_code qk_air_mark_add(int64_t *id, qk_db *db, const qk_air_mark *m, qk_str by, qk_time now,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(check_mark(m, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO air_mark(site,effect,items,from_at,to_at,reason,recorded_at,"
                         "recorded_by) VALUES(?,?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(m->site));
    qk_db_bind_str(s, 2, qk_str_of(effect_names[m->effect]));
    sqlite3_bind_int64(s, 3, m->items);
    sqlite3_bind_int64(s, 4, m->from_at);
    sqlite3_bind_int64(s, 5, m->to_at);
    qk_db_bind_str(s, 6, qk_str_of(m->reason));
    sqlite3_bind_int64(s, 7, now);
    qk_db_bind_str(s, 8, by);
    QK_TRY(qk_db_run(db, s, err));
    *id = sqlite3_last_insert_rowid(qk_db_handle(db));
    return QK_OK;
}

qk_code qk_air_mark_undo(qk_db *db, int64_t id, qk_str reason, qk_str by, qk_time now,
                         qk_error *err)
{
    sqlite3_stmt *s = NULL;
    if (reason.len == 0 || reason.len > QK_AIR_REASON_MAX)
        return qk_fail(err, QK_EINVAL, "undoing needs a reason of at most %d bytes",
                       QK_AIR_REASON_MAX);
    QK_TRY(qk_db_prepare(&s, db, "SELECT undone_by FROM air_mark WHERE id=?", err));
    sqlite3_bind_int64(s, 1, id);
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "there is no mark %lld", (long long)id);
    if (code) return code;
    qk_str undone = qk_db_text(s, 0);
    if (undone.ptr)
        code = qk_fail(err, QK_ECONFLICT, "the mark was undone by %.*s", QK_STR_ARG(undone));
    sqlite3_reset(s);
    QK_TRY(code);
    QK_TRY(qk_db_prepare(
        &s, db, "UPDATE air_mark SET undone_at=?,undone_by=?,undone_reason=? WHERE id=?", err));
    sqlite3_bind_int64(s, 1, now);
    qk_db_bind_str(s, 2, by);
    qk_db_bind_str(s, 3, reason);
    sqlite3_bind_int64(s, 4, id);
    return qk_db_run(db, s, err);
}

static const char *keep_text(sqlite3_stmt *s, int column, qk_arena *arena, bool *lost)
{
    qk_str text = qk_db_text(s, column);
    const char *copy = qk_arena_copy(arena, text.ptr ? text.ptr : "", text.len);
    if (!copy) *lost = true;
    return copy;
}

static void read_mark(qk_air_mark *m, sqlite3_stmt *s, qk_time known_at, qk_arena *arena,
                      bool *lost)
{
    *m = (qk_air_mark){.id = sqlite3_column_int64(s, 0),
                       .site = keep_text(s, 1, arena, lost),
                       .effect = effect_of(qk_db_text(s, 2)),
                       .items = (uint32_t)sqlite3_column_int64(s, 3),
                       .from_at = sqlite3_column_int64(s, 4),
                       .to_at = sqlite3_column_int64(s, 5),
                       .reason = keep_text(s, 6, arena, lost),
                       .recorded_at = sqlite3_column_int64(s, 7),
                       .recorded_by = keep_text(s, 8, arena, lost),
                       .undone_at = QK_TIME_NONE,
                       .undone_by = "",
                       .undone_reason = ""};
    if (sqlite3_column_type(s, 9) == SQLITE_NULL) return;
    if (known_at != QK_TIME_NONE && sqlite3_column_int64(s, 9) > known_at) return;
    m->undone_at = sqlite3_column_int64(s, 9);
    m->undone_by = keep_text(s, 10, arena, lost);
    m->undone_reason = keep_text(s, 11, arena, lost);
}

qk_code qk_air_marks(qk_air_mark **out, size_t *n, qk_db *db, const char *site, qk_time from,
                     qk_time to, qk_time known_at, qk_arena *arena, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    size_t cap = 16;
    bool lost = false;
    *n = 0;
    *out = qk_arena_array(arena, cap, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for marks");
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,site,effect,items,from_at,to_at,reason,recorded_at,recorded_by,"
                         "undone_at,undone_by,undone_reason FROM air_mark WHERE"
                         " (?1 IS NULL OR site=?1 OR site='*') AND to_at>?2 AND from_at<?3 AND"
                         " recorded_at<=?4 ORDER BY id LIMIT 10001",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(site));
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    sqlite3_bind_int64(s, 4, known_at == QK_TIME_NONE ? INT64_MAX : known_at);
    while ((code = qk_db_step(db, s, err)) == QK_OK && !lost) {
        if (*n == MARKS_MAX) {
            sqlite3_reset(s);
            return qk_fail(err, QK_EFULL, "more than %d marks: ask for a shorter time", MARKS_MAX);
        }
        if (*n == cap) {
            qk_air_mark *grown = qk_arena_array(arena, cap * 2, sizeof *grown);
            if (!grown) lost = true;
            if (lost) break;
            memcpy(grown, *out, cap * sizeof *grown);
            *out = grown;
            cap *= 2;
        }
        read_mark(&(*out)[(*n)++], s, known_at, arena, &lost);
    }
    sqlite3_reset(s);
    if (lost) return qk_fail(err, QK_ENOMEM, "no memory for marks");
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- views ---- */

static void apply_mark(qk_air_view *v, const qk_air_mark *m)
{
    qk_time start = day_start(v->row.day);
    if (m->undone_at != QK_TIME_NONE) return;
    for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
        qk_time end = start + (h + 1) * QK_HOUR;
        if (end <= m->from_at || end > m->to_at) continue;
        if (m->effect == QK_AIR_DUST) v->dust = true;
        if (m->effect == QK_AIR_DUST) continue;
        /* Of two marks on one hour the later one holds. */
        for (int p = 0; p < QK_POLLUTANTS; p++)
            if (m->items >> p & 1)
                v->mark[p][h] =
                    m->effect == QK_AIR_EXCLUDE ? QK_AIR_CELL_EXCLUDED : QK_AIR_CELL_RESTORED;
    }
}

static int64_t digest_of(const qk_air_view *v)
{
    uint8_t bytes[QK_POLLUTANTS * QK_AIR_DAY_HOURS * 11 + 1];
    size_t n = 0;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
            const qk_air_graded *g = &v->row.cell[p][h];
            for (int i = 0; i < 8; i++) bytes[n++] = (uint8_t)((uint64_t)g->micro >> 8 * i);
            bytes[n++] = g->grade;
            bytes[n++] = (uint8_t)g->flag;
            bytes[n++] = v->mark[p][h];
        }
    bytes[n++] = v->dust;
    return (int64_t)qk_hash(bytes, n);
}

static void apply_review(qk_air_view *v, int64_t digest, qk_air_level level, qk_str by, qk_time at)
{
    if (digest != v->digest) {
        v->lapsed = true;
        return;
    }
    bool approval = level == QK_AIR_APPROVED;
    qk_str_copy(approval ? v->approved_by : v->reviewed_by, QK_AIR_PERSON_MAX, by);
    if (approval)
        v->approved_at = at;
    else
        v->reviewed_at = at;
    if (level > v->level) v->level = level;
}

static qk_code read_reviews(qk_air_view *views, size_t n, const qk_air_archive *a, const char *site,
                            qk_error *err)
{
    sqlite3_stmt *s = NULL;
    qk_code code;
    size_t i = 0;
    QK_TRY(qk_db_prepare(&s, a->db,
                         "SELECT day,level,digest,recorded_by,recorded_at FROM air_review WHERE"
                         " site=?1 AND day BETWEEN ?2 AND ?3 AND recorded_at<=?4 ORDER BY day,id",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(site));
    sqlite3_bind_int(s, 2, n ? views[0].row.day : 0);
    sqlite3_bind_int(s, 3, n ? views[n - 1].row.day : -1);
    sqlite3_bind_int64(s, 4, a->known_at == QK_TIME_NONE ? INT64_MAX : a->known_at);
    while ((code = qk_db_step(a->db, s, err)) == QK_OK) {
        int32_t day = sqlite3_column_int(s, 0);
        while (i < n && views[i].row.day < day) i++;
        if (i < n && views[i].row.day == day)
            apply_review(&views[i], sqlite3_column_int64(s, 2),
                         (qk_air_level)sqlite3_column_int(s, 1), qk_db_text(s, 3),
                         sqlite3_column_int64(s, 4));
    }
    for (i = 0; i < n; i++)
        if (views[i].level > QK_AIR_AUTOMATIC) views[i].lapsed = false;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static bool has_hours(const qk_air_row *row)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < QK_AIR_DAY_HOURS; h++)
            if (row->cell[p][h].micro != QK_QC_NONE) return true;
    return false;
}

qk_code qk_air_views(qk_air_view **out, size_t *n, const qk_air_archive *a, const char *site,
                     int32_t from_day, int32_t to_day, qk_arena *arena, qk_error *err)
{
    qk_air_row *rows;
    qk_air_mark *marks;
    size_t count = 0, mark_n = 0;
    *n = 0;
    if (a->known_at == QK_TIME_NONE)
        QK_TRY(qk_air_rows(&rows, &count, a->db, site, from_day, to_day, arena, err));
    else
        QK_TRY(qk_air_rows_known(&rows, &count, a->db, a->registry, a->reader, site, from_day,
                                 to_day, a->known_at, arena, err));
    QK_TRY(qk_air_marks(&marks, &mark_n, a->db, site, day_start(from_day), day_start(to_day + 1),
                        a->known_at, arena, err));
    *out = qk_arena_array(arena, count, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for %zu days", count);
    for (size_t i = 0; i < count; i++) {
        if (!has_hours(&rows[i])) continue;
        qk_air_view *v = &(*out)[(*n)++];
        *v = (qk_air_view){.row = rows[i],
                           .level = QK_AIR_AUTOMATIC,
                           .reviewed_at = QK_TIME_NONE,
                           .approved_at = QK_TIME_NONE};
        for (size_t k = 0; k < mark_n; k++) apply_mark(v, &marks[k]);
        v->digest = digest_of(v);
    }
    return read_reviews(*out, *n, a, site, err);
}

bool qk_air_view_counts(const qk_air_view *view, qk_air_level level, qk_pollutant p, int hour)
{
    const qk_air_graded *g = &view->row.cell[p][hour];
    uint8_t mark = view->mark[p][hour];
    if (g->micro < 0) return false;
    if (level == QK_AIR_RAW) return qk_qc_flag_counts(g->flag);
    if (level >= QK_AIR_REVIEWED && mark) return mark == QK_AIR_CELL_RESTORED;
    return g->grade == QK_QC_GOOD || g->grade == QK_QC_DOUBTFUL;
}

bool qk_air_view_hours(qk_hours *out, const qk_air_view *view, qk_air_level level)
{
    if ((level == QK_AIR_REVIEWED || level == QK_AIR_APPROVED) && view->level < level) return false;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < QK_AIR_DAY_HOURS; h++) {
            bool counts = qk_air_view_counts(view, level, (qk_pollutant)p, h);
            int64_t micro = view->row.cell[p][h].micro;
            out->micro[p][h] = counts && micro <= QK_MICRO_MAX ? micro : QK_MICRO_NONE;
        }
    return true;
}

/* ---- reviewing ---- */

static qk_code write_review(qk_db *db, const char *site, const qk_air_view *v, qk_air_level level,
                            qk_str note, qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO air_review(site,day,level,digest,note,recorded_at,"
                         "recorded_by) VALUES(?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(site));
    sqlite3_bind_int(s, 2, v->row.day);
    sqlite3_bind_int(s, 3, (int)level);
    sqlite3_bind_int64(s, 4, v->digest);
    qk_db_bind_str(s, 5, note);
    sqlite3_bind_int64(s, 6, now);
    qk_db_bind_str(s, 7, by);
    return qk_db_run(db, s, err);
}

static qk_code check_approval(const qk_air_view *v, qk_str by, qk_error *err)
{
    char date[QK_TIME_TEXT];
    qk_date_iso(date, day_start(v->row.day));
    if (v->level < QK_AIR_REVIEWED)
        return qk_fail(err, QK_ECONFLICT, "%s %s: it must be reviewed first", date,
                       v->lapsed ? "has changed since its review" : "is not reviewed");
    if (qk_str_eq(by, qk_str_of(v->reviewed_by)))
        return qk_fail(err, QK_EDENIED, "%s was reviewed by %s: another person must approve it",
                       date, v->reviewed_by);
    return QK_OK;
}

qk_code qk_air_review(size_t *done, qk_db *db, const char *site, int32_t from_day, int32_t to_day,
                      qk_air_level level, qk_str note, qk_str by, qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_air_view *views = NULL;
    size_t n = 0;
    qk_air_archive archive = {.db = db, .known_at = QK_TIME_NONE};
    *done = 0;
    if (level != QK_AIR_REVIEWED && level != QK_AIR_APPROVED)
        return qk_fail(err, QK_EINVAL, "a review makes days reviewed or approved");
    if (by.len == 0 || by.len >= QK_AIR_PERSON_MAX)
        return qk_fail(err, QK_EINVAL, "a review needs the name of a person, at most %d bytes",
                       QK_AIR_PERSON_MAX - 1);
    if (from_day > to_day || to_day - from_day >= DAYS_MAX)
        return qk_fail(err, QK_EINVAL, "1 to %d days can be reviewed at once", DAYS_MAX);
    qk_arena_init(&arena, (size_t)64 << 20);
    qk_code code = qk_air_views(&views, &n, &archive, site, from_day, to_day, &arena, err);
    if (!code && n == 0) code = qk_fail(err, QK_ENOTFOUND, "no day of %s has hours there", site);
    for (size_t i = 0; !code && i < n; i++) {
        if (views[i].level >= level) continue;
        if (level == QK_AIR_APPROVED) code = check_approval(&views[i], by, err);
        if (!code) code = write_review(db, site, &views[i], level, note, by, now, err);
        if (!code) (*done)++;
    }
    qk_arena_clear(&arena);
    return code;
}
