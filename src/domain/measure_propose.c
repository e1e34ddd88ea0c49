/* SPDX-License-Identifier: Apache-2.0 */
/* From the words of an obligation to a measure of the catalogue. */
#include "domain/ledger.h"
#include "domain/measure.h"

typedef struct proposal {
    const char *words;  /* all of these must stand in title, text or task: "a+b|c" a and b, or c */
    const char *ledger; /* must be there; NULL = none needed */
    const char *units;  /* one of these, separated by blanks; NULL = any */
    const char *json;
} proposal;

/* The first that fits holds; from the special to the general. */
static const proposal proposals[] = {
    {"非道路移动机械+测", "nrmm_test", "台 台次 辆",
     "{\"measure\":\"ledger.count\",\"ledger\":\"nrmm_test\",\"date\":\"date\",\"period\":"
     "\"year\"}"},
    {"低效失效|治理设施+改造|深度治理", "treatment_work", "家 个",
     "{\"measure\":\"ledger.distinct\",\"ledger\":\"treatment_work\",\"of\":[\"enterprise\"],"
     "\"where\":[[\"state\",\"in\",[\"done\",\"accepted\"]]],\"date\":\"done_date\",\"period\":"
     "\"year\"}"},
    {"餐饮+抽查|餐饮+检查", "catering_check", "%",
     "{\"measure\":\"sites.checked\",\"ledger\":\"catering_check\",\"field\":\"site\",\"kind\":"
     "\"kitchen\",\"date\":\"date\",\"period\":\"month\"}"},
    {"火点+扑灭|秸秆+扑灭", NULL, "min 分钟",
     "{\"measure\":\"cases.in_time\",\"kind\":\"fire\",\"minutes\":30,\"period\":\"year\"}"},
    {"热点+核查|热点+处置", NULL, "min 分钟 %",
     "{\"measure\":\"cases.in_time\",\"kind\":\"hotspot\",\"minutes\":60,\"period\":\"year\"}"},
    {"传输有效率|有效传输率", NULL, "%",
     "{\"measure\":\"devices.transmission\",\"period\":\"month\"}"},
    {"宣传|培训|普法", "publicity", "次 次/月 次/季度 次/年 场",
     "{\"measure\":\"ledger.distinct\",\"ledger\":\"publicity\",\"of\":[\"unit\",\"event\"],"
     "\"date\":\"date\",\"period\":\"quarter\"}"},
    {"重点工程|重点项目", "key_project", "个 项",
     "{\"measure\":\"ledger.count\",\"ledger\":\"key_project\",\"where\":[[\"state\",\"=\","
     "\"done\"]],\"period\":\"all\"}"},
};

static const char *const structural = "比重|利用率|普及率|覆盖率|替代率|造林|抚育|新能源";

static bool has(const qk_measure_hint *h, qk_str word)
{
    return qk_str_find(h->title, word, 0) != SIZE_MAX ||
           qk_str_find(h->text, word, 0) != SIZE_MAX || qk_str_find(h->task, word, 0) != SIZE_MAX;
}

static bool has_words(const qk_measure_hint *h, const char *words)
{
    for (qk_str rest = qk_str_of(words); rest.ptr;) {
        bool all = true;
        for (qk_str set = qk_str_cut(&rest, '|'); set.ptr && all;)
            all = has(h, qk_str_cut(&set, '+'));
        if (all) return true;
    }
    return false;
}

static bool has_unit(qk_str unit, const char *units)
{
    if (!units) return true;
    for (qk_str rest = qk_str_of(units); rest.ptr;)
        if (qk_str_eq(unit, qk_str_cut(&rest, ' '))) return true;
    return false;
}

static bool ledger_there(qk_db *db, const char *ledger, qk_arena *arena)
{
    qk_ledger_type *type = NULL;
    return !ledger ||
           qk_ledger_type_get(&type, db, qk_str_of(ledger), QK_TIME_NONE, arena, NULL) == QK_OK;
}

static qk_str air_measure(const qk_measure_hint *h, qk_arena *arena)
{
    static const char *const items[] = {"PM2.5", "PM10", "O3", "NO2", "SO2", "CO"};
    const char *kind = NULL, *text = NULL;
    bool share = qk_str_eq(h->unit, QK_STR("%"));
    if (qk_str_find(h->title, QK_STR("臭氧超标"), 0) != SIZE_MAX)
        return QK_STR("{\"measure\":\"air.over_days\",\"item\":\"O3\",\"scope\":\"county\"}");
    if (qk_str_find(h->title, QK_STR("优良"), 0) != SIZE_MAX)
        kind = share ? "air.good_share" : "air.good_days";
    if (qk_str_find(h->title, QK_STR("重度"), 0) != SIZE_MAX ||
        qk_str_find(h->title, QK_STR("重污染"), 0) != SIZE_MAX)
        kind = share ? "air.heavy_share" : "air.heavy_days";
    if (kind) text = qk_arena_printf(arena, "{\"measure\":\"%s\",\"scope\":\"county\"}", kind);
    for (size_t i = 0; !kind && !text && i < sizeof items / sizeof items[0]; i++)
        if (qk_str_find(h->title, qk_str_of(items[i]), 0) != SIZE_MAX)
            text = qk_arena_printf(
                arena, "{\"measure\":\"air.mean\",\"item\":\"%s\",\"scope\":\"county\"}", items[i]);
    return text ? qk_str_of(text) : (qk_str){NULL, 0};
}

/* Figures of energy, transport and farming stand in one ledger, by the name of the indicator. */
static qk_str structural_measure(const qk_measure_hint *h, qk_arena *arena)
{
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, QK_MEASURE_MAX);
    qk_json_init(&w, &out);
    qk_json_object(&w);
    qk_json_kcstr(&w, "measure", "ledger.latest");
    qk_json_kcstr(&w, "ledger", "structural_indicator");
    qk_json_key(&w, "of");
    qk_json_raw(&w, QK_STR("[\"value\"]"));
    qk_json_key(&w, "where");
    qk_json_array(&w);
    qk_json_array(&w);
    qk_json_cstr(&w, "indicator");
    qk_json_cstr(&w, "=");
    qk_json_str(&w, h->title);
    qk_json_end(&w);
    qk_json_end(&w);
    qk_json_kcstr(&w, "date", "date");
    qk_json_kcstr(&w, "period", "year");
    qk_json_end(&w);
    char *text = out.failed ? NULL : qk_arena_copy(arena, out.ptr, out.len);
    qk_str made = {text, text ? out.len : 0};
    qk_buf_clear(&out);
    return made;
}

qk_code qk_measure_propose(qk_str *out, qk_db *db, const qk_measure_hint *h, qk_arena *arena,
                           qk_error *err)
{
    (void)err;
    *out = (qk_str){NULL, 0};
    if (qk_str_eq(h->kind, QK_STR("target"))) *out = air_measure(h, arena);
    for (size_t i = 0; !out->ptr && i < sizeof proposals / sizeof proposals[0]; i++) {
        const proposal *p = &proposals[i];
        if (has_unit(h->unit, p->units) && has_words(h, p->words) &&
            ledger_there(db, p->ledger, arena))
            *out = qk_str_of(p->json);
    }
    if (!out->ptr && has_words(h, structural) && h->unit.len &&
        ledger_there(db, "structural_indicator", arena))
        *out = structural_measure(h, arena);
    if (!out->ptr) *out = QK_STR("{\"measure\":\"reported\"}");
    return QK_OK;
}
