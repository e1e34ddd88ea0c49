/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/fraud.h"
#include <stdio.h>
#include <stdlib.h>

enum { DAY_MS = 86400000, MINUTE_MS = 60000, DAY_2016_01_01 = 16801 };

const qk_fraud_rule *qk_fraud_rules(size_t *count)
{
    static const qk_fraud_rule shipped[] = {
        {"fraud-2015", "环发〔2015〕175号; numbers are conventions of this program",
         "环发〔2015〕175号，数值为本系统约定", DAY_2016_01_01, INT32_MAX, 3, 4, 3, 50, 279, 30, 12,
         4, 7}};
    *count = sizeof shipped / sizeof shipped[0];
    return shipped;
}

const char *qk_fraud_kind_name(qk_fraud_kind kind)
{
    static const char *const names[QK_FRAUD_KINDS] = {"two_places",     "two_values", "same_set",
                                                      "same_run",       "last_digit", "back_dated",
                                                      "before_sampling"};
    return names[kind];
}

double qk_fraud_chi_square(const int64_t count[10])
{
    double n = 0, sum = 0;
    for (int d = 0; d < 10; d++) n += (double)count[d];
    for (int d = 0; d < 10 && n > 0; d++) {
        double off = (double)count[d] - n / 10;
        sum += off * off / (n / 10);
    }
    return sum;
}

/* ---- findings ---- */

typedef const qk_fraud_sample *row;

typedef struct check {
    const qk_fraud_rule *rule;
    row *rows; /* of all samples, sorted anew by each look */
    size_t n;
    qk_fraud_finding *list;
    size_t found;
    qk_arena *arena;
} check;

/* Rows begin..end of the sorted list show something. */
static qk_code tell(check *c, qk_fraud_kind kind, const row *rows, size_t n, double statistic)
{
    if (c->found == QK_FRAUD_FINDINGS) return QK_OK;
    qk_fraud_finding *f = &c->list[c->found++];
    *f = (qk_fraud_finding){.kind = kind, .all = n, .statistic = statistic};
    f->n = n < QK_FRAUD_ROWS ? n : QK_FRAUD_ROWS;
    f->rows = qk_arena_array(c->arena, f->n + 1, sizeof *f->rows);
    if (!f->rows) return QK_ENOMEM;
    memcpy(f->rows, rows, f->n * sizeof *rows);
    return QK_OK;
}

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_text(qk_str a, qk_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return order ? order : by_number((int64_t)a.len, (int64_t)b.len);
}

static int64_t minute_of(const qk_fraud_sample *s)
{
    return s->at / MINUTE_MS;
}

static int by_person(const void *a, const void *b)
{
    row x = *(const row *)a, y = *(const row *)b;
    int order = strcmp(x->institution, y->institution);
    if (!order) order = strcmp(x->person, y->person);
    if (!order) order = by_number(minute_of(x), minute_of(y));
    if (!order) order = strcmp(x->point, y->point);
    if (!order) order = strcmp(x->item, y->item);
    return order ? order : by_number(x->id, y->id);
}

static int by_sample(const void *a, const void *b)
{
    row x = *(const row *)a, y = *(const row *)b;
    int order = strcmp(x->point, y->point);
    if (!order) order = strcmp(x->item, y->item);
    if (!order) order = by_number(x->at, y->at);
    if (!order) order = by_text(x->digits, y->digits);
    return order ? order : by_number(x->id, y->id);
}

static int by_sampling(const void *a, const void *b)
{
    row x = *(const row *)a, y = *(const row *)b;
    int order = strcmp(x->institution, y->institution);
    if (!order) order = strcmp(x->point, y->point);
    if (!order) order = by_number(x->at, y->at);
    if (!order) order = strcmp(x->report, y->report);
    if (!order) order = strcmp(x->item, y->item);
    return order ? order : by_number(x->id, y->id);
}

static int by_item(const void *a, const void *b)
{
    row x = *(const row *)a, y = *(const row *)b;
    int order = strcmp(x->institution, y->institution);
    if (!order) order = strcmp(x->item, y->item);
    if (!order) order = strcmp(x->point, y->point);
    if (!order) order = by_number(x->at, y->at);
    return order ? order : by_number(x->id, y->id);
}

