/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about what words cannot mean together: a new works with a grade of old, two aims for one
 * thing, an aim that nothing measures, one office under several names. */
#include "plan/check_private.h"

enum { NAMES_MAX = 64, ALIKE_PERCENT = 75, LIST_MIN = 3, CHARS_MAX = 40 };

static uint32_t points_of(qk_str s, uint32_t *out)
{
    uint32_t n = 0;
    while (s.len && n < CHARS_MAX) {
        size_t used;
        out[n++] = qk_utf8_next(s, &used);
        s = (qk_str){s.ptr + used, s.len - used};
    }
    return n;
}

bool qk_check_alike(qk_str a, qk_str b)
{
    uint32_t x[CHARS_MAX], y[CHARS_MAX], row[CHARS_MAX + 1] = {0};
    uint32_t n = points_of(a, x), m = points_of(b, y), more = n > m ? n : m;
    if (!n || !m) return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t corner = 0;
        for (uint32_t k = 0; k < m; k++) {
            uint32_t up = row[k + 1];
            row[k + 1] = x[i] == y[k] ? corner + 1 : up > row[k] ? up : row[k];
            corner = up;
        }
    }
    return row[m] * 100 >= more * ALIKE_PERCENT;
}

/* 地方C, B级: a grade of performance and nothing else. */
static bool is_grade(const qk_plan_text *t, qk_span s)
{
    uint32_t letters = 0;
    for (uint32_t i = s.from; i < s.to; i++) letters += t->norm[i] >= 'A' && t->norm[i] <= 'D';
    return letters == 1 && qk_plan_chars(t, s) <= 4 &&
           (qk_plan_chars(t, s) == 1 || qk_plan_has_any(t, s, "级|地方|国家|省"));
}

static void check_new_works(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->table_count; i++)
        for (uint32_t r = 0; r < p->tables[i].row_count; r++) {
            const qk_plan_table *tb = &p->tables[i];
            qk_span built = {0}, grade = {0};
            for (uint32_t k = 0; k < tb->column_count; k++) {
                qk_span cell = tb->rows[r].cells[k].text;
                if (qk_plan_has_any(&p->text, cell, "新建企业|新建项目|在建企业|拟建企业"))
                    built = cell;
                if (!grade.to && is_grade(&p->text, cell) &&
                    qk_plan_has_any(&p->text, tb->columns[k].text, "原|现|当前|目前|已"))
                    grade = cell;
            }
            if (!built.to || !grade.to) continue;
            qk_plan_finding *f = qk_check_add(c, "new_with_grade", 'M');
            if (!f) return;
            qk_check_at(c, f, qk_plan_quote(&p->text, tb->title));
            qk_check_quote(f, built);
            qk_check_quote(f, grade);
            f->param[0] = qk_plan_quote(&p->text, built);
            f->param[1] = qk_plan_quote(&p->text, grade);
        }
}

static bool is_in_tables(const qk_plan *p, qk_span letter)
{
    for (uint32_t i = 0; i < p->table_count; i++)
        for (uint32_t r = 0; r < p->tables[i].row_count; r++)
            for (uint32_t k = 0; k < p->tables[i].column_count; k++) {
                qk_span cell = p->tables[i].rows[r].cells[k].text;
                if (is_grade(&p->text, cell) &&
                    qk_plan_has(&p->text, cell, (char[2]){p->text.norm[letter.from], 0}))
                    return true;
            }
    return false;
}

/* 全面消除D级企业, and no annex says which they are. */
static void check_class_without_list(checker *c, qk_span s)
{
    const qk_plan *p = c->p;
    static const char *const verbs[] = {"消除", "清零", "淘汰", "退出"};
    for (size_t v = 0; v < sizeof verbs / sizeof verbs[0]; v++) {
        uint32_t at = qk_plan_find(&p->text, s, verbs[v]), i;
        if (at == UINT32_MAX) continue;
        i = at + 6;
        if (i + 4 > s.to || p->text.norm[i] < 'A' || p->text.norm[i] > 'D' ||
            !qk_plan_word_at(&p->text, i + 1, s.to, "级企业|级工业企业|级涉气企业") ||
            is_in_tables(p, (qk_span){i, i + 1}))
            continue;
        qk_plan_finding *f = qk_check_add(c, "class_without_list", 'M');
        if (!f) return;
        qk_check_at_place(c, f, at);
        qk_check_quote(f, qk_check_clause(c, s, at));
        f->param[0] = qk_plan_quote(&p->text, (qk_span){i, i + 4});
    }
}

