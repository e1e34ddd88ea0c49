/* SPDX-License-Identifier: Apache-2.0 */
/* The check: each rule finds its planted fault with its arithmetic, and a sound plan gets silence.
 */
#include "plan_case.h"

typedef struct checked {
    qk_plan *plan;
    qk_plan_findings findings;
} checked;

static checked check(const char *text)
{
    checked c = {.plan = compiled(text)};
    qk_error err = {0};
    assert_ok(qk_plan_check(&c.findings, c.plan, &err));
    return c;
}

static const qk_plan_finding *finding(const checked *c, const char *code)
{
    for (uint32_t i = 0; i < c->findings.finding_count; i++)
        if (strcmp(c->findings.at[i].code, code) == 0) return &c->findings.at[i];
    return NULL;
}

#define HEAD                                                                                                                        \
    "青泽县人民政府办公室\n青政办〔2026〕9号\n2026年4月20日\n青泽县2026年净气方案\n一、工作目标\n" \
    "2026年，全县PM2.5浓度控制在40微克/立方米以内，"                                                               \
    "优良天数比例达到66.6%、243天以上。\n二、重点任务\n（一）扬尘\n"
#define SOUND                                                                                                                                   \
    HEAD "1."                                                                                                                                   \
         "加强工地抑尘。每月巡查，9月底前装好48台喷雾机，做到“三个必须”（必须围挡、必须喷淋、必须" \
         "冲洗）。（县住建局牵头，县城管局配合，各镇政府落实）\n"                                                     \
         "2."                                                                                                                                   \
         "关停旧窑。10月底前推动3家旧窑厂6条生产线退出，其中砖窑4条、灰窑2条。（县工信局牵头，县"       \
         "生态环境分局配合，各镇政府落实）\n"                                                                                   \
         "三、保障措施\n（一）加强领导。各镇政府于4月30日前将实施方案报县环委办备案。工地未覆盖裸"     \
         "土的，发现一起扣缴相关镇政府财政1万元。\n"                                                                         \
         "附表1\n青泽县2026年旧窑厂关停任务清单\n序号\t企业\t生产线(条)"                                                 \
         "\n1\t甲旧窑厂\t2\n2\t乙旧窑厂\t2\n3\t丙旧窑厂\t2\n合计\t\t6\n"

static void test_S006_check__a_sound_plan_gets_silence(void **state)
{
    checked c = check(SOUND);
    (void)state;
    for (uint32_t i = 0; i < c.findings.finding_count; i++)
        print_message("%s\n", c.findings.at[i].code);
    assert_int_equal(c.findings.finding_count, 0);
    qk_plan_free(c.plan);
}

/* Plants a fault by replacing a piece of the sound plan. */
static char *planted(const char *what, const char *with)
{
    const char *at = strstr(SOUND, what);
    char *out = malloc(sizeof SOUND + strlen(with) + 1);
    assert_non_null(at);
    assert_non_null(out);
    size_t before = (size_t)(at - SOUND);
    memcpy(out, SOUND, before);
    memcpy(out + before, with, strlen(with));
    memcpy(out + before + strlen(with), at + strlen(what), strlen(at + strlen(what)) + 1);
    return out;
}

