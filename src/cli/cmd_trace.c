/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace`: where the air came from. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/trace.h"
#include <getopt.h>

typedef struct number_option {
    int letter;
    double low, high;
    size_t offset;
} number_option;

#define AT(field) offsetof(trace_job, field)
static const number_option numbers[] = {
    {'q', 0, 100, AT(percentile)}, {'d', 0, 180, AT(sector_deg)}, {'H', 0, 1000, AT(hours)},
    {'m', 0, 1440, AT(step_min)},  {'c', 0, 1, AT(capture)},      {'x', 0, 200, AT(max_ws)},
    {'n', 0, 1e9, AT(noise)},      {'g', 0, 10, AT(cell_deg)},    {'R', 0, 500, AT(reach_m)},
    {'h', 0, 1e9, AT(threshold)},  {'C', 0, 5000, AT(cluster_m)}, {'G', 0, 100, AT(background)}};
static const number_option wholes[] = {{'k', 1, 100, AT(clusters)},
                                       {'b', 1, 100000, AT(bootstraps)},
                                       {'B', 1, 4800, AT(block)},
                                       {'s', 0, 9e15, AT(seed)}};
static const number_option texts[] = {
    {'i', 0, 0, AT(in)},          {'p', 0, 0, AT(pollutant)}, {'t', 0, 0, AT(statistic)},
    {'T', 0, 0, AT(time_column)}, {'w', 0, 0, AT(winds)},     {'S', 0, 0, AT(sources)},
    {'v', 0, 0, AT(values)},      {'o', 0, 0, AT(roads)},     {'a', 0, 0, AT(at)},
    {'f', 0, 0, AT(start)},       {'K', 0, 0, AT(kind)},      {'r', 0, 0, AT(breaks)},
    {'P', 0, 0, AT(percentiles)}, {'L', 0, 0, AT(level)}};

static bool take_option(trace_job *job, int o, const char *value)
{
    char *base = (char *)job;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].letter == o) memcpy(base + texts[i].offset, &value, sizeof value);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double x;
        if (numbers[i].letter != o) continue;
        if (qk_parse_f64(&x, qk_str_of(value)) != QK_OK || x < numbers[i].low ||
            x > numbers[i].high)
            return false;
        memcpy(base + numbers[i].offset, &x, sizeof x);
    }
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        int64_t n;
        if (wholes[i].letter != o) continue;
        if (qk_parse_i64(&n, qk_str_of(value)) != QK_OK || (double)n < wholes[i].low ||
            (double)n > wholes[i].high)
            return false;
        memcpy(base + wholes[i].offset, &n, sizeof n);
    }
    if (o == 'D') job->deseason = true;
    if (o == 'W') job->weather = true;
    if (o == 'V') job->by_value = true;
    return true;
}

static int parse_options(trace_job *job, int argc, char **argv)
{
    static const struct option options[] = {
        {"in", required_argument, NULL, 'i'},          {"pollutant", required_argument, NULL, 'p'},
        {"statistic", required_argument, NULL, 't'},   {"percentile", required_argument, NULL, 'q'},
        {"percentiles", required_argument, NULL, 'P'}, {"breaks", required_argument, NULL, 'r'},
        {"by-value", no_argument, NULL, 'V'},          {"sector", required_argument, NULL, 'd'},
        {"max-ws", required_argument, NULL, 'x'},      {"time", required_argument, NULL, 'T'},
        {"capture", required_argument, NULL, 'c'},     {"deseason", no_argument, NULL, 'D'},
        {"weather", no_argument, NULL, 'W'},           {"bootstraps", required_argument, NULL, 'b'},
        {"block", required_argument, NULL, 'B'},       {"seed", required_argument, NULL, 's'},
        {"winds", required_argument, NULL, 'w'},       {"sources", required_argument, NULL, 'S'},
        {"at", required_argument, NULL, 'a'},          {"start", required_argument, NULL, 'f'},
        {"hours", required_argument, NULL, 'H'},       {"step", required_argument, NULL, 'm'},
        {"noise", required_argument, NULL, 'n'},       {"values", required_argument, NULL, 'v'},
        {"roads", required_argument, NULL, 'o'},       {"reach", required_argument, NULL, 'R'},
        {"threshold", required_argument, NULL, 'h'},   {"join", required_argument, NULL, 'C'},
        {"background", required_argument, NULL, 'G'},  {"cell", required_argument, NULL, 'g'},
        {"clusters", required_argument, NULL, 'k'},    {"kind", required_argument, NULL, 'K'},
        {"level", required_argument, NULL, 'L'},       {0}};
    int o, index = 0;
    *job = (trace_job){.in = "-", .statistic = "mean", .time_column = "date", .percentile = 90};
    job->seed = 1;
    while ((o = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (o == '?') return qk_command_misuse("trace", "unknown option");
        if (!take_option(job, o, optarg))
            return qk_command_misuse("trace", "--%s: not '%s'", options[index].name, optarg);
    }
    return 0;
}

typedef struct trace_kind {
    const char *name;
    qk_code (*run)(const trace_job *job, qk_error *err);
    bool pollutant; /* must be named */
} trace_kind;

int qk_cmd_trace(int argc, char **argv)
{
    static const trace_kind kinds[] = {{"polar", trace_polar, true},
                                       {"annulus", trace_annulus, true},
                                       {"sector", trace_sector, false},
                                       {"trend", trace_trend, true},
                                       {"time", trace_time, true},
                                       {"calendar", trace_calendar, true},
                                       {"trajectory", trace_trajectory, false},
                                       {"hysplit", trace_hysplit, false},
                                       {"cluster", trace_cluster, false},
                                       {"cells", trace_cells, true},
                                       {"suspects", trace_suspects, true},
                                       {"survey", trace_survey, true}};
    trace_job job;
    qk_error err = {0};
    int status = parse_options(&job, argc, argv);
    if (status) return status;
    if (argc - optind != 1) return qk_command_misuse("trace", "one kind of trace is due");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(argv[optind], kinds[i].name) != 0) continue;
        if (kinds[i].pollutant && !job.pollutant)
            return qk_command_misuse("trace", "%s needs --pollutant", kinds[i].name);
        qk_code code = kinds[i].run(&job, &err);
        if (code == QK_OK) return QK_EXIT_DONE;
        return code == QK_EINVAL ? qk_command_misuse("trace", "%s", err.message)
                                 : qk_command_refuse("trace", &err);
    }
    return qk_command_misuse("trace", "no such thing as 'trace %s'", argv[optind]);
}
