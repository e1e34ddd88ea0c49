/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/text.h"
#include "plan/furniture.h"
#include <wchar.h>

enum { PAIRS_A_ROW = 24, PAIRS = 2582 };

static const wchar_t simplified[][PAIRS_A_ROW * 2 + 1] = {
#include "plan/simplified.inc"
};

static uint32_t pair_part(size_t pair, size_t part)
{
    return (uint32_t)simplified[pair / PAIRS_A_ROW][pair % PAIRS_A_ROW * 2 + part];
}

uint32_t qk_plan_simplify(uint32_t cp)
{
    size_t low = 0, high = PAIRS;
    if (cp < 0x4E00 || cp > 0x9FFF) return cp;
    while (low < high) {
        size_t mid = (low + high) / 2;
        uint32_t key = pair_part(mid, 0);
        if (key == cp) return pair_part(mid, 1);
        if (key < cp)
            low = mid + 1;
        else
            high = mid;
    }
    return cp;
}

static bool is_blank(uint32_t cp)
{
    return cp <= ' ' || cp == 0xA0 || cp == 0x3000 || (cp >= 0x2000 && cp <= 0x200F) ||
           cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0xFEFF ||
           cp == 0xAD || cp == 0x2060 || cp == 0x85;
}

/* The canonical form of one character, 0 when it is left out of the normalised text. */
static uint32_t canonical(uint32_t cp)
{
    static const struct {
        uint32_t from, to;
    } marks[] = {
        {'(', 0xFF08},    {')', 0xFF09},    {',', 0xFF0C},    {':', 0xFF1A},    {';', 0xFF1B},
        {'!', 0xFF01},    {'?', 0xFF1F},    {0xFF0E, '.'},    {0xFE61, 0},      {'[', 0x3010},
        {']', 0x3011},    {0xFF3B, 0x3010}, {0xFF3D, 0x3011}, {0x3014, 0x3010}, {0x3015, 0x3011},
        {0xFF05, '%'},    {0xFE6A, '%'},    {0xFF61, 0x3002}, {0xFF64, 0x3001}, {0xFF0F, '/'},
        {0x2215, '/'},    {0xFF0D, '-'},    {0x2010, '-'},    {0x2011, '-'},    {0x2013, '-'},
        {0x2212, '-'},    {0xFF5E, '~'},    {0x301C, '~'},    {0x223C, '~'},    {0x2103, 0x2103},
        {0x03BC, 0xB5},   {0x2022, 0xB7},   {0x30FB, 0xB7},   {0x2024, '.'},    {0xFF62, 0x201C},
        {0xFF63, 0x201D}, {0x300C, 0x201C}, {0x300D, 0x201D}, {0x2264, 0x2264}, {0xFF1C, '<'},
        {0xFF1E, '>'},    {0x2E, '.'},      {0xFF0B, '+'},    {'$', 0},         {'_', 0},
        {'{', 0},         {'}', 0},         {0x25CB, 0x3007}, {0x2F00, 0x4E00},
    };
    if (cp >= 0x2080 && cp <= 0x2089) return '0' + (cp - 0x2080);
    if (cp == 0xB2 || cp == 0xB3) return '2' + (cp - 0xB2);
    if (cp >= 0xFF10 && cp <= 0xFF19) return '0' + (cp - 0xFF10);
    if (cp >= 0xFF21 && cp <= 0xFF3A) return 'A' + (cp - 0xFF21);
    if (cp >= 0xFF41 && cp <= 0xFF5A) return 'a' + (cp - 0xFF41);
    if (cp >= 0x3400) {
        if (cp < 0xF900) return qk_plan_simplify(cp);
    }
    if (qk_is_alpha((char)(cp < 128 ? cp : 0)) || (cp >= '0' && cp <= '9')) return cp;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (marks[i].from == cp) return marks[i].to;
    return cp;
}

