/* SPDX-License-Identifier: Apache-2.0 */
/* The fast evaluation against a slow, plain one made of exact fractions, on random records; and
 * the rules of validity one by one. */
#include "standards/evaluate.h"
#include "../test.h"

enum { YEAR_DAYS = 366 };

typedef struct record { /* decimals of one station's year, as text would give them */
    qk_conc hour[YEAR_DAYS][QK_POLLUTANTS][24];
} record;

static qk_conc random_conc(uint64_t *seed, int p, int gap_percent)
{
    static const int64_t top[QK_POLLUTANTS] = {900, 2000, 6000, 3000, 50, 3300};
    qk_conc c = {.state = QK_CONC_MISSING};
    if ((int)(qk_test_random(seed) % 100) < gap_percent) return c;
    c.state = QK_CONC_VALUE;
    c.value = (qk_dec){(int64_t)(qk_test_random(seed) % (uint64_t)top[p]), 1};
    return c;
}

static void fill_record(record *r, uint64_t seed)
{
    for (int d = 0; d < YEAR_DAYS; d++)
        for (int p = 0; p < QK_POLLUTANTS; p++) {
            int gaps = (int)(qk_test_random(&seed) % 4) * 6;
            for (int h = 0; h < 24; h++) r->hour[d][p][h] = random_conc(&seed, p, gaps);
        }
}

static void hours_of(qk_hours *out, const record *r, int day)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < 24; h++) {
            qk_conc c = r->hour[day][p][h];
            out->micro[p][h] = c.state == QK_CONC_VALUE ? c.value.mantissa * 100000 : QK_MICRO_NONE;
        }
}

/* The plain way: the daily statistic of one pollutant as a fraction, not there when not valid. */
static qk_ratio plain_stat(const qk_conc *hours, int p)
{
    size_t n;
    if (p == QK_O3) {
        qk_mda8 m;
        qk_mda8_of(&m, hours);
        return m.valid ? m.max : QK_RATIO_NONE;
    }
    qk_ratio mean = qk_mean(hours, 24, &n);
    return n >= 20 ? mean : QK_RATIO_NONE;
}

static qk_ratio plain_hour(const qk_conc *hours)
{
    qk_dec rounded, top = {-1, 0};
    int n = 0;
    for (int h = 0; h < 24; h++) {
        if (!qk_conc_counts(hours[h])) continue;
        n++;
        if (qk_dec_cmp(hours[h].value, top) > 0) top = hours[h].value;
    }
    if (n == 0) return QK_RATIO_NONE;
    assert_ok(qk_dec_round(&rounded, top, 0));
    return n >= 20 || rounded.mantissa > 200 ? qk_ratio_dec(top) : QK_RATIO_NONE;
}

static int32_t plain_aqi(const qk_ratio *stat, qk_ratio hour, const char *rule)
{
    static const qk_aqi_item items[] = {QK_SO2_24H,  QK_NO2_24H, QK_PM10_24H,
                                        QK_PM25_24H, QK_CO_24H,  QK_O3_8H};
    qk_conc conc[QK_AQI_ITEMS] = {0};
    qk_aqi aqi;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (qk_ratio_there(stat[p])) {
            conc[items[p]].state = QK_CONC_VALUE;
            assert_ok(qk_ratio_round(&conc[items[p]].value, stat[p], p == QK_CO));
        }
    if (qk_ratio_there(hour)) {
        conc[QK_O3_1H].state = QK_CONC_VALUE;
        assert_ok(qk_ratio_round(&conc[QK_O3_1H].value, hour, 0));
    }
    qk_aqi_daily(&aqi, qk_aqi_rule_named(qk_str_of(rule)), conc);
    return aqi.aqi;
}

static void same(qk_exact fast, qk_ratio plain, int32_t decimals)
{
    qk_dec a, b;
    qk_code x = qk_exact_round(&a, fast, decimals);
    qk_code y = qk_ratio_round(&b, plain, decimals);
    assert_int_equal(x, y);
    if (x == QK_OK) assert_true(qk_dec_same(a, b));
}

static int compare_ratios(const void *a, const void *b)
{
    return qk_ratio_cmp(*(const qk_ratio *)a, *(const qk_ratio *)b);
}

static qk_ratio plain_percentile(qk_ratio *v, int n, int percent)
{
    if (n == 0) return QK_RATIO_NONE;
    qsort(v, (size_t)n, sizeof *v, compare_ratios);
    qk_ratio at = qk_ratio_of((n - 1) * percent, 100);
    int s = (int)(at.num / at.den);
    if (s + 1 >= n) return v[n - 1];
    qk_ratio part = qk_ratio_sub(at, qk_ratio_int(s));
    return qk_ratio_add(v[s], qk_ratio_mul(qk_ratio_sub(v[s + 1], v[s]), part));
}

