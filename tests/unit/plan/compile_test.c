/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler, rule by rule, on small plans of our own. */
#include "plan_case.h"

#define HEAD                                                                                                \
    "青泽县2026年蓝天行动方案\n一、工作目标\n2026年，全县PM2.5浓度控制在40微克/" \
    "立方米以内。\n二、重点任务\n（一）扬尘\n"
#define TASK1 HEAD "1.加强工地管理。"

static void test_S001_plan__reads_mixed_numbering_as_a_tree(void **state)
{
    (void)state;
    qk_plan *p = compiled("青泽县净气规划（2026—2028年）\n第一章 总则\n第一节 "
                          "指导思想\n坚持标本兼治。\n第二章 重点任务\n第一节 工业\n"
                          "1. 改造窑炉\n分批改造。\n2. 清理小厂\n逐户核对。\n第二节 车辆\n1. "
                          "更新货车\n先易后难。\n第三章 保障措施\n第一节 组织\n定期会商。\n");
    assert_int_equal(p->task_count, 3);
    assert_string_equal(p->tasks[0].no.ptr, "2.1.1");
    assert_string_equal(p->tasks[2].no.ptr, "2.2.1");
    assert_quote(p, p->nodes[p->tasks[2].node].title, "更新货车");
    assert_quote(p, p->nodes[p->nodes[p->tasks[2].node].parent].heading, "第二节车辆");
    assert_int_equal(p->safeguard_count, 1);
    assert_int_equal(p->year_from, 2026);
    assert_int_equal(p->year_to, 2028);
    qk_plan_free(p);
}

static void test_S001_plan__numbers_items_by_chapter_when_they_begin_anew(void **state)
{
    (void)state;
    qk_plan *p =
        compiled("青泽县净气方案\n一、总体要求\n稳中求进。\n二、治理工业\n（一）改造窑炉。分批推进"
                 "。\n（二）清理小厂。逐户核对。\n三、治理车辆\n（一）更新货车。先易后难。\n");
    assert_int_equal(p->task_count, 3);
    assert_string_equal(p->tasks[0].no.ptr, "2.1");
    assert_string_equal(p->tasks[2].no.ptr, "3.1");
    qk_plan_free(p);
}

static void test_S001_plan__joins_what_a_page_break_cut(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "土方作业全程喷雾，裸土及时覆\n— 3 "
                                "—\n\n盖，九月底前装好12台\n喷雾机。（县住建\n\n局牵头，县城管局配"
                                "合）\n2.清扫道路。夜间湿扫。（县环卫处负责）\n");
    uint32_t place[8][2];
    assert_int_equal(p->task_count, 2);
    assert_units(p, 0, QK_DUTY_LEAD, "县住建局");
    assert_units(p, 0, QK_DUTY_SUPPORT, "县城管局");
    assert_int_equal(p->tasks[0].deadlines[0].date, 20260930);
    assert_int_equal(p->tasks[0].number_count, 1);
    assert_true(number_is(&p->tasks[0].numbers[0], QK_OP_EQ, "12", "台"));
    /* a unit cut by a blank line is one piece of the text, one cut by a page number two */
    assert_int_equal(qk_plan_places(&p->text, p->tasks[0].units[QK_DUTY_LEAD].at[0], place, 8), 1);
    qk_plan_free(p);
}

static void test_S002_plan__roles_by_words_in_a_bracket(void **state)
{
    (void)state;
    qk_plan *p = compiled(
        TASK1 "常态巡查。（市甲局、乙委牵头，市丙局等部门配合，各镇（街道、园区）政府（办事处）负责"
              "落实。）\n2.清扫道路。湿扫。（县环卫处、丁公司按职责分工负责）\n");
    assert_units(p, 0, QK_DUTY_LEAD, "市甲局|乙委");
    assert_units(p, 0, QK_DUTY_SUPPORT, "市丙局");
    assert_units(p, 0, QK_DUTY_RESPONSIBLE, "各镇（街道、园区）政府（办事处）");
    assert_units(p, 1, QK_DUTY_RESPONSIBLE, "县环卫处|丁公司");
    qk_plan_free(p);
}

static void test_S002_plan__roles_by_labels_in_lines(void **state)
{
    (void)state;
    qk_plan *p = compiled(
        TASK1
        "常态巡查。\n牵头单位：县甲局\n责任单位：县乙局、县丙局，各乡镇政府\n完成时限：2026年8月底"
        "前\n夜间另行抽查。\n牵头单位：县丁局\n责任人：张某、李某\n督导单位：县督查室\n");
    assert_units(p, 0, QK_DUTY_LEAD, "县甲局|县丁局");
    assert_units(p, 0, QK_DUTY_RESPONSIBLE, "县乙局|县丙局|各乡镇政府");
    assert_units(p, 0, QK_DUTY_PEOPLE, "张某|李某");
    assert_units(p, 0, QK_DUTY_SUPERVISE, "县督查室");
    assert_int_equal(p->tasks[0].duty_count, 2);
    assert_quote(p, p->tasks[0].duties[1].text, "夜间另行抽查。");
    assert_int_equal(p->tasks[0].deadline_count, 1);
    assert_int_equal(p->tasks[0].deadlines[0].date, 20260831);
    qk_plan_free(p);
}

