/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_PLUME_KERNEL_PRIVATE_H
#define QK_MODELS_PLUME_KERNEL_PRIVATE_H
/* Between the two texts of a kernel; QK_PLUME_KERNEL is the name of this compilation's. */
#include "models/plume_kernel.h"
#include "models/plume_lanes.h"

#define QK_PLUME_PASTE(a, b) a##b
#define QK_PLUME_NAME(a, b)  QK_PLUME_PASTE(a, b)
#define plume_kernel_slices  QK_PLUME_NAME(QK_PLUME_KERNEL, _slices)

void plume_kernel_slices(qk_plume_slices *out, const qk_plume_source *s, const qk_plume_where *at);
#endif
