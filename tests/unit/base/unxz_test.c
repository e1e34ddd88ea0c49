/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unxz.h"
#include "../test.h"
#include <stdbool.h>
#include <unistd.h>

static const char text[] = "station,time\nA,2025-01-01T01:00:00\n";
/* The same by xz 5.4. */
static const unsigned char packed[] = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01,
    0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x22, 0x73, 0x74, 0x61, 0x74, 0x69,
    0x6f, 0x6e, 0x2c, 0x74, 0x69, 0x6d, 0x65, 0x0a, 0x41, 0x2c, 0x32, 0x30, 0x32, 0x35, 0x2d, 0x30,
    0x31, 0x2d, 0x30, 0x31, 0x54, 0x30, 0x31, 0x3a, 0x30, 0x30, 0x3a, 0x30, 0x30, 0x0a, 0x00, 0x00,
    0xc9, 0xc4, 0x40, 0x6b, 0x35, 0x64, 0xd0, 0xc2, 0x00, 0x01, 0x3b, 0x23, 0x61, 0x2b, 0x53, 0xbe,
    0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a};

static const char *path_of(const void *bytes, size_t len)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/qk-unxz-%d", (int)getpid());
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
    return path;
}

static size_t read_all(const char *path, char *out, size_t size, bool *bad)
{
    FILE *f = NULL;
    qk_error err = {0};
    qk_code code = qk_open_unpacked(&f, path, &err);
    if (code == QK_EUNSUPPORTED) skip();
    assert_int_equal(code, QK_OK);
    size_t n = fread(out, 1, size, f);
    *bad = ferror(f) != 0;
    fclose(f);
    return n;
}

static void test_unxz__plain_and_compressed_read_alike(void **state)
{
    (void)state;
    char out[200];
    bool bad;
    const char *path = path_of(text, sizeof text - 1);
    assert_int_equal(read_all(path, out, sizeof out, &bad), sizeof text - 1);
    assert_memory_equal(out, text, sizeof text - 1);
    path = path_of(packed, sizeof packed);
    assert_int_equal(read_all(path, out, sizeof out, &bad), sizeof text - 1);
    assert_memory_equal(out, text, sizeof text - 1);
    assert_false(bad);
    path = path_of("", 0);
    assert_int_equal(read_all(path, out, sizeof out, &bad), 0);
    assert_false(bad);
    unlink(path);
}

static void test_unxz__damage_and_a_cut_end_are_read_errors(void **state)
{
    (void)state;
    char out[200];
    bool bad;
    for (size_t n = 8; n < sizeof packed; n += 4) {
        const char *path = path_of(packed, n);
        read_all(path, out, sizeof out, &bad);
        assert_true(bad);
        unsigned char spoilt[sizeof packed];
        memcpy(spoilt, packed, sizeof packed);
        spoilt[n] ^= 0x55;
        path = path_of(spoilt, sizeof spoilt);
        size_t got = read_all(path, out, sizeof out, &bad);
        assert_true(bad || (got == sizeof text - 1 && !memcmp(out, text, got)));
        unlink(path);
    }
}

static void test_unxz__a_missing_file_is_told(void **state)
{
    (void)state;
    FILE *f = NULL;
    qk_error err = {0};
    assert_int_equal(qk_open_unpacked(&f, "/nowhere/at/all", &err), QK_ENOTFOUND);
    assert_null(f);
    assert_non_null(strstr(err.message, "/nowhere/at/all"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unxz__plain_and_compressed_read_alike),
        cmocka_unit_test(test_unxz__damage_and_a_cut_end_are_read_errors),
        cmocka_unit_test(test_unxz__a_missing_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
