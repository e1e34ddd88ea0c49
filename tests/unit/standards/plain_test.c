/* SPDX-License-Identifier: Apache-2.0 */
/* A second, slow computation of everything from hours to ranks, written from the standards' text
 * with tables of its own and plain whole numbers; it uses nothing of the library but what it
 * checks. Hours are whole tenths of ug/m3 (CO: of mg/m3). */
#include "standards/evaluate.h"
#include "../test.h"

/* 1/2125200 of a unit: tenths over 20..24 hours and over 6..8 hours are whole numbers of it. */
#define PARTS INT64_C(2125200)

__extension__ typedef __int128 wide;
enum { DAYS = 365, SO2 = 0, NO2, PM10, PM25, CO, O3, ITEMS };

typedef struct plain_day {
    int64_t stat[ITEMS]; /* -1: not valid */
    int64_t o3_hour;     /* tenths */
    int aqi, level;
    unsigned primary;
} plain_day;

/* Breakpoints in tenths, for 0 50 100 150 200 300 400 500; 0 behind the last. */
static const int64_t so2_day[8] = {0, 500, 1500, 4750, 8000, 16000, 21000, 26200};
static const int64_t so2_hour[8] = {0, 1500, 5000, 6500, 8000, 0};
static const int64_t no2_day[8] = {0, 400, 800, 1800, 2800, 5650, 7500, 9400};
static const int64_t no2_hour[8] = {0, 1000, 2000, 7000, 12000, 23400, 30900, 38400};
static const int64_t pm10_2012[8] = {0, 500, 1500, 2500, 3500, 4200, 5000, 6000};
static const int64_t pm10_2026[8] = {0, 500, 1200, 2500, 3500, 4200, 5000, 6000};
static const int64_t pm25_2012[8] = {0, 350, 750, 1150, 1500, 2500, 3500, 5000};
static const int64_t pm25_2026[8] = {0, 350, 600, 1150, 1500, 2500, 3500, 5000};
static const int64_t co_day[8] = {0, 20, 40, 140, 240, 360, 480, 600};
static const int64_t co_hour[8] = {0, 50, 100, 350, 600, 900, 1200, 1500};
static const int64_t o3_8h[8] = {0, 1000, 1600, 2150, 2650, 8000, 0};
static const int64_t o3_hour[8] = {0, 1600, 2000, 3000, 4000, 8000, 10000, 12000};

/* Half to even of a/b, a >= 0. */
static int64_t half_even(wide a, wide b)
{
    wide q = a / b, r = a % b;
    if (2 * r > b || (2 * r == b && q % 2 == 1)) q++;
    return (int64_t)q;
}

/* c in tenths, rounded before (whole units but for CO). beyond: the sub-index behind the table. */
static int plain_iaqi(const int64_t table[8], int64_t c, int beyond)
{
    static const int index[8] = {0, 50, 100, 150, 200, 300, 400, 500};
    if (c < 0) return -1;
    for (int k = 1; k < 8 && table[k]; k++) {
        if (c > table[k]) continue;
        int64_t above = (index[k] - index[k - 1]) * (c - table[k - 1]);
        int64_t width = table[k] - table[k - 1];
        return index[k - 1] + (int)((above + width - 1) / width);
    }
    return beyond;
}

static int plain_level(int aqi)
{
    return aqi < 0      ? 0
           : aqi <= 50  ? 1
           : aqi <= 100 ? 2
           : aqi <= 150 ? 3
           : aqi <= 200 ? 4
           : aqi <= 300 ? 5
                        : 6;
}

/* ---- a day ---- */

static int64_t plain_mean(const int64_t h[24])
{
    int64_t sum = 0, n = 0;
    for (int i = 0; i < 24; i++)
        if (h[i] >= 0) sum += h[i], n++;
    return n >= 20 ? sum * (PARTS / 10) / n : -1;
}

static int64_t plain_mda8(const int64_t h[24])
{
    int64_t best = -1;
    int windows = 0;
    for (int end = 8; end <= 24; end++) {
        int64_t sum = 0, n = 0;
        for (int i = end - 8; i < end; i++)
            if (h[i] >= 0) sum += h[i], n++;
        if (n < 6) continue;
        windows++;
        if (sum * (PARTS / 10) / n > best) best = sum * (PARTS / 10) / n;
    }
    if (windows >= 14) return best;
    return windows > 0 && half_even(best, PARTS) > 160 ? best : -1;
}

