/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_SIM_DEVICE_H
#define QK_SIM_DEVICE_H
/* The frames of a simulated device: what it sends for a moment or an interval, and what it answers.
 *
 * Pure: the same device, command and time give the same bytes, but for the QN, which is given.
 * All functions write into the caller's buffer (QK_SIM_FRAME bytes hold any frame) and return the
 * bytes written, 0 when they do not fit. */
#include "hj212/hj212.h"
#include "sim/county.h"

enum { QK_SIM_FRAME = 4096 };

/* One data frame: cn 2011 (time = the moment), 2051, 2061, 2031 (time = start of the interval).
 * revised: with the other value that QK_SIM_REVISES sends later. */
size_t qk_sim_data_frame(char *out, size_t size, const qk_sim_device *d, int32_t cn, qk_time time,
                         qk_time qn, bool back_filled, bool revised);
/* A frame with a CP of its own. flag -1 = data with answer wanted, by the device's version. */
size_t qk_sim_plain_frame(char *out, size_t size, const qk_sim_device *d, int32_t cn,
                          const char *st, qk_time qn, int32_t flag, qk_hj212_text cp);
/* Length of one interval of a command for this device in ms; 0 = it does not send such. */
qk_time qk_sim_interval(const qk_sim_device *d, int32_t cn);
#endif
