/* SPDX-License-Identifier: Apache-2.0 */
/* Names of units as plans print them: 市发改委, 县发展和改革委员会 and 发展改革委 are one office.
 */
#include "domain/registry_private.h"
#include "plan/text.h"
#include <stdio.h>

/* Long forms of offices, longest first where one holds another, and what they are known as. */
static const struct {
    const char *full, *shorter;
} offices[] = {
    {"发展和改革委员会", "发改委"},
    {"发展改革委员会", "发改委"},
    {"发展和改革委", "发改委"},
    {"发展改革委", "发改委"},
    {"科技和工业信息化局", "科工局"},
    {"科学技术和工业信息化局", "科工局"},
    {"科技工信局", "科工局"},
    {"工业和信息化局", "工信局"},
    {"工业信息化局", "工信局"},
    {"住房和城乡建设局", "住建局"},
    {"住房城乡建设局", "住建局"},
    {"市场监督管理局", "市场监管局"},
    {"自然资源和规划局", "自然资源局"},
    {"自然资源规划局", "自然资源局"},
    {"城市管理综合行政执法局", "城管局"},
    {"城市综合管理局", "城管局"},
    {"城市管理局", "城管局"},
    {"交通运输局", "交通局"},
    {"交运局", "交通局"},
    {"农业农村局", "农业局"},
    {"应急管理局", "应急局"},
    {"卫生健康委员会", "卫健委"},
    {"卫生健康委", "卫健委"},
    {"教育体育局", "教体局"},
    {"文化广电和旅游局", "文旅局"},
    {"文化广电旅游局", "文旅局"},
    {"环境保护局", "生态环境局"},
    {"环保局", "生态环境局"},
    {"机关事务管理局", "机关事务局"},
    {"机关事务服务中心", "机关事务局"},
    {"机关服务中心", "机关事务局"},
    {"金融工作局", "金融局"},
    {"行政审批和政务信息管理局", "政数局"},
    {"政务服务和大数据管理局", "政数局"},
    {"供销合作社", "供销社"},
    {"交通警察大队", "交警大队"},
    {"生态环境保护委员会办公室", "环委办"},
    {"环境保护委员会办公室", "环委办"},
    {"管理委员会", "管委会"},
};
static const char *const control_offices[] = {"大气污染防治攻坚", "环境污染防治攻坚",
                                              "污染防治攻坚", "大气攻坚", "攻坚办"};

static bool has(qk_str s, const char *word)
{
    return qk_str_find(s, qk_str_of(word), 0) != SIZE_MAX;
}

static qk_str behind(qk_str s, size_t n)
{
    return (qk_str){s.ptr + n, s.len - n};
}

static bool begins(qk_str s, const char *word)
{
    return qk_str_starts(s, qk_str_of(word));
}
static bool ends(qk_str s, const char *word)
{
    return qk_str_ends(s, qk_str_of(word));
}

/* Simplified characters, full-width brackets, no white space. */
static size_t clean_name(char out[QK_NAME_MAX], qk_str name)
{
    size_t n = 0;
    while (name.len) {
        size_t used;
        char bytes[4];
        uint32_t c = qk_plan_simplify(qk_utf8_next(name, &used));
        name = behind(name, used);
        if (c <= ' ' || c == 0x3000 || c == 0xA0) continue;
        if (c == '(') c = 0xFF08;
        if (c == ')') c = 0xFF09;
        size_t len = qk_utf8_put(bytes, c);
        if (n + len >= QK_NAME_MAX) break;
        memcpy(out + n, bytes, len);
        n += len;
    }
    out[n] = 0;
    return n;
}

/* 生态环境局（…） */
static qk_str cut_bracket(qk_str s)
{
    size_t open = qk_str_find(s, QK_STR("（"), 0);
    return open != SIZE_MAX && open > 0 && ends(s, "）") ? (qk_str){s.ptr, open} : s;
}

static const char *const levels[] = {"市", "县", "区", "州", "旗"};

