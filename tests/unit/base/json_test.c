/* SPDX-License-Identifier: Apache-2.0 */
/* The source itself, for the decimal point that printf may write. */
#include "base/json_write.c"
#include "../test.h"
#include <float.h>
#include <locale.h>
#include <math.h>

/* ---- writer ---- */

static void test_json__writer_puts_the_commas(void **state)
{
    (void)state;
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, 4096);
    qk_json_init(&w, &out);
    qk_json_object(&w);
    qk_json_kstr(&w, "name", QK_STR("站 1"));
    qk_json_key(&w, "list");
    qk_json_array(&w);
    qk_json_i64(&w, INT64_MIN);
    qk_json_u64(&w, UINT64_MAX);
    qk_json_object(&w);
    qk_json_end(&w);
    qk_json_array(&w);
    qk_json_end(&w);
    qk_json_dec(&w, (qk_dec){1250, 2});
    qk_json_raw(&w, QK_STR("1e5"));
    qk_json_end(&w);
    qk_json_kbool(&w, "yes", true);
    qk_json_knull(&w, "none");
    qk_json_kcstr(&w, "null", NULL);
    qk_json_ki64(&w, "n", -7);
    qk_json_key_str(&w, QK_STR("no"));
    qk_json_bool(&w, false);
    qk_json_end(&w);
    assert_int_equal(out.failed, QK_OK);
    assert_string_equal(out.ptr, "{\"name\":\"站 1\",\"list\":[-9223372036854775808,"
                                 "18446744073709551615,{},[],12.50,1e5],\"yes\":true,"
                                 "\"none\":null,\"null\":null,\"n\":-7,\"no\":false}");
    qk_buf_clear(&out);
}

static void test_json__writer_indents_when_asked(void **state)
{
    (void)state;
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, 4096);
    qk_json_init(&w, &out);
    w.pretty = true;
    qk_json_object(&w);
    qk_json_key(&w, "a");
    qk_json_array(&w);
    qk_json_i64(&w, 1);
    qk_json_i64(&w, 2);
    qk_json_end(&w);
    qk_json_key(&w, "b");
    qk_json_object(&w);
    qk_json_end(&w);
    qk_json_end(&w);
    assert_string_equal(out.ptr, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
    qk_buf_clear(&out);
}

static void test_json__writer_escapes_and_mends(void **state)
{
    (void)state;
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, 4096);
    qk_json_init(&w, &out);
    qk_json_str(&w, (qk_str){"\"\\/\b\f\n\r\t\0\x1f\x7f 晴\xff\xe6\x99", 18});
    assert_string_equal(out.ptr, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f 晴���\"");
    qk_buf_clear(&out);
}

static void misuse_value_without_key(qk_json_writer *w)
{
    qk_json_object(w);
    qk_json_i64(w, 1);
}
static void misuse_key_in_array(qk_json_writer *w)
{
    qk_json_array(w);
    qk_json_key(w, "a");
}
static void misuse_key_after_key(qk_json_writer *w)
{
    qk_json_object(w);
    qk_json_key(w, "a");
    qk_json_key(w, "b");
}
static void misuse_end_after_key(qk_json_writer *w)
{
    qk_json_object(w);
    qk_json_key(w, "a");
    qk_json_end(w);
}
static void misuse_end(qk_json_writer *w)
{
    qk_json_end(w);
}
static void misuse_key_at_top(qk_json_writer *w)
{
    qk_json_key(w, "a");
}
static void misuse_depth(qk_json_writer *w)
{
    for (int i = 0; i < 65; i++) qk_json_array(w);
}

static void test_json__writer_misused_fails_for_good(void **state)
{
    (void)state;
    void (*const misuses[])(qk_json_writer *) = {misuse_value_without_key,
                                                 misuse_key_in_array,
                                                 misuse_key_after_key,
                                                 misuse_end_after_key,
                                                 misuse_end,
                                                 misuse_key_at_top,
                                                 misuse_depth};
    for (size_t i = 0; i < QK_ARRAY_COUNT(misuses); i++) {
        qk_buf out;
        qk_json_writer w;
        qk_buf_init(&out, 4096);
        qk_json_init(&w, &out);
        misuses[i](&w);
        assert_int_equal(out.failed, QK_EINVAL);
        assert_int_equal(qk_json_flush(&w, stdout, NULL), QK_EINVAL);
        qk_buf_clear(&out);
    }
}

