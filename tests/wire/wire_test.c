/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the wire cases: bytes in, bytes out, one clause a file (cases/README.md tells the form),
 * each against a server of its own. */
#include "gateway/control.h"
#include "gateway/request_store.h"
#include "hj212/hj212.h"
#include "server.h"
#include <dirent.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { LINES = 8, WAIT_MS = LINE_PATIENCE_MS, FRAME = 4096, CASES_MAX = 256 };

typedef struct playing {
    const char *path;
    int number; /* of the line */
    server server;
    char clock[64];
    const char *args[8];
    char arg_text[256];
    qk_buf devices;
    qk_request asks[8];
    int n_asks;
    char upper_map[512];
    int up_listener, up; /* a platform played here; -1 = none */
    uint16_t up_port;
    bool started;
    int line[LINES];
    int current;
    char from[32];
    uint32_t sentinels;
} playing;

#define FAIL(p, ...)                                        \
    do {                                                    \
        fprintf(stderr, "%s:%d: ", (p)->path, (p)->number); \
        fail_msg(__VA_ARGS__);                              \
    } while (0)

/* ---- the folder ---- */

static qk_code fill_store(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    playing *p = context;
    sqlite3_stmt *stmt;
    int64_t id;
    QK_TRY(qk_registry_import(qk_node_registry(node), (qk_str){p->devices.ptr, p->devices.len},
                              QK_STR("test"), now, err));
    for (int i = 0; i < p->n_asks; i++) {
        p->asks[i].asked = p->asks[i].updated = now;
        QK_TRY(qk_request_insert(db, &p->asks[i], &id, err));
    }
    if (!p->upper_map[0]) return QK_OK;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", p->up_port);
    QK_TRY(qk_db_prepare(&stmt, db,
                         "INSERT INTO forward (id, address, mn_map, state, cursor, recorded_at,"
                         " recorded_by) VALUES ('city', ?, ?, 'on', 0, 0, 'test')",
                         err));
    qk_db_bind_str(stmt, 1, qk_str_of(address));
    qk_db_bind_str(stmt, 2, qk_str_of(p->upper_map));
    return qk_db_run(db, stmt, err);
}

static void start_server(playing *p)
{
    if (p->started) return;
    p->started = true;
    qk_buf_puts(&p->devices, "]}");
    server_prepare(&p->server, p->clock[0] ? p->clock : NULL, fill_store, p);
    server_start(&p->server, p->args);
}

/* ---- sending and expecting ---- */

static int current_line(playing *p)
{
    start_server(p);
    if (p->line[p->current] < 0) {
        p->line[p->current] = line_open(p->server.hj212, p->from[0] ? p->from : NULL);
        if (p->line[p->current] < 0) FAIL(p, "the server does not accept a connection");
    }
    return p->line[p->current];
}

static size_t make_frame(playing *p, char *out, const char *segment, qk_hj212_crc_kind crc)
{
    size_t n = qk_hj212_encode_segment(out, FRAME, qk_hj212_text_of(segment), crc);
    if (n == 0) FAIL(p, "cannot frame: %s", segment);
    return n;
}

static void expect_frame(playing *p, int fd, const char *segment, qk_hj212_crc_kind crc)
{
    char want[FRAME], got[FRAME];
    size_t n = make_frame(p, want, segment, crc);
    int have = line_frame(fd, got, sizeof got, WAIT_MS);
    if (have <= 0) FAIL(p, "%s instead of: %s", have ? "silence" : "the end", segment);
    if ((size_t)have != n || memcmp(got, want, n) != 0)
        FAIL(p, "\n  got      %.*s\n  expected %.*s", have, got, (int)n, want);
}

