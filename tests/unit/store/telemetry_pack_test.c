/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"
#include "store/telemetry_pack.h"

enum { N_MOST = 3000 };

static size_t pack_and_compare(qk_packer *p, const int64_t *values, size_t n)
{
    static int64_t back[QK_PACK_MAX];
    qk_buf out;
    qk_buf_init(&out, 16u << 20);
    assert_ok(qk_pack_ints(p, &out, values, n));
    size_t len = out.len;
    qk_buf_puts(&out, "tail");
    qk_str rest = qk_buf_str(&out);
    assert_ok(qk_unpack_ints(p, back, n, &rest));
    assert_int_equal(rest.len, 4);
    assert_memory_equal(back, values, n * sizeof *values);
    for (size_t cut = 0; cut < len && cut < 64; cut++) {
        rest = (qk_str){out.ptr, cut};
        assert_int_not_equal(qk_unpack_ints(p, back, n, &rest), QK_OK);
    }
    qk_buf_clear(&out);
    return len;
}

static int64_t draw(uint64_t *seed, int shape, int64_t last, size_t i)
{
    uint64_t r = qk_test_random(seed);
    switch (shape) {
    case 0: return (int64_t)r;                                     /* all 64 bits */
    case 1: return last + (int64_t)(r % 21) - 10;                  /* a walk */
    case 2: return (int64_t)(r % 7) * 1000 + 5;                    /* a divisor */
    case 3: return r % 50 ? last : (int64_t)(r >> 40);             /* runs */
    case 4: return r % 100 ? (int64_t)(r % 9) : (int64_t)(r >> 3); /* exceptions */
    case 5: return last + 125 + (int64_t)(r % 5);                  /* a counter */
    case 6: return (int64_t)i % 12 * 37 + (int64_t)(r % 2);        /* a pattern */
    case 7: return r % 2 ? INT64_MIN : INT64_MAX;
    case 8: return (int64_t)(r >> (r % 64)); /* all magnitudes */
    default: return -(int64_t)(r % 1000);
    }
}

static void test_pack__gives_back_what_it_took(void **state)
{
    (void)state;
    static int64_t values[N_MOST];
    uint64_t seed = 7;
    qk_packer *p;
    assert_ok(qk_packer_new(&p));
    for (int round = 0; round < 400; round++) {
        size_t n = 1 + qk_test_random(&seed) % (round % 4 ? 200 : N_MOST);
        int64_t last = 1000;
        for (size_t i = 0; i < n; i++) values[i] = last = draw(&seed, round % 10, last, i);
        pack_and_compare(p, values, n);
    }
    qk_packer_free(p);
}

static void test_pack__is_near_the_entropy(void **state)
{
    (void)state;
    static int64_t values[1440];
    uint64_t seed = 3;
    qk_packer *p;
    assert_ok(qk_packer_new(&p));
    int64_t at = 5000;
    for (size_t i = 0; i < 1440; i++) values[i] = at += (int64_t)(qk_test_random(&seed) % 21) - 10;
    /* log2(21) = 4.39 bits a step */
    assert_in_range(pack_and_compare(p, values, 1440), 1440 * 4.39 / 8, 1440 * 5.0 / 8);
    for (size_t i = 0; i < 1440; i++) values[i] = 42;
    assert_in_range(pack_and_compare(p, values, 1440), 1, 4);
    for (size_t i = 0; i < 1440; i++) values[i] = (int64_t)i * 60;
    assert_in_range(pack_and_compare(p, values, 1440), 1, 16);
    for (size_t i = 0; i < 1440; i++) values[i] = (int64_t)i / 100;
    assert_in_range(pack_and_compare(p, values, 1440), 1, 50);
    qk_packer_free(p);
}

static void test_pack__holds_the_longest_row_and_refuses_more(void **state)
{
    (void)state;
    int64_t *values = calloc(QK_PACK_MAX + 1, sizeof *values);
    uint64_t seed = 1;
    qk_packer *p;
    qk_buf out;
    assert_ok(qk_packer_new(&p));
    for (size_t i = 0; i <= QK_PACK_MAX; i++) values[i] = (int64_t)(qk_test_random(&seed) >> 50);
    pack_and_compare(p, values, QK_PACK_MAX);
    qk_buf_init(&out, 16u << 20);
    assert_int_equal(qk_pack_ints(p, &out, values, QK_PACK_MAX + 1), QK_EINVAL);
    qk_str rest = QK_STR("\0\0");
    assert_int_equal(qk_unpack_ints(p, values, QK_PACK_MAX + 1, &rest), QK_EFORMAT);
    qk_buf_clear(&out);
    qk_packer_free(p);
    free(values);
}

