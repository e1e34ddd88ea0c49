/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_WEB_DEVICE_RIG_H
#define QK_TESTS_WEB_DEVICE_RIG_H
/* A device and an upper platform played on plain sockets beside the rig: they hear and say frames.
 */
#include "web_rig.h"

enum { RIG_WAIT_MS = 10000 };

typedef struct rig_line { /* one TCP connection on which frames go both ways */
    int fd;
    char got[8192];
    size_t len;
    qk_hj212_head head; /* of the last frame heard, views into `frame` */
    char frame[2048];
} rig_line;

static inline void rig_dial(rig_line *l, uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *l = (rig_line){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(l->fd >= 0);
    assert_ok(connect(l->fd, (struct sockaddr *)&a, sizeof a));
}

static inline int rig_listen(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_ok(bind(fd, (struct sockaddr *)&a, sizeof a));
    assert_ok(listen(fd, 8));
    assert_ok(getsockname(fd, (struct sockaddr *)&a, &len));
    *port = ntohs(a.sin_port);
    return fd;
}

static inline void rig_accept(rig_line *l, int listener)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&p, 1, RIG_WAIT_MS), 1);
    *l = (rig_line){.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};
    assert_true(l->fd >= 0);
}

static inline void rig_say(rig_line *l, const char *segment)
{
    char frame[QK_HJ212_FRAME_MAX];
    size_t n = qk_hj212_encode_segment(frame, sizeof frame, qk_hj212_text_of(segment),
                                       QK_HJ212_CRC_STANDARD);
    assert_true(n > 0);
    rig_write(l->fd, frame, n);
}

/* The first frame of what came, into frame and head. */
static inline bool rig_take(rig_line *l)
{
    qk_hj212_frame frame;
    qk_hj212_step step = {0};
    for (;;) {
        qk_hj212_found found = qk_hj212_next(l->got, l->len, false, &frame, &step);
        if (found == QK_HJ212_MORE) return false;
        size_t n = found == QK_HJ212_FRAME ? frame.segment.len : 0;
        assert_true(n < sizeof l->frame);
        memcpy(l->frame, n ? frame.segment.ptr : "", n);
        l->frame[n] = 0;
        l->len -= step.consumed;
        memmove(l->got, l->got + step.consumed, l->len);
        if (found != QK_HJ212_FRAME) continue;
        (void)qk_hj212_head_read(&l->head, (qk_hj212_text){l->frame, n});
        return true;
    }
}

/* The next frame with this command; others before it are passed over. */
static inline void rig_hear(rig_line *l, int32_t command)
{
    int64_t until = qk_monotonic_ms() + RIG_WAIT_MS;
    for (;;) {
        while (rig_take(l))
            if (l->head.command == command) return;
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        if (qk_monotonic_ms() > until) fail_msg("%d was awaited and did not come", command);
        if (poll(&p, 1, 100) != 1) continue;
        ssize_t n = recv(l->fd, l->got + l->len, sizeof l->got - l->len, 0);
        if (n <= 0) fail_msg("the line ended while %d was awaited", command);
        l->len += (size_t)n;
    }
}

/* An answer of the device under the QN it heard last: 9011, 9012 or a value. */
static inline void rig_answer(rig_line *l, const char *mn, int32_t command, const char *cp)
{
    char segment[600], qn[24] = "";
    snprintf(qn, sizeof qn, "%.*s", (int)l->head.qn.len, l->head.qn.ptr);
    snprintf(segment, sizeof segment, "QN=%s;ST=%s;CN=%d;PW=123456;MN=%s;Flag=4;CP=&&%s&&", qn,
             command > 9000 ? "91" : "31", command, mn, cp);
    rig_say(l, segment);
}

/* The request once its state is the one awaited. */
static inline const qk_json_value *rig_await(rig *r, int64_t id, const char *state)
{
    char path[64];
    int64_t until = qk_monotonic_ms() + RIG_WAIT_MS;
    snprintf(path, sizeof path, "/api/v1/requests/%lld", (long long)id);
    for (;;) {
        const qk_json_value *d = rig_document(r, path);
        if (rig_is(d, "state", state)) return d;
        if (qk_monotonic_ms() > until)
            fail_msg("request %lld is %.*s, not %s", (long long)id,
                     (int)qk_json_get_str(d, "state").len, qk_json_get_str(d, "state").ptr, state);
    }
}
#endif
