/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_CONTEXT_H
#define QK_WEB_CONTEXT_H
/* What handlers share, and what each worker thread has of its own. */
#include "domain/airshed.h"
#include "domain/live.h"
#include "base/map.h"
#include "gateway/gateway.h"
#include "web/auth.h"
#include "web/follow.h"
#include "web/frames.h"
#include "web/kept.h"
#include "web/runs.h"
#include "web/sessions.h"
#include "domain/login.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct qk_context qk_context;
typedef struct qk_tools qk_tools;

typedef struct qk_web_counts { /* for /metrics; monotonic */
    atomic_uint_fast64_t requests, refused, answers_2xx, answers_3xx, answers_4xx, answers_5xx;
    atomic_uint_fast64_t guard, cut, bytes;
    atomic_uint_fast64_t run_us; /* time spent in handlers */
} qk_web_counts;

enum { QK_UNKNOWN_NAMES = 4096 }; /* remembered at a time */
struct qk_context {
    qk_node *node;
    qk_gateway *gateway; /* NULL = none */
    qk_log *log;
    qk_auth *auth;
    qk_sessions *sessions;
    qk_clock *wall;     /* real time, whatever the county's clock says: sessions, locks */
    bool wall_borrowed; /* a test's */
    qk_password_cost cost;
    qk_map *unknown; /* names that no account has: wrong tries; change worker only */
    char setup[24];  /* the one-time code; empty = none is good. Change worker and start only */
    qk_followers *followers;
    qk_frame_index *frames;
    qk_airshed *airshed;
    qk_answer_cache latest, studies;
    qk_runs *runs; /* of source apportionment */
    qk_web_counts counts;
    atomic_size_t approved, online; /* devices, counted every few seconds */
    atomic_uint_fast64_t changes;   /* made by people since the start */
    atomic_uint packing;            /* answers in parts that are being compressed */
    uint32_t start;                 /* random name of this life of the program */
    char db_path[1024];
    char journal_dir[1024];
    char *openapi, *openapi_gz; /* the document, made at start; gz may be NULL */
    size_t openapi_len, openapi_gz_len;
};

struct qk_tools {
    qk_context *context;
    qk_telemetry_reader *reader;
    qk_db *db; /* read-only */
};

qk_time qk_context_wall(const qk_context *context);
/* Counts the devices; a register that does not fit into memory leaves the counts as they were. */
void qk_context_count(qk_context *context);

QK_NODISCARD qk_code qk_tools_new(void **tools, void *context, qk_error *err);
void qk_tools_free(void *tools);
#endif
