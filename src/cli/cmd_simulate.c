/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "sim/county_source.h"
#include "sim/load_source.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

typedef struct simulate_options {
    const char *to, *packets, *ack_log, *csv, *mn_prefix, *clock;
    int64_t devices;
    double rate, duration_s;
    bool county;
} simulate_options;

static bool read_number(double *out, const char *text, double least)
{
    return qk_parse_f64(out, qk_str_of(text)) == QK_OK && *out >= least;
}

static int read_options(simulate_options *o, int argc, char **argv)
{
    static const struct option longs[] = {{"to", required_argument, NULL, 't'},
                                          {"devices", required_argument, NULL, 'n'},
                                          {"rate", required_argument, NULL, 'r'},
                                          {"duration", required_argument, NULL, 'd'},
                                          {"packets", required_argument, NULL, 'p'},
                                          {"ack-log", required_argument, NULL, 'a'},
                                          {"from-csv", required_argument, NULL, 'c'},
                                          {"mn-prefix", required_argument, NULL, 'm'},
                                          {"county", no_argument, NULL, 'y'},
                                          {"clock", required_argument, NULL, 'k'},
                                          {NULL, 0, NULL, 0}};
    *o = (simulate_options){.devices = 10, .rate = -1, .mn_prefix = "QZ"};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 't': o->to = optarg; break;
        case 'n':
            if (qk_parse_i64(&o->devices, qk_str_of(optarg)) != QK_OK || o->devices < 1 ||
                o->devices > 100000)
                return qk_command_misuse("simulate", "--devices takes 1 to 100000, not '%s'",
                                         optarg);
            break;
        case 'r':
            if (!read_number(&o->rate, optarg, 0))
                return qk_command_misuse("simulate", "--rate takes frames a second, not '%s'",
                                         optarg);
            break;
        case 'd':
            if (!read_number(&o->duration_s, optarg, 0))
                return qk_command_misuse("simulate", "--duration takes seconds, not '%s'", optarg);
            break;
        case 'p': o->packets = optarg; break;
        case 'a': o->ack_log = optarg; break;
        case 'c': o->csv = optarg; break;
        case 'm': o->mn_prefix = optarg; break;
        case 'y': o->county = true; break;
        case 'k': o->clock = optarg; break;
        default: return qk_command_misuse("simulate", "unknown option");
        }
    }
    if (optind < argc)
        return qk_command_misuse("simulate", "unexpected argument '%s'", argv[optind]);
    if (!o->to) return qk_command_misuse("simulate", "--to ADDR:PORT is missing");
    if ((o->packets != NULL) + (o->csv != NULL) + o->county > 1)
        return qk_command_misuse("simulate",
                                 "--packets, --from-csv and --county exclude each other");
    return QK_EXIT_DONE;
}

static void print_result(const qk_fleet_result *r)
{
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, 4096);
    qk_json_init(&w, &out);
    qk_json_object(&w);
    qk_json_ki64(&w, "sent", (int64_t)r->sent);
    qk_json_ki64(&w, "acked", (int64_t)r->acked);
    qk_json_ki64(&w, "rejected", (int64_t)r->rejected);
    qk_json_ki64(&w, "resent", (int64_t)r->resent);
    qk_json_key(&w, "seconds");
    qk_json_fixed(&w, r->seconds, 2);
    qk_json_key(&w, "p50_ms");
    qk_json_fixed(&w, r->p50_ms, 2);
    qk_json_key(&w, "p99_ms");
    qk_json_fixed(&w, r->p99_ms, 2);
    qk_json_end(&w);
    printf("%.*s\n", (int)out.len, out.ptr ? out.ptr : "");
    qk_buf_clear(&out);
}

typedef struct simulation {
    qk_clock *clock;
    qk_log *log;
    qk_arena arena;
    qk_sim_county county;
    qk_county_source *county_source;
    qk_load_source *load;
    qk_fleet *fleet;
    FILE *ack_log;
} simulation;

static qk_code make_source(simulation *s, const simulate_options *o, qk_fleet_source *source,
                           qk_fleet_options *f, qk_error *err)
{
    if (o->county) {
        QK_TRY(qk_sim_county_make(&s->county, &s->arena));
        QK_TRY(qk_county_source_new(&s->county_source, &s->county, qk_clock_now(s->clock), 0, 0,
                                    QK_TIME_NONE));
        *source = qk_county_source_use(s->county_source);
        f->devices = s->county.n_devices;
        f->window = 8;
        return QK_OK;
    }
    if (o->csv)
        QK_TRY(qk_load_source_csv(&s->load, o->csv, o->mn_prefix, err));
    else if (o->packets)
        QK_TRY(qk_load_source_packets(&s->load, o->packets, (size_t)o->devices, o->duration_s > 0,
                                      err));
    else
        QK_TRY(qk_load_source_devices(&s->load, (size_t)o->devices, qk_clock_now(s->clock), err));
    *source = qk_load_source_use(s->load);
    f->devices = qk_load_source_count(s->load);
    f->window = o->csv ? QK_FLEET_WINDOW_MAX : 8;
    return QK_OK;
}

static qk_code simulate(simulation *s, const simulate_options *o, qk_fleet_result *result,
                        qk_error *err)
{
    qk_fleet_source source;
    qk_fleet_options f = {
        .to = o->to, .rate = o->rate < 0 ? 0 : o->rate, .duration_s = o->duration_s};
    if (!o->county && !o->csv && !o->packets && o->rate < 0) f.rate = (double)o->devices / 60;
    QK_TRY(qk_clock_new_text(&s->clock, o->clock, err));
    QK_TRY(qk_log_new(&s->log, 2, QK_LOG_INFO, NULL));
    if (o->ack_log && !(s->ack_log = fopen(o->ack_log, "w")))
        return qk_fail_errno(err, errno, "cannot write %s", o->ack_log);
    QK_TRY(make_source(s, o, &source, &f, err));
    f.clock = s->clock;
    f.log = s->log;
    f.ack_log = s->ack_log;
    QK_TRY(qk_fleet_new(&s->fleet, &f, &source, err));
    return qk_fleet_run(s->fleet, result, err);
}

int qk_cmd_simulate(int argc, char **argv)
{
    simulate_options options;
    simulation s = {0};
    qk_fleet_result result = {0};
    qk_error err = {0};
    int status = read_options(&options, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    qk_arena_init(&s.arena, 16 << 20);
    qk_code code = simulate(&s, &options, &result, &err);
    if (code == QK_OK)
        print_result(&result);
    else
        status = qk_command_refuse("simulate", &err);
    if (code == QK_OK && result.connects == 0) {
        qk_fail(&err, QK_EIO, "nobody answers at %s", options.to);
        status = qk_command_refuse("simulate", &err);
    }
    if (s.ack_log && fclose(s.ack_log) != 0) status = QK_EXIT_REFUSED;
    qk_fleet_free(s.fleet);
    qk_load_source_free(s.load);
    qk_county_source_free(s.county_source);
    qk_arena_clear(&s.arena);
    qk_log_free(s.log);
    qk_clock_free(s.clock);
    return status;
}
