/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/measure.h"
#include "domain/ledger.h"
#include "domain/ruleset.h"

enum { SHARE_DECIMALS = 2, MEAN_DECIMALS = 1 };

static const qk_measure_name names[] = {
    {"air.mean", "污染物年均浓度（一氧化碳、臭氧为百分位数）", "Mean of the year so far", "ug/m3"},
    {"air.good_days", "优良天数", "Good days", "天"},
    {"air.good_share", "优良天数比例", "Share of good days", "%"},
    {"air.heavy_days", "重度及以上污染天数", "Heavily polluted days", "天"},
    {"air.heavy_share", "重度及以上污染天数比例", "Share of heavily polluted days", "%"},
    {"air.over_days", "臭氧超标天数", "Days of ozone above the limit", "天"},
    {"ledger.count", "台账条数", "Rows of a ledger", ""},
    {"ledger.distinct", "台账中不同对象数", "Different things in a ledger", ""},
    {"ledger.sum", "台账合计", "Sum over a ledger", ""},
    {"ledger.share", "台账占比", "Share of a ledger's rows", "%"},
    {"ledger.latest", "台账最近一期数值", "Latest figure of a ledger", ""},
    {"sites.checked", "本期抽查到的点位占比", "Share of sites checked in the period", "%"},
    {"cases.in_time", "限时办结率", "Share of cases closed in time", "%"},
    {"devices.transmission", "数据传输有效率", "Valid share of transmitted data", "%"},
    {"reported", "由责任单位填报", "Reported by the unit", ""},
};

const qk_measure_name *qk_measure_catalogue(size_t *n)
{
    *n = sizeof names / sizeof names[0];
    return names;
}

static bool is(qk_str name, const char *other)
{
    return qk_str_eq(name, qk_str_of(other));
}

static qk_code not_known(qk_measured *out, const char *reason)
{
    out->known = false;
    out->reason = reason;
    return QK_OK;
}

/* part / whole in per cent, two decimals; not known of nothing. */
static void set_share(qk_measured *out, int64_t part, int64_t whole)
{
    out->known =
        whole > 0 && qk_ratio_round(&out->value, qk_percent(part, whole), SHARE_DECIMALS) == QK_OK;
    if (!out->known) out->reason = "nothing_to_count";
}

/* ---- what an answer rests on ---- */

typedef struct inputs {
    qk_buf text;
    qk_json_writer w;
} inputs;

static void begin_inputs(inputs *in, qk_str measure)
{
    qk_buf_init(&in->text, 1 << 18);
    qk_json_init(&in->w, &in->text);
    qk_json_object(&in->w);
    qk_json_kstr(&in->w, "measure", measure);
}

static void put_day(inputs *in, const char *name, int32_t day)
{
    char text[QK_TIME_TEXT];
    qk_json_kcstr(&in->w, name, qk_date_iso(text, (qk_time)day * QK_DAY - QK_CST_OFFSET));
}

static qk_code end_inputs(inputs *in, qk_measured *out, qk_arena *arena, qk_error *err)
{
    qk_json_end(&in->w);
    char *text = in->text.failed ? NULL : qk_arena_copy(arena, in->text.ptr, in->text.len);
    out->inputs = (qk_str){text, text ? in->text.len : 0};
    qk_buf_clear(&in->text);
    return text ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for what a measure rests on");
}

/* ---- periods ---- */

/* The first day of the period that holds to_day. */
static int32_t period_start(const qk_measure_ask *ask, qk_str period)
{
    qk_civil c = qk_civil_of((qk_time)ask->to_day * QK_DAY - QK_CST_OFFSET);
    qk_time t = 0;
    if (is(period, "all")) return ask->from_day;
    c.day = 1;
    if (is(period, "quarter")) c.month = (c.month - 1) / 3 * 3 + 1;
    if (!is(period, "quarter") && !is(period, "month")) c.month = 1;
    c.hour = c.minute = c.second = c.ms = 0;
    return qk_time_of(&t, &c) == QK_OK ? qk_day_number(t) : ask->from_day;
}

/* ---- air ---- */