static void test_S002_plan__labels_with_and_without_unit_words(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "巡查。（牵头：县甲局；配合：县乙局；责任：各镇）\n2."
                                "清扫道路。湿扫。【责任部门】县丙局、县丁局\n3."
                                "检查渣车。夜查。\n责任领导：王某　　配合部门：县戊局\n");
    assert_units(p, 0, QK_DUTY_LEAD, "县甲局");
    assert_units(p, 0, QK_DUTY_SUPPORT, "县乙局");
    assert_units(p, 0, QK_DUTY_RESPONSIBLE, "各镇");
    assert_units(p, 1, QK_DUTY_RESPONSIBLE, "县丙局|县丁局");
    assert_units(p, 2, QK_DUTY_PEOPLE, "王某");
    assert_units(p, 2, QK_DUTY_SUPPORT, "县戊局");
    qk_plan_free(p);
}

static void test_S002_plan__general_duties_are_inherited(void **state)
{
    (void)state;
    qk_plan *p = compiled(
        HEAD
        "1.加强工地管理。巡查。（县甲局牵头，以下均需各乡镇政府落实，不再列出）\n2."
        "清扫道路。湿扫。（县乙局牵头）\n（二）车辆（牵头单位：县丙局）\n3.更新货车。分批。\n");
    assert_units(p, 0, QK_DUTY_RESPONSIBLE, "各乡镇政府");
    assert_units(p, 1, QK_DUTY_LEAD, "县乙局");
    assert_units(p, 1, QK_DUTY_RESPONSIBLE, "各乡镇政府");
    assert_units(p, 2, QK_DUTY_LEAD, "县丙局");
    assert_units(p, 2, QK_DUTY_RESPONSIBLE, "各乡镇政府");
    qk_plan_free(p);
}

static void test_S002_plan__remarks_in_brackets_are_no_duties(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "土方工程（含开挖、回填）落实喷雾（负责人须到场），执行《扬尘办法》"
                                "（以下简称《办法》）。\n");
    for (int r = 0; r < QK_DUTY_ROLES; r++) assert_int_equal(p->tasks[0].units[r].count, 0);
    qk_plan_free(p);
}

static void test_S004_plan__deadlines_in_every_wording(void **state)
{
    static const struct {
        const char *text;
        int32_t start, date;
    } cases[] = {
        {"9月底前完成。", 0, 20260930},
        {"2月底前完成。", 0, 20260228},
        {"2027年2月底前完成。", 0, 20270228},
        {"年底前完成。", 0, 20261231},
        {"2026年年底前完成。", 0, 20261231},
        {"到2027年，全部更新。", 0, 20271231},
        {"2026年，力争建成样板。", 0, 20261231},
        {"于5月31日前报送。", 0, 20260531},
        {"５月１５日前报送。", 0, 20260515},
        {"上半年完成。", 0, 20260630},
        {"三季度末完成。", 0, 20260930},
        {"11月15日至次年3月15日错峰。", 20261115, 20270315},
        {"二〇二六年十月底前完成。", 0, 20261031},
        {"6月中旬前完成。", 0, 20260620},
        {"全年完成抽测。", 0, 20261231},
        {"2026年6月10日起执行。", 0, 20260610},
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s\n", TASK1, cases[i].text);
        qk_plan *p = compiled(text);
        if (p->tasks[0].deadline_count != 1)
            print_message("%s: %u\n", cases[i].text, p->tasks[0].deadline_count);
        assert_int_equal(p->tasks[0].deadline_count, 1);
        assert_int_equal(p->tasks[0].deadlines[0].date, cases[i].date);
        assert_int_equal(p->tasks[0].deadlines[0].start, cases[i].start);
        qk_plan_free(p);
    }
}

static void test_S004_plan__what_is_no_deadline(void **state)
{
    static const char *const cases[] = {
        "每年10月底前自查。", "比2020年下降5%。",   "落实《扬尘目录（2024年本）》要求。",
        "每月5日前报表。",    "秋冬季错峰。",       "按2024年度名录管理。",
        "5月至9月加密巡查。", "较2025年下降两成。", "截至2025年底已建两座。",
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s\n", TASK1, cases[i]);
        qk_plan *p = compiled(text);
        if (p->tasks[0].deadline_count)
            print_message("%s: %s\n", cases[i], quoted(p, p->tasks[0].deadlines[0].span));
        assert_int_equal(p->tasks[0].deadline_count, 0);
        qk_plan_free(p);
    }
}

