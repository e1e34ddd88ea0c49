/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_AREA_H
#define QK_DOMAIN_AREA_H
/* In which township a place lies, and which unit answers for it. By the outlines of the register;
 * where no outline holds the place, by the nearest site that names its township. Any thread. */
#include "domain/people.h"

#define QK_AREA_NEAR_M 5000.0

/* Code of the township or zone; false when neither an outline nor a site within QK_AREA_NEAR_M
 * tells. The arena is scratch. */
bool qk_area_of(char division[16], const qk_registry *r, double lon, double lat, qk_arena *arena);
/* The township (or zone) that answers for the division or, where it has none, for the one above. */
bool qk_area_unit(qk_unit *out, const qk_registry *r, qk_str division, qk_arena *arena);
#endif
