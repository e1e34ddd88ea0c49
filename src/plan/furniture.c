/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/furniture.h"

enum { WIDTH_MAX = 160, SLACK = 8, FULL_MIN = 30, SHARE_PERCENT = 40, LINES_MIN = 12 };

static qk_str line_str(const qk_plan_text *t, const qk_plan_line *l)
{
    return qk_span_str(t, l->norm);
}

/* "- 3 -", "— 3 —", "第3页", "第3页共9页", "3/9": *decorated; "3" alone: a number. */
static bool is_page_number(qk_str s, uint32_t *number, bool *decorated)
{
    static const char *const marks[] = {"-", "—", "─", "–", "·", "第", "页", "共", "/", "~", "，"};
    uint32_t digits = 0, runs = 0;
    bool in_run = false;
    *number = 0;
    *decorated = false;
    for (size_t i = 0; i < s.len;) {
        size_t k, n = 0;
        if (qk_is_digit(s.ptr[i])) {
            if (!in_run) runs++;
            in_run = true;
            if (runs == 1 && *number < 100000) *number = *number * 10 + (uint32_t)(s.ptr[i] - '0');
            digits++;
            i++;
            continue;
        }
        in_run = false;
        for (k = 0; k < sizeof marks / sizeof marks[0] && !n; k++)
            if (qk_str_starts((qk_str){s.ptr + i, s.len - i}, qk_str_of(marks[k])))
                n = strlen(marks[k]);
        if (!n) return false;
        *decorated = true;
        i += n;
    }
    return digits > 0 && runs <= 2 && *number < 2000 && (runs == 1 || *decorated);
}

/* A bare number is a page's only where a run of them counts up by one. */
static void drop_page_numbers(qk_plan_text *t)
{
    qk_plan_line *last = NULL;
    uint32_t last_number = 0, number;
    bool decorated;
    for (uint32_t i = 0; i < t->line_count; i++) {
        qk_plan_line *l = &t->lines[i];
        if (l->norm.from == l->norm.to || l->cells > 1) continue;
        if (!is_page_number(line_str(t, l), &number, &decorated)) continue;
        if (decorated) {
            l->dropped = true;
        } else {
            if (last && number == last_number + 1) l->dropped = last->dropped = true;
            last = l;
            last_number = number;
        }
    }
}

static bool at_page_edge(const qk_plan_text *t, uint32_t i)
{
    if (t->lines[i].page_before) return true;
    for (uint32_t k = i; k-- > 0;) {
        if (t->lines[k].dropped || (t->lines[k].page_before && t->lines[k].width == 0)) return true;
        if (t->lines[k].width) break;
    }
    for (uint32_t k = i + 1; k < t->line_count; k++) {
        if (t->lines[k].dropped || t->lines[k].page_before) return true;
        if (t->lines[k].width) break;
    }
    return false;
}

static bool is_head_candidate(const qk_plan_text *t, uint32_t i)
{
    const qk_plan_line *l = &t->lines[i];
    qk_str s = line_str(t, l);
    return !l->dropped && l->width >= 10 && l->width <= 80 && l->cells == 1 && s.len < 200 &&
           !qk_str_ends(s, QK_STR("。")) && at_page_edge(t, i);
}

/* The same short line at the edge of three pages or more is a running head. */
static void drop_running_heads(qk_plan_text *t)
{
    enum { EDGES_MAX = 512 };
    uint32_t edges[EDGES_MAX], n = 0;
    for (uint32_t i = 0; i < t->line_count && n < EDGES_MAX; i++)
        if (t->lines[i].width && is_head_candidate(t, i)) edges[n++] = i;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t same = 0;
        qk_str s = line_str(t, &t->lines[edges[i]]);
        for (uint32_t k = 0; k < n; k++) same += qk_str_eq(s, line_str(t, &t->lines[edges[k]]));
        if (same < 3) continue;
        for (uint32_t k = n; k-- > i;)
            if (qk_str_eq(s, line_str(t, &t->lines[edges[k]]))) t->lines[edges[k]].dropped = true;
    }
}

