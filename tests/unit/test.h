/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_UNIT_TEST_H
#define QK_TESTS_UNIT_TEST_H
/* What every test program begins with: cmocka and its four prerequisites, and a few helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QK_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define assert_ok(expr)       assert_int_equal((expr), 0)
/* cmocka compares floats; this compares doubles. */
#define assert_near(a, b, eps)                                                       \
    do {                                                                             \
        double qk_a = (a), qk_b = (b), qk_eps = (eps);                               \
        if (!(qk_a - qk_b <= qk_eps && qk_b - qk_a <= qk_eps))                       \
            fail_msg("%s: %.17g is not within %g of %.17g", #a, qk_a, qk_eps, qk_b); \
    } while (0)

/* Path of a file under the shared data that is not part of the repository; NULL, with the reason
 * told, when it is not there, and the test should then skip(). */
static inline const char *qk_test_shared(char *out, size_t size, const char *relative)
{
    const char *root = getenv("QK_SHARED");
    int n = root ? snprintf(out, size, "%s/%s", root, relative) : -1;
    FILE *file = n > 0 && (size_t)n < size ? fopen(out, "rb") : NULL;
    if (!file) {
        print_message("missing: %s under QK_SHARED (%s)\n", relative, root ? root : "not set");
        return NULL;
    }
    fclose(file);
    return out;
}

/* How much slower everything is under a sanitizer: loops over every possible fault take steps of so
 * many there, for the same paths fail many times over; without a sanitizer they fail each call. */
#if defined(__SANITIZE_ADDRESS__)
#define QK_TEST_STEP 5
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QK_TEST_STEP 5
#endif
#endif
#ifndef QK_TEST_STEP
#define QK_TEST_STEP 1
#endif

/* A small generator for property tests: the same numbers on every machine. */
static inline uint64_t qk_test_random(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}
#endif
