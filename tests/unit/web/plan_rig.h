/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_TESTS_PLAN_RIG_H
#define QK_TESTS_PLAN_RIG_H
/* A small plan of the invented county, and how a test uploads files. */
#include "web_rig.h"

static const char rig_plan[] =
    "青泽县2026年大气污染防治实施方案\n\n为改善环境空气质量，制定本方案。\n\n一、工作目标\n\n"
    "2026年，全县PM2.5浓度控制在44微克/立方米以内，优良天数达到243天以上。\n\n二、主要任务\n\n"
    "（一）工业治理\n\n1．低效失效治理设施排查整治。10月底前，完成12家企业低效失效治理设施改造，"
    "未按时完成的纳入秋冬季生产调控范围。（市生态环境局青泽分局牵头，县工业和信息化局配合，"
    "各镇（街道）落实）\n\n2．非道路移动机械监管。2026年底前，完成非道路移动机械抽测274台，"
    "不合格的限期维修。（市生态环境局青泽分局牵头，县交通运输局、县住房和城乡建设局配合）\n\n"
    "3．餐饮油烟监管。每月抽查餐饮单位不少于20%。（县城市管理局、各镇（街道）按职责分工负责）\n\n"
    "三、保障措施\n\n（一）加强组织领导。各镇（街道）、县有关部门于5月31日前将本单位实施方案报"
    "县环委办。\n";

/* A change that must be made; its answer. */
static inline const qk_json_value *rig_changed(rig *r, const char *method, const char *path,
                                               const char *body)
{
    static int n;
    char key[32];
    snprintf(key, sizeof key, "changed-%d", n++);
    reply got = rig_change(r, method, path, body, key);
    if (got.status != 200) fail_msg("%s %s: %d %.400s", method, path, got.status, got.body);
    return rig_json(r, &got);
}

/* A change that must be refused with this status. */
static inline const qk_json_value *rig_refused(rig *r, const char *method, const char *path,
                                               const char *body, int status)
{
    static int n;
    char key[32];
    snprintf(key, sizeof key, "refused-%d", n++);
    reply got = rig_change(r, method, path, body, key);
    if (got.status != status)
        fail_msg("%s %s: %d, not %d: %.400s", method, path, got.status, status, got.body);
    return rig_json(r, &got);
}
/* Uploads a plan, accepts its reading, gives task 3 a lead and issues it. */
static inline void rig_issue_text(rig *r, const char *text)
{
    char path[80];
    reply got =
        rig_upload(r, "/api/v1/plans?name=plan.txt", "text/plain", qk_str_of(text), "issue-upload");
    if (got.status != 200) fail_msg("%d %.400s", got.status, got.body);
    rig_changed(r, "PUT", "/api/v1/plans/2026-1/items/tasks%5B2%5D.lead",
                "{\"row_version\":1,\"action\":\"correct\",\"data\":[\"县城市管理局\"]}");
    rig_changed(r, "POST", "/api/v1/plans/2026-1/accept", "{}");
    const qk_json_value *d = rig_document(r, "/api/v1/plans/2026-1/findings");
    for (const qk_json_value *f = qk_json_get(d, "items")->first; f; f = f->next) {
        snprintf(path, sizeof path, "/api/v1/plans/2026-1/findings/%.*s",
                 QK_STR_ARG(qk_json_get(f, "no")->text));
        rig_changed(r, "PUT", path, "{\"row_version\":1,\"action\":\"accept\"}");
    }
    rig_changed(r, "PUT", "/api/v1/plans/2026-1", "{\"row_version\":1,\"status\":\"issued\"}");
}

static inline void rig_issue(rig *r)
{
    rig_issue_text(r, rig_plan);
}

static inline void rig_clock(rig *r, const char *time)
{
    qk_error err = {0};
    assert_done(qk_node_set_clock(r->node, at(time), 0, &err), &err);
}

/* Id of the unit that goes by this name in a list of duties. */
static inline const char *rig_unit(rig *r, const char *name)
{
    const qk_json_value *d = rig_document(r, "/api/v1/duties");
    for (const qk_json_value *i = qk_json_get(d, "items")->first; i; i = i->next)
        if (qk_str_eq(qk_json_get_str(i, "name_zh"), qk_str_of(name))) {
            qk_str id = qk_json_get_str(i, "unit");
            return qk_arena_copy(&r->arena, id.ptr, id.len);
        }
    fail_msg("no unit %s", name);
    return NULL;
}
#endif
