/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LEDGER_H
#define QK_DOMAIN_LEDGER_H
/* Ledgers (台账): a declared type, rows with full history, figures counted from them.
 *
 * A type is data: fields with their kinds, which of them make a row one of its kind (the key), and
 * counters. Shipped types (ledger_types.inc) stand under those of an administrator, which are rows
 * of table `ledger`. A row keeps its fields as a JSON object; it is ended, never deleted, and every
 * version of it stays. Two times are kept: when it held (valid) and when it was told (recorded), so
 * that anything can be asked for as it was known at T.
 *
 * Ceilings: 64 fields, 32 counters, 100,000 rows of a ledger, 32 KiB of a row. Reading is for any
 * thread with a connection of its own, writing for the store thread inside a transaction. What is
 * given out lies in the caller's arena. docs/internals/ledger.md */
#include "base/json.h"
#include "base/time.h"
#include "store/db.h"

enum {
    QK_LEDGER_ID_MAX = 48, /* bytes of a ledger's or a field's name, with its end */
    QK_LEDGER_FIELDS = 64,
    QK_LEDGER_CHOICES = 64,
    QK_LEDGER_COUNTERS = 32,
    QK_LEDGER_FILTERS = 16,
    QK_LEDGER_ROWS = 100000,
    QK_LEDGER_ROW_BYTES = 32 * 1024,
    QK_LEDGER_TEXT_MAX = 2000, /* bytes of a field */
    QK_LEDGER_TYPE_BYTES = 128 * 1024,
    QK_LEDGER_OF = 4 /* fields of which a counter counts the different ones */
};

typedef enum qk_ledger_kind {
    QK_LEDGER_TEXT,
    QK_LEDGER_NUMBER,
    QK_LEDGER_INTEGER,
    QK_LEDGER_MONEY, /* yuan, at most 2 decimals */
    QK_LEDGER_DATE,
    QK_LEDGER_CHOICE,
    QK_LEDGER_FLAG,
    QK_LEDGER_UNIT, /* a unit of the register of people, by id, name or alias */
    QK_LEDGER_SITE, /* a site of the register, by id or name */
    QK_LEDGER_PERSON,
    QK_LEDGER_FILE, /* SHA-256 of a file in the store */
    QK_LEDGER_KINDS
} qk_ledger_kind;
const char *qk_ledger_kind_name(qk_ledger_kind kind); /* "text" … "money_yuan" … "file" */

typedef struct qk_ledger_choice {
    qk_str value, zh, en;
} qk_ledger_choice;

typedef struct qk_ledger_field {
    qk_str name, zh, en;
    qk_ledger_kind kind;
    bool required, key;
    qk_str unit; /* of a number, for people */
    const qk_ledger_choice *choices;
    size_t choice_count;
    bool has_low, has_high;
    qk_dec low, high;
} qk_ledger_field;

typedef enum qk_ledger_count_kind {
    QK_LEDGER_COUNT,    /* rows */
    QK_LEDGER_DISTINCT, /* different values of the fields `of`, taken together */
    QK_LEDGER_SUM,      /* of the one field `of` */
    QK_LEDGER_SHARE     /* rows that pass `numerator` too, of all that pass `where` */
} qk_ledger_count_kind;
const char *qk_ledger_count_kind_name(qk_ledger_count_kind kind);

/* where, numerator: [[field, op, value], …], all of which must hold; op is = != < <= > >= in
 * contains empty. A value that is not there counts as "" and passes no comparison of size. A date
 * may be given as "today", "today-10"; {"field": name} is the value of another field. NULL = no
 * condition. Counters whose id begins with red, yellow or green are the lights of a row. */
typedef struct qk_ledger_counter {
    qk_str id, zh, en;
    qk_ledger_count_kind kind;
    qk_str of[QK_LEDGER_OF];
    size_t of_count;
    const qk_json_value *where, *numerator;
    qk_str date; /* the date field that puts a row into a period; empty = none */
} qk_ledger_counter;

