/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/outbox.h"
#include "domain/node.h"
#include "domain/outbox_send.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    JOBS_MAX = 32,
    PAYLOAD_MAX = 256 << 10,
    FIRST_WAIT_MS = 10000,
    LONGEST_WAIT_MS = 3600000,
    GIVE_UP_MS = 3 * 24 * 3600000
};

/* A delivery on its way; the slot is free when `busy` is false. */
typedef struct job {
    qk_outbox *outbox;
    bool busy;  /* lock */
    bool taken; /* by the worker; lock */
    qk_time recorded_at;
    int32_t attempts;
    qk_delivery delivery; /* texts owned */
    qk_outcome_of_send outcome;
} job;

struct qk_outbox {
    qk_node *node;
    qk_log *log;
    qk_sender *sender;
    pthread_t worker;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t bell;
    _Atomic bool stop;
    job jobs[JOBS_MAX];
    bool next_known; /* store thread */
    qk_time next;
};

/* ---- targets ---- */

static bool is_folder(qk_str address)
{
    if (address.len == 0 || address.len > 400) return false;
    for (qk_str rest = address; rest.len;)
        if (qk_str_eq(qk_str_cut(&rest, '/'), QK_STR(".."))) return false;
    return true;
}

static qk_code check_target(qk_str name, qk_str transport, qk_str address, qk_error *err)
{
    if (name.len == 0 || name.len > 60)
        return qk_fail(err, QK_EINVAL, "a target's name may have 1 to 60 bytes");
    if (qk_str_eq(transport, QK_STR("spool")))
        return is_folder(address) ? QK_OK : qk_fail(err, QK_EINVAL, "the address is no folder");
    if (!qk_str_eq(transport, QK_STR("webhook")))
        return qk_fail(err, QK_EINVAL, "the transport must be spool or webhook");
    if (address.len < 400 &&
        (qk_str_starts(address, QK_STR("http://")) || qk_str_starts(address, QK_STR("https://"))))
        return QK_OK;
    return qk_fail(err, QK_EINVAL, "the address must begin with http:// or https://");
}

qk_code qk_outbox_set_target(qk_outbox *o, qk_db *db, qk_str name, qk_str transport, qk_str address,
                             bool enabled, qk_str by, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(check_target(name, transport, address, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO outbox_target(name,transport,address,enabled,valid_from,"
                         "version,recorded_at,recorded_by) VALUES(?1,?2,?3,?4,?5,1,?5,?6)"
                         " ON CONFLICT(name) DO UPDATE SET transport=?2,address=?3,enabled=?4,"
                         "valid_from=?5,version=version+1,recorded_at=?5,recorded_by=?6",
                         err));
    qk_db_bind_str(s, 1, name);
    qk_db_bind_str(s, 2, transport);
    qk_db_bind_str(s, 3, address);
    sqlite3_bind_int(s, 4, enabled);
    sqlite3_bind_int64(s, 5, now);
    qk_db_bind_str(s, 6, by);
    if (o) o->next_known = false;
    return qk_db_run(db, s, err);
}

static qk_code check_there(qk_db *db, qk_str target, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db, "SELECT 1 FROM outbox_target WHERE name=?", err));
    qk_db_bind_str(s, 1, target);
    qk_code code = qk_db_step(db, s, err);
    sqlite3_reset(s);
    if (code != QK_ENOTFOUND) return code;
    return qk_fail(err, code, "there is no target '%.*s' for notices",
                   (int)(target.len < 60 ? target.len : 60), target.ptr ? target.ptr : "");
}

qk_code qk_outbox_put(qk_outbox *o, qk_db *db, qk_str kind, qk_str target, qk_str key,
                      qk_str payload, qk_time now, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    if (payload.len > PAYLOAD_MAX) return qk_fail(err, QK_ERANGE, "a notice may have 256 KiB");
    QK_TRY(check_there(db, target, err));
    QK_TRY(qk_db_prepare(&s, db,
                         "INSERT INTO outbox(kind,target,payload,key,next_at,recorded_at)"
                         " VALUES(?,?,?,?,?5,?5) ON CONFLICT(key) DO NOTHING",
                         err));
    qk_db_bind_str(s, 1, kind);
    qk_db_bind_str(s, 2, target);
    qk_db_bind_str(s, 3, payload.len ? payload : QK_STR(""));
    qk_db_bind_str(s, 4, key);
    sqlite3_bind_int64(s, 5, now);
    QK_TRY(qk_db_run(db, s, err));
    if (sqlite3_changes(qk_db_handle(db)) == 0)
        return qk_fail(err, QK_EEXIST, "this notice was given before");
    if (o) o->next_known = false;
    return QK_OK;
}

