/* SPDX-License-Identifier: Apache-2.0 */
/* What one device did: days of transmission, requests, forwarding. */
#include "web/api.h"
#include "web/device_json.h"
#include <math.h>

enum { DAYS = 40, REQUESTS = 20 };

/* Effective transmission = transmission rate x share of valid values, of the hours that were due.
 */
static void write_day(qk_json_writer *w, sqlite3_stmt *stmt)
{
    char date[QK_TIME_TEXT];
    int64_t day = sqlite3_column_int64(stmt, 0);
    double due = (double)sqlite3_column_int64(stmt, 1);
    double received = (double)sqlite3_column_int64(stmt, 2);
    double valid = (double)sqlite3_column_int64(stmt, 4);
    double rate = due > 0 ? fmin(received / due, 1) : NAN;
    double valid_rate = received > 0 ? valid / received : NAN;
    qk_json_object(w);
    qk_json_kcstr(w, "date", qk_date_iso(date, day * QK_DAY - QK_CST_OFFSET));
    qk_json_ki64(w, "due", sqlite3_column_int64(stmt, 1));
    qk_json_ki64(w, "received", sqlite3_column_int64(stmt, 2));
    qk_json_ki64(w, "in_time", sqlite3_column_int64(stmt, 3));
    qk_json_ki64(w, "valid", sqlite3_column_int64(stmt, 4));
    qk_json_kf64(w, "rate", rate);
    qk_json_kf64(w, "valid_rate", valid_rate);
    qk_json_kf64(w, "effective", due > 0 && received <= 0 ? 0 : rate * valid_rate);
    qk_json_end(w);
}

static qk_code write_days(qk_exchange *x, const qk_device *device, qk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    qk_time now = qk_clock_now(qk_node_clock(x->context->node));
    QK_TRY(qk_db_prepare(&stmt, x->tools->db,
                         "SELECT day, due, received, in_time, valid FROM transmission "
                         "WHERE mn = ?1 AND day > ?2 AND day <= ?3 ORDER BY day",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(device->mn));
    sqlite3_bind_int64(stmt, 2, qk_day_number(now) - DAYS);
    sqlite3_bind_int64(stmt, 3, qk_day_number(now));
    qk_code code;
    qk_json_array(&x->json);
    while ((code = qk_db_step(x->tools->db, stmt, err)) == QK_OK) write_day(&x->json, stmt);
    qk_json_end(&x->json);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* The device's queue to each upper platform that takes it: "ok", "down", or "off". */
static qk_code write_forward(qk_exchange *x, const qk_device *device, qk_error *err)
{
    qk_gateway *gateway = x->context->gateway;
    qk_uplink_state *links = NULL;
    size_t n = 0;
    if (gateway)
        QK_TRY(qk_gateway_uplinks(gateway, qk_str_of(device->mn), &x->arena, &links, &n, err));
    qk_json_array(&x->json);
    for (size_t i = 0; i < n; i++) {
        const char *broken = links[i].enabled ? "down" : "off";
        qk_json_object(&x->json);
        qk_json_kcstr(&x->json, "upper", links[i].upper);
        qk_json_kcstr(&x->json, "state", links[i].connected ? "ok" : broken);
        qk_json_ki64(&x->json, "lag", (int64_t)links[i].behind_bytes);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_device_history_json(qk_exchange *x, const qk_device *device, qk_error *err)
{
    qk_json_key(&x->json, "transmission");
    QK_TRY(write_days(x, device, err));
    qk_json_key(&x->json, "requests");
    QK_TRY(qk_requests_json(x, qk_str_of(device->mn), REQUESTS, err));
    qk_json_key(&x->json, "forward");
    return write_forward(x, device, err);
}
