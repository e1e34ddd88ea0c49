/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "../test.h"
#include <float.h>
#include <locale.h>
#include <math.h>

static void test_text__views_compare_and_trim(void **state)
{
    (void)state;
    qk_str none = {NULL, 0};
    assert_true(qk_str_eq(none, QK_STR("")));
    assert_true(qk_str_eq_nocase(QK_STR("DataTime"), QK_STR("dATAtIME")));
    assert_false(qk_str_eq_nocase(QK_STR("@a"), QK_STR("`a")));
    assert_false(qk_str_eq_nocase(QK_STR("a"), QK_STR("ab")));
    assert_true(qk_str_cmp(QK_STR("a"), QK_STR("b")) < 0);
    assert_true(qk_str_cmp(QK_STR("ab"), QK_STR("a")) > 0);
    assert_true(qk_str_cmp(none, QK_STR("a")) < 0);
    assert_int_equal(qk_str_cmp(none, none), 0);
    assert_true(qk_str_cmp(QK_STR("\x7f"), QK_STR("\xff")) < 0);
    assert_true(qk_str_eq(qk_str_trim(QK_STR(" \t\r\n a b \v\f")), QK_STR("a b")));
    assert_int_equal(qk_str_trim(QK_STR("  ")).len, 0);
    assert_int_equal(qk_str_trim(none).len, 0);
}

static void test_text__starts_ends_find(void **state)
{
    (void)state;
    qk_str s = QK_STR("##0123##");
    assert_true(qk_str_starts(s, QK_STR("##0")));
    assert_false(qk_str_starts(s, QK_STR("##0123##9")));
    assert_true(qk_str_ends(s, QK_STR("3##")));
    assert_false(qk_str_ends(s, QK_STR("#3")));
    assert_true(qk_str_ends((qk_str){NULL, 0}, QK_STR("")));
    assert_int_equal(qk_str_find(s, QK_STR("##"), 0), 0);
    assert_int_equal(qk_str_find(s, QK_STR("##"), 1), 6);
    assert_true(qk_str_find(s, QK_STR("##"), 7) == SIZE_MAX);
    assert_int_equal(qk_str_find(s, QK_STR(""), 8), 8);
    assert_true(qk_str_find(s, QK_STR(""), 9) == SIZE_MAX);
    assert_true(qk_str_find((qk_str){NULL, 0}, QK_STR("a"), 0) == SIZE_MAX);
}

static void test_text__cut_gives_every_part(void **state)
{
    (void)state;
    qk_str rest = QK_STR("a;;b");
    assert_true(qk_str_eq(qk_str_cut(&rest, ';'), QK_STR("a")));
    assert_true(qk_str_eq(qk_str_cut(&rest, ';'), QK_STR("")));
    assert_true(qk_str_eq(qk_str_cut(&rest, ';'), QK_STR("b")));
    assert_null(rest.ptr);
    rest = QK_STR("a;");
    qk_str_cut(&rest, ';');
    assert_non_null(rest.ptr);
    assert_int_equal(qk_str_cut(&rest, ';').len, 0);
    assert_null(rest.ptr);
}

static void test_text__copy_cuts_between_characters(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(qk_str_copy(out, sizeof out, QK_STR("晴空")), 6);
    assert_string_equal(out, "晴空");
    assert_int_equal(qk_str_copy(out, 6, QK_STR("晴空")), 3);
    assert_string_equal(out, "晴");
    assert_int_equal(qk_str_copy(out, 3, QK_STR("晴空")), 0);
    assert_string_equal(out, "");
    assert_int_equal(qk_str_copy(out, 0, QK_STR("x")), 0);
    assert_int_equal(qk_str_copy(out, 8, (qk_str){NULL, 0}), 0);
}

