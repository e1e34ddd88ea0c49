/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_PLAN_TEXT_H
#define QK_PLAN_TEXT_H
/* The text of a plan in two shapes: as given, and normalised for reading.
 *
 * Normalised means: white space gone, digits, letters and full stops half-width, brackets, commas,
 * colons and semicolons full-width, traditional characters simplified, subscripts and superscripts
 * plain digits, the marks of formula typesetting ($ _ { }) gone. Each normalised byte knows the
 * code point it came from, so that whatever was recognised is quoted as printed and carries its
 * place. Recognition works on normalised UTF-8 alone; a qk_span counts its bytes.
 *
 * Memory lies in the arena given; the given text must outlive the struct. One thread at a time. */
#include "base/memory.h"

/* A blank (U+2060) that a reader of real tables puts into an empty cell: nothing is missing there,
 * nothing of the row is to be moved. */
enum { QK_PLAN_EMPTY_CELL = 0x2060 };
enum { QK_PLAN_TEXT_MAX = 16 << 20 }; /* bytes of a plan; more is refused */

typedef struct qk_span {
    uint32_t from, to; /* bytes of the normalised text */
} qk_span;

typedef struct qk_plan_line {
    qk_span norm;          /* empty for a blank line or a dropped one */
    uint32_t from, to;     /* code points of the given text, without the line end */
    uint16_t width, start; /* in half-width columns: the text, and the indent before it */
    uint8_t cells;         /* columns by tabs, or by runs of blanks; 1 for plain text */
    bool tabs;
    bool page_before; /* a form feed stands at its start */
    bool dropped;     /* page number or repeated heading */
} qk_plan_line;

typedef struct qk_plan_text {
    qk_arena *arena;
    qk_str given;
    const uint32_t *at; /* per code point of the given text: its first byte; one more at the end */
    uint32_t points;
    uint8_t *kept; /* per code point: 1 when it is quoted (not white space, not page furniture) */
    char *norm;
    uint32_t *from; /* per normalised byte: code point of the given text; one more at the end */
    uint32_t len;
    qk_plan_line *lines;
    uint32_t line_count;
    uint32_t wrap;     /* width of a full line where lines are cut by hand or by a printer, or 0 */
    uint32_t replaced; /* code points that were no UTF-8 */
    uint32_t han;      /* Chinese characters */
    uint32_t traditional; /* of them simplified */
} qk_plan_text;

/* Reads the text; QK_EFULL beyond the ceiling or the arena, QK_EFORMAT when it is no text at all
 * (control characters, broken UTF-8 in bulk). */
QK_NODISCARD qk_code qk_plan_text_read(qk_plan_text *out, qk_str given, qk_arena *arena,
                                       qk_error *err);
static inline qk_str qk_span_str(const qk_plan_text *t, qk_span s)
{
    return (qk_str){t->norm + s.from, s.to - s.from};
}
/* As printed, white space removed; in the arena ({NULL,0} without memory). */
qk_str qk_plan_quote(const qk_plan_text *t, qk_span s);
/* Pieces of the given text in code points, what lies between them being page furniture; up to max
 * are written, the number returned. */
size_t qk_plan_places(const qk_plan_text *t, qk_span s, uint32_t (*out)[2], size_t max);
/* The simplified form of a traditional character, any other as it is. */
uint32_t qk_plan_simplify(uint32_t code_point);

/* Steps over whole characters of the normalised text. */
uint32_t qk_plan_next(const qk_plan_text *t, uint32_t at, uint32_t *code_point);
uint32_t qk_plan_prev(const qk_plan_text *t, uint32_t at, uint32_t *code_point);
/* Does the literal stand at (or end at) this byte, inside [0, limit)? */
bool qk_plan_is(const qk_plan_text *t, uint32_t at, uint32_t limit, const char *literal);
bool qk_plan_ends(const qk_plan_text *t, qk_span s, const char *literal);
/* First occurrence inside s, or UINT32_MAX. */
uint32_t qk_plan_find(const qk_plan_text *t, qk_span s, const char *literal);
static inline bool qk_plan_has(const qk_plan_text *t, qk_span s, const char *literal)
{
    return qk_plan_find(t, s, literal) != UINT32_MAX;
}
/* Does s hold one of the words of a list "a|b|c"? */
bool qk_plan_has_any(const qk_plan_text *t, qk_span s, const char *words);
/* Length in bytes of the longest word of the list that stands at `at` (ends at `end`), or 0. */
uint32_t qk_plan_word_at(const qk_plan_text *t, uint32_t at, uint32_t limit, const char *words);
uint32_t qk_plan_word_end(const qk_plan_text *t, qk_span s, const char *words);
/* Characters (not bytes) in s. */
uint32_t qk_plan_chars(const qk_plan_text *t, qk_span s);
#endif
