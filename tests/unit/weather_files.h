/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_WEATHER_FILES_H
#define QK_TESTS_WEATHER_FILES_H
/* Small GRIB and NetCDF files, written by the libraries themselves. */
#include "base/memory.h"
#include "test.h"
#include <eccodes.h>
#include <netcdf.h>
#include <stdio.h>
#include <string.h>

enum { GRIB_POINTS_MAX = 4096 };

/* A message of a regular grid; rows run from `north` southwards unless up is set. */
typedef struct grib_field {
    const char *short_name, *level_type;
    long level, date, hour, start_h, end_h; /* start: of a sum */
    long ni, nj;
    double north, west, step;
    bool sum, up, leftwards;
    const char *sample; /* NULL = GRIB2 */
    double (*value)(double lon, double lat, long end_h);
    long tag_h;                /* given to `value` in the place of end_h, unless 0 */
    double hole;               /* values equal to it are missing; 0 = none */
    const char *packing;       /* NULL = simple */
    long packing_bits, centre; /* 0 = that of the sample */
} grib_field;

static void grib_set(codes_handle *h, const char *key, long v)
{
    if (codes_set_long(h, key, v)) fail_msg("GRIB key %s", key);
}

static void grib_set_text(codes_handle *h, const char *key, const char *v)
{
    size_t n = strlen(v);
    if (codes_set_string(h, key, v, &n)) fail_msg("GRIB key %s = %s", key, v);
}

static void grib_set_place(codes_handle *h, const char *key, double v)
{
    if (codes_set_double(h, key, v)) fail_msg("GRIB key %s", key);
}

static void grib_frame(codes_handle *h, const grib_field *f)
{
    double south = f->north - f->step * (double)(f->nj - 1);
    double east = f->west + f->step * (double)(f->ni - 1);
    grib_set(h, "Ni", f->ni);
    grib_set(h, "Nj", f->nj);
    grib_set(h, "jScansPositively", f->up);
    grib_set(h, "iScansNegatively", f->leftwards);
    grib_set_place(h, "latitudeOfFirstGridPointInDegrees", f->up ? south : f->north);
    grib_set_place(h, "latitudeOfLastGridPointInDegrees", f->up ? f->north : south);
    grib_set_place(h, "longitudeOfFirstGridPointInDegrees", f->leftwards ? east : f->west);
    grib_set_place(h, "longitudeOfLastGridPointInDegrees", f->leftwards ? f->west : east);
    grib_set_place(h, "iDirectionIncrementInDegrees", f->step);
    grib_set_place(h, "jDirectionIncrementInDegrees", f->step);
}

static void grib_append(const char *path, const grib_field *f)
{
    static double v[GRIB_POINTS_MAX];
    codes_handle *h =
        codes_grib_handle_new_from_samples(NULL, f->sample ? f->sample : "regular_ll_sfc_grib2");
    const void *bytes = NULL;
    size_t n = 0, size = 0;
    assert_non_null(h);
    assert_true(f->ni * f->nj <= GRIB_POINTS_MAX);
    grib_set(h, "dataDate", f->date);
    grib_set(h, "dataTime", f->hour * 100);
    if (f->sum && !f->sample) grib_set(h, "productDefinitionTemplateNumber", 8);
    if (f->centre) grib_set(h, "centre", f->centre);
    grib_set_text(h, "shortName", f->short_name);
    if (f->level_type) {
        grib_set_text(h, "typeOfLevel", f->level_type);
        grib_set(h, "level", f->level);
    }
    if (f->sum) grib_set_text(h, "stepType", "accum");
    grib_set_text(h, "stepUnits", "h");
    if (f->sum) grib_set(h, "startStep", f->start_h);
    grib_set(h, "endStep", f->end_h);
    grib_frame(h, f);
    for (long j = 0; j < f->nj; j++)
        for (long i = 0; i < f->ni; i++) {
            long row = f->up ? f->nj - 1 - j : j, col = f->leftwards ? f->ni - 1 - i : i;
            v[n++] = f->value(f->west + f->step * (double)col, f->north - f->step * (double)row,
                              f->tag_h ? f->tag_h : f->end_h);
        }
    if (f->hole != 0) {
        grib_set(h, "bitmapPresent", 1);
        grib_set_place(h, "missingValue", f->hole);
    }
    grib_set(h, "bitsPerValue", f->packing_bits ? f->packing_bits : 24);
    if (f->packing) grib_set_text(h, "packingType", f->packing);
    assert_int_equal(codes_set_double_array(h, "values", v, n), 0);
    assert_int_equal(codes_get_message(h, &bytes, &size), 0);
    FILE *out = fopen(path, "ab");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    codes_handle_delete(h);
}

/* ---- NetCDF ---- */

static void nc_ok(int failed)
{
    if (failed) fail_msg("NetCDF: %s", nc_strerror(failed));
}

static int nc_axis(int nc, const char *name, size_t n, const char *standard, const char *units)
{
    int dim, var;
    nc_ok(nc_def_dim(nc, name, n, &dim));
    nc_ok(nc_def_var(nc, name, NC_DOUBLE, 1, &dim, &var));
    if (standard) nc_ok(nc_put_att_text(nc, var, "standard_name", strlen(standard), standard));
    nc_ok(nc_put_att_text(nc, var, "units", strlen(units), units));
    return dim;
}

static void nc_fill_axis(int nc, const char *name, size_t n, double first, double step)
{
    int var;
    nc_ok(nc_inq_varid(nc, name, &var));
    for (size_t i = 0; i < n; i++) {
        double v = first + step * (double)i;
        nc_ok(nc_put_var1_double(nc, var, &i, &v));
    }
}

static int nc_variable(int nc, const char *name, const char *units, int n, const int *dims,
                       nc_type type)
{
    int var;
    nc_ok(nc_def_var(nc, name, type, n, dims, &var));
    nc_ok(nc_put_att_text(nc, var, "units", strlen(units), units));
    return var;
}

static void nc_pack(int nc, int var, double scale, double offset, short fill)
{
    nc_ok(nc_put_att_double(nc, var, "scale_factor", NC_DOUBLE, 1, &scale));
    nc_ok(nc_put_att_double(nc, var, "add_offset", NC_DOUBLE, 1, &offset));
    nc_ok(nc_put_att_short(nc, var, "_FillValue", NC_SHORT, 1, &fill));
}
#endif
