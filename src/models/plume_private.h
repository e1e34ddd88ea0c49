/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_PRIVATE_H
#define QK_MODELS_PLUME_PRIVATE_H
/* Constants of the model, between plume_rise.c, plume_hill.c and the kernel. */
#include "models/plume.h"
#include <math.h>

#define QK_GRAVITY        9.80616
#define QK_LAPSE          0.00977
#define QK_ENTRAIN        0.6 /* beta1 */
#define QK_LAYER_SIGMAS   2.15
#define QK_SQRT_2PI       2.50662827463100050242
#define QK_LEAST          1e-10
#define QK_EXPONENT_LEAST (-50.0)

/* fmax and fmin without a call; no NAN comes here. */
static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

static inline double smaller(double a, double b)
{
    return a < b ? a : b;
}

#endif
