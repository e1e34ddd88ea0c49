/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand loggers at once over TCP: what they say is answered and stored once, also when all of
 * it is sent again; what has a wrong CRC is neither answered nor stored. */
#include "base/memory.h"
#include "hj212/hj212.h"
#include "load.h"
#include "server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { LOGGERS = 1000, FRAMES_WANTED = 5 * LOGGERS, BAD_FRAMES = 50 };

static void import_loggers(const server *s)
{
    qk_buf json;
    qk_buf_init(&json, 1 << 20);
    qk_buf_puts(&json, "{\"devices\":[");
    for (int i = 0; i < LOGGERS; i++) {
        char row[64];
        snprintf(row, sizeof row, "%s{\"mn\":\"LOGG%020d\"}", i ? "," : "", i);
        qk_buf_puts(&json, row);
    }
    qk_buf_puts(&json, "]}");
    qk_buf_putc(&json, 0);
    assert_int_equal(json.failed, 0);
    server_import(s, NULL, json.ptr);
    qk_buf_clear(&json);
}

/* All loggers say their frames from the first on, until so many were answered (in all runs of one
 * numbering the frames are the same); the number behind the highest frame sent. */
static uint32_t say(const server *s, uint32_t first, uint64_t wanted, FILE *acks)
{
    uint64_t answered = 0;
    while (answered < wanted) {
        load_result r;
        load_options o = {.port = s->hj212,
                          .devices = LOGGERS,
                          .window = 2,
                          .seconds = 1,
                          /* The gateway knows a device's last 128 frames; more are not sent
                           * before they are sent again. */
                          .rate = 20 * LOGGERS,
                          .first = first,
                          .factors = 2,
                          .mn = "LOGG",
                          .acks = acks,
                          .addresses = 20};
        assert_true(load_run(&o, &r));
        assert_int_equal(r.broken, 0);
        answered += r.answered;
        first = r.next;
    }
    return first;
}

static void say_wrongly(const server *s)
{
    char frame[1024], answer[1024];
    const char *segment =
        "QN=20250101000000001;ST=31;CN=2011;PW=123456;MN=LOGG00000000000000000007;"
        "Flag=5;CP=&&DataTime=20250101000000;a21026-Rtd=8888.8,a21026-Flag=N&&";
    int fd = line_open(s->hj212, "127.0.0.99");
    assert_true(fd >= 0);
    size_t len = qk_hj212_encode_segment(frame, sizeof frame, qk_hj212_text_of(segment),
                                         QK_HJ212_CRC_STANDARD);
    for (int i = 0; i < BAD_FRAMES; i++) {
        snprintf(frame + len - 6, 7, "%04X\r\n", 0x1111 + i);
        line_send(fd, frame, len);
    }
    /* The first answer is that to the good frame behind them. */
    segment = "QN=20250101000000002;ST=31;CN=2011;PW=123456;MN=LOGG00000000000000000007;Flag=5;"
              "CP=&&DataTime=20250101000030;a21026-Rtd=7777.7,a21026-Flag=N&&";
    len = qk_hj212_encode_segment(frame, sizeof frame, qk_hj212_text_of(segment),
                                  QK_HJ212_CRC_STANDARD);
    line_send(fd, frame, len);
    assert_true(line_frame(fd, answer, sizeof answer, LINE_PATIENCE_MS) > 0);
    assert_non_null(strstr(answer, "QN=20250101000000002;ST=91;CN=9014"));
    close(fd);
}

/* The number that `qingkong WORDS DIR REST` prints in a shell. */
static long count_of(const char *words, const server *s, const char *rest)
{
    char command[512], text[64] = "";
    const char *program = getenv("QK_PROGRAM");
    assert_non_null(program);
    snprintf(command, sizeof command, "%s %s %s %s", program, words, s->dir, rest);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    (void)pclose(f);
    return strtol(text, NULL, 10);
}

static void test_S072_loggers__a_thousand_are_heard_each_frame_once(void **state)
{
    (void)state;
    server s;
    char path[96], acks_of[128];
    size_t kinds[7], repeats;
    server_new(&s);
    import_loggers(&s);
    server_start(&s, NULL);
    snprintf(path, sizeof path, "%s/acks", s.dir);
    FILE *acks = fopen(path, "w");
    assert_non_null(acks);
    (void)say(&s, 0, FRAMES_WANTED, acks);
    (void)say(&s, 0, LOGGERS, NULL); /* the same again */
    say_wrongly(&s);
    assert_int_equal(fclose(acks), 0);
    assert_int_equal(server_stop(&s), 0);
    server_journal(&s, kinds, &repeats);
    assert_true(repeats >= LOGGERS);
    assert_true(kinds[QK_JOURNAL_FRAME] >= FRAMES_WANTED + LOGGERS);
    assert_in_range(kinds[QK_JOURNAL_REFUSED], 1, BAD_FRAMES);
    snprintf(acks_of, sizeof acks_of, "--acks %s >/dev/null && echo 1", path);
    assert_int_equal(count_of("verify", &s, acks_of), 1);
    /* four values or more of each frame, each once; none of a frame with a wrong CRC */
    const char *samples = "export samples --data";
    assert_true(count_of(samples, &s, "| wc -l") >= 4 * FRAMES_WANTED);
    assert_int_equal(count_of(samples, &s, "| cut -d, -f1-5 | sort | uniq -d | wc -l"), 0);
    assert_int_equal(count_of(samples, &s, "| grep -c ,7777.7,"), 1);
    assert_int_equal(count_of(samples, &s, "| grep -c ,8888.8,"), 0);
    server_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S072_loggers__a_thousand_are_heard_each_frame_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
