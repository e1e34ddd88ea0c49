/* SPDX-License-Identifier: Apache-2.0 */
#include "store/telemetry_block.h"
#include "base/checksum.h"
#include "base/decimal.h"
#include <stdlib.h>

enum { TYPES_NUMBER = 0, TYPES_TEXT = 1, TYPES_MIXED = 2 };
/* How the digits as sent are told: all with the same number of decimals; each without trailing
 * zeros; a list beside mantissas at the largest scale; a list beside the mantissas as sent. */
enum { SCALES_ONE = 0, SCALES_TRIMMED = 1, SCALES_LISTED = 2, SCALES_RAW = 3 };
enum { FLAG_TYPES = 3, SHIFT_SCALES = 2, FLAG_LAGS = 16 };
enum {
    CELL_NONE = 0,
    CELL_NUMBER = 1,
    CELL_TEXT = 2,
    SCALE_MOST = QK_DEC_SCALE_MAX,
    TEXTS_MOST = 16 << 20
};
static const qk_time span_most = (qk_time)1 << 53;

struct qk_block_coder {
    qk_packer *packer;
    size_t cap;
    int64_t *work[2]; /* cap each */
    qk_buf text;
};

qk_code qk_block_coder_new(qk_block_coder **out)
{
    *out = NULL;
    qk_block_coder *c = calloc(1, sizeof *c);
    if (!c) return QK_ENOMEM;
    qk_buf_init(&c->text, TEXTS_MOST);
    if (qk_packer_new(&c->packer) != QK_OK) {
        free(c);
        return QK_ENOMEM;
    }
    *out = c;
    return QK_OK;
}

void qk_block_coder_free(qk_block_coder *coder)
{
    if (!coder) return;
    qk_packer_free(coder->packer);
    free(coder->work[0]);
    free(coder->work[1]);
    qk_buf_clear(&coder->text);
    free(coder);
}

static qk_code make_work(qk_block_coder *c, size_t n)
{
    if (n > QK_PACK_MAX) return QK_EINVAL;
    if (n <= c->cap) return QK_OK;
    size_t cap = c->cap ? c->cap : 256;
    while (cap < n) cap *= 2;
    for (int i = 0; i < 2; i++) {
        int64_t *more = realloc(c->work[i], cap * sizeof *more);
        if (!more) return QK_ENOMEM;
        c->work[i] = more;
    }
    c->cap = cap;
    return QK_OK;
}

/* ---- cells of one column ---- */

#define GROW(array, count)                                         \
    do {                                                           \
        void *more_ = realloc((array), (count) * sizeof *(array)); \
        if (!more_) return QK_ENOMEM;                              \
        (array) = more_;                                           \
    } while (0)

static qk_code make_rows(qk_cells *c, size_t n)
{
    if (n > c->cap) {
        size_t cap = c->cap ? c->cap : 64;
        while (cap < n) cap *= 2;
        GROW(c->type, cap);
        GROW(c->scale, cap);
        GROW(c->mantissa, cap);
        GROW(c->lag, cap);
        c->cap = cap;
    }
    c->n = n;
    c->text_count = 0;
    c->lagged = false;
    free(c->owned);
    c->owned = NULL;
    return QK_OK;
}

qk_code qk_cells_reset(qk_cells *c, size_t n)
{
    QK_TRY(make_rows(c, n));
    c->one_type = -1;
    c->one_scale = -1;
    if (n > 0) memset(c->type, CELL_NONE, n);
    if (c->slots) memset(c->slots, 0, c->slot_count * sizeof *c->slots);
    return QK_OK;
}

void qk_cells_clear(qk_cells *c)
{
    free(c->type);
    free(c->scale);
    free(c->mantissa);
    free(c->lag);
    free(c->texts);
    free(c->owned);
    free(c->slots);
    *c = (qk_cells){0};
}

size_t qk_cells_bytes(const qk_cells *c)
{
    return c->cap * (sizeof *c->type + sizeof *c->scale + sizeof *c->mantissa + sizeof *c->lag) +
           c->text_cap * sizeof *c->texts + c->slot_count * sizeof *c->slots;
}

