/* SPDX-License-Identifier: Apache-2.0 */
/* Monitoring and information systems, networks, platforms, ledgers and lists that a plan asks for
 * or relies on. A head word is found, then the name is followed to the left up to a verb, a mark or
 * the system before it. */
#include "plan/private.h"

enum { NAME_MAX_CHARS = 26, FOUND_MAX = 64 };

typedef enum tail_rule {
    ANY = 0,
    NEEDS_NAME, /* alone it says nothing (系统, 平台) */
    METHOD,     /* without a device behind it stands for itself */
    ALONE,      /* takes nothing from its left */
    BARE_OR_DEVICE /* bare only before a mark, 等 or a conjunction; else with 设施, 系统 … behind */
} tail_rule;

static const struct {
    const char *word, *kind;
    tail_rule rule;
} heads[] = {
    {"清单式、台账式", "ledger", ALONE},
    {"清单台账", "ledger", ANY},
    {"台账系统", "ledger", ANY},
    {"台账", "ledger", ANY},
    {"白名单", "list", ANY},
    {"黑名单", "list", ANY},
    {"清单", "list", NEEDS_NAME},
    {"名录", "list", ANY},
    {"企业名单", "list", ANY},
    {"信息平台", "information platform", ANY},
    {"平台", "information platform", NEEDS_NAME},
    {"信息系统", "information system", ANY},
    {"监控系统", "monitoring system", ANY},
    {"监测系统", "monitoring system", ANY},
    {"预警系统", "monitoring system", ANY},
    {"门禁系统", "monitoring system", ANY},
    {"卡口系统", "monitoring system", ANY},
    {"定位系统", "monitoring system", ANY},
    {"通行证系统", "information system", ANY},
    {"管理系统", "information system", ANY},
    {"预报系统", "forecast", ANY},
    {"抓拍系统", "monitoring system", ANY},
    {"诊断系统", "monitoring system", ANY},
    {"指挥系统", "information system", ANY},
    {"溯源系统", "monitoring system", ANY},
    {"监管系统", "monitoring system", ANY},
    {"监测网络", "monitoring network", ANY},
    {"监控网络", "monitoring network", ANY},
    {"监测网", "monitoring network", ANY},
    {"监管网络", "monitoring network", ANY},
    {"监测站点", "monitoring network", ANY},
    {"监测点位", "monitoring network", ANY},
    {"自动监测站", "monitoring network", ANY},
    {"监测站", "monitoring network", ANY},
    {"自动站", "monitoring network", ANY},
    {"空气站", "monitoring network", ANY},
    {"监测微站", "monitoring network", ANY},
    {"微站", "monitoring network", ANY},
    {"在线监测", "monitoring system", BARE_OR_DEVICE},
    {"在线监控", "monitoring system", BARE_OR_DEVICE},
    {"视频监控", "monitoring system", METHOD},
    {"自动监测", "monitoring system", BARE_OR_DEVICE},
    {"自动监控", "monitoring system", BARE_OR_DEVICE},
    {"用电监控", "monitoring system", METHOD},
    {"用电监管", "monitoring system", METHOD},
    {"用电量监管", "monitoring system", METHOD},
    {"工况监控", "monitoring system", METHOD},
    {"联合监控", "monitoring system", ANY},
    {"远程监控", "monitoring system", ANY},
    {"分表计电", "monitoring system", METHOD},
    {"蓝天卫士", "monitoring system", ANY},
    {"卫星遥感", "monitoring system", ANY},
    {"遥感监测", "monitoring system", ANY},
    {"无人机", "monitoring system", ANY},
    {"走航监测", "monitoring system", ANY},
    {"激光雷达", "monitoring system", ANY},
    {"电子警察", "monitoring system", ANY},
    {"电子围栏", "monitoring system", ANY},
    {"门禁", "monitoring system", ANY},
    {"热点网格", "monitoring system", ANY},
    {"高空瞭望", "monitoring system", ANY},
    {"数采仪", "data transmission", ANY},
    {"监测设备", "monitoring system", NEEDS_NAME},
    {"监控能力", "monitoring capability", NEEDS_NAME},
    {"共享能力", "data sharing", ANY},
    {"对接机制", "data sharing", NEEDS_NAME},
    {"数据对接机制", "data sharing", ANY},
    {"质控体系", "quality control", ANY},
    {"监控体系", "monitoring system", NEEDS_NAME},
    {"监测体系", "monitoring system", NEEDS_NAME},
    {"监管执法体系", "monitoring capability", ANY},
    {"定位联网", "information system", ANY},
    {"三级联网", "information system", ANY},
    {"闭环管理机制", "early warning", NEEDS_NAME},
    {"数据库", "information system", ANY},
    {"源解析", "analysis", NEEDS_NAME},
    {"大数据中心", "information platform", ANY},
    {"预报能力", "forecast", NEEDS_NAME},
    {"风险预警体系", "early warning", ANY},
    {"减排模块", "model", ANY},
    {"排放清单", "list", ANY},
};

