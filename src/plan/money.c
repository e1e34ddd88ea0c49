/* SPDX-License-Identifier: Apache-2.0 */
/* Rules with money in them: who pays or gets how much for what. */
#include "plan/private.h"

#define TAKES "扣|罚|追缴|收缴|缴纳|上缴|核减|暂停|停拨|缓拨|收回"
#define GIVES "补助|奖励|奖补|补贴|奖金|以奖代补|给予资金|资助"

/* The rule around an amount: up to ； or 。; commas too where each gives its own amount. */
static qk_span rule_around(const qk_plan_text *t, qk_span s, uint32_t at, bool narrow)
{
    const char *stops = narrow ? "；|。|，|：" : "；|。|：";
    qk_span r = {at, at};
    uint32_t cp;
    while (r.from > s.from && !qk_plan_word_end(t, (qk_span){s.from, r.from}, stops))
        r.from = qk_plan_prev(t, r.from, &cp);
    while (r.to < s.to && !qk_plan_word_at(t, r.to, s.to, stops)) r.to = qk_plan_next(t, r.to, &cp);
    while (qk_plan_word_at(t, r.from, r.to, "其中，|，"))
        r.from += qk_plan_word_at(t, r.from, r.to, "其中，|，");
    return r;
}

static bool amount_in_yuan(const qk_plan_text *t, const qk_measure *m, int64_t *yuan)
{
    static const struct {
        const char *unit;
        int64_t times;
    } scales[] = {{"亿元", 100000000}, {"万元", 10000}, {"千元", 1000}, {"百元", 100}, {"元", 1}};
    qk_dec v;
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (!qk_plan_is(t, m->unit_span.from, m->unit_span.to, scales[i].unit)) continue;
        if (qk_dec_mul(&v, m->value, (qk_dec){scales[i].times, 0}) != QK_OK) return false;
        if (qk_dec_round(&v, v, 0) != QK_OK) return false;
        *yuan = v.mantissa;
        return true;
    }
    return false;
}

/* 对未完成目标的县（市、区），扣缴…: the last noun of what 对 governs. */
static qk_span object_before(const qk_plan_text *t, qk_span s)
{
    uint32_t at = UINT32_MAX, cp;
    while (qk_plan_ends(t, s, "，")) s.to -= 3;
    for (uint32_t i = s.from; i < s.to; i = qk_plan_next(t, i, &cp))
        if (qk_plan_is(t, i, s.to, "对") && !qk_plan_word_at(t, i, s.to, "对照|对标|对接"))
            at = i + 3;
    if (at == UINT32_MAX) return (qk_span){0};
    qk_span who = {at, at};
    while (who.to < s.to && !qk_plan_is(t, who.to, s.to, "，"))
        who.to = qk_plan_next(t, who.to, &cp);
    for (uint32_t i = who.from; i < who.to; i = qk_plan_next(t, i, &cp))
        if (qk_plan_is(t, i, who.to, "的") && i + 3 < who.to) who.from = i + 3;
    return who;
}

/* Who loses the money: 扣减乡镇财政…, or, where the amount follows at once, 对乡镇…扣减. */
static void set_payer(qk_plan *p, qk_plan_money *r)
{
    static const char *const takers[] = {"扣缴", "扣减", "扣除", "扣拨", "追缴", "核减", "扣"};
    const qk_plan_text *t = &p->text;
    uint32_t at = UINT32_MAX, cp, n = 0;
    for (size_t i = 0; i < sizeof takers / sizeof takers[0] && at == UINT32_MAX; i++) {
        at = qk_plan_find(t, r->text, takers[i]);
        n = (uint32_t)strlen(takers[i]);
    }
    if (at == UINT32_MAX) return;
    qk_span who = {at + n, at + n};
    while (who.to < r->text.to && !qk_is_digit(t->norm[who.to]) &&
           !qk_plan_word_at(t, who.to, r->text.to,
                            "财政|财力|资金|专项|奖补|补助|转移支付|经费|信用|分|，|生态"))
        who.to = qk_plan_next(t, who.to, &cp);
    who.from += qk_plan_word_at(t, who.from, who.to, "相关|有关|所在|责任|属地|其");
    if (who.from >= who.to) who = object_before(t, (qk_span){r->text.from, at});
    if (who.from < who.to && qk_plan_chars(t, who) <= 20) r->payer = who;
}

static void set_parties(qk_plan *p, qk_plan_money *r, uint32_t behind)
{
    static const char *const each = "起|次|家|处|个|台|辆|户|例|件|火点|吨|天|微克";
    const qk_plan_text *t = &p->text;
    uint32_t n, at;
    if (qk_plan_is(t, behind, t->len, "/") &&
        (n = qk_plan_word_at(t, behind + 1, t->len, each)) > 0)
        r->per = (qk_str){t->norm + behind + 1, n};
    static const char *const leads[] = {"发现一", "每发现一", "每出现一", "每发生一",
                                        "查实一", "每",       "发生一"};
    for (size_t i = 0; i < sizeof leads / sizeof leads[0] && !r->per.len; i++)
        if ((at = qk_plan_find(t, r->text, leads[i])) != UINT32_MAX) {
            uint32_t from = at + (uint32_t)strlen(leads[i]);
            from += qk_plan_word_at(t, from, r->text.to, "一|1|超标|高于|增加1|增加一");
            if (qk_plan_is(t, from, r->text.to, "个") &&
                qk_plan_word_at(t, from + 3, r->text.to, each))
                from += 3;
            if ((n = qk_plan_word_at(t, from, r->text.to, each)) > 0)
                r->per = (qk_str){t->norm + from, n};
        }
    if (!r->plus) set_payer(p, r);
}

