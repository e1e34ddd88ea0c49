/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"
#include "base/time.h"
#include "hj212/hj212.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME = 1200, INPUT = 4096, EVENTS = 512, SAMPLES = 1 << 22, STALL_S = 10 };

typedef struct device {
    int fd;
    uint32_t id, next, answered; /* numbers of frames */
    uint32_t have;
    uint64_t random;
    int64_t sent_ns[LOAD_WINDOW_MAX];
    char in[INPUT];
} device;

typedef struct load {
    const load_options *o;
    load_result *r;
    device *devices;
    int epoll;
    char frame[FRAME]; /* patched for each sending */
    uint32_t len, qn_at, mn_at, time_at, value_at[96], values;
    float *sample;
    size_t samples;
    int64_t start_ns, last_ns;
    uint32_t turn;
} load;

static const qk_time first_time = 1735689600000; /* 2025-01-01T08:00:00+08:00 */

/* ---- frames: one text, in which the digits that differ are replaced ---- */

static void append(load *l, const char *text)
{
    size_t n = strlen(text);
    memcpy(l->frame + l->len, text, n);
    l->len += (uint32_t)n;
}

static void append_value(load *l, const char *name)
{
    append(l, name);
    l->value_at[l->values++] = l->len;
    append(l, "000.0");
}

static void make_text(load *l)
{
    static const char *const factor[12] = {"a21026", "a21002", "a34013", "a19001",
                                           "a01011", "a01012", "a01014", "a00000",
                                           "a21005", "a21024", "a21018", "a05001"};
    char head[64], name[24];
    uint32_t factors = l->o->factors ? l->o->factors : 8;
    append(l, "##0000QN=");
    l->qn_at = l->len;
    append(l, "00000000000000123;ST=31;CN=2051;PW=123456;MN=");
    l->mn_at = l->len;
    snprintf(head, sizeof head,
             "%-4.4s00000000000000000000;Flag=5;CP=&&DataTime=", l->o->mn ? l->o->mn : "ABCD");
    append(l, head);
    l->time_at = l->len;
    append(l, "00000000000000");
    for (uint32_t i = 0; i < factors && i < 12; i++) {
        static const char *const fields[3] = {"Avg", "Min", "Max"};
        for (int f = 0; f < 3; f++) {
            snprintf(name, sizeof name, "%c%s-%s=", f ? ',' : ';', factor[i], fields[f]);
            append_value(l, name);
        }
        snprintf(name, sizeof name, ",%s-Flag=N", factor[i]);
        append(l, name);
    }
    append(l, "&&");
    snprintf(head, sizeof head, "##%04u", l->len - 6);
    memcpy(l->frame, head, 6);
    append(l, "0000\r\n");
    l->r->bytes = l->len;
}

static void put_digits(char *at, uint64_t v, int n)
{
    for (int i = n - 1; i >= 0; i--, v /= 10) at[i] = (char)('0' + v % 10);
}

static void put_time(char out[14], uint32_t number)
{
    char text[QK_TIME_TEXT];
    memcpy(out, qk_time_compact14(text, first_time + (qk_time)number * QK_MINUTE), 14);
}

static void patch_frame(load *l, device *d)
{
    char *p = l->frame;
    char digits[8];
    put_time(p + l->time_at, d->next);
    memcpy(p + l->qn_at, p + l->time_at, 14);
    put_digits(p + l->mn_at + 4, d->id, 20);
    for (uint32_t i = 0; i < l->values; i++) {
        d->random = d->random * 6364136223846793005u + 1442695040888963407u;
        uint32_t v = (uint32_t)(d->random >> 33) % 10000;
        put_digits(p + l->value_at[i], v / 10, 3);
        p[l->value_at[i] + 4] = (char)('0' + v % 10);
    }
    snprintf(digits, sizeof digits, "%04X", qk_hj212_crc(p + 6, l->len - 12));
    memcpy(p + l->len - 6, digits, 4);
}

/* ---- connections ---- */

static void drop_device(load *l, device *d)
{
    if (d->fd < 0) return;
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, d->fd, NULL);
    close(d->fd);
    d->fd = -1;
    l->r->broken++;
}

static bool connect_device(load *l, device *d)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(l->o->port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = d};
    int one = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (d->fd < 0) return false;
    if (l->o->addresses > 1) {
        struct sockaddr_in from = {.sin_family = AF_INET};
        from.sin_addr.s_addr = htonl(0x7F000002u + d->id % l->o->addresses);
        if (bind(d->fd, (struct sockaddr *)&from, sizeof from) != 0) return false;
    }
    if (connect(d->fd, (struct sockaddr *)&to, sizeof to) != 0) return false;
    (void)setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, d->fd, &event) == 0;
}

static bool connect_all(load *l)
{
    for (uint32_t i = 0; i < l->o->devices; i++) {
        device *d = &l->devices[i];
        d->id = i;
        d->next = d->answered = l->o->first;
        d->random = i * 2654435761u + l->o->first;
        if (!connect_device(l, d)) return false;
    }
    return true;
}

/* ---- sending ---- */

static void send_frames(load *l, device *d, uint32_t count)
{
    static char batch[LOAD_WINDOW_MAX * FRAME];
    size_t len = 0;
    int64_t now = qk_monotonic_ns();
    for (uint32_t i = 0; i < count; i++) {
        patch_frame(l, d);
        memcpy(batch + len, l->frame, l->len);
        len += l->len;
        d->sent_ns[d->next % LOAD_WINDOW_MAX] = now;
        d->next++;
    }
    l->r->sent += count;
    if (d->next > l->r->next) l->r->next = d->next;
    for (size_t at = 0; at < len;) {
        ssize_t n = send(d->fd, batch + at, len - at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            drop_device(l, d);
            return;
        }
        at += (size_t)n;
    }
}

