/* SPDX-License-Identifier: Apache-2.0 */
/* The source itself, so that both ways of computing can be held against each other. */
#include "base/checksum.c"
#include "../test.h"

/* RFC 3720, appendix B.4, the vectors' bytes as they stand there in memory. */
static void test_checksum__vectors_of_rfc_3720(void **state)
{
    (void)state;
    unsigned char bytes[48];
    memset(bytes, 0, 32);
    assert_true(qk_crc32c(0, bytes, 32) == 0x8A9136AAu);
    memset(bytes, 0xFF, 32);
    assert_true(qk_crc32c(0, bytes, 32) == 0x62A8AB43u);
    for (unsigned char i = 0; i < 32; i++) bytes[i] = i;
    assert_true(qk_crc32c(0, bytes, 32) == 0x46DD794Eu);
    for (unsigned char i = 0; i < 32; i++) bytes[i] = (unsigned char)(31 - i);
    assert_true(qk_crc32c(0, bytes, 32) == 0x113FDB5Cu);
    memset(bytes, 0, sizeof bytes);
    bytes[0] = 0x01;
    bytes[1] = 0xC0;
    bytes[16] = 0x14;
    bytes[22] = 0x04;
    bytes[27] = 0x14;
    bytes[31] = 0x18;
    bytes[32] = 0x28;
    bytes[40] = 0x02;
    assert_true(qk_crc32c(0, bytes, 48) == 0xD9963A56u);
    assert_true(qk_crc32c(0, "123456789", 9) == 0xE3069283u);
    assert_true(qk_crc32c(0, NULL, 0) == 0);
}

static void test_checksum__table_follows_from_the_polynomial(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
        assert_true(shares[i] == crc);
    }
}

static void test_checksum__both_ways_agree_and_pieces_add_up(void **state)
{
    (void)state;
    unsigned char bytes[400];
    uint64_t seed = 6;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)qk_test_random(&seed);
    for (size_t from = 0; from < 9; from++) {
        for (size_t len = 0; len < sizeof bytes - from; len++) {
            uint32_t whole = ~crc_portable(~0u, bytes + from, len);
            assert_true(qk_crc32c(0, bytes + from, len) == whole);
            size_t cut = len ? qk_test_random(&seed) % len : 0;
            uint32_t first = qk_crc32c(0, bytes + from, cut);
            assert_true(qk_crc32c(first, bytes + from + cut, len - cut) == whole);
        }
    }
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("sse4.2"))
        print_message("missing: SSE 4.2; only the table was checked\n");
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum__vectors_of_rfc_3720),
        cmocka_unit_test(test_checksum__table_follows_from_the_polynomial),
        cmocka_unit_test(test_checksum__both_ways_agree_and_pieces_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
