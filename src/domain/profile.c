/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/profile.h"
#include "base/csv.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HEIGHT_MOST = 30000,
    DAYS_MAX = 4000,
    FILES_MAX = 64, /* of one day that are read */
    FILE_BYTES = 32 << 20,
    PBL_LOW = 150, /* m: below it a lidar does not see */
    PBL_HIGH = 3500,
    PBL_LEAST = 5 /* measured heights within these */
};

typedef struct cell {
    qk_time at;
    double height_m, value;
    size_t order; /* of reading: the later one counts */
} cell;

typedef struct grid {
    cell *cells;
    size_t n, room;
    int32_t day;
    qk_error *err;
} grid;

/* ---- reading ---- */

typedef struct columns {
    qk_csv_reader *reader;
    size_t time, height, value;
    qk_error *err;
} columns;

static qk_code refuse(const columns *c, size_t column, const char *what)
{
    qk_code code = qk_fail(c->err, QK_EFORMAT, "%s", what);
    qk_error_at(c->err, "csv", qk_csv_line(c->reader),
                column == SIZE_MAX ? 0 : (uint32_t)column + 1);
    return code;
}

static qk_code find_columns(columns *c)
{
    c->time = qk_csv_column(c->reader, "time");
    c->height = qk_csv_column(c->reader, "height_m");
    c->value = qk_csv_column(c->reader, "value");
    if (c->time != SIZE_MAX && c->height != SIZE_MAX && c->value != SIZE_MAX) return QK_OK;
    qk_code code = qk_fail(c->err, QK_EFORMAT, "the columns time, height_m and value are needed");
    qk_error_at(c->err, "csv", 1, 0);
    return code;
}

static qk_code add_cell(grid *g, cell one)
{
    if (g->n == QK_PROFILE_ROWS)
        return qk_fail(g->err, QK_EFULL, "a day of profiles holds at most %d values",
                       QK_PROFILE_ROWS);
    if (g->n == g->room) {
        size_t room = g->room ? 2 * g->room : 4096;
        cell *grown = realloc(g->cells, room * sizeof *grown);
        if (!grown) return qk_fail(g->err, QK_ENOMEM, "no memory for the profiles");
        g->cells = grown;
        g->room = room;
    }
    one.order = g->n;
    g->cells[g->n++] = one;
    return QK_OK;
}

static qk_code read_row(grid *g, const columns *c, const qk_str *cells)
{
    cell one = {.value = NAN};
    if (qk_time_parse(&one.at, qk_str_trim(cells[c->time])) != QK_OK || one.at % QK_MINUTE)
        return refuse(c, c->time, "is no time of ISO 8601 of a whole minute");
    if (qk_parse_f64(&one.height_m, qk_str_trim(cells[c->height])) != QK_OK ||
        !(one.height_m >= 0 && one.height_m <= HEIGHT_MOST))
        return refuse(c, c->height, "is no height of 0 to 30,000 m");
    qk_str value = qk_str_trim(cells[c->value]);
    if (!qk_csv_missing(value) && qk_parse_f64(&one.value, value) != QK_OK)
        return refuse(c, c->value, "is no number");
    int32_t day = qk_day_number(one.at);
    if (g->n == 0) g->day = day;
    if (day != g->day) return refuse(c, c->time, "lies on another day: a file holds one day");
    return add_cell(g, one);
}

static qk_code read_cells(grid *g, qk_str csv)
{
    const qk_str *cells;
    columns c = {.err = g->err};
    QK_TRY(qk_csv_open_text(&c.reader, csv, "csv", 0, g->err));
    qk_code code = find_columns(&c);
    while (!code) {
        code = qk_csv_next(c.reader, &cells, g->err);
        if (!code) code = read_row(g, &c, cells);
    }
    qk_csv_close(c.reader);
    return code == QK_ENOTFOUND ? QK_OK : code;
}

/* ---- the grid ---- */

