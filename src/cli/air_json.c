/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of an evaluation. Days are written by hand, as there are half a million of them. */
#include "cli/air.h"
#include "standards/limits.h"
#include <errno.h>
#include <stdlib.h>

/* The order in which items are told. */
static const qk_pollutant order[QK_POLLUTANTS] = {QK_SO2, QK_NO2, QK_CO, QK_O3, QK_PM10, QK_PM25};
static const qk_aqi_item daily_item[QK_POLLUTANTS + 1] = {
    QK_SO2_24H, QK_NO2_24H, QK_PM10_24H, QK_PM25_24H, QK_CO_24H, QK_O3_8H, QK_O3_1H};

static char *put_text(char *p, const char *text, size_t len)
{
    memcpy(p, text, len);
    return p + len;
}
#define PUT(p, literal) put_text((p), (literal), sizeof(literal) - 1)

static char *put_int(char *p, int64_t n)
{
    char digits[20], *first = digits + sizeof digits;
    if (n < 0) return PUT(p, "null");
    do *--first = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return put_text(p, first, (size_t)(digits + sizeof digits - first));
}

static char *put_name(char *p, int item)
{
    const char *name = item == QK_POLLUTANTS ? "O3_1h" : qk_pollutant_name((qk_pollutant)item);
    *p++ = '"';
    p = put_text(p, name, strlen(name));
    *p++ = '"';
    return p;
}

static char *put_date(char *p, int32_t day)
{
    static const char two[] = "00010203040506070809101112131415161718192021222324252627282930"
                              "31323334353637383940414243444546474849505152535455565758596061"
                              "62636465666768697071727374757677787980818283848586878889909192"
                              "93949596979899";
    qk_civil c = qk_civil_of((qk_time)day * QK_DAY - QK_CST_OFFSET);
    p = put_text(p, two + (size_t)(c.year / 100) * 2, 2);
    p = put_text(p, two + (size_t)(c.year % 100) * 2, 2);
    *p++ = '-';
    p = put_text(p, two + (size_t)c.month * 2, 2);
    *p++ = '-';
    return put_text(p, two + (size_t)c.day * 2, 2);
}

static char *put_values(char *p, const int64_t rounded[QK_POLLUTANTS + 1], int items)
{
    for (int i = 0; i < items; i++) {
        int item = i < QK_POLLUTANTS ? (int)order[i] : QK_POLLUTANTS;
        if (i) *p++ = ',';
        p = put_name(p, item);
        *p++ = ':';
        if (item == QK_CO && rounded[item] >= 0) {
            p = put_int(p, rounded[item] / 10);
            *p++ = '.';
            *p++ = (char)('0' + rounded[item] % 10);
        } else {
            p = put_int(p, rounded[item]);
        }
    }
    return p;
}

static char *put_iaqi(char *p, const qk_aqi *aqi, int items)
{
    for (int i = 0; i < items; i++) {
        int item = i < QK_POLLUTANTS ? (int)order[i] : QK_POLLUTANTS;
        if (i) *p++ = ',';
        p = put_name(p, item);
        *p++ = ':';
        p = put_int(p, aqi->iaqi[daily_item[item]]);
    }
    return p;
}

static char *put_valid(char *p, const qk_day *d)
{
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        if (i) *p++ = ',';
        p = put_name(p, (int)order[i]);
        p = d->stat[order[i]] >= 0 ? PUT(p, ":true") : PUT(p, ":false");
    }
    return p;
}

static uint32_t primary_pollutants(uint32_t items)
{
    uint32_t named = 0;
    for (int i = 0; i < QK_AQI_ITEMS; i++)
        if ((items >> i) & 1) named |= 1u << qk_aqi_item_pollutant((qk_aqi_item)i);
    return named;
}

static char *put_primary(char *p, uint32_t items)
{
    uint32_t named = primary_pollutants(items);
    bool any = false;
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        if (!((named >> order[i]) & 1)) continue;
        if (any) *p++ = ',';
        p = put_name(p, (int)order[i]);
        any = true;
    }
    return p;
}

