/* SPDX-License-Identifier: Apache-2.0 */
/* Departments' own fields of enforcement and supervision, which chapters of safeguards hand out in
 * running text: units, a turn (牵头, 负责, 会同 …), what is looked at, the kind of check.
 *   甲局牵头对乙、丙等情况组织开展专项执法检查        甲局会同丁局开展戊执法检查
 *   由甲局牵头，丁局配合，对乙开展专项督导            甲局负责乙的监督检查
 * Clauses without units of their own go on speaking of those before them in the sentence. */
#include "plan/private.h"

enum { UNITS_CHARS = 90, FIELD_CHARS = 120 };

#define TURNS                                                                                                                   \
    "牵头|负责|会同|联合|配合|协助|参与|组织|要|应|须|对|针对|围绕|聚焦|开展|依法|依据|依照|" \
    "按照|根据|结合|严格|定期|每年|每季度|每月|加强|强化|做好|抓好|依职责"
#define CHECKS                                                                                                                        \
    "专项执法检查|专项督导检查|专项监督检查|专项执法行动|专项整治行动|专项执法活动|专项执法|" \
    "专项督查|专项督导|专项督察|专项检查|专项整治|专项行动|专项稽查|专项抽查|联合执法检查|"     \
    "联合执法|联合检查|执法检查|督导检查|监督检查|监督抽查|监督执法|执法监管|日常检查|"           \
    "随机抽查|执法|督导|督查|督察|检查|巡查|抽查|稽查"
#define CHECK_TAILS "工作|活动|行动|力度|频次"

typedef struct reader {
    qk_plan *p;
    qk_plan_task *task;
    qk_plan_list units, with; /* of the sentence so far */
    qk_span object;           /* 对…: named before its check */
    uint32_t from;            /* of the clause that named it, or of the units */
} reader;

/* ；，。： outside brackets and quotation marks end a clause, 、 before 会同 and 配合 too. */
static qk_span next_clause(const qk_plan_text *t, qk_span s, uint32_t at)
{
    uint32_t i = at, cp;
    int depth = 0;
    while (i < s.to) {
        uint32_t next = qk_plan_next(t, i, &cp);
        if (cp == 0xFF08 || cp == 0x300A || cp == 0x201C) depth++;
        if ((cp == 0xFF09 || cp == 0x300B || cp == 0x201D) && depth > 0) depth--;
        bool mark = cp == 0xFF0C || cp == 0xFF1B || cp == 0x3002 || cp == 0xFF1A;
        if (cp == 0x3001) mark = qk_plan_word_at(t, next, s.to, "会同|配合|联合") > 0;
        if (mark && depth == 0) break;
        i = next;
    }
    return (qk_span){at, i};
}

/* 对 of 对照, 应 of 应急 turn nothing. */
static uint32_t turn_at(const qk_plan_text *t, uint32_t at, uint32_t limit)
{
    if (qk_plan_word_at(t, at, limit,
                        "对照|对标|对接|对于|对应|对外|要求|要素|应急|应对|联合执法|联合会|组织部|"
                        "组织领导"))
        return 0;
    return qk_plan_word_at(t, at, limit, TURNS);
}

/* 市场监管、商务、生态环境等部门: bare names that the last piece makes units. */
static bool are_units(const qk_plan_text *t, qk_span s)
{
    bool bare = qk_plan_word_end(t, s, "等部门|等有关部门|等相关部门|等单位|部门") > 0;
    if (s.from >= s.to || qk_plan_chars(t, s) > UNITS_CHARS) return false;
    if (qk_plan_word_at(t, s.from, s.to, "各|对|在|凡|全") ||
        qk_plan_has_any(t, s, "各成员|各部门|各单位|各乡镇|各镇|各街道|各级|各相关|各有关|各牵头"))
        return false;
    while (s.from < s.to) {
        qk_span piece = qk_plan_trim_unit(t, qk_plan_next_piece(t, &s));
        if (bare ? qk_plan_chars(t, piece) < 2 || qk_plan_chars(t, piece) > 20
                 : !qk_plan_is_unit(t, piece))
            return false;
    }
    return true;
}

static void add_units(qk_plan *p, qk_plan_list *list, qk_span s)
{
    while (s.from < s.to) {
        qk_span piece = qk_plan_trim_unit(&p->text, qk_plan_next_piece(&p->text, &s));
        if (piece.from < piece.to) qk_plan_list_add_once(p, list, piece);
    }
}

/* Units at the start of a clause, up to its first turn: *at behind them. */
static qk_span units_before_turn(const qk_plan_text *t, qk_span clause, uint32_t *at)
{
    qk_span units = {clause.from + qk_plan_word_at(t, clause.from, clause.to, "由|并由"), 0};
    uint32_t i = units.from, cp;
    while (i < clause.to && !turn_at(t, i, clause.to)) i = qk_plan_next(t, i, &cp);
    units.to = i;
    if (!are_units(t, units)) return (qk_span){clause.from, clause.from};
    *at = i;
    return units;
}

/* 会同…部门(开展|对): the units called in; *at behind them. */
static void take_company(reader *r, qk_span clause, uint32_t *at)
{
    const qk_plan_text *t = &r->p->text;
    uint32_t n = qk_plan_word_at(t, *at, clause.to, "会同|联合"), i = *at + n, cp;
    if (!n) return;
    while (i < clause.to &&
           !qk_plan_word_at(t, i, clause.to, "开展|对|组织|针对|负责|加强|依法|进行"))
        i = qk_plan_next(t, i, &cp);
    qk_span units = {*at + n, i};
    if (i >= clause.to || !are_units(t, units)) return;
    add_units(r->p, &r->with, units);
    *at = i;
}

