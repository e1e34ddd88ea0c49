/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/county_source.h"
#include "sim/device.h"
#include "sim/signal.h"
#include <stdio.h>
#include <stdlib.h>

enum { KINDS = 4, REPEAT_EVERY = 20, ROWS_A_REQUEST = 2000 };
static const int32_t kind_cn[KINDS] = {2011, 2061, 2051, 2031};
/* After the end of an interval a logger takes a moment to compute. */
static const qk_time kind_delay[KINDS] = {0, 20 * QK_SECOND, 4 * QK_SECOND, 60 * QK_SECOND};
static const qk_time SILENT_AFTER = 3 * QK_HOUR;
static const qk_time REALTIME_MEMORY = 10 * QK_MINUTE;

typedef struct history_job {
    int32_t cn;         /* 0 = none */
    qk_time next, last; /* interval starts, both included */
    uint32_t rows;
    char qn[24]; /* of the request, for the closing 9012 */
    char st[4];
} history_job;

typedef struct device_state {
    qk_sim_device device;    /* its own copy: requests change it */
    qk_time due[KINDS];      /* start of the next interval; real-time: the next moment */
    qk_time past[KINDS];     /* start of the next interval of the time before, going back */
    qk_time past_end[KINDS]; /* none before this */
    qk_time shift;           /* of its sending within the interval */
    qk_time last_qn;
    history_job job;
    qk_time revise; /* hour to send again with another value; QK_TIME_NONE = none */
    uint64_t count;
    char last[QK_SIM_FRAME];
    size_t last_len;
} device_state;

struct qk_county_source {
    device_state *states;
    size_t n;
    qk_time start;
};

static qk_time next_qn(device_state *s, qk_time now)
{
    s->last_qn = now > s->last_qn ? now : s->last_qn + 1;
    return s->last_qn;
}

/* ---- what is due ---- */

static bool speaks(const qk_county_source *source, const device_state *s, qk_time now)
{
    return !(s->device.quirks & QK_SIM_SILENT) || now < source->start + SILENT_AFTER;
}

static size_t due_realtime(device_state *s, qk_time now, char *out, size_t size)
{
    qk_time every = qk_sim_interval(&s->device, 2011);
    if (!every || s->due[0] > now) return 0;
    qk_time moment = s->due[0] + (now - s->due[0]) / every * every;
    s->due[0] = moment + every;
    if (now - moment > REALTIME_MEMORY) return 0;
    return qk_sim_data_frame(out, size, &s->device, 2011, moment, next_qn(s, now), false, false);
}

static size_t due_interval(device_state *s, size_t kind, qk_time now, char *out, size_t size)
{
    qk_time len = qk_sim_interval(&s->device, kind_cn[kind]), start = s->due[kind];
    if (!len || start + len + kind_delay[kind] + s->shift % (len / 4) > now) return 0;
    s->due[kind] += len;
    if (kind_cn[kind] == 2061 && (s->device.quirks & QK_SIM_REVISES) && start / QK_HOUR % 4 == 3)
        s->revise = start;
    return qk_sim_data_frame(out, size, &s->device, kind_cn[kind], start, next_qn(s, now), false,
                             false);
}

/* What an outage left unsent, the newest first, when nothing else is due. */
static size_t due_past(device_state *s, qk_time now, char *out, size_t size)
{
    for (size_t kind = 1; kind < KINDS; kind++) {
        qk_time len = qk_sim_interval(&s->device, kind_cn[kind]), start = s->past[kind];
        if (!len || start < s->past_end[kind] || start + len > now) continue;
        s->past[kind] -= len;
        return qk_sim_data_frame(out, size, &s->device, kind_cn[kind], start, next_qn(s, now), true,
                                 false);
    }
    return 0;
}

static size_t answer_after_job(device_state *s, int32_t exe_rtn, char *out, size_t size)
{
    char cp[32];
    qk_time qn;
    snprintf(cp, sizeof cp, "ExeRtn=%d", (int)exe_rtn);
    if (qk_time_parse_compact(&qn, qk_str_of(s->job.qn)) != QK_OK) return 0;
    return qk_sim_plain_frame(out, size, &s->device, 9012, "91", qn,
                              s->device.profile->dialect == 2025 ? 8 : 4, qk_hj212_text_of(cp));
}

