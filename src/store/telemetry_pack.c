/* SPDX-License-Identifier: Apache-2.0 */
#include "store/telemetry_pack.h"
#include <stdlib.h>
#include <zstd.h>

typedef enum form { FORM_ONE = 0, FORM_RUNS, FORM_BITS, FORM_RICE, FORM_PLANES, FORMS } form;
typedef enum residual { FROM_LEAST = 0, FROM_BEFORE, RESIDUALS } residual;

enum {
    QUOTIENT_MOST = 24, /* longer quotients are escaped */
    PLANES_FROM = 192,  /* shorter rows never pay for the tables of zstd */
    ZSTD_LEVEL = 1,
    BYTES_FROM = 64
};
/* Keeps the running mean from overflow and the width within one load. */
static const uint64_t learn_most = ((uint64_t)1 << 40) - 1;

struct qk_packer {
    size_t cap;
    uint64_t *residuals[RESIDUALS]; /* cap each */
    uint8_t *plane;                 /* cap */
    uint8_t *bytes;                 /* byte strings unpacked */
    size_t bytes_cap;
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
};

qk_code qk_packer_new(qk_packer **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? QK_OK : QK_ENOMEM;
}

void qk_packer_free(qk_packer *p)
{
    if (!p) return;
    free(p->residuals[FROM_LEAST]);
    free(p->residuals[FROM_BEFORE]);
    free(p->plane);
    free(p->bytes);
    ZSTD_freeCCtx(p->compressor);
    ZSTD_freeDCtx(p->decompressor);
    free(p);
}

static qk_code make_room(qk_packer *p, size_t n)
{
    if (n <= p->cap) return QK_OK;
    size_t cap = p->cap ? p->cap : 256;
    while (cap < n) cap *= 2;
    for (residual r = 0; r < RESIDUALS; r++) {
        uint64_t *more = realloc(p->residuals[r], cap * sizeof *more);
        if (!more) return QK_ENOMEM;
        p->residuals[r] = more;
    }
    uint8_t *plane = realloc(p->plane, cap);
    if (!plane) return QK_ENOMEM;
    p->plane = plane;
    p->cap = cap;
    return QK_OK;
}

static inline unsigned bits_of(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

static unsigned varint_size(uint64_t v)
{
    return v ? (bits_of(v) + 6) / 7 : 1;
}

void qk_buf_varint(qk_buf *out, uint64_t v)
{
    uint8_t bytes[QK_VARINT_MOST];
    qk_buf_append(out, bytes, (size_t)(qk_varint_put(bytes, v) - bytes));
}

qk_code qk_cut_varint(uint64_t *v, qk_str *rest)
{
    const uint8_t *at = (const uint8_t *)rest->ptr;
    const uint8_t *next = at ? qk_varint_get(v, at, at + rest->len) : NULL;
    if (!next) return QK_EFORMAT;
    rest->ptr += next - at;
    rest->len -= (size_t)(next - at);
    return QK_OK;
}

/* ---- measuring ---- */

typedef struct measure {
    uint64_t least;   /* of the values, as int64 */
    uint64_t divisor; /* of the distances from it, at least 1 */
    uint64_t runs;
    uint64_t step; /* mean of the differences of the distances, as int64 */
} measure;

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (a) {
        uint64_t rest = b % a;
        b = a;
        a = rest;
    }
    return b;
}

static measure measure_values(const int64_t *values, size_t n)
{
    measure m = {.runs = 1};
    int64_t least = values[0];
    for (size_t i = 1; i < n; i++) {
        m.runs += values[i] != values[i - 1];
        if (values[i] < least) least = values[i];
    }
    m.least = (uint64_t)least;
    for (size_t i = 0; i < n && m.divisor != 1; i++)
        m.divisor = common_divisor((uint64_t)values[i] - m.least, m.divisor);
    if (m.divisor == 0) m.divisor = 1;
    return m;
}

static void fill_residuals(qk_packer *p, measure *m, const int64_t *values, size_t n)
{
    uint64_t *flat = p->residuals[FROM_LEAST];
    uint64_t *step = p->residuals[FROM_BEFORE];
    for (size_t i = 0; i < n; i++) flat[i] = (uint64_t)values[i] - m->least;
    if (m->divisor > 1)
        for (size_t i = 0; i < n; i++) flat[i] /= m->divisor;
    int64_t way = (int64_t)(flat[n - 1] - flat[0]);
    m->step = n > 1 ? (uint64_t)(way / (int64_t)(n - 1)) : 0;
    step[0] = flat[0];
    for (size_t i = 1; i < n; i++) step[i] = qk_zigzag((int64_t)(flat[i] - flat[i - 1] - m->step));
}

