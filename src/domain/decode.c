/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/decode.h"
#include "base/map.h"
#include "hj212/tables.h"
#include <assert.h>
#include <stdlib.h>

/* An item takes two bytes at least, so no frame has more cells than this. */
enum { FRAME_MAX = QK_HJ212_FRAME_MAX, CELLS_MAX = FRAME_MAX / 2 + 1 };
enum { LAYOUTS = 4, STREAMS_MAX = 1 << 20, TEXT_MAX = 1024 };

/* FREE: a field of no standard, a number when it looks like one. */
typedef enum item_kind { ITEM_NUMBER, ITEM_FLAG, ITEM_TEXT, ITEM_FREE, ITEM_TIME } item_kind;

/* One item of a layout: "key=" as sent and what follows its value. */
typedef struct layout_item {
    uint32_t key_at;
    uint16_t key_len;
    int16_t flag_item; /* index of the item with the factor's Flag, -1 = none */
    char separator;    /* 0 = the end */
    uint8_t kind;
    qk_column_id column;
} layout_item;

typedef struct layout {
    layout_item *items;
    char *keys;
    uint32_t n;
    uint64_t deviations; /* those that lie in keys and separators alone */
} layout;

typedef struct decode_stream {
    void *user;
    layout layouts[LAYOUTS];
    uint32_t used, next;
} decode_stream;

struct qk_decoder {
    qk_decode_hooks hooks;
    qk_map *index; /* MN and kind -> number */
    decode_stream **streams;
    size_t n, cap;
    bool slow;
    bool known_flag[256];
    qk_cell cells[CELLS_MAX];
    char flags[CELLS_MAX];
    char flag_of_item[CELLS_MAX];
    layout_item items[CELLS_MAX]; /* of the frame being read the long way */
    qk_str codes[CELLS_MAX];
    char keys[FRAME_MAX + CELLS_MAX];
    char plain[FRAME_MAX + 16];
};

qk_stream_kind qk_decode_kind(int32_t command)
{
    switch (command) {
    case 2011: return QK_STREAM_RTD;
    case 2021: return QK_STREAM_STATE;
    case 2031: return QK_STREAM_DAY;
    case 2041: return QK_STREAM_RUNTIME;
    case 2051: return QK_STREAM_MINUTE;
    case 2061: return QK_STREAM_HOUR;
    case 2013:
    case 2052:
    case 2062:
    case 2111: return QK_STREAM_PERIODIC;
    default: return (qk_stream_kind)0;
    }
}

qk_code qk_decoder_new(qk_decoder **out, const qk_decode_hooks *hooks)
{
    qk_decoder *d = calloc(1, sizeof *d);
    if (!d) return QK_ENOMEM;
    d->hooks = *hooks;
    for (const qk_hj212_named *f = qk_hj212_flags(); f->code; f++)
        if (f->code[0] && !f->code[1]) d->known_flag[(unsigned char)f->code[0]] = true;
    for (int c = 'a'; c <= 'z'; c++) d->known_flag[c] = false;
    qk_code code = qk_map_new(&d->index, STREAMS_MAX);
    if (code) {
        free(d);
        return code;
    }
    *out = d;
    return QK_OK;
}

static void clear_layout(layout *l)
{
    free(l->items);
    free(l->keys);
    *l = (layout){0};
}

void qk_decoder_free(qk_decoder *d)
{
    if (!d) return;
    for (size_t i = 0; i < d->n; i++) {
        for (size_t k = 0; k < LAYOUTS; k++) clear_layout(&d->streams[i]->layouts[k]);
        free(d->streams[i]);
    }
    free(d->streams);
    qk_map_free(d->index);
    free(d);
}

void qk_decoder_slow(qk_decoder *d, bool slow)
{
    d->slow = slow;
}

static qk_str str_of(qk_hj212_text t)
{
    return (qk_str){t.ptr, t.len};
}

/* ---- streams ---- */