/* Nothing came: a heartbeat sent now is answered next. */
static void expect_nothing(playing *p)
{
    char segment[128], frame[FRAME];
    uint32_t k = ++p->sentinels;
    snprintf(segment, sizeof segment,
             "QN=20260101000000%03u;ST=31;CN=9015;PW=0;MN=SENTINEL;Flag=9;CP=&&&&", k);
    line_send(current_line(p), frame, make_frame(p, frame, segment, QK_HJ212_CRC_STANDARD));
    snprintf(segment, sizeof segment,
             "QN=20260101000000%03u;ST=91;CN=9013;PW=0;MN=SENTINEL;Flag=8;CP=&&&&", k);
    expect_frame(p, current_line(p), segment, QK_HJ212_CRC_STANDARD);
}

/* \r \n \\ and \xHH; *repeat is what stands in {N} at the very front. */
static size_t unescape(char *out, const char *text)
{
    size_t n = 0;
    for (; *text; text++) {
        if (*text != '\\') {
            out[n++] = *text;
            continue;
        }
        text++;
        if (*text == 'r') out[n++] = '\r';
        if (*text == 'n') out[n++] = '\n';
        if (*text == '\\') out[n++] = '\\';
        if (*text == 'x') {
            out[n++] = (char)strtoul((char[]){text[1], text[2], 0}, NULL, 16);
            text += 2;
        }
    }
    return n;
}

static void send_raw(playing *p, const char *text)
{
    char bytes[FRAME];
    line_send(current_line(p), bytes, unescape(bytes, text));
}

static void send_segment(playing *p, const char *segment, qk_hj212_crc_kind crc)
{
    char frame[FRAME];
    line_send(current_line(p), frame, make_frame(p, frame, segment, crc));
}

static void send_bytewise(playing *p, const char *segment)
{
    char frame[FRAME];
    size_t n = make_frame(p, frame, segment, QK_HJ212_CRC_STANDARD);
    for (size_t i = 0; i < n; i++) line_send(current_line(p), frame + i, 1);
}

/* ---- actions ---- */

static qk_time read_time(playing *p, const char *text)
{
    qk_time t;
    if (qk_time_parse(&t, qk_str_of(text)) != QK_OK) FAIL(p, "no time: %s", text);
    return t;
}

/* ask MN CN PARAMS|- [FROM TO] */
static void add_ask(playing *p, char *rest)
{
    char *save = NULL;
    qk_request *r = &p->asks[p->n_asks++];
    *r = (qk_request){.from = QK_TIME_NONE, .to = QK_TIME_NONE};
    const char *mn = strtok_r(rest, " ", &save), *cn = strtok_r(NULL, " ", &save);
    const char *params = strtok_r(NULL, " ", &save), *from = strtok_r(NULL, " ", &save);
    const char *to = strtok_r(NULL, " ", &save);
    snprintf(r->mn, sizeof r->mn, "%s", mn);
    snprintf(r->by, sizeof r->by, "test");
    r->cn = (int32_t)strtol(cn, NULL, 10);
    if (strcmp(params, "-") != 0) snprintf(r->params, sizeof r->params, "%s", params);
    if (to) {
        r->from = read_time(p, from);
        r->to = read_time(p, to);
    }
    if (qk_control_check(r, NULL) != QK_OK) FAIL(p, "no request: CN %s", cn);
}

static void check_journal(playing *p, const char *rest)
{
    static const char *const names[7] = {"MARK", "FRAME",   "PARKED", "REFUSED",
                                         "SENT", "SESSION", "INPUT"};
    size_t counts[7], repeats;
    assert_int_equal(server_stop(&p->server), 0);
    server_journal(&p->server, counts, &repeats);
    for (int i = 0; i < 7; i++) {
        const char *at = strstr(rest, names[i]);
        if (at && counts[i] != strtoul(at + strlen(names[i]) + 1, NULL, 10))
            FAIL(p, "%zu records of kind %s in the journal, not as: %s", counts[i], names[i], rest);
    }
    const char *at = strstr(rest, "REPEAT=");
    if (at && repeats != strtoul(at + 7, NULL, 10))
        FAIL(p, "%zu repeats in the journal, not as: %s", repeats, rest);
}

static qk_code find_request(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)node, (void)now;
    return qk_request_load(db, 1, context, err);
}

