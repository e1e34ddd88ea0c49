/* SPDX-License-Identifier: Apache-2.0 */
#include "base/messages.h"
#include "../test.h"

static void test_messages__codes_rise_and_stand_once(void **state)
{
    (void)state;
    size_t n = 0;
    const qk_message_row *rows = qk_messages(&n);
    assert_true(n > 50);
    for (size_t i = 1; i < n; i++)
        if (strcmp(rows[i - 1].code, rows[i].code) >= 0)
            fail_msg("%s stands before %s", rows[i - 1].code, rows[i].code);
}

static size_t count_params(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += *text == '{';
    return n;
}

static bool has_param(const char *text, qk_str param)
{
    return qk_str_find(qk_str_of(text), param, 0) != SIZE_MAX;
}

static void check_same_params(const qk_message_row *row)
{
    qk_str zh = qk_str_of(row->text[QK_ZH]);
    assert_int_equal(count_params(row->text[QK_ZH]), count_params(row->text[QK_EN]));
    for (size_t open = qk_str_find(zh, QK_STR("{"), 0); open != SIZE_MAX;
         open = qk_str_find(zh, QK_STR("{"), open + 1)) {
        size_t close = qk_str_find(zh, QK_STR("}"), open);
        assert_true(close != SIZE_MAX);
        if (!has_param(row->text[QK_EN], (qk_str){zh.ptr + open, close + 1 - open}))
            fail_msg("%s: a parameter stands in one language only", row->code);
    }
}

static void test_messages__every_row_speaks_both_languages(void **state)
{
    (void)state;
    size_t n = 0;
    const qk_message_row *rows = qk_messages(&n);
    for (size_t i = 0; i < n; i++) {
        for (int lang = QK_ZH; lang <= QK_EN; lang++) {
            assert_true(rows[i].text[lang] && rows[i].text[lang][0]);
            assert_true(qk_utf8_valid(qk_str_of(rows[i].text[lang])));
            assert_ptr_equal(qk_message(rows[i].code, (qk_lang)lang), rows[i].text[lang]);
        }
        check_same_params(&rows[i]);
    }
}

/* Lists of events show the kind by its name. */
static void test_messages__every_kind_of_event_has_a_name(void **state)
{
    (void)state;
    size_t n = 0, kinds = 0;
    const qk_message_row *rows = qk_messages(&n);
    for (size_t i = 0; i < n; i++) {
        const char *code = rows[i].code, *kind = code + strlen("event.");
        char name[80];
        if (strncmp(code, "event.", strlen("event.")) != 0 || strchr(kind, '.')) continue;
        snprintf(name, sizeof name, "event.name.%s", kind);
        if (qk_message(name, QK_ZH) == name) fail_msg("%s lacks its name", code);
        kinds++;
    }
    assert_true(kinds > 30);
}

/* The API says a failure as "api." and the name of its code. */
static void test_messages__every_error_code_has_its_text(void **state)
{
    (void)state;
    for (int code = QK_EUNSUPPORTED; code < QK_OK; code++) {
        char name[64];
        snprintf(name, sizeof name, "api.%s", qk_code_name((qk_code)code));
        if (!qk_message(name, QK_ZH)) fail_msg("%s has no text", name);
    }
}

static void test_messages__an_unknown_code_is_printed_itself(void **state)
{
    (void)state;
    assert_null(qk_message("no.such.code", QK_ZH));
    assert_null(qk_message("", QK_EN));
    qk_buf out;
    qk_buf_init(&out, 200);
    qk_message_put(&out, "no.such.{code}", QK_EN, &(qk_message_param){"code", QK_STR("thing")}, 1);
    assert_string_equal(out.ptr, "no.such.thing");
    qk_buf_clear(&out);
}

static void test_messages__parameters_are_put_in(void **state)
{
    (void)state;
    qk_message_param params[] = {{"a", QK_STR("1")}, {"b", QK_STR("{a}")}};
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{a}", "1"}, {"x{a}y{b}z", "x1y{a}z"}, {"{c}", "{c}"}, {"open {a", "open {a"},
        {"{}", "{}"}, {"a}b", "a}b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qk_buf out;
        qk_buf_init(&out, 200);
        qk_message_put(&out, cases[i].text, QK_ZH, params, 2);
        assert_string_equal(out.ptr, cases[i].want);
        qk_buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages__codes_rise_and_stand_once),
        cmocka_unit_test(test_messages__every_row_speaks_both_languages),
        cmocka_unit_test(test_messages__every_kind_of_event_has_a_name),
        cmocka_unit_test(test_messages__every_error_code_has_its_text),
        cmocka_unit_test(test_messages__an_unknown_code_is_printed_itself),
        cmocka_unit_test(test_messages__parameters_are_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