static qk_code grow_streams(qk_decoder *d)
{
    if (d->n < d->cap) return QK_OK;
    size_t cap = d->cap ? d->cap * 2 : 64;
    decode_stream **grown = realloc(d->streams, cap * sizeof *grown);
    if (!grown) return QK_ENOMEM;
    d->streams = grown;
    d->cap = cap;
    return QK_OK;
}

static qk_code add_stream(qk_decoder *d, decode_stream **out, qk_str key, qk_str mn,
                          qk_stream_kind kind, qk_error *err)
{
    if (grow_streams(d)) return qk_fail(err, QK_ENOMEM, "no memory for a stream");
    decode_stream *s = calloc(1, sizeof *s);
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for a stream");
    qk_code code = d->hooks.stream(d->hooks.context, &s->user, mn, kind, err);
    if (!code) {
        code = qk_map_set(d->index, key, d->n);
        if (code) qk_fail(err, code, "the decoder holds %d streams, its ceiling", STREAMS_MAX);
    }
    if (code) {
        free(s);
        return code;
    }
    *out = d->streams[d->n++] = s;
    return QK_OK;
}

static qk_code find_stream(qk_decoder *d, decode_stream **out, qk_str mn, qk_stream_kind kind,
                           qk_error *err)
{
    char key[QK_MN_MAX + 1];
    uint64_t number;
    memcpy(key, mn.ptr, mn.len);
    key[mn.len] = (char)kind;
    qk_str k = {key, mn.len + 1};
    if (qk_map_get(d->index, k, &number)) {
        *out = d->streams[number];
        return QK_OK;
    }
    return add_stream(d, out, k, mn, kind, err);
}

/* ---- the short way ---- */

/* A plain decimal number: [-]digits[.digits], at most 18 digits. NULL when it is anything else. */
static const char *scan_number(const char *p, const char *end, qk_dec *out)
{
    bool negative = p < end && *p == '-';
    p += negative;
    const char *from = p;
    uint64_t m = 0; /* wraps where there are more than 18 digits, and is refused then */
    while (p < end && qk_is_digit(*p)) m = m * 10 + (uint64_t)(*p++ - '0');
    ptrdiff_t digits = p - from;
    int32_t scale = 0;
    if (digits == 0 || digits > 18) return NULL;
    if (p < end && *p == '.') {
        from = ++p;
        while (p < end && qk_is_digit(*p) && p - from < 18) m = m * 10 + (uint64_t)(*p++ - '0');
        scale = (int32_t)(p - from);
        if (scale == 0 || digits + scale > 18) return NULL;
    }
    *out = (qk_dec){negative ? -(int64_t)m : (int64_t)m, scale};
    return p;
}

static bool is_canonical(qk_str t)
{
    qk_dec value;
    if (!t.len) return false;
    const char *p = t.ptr + (*t.ptr == '-');
    if (scan_number(t.ptr, t.ptr + t.len, &value) != t.ptr + t.len) return false;
    if (p != t.ptr && value.mantissa == 0) return false;
    return *p != '0' || p + 1 == t.ptr + t.len || p[1] == '.';
}

/* A field that is no number by the standard is one only when its text can be told from it again. */
static void set_free_text(qk_cell *cell, qk_str text)
{
    if (is_canonical(text)) {
        cell->type = QK_CELL_NUMBER;
        scan_number(text.ptr, text.ptr + text.len, &cell->number);
    } else {
        cell->type = QK_CELL_TEXT;
        cell->text = text;
    }
}

/* A text that the long way would give as it stands and without remark. */
static const char *scan_text(const char *p, const char *end, qk_str *out)
{
    const char *from = p;
    while (p < end && *p != ',' && *p != ';') {
        if (*p <= ' ' || *p == '/' || *p == '=' || *p == '&' || (unsigned char)*p >= 0x7F)
            return NULL;
        p++;
    }
    *out = (qk_str){from, (size_t)(p - from)};
    return p == from || p - from > TEXT_MAX ? NULL : p;
}

