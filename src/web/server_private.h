/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_SERVER_PRIVATE_H
#define QK_WEB_SERVER_PRIVATE_H
/* Shared by server.c (life), transport.c (requests on the wire) and respond.c (answers). */
#include "web/context.h"
#include "web/exchange.h"
#include "web/guard.h"
#include "web/links.h"
#include "web/server.h"
#include "web/workers.h"
#include <microhttpd.h>

enum {
    QK_TARGET_MAX = 2048,        /* bytes of a request target */
    QK_CONNECTION_MEMORY = 8192, /* libmicrohttpd's pool for one connection: heads of both sides */
    QK_ANSWER_S = 120,           /* an answer must be made and taken in this time */
    QK_IDLE_TIMES = 4,           /* a kept connection may be silent so many times request_s */
    QK_SILENCE_S = 60            /* a follower that takes nothing */
};

struct qk_web {
    qk_context context;
    qk_web_options options;
    struct MHD_Daemon *daemon;
    uint16_t port;
    qk_links *links;
    qk_workers *readers, *changers, *students;
    atomic_bool stopping;
    atomic_bool
        close_always;      /* the guard cannot see heads as they were: one request a connection */
    atomic_uint suspended; /* connections that wait for a worker */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool news, ending, keeper_started;
    pthread_t keeper;
};

typedef enum qk_stage {
    QK_STAGE_NEW,
    QK_STAGE_BODY,
    QK_STAGE_RUNNING, /* suspended until a worker has made the answer */
    QK_STAGE_ANSWERED
} qk_stage;

/* One request on the wire: libmicrohttpd's per-request pointer. */
typedef struct qk_request_state {
    qk_web *web;
    struct MHD_Connection *connection;
    qk_link *link;
    qk_stage stage;
    bool head; /* HEAD: the answer has no body */
    bool close;
    bool guarded; /* refused by the guard: counted apart */
    qk_exchange *x;
    qk_follower *follower;
    char *body;
    size_t body_len, body_max;
    /* a streamed answer */
    size_t sent;
    atomic_bool part_ready;
    bool failed, ended;
    char if_none_match[QK_ETAG_TEXT + 8]; /* of a request for the page */
    bool gzip;                            /* the client takes it */
    bool target_too_long;
    size_t target_len;
    char target[QK_TARGET_MAX + 1];
} qk_request_state;

/* transport.c: libmicrohttpd's callbacks; cls is the qk_web. */
void *qk_web_on_target(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result qk_web_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state);
void qk_web_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how);
void qk_web_on_connection(void *cls, struct MHD_Connection *connection, void **link,
                          enum MHD_ConnectionNotificationCode what);
enum MHD_Result qk_web_on_accept(void *cls, const struct sockaddr *address, socklen_t len);
void qk_web_run_job(void *job, void *tools);
void qk_web_resume(qk_request_state *r);

/* respond.c: sends what stands in the exchange; the streamed and the followed kind too. */
enum MHD_Result qk_web_send(qk_request_state *r);
enum MHD_Result qk_web_send_follower(qk_request_state *r);
/* Bytes that live as long as the program. */
enum MHD_Result qk_web_send_asset(qk_request_state *r, qk_str path);
/* Refuses before there is a route: an error document, then the connection is closed. */
enum MHD_Result qk_web_send_refusal(qk_request_state *r, int32_t status, const char *code,
                                    const char *detail);
#endif
