/* SPDX-License-Identifier: Apache-2.0 */
/* Numbering at the start of a paragraph, and numbers in Chinese digits. */
#include "plan/private.h"

static int cn_digit(uint32_t cp)
{
    static const uint32_t digits[] = {0x3007, 0x4E00, 0x4E8C, 0x4E09, 0x56DB,
                                      0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D};
    for (int i = 0; i < 10; i++)
        if (digits[i] == cp) return i;
    if (cp == 0x96F6) return 0;
    return cp == 0x4E24 ? 2 : -1; /* 零, 两 */
}

/* 一 … 九十九, 一百二十; plain rows of digits (二〇二五) too. */
static bool read_cn(const qk_plan_text *t, uint32_t at, uint32_t limit, uint32_t *value,
                    uint32_t *end)
{
    uint32_t total = 0, digit = 0, cp, next = at, digits = 0;
    bool any = false, scaled = false;
    while (next < limit) {
        uint32_t after = qk_plan_next(t, next, &cp);
        int d = cn_digit(cp);
        if (d >= 0) {
            if (digits > 0 && !scaled && total < 100000)
                digit = digit * 10 + (uint32_t)d;
            else
                digit = (uint32_t)d;
            digits++;
        } else if (cp == 0x5341 || cp == 0x767E) { /* 十, 百 */
            uint32_t unit = cp == 0x5341 ? 10 : 100;
            total += (any && digits ? digit : 1) * unit;
            digit = digits = 0;
            scaled = true;
        } else {
            break;
        }
        any = true;
        if (digit > 100000 || total > 100000) return false;
        next = after;
    }
    *value = total + digit;
    *end = next;
    return any;
}

static bool read_arabic(const qk_plan_text *t, uint32_t at, uint32_t limit, uint32_t *value,
                        uint32_t *end)
{
    uint32_t v = 0, i = at;
    while (i < limit && qk_is_digit(t->norm[i]) && v < 100000)
        v = v * 10 + (uint32_t)(t->norm[i++] - '0');
    *value = v;
    *end = i;
    return i > at && (i >= limit || !qk_is_digit(t->norm[i]));
}

bool qk_plan_read_count(const qk_plan_text *t, uint32_t at, uint32_t limit, uint32_t *value,
                        uint32_t *end)
{
    return read_arabic(t, at, limit, value, end) || read_cn(t, at, limit, value, end);
}

static bool mark_of_parts(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_mark *m)
{
    static const struct {
        const char *word;
        qk_mark_kind kind;
    } parts[] = {{"章", QK_MARK_CHAPTER},
                 {"部分", QK_MARK_CHAPTER},
                 {"篇", QK_MARK_CHAPTER},
                 {"节", QK_MARK_SECTION},
                 {"条", QK_MARK_ARTICLE}};
    uint32_t end;
    if (!qk_plan_is(t, at, limit, "第")) return false;
    if (!qk_plan_read_count(t, at + 3, limit, &m->number, &end)) return false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!qk_plan_is(t, end, limit, parts[i].word)) continue;
        m->kind = parts[i].kind;
        m->end = end + (uint32_t)strlen(parts[i].word);
        return true;
    }
    return false;
}

static bool mark_of_bracket(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_mark *m)
{
    uint32_t end;
    if (!qk_plan_is(t, at, limit, "（")) return false;
    if (read_arabic(t, at + 3, limit, &m->number, &end))
        m->kind = QK_MARK_NUM_PAREN;
    else if (read_cn(t, at + 3, limit, &m->number, &end))
        m->kind = QK_MARK_CN_PAREN;
    else
        return false;
    if (!qk_plan_is(t, end, limit, "）") || m->number == 0 || m->number > 199) return false;
    m->end = end + 3;
    /* （一）、 is met now and then */
    if (qk_plan_is(t, m->end, limit, "、")) m->end += 3;
    return true;
}