static uint32_t skip_turns(reader *r, qk_span clause, uint32_t at)
{
    const qk_plan_text *t = &r->p->text;
    for (uint32_t n = 1; n && at < clause.to;) {
        take_company(r, clause, &at);
        n = turn_at(t, at, clause.to);
        if (!n) n = qk_plan_word_at(t, at, clause.to, "常态化|职责分工|分工|各自|并");
        at += n;
    }
    return at;
}

/* The check that ends a clause, empty when none does. */
static qk_span check_at_end(const qk_plan_text *t, qk_span s)
{
    uint32_t n = qk_plan_word_end(t, s, CHECKS);
    if (!n && (n = qk_plan_word_end(t, s, CHECK_TAILS)) > 0) {
        s.to -= n;
        n = qk_plan_word_end(t, s, CHECKS);
    }
    return (qk_span){s.to - n, s.to};
}

static qk_span cut_ends(const qk_plan_text *t, qk_span s, const char *words)
{
    for (uint32_t n = 1; n && s.from < s.to; s.to -= n) n = qk_plan_word_end(t, s, words);
    return s;
}

/* What is looked at, without the verb of the check and 等情况 behind it. */
static qk_span trim_field(const qk_plan_text *t, qk_span s)
{
    s = cut_ends(t, s, "开展|组织|进行|实施|加强|强化|实行|定期|依法|联合|常态化|的|，");
    s = cut_ends(t, s, "等情况|情况|等领域|等方面|等环节|等问题|等工作|等");
    return qk_plan_chars(t, s) <= FIELD_CHARS ? s : (qk_span){s.from, s.from};
}

static void push_field(reader *r, qk_span field, qk_span check)
{
    qk_plan_field *f = QK_PLAN_PUSH(r->p, r->task, fields, field);
    if (!f) return;
    *f = (qk_plan_field){
        .with = r->with, .field = field, .check = check, .text = {r->from, check.to}};
    /* the sentence may name more fields of the same units */
    for (uint32_t i = 0; i < r->units.count; i++) qk_plan_list_add(r->p, &f->units, r->units.at[i]);
    r->with = (qk_plan_list){0};
    r->object = (qk_span){0};
}

/* Takes the units that a clause begins with; false when they only help those before them. */
static bool take_units(reader *r, qk_span clause, uint32_t *at)
{
    const qk_plan_text *t = &r->p->text;
    qk_span units = units_before_turn(t, clause, at);
    bool helps = qk_plan_word_at(t, *at, clause.to, "配合|协助|参与") > 0;
    if (units.from == units.to) return !helps;
    if (helps) {
        add_units(r->p, &r->with, units);
        return false;
    }
    r->units = r->with = (qk_plan_list){0};
    r->object = (qk_span){0};
    add_units(r->p, &r->units, units);
    r->from = clause.from;
    return true;
}

static void read_clause(reader *r, qk_span clause)
{
    const qk_plan_text *t = &r->p->text;
    uint32_t at = clause.from;
    if (!take_units(r, clause, &at) || !r->units.count) return;
    uint32_t from = skip_turns(r, clause, at);
    bool named = qk_plan_has_any(t, (qk_span){at, from}, "对|围绕|聚焦|负责|做好|抓好");
    qk_span check = check_at_end(t, (qk_span){from, clause.to});
    qk_span field = trim_field(t, (qk_span){from, check.from});
    if (r->from == UINT32_MAX) r->from = clause.from;
    if (check.from == check.to) {
        if (named) r->object = field;
        return;
    }
    if (field.from == field.to) field = r->object;
    if (field.from < field.to) push_field(r, field, check);
    r->from = UINT32_MAX;
}

/* 制定本系统2022年执法和督导计划: asked of all departments, not of one that the sentence names. */
static void read_own_plan(reader *r, qk_span clause)
{
    const qk_plan_text *t = &r->p->text;
    for (uint32_t i = clause.from, cp; i < clause.to; i = qk_plan_next(t, i, &cp)) {
        if (!qk_plan_word_at(t, i, clause.to, "制定|编制|拟定|拟订|制订|出台")) continue;
        for (uint32_t k = i; k < clause.to; k = qk_plan_next(t, k, &cp)) {
            uint32_t n = qk_plan_word_at(t, k, clause.to, "计划|方案");
            if (!n) continue;
            if (qk_plan_has_any(t, (qk_span){i, k}, "执法|督导|督查|督察|检查|监管"))
                r->task->own_plan = (qk_span){i, k + n};
            return;
        }
    }
}

static void read_sentence(qk_plan *p, qk_plan_task *task, qk_span s)
{
    reader r = {.p = p, .task = task, .from = UINT32_MAX};
    for (uint32_t at = s.from, cp; at < s.to;) {
        qk_span clause = next_clause(&p->text, s, at);
        read_clause(&r, clause);
        if (!task->own_plan.to && !r.units.count) read_own_plan(&r, clause);
        at = clause.to < s.to ? qk_plan_next(&p->text, clause.to, &cp) : s.to;
    }
}

static void read_piece(qk_plan *p, qk_span piece, void *ctx)
{
    for (uint32_t at = piece.from; at < piece.to;) {
        qk_span sentence = qk_plan_next_sentence(&p->text, piece, at);
        read_sentence(p, ctx, sentence);
        at = sentence.to;
    }
}

void qk_plan_read_fields(qk_plan *p)
{
    for (uint32_t i = 0; i < p->safeguard_count; i++)
        qk_plan_each_piece(p, &p->safeguards[i], read_piece, &p->safeguards[i]);
}
