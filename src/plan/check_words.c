/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about wording: numbers left out, typing slips, words of another level of government. */
#include "plan/check_private.h"

static qk_plan_finding *add_at(checker *c, const char *code, char severity, qk_span para,
                               uint32_t at, uint32_t end)
{
    qk_plan_finding *f = qk_check_add(c, code, severity);
    qk_span clause = qk_check_clause(c, para, at);
    if (!f) return NULL;
    if (clause.to < end) clause.to = end;
    qk_check_at_place(c, f, at);
    qk_check_quote(f, clause);
    return f;
}

/* 力争企业入选…名单, 完成家企业: the number between verb and thing is missing. */
static void check_missing(checker *c, qk_span s, uint32_t at)
{
    static const char *const verbs = "力争|争取|完成|新增|培育|创建|建成|打造|淘汰|新建|推动|实现";
    static const char *const bare =
        "企业入选|企业创建|企业达到|企业通过|企业完成|项目入选|单位入选|园区入选|企业入围";
    static const char *const counted =
        "家企业|家单位|家工厂|家加油站|台锅炉|台设备|台车辆|台机械|条生产线|条道路|座加油站|座厂站|"
        "辆车|辆公交|个项目|个集群|户居民|台次";
    const qk_plan_text *t = &c->p->text;
    uint32_t v = qk_plan_word_at(t, at, s.to, verbs), n, digit, end;
    if (!v) return;
    bool hope = qk_plan_word_at(t, at, s.to, "力争|争取") > 0;
    n = hope ? qk_plan_word_at(t, at + v, s.to, bare) : 0;
    if (!n) n = qk_plan_word_at(t, at + v, s.to, counted);
    if (!n || qk_plan_read_count(t, at + v, s.to, &digit, &end)) return;
    qk_plan_finding *f = add_at(c, "number_missing", 'H', s, at, at + v + n);
    if (f) f->param[0] = qk_plan_quote(t, (qk_span){at, at + v + n});
}

static void check_placeholder(checker *c, qk_span s, uint32_t at)
{
    const qk_plan_text *t = &c->p->text;
    uint32_t n = qk_plan_word_at(
        t, at, s.to,
        "XX|××|xx|□|****|（待定）|（暂定）|（略）|后空四字|后空两字|后空二字|此处空|空一行|（空）");
    if (!n || (at > s.from && (qk_plan_word_end(t, (qk_span){s.from, at}, "XX|××|xx|□|*") ||
                               qk_is_alpha(t->norm[at - 1]))))
        return;
    bool typing = qk_plan_word_at(t, at, s.to, "后空|此处空|空一行|（空）") > 0;
    qk_plan_finding *f =
        add_at(c, typing ? "typing_instruction" : "placeholder", typing ? 'L' : 'H', s, at, at + n);
    if (f) f->param[0] = qk_plan_quote(t, (qk_span){at, at + n});
}

static const struct {
    const char *wrong, *right;
} slips[] = {
    {"泄露检测", "泄漏检测"},
    {"责任位：", "责任单位："},
    {"、按职责", "按职责"},
    {"、按照职责", "按照职责"},
    {"重度及以上天气", "重度及以上污染天气"},
    {"住建城乡建设", "住房城乡建设"},
    {"区区管委会", "区管委会"},
    {"，，", "，"},
    {"。。", "。"},
    {"、、", "、"},
    {"，。", "。"},
    {"的的", "的"},
    {"防治防治", "防治"},
    {"治理治理", "治理"},
    {"施工况", "工况"},
    {"平散煤清零", "散煤清零"},
    {"提加大", "加大"},
    {"污染污染", "污染"},
    {"县县", "县"},
    {"市市生态", "市生态"},
    {"监督监督", "监督"},
    {"严历", "严厉"},
    {"按装", "安装"},
    {"帐", "账"},
    {"座落", "坐落"},
    {"截止20", "截至20"},
    {"、，", "，"},
    {"；。", "。"},
};

