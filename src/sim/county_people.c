/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs the invented county: its departments, townships, some villages and its enterprises, with
 * a head and a liaison of each office. Names and telephone numbers are nobody's. */
#include "base/json.h"
#include "sim/county.h"
#include "sim/county_tables.h"
#include <stdio.h>

enum { DEPARTMENTS = 18, VILLAGES = 2 };

static const struct {
    const char *id, *zh, *en;
} departments[DEPARTMENTS] = {
    {"eeb", "生态环境局青泽分局", "Ecology and Environment Bureau"},
    {"drc", "发展和改革委员会", "Development and Reform Commission"},
    {"iit", "工业和信息化局", "Industry Bureau"},
    {"psb", "公安局", "Public Security Bureau"},
    {"fin", "财政局", "Finance Bureau"},
    {"nrb", "自然资源局", "Natural Resources Bureau"},
    {"hcb", "住房和城乡建设局", "Housing and Construction Bureau"},
    {"umb", "城市管理局", "Urban Management Bureau"},
    {"tpb", "交通运输局", "Transport Bureau"},
    {"wrb", "水利局", "Water Bureau"},
    {"arb", "农业农村局", "Agriculture Bureau"},
    {"com", "商务局", "Commerce Bureau"},
    {"emb", "应急管理局", "Emergency Bureau"},
    {"mrb", "市场监督管理局", "Market Bureau"},
    {"met", "气象局", "Meteorological Bureau"},
    {"edu", "教育体育局", "Education and Sports Bureau"},
    {"hth", "卫生健康委员会", "Health Commission"},
    {"pow", "国网青泽供电公司", "Power Supply Company"},
};

static void write_unit(qk_json_writer *w, const char *id, const char *parent, const char *kind,
                       const char *zh, const char *en, const char *division)
{
    qk_json_object(w);
    qk_json_kcstr(w, "id", id);
    qk_json_kcstr(w, "parent", parent);
    qk_json_kcstr(w, "kind", kind);
    qk_json_kcstr(w, "name_zh", zh);
    qk_json_kcstr(w, "name_en", en);
    qk_json_kcstr(w, "division", division);
    qk_json_end(w);
}

static void township_id(char out[16], size_t i)
{
    snprintf(out, 16, "t%02zu", i + 1);
}

static void write_township(qk_json_writer *w, size_t i)
{
    static const char *const villages[VILLAGES][2] = {{"王村", "Wang village"},
                                                      {"前街", "Qianjie"}};
    const qk_sim_township *t = &qk_sim_townships[i];
    char id[16], village[24], zh[120], en[120];
    township_id(id, i);
    write_unit(w, id, "qz", "township", t->name_zh, t->name_en, t->code);
    for (int v = 0; v < VILLAGES; v++) {
        snprintf(village, sizeof village, "%s-v%d", id, v + 1);
        snprintf(zh, sizeof zh, "%s%s", t->name_zh, villages[v][0]);
        snprintf(en, sizeof en, "%s, %s", t->name_en, villages[v][1]);
        write_unit(w, village, id, "village", zh, en, NULL);
    }
}

static void write_units(qk_json_writer *w)
{
    char id[16], parent[16];
    qk_json_key(w, "units");
    qk_json_array(w);
    write_unit(w, "qz", NULL, "county", "青泽县", "Qingze County", "990101");
    write_unit(w, "office", "qz", "office", "大气污染防治攻坚办公室", "Air campaign office", NULL);
    for (size_t i = 0; i < DEPARTMENTS; i++)
        write_unit(w, departments[i].id, "qz", "department", departments[i].zh, departments[i].en,
                   NULL);
    for (size_t i = 0; i < QK_SIM_TOWNSHIPS; i++) write_township(w, i);
    for (size_t i = 0; i < QK_SIM_PLANTS; i++) {
        const qk_sim_plant *p = &qk_sim_plants[i];
        snprintf(id, sizeof id, "e%02zu", i + 1);
        township_id(parent, p->township);
        write_unit(w, id, parent, "enterprise", p->name_zh, p->name_en, NULL);
    }
    qk_json_end(w);
}

/* ---- persons and posts ---- */

typedef void write_holder(qk_json_writer *w, size_t serial, const char *unit, const char *title_zh,
                          const char *title_en);

static void write_person(qk_json_writer *w, size_t serial, const char *unit, const char *title_zh,
                         const char *title_en)
{
    static const char *const surnames[] = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄",
                                           "周", "吴", "徐", "孙", "马", "朱", "胡"};
    static const char *const given[] = {"建国", "志强", "海燕", "晓明", "丽华", "文斌",
                                        "国栋", "春梅", "永刚", "雪琴", "立新"};
    char id[16], name[64], phone[16];
    (void)title_zh, (void)title_en;
    snprintf(id, sizeof id, "p%03zu", serial);
    snprintf(name, sizeof name, "%s%s", surnames[serial % 15], given[serial % 11]);
    snprintf(phone, sizeof phone, "1380000%04zu", serial);
    qk_json_object(w);
    qk_json_kcstr(w, "id", id);
    qk_json_kcstr(w, "name", name);
    qk_json_kcstr(w, "unit", unit);
    qk_json_kcstr(w, "phone", phone);
    qk_json_end(w);
}

static void write_post(qk_json_writer *w, size_t serial, const char *unit, const char *title_zh,
                       const char *title_en)
{
    char id[24], person[16];
    snprintf(id, sizeof id, "%s-%zu", unit, serial % 2 + 1);
    snprintf(person, sizeof person, "p%03zu", serial);
    qk_json_object(w);
    qk_json_kcstr(w, "id", id);
    qk_json_kcstr(w, "unit", unit);
    qk_json_kcstr(w, "title_zh", title_zh);
    qk_json_kcstr(w, "title_en", title_en);
    qk_json_kcstr(w, "person", person);
    qk_json_end(w);
}

static void write_holders(qk_json_writer *w, const char *member, write_holder *write)
{
    char id[16];
    size_t serial = 0;
    qk_json_key(w, member);
    qk_json_array(w);
    write(w, serial++, "office", "攻坚办主任", "Director of the campaign office");
    write(w, serial++, "office", "攻坚办科员", "Clerk of the campaign office");
    for (size_t i = 0; i < DEPARTMENTS; i++) {
        write(w, serial++, departments[i].id, "主要负责人", "Head");
        write(w, serial++, departments[i].id, "联络员", "Liaison");
    }
    for (size_t i = 0; i < QK_SIM_TOWNSHIPS; i++) {
        township_id(id, i);
        write(w, serial++, id, "主要负责人", "Head");
        write(w, serial++, id, "环保站长", "Environment station");
    }
    qk_json_end(w);
}

void qk_sim_county_people_json(qk_json_writer *w)
{
    write_units(w);
    write_holders(w, "people", write_person);
    write_holders(w, "posts", write_post);
}
