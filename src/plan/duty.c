/* SPDX-License-Identifier: Apache-2.0 */
/* Duties: who leads, helps, answers, supervises. Two grammars, which may stand in one bracket:
 *   units role-word, units role-word …      市甲局、乙局牵头，丙局配合，各乡镇落实
 *   label：units，label：units …            牵头单位：甲局，责任人：张三，责任单位：各街道
 * Units are separated by 、 ， ； outside brackets. */
#include "plan/private.h"

#define ROLE_WORDS                                                                                                                 \
    "牵头负责|牵头落实|牵头组织|牵头实施|牵头|负责落实|配合落实|抓好落实|组织落实|贯彻落实|" \
    "组织实施|负责实施|落实|负责|配合|参与|参加|协助|协同|协办|支持|督导|监督|指导|实施|"        \
    "具体落实|具体负责|牵头推进|负责推进|推进|执行|承担"
#define ROLE_TAILS                                                                                                                   \
    "按职责分工|按照职责分工|依职责分工|依据职责分工|根据职责分工|按各自职责分工|"                \
    "按照各自职责分工|"                                                                                                      \
    "按职责|按照职责|按各自职责|按照各自职责|依职责|依据职责|根据职责|根据各自职责|各司其职|" \
    "按分工|按照分工|"                                                                                                        \
    "分工|分别|共同|具体|积极|做好|抓好|进行|联合|组织|全力|密切|负责"
#define UNIT_TAILS "等相关部门|等有关部门|等相关单位|等有关单位|等部门|等单位|等"
#define UNIT_ENDS                                                                                                                    \
    "局|委|办|府|公司|中心|处|会|所|站|队|集团|院|厅|科|镇|乡|街道|部门|单位|企业|支局|学校|银行|" \
    "部|"                                                                                                                           \
    "社|署|厂|矿|园区|管委会|办事处|政府|）|室|组|县|市|区|段|大学|团|联|库|馆|台|园"

static const char *const label_stems =
    "牵头|责任|配合|参与|协办|协同|协助|协作|主办|承办|督导|督办|监督|监管|指导|落实|实施|执行|"
    "主体|"
    "主管|行业主管|属地|主要|第一|第一责任|牵头责任|包抓|包保|包联|分管|支持|市级|县级|区级|"
    "市级牵头|县级牵头|"
    "区级牵头|市级责任|县级责任|区级责任|牵头（责任）|责任（牵头）|主要责任|直接责任|组织|建议牵头|"
    "建议责任|具体|整改|整改责任|联系";
static const char *const label_units =
    "单位|部门|主体|科室|处室|机构|责任单位|责任部门|位|单|股室|局办";
static const char *const label_people = "责任人|领导|人|责任领导|负责人|同志|责任同志";
static const char *const time_labels =
    "完成时限|完成时间|完成期限|时限要求|时间要求|整改时限|整改期限|时间节点|完成时间及时限|"
    "推进时限|"
    "办理时限|工作时限|时限|完成日期|整改完成时间|计划完成时间|完成时间节点";
static const char *const bare_labels = "牵头|责任|配合|参与|协办|主办|落实|督导|负责";

static qk_duty_role role_of(const qk_plan_text *t, qk_span word)
{
    if (qk_plan_has_any(t, word, "牵头|主办")) return QK_DUTY_LEAD;
    if (qk_plan_has_any(t, word, "配合|参与|参加|协助|协同|协办|协作|支持")) return QK_DUTY_SUPPORT;
    if (qk_plan_has_any(t, word, "督导|督办|监督|指导")) return QK_DUTY_SUPERVISE;
    return QK_DUTY_RESPONSIBLE;
}

