/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "../test.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static int64_t machine_ms = 1000000;
static unsigned fail_at; /* the Nth allocation from now on fails; 0 = none */
static bool tear_writes; /* every other write is interrupted, the rest take one byte */

int64_t __wrap_qk_monotonic_ms(void);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

int64_t __wrap_qk_monotonic_ms(void)
{
    return machine_ms;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fail_at && --fail_at == 0 ? NULL : __real_calloc(count, size);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    static unsigned calls;
    if (!tear_writes) return __real_write(fd, bytes, len);
    if (++calls % 2) {
        errno = EINTR;
        return -1;
    }
    return __real_write(fd, bytes, 1);
}

typedef struct fixture {
    qk_clock *clock;
    qk_log *log;
    int fd;
    char text[1 << 20];
} fixture;

static int set_up(void **state)
{
    char name[] = "/tmp/qk-log-test-XXXXXX";
    fixture *f = calloc(1, sizeof *f);
    f->fd = mkstemp(name);
    unlink(name);
    qk_time start;
    assert_ok(qk_time_parse(&start, QK_STR("2025-12-11T15:30:00")));
    assert_ok(qk_clock_new_simulated(&f->clock, start, 0));
    assert_ok(qk_log_new(&f->log, f->fd, QK_LOG_INFO, f->clock));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    qk_log_free(f->log);
    qk_clock_free(f->clock);
    close(f->fd);
    free(f);
    return 0;
}

/* What was logged since the last call. */
static const char *logged(fixture *f)
{
    ssize_t n = pread(f->fd, f->text, sizeof f->text - 1, 0);
    assert_true(n >= 0);
    f->text[n] = '\0';
    assert_ok(ftruncate(f->fd, 0));
    lseek(f->fd, 0, SEEK_SET);
    return f->text;
}

#define STAMP "2025-12-11T15:30:00.000+08:00 "

static void test_log__one_line_an_entry(void **state)
{
    fixture *f = *state;
    qk_log_print(f->log, QK_LOG_WARN, "gateway", "站 %d: %s", 3, "no answer");
    assert_string_equal(logged(f), STAMP "warn gateway 站 3: no answer\n");
    qk_log_print(f->log, QK_LOG_DEBUG, "gateway", "hidden");
    qk_log_limited(f->log, QK_LOG_DEBUG, "gateway", 1, "hidden");
    assert_string_equal(logged(f), "");
    qk_log_print(f->log, QK_LOG_INFO, "a", "i");
    qk_log_print(f->log, QK_LOG_ERROR, "b", "e");
    assert_string_equal(logged(f), STAMP "info a i\n" STAMP "error b e\n");
    qk_log_print(NULL, QK_LOG_ERROR, "b", "silent");
    qk_log_limited(NULL, QK_LOG_ERROR, "b", 1, "silent");
    qk_log_free(NULL);
}

static void test_log__control_bytes_from_outside_are_shown(void **state)
{
    fixture *f = *state;
    qk_log_print(
        f->log, QK_LOG_INFO, "g", "%s",
        "a\nb\r\t\x1b[31m\x7f\xff\xe6\x99 \xc2\x85 \xe2\x80\xae \xe2\x80\xa8 晴 \xef\xbf\xbd");
    assert_string_equal(logged(f), STAMP "info g a\\nb\\x0d\\x09\\x1b[31m\\x7f\\xff\\xe6\\x99 "
                                         "\\u{85} \\u{202e} \\u{2028} 晴 \xef\xbf\xbd\n");
}

static void test_log__long_messages_are_cut(void **state)
{
    fixture *f = *state;
    char text[5000];
    memset(text, '\x01', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    qk_log_print(f->log, QK_LOG_INFO, "g", "%s", text);
    size_t len = strlen(logged(f));
    assert_in_range(len, 4000, 4096);
    assert_int_equal(f->text[len - 1], '\n');
    assert_ptr_equal(strchr(f->text, '\n'), f->text + len - 1);
    for (size_t i = 0; i < 4998; i += 3) memcpy(text + i, "晴", 3);
    qk_log_print(f->log, QK_LOG_INFO, "g", "%s", text);
    logged(f);
    assert_true(qk_utf8_valid(qk_str_of(f->text)));
    assert_in_range(strlen(f->text), 1024, 1100);
}

static void test_log__repeats_are_counted_and_told_once(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 1000; i++) qk_log_limited(f->log, QK_LOG_WARN, "g", 7, "bad frame %d", i);
    qk_log_limited(f->log, QK_LOG_WARN, "g", 8, "other");
    assert_string_equal(logged(f), STAMP "warn g bad frame 0\n" STAMP "warn g other\n");
    machine_ms += 59999;
    qk_log_limited(f->log, QK_LOG_WARN, "g", 7, "bad frame");
    assert_string_equal(logged(f), "");
    machine_ms += 1;
    qk_log_limited(f->log, QK_LOG_WARN, "g", 7, "bad frame again");
    assert_string_equal(logged(f), STAMP "warn g bad frame again (1000 like it left out)\n");
    machine_ms += 60000;
    qk_log_limited(f->log, QK_LOG_WARN, "g", 7, "once more");
    assert_string_equal(logged(f), STAMP "warn g once more\n");
}

