/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_NODE_PRIVATE_H
#define QK_DOMAIN_NODE_PRIVATE_H
/* Shared by node.c (parts, opening, closing), node_queue.c (commands) and node_store.c (the store
 * thread). */
#include "base/file.h"
#include "domain/forecast_night.h"
#include "domain/care.h"
#include "domain/ingest.h"
#include "domain/node.h"
#include "domain/outbox.h"
#include "domain/scheduler.h"
#include "domain/transmission.h"
#include "domain/watch.h"
#include "store/lock.h"
#include <pthread.h>
#include <stdatomic.h>

enum { QK_NODE_QUEUE = 1024, QK_NODE_CALL_MS = 10000 };

/* A posted call. `waiter` stands on the stack of a qk_node_call. */
typedef struct qk_waiter {
    bool running, done;
    qk_code code;
    qk_error err;
} qk_waiter;
typedef struct qk_command {
    qk_node_fn *fn; /* NULL = given up by its waiter */
    void *context;
    qk_node_done *done;
    qk_waiter *waiter;
    qk_code code;
    qk_error err;
} qk_command;

struct qk_node {
    char dir[QK_PATH_MAX], db_path[QK_PATH_MAX], journal_dir[QK_PATH_MAX];
    char id[48];
    int lock_fd; /* of the folder; -1 = not held */
    bool demo, demo_folder, accept_any;
    qk_node_options options;
    qk_log *log;
    qk_clock *clock;
    qk_db *db;
    qk_files *files;
    qk_journal *journal;
    qk_telemetry *telemetry;
    qk_registry *registry;
    qk_live *live;
    qk_events *events;
    qk_derive *derive;
    qk_ingest *ingest;
    qk_watch *watch;
    qk_transmission *transmission;
    qk_airgrade *airgrade;
    qk_outbox *outbox;
    qk_scheduler *scheduler;
    qk_care *care;
    qk_forecast_night *forecast;
    pthread_mutex_t append_lock;

    /* the store thread's bell and its commands */
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t lock;
    pthread_cond_t bell, answered;
    bool rung, stop, ended;
    uint64_t calm;     /* turns after which nothing was left to do */
    uint32_t settlers; /* callers of qk_node_settle: commit as soon as possible */
    qk_command queue[QK_NODE_QUEUE];
    size_t queue_first, queue_n;
    bool clock_asked, clock_done; /* one setter of the clock at a time */
    qk_time clock_to;
    double clock_speed;
    qk_code clock_code;
    qk_error clock_err;

    pthread_mutex_t listener_lock;
    void (*listener)(void *context);
    void *listener_context;

    /* store thread only */
    qk_journal_reader *reader;
    qk_journal_record record; /* read but not yet taken, when record_due */
    bool record_due;
    qk_journal_reader *ahead; /* while the store is behind: what is shown before its turn */
    bool dirty;               /* memory holds what no transaction has written */
    bool pack;                /* the next transaction flushes all telemetry */
    bool unparking, hurry, was_full, more_days, more_air;
    bool hours_came; /* since hot spots were last looked for */
    bool expire;     /* the nightly timer fired in the transaction under way */
    bool jumping;    /* the clock is being set forward: timers fire up to jump_to */
    qk_time jump_to;
    qk_command *batch;
    int64_t anchored; /* line of the audit log whose hash the journal holds */
    int64_t last_commit_ms, retry_ms, last_burst_ms, last_tick_ms, last_checkpoint_ms;
    uint64_t commits_at_checkpoint;

    /* read by others */
    _Atomic qk_time taken_at;  /* when the record taken in last was received */
    _Atomic qk_jpos processed; /* records before are in memory or on the disk */
    _Atomic qk_jpos committed; /* what the last transaction covered */
    pthread_mutex_t health_lock;
    qk_code store_state;
    char store_reason[256];
    uint64_t commits, damaged;
    double commit_ms_mean;
};

/* node_queue.c; store thread */
size_t qk_node_take_commands(qk_node *node, qk_command *out);
void qk_node_finish_command(qk_node *node, qk_command *command);
bool qk_node_has_commands(qk_node *node);
void qk_node_fail_commands(qk_node *node, qk_code code, const qk_error *err);

/* anchor.c; store thread, outside a transaction. Writes the head of the audit chain into the
 * journal when it has moved since, or, daily, in any case: who cuts the chain's end cannot cut it
 * there. */
void qk_node_anchor_audit(qk_node *node, bool daily);

/* node_store.c */
void *qk_node_run_store(void *node);
#endif
