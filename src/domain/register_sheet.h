/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_REGISTER_SHEET_H
#define QK_DOMAIN_REGISTER_SHEET_H
/* The register from outside: a table (CSV in UTF-8 or GB18030, xlsx) or a county as JSON
 * (domain/registry.h), looked at first and then taken whole or not at all.
 *
 * A table's line may speak of a division, a site, a device and a factor at once: its columns are
 * known by their Chinese or English headings (register_table.c), and each of the four whose key
 * stands in the line is added or changed. An empty cell says nothing; "-", "/" or 无 takes a value
 * away. What belongs together in a line is linked: the device to the site, the factor to the
 * device, the site to the division. A device that is new is approved.
 *
 * Looking runs the whole import on a copy of the register in a transaction that is taken back, so
 * that what it says is what taking does. Store thread, inside a transaction. */
#include "domain/registry.h"

enum {
    QK_REGISTER_BYTES = 32 << 20, /* of a file, and of the text made of it */
    QK_REGISTER_LINES = 20000,
    QK_REGISTER_TOLD = 500 /* changed rows told one by one, and refusals */
};

typedef struct qk_register_taken {
    bool committed;
    size_t added, changed, same; /* rows of the register */
    size_t refused;              /* faults found */
    qk_buf items;    /* {"line","kind","key","fate","fields":[{"name","old","new"}]}, with commas */
    qk_buf refusals; /* {"line","column","field","message_zh","message_en"}, with commas */
} qk_register_taken;

/* What may come, by the rights of who brings it. */
enum {
    QK_REGISTER_SITES = 1,       /* place, divisions, sites */
    QK_REGISTER_DEVICES = 2,     /* devices, factors */
    QK_REGISTER_ORGANISATION = 4 /* units, their names, people, posts: as JSON only */
};

/* With commit and nothing refused it is taken. QK_OK also when all is refused; QK_EFULL,
 * QK_EFORMAT, QK_EUNSUPPORTED when the file is none that can be read. *out is cleared by
 * qk_register_taken_clear whatever comes back. */
QK_NODISCARD qk_code qk_register_take(qk_register_taken *out, qk_registry *registry, qk_db *db,
                                      qk_str bytes, bool commit, uint32_t may, qk_str by,
                                      qk_time now, qk_error *err);
void qk_register_taken_clear(qk_register_taken *taken);
/* {"committed","added","changed","same","refused","items":[…],"refusals":[…]} */
void qk_register_taken_json(qk_json_writer *w, const qk_register_taken *taken);

/* The register as such a table, a line for each factor, device without factors and site without
 * devices; passwords and keys are left out. lang by base/messages.h: QK_ZH, QK_EN. keep NULL = all
 * sites. */
typedef bool qk_register_keep(void *context, const qk_site *site);
QK_NODISCARD qk_code qk_register_csv(qk_buf *out, const qk_registry *registry, int lang,
                                     qk_register_keep *keep, void *context, qk_error *err);
#endif
