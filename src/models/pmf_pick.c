/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pmf_kernel.h"

const qk_pmf_kernel *qk_pmf_kernel_pick(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f")) return &qk_pmf_kernel_avx512;
    if (__builtin_cpu_supports("avx2")) return &qk_pmf_kernel_avx2;
#endif
    return &qk_pmf_kernel_base;
}