static int64_t plain_top(const int64_t h[24])
{
    int64_t top = -1;
    int n = 0;
    for (int i = 0; i < 24; i++) {
        if (h[i] < 0) continue;
        n++;
        if (h[i] > top) top = h[i];
    }
    return n >= 20 || (n > 0 && half_even(top, 10) > 200) ? top : -1;
}

static void plain_judge(plain_day *d, bool new_edition)
{
    int iaqi[7], n = 7;
    int64_t c[7];
    for (int p = 0; p < ITEMS; p++)
        c[p] = d->stat[p] < 0 ? -1
               : p == CO      ? half_even((wide)d->stat[p] * 10, PARTS)
                              : half_even(d->stat[p], PARTS) * 10;
    c[6] = d->o3_hour < 0 ? -1 : half_even(d->o3_hour, 10) * 10;
    iaqi[SO2] = plain_iaqi(so2_day, c[SO2], 500);
    iaqi[NO2] = plain_iaqi(no2_day, c[NO2], 500);
    iaqi[PM10] = plain_iaqi(new_edition ? pm10_2026 : pm10_2012, c[PM10], 500);
    iaqi[PM25] = plain_iaqi(new_edition ? pm25_2026 : pm25_2012, c[PM25], 500);
    iaqi[CO] = plain_iaqi(co_day, c[CO], 500);
    iaqi[O3] = plain_iaqi(o3_8h, c[O3], new_edition ? 300 : -1);
    iaqi[6] = new_edition ? -1 : plain_iaqi(o3_hour, c[6], 500);
    d->aqi = -1;
    d->primary = 0;
    for (int i = 0; i < n; i++)
        if (iaqi[i] > d->aqi) d->aqi = iaqi[i];
    bool missing = false;
    for (int p = 0; p < ITEMS; p++)
        if (d->stat[p] < 0) missing = true;
    if (new_edition && missing && d->aqi <= 100) d->aqi = -1;
    for (int i = 0; i < n && d->aqi > 50; i++)
        if (iaqi[i] == d->aqi) d->primary |= 1u << (i < ITEMS ? i : O3);
    d->level = plain_level(d->aqi);
}

static unsigned pollutants_of(uint32_t items)
{
    unsigned out = 0;
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if (items & QK_AQI_BIT(i)) out |= 1u << qk_aqi_item_pollutant((qk_aqi_item)i);
    return out;
}

/* ---- a year of random hours, both ways ---- */

typedef struct both {
    qk_year fast;
    plain_day plain[DAYS];
} both;

static void make_year(both *b, uint64_t seed, int scale_percent)
{
    static const int64_t top[ITEMS] = {1200, 1500, 4000, 2400, 30, 2800};
    qk_year_init(&b->fast, 2025);
    for (int d = 0; d < DAYS; d++) {
        qk_hours hours;
        qk_day day = {.day = b->fast.first_day + d};
        qk_aqi aqi;
        plain_day *p = &b->plain[d];
        bool new_edition = d % 2;
        int gaps = (int)(qk_test_random(&seed) % 3) * 9;
        int64_t heavy = qk_test_random(&seed) % 20 == 0 ? 4 : 1;
        for (int i = 0; i < ITEMS; i++) {
            int64_t h[24];
            for (int k = 0; k < 24; k++) {
                int64_t v = (int64_t)(qk_test_random(&seed) % (uint64_t)top[i]);
                h[k] = v * scale_percent / 100 * heavy;
                if ((int)(qk_test_random(&seed) % 100) < gaps) h[k] = -1;
                hours.micro[i][k] = h[k] < 0 ? QK_MICRO_NONE : h[k] * 100000;
            }
            p->stat[i] = i == O3 ? plain_mda8(h) : plain_mean(h);
            if (i == O3) p->o3_hour = plain_top(h);
        }
        plain_judge(p, new_edition);
        qk_day_of(&day, &hours);
        qk_day_judge(&aqi, &day, qk_aqi_rule_named(qk_str_of(new_edition ? "2026" : "2012")));
        assert_int_equal(day.aqi, p->aqi);
        assert_int_equal(aqi.level, p->level);
        assert_int_equal(pollutants_of(day.primary), p->primary);
        assert_ok(qk_year_put(&b->fast, &day));
    }
}