/* The level, or the county's own name with or without its level. */
static qk_str cut_level(qk_str s, qk_str county)
{
    static const char *const words[] = {"市场", "市政", "区域", "县域"};
    if (county.len > 6 && qk_str_starts(s, county) && s.len >= county.len + 6)
        return behind(s, county.len);
    qk_str core = {county.ptr, county.len >= 9 ? county.len - 3 : 0};
    if (core.len && qk_str_starts(s, core) && s.len >= core.len + 9) return behind(s, core.len);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (begins(s, words[i])) return s;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (begins(s, levels[i]) && qk_utf8_count(s) > 3) return behind(s, 3);
    return s;
}

/* 生态环境局孟津分局, 生态环境分局, 山阳公安分局 (a place of two characters stands before it). */
static size_t join_branch(char *name, size_t n)
{
    qk_str s = {name, n};
    const size_t branch = strlen("分局");
    if (!ends(s, "分局")) return n;
    qk_str body = {name, n - branch};
    size_t office = qk_str_find(body, QK_STR("局"), 0);
    if (office != SIZE_MAX) {
        n = office + 3;
    } else {
        memcpy(name + n - branch, "局", 3);
        n -= 3;
        if (ends((qk_str){name, n}, "公安局") && n == strlen("山阳公安局")) {
            memmove(name, name + 6, n - 6);
            n -= 6;
        }
    }
    name[n] = 0;
    return n;
}

static size_t replace_at(char *name, size_t n, size_t at, size_t old, const char *with)
{
    size_t len = strlen(with);
    memmove(name + at + len, name + at + old, n - at - old);
    memcpy(name + at, with, len);
    n = n - old + len;
    name[n] = 0;
    return n;
}

static size_t shorten_office(char *name, size_t n)
{
    for (size_t i = 0; i < sizeof offices / sizeof offices[0]; i++) {
        size_t at = qk_str_find((qk_str){name, n}, qk_str_of(offices[i].full), 0);
        if (at == SIZE_MAX) continue;
        return replace_at(name, n, at, strlen(offices[i].full), offices[i].shorter);
    }
    return n;
}

static size_t cut_end(char *name, size_t n, const char *end, const char *with)
{
    size_t len = strlen(end);
    if (n <= len || !ends((qk_str){name, n}, end)) return n;
    return replace_at(name, n, n - len, len, with);
}

/* 东河镇人民政府, 城关街道办事处, 河阳办事处. */
static size_t shorten_township(char *name, size_t n)
{
    n = cut_end(name, n, "党工委", "");
    if (ends((qk_str){name, n}, "镇人民政府") || ends((qk_str){name, n}, "乡人民政府"))
        return cut_end(name, n, "人民政府", "");
    if (ends((qk_str){name, n}, "镇政府") || ends((qk_str){name, n}, "乡政府"))
        return cut_end(name, n, "政府", "");
    if (ends((qk_str){name, n}, "街道办事处")) return cut_end(name, n, "办事处", "");
    if (ends((qk_str){name, n}, "街道办")) return cut_end(name, n, "办", "");
    return cut_end(name, n, "办事处", "街道");
}

static bool is_control_office(qk_str s)
{
    if (!ends(s, "办") && !ends(s, "办公室")) return false;
    for (size_t i = 0; i < sizeof control_offices / sizeof control_offices[0]; i++)
        if (has(s, control_offices[i])) return true;
    return false;
}

void qk_unit_short_name(char out[QK_NAME_MAX], qk_str name, qk_str county)
{
    char text[QK_NAME_MAX], place[QK_NAME_MAX];
    qk_str own = cut_bracket((qk_str){place, clean_name(place, county)});
    qk_str s = cut_level(cut_bracket((qk_str){text, clean_name(text, name)}), own);
    size_t n = s.len;
    memmove(out, s.ptr, n);
    out[n] = 0;
    n = join_branch(out, n);
    n = shorten_office(out, n);
    n = shorten_township(out, n);
    if (begins((qk_str){out, n}, "国网") && ends((qk_str){out, n}, "供电公司"))
        memcpy(out, "供电公司", sizeof "供电公司");
    else if (is_control_office((qk_str){out, n}))
        memcpy(out, "攻坚办", sizeof "攻坚办");
}