bool qk_plan_label_at(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_duty_role *role,
                      uint32_t *end, bool *time)
{
    bool framed = qk_plan_is(t, at, limit, "【"), people = false;
    uint32_t start = framed ? at + 3 : at, i = start, n, k;
    *time = false;
    if ((n = qk_plan_word_at(t, i, limit, time_labels)) > 0) {
        *time = true;
        i += n;
    } else {
        n = qk_plan_word_at(t, i, limit, label_stems);
        k = n ? qk_plan_word_at(t, i + n, limit, label_units) : 0;
        if (!k) {
            k = qk_plan_word_at(t, i + n, limit, n ? label_people : "责任人|责任领导|负责人");
            people = k > 0;
        }
        if (!k && !(n && qk_plan_word_at(t, i, limit, bare_labels) == n)) return false;
        i += n + k;
    }
    *role = people ? QK_DUTY_PEOPLE : role_of(t, (qk_span){start, i});
    if (qk_plan_is(t, i, limit, "及") &&
        (n = qk_plan_word_at(t, i + 3, limit, "责任人|联系人|负责人")))
        i += 3 + n;
    if (framed && qk_plan_is(t, i, limit, "】")) {
        *end = i + 3 + (qk_plan_is(t, i + 3, limit, "：") ? 3 : 0);
        return true;
    }
    if (!qk_plan_is(t, i, limit, "：")) return false;
    *end = i + 3;
    return true;
}

uint32_t qk_plan_bracket_end(const qk_plan_text *t, uint32_t open, uint32_t limit)
{
    int depth = 0;
    for (uint32_t i = open; i < limit;) {
        uint32_t cp, next = qk_plan_next(t, i, &cp);
        if (cp == 0xFF08 || cp == 0x3010) depth++;
        if ((cp == 0xFF09 || cp == 0x3011) && --depth == 0) return next;
        i = next;
    }
    return 0;
}

static bool has_label(const qk_plan_text *t, qk_span s)
{
    qk_duty_role role;
    uint32_t end, cp;
    bool time;
    for (uint32_t i = s.from; i < s.to; i = qk_plan_next(t, i, &cp))
        if (qk_plan_label_at(t, i, s.to, &role, &end, &time)) return true;
    return false;
}

bool qk_plan_is_unit(const qk_plan_text *t, qk_span s)
{
    uint32_t n = qk_plan_chars(t, s);
    return n >= 2 && n <= 45 && qk_plan_word_end(t, s, UNIT_ENDS) > 0;
}

qk_span qk_plan_next_piece(const qk_plan_text *t, qk_span *rest)
{
    int depth = 0;
    uint32_t i = rest->from, cp = 0, next;
    qk_span piece;
    while (i < rest->to) {
        next = qk_plan_next(t, i, &cp);
        if (cp == 0xFF08 || cp == 0x300A || cp == 0x3010) depth++;
        if ((cp == 0xFF09 || cp == 0x300B || cp == 0x3011) && depth > 0) depth--;
        if (depth == 0 && (cp == 0x3001 || cp == 0xFF0C || cp == 0xFF1B || cp == 0x3002)) break;
        i = next;
    }
    piece = (qk_span){rest->from, i};
    rest->from = i < rest->to ? qk_plan_next(t, i, &cp) : rest->to;
    return piece;
}

/* The role word at the end of a piece and what stands around it; 0 when there is none. */
static uint32_t role_tail(const qk_plan_text *t, qk_span piece, qk_duty_role *role)
{
    uint32_t n = qk_plan_word_end(t, piece, ROLE_WORDS), k;
    qk_span head = {piece.from, piece.to - n};
    if (!n) return 0;
    *role = role_of(t, (qk_span){head.to, piece.to});
    while ((k = qk_plan_word_end(t, head, ROLE_TAILS)) > 0) {
        head.to -= k;
        n += k;
    }
    return n;
}

qk_span qk_plan_trim_unit(const qk_plan_text *t, qk_span s)
{
    uint32_t n;
    bool again = true;
    while (again && s.from < s.to) {
        again = false;
        if ((n = qk_plan_word_end(t, s, UNIT_TAILS "|。|．|.|；|：")) > 0) {
            s.to -= n;
            again = true;
        }
        if ((n = qk_plan_word_at(t, s.from, s.to, "由|：|和市直|以及|及|并由|请")) > 0 &&
            n < s.to - s.from) {
            s.from += n;
            again = true;
        }
    }
    return s;
}

static void add_unit(qk_plan *p, qk_plan_duty *d, qk_duty_role role, qk_span s)
{
    static const char *const joints[] = {"会同", "联合"};
    s = qk_plan_trim_unit(&p->text, s);
    if (s.from >= s.to || qk_plan_chars(&p->text, s) > 60) return;
    for (size_t i = 0; i < 2 && role != QK_DUTY_PEOPLE; i++) {
        uint32_t at = qk_plan_find(&p->text, s, joints[i]);
        if (at == UINT32_MAX || at == s.from) continue;
        add_unit(p, d, role, (qk_span){s.from, at});
        add_unit(p, d, role, (qk_span){at + 6, s.to});
        return;
    }
    if (!qk_plan_list_add_once(p, &d->units[role], s)) qk_plan_list_add(p, &d->copies[role], s);
}

