/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_LEAST_COST_H
#define QK_MODELS_LEAST_COST_H
/* The cheapest set of measures that keeps every receptor at or below a target.
 *
 * Minimise the cost of applied[0..1] so that at each receptor the modelled sum, scaled by
 * `factor`, plus background stays below the target: a linear programme, solved by COIN-OR Clp.
 * Receptors join as they are found above the target, so that a year's matrix of 10,000 receptors
 * asks for some dozens of rows. Measures on one source act one after the other (models/response.h),
 * which is less than the sum that the programme sees: what is missed is asked for again until the
 * exact evaluation keeps the target. With `margin` every reduction counts only (1 - margin) of what
 * is modelled: the answer for the upper bound. Any number of threads, each with its own call. */
#include "models/response.h"
#include <stdbool.h>

enum { QK_LEAST_COST_MEASURES_MAX = 20000 };

typedef struct qk_least_cost_task {
    const qk_matrix *m;
    uint32_t plane;
    const double *base; /* emission of the sources */
    const qk_response_cut *cut;
    size_t cuts;
    uint32_t measures;
    const double *cost; /* of full application, at least 0 */
    double factor;      /* on what is modelled (the blend's); 1 = as modelled */
    double background;  /* beside what is modelled */
    double target;
    double margin; /* 0 .. below 1 */
} qk_least_cost_task;

typedef struct qk_least_cost {
    double *applied; /* a measure each; the caller's room */
    double *price; /* a receptor each: what one unit less of the target would cost; the caller's */
    double cost;
    double highest; /* concentration of the worst receptor, with the margin */
    uint32_t worst; /* that receptor */
    int rounds, rows;
} qk_least_cost;

/* QK_ENOTFOUND where even all measures together do not keep the target: applied is all 1 then and
 * highest and worst tell what is left. Where measures hinder each other
 * so much that the search does not settle, all of them are the answer. QK_EUNSUPPORTED when built
 * without the solver. */
QK_NODISCARD qk_code qk_least_cost_solve(qk_least_cost *out, const qk_least_cost_task *task,
                                         qk_error *err);
bool qk_least_cost_offered(void);
#endif
