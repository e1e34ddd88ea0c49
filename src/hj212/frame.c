/* SPDX-License-Identifier: Apache-2.0 */
/* Every decision below is a function of the stream from the frame's first byte on, taken as soon as
 * no later byte can change it and never before; UNDECIDED means that bytes are missing. That is
 * what makes the frames independent of where the stream was cut. */
#include "hj212/frame.h"
#include "hj212/internal.h"
#ifdef QK_HJ212_X86
#include <emmintrin.h>
#endif

typedef enum verdict { NO, YES, UNDECIDED } verdict;

/* The bytes from one "##" on. */
typedef struct view {
    const char *p;
    size_t len;
    size_t limit;
    bool final;
} view;

typedef struct start_mark {
    size_t head;      /* bytes before the segment: "##" and the length field */
    int32_t declared; /* -1 = no number */
    uint8_t digits;
} start_mark;

typedef struct line_end {
    verdict known;
    qk_hj212_line_end kind;
    size_t bytes;
    bool clean; /* a line end, the next frame or the end of the stream */
} line_end;

typedef struct candidate {
    size_t end;  /* of the segment, offset from "##" */
    bool summed; /* crc holds both sums of the segment */
    qk_hj212_crc_state crc;
    size_t trailer; /* CRC and line end, bytes */
    size_t crc_len; /* 4, or less when the CRC is missing */
    qk_hj212_line_end kind;
} candidate;

/* ---- bytes ---- */

size_t qk_hj212_find_pair(const char *p, size_t from, size_t len, char two)
{
    while (from + 1 < len) {
        const char *hit = memchr(p + from, two, len - 1 - from);
        if (!hit) return len;
        from = (size_t)(hit - p);
        if (p[from + 1] == two) return from;
        from++;
    }
    return len;
}

bool qk_hj212_plain_ascii(const char *p, size_t len)
{
    unsigned bad = 0;
#ifdef QK_HJ212_X86
    /* as signed bytes, those above 0x7F are below 0x20 too */
    for (; len >= 16; p += 16, len -= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        bad |= (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)));
    }
#endif
    for (; len > 0; p++, len--) bad |= (signed char)*p < 0x20;
    return !bad;
}

static size_t utf8_length(const unsigned char *p, size_t len)
{
    unsigned char c = p[0];
    if (c < 0x80) return 1;
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || n > len) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    bool overlong = (c == 0xE0 && p[1] < 0xA0) || (c == 0xF0 && p[1] < 0x90);
    bool surrogate = c == 0xED && p[1] > 0x9F;
    bool beyond = c == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : n;
}

bool qk_hj212_utf8(const char *p, size_t len)
{
    while (len > 0) {
        size_t n = utf8_length((const unsigned char *)p, len);
        if (n == 0) return false;
        p += n;
        len -= n;
    }
    return true;
}

static bool has_control_bytes(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)p[i] < 0x20 && !is_blank(p[i])) return true;
    return false;
}

/* ---- where a frame begins ---- */

/* Names that open a segment when the length field is not the usual four digits. */
static size_t known_head_at_end(const char *word, size_t len)
{
    static const char *const name[] = {"QN", "ST", "CN", "PW", "MN", "Flag"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        size_t n = strlen(name[i]);
        if (len >= n && same_nocase(word + len - n, name[i], n)) return n;
    }
    return 0;
}

static int32_t read_declared(const char *p, size_t digits)
{
    if (digits == 0) return -1;
    size_t from = digits == 8 ? 4 : 0; /* four digits of address stand before the length */
    int32_t v = 0;
    for (size_t i = from; i < digits; i++) v = v * 10 + (p[i] - '0');
    return v;
}