/* request STATE [chunks=N] [rows=N] [result=TEXT]: of the first ask, as saved. */
static void check_request(playing *p, const char *rest)
{
    qk_request r;
    char state[16] = "";
    const char *chunks = strstr(rest, "chunks="), *rows = strstr(rest, "rows=");
    const char *result = strstr(rest, "result=");
    if (p->server.pid) assert_int_equal(server_stop(&p->server), 0);
    server_prepare(&p->server, p->clock[0] ? p->clock : NULL, find_request, &r);
    (void)qk_str_copy(state, sizeof state, (qk_str){rest, strcspn(rest, " ")});
    if (strcmp(r.state, state) != 0) FAIL(p, "the request is %s, not %s", r.state, state);
    if (chunks && r.chunks_done != strtol(chunks + 7, NULL, 10))
        FAIL(p, "%d chunks done", r.chunks_done);
    if (rows && r.rows_received != strtol(rows + 5, NULL, 10))
        FAIL(p, "%lld rows received", (long long)r.rows_received);
    if (result && strcmp(r.result, result + 7) != 0) FAIL(p, "the result is '%s'", r.result);
}

static void close_lines(playing *p)
{
    for (int i = 0; i < LINES; i++) {
        if (p->line[i] >= 0) close(p->line[i]);
        p->line[i] = -1;
    }
}

static void add_device(playing *p, const char *json)
{
    if (p->devices.ptr[p->devices.len - 1] != '[') qk_buf_putc(&p->devices, ',');
    qk_buf_puts(&p->devices, json);
}

static void set_args(playing *p, const char *rest)
{
    char *save = NULL;
    int n = 0;
    while (p->args[n]) n++;
    size_t used = strlen(p->arg_text);
    char *text = p->arg_text + used + (used ? 1 : 0);
    snprintf(text, sizeof p->arg_text - (size_t)(text - p->arg_text), "%s", rest);
    for (char *t = strtok_r(text, " ", &save); t && n < 7; t = strtok_r(NULL, " ", &save))
        p->args[n++] = t;
}

static void set_clock(playing *p, const char *rest)
{
    snprintf(p->clock, sizeof p->clock, "%s", rest);
    int n = 0;
    while (p->args[n]) n++;
    p->args[n++] = "--clock";
    p->args[n] = p->clock;
}

static void set_upper(playing *p, const char *map)
{
    snprintf(p->upper_map, sizeof p->upper_map, "%s", map);
    p->up_listener = line_listen(&p->up_port);
}

static void act(playing *p, char *text)
{
    char *rest = text + strcspn(text, " ");
    if (*rest) *rest++ = 0;
    if (strcmp(text, "serve") == 0)
        set_args(p, rest);
    else if (strcmp(text, "clock") == 0)
        set_clock(p, rest);
    else if (strcmp(text, "device") == 0)
        add_device(p, rest);
    else if (strcmp(text, "ask") == 0)
        add_ask(p, rest);
    else if (strcmp(text, "upper") == 0)
        set_upper(p, rest);
    else if (strcmp(text, "line") == 0)
        p->current = rest[0] - '0';
    else if (strcmp(text, "from") == 0)
        snprintf(p->from, sizeof p->from, "%s", rest);
    else if (strcmp(text, "none") == 0)
        expect_nothing(p);
    else if (strcmp(text, "half") == 0)
        shutdown(current_line(p), SHUT_WR);
    else if (strcmp(text, "ended") == 0) {
        if (!line_ended(current_line(p), WAIT_MS)) FAIL(p, "the connection was not ended");
    } else if (strcmp(text, "close") == 0) {
        close(current_line(p));
        p->line[p->current] = -1;
    } else if (strcmp(text, "restart") == 0) {
        close_lines(p);
        server_kill(&p->server);
        server_start(&p->server, p->args);
    } else if (strcmp(text, "again") == 0) {
        close_lines(p);
        assert_int_equal(server_stop(&p->server), 0);
        server_start(&p->server, p->args);
    } else if (strcmp(text, "up") == 0) {
        start_server(p);
        if (p->up >= 0) close(p->up);
        p->up = line_accept(p->up_listener);
    } else if (strcmp(text, "journal") == 0)
        check_journal(p, rest);
    else if (strcmp(text, "request") == 0)
        check_request(p, rest);
    else
        FAIL(p, "no such action: %s", text);
}