static char *put_flags(char *p, const qk_day *d)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{QK_DAY_DUST, "sand_dust"},
                 {AIR_DAY_NEGATIVE, "negative_values"},
                 {AIR_DAY_IMPOSSIBLE, "impossible_values"},
                 {AIR_DAY_DUPLICATE, "duplicate_hours"},
                 {AIR_DAY_LABEL_24, "label_24_00"},
                 {AIR_DAY_COARSE, "rounded_to_6_decimals"}};
    bool recorded = d->flags & QK_DAY_RECORDED;
    if (recorded && (d->flags & ~QK_DAY_RECORDED) == 0) return p;
    p = PUT(p, ",\"flags\":[");
    if (!recorded) p = PUT(p, "\"no_data\",");
    for (size_t i = 0; recorded && i < sizeof names / sizeof names[0]; i++) {
        if (!(d->flags & names[i].bit)) continue;
        *p++ = '"';
        p = put_text(p, names[i].name, strlen(names[i].name));
        p = PUT(p, "\",");
    }
    p[-1] = ']';
    return p;
}

static char *put_hours(char *p, const qk_day *d)
{
    bool whole = true;
    for (int i = 0; i < QK_POLLUTANTS; i++)
        if (d->hours[i] != 24) whole = false;
    if (whole) return p;
    p = PUT(p, ",\"hours\":{");
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        p = put_name(p, (int)order[i]);
        *p++ = ':';
        p = put_int(p, d->hours[order[i]]);
        *p++ = ',';
    }
    p[-1] = '}';
    return p;
}

static void tell_day(const air *a, qk_buf *out, const qk_day *day, bool city)
{
    qk_day d = *day;
    qk_aqi aqi;
    int64_t rounded[QK_POLLUTANTS + 1];
    const qk_aqi_rule *rule = air_rule_on(a, d.day);
    int items = QK_POLLUTANTS + ((rule->daily_items >> QK_O3_1H) & 1);
    if (!(d.flags & QK_DAY_RECORDED)) {
        for (int i = 0; i < QK_POLLUTANTS; i++) d.stat[i] = QK_FINE_NONE;
        memset(d.hours, 0, sizeof d.hours);
        d.o3_hour = QK_FINE_NONE;
    }
    qk_day_rounded(rounded, &d);
    qk_day_judge(&aqi, &d, rule);
    char *start = qk_buf_reserve(out, 1200), *p = start;
    if (!p) return;
    if (out->len) *p++ = ',';
    p = put_date(PUT(p, "{\"date\":\""), d.day);
    p = put_int(PUT(p, "\",\"aqi\":"), aqi.aqi);
    p = put_int(PUT(p, ",\"level\":"), aqi.level ? aqi.level : -1);
    p = put_primary(PUT(p, ",\"primary\":["), aqi.primary);
    p = put_values(PUT(p, "],\"values\":{"), rounded, items);
    p = put_iaqi(PUT(p, "},\"iaqi\":{"), &aqi, items);
    p = put_valid(PUT(p, "},\"valid\":{"), &d);
    *p++ = '}';
    if (!city) p = put_hours(p, &d);
    p = put_flags(p, &d);
    p = put_text(PUT(p, ",\"rule\":\""), rule->name, strlen(rule->name));
    p = PUT(p, "\"}");
    out->len += (size_t)(p - start);
}

static void put_exact(qk_json_writer *w, qk_exact value, int32_t decimals)
{
    qk_dec d;
    if (qk_exact_round(&d, value, decimals) == QK_OK)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
}

static void put_group(qk_json_writer *w, const char *name, const qk_period *period, int which)
{
    qk_json_key(w, name);
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        qk_pollutant p = order[i];
        const qk_item_stat *s = &period->item[p];
        qk_json_key(w, qk_pollutant_name(p));
        if (which == 0) put_exact(w, s->mean, qk_pollutant_decimals(p));
        if (which == 1) put_exact(w, s->percentile, qk_pollutant_decimals(p));
        if (which == 2) put_exact(w, s->mean, 6);
        if (which == 3) put_exact(w, s->percentile, 6);
        if (which == 4) qk_json_bool(w, s->valid);
        if (which == 5) qk_json_i64(w, s->days);
        if (which == 6) put_exact(w, qk_period_value(period, p), qk_pollutant_decimals(p));
    }
    qk_json_end(w);
}

static void put_ratio(qk_json_writer *w, const char *name, int64_t part, int64_t whole)
{
    qk_dec d;
    qk_json_key(w, name);
    if (qk_ratio_round(&d, qk_percent(part, whole), 1) == QK_OK)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
}

static void put_pollutants(qk_json_writer *w, const char *name, uint32_t which)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (int i = 0; i < QK_POLLUTANTS; i++)
        if ((which >> order[i]) & 1) qk_json_cstr(w, qk_pollutant_name(order[i]));
    qk_json_end(w);
}