/* Vehicles that are one kind under several names. */
static const char *const kinds[] = {
    "水泥罐车|商砼车|混凝土搅拌车|混凝土运输车|混凝土罐车|商砼运输车|商混车",
    "渣土运输车|渣土车|建筑垃圾运输车|建筑垃圾清运车",
    "环卫用车|环卫车|市政环卫车|环卫作业车",
    "公交车|城市公交",
    "巡游出租车|出租车",
};

typedef struct aim {
    qk_span name, clause, words; /* words: 基本, 逐步, 80% */
} aim;

/* The strength of the aim that ends a list of vehicles; empty when there is none. */
static qk_span strength(const qk_plan_text *t, qk_span s, uint32_t from)
{
    uint32_t cp;
    for (uint32_t i = from; i < s.to; i = qk_plan_next(t, i, &cp)) {
        uint32_t n = qk_plan_word_at(t, i, s.to, "全部|基本|逐步|稳步"), k = i;
        if (n) return (qk_span){i, i + n};
        while (k < s.to && (qk_is_digit(t->norm[k]) || t->norm[k] == '.')) k++;
        if (k > i && k < s.to && t->norm[k] == '%') return (qk_span){i, k + 1};
        if (qk_plan_word_at(t, i, s.to, "，")) break;
    }
    return (qk_span){0};
}

/* Where a kind of vehicle is named in a sentence that speaks of new energy, and with what aim. */
static bool find_aim(const qk_plan_text *t, qk_span s, const char *names, aim *out)
{
    uint32_t cp, n;
    if (!qk_plan_has_any(t, s, "新能源|电动|清洁能源|国六")) return false;
    for (uint32_t i = s.from; i < s.to; i = qk_plan_next(t, i, &cp)) {
        if ((n = qk_plan_word_at(t, i, s.to, names)) == 0) continue;
        qk_span words = strength(t, s, i + n), clause = {i, i};
        while (clause.from > s.from && !qk_plan_word_end(t, (qk_span){s.from, clause.from}, "，"))
            clause.from = qk_plan_prev(t, clause.from, &cp);
        /* what is bought anew has an aim of its own */
        if (!words.to || qk_plan_has_any(t, clause, "新增|更新|新购|购买")) continue;
        *out = (aim){{i, i + n}, s, words};
        return true;
    }
    return false;
}

static void add_two_aims(checker *c, const qk_plan_task *task, const aim *a, const aim *b)
{
    qk_plan_finding *f = qk_check_add(c, "two_aims", 'M');
    const qk_plan_text *t = &c->p->text;
    if (!f) return;
    qk_check_at_task(c, f, task);
    qk_check_quote(f, a->clause);
    qk_check_quote(f, b->clause);
    f->param[0] = qk_plan_quote(t, a->name);
    f->param[1] = qk_plan_quote(t, b->name);
    f->arithmetic = qk_check_print(c, "%.*s：%.*s；%.*s：%.*s", QK_STR_ARG(f->param[0]),
                                   QK_STR_ARG(qk_plan_quote(t, a->words)), QK_STR_ARG(f->param[1]),
                                   QK_STR_ARG(qk_plan_quote(t, b->words)));
}

static qk_span next_part(const qk_plan_text *t, qk_span s, uint32_t at)
{
    qk_span r = {at, at};
    uint32_t cp;
    while (r.to < s.to && !qk_plan_word_at(t, r.to, s.to, "；|。"))
        r.to = qk_plan_next(t, r.to, &cp);
    return r;
}