/* ---- groups ---- */

bool qk_unit_name_is_group(qk_str name)
{
    static const char *const words[] = {"各", "相关", "有关", "属地", "全体", "所有"};
    char text[QK_NAME_MAX];
    qk_str s = {text, clean_name(text, name)};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (begins(s, levels[i]) && begins(behind(s, 3), "直")) return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (begins(s, words[i]) || begins(cut_level(s, (qk_str){0}), words[i])) return true;
    return ends(s, "成员单位") || ends(s, "等部门") || ends(s, "等单位");
}

static bool in_group(qk_str group, const qk_unit *u)
{
    qk_str name = qk_str_of(u->name_zh);
    bool all = has(group, "成员单位") || has(group, "部门");
    if (strcmp(u->kind, "department") == 0) return all;
    if (strcmp(u->kind, "township") != 0) return false;
    bool zone = has(name, "开发区") || has(name, "管委会") || has(name, "集聚区");
    if (zone) return has(group, "开发区") || has(group, "管委会") || has(group, "集聚区");
    bool town = has(group, "镇") || has(group, "乡");
    bool street = has(group, "街道") || has(group, "办事处");
    if (has(group, "成员单位")) return true;
    return has(name, "街道") || has(name, "办事处") ? street : town;
}

qk_code qk_people_group(const qk_registry *r, qk_arena *arena, qk_str name, qk_unit **out,
                        size_t *n)
{
    size_t all = 0, kept = 0;
    *n = 0;
    QK_TRY(qk_people_units(r, arena, out, &all));
    if (!qk_unit_name_is_group(name)) return QK_OK;
    for (size_t i = 0; *out && i < all; i++)
        if (in_group(name, &(*out)[i])) (*out)[kept++] = (*out)[i];
    *n = kept;
    return QK_OK;
}

/* ---- finding ---- */

typedef struct look_up {
    const qk_registry *r;
    qk_str county;
    char shortened[QK_NAME_MAX];
} look_up;

static const qk_unit *unit_row(const qk_registry *r, size_t i)
{
    return r->tables[QK_ROW_UNIT].rows[i];
}

static const qk_unit *unit_of_id(const qk_registry *r, const char *id)
{
    qk_unit key = {0};
    bool found;
    qk_str_copy(key.id, sizeof key.id, qk_str_of(id));
    size_t at = qk_row_find(&r->tables[QK_ROW_UNIT], &qk_row_forms[QK_ROW_UNIT], &key, &found);
    return found ? unit_row(r, at) : NULL;
}

static const qk_unit *by_alias(const qk_registry *r, qk_str name)
{
    const qk_row_table *t = &r->tables[QK_ROW_ALIAS];
    qk_unit_alias key = {0};
    bool found;
    if (name.len == 0 || name.len >= sizeof key.alias) return NULL;
    qk_str_copy(key.alias, sizeof key.alias, name);
    size_t at = qk_row_find(t, &qk_row_forms[QK_ROW_ALIAS], &key, &found);
    return found ? unit_of_id(r, ((const qk_unit_alias *)t->rows[at])->unit) : NULL;
}

static const qk_unit *by_own_name(const qk_registry *r, qk_str name)
{
    for (size_t i = 0; i < r->tables[QK_ROW_UNIT].n; i++)
        if (qk_str_eq(name, qk_str_of(unit_row(r, i)->name_zh))) return unit_row(r, i);
    return NULL;
}

static bool short_is(const look_up *l, const char *name)
{
    char other[QK_NAME_MAX];
    qk_unit_short_name(other, qk_str_of(name), l->county);
    return strcmp(other, l->shortened) == 0;
}

static const qk_unit *by_short_name(const look_up *l)
{
    const qk_row_table *aliases = &l->r->tables[QK_ROW_ALIAS];
    for (size_t i = 0; i < l->r->tables[QK_ROW_UNIT].n; i++)
        if (short_is(l, unit_row(l->r, i)->name_zh)) return unit_row(l->r, i);
    for (size_t i = 0; i < aliases->n; i++) {
        const qk_unit_alias *a = aliases->rows[i];
        if (a->unit[0] && short_is(l, a->alias)) return unit_of_id(l->r, a->unit);
    }
    return NULL;
}

