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

/* The conversions of a text in order of their arguments: "%2$s …" as the second. */
static size_t conversions_of(const char *text, char out[16][8])
{
    size_t n = 0, most = 0;
    for (const char *at = text; (at = strchr(at, '%'));) {
        size_t place = n;
        if (*++at == '%') {
            at++;
            continue;
        }
        size_t digits = strspn(at, "0123456789");
        if (digits && at[digits] == '$') {
            place = (size_t)atoi(at) - 1;
            at += digits + 1;
        }
        size_t len = strcspn(at, "diufgsxcz") + 1;
        while (at[len - 1] == 'z' || at[len - 1] == 'l') len++;
        assert_true(place < 16 && len < 8);
        memcpy(out[place], at, len);
        out[place][len] = 0;
        at += len;
        n++;
        if (place + 1 > most) most = place + 1;
    }
    return most;
}

static void test_error__every_chinese_text_takes_the_arguments_of_the_english_one(void **state)
{
    (void)state;
    const char *english, *chinese, *before = "";
    size_t i = 0;
    for (; qk_error_text(i, &english, &chinese); i++) {
        char a[16][8] = {{0}}, b[16][8] = {{0}};
        size_t n = conversions_of(english, a), m = conversions_of(chinese, b);
        if (n != m) fail_msg("%s: %zu arguments, %zu in Chinese", english, n, m);
        for (size_t k = 0; k < n; k++)
            if (strcmp(a[k], b[k]) != 0) fail_msg("%s: %s becomes %s", english, a[k], b[k]);
        if (strcmp(before, english) >= 0) fail_msg("'%s' stands out of order", english);
        if (!qk_utf8_valid(qk_str_of(chinese))) fail_msg("%s", english);
        before = english;
    }
    assert_true(i > 50);
}

static void test_error__a_refusal_stands_in_both_languages(void **state)
{
    (void)state;
    qk_error err = {0};
    qk_fail(&err, QK_EINVAL, "line %u says otherwise", 7);
    assert_string_equal(err.message, "line 7 says otherwise");
    assert_string_equal(err.message_zh, "与第 7 行说法不一");
    qk_error_hint(&err, "add the %s first", "site");
    assert_string_equal(err.hint_zh, "请先登记该 site");
    qk_fail(&err, QK_EINVAL, "%s", "NUL byte");
    assert_string_equal(err.message_zh, "含空字节");
    assert_string_equal(err.hint_zh, "");
    qk_fail(&err, QK_EINVAL, "nobody has said this in Chinese");
    assert_string_equal(err.message_zh, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error__every_chinese_text_takes_the_arguments_of_the_english_one),
        cmocka_unit_test(test_error__a_refusal_stands_in_both_languages),
        cmocka_unit_test(test_error__fail_fills_text_and_clears_place),
        cmocka_unit_test(test_error__null_error_only_gives_the_code),
        cmocka_unit_test(test_error__errno_becomes_the_fitting_code),
        cmocka_unit_test(test_error__long_text_is_cut_between_characters),
        cmocka_unit_test(test_error__format_gives_one_line),
        cmocka_unit_test(test_error__every_code_has_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
