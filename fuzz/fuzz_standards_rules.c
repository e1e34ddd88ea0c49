/* SPDX-License-Identifier: Apache-2.0 */
/* An administrator's tables, and rounding of a text: what is taken must hold and round the same
 * when done again. */
#include "fuzz.h"
#include "standards/rounding.h"
#include "standards/rules.h"

static void check_sources(const qk_rules *rules, int32_t day)
{
    static const int32_t aqi[] = {101, 201, 301, 500, -1, 250};
    const qk_warning_rule *warning = qk_rules_warning_on(rules, day);
    const qk_vapour_rule *vapour = qk_rules_vapour_on(rules, day);
    int32_t pa[QK_VAPOUR_COLUMNS];
    FUZZ_CHECK(qk_warning_level_of(warning, aqi, 6) <= QK_WARNING_RED);
    FUZZ_CHECK(qk_vapour_tightness(pa, vapour, qk_ratio_int(vapour->tightness[0][0])) == QK_OK);
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        qk_ratio pay = qk_compensation(qk_rules_compensation_on(rules, day), (qk_pollutant)p,
                                       qk_ratio_int(60), qk_ratio_int(40));
        FUZZ_CHECK(!qk_ratio_there(pay) || pay.num >= 0);
    }
}

static void check_rules(const qk_rules *rules)
{
    for (int32_t day = 15000; day < 24000; day += 997) {
        const qk_aqi_rule *aqi = qk_rules_aqi_on(rules, day);
        for (int item = 0; item < QK_AQI_ITEMS; item++) {
            int32_t last = 0;
            for (int c = 0; c < 3000; c += 37) {
                int32_t index = qk_iaqi_of_rounded(aqi, (qk_aqi_item)item, c);
                FUZZ_CHECK(index <= QK_AQI_TOP);
                if (index >= 0 && index < last && c <= aqi->breakpoint[item][aqi->points[item] - 1])
                    FUZZ_CHECK(false);
                if (index >= 0) last = index;
            }
        }
        FUZZ_CHECK(qk_rules_limits_on(rules, day) && qk_rules_index_on(rules, day));
        check_sources(rules, day);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static qk_rules rules;
    qk_str text = {(const char *)bytes, len};
    qk_arena arena;
    qk_buf out, again;
    qk_arena_init(&arena, 1 << 22);
    if (qk_rules_parse(&rules, text, &arena, NULL) == QK_OK) check_rules(&rules);
    qk_arena_clear(&arena);
    qk_buf_init(&out, 4096);
    qk_buf_init(&again, 4096);
    if (qk_round_text(&out, text, 2) == QK_OK) {
        FUZZ_CHECK(qk_round_text(&again, qk_buf_str(&out), 2) == QK_OK);
        FUZZ_CHECK(qk_str_eq(qk_buf_str(&out), qk_buf_str(&again)));
    }
    qk_buf_clear(&out);
    qk_buf_clear(&again);
    return 0;
}
