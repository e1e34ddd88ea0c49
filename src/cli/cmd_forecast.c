/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong forecast`: the air of the days to come. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/forecast.h"
#include <getopt.h>

static bool parse_day(int32_t *out, const char *text)
{
    qk_time t;
    if (qk_time_parse(&t, qk_str_of(text)) != QK_OK) return false;
    *out = qk_day_number(t);
    return true;
}

/* "1..10", or one lead. */
static bool parse_leads(forecast_job *job, const char *text)
{
    qk_str all = qk_str_of(text);
    size_t dots = qk_str_find(all, QK_STR(".."), 0);
    int64_t first, last;
    qk_str head = dots == SIZE_MAX ? all : (qk_str){all.ptr, dots};
    qk_str tail = dots == SIZE_MAX ? all : (qk_str){all.ptr + dots + 2, all.len - dots - 2};
    if (qk_parse_i64(&first, head) != QK_OK || qk_parse_i64(&last, tail) != QK_OK) return false;
    if (first < 1 || last < first || last > QK_GUIDANCE_LEADS) return false;
    job->first_lead = (int32_t)first;
    job->last_lead = (int32_t)last;
    return true;
}

static bool take_option(forecast_job *job, int o, const char *value)
{
    switch (o) {
    case 'h': job->hours = value; return true;
    case 's': job->stations = value; return true;
    case 'w': job->weather = value; return true;
    case 'H': job->holidays = value; return true;
    case 'o': job->out = value; return true;
    case 'r': job->standard = value; return true;
    case 'S': job->scores = true; return true;
    case 'd': job->data_dir = value; return true;
    case 'a': job->http = value; return true;
    case 'n': job->dry_run = true; return true;
    case 'u': return parse_day(&job->train_until, value);
    case 'f': return parse_day(&job->from, value);
    case 't': return parse_day(&job->to, value);
    case 'i': return parse_day(&job->issued, value);
    case 'l': return parse_leads(job, value);
    default: return false;
    }
}

static int parse_options(forecast_job *job, int argc, char **argv)
{
    static const struct option options[] = {
        {"hours", required_argument, NULL, 'h'},   {"stations", required_argument, NULL, 's'},
        {"weather", required_argument, NULL, 'w'}, {"holidays", required_argument, NULL, 'H'},
        {"out", required_argument, NULL, 'o'},     {"standard", required_argument, NULL, 'r'},
        {"scores", no_argument, NULL, 'S'},        {"train-until", required_argument, NULL, 'u'},
        {"from", required_argument, NULL, 'f'},    {"to", required_argument, NULL, 't'},
        {"issued", required_argument, NULL, 'i'},  {"leads", required_argument, NULL, 'l'},
        {"data", required_argument, NULL, 'd'},    {"http", required_argument, NULL, 'a'},
        {"dry-run", no_argument, NULL, 'n'},       {0}};
    int o, index = 0;
    *job = (forecast_job){.train_until = INT32_MIN, .from = INT32_MIN, .to = INT32_MIN};
    job->issued = INT32_MIN;
    while ((o = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (o == '?') return qk_command_misuse("forecast", "unknown option");
        if (!take_option(job, o, optarg))
            return qk_command_misuse("forecast", "--%s: not '%s'", options[index].name, optarg);
    }
    return 0;
}

int qk_cmd_forecast(int argc, char **argv)
{
    forecast_job job;
    qk_error err = {0};
    qk_code code;
    int status = parse_options(&job, argc, argv);
    if (status) return status;
    if (argc - optind == 2 && strcmp(argv[optind], "weather") == 0) {
        job.file = argv[optind + 1];
        if (!job.data_dir) return qk_command_misuse("forecast", "weather FILE needs --data DIR");
        code = forecast_import(&job, &err);
        return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("forecast", &err);
    }
    if (argc - optind != 1) return qk_command_misuse("forecast", "one of hindcast, run, weather");
    if (!job.hours || !job.weather)
        return qk_command_misuse("forecast", "--hours and --weather are due");
    if (strcmp(argv[optind], "hindcast") == 0) {
        if (job.train_until == INT32_MIN || job.from == INT32_MIN || job.to == INT32_MIN)
            return qk_command_misuse("forecast", "--train-until, --from and --to are due");
        if (!job.last_lead) job.first_lead = 1, job.last_lead = 10;
        code = forecast_hindcast(&job, &err);
    } else if (strcmp(argv[optind], "run") == 0) {
        if (job.issued == INT32_MIN) return qk_command_misuse("forecast", "--issued is due");
        if (!job.last_lead) job.first_lead = 1, job.last_lead = QK_GUIDANCE_LEADS;
        code = forecast_run(&job, &err);
    } else {
        return qk_command_misuse("forecast", "no such thing as 'forecast %s'", argv[optind]);
    }
    if (code == QK_OK) return QK_EXIT_DONE;
    return code == QK_EINVAL ? qk_command_misuse("forecast", "%s", err.message)
                             : qk_command_refuse("forecast", &err);
}