/* A short line that ends in a number standing apart from it: "某县行动方案     12". */
static bool numbered_head(const qk_plan_text *t, const qk_plan_line *l, qk_str *head,
                          uint32_t *number)
{
    qk_str s = line_str(t, l);
    size_t n = s.len;
    if (l->dropped || l->width < 8 || l->width > 100 || l->cells != 2 || s.len > 240) return false;
    *number = 0;
    while (n > 0 && qk_is_digit(s.ptr[n - 1])) n--;
    for (size_t i = n; i < s.len && *number < 10000; i++)
        *number = *number * 10 + (uint32_t)(s.ptr[i] - '0');
    *head = (qk_str){s.ptr, n};
    return n > 0 && n < s.len && s.len - n < 5;
}

static bool stands_alone(const qk_plan_text *t, qk_str words)
{
    for (uint32_t i = 0; i < t->line_count; i++)
        if (qk_str_eq(line_str(t, &t->lines[i]), words)) return true;
    return false;
}

/* The same words with a number that counts up by one are the heads of three pages or more; words
 * that are a line of the document by themselves (its title) are one wherever a number follows. */
static void drop_numbered_heads(qk_plan_text *t)
{
    for (uint32_t i = 0; i < t->line_count; i++) {
        uint32_t run = 1, first, number, seen[3] = {i};
        qk_str head, other;
        if (!numbered_head(t, &t->lines[i], &head, &first)) continue;
        bool title = stands_alone(t, head);
        for (uint32_t k = i + 1; k < t->line_count && !title; k++) {
            if (!numbered_head(t, &t->lines[k], &other, &number) || !qk_str_eq(head, other) ||
                number != first + run)
                continue;
            if (run < 3) seen[run] = k;
            if (++run == 3)
                for (int n = 0; n < 3; n++) t->lines[seen[n]].dropped = true;
            if (run > 3) t->lines[k].dropped = true;
        }
        if (title) t->lines[i].dropped = true;
    }
}

/* Takes the dropped lines out of the normalised text. */
static void close_gaps(qk_plan_text *t)
{
    uint32_t to = 0;
    for (uint32_t i = 0; i < t->line_count; i++) {
        qk_plan_line *l = &t->lines[i];
        uint32_t n = l->norm.to - l->norm.from;
        if (l->dropped) {
            memset(t->kept + l->from, 0, l->to - l->from);
            l->width = 0;
            n = 0;
        }
        memmove(t->norm + to, t->norm + l->norm.from, n);
        memmove(t->from + to, t->from + l->norm.from, n * sizeof *t->from);
        l->norm = (qk_span){to, to + n};
        to += n;
    }
    t->len = to;
    t->from[to] = t->points;
}

/* Lines are wrapped when many of the longer ones are about equally wide and few are wider. */
static void measure_wrap(qk_plan_text *t)
{
    uint32_t of_width[WIDTH_MAX + 1] = {0}, lines = 0, best = 0, best_at = 0, wider = 0;
    for (uint32_t i = 0; i < t->line_count; i++) {
        const qk_plan_line *l = &t->lines[i];
        if (l->width < FULL_MIN || l->cells > 2) continue;
        lines++;
        of_width[l->width < WIDTH_MAX ? l->width : WIDTH_MAX]++;
    }
    for (uint32_t w = FULL_MIN; w + SLACK < WIDTH_MAX; w++) {
        uint32_t sum = 0;
        for (uint32_t k = 0; k < SLACK; k++) sum += of_width[w + k];
        if (sum > best) {
            best = sum;
            best_at = w;
        }
    }
    for (uint32_t w = best_at + SLACK + 4; w <= WIDTH_MAX; w++) wider += of_width[w];
    t->wrap = 0;
    if (lines < LINES_MIN || best * 100 < lines * SHARE_PERCENT || wider * 20 > lines) return;
    for (uint32_t w = best_at; w < best_at + SLACK; w++)
        if (of_width[w]) t->wrap = w;
}

void qk_plan_furniture_drop(qk_plan_text *t)
{
    drop_page_numbers(t);
    drop_numbered_heads(t);
    drop_running_heads(t);
    close_gaps(t);
    measure_wrap(t);
}
