/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that are slow, broken or hostile: each is cut at its limit, memory stays flat, and a good
 * device beside them is answered all the while. */
#include "hj212/hj212.h"
#include "server.h"
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { MANY = 200 };

static server under_test;

static int start(void **state)
{
    static const char *const args[] = {
        "--half-frame",      "1",   "--idle", "3", "--stall", "2", "--max-per-address", "300",
        "--max-connections", "400", NULL};
    (void)state;
    server_new(&under_test);
    server_import(&under_test, NULL, "{\"devices\":[{\"mn\":\"GOOD\"},{\"mn\":\"A1\"}]}");
    server_start(&under_test, args);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    int status = server_stop(&under_test);
    server_remove(&under_test);
    return status;
}

static size_t data_frame(char *out, size_t size, const char *mn, unsigned k)
{
    char segment[512];
    snprintf(segment, sizeof segment,
             "QN=20260101%09u;ST=31;CN=2011;PW=123456;MN=%s;Flag=5;CP=&&"
             "DataTime=20260101%02u%02u%02u;a21026-Rtd=%u.5,a21026-Flag=N&&",
             k, mn, k / 3600 % 24, k / 60 % 60, k % 60, k);
    return qk_hj212_encode_segment(out, size, qk_hj212_text_of(segment), QK_HJ212_CRC_STANDARD);
}

/* A good device gets its answer, whatever the others do. */
static void check_good_device(void)
{
    static unsigned k;
    char frame[1024], answer[1024], want[64];
    int fd = line_open(under_test.hj212, "127.0.0.77");
    assert_true(fd >= 0);
    line_send(fd, frame, data_frame(frame, sizeof frame, "GOOD", ++k));
    assert_true(line_frame(fd, answer, sizeof answer, LINE_PATIENCE_MS) > 0);
    snprintf(want, sizeof want, "QN=20260101%09u;ST=91;CN=9014", k);
    assert_non_null(strstr(answer, want));
    close(fd);
}

static void open_many(int fds[MANY])
{
    for (int i = 0; i < MANY; i++) {
        fds[i] = line_open(under_test.hj212, NULL);
        assert_true(fds[i] >= 0);
    }
}

static void check_all_cut(const int fds[MANY])
{
    for (int i = 0; i < MANY; i++) {
        assert_true(line_ended(fds[i], LINE_PATIENCE_MS));
        close(fds[i]);
    }
}

static void test_S072_hostile__half_frames_are_cut_at_their_deadline(void **state)
{
    (void)state;
    int fds[MANY];
    open_many(fds);
    for (int i = 0; i < MANY; i++) line_send(fds[i], "##0500QN=2026;MN=A1;CP=&&", 25);
    check_good_device();
    check_all_cut(fds);
}

static void test_hostile__one_byte_now_and_then_does_not_move_the_deadline(void **state)
{
    (void)state;
    enum { BYTES_MOST = 300 }; /* at ten a second: far beyond the second that a frame may take */
    int fd = line_open(under_test.hj212, NULL), bytes = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    line_send(fd, "##0500", 6);
    while (poll(&p, 1, 100) == 0) {
        line_send(fd, "x", 1);
        assert_true(++bytes < BYTES_MOST);
    }
    assert_true(line_ended(fd, LINE_PATIENCE_MS));
    close(fd);
}

static void test_hostile__silence_is_cut(void **state)
{
    (void)state;
    int fd = line_open(under_test.hj212, NULL);
    assert_true(line_ended(fd, LINE_PATIENCE_MS));
    close(fd);
}

static void test_hostile__rubbish_is_cut_after_64_kib_and_memory_stays_flat(void **state)
{
    (void)state;
    static char noise[70000];
    long before = server_rss(&under_test);
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (char)(i * 2654435761u >> 13);
    for (int round = 0; round < 100; round++) {
        int fd = line_open(under_test.hj212, NULL);
        line_send(fd, noise, sizeof noise);
        assert_true(line_ended(fd, LINE_PATIENCE_MS));
        close(fd);
    }
    check_good_device();
    assert_true(server_rss(&under_test) < before + 8192);
}

static void test_hostile__huge_declared_lengths_hold_no_memory(void **state)
{
    (void)state;
    static const char *const heads[] = {"##9999QN=1;", "##2147483648QN=1;", "##99999999", "##0000"};
    int fds[MANY];
    long before = server_rss(&under_test);
    open_many(fds);
    for (int i = 0; i < MANY; i++) line_send(fds[i], heads[i % 4], strlen(heads[i % 4]));
    check_good_device();
    assert_true(server_rss(&under_test) < before + 4096);
    check_all_cut(fds);
}

/* All of it, however often the socket is full; false when the other end is gone. */
static bool send_whole(int fd, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = send(fd, bytes + at, len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (n > 0)
            at += (size_t)n;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        else if (poll(&p, 1, LINE_PATIENCE_MS) == 0)
            fail_msg("the server neither reads nor ends the connection");
    }
    return true;
}