static void set_lag(qk_cells *c, size_t i, int32_t lag)
{
    if (lag != 0 && !c->lagged) {
        memset(c->lag, 0, c->n * sizeof *c->lag);
        c->lagged = true;
    }
    if (c->lagged) c->lag[i] = lag;
}

void qk_cells_number(qk_cells *c, size_t i, int64_t mantissa, int8_t scale, int32_t lag)
{
    c->type[i] = CELL_NUMBER;
    c->mantissa[i] = mantissa;
    c->scale[i] = scale;
    set_lag(c, i, lag);
}

static qk_code rebuild_slots(qk_cells *c)
{
    size_t count = c->slot_count ? c->slot_count * 2 : 16;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots) return QK_ENOMEM;
    for (size_t i = 0; i < c->text_count; i++) {
        size_t at = qk_hash(c->texts[i].ptr, c->texts[i].len) & (count - 1);
        while (slots[at]) at = (at + 1) & (count - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(c->slots);
    c->slots = slots;
    c->slot_count = count;
    return QK_OK;
}

static qk_code make_text(qk_cells *c)
{
    if (c->text_count == c->text_cap) {
        size_t cap = c->text_cap ? c->text_cap * 2 : 4;
        GROW(c->texts, cap);
        c->text_cap = cap;
    }
    return c->text_count * 2 >= c->slot_count ? rebuild_slots(c) : QK_OK;
}

static qk_code find_text(qk_cells *c, qk_str text, size_t *index)
{
    QK_TRY(make_text(c));
    size_t at = qk_hash(text.ptr, text.len) & (c->slot_count - 1);
    for (; c->slots[at]; at = (at + 1) & (c->slot_count - 1)) {
        *index = c->slots[at] - 1;
        if (qk_str_eq(c->texts[*index], text)) return QK_OK;
    }
    *index = c->text_count;
    c->texts[c->text_count++] = text;
    c->slots[at] = (uint32_t)c->text_count;
    return QK_OK;
}

qk_code qk_cells_text(qk_cells *c, size_t i, qk_str text, int32_t lag)
{
    size_t index = i > 0 && c->type[i - 1] == CELL_TEXT ? (size_t)c->mantissa[i - 1] : SIZE_MAX;
    if (index == SIZE_MAX || !qk_str_eq(c->texts[index], text)) QK_TRY(find_text(c, text, &index));
    c->type[i] = CELL_TEXT;
    c->mantissa[i] = (int64_t)index;
    c->scale[i] = 0;
    set_lag(c, i, lag);
    return QK_OK;
}

/* ---- wrapping ---- */

static uint32_t checksum(uint64_t key, const char *bytes, size_t len)
{
    return qk_crc32c(qk_crc32c(0, &key, sizeof key), bytes, len);
}

size_t qk_block_begin(qk_buf *out, uint8_t kind)
{
    size_t start = out->len;
    qk_buf_append(out, "\0\0\0", 4);
    qk_buf_putc(out, (char)kind);
    return start;
}

void qk_block_seal(qk_buf *out, size_t start, uint64_t key)
{
    if (out->failed != QK_OK) return;
    uint32_t crc = checksum(key, out->ptr + start + 4, out->len - start - 4);
    memcpy(out->ptr + start, &crc, sizeof crc);
}

qk_code qk_block_open(qk_str *body, uint8_t kind, uint64_t key, qk_str block)
{
    uint32_t crc;
    if (block.len < 5 || (uint8_t)block.ptr[4] != kind) return QK_EDAMAGED;
    memcpy(&crc, block.ptr, sizeof crc);
    if (crc != checksum(key, block.ptr + 4, block.len - 4)) return QK_EDAMAGED;
    *body = (qk_str){block.ptr + 5, block.len - 5};
    return QK_OK;
}

/* What the packer calls a fault of form is damage here. */
static qk_code as_damage(qk_code code)
{
    return code == QK_EFORMAT ? QK_EDAMAGED : code;
}

/* ---- times ---- */

static bool whole_seconds(const qk_time *times, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (times[i] % QK_SECOND != 0) return false;
    return true;
}

static void put_span(qk_buf *out, const qk_time *times, size_t n)
{
    qk_buf_varint(out, n);
    qk_buf_varint(out, qk_zigzag(times[0]));
    qk_buf_varint(out, (uint64_t)(times[n - 1] - times[0]));
}

qk_code qk_block_put_times(qk_block_coder *coder, qk_buf *out, uint64_t key, const qk_time *times,
                           const int64_t *delay_s, size_t n)
{
    if (n == 0) return QK_EINVAL;
    for (size_t i = 1; i < n; i++)
        if (times[i] <= times[i - 1]) return QK_EINVAL;
    if (times[0] < -span_most || times[n - 1] > span_most) return QK_EINVAL;
    QK_TRY(make_work(coder, n));
    qk_time unit = whole_seconds(times, n) ? QK_SECOND : 1;
    int64_t *steps = coder->work[0];
    for (size_t i = 1; i < n; i++) steps[i - 1] = (times[i] - times[i - 1]) / unit;
    size_t start = qk_block_begin(out, QK_BLOCK_TIMES);
    put_span(out, times, n);
    qk_buf_putc(out, unit == QK_SECOND);
    QK_TRY(qk_pack_ints(coder->packer, out, steps, n - 1));
    QK_TRY(qk_pack_ints(coder->packer, out, delay_s, n));
    qk_block_seal(out, start, key);
    return out->failed;
}

static qk_code cut_span(qk_block_span *span, qk_str *rest)
{
    uint64_t n;
    uint64_t first;
    uint64_t width;
    QK_TRY(qk_cut_varint(&n, rest));
    QK_TRY(qk_cut_varint(&first, rest));
    QK_TRY(qk_cut_varint(&width, rest));
    span->first = qk_unzigzag(first);
    if (n == 0 || n > QK_PACK_MAX || width > (uint64_t)span_most * 2 || span->first < -span_most ||
        span->first > span_most)
        return QK_EFORMAT;
    span->n = (size_t)n;
    span->last = span->first + (qk_time)width;
    return QK_OK;
}

qk_code qk_block_peek(qk_block_span *span, qk_str block)
{
    if (block.len < 5 || block.ptr[4] != QK_BLOCK_TIMES) return QK_EDAMAGED;
    qk_str rest = {block.ptr + 5, block.len - 5};
    return as_damage(cut_span(span, &rest));
}

static qk_code restore_times(qk_time *times, const int64_t *steps, const qk_block_span *span,
                             qk_time unit)
{
    qk_time at = span->first;
    int64_t left = (span->last - at) / unit; /* steps to come, in units */
    times[0] = at;
    for (size_t i = 1; i < span->n; i++) {
        int64_t step = steps[i - 1];
        if (step <= 0 || step > left) return QK_EDAMAGED;
        left -= step;
        times[i] = at += step * unit;
    }
    return at == span->last ? QK_OK : QK_EDAMAGED;
}

qk_code qk_block_get_times(qk_block_coder *coder, qk_time *times, int64_t *delay_s,
                           const qk_block_span *span, uint64_t key, qk_str block)
{
    qk_str rest;
    qk_block_span own;
    QK_TRY(qk_block_open(&rest, QK_BLOCK_TIMES, key, block));
    QK_TRY(as_damage(cut_span(&own, &rest)));
    if (own.n != span->n || own.first != span->first || own.last != span->last || rest.len == 0)
        return QK_EDAMAGED;
    qk_time unit = *rest.ptr ? QK_SECOND : 1;
    rest.ptr++;
    rest.len--;
    QK_TRY(make_work(coder, own.n));
    QK_TRY(as_damage(qk_unpack_ints(coder->packer, coder->work[0], own.n - 1, &rest)));
    QK_TRY(restore_times(times, coder->work[0], &own, unit));
    QK_TRY(as_damage(qk_unpack_ints(coder->packer, delay_s, own.n, &rest)));
    return rest.len == 0 ? QK_OK : QK_EDAMAGED;
}

/* ---- numbers ---- */

/* Decimals left when trailing zeros after the point go. */
static int8_t trimmed_scale(int64_t mantissa, int8_t scale)
{
    if (mantissa == 0) return 0;
    while (scale > 0 && mantissa % 10 == 0) {
        mantissa /= 10;
        scale--;
    }
    return scale;
}

typedef struct numbers {
    size_t count;
    int8_t most; /* largest scale */
    int how;     /* SCALES_ONE ... */
} numbers;

static numbers measure_numbers(const qk_cells *c)
{
    numbers m = {.how = SCALES_ONE};
    int8_t least = SCALE_MOST;
    bool fits = true;
    bool trimmed = true;
    for (size_t i = 0; i < c->n; i++) {
        if (c->type[i] != CELL_NUMBER) continue;
        m.count++;
        if (c->scale[i] > m.most) m.most = c->scale[i];
        if (c->scale[i] < least) least = c->scale[i];
    }
    if (m.count == 0 || least == m.most) return m;
    for (size_t i = 0; i < c->n && fits; i++) {
        if (c->type[i] != CELL_NUMBER) continue;
        int64_t wide;
        fits =
            !__builtin_mul_overflow(c->mantissa[i], qk_power_of_ten[m.most - c->scale[i]], &wide);
        trimmed = trimmed && trimmed_scale(c->mantissa[i], c->scale[i]) == c->scale[i];
    }
    m.how = !fits ? SCALES_RAW : trimmed ? SCALES_TRIMMED : SCALES_LISTED;
    return m;
}

static qk_code put_numbers(qk_block_coder *k, qk_buf *out, const qk_cells *c, const numbers *m)
{
    if (m->count == 0) return QK_OK;
    size_t at = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->type[i] != CELL_NUMBER) continue;
        int64_t up = m->how == SCALES_RAW ? 1 : qk_power_of_ten[m->most - c->scale[i]];
        k->work[0][at] = c->mantissa[i] * up;
        k->work[1][at++] = (uint8_t)c->scale[i];
    }
    qk_buf_putc(out, m->most);
    if (m->how >= SCALES_LISTED) QK_TRY(qk_pack_ints(k->packer, out, k->work[1], at));
    return qk_pack_ints(k->packer, out, k->work[0], at);
}

