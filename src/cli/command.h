/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_COMMAND_H
#define QK_CLI_COMMAND_H
/* The program's commands: one file each (cli/cmd_NAME.c), all in one table.
 *
 * A command gets argv from its own name on (argv[0] is the command) and returns the exit status of
 * the contract: 0 done, 1 the input was refused or a check failed, 2 wrong use. Options may stand
 * before or after arguments (getopt_long's permutation). Messages go to standard error. */
#include "base/error.h"

enum { QK_EXIT_DONE = 0, QK_EXIT_REFUSED = 1, QK_EXIT_USAGE = 2 };

typedef struct qk_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary; /* one line, English */
    const char *usage;   /* what `help NAME` prints after the summary */
} qk_command;

extern const qk_command qk_commands[]; /* ends with a NULL name */

/* Prints "qingkong NAME: error" on standard error; returns QK_EXIT_REFUSED. */
int qk_command_refuse(const char *name, const qk_error *err);
/* Prints a formatted complaint and where to find the usage; returns QK_EXIT_USAGE. */
int qk_command_misuse(const char *name, const char *fmt, ...) QK_PRINTF(2, 3);
#endif
