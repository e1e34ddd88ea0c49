/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/text.h"
#include "../test.h"
#include <errno.h>

static void test_error__fail_fills_text_and_clears_place(void **state)
{
    (void)state;
    qk_error err = {.line = 7, .where = "old", .hint = "old"};
    assert_int_equal(qk_fail(&err, QK_ERANGE, "%d is too much", 12), QK_ERANGE);
    assert_int_equal(err.code, QK_ERANGE);
    assert_string_equal(err.message, "12 is too much");
    assert_int_equal(err.line, 0);
    assert_string_equal(err.where, "");
    assert_string_equal(err.hint, "");
}

static void test_error__null_error_only_gives_the_code(void **state)
{
    (void)state;
    assert_int_equal(qk_fail(NULL, QK_EFULL, "x"), QK_EFULL);
    assert_int_equal(qk_fail_errno(NULL, ENOSPC, "x"), QK_ENOSPC);
    assert_int_equal(qk_error_at(NULL, "x", 1, 1), QK_EINVAL);
    assert_int_equal(qk_error_hint(NULL, "x"), QK_EINVAL);
}

static void test_error__errno_becomes_the_fitting_code(void **state)
{
    (void)state;
    qk_error err;
    assert_int_equal(qk_fail_errno(&err, ENOSPC, "cannot write %s", "a"), QK_ENOSPC);
    assert_string_equal(err.message, "cannot write a: No space left on device");
    assert_int_equal(qk_fail_errno(&err, EDQUOT, "x"), QK_ENOSPC);
    assert_int_equal(qk_fail_errno(&err, ENOMEM, "x"), QK_ENOMEM);
    assert_int_equal(qk_fail_errno(&err, EPERM, "x"), QK_EIO);
}

static void test_error__long_text_is_cut_between_characters(void **state)
{
    (void)state;
    qk_error err;
    char text[601] = "";
    for (int i = 0; i < 200; i++) memcpy(text + 3 * i, "晴", 3);
    qk_fail(&err, QK_EINVAL, "%s", text);
    assert_int_equal(strlen(err.message), 255);
    assert_true(qk_utf8_valid(qk_str_of(err.message)));
    qk_fail(&err, QK_EINVAL, "a%s", text);
    assert_int_equal(strlen(err.message), 253);
    assert_true(qk_utf8_valid(qk_str_of(err.message)));
    qk_fail_errno(&err, EIO, "aa%s", text);
    assert_true(qk_utf8_valid(qk_str_of(err.message)));
    qk_error_hint(&err, "%s", text);
    assert_int_equal(strlen(err.hint), 189);
    qk_error_at(&err, text, 1, 1);
    assert_int_equal(strlen(err.where), 126);
}

static void test_error__format_gives_one_line(void **state)
{
    (void)state;
    char out[200];
    qk_error err;
    qk_fail(&err, QK_EFORMAT, "text after a quote");
    qk_error_format(&err, out, sizeof out);
    assert_string_equal(out, "text after a quote");
    qk_error_at(&err, "a.csv", 3, 9);
    qk_error_format(&err, out, sizeof out);
    assert_string_equal(out, "a.csv:3:9: text after a quote");
    qk_error_hint(&err, "close the %s", "quote");
    qk_error_format(&err, out, sizeof out);
    assert_string_equal(out, "a.csv:3:9: text after a quote (close the quote)");
    qk_error_at(&err, NULL, 3, 0);
    qk_error_format(&err, out, sizeof out);
    assert_string_equal(out, "a.csv:3: text after a quote (close the quote)");
    qk_error_at(&err, NULL, 0, 0);
    qk_error_format(&err, out, sizeof out);
    assert_string_equal(out, "a.csv: text after a quote (close the quote)");
    qk_error_format(&err, out, 6);
    assert_string_equal(out, "a.csv");
    qk_error none = {.code = QK_EBUSY};
    qk_error_format(&none, out, sizeof out);
    assert_string_equal(out, "busy");
}

static void test_error__every_code_has_its_own_name(void **state)
{
    (void)state;
    for (int a = QK_EUNSUPPORTED; a <= QK_OK; a++) {
        assert_string_not_equal(qk_code_name((qk_code)a), "unknown");
        for (int b = QK_EUNSUPPORTED; b < a; b++) {
            assert_string_not_equal(qk_code_name((qk_code)a), qk_code_name((qk_code)b));
        }
    }
    assert_string_equal(qk_code_name((qk_code)-99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error__fail_fills_text_and_clears_place),
        cmocka_unit_test(test_error__null_error_only_gives_the_code),
        cmocka_unit_test(test_error__errno_becomes_the_fitting_code),
        cmocka_unit_test(test_error__long_text_is_cut_between_characters),
        cmocka_unit_test(test_error__format_gives_one_line),
        cmocka_unit_test(test_error__every_code_has_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
