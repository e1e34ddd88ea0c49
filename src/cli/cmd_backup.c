/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"
#include "cli/command.h"
#include "cli/commands.h"
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>

/* backup and restore: two commands on one form of file. */
typedef struct backup_options {
    const char *data, *to, *from, *journal;
    bool check;
} backup_options;

static int read_options(backup_options *o, const char *name, const struct option *longs, int argc,
                        char **argv)
{
    *o = (backup_options){0};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'd': o->data = optarg; break;
        case 't': o->to = optarg; break;
        case 'f': o->from = optarg; break;
        case 'j': o->journal = optarg; break;
        case 'c': o->check = true; break;
        default: return qk_command_misuse(name, "unknown option");
        }
    }
    if (optind < argc) return qk_command_misuse(name, "unexpected argument '%s'", argv[optind]);
    return QK_EXIT_DONE;
}

static void print_result(const char *done, const qk_backup_result *r)
{
    printf("%s: %llu entries, %llu bytes", done, (unsigned long long)r->entries,
           (unsigned long long)r->bytes);
}

/* To be kept where nobody who can rewrite the data folder comes. */
static void print_audit(const qk_audit_anchor *head)
{
    char hex[2 * QK_SHA256_BYTES + 1];
    if (!head->seq) return;
    qk_hex(hex, head->hash, sizeof head->hash);
    printf("audit log: line %lld, %s\n", (long long)head->seq, hex);
}

static qk_code clock_now(qk_time *now)
{
    qk_clock *clock = NULL;
    QK_TRY(qk_clock_new_real(&clock));
    *now = qk_clock_now(clock);
    qk_clock_free(clock);
    return QK_OK;
}

int qk_cmd_backup(int argc, char **argv)
{
    static const struct option longs[] = {{"data", required_argument, NULL, 'd'},
                                          {"to", required_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    backup_options o;
    qk_backup_result result;
    qk_error err = {0};
    struct stat st;
    qk_time now = 0;
    int status = read_options(&o, "backup", longs, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    if (!o.data) return qk_command_misuse("backup", "--data DIR is missing");
    if (!o.to) return qk_command_misuse("backup", "--to FILE is missing");
    if (clock_now(&now) != QK_OK || qk_backup(&result, o.data, o.to, now, &err) != QK_OK)
        return qk_command_refuse("backup", &err);
    print_result("backed up", &result);
    printf(", journal to %llu; %lld bytes in %s\n", (unsigned long long)result.journal_end,
           stat(o.to, &st) == 0 ? (long long)st.st_size : -1, o.to);
    print_audit(&result.audit);
    return QK_EXIT_DONE;
}

int qk_cmd_restore(int argc, char **argv)
{
    static const struct option longs[] = {{"data", required_argument, NULL, 'd'},
                                          {"from", required_argument, NULL, 'f'},
                                          {"journal", required_argument, NULL, 'j'},
                                          {"check", no_argument, NULL, 'c'},
                                          {NULL, 0, NULL, 0}};
    backup_options o;
    qk_backup_result result;
    qk_error err = {0};
    int status = read_options(&o, "restore", longs, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    if (!o.from) return qk_command_misuse("restore", "--from FILE is missing");
    if (!o.data == !o.check)
        return qk_command_misuse("restore", "one of --data DIR and --check is needed");
    qk_code code = o.check ? qk_backup_check(&result, o.from, &err)
                           : qk_restore(&result, o.from, o.data, o.journal, &err);
    if (code != QK_OK) return qk_command_refuse("restore", &err);
    print_result(o.check ? "sound" : "restored", &result);
    printf("\n");
    if (!o.check)
        printf("a backup does not hold secret.key: put the kept copy into %s (0600) before serve\n",
               o.data);
    return QK_EXIT_DONE;
}
