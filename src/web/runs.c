/* SPDX-License-Identifier: Apache-2.0 */
#include "web/runs.h"
#include "web/workers.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct run {
    qk_runs *runs;
    qk_run_info info; /* under the lock, but for what the thread alone reads */
    qk_apportion_record record;
    atomic_bool stop;
    char *result;
    size_t len;
} run;

struct qk_runs {
    pthread_mutex_t lock;
    qk_workers *pool;
    run *list[QK_RUNS];
    int64_t last;
};

const char *qk_run_state_name(qk_run_state state)
{
    static const char *const names[] = {"waiting", "running", "done", "failed", "cancelled"};
    return names[state];
}

static bool is_over(const run *r)
{
    return r->info.state >= QK_RUN_DONE;
}

static void free_run(run *r)
{
    if (!r) return;
    qk_apportion_clear(&r->record);
    free(r->result);
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

static void finish(run *r, qk_code code, const qk_error *err, qk_buf *out)
{
    pthread_mutex_lock(&r->runs->lock);
    if (code == QK_OK) r->result = qk_buf_take(out, &r->len);
    if (code == QK_OK && !r->result) code = QK_ENOMEM;
    r->info.state = code == QK_OK           ? QK_RUN_DONE
                    : code == QK_ECANCELLED ? QK_RUN_CANCELLED
                                            : QK_RUN_FAILED;
    if (code == QK_OK) r->info.per_mille = 1000;
    qk_str_copy(r->info.reason, sizeof r->info.reason,
                qk_str_of(code == QK_OK ? "" : err->message));
    qk_apportion_clear(&r->record);
    pthread_mutex_unlock(&r->runs->lock);
}

static void work(void *job, void *tools)
{
    run *r = job;
    qk_error err = {0};
    qk_buf out;
    qk_json_writer w;
    (void)tools;
    pthread_mutex_lock(&r->runs->lock);
    bool stopped = r->stop;
    if (!stopped) r->info.state = QK_RUN_RUNNING;
    pthread_mutex_unlock(&r->runs->lock);
    qk_buf_init(&out, QK_RUN_RESULT);
    qk_json_init(&w, &out);
    qk_code code =
        stopped ? QK_ECANCELLED : qk_apportion_run(&w, &r->record, &r->info.options, tell, r, &err);
    if (code == QK_OK && out.failed) code = qk_fail(&err, out.failed, "the report is too large");
    finish(r, code, &err, &out);
    qk_buf_clear(&out);
}

qk_code qk_runs_new(qk_runs **out, qk_error *err)
{
    qk_workers_options options = {
        .name = "qk-web-run", .threads = 1, .queue = QK_RUNS, .run = work};
    qk_runs *runs = calloc(1, sizeof *runs);
    if (!runs) return qk_fail(err, QK_ENOMEM, "no memory for runs");
    pthread_mutex_init(&runs->lock, NULL);
    qk_code code = qk_workers_new(&runs->pool, &options, err);
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
    for (int i = 0; i < QK_RUNS; i++)
        if (runs->list[i]) runs->list[i]->stop = true;
    qk_workers_free(runs->pool);
    for (int i = 0; i < QK_RUNS; i++) free_run(runs->list[i]);
    pthread_mutex_destroy(&runs->lock);
    free(runs);
}

/* An empty place, else that of the oldest run that is over. */
static int place_for(const qk_runs *runs)
{
    int place = -1;
    for (int i = 0; i < QK_RUNS; i++) {
        if (!runs->list[i]) return i;
        if (is_over(runs->list[i]) &&
            (place < 0 || runs->list[i]->info.id < runs->list[place]->info.id))
            place = i;
    }
    return place;
}

static qk_code put_run(qk_runs *runs, run *r, int64_t *id, qk_error *err)
{
    pthread_mutex_lock(&runs->lock);
    int place = place_for(runs);
    if (place >= 0 && qk_workers_submit(runs->pool, r) == QK_OK) {
        *id = r->info.id = ++runs->last;
        free_run(runs->list[place]);
        runs->list[place] = r;
    } else {
        place = -1;
    }
    pthread_mutex_unlock(&runs->lock);
    if (place >= 0) return QK_OK;
    return qk_fail(err, QK_EFULL, "%d runs wait already", QK_RUNS);
}

qk_code qk_runs_add(int64_t *id, qk_runs *runs, qk_apportion_record *record,
                    const qk_run_info *info, qk_error *err)
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
    r->info.state = QK_RUN_WAITING;
    qk_code code = put_run(runs, r, id, err);
    if (code != QK_OK) free_run(r);
    return code;
}

static int newest_first(const void *a, const void *b)
{
    const qk_run_info *x = a, *y = b;
    return (y->id > x->id) - (y->id < x->id);
}

size_t qk_runs_list(qk_runs *runs, qk_run_info *out)
{
    size_t n = 0;
    pthread_mutex_lock(&runs->lock);
    for (int i = 0; i < QK_RUNS; i++)
        if (runs->list[i]) out[n++] = runs->list[i]->info;
    pthread_mutex_unlock(&runs->lock);
    qsort(out, n, sizeof *out, newest_first);
    return n;
}

static run *find_run(qk_runs *runs, int64_t id)
{
    for (int i = 0; i < QK_RUNS; i++)
        if (runs->list[i] && runs->list[i]->info.id == id) return runs->list[i];
    return NULL;
}

qk_code qk_runs_get(qk_runs *runs, int64_t id, qk_run_info *out, qk_buf *result)
{
    pthread_mutex_lock(&runs->lock);
    const run *r = find_run(runs, id);
    if (r) *out = r->info;
    if (r && result && r->result) qk_buf_append(result, r->result, r->len);
    pthread_mutex_unlock(&runs->lock);
    return r ? QK_OK : QK_ENOTFOUND;
}

qk_code qk_runs_cancel(qk_runs *runs, int64_t id)
{
    pthread_mutex_lock(&runs->lock);
    run *r = find_run(runs, id);
    if (r) r->stop = true;
    if (r && r->info.state == QK_RUN_WAITING) r->info.state = QK_RUN_CANCELLED;
    pthread_mutex_unlock(&runs->lock);
    return r ? QK_OK : QK_ENOTFOUND;
}