static void test_S006_check__each_fault_is_found_with_its_arithmetic(void **state)
{
    static const struct {
        const char *what, *with, *code;
        char severity;
        const char *arithmetic;
    } cases[] = {
        {"厂6条生产线", "厂7条生产线", "sum_differs", 'H', "3 × 2 = 6，正文为 7"},
        {"推动3家", "推动4家", "rows_differ", 'H', "附表 3 行，正文为 4"},
        {"合计\t\t6", "合计\t\t8", "total_differs", 'H', "3 × 2 = 6，合计行为 8"},
        {"灰窑2条", "灰窑3条", "parts_differ", 'H', "4 + 3 = 7，总数为 6"},
        {"序号\t企业\t生产线(条)\n1\t甲", "序号\t企业\t生产线(条)\n4\t甲", "table_start", 'H',
         "序号 4 起，缺 1–3"},
        {"2.关停", "3.关停", "numbering_gap", 'H', NULL},
        {"9月底前装", "3月底前装", "deadline_past", 'H', "2026-04-20 − 2026-03-31 = 20 天"},
        {"9月底前装", "2027年9月底前装", "deadline_beyond", 'M', NULL},
        {"9月底前装", "4月30日前装", "no_time_after_filing", 'M', "2026-04-30 − 2026-04-30 = 0 天"},
        {"9月底前装好48台", "抑尘率达到100%以上，装好48台", "share_over_100", 'H', "比例 ≤ 100 %"},
        {"优良天数比例达到66.6%、243天以上", "重度及以上污染天数比率控制在4天以内", "ratio_in_days",
         'H', "4 ÷ 365 = 1.10 %"},
        {"优良天数比例达到66.6%、243天以上", "优良天数达到250天", "only_days", 'M',
         "250 ÷ 365 = 68.49 %"},
        {"66.6%、243天", "66.6%、263天", "days_differ", 'H', "66.6 % × 365 = 243.1，正文为 263 天"},
        {"“三个必须”", "“四个必须”", "list_differs", 'M', "写明 4，列出 3"},
        {"县工信局牵头", "县工信局负责", "no_lead", 'M', "2 项中 1 项无牵头单位"},
        {"县工信局牵头", "县工信局、县发展改革委牵头", "several_leads", 'M', NULL},
        {"县城管局配合", "县城管局、县水利局、县城管局、县水利局配合", "duty_pasted", 'H',
         "2 个单位各出现 2 次"},
        {"县工信局牵头", "市住建局牵头", "unit_level", 'H', "1 次与 1 次"},
        {"县工信局牵头", "县住房建设局牵头", "unit_two_names", 'M', NULL},
        {"做到“三个必须”", "力争企业入选样板名单，做到“三个必须”", "number_missing", 'H', NULL},
        {"装好48台喷雾机", "装好XX台喷雾机", "placeholder", 'H', NULL},
        {"2026年4月20日", "2026年4月20日后空四字", "typing_instruction", 'L', NULL},
        {"每月巡查", "每月巡查，开展泄露检测", "slip", 'L', NULL},
        {"每月巡查", "每月巡查，禁用国二以下机械", "class_below", 'M', NULL},
        {"每月巡查", "每月巡查，达到我市要求", "other_level", 'M', NULL},
        {"每月巡查", "每月巡查，完成市下达的各项任务", "number_elsewhere", 'M', NULL},
        {"每月巡查", "每月巡查，2026年实现空气质量二级达标", "standard_2026", 'M', NULL},
        {"每月巡查", "每月巡查and整改", "stray_latin", 'L', NULL},
        {"工地未覆盖裸土的", "对12吨及以下旧炉", "rule_without_task", 'H',
         "“12吨”在任务中出现 0 次"},
        {"工地未覆盖裸土的", "对其他未列入上述的问题", "rule_overlap", 'M', NULL},
        {"青政办〔2026〕9号\n2026年4月20日\n", "", "no_issue", 'L', NULL},
        {"每月巡查", "每月巡查，全面消除D级企业", "class_without_list", 'M', NULL},
        {"9月底前装好48台喷雾机", "9月底前水泥罐车基本使用新能源车；商砼车新能源替代比例达到80%",
         "two_aims", 'M', "水泥罐车：基本；商砼车：80%"},
        {"9月底前装好48台喷雾机", "空气质量排名明显进位", "aim_unmeasured", 'M', NULL},
        {"报县环委办备案", "报污染防治攻坚战领导小组办公室备案，由污染防治攻坚办公室通报",
         "office_names", 'M', "2 种写法"},
        {"工地未覆盖裸土的",
         "控尘治理办公室、散煤治理办公室、烟花管控办公室通报。（二）执法。控尘治理办公室、"
         "散煤治理办公室、烟花管控办公室、餐饮油烟办公室巡查。工地未覆盖裸土的",
         "offices_differ", 'M', "3 个与 4 个"},
        {"序号\t企业\t生产线(条)\n1\t甲旧窑厂\t2",
         "序号\t企业\t原绩效等级\t生产线(条)\n1\t甲旧窑厂(新建企业)\t地方C\t2", "new_with_grade",
         'M', NULL},
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char *text = planted(cases[i].what, cases[i].with);
        checked c = check(text);
        const qk_plan_finding *f = finding(&c, cases[i].code);
        if (!f) print_message("not found: %s\n", cases[i].code);
        assert_non_null(f);
        assert_int_equal(f->severity, cases[i].severity);
        assert_true(f->evidence_count > 0);
        if (cases[i].arithmetic) {
            if (!qk_str_eq(f->arithmetic, qk_str_of(cases[i].arithmetic)))
                print_message("%s: %.*s\n", f->code, QK_STR_ARG(f->arithmetic));
            assert_true(qk_str_eq(f->arithmetic, qk_str_of(cases[i].arithmetic)));
        }
        qk_plan_free(c.plan);
        free(text);
    }
}

