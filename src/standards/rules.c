/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/rules_private.h"
#include <stdio.h>

static const char *const limit_names[QK_LIMIT_ITEMS] = {"SO2",   "NO2", "CO",  "O3", "PM10",
                                                        "PM2.5", "TSP", "NOx", "Pb", "BaP"};
static const char *const averaging_names[QK_AVERAGINGS] = {"year", "quarter", "day", "8h", "1h"};

#define SHIP(table, shipped)                                                 \
    do {                                                                     \
        const void *rows = (shipped)(&out->table##_count);                   \
        memcpy(out->table, rows, out->table##_count * sizeof out->table[0]); \
    } while (0)

void qk_rules_default(qk_rules *out)
{
    SHIP(aqi, qk_aqi_rules);
    SHIP(limits, qk_limits_all);
    SHIP(index, qk_index_profiles);
    SHIP(qc, qk_qc_rules);
    SHIP(warning, qk_warning_rules);
    SHIP(ldar, qk_ldar_rules);
    SHIP(vapour, qk_vapour_rules);
    SHIP(compensation, qk_compensation_rules);
    SHIP(fume, qk_fume_rules);
    SHIP(cems, qk_cems_rules);
    SHIP(deduction, qk_deduction_rules);
    SHIP(subsidy, qk_subsidy_rules);
    SHIP(assessment, qk_assess_rules);
    SHIP(fraud, qk_fraud_rules);
    SHIP(component, qk_component_rules);
}

typedef qk_rules_place place;

/* Objects and arrays keep no place of their own: the first member's does. Numbers, and texts
 * without escapes, are views into the text. */
static const char *place_of(const qk_json_value *v, qk_str text)
{
    for (; v; v = v->first) {
        const char *const at[] = {v->name.ptr, v->text.ptr};
        for (size_t i = 0; i < 2; i++)
            if (at[i] && at[i] >= text.ptr && at[i] < text.ptr + text.len) return at[i];
    }
    return NULL;
}

qk_code qk_rules_refuse(const place *at, const char *what)
{
    uint32_t line = 1, column = 1;
    const char *found = place_of(at->at, at->text);
    qk_code code = qk_fail(at->err, QK_EFORMAT, "%s[%zu]%s%s: %s", at->table, at->row,
                           at->item ? "." : "", at->item ? at->item : "", what);
    for (const char *c = at->text.ptr; found && c < found; c++) {
        column++;
        if (*c == '\n') line++, column = 1;
    }
    if (found) qk_error_at(at->err, NULL, line, column);
    return code;
}
#define refuse qk_rules_refuse

static qk_code read_text(const place *at, const qk_json_value *row, const char *name, char *out,
                         size_t size)
{
    qk_str text = qk_json_get_str(row, name);
    if (text.len == 0 || text.len >= size) return refuse(at, "name or source missing or too long");
    qk_str_copy(out, size, text);
    return QK_OK;
}

static qk_code read_day(const place *at, const qk_json_value *row, const char *name, int32_t open,
                        int32_t *out)
{
    qk_time t;
    const qk_json_value *v = qk_json_get(row, name);
    *out = open;
    if (!v || v->type == QK_JSON_NULL) return QK_OK;
    if (v->type != QK_JSON_STRING || qk_time_parse(&t, v->text) != QK_OK)
        return refuse(at, "from and to are dates of ISO 8601, or null");
    *out = qk_day_number(t);
    return QK_OK;
}

qk_code qk_rules_read_head(const place *at, const qk_json_value *row, char *name, size_t name_size,
                           char *source, size_t source_size, char zh[QK_RULE_ZH], int32_t *from,
                           int32_t *to)
{
    qk_str chinese = qk_json_get_str(row, "source_zh");
    QK_TRY(read_text(at, row, "name", name, name_size));
    QK_TRY(read_text(at, row, "source", source, source_size));
    if (chinese.len >= QK_RULE_ZH) return refuse(at, "source_zh is too long");
    qk_str_copy(zh, QK_RULE_ZH, chinese.len ? chinese : qk_str_of(source));
    QK_TRY(read_day(at, row, "from", INT32_MIN, from));
    QK_TRY(read_day(at, row, "to", INT32_MAX, to));
    return *from > *to ? refuse(at, "ends before it begins") : QK_OK;
}

static qk_code read_items(const place *at, const qk_json_value *row, const char *name,
                          uint32_t *out)
{
    const qk_json_value *list = qk_json_get(row, name);
    *out = 0;
    if (!list) return QK_OK;
    if (list->type != QK_JSON_ARRAY)
        return refuse(at, "daily, hourly, optional are lists of items");
    for (const qk_json_value *v = list->first; v; v = v->next) {
        qk_aqi_item item;
        if (v->type != QK_JSON_STRING || qk_aqi_item_find(&item, v->text) != QK_OK)
            return refuse(at, "no such item; SO2_24h … CO_1h");
        *out |= QK_AQI_BIT(item);
    }
    return QK_OK;
}

/* A concentration in the unit of the breakpoints. */
static bool read_point(const qk_json_value *v, qk_aqi_item item, int16_t *out)
{
    qk_dec d, rounded;
    int32_t decimals = qk_pollutant_decimals(qk_aqi_item_pollutant(item));
    if (v->type != QK_JSON_NUMBER || qk_dec_parse_e(&d, v->text) != QK_OK) return false;
    if (qk_dec_round(&rounded, d, decimals) != QK_OK || qk_dec_cmp(rounded, d) != 0) return false;
    if (rounded.mantissa < 0 || rounded.mantissa > INT16_MAX) return false;
    *out = (int16_t)rounded.mantissa;
    return true;
}

static qk_code read_breakpoints(const place *at, const qk_json_value *v, qk_aqi_item item,
                                qk_aqi_rule *out)
{
    const qk_json_value *points = qk_json_get(v, "breakpoints");
    const qk_json_value *above = qk_json_get(v, "above");
    int64_t index;
    if (!points || points->type != QK_JSON_ARRAY || points->count < 2 ||
        points->count > QK_AQI_POINTS)
        return refuse(at, "2 to 8 breakpoints");
    int n = 0;
    for (const qk_json_value *p = points->first; p; p = p->next, n++) {
        int16_t *bp = out->breakpoint[item];
        if (!read_point(p, item, &bp[n])) return refuse(at, "a breakpoint that cannot be held");
        if (n == 0 ? bp[0] != 0 : bp[n] <= bp[n - 1]) return refuse(at, "must ascend from 0");
    }
    out->points[item] = (uint8_t)n;
    out->above[item] = QK_AQI_NA;
    if (!above || above->type == QK_JSON_NULL) return QK_OK;
    if (!qk_json_get_i64(v, "above", &index) || index < 0 || index > QK_AQI_TOP)
        return refuse(at, "above is an index 0 .. 500 or null");
    out->above[item] = (int16_t)index;
    return QK_OK;
}

static qk_code read_aqi(place *at, const qk_json_value *row, void *into)
{
    qk_aqi_rule *out = into;
    *out = (qk_aqi_rule){.from_day = 0};
    QK_TRY(qk_rules_read_head(at, row, out->name, sizeof out->name, out->source, sizeof out->source,
                              out->source_zh, &out->from_day, &out->to_day));
    QK_TRY(read_items(at, row, "daily", &out->daily_items));
    QK_TRY(read_items(at, row, "hourly", &out->hourly_items));
    QK_TRY(read_items(at, row, "optional", &out->optional_items));
    out->missing_blocks = qk_json_get_bool(row, "missing_blocks", false);
    out->names_exceeding = qk_json_get_bool(row, "names_exceeding", false);
    const qk_json_value *items = qk_json_get(row, "items");
    for (const qk_json_value *v = items ? items->first : NULL; v; v = v->next) {
        qk_aqi_item item;
        if (qk_aqi_item_find(&item, v->name) != QK_OK) return refuse(at, "no such item");
        at->item = qk_aqi_item_name(item);
        QK_TRY(read_breakpoints(at, v, item, out));
        at->item = NULL;
    }
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (((out->daily_items | out->hourly_items) & QK_AQI_BIT(i)) && out->points[i] == 0)
            return refuse(at, "an item of the index has no breakpoints");
    return QK_OK;
}

static int find_name(const char *const *names, int count, qk_str name)
{
    for (int i = 0; i < count; i++)
        if (qk_str_eq(name, qk_str_of(names[i]))) return i;
    return -1;
}

static qk_code read_grades(const place *at, const qk_json_value *v, qk_dec out[2])
{
    if (v->type != QK_JSON_ARRAY || v->count != 2)
        return refuse(at, "a limit is [grade I, grade II]");
    const qk_json_value *one = v->first, *two = one->next;
    if (one->type != QK_JSON_NUMBER || two->type != QK_JSON_NUMBER ||
        qk_dec_parse_e(&out[0], one->text) != QK_OK ||
        qk_dec_parse_e(&out[1], two->text) != QK_OK || out[0].mantissa <= 0 || out[1].mantissa <= 0)
        return refuse(at, "a limit is a number above 0");
    return QK_OK;
}

static qk_code read_limits(place *at, const qk_json_value *row, void *into)
{
    qk_limits *out = into;
    *out = (qk_limits){.from_day = 0};
    QK_TRY(qk_rules_read_head(at, row, out->name, sizeof out->name, out->source, sizeof out->source,
                              out->source_zh, &out->from_day, &out->to_day));
    const qk_json_value *items = qk_json_get(row, "items");
    for (const qk_json_value *v = items ? items->first : NULL; v; v = v->next) {
        int item = find_name(limit_names, QK_LIMIT_ITEMS, v->name);
        if (item < 0) return refuse(at, "no such item; SO2 … BaP");
        at->item = limit_names[item];
        for (const qk_json_value *l = v->first; l; l = l->next) {
            int averaging = find_name(averaging_names, QK_AVERAGINGS, l->name);
            if (averaging < 0) return refuse(at, "year, quarter, day, 8h or 1h");
            QK_TRY(read_grades(at, l, out->limit[item][averaging]));
        }
        at->item = NULL;
    }
    return QK_OK;
}

static qk_code read_index(place *at, const qk_json_value *row, void *into)
{
    qk_index_profile *out = into;
    *out = (qk_index_profile){.from_day = 0};
    QK_TRY(qk_rules_read_head(at, row, out->name, sizeof out->name, out->source, sizeof out->source,
                              out->source_zh, &out->from_day, &out->to_day));
    if (!qk_json_get_bool(row, "default", true)) {
        out->from_day = INT32_MAX;
        out->to_day = INT32_MIN;
    }
    const qk_json_value *limits = qk_json_get(row, "limits"),
                        *weights = qk_json_get(row, "weights");
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        int64_t weight = 1;
        const qk_json_value *l = qk_json_get(limits, qk_pollutant_name((qk_pollutant)p));
        at->item = qk_pollutant_name((qk_pollutant)p);
        if (!l || l->type != QK_JSON_NUMBER || qk_dec_parse_e(&out->limit[p], l->text) != QK_OK ||
            out->limit[p].mantissa <= 0 || out->limit[p].scale > 6)
            return refuse(at, "a limit above 0 is needed");
        if (weights && (!qk_json_get_i64(weights, at->item, &weight) || weight < 0 || weight > 100))
            return refuse(at, "a weight 0 .. 100 is needed");
        out->weight[p] = (int32_t)weight;
        at->item = NULL;
    }
    return QK_OK;
}

/* Takes the place of the row of the same name, or is added, in order of from_day. All tables
 * share this by the offsets of name and from_day in their rows. */
typedef struct table {
    char *rows;
    size_t *count;
    size_t max;
    size_t size;
    size_t from_at; /* from_day, followed by to_day */
} table;

static int32_t day_at(const table *t, size_t row, size_t which)
{
    int32_t day;
    memcpy(&day, t->rows + row * t->size + t->from_at + which * sizeof day, sizeof day);
    return day;
}

static bool is_default(const table *t, size_t row)
{
    return day_at(t, row, 0) <= day_at(t, row, 1);
}

static qk_code put_row(const place *at, const table *t, const void *row)
{
    size_t i = 0, size = t->size;
    while (i < *t->count && strcmp(t->rows + i * size, row) != 0) i++;
    if (i < *t->count) {
        (*t->count)--;
        memmove(t->rows + i * size, t->rows + (i + 1) * size, (*t->count - i) * size);
    } else if (*t->count == t->max) {
        return refuse(at, "the table is full");
    }
    int32_t from;
    memcpy(&from, (const char *)row + t->from_at, sizeof from);
    size_t to = *t->count;
    while (to > 0 && day_at(t, to - 1, 0) > from) to--;
    memmove(t->rows + (to + 1) * size, t->rows + to * size, (*t->count - to) * size);
    memcpy(t->rows + to * size, row, size);
    (*t->count)++;
    return QK_OK;
}

static qk_code check_days(const place *at, const table *t)
{
    for (size_t i = 0; i < *t->count; i++)
        for (size_t j = 0; j < i; j++)
            if (is_default(t, i) && is_default(t, j) && day_at(t, i, 0) <= day_at(t, j, 1) &&
                day_at(t, j, 0) <= day_at(t, i, 1))
                return refuse(at, "two rows hold on the same day");
    for (size_t i = 0; i < *t->count; i++)
        if (is_default(t, i)) return QK_OK;
    return refuse(at, "no row holds on any day");
}

static void write_day(qk_json_writer *w, const char *name, int32_t day)
{
    char text[QK_TIME_TEXT];
    qk_json_key(w, name);
    if (day == INT32_MIN || day == INT32_MAX)
        qk_json_null(w);
    else
        qk_json_cstr(w, qk_date_iso(text, (qk_time)day * QK_DAY - QK_CST_OFFSET));
}

void qk_rules_write_head(qk_json_writer *w, const char *name, const char *source, const char *zh,
                         int32_t from, int32_t to)
{
    qk_json_object(w);
    qk_json_kcstr(w, "name", name);
    qk_json_kcstr(w, "source", source);
    qk_json_kcstr(w, "source_zh", zh);
    write_day(w, "from", from);
    write_day(w, "to", to);
}

static void write_items(qk_json_writer *w, const char *name, uint32_t items)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (items & QK_AQI_BIT(i)) qk_json_cstr(w, qk_aqi_item_name((qk_aqi_item)i));
    qk_json_end(w);
}

