/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_EXP_H
#define QK_MODELS_PLUME_EXP_H
/* exp without a call, for arguments within (-700, 700): 2^k times a polynomial of degree 11 on half
 * a step of ln 2 (error below 2 ulp). Made of additions and multiplications alone, so that every
 * machine gives the same bits. */
#include <stdint.h>
#include <string.h>

static inline double qk_plume_exp(double v)
{
    const double shift = 0x1.8p52, log2e = 1.4426950408889634074;
    double k = v * log2e + shift;
    uint64_t bits;
    memcpy(&bits, &k, sizeof bits);
    k -= shift;
    double r = v - k * 0x1.62e42fefa3800p-1 - k * 0x1.ef35793c76730p-45;
    double p = 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    uint64_t power = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &power, sizeof scale);
    return p * scale;
}
#endif
