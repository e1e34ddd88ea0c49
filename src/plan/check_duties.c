/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about who is to do it: leads, units named twice or under two names, persons. */
#include "plan/check_private.h"

enum { NAMES_MAX = 400, ONE_ROLE_SHARE = 60 };

static bool has_units(const qk_plan_task *t)
{
    for (int r = 0; r < QK_DUTY_ROLES; r++)
        if (t->units[r].count) return true;
    return false;
}

/* One finding for all tasks without a lead; another for those without any duty. */
static void check_leads(checker *c)
{
    const qk_plan *p = c->p;
    qk_plan_finding *f = NULL, *none = NULL;
    uint32_t n = 0, without = 0;
    for (uint32_t i = 0; i < p->task_count; i++) {
        if (p->tasks[i].units[QK_DUTY_LEAD].count) continue;
        if (has_units(&p->tasks[i]))
            n++;
        else
            without++;
    }
    if (n && (f = qk_check_add(c, "no_lead", 'M')) != NULL) {
        for (uint32_t i = 0; i < p->task_count; i++) {
            if (p->tasks[i].units[QK_DUTY_LEAD].count || !has_units(&p->tasks[i])) continue;
            qk_check_at_task(c, f, &p->tasks[i]);
            for (uint32_t d = 0; d < p->tasks[i].duty_count; d++)
                qk_check_quote(f, p->tasks[i].duties[d].span);
        }
        f->param[0] = qk_check_print(c, "%u", n);
        f->param[1] = qk_check_print(c, "%u", p->task_count);
        f->arithmetic = qk_check_print(c, "%u 项中 %u 项无牵头单位", p->task_count, n);
    }
    if (without && (none = qk_check_add(c, "no_duty", 'M')) != NULL) {
        for (uint32_t i = 0; i < p->task_count; i++)
            if (!has_units(&p->tasks[i])) {
                qk_check_at_task(c, none, &p->tasks[i]);
                qk_check_quote(none, p->nodes[p->tasks[i].node].title);
            }
        none->param[0] = qk_check_print(c, "%u", without);
        none->param[1] = qk_check_print(c, "%u", p->task_count);
        none->arithmetic = qk_check_print(c, "%u 项中 %u 项无责任单位", p->task_count, without);
    }
}

static void check_blocks(checker *c)
{
    const qk_plan *p = c->p;
    uint32_t blocks = 0, tasks = 0;
    qk_plan_finding *several = NULL, *leads = NULL;
    for (uint32_t i = 0; i < p->task_count; i++) {
        uint32_t own = 0;
        for (uint32_t d = 0; d < p->tasks[i].duty_count; d++) {
            const qk_plan_duty *duty = &p->tasks[i].duties[d];
            if (duty->inherited) continue;
            own++;
            if (duty->units[QK_DUTY_LEAD].count < 2) continue;
            if (!leads && (leads = qk_check_add(c, "several_leads", 'M')) == NULL) return;
            qk_check_at_task(c, leads, &p->tasks[i]);
            const qk_plan_list *l = &duty->units[QK_DUTY_LEAD];
            qk_check_quote(leads, (qk_span){l->at[0].from, l->at[l->count - 1].to});
        }
        blocks += own;
        tasks += own > 0;
    }
    if (blocks == tasks) return;
    if ((several = qk_check_add(c, "several_duties", 'M')) == NULL) return;
    for (uint32_t i = 0; i < p->task_count; i++) {
        uint32_t own = 0;
        for (uint32_t d = 0; d < p->tasks[i].duty_count; d++)
            own += !p->tasks[i].duties[d].inherited;
        if (own < 2) continue;
        qk_check_at_task(c, several, &p->tasks[i]);
        for (uint32_t d = 1; d < p->tasks[i].duty_count; d++)
            qk_check_quote(several, p->tasks[i].duties[d].span);
    }
    several->param[0] = qk_check_print(c, "%u", tasks);
    several->param[1] = qk_check_print(c, "%u", blocks);
    several->arithmetic = qk_check_print(c, "%u 项任务，%u 组责任", tasks, blocks);
}