static const char *scan_data_time(const char *p, const char *end)
{
    enum { DIGITS = 14 };
    if (end - p < DIGITS) return NULL;
    for (int i = 0; i < DIGITS; i++)
        if (!qk_is_digit(p[i])) return NULL;
    return p[8] == '2' && p[9] == '4' ? NULL : p + DIGITS;
}

static const char *scan_value(const qk_decoder *d, const layout_item *item, const char *p,
                              const char *end, qk_cell *cell)
{
    cell->column = item->column;
    switch ((item_kind)item->kind) {
    case ITEM_NUMBER: cell->type = QK_CELL_NUMBER; return scan_number(p, end, &cell->number);
    case ITEM_FLAG:
        if (p >= end || !d->known_flag[(unsigned char)*p]) return NULL;
        cell->type = QK_CELL_TEXT;
        cell->text = (qk_str){p, 1};
        return p + 1;
    case ITEM_TEXT: cell->type = QK_CELL_TEXT; return scan_text(p, end, &cell->text);
    case ITEM_FREE: {
        qk_str text;
        p = scan_text(p, end, &text);
        if (p) set_free_text(cell, text);
        return p;
    }
    case ITEM_TIME: return scan_data_time(p, end);
    }
    return NULL;
}

/* True when the frame has this layout; the cells are then filled. */
static bool read_by_layout(qk_decoder *d, const layout *l, qk_str cp, size_t *n)
{
    const char *p = cp.ptr, *end = cp.ptr + cp.len;
    size_t cells = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        const layout_item *item = &l->items[i];
        if ((size_t)(end - p) < item->key_len ||
            memcmp(p, l->keys + item->key_at, item->key_len) != 0)
            return false;
        const char *value = p + item->key_len;
        p = scan_value(d, item, value, end, &d->cells[cells]);
        if (!p) return false;
        d->flag_of_item[i] = *value;
        if (item->separator) {
            if (p >= end || *p++ != item->separator) return false;
        }
        cells += item->kind != ITEM_TIME;
    }
    if (p != end) return false;
    cells = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        const layout_item *item = &l->items[i];
        if (item->kind == ITEM_TIME) continue;
        d->flags[cells++] = item->flag_item < 0 ? 0 : d->flag_of_item[item->flag_item];
    }
    *n = cells;
    return true;
}

static bool read_short(qk_decoder *d, decode_stream *s, qk_decoded *out)
{
    qk_str cp = str_of(out->packet.head.cp);
    for (uint32_t i = 0; i < s->used; i++) {
        if (!read_by_layout(d, &s->layouts[i], cp, &out->n)) continue;
        out->packet.deviations |= s->layouts[i].deviations;
        if (i > 0) { /* the one that fits is tried first next time */
            layout l = s->layouts[i];
            s->layouts[i] = s->layouts[0];
            s->layouts[0] = l;
        }
        out->fast = true;
        return true;
    }
    return false;
}

/* ---- the long way ---- */

typedef struct long_walk {
    qk_decoder *d;
    decode_stream *s;
    qk_decoded *out;
    size_t items, keys_len;
    bool cacheable;
    bool old_codes; /* codes of 2005 stand for those of 2017 */
} long_walk;

static qk_str field_name(const qk_hj212_item *item)
{
    if (item->field == QK_HJ212_F_OTHER) return str_of(item->field_text);
    return qk_str_of(qk_hj212_field_name(item->field));
}

static bool column_taken(const qk_decoder *d, size_t n, qk_column_id column)
{
    for (size_t i = 0; i < n; i++)
        if (d->cells[i].column == column) return true;
    return false;
}

