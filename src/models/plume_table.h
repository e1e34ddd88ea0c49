/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_TABLE_H
#define QK_MODELS_PLUME_TABLE_H
/* A plume tabulated in downwind distance, for many receptors of one height above flat ground.
 *
 * In flat terrain a plume depends on the receptor through its distance and height alone. The table
 * holds the slice at QK_PLUME_TABLE_STEPS distances an octave and between them, in the logarithm of
 * the distance, the cubic through four of them: of the logarithm of the vertical term over the
 * wind, of sigma_y and of the weight of meander. Where neighbours do not foretell a node the cell
 * is divided; what cannot be followed at all, and distances outside, are computed one by one, so
 * that the table bounds time, never the range. One thread at a time for a table; nothing is
 * allocated. */
#include "models/plume.h"

enum {
    QK_PLUME_TABLE_STEPS = 8, /* nodes an octave */
    QK_PLUME_TABLE_OCTAVES = 18,
    QK_PLUME_TABLE_CELLS = QK_PLUME_TABLE_STEPS * QK_PLUME_TABLE_OCTAVES,
    QK_PLUME_TABLE_FINE = 4,     /* parts of a divided cell */
    QK_PLUME_TABLE_DIVIDED = 60, /* cells that can be */
    QK_PLUME_TABLE_FINE_NODES = QK_PLUME_TABLE_FINE + 3,
    QK_PLUME_TABLE_SINGLE = 1024, /* places at a time that are nodes of their own */
    QK_PLUME_TABLE_NODES = QK_PLUME_TABLE_CELLS + 16 +
                           QK_PLUME_TABLE_DIVIDED * QK_PLUME_TABLE_FINE_NODES +
                           QK_PLUME_TABLE_SINGLE,
    /* States of a cell, besides the index of the first of its four nodes. */
    QK_PLUME_TABLE_ROUGH = -1,     /* to be divided when it is asked for */
    QK_PLUME_TABLE_COMPUTE = -2,   /* not to be interpolated */
    QK_PLUME_TABLE_PARTS = 1 << 20 /* added to the index: a divided cell */
};

/* What a node holds. */
enum {
    QK_PLUME_TABLE_PANCAKE,  /* ln of the meandering part's contribution */
    QK_PLUME_TABLE_COHERENT, /* weight of the coherent part */
    QK_PLUME_TABLE_MAIN,     /* ln of its axis value */
    QK_PLUME_TABLE_MAIN_Y,   /* its sigma_y */
    QK_PLUME_TABLE_ALOFT,
    QK_PLUME_TABLE_ALOFT_Y,
    QK_PLUME_TABLE_DENSITY, /* ln of main + aloft over the wind: areas */
    QK_PLUME_TABLE_SIGMA_Y,
    QK_PLUME_TABLE_VALUES
};

typedef struct qk_plume_table {
    const qk_plume_source *source;
    qk_plume_receptor receptor;
    double decay_1_s;
    double low_m, high_m; /* covered */
    int first;            /* index of the first cell */
    int cells, nodes;     /* nodes in use */
    int divided;
    bool rough;     /* somewhere */
    bool two;       /* with a penetrated plume */
    int from, to;   /* values that are kept */
    double least;   /* ln of the axis value below which kinks are left */
    double nearest; /* place within which there is nothing */
    /* Squares: off the wind by more than slant2 x distance + beside2, and where the table does not
     * reach by more than near2, the coherent part is nothing. */
    double slant2, beside2, near2;
    /* States of the cells, and behind them of what is outside and of what is too near: for the
     * meandering part, which bears more, and for the coherent one. */
    int64_t at_r[QK_PLUME_TABLE_CELLS + 2], at_x[QK_PLUME_TABLE_CELLS + 2];
    double node[QK_PLUME_TABLE_VALUES][QK_PLUME_TABLE_NODES];
} qk_plume_table;

/* Covers at least [low_m, high_m] where that fits; low_m >= 1. A table is for
 * qk_plume_table_add, or (area) for qk_plume_table_density. */
void qk_plume_table_make(qk_plume_table *t, const qk_plume_source *source, double flagpole_m,
                         double decay_1_s, double low_m, double high_m, bool area);

/* Place of a distance in the tables of any source. */
float qk_plume_table_place(double distance_m);
/* Adds factor x concentration per unit emission of a source at (x0, y0) to sum[i], for receptors at
 * x[i], y[i]. place[i] is that of their distance, which stays from hour to hour. */
void qk_plume_table_add(double *sum, qk_plume_table *t, double x0_m, double y0_m, const double *x_m,
                        const double *y_m, const float *place, size_t count, double factor);
/* main + aloft and the sigma_y of the main plume at a distance; for areas. */
void qk_plume_table_density(qk_plume_table *t, double x, double *density, double *sigma_y);
#endif