/* "name=" behind the length field tells a frame from stray "##". */
static verdict read_word(const view *v, size_t from, size_t *name_at, size_t *name_len)
{
    enum { WORD_MAX = 24 };
    size_t i = from;
    while (i < v->len && i - from < 3 && is_blank(v->p[i])) i++;
    *name_at = i;
    for (; i < v->len && i - from < WORD_MAX; i++) {
        char c = v->p[i];
        *name_len = i - *name_at;
        if (c == '=') return *name_len > 0 ? YES : NO;
        if (!is_alpha(c) && !is_digit(c) && c != '_') return NO;
    }
    return i < v->len || v->final ? NO : UNDECIDED;
}

static verdict read_start(const view *v, start_mark *s)
{
    enum { DIGITS_MAX = 8 };
    size_t digits = 0;
    while (digits <= DIGITS_MAX && 2 + digits < v->len && is_digit(v->p[2 + digits])) digits++;
    if (digits > DIGITS_MAX) return NO;
    if (2 + digits == v->len && !v->final) return UNDECIDED;
    s->digits = (uint8_t)digits;
    s->head = 2 + digits;
    s->declared = read_declared(v->p + 2, digits);
    size_t name_at = 0, name_len = 0;
    verdict word = read_word(v, s->head, &name_at, &name_len);
    if (word == UNDECIDED) return UNDECIDED;
    if (digits == 4) {
        bool cut_off = word == NO && v->final && name_at + name_len + 1 >= v->len;
        return word == YES || cut_off ? YES : NO;
    }
    size_t known = word == YES ? known_head_at_end(v->p + name_at, name_len) : 0;
    if (known == 0) return NO;
    size_t garbage = name_at + name_len - known - s->head;
    if (garbage > 0) s->declared = -1;
    s->head += garbage;
    return s->head <= 2 + DIGITS_MAX ? YES : NO;
}

/* "##0000" + CRC: an empty segment has no word to know it by. */
static verdict read_line_end(const view *v, size_t at, line_end *out);
static verdict read_empty_start(const view *v, start_mark *s)
{
    size_t have = v->len < 6 ? v->len : 6;
    if (memcmp(v->p, "##0000", have) != 0) return NO;
    for (size_t i = 6; i < v->len && i < 10; i++)
        if (hex_value(v->p[i]) < 0) return NO;
    if (v->len < 10) return v->final ? NO : UNDECIDED;
    line_end e;
    if (read_line_end(v, 10, &e) == UNDECIDED) return UNDECIDED;
    *s = (start_mark){.head = 6, .declared = 0, .digits = 4};
    return e.clean ? YES : NO;
}

/* ---- where it ends ---- */

static verdict settle_end(line_end *out, qk_hj212_line_end kind, size_t bytes, bool clean)
{
    *out = (line_end){YES, kind, bytes, clean};
    return YES;
}

/* A line end of CR and LF at `at`; `before` bytes ("**") have been taken already. */
static verdict read_newline(const view *v, size_t at, line_end *out, qk_hj212_line_end kind,
                            size_t before)
{
    bool stars = before > 0;
    char c = at < v->len ? v->p[at] : 0;
    if (at == v->len && !v->final) return UNDECIDED;
    if (c == '\n') return settle_end(out, stars ? kind : QK_HJ212_END_LF, before + 1, true);
    if (c != '\r') return settle_end(out, kind, before, stars);
    if (at + 1 == v->len && !v->final) return UNDECIDED;
    if (at + 1 < v->len && v->p[at + 1] == '\n')
        return settle_end(out, stars ? kind : QK_HJ212_END_CRLF, before + 2, true);
    return settle_end(out, stars ? kind : QK_HJ212_END_CR, before + 1, true);
}

static verdict read_line_end(const view *v, size_t at, line_end *out)
{
    if (at >= v->len) return v->final ? settle_end(out, QK_HJ212_END_NONE, 0, true) : UNDECIDED;
    char c = v->p[at];
    if (c != '*' && c != '#') return read_newline(v, at, out, QK_HJ212_END_NONE, 0);
    if (at + 1 == v->len && !v->final) return UNDECIDED;
    bool doubled = at + 1 < v->len && v->p[at + 1] == c;
    if (c == '*' && doubled) return read_newline(v, at + 2, out, QK_HJ212_END_STARS, 2);
    return settle_end(out, QK_HJ212_END_NONE, 0, doubled);
}

