/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_BULLETIN_H
#define QK_DOMAIN_BULLETIN_H
/* Bulletins (通报): drafted from what a closed month keeps, so that the same month gives the same
 * text whenever it is made; each number carries the list it was counted from. An issued one is
 * never changed (a trigger holds that). Writing: store thread. */
#include "base/json.h"
#include "base/time.h"
#include "store/db.h"

/* Drafts the bulletin of a closed month; when its newest version says the same, that one is given
 * and none is made. QK_EUNSUPPORTED while the month is open. */
QK_NODISCARD qk_code qk_bulletin_draft(int64_t *id, qk_db *db, int32_t month, qk_str by,
                                       qk_time now, qk_error *err);
/* draft ─▶ issued. QK_ENOTFOUND, QK_EUNSUPPORTED when it is issued already. */
QK_NODISCARD qk_code qk_bulletin_issue(qk_db *db, int64_t id, qk_str by, qk_time now,
                                       qk_error *err);
QK_NODISCARD qk_code qk_bulletins_write_list(qk_json_writer *w, qk_db *db, qk_error *err);
QK_NODISCARD qk_code qk_bulletin_write_one(qk_json_writer *w, qk_db *db, int64_t id, qk_error *err);
/* Keeps the report of an episode (domain/episodes.h) under its first day "2025-12-10" as a draft;
 * the same text makes no second version. */
QK_NODISCARD qk_code qk_bulletin_keep_episode(int64_t *id, qk_db *db, const char *day,
                                              qk_str content, qk_str by, qk_time now,
                                              qk_error *err);
/* The newest report of an episode, 0 = none. */
QK_NODISCARD qk_code qk_bulletin_of_episode(int64_t *id, int64_t *version, qk_db *db,
                                            const char *day, qk_error *err);
/* Its Chinese text, paragraph by paragraph. */
QK_NODISCARD qk_code qk_bulletin_write_text(qk_buf *out, qk_db *db, int64_t id, qk_arena *arena,
                                            qk_error *err);
/* As docx, laid out as an official document, and as xlsx (lines of the month, figures). Made from
 * what is kept alone: the same bulletin gives the same bytes. */
QK_NODISCARD qk_code qk_bulletin_write_docx(qk_buf *out, qk_db *db, int64_t id, qk_arena *arena,
                                            qk_error *err);
QK_NODISCARD qk_code qk_bulletin_write_xlsx(qk_buf *out, qk_db *db, int64_t id, qk_arena *arena,
                                            qk_error *err);
#endif