static void test_json__writer_holds_64_levels(void **state)
{
    (void)state;
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, 4096);
    qk_json_init(&w, &out);
    for (int i = 0; i < 32; i++) {
        qk_json_array(&w);
        qk_json_object(&w);
        qk_json_key(&w, "k");
    }
    qk_json_i64(&w, 0);
    for (int i = 0; i < 64; i++) qk_json_end(&w);
    assert_int_equal(out.failed, QK_OK);
    qk_arena arena;
    qk_json_value *tree;
    qk_arena_init(&arena, 1 << 16);
    assert_ok(qk_json_parse(&tree, qk_buf_str(&out), &arena, NULL));
    qk_arena_clear(&arena);
    qk_buf_clear(&out);
}

static const char *written_f64(qk_buf *out, double v)
{
    qk_json_writer w;
    qk_buf_reset(out);
    qk_json_init(&w, out);
    qk_json_f64(&w, v);
    return out->ptr;
}

static void test_json__f64_is_short_and_reads_back(void **state)
{
    (void)state;
    qk_buf out;
    qk_buf_init(&out, 4096);
    const struct {
        double v;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0, "-0"},
                 {1, "1"},
                 {-12.5, "-12.5"},
                 {0.1, "0.1"},
                 {100, "100"},
                 {0.30000000000000004, "0.30000000000000004"},
                 {1e15, "1e+15"},
                 {123456.789, "123456.789"},
                 {1e-7, "1e-07"},
                 {5e-324, "5e-324"},
                 {DBL_MAX, "1.7976931348623157e+308"},
                 {NAN, "null"},
                 {INFINITY, "null"},
                 {1.0 / 3, "0.3333333333333333"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        assert_string_equal(written_f64(&out, cases[i].v), cases[i].text);
    }
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = qk_test_random(&seed);
        double v, back;
        memcpy(&v, &bits, sizeof v);
        if (i % 2) v = (double)(int32_t)bits / 1000;
        if (!isfinite(v)) continue;
        back = strtod(written_f64(&out, v), NULL);
        if (memcmp(&v, &back, sizeof v) != 0) fail_msg("%a gave %s", v, out.ptr);
        assert_true(qk_json_is_number(qk_buf_str(&out)));
        assert_true(out.len <= 24);
    }
    qk_buf_clear(&out);
}

static void test_json__fixed_has_its_decimals(void **state)
{
    (void)state;
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, 4096);
    qk_json_init(&w, &out);
    qk_json_array(&w);
    qk_json_fixed(&w, 1.005, 1);
    qk_json_fixed(&w, -0.001, 2);
    qk_json_fixed(&w, -0.0, 0);
    qk_json_fixed(&w, 2, 3);
    qk_json_fixed(&w, -10, 0);
    qk_json_fixed(&w, 2.4, -5);
    qk_json_fixed(&w, NAN, 2);
    qk_json_fixed(&w, -INFINITY, 2);
    qk_json_end(&w);
    assert_string_equal(out.ptr, "[1.0,0.00,0,2.000,-10,2,null,null]");
    qk_buf_reset(&out);
    qk_json_fixed(&w, -DBL_MAX, 99);
    assert_true(strtod(out.ptr, NULL) == -DBL_MAX);
    assert_int_equal(out.len, 1 + 309 + 1 + 30);
    qk_buf_clear(&out);
}

