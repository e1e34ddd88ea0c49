/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of base/json.h. */
#include "base/json.h"
#include <errno.h>
#include <math.h>

enum { DEPTH_MOST = 64 };

void qk_json_init(qk_json_writer *w, qk_buf *out)
{
    *w = (qk_json_writer){.out = out};
}

static void misuse_writer(qk_json_writer *w)
{
    if (!w->out->failed) w->out->failed = QK_EINVAL;
}

static uint64_t depth_bit(const qk_json_writer *w)
{
    return w->depth > 0 ? (uint64_t)1 << (w->depth - 1) : 0;
}

static void break_line(qk_json_writer *w)
{
    if (!w->pretty) return;
    qk_buf_putc(w->out, '\n');
    for (int32_t i = 0; i < w->depth; i++) qk_buf_append(w->out, "  ", 2);
}

static void separate(qk_json_writer *w)
{
    if (w->comma & depth_bit(w)) qk_buf_putc(w->out, ',');
    w->comma |= depth_bit(w);
    break_line(w);
}

/* What must stand before any value: after a key nothing, in an array a comma. */
static void begin_value(qk_json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
    } else if (w->depth > 0) {
        if (w->object & depth_bit(w)) misuse_writer(w);
        separate(w);
    }
}

static void open_container(qk_json_writer *w, char mark, bool object)
{
    begin_value(w);
    if (w->depth == DEPTH_MOST) {
        misuse_writer(w);
        return;
    }
    w->depth++;
    w->comma &= ~depth_bit(w);
    if (object)
        w->object |= depth_bit(w);
    else
        w->object &= ~depth_bit(w);
    qk_buf_putc(w->out, mark);
}

void qk_json_object(qk_json_writer *w)
{
    open_container(w, '{', true);
}

void qk_json_array(qk_json_writer *w)
{
    open_container(w, '[', false);
}

void qk_json_end(qk_json_writer *w)
{
    if (w->depth == 0 || w->after_key) {
        misuse_writer(w);
        return;
    }
    bool object = w->object & depth_bit(w);
    bool filled = w->comma & depth_bit(w);
    w->depth--;
    if (filled) break_line(w);
    qk_buf_putc(w->out, object ? '}' : ']');
}

/* Bytes at the front of s that may stand in a JSON text as they are. */
static size_t plain_length(qk_str s)
{
    size_t at = 0;
    while (at < s.len) {
        unsigned char c = (unsigned char)s.ptr[at];
        if (c < 0x20 || c == '"' || c == '\\') break;
        if (c < 0x80) {
            at++;
            continue;
        }
        size_t used;
        if (qk_utf8_next((qk_str){s.ptr + at, s.len - at}, &used) == 0xFFFD && used == 1) break;
        at += used;
    }
    return at;
}

static void put_escaped(qk_buf *out, unsigned char c)
{
    switch (c) {
    case '"': qk_buf_append(out, "\\\"", 2); break;
    case '\\': qk_buf_append(out, "\\\\", 2); break;
    case '\b': qk_buf_append(out, "\\b", 2); break;
    case '\f': qk_buf_append(out, "\\f", 2); break;
    case '\n': qk_buf_append(out, "\\n", 2); break;
    case '\r': qk_buf_append(out, "\\r", 2); break;
    case '\t': qk_buf_append(out, "\\t", 2); break;
    default:
        if (c < 0x20)
            qk_buf_printf(out, "\\u%04x", c);
        else
            qk_buf_append(out, "\xEF\xBF\xBD", 3);
    }
}

static void put_string(qk_buf *out, qk_str text)
{
    qk_buf_putc(out, '"');
    while (text.len > 0) {
        size_t plain = plain_length(text);
        qk_buf_append(out, text.ptr, plain);
        if (plain == text.len) break;
        put_escaped(out, (unsigned char)text.ptr[plain]);
        text.ptr += plain + 1;
        text.len -= plain + 1;
    }
    qk_buf_putc(out, '"');
}

void qk_json_key_str(qk_json_writer *w, qk_str name)
{
    if (w->depth == 0 || !(w->object & depth_bit(w)) || w->after_key) {
        misuse_writer(w);
        return;
    }
    separate(w);
    put_string(w->out, name);
    qk_buf_putc(w->out, ':');
    if (w->pretty) qk_buf_putc(w->out, ' ');
    w->after_key = true;
}

void qk_json_key(qk_json_writer *w, const char *name)
{
    qk_json_key_str(w, qk_str_of(name));
}

void qk_json_str(qk_json_writer *w, qk_str text)
{
    begin_value(w);
    put_string(w->out, text);
}

void qk_json_raw(qk_json_writer *w, qk_str json)
{
    begin_value(w);
    qk_buf_put_str(w->out, json);
}

void qk_json_cstr(qk_json_writer *w, const char *text)
{
    if (text)
        qk_json_str(w, qk_str_of(text));
    else
        qk_json_null(w);
}

static void put_digits(qk_json_writer *w, bool minus, uint64_t v)
{
    char text[24];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    if (minus) text[--at] = '-';
    qk_json_raw(w, (qk_str){text + at, sizeof text - at});
}