/* One row of the history asked for. */
static size_t due_job(device_state *s, qk_time now, char *out, size_t size)
{
    history_job *job = &s->job;
    qk_time len = job->cn ? qk_sim_interval(&s->device, job->cn) : 0;
    if (!job->cn) return 0;
    if (!len || job->next > job->last || job->next + len > now || job->rows >= ROWS_A_REQUEST) {
        size_t n = answer_after_job(s, job->rows ? 1 : 100, out, size);
        job->cn = 0;
        return n;
    }
    size_t n =
        qk_sim_data_frame(out, size, &s->device, job->cn, job->next, next_qn(s, now), true, false);
    job->next += len;
    job->rows++;
    return n;
}

static size_t due_revision(device_state *s, qk_time now, char *out, size_t size)
{
    if (s->revise == QK_TIME_NONE || now < s->revise + 2 * QK_HOUR) return 0;
    qk_time hour = s->revise;
    s->revise = QK_TIME_NONE;
    return qk_sim_data_frame(out, size, &s->device, 2061, hour, next_qn(s, now), false, true);
}

static size_t next_frame(void *context, size_t device, qk_time now, char *out, size_t size)
{
    qk_county_source *source = context;
    device_state *s = &source->states[device];
    if (!speaks(source, s, now)) return 0;
    if ((s->device.quirks & QK_SIM_REPEATS) && s->last_len && s->count % REPEAT_EVERY == 0 &&
        s->last_len <= size) {
        size_t n = s->last_len;
        memcpy(out, s->last, n);
        s->last_len = 0;
        return n;
    }
    size_t n = due_job(s, now, out, size);
    if (!n) n = due_revision(s, now, out, size);
    for (size_t kind = 0; kind < KINDS && !n; kind++)
        n = kind == 0 ? due_realtime(s, now, out, size) : due_interval(s, kind, now, out, size);
    if (!n) n = due_past(s, now, out, size);
    if (n) {
        s->count++;
        s->last_len = n <= sizeof s->last ? n : 0;
        memcpy(s->last, out, s->last_len);
    }
    return n;
}

/* ---- requests ---- */

static qk_hj212_text cp_value(const qk_hj212_head *head, const char *name)
{
    qk_str rest = {head->cp.ptr, head->cp.len};
    size_t len = strlen(name);
    while (rest.len) {
        size_t n = 0;
        while (n < rest.len && rest.ptr[n] != ';' && rest.ptr[n] != ',') n++;
        qk_str item = qk_str_trim((qk_str){rest.ptr, n});
        rest = n < rest.len ? (qk_str){rest.ptr + n + 1, rest.len - n - 1} : (qk_str){NULL, 0};
        if (item.len > len && item.ptr[len] == '=' && memcmp(item.ptr, name, len) == 0)
            return (qk_hj212_text){item.ptr + len + 1, item.len - len - 1};
    }
    return (qk_hj212_text){NULL, 0};
}

typedef struct reply {
    device_state *s;
    const qk_hj212_head *head;
    char *out;
    size_t size, len;
} reply;

static void reply_frame(reply *r, int32_t cn, const char *st, const char *cp)
{
    qk_time qn = 0;
    int32_t flag = r->s->device.profile->dialect == 2005   ? 0
                   : r->s->device.profile->dialect == 2025 ? 8
                                                           : 4;
    if (qk_time_parse_compact(&qn, (qk_str){r->head->qn.ptr, r->head->qn.len}) != QK_OK) return;
    r->len += qk_sim_plain_frame(r->out + r->len, r->size - r->len, &r->s->device, cn, st, qn, flag,
                                 qk_hj212_text_of(cp));
}

static void accept_history(reply *r, int32_t cn)
{
    qk_hj212_text begin = cp_value(r->head, "BeginTime"), end = cp_value(r->head, "EndTime");
    history_job *job = &r->s->job;
    if (!begin.ptr || !end.ptr) {
        reply_frame(r, 9012, "91", "ExeRtn=1");
        return;
    }
    if (qk_time_parse_compact(&job->next, (qk_str){begin.ptr, begin.len}) != QK_OK ||
        qk_time_parse_compact(&job->last, (qk_str){end.ptr, end.len}) != QK_OK) {
        reply_frame(r, 9012, "91", "ExeRtn=3");
        return;
    }
    job->cn = cn;
    job->rows = 0;
    snprintf(job->qn, sizeof job->qn, "%.*s", (int)r->head->qn.len, r->head->qn.ptr);
}