/* Machines rarely have a locale with another decimal point, so what printf would write is given. */
static void test_json__the_locale_changes_nothing(void **state)
{
    (void)state;
    const char *cases[][2] = {{"1,5", "1.5"},
                              {"-1\xD9\xAB"
                               "25e-07",
                               "-1.25e-07"},
                              {"12", "12"},
                              {"0.30000000000000004", "0.30000000000000004"},
                              {"1e+22", "1e+22"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", cases[i][0]);
        assert_int_equal(restore_point(text), strlen(cases[i][1]));
        assert_string_equal(text, cases[i][1]);
    }
}

static void test_json__flush_empties_the_buffer(void **state)
{
    (void)state;
    qk_buf out;
    qk_json_writer w;
    char text[64] = "";
    FILE *file = fmemopen(text, sizeof text, "w");
    qk_buf_init(&out, 16);
    qk_json_init(&w, &out);
    qk_json_array(&w);
    for (int i = 0; i < 10; i++) {
        qk_json_i64(&w, 100 + i);
        assert_ok(qk_json_flush(&w, file, NULL));
        assert_int_equal(out.len, 0);
    }
    qk_json_end(&w);
    assert_ok(qk_json_flush(&w, file, NULL));
    fclose(file);
    assert_string_equal(text, "[100,101,102,103,104,105,106,107,108,109]");
    FILE *full = fopen("/dev/full", "w");
    setvbuf(full, NULL, _IONBF, 0);
    qk_error err;
    qk_json_i64(&w, 5);
    assert_int_equal(qk_json_flush(&w, full, &err), QK_ENOSPC);
    assert_int_equal(out.failed, QK_ENOSPC);
    fclose(full);
    qk_buf_clear(&out);
}

/* ---- reader ---- */

static void test_json__reader_gives_every_token(void **state)
{
    (void)state;
    qk_arena arena;
    qk_json_reader r;
    qk_arena_init(&arena, 4096);
    qk_json_read_init(
        &r, QK_STR(" {\"a\" : 12.50 , \"b\\u6674\":[true,false,null,\"x\\n\"],\"c\":{}} \n"),
        &arena);
    const struct {
        qk_json_type type;
        const char *value;
    } want[] = {{QK_JSON_OBJECT, NULL},     {QK_JSON_KEY, "a"},         {QK_JSON_NUMBER, "12.50"},
                {QK_JSON_KEY, "b晴"},       {QK_JSON_ARRAY, NULL},      {QK_JSON_TRUE, NULL},
                {QK_JSON_FALSE, NULL},      {QK_JSON_NULL, NULL},       {QK_JSON_STRING, "x\n"},
                {QK_JSON_ARRAY_END, NULL},  {QK_JSON_KEY, "c"},         {QK_JSON_OBJECT, NULL},
                {QK_JSON_OBJECT_END, NULL}, {QK_JSON_OBJECT_END, NULL}, {QK_JSON_END, NULL},
                {QK_JSON_END, NULL}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(want); i++) {
        qk_json_type type;
        assert_ok(qk_json_next(&r, &type, NULL));
        assert_int_equal(type, want[i].type);
        if (want[i].value) assert_true(qk_str_eq(r.value, qk_str_of(want[i].value)));
    }
    qk_arena_clear(&arena);
}

static void test_json__reader_reports_duplicates(void **state)
{
    (void)state;
    qk_arena arena;
    qk_json_value *v;
    int64_t n = 0;
    qk_arena_init(&arena, 4096);
    assert_ok(qk_json_parse(&v, QK_STR("{\"a\":1,\"b\":2,\"a\":3}"), &arena, NULL));
    assert_int_equal(v->count, 3);
    assert_true(qk_json_get_i64(v, "a", &n));
    assert_int_equal(n, 3);
    qk_arena_clear(&arena);
}

typedef struct bad_text {
    const char *text;
    uint32_t line, column;
} bad_text;

static void test_json__hostile_input_is_refused_at_its_place(void **state)
{
    (void)state;
    const bad_text cases[] = {{"", 1, 1},
                              {"  \n ", 2, 2},
                              {"{", 1, 2},
                              {"[", 1, 2},
                              {"[1", 1, 3},
                              {"[1,", 1, 4},
                              {"[1,]", 1, 4},
                              {"[,1]", 1, 2},
                              {"{\"a\"}", 1, 5},
                              {"{\"a\":}", 1, 6},
                              {"{\"a\":1,}", 1, 8},
                              {"{a:1}", 1, 2},
                              {"{\"a\":1 \"b\":2}", 1, 8},
                              {"[1 2]", 1, 4},
                              {"[}", 1, 2},
                              {"{]", 1, 2},
                              {"[1}", 1, 3},
                              {"{\"a\":1]", 1, 7},
                              {"]", 1, 1},
                              {"1 1", 1, 3},
                              {"{}x", 1, 3},
                              {"[1]\n\n晴", 3, 1},
                              {"\"晴空\" 1", 1, 6},
                              {"tru", 1, 1},
                              {"nul", 1, 1},
                              {"True", 1, 1},
                              {"NaN", 1, 1},
                              {"+1", 1, 1},
                              {"01", 1, 1},
                              {"-", 1, 1},
                              {".5", 1, 1},
                              {"5.", 1, 1},
                              {"1e", 1, 1},
                              {"1e+", 1, 1},
                              {"-01", 1, 1},
                              {"0x10", 1, 2},
                              {"Infinity", 1, 1},
                              {"'a'", 1, 1},
                              {"\"abc", 1, 1},
                              {"\"a\\", 1, 3},
                              {"\"a\\x\"", 1, 3},
                              {"\"\\u12\"", 1, 2},
                              {"\"\\u12g4\"", 1, 2},
                              {"[\"\\ud83d\"]", 1, 3},
                              {"\"\\ude00\"", 1, 2},
                              {"\"\\ud83d\\u0041\"", 1, 2},
                              {"\"\\ud83dx\"", 1, 2},
                              {"\"a\tb\"", 1, 3},
                              {"\"a\nb\"", 1, 3},
                              {"\"\xff\"", 1, 2},
                              {"\"a\xe6\x99\"", 1, 3},
                              {"\"\xed\xa0\x80\"", 1, 2},
                              {"\"\xc0\x80\"", 1, 2},
                              {"[1e400]", 1, 2},
                              {"[1,\n -1e999999999999]", 2, 2},
                              {"// x\n1", 1, 1},
                              {"[1,/*x*/2]", 1, 4},
                              {"\xEF\xBB\xBF", 1, 2},
                              {"{\"a\":1,\"b\"", 1, 11},
                              {"{\"a\" 1}", 1, 6},
                              {"{\"a\":\"\\", 1, 7}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_arena arena;
        qk_json_value *v;
        qk_error err = {0};
        qk_arena_init(&arena, 4096);
        if (qk_json_parse(&v, qk_str_of(cases[i].text), &arena, &err) != QK_EFORMAT) {
            fail_msg("taken: %s", cases[i].text);
        }
        if (err.line != cases[i].line || err.column != cases[i].column) {
            fail_msg("%s: refused at %u:%u", cases[i].text, err.line, err.column);
        }
        assert_null(v);
        assert_int_equal(qk_json_parse(&v, qk_str_of(cases[i].text), &arena, NULL), QK_EFORMAT);
        qk_arena_clear(&arena);
    }
}

static void test_json__bytes_of_a_cut_text_are_never_overread(void **state)
{
    (void)state;
    static const char whole[] =
        " {\"a\\u0041\\ud83d\\ude00\":[1.5e-3,-0,true,false,null,\"晴\\\\\"],\"b\":{\"c\":{}}}";
    qk_arena arena;
    qk_json_value *v;
    qk_arena_init(&arena, 1 << 16);
    for (size_t len = 0; len < sizeof whole; len++) {
        /* A copy of just this length, so that the sanitizer sees one byte too many. */
        char *copy = malloc(len + (len == 0));
        memcpy(copy, whole, len);
        qk_code code = qk_json_parse(&v, (qk_str){copy, len}, &arena, NULL);
        assert_int_equal(code, len == sizeof whole - 1 ? QK_OK : QK_EFORMAT);
        free(copy);
        qk_arena_reset(&arena);
    }
    qk_arena_clear(&arena);
}

static void test_json__depth_is_bounded(void **state)
{
    (void)state;
    enum { BOMB = 1000000 };
    char *text = malloc(BOMB);
    qk_arena arena;
    qk_json_value *v;
    qk_error err;
    qk_arena_init(&arena, 1 << 16);
    memset(text, '[', BOMB);
    assert_int_equal(qk_json_parse(&v, (qk_str){text, BOMB}, &arena, &err), QK_EFORMAT);
    assert_int_equal(err.column, 65);
    memset(text + 64, ']', 64);
    assert_ok(qk_json_parse(&v, (qk_str){text, 128}, &arena, &err));
    for (size_t i = 0; i < BOMB / 5; i++) memcpy(text + 5 * i, "{\"\":", 5);
    assert_int_equal(qk_json_parse(&v, (qk_str){text, BOMB}, &arena, &err), QK_EFORMAT);
    qk_arena_clear(&arena);
    free(text);
}

static void test_json__a_small_arena_is_told(void **state)
{
    (void)state;
    qk_arena arena;
    qk_json_value *v;
    qk_error err;
    static const char text[] = "[[1,2,3],\"a\\tb\",{\"\\t\":0}]";
    for (size_t ceiling = 0; ceiling < 1200; ceiling += 16) {
        qk_arena_init(&arena, ceiling);
        qk_code code = qk_json_parse(&v, QK_STR(text), &arena, &err);
        assert_true(code == QK_OK || code == QK_EFULL);
        if (ceiling == 0) assert_int_equal(code, QK_EFULL);
        if (ceiling == 1184) assert_int_equal(code, QK_OK);
        qk_arena_clear(&arena);
    }
}

static void test_json__skip_passes_whole_values(void **state)
{
    (void)state;
    qk_arena arena;
    qk_json_reader r;
    qk_json_type type;
    qk_arena_init(&arena, 4096);
    qk_json_read_init(&r, QK_STR("{\"a\":{\"x\":[1,{\"y\":\"\\n\"}]},\"b\":5,\"c\":[7,[8],9]}"),
                      &arena);
    assert_ok(qk_json_next(&r, &type, NULL));
    for (int i = 0; i < 3; i++) {
        assert_ok(qk_json_next(&r, &type, NULL));
        assert_int_equal(type, QK_JSON_KEY);
        if (i < 2) assert_ok(qk_json_skip(&r, NULL));
    }
    assert_int_equal(arena.used, 0);
    assert_ok(qk_json_next(&r, &type, NULL));
    assert_ok(qk_json_skip(&r, NULL));
    assert_ok(qk_json_skip(&r, NULL));
    assert_ok(qk_json_next(&r, &type, NULL));
    assert_true(qk_str_eq(r.value, QK_STR("9")));
    assert_ok(qk_json_next(&r, &type, NULL));
    assert_int_equal(type, QK_JSON_ARRAY_END);
    qk_json_read_init(&r, QK_STR("[[1,"), &arena);
    assert_ok(qk_json_next(&r, &type, NULL));
    assert_int_equal(qk_json_skip(&r, NULL), QK_EFORMAT);
    qk_arena_clear(&arena);
}

static void test_json__tree_gives_members(void **state)
{
    (void)state;
    qk_arena arena;
    qk_json_value *v;
    int64_t n = 0;
    double f = 0;
    qk_arena_init(&arena, 8192);
    assert_ok(qk_json_parse(
        &v, QK_STR("{\"s\":\"a\\u0000b\",\"n\":-5,\"f\":1.50,\"t\":true,\"o\":{\"k\":[1,2]}}"),
        &arena, NULL));
    assert_int_equal(qk_json_get_str(v, "s").len, 3);
    assert_true(qk_json_get_i64(v, "n", &n) && n == -5);
    assert_false(qk_json_get_i64(v, "f", &n));
    assert_true(qk_json_get_f64(v, "f", &f) && f == 1.5);
    assert_true(qk_json_get_bool(v, "t", false));
    assert_true(qk_json_get_bool(v, "absent", true));
    assert_true(qk_json_get_bool(v, "n", true));
    const qk_json_value *list = qk_json_get(qk_json_get(v, "o"), "k");
    assert_int_equal(list->count, 2);
    assert_true(qk_str_eq(list->first->next->text, QK_STR("2")));
    assert_null(list->first->next->next);
    assert_null(qk_json_get(NULL, "x"));
    assert_null(qk_json_get(list, "x"));
    assert_null(qk_json_get_str(v, "n").ptr);
    assert_null(qk_json_get_str(NULL, "n").ptr);
    qk_arena_clear(&arena);
}

static void test_json__numbers_are_told_apart(void **state)
{
    (void)state;
    const char *good[] = {"0", "-0", "12.50", "1e5", "1E-5", "-0.1e+10", "10"};
    const char *bad[] = {"",   "-",  "01",  "1.",  ".1",    "1e", "+1",
                         "1 ", " 1", "0x1", "NaN", "1e5.5", "--1"};
    for (size_t i = 0; i < QK_ARRAY_COUNT(good); i++)
        assert_true(qk_json_is_number(qk_str_of(good[i])));
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++)
        assert_false(qk_json_is_number(qk_str_of(bad[i])));
}

