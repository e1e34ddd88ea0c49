/* SPDX-License-Identifier: Apache-2.0 */
/* export samples: what devices sent, as a plain list. */
#include "base/csv.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "domain/ingest.h"
#include "store/lock.h"
#include "store/telemetry.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { OUT_BYTES = 1 << 16, OUT_MOST = 64 << 20, MEMORY_MOST = 1 << 30 };

typedef struct export_options {
    const char *dir;
    qk_str mn; /* empty: all */
    qk_time from, to;
    qk_time known_at;
} export_options;

/* ---- options ---- */

static bool all_digits(qk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!qk_is_digit(s.ptr[i])) return false;
    return s.len > 0;
}

/* A date or an instant; `end`: a bare date means the end of that day. */
static bool parse_time(qk_time *out, const char *text, bool end)
{
    qk_str s = qk_str_of(text);
    qk_code code = all_digits(s) ? qk_time_parse_compact(out, s) : qk_time_parse(out, s);
    bool bare = s.len == (all_digits(s) ? 8 : 10);
    if (code == QK_OK && end && bare) *out += QK_DAY;
    return code == QK_OK;
}

static int take_option(export_options *o, int c)
{
    switch (c) {
    case 'd': o->dir = optarg; return QK_EXIT_DONE;
    case 'm': o->mn = qk_str_of(optarg); return QK_EXIT_DONE;
    case 'f':
        if (parse_time(&o->from, optarg, false)) return QK_EXIT_DONE;
        return qk_command_misuse("export", "--from '%s' is no time", optarg);
    case 't':
        if (parse_time(&o->to, optarg, true)) return QK_EXIT_DONE;
        return qk_command_misuse("export", "--to '%s' is no time", optarg);
    case 'k':
        if (parse_time(&o->known_at, optarg, true)) return QK_EXIT_DONE;
        return qk_command_misuse("export", "--known-at '%s' is no time", optarg);
    default: return qk_command_misuse("export", "unknown option");
    }
}

