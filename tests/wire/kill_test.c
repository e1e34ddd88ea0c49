/* SPDX-License-Identifier: Apache-2.0 */
/* The promise: after kill -9 at any moment no acknowledged frame is lost and none is stored twice.
 * A server is killed under load again and again over one folder; then `qingkong verify` compares
 * the folder with the list of answers. QK_KILL_CYCLES sets how often (default 20). */
#include "load.h"
#include "server.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { CYCLES = 20, DEVICES = 40, WINDOW = 4 };

typedef struct loading {
    load_options options;
    load_result result;
    _Atomic bool stop;
    bool connected;
} loading;

static void *run_load(void *context)
{
    loading *l = context;
    l->connected = load_run(&l->options, &l->result);
    return NULL;
}

static void sleep_until_ms(int64_t end)
{
    while (qk_monotonic_ms() < end) usleep(1000);
}

/* One life of the server: loaded for a while, killed in the middle. */
static void live_and_die(server *s, FILE *acks, uint32_t *first, uint64_t *answered,
                         int64_t life_ms)
{
    static const char *const args[] = {"--accept-any", NULL};
    pthread_t thread;
    server_start(s, args);
    loading l = {.options = {.port = s->hj212,
                             .devices = DEVICES,
                             .window = WINDOW,
                             .seconds = 30,
                             .first = *first,
                             .mn = "KILL",
                             .acks = acks,
                             .may_break = true}};
    l.options.stop = &l.stop;
    assert_int_equal(pthread_create(&thread, NULL, run_load, &l), 0);
    sleep_until_ms(qk_monotonic_ms() + life_ms);
    server_kill(s);
    l.stop = true;
    pthread_join(thread, NULL);
    assert_true(l.connected || l.result.sent == 0);
    *first = l.result.next;
    *answered += l.result.answered;
}

static int run_verify(const server *s, const char *acks)
{
    int status;
    const char *program = getenv("QK_PROGRAM");
    pid_t pid = fork();
    if (pid == 0) {
        execl(program, program, "verify", s->dir, "--acks", acks, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_S072_gateway__kill_9_loses_no_acknowledged_frame_and_doubles_none(void **state)
{
    (void)state;
    server s;
    char path[96];
    uint32_t first = 0, random = 12345;
    uint64_t answered = 0;
    const char *text = getenv("QK_KILL_CYCLES");
    long cycles = text ? strtol(text, NULL, 10) : CYCLES;
    server_new(&s);
    snprintf(path, sizeof path, "%s/acks", s.dir);
    FILE *acks = fopen(path, "w");
    assert_non_null(acks);
    for (long i = 0; i < cycles; i++) {
        random = random * 1103515245u + 12345u;
        live_and_die(&s, acks, &first, &answered, 30 + random / 65536 % 300);
    }
    fclose(acks);
    printf("%ld lives, %llu frames acknowledged\n", cycles, (unsigned long long)answered);
    assert_true(answered > (uint64_t)cycles);
    assert_int_equal(run_verify(&s, path), 0);
    server_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_gateway__kill_9_loses_no_acknowledged_frame_and_doubles_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