/* The "&&" before `end` opens CP instead of closing it. */
static bool opens_cp(const char *p, size_t end)
{
    return end >= 5 && same_nocase(p + end - 5, "CP=", 3);
}

static verdict end_as_declared(const view *v, const start_mark *s, candidate *out)
{
    if (s->declared < 0 || s->head + (size_t)s->declared + 4 > v->limit) return NO;
    size_t end = s->head + (size_t)s->declared;
    if (v->len < end + 4) return v->final ? NO : UNDECIDED;
    int32_t sent = hex4(v->p + end);
    if (sent < 0) return NO;
    line_end e;
    if (read_line_end(v, end + 4, &e) == UNDECIDED) return UNDECIDED;
    *out = (candidate){.end = end, .trailer = 4 + e.bytes, .crc_len = 4, .kind = e.kind};
    bool closed = s->declared == 0 || (s->declared >= 2 && memcmp(v->p + end - 2, "&&", 2) == 0);
    if (closed && e.clean) return YES;
    if (!closed && !e.clean) return NO;
    return sent == qk_hj212_crc(v->p + s->head, (size_t)s->declared) ? YES : NO;
}

/* The bytes that can belong to this frame: up to the next "##" or the limit. */
static verdict read_region(const view *v, const start_mark *s, size_t *region, bool *too_long)
{
    size_t reach = v->len < v->limit ? v->len : v->limit;
    size_t mark = qk_hj212_find_pair(v->p, s->head, reach + 1 < v->len ? reach + 1 : v->len, '#');
    *too_long = false;
    *region = mark < reach ? mark : reach;
    if (mark < reach || v->final) {
        *too_long = mark >= reach && v->len > v->limit;
        return YES;
    }
    *too_long = true;
    return v->len >= v->limit + QK_HJ212_LOOKAHEAD ? YES : UNDECIDED;
}

/* Sums over growing prefixes. The first few are computed afresh, which is fast; a region full of
 * candidates is summed up once, byte by byte, so that its cost stays linear. */
enum { FRESH_SUMS = 4 };
typedef struct prefix_sums {
    qk_hj212_crc_state crc;
    size_t summed; /* bytes in crc */
    int asked;
} prefix_sums;

static qk_hj212_crc_state sum_prefix(prefix_sums *s, const char *p, size_t len)
{
    if (s->asked++ < FRESH_SUMS)
        return (qk_hj212_crc_state){qk_hj212_crc(p, len), qk_hj212_crc_modbus(p, len)};
    qk_hj212_crc_advance(&s->crc, p + s->summed, len - s->summed);
    s->summed = len;
    return s->crc;
}

static bool crc_fits(int32_t sent, qk_hj212_crc_state c)
{
    uint16_t swapped = (uint16_t)(sent >> 8 | sent << 8);
    return sent == c.standard || sent == c.modbus || swapped == c.standard || swapped == c.modbus;
}

/* "&&" + CRC + line end before the region's end: YES for the first one whose CRC fits. *last keeps
 * the last one that does not (end 0 = none). */
static verdict end_by_pattern(const view *v, const start_mark *s, size_t region, candidate *out,
                              candidate *last)
{
    prefix_sums sums = {.crc = {0xFFFF, 0xFFFF}};
    last->end = 0;
    for (size_t at = s->head;; at++) {
        at = qk_hj212_find_pair(v->p, at, region, '&');
        size_t end = at + 2;
        if (at >= region || end + 4 > region) return NO;
        int32_t sent = hex4(v->p + end);
        if (sent < 0 || opens_cp(v->p, end)) continue;
        line_end e;
        if (read_line_end(v, end + 4, &e) == UNDECIDED) return UNDECIDED;
        if (!e.clean) continue;
        candidate found = {.end = end, .trailer = 4 + e.bytes, .crc_len = 4, .kind = e.kind};
        found.summed = true;
        found.crc = sum_prefix(&sums, v->p + s->head, end - s->head);
        bool fits = crc_fits(sent, found.crc);
        *(fits ? out : last) = found;
        if (fits) return YES;
    }
}

