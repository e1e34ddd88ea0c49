/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_SEAL_H
#define QK_STORE_SEAL_H
/* Secrets at rest: what must be known again (seeds of one-time codes, passwords of devices and
 * platforms, keys, phones) stands in the database sealed by a key that does not (GB/T 22239-2019
 * 8.1.4.8; crypto_secretbox of libsodium: XSalsa20 with Poly1305).
 *
 * The key is DIR/secret.key beside the database, 0600, made at the first start; a backup does not
 * hold it. Every connection has two SQL functions: seal(text) for writing, unseal(text) for
 * reading. The empty text stays empty; a text that was never sealed is given as it is. Both fail
 * with what to do when the key is missing or another. */
#include "base/time.h"
#include "store/db.h"

/* The functions of a connection; called by qk_db_open and its like. */
QK_NODISCARD qk_code qk_seal_functions(sqlite3 *handle, qk_error *err);

/* At start, by the writer: the key is there and the one that sealed what is sealed, and what still
 * lies in the clear is sealed. QK_EDENIED with what to do for a key that is missing or another. */
QK_NODISCARD qk_code qk_seal_prepare(qk_db *db, qk_time now, qk_error *err);
/* For a folder whose key is lost, by a person's decision: takes away everything that it sealed, so
 * that a new key can be made. *dropped: how many values. */
QK_NODISCARD qk_code qk_seal_forget(qk_db *db, qk_time now, int64_t *dropped, qk_error *err);
#endif
