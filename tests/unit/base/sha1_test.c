/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha1.h"
#include "base/text.h"
#include "../test.h"

static void assert_hash(const char *text, const char *want)
{
    uint8_t out[QK_SHA1_BYTES];
    char hex[2 * QK_SHA1_BYTES + 1];
    qk_sha1_of(out, text, strlen(text));
    qk_hex(hex, out, sizeof out);
    assert_string_equal(hex, want);
}

static void test_sha1__examples_of_the_standard(void **state)
{
    (void)state;
    assert_hash("", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_hash("abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

/* RFC 2202, section 3, cases 1, 2, 3 and 6. */
static void test_sha1__hmac_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        int key_byte;
        size_t key_len;
        const char *key, *message;
        const char *want;
    } cases[] = {
        {0x0b, 20, NULL, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
        {0, 4, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {0xaa, 80, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
         "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        uint8_t key[80], out[QK_SHA1_BYTES];
        char hex[2 * QK_SHA1_BYTES + 1];
        if (cases[i].key)
            memcpy(key, cases[i].key, cases[i].key_len);
        else
            memset(key, cases[i].key_byte, cases[i].key_len);
        qk_sha1_hmac(out, key, cases[i].key_len, cases[i].message, strlen(cases[i].message));
        qk_hex(hex, out, sizeof out);
        assert_string_equal(hex, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha1__examples_of_the_standard),
        cmocka_unit_test(test_sha1__hmac_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
