/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/finding.h"
#include "domain/node_private.h"
#include <sys/resource.h>
#include <unistd.h>
#include "base/json.h"
#include "domain/retention.h"
#include <time.h>

/* The store thread. A turn takes in what the journal has (memory only), then, when a second has
 * passed or somebody waits, writes everything in one transaction:
 *
 *   take in → [begin → timers → commands → tables → events → telemetry → positions → commit]
 *
 * Everything in memory survives a lost transaction and goes with the next one, so a full disk costs
 * nothing but time. */

enum {
    SLICE_MS = 50, /* of taking in, before others get their turn */
    COMMIT_MS = 1000,
    RETRY_MS = 1000,
    BURST_MS = 250,
    TICK_MS = 1000,
    CHECKPOINT_MS = 15000,
    DRAIN_MS = 3000,          /* before the clock is set */
    CLOSE_MS = 600,           /* before the end; what is left is read again at the next start */
    BEHIND_BYTES = 512 << 10, /* more than a turn's worth */
    PACK_AT_END = 16 << 20,
    PACK_LAG = 256 << 20 /* bytes of journal that a restart would read again at most, about */
};

/* ---- health ---- */

static void publish_health(qk_node *node)
{
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, 4096);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    pthread_mutex_lock(&node->health_lock);
    qk_json_kcstr(&w, "store", node->store_state ? qk_code_name(node->store_state) : "ok");
    qk_json_kcstr(&w, "reason", node->store_reason);
    pthread_mutex_unlock(&node->health_lock);
    bool running = qk_journal_status(node->journal, NULL) == QK_JOURNAL_RUNNING;
    qk_json_kcstr(&w, "journal", running ? "running" : "stopped");
    qk_json_end(&w);
    if (!text.failed) qk_live_publish(node->live, "health", qk_buf_str(&text));
    qk_buf_clear(&text);
}

static void set_state(qk_node *node, qk_code state, const char *reason)
{
    pthread_mutex_lock(&node->health_lock);
    bool turned = node->store_state != state;
    node->store_state = state;
    qk_str_copy(node->store_reason, sizeof node->store_reason, qk_str_of(reason));
    pthread_mutex_unlock(&node->health_lock);
    if (!turned) return;
    if (state)
        qk_log_print(node->log, QK_LOG_ERROR, "store", "writing stopped: %s", reason);
    else
        qk_log_print(node->log, QK_LOG_INFO, "store", "writing goes on");
    publish_health(node);
}

static void fall_ill(qk_node *node, qk_code code, const qk_error *err)
{
    node->retry_ms = qk_monotonic_ms() + RETRY_MS;
    set_state(node, code, err->message);
}

static bool ill(const qk_node *node)
{
    return node->store_state != QK_OK;
}

/* ---- taking in ---- */

static void tell_damage(qk_node *node, qk_jpos from, const qk_error *found)
{
    char key[48], params[200];
    qk_jpos to = qk_journal_reader_pos(node->reader);
    snprintf(key, sizeof key, "journal_damaged:%llu", (unsigned long long)from);
    snprintf(params, sizeof params, "{\"from\":%llu,\"to\":%llu}", (unsigned long long)from,
             (unsigned long long)to);
    qk_time now = qk_clock_now(node->clock);
    qk_event e = {.at = now,
                  .recorded_at = now,
                  .kind = "journal_damaged",
                  .severity = QK_SEVERITY_ALARM,
                  .journal_pos = from,
                  .key = key,
                  .params = params};
    if (qk_events_raise(node->events, &e))
        qk_log_print(node->log, QK_LOG_WARN, "store", "no room to tell of damage");
    qk_log_print(node->log, QK_LOG_ERROR, "store", "%s", found->message);
    node->dirty = true;
}

/* QK_OK with a record in node->record; QK_ENOTFOUND when there is none. */
static qk_code next_record(qk_node *node, qk_error *err)
{
    while (!node->record_due) {
        qk_jpos from = qk_journal_reader_pos(node->reader);
        qk_code code =
            qk_journal_next(node->reader, &node->record, qk_journal_durable(node->journal), err);
        if (code == QK_EDAMAGED)
            tell_damage(node, from, err);
        else if (code)
            return code;
        else
            node->record_due = true;
    }
    return QK_OK;
}

