/* SPDX-License-Identifier: Apache-2.0 */
#include "standards/evaluate.h"

enum { LCM = 212520, O3_HOUR_LIMIT = 200 };

const int32_t qk_day_end_hours[QK_DAY_ENDS] = {6, 3};

static const qk_aqi_item daily_item[QK_POLLUTANTS + 1] = {
    QK_SO2_24H, QK_NO2_24H, QK_PM10_24H, QK_PM25_24H, QK_CO_24H, QK_O3_8H, QK_O3_1H};

static qk_fine fine_of_quanta(int64_t quanta)
{
    return (qk_fine)quanta << QK_FINE_SHIFT;
}

/* Half to even of quanta at a step (quanta of one reported digit). */
static int64_t round_quanta(int64_t quanta, int64_t step)
{
    int64_t whole = quanta / step;
    int64_t twice = (quanta % step) * 2;
    if (twice > step || (twice == step && whole % 2 != 0)) whole++;
    return whole;
}

static int64_t round_fine(qk_fine value, bool tenths)
{
    int64_t step = tenths ? QK_QUANTA_PER_UNIT / 10 : QK_QUANTA_PER_UNIT;
    qk_fine low = ((qk_fine)1 << QK_FINE_SHIFT) - 1;
    if (value < 0) return QK_AQI_NA;
    if ((value & low) == 0) return round_quanta((int64_t)(value >> QK_FINE_SHIFT), step);
    qk_dec d;
    if (qk_exact_round(&d, (qk_exact){value, 1}, tenths ? 1 : 0) != QK_OK) return QK_AQI_NA;
    return d.mantissa;
}

static void mean_day(qk_day *out, int p, const int64_t *micro)
{
    int64_t sum = 0;
    int n = 0;
    for (int h = 0; h < 24; h++) {
        if (micro[h] < 0) continue;
        sum += micro[h];
        n++;
    }
    out->hours[p] = (uint8_t)n;
    out->stat[p] = n < QK_HOURS_DAY_MIN ? QK_FINE_NONE : fine_of_quanta(sum * (LCM / n));
}

static void ozone_day(qk_day *out, const int64_t *micro)
{
    int64_t sum = 0, top = -1, largest = -1;
    int n = 0, windows = 0, hours = 0;
    for (int h = 0; h < 24; h++) {
        if (micro[h] >= 0) {
            sum += micro[h];
            n++;
            hours++;
            if (micro[h] > largest) largest = micro[h];
        }
        if (h >= 8 && micro[h - 8] >= 0) {
            sum -= micro[h - 8];
            n--;
        }
        if (h < 7 || n < QK_HOURS_8H_MIN) continue;
        int64_t quanta = sum * (LCM / n);
        if (quanta > top) top = quanta;
        windows++;
    }
    out->hours[QK_O3] = (uint8_t)hours;
    bool stands = windows >= QK_WINDOWS_DAY_MIN ||
                  (windows > 0 && round_quanta(top, QK_QUANTA_PER_UNIT) > QK_O3_8H_LIMIT);
    out->stat[QK_O3] = stands ? fine_of_quanta(top) : QK_FINE_NONE;
    bool hour_stands =
        hours >= QK_HOURS_DAY_MIN ||
        (hours > 0 && round_quanta(largest * LCM, QK_QUANTA_PER_UNIT) > O3_HOUR_LIMIT);
    out->o3_hour = hour_stands ? fine_of_quanta(largest * LCM) : QK_FINE_NONE;
}

static float mean_end(const int64_t *micro, int32_t hours)
{
    int64_t sum = 0;
    int32_t n = 0;
    for (int32_t h = 24 - hours; h < 24; h++) {
        if (micro[h] < 0) continue;
        sum += micro[h];
        n++;
    }
    return n * 2 < hours ? 0 : (float)sum / (float)n / 1e6f;
}

void qk_day_of(qk_day *out, const qk_hours *hours)
{
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        if (p != QK_O3) mean_day(out, p, hours->micro[p]);
        for (int i = 0; i < QK_DAY_ENDS; i++)
            out->end[p][i] = mean_end(hours->micro[p], qk_day_end_hours[i]);
    }
    ozone_day(out, hours->micro[QK_O3]);
}

