/* SPDX-License-Identifier: Apache-2.0 */
/* qingkong-gridread: reads the GRIB or NetCDF file that stands open as its standard input and says
 * it as the text of a grid (models/weather_grid.h). Run confined by domain/weather_file.c, never by
 * a person:
 *
 *   qingkong-gridread list|read WISHES WEST,SOUTH,EAST,NORTH|- FROM|- TO|-
 */
#include "domain/confine.h"
#include "gridread/gather.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PEEK_BYTES = 512 };

static qk_code parse_area(grid_ask *a, qk_str text, qk_error *err)
{
    double *part[4] = {&a->west, &a->south, &a->east, &a->north};
    if (qk_str_eq(text, QK_STR("-"))) return QK_OK;
    a->area = true;
    for (int i = 0; i < 4; i++)
        if (qk_parse_f64(part[i], qk_str_cut(&text, ',')) != QK_OK)
            return qk_fail(err, QK_EINVAL, "an area is WEST,SOUTH,EAST,NORTH");
    return QK_OK;
}

static qk_code parse_instant(qk_time *out, const char *text, qk_error *err)
{
    int64_t ms;
    *out = QK_TIME_NONE;
    if (strcmp(text, "-") == 0) return QK_OK;
    if (qk_parse_i64(&ms, qk_str_of(text)) != QK_OK)
        return qk_fail(err, QK_EINVAL, "an instant is a number of ms");
    *out = ms;
    return QK_OK;
}

static qk_code parse_ask(grid_ask *a, int argc, char **argv, qk_error *err)
{
    *a = (grid_ask){0};
    if (argc != 6) return qk_fail(err, QK_EINVAL, "list|read WISHES AREA FROM TO");
    a->list = strcmp(argv[1], "list") == 0;
    QK_TRY(qk_grid_wishes(a->wish, &a->wishes, qk_str_of(argv[2]), err));
    QK_TRY(parse_area(a, qk_str_of(argv[3]), err));
    QK_TRY(parse_instant(&a->from, argv[4], err));
    return parse_instant(&a->to, argv[5], err);
}

/* GRIB may stand behind a bulletin's heading. */
static qk_code read_file(grid_gather *g, qk_error *err)
{
    char head[PEEK_BYTES + 1] = {0};
    ssize_t n = pread(STDIN_FILENO, head, PEEK_BYTES, 0);
    qk_str text = {head, n > 0 ? (size_t)n : 0};
    if (qk_str_starts(text, QK_STR("CDF")) || qk_str_starts(text, QK_STR("\x89HDF")))
#ifdef QK_HAVE_NETCDF
        return gridread_netcdf(g, STDIN_FILENO, err);
#else
        return qk_fail(err, QK_EUNSUPPORTED, "NetCDF: this program was built without its library");
#endif
    if (qk_str_find(text, QK_STR("GRIB"), 0) != SIZE_MAX)
#ifdef QK_HAVE_ECCODES
        return gridread_grib(g, STDIN_FILENO, err);
#else
        return qk_fail(err, QK_EUNSUPPORTED, "GRIB: this program was built without ecCodes");
#endif
    return qk_fail(err, QK_EFORMAT, "this is neither GRIB nor NetCDF");
}

int main(int argc, char **argv)
{
    static grid_gather g;
    static grid_ask ask;
    qk_error err = {0};
    qk_buf out;
    qk_confine_tighten();
    qk_buf_init(&out, QK_GRID_TEXT_MAX);
    qk_code code = parse_ask(&ask, argc, argv, &err);
    gather_init(&g, &ask);
    if (code == QK_OK) code = read_file(&g, &err);
    if (code == QK_OK) code = gather_finish(&g, &out, &err);
    int status = qk_confine_answer(&out, code, &err);
    /* The libraries keep tables until the process ends, which it does here. */
    _exit(status);
}
