/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_TRANSMISSION_PRIVATE_H
#define QK_DOMAIN_TRANSMISSION_PRIVATE_H
/* transmission.c counts a day, transmission_tell.c says what is to be said of it. */
#include "domain/transmission.h"

typedef struct qk_transmission_judge {
    const qk_registry *registry;
    qk_events *events;
    double low;
    const char *mn;
    const qk_transmission_day *day;
    uint32_t missing; /* hours of the day of which nothing came, a bit each */
    qk_time now;
} qk_transmission_judge;
/* Raises what the day gives rise to and was not raised before, inside the caller's transaction.
 * Without room for events nothing is said: the day is counted again. */
QK_NODISCARD qk_code qk_transmission_tell(const qk_transmission_judge *j, qk_db *db, qk_error *err);
#endif
