/* SPDX-License-Identifier: Apache-2.0 */
#include "models/response_import.h"
#include "base/csv.h"
#include <stdlib.h>

/* Published shares are rounded. */
#define SHARES_SLACK 5e-3

enum { COLUMNS_MAX = 8, EXPONENT_MAX = 9 };

/* Columns of each kind; the place and the season first, then `needed` ones, then those that may
 * be absent. */
typedef struct form {
    const char *column[COLUMNS_MAX];
    size_t count, needed;
    bool place, season; /* must be there */
    size_t row_size;
} form;

static const form forms[] = {
    {{"receptor", "season", "region", "share", "low", "high"},
     6,
     4,
     true,
     false,
     sizeof(qk_transport_share)},
    {{"region", "season", "nox", "so2", "nh3", "voc", "x"}, 7, 7, true, true, sizeof(qk_rsm_term)},
    {{"region", "season", "precursor", "low", "high", "source"},
     6,
     5,
     false,
     false,
     sizeof(qk_elasticity)},
};

typedef struct reading {
    qk_import *out;
    const form *form;
    const char *name;
    qk_csv_reader *csv;
    size_t at[COLUMNS_MAX]; /* SIZE_MAX where the file has none */
    size_t row_cap, group_cap;
} reading;

const char *qk_precursor_name(qk_precursor p)
{
    static const char *const name[QK_PRECURSORS] = {"so2", "nox", "nh3", "voc"};
    return p < QK_PRECURSORS ? name[p] : "";
}

qk_precursor qk_precursor_of(qk_str name)
{
    qk_precursor p = QK_PRECURSOR_SO2;
    while (p < QK_PRECURSORS && !qk_str_eq_nocase(name, qk_str_of(qk_precursor_name(p)))) p++;
    return p;
}

const char *qk_import_kind_name(qk_import_kind kind)
{
    static const char *const name[QK_IMPORT_KINDS] = {"transport", "surface", "elasticity"};
    return kind < QK_IMPORT_KINDS ? name[kind] : "";
}

bool qk_import_kind_of(qk_str name, qk_import_kind *out)
{
    for (qk_import_kind k = QK_IMPORT_TRANSPORT; k < QK_IMPORT_KINDS; k++)
        if (qk_str_eq(name, qk_str_of(qk_import_kind_name(k)))) {
            *out = k;
            return true;
        }
    return false;
}

/* ---- cells ---- */

static qk_code refuse_cell(const reading *r, int column, qk_error *err)
{
    qk_error_at(err, r->name, qk_csv_line(r->csv), (uint32_t)r->at[column] + 1);
    return QK_EFORMAT;
}

static qk_str cell_of(const reading *r, const qk_str *cells, int column)
{
    return r->at[column] == SIZE_MAX ? QK_STR("") : qk_str_trim(cells[r->at[column]]);
}

static qk_code read_name(char out[QK_IMPORT_NAME], const reading *r, const qk_str *cells,
                         int column, bool needed, qk_error *err)
{
    qk_str cell = cell_of(r, cells, column);
    if (cell.len < QK_IMPORT_NAME && (cell.len > 0 || !needed)) {
        qk_str_copy(out, QK_IMPORT_NAME, cell);
        return QK_OK;
    }
    qk_fail(err, QK_EFORMAT, "%s: a name of 1 to %d bytes, not of %zu", r->form->column[column],
            QK_IMPORT_NAME - 1, cell.len);
    return refuse_cell(r, column, err);
}

static qk_code read_number(double *out, const reading *r, const qk_str *cells, int column,
                           double low, double high, qk_error *err)
{
    qk_str cell = cell_of(r, cells, column);
    if (qk_parse_f64(out, cell) == QK_OK && *out >= low && *out <= high) return QK_OK;
    qk_fail(err, QK_EFORMAT, "%s: '%.*s' is no number from %g to %g", r->form->column[column],
            (int)(cell.len < 40 ? cell.len : 40), cell.ptr, low, high);
    if (high == 1) qk_error_hint(err, "parts of one: 35 %% is 0.35");
    return refuse_cell(r, column, err);
}

/* ---- groups ---- */

