/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong calc NAME`: CSV in, the same rows with the asked columns out. */
#include "base/csv.h"
#include "cli/air.h"
#include "cli/calc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

enum { LIST_ARENA = 1 << 26 };

typedef struct calc_job {
    const calc_def *def;
    const char *path;
    bool explain;
    const char *rules_file; /* NULL: the shipped tables */
    qk_rules rules;
    int32_t day; /* INT32_MAX: the newest rows */
    FILE *file;
    qk_csv_reader *reader;
    size_t given_at[CALC_GIVEN_MAX];
    size_t asked_at[CALC_ASKED_MAX]; /* column replaced in place, or SIZE_MAX: appended */
    qk_arena arena;
    calc_row row;
    qk_buf out;
} calc_job;

static const calc_def *find_def(const char *name)
{
    const calc_def *const tables[] = {calc_air, calc_source};
    for (size_t t = 0; t < 2; t++)
        for (const calc_def *d = tables[t]; d->name; d++)
            if (strcmp(d->name, name) == 0) return d;
    return NULL;
}

static void list_names(FILE *to)
{
    const calc_def *const tables[] = {calc_air, calc_source};
    for (size_t t = 0; t < 2; t++)
        for (const calc_def *d = tables[t]; d->name; d++) fprintf(to, "%s\n", d->name);
}

static qk_code map_columns(calc_job *job, qk_error *err)
{
    size_t columns = qk_csv_columns(job->reader);
    for (int i = 0; job->def->given[i]; i++) {
        job->given_at[i] = qk_csv_column(job->reader, job->def->given[i]);
        size_t twice = qk_csv_column_twice(job->reader, job->given_at[i]);
        if (twice != SIZE_MAX) {
            qk_fail(err, QK_EFORMAT, "the column '%s' stands twice", job->def->given[i]);
            qk_error_at(err, job->path, 1, (uint32_t)twice + 1);
            return QK_EFORMAT;
        }
        if (job->given_at[i] != SIZE_MAX || ((job->def->optional >> i) & 1)) continue;
        qk_fail(err, QK_EFORMAT, "no column '%s'", job->def->given[i]);
        qk_error_at(err, job->path, 1, 0);
        return QK_EFORMAT;
    }
    for (int j = 0; job->def->asked[j]; j++) {
        job->asked_at[j] = SIZE_MAX;
        for (size_t c = 0; c < columns; c++)
            if (qk_str_eq(qk_csv_header(job->reader, c), qk_str_of(job->def->asked[j])))
                job->asked_at[j] = c;
    }
    return QK_OK;
}

static void put_appended(calc_job *job, bool header)
{
    for (int j = 0; job->def->asked[j]; j++) {
        if (job->asked_at[j] != SIZE_MAX) continue;
        qk_str cell = {0};
        if (header)
            cell = qk_str_of(job->def->asked[j]);
        else if (job->row.len[j])
            cell = (qk_str){job->row.text.ptr + job->row.at[j], job->row.len[j]};
        qk_csv_put(&job->out, cell, false);
    }
    if (job->explain)
        qk_csv_put(&job->out, header ? QK_STR("rule") : qk_str_of(job->row.rule), false);
    qk_buf_putc(&job->out, '\n');
}

static void put_header(calc_job *job)
{
    for (size_t c = 0; c < qk_csv_columns(job->reader); c++)
        qk_csv_put(&job->out, qk_csv_header(job->reader, c), c == 0);
    put_appended(job, true);
}

static void put_row(calc_job *job, const qk_str *cells)
{
    for (size_t c = 0; c < qk_csv_columns(job->reader); c++) {
        qk_str cell = cells[c];
        for (int j = 0; job->def->asked[j]; j++)
            if (job->asked_at[j] == c)
                cell = (qk_str){job->row.text.ptr + job->row.at[j], job->row.len[j]};
        qk_csv_put(&job->out, cell, c == 0);
    }
    put_appended(job, false);
}

static qk_code run_row(calc_job *job, const qk_str *cells, qk_error *err)
{
    qk_str given[CALC_GIVEN_MAX] = {{NULL, 0}};
    calc_row *row = &job->row;
    for (int i = 0; job->def->given[i]; i++)
        if (job->given_at[i] != SIZE_MAX) given[i] = qk_str_trim(cells[job->given_at[i]]);
    qk_arena_reset(&job->arena);
    qk_buf_reset(&row->text);
    row->given = given;
    row->arena = &job->arena;
    row->rule = job->def->rule;
    row->rules = &job->rules;
    row->day = job->day;
    row->bad = -1;
    memset(row->at, 0, sizeof row->at);
    memset(row->len, 0, sizeof row->len);
    job->def->run(row);
    if (row->bad < 0 && row->text.failed != QK_OK)
        calc_bad(row, CALC_GIVEN_MAX, "the results do not fit in memory");
    if (row->bad < 0) return QK_OK;
    bool cell = row->bad < CALC_GIVEN_MAX;
    qk_fail(err, QK_EFORMAT, "%s%s%s", cell ? job->def->given[row->bad] : "", cell ? ": " : "",
            row->why);
    qk_error_at(err, job->path, qk_csv_line(job->reader),
                cell ? (uint32_t)job->given_at[row->bad] + 1 : 0);
    qk_error_hint(err, "%s", cell ? "the column is the cell's number in its row" : "");
    return QK_EFORMAT;
}

static qk_code write_out(calc_job *job, qk_error *err)
{
    if (job->out.failed != QK_OK) return qk_fail(err, job->out.failed, "a row is too long");
    if (job->out.len && fwrite(job->out.ptr, 1, job->out.len, stdout) != job->out.len)
        return qk_fail_errno(err, errno, "standard output");
    qk_buf_reset(&job->out);
    return QK_OK;
}

static qk_code run_job(calc_job *job, qk_error *err)
{
    const qk_str *cells;
    qk_code code;
    QK_TRY(qk_csv_open(&job->reader, job->file, job->path, 0, err));
    QK_TRY(map_columns(job, err));
    put_header(job);
    while ((code = qk_csv_next(job->reader, &cells, err)) == QK_OK) {
        QK_TRY(run_row(job, cells, err));
        put_row(job, cells);
        if (job->out.len > 1 << 16) QK_TRY(write_out(job, err));
    }
    if (code != QK_ENOTFOUND) return code;
    QK_TRY(write_out(job, err));
    if (fflush(stdout) != 0) return qk_fail_errno(err, errno, "standard output");
    return QK_OK;
}

static int calculate(calc_job *job)
{
    qk_error err = {0};
    bool standard = strcmp(job->path, "-") == 0;
    job->file = standard ? stdin : fopen(job->path, "rb");
    if (!job->file) {
        qk_fail_errno(&err, errno, "%s", job->path);
        return qk_command_refuse("calc", &err);
    }
    qk_arena_init(&job->arena, LIST_ARENA);
    qk_buf_init(&job->row.text, (size_t)4 * CALC_CELL_MAX);
    qk_buf_init(&job->out, (size_t)4 * QK_CSV_ROW_MAX);
    qk_code code = run_job(job, &err);
    qk_csv_close(job->reader);
    qk_buf_clear(&job->out);
    qk_buf_clear(&job->row.text);
    qk_arena_clear(&job->arena);
    if (!standard) fclose(job->file);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("calc", &err);
}

static bool read_day(int32_t *out, const char *text)
{
    qk_time t;
    if (qk_time_parse(&t, qk_str_of(text)) != QK_OK) return false;
    *out = qk_day_number(t);
    return true;
}

int qk_cmd_calc(int argc, char **argv)
{
    static const struct option options[] = {{"explain", no_argument, NULL, 'e'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"rules", required_argument, NULL, 'R'},
                                            {"day", required_argument, NULL, 'd'},
                                            {0}};
    calc_job job;
    int o;
    job = (calc_job){.path = "-", .day = INT32_MAX};
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 'l') {
            list_names(stdout);
            return QK_EXIT_DONE;
        }
        if (o == '?') return qk_command_misuse("calc", "unknown option");
        if (o == 'e') job.explain = true;
        if (o == 'R') job.rules_file = optarg;
        if (o == 'd' && !read_day(&job.day, optarg))
            return qk_command_misuse("calc", "--day is a date, 2026-03-01");
    }
    if (optind >= argc || argc - optind > 2) return qk_command_misuse("calc", "one NAME, one FILE");
    job.def = find_def(argv[optind]);
    if (!job.def) return qk_command_misuse("calc", "no calculation '%s'", argv[optind]);
    if (optind + 1 < argc) job.path = argv[optind + 1];
    qk_error err = {0};
    qk_rules_default(&job.rules);
    if (job.rules_file && air_read_rules(&job.rules, job.rules_file, &err) != QK_OK)
        return qk_command_refuse("calc", &err);
    return calculate(&job);
}