void qk_json_i64(qk_json_writer *w, int64_t v)
{
    put_digits(w, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void qk_json_u64(qk_json_writer *w, uint64_t v)
{
    put_digits(w, false, v);
}

void qk_json_bool(qk_json_writer *w, bool v)
{
    qk_json_raw(w, v ? QK_STR("true") : QK_STR("false"));
}

void qk_json_null(qk_json_writer *w)
{
    qk_json_raw(w, QK_STR("null"));
}

void qk_json_dec(qk_json_writer *w, qk_dec d)
{
    char text[QK_DEC_TEXT];
    qk_json_raw(w, qk_str_of(qk_dec_format(text, d)));
}

/* printf writes the decimal point of the process's locale, whatever its bytes: each run of bytes
 * that belong to no number becomes one point. */
static size_t restore_point(char *text)
{
    size_t to = 0;
    for (size_t from = 0; text[from]; from++) {
        char c = text[from];
        bool number = qk_is_digit(c) || c == '-' || c == '+' || c == 'e';
        if (number)
            text[to++] = c;
        else if (to == 0 || text[to - 1] != '.')
            text[to++] = '.';
    }
    text[to] = '\0';
    return to;
}

/* Few decimals are the rule in measured values: when the double nearest to m / 10^k is v, with m
 * below 2^53, then those k decimals read back as v (one correctly rounded division). */
static bool short_decimal(qk_dec *out, double v)
{
    double unit = 1;
    for (int32_t scale = 0; scale <= 6; scale++, unit *= 10) {
        double scaled = v * unit;
        if (!(fabs(scaled) < 1e15)) return false;
        double whole = nearbyint(scaled);
        if (whole / unit != v) continue;
        *out = (qk_dec){(int64_t)whole, scale};
        return whole != 0 || !signbit(v);
    }
    return false;
}

void qk_json_f64(qk_json_writer *w, double v)
{
    qk_dec d;
    if (!isfinite(v)) {
        qk_json_null(w);
    } else if (short_decimal(&d, v)) {
        qk_json_dec(w, d);
    } else {
        char text[64];
        /* Below the normal range fewer than 15 digits may be enough. */
        int digits = fabs(v) < 2.3e-308 ? 1 : 15;
        double back = 0;
        size_t len;
        do {
            snprintf(text, sizeof text, "%.*g", digits, v);
            len = restore_point(text);
        } while ((qk_parse_f64(&back, (qk_str){text, len}) != QK_OK || back != v) && digits++ < 17);
        qk_json_raw(w, (qk_str){text, len});
    }
}

void qk_json_fixed(qk_json_writer *w, double v, int decimals)
{
    if (!isfinite(v)) {
        qk_json_null(w);
        return;
    }
    if (decimals < 0) decimals = 0;
    if (decimals > 30) decimals = 30;
    char text[400];
    snprintf(text, sizeof text, "%.*f", decimals, v);
    size_t len = restore_point(text);
    size_t from = text[0] == '-' && strspn(text + 1, "0.") == len - 1;
    qk_json_raw(w, (qk_str){text + from, len - from});
}

void qk_json_kstr(qk_json_writer *w, const char *name, qk_str text)
{
    qk_json_key(w, name);
    qk_json_str(w, text);
}

void qk_json_kcstr(qk_json_writer *w, const char *name, const char *text)
{
    qk_json_key(w, name);
    qk_json_cstr(w, text);
}

void qk_json_ki64(qk_json_writer *w, const char *name, int64_t v)
{
    qk_json_key(w, name);
    qk_json_i64(w, v);
}

void qk_json_kbool(qk_json_writer *w, const char *name, bool v)
{
    qk_json_key(w, name);
    qk_json_bool(w, v);
}

void qk_json_knull(qk_json_writer *w, const char *name)
{
    qk_json_key(w, name);
    qk_json_null(w);
}

qk_code qk_json_flush(qk_json_writer *w, FILE *file, qk_error *err)
{
    if (w->out->failed) return qk_fail(err, w->out->failed, "JSON could not be written");
    if (w->out->len > 0 && fwrite(w->out->ptr, 1, w->out->len, file) != w->out->len) {
        qk_code code = qk_fail_errno(err, errno, "cannot write JSON");
        w->out->failed = code;
        return code;
    }
    qk_buf_reset(w->out);
    return QK_OK;
}

static void put_scalar(qk_json_writer *w, const qk_json_value *v)
{
    switch (v->type) {
    case QK_JSON_STRING: qk_json_str(w, v->text); break;
    case QK_JSON_NUMBER: qk_json_raw(w, v->text); break;
    case QK_JSON_TRUE: qk_json_bool(w, true); break;
    case QK_JSON_FALSE: qk_json_bool(w, false); break;
    default: qk_json_null(w); break;
    }
}

static bool is_container(const qk_json_value *v)
{
    return v->type == QK_JSON_OBJECT || v->type == QK_JSON_ARRAY;
}

/* Without recursion: the way back up is kept here, as deep as a writer can go. */
void qk_json_put(qk_json_writer *w, const qk_json_value *v)
{
    const qk_json_value *up[DEPTH_MOST] = {0};
    size_t depth = 0;
    if (!v) qk_json_null(w);
    while (v) {
        if (depth && up[depth - 1]->type == QK_JSON_OBJECT) qk_json_key_str(w, v->name);
        if (is_container(v) && depth < DEPTH_MOST) {
            v->type == QK_JSON_OBJECT ? qk_json_object(w) : qk_json_array(w);
            up[depth++] = v;
            v = v->first;
        } else {
            is_container(v) ? misuse_writer(w) : put_scalar(w, v);
            v = depth ? v->next : NULL;
        }
        while (!v && depth) {
            qk_json_end(w);
            v = up[--depth];
            v = depth ? v->next : NULL;
        }
    }
}
