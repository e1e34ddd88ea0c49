/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/airfacts.h"
#include "domain/cases.h"
#include "domain/evaluation.h"
#include "domain/hotspot_effect.h"
#include "domain/hotspot_warn.h"
#include "domain/money.h"
#include "domain/regulation.h"
#include "domain/node_private.h"
#include "domain/duties.h"
#include "domain/year.h"
#include "domain/rebuild.h"
#include "domain/retention.h"
#include "domain/setting.h"
#include "store/seal.h"
#include <sodium/randombytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FORMAT_VERSION = 1, CLOSE_MS = 3000 };

/* ---- the folder ---- */

static qk_code take_folder(qk_node *node, const char *dir, qk_error *err)
{
    size_t len = strlen(dir);
    if (len == 0 || len + 32 > sizeof node->dir)
        return qk_fail(err, QK_EINVAL, "the data folder's name is empty or too long");
    qk_str_copy(node->dir, sizeof node->dir, qk_str_of(dir));
    QK_TRY(qk_path_join(node->db_path, sizeof node->db_path, dir, "store.db"));
    QK_TRY(qk_path_join(node->journal_dir, sizeof node->journal_dir, dir, "journal"));
    QK_TRY(qk_dir_create(dir, err));
    return qk_lock_take(&node->lock_fd, dir, err);
}

static qk_code create_instance(qk_node *node, const char *path, qk_error *err)
{
    unsigned char random[12];
    char now[QK_TIME_TEXT];
    randombytes_buf(random, sizeof random);
    qk_hex(node->id, random, sizeof random);
    node->demo_folder = node->options.demo;
    qk_buf text;
    qk_json_writer w;
    qk_buf_init(&text, 4096);
    qk_json_init(&w, &text);
    qk_json_object(&w);
    qk_json_ki64(&w, "format", FORMAT_VERSION);
    qk_json_kcstr(&w, "id", node->id);
    qk_json_kbool(&w, "demo", node->demo_folder);
    qk_json_kcstr(&w, "created", qk_time_iso_zone(now, qk_clock_now(node->clock)));
    qk_json_end(&w);
    qk_buf_putc(&text, '\n');
    qk_code code = text.failed ? qk_fail(err, text.failed, "no memory for instance.json")
                               : qk_file_write_atomic(path, text.ptr, text.len, 0640, err);
    qk_buf_clear(&text);
    return code;
}

static qk_code check_instance(qk_node *node, qk_str text, qk_error *err)
{
    qk_arena arena;
    qk_json_value *v = NULL;
    int64_t format = 0;
    qk_arena_init(&arena, 64 << 10);
    qk_code code = qk_json_parse(&v, text, &arena, err);
    if (code) goto out;
    qk_str id = qk_json_get_str(v, "id");
    if (!qk_json_get_i64(v, "format", &format) || id.len == 0 || id.len > 40) {
        code = qk_fail(err, QK_EFORMAT, "instance.json lacks its format or id");
        goto out;
    }
    if (format > FORMAT_VERSION) {
        code =
            qk_fail(err, QK_EUNSUPPORTED, "the folder was written by a newer program (format %lld)",
                    (long long)format);
        goto out;
    }
    qk_str_copy(node->id, sizeof node->id, id);
    node->demo_folder = qk_json_get_bool(v, "demo", false);
    if (node->options.demo && !node->demo_folder) {
        code = qk_fail(err, QK_EDENIED, "the folder holds real data");
        qk_error_hint(err, "give the demo a folder of its own");
    }
out:
    if (code) qk_error_at(err, node->dir, 0, 0);
    qk_arena_clear(&arena);
    return code;
}

static qk_code open_instance(qk_node *node, qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_buf text;
    QK_TRY(qk_path_join(path, sizeof path, node->dir, "instance.json"));
    if (access(path, F_OK) != 0) return create_instance(node, path, err);
    qk_buf_init(&text, 64 << 10);
    qk_code code = qk_file_read(&text, path, err);
    if (!code) code = check_instance(node, qk_buf_str(&text), err);
    qk_buf_clear(&text);
    return code;
}

/* ---- the clock ---- */

static bool has_clock(const qk_node_options *o)
{
    return o->clock_text && o->clock_text[0];
}

/* A demo goes on where its clock was left; its folder is known before the database is open, so the
 * clock is made first and set afterwards. */
