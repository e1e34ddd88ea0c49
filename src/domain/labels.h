/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_LABELS_H
#define QK_DOMAIN_LABELS_H
/* What a value is called and counted in: the register's own words where it has them, else those of
 * the standard's tables (HJ 212-2017 annex B). Pure; any thread. */
#include "domain/registry.h"

/* Fills the names and the unit that the register leaves empty; a code in no table keeps itself as
 * its name. */
void qk_factor_complete(qk_factor *f);
/* Unit of one field of a completed factor: the amount's for Cou, hours for RT, none for states
 * and marks. Never NULL. */
const char *qk_factor_field_unit(const qk_factor *f, const char *field);
/* The factor of a device's register row, completed; where there is no row, what the standard says.
 */
void qk_factor_of(qk_factor *out, const qk_registry *registry, qk_str mn, qk_str code);
/* "approved", "parked", "disabled" */
const char *qk_device_status_name(qk_device_status status);
#endif