static void check_two_aims(checker *c, const qk_plan_task *task)
{
    const qk_plan_text *t = &c->p->text;
    const qk_plan_node *node = &c->p->nodes[task->node];
    qk_span all = {node->heading.to, c->p->paras[node->para_end - 1].span.to};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        aim first = {0}, next;
        for (uint32_t at = all.from; at < all.to;) {
            qk_span part = next_part(t, all, at);
            at = part.to + 3;
            if (!find_aim(t, part, kinds[k], &next)) continue;
            if (first.words.to &&
                !qk_str_eq(qk_span_str(t, first.words), qk_span_str(t, next.words))) {
                add_two_aims(c, task, &first, &next);
                break;
            }
            if (!first.words.to) first = next;
        }
    }
}

/* 排名明显进位, 探索研究: nothing in the task tells when it is done. */
static void check_unmeasured(checker *c, const qk_plan_task *task)
{
    static const char *const vague[] = {"明显进位", "大幅进位", "位次明显前移", "探索研究",
                                        "明显下降", "明显减少", "大幅下降",     "大幅减少"};
    const qk_plan_text *t = &c->p->text;
    const qk_plan_node *node = &c->p->nodes[task->node];
    qk_span all = {node->heading.to, c->p->paras[node->para_end - 1].span.to};
    if (task->number_count) return;
    for (size_t i = 0; i < sizeof vague / sizeof vague[0]; i++) {
        uint32_t at = qk_plan_find(t, all, vague[i]);
        if (at == UINT32_MAX) continue;
        qk_plan_finding *f = qk_check_add(c, "aim_unmeasured", 'M');
        if (!f) return;
        qk_check_at_task(c, f, task);
        qk_check_quote(f, qk_check_clause(c, all, at));
        f->param[0] = qk_str_of(vague[i]);
        return;
    }
}

typedef struct office {
    qk_span full, name; /* name: without the area before it */
    uint32_t group;     /* offices of one group are one office */
} office;

static qk_span without_area(const qk_plan *p, qk_span s)
{
    qk_str area = qk_span_str(&p->text, p->region);
    uint32_t n;
    if (area.len && qk_str_starts(qk_span_str(&p->text, s), area)) s.from += (uint32_t)area.len;
    n = qk_plan_word_at(&p->text, s.from, s.to, "市|县|区");
    if (n && qk_plan_chars(&p->text, s) > 6) s.from += n;
    return s;
}

static bool is_common_office(const qk_plan_text *t, qk_span s)
{
    return qk_plan_chars(t, s) < 6 ||
           qk_plan_has_any(t, s, "政府|市委|县委|区委|省委|专项办公室|《|各") ||
           qk_plan_word_end(t, s, "党政办公室|管理办公室|综合办公室") > 0;
}

static uint32_t collect_offices(const qk_plan *p, office *out)
{
    static const char *const stops =
        "、|，|。|；|：|（|）|】|号|文件|由|报|向|经|各|及|会同|通过|交|督促|成立|设立|将";
    const qk_plan_text *t = &p->text;
    qk_span text = {0, p->body_end && p->body_end <= p->para_count
                           ? p->paras[p->body_end - 1].span.to
                           : t->len};
    uint32_t n = 0;
    for (uint32_t at = 0; n < NAMES_MAX;) {
        qk_span rest = {at, text.to}, s;
        uint32_t hit = qk_plan_find(t, rest, "办公室"), cp;
        if (hit == UINT32_MAX) break;
        s = (qk_span){hit, hit + 9};
        while (s.from > at && s.to - s.from < 90 &&
               !qk_plan_word_end(t, (qk_span){at, s.from}, stops))
            s.from = qk_plan_prev(t, s.from, &cp);
        at = s.to;
        if (qk_plan_in_title(t, text, hit)) continue;
        qk_span name = without_area(p, s);
        if (is_common_office(t, name)) continue;
        out[n] = (office){s, name, n};
        n++;
    }
    return n;
}

/* 污染防治攻坚办公室 is the 污染防治攻坚战领导小组办公室. */
static bool is_same_office(const qk_plan_text *t, qk_span a, qk_span b)
{
    qk_str x = qk_span_str(t, a), y = qk_span_str(t, b);
    x.len -= 9;
    y.len -= 9;
    if (qk_str_eq(x, y)) return true;
    if (qk_check_alike(x, y)) return true;
    if (x.len > y.len) {
        qk_str swap = x;
        x = y;
        y = swap;
    }
    return x.len >= 15 && qk_str_find(y, x, 0) != SIZE_MAX;
}

