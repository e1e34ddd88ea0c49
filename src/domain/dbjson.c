/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/dbjson.h"

void qk_dbjson_text(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column)
{
    qk_json_kstr(w, name, qk_db_text(s, column));
}

void qk_dbjson_name(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column)
{
    qk_str text = qk_db_text(s, column);
    if (text.len)
        qk_json_kstr(w, name, text);
    else
        qk_json_knull(w, name);
}

void qk_dbjson_day(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column)
{
    char text[QK_TIME_TEXT];
    bool none = sqlite3_column_type(s, column) == SQLITE_NULL;
    qk_time t = sqlite3_column_int64(s, column) * QK_DAY - QK_CST_OFFSET;
    qk_json_kcstr(w, name, none ? NULL : qk_date_iso(text, t));
}

void qk_dbjson_number(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column)
{
    qk_str text = qk_db_text(s, column);
    qk_json_key(w, name);
    if (qk_json_is_number(text))
        qk_json_raw(w, text);
    else
        qk_json_null(w);
}

void qk_dbjson_json(qk_json_writer *w, const char *name, sqlite3_stmt *s, int column)
{
    qk_str text = qk_db_text(s, column);
    qk_json_key(w, name);
    if (text.len)
        qk_json_raw(w, text);
    else
        qk_json_null(w);
}

void qk_dbjson_time(qk_json_writer *w, const char *name, qk_time t)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(w, name, t == QK_TIME_NONE ? NULL : qk_time_iso_zone(text, t));
}

void qk_dbjson_written(qk_json_writer *w, sqlite3_stmt *s, int column)
{
    qk_json_ki64(w, "row_version", sqlite3_column_int64(s, column));
    qk_dbjson_time(w, "recorded_at", sqlite3_column_int64(s, column + 1));
    qk_dbjson_text(w, "recorded_by", s, column + 2);
}

void qk_dbjson_begin(qk_json_writer *w)
{
    qk_json_object(w);
    qk_json_key(w, "items");
    qk_json_array(w);
}

void qk_dbjson_end(qk_json_writer *w, int64_t total)
{
    qk_json_end(w);
    qk_json_ki64(w, "total", total);
    qk_json_end(w);
}

void qk_dbjson_bind(sqlite3_stmt *s, int index, qk_str text)
{
    qk_db_bind_str(s, index, text.ptr ? text : QK_STR(""));
}
