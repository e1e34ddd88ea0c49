/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/ingest_private.h"
#include <stdlib.h>

static qk_parked *parked_of(const qk_ingest *in, qk_str mn)
{
    uint64_t number;
    return qk_map_get(in->parked_index, mn, &number) ? in->parked[number] : NULL;
}

/* *out is NULL at the ceiling: the frame then stays in the journal, uncounted. QK_ENOMEM. */
static qk_code add_parked(qk_ingest *in, qk_parked **out, qk_str mn)
{
    *out = NULL;
    if (in->parked_n == in->parked_cap) {
        size_t cap = in->parked_cap ? in->parked_cap * 2 : 32;
        qk_parked **grown = realloc(in->parked, cap * sizeof *grown);
        if (!grown) return QK_ENOMEM;
        in->parked = grown;
        in->parked_cap = cap;
    }
    qk_parked *p = calloc(1, sizeof *p);
    qk_code code = p ? qk_map_set(in->parked_index, mn, in->parked_n) : QK_ENOMEM;
    if (code != QK_OK) {
        free(p);
        return code == QK_EFULL ? QK_OK : code;
    }
    qk_str_copy(p->mn, sizeof p->mn, mn);
    in->parked[in->parked_n] = p;
    in->parked_n++;
    *out = p;
    return QK_OK;
}

static void drop_parked(qk_ingest *in, size_t at)
{
    qk_parked *last = in->parked[--in->parked_n];
    qk_map_remove(in->parked_index, qk_str_of(in->parked[at]->mn));
    free(in->parked[at]);
    if (at == in->parked_n) return;
    in->parked[at] = last;
    /* The key is there already, so this replaces and cannot fail. */
    if (qk_map_set(in->parked_index, qk_str_of(last->mn), at)) abort();
}

static bool mn_of(const qk_journal_record *record, qk_str *mn)
{
    qk_hj212_frame frame;
    qk_hj212_step step;
    qk_hj212_head head;
    if (qk_hj212_next(record->payload, record->len, true, &frame, &step) != QK_HJ212_FRAME)
        return false;
    if (!qk_hj212_head_read(&head, frame.segment)) return false;
    *mn = (qk_str){head.mn.ptr, head.mn.len};
    return mn->len < QK_MN_MAX;
}

void qk_ingest_note_session(qk_ingest *in, const qk_journal_record *record)
{
    qk_arena arena;
    qk_json_value *v = NULL;
    qk_arena_init(&arena, 16 << 10);
    if (!qk_json_parse(&v, (qk_str){record->payload, record->len}, &arena, NULL) &&
        qk_json_get_bool(v, "open", false)) {
        qk_session_note *note = &in->sessions[record->connection % QK_INGEST_SESSIONS];
        note->connection = record->connection;
        qk_str_copy(note->address, sizeof note->address, qk_json_get_str(v, "address"));
    }
    qk_arena_clear(&arena);
}

static const char *address_of(const qk_ingest *in, uint32_t connection)
{
    const qk_session_note *note = &in->sessions[connection % QK_INGEST_SESSIONS];
    return note->connection == connection ? note->address : "";
}

/* Known and told, or neither: a record that failed is given again. */
static qk_code first_parked(qk_ingest *in, qk_parked **out, qk_str mn,
                            const qk_journal_record *record, qk_error *err)
{
    qk_code code = add_parked(in, out, mn);
    qk_parked *p = *out;
    if (code == QK_OK && p) {
        p->first_pos = record->pos;
        p->first_at = record->at;
        p->sample_len = record->len < QK_INGEST_SAMPLE ? record->len : QK_INGEST_SAMPLE;
        memcpy(p->sample, record->payload, p->sample_len);
        code = qk_ingest_tell_parked(in, p->mn, address_of(in, record->connection));
        if (code != QK_OK) drop_parked(in, in->parked_n - 1);
    }
    return code == QK_OK ? QK_OK : qk_fail(err, code, "a parked device could not be taken in");
}

