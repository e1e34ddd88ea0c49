/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_AERMOD_OUTPUT_H
#define QK_MODELS_AERMOD_OUTPUT_H
/* Results as text in AERMOD's own layouts: PLOTFILE, POSTFILE (forms PLOT, UNFORM) and RECTABLE.
 * Columns and formats are those of version 24142, so that what reads its files reads these. Appends
 * to a buffer; the caller looks at its sticky failure. Pure. */
#include "models/dispersion_average.h"

/* "11/22/26" and "00:18:59": when the run was made. */
typedef struct qk_aermod_stamp {
    char date[9], time[9];
    char weather_version[8];
} qk_aermod_stamp;

/* a gives the years of an annual mean; NULL where the file begins before the hours. */
void qk_aermod_put_head(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                        const qk_average *a, const qk_aermod_stamp *stamp);
/* A row of a POSTFILE; at: yyyymmddhh of the average's end. */
void qk_aermod_put_post(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                        size_t receptor, double value, int64_t at);
/* A record of a POSTFILE of the form UNFORM: date (yymmddhh) and hours of the average as 32-bit
 * numbers, the group's name in 8 bytes, a 64-bit real a receptor; little-endian between two 32-bit
 * lengths, as Fortran programs on Linux write unformatted records (User's Guide for AERMOD, 3.7.1.2
 * names the fields). */
void qk_aermod_put_record(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                          const double *value, int64_t at);
/* All rows of a PLOTFILE. */
void qk_aermod_put_plot(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                        const qk_average *a);
/* Period averages of all groups and the tables that RECTABLE asks for. */
void qk_aermod_put_tables(qk_buf *out, const qk_aermod_case *c, const qk_average *a,
                          const qk_aermod_stamp *stamp);
/* Fortran's E13.6: 0.359982E-02. */
void qk_aermod_put_e13(qk_buf *out, double v);
#endif