/* Mean as a fraction over thousands of hours: by their common denominator. */
static qk_ratio plain_mean(const qk_ratio *v, int n)
{
    qk_ratio sum = qk_ratio_int(0);
    for (int i = 0; i < n; i++) sum = qk_ratio_add(sum, v[i]);
    return qk_ratio_div(sum, qk_ratio_int(n));
}

static void check_period(const qk_period *fast, qk_ratio (*stat)[QK_POLLUTANTS], int from, int to)
{
    qk_ratio v[YEAR_DAYS];
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        int n = 0;
        for (int d = from; d < to; d++)
            if (qk_ratio_there(stat[d][p])) v[n++] = stat[d][p];
        assert_int_equal(fast->item[p].days, n);
        for (int32_t digits = 0; digits <= 6; digits += 3) {
            same(fast->item[p].mean, n ? plain_mean(v, n) : QK_RATIO_NONE, digits);
            same(fast->item[p].percentile,
                 plain_percentile(v, n, qk_percentile_of((qk_pollutant)p)), digits);
        }
    }
}

static void test_S026_S027_evaluate__agrees_with_plain_fractions_on_random_years(void **state)
{
    (void)state;
    static record r;
    static qk_year y;
    static qk_ratio stat[YEAR_DAYS][QK_POLLUTANTS];
    for (uint64_t seed = 1; seed <= 3; seed++) {
        int32_t good = 0, heavy = 0, valid = 0;
        const char *rule = seed == 2 ? "2026" : "2012";
        fill_record(&r, seed);
        qk_year_init(&y, 2024);
        for (int d = 0; d < YEAR_DAYS; d++) {
            qk_hours hours;
            qk_day day = {.day = y.first_day + d};
            qk_aqi aqi;
            hours_of(&hours, &r, d);
            qk_day_of(&day, &hours);
            qk_day_judge(&aqi, &day, qk_aqi_rule_named(qk_str_of(rule)));
            for (int p = 0; p < QK_POLLUTANTS; p++) {
                stat[d][p] = plain_stat(r.hour[d][p], p);
                qk_exact fast = day.stat[p] < 0 ? (qk_exact){0, 0} : (qk_exact){day.stat[p], 1};
                same(fast, stat[d][p], p == QK_CO);
                same(fast, stat[d][p], 6);
            }
            int32_t plain = plain_aqi(stat[d], plain_hour(r.hour[d][QK_O3]), rule);
            assert_int_equal(day.aqi, plain);
            valid += plain >= 0;
            good += plain >= 0 && plain <= 100;
            heavy += plain > 200;
            assert_ok(qk_year_put(&y, &day));
        }
        qk_period period;
        qk_year_total(&period, &y);
        check_period(&period, stat, 0, YEAR_DAYS);
        assert_int_equal(period.count.valid, valid);
        assert_int_equal(period.count.good, good);
        assert_int_equal(period.count.heavy, heavy);
        qk_year_month(&period, &y, 2);
        check_period(&period, stat, 31, 60);
    }
}

static void put_day(qk_year *y, int32_t at, const int64_t value[QK_POLLUTANTS])
{
    qk_hours hours;
    qk_day day = {.day = y->first_day + at};
    qk_aqi aqi;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < 24; h++) hours.micro[p][h] = value[p] * 100000;
    qk_day_of(&day, &hours);
    qk_day_judge(&aqi, &day, qk_aqi_rule_on(day.day));
    assert_ok(qk_year_put(y, &day));
}

static void test_S029_evaluate__jiyuan_2020_comes_to_5_399(void **state)
{
    (void)state;
    static qk_year y;
    const int64_t tenths[QK_POLLUTANTS] = {130, 340, 850, 540, 20, 1720};
    qk_period period;
    qk_fine_index index;
    qk_year_init(&y, 2020);
    for (int32_t d = 0; d < 366; d++) put_day(&y, d, tenths);
    qk_year_total(&period, &y);
    qk_period_index(&index, &period, qk_index_profile_on(period.to_day), false);
    assert_true(qk_dec_same(qk_fine_index_round(index.total, 3), (qk_dec){5399, 3}));
    assert_true(qk_dec_same(qk_fine_index_round(index.total, 2), (qk_dec){540, 2}));
    assert_true(qk_dec_same(qk_fine_index_round(index.max, 3), (qk_dec){1543, 3}));
    assert_int_equal(index.primary, 1u << QK_PM25);
    for (int p = 0; p < QK_POLLUTANTS; p++) assert_true(period.item[p].valid);
}

