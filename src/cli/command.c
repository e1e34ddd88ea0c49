/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include <stdio.h>

const qk_command qk_commands[] = {
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