static qk_code air_year(qk_year **out, qk_measure_ask *ask, qk_str scope, qk_error *err)
{
    qk_rules *rules = NULL;
    qk_air_levels levels = {0};
    int32_t year = qk_civil_of((qk_time)ask->to_day * QK_DAY - QK_CST_OFFSET).year;
    bool county = scope.len == 0 || is(scope, "county");
    for (size_t i = 0; county && i < sizeof ask->air / sizeof ask->air[0]; i++)
        if (ask->air[i] && ask->air[i]->year == year) {
            *out = ask->air[i];
            return QK_OK;
        }
    *out = qk_arena_alloc(ask->arena, sizeof **out);
    if (!*out) return qk_fail(err, QK_ENOMEM, "no memory for a year of days");
    QK_TRY(qk_ruleset_load(&rules, ask->db, ask->known_at, ask->arena, err));
    qk_air_question q = {.archive = {ask->db, ask->registry, ask->reader, ask->known_at},
                         .registry = ask->registry,
                         .rules = rules,
                         .level = QK_AIR_BEST};
    QK_TRY(qk_air_scope_year(*out, &levels, &q, county ? QK_STR("county") : scope, year, err));
    for (size_t i = 0; county && i < sizeof ask->air / sizeof ask->air[0]; i++)
        if (!ask->air[i]) {
            ask->air[i] = *out;
            break;
        }
    return QK_OK;
}

static void set_air(qk_measured *out, const qk_period *p, qk_str name, qk_pollutant item)
{
    if (is(name, "air.mean")) {
        out->known = qk_exact_round(&out->value, qk_period_value(p, item), MEAN_DECIMALS) == QK_OK;
    } else if (is(name, "air.good_share") || is(name, "air.heavy_share")) {
        set_share(out, is(name, "air.good_share") ? p->count.good : p->count.heavy, p->count.valid);
    } else {
        out->known = p->count.valid > 0;
        out->value = (qk_dec){is(name, "air.good_days")    ? p->count.good
                              : is(name, "air.heavy_days") ? p->count.heavy
                                                           : p->o3_over_days,
                              0};
    }
    if (!out->known) out->reason = "no_valid_days";
}

static qk_code get_air(qk_measured *out, qk_measure_ask *ask, const qk_json_value *m, qk_str name,
                       qk_error *err)
{
    qk_period p;
    inputs in;
    qk_year *year = NULL;
    qk_pollutant item = QK_PM25;
    qk_str scope = qk_json_get_str(m, "scope");
    if (!ask->reader) return not_known(out, "no_air_here");
    for (int i = 0; i < QK_POLLUTANTS; i++)
        if (is(qk_json_get_str(m, "item"), qk_pollutant_name((qk_pollutant)i)))
            item = (qk_pollutant)i;
    qk_code code = air_year(&year, ask, scope, err);
    if (code == QK_ENOTFOUND || code == QK_EINVAL) return not_known(out, "no_such_place");
    if (code != QK_OK) return code;
    int32_t to =
        ask->to_day < year->first_day + year->days ? ask->to_day : year->first_day + year->days - 1;
    qk_period_of(&p, year->day, year->first_day, to, QK_PERIOD_ANY);
    set_air(out, &p, name, item);
    begin_inputs(&in, name);
    qk_json_kstr(&in.w, "scope", scope.len ? scope : QK_STR("county"));
    qk_json_kcstr(&in.w, "item", is(name, "air.mean") ? qk_pollutant_name(item) : NULL);
    put_day(&in, "from", year->first_day);
    put_day(&in, "to", to);
    qk_json_ki64(&in.w, "valid_days", p.count.valid);
    return end_inputs(&in, out, ask->arena, err);
}

/* ---- ledgers ---- */

typedef struct collecting {
    inputs *in;
    int64_t rows;
    qk_ledger_row last;
    const qk_ledger_type *type;
    size_t field, date; /* of ledger.latest; SIZE_MAX = none */
    qk_str newest, value;
    qk_arena *arena;
} collecting;

static qk_str keep(qk_arena *arena, qk_str s)
{
    char *copy = qk_arena_copy(arena, s.ptr ? s.ptr : "", s.len);
    return (qk_str){copy, copy ? s.len : 0};
}

static qk_code collect_row(void *context, const qk_ledger_row *row)
{
    collecting *c = context;
    if (c->rows++ < QK_MEASURE_INPUTS_MAX) qk_json_i64(&c->in->w, row->id);
    if (c->field == SIZE_MAX || c->date == SIZE_MAX) return QK_OK;
    qk_str date = row->values[c->date];
    if (c->newest.ptr && qk_str_cmp(date, c->newest) < 0) return QK_OK;
    c->newest = keep(c->arena, date);
    c->value = keep(c->arena, row->values[c->field]);
    return QK_OK;
}

