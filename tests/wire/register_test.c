/* SPDX-License-Identifier: Apache-2.0 */
/* A county as docs/operating.md has it: an empty folder, a register from the command line beside
 * the running server, a device whose frames were parked until then; and accounts the same way. */
#include "hj212/hj212.h"
#include "server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { SAID = 8192, FRAME = 2048 };

/* The program's own words and its status. */
static int run(char said[SAID], const char *command, const char *input)
{
    char line[4096];
    size_t n = 0;
    snprintf(line, sizeof line, "printf '%%s' '%s' | '%s' %s 2>&1", input, getenv("QK_PROGRAM"),
             command);
    FILE *p = popen(line, "r");
    assert_non_null(p);
    for (size_t got; n < SAID - 1 && (got = fread(said + n, 1, SAID - 1 - n, p)) > 0;) n += got;
    said[n] = 0;
    return WEXITSTATUS(pclose(p));
}

static void has(const char *said, const char *what)
{
    if (!strstr(said, what)) fail_msg("'%s' is not in: %s", what, said);
}

static const char sites[] = "站点编号,站点名称,站点类型,MN号,系统编码,因子编码,排放限值\n"
                            "out1,1号排口,排放口,88880000000000000000001,31,a21026,35\n";

static void send_frame(int line, const char *qn, const char *time)
{
    char segment[400], frame[FRAME];
    snprintf(segment, sizeof segment,
             "QN=%s;ST=31;CN=2011;PW=123456;MN=88880000000000000000001;Flag=5;CP=&&DataTime=%s;"
             "a21026-Rtd=12.5,a21026-Flag=N&&",
             qn, time);
    size_t len = qk_hj212_encode_segment(frame, sizeof frame, qk_hj212_text_of(segment),
                                         QK_HJ212_CRC_STANDARD);
    line_send(line, frame, len);
}

static void test_register__a_newcomer_has_values_from_an_empty_folder(void **state)
{
    (void)state;
    static const char *const args[] = {"--clock", "2026-11-22T08:00:00", NULL};
    server s;
    char said[SAID], command[300], frame[FRAME];
    if (!getenv("QK_PROGRAM")) skip();
    server_new(&s);
    server_start(&s, args);
    int line = line_open(s.hj212, NULL);
    send_frame(line, "20261122075900001", "20261122075900");
    assert_int_equal(line_frame(line, frame, sizeof frame, 700), -1);
    snprintf(command, sizeof command, "import register --data %s --dry-run", s.dir);
    assert_int_equal(run(said, command, sites), 0);
    has(said, "nothing taken in: 3 added");
    snprintf(command, sizeof command, "import register --data %s", s.dir);
    assert_int_equal(run(said, command, "站点编号,站点名称,站点类型\nout1,甲,什么\n"), 1);
    has(said, "-:2:3: 站点类型: ");
    assert_int_equal(run(said, command, sites), 0);
    has(said, "taken in: 3 added");
    send_frame(line, "20261122080000001", "20261122080000");
    assert_true(line_frame(line, frame, sizeof frame, LINE_PATIENCE_MS) > 0);
    has(frame, "CN=9014");
    close(line);
    assert_int_equal(server_stop(&s), 0);
    /* What was parked is there, and what came after; and the stopped folder takes a table, too. */
    snprintf(command, sizeof command,
             "export samples --data %s --mn 88880000000000000000001 --from 2026-11-22T07:00:00 "
             "--to 2026-11-22T09:00:00",
             s.dir);
    assert_int_equal(run(said, command, ""), 0);
    has(said, "2026-11-22T07:59:00");
    has(said, "2026-11-22T08:00:00");
    snprintf(command, sizeof command, "import register --data %s", s.dir);
    assert_int_equal(run(said, command, sites), 0);
    has(said, "0 added, 0 changed, 3 the same");
    server_remove(&s);
}

static void test_user__accounts_are_made_beside_a_running_server(void **state)
{
    (void)state;
    static const char *const args[] = {NULL};
    server s;
    char said[SAID], command[300];
    if (!getenv("QK_PROGRAM")) skip();
    server_new(&s);
    server_start(&s, args);
    snprintf(command, sizeof command, "user add sec --data %s", s.dir);
    assert_int_equal(run(said, command, "short"), 1);
    assert_int_equal(run(said, command, "Kz7#mQ2vLpXw"), 0);
    assert_int_equal(run(said, command, "Kz7#mQ2vLpXw"), 1); /* there already */
    snprintf(command, sizeof command, "user passwd sec --data %s", s.dir);
    assert_int_equal(run(said, command, "Kz7#mQ2vLpXwy"), 0);
    snprintf(command, sizeof command, "user list --data %s", s.dir);
    assert_int_equal(run(said, command, ""), 0);
    has(said, "sec\tenabled\t\tR13-SEC");
    snprintf(command, sizeof command, "user disable sec --data %s", s.dir);
    assert_int_equal(run(said, command, ""), 0);
    assert_int_equal(server_stop(&s), 0);
    snprintf(command, sizeof command, "user list --data %s", s.dir);
    assert_int_equal(run(said, command, ""), 0);
    has(said, "sec\tdisabled");
    server_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register__a_newcomer_has_values_from_an_empty_folder),
        cmocka_unit_test(test_user__accounts_are_made_beside_a_running_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