/* What is left when the region holds no "&&" + CRC: a line without "&&" whose CRC fits, or one that
 * is closed and has something else in the place of the CRC. Without a line end it was cut off. */
static bool end_by_tail(const view *v, const start_mark *s, size_t region, candidate *out)
{
    enum { JUNK_MAX = 8 };
    size_t tail = region;
    while (tail > s->head && (v->p[tail - 1] == '\r' || v->p[tail - 1] == '\n')) tail--;
    line_end e;
    if (tail == region || read_line_end(v, tail, &e) != YES) return false;
    if (tail >= s->head + 8 && hex4(v->p + tail - 4) >= 0 &&
        hex4(v->p + tail - 4) == qk_hj212_crc(v->p + s->head, tail - 4 - s->head)) {
        *out = (candidate){.end = tail - 4, .trailer = 4 + e.bytes, .crc_len = 4, .kind = e.kind};
        return true;
    }
    for (size_t junk = 0; junk <= JUNK_MAX && tail >= s->head + 2 + junk; junk++) {
        size_t end = tail - junk;
        if (memcmp(v->p + end - 2, "&&", 2) != 0 || opens_cp(v->p, end)) continue;
        *out = (candidate){.end = end, .trailer = junk + e.bytes, .kind = e.kind};
        return true;
    }
    return false;
}

/* ---- the frame ---- */

static qk_hj212_crc_kind judge_crc(qk_hj212_text segment, uint16_t sent, const candidate *c)
{
    uint16_t swapped = (uint16_t)(sent >> 8 | sent << 8);
    uint16_t standard = c->summed ? c->crc.standard : qk_hj212_crc(segment.ptr, segment.len);
    if (sent == standard) return QK_HJ212_CRC_STANDARD;
    uint16_t modbus = c->summed ? c->crc.modbus : qk_hj212_crc_modbus(segment.ptr, segment.len);
    if (sent == modbus) return QK_HJ212_CRC_MODBUS;
    if (swapped == modbus) return QK_HJ212_CRC_MODBUS_SWAPPED;
    if (swapped == standard) return QK_HJ212_CRC_SWAPPED;
    return qk_hj212_crc_possible(sent) ? QK_HJ212_CRC_STALE : QK_HJ212_CRC_OTHER;
}

static uint64_t crc_deviation(const qk_hj212_frame *f)
{
    static const uint8_t of_kind[] = {0,
                                      QK_HJ212_D_CRC_SWAPPED,
                                      QK_HJ212_D_CRC_MODBUS,
                                      QK_HJ212_D_CRC_MODBUS_SWAPPED,
                                      QK_HJ212_D_CRC_STALE,
                                      QK_HJ212_D_CRC_OTHER,
                                      QK_HJ212_D_CRC_MISSING};
    uint64_t bits = f->crc == QK_HJ212_CRC_STANDARD ? 0 : QK_HJ212_BIT(of_kind[f->crc]);
    for (size_t i = 0; i < f->crc_text.len; i++)
        if (f->crc_text.ptr[i] >= 'a') bits |= QK_HJ212_BIT(QK_HJ212_D_CRC_LOWER_CASE);
    return bits;
}

