/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_DOMAIN_PLAN_READ_H
#define QK_DOMAIN_PLAN_READ_H
/* An uploaded plan, read: its text, the items that are reviewed one by one, and what the check
 * found. Pure but for the helper process that opens docx and pdf (domain/plan_file.h); any thread.
 *
 * An item is what a clerk accepts or corrects at once. Paths are those of the compiled plan:
 *
 *   title doc_no region issued draft period                              kind head
 *   targets[i]                                                           target
 *   tasks[i] (no, section, title), safeguards[i]                         task, safeguard
 *   tasks[i].lead .support .responsible .people .supervise               units (array of names)
 *   tasks[i].deadlines[j] .indicators[j] .recurring[j] .parts[j]         deadline, indicator …
 *   safeguards[i].fields[j]                                              field
 *   tables[i] (title, columns), tables[i].rows[j]                        table, row
 *   penalties[i] systems[i]                                              penalty, system
 *
 * Places are code points of the text: an object from the path below the item ("title", "[1]",
 * "text") to pieces [[from,to],…]. */
#include "base/json.h"

enum { QK_PLAN_PATH_MAX = 96, QK_PLAN_ITEMS_MAX = 20000 };

typedef struct qk_plan_item_read {
    const char *path, *kind;
    qk_str data;   /* JSON */
    qk_str places; /* JSON object */
} qk_plan_item_read;

typedef struct qk_plan_finding_read {
    const char *code;
    char severity;
    qk_str
        content; /* {"where","message_zh","message_en","evidence":[{"text","spans"}],"arithmetic"}
                  */
} qk_plan_finding_read;

typedef struct qk_plan_reading {
    qk_arena arena;
    qk_buf text, compiled; /* UTF-8; JSON as `plan compile` writes it */
    qk_str title, doc_no, region;
    int32_t issued; /* qk_day_number, INT32_MIN = none */
    int32_t year_from, year_to;
    bool draft;
    qk_plan_item_read *items;
    size_t item_n;
    qk_plan_finding_read *findings;
    size_t finding_n;
} qk_plan_reading;

/* Refusals are those of qk_plan_file_text and qk_plan_compile. The caller clears *out in any case.
 */
QK_NODISCARD qk_code qk_plan_reading_make(qk_plan_reading *out, qk_str bytes, const char *name,
                                          qk_error *err);
void qk_plan_reading_clear(qk_plan_reading *r);

/* Lines of a plan's text with what the reader took them for: {"text","points","lines":[{"from",
 * "to","cells","furniture"}]}, places in code points, line ends left out. */
QK_NODISCARD qk_code qk_plan_text_json(qk_json_writer *w, qk_str text, qk_error *err);

/* The kind of an item by its path, or NULL when no plan can have such a path. */
const char *qk_plan_path_kind(qk_str path);
/* Whether data (a JSON value) is one that an item of the kind can have. QK_EFORMAT says why not. */
QK_NODISCARD qk_code qk_plan_item_check(const char *kind, qk_str path, const qk_json_value *data,
                                        qk_error *err);
#endif