static void read_of(qk_ledger_counter *counter, const qk_json_value *m)
{
    const qk_json_value *of = qk_json_get(m, "of");
    for (const qk_json_value *f = of ? of->first : NULL; f && counter->of_count < QK_LEDGER_OF;
         f = f->next)
        counter->of[counter->of_count++] = f->text;
}

static qk_ledger_counter counter_of(const qk_json_value *m, qk_str name)
{
    qk_ledger_counter c = {.id = name,
                           .zh = name,
                           .en = name,
                           .kind = is(name, "ledger.distinct") ? QK_LEDGER_DISTINCT
                                   : is(name, "ledger.sum")    ? QK_LEDGER_SUM
                                   : is(name, "ledger.share")  ? QK_LEDGER_SHARE
                                                               : QK_LEDGER_COUNT,
                           .where = qk_json_get(m, "where"),
                           .numerator = qk_json_get(m, "numerator"),
                           .date = qk_json_get_str(m, "date")};
    read_of(&c, m);
    return c;
}

static qk_ledger_ask ledger_ask(const qk_measure_ask *ask, const qk_json_value *m)
{
    qk_ledger_ask a = {.date = qk_json_get_str(m, "date"),
                       .to_day = ask->to_day,
                       .valid_at = QK_TIME_NONE,
                       .known_at = ask->known_at,
                       .today = ask->to_day};
    a.from_day = period_start(ask, qk_json_get_str(m, "period"));
    if (is(qk_json_get_str(m, "period"), "all") || !a.date.len) a.from_day = a.to_day = 0;
    return a;
}

/* The rows that were counted, by number. */
static qk_code collect_rows(collecting *c, qk_measure_ask *ask, const qk_ledger_type *type,
                            const qk_ledger_ask *a, const qk_json_value *where, qk_error *err)
{
    qk_ledger_ask rows = *a;
    rows.where = where;
    c->type = type;
    c->arena = ask->arena;
    qk_json_kstr(&c->in->w, "ledger", type->id);
    if (a->to_day) {
        put_day(c->in, "from", a->from_day);
        put_day(c->in, "to", a->to_day);
    }
    qk_json_key(&c->in->w, "rows");
    qk_json_array(&c->in->w);
    QK_TRY(qk_ledger_each(ask->db, type, &rows, collect_row, c, err));
    qk_json_end(&c->in->w);
    qk_json_ki64(&c->in->w, "count", c->rows);
    return QK_OK;
}

static qk_code ledger_value(qk_measured *out, qk_measure_ask *ask, const qk_ledger_type *type,
                            const qk_json_value *m, qk_str name, const qk_ledger_ask *a,
                            qk_error *err)
{
    size_t n = 0;
    qk_ledger_figure *figure = NULL;
    qk_ledger_counter counter = counter_of(m, name);
    QK_TRY(qk_ledger_count(&figure, &n, ask->db, type, &counter, a, (qk_str){NULL, 0}, ask->arena,
                           err));
    if (!n) return not_known(out, "nothing_to_count");
    if (counter.kind == QK_LEDGER_SHARE) {
        set_share(out, figure[0].numerator, figure[0].rows);
        return QK_OK;
    }
    out->known = figure[0].known;
    out->value = figure[0].value;
    if (!out->known) out->reason = "nothing_to_count";
    return QK_OK;
}

static qk_code get_ledger(qk_measured *out, qk_measure_ask *ask, const qk_json_value *m,
                          qk_str name, qk_error *err)
{
    inputs in;
    qk_ledger_type *type = NULL;
    collecting c = {.in = &in, .field = SIZE_MAX, .date = SIZE_MAX};
    qk_code code = qk_ledger_type_get(&type, ask->db, qk_json_get_str(m, "ledger"), ask->known_at,
                                      ask->arena, err);
    if (code == QK_ENOTFOUND) return not_known(out, "no_such_ledger");
    if (code != QK_OK) return code;
    qk_ledger_ask a = ledger_ask(ask, m);
    const qk_json_value *of = qk_json_get(m, "of");
    if (is(name, "ledger.latest")) {
        c.field = of && of->first ? qk_ledger_field_find(type, of->first->text) : SIZE_MAX;
        c.date = qk_ledger_field_find(type, a.date);
    }
    begin_inputs(&in, name);
    code = collect_rows(&c, ask, type, &a, qk_json_get(m, "where"), err);
    if (code == QK_OK && is(name, "ledger.latest")) {
        out->known = c.value.ptr && qk_dec_parse(&out->value, c.value) == QK_OK;
        if (!out->known) out->reason = "nothing_to_count";
    } else if (code == QK_OK) {
        code = ledger_value(out, ask, type, m, name, &a, err);
    }
    if (code == QK_OK) return end_inputs(&in, out, ask->arena, err);
    qk_buf_clear(&in.text);
    return code;
}

