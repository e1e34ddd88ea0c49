/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_RULES_H
#define QK_STANDARDS_RULES_H
/* The tables that an administrator may change: editions of the AQI, ambient limits, profiles of
 * the composite index, automatic checks of hours, each with its days of validity and its source.
 * The shipped ones can be written as JSON, edited, and read back; a row read takes the place of the
 * shipped row of the same name, others are added. Pure, any thread; the struct belongs to the
 * caller and owns nothing.
 *
 * {"aqi":[{"name","source","from","to","daily":[…],"hourly":[…],"optional":[…],"missing_blocks",
 *          "names_exceeding","items":{"SO2_24h":{"breakpoints":[0,50,…],"above":500|null},…}}],
 *  "limits":[{"name","source","from","to","items":{"PM2.5":{"year":[15,35],"day":[35,75]},…}}],
 *  "index":[{"name","source","from","to","default","limits":{"SO2":60,…},"weights":{"SO2":1,…}}],
 *  "qc":[{"name","source","from","to","order",…,"interference":{…},"items":{"SO2":{"low",…},…}}]}
 * Dates are ISO 8601, null is open; concentrations in ug/m3, CO in mg/m3. */
#include "base/json.h"
#include "standards/index.h"
#include "standards/limits.h"
#include "standards/qc.h"

enum {
    QK_RULES_AQI_MAX = 8,
    QK_RULES_LIMITS_MAX = 8,
    QK_RULES_INDEX_MAX = 16,
    QK_RULES_QC_MAX = 8
};

typedef struct qk_rules {
    qk_aqi_rule aqi[QK_RULES_AQI_MAX]; /* by from_day, as all three */
    size_t aqi_count;
    qk_limits limits[QK_RULES_LIMITS_MAX];
    size_t limits_count;
    qk_index_profile index[QK_RULES_INDEX_MAX];
    size_t index_count;
    qk_qc_rule qc[QK_RULES_QC_MAX];
    size_t qc_count;
} qk_rules;

void qk_rules_default(qk_rules *out);
/* The defaults with the rows of the text. QK_EFORMAT names the row, its line and column, and what
 * is wrong with it: no source, not ascending, an unknown item, two rows that hold on one day. arena
 * is for the text's tree. */
QK_NODISCARD qk_code qk_rules_parse(qk_rules *out, qk_str text, qk_arena *arena, qk_error *err);
void qk_rules_write(qk_json_writer *w, const qk_rules *rules);
/* The rows of one table as an array; false, and nothing written, when there is no such table. */
bool qk_rules_write_table(qk_json_writer *w, const qk_rules *rules, const char *table);

/* Of a civil day; the nearest beyond the ends. Never NULL. */
const qk_aqi_rule *qk_rules_aqi_on(const qk_rules *rules, int32_t day);
const qk_limits *qk_rules_limits_on(const qk_rules *rules, int32_t day);
const qk_index_profile *qk_rules_index_on(const qk_rules *rules, int32_t day);
const qk_qc_rule *qk_rules_qc_on(const qk_rules *rules, int32_t day);
/* By name; NULL when there is none. The AQI also by its last four digits ("2012"). */
const qk_aqi_rule *qk_rules_aqi_named(const qk_rules *rules, qk_str name);
const qk_index_profile *qk_rules_index_named(const qk_rules *rules, qk_str name);
#endif