static void put_index(qk_json_writer *w, const qk_period *period, const qk_index_profile *profile,
                      bool no_dust)
{
    qk_fine_index index;
    qk_period_index(&index, period, profile, no_dust);
    bool there = index.total >= 0;
    qk_json_key(w, "composite_index");
    there ? qk_json_dec(w, qk_fine_index_round(index.total, 3)) : qk_json_null(w);
    qk_json_key(w, "composite_index_2dp");
    there ? qk_json_dec(w, qk_fine_index_round(index.total, 2)) : qk_json_null(w);
    qk_json_key(w, "max_single_index");
    there ? qk_json_dec(w, qk_fine_index_round(index.max, 3)) : qk_json_null(w);
    put_pollutants(w, "primary", there ? index.primary : 0);
}

/* The index as a reader of a published table would reckon it, from the reported digits. */
static void put_index_reported(qk_json_writer *w, const qk_period *period,
                               const qk_index_profile *profile)
{
    qk_ratio value[QK_POLLUTANTS];
    qk_index index;
    qk_dec d;
    for (int p = 0; p < QK_POLLUTANTS; p++) {
        qk_exact exact = qk_period_value(period, (qk_pollutant)p);
        bool there = qk_exact_round(&d, exact, qk_pollutant_decimals((qk_pollutant)p)) == QK_OK;
        value[p] = there ? qk_ratio_dec(d) : QK_RATIO_NONE;
    }
    qk_index_of(&index, profile, value);
    qk_json_key(w, "composite_index_from_reported");
    if (qk_ratio_round(&d, index.total, 3) == QK_OK)
        qk_json_dec(w, d);
    else
        qk_json_null(w);
}

/* Only a statistic of enough days (GB 3095 table 4) is held against a limit. */
static void put_meets(qk_json_writer *w, const air *a, const qk_period *period)
{
    const qk_limits *limits = qk_rules_limits_on(a->options.rules, period->to_day);
    bool fails = false, unknown = false;
    qk_json_key(w, "meets");
    qk_json_object(w);
    qk_json_kcstr(w, "standard", limits->name);
    for (int i = 0; i < QK_POLLUTANTS; i++) {
        qk_pollutant p = order[i];
        const qk_item_stat *s = &period->item[p];
        qk_dec year = qk_limit_get(limits, qk_limit_item_of(p), QK_AVG_YEAR, 2), mean, high;
        qk_dec day =
            qk_limit_get(limits, qk_limit_item_of(p), p == QK_O3 ? QK_AVG_8H : QK_AVG_DAY, 2);
        int32_t decimals = qk_pollutant_decimals(p);
        bool known = s->valid && qk_exact_round(&mean, s->mean, decimals) == QK_OK &&
                     qk_exact_round(&high, s->percentile, decimals) == QK_OK;
        bool meets = known && qk_dec_cmp(high, day) <= 0 &&
                     (year.mantissa == 0 || qk_dec_cmp(mean, year) <= 0);
        qk_json_key(w, qk_pollutant_name(p));
        known ? qk_json_bool(w, meets) : qk_json_null(w);
        if (!known) unknown = true;
        if (known && !meets) fails = true;
    }
    qk_json_key(w, "all");
    unknown && !fails ? qk_json_null(w) : qk_json_bool(w, !fails);
    qk_json_end(w);
}

static void put_without_dust(qk_json_writer *w, const air *a, const qk_period *period)
{
    if (period->dust_days == 0) return;
    qk_json_key(w, "without_dust");
    qk_json_object(w);
    qk_json_key(w, "PM10");
    put_exact(w, period->pm10_no_dust.mean, 0);
    qk_json_key(w, "PM2.5");
    put_exact(w, period->pm25_no_dust.mean, 0);
    put_index(w, period, air_profile_on(a, period->to_day), true);
    qk_json_end(w);
}

static void put_primary_days(qk_json_writer *w, const qk_period *period)
{
    qk_json_key(w, "primary_days");
    qk_json_object(w);
    for (int i = 0; i < QK_POLLUTANTS; i++)
        qk_json_ki64(w, qk_pollutant_name(order[i]), period->primary_days[order[i]]);
    qk_json_end(w);
}