/* ---- sites checked ---- */

static int64_t count_sites(const qk_measure_ask *ask, qk_str kind, qk_error *err)
{
    qk_site *sites = NULL;
    size_t n = 0;
    int64_t found = 0;
    if (qk_registry_sites(ask->registry, ask->arena, &sites, &n) != QK_OK) {
        qk_fail(err, QK_ENOMEM, "no memory for the sites");
        return -1;
    }
    for (size_t i = 0; i < n; i++) found += is(kind, sites[i].kind);
    return found;
}

static qk_code get_checked(qk_measured *out, qk_measure_ask *ask, const qk_json_value *m,
                           qk_error *err)
{
    inputs in;
    size_t n = 0;
    qk_ledger_type *type = NULL;
    qk_ledger_figure *figure = NULL;
    collecting c = {.in = &in, .field = SIZE_MAX, .date = SIZE_MAX};
    qk_code code = qk_ledger_type_get(&type, ask->db, qk_json_get_str(m, "ledger"), ask->known_at,
                                      ask->arena, err);
    if (code == QK_ENOTFOUND) return not_known(out, "no_such_ledger");
    if (code != QK_OK) return code;
    int64_t sites = count_sites(ask, qk_json_get_str(m, "kind"), err);
    if (sites < 0) return QK_ENOMEM;
    qk_ledger_ask a = ledger_ask(ask, m);
    qk_ledger_counter counter = counter_of(m, QK_STR("ledger.distinct"));
    counter.of[0] = qk_json_get_str(m, "field");
    counter.of_count = 1;
    QK_TRY(qk_ledger_count(&figure, &n, ask->db, type, &counter, &a, (qk_str){NULL, 0}, ask->arena,
                           err));
    int64_t checked = n && figure[0].known ? figure[0].value.mantissa : 0;
    set_share(out, checked, sites);
    begin_inputs(&in, QK_STR("sites.checked"));
    qk_json_ki64(&in.w, "checked", checked);
    qk_json_ki64(&in.w, "sites", sites);
    code = collect_rows(&c, ask, type, &a, counter.where, err);
    if (code == QK_OK) return end_inputs(&in, out, ask->arena, err);
    qk_buf_clear(&in.text);
    return code;
}

/* ---- cases and devices ---- */

static qk_time day_start(int32_t day)
{
    return (qk_time)day * QK_DAY - QK_CST_OFFSET;
}

static qk_code get_cases(qk_measured *out, qk_measure_ask *ask, const qk_json_value *m,
                         qk_error *err)
{
    inputs in;
    sqlite3_stmt *s = NULL;
    qk_code code;
    int64_t minutes = 0, all = 0, in_time = 0;
    (void)qk_json_get_i64(m, "minutes", &minutes);
    QK_TRY(qk_db_prepare(&s, ask->db,
                         "SELECT c.id, c.opened_at, (SELECT MIN(t.at) FROM case_step t WHERE"
                         " t.case_id = c.id AND t.what IN ('feed_back', 'verify', 'close') AND"
                         " t.at <= ?4) FROM case_file c WHERE c.kind = ?1 AND c.opened_at >= ?2 AND"
                         " c.opened_at < ?3 ORDER BY c.id",
                         err));
    qk_db_bind_str(s, 1, qk_json_get_str(m, "kind"));
    sqlite3_bind_int64(s, 2, day_start(period_start(ask, qk_json_get_str(m, "period"))));
    sqlite3_bind_int64(s, 3, day_start(ask->to_day + 1));
    sqlite3_bind_int64(s, 4, ask->known_at == QK_TIME_NONE ? INT64_MAX : ask->known_at);
    begin_inputs(&in, QK_STR("cases.in_time"));
    qk_json_key(&in.w, "cases");
    qk_json_array(&in.w);
    while ((code = qk_db_step(ask->db, s, err)) == QK_OK) {
        if (all++ < QK_MEASURE_INPUTS_MAX) qk_json_str(&in.w, qk_db_text(s, 0));
        in_time += sqlite3_column_type(s, 2) != SQLITE_NULL &&
                   sqlite3_column_int64(s, 2) - sqlite3_column_int64(s, 1) <= minutes * QK_MINUTE;
    }
    qk_json_end(&in.w);
    qk_json_ki64(&in.w, "all", all);
    qk_json_ki64(&in.w, "in_time", in_time);
    set_share(out, in_time, all);
    if (code == QK_ENOTFOUND) return end_inputs(&in, out, ask->arena, err);
    qk_buf_clear(&in.text);
    return code;
}