static void test_text__whole_numbers(void **state)
{
    (void)state;
    int64_t i = 5;
    uint64_t u = 5;
    assert_ok(qk_parse_i64(&i, QK_STR("-9223372036854775808")));
    assert_true(i == INT64_MIN);
    assert_ok(qk_parse_i64(&i, QK_STR("+9223372036854775807")));
    assert_true(i == INT64_MAX);
    assert_int_equal(qk_parse_i64(&i, QK_STR("9223372036854775808")), QK_ERANGE);
    assert_int_equal(qk_parse_i64(&i, QK_STR("-9223372036854775809")), QK_ERANGE);
    assert_ok(qk_parse_u64(&u, QK_STR("18446744073709551615")));
    assert_true(u == UINT64_MAX);
    assert_int_equal(qk_parse_u64(&u, QK_STR("18446744073709551616")), QK_ERANGE);
    assert_int_equal(qk_parse_u64(&u, QK_STR("-1")), QK_ERANGE);
    assert_ok(qk_parse_u64(&u, QK_STR("000")));
    assert_int_equal(u, 0);
    const char *bad[] = {"", "-", "+", "--1", "+-1", "-+1", "1.0", " 1", "1 ", "0x1", "１"};
    for (size_t n = 0; n < QK_ARRAY_COUNT(bad); n++) {
        assert_int_equal(qk_parse_i64(&i, qk_str_of(bad[n])), QK_EFORMAT);
        assert_int_equal(qk_parse_u64(&u, qk_str_of(bad[n])), QK_EFORMAT);
    }
}

static void check_f64(const char *text)
{
    double got = 0, want = strtod(text, NULL);
    if (qk_parse_f64(&got, qk_str_of(text)) != QK_OK) fail_msg("%s refused", text);
    if (memcmp(&got, &want, sizeof got) != 0) fail_msg("%s: %a, not %a", text, got, want);
}

static void test_text__floating_point_is_read_to_the_last_bit(void **state)
{
    (void)state;
    const char *cases[] = {
        "0",
        "-0",
        "1",
        "-1.5",
        ".5",
        "5.",
        "+7",
        "1e22",
        "1e23",
        "1e-22",
        "1e-23",
        "123456789012345",
        "1234567890123456",
        "9007199254740993",
        "9007199254740992.5",
        "1.7976931348623157e308",
        "2.2250738585072014e-308",
        "4.9e-324",
        "2e-324",
        "1e-400",
        "0.1",
        "0.30000000000000004",
        "179769313486231570000e288",
        "000000000000000000000001.5",
        "0.000000000000000000000000000000000000000000000000000000000000000000001",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "0e999999999999",
        "0.0e-99999"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) check_f64(cases[i]);
    uint64_t seed = 4;
    char text[64];
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = qk_test_random(&seed);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v)) continue;
        snprintf(text, sizeof text, "%.*g", (int)(qk_test_random(&seed) % 20 + 1), v);
        if (isfinite(strtod(text, NULL))) check_f64(text);
        snprintf(text, sizeof text, "%.*f", (int)(bits % 6), (double)(int64_t)bits / 1e15);
        check_f64(text);
    }
}

static void test_text__a_digit_far_behind_decides_a_tie(void **state)
{
    (void)state;
    char text[1200];
    const char *half = "9007199254740993.";
    size_t len = strlen(half);
    memset(text, '0', sizeof text);
    memcpy(text, half, len);
    text[1100] = '1';
    text[1101] = '\0';
    check_f64(text);
    text[1100] = '0';
    check_f64(text);
    memset(text, '9', 400);
    text[400] = '\0';
    double v;
    assert_int_equal(qk_parse_f64(&v, qk_str_of(text)), QK_ERANGE);
    memcpy(text + 400, "e-390", 6);
    check_f64(text);
}

static void test_text__floating_point_refuses(void **state)
{
    (void)state;
    double v = 1;
    const char *bad[] = {"",      "-",   ".",  "e5", "1e",   "1e+",   "1e1.5", "nan", "inf",
                         "0x1p3", "1,5", " 1", "1 ", "1..2", "1_000", "--1",   "-.e1"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        assert_int_equal(qk_parse_f64(&v, qk_str_of(bad[i])), QK_EFORMAT);
    }
    assert_int_equal(qk_parse_f64(&v, QK_STR("1e309")), QK_ERANGE);
    assert_int_equal(qk_parse_f64(&v, QK_STR("-1e99999999999999999999")), QK_ERANGE);
    assert_true(v == 1);
}