static void test_S004_plan__recurring_duties(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "每月对油库开展一次抽检，每季度通报，长期坚持。\n");
    assert_int_equal(p->tasks[0].recurring_count, 3);
    assert_string_equal(p->tasks[0].recurring[0].every, "month");
    assert_true(p->tasks[0].recurring[0].measured);
    assert_int_equal(p->tasks[0].recurring[0].value.mantissa, 1);
    assert_string_equal(p->tasks[0].recurring[1].every, "quarter");
    assert_string_equal(p->tasks[0].recurring[2].every, "standing");
    qk_plan_free(p);
}

static void test_S005_plan__indicators_with_comparison_and_unit(void **state)
{
    static const struct {
        const char *text;
        qk_plan_op op;
        const char *value, *unit;
    } cases[] = {
        {"清扫率达到85%以上。", QK_OP_GE, "85", "%"},
        {"抽查率不低于２０％。", QK_OP_GE, "20", "%"},
        {"浓度不高于10毫克/立方米。", QK_OP_LE, "10", "mg/m3"},
        {"浓度低于30微克每立方米。", QK_OP_LT, "30", "ug/m3"},
        {"完成抽测310台次。", QK_OP_EQ, "310", "台次"},
        {"全县普及率达到60%左右。", QK_OP_EQ, "60", "%"},
        {"20分钟内到场处置。", QK_OP_LE, "20", "min"},
        {"每年抽检不少于90个批次。", QK_OP_GE, "90", "批次/年"},
        {"每月开展一次抽检。", QK_OP_EQ, "1", "次/月"},
        {"降尘量不得高于7吨/月·平方公里。", QK_OP_LE, "7", "t/(km2·month)"},
        {"每平方米浮尘不超过12克。", QK_OP_LE, "12", "g/m2"},
        {"对不少于30%的门店抽测。", QK_OP_GE, "30", "%"},
        {"比2024年下降6个百分点。", QK_OP_EQ, "6", "百分点"},
        {"完成造林0.05万亩。", QK_OP_EQ, "0.05", "万亩"},
        {"排名提升3至5个位次。", QK_OP_RANGE, "3", "位次"},
        {"完成两轮次更换。", QK_OP_EQ, "2", "轮次"},
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s\n", TASK1, cases[i].text);
        qk_plan *p = compiled(text);
        if (p->tasks[0].number_count != 1)
            print_message("%s: %u\n", cases[i].text, p->tasks[0].number_count);
        assert_int_equal(p->tasks[0].number_count, 1);
        assert_true(number_is(&p->tasks[0].numbers[0], cases[i].op, cases[i].value, cases[i].unit));
        qk_plan_free(p);
    }
}

static void test_S005_plan__a_list_of_numbers_meets_a_list_of_names(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "烟尘、二氧化硫、氮氧化物排放浓度不高于8、30、45毫克/立方米。\n");
    assert_int_equal(p->tasks[0].number_count, 3);
    assert_true(number_is(&p->tasks[0].numbers[2], QK_OP_LE, "45", "mg/m3"));
    assert_quote(p, p->tasks[0].numbers[0].name, "烟尘");
    assert_quote(p, p->tasks[0].numbers[0].name_tail, "排放浓度");
    assert_quote(p, p->tasks[0].numbers[2].name, "氮氧化物排放浓度");
    qk_plan_free(p);
}

static void test_S005_plan__thresholds_and_facts_are_no_indicators(void **state)
{
    static const char *const cases[] = {
        "淘汰20蒸吨/小时及以下的锅炉。",
        "年运量100万吨以上的企业走铁路。",
        "建筑面积3000平方米及以上工地安装喷雾。",
        "推进第3、4条管线。",
        "不足70%的企业整改。",
        "按《关于2个区的通知》办理。",
        "2吨以下叉车换新。",
        "实行24小时值守。",
        "本地贡献可达60%以上。",
        "国三排放车禁行。",
    };
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s\n", TASK1, cases[i]);
        qk_plan *p = compiled(text);
        if (p->tasks[0].number_count) print_message("%s\n", cases[i]);
        assert_int_equal(p->tasks[0].number_count, 0);
        qk_plan_free(p);
    }
}