#define STOP_VERBS                                                                                                                      \
    "覆盖|做好|直联|建立|建成|建设|完善|健全|加强|加快|推进|推动|开展|实施|接入|纳入|列入|安装|"    \
    "更新|制定|形成|"                                                                                                             \
    "搭建|利用|"                                                                                                                    \
    "运用|依托|通过|采用|借助|发挥|优化|提升|提高|强化|扩大|增加|实现|完成|明确|落实|细化|构建|"    \
    "规范|定期|"                                                                                                                    \
    "配备|配套|充分|综合|持续|积极|严格|入选|进行|实行|推行|统一的|动态|以及|梳理|升级|作为|按照|" \
    "编制|布设|"                                                                                                                    \
    "对接|依法|应当|取消|探索|修订|科学|确保|相应的|根据|汇总|同步|结合|加大|将|把|由|对|在|"         \
    "为|向|新建|整合|对照|上传|传至|录入|进入"
#define DEVICES "系统|设施|设备|装置|平台|网络|能力|仪器|终端|体系"

typedef struct finding {
    qk_span name;
    size_t head;
} finding;

static bool is_separator(uint32_t cp)
{
    return cp == 0xFF0C || cp == 0x3002 || cp == 0xFF1B || cp == 0xFF1A || cp == 0x300A ||
           cp == 0x300B;
}

/* From the head to the left. Enumerations are followed only where 等 sums them up. */
static uint32_t name_start(const qk_plan_text *t, uint32_t floor, uint32_t head)
{
    bool summed = qk_plan_word_end(t, (qk_span){floor, head}, "等") > 0 ||
                  qk_plan_is(t, head, t->len, "闭环管理机制");
    uint32_t i = head, chars = 0, brackets = 0;
    while (i > floor && chars < NAME_MAX_CHARS) {
        uint32_t cp, prev;
        /* 对 inside 对接, 在 inside 在线 are no verbs */
        uint32_t verb = qk_plan_word_end(t, (qk_span){floor, i}, STOP_VERBS);
        /* nor is 细化 inside 精细化 */
        if (verb && qk_plan_word_end(t, (qk_span){floor, i}, "精细化")) verb = 0;
        if (verb > 3 || (verb == 3 && !qk_plan_word_at(t, i, head + 12, "接|线|外|主的"))) break;
        prev = qk_plan_prev(t, i, &cp);
        if (is_separator(cp) || (cp == 0x3001 && !summed)) break;
        if (cp == 0xFF09) brackets++;
        if (cp == 0xFF08 && brackets-- == 0) break;
        i = prev;
        chars++;
    }
    /* what is left of a quotation that began before */
    while (i < head &&
           qk_plan_word_at(t, i, head,
                           "、|和|及|与|的|等|”|）|并|年度|了|全面|各类|以|有关|相关|运行|使用")) {
        uint32_t n = qk_plan_word_at(
            t, i, head, "、|和|及|与|的|等|”|）|并|年度|了|全面|各类|以|有关|相关|运行|使用");
        if (qk_plan_is(t, i, head, "以") && qk_plan_has(t, (qk_span){i, head}, "为主")) break;
        i += n;
    }
    return i;
}

static bool open_bracket_in(const qk_plan_text *t, qk_span s)
{
    return qk_plan_has(t, s, "（") != qk_plan_has(t, s, "）");
}

static bool bare_is_fine(const qk_plan_text *t, uint32_t at, uint32_t limit)
{
    return at >= limit || qk_plan_word_at(t, at, limit,
                                          "、|，|。|；|和|等|并|与|”|）|及|联网|系统|设施|设备|"
                                          "装置|平台|网络|能力|终端|体系|预警系统") > 0;
}

static bool is_no_system(const qk_plan_text *t, qk_span name, uint32_t head, uint32_t end,
                         uint32_t limit)
{
    qk_span before = {name.from, head};
    if (qk_plan_has_any(t, name, "媒体|微信|公众号|党报|干扰|查处|打击|破坏|擅自|造假"))
        return true;
    if (qk_plan_is(t, head, limit, "清单") && qk_plan_is(t, end, limit, "式") &&
        !qk_plan_is(t, end, limit, "式、台账"))
        return true;
    if (qk_plan_is(t, head, limit, "清单化") || qk_plan_is(t, end, limit, "化管理")) return true;
    if (qk_plan_is(t, head, limit, "平台") && qk_plan_word_end(t, before, "操作|工作")) return true;
    return qk_plan_is(t, head, limit, "监控能力") && qk_plan_chars(t, before) < 2;
}

