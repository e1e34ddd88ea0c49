/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes to the plan compiler and its check: what compiles must be writable as whole JSON, with
 * every place inside the text. */
#include "fuzz.h"
#include "plan/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    qk_plan *plan = NULL;
    qk_plan_findings findings;
    qk_error err = {0};
    qk_json_writer w;
    qk_buf out;
    if (size > 1 << 16) return 0;
    qk_code code = qk_plan_compile(&plan, (qk_str){(const char *)bytes, size}, &err);
    FUZZ_CHECK((code == QK_OK) == (plan != NULL));
    if (!plan) {
        FUZZ_CHECK(err.message[0]);
        return 0;
    }
    qk_buf_init(&out, 256 << 20);
    qk_json_init(&w, &out);
    qk_plan_write(plan, &w, true);
    FUZZ_CHECK(out.failed == QK_OK && w.depth == 0);
    FUZZ_CHECK(qk_utf8_valid(qk_buf_str(&out)));
    if (qk_plan_check(&findings, plan, &err) == QK_OK) {
        qk_buf_reset(&out);
        qk_json_init(&w, &out);
        qk_plan_findings_write(plan, &findings, QK_ZH, &w);
        FUZZ_CHECK(out.failed == QK_OK && w.depth == 0);
    }
    qk_buf_clear(&out);
    qk_plan_free(plan);
    return 0;
}