static void test_log__what_was_left_out_is_told_at_the_end(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 3; i++) qk_log_limited(f->log, QK_LOG_WARN, "gateway", 0, "x");
    logged(f);
    qk_log_free(f->log);
    f->log = NULL;
    assert_string_equal(logged(f), STAMP "warn gateway (2 like it left out)\n");
}

/* More keys than are remembered: nothing may be lost in the count. */
static void test_log__many_keys_lose_no_count(void **state)
{
    fixture *f = *state;
    enum { KEYS = 1500, ROUNDS = 4 };
    size_t told = 0, left_out = 0;
    for (int i = 0; i < KEYS * ROUNDS; i++) {
        machine_ms++;
        qk_log_limited(f->log, QK_LOG_WARN, "g", (uint64_t)(i / ROUNDS * 977), "k%d", i / ROUNDS);
    }
    qk_log_free(f->log);
    f->log = NULL;
    for (const char *p = logged(f); *p; p = strchr(p, '\n') + 1) {
        const char *end = strchr(p, '\n');
        const char *count = memchr(p, '(', (size_t)(end - p));
        bool alone = count && count == p + strlen(STAMP "warn g ");
        if (!alone) told++;
        if (count) left_out += strtoul(count + 1, NULL, 10);
    }
    assert_int_equal(told, KEYS);
    assert_int_equal(told + left_out, KEYS * ROUNDS);
}

static void *print_lines(void *arg)
{
    fixture *f = arg;
    for (int i = 0; i < 300; i++) {
        qk_log_print(f->log, QK_LOG_INFO, "g", "a line that must stay in one piece");
        qk_log_limited(f->log, QK_LOG_INFO, "g", (uint64_t)i, "limited");
    }
    return NULL;
}

static void test_log__lines_of_many_threads_stay_whole(void **state)
{
    fixture *f = *state;
    pthread_t threads[4];
    tear_writes = true;
    for (size_t i = 0; i < 4; i++) assert_ok(pthread_create(&threads[i], NULL, print_lines, f));
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    tear_writes = false;
    size_t whole = 0;
    for (const char *p = logged(f); *p; p = strchr(p, '\n') + 1) {
        assert_memory_equal(p, STAMP "info g ", strlen(STAMP "info g "));
        whole +=
            strncmp(p + strlen(STAMP "info g "), "a line that must stay in one piece\n", 35) == 0;
    }
    assert_int_equal(whole, 1200);
}

static void test_log__a_dead_descriptor_harms_nobody(void **state)
{
    fixture *f = *state;
    qk_log *log;
    assert_ok(qk_log_new(&log, -1, QK_LOG_DEBUG, f->clock));
    qk_log_print(log, QK_LOG_ERROR, "g", "lost");
    qk_log_free(log);
    fail_at = 1;
    assert_int_equal(qk_log_new(&log, -1, QK_LOG_DEBUG, f->clock), QK_ENOMEM);
    assert_null(log);
    fail_at = 0;
}

int main(void)
{
#define WITH_LOG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_LOG(test_log__one_line_an_entry),
        WITH_LOG(test_log__control_bytes_from_outside_are_shown),
        WITH_LOG(test_log__long_messages_are_cut),
        WITH_LOG(test_log__repeats_are_counted_and_told_once),
        WITH_LOG(test_log__what_was_left_out_is_told_at_the_end),
        WITH_LOG(test_log__many_keys_lose_no_count),
        WITH_LOG(test_log__lines_of_many_threads_stay_whole),
        WITH_LOG(test_log__a_dead_descriptor_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