static qk_code make_clock(qk_node *node, qk_error *err)
{
    const qk_node_options *o = &node->options;
    if (!has_clock(o) && o->demo) {
        qk_clock *real = NULL;
        QK_TRY(qk_clock_new_real(&real));
        qk_time now = qk_clock_now(real);
        qk_clock_free(real);
        return qk_clock_new_simulated(&node->clock, now, 1);
    }
    return qk_clock_new_text(&node->clock, o->clock_text, err);
}

static qk_code resume_clock(qk_node *node, qk_error *err)
{
    int64_t now, speed;
    if (has_clock(&node->options) || !qk_clock_simulated(node->clock)) return QK_OK;
    qk_code code = qk_db_meta_get(node->db, "clock_now", &now, err);
    if (!code) code = qk_db_meta_get(node->db, "clock_speed_thousandths", &speed, err);
    if (code) return code == QK_ENOTFOUND ? QK_OK : code;
    return qk_clock_set(node->clock, now, (double)speed / 1000);
}

/* ---- the parts ---- */

static void on_durable(void *context, qk_jpos durable)
{
    qk_node *node = context;
    (void)durable;
    qk_node_wake(node);
    pthread_mutex_lock(&node->listener_lock);
    if (node->listener) node->listener(node->listener_context);
    pthread_mutex_unlock(&node->listener_lock);
}

