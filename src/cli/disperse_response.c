/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong disperse response`: what a change of emissions does to the air where no matrix tells
 * it: factors of a monitor, imported transport matrices and response surfaces, secondary particles,
 * ozone, and the whole of PM2.5. Each answer's columns say what it may claim. */
#include "base/file.h"
#include "cli/command.h"
#include "cli/disperse.h"
#include "cli/table.h"
#include "models/blend.h"
#include "models/response_import.h"
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

enum { FILE_BYTES = 64 << 20, CHANGES_MAX = 256 };

typedef struct change {
    qk_str name;
    double value; /* dE/E, -1 .. 10 */
} change;

/* What the options say. */
typedef struct asked {
    change change[CHANGES_MAX];
    size_t changes;
    const char *receptor, *season;
    double now, formaldehyde_no2;
    qk_between share, primary, secondary_then; /* primary: low = now, high = then */
    double secondary;
} asked;

/* ---- a monitor ---- */

static void put_blend(const qk_blend *b, const table *t, size_t observed)
{
    puts("class,factor,error,low,high");
    for (size_t k = 0, c = 0; k <= b->classes; k++, c++) {
        c += k < b->classes && c == observed;
        const char *name = k < b->classes ? t->name[c] : "background";
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

static qk_code fit_table(const table *t, const char *path, qk_error *err)
{
    qk_blend b = {0};
    size_t observed = 0, classes = t->columns - 1;
    const double *monitor = table_column(t, "observed");
    while (observed < t->columns && t->column[observed] != monitor) observed++;
    if (!monitor)
        return qk_fail(err, QK_EFORMAT, "%s needs the column observed and one for each class",
                       path);
    double *modelled = calloc(t->rows * classes + 1, sizeof *modelled);
    if (!modelled) return qk_fail(err, QK_ENOMEM, "no memory for %zu rows", t->rows);
    for (size_t i = 0; i < t->rows; i++)
        for (size_t k = 0; k < classes; k++)
            modelled[i * classes + k] = t->column[k + (k >= observed)][i];
    qk_code code = qk_blend_fit(&b, modelled, monitor, t->rows, classes, err);
    if (code == QK_OK) put_blend(&b, t, observed);
    free(modelled);
    return code;
}

static qk_code run_blend(const char *path, qk_error *err)
{
    table t;
    QK_TRY(table_read(&t, path, &(table_want){.skip = "time"}, err));
    qk_code code = t.columns ? fit_table(&t, path, err)
                             : qk_fail(err, QK_EFORMAT, "%s has no columns of numbers", path);
    table_clear(&t);
    return code;
}

/* ---- what was imported ---- */

static qk_code read_import(qk_import *out, qk_import_kind kind, const char *path, qk_error *err)
{
    qk_buf text;
    qk_buf_init(&text, FILE_BYTES);
    qk_code code = qk_file_read(&text, path, err);
    if (code == QK_OK) code = qk_import_read(out, kind, qk_buf_str(&text), path, err);
    qk_buf_clear(&text);
    return code;
}

static bool chosen(const asked *a, const qk_import_group *g)
{
    return (!a->receptor || strcmp(a->receptor, g->place) == 0) &&
           (!a->season || strcmp(a->season, g->season) == 0);
}

static double change_of(const asked *a, const char *name)
{
    for (size_t k = 0; k < a->changes; k++)
        if (qk_str_eq_nocase(a->change[k].name, qk_str_of(name))) return a->change[k].value;
    return 0;
}

/* A name that is mistyped would change nothing without a word. */
static qk_code check_regions(const asked *a, const qk_import *t, qk_error *err)
{
    for (size_t k = 0; k < a->changes; k++) {
        bool known = false;
        for (size_t i = 0; i < t->rows && !known; i++)
            known = qk_str_eq_nocase(a->change[k].name, qk_str_of(t->share[i].region));
        if (!known)
            return qk_fail(err, QK_EINVAL, "the matrix has no region '%.*s'",
                           QK_STR_ARG(a->change[k].name));
    }
    return QK_OK;
}

static qk_code check_precursors(const asked *a, qk_error *err)
{
    for (size_t k = 0; k < a->changes; k++)
        if (qk_precursor_of(a->change[k].name) == QK_PRECURSORS)
            return qk_fail(err, QK_EINVAL, "no precursor '%.*s': so2, nox, nh3, voc",
                           QK_STR_ARG(a->change[k].name));
    return QK_OK;
}

static void put_two_names(const char *a, const char *b)
{
    qk_buf line;
    qk_buf_init(&line, 8 * QK_IMPORT_NAME);
    qk_csv_put_text(&line, qk_str_of(a), true);
    qk_csv_put_text(&line, qk_str_of(b), false);
    printf("%.*s", (int)line.len, line.ptr);
    qk_buf_clear(&line);
}

/* Per cent of what is there without --now. */
static qk_code put_regions(const asked *a, const qk_import *t, const qk_import_group *g,
                           qk_error *err)
{
    double *share = calloc(g->count, sizeof *share), *ratio = calloc(g->count, sizeof *ratio);
    qk_between *range = calloc(g->count, sizeof *range);
    double now = isnan(a->now) ? 100 : a->now, named = 0, sum = 0;
    qk_code code = QK_OK;
    if (!share || !ratio || !range) {
        code = qk_fail(err, QK_ENOMEM, "no memory for %zu regions", g->count);
        goto out;
    }
    for (size_t k = 0; k < g->count; k++) {
        const qk_transport_share *v = &t->share[g->first + k];
        share[k] = v->share;
        range[k] = v->range;
        ratio[k] = 1 + change_of(a, v->region);
        sum += v->share;
        named += ratio[k] == 1 ? 0 : v->share;
    }
    qk_between then = qk_response_regions_between(now, range, ratio, g->count);
    put_two_names(g->place, g->season);
    printf(",%.6g,%.6g,%.6g,%.6g,%.6g,%.4g,%.4g\n", now,
           qk_response_regions(now, share, ratio, g->count), then.low, then.high,
           now * (1 - fmin(named, 1)), named, fmax(1 - sum, 0));
out:
    free(share);
    free(ratio);
    free(range);
    return code;
}

static qk_code put_secondary(const asked *a, const qk_import *t, const qk_import_group *g,
                             qk_error *err)
{
    qk_between elasticity[QK_PRECURSORS];
    double relative[QK_PRECURSORS];
    (void)err;
    for (size_t k = 0; k < g->count; k++) {
        const qk_elasticity *e = &t->elasticity[g->first + k];
        elasticity[k] = e->range;
        relative[k] = change_of(a, qk_precursor_name(e->precursor));
        if (e->source[0])
            fprintf(stderr, "disperse response: %s %g to %g: %s\n", qk_precursor_name(e->precursor),
                    e->range.low, e->range.high, e->source);
    }
    qk_between then = qk_response_secondary(a->now, elasticity, relative, g->count);
    put_two_names(g->place, g->season);
    printf(",%.6g,%.6g,%.6g,estimate\n", a->now, then.low, then.high);
    return QK_OK;
}

static qk_code put_surface(const asked *a, const qk_import *t, const qk_import_group *g,
                           qk_error *err)
{
    qk_rsm_change d = {change_of(a, "nox"), change_of(a, "so2"), change_of(a, "nh3"),
                       change_of(a, "voc")};
    (void)err;
    put_two_names(g->place, g->season);
    printf(",%.6g\n", qk_rsm_evaluate(&t->term[g->first], g->count, &d));
    return QK_OK;
}

typedef qk_code (*put_group)(const asked *a, const qk_import *t, const qk_import_group *g,
                             qk_error *err);

static qk_code run_import(const asked *a, qk_import_kind kind, const char *path, const char *header,
                          put_group put, qk_error *err)
{
    qk_import t;
    size_t put_count = 0;
    QK_TRY(read_import(&t, kind, path, err));
    qk_code code =
        kind == QK_IMPORT_TRANSPORT ? check_regions(a, &t, err) : check_precursors(a, err);
    if (code == QK_OK) puts(header);
    for (size_t k = 0; k < t.groups && code == QK_OK; k++) {
        if (!chosen(a, &t.group[k])) continue;
        code = put(a, &t, &t.group[k], err);
        put_count++;
    }
    if (code == QK_OK && put_count == 0)
        code = qk_fail(err, QK_ENOTFOUND, "%s has no rows of that place and season", path);
    qk_import_clear(&t);
    return code;
}

static qk_code run_regions(const asked *a, const char *path, qk_error *err)
{
    QK_TRY(run_import(a, QK_IMPORT_TRANSPORT, path,
                      "receptor,season,now,then,low,high,lowest,share,unexplained", put_regions,
                      err));
    fprintf(stderr,
            "disperse response: lowest is what stays were the changed regions (share) to emit "
            "nothing: the ceiling of what they can do%s\n",
            isnan(a->now) ? "; now is 100 per cent" : "");
    return QK_OK;
}

static qk_code run_secondary(const asked *a, const char *path, qk_error *err)
{
    if (isnan(a->now)) return qk_fail(err, QK_EINVAL, "--now: secondary PM2.5 of today");
    return run_import(a, QK_IMPORT_ELASTICITY, path, "region,season,now,low,high,claim",
                      put_secondary, err);
}

static qk_code run_surface(const asked *a, const char *path, qk_error *err)
{
    return run_import(a, QK_IMPORT_SURFACE, path, "region,season,change", put_surface, err);
}

/* ---- ozone ---- */

static const char *direction_name(qk_direction d)
{
    return d == QK_DIRECTION_UP ? "up" : d == QK_DIRECTION_DOWN ? "down" : "unknown";
}

static void put_sign(const char *name, double value, double error, const qk_ozone_signs *alone)
{
    if (isnan(value))
        printf("%s,NA,NA,unknown,unknown\n", name);
    else
        printf("%s,%.4g,%.2g,%s,%s\n", name, value, error, direction_name(qk_ozone_nox_cut(alone)),
               direction_name(qk_ozone_voc_cut(alone)));
}

static void put_ozone(const qk_ozone_signs *s)
{
    puts("sign,value,error,nox_cut,voc_cut");
    put_sign("weekend_change", s->weekend_change, s->weekend_error,
             &(qk_ozone_signs){s->weekend_change, NAN, NAN, s->weekend_error, 0});
    put_sign("no2_slope", s->slope, s->slope_error,
             &(qk_ozone_signs){NAN, s->slope, NAN, 0, s->slope_error});
    put_sign("formaldehyde_no2", s->formaldehyde_no2, 0,
             &(qk_ozone_signs){NAN, NAN, s->formaldehyde_no2, 0, 0});
    printf("all,NA,NA,%s,%s\n", direction_name(qk_ozone_nox_cut(s)),
           direction_name(qk_ozone_voc_cut(s)));
    fputs("disperse response: where ozone goes when NOx, or VOC, is cut: a direction only, no "
          "concentration; what is less than two standard errors does not count\n",
          stderr);
}

static qk_code run_ozone(const asked *a, const char *path, qk_error *err)
{
    static const char *const names[] = {"o3", "no2", NULL};
    table t;
    qk_ozone_days d = {.pairs = 0};
    QK_TRY(table_read(&t, path, &(table_want){.time = "date", .names = names}, err));
    const double *o3 = table_column(&t, "o3"), *no2 = table_column(&t, "no2");
    for (size_t i = 0; i < t.rows; i++)
        if (t.time[i] != QK_TIME_NONE) qk_ozone_days_add(&d, t.time[i], o3[i], no2[i]);
    qk_ozone_signs s = qk_ozone_days_signs(&d);
    s.formaldehyde_no2 = a->formaldehyde_no2;
    put_ozone(&s);
    table_clear(&t);
    return QK_OK;
}

/* ---- the whole ---- */

static qk_code run_total(const asked *a, qk_error *err)
{
    qk_response_parts p = {a->now,       a->primary.low,    a->primary.high,
                           a->secondary, a->secondary_then, a->share};
    if (isnan(a->now) || isnan(a->primary.low))
        return qk_fail(err, QK_EINVAL, "--now ALL and --primary NOW:THEN are needed");
    if (p.primary + p.secondary > p.now)
        return qk_fail(err, QK_EINVAL, "primary %g and secondary %g are more than all of it, %g",
                       p.primary, p.secondary, p.now);
    if (p.secondary_then.low > p.secondary_then.high)
        return qk_fail(err, QK_EINVAL, "--secondary NOW:LOW:HIGH: low lies above high");
    if (p.share.low > p.share.high)
        return qk_fail(err, QK_EINVAL, "--share LOW:HIGH: low lies above high");
    qk_between then = qk_response_total(&p);
    bool range = then.low != then.high;
    printf("now,low,high,lowest,claim\n%.6g,%.6g,%.6g,%.6g,%s\n", p.now, then.low, then.high,
           p.now * (1 - p.share.high),
           p.secondary > 0 ? "estimate"
           : range         ? "range of the region's share"
                           : "within the dispersion model");
    return QK_OK;
}

/* ---- options ---- */

/* "nox=-0.2,voc=-0.1": each from -1 to 10. */
static bool read_changes(asked *a, const char *text)
{
    qk_str rest = qk_str_of(text);
    while (rest.len > 0) {
        qk_str part = qk_str_cut(&rest, ','), name = qk_str_trim(qk_str_cut(&part, '='));
        change *c = &a->change[a->changes];
        if (a->changes == CHANGES_MAX || !part.ptr || name.len == 0 ||
            qk_parse_f64(&c->value, qk_str_trim(part)) != QK_OK ||
            !(c->value >= -1 && c->value <= 10))
            return false;
        for (size_t k = 0; k < a->changes; k++)
            if (qk_str_eq_nocase(a->change[k].name, name)) return false;
        c->name = name;
        a->changes++;
    }
    return true;
}

/* "1:2:3": as many numbers as there are places, from 0 to high. */
static bool read_numbers(double *to, int count, double high, const char *text)
{
    qk_str rest = qk_str_of(text);
    for (int k = 0; k < count; k++) {
        qk_str part = qk_str_cut(&rest, ':');
        if (qk_parse_f64(&to[k], qk_str_trim(part)) != QK_OK || !(to[k] >= 0 && to[k] <= high))
            return false;
    }
    return rest.ptr == NULL;
}

static bool take_option(asked *a, int option, const char *text)
{
    double v[3];
    switch (option) {
    case 'c': return read_changes(a, text);
    case 'r': a->receptor = text; return true;
    case 's': a->season = text; return true;
    case 'n': return read_numbers(&a->now, 1, 1e6, text);
    case 'f': return read_numbers(&a->formaldehyde_no2, 1, 1e3, text);
    case 'p':
        if (!read_numbers(v, 2, 1e6, text)) return false;
        a->primary = (qk_between){v[0], v[1]};
        return true;
    case 'y':
        if (!read_numbers(v, 3, 1e6, text)) return false;
        a->secondary = v[0];
        a->secondary_then = (qk_between){v[1], v[2]};
        return true;
    case 'h':
        if (!read_numbers(v, 2, 1, text)) return false;
        a->share = (qk_between){v[0], v[1]};
        return true;
    default: return false;
    }
}

static qk_code answer(const asked *a, const char *what, const char *path, bool *known,
                      qk_error *err)
{
    *known = true;
    if (strcmp(what, "blend") == 0) return run_blend(path, err);
    if (strcmp(what, "region") == 0) return run_regions(a, path, err);
    if (strcmp(what, "secondary") == 0) return run_secondary(a, path, err);
    if (strcmp(what, "ozone") == 0) return run_ozone(a, path, err);
    if (strcmp(what, "rsm") == 0) return run_surface(a, path, err);
    *known = false;
    return QK_OK;
}

int disperse_response(int argc, char **argv)
{
    static const struct option options[] = {{"change", required_argument, NULL, 'c'},
                                            {"receptor", required_argument, NULL, 'r'},
                                            {"region", required_argument, NULL, 'r'},
                                            {"season", required_argument, NULL, 's'},
                                            {"now", required_argument, NULL, 'n'},
                                            {"formaldehyde-no2", required_argument, NULL, 'f'},
                                            {"primary", required_argument, NULL, 'p'},
                                            {"secondary", required_argument, NULL, 'y'},
                                            {"share", required_argument, NULL, 'h'},
                                            {0}};
    asked a = {.now = NAN, .formaldehyde_no2 = NAN, .share = {1, 1}, .primary = {NAN, NAN}};
    qk_error err = {0};
    bool known = true;
    qk_code code;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take_option(&a, option, optarg))
            return qk_command_misuse("disperse", "response: unknown option or value, as --change "
                                                 "nox=-0.2,voc=-0.1 with -1 for nothing left");
    int left = argc - optind;
    if (left == 1 && strcmp(argv[optind], "total") == 0)
        code = run_total(&a, &err);
    else if (left == 2)
        code = answer(&a, argv[optind], argv[optind + 1], &known, &err);
    else
        known = false;
    if (!known)
        return qk_command_misuse("disperse", "response blend|region|secondary|ozone|rsm FILE.csv, "
                                             "or response total");
    return code == QK_OK ? QK_EXIT_DONE : qk_command_refuse("disperse response", &err);
}