static void put_period(qk_json_writer *w, const air *a, const qk_period *period)
{
    const qk_index_profile *profile = air_profile_on(a, period->to_day);
    put_group(w, "values", period, 6);
    put_group(w, "means", period, 0);
    put_group(w, "percentiles", period, 1);
    put_group(w, "means_6dp", period, 2);
    put_group(w, "percentiles_6dp", period, 3);
    put_group(w, "valid", period, 4);
    put_group(w, "days", period, 5);
    qk_json_ki64(w, "valid_days", period->count.valid);
    qk_json_ki64(w, "good_days", period->count.good);
    qk_json_ki64(w, "heavy_days", period->count.heavy);
    put_ratio(w, "good_ratio", period->count.good, period->count.valid);
    put_ratio(w, "heavy_ratio", period->count.heavy, period->count.valid);
    qk_json_ki64(w, "o3_over_days", period->o3_over_days);
    put_primary_days(w, period);
    qk_json_ki64(w, "dust_days", period->dust_days);
    put_index(w, period, profile, false);
    put_index_reported(w, period, profile);
    qk_json_kcstr(w, "profile", profile->name);
    put_without_dust(w, a, period);
}

static bool has_days(const qk_period *period)
{
    for (int p = 0; p < QK_POLLUTANTS; p++)
        if (period->item[p].days) return true;
    return period->count.valid > 0;
}

static void tell_month(const air *a, qk_buf *out, const qk_period *period, int32_t year,
                       int32_t month)
{
    qk_json_writer w;
    char name[16];
    if (!has_days(period)) return;
    if (out->len) qk_buf_putc(out, ',');
    snprintf(name, sizeof name, "%04d-%02d", year, month);
    qk_json_init(&w, out);
    qk_json_object(&w);
    qk_json_kcstr(&w, "month", name);
    put_period(&w, a, period);
    qk_json_end(&w);
}

/* Share of days above 160 among valid days of May to September (a target of its own). */
static void put_ozone_season(qk_json_writer *w, const qk_period periods[13])
{
    int32_t days = 0, over = 0;
    for (int32_t m = 5; m <= 9; m++) {
        days += periods[m].item[QK_O3].days;
        over += periods[m].o3_over_days;
    }
    qk_json_key(w, "ozone_season");
    qk_json_object(w);
    qk_json_ki64(w, "valid_days", days);
    qk_json_ki64(w, "over_days", over);
    put_ratio(w, "over_ratio", over, days);
    qk_json_end(w);
}

static void tell_total(const air *a, qk_buf *out, const qk_period periods[13], int32_t year)
{
    qk_json_writer w;
    if (out->len) qk_buf_putc(out, ',');
    qk_json_init(&w, out);
    qk_json_object(&w);
    qk_json_ki64(&w, "year", year);
    put_period(&w, a, &periods[0]);
    put_ozone_season(&w, periods);
    put_meets(&w, a, &periods[0]);
    qk_json_end(&w);
}

static void tell_periods(air *a, const qk_period periods[13], int32_t year)
{
    for (int32_t m = 1; m <= 12; m++) tell_month(a, &a->text[1], &periods[m], year, m);
    tell_total(a, &a->text[2], periods, year);
}

static void fill_periods(qk_period periods[13], const qk_year *y)
{
    qk_year_total(&periods[0], y);
    for (int32_t m = 1; m <= 12; m++) qk_year_month(&periods[m], y, m);
}

qk_code air_tell_year(air *a, air_station *s, int32_t last_day, qk_error *err)
{
    qk_period periods[13];
    const qk_year *y = s->year;
    for (int32_t i = 0; i < y->days; i++)
        if (y->day[i].day >= s->year_first && y->day[i].day <= last_day)
            tell_day(a, &a->text[0], &y->day[i], false);
    fill_periods(periods, y);
    tell_periods(a, periods, y->year);
    return air_keep_ranks(a, s, periods, err);
}

static qk_code write_bytes(FILE *file, const void *bytes, size_t len, qk_error *err)
{
    if (len && fwrite(bytes, 1, len, file) != len)
        return qk_fail_errno(err, errno, "standard output");
    return QK_OK;
}

static qk_code copy_spill(air *a, FILE *file, uint64_t at, size_t len, qk_error *err)
{
    char bytes[16384];
    if (fseeko(a->spill, (off_t)at, SEEK_SET) != 0)
        return qk_fail_errno(err, errno, "temporary file");
    while (len > 0) {
        size_t n = fread(bytes, 1, len < sizeof bytes ? len : sizeof bytes, a->spill);
        if (n == 0) return qk_fail(err, QK_EIO, "the temporary file ends too early");
        QK_TRY(write_bytes(file, bytes, n, err));
        len -= n;
    }
    return QK_OK;
}