/* The list with room for one more; NULL where there is none. */
static void *grow(void *list, size_t *cap, size_t count, size_t most, size_t size, qk_error *err)
{
    if (count < *cap) return list;
    size_t next = *cap ? 2 * *cap : 64;
    if (next > most) next = most;
    void *more = count < most ? realloc(list, next * size) : NULL;
    if (more)
        *cap = next;
    else if (count < most)
        (void)qk_fail(err, QK_ENOMEM, "no memory for %zu rows", next);
    else
        (void)qk_fail(err, QK_EFULL, "more than %zu rows, or places and seasons", most);
    return more;
}

static bool same_group(const qk_import_group *a, const qk_import_group *b)
{
    return strcmp(a->place, b->place) == 0 && strcmp(a->season, b->season) == 0;
}

/* The group of a row: the last, or a new one behind it. */
static qk_code join_group(reading *r, const qk_str *cells, qk_error *err)
{
    qk_import *i = r->out;
    qk_import_group g = {.first = i->rows};
    QK_TRY(read_name(g.place, r, cells, 0, r->form->place, err));
    QK_TRY(read_name(g.season, r, cells, 1, r->form->season, err));
    if (i->groups && same_group(&i->group[i->groups - 1], &g)) return QK_OK;
    for (size_t k = 0; k < i->groups; k++) {
        if (!same_group(&i->group[k], &g)) continue;
        qk_fail(err, QK_EFORMAT, "'%.40s' '%.40s' stood further up already", g.place, g.season);
        qk_error_hint(err, "the rows of one place and season stand together");
        return refuse_cell(r, r->at[0] == SIZE_MAX ? 2 : 0, err);
    }
    qk_import_group *more =
        grow(i->group, &r->group_cap, i->groups, QK_IMPORT_GROUPS_MAX, sizeof g, err);
    if (!more) return i->groups < QK_IMPORT_GROUPS_MAX ? QK_ENOMEM : QK_EFULL;
    i->group = more;
    i->group[i->groups++] = g;
    return QK_OK;
}

/* ---- rows ---- */

static qk_code check_range(const reading *r, qk_between v, int column, qk_error *err)
{
    if (v.low <= v.high) return QK_OK;
    qk_fail(err, QK_EFORMAT, "low %g lies above high %g", v.low, v.high);
    return refuse_cell(r, column, err);
}

static qk_code check_shares(const reading *r, const qk_import_group *g, qk_error *err)
{
    const qk_transport_share *row = r->out->share + g->first, *last = &row[g->count];
    double sum = last->share;
    for (size_t k = 0; k < g->count; k++) {
        sum += row[k].share;
        if (strcmp(row[k].region, last->region) != 0) continue;
        qk_fail(err, QK_EFORMAT, "region '%.40s' comes twice", last->region);
        return refuse_cell(r, 2, err);
    }
    if (sum <= 1 + SHARES_SLACK) return QK_OK;
    qk_fail(err, QK_EFORMAT, "the shares at '%.40s' sum to %.4g, more than 1", g->place, sum);
    return refuse_cell(r, 3, err);
}

static qk_code read_share(reading *r, const qk_import_group *g, const qk_str *cells, qk_error *err)
{
    qk_transport_share *v = &r->out->share[r->out->rows];
    QK_TRY(read_name(v->region, r, cells, 2, true, err));
    QK_TRY(read_number(&v->share, r, cells, 3, 0, 1, err));
    v->range = (qk_between){v->share, v->share};
    if (!qk_csv_missing(cell_of(r, cells, 4)))
        QK_TRY(read_number(&v->range.low, r, cells, 4, 0, v->share, err));
    if (!qk_csv_missing(cell_of(r, cells, 5)))
        QK_TRY(read_number(&v->range.high, r, cells, 5, v->share, 1, err));
    return check_shares(r, g, err);
}