static int by_report(const void *a, const void *b)
{
    row x = *(const row *)a, y = *(const row *)b;
    int order = strcmp(x->institution, y->institution);
    if (!order) order = strcmp(x->report, y->report);
    if (!order) order = by_number(x->at, y->at);
    return order ? order : by_number(x->id, y->id);
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

typedef bool same_fn(row a, row b);
/* End of the group that begins at `from`. */
static size_t group_end(const check *c, size_t from, same_fn *same)
{
    size_t end = from + 1;
    while (end < c->n && same(c->rows[from], c->rows[end])) end++;
    return end;
}

/* ---- samples ---- */

static bool same_minute(row a, row b)
{
    return same_text(a->institution, b->institution) && same_text(a->person, b->person) &&
           minute_of(a) == minute_of(b);
}

static qk_code look_for_places(check *c)
{
    qsort(c->rows, c->n, sizeof *c->rows, by_person);
    for (size_t i = 0, end; i < c->n; i = end) {
        end = group_end(c, i, same_minute);
        if (!same_text(c->rows[i]->point, c->rows[end - 1]->point))
            QK_TRY(tell(c, QK_FRAUD_TWO_PLACES, &c->rows[i], end - i, 0));
    }
    return QK_OK;
}

static bool same_sample(row a, row b)
{
    return same_text(a->point, b->point) && same_text(a->item, b->item) && a->at == b->at;
}

static qk_code look_for_values(check *c)
{
    qsort(c->rows, c->n, sizeof *c->rows, by_sample);
    for (size_t i = 0, end; i < c->n; i = end) {
        end = group_end(c, i, same_sample);
        if (by_text(c->rows[i]->digits, c->rows[end - 1]->digits) != 0)
            QK_TRY(tell(c, QK_FRAUD_TWO_VALUES, &c->rows[i], end - i, 0));
    }
    return QK_OK;
}

/* ---- sets: all items of one sampling ---- */

typedef struct sampling {
    const row *rows;
    size_t n;
    qk_str text; /* "item=digits;…" */
} sampling;

static int by_set(const void *a, const void *b)
{
    const sampling *x = a, *y = b;
    int order = by_text(x->text, y->text);
    return order ? order : by_number(x->rows[0]->id, y->rows[0]->id);
}

static bool same_sampling(row a, row b)
{
    return same_text(a->institution, b->institution) && same_text(a->point, b->point) &&
           a->at == b->at && same_text(a->report, b->report);
}

static bool name_set(sampling *s, qk_arena *arena)
{
    size_t room = 1, at = 0;
    for (size_t i = 0; i < s->n; i++) room += strlen(s->rows[i]->item) + s->rows[i]->digits.len + 2;
    char *text = qk_arena_alloc(arena, room);
    if (!text) return false;
    for (size_t i = 0; i < s->n; i++)
        at += (size_t)snprintf(text + at, room - at, "%s=%.*s;", s->rows[i]->item,
                               QK_STR_ARG(s->rows[i]->digits));
    s->text = (qk_str){text, at};
    return true;
}

static qk_code tell_sets(check *c, const sampling *list, size_t n)
{
    row rows[QK_FRAUD_ROWS];
    size_t kept = 0, all = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < list[i].n; k++, all++)
            if (kept < QK_FRAUD_ROWS) rows[kept++] = list[i].rows[k];
    QK_TRY(tell(c, QK_FRAUD_SAME_SET, rows, kept, 0));
    if (c->found) c->list[c->found - 1].all = all;
    return QK_OK;
}

static qk_code look_for_sets(check *c)
{
    size_t n = 0;
    sampling *list = qk_arena_array(c->arena, c->n + 1, sizeof *list);
    row *rows = qk_arena_array(c->arena, c->n + 1, sizeof *rows);
    if (!list || !rows) return QK_ENOMEM;
    qsort(c->rows, c->n, sizeof *c->rows, by_sampling);
    memcpy(rows, c->rows, c->n * sizeof *rows); /* the samplings look into it */
    for (size_t i = 0, end; i < c->n; i = end) {
        end = group_end(c, i, same_sampling);
        if (end - i < (size_t)c->rule->set_items) continue;
        list[n] = (sampling){.rows = &rows[i], .n = end - i};
        if (!name_set(&list[n++], c->arena)) return QK_ENOMEM;
    }
    qsort(list, n, sizeof *list, by_set);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && by_text(list[i].text, list[end].text) == 0;) end++;
        if (end - i > 1) QK_TRY(tell_sets(c, &list[i], end - i));
    }
    return QK_OK;
}

/* ---- rows of values ---- */

typedef struct window {
    const row *rows;
    size_t at; /* in the sorted list */
} window;

static int by_window(const qk_fraud_rule *rule, const row *a, const row *b)
{
    int order = strcmp(a[0]->item, b[0]->item);
    for (int32_t k = 0; !order && k < rule->run_values; k++)
        order = by_text(a[k]->digits, b[k]->digits);
    return order;
}