/* "以下均需各镇政府落实，不再列出": the units owe all that follows. */
static bool onward_units(const qk_plan_text *t, qk_span *piece)
{
    uint32_t n = qk_plan_word_at(
        t, piece->from, piece->to,
        "以下各项任务均需|以下各项工作均需|以下任务均需|以下工作均需|以下均需|以下各项均需|"
        "以下均由|以下任务均由|"
        "以下各项任务均由|以下各项均由|以下措施均需|以下各任务均需|以下各条均需|以下同");
    if (!n) return false;
    piece->from += n;
    return true;
}

/* Units and role words, without labels. Units behind the last role word answer by themselves. */
static void parse_by_words(qk_plan *p, qk_plan_duty *d, qk_span s, qk_duty_role fallback)
{
    qk_span waiting[96];
    uint32_t n = 0;
    while (s.from < s.to) {
        qk_duty_role role;
        qk_span piece = qk_plan_next_piece(&p->text, &s);
        uint32_t tail;
        if (onward_units(&p->text, &piece)) d->onward = true;
        if (qk_plan_word_at(&p->text, piece.from, piece.to,
                            "不再列出|不再逐一列出|不再一一列出|不再重复|下同"))
            continue;
        tail = role_tail(&p->text, piece, &role);
        piece.to -= tail;
        if (piece.from < piece.to && n < 96) waiting[n++] = piece;
        if (!tail) continue;
        for (uint32_t i = 0; i < n; i++) add_unit(p, d, role, waiting[i]);
        n = 0;
    }
    for (uint32_t i = 0; i < n; i++) add_unit(p, d, fallback, waiting[i]);
}

static void parse_labelled(qk_plan *p, qk_plan_duty *d, qk_duty_role role, qk_span s)
{
    /* 责任单位：甲局牵头，乙局配合: the words behind the units say more than the label */
    if (role == QK_DUTY_RESPONSIBLE && qk_plan_has_any(&p->text, s, "牵头|配合|参与|协助")) {
        parse_by_words(p, d, s, role);
        return;
    }
    while (s.from < s.to) {
        qk_duty_role said;
        qk_span piece = qk_plan_next_piece(&p->text, &s);
        if (onward_units(&p->text, &piece)) d->onward = true;
        if (qk_plan_word_at(&p->text, piece.from, piece.to, "不再列出|不再逐一列出|不再一一列出"))
            continue;
        if (role != QK_DUTY_PEOPLE) piece.to -= role_tail(&p->text, piece, &said);
        add_unit(p, d, role, piece);
    }
}

/* One bracket's content or one duty line. */
static void parse_duty(qk_plan *p, qk_plan_duty *d, qk_span s, qk_plan_task *task)
{
    const qk_plan_text *t = &p->text;
    qk_duty_role role = QK_DUTY_RESPONSIBLE, next_role;
    uint32_t from = s.from, end, cp;
    bool labelled = false, time = false, next_time;
    for (uint32_t i = s.from; i <= s.to;) {
        bool hit = i < s.to && qk_plan_label_at(t, i, s.to, &next_role, &end, &next_time);
        if (!hit && i < s.to) {
            i = qk_plan_next(t, i, &cp);
            continue;
        }
        if (time && task) {
            qk_plan_find_deadlines(p, (qk_span){from, i}, task);
            qk_plan_find_recurring(p, (qk_span){from, i}, task);
        } else if (labelled && !time)
            parse_labelled(p, d, role, (qk_span){from, i});
        else if (from < i && !time)
            parse_by_words(p, d, (qk_span){from, i}, QK_DUTY_RESPONSIBLE);
        if (i >= s.to) break;
        role = next_role;
        time = next_time;
        labelled = true;
        i = from = end;
    }
}