static int read_options(export_options *o, int argc, char **argv)
{
    static const struct option longs[] = {
        {"data", required_argument, NULL, 'd'},     {"mn", required_argument, NULL, 'm'},
        {"from", required_argument, NULL, 'f'},     {"to", required_argument, NULL, 't'},
        {"known-at", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
    *o = (export_options){.from = INT64_MIN, .to = INT64_MAX, .known_at = QK_TIME_NONE};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        int status = take_option(o, c);
        if (status != QK_EXIT_DONE) return status;
    }
    if (optind == argc) return qk_command_misuse("export", "say what: samples");
    if (strcmp(argv[optind], "samples") != 0)
        return qk_command_misuse("export", "'%s' cannot be exported", argv[optind]);
    if (++optind < argc)
        return qk_command_misuse("export", "unexpected argument '%s'", argv[optind]);
    if (!o->dir) return qk_command_misuse("export", "--data DIR is missing");
    return QK_EXIT_DONE;
}

/* ---- the folder ---- */

typedef struct source {
    qk_db *db;
    qk_telemetry *telemetry;
    qk_telemetry_reader *reader;
} source;

static void close_source(source *s)
{
    qk_telemetry_reader_close(s->reader);
    qk_telemetry_close(s->telemetry);
    qk_db_close(s->db);
}

static qk_code open_db(qk_db **out, const char *dir, const char *path, qk_error *err)
{
    return qk_lock_held(dir) ? qk_db_open_readonly(out, path, err)
                             : qk_db_open_untouched(out, path, err);
}

static qk_code open_source(source *s, const char *dir, qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_db *own = NULL;
    qk_telemetry_options options = {.head_bytes = MEMORY_MOST};
    if (qk_path_join(path, sizeof path, dir, "store.db") != QK_OK)
        return qk_fail(err, QK_ERANGE, "the path is too long");
    QK_TRY(open_db(&s->db, dir, path, err));
    QK_TRY(qk_telemetry_open(&s->telemetry, s->db, &options, err));
    QK_TRY(open_db(&own, dir, path, err));
    return qk_telemetry_reader_on(&s->reader, s->telemetry, own, err);
}

/* ---- what the journal holds beyond the store ---- */

typedef struct tail {
    source *source;
    const export_options *options;
    qk_cell *cells;
    size_t cap;
    qk_error *err;
} tail;

static qk_code make_cells(tail *t, size_t n)
{
    if (n <= t->cap) return QK_OK;
    qk_cell *more = realloc(t->cells, n * sizeof *more);
    if (!more) return qk_fail(t->err, QK_ENOMEM, "no memory for a row");
    t->cells = more;
    t->cap = n;
    return QK_OK;
}

/* Into the heads of a telemetry that is never flushed, where it meets what is stored as it would in
 * the server. */
static qk_code take_row(void *context, const qk_replay_row *row)
{
    tail *t = context;
    qk_telemetry *telemetry = t->source->telemetry;
    qk_append_result result;
    qk_stream_id id;
    if (!row->stored || (t->options->mn.len > 0 && !qk_str_eq(row->mn, t->options->mn)))
        return QK_OK;
    QK_TRY(make_cells(t, row->n));
    QK_TRY(qk_telemetry_stream(&id, telemetry, row->mn, row->kind, t->err));
    size_t n = 0;
    for (size_t i = 0; i < row->n; i++) {
        t->cells[n] = row->cells[i].cell;
        if (qk_telemetry_column(&t->cells[n].column, telemetry, id, row->cells[i].code,
                                row->cells[i].field, t->err) == QK_OK)
            n++;
    }
    return qk_telemetry_append(telemetry, &result, id, row->time, row->recorded, t->cells, n, NULL,
                               NULL, t->err);
}

static qk_code add_tail(source *s, const export_options *o, size_t *damaged, qk_error *err)
{
    tail t = {.source = s, .options = o, .err = err};
    qk_code code = qk_ingest_replay(o->dir, QK_REPLAY_STORED, false, take_row, &t, damaged, err);
    free(t.cells);
    return code;
}

/* ---- rows ---- */

/* The command whose answers make up a stream of this kind; 0: computed here, not sent. */
static int command_of(qk_stream_kind kind)
{
    switch (kind) {
    case QK_STREAM_RTD: return 2011;
    case QK_STREAM_STATE: return 2021;
    case QK_STREAM_DAY: return 2031;
    case QK_STREAM_RUNTIME: return 2041;
    case QK_STREAM_MINUTE: return 2051;
    case QK_STREAM_HOUR: return 2061;
    case QK_STREAM_PERIODIC: return 2013;
    default: return 0;
    }
}

typedef struct stream_export {
    qk_stream_id id;
    char *mn;
    int command;
} stream_export;

typedef struct row_export {
    const stream_export *stream;
    const qk_str *codes, *fields;
    size_t columns;
    size_t *flag_of;      /* by column: that of the factor's flag, SIZE_MAX for none */
    const qk_cell **cell; /* by column, of the row at hand */
    qk_buf out;
    bool failed;
} row_export;

static void put_flag(qk_buf *out, const qk_cell *flag)
{
    char number[QK_DEC_TEXT];
    if (flag && flag->type == QK_CELL_NUMBER)
        qk_csv_put(out, qk_str_of(qk_dec_format(number, flag->number)), false);
    else
        qk_csv_put_text(out, flag ? flag->text : QK_STR(""), false);
}

static void put_value(qk_buf *out, const qk_cell *cell)
{
    char number[QK_DEC_TEXT];
    if (cell->type == QK_CELL_NUMBER)
        qk_csv_put(out, qk_str_of(qk_dec_format(number, cell->number)), false);
    else if (qk_json_is_number(cell->text)) /* digits beyond what a number can hold here */
        qk_csv_put(out, cell->text, false);
    else
        qk_csv_put_text(out, cell->text, false);
}

/* DataTime, with milliseconds where the device sent them. */
static const char *format_time(char text[QK_TIME_TEXT], qk_time time)
{
    qk_time_iso(text, time);
    int ms = (int)((time % QK_SECOND + QK_SECOND) % QK_SECOND);
    size_t len = strlen(text);
    if (ms != 0) snprintf(text + len, QK_TIME_TEXT - len, ".%03d", ms);
    return text;
}

static qk_code flush_out(row_export *e)
{
    if (e->out.failed == QK_OK && fwrite(e->out.ptr, 1, e->out.len, stdout) != e->out.len)
        e->failed = true;
    if (e->out.failed != QK_OK) e->failed = true;
    qk_buf_reset(&e->out);
    return e->failed ? QK_EIO : QK_OK;
}

static qk_code put_row(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                       size_t n)
{
    row_export *e = context;
    char when[QK_TIME_TEXT];
    char command[16];
    (void)recorded;
    format_time(when, time);
    snprintf(command, sizeof command, "%d", e->stream->command);
    for (size_t i = 0; i < n; i++) e->cell[cells[i].column] = &cells[i];
    for (size_t i = 0; i < n; i++) {
        size_t column = cells[i].column;
        if (qk_str_eq(e->fields[column], QK_STR("Flag"))) continue;
        qk_csv_put_text(&e->out, qk_str_of(e->stream->mn), true);
        qk_csv_put(&e->out, qk_str_of(when), false);
        qk_csv_put(&e->out, qk_str_of(command), false);
        qk_csv_put_text(&e->out, e->codes[column], false);
        qk_csv_put_text(&e->out, e->fields[column], false);
        put_value(&e->out, &cells[i]);
        put_flag(&e->out, e->flag_of[column] == SIZE_MAX ? NULL : e->cell[e->flag_of[column]]);
        qk_buf_putc(&e->out, '\n');
    }
    for (size_t i = 0; i < n; i++) e->cell[cells[i].column] = NULL;
    return e->out.len < OUT_BYTES ? QK_OK : flush_out(e);
}

static qk_code find_flags(row_export *e, qk_error *err)
{
    size_t n = e->columns + 1;
    e->flag_of = calloc(n, sizeof *e->flag_of);
    e->cell = calloc(n, sizeof(const qk_cell *));
    if (!e->flag_of || !e->cell) return qk_fail(err, QK_ENOMEM, "no memory for the columns");
    for (size_t i = 0; i < e->columns; i++) {
        e->flag_of[i] = SIZE_MAX;
        for (size_t k = 0; k < e->columns; k++)
            if (qk_str_eq(e->codes[i], e->codes[k]) && qk_str_eq(e->fields[k], QK_STR("Flag")))
                e->flag_of[i] = k;
    }
    return QK_OK;
}

static qk_code export_stream(source *s, const export_options *o, const stream_export *stream,
                             size_t *damaged, qk_error *err)
{
    row_export e = {.stream = stream};
    qk_buf_init(&e.out, OUT_MOST);
    qk_code code =
        qk_telemetry_columns(&e.codes, &e.fields, &e.columns, s->reader, stream->id, err);
    if (code == QK_OK) code = find_flags(&e, err);
    if (code == QK_OK)
        code =
            qk_telemetry_rows(s->reader, stream->id, o->from, o->to, o->known_at, put_row, &e, err);
    *damaged += qk_telemetry_damaged(s->reader);
    if (flush_out(&e) != QK_OK) code = qk_fail(err, QK_EIO, "cannot write the samples");
    qk_buf_clear(&e.out);
    free(e.flag_of);
    free((void *)e.cell);
    return code;
}

/* ---- streams ---- */

typedef struct stream_list {
    const export_options *options;
    stream_export *items;
    size_t n, cap;
} stream_list;

static qk_code add_stream(void *context, qk_stream_id id, qk_str mn, qk_stream_kind kind)
{
    stream_list *list = context;
    int command = command_of(kind);
    if (command == 0 || (list->options->mn.len > 0 && !qk_str_eq(mn, list->options->mn)))
        return QK_OK;
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 64;
        stream_export *more = realloc(list->items, cap * sizeof *more);
        if (!more) return QK_ENOMEM;
        list->items = more;
        list->cap = cap;
    }
    char *copy = malloc(mn.len + 1);
    if (!copy) return QK_ENOMEM;
    qk_str_copy(copy, mn.len + 1, mn);
    list->items[list->n++] = (stream_export){id, copy, command};
    return QK_OK;
}