static size_t count_distinct(const row *rows, int32_t n)
{
    size_t distinct = 0;
    for (int32_t i = 0; i < n; i++) {
        bool fresh = true;
        for (int32_t k = 0; k < i; k++)
            if (by_text(rows[i]->digits, rows[k]->digits) == 0) fresh = false;
        distinct += fresh;
    }
    return distinct;
}

static bool same_series(row a, row b)
{
    return same_text(a->institution, b->institution) && same_text(a->item, b->item) &&
           same_text(a->point, b->point);
}

/* A heap sort, as the comparison needs the rule and qsort hands none on. */
static void sink(const check *c, window *w, size_t at, size_t n)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && by_window(c->rule, w[child].rows, w[child + 1].rows) < 0) child++;
        if (by_window(c->rule, w[at].rows, w[child].rows) >= 0) return;
        window moved = w[at];
        w[at] = w[child];
        w[child] = moved;
    }
}

static void sort_windows(const check *c, window *w, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) sink(c, w, i, n);
    for (size_t end = n; end-- > 1;) {
        window moved = w[0];
        w[0] = w[end];
        w[end] = moved;
        sink(c, w, 0, end);
    }
}

/* Two stretches of the sorted list: told once, not for every shift of it. */
static qk_code tell_runs(check *c, const window *w, size_t n, bool *told)
{
    row rows[QK_FRAUD_ROWS];
    size_t kept = 0, length = (size_t)c->rule->run_values;
    for (size_t i = 0; i < n; i++) {
        if (told[w[i].at]) return QK_OK;
        for (size_t k = 0; k < length && kept < QK_FRAUD_ROWS; k++) rows[kept++] = w[i].rows[k];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < length; k++) told[w[i].at + k] = true;
    return tell(c, QK_FRAUD_SAME_RUN, rows, kept, 0);
}

static qk_code look_for_runs(check *c)
{
    size_t n = 0, length = (size_t)c->rule->run_values;
    window *w = qk_arena_array(c->arena, c->n + 1, sizeof *w);
    row *rows = qk_arena_array(c->arena, c->n + 1, sizeof *rows);
    bool *told = qk_arena_array(c->arena, c->n + 1, sizeof *told);
    if (!w || !rows || !told) return QK_ENOMEM;
    qsort(c->rows, c->n, sizeof *c->rows, by_item);
    memcpy(rows, c->rows, c->n * sizeof *rows);
    for (size_t i = 0; i + length <= c->n; i++)
        if (same_series(rows[i], rows[i + length - 1]) &&
            count_distinct(&rows[i], c->rule->run_values) >= (size_t)c->rule->run_distinct)
            w[n++] = (window){&rows[i], i};
    sort_windows(c, w, n);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && by_window(c->rule, w[i].rows, w[end].rows) == 0;) end++;
        if (end - i > 1) QK_TRY(tell_runs(c, &w[i], end - i, told));
    }
    return QK_OK;
}

/* ---- last digits ---- */

static size_t decimals_of(qk_str digits)
{
    size_t point = qk_str_find(digits, QK_STR("."), 0);
    return point == SIZE_MAX ? 0 : digits.len - point - 1;
}

static bool same_item(row a, row b)
{
    return same_text(a->institution, b->institution) && same_text(a->item, b->item);
}

/* Of values with as many decimals as most have (at most 6), and at least two digits. */
static qk_code test_digits(check *c, size_t from, size_t end)
{
    int64_t count[10] = {0}, n = 0;
    size_t with[8] = {0}, usual = 0;
    for (size_t i = from; i < end; i++) {
        size_t d = decimals_of(c->rows[i]->digits);
        with[d < 7 ? d : 7]++;
    }
    for (size_t d = 1; d < 7; d++)
        if (with[d] > with[usual]) usual = d;
    for (size_t i = from; i < end; i++) {
        qk_str t = c->rows[i]->digits;
        if (t.len < 2 || decimals_of(t) != usual || !qk_is_digit(t.ptr[t.len - 1])) continue;
        count[t.ptr[t.len - 1] - '0']++;
        n++;
    }
    double chi2 = qk_fraud_chi_square(count);
    if (n < c->rule->digits_least || chi2 * 10 <= c->rule->digits_chi2) return QK_OK;
    return tell(c, QK_FRAUD_LAST_DIGIT, &c->rows[from], end - from, chi2);
}

static qk_code look_at_digits(check *c)
{
    qsort(c->rows, c->n, sizeof *c->rows, by_item);
    for (size_t i = 0, end; i < c->n; i = end) {
        end = group_end(c, i, same_item);
        QK_TRY(test_digits(c, i, end));
    }
    return QK_OK;
}

/* ---- dates ---- */

static bool same_report(row a, row b)
{
    return same_text(a->institution, b->institution) && same_text(a->report, b->report);
}