static qk_code take_one(qk_node *node, qk_error *err)
{
    QK_TRY(next_record(node, err));
    QK_TRY(qk_ingest_record(node->ingest, &node->record, err));
    node->record_due = false;
    node->dirty = true;
    atomic_store_explicit(&node->taken_at, node->record.at, memory_order_relaxed);
    atomic_store_explicit(&node->processed, node->record.next, memory_order_release);
    return QK_OK;
}

/* QK_OK: there is more. QK_ENOTFOUND: none left. QK_EFULL: a commit must make room first. */
static qk_code take_some(qk_node *node, uint32_t budget_ms, qk_error *err)
{
    enum { BETWEEN_LOOKS = 64 };
    int64_t until = qk_monotonic_ms() + budget_ms;
    do {
        for (int i = 0; i < BETWEEN_LOOKS; i++) QK_TRY(take_one(node, err));
    } while (qk_monotonic_ms() < until);
    return QK_OK;
}

/* Bytes of the journal that wait to be taken in. */
static qk_jpos behind(const qk_node *node)
{
    qk_jpos durable = qk_journal_durable(node->journal), processed = atomic_load(&node->processed);
    return durable > processed ? durable - processed : 0;
}

/* Far behind, the newest values are shown before the rows in front of them are stored: a person
 * sees the present, and history is filled in below it. */
static void look_ahead(qk_node *node)
{
    enum { LOOK_MS = 25, BETWEEN_LOOKS = 64 };
    qk_journal_record record;
    int64_t until = qk_monotonic_ms() + LOOK_MS;
    if (behind(node) <= BEHIND_BYTES) {
        qk_journal_reader_close(node->ahead);
        node->ahead = NULL;
        return;
    }
    qk_jpos from = atomic_load(&node->processed), end = qk_journal_durable(node->journal);
    if (!node->ahead && qk_journal_reader_open(&node->ahead, node->journal_dir, from, NULL)) return;
    do {
        for (int i = 0; i < BETWEEN_LOOKS; i++) {
            qk_code code = qk_journal_next(node->ahead, &record, end, NULL);
            if (code == QK_OK) qk_ingest_preview(node->ingest, &record);
            /* Damage is told in its turn. */
            if (code && code != QK_EDAMAGED) return;
        }
    } while (qk_monotonic_ms() < until);
}

/* ---- one transaction ---- */

static void run_command(qk_node *node, qk_command *c)
{
    uint64_t version = qk_registry_version(node->registry);
    size_t mark = qk_events_mark(node->events);
    c->err = (qk_error){0};
    c->code = qk_db_begin(node->db, &c->err);
    if (c->code) return;
    c->code = c->fn(c->context, node, node->db, qk_clock_now(node->clock), &c->err);
    if (!c->code) c->code = qk_db_commit(node->db, &c->err);
    if (!c->code) return;
    qk_db_rollback(node->db);
    qk_events_rewind(node->events, mark);
    if (qk_registry_version(node->registry) == version) return;
    qk_error err = {0};
    if (qk_registry_reload(node->registry, &err))
        qk_log_print(node->log, QK_LOG_ERROR, "store", "the register cannot be read again: %s",
                     err.message);
}

static qk_code save_positions(qk_node *node, qk_error *err)
{
    qk_jpos processed = atomic_load(&node->processed);
    qk_telemetry_at(node->telemetry, processed);
    qk_jpos needed = qk_telemetry_needed_from(node->telemetry);
    if (needed > processed) needed = processed;
    QK_TRY(qk_derive_prune(node->derive, node->db, needed, err));
    QK_TRY(qk_db_meta_set(node->db, "journal_pos", (int64_t)needed, err));
    QK_TRY(qk_db_meta_set(node->db, "processed_pos", (int64_t)processed, err));
    if (!qk_clock_simulated(node->clock)) return QK_OK;
    QK_TRY(qk_db_meta_set(node->db, "clock_now", qk_clock_now(node->clock), err));
    return qk_db_meta_set(node->db, "clock_speed_thousandths",
                          (int64_t)(qk_clock_speed(node->clock) * 1000), err);
}

static bool must_pack(const qk_node *node)
{
    qk_jpos processed = atomic_load(&node->processed);
    qk_jpos needed = qk_telemetry_needed_from(node->telemetry);
    return node->pack || (needed < processed && processed - needed > PACK_LAG);
}

/* Fires what is due up to `until`, each timer with the clock at its own time when it jumps there.
 */
