/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_RUNS_H
#define QK_WEB_RUNS_H
/* Runs of source apportionment under way: one at a time in a thread of their own, told how far they
 * are, to be stopped. How a run ended and what it found is kept by domain/apportion_store.h, which
 * has a row of each from the moment it is asked for; here stand only those that wait or run. Any
 * thread but the store's. */
#include "domain/apportion_store.h"
#include "domain/node.h"

enum { QK_RUNS = 12 };

typedef struct qk_runs qk_runs;
/* What an earlier life of the program left unfinished is marked as broken off. node outlives it. */
QK_NODISCARD qk_code qk_runs_new(qk_runs **out, qk_node *node, qk_error *err);
/* Stops what runs; it is then broken off. NULL is fine. */
void qk_runs_free(qk_runs *runs);
/* Takes the record over, also when it fails. QK_EFULL when every place waits or runs, else what
 * qk_node_call tells. One thread at a time. */
QK_NODISCARD qk_code qk_runs_add(int64_t *id, qk_runs *runs, qk_apportion_record *record,
                                 const qk_apportion_info *info, qk_error *err);
/* Where the run is under way here, its state and how far it is go into *info. */
bool qk_runs_tell(qk_runs *runs, qk_apportion_info *info);
/* QK_ENOTFOUND where it is not under way. */
QK_NODISCARD qk_code qk_runs_cancel(qk_runs *runs, int64_t id);
#endif