static void write_aqi(qk_json_writer *w, const void *row)
{
    const qk_aqi_rule *r = row;
    qk_rules_write_head(w, r->name, r->source, r->source_zh, r->from_day, r->to_day);
    write_items(w, "daily", r->daily_items);
    write_items(w, "hourly", r->hourly_items);
    write_items(w, "optional", r->optional_items);
    qk_json_kbool(w, "missing_blocks", r->missing_blocks);
    qk_json_kbool(w, "names_exceeding", r->names_exceeding);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int i = 0; i < QK_AQI_ITEMS; i++) {
        int32_t decimals = qk_pollutant_decimals(qk_aqi_item_pollutant((qk_aqi_item)i));
        if (r->points[i] == 0) continue;
        qk_json_key(w, qk_aqi_item_name((qk_aqi_item)i));
        qk_json_object(w);
        qk_json_key(w, "breakpoints");
        qk_json_array(w);
        for (int k = 0; k < r->points[i]; k++)
            qk_json_dec(w, (qk_dec){r->breakpoint[i][k], decimals});
        qk_json_end(w);
        qk_json_key(w, "above");
        r->above[i] < 0 ? qk_json_null(w) : qk_json_i64(w, r->above[i]);
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static void write_limits(qk_json_writer *w, const void *row)
{
    const qk_limits *l = row;
    qk_rules_write_head(w, l->name, l->source, l->source_zh, l->from_day, l->to_day);
    qk_json_key(w, "items");
    qk_json_object(w);
    for (int i = 0; i < QK_LIMIT_ITEMS; i++) {
        qk_json_key(w, limit_names[i]);
        qk_json_object(w);
        for (int a = 0; a < QK_AVERAGINGS; a++) {
            if (l->limit[i][a][1].mantissa == 0) continue;
            qk_json_key(w, averaging_names[a]);
            qk_json_array(w);
            qk_json_dec(w, l->limit[i][a][0]);
            qk_json_dec(w, l->limit[i][a][1]);
            qk_json_end(w);
        }
        qk_json_end(w);
    }
    qk_json_end(w);
    qk_json_end(w);
}

static void write_index(qk_json_writer *w, const void *row)
{
    const qk_index_profile *p = row;
    bool standing = p->from_day <= p->to_day;
    qk_rules_write_head(w, p->name, p->source, p->source_zh, standing ? p->from_day : INT32_MIN,
                        standing ? p->to_day : INT32_MAX);
    qk_json_kbool(w, "default", standing);
    qk_json_key(w, "limits");
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        qk_json_key(w, qk_pollutant_name((qk_pollutant)i));
        qk_json_dec(w, p->limit[i]);
    }
    qk_json_end(w);
    qk_json_key(w, "weights");
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++)
        qk_json_ki64(w, qk_pollutant_name((qk_pollutant)i), p->weight[i]);
    qk_json_end(w);
    qk_json_end(w);
}

