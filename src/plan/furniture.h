/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_PLAN_FURNITURE_H
#define QK_PLAN_FURNITURE_H
/* What a printer adds to a text: page numbers and running heads are found and taken out of the
 * normalised text; the width at which lines were cut is measured. */
#include "plan/text.h"

/* Marks the lines dropped, closes the gaps they leave, sets t->wrap. */
void qk_plan_furniture_drop(qk_plan_text *t);
#endif