static qk_code fire_timers(qk_node *node, qk_error *err)
{
    enum { MOST = 512 };
    bool fired = true;
    for (int i = 0; fired && i < MOST; i++) {
        qk_time next = qk_scheduler_next(node->scheduler), now = qk_clock_now(node->clock);
        if (node->jumping && next > now && next <= node->jump_to) {
            QK_TRY(qk_clock_set(node->clock, next, 0));
            now = next;
        }
        if (next <= now && qk_derive_due(node->derive, next)) {
            bool more = false;
            qk_code code = qk_derive_advance(node->derive, next, SLICE_MS, &more, err);
            if (code == QK_EFULL)
                node->pack = true;
            else if (code)
                return code;
            if (code || more) return QK_OK; /* the next transaction goes on here */
        }
        QK_TRY(qk_scheduler_fire_one(node->scheduler, now, &fired, err));
    }
    return QK_OK;
}

/* Days that are still being filled up would be counted again and again: while records wait they get
 * little time, and no transaction of their own. */
static qk_code save_figures(qk_node *node, qk_error *err)
{
    bool more = false;
    bool waits = behind(node) > BEHIND_BYTES;
    QK_TRY(qk_transmission_save(node->transmission, node->db, qk_clock_now(node->clock),
                                waits ? SLICE_MS / 10 : SLICE_MS, &more, err));
    node->more_days = more && !waits;
    QK_TRY(qk_airgrade_save(node->airgrade, node->db, qk_clock_now(node->clock),
                            waits ? SLICE_MS / 10 : SLICE_MS, &more, err));
    node->more_air = more && !waits;
    return QK_OK;
}

static qk_code write_all(qk_node *node, size_t commands, qk_error *err)
{
    QK_TRY(qk_db_begin(node->db, err));
    QK_TRY(fire_timers(node, err));
    for (size_t i = 0; i < commands; i++) run_command(node, &node->batch[i]);
    QK_TRY(qk_ingest_save(node->ingest, node->db, err));
    QK_TRY(qk_derive_save(node->derive, node->db, err));
    QK_TRY(save_figures(node, err));
    QK_TRY(qk_events_write(node->events, node->db, err));
    QK_TRY(qk_findings_take(node->events, node->db, node->scheduler, node->registry,
                            qk_clock_now(node->clock), err));
    if (node->expire)
        QK_TRY(qk_retention_run(node->db, node->telemetry, qk_clock_now(node->clock), err));
    QK_TRY(qk_telemetry_flush(node->telemetry, must_pack(node), err));
    QK_TRY(save_positions(node, err));
    return qk_db_commit(node->db, err);
}

static void settle_all(qk_node *node, bool committed)
{
    qk_telemetry_settle(node->telemetry, committed);
    qk_ingest_settle(node->ingest, committed);
    qk_derive_settle(node->derive, committed);
    qk_transmission_settle(node->transmission, committed);
    qk_airgrade_settle(node->airgrade, committed);
    if (committed && node->expire) qk_care_begin(node->care);
    node->expire = false;
    qk_events_settle(node->events, committed);
}

static void undo_all(qk_node *node, size_t events_before)
{
    qk_error err = {0};
    qk_db_rollback(node->db);
    qk_events_rewind(node->events, events_before);
    settle_all(node, false);
    qk_scheduler_undone(node->scheduler);
    if (qk_registry_reload(node->registry, &err))
        qk_log_print(node->log, QK_LOG_ERROR, "store", "the register cannot be read again: %s",
                     err.message);
}

static void note_commit(qk_node *node, int64_t began_ns)
{
    double took_ms = (double)(qk_monotonic_ns() - began_ns) / 1e6;
    pthread_mutex_lock(&node->health_lock);
    node->commits++;
    double weight = node->commits < 64 ? 1.0 / (double)node->commits : 1.0 / 64;
    node->commit_ms_mean += (took_ms - node->commit_ms_mean) * weight;
    pthread_mutex_unlock(&node->health_lock);
    pthread_mutex_lock(&node->lock);
    atomic_store(&node->committed, atomic_load(&node->processed));
    pthread_cond_broadcast(&node->answered);
    pthread_mutex_unlock(&node->lock);
}