static uint64_t line_end_deviation(qk_hj212_line_end kind)
{
    switch (kind) {
    case QK_HJ212_END_CRLF: return 0;
    case QK_HJ212_END_LF: return QK_HJ212_BIT(QK_HJ212_D_LINE_END_LF);
    case QK_HJ212_END_CR: return QK_HJ212_BIT(QK_HJ212_D_LINE_END_CR);
    case QK_HJ212_END_STARS: return QK_HJ212_BIT(QK_HJ212_D_LINE_END_STARS);
    case QK_HJ212_END_NONE: break;
    }
    return QK_HJ212_BIT(QK_HJ212_D_LINE_END_MISSING);
}

static uint64_t segment_deviation(const qk_hj212_frame *f)
{
    uint64_t bits = 0;
    size_t n = f->segment.len;
    if (!f->length_ok) bits |= QK_HJ212_BIT(QK_HJ212_D_LENGTH_DECLARED_WRONG);
    if (f->length_digits != 4) bits |= QK_HJ212_BIT(QK_HJ212_D_LENGTH_FIELD_FORM);
    if (n > 1024) bits |= QK_HJ212_BIT(QK_HJ212_D_SEGMENT_OVER_1024);
    if (n < 2 || memcmp(f->segment.ptr + n - 2, "&&", 2) != 0)
        bits |= QK_HJ212_BIT(QK_HJ212_D_CP_END_MISSING);
    return bits;
}

static bool looks_binary(qk_hj212_text s)
{
    if (qk_hj212_plain_ascii(s.ptr, s.len)) return false;
    return has_control_bytes(s.ptr, s.len) || !qk_hj212_utf8(s.ptr, s.len);
}

static void fill_frame(qk_hj212_frame *f, const view *v, const start_mark *s, const candidate *c)
{
    *f = (qk_hj212_frame){
        .whole = {v->p, c->end + c->trailer},
        .segment = {v->p + s->head, c->end - s->head},
        .declared = s->declared,
        .length_digits = s->digits,
        .crc = QK_HJ212_CRC_MISSING,
        .line_end = c->kind,
    };
    f->length_ok = s->declared == (int32_t)f->segment.len;
    if (c->crc_len == 4) {
        f->crc_text = (qk_hj212_text){v->p + c->end, 4};
        f->crc = judge_crc(f->segment, (uint16_t)hex4(v->p + c->end), c);
    }
    if (f->crc >= QK_HJ212_CRC_STALE) f->binary = looks_binary(f->segment);
    f->deviations = segment_deviation(f) | crc_deviation(f) | line_end_deviation(c->kind);
}

static void fill_broken(qk_hj212_frame *f, const view *v, const start_mark *s, size_t region,
                        qk_hj212_refusal why)
{
    size_t end = region;
    while (end > s->head && (v->p[end - 1] == '\r' || v->p[end - 1] == '\n')) end--;
    *f = (qk_hj212_frame){
        .whole = {v->p, region},
        .segment = {v->p + s->head, end - s->head},
        .declared = s->declared,
        .length_digits = s->digits,
        .crc = QK_HJ212_CRC_MISSING,
        .line_end = QK_HJ212_END_NONE,
        .refusal = why,
    };
    f->binary = looks_binary(f->segment);
    f->deviations = QK_HJ212_BIT(QK_HJ212_D_CRC_MISSING);
}

static verdict decide_frame(const view *v, const start_mark *s, qk_hj212_frame *f)
{
    candidate end = {0}, last = {0};
    verdict declared = end_as_declared(v, s, &end);
    if (declared == UNDECIDED) return UNDECIDED;
    if (declared == YES) {
        fill_frame(f, v, s, &end);
        return YES;
    }
    size_t region;
    bool too_long;
    verdict whole_region = read_region(v, s, &region, &too_long);
    verdict pattern = end_by_pattern(v, s, region, &end, &last);
    if (pattern == YES) {
        fill_frame(f, v, s, &end);
        return YES;
    }
    if (pattern == UNDECIDED || whole_region == UNDECIDED) return UNDECIDED;
    if (last.end > 0)
        fill_frame(f, v, s, &last);
    else if (!too_long && end_by_tail(v, s, region, &end))
        fill_frame(f, v, s, &end);
    else
        fill_broken(f, v, s, region, too_long ? QK_HJ212_R_TOO_LONG : QK_HJ212_R_TRUNCATED);
    return YES;
}

