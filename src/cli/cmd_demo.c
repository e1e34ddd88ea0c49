/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/demo_airshed.h"
#include "cli/demo_forecast.h"
#include "cli/demo_past.h"
#include "cli/demo_plan.h"
#include "gateway/gateway.h"
#include "sim/county_source.h"
#include "web/server.h"
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { CLOCK_EVERY_S = 10, FORECAST_DAYS = 365 };

typedef struct demo_options {
    const char *data_dir, *http, *hj212, *clock;
    double speed;
    int64_t history_days, forecast_days;
    bool devices;
} demo_options;

typedef struct demo {
    const demo_options *options;
    qk_log *log;
    qk_clock *log_clock;
    qk_node *node;
    qk_gateway *gateway;
    qk_web *web;
    qk_arena arena;
    qk_sim_county county;
    qk_county_source *source;
    qk_fleet *fleet;
    pthread_t fleet_thread;
    bool fleet_runs;
    qk_demo_past past;
    qk_demo_forecast forecast;
    qk_time resume;
    char clock_text[QK_TIME_TEXT * 2];
} demo;

static int read_options(demo_options *o, int argc, char **argv)
{
    static const struct option longs[] = {{"data", required_argument, NULL, 'd'},
                                          {"http", required_argument, NULL, 'h'},
                                          {"hj212", required_argument, NULL, 'j'},
                                          {"clock", required_argument, NULL, 'c'},
                                          {"speed", required_argument, NULL, 's'},
                                          {"history", required_argument, NULL, 'y'},
                                          {"no-devices", no_argument, NULL, 'n'},
                                          {"forecasts", required_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
    *o = (demo_options){.data_dir = "demo-data",
                        .http = "127.0.0.1:8080",
                        .hj212 = "127.0.0.1:9212",
                        .speed = 60,
                        .history_days = 30,
                        .forecast_days = FORECAST_DAYS,
                        .devices = true};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'd': o->data_dir = optarg; break;
        case 'h': o->http = optarg; break;
        case 'j': o->hj212 = optarg; break;
        case 'c': o->clock = optarg; break;
        case 's':
            if (qk_parse_f64(&o->speed, qk_str_of(optarg)) != QK_OK || o->speed < 0 ||
                o->speed > 36000)
                return qk_command_misuse("demo", "--speed takes 0 to 36000, not '%s'", optarg);
            break;
        case 'y':
            if (qk_parse_i64(&o->history_days, qk_str_of(optarg)) != QK_OK || o->history_days < 0 ||
                o->history_days > 400)
                return qk_command_misuse("demo", "--history takes 0 to 400 days, not '%s'", optarg);
            break;
        case 'f':
            if (qk_parse_i64(&o->forecast_days, qk_str_of(optarg)) != QK_OK ||
                o->forecast_days < 0 || o->forecast_days > FORECAST_DAYS)
                return qk_command_misuse("demo", "--forecasts takes 0 to %d days, not '%s'",
                                         FORECAST_DAYS, optarg);
            break;
        case 'n': o->devices = false; break;
        default: return qk_command_misuse("demo", "unknown option");
        }
    }
    if (optind < argc) return qk_command_misuse("demo", "unexpected argument '%s'", argv[optind]);
    return QK_EXIT_DONE;
}

static void clock_path(char out[QK_PATH_MAX], const demo *d)
{
    if (qk_path_join(out, QK_PATH_MAX, d->options->data_dir, "demo-clock") != QK_OK) out[0] = 0;
}

static void save_clock(const demo *d)
{
    char path[QK_PATH_MAX], text[QK_TIME_TEXT];
    clock_path(path, d);
    qk_time_iso(text, qk_clock_now(qk_node_clock(d->node)));
    if (qk_file_write_atomic(path, text, strlen(text), 0640, NULL) != QK_OK)
        qk_log_limited(d->log, QK_LOG_WARN, "demo", 1, "the demo's clock could not be saved");
}

/* A demo goes on where it stopped: its devices' past must not change. */
static void choose_clock(demo *d)
{
    char path[QK_PATH_MAX], start[QK_TIME_TEXT];
    qk_buf saved;
    qk_buf_init(&saved, 64);
    clock_path(path, d);
    d->resume = QK_TIME_NONE;
    snprintf(start, sizeof start, "2025-12-11T08:00:00");
    if (qk_file_read(&saved, path, NULL) == QK_OK && saved.len < sizeof start &&
        qk_time_parse(&d->resume, (qk_str){saved.ptr, saved.len}) == QK_OK) {
        memcpy(start, saved.ptr, saved.len);
        start[saved.len] = 0;
        d->resume -= 2 * QK_HOUR;
    }
    qk_buf_clear(&saved);
    if (d->options->clock)
        snprintf(d->clock_text, sizeof d->clock_text, "%s", d->options->clock);
    else
        snprintf(d->clock_text, sizeof d->clock_text, "%sx%g", start, d->options->speed);
}

static qk_code import_county(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    demo *d = context;
    qk_buf json;
    (void)db;
    qk_buf_init(&json, 8 << 20);
    qk_code code = qk_sim_county_json(&json, &d->county);
    if (code != QK_OK)
        qk_fail(err, code, "the county does not fit in memory");
    else
        code = qk_registry_import(qk_node_registry(node), (qk_str){json.ptr, json.len},
                                  QK_STR("demo"), now, err);
    qk_buf_clear(&json);
    return code;
}

