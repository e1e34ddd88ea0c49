/* SPDX-License-Identifier: Apache-2.0 */
/* A kept run as a document, from its report alone. */
#include "domain/apportion_store.h"
#include "domain/doc_docx.h"
#include <math.h>
#include <stdio.h>

typedef struct paper {
    qk_docx *d;
    const qk_apportion_info *info;
    const qk_json_value *report;
} paper;

static const struct {
    const char *code, *zh;
} hints[] = {{"nitrate", "二次硝酸盐"}, {"sulphate", "二次硫酸盐"}, {"traffic", "机动车"},
             {"organics", "有机物"},    {"coal", "燃煤"},           {"biomass", "生物质燃烧"},
             {"dust", "扬尘"},          {"steel", "钢铁"},          {"zinc", "锌冶炼"},
             {"copper", "铜冶炼"},      {"lead", "铅冶炼"},         {"salt", "海盐或融雪剂"}};

static void say(const paper *p, qk_docx_style style, const char *fmt, ...) QK_PRINTF(3, 4);
static void say(const paper *p, qk_docx_style style, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    qk_docx_paragraph(p->d, style, (qk_str){text, qk_utf8_cut(qk_str_of(text))});
}

/* A share as per cent; what is not known is a dash. */
static const char *percent(char out[24], const qk_json_value *v, const char *name)
{
    double x = NAN;
    if (!v || !qk_json_get_f64(v, name, &x)) return "—";
    snprintf(out, 24, "%.0f%%", 100 * x);
    return out;
}

static const char *span(char out[64], const qk_json_value *v, const char *low, const char *high)
{
    char a[24], b[24];
    const char *from = percent(a, v, low), *to = percent(b, v, high);
    if (from != a || to != b) return "—";
    snprintf(out, 64, "%s至%s", a, b);
    return out;
}

static double number(const qk_json_value *v, const char *name)
{
    double x = NAN;
    return v && qk_json_get_f64(v, name, &x) ? x : NAN;
}

static void name_factor(char out[64], const qk_json_value *factor, int n)
{
    const qk_json_value *list = qk_json_get(factor, "hints");
    qk_str code = list && list->first ? qk_json_get_str(list->first, "code") : QK_STR("");
    snprintf(out, 64, "因子%d", n);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (qk_str_eq(code, qk_str_of(hints[i].code))) snprintf(out, 64, "%d %s", n, hints[i].zh);
}

static void put_cell(const paper *p, const char *text)
{
    qk_docx_cell(p->d, qk_str_of(text));
}

static void put_why(const paper *p, const qk_json_value *factor)
{
    char text[400] = "", one[64], share[24];
    size_t len = 0;
    const qk_json_value *list = qk_json_get(factor, "hints");
    const qk_json_value *why = list && list->first ? qk_json_get(list->first, "why") : NULL;
    for (const qk_json_value *s = why ? why->first : NULL; s; s = s->next) {
        qk_str name = qk_json_get_str(s, "species");
        int n = snprintf(one, sizeof one, "%s%.*s %s", len ? "，" : "", QK_STR_ARG(name),
                         percent(share, s, "explained"));
        if (n < 0 || len + (size_t)n + 1 > sizeof text) break;
        memcpy(text + len, one, (size_t)n + 1);
        len += (size_t)n;
    }
    put_cell(p, len ? text : "—");
}

static void put_factors(const paper *p)
{
    static const char *const heads[] = {"因子（可能的来源）", "占比", "占比范围", "其中起落快的",
                                        "依据：所解释的物种份额"};
    const uint32_t widths[] = {3, 1, 2, 2, 4};
    const qk_json_value *split = qk_json_get(p->report, "split");
    const qk_json_value *near = split ? qk_json_get(split, "factors") : NULL;
    const qk_json_value *quick = near ? near->first : NULL;
    const qk_json_value *list = qk_json_get(p->report, "factors");
    int n = 0;
    qk_docx_table(p->d, widths, 5);
    for (size_t i = 0; i < 5; i++) put_cell(p, heads[i]);
    for (const qk_json_value *f = list ? list->first : NULL; f; f = f->next) {
        char text[64], a[24];
        name_factor(text, f, ++n);
        put_cell(p, text);
        put_cell(p, percent(a, f, "share"));
        put_cell(p, span(text, f, "share_low", "share_high"));
        put_cell(p, quick ? span(text, quick, "low", "high") : "—");
        put_why(p, f);
        if (quick) quick = quick->next;
    }
    qk_docx_table_end(p->d);
}

