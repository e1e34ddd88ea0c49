/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes to the JSON reader; what it takes must survive being written and read again. */
#include "base/json.h"
#include "fuzz.h"

static void write_value(qk_json_writer *w, const qk_json_value *v)
{
    switch (v->type) {
    case QK_JSON_STRING: qk_json_str(w, v->text); return;
    case QK_JSON_NUMBER: qk_json_raw(w, v->text); return;
    case QK_JSON_TRUE: qk_json_bool(w, true); return;
    case QK_JSON_FALSE: qk_json_bool(w, false); return;
    case QK_JSON_NULL: qk_json_null(w); return;
    case QK_JSON_OBJECT: qk_json_object(w); break;
    default: qk_json_array(w);
    }
    size_t count = 0;
    for (const qk_json_value *child = v->first; child; child = child->next, count++) {
        if (v->type == QK_JSON_OBJECT) qk_json_key_str(w, child->name);
        write_value(w, child);
    }
    FUZZ_CHECK(count == v->count);
    qk_json_end(w);
}

static bool same_value(const qk_json_value *a, const qk_json_value *b)
{
    if (a->type != b->type || a->count != b->count) return false;
    if (!qk_str_eq(a->text, b->text) || !qk_str_eq(a->name, b->name)) return false;
    const qk_json_value *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next) {
        if (!same_value(x, y)) return false;
    }
    return !x && !y;
}

static void check_skip(qk_str text, qk_arena *arena)
{
    qk_json_reader r;
    qk_json_type type;
    qk_json_read_init(&r, text, arena);
    FUZZ_CHECK(qk_json_skip(&r, NULL) == QK_OK);
    FUZZ_CHECK(qk_json_next(&r, &type, NULL) == QK_OK && type == QK_JSON_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    qk_arena arena;
    qk_buf buf;
    qk_error err = {0};
    qk_json_value *first, *second;
    qk_str text = {(const char *)bytes, size};
    qk_arena_init(&arena, 64 << 20);
    qk_buf_init(&buf, 64 << 20);
    qk_code code = qk_json_parse(&first, text, &arena, &err);
    if (code == QK_OK) {
        qk_json_writer w;
        qk_json_init(&w, &buf);
        w.pretty = size & 1;
        write_value(&w, first);
        FUZZ_CHECK(buf.failed == QK_OK);
        FUZZ_CHECK(qk_json_parse(&second, qk_buf_str(&buf), &arena, NULL) == QK_OK);
        FUZZ_CHECK(same_value(first, second));
        check_skip(text, &arena);
    } else {
        FUZZ_CHECK(code == QK_EFORMAT && err.line > 0 && err.column > 0 && err.message[0]);
    }
    qk_arena_clear(&arena);
    qk_buf_clear(&buf);
    return 0;
}