static qk_code read_term(reading *r, const qk_str *cells, qk_error *err)
{
    qk_rsm_term *v = &r->out->term[r->out->rows];
    int *exponent[] = {&v->nox, &v->so2, &v->nh3, &v->voc};
    for (int k = 0; k < 4; k++) {
        int64_t n;
        if (qk_parse_i64(&n, cell_of(r, cells, 2 + k)) != QK_OK || n < 0 || n > EXPONENT_MAX) {
            qk_fail(err, QK_EFORMAT, "%s: an exponent is a whole number from 0 to %d",
                    r->form->column[2 + k], EXPONENT_MAX);
            return refuse_cell(r, 2 + k, err);
        }
        *exponent[k] = (int)n;
    }
    return read_number(&v->x, r, cells, 6, -1e9, 1e9, err);
}

static qk_code read_elasticity(reading *r, const qk_import_group *g, const qk_str *cells,
                               qk_error *err)
{
    qk_elasticity *v = &r->out->elasticity[r->out->rows];
    qk_str name = cell_of(r, cells, 2);
    v->precursor = qk_precursor_of(name);
    bool twice = false;
    for (size_t k = 0; k < g->count; k++)
        twice |= r->out->elasticity[g->first + k].precursor == v->precursor;
    if (v->precursor == QK_PRECURSORS || twice) {
        qk_fail(err, QK_EFORMAT, twice ? "precursor '%.*s' comes twice" : "no precursor '%.*s'",
                (int)(name.len < 40 ? name.len : 40), name.ptr);
        qk_error_hint(err, "so2, nox, nh3 and voc, once each for a region and season");
        return refuse_cell(r, 2, err);
    }
    QK_TRY(read_number(&v->range.low, r, cells, 3, -1, 1, err));
    QK_TRY(read_number(&v->range.high, r, cells, 4, -1, 1, err));
    QK_TRY(read_name(v->source, r, cells, 5, false, err));
    return check_range(r, v->range, 3, err);
}

static qk_code read_row(reading *r, const qk_str *cells, qk_error *err)
{
    qk_import *i = r->out;
    void *more = grow(i->row, &r->row_cap, i->rows, QK_IMPORT_ROWS_MAX, r->form->row_size, err);
    if (!more) return i->rows < QK_IMPORT_ROWS_MAX ? QK_ENOMEM : QK_EFULL;
    i->row = more;
    QK_TRY(join_group(r, cells, err));
    qk_import_group *g = &i->group[i->groups - 1];
    if (i->kind == QK_IMPORT_TRANSPORT)
        QK_TRY(read_share(r, g, cells, err));
    else if (i->kind == QK_IMPORT_SURFACE)
        QK_TRY(read_term(r, cells, err));
    else
        QK_TRY(read_elasticity(r, g, cells, err));
    g->count++;
    i->rows++;
    return QK_OK;
}

static qk_code find_columns(reading *r, qk_error *err)
{
    const form *f = r->form;
    for (size_t k = 0; k < f->count; k++) {
        bool needed = k == 0 ? f->place : k == 1 ? f->season : k < f->needed;
        r->at[k] = qk_csv_column(r->csv, f->column[k]);
        if (r->at[k] != SIZE_MAX || !needed) continue;
        qk_fail(err, QK_EFORMAT, "no column '%s'", f->column[k]);
        qk_error_at(err, r->name, 1, 0);
        return QK_EFORMAT;
    }
    return QK_OK;
}

qk_code qk_import_read(qk_import *out, qk_import_kind kind, qk_str csv, const char *name,
                       qk_error *err)
{
    reading r = {.out = out, .form = &forms[kind], .name = name};
    const qk_str *cells;
    *out = (qk_import){.kind = kind};
    QK_TRY(qk_csv_open_text(&r.csv, csv, name, 0, err));
    qk_code code = find_columns(&r, err);
    while (code == QK_OK && (code = qk_csv_next(r.csv, &cells, err)) == QK_OK)
        code = read_row(&r, cells, err);
    qk_csv_close(r.csv);
    if (code == QK_ENOTFOUND) code = QK_OK;
    if (code == QK_OK && out->rows == 0) {
        code = qk_fail(err, QK_EFORMAT, "no rows");
        qk_error_at(err, name, 1, 0);
    }
    if (code != QK_OK) qk_import_clear(out);
    return code;
}

void qk_import_clear(qk_import *i)
{
    free(i->group);
    free(i->row);
    *i = (qk_import){.kind = i->kind};
}