static bool has_role_word(const qk_plan_text *t, qk_span s)
{
    while (s.from < s.to) {
        qk_duty_role role;
        qk_span piece = qk_plan_next_piece(t, &s);
        uint32_t n = role_tail(t, piece, &role);
        if (n && piece.to - piece.from < 200) return true;
    }
    return false;
}

bool qk_plan_duty_bracket(const qk_plan_text *t, uint32_t open, uint32_t limit, uint32_t *close)
{
    uint32_t cp, end = qk_plan_bracket_end(t, open, limit);
    qk_span inner = {open + 3, end ? end - 3 : limit}, rest, first;
    if (inner.from >= inner.to || qk_plan_chars(t, inner) < 4) return false;
    if (!end && limit - open > 900) return false;
    *close = end ? end : limit;
    if (has_label(t, inner)) return qk_plan_has_any(t, inner, UNIT_ENDS "|责任人|时限");
    if (qk_plan_has_any(t, inner, "《|以下简称|％|%")) return false;
    if (!has_role_word(t, inner)) return false;
    rest = inner;
    first = qk_plan_next_piece(t, &rest);
    first.to -= role_tail(t, first, &(qk_duty_role){0});
    first = qk_plan_trim_unit(t, first);
    if (!qk_plan_is_unit(t, first) && !qk_plan_has_any(t, inner, "职责分工|牵头")) return false;
    /* a remark inside a sentence is no duty: what follows must end the sentence */
    if (*close >= limit) return true;
    qk_plan_next(t, *close, &cp);
    return cp == 0x3002 || cp == 0xFF1B || qk_plan_has_any(t, inner, "职责分工|牵头");
}

/* A whole paragraph of units and role words without a bracket. */
static bool is_open_duty_line(const qk_plan_text *t, qk_span s)
{
    qk_span rest = s;
    uint32_t pieces = 0;
    bool role_seen = false;
    if (qk_plan_ends(t, s, "。")) rest.to -= 3;
    if (qk_plan_has_any(t, rest, "。|；|《") || qk_plan_chars(t, s) > 300) return false;
    while (rest.from < rest.to) {
        qk_duty_role role;
        qk_span piece = qk_plan_next_piece(t, &rest);
        uint32_t n = role_tail(t, piece, &role);
        role_seen = role_seen || n > 0;
        piece.to -= n;
        piece = qk_plan_trim_unit(t, piece);
        if (piece.from < piece.to && (!qk_plan_is_unit(t, piece) || qk_plan_chars(t, piece) > 24))
            return false;
        if (piece.from < piece.to) pieces++;
    }
    return role_seen && pieces > 0;
}

/* …。甲局牵头，乙局、丙局参与。 behind the text it speaks of */
static bool is_open_duty_end(const qk_plan_text *t, qk_span s)
{
    return qk_plan_has_any(t, s, "牵头|负责|落实") && is_open_duty_line(t, s);
}

typedef struct duty_reader {
    qk_plan *p;
    qk_plan_task *task;
    qk_span text;   /* the text the next duty speaks of */
    bool text_open; /* text was met since the last duty */
} duty_reader;

static qk_plan_duty *next_duty(duty_reader *r, qk_span span)
{
    qk_plan_task *task = r->task;
    /* duty lines without text between them are one duty */
    if (!r->text_open && task->duty_count && !task->duties[task->duty_count - 1].inherited) {
        qk_plan_duty *d = &task->duties[task->duty_count - 1];
        d->span.to = span.to;
        return d;
    }
    qk_plan_duty *d = QK_PLAN_PUSH(r->p, task, duties, duty);
    if (d) *d = (qk_plan_duty){.text = r->text, .span = span};
    r->text_open = false;
    return d;
}

static void take_duty(duty_reader *r, qk_span span, qk_span inner)
{
    qk_plan_duty *d = next_duty(r, span);
    if (d) parse_duty(r->p, d, inner, r->task);
}

static void note_text(duty_reader *r, qk_span s)
{
    if (s.from >= s.to) return;
    r->text = s;
    r->text_open = true;
}