static uint16_t columns_of(uint32_t cp)
{
    return cp < 0x1100 && cp != 0x201C && cp != 0x201D ? 1 : 2;
}

typedef struct line_reader {
    qk_plan_text *t;
    qk_plan_line *line;
    uint32_t gap;    /* blank columns just read */
    uint32_t column; /* where we are */
    bool seen;       /* something printed stands on the line */
} line_reader;

static void put_norm(qk_plan_text *t, uint32_t cp, uint32_t from)
{
    size_t n = qk_utf8_put(t->norm + t->len, cp);
    for (size_t i = 0; i < n; i++) t->from[t->len + i] = from;
    t->len += (uint32_t)n;
}

static void take_blank(line_reader *r, uint32_t cp)
{
    uint32_t wide = cp == '\t' ? 8 : cp == 0x3000 ? 2 : 1;
    if (cp == '\t') r->line->tabs = true;
    if (cp == '\t' && r->line->cells < 255 && (r->seen || r->line->tabs)) r->line->cells++;
    r->gap += wide;
    r->column += wide;
}

static void take_point(line_reader *r, uint32_t index, uint32_t cp)
{
    qk_plan_text *t = r->t;
    uint32_t plain;
    if (is_blank(cp)) {
        if (cp == '\f') r->line->page_before = true;
        take_blank(r, cp);
        return;
    }
    if (!r->seen) {
        r->line->start = (uint16_t)(r->column > 60000 ? 60000 : r->column);
    } else if (r->gap >= 2 && !r->line->tabs && r->line->cells < 255) {
        r->line->cells++;
    }
    r->seen = true;
    r->gap = 0;
    r->column += columns_of(cp);
    r->line->width =
        (uint16_t)(r->column - r->line->start > 60000 ? 60000 : r->column - r->line->start);
    t->kept[index] = 1;
    plain = canonical(cp);
    if (cp >= 0x3400 && cp < 0xA000) {
        t->han++;
        t->traditional += plain != cp;
    }
    if (plain == 0) return;
    put_norm(t, plain, index);
}

static void read_line(qk_plan_text *t, qk_plan_line *line)
{
    line_reader r = {.t = t, .line = line};
    line->cells = 1;
    line->norm.from = t->len;
    for (uint32_t i = line->from; i < line->to; i++) {
        size_t used;
        uint32_t at = t->at[i];
        take_point(&r, i, qk_utf8_next((qk_str){t->given.ptr + at, t->given.len - at}, &used));
    }
    line->norm.to = t->len;
}

/* First pass: code points, lines, and whether this is text at all. */
static qk_code count_points(qk_plan_text *t, uint32_t *at, qk_error *err)
{
    uint32_t control = 0;
    size_t used, i = 0;
    t->line_count = 1;
    for (; i < t->given.len; i += used) {
        uint32_t cp = qk_utf8_next((qk_str){t->given.ptr + i, t->given.len - i}, &used);
        if (at) at[t->points] = (uint32_t)i;
        t->points++;
        t->line_count += cp == '\n';
        t->replaced += cp == 0xFFFD;
        control += cp < ' ' && cp != '\n' && cp != '\r' && cp != '\t' && cp != '\f';
    }
    if (at) at[t->points] = (uint32_t)i;
    if (control > 16 + t->points / 200 || t->replaced > 16 + t->points / 50)
        return qk_fail(err, QK_EFORMAT,
                       "this is no text in UTF-8: %u control characters and %u broken bytes among "
                       "%u characters",
                       control, t->replaced, t->points);
    return QK_OK;
}

static void cut_lines(qk_plan_text *t)
{
    uint32_t n = 0, start = 0;
    for (uint32_t i = 0; i <= t->points; i++) {
        if (i < t->points && t->given.ptr[t->at[i]] != '\n') continue;
        t->lines[n].from = start;
        t->lines[n].to = i;
        read_line(t, &t->lines[n++]);
        start = i + 1;
    }
    t->line_count = n;
    t->from[t->len] = t->points;
}