/* Units twice in one role of one duty: another duty was pasted in. */
static void check_pasted(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t i = 0; i < p->task_count; i++)
        for (uint32_t d = 0; d < p->tasks[i].duty_count; d++) {
            const qk_plan_duty *duty = &p->tasks[i].duties[d];
            qk_buf names;
            uint32_t n = 0;
            if (duty->inherited || duty->onward) continue;
            qk_buf_init(&names, 300);
            for (int r = 0; r < QK_DUTY_PEOPLE; r++)
                for (uint32_t k = 0; k < duty->copies[r].count; k++) {
                    if (n++ < 6)
                        qk_buf_printf(&names, "%s%.*s", n > 1 ? "、" : "",
                                      QK_STR_ARG(qk_plan_quote(&p->text, duty->copies[r].at[k])));
                }
            qk_plan_finding *f =
                n ? qk_check_add(c, n > 1 ? "duty_pasted" : "unit_twice", n > 1 ? 'H' : 'L') : NULL;
            if (f) {
                qk_check_at_task(c, f, &p->tasks[i]);
                qk_check_quote(f, duty->span);
                f->param[0] = qk_check_print(c, "%.*s", QK_STR_ARG(qk_buf_str(&names)));
                f->arithmetic = qk_check_print(c, "%u 个单位各出现 2 次", n);
            }
            qk_buf_clear(&names);
        }
}

typedef struct named {
    qk_span name;   /* first as printed */
    qk_span core;   /* without the leading 市县区 */
    uint32_t count; /* tasks that name it */
    const qk_plan_task *task;
} named;

static qk_span core_of(const qk_plan *p, qk_span s)
{
    uint32_t n = qk_plan_word_at(&p->text, s.from, s.to, "市|县|区|州|旗");
    if (n && qk_plan_chars(&p->text, s) > 3 &&
        !qk_plan_word_at(&p->text, s.from, s.to, "市场|市政|区域|县域"))
        s.from += n;
    return s;
}

static uint32_t collect_names(const qk_plan *p, named *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->task_count; i++)
        for (int r = 0; r < QK_DUTY_ROLES; r++) {
            if (r == QK_DUTY_PEOPLE) continue;
            for (uint32_t k = 0; k < p->tasks[i].units[r].count; k++) {
                qk_span s = p->tasks[i].units[r].at[k];
                uint32_t m = 0;
                while (m < n &&
                       !qk_str_eq(qk_span_str(&p->text, out[m].name), qk_span_str(&p->text, s)))
                    m++;
                if (m < n) {
                    out[m].count++;
                } else if (n < NAMES_MAX) {
                    out[n++] = (named){s, core_of(p, s), 1, &p->tasks[i]};
                }
            }
        }
    return n;
}

/* Are the characters of a, in order, among those of b, with the same end and beginning? */
static bool shortens(const qk_plan *p, qk_span a, qk_span b)
{
    static const char *const ends = "局|委|分局|中心|公司|办|处|委员会|总队|支队|大队";
    const qk_plan_text *t = &p->text;
    uint32_t i = a.from, k = b.from, ca, cb, matched = 0;
    if (a.to - a.from >= b.to - b.from || qk_plan_chars(t, a) < 3 || !qk_plan_word_end(t, a, ends))
        return false;
    if (qk_plan_has_any(t, a, "（") || qk_plan_has_any(t, b, "（")) return false;
    if (memcmp(t->norm + a.from, t->norm + b.from, 3) != 0 ||
        memcmp(t->norm + a.to - 3, t->norm + b.to - 3, 3) != 0)
        return false;
    while (i < a.to && k < b.to) {
        uint32_t next = qk_plan_next(t, i, &ca);
        k = qk_plan_next(t, k, &cb);
        if (ca == cb) {
            i = next;
            matched++;
        }
    }
    /* 生态环境局孟津分局 is no short form of a longer office's name with another place in it */
    return i >= a.to && matched * 2 >= qk_plan_chars(t, b) && qk_plan_chars(t, b) - matched <= 4;
}