static void test_S005_plan__a_clause_without_a_subject_speaks_of_the_one_before(void **state)
{
    (void)state;
    qk_plan *p =
        compiled("青泽县2026年方案\n一、工作目标\n到2026年，PM2.5浓度比2023年下降12%，达到40微克/"
                 "立方米。\n二、任务\n1."
                 "改造窑炉。15日内整改到位。\n完成时限：长期坚持\n三、保障措施\n（一）领导。各镇、"
                 "各有关单位于5月31日前将方案报县攻坚办。\n");
    assert_int_equal(p->target_count, 2);
    assert_true(number_is(&p->targets[1].n, QK_OP_LE, "40", "ug/m3"));
    assert_true(qk_str_eq(p->targets[1].metric, QK_STR("PM2.5")));
    assert_true(number_is(&p->tasks[0].numbers[0], QK_OP_LE, "15", "天"));
    assert_string_equal(p->tasks[0].recurring[0].every, "standing");
    assert_int_equal(p->safeguards[0].units[QK_DUTY_RESPONSIBLE].count, 2);
    assert_int_equal(p->safeguards[0].deadlines[0].date, 20260531);
    qk_plan_free(p);
}

#define TASK_TABLE                                                                                                                    \
    "序号\t任务内容\t责任单位\t责任人\t时限要求\n1\t完成48台喷雾机安装\t县住建局、各乡镇政府\t张" \
    "三\t"                                                                                                                           \
    "2026年9月底前\n2\t改造旧窑6座。建立台账\t县工信局牵头，县环保局配合\t李四\t10月31日前\n"

static void test_S001_plan__rows_of_a_table_of_tasks_are_tasks(void **state)
{
    (void)state;
    qk_plan *p = compiled("青泽县2026年方案\n一、工作目标\n2026年PM2.5控制在40微克/立方米以内。\n"
                          "二、主要任务\n任务见下表。\n" TASK_TABLE
                          "三、保障措施\n（一）领导。各镇、各单位于5月31日前将方案报县攻坚办。\n");
    assert_int_equal(p->task_count, 2);
    assert_int_equal(p->safeguard_count, 1);
    assert_units(p, 0, QK_DUTY_RESPONSIBLE, "县住建局|各乡镇政府");
    assert_units(p, 0, QK_DUTY_PEOPLE, "张三");
    assert_int_equal(p->tasks[0].deadlines[0].date, 20260930);
    assert_true(number_is(&p->tasks[0].numbers[0], QK_OP_EQ, "48", "台"));
    assert_units(p, 1, QK_DUTY_LEAD, "县工信局");
    assert_units(p, 1, QK_DUTY_SUPPORT, "县环保局");
    assert_quote(p, p->nodes[p->tasks[1].node].title, "改造旧窑6座");
    assert_int_equal(p->tasks[1].deadlines[0].date, 20261031);
    qk_plan_free(p);
    /* alone in an annex */
    p = compiled("青泽县2026年方案\n一、工作目标\n2026年PM2.5控制在40微克/立方米以内。\n"
                 "附件：任务清单\n" TASK_TABLE);
    assert_int_equal(p->task_count, 2);
    qk_plan_free(p);
    /* behind numbered tasks an annex says them again; names of works make a list of projects */
    p = compiled("青泽县2026年方案\n一、任务\n1.完成喷雾机安装。（县住建局负责）\n2.改造旧窑。"
                 "（县工信局负责）\n附件：任务分解表\n" TASK_TABLE);
    assert_int_equal(p->task_count, 2);
    assert_null(p->nodes[p->tasks[0].node].row);
    qk_plan_free(p);
    p = compiled(
        "青泽县2026年方案\n一、任务\n1.改造旧窑，名单如下。\n序号\t企业名称\t治理任务\t责任单位\n"
        "1\t甲厂\t拆除\t县工信局\n2\t乙厂\t拆除\t县工信局\n");
    assert_int_equal(p->task_count, 1);
    assert_null(p->nodes[p->tasks[0].node].row);
    qk_plan_free(p);
}

/* "units|with|field|check" of every field of the first safeguard. */
static void assert_fields(const char *safeguard, const char *const *expected)
{
    char text[4096];
    snprintf(text, sizeof text,
             "青泽县2026年方案\n一、任务\n1.改造窑炉。分批。\n二、保障措施\n（一）强化监管。%s\n",
             safeguard);
    qk_plan *p = compiled(text);
    const qk_plan_task *s = &p->safeguards[0];
    uint32_t n = 0;
    for (; expected[n]; n++) {
        char got[1024];
        if (n >= s->field_count) fail_msg("%s: %u fields, not %s", safeguard, n, expected[n]);
        const qk_plan_field *f = &s->fields[n];
        snprintf(got, sizeof got, "%s|%s|%s|%s", names_of(p, &f->units), names_of(p, &f->with),
                 quoted(p, f->field), quoted(p, f->check));
        assert_string_equal(got, expected[n]);
    }
    if (s->field_count != n) fail_msg("%s: %u fields", safeguard, s->field_count);
    qk_plan_free(p);
}