typedef union any_row {
    qk_aqi_rule aqi;
    qk_limits limits;
    qk_index_profile index;
    qk_qc_rule qc;
    qk_warning_rule warning;
    qk_ldar_rule ldar;
    qk_vapour_rule vapour;
    qk_compensation_rule compensation;
    qk_fume_rule fume;
    qk_cems_rule cems;
    qk_amount_rule amount;
    qk_assess_rule assess;
    qk_fraud_rule fraud;
    qk_component_rule component;
} any_row;

/* What a table is, by the place of its rows in qk_rules. */
typedef struct kind {
    const char *name;
    size_t rows_at, count_at, max, size, from_at;
    qk_code (*read)(place *at, const qk_json_value *row, void *out);
    void (*write)(qk_json_writer *w, const void *row);
} kind;
enum {
    AQI,
    LIMITS,
    INDEX,
    QC,
    WARNING,
    LDAR,
    VAPOUR,
    COMPENSATION,
    FUME,
    CEMS,
    DEDUCTION,
    SUBSIDY,
    ASSESSMENT,
    FRAUD,
    COMPONENT,
    KINDS
};

#define KIND(table, type, max, read, write)                                                      \
    {                                                                                            \
#table, offsetof(qk_rules, table), offsetof(qk_rules, table##_count), max, sizeof(type), \
            offsetof(type, from_day), read, write                                                \
    }
