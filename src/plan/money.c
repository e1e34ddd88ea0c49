/* SPDX-License-Identifier: Apache-2.0 */
/* Rules with money in them: who pays or gets how much for what. */
#include "plan/private.h"

#define TAKES "扣缴|扣减|扣除|罚|处罚|追缴|收缴|扣款|缴纳|扣拨|上缴"
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

static void set_parties(qk_plan *p, qk_plan_money *r, uint32_t behind)
{
    static const char *const each = "起|次|家|处|个|台|辆|户|例|件|火点|吨|天|微克";
    const qk_plan_text *t = &p->text;
    uint32_t n, at;
    if (qk_plan_is(t, behind, t->len, "/") &&
        (n = qk_plan_word_at(t, behind + 1, t->len, each)) > 0)
        r->per = (qk_str){t->norm + behind + 1, n};
    static const char *const leads[] = {"发现一",   "每发现一", "每出现一",
                                        "每发生一", "每",       "发生一"};
    for (size_t i = 0; i < 6 && !r->per.len; i++)
        if ((at = qk_plan_find(t, r->text, leads[i])) != UINT32_MAX) {
            uint32_t from = at + (uint32_t)strlen(leads[i]);
            from += qk_plan_word_at(t, from, r->text.to, "一|1|超标|高于|增加1|增加一");
            if (qk_plan_is(t, from, r->text.to, "个") &&
                qk_plan_word_at(t, from + 3, r->text.to, each))
                from += 3;
            if ((n = qk_plan_word_at(t, from, r->text.to, each)) > 0)
                r->per = (qk_str){t->norm + from, n};
        }
    static const char *const takers[] = {"扣缴", "扣减", "扣除"};
    for (size_t i = 0; i < 3 && !r->plus; i++) {
        if ((at = qk_plan_find(t, r->text, takers[i])) == UINT32_MAX) continue;
        qk_span who = {at + 6, at + 6};
        uint32_t cp;
        while (who.to < r->text.to &&
               !qk_plan_word_at(t, who.to, r->text.to, "财政|财力|资金|，|生态"))
            who.to = qk_plan_next(t, who.to, &cp);
        who.from += qk_plan_word_at(t, who.from, who.to, "相关");
        if (qk_plan_chars(t, who) <= 20) r->payer = who;
        break;
    }
}

static void add_rule(qk_plan *p, uint32_t node, qk_span rule, const qk_measure *m, bool plus)
{
    qk_plan_money *r = QK_PLAN_PUSH(p, p, money, money);
    if (!r) return;
    *r = (qk_plan_money){.text = rule, .plus = plus, .node = node};
    if (m && amount_in_yuan(&p->text, m, &r->yuan)) r->digits = m->digits;
    set_parties(p, r, m ? m->unit_span.to : rule.to);
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
        bool gives = qk_plan_has_any(t, tight, GIVES) && !qk_plan_has_any(t, tight, TAKES);
        if (!qk_plan_has_any(t, wide, TAKES "|" GIVES)) continue;
        bool own = qk_plan_has_any(t, tight, TAKES "|" GIVES) &&
                   !qk_plan_has_any(t, tight, "发现|发生|每");
        add_rule(p, node, gives || own ? tight : wide, &m, gives);
        any = true;
    }
    if (any || !qk_plan_has_any(t, s, "扣缴|扣减|罚款|经济处罚")) return;
    for (uint32_t at = s.from; at < s.to;) {
        qk_span rule = rule_around(t, s, at, false);
        if (qk_plan_has_any(t, rule, "扣缴|扣减|罚款|经济处罚") && rule.to > at) {
            add_rule(p, node, rule, NULL, false);
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
