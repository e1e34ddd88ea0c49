/* SPDX-License-Identifier: Apache-2.0 */
#include "models/boost.h"
#include "models/random.h"
#include "models/polar.h"
#include <stdlib.h>
#include <string.h>

enum { LEAVES_MAX = 1 << QK_BOOST_DEPTH_MAX };

typedef struct pair { /* of a bin or a node */
    double sum, count;
} pair;

typedef struct drawn_row {
    double slope;
    uint32_t row, first; /* of its node's bins */
} drawn_row;

typedef struct grower {
    const qk_boost_table *table;
    const qk_boost_options *o;
    const uint32_t *rows;
    size_t count;
    double *rest;  /* what is still unexplained [count] */
    uint32_t *row; /* of the table, rows drawn for the tree [count] */
    double *slope; /* their rest [count] */
    uint8_t *at;   /* their node within the level [count] */
    size_t drawn;
    drawn_row *some; /* those to be counted at a level [count] */
    size_t some_n;
    uint8_t *used;           /* features drawn [features] */
    size_t wide;             /* nodes of the lowest level that is split */
    pair *bins, *above_bins; /* of this level, of the one above [features][wide][QK_BOOST_BINS] */
    uint64_t state;
} grower;

static double draw_unit(uint64_t *state)
{
    return (double)(qk_random_next(state) >> 11) * 0x1p-53;
}

qk_code qk_boost_table_init(qk_boost_table *table, size_t rows, size_t features, qk_error *err)
{
    *table = (qk_boost_table){.rows = rows, .features = features};
    if (rows == 0 || features == 0 || rows > UINT32_MAX)
        return qk_fail(err, QK_EINVAL, "a table of %zu rows, %zu features", rows, features);
    table->bin = calloc(features, rows);
    table->sorted = calloc(rows, sizeof *table->sorted);
    if (table->bin && table->sorted) return QK_OK;
    qk_boost_table_clear(table);
    return qk_fail(err, QK_ENOMEM, "no memory for %zu rows of %zu features", rows, features);
}

void qk_boost_table_clear(qk_boost_table *table)
{
    free(table->bin);
    free(table->sorted);
    *table = (qk_boost_table){0};
}

static uint8_t bin_of(const double cut[QK_BOOST_BINS - 1], double v)
{
    size_t low = 0, high = QK_BOOST_BINS - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (v > cut[middle])
            low = middle + 1;
        else
            high = middle;
    }
    return (uint8_t)low;
}

void qk_boost_table_put(qk_boost_table *table, size_t feature, const double *value,
                        const uint32_t *learn, size_t count)
{
    double cut[QK_BOOST_BINS - 1];
    uint8_t *bin = table->bin + feature * table->rows;
    for (size_t i = 0; i < count; i++) table->sorted[i] = value[learn[i]];
    qk_sort_doubles(table->sorted, count);
    for (size_t c = 0; c + 1 < QK_BOOST_BINS; c++)
        cut[c] = table->sorted[(c + 1) * count / QK_BOOST_BINS];
    for (size_t r = 0; r < table->rows; r++) bin[r] = bin_of(cut, value[r]);
}

static size_t tree_size(size_t depth)
{
    return ((size_t)2 << depth) - 1;
}

/* A tree's splits as rows walk through them; what does not split sends all to the left. */
typedef struct walk {
    size_t depth;
    struct {
        const uint8_t *bin; /* of the feature */
        uint32_t above;
    } node[LEAVES_MAX];
} walk;

static void plan_walk(walk *w, const qk_boost_node *tree, size_t depth, const qk_boost_table *table)
{
    w->depth = depth;
    for (size_t i = 0; i + 1 < (size_t)1 << depth; i++) {
        bool splits = tree[i].feature >= 0;
        w->node[i].bin = table->bin + (splits ? (size_t)tree[i].feature * table->rows : 0);
        w->node[i].above = splits ? tree[i].bin : QK_BOOST_BINS;
    }
}

/* Place of the leaf in the heap that a row of the table falls into. */
static size_t leaf_of(const walk *w, size_t row)
{
    size_t at = 0;
    for (size_t d = 0; d < w->depth; d++)
        at = 2 * at + 1 + (w->node[at].bin[row] > w->node[at].above);
    return at;
}

static void draw_rows(grower *g)
{
    g->drawn = 0;
    for (size_t i = 0; i < g->count; i++) {
        if (draw_unit(&g->state) >= g->o->row_share) continue;
        g->row[g->drawn] = g->rows[i];
        g->slope[g->drawn] = g->rest[i];
        g->at[g->drawn++] = 0;
    }
    for (size_t f = 0; f < g->table->features; f++)
        g->used[f] = draw_unit(&g->state) < g->o->feature_share;
}

