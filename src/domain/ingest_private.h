/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_INGEST_PRIVATE_H
#define QK_DOMAIN_INGEST_PRIVATE_H
/* Shared by ingest.c, ingest_events.c and ingest_parked.c. */
#include "domain/ingest.h"
#include "base/map.h"
#include <stdatomic.h>

enum {
    QK_INGEST_AHEAD_MS = 10 * 60 * 1000, /* practice: further ahead is implausible */
    QK_INGEST_PARKED_MAX = 10000,
    QK_INGEST_SAMPLE = 2048,
    QK_INGEST_SESSIONS = 8192,
    QK_INGEST_EVENTS_HOUR = 200, /* of one device; further ones are told as one */
    QK_INGEST_CHANGES_LISTED = 20
};

typedef struct qk_ingest_column {
    char code[QK_CODE_MAX];
    char field[16];
    uint32_t live; /* column of the live table; UINT32_MAX = not shown */
} qk_ingest_column;

/* What the decoder gives back with each row of a stream. */
typedef struct qk_ingest_stream {
    qk_ingest *in;
    char mn[QK_MN_MAX];
    qk_stream_kind kind;
    qk_stream_id id;
    qk_live_stream *live;
    qk_derive_device *derive;
    qk_ingest_column *columns; /* by number */
    uint32_t n, cap;
    uint64_t device_of; /* registry version of `device`, + 1 */
    bool known;
    qk_device device;
    qk_time last_time, step; /* of minutes whose interval the register does not tell */
} qk_ingest_stream;

typedef struct qk_change {
    const qk_ingest_column *column;
    char old_value[48], new_value[48];
} qk_change;

typedef struct qk_parked {
    char mn[QK_MN_MAX];
    qk_jpos first_pos, last_pos;
    qk_time first_at, last_at;
    int64_t count;
    char address[64];
    char sample[QK_INGEST_SAMPLE];
    size_t sample_len;
    bool replaying; /* approved: its frames are being read again */
    bool unsaved;
    bool gone; /* read again: its row is to be deleted */
} qk_parked;

typedef struct qk_event_budget {
    char mn[QK_MN_MAX];
    qk_time hour;
    uint32_t used;
} qk_event_budget;

/* The address of a connection; a later one with the same remainder takes its place. */
typedef struct qk_session_note {
    uint32_t connection;
    char address[48];
} qk_session_note;

struct qk_ingest {
    qk_ingest_parts p;
    qk_decoder *decoder;
    qk_ingest_stream **streams;
    size_t n, cap;
    qk_live_cell *live_cells;
    qk_jpos pos; /* of the record being taken */
    qk_jpos tie; /* rows are needed from here on after a crash; for parked frames not their own */
    qk_time at;
    qk_jpos shown_to; /* frames before were shown ahead of their turn */
    bool counted;
    bool half_due; /* the row of half_pos is appended, but what follows found no room */
    qk_jpos half_pos;
    qk_append_result half_result;
    qk_change changes[QK_INGEST_CHANGES_LISTED];
    size_t change_count;
    /* parked */
    qk_map *parked_index;
    qk_session_note *sessions;
    bool parked_unsaved;
    qk_parked **parked;
    size_t parked_n, parked_cap;
    uint64_t parked_checked;   /* registry version, + 1 */
    qk_journal_reader *reader; /* over parked frames of approved devices */
    qk_journal_record again;   /* its record that found no room, when again_due */
    bool again_due;
    qk_jpos reader_end; /* position of the last parked frame wanted */
    /* events */
    qk_map *budget_index;
    qk_event_budget *budgets;
    size_t budget_n, budget_cap;
    _Atomic uint64_t frames, repeats, changed, refused, parked_frames, samples, short_way;
};

/* ingest.c */
QK_NODISCARD qk_code qk_ingest_take_frame(qk_ingest *in, const qk_journal_record *record,
                                          qk_error *err);
bool qk_ingest_device(const qk_ingest *in, qk_device *out, qk_str mn);

/* ingest_events.c; QK_EFULL when no more events can wait. */
QK_NODISCARD qk_code qk_ingest_tell_changes(qk_ingest *in, const qk_ingest_stream *s, qk_time time);
QK_NODISCARD qk_code qk_ingest_tell_future(qk_ingest *in, const qk_decoded *row);
QK_NODISCARD qk_code qk_ingest_tell_unreadable(qk_ingest *in, const qk_decoded *row);
QK_NODISCARD qk_code qk_ingest_tell_command(qk_ingest *in, const qk_decoded *row);
QK_NODISCARD qk_code qk_ingest_tell_parked(qk_ingest *in, const char *mn, const char *address);
QK_NODISCARD qk_code qk_ingest_tell_unparked(qk_ingest *in, const char *mn, int64_t frames);

/* ingest_parked.c */
void qk_ingest_note_session(qk_ingest *in, const qk_journal_record *record);
QK_NODISCARD qk_code qk_ingest_take_parked(qk_ingest *in, const qk_journal_record *record,
                                           qk_error *err);
#endif
