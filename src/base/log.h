/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_BASE_LOG_H
#define QK_BASE_LOG_H
/* The operator's log: one line an entry on a descriptor, "time level module message". A message
 * from outside is printed with control bytes escaped. A line that repeats the same key within the
 * interval is counted and told once, so that a broken client cannot fill the disk. Any thread. */
#include "base/time.h"

typedef enum qk_level { QK_LOG_DEBUG, QK_LOG_INFO, QK_LOG_WARN, QK_LOG_ERROR } qk_level;
typedef struct qk_log qk_log;
QK_NODISCARD qk_code qk_log_new(qk_log **out, int fd, qk_level least, const qk_clock *clock);
void qk_log_free(qk_log *log);
/* log NULL is silent. */
void qk_log_print(qk_log *log, qk_level level, const char *module, const char *fmt, ...)
    QK_PRINTF(4, 5);
/* At most one line a minute (machine time) for each key; the next says how many were left out. */
void qk_log_limited(qk_log *log, qk_level level, const char *module, uint64_t key, const char *fmt,
                    ...) QK_PRINTF(5, 6);
#endif
