/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_RECUR_H
#define QK_DOMAIN_RECUR_H
/* Rules of recurrence as text, in civil time of China. Pure.
 *
 *   "minutes N"      each multiple of N minutes of the day, N divides 1440
 *   "hourly MM"      each hour at minute MM
 *   "daily HH:MM"
 *   "weekly D HH:MM" D = 1 Monday … 7 Sunday
 *   "monthly D HH:MM" D = 1..31, clipped to the month's last day
 *   "yearly MM-DD HH:MM" 02-29 is 02-28 in other years
 *   "workdays HH:MM" each working day */
#include "domain/worktime.h"

/* The first occurrence strictly after `after`. QK_EFORMAT for a rule that is none, QK_ERANGE when
 * none comes within ten years. w may be NULL: then Monday to Friday are the working days. */
QK_NODISCARD qk_code qk_recur_next(qk_time *out, qk_str rule, qk_time after, const qk_worktime *w);
#endif
