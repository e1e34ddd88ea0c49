/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PMF_PRIVATE_H
#define QK_MODELS_PMF_PRIVATE_H
/* The workspace of one factorisation, shared by the files of pmf. */
#include "models/pmf.h"
#include "models/pmf_kernel.h"

/* One half of the problem: `count` problems of `depth` equations, in blocks of eight. */
typedef struct pmf_side {
    size_t count, depth, blocks;
    double *w, *wx; /* [blocks][depth][8] */
    double *x;      /* [blocks][k][8] */
    double *a, *b;  /* normal equations of the last solve, [blocks][kkp|kp][8] */
    double *flat;   /* x as regressors of the other side, [count][kp] */
    double *outer;  /* and their products, [count][kkp] */
    double floor;   /* least coefficient */
} pmf_side;

typedef struct pmf_work {
    const qk_pmf_input *in;
    const qk_pmf_options *options;
    const qk_pmf_kernel *kernel;
    size_t n, m, k, kp, kkp;
    pmf_side rows, species; /* rows.x is G, species.x is F */
    double *w;              /* [n][m] weights in force (robust ones included) */
    bool *filled;           /* [n] the sample has a usable cell */
    double xwx;             /* sum of w x^2 */
    double alpha;
    /* The last `anchors` rows are no samples: row n - anchors + a stands for factor a alone, so
     * that its value and weight draw F_a there. The scale of the factors then is not free. */
    size_t anchors;
    const bool *held; /* [k][m] profile elements that must stay; NULL = none */
    /* With held: sum over j of pin[j] F_kj of factor `pinned` stays pin_sum, without which a held
     * element would only rescale its factor. */
    const double *pin;
    size_t pinned;
    double pin_sum;
    uint64_t random;
    int32_t iterations;
    double row_enough; /* share of Q whose gain no row's solution looks for */
    struct pmf_newton *newton;
} pmf_work;

static inline bool pmf_scale_is_free(const pmf_work *w)
{
    return !w->held && w->anchors == 0;
}

qk_code pmf_work_new(pmf_work **out, const qk_pmf_input *in, const qk_pmf_options *options,
                     qk_error *err);
void pmf_work_free(pmf_work *w);
void pmf_plain_weights(pmf_work *w);
/* Begins from profiles f [k][m], G solved for. */
void pmf_load(pmf_work *w, const double *f);
/* Solves one side given the other. */
void pmf_solve_side(pmf_work *w, pmf_side *side, const pmf_side *other, int passes, double enough);
/* Q of the side last solved, with the weights in force. */
double pmf_side_q(const pmf_work *w, const pmf_side *side);
/* x of a side into its regressors and their products. */
void pmf_flatten(const pmf_work *w, pmf_side *side);
/* Means of G to 1, F takes the scale. */
void pmf_normalise(pmf_work *w);
/* Weights from the residuals of the present solution (robust mode); returns the loss they stand
 * for. */
double pmf_reweight(pmf_work *w);

/* As qk_pmf_refine, where the last `anchors` rows of in are anchors: as many as factors. The fit's
 * samples, Q and r2 are those of all rows. */
qk_code pmf_refine_anchored(qk_pmf_fit *out, const qk_pmf_input *in, const qk_pmf_options *options,
                            const double *f, size_t anchors, qk_error *err);

/* Carries the present solution to its minimum. Returns true when it converged. */
bool pmf_newton_run(pmf_work *w, double tolerance, int most, double *q);
struct pmf_newton *pmf_newton_new(const pmf_work *w);
void pmf_newton_free(struct pmf_newton *newton);

double pmf_uniform(uint64_t *state); /* [0, 1) */
static inline double *pmf_at(double *x, size_t k, size_t problem, size_t factor)
{
    return x + ((problem / QK_PMF_LANES) * k + factor) * QK_PMF_LANES + problem % QK_PMF_LANES;
}
void *pmf_doubles(size_t count); /* zeroed, aligned to 64 bytes; free() */
#endif