static const qk_unit *by_short(const look_up *l, qk_str stem, const char *end)
{
    char name[QK_NAME_MAX + 8];
    look_up other = {.r = l->r, .county = l->county};
    snprintf(name, sizeof name, "%.*s%s", QK_STR_ARG(stem), end);
    qk_unit_short_name(other.shortened, qk_str_of(name), l->county);
    return by_short_name(&other);
}

/* The one department whose short name goes on from the stem. */
static const qk_unit *by_beginning(const look_up *l, qk_str stem)
{
    char shortened[QK_NAME_MAX];
    const qk_unit *found = NULL;
    for (size_t i = 0; i < l->r->tables[QK_ROW_UNIT].n; i++) {
        const qk_unit *u = unit_row(l->r, i);
        if (strcmp(u->kind, "department") != 0) continue;
        qk_unit_short_name(shortened, qk_str_of(u->name_zh), l->county);
        if (!qk_str_starts(qk_str_of(shortened), stem)) continue;
        if (found) return NULL;
        found = u;
    }
    return found;
}

/* 交通部门, 发改部门, 城市管理部门: the office that works in this branch. */
static const qk_unit *by_branch(const look_up *l)
{
    static const char *const offices_end[] = {"局", "委", "办"};
    qk_str stem = qk_str_of(l->shortened);
    const qk_unit *found = NULL;
    if (stem.len < strlen("部门") + 6) return NULL;
    stem.len -= strlen("部门");
    for (size_t i = 0; i < sizeof offices_end / sizeof offices_end[0] && !found; i++)
        found = by_short(l, stem, offices_end[i]);
    return found ? found : by_beginning(l, stem);
}

/* The top of the tree is the county. */
static qk_str county_of(const qk_registry *r, char out[QK_NAME_MAX])
{
    out[0] = 0;
    for (size_t i = 0; !out[0] && i < r->tables[QK_ROW_UNIT].n; i++)
        if (strcmp(unit_row(r, i)->kind, "county") == 0)
            qk_str_copy(out, QK_NAME_MAX, qk_str_of(unit_row(r, i)->name_zh));
    for (size_t i = 0; !out[0] && i < r->tables[QK_ROW_DIVISION].n; i++) {
        const qk_division *d = r->tables[QK_ROW_DIVISION].rows[i];
        if (strcmp(d->kind, "county") == 0) qk_str_copy(out, QK_NAME_MAX, qk_str_of(d->name_zh));
    }
    qk_str name = qk_str_of(out);
    return ends(name, "人民政府") ? (qk_str){out, name.len - strlen("人民政府")} : name;
}

bool qk_people_unit_named(const qk_registry *r, qk_unit *out, qk_str name)
{
    char county[QK_NAME_MAX];
    look_up l = {.r = r};
    name = qk_str_trim(name);
    if (name.len == 0 || name.len >= QK_NAME_MAX) return false;
    pthread_rwlock_rdlock(qk_registry_lock(r));
    const qk_unit *u = by_alias(r, name);
    if (!u) u = by_own_name(r, name);
    if (!u && !qk_unit_name_is_group(name)) {
        l.county = county_of(r, county);
        qk_unit_short_name(l.shortened, name, l.county);
        u = l.shortened[0] ? by_short_name(&l) : NULL;
        if (!u && ends(name, "部门")) u = by_branch(&l);
    }
    if (u) *out = *u;
    pthread_rwlock_unlock(qk_registry_lock(r));
    return u != NULL;
}

/* ---- units that a plan names and nobody knows ---- */