static void test_S021_plan__departments_fields_are_read_from_running_text(void **state)
{
    (void)state;
    static const char *const cases[][6] = {
        {"县住建局牵头对工地、道路污染管控措施落实等情况开展专项执法检查。",
         "县住建局||工地、道路污染管控措施落实|专项执法检查"},
        {"县公安局对黄标车上路开展专项检查，会同应急管理、商务等部门开展烟花爆竹禁燃禁放检查；牵头"
         "做好"
         "禁放工作。交通部门牵头对货车抛洒开展专项督导。",
         "县公安局||黄标车上路|专项检查", "县公安局|应急管理、商务|烟花爆竹禁燃禁放|检查",
         "交通部门||货车抛洒|专项督导"},
        {"由县农业局牵头，县城管局、县水利局配合，对“三烧”和水利工地开展专项督查工作。",
         "县农业局|县城管局、县水利局|“三烧”和水利工地|专项督查"},
        {"市场监管、商务、生态环境等部门依据职责分工，对油品质量、煤炭质量等领域，开展专项执法检查"
         "，"
         "对典型问题公开曝光。",
         "市场监管、商务、生态环境||油品质量、煤炭质量|专项执法检查"},
        {"县工信局：落后产能淘汰情况专项督导检查。县商务局负责加油站油气回收的监督检查。",
         "县工信局||落后产能淘汰|专项督导检查", "县商务局||加油站油气回收|监督检查"},
        {"县科工局牵头对产能压减等情况开展督导，会同生态环境部门开展季节性调控、配合生态环境部门开"
         "展"
         "减排管控督导检查。",
         "县科工局||产能压减|督导"},
        /* Nobody's own field: all of them, help only, no check, no unit. */
        {"各成员单位对照本方案各项任务，开展常态化监管检查。县环卫处牵头负责道路保洁，严禁焚烧落叶"
         "。"
         "严格对排污单位任务落实情况开展督导检查。县应急局配合开展禁放检查。对发现的问题，县攻坚办"
         "对"
         "相关乡镇财力实施扣缴。"},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) assert_fields(cases[i][0], cases[i] + 1);
    qk_plan *p =
        compiled("青泽县2026年方案\n一、任务\n1.改造窑炉。分批。\n二、保障措施\n（一）监管。"
                 "各部门要于3月底前编制年度监督检查计划并报备。县城管局制定执法方案。\n");
    assert_quote(p, p->safeguards[0].own_plan, "编制年度监督检查计划");
    qk_plan_free(p);
}

static void test_S005_plan__targets_of_the_whole_area(void **state)
{
    (void)state;
    qk_plan *p =
        compiled("青泽县2026年方案\n一、工作目标\n到2026年，全县PM10、PM_{2.5}"
                 "年均浓度分别控制在70、41微克/立方米以内（国控站点PM₂.₅浓度不高于42微克/立方米），"
                 "空气质量优良天数比例达到72.5%、264天以上，5-9月臭氧超标率低于30%。\n二、任务\n1."
                 "改造窑炉。分批。\n");
    assert_int_equal(p->target_count, 6);
    assert_string_equal(p->targets[0].metric.ptr, "PM10");
    assert_true(number_is(&p->targets[1].n, QK_OP_LE, "41", "ug/m3"));
    assert_true(qk_str_eq(p->targets[1].metric, QK_STR("PM2.5")));
    assert_true(number_is(&p->targets[2].n, QK_OP_LE, "42", "ug/m3"));
    assert_quote(p, p->targets[2].scope, "国控站点");
    assert_true(qk_str_eq(p->targets[3].metric, QK_STR("优良天数比例")));
    assert_true(qk_str_eq(p->targets[4].metric, QK_STR("优良天数")));
    assert_true(number_is(&p->targets[4].n, QK_OP_GE, "264", "天"));
    assert_true(qk_str_eq(p->targets[5].metric, QK_STR("臭氧超标率")));
    assert_quote(p, p->targets[5].months, "5-9月");
    assert_int_equal(p->targets[0].year, 2026);
    qk_plan_free(p);
}

static void test_S019_plan__tables_are_read_and_mended(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "巡查。\n附表1\n青泽县2026年工程清单\n类别\t工程\t单位\n工业\t甲厂"
                                "窑炉改造\t甲厂公司\n\t乙厂除尘\t乙厂公司\n类别\t工程\t单位\n"
                                "\t丙厂脱硝\t丙厂公司\n车辆\t货车更新\t县交通局\n");
    assert_int_equal(p->table_count, 1);
    const qk_plan_table *t = &p->tables[0];
    assert_int_equal(t->column_count, 3);
    assert_int_equal(t->row_count, 4);
    assert_quote(p, t->rows[2].cells[0].text, "工业");
    assert_true(t->rows[2].cells[0].filled);
    assert_quote(p, t->rows[3].cells[2].text, "县交通局");
    assert_quote(p, t->title_no, "附表1");
    assert_quote(p, t->title, "青泽县2026年工程清单");
    qk_plan_free(p);
}