/* Moves the first `count` packed values to the rows of the wanted type, from the back. */
static void spread(qk_cells *c, size_t count, int type)
{
    if (count == c->n) return;
    for (size_t i = c->n; i-- > 0;)
        if (c->type[i] == type) c->mantissa[i] = c->mantissa[--count];
}

static qk_code get_scales(qk_cells *c, const int64_t *listed, int8_t most, int how)
{
    size_t at = 0;
    c->one_scale = -1;
    for (size_t i = 0; i < c->n; i++) {
        c->scale[i] = 0;
        if (qk_cells_type(c, i) != CELL_NUMBER) continue;
        if (how == SCALES_TRIMMED) {
            c->scale[i] = trimmed_scale(c->mantissa[i], most);
        } else {
            if (listed[at] < 0 || listed[at] > most) return QK_EDAMAGED;
            c->scale[i] = (int8_t)listed[at++];
        }
        if (how != SCALES_RAW) c->mantissa[i] /= qk_power_of_ten[most - c->scale[i]];
    }
    return QK_OK;
}

static qk_code get_numbers(qk_block_coder *k, qk_cells *c, size_t count, int how, qk_str *rest)
{
    c->one_scale = 0;
    if (count == 0) return how == SCALES_ONE ? QK_OK : QK_EDAMAGED;
    if (rest->len == 0 || (uint8_t)*rest->ptr > SCALE_MOST) return QK_EDAMAGED;
    int8_t most = (int8_t)*rest->ptr;
    rest->ptr++;
    rest->len--;
    if (how >= SCALES_LISTED) QK_TRY(as_damage(qk_unpack_ints(k->packer, k->work[1], count, rest)));
    QK_TRY(as_damage(qk_unpack_ints(k->packer, c->mantissa, count, rest)));
    spread(c, count, CELL_NUMBER);
    c->one_scale = most;
    return how == SCALES_ONE ? QK_OK : get_scales(c, k->work[1], most, how);
}

