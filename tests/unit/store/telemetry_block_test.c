/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "store/telemetry_block.h"

enum { ROWS = 1500, KEY = 77 };

static qk_block_coder *coder;
static qk_buf out;

static int start(void **unused)
{
    (void)unused;
    qk_buf_init(&out, 16u << 20);
    return qk_block_coder_new(&coder);
}

static int stop(void **unused)
{
    (void)unused;
    qk_buf_clear(&out);
    qk_block_coder_free(coder);
    return 0;
}

/* shape picks what a column can look like: digits, missing cells, texts, lags. */
static void fill_cells(qk_cells *c, size_t n, int shape, uint64_t *seed)
{
    static const char *const words[] = {"N", "D", "F", "running", "", "stopped for repair"};
    static char many[ROWS][8];
    int64_t walk = 1234;
    assert_ok(qk_cells_reset(c, n));
    for (size_t i = 0; i < n; i++) {
        uint64_t r = qk_test_random(seed);
        walk += (int64_t)(r % 31) - 15;
        int32_t lag = shape & 1 && r % 20 == 0 ? (int32_t)(r >> 33) - 5000 : 0;
        int8_t scale = 1;
        int64_t mantissa = walk;
        switch (shape >> 1) {
        case 0: break;
        case 1: /* trailing zeros left away */
            while (scale > 0 && mantissa % 10 == 0) mantissa /= 10, scale--;
            break;
        case 2: scale = (int8_t)(r >> 20 & 3); break; /* digits at will */
        case 3:                                       /* not to be brought to one scale */
            scale = (int8_t)(r >> 20) % 18;
            if (scale < 0) scale = 18;
            mantissa = (int64_t)(r ^ r << 17);
            break;
        case 4:
            if (r % 3 == 0) continue; /* missing */
            break;
        case 5: assert_ok(qk_cells_text(c, i, qk_str_of(words[r % 6]), lag)); continue;
        case 6: /* all kinds */
            if (r % 5 == 0) continue;
            if (r % 5 == 1) {
                snprintf(many[i], sizeof many[i], "t%u", (unsigned)(r >> 50));
                assert_ok(qk_cells_text(c, i, qk_str_of(many[i]), lag));
                continue;
            }
            break;
        default: mantissa = 0; break;
        }
        qk_cells_number(c, i, mantissa, scale, lag);
    }
}

static void assert_same_cells(const qk_cells *got, const qk_cells *want)
{
    for (size_t i = 0; i < want->n; i++) {
        assert_int_equal(qk_cells_type(got, i), want->type[i]);
        if (want->type[i] == 0) continue;
        assert_int_equal(qk_cells_lag(got, i), qk_cells_lag(want, i));
        if (want->type[i] == 1) {
            assert_true(got->mantissa[i] == want->mantissa[i]);
            assert_int_equal(qk_cells_scale(got, i), want->scale[i]);
        } else {
            assert_true(qk_str_eq(got->texts[got->mantissa[i]], want->texts[want->mantissa[i]]));
        }
    }
}

static void test_block__cells_come_back(void **unused)
{
    (void)unused;
    uint64_t seed = 3;
    qk_cells want = {0};
    qk_cells got = {0};
    for (int round = 0; round < 160; round++) {
        size_t n = 1 + qk_test_random(&seed) % (round < 16 ? ROWS : 100);
        fill_cells(&want, n, round % 16, &seed);
        qk_buf_reset(&out);
        assert_ok(qk_block_put_cells(coder, &out, KEY, &want));
        assert_ok(qk_block_get_cells(coder, &got, n, KEY, qk_buf_str(&out)));
        assert_same_cells(&got, &want);
        assert_int_equal(qk_block_get_cells(coder, &got, n + 1, KEY, qk_buf_str(&out)),
                         QK_EDAMAGED);
        assert_int_equal(qk_block_get_cells(coder, &got, n, KEY + 1, qk_buf_str(&out)),
                         QK_EDAMAGED);
    }
    qk_cells_clear(&want);
    qk_cells_clear(&got);
}

static size_t put_times(qk_time *times, int64_t *delays, size_t n, int shape, uint64_t *seed)
{
    qk_time at = 1735660800000;
    for (size_t i = 0; i < n; i++) {
        uint64_t r = qk_test_random(seed);
        times[i] = at;
        delays[i] = shape == 3 ? (int64_t)(r >> 20) - ((int64_t)1 << 43) : 2 + (int64_t)(r % 3);
        at += shape == 0   ? QK_MINUTE
              : shape == 1 ? QK_MINUTE * (r % 40 ? 1 : 30)
                           : 1 + (qk_time)(r >> 32);
    }
    qk_buf_reset(&out);
    assert_ok(qk_block_put_times(coder, &out, KEY, times, delays, n));
    return out.len;
}

