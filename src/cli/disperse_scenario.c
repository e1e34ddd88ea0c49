/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong disperse scenario`: what a list of measures does to the air, by a source-receptor
 * matrix, and which of them keep a target at the least cost. */
#include "base/csv.h"
#include "base/map.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/disperse.h"
#include "models/least_cost.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

enum { CUTS_MAX = 2000000, NAME = 80, NAMED_PRICES = 5 };

typedef struct measure {
    char name[NAME];
    double cost, applied;
} measure;

typedef struct scenario {
    qk_matrix *m;
    uint32_t plane;
    measure *measure;
    uint32_t measures;
    qk_response_cut *cut;
    size_t cuts, cut_cap;
    double factor, background, target, margin;
} scenario;

typedef struct columns {
    size_t measure, source, cut, cost, applied;
} columns;

static void free_scenario(scenario *s)
{
    qk_matrix_free(s->m);
    free(s->measure);
    free(s->cut);
}

static qk_code find_columns(columns *c, const qk_csv_reader *csv, const char *path, qk_error *err)
{
    c->measure = qk_csv_column(csv, "measure");
    c->source = qk_csv_column(csv, "source");
    c->cut = qk_csv_column(csv, "cut");
    c->cost = qk_csv_column(csv, "cost");
    c->applied = qk_csv_column(csv, "applied");
    if (c->measure != SIZE_MAX && c->source != SIZE_MAX && c->cut != SIZE_MAX) return QK_OK;
    return qk_fail(err, QK_EFORMAT, "%s needs the columns measure, source, cut", path);
}

/* A number between low and high; `otherwise` where the column or the value is missing. */
static qk_code read_number(double *out, const qk_str *cell, size_t column, double low, double high,
                           double otherwise, qk_error *err)
{
    *out = otherwise;
    if (column == SIZE_MAX || qk_csv_missing(qk_str_trim(cell[column]))) {
        if (!isnan(otherwise)) return QK_OK;
        return qk_fail(err, QK_EFORMAT, "a number is missing");
    }
    if (qk_parse_f64(out, qk_str_trim(cell[column])) == QK_OK && *out >= low && *out <= high)
        return QK_OK;
    return qk_fail(err, QK_EFORMAT, "'%.*s' is not a number from %g to %g", (int)cell[column].len,
                   cell[column].ptr, low, high);
}

static qk_code measure_of(scenario *s, qk_map *names, qk_str name, uint64_t *at, qk_error *err)
{
    if (qk_map_get(names, name, at)) return QK_OK;
    if (name.len == 0 || name.len >= NAME)
        return qk_fail(err, QK_EFORMAT, "a measure's name has 1 to %d bytes", NAME - 1);
    if (s->measures == QK_LEAST_COST_MEASURES_MAX)
        return qk_fail(err, QK_EFULL, "more than %d measures", QK_LEAST_COST_MEASURES_MAX);
    *at = s->measures++;
    qk_str_copy(s->measure[*at].name, NAME, name);
    return qk_map_set(names, name, *at) == QK_OK ? QK_OK
                                                 : qk_fail(err, QK_ENOMEM, "no memory for names");
}

/* Names of sources are read without regard to case, as runstreams are. */
static bool source_of(const qk_map *sources, qk_str name, uint64_t *at)
{
    char upper[QK_MATRIX_ID];
    if (name.len == 0 || name.len >= sizeof upper) return false;
    for (size_t i = 0; i < name.len; i++)
        upper[i] =
            (char)(name.ptr[i] >= 'a' && name.ptr[i] <= 'z' ? name.ptr[i] - 32 : name.ptr[i]);
    return qk_map_get(sources, (qk_str){upper, name.len}, at);
}

static qk_code read_row(scenario *s, qk_map *names, const qk_map *sources, const columns *c,
                        const qk_str *cell, qk_error *err)
{
    uint64_t at = 0, source = 0;
    double share, cost, applied;
    if (s->cuts == s->cut_cap) {
        size_t cap = s->cut_cap ? 2 * s->cut_cap : 1024;
        qk_response_cut *more = cap > CUTS_MAX ? NULL : realloc(s->cut, cap * sizeof *more);
        if (!more) return qk_fail(err, QK_EFULL, "more than %d rows", CUTS_MAX);
        s->cut = more;
        s->cut_cap = cap;
    }
    QK_TRY(measure_of(s, names, qk_str_trim(cell[c->measure]), &at, err));
    if (!source_of(sources, qk_str_trim(cell[c->source]), &source))
        return qk_fail(err, QK_EFORMAT, "the matrix has no source '%.*s'", (int)cell[c->source].len,
                       cell[c->source].ptr);
    QK_TRY(read_number(&share, cell, c->cut, 0, 1, NAN, err));
    QK_TRY(read_number(&cost, cell, c->cost, 0, 1e15, 0, err));
    QK_TRY(read_number(&applied, cell, c->applied, 0, 1, 1, err));
    s->measure[at].cost += cost;
    s->measure[at].applied = applied;
    s->cut[s->cuts++] = (qk_response_cut){(uint32_t)at, (uint32_t)source, share};
    return QK_OK;
}

static int by_measure(const void *pa, const void *pb)
{
    const qk_response_cut *a = pa, *b = pb;
    if (a->measure != b->measure) return a->measure < b->measure ? -1 : 1;
    return (a->source > b->source) - (a->source < b->source);
}

static qk_code read_rows(scenario *s, qk_map *names, const qk_map *sources, const char *path,
                         qk_error *err)
{
    FILE *file = fopen(path, "rb");
    qk_csv_reader *csv = NULL;
    const qk_str *cell;
    columns c = {0};
    if (!file) return qk_fail_errno(err, errno, "%s", path);
    qk_code code = qk_csv_open(&csv, file, path, 0, err);
    if (code == QK_OK) code = find_columns(&c, csv, path, err);
    while (code == QK_OK && (code = qk_csv_next(csv, &cell, err)) == QK_OK) {
        code = read_row(s, names, sources, &c, cell, err);
        if (code != QK_OK) qk_error_at(err, path, qk_csv_line(csv), 0);
    }
    qk_csv_close(csv);
    fclose(file);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* measure, source, cut (of what the source still emits, 0..1), cost (summed over a measure's rows),
 * applied (0..1, else 1). */
static qk_code read_measures(scenario *s, const char *path, qk_error *err)
{
    qk_map *names = NULL, *sources = NULL;
    s->measure = calloc(QK_LEAST_COST_MEASURES_MAX, sizeof *s->measure);
    qk_code code = s->measure && qk_map_new(&names, QK_LEAST_COST_MEASURES_MAX) == QK_OK &&
                           qk_map_new(&sources, (size_t)s->m->sources + 1) == QK_OK
                       ? QK_OK
                       : qk_fail(err, QK_ENOMEM, "no memory for measures");
    for (uint32_t i = 0; code == QK_OK && i < s->m->sources; i++)
        code = qk_map_set(sources, qk_str_of(s->m->source_id[i]), i);
    if (code == QK_OK) code = read_rows(s, names, sources, path, err);
    if (code == QK_OK && s->cuts == 0) code = qk_fail(err, QK_EFORMAT, "%s has no measures", path);
    if (code == QK_OK) qsort(s->cut, s->cuts, sizeof *s->cut, by_measure);
    qk_map_free(names);
    qk_map_free(sources);
    return code;
}

static qk_code put_air(const scenario *s, qk_error *err)
{
    const qk_matrix *m = s->m;
    double *applied = calloc(s->measures, sizeof *applied),
           *rate = calloc(m->sources, sizeof *rate);
    double *base = calloc(m->receptors, sizeof *base), *then = calloc(m->receptors, sizeof *then);
    qk_code code = QK_OK;
    if (!applied || !rate || !base || !then) {
        code = qk_fail(err, QK_ENOMEM, "no memory");
        goto out;
    }
    for (uint32_t k = 0; k < s->measures; k++) applied[k] = s->measure[k].applied;
    qk_matrix_product(base, m, s->plane, m->base_rate);
    int64_t from = qk_monotonic_ns();
    qk_response_rates(rate, m->base_rate, m->sources, s->cut, s->cuts, applied);
    qk_matrix_product(then, m, s->plane, rate);
    fprintf(stderr, "disperse scenario: %u measures on %u sources in %.2f ms\n", s->measures,
            m->sources, (double)(qk_monotonic_ns() - from) / 1e6);
    puts("x,y,height,base,scenario,change_percent");
    for (uint32_t r = 0; r < m->receptors; r++) {
        double a = s->factor * base[r] + s->background, b = s->factor * then[r] + s->background;
        printf("%.2f,%.2f,%.2f,%.6g,%.6g,%.3f\n", m->x_m[r], m->y_m[r], m->flagpole_m[r], a, b,
               a > 0 ? (b / a - 1) * 100 : 0);
    }
    if (fflush(stdout) != 0) code = qk_fail_errno(err, errno, "standard output");
out:
    free(applied);
    free(rate);
    free(base);
    free(then);
    return code;
}

/* Where the target costs most. */
static void put_prices(const scenario *s, double *price)
{
    for (int n = 0; n < NAMED_PRICES; n++) {
        uint32_t best = 0;
        for (uint32_t r = 1; r < s->m->receptors; r++)
            if (price[r] > price[best]) best = r;
        if (!(price[best] > 0)) return;
        fprintf(stderr, "  at %.2f, %.2f one unit less would cost %.6g\n", s->m->x_m[best],
                s->m->y_m[best], price[best]);
        price[best] = 0;
    }
}

static void put_set(const scenario *s, const qk_least_cost *set)
{
    qk_buf line;
    puts("measure,applied,cost");
    for (uint32_t k = 0; k < s->measures; k++) {
        qk_buf_init(&line, 4 * NAME);
        qk_csv_put_text(&line, qk_str_of(s->measure[k].name), true);
        printf("%.*s,%.6g,%.6g\n", (int)line.len, line.ptr, set->applied[k],
               set->applied[k] * s->measure[k].cost);
        qk_buf_clear(&line);
    }
}

static qk_code put_cheapest(const scenario *s, qk_error *err)
{
    double *cost = calloc(s->measures, sizeof *cost);
    qk_least_cost set = {.applied = calloc(s->measures, sizeof *set.applied),
                         .price = calloc(s->m->receptors, sizeof *set.price)};
    qk_code code = QK_OK;
    if (!cost || !set.applied || !set.price) {
        code = qk_fail(err, QK_ENOMEM, "no memory for %u measures", s->measures);
        goto out;
    }
    for (uint32_t k = 0; k < s->measures; k++) cost[k] = s->measure[k].cost;
    qk_least_cost_task task = {.m = s->m,
                               .plane = s->plane,
                               .base = s->m->base_rate,
                               .cut = s->cut,
                               .cuts = s->cuts,
                               .measures = s->measures,
                               .cost = cost,
                               .factor = s->factor,
                               .background = s->background,
                               .target = s->target,
                               .margin = s->margin};
    code = qk_least_cost_solve(&set, &task, err);
    if (code != QK_OK) goto out;
    put_set(s, &set);
    fprintf(stderr, "disperse scenario: cost %.6g; highest %.6g at %.2f, %.2f; %d rounds\n",
            set.cost, set.highest, s->m->x_m[set.worst], s->m->y_m[set.worst], set.rounds);
    put_prices(s, set.price);
    if (fflush(stdout) != 0) code = qk_fail_errno(err, errno, "standard output");
out:
    free(cost);
    free(set.applied);
    free(set.price);
    return code;
}

static bool number_of(const char *text, double low, double high, double *out)
{
    return qk_parse_f64(out, qk_str_of(text)) == QK_OK && *out >= low && *out <= high;
}

static bool take_option(scenario *s, int option, const char *text)
{
    switch (option) {
    case 'e': return qk_matrix_plane(text, &s->plane);
    case 'b': return number_of(text, 0, 1e12, &s->background);
    case 'f': return number_of(text, 0, 1e6, &s->factor);
    case 't': return number_of(text, 0, 1e12, &s->target);
    case 'g': return number_of(text, 0, 0.99, &s->margin);
    default: return false;
    }
}

int disperse_scenario(int argc, char **argv)
{
    static const struct option options[] = {{"measures", required_argument, NULL, 'm'},
                                            {"mean", required_argument, NULL, 'e'},
                                            {"background", required_argument, NULL, 'b'},
                                            {"factor", required_argument, NULL, 'f'},
                                            {"target", required_argument, NULL, 't'},
                                            {"margin", required_argument, NULL, 'g'},
                                            {0}};
    scenario s = {.factor = 1, .target = NAN};
    const char *measures = NULL;
    qk_error err = {0};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'm')
            measures = optarg;
        else if (!take_option(&s, option, optarg))
            return qk_command_misuse("disperse", "scenario: unknown option or value");
    }
    if (argc - optind != 1 || !measures)
        return qk_command_misuse("disperse", "scenario FILE.nc --measures FILE.csv");
    qk_code code = disperse_read_matrix(&s.m, argv[optind], &err);
    if (code == QK_OK) code = read_measures(&s, measures, &err);
    if (code == QK_OK) code = isnan(s.target) ? put_air(&s, &err) : put_cheapest(&s, &err);
    free_scenario(&s);
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("disperse scenario", &err);
}