static int by_name(const void *a, const void *b)
{
    const stream_export *x = a;
    const stream_export *y = b;
    int order = strcmp(x->mn, y->mn);
    return order ? order : (x->command > y->command) - (x->command < y->command);
}

static qk_code export_samples(source *s, const export_options *o, size_t *damaged, qk_error *err)
{
    stream_list list = {.options = o};
    qk_code code = qk_telemetry_streams(s->reader, add_stream, &list, err);
    if (code == QK_ENOMEM) qk_fail(err, code, "no memory for the list of devices");
    if (code == QK_OK && list.n == 0 && o->mn.len > 0)
        code = qk_fail(err, QK_ENOTFOUND, "no device %.*s has sent samples", QK_STR_ARG(o->mn));
    if (list.n > 1) qsort(list.items, list.n, sizeof *list.items, by_name);
    if (code == QK_OK && puts("mn,data_time,cn,factor,field,value,flag") == EOF)
        code = qk_fail(err, QK_EIO, "cannot write the samples");
    for (size_t i = 0; code == QK_OK && i < list.n; i++)
        code = export_stream(s, o, &list.items[i], damaged, err);
    for (size_t i = 0; i < list.n; i++) free(list.items[i].mn);
    free(list.items);
    return code;
}

int qk_cmd_export(int argc, char **argv)
{
    export_options o;
    source s = {0};
    qk_error err = {0};
    size_t damaged = 0;
    int status = read_options(&o, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    qk_code code = open_source(&s, o.dir, &err);
    if (code == QK_OK) code = add_tail(&s, &o, &damaged, &err);
    if (code == QK_OK) code = export_samples(&s, &o, &damaged, &err);
    close_source(&s);
    if (code == QK_OK && fflush(stdout) != 0)
        code = qk_fail(&err, QK_EIO, "cannot write the samples");
    if (code == QK_OK && damaged > 0)
        code = qk_fail(&err, QK_EDAMAGED, "%zu damaged places of the folder were passed over",
                       damaged);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("export", &err);
}
