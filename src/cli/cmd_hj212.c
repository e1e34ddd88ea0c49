/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/hj212_json.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    READ_BYTES = 1 << 20,   /* input held at once; far above the longest frame */
    FLUSH_BYTES = 1 << 16,  /* output is written when it has grown to this */
    OUTPUT_BYTES = 16 << 20 /* ceiling; one frame's object stays far below */
};

typedef struct hj212_run {
    qk_hj212_json *json;
    int in;
    const char *in_name;
    char *input; /* READ_BYTES */
    size_t have; /* bytes of input not used yet */
    bool ended;
    qk_buf out;
    uint64_t line;
    bool refused; /* encode: a line was */
} hj212_run;

/* ---- input and output ---- */

static qk_code open_input(hj212_run *r, const char *path, qk_error *err)
{
    r->in_name = path && strcmp(path, "-") != 0 ? path : "standard input";
    r->in = path && strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (r->in < 0) return qk_fail_errno(err, errno, "cannot open %s", path);
    r->input = malloc(READ_BYTES);
    return r->input ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory");
}

static qk_code read_more(hj212_run *r, qk_error *err)
{
    ssize_t n;
    do n = read(r->in, r->input + r->have, READ_BYTES - r->have);
    while (n < 0 && errno == EINTR);
    if (n < 0) return qk_fail_errno(err, errno, "cannot read %s", r->in_name);
    r->have += (size_t)n;
    r->ended = n == 0;
    return QK_OK;
}

static void drop_input(hj212_run *r, size_t used)
{
    memmove(r->input, r->input + used, r->have - used);
    r->have -= used;
}

static qk_code flush_output(hj212_run *r, size_t above, qk_error *err)
{
    if (r->out.failed) return qk_fail(err, r->out.failed, "no memory for the output");
    if (r->out.len <= above) return QK_OK;
    QK_TRY(qk_write_all(STDOUT_FILENO, r->out.ptr, r->out.len, err));
    r->out.len = 0;
    return QK_OK;
}

/* ---- decode ---- */

static qk_code decode_buffer(hj212_run *r, qk_error *err)
{
    size_t at = 0;
    qk_hj212_frame frame;
    qk_hj212_step step;
    qk_hj212_found found;
    while ((found = qk_hj212_next(r->input + at, r->have - at, r->ended, &frame, &step)) !=
           QK_HJ212_MORE) {
        at += step.consumed;
        if (found == QK_HJ212_RUBBISH) continue;
        qk_json_writer w;
        qk_json_init(&w, &r->out);
        qk_hj212_json_decode(r->json, &w, &frame);
        qk_buf_putc(&r->out, '\n');
        QK_TRY(flush_output(r, FLUSH_BYTES, err));
    }
    drop_input(r, at);
    return QK_OK;
}

static qk_code decode_stream(hj212_run *r, qk_error *err)
{
    while (!r->ended) {
        QK_TRY(read_more(r, err));
        QK_TRY(decode_buffer(r, err));
        QK_TRY(flush_output(r, 0, err)); /* before waiting for more input */
    }
    return QK_OK;
}

/* ---- encode ---- */

/* A line that is refused is told and passed over, so that the others still come out. */
static void encode_line(hj212_run *r, qk_str line)
{
    qk_error err = {0};
    r->line++;
    line = qk_str_trim(line);
    if (line.len == 0) return;
    if (qk_hj212_json_encode(r->json, &r->out, line, &err) == QK_OK) return;
    qk_error_at(&err, r->in_name, (uint32_t)r->line, err.column);
    qk_command_refuse("hj212", &err);
    r->refused = true;
}

static qk_code encode_buffer(hj212_run *r, qk_error *err)
{
    size_t at = 0;
    while (at < r->have) {
        const char *stop = memchr(r->input + at, '\n', r->have - at);
        if (!stop && !r->ended) break;
        size_t n = stop ? (size_t)(stop - r->input) - at : r->have - at;
        encode_line(r, (qk_str){r->input + at, n});
        at += n + (stop != NULL);
        QK_TRY(flush_output(r, FLUSH_BYTES, err));
    }
    drop_input(r, at);
    if (r->have < READ_BYTES) return QK_OK;
    qk_fail(err, QK_ERANGE, "a line is longer than %d bytes", READ_BYTES);
    return qk_error_at(err, r->in_name, (uint32_t)r->line + 1, 0);
}