/* What is sound as it stands: steps in time, groups that add up, one aim, one office. */
static void test_S006_check__controls_get_silence(void **state)
{
    static const struct {
        const char *what, *with;
    } cases[] = {
        {"其中砖窑4条、灰窑2条", "其中二季度退出2条，上半年退出4条"},
        {"各镇政府落实）\n2.", "各镇政府落实，以下均需各镇政府落实，不再列出）\n2."},
        {"9月底前装好48台喷雾机",
         "9月底前装好48台喷雾机，水泥罐车、渣土运输车基本使用新能源车；新购商砼车全部为新能源车"},
        {"报县环委办备案", "报县生态环境保护委员会办公室备案，由生态环境保护委员会办公室通报"},
        {"每月巡查", "每月巡查，D级企业清零3家"},
        {"9月底前装好48台喷雾机", "9月底前装好48台喷雾机，降尘明显下降"},
        {"工地未覆盖裸土的", "PM2.5浓度每超1微克/立方米的"},
        {"243天以上。", "243天以上。秋冬季优良天数达到100天以上。"},
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char *text = planted(cases[i].what, cases[i].with);
        checked c = check(text);
        for (uint32_t k = 0; k < c.findings.finding_count; k++)
            print_message("%zu: %s\n", i, c.findings.at[k].code);
        assert_int_equal(c.findings.finding_count, 0);
        qk_plan_free(c.plan);
        free(text);
    }
}

/* The findings of a text held against the sound plan. */
static checked against(const char *text, const char *other)
{
    checked c = {.plan = compiled(text)};
    qk_plan *beside = compiled(other);
    qk_error err = {0};
    assert_ok(qk_plan_check_against(&c.findings, c.plan, beside, &err));
    qk_plan_free(beside);
    return c;
}

static void test_S006_check__a_plan_held_against_another(void **state)
{
    static const struct {
        const char *what, *with, *code, *words;
    } cases[] = {
        {"40微克", "42微克", "other_value", "40 ug/m3"},
        {"装好48台喷雾机", "装好48台喷雾机，秸秆综合利用率达到93%", NULL, NULL},
        {"“三个必须”（必须围挡、必须喷淋、必须冲洗）", "“七个百分之百”", NULL, NULL},
        {"2026年，全县", "2027年，全县", NULL, NULL},
        {"关停旧窑。10月底前推动3家旧窑厂6条生产线退出，其中砖窑4条、灰窑2条。",
         "抽检油品。每月一次。", "task_dropped", "关停旧窑"},
        {"县生态环境分局配合", "县生态环境保护分局配合", "unit_renamed", "县生态环境分局"},
    };
    (void)state;
    checked same = against(SOUND, SOUND);
    assert_int_equal(same.findings.finding_count, 0);
    qk_plan_free(same.plan);
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char *text = planted(cases[i].what, cases[i].with);
        checked c = against(text, SOUND);
        for (uint32_t k = 0; k < c.findings.finding_count; k++)
            if (!cases[i].code || strcmp(c.findings.at[k].code, cases[i].code) != 0)
                fail_msg("%zu: %s", i, c.findings.at[k].code);
        if (cases[i].code) {
            const qk_plan_finding *f = finding(&c, cases[i].code);
            assert_non_null(f);
            assert_true(f->param[1].len && f->beside_count);
            bool quoted_there = false;
            for (int k = 0; k < QK_FINDING_PARAMS; k++)
                quoted_there = quoted_there || qk_str_eq(f->param[k], qk_str_of(cases[i].words));
            assert_true(quoted_there);
        }
        qk_plan_free(c.plan);
        free(text);
    }
}

static void test_S006_check__classes_and_goals_that_moved(void **state)
{
    (void)state;
    char *now = planted(
        "48台喷雾机，做到“三个必须”（必须围挡、必须喷淋、必须冲洗）",
        "48台喷雾机，落实“七个百分之百”，禁用国二及以下非道路移动机械，秸秆综合利用率达到95%");
    char *before = planted(
        "48台喷雾机，做到“三个必须”（必须围挡、必须喷淋、必须冲洗）",
        "48台喷雾机，落实“六个百分之百”，禁用国三以下非道路移动机械，全县秸秆综合利用率达到93%");
    char *last = strstr(before, "2026年，全县PM2.5浓度控制在40");
    memcpy(last, "2025年，全县PM2.5浓度控制在38", strlen("2025年，全县PM2.5浓度控制在38"));
    checked c = against(now, before);
    const qk_plan_finding *f = finding(&c, "target_looser");
    assert_non_null(f);
    assert_true(qk_str_eq(f->arithmetic, QK_STR("40 ug/m3 ≠ 38 ug/m3")));
    f = finding(&c, "other_class");
    assert_non_null(f);
    assert_true(qk_str_eq(f->param[0], QK_STR("七个百分之百")));
    f = finding(&c, "other_value");
    assert_non_null(f);
    assert_true(qk_str_eq(f->arithmetic, QK_STR("95 % ≠ 93 %")));
    assert_int_equal(c.findings.finding_count, 4);
    qk_plan_free(c.plan);
    free(now);
    free(before);
}

