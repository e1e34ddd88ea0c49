/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_LOCK_H
#define QK_STORE_LOCK_H
/* The lock of a data folder: DIR/qingkong.lock, held while a process owns the folder. It is a lock
 * of the kernel on the open file (fcntl, open file description), so a dead process holds nothing
 * and the file left behind means nothing. The number of the process stands in it for people. */
#include "base/error.h"
#include <stdbool.h>

/* Takes the lock of an existing folder; *fd holds it until qk_lock_release. QK_EBUSY with the
 * owner's number when another process has it. */
QK_NODISCARD qk_code qk_lock_take(int *fd, const char *dir, qk_error *err);
void qk_lock_release(int fd); /* -1 is legal */
/* Whether some process holds the folder now. Looks only: takes nothing, changes nothing. */
bool qk_lock_held(const char *dir);
#endif
