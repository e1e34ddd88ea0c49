/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STANDARDS_RULES_H
#define QK_STANDARDS_RULES_H
/* The tables that an administrator may change: editions of the AQI, ambient limits, profiles of
 * the composite index, automatic checks of hours, heavy-pollution warnings, leaks, petrol vapour,
 * ecological compensation, kitchen fume, validity of stack data, each with its days of validity and
 * its source.
 * The shipped ones can be written as JSON, edited, and read back; a row read takes the place of the
 * shipped row of the same name, others are added. Pure, any thread; the struct belongs to the
 * caller and owns nothing.
 *
 * {"aqi":[{"name","source","from","to","daily":[…],"hourly":[…],"optional":[…],"missing_blocks",
 *          "names_exceeding","items":{"SO2_24h":{"breakpoints":[0,50,…],"above":500|null},…}}],
 *  "limits":[{"name","source","from","to","items":{"PM2.5":{"year":[15,35],"day":[35,75]},…}}],
 *  "index":[{"name","source","from","to","default","limits":{"SO2":60,…},"weights":{"SO2":1,…}}],
 *  "qc":[{"name","source","from","to","order",…,"interference":{…},"items":{"SO2":{"low",…},…}}],
 *  "warning":[{"name","source","from","to","release_hours","reduction_percent":{"yellow",…},
 *              "conditions":[{"level":"red","above":200,"days":3,"peak_above":300,"peak_days":1}]}],
 *  "ldar":[{…,"items":{"gas":{"general":5000,"key":2000},…}}],
 *  "vapour":[{…,"tightness":[[1893,182,172,162,152,142],…],"resistance":[[18,40],…],
 *             "air_to_liquid":[1.0,1.2]}],
 *  "compensation":[{…,"items":{"PM2.5":[{"up_to":5,"wan_yuan_per_ug":10},…,{"up_to":null,…}]}}],
 *  "fume":[{…,"stove_flow_m3h","limit_mg_m3"}],
 *  "deduction", "subsidy":[{…,"items":[{"code","zh","yuan","per":"fact"|"item","up_to":35|null}]}],
 *  "assessment":[{…,"air_points":40,…,"points_per_ug":0.5,"whole_ug","worse_is_zero"}],
 *  "cems":[{…,"hour_minutes","capture_percent","good_capture_percent","short_hours"}]}
 * Dates are ISO 8601, null is open; concentrations in ug/m3, CO in mg/m3. */
#include "base/json.h"
#include "standards/cems.h"
#include "standards/index.h"
#include "standards/limits.h"
#include "standards/fraud.h"
#include "standards/ions.h"
#include "standards/money.h"
#include "standards/qc.h"
#include "standards/sources.h"
#include "standards/warning.h"

enum {
    QK_RULES_AQI_MAX = 8,
    QK_RULES_LIMITS_MAX = 8,
    QK_RULES_INDEX_MAX = 16,
    QK_RULES_QC_MAX = 8,
    QK_RULES_SOURCES_MAX = 8 /* of each table about warnings and sources */
};

typedef struct qk_rules {
    qk_aqi_rule aqi[QK_RULES_AQI_MAX]; /* by from_day, as all of them */
    size_t aqi_count;
    qk_limits limits[QK_RULES_LIMITS_MAX];
    size_t limits_count;
    qk_index_profile index[QK_RULES_INDEX_MAX];
    size_t index_count;
    qk_qc_rule qc[QK_RULES_QC_MAX];
    size_t qc_count;
    qk_warning_rule warning[QK_RULES_SOURCES_MAX];
    size_t warning_count;
    qk_ldar_rule ldar[QK_RULES_SOURCES_MAX];
    size_t ldar_count;
    qk_vapour_rule vapour[QK_RULES_SOURCES_MAX];
    size_t vapour_count;
    qk_compensation_rule compensation[QK_RULES_SOURCES_MAX];
    size_t compensation_count;
    qk_fume_rule fume[QK_RULES_SOURCES_MAX];
    size_t fume_count;
    qk_cems_rule cems[QK_RULES_SOURCES_MAX];
    size_t cems_count;
    qk_amount_rule deduction[QK_RULES_SOURCES_MAX];
    size_t deduction_count;
    qk_amount_rule subsidy[QK_RULES_SOURCES_MAX];
    size_t subsidy_count;
    qk_assess_rule assessment[QK_RULES_SOURCES_MAX];
    size_t assessment_count;
    qk_fraud_rule fraud[QK_RULES_SOURCES_MAX];
    size_t fraud_count;
    qk_component_rule component[QK_RULES_SOURCES_MAX];
    size_t component_count;
} qk_rules;

void qk_rules_default(qk_rules *out);
/* The defaults with the rows of the text. QK_EFORMAT names the row, its line and column, and what
 * is wrong with it: no source, not ascending, an unknown item, two rows that hold on one day. arena
 * is for the text's tree. */
QK_NODISCARD qk_code qk_rules_parse(qk_rules *out, qk_str text, qk_arena *arena, qk_error *err);
void qk_rules_write(qk_json_writer *w, const qk_rules *rules);
/* "aqi", "limits", … "component"; NULL behind the last. */
const char *qk_rules_table(size_t i);
/* The rows of one table as an array; false, and nothing written, when there is no such table. */
bool qk_rules_write_table(qk_json_writer *w, const qk_rules *rules, const char *table);

/* Of a civil day; the nearest beyond the ends. Never NULL. */
const qk_aqi_rule *qk_rules_aqi_on(const qk_rules *rules, int32_t day);
const qk_limits *qk_rules_limits_on(const qk_rules *rules, int32_t day);
const qk_index_profile *qk_rules_index_on(const qk_rules *rules, int32_t day);
const qk_qc_rule *qk_rules_qc_on(const qk_rules *rules, int32_t day);
const qk_warning_rule *qk_rules_warning_on(const qk_rules *rules, int32_t day);
const qk_ldar_rule *qk_rules_ldar_on(const qk_rules *rules, int32_t day);
const qk_vapour_rule *qk_rules_vapour_on(const qk_rules *rules, int32_t day);
const qk_compensation_rule *qk_rules_compensation_on(const qk_rules *rules, int32_t day);
const qk_fume_rule *qk_rules_fume_on(const qk_rules *rules, int32_t day);
const qk_cems_rule *qk_rules_cems_on(const qk_rules *rules, int32_t day);
const qk_fraud_rule *qk_rules_fraud_on(const qk_rules *rules, int32_t day);
const qk_component_rule *qk_rules_component_on(const qk_rules *rules, int32_t day);
/* By name; NULL when there is none. The AQI also by its last four digits ("2012"). */
const qk_aqi_rule *qk_rules_aqi_named(const qk_rules *rules, qk_str name);
const qk_index_profile *qk_rules_index_named(const qk_rules *rules, qk_str name);
const qk_warning_rule *qk_rules_warning_named(const qk_rules *rules, qk_str name);
#endif
