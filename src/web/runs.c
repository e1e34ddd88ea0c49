/* SPDX-License-Identifier: Apache-2.0 */
#include "web/runs.h"
#include "web/workers.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct run {
    qk_runs *runs;
    qk_apportion_info info; /* under the lock, but for what the thread alone reads */
    qk_apportion_record record;
    atomic_bool stop;
} run;

struct qk_runs {
    qk_node *node;
    pthread_mutex_t lock;
    qk_workers *pool;
    run *list[QK_RUNS];
    atomic_bool closing;
};

static void free_run(run *r)
{
    if (!r) return;
    qk_apportion_clear(&r->record);
    free(r);
}

static bool tell(void *user, size_t done, size_t total)
{
    run *r = user;
    pthread_mutex_lock(&r->runs->lock);
    r->info.per_mille = (int32_t)(done * 1000 / (total ? total : 1));
    pthread_mutex_unlock(&r->runs->lock);
    return !r->stop;
}

typedef struct ending {
    const qk_apportion_info *info;
    qk_str packed;
} ending;

static qk_code keep_end(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const ending *e = context;
    (void)node;
    return qk_apportion_end(db, e->info, e->packed, now, err);
}

/* A row that cannot be written stays "running" until the next start marks it as broken off. */
static void finish(run *r, qk_code code, const qk_error *why, qk_str packed)
{
    qk_runs *runs = r->runs;
    qk_apportion_info info = r->info;
    qk_error err = {0};
    info.state = code == QK_OK           ? QK_APPORTION_DONE
                 : code == QK_ECANCELLED ? QK_APPORTION_CANCELLED
                                         : QK_APPORTION_FAILED;
    qk_str_copy(info.reason, sizeof info.reason, qk_str_of(code == QK_OK ? "" : why->message));
    ending e = {&info, code == QK_OK ? packed : QK_STR("")};
    if (!runs->closing && qk_node_call(runs->node, keep_end, &e, &err) != QK_OK)
        qk_log_print(qk_node_log(runs->node), QK_LOG_WARN, "apportion",
                     "run %lld could not be kept: %s", (long long)info.id, err.message);
    pthread_mutex_lock(&runs->lock);
    for (int i = 0; i < QK_RUNS; i++)
        if (runs->list[i] == r) runs->list[i] = NULL;
    pthread_mutex_unlock(&runs->lock);
    free_run(r);
}

static qk_code make_report(run *r, qk_buf *packed, qk_error *err)
{
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, QK_APPORTION_REPORT);
    qk_json_init(&w, &out);
    qk_code code = qk_apportion_run(&w, &r->record, &r->info.options, tell, r, err);
    if (code == QK_OK && out.failed) code = qk_fail(err, out.failed, "the report is too large");
    if (code == QK_OK) code = qk_apportion_pack(packed, qk_buf_str(&out), err);
    qk_buf_clear(&out);
    return code;
}

static void work(void *job, void *tools)
{
    run *r = job;
    qk_error err = {0};
    qk_buf packed;
    (void)tools;
    pthread_mutex_lock(&r->runs->lock);
    bool stopped = r->stop;
    if (!stopped) r->info.state = QK_APPORTION_RUNNING;
    pthread_mutex_unlock(&r->runs->lock);
    qk_buf_init(&packed, QK_APPORTION_REPORT);
    qk_code code = stopped ? qk_fail(&err, QK_ECANCELLED, "stopped before it began")
                           : make_report(r, &packed, &err);
    finish(r, code, &err, qk_buf_str(&packed));
    qk_buf_clear(&packed);
}

static qk_code break_off(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)context, (void)node;
    return qk_apportion_break(db, now, err);
}