/* A device of a method that the task named already (自动监控设施, 自动监控设备). */
static bool same_devices(const qk_plan *p, qk_span a, qk_span b)
{
    static const char *const methods[] = {"自动监控", "自动监测", "在线监控", "在线监测",
                                          "视频监控"};
    const qk_plan_text *t = &p->text;
    if (!qk_plan_word_end(t, a, "设施|设备|装置") || !qk_plan_word_end(t, b, "设施|设备|装置"))
        return false;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (qk_plan_has(t, a, methods[i]) && qk_plan_has(t, b, methods[i])) return true;
    return false;
}

/* A system that the list holds: the same words, or the same end. */
static bool known(const qk_plan *p, uint32_t from, qk_span name)
{
    qk_str s = qk_span_str(&p->text, name);
    for (uint32_t i = from; i < p->system_count; i++) {
        qk_str o = qk_span_str(&p->text, p->systems[i].text);
        size_t k = 0;
        if (qk_str_find(o, s, 0) != SIZE_MAX || qk_str_find(s, o, 0) != SIZE_MAX) return true;
        while (k < s.len && k < o.len && s.ptr[s.len - 1 - k] == o.ptr[o.len - 1 - k]) k++;
        if (k >= 18 || same_devices(p, name, p->systems[i].text)) return true;
    }
    return false;
}

static size_t head_at(const qk_plan_text *t, uint32_t at, uint32_t limit, uint32_t *length)
{
    size_t best = SIZE_MAX;
    *length = 0;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (memcmp(heads[i].word, t->norm + at, limit - at < 3 ? limit - at : 3) != 0) continue;
        uint32_t n = (uint32_t)strlen(heads[i].word);
        if (n > *length && qk_plan_is(t, at, limit, heads[i].word)) {
            best = i;
            *length = n;
        }
    }
    return best;
}

static const char *kind_of(const qk_plan_text *t, qk_span name, size_t head)
{
    if (strcmp(heads[head].word, "平台") == 0 && qk_plan_has_any(t, name, "监控|监管|监测"))
        return "monitoring platform";
    return heads[head].kind;
}

typedef struct scan {
    qk_plan *p;
    uint32_t node;
    uint32_t first; /* systems of this task begin here */
} scan;

static void add_system(scan *s, qk_span name, qk_span sentence, const char *kind)
{
    qk_plan_system *out;
    if (known(s->p, s->first, name)) return;
    out = QK_PLAN_PUSH(s->p, s->p, systems, system);
    if (out) *out = (qk_plan_system){name, sentence, kind, s->node};
}

/* 2次…走航监测, 10天…预报能力: how many there are is no part of the name. */
static uint32_t behind_count(const qk_plan_text *t, uint32_t from, uint32_t head)
{
    uint32_t i = from;
    while (i < head && qk_is_digit(t->norm[i])) i++;
    return i > from && qk_plan_word_at(t, i, head, "次|天|个|套|台|座|项|处|家|路|类")
               ? i + qk_plan_word_at(t, i, head, "次|天|个|套|台|座|项|处|家|路|类")
               : from;
}

/* 14个乡镇的空气自动站: nor is whose they are. */
static uint32_t behind_whose(const qk_plan_text *t, uint32_t from, uint32_t head)
{
    uint32_t i = behind_count(t, from, head), of;
    if (i == from) return i;
    of = qk_plan_find(t, (qk_span){i, head}, "的");
    return of != UINT32_MAX && of + 3 < head ? of + 3 : i;
}

