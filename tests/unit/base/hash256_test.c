/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash256.h"
#include "base/text.h"
#include "../test.h"

/* The examples of FIPS 180-2, appendix B, and the hash of nothing. */
static void test_hash256__examples_of_the_standard(void **state)
{
    (void)state;
    char out[QK_SHA256_TEXT];
    assert_string_equal(qk_sha256_hex(out, "abc", 3),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(
        qk_sha256_hex(out, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_string_equal(qk_sha256_hex(out, NULL, 0),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_hash256__a_million_letters_in_pieces(void **state)
{
    (void)state;
    char piece[1000], text[QK_SHA256_TEXT];
    uint8_t out[QK_SHA256_BYTES];
    qk_sha256 hash;
    memset(piece, 'a', sizeof piece);
    qk_sha256_init(&hash);
    size_t left = 1000000;
    for (size_t len = 0; left > 0; left -= len) {
        len = left % sizeof piece ? left % sizeof piece : 7;
        qk_sha256_update(&hash, piece, len);
    }
    qk_sha256_final(&hash, out);
    qk_hex(text, out, sizeof out);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash256__examples_of_the_standard),
        cmocka_unit_test(test_hash256__a_million_letters_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