static qk_code encode_stream(hj212_run *r, qk_error *err)
{
    while (!r->ended) {
        QK_TRY(read_more(r, err));
        QK_TRY(encode_buffer(r, err));
        QK_TRY(flush_output(r, 0, err));
    }
    return QK_OK;
}

/* ---- the command ---- */

typedef struct hj212_arguments {
    qk_hj212_json_options json;
    qk_hj212_sm4 sm4;
    bool decode;
    const char *path;
} hj212_arguments;

/* HJ 212-2025 Annex A.2 uses sixteen characters 0. */
static void init_annex_key(qk_hj212_sm4 *sm4)
{
    uint8_t key[QK_HJ212_SM4_KEY];
    memset(key, '0', sizeof key);
    qk_hj212_sm4_init(sm4, key);
}

static int hex_digit(char c)
{
    if (qk_is_digit(c)) return c - '0';
    char small = qk_to_lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

static bool read_key(qk_hj212_sm4 *sm4, const char *hex)
{
    uint8_t key[QK_HJ212_SM4_KEY];
    if (strlen(hex) != 2 * sizeof key) return false;
    for (size_t i = 0; i < sizeof key; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    qk_hj212_sm4_init(sm4, key);
    return true;
}

static bool read_policy(qk_hj212_crc_policy *out, const char *name)
{
    static const struct {
        const char *name;
        qk_hj212_crc_policy policy;
    } known[] = {{"std", QK_HJ212_ACCEPT_STANDARD},
                 {"modbus", QK_HJ212_ACCEPT_MODBUS},
                 {"modbus-swapped", QK_HJ212_ACCEPT_MODBUS_SWAPPED},
                 {"any", QK_HJ212_ACCEPT_KNOWN},
                 {"off", QK_HJ212_ACCEPT_ANY}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, name) != 0) continue;
        *out = known[i].policy;
        return true;
    }
    return false;
}

static int read_arguments(hj212_arguments *a, int argc, char **argv)
{
    static const struct option longs[] = {{"crc", required_argument, NULL, 'c'},
                                          {"sm4-key", required_argument, NULL, 'k'},
                                          {"conform", no_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
    *a = (hj212_arguments){0};
    init_annex_key(&a->sm4);
    a->json.sm4 = &a->sm4;
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c == 'c' && !read_policy(&a->json.crc, optarg))
            return qk_command_misuse("hj212",
                                     "--crc takes std, modbus, modbus-swapped, any or "
                                     "off, not '%s'",
                                     optarg);
        if (c == 'k' && !read_key(&a->sm4, optarg))
            return qk_command_misuse("hj212", "--sm4-key takes 32 hexadecimal digits");
        if (c == 'f') a->json.conform = true;
        if (c == '?') return qk_command_misuse("hj212", "unknown option");
    }
    const char *verb = optind < argc ? argv[optind] : "";
    a->decode = strcmp(verb, "decode") == 0;
    if (!a->decode && strcmp(verb, "encode") != 0)
        return qk_command_misuse("hj212", "say 'hj212 decode [FILE]' or 'hj212 encode [FILE]'");
    if (optind + 2 < argc)
        return qk_command_misuse("hj212", "unexpected argument '%s'", argv[optind + 2]);
    a->path = optind + 1 < argc ? argv[optind + 1] : NULL;
    return QK_EXIT_DONE;
}

int qk_cmd_hj212(int argc, char **argv)
{
    hj212_arguments a;
    hj212_run run = {.in = -1};
    qk_error err = {0};
    int status = read_arguments(&a, argc, argv);
    if (status != QK_EXIT_DONE) return status;
    qk_buf_init(&run.out, OUTPUT_BYTES);
    qk_code code;
    QK_TRY_OUT(code, qk_hj212_json_new(&run.json, &a.json, &err));
    QK_TRY_OUT(code, open_input(&run, a.path, &err));
    QK_TRY_OUT(code, a.decode ? decode_stream(&run, &err) : encode_stream(&run, &err));
out:
    if (code != QK_OK) status = qk_command_refuse("hj212", &err);
    if (run.refused) status = QK_EXIT_REFUSED;
    if (run.in > STDIN_FILENO) close(run.in);
    qk_hj212_json_free(run.json);
    qk_buf_clear(&run.out);
    free(run.input);
    return status;
}
