/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_HOTSPOT_EVIDENCE_H
#define QK_DOMAIN_HOTSPOT_EVIDENCE_H
/* What is known of a source at an hour besides the wind, each item a line with the factor by which
 * it changes the prior weight: its own monitor, its owner's power meters, problems found there,
 * dust fees filed (permits), its size in the list of emission sources; and fire points, which are
 * sources of their own. Nothing is written; any thread with a reader and a connection of its own.
 */
#include "domain/registry.h"
#include "models/suspect.h"
#include "store/db.h"
#include "store/telemetry.h"

enum { QK_EVIDENCE_LINES = 8, QK_HOTSPOT_FIRES = 50 };

typedef struct qk_evidence_line {
    const char
        *kind; /* "running" "idle" "at_work" "treatment_off" "before" "fire" "permit" "size" */
    const char *from;      /* "monitor", "meter", or the ledger's name */
    double weight;         /* factor of the prior */
    double value, against; /* of a meter: kW now and its greatest of three days; NaN = none */
    char date[12];         /* of a ledger's row; empty = none */
} qk_evidence_line;

typedef struct qk_suspicion {
    qk_site site; /* kind "fire" with an empty id: a fire point */
    qk_suspect suspect;
    unsigned evidence; /* bits of qk_evidence */
    qk_evidence_line line[QK_EVIDENCE_LINES];
    size_t lines;
    double weight; /* all of them multiplied */
    double value;  /* what its monitor said in that hour; NaN = nothing */
    double usual;  /* what that is held against */
    char code[QK_CODE_MAX], unit[24];
    bool in_sector;
} qk_suspicion;

/* What the ledgers hold about the time before an hour, and the meters read so far. */
typedef struct qk_evidence_book qk_evidence_book;
typedef struct qk_evidence_ask {
    const qk_registry *registry;
    qk_telemetry_reader *reader;
    qk_db *db;     /* NULL: no ledgers */
    qk_str factor; /* that of the hot spot */
    qk_time end;   /* of the hour */
    double middle; /* of the stations then */
    qk_arena *arena;
} qk_evidence_ask;
/* In the arena. QK_ENOMEM, or what the store says. */
QK_NODISCARD qk_code qk_evidence_open(qk_evidence_book **out, const qk_evidence_ask *ask,
                                      qk_error *err);
/* Of the site in s; fills the rest of it. */
QK_NODISCARD qk_code qk_evidence_gather(qk_suspicion *s, qk_evidence_book *book, qk_error *err);
/* Fire points told for the twelve hours before; number of them, each as a site with its evidence.
 */
size_t qk_evidence_fires(const qk_suspicion **out, const qk_evidence_book *book);
/* True when the ledger has rows of the year: otherwise its silence says nothing. */
bool qk_evidence_knows_fires(const qk_evidence_book *book);
bool qk_evidence_knows_permits(const qk_evidence_book *book);
#endif
