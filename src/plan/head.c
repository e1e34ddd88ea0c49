/* SPDX-License-Identifier: Apache-2.0 */
/* The document's head: title, number, area, dates, draft or not, the years it covers. */
#include "plan/private.h"

enum { TITLE_CHARS = 80 };

#define DEPARTMENT_STARTS                                                                                                         \
    "住房|住建|城市管理|城管|农业|交通|水利|发展|工业|工信|科技|公安|财政|自然资源|市场监督|" \
    "市场监管|"                                                                                                               \
    "应急|气象|教育|商务|卫生|林业|综合|民政|司法|行政|文化|商务|能源|委员会|政府|办公室"
#define TITLE_ENDS "方案|规划|计划|意见|要点|措施|办法|清单|行动"
#define TITLE_TAILS                                                                                                                    \
    "（征求意见稿）|（试行）|（草案）|（讨论稿）|（送审稿）|（修订稿）|（修订版）|征求意见稿|" \
    "（公开征求意见稿）|（再次征求意见稿）"

static qk_span cut_title_tail(const qk_plan_text *t, qk_span s)
{
    uint32_t n;
    while ((n = qk_plan_word_end(t, s, TITLE_TAILS)) > 0 && n < s.to - s.from) s.to -= n;
    return s;
}

static bool ends_as_title(const qk_plan_text *t, qk_span s)
{
    qk_span cut = cut_title_tail(t, s);
    uint32_t cp, i;
    if (qk_plan_word_end(t, cut, TITLE_ENDS)) return true;
    if (!qk_plan_ends(t, cut, "）")) return false;
    /* …行动计划（2023—2025年） */
    for (i = cut.to; i > cut.from; i = qk_plan_prev(t, i, &cp))
        if (qk_plan_word_end(t, (qk_span){cut.from, i}, "（")) break;
    return i > cut.from + 3 && qk_plan_word_end(t, (qk_span){cut.from, i - 3}, TITLE_ENDS) &&
           qk_plan_has(t, (qk_span){i, cut.to}, "年");
}

static bool may_be_title(const qk_plan_text *t, qk_span s)
{
    uint32_t n = qk_plan_chars(t, s);
    return n >= 2 && n <= TITLE_CHARS && !qk_plan_has_any(t, s, "。|《|；|：|！") &&
           !qk_plan_word_end(t, s, "，|、");
}

/* The title that a covering notice names in 《》 before 印发. */
static bool title_by_notice(const qk_plan *p, qk_span *title)
{
    const qk_plan_text *t = &p->text;
    for (uint32_t i = 0; i < p->body; i++) {
        qk_span s = p->paras[i].span;
        uint32_t open = qk_plan_find(t, s, "《"), close;
        if (open == UINT32_MAX || !qk_plan_has_any(t, s, "印发|现将|转发")) continue;
        close = qk_plan_find(t, (qk_span){open, s.to}, "》");
        if (close == UINT32_MAX) continue;
        *title = (qk_span){open + 3, close};
        return true;
    }
    return false;
}

/* Words of the notice's title found as lines of their own: the title where it stands. */
static bool printed_again(const qk_plan *p, qk_span title, qk_span *where)
{
    const qk_plan_text *t = &p->text;
    uint32_t n = title.to - title.from;
    for (uint32_t i = p->body; i-- > 0;) {
        qk_span s = p->paras[i].span;
        uint32_t end = i + 1 < p->para_count ? p->paras[i + 1].span.to : s.to;
        if (s.from < title.to && title.from < s.to) continue;
        if (s.from + n <= (end > s.to ? end : s.to) &&
            memcmp(t->norm + s.from, t->norm + title.from, n) == 0) {
            *where = (qk_span){s.from, s.from + n};
            return true;
        }
    }
    return false;
}