static void test_pack__tells_a_full_buffer(void **state)
{
    (void)state;
    int64_t values[100];
    uint64_t seed = 1;
    qk_packer *p;
    qk_buf out;
    assert_ok(qk_packer_new(&p));
    for (size_t i = 0; i < 100; i++) values[i] = (int64_t)qk_test_random(&seed);
    for (size_t ceiling = 0; ceiling < 800; ceiling += 50) {
        qk_buf_init(&out, ceiling);
        assert_int_equal(qk_pack_ints(p, &out, values, 100), QK_EFULL);
        qk_buf_clear(&out);
    }
    qk_packer_free(p);
}

/* Broken bytes give either an error or some numbers, never a read or write outside. */
static void test_pack__takes_hostile_bytes(void **state)
{
    (void)state;
    static int64_t values[600];
    static int64_t back[600];
    uint64_t seed = 11;
    qk_packer *p;
    assert_ok(qk_packer_new(&p));
    size_t refused = 0;
    for (int round = 0; round < 3000; round++) {
        qk_buf out;
        qk_buf_init(&out, 1u << 20);
        size_t n = 1 + qk_test_random(&seed) % 600;
        int64_t last = 0;
        for (size_t i = 0; i < n; i++) values[i] = last = draw(&seed, round % 10, last, i);
        assert_ok(qk_pack_ints(p, &out, values, n));
        for (int flips = 0; flips < 3; flips++)
            out.ptr[qk_test_random(&seed) % (out.len < 40 ? out.len : 40)] ^=
                (char)(1 << (qk_test_random(&seed) % 8));
        char *exact = malloc(out.len); /* so that a sanitizer sees the end */
        memcpy(exact, out.ptr, out.len);
        qk_str rest = {exact, out.len};
        refused += qk_unpack_ints(p, back, n, &rest) != QK_OK;
        free(exact);
        qk_buf_clear(&out);
    }
    assert_true(refused > 100);
    qk_packer_free(p);
}

static void test_pack__keeps_byte_strings(void **state)
{
    (void)state;
    char text[5000];
    qk_packer *p;
    qk_buf out;
    assert_ok(qk_packer_new(&p));
    qk_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < sizeof text; i++) text[i] = "running normally "[i % 17];
    for (size_t len = 0; len <= sizeof text; len = len * 3 + 1) {
        qk_str back;
        qk_buf_reset(&out);
        assert_ok(qk_pack_bytes(p, &out, (qk_str){text, len}));
        assert_true(out.len <= len + 4);
        if (len > 1000) assert_true(out.len < len / 10);
        qk_str rest = qk_buf_str(&out);
        assert_ok(qk_unpack_bytes(p, &back, sizeof text, &rest));
        assert_int_equal(rest.len, 0);
        assert_true(qk_str_eq(back, (qk_str){text, len}));
        rest = qk_buf_str(&out);
        if (len > 0) assert_int_equal(qk_unpack_bytes(p, &back, len - 1, &rest), QK_EFORMAT);
    }
    qk_buf_clear(&out);
    qk_packer_free(p);
}

static void test_varint__stops_at_its_end(void **state)
{
    (void)state;
    uint8_t bytes[QK_VARINT_MOST + 1];
    for (unsigned shift = 0; shift < 64; shift++) {
        uint64_t v = ((uint64_t)1 << shift) | 1;
        uint64_t back = 0;
        uint8_t *end = qk_varint_put(bytes, v);
        assert_ptr_equal(qk_varint_get(&back, bytes, end), end);
        assert_true(back == v);
        assert_null(qk_varint_get(&back, bytes, end - 1));
    }
    memset(bytes, 0xff, sizeof bytes);
    uint64_t back;
    assert_null(qk_varint_get(&back, bytes, bytes + sizeof bytes));
    assert_true(qk_unzigzag(qk_zigzag(INT64_MIN)) == INT64_MIN);
    assert_int_equal(qk_zigzag(-1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack__gives_back_what_it_took),
        cmocka_unit_test(test_pack__is_near_the_entropy),
        cmocka_unit_test(test_pack__holds_the_longest_row_and_refuses_more),
        cmocka_unit_test(test_pack__tells_a_full_buffer),
        cmocka_unit_test(test_pack__takes_hostile_bytes),
        cmocka_unit_test(test_pack__keeps_byte_strings),
        cmocka_unit_test(test_varint__stops_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