static void sum_nodes(const grower *g, pair *node, size_t nodes)
{
    memset(node, 0, nodes * sizeof *node);
    for (size_t i = 0; i < g->drawn; i++) {
        node[g->at[i]].sum += g->slope[i];
        node[g->at[i]].count += 1;
    }
}

static double score_of(pair p, double lambda)
{
    return p.sum * p.sum / (p.count + lambda);
}

/* Improves a node's split by the best cut of one feature. The gain of a cut is compared as a
 * fraction: a division for each bin would cost more than all the rest. */
static void try_feature(const grower *g, const pair *bins, pair node, size_t feature,
                        qk_boost_node *split, double *best)
{
    pair left = {0};
    double lambda = g->o->lambda, least = g->o->leaf_rows, whole = score_of(node, lambda);
    for (size_t b = 0; b + 1 < QK_BOOST_BINS; b++) {
        if (!(bins[b].count > 0)) continue; /* the cut before it parts the same rows */
        left.sum += bins[b].sum;
        left.count += bins[b].count;
        pair right = {node.sum - left.sum, node.count - left.count};
        if (left.count < least) continue;
        if (right.count < least) break;
        double l = left.count + lambda, r = right.count + lambda;
        double top = left.sum * left.sum * r + right.sum * right.sum * l;
        if (top <= (whole + *best) * l * r) continue;
        *best = top / (l * r) - whole;
        split->feature = (int32_t)feature;
        split->bin = (uint8_t)b;
    }
}

static bool may_split(const grower *g, pair node)
{
    return node.count >= 2 * g->o->leaf_rows;
}

/* Which nodes' rows are counted: all at the root; below, of two that share a parent the one with
 * fewer rows, the other being what is left of the parent. */
static void choose_counted(const grower *g, const pair *node, size_t nodes, bool *counted)
{
    if (nodes == 1) {
        counted[0] = may_split(g, node[0]);
        return;
    }
    for (size_t q = 0; q < nodes; q += 2) {
        bool needed = may_split(g, node[q]) || may_split(g, node[q + 1]);
        bool left = node[q].count < node[q + 1].count;
        counted[q] = needed && left;
        counted[q + 1] = needed && !left;
    }
}

static void gather_rows(grower *g, const bool *counted)
{
    g->some_n = 0;
    for (size_t i = 0; i < g->drawn; i++)
        if (counted[g->at[i]])
            g->some[g->some_n++] =
                (drawn_row){g->slope[i], g->row[i], (uint32_t)g->at[i] * QK_BOOST_BINS};
}

static pair *bins_of(const grower *g, pair *of, size_t feature)
{
    return of + feature * g->wide * QK_BOOST_BINS;
}

static void fill_bins(grower *g, size_t feature, size_t nodes, const bool *counted)
{
    const uint8_t *bin = g->table->bin + feature * g->table->rows;
    pair *bins = bins_of(g, g->bins, feature), *above = bins_of(g, g->above_bins, feature);
    memset(bins, 0, nodes * QK_BOOST_BINS * sizeof *bins);
    for (size_t i = 0; i < g->some_n; i++) {
        const drawn_row *d = &g->some[i];
        pair *p = bins + d->first + bin[d->row];
        p->sum += d->slope;
        p->count += 1;
    }
    for (size_t q = 0; nodes > 1 && q < nodes; q += 2) {
        if (counted[q] == counted[q + 1]) continue;
        pair *small = bins + (q + !counted[q]) * QK_BOOST_BINS;
        pair *large = bins + (q + counted[q]) * QK_BOOST_BINS;
        const pair *whole = above + q / 2 * QK_BOOST_BINS;
        for (size_t b = 0; b < QK_BOOST_BINS; b++)
            large[b] = (pair){whole[b].sum - small[b].sum, whole[b].count - small[b].count};
    }
}

static void find_splits(grower *g, qk_boost_node *level, size_t nodes)
{
    pair node[LEAVES_MAX];
    double best[LEAVES_MAX];
    bool counted[LEAVES_MAX];
    sum_nodes(g, node, nodes);
    choose_counted(g, node, nodes, counted);
    gather_rows(g, counted);
    for (size_t q = 0; q < nodes; q++) {
        best[q] = 1e-12;
        level[q] = (qk_boost_node){.feature = -1};
    }
    for (size_t f = 0; f < g->table->features; f++) {
        if (!g->used[f]) continue;
        fill_bins(g, f, nodes, counted);
        for (size_t q = 0; q < nodes; q++)
            if (may_split(g, node[q]))
                try_feature(g, bins_of(g, g->bins, f) + q * QK_BOOST_BINS, node[q], f, &level[q],
                            &best[q]);
    }
    pair *above = g->above_bins;
    g->above_bins = g->bins;
    g->bins = above;
}