/* ---- texts ---- */

static qk_code put_texts(qk_block_coder *k, qk_buf *out, const qk_cells *c, size_t count)
{
    if (count == 0) return QK_OK;
    qk_buf_reset(&k->text);
    for (size_t i = 0; i < c->text_count; i++) {
        k->work[0][i] = (int64_t)c->texts[i].len;
        if (c->texts[i].len > 0) qk_buf_append(&k->text, c->texts[i].ptr, c->texts[i].len);
    }
    if (k->text.failed != QK_OK) return k->text.failed;
    qk_buf_varint(out, c->text_count);
    QK_TRY(qk_pack_ints(k->packer, out, k->work[0], c->text_count));
    QK_TRY(qk_pack_bytes(k->packer, out, qk_buf_str(&k->text)));
    size_t at = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->type[i] == CELL_TEXT) k->work[0][at++] = c->mantissa[i];
    return qk_pack_ints(k->packer, out, k->work[0], at);
}

static qk_code own_texts(qk_cells *c, const int64_t *lens, qk_str all)
{
    size_t at = 0;
    c->owned = malloc(all.len + 1);
    if (!c->owned) return QK_ENOMEM;
    if (all.len > 0) memcpy(c->owned, all.ptr, all.len);
    for (size_t i = 0; i < c->text_count; i++) {
        if (lens[i] < 0 || lens[i] > QK_CELL_TEXT_MAX || (size_t)lens[i] > all.len - at)
            return QK_EDAMAGED;
        c->texts[i] = (qk_str){c->owned + at, (size_t)lens[i]};
        at += (size_t)lens[i];
    }
    return at == all.len ? QK_OK : QK_EDAMAGED;
}

