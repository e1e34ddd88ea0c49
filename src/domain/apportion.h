/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_APPORTION_H
#define QK_DOMAIN_APPORTION_H
/* Source apportionment of a composition record: the factorisation (models/pmf.h), how far it can
 * be trusted (models/pmf_errors.h), when and with which wind each factor comes, and what it may be.
 *
 * A record is samples of species with uncertainties: a person's two CSV files, or the hours of a
 * component station. Of a station the uncertainties are made by the equation of the EPA PMF 5.0
 * user guide with an error of 10 % and a detection limit of 5 % of the species' median, which the
 * answer says. The record owns its arrays. Pure of writing; any thread. */
#include "domain/hours.h"
#include "models/pmf_errors.h"
#include "models/pmf_prepare.h"
#include "models/pmf_rotate.h"

enum { QK_APPORTION_NAME = 48, QK_APPORTION_SAMPLES = 20000, QK_APPORTION_SOURCES = 2000 };

typedef struct qk_apportion_record {
    size_t samples, species;
    char (*name)[QK_APPORTION_NAME]; /* [species] */
    char unit[24];
    qk_time *time;      /* [samples]; QK_TIME_NONE where a label is no time */
    double *conc, *unc; /* [samples][species] */
    double *ws, *wd;    /* [samples], or NULL */
    size_t total;       /* species of the mass; SIZE_MAX = none, the sum of all is told */
    bool made_unc;
    qk_pmf_notes notes;
    bool *silent;                      /* [species] */
    size_t sources;                    /* of the library; 0 = none */
    char (*source)[QK_APPORTION_NAME]; /* [sources] */
    double *library;                   /* [sources][species] share of its mass; NaN = not known */
} qk_apportion_record;
void qk_apportion_clear(qk_apportion_record *r);

/* First column: label. QK_EFORMAT with line and column, QK_EFULL. */
QK_NODISCARD qk_code qk_apportion_read_csv(qk_apportion_record *out, qk_str con, qk_str unc,
                                           qk_error *err);
/* The hours of from <= t < to at which at least half of the species were measured. QK_EFORMAT when
 * the station measures no composition or fewer than 50 such hours are there. */
QK_NODISCARD qk_code qk_apportion_read_station(qk_apportion_record *out,
                                               const qk_registry *registry,
                                               qk_telemetry_reader *reader, const qk_site *site,
                                               qk_time from, qk_time to, qk_arena *arena,
                                               qk_error *err);

/* A library of known sources (SPECIATE's or one's own), against which factors are held: CSV whose
 * first column names the source, then the share (or per cent) of each species in its mass; species
 * by the names of the record. QK_EFORMAT with line and column, QK_EFULL. */
QK_NODISCARD qk_code qk_apportion_library_check(size_t *sources, size_t *species, qk_str csv,
                                                qk_error *err);
QK_NODISCARD qk_code qk_apportion_library_lay(qk_apportion_record *record, qk_str csv,
                                              qk_error *err);

typedef struct qk_apportion_options {
    size_t factors, runs, bootstraps; /* bootstraps 0 = none */
    bool displacement, robust;
    double extra; /* share of modelling uncertainty */
    uint64_t seed;
} qk_apportion_options;

/* Writes the report as one JSON object. progress gets 0..1000 of 1000. Errors as qk_pmf_solve. */
QK_NODISCARD qk_code qk_apportion_run(qk_json_writer *w, qk_apportion_record *record,
                                      const qk_apportion_options *options, qk_progress progress,
                                      void *user, qk_error *err);
#endif