static void answer_command(reply *r, qk_time now)
{
    char cp[96], stamp[QK_TIME_TEXT];
    device_state *s = r->s;
    bool ahead = (s->device.quirks & QK_SIM_CLOCK_AHEAD) != 0;
    reply_frame(r, 9011, "91", "QnRtn=1");
    switch (r->head->command) {
    case 1011:
        snprintf(cp, sizeof cp, "SystemTime=%s",
                 qk_time_compact14(stamp, now + (ahead ? 11 * QK_MINUTE : 0)));
        reply_frame(r, 1011, NULL, cp);
        break;
    case 1012: s->device.quirks &= ~(uint32_t)QK_SIM_CLOCK_AHEAD; break;
    case 1061:
        snprintf(cp, sizeof cp, "RtdInterval=%d", (int)s->device.profile->rtd_interval_s);
        reply_frame(r, 1061, NULL, cp);
        break;
    case 1063:
        snprintf(cp, sizeof cp, "MinInterval=%d", (int)s->device.profile->min_interval_min);
        reply_frame(r, 1063, NULL, cp);
        break;
    case 2031:
    case 2051:
    case 2061: accept_history(r, r->head->command); return;
    default: break;
    }
    reply_frame(r, 9012, "91", "ExeRtn=1");
}

static size_t take_request(void *context, size_t device, const qk_hj212_frame *frame,
                           const qk_hj212_head *head, qk_time now, char *out, size_t size)
{
    qk_county_source *source = context;
    device_state *s = &source->states[device];
    reply r = {.s = s, .head = head, .out = out, .size = size};
    (void)frame;
    if (head->command >= 9011 || head->command < 1000 || !head->qn.ptr || !speaks(source, s, now))
        return 0;
    if (head->command == 2012 || head->command == 2022)
        reply_frame(&r, 9013, "91", "");
    else if (s->job.cn)
        reply_frame(&r, 9011, "91", "QnRtn=2");
    else
        answer_command(&r, now);
    return r.len;
}

/* ---- making ---- */

static void start_device(device_state *s, const qk_sim_device *d, qk_time start,
                         qk_time minutes_before, qk_time hours_before, qk_time resume)
{
    bool known = !(d->quirks & QK_SIM_UNKNOWN);
    s->device = *d;
    s->revise = QK_TIME_NONE;
    s->shift = (qk_time)(qk_sim_uniform(d->seed, 77) * 60e3);
    for (size_t kind = 0; kind < KINDS; kind++) {
        qk_time before = !known || kind == 0     ? 0
                         : kind_cn[kind] == 2051 ? minutes_before
                                                 : hours_before;
        qk_time from = start - before, fresh = start - 2 * QK_HOUR;
        qk_time len = qk_sim_interval(d, kind_cn[kind]);
        if (resume != QK_TIME_NONE && from < resume) from = resume;
        if (fresh < from) fresh = from;
        s->due[kind] = len >= QK_DAY ? qk_floor_day(fresh) : qk_floor_hour(fresh);
        s->past[kind] = s->due[kind] - len;
        s->past_end[kind] = len >= QK_DAY ? qk_floor_day(from) : qk_floor_hour(from);
    }
    s->due[0] = qk_floor_minute(start) + s->shift;
}

qk_code qk_county_source_new(qk_county_source **out, const qk_sim_county *county, qk_time start,
                             qk_time minutes_before, qk_time hours_before, qk_time resume)
{
    qk_county_source *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return QK_ENOMEM;
    s->start = start;
    s->n = county->n_devices;
    s->states = calloc(s->n, sizeof *s->states);
    if (!s->states) {
        free(s);
        return QK_ENOMEM;
    }
    for (size_t i = 0; i < s->n; i++)
        start_device(&s->states[i], &county->devices[i], start, minutes_before, hours_before,
                     resume);
    *out = s;
    return QK_OK;
}

void qk_county_source_free(qk_county_source *s)
{
    if (!s) return;
    free(s->states);
    free(s);
}

qk_fleet_source qk_county_source_use(qk_county_source *s)
{
    return (qk_fleet_source){.context = s, .next = next_frame, .request = take_request};
}