/* ---- bit fields ---- */

typedef struct bit_writer {
    uint8_t *at;
    uint64_t held;
    unsigned used;
} bit_writer;

static inline void put_bits(bit_writer *w, uint64_t v, unsigned width)
{
    if (width == 0) return;
    w->held |= v << w->used;
    unsigned total = w->used + width;
    if (total >= 64) {
        memcpy(w->at, &w->held, 8);
        w->at += 8;
        total -= 64;
        w->held = total ? v >> (width - total) : 0;
    }
    w->used = total;
}

static uint8_t *end_bits(bit_writer *w)
{
    for (unsigned i = 0; i < w->used; i += 8) *w->at++ = (uint8_t)(w->held >> i);
    return w->at;
}

/* Up to 57 bits at a bit position; bits beyond the end read as zero, which the callers rule out by
 * their own count. Little-endian machines only, as everything in the block files. */
static inline uint64_t load_bits(const uint8_t *bytes, size_t len, size_t bit)
{
    size_t at = bit >> 3;
    uint64_t v = 0;
    if (at + 8 <= len)
        memcpy(&v, bytes + at, 8);
    else if (at < len)
        memcpy(&v, bytes + at, len - at);
    return v >> (bit & 7);
}

static inline uint64_t load_wide(const uint8_t *bytes, size_t len, size_t bit, unsigned width)
{
    uint64_t low = load_bits(bytes, len, bit);
    if (width <= 57) return low & (((uint64_t)1 << width) - 1);
    uint64_t high = load_bits(bytes, len, bit + 32) & (((uint64_t)1 << (width - 32)) - 1);
    return (low & UINT32_MAX) | high << 32;
}

/* ---- form: bit fields of one width, with exceptions ---- */

static uint64_t bits_cost(unsigned *width, const uint64_t *u, size_t n)
{
    uint32_t count[65] = {0};
    for (size_t i = 0; i < n; i++) count[bits_of(u[i])]++;
    uint64_t best = UINT64_MAX;
    for (unsigned w = 0; w <= 64; w++) {
        uint64_t cost = ((uint64_t)n * w + 7) / 8;
        for (unsigned b = w + 1; b <= 64; b++) cost += count[b] * (uint64_t)(2 + (b - w - 1) / 7);
        if (cost < best) {
            best = cost;
            *width = w;
        }
    }
    return best + 2;
}

static qk_code put_bit_fields(qk_buf *out, const uint64_t *u, size_t n, unsigned width)
{
    uint8_t *room = (uint8_t *)qk_buf_reserve(out, n * 8 + 9);
    if (!room) return out->failed;
    uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
    size_t exceptions = 0;
    bit_writer w = {.at = room + 1};
    room[0] = (uint8_t)width;
    for (size_t i = 0; i < n; i++) {
        put_bits(&w, u[i] & mask, width);
        exceptions += u[i] > mask;
    }
    out->len += (size_t)(end_bits(&w) - room);
    qk_buf_varint(out, exceptions);
    size_t last = 0;
    for (size_t i = 0; exceptions > 0 && i < n; i++) {
        if (u[i] <= mask) continue;
        qk_buf_varint(out, i - last);
        qk_buf_varint(out, (u[i] >> width) - 1);
        last = i;
    }
    return out->failed;
}

static qk_code get_exceptions(uint64_t *u, size_t n, unsigned width, qk_str *rest)
{
    uint64_t exceptions;
    uint64_t at = 0;
    QK_TRY(qk_cut_varint(&exceptions, rest));
    if (exceptions > n || (exceptions > 0 && width >= 64)) return QK_EFORMAT;
    for (uint64_t i = 0; i < exceptions; i++) {
        uint64_t gap;
        uint64_t high;
        QK_TRY(qk_cut_varint(&gap, rest));
        QK_TRY(qk_cut_varint(&high, rest));
        if (gap >= n - at) return QK_EFORMAT;
        at += gap;
        u[at] |= (high + 1) << width;
    }
    return QK_OK;
}

