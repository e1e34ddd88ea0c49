/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static void from_hex(uint8_t *out, const char *hex, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned v;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
        out[i] = (uint8_t)v;
    }
}

/* GB/T 32907-2016 Annex A.1 and A.2 */
static void test_hj212_sm4__examples_of_the_standard(void **state)
{
    (void)state;
    uint8_t key[16], block[16], want[16];
    from_hex(key, "0123456789abcdeffedcba9876543210", 16);
    qk_hj212_sm4 sm4;
    qk_hj212_sm4_init(&sm4, key);
    from_hex(want, "681edf34d206965e86b3e94f536e4246", 16);
    qk_hj212_sm4_encrypt(&sm4, key, block);
    assert_memory_equal(block, want, 16);
    qk_hj212_sm4_decrypt(&sm4, block, block);
    assert_memory_equal(block, key, 16);
    from_hex(want, "595298c7c6fd271f0402f804c33d3f66", 16);
    for (int i = 0; i < 1000000; i++) qk_hj212_sm4_encrypt(&sm4, block, block);
    assert_memory_equal(block, want, 16);
}

/* The key that HJ 212-2025 Annex A.2 uses: sixteen times the character 0. */
static void init_annex_key(qk_hj212_sm4 *sm4)
{
    uint8_t key[16];
    memset(key, '0', sizeof key);
    qk_hj212_sm4_init(sm4, key);
}

static void test_hj212_sm4__sealing_and_opening_any_length(void **state)
{
    (void)state;
    qk_hj212_sm4 sm4;
    init_annex_key(&sm4);
    char segment[256], bytes[300], sealed[300], out[256];
    for (int n = 0; n < 70; n++) {
        sprintf(segment,
                "QN=20260101000000000;ST=31;CN=2011;PW=123456;MN=" MN_QZ ";Flag=9;CP=&&%.*s&&", n,
                "DataTime=20260101000000;a21026-Rtd=1.50,a21026-Flag=N;a34013-Rtd=2.25,a34013");
        size_t len = wrap(bytes, segment);
        memcpy(sealed, bytes, len);
        assert_true(qk_hj212_seal(sealed, len, &sm4));
        assert_int_equal(memcmp(sealed, bytes, len) == 0, n < 16);
        qk_hj212_frame f = only_frame(sealed, len), plain;
        assert_true(qk_hj212_open(&plain, &f, &sm4, out, sizeof out));
        assert_int_equal(plain.segment.len, strlen(segment));
        assert_memory_equal(plain.segment.ptr, segment, strlen(segment));
        assert_int_equal(plain.crc, QK_HJ212_CRC_STANDARD);
        assert_int_equal(plain.deviations, QK_HJ212_BIT(QK_HJ212_D_CP_ENCRYPTED));
    }
}

static void test_hj212_sm4__a_wrong_key_or_too_little_room_opens_nothing(void **state)
{
    (void)state;
    qk_hj212_sm4 sm4, other;
    init_annex_key(&sm4);
    uint8_t key[16] = {1};
    qk_hj212_sm4_init(&other, key);
    char bytes[300], out[256];
    size_t len = wrap(bytes, "QN=20260101000000000;ST=31;CN=2011;PW=123456;MN=" MN_QZ
                             ";Flag=9;CP=&&DataTime=20260101000000;a21026-Rtd=1.50&&");
    assert_true(qk_hj212_seal(bytes, len, &sm4));
    qk_hj212_frame f = only_frame(bytes, len), plain;
    assert_int_not_equal(qk_hj212_frame_check(&f, QK_HJ212_ACCEPT_KNOWN), QK_HJ212_USABLE);
    assert_true(f.binary);
    assert_false(qk_hj212_open(&plain, &f, &other, out, sizeof out));
    assert_false(qk_hj212_open(&plain, &f, &sm4, out, f.segment.len - 1));
    assert_true(qk_hj212_open(&plain, &f, &sm4, out, f.segment.len));
    char not_a_frame[] = "hello";
    assert_false(qk_hj212_seal(not_a_frame, 5, &sm4));
}

/* The wire form of the examples in HJ 212-2025 Annex A.2. */
static void test_hj212_sm4__frames_of_the_2025_annex_open(void **state)
{
    (void)state;
    size_t len = 0, plain_len = 0;
    char *hex = read_packets("std_2025_sm4_wire.hex", &len);
    if (!hex) skip_without_packets("std_2025_sm4_wire.hex");
    char *plain_lines = read_packets("std_official_2017_2025.txt", &plain_len);
    assert_non_null(plain_lines);
    plain_lines[plain_len] = 0;
    qk_hj212_sm4 sm4;
    init_annex_key(&sm4);
    int opened = 0;
    for (char *line = hex, *end = hex + len; line < end; opened++) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) break;
        size_t n = (size_t)(stop - line) / 2;
        static uint8_t bytes[2048];
        static char out[2048];
        from_hex(bytes, line, n);
        qk_hj212_frame f = only_frame((char *)bytes, n), plain;
        assert_true(f.length_ok);
        assert_true(qk_hj212_open(&plain, &f, &sm4, out, sizeof out));
        out[plain.segment.len] = 0;
        assert_non_null(strstr(plain_lines, out));
        assert_int_equal(plain.deviations, QK_HJ212_BIT(QK_HJ212_D_CP_ENCRYPTED));
        line = stop + 1;
    }
    assert_int_equal(opened, 2);
    free(hex);
    free(plain_lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hj212_sm4__examples_of_the_standard),
        cmocka_unit_test(test_hj212_sm4__sealing_and_opening_any_length),
        cmocka_unit_test(test_hj212_sm4__a_wrong_key_or_too_little_room_opens_nothing),
        cmocka_unit_test(test_hj212_sm4__frames_of_the_2025_annex_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
