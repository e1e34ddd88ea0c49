/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_APPORTION_PRIVATE_H
#define QK_DOMAIN_APPORTION_PRIVATE_H
/* One report while it is written, shared by the files of apportion. */
#include "domain/analysis.h"
#include "domain/apportion.h"

typedef struct apportion_report {
    qk_json_writer *w;
    qk_apportion_record *r;
    const qk_apportion_options *o;
    qk_pmf_input in;
    qk_pmf_options pmf;
    qk_pmf_fit fit;
    qk_pmf_boot boot;
    qk_pmf_disp disp;
    qk_progress progress;
    void *user;
    size_t from, to; /* of 1000: what the stage at hand covers */
} apportion_report;

/* Of profiles f: what factor k gives of the mass. */
double apportion_mass(const apportion_report *p, const double *f, size_t k);
/* "split": what of the mass comes and goes within hours, with its range; or why that cannot be
 * told. */
qk_code apportion_put_split(const apportion_report *p, qk_error *err);
/* Share of factor k and, where there were bootstraps or displacements and a species of the mass,
 * from where to where it may lie. */
void apportion_put_share(const apportion_report *p, size_t k);
/* "matches": the three sources of the library most like factor k. */
qk_code apportion_put_matches(const apportion_report *p, size_t k, qk_error *err);
#endif
