/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal holds beyond the store, frame by frame, without changing anything. */
#include "base/file.h"
#include "domain/ingest_private.h"
#include "store/lock.h"
#include <stdlib.h>

enum { CELLS_MAX = 8192, NAMES_MOST = 4096 };

/* A stream met in the journal, with the names of its columns as they came. */
typedef struct replay_stream {
    struct replay_stream *next;
    char mn[QK_MN_MAX];
    struct {
        char code[QK_CODE_MAX], field[16];
    } * names;
    uint32_t n, cap;
} replay_stream;

typedef struct replay {
    qk_db *db;
    qk_registry *registry;
    qk_decoder *decoder;
    qk_journal_reader *reader;
    replay_stream *streams;
    qk_replay_cell *cells; /* CELLS_MAX */
    bool accept_any;
} replay;

static bool hook_device(void *context, qk_device *out, qk_str mn)
{
    const replay *r = context;
    return qk_registry_device(r->registry, out, mn);
}

static qk_code hook_stream(void *context, void **user, qk_str mn, qk_stream_kind kind,
                           qk_error *err)
{
    replay *r = context;
    (void)kind;
    replay_stream *s = calloc(1, sizeof *s);
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for a stream");
    qk_str_copy(s->mn, sizeof s->mn, mn);
    s->next = r->streams;
    r->streams = s;
    *user = s;
    return QK_OK;
}

static bool is_named(const replay_stream *s, uint32_t i, qk_str code, qk_str field)
{
    return qk_str_eq(qk_str_of(s->names[i].code), code) &&
           qk_str_eq(qk_str_of(s->names[i].field), field);
}

static qk_code hook_column(void *context, void *user, qk_column_id *out, qk_str code, qk_str field,
                           qk_error *err)
{
    replay_stream *s = user;
    (void)context;
    for (*out = 0; *out < s->n; ++*out)
        if (is_named(s, *out, code, field)) return QK_OK;
    if (s->n == NAMES_MOST) return QK_EFULL;
    if (s->n == s->cap) {
        uint32_t cap = s->cap ? s->cap * 2 : 16;
        void *more = realloc(s->names, cap * sizeof *s->names);
        if (!more) return qk_fail(err, QK_ENOMEM, "no memory for a column");
        s->names = more;
        s->cap = cap;
    }
    qk_str_copy(s->names[s->n].code, sizeof s->names[s->n].code, code);
    qk_str_copy(s->names[s->n].field, sizeof s->names[s->n].field, field);
    s->n++;
    return QK_OK;
}

static qk_code open_db(replay *r, const char *dir, qk_jpos *from, qk_error *err)
{
    char path[QK_PATH_MAX];
    int64_t saved = 0;
    if (qk_path_join(path, sizeof path, dir, "store.db") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path is too long");
    QK_TRY(qk_lock_held(dir) ? qk_db_open_readonly(&r->db, path, err)
                             : qk_db_open_untouched(&r->db, path, err));
    QK_TRY(qk_registry_open(&r->registry, r->db, err));
    if (*from != QK_REPLAY_STORED) return QK_OK;
    qk_code code = qk_db_meta_get(r->db, "journal_pos", &saved, err);
    *from = (qk_jpos)saved;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code open_replay(replay *r, const char *dir, qk_jpos from, qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_decode_hooks hooks = {r, hook_device, hook_stream, hook_column};
    QK_TRY(open_db(r, dir, &from, err));
    r->cells = malloc(CELLS_MAX * sizeof *r->cells);
    if (!r->cells || qk_decoder_new(&r->decoder, &hooks) != QK_OK)
        return qk_fail(err, QK_ENOMEM, "no memory to read the journal");
    if (qk_path_join(path, sizeof path, dir, "journal") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path is too long");
    return qk_journal_reader_open(&r->reader, path, from, err);
}

static void close_replay(replay *r)
{
    while (r->streams) {
        replay_stream *next = r->streams->next;
        free(r->streams->names);
        free(r->streams);
        r->streams = next;
    }
    qk_journal_reader_close(r->reader);
    qk_decoder_free(r->decoder);
    qk_registry_close(r->registry);
    qk_db_close(r->db);
    free(r->cells);
}

/* By the same rules as qk_ingest_record. */
static bool is_stored(const replay *r, const qk_journal_record *record, const qk_decoded *row)
{
    bool any = r->accept_any || record->flags & QK_JOURNAL_UNAPPROVED;
    bool ahead = row->time_source == QK_TIME_SENT && row->time > record->at + QK_INGEST_AHEAD_MS;
    return !row->packet.refusal && row->n > 0 && (any || !ahead);
}

static qk_code give_frame(replay *r, const qk_journal_record *record, const qk_decoded *decoded,
                          qk_replay_fn *fn, void *context)
{
    const replay_stream *s = decoded->user;
    size_t n = decoded->n < CELLS_MAX ? decoded->n : CELLS_MAX;
    qk_replay_row row = {.mn = decoded->mn,
                         .qn = {decoded->packet.head.qn.ptr, decoded->packet.head.qn.len},
                         .cn = decoded->packet.head.command,
                         .kind = decoded->kind,
                         .time = decoded->time,
                         .recorded = record->at,
                         .pos = record->pos,
                         .flags = record->flags,
                         .stored = is_stored(r, record, decoded),
                         .cells = r->cells};
    for (; s && row.n < n; row.n++) {
        qk_column_id column = decoded->cells[row.n].column;
        r->cells[row.n] =
            (qk_replay_cell){qk_str_of(s->names[column].code), qk_str_of(s->names[column].field),
                             decoded->cells[row.n]};
    }
    return fn(context, &row);
}

static qk_code take_record(replay *r, const qk_journal_record *record, qk_replay_fn *fn,
                           void *context, qk_error *err)
{
    qk_decoded decoded;
    if (record->kind != QK_JOURNAL_FRAME) return QK_OK;
    qk_code code =
        qk_decode(r->decoder, &decoded, (qk_str){record->payload, record->len}, record->at, err);
    if (code == QK_ENOMEM) return code;
    if (code != QK_OK || (!decoded.packet.refusal && !decoded.kind)) return QK_OK;
    return give_frame(r, record, &decoded, fn, context);
}

static qk_code read_on(replay *r, qk_replay_fn *fn, void *context, size_t *damaged, qk_error *err)
{
    qk_journal_record record;
    for (;;) {
        qk_code code = qk_journal_next(r->reader, &record, UINT64_MAX, err);
        if (code == QK_ENOTFOUND) return QK_OK;
        if (code == QK_EDAMAGED) {
            ++*damaged;
            continue;
        }
        QK_TRY(code);
        QK_TRY(take_record(r, &record, fn, context, err));
    }
}

qk_code qk_ingest_replay(const char *dir, qk_jpos from_pos, bool accept_any, qk_replay_fn *fn,
                         void *context, size_t *damaged, qk_error *err)
{
    replay r = {.accept_any = accept_any};
    size_t stretches = 0;
    qk_code code = open_replay(&r, dir, from_pos, err);
    if (code == QK_OK) code = read_on(&r, fn, context, &stretches, err);
    if (damaged) *damaged = stretches;
    close_replay(&r);
    return code;
}
