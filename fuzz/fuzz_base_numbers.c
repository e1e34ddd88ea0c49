/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a number, a decimal and a time; what is taken must come back from its own text. */
#include "base/decimal.h"
#include "base/time.h"
#include "fuzz.h"
#include <math.h>

static void check_decimal(qk_str text)
{
    qk_dec d, back;
    char out[QK_DEC_TEXT];
    if (qk_dec_parse_e(&d, text) == QK_OK) {
        FUZZ_CHECK(qk_dec_parse(&back, qk_str_of(qk_dec_format(out, d))) == QK_OK);
        FUZZ_CHECK(qk_dec_same(d, back));
        FUZZ_CHECK(qk_dec_cmp(d, qk_dec_trim(d)) == 0);
        double v = 0;
        FUZZ_CHECK(qk_parse_f64(&v, text) == QK_OK && v == qk_dec_f64(d));
    }
    if (qk_dec_parse(&d, text) == QK_OK) {
        FUZZ_CHECK(qk_dec_parse_e(&back, text) == QK_OK && qk_dec_same(d, back));
        for (int32_t scale = 0; scale <= d.scale; scale++) {
            FUZZ_CHECK(qk_dec_round(&back, d, scale) == QK_OK && back.scale == scale);
        }
    }
}

static void check_whole(qk_str text)
{
    int64_t i;
    uint64_t u;
    qk_dec d;
    if (qk_parse_i64(&i, text) == QK_OK) {
        FUZZ_CHECK(qk_dec_parse(&d, text) == QK_OK && d.mantissa == i && d.scale == 0);
        if (i >= 0) FUZZ_CHECK(qk_parse_u64(&u, text) == QK_OK && u == (uint64_t)i);
    }
}

static void check_time(qk_str text)
{
    qk_time t, back;
    char out[QK_TIME_TEXT];
    if (qk_time_parse(&t, text) == QK_OK) {
        FUZZ_CHECK(qk_time_parse(&back, qk_str_of(qk_time_iso_zone(out, t))) == QK_OK && back == t);
    }
    if (qk_time_parse_compact(&t, text) == QK_OK) {
        FUZZ_CHECK(qk_time_parse_compact(&back, qk_str_of(qk_time_compact17(out, t))) == QK_OK);
        FUZZ_CHECK(back == t && qk_floor_year(t) <= qk_floor_month(t));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    qk_str text = {(const char *)bytes, size};
    double v;
    if (qk_parse_f64(&v, text) == QK_OK) FUZZ_CHECK(isfinite(v));
    check_decimal(text);
    check_whole(text);
    check_time(text);
    bool valid = qk_utf8_valid(text);
    FUZZ_CHECK(!valid || qk_utf8_cut(text) == size);
    FUZZ_CHECK(qk_utf8_count(text) <= size);
    return 0;
}