static void test_S019_plan__tables_by_blanks(void **state)
{
    (void)state;
    qk_plan *p =
        compiled(TASK1 "巡查。\n附表1\n关停清单\n序号    企业名称        生产线（条）\n1       "
                       "甲砖厂          2\n2       乙砖厂          3\n3       丙砖厂          1\n");
    assert_int_equal(p->table_count, 1);
    assert_int_equal(p->tables[0].row_count, 3);
    assert_quote(p, p->tables[0].rows[1].cells[1].text, "乙砖厂");
    assert_quote(p, p->tables[0].rows[2].cells[2].text, "1");
    qk_plan_free(p);
}

static void test_plan__money_rules_with_amount_and_payer(void **state)
{
    (void)state;
    qk_plan *p = compiled(
        TASK1 "对达标企业每家补助3万元。\n三、保障措施\n（一）奖惩。工地未覆盖裸土的，发现一起扣缴"
              "相关街道办事处财政2万元；露天烧烤的，发现一处扣缴相关镇政府财政0.5万元。\n");
    assert_int_equal(p->money_count, 3);
    assert_int_equal(p->money[0].yuan, 30000);
    assert_true(p->money[0].plus);
    assert_int_equal(p->money[1].yuan, 20000);
    assert_true(qk_str_eq(p->money[1].per, QK_STR("起")));
    assert_quote(p, p->money[1].payer, "街道办事处");
    assert_int_equal(p->money[2].yuan, 5000);
    qk_plan_free(p);
}

static void test_plan__numbers_that_name_something_count_nothing(void **state)
{
    (void)state;
    qk_plan *p =
        compiled(TASK1 "6月底前完成附表1所列整改，关闭附件3所示企业，确保12所学校停用燃煤锅炉。\n");
    assert_int_equal(p->tasks[0].number_count, 1);
    assert_true(number_is(&p->tasks[0].numbers[0], QK_OP_EQ, "12", "所"));
    qk_plan_free(p);
}

static void test_plan__the_payer_is_whom_the_money_is_taken_from(void **state)
{
    (void)state;
    qk_plan *p = compiled(
        TASK1
        "巡查。\n三、保障措施\n（一）奖惩。每发现一处火点，扣减所在镇财政资金20万元；对未完成目标的"
        "街道，扣缴30万元；每查实一起扣缴乡镇财政10万元，第二起扣缴20万元。县财政安排资金800万元，"
        "用于运行补贴。\n");
    static const char *const payers[] = {"镇", "街道", "乡镇", "乡镇"};
    assert_int_equal(p->money_count, 4);
    for (uint32_t i = 0; i < 4; i++) assert_quote(p, p->money[i].payer, payers[i]);
    assert_true(qk_str_eq(p->money[0].per, QK_STR("处")));
    assert_true(qk_str_eq(p->money[3].per, QK_STR("起")));
    qk_plan_free(p);
}

static void test_plan__parts_of_a_whole_are_demanded_with_it(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "完成9个集群整治，其中家具3个、铸造6个，占比由12%提高到20%。\n");
    assert_int_equal(p->tasks[0].number_count, 4);
    assert_false(p->tasks[0].numbers[0].share);
    assert_true(p->tasks[0].numbers[1].share);
    assert_true(number_is(&p->tasks[0].numbers[3], QK_OP_GE, "20", "%"));
    qk_plan_free(p);
}

static void test_S004_plan__years_in_a_list_and_the_heating_season(void **state)
{
    (void)state;
    qk_plan *p =
        compiled("青泽县空气质量三年行动计划（2024—2026年）\n一、任务\n1."
                 "控煤。2024年、2025年、2026年用煤分别控制在9万吨、"
                 "8万吨、7万吨以内。（县发改委牵头）\n2."
                 "清洁取暖。2025年采暖季前完成80户改造。（县住建局牵头）\n"
                 "3.备汛。2025年汛期前清理沟渠。\n牵头单位：县水利局\n完成时限：6月20日\n");
    const qk_plan_task *t = p->tasks;
    assert_int_equal(t[0].deadline_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(t[0].deadlines[i].date, 20241231 + 10000 * (int)i);
    assert_int_equal(t[1].deadline_count, 1);
    assert_int_equal(t[1].deadlines[0].date, 20251115);
    assert_int_equal(t[2].deadline_count, 1);
    assert_int_equal(t[2].deadlines[0].date % 10000, 620);
    assert_true(t[2].deadlines[0].date > 20240000);
    qk_plan_free(p);
}

static void test_S002_plan__roles_behind_units_outweigh_the_label(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "巡查。县住建局牵头，县城管局、各乡镇参与。\n"
                                "2.清扫。洒水。\n责任单位：县城管局牵头，县公路中心配合\n");
    assert_units(p, 0, QK_DUTY_LEAD, "县住建局");
    assert_units(p, 0, QK_DUTY_SUPPORT, "县城管局|各乡镇");
    assert_units(p, 1, QK_DUTY_LEAD, "县城管局");
    assert_units(p, 1, QK_DUTY_SUPPORT, "县公路中心");
    assert_units(p, 1, QK_DUTY_RESPONSIBLE, "");
    qk_plan_free(p);
}