static qk_code get_bit_fields(uint64_t *u, size_t n, qk_str *rest)
{
    if (rest->len < 1) return QK_EFORMAT;
    unsigned width = (uint8_t)rest->ptr[0];
    if (width > 64) return QK_EFORMAT;
    size_t len = (n * width + 7) / 8;
    if (rest->len - 1 < len) return QK_EFORMAT;
    const uint8_t *bytes = (const uint8_t *)rest->ptr + 1;
    if (width == 0) {
        memset(u, 0, n * sizeof *u);
    } else if (width <= 57) {
        uint64_t mask = ((uint64_t)1 << width) - 1;
        for (size_t i = 0; i < n; i++) u[i] = load_bits(bytes, len, i * width) & mask;
    } else {
        for (size_t i = 0; i < n; i++) u[i] = load_wide(bytes, len, i * width, width);
    }
    rest->ptr += 1 + len;
    rest->len -= 1 + len;
    return get_exceptions(u, n, width, rest);
}

/* ---- form: Golomb-Rice with k from the running mean ---- */

typedef struct rice {
    uint64_t sum; /* sixteen times the running mean */
} rice;

/* k = bits of 0.7 x mean is the optimum for geometric residuals within a few per cent. */
static inline unsigned rice_width(const rice *r)
{
    return bits_of(((r->sum >> 4) * 11) >> 4);
}

static inline void rice_learn(rice *r, uint64_t u)
{
    r->sum += (u < learn_most ? u : learn_most) - (r->sum >> 4);
}

static rice rice_start(unsigned first_bits)
{
    return (rice){.sum = ((uint64_t)1 << first_bits) << 3};
}

static unsigned rice_first_bits(const uint64_t *u, size_t n)
{
    uint64_t sum = 0;
    size_t count = n < 16 ? n : 16;
    for (size_t i = 0; i < count; i++) sum += u[i] < learn_most ? u[i] : learn_most;
    return bits_of(sum / count);
}

static uint64_t rice_bytes(const uint64_t *u, size_t n)
{
    rice r = rice_start(rice_first_bits(u, n));
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned k = rice_width(&r);
        uint64_t quotient = u[i] >> k;
        bits += quotient < QUOTIENT_MOST ? quotient + 1 + k : QUOTIENT_MOST + 64;
        rice_learn(&r, u[i]);
    }
    return (bits + 7) / 8;
}

static qk_code put_rice(qk_buf *out, const uint64_t *u, size_t n, uint64_t len)
{
    unsigned first = rice_first_bits(u, n);
    qk_buf_putc(out, (char)first);
    qk_buf_varint(out, len);
    uint8_t *room = (uint8_t *)qk_buf_reserve(out, (size_t)len + 8);
    if (!room) return out->failed;
    rice r = rice_start(first);
    bit_writer w = {.at = room};
    for (size_t i = 0; i < n; i++) {
        unsigned k = rice_width(&r);
        uint64_t quotient = u[i] >> k;
        if (quotient < QUOTIENT_MOST) {
            put_bits(&w, ((uint64_t)1 << quotient) - 1, (unsigned)quotient + 1);
            put_bits(&w, u[i] & (((uint64_t)1 << k) - 1), k);
        } else {
            put_bits(&w, ((uint64_t)1 << QUOTIENT_MOST) - 1, QUOTIENT_MOST);
            put_bits(&w, u[i], 64);
        }
        rice_learn(&r, u[i]);
    }
    out->len += (size_t)(end_bits(&w) - room);
    return out->failed;
}

static qk_code get_rice(uint64_t *u, size_t n, qk_str *rest)
{
    if (rest->len < 1 || (uint8_t)rest->ptr[0] > 40) return QK_EFORMAT;
    rice r = rice_start((uint8_t)rest->ptr[0]);
    rest->ptr++;
    rest->len--;
    uint64_t bytes_len;
    QK_TRY(qk_cut_varint(&bytes_len, rest));
    if (bytes_len > rest->len) return QK_EFORMAT;
    const uint8_t *bytes = (const uint8_t *)rest->ptr;
    size_t len = (size_t)bytes_len;
    size_t bit = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned k = rice_width(&r);
        uint64_t window = load_bits(bytes, len, bit);
        unsigned quotient = (unsigned)__builtin_ctzll(~window | (uint64_t)1 << QUOTIENT_MOST);
        uint64_t v;
        if (quotient < QUOTIENT_MOST) {
            bit += quotient + 1;
            v = (uint64_t)quotient << k;
            if (quotient + 1 + k <= 57)
                v |= window >> (quotient + 1) & (((uint64_t)1 << k) - 1);
            else
                v |= load_wide(bytes, len, bit, k);
            bit += k;
        } else {
            v = load_wide(bytes, len, bit + QUOTIENT_MOST, 64);
            bit += QUOTIENT_MOST + 64;
        }
        u[i] = v;
        rice_learn(&r, v);
        if (bit > len * 8) return QK_EFORMAT;
    }
    rest->ptr += len;
    rest->len -= len;
    return QK_OK;
}