static qk_code get_dictionary(qk_block_coder *k, qk_cells *c, size_t most, qk_str *rest)
{
    uint64_t count;
    qk_str all;
    QK_TRY(qk_cut_varint(&count, rest));
    if (count == 0 || count > most) return QK_EDAMAGED;
    if (count > c->text_cap) {
        GROW(c->texts, (size_t)count);
        c->text_cap = (size_t)count;
    }
    c->text_count = (size_t)count;
    QK_TRY(qk_unpack_ints(k->packer, k->work[0], c->text_count, rest));
    QK_TRY(qk_unpack_bytes(k->packer, &all, TEXTS_MOST, rest));
    return own_texts(c, k->work[0], all);
}

static qk_code get_texts(qk_block_coder *k, qk_cells *c, size_t count, qk_str *rest)
{
    if (count == 0) return QK_OK;
    QK_TRY(as_damage(get_dictionary(k, c, count, rest)));
    QK_TRY(as_damage(qk_unpack_ints(k->packer, k->work[0], count, rest)));
    size_t at = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (qk_cells_type(c, i) != CELL_TEXT) continue;
        int64_t index = k->work[0][at++];
        if (index < 0 || (uint64_t)index >= c->text_count) return QK_EDAMAGED;
        c->mantissa[i] = index;
        if (c->one_scale < 0) c->scale[i] = 0;
    }
    return QK_OK;
}

/* ---- cells ---- */

static qk_code put_lags(qk_block_coder *k, qk_buf *out, const qk_cells *c)
{
    size_t at = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->type[i] != CELL_NONE) k->work[0][at++] = c->lag[i];
    return qk_pack_ints(k->packer, out, k->work[0], at);
}

static qk_code get_lags(qk_block_coder *k, qk_cells *c, size_t count, qk_str *rest)
{
    size_t at = 0;
    QK_TRY(as_damage(qk_unpack_ints(k->packer, k->work[0], count, rest)));
    for (size_t i = 0; i < c->n; i++) {
        int64_t lag = qk_cells_type(c, i) == CELL_NONE ? 0 : k->work[0][at++];
        if (lag < INT32_MIN || lag > INT32_MAX) return QK_EDAMAGED;
        c->lag[i] = (int32_t)lag;
    }
    c->lagged = true;
    return QK_OK;
}

