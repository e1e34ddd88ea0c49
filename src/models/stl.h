/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_STL_H
#define QK_MODELS_STL_H
/* Seasonal-trend decomposition by loess (Cleveland, Cleveland, McRae and Terpenning 1990, J.
 * Official Statistics 6, 3-73): local lines, robust. Pure; any thread. */
#include "base/error.h"
#include <stdbool.h>

typedef struct qk_stl_options {
    size_t period;          /* 12 for months */
    size_t seasonal_window; /* odd, 0 = 11 */
    size_t trend_window;    /* odd, 0 = by the paper: nextodd(1.5 period / (1 - 1.5 / seasonal)) */
    bool robust;            /* 15 outer passes, otherwise none */
} qk_stl_options;

/* seasonal and trend get n values each. All of y must be finite. QK_EFORMAT with fewer than two
 * periods, QK_EINVAL, QK_ENOMEM. */
QK_NODISCARD qk_code qk_stl(double *seasonal, double *trend, const double *y, size_t n,
                            const qk_stl_options *options, qk_error *err);
#endif