static void test_block__times_come_back(void **unused)
{
    (void)unused;
    static qk_time times[ROWS], got[ROWS];
    static int64_t delays[ROWS], got_delays[ROWS];
    uint64_t seed = 4;
    for (int round = 0; round < 80; round++) {
        size_t n = 1 + qk_test_random(&seed) % ROWS;
        put_times(times, delays, n, round % 4, &seed);
        qk_block_span span;
        assert_ok(qk_block_peek(&span, qk_buf_str(&out)));
        assert_int_equal(span.n, n);
        assert_int_equal(span.first, times[0]);
        assert_int_equal(span.last, times[n - 1]);
        assert_ok(qk_block_get_times(coder, got, got_delays, &span, KEY, qk_buf_str(&out)));
        assert_memory_equal(got, times, n * sizeof *got);
        assert_memory_equal(got_delays, delays, n * sizeof *delays);
    }
    times[1] = times[0];
    assert_int_equal(qk_block_put_times(coder, &out, KEY, times, delays, 2), QK_EINVAL);
    assert_int_equal(qk_block_put_times(coder, &out, KEY, times, delays, 0), QK_EINVAL);
}

static void test_block__regular_times_cost_next_to_nothing(void **unused)
{
    (void)unused;
    static qk_time times[1440];
    static int64_t delays[1440];
    for (int i = 0; i < 1440; i++) times[i] = i * QK_MINUTE, delays[i] = 3;
    qk_buf_reset(&out);
    assert_ok(qk_block_put_times(coder, &out, KEY, times, delays, 1440));
    assert_in_range(out.len, 10, 32);
}

static void test_block__every_flipped_bit_is_found(void **unused)
{
    (void)unused;
    uint64_t seed = 6;
    qk_cells want = {0};
    qk_cells got = {0};
    qk_time times[60], got_times[60];
    int64_t delays[60], got_delays[60];
    for (int shape = 0; shape < 16; shape++) {
        fill_cells(&want, 60, shape, &seed);
        qk_buf_reset(&out);
        assert_ok(qk_block_put_cells(coder, &out, KEY, &want));
        for (size_t bit = 0; bit < out.len * 8; bit++) {
            out.ptr[bit / 8] ^= (char)(1 << bit % 8);
            assert_int_equal(qk_block_get_cells(coder, &got, 60, KEY, qk_buf_str(&out)),
                             QK_EDAMAGED);
            out.ptr[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
    put_times(times, delays, 60, 1, &seed);
    qk_block_span span;
    assert_ok(qk_block_peek(&span, qk_buf_str(&out)));
    for (size_t bit = 0; bit < out.len * 8; bit++) {
        out.ptr[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(
            qk_block_get_times(coder, got_times, got_delays, &span, KEY, qk_buf_str(&out)),
            QK_EDAMAGED);
        out.ptr[bit / 8] ^= (char)(1 << bit % 8);
    }
    qk_cells_clear(&want);
    qk_cells_clear(&got);
}

/* Broken bodies under a checksum that fits: an error or defined cells, never a fault. */
static void test_block__takes_hostile_bodies(void **unused)
{
    (void)unused;
    uint64_t seed = 8;
    qk_cells want = {0};
    qk_cells got = {0};
    size_t refused = 0;
    for (int round = 0; round < 4000; round++) {
        fill_cells(&want, 1 + qk_test_random(&seed) % 100, round % 16, &seed);
        qk_buf_reset(&out);
        assert_ok(qk_block_put_cells(coder, &out, KEY, &want));
        for (int i = 0; i < 2; i++)
            out.ptr[5 + qk_test_random(&seed) % (out.len - 5)] ^=
                (char)(1 << qk_test_random(&seed) % 8);
        qk_block_seal(&out, 0, KEY);
        char *exact = malloc(out.len);
        memcpy(exact, out.ptr, out.len);
        qk_code code = qk_block_get_cells(coder, &got, want.n, KEY, (qk_str){exact, out.len});
        assert_true(code == QK_OK || code == QK_EDAMAGED);
        for (size_t i = 0; code == QK_OK && i < got.n; i++)
            if (qk_cells_type(&got, i) == 2)
                assert_in_range(got.mantissa[i], 0, got.text_count - 1);
        refused += code != QK_OK;
        free(exact);
    }
    assert_true(refused > 100);
    qk_cells_clear(&want);
    qk_cells_clear(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block__cells_come_back),
        cmocka_unit_test(test_block__times_come_back),
        cmocka_unit_test(test_block__regular_times_cost_next_to_nothing),
        cmocka_unit_test(test_block__every_flipped_bit_is_found),
        cmocka_unit_test(test_block__takes_hostile_bodies),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
