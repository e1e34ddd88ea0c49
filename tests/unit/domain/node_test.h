/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_UNIT_DOMAIN_NODE_TEST_H
#define QK_TESTS_UNIT_DOMAIN_NODE_TEST_H
/* A node in the test's folder, frames into its journal, rows out of its telemetry. */
#include "domain/node.h"
#include "domain_test.h"
#include "hj212/hj212.h"

static inline qk_node *open_node_with(const qk_node_options *options)
{
    qk_node *node = NULL;
    qk_error err = {0};
    qk_node_options o = *options;
    if (!o.data_dir) o.data_dir = qk_test_path("data");
    assert_done(qk_node_open(&node, &o, &err), &err);
    return node;
}

static inline qk_node *open_node(const char *clock)
{
    return open_node_with(&(qk_node_options){.clock_text = clock});
}

/* A frame around "DataTime=…;…"; length and CRC right. */
static inline size_t make_frame(char *out, size_t size, const char *mn, int cn, const char *qn,
                                const char *cp)
{
    char segment[8192];
    int len = snprintf(segment, sizeof segment,
                       "QN=%s;ST=31;CN=%d;PW=123456;MN=%s;Flag=5;CP=&&%s&&", qn, cn, mn, cp);
    return (size_t)snprintf(out, size, "##%04d%s%04X\r\n", len, segment,
                            qk_hj212_crc(segment, (size_t)len));
}

/* Journals a frame as received at `received`. */
static inline qk_jpos send_as(qk_node *node, qk_journal_kind kind, uint8_t flags, const char *mn,
                              int cn, qk_time received, const char *cp)
{
    char frame[9000], qn[QK_TIME_TEXT];
    qk_jpos end = 0;
    qk_error err = {0};
    size_t len = make_frame(frame, sizeof frame, mn, cn, qk_time_compact17(qn, received), cp);
    assert_done(qk_node_append(node, &end, kind, flags, 1, received, frame, len, &err), &err);
    return end;
}

static inline void send_frame(qk_node *node, const char *mn, int cn, qk_time received,
                              const char *cp)
{
    send_as(node, QK_JOURNAL_FRAME, 0, mn, cn, received, cp);
}

/* Until everything journalled is taken in and committed. */
static inline void settle(qk_node *node)
{
    qk_error err = {0};
    assert_done(qk_journal_sync(qk_node_journal(node), 5000, &err), &err);
    assert_done(qk_node_settle(node, 10000, &err), &err);
}

typedef struct import_call {
    const char *json;
} import_call;

static inline qk_code import_fn(void *context, qk_node *node, qk_db *db, qk_time now, qk_error *err)
{
    const import_call *c = context;
    (void)db;
    return qk_registry_import(qk_node_registry(node), qk_str_of(c->json), QK_STR("test"), now, err);
}

static inline void import(qk_node *node, const char *json)
{
    qk_error err = {0};
    import_call c = {json};
    assert_done(qk_node_call(node, import_fn, &c, &err), &err);
}

/* Every row of every stream as text: what the store knows, in one comparable piece. */
typedef struct dump_state {
    qk_buf *out;
    qk_telemetry_reader *reader;
    const qk_str *codes, *fields;
    size_t n;
    char mn[QK_MN_MAX];
    int kind;
    bool recorded;
} dump_state;

static inline qk_code dump_row(void *context, qk_time time, qk_time recorded, const qk_cell *cells,
                               size_t n)
{
    dump_state *d = context;
    char when[QK_TIME_TEXT], digits[QK_DEC_TEXT];
    qk_buf_printf(d->out, "%s %d %s", d->mn, d->kind, qk_time_iso(when, time));
    if (d->recorded) qk_buf_printf(d->out, " @%s", qk_time_iso(when, recorded));
    for (size_t i = 0; i < n; i++) {
        const qk_cell *c = &cells[i];
        qk_buf_printf(d->out, " %.*s-%.*s=", QK_STR_ARG(d->codes[c->column]),
                      QK_STR_ARG(d->fields[c->column]));
        if (c->type == QK_CELL_NUMBER)
            qk_buf_puts(d->out, qk_dec_format(digits, c->number));
        else
            qk_buf_append(d->out, c->text.ptr, c->text.len);
    }
    qk_buf_putc(d->out, '\n');
    return QK_OK;
}

static inline qk_code dump_stream(void *context, qk_stream_id id, qk_str mn, qk_stream_kind kind)
{
    dump_state *d = context;
    qk_error err = {0};
    qk_str_copy(d->mn, sizeof d->mn, mn);
    d->kind = (int)kind;
    assert_done(qk_telemetry_columns(&d->codes, &d->fields, &d->n, d->reader, id, &err), &err);
    qk_time from = 0, to = at("2100-01-01");
    qk_code code = qk_telemetry_rows(d->reader, id, from, to, QK_TIME_NONE, dump_row, d, &err);
    if (code && code != QK_ENOTFOUND) fail_msg("%s", err.message);
    return QK_OK;
}

static inline int cmp_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted lines; free it. kind 0 = all. */
static inline char *dump(qk_node *node, bool recorded)
{
    qk_buf raw, sorted;
    qk_error err = {0};
    qk_buf_init(&raw, 64u << 20);
    qk_buf_init(&sorted, 64u << 20);
    dump_state d = {.out = &raw, .recorded = recorded};
    assert_done(
        qk_telemetry_reader_open(&d.reader, qk_node_telemetry(node), qk_node_db_path(node), &err),
        &err);
    assert_done(qk_telemetry_streams(d.reader, dump_stream, &d, &err), &err);
    qk_telemetry_reader_close(d.reader);
    size_t n = 0, cap = 1024;
    char **lines = malloc(cap * sizeof *lines);
    for (char *p = raw.ptr; p && *p; p = strchr(p, '\n') + 1) {
        if (n == cap) lines = realloc(lines, (cap *= 2) * sizeof *lines);
        lines[n++] = p;
    }
    for (size_t i = 0; i < n; i++) *strchr(lines[i], '\n') = 0;
    qsort(lines, n, sizeof *lines, cmp_lines);
    for (size_t i = 0; i < n; i++) qk_buf_printf(&sorted, "%s\n", lines[i]);
    free(lines);
    qk_buf_clear(&raw);
    qk_buf_putc(&sorted, 0);
    return qk_buf_take(&sorted, NULL);
}

/* Fails with the first line that differs. */
static inline void assert_same_dump(const char *got, const char *want)
{
    while (*got && *got == *want) {
        const char *g = strchr(got, '\n'), *w = strchr(want, '\n');
        if (!g || !w || g - got != w - want || memcmp(got, want, (size_t)(g - got)) != 0) break;
        got = g + 1;
        want = w + 1;
    }
    if (strcmp(got, want) != 0)
        fail_msg("got  %.*s\n      want %.*s", (int)strcspn(got, "\n"), got,
                 (int)strcspn(want, "\n"), want);
}

static inline int64_t node_number(qk_node *node, const char *sql)
{
    qk_db *db = NULL;
    qk_error err = {0};
    assert_done(qk_db_open_readonly(&db, qk_node_db_path(node), &err), &err);
    int64_t v = number_of(db, sql);
    qk_db_close(db);
    return v;
}
#endif
