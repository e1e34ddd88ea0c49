/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_BULLETIN_PRIVATE_H
#define QK_DOMAIN_BULLETIN_PRIVATE_H
/* A bulletin as it is kept, for the files made from it. */
#include "domain/bulletin.h"

typedef struct qk_bulletin_kept {
    const qk_json_value *content;
    bool issued;
    bool month; /* of a closed month; else a text of its own, as of the forecast */
    qk_str period;
    int64_t version;
    qk_time recorded_at; /* when it was drafted, or issued */
} qk_bulletin_kept;
/* In the arena. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_bulletin_kept_get(qk_bulletin_kept *out, qk_db *db, int64_t id,
                                          qk_arena *arena, qk_error *err);
/* Keeps a draft as the next version of its kind and period; where the newest version says the same,
 * that one is given and none is made. Store thread. */
QK_NODISCARD qk_code qk_bulletin_keep(int64_t *id, qk_db *db, const char *kind, const char *period,
                                      qk_str content, qk_time known_at, qk_str by, qk_time now,
                                      qk_error *err);
#endif