static size_t count_type(const qk_cells *c, int type)
{
    size_t count = 0;
    for (size_t i = 0; i < c->n; i++) count += c->type[i] == type;
    return count;
}

static qk_code put_types(qk_block_coder *k, qk_buf *out, const qk_cells *c)
{
    for (size_t i = 0; i < c->n; i++) k->work[0][i] = c->type[i];
    return qk_pack_ints(k->packer, out, k->work[0], c->n);
}

qk_code qk_block_put_cells(qk_block_coder *k, qk_buf *out, uint64_t key, const qk_cells *c)
{
    if (c->n == 0) return QK_EINVAL;
    QK_TRY(make_work(k, c->n));
    numbers m = measure_numbers(c);
    size_t texts = count_type(c, CELL_TEXT);
    int types = m.count == c->n ? TYPES_NUMBER : texts == c->n ? TYPES_TEXT : TYPES_MIXED;
    size_t start = qk_block_begin(out, QK_BLOCK_CELLS);
    qk_buf_varint(out, c->n);
    qk_buf_putc(out, (char)(types | m.how << SHIFT_SCALES | (c->lagged ? FLAG_LAGS : 0)));
    if (types == TYPES_MIXED) QK_TRY(put_types(k, out, c));
    QK_TRY(put_numbers(k, out, c, &m));
    QK_TRY(put_texts(k, out, c, texts));
    if (c->lagged) QK_TRY(put_lags(k, out, c));
    qk_block_seal(out, start, key);
    return out->failed;
}

static qk_code get_types(qk_block_coder *k, qk_cells *c, int types, qk_str *rest)
{
    c->one_type = types == TYPES_NUMBER ? CELL_NUMBER : types == TYPES_TEXT ? CELL_TEXT : -1;
    if (types != TYPES_MIXED) return types < TYPES_MIXED ? QK_OK : QK_EDAMAGED;
    QK_TRY(as_damage(qk_unpack_ints(k->packer, k->work[0], c->n, rest)));
    for (size_t i = 0; i < c->n; i++) {
        if (k->work[0][i] < CELL_NONE || k->work[0][i] > CELL_TEXT) return QK_EDAMAGED;
        c->type[i] = (uint8_t)k->work[0][i];
    }
    return QK_OK;
}

static size_t count_cells(const qk_cells *c, int type)
{
    if (c->one_type >= 0) return c->one_type == type ? c->n : 0;
    return count_type(c, type);
}

static qk_code get_body(qk_block_coder *k, qk_cells *c, qk_str *rest)
{
    if (rest->len == 0) return QK_EDAMAGED;
    unsigned flags = (uint8_t)*rest->ptr;
    rest->ptr++;
    rest->len--;
    QK_TRY(get_types(k, c, flags & FLAG_TYPES, rest));
    size_t count = count_cells(c, CELL_NUMBER);
    size_t texts = count_cells(c, CELL_TEXT);
    QK_TRY(get_numbers(k, c, count, (int)(flags >> SHIFT_SCALES & 3), rest));
    QK_TRY(get_texts(k, c, texts, rest));
    if (flags & FLAG_LAGS) QK_TRY(get_lags(k, c, count + texts, rest));
    return rest->len == 0 && flags < 2 * FLAG_LAGS ? QK_OK : QK_EDAMAGED;
}

qk_code qk_block_get_cells(qk_block_coder *k, qk_cells *c, size_t n, uint64_t key, qk_str block)
{
    qk_str rest;
    uint64_t own;
    QK_TRY(qk_block_open(&rest, QK_BLOCK_CELLS, key, block));
    QK_TRY(as_damage(qk_cut_varint(&own, &rest)));
    if (own != n || n == 0 || n > QK_PACK_MAX) return QK_EDAMAGED;
    QK_TRY(make_work(k, n));
    QK_TRY(make_rows(c, n));
    return get_body(k, c, &rest);
}
