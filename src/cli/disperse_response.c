/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong disperse response`: binding modelled classes to a monitor, and imported response
 * surfaces. */
#include "base/csv.h"
#include "cli/command.h"
#include "cli/disperse.h"
#include "models/blend.h"
#include "models/response.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS_MAX = 1000000, NAME = 80, TERMS_MAX = 4096 };

typedef struct series {
    size_t classes, rows, cap;
    size_t column[QK_BLEND_CLASSES_MAX], observed;
    char name[QK_BLEND_CLASSES_MAX][NAME];
    double *modelled, *value;
} series;

static double cell_number(qk_str cell)
{
    double v;
    cell = qk_str_trim(cell);
    return !qk_csv_missing(cell) && qk_parse_f64(&v, cell) == QK_OK ? v : NAN;
}

static qk_code find_classes(series *s, const qk_csv_reader *csv, const char *path, qk_error *err)
{
    s->observed = qk_csv_column(csv, "observed");
    if (s->observed == SIZE_MAX)
        return qk_fail(err, QK_EFORMAT, "%s needs the column observed and one for each class",
                       path);
    for (size_t k = 0; k < qk_csv_columns(csv); k++) {
        qk_str name = qk_csv_header(csv, k);
        if (k == s->observed || qk_str_eq_nocase(name, QK_STR("time"))) continue;
        if (s->classes == QK_BLEND_CLASSES_MAX)
            return qk_fail(err, QK_EFULL, "more than %d classes", QK_BLEND_CLASSES_MAX);
        s->column[s->classes] = k;
        qk_str_copy(s->name[s->classes++], NAME, name);
    }
    return QK_OK;
}

static qk_code take_hour(series *s, const qk_str *cell, qk_error *err)
{
    if (s->rows == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 4096;
        if (cap > ROWS_MAX) return qk_fail(err, QK_EFULL, "more than %d rows", ROWS_MAX / 2);
        double *value = realloc(s->value, cap * sizeof *value);
        if (value) s->value = value;
        double *modelled = realloc(s->modelled, cap * (s->classes + 1) * sizeof *modelled);
        if (modelled) s->modelled = modelled;
        if (!value || !modelled) return qk_fail(err, QK_ENOMEM, "no memory for %zu rows", cap);
        s->cap = cap;
    }
    s->value[s->rows] = cell_number(cell[s->observed]);
    for (size_t k = 0; k < s->classes; k++)
        s->modelled[s->rows * s->classes + k] = cell_number(cell[s->column[k]]);
    s->rows++;
    return QK_OK;
}

static void put_blend(const qk_blend *b, const series *s)
{
    puts("class,factor,error,low,high");
    for (size_t k = 0; k <= b->classes; k++) {
        const char *name = k < b->classes ? s->name[k] : "background";
        if (b->held[k])
            printf("%s,0,NA,NA,NA\n", name);
        else
            printf("%s,%.6g,%.4g,%.6g,%.6g\n", name, b->factor[k], b->error[k],
                   fmax(b->factor[k] - 2 * b->error[k], 0), b->factor[k] + 2 * b->error[k]);
    }
    fprintf(stderr,
            "disperse response: %zu rows, residual %.4g, r2 %.3f, lag-1 correlation %.2f; low and "
            "high are two standard errors off\n",
            b->rows, b->residual, b->r2, b->persistence);
}

static qk_code run_blend(const char *path, qk_error *err)
{
    qk_csv_reader *csv = NULL;
    const qk_str *cell;
    qk_blend b = {0};
    FILE *file = fopen(path, "rb");
    if (!file) return qk_fail_errno(err, errno, "%s", path);
    series *s = calloc(1, sizeof *s);
    if (!s) {
        fclose(file);
        return qk_fail(err, QK_ENOMEM, "no memory for a series");
    }
    qk_code code = qk_csv_open(&csv, file, path, 0, err);
    if (code == QK_OK) code = find_classes(s, csv, path, err);
    while (code == QK_OK && (code = qk_csv_next(csv, &cell, err)) == QK_OK)
        code = take_hour(s, cell, err);
    if (code == QK_ENOTFOUND) code = QK_OK;
    if (code == QK_OK) code = qk_blend_fit(&b, s->modelled, s->value, s->rows, s->classes, err);
    if (code == QK_OK) put_blend(&b, s);
    qk_csv_close(csv);
    fclose(file);
    free(s->modelled);
    free(s->value);
    free(s);
    return code;
}

/* "nox=-0.2,voc=-0.1": each at least -1. */
static bool read_change(qk_rsm_change *out, const char *text)
{
    qk_str rest = qk_str_of(text);
    *out = (qk_rsm_change){0};
    while (rest.len > 0) {
        qk_str part = qk_str_cut(&rest, ','), name = qk_str_cut(&part, '=');
        double v;
        if (!part.ptr || qk_parse_f64(&v, part) != QK_OK || !(v >= -1 && v <= 10)) return false;
        if (qk_str_eq_nocase(name, QK_STR("nox")))
            out->nox = v;
        else if (qk_str_eq_nocase(name, QK_STR("so2")))
            out->so2 = v;
        else if (qk_str_eq_nocase(name, QK_STR("nh3")))
            out->nh3 = v;
        else if (qk_str_eq_nocase(name, QK_STR("voc")))
            out->voc = v;
        else
            return false;
    }
    return true;
}

typedef struct surface {
    char region[NAME], season[NAME];
    qk_rsm_term term[TERMS_MAX];
    size_t terms;
} surface;

static void put_surface(const surface *s, const qk_rsm_change *change)
{
    if (s->terms)
        printf("%s,%s,%.6g\n", s->region, s->season, qk_rsm_evaluate(s->term, s->terms, change));
}

static bool read_term(qk_rsm_term *out, const qk_str *cell, const size_t *column)
{
    int64_t n[4];
    for (int k = 0; k < 4; k++)
        if (qk_parse_i64(&n[k], qk_str_trim(cell[column[k]])) != QK_OK || n[k] < 0 || n[k] > 9)
            return false;
    *out = (qk_rsm_term){(int)n[0], (int)n[1], (int)n[2], (int)n[3], 0};
    return qk_parse_f64(&out->x, qk_str_trim(cell[column[4]])) == QK_OK;
}

static qk_code take_term(surface *s, const qk_str *cell, const size_t *column,
                         const qk_rsm_change *change, qk_error *err)
{
    qk_str region = qk_str_trim(cell[column[5]]), season = qk_str_trim(cell[column[6]]);
    if (!qk_str_eq(region, qk_str_of(s->region)) || !qk_str_eq(season, qk_str_of(s->season))) {
        put_surface(s, change);
        if (region.len >= NAME || season.len >= NAME)
            return qk_fail(err, QK_EFORMAT, "a name of more than %d bytes", NAME - 1);
        qk_str_copy(s->region, NAME, region);
        qk_str_copy(s->season, NAME, season);
        s->terms = 0;
    }
    if (s->terms == TERMS_MAX) return qk_fail(err, QK_EFULL, "more than %d terms", TERMS_MAX);
    if (!read_term(&s->term[s->terms], cell, column))
        return qk_fail(err, QK_EFORMAT, "exponents are whole numbers from 0 to 9, x a number");
    s->terms++;
    return QK_OK;
}

/* region,season,nox,so2,nh3,voc,x: the rows of a region and season stand together. */
static qk_code run_surface(const char *path, const qk_rsm_change *change, qk_error *err)
{
    static const char *const names[] = {"nox", "so2", "nh3", "voc", "x", "region", "season"};
    size_t column[7] = {0};
    const qk_str *cell;
    qk_csv_reader *csv = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return qk_fail_errno(err, errno, "%s", path);
    surface *s = calloc(1, sizeof *s);
    if (!s) {
        fclose(file);
        return qk_fail(err, QK_ENOMEM, "no memory for a surface");
    }
    qk_code code = qk_csv_open(&csv, file, path, 0, err);
    for (int k = 0; k < 7 && code == QK_OK; k++)
        if ((column[k] = qk_csv_column(csv, names[k])) == SIZE_MAX)
            code = qk_fail(err, QK_EFORMAT, "%s needs the column %s", path, names[k]);
    if (code == QK_OK) puts("region,season,change");
    while (code == QK_OK && (code = qk_csv_next(csv, &cell, err)) == QK_OK) {
        code = take_term(s, cell, column, change, err);
        if (code != QK_OK) qk_error_at(err, path, qk_csv_line(csv), 0);
    }
    if (code == QK_ENOTFOUND) code = QK_OK;
    if (code == QK_OK) put_surface(s, change);
    qk_csv_close(csv);
    fclose(file);
    free(s);
    return code;
}

int disperse_response(int argc, char **argv)
{
    static const struct option options[] = {{"change", required_argument, NULL, 'c'}, {0}};
    qk_rsm_change change = {0};
    qk_error err = {0};
    qk_code code;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (option != 'c' || !read_change(&change, optarg))
            return qk_command_misuse("disperse", "--change nox=-0.2,so2=0,nh3=0,voc=-0.1");
    if (argc - optind != 2)
        return qk_command_misuse("disperse", "response blend FILE.csv or response rsm FILE.csv");
    if (strcmp(argv[optind], "blend") == 0)
        code = run_blend(argv[optind + 1], &err);
    else if (strcmp(argv[optind], "rsm") == 0)
        code = run_surface(argv[optind + 1], &change, &err);
    else
        return qk_command_misuse("disperse", "response blend or response rsm");
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("disperse response", &err);
}