qk_code qk_plan_text_read(qk_plan_text *t, qk_str given, qk_arena *arena, qk_error *err)
{
    uint32_t *at;
    *t = (qk_plan_text){.arena = arena, .given = given};
    if (given.len > QK_PLAN_TEXT_MAX)
        return qk_fail(err, QK_EFULL, "a plan may hold at most %d bytes of text, this one has %zu",
                       QK_PLAN_TEXT_MAX, given.len);
    QK_TRY(count_points(t, NULL, err));
    at = qk_arena_array(arena, (size_t)t->points + 1, sizeof *at);
    t->lines = qk_arena_array(arena, t->line_count, sizeof *t->lines);
    t->kept = qk_arena_alloc(arena, (size_t)t->points + 1);
    /* a code point never grows beyond three bytes but those that had four already */
    t->norm = qk_arena_alloc(arena, given.len + (size_t)t->points * 2 + 8);
    t->from = qk_arena_array(arena, given.len + (size_t)t->points * 2 + 8, sizeof *t->from);
    if (!at || !t->lines || !t->kept || !t->norm || !t->from)
        return qk_fail(err, QK_ENOMEM, "no memory for a text of %zu bytes", given.len);
    t->points = t->replaced = 0;
    QK_TRY(count_points(t, at, err));
    t->at = at;
    cut_lines(t);
    qk_plan_furniture_drop(t);
    return QK_OK;
}

/* The code points a span stands for: [*first, *last). */
static void points_of(const qk_plan_text *t, qk_span s, uint32_t *first, uint32_t *last)
{
    uint32_t dollars = 0;
    *first = *last = 0;
    if (s.from >= s.to || s.to > t->len) return;
    *first = t->from[s.from];
    *last = t->from[s.to - 1] + 1;
    /* the marks of a formula belong to what they enclose */
    for (uint32_t i = *first; i < *last; i++) dollars += t->given.ptr[t->at[i]] == '$';
    while (*last < t->points && t->given.ptr[t->at[*last]] == '}') ++*last;
    if (dollars % 2 == 0) return;
    if (*last < t->points && t->given.ptr[t->at[*last]] == '$')
        ++*last;
    else if (*first > 0 && t->given.ptr[t->at[*first - 1]] == '$')
        --*first;
}

qk_str qk_plan_quote(const qk_plan_text *t, qk_span s)
{
    uint32_t first, last;
    size_t n = 0;
    char *out;
    points_of(t, s, &first, &last);
    out = qk_arena_alloc(t->arena, t->at[last] - t->at[first] + 1);
    if (!out) return (qk_str){NULL, 0};
    for (uint32_t i = first; i < last; i++) {
        size_t len = t->at[i + 1] - t->at[i];
        if (!t->kept[i]) continue;
        memcpy(out + n, t->given.ptr + t->at[i], len);
        n += len;
    }
    return (qk_str){out, n};
}

static bool is_gap(const qk_plan_text *t, uint32_t i)
{
    size_t used;
    uint32_t at = t->at[i];
    return is_blank(qk_utf8_next((qk_str){t->given.ptr + at, t->given.len - at}, &used));
}

size_t qk_plan_places(const qk_plan_text *t, qk_span s, uint32_t (*out)[2], size_t max)
{
    uint32_t first, last, start, end;
    size_t n = 0;
    points_of(t, s, &first, &last);
    start = end = first;
    for (uint32_t i = first; i < last && n < max; i++) {
        if (t->kept[i]) {
            end = i + 1;
        } else if (!is_gap(t, i)) {
            if (end > start) {
                out[n][0] = start;
                out[n++][1] = end;
            }
            start = end = i + 1;
        } else if (start == i) {
            start = end = i + 1;
        }
    }
    if (end > start && n < max) {
        out[n][0] = start;
        out[n++][1] = end;
    }
    return n;
}