void qk_day_rounded(int64_t rounded[QK_POLLUTANTS + 1], const qk_day *day)
{
    for (int p = 0; p < QK_POLLUTANTS; p++) rounded[p] = round_fine(day->stat[p], p == QK_CO);
    rounded[QK_POLLUTANTS] = round_fine(day->o3_hour, false);
}

void qk_day_judge(qk_aqi *out, qk_day *day, const qk_aqi_rule *rule)
{
    int64_t rounded[QK_POLLUTANTS + 1];
    qk_day_rounded(rounded, day);
    out->missing = 0;
    for (int i = 0; i < QK_AQI_ITEMS; i++) out->iaqi[i] = QK_AQI_NA;
    for (int p = 0; p <= QK_POLLUTANTS; p++) {
        uint32_t bit = QK_AQI_BIT(daily_item[p]);
        if (!(rule->daily_items & bit)) continue;
        if (rounded[p] >= 0)
            out->iaqi[daily_item[p]] = qk_iaqi_of_rounded(rule, daily_item[p], rounded[p]);
        else if (!(rule->optional_items & bit) && !((day->unplanned >> p) & 1))
            out->missing |= bit;
    }
    qk_aqi_settle(out, rule, rule->daily_items);
    day->aqi = (int16_t)out->aqi;
    day->primary = (uint16_t)out->primary;
}

void qk_city_add(qk_city_day *city, const qk_day *station)
{
    city->seen++;
    city->planned |= (uint8_t)~station->unplanned;
    if (station->flags & QK_DAY_DUST) city->dusty++;
    for (int p = 0; p <= QK_POLLUTANTS; p++) {
        qk_fine value = p == QK_POLLUTANTS ? station->o3_hour : station->stat[p];
        if (value < 0) continue;
        city->sum[p] += value;
        city->valid[p]++;
    }
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        for (int i = 0; i < QK_DAY_ENDS; i++) {
            if (!(station->end[p][i] > 0)) continue;
            city->end[p][i] += station->end[p][i];
            city->ends[p][i]++;
        }
    }
}

static void mean_ends(qk_day *out, const qk_city_day *city)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int i = 0; i < QK_DAY_ENDS; i++)
            out->end[p][i] = city->ends[p][i] ? city->end[p][i] / (float)city->ends[p][i] : 0;
}

void qk_city_mean(qk_day *out, const qk_city_day *city, uint32_t stations)
{
    for (int p = 0; p <= QK_POLLUTANTS; p++) {
        bool enough = city->valid[p] > 0 && (uint64_t)city->valid[p] * 4 >= (uint64_t)stations * 3;
        qk_fine mean = enough ? city->sum[p] / city->valid[p] : QK_FINE_NONE;
        if (p == QK_POLLUTANTS)
            out->o3_hour = mean;
        else
            out->stat[p] = mean;
    }
    mean_ends(out, city);
    out->unplanned = (uint8_t)~city->planned;
    if (city->seen > 0) out->flags |= QK_DAY_RECORDED;
    if (city->seen > 0 && city->dusty == city->seen) out->flags |= QK_DAY_DUST;
}

/* Half to even of num/den at `decimals`, taking what is within `slack` (of num) of a tie for it. */
static qk_code round_near(qk_dec *out, qk_i128 num, qk_i128 den, int32_t decimals, qk_i128 slack)
{
    qk_i128 scaled = num;
    for (int32_t i = 0; i < decimals; i++) {
        if (__builtin_mul_overflow(scaled, 10, &scaled)) return QK_ERANGE;
        slack *= 10;
    }
    qk_i128 whole = scaled / den;
    qk_i128 off = (scaled % den) * 2 - den;
    bool tie = off <= 2 * slack && off >= -2 * slack;
    if (tie ? whole % 2 != 0 : off > 0) whole++;
    if (whole > INT64_MAX) return QK_ERANGE;
    *out = (qk_dec){(int64_t)whole, decimals};
    return QK_OK;
}

/* Grains that a sum of a year of station means, or a hundredfold percentile, may lie low. */
#define SLACK ((qk_i128)100 * 400)

qk_code qk_exact_round(qk_dec *out, qk_exact value, int32_t decimals)
{
    if (value.den == 0 || value.num < 0) return QK_EINVAL;
    qk_i128 unit = fine_of_quanta(QK_QUANTA_PER_UNIT);
    return round_near(out, value.num, value.den * unit, decimals, SLACK);
}