static void test_S026_evaluate__a_day_with_nineteen_hours_is_not_valid(void **state)
{
    (void)state;
    qk_hours hours;
    qk_day day = {0};
    memset(&hours, 0xff, sizeof hours);
    for (int h = 0; h < 20; h++) hours.micro[QK_PM25][h] = 35000000;
    qk_day_of(&day, &hours);
    assert_true(day.stat[QK_PM25] >= 0);
    hours.micro[QK_PM25][3] = QK_MICRO_NONE;
    qk_day_of(&day, &hours);
    assert_true(day.stat[QK_PM25] < 0);
    assert_int_equal(day.hours[QK_PM25], 19);
}

static void test_S039_evaluate__dust_days_leave_particles_and_stay_in_the_counts(void **state)
{
    (void)state;
    static qk_year y;
    const int64_t clean[QK_POLLUTANTS] = {100, 200, 800, 300, 5, 900};
    const int64_t dusty[QK_POLLUTANTS] = {100, 200, 6000, 900, 5, 900};
    qk_period period;
    qk_dec d;
    qk_year_init(&y, 2025);
    for (int32_t i = 0; i < 31; i++) put_day(&y, i, i == 4 ? dusty : clean);
    y.day[4].flags |= QK_DAY_DUST;
    qk_year_month(&period, &y, 1);
    assert_int_equal(period.dust_days, 1);
    assert_int_equal(period.item[QK_PM10].days, 31);
    assert_int_equal(period.pm10_no_dust.days, 30);
    assert_ok(qk_exact_round(&d, period.pm10_no_dust.mean, 0));
    assert_int_equal(d.mantissa, 80);
    assert_ok(qk_exact_round(&d, period.item[QK_PM10].mean, 0));
    assert_int_equal(d.mantissa, 97);
    assert_int_equal(period.count.heavy, 1);
    assert_int_equal(period.count.good, 30);
}

static void test_S027_evaluate__a_year_needs_its_months(void **state)
{
    (void)state;
    static qk_year y;
    const int64_t v[QK_POLLUTANTS] = {100, 200, 800, 300, 5, 900};
    qk_period period;
    qk_year_init(&y, 2024);
    for (int32_t i = 0; i < 366; i++)
        if (i < 31 || i >= 35) put_day(&y, i, v);
    qk_year_total(&period, &y);
    assert_true(period.item[QK_SO2].valid);
    qk_year_month(&period, &y, 2);
    assert_int_equal(period.item[QK_SO2].days, 25);
    assert_true(period.item[QK_SO2].valid);
    y.day[40].flags = 0;
    qk_year_month(&period, &y, 2);
    assert_false(period.item[QK_SO2].valid);
    qk_year_total(&period, &y);
    assert_false(period.item[QK_SO2].valid);
}

/* Three stations whose means are thirds: the month's mean is an exact tie. */
static void test_evaluate__a_tie_of_a_city_mean_rounds_to_even(void **state)
{
    (void)state;
    static qk_year city;
    qk_period period;
    qk_dec d;
    qk_year_init(&city, 2025);
    for (int32_t i = 0; i < 30; i++) {
        qk_city_day sums = {0};
        for (int s = 0; s < 3; s++) {
            qk_hours hours;
            qk_day day = {0};
            memset(&hours, 0xff, sizeof hours);
            int64_t micro = (s == 0 ? 44 : 30) * 1000000; /* 34 2/3; the other days 34 1/3 */
            if (i % 2) micro = (s == 0 ? 43 : 30) * 1000000;
            for (int h = 0; h < 24; h++) hours.micro[QK_PM25][h] = micro;
            qk_day_of(&day, &hours);
            qk_city_add(&sums, &day);
        }
        qk_city_mean(&city.day[i], &sums, 4);
        assert_true(city.day[i].stat[QK_PM25] >= 0);
    }
    qk_period_of(&period, city.day, city.first_day, city.first_day + 29, QK_PERIOD_ANY);
    assert_ok(qk_exact_round(&d, period.item[QK_PM25].mean, 0));
    assert_int_equal(d.mantissa, 34);
    assert_ok(qk_exact_round(&d, period.item[QK_PM25].mean, 1));
    assert_int_equal(d.mantissa, 345);
}

static void test_evaluate__a_city_stands_on_three_quarters_of_its_stations(void **state)
{
    (void)state;
    qk_city_day sums = {.sum = {[QK_PM25] = 30}, .valid = {[QK_PM25] = 3}, .seen = 4};
    qk_day day = {0};
    qk_city_mean(&day, &sums, 4);
    assert_true(day.stat[QK_PM25] == 10);
    qk_city_mean(&day, &sums, 5);
    assert_true(day.stat[QK_PM25] == QK_FINE_NONE);
}

