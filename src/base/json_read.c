/* SPDX-License-Identifier: Apache-2.0 */
/* The pull reader and the tree of base/json.h. */
#include "base/json.h"

enum { DEPTH_MOST = 64 };

/* What may stand at r->at:
 *   VALUE          a value
 *   FIRST_ELEMENT  a value or ']'
 *   FIRST_KEY      a name or '}'
 *   KEY            a name
 *   AFTER          ',' or the closing mark; at depth 0 only the end of the text */
enum { STATE_VALUE, STATE_FIRST_ELEMENT, STATE_FIRST_KEY, STATE_KEY, STATE_AFTER };

void qk_json_read_init(qk_json_reader *r, qk_str text, qk_arena *arena)
{
    *r = (qk_json_reader){.text = text, .arena = arena};
    if (qk_str_starts(text, QK_STR("\xEF\xBB\xBF"))) r->at = 3;
}

QK_PRINTF(4, 5)
static qk_code refuse_at(const qk_json_reader *r, size_t at, qk_error *err, const char *fmt, ...)
{
    if (!err) return QK_EFORMAT;
    uint32_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < at; i++) {
        if (r->text.ptr[i] != '\n') continue;
        line++;
        start = i + 1;
    }
    size_t column = qk_utf8_count((qk_str){r->text.ptr + start, at - start}) + 1;
    va_list args;
    va_start(args, fmt);
    qk_fail_args(err, QK_EFORMAT, fmt, args);
    va_end(args);
    qk_error_at(err, NULL, line, (uint32_t)column);
    return QK_EFORMAT;
}