static bool all_blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_blank(p[i]) && p[i] != 0) return false;
    return true;
}

static qk_hj212_found skip_rubbish(const char *bytes, size_t from, size_t len, bool final,
                                   qk_hj212_step *step)
{
    size_t n = qk_hj212_find_pair(bytes, from, len, '#');
    if (n == len && !final && len > 0 && bytes[len - 1] == '#') n--;
    if (n == 0) return QK_HJ212_MORE;
    step->consumed = n;
    step->blank = all_blank(bytes, n);
    return QK_HJ212_RUBBISH;
}

/* Four digits, but no word behind them: a frame after all (with damage at its front) when it ends
 * as declared before another "##" comes. */
static verdict start_by_end(const view *v, const start_mark *s)
{
    candidate end = {0};
    if (s->digits != 4) return NO;
    size_t reach = s->head + (size_t)s->declared;
    if (reach > v->len) reach = v->len;
    if (qk_hj212_find_pair(v->p, s->head, reach, '#') < reach) return NO;
    return end_as_declared(v, s, &end);
}

static verdict decide(const view *v, qk_hj212_frame *f, bool *begins)
{
    start_mark s = {0};
    verdict start = read_empty_start(v, &s);
    if (start == NO) start = read_start(v, &s);
    if (start == NO) start = start_by_end(v, &s);
    *begins = start == YES;
    return start == YES ? decide_frame(v, &s, f) : start;
}

/* Only a buffer that ends in "&&" + CRC is worth a second decision. */
static bool ends_like_frame(const view *v)
{
    size_t n = v->len;
    while (n > 0 && (v->p[n - 1] == '\r' || v->p[n - 1] == '\n' || v->p[n - 1] == '*')) n--;
    return n >= 12 && hex4(v->p + n - 4) >= 0 && memcmp(v->p + n - 6, "&&", 2) == 0;
}

/* The frames in the buffer, taken as if nothing followed, fill it to its end and the last is good.
 */
static bool would_be_whole(view v, qk_hj212_frame *f)
{
    if (!ends_like_frame(&v)) return false;
    qk_hj212_found found = QK_HJ212_MORE;
    while (v.len > 0) {
        qk_hj212_step step;
        found = qk_hj212_next_within(v.p, v.len, true, v.limit, f, &step);
        v.p += step.consumed;
        v.len -= step.consumed;
    }
    return found == QK_HJ212_FRAME &&
           qk_hj212_frame_check(f, QK_HJ212_ACCEPT_KNOWN) == QK_HJ212_USABLE;
}

/* The usual frame: four digits, a name of two letters, the declared end closed by "&&", a CRC and
 * CR LF. decide() would come to the same. */
static bool take_usual_frame(const view *v, qk_hj212_frame *f)
{
    enum { SHORTEST = 24 };
    const char *p = v->p;
    if (v->len < SHORTEST || p[8] != '=' || !is_alpha(p[6]) || !is_alpha(p[7])) return false;
    if (!is_digit(p[2]) || !is_digit(p[3]) || !is_digit(p[4]) || !is_digit(p[5])) return false;
    size_t n = (size_t)((p[2] - '0') * 1000 + (p[3] - '0') * 100 + (p[4] - '0') * 10 + p[5] - '0');
    if (n < 8 || n + 12 > v->len || n + 4 + 6 > v->limit) return false;
    const char *tail = p + 6 + n;
    if (memcmp(tail - 2, "&&", 2) != 0 || memcmp(tail + 4, "\r\n", 2) != 0) return false;
    static const char hex[] = "0123456789ABCDEF";
    uint16_t crc = qk_hj212_crc(p + 6, n);
    char printed[4] = {hex[crc >> 12], hex[crc >> 8 & 15], hex[crc >> 4 & 15], hex[crc & 15]};
    if (n > 1024 || memcmp(printed, tail, 4) != 0) {
        if (hex4(tail) < 0) return false;
        start_mark s = {.head = 6, .declared = (int32_t)n, .digits = 4};
        candidate c = {.end = 6 + n, .trailer = 6, .crc_len = 4, .kind = QK_HJ212_END_CRLF};
        fill_frame(f, v, &s, &c);
        return true;
    }
    *f = (qk_hj212_frame){
        .whole = {p, n + 12},
        .segment = {p + 6, n},
        .crc_text = {tail, 4},
        .declared = (int32_t)n,
        .length_digits = 4,
        .length_ok = true,
    };
    return true;
}