static void split_level(grower *g, qk_boost_node *level, size_t nodes)
{
    find_splits(g, level, nodes);
    for (size_t i = 0; i < g->drawn; i++) {
        const qk_boost_node *n = &level[g->at[i]];
        bool right = n->feature >= 0 &&
                     g->table->bin[(size_t)n->feature * g->table->rows + g->row[i]] > n->bin;
        g->at[i] = (uint8_t)(g->at[i] * 2 + right);
    }
}

static void grow_tree(grower *g, qk_boost_node *tree)
{
    pair leaf[LEAVES_MAX];
    walk w;
    size_t depth = g->o->depth, leaves = (size_t)1 << depth;
    draw_rows(g);
    for (size_t d = 0; d < depth; d++) split_level(g, tree + ((size_t)1 << d) - 1, (size_t)1 << d);
    sum_nodes(g, leaf, leaves);
    for (size_t q = 0; q < leaves; q++)
        tree[leaves - 1 + q].value =
            g->o->rate * leaf[q].sum / (leaf[q].count + g->o->lambda + 1e-9);
    plan_walk(&w, tree, depth, g->table);
    for (size_t i = 0; i < g->count; i++) g->rest[i] -= tree[leaf_of(&w, g->rows[i])].value;
}

static void clear_grower(grower *g)
{
    free(g->rest);
    free(g->row);
    free(g->slope);
    free(g->at);
    free(g->some);
    free(g->used);
    free(g->bins);
    free(g->above_bins);
}

static bool init_grower(grower *g)
{
    g->rest = calloc(g->count, sizeof *g->rest);
    g->row = calloc(g->count, sizeof *g->row);
    g->slope = calloc(g->count, sizeof *g->slope);
    g->at = calloc(g->count, 1);
    g->used = calloc(g->table->features, 1);
    g->some = calloc(g->count, sizeof *g->some);
    g->wide = (size_t)1 << (g->o->depth - 1);
    size_t bins = g->table->features * g->wide * QK_BOOST_BINS;
    g->bins = calloc(bins, sizeof *g->bins);
    g->above_bins = calloc(bins, sizeof *g->above_bins);
    return g->rest && g->row && g->slope && g->at && g->some && g->used && g->bins && g->above_bins;
}

static bool options_fit(const qk_boost_options *o)
{
    return o->rounds <= QK_BOOST_ROUNDS_MAX && o->depth >= 1 && o->depth <= QK_BOOST_DEPTH_MAX &&
           o->rate > 0 && o->rate <= 1 && o->lambda >= 0 && o->leaf_rows >= 1;
}

qk_code qk_boost_fit(qk_boost *out, const qk_boost_table *table, const double *y,
                     const uint32_t *rows, size_t count, const qk_boost_options *options,
                     qk_error *err)
{
    grower g = {.table = table, .o = options, .rows = rows, .count = count};
    double sum = 0;
    *out = (qk_boost){0};
    if (count == 0 || !options_fit(options))
        return qk_fail(err, QK_EINVAL, "%zu rows, depth %zu, %zu rounds: nothing to learn", count,
                       options->depth, options->rounds);
    *out = (qk_boost){.rounds = options->rounds, .depth = options->depth};
    out->node = calloc(options->rounds * tree_size(options->depth) + 1, sizeof *out->node);
    g.state = options->seed;
    if (!out->node || !init_grower(&g)) {
        clear_grower(&g);
        qk_boost_clear(out);
        return qk_fail(err, QK_ENOMEM, "no memory to learn from %zu rows", count);
    }
    for (size_t i = 0; i < count; i++) sum += y[rows[i]];
    out->base = sum / (double)count;
    for (size_t i = 0; i < count; i++) g.rest[i] = y[rows[i]] - out->base;
    for (size_t t = 0; t < options->rounds; t++)
        grow_tree(&g, out->node + t * tree_size(options->depth));
    clear_grower(&g);
    return QK_OK;
}

void qk_boost_clear(qk_boost *boost)
{
    free(boost->node);
    *boost = (qk_boost){0};
}

double qk_boost_at(const qk_boost *boost, const qk_boost_table *table, size_t row)
{
    size_t size = tree_size(boost->depth);
    double sum = boost->base;
    for (size_t t = 0; t < boost->rounds; t++) {
        const qk_boost_node *tree = boost->node + t * size;
        size_t at = 0;
        for (size_t d = 0; d < boost->depth; d++) {
            const qk_boost_node *n = tree + at;
            bool right =
                n->feature >= 0 && table->bin[(size_t)n->feature * table->rows + row] > n->bin;
            at = 2 * at + 1 + right;
        }
        sum += tree[at].value;
    }
    return sum;
}
