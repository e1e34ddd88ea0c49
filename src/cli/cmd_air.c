/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong air`: evaluation of hourly records, and what is left of a plan's targets. */
#include "cli/air.h"
#include "cli/air_target.h"
#include "cli/command.h"
#include "cli/commands.h"
#include <getopt.h>

typedef struct air_job {
    air_options options;
    qk_rules rules;
    const char *hours, *stations, *dust, *plan;
    const char *rules_file, *standard, *index; /* NULL: the shipped tables, by date */
    int32_t asof;
    bool has_asof;
} air_job;

static bool parse_day(int32_t *out, const char *text)
{
    qk_time t;
    if (qk_time_parse(&t, qk_str_of(text)) != QK_OK) return false;
    *out = qk_day_number(t);
    return true;
}

/* 0 or the exit status of a wrong option. */
static int take_option(air_job *job, int o, const char *value)
{
    switch (o) {
    case 'h': job->hours = value; return 0;
    case 's': job->stations = value; return 0;
    case 'd': job->dust = value; return 0;
    case 'p': job->plan = value; return 0;
    case 'a':
        job->has_asof = true;
        if (parse_day(&job->asof, value)) return 0;
        return qk_command_misuse("air", "--asof: no date '%s'", value);
    case 'f':
        if (parse_day(&job->options.from_day, value)) return 0;
        return qk_command_misuse("air", "--from: no date '%s'", value);
    case 't':
        if (parse_day(&job->options.to_day, value)) return 0;
        return qk_command_misuse("air", "--to: no date '%s'", value);
    case 'r': job->standard = value; return 0;
    case 'i': job->index = value; return 0;
    case 'R': job->rules_file = value; return 0;
    default: return qk_command_misuse("air", "unknown option");
    }
}

static int parse_options(air_job *job, int argc, char **argv)
{
    static const struct option options[] = {{"hours", required_argument, NULL, 'h'},
                                            {"stations", required_argument, NULL, 's'},
                                            {"dust", required_argument, NULL, 'd'},
                                            {"plan", required_argument, NULL, 'p'},
                                            {"asof", required_argument, NULL, 'a'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"to", required_argument, NULL, 't'},
                                            {"standard", required_argument, NULL, 'r'},
                                            {"index", required_argument, NULL, 'i'},
                                            {"rules", required_argument, NULL, 'R'},
                                            {0}};
    int o;
    *job = (air_job){.options = {.from_day = INT32_MIN, .to_day = INT32_MAX}, .hours = "-"};
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int status = take_option(job, o, optarg);
        if (status) return status;
    }
    return 0;
}

/* Names of editions and profiles mean something only once the tables are read. */
static int settle_rules(air_job *job)
{
    qk_error err = {0};
    qk_rules_default(&job->rules);
    if (job->rules_file && air_read_rules(&job->rules, job->rules_file, &err) != QK_OK)
        return qk_command_refuse("air", &err);
    job->options.rules = &job->rules;
    if (job->standard && strcmp(job->standard, "auto") != 0) {
        job->options.rule = qk_rules_aqi_named(&job->rules, qk_str_of(job->standard));
        if (!job->options.rule) return qk_command_misuse("air", "--standard is auto, 2012 or 2026");
    }
    if (job->index && strcmp(job->index, "auto") != 0) {
        job->options.profile = qk_rules_index_named(&job->rules, qk_str_of(job->index));
        if (!job->options.profile)
            return qk_command_misuse("air", "--index: no profile '%s'", job->index);
    }
    return 0;
}

static int run_rules(const air_job *job)
{
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, 1 << 22);
    qk_json_init(&w, &out);
    w.pretty = true;
    qk_rules_write(&w, &job->rules);
    qk_buf_putc(&out, '\n');
    bool written = out.failed == QK_OK && fwrite(out.ptr, 1, out.len, stdout) == out.len;
    qk_buf_clear(&out);
    return written ? QK_EXIT_DONE : QK_EXIT_REFUSED;
}

static qk_code read_all(const air_job *job, air *a, qk_error *err)
{
    if (job->stations) QK_TRY(air_read_stations(a, job->stations, err));
    if (job->dust) QK_TRY(air_read_dust(a, job->dust, err));
    QK_TRY(air_read_hours(a, job->hours, err));
    return air_finish(a, err);
}

static int run_evaluate(const air_job *job)
{
    air *a = NULL;
    qk_error err = {0};
    qk_code code = air_new(&a, &job->options, &err);
    if (code == QK_OK) code = read_all(job, a, &err);
    if (code == QK_OK) code = air_write(a, stdout, &err);
    air_free(a);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("air", &err);
}

static int run_target(air_job *job)
{
    air *a = NULL;
    qk_error err = {0};
    if (!job->plan || !job->has_asof)
        return qk_command_misuse("air", "target needs --plan and --asof");
    job->options.quiet = true;
    if (job->options.to_day > job->asof) job->options.to_day = job->asof;
    qk_code code = air_new(&a, &job->options, &err);
    if (code == QK_OK) code = read_all(job, a, &err);
    if (code == QK_OK) code = air_target_write(a, job->plan, job->asof, stdout, &err);
    air_free(a);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("air", &err);
}

int qk_cmd_air(int argc, char **argv)
{
    air_job job;
    int status = parse_options(&job, argc, argv);
    if (status) return status;
    if (argc == optind) return qk_command_misuse("air", "one of evaluate, target, rules");
    if (argc - optind > 1)
        return qk_command_misuse("air", "'%s' is no option; files are named by --hours FILE.csv",
                                 argv[optind + 1]);
    if (job.options.from_day > job.options.to_day)
        return qk_command_misuse("air", "--from lies behind --to");
    status = settle_rules(&job);
    if (status) return status;
    if (strcmp(argv[optind], "rules") == 0) return run_rules(&job);
    if (strcmp(argv[optind], "evaluate") == 0) return run_evaluate(&job);
    if (strcmp(argv[optind], "target") == 0) return run_target(&job);
    return qk_command_misuse("air", "no such thing as 'air %s'", argv[optind]);
}