static qk_code get_transmission(qk_measured *out, qk_measure_ask *ask, const qk_json_value *m,
                                qk_error *err)
{
    inputs in;
    sqlite3_stmt *s = NULL;
    int32_t from = period_start(ask, qk_json_get_str(m, "period"));
    QK_TRY(qk_db_prepare(&s, ask->db,
                         "SELECT COALESCE(SUM(valid), 0), COALESCE(SUM(due - exempt), 0),"
                         " COUNT(DISTINCT mn) FROM transmission WHERE day BETWEEN ?1 AND ?2",
                         err));
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, ask->to_day);
    QK_TRY(qk_db_step(ask->db, s, err));
    set_share(out, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1));
    begin_inputs(&in, QK_STR("devices.transmission"));
    put_day(&in, "from", from);
    put_day(&in, "to", ask->to_day);
    qk_json_ki64(&in.w, "valid", sqlite3_column_int64(s, 0));
    qk_json_ki64(&in.w, "due", sqlite3_column_int64(s, 1));
    qk_json_ki64(&in.w, "devices", sqlite3_column_int64(s, 2));
    sqlite3_reset(s);
    return end_inputs(&in, out, ask->arena, err);
}

/* ---- all of them ---- */

qk_code qk_measure_get(qk_measured *out, qk_measure_ask *ask, const qk_json_value *m, qk_error *err)
{
    qk_str name = qk_json_get_str(m, "measure");
    *out = (qk_measured){.inputs = QK_STR("{}")};
    if (qk_str_starts(name, QK_STR("air."))) return get_air(out, ask, m, name, err);
    if (qk_str_starts(name, QK_STR("ledger."))) return get_ledger(out, ask, m, name, err);
    if (is(name, "sites.checked")) return get_checked(out, ask, m, err);
    if (is(name, "cases.in_time")) return get_cases(out, ask, m, err);
    if (is(name, "devices.transmission")) return get_transmission(out, ask, m, err);
    return not_known(out, "reported");
}

static bool known_name(qk_str name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(name, names[i].name)) return true;
    return false;
}

static qk_code check_ledger(qk_db *db, const qk_json_value *m, qk_arena *arena, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_code code =
        qk_ledger_type_get(&type, db, qk_json_get_str(m, "ledger"), QK_TIME_NONE, arena, err);
    if (code == QK_ENOTFOUND) return qk_fail(err, QK_EFORMAT, "there is no such ledger");
    if (code != QK_OK) return code;
    const qk_json_value *of = qk_json_get(m, "of");
    for (const qk_json_value *f = of ? of->first : NULL; f; f = f->next)
        if (qk_ledger_field_find(type, f->text) == SIZE_MAX)
            return qk_fail(err, QK_EFORMAT, "the ledger has no field '%.*s'", QK_STR_ARG(f->text));
    qk_str date = qk_json_get_str(m, "date");
    if (date.len && qk_ledger_field_find(type, date) == SIZE_MAX)
        return qk_fail(err, QK_EFORMAT, "the ledger has no field '%.*s'", QK_STR_ARG(date));
    code = qk_ledger_where_check(type, qk_json_get(m, "where"), err);
    if (code == QK_OK) code = qk_ledger_where_check(type, qk_json_get(m, "numerator"), err);
    return code == QK_EINVAL ? QK_EFORMAT : code;
}

qk_code qk_measure_check(qk_db *db, const qk_json_value *m, qk_arena *arena, qk_error *err)
{
    qk_str name = qk_json_get_str(m, "measure");
    if (!m || m->type != QK_JSON_OBJECT || !known_name(name))
        return qk_fail(err, QK_EFORMAT, "'measure' names none of the catalogue");
    if (qk_str_starts(name, QK_STR("ledger.")) || is(name, "sites.checked"))
        return check_ledger(db, m, arena, err);
    return QK_OK;
}
