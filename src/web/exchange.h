/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_EXCHANGE_H
#define QK_WEB_EXCHANGE_H
/* One request and its answer, apart from the wire: what handlers see. The server (server.c) fills
 * the request, runs the route's handler in one of its threads and sends what stands in the answer.
 *
 * Ownership: the exchange owns its arena and its output buffer; views in the request live as long
 * as the exchange. Threads: one at a time. */
#include "base/json.h"
#include "base/memory.h"
#include "base/time.h"
#include "web/gzip.h"
#include "web/rights.h"
#include "web/route.h"

typedef struct qk_context qk_context; /* what all requests share: web/context.h */
typedef struct qk_tools qk_tools;     /* what a worker thread has of its own: web/context.h */

enum { QK_PATH_ARGS = 3, QK_QUERY_PARAMS = 16, QK_ETAG_TEXT = 40 };

typedef struct qk_query_value {
    bool given;
    qk_str text; /* decoded */
    int64_t number;
    qk_time time;
} qk_query_value;

typedef struct qk_exchange qk_exchange;
/* Gives the next part of a long answer into x->out (which is empty); leaves it empty at the end.
 * A failure breaks the connection off, so that a cut answer cannot be taken for a whole one. */
typedef qk_code qk_more_fn(qk_exchange *x, qk_error *err);

struct qk_exchange {
    qk_context *context;
    qk_tools *tools; /* of the thread that runs the handler; NULL on QK_LANE_HERE */

    /* the request */
    qk_method method;
    const qk_route *route;
    qk_str args[QK_PATH_ARGS];             /* of the path, decoded, in order of the pattern */
    qk_query_value query[QK_QUERY_PARAMS]; /* parallel to route->params */
    qk_str body;
    qk_str idempotency_key;
    char address[48];                     /* of the client, as far as it can be known */
    char who[64];                         /* author of a change; empty for open routes */
    qk_actor actor;                       /* who asks, and his roles */
    char csrf[36];                        /* of his session; empty without one */
    bool secure;                          /* came by TLS, as our own proxy says */
    char agent[96];                       /* User-Agent */
    bool takes_gzip;                      /* the client accepts it */
    char if_none_match[QK_ETAG_TEXT + 8]; /* as sent; empty when absent or too long to be ours */

    /* the answer */
    int32_t status; /* 200 unless set */
    const char *content_type;
    char etag[QK_ETAG_TEXT]; /* with its quotes; empty = none, answer is not stored anywhere */
    char filename[264];      /* UTF-8, not empty: sent as an attachment */
    char set_cookie[200];    /* not empty: sent as such */
    const char *error_code;  /* stable name, set by qk_refuse */
    char error_field[48];
    qk_buf out;
    qk_json_writer json; /* on out */
    qk_str fixed;        /* instead of out: bytes that live as long as the server */
    qk_more_fn *more;
    void *more_state; /* in the arena, or freed by more_done */
    void (*more_done)(void *more_state);
    bool gzipped;  /* what stands in out or fixed is gzip */
    qk_gzip *gzip; /* of an answer in parts; NULL = plain */

    qk_arena arena;
};

/* out's ceiling and the arena's come from the route. */
void qk_exchange_init(qk_exchange *x, qk_context *context, const qk_route *route);
void qk_exchange_clear(qk_exchange *x);

/* Reads the query by the route's parameter table. QK_EINVAL with x->error_field set for an unknown
 * or repeated name, a missing required one, a value of the wrong form. */
QK_NODISCARD qk_code qk_exchange_query(qk_exchange *x, qk_str query, qk_error *err);

/* Values of the query by name; the fallback when not given. The name must be in the table. */
qk_str qk_query_str(const qk_exchange *x, const char *name);
int64_t qk_query_int(const qk_exchange *x, const char *name, int64_t fallback);
qk_time qk_query_time(const qk_exchange *x, const char *name, qk_time fallback);
bool qk_query_given(const qk_exchange *x, const char *name);

/* Refuses with a status and a stable code of the message table ("api.<code>"); field may be NULL.
 */
qk_code qk_refuse(qk_exchange *x, qk_error *err, int32_t status, const char *code,
                  const char *field, const char *fmt, ...) QK_PRINTF(6, 7);
/* Writes the error document for err into out, setting the status by the code when none is set. */
void qk_exchange_fail(qk_exchange *x, const qk_error *err);
/* Runs the route's handler; the answer always stands afterwards. */
void qk_exchange_run(qk_exchange *x);
/* Makes a large answer small, where the client takes gzip; what cannot be made small for lack of
 * memory stays as it is. Of an answer in parts: the part in out; ended = it was the last. */
void qk_exchange_pack(qk_exchange *x);
qk_code qk_exchange_pack_part(qk_exchange *x, bool ended);
/* True for a content type that gzip makes smaller. */
bool qk_exchange_packs(const qk_exchange *x);

/* Reads the body as a JSON object whose members are all in `members` (ends with NULL); anything
 * else is refused with its name, line and column. */
QK_NODISCARD qk_code qk_exchange_body(qk_exchange *x, const char *const *members,
                                      const qk_json_value **out, qk_error *err);

/* Helpers for JSON answers. */
void qk_json_ktime(qk_json_writer *w, const char *name, qk_time t); /* null when QK_TIME_NONE */
void qk_json_kf64(qk_json_writer *w, const char *name, double v);
void qk_json_ktext(qk_json_writer *w, const char *name, const char *text); /* "" writes null */
/* Strong ETag from a number that changes whenever what is shown does. */
void qk_exchange_etag(qk_exchange *x, uint64_t version);
/* The same for a version that counts from the program's start. True when the client holds it
 * already: the answer is then 304 and the handler is done. */
bool qk_exchange_unchanged(qk_exchange *x, uint64_t version);
/* RFC 9110 13.1.2: the list of tags holds ours, weak or not, or is "*". The same content sent as
 * gzip has the tag with "-gz" inside; whoever holds either form holds what is shown. */
bool qk_etag_in(const char *list, const char *etag);
void qk_etag_gz(char out[QK_ETAG_TEXT + 4], const char *etag);
#endif