static void group_offices(const qk_plan *p, office *all, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (is_same_office(&p->text, all[i].name, all[k].name)) {
                all[i].group = all[k].group;
                break;
            }
}

static bool named_before(const qk_plan *p, const office *all, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (qk_str_eq(qk_span_str(&p->text, all[k].name), qk_span_str(&p->text, all[i].name)))
            return true;
    return false;
}

static void tell_names(checker *c, const office *all, uint32_t n, uint32_t group)
{
    const qk_plan *p = c->p;
    qk_span names[4];
    uint32_t found = 0;
    for (uint32_t i = 0; i < n && found < 4; i++)
        if (all[i].group == group && !named_before(p, all, i)) names[found++] = all[i].name;
    if (found < 2) return;
    qk_plan_finding *f = qk_check_add(c, "office_names", 'M');
    if (!f) return;
    for (uint32_t i = 0; i < found; i++) {
        qk_check_at_place(c, f, names[i].from);
        qk_check_quote(f, names[i]);
    }
    f->param[0] = qk_plan_quote(&p->text, names[0]);
    f->param[1] = qk_plan_quote(&p->text, names[1]);
    f->arithmetic = qk_check_print(c, "%u 种写法", found);
}

/* Offices that follow each other with 、 between. */
static uint32_t list_length(const qk_plan *p, const office *all, uint32_t n, uint32_t from)
{
    uint32_t k = 1;
    while (from + k < n && all[from + k - 1].full.to + 3 == all[from + k].full.from &&
           qk_plan_is(&p->text, all[from + k - 1].full.to, p->text.len, "、"))
        k++;
    return k;
}

static uint32_t in_both(const office *all, uint32_t a, uint32_t na, uint32_t b, uint32_t nb)
{
    uint32_t same = 0;
    for (uint32_t i = a; i < a + na; i++)
        for (uint32_t k = b; k < b + nb; k++)
            if (all[i].group == all[k].group) {
                same++;
                break;
            }
    return same;
}

/* Two lists of the same special offices, of which one leaves some out. */
static void check_lists(checker *c, const office *all, uint32_t n)
{
    for (uint32_t a = 0, na; a < n; a += na) {
        na = list_length(c->p, all, n, a);
        if (na < LIST_MIN) continue;
        for (uint32_t b = a + na, nb; b < n; b += nb) {
            nb = list_length(c->p, all, n, b);
            if (nb < LIST_MIN || na == nb || in_both(all, a, na, b, nb) < 2) continue;
            qk_plan_finding *f = qk_check_add(c, "offices_differ", 'M');
            if (!f) return;
            qk_check_at_place(c, f, all[a].full.from);
            qk_check_at_place(c, f, all[b].full.from);
            qk_check_quote(f, (qk_span){all[a].full.from, all[a + na - 1].full.to});
            qk_check_quote(f, (qk_span){all[b].full.from, all[b + nb - 1].full.to});
            f->arithmetic = qk_check_print(c, "%u 个与 %u 个", na, nb);
        }
    }
}

static void check_offices(checker *c)
{
    office *all = qk_arena_array(&c->p->arena, NAMES_MAX, sizeof *all);
    if (!all) {
        c->p->full = true;
        return;
    }
    uint32_t n = collect_offices(c->p, all);
    group_offices(c->p, all, n);
    for (uint32_t g = 0; g < n; g++)
        if (all[g].group == g) tell_names(c, all, n, g);
    check_lists(c, all, n);
}

void qk_check_sense(checker *c)
{
    const qk_plan *p = c->p;
    check_new_works(c);
    for (uint32_t k = p->body; k < p->body_end; k++) check_class_without_list(c, p->paras[k].span);
    for (uint32_t i = 0; i < p->task_count; i++) {
        check_two_aims(c, &p->tasks[i]);
        check_unmeasured(c, &p->tasks[i]);
    }
    check_offices(c);
}