qk_code qk_ingest_take_parked(qk_ingest *in, const qk_journal_record *record, qk_error *err)
{
    qk_str mn;
    qk_device device;
    if (!mn_of(record, &mn)) return QK_OK;
    /* Approved between parking and reading, or met again after a crash. */
    if (qk_ingest_device(in, &device, mn) && device.status == QK_DEVICE_APPROVED)
        return qk_ingest_take_frame(in, record, err);
    if (!qk_events_room(in->p.events, 4)) return QK_EFULL;
    in->pos = record->pos;
    in->at = record->at;
    qk_parked *p = parked_of(in, mn);
    if (!p) QK_TRY(first_parked(in, &p, mn, record, err));
    if (!p || (p->count && record->pos <= p->last_pos)) return QK_OK;
    p->last_pos = record->pos;
    p->last_at = record->at;
    p->count++;
    p->unsaved = true;
    in->parked_unsaved = true;
    qk_str_copy(p->address, sizeof p->address, qk_str_of(address_of(in, record->connection)));
    atomic_fetch_add_explicit(&in->parked_frames, 1, memory_order_relaxed);
    return QK_OK;
}

/* ---- the table ---- */

static qk_code read_parked(qk_ingest *in, sqlite3_stmt *s)
{
    qk_str mn = qk_db_text(s, 0);
    qk_parked *p = NULL;
    qk_code code = mn.len && mn.len < QK_MN_MAX ? add_parked(in, &p, mn) : QK_OK;
    if (!p) return code;
    p->first_pos = (qk_jpos)sqlite3_column_int64(s, 1);
    p->first_at = sqlite3_column_int64(s, 2);
    p->last_pos = (qk_jpos)sqlite3_column_int64(s, 3);
    p->last_at = sqlite3_column_int64(s, 4);
    p->count = sqlite3_column_int64(s, 5);
    qk_str_copy(p->address, sizeof p->address, qk_db_text(s, 6));
    const void *sample = sqlite3_column_blob(s, 7);
    size_t len = (size_t)sqlite3_column_bytes(s, 7);
    p->sample_len = len < QK_INGEST_SAMPLE ? len : QK_INGEST_SAMPLE;
    if (sample) memcpy(p->sample, sample, p->sample_len);
    p->replaying = qk_db_text(s, 8).ptr != NULL;
    return QK_OK;
}

qk_code qk_ingest_load(qk_ingest *in, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT mn,first_pos,first_at,last_pos,last_at,count,address,sample,"
                         "replay_pos FROM parked",
                         err));
    qk_code code;
    while ((code = qk_db_step(db, s, err)) == QK_OK)
        if ((code = read_parked(in, s)) != QK_OK) {
            sqlite3_reset(s);
            return qk_fail(err, code, "no memory for the parked devices");
        }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

bool qk_ingest_unsaved(const qk_ingest *in)
{
    return in->parked_unsaved;
}

static qk_code save_parked(const qk_parked *p, qk_db *db, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    if (p->gone) {
        QK_TRY(qk_db_prepare(&s, db, "DELETE FROM parked WHERE mn=?", err));
        qk_db_bind_str(s, 1, qk_str_of(p->mn));
        return qk_db_run(db, s, err);
    }
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT OR REPLACE INTO parked(mn,first_pos,first_at,last_pos,last_at,"
                         "count,address,sample,replay_pos) VALUES(?,?,?,?,?,?,?,?,?)",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(p->mn));
    sqlite3_bind_int64(s, 2, (int64_t)p->first_pos);
    sqlite3_bind_int64(s, 3, p->first_at);
    sqlite3_bind_int64(s, 4, (int64_t)p->last_pos);
    sqlite3_bind_int64(s, 5, p->last_at);
    sqlite3_bind_int64(s, 6, p->count);
    qk_db_bind_str(s, 7, qk_str_of(p->address));
    sqlite3_bind_blob(s, 8, p->sample, (int)p->sample_len, SQLITE_STATIC);
    if (p->replaying) sqlite3_bind_int64(s, 9, (int64_t)p->first_pos);
    return qk_db_run(db, s, err);
}

qk_code qk_ingest_save(qk_ingest *in, qk_db *db, qk_error *err)
{
    if (!in->parked_unsaved) return QK_OK;
    for (size_t i = 0; i < in->parked_n; i++)
        if (in->parked[i]->unsaved) QK_TRY(save_parked(in->parked[i], db, err));
    return QK_OK;
}