/* One character that is a number and its bracket: ①, ⑴, ⒈, ㈠ */
static bool mark_of_sign(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_mark *m)
{
    static const struct {
        uint32_t first, last;
        qk_mark_kind kind;
    } signs[] = {{0x2460, 0x2473, QK_MARK_CIRCLE},
                 {0x2474, 0x2487, QK_MARK_NUM_PAREN},
                 {0x2488, 0x249B, QK_MARK_NUM},
                 {0x3220, 0x3229, QK_MARK_CN_PAREN},
                 {0x2776, 0x277F, QK_MARK_CIRCLE}};
    uint32_t cp, end = qk_plan_next(t, at, &cp);
    if (end > limit) return false;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (cp < signs[i].first || cp > signs[i].last) continue;
        m->kind = signs[i].kind;
        m->number = cp - signs[i].first + 1;
        m->end = end;
        return true;
    }
    return false;
}

/* 1. 1、 1） 1.1 1.1.1 */
static bool mark_of_digits(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_mark *m)
{
    uint32_t n[3] = {0}, count = 0, end = at, cp;
    for (; count < 3; count++) {
        uint32_t after;
        if (!read_arabic(t, end, limit, &n[count], &after) || after - end > 3) break;
        end = after;
        if (!qk_plan_is(t, end, limit, ".")) {
            count++;
            break;
        }
        end++;
    }
    if (count == 0 || n[count - 1] == 0 || n[count - 1] > 199) return false;
    bool dot = end > at && t->norm[end - 1] == '.';
    m->number = n[count - 1];
    m->upper[0] = count > 1 ? n[0] : 0;
    m->upper[1] = count > 2 ? n[1] : 0;
    m->kind = count == 1 ? QK_MARK_NUM : count == 2 ? QK_MARK_NUM2 : QK_MARK_NUM3;
    m->end = end;
    if (count == 1 && !dot) {
        if (qk_plan_is(t, end, limit, "）"))
            m->kind = QK_MARK_NUM_PAREN;
        else if (!qk_plan_word_at(t, end, limit, "、|，"))
            return false;
        m->end = end + 3;
    }
    /* 4.3米 is a measure, 1.1加强 a number: what follows tells */
    qk_plan_next(t, m->end, &cp);
    if (m->end >= limit) return count == 1;
    if (cp < 0x4E00 && cp != 0x201C && cp != 0x300A && cp != 0xFF08 && !(cp >= 'A' && cp <= 'z'))
        return false;
    return count == 1 ||
           !qk_plan_word_at(t, m->end, limit,
                            "米|吨|万|亿|%|个|倍|家|元|微克|毫克|千|公|平方|亩|度|以");
}

/* 一、 and 一. open anything; 一，only a heading: behind it no sentence goes on. */
static bool mark_of_cn(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_mark *m)
{
    enum { HEADING_CHARS = 24 };
    uint32_t end;
    if (!read_cn(t, at, limit, &m->number, &end) || m->number == 0 || m->number >= 200)
        return false;
    qk_span rest = {end + 3, limit};
    m->kind = QK_MARK_CN;
    if (qk_plan_is(t, end, limit, "）"))
        m->kind = QK_MARK_CN_PAREN;
    else if (qk_plan_is(t, end, limit, "，") &&
             (qk_plan_chars(t, rest) > HEADING_CHARS || qk_plan_has_any(t, rest, "，|。|；|：")))
        return false;
    else if (!qk_plan_word_at(t, end, limit, "、|.|，"))
        return false;
    m->end = end + (t->norm[end] == '.' ? 1 : 3);
    return true;
}

qk_mark qk_plan_mark_at(const qk_plan_text *t, uint32_t at, uint32_t limit)
{
    qk_mark m = {0};
    if (at >= limit) return m;
    if (mark_of_parts(t, at, limit, &m) || mark_of_bracket(t, at, limit, &m) ||
        mark_of_sign(t, at, limit, &m) || mark_of_digits(t, at, limit, &m))
        return m;
    m = (qk_mark){0};
    return mark_of_cn(t, at, limit, &m) ? m : (qk_mark){0};
}