static int compare_parts(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Value of a period in 1/(100 PARTS x days) resp. 1/(100 PARTS): numerator and denominator. */
static int plain_value(const both *b, int p, int from, int to, wide *num, wide *den)
{
    static const int percent[ITEMS] = {0, 0, 0, 0, 95, 90};
    int64_t v[DAYS];
    int n = 0;
    for (int d = from; d < to; d++)
        if (b->plain[d].stat[p] >= 0) v[n++] = b->plain[d].stat[p];
    *num = 0;
    *den = n;
    if (n == 0) return 0;
    if (!percent[p]) {
        for (int i = 0; i < n; i++) *num += v[i];
        *den = (wide)n * PARTS;
        return n;
    }
    qsort(v, (size_t)n, sizeof *v, compare_parts);
    int at = (n - 1) * percent[p], k = at / 100;
    int64_t high = k + 1 < n ? v[k + 1] : v[k];
    *num = (wide)v[k] * 100 + (wide)(high - v[k]) * (at % 100);
    *den = (wide)100 * PARTS;
    return n;
}

static void check_values(const both *b, const qk_period *period, int from, int to)
{
    int valid = 0, good = 0, heavy = 0, over = 0;
    for (int p = 0; p < ITEMS; p++) {
        wide num, den;
        qk_dec fast;
        int n = plain_value(b, p, from, to, &num, &den);
        assert_int_equal(period->item[p].days, n);
        if (n == 0) continue;
        for (int digits = 0; digits <= 6; digits += 1) {
            int64_t ten = 1;
            for (int i = 0; i < digits; i++) ten *= 10;
            assert_ok(qk_exact_round(&fast, qk_period_value(period, (qk_pollutant)p), digits));
            assert_int_equal(fast.mantissa, half_even(num * ten, den));
        }
    }
    for (int d = from; d < to; d++) {
        int aqi = b->plain[d].aqi;
        valid += aqi >= 0;
        good += aqi >= 0 && aqi <= 100;
        heavy += aqi > 200;
        over += b->plain[d].stat[O3] >= 0 && half_even(b->plain[d].stat[O3], PARTS) > 160;
    }
    assert_int_equal(period->count.valid, valid);
    assert_int_equal(period->count.good, good);
    assert_int_equal(period->count.heavy, heavy);
    assert_int_equal(period->o3_over_days, over);
}

/* Sum of C/S with the limits of 2012, in thousandths; -1 within a millionth of a tie. */
static int64_t plain_index(const both *b, int from, int to)
{
    static const long double limit[ITEMS] = {60, 40, 70, 35, 4, 160};
    long double sum = 0;
    for (int p = 0; p < ITEMS; p++) {
        wide num, den;
        if (!plain_value(b, p, from, to, &num, &den)) return -1;
        sum += (long double)num / (long double)den / limit[p];
    }
    long double scaled = sum * 1000, whole = (long double)(int64_t)scaled, rest = scaled - whole;
    if (rest > 0.499999L && rest < 0.500001L) return -1;
    return (int64_t)whole + (rest > 0.5L);
}

static void
test_S026_S027_S029_S030_plain__hours_to_ranks_agree_with_a_second_computation(void **state)
{
    (void)state;
    enum { STATIONS = 5, FEBRUARY = 31, MARCH = 59 };
    static both b;
    qk_dec fast[STATIONS];
    int64_t slow[STATIONS];
    int32_t ranks[STATIONS];
    const qk_index_profile *profile = qk_index_profile_named(QK_STR("HJ663-2013"));
    assert_non_null(profile);
    for (int s = 0; s < STATIONS; s++) {
        qk_period year, month;
        qk_fine_index index;
        /* The last two stations are the same: a tie. */
        make_year(&b, (uint64_t)(s == 4 ? 3 : s) + 77, 60 + (s == 4 ? 3 : s) * 7);
        qk_year_total(&year, &b.fast);
        qk_year_month(&month, &b.fast, 2);
        check_values(&b, &year, 0, DAYS);
        check_values(&b, &month, FEBRUARY, MARCH);
        qk_period_index(&index, &year, profile, false);
        assert_true(index.total >= 0);
        fast[s] = qk_fine_index_round(index.total, 3);
        slow[s] = plain_index(&b, 0, DAYS);
        assert_true(slow[s] > 0);
        assert_int_equal(fast[s].mantissa, slow[s]);
    }
    qk_rank(ranks, fast, NULL, STATIONS);
    for (int s = 0; s < STATIONS; s++) {
        int better = 0;
        for (int o = 0; o < STATIONS; o++) better += slow[o] < slow[s];
        assert_int_equal(ranks[s], better + 1);
    }
    assert_int_equal(ranks[3], ranks[4]);
}

/* ---- hours ---- */

static qk_conc conc_of(int64_t tenths)
{
    qk_conc c = {.state = tenths < 0 ? QK_CONC_MISSING : QK_CONC_VALUE};
    c.value = (qk_dec){tenths < 0 ? 0 : tenths, 1};
    return c;
}

static void test_S026_plain__hourly_indices_agree_with_a_second_computation(void **state)
{
    (void)state;
    static const int64_t top[ITEMS] = {10000, 42000, 7000, 6000, 1700, 13000};
    uint64_t seed = 2026;
    for (int round = 0; round < 60000; round++) {
        bool new_edition = round % 2;
        int64_t v[ITEMS], c[ITEMS];
        qk_conc in[QK_AQI_ITEMS] = {0};
        qk_aqi out;
        int iaqi[ITEMS], aqi = -1;
        unsigned primary = 0;
        bool missing = false;
        for (int p = 0; p < ITEMS; p++) {
            int64_t most = qk_test_random(&seed) % 3 ? top[p] / 12 : top[p];
            v[p] = (int64_t)(qk_test_random(&seed) % (uint64_t)most);
            if (qk_test_random(&seed) % 9 == 0) v[p] = -1;
            c[p] = v[p] < 0 ? -1 : p == CO ? v[p] : half_even(v[p], 10) * 10;
            if (v[p] < 0) missing = true;
        }
        in[QK_SO2_1H] = conc_of(v[SO2]);
        in[QK_NO2_1H] = conc_of(v[NO2]);
        in[QK_CO_1H] = conc_of(v[CO]);
        in[QK_O3_1H] = conc_of(v[O3]);
        in[new_edition ? QK_PM10_1H : QK_PM10_24H] = conc_of(v[PM10]);
        in[new_edition ? QK_PM25_1H : QK_PM25_24H] = conc_of(v[PM25]);
        iaqi[SO2] = plain_iaqi(so2_hour, c[SO2], new_edition ? 200 : -1);
        iaqi[NO2] = plain_iaqi(no2_hour, c[NO2], 500);
        iaqi[PM10] = plain_iaqi(new_edition ? pm10_2026 : pm10_2012, c[PM10], 500);
        iaqi[PM25] = plain_iaqi(new_edition ? pm25_2026 : pm25_2012, c[PM25], 500);
        iaqi[CO] = plain_iaqi(co_hour, c[CO], 500);
        iaqi[O3] = plain_iaqi(o3_hour, c[O3], 500);
        for (int p = 0; p < ITEMS; p++)
            if (iaqi[p] > aqi) aqi = iaqi[p];
        if (new_edition && missing && aqi <= 100) aqi = -1;
        for (int p = 0; p < ITEMS && aqi > 50; p++)
            if (iaqi[p] == aqi) primary |= 1u << p;
        qk_aqi_hourly(&out, qk_aqi_rule_named(qk_str_of(new_edition ? "2026" : "2012")), in);
        assert_int_equal(out.aqi, aqi);
        assert_int_equal(out.level, plain_level(aqi));
        assert_int_equal(pollutants_of(out.primary), primary);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_S026_S027_S029_S030_plain__hours_to_ranks_agree_with_a_second_computation),
        cmocka_unit_test(test_S026_plain__hourly_indices_agree_with_a_second_computation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