/* ---- form: byte planes through zstd ---- */

enum { PLANE_ONE = 0, PLANE_ZSTD = 1 }; /* one byte everywhere; a zstd frame */

static unsigned planes_of(const uint64_t *u, size_t n)
{
    uint64_t any = 0;
    for (size_t i = 0; i < n; i++) any |= u[i];
    return (bits_of(any) + 7) / 8;
}

static qk_code put_frame(qk_packer *p, qk_buf *out, const uint8_t *bytes, size_t n, size_t *len)
{
    size_t room = ZSTD_compressBound(n);
    if (!p->compressor && !(p->compressor = ZSTD_createCCtx())) return QK_ENOMEM;
    if (!qk_buf_reserve(out, room + QK_VARINT_MOST)) return out->failed;
    uint8_t *at = (uint8_t *)out->ptr + out->len;
    size_t got = ZSTD_compressCCtx(p->compressor, at + QK_VARINT_MOST, room, bytes, n, ZSTD_LEVEL);
    if (ZSTD_isError(got)) return QK_ENOMEM;
    uint8_t *body = qk_varint_put(at, got);
    memmove(body, at + QK_VARINT_MOST, got);
    *len = (size_t)(body - at) + got;
    return QK_OK;
}

static qk_code put_planes(qk_packer *p, qk_buf *out, const uint64_t *u, size_t n)
{
    unsigned planes = planes_of(u, n);
    qk_buf_putc(out, (char)planes);
    for (unsigned plane = 0; plane < planes; plane++) {
        bool one = true;
        for (size_t i = 0; i < n; i++) {
            p->plane[i] = (uint8_t)(u[i] >> (8 * plane));
            one = one && p->plane[i] == p->plane[0];
        }
        qk_buf_putc(out, one ? PLANE_ONE : PLANE_ZSTD);
        if (one) {
            qk_buf_putc(out, (char)p->plane[0]);
            continue;
        }
        size_t len = 0;
        QK_TRY(put_frame(p, out, p->plane, n, &len));
        out->len += len;
    }
    return out->failed;
}

static qk_code get_frame(qk_packer *p, uint8_t *bytes, size_t n, qk_str *rest)
{
    uint64_t len;
    QK_TRY(qk_cut_varint(&len, rest));
    if (len > rest->len) return QK_EFORMAT;
    if (!p->decompressor && !(p->decompressor = ZSTD_createDCtx())) return QK_ENOMEM;
    size_t got = ZSTD_decompressDCtx(p->decompressor, bytes, n, rest->ptr, (size_t)len);
    if (ZSTD_isError(got) || got != n) return QK_EFORMAT;
    rest->ptr += len;
    rest->len -= (size_t)len;
    return QK_OK;
}

static qk_code get_planes(qk_packer *p, uint64_t *u, size_t n, qk_str *rest)
{
    if (rest->len < 1 || (uint8_t)rest->ptr[0] > 8) return QK_EFORMAT;
    unsigned planes = (uint8_t)rest->ptr[0];
    rest->ptr++;
    rest->len--;
    memset(u, 0, n * sizeof *u);
    for (unsigned plane = 0; plane < planes; plane++) {
        if (rest->len < 2) return QK_EFORMAT;
        bool one = rest->ptr[0] == PLANE_ONE;
        uint8_t byte = (uint8_t)rest->ptr[1];
        rest->ptr += one ? 2 : 1;
        rest->len -= one ? 2 : 1;
        if (!one) QK_TRY(get_frame(p, p->plane, n, rest));
        for (size_t i = 0; i < n; i++) u[i] |= (uint64_t)(one ? byte : p->plane[i]) << (8 * plane);
    }
    return QK_OK;
}

/* ---- form: runs of equal values ---- */

static uint64_t runs_cost(const int64_t *values, size_t n, const measure *m)
{
    if (m->runs > n / 2) return UINT64_MAX;
    uint64_t cost = varint_size(m->runs);
    int64_t last = 0;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && values[end] == values[i]; end++) {
        }
        cost += varint_size(qk_zigzag((int64_t)((uint64_t)values[i] - (uint64_t)last))) +
                varint_size(end - i);
        last = values[i];
    }
    return cost;
}

