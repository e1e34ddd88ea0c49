/* SPDX-License-Identifier: Apache-2.0 */
/* One plan in many shapes: the same obligations, rendered with every mixture of numbering, duty
 * form, width of marks and digits, traditional characters, wrapped lines and page breaks, must
 * compile to the same rows. */
#include "plan_case.h"

typedef struct item {
    const char *title, *text, *lead, *support, *responsible;
} item;

/* {…}: digits that may become full-width */
static const item items[2][4] = {
    {{"加强工地抑尘",
      "土方作业全程喷雾，裸土当日覆盖；9月底前完成48台喷雾机安装，工地抑尘达标率不低于95%",
      "县住建局", "县城管局、公路中心", "各乡镇政府"},
     {"改造工业窑炉",
      "烟尘、二氧化硫、氮氧化物排放浓度不高于8、30、45毫克/立方米，2026年10月底前淘汰6座旧窑",
      "县工信局、县发展改革委", "县生态环境分局", "高新区管委会、东山镇政府"},
     {"控制料堆扬尘", "建立料堆管理台账，逐一登记，年底前完成封闭改造", "县城管局",
      "县生态环境分局", "各乡镇政府"},
     {"管住餐饮油烟", "每月抽查油烟设施，抽查率达到25%以上，到2026年实现大店在线监控", "县城管局",
      "县市场监管局", "各街道办事处"}},
    {{"更新营运货车", "2026年6月30日前完成国三货车清零，新能源货车占比提高到12%", "县交通局",
      "县公安局、县商务局", "县生态环境分局"},
     {"抽测非道路机械", "全年完成抽测210台次，30分钟内到场处置冒黑烟机械", "县生态环境分局",
      "县住建局、县水利局", "各乡镇政府"},
     {"抽检车用油品", "每年抽检汽柴油不少于60个批次，油库抽检率不低于15%", "县市场监管局",
      "县商务局", "各乡镇政府"},
     {"建好监管平台", "11月15日至次年3月15日加密巡查，依托县移动源监管平台联网", "县政数局",
      "县生态环境分局", "县公安局"}},
};
static const char *const sections[2] = {"管住面源污染", "管住车辆污染"};

typedef struct shape {
    int numbering, duty, width, pages;
    bool traditional;
} shape;

enum { NUMBERINGS = 6, DUTIES = 9, WIDTHS = 3, PAGES = 5 };

static const char *const cn[] = {"", "一", "二", "三", "四", "五", "六", "七", "八"};

static void put_mark(qk_buf *out, const shape *s, int level, int number)
{
    static const char *const forms[NUMBERINGS][3] = {
        {"%c、", "（%c）", "%d."},  {"第%c章 ", "第%c节 ", "%d. "},
        {"%c、", "(%c)", "%d．"},   {"第%c章 ", "%c、", "%d．"},
        {"%c、", "（%c）", "%d、"}, {"第%c部分 ", "%c、", "（%c）"},
    };
    for (const char *f = forms[s->numbering][level]; *f; f++) {
        if (f[0] == '%' && f[1] == 'c') {
            qk_buf_puts(out, cn[number]);
            f++;
        } else if (f[0] == '%') {
            qk_buf_printf(out, "%d", number);
            f++;
        } else {
            qk_buf_putc(out, *f);
        }
    }
}

static void put_duty(qk_buf *out, const shape *s, const item *it)
{
    switch (s->duty) {
    case 0:
        qk_buf_printf(out, "（%s牵头，%s配合，%s落实）\n", it->lead, it->support, it->responsible);
        break;
    case 1:
        qk_buf_printf(out, "（牵头单位：%s，配合单位：%s，责任单位：%s）\n", it->lead, it->support,
                      it->responsible);
        break;
    case 2:
        qk_buf_printf(out, "\n牵头单位：%s\n配合单位：%s\n责任单位：%s\n", it->lead, it->support,
                      it->responsible);
        break;
    case 3:
        qk_buf_printf(out, "（由%s牵头，%s等部门参与，%s负责落实。）\n", it->lead, it->support,
                      it->responsible);
        break;
    case 4:
        qk_buf_printf(out, "【牵头部门：%s；配合部门：%s；责任部门：%s】\n", it->lead, it->support,
                      it->responsible);
        break;
    case 5:
        qk_buf_printf(out, "\n牵头：%s；配合：%s；责任：%s。\n", it->lead, it->support,
                      it->responsible);
        break;
    case 6:
        qk_buf_printf(out, "%s牵头，%s配合，%s落实。\n", it->lead, it->support, it->responsible);
        break;
    case 7:
        qk_buf_printf(out, "〔%s牵头，%s参与，%s负责落实〕\n", it->lead, it->support,
                      it->responsible);
        break;
    default:
        qk_buf_printf(out, "\n责任单位：%s牵头，%s配合，%s落实\n", it->lead, it->support,
                      it->responsible);
        break;
    }
}

