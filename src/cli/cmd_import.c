/* SPDX-License-Identifier: Apache-2.0 */
/* A county's register from a file: into a folder that no server holds, or through the API of the
 * one that does. */
#include "base/file.h"
#include "base/json.h"
#include "cli/caller.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "domain/node.h"
#include "domain/register_sheet.h"
#include "store/audit.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

typedef struct import {
    const char *what, *file, *data_dir, *http;
    bool dry_run, english;
    qk_buf bytes, answer;
} import;

static int read_options(import *m, int argc, char **argv)
{
    static const struct option longs[] = {{"data", required_argument, NULL, 'd'},
                                          {"http", required_argument, NULL, 'a'},
                                          {"dry-run", no_argument, NULL, 'n'},
                                          {"lang", required_argument, NULL, 'l'},
                                          {NULL, 0, NULL, 0}};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'd': m->data_dir = optarg; break;
        case 'a': m->http = optarg; break;
        case 'n': m->dry_run = true; break;
        case 'l': m->english = strcmp(optarg, "en") == 0; break;
        default: return qk_command_misuse("import", "unknown option or missing value");
        }
    }
    if (optind < argc) m->what = argv[optind++];
    if (optind < argc) m->file = argv[optind++];
    if (optind < argc) return qk_command_misuse("import", "unexpected argument '%s'", argv[optind]);
    if (!m->what || strcmp(m->what, "register") != 0)
        return qk_command_misuse("import", "'import register FILE' it is");
    if (!m->data_dir) return qk_command_misuse("import", "--data DIR is needed");
    return QK_EXIT_DONE;
}

static bool is_stdin(const import *m)
{
    return !m->file || strcmp(m->file, "-") == 0;
}

static qk_code read_file(import *m, qk_error *err)
{
    char part[65536];
    if (!is_stdin(m)) return qk_file_read(&m->bytes, m->file, err);
    for (size_t n; (n = fread(part, 1, sizeof part, stdin)) > 0;) qk_buf_append(&m->bytes, part, n);
    if (ferror(stdin)) return qk_fail(err, QK_EIO, "standard input cannot be read");
    return m->bytes.failed ? qk_fail(err, m->bytes.failed, "the file is larger than 32 MiB")
                           : QK_OK;
}

/* ---- into the folder ---- */

static qk_code take(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    import *m = context;
    qk_register_taken got;
    qk_json_writer w;
    char detail[160];
    qk_code code =
        qk_register_take(&got, qk_node_registry(node), db, qk_buf_str(&m->bytes), !m->dry_run,
                         QK_REGISTER_SITES | QK_REGISTER_DEVICES | QK_REGISTER_ORGANISATION,
                         QK_STR("command"), now, err);
    if (!code && got.committed) {
        snprintf(detail, sizeof detail, "{\"added\":%zu,\"changed\":%zu,\"same\":%zu}", got.added,
                 got.changed, got.same);
        qk_audit_line line = {.at = now,
                              .who = QK_STR("command"),
                              .what = QK_STR("register.import"),
                              .object = QK_STR("register"),
                              .detail = qk_str_of(detail)};
        code = qk_audit_append(db, NULL, &line, err);
    }
    qk_json_init(&w, &m->answer);
    if (!code) qk_register_taken_json(&w, &got);
    qk_register_taken_clear(&got);
    return code;
}

static qk_code import_here(import *m, qk_error *err)
{
    qk_node *node = NULL;
    qk_node_options options = {.data_dir = m->data_dir};
    QK_TRY(qk_node_open(&node, &options, err));
    qk_code code = qk_node_call(node, take, m, err);
    qk_node_close(node);
    return code;
}

/* ---- through the server ---- */

static const char *type_of(qk_str bytes)
{
    qk_str text = qk_str_trim(bytes);
    if (text.len > 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0)
        text = (qk_str){text.ptr + 3, text.len - 3};
    if (text.len && text.ptr[0] == '{') return "application/json";
    if (qk_str_starts(text, QK_STR("PK")))
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    return "text/csv";
}