/* Brackets and labels inside a paragraph of text. */
static void read_in_paragraph(duty_reader *r, qk_span s)
{
    const qk_plan_text *t = &r->p->text;
    uint32_t i = s.from, cp, close, text_from = s.from;
    while (i < s.to) {
        qk_duty_role role;
        bool time;
        uint32_t next = qk_plan_next(t, i, &cp);
        if ((cp == 0xFF08 || cp == 0x3010) && qk_plan_duty_bracket(t, i, s.to, &close)) {
            uint32_t to = qk_plan_is(t, close, s.to, "。") ? close + 3 : close;
            bool closed = qk_plan_bracket_end(t, i, s.to) != 0;
            if (i > text_from) note_text(r, (qk_span){text_from, i});
            take_duty(r, (qk_span){i, to}, (qk_span){i + 3, closed ? close - 3 : close});
            i = text_from = to;
            continue;
        }
        bool fresh = i > s.from && qk_plan_word_end(t, (qk_span){s.from, i}, "。|；|）") > 0;
        if (fresh && (qk_plan_label_at(t, i, s.to, &role, &close, &time) ||
                      is_open_duty_end(t, (qk_span){i, s.to}))) {
            note_text(r, (qk_span){text_from, i});
            take_duty(r, (qk_span){i, s.to}, (qk_span){i, s.to});
            return;
        }
        i = next;
    }
    if (text_from < s.to) note_text(r, (qk_span){text_from, s.to});
}

static void read_paragraph(duty_reader *r, qk_span s)
{
    const qk_plan_text *t = &r->p->text;
    qk_duty_role role;
    uint32_t end;
    bool time;
    if (qk_plan_label_at(t, s.from, s.to, &role, &end, &time) || is_open_duty_line(t, s))
        take_duty(r, s, s);
    else
        read_in_paragraph(r, s);
}

/* A row of a table: the heads of its columns are the labels. */
static void read_row(qk_plan *p, qk_plan_task *task, const qk_plan_node *n)
{
    qk_plan_duty *d = NULL;
    for (uint32_t c = 0; c < n->table->column_count; c++) {
        qk_duty_role role = QK_DUTY_RESPONSIBLE;
        qk_plan_cell_use use = qk_plan_use_of_column(p, n->table, c, &role);
        qk_span cells[2] = {n->row->cells[c].text, n->row->cells[c].more};
        for (int i = 0; i < 2 && cells[i].from < cells[i].to; i++) {
            if (use == QK_CELL_TIME) {
                qk_plan_find_deadlines(p, cells[i], task);
                qk_plan_find_recurring(p, cells[i], task);
            }
            if (use != QK_CELL_DUTY) continue;
            if (!d) d = QK_PLAN_PUSH(p, task, duties, duty);
            if (!d) return;
            if (!d->text.to) *d = (qk_plan_duty){.text = n->title, .span = cells[i]};
            parse_labelled(p, d, role, cells[i]);
        }
    }
}

static void read_task(qk_plan *p, qk_plan_task *task)
{
    const qk_plan_node *node = &p->nodes[task->node];
    duty_reader r = {.p = p, .task = task};
    for (uint32_t i = node->para; i < node->para_end; i++) {
        qk_span s = p->paras[i].span;
        bool label_first = false;
        if (p->paras[i].mark.kind) {
            qk_duty_role role;
            uint32_t end;
            bool time;
            label_first =
                qk_plan_label_at(&p->text, p->paras[i].mark.end, s.to, &role, &end, &time);
        }
        if (label_first) s.from = p->paras[i].mark.end;
        read_paragraph(&r, s);
    }
    if (node->row) read_row(p, task, node);
}

static void unite(qk_plan *p, qk_plan_task *task)
{
    for (uint32_t d = 0; d < task->duty_count; d++)
        for (int r = 0; r < QK_DUTY_ROLES; r++)
            for (uint32_t i = 0; i < task->duties[d].units[r].count; i++)
                qk_plan_list_add_once(p, &task->units[r], task->duties[d].units[r].at[i]);
}

static void inherit(qk_plan *p, qk_plan_task *task, const qk_plan_duty *from, bool only_responsible)
{
    qk_plan_duty *d = QK_PLAN_PUSH(p, task, duties, duty);
    if (!d) return;
    *d = *from;
    d->inherited = true;
    memset(d->copies, 0, sizeof d->copies);
    if (!only_responsible) return;
    for (int r = 0; r < QK_DUTY_ROLES; r++)
        if (r != QK_DUTY_RESPONSIBLE) d->units[r] = (qk_plan_list){0};
}