static qk_code commit_turn(qk_node *node)
{
    qk_error err = {0};
    int64_t began_ns = qk_monotonic_ns();
    size_t mark = qk_events_mark(node->events);
    size_t n = qk_node_take_commands(node, node->batch);
    qk_code code = write_all(node, n, &err);
    node->last_commit_ms = qk_monotonic_ms();
    if (code) {
        undo_all(node, mark);
        fall_ill(node, code, &err);
    } else {
        bool nightly = node->expire;
        node->dirty = node->pack = false;
        settle_all(node, true);
        if (n || nightly) qk_node_anchor_audit(node, nightly);
        note_commit(node, began_ns);
        set_state(node, QK_OK, "");
    }
    for (size_t i = 0; i < n; i++) {
        if (code) {
            node->batch[i].code = code;
            node->batch[i].err = err;
        }
        qk_node_finish_command(node, &node->batch[i]);
    }
    return code;
}

static void checkpoint(qk_node *node)
{
    qk_error err = {0};
    int64_t now_ms = qk_monotonic_ms();
    if (now_ms - node->last_checkpoint_ms < CHECKPOINT_MS) return;
    node->last_checkpoint_ms = now_ms;
    if (node->commits == node->commits_at_checkpoint) return;
    node->commits_at_checkpoint = node->commits;
    qk_code code = qk_db_checkpoint(node->db, &err);
    if (code && code != QK_EBUSY) {
        fall_ill(node, code, &err);
        node->dirty = true;
    }
}

/* ---- the clock ---- */

static bool stopping(qk_node *node)
{
    pthread_mutex_lock(&node->lock);
    bool stop = node->stop;
    pthread_mutex_unlock(&node->lock);
    return stop;
}

static void publish_clock(qk_node *node)
{
    char now[QK_TIME_TEXT], text[128];
    int n = snprintf(text, sizeof text, "{\"now\":\"%s\",\"speed\":%g}",
                     qk_time_iso_zone(now, qk_clock_now(node->clock)), qk_clock_speed(node->clock));
    qk_live_publish(node->live, "clock", (qk_str){text, (size_t)n});
}

