/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_LOGIN_H
#define QK_WEB_LOGIN_H
/* What the handlers of sessions and of secrets share. */
#include "domain/login.h"
#include "web/exchange.h"

/* Over TLS or on this machine, and not after too many wrong tries. */
QK_NODISCARD qk_code qk_login_gate(qk_exchange *x, qk_error *err);
/* Refuses a password that the policy or the account's past does not take (422 weak_…). */
QK_NODISCARD qk_code qk_login_check_new(qk_exchange *x, const qk_secret *secret, qk_str password,
                                        qk_str account, qk_error *err);
/* 1 to 31 small letters, digits, '.', '-', '_', and no name that the system uses itself. */
bool qk_account_name_is_good(qk_str id);
#endif