/* The traditional character whose simplified form is cp, or cp. */
static uint32_t traditional_of(uint32_t cp)
{
    enum { FIRST = 0x4E00, LAST = 0x9FFF };
    static uint16_t of[LAST - FIRST + 1];
    if (cp < FIRST || cp > LAST) return cp;
    if (!of[0])
        for (uint32_t t = LAST + 1; t-- > FIRST;) {
            uint32_t simple = qk_plan_simplify(t);
            if (simple != t || !of[t - FIRST]) of[simple - FIRST] = (uint16_t)t;
        }
    return of[cp - FIRST];
}

static uint32_t widened(uint32_t cp, int width)
{
    static const uint32_t pairs[][2] = {{'(', 0xFF08}, {')', 0xFF09}, {',', 0xFF0C},
                                        {':', 0xFF1A}, {';', 0xFF1B}, {'%', 0xFF05}};
    if (width == 0) return cp;
    if (width == 2 && cp >= '0' && cp <= '9') return cp - '0' + 0xFF10;
    for (size_t i = 0; i < QK_ARRAY_COUNT(pairs); i++) {
        if (width == 2 && cp == pairs[i][0]) return pairs[i][1];
        if (width == 1 && cp == pairs[i][1]) return pairs[i][0];
    }
    return cp;
}

/* Marks, digits and characters changed; text that is no heading broken as a printer would. */
static void dress(qk_buf *out, qk_str text, const shape *s)
{
    uint64_t seed = (uint64_t)(s->numbering * 100 + s->duty * 10 + s->pages);
    uint32_t column = 0, page = 1;
    while (text.len) {
        size_t used;
        char bytes[4];
        uint32_t cp = qk_utf8_next(text, &used);
        text = (qk_str){text.ptr + used, text.len - used};
        uint32_t plain = cp;
        if (s->traditional) cp = traditional_of(cp);
        cp = widened(cp, s->width);
        qk_buf_append(out, bytes, qk_utf8_put(bytes, cp));
        column = cp == '\n' ? 0 : column + (cp < 0x1100 ? 1 : 2);
        bool han = plain >= 0x4E00 && plain <= 0x9FFF && column > 24;
        if (s->pages == 1 && han && qk_test_random(&seed) % 61 == 0) qk_buf_puts(out, "\n\n");
        if (s->pages == 2 && han && qk_test_random(&seed) % 61 == 0)
            qk_buf_printf(out, "\n— %u —\n\n", page++);
        if (s->pages == 4 && han && qk_test_random(&seed) % 61 == 0)
            qk_buf_printf(out, "\n\n青泽县2026年净气行动方案                    %u\n\n", page++);
        if (s->pages == 3 && column >= 56 && text.len && text.ptr[0] != '\n') {
            qk_buf_puts(out, "\n");
            column = 0;
        }
    }
}

static char *render(const shape *s)
{
    qk_buf plain, out;
    qk_buf_init(&plain, 1 << 20);
    qk_buf_init(&out, 1 << 20);
    qk_buf_puts(&plain, "青泽县2026年净气行动方案\n");
    put_mark(&plain, s, 0, 1);
    qk_buf_puts(&plain, "总体要求\n坚持标本兼治，稳步改善空气，让群众满意，为全县高质量发展打好底色"
                        "，持续用力久久为功。\n");
    put_mark(&plain, s, 0, 2);
    qk_buf_puts(&plain, "重点任务\n");
    for (int c = 0, n = 1; c < 2; c++) {
        put_mark(&plain, s, 1, c + 1);
        qk_buf_printf(&plain, "%s\n", sections[c]);
        for (int i = 0; i < 4; i++, n++) {
            put_mark(&plain, s, 2, s->numbering == 0 || s->numbering == 2 ? n : i + 1);
            qk_buf_printf(&plain, "%s。%s。", items[c][i].title, items[c][i].text);
            put_duty(&plain, s, &items[c][i]);
        }
    }
    put_mark(&plain, s, 0, 3);
    qk_buf_puts(&plain, "保障措施\n各乡镇政府加强领导，层层压实，按时序推进。\n");
    dress(&out, qk_buf_str(&plain), s);
    qk_buf_clear(&plain);
    return qk_buf_take(&out, NULL);
}