/* The column of an item; a key met again in the frame goes to "field~2" … "field~9". */
static qk_code column_of(long_walk *w, qk_str code, qk_str field, qk_column_id *out, qk_error *err)
{
    const qk_decode_hooks *h = &w->d->hooks;
    QK_TRY(h->column(h->context, w->s->user, out, code, field, err));
    for (char turn = '2'; turn <= '9' && column_taken(w->d, w->out->n, *out); turn++) {
        char name[16 + 2];
        qk_str_copy(name, sizeof name - 2, field);
        size_t len = strlen(name);
        name[len] = '~', name[len + 1] = turn;
        QK_TRY(h->column(h->context, w->s->user, out, code, (qk_str){name, len + 2}, err));
    }
    return column_taken(w->d, w->out->n, *out) ? QK_EFULL : QK_OK;
}

static item_kind kind_of(const qk_hj212_item *item)
{
    if (item->field == QK_HJ212_F_FLAG) return ITEM_FLAG;
    if (item->field == QK_HJ212_F_OTHER) return ITEM_FREE;
    return qk_hj212_field_is_number(item->field) ? ITEM_NUMBER : ITEM_TEXT;
}

static void set_value(qk_cell *cell, const qk_hj212_item *item)
{
    qk_hj212_number number;
    qk_str text = str_of(item->value);
    if (text.len > TEXT_MAX) text.len = qk_utf8_cut((qk_str){text.ptr, TEXT_MAX});
    cell->type = QK_CELL_TEXT;
    cell->text = text;
    item_kind kind = kind_of(item);
    if (kind == ITEM_FREE) set_free_text(cell, text);
    if (kind != ITEM_NUMBER || !qk_hj212_number_parse(&number, item->value)) return;
    cell->type = QK_CELL_NUMBER;
    cell->number = (qk_dec){number.mantissa, number.scale};
}

/* Remembers the item for the layout: "key=" and what follows its value. */
static void note_item(long_walk *w, const qk_hj212_item *item, item_kind kind, qk_column_id column)
{
    qk_decoder *d = w->d;
    /* Without blanks and with one '=' the key ends right before it. */
    memcpy(d->keys + w->keys_len, item->key.ptr, item->key.len);
    d->keys[w->keys_len + item->key.len] = '=';
    d->items[w->items] = (layout_item){.key_at = (uint32_t)w->keys_len,
                                       .key_len = (uint16_t)(item->key.len + 1),
                                       .flag_item = -1,
                                       .separator = item->separator,
                                       .kind = (uint8_t)kind,
                                       .column = column};
    d->codes[w->items++] = str_of(item->code);
    w->keys_len += item->key.len + 1;
}

/* Whether the device speaks 2005: as registered, else as its frame says. What nobody registered is
 * kept under the codes it sent. */
static bool speaks_2005(const qk_decoder *d, const qk_decoded *out)
{
    qk_device device;
    if (!d->hooks.device || !d->hooks.device(d->hooks.context, &device, out->mn)) return false;
    return device.dialect ? device.dialect == 2005 : out->packet.head.version == QK_HJ212_2005;
}

/* Old outlets say "02" where the register and the limits say a21026. */
static qk_str code_today(const long_walk *w, qk_hj212_text code)
{
    const qk_hj212_factor *f = w->old_codes && code.len ? qk_hj212_factor_find(code) : NULL;
    return f && f->old && qk_hj212_text_is(code, f->old) ? qk_str_of(f->code) : str_of(code);
}

static qk_code take_item(long_walk *w, const qk_hj212_item *item, qk_error *err)
{
    qk_decoder *d = w->d;
    qk_str code = code_today(w, item->code), field = field_name(item);
    if (item->field == QK_HJ212_F_DATATIME && !item->code.ptr) {
        note_item(w, item, ITEM_TIME, 0);
        return QK_OK;
    }
    bool alone = item->field >= QK_HJ212_F_DATATIME && !item->code.ptr;
    if (!item->has_value || item->value.len == 0 || alone) {
        w->cacheable = false;
        return QK_OK;
    }
    qk_cell cell = {0};
    qk_code got = QK_EFULL;
    if (w->out->n < CELLS_MAX && code.len < QK_CODE_MAX && field.len < 16 && field.len > 0)
        got = column_of(w, code, field, &cell.column, err);
    if (got == QK_EFULL) {
        w->out->skipped++;
        w->cacheable = false;
        return QK_OK;
    }
    if (got) return got;
    set_value(&cell, item);
    d->cells[w->out->n++] = cell;
    note_item(w, item, kind_of(item), cell.column);
    return QK_OK;
}