/* Random trees written, read, and written again must be the same bytes. */
static void write_random(qk_json_writer *w, uint64_t *seed, int depth)
{
    uint64_t draw = qk_test_random(seed);
    char name[16];
    size_t len = draw / 16 % sizeof name;
    for (size_t i = 0; i < len; i++) name[i] = (char)(qk_test_random(seed) % 127 + 1);
    switch (depth > 5 ? draw % 4 : draw % 6) {
    case 0: qk_json_i64(w, (int64_t)draw); break;
    case 1: qk_json_str(w, (qk_str){name, len}); break;
    case 2: qk_json_bool(w, draw & 16); break;
    case 3: qk_json_dec(w, (qk_dec){(int64_t)draw, (int32_t)(draw % 19)}); break;
    case 4:
        qk_json_array(w);
        for (uint64_t i = 0; i < draw / 64 % 6; i++) write_random(w, seed, depth + 1);
        qk_json_end(w);
        break;
    default:
        qk_json_object(w);
        for (uint64_t i = 0; i < draw / 64 % 6; i++) {
            qk_json_key_str(w, (qk_str){name, len});
            write_random(w, seed, depth + 1);
        }
        qk_json_end(w);
    }
}

static void write_tree(qk_json_writer *w, const qk_json_value *v)
{
    switch (v->type) {
    case QK_JSON_STRING: qk_json_str(w, v->text); return;
    case QK_JSON_NUMBER: qk_json_raw(w, v->text); return;
    case QK_JSON_TRUE:
    case QK_JSON_FALSE: qk_json_bool(w, v->type == QK_JSON_TRUE); return;
    case QK_JSON_OBJECT: qk_json_object(w); break;
    default: qk_json_array(w);
    }
    for (const qk_json_value *child = v->first; child; child = child->next) {
        if (v->type == QK_JSON_OBJECT) qk_json_key_str(w, child->name);
        write_tree(w, child);
    }
    qk_json_end(w);
}