static qk_code put_runs(qk_buf *out, const int64_t *values, size_t n, const measure *m)
{
    qk_buf_varint(out, m->runs);
    int64_t last = 0;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && values[end] == values[i]; end++) {
        }
        qk_buf_varint(out, qk_zigzag((int64_t)((uint64_t)values[i] - (uint64_t)last)));
        qk_buf_varint(out, end - i);
        last = values[i];
    }
    return out->failed;
}

static qk_code get_runs(int64_t *values, size_t n, qk_str *rest)
{
    uint64_t runs;
    uint64_t value = 0;
    size_t at = 0;
    QK_TRY(qk_cut_varint(&runs, rest));
    for (uint64_t run = 0; run < runs; run++) {
        uint64_t change;
        uint64_t len;
        QK_TRY(qk_cut_varint(&change, rest));
        QK_TRY(qk_cut_varint(&len, rest));
        if (len == 0 || len > n - at) return QK_EFORMAT;
        value += (uint64_t)qk_unzigzag(change);
        for (size_t end = at + (size_t)len; at < end; at++) values[at] = (int64_t)value;
    }
    return at == n ? QK_OK : QK_EFORMAT;
}

/* ---- choosing ---- */

typedef struct choice {
    form form;
    residual residual;
    unsigned width;
    uint64_t cost; /* bytes of the body */
} choice;

static void take_shorter(choice *best, form f, residual r, unsigned width, uint64_t cost)
{
    if (cost < best->cost) *best = (choice){f, r, width, cost};
}

static choice choose(qk_packer *p, const int64_t *values, size_t n, const measure *m)
{
    choice best = {.form = FORM_RUNS, .cost = runs_cost(values, n, m)};
    for (residual r = 0; r < RESIDUALS; r++) {
        unsigned width = 0;
        uint64_t cost = bits_cost(&width, p->residuals[r], n);
        take_shorter(&best, FORM_BITS, r, width, cost);
        uint64_t len = rice_bytes(p->residuals[r], n);
        take_shorter(&best, FORM_RICE, r, 0, 1 + varint_size(len) + len);
    }
    return best;
}

static void put_head(qk_buf *out, form f, residual r, const measure *m)
{
    qk_buf_putc(out, (char)(f | r << 4));
    if (f == FORM_RUNS) return;
    qk_buf_varint(out, qk_zigzag((int64_t)m->least));
    if (f == FORM_ONE) return;
    qk_buf_varint(out, m->divisor);
    if (r == FROM_BEFORE) qk_buf_varint(out, qk_zigzag((int64_t)m->step));
}

static qk_code put_body(qk_packer *p, qk_buf *out, const int64_t *values, size_t n,
                        const measure *m, const choice *c)
{
    const uint64_t *u = p->residuals[c->residual];
    uint64_t len;
    switch (c->form) {
    case FORM_RUNS: return put_runs(out, values, n, m);
    case FORM_BITS: return put_bit_fields(out, u, n, c->width);
    case FORM_RICE: len = rice_bytes(u, n); return put_rice(out, u, n, len);
    default: return put_planes(p, out, u, n);
    }
}

/* zstd tells its length only by doing the work, so it is written and taken back when not shorter;
 * only over the residual that is better anyway, which is also the better one for it. */
static qk_code try_planes(qk_packer *p, qk_buf *out, size_t n, const measure *m, choice *best)
{
    size_t start = out->len;
    residual r = best->form == FORM_RUNS ? FROM_BEFORE : best->residual;
    put_head(out, FORM_PLANES, r, m);
    size_t body = out->len;
    QK_TRY(put_planes(p, out, p->residuals[r], n));
    take_shorter(best, FORM_PLANES, r, 0, out->len - body);
    out->len = start;
    return QK_OK;
}

qk_code qk_pack_ints(qk_packer *p, qk_buf *out, const int64_t *values, size_t n)
{
    if (n > QK_PACK_MAX) return QK_EINVAL;
    if (n == 0) return QK_OK;
    measure m = measure_values(values, n);
    if (m.runs == 1) {
        put_head(out, FORM_ONE, FROM_LEAST, &m);
        return out->failed;
    }
    QK_TRY(make_room(p, n));
    fill_residuals(p, &m, values, n);
    choice best = choose(p, values, n, &m);
    if (n >= PLANES_FROM && best.cost >= n / 8) QK_TRY(try_planes(p, out, n, &m, &best));
    put_head(out, best.form, best.residual, &m);
    return put_body(p, out, values, n, &m, &best);
}

/* ---- unpacking ---- */