#define SOURCES(table)                                                           \
    KIND(table, qk_##table##_rule, QK_RULES_SOURCES_MAX, qk_##table##_rule_read, \
         qk_##table##_rule_write)

static const kind kinds[KINDS] = {
    [AQI] = KIND(aqi, qk_aqi_rule, QK_RULES_AQI_MAX, read_aqi, write_aqi),
    [LIMITS] = KIND(limits, qk_limits, QK_RULES_LIMITS_MAX, read_limits, write_limits),
    [INDEX] = KIND(index, qk_index_profile, QK_RULES_INDEX_MAX, read_index, write_index),
    [QC] = KIND(qc, qk_qc_rule, QK_RULES_QC_MAX, qk_qc_rule_read, qk_qc_rule_write),
    [WARNING] = SOURCES(warning),
    [LDAR] = SOURCES(ldar),
    [VAPOUR] = SOURCES(vapour),
    [COMPENSATION] = SOURCES(compensation),
    [FUME] = SOURCES(fume),
    [CEMS] = SOURCES(cems),
    [DEDUCTION] = KIND(deduction, qk_amount_rule, QK_RULES_SOURCES_MAX, qk_amount_rule_read,
                       qk_amount_rule_write),
    [SUBSIDY] = KIND(subsidy, qk_amount_rule, QK_RULES_SOURCES_MAX, qk_amount_rule_read,
                     qk_amount_rule_write),
    [ASSESSMENT] = KIND(assessment, qk_assess_rule, QK_RULES_SOURCES_MAX, qk_assess_rule_read,
                        qk_assess_rule_write),
    [FRAUD] = SOURCES(fraud),
    [COMPONENT] = SOURCES(component),
};

static qk_code read_table(place *at, const qk_json_value *tree, const kind *k, const table *t)
{
    const qk_json_value *rows = qk_json_get(tree, k->name);
    any_row row;
    at->row = 0;
    if (!rows) return QK_OK;
    if (rows->type != QK_JSON_ARRAY) return refuse(at, "must be a list of rows");
    for (const qk_json_value *v = rows->first; v; v = v->next, at->row++) {
        memset(&row, 0, sizeof row);
        at->at = v;
        at->item = NULL;
        QK_TRY(k->read(at, v, &row));
        QK_TRY(put_row(at, t, &row));
    }
    return check_days(at, t);
}

qk_code qk_rules_parse(qk_rules *out, qk_str text, qk_arena *arena, qk_error *err)
{
    qk_json_value *tree;
    place at = {.text = text, .table = "", .err = err};
    QK_TRY(qk_json_parse(&tree, text, arena, err));
    if (tree->type != QK_JSON_OBJECT) return qk_fail(err, QK_EFORMAT, "rules are a JSON object");
    qk_rules_default(out);
    for (size_t i = 0; i < KINDS; i++) {
        const kind *k = &kinds[i];
        char *base = (char *)out;
        table t = {base + k->rows_at, (size_t *)(void *)(base + k->count_at), k->max, k->size,
                   k->from_at};
        at.table = k->name;
        at.at = NULL;
        QK_TRY(read_table(&at, tree, k, &t));
    }
    return QK_OK;
}

const char *qk_rules_table(size_t i)
{
    return i < KINDS ? kinds[i].name : NULL;
}

static size_t count_of(const qk_rules *rules, const kind *k)
{
    size_t count;
    memcpy(&count, (const char *)rules + k->count_at, sizeof count);
    return count;
}

static const void *row_of(const qk_rules *rules, const kind *k, size_t i)
{
    return (const char *)rules + k->rows_at + i * k->size;
}

bool qk_rules_write_table(qk_json_writer *w, const qk_rules *rules, const char *which)
{
    const kind *k = NULL;
    for (size_t i = 0; i < KINDS && !k; i++)
        if (strcmp(which, kinds[i].name) == 0) k = &kinds[i];
    if (!k) return false;
    qk_json_array(w);
    for (size_t i = 0; i < count_of(rules, k); i++) k->write(w, row_of(rules, k, i));
    qk_json_end(w);
    return true;
}

void qk_rules_write(qk_json_writer *w, const qk_rules *rules)
{
    qk_json_object(w);
    for (size_t i = 0; i < KINDS; i++) {
        qk_json_key(w, kinds[i].name);
        (void)qk_rules_write_table(w, rules, kinds[i].name);
    }
    qk_json_end(w);
}

/* Rows that are never the default are passed over. */
static const void *row_on(const qk_rules *rules, size_t which, int32_t day)
{
    const kind *k = &kinds[which];
    const void *last = row_of(rules, k, 0);
    for (size_t i = 0; i < count_of(rules, k); i++) {
        int32_t days[2];
        const char *row = row_of(rules, k, i);
        memcpy(days, row + k->from_at, sizeof days);
        if (days[0] > days[1]) continue;
        last = row;
        if (day <= days[1]) break;
    }
    return last;
}

const qk_aqi_rule *qk_rules_aqi_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, AQI, day);
}