static void check_slip(checker *c, qk_span s, uint32_t at)
{
    const qk_plan_text *t = &c->p->text;
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        if (!qk_plan_is(t, at, s.to, slips[i].wrong)) continue;
        /* "市、市生态…" is no slip, nor is a word that ends in the first sign */
        qk_plan_finding *f = add_at(c, "slip", 'L', s, at, at + (uint32_t)strlen(slips[i].wrong));
        if (!f) return;
        f->param[0] = qk_str_of(slips[i].wrong);
        f->param[1] = qk_str_of(slips[i].right);
        return;
    }
}

/* A Latin word between Chinese characters that is no term: "and". */
static void check_latin(checker *c, qk_span s, uint32_t at)
{
    const qk_plan_text *t = &c->p->text;
    uint32_t n = qk_plan_word_at(t, at, s.to, "and|or|the|of");
    bool before = at > s.from && (unsigned char)t->norm[at - 1] >= 0x80;
    if (!n || !before || at + n >= s.to || (unsigned char)t->norm[at + n] < 0x80) return;
    qk_plan_finding *f = add_at(c, "stray_latin", 'L', s, at, at + n);
    if (f) f->param[0] = qk_plan_quote(t, (qk_span){at, at + n});
}

/* 国二以下 leaves 国二 out; the usual class is 国二及以下. */
static void check_class(checker *c, qk_span s, uint32_t at)
{
    const qk_plan_text *t = &c->p->text;
    uint32_t v, end;
    if (!qk_plan_is(t, at, s.to, "国") || !qk_plan_read_count(t, at + 3, s.to, &v, &end) || v > 6 ||
        v == 0)
        return;
    if (!qk_plan_is(t, end, s.to, "以下")) return;
    qk_plan_finding *f = add_at(c, "class_below", 'M', s, at, end + 6);
    if (f) f->param[0] = qk_plan_quote(t, (qk_span){at, end});
}

/* "our city" in the plan of a district, "our district" in that of a county. */
static void check_level(checker *c, qk_span s, uint32_t at)
{
    const qk_plan *p = c->p;
    const qk_plan_text *t = &p->text;
    const char *own = qk_plan_ends(t, p->region, "区")   ? "我区"
                      : qk_plan_ends(t, p->region, "县") ? "我县"
                      : qk_plan_ends(t, p->region, "市") ? "我市"
                                                         : NULL;
    uint32_t n = qk_plan_word_at(t, at, s.to, "我市|我县|我区|我省");
    if (!own || !n || qk_plan_is(t, at, s.to, own) || qk_plan_is(t, at, s.to, "我省")) return;
    qk_plan_finding *f = add_at(c, "other_level", 'M', s, at, at + n);
    if (!f) return;
    f->param[0] = qk_plan_quote(t, (qk_span){at, at + n});
    f->param[1] = qk_plan_quote(t, p->region);
}

/* 乡（镇） where the plan knows streets alone. */
static void check_townships_word(checker *c)
{
    const qk_plan *p = c->p;
    bool streets = false, towns = false;
    for (uint32_t i = 0; i < p->task_count; i++)
        for (int r = 0; r < QK_DUTY_ROLES; r++)
            for (uint32_t k = 0; k < p->tasks[i].units[r].count; k++) {
                qk_span u = p->tasks[i].units[r].at[k];
                streets = streets || qk_plan_has(&p->text, u, "街道");
                towns = towns || qk_plan_has_any(&p->text, u, "镇|乡");
            }
    if (!streets || towns) return;
    for (uint32_t i = 0; i < p->task_count; i++) {
        const qk_plan_node *n = &p->nodes[p->tasks[i].node];
        for (uint32_t k = n->para; k < n->para_end; k++) {
            qk_span s = p->paras[k].span;
            static const char *const words[] = {"乡（镇）", "各乡镇", "乡镇空气"};
            for (size_t w = 0; w < 3; w++) {
                uint32_t at = qk_plan_find(&p->text, s, words[w]);
                if (at == UINT32_MAX) continue;
                qk_plan_finding *f = add_at(c, "no_townships", 'M', s, at, at);
                if (f) f->param[0] = qk_str_of(words[w]);
            }
        }
    }
}