static void read_title(qk_plan *p)
{
    const qk_plan_text *t = &p->text;
    qk_span named, found;
    if (title_by_notice(p, &named)) {
        p->title = printed_again(p, named, &found) ? found : named;
        p->title = cut_title_tail(t, p->title);
        return;
    }
    for (uint32_t i = p->body; i-- > 0;) {
        qk_span s = p->paras[i].span;
        if (!may_be_title(t, s) || !ends_as_title(t, s)) continue;
        /* a title on two lines: the line above has no end of its own */
        for (uint32_t k = i; k-- > 0;) {
            qk_span above = p->paras[k].span;
            bool joined = may_be_title(t, above) &&
                          !qk_plan_word_end(t, above, "通知|文件|号|）|日|室|" TITLE_ENDS) &&
                          !qk_plan_has_any(t, above, "【") && above.to == s.from &&
                          qk_plan_chars(t, above) >= 4;
            if (!joined || qk_plan_word_end(t, s, "")) break;
            if (qk_plan_word_at(t, s.from, s.to, "附件|关于")) break;
            s.from = above.from;
        }
        p->title = cut_title_tail(t, s);
        return;
    }
    for (uint32_t i = 0; i < p->body; i++)
        if (may_be_title(t, p->paras[i].span)) {
            p->title = cut_title_tail(t, p->paras[i].span);
            return;
        }
}

/* 某政办〔2024〕21号 on a line of its own. */
static void read_number(qk_plan *p)
{
    const qk_plan_text *t = &p->text;
    for (uint32_t i = 0; i < p->text.line_count; i++) {
        qk_span s = t->lines[i].norm;
        uint32_t open, end, v, cp;
        if (p->body < p->para_count && s.from >= p->paras[p->body].span.from) return;
        if (s.from == s.to || !qk_plan_word_end(t, s, "号") || qk_plan_chars(t, s) > 40) continue;
        open = qk_plan_find(t, s, "【");
        if (open == UINT32_MAX) open = qk_plan_find(t, s, "（");
        if (open == UINT32_MAX || open == s.from || qk_plan_has_any(t, s, "《|，|。")) continue;
        if (!qk_plan_read_count(t, open + 3, s.to, &v, &end) || v < 1990 || v > 2100) continue;
        qk_plan_next(t, end, &cp);
        if (cp != 0x3011 && cp != 0xFF09) continue;
        end += 3;
        end += qk_plan_word_at(t, end, s.to, "第");
        if (!qk_plan_read_count(t, end, s.to, &v, &end) || !qk_plan_is(t, end, s.to, "号"))
            continue;
        p->doc_no = s;
        return;
    }
}

/* 某市某区: place names that follow each other at the title's start. */
static void read_region(qk_plan *p)
{
    static const char *const ends =
        "省|自治区|自治州|自治县|自治旗|新区|开发区|示范区|高新区|市|县|区|旗|州|盟|镇|乡|街道";
    const qk_plan_text *t = &p->text;
    uint32_t i = p->title.from, cp, chars = 0, end = 0;
    i += qk_plan_word_at(t, i, p->title.to, "关于|《");
    uint32_t start = i;
    for (; i < p->title.to && chars < 9; chars++) {
        if (qk_plan_word_at(t, i, p->title.to,
                            "空气|大气|蓝天|环境|污染|生态|打赢|深入|持续|扬尘|重污染|夏季|秋|冬|"
                            "年|印发|推进|人民|“"))
            break;
        if (qk_is_digit(t->norm[i])) break;
        /* 某县住房和城乡建设局: the department's name is no place */
        if (end == i && qk_plan_word_at(t, i, p->title.to, DEPARTMENT_STARTS)) break;
        uint32_t n = qk_plan_word_at(t, i, p->title.to, ends);
        if (n && chars > 0) {
            i += n;
            end = i;
            chars = 0;
            continue;
        }
        i = qk_plan_next(t, i, &cp);
    }
    if (end) p->region = (qk_span){start, end};
}

static bool date_in(const qk_plan *p, uint32_t para, bool printed)
{
    const qk_plan_text *t = &p->text;
    qk_span s = p->paras[para].span;
    uint32_t cp, end;
    if (qk_plan_chars(t, s) > (printed ? 60u : 24u)) return false;
    for (uint32_t i = s.from; i < s.to; i = qk_plan_next(t, i, &cp)) {
        int32_t date;
        if (!qk_plan_read_date(t, i, s.to, &date, &end)) continue;
        if (!printed && i != s.from &&
            !qk_plan_word_end(t, (qk_span){s.from, i}, "府|室|局|会|办|组|（|公室|委"))
            return false;
        ((qk_plan *)(uintptr_t)p)->issued = date;
        ((qk_plan *)(uintptr_t)p)->issued_span = (qk_span){i, end};
        return true;
    }
    return false;
}

