/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_RATIO_H
#define QK_STANDARDS_RATIO_H
/* Exact fractions, for formulas whose last digit counts: computed unrounded, rounded once at the
 * end (GB/T 8170-2008). A value carries its own failure: overflow beyond 127 bits, division by
 * zero, or a missing operand make it "not there", and so is everything computed from it. */
#include "base/decimal.h"

typedef struct qk_ratio {
    qk_i128 num;
    qk_i128 den;   /* above 0; 0 = not there */
    bool overflow; /* not there because the digits did not fit */
} qk_ratio;

#define QK_RATIO_NONE ((qk_ratio){0, 0, false})

qk_ratio qk_ratio_int(int64_t n);
qk_ratio qk_ratio_dec(qk_dec d);
qk_ratio qk_ratio_of(qk_i128 num, qk_i128 den); /* den 0: not there */
static inline bool qk_ratio_there(qk_ratio r)
{
    return r.den != 0;
}
qk_ratio qk_ratio_add(qk_ratio a, qk_ratio b);
qk_ratio qk_ratio_sub(qk_ratio a, qk_ratio b);
qk_ratio qk_ratio_mul(qk_ratio a, qk_ratio b);
qk_ratio qk_ratio_div(qk_ratio a, qk_ratio b); /* by zero: not there */
/* <0, 0, >0. Both must be there; exact also where the cross products would not fit. */
int qk_ratio_cmp(qk_ratio a, qk_ratio b);
/* Half to even at `scale` decimals. QK_EINVAL when not there, QK_ERANGE when it does not fit. */
QK_NODISCARD qk_code qk_ratio_round(qk_dec *out, qk_ratio r, int32_t scale);
/* Square root of r >= 0 rounded half to even at `scale` decimals; codes as qk_ratio_round. */
QK_NODISCARD qk_code qk_ratio_sqrt(qk_dec *out, qk_ratio r, int32_t scale);
double qk_ratio_f64(qk_ratio r); /* NaN when not there */
#endif