static void put_near(const paper *p)
{
    const qk_json_value *split = qk_json_get(p->report, "split");
    const qk_json_value *all = split ? qk_json_get(split, "all") : NULL;
    char share[24], range[64];
    qk_docx_paragraph(p->d, QK_DOCX_HEADING, QK_STR("本地与传输"));
    if (all)
        say(p, QK_DOCX_TEXT,
            "数小时内起落的部分占%s（范围%"
            "s），其余为缓变部分。本地排放的烟羽起落快，远处来的空气变化"
            "慢，故前者多为本地、后者多为传输；静稳时均匀的本地排放也变化慢，锋面过境时传输也变化快"
            "，"
            "单站数据不能分辨，范围不含这一层误差。",
            percent(share, all, "quick"), span(range, all, "low", "high"));
    else
        qk_docx_paragraph(p->d, QK_DOCX_TEXT,
                          QK_STR("数据不是逐小时的或不足七天，本地与传输的占比不能估计。"));
}

static void put_trust(const paper *p)
{
    const qk_json_value *q = qk_json_get(p->report, "q");
    const qk_json_value *notes = qk_json_get(p->report, "notes");
    const qk_json_value *turns = qk_json_get(p->report, "fpeak");
    double q_true = number(q, "true"), expected = number(q, "expected");
    qk_docx_paragraph(p->d, QK_DOCX_HEADING, QK_STR("可信程度"));
    say(p, QK_DOCX_TEXT, "Q为%.5g，期望值%.5g，比值%.2f。", q_true, expected, q_true / expected);
    say(p, QK_DOCX_TEXT, "缺测%.0f个，不确定度不大于零而未用的%.0f个，负值%.0f个（保留）。",
        number(notes, "missing"), number(notes, "bad_uncertainty"), number(notes, "negative"));
    for (const qk_json_value *t = turns ? turns->first : NULL; t; t = t->next)
        say(p, QK_DOCX_TEXT, "旋转强度%.2g：Q增加%.2f%%。", number(t, "strength"),
            number(t, "percent"));
}

static void put_method(const paper *p)
{
    const qk_apportion_info *i = p->info;
    char at[QK_TIME_TEXT];
    qk_docx_paragraph(p->d, QK_DOCX_HEADING, QK_STR("方法与出处"));
    say(p, QK_DOCX_TEXT,
        "正定矩阵因子分解（PMF），%zu个样品、%zu个物种、%zu个因子，运行%zu次，种子%llu，自举%"
        "zu次。",
        i->samples, i->species, i->options.factors, i->options.runs,
        (unsigned long long)i->options.seed, i->options.bootstraps);
    say(p, QK_DOCX_TEXT, "运行%lld号，%s，晴空%s；输入数据的SHA-256：%s。", (long long)i->id,
        qk_time_iso_zone(at, i->at), i->program, i->input);
    qk_docx_paragraph(p->d, QK_DOCX_TEXT,
                      QK_STR("因子的来源名称由物种、时间和风向推断，须由专家核定。"));
}

qk_code qk_apportion_docx(qk_buf *out, const qk_apportion_info *info, const qk_json_value *report,
                          qk_error *err)
{
    paper p = {.info = info, .report = report};
    QK_TRY(qk_docx_begin(&p.d, err));
    say(&p, QK_DOCX_TITLE, "%s颗粒物来源解析报告", info->title);
    qk_docx_paragraph(p.d, QK_DOCX_HEADING, QK_STR("各来源的占比"));
    put_factors(&p);
    put_near(&p);
    put_trust(&p);
    put_method(&p);
    return qk_docx_end(p.d, out, err);
}