static void read_issued(qk_plan *p)
{
    for (uint32_t i = p->body; i-- > 0;)
        if (date_in(p, i, false)) return;
    for (uint32_t i = p->para_count; i-- > p->body;)
        if (qk_plan_has(&p->text, p->paras[i].span, "印发") && date_in(p, i, true)) return;
    for (uint32_t i = p->para_count; i-- > p->body;)
        if (!p->paras[i].mark.kind && date_in(p, i, false)) return;
}

static void read_draft(qk_plan *p)
{
    static const char *const words = "征求意见稿|草案|讨论稿|送审稿";
    for (uint32_t i = 0; i <= p->body && i < p->para_count; i++)
        if (qk_plan_chars(&p->text, p->paras[i].span) < 80 &&
            qk_plan_has_any(&p->text, p->paras[i].span, words))
            p->draft = true;
}

/* 2025年, 2021—2025年, “十四五” in the title or as the plan's stated term. */
static bool years_in(qk_plan *p, qk_span s)
{
    static const char *const five[] = {"十二五", "十三五", "十四五", "十五五", "十六五"};
    const qk_plan_text *t = &p->text;
    uint32_t cp, end, v, w;
    for (uint32_t i = s.from; i < s.to; i = qk_plan_next(t, i, &cp)) {
        if (!qk_plan_read_count(t, i, s.to, &v, &end) || v < 1990 || v > 2100) continue;
        p->year_from = p->year_to = (int32_t)v;
        end += qk_plan_word_at(t, end, s.to, "年");
        uint32_t dash = qk_plan_word_at(t, end, s.to, "——|—|-|~|至|到");
        if (dash && qk_plan_read_count(t, end + dash, s.to, &w, &end) && w >= v && w < v + 30)
            p->year_to = (int32_t)w;
        return true;
    }
    for (int k = 0; k < 5; k++)
        if (qk_plan_has(t, s, five[k])) {
            p->year_from = 2011 + 5 * k;
            p->year_to = p->year_from + 4;
            return true;
        }
    return false;
}

static void stretch(qk_plan *p, int32_t year)
{
    if (year < 2000 || year > 2100) return;
    if (!p->year_from || year < p->year_from) p->year_from = year;
    if (year > p->year_to) p->year_to = year;
}

/* Without years in the title: from its issue or its first dated duty to its last goal or duty. */
static void years_by_text(qk_plan *p)
{
    const qk_plan_text *t = &p->text;
    if (p->issued) stretch(p, p->issued / 10000);
    for (uint32_t n = 0; n < p->node_count; n++) {
        if (p->nodes[n].role != QK_PLAN_GOALS && !p->nodes[n].task) continue;
        for (uint32_t k = p->nodes[n].para; k < p->nodes[n].para_end; k++) {
            qk_span s = p->paras[k].span;
            uint32_t cp, end;
            int32_t year;
            for (uint32_t i = s.from; i < s.to; i = qk_plan_next(t, i, &cp)) {
                if (!qk_is_digit(t->norm[i]) || (i > s.from && qk_is_digit(t->norm[i - 1])))
                    continue;
                if (!qk_plan_read_year(t, i, s.to, &year, &end) || qk_plan_in_title(t, s, i))
                    continue;
                bool till = qk_plan_word_end(t, (qk_span){s.from, i}, "到") > 0;
                uint32_t month, after = end;
                bool dated = qk_plan_word_at(t, end, s.to, "年底前|底前|底|年底|末") > 0 ||
                             (qk_plan_read_count(t, end, s.to, &month, &after) &&
                              qk_plan_is(t, after, s.to, "月"));
                if (till || dated) stretch(p, year);
            }
        }
    }
}

static void read_years(qk_plan *p)
{
    p->year_by_title = years_in(p, p->title);
    for (uint32_t i = 0; i < p->para_count && !p->year_by_title; i++) {
        qk_span s = p->paras[i].span;
        uint32_t at = qk_plan_find(&p->text, s, "规划期限");
        if (at != UINT32_MAX && at > s.from) p->year_by_title = years_in(p, (qk_span){at, s.to});
        if (i > p->body) break;
    }
    if (!p->year_by_title) years_by_text(p);
}

void qk_plan_read_head(qk_plan *p)
{
    if (p->body >= p->para_count) return;
    read_title(p);
    read_number(p);
    read_region(p);
    read_issued(p);
    read_draft(p);
    read_years(p);
}