typedef struct qk_ledger_type {
    qk_str id, title_zh, title_en, unit, source;
    const qk_ledger_field *fields;
    size_t field_count;
    const qk_ledger_counter *counters;
    size_t counter_count;
    int64_t version; /* 0 = shipped */
    qk_str fields_json, counters_json;
} qk_ledger_type;

/* ---- types ---- */
/* From {"id","title_zh","title_en","unit","source","fields":[…],"counters":[…]}; version and
 * row_version are passed over. QK_EFORMAT with line and column of the text, or naming what is
 * wrong. */
QK_NODISCARD qk_code qk_ledger_type_parse(qk_ledger_type **out, qk_str json, qk_arena *arena,
                                          qk_error *err);
/* The type as known at known_at (QK_TIME_NONE = now). QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_ledger_type_get(qk_ledger_type **out, qk_db *db, qk_str id,
                                        qk_time known_at, qk_arena *arena, qk_error *err);
/* All of them, by id. */
QK_NODISCARD qk_code qk_ledger_types(qk_ledger_type ***out, size_t *n, qk_db *db, qk_arena *arena,
                                     qk_error *err);
/* Sets it. seen: the version its author saw, 0 = shipped or none. QK_ECONFLICT; QK_EDENIED when
 * rows stand in the ledger and the key or a field's kind would change or a field would go. */
QK_NODISCARD qk_code qk_ledger_type_put(qk_db *db, const qk_ledger_type *type, int64_t seen,
                                        qk_str by, qk_time now, qk_error *err);
void qk_ledger_type_json(qk_json_writer *w, const qk_ledger_type *type);
/* Index of a field by name, or SIZE_MAX. */
size_t qk_ledger_field_find(const qk_ledger_type *type, qk_str name);
/* A row's value by the field's name; empty when the type has no such field. */
qk_str qk_ledger_cell(const qk_ledger_type *type, const qk_str *values, const char *field);
/* Nothing when the type has no such field. The value is not copied. */
void qk_ledger_cell_set(const qk_ledger_type *type, qk_str *values, const char *field,
                        qk_str value);

/* ---- rows ---- */
typedef struct qk_ledger_row {
    int64_t id;
    qk_str key, unit, site, state; /* unit, site: the first field of that kind; state: so named */
    const qk_str *values;         /* one for each field of the type, canonical; empty = not there */
    qk_time valid_from, valid_to; /* valid_to QK_TIME_NONE = holds */
    int64_t version;
    qk_time recorded_at;
    qk_str recorded_by;
} qk_ledger_row;

/* A field's value as it is kept, from text as people write it: 2025/6/30 and 2025年6月30日 become
 * 2025-06-30, 是 becomes true, a choice's or unit's name its value. QK_EINVAL tells what is wrong,
 * err->where naming the field. An empty text gives an empty value. */
QK_NODISCARD qk_code qk_ledger_value(qk_str *out, qk_db *db, const qk_ledger_field *field,
                                     qk_str text, qk_arena *arena, qk_error *err);
/* Adds (*id 0) or changes a row; values as people write them, one for each field. Equal values make
 * no version (*changed false). seen: version its author saw, -1 = any. valid_from QK_TIME_NONE =
 * now, never after it. QK_EEXIST for a key that another row has, QK_ECONFLICT, QK_EINVAL,
 * QK_ENOTFOUND, QK_EFULL. */
QK_NODISCARD qk_code qk_ledger_put(int64_t *id, bool *changed, qk_db *db,
                                   const qk_ledger_type *type, const qk_str *values, int64_t seen,
                                   qk_time valid_from, qk_str by, qk_time now, qk_error *err);
/* Values from a JSON object for qk_ledger_put; members left out keep those of `base` (NULL =
 * none), null empties. QK_EINVAL on a member that no field is called. */
QK_NODISCARD qk_code qk_ledger_values_json(const qk_str **out, const qk_ledger_type *type,
                                           const qk_json_value *object, const qk_str *base,
                                           qk_arena *arena, qk_error *err);