/* The part of a duty that owes all that follows: the units of its last list of answerers. */
static void inherit_onward(qk_plan *p)
{
    for (uint32_t i = 0; i < p->task_count; i++) {
        qk_plan_task *giver = &p->tasks[i];
        uint32_t given = giver->duty_count;
        for (uint32_t d = 0; d < given; d++) {
            qk_plan_duty only;
            if (!giver->duties[d].onward || giver->duties[d].inherited) continue;
            only = giver->duties[d];
            qk_plan_list *last = &only.units[QK_DUTY_RESPONSIBLE];
            /* labelled lists before it stay with their own task: only the last unit is general */
            if (last->count > 1) *last = (qk_plan_list){last->at + last->count - 1, 1, 1};
            for (uint32_t k = i + 1; k < p->task_count; k++) inherit(p, &p->tasks[k], &only, true);
        }
    }
}

/* Duties in the heading, or between heading and first item, of a chapter or section. */
static void inherit_from_sections(qk_plan *p)
{
    for (uint32_t n = 0; n < p->node_count; n++) {
        qk_plan_task general = {.node = n};
        duty_reader r = {.p = p, .task = &general};
        const qk_plan_node *node = &p->nodes[n];
        if (node->task || node->role != QK_PLAN_TASKS || node->children == 0) continue;
        for (uint32_t i = node->para; i < node->own_end; i++) read_paragraph(&r, p->paras[i].span);
        if (general.duty_count == 0) continue;
        for (uint32_t k = 0; k < p->task_count; k++) {
            int32_t up = (int32_t)p->tasks[k].node;
            while (up >= 0 && up != (int32_t)n) up = p->nodes[up].parent;
            if (up < 0 || p->tasks[k].duty_count > 0) continue;
            for (uint32_t d = 0; d < general.duty_count; d++)
                inherit(p, &p->tasks[k], &general.duties[d], false);
        }
    }
}

/* 各镇、各部门于…前将方案报…: in chapters of safeguards who must file is said in running text. */
static void read_filers(qk_plan *p, qk_plan_task *task, qk_span s)
{
    static const char *const turns = "要于|应于|须于|于|要|应|须|需";
    const qk_plan_text *t = &p->text;
    qk_span subject = {s.from, s.from}, rest;
    uint32_t cp;
    if (!qk_plan_has_any(t, s, "备案|报送|报县|报区|报市|报攻坚|报环委") ||
        !qk_plan_has_any(t, s, "前|底"))
        return;
    while (subject.to < s.to && !qk_plan_word_at(t, subject.to, s.to, turns))
        subject.to = qk_plan_next(t, subject.to, &cp);
    if (subject.to >= s.to || qk_plan_chars(t, subject) > 60) return;
    for (rest = subject; rest.from < rest.to;)
        if (!qk_plan_is_unit(t, qk_plan_next_piece(t, &rest))) return;
    for (rest = subject; rest.from < rest.to;)
        qk_plan_list_add_once(p, &task->units[QK_DUTY_RESPONSIBLE],
                              qk_plan_trim_unit(t, qk_plan_next_piece(t, &rest)));
}

static void read_filers_of(qk_plan *p, qk_plan_task *task)
{
    const qk_plan_node *node = &p->nodes[task->node];
    for (uint32_t i = node->para; i < node->para_end; i++) {
        qk_span s = p->paras[i].span;
        if (i == node->para) s.from = node->heading.to;
        for (uint32_t at = s.from; at < s.to;) {
            qk_span sentence = qk_plan_next_sentence(&p->text, s, at);
            at = sentence.to;
            sentence.from += qk_plan_word_at(&p->text, sentence.from, sentence.to, "。");
            read_filers(p, task, sentence);
        }
    }
}

void qk_plan_read_duties(qk_plan *p)
{
    for (uint32_t i = 0; i < p->task_count; i++) read_task(p, &p->tasks[i]);
    for (uint32_t i = 0; i < p->safeguard_count; i++) read_task(p, &p->safeguards[i]);
    inherit_from_sections(p);
    inherit_onward(p);
    for (uint32_t i = 0; i < p->task_count; i++) unite(p, &p->tasks[i]);
    for (uint32_t i = 0; i < p->safeguard_count; i++) {
        unite(p, &p->safeguards[i]);
        read_filers_of(p, &p->safeguards[i]);
    }
}
