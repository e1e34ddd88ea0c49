/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong disperse matrix`: builds the source-receptor matrix of a case and evaluates scenarios.
 */
#include "base/csv.h"
#include "base/file.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/disperse.h"
#include "models/source_matrix.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HOURS_MAX = 200000, MATRIX_MAX_MIB = 16384, SWAP = 1 << 16, BLOCK = 2, SAVE_MS = 120000 };

typedef struct build {
    disperse_case k;
    qk_matrix *m;
    disperse_pool *pool;
    qk_dispersion_work *work[DISPERSE_THREADS_MAX];
    double *sum[DISPERSE_THREADS_MAX]; /* a thread: [planes][receptors], then one hour */
    qk_plume_hour *hour;
    size_t hours, cap;
    uint8_t *heavy; /* an hour each */
    uint32_t *due;
    uint32_t due_count;
    uint8_t heavy_day[367];
    const volatile sig_atomic_t *stop;
    char part[QK_PATH_MAX]; /* what is done of a matrix that is not */
    uint32_t begun;         /* first of `due` in the block that runs */
} build;

static int sector_of(double direction)
{
    return (int)floor(fmod(direction + 11.25, 360) / 22.5) % 16;
}

/* Four of the planes of an hour; the year is the sum of the months. */
static void planes_of(const qk_plume_hour *h, bool heavy, int plane[4])
{
    plane[0] = QK_MATRIX_MONTH + h->month - 1;
    plane[1] = QK_MATRIX_SECTOR + sector_of(h->direction_deg);
    plane[2] = QK_MATRIX_HOUR + h->hour - 1;
    plane[3] = heavy ? QK_MATRIX_HEAVY : -1;
}

static void add_hour(double *sum, const double *one, const int plane[4], size_t receptors)
{
    for (int i = 0; i < 4; i++) {
        if (plane[i] < 0) continue;
        double *out = sum + (size_t)plane[i] * receptors;
        for (size_t r = 0; r < receptors; r++) out[r] += one[r];
    }
}

static void finish_row(build *b, const double *sum, uint32_t source)
{
    size_t n = b->m->receptors;
    for (uint32_t p = 0; p < QK_MATRIX_PLANES; p++) {
        float *row = qk_matrix_row(b->m, p, source);
        double inverse = b->m->hours[p] ? 1.0 / b->m->hours[p] : 0;
        for (size_t r = 0; r < n; r++) {
            double v = sum[p * n + r];
            for (int k = 0; p == QK_MATRIX_YEAR && k < 12; k++)
                v += sum[(size_t)(QK_MATRIX_MONTH + k) * n + r];
            row[r] = (float)(v * inverse);
        }
    }
}

/* One source over all hours. Emission factors stay in: the row is for one unit of the base rate. */
static void build_source(void *arg, int thread, size_t item)
{
    build *b = arg;
    uint32_t source = b->due[b->begun + item];
    const qk_aermod_source *s = &b->k.c.source[source];
    size_t n = b->m->receptors;
    double *sum = b->sum[thread], *one = sum + QK_MATRIX_PLANES * n;
    memset(sum, 0, QK_MATRIX_PLANES * n * sizeof *sum);
    for (size_t i = 0; i < b->hours; i++) {
        const qk_plume_hour *h = &b->hour[i];
        int plane[4], weekday = qk_aermod_weekday(h->year, h->month, h->day);
        double factor = qk_aermod_factor_at(&b->k.c, s, h->month, weekday, h->hour, h->wind_m_s);
        qk_aermod_emission e = {factor, s->temperature_k, s->velocity_m_s};
        if (qk_dispersion_begin(b->work[thread], h) != QK_PLUME_HOUR_VALID) continue;
        memset(one, 0, n * sizeof *one);
        qk_dispersion_source(b->work[thread], source, &e, one);
        planes_of(h, b->heavy[i], plane);
        add_hour(sum, one, plane, n);
    }
    finish_row(b, sum, source);
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

static qk_code count_hours(build *b, qk_error *err)
{
    b->heavy = calloc(b->hours + 1, 1);
    if (!b->heavy) return qk_fail(err, QK_ENOMEM, "no memory for hours");
    for (size_t i = 0; i < b->hours; i++) {
        const qk_plume_hour *h = &b->hour[i];
        int plane[4];
        b->heavy[i] = b->heavy_day[qk_aermod_day_of_year(h->year, h->month, h->day)];
        if (qk_plume_hour_status(h) != QK_PLUME_HOUR_VALID) continue;
        planes_of(h, b->heavy[i], plane);
        b->m->hours[QK_MATRIX_YEAR]++;
        for (int k = 0; k < 4; k++)
            if (plane[k] >= 0) b->m->hours[plane[k]]++;
    }
    return QK_OK;
}

static uint64_t stir(uint64_t mark, const void *bytes, size_t len)
{
    return (mark ^ qk_hash(bytes, len)) * 0x9E3779B97F4A7C15u + 1;
}

/* Fingerprint of all that a row is made of but the rate: weather, receptors, options, the source.
 */
static void mark_sources(build *b)
{
    const qk_aermod_case *c = &b->k.c;
    const double options[] = {c->flat,      c->elevated, c->regulatory, c->no_tip_downwash,
                              c->decay_1_s, c->base_m,   c->rotate_deg, c->unit_factor};
    uint64_t all = stir(1, options, sizeof options);
    for (int i = 0; i < b->k.files.count; i++)
        if (i > 0) all = stir(all, b->k.files.text[i].ptr, b->k.files.text[i].len);
    for (size_t i = 0; i < c->receptor_count; i++) {
        const qk_aermod_receptor *r = &c->receptor[i];
        const double v[] = {r->x_m, r->y_m, r->ground_m, r->hill_m, r->flagpole_m};
        all = stir(all, v, sizeof v);
    }
    all = stir(all, b->heavy_day, sizeof b->heavy_day);
    all = stir(all, &b->hours, sizeof b->hours);
    for (uint32_t s = 0; s < b->m->sources; s++) {
        const qk_aermod_source *o = &c->source[s];
        const double v[] = {o->shape,        o->kind,       o->flat,      o->x_m,
                            o->y_m,          o->base_m,     o->height_m,  o->temperature_k,
                            o->velocity_m_s, o->diameter_m, o->sigma_y_m, o->sigma_z_m,
                            o->factor_kind};
        uint64_t mark = stir(all, v, sizeof v);
        if (o->vertex) mark = stir(mark, o->vertex, (size_t)o->vertex_count * sizeof *o->vertex);
        if (o->factor) mark = stir(mark, o->factor, (size_t)o->factor_count * sizeof *o->factor);
        if (o->city >= 0) {
            const double city[] = {c->city[o->city].population, c->city[o->city].roughness_m};
            mark = stir(mark, city, sizeof city);
        }
        memcpy(b->m->source_id[s], o->id, sizeof o->id);
        b->m->base_rate[s] = o->rate;
        b->m->source_mark[s] = mark;
    }
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

/* Rows of an older file whose inputs are the same are taken over: `due` is left with the others. */
static void reuse_rows(build *b, const char *path)
{
    uint32_t left = b->due_count;
    b->due_count = 0;
    qk_matrix *old = NULL;
    if (disperse_read_matrix(&old, path, NULL) != QK_OK || old->receptors != b->m->receptors ||
        old->planes != b->m->planes) {
        qk_matrix_free(old);
        old = NULL;
    }
    for (uint32_t i = 0; i < left; i++) {
        uint32_t s = b->due[i], at = old ? 0 : UINT32_MAX;
        while (old && at < old->sources && old->source_mark[at] != b->m->source_mark[s]) at++;
        if (!old || at == old->sources) {
            b->due[b->due_count++] = s;
            continue;
        }
        for (uint32_t p = 0; p < b->m->planes; p++)
            memcpy(qk_matrix_row(b->m, p, s), qk_matrix_row(old, p, at),
                   b->m->receptors * sizeof *b->m->value);
    }
    qk_matrix_free(old);
}

static qk_code write_matrix(const qk_matrix *m, const char *path, qk_error *err)
{
    qk_buf bytes;
    size_t count = qk_matrix_values(m);
    qk_buf_init(&bytes, (size_t)MATRIX_MAX_MIB << 20);
    qk_matrix_write_head(&bytes, m);
    for (size_t i = 0; i < count; i += SWAP) {
        size_t n = count - i < SWAP ? count - i : SWAP;
        char *at = qk_buf_reserve(&bytes, n * sizeof(float));
        if (!at) break;
        qk_matrix_swap(at, m->value + i, n);
        bytes.len += n * sizeof(float);
    }
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
    size_t values = (size_t)(QK_MATRIX_PLANES + 1) * b->m->receptors;
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
    uint64_t *mark = malloc((size_t)b->m->sources * sizeof *mark);
    if (!mark) return qk_fail(err, QK_ENOMEM, "no memory for marks");
    memcpy(mark, b->m->source_mark, b->m->sources * sizeof *mark);
    for (uint32_t i = done; i < b->due_count; i++) b->m->source_mark[b->due[i]] = 0;
    qk_code code = write_matrix(b->m, b->part, err);
    memcpy(b->m->source_mark, mark, b->m->sources * sizeof *mark);
    free(mark);
    return code;
}

static qk_code build_rows(build *b, int64_t began, qk_error *err)
{
    uint32_t block = (uint32_t)disperse_pool_threads(b->pool) * BLOCK;
    int64_t shown = began, saved = began;
    for (b->begun = 0; b->begun < b->due_count;) {
        uint32_t left = b->due_count - b->begun, count = left < block ? left : block;
        disperse_pool_run(b->pool, build_source, b, count);
        b->begun += count;
        int64_t now = qk_monotonic_ms();
        bool last = b->begun == b->due_count;
        if (now - shown > 2000) {
            fprintf(stderr, "disperse matrix: %u of %u sources, %.1f s\n", b->begun, b->due_count,
                    (double)(now - began) / 1000);
            shown = now;
        }
        if (!last && (*b->stop || now - saved > SAVE_MS)) {
            QK_TRY(save_part(b, b->begun, err));
            saved = qk_monotonic_ms();
        }
        if (!last && *b->stop) {
            qk_fail(err, QK_ECANCELLED, "stopped after %u of %u sources", b->begun, b->due_count);
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
    for (size_t s = 0; s < b->k.c.source_count; s++)
        if (b->k.c.source[s].hourly >= 0)
            return qk_fail(err, QK_EUNSUPPORTED, "source %s has hourly emissions: no fixed unit",
                           b->k.c.source[s].id);
    if (b->k.c.arm2) return qk_fail(err, QK_EUNSUPPORTED, "ARM2 is not linear in emissions");
    if (!b->k.d) return qk_fail(err, QK_EFORMAT, "the runstream says RUNORNOT NOT");
    QK_TRY(read_heavy(b, heavy, err));
    QK_TRY(read_hours(b, err));
    QK_TRY(qk_matrix_new(&b->m, (uint32_t)b->k.c.source_count, (uint32_t)b->k.c.receptor_count,
                         QK_MATRIX_PLANES, err));
    for (uint32_t r = 0; r < b->m->receptors; r++) {
        b->m->x_m[r] = b->k.c.receptor[r].x_m;
        b->m->y_m[r] = b->k.c.receptor[r].y_m;
        b->m->flagpole_m[r] = b->k.c.receptor[r].flagpole_m;
    }
    QK_TRY(count_hours(b, err));
    mark_sources(b);
    b->due = calloc(b->m->sources, sizeof *b->due);
    if (!b->due) return qk_fail(err, QK_ENOMEM, "no memory for %u sources", b->m->sources);
    for (uint32_t s = 0; s < b->m->sources; s++) b->due[b->due_count++] = s;
    reuse_rows(b, out);
    reuse_rows(b, b->part);
    QK_TRY(give_threads(b, threads, err));
    QK_TRY(build_rows(b, began, err));
    QK_TRY(write_matrix(b->m, out, err));
    unlink(b->part);
    fprintf(stderr, "disperse matrix: %u of %u sources computed, %u receptors, %zu hours, %.2f s\n",
            b->due_count, b->m->sources, b->m->receptors, b->hours,
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
    qk_matrix_free(b->m);
    free(b->hour);
    free(b->heavy);
    free(b->due);
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

bool disperse_plane(const char *text, uint32_t *out)
{
    static const struct {
        const char *name;
        uint32_t first, count;
    } names[] = {{"year", QK_MATRIX_YEAR, 1},
                 {"month", QK_MATRIX_MONTH, 12},
                 {"sector", QK_MATRIX_SECTOR, 16},
                 {"hour", QK_MATRIX_HOUR, 24},
                 {"heavy", QK_MATRIX_HEAVY, 1}};
    qk_str rest = qk_str_of(text), name = qk_str_cut(&rest, ':');
    int64_t n = 1;
    if (rest.ptr && qk_parse_i64(&n, rest) != QK_OK) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!qk_str_eq(name, qk_str_of(names[i].name))) continue;
        *out = names[i].first + (uint32_t)n - 1;
        return n >= 1 && n <= names[i].count;
    }
    return false;
}

static int run_scenario(const char *path, const char *rates, const char *mean)
{
    qk_error err = {0};
    qk_matrix *m = NULL;
    uint32_t plane = 0;
    if (mean && !disperse_plane(mean, &plane))
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