int32_t qk_percentile_of(qk_pollutant p)
{
    static const int32_t table[QK_POLLUTANTS] = {98, 98, 95, 95, 95, 90};
    return table[p];
}

static void swap_fine(qk_fine *a, qk_fine *b)
{
    qk_fine kept = *a;
    *a = *b;
    *b = kept;
}

/* Puts the k-th smallest at v[k], what is smaller before it, what is larger behind it. */
static void select_fine(qk_fine *v, int32_t n, int32_t k)
{
    int32_t low = 0, high = n - 1;
    while (low < high) {
        qk_fine pivot = v[low + (high - low) / 2];
        int32_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) swap_fine(&v[i++], &v[j--]);
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

static qk_fine smallest_of(const qk_fine *v, int32_t n)
{
    qk_fine least = v[0];
    for (int32_t i = 1; i < n; i++)
        if (v[i] < least) least = v[i];
    return least;
}

static void find_stat(qk_item_stat *out, qk_fine *values, int32_t n, int32_t percentile)
{
    *out = (qk_item_stat){.days = n};
    if (n == 0) return;
    qk_fine sum = 0;
    for (int32_t i = 0; i < n; i++) sum += values[i];
    out->mean = (qk_exact){sum, n};
    int32_t at = (n - 1) * percentile; /* hundredths of a place, HJ 663 annex A */
    int32_t k = at / 100;
    select_fine(values, n, k);
    qk_fine low = values[k];
    qk_fine high = k + 1 < n ? smallest_of(values + k + 1, n - k - 1) : low;
    out->percentile = (qk_exact){low * 100 + (high - low) * (at % 100), 100};
}

static bool enough_days(const int32_t *by_month, int32_t n, int32_t length, qk_period_rule rule,
                        int32_t month)
{
    if (rule == QK_PERIOD_YEAR) return qk_year_complete(by_month, NULL);
    if (rule == QK_PERIOD_MONTH) return n >= qk_month_days_min(month);
    return n > 0 && n * 4 >= length * 3;
}

static bool counts_in(const qk_day *d, int p, bool no_dust)
{
    return (d->flags & QK_DAY_RECORDED) && d->stat[p] >= 0 &&
           !(no_dust && (d->flags & QK_DAY_DUST));
}

static void item_of(qk_item_stat *out, const qk_day *days, const qk_period *period,
                    qk_period_rule rule, int p, bool no_dust)
{
    qk_fine values[366];
    int32_t by_month[12] = {0};
    int32_t n = 0, length = period->to_day - period->from_day + 1;
    qk_civil first = qk_civil_of((qk_time)period->from_day * QK_DAY - QK_CST_OFFSET);
    int32_t month = first.month, left = qk_days_in_month(first.year, month) - first.day + 1;
    for (int32_t i = 0; i < length && i < 366; i++, left--) {
        if (left == 0) {
            month = month % 12 + 1;
            left = qk_days_in_month(first.year, month);
        }
        if (!counts_in(&days[i], p, no_dust)) continue;
        by_month[month - 1]++;
        values[n++] = days[i].stat[p];
    }
    find_stat(out, values, n, qk_percentile_of((qk_pollutant)p));
    out->valid = enough_days(by_month, n, length, rule, first.month);
}

static void count_day(qk_period *out, const qk_day *d)
{
    if (!(d->flags & QK_DAY_RECORDED)) return;
    if (d->flags & QK_DAY_DUST) out->dust_days++;
    if (d->stat[QK_O3] >= 0 && round_fine(d->stat[QK_O3], false) > QK_O3_8H_LIMIT)
        out->o3_over_days++;
    if (d->aqi < 0) return;
    out->count.valid++;
    out->count.good += d->aqi <= 100;
    out->count.heavy += d->aqi > 200;
    uint32_t named = 0; /* ozone has two items, one pollutant */
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if ((d->primary >> i) & 1) named |= 1u << qk_aqi_item_pollutant((qk_aqi_item)i);
    for (int p = 0; p < QK_POLLUTANTS; p++) out->primary_days[p] += (named >> p) & 1;
}

void qk_period_of(qk_period *out, const qk_day *days, int32_t from_day, int32_t to_day,
                  qk_period_rule rule)
{
    *out = (qk_period){.from_day = from_day, .to_day = to_day};
    for (int32_t i = 0; i <= to_day - from_day && i < 366; i++) count_day(out, &days[i]);
    for (int p = 0; p < QK_POLLUTANTS; p++) item_of(&out->item[p], days, out, rule, p, false);
    out->pm10_no_dust = out->item[QK_PM10];
    out->pm25_no_dust = out->item[QK_PM25];
    if (out->dust_days == 0) return;
    item_of(&out->pm10_no_dust, days, out, rule, QK_PM10, true);
    item_of(&out->pm25_no_dust, days, out, rule, QK_PM25, true);
}

void qk_year_init(qk_year *y, int32_t year)
{
    qk_time t = 0;
    qk_civil first = {.year = year, .month = 1, .day = 1};
    if (qk_time_of(&t, &first) != QK_OK) t = 0;
    y->year = year;
    y->first_day = qk_day_number(t);
    y->days = qk_is_leap_year(year) ? 366 : 365;
    for (int i = 0; i < 366; i++) {
        y->day[i].day = y->first_day + i;
        y->day[i].aqi = QK_AQI_NA;
        y->day[i].flags = 0;
    }
}

qk_code qk_year_put(qk_year *y, const qk_day *day)
{
    int32_t at = day->day - y->first_day;
    if (at < 0 || at >= y->days) return QK_ERANGE;
    y->day[at] = *day;
    y->day[at].flags |= QK_DAY_RECORDED;
    return QK_OK;
}

void qk_year_judge(qk_year *y, const qk_aqi_rule *rule)
{
    qk_aqi aqi;
    for (int32_t d = 0; d < y->days; d++)
        if (y->day[d].flags & QK_DAY_RECORDED) qk_day_judge(&aqi, &y->day[d], rule);
}

void qk_year_month(qk_period *out, const qk_year *y, int32_t month)
{
    int32_t at = 0;
    for (int32_t m = 1; m < month; m++) at += qk_days_in_month(y->year, m);
    int32_t length = qk_days_in_month(y->year, month);
    qk_period_of(out, &y->day[at], y->first_day + at, y->first_day + at + length - 1,
                 QK_PERIOD_MONTH);
}

void qk_year_total(qk_period *out, const qk_year *y)
{
    qk_period_of(out, y->day, y->first_day, y->first_day + y->days - 1, QK_PERIOD_YEAR);
}

qk_exact qk_period_value(const qk_period *period, qk_pollutant p)
{
    return p == QK_CO || p == QK_O3 ? period->item[p].percentile : period->item[p].mean;
}

#define E9  ((qk_i128)1000000000)
#define E18 (E9 * E9)

/* num/den in units of 10^-18, in two steps so that nothing overflows. */
static qk_i128 index_units(qk_exact value)
{
    qk_i128 den = value.den * fine_of_quanta(QK_QUANTA_PER_UNIT);
    qk_i128 whole = value.num / den;
    qk_i128 rest = (value.num % den) * E9;
    qk_i128 high = rest / den;
    qk_i128 low = (rest % den) * E9 / den;
    return whole * E18 + high * E9 + low;
}

void qk_period_index(qk_fine_index *out, const qk_period *period, const qk_index_profile *profile,
                     bool without_dust)
{
    *out = (qk_fine_index){.max = -1};
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        qk_exact value = qk_period_value(period, (qk_pollutant)p);
        if (without_dust && p == QK_PM10) value = period->pm10_no_dust.mean;
        if (without_dust && p == QK_PM25) value = period->pm25_no_dust.mean;
        if (value.den == 0) {
            out->total = -1;
            return;
        }
        qk_i128 units = index_units(value);
        for (int32_t i = 0; i < profile->limit[p].scale; i++) units *= 10;
        out->single[p] = units / profile->limit[p].mantissa;
        out->total += out->single[p] * profile->weight[p];
        if (out->single[p] > out->max) out->max = out->single[p];
    }
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (out->max > 0 && out->max - out->single[p] < 1000) out->primary |= 1u << p;
}

qk_dec qk_fine_index_round(qk_i128 value, int32_t decimals)
{
    qk_dec d = {0, decimals};
    if (round_near(&d, value, E18, decimals, 1000) != QK_OK) return (qk_dec){0, decimals};
    return d;
}