static void test_S005_plan__names_of_goals_without_base_and_averaging(void **state)
{
    (void)state;
    qk_plan *p = compiled(
        "青泽县2026年净气方案\n一、工作目标\n重污染天数比率比2022年下降25%"
        "以上，臭氧浓度（日最大8小时平均"
        "第90百分位数）控制在165微克/立方米以内，二氧化硫、氮氧化物排放总量分别下降12%、10%。\n"
        "二、任务\n1.加强工地抑尘。巡查。\n");
    static const char *const names[] = {"重污染天数比率", "臭氧", "二氧化硫", "氮氧化物"};
    assert_int_equal(p->target_count, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_true(qk_str_eq(p->targets[i].metric, qk_str_of(names[i])));
    qk_plan_free(p);
}

static void test_S001_plan__head_of_a_covering_notice(void **state)
{
    (void)state;
    qk_plan *p = compiled(
        "青泽县人民政府办公室\n关于印发青泽县净气方案的通知\n青政办〔2026〕7号\n各乡镇政府：\n《青"
        "泽县净气方案》已经县政府同意，现印发给你们。\n2026年3月5日\n青泽县净气方案\n"
        "为改善空气，制定本方案。\n一、任务\n1.改造窑炉。2027年6月底前完成。\n");
    assert_quote(p, p->title, "青泽县净气方案");
    assert_quote(p, p->doc_no, "青政办〔2026〕7号");
    assert_quote(p, p->region, "青泽县");
    assert_int_equal(p->issued, 20260305);
    assert_false(p->draft);
    assert_int_equal(p->year_from, 2026);
    assert_int_equal(p->year_to, 2027);
    qk_plan_free(p);
}

static void test_S001_plan__a_draft_says_so(void **state)
{
    (void)state;
    qk_plan *p = compiled("青泽县净气方案\n（征求意见稿）\n一、任务\n1.改造窑炉。分批。\n");
    assert_true(p->draft);
    assert_quote(p, p->title, "青泽县净气方案");
    qk_plan_free(p);
}

static void test_plan__systems_are_named(void **state)
{
    (void)state;
    qk_plan *p = compiled(TASK1 "建立裸土管理台账，安装在线监测和视频监控设施并接入县扬尘监控平台，"
                                "用好无人机、“蓝天卫士”视频监控等手段。\n");
    assert_int_equal(p->system_count, 6);
    assert_quote(p, p->systems[0].text, "裸土管理台账");
    assert_quote(p, p->systems[1].text, "在线监测");
    assert_quote(p, p->systems[2].text, "视频监控设施");
    assert_quote(p, p->systems[3].text, "县扬尘监控平台");
    qk_plan_free(p);
}

static void test_plan__what_is_no_plan_is_refused(void **state)
{
    static const char *const cases[] = {
        "", "   \n\n", "hello world\n", "今天天气很好，我们去公园。\n",
        "\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04"};
    (void)state;
    for (size_t i = 0; i < QK_ARRAY_COUNT(cases); i++) {
        qk_plan *p = NULL;
        qk_error err = {0};
        assert_int_equal(qk_plan_compile(&p, qk_str_of(cases[i]), &err), QK_EFORMAT);
        assert_null(p);
        assert_true(strlen(err.message) > 10);
    }
}

static void test_S001_plan__json_is_whole_and_places_lie_in_the_text(void **state)
{
    static const char text[] = TASK1 "常态巡查，9月底前装好12台喷雾机。（县住建局牵头，县城管局配合"
                                     "）\n附表1\n清单\n序号\t企业\n1\t甲厂\n2\t乙厂\n";
    qk_plan *p = compiled(text);
    qk_arena arena;
    qk_buf out;
    qk_json_writer w;
    qk_json_value *json;
    (void)state;
    qk_buf_init(&out, 1 << 20);
    qk_json_init(&w, &out);
    qk_plan_write(p, &w, true);
    assert_int_equal(out.failed, QK_OK);
    qk_arena_init(&arena, 8 << 20);
    assert_ok(qk_json_parse(&json, qk_buf_str(&out), &arena, NULL));
    const qk_json_value *spans = qk_json_get(json, "spans");
    const qk_json_value *lead = qk_json_get(spans, "tasks[0].lead[0]");
    assert_non_null(lead);
    assert_true(lead->count == 1 && lead->first->count == 2);
    int64_t from, to;
    assert_ok(qk_parse_i64(&from, lead->first->first->text));
    assert_ok(qk_parse_i64(&to, lead->first->first->next->text));
    assert_int_equal(to - from, 4);
    assert_non_null(qk_json_get(spans, "tables[0].rows[1][1]"));
    for (const qk_json_value *s = spans->first; s; s = s->next)
        for (const qk_json_value *piece = s->first; piece; piece = piece->next) {
            assert_ok(qk_parse_i64(&to, piece->first->next->text));
            assert_in_range((uint64_t)to, 1, qk_utf8_count(qk_str_of(text)));
        }
    qk_arena_clear(&arena);
    qk_buf_clear(&out);
    qk_plan_free(p);
}

static void test_plan__the_same_text_gives_the_same_bytes(void **state)
{
    static const char text[] = TASK1 "建立台账，9月底前装好12台。（县甲局牵头）\n";
    qk_buf out[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        qk_plan *p = compiled(text);
        qk_json_writer w;
        qk_buf_init(&out[i], 1 << 20);
        qk_json_init(&w, &out[i]);
        qk_plan_write(p, &w, true);
        qk_plan_free(p);
    }
    assert_true(qk_str_eq(qk_buf_str(&out[0]), qk_buf_str(&out[1])));
    qk_buf_clear(&out[0]);
    qk_buf_clear(&out[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S001_plan__reads_mixed_numbering_as_a_tree),
        cmocka_unit_test(test_S001_plan__numbers_items_by_chapter_when_they_begin_anew),
        cmocka_unit_test(test_S001_plan__joins_what_a_page_break_cut),
        cmocka_unit_test(test_S002_plan__roles_by_words_in_a_bracket),
        cmocka_unit_test(test_S002_plan__roles_by_labels_in_lines),
        cmocka_unit_test(test_S002_plan__labels_with_and_without_unit_words),
        cmocka_unit_test(test_S002_plan__general_duties_are_inherited),
        cmocka_unit_test(test_S002_plan__remarks_in_brackets_are_no_duties),
        cmocka_unit_test(test_S004_plan__deadlines_in_every_wording),
        cmocka_unit_test(test_S004_plan__what_is_no_deadline),
        cmocka_unit_test(test_S004_plan__recurring_duties),
        cmocka_unit_test(test_S005_plan__indicators_with_comparison_and_unit),
        cmocka_unit_test(test_S005_plan__a_list_of_numbers_meets_a_list_of_names),
        cmocka_unit_test(test_S005_plan__thresholds_and_facts_are_no_indicators),
        cmocka_unit_test(test_S005_plan__a_clause_without_a_subject_speaks_of_the_one_before),
        cmocka_unit_test(test_S001_plan__rows_of_a_table_of_tasks_are_tasks),
        cmocka_unit_test(test_S021_plan__departments_fields_are_read_from_running_text),
        cmocka_unit_test(test_S005_plan__targets_of_the_whole_area),
        cmocka_unit_test(test_S019_plan__tables_are_read_and_mended),
        cmocka_unit_test(test_S019_plan__tables_by_blanks),
        cmocka_unit_test(test_plan__money_rules_with_amount_and_payer),
        cmocka_unit_test(test_S001_plan__head_of_a_covering_notice),
        cmocka_unit_test(test_S001_plan__a_draft_says_so),
        cmocka_unit_test(test_plan__systems_are_named),
        cmocka_unit_test(test_plan__numbers_that_name_something_count_nothing),
        cmocka_unit_test(test_plan__the_payer_is_whom_the_money_is_taken_from),
        cmocka_unit_test(test_plan__parts_of_a_whole_are_demanded_with_it),
        cmocka_unit_test(test_S004_plan__years_in_a_list_and_the_heating_season),
        cmocka_unit_test(test_S002_plan__roles_behind_units_outweigh_the_label),
        cmocka_unit_test(test_S005_plan__names_of_goals_without_base_and_averaging),
        cmocka_unit_test(test_plan__what_is_no_plan_is_refused),
        cmocka_unit_test(test_S001_plan__json_is_whole_and_places_lie_in_the_text),
        cmocka_unit_test(test_plan__the_same_text_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
