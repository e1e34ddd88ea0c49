/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_APPORTION_STORE_H
#define QK_DOMAIN_APPORTION_STORE_H
/* Runs of source apportionment as they are kept: what went in (where from, and the digest of the
 * samples), the settings and the seed, who, when, by which version, how it ended, and the report.
 *
 * A row stands from the moment a run is asked for; one that the program's end broke off says so
 * after the next start. Reports are JSON packed with Zstandard and are never rewritten: `form` says
 * by which form of report a reader has to read it. Kept are the newest `receptor.keep_runs` (200)
 * of the last `receptor.keep_days` (1,096) days, and of those as many as fit into
 * QK_APPORTION_KEPT_BYTES. Writing belongs to the store thread, reading to any with a connection of
 * its own. */
#include "base/hash256.h"
#include "base/json.h"
#include "domain/apportion.h"

enum {
    QK_APPORTION_TEXT = 120,
    QK_APPORTION_FORM = 2, /* of the reports made now; 1 had no rotations and no local share */
    QK_APPORTION_REPORT = 16 << 20,
    QK_APPORTION_KEPT_BYTES = 256 << 20,
    QK_APPORTION_LIST = 200
};

typedef enum qk_apportion_state {
    QK_APPORTION_WAITING,
    QK_APPORTION_RUNNING,
    QK_APPORTION_DONE,
    QK_APPORTION_FAILED,
    QK_APPORTION_CANCELLED,
    QK_APPORTION_BROKEN /* by the end of the program */
} qk_apportion_state;
const char *qk_apportion_state_name(qk_apportion_state state);

typedef struct qk_apportion_info { /* a copy */
    int64_t id;
    qk_apportion_state state;
    int32_t per_mille; /* of one under way */
    int32_t form;
    qk_time at, ended; /* of the county's clock; QK_TIME_NONE = not yet */
    char who[64], title[QK_APPORTION_TEXT];
    char site[64]; /* empty = of two files */
    qk_time from, to;
    char input[QK_SHA256_TEXT]; /* of names, times, values and uncertainties */
    char program[24];
    size_t samples, species, bytes; /* bytes: of the report as kept */
    qk_apportion_options options;
    char reason[256]; /* of a failure */
} qk_apportion_info;

/* The digest of a record as it was read, before any rule has changed it. */
void qk_apportion_digest(char out[QK_SHA256_TEXT], const qk_apportion_record *record);
/* Appends the report in its kept form. QK_ENOMEM, QK_EFULL beyond QK_APPORTION_REPORT. */
QK_NODISCARD qk_code qk_apportion_pack(qk_buf *out, qk_str json, qk_error *err);

/* Gives info its number; the row says that it runs. */
QK_NODISCARD qk_code qk_apportion_begin(qk_db *db, qk_apportion_info *info, qk_error *err);
/* How it ended; packed is empty unless it is done. Lets go of what is too old or too much. */
QK_NODISCARD qk_code qk_apportion_end(qk_db *db, const qk_apportion_info *info, qk_str packed,
                                      qk_time now, qk_error *err);
/* At the start: what ran is broken off. */
QK_NODISCARD qk_code qk_apportion_break(qk_db *db, qk_time now, qk_error *err);

/* Newest first, at most QK_APPORTION_LIST; out has as many places. */
QK_NODISCARD qk_code qk_apportion_list(qk_apportion_info *out, size_t *n, qk_db *db, qk_error *err);
/* QK_ENOTFOUND; QK_EDAMAGED when the report cannot be unpacked. report may be NULL; nothing is
 * appended where there is none. */
QK_NODISCARD qk_code qk_apportion_kept(qk_apportion_info *out, qk_buf *report, qk_db *db,
                                       int64_t id, qk_error *err);
/* The document of a run, from its report as read. */
QK_NODISCARD qk_code qk_apportion_docx(qk_buf *out, const qk_apportion_info *info,
                                       const qk_json_value *report, qk_error *err);
#endif
