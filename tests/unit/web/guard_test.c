/* SPDX-License-Identifier: Apache-2.0 */
#include "web/guard.h"
#include "../test.h"

enum { BUFFER = 16384 };

/* Splits a head in place as libmicrohttpd 0.9.75 does: line ends and the colon become NUL. */
typedef struct split {
    char bytes[BUFFER];
    size_t len;
    qk_head head;
    char target[BUFFER];
} split;

static char *end_line(split *s, char *at)
{
    while (at < s->bytes + s->len && *at != '\n' && !(at[0] == '\r' && at[1] == '\n')) at++;
    char *next = *at == '\r' ? at + 2 : at + 1;
    memset(at, 0, (size_t)(next - at));
    return next;
}

static void split_head(split *s, const char *raw, size_t len)
{
    memset(s, 0, sizeof *s);
    assert_true(len + 8 < BUFFER);
    memcpy(s->bytes, raw, len);
    s->len = len;
    char *at = s->bytes, *next = end_line(s, at);
    s->head.method = at;
    char *space = strchr(at, ' ');
    assert_non_null(space);
    *space = 0;
    s->head.url = space + 1;
    char *last = strchr(space + 1, ' ');
    assert_non_null(last);
    *last = 0;
    s->head.url_len = strlen(s->head.url);
    memcpy(s->target, s->head.url, s->head.url_len);
    s->head.version = last + 1;
    for (at = next; at < s->bytes + len && *at && *at != '\r' && *at != '\n'; at = next) {
        next = end_line(s, at);
        char *colon = strchr(at, ':');
        if (!colon) continue;
        *colon = 0;
        char *value = colon + 1;
        while (*value == ' ' || *value == '\t') value++;
        if (s->head.count < QK_HEAD_LINES)
            s->head.line[s->head.count] = (qk_head_line){qk_str_of(at), {value, strlen(value)}};
        s->head.count++;
    }
    if (at < s->bytes + len) end_line(s, at);
}

static qk_guard_result judge(split *s, const char *raw)
{
    split_head(s, raw, strlen(raw));
    return qk_guard_check(&s->head, (qk_str){s->target, s->head.url_len});
}

typedef struct guard_case {
    const char *raw;
    int status;
    const char *reason;
} guard_case;

