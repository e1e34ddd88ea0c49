/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_CLI_CALC_H
#define QK_CLI_CALC_H
/* One calculation of `qingkong calc`: named columns in, named columns out, a row at a time. A
 * missing or impossible cell leaves the results that hang on it empty; a malformed one marks the
 * row bad and the command refuses it. */
#include "base/memory.h"
#include "standards/rules.h"
#include "standards/stats.h"

enum { CALC_GIVEN_MAX = 12, CALC_ASKED_MAX = 16, CALC_CELL_MAX = 1 << 20 };

typedef struct calc_row {
    const qk_str *given; /* trimmed, by index in the definition */
    qk_arena *arena;     /* for lists; emptied after each row */
    qk_buf text;         /* results, one behind the other */
    size_t at[CALC_ASKED_MAX];
    size_t len[CALC_ASKED_MAX];
    const qk_rules *rules; /* never NULL */
    int32_t day;           /* rows of the tables are those of this civil day */
    const char *rule;      /* what --explain names; set to the definition's before each row */
    int bad;               /* index of the malformed cell, -1 = none, CALC_GIVEN_MAX = the row */
    char why[128];
} calc_row;

typedef struct calc_def {
    const char *name;
    const char *given[CALC_GIVEN_MAX + 1];
    const char *asked[CALC_ASKED_MAX + 1];
    void (*run)(calc_row *row);
    const char *rule;  /* standard, clause, date of force */
    uint32_t optional; /* bits of given columns that a file may lack */
} calc_def;

/* The tables end with a NULL name. */
extern const calc_def calc_air[];
extern const calc_def calc_source[];

void calc_bad(calc_row *row, int given, const char *fmt, ...) QK_PRINTF(3, 4);
bool calc_missing(const calc_row *row, int given);
bool calc_dec(calc_row *row, int given, qk_dec *out);
/* An integer cell within [low, high]; outside or missing false, with fractions bad. */
bool calc_int(calc_row *row, int given, int64_t low, int64_t high, int64_t *out);
qk_ratio calc_ratio(calc_row *row, int given);  /* any number */
qk_ratio calc_amount(calc_row *row, int given); /* negative is impossible: not there */
/* A `;` list; true when the cell is there and well formed. */
bool calc_list(calc_row *row, int given, qk_conc **out, size_t *count);
/* A `;` list of indices; NA is -1. */
bool calc_ints(calc_row *row, int given, int32_t **out, size_t *count);

void calc_put(calc_row *row, int asked, const char *text);
void calc_put_str(calc_row *row, int asked, qk_str text);
void calc_put_int(calc_row *row, int asked, int64_t n);
void calc_put_dec(calc_row *row, int asked, qk_dec d);
void calc_put_ratio(calc_row *row, int asked, qk_ratio r, int32_t decimals); /* not there: empty */
/* Appends to the result last put, with `;` between. */
void calc_put_more(calc_row *row, int asked, const char *text);
#endif