static void test_text__utf8_goes_there_and_back(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x110000; point++) {
        char bytes[4];
        size_t used, len = qk_utf8_put(bytes, point);
        uint32_t back = qk_utf8_next((qk_str){bytes, len}, &used);
        bool surrogate = point >= 0xD800 && point < 0xE000;
        if (back != (surrogate ? 0xFFFD : point) || used != len) fail_msg("U+%X", point);
        if (len > 1 && qk_utf8_valid((qk_str){bytes, len - 1})) fail_msg("cut U+%X", point);
    }
    char bytes[4];
    assert_int_equal(qk_utf8_put(bytes, 0x110000), 3);
}

static void test_text__broken_utf8_is_seen(void **state)
{
    (void)state;
    const char *bad[] = {"\x80",         "\xC0\x80",         "\xC1\xBF",         "\xE0\x80\x80",
                         "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                         "\xFF",         "abcdefgh\xE6\x99", "\xE6\x99x",        "\xE6\x99\xE6"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) assert_false(qk_utf8_valid(qk_str_of(bad[i])));
    assert_true(qk_utf8_valid(QK_STR("long enough to be read by words, then 晴空 and �")));
    assert_int_equal(qk_utf8_count(QK_STR("a晴空😀")), 4);
    assert_int_equal(qk_utf8_count(QK_STR("\xE6\x99")), 2);
    assert_int_equal(qk_utf8_cut(QK_STR("a\xE6\x99")), 1);
    assert_int_equal(qk_utf8_cut(QK_STR("a\xE6\x99\xB4")), 4);
    assert_int_equal(qk_utf8_cut(QK_STR("\xF0\x9F\x98")), 0);
    assert_int_equal(qk_utf8_cut(QK_STR("\x80\x80")), 2);
    assert_int_equal(qk_utf8_cut(QK_STR("")), 0);
}

static void test_text__hex_and_hash(void **state)
{
    (void)state;
    char out[9];
    qk_hex(out, "\x00\x9a\xff\x10", 4);
    assert_string_equal(out, "009aff10");
    /* Test vectors of the FNV page: "" and "foobar". */
    assert_true(qk_hash("", 0) == 0xcbf29ce484222325u);
    assert_true(qk_hash("foobar", 6) == 0x85944171f73967e8u);
}

static void test_text__classes_know_ascii_alone(void **state)
{
    (void)state;
    for (int c = -128; c < 128; c++) {
        bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'Z',
             lower = c >= 'a' && c <= 'z';
        assert_int_equal(qk_is_digit((char)c), digit);
        assert_int_equal(qk_is_alpha((char)c), upper || lower);
        assert_int_equal(qk_is_space((char)c), c == ' ' || (c >= 9 && c <= 13));
        assert_int_equal(qk_to_lower((char)c), upper ? c + 32 : c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text__views_compare_and_trim),
        cmocka_unit_test(test_text__starts_ends_find),
        cmocka_unit_test(test_text__cut_gives_every_part),
        cmocka_unit_test(test_text__copy_cuts_between_characters),
        cmocka_unit_test(test_text__whole_numbers),
        cmocka_unit_test(test_text__floating_point_is_read_to_the_last_bit),
        cmocka_unit_test(test_text__a_digit_far_behind_decides_a_tie),
        cmocka_unit_test(test_text__floating_point_refuses),
        cmocka_unit_test(test_text__utf8_goes_there_and_back),
        cmocka_unit_test(test_text__broken_utf8_is_seen),
        cmocka_unit_test(test_text__hex_and_hash),
        cmocka_unit_test(test_text__classes_know_ascii_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
