/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_WIRE_SERVER_H
#define QK_TESTS_WIRE_SERVER_H
/* A real `qingkong serve` on loopback ports of its own, over a folder that is removed at the end;
 * and plain sockets to talk to it. Waiting is polling with a limit. */
#include "domain/node.h"
#include <stdbool.h>
#include <sys/types.h>

/* How long a test waits for what must come: only a failing one waits to the end. What must NOT come
 * is waited for in times of its own. */
enum { LINE_PATIENCE_MS = 120000 };

typedef struct server {
    char dir[64];
    pid_t pid; /* 0 = not running */
    uint16_t http, hj212;
    int out; /* its standard output */
} server;

void server_new(server *s);    /* makes the folder */
void server_remove(server *s); /* kills what runs, removes the folder */
/* Opens the folder in this process and runs fn in its store thread (to fill the register). */
void server_prepare(const server *s, const char *clock, qk_node_fn *fn, void *context);
/* Imports a register: {"devices":[…]} and so on. */
void server_import(const server *s, const char *clock, const char *json);
/* args: more options, ends with NULL. Returns when the server is ready. */
void server_start(server *s, const char *const *args);
/* SIGTERM; the exit status. Fails the test when it takes more than five seconds. */
int server_stop(server *s);
void server_kill(server *s); /* kill -9 */
/* Resident memory in KiB. */
long server_rss(const server *s);
/* Records of each kind in the journal of the folder; counts[7]. Frames marked as repeats are also
 * counted in *repeats (may be NULL). */
void server_journal(const server *s, size_t counts[7], size_t *repeats);

/* A blocking socket from the given loopback address (NULL = any); -1 when refused. */
int line_open(uint16_t port, const char *from);
int line_listen(uint16_t *port); /* for a platform played by the test */
int line_listen_at(uint16_t port);
int line_accept(int listener);
void line_send(int fd, const void *bytes, size_t len);
/* One whole frame into out (terminated); its length, 0 at the end of the stream, -1 when nothing
 * came within limit_ms. */
int line_frame(int fd, char *out, size_t size, int limit_ms);
/* True when the server ends the connection within limit_ms; what it still says is thrown away. */
bool line_ended(int fd, int limit_ms);
#endif