static qk_code meta_pos(qk_node *node, const char *key, qk_jpos *out, qk_error *err)
{
    int64_t value = 0;
    qk_code code = qk_db_meta_get(node->db, key, &value, err);
    *out = (qk_jpos)value;
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code open_journal(qk_node *node, qk_jpos at_least, qk_error *err)
{
    qk_journal_options o = {.segment_bytes = node->options.segment_bytes,
                            .at_least = at_least,
                            .on_durable = on_durable,
                            .context = node,
                            .instance_id = node->id,
                            .log = node->log};
    return qk_journal_open(&node->journal, node->journal_dir, &o, err);
}

static qk_code open_derive(qk_node *node, qk_error *err)
{
    qk_derive_parts parts = {.telemetry = node->telemetry,
                             .registry = node->registry,
                             .live = node->live,
                             .events = node->events,
                             .log = node->log,
                             .db_path = node->db_path,
                             .constant_ms =
                                 qk_setting_i64(node->db, "quality.constant_hours", 3) * QK_HOUR};
    QK_TRY(qk_derive_new(&node->derive, &parts, err));
    return qk_derive_load(node->derive, node->db, err);
}

static void on_hour(void *context, const char *mn, qk_time hour)
{
    qk_node *node = context;
    qk_transmission_touch(node->transmission, mn, hour);
    qk_airgrade_touch(node->airgrade, mn, hour);
    node->hours_came = true;
}

static qk_code open_airgrade(qk_node *node, qk_error *err)
{
    qk_airgrade_parts parts = {.telemetry = node->telemetry,
                               .registry = node->registry,
                               .events = node->events,
                               .db_path = node->db_path};
    QK_TRY(qk_airgrade_new(&node->airgrade, &parts, err));
    return qk_airgrade_load(node->airgrade, node->db, err);
}

static qk_code open_transmission(qk_node *node, qk_error *err)
{
    int64_t minutes = qk_setting_i64(node->db, "transmission.in_time_minutes", 60);
    int64_t percent = qk_setting_i64(node->db, "transmission.low_percent", 90);
    qk_transmission_parts parts = {.telemetry = node->telemetry,
                                   .registry = node->registry,
                                   .live = node->live,
                                   .db_path = node->db_path,
                                   .in_time_ms = minutes * QK_MINUTE,
                                   .events = node->events,
                                   .low = (double)percent / 100};
    QK_TRY(qk_transmission_new(&node->transmission, &parts, err));
    qk_derive_on_hour(node->derive, on_hour, node);
    return qk_transmission_load(node->transmission, node->db, err);
}

/* ---- what happens by the clock ---- */

/* An hour has become due also where nothing came. */
static qk_code count_hour(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                          qk_error *err)
{
    qk_time hour = qk_floor_hour(timer->due_at);
    (void)context, (void)db;
    QK_TRY(qk_transmission_touch_all(node->transmission, hour - QK_HOUR, err));
    /* The day before is judged at 13:00. */
    if ((hour - qk_floor_day(hour)) / QK_HOUR == 13)
        QK_TRY(qk_transmission_touch_all(node->transmission, hour - QK_DAY, err));
    return qk_transmission_touch_all(node->transmission, hour, err);
}

/* Hot spots where hours have come since the last time; effects whenever a case waits for one. */
static qk_code look_for_hotspots(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                                 qk_error *err)
{
    qk_telemetry_reader *reader = NULL;
    qk_code code = QK_OK;
    bool waits = qk_hotspots_effect_waits(db);
    (void)context;
    if (!node->hours_came && !waits) return QK_OK;
    QK_TRY(qk_telemetry_reader_open(&reader, node->telemetry, node->db_path, err));
    if (waits)
        code = qk_hotspots_effect(NULL, db, node->scheduler, node->registry, reader, timer->due_at,
                                  err);
    if (!code && node->hours_came)
        code = qk_hotspots_warn(NULL, db, node->events, node->registry, reader, timer->due_at, err);
    qk_telemetry_reader_close(reader);
    node->hours_came = code != QK_OK;
    return code;
}

static void keep_derived(qk_node *node, qk_time now)
{
    int64_t minutes = qk_retention_days(node->db, QK_STREAM_MINUTE);
    int64_t moments = qk_retention_days(node->db, QK_STREAM_RTD);
    qk_time day = qk_floor_day(now) + QK_DAY;
    qk_derive_keep(node->derive, minutes ? day - minutes * QK_DAY : QK_TIME_NONE,
                   moments ? day - moments * QK_DAY : QK_TIME_NONE);
}

/* Deleting is left to the transaction itself (qk_retention_run tells why). */
static qk_code begin_expiry(void *context, qk_node *node, qk_db *db, const qk_timer *timer,
                            qk_error *err)
{
    enum { TIMERS_KEPT_DAYS = 400 };
    (void)context, (void)db;
    node->expire = true;
    keep_derived(node, timer->due_at);
    return qk_scheduler_forget(node->scheduler, timer->due_at - TIMERS_KEPT_DAYS * QK_DAY, err);
}

static qk_code open_timers(qk_node *node, qk_error *err)
{
    qk_scheduler *s = node->scheduler;
    qk_time now = qk_clock_now(node->clock);
    if (qk_scheduler_handle(s, "transmission.hour", count_hour, NULL) ||
        qk_scheduler_handle(s, "hotspot.look", look_for_hotspots, NULL) ||
        qk_scheduler_handle(s, "retention.night", begin_expiry, NULL) || qk_cases_handle(s) ||
        qk_regulation_handle(s) || qk_money_handle(s) || qk_evaluation_handle(s) ||
        qk_airfacts_handle(s))
        return qk_fail(err, QK_EFULL, "too many kinds of timers");
    keep_derived(node, now);
    QK_TRY(qk_forecast_night_new(&node->forecast, node, node->log, err));
    QK_TRY(qk_forecast_night_timers(node->forecast, s, now, err));
    QK_TRY(qk_duties_open(node, err));
    QK_TRY(qk_year_open(node, err));
    QK_TRY(qk_regulation_begin(s, now, err));
    QK_TRY(qk_evaluation_begin(s, now, err));
    QK_TRY(qk_airfacts_begin(s, now, err));
    QK_TRY(qk_scheduler_every(s, "hotspot.look", QK_STR(""), "minutes 5", now, QK_STR(""), err));
    QK_TRY(
        qk_scheduler_every(s, "transmission.hour", QK_STR(""), "hourly 11", now, QK_STR(""), err));
    return qk_scheduler_every(s, "retention.night", QK_STR(""), "daily 03:10", now, QK_STR(""),
                              err);
}

static qk_code open_ingest(qk_node *node, qk_jpos counted_to, qk_error *err)
{
    qk_ingest_parts parts = {.telemetry = node->telemetry,
                             .registry = node->registry,
                             .live = node->live,
                             .events = node->events,
                             .derive = node->derive,
                             .log = node->log,
                             .journal_dir = node->journal_dir,
                             .accept_any = node->accept_any,
                             .counted_to = counted_to};
    if (qk_ingest_new(&node->ingest, &parts))
        return qk_fail(err, QK_ENOMEM, "no memory for the intake");
    return qk_ingest_load(node->ingest, node->db, err);
}

static qk_code open_store(qk_node *node, qk_error *err)
{
    qk_telemetry_options t = {.head_bytes = node->options.head_bytes, .log = node->log};
    QK_TRY(qk_db_open(&node->db, node->db_path, node->log, err));
    QK_TRY(qk_files_open(&node->files, node->dir, 0, err));
    QK_TRY(resume_clock(node, err));
    QK_TRY(qk_seal_prepare(node->db, qk_clock_now(node->clock), err));
    QK_TRY(qk_telemetry_open(&node->telemetry, node->db, &t, err));
    QK_TRY(qk_scheduler_new(&node->scheduler, node->db, node, node->log, err));
    return qk_registry_open(&node->registry, node->db, err);
}

static qk_code open_parts(qk_node *node, qk_error *err)
{
    qk_jpos from, processed;
    QK_TRY(open_store(node, err));
    QK_TRY(meta_pos(node, "journal_pos", &from, err));
    QK_TRY(meta_pos(node, "processed_pos", &processed, err));
    QK_TRY(open_journal(node, processed, err));
    if (qk_live_new(&node->live, node->clock, node->registry) ||
        qk_events_new(&node->events, node->live) ||
        qk_watch_new(&node->watch, node->live, node->events, node->registry, node->clock))
        return qk_fail(err, QK_ENOMEM, "no memory for the live table");
    QK_TRY(qk_rebuild_live(node->live, node->telemetry, node->registry, node->db_path, err));
    QK_TRY(open_derive(node, err));
    QK_TRY(open_transmission(node, err));
    QK_TRY(open_airgrade(node, err));
    QK_TRY(open_timers(node, err));
    QK_TRY(qk_outbox_new(&node->outbox, node, node->dir, node->log, err));
    QK_TRY(open_ingest(node, processed, err));
    if (qk_care_new(&node->care, node->journal_dir, node->log))
        return qk_fail(err, QK_ENOMEM, "no memory for the care of the journal");
    qk_care_begin(node->care);
    atomic_store(&node->processed, from);
    atomic_store(&node->committed, from);
    return qk_journal_reader_open(&node->reader, node->journal_dir, from, err);
}

static void init_locks(qk_node *node)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&node->bell, &monotonic);
    pthread_cond_init(&node->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&node->lock, NULL);
    pthread_mutex_init(&node->append_lock, NULL);
    pthread_mutex_init(&node->listener_lock, NULL);
    pthread_mutex_init(&node->health_lock, NULL);
}