static void pass_space(qk_json_reader *r)
{
    while (r->at < r->text.len) {
        char c = r->text.ptr[r->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') break;
        r->at++;
    }
}

static bool in_object(const qk_json_reader *r)
{
    return r->depth > 0 && (r->object >> (r->depth - 1) & 1);
}

/* ---- strings ---- */

static bool read_hex4(qk_str s, size_t at, uint32_t *out)
{
    if (s.len - at < 4) return false;
    uint32_t v = 0;
    for (size_t i = at; i < at + 4; i++) {
        char c = s.ptr[i];
        if (qk_is_digit(c))
            v = v * 16 + (uint32_t)(c - '0');
        else if ((unsigned)((c | 32) - 'a') < 6)
            v = v * 16 + (uint32_t)((c | 32) - 'a' + 10);
        else
            return false;
    }
    *out = v;
    return true;
}

/* "\uXXXX" or a pair of surrogates; *at stands on the 'u' and moves behind. */
static bool read_unicode(qk_str s, size_t *at, uint32_t *out)
{
    uint32_t low;
    size_t p = *at + 1;
    if (!read_hex4(s, p, out)) return false;
    p += 4;
    if (*out >= 0xDC00 && *out < 0xE000) return false;
    if (*out >= 0xD800 && *out < 0xDC00) {
        if (s.len - p < 6 || s.ptr[p] != '\\' || s.ptr[p + 1] != 'u') return false;
        if (!read_hex4(s, p + 2, &low) || low < 0xDC00 || low >= 0xE000) return false;
        *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
        p += 6;
    }
    *at = p;
    return true;
}

/* One escape; *at stands behind the backslash and moves behind the escape. */
static size_t read_escape(qk_str s, size_t *at, char out[4])
{
    static const char marks[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    if (*at >= s.len) return 0;
    if (s.ptr[*at] == 'u') {
        uint32_t point;
        return read_unicode(s, at, &point) ? qk_utf8_put(out, point) : 0;
    }
    const char *mark = s.ptr[*at] ? strchr(marks, s.ptr[*at]) : NULL;
    if (!mark) return 0;
    out[0] = bytes[mark - marks];
    (*at)++;
    return 1;
}

/* Finds the closing quote, proving every byte and escape on the way. */
static qk_code scan_string(const qk_json_reader *r, size_t from, size_t *end, bool *escaped,
                           qk_error *err)
{
    qk_str s = r->text;
    *escaped = false;
    for (size_t at = from; at < s.len;) {
        unsigned char c = (unsigned char)s.ptr[at];
        if (c == '"') {
            *end = at;
            return QK_OK;
        }
        if (c < 0x20) return refuse_at(r, at, err, "control byte 0x%02x in a string", c);
        size_t used = 1;
        if (c == '\\') {
            char bytes[4];
            size_t next = at + 1;
            if (!read_escape(s, &next, bytes)) {
                return refuse_at(r, at, err, "escape that JSON does not know");
            }
            used = next - at;
            *escaped = true;
        } else if (c >= 0x80 && qk_utf8_next((qk_str){s.ptr + at, s.len - at}, &used) == 0xFFFD &&
                   used == 1) {
            return refuse_at(r, at, err, "byte 0x%02x is no UTF-8", c);
        }
        at += used;
    }
    return refuse_at(r, from - 1, err, "string without its closing quote");
}

/* An escape is never shorter than what it stands for. */
static bool unescape(qk_str *out, qk_arena *arena, qk_str raw)
{
    char *text = qk_arena_alloc(arena, raw.len);
    if (!text) return false;
    size_t len = 0;
    for (size_t at = 0; at < raw.len;) {
        if (raw.ptr[at] != '\\') {
            text[len++] = raw.ptr[at++];
            continue;
        }
        at++;
        char bytes[4];
        size_t n = read_escape(raw, &at, bytes);
        memcpy(text + len, bytes, n);
        len += n;
    }
    *out = (qk_str){text, len};
    return true;
}

static qk_code read_string(qk_json_reader *r, qk_error *err)
{
    size_t from = r->at + 1, end = 0;
    bool escaped;
    QK_TRY(scan_string(r, from, &end, &escaped, err));
    qk_str value = {r->text.ptr + from, end - from};
    if (escaped && !r->skipping && !unescape(&value, r->arena, value)) {
        return qk_fail(err, QK_EFULL, "the JSON text needs more memory than it may have");
    }
    r->value = value;
    r->at = end + 1;
    return QK_OK;
}

/* ---- numbers ---- */

static size_t count_digits(qk_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && qk_is_digit(s.ptr[at + n])) n++;
    return n;
}

/* Length of the JSON number at the front, 0 when none stands there. */
static size_t number_length(qk_str s)
{
    size_t at = s.len > 0 && s.ptr[0] == '-';
    size_t whole = count_digits(s, at);
    if (whole == 0 || (whole > 1 && s.ptr[at] == '0')) return 0;
    at += whole;
    if (at < s.len && s.ptr[at] == '.') {
        size_t decimals = count_digits(s, at + 1);
        if (decimals == 0) return 0;
        at += 1 + decimals;
    }
    if (at < s.len && (s.ptr[at] | 32) == 'e') {
        at++;
        if (at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-')) at++;
        size_t exponent = count_digits(s, at);
        if (exponent == 0) return 0;
        at += exponent;
    }
    return at;
}

bool qk_json_is_number(qk_str text)
{
    return text.len > 0 && number_length(text) == text.len;
}

/* A number that no double can hold would become infinite somewhere further on. */
static qk_code read_number(qk_json_reader *r, qk_error *err)
{
    qk_str rest = {r->text.ptr + r->at, r->text.len - r->at};
    size_t len = number_length(rest);
    if (len == 0) return refuse_at(r, r->at, err, "number not of JSON's form");
    qk_str value = {rest.ptr, len};
    double number;
    if (qk_parse_f64(&number, value) != QK_OK) {
        return refuse_at(r, r->at, err, "number too large");
    }
    r->value = value;
    r->at += len;
    return QK_OK;
}

/* ---- tokens ---- */

static qk_code open_container(qk_json_reader *r, bool object, qk_error *err)
{
    if (r->depth == DEPTH_MOST) {
        return refuse_at(r, r->at, err, "nested deeper than %d", DEPTH_MOST);
    }
    uint64_t bit = (uint64_t)1 << r->depth;
    if (object)
        r->object |= bit;
    else
        r->object &= ~bit;
    r->depth++;
    r->at++;
    r->state = object ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT;
    return QK_OK;
}

static qk_code read_word(qk_json_reader *r, qk_str word, qk_error *err)
{
    qk_str rest = {r->text.ptr + r->at, r->text.len - r->at};
    if (!qk_str_starts(rest, word)) return refuse_at(r, r->at, err, "a value must stand here");
    r->value = (qk_str){rest.ptr, word.len};
    r->at += word.len;
    return QK_OK;
}

static qk_code read_value(qk_json_reader *r, qk_json_type *type, qk_error *err)
{
    r->value_at = r->at;
    if (r->at == r->text.len)
        return refuse_at(r, r->at, err, "the text ends where a value must stand");
    char c = r->text.ptr[r->at];
    if (c == '{' || c == '[') {
        *type = c == '{' ? QK_JSON_OBJECT : QK_JSON_ARRAY;
        return open_container(r, c == '{', err);
    }
    qk_code code;
    switch (c) {
    case '"':
        *type = QK_JSON_STRING;
        code = read_string(r, err);
        break;
    case 't':
        *type = QK_JSON_TRUE;
        code = read_word(r, QK_STR("true"), err);
        break;
    case 'f':
        *type = QK_JSON_FALSE;
        code = read_word(r, QK_STR("false"), err);
        break;
    case 'n':
        *type = QK_JSON_NULL;
        code = read_word(r, QK_STR("null"), err);
        break;
    default:
        if (c != '-' && !qk_is_digit(c)) {
            return refuse_at(r, r->at, err, "a value must stand here");
        }
        *type = QK_JSON_NUMBER;
        code = read_number(r, err);
    }
    if (code == QK_OK) r->state = STATE_AFTER;
    return code;
}

static qk_code read_key(qk_json_reader *r, qk_json_type *type, qk_error *err)
{
    if (r->at == r->text.len || r->text.ptr[r->at] != '"') {
        return refuse_at(r, r->at, err, "a name in quotes must stand here");
    }
    size_t start = r->at;
    r->value_at = r->at;
    QK_TRY(read_string(r, err));
    pass_space(r);
    if (r->at == r->text.len || r->text.ptr[r->at] != ':') {
        qk_code code = refuse_at(r, r->at, err, "a colon must stand here");
        r->at = start;
        return code;
    }
    r->at++;
    r->state = STATE_VALUE;
    *type = QK_JSON_KEY;
    return QK_OK;
}

static void close_container(qk_json_reader *r, qk_json_type *type)
{
    *type = in_object(r) ? QK_JSON_OBJECT_END : QK_JSON_ARRAY_END;
    r->value_at = r->at;
    r->at++;
    r->depth--;
    r->state = STATE_AFTER;
}

static qk_code read_after(qk_json_reader *r, qk_json_type *type, qk_error *err)
{
    if (r->depth == 0) {
        if (r->at < r->text.len)
            return refuse_at(r, r->at, err, "text after the end of the JSON value");
        *type = QK_JSON_END;
        return QK_OK;
    }
    char close = in_object(r) ? '}' : ']';
    char c = r->at < r->text.len ? r->text.ptr[r->at] : '\0';
    if (c == close) {
        close_container(r, type);
        return QK_OK;
    }
    if (c != ',') return refuse_at(r, r->at, err, "',' or '%c' must stand here", close);
    r->at++;
    r->state = in_object(r) ? STATE_KEY : STATE_VALUE;
    pass_space(r);
    return in_object(r) ? read_key(r, type, err) : read_value(r, type, err);
}

qk_code qk_json_next(qk_json_reader *r, qk_json_type *type, qk_error *err)
{
    pass_space(r);
    char c = r->at < r->text.len ? r->text.ptr[r->at] : '\0';
    switch (r->state) {
    case STATE_FIRST_ELEMENT:
        if (c == ']') {
            close_container(r, type);
            return QK_OK;
        }
        return read_value(r, type, err);
    case STATE_FIRST_KEY:
        if (c == '}') {
            close_container(r, type);
            return QK_OK;
        }
        return read_key(r, type, err);
    case STATE_KEY: return read_key(r, type, err);
    case STATE_AFTER: return read_after(r, type, err);
    default: return read_value(r, type, err);
    }
}

static qk_code skip_value(qk_json_reader *r, qk_error *err)
{
    int32_t depth = r->depth;
    qk_json_type type = QK_JSON_END;
    do {
        QK_TRY(qk_json_next(r, &type, err));
    } while (r->depth > depth || type == QK_JSON_KEY);
    return QK_OK;
}

qk_code qk_json_skip(qk_json_reader *r, qk_error *err)
{
    r->skipping = true;
    qk_code code = skip_value(r, err);
    r->skipping = false;
    return code;
}

/* ---- tree ---- */

typedef struct tree_builder {
    qk_json_value *parent[DEPTH_MOST + 1];
    qk_json_value *last[DEPTH_MOST + 1]; /* newest child of parent[i] */
    qk_str name;
} tree_builder;

static qk_json_value *add_value(tree_builder *b, qk_json_reader *r, int32_t depth,
                                qk_json_type type)
{
    qk_json_value *v = qk_arena_alloc(r->arena, sizeof *v);
    if (!v) return NULL;
    v->type = type;
    v->name = b->name;
    b->name = (qk_str){NULL, 0};
    if (type == QK_JSON_STRING || type == QK_JSON_NUMBER) v->text = r->value;
    if (b->last[depth])
        b->last[depth]->next = v;
    else
        b->parent[depth]->first = v;
    b->parent[depth]->count++;
    b->last[depth] = v;
    return v;
}

static qk_code build_tree(qk_json_value *root, qk_json_reader *r, qk_error *err)
{
    tree_builder b = {.parent = {root}};
    for (;;) {
        qk_json_type type;
        int32_t depth = r->depth;
        QK_TRY(qk_json_next(r, &type, err));
        switch (type) {
        case QK_JSON_END: return QK_OK;
        case QK_JSON_KEY: b.name = r->value; continue;
        case QK_JSON_OBJECT_END:
        case QK_JSON_ARRAY_END: continue;
        default: break;
        }
        qk_json_value *v = add_value(&b, r, depth, type);
        if (!v) return qk_fail(err, QK_EFULL, "the JSON text needs more memory than it may have");
        if (r->depth > depth) {
            b.parent[r->depth] = v;
            b.last[r->depth] = NULL;
        }
    }
}

qk_code qk_json_parse(qk_json_value **out, qk_str text, qk_arena *arena, qk_error *err)
{
    qk_json_reader r;
    qk_json_value root = {0};
    *out = NULL;
    qk_json_read_init(&r, text, arena);
    QK_TRY(build_tree(&root, &r, err));
    *out = root.first;
    return QK_OK;
}

const qk_json_value *qk_json_get(const qk_json_value *object, const char *name)
{
    if (!object || object->type != QK_JSON_OBJECT) return NULL;
    qk_str wanted = qk_str_of(name);
    const qk_json_value *found = NULL;
    for (const qk_json_value *v = object->first; v; v = v->next) {
        if (qk_str_eq(v->name, wanted)) found = v;
    }
    return found;
}

qk_str qk_json_get_str(const qk_json_value *object, const char *name)
{
    const qk_json_value *v = qk_json_get(object, name);
    return v && v->type == QK_JSON_STRING ? v->text : (qk_str){NULL, 0};
}

bool qk_json_get_i64(const qk_json_value *object, const char *name, int64_t *out)
{
    const qk_json_value *v = qk_json_get(object, name);
    return v && v->type == QK_JSON_NUMBER && qk_parse_i64(out, v->text) == QK_OK;
}

bool qk_json_get_f64(const qk_json_value *object, const char *name, double *out)
{
    const qk_json_value *v = qk_json_get(object, name);
    return v && v->type == QK_JSON_NUMBER && qk_parse_f64(out, v->text) == QK_OK;
}

bool qk_json_get_bool(const qk_json_value *object, const char *name, bool fallback)
{
    const qk_json_value *v = qk_json_get(object, name);
    if (!v || (v->type != QK_JSON_TRUE && v->type != QK_JSON_FALSE)) return fallback;
    return v->type == QK_JSON_TRUE;
}
