/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DERIVE_PRIVATE_H
#define QK_DOMAIN_DERIVE_PRIVATE_H
/* Shared by derive.c (rows in, what is due), derive_compute.c (rows out), derive_store.c (tables)
 * and quality.c (values that stand still or leave their range). */
#include "domain/derive.h"
#include "domain/gather.h"
#include "domain/still.h"
#include "base/map.h"

enum {
    QK_DERIVE_FACTORS = 512, /* of one device */
    QK_DERIVE_GRACE = 2 * 60000,
    QK_DERIVE_QUIET = 60000,
    QK_DERIVE_DAY_GRACE = 10 * 60000,
    QK_DERIVE_HOUR_NEED = 45, /* HJ 212-2017 D.2 */
    QK_DERIVE_DAY_NEED = 20,
    QK_DERIVE_ENTRIES = 1 << 20
};

typedef enum qk_derive_level { QK_LEVEL_HOUR = 1, QK_LEVEL_DAY = 2 } qk_derive_level;

/* An hour or day that is dirty, or done and not yet forgotten. Sorted by (level, time). */
typedef struct qk_entry {
    qk_time time, touched;
    uint64_t done_pos;
    uint8_t level;
    bool done;
    bool queued;     /* in the heap */
    uint8_t saved;   /* what the table holds: 0 nothing, 1 dirty, 2 done */
    uint8_t writing; /* what the transaction under way writes */
} qk_entry;

/* A value that stands still. */
typedef struct qk_steady {
    qk_dec value;
    qk_time since, last;
    bool known, exact, told;
} qk_steady;

typedef struct qk_derived_columns {
    bool known;
    qk_column_id number[QK_ROLES], valid, flag;
    uint32_t live[QK_ROLES];
} qk_derived_columns;

typedef struct qk_derive_factor {
    char code[QK_CODE_MAX];
    qk_derived_columns out[2]; /* hour, day */
    qk_steady steady;
    double low, high;  /* of the register; NaN = none */
    double park_limit; /* of a factor at a park's station; NaN = none */
    qk_time park_told; /* hour */
    qk_still_rule still;
    qk_time range_told; /* hour in which leaving it was told last */
} qk_derive_factor;

/* What the columns of a source stream mean. */
typedef struct qk_source {
    qk_stream_id stream; /* 0 = not there (yet) */
    struct qk_meaning {
        uint16_t factor;
        uint8_t role;
    } * columns;
    size_t n, cap;
} qk_source;
typedef enum qk_source_kind {
    QK_SOURCE_MINUTE,
    QK_SOURCE_RTD,
    QK_SOURCE_HOUR,
    QK_SOURCE_DERIVED_HOUR,
    QK_SOURCES
} qk_source_kind;

/* The hour being gathered on the way. */
typedef struct qk_open_hour {
    qk_time hour;     /* QK_TIME_NONE = none yet */
    bool complete;    /* every stored row of the hour went in, in order */
    qk_time last;     /* time of the last row */
    qk_time gap;      /* least distance of two rows; 0 = one row */
    qk_time recorded; /* of the last part */
    size_t rows;
    qk_gather *gathers; /* by factor */
    qk_time *at;        /* by factor: time of its last part */
    size_t cap;
} qk_open_hour;

struct qk_derive_device {
    char mn[QK_MN_MAX];
    size_t number;
    qk_device device;
    uint64_t device_of; /* registry version, + 1 */
    qk_source sources[QK_SOURCES];
    qk_stream_id out[2]; /* derived hour, day; 0 = not made yet */
    qk_live_stream *live[2];
    qk_derive_factor *factors;
    size_t factor_n, factor_cap;
    qk_open_hour open;
    qk_time stored_last; /* newest minute row before this run; QK_TIME_NONE = none */
    qk_entry *entries;
    size_t entry_n, entry_cap;
    bool unsaved;
};

typedef struct qk_due {
    qk_time due, time;
    uint32_t device;
    uint8_t level;
} qk_due;

typedef struct qk_part_scratch {
    qk_part part[QK_DERIVE_FACTORS];
    uint16_t touched[QK_DERIVE_FACTORS];
    size_t n;
    bool on[QK_DERIVE_FACTORS];
} qk_part_scratch;

/* What a computation gives, by factor; flag 0 = nothing for that factor. */
typedef struct qk_outcome {
    qk_derive_level level;
    qk_time time, recorded;
    qk_gathered values[QK_DERIVE_FACTORS];
} qk_outcome;

struct qk_derive {
    qk_derive_parts p;
    qk_still still;
    qk_telemetry_reader *reader;
    qk_map *index;
    qk_derive_device **devices;
    size_t n, cap;
    qk_due *heap;
    size_t heap_n, heap_cap;
    size_t entry_total;
    qk_time now;
    uint64_t pos;
    bool unsaved;
    uint64_t pruned_to;
    qk_time kept_from[2]; /* minutes, real-time values */
    qk_hour_fn *on_hour;
    void *on_hour_context;
    qk_derive_stats stats;
    /* scratch of one computation */
    qk_part_scratch scratch;
    qk_gather gathers[QK_DERIVE_FACTORS];
    qk_moments *moments;
    uint32_t hours_seen[QK_DERIVE_FACTORS];
    qk_cell cells[QK_DERIVE_FACTORS * (QK_ROLES + 2)];
    qk_live_cell live_cells[QK_DERIVE_FACTORS * QK_ROLES];
    char flags[QK_DERIVE_FACTORS];
    qk_outcome outcome;
};

/* derive.c */
qk_source *qk_derive_source(qk_derive *d, qk_derive_device *dev, qk_source_kind kind);
/* Learns the columns that are new; QK_OK also when some have no meaning here. */
QK_NODISCARD qk_code qk_derive_learn(qk_derive *d, qk_derive_device *dev, qk_source *source,
                                     qk_error *err);
/* The parts of one row by factor, into d->scratch. learn: columns not met yet are looked up, which
 * a row given by the reader itself must not ask for. */
QK_NODISCARD qk_code qk_derive_parts_of(qk_derive *d, qk_derive_device *dev, qk_source *source,
                                        const qk_cell *cells, size_t n, bool learn, qk_error *err);
QK_NODISCARD qk_code qk_derive_touch(qk_derive *d, qk_derive_device *dev, qk_derive_level level,
                                     qk_time time, qk_time touched, qk_error *err);
void qk_derive_refresh(qk_derive *d, qk_derive_device *dev);
qk_time qk_derive_hour_of(const qk_derive_device *dev, qk_time time);
bool qk_derive_strict(const qk_derive_device *dev);

/* derive_compute.c */
QK_NODISCARD qk_code qk_derive_hour(qk_derive *d, qk_derive_device *dev, qk_time hour,
                                    qk_error *err);
QK_NODISCARD qk_code qk_derive_day(qk_derive *d, qk_derive_device *dev, qk_time day, qk_error *err);

/* quality.c */
/* quality.c: hours of a park's station against the limits of its factors; others cost nothing. */
QK_NODISCARD qk_code qk_park_hour(qk_derive *d, qk_derive_device *dev, const qk_cell *cells,
                                  size_t n, qk_time time, qk_time recorded, qk_error *err);
QK_NODISCARD qk_code qk_quality_row(qk_derive *d, qk_derive_device *dev, qk_source_kind kind,
                                    qk_time time, qk_time recorded, qk_error *err);
#endif
