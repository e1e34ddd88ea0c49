/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong disperse CASE.inp`: the steady-state plume of an AERMOD runstream. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/disperse.h"
#include <getopt.h>

static volatile sig_atomic_t stop_asked;

static void ask_stop(int sig)
{
    (void)sig;
    stop_asked = 1;
}

int qk_cmd_disperse(int argc, char **argv)
{
    static const struct option options[] = {
        {"threads", required_argument, NULL, 't'}, {"state", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'},         {"check", no_argument, NULL, 'c'},
        {"exact", no_argument, NULL, 'x'},         {0}};
    disperse_options o = {0};
    const char *threads = NULL;
    qk_error err = {0};
    int option;
    struct sigaction action = {.sa_handler = ask_stop, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (argc > 1 && strcmp(argv[1], "matrix") == 0)
        return disperse_matrix(argc - 1, argv + 1, &stop_asked);
    if (argc > 1 && strcmp(argv[1], "scenario") == 0) return disperse_scenario(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "response") == 0) return disperse_response(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "weather") == 0) return disperse_weather(argc - 1, argv + 1);
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 't')
            threads = optarg;
        else if (option == 's')
            o.state = optarg;
        else if (option == 'q')
            o.quiet = true;
        else if (option == 'c')
            o.check_only = true;
        else if (option == 'x')
            o.exact = true;
        else
            return qk_command_misuse("disperse", "unknown option");
    }
    if (argc - optind > 1) return qk_command_misuse("disperse", "one runstream");
    o.path = optind < argc ? argv[optind] : "-";
    o.threads = disperse_threads(threads);
    if (disperse_run(&o, &stop_asked, &err) != QK_OK) return qk_command_refuse("disperse", &err);
    return QK_EXIT_DONE;
}