static void test_evaluate__the_end_of_a_day_needs_half_its_hours(void **state)
{
    (void)state;
    qk_hours hours;
    qk_day day = {0}, other = {0}, city = {0};
    qk_city_day sums = {0};
    memset(&hours, 0xff, sizeof hours);
    for (int h = 0; h < 18; h++) hours.micro[QK_PM25][h] = 900000000; /* before the end */
    hours.micro[QK_PM25][18] = 10000000;
    hours.micro[QK_PM25][21] = 20000000;
    hours.micro[QK_PM25][23] = 60000000;
    hours.micro[QK_O3][23] = 5000000;
    qk_day_of(&day, &hours);
    assert_near(day.end[QK_PM25][0], 30, 1e-4);
    assert_near(day.end[QK_PM25][1], 40, 1e-4);
    assert_true(day.end[QK_O3][0] == 0 && day.end[QK_O3][1] == 0);
    hours.micro[QK_PM25][21] = QK_MICRO_NONE;
    qk_day_of(&other, &hours);
    assert_true(other.end[QK_PM25][0] == 0 && other.end[QK_PM25][1] == 0);
    qk_city_add(&sums, &day);
    qk_city_add(&sums, &other);
    qk_city_mean(&city, &sums, 2);
    assert_near(city.end[QK_PM25][1], 40, 1e-4);
    assert_true(city.end[QK_O3][1] == 0);
}

static void test_S026_evaluate__an_item_that_no_station_plans_holds_back_no_city(void **state)
{
    (void)state;
    qk_hours hours;
    qk_day day = {.day = 20600}, city = {.day = 20600};
    qk_aqi aqi;
    for (int p = 0; p < QK_POLLUTANTS; p++)
        for (int h = 0; h < 24; h++) hours.micro[p][h] = p == QK_SO2 ? QK_MICRO_NONE : 1000000;
    qk_day_of(&day, &hours);
    for (int planned = 0; planned < 2; planned++) {
        qk_city_day sums = {0};
        day.unplanned = (uint8_t)(planned ? 0 : 1u << QK_SO2);
        qk_city_add(&sums, &day);
        qk_city_mean(&city, &sums, 1);
        qk_day_judge(&aqi, &city, qk_aqi_rule_named(QK_STR("2026")));
        assert_int_equal(city.aqi, planned ? QK_AQI_NA : 25);
    }
}

static void test_S026_evaluate__one_late_hour_costs_less_than_a_millisecond(void **state)
{
    (void)state;
    static qk_year y;
    const int64_t v[QK_POLLUTANTS] = {100, 200, 800, 300, 5, 900};
    const int64_t late[QK_POLLUTANTS] = {100, 200, 900, 300, 5, 900};
    qk_period month, year;
    qk_dec d;
    qk_year_init(&y, 2025);
    for (int32_t i = 0; i < 365; i++) put_day(&y, i, v);
    int64_t start = qk_monotonic_ns(), best = INT64_MAX;
    for (int i = 0; i < 50; i++) {
        start = qk_monotonic_ns();
        put_day(&y, 100 + i, late);
        qk_year_month(&month, &y, 4);
        qk_year_total(&year, &y);
        int64_t took = qk_monotonic_ns() - start;
        if (took < best) best = took;
    }
    print_message("one late hour: %.3f ms\n", (double)best / 1e6);
    assert_true(best < 1000000);
    assert_ok(qk_exact_round(&d, year.item[QK_PM10].mean, 3));
    assert_int_equal(d.mantissa, 81370);
}

static void test_evaluate__a_day_of_another_year_is_refused(void **state)
{
    (void)state;
    static qk_year y;
    qk_day day = {0};
    qk_year_init(&y, 2023);
    assert_int_equal(y.days, 365);
    day.day = y.first_day + 365;
    assert_int_equal(qk_year_put(&y, &day), QK_ERANGE);
    day.day = y.first_day - 1;
    assert_int_equal(qk_year_put(&y, &day), QK_ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S026_S027_evaluate__agrees_with_plain_fractions_on_random_years),
        cmocka_unit_test(test_S029_evaluate__jiyuan_2020_comes_to_5_399),
        cmocka_unit_test(test_S026_evaluate__a_day_with_nineteen_hours_is_not_valid),
        cmocka_unit_test(test_S039_evaluate__dust_days_leave_particles_and_stay_in_the_counts),
        cmocka_unit_test(test_S027_evaluate__a_year_needs_its_months),
        cmocka_unit_test(test_evaluate__a_tie_of_a_city_mean_rounds_to_even),
        cmocka_unit_test(test_evaluate__a_city_stands_on_three_quarters_of_its_stations),
        cmocka_unit_test(test_evaluate__the_end_of_a_day_needs_half_its_hours),
        cmocka_unit_test(test_S026_evaluate__an_item_that_no_station_plans_holds_back_no_city),
        cmocka_unit_test(test_S026_evaluate__one_late_hour_costs_less_than_a_millisecond),
        cmocka_unit_test(test_evaluate__a_day_of_another_year_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