/* The second rule of a sentence that names nobody speaks of whom the first named. */
static void inherit_parties(const qk_plan *p, qk_plan_money *r, qk_span sentence)
{
    const qk_plan_money *before = p->money_count > 1 ? r - 1 : NULL;
    if (!before || before->text.from < sentence.from || before->plus != r->plus) return;
    if (r->payer.from >= r->payer.to) r->payer = before->payer;
    if (!r->per.len) r->per = before->per;
}

static void add_rule(qk_plan *p, uint32_t node, qk_span rule, const qk_measure *m, bool plus,
                     qk_span sentence)
{
    qk_plan_money *r = QK_PLAN_PUSH(p, p, money, money);
    if (!r) return;
    *r = (qk_plan_money){.text = rule, .plus = plus, .node = node};
    if (m && amount_in_yuan(&p->text, m, &r->yuan)) r->digits = m->digits;
    set_parties(p, r, m ? m->unit_span.to : rule.to);
    inherit_parties(p, r, sentence);
}

/* 安排专项资金800万元用于…: money that is set aside hangs on no behaviour. */
static bool is_allocation(const qk_plan_text *t, qk_span tight, qk_span wide)
{
    return qk_plan_has_any(t, tight, "安排|列支|投入|筹措|预算|总投资") &&
           !qk_plan_has_any(t, wide, TAKES) && !qk_plan_has_any(t, tight, GIVES);
}

/* 每发现一处火点，扣减…20万元: a trigger without an amount of its own stands in the clause before.
 */
static qk_span with_trigger(const qk_plan_text *t, qk_span tight, qk_span wide)
{
    qk_span before = {wide.from, tight.from};
    uint32_t cp, i;
    if (!qk_plan_ends(t, before, "，")) return tight;
    before.to -= 3;
    for (i = before.to; i > before.from; i = qk_plan_prev(t, i, &cp))
        if (qk_plan_word_end(t, (qk_span){before.from, i}, "，|；|：")) break;
    before.from = i;
    if (!qk_plan_has_any(t, before, "发现|发生|出现|查实|每|一起|一次|对") ||
        qk_plan_has_any(t, before, "元"))
        return tight;
    return (qk_span){before.from, tight.to};
}

static void read_sentence(qk_plan *p, uint32_t node, qk_span s)
{
    const qk_plan_text *t = &p->text;
    qk_measure m = {0};
    uint32_t next;
    bool any = false;
    if (!qk_plan_has_any(t, s, TAKES "|" GIVES)) return;
    for (uint32_t at = s.from; (next = qk_plan_next_measure(p, s, at, &m)) != UINT32_MAX;
         at = next) {
        int64_t yuan;
        if (!m.def || m.def->kind != 'm' || qk_plan_in_title(t, s, m.digits.from) ||
            !amount_in_yuan(t, &m, &yuan))
            continue;
        qk_span wide = rule_around(t, s, m.digits.from, false),
                tight = rule_around(t, s, m.digits.from, true);
        if (is_allocation(t, tight, wide)) continue;
        bool gives = qk_plan_has_any(t, tight, GIVES) && !qk_plan_has_any(t, tight, TAKES);
        if (!qk_plan_has_any(t, wide, TAKES "|" GIVES)) continue;
        bool own = qk_plan_has_any(t, tight, TAKES "|" GIVES) &&
                   !qk_plan_has_any(t, tight, "发现|发生|每");
        add_rule(p, node, gives || own ? with_trigger(t, tight, wide) : wide, &m, gives, s);
        any = true;
    }
    if (any || !qk_plan_has_any(t, s, "扣缴|扣减|罚款|经济处罚")) return;
    for (uint32_t at = s.from; at < s.to;) {
        qk_span rule = rule_around(t, s, at, false);
        if (qk_plan_has_any(t, rule, "扣缴|扣减|罚款|经济处罚") && rule.to > at) {
            add_rule(p, node, rule, NULL, false, s);
            return;
        }
        at = rule.to + 3;
    }
}

static uint32_t current_node(const qk_plan *p, uint32_t para)
{
    uint32_t best = 0;
    for (uint32_t n = 0; n < p->node_count; n++)
        if (p->nodes[n].para <= para && para < p->nodes[n].para_end) best = n;
    return best;
}

void qk_plan_read_money(qk_plan *p)
{
    for (uint32_t i = p->body; i < p->body_end; i++) {
        qk_span s = p->paras[i].span;
        uint32_t node;
        if (!qk_plan_has_any(&p->text, s, TAKES "|" GIVES)) continue;
        node = current_node(p, i);
        if (node >= p->node_count || p->nodes[node].role == QK_PLAN_GUIDE) continue;
        for (uint32_t at = s.from; at < s.to;) {
            qk_span sentence = qk_plan_next_sentence(&p->text, s, at);
            read_sentence(p, node, sentence);
            at = sentence.to;
        }
    }
}
