/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_DECIMAL_H
#define QK_BASE_DECIMAL_H
/* Exact decimals: a mantissa and the number of decimals, as written. 12.50 is {1250, 2} and prints
 * as 12.50 again. Sums and means are carried in 128-bit integers, so that the digit decided by
 * GB/T 8170-2008 (round half to even, once, from the unrounded value) is the true one. */
#include "base/text.h"

typedef struct qk_dec {
    int64_t mantissa;
    int32_t scale; /* decimals, 0..18 */
} qk_dec;

__extension__ typedef __int128 qk_i128;

enum { QK_DEC_TEXT = 24, QK_DEC_SCALE_MAX = 18 };
/* 10^0 … 10^18 */
extern const int64_t qk_power_of_ten[QK_DEC_SCALE_MAX + 1];

/* "-12.50", "+3", ".5", "5."; no exponent. QK_EFORMAT, or QK_ERANGE beyond 18 decimals or int64. */
QK_NODISCARD qk_code qk_dec_parse(qk_dec *out, qk_str text);
/* As qk_dec_parse, and also takes exponents ("1.5e-3") when the value fits. */
QK_NODISCARD qk_code qk_dec_parse_e(qk_dec *out, qk_str text);
char *qk_dec_format(char out[QK_DEC_TEXT], qk_dec d);
double qk_dec_f64(qk_dec d);
int qk_dec_cmp(qk_dec a, qk_dec b);   /* by value: 12.5 == 12.50 */
bool qk_dec_same(qk_dec a, qk_dec b); /* by value and digits */
qk_dec qk_dec_trim(qk_dec d);         /* without trailing zeros after the point */
/* To `scale` decimals by GB/T 8170 (half to even); widening appends zeros, QK_ERANGE if too wide.
 */
QK_NODISCARD qk_code qk_dec_round(qk_dec *out, qk_dec d, int32_t scale);
QK_NODISCARD qk_code qk_dec_add(qk_dec *out, qk_dec a, qk_dec b);
QK_NODISCARD qk_code qk_dec_sub(qk_dec *out, qk_dec a, qk_dec b);
QK_NODISCARD qk_code qk_dec_mul(qk_dec *out, qk_dec a, qk_dec b); /* exact or QK_ERANGE */

/* numerator / denominator rounded half to even at `scale` decimals; both at scale 0.
 * QK_EINVAL when denominator is 0. */
QK_NODISCARD qk_code qk_dec_ratio(qk_dec *out, qk_i128 numerator, qk_i128 denominator,
                                  int32_t scale);
/* The next integer at or above numerator / denominator (IAQI: HJ 633 4.3). */
QK_NODISCARD qk_code qk_dec_ceil_ratio(int64_t *out, qk_i128 numerator, qk_i128 denominator);

/* An exact running sum at a common scale, which rises as finer values come. */
typedef struct qk_dec_sum {
    qk_i128 mantissa;
    int32_t scale;
    int64_t count;
} qk_dec_sum;
void qk_dec_sum_init(qk_dec_sum *sum);
QK_NODISCARD qk_code qk_dec_sum_add(qk_dec_sum *sum, qk_dec d); /* QK_ERANGE: sum unchanged */
/* Mean rounded half to even; QK_EINVAL when nothing was added. */
QK_NODISCARD qk_code qk_dec_sum_mean(qk_dec *out, const qk_dec_sum *sum, int32_t scale);
#endif
