/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a data segment, bare and inside a CP: every way of scanning that this processor
 * offers tells what the plain walk tells, for few cells as for many. */
#include "fuzz.h"
#include "hj212/scan.h"
#include <string.h>

enum { CELLS = 2048 };

static void check_text(qk_hj212_text got, qk_hj212_text want)
{
    FUZZ_CHECK(got.ptr == want.ptr && got.len == want.len);
}

/* Field by field: what lies between the fields is nobody's. */
static void check_head(const qk_hj212_head *got, const qk_hj212_head *want)
{
    check_text(got->qn, want->qn);
    check_text(got->st, want->st);
    check_text(got->cn, want->cn);
    check_text(got->pw, want->pw);
    check_text(got->mn, want->mn);
    check_text(got->flag, want->flag);
    check_text(got->pnum, want->pnum);
    check_text(got->pno, want->pno);
    check_text(got->rf, want->rf);
    check_text(got->cp, want->cp);
    check_text(got->data_time, want->data_time);
    FUZZ_CHECK(got->command == want->command && got->flags == want->flags);
    FUZZ_CHECK(got->parts == want->parts && got->part == want->part);
    FUZZ_CHECK(got->wants_answer == want->wants_answer && got->split == want->split);
    FUZZ_CHECK(got->back_filled == want->back_filled && got->version == want->version);
}

static void check_cell(const qk_hj212_cell *got, const qk_hj212_cell *want)
{
    FUZZ_CHECK(got->mantissa == want->mantissa && got->scale == want->scale);
    FUZZ_CHECK(got->key == want->key && got->key_len == want->key_len);
    FUZZ_CHECK(got->value == want->value && got->value_len == want->value_len);
    FUZZ_CHECK(got->code_len == want->code_len && got->field == want->field);
    FUZZ_CHECK(got->kind == want->kind);
}

/* Every cell written lies inside the segment; behind max nothing is written. */
static void check_way(qk_hj212_scan_way way, qk_hj212_text segment, size_t max)
{
    static qk_hj212_cell want[CELLS], got[CELLS + 1];
    qk_hj212_head want_head, got_head;
    qk_hj212_cell guard;
    memset(&guard, 0xA5, sizeof guard);
    memset(&got_head, 0xA5, sizeof got_head);
    got[max] = guard;
    size_t n = qk_hj212_scan_by(QK_HJ212_SCAN_WALK, segment, &want_head, want, max);
    FUZZ_CHECK(qk_hj212_scan_by(way, segment, &got_head, got, max) == n);
    FUZZ_CHECK(memcmp(&got[max], &guard, sizeof guard) == 0);
    check_head(&got_head, &want_head);
    for (size_t i = 0; i < n && i < max; i++) {
        check_cell(&got[i], &want[i]);
        FUZZ_CHECK((size_t)want[i].key + want[i].key_len <= segment.len);
        FUZZ_CHECK((size_t)want[i].value + want[i].value_len <= segment.len);
        FUZZ_CHECK(want[i].code_len <= want[i].key_len);
    }
}

/* A copy of just its size, so that the sanitizer sees one byte too many at either end. */
static void scan_copy(const char *head, const void *bytes, size_t size, const char *tail)
{
    size_t before = strlen(head), len = before + size + strlen(tail);
    char *copy = malloc(len + (len == 0));
    FUZZ_CHECK(copy);
    memcpy(copy, head, before);
    if (size) memcpy(copy + before, bytes, size);
    memcpy(copy + before + size, tail, strlen(tail));
    for (int way = 1; way <= (int)qk_hj212_scan_best(); way++) {
        check_way((qk_hj212_scan_way)way, (qk_hj212_text){copy, len}, CELLS);
        check_way((qk_hj212_scan_way)way, (qk_hj212_text){copy, len}, 3);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > 4096) return 0;
    scan_copy("", bytes, size, "");
    scan_copy("QN=20250101001003123;ST=31;CN=2051;PW=123456;MN=QZ0000000000000000000001;Flag=5;"
              "CP=&&DataTime=20250101001000;",
              bytes, size, "&&");
    return 0;
}