/* The last day before the hours that the devices still hold. */
static int32_t past_day(const demo *d)
{
    return qk_day_number(qk_clock_now(qk_node_clock(d->node)) - d->options->history_days * QK_DAY) -
           1;
}

static qk_code open_node(demo *d, qk_error *err)
{
    qk_device *devices;
    size_t n = 0;
    choose_clock(d);
    qk_node_options options = {
        .data_dir = d->options->data_dir, .clock_text = d->clock_text, .demo = true, .log = d->log};
    QK_TRY(qk_sim_county_make(&d->county, &d->arena));
    QK_TRY(qk_node_open(&d->node, &options, err));
    d->past = (qk_demo_past){.node = d->node, .county = &d->county, .last_day = past_day(d)};
    QK_TRY(qk_registry_devices(qk_node_registry(d->node), &d->arena, &devices, &n));
    if (n) return QK_OK;
    QK_TRY(qk_node_call(d->node, import_county, d, err));
    QK_TRY(qk_demo_airshed_load(d->node, &d->county, past_day(d), err));
    return qk_demo_plan_load(&d->past, err);
}

static void *run_fleet(void *context)
{
    demo *d = context;
    qk_fleet_result result;
    qk_error err = {0};
    if (qk_fleet_run(d->fleet, &result, &err) != QK_OK)
        qk_log_print(d->log, QK_LOG_ERROR, "demo", "the devices stopped: %s", err.message);
    return NULL;
}

static qk_code start_devices(demo *d, qk_error *err)
{
    char to[64];
    qk_clock *clock = qk_node_clock(d->node);
    qk_time days = d->options->history_days * QK_DAY;
    snprintf(to, sizeof to, "127.0.0.1:%u", (unsigned)qk_gateway_port(d->gateway));
    QK_TRY(qk_county_source_new(&d->source, &d->county, qk_clock_now(clock),
                                days < 2 * QK_DAY ? days : 2 * QK_DAY, days, d->resume));
    qk_fleet_source source = qk_county_source_use(d->source);
    qk_fleet_options options = {
        .to = to, .devices = d->county.n_devices, .window = 8, .clock = clock, .log = d->log};
    QK_TRY(qk_fleet_new(&d->fleet, &options, &source, err));
    if (pthread_create(&d->fleet_thread, NULL, run_fleet, d) != 0)
        return qk_fail(err, QK_EIO, "cannot start the devices' thread");
    d->fleet_runs = true;
    return QK_OK;
}

/* The years before the hours that the devices still hold. */
static void start_past(demo *d)
{
    qk_demo_past_start(&d->past);
    d->forecast = (qk_demo_forecast){.node = d->node,
                                     .days = (int32_t)d->options->forecast_days,
                                     .devices = d->options->devices,
                                     .years = &d->past.done};
    qk_demo_forecast_start(&d->forecast);
}

static void stop_demo(demo *d)
{
    qk_demo_forecast_stop(&d->forecast);
    qk_demo_past_stop(&d->past);
    if (d->fleet_runs) {
        qk_fleet_stop(d->fleet);
        pthread_join(d->fleet_thread, NULL);
    }
    if (d->node) save_clock(d);
    qk_web_stop(d->web);
    qk_gateway_stop(d->gateway);
    qk_node_close(d->node);
    qk_fleet_free(d->fleet);
    qk_county_source_free(d->source);
    qk_arena_clear(&d->arena);
    qk_log_free(d->log);
    qk_clock_free(d->log_clock);
}

static void wait_for_signal(const demo *d, const sigset_t *signals)
{
    const struct timespec every = {CLOCK_EVERY_S, 0};
    while (sigtimedwait(signals, NULL, &every) < 0) save_clock(d);
}

static qk_code start_demo(demo *d, qk_error *err)
{
    qk_gateway_options gateway = {.listen = d->options->hj212, .max_per_address = 10000};
    qk_web_options web = {.listen = d->options->http};
    QK_TRY(qk_clock_new_real(&d->log_clock));
    QK_TRY(qk_log_new(&d->log, 2, QK_LOG_WARN, d->log_clock));
    QK_TRY(open_node(d, err));
    QK_TRY(qk_gateway_start(&d->gateway, d->node, &gateway, err));
    QK_TRY(qk_web_start(&d->web, d->node, d->gateway, &web, err));
    if (d->options->devices) QK_TRY(start_devices(d, err));
    start_past(d);
    return QK_OK;
}

int qk_cmd_demo(int argc, char **argv)
{
    demo_options options;
    demo d = {.options = &options};
    qk_error err = {0};
    sigset_t signals;
    int status = read_options(&options, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    qk_arena_init(&d.arena, 64 << 20);
    if (start_demo(&d, &err) == QK_OK) {
        printf("http://127.0.0.1:%u/\n", (unsigned)qk_web_port(d.web));
        fflush(stdout);
        wait_for_signal(&d, &signals);
    } else {
        status = qk_command_refuse("demo", &err);
    }
    stop_demo(&d);
    return status;
}