qk_hj212_found qk_hj212_next_within(const char *bytes, size_t len, bool final, size_t limit,
                                    qk_hj212_frame *frame, qk_hj212_step *step)
{
    *step = (qk_hj212_step){0};
    if (len == 0) return QK_HJ212_MORE;
    if (bytes[0] != '#' || (len > 1 && bytes[1] != '#') || (len == 1 && final))
        return skip_rubbish(bytes, 0, len, final, step);
    if (len == 1) return QK_HJ212_MORE;
    view v = {bytes, len, limit < 64 ? 64 : limit, final};
    if (take_usual_frame(&v, frame)) {
        step->consumed = frame->whole.len;
        return QK_HJ212_FRAME;
    }
    bool begins = false;
    verdict decided = decide(&v, frame, &begins);
    if (decided == UNDECIDED) {
        step->ends_here = would_be_whole(v, frame);
        return QK_HJ212_MORE;
    }
    if (!begins) return skip_rubbish(bytes, 1, len, final, step);
    step->consumed = frame->whole.len;
    return QK_HJ212_FRAME;
}

qk_hj212_found qk_hj212_next(const char *bytes, size_t len, bool final, qk_hj212_frame *frame,
                             qk_hj212_step *step)
{
    return qk_hj212_next_within(bytes, len, final, QK_HJ212_FRAME_MAX, frame, step);
}

void qk_hj212_frame_of_segment(qk_hj212_frame *frame, qk_hj212_text segment)
{
    *frame = (qk_hj212_frame){
        .whole = segment,
        .segment = segment,
        .declared = (int32_t)segment.len,
        .length_digits = 4,
        .length_ok = true,
        .crc = QK_HJ212_CRC_STANDARD,
    };
    frame->deviations = segment_deviation(frame);
}

static bool crc_accepted(qk_hj212_crc_kind crc, qk_hj212_crc_policy policy)
{
    switch (policy) {
    case QK_HJ212_ACCEPT_STANDARD: break;
    case QK_HJ212_ACCEPT_MODBUS: return crc == QK_HJ212_CRC_STANDARD || crc == QK_HJ212_CRC_MODBUS;
    case QK_HJ212_ACCEPT_MODBUS_SWAPPED:
        return crc == QK_HJ212_CRC_STANDARD || crc == QK_HJ212_CRC_MODBUS_SWAPPED;
    case QK_HJ212_ACCEPT_KNOWN: return crc <= QK_HJ212_CRC_MODBUS_SWAPPED;
    case QK_HJ212_ACCEPT_ANY: return true;
    }
    return crc == QK_HJ212_CRC_STANDARD;
}

qk_hj212_refusal qk_hj212_frame_check(const qk_hj212_frame *frame, qk_hj212_crc_policy policy)
{
    if (frame->refusal != QK_HJ212_USABLE) return frame->refusal;
    if (crc_accepted(frame->crc, policy)) return QK_HJ212_USABLE;
    return frame->length_ok ? QK_HJ212_R_CRC : QK_HJ212_R_LENGTH;
}