/* What a higher level "has assigned" without saying how much. */
static void check_elsewhere(checker *c)
{
    const qk_plan *p = c->p;
    qk_plan_finding *f = NULL;
    for (uint32_t i = 0; i < p->task_count; i++) {
        const qk_plan_node *n = &p->nodes[p->tasks[i].node];
        for (uint32_t k = n->para; k < n->para_end; k++) {
            qk_span s = p->paras[k].span;
            uint32_t at = qk_plan_find(&p->text, s, "下达"), cp;
            if (at == UINT32_MAX) at = qk_plan_find(&p->text, s, "市定目标");
            if (at == UINT32_MAX) at = qk_plan_find(&p->text, s, "市定任务");
            if (at == UINT32_MAX) continue;
            qk_span clause = qk_check_clause(c, s, at);
            bool digits = false;
            for (uint32_t b = at; b < clause.to; b = qk_plan_next(&p->text, b, &cp))
                digits = digits || qk_is_digit(p->text.norm[b]);
            if (digits || qk_plan_has_any(&p->text, clause, "分解下达") ||
                !qk_plan_has_any(&p->text, clause, "任务|目标"))
                continue;
            if (!f && (f = qk_check_add(c, "number_elsewhere", 'M')) == NULL) return;
            qk_check_at_task(c, f, &p->tasks[i]);
            qk_check_quote(f, clause);
        }
    }
}

static uint32_t given_at(const qk_plan_text *t, uint32_t byte)
{
    size_t used;
    uint32_t at = t->at[t->from[byte]];
    return qk_utf8_next((qk_str){t->given.ptr + at, t->given.len - at}, &used);
}

/* Sisters whose numbers are written in brackets of two widths. */
static void check_widths(checker *c)
{
    const qk_plan *p = c->p;
    uint32_t half = 0, full = 0;
    for (uint32_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i].mark.kind != QK_MARK_CN_PAREN || p->nodes[i].role != QK_PLAN_TASKS)
            continue;
        uint32_t cp = given_at(&p->text, p->nodes[i].heading.from);
        half += cp == '(';
        full += cp == 0xFF08;
    }
    if (!half || !full) return;
    for (uint32_t i = 0; i < p->node_count; i++) {
        if (p->nodes[i].mark.kind != QK_MARK_CN_PAREN || p->nodes[i].role != QK_PLAN_TASKS)
            continue;
        bool is_half = given_at(&p->text, p->nodes[i].heading.from) == '(';
        if (is_half != (half < full)) continue;
        qk_plan_finding *f = qk_check_add(c, "widths_mixed", 'L');
        if (!f) return;
        qk_check_at_node(c, f, i);
        qk_check_quote(f, p->nodes[i].heading);
        f->arithmetic = qk_check_print(c, "半角 %u 处，全角 %u 处", half, full);
    }
}

void qk_check_words(checker *c)
{
    const qk_plan *p = c->p;
    for (uint32_t k = 0; k < p->body_end; k++) {
        qk_span s = p->paras[k].span;
        for (uint32_t cp, i = s.from; i < s.to; i = qk_plan_next(&p->text, i, &cp)) {
            if (qk_plan_in_title(&p->text, s, i)) continue;
            check_placeholder(c, s, i);
            check_slip(c, s, i);
            check_latin(c, s, i);
            if (k < p->body) continue;
            check_missing(c, s, i);
            check_class(c, s, i);
            check_level(c, s, i);
        }
    }
    check_townships_word(c);
    check_elsewhere(c);
    check_widths(c);
}