static qk_code import_there(import *m, qk_error *err)
{
    long status = 0;
    qk_call call = {m->data_dir, m->http, "operator.key"};
    qk_str bytes = qk_buf_str(&m->bytes);
    QK_TRY(qk_caller_ask(&m->answer, &status, &call, "POST",
                         m->dry_run ? "/register" : "/register?commit", type_of(bytes), bytes,
                         err));
    return status == 200 ? QK_OK : qk_caller_refused(status, qk_buf_str(&m->answer), err);
}

/* ---- telling ---- */

static void print_refusal(const import *m, const qk_json_value *r)
{
    int64_t line = 0, column = 0;
    qk_str field = qk_json_get_str(r, "field");
    qk_str text = qk_json_get_str(r, m->english ? "message_en" : "message_zh");
    (void)qk_json_get_i64(r, "line", &line);
    (void)qk_json_get_i64(r, "column", &column);
    fprintf(stderr, "%s:%lld:%lld: %.*s%s%.*s\n", is_stdin(m) ? "-" : m->file, (long long)line,
            (long long)column, QK_STR_ARG(field), field.len ? ": " : "", QK_STR_ARG(text));
}

static void print_item(const qk_json_value *item)
{
    int64_t line = 0;
    const qk_json_value *fields = qk_json_get(item, "fields");
    (void)qk_json_get_i64(item, "line", &line);
    printf("%lld\t%.*s\t%.*s\t%.*s", (long long)line, QK_STR_ARG(qk_json_get_str(item, "fate")),
           QK_STR_ARG(qk_json_get_str(item, "kind")), QK_STR_ARG(qk_json_get_str(item, "key")));
    for (const qk_json_value *f = fields ? fields->first : NULL; f; f = f->next) {
        const qk_json_value *old = qk_json_get(f, "old"), *new = qk_json_get(f, "new");
        printf("\t%.*s", QK_STR_ARG(qk_json_get_str(f, "name")));
        if (old && new) printf(" %.*s→%.*s", QK_STR_ARG(old->text), QK_STR_ARG(new->text));
    }
    putchar('\n');
}

static int64_t number_of(const qk_json_value *v, const char *name)
{
    int64_t n = 0;
    (void)qk_json_get_i64(v, name, &n);
    return n;
}

static qk_code print_answer(const import *m, qk_error *err)
{
    qk_arena arena;
    qk_json_value *v = NULL;
    qk_arena_init(&arena, (size_t)64 << 20);
    qk_code code = qk_json_parse(&v, qk_buf_str(&m->answer), &arena, err);
    if (code) goto out;
    const qk_json_value *items = qk_json_get(v, "items"), *refusals = qk_json_get(v, "refusals");
    for (const qk_json_value *i = items ? items->first : NULL; i; i = i->next) print_item(i);
    for (const qk_json_value *r = refusals ? refusals->first : NULL; r; r = r->next)
        print_refusal(m, r);
    printf("%s: %lld added, %lld changed, %lld the same\n",
           qk_json_get_bool(v, "committed", false) ? "taken in" : "nothing taken in",
           (long long)number_of(v, "added"), (long long)number_of(v, "changed"),
           (long long)number_of(v, "same"));
    if (number_of(v, "refused"))
        code = qk_fail(err, QK_EFORMAT, "%lld faults; nothing was taken in",
                       (long long)number_of(v, "refused"));
out:
    qk_arena_clear(&arena);
    return code;
}

int qk_cmd_import(int argc, char **argv)
{
import m = {0 };
    qk_error err = {0};
    int status = read_options(&m, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    qk_buf_init(&m.bytes, QK_REGISTER_BYTES);
    qk_buf_init(&m.answer, (size_t)16 << 20);
    qk_code code = read_file(&m, &err);
    if (!code) code = qk_caller_held(m.data_dir) ? import_there(&m, &err) : import_here(&m, &err);
    if (!code) code = print_answer(&m, &err);
    if (code) status = qk_command_refuse("import", &err);
    qk_buf_clear(&m.bytes);
    qk_buf_clear(&m.answer);
    return status;
}