/* QK_OK also when the time was over first. */
static qk_code drain(qk_node *node, uint32_t budget_ms)
{
    qk_error err = {0};
    int64_t until = qk_monotonic_ms() + budget_ms;
    qk_code code = QK_OK;
    while (code == QK_OK && qk_monotonic_ms() < until && !stopping(node)) {
        code = take_some(node, SLICE_MS, &err);
        if (code == QK_EFULL) {
            node->pack = true;
            code = commit_turn(node);
        }
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* Up to `to`, timer after timer; a transaction holds as many as fit. */
static qk_code jump(qk_node *node, qk_time to, qk_error *err)
{
    qk_code code = QK_OK;
    node->jumping = true;
    node->jump_to = to;
    while (!code && !stopping(node) && qk_scheduler_next(node->scheduler) <= to)
        code = commit_turn(node);
    node->jumping = false;
    if (!code && stopping(node)) return qk_fail(err, QK_ECANCELLED, "the instance is closing");
    return code ? qk_fail(err, code, "the store cannot write, so timers cannot fire") : QK_OK;
}

/* What was received before the change belongs to the time before it. */
static void serve_clock(qk_node *node)
{
    pthread_mutex_lock(&node->lock);
    bool asked = node->clock_asked && !node->clock_done;
    qk_time to = node->clock_to;
    double speed = node->clock_speed;
    pthread_mutex_unlock(&node->lock);
    if (!asked) return;
    qk_error err = {0};
    qk_code code = drain(node, DRAIN_MS);
    if (code) qk_fail(&err, code, "the store cannot take in what was received before");
    if (!code) code = jump(node, to, &err);
    if (!code && qk_clock_set(node->clock, to, speed))
        code = qk_fail(&err, QK_EINVAL, "the clock cannot run at this speed");
    if (!code) publish_clock(node);
    node->dirty = true;
    pthread_mutex_lock(&node->lock);
    node->clock_code = code;
    node->clock_err = err;
    node->clock_done = true;
    pthread_cond_broadcast(&node->answered);
    pthread_mutex_unlock(&node->lock);
}

/* ---- turns ---- */

static void unpark_some(qk_node *node)
{
    qk_error err = {0};
    bool pack = false;
    qk_code code = qk_ingest_unpark(node->ingest, qk_journal_durable(node->journal), SLICE_MS,
                                    &node->unparking, &pack, &err);
    if (pack || code == QK_EFULL) node->pack = node->dirty = true;
    if (code && code != QK_EFULL) {
        qk_log_limited(node->log, QK_LOG_ERROR, "store", 2, "parked frames cannot be read: %s",
                       err.message);
        node->unparking = false;
    }
}

static void tick(qk_node *node)
{
    int64_t now_ms = qk_monotonic_ms();
    if (now_ms - node->last_burst_ms >= BURST_MS) {
        node->last_burst_ms = now_ms;
        qk_live_burst(node->live);
    }
    if (now_ms - node->last_tick_ms >= TICK_MS) {
        node->last_tick_ms = now_ms;
        qk_watch_tick(node->watch);
    }
}

static void hand_out(qk_node *node)
{
    qk_error err = {0};
    qk_time now = qk_clock_now(node->clock);
    if (ill(node) || !qk_outbox_due(node->outbox, now)) return;
    if (qk_outbox_hand_out(node->outbox, node->db, now, &err))
        qk_log_limited(node->log, QK_LOG_WARN, "outbox", 3, "notices cannot be read: %s",
                       err.message);
}

static bool commit_due(qk_node *node, bool full)
{
    int64_t now_ms = qk_monotonic_ms();
    if (ill(node)) return now_ms >= node->retry_ms;
    if (full || node->more_days || node->more_air || qk_node_has_commands(node)) return true;
    if (qk_scheduler_next(node->scheduler) <= qk_clock_now(node->clock)) return true;
    bool waiting = node->dirty || qk_events_waiting(node->events) ||
                   qk_ingest_unsaved(node->ingest) || qk_derive_unsaved(node->derive) ||
                   qk_transmission_unsaved(node->transmission) ||
                   qk_airgrade_unsaved(node->airgrade);
    return waiting && (now_ms - node->last_commit_ms >= COMMIT_MS || node->hurry);
}

/* Hours whose time has come although nothing was received. Records still on their way to the disk
 * have a moment to arrive. */
static bool derive_idle(qk_node *node, bool *full)
{
    enum { ARRIVING_MS = 1000 };
    qk_error err = {0};
    bool more = false;
    double speed = qk_clock_speed(node->clock);
    qk_time margin = (qk_time)(ARRIVING_MS * (speed > 1 ? speed : 1));
    qk_time now = qk_clock_now(node->clock) - margin;
    if (!qk_derive_due(node->derive, now)) return false;
    qk_derive_at(node->derive, atomic_load(&node->processed));
    qk_code code = qk_derive_advance(node->derive, now, SLICE_MS, &more, &err);
    node->dirty = true;
    *full |= code == QK_EFULL;
    if (code && code != QK_EFULL) fall_ill(node, code, &err);
    return more;
}

/* Nothing is left to take in, to compute or to write. */
static void note_calm(qk_node *node)
{
    pthread_mutex_lock(&node->lock);
    node->calm++;
    pthread_cond_broadcast(&node->answered);
    pthread_mutex_unlock(&node->lock);
}

static bool tend_journal(qk_node *node)
{
    bool more = qk_care_step(node->care, node->db, qk_clock_now(node->clock));
    if (qk_care_wants_flush(node->care)) node->pack = node->dirty = true;
    return more;
}

/* True when there is more to do at once. */
static bool turn(qk_node *node)
{
    qk_error err = {0};
    qk_code took = take_some(node, SLICE_MS, &err);
    bool full = took == QK_EFULL;
    if (took && took != QK_EFULL && took != QK_ENOTFOUND) fall_ill(node, took, &err);
    bool more = false;
    if (took == QK_ENOTFOUND) more = derive_idle(node, &full);
    look_ahead(node);
    if (!full) unpark_some(node);
    full |= qk_telemetry_wants_flush(node->telemetry);
    serve_clock(node);
    tick(node);
    if (commit_due(node, full)) {
        /* Twice full in a row: what is due was not enough. */
        if (full && node->was_full) node->pack = true;
        node->was_full = full;
        if (commit_turn(node) == QK_OK) checkpoint(node);
    } else if (ill(node)) {
        qk_error why = {.code = node->store_state};
        qk_str_copy(why.message, sizeof why.message, qk_str_of(node->store_reason));
        qk_node_fail_commands(node, node->store_state, &why);
    }
    hand_out(node);
    more |= took == QK_OK || (full && !ill(node)) || node->unparking;
    bool clean = !node->dirty && !ill(node) && !qk_transmission_unsaved(node->transmission) &&
                 !qk_airgrade_unsaved(node->airgrade);
    if (!more && clean) note_calm(node);
    /* Nobody waits for the care of the journal: it gets what time is left. */
    if (!more && clean && !ill(node)) more = tend_journal(node);
    return more;
}

static void wait_for_work(qk_node *node)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += BURST_MS * 1000000L;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&node->lock);
    while (!node->rung && !node->stop)
        if (pthread_cond_timedwait(&node->bell, &node->lock, &until)) break;
    node->rung = false;
    node->hurry = node->settlers > 0;
    pthread_mutex_unlock(&node->lock);
}