qk_code qk_outbox_find(qk_notice *out, qk_db *db, qk_str key, qk_error *err)
{
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT id,state,attempts,next_at,recorded_at,sent_at,receipt"
                         " FROM outbox WHERE key=?",
                         err));
    qk_db_bind_str(s, 1, key);
    QK_TRY(qk_db_step(db, s, err));
    *out = (qk_notice){.id = sqlite3_column_int64(s, 0), .attempts = sqlite3_column_int(s, 2)};
    qk_str_copy(out->state, sizeof out->state, qk_db_text(s, 1));
    out->next_at = sqlite3_column_int64(s, 3);
    out->recorded_at = sqlite3_column_int64(s, 4);
    out->sent_at = qk_db_text(s, 5).ptr ? sqlite3_column_int64(s, 5) : QK_TIME_NONE;
    qk_str_copy(out->receipt, sizeof out->receipt, qk_db_text(s, 6));
    sqlite3_reset(s);
    return QK_OK;
}

/* ---- outcomes: store thread ---- */

static void release_job(job *j)
{
    qk_outbox *o = j->outbox;
    pthread_mutex_lock(&o->lock);
    qk_delivery_clear(&j->delivery);
    j->busy = j->taken = false;
    pthread_mutex_unlock(&o->lock);
    o->next_known = false;
}

static const char *state_after(const job *j, qk_time now)
{
    if (j->outcome.result == QK_SEND_DONE) return "sent";
    if (j->outcome.result == QK_SEND_REFUSED) return "refused";
    return now - j->recorded_at > GIVE_UP_MS ? "failed" : "waiting";
}

static qk_time wait_after(int32_t attempts)
{
    qk_time wait = FIRST_WAIT_MS;
    for (int32_t i = 0; i < attempts && wait < LONGEST_WAIT_MS; i++) wait *= 2;
    return wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS;
}

static qk_code tell_failure(qk_node *node, const job *j, qk_time now)
{
    char key[48], params[600];
    snprintf(key, sizeof key, "outbox:%lld", (long long)j->delivery.id);
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, sizeof params);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    qk_json_kcstr(&w, "target", j->delivery.target);
    qk_json_kcstr(&w, "reason", j->outcome.receipt);
    qk_json_ki64(&w, "notice", j->delivery.id);
    qk_json_end(&w);
    qk_event e = {.at = now,
                  .recorded_at = now,
                  .kind = "notice_failed",
                  .severity = QK_SEVERITY_WARNING,
                  .journal_pos = UINT64_MAX,
                  .key = key,
                  .params = text.failed ? NULL : text.ptr};
    qk_code code = qk_events_raise(qk_node_events(node), &e);
    qk_buf_clear(&text);
    return code;
}

static qk_code write_outcome(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    job *j = context;
    sqlite3_stmt *s = NULL;
    const char *state = state_after(j, now);
    QK_TRY(
        qk_db_prepare(&s, db,
                      "UPDATE outbox SET state=?,attempts=attempts+1,next_at=?,receipt=?,sent_at=?"
                      " WHERE id=?",
                      err));
    qk_db_bind_str(s, 1, qk_str_of(state));
    sqlite3_bind_int64(s, 2, now + wait_after(j->attempts));
    qk_db_bind_str(s, 3, qk_str_of(j->outcome.receipt));
    if (j->outcome.result == QK_SEND_DONE) sqlite3_bind_int64(s, 4, now);
    sqlite3_bind_int64(s, 5, j->delivery.id);
    QK_TRY(qk_db_run(db, s, err));
    bool over = strcmp(state, "refused") == 0 || strcmp(state, "failed") == 0;
    return over ? tell_failure(node, j, now) : QK_OK;
}

/* Written or not: an outcome that could not be written is found again by trying again. */
static void outcome_written(void *context, qk_code code, const qk_error *err)
{
    job *j = context;
    if (code)
        qk_log_limited(j->outbox->log, QK_LOG_WARN, "outbox", 1,
                       "the outcome of a notice could not be written: %s", err->message);
    release_job(j);
}

/* ---- the worker ---- */

