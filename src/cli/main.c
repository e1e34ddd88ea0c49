/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include <stdio.h>
#include <string.h>

static const qk_command *find_command(const char *name)
{
    for (const qk_command *c = qk_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

static int print_help(FILE *out, const char *topic)
{
    if (topic) {
        const qk_command *c = find_command(topic);
        if (!c) return qk_command_misuse("help", "no command '%s'", topic);
        fprintf(out, "qingkong %s - %s\n\n%s", c->name, c->summary, c->usage);
        return QK_EXIT_DONE;
    }
    fputs(
        "qingkong - runs the air of a county: reads its plan, watches what the plan names, closes "
        "every loop\n\nusage: qingkong COMMAND [OPTION]... [ARGUMENT]...\n\n",
        out);
    for (const qk_command *c = qk_commands; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->summary);
    fputs("\n'qingkong help COMMAND' tells the rest.\n", out);
    return QK_EXIT_DONE;
}

/* `qingkong air evaluate --help` is what a newcomer types: the word may stand anywhere. */
static bool asks_help(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0) return true;
    return argc == 3 && strcmp(argv[2], "-h") == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr, NULL);
        return QK_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts("qingkong " QK_VERSION);
        return QK_EXIT_DONE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_help(stdout, argc > 2 ? argv[2] : NULL);
    const qk_command *command = find_command(name);
    if (!command) return qk_command_misuse(name, "no such command");
    if (asks_help(argc, argv)) return print_help(stdout, name);
    return command->run(argc - 1, argv + 1);
}
