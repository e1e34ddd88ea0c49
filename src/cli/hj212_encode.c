/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hj212_json_private.h"

/* What one object says, before it becomes a frame. */
typedef struct draft {
    qk_hj212_json *j;
    const qk_json_value *object;
    qk_hj212_version version;
    uint64_t deviations;
    qk_str order, layout; /* details of deviations; {NULL, 0} = none */
    qk_buf *segment;
} draft;

static bool has(const draft *d, qk_hj212_deviation deviation)
{
    return d->deviations & QK_HJ212_BIT(deviation);
}

/* ---- reading the object ---- */

static bool is_present(const qk_json_value *v)
{
    return v && v->type != QK_JSON_NULL;
}

static qk_code read_text(qk_str *out, const qk_json_value *v, const char *name, qk_error *err)
{
    *out = (qk_str){NULL, 0};
    if (!is_present(v)) return QK_OK;
    if (v->type != QK_JSON_STRING && v->type != QK_JSON_NUMBER)
        return qk_fail(err, QK_EFORMAT, "\"%s\" is neither text nor number", name);
    *out = v->text.ptr ? v->text : QK_STR("");
    return QK_OK;
}

/* Bytes that would end an item or the frame early. */
static bool breaks_frame(qk_str s, const char *forbidden)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || strchr(forbidden, s.ptr[i])) return true;
    return false;
}

static bool is_quoted_text(qk_str v)
{
    return v.len >= 4 && qk_str_starts(v, QK_STR("//")) && qk_str_ends(v, QK_STR("//")) &&
           qk_str_find(v, QK_STR("//"), 2) == v.len - 2;
}

static qk_code check_row(const qk_hj212_json_value_row *row, qk_error *err)
{
    const char *forbidden = is_quoted_text(row->value) ? "" : ",;";
    if (breaks_frame(row->code, ",;=-") || breaks_frame(row->field, ",;="))
        return qk_fail(err, QK_EFORMAT, "the name '%.*s' cannot stand in a frame",
                       QK_STR_ARG(row->field));
    if (breaks_frame(row->value, forbidden))
        return qk_fail(err, QK_EFORMAT, "the value of '%.*s' holds a separator or a control byte",
                       QK_STR_ARG(row->field));
    return QK_OK;
}

static qk_code add_value(draft *d, qk_str code, qk_str field, const qk_json_value *v, qk_error *err)
{
    qk_hj212_json *j = d->j;
    if (j->value_count == QK_HJ212_JSON_ITEMS)
        return qk_fail(err, QK_ERANGE, "more values than a frame can hold");
    qk_hj212_json_value_row *row = &j->values[j->value_count++];
    *row = (qk_hj212_json_value_row){.code = code, .field = field, .has_value = is_present(v)};
    QK_TRY(read_text(&row->value, v, "a value", err));
    return check_row(row, err);
}

static qk_code add_values(draft *d, qk_str code, qk_str field, const qk_json_value *v,
                          qk_error *err)
{
    if (v->type != QK_JSON_ARRAY) return add_value(d, code, field, v, err);
    for (const qk_json_value *e = v->first; e; e = e->next)
        QK_TRY(add_value(d, code, field, e, err));
    return QK_OK;
}

static qk_code read_fields(draft *d, qk_error *err)
{
    const qk_json_value *fields = qk_json_get(d->object, "fields");
    if (!is_present(fields)) return QK_OK;
    if (fields->type != QK_JSON_OBJECT) return qk_fail(err, QK_EFORMAT, "\"fields\" is no object");
    for (const qk_json_value *f = fields->first; f; f = f->next)
        QK_TRY(add_values(d, (qk_str){NULL, 0}, f->name, f, err));
    return QK_OK;
}

