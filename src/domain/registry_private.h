/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_REGISTRY_PRIVATE_H
#define QK_DOMAIN_REGISTRY_PRIVATE_H
/* The kinds of row described as data, so that one piece of code binds, reads, compares, prints and
 * parses them all. Shared by registry*.c and people*.c only. */
#include "domain/people.h"
#include <pthread.h>
#include <stdatomic.h>

typedef enum qk_field_type {
    QK_FIELD_TEXT, /* char[size] */
    QK_FIELD_I32,  /* low..high */
    QK_FIELD_BOOL,
    QK_FIELD_F64,  /* NaN = NULL; low..high */
    QK_FIELD_TIME, /* qk_time; 0 = NULL */
    QK_FIELD_ENUM, /* int, stored as such; names[] ends with NULL */
    QK_FIELD_OWNED /* char *, JSON text, may be NULL */
} qk_field_type;

typedef struct qk_field {
    const char *name;
    qk_field_type type;
    size_t offset, size;
    double low, high;
    const char *const *names;
    bool secret;       /* not written to JSON */
    bool may_be_empty; /* though part of the key */
} qk_field;

typedef struct qk_row_form {
    const char *table;  /* also the name of a row in messages */
    const char *member; /* its array in an import; NULL = not imported */
    const qk_field *fields;
    size_t n, keys; /* the first `keys` fields identify a row */
    size_t row_size, version_offset, ceiling;
    void (*init)(void *row);
} qk_row_form;

typedef enum qk_row_kind {
    QK_ROW_DIVISION,
    QK_ROW_SITE,
    QK_ROW_DEVICE,
    QK_ROW_FACTOR,
    QK_ROW_UNIT,
    QK_ROW_ALIAS,
    QK_ROW_PERSON,
    QK_ROW_POST,
    QK_ROW_ACCOUNT,
    QK_ROW_ACCOUNT_ROLE
} qk_row_kind;
enum { QK_ROW_KINDS = 10, QK_FIELDS_MAX = 24, QK_GEOMETRY_MAX = 4 << 20, QK_PLACE_MAX = 64 << 10 };
extern const qk_row_form qk_row_forms[QK_ROW_KINDS];

/* Rows of one kind, sorted by key; each row is a block of its own. */
typedef struct qk_row_table {
    void **rows;
    size_t n, cap;
    char *load_sql, *put_sql;
} qk_row_table;

struct qk_registry {
    qk_db *db;
    pthread_rwlock_t lock;
    qk_row_table tables[QK_ROW_KINDS];
    char *place;
    _Atomic uint64_t version;
};

static inline void *qk_row_field(const void *row, const qk_field *f)
{
    return (char *)(uintptr_t)row + f->offset;
}
static inline int64_t qk_row_version(const qk_row_form *form, const void *row)
{
    int64_t v;
    memcpy(&v, (const char *)row + form->version_offset, sizeof v);
    return v;
}
static inline void qk_row_set_version(const qk_row_form *form, void *row, int64_t v)
{
    memcpy((char *)row + form->version_offset, &v, sizeof v);
}

/* Frees what a row's fields own, not the row. */
void qk_row_release(const qk_row_form *form, void *row);
/* dest becomes a row of its own; QK_ENOMEM leaves nothing owned. */
QK_NODISCARD qk_code qk_row_copy(const qk_row_form *form, void *dest, const void *src);
bool qk_field_equal(const qk_field *f, const void *a, const void *b);
bool qk_row_equal(const qk_row_form *form, const void *a, const void *b); /* versions aside */
int qk_row_cmp(const qk_row_form *form, const void *a, const void *b);    /* by key */
/* Index of the row with src's key, or where it would stand (*found false). */
size_t qk_row_find(const qk_row_table *t, const qk_row_form *form, const void *key, bool *found);
/* Puts row (taken) in order; an equal key replaces. */
QK_NODISCARD qk_code qk_row_insert(qk_row_table *t, const qk_row_form *form, void *row);
void qk_row_table_clear(qk_row_table *t, const qk_row_form *form);

/* registry.c: reading under the lock. */
pthread_rwlock_t *qk_registry_lock(const qk_registry *r);
/* Copies the row with key's key over it. Only for kinds whose rows own nothing. */
bool qk_row_get(const qk_registry *r, qk_row_kind kind, void *key);
QK_NODISCARD qk_code qk_row_all(const qk_registry *r, qk_row_kind kind, qk_arena *arena, void **out,
                                size_t *n);

/* registry_store.c: SQLite side. */
QK_NODISCARD qk_code qk_row_sql(qk_row_table *t, const qk_row_form *form);
QK_NODISCARD qk_code qk_row_load(qk_registry *r, qk_row_kind kind, qk_error *err);
/* Checks references and texts, then writes the row (triggers write its history) and updates the
 * memory. */
QK_NODISCARD qk_code qk_row_write(qk_registry *r, qk_row_kind kind, const void *row, qk_str by,
                                  qk_time valid_from, qk_time now, qk_error *err);
/* The row with row's key as it held; QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_row_at(void *row, qk_row_kind kind, qk_db *db, qk_time valid_at,
                               qk_time known_at, qk_error *err);
QK_NODISCARD qk_code qk_place_put(qk_registry *r, qk_str json, qk_str by, qk_time now,
                                  qk_error *err);
QK_NODISCARD qk_code qk_place_load(qk_registry *r, qk_error *err);

/* people.c: kinds that exist, a tree without circles, roles that one person may hold. */
QK_NODISCARD qk_code qk_people_check(const qk_registry *r, qk_row_kind kind, const void *row,
                                     qk_error *err);

/* registry_json.c: sets one field from text or number. QK_EINVAL with the text of what is wrong. */
typedef struct qk_json_scalar {
    qk_json_type type;
    qk_str text; /* STRING, NUMBER; OBJECT for geometry: the raw text */
} qk_json_scalar;
QK_NODISCARD qk_code qk_row_set(const qk_field *f, void *row, const qk_json_scalar *value,
                                qk_error *err);
void qk_field_json(qk_json_writer *w, const qk_field *f, const void *row); /* the value */
void qk_row_json(qk_json_writer *w, qk_row_kind kind, const void *row);
QK_NODISCARD qk_code qk_row_patch(qk_row_kind kind, void *row, const qk_json_value *object,
                                  qk_error *err);
const qk_field *qk_row_field_named(const qk_row_form *form, qk_str name);

/* An import from outside, whose rows are checked and told: before (NULL = new) and as it becomes,
 * ahead of its writing. kinds
 * has a bit for each kind that may come. QK_EDENIED for another, with line and column. */
typedef void qk_row_told(void *context, qk_row_kind kind, const void *before, const void *row,
                         uint32_t line);
QK_NODISCARD qk_code qk_registry_import_told(qk_registry *r, qk_str json, uint32_t kinds,
                                             qk_row_told *told, void *context, qk_str by,
                                             qk_time now, qk_error *err);
/* The row with row's key as it stands in memory, or NULL. Store thread. */
const void *qk_row_standing(const qk_registry *r, qk_row_kind kind, const void *row);
/* registry_check.c: what could never fit a frame, a peer or an item; tidies an address. */
QK_NODISCARD qk_code qk_row_check(qk_row_kind kind, void *row, qk_error *err);
#endif
