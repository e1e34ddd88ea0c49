/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/commands.h"
#include <stdio.h>

static const char simulate_usage[] =
    "usage: qingkong simulate --to ADDR:PORT [--devices N] [--rate R] [--duration S]\n"
    "                         [--packets FILE | --from-csv FILE [--mn-prefix P] | --county]\n"
    "                         [--ack-log FILE] [--clock T[xSPEED]]\n\n"
    "Plays field machines that speak HJ 212 over TCP and wait for their 9014.\n"
    "  --devices N    loggers to play (10)\n"
    "  --rate R       frames a second of all together; 0 = as fast as they are answered\n"
    "                 (one a minute and device)\n"
    "  --duration S   stop after S seconds; 0 = never\n"
    "  --packets F    send the lines of F, each a frame as it stands\n"
    "  --from-csv F   replay hourly records (station,time,SO2,NO2,CO,O3,PM10,PM2.5) as stations\n"
    "  --county       play the devices of the demo county\n"
    "  --ack-log F    a line 'MN QN CN DataTime' for each answered frame\n"
    "Ends with a line of JSON: sent, acked, rejected, seconds, p50_ms, p99_ms.\n";

const qk_command qk_commands[] = {
    {"simulate", qk_cmd_simulate, "plays devices that speak HJ 212", simulate_usage},
    {NULL, NULL, NULL, NULL},
};

int qk_command_refuse(const char *name, const qk_error *err)
{
    char text[700];
    qk_error_format(err, text, sizeof text);
    fprintf(stderr, "qingkong %s: %s\n", name, text);
    return QK_EXIT_REFUSED;
}

int qk_command_misuse(const char *name, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "qingkong %s: ", name);
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "; see 'qingkong help %s'\n", name);
    va_end(args);
    return QK_EXIT_USAGE;
}