/* Frames are sent for ever and the answers are never read: the server stops reading after what the
 * buffers hold, keeps little, and ends the connection when nothing leaves. */
static void test_hostile__answers_that_nobody_reads_end_the_connection(void **state)
{
    (void)state;
    enum { FRAMES_MOST = 40000 };
    char frame[1024];
    int small = 4096;
    unsigned k = 0;
    long before = server_rss(&under_test);
    int fd = line_open(under_test.hj212, NULL);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    while (send_whole(fd, frame, data_frame(frame, sizeof frame, "A1", k)))
        assert_true(++k < FRAMES_MOST);
    close(fd);
    check_good_device();
    assert_true(server_rss(&under_test) < before + 65536);
}

static void test_hostile__resets_in_the_middle_of_a_frame(void **state)
{
    (void)state;
    char frame[1024];
    struct linger at_once = {1, 0};
    for (int i = 0; i < MANY; i++) {
        int fd = line_open(under_test.hj212, NULL);
        size_t len = data_frame(frame, sizeof frame, "A1", (unsigned)i + 50000);
        line_send(fd, frame, i % 2 ? len : len / 2);
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
    }
    check_good_device();
}

static void test_hostile__bad_frames_in_numbers_end_the_connection(void **state)
{
    (void)state;
    char frame[1024];
    int fd = line_open(under_test.hj212, NULL), sent = 0;
    size_t len = data_frame(frame, sizeof frame, "A1", 1);
    memcpy(frame + len - 6, "1234", 4);
    for (; sent < 2000; sent++) line_send(fd, frame, len);
    assert_true(line_ended(fd, LINE_PATIENCE_MS));
    close(fd);
    check_good_device();
}

static void test_hostile__connections_are_limited_for_each_address_and_in_all(void **state)
{
    (void)state;
    int fds[500], open = 0;
    for (int i = 0; i < 500; i++) fds[i] = -1;
    /* 300 of one address are allowed, the rest is closed at once */
    for (int i = 0; i < 310; i++) fds[i] = line_open(under_test.hj212, "127.0.0.50");
    for (int i = 0; i < 310; i++) {
        struct pollfd p = {.fd = fds[i], .events = POLLIN};
        if (i >= 300)
            assert_true(line_ended(fds[i], LINE_PATIENCE_MS));
        else
            open += poll(&p, 1, 0) == 0;
    }
    assert_int_equal(open, 300);
    check_good_device();
    /* another address: up to 400 in all */
    for (int i = 310; i < 420; i++) fds[i] = line_open(under_test.hj212, "127.0.0.51");
    assert_true(line_ended(fds[419], LINE_PATIENCE_MS));
    for (int i = 0; i < 420; i++)
        if (fds[i] >= 0) close(fds[i]);
}

static void test_S072_hostile__a_full_disk_stops_the_answers_and_not_the_server(void **state)
{
    (void)state;
    struct rlimit none = {0, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
    char frame[1024], answer[1024];
    int fd = line_open(under_test.hj212, NULL);
    assert_int_equal(prlimit(under_test.pid, RLIMIT_FSIZE, &none, NULL), 0);
    line_send(fd, frame, data_frame(frame, sizeof frame, "A1", 70001));
    /* not answered within a second: it is not on the disk */
    assert_int_equal(line_frame(fd, answer, sizeof answer, 1000), -1);
    line_send(fd, frame, data_frame(frame, sizeof frame, "A1", 70002));
    assert_int_equal(prlimit(under_test.pid, RLIMIT_FSIZE, &all, NULL), 0);
    /* it goes on by itself, in order, nothing lost */
    assert_true(line_frame(fd, answer, sizeof answer, LINE_PATIENCE_MS) > 0);
    assert_non_null(strstr(answer, "QN=20260101000070001;"));
    assert_true(line_frame(fd, answer, sizeof answer, LINE_PATIENCE_MS) > 0);
    assert_non_null(strstr(answer, "QN=20260101000070002;"));
    close(fd);
    check_good_device();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_hostile__half_frames_are_cut_at_their_deadline),
        cmocka_unit_test(test_hostile__one_byte_now_and_then_does_not_move_the_deadline),
        cmocka_unit_test(test_hostile__silence_is_cut),
        cmocka_unit_test(test_hostile__rubbish_is_cut_after_64_kib_and_memory_stays_flat),
        cmocka_unit_test(test_hostile__huge_declared_lengths_hold_no_memory),
        cmocka_unit_test(test_hostile__answers_that_nobody_reads_end_the_connection),
        cmocka_unit_test(test_hostile__resets_in_the_middle_of_a_frame),
        cmocka_unit_test(test_hostile__bad_frames_in_numbers_end_the_connection),
        cmocka_unit_test(test_hostile__connections_are_limited_for_each_address_and_in_all),
        cmocka_unit_test(test_S072_hostile__a_full_disk_stops_the_answers_and_not_the_server),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