/* What was compiled, without what may differ between shapes. */
static char *signature(const qk_plan *p)
{
    qk_buf out;
    char value[QK_DEC_TEXT];
    qk_buf_init(&out, 1 << 20);
    for (uint32_t i = 0; i < p->task_count; i++) {
        const qk_plan_task *t = &p->tasks[i];
        qk_buf_put_str(&out, qk_span_str(&p->text, p->nodes[t->node].title));
        for (int r = 0; r < QK_DUTY_ROLES; r++)
            for (uint32_t k = 0; k < t->units[r].count; k++) {
                qk_str u = qk_span_str(&p->text, t->units[r].at[k]);
                qk_buf_printf(&out, " %d:%.*s", r, QK_STR_ARG(u));
            }
        for (uint32_t k = 0; k < t->deadline_count; k++)
            qk_buf_printf(&out, " D%d-%d", t->deadlines[k].start, t->deadlines[k].date);
        for (uint32_t k = 0; k < t->number_count; k++)
            qk_buf_printf(&out, " N%d %s%.*s", (int)t->numbers[k].op,
                          qk_dec_format(value, t->numbers[k].value),
                          QK_STR_ARG(t->numbers[k].unit));
        for (uint32_t k = 0; k < t->recurring_count; k++)
            qk_buf_printf(&out, " R%s", t->recurring[k].every);
        qk_buf_putc(&out, '\n');
    }
    for (uint32_t i = 0; i < p->system_count; i++) {
        qk_str s = qk_span_str(&p->text, p->systems[i].text);
        qk_buf_printf(&out, "S%.*s\n", QK_STR_ARG(s));
    }
    return qk_buf_take(&out, NULL);
}

static char *signature_of(const shape *s)
{
    char *text = render(s), *sign;
    qk_plan *p = compiled(text);
    sign = signature(p);
    qk_plan_free(p);
    free(text);
    return sign;
}

/* What the first shape must give, written by hand. */
static const char expected[] =
    "加强工地抑尘 0:县住建局 1:县城管局 1:公路中心 2:各乡镇政府 D0-20260930 N0 48台 N1 95%\n"
    "改造工业窑炉 0:县工信局 0:县发展改革委 1:县生态环境分局 2:高新区管委会 2:东山镇政府 "
    "D0-20261031 N2 8mg/m3 N2 30mg/m3 N2 45mg/m3 N0 6座\n"
    "控制料堆扬尘 0:县城管局 1:县生态环境分局 2:各乡镇政府 D0-20261231\n"
    "管住餐饮油烟 0:县城管局 1:县市场监管局 2:各街道办事处 D0-20261231 N1 25% Rmonth\n"
    "更新营运货车 0:县交通局 1:县公安局 1:县商务局 2:县生态环境分局 D0-20260630 N1 12%\n"
    "抽测非道路机械 0:县生态环境分局 1:县住建局 1:县水利局 2:各乡镇政府 D0-20261231 N0 210台次 N2 "
    "30min\n"
    "抽检车用油品 0:县市场监管局 1:县商务局 2:各乡镇政府 N1 60批次/年 N1 15% Ryear\n"
    "建好监管平台 0:县政数局 1:县生态环境分局 2:县公安局 D20261115-20270315\n"
    "S料堆管理台账\nS大店在线监控\nS县移动源监管平台\n";

static void test_S001_shapes__the_plain_shape_gives_what_is_written(void **state)
{
    shape s = {0};
    char *sign = signature_of(&s);
    (void)state;
    assert_string_equal(sign, expected);
    free(sign);
}

static void test_S002_shapes__every_shape_gives_the_same_rows(void **state)
{
    uint32_t shapes = 0, wrong = 0;
    (void)state;
    for (int n = 0; n < NUMBERINGS; n++)
        for (int d = 0; d < DUTIES; d++)
            for (int w = 0; w < WIDTHS; w++)
                for (int g = 0; g < PAGES; g++)
                    for (int t = 0; t < 2; t++) {
                        shape s = {n, d, w, g, t};
                        char *sign = signature_of(&s);
                        shapes++;
                        if (strcmp(sign, expected) != 0 && wrong++ < 3) {
                            char *text = render(&s);
                            print_message(
                                "numbering %d duty %d width %d pages %d traditional %d:\n%s\n%s\n",
                                n, d, w, g, t, sign, text);
                            free(text);
                        }
                        free(sign);
                    }
    print_message("%u shapes, %u differ\n", shapes, wrong);
    assert_int_equal(wrong, 0);
}

static void test_S002_shapes__traditional_text_is_quoted_as_printed(void **state)
{
    shape s = {.traditional = true};
    char *text = render(&s);
    qk_plan *p = compiled(text);
    (void)state;
    assert_true(p->text.traditional > 50);
    const char *unit = quoted(p, p->tasks[1].units[QK_DUTY_LEAD].at[1]);
    assert_non_null(strstr(text, unit));
    assert_string_not_equal(unit, "县发展改革委");
    qk_plan_free(p);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S001_shapes__the_plain_shape_gives_what_is_written),
        cmocka_unit_test(test_S002_shapes__every_shape_gives_the_same_rows),
        cmocka_unit_test(test_S002_shapes__traditional_text_is_quoted_as_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
