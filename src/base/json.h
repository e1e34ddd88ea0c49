/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_JSON_H
#define QK_BASE_JSON_H
/* JSON (RFC 8259): a streaming writer with a sticky error, and a pull reader that keeps the digits
 * of numbers as they stand (12.50 stays 12.50), which no library on the shelf does.
 *
 * The writer puts commas and escapes itself; names and texts must be UTF-8, broken bytes become
 * U+FFFD. A call out of place (a value without its key, one end too many, depth beyond 64) makes
 * the buffer fail with QK_EINVAL, so that out->failed need be looked at only once, at the end.
 * Values at depth 0 may follow each other; what separates them is the caller's. It writes into a
 * qk_buf; `qk_json_flush` to a FILE keeps memory flat for long output. The reader takes a whole
 * text in memory (its ceiling is the caller's), refuses duplicate names never itself but reports
 * each, depth at most 64, and gives line and column of a fault. */
#include "base/decimal.h"
#include "base/memory.h"
#include <stdio.h>

typedef struct qk_json_writer {
    qk_buf *out;
    uint64_t comma; /* one bit a depth: something was written there */
    uint64_t object;
    int32_t depth;
    bool after_key;
    bool pretty; /* set after init for indented text */
} qk_json_writer;

void qk_json_init(qk_json_writer *w, qk_buf *out);
void qk_json_object(qk_json_writer *w);
void qk_json_array(qk_json_writer *w);
void qk_json_end(qk_json_writer *w); /* closes the innermost object or array */
void qk_json_key(qk_json_writer *w, const char *name);
void qk_json_key_str(qk_json_writer *w, qk_str name);
void qk_json_str(qk_json_writer *w, qk_str text);
void qk_json_cstr(qk_json_writer *w, const char *text); /* NULL writes null */
void qk_json_i64(qk_json_writer *w, int64_t v);
void qk_json_u64(qk_json_writer *w, uint64_t v);
/* Shortest text that reads back the same; not finite writes null. */
void qk_json_f64(qk_json_writer *w, double v);
/* Fixed decimals; not finite writes null. */
void qk_json_fixed(qk_json_writer *w, double v, int decimals);
void qk_json_dec(qk_json_writer *w, qk_dec d);
/* Digits as they stand; the caller vouches that it is a JSON number (qk_json_is_number). */
void qk_json_raw(qk_json_writer *w, qk_str json);
void qk_json_bool(qk_json_writer *w, bool v);
void qk_json_null(qk_json_writer *w);
/* name and value at once */
void qk_json_kstr(qk_json_writer *w, const char *name, qk_str text);
void qk_json_kcstr(qk_json_writer *w, const char *name, const char *text);
void qk_json_ki64(qk_json_writer *w, const char *name, int64_t v);
void qk_json_kbool(qk_json_writer *w, const char *name, bool v);
void qk_json_knull(qk_json_writer *w, const char *name);
/* Writes what stands in the buffer to file and empties it. QK_EIO. */
QK_NODISCARD qk_code qk_json_flush(qk_json_writer *w, FILE *file, qk_error *err);
bool qk_json_is_number(qk_str text);

typedef enum qk_json_type {
    QK_JSON_END = 0, /* the text is read to its end */
    QK_JSON_OBJECT,
    QK_JSON_OBJECT_END,
    QK_JSON_ARRAY,
    QK_JSON_ARRAY_END,
    QK_JSON_KEY,
    QK_JSON_STRING,
    QK_JSON_NUMBER,
    QK_JSON_TRUE,
    QK_JSON_FALSE,
    QK_JSON_NULL
} qk_json_type;

typedef struct qk_json_reader {
    qk_str text;
    size_t at;
    qk_arena *arena; /* unescaped strings are placed here */
    uint64_t object;
    int32_t depth;
    uint8_t state;
    bool skipping;
    qk_str value;    /* of the last KEY, STRING (unescaped) or NUMBER (as written) */
    size_t value_at; /* where the last token began, in bytes */
} qk_json_reader;

void qk_json_read_init(qk_json_reader *r, qk_str text, qk_arena *arena);
/* Next token, or QK_EFORMAT with line and column (in characters). A text without escapes is a view
 * into the input and needs no arena; QK_EFULL when the arena cannot hold the others. After a
 * failure the reader stays where it is. A number that no double can hold is refused. */
QK_NODISCARD qk_code qk_json_next(qk_json_reader *r, qk_json_type *type, qk_error *err);
/* After a KEY or inside an array: passes over the whole next value, using no memory. At an array's
 * end it passes over the end. */
QK_NODISCARD qk_code qk_json_skip(qk_json_reader *r, qk_error *err);

/* The same text as a tree, for small documents: request bodies, configuration. */
typedef struct qk_json_value {
    qk_json_type type;           /* OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL */
    qk_str text;                 /* STRING unescaped, NUMBER as written */
    qk_str name;                 /* of a member */
    struct qk_json_value *first; /* members or elements, in order */
    struct qk_json_value *next;
    size_t count;
} qk_json_value;
QK_NODISCARD qk_code qk_json_parse(qk_json_value **out, qk_str text, qk_arena *arena,
                                   qk_error *err);
/* Member by name (the last of duplicates), or NULL; NULL in gives NULL. */
const qk_json_value *qk_json_get(const qk_json_value *object, const char *name);
qk_str qk_json_get_str(const qk_json_value *object, const char *name); /* {NULL,0} when not text */
bool qk_json_get_i64(const qk_json_value *object, const char *name, int64_t *out);
bool qk_json_get_f64(const qk_json_value *object, const char *name, double *out);
bool qk_json_get_bool(const qk_json_value *object, const char *name, bool fallback);
/* Writes a tree back; numbers keep their digits. NULL writes null. */
void qk_json_put(qk_json_writer *w, const qk_json_value *v);
#endif
