/* SPDX-License-Identifier: Apache-2.0 */
/* The plan compiler on a plan of 70 printed pages (about 42,000 characters): text to fields, fields
 * to JSON with all places, and the check. The figure asked for is 50 ms for the compilation. */
#include "base/time.h"
#include "plan/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CHARACTERS = 42000, ROUNDS = 15 };

static char *make_plan(void)
{
    qk_buf out;
    qk_buf_init(&out, 4 << 20);
    qk_buf_puts(&out, "青泽县2026年净气行动方案\n一、工作目标\n2026年，全县PM2.5浓度控制在40微克/"
                      "立方米以内，优良天数比例达到66.6%。\n二、重点任务\n");
    for (unsigned section = 1, n = 1; qk_utf8_count(qk_buf_str(&out)) < CHARACTERS; section++) {
        static const char *const cn[] = {"一", "二", "三", "四", "五",
                                         "六", "七", "八", "九", "十"};
        qk_buf_printf(&out, "（%s%s）治理一类污染\n", section > 10 ? "十" : "",
                      cn[(section - 1) % 10]);
        for (unsigned i = 0; i < 6; i++, n++) {
            qk_buf_printf(
                &out,
                "%u."
                "推进一项治理。全面摸排本类污染源，建立管理台账，安装在线监测和视频监控设施并接入监"
                "管平台；排放浓度不高于10、35、50毫克/立方米，"
                "%u月底前完成%u台设备改造，达标率不低于95%%"
                "。每月调度进展，对未按时完成的纳入错峰生产调控范围，依法依规严肃处理，"
                "做到底数清、情况明、措施实、效果好，持续改善群众身边的空气环境，夯实各方责任。",
                n, i + 6, 10 + n);
            for (unsigned k = 0; k < 3; k++)
                qk_buf_puts(&out, "坚持源头治理与末端监管相结合，强化部门联动和信息共享，督促企业落"
                                  "实主体责任，及时发现并解决突出问题。");
            qk_buf_puts(&out, "（县生态环境分局牵头，县工信局、县住建局、县交通局配合，各乡镇政府、"
                              "各街道办事处负责落实）\n");
        }
    }
    qk_buf_puts(&out,
                "三、保障措施\n（一）加强领导。各乡镇政府于5月31日前将实施方案报县环委办。\n");
    return qk_buf_take(&out, NULL);
}

static double ms_since(const struct timespec *from)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)(now.tv_sec - from->tv_sec) * 1e3 + (double)(now.tv_nsec - from->tv_nsec) / 1e6;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    double compile[ROUNDS], write[ROUNDS], check[ROUNDS];
    char *text = make_plan();
    uint32_t tasks = 0;
    if (!text) return 1;
    for (int i = 0; i < ROUNDS; i++) {
        struct timespec start;
        qk_plan *plan;
        qk_plan_findings findings;
        qk_json_writer w;
        qk_buf out;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        if (qk_plan_compile(&plan, qk_str_of(text), NULL) != QK_OK) return 1;
        compile[i] = ms_since(&start);
        tasks = plan->task_count;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        qk_buf_init(&out, 64 << 20);
        qk_json_init(&w, &out);
        qk_plan_write(plan, &w, true);
        write[i] = ms_since(&start);
        qk_buf_clear(&out);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        if (qk_plan_check(&findings, plan, NULL) != QK_OK) return 1;
        check[i] = ms_since(&start);
        qk_plan_free(plan);
    }
    qsort(compile, ROUNDS, sizeof *compile, by_size);
    qsort(write, ROUNDS, sizeof *write, by_size);
    qsort(check, ROUNDS, sizeof *check, by_size);
    printf("plan of 70 pages: %zu characters, %u tasks (median of %d)\n",
           qk_utf8_count(qk_str_of(text)), tasks, ROUNDS);
    printf("  compile       %7.1f ms\n  JSON, places  %7.1f ms\n  check         %7.1f ms\n",
           compile[ROUNDS / 2], write[ROUNDS / 2], check[ROUNDS / 2]);
    free(text);
    return 0;
}
