/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_DBJSON_H
#define QK_DOMAIN_DBJSON_H
/* Columns of a row as members of a JSON object. Names stay the caller's; any thread with a
 * connection of its own. */
#include "base/json.h"
#include "base/time.h"
#include "store/db.h"

void qk_dbjson_text(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column);
/* An empty text writes null. */
void qk_dbjson_name(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column);
/* qk_day_number as 2025-12-31, NULL as null. */
void qk_dbjson_day(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column);
/* A text that is a number, with its digits; null for any other. */
void qk_dbjson_number(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column);
/* A text that is JSON; an empty one writes null. */
void qk_dbjson_json(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column);
void qk_dbjson_time(qk_json_writer *w, const char *name, qk_time t);
/* version, recorded_at, recorded_by in three columns from `column`, as row_version and so on. */
void qk_dbjson_written(qk_json_writer *w, sqlite3_stmt *s, int column);
/* {"items":[…],"total":n} */
void qk_dbjson_begin(qk_json_writer *w);
void qk_dbjson_end(qk_json_writer *w, int64_t total);
/* Binds a text, {NULL,0} as the empty one. */
void qk_dbjson_bind(sqlite3_stmt *s, int index, qk_str text);
#endif
