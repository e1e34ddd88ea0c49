/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_SOURCE_MATRIX_H
#define QK_MODELS_SOURCE_MATRIX_H
/* The source-receptor matrix: mean concentration at each receptor per unit emission of each source,
 * over the year, the months, the wind sectors, the hours of the day and the heavy days.
 *
 * Concentrations of primary pollutants are linear in the emissions, so a scenario is one product
 * with the changed emissions. Kept as NetCDF classic (CDF-5, 64-bit; Unidata "NetCDF Classic Format
 * Specification") with CF-1.8 attributes, written and read here byte by byte, without a library.
 * A matrix owns its memory; one thread while it changes, then read-only. */
#include "base/memory.h"

enum {
    QK_MATRIX_YEAR = 0,
    QK_MATRIX_MONTH = 1,   /* 12 planes */
    QK_MATRIX_SECTOR = 13, /* 16 planes, north first, by the wind's origin */
    QK_MATRIX_HOUR = 29,   /* 24 planes */
    QK_MATRIX_HEAVY = 53,  /* the tenth of days with the highest sum over all receptors */
    QK_MATRIX_PLANES = 54,
    QK_MATRIX_ID = 13
};

typedef struct qk_matrix {
    uint32_t sources, receptors, planes;
    char (*source_id)[QK_MATRIX_ID];
    uint64_t *source_mark;          /* fingerprint of what the row depends on */
    double *x_m, *y_m, *flagpole_m; /* receptors */
    double *base_rate;              /* sources: emission of the case */
    uint32_t *hours;                /* a plane: hours with data */
    float *value; /* [plane][source][receptor], µg/m3 per g/s (areas: per g/s/m2) */
} qk_matrix;

QK_NODISCARD qk_code qk_matrix_new(qk_matrix **out, uint32_t sources, uint32_t receptors,
                                   uint32_t planes, qk_error *err);
void qk_matrix_free(qk_matrix *m);
static inline float *qk_matrix_row(const qk_matrix *m, uint32_t plane, uint32_t source)
{
    return m->value + ((size_t)plane * m->sources + source) * m->receptors;
}

/* out[receptor] += sum over sources of rate[source] x plane; rates of 0 cost nothing. */
void qk_matrix_product(double *out, const qk_matrix *m, uint32_t plane, const double *rate);
size_t qk_matrix_values(const qk_matrix *m);
/* The whole file; sticky error of the buffer. */
void qk_matrix_write(qk_buf *out, const qk_matrix *m);
/* Reads a whole file. QK_EFORMAT when it is not one that was written here. */
QK_NODISCARD qk_code qk_matrix_read(qk_matrix **out, qk_str bytes, qk_error *err);
#endif
