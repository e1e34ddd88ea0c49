/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_MODELS_RESPONSE_IMPORT_H
#define QK_MODELS_RESPONSE_IMPORT_H
/* What a county cannot derive and takes from elsewhere: transport matrices (shares of regions in a
 * place's air, from tagged runs of a chemistry-transport model), polynomial response surfaces
 * (models/response.h), elasticities of secondary PM2.5. All three are CSV whose rows of one place
 * and season stand together.
 *
 * Refused by line and column: cells that are no number of their range, percentages where parts of
 * one are due, shares of one place that sum to more than 1, a place and season that comes again
 * further down, the same region or precursor twice in one. An import owns its memory and is
 * read-only once read; any number of threads. */
#include "models/response.h"

enum {
    QK_IMPORT_NAME = 80,         /* bytes of a name, with the final 0 */
    QK_IMPORT_ROWS_MAX = 100000, /* of a file */
    QK_IMPORT_GROUPS_MAX = 4096  /* places and seasons of a file */
};

/* Rows first .. first + count of one place and season; "" where the file has no season. */
typedef struct qk_import_group {
    char place[QK_IMPORT_NAME], season[QK_IMPORT_NAME];
    size_t first, count;
} qk_import_group;

typedef struct qk_transport_share {
    char region[QK_IMPORT_NAME];
    double share;
    qk_between range; /* low = high = share where none is given */
} qk_transport_share;

typedef enum qk_precursor {
    QK_PRECURSOR_SO2,
    QK_PRECURSOR_NOX,
    QK_PRECURSOR_NH3,
    QK_PRECURSOR_VOC,
    QK_PRECURSORS
} qk_precursor;
/* "so2", "nox", "nh3", "voc". */
const char *qk_precursor_name(qk_precursor p);
/* Case does not matter; QK_PRECURSORS where it is none of them. */
qk_precursor qk_precursor_of(qk_str name);

typedef struct qk_elasticity {
    qk_precursor precursor;
    qk_between range;            /* dPM/PM by dE/E */
    char source[QK_IMPORT_NAME]; /* where it was published */
} qk_elasticity;

typedef enum qk_import_kind {
    QK_IMPORT_TRANSPORT,  /* receptor,region,share[,low,high][,season] */
    QK_IMPORT_SURFACE,    /* region,season,nox,so2,nh3,voc,x */
    QK_IMPORT_ELASTICITY, /* precursor,low,high[,region][,season][,source] */
    QK_IMPORT_KINDS
} qk_import_kind;
/* "transport", "surface", "elasticity". */
const char *qk_import_kind_name(qk_import_kind kind);
/* False where it is none of them. */
bool qk_import_kind_of(qk_str name, qk_import_kind *out);

typedef struct qk_import {
    qk_import_kind kind;
    size_t groups, rows;
    qk_import_group *group;
    union { /* rows, of the kind read */
        void *row;
        qk_transport_share *share;
        qk_rsm_term *term;
        qk_elasticity *elasticity;
    };
} qk_import;

/* name is for error texts. QK_EFORMAT, QK_EFULL, QK_ENOMEM; *out is empty then. */
QK_NODISCARD qk_code qk_import_read(qk_import *out, qk_import_kind kind, qk_str csv,
                                    const char *name, qk_error *err);
void qk_import_clear(qk_import *i);
#endif
