/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_RANDOM_H
#define QK_MODELS_RANDOM_H
/* Random numbers that are the same everywhere: SplitMix64 (Steele, Lea and Flood 2014). */
#include <stdint.h>

static inline uint64_t qk_random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}
#endif
