/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_FRAUD_H
#define QK_DOMAIN_FRAUD_H
/* The search for made-up data (standards/fraud.h) over what is stored: samples that institutions
 * reported (domain/labsample.h) and hours that stations sent. Each finding comes with the rows that
 * show it. Recording makes it an event ("fraud_<pattern>", once) and a row of the ledger
 * "data_credit": suspected, until somebody confirms or clears it there. Reading is for any thread,
 * recording for the store thread. docs/internals/quality.md */
#include "domain/airread.h"
#include "domain/events.h"
#include "domain/ruleset.h"
#include "standards/fraud.h"

typedef struct qk_fraud_question {
    qk_db *db;
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    qk_time from, to; /* of sampling; at most 92 days */
} qk_fraud_question;

typedef struct qk_fraud_row { /* of a report, or an hour of a station (institution "") */
    const char *institution, *person, *report, *point, *item, *digits;
    qk_time at, told;
} qk_fraud_row;

typedef struct qk_fraud_case {
    const char *pattern;     /* qk_fraud_kind_name, "same_hours", "late_hours" */
    const char *institution; /* "" for stations */
    const char *site;        /* of a station; "" else */
    const char *item;
    qk_time at;       /* of the first row */
    double statistic; /* chi square, days late, hours that are the same; else 0 */
    qk_severity severity;
    size_t all; /* rows that show it, of which n are given */
    qk_fraud_row *rows;
    size_t n;
    char key[96]; /* the same finding has the same key */
} qk_fraud_case;

/* By the rules of the last day, in an order that follows from the data. QK_EINVAL for a range that
 * cannot be. */
QK_NODISCARD qk_code qk_fraud_find(qk_fraud_case **out, size_t *n, const qk_fraud_question *q,
                                   qk_arena *arena, qk_error *err);
/* Raises events and writes the ledger's rows; *fresh: rows the ledger had not. */
QK_NODISCARD qk_code qk_fraud_record(size_t *fresh, const qk_fraud_case *cases, size_t n, qk_db *db,
                                     qk_events *events, qk_str by, qk_time now, qk_error *err);
#endif