static qk_code read_factors(draft *d, qk_error *err)
{
    const qk_json_value *factors = qk_json_get(d->object, "factors");
    if (!is_present(factors)) return QK_OK;
    if (factors->type != QK_JSON_OBJECT)
        return qk_fail(err, QK_EFORMAT, "\"factors\" is no object");
    for (const qk_json_value *c = factors->first; c; c = c->next) {
        if (c->type != QK_JSON_OBJECT || c->name.len == 0)
            return qk_fail(err, QK_EFORMAT, "factor '%.*s' is no object of fields",
                           QK_STR_ARG(c->name));
        for (const qk_json_value *f = c->first; f; f = f->next)
            QK_TRY(add_values(d, c->name, f->name, f, err));
    }
    return QK_OK;
}

static bool has_field(const draft *d, qk_str name)
{
    const qk_json_value *fields = qk_json_get(d->object, "fields");
    if (!fields) return false;
    for (const qk_json_value *f = fields->first; f; f = f->next)
        if (qk_str_eq_nocase(f->name, name)) return true;
    return false;
}

/* An object written by hand may give "data_time" alone. */
static qk_code add_data_time(draft *d, qk_error *err)
{
    qk_str iso;
    QK_TRY(read_text(&iso, qk_json_get(d->object, "data_time"), "data_time", err));
    if (!iso.ptr || has_field(d, QK_STR("DataTime"))) return QK_OK;
    char *digits = qk_arena_alloc(&d->j->arena, iso.len + 1);
    if (!digits) return qk_fail(err, QK_ENOMEM, "no memory");
    size_t n = 0;
    for (size_t i = 0; i < iso.len; i++)
        if (qk_is_digit(iso.ptr[i])) digits[n++] = iso.ptr[i];
    qk_hj212_time t;
    if (n != 14 || !qk_hj212_time_parse(&t, (qk_hj212_text){digits, n}))
        return qk_fail(err, QK_EFORMAT, "\"data_time\" is no time: '%.*s'", QK_STR_ARG(iso));
    d->j->values[d->j->value_count++] = (qk_hj212_json_value_row){
        .field = QK_STR("DataTime"), .value = {digits, n}, .has_value = true};
    return QK_OK;
}

static void read_deviations(draft *d)
{
    const qk_json_value *list = qk_json_get(d->object, "deviations");
    if (!list || list->type != QK_JSON_ARRAY || d->j->options.conform) return;
    for (const qk_json_value *e = list->first; e; e = e->next) {
        qk_str detail = e->text, name = qk_str_cut(&detail, ':');
        if (e->type != QK_JSON_STRING) continue;
        qk_hj212_deviation which =
            qk_hj212_deviation_find((qk_hj212_text){name.ptr ? name.ptr : "", name.len});
        if (which == QK_HJ212_D_COUNT) continue;
        d->deviations |= QK_HJ212_BIT(which);
        if (which == QK_HJ212_D_HEAD_ORDER)
            d->order = detail;
        else if (detail.ptr)
            d->layout = detail;
    }
}

static qk_code read_version(draft *d, qk_error *err)
{
    qk_str text, flag;
    int64_t bits = 0;
    QK_TRY(read_text(&text, qk_json_get(d->object, "version"), "version", err));
    QK_TRY(read_text(&flag, qk_json_get(d->object, "flag"), "flag", err));
    if (flag.ptr && qk_parse_i64(&bits, flag) != QK_OK) bits = 0;
    d->version = bits >> 2 <= 0 ? QK_HJ212_2005 : bits >> 2 == 1 ? QK_HJ212_2017 : QK_HJ212_2025;
    if (!text.ptr) return QK_OK;
    if (qk_str_eq(text, QK_STR("2005")))
        d->version = QK_HJ212_2005;
    else if (qk_str_eq(text, QK_STR("2017")))
        d->version = QK_HJ212_2017;
    else if (qk_str_eq(text, QK_STR("2025")))
        d->version = QK_HJ212_2025;
    else
        return qk_fail(err, QK_EFORMAT, "no such version: '%.*s'", QK_STR_ARG(text));
    return QK_OK;
}

/* ---- writing the head ---- */

static const char *const head_names[] = {"QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF"};