static void send_at_rate(load *l, int64_t now)
{
    double due = (double)(now - l->start_ns) * 1e-9 * l->o->rate;
    for (uint64_t left = l->o->devices; (double)(l->r->sent + l->r->missed) < due && left; left--) {
        device *d = &l->devices[l->turn++ % l->o->devices];
        if (d->fd < 0 || d->next - d->answered >= l->o->window)
            l->r->missed++;
        else
            send_frames(l, d, 1);
    }
}

/* ---- answers ---- */

static bool is_number(uint32_t number, const char *qn)
{
    char time[14];
    put_time(time, number);
    return memcmp(qn, time, 14) == 0;
}

/* Answers come in order; anything else is looked for among what is out. */
static bool find_number(const device *d, const char *qn, uint32_t *number)
{
    for (uint32_t k = d->answered; k < d->next; k++)
        if (is_number(k, qn)) {
            *number = k;
            return true;
        }
    return false;
}

static bool take_answer(load *l, device *d, const char *line, size_t len, int64_t now)
{
    uint32_t number;
    const char *qn = memmem(line, len, "QN=", 3);
    if (!qn || (size_t)(qn - line) + 20 > len || !memmem(line, len, "CN=9014", 7)) return false;
    if (!find_number(d, qn + 3, &number)) return false;
    if (l->samples < SAMPLES)
        l->sample[l->samples++] = (float)(now - d->sent_ns[number % LOAD_WINDOW_MAX]) * 1e-6f;
    if (l->o->acks)
        fprintf(l->o->acks, "%.24s %.17s 2051 %.14s\n",
                memmem(line, len, "MN=", 3) ? (const char *)memmem(line, len, "MN=", 3) + 3 : "?",
                qn + 3, qn + 3);
    d->answered++;
    l->r->answered++;
    return true;
}

static uint32_t read_answers(load *l, device *d)
{
    ssize_t n = recv(d->fd, d->in + d->have, sizeof d->in - d->have, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) {
        drop_device(l, d);
        return 0;
    }
    int64_t now = qk_monotonic_ns();
    size_t from = 0, end = d->have + (size_t)n;
    uint32_t got = 0;
    for (char *nl; (nl = memchr(d->in + from, '\n', end - from)); from = (size_t)(nl - d->in) + 1)
        got += take_answer(l, d, d->in + from, (size_t)(nl - d->in) - from, now);
    memmove(d->in, d->in + from, end - from);
    d->have = (uint32_t)(end - from);
    if (got) l->last_ns = now;
    return got;
}

static int cmp_float(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void finish(load *l)
{
    load_result *r = l->r;
    r->seconds = (double)(qk_monotonic_ns() - l->start_ns) * 1e-9;
    r->per_second = (double)r->answered / r->seconds;
    if (l->samples == 0) return;
    qsort(l->sample, l->samples, sizeof *l->sample, cmp_float);
    r->p50_ms = l->sample[l->samples / 2];
    r->p99_ms = l->sample[l->samples * 99 / 100];
    r->max_ms = l->sample[l->samples - 1];
}

static bool is_over(const load *l, int64_t now)
{
    if (l->o->stop && *l->o->stop) return true;
    if (l->r->broken && (!l->o->may_break || l->r->broken == l->o->devices)) return true;
    if (now - l->last_ns > STALL_S * 1000000000LL) return true;
    return (double)(now - l->start_ns) * 1e-9 >= l->o->seconds;
}

static void run(load *l)
{
    struct epoll_event events[EVENTS];
    l->start_ns = l->last_ns = qk_monotonic_ns();
    if (l->o->rate <= 0)
        for (uint32_t i = 0; i < l->o->devices; i++) send_frames(l, &l->devices[i], l->o->window);
    for (int64_t now; now = qk_monotonic_ns(), !is_over(l, now);) {
        if (l->o->rate > 0) send_at_rate(l, now);
        int n = epoll_wait(l->epoll, events, EVENTS, l->o->rate > 0 ? 1 : 50);
        for (int i = 0; i < n; i++) {
            device *d = events[i].data.ptr;
            uint32_t got = d->fd < 0 ? 0 : read_answers(l, d);
            if (got && d->fd >= 0 && l->o->rate <= 0) send_frames(l, d, got);
        }
    }
    finish(l);
}

bool load_run(const load_options *options, load_result *result)
{
    load l = {.o = options, .r = result};
    struct rlimit limit;
    *result = (load_result){.next = options->first};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    l.devices = calloc(options->devices, sizeof *l.devices);
    l.sample = malloc(SAMPLES * sizeof *l.sample);
    bool fine = l.epoll >= 0 && l.devices && l.sample;
    for (uint32_t i = 0; fine && i < options->devices; i++) l.devices[i].fd = -1;
    make_text(&l);
    fine = fine && connect_all(&l);
    if (fine) run(&l);
    for (uint32_t i = 0; l.devices && i < options->devices; i++)
        if (l.devices[i].fd >= 0) close(l.devices[i].fd);
    if (l.epoll >= 0) close(l.epoll);
    free(l.devices);
    free(l.sample);
    return fine;
}
