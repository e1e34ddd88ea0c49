/* SPDX-License-Identifier: Apache-2.0 */
#include "node_test.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

/* ---- a receiver that answers what it is told to ---- */

enum { REQUESTS = 16 };
typedef struct receiver {
    int fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t came;
    const char *answers[REQUESTS]; /* NULL = close without one */
    char requests[REQUESTS][4096];
    int n, planned;
} receiver;

/* Head and body of one request. */
static void read_request(int fd, char *out, size_t size)
{
    size_t len = 0, want = SIZE_MAX;
    while (len < want && len + 1 < size) {
        ssize_t got = read(fd, out + len, size - 1 - len);
        if (got <= 0) break;
        len += (size_t)got;
        out[len] = 0;
        char *end = strstr(out, "\r\n\r\n"), *length = strstr(out, "Content-Length: ");
        if (end && length) want = (size_t)(end - out) + 4 + strtoul(length + 16, NULL, 10);
    }
    out[len] = 0;
}

static void *serve(void *context)
{
    receiver *r = context;
    for (;;) {
        int fd = accept(r->fd, NULL, NULL);
        if (fd < 0) return NULL;
        char text[4096];
        read_request(fd, text, sizeof text);
        pthread_mutex_lock(&r->lock);
        const char *answer = r->n < r->planned ? r->answers[r->n] : NULL;
        if (r->n < REQUESTS) memcpy(r->requests[r->n], text, sizeof text);
        r->n++;
        pthread_mutex_unlock(&r->lock);
        if (answer && write(fd, answer, strlen(answer)) < 0) perror("write");
        close(fd);
        pthread_mutex_lock(&r->lock);
        pthread_cond_broadcast(&r->came);
        pthread_mutex_unlock(&r->lock);
    }
}

static void start_receiver(receiver *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->came, NULL);
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(r->fd, 8), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)&a, &len), 0);
    r->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

static void stop_receiver(receiver *r)
{
    shutdown(r->fd, SHUT_RDWR);
    close(r->fd);
    pthread_join(r->thread, NULL);
}

/* ---- calls into the store thread ---- */

typedef struct call {
    const char *name, *transport, *address;
    const char *key, *payload;
    bool disabled;
} call;

static qk_code target_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const call *c = context;
    return qk_outbox_set_target(qk_node_outbox(node), db, qk_str_of(c->name),
                                qk_str_of(c->transport), qk_str_of(c->address), !c->disabled,
                                QK_STR("admin"), now, err);
}

static qk_code put_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const call *c = context;
    return qk_outbox_put(qk_node_outbox(node), db, QK_STR("notice"), qk_str_of(c->name),
                         qk_str_of(c->key), qk_str_of(c->payload), now, err);
}

static qk_code set_target(qk_node *node, const char *name, const char *transport,
                          const char *address)
{
    call c = {.name = name, .transport = transport, .address = address};
    return qk_node_call(node, target_fn, &c, NULL);
}

static qk_code put(qk_node *node, const char *name, const char *key, const char *payload)
{
    call c = {.name = name, .key = key, .payload = payload};
    return qk_node_call(node, put_fn, &c, NULL);
}

static qk_notice find(qk_node *node, const char *key)
{
    qk_notice n = {0};
    qk_db *db = NULL;
    qk_error err = {0};
    assert_done(qk_db_open_readonly(&db, qk_node_db_path(node), &err), &err);
    assert_done(qk_outbox_find(&n, db, qk_str_of(key), &err), &err);
    qk_db_close(db);
    return n;
}

/* The outcome of a delivery is written soon; how soon the disk decides. */
static qk_notice wait_attempts(qk_node *node, const char *key, int attempts)
{
    qk_notice n = find(node, key);
    for (int i = 0; i < 20000 && n.attempts < attempts; i++) {
        qk_error err = {0};
        assert_done(qk_node_settle(node, 5000, &err), &err);
        n = find(node, key);
    }
    assert_int_equal(n.attempts, attempts);
    return n;
}