static void test_json__random_trees_survive_a_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 77;
    qk_buf first, second;
    qk_arena arena;
    qk_buf_init(&first, 1 << 20);
    qk_buf_init(&second, 1 << 20);
    qk_arena_init(&arena, 16 << 20);
    for (int i = 0; i < 3000; i++) {
        qk_json_writer w;
        qk_json_value *v;
        qk_error err;
        qk_buf_reset(&first);
        qk_buf_reset(&second);
        qk_arena_reset(&arena);
        qk_json_init(&w, &first);
        w.pretty = i % 2;
        write_random(&w, &seed, 0);
        assert_int_equal(first.failed, QK_OK);
        if (qk_json_parse(&v, qk_buf_str(&first), &arena, &err))
            fail_msg("%s\n%s", err.message, first.ptr);
        qk_json_init(&w, &second);
        w.pretty = i % 2;
        write_tree(&w, v);
        assert_string_equal(first.ptr, second.ptr);
    }
    qk_buf_clear(&first);
    qk_buf_clear(&second);
    qk_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json__writer_puts_the_commas),
        cmocka_unit_test(test_json__writer_indents_when_asked),
        cmocka_unit_test(test_json__writer_escapes_and_mends),
        cmocka_unit_test(test_json__writer_misused_fails_for_good),
        cmocka_unit_test(test_json__writer_holds_64_levels),
        cmocka_unit_test(test_json__f64_is_short_and_reads_back),
        cmocka_unit_test(test_json__fixed_has_its_decimals),
        cmocka_unit_test(test_json__the_locale_changes_nothing),
        cmocka_unit_test(test_json__flush_empties_the_buffer),
        cmocka_unit_test(test_json__reader_gives_every_token),
        cmocka_unit_test(test_json__reader_reports_duplicates),
        cmocka_unit_test(test_json__hostile_input_is_refused_at_its_place),
        cmocka_unit_test(test_json__bytes_of_a_cut_text_are_never_overread),
        cmocka_unit_test(test_json__depth_is_bounded),
        cmocka_unit_test(test_json__a_small_arena_is_told),
        cmocka_unit_test(test_json__skip_passes_whole_values),
        cmocka_unit_test(test_json__tree_gives_members),
        cmocka_unit_test(test_json__numbers_are_told_apart),
        cmocka_unit_test(test_json__random_trees_survive_a_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
