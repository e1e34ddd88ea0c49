/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_FUZZ_FUZZ_H
#define QK_FUZZ_FUZZ_H
/* What a fuzz target offers, and how it says that something is wrong. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libFuzzer's entry: any bytes; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Stays on in every build. */
#define FUZZ_CHECK(condition)      \
    do {                           \
        if (!(condition)) abort(); \
    } while (0)
#endif
