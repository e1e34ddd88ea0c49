/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_RUNS_H
#define QK_WEB_RUNS_H
/* Runs of source apportionment: one at a time in a thread of their own, told how far they are, to
 * be stopped. The last QK_RUNS are kept while the program lives; a finished or waiting one leaves
 * for the next when all places are taken. Any thread. */
#include "domain/apportion.h"

enum { QK_RUNS = 12, QK_RUN_TEXT = 120, QK_RUN_RESULT = 16 << 20 };

typedef enum qk_run_state {
    QK_RUN_WAITING,
    QK_RUN_RUNNING,
    QK_RUN_DONE,
    QK_RUN_FAILED,
    QK_RUN_CANCELLED
} qk_run_state;

typedef struct qk_run_info { /* a copy */
    int64_t id;
    qk_run_state state;
    int32_t per_mille;
    qk_time at; /* of the county's clock */
    char who[64], title[QK_RUN_TEXT];
    size_t samples, species;
    qk_apportion_options options;
    char reason[256]; /* of a failure */
} qk_run_info;

typedef struct qk_runs qk_runs;
QK_NODISCARD qk_code qk_runs_new(qk_runs **out, qk_error *err);
/* Stops what runs. NULL is fine. */
void qk_runs_free(qk_runs *runs);
/* Takes the record over, also when it fails. QK_EFULL when every place waits or runs. */
QK_NODISCARD qk_code qk_runs_add(int64_t *id, qk_runs *runs, qk_apportion_record *record,
                                 const qk_run_info *info, qk_error *err);
/* Newest first; out [QK_RUNS]. */
size_t qk_runs_list(qk_runs *runs, qk_run_info *out);
/* QK_ENOTFOUND. result may be NULL; appended where the run is done. */
QK_NODISCARD qk_code qk_runs_get(qk_runs *runs, int64_t id, qk_run_info *out, qk_buf *result);
QK_NODISCARD qk_code qk_runs_cancel(qk_runs *runs, int64_t id);
const char *qk_run_state_name(qk_run_state state);
#endif