static void answer_last(qk_node *node)
{
    qk_error err = {0};
    qk_fail(&err, QK_ECANCELLED, "the instance is closing");
    qk_node_fail_commands(node, QK_ECANCELLED, &err);
    pthread_mutex_lock(&node->lock);
    node->clock_code = QK_ECANCELLED;
    node->clock_err = err;
    node->clock_done = node->clock_asked;
    node->ended = true;
    pthread_cond_broadcast(&node->answered);
    pthread_mutex_unlock(&node->lock);
}

/* Answers to devices go before rows: the journal keeps what is not yet read. So while frames pour
 * in, the store rests four times as long as it worked. A low priority would do the same, but also
 * where it is other programs that want the processor, and then it would never catch up. */
static void give_way(qk_node *node, int64_t began_ms, qk_jpos durable_then)
{
    enum { POURS_BYTES_A_MS = 16 << 10, REST_MAX_MS = 200 };
    struct timespec until;
    int64_t worked_ms = qk_monotonic_ms() - began_ms;
    qk_jpos came = qk_journal_durable(node->journal) - durable_then;
    if (worked_ms < 10 || came / (uint64_t)worked_ms < POURS_BYTES_A_MS) return;
    int64_t rest_ms = worked_ms * 4 < REST_MAX_MS ? worked_ms * 4 : REST_MAX_MS;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += rest_ms * 1000000L;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&node->lock);
    while (!node->stop && !node->queue_n && !node->clock_asked && !node->settlers)
        if (pthread_cond_timedwait(&node->bell, &node->lock, &until)) break;
    pthread_mutex_unlock(&node->lock);
}

static void step_back(void)
{
    (void)pthread_setname_np(pthread_self(), "qk-store");
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 2);
}

/* Any record's boundary will do for an end: what the journal holds beyond is read at the next
 * start. All rows are packed only where that is little, since it may take seconds. */
static void end_orderly(qk_node *node)
{
    qk_error err = {0};
    int64_t until = qk_monotonic_ms() + CLOSE_MS;
    qk_code code = QK_OK;
    while (code == QK_OK && qk_monotonic_ms() < until) code = take_some(node, SLICE_MS, &err);
    bool caught_up = code == QK_ENOTFOUND;
    qk_jpos needed = qk_telemetry_needed_from(node->telemetry);
    qk_jpos processed = atomic_load(&node->processed);
    node->pack = needed >= processed || processed - needed < PACK_AT_END;
    (void)!commit_turn(node);
    if (!caught_up)
        qk_log_print(node->log, QK_LOG_INFO, "store",
                     "ending with %llu bytes of the journal not taken in: the next start goes on",
                     (unsigned long long)(qk_journal_durable(node->journal) - processed));
}

void *qk_node_run_store(void *context)
{
    qk_node *node = context;
    step_back();
    qk_node_anchor_audit(node, false);
    bool more = false;
    while (!stopping(node)) {
        if (!more) wait_for_work(node);
        int64_t began_ms = qk_monotonic_ms();
        qk_jpos durable = qk_journal_durable(node->journal);
        more = turn(node);
        if (more) give_way(node, began_ms, durable);
    }
    if (!ill(node)) end_orderly(node);
    answer_last(node);
    return NULL;
}

qk_code qk_node_settle(qk_node *node, uint32_t timeout_ms, qk_error *err)
{
    qk_jpos want = qk_journal_durable(node->journal);
    int64_t until = qk_monotonic_ms() + timeout_ms;
    qk_code code = QK_OK;
    pthread_mutex_lock(&node->lock);
    uint64_t calm = node->calm;
    node->settlers++;
    while ((atomic_load(&node->committed) < want || node->calm == calm) && !node->ended && !code) {
        struct timespec soon;
        clock_gettime(CLOCK_MONOTONIC, &soon);
        soon.tv_nsec += 20000000;
        if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
        node->rung = true;
        pthread_cond_signal(&node->bell);
        pthread_cond_timedwait(&node->answered, &node->lock, &soon);
        if (qk_monotonic_ms() > until)
            code = qk_fail(err, QK_ETIMEOUT, "the store has not caught up with the journal");
    }
    node->settlers--;
    pthread_mutex_unlock(&node->lock);
    return code;
}
