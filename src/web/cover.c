/* SPDX-License-Identifier: Apache-2.0 */
#include "web/cover.h"

static void cover_all(char *bytes, size_t len, qk_str name)
{
    qk_str all = {bytes, len};
    for (size_t at = 0; (at = qk_str_find(all, name, at)) != SIZE_MAX; at += name.len)
        for (size_t i = at + name.len; i < len && !strchr(";,&\r\n", bytes[i]); i++) bytes[i] = '*';
}

void qk_cover_secrets(char *bytes, size_t len)
{
    cover_all(bytes, len, QK_STR("PW="));
    cover_all(bytes, len, QK_STR("NewSK="));
}

bool qk_is_secret_field(qk_str name)
{
    return qk_str_eq(name, QK_STR("PW")) || qk_str_eq(name, QK_STR("NewPW")) ||
           qk_str_eq(name, QK_STR("NewSK"));
}
