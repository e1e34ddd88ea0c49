/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/commands.h"
#include "gateway/gateway.h"
#include "web/server.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Five seconds are promised for the end; what is not tidied by then is safe in the journal. */
static const struct itimerval end_within = {.it_value = {.tv_sec = 4, .tv_usec = 700000}};

typedef struct serve {
    const char *data_dir, *http, *hj212, *clock;
    bool accept_any, demo;
    qk_gateway_options limits;
    qk_level level;
    qk_log *log;
    qk_clock *log_clock;
    qk_node *node;
    qk_gateway *gateway;
    qk_web *web;
} serve;

static bool read_limit(uint32_t *out, const char *text)
{
    uint64_t n;
    if (qk_parse_u64(&n, qk_str_of(text)) != QK_OK || n < 1 || n > 1000000) return false;
    *out = (uint32_t)n;
    return true;
}

static int read_options(serve *s, int argc, char **argv)
{
    static const struct option longs[] = {{"data", required_argument, NULL, 'd'},
                                          {"http", required_argument, NULL, 'h'},
                                          {"hj212", required_argument, NULL, 'j'},
                                          {"clock", required_argument, NULL, 'c'},
                                          {"accept-any", no_argument, NULL, 'a'},
                                          {"demo", no_argument, NULL, 'm'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {"max-connections", required_argument, NULL, 1},
                                          {"max-per-address", required_argument, NULL, 2},
                                          {"idle", required_argument, NULL, 3},
                                          {"half-frame", required_argument, NULL, 4},
                                          {"stall", required_argument, NULL, 5},
                                          {NULL, 0, NULL, 0}};
    uint32_t *const limit[] = {&s->limits.max_connections, &s->limits.max_per_address,
                               &s->limits.idle_s, &s->limits.half_frame_s, &s->limits.stall_s};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'd': s->data_dir = optarg; break;
        case 'h': s->http = optarg; break;
        case 'j': s->hj212 = optarg; break;
        case 'c': s->clock = optarg; break;
        case 'a': s->accept_any = true; break;
        case 'm': s->demo = true; break;
        case 'v': s->level = QK_LOG_DEBUG; break;
        case 1:
        case 2:
        case 3:
        case 4:
        case 5:
            if (!read_limit(limit[c - 1], optarg))
                return qk_command_misuse("serve", "'%s' is not a number from 1 to 1000000", optarg);
            break;
        default: return qk_command_misuse("serve", "unknown option or missing value");
        }
    }
    if (optind < argc) return qk_command_misuse("serve", "unexpected argument '%s'", argv[optind]);
    if (!s->data_dir) return qk_command_misuse("serve", "--data DIR is needed");
    return QK_EXIT_DONE;
}

/* The protocol of sd_notify(3): one datagram to the socket that systemd names. */
static void notify_manager(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!path || !path[0] || strlen(path) >= sizeof to.sun_path) return;
    memcpy(to.sun_path, path, strlen(path));
    if (path[0] == '@') to.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, len);
    close(fd);
}

static qk_code start_serving(serve *s, qk_error *err)
{
    QK_TRY(qk_clock_new_real(&s->log_clock));
    QK_TRY(qk_log_new(&s->log, STDERR_FILENO, s->level, s->log_clock));
    qk_node_options node = {.data_dir = s->data_dir,
                            .clock_text = s->clock,
                            .demo = s->demo,
                            .accept_any = s->accept_any,
                            .log = s->log};
    QK_TRY(qk_node_open(&s->node, &node, err));
    qk_gateway_options gateway = s->limits;
    gateway.listen = s->hj212;
    QK_TRY(qk_gateway_start(&s->gateway, s->node, &gateway, err));
    qk_web_options web = {.listen = s->http};
    return qk_web_start(&s->web, s->node, s->gateway, &web, err);
}

/* The address as asked for, with the port that was found. */
static void print_address(const char *before, const char *asked, uint16_t port, const char *after)
{
    const char *colon = strrchr(asked, ':');
    printf("%s%.*s:%u%s\n", before, colon ? (int)(colon - asked) : 0, asked, (unsigned)port, after);
}

static void end_at_once(int sig)
{
    (void)sig;
    _exit(QK_EXIT_DONE);
}

/* The page goes first, then devices are answered for what is safe, then the store is closed. */
static void stop_serving(serve *s)
{
    signal(SIGALRM, end_at_once);
    (void)setitimer(ITIMER_REAL, &end_within, NULL);
    qk_web_stop(s->web);
    qk_gateway_stop(s->gateway);
    qk_node_close(s->node);
    qk_log_free(s->log);
    qk_clock_free(s->log_clock);
}

static int serve_until_signal(serve *s, const sigset_t *signals)
{
    int sig;
    qk_error err = {0};
    int status = QK_EXIT_DONE;
    if (start_serving(s, &err) == QK_OK) {
        print_address("page http://", s->http, qk_web_port(s->web), "/");
        print_address("devices ", s->hj212, qk_gateway_port(s->gateway), "");
        if (qk_web_setup_code(s->web)[0])
            printf("no accounts yet; set-up code %s (in setup.code of the data folder)\n",
                   qk_web_setup_code(s->web));
        fflush(stdout);
        notify_manager("READY=1");
        while (sigwait(signals, &sig) != 0) {
        }
        notify_manager("STOPPING=1");
        qk_log_print(s->log, QK_LOG_INFO, "serve", "ending on signal %d", sig);
    } else {
        status = qk_command_refuse("serve", &err);
    }
    stop_serving(s);
    return status;
}

int qk_cmd_serve(int argc, char **argv)
{
    serve s = {.http = "127.0.0.1:8080", .hj212 = "127.0.0.1:9212", .level = QK_LOG_INFO};
    sigset_t signals;
    int status = read_options(&s, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    /* Blocked before any thread begins, so that only the sigwait above sees them. */
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    /* A file-size limit is a full disk: told, waited out, not died of. */
    signal(SIGXFSZ, SIG_IGN);
    return serve_until_signal(&s, &signals);
}
