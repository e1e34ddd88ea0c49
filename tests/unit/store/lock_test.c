/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"
#include "store_test.h"
#include <signal.h>
#include <sys/wait.h>

static void test_lock__is_held_by_one_and_given_back(void **state)
{
    (void)state;
    int first = -1, second = -1;
    qk_error err = {0};
    assert_false(qk_lock_held(qk_test_dir));
    assert_ok(qk_lock_take(&first, qk_test_dir, &err));
    assert_true(qk_lock_held(qk_test_dir));
    assert_int_equal(qk_lock_take(&second, qk_test_dir, &err), QK_EBUSY);
    assert_int_equal(second, -1);
    char number[32];
    snprintf(number, sizeof number, "process %ld", (long)getpid());
    assert_non_null(strstr(err.message, number));
    qk_lock_release(second);
    assert_true(qk_lock_held(qk_test_dir));
    qk_lock_release(first);
    assert_false(qk_lock_held(qk_test_dir));
    assert_ok(qk_lock_take(&first, qk_test_dir, &err));
    qk_lock_release(first);
}

static void test_lock__of_a_dead_process_holds_nothing(void **state)
{
    (void)state;
    int ready[2], fd = -1;
    char byte = 0;
    assert_ok(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        byte = qk_lock_take(&fd, qk_test_dir, NULL) == QK_OK ? 'y' : 'n';
        if (write(ready[1], &byte, 1) != 1) _exit(1);
        pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_true(qk_lock_held(qk_test_dir));
    assert_int_equal(qk_lock_take(&fd, qk_test_dir, NULL), QK_EBUSY);
    assert_ok(kill(child, SIGKILL));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(qk_test_size(qk_test_path("qingkong.lock")) > 0);
    assert_false(qk_lock_held(qk_test_dir));
    assert_ok(qk_lock_take(&fd, qk_test_dir, NULL));
    qk_lock_release(fd);
    close(ready[0]);
    close(ready[1]);
}

static void test_lock__looking_leaves_no_file(void **state)
{
    (void)state;
    int fd = -1;
    qk_error err = {0};
    assert_false(qk_lock_held(qk_test_dir));
    assert_int_equal(qk_test_size(qk_test_path("qingkong.lock")), -1);
    assert_false(qk_lock_held(qk_test_path("absent")));
    assert_int_equal(qk_lock_take(&fd, qk_test_path("absent"), &err), QK_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        qk_dir_test(test_lock__is_held_by_one_and_given_back),
        qk_dir_test(test_lock__of_a_dead_process_holds_nothing),
        qk_dir_test(test_lock__looking_leaves_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