static qk_code open_node(qk_node *node, qk_error *err)
{
    QK_TRY(take_folder(node, node->options.data_dir, err));
    QK_TRY(make_clock(node, err));
    QK_TRY(open_instance(node, err));
    node->demo = node->demo_folder || has_clock(&node->options);
    QK_TRY(open_parts(node, err));
    node->last_commit_ms = node->last_checkpoint_ms = qk_monotonic_ms();
    int failed = pthread_create(&node->thread, NULL, qk_node_run_store, node);
    if (failed) return qk_fail_errno(err, failed, "the store thread cannot start");
    node->thread_runs = true;
    return QK_OK;
}

qk_code qk_node_open(qk_node **out, const qk_node_options *options, qk_error *err)
{
    qk_node *node = calloc(1, sizeof *node);
    if (!node) return qk_fail(err, QK_ENOMEM, "no memory for the instance");
    node->lock_fd = -1;
    node->options = *options;
    node->log = options->log;
    node->accept_any = options->accept_any;
    node->batch = calloc(QK_NODE_QUEUE, sizeof *node->batch);
    init_locks(node);
    qk_code code =
        node->batch ? open_node(node, err) : qk_fail(err, QK_ENOMEM, "no memory for the instance");
    if (code) {
        qk_node_close(node);
        return code;
    }
    *out = node;
    return QK_OK;
}

static void stop_store(qk_node *node)
{
    if (!node->thread_runs) return;
    if (qk_journal_sync(node->journal, CLOSE_MS / 3, NULL))
        qk_log_print(node->log, QK_LOG_WARN, "node",
                     "closing with frames that are not on the disk");
    pthread_mutex_lock(&node->lock);
    node->stop = true;
    pthread_cond_broadcast(&node->bell);
    pthread_mutex_unlock(&node->lock);
    pthread_join(node->thread, NULL);
}

void qk_node_close(qk_node *node)
{
    if (!node) return;
    qk_outbox_stop(node->outbox);
    qk_forecast_night_stop(node->forecast);
    stop_store(node);
    qk_forecast_night_free(node->forecast);
    qk_outbox_free(node->outbox);
    qk_journal_close(node->journal);
    qk_files_close(node->files);
    qk_journal_reader_close(node->reader);
    qk_journal_reader_close(node->ahead);
    qk_care_free(node->care);
    qk_ingest_free(node->ingest);
    qk_derive_free(node->derive);
    qk_transmission_free(node->transmission);
    qk_airgrade_free(node->airgrade);
    qk_watch_free(node->watch);
    qk_events_free(node->events);
    qk_live_free(node->live);
    qk_registry_close(node->registry);
    qk_scheduler_free(node->scheduler);
    qk_telemetry_close(node->telemetry);
    qk_db_close(node->db);
    qk_clock_free(node->clock);
    qk_lock_release(node->lock_fd);
    pthread_cond_destroy(&node->bell);
    pthread_cond_destroy(&node->answered);
    pthread_mutex_destroy(&node->lock);
    pthread_mutex_destroy(&node->append_lock);
    pthread_mutex_destroy(&node->listener_lock);
    pthread_mutex_destroy(&node->health_lock);
    free(node->batch);
    free(node);
}

