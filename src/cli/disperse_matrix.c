/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong disperse matrix`: builds the source-receptor matrix of a case and evaluates scenarios.
 */
#include "base/csv.h"
#include "base/file.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/disperse.h"
#include "models/matrix_build.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HOURS_MAX = 200000, MATRIX_MAX_MIB = 16384, BLOCK = 2, SAVE_MS = 120000 };

typedef struct build {
    disperse_case k;
    qk_matrix_build rows;
    disperse_pool *pool;
    qk_dispersion_work *work[DISPERSE_THREADS_MAX];
    double *sum[DISPERSE_THREADS_MAX]; /* a thread: [planes][receptors], then one hour */
    qk_plume_hour *hour;
    size_t hours, cap;
    uint8_t heavy_day[367];
    const volatile sig_atomic_t *stop;
    char part[QK_PATH_MAX]; /* what is done of a matrix that is not */
    uint32_t begun;         /* first of `due` in the block that runs */
} build;

static void build_source(void *arg, int thread, size_t item)
{
    build *b = arg;
    qk_matrix_build_row(&b->rows, b->work[thread], b->sum[thread], b->rows.due[b->begun + item]);
}

static qk_code read_hours(build *b, qk_error *err)
{
    size_t sources = b->k.c.source_count;
    qk_aermod_emission *emission = calloc(sources ? sources : 1, sizeof *emission);
    qk_code code = emission ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for emissions");
    while (code == QK_OK) {
        if (b->hours == b->cap) {
            size_t cap = b->cap ? 2 * b->cap : 1024;
            qk_plume_hour *more = cap > HOURS_MAX ? NULL : realloc(b->hour, cap * sizeof *b->hour);
            if (!more) {
                code = qk_fail(err, QK_EFULL, "more than %d hours", HOURS_MAX);
                break;
            }
            b->hour = more;
            b->cap = cap;
        }
        code = disperse_next(&b->k, &b->hour[b->hours], emission, err);
        b->hours += code == QK_OK;
    }
    free(emission);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static uint64_t weather_mark(const build *b)
{
    uint64_t mark = 1;
    for (int i = 1; i < b->k.files.count; i++)
        mark = mark * 31 + qk_hash(b->k.files.text[i].ptr, b->k.files.text[i].len);
    return mark;
}

qk_code disperse_read_matrix(qk_matrix **out, const char *path, qk_error *err)
{
    qk_buf bytes;
    qk_buf_init(&bytes, (size_t)MATRIX_MAX_MIB << 20);
    qk_code code = qk_file_read(&bytes, path, err);
    if (code == QK_OK && (code = qk_matrix_read(out, qk_buf_str(&bytes), err)) != QK_OK)
        qk_error_at(err, path, 0, 0);
    qk_buf_clear(&bytes);
    return code;
}

/* Rows of an older file whose inputs are the same are taken over. */
static void reuse_rows(build *b, const char *path)
{
    qk_matrix *old = NULL;
    if (disperse_read_matrix(&old, path, NULL) == QK_OK) qk_matrix_build_reuse(&b->rows, old);
    qk_matrix_free(old);
}

static qk_code write_matrix(const qk_matrix *m, const char *path, qk_error *err)
{
    qk_buf bytes;
    qk_buf_init(&bytes, (size_t)MATRIX_MAX_MIB << 20);
    qk_matrix_write(&bytes, m);
    qk_code code = bytes.failed != QK_OK
                       ? qk_fail(err, bytes.failed, "the matrix does not fit in memory")
                       : qk_file_write_atomic(path, bytes.ptr, bytes.len, 0644, err);
    qk_buf_clear(&bytes);
    return code;
}

static qk_code read_heavy(build *b, const char *path, qk_error *err)
{
    qk_buf text;
    uint32_t number = 0;
    qk_code code = QK_OK;
    if (!path) return QK_OK;
    qk_buf_init(&text, 1 << 20);
    code = qk_file_read(&text, path, err);
    qk_str rest = qk_buf_str(&text);
    while (code == QK_OK && rest.len > 0) {
        qk_str line = qk_str_trim(qk_str_cut(&rest, '\n'));
        qk_time day;
        number++;
        if (line.len == 0 || (number == 1 && qk_str_eq(line, QK_STR("date")))) continue;
        if (qk_time_parse(&day, line) != QK_OK) {
            code = qk_fail(err, QK_EFORMAT, "no date");
            qk_error_at(err, path, number, 1);
            break;
        }
        qk_civil d = qk_civil_of(day);
        b->heavy_day[qk_aermod_day_of_year(d.year, d.month, d.day)] = 1;
    }
    qk_buf_clear(&text);
    return code;
}

static qk_code give_threads(build *b, int threads, qk_error *err)
{
    size_t values = qk_matrix_build_scratch(&b->rows);
    bool whole = true;
    QK_TRY(disperse_pool_new(&b->pool, threads, err));
    for (int i = 0; i < disperse_pool_threads(b->pool) && whole; i++) {
        b->work[i] = qk_dispersion_work_new(b->k.d);
        b->sum[i] = calloc(values ? values : 1, sizeof **b->sum);
        whole = b->work[i] && b->sum[i];
    }
    return whole ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for threads");
}

/* Rows that are still due bear no mark, so that they are built when the same command is given
 * again. */
static qk_code save_part(build *b, uint32_t done, qk_error *err)
{
    uint64_t *mark = malloc((size_t)b->rows.m->sources * sizeof *mark);
    if (!mark) return qk_fail(err, QK_ENOMEM, "no memory for marks");
    memcpy(mark, b->rows.m->source_mark, b->rows.m->sources * sizeof *mark);
    for (uint32_t i = done; i < b->rows.due_count; i++) b->rows.m->source_mark[b->rows.due[i]] = 0;
    qk_code code = write_matrix(b->rows.m, b->part, err);
    memcpy(b->rows.m->source_mark, mark, b->rows.m->sources * sizeof *mark);
    free(mark);
    return code;
}

static qk_code build_rows(build *b, int64_t began, qk_error *err)
{
    uint32_t block = (uint32_t)disperse_pool_threads(b->pool) * BLOCK;
    int64_t shown = began, saved = began;
    for (b->begun = 0; b->begun < b->rows.due_count;) {
        uint32_t left = b->rows.due_count - b->begun, count = left < block ? left : block;
        disperse_pool_run(b->pool, build_source, b, count);
        b->begun += count;
        int64_t now = qk_monotonic_ms();
        bool last = b->begun == b->rows.due_count;
        if (now - shown > 2000) {
            fprintf(stderr, "disperse matrix: %u of %u sources, %.1f s\n", b->begun,
                    b->rows.due_count, (double)(now - began) / 1000);
            shown = now;
        }
        if (!last && (*b->stop || now - saved > SAVE_MS)) {
            QK_TRY(save_part(b, b->begun, err));
            saved = qk_monotonic_ms();
        }
        if (!last && *b->stop) {
            qk_fail(err, QK_ECANCELLED, "stopped after %u of %u sources", b->begun,
                    b->rows.due_count);
            return qk_error_hint(err, "the same command goes on from there");
        }
    }
    return QK_OK;
}

static qk_code build_case(build *b, const char *path, const char *out, const char *heavy,
                          int threads, qk_error *err)
{
    int64_t began = qk_monotonic_ms();
    if (snprintf(b->part, sizeof b->part, "%s.part", out) >= (int)sizeof b->part)
        return qk_fail(err, QK_ERANGE, "the name %s is too long", out);
    QK_TRY(disperse_open(&b->k, path, err));
    if (!b->k.d) return qk_fail(err, QK_EFORMAT, "the runstream says RUNORNOT NOT");
    QK_TRY(read_heavy(b, heavy, err));
    QK_TRY(read_hours(b, err));
    QK_TRY(qk_matrix_build_init(&b->rows, &b->k.c, b->hour, b->hours, b->heavy_day, weather_mark(b),
                                err));
    reuse_rows(b, out);
    reuse_rows(b, b->part);
    QK_TRY(give_threads(b, threads, err));
    QK_TRY(build_rows(b, began, err));
    QK_TRY(write_matrix(b->rows.m, out, err));
    unlink(b->part);
    fprintf(stderr, "disperse matrix: %u of %u sources computed, %u receptors, %zu hours, %.2f s\n",
            b->rows.due_count, b->rows.m->sources, b->rows.m->receptors, b->hours,
            (double)(qk_monotonic_ms() - began) / 1000);
    return QK_OK;
}

static void free_build(build *b)
{
    disperse_pool_free(b->pool);
    for (int i = 0; i < DISPERSE_THREADS_MAX; i++) {
        qk_dispersion_work_free(b->work[i]);
        free(b->sum[i]);
    }
    qk_matrix_build_clear(&b->rows);
    free(b->hour);
    disperse_close(&b->k);
    free(b);
}

/* source,rate: what changes; a source that is not named keeps the rate of the case. */
static qk_code read_rates(double *rate, const qk_matrix *m, const char *path, qk_error *err)
{
    FILE *file = fopen(path, "rb");
    qk_csv_reader *csv = NULL;
    const qk_str *cell;
    if (!file) return qk_fail_errno(err, errno, "%s", path);
    qk_code code = qk_csv_open(&csv, file, path, 0, err);
    size_t id = 0, value = 0;
    if (code == QK_OK) {
        id = qk_csv_column(csv, "source");
        value = qk_csv_column(csv, "rate");
        if (id == SIZE_MAX || value == SIZE_MAX)
            code = qk_fail(err, QK_EFORMAT, "%s needs the columns source, rate", path);
    }
    while (code == QK_OK && (code = qk_csv_next(csv, &cell, err)) == QK_OK) {
        uint32_t s = 0;
        double v;
        while (s < m->sources && !qk_str_eq_nocase(cell[id], qk_str_of(m->source_id[s]))) s++;
        if (s == m->sources || qk_parse_f64(&v, qk_str_trim(cell[value])) != QK_OK || !(v >= 0)) {
            code = qk_fail(err, QK_EFORMAT, "no such source, or no rate");
            qk_error_at(err, path, qk_csv_line(csv), 0);
            break;
        }
        rate[s] = v;
    }
    qk_csv_close(csv);
    fclose(file);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

static qk_code put_scenario(const qk_matrix *m, uint32_t plane, const char *rates, qk_error *err)
{
    double *rate = calloc(m->sources, sizeof *rate);
    double *base = calloc(m->receptors, sizeof *base), *then = calloc(m->receptors, sizeof *then);
    qk_code code = rate && base && then ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory");
    if (code == QK_OK) {
        memcpy(rate, m->base_rate, m->sources * sizeof *rate);
        qk_matrix_product(base, m, plane, rate);
        if (rates) code = read_rates(rate, m, rates, err);
    }
    if (code == QK_OK) {
        int64_t from = qk_monotonic_ns();
        qk_matrix_product(then, m, plane, rate);
        fprintf(stderr, "disperse matrix: scenario in %.2f ms\n",
                (double)(qk_monotonic_ns() - from) / 1e6);
        puts("x,y,height,base,scenario");
        for (uint32_t r = 0; r < m->receptors; r++)
            printf("%.2f,%.2f,%.2f,%.6g,%.6g\n", m->x_m[r], m->y_m[r], m->flagpole_m[r], base[r],
                   then[r]);
        if (fflush(stdout) != 0) code = qk_fail_errno(err, errno, "standard output");
    }
    free(rate);
    free(base);
    free(then);
    return code;
}

static int run_scenario(const char *path, const char *rates, const char *mean)
{
    qk_error err = {0};
    qk_matrix *m = NULL;
    uint32_t plane = 0;
    if (mean && !qk_matrix_plane(mean, &plane))
        return qk_command_misuse("disperse", "--mean year, month:N, sector:N, hour:N or heavy");
    qk_code code = disperse_read_matrix(&m, path, &err);
    if (code == QK_OK) code = put_scenario(m, plane, rates, &err);
    qk_matrix_free(m);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("disperse matrix", &err);
}

int disperse_matrix(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    static const struct option options[] = {
        {"out", required_argument, NULL, 'o'},     {"heavy", required_argument, NULL, 'h'},
        {"rates", required_argument, NULL, 'r'},   {"mean", required_argument, NULL, 'm'},
        {"threads", required_argument, NULL, 't'}, {0}};
    const char *out = NULL, *heavy = NULL, *rates = NULL, *mean = NULL, *threads = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'o')
            out = optarg;
        else if (option == 'h')
            heavy = optarg;
        else if (option == 'r')
            rates = optarg;
        else if (option == 'm')
            mean = optarg;
        else if (option == 't')
            threads = optarg;
        else
            return qk_command_misuse("disperse", "unknown option");
    }
    if (argc - optind != 1)
        return qk_command_misuse("disperse", "matrix CASE.inp or matrix FILE.nc");
    if (!out) return run_scenario(argv[optind], rates, mean);
    qk_error err = {0};
    build *b = calloc(1, sizeof *b);
    if (b) b->stop = stop;
    qk_code code = b ? build_case(b, argv[optind], out, heavy, disperse_threads(threads), &err)
                     : qk_fail(&err, QK_ENOMEM, "no memory");
    if (b) free_build(b);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("disperse matrix", &err);
}