static job *next_job(qk_outbox *o)
{
    pthread_mutex_lock(&o->lock);
    for (;;) {
        if (atomic_load(&o->stop)) break;
        for (int i = 0; i < JOBS_MAX; i++) {
            job *j = &o->jobs[i];
            if (!j->busy || j->taken) continue;
            j->taken = true;
            pthread_mutex_unlock(&o->lock);
            return j;
        }
        pthread_cond_wait(&o->bell, &o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

static void report(qk_outbox *o, job *j)
{
    qk_error err;
    while (!atomic_load(&o->stop) &&
           qk_node_post(o->node, write_outcome, j, outcome_written, &err) == QK_EFULL)
        qk_sender_pause(o->sender);
}

static void *run_worker(void *context)
{
    qk_outbox *o = context;
    job *j;
    while ((j = next_job(o)) != NULL) {
        qk_send(o->sender, &j->delivery, &j->outcome);
        report(o, j);
    }
    return NULL;
}

qk_code qk_outbox_new(qk_outbox **out, qk_node *node, const char *data_dir, qk_log *log,
                      qk_error *err)
{
    qk_outbox *o = calloc(1, sizeof *o);
    if (!o) return qk_fail(err, QK_ENOMEM, "no memory for the outbox");
    o->node = node;
    o->log = log;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->bell, NULL);
    for (int i = 0; i < JOBS_MAX; i++) o->jobs[i].outbox = o;
    qk_code code = qk_sender_new(&o->sender, data_dir, &o->stop, err);
    if (!code) {
        int failed = pthread_create(&o->worker, NULL, run_worker, o);
        if (failed) code = qk_fail_errno(err, failed, "the outbox cannot start its thread");
        o->runs = !failed;
    }
    if (code) {
        qk_outbox_free(o);
        return code;
    }
    *out = o;
    return QK_OK;
}

void qk_outbox_stop(qk_outbox *o)
{
    if (!o || !o->runs) return;
    pthread_mutex_lock(&o->lock);
    atomic_store(&o->stop, true);
    pthread_cond_broadcast(&o->bell);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->worker, NULL);
    o->runs = false;
}

void qk_outbox_free(qk_outbox *o)
{
    if (!o) return;
    qk_outbox_stop(o);
    for (int i = 0; i < JOBS_MAX; i++) qk_delivery_clear(&o->jobs[i].delivery);
    qk_sender_free(o->sender);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->bell);
    free(o);
}

/* ---- handing out: store thread ---- */

bool qk_outbox_due(const qk_outbox *o, qk_time now)
{
    return !o->next_known || o->next <= now;
}

static bool on_its_way(qk_outbox *o, int64_t id)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (o->jobs[i].busy && o->jobs[i].delivery.id == id) return true;
    return false;
}

static job *free_job(qk_outbox *o)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (!o->jobs[i].busy) return &o->jobs[i];
    return NULL;
}

static void fill_job(job *j, sqlite3_stmt *q)
{
    j->delivery = (qk_delivery){.id = sqlite3_column_int64(q, 0)};
    qk_delivery_set(&j->delivery, qk_db_text(q, 1), qk_db_text(q, 2), qk_db_text(q, 3),
                    qk_db_text(q, 4), qk_db_text(q, 5), qk_db_text(q, 6));
    j->attempts = sqlite3_column_int(q, 7);
    j->recorded_at = sqlite3_column_int64(q, 8);
}

/* One row: handed to the worker, already there, or left for later. False when no job is free. */
static bool take_row(qk_outbox *o, sqlite3_stmt *q)
{
    bool handed = true;
    pthread_mutex_lock(&o->lock);
    if (!on_its_way(o, sqlite3_column_int64(q, 0))) {
        job *j = free_job(o);
        handed = j != NULL;
        if (j) {
            fill_job(j, q);
            j->busy = qk_delivery_whole(&j->delivery);
            if (!j->busy) { /* no memory for it now */
                qk_delivery_clear(&j->delivery);
                o->next_known = false;
            }
            pthread_cond_signal(&o->bell);
        }
    }
    pthread_mutex_unlock(&o->lock);
    return handed;
}

qk_code qk_outbox_hand_out(qk_outbox *o, qk_db *db, qk_time now, qk_error *err)
{
    sqlite3_stmt *q = NULL;
    QK_TRY(qk_db_prepare(&q, db,
                         "SELECT o.id,o.kind,o.target,o.key,o.payload,t.transport,t.address,"
                         "o.attempts,o.recorded_at,o.next_at FROM outbox o JOIN outbox_target t"
                         " ON t.name=o.target AND t.enabled=1 WHERE o.state='waiting'"
                         " ORDER BY o.next_at,o.id LIMIT 64",
                         err));
    qk_code code;
    o->next = INT64_MAX;
    o->next_known = true;
    while ((code = qk_db_step(db, q, err)) == QK_OK) {
        if (sqlite3_column_int64(q, 9) > now) {
            o->next = sqlite3_column_int64(q, 9);
            break;
        }
        /* All at work: the next finished one asks again. */
        if (!take_row(o, q)) break;
    }
    sqlite3_reset(q);
    if (code == QK_OK || code == QK_ENOTFOUND) return QK_OK;
    o->next_known = false; /* what could not be read is asked for again */
    return code;
}
