/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "store/verify.h"
#include <getopt.h>
#include <stdio.h>

enum { FAULTS_PRINTED = 200 };

typedef struct verify_options {
    const char *dir, *acks;
    bool json, quick;
} verify_options;

static int read_options(verify_options *o, int argc, char **argv)
{
    static const struct option longs[] = {{"acks", required_argument, NULL, 'a'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {NULL, 0, NULL, 0}};
    *o = (verify_options){0};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'a': o->acks = optarg; break;
        case 'j': o->json = true; break;
        case 'q': o->quick = true; break;
        default: return qk_command_misuse("verify", "unknown option");
        }
    }
    if (optind == argc) return qk_command_misuse("verify", "the data folder is missing");
    o->dir = argv[optind++];
    if (optind < argc) return qk_command_misuse("verify", "unexpected argument '%s'", argv[optind]);
    return QK_EXIT_DONE;
}

static void print_fault(void *context, const char *part, const char *text)
{
    uint32_t *printed = context;
    if ((*printed)++ < FAULTS_PRINTED) fprintf(stderr, "%s: %s\n", part, text);
}

typedef struct number {
    const char *name;
    uint64_t value;
} number;

static void put_numbers(qk_json_writer *w, const char *name, const number *numbers, size_t n)
{
    qk_json_key(w, name);
    qk_json_object(w);
    for (size_t i = 0; i < n; i++) {
        qk_json_key(w, numbers[i].name);
        qk_json_u64(w, numbers[i].value);
    }
    qk_json_end(w);
}

#define NUMBERS(w, name, ...)                               \
    put_numbers((w), (name), (const number[]){__VA_ARGS__}, \
                sizeof((const number[]){__VA_ARGS__}) / sizeof(number))

static void print_json(const qk_verify_result *r)
{
    qk_buf out;
    qk_json_writer w;
    uint64_t lag = r->end > r->processed ? r->end - r->processed : 0;
    qk_buf_init(&out, 65536);
    qk_json_init(&w, &out);
    qk_json_object(&w);
    qk_json_kbool(&w, "ok", r->faults == 0);
    qk_json_ki64(&w, "faults", (int64_t)r->faults);
    qk_json_kbool(&w, "in_use", r->held);
    NUMBERS(&w, "journal", {"segments", r->segments}, {"records", r->records},
            {"frames", r->by_kind[QK_JOURNAL_FRAME]}, {"parked", r->by_kind[QK_JOURNAL_PARKED]},
            {"refused", r->by_kind[QK_JOURNAL_REFUSED]}, {"marked_repeats", r->marked_repeats},
            {"bytes", r->end}, {"damaged_stretches", r->damaged_stretches},
            {"damaged_bytes", r->damaged_bytes}, {"torn_bytes", r->torn_bytes});
    NUMBERS(&w, "database", {"present", r->has_db}, {"schema", (uint64_t)r->schema},
            {"journal_pos", r->processed}, {"lag_bytes", lag});
    NUMBERS(&w, "blocks", {"blocks", r->blocks.blocks}, {"rows", r->blocks.rows},
            {"samples", r->blocks.samples}, {"bytes", r->blocks.bytes},
            {"damaged", r->blocks.damaged}, {"doubled", r->blocks.doubled});
    NUMBERS(&w, "files", {"files", r->files.files}, {"bytes", r->files.bytes},
            {"missing", r->files.missing}, {"damaged", r->files.damaged},
            {"unlisted", r->files.unlisted});
    NUMBERS(&w, "audit", {"lines", r->audit.lines}, {"faults", r->audit.faults});
    if (r->has_acks)
        NUMBERS(&w, "acks", {"lines", r->acks.lines}, {"keys", r->acks.keys},
                {"stored", r->acks.stored}, {"missing", r->acks.missing},
                {"repeats", r->acks.repeats}, {"changed", r->acks.changed});
    qk_json_end(&w);
    printf("%.*s\n", (int)out.len, out.ptr ? out.ptr : "");
    qk_buf_clear(&out);
}