/* Ends it at `now`; ended rows are no longer counted. */
QK_NODISCARD qk_code qk_ledger_end(qk_db *db, const qk_ledger_type *type, int64_t id, int64_t seen,
                                   qk_str by, qk_time now, qk_error *err);
/* The newest version of a row, ended or not. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_ledger_get(qk_ledger_row **out, qk_db *db, const qk_ledger_type *type,
                                   int64_t id, qk_arena *arena, qk_error *err);
/* The current row of a key as people would write it (values of the key fields, in order);
 * QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_ledger_find(int64_t *id, qk_db *db, const qk_ledger_type *type,
                                    const qk_str *values, qk_arena *arena, qk_error *err);
/* Every version, newest first, at most 1,000. */
QK_NODISCARD qk_code qk_ledger_history(qk_ledger_row **out, size_t *n, qk_db *db,
                                       const qk_ledger_type *type, int64_t id, qk_arena *arena,
                                       qk_error *err);
/* {"id","key","unit","site","state","light","data":{…},"valid_from","valid_to","row_version",…};
 * light as qk_ledger_light gives it. */
void qk_ledger_row_json(qk_json_writer *w, const qk_ledger_type *type, const qk_ledger_row *row,
                        const char *light);

/* ---- questions ---- */
typedef struct qk_ledger_ask {
    const qk_json_value *where; /* as in a counter */
    qk_str date;                /* the date field; empty = no period */
    int32_t from_day, to_day;   /* both included, qk_day_number; both 0 = no period */
    qk_str unit;                /* only rows of this unit; empty = all */
    qk_time valid_at, known_at; /* QK_TIME_NONE = now */
    int32_t today;              /* what "today" means in where */
    /* Whether rows of this unit are shown to who asks; NULL = all are. */
    bool (*may)(void *context, qk_str unit);
    void *may_context;
} qk_ledger_ask;

/* fn gets each row in order of its number; its views live for the call. It stops by returning
 * anything but QK_OK, which is then returned. It asks the same ledger nothing. */
typedef qk_code qk_ledger_row_fn(void *context, const qk_ledger_row *row);
QK_NODISCARD qk_code qk_ledger_each(qk_db *db, const qk_ledger_type *type, const qk_ledger_ask *ask,
                                    qk_ledger_row_fn *fn, void *context, qk_error *err);

typedef struct qk_ledger_figure {
    qk_str group;      /* value of the field grouped by; empty = all, or rows without one */
    int64_t rows;      /* that passed where and period */
    qk_dec value;      /* number, or share 0..1 at 6 decimals */
    bool known;        /* false: a share of nothing */
    int64_t numerator; /* of a share */
} qk_ledger_figure;
/* A counter over what the question lets through; ask->where and ask->date stand beside the
 * counter's own (ask->date empty = the counter's). group_by: name of a field, empty = one figure.
 * Groups in order of their value, at most 4,096. */
QK_NODISCARD qk_code qk_ledger_count(qk_ledger_figure **out, size_t *n, qk_db *db,
                                     const qk_ledger_type *type, const qk_ledger_counter *counter,
                                     const qk_ledger_ask *ask, qk_str group_by, qk_arena *arena,
                                     qk_error *err);
/* By id; NULL. */
const qk_ledger_counter *qk_ledger_counter_find(const qk_ledger_type *type, qk_str id);
/* The light of a row: the first of red, yellow, green whose conditions it passes; "" = none. */
typedef struct qk_ledger_lights qk_ledger_lights;
QK_NODISCARD qk_code qk_ledger_lights_new(qk_ledger_lights **out, const qk_ledger_type *type,
                                          int32_t today, qk_arena *arena, qk_error *err);
const char *qk_ledger_light(const qk_ledger_lights *lights, const qk_ledger_row *row);
/* Whether conditions could be asked of this type: QK_EINVAL naming what cannot. */
QK_NODISCARD qk_code qk_ledger_where_check(const qk_ledger_type *type, const qk_json_value *where,
                                           qk_error *err);
#endif