/* One head at `at`: the name it ends, or an empty span. */
static qk_span read_name(const qk_plan_text *t, qk_span s, uint32_t floor, uint32_t at, size_t head,
                         uint32_t length)
{
    uint32_t end = at + length, more;
    qk_span name;
    if (heads[head].rule == BARE_OR_DEVICE && !bare_is_fine(t, end, s.to)) return (qk_span){0};
    name = (qk_span){name_start(t, floor, at), end};
    if (open_bracket_in(t, name) || heads[head].rule == ALONE) name.from = at;
    if (heads[head].rule == ALONE) name.to += qk_plan_word_at(t, end, s.to, "、网格化管理|管理");
    /* 等 before it sums up a list, which then is the name */
    bool method = heads[head].rule == METHOD || heads[head].rule == BARE_OR_DEVICE;
    if (method && !qk_plan_word_at(t, end, s.to, DEVICES "|预警系统") &&
        !qk_plan_word_end(t, (qk_span){s.from, at}, "等"))
        name.from = heads[head].rule == METHOD || qk_plan_chars(t, (qk_span){name.from, at}) > 3
                        ? at
                        : name.from;
    if (strstr(heads[head].word, "监") || strstr(heads[head].word, "门禁") ||
        strstr(heads[head].word, "质控"))
        while ((more = qk_plan_word_at(t, name.to, s.to, DEVICES "|预警系统")) > 0) name.to += more;
    if (strcmp(heads[head].kind, "list") == 0)
        name.to += qk_plan_word_at(t, name.to, s.to, "数据库|信息库|管理系统");
    if (strcmp(heads[head].word, "高空瞭望") == 0)
        name.to += qk_plan_word_at(t, name.to, s.to, "监控点位|监控系统|监控|点位|系统|设施");
    name.from += qk_plan_word_at(t, name.from, at, "全部");
    name.from = behind_whose(t, name.from, at);
    if (strcmp(heads[head].word, "蓝天卫士") == 0) {
        name.from = qk_plan_word_end(t, (qk_span){s.from, at}, "“") ? at - 3 : at;
        name.to += qk_plan_word_at(t, name.to, s.to, "”视频监控|监控|视频监控|系统");
    }
    if (heads[head].rule == NEEDS_NAME && name.from == at) return (qk_span){0};
    if (qk_plan_is(t, name.to, s.to, "”") && qk_plan_has(t, (qk_span){name.from, at}, "“"))
        name.to += 3;
    else if (qk_plan_is(t, name.to, s.to, "”") &&
             qk_plan_word_end(t, (qk_span){s.from, name.from}, "“")) {
        name.from -= 3;
        name.to += 3;
    }
    if (is_no_system(t, name, at, end, s.to)) return (qk_span){0};
    return name;
}

/* Round-the-clock watching counts where the sentence names no system. */
static void read_watching(scan *sc, qk_span s)
{
    static const char *const words[] = {"24小时监控", "实时监控", "全时监控"};
    const qk_plan_text *t = &sc->p->text;
    for (size_t i = 0; i < 3; i++) {
        uint32_t at = qk_plan_find(t, s, words[i]), cp, from;
        if (at == UINT32_MAX) continue;
        for (from = at;
             from > s.from && !qk_plan_word_end(t, (qk_span){s.from, from}, "，|；|。|要");)
            from = qk_plan_prev(t, from, &cp);
        if (from < at)
            add_system(sc, (qk_span){from, at + (uint32_t)strlen(words[i])}, s,
                       "monitoring capability");
        return;
    }
}

/* 网格化…监测 */
static bool grid_watch(const qk_plan_text *t, uint32_t at, uint32_t limit, qk_span *name)
{
    uint32_t end, cp;
    if (!qk_plan_is(t, at, limit, "网格化")) return false;
    for (end = at + 9; end < limit && end < at + 36; end = qk_plan_next(t, end, &cp)) {
        if (qk_plan_word_at(t, end, limit, "，|、|。|；|管")) return false;
        if (!qk_plan_is(t, end, limit, "监测")) continue;
        *name = (qk_span){at, end + 6};
        return true;
    }
    return false;
}

static void read_sentence(scan *sc, qk_span s)
{
    const qk_plan_text *t = &sc->p->text;
    uint32_t floor = s.from, cp, found = 0;
    for (uint32_t i = s.from; i < s.to;) {
        uint32_t length, next = qk_plan_next(t, i, &cp);
        qk_span name = {0};
        if ((unsigned char)t->norm[i] < 0x80) {
            i = next;
            continue;
        }
        size_t head = head_at(t, i, s.to, &length);
        if (head == SIZE_MAX) {
            if (grid_watch(t, i, s.to, &name)) {
                add_system(sc, name, s, "monitoring network");
                found++;
                next = floor = name.to;
            }
            i = next;
            continue;
        }
        if (!qk_plan_in_title(t, s, i)) name = read_name(t, s, floor, i, head, length);
        i += length;
        if (!name.to) continue;
        add_system(sc, name, s, kind_of(t, name, head));
        found++;
        floor = name.to;
        if (i < name.to) i = name.to;
    }
    if (!found) read_watching(sc, s);
}

static void read_piece(qk_plan *p, qk_span piece, void *ctx)
{
    scan *sc = ctx;
    for (uint32_t at = piece.from; at < piece.to;) {
        qk_span sentence = qk_plan_next_sentence(&p->text, piece, at);
        read_sentence(sc, sentence);
        at = sentence.to;
    }
}

void qk_plan_read_systems(qk_plan *p)
{
    for (uint32_t i = 0; i < p->task_count; i++) {
        scan sc = {p, p->tasks[i].node, p->system_count};
        qk_plan_each_piece(p, &p->tasks[i], read_piece, &sc);
    }
    for (uint32_t i = 0; i < p->safeguard_count; i++) {
        scan sc = {p, p->safeguards[i].node, p->system_count};
        qk_plan_each_piece(p, &p->safeguards[i], read_piece, &sc);
    }
}