static void restore(int64_t *values, const uint64_t *u, size_t n, residual r, const measure *m)
{
    if (r == FROM_LEAST) {
        for (size_t i = 0; i < n; i++) values[i] = (int64_t)(m->least + u[i] * m->divisor);
        return;
    }
    uint64_t at = m->least + u[0] * m->divisor;
    uint64_t step = m->step * m->divisor;
    values[0] = (int64_t)at;
    for (size_t i = 1; i < n; i++) {
        at += (uint64_t)qk_unzigzag(u[i]) * m->divisor + step;
        values[i] = (int64_t)at;
    }
}

static qk_code get_residuals(qk_packer *p, uint64_t *u, size_t n, form f, qk_str *rest)
{
    switch (f) {
    case FORM_BITS: return get_bit_fields(u, n, rest);
    case FORM_RICE: return get_rice(u, n, rest);
    case FORM_PLANES: return get_planes(p, u, n, rest);
    default: return QK_EFORMAT;
    }
}

qk_code qk_unpack_ints(qk_packer *p, int64_t *values, size_t n, qk_str *rest)
{
    if (n > QK_PACK_MAX) return QK_EFORMAT;
    if (n == 0) return QK_OK;
    if (rest->len == 0) return QK_EFORMAT;
    form f = (form)((uint8_t)rest->ptr[0] & 15);
    residual r = (residual)((uint8_t)rest->ptr[0] >> 4);
    if (f >= FORMS || r >= RESIDUALS) return QK_EFORMAT;
    rest->ptr++;
    rest->len--;
    if (f == FORM_RUNS) return get_runs(values, n, rest);
    measure m = {.divisor = 1};
    uint64_t coded;
    QK_TRY(qk_cut_varint(&coded, rest));
    m.least = (uint64_t)qk_unzigzag(coded);
    if (f == FORM_ONE) {
        for (size_t i = 0; i < n; i++) values[i] = (int64_t)m.least;
        return QK_OK;
    }
    QK_TRY(qk_cut_varint(&m.divisor, rest));
    if (r == FROM_BEFORE) {
        QK_TRY(qk_cut_varint(&coded, rest));
        m.step = (uint64_t)qk_unzigzag(coded);
    }
    QK_TRY(make_room(p, n));
    QK_TRY(get_residuals(p, p->residuals[FROM_LEAST], n, f, rest));
    restore(values, p->residuals[FROM_LEAST], n, r, &m);
    return QK_OK;
}

/* ---- byte strings ---- */

enum { BYTES_PLAIN = 0, BYTES_ZSTD = 1 };

qk_code qk_pack_bytes(qk_packer *p, qk_buf *out, qk_str bytes)
{
    qk_buf_varint(out, bytes.len);
    size_t len = SIZE_MAX;
    size_t start = out->len;
    qk_buf_putc(out, BYTES_ZSTD);
    if (bytes.len >= BYTES_FROM && out->failed == QK_OK)
        QK_TRY(put_frame(p, out, (const uint8_t *)bytes.ptr, bytes.len, &len));
    if (len < bytes.len) {
        out->len += len;
        return out->failed;
    }
    if (out->failed == QK_OK) out->len = start;
    qk_buf_putc(out, BYTES_PLAIN);
    if (bytes.len > 0) qk_buf_append(out, bytes.ptr, bytes.len);
    return out->failed;
}

static qk_code make_bytes(qk_packer *p, size_t len)
{
    if (len <= p->bytes_cap) return QK_OK;
    uint8_t *more = realloc(p->bytes, len);
    if (!more) return QK_ENOMEM;
    p->bytes = more;
    p->bytes_cap = len;
    return QK_OK;
}

qk_code qk_unpack_bytes(qk_packer *p, qk_str *bytes, size_t most, qk_str *rest)
{
    uint64_t len;
    QK_TRY(qk_cut_varint(&len, rest));
    if (len > most || rest->len < 1) return QK_EFORMAT;
    char how = *rest->ptr++;
    rest->len--;
    if (how == BYTES_ZSTD) {
        QK_TRY(make_bytes(p, (size_t)len));
        *bytes = (qk_str){(const char *)p->bytes, (size_t)len};
        return get_frame(p, p->bytes, (size_t)len, rest);
    }
    if (how != BYTES_PLAIN || len > rest->len) return QK_EFORMAT;
    *bytes = (qk_str){rest->ptr, (size_t)len};
    rest->ptr += len;
    rest->len -= (size_t)len;
    return QK_OK;
}
