/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_WARNINGS_H
#define QK_DOMAIN_WARNINGS_H
/* Warnings of heavy pollution as records (tables warning, warning_step): proposed, approved,
 * issued, lifted. A warning rests on a signed minute of consultation and on the county's forecast
 * that stood when it was signed; neither is ever changed, and no warning is made without them.
 *
 *   proposed ─approve▶ issued ─lift▶ lifted        (a red one: approved by one, issued by another)
 *      ├─refuse▶ refused     └─ a higher one is issued ▶ replaced
 *      └─ another proposal ▶ replaced
 * A lower one takes the place of one that is issued by domain/warning_ease.h.
 *
 * The level is that of standards/warning.h over leads 1 to 10 of the forecast's likeliest AQI. A
 * day whose primary pollutant is ozone or PM10 (which at such values is mostly blown sand) counts
 * as one without a value: it asks for advice to the public, not for stopping work
 * (环大气〔2024〕6号).
 *
 * Writing: store thread, inside a transaction. Reading: any thread with a connection of its own. */
#include "base/json.h"
#include "base/time.h"
#include "standards/warning.h"
#include "store/db.h"

enum { QK_WARNING_ID_MAX = 32, QK_WARNING_TEXT_MAX = 2000 };

typedef struct qk_warning_new {
    int32_t issued;              /* day of the minute */
    const qk_warning_rule *rule; /* in force */
    qk_warning_level level;      /* NONE: what the rule says of the forecast */
    int32_t from_day, to_day;    /* of a level that is given; 0 = as the forecast has it */
    qk_str reason;               /* needed for a level that is given, e.g. the city's order */
} qk_warning_new;
/* QK_EDENIED when the minute is not signed, QK_ENOTFOUND without a forecast, QK_EINVAL for a level
 * without reason or days that are none. By rule: QK_EEXIST when nothing is to be proposed (no
 * condition holds, or one of at least that level is in force or proposed from the same minute). */
QK_NODISCARD qk_code qk_warnings_propose(char id[QK_WARNING_ID_MAX], qk_db *db,
                                         const qk_warning_new *what, qk_str by, qk_time now,
                                         qk_error *err);
typedef struct qk_warning_act {
    qk_str action; /* approve refuse lift */
    qk_str text;   /* needed for refuse and lift */
    qk_str who;
} qk_warning_act;
/* QK_ENOTFOUND; QK_EINVAL no text or no such action; QK_EDENIED not in this state, or the second
 * approval of a red one by the same person. */
QK_NODISCARD qk_code qk_warnings_step(qk_db *db, qk_str id, const qk_warning_act *act, qk_time now,
                                      qk_error *err);

/* Whether a day led by this pollutant counts for a warning. */
bool qk_warning_counts(qk_str primary);
typedef struct qk_warning_force {
    char id[QK_WARNING_ID_MAX];
    qk_warning_level level;
    int32_t from_day, to_day;
    bool by_rule;
} qk_warning_force;
/* The warning in force; QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_warnings_in_force(qk_warning_force *out, qk_db *db, qk_error *err);
typedef struct qk_warning_lower {
    qk_str warning; /* in force; the lower one rests on its minute */
    qk_warning_level level;
    int32_t from_day, to_day;
    qk_str grounds; /* JSON object, kept as its basis, with "from_level" */
    qk_str text, who;
} qk_warning_lower;
/* A lower one takes its place, issued at once. QK_EDENIED when it is not in force or not higher. */
QK_NODISCARD qk_code qk_warnings_lower(qk_db *db, const qk_warning_lower *to, qk_time now,
                                       qk_error *err);

/* The member "steps" of a warning or of a proposal: `steps` gives state, text, at, who. */
QK_NODISCARD qk_code qk_warnings_write_steps(qk_json_writer *w, qk_db *db, sqlite3_stmt *steps,
                                             qk_error *err);

/* The array of those of a minute (issued; INT32_MIN = of all), newest first, at most `limit`; of
 * days that touch from..to. */
typedef struct qk_warning_filter {
    int32_t issued;
    int32_t from_day, to_day; /* INT32_MIN, INT32_MAX = any */
    size_t limit;
} qk_warning_filter;
QK_NODISCARD qk_code qk_warnings_write_list(qk_json_writer *w, qk_db *db,
                                            const qk_warning_filter *filter, qk_error *err);
/* One with its steps, the days it rests on, the minute and proposals to ease it. QK_ENOTFOUND. */
QK_NODISCARD qk_code qk_warnings_write_one(qk_json_writer *w, qk_db *db, qk_str id, qk_error *err);
#endif