/* Gives each cell the flag of its factor and, for the layout, tells where that flag stands. */
static void spread_flags(long_walk *w, const qk_str *cell_codes)
{
    qk_decoder *d = w->d;
    size_t n = w->out->n;
    memset(d->flags, 0, n);
    for (size_t i = 0, cell = 0; i < w->items; i++) {
        if (d->items[i].kind == ITEM_TIME) continue;
        size_t mine = cell++;
        if (d->items[i].kind != ITEM_FLAG) continue;
        for (size_t k = 0, other = 0; k < w->items; k++) {
            if (d->items[k].kind == ITEM_TIME) continue;
            size_t at = other++;
            if (!qk_str_eq(cell_codes[k], cell_codes[i])) continue;
            d->flags[at] = d->cells[mine].text.ptr[0];
            d->items[k].flag_item = (int16_t)i;
        }
    }
}

static const uint64_t layout_deviations =
    QK_HJ212_BIT(QK_HJ212_D_TRAILING_SEPARATOR) | QK_HJ212_BIT(QK_HJ212_D_KEY_REPEATED) |
    QK_HJ212_BIT(QK_HJ212_D_CP_LAYOUT) | QK_HJ212_BIT(QK_HJ212_D_FIELD_CASE) |
    QK_HJ212_BIT(QK_HJ212_D_NO_DATA_TIME);
static const uint64_t loose_deviations =
    QK_HJ212_BIT(QK_HJ212_D_BLANKS) | QK_HJ212_BIT(QK_HJ212_D_EMPTY_ITEM) |
    QK_HJ212_BIT(QK_HJ212_D_ITEM_WITHOUT_EQUALS) | QK_HJ212_BIT(QK_HJ212_D_EMPTY_KEY) |
    QK_HJ212_BIT(QK_HJ212_D_EMPTY_VALUE) | QK_HJ212_BIT(QK_HJ212_D_TEXT_UNCLOSED) |
    QK_HJ212_BIT(QK_HJ212_D_RANGE_COMMA) | QK_HJ212_BIT(QK_HJ212_D_RANGE_SEMICOLON) |
    QK_HJ212_BIT(QK_HJ212_D_QN_IN_CP);

static void keep_layout(long_walk *w, uint64_t deviations)
{
    qk_decoder *d = w->d;
    decode_stream *s = w->s;
    layout fresh = {.n = (uint32_t)w->items, .deviations = deviations & layout_deviations};
    fresh.items = malloc(w->items * sizeof *fresh.items);
    fresh.keys = malloc(w->keys_len);
    if (!fresh.items || !fresh.keys) {
        clear_layout(&fresh);
        return;
    }
    memcpy(fresh.items, d->items, w->items * sizeof *fresh.items);
    memcpy(fresh.keys, d->keys, w->keys_len);
    uint32_t place = s->used < LAYOUTS ? s->used++ : s->next++ % LAYOUTS;
    clear_layout(&s->layouts[place]);
    s->layouts[place] = fresh;
}

static qk_code read_long(qk_decoder *d, decode_stream *s, qk_decoded *out, qk_error *err)
{
    long_walk w = {
        .d = d, .s = s, .out = out, .cacheable = !d->slow, .old_codes = speaks_2005(d, out)};
    qk_hj212_items it;
    qk_hj212_item item;
    uint64_t before = out->packet.deviations;
    out->packet.deviations = 0;
    qk_hj212_items_init(&it, &out->packet);
    while (qk_hj212_items_next(&it, &item)) QK_TRY(take_item(&w, &item, err));
    uint64_t found = out->packet.deviations;
    out->packet.deviations |= before;
    if (found & loose_deviations || w.items == 0) w.cacheable = false;
    spread_flags(&w, d->codes);
    if (w.cacheable) keep_layout(&w, found);
    return QK_OK;
}