static void add_two_names(checker *c, const char *code, char severity, const named *a,
                          const named *b)
{
    qk_plan_finding *f = qk_check_add(c, code, severity);
    if (!f) return;
    qk_check_at_task(c, f, a->task);
    qk_check_at_task(c, f, b->task);
    qk_check_quote(f, a->name);
    qk_check_quote(f, b->name);
    f->param[0] = qk_plan_quote(&c->p->text, a->name);
    f->param[1] = qk_plan_quote(&c->p->text, b->name);
    f->arithmetic = qk_check_print(c, "%u 次与 %u 次", a->count, b->count);
}

void qk_check_names(checker *c)
{
    const qk_plan *p = c->p;
    named *all = qk_arena_array(&c->p->arena, NAMES_MAX, sizeof *all);
    uint32_t n = all ? collect_names(p, all) : 0;
    if (!all) c->p->full = true;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = i + 1; k < n; k++) {
            bool same_core =
                qk_str_eq(qk_span_str(&p->text, all[i].core), qk_span_str(&p->text, all[k].core));
            bool both_level =
                all[i].core.from != all[i].name.from && all[k].core.from != all[k].name.from;
            if (same_core && both_level)
                add_two_names(c, "unit_level", 'H', &all[i], &all[k]);
            else if (!same_core && (shortens(p, all[i].core, all[k].core) ||
                                    shortens(p, all[k].core, all[i].core)))
                add_two_names(c, "unit_two_names", 'M', &all[i], &all[k]);
        }
}

/* The township unit that most tasks share; tasks that put it otherwise are told. */
static void check_townships(checker *c)
{
    const qk_plan *p = c->p;
    static const char *const begins = "各镇|各乡镇|各乡|各街道|相关镇|相关乡|相关街道";
    named *all = qk_arena_array(&c->p->arena, NAMES_MAX, sizeof *all);
    uint32_t n = all ? collect_names(p, all) : 0, best = UINT32_MAX;
    if (!all) c->p->full = true;
    for (uint32_t i = 0; i < n; i++)
        if (qk_plan_word_at(&p->text, all[i].name.from, all[i].name.to, begins) &&
            (best == UINT32_MAX || all[i].count > all[best].count))
            best = i;
    if (best == UINT32_MAX || all[best].count * 100 < p->task_count * ONE_ROLE_SHARE) return;
    for (uint32_t i = 0; i < n; i++) {
        if (i == best || !qk_plan_word_at(&p->text, all[i].name.from, all[i].name.to, begins) ||
            all[i].count > 3)
            continue;
        qk_plan_finding *f = qk_check_add(c, "township_differs", 'L');
        if (!f) return;
        qk_check_at_task(c, f, all[i].task);
        qk_check_quote(f, all[i].name);
        qk_check_quote(f, all[best].name);
        f->param[0] = qk_plan_quote(&p->text, all[i].name);
        f->param[1] = qk_plan_quote(&p->text, all[best].name);
        f->arithmetic = qk_check_print(c, "%u 次与 %u 次", all[i].count, all[best].count);
    }
}

void qk_check_duties(checker *c)
{
    check_leads(c);
    check_blocks(c);
    check_pasted(c);
    check_townships(c);
}

typedef struct post {
    qk_span person, unit, core;
    const qk_plan_task *task;
} post;

static qk_span without_bracket(const qk_plan *p, qk_span s)
{
    uint32_t open = qk_plan_find(&p->text, s, "（");
    if (open != UINT32_MAX && open > s.from && qk_plan_ends(&p->text, s, "）")) s.to = open;
    return core_of(p, s);
}

/* Persons stand in the order of the leading units, or of those who answer where nobody leads. */
static uint32_t collect_posts(const qk_plan *p, post *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->task_count; i++)
        for (uint32_t d = 0; d < p->tasks[i].duty_count; d++) {
            const qk_plan_duty *duty = &p->tasks[i].duties[d];
            const qk_plan_list *people = &duty->units[QK_DUTY_PEOPLE];
            const qk_plan_list *units = &duty->units[QK_DUTY_LEAD];
            bool by_answer = units->count == 0;
            if (by_answer) units = &duty->units[QK_DUTY_RESPONSIBLE];
            /* 责任领导 of a township leads several of its offices */
            if (qk_plan_has_any(&p->text, duty->span,
                                "责任领导|分管领导|包抓领导|包保领导|包联领导"))
                continue;
            if (!people->count || duty->inherited ||
                (by_answer ? units->count < people->count : units->count != people->count))
                continue;
            for (uint32_t k = 0; k < people->count && n < NAMES_MAX; k++)
                out[n++] = (post){people->at[k], units->at[k], without_bracket(p, units->at[k]),
                                  &p->tasks[i]};
        }
    return n;
}

