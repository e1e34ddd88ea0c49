/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong trace hysplit`: end points as HYSPLIT writes them (tdump; HYSPLIT user's guide, section
 * S263) as the paths that `trace cluster` and `trace cells` read. Its times are UTC. */
#include "base/file.h"
#include "cli/trace.h"
#include <math.h>
#include <stdlib.h>

enum { TEXT_MAX = 64 << 20, OUT_BYTES = 1 << 28, PATHS_MAX = 100000, WORDS = 16, GRIDS_MAX = 1000 };

typedef struct end_point {
    size_t path, order;
    double age_h, lat, lon, height_m;
    qk_time time;
} end_point;

typedef struct dump {
    qk_str rest;
    uint32_t line;
    const char *name;
    double word[WORDS]; /* of the line: numbers, NaN for what is none */
    size_t words;
    size_t paths;
    end_point *point;
    size_t points, room;
} dump;

static qk_code refuse(const dump *d, const char *text, qk_error *err)
{
    qk_fail(err, QK_EFORMAT, "%s", text);
    qk_error_at(err, d->name, d->line, 0);
    return QK_EFORMAT;
}

/* The next line's words; false at the end. */
static bool next_line(dump *d)
{
    if (!d->rest.len) return false;
    qk_str line = qk_str_trim(qk_str_cut(&d->rest, '\n'));
    d->line++;
    d->words = 0;
    while (line.len && d->words < WORDS) {
        qk_str word = qk_str_cut(&line, ' ');
        if (word.len && qk_parse_f64(&d->word[d->words], word) != QK_OK) d->word[d->words] = NAN;
        d->words += word.len > 0;
    }
    return true;
}

static bool whole_between(double v, double low, double high)
{
    return v >= low && v <= high && v == floor(v);
}

/* Year of two digits, month, day, hour, minute from word `at` on. */
static bool take_time(qk_time *out, const dump *d, size_t at)
{
    const double *w = d->word + at;
    if (!whole_between(w[0], 0, 99) || !whole_between(w[1], 1, 12) || !whole_between(w[2], 1, 31) ||
        !whole_between(w[3], 0, 24) || !whole_between(w[4], 0, 59))
        return false;
    qk_civil c = {.year = (int32_t)w[0] + (w[0] < 40 ? 2000 : 1900),
                  .month = (int32_t)w[1],
                  .day = (int32_t)w[2],
                  .hour = (int32_t)w[3],
                  .minute = (int32_t)w[4]};
    if (qk_time_of(out, &c) != QK_OK) return false;
    *out += QK_CST_OFFSET;
    return true;
}

static qk_code read_head(dump *d, qk_error *err)
{
    if (!next_line(d) || !whole_between(d->word[0], 0, GRIDS_MAX) || d->words < 1)
        return refuse(d, "no tdump: the first line counts the weather files", err);
    for (size_t n = (size_t)d->word[0]; n > 0; n--)
        if (!next_line(d)) return refuse(d, "the file ends in its head", err);
    if (!next_line(d) || d->words < 1 || !whole_between(d->word[0], 1, PATHS_MAX))
        return refuse(d, "no tdump: here the paths are counted", err);
    d->paths = (size_t)d->word[0];
    for (size_t i = 0; i <= d->paths; i++)
        if (!next_line(d)) return refuse(d, "the file ends in its head", err);
    return QK_OK;
}

static qk_code take_point(dump *d, qk_error *err)
{
    end_point p = {.order = d->points};
    if (d->words < 12 || !whole_between(d->word[0], 1, (double)d->paths) ||
        !take_time(&p.time, d, 2))
        return refuse(d,
                      "no end point: path, grid, year … minute, forecast hour, age, lat, lon,"
                      " height",
                      err);
    p.path = (size_t)d->word[0];
    p.age_h = d->word[8];
    p.lat = d->word[9];
    p.lon = d->word[10];
    p.height_m = d->word[11];
    if (!isfinite(p.age_h) || !(fabs(p.lat) <= 90) || !(fabs(p.lon) <= 360) ||
        !isfinite(p.height_m))
        return refuse(d, "an end point without age, place or height", err);
    if (d->points == d->room) {
        size_t room = d->room ? 2 * d->room : 1024;
        end_point *more = realloc(d->point, room * sizeof *more);
        if (!more) return qk_fail(err, QK_ENOMEM, "no memory for %zu points", room);
        d->point = more;
        d->room = room;
    }
    d->point[d->points++] = p;
    return QK_OK;
}

static int compare_points(const void *a, const void *b)
{
    const end_point *x = a, *y = b;
    if (x->path != y->path) return x->path > y->path ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

static qk_code put_paths(dump *d, qk_error *err)
{
    qk_buf out;
    char date[QK_TIME_TEXT], time[QK_TIME_TEXT];
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "date,time,hours,lon,lat,height_m\n");
    qsort(d->point, d->points, sizeof *d->point, compare_points);
    for (size_t i = 0; i < d->points; i++) {
        const end_point *p = &d->point[i];
        qk_time arrival = p->time - (qk_time)llround(p->age_h * (double)QK_HOUR);
        qk_buf_printf(&out, "%s,%s,%.10g,%.3f,%.3f,%.1f\n", qk_time_iso(date, arrival),
                      qk_time_iso(time, p->time), p->age_h, p->lon, p->lat, p->height_m);
    }
    return trace_flush(&out, err);
}

qk_code trace_hysplit(const trace_job *job, qk_error *err)
{
    qk_buf text;
    dump d = {.name = job->in};
    qk_buf_init(&text, TEXT_MAX);
    qk_code code = qk_file_read(&text, job->in, err);
    d.rest = qk_buf_str(&text);
    if (code == QK_OK) code = read_head(&d, err);
    while (code == QK_OK && next_line(&d))
        if (d.words) code = take_point(&d, err);
    if (code == QK_OK && d.points == 0) code = refuse(&d, "the file holds no end point", err);
    if (code == QK_OK) code = put_paths(&d, err);
    free(d.point);
    qk_buf_clear(&text);
    return code;
}