static void test_S003_check__one_person_in_two_units_and_two_in_one(void **state)
{
    checked c = check("青泽县2026年方案\n一、任务\n1."
                      "甲事。办。（牵头单位：县甲局，责任人：王某，责任单位：各镇政府）\n2."
                      "乙事。办。（牵头单位：县乙局，责任人：王某，责任单位：各镇政府）\n"
                      "3.丙事。办。（牵头单位：县甲局，责任人：赵某，责任单位：各镇政府）\n4."
                      "丁事。办。（责任单位：各镇政府）\n");
    const qk_plan_finding *f = finding(&c, "person_two_units");
    (void)state;
    assert_non_null(f);
    assert_quote(c.plan, f->evidence[1], "王某");
    f = finding(&c, "unit_two_persons");
    assert_non_null(f);
    assert_true(qk_str_eq(f->param[0], QK_STR("县甲局")));
    f = finding(&c, "no_person");
    assert_non_null(f);
    assert_true(qk_str_eq(f->where[0], QK_STR("4")));
    qk_plan_free(c.plan);
    /* a leader answers for several offices of a township */
    c = check("大槐乡2026年方案\n一、任务\n1.甲事。办。（责任领导：王某；责任单位：甲办）\n2."
              "乙事。办。（责任领导：王某；责任单位：乙办）\n");
    assert_null(finding(&c, "person_two_units"));
    qk_plan_free(c.plan);
}

static void test_S006_check__findings_as_json_in_both_languages(void **state)
{
    char *text = planted("厂6条生产线", "厂7条生产线");
    checked c = check(text);
    static const char *const keys[] = {"code",    "severity", "where",
                                       "message", "evidence", "arithmetic"};
    (void)state;
    for (int lang = QK_ZH; lang <= QK_EN; lang++) {
        qk_buf out;
        qk_json_writer w;
        qk_arena arena;
        qk_json_value *json;
        size_t n = 0;
        qk_buf_init(&out, 1 << 20);
        qk_json_init(&w, &out);
        qk_plan_findings_write(c.plan, &c.findings, (qk_lang)lang, &w);
        qk_arena_init(&arena, 1 << 20);
        assert_ok(qk_json_parse(&json, qk_buf_str(&out), &arena, NULL));
        for (const qk_json_value *m = json->first->first; m; m = m->next, n++)
            assert_true(n < 6 && qk_str_eq(m->name, qk_str_of(keys[n])));
        assert_int_equal(n, 6);
        assert_non_null(strstr(out.ptr, lang == QK_ZH ? "附表之和" : "The annex"));
        assert_null(strstr(out.ptr, "{a}"));
        qk_arena_clear(&arena);
        qk_buf_clear(&out);
    }
    qk_plan_free(c.plan);
    free(text);
}

static void test_check__every_rule_has_its_message(void **state)
{
    static const char *const codes[] = {
        "aim_unmeasured",
        "class_without_list",
        "new_with_grade",
        "office_names",
        "offices_differ",
        "other_class",
        "other_value",
        "target_looser",
        "task_dropped",
        "two_aims",
        "unit_renamed",
        "class_below",
        "days_differ",
        "deadline_beyond",
        "deadline_past",
        "deadline_short",
        "dust_mixed",
        "duty_pasted",
        "headings_differ",
        "list_differs",
        "no_duty",
        "no_issue",
        "no_lead",
        "no_person",
        "no_time_after_filing",
        "no_townships",
        "number_elsewhere",
        "number_missing",
        "numbering_gap",
        "numbering_start",
        "numbering_twice",
        "only_days",
        "other_level",
        "parts_differ",
        "people_differ",
        "person_two_units",
        "placeholder",
        "ratio_in_days",
        "rows_differ",
        "rule_overlap",
        "rule_without_task",
        "several_duties",
        "several_leads",
        "share_over_100",
        "slip",
        "standard_2026",
        "stray_latin",
        "sum_differs",
        "table_gap",
        "table_start",
        "total_differs",
        "township_differs",
        "typing_instruction",
        "unit_level",
        "unit_twice",
        "unit_two_names",
        "unit_two_persons",
        "values_conflict",
        "widths_mixed",
    };
    char code[64];
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(codes); i++) {
        snprintf(code, sizeof code, "plan.check.%s", codes[i]);
        assert_non_null(qk_message(code, QK_ZH));
        assert_non_null(qk_message(code, QK_EN));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S006_check__a_sound_plan_gets_silence),
        cmocka_unit_test(test_S006_check__each_fault_is_found_with_its_arithmetic),
        cmocka_unit_test(test_S006_check__controls_get_silence),
        cmocka_unit_test(test_S006_check__a_plan_held_against_another),
        cmocka_unit_test(test_S006_check__classes_and_goals_that_moved),
        cmocka_unit_test(test_S003_check__one_person_in_two_units_and_two_in_one),
        cmocka_unit_test(test_S006_check__findings_as_json_in_both_languages),
        cmocka_unit_test(test_check__every_rule_has_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
