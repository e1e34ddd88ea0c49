/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/retention.h"
#include "domain/setting.h"

static const struct {
    qk_stream_kind kind;
    const char *key;
    int64_t days;
} kept[] = {
    {QK_STREAM_RTD, "retention.rtd_days", 90},
    {QK_STREAM_STATE, "retention.state_days", 366},
    {QK_STREAM_MINUTE, "retention.minute_days", 1826},
    {QK_STREAM_HOUR, "retention.hour_days", 0},
    {QK_STREAM_DAY, "retention.day_days", 0},
    {QK_STREAM_RUNTIME, "retention.runtime_days", 0},
    {QK_STREAM_PERIODIC, "retention.periodic_days", 0},
    {QK_STREAM_DERIVED_HOUR, "retention.derived_hour_days", 0},
    {QK_STREAM_DERIVED_DAY, "retention.derived_day_days", 0},
    {QK_STREAM_FORECAST, "retention.forecast_days", 1096},
};
enum { KINDS = sizeof kept / sizeof *kept, DAYS_MAX = 100000 };

int64_t qk_retention_days(qk_db *db, qk_stream_kind kind)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (kept[i].kind != kind) continue;
        int64_t days = qk_setting_i64(db, kept[i].key, kept[i].days);
        /* A value that makes no sense must not delete anything. */
        return days > 0 && days <= DAYS_MAX ? days : 0;
    }
    return 0;
}

qk_code qk_retention_run(qk_db *db, qk_telemetry *telemetry, qk_time now, qk_error *err)
{
    for (size_t i = 0; i < KINDS; i++) {
        int64_t days = qk_retention_days(db, kept[i].kind);
        if (!days) continue;
        qk_time before = qk_floor_day(now) - days * QK_DAY;
        QK_TRY(qk_telemetry_expire(telemetry, kept[i].kind, before, err));
    }
    return QK_OK;
}