/* ---- what others ask ---- */

const char *qk_node_dir(const qk_node *node)
{
    return node->dir;
}
const char *qk_node_id(const qk_node *node)
{
    return node->id;
}
bool qk_node_demo(const qk_node *node)
{
    return node->demo;
}
bool qk_node_invented(const qk_node *node)
{
    return node->demo_folder;
}
bool qk_node_accept_any(const qk_node *node)
{
    return node->accept_any;
}
qk_clock *qk_node_clock(qk_node *node)
{
    return node->clock;
}
qk_log *qk_node_log(qk_node *node)
{
    return node->log;
}
qk_files *qk_node_files(qk_node *node)
{
    return node->files;
}
qk_journal *qk_node_journal(qk_node *node)
{
    return node->journal;
}
qk_registry *qk_node_registry(qk_node *node)
{
    return node->registry;
}
qk_telemetry *qk_node_telemetry(qk_node *node)
{
    return node->telemetry;
}
qk_live *qk_node_live(qk_node *node)
{
    return node->live;
}
const char *qk_node_db_path(const qk_node *node)
{
    return node->db_path;
}
qk_scheduler *qk_node_scheduler(qk_node *node)
{
    return node->scheduler;
}
qk_outbox *qk_node_outbox(qk_node *node)
{
    return node->outbox;
}
qk_transmission *qk_node_transmission(qk_node *node)
{
    return node->transmission;
}
qk_forecast_night *qk_node_forecast(qk_node *node)
{
    return node->forecast;
}
qk_airgrade *qk_node_airgrade(qk_node *node)
{
    return node->airgrade;
}
qk_events *qk_node_events(qk_node *node)
{
    return node->events;
}

void qk_node_wake(qk_node *node)
{
    pthread_mutex_lock(&node->lock);
    node->rung = true;
    pthread_cond_signal(&node->bell);
    pthread_mutex_unlock(&node->lock);
}

void qk_node_on_durable(qk_node *node, void (*fn)(void *context), void *context)
{
    pthread_mutex_lock(&node->listener_lock);
    node->listener = fn;
    node->listener_context = context;
    pthread_mutex_unlock(&node->listener_lock);
}

qk_code qk_node_append(qk_node *node, qk_jpos *end, qk_journal_kind kind, uint8_t flags,
                       uint32_t connection, qk_time at, const void *payload, size_t len,
                       qk_error *err)
{
    pthread_mutex_lock(&node->append_lock);
    qk_code code =
        qk_journal_append(node->journal, end, kind, flags, connection, at, payload, len, err);
    pthread_mutex_unlock(&node->append_lock);
    return code;
}

void qk_node_health_get(qk_node *node, qk_node_health *out)
{
    qk_ingest_counts counts;
    *out = (qk_node_health){.now = qk_clock_now(node->clock)};
    out->journal = qk_journal_status(node->journal, &out->journal_reason);
    out->durable = qk_journal_durable(node->journal);
    out->processed = atomic_load(&node->processed);
    qk_time taken_at = atomic_load_explicit(&node->taken_at, memory_order_relaxed);
    if (out->processed < out->durable && taken_at > 0 && out->now > taken_at)
        out->lag_ms = out->now - taken_at;
    qk_ingest_counts_get(node->ingest, &counts);
    out->frames = counts.frames;
    out->repeats = counts.repeats;
    out->changed = counts.changed;
    out->refused = counts.refused;
    out->parked = counts.parked;
    out->samples = counts.samples;
    out->short_way = counts.short_way;
    pthread_mutex_lock(&node->health_lock);
    out->store_state = node->store_state;
    memcpy(out->store_reason, node->store_reason, sizeof out->store_reason);
    out->damaged_blocks = node->damaged;
    out->commits = node->commits;
    out->commit_ms_mean = node->commit_ms_mean;
    pthread_mutex_unlock(&node->health_lock);
}