static const char *guess_kind(qk_str s)
{
    static const char *const township[] = {"镇",     "乡",     "街道",  "开发区",
                                           "高新区", "集聚区", "示范区"};
    static const char *const village[] = {"村", "社区", "村委会", "居委会"};
    static const char *const enterprise[] = {"公司", "集团", "厂"};
    for (size_t i = 0; i < sizeof township / sizeof township[0]; i++)
        if (ends(s, township[i])) return "township";
    if (ends(s, "管委会")) return "township";
    for (size_t i = 0; i < sizeof village / sizeof village[0]; i++)
        if (ends(s, village[i])) return "village";
    for (size_t i = 0; i < sizeof enterprise / sizeof enterprise[0]; i++)
        if (ends(s, enterprise[i])) return "enterprise";
    return ends(s, "办") || ends(s, "办公室") ? "office" : "department";
}

static void make_unit(const qk_registry *r, qk_unit *u, qk_str name, qk_str county,
                      const char *shortened)
{
    static const char digits[] = "0123456789abcdef";
    char text[QK_NAME_MAX];
    uint64_t hash = qk_hash(shortened, strlen(shortened));
    *u = (qk_unit){0};
    u->id[0] = 'u';
    for (int i = 0; i < 10; i++) u->id[1 + i] = digits[hash >> (4 * i) & 15];
    qk_str plain = cut_level(cut_bracket((qk_str){text, clean_name(text, name)}), county);
    qk_str_copy(u->name_zh, sizeof u->name_zh, plain);
    qk_str_copy(u->kind, sizeof u->kind, qk_str_of(guess_kind(qk_str_of(shortened))));
    for (size_t i = 0; i < r->tables[QK_ROW_UNIT].n; i++)
        if (strcmp(unit_row(r, i)->kind, "county") == 0)
            memcpy(u->parent, unit_row(r, i)->id, sizeof u->parent);
}

qk_code qk_people_propose(const qk_registry *r, qk_arena *arena, const qk_str *names, size_t n,
                          qk_unit_proposal **out)
{
    char place[QK_NAME_MAX], shortened[QK_NAME_MAX];
    qk_unit_proposal *all = qk_arena_array(arena, n, sizeof *all);
    if (!all) return QK_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        qk_unit_proposal *p = &all[i];
        p->name = names[i];
        p->group = qk_unit_name_is_group(names[i]);
        p->known = qk_people_unit_named(r, &p->unit, names[i]);
        if (p->known || p->group) continue;
        pthread_rwlock_rdlock(qk_registry_lock(r));
        qk_str county = county_of(r, place);
        qk_unit_short_name(shortened, names[i], county);
        make_unit(r, &p->unit, names[i], county, shortened);
        pthread_rwlock_unlock(qk_registry_lock(r));
    }
    *out = all;
    return QK_OK;
}

static qk_code take_name(qk_registry *r, const qk_unit_proposal *p, qk_str source, qk_str by,
                         qk_time now, qk_error *err)
{
    qk_unit there;
    qk_unit_alias alias = {0};
    if (p->group || p->name.len >= sizeof alias.alias) return QK_OK;
    if (!p->known && !qk_people_unit(r, &there, qk_str_of(p->unit.id)))
        QK_TRY(qk_people_put_unit(r, &p->unit, 0, by, now, err));
    if (qk_str_eq(p->name, qk_str_of(p->unit.name_zh))) return QK_OK;
    qk_str_copy(alias.alias, sizeof alias.alias, p->name);
    if (qk_row_get(r, QK_ROW_ALIAS, &alias)) return QK_OK;
    qk_str_copy(alias.unit, sizeof alias.unit, qk_str_of(p->unit.id));
    qk_str_copy(alias.source, sizeof alias.source, source);
    return qk_people_put_alias(r, &alias, false, by, now, err);
}

qk_code qk_people_take_names(qk_registry *r, const qk_str *names, size_t n, qk_str source,
                             qk_str by, qk_time now, qk_error *err)
{
    qk_arena arena;
    qk_unit_proposal *all = NULL;
    qk_arena_init(&arena, (size_t)8 << 20);
    qk_code code = qk_people_propose(r, &arena, names, n, &all);
    if (code) qk_fail(err, code, "no memory for the names of units");
    for (size_t i = 0; !code && i < n; i++) code = take_name(r, &all[i], source, by, now, err);
    qk_arena_clear(&arena);
    return code;
}
