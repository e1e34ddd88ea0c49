/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong forecast weather`: weather forecasts from a file into the archive of a data folder. */
#include "base/file.h"
#include "cli/caller.h"
#include "cli/forecast.h"
#include "domain/forecast_weather.h"
#include "domain/node.h"
#include "domain/weather_file.h"
#include "store/audit.h"

enum { CSV_MAX = 32 << 20, ANSWER_MAX = 1 << 20 };

typedef struct import_job {
    const forecast_job *job;
    qk_buf bytes, csv;
    qk_forecast_weather_place place;
    qk_forecast_weather_taken taken;
} import_job;

static void tell(int64_t rows, int64_t added, int64_t kept, const char *first, const char *last,
                 int64_t lead, bool taken)
{
    printf("%s: %lld days of forecasts issued %s to %s, leads to %lld: %lld new cells, %lld were"
           " there and stay\n",
           taken ? "taken in" : "looked at", (long long)rows, first, last, (long long)lead,
           (long long)added, (long long)kept);
}

static qk_code take(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    import_job *m = context;
    char detail[64];
    (void)node;
    QK_TRY(qk_forecasts_weather_csv(&m->taken, db, qk_buf_str(&m->csv), &m->place, m->job->dry_run,
                                    QK_STR("command"), now, err));
    if (m->job->dry_run) return QK_OK;
    snprintf(detail, sizeof detail, "{\"rows\":%zu}", m->taken.rows);
    const qk_audit_line line = {.at = now,
                                .who = QK_STR("command"),
                                .what = QK_STR("forecast.weather"),
                                .object = QK_STR("forecast_weather"),
                                .detail = qk_str_of(detail)};
    return qk_audit_append(db, NULL, &line, err);
}

static qk_code import_here(import_job *m, qk_error *err)
{
    qk_node *node = NULL;
    qk_node_options options = {.data_dir = m->job->data_dir};
    char first[QK_TIME_TEXT], last[QK_TIME_TEXT];
    QK_TRY(qk_node_open(&node, &options, err));
    qk_code code = qk_forecasts_weather_county(&m->place, qk_node_registry(node), err);
    if (code == QK_OK)
        code =
            qk_forecasts_weather_days(&m->csv, qk_buf_str(&m->bytes), m->job->file, &m->place, err);
    if (code == QK_OK) code = qk_node_call(node, take, m, err);
    qk_node_close(node);
    if (code != QK_OK) return code;
    const qk_forecast_weather_taken *t = &m->taken;
    tell((int64_t)t->rows, (int64_t)t->added, (int64_t)t->kept,
         qk_date_iso(first, (qk_time)t->first_issue * QK_DAY - QK_CST_OFFSET),
         qk_date_iso(last, (qk_time)t->last_issue * QK_DAY - QK_CST_OFFSET), t->last_lead,
         !m->job->dry_run);
    return QK_OK;
}

static qk_code tell_answer(qk_str text, qk_error *err)
{
    qk_arena arena;
    qk_json_value *v = NULL;
    int64_t n[4] = {0};
    char first[QK_TIME_TEXT], last[QK_TIME_TEXT];
    qk_arena_init(&arena, ANSWER_MAX);
    qk_code code = qk_json_parse(&v, text, &arena, err);
    if (code == QK_OK) {
        static const char *const names[] = {"rows", "added", "kept", "last_lead"};
        for (int i = 0; i < 4; i++) (void)qk_json_get_i64(v, names[i], &n[i]);
        qk_str_copy(first, sizeof first, qk_json_get_str(v, "first_issue"));
        qk_str_copy(last, sizeof last, qk_json_get_str(v, "last_issue"));
        tell(n[0], n[1], n[2], first, last, n[3], qk_json_get_bool(v, "committed", false));
    }
    qk_arena_clear(&arena);
    return code;
}

static qk_code import_there(import_job *m, qk_error *err)
{
    long status = 0;
    qk_buf answer;
    qk_call call = {m->job->data_dir, m->job->http, "operator.key"};
    qk_buf_init(&answer, ANSWER_MAX);
    qk_code code =
        qk_caller_ask(&answer, &status, &call, "POST",
                      m->job->dry_run ? "/forecast/weather/file" : "/forecast/weather/file?commit",
                      "application/octet-stream", qk_buf_str(&m->bytes), err);
    if (code == QK_OK)
        code = status == 200 ? tell_answer(qk_buf_str(&answer), err)
                             : qk_caller_refused(status, qk_buf_str(&answer), err);
    qk_buf_clear(&answer);
    return code;
}

qk_code forecast_import(const forecast_job *job, qk_error *err)
{
    import_job m = {.job = job};
    qk_buf_init(&m.bytes, QK_WEATHER_UPLOAD_MAX);
    qk_buf_init(&m.csv, CSV_MAX);
    qk_code code = qk_file_read(&m.bytes, job->file, err);
    if (code == QK_EFULL)
        qk_error_hint(err, "'weather extract --form days' reads larger files into CSV");
    if (code == QK_OK)
        code = qk_caller_held(job->data_dir) ? import_there(&m, err) : import_here(&m, err);
    qk_buf_clear(&m.bytes);
    qk_buf_clear(&m.csv);
    return code;
}
