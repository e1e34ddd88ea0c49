/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/control.h"
#include <stdio.h>

enum { DEFAULT_OVERTIME_S = 10, DEFAULT_RECOUNT = 3 }; /* HJ 212-2017 table 1, wireless media */

typedef struct kind_row {
    int32_t cn;
    qk_control_kind plain, ranged;
} kind_row;

/* What a platform may ask (HJ 212-2017 table 9, HJ/T 212-2005 table 7, 2025's additions). */
static const kind_row kinds[] = {
    {1000, QK_CONTROL_ASK, QK_CONTROL_NONE},     {1001, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {1002, QK_CONTROL_ASK, QK_CONTROL_NONE},     {1011, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {1012, QK_CONTROL_ASK, QK_CONTROL_NONE},     {1021, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {1022, QK_CONTROL_ASK, QK_CONTROL_NONE},     {1031, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {1032, QK_CONTROL_ASK, QK_CONTROL_NONE},     {1041, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {1042, QK_CONTROL_ASK, QK_CONTROL_NONE},     {1061, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {1062, QK_CONTROL_ASK, QK_CONTROL_NONE},     {1063, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {1064, QK_CONTROL_ASK, QK_CONTROL_NONE},     {1072, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {2011, QK_CONTROL_ASK, QK_CONTROL_HISTORY},  {2012, QK_CONTROL_NOTICE, QK_CONTROL_NONE},
    {2021, QK_CONTROL_ASK, QK_CONTROL_HISTORY},  {2022, QK_CONTROL_NOTICE, QK_CONTROL_NONE},
    {2031, QK_CONTROL_NONE, QK_CONTROL_HISTORY}, {2041, QK_CONTROL_NONE, QK_CONTROL_HISTORY},
    {2051, QK_CONTROL_NONE, QK_CONTROL_HISTORY}, {2061, QK_CONTROL_NONE, QK_CONTROL_HISTORY},
    {2071, QK_CONTROL_NONE, QK_CONTROL_HISTORY}, {3011, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {3012, QK_CONTROL_ASK, QK_CONTROL_NONE},     {3013, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {3014, QK_CONTROL_ASK, QK_CONTROL_NONE},     {3015, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {3016, QK_CONTROL_ASK, QK_CONTROL_NONE},     {3017, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {3018, QK_CONTROL_ASK, QK_CONTROL_NONE},     {3019, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {3020, QK_CONTROL_ASK, QK_CONTROL_HISTORY},  {3021, QK_CONTROL_ASK, QK_CONTROL_NONE},
    {3022, QK_CONTROL_ASK, QK_CONTROL_NONE},     {3024, QK_CONTROL_ASK, QK_CONTROL_NONE},
};

qk_control_kind qk_control_kind_of(int32_t cn, bool ranged)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].cn == cn) return ranged ? kinds[i].ranged : kinds[i].plain;
    return QK_CONTROL_NONE;
}

static bool is_ranged(const qk_request *r)
{
    return r->from != QK_TIME_NONE && r->to != QK_TIME_NONE && (r->from || r->to);
}

static qk_control_kind kind_of(const qk_request *r)
{
    return qk_control_kind_of(r->cn, is_ranged(r));
}

static qk_code check_params(const qk_request *r, qk_error *err)
{
    qk_str text = qk_str_of(r->params);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7F || c == '&' || c == '#')
            return qk_fail(err, QK_EINVAL,
                           "the parameters hold a byte (%#x) that would break the frame", c);
    }
    if (!qk_utf8_valid(text)) return qk_fail(err, QK_EINVAL, "the parameters are not UTF-8");
    return QK_OK;
}

qk_code qk_control_check(qk_request *request, qk_error *err)
{
    bool ranged = is_ranged(request);
    QK_TRY(check_params(request, err));
    if (kind_of(request) == QK_CONTROL_NONE) {
        if (qk_control_kind_of(request->cn, !ranged) == QK_CONTROL_NONE)
            return qk_fail(err, QK_EINVAL, "CN %d is not a request that a device answers",
                           request->cn);
        return qk_fail(err, QK_EINVAL,
                       ranged ? "CN %d takes no range of time" : "CN %d needs a range of time",
                       request->cn);
    }
    request->chunks_total = 1;
    if (!ranged) return QK_OK;
    int32_t count = qk_ranges_count(request->cn, (qk_range){request->from, request->to});
    if (count < 0) return qk_fail(err, QK_ERANGE, "the range is too long to ask for at once");
    if (count == 0) return qk_fail(err, QK_EINVAL, "the range ends before it begins");
    request->chunks_total = count;
    return QK_OK;
}

bool qk_control_is_final(const char *state)
{
    static const char *const final[] = {"done", "failed", "refused", "timeout", "cancelled"};
    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++)
        if (strcmp(state, final[i]) == 0) return true;
    return false;
}

static void set_state(qk_control *c, qk_control_step *step, const char *state, qk_time now)
{
    snprintf(c->request.state, sizeof c->request.state, "%s", state);
    c->request.updated = now;
    step->changed = true;
}

static void end_request(qk_control *c, qk_control_step *step, const char *state, const char *reason,
                        qk_time now)
{
    set_state(c, step, state, now);
    if (reason)
        snprintf(c->request.result, sizeof c->request.result, QK_REQUEST_REASON "%s", reason);
    c->phase = QK_CONTROL_IDLE;
    step->ended = true;
}

static int64_t overtime_ms(const qk_device *device)
{
    return 1000 * (int64_t)(device->overtime_s > 0 ? device->overtime_s : DEFAULT_OVERTIME_S);
}

static void append_cp(qk_control_step *step, const char *separator, const char *name,
                      const char *value)
{
    int n = snprintf(step->cp + step->cp_len, sizeof step->cp - step->cp_len, "%s%s=%s",
                     step->cp_len ? separator : "", name, value);
    if (n > 0 && step->cp_len + (size_t)n < sizeof step->cp) step->cp_len += (size_t)n;
}

/* The parameters as given, and behind them what belongs to this sending: the clock of this moment,
 * the device's own time-outs, the chunk's ends. */
static void build_cp(const qk_control *c, qk_control_step *step, const qk_device *device,
                     qk_time now)
{
    const qk_request *r = &c->request;
    char text[QK_TIME_TEXT], number[16];
    step->cp_len = qk_str_copy(step->cp, sizeof step->cp, qk_str_of(r->params));
    if (r->cn == 1012 && !strstr(r->params, "SystemTime="))
        append_cp(step, ";", "SystemTime", qk_time_compact14(text, now));
    if (r->cn == 1000 && r->params[0] == 0) {
        snprintf(number, sizeof number, "%d", (int)(overtime_ms(device) / 1000));
        append_cp(step, ";", "OverTime", number);
        snprintf(number, sizeof number, "%d",
                 device->recount > 0 ? device->recount : DEFAULT_RECOUNT);
        append_cp(step, ";", "ReCount", number);
    }
    if (kind_of(r) == QK_CONTROL_HISTORY) {
        append_cp(step, ";", "BeginTime", qk_time_compact14(text, c->chunk.from));
        append_cp(step, device->comma_range ? "," : ";", "EndTime",
                  qk_time_compact14(text, c->chunk.to));
    }
}

static void send_again(qk_control *c, qk_control_step *step, const qk_device *device, qk_time now,
                       int64_t now_ms)
{
    build_cp(c, step, device, now);
    c->request.tries++;
    c->deadline_ms = now_ms + overtime_ms(device);
    step->send = true;
    set_state(c, step, "sent", now);
}

static void ask_chunk(qk_control *c, qk_control_step *step, const qk_device *device, qk_time now,
                      int64_t now_ms)
{
    char text[QK_TIME_TEXT];
    const qk_request *r = &c->request;
    if (!c->relayed) {
        c->last_qn = now > c->last_qn ? now : c->last_qn + 1;
        snprintf(c->qn, sizeof c->qn, "%s", qk_time_compact17(text, c->last_qn));
    }
    if (is_ranged(r)) c->chunk = qk_ranges_chunk(r->cn, (qk_range){r->from, r->to}, r->chunks_done);
    c->phase = QK_CONTROL_ASKED;
    c->resends = device->recount > 0 ? device->recount : DEFAULT_RECOUNT;
    c->chunk_rows = 0;
    send_again(c, step, device, now, now_ms);
}

void qk_control_begin(qk_control *c, qk_control_step *step, const qk_request *request,
                      const char *qn, const qk_device *device, qk_time now, int64_t now_ms)
{
    *step = (qk_control_step){0};
    if (c->request.id != request->id) c->losses = c->empty = 0;
    c->request = *request;
    c->relayed = qn != NULL;
    if (qn) snprintf(c->qn, sizeof c->qn, "%s", qn);
    ask_chunk(c, step, device, now, now_ms);
}

static bool is_same_qn(const qk_control *c, qk_str qn)
{
    return qn.len == 0 || qk_str_eq(qn, qk_str_of(c->qn));
}

bool qk_control_wants(const qk_control *c, const qk_control_seen *seen)
{
    if (c->phase == QK_CONTROL_IDLE || seen->command != c->request.cn) return false;
    if (c->relayed) return true;
    if (kind_of(&c->request) != QK_CONTROL_HISTORY) return qk_str_eq(seen->qn, qk_str_of(c->qn));
    return seen->data_time != QK_TIME_NONE && seen->data_time >= c->chunk.from &&
           seen->data_time <= c->chunk.to;
}

static void end_chunk(qk_control *c, qk_control_step *step, const qk_device *device, qk_time now,
                      int64_t now_ms)
{
    qk_request *r = &c->request;
    r->chunks_done++;
    if (r->chunks_done < r->chunks_total) {
        ask_chunk(c, step, device, now, now_ms);
        return;
    }
    bool nothing = is_ranged(r) && r->rows_received == 0;
    end_request(c, step, "done", nothing ? "no_data" : NULL, now);
}

static void take_9011(qk_control *c, qk_control_step *step, const qk_control_seen *seen,
                      const qk_device *device, qk_time now, int64_t now_ms)
{
    if (c->phase != QK_CONTROL_ASKED) return;
    c->request.qn_rtn = seen->rtn;
    if (seen->rtn != 1) {
        end_request(c, step, "refused", "refused", now);
        return;
    }
    c->phase = QK_CONTROL_RUNNING;
    c->deadline_ms = now_ms + overtime_ms(device);
    set_state(c, step, "accepted", now);
}

static void take_9012(qk_control *c, qk_control_step *step, const qk_control_seen *seen,
                      const qk_device *device, qk_time now, int64_t now_ms)
{
    c->request.exe_rtn = seen->rtn;
    if (seen->rtn == 100) {
        step->no_data = is_ranged(&c->request) && c->chunk_rows == 0;
        step->range = c->chunk;
        c->empty++;
    } else if (seen->rtn != 1) {
        end_request(c, step, "failed", "exe_failed", now);
        return;
    }
    end_chunk(c, step, device, now, now_ms);
}

static void take_data(qk_control *c, qk_control_step *step, const qk_control_seen *seen,
                      const qk_device *device, qk_time now, int64_t now_ms)
{
    qk_request *r = &c->request;
    r->rows_received++;
    c->chunk_rows++;
    r->updated = now;
    c->deadline_ms = now_ms + overtime_ms(device);
    step->counted = true;
    if (kind_of(r) == QK_CONTROL_ASK) qk_str_copy(r->result, sizeof r->result, seen->cp);
    if (c->phase == QK_CONTROL_ASKED) c->phase = QK_CONTROL_RUNNING;
    if (strcmp(r->state, "receiving") != 0) set_state(c, step, "receiving", now);
}

void qk_control_take(qk_control *c, qk_control_step *step, const qk_control_seen *seen,
                     const qk_device *device, qk_time now, int64_t now_ms)
{
    *step = (qk_control_step){0};
    if (c->phase == QK_CONTROL_IDLE) return;
    if (qk_control_wants(c, seen)) {
        take_data(c, step, seen, device, now, now_ms);
        return;
    }
    if (!is_same_qn(c, seen->qn)) return;
    if (seen->command == 9011) take_9011(c, step, seen, device, now, now_ms);
    if (seen->command == 9012) take_9012(c, step, seen, device, now, now_ms);
    if (seen->command == 9013 && (c->relayed || kind_of(&c->request) == QK_CONTROL_NOTICE))
        end_chunk(c, step, device, now, now_ms);
}

void qk_control_tick(qk_control *c, qk_control_step *step, const qk_device *device, qk_time now,
                     int64_t now_ms)
{
    *step = (qk_control_step){0};
    if (c->phase == QK_CONTROL_IDLE || now_ms < c->deadline_ms) return;
    if (c->phase == QK_CONTROL_ASKED) {
        if (c->resends-- > 0)
            send_again(c, step, device, now, now_ms);
        else
            end_request(c, step, "timeout", "no_9011", now);
        return;
    }
    if (c->chunk_rows > 0)
        end_chunk(c, step, device, now, now_ms);
    else
        end_request(c, step, "timeout", "no_9012", now);
}

void qk_control_lost(qk_control *c, qk_control_step *step, qk_time now)
{
    *step = (qk_control_step){0};
    if (c->phase == QK_CONTROL_IDLE) return;
    if (++c->losses >= QK_CONTROL_LOSSES_MAX) {
        end_request(c, step, "failed", "line_lost", now);
        return;
    }
    c->phase = QK_CONTROL_IDLE;
    set_state(c, step, "waiting", now);
}

void qk_control_cancel(qk_control *c, qk_control_step *step, qk_time now)
{
    *step = (qk_control_step){0};
    if (c->phase != QK_CONTROL_IDLE) end_request(c, step, "cancelled", "cancelled", now);
}