/* The upper platform's side: "u> " it says, "u< " it is to hear. */
static void play_upper(playing *p, const char *text)
{
    char frame[FRAME];
    if (text[0] == '>')
        line_send(p->up, frame, make_frame(p, frame, text + 2, QK_HJ212_CRC_STANDARD));
    else
        expect_frame(p, p->up, text + 2, QK_HJ212_CRC_STANDARD);
}

static void play_line(playing *p, char *text)
{
    text[strcspn(text, "\n")] = 0;
    if (text[0] == 0 || text[0] == '#') return;
    if (strncmp(text, "! ", 2) == 0)
        act(p, text + 2);
    else if (strncmp(text, "> ", 2) == 0)
        send_segment(p, text + 2, QK_HJ212_CRC_STANDARD);
    else if (strncmp(text, ">m ", 3) == 0)
        send_segment(p, text + 3, QK_HJ212_CRC_MODBUS);
    else if (strncmp(text, ">x ", 3) == 0)
        send_raw(p, text + 3);
    else if (strncmp(text, ">1 ", 3) == 0)
        send_bytewise(p, text + 3);
    else if (strncmp(text, "< ", 2) == 0)
        expect_frame(p, current_line(p), text + 2, QK_HJ212_CRC_STANDARD);
    else if (strncmp(text, "<m ", 3) == 0)
        expect_frame(p, current_line(p), text + 3, QK_HJ212_CRC_MODBUS);
    else if (text[0] == 'u')
        play_upper(p, text + 1);
    else
        FAIL(p, "what is this: %s", text);
}

static playing *under_way; /* for the end of a case that failed */

static int end_case(void **state)
{
    (void)state;
    if (under_way) server_remove(&under_way->server);
    under_way = NULL;
    return 0;
}

static void test_S072_wire__case(void **state)
{
    static playing p;
    char text[FRAME];
    p = (playing){.path = *state, .up_listener = -1, .up = -1};
    FILE *f = fopen(p.path, "r");
    assert_non_null(f);
    server_new(&p.server);
    under_way = &p;
    qk_buf_init(&p.devices, 1 << 20);
    qk_buf_puts(&p.devices, "{\"devices\":[{\"mn\":\"SENTINEL\"}");
    for (int i = 0; i < LINES; i++) p.line[i] = -1;
    while (fgets(text, sizeof text, f)) {
        p.number++;
        play_line(&p, text);
    }
    fclose(f);
    close_lines(&p);
    if (p.up >= 0) close(p.up);
    if (p.up_listener >= 0) close(p.up_listener);
    if (p.server.pid) assert_int_equal(server_stop(&p.server), 0);
    qk_buf_clear(&p.devices);
}

static int cmp_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* With a pattern as argument: only those. */
int main(int argc, char **argv)
{
    static char *paths[CASES_MAX];
    static struct CMUnitTest tests[CASES_MAX];
    char dir[512], path[1024];
    size_t n = 0;
    const char *root = getenv("QK_SOURCE_ROOT");
    snprintf(dir, sizeof dir, "%s/tests/wire/cases", root ? root : ".");
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d)) && n < CASES_MAX;) {
        if (fnmatch("*.wire", e->d_name, 0) != 0) continue;
        if (argc > 1 && fnmatch(argv[1], e->d_name, 0) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        paths[n++] = strdup(path);
    }
    if (d) closedir(d);
    qsort(paths, n, sizeof *paths, cmp_text);
    for (size_t i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){.name = strrchr(paths[i], '/') + 1,
                                       .test_func = test_S072_wire__case,
                                       .teardown_func = end_case,
                                       .initial_state = paths[i]};
    if (n == 0) return 1;
    return _cmocka_run_group_tests("wire", tests, n, NULL, NULL);
}