static int by_place(const void *a, const void *b)
{
    const cell *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    if (x->height_m < y->height_m || x->height_m > y->height_m)
        return x->height_m < y->height_m ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_height(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static qk_code collect_heights(qk_profile *out, const grid *g, qk_arena *arena)
{
    double *all = malloc((g->n + 1) * sizeof *all);
    size_t n = 0;
    if (!all) return qk_fail(g->err, QK_ENOMEM, "no memory for the profiles");
    for (size_t i = 0; i < g->n; i++) all[i] = g->cells[i].height_m;
    qsort(all, g->n, sizeof *all, by_height);
    for (size_t i = 0; i < g->n; i++)
        if (n == 0 || all[i] > all[n - 1]) all[n++] = all[i];
    out->heights = n;
    out->height_m = n <= QK_PROFILE_HEIGHTS ? qk_arena_array(arena, n + 1, sizeof(double)) : NULL;
    if (out->height_m) memcpy(out->height_m, all, n * sizeof *all);
    free(all);
    if (n > QK_PROFILE_HEIGHTS)
        return qk_fail(g->err, QK_EFORMAT, "more than %d heights", QK_PROFILE_HEIGHTS);
    return out->height_m ? QK_OK : qk_fail(g->err, QK_ENOMEM, "no memory for the profiles");
}

/* The least distance of two times; an instrument keeps its rhythm, gaps are whole steps. */
static qk_time step_of(const grid *g)
{
    qk_time step = 0;
    for (size_t i = 1; i < g->n; i++) {
        qk_time apart = g->cells[i].at - g->cells[i - 1].at;
        if (apart > 0 && (step == 0 || apart < step)) step = apart;
    }
    return step ? step : QK_HOUR;
}

static size_t height_at(const qk_profile *p, double height_m)
{
    const double *found = bsearch(&height_m, p->height_m, p->heights, sizeof(double), by_height);
    return found ? (size_t)(found - p->height_m) : 0;
}

/* The middle of the steepest fall between two measured heights. */
static double boundary_of(const qk_profile *p, const double *value)
{
    double steepest = 0, found = NAN;
    size_t seen = 0, before = SIZE_MAX;
    for (size_t k = 0; k < p->heights; k++) {
        if (p->height_m[k] < PBL_LOW || p->height_m[k] > PBL_HIGH || isnan(value[k])) continue;
        seen++;
        if (before != SIZE_MAX) {
            double slope = (value[k] - value[before]) / (p->height_m[k] - p->height_m[before]);
            if (slope < steepest) {
                steepest = slope;
                found = (p->height_m[k] + p->height_m[before]) / 2;
            }
        }
        before = k;
    }
    return seen >= PBL_LEAST ? found : NAN;
}

static qk_code lay_out(qk_profile *out, grid *g, qk_arena *arena)
{
    if (g->n == 0) return qk_fail(g->err, QK_EFORMAT, "the file has no rows");
    qsort(g->cells, g->n, sizeof *g->cells, by_place);
    *out = (qk_profile){.day = g->day, .first = g->cells[0].at, .step = step_of(g)};
    out->times = (size_t)((g->cells[g->n - 1].at - out->first) / out->step) + 1;
    if (out->times > QK_PROFILE_TIMES)
        return qk_fail(g->err, QK_EFORMAT, "more than %d times in a day", QK_PROFILE_TIMES);
    QK_TRY(collect_heights(out, g, arena));
    size_t all = out->times * out->heights;
    out->value = qk_arena_array(arena, all, sizeof *out->value);
    out->pbl_m = qk_arena_array(arena, out->times, sizeof *out->pbl_m);
    out->measured = qk_arena_array(arena, out->times, sizeof *out->measured);
    if (!out->value || !out->pbl_m || !out->measured)
        return qk_fail(g->err, QK_ENOMEM, "no memory for the profiles");
    for (size_t i = 0; i < all; i++) out->value[i] = NAN;
    for (size_t i = 0; i < g->n; i++) {
        size_t at = (size_t)((g->cells[i].at - out->first) / out->step);
        out->value[at * out->heights + height_at(out, g->cells[i].height_m)] = g->cells[i].value;
        if (!isnan(g->cells[i].value)) out->measured[at] = true;
    }
    for (size_t t = 0; t < out->times; t++)
        out->pbl_m[t] = boundary_of(out, out->value + t * out->heights);
    return QK_OK;
}

qk_code qk_profile_read(qk_profile *out, qk_str csv, qk_arena *arena, qk_error *err)
{
    grid g = {.err = err};
    qk_code code = read_cells(&g, csv);
    if (!code) code = lay_out(out, &g, arena);
    free(g.cells);
    return code;
}

/* ---- stored days ---- */

static char *name_object(char out[QK_FILE_NAME_MAX], const char *site, int32_t day)
{
    char date[QK_TIME_TEXT];
    snprintf(out, QK_FILE_NAME_MAX, "profile/%s/%s", site,
             qk_date_iso(date, (qk_time)day * QK_DAY - QK_CST_OFFSET));
    return out;
}

static qk_code read_files(grid *g, const qk_file_use *files, size_t n, const qk_files *store)
{
    qk_buf text;
    qk_code code = QK_OK;
    qk_buf_init(&text, FILE_BYTES);
    for (size_t i = n > FILES_MAX ? n - FILES_MAX : 0; !code && i < n; i++) {
        qk_buf_reset(&text);
        code = qk_files_read(store, &text, files[i].sha256, g->err);
        if (!code) code = read_cells(g, qk_buf_str(&text));
    }
    qk_buf_clear(&text);
    return code;
}

qk_code qk_profile_day(qk_profile *out, qk_file_use **files, size_t *file_n, qk_db *db,
                       const qk_files *store, const char *site, int32_t day, qk_arena *arena,
                       qk_error *err)
{
    char object[QK_FILE_NAME_MAX];
    grid g = {.err = err};
    QK_TRY(qk_file_list(db, qk_str_of(name_object(object, site, day)), arena, files, file_n, err));
    if (*file_n == 0) return qk_fail(err, QK_ENOTFOUND, "there is no profile of that day");
    qk_code code = read_files(&g, *files, *file_n, store);
    if (!code) code = lay_out(out, &g, arena);
    free(g.cells);
    return code;
}

qk_code qk_profile_attach(qk_db *db, const qk_file_id *file, const char *site, int32_t day,
                          qk_str name, qk_str by, qk_time now, qk_error *err)
{
    qk_file_use use = {.taken_at = QK_TIME_NONE, .lon = NAN, .lat = NAN, .recorded_at = now};
    name_object(use.object, site, day);
    qk_str_copy(use.name, sizeof use.name, name);
    qk_str_copy(use.recorded_by, sizeof use.recorded_by, by);
    return qk_file_attach(db, &use, file, err);
}

qk_code qk_profile_days(int32_t **out, size_t *n, qk_db *db, const char *site, qk_arena *arena,
                        qk_error *err)
{
    sqlite3_stmt *s = NULL;
    char from[QK_FILE_NAME_MAX], to[QK_FILE_NAME_MAX];
    qk_code code;
    *n = 0;
    *out = qk_arena_array(arena, DAYS_MAX, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for the days of profiles");
    snprintf(from, sizeof from, "profile/%s/", site);
    snprintf(to, sizeof to, "profile/%s0", site); /* '0' follows '/' */
    QK_TRY(qk_db_prepare(&s, db,
                         "SELECT DISTINCT object FROM file_use WHERE object>=? AND object<?"
                         " ORDER BY object LIMIT 4000",
                         err));
    qk_db_bind_str(s, 1, qk_str_of(from));
    qk_db_bind_str(s, 2, qk_str_of(to));
    while ((code = qk_db_step(db, s, err)) == QK_OK) {
        qk_str object = qk_db_text(s, 0);
        qk_time t;
        qk_str date = {object.ptr + strlen(from), object.len - strlen(from)};
        if (qk_time_parse(&t, date) == QK_OK) (*out)[(*n)++] = qk_day_number(t);
    }
    return code == QK_ENOTFOUND ? QK_OK : code;
}