void qk_ingest_settle(qk_ingest *in, bool committed)
{
    if (!committed || !in->parked_unsaved) return;
    for (size_t i = in->parked_n; i-- > 0;) {
        in->parked[i]->unsaved = false;
        if (in->parked[i]->gone) drop_parked(in, i);
    }
    in->parked_unsaved = false;
}

/* ---- taking in after approval ---- */

static void close_reader(qk_ingest *in)
{
    qk_journal_reader_close(in->reader);
    in->reader = NULL;
    in->again_due = false;
}

/* Marks what the register has approved since it was last looked at; what it has refused waits no
 * longer. */
static void find_approved(qk_ingest *in)
{
    uint64_t version = qk_registry_version(in->p.registry) + 1;
    if (in->parked_checked == version) return;
    in->parked_checked = version;
    for (size_t i = 0; i < in->parked_n; i++) {
        qk_parked *p = in->parked[i];
        qk_device device;
        if (p->replaying || !qk_ingest_device(in, &device, qk_str_of(p->mn))) continue;
        if (device.status == QK_DEVICE_DISABLED) p->gone = p->unsaved = in->parked_unsaved = true;
        if (device.status != QK_DEVICE_APPROVED) continue;
        p->replaying = p->unsaved = true;
        in->parked_unsaved = true;
        close_reader(in); /* begins again where the earliest parked frame stands */
    }
}

static qk_code open_reader(qk_ingest *in, qk_error *err)
{
    qk_jpos from = UINT64_MAX;
    in->reader_end = 0;
    for (size_t i = 0; i < in->parked_n; i++) {
        const qk_parked *p = in->parked[i];
        if (!p->replaying || p->gone) continue;
        if (p->first_pos < from) from = p->first_pos;
        if (p->last_pos > in->reader_end) in->reader_end = p->last_pos;
    }
    if (from == UINT64_MAX) return QK_ENOTFOUND;
    return qk_journal_reader_open(&in->reader, in->p.journal_dir, from, err);
}

static qk_code take_again(qk_ingest *in, const qk_journal_record *record, bool *pack, qk_error *err)
{
    qk_str mn;
    if (record->kind != QK_JOURNAL_PARKED || !mn_of(record, &mn)) return QK_OK;
    const qk_parked *p = parked_of(in, mn);
    if (!p || !p->replaying || record->pos > p->last_pos) return QK_OK;
    *pack = true;
    return qk_ingest_take_frame(in, record, err);
}

static qk_code finish_unparking(qk_ingest *in)
{
    for (size_t i = 0; i < in->parked_n; i++) {
        qk_parked *p = in->parked[i];
        if (!p->replaying || p->gone) continue;
        if (!qk_events_room(in->p.events, 4)) return QK_EFULL;
        QK_TRY(qk_ingest_tell_unparked(in, p->mn, p->count));
        p->gone = p->unsaved = true;
        in->parked_unsaved = true;
    }
    close_reader(in);
    return QK_OK;
}

/* One record; QK_ENOTFOUND when the last one wanted is behind. */
static qk_code unpark_one(qk_ingest *in, qk_jpos durable, bool *pack, qk_error *err)
{
    if (!in->again_due) {
        qk_code code = qk_journal_next(in->reader, &in->again, durable, err);
        if (code == QK_EDAMAGED) return QK_OK;
        if (code) return code;
        if (in->again.pos > in->reader_end) return QK_ENOTFOUND;
    }
    in->again_due = true;
    QK_TRY(take_again(in, &in->again, pack, err));
    in->again_due = false;
    return QK_OK;
}

qk_code qk_ingest_unpark(qk_ingest *in, qk_jpos durable, uint32_t budget_ms, bool *more, bool *pack,
                         qk_error *err)
{
    *more = *pack = false;
    find_approved(in);
    if (!in->reader) {
        qk_code code = open_reader(in, err);
        if (code) return code == QK_ENOTFOUND ? QK_OK : code;
    }
    *more = true;
    int64_t until = qk_monotonic_ms() + budget_ms;
    do {
        qk_code code = unpark_one(in, durable, pack, err);
        if (code == QK_ENOTFOUND) {
            QK_TRY(finish_unparking(in));
            *more = false;
            *pack = true;
            return QK_OK;
        }
        if (code) return code;
    } while (qk_monotonic_ms() < until);
    return QK_OK;
}