static qk_code put_head_field(draft *d, qk_str name, qk_error *err)
{
    char key[8];
    qk_str value;
    if (name.len == 0 || name.len >= sizeof key) return QK_OK;
    for (size_t i = 0; i <= name.len; i++)
        key[i] = i < name.len ? qk_to_lower(name.ptr[i]) : (char)0;
    QK_TRY(read_text(&value, qk_json_get(d->object, key), key, err));
    if (!value.ptr) return QK_OK;
    if (breaks_frame(value, ",;&"))
        return qk_fail(err, QK_EFORMAT, "\"%s\" holds a separator or a control byte", key);
    qk_buf_printf(d->segment, "%.*s=%.*s;", QK_STR_ARG(name), QK_STR_ARG(value));
    return QK_OK;
}

static qk_code put_head(draft *d, qk_error *err)
{
    if (d->order.ptr) {
        qk_str rest = d->order;
        while (rest.ptr) QK_TRY(put_head_field(d, qk_str_cut(&rest, ','), err));
        return QK_OK;
    }
    bool part_first = d->version == QK_HJ212_2005;
    for (size_t i = 0; i < sizeof head_names / sizeof *head_names; i++) {
        const char *name = head_names[i];
        if (part_first && (i == 6 || i == 7)) name = head_names[13 - i];
        QK_TRY(put_head_field(d, qk_str_of(name), err));
    }
    return QK_OK;
}

/* ---- writing the data area ---- */

static void put_row(draft *d, const qk_hj212_json_value_row *row)
{
    if (row->code.ptr) {
        qk_buf_append(d->segment, row->code.ptr, row->code.len);
        qk_buf_putc(d->segment, '-');
    }
    qk_buf_append(d->segment, row->field.ptr, row->field.len);
    if (!row->has_value) return;
    qk_buf_putc(d->segment, '=');
    qk_buf_append(d->segment, row->value.ptr, row->value.len);
}

static bool joins_range(const draft *d, size_t i)
{
    const qk_hj212_json_value_row *v = &d->j->values[i];
    bool comma = d->version == QK_HJ212_2005 ? !has(d, QK_HJ212_D_RANGE_SEMICOLON)
                                             : has(d, QK_HJ212_D_RANGE_COMMA);
    return comma && !v[0].code.ptr && !v[-1].code.ptr && qk_str_eq(v[0].field, QK_STR("EndTime")) &&
           qk_str_eq(v[-1].field, QK_STR("BeginTime"));
}

static void put_rows_in_order(draft *d)
{
    const qk_hj212_json_value_row *v = d->j->values;
    for (size_t i = 0; i < d->j->value_count; i++) {
        bool same_factor = i > 0 && v[i].code.ptr && qk_str_eq(v[i].code, v[i - 1].code);
        if (i > 0) qk_buf_putc(d->segment, same_factor || joins_range(d, i) ? ',' : ';');
        put_row(d, &v[i]);
    }
}

static qk_code put_rows_by_layout(draft *d, qk_error *err)
{
    qk_str l = d->layout;
    size_t next = 0, written = 0;
    for (size_t i = 0; i < l.len;) {
        char c = l.ptr[i];
        if (c == ',' || c == ';') {
            qk_buf_putc(d->segment, c);
            i++;
            continue;
        }
        if (c == '.') {
            i++;
        } else {
            for (next = 0; i < l.len && qk_is_digit(l.ptr[i]) && next < QK_HJ212_JSON_ITEMS; i++)
                next = next * 10 + (size_t)(l.ptr[i] - '0');
            if (!qk_is_digit(c)) next = SIZE_MAX;
        }
        if (next >= d->j->value_count)
            return qk_fail(err, QK_EFORMAT, "the layout '%.*s' does not fit the values",
                           (int)(l.len < 60 ? l.len : 60), l.ptr);
        put_row(d, &d->j->values[next++]);
        written++;
    }
    if (written != d->j->value_count)
        return qk_fail(err, QK_EFORMAT, "the layout has %zu values, the object %zu", written,
                       d->j->value_count);
    return QK_OK;
}