static void print_journal(const qk_verify_result *r)
{
    char from[QK_TIME_TEXT] = "-";
    char to[QK_TIME_TEXT] = "-";
    if (r->first_at != QK_TIME_NONE) qk_time_iso(from, r->first_at);
    if (r->last_at != QK_TIME_NONE) qk_time_iso(to, r->last_at);
    printf("journal   %llu records in %llu segments, %llu bytes, %s to %s\n",
           (unsigned long long)r->records, (unsigned long long)r->segments,
           (unsigned long long)r->end, from, to);
    printf("          %llu frames (%llu of them marked as repeats), %llu parked, %llu refused\n",
           (unsigned long long)r->by_kind[QK_JOURNAL_FRAME], (unsigned long long)r->marked_repeats,
           (unsigned long long)r->by_kind[QK_JOURNAL_PARKED],
           (unsigned long long)r->by_kind[QK_JOURNAL_REFUSED]);
    if (r->damaged_stretches)
        printf("          %llu damaged stretches, %llu bytes\n",
               (unsigned long long)r->damaged_stretches, (unsigned long long)r->damaged_bytes);
    if (r->torn_bytes)
        printf("          %llu bytes of a torn tail: never promised, no fault\n",
               (unsigned long long)r->torn_bytes);
}

static void print_text(const qk_verify_result *r)
{
    print_journal(r);
    if (r->has_db)
        printf("database  schema %lld, journal read up to %llu%s\n", (long long)r->schema,
               (unsigned long long)r->processed,
               r->end > r->processed ? "; the rest is read at the next start" : "");
    else
        printf("database  none\n");
    printf(
        "blocks    %llu with %llu rows, %llu values, %llu bytes; %llu damaged, %llu rows twice\n",
        (unsigned long long)r->blocks.blocks, (unsigned long long)r->blocks.rows,
        (unsigned long long)r->blocks.samples, (unsigned long long)r->blocks.bytes,
        (unsigned long long)r->blocks.damaged, (unsigned long long)r->blocks.doubled);
    printf("files     %llu, %llu bytes; %llu missing, %llu damaged\n",
           (unsigned long long)r->files.files, (unsigned long long)r->files.bytes,
           (unsigned long long)r->files.missing, (unsigned long long)r->files.damaged);
    printf("audit     %llu lines, %s\n", (unsigned long long)r->audit.lines,
           r->audit.faults ? "BROKEN" : "whole");
    if (r->has_acks)
        printf("acks      %llu lines, %llu keys: %llu stored, %llu missing; met again %llu, with "
               "other content %llu\n",
               (unsigned long long)r->acks.lines, (unsigned long long)r->acks.keys,
               (unsigned long long)r->acks.stored, (unsigned long long)r->acks.missing,
               (unsigned long long)r->acks.repeats, (unsigned long long)r->acks.changed);
    if (r->held) printf("the folder is in use: what came during the check may be missing here\n");
    printf("%s\n", r->faults ? "FAULTS FOUND" : "whole");
}

int qk_cmd_verify(int argc, char **argv)
{
    verify_options o;
    qk_verify_result result;
    qk_error err = {0};
    uint32_t printed = 0;
    int status = read_options(&o, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    qk_verify_options options = {
        .dir = o.dir, .acks = o.acks, .quick = o.quick, .fault = print_fault, .context = &printed};
    if (qk_verify(&result, &options, &err) != QK_OK) return qk_command_refuse("verify", &err);
    if (printed > FAULTS_PRINTED)
        fprintf(stderr, "and %u more\n", (unsigned)(printed - FAULTS_PRINTED));
    if (o.json)
        print_json(&result);
    else
        print_text(&result);
    if (result.faults)
        fprintf(stderr, "qingkong verify: %s: %llu faults\n", o.dir,
                (unsigned long long)result.faults);
    return result.faults ? QK_EXIT_REFUSED : QK_EXIT_DONE;
}
