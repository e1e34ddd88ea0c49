/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_GATEWAY_PRIVATE_H
#define QK_GATEWAY_PRIVATE_H
/* What the files of the gateway that touch libuv share: the loop's state, a connection, messages of
 * other threads. Everything here belongs to the loop's thread unless it says otherwise. */
#include "gateway/session.h"
#include <pthread.h>
#include <uv.h>

enum {
    QK_GATE_READ = 65536, /* bytes of one read, what was begun included */
    QK_GATE_TICK_MS = 100,
    QK_GATE_SEND_BUFFER = 32768, /* bytes the kernel keeps of answers on their way */
    QK_GATE_RECEIVE_BUFFER = 65536,
    QK_GATE_LINGER_MS = 10000,   /* time for the last answers after the client's end */
    QK_GATE_DEVICES = 65536,     /* devices remembered */
    QK_GATE_POOL = 128 << 20,    /* memory of all begun frames and waiting answers */
    QK_GATE_POOL_KEPT = 8 << 20, /* of it kept for use again */
    QK_GATE_TAIL = 32 << 20      /* bytes of the journal read for the repeat windows at start */
};

typedef struct qk_conn {
    uv_tcp_t tcp;
    uv_write_t write;
    qk_gateway *gateway;
    qk_session session;
    struct qk_conn *prev, *next;  /* all */
    struct qk_conn *next_pending; /* answers wait for the journal */
    struct qk_conn *next_quiet;   /* a frame is whole but for its line end */
    struct qk_conn *next_held;    /* not read until the journal takes again */
    char *begun;                  /* pool block: bytes not yet taken; NULL = none */
    uint32_t begun_len, begun_cap;
    char *writing; /* pool block under uv_write; NULL = none */
    uint32_t writing_cap, writing_len;
    int64_t last_ms;    /* bytes came */
    int64_t stalled_ms; /* since when output does not leave; 0 = it does */
    bool reading, pending, quiet, held, full, ended, closing;
} qk_conn;

/* Work that another thread, or a callback of the store thread, hands to the loop. */
typedef struct qk_gate_message {
    struct qk_gate_message *next;
    /* Frees the message; gateway is NULL when the loop ended before. */
    void (*run)(qk_gateway *gateway, struct qk_gate_message *message);
} qk_gate_message;

/* The loop's letter box. Callbacks of the store thread may come when the gateway is gone, so they
 * hold the box, not the gateway. */
typedef struct qk_gate_mail {
    pthread_mutex_t lock;
    qk_gate_message *first, *last;
    uv_async_t *wake; /* NULL: the loop takes no more */
    uint32_t holders;
} qk_gate_mail;

typedef struct qk_tasks_all qk_tasks_all; /* gateway/tasks.h */
typedef struct qk_forward qk_forward;     /* gateway/forward.h */
typedef struct qk_backfill qk_backfill;   /* gateway/backfill.h */

struct qk_gateway {
    qk_node *node;
    qk_log *log;
    qk_live *live;
    qk_journal *journal;
    qk_registry *registry;
    qk_gateway_options options;
    qk_gate gate;
    qk_tasks_all *tasks;
    qk_forward *forward;
    qk_backfill *backfill;

    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t wake;
    uv_timer_t tick;
    uv_thread_t thread;
    uint16_t port;
    uint64_t ticks;
    uint32_t next_id;
    qk_map *addresses; /* connections of each address */
    qk_conn *conns, *quiet, *held_conns;
    qk_conn *pending, **pending_end; /* in the order in which their answers get ripe */
    qk_jpos durable;                 /* as last seen by the loop */
    bool held;                       /* the journal took nothing at the last try */
    bool stopping;
    char *buffer; /* one read: what was begun, then new bytes */

    qk_gate_mail *mail;
    pthread_mutex_t lock;       /* guards `published` */
    qk_gateway_stats published; /* any thread */
};

/* ---- conn.c ---- */
QK_NODISCARD qk_code qk_conns_listen(qk_gateway *g, qk_error *err);
/* The journal became durable further, or takes records again. */
void qk_conns_wake(qk_gateway *g);
/* Every tick: frames without line end, and each second the limits of time. */
void qk_conns_tick(qk_gateway *g);
void qk_conns_stop_reading(qk_gateway *g);
void qk_conns_close_all(qk_gateway *g, qk_cut reason);
/* The connection of a session; the session is embedded in it. */
qk_conn *qk_conn_of(const qk_session *session);
/* Sends what is ripe; called after a session queued something of its own accord. */
void qk_conn_queue(qk_conn *conn);

/* ---- mail.c: any thread ---- */
qk_gate_mail *qk_gate_mail_new(void); /* with one holder; NULL without memory */
qk_gate_mail *qk_gate_mail_hold(qk_gate_mail *mail);
void qk_gate_mail_release(qk_gate_mail *mail);
/* The loop begins to take messages / takes no more (NULL). */
void qk_gate_mail_open(qk_gate_mail *mail, uv_async_t *wake);
/* Runs the message in the loop. False (and the message is the caller's) when it takes no more. */
bool qk_gate_mail_post(qk_gate_mail *mail, qk_gate_message *message);
/* Loop: runs all that wait; gateway NULL only lets them free themselves. */
void qk_gate_mail_run(qk_gate_mail *mail, qk_gateway *gateway);
#endif