static qk_code look_at_dates(check *c)
{
    qsort(c->rows, c->n, sizeof *c->rows, by_report);
    for (size_t i = 0, end; i < c->n; i = end) {
        end = group_end(c, i, same_report);
        row first = c->rows[i], last = c->rows[end - 1];
        double late = (double)(first->told - first->at) / DAY_MS;
        if (last->told < last->at) QK_TRY(tell(c, QK_FRAUD_BEFORE, &c->rows[i], end - i, 0));
        if (late > c->rule->back_days)
            QK_TRY(tell(c, QK_FRAUD_BACK_DATED, &c->rows[i], end - i, late));
    }
    return QK_OK;
}

qk_code qk_fraud_check(qk_fraud_finding **out, size_t *found, const qk_fraud_rule *rule,
                       const qk_fraud_sample *samples, size_t n, qk_arena *arena)
{
    check c = {.rule = rule, .n = n, .arena = arena};
    *found = 0;
    c.rows = qk_arena_array(arena, n + 1, sizeof *c.rows);
    c.list = qk_arena_array(arena, QK_FRAUD_FINDINGS, sizeof *c.list);
    *out = c.list;
    if (!c.rows || !c.list) return QK_ENOMEM;
    for (size_t i = 0; i < n; i++) c.rows[i] = &samples[i];
    QK_TRY(look_for_places(&c));
    QK_TRY(look_for_values(&c));
    QK_TRY(look_for_sets(&c));
    QK_TRY(look_for_runs(&c));
    QK_TRY(look_at_digits(&c));
    QK_TRY(look_at_dates(&c));
    *found = c.found;
    return QK_OK;
}

/* ---- hours of stations ---- */

typedef struct stretch {
    const int64_t *values;
    size_t series, at;
    uint64_t hash;
} stretch;

static uint64_t hash_hours(const int64_t *values, size_t n)
{
    uint64_t h = 0xcbf29ce484222325U;
    for (size_t i = 0; i < n; i++) {
        h ^= (uint64_t)values[i];
        h *= 0x9e3779b97f4a7c15U;
        h ^= h >> 29;
    }
    return h;
}

/* A whole stretch of measured hours with enough different values. */
static bool is_telling(const int64_t *values, size_t n, size_t distinct)
{
    size_t different = 0;
    for (size_t i = 0; i < n; i++) {
        bool fresh = true;
        if (values[i] == INT64_MIN) return false;
        for (size_t k = 0; k < i; k++)
            if (values[k] == values[i]) fresh = false;
        different += fresh;
    }
    return different >= distinct;
}

static int by_hash(const void *a, const void *b)
{
    const stretch *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    int order = by_number((int64_t)x->series, (int64_t)y->series);
    return order ? order : by_number((int64_t)x->at, (int64_t)y->at);
}

static void add_twin(qk_fraud_twin *out, size_t most, size_t *found, const qk_fraud_series *series,
                     const stretch *a, const stretch *b, size_t length)
{
    const int64_t *x = series[a->series].micro, *y = series[b->series].micro;
    size_t i = a->at, k = b->at;
    /* Only from its beginning, so that a long stretch is told once. */
    if (i > 0 && k > 0 && x[i - 1] == y[k - 1] && x[i - 1] != INT64_MIN) return;
    while (i + length < series[a->series].hours && k + length < series[b->series].hours &&
           x[i + length] == y[k + length] && x[i + length] != INT64_MIN)
        length++;
    if (a->series == b->series && a->at + length > b->at) return; /* with itself */
    if (*found < most)
        out[(*found)++] = (qk_fraud_twin){a->series, a->at, b->series, b->at, length};
}

qk_code qk_fraud_twins(qk_fraud_twin *out, size_t most, size_t *found, const qk_fraud_rule *rule,
                       const qk_fraud_series *series, size_t n, qk_arena *arena)
{
    size_t all = 0, count = 0, length = (size_t)rule->hours_run;
    *found = 0;
    for (size_t s = 0; s < n; s++) all += series[s].hours;
    stretch *list = qk_arena_array(arena, all + 1, sizeof *list);
    if (!list) return QK_ENOMEM;
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i + length <= series[s].hours; i++) {
            const int64_t *values = series[s].micro + i;
            if (!is_telling(values, length, (size_t)rule->hours_distinct)) continue;
            list[count++] = (stretch){values, s, i, hash_hours(values, length)};
        }
    qsort(list, count, sizeof *list, by_hash);
    for (size_t i = 1; i < count; i++)
        if (list[i].hash == list[i - 1].hash &&
            memcmp(list[i].values, list[i - 1].values, length * sizeof(int64_t)) == 0)
            add_twin(out, most, found, series, &list[i - 1], &list[i], length);
    return QK_OK;
}