static qk_code put_data_area(draft *d, qk_error *err)
{
    if (!has(d, QK_HJ212_D_NO_CP)) qk_buf_puts(d->segment, "CP=&&");
    if (d->layout.ptr)
        QK_TRY(put_rows_by_layout(d, err));
    else
        put_rows_in_order(d);
    if (!has(d, QK_HJ212_D_CP_END_MISSING)) qk_buf_puts(d->segment, "&&");
    return QK_OK;
}

/* ---- the frame ---- */

static qk_hj212_crc_kind crc_kind(const draft *d)
{
    if (has(d, QK_HJ212_D_CRC_MODBUS)) return QK_HJ212_CRC_MODBUS;
    if (has(d, QK_HJ212_D_CRC_MODBUS_SWAPPED)) return QK_HJ212_CRC_MODBUS_SWAPPED;
    return has(d, QK_HJ212_D_CRC_SWAPPED) ? QK_HJ212_CRC_SWAPPED : QK_HJ212_CRC_STANDARD;
}

static const char *line_end(const draft *d)
{
    if (has(d, QK_HJ212_D_LINE_END_LF)) return "\n";
    if (has(d, QK_HJ212_D_LINE_END_CR)) return "\r";
    if (has(d, QK_HJ212_D_LINE_END_STARS)) return "**\r\n";
    return has(d, QK_HJ212_D_LINE_END_MISSING) ? "" : "\r\n";
}

static qk_code close_frame(draft *d, qk_buf *out, qk_error *err)
{
    char *frame = d->j->frame;
    qk_hj212_text segment = {d->segment->ptr, d->segment->len};
    size_t n = qk_hj212_encode_segment(frame, QK_HJ212_FRAME_MAX, segment, crc_kind(d));
    if (n == 0 || d->segment->failed)
        return qk_fail(err, QK_ERANGE, "the frame would be longer than 9,999 bytes");
    if (has(d, QK_HJ212_D_CP_ENCRYPTED) && !qk_hj212_seal(frame, n, d->j->options.sm4))
        return qk_fail(err, QK_EFORMAT, "there is no data area to encrypt");
    for (size_t i = n - 6; i < n - 2 && has(d, QK_HJ212_D_CRC_LOWER_CASE); i++)
        frame[i] = qk_to_lower(frame[i]);
    qk_buf_append(out, frame, n - 2);
    qk_buf_puts(out, line_end(d));
    return QK_OK;
}

static qk_code read_object(draft *d, qk_error *err)
{
    const qk_json_value *o = d->object;
    const qk_json_value *ok = qk_json_get(o, "ok");
    if (o->type != QK_JSON_OBJECT) return qk_fail(err, QK_EFORMAT, "not an object");
    if (ok && ok->type == QK_JSON_FALSE)
        return qk_fail(err, QK_EFORMAT, "the object stands for a refused frame (\"ok\":false)");
    if (!is_present(qk_json_get(o, "cn"))) return qk_fail(err, QK_EFORMAT, "\"cn\" is missing");
    read_deviations(d);
    QK_TRY(read_version(d, err));
    d->j->value_count = 0;
    QK_TRY(add_data_time(d, err));
    QK_TRY(read_fields(d, err));
    return read_factors(d, err);
}

qk_code qk_hj212_json_encode(qk_hj212_json *j, qk_buf *out, qk_str object, qk_error *err)
{
    qk_json_value *tree;
    draft d = {.j = j, .segment = &j->scratch};
    qk_arena_reset(&j->arena);
    QK_TRY(qk_json_parse(&tree, object, &j->arena, err));
    d.object = tree;
    QK_TRY(read_object(&d, err));
    j->scratch.len = 0;
    j->scratch.failed = QK_OK;
    QK_TRY(put_head(&d, err));
    QK_TRY(put_data_area(&d, err));
    return close_frame(&d, out, err);
}
