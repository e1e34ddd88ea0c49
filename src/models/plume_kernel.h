/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_KERNEL_H
#define QK_MODELS_PLUME_KERNEL_H
/* What the plume's time goes into, as loops over many distances: the slices of a source, and the
 * look-up in a table of them. Compiled once for each instruction set from the same text: the same
 * bits on every machine of one kind, and on others but for rounding. Buffers are the caller's. */
#include "models/plume_table.h"

enum { QK_PLUME_CHUNK = 512 };

/* Slices at up to QK_PLUME_BATCH distances, quantity by quantity; the arrays are filled up to a
 * multiple of eight entries. straight_main is `main` of a stable plume that does not follow the
 * terrain (at the flagpole's height), which qk_plume_hill_weight blends with it. */
typedef struct qk_plume_slices {
    double main[QK_PLUME_BATCH], straight_main[QK_PLUME_BATCH], aloft[QK_PLUME_BATCH];
    double sigma_y_m[QK_PLUME_BATCH], sigma_y_aloft_m[QK_PLUME_BATCH];
    double meander[QK_PLUME_BATCH], wind_m_s[QK_PLUME_BATCH];
    double height_m[QK_PLUME_BATCH], sigma_z_m[QK_PLUME_BATCH], lid_m[QK_PLUME_BATCH];
} qk_plume_slices;

/* Distances and receptor heights of a batch; entries up to a multiple of eight are read. `count`
 * 1 to QK_PLUME_BATCH. hilly: the two heights differ somewhere. */
typedef struct qk_plume_where {
    double x_m[QK_PLUME_BATCH], height_m[QK_PLUME_BATCH], flagpole_m[QK_PLUME_BATCH];
    int count;
    bool hilly;
} qk_plume_where;

/* Receptors on their way through a table; entries up to a multiple of eight are read. The first
 * arrays have an entry a receptor, the last an entry for each that lies downwind, of which `order`
 * tells the receptor. */
typedef struct qk_plume_chunk {
    double r_step[QK_PLUME_CHUNK]; /* place within the cell */
    int64_t r_cell[QK_PLUME_CHUNK], r_node[QK_PLUME_CHUNK];
    double value[QK_PLUME_CHUNK], weight[QK_PLUME_CHUNK];
    int downwind;
    int64_t order[QK_PLUME_CHUNK + 8];
    double x[QK_PLUME_CHUNK + 8], y2[QK_PLUME_CHUNK + 8]; /* along; across, squared */
    double x_step[QK_PLUME_CHUNK];
    int64_t x_cell[QK_PLUME_CHUNK], x_node[QK_PLUME_CHUNK];
} qk_plume_chunk;

/* Receptors of one height around a source at (x0, y0); `place` holds qk_plume_table_place of their
 * distances. */
typedef struct qk_plume_around {
    double x0_m, y0_m;
    const double *x_m, *y_m;
    const float *place;
} qk_plume_around;

typedef struct qk_plume_kernel {
    void (*slices)(qk_plume_slices *out, const qk_plume_source *s, const qk_plume_where *at);
    /* What the table keeps of slices: out[quantity][i]. */
    void (*nodes)(double (*out)[QK_PLUME_BATCH], const qk_plume_table *t, const qk_plume_where *at,
                  const qk_plume_slices *slices);
    /* error[k] is what the neighbours of coarse node k miss it by, 2 <= k < count - 2. */
    void (*roughness)(double *error, const qk_plume_table *t, int count);
    /* The same for the divided cell whose first node is `first`: of its parts the worst. */
    double (*fine)(const qk_plume_table *t, int first);
    /* Cells of receptors, radial and along the wind; `from` is where this chunk begins. */
    void (*place)(qk_plume_chunk *c, const qk_plume_table *t, const qk_plume_around *around,
                  size_t from, int count);
    /* node[i] = at[cell[i]]; how many are negative, and which: left has room for a multiple of
     * eight. */
    int (*resolve)(int64_t *node, int *left, const int64_t *cell, const int64_t *at, int count);
    /* value and weight: the meandering part, and the share of the coherent one. */
    void (*meander)(qk_plume_chunk *c, const qk_plume_table *t, int count);
    /* The coherent part of those downwind, into x. */
    void (*coherent)(qk_plume_chunk *c, const qk_plume_table *t);
    /* sum[i] += factor x both together. */
    void (*add)(double *restrict sum, qk_plume_chunk *restrict c, int count, double factor);
} qk_plume_kernel;

extern const qk_plume_kernel qk_plume_base, qk_plume_avx2, qk_plume_avx512;
const qk_plume_kernel *qk_plume_kernel_pick(void);
#endif