static void add_post(checker *c, const char *code, const post *a, const post *b)
{
    bool person = strcmp(code, "person_two_units") == 0;
    const qk_plan_text *t = &c->p->text;
    qk_plan_finding *f = qk_check_add(c, code, 'H');
    if (!f) return;
    qk_check_at_task(c, f, a->task);
    qk_check_at_task(c, f, b->task);
    qk_check_quote(f, a->unit);
    qk_check_quote(f, a->person);
    qk_check_quote(f, b->unit);
    qk_check_quote(f, b->person);
    f->param[0] = qk_plan_quote(t, person ? a->person : a->unit);
    f->param[1] = qk_plan_quote(t, person ? a->unit : a->person);
    f->param[2] = qk_plan_quote(t, person ? b->unit : b->person);
}

/* Was the same pair told before? */
static bool told(const qk_plan *p, const post *all, uint32_t i, uint32_t k)
{
    for (uint32_t a = 0; a < k; a++)
        for (uint32_t b = a + 1; b <= k; b++) {
            if (a == i && b == k) return false;
            bool same_a =
                qk_str_eq(qk_span_str(&p->text, all[a].person),
                          qk_span_str(&p->text, all[i].person)) &&
                qk_str_eq(qk_span_str(&p->text, all[a].core), qk_span_str(&p->text, all[i].core));
            bool same_b =
                qk_str_eq(qk_span_str(&p->text, all[b].person),
                          qk_span_str(&p->text, all[k].person)) &&
                qk_str_eq(qk_span_str(&p->text, all[b].core), qk_span_str(&p->text, all[k].core));
            if (same_a && same_b && (a < i || b < k)) return true;
        }
    return false;
}

static void check_posts(checker *c)
{
    const qk_plan *p = c->p;
    post *all = qk_arena_array(&c->p->arena, NAMES_MAX, sizeof *all);
    uint32_t n = all ? collect_posts(p, all) : 0;
    if (!all) c->p->full = true;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = i + 1; k < n; k++) {
            bool person = qk_str_eq(qk_span_str(&p->text, all[i].person),
                                    qk_span_str(&p->text, all[k].person));
            bool unit =
                qk_str_eq(qk_span_str(&p->text, all[i].core), qk_span_str(&p->text, all[k].core));
            if (person == unit || told(p, all, i, k)) continue;
            add_post(c, person ? "person_two_units" : "unit_two_persons", &all[i], &all[k]);
        }
}

void qk_check_people(checker *c)
{
    const qk_plan *p = c->p;
    uint32_t with = 0;
    for (uint32_t i = 0; i < p->task_count; i++)
        with += p->tasks[i].units[QK_DUTY_PEOPLE].count > 0;
    check_posts(c);
    if (with * 100 < p->task_count * ONE_ROLE_SHARE) return;
    for (uint32_t i = 0; i < p->task_count; i++)
        for (uint32_t d = 0; d < p->tasks[i].duty_count; d++) {
            const qk_plan_duty *duty = &p->tasks[i].duties[d];
            uint32_t leads = duty->units[QK_DUTY_LEAD].count,
                     people = duty->units[QK_DUTY_PEOPLE].count;
            if (duty->inherited || (people && (!leads || leads == people))) continue;
            qk_plan_finding *f =
                qk_check_add(c, people ? "people_differ" : "no_person", people ? 'M' : 'H');
            if (!f) return;
            qk_check_at_task(c, f, &p->tasks[i]);
            qk_check_quote(f, duty->span);
            f->arithmetic = qk_check_print(c, "牵头单位 %u 个，责任人 %u 人", leads, people);
        }
}