/* The normalised text was written by us and is sound UTF-8: nothing need be checked again. */
static uint32_t decode(const char *at, uint32_t *len)
{
    const unsigned char *b = (const unsigned char *)at;
    if (b[0] < 0x80) {
        *len = 1;
        return b[0];
    }
    if (b[0] < 0xE0) {
        *len = 2;
        return (b[0] & 0x1Fu) << 6 | (b[1] & 0x3Fu);
    }
    if (b[0] < 0xF0) {
        *len = 3;
        return (b[0] & 0x0Fu) << 12 | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu);
    }
    *len = 4;
    return (b[0] & 0x07u) << 18 | (b[1] & 0x3Fu) << 12 | (b[2] & 0x3Fu) << 6 | (b[3] & 0x3Fu);
}

uint32_t qk_plan_next(const qk_plan_text *t, uint32_t at, uint32_t *cp)
{
    uint32_t len;
    if (at >= t->len) {
        *cp = 0;
        return at;
    }
    *cp = decode(t->norm + at, &len);
    return at + len;
}

uint32_t qk_plan_prev(const qk_plan_text *t, uint32_t at, uint32_t *cp)
{
    uint32_t i = at, len;
    *cp = 0;
    if (i == 0) return 0;
    do i--;
    while (i > 0 && ((unsigned char)t->norm[i] & 0xC0) == 0x80);
    *cp = decode(t->norm + i, &len);
    return i;
}

bool qk_plan_is(const qk_plan_text *t, uint32_t at, uint32_t limit, const char *literal)
{
    size_t n = strlen(literal);
    return at <= limit && limit <= t->len && limit - at >= n &&
           memcmp(t->norm + at, literal, n) == 0;
}

bool qk_plan_ends(const qk_plan_text *t, qk_span s, const char *literal)
{
    size_t n = strlen(literal);
    return s.to - s.from >= n && memcmp(t->norm + s.to - n, literal, n) == 0;
}

uint32_t qk_plan_find(const qk_plan_text *t, qk_span s, const char *literal)
{
    if (s.from >= s.to) return UINT32_MAX;
    char *hit = memmem(t->norm + s.from, s.to - s.from, literal, strlen(literal));
    return hit ? (uint32_t)(hit - t->norm) : UINT32_MAX;
}

bool qk_plan_has_any(const qk_plan_text *t, qk_span s, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, "|");
        if (s.to > s.from && memmem(t->norm + s.from, s.to - s.from, words, n)) return true;
        words += n + (words[n] == '|');
    }
    return false;
}

uint32_t qk_plan_word_at(const qk_plan_text *t, uint32_t at, uint32_t limit, const char *words)
{
    const char *here = t->norm + at;
    size_t best = 0, room = at <= limit ? limit - at : 0;
    while (*words) {
        size_t n = 0;
        while (words[n] && words[n] != '|' && n < room && words[n] == here[n]) n++;
        if (n > best && (words[n] == '|' || !words[n])) best = n;
        for (words += n; *words && *words != '|';) words++; /* words are short: no call pays */
        words += *words == '|';
    }
    return (uint32_t)best;
}

uint32_t qk_plan_word_end(const qk_plan_text *t, qk_span s, const char *words)
{
    size_t best = 0, room = s.to - s.from;
    if (!room) return 0;
    char last = t->norm[s.to - 1];
    while (*words) {
        const char *stop = words;
        while (*stop && *stop != '|') stop++;
        size_t n = (size_t)(stop - words);
        if (n > best && n <= room && stop[-1] == last && memcmp(t->norm + s.to - n, words, n) == 0)
            best = n;
        words = stop + (*stop == '|');
    }
    return (uint32_t)best;
}

uint32_t qk_plan_chars(const qk_plan_text *t, qk_span s)
{
    return (uint32_t)qk_utf8_count(qk_span_str(t, s));
}
