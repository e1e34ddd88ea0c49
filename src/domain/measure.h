/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_MEASURE_H
#define QK_DOMAIN_MEASURE_H
/* The catalogue of measures: evidence queries that an obligation's number is held against, as known
 * at a moment. A measure is a JSON object; what it names is its whole meaning:
 *
 *   {"measure":"air.mean","item":"PM2.5","scope":"county"}         year to date; O3, CO: percentile
 *   {"measure":"air.good_days"|"air.good_share"|"air.heavy_days"|"air.heavy_share","scope"}
 *   {"measure":"air.over_days","item":"O3","scope"}                days above the limit
 *   {"measure":"ledger.count"|"ledger.distinct"|"ledger.sum"|"ledger.share"|"ledger.latest",
 *    "ledger","of":[…],"where":[…],"numerator":[…],"date","period":"year"|"quarter"|"month"|"all"}
 *   {"measure":"sites.checked","ledger","field","kind","date","period"}   different sites of the
 *       kind in the ledger's rows of the period, in per cent of the sites of the kind
 *   {"measure":"cases.in_time","kind","minutes","period"}          closed within, in per cent
 *   {"measure":"devices.transmission","period"}                    valid factor-hours, in per cent
 *   {"measure":"reported"}                                         what the unit reports
 *
 * Shares are in per cent. Pure of writing; any thread with readers of its own. */
#include "domain/airstat.h"

enum { QK_MEASURE_MAX = 4000, QK_MEASURE_INPUTS_MAX = 2000 };

typedef struct qk_measure_ask {
    qk_db *db;
    const qk_registry *registry;
    qk_telemetry_reader *reader; /* NULL: air cannot be asked */
    qk_time known_at;            /* QK_TIME_NONE = now */
    int32_t from_day, to_day;    /* of the obligation so far, both included */
    qk_year *air[4];             /* years already reckoned, kept between calls; NULL at first */
    qk_arena *arena;
} qk_measure_ask;

typedef struct qk_measured {
    bool known;
    qk_dec value;
    const char *reason; /* why it is not known: a message code, or NULL */
    qk_str inputs;      /* JSON object: what it rests on */
} qk_measured;

/* QK_EFORMAT when it is no measure of the catalogue. */
QK_NODISCARD qk_code qk_measure_check(qk_db *db, const qk_json_value *measure, qk_arena *arena,
                                      qk_error *err);
/* Answers; what cannot be answered is `known` false with its reason, not an error. */
QK_NODISCARD qk_code qk_measure_get(qk_measured *out, qk_measure_ask *ask, const qk_json_value *m,
                                    qk_error *err);

/* What an indicator, target or recurring duty could be held against, by the words of its text and
 * its unit; {"measure":"reported"} when nothing in the house knows. In the arena. */
typedef struct qk_measure_hint {
    qk_str kind; /* of the obligation */
    qk_str title, text, unit, every, task;
} qk_measure_hint;
QK_NODISCARD qk_code qk_measure_propose(qk_str *out, qk_db *db, const qk_measure_hint *hint,
                                        qk_arena *arena, qk_error *err);
/* Names, for people who choose one. */
typedef struct qk_measure_name {
    const char *name, *zh, *en, *unit;
} qk_measure_name;
const qk_measure_name *qk_measure_catalogue(size_t *n);
#endif