/* ---- the frame ---- */

static bool parse_key(uint8_t out[QK_HJ212_SM4_KEY], const char *hex)
{
    if (strlen(hex) != 2 * QK_HJ212_SM4_KEY) return false;
    for (size_t i = 0; i < 2 * QK_HJ212_SM4_KEY; i++) {
        char c = qk_to_lower(hex[i]);
        int v = qk_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0) return false;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | v : v << 4);
    }
    return true;
}

/* Tries the device's key on what may be cipher text. */
static void try_open(qk_decoder *d, qk_decoded *out, const qk_hj212_frame *frame)
{
    qk_device device;
    uint8_t key[QK_HJ212_SM4_KEY];
    qk_hj212_sm4 sm4;
    qk_hj212_frame plain;
    if (!d->hooks.device || !d->hooks.device(d->hooks.context, &device, out->mn)) return;
    if (!parse_key(key, device.key)) return;
    qk_hj212_sm4_init(&sm4, key);
    if (qk_hj212_open(&plain, frame, &sm4, d->plain, sizeof d->plain))
        qk_hj212_parse(&out->packet, &plain);
}

static void find_time(qk_decoded *out, qk_time at)
{
    qk_hj212_time t;
    out->time_source = QK_TIME_SENT;
    if (out->packet.time_ok) {
        out->time = qk_hj212_time_utc_ms(&out->packet.time);
    } else if (qk_hj212_time_parse(&t, out->packet.head.qn) && out->packet.head.qn.len >= 14) {
        out->time = qk_hj212_time_utc_ms(&t);
        out->time_source = QK_TIME_OF_QN;
    } else {
        out->time = at;
        out->time_source = QK_TIME_OF_RECEIPT;
    }
}

static qk_code decode_row(qk_decoder *d, qk_decoded *out, qk_error *err)
{
    decode_stream *s = NULL;
    QK_TRY(find_stream(d, &s, out->mn, out->kind, err));
    assert(s);
    out->user = s->user;
    out->cells = d->cells;
    out->flags = d->flags;
    if (!d->slow && read_short(d, s, out)) return QK_OK;
    out->n = 0;
    return read_long(d, s, out, err);
}

qk_code qk_decode(qk_decoder *d, qk_decoded *out, qk_str bytes, qk_time at, qk_error *err)
{
    qk_hj212_frame frame;
    qk_hj212_step step;
    out->kind = (qk_stream_kind)0;
    out->user = NULL;
    out->cells = NULL;
    out->flags = NULL;
    out->n = 0;
    out->skipped = 0;
    out->fast = false;
    if (bytes.len > FRAME_MAX) bytes.len = FRAME_MAX;
    if (qk_hj212_next(bytes.ptr, bytes.len, true, &frame, &step) != QK_HJ212_FRAME)
        qk_hj212_frame_of_segment(&frame, (qk_hj212_text){bytes.ptr, bytes.len});
    qk_hj212_parse(&out->packet, &frame);
    if (frame.refusal == QK_HJ212_R_TRUNCATED || frame.refusal == QK_HJ212_R_TOO_LONG)
        out->packet.refusal = frame.refusal;
    out->mn = str_of(out->packet.head.mn);
    bool cipher = frame.binary || out->packet.refusal == QK_HJ212_R_ENCRYPTED;
    if (cipher && out->mn.len && out->mn.len < QK_MN_MAX) {
        try_open(d, out, &frame);
        out->mn = str_of(out->packet.head.mn);
    }
    find_time(out, at);
    if (out->packet.refusal || out->mn.len == 0 || out->mn.len >= QK_MN_MAX) return QK_OK;
    out->kind = qk_decode_kind(out->packet.head.command);
    return out->kind ? decode_row(d, out, err) : QK_OK;
}