/* part 0 days, 1 months, 2 years: the spilled years and then the last one. */
static qk_code write_part(air *a, const air_station *s, FILE *file, int part, qk_error *err)
{
    static const char *const open[] = {",\"days\":[", "],\"months\":[", "],\"years\":["};
    bool any = false;
    QK_TRY(write_bytes(file, open[part], strlen(open[part]), err));
    for (size_t i = 0; i < s->chunks; i++) {
        const air_chunk *c = &s->chunk[i];
        uint64_t at = c->at;
        for (int before = 0; before < part; before++) at += c->len[before];
        if (c->len[part] == 0) continue;
        if (any) QK_TRY(write_bytes(file, ",", 1, err));
        QK_TRY(copy_spill(a, file, at, c->len[part], err));
        any = true;
    }
    if (a->text[part].failed != QK_OK)
        return qk_fail(err, a->text[part].failed, "the text of a year does not fit in memory");
    if (any && a->text[part].len) QK_TRY(write_bytes(file, ",", 1, err));
    return write_bytes(file, a->text[part].ptr, a->text[part].len, err);
}

static void put_station_flags(qk_json_writer *w, const air *a, const air_station *s)
{
    static const char *const counted[] = {"negative_values", "impossible_values", "duplicate_hours",
                                          "label_24_00", "rounded_to_6_decimals"};
    qk_json_key(w, "flags");
    qk_json_object(w);
    if (a->has_list && !s->listed) qk_json_kbool(w, "not_in_stations_file", true);
    if (a->has_list && s->listed && !s->located) qk_json_kbool(w, "no_coordinates", true);
    if (s->odd_kind) qk_json_kbool(w, "unknown_kind", true);
    if (s->first_day == INT32_MIN) qk_json_kbool(w, "no_data", true);
    for (int i = 0; i < 5; i++)
        if (s->counts[i]) qk_json_ki64(w, counted[i], (int64_t)s->counts[i]);
    qk_json_end(w);
}

static void put_station_head(qk_buf *head, const air *a, const air_station *s, bool first)
{
    qk_json_writer w;
    qk_buf_reset(head);
    if (!first) qk_buf_putc(head, ',');
    qk_buf_putc(head, '\n');
    qk_json_init(&w, head);
    qk_json_object(&w);
    qk_json_kstr(&w, "station", s->name);
    if (s->title[0]) qk_json_kcstr(&w, "name", s->title);
    if (s->kind[0]) qk_json_kcstr(&w, "kind", s->kind);
    if (s->located) {
        qk_json_key(&w, "lon");
        qk_json_f64(&w, s->lon_deg);
        qk_json_key(&w, "lat");
        qk_json_f64(&w, s->lat_deg);
    }
    qk_json_kbool(&w, "in_city_mean", s->in_city);
    put_station_flags(&w, a, s);
}

static qk_code write_station(air *a, air_station *s, qk_buf *head, bool first, FILE *file,
                             qk_error *err)
{
    put_station_head(head, a, s, first);
    if (head->failed != QK_OK) return qk_fail(err, head->failed, "the head of a station");
    QK_TRY(write_bytes(file, head->ptr, head->len, err));
    for (int i = 0; i < 3; i++) qk_buf_reset(&a->text[i]);
    if (s->year) QK_TRY(air_tell_year(a, s, s->last_day, err));
    for (int part = 0; part < 3; part++) QK_TRY(write_part(a, s, file, part, err));
    return write_bytes(file, "]}", 2, err);
}

static void bound_city(const air *a, int32_t *first, int32_t *last)
{
    *first = INT32_MAX;
    *last = INT32_MIN;
    for (size_t i = 0; i < a->stations; i++) {
        const air_station *s = a->station[i];
        if (!s->in_city || s->first_day == INT32_MIN) continue;
        if (s->first_day < *first) *first = s->first_day;
        if (s->last_day > *last) *last = s->last_day;
    }
}