qk_code qk_runs_new(qk_runs **out, qk_node *node, qk_error *err)
{
    qk_workers_options options = {
        .name = "qk-web-run", .threads = 1, .queue = QK_RUNS, .run = work};
    qk_runs *runs = calloc(1, sizeof *runs);
    if (!runs) return qk_fail(err, QK_ENOMEM, "no memory for runs");
    runs->node = node;
    pthread_mutex_init(&runs->lock, NULL);
    qk_code code = qk_node_call(node, break_off, NULL, err);
    if (code == QK_OK) code = qk_workers_new(&runs->pool, &options, err);
    if (code != QK_OK) {
        qk_runs_free(runs);
        return code;
    }
    *out = runs;
    return QK_OK;
}

void qk_runs_free(qk_runs *runs)
{
    if (!runs) return;
    runs->closing = true;
    pthread_mutex_lock(&runs->lock);
    for (int i = 0; i < QK_RUNS; i++)
        if (runs->list[i]) runs->list[i]->stop = true;
    pthread_mutex_unlock(&runs->lock);
    qk_workers_free(runs->pool); /* each takes itself off the list */
    pthread_mutex_destroy(&runs->lock);
    free(runs);
}

static int empty_place(qk_runs *runs)
{
    int place = -1;
    pthread_mutex_lock(&runs->lock);
    for (int i = 0; i < QK_RUNS && place < 0; i++)
        if (!runs->list[i]) place = i;
    pthread_mutex_unlock(&runs->lock);
    return place;
}

static qk_code keep_begin(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    (void)node, (void)now;
    return qk_apportion_begin(db, context, err);
}

/* Once it is handed over the thread may free it at any moment. */
static qk_code put_run(int64_t *id, qk_runs *runs, run *r, qk_error *err)
{
    int place = empty_place(runs);
    if (place < 0) return qk_fail(err, QK_EFULL, "%d runs wait already", QK_RUNS);
    QK_TRY(qk_node_call(runs->node, keep_begin, &r->info, err));
    *id = r->info.id;
    pthread_mutex_lock(&runs->lock);
    runs->list[place] = r;
    qk_code code = qk_workers_submit(runs->pool, r);
    if (code != QK_OK) runs->list[place] = NULL;
    pthread_mutex_unlock(&runs->lock);
    return code == QK_OK ? QK_OK : qk_fail(err, code, "%d runs wait already", QK_RUNS);
}

qk_code qk_runs_add(int64_t *id, qk_runs *runs, qk_apportion_record *record,
                    const qk_apportion_info *info, qk_error *err)
{
    run *r = calloc(1, sizeof *r);
    if (!r) {
        qk_apportion_clear(record);
        return qk_fail(err, QK_ENOMEM, "no memory for a run");
    }
    *r = (run){.runs = runs, .info = *info, .record = *record};
    *record = (qk_apportion_record){0};
    r->info.samples = r->record.samples;
    r->info.species = r->record.species;
    r->info.state = QK_APPORTION_WAITING;
    qk_apportion_digest(r->info.input, &r->record);
    qk_code code = put_run(id, runs, r, err);
    if (code != QK_OK) free_run(r);
    return code;
}

static run *find_run(qk_runs *runs, int64_t id)
{
    for (int i = 0; i < QK_RUNS; i++)
        if (runs->list[i] && runs->list[i]->info.id == id) return runs->list[i];
    return NULL;
}

bool qk_runs_tell(qk_runs *runs, qk_apportion_info *info)
{
    pthread_mutex_lock(&runs->lock);
    const run *r = find_run(runs, info->id);
    if (r) {
        info->state = r->info.state;
        info->per_mille = r->info.per_mille;
    }
    pthread_mutex_unlock(&runs->lock);
    return r != NULL;
}

qk_code qk_runs_cancel(qk_runs *runs, int64_t id)
{
    pthread_mutex_lock(&runs->lock);
    run *r = find_run(runs, id);
    if (r) r->stop = true;
    pthread_mutex_unlock(&runs->lock);
    return r ? QK_OK : QK_ENOTFOUND;
}
