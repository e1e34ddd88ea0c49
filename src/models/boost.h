/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_BOOST_H
#define QK_MODELS_BOOST_H
/* Gradient-boosted regression trees with squared loss (Friedman 2001, Annals of Statistics 29,
 * 1189; stochastic form 2002, Computational Statistics & Data Analysis 38, 367) on features that
 * are sorted into at most 64 bins first. Trees are full binary trees of one depth; leaves are
 * shrunk by lambda and the learning rate.
 *
 * One thread, sums in a fixed order, a seeded generator: the same input gives the same bits. Pure;
 * everything belongs to the caller's structs. Values must be finite. */
#include "base/error.h"
#include <stdbool.h>

enum { QK_BOOST_BINS = 64, QK_BOOST_DEPTH_MAX = 6, QK_BOOST_ROUNDS_MAX = 5000 };

typedef struct qk_boost_table { /* binned features, feature by feature */
    size_t rows, features;
    uint8_t *bin;   /* [features][rows] */
    double *sorted; /* scratch [rows] */
} qk_boost_table;
/* QK_ENOMEM; QK_EINVAL for an empty table. */
QK_NODISCARD qk_code qk_boost_table_init(qk_boost_table *table, size_t rows, size_t features,
                                         qk_error *err);
void qk_boost_table_clear(qk_boost_table *table);
/* Sorts a feature's value[rows] into bins between quantiles of its values at the rows learn[count],
 * count > 0. */
void qk_boost_table_put(qk_boost_table *table, size_t feature, const double *value,
                        const uint32_t *learn, size_t count);

typedef struct qk_boost_options {
    size_t rounds, depth;
    double rate;          /* of learning */
    double lambda;        /* pseudo-count that shrinks a leaf */
    double leaf_rows;     /* least rows of a leaf */
    double row_share;     /* drawn for each tree */
    double feature_share; /* drawn for each tree */
    uint64_t seed;
} qk_boost_options;

typedef struct qk_boost_node {
    double value;    /* of a leaf */
    int32_t feature; /* -1: everything goes left */
    uint8_t bin;     /* above it: to the right */
} qk_boost_node;

typedef struct qk_boost {
    size_t rounds, depth;
    double base;
    qk_boost_node *node; /* [rounds][2^(depth+1) - 1], each tree as a heap */
} qk_boost;
/* Learns y[row] (of all rows of the table) at rows[count]. QK_EINVAL for options out of range or no
 * rows, QK_ENOMEM. */
QK_NODISCARD qk_code qk_boost_fit(qk_boost *out, const qk_boost_table *table, const double *y,
                                  const uint32_t *rows, size_t count,
                                  const qk_boost_options *options, qk_error *err);
void qk_boost_clear(qk_boost *boost);
double qk_boost_at(const qk_boost *boost, const qk_boost_table *table, size_t row);
#endif