static qk_code write_city_part(air *a, FILE *file, int part, qk_year *y, qk_error *err)
{
    static const char *const open[] = {"\"days\":[", "],\"months\":[", "],\"years\":["};
    int32_t first, last;
    bound_city(a, &first, &last);
    QK_TRY(write_bytes(file, open[part], strlen(open[part]), err));
    bool any = false;
    for (size_t i = 0; i < a->city_years; i++) {
        for (int t = 0; t < 3; t++) qk_buf_reset(&a->text[t]);
        air_city_fill(a, y, a->city[i]);
        for (int32_t d = 0; part == 0 && d < y->days; d++)
            if (y->day[d].day >= first && y->day[d].day <= last)
                tell_day(a, &a->text[0], &y->day[d], true);
        qk_period periods[13];
        fill_periods(periods, y);
        if (part > 0) tell_periods(a, periods, y->year);
        if (a->text[part].failed != QK_OK) return qk_fail(err, a->text[part].failed, "city year");
        if (any && a->text[part].len) QK_TRY(write_bytes(file, ",", 1, err));
        QK_TRY(write_bytes(file, a->text[part].ptr, a->text[part].len, err));
        if (a->text[part].len) any = true;
    }
    return QK_OK;
}

static qk_code write_city(air *a, FILE *file, qk_error *err)
{
    char head[96];
    qk_year *y = malloc(sizeof *y);
    if (!y) return qk_fail(err, QK_ENOMEM, "no memory for the city's year");
    int n = snprintf(head, sizeof head, "\n],\"city\":{\"stations\":%u,", air_city_stations(a));
    qk_code code = write_bytes(file, head, (size_t)n, err);
    for (int part = 0; part < 3 && code == QK_OK; part++)
        code = write_city_part(a, file, part, y, err);
    free(y);
    return code == QK_OK ? write_bytes(file, "]},", 3, err) : code;
}

enum { STRANGERS_TOLD = 20 };

/* A misspelt station would leave its dust days counted in silence. */
static void put_dust_strangers(qk_json_writer *w, const air *a)
{
    size_t cursor = 0, told = 0;
    qk_str name;
    while (told < STRANGERS_TOLD && qk_map_each(a->dust_names, &cursor, &name, NULL)) {
        uint64_t at;
        if (qk_map_get(a->by_name, name, &at) && a->station[at]->first_day != INT32_MIN) continue;
        if (told++ == 0) {
            qk_json_key(w, "dust_without_hours");
            qk_json_array(w);
        }
        qk_json_str(w, name);
    }
    if (told) qk_json_end(w);
}

static void put_file_flags(qk_json_writer *w, const air *a)
{
    qk_json_key(w, "flags");
    qk_json_object(w);
    if (a->midnight_24 && a->midnight_00) qk_json_kbool(w, "both_00_00_and_24_00", true);
    if (a->zone != INT32_MIN && a->zone != INT32_MAX && a->zone != 480)
        qk_json_ki64(w, "zone_converted_minutes", a->zone);
    put_dust_strangers(w, a);
    qk_json_end(w);
}

static qk_code write_tail(air *a, FILE *file, qk_error *err)
{
    qk_buf out;
    qk_json_writer w;
    qk_buf_init(&out, (size_t)1 << 30);
    qk_buf_puts(&out, "\"ranking\":[");
    qk_code code = air_write_ranking(a, &out, err);
    qk_buf_puts(&out, "],\"rows\":");
    qk_buf_printf(&out, "%llu,\"file\":", (unsigned long long)a->rows);
    qk_json_init(&w, &out);
    qk_json_object(&w);
    put_file_flags(&w, a);
    qk_json_end(&w);
    qk_buf_puts(&out, "}\n");
    if (code == QK_OK && out.failed != QK_OK) code = qk_fail(err, out.failed, "ranking");
    if (code == QK_OK) code = write_bytes(file, out.ptr, out.len, err);
    qk_buf_clear(&out);
    return code;
}

qk_code air_write(air *a, FILE *file, qk_error *err)
{
    qk_buf head;
    qk_buf_init(&head, 1 << 16);
    qk_code code = write_bytes(file, "{\"stations\":[", 13, err);
    for (size_t i = 0; i < a->stations && code == QK_OK; i++)
        code = write_station(a, a->station[i], &head, i == 0, file, err);
    qk_buf_clear(&head);
    if (code == QK_OK) code = write_city(a, file, err);
    if (code == QK_OK) code = write_tail(a, file, err);
    if (code == QK_OK && fflush(file) != 0) code = qk_fail_errno(err, errno, "standard output");
    return code;
}