#define GET  "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static const guard_case cases[] = {
    {GET "\r\n", 0, NULL},
    {"GET /a?b=%E5%AD%9F HTTP/1.1\r\nHost: a:8080\r\n\r\n", 0, NULL},
    {"GET /?q=\xE5\xAD\x9F HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0, NULL},
    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 0, NULL},
    {POST "Content-Length: 5\r\n\r\nhello", 0, NULL},
    {POST "Content-Length:  5  \r\n\r\nhello", 0, NULL},
    {POST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", 0, NULL},
    {GET "Content-Length: 0\r\n\r\n", 0, NULL},
    /* two ways to find the body's end */
    {POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "length_and_coding"},
    {POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400, "length_and_coding"},
    {POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400, "two_content_length"},
    {POST "Content-Length: 5\r\nContent-Length: 0\r\n\r\n", 400, "two_content_length"},
    {POST "Content-Length: 5, 5\r\n\r\n", 400, "content_length"},
    {POST "Content-Length: +5\r\n\r\n", 400, "content_length"},
    {POST "Content-Length: -1\r\n\r\n", 400, "content_length"},
    {POST "Content-Length: 0x5\r\n\r\n", 400, "content_length"},
    {POST "Content-Length: 5 5\r\n\r\n", 400, "content_length"},
    {POST "Content-Length: \r\n\r\n", 400, "content_length"},
    {POST "Content-Length: 99999999999999999999\r\n\r\n", 400, "content_length"},
    {POST "Transfer-Encoding: chunked\r\n\r\n", 411, "chunked"},
    {GET "Transfer-Encoding: chunked\r\n\r\n", 400, "chunked"},
    {POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501, "transfer_encoding"},
    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "transfer_encoding"},
    {POST "Transfer-Encoding: identity\r\n\r\n", 501, "transfer_encoding"},
    {POST "Transfer-Encoding: xchunked\r\n\r\n", 501, "transfer_encoding"},
    {POST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501, "transfer_encoding"},
    {POST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
     "two_transfer_encoding"},
    {POST "Transfer-Encoding:\x0b"
          "chunked\r\n\r\n",
     400, "header_value"},
    {GET "Content-Length: 5\r\n\r\nhello", 400, "unexpected_body"},
    /* names and values */
    {GET "Transfer-Encoding : chunked\r\n\r\n", 400, "header_name"},
    {GET "Content Length: 5\r\n\r\n", 400, "header_name"},
    {GET ": x\r\n\r\n", 400, "header_name"},
    {GET "A\x7f: x\r\n\r\n", 400, "header_name"},
    {GET "A: x\x01y\r\n\r\n", 400, "header_value"},
    {GET "A: x\ry\r\n\r\n", 400, "header_value"},
    /* host */
    {"GET / HTTP/1.1\r\nA: b\r\n\r\n", 400, "no_host"},
    {GET "Host: b\r\n\r\n", 400, "two_host"},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "host"},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "host"},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "host"},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "host"},
    /* target, method, version */
    {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_form"},
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_form"},
    {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_character"},
    {"GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_character"},
    {"GET /<a> HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target_character"},
    {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method"},
    {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method"},
    {"get / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method"},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "version"},
    {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "version"},
    {POST "Expect: magic\r\n\r\n", 417, "expect"},
};

static void test_guard__tells_sound_heads_from_ambiguous_ones(void **state)
{
    (void)state;
    split *s = malloc(sizeof *s);
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_guard_result r = judge(s, cases[i].raw);
        if (r.status != cases[i].status)
            fail_msg("%s: %d (%s), not %d", cases[i].raw, r.status, r.reason ? r.reason : "",
                     cases[i].status);
        if (cases[i].reason) assert_string_equal(r.reason, cases[i].reason);
    }
    free(s);
}

static void test_guard__gives_host_and_length(void **state)
{
    (void)state;
    split *s = malloc(sizeof *s);
    qk_guard_result r = judge(s, POST "Content-Length: 42\r\n\r\n");
    assert_int_equal(r.body_len, 42);
    assert_true(qk_str_eq(r.host, QK_STR("a")));
    assert_false(r.close);
    assert_true(judge(s, "GET / HTTP/1.0\r\nHost: a\r\n\r\n").close);
    free(s);
}

static void test_guard__refuses_too_many_headers(void **state)
{
    (void)state;
    char raw[8192] = GET;
    for (int i = 0; i < QK_HEAD_LINES; i++) strncat(raw, "A: b\r\n", 7);
    strncat(raw, "\r\n", 3);
    split *s = malloc(sizeof *s);
    qk_guard_result r = judge(s, raw);
    assert_int_equal(r.status, 431);
    assert_false(qk_guard_layout(&s->head));
    free(s);
}

static void test_guard__layout_sees_what_the_split_hides(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        size_t len;
        bool sound;
    } heads[] = {
#define HEAD(text, sound) {text, sizeof(text) - 1, sound}
        HEAD(GET "\r\n", true),
        HEAD(GET "A:b\r\nC: \r\nD:\t e \r\n\r\n", true),
        HEAD("GET / HTTP/1.1\nHost: a\n\n", false),
        HEAD("GET / HTTP/1.1\nHost: a\r\n\r\n", false),
        HEAD("GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n", false),
        HEAD(GET "A: b\n\r\nX", false),
        HEAD(GET "A: b\r\n\nX", false),
        HEAD(GET "A: b\0c\r\n\r\n", false),
        HEAD(GET "no colon here\r\nA: b\r\n\r\n", false),
#undef HEAD
    };
    split *s = malloc(sizeof *s);
    for (size_t i = 0; i < QK_ARRAY_COUNT(heads); i++) {
        split_head(s, heads[i].raw, heads[i].len);
        if (qk_guard_layout(&s->head) != heads[i].sound) fail_msg("head %zu", i);
    }
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guard__tells_sound_heads_from_ambiguous_ones),
        cmocka_unit_test(test_guard__gives_host_and_length),
        cmocka_unit_test(test_guard__refuses_too_many_headers),
        cmocka_unit_test(test_guard__layout_sees_what_the_split_hides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
