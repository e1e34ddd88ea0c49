/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_PROFILE_H
#define QK_DOMAIN_PROFILE_H
/* Vertical profiles of lidars and wind profilers: files in the file store, a civil day each, read
 * as a grid of time and height. A file is CSV time,height_m,value (further columns are passed
 * over); what a later file of the day says takes the earlier one's place. Where nothing was
 * measured the grid says so; nothing is filled in.
 *
 * The height of the boundary layer is estimated from the steepest fall of the value with height, by
 * the gradient method (Endlich et al. 1979; Flamant et al. 1997): an estimate for people, in
 * doubles. Reading is for any thread with a connection of its own, attaching for the store thread.
 */
#include "base/memory.h"
#include "base/time.h"
#include "store/files.h"

enum { QK_PROFILE_TIMES = 1440, QK_PROFILE_HEIGHTS = 1000, QK_PROFILE_ROWS = 500000 };

typedef struct qk_profile {
    int32_t day;
    qk_time first; /* of times[0]; the others follow by step */
    qk_time step;
    size_t times, heights;
    double *height_m; /* rising */
    double *value;    /* [time * heights + height]; NaN = not measured */
    double *pbl_m;    /* [time]; NaN = no estimate */
    bool *measured;   /* [time]: false = a gap */
} qk_profile;

/* Of a text. QK_EFORMAT with line and column: no columns, no times or numbers, several days, a
 * height below 0 or above 30 km, too many times or heights, times that are no whole minutes. */
QK_NODISCARD qk_code qk_profile_read(qk_profile *out, qk_str csv, qk_arena *arena, qk_error *err);
/* Of a stored day: all its files, later ones over earlier ones. QK_ENOTFOUND when there is none. */
QK_NODISCARD qk_code qk_profile_day(qk_profile *out, qk_file_use **files, size_t *file_n, qk_db *db,
                                    const qk_files *store, const char *site, int32_t day,
                                    qk_arena *arena, qk_error *err);
/* Inside the caller's transaction: lays a stored file to its site and day. */
QK_NODISCARD qk_code qk_profile_attach(qk_db *db, const qk_file_id *file, const char *site,
                                       int32_t day, qk_str name, qk_str by, qk_time now,
                                       qk_error *err);
/* Days of a site that have files, rising, at most 4,000. */
QK_NODISCARD qk_code qk_profile_days(int32_t **out, size_t *n, qk_db *db, const char *site,
                                     qk_arena *arena, qk_error *err);
#endif
