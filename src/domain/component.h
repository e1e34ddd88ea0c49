/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_COMPONENT_H
#define QK_DOMAIN_COMPONENT_H
/* Composition of particles at a station, hour by hour: the factors of its devices, of which the
 * item in the register names an ion (standards/ions.h), OC or EC; other factors are given as they
 * are. New species need no code, only a factor. Thread rule: any, with a reader of its own. */
#include "domain/registry.h"
#include "standards/ions.h"
#include "store/telemetry.h"

enum { QK_COMPONENT_SPECIES = 128, QK_COMPONENT_HOURS = 31 * 24 };

typedef struct qk_component_species {
    qk_factor factor;
    qk_ion ion; /* QK_IONS = none */
    bool oc, ec;
    double *value; /* one an hour; NaN = missing or not counted */
    size_t hours;  /* measured */
} qk_component_species;

typedef struct qk_component_record {
    qk_time first; /* start of the first hour */
    size_t hours;
    qk_component_species *species;
    size_t n;
    qk_ion_balance *balance; /* [hour] */
    double *ocec;            /* [hour]; NaN = not known */
} qk_component_record;

/* Hours that begin in from <= t < to (whole hours, at most QK_COMPONENT_HOURS). */
QK_NODISCARD qk_code qk_component_read(qk_component_record *out, const qk_registry *registry,
                                       qk_telemetry_reader *reader, const char *site,
                                       const qk_component_rule *rule, qk_time from, qk_time to,
                                       qk_arena *arena, qk_error *err);
#endif