static void
test_S217_outbox__a_notice_reaches_its_webhook_after_failures_with_a_receipt(void **state)
{
    (void)state;
    receiver r = {.answers = {NULL, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nMSG-77"},
                  .planned = 3};
    start_receiver(&r);
    char url[80];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/hook", r.port);
    qk_node *node = open_node("2025-01-01T08:00:00x0");
    qk_error err = {0};
    assert_ok(set_target(node, "gateway", "webhook", url));
    assert_ok(put(node, "gateway", "order-1", "{\"text\":\"停产通知\"}"));
    qk_notice n = wait_attempts(node, "order-1", 1);
    assert_string_equal(n.state, "waiting");
    assert_int_equal(n.next_at, at("2025-01-01T08:00:10"));
    assert_done(qk_node_set_clock(node, at("2025-01-01T08:00:10"), 0, &err), &err);
    n = wait_attempts(node, "order-1", 2);
    assert_string_equal(n.state, "waiting");
    assert_int_equal(n.next_at, at("2025-01-01T08:00:30"));
    assert_done(qk_node_set_clock(node, at("2025-01-01T08:01:00"), 0, &err), &err);
    n = wait_attempts(node, "order-1", 3);
    assert_string_equal(n.state, "sent");
    assert_string_equal(n.receipt, "200 MSG-77");
    assert_int_equal(n.sent_at, at("2025-01-01T08:01:00"));
    assert_non_null(strstr(r.requests[2], "POST /hook HTTP/1.1"));
    assert_non_null(strstr(r.requests[2], "Idempotency-Key: order-1\r\n"));
    assert_non_null(strstr(r.requests[2], "\r\n\r\n{\"text\":\"停产通知\"}"));
    assert_int_equal(put(node, "gateway", "order-1", "again"), QK_EEXIST);
    qk_node_close(node);
    stop_receiver(&r);
    assert_int_equal(r.n, 3);
}

static void
test_outbox__a_refusal_is_told_and_not_repeated_and_redirects_are_not_followed(void **state)
{
    (void)state;
    receiver r = {
        .answers = {"HTTP/1.1 422 No\r\nContent-Length: 3\r\n\r\nbad",
                    "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"},
        .planned = 2};
    start_receiver(&r);
    char url[80];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", r.port);
    qk_node *node = open_node("2025-01-01T08:00:00x0");
    assert_ok(set_target(node, "g", "webhook", url));
    assert_ok(put(node, "g", "a", "{}"));
    qk_notice n = wait_attempts(node, "a", 1);
    assert_string_equal(n.state, "refused");
    assert_string_equal(n.receipt, "422 bad");
    assert_int_equal(node_number(node, "SELECT count(*) FROM event WHERE kind='notice_failed'"), 1);
    assert_ok(put(node, "g", "b", "{}"));
    n = wait_attempts(node, "b", 1);
    assert_string_equal(n.state, "waiting");
    assert_string_equal(n.receipt, "302 ");
    qk_node_close(node);
    stop_receiver(&r);
    assert_int_equal(r.n, 2);
}

static void test_S217_outbox__a_spooled_notice_is_a_file_of_one_name(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T08:00:00x0");
    assert_ok(set_target(node, "sms", "spool", "spool/sms"));
    assert_ok(put(node, "sms", "k1", "{\"to\":\"138\"}"));
    qk_notice n = wait_attempts(node, "k1", 1);
    assert_string_equal(n.state, "sent");
    char path[600];
    snprintf(path, sizeof path, "%s/spool/sms/%s", qk_node_dir(node), n.receipt);
    size_t len;
    char *text = qk_test_slurp(path, &len);
    assert_string_equal(text, "{\"to\":\"138\"}");
    free(text);
    qk_node_close(node);
}

static void test_outbox__nothing_goes_to_what_is_no_target(void **state)
{
    (void)state;
    qk_node *node = open_node("2025-01-01T08:00:00x0");
    assert_int_equal(put(node, "nobody", "k", "{}"), QK_ENOTFOUND);
    assert_int_equal(set_target(node, "x", "pigeon", "roof"), QK_EINVAL);
    assert_int_equal(set_target(node, "x", "webhook", "file:///etc/passwd"), QK_EINVAL);
    assert_int_equal(set_target(node, "x", "webhook", "gopher://h/"), QK_EINVAL);
    assert_int_equal(set_target(node, "x", "spool", "../../etc"), QK_EINVAL);
    assert_int_equal(set_target(node, "", "spool", "s"), QK_EINVAL);
    qk_node_close(node);
}

static void test_outbox__waits_over_a_restart_and_gives_up_after_three_days(void **state)
{
    (void)state;
    /* A port that was free a moment ago: nobody listens. */
    receiver r = {.planned = 0};
    start_receiver(&r);
    char url[80];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", r.port);
    stop_receiver(&r);
    qk_node *node = open_node("2025-01-01T08:00:00x0");
    qk_error err = {0};
    assert_ok(set_target(node, "g", "webhook", url));
    assert_ok(put(node, "g", "a", "{}"));
    wait_attempts(node, "a", 1);
    qk_node_close(node);
    node = open_node("2025-01-01T09:00:00x0");
    qk_notice n = wait_attempts(node, "a", 2);
    assert_string_equal(n.state, "waiting");
    assert_done(qk_node_set_clock(node, at("2025-01-04T09:00:00"), 0, &err), &err);
    n = wait_attempts(node, "a", 3);
    assert_string_equal(n.state, "failed");
    qk_node_close(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_S217_outbox__a_notice_reaches_its_webhook_after_failures_with_a_receipt),
        qk_dir_test(test_outbox__a_refusal_is_told_and_not_repeated_and_redirects_are_not_followed),
        qk_dir_test(test_S217_outbox__a_spooled_notice_is_a_file_of_one_name),
        qk_dir_test(test_outbox__nothing_goes_to_what_is_no_target),
        qk_dir_test(test_outbox__waits_over_a_restart_and_gives_up_after_three_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
