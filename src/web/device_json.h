/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_DEVICE_JSON_H
#define QK_WEB_DEVICE_JSON_H
/* Sites and devices as the page sees them: the register's row joined with the live state. */
#include "web/context.h"
#include "web/exchange.h"

typedef struct qk_site_link {
    char site[QK_CODE_MAX];
    char mn[QK_MN_MAX];
} qk_site_link;

/* Which devices speak for which site: by themselves or by one of their factors. In order of site.
 */
typedef struct qk_site_links {
    qk_site_link *items;
    size_t n;
} qk_site_links;
QK_NODISCARD qk_code qk_site_links_find(qk_site_links *out, const qk_registry *registry,
                                        qk_arena *arena);
/* The links of one site. */
qk_site_links qk_site_links_of(const qk_site_links *all, const char *site);

/* Members only: the caller opens and closes the object. */
QK_NODISCARD qk_code qk_site_members_json(qk_exchange *x, const qk_site *site,
                                          const qk_site_links *links, qk_error *err);
void qk_device_members_json(qk_exchange *x, const qk_device *device);
/* "transmission", "requests", "forward" of one device; needs x->tools. */
QK_NODISCARD qk_code qk_device_history_json(qk_exchange *x, const qk_device *device, qk_error *err);
#endif
