/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_ROUTE_H
#define QK_WEB_ROUTE_H
/* The table of routes: the one place that says which requests exist, who may send them, how large
 * they may be, what their parameters are and what they answer. Matching, checks of the query,
 * rights and the OpenAPI document all read this table. Constant data; any thread. */
#include "domain/people.h"

typedef struct qk_exchange qk_exchange;
typedef qk_code qk_handler(qk_exchange *x, qk_error *err);

typedef enum qk_method { QK_GET = 1, QK_POST = 2, QK_PUT = 4, QK_DELETE = 8 } qk_method;

/* Where a handler runs: in the daemon's thread (memory only, microseconds), in a worker that has a
 * reader of its own, in the thread for changes, which may wait for the store, or in the one for
 * what is computed at length, so that nobody else waits for it. */
typedef enum qk_lane { QK_LANE_HERE, QK_LANE_READ, QK_LANE_CHANGE, QK_LANE_STUDY } qk_lane;

typedef enum qk_param_kind {
    QK_PARAM_TEXT,  /* max = bytes */
    QK_PARAM_INT,   /* min..max */
    QK_PARAM_TIME,  /* ISO 8601 */
    QK_PARAM_FLAG,  /* given when its name stands there, with nothing, 1 or true behind it */
    QK_PARAM_CHOICE /* one of `choices`, words separated by blanks */
} qk_param_kind;

typedef struct qk_param {
    const char *name;
    qk_param_kind kind;
    bool required;
    int64_t min, max;
    const char *choices;
    const char *about; /* English, for the document */
} qk_param;

typedef struct qk_route {
    qk_method method;
    const char *path; /* below /api/v1; "{name}" is one segment */
    qk_handler *handle;
    qk_lane lane;
    qk_action action;       /* what it does, for the table of rights */
    uint32_t body_max;      /* bytes; 0 = no body is taken */
    uint32_t answer_max;    /* bytes of one answer, or of one part of a streamed one */
    const char *id;         /* operationId */
    const char *about;      /* one line, English */
    const qk_param *params; /* ends with a NULL name; NULL = none */
    const char *takes;      /* schema of the body, or media types of a file; NULL = none */
    const char *gives;      /* schema of the answer, or a content type that is not JSON */
    const char *statuses;   /* those beside 400, 429 and 503, e.g. "200 404" */
} qk_route;

extern const qk_route qk_routes[]; /* ends with a NULL path */

/* Finds the route of a path below /api/v1, as received, and cuts out its arguments (views into
 * path, not decoded: an escaped '/' stays inside its segment). QK_ENOTFOUND; QK_EUNSUPPORTED when
 * only other methods are served there (*allowed has their bits). */
QK_NODISCARD qk_code qk_route_find(const qk_route **out, qk_str args[3], uint32_t *allowed,
                                   qk_method method, qk_str path);

/* Decodes %XX (and '+' as a blank when plus) into out, which holds s.len bytes. QK_EFORMAT for a
 * broken escape, a control character or text that is no UTF-8. */
QK_NODISCARD qk_code qk_url_decode(char *out, size_t *len, qk_str s, bool plus);
/* True when a decoded path has no empty, "." or ".." segment, no backslash and begins with '/'. */
bool qk_path_is_plain(qk_str path);
const char *qk_method_name(qk_method method);
/* The body is a file as it is, not JSON. */
static inline bool qk_route_takes_file(const qk_route *route)
{
    return route->takes && strchr(route->takes, '/');
}
/* True for what nobody may do who is not known: not even while an instance is being set up. */
bool qk_route_needs_key(const qk_route *route);
/* True for a change that is kept by its Idempotency-Key. */
bool qk_route_is_change(const qk_route *route);
#endif