const qk_limits *qk_rules_limits_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, LIMITS, day);
}

const qk_index_profile *qk_rules_index_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, INDEX, day);
}

const qk_qc_rule *qk_rules_qc_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, QC, day);
}

const qk_warning_rule *qk_rules_warning_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, WARNING, day);
}

const qk_ldar_rule *qk_rules_ldar_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, LDAR, day);
}

const qk_vapour_rule *qk_rules_vapour_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, VAPOUR, day);
}

const qk_compensation_rule *qk_rules_compensation_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, COMPENSATION, day);
}

const qk_fume_rule *qk_rules_fume_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, FUME, day);
}

const qk_cems_rule *qk_rules_cems_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, CEMS, day);
}

const qk_fraud_rule *qk_rules_fraud_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, FRAUD, day);
}

const qk_component_rule *qk_rules_component_on(const qk_rules *rules, int32_t day)
{
    return row_on(rules, COMPONENT, day);
}

const qk_aqi_rule *qk_rules_aqi_named(const qk_rules *rules, qk_str name)
{
    for (size_t i = 0; i < rules->aqi_count; i++) {
        qk_str full = qk_str_of(rules->aqi[i].name);
        if (qk_str_eq_nocase(full, name)) return &rules->aqi[i];
        if (name.len == 4 && qk_str_ends(full, name)) return &rules->aqi[i];
    }
    return NULL;
}

const qk_index_profile *qk_rules_index_named(const qk_rules *rules, qk_str name)
{
    for (size_t i = 0; i < rules->index_count; i++)
        if (qk_str_eq(name, qk_str_of(rules->index[i].name))) return &rules->index[i];
    return NULL;
}

const qk_warning_rule *qk_rules_warning_named(const qk_rules *rules, qk_str name)
{
    for (size_t i = 0; i < rules->warning_count; i++)
        if (qk_str_eq(name, qk_str_of(rules->warning[i].name))) return &rules->warning[i];
    return NULL;
}
