/* SPDX-License-Identifier: Apache-2.0 */
/* Pathways CO (control), ME (meteorology) and OU (output). */
#include "models/aermod_private.h"
#include "base/time.h"
#include "models/aermod_weather.h"
#include <stdlib.h>

static qk_code take_title(aermod_parser *p, qk_error *err)
{
    (void)err;
    char *out = p->c->title[p->keyword[5] == 'T'];
    const char *from = p->token[0].ptr, *to = p->line.ptr + p->line.len;
    qk_str_copy(out, sizeof p->c->title[0], qk_str_trim((qk_str){from, (size_t)(to - from)}));
    return QK_OK;
}

/* The regulatory default wins over the options that part from it, as in the reference. */
static void override_options(aermod_parser *p)
{
    qk_aermod_case *c = p->c;
    if (!c->regulatory) return;
    if (c->flat) aermod_note(p, "DFAULT sets FLAT aside: terrain is elevated");
    if (c->no_tip_downwash) aermod_note(p, "DFAULT sets NOSTD aside: stack-tip downwash is on");
    if (c->decay_1_s > 0) aermod_note(p, "DFAULT sets HALFLIFE and DCAYCOEF aside");
    c->flat = c->no_tip_downwash = false;
    c->decay_1_s = 0;
}

static qk_code take_options(aermod_parser *p, qk_error *err)
{
    static const char *const harmless[] = {"CONC",      "WARNCHKD",  "NOWARN",   "BETA",  "ALPHA",
                                           "NODRYDPLT", "NOWETDPLT", "FASTAREA", "NOCHKD"};
    qk_aermod_case *c = p->c;
    for (int i = 0; i < p->count; i++) {
        bool known = true;
        if (aermod_is(p, i, "FLAT"))
            c->flat = true;
        else if (aermod_is(p, i, "ELEV"))
            c->elevated = true;
        else if (aermod_is(p, i, "DFAULT"))
            c->regulatory = true;
        else if (aermod_is(p, i, "NOSTD"))
            c->no_tip_downwash = true;
        else if (aermod_is(p, i, "ARM2"))
            c->arm2 = true;
        else
            known = false;
        for (size_t k = 0; !known && k < sizeof harmless / sizeof *harmless; k++)
            known = aermod_is(p, i, harmless[k]);
        if (!known)
            return aermod_refuse(p, err, QK_EUNSUPPORTED, i, "the option %.*s is not supported",
                                 (int)(p->token[i].len < 40 ? p->token[i].len : 40),
                                 p->token[i].ptr);
    }
    override_options(p);
    if (!c->flat) c->elevated = true;
    return QK_OK;
}

static qk_code parse_average(const aermod_parser *p, int at, int *out, qk_error *err)
{
    static const int hours[] = {1, 2, 3, 4, 6, 8, 12, 24};
    if (aermod_is(p, at, "PERIOD"))
        *out = QK_AERMOD_PERIOD;
    else if (aermod_is(p, at, "ANNUAL"))
        *out = QK_AERMOD_ANNUAL;
    else if (aermod_is(p, at, "MONTH"))
        *out = QK_AERMOD_MONTHS;
    else {
        QK_TRY(aermod_whole(p, at, 1, 24, out, err));
        for (size_t i = 0; i < sizeof hours / sizeof *hours; i++)
            if (hours[i] == *out) return QK_OK;
        return aermod_refuse(p, err, QK_ERANGE, at,
                             "averages are of 1, 2, 3, 4, 6, 8, 12, 24 hours");
    }
    return QK_OK;
}

static qk_code take_averages(aermod_parser *p, qk_error *err)
{
    qk_aermod_case *c = p->c;
    for (int i = 0; i < p->count; i++) {
        int average;
        QK_TRY(parse_average(p, i, &average, err));
        if (average == QK_AERMOD_PERIOD)
            c->period = true;
        else if (average == QK_AERMOD_ANNUAL)
            c->annual = true;
        else if (c->average_count == QK_AERMOD_AVERAGES_MAX)
            return aermod_refuse(p, err, QK_EFULL, i, "too many averages");
        else
            c->average[c->average_count++] = average;
    }
    return QK_OK;
}

static qk_code take_city(aermod_parser *p, qk_error *err)
{
    qk_aermod_case *c = p->c;
    double number;
    if (c->city_count == QK_AERMOD_CITIES_MAX)
        return aermod_refuse(p, err, QK_EFULL, -1, "too many cities");
    qk_aermod_city *city = &c->city[c->city_count];
    *city = (qk_aermod_city){.roughness_m = 1};
    qk_str first = p->token[0];
    bool named = qk_parse_f64(&number, first) != QK_OK;
    if (named) QK_TRY(aermod_id(p, 0, city->id, err));
    QK_TRY(aermod_number(p, named, &city->population, err));
    if (p->count > named + 2) QK_TRY(aermod_number(p, named + 2, &city->roughness_m, err));
    if (!(city->population >= 100 && city->population < 1e9))
        return aermod_refuse(p, err, QK_ERANGE, named, "a city has 100 people at least");
    if (!(city->roughness_m > 0 && city->roughness_m <= 10))
        return aermod_refuse(p, err, QK_ERANGE, named + 2, "the roughness must lie within 0..10 m");
    c->city_count++;
    return QK_OK;
}

static qk_code take_flagpole(aermod_parser *p, qk_error *err)
{
    p->c->flagpoles = true;
    return p->count ? aermod_number(p, 0, &p->c->flagpole_m, err) : QK_OK;
}

static qk_code take_pollutant(aermod_parser *p, qk_error *err)
{
    (void)err;
    qk_str_copy(p->c->pollutant, sizeof p->c->pollutant, p->token[0]);
    for (char *c = p->c->pollutant; *c; c++) *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    if (p->count > 1 && !aermod_is(p, 1, "H1H"))
        aermod_note(p, "only the name of the pollutant is used");
    p->plain_highs = aermod_is(p, 1, "H1H");
    return QK_OK;
}

static qk_code take_run(aermod_parser *p, qk_error *err)
{
    p->c->run = aermod_is(p, 0, "RUN");
    if (p->c->run || aermod_is(p, 0, "NOT")) return QK_OK;
    return aermod_refuse(p, err, QK_EFORMAT, 0, "RUN or NOT");
}

static qk_code take_decay(aermod_parser *p, qk_error *err)
{
    double v;
    QK_TRY(aermod_number(p, 0, &v, err));
    if (!(v > 0)) return aermod_refuse(p, err, QK_ERANGE, 0, "must be above 0");
    p->c->decay_1_s = p->keyword[0] == 'H' ? 0.693147180559945309 / v : v;
    override_options(p);
    return QK_OK;
}

static qk_code take_ratio(aermod_parser *p, qk_error *err)
{
    QK_TRY(aermod_number(p, 0, &p->c->arm2_low, err));
    QK_TRY(aermod_number(p, 1, &p->c->arm2_high, err));
    if (!(p->c->arm2_low >= 0 && p->c->arm2_low <= p->c->arm2_high && p->c->arm2_high <= 1))
        return aermod_refuse(p, err, QK_ERANGE, 0, "ratios must rise within 0..1");
    return QK_OK;
}

static qk_code take_unit(aermod_parser *p, qk_error *err)
{
    double metres = aermod_is(p, 0, "FEET") ? 0.3048 : aermod_is(p, 0, "METERS") ? 1 : 0;
    if (metres == 0) return aermod_refuse(p, err, QK_EFORMAT, 0, "METERS or FEET");
    p->elevation_unit[p->pathway[0] == 'C' ? 0 : p->pathway[0] == 'S' ? 1 : 2] = metres;
    if (p->pathway[0] == 'C') p->elevation_unit[1] = p->elevation_unit[2] = metres;
    return QK_OK;
}

static qk_code not_written(aermod_parser *p, qk_error *err)
{
    (void)err;
    aermod_note(p, "accepted, not written");
    return QK_OK;
}

static qk_code pass_over(aermod_parser *p, qk_error *err)
{
    (void)p;
    (void)err;
    return QK_OK;
}

static qk_code take_weather_file(aermod_parser *p, qk_error *err)
{
    bool surface = p->keyword[0] == 'S';
    if (p->count > 1 && !aermod_is(p, 1, "FREE"))
        return aermod_refuse(p, err, QK_EUNSUPPORTED, 1, "only free format is read");
    return aermod_path(p, 0, surface ? p->c->surface_path : p->c->profile_path, err);
}

static qk_code take_base(aermod_parser *p, qk_error *err)
{
    QK_TRY(aermod_number(p, 0, &p->c->base_m, err));
    if (aermod_is(p, 1, "FEET")) p->c->base_m *= 0.3048;
    return QK_OK;
}

static qk_code take_bounds(aermod_parser *p, qk_error *err)
{
    int with_hours = p->count >= 8, v[8] = {0}, half = with_hours ? 4 : 3;
    if (p->count < 6) return aermod_refuse(p, err, QK_EFORMAT, -1, "two dates are needed");
    for (int i = 0; i < 2 * half; i++) QK_TRY(aermod_whole(p, i, 0, 2200, &v[i], err));
    for (int k = 0; k < 2; k++) {
        int *d = v + k * half, year = d[0] < 100 ? d[0] + (d[0] >= 50 ? 1900 : 2000) : d[0];
        int hour = with_hours ? d[3] : k ? 24 : 1;
        int64_t at = (((int64_t)year * 100 + d[1]) * 100 + d[2]) * 100 + hour;
        if (k)
            p->c->to_hour = at;
        else
            p->c->from_hour = at;
    }
    return QK_OK;
}

/* A day as a number of the year, or as month/day, which is given as a day of a leap year. */
static qk_code parse_day(const aermod_parser *p, int at, qk_str word, int *out, bool *date,
                         qk_error *err)
{
    int64_t month, day = 0;
    qk_str rest = word, first = qk_str_cut(&rest, '/');
    *date = rest.ptr != NULL;
    *out = 0;
    if (qk_parse_i64(&month, first) != QK_OK || (*date && qk_parse_i64(&day, rest) != QK_OK))
        return aermod_refuse(p, err, QK_EFORMAT, at, "no day of the year");
    if (!*date && month >= 1 && month <= 366) *out = (int)month;
    if (*date && month >= 1 && month <= 12 && day >= 1 && day <= qk_days_in_month(2000, (int)month))
        *out = qk_aermod_day_of_year(2000, (int)month, (int)day);
    if (*out < 1) return aermod_refuse(p, err, QK_ERANGE, at, "no day of the year");
    return QK_OK;
}

static qk_code take_days(aermod_parser *p, qk_error *err)
{
    for (int i = 0; i < p->count; i++) {
        qk_str rest = p->token[i], word = qk_str_cut(&rest, '-');
        int from = 0, to;
        bool date = false, date_to;
        QK_TRY(parse_day(p, i, word, &from, &date, err));
        to = from;
        date_to = date;
        if (rest.ptr) QK_TRY(parse_day(p, i, rest, &to, &date_to, err));
        if (date_to != date || to < from)
            return aermod_refuse(p, err, QK_ERANGE, i,
                                 "the days of a range must rise, both as "
                                 "numbers or both as month/day");
        uint8_t *chosen = date ? p->c->date_chosen : p->c->day_chosen;
        for (int d = from; d <= to; d++) chosen[d] = 1;
    }
    p->c->days_chosen = true;
    return QK_OK;
}

static qk_code take_rotation(aermod_parser *p, qk_error *err)
{
    return aermod_number(p, 0, &p->c->rotate_deg, err);
}

static qk_code take_classes(aermod_parser *p, qk_error *err)
{
    for (int i = 0; i < 5; i++) QK_TRY(aermod_number(p, i, &p->c->wind_class[i], err));
    return QK_OK;
}

/* FIRST, 1ST, 1; ranges FIRST-THIRD. */
static int parse_rank(qk_str word)
{
    static const char *const names[] = {"FIRST", "SECOND",  "THIRD",  "FOURTH", "FIFTH",
                                        "SIXTH", "SEVENTH", "EIGHTH", "NINTH",  "TENTH"};
    static const char *const ordinals[] = {"1ST", "2ND", "3RD", "4TH", "5TH",
                                           "6TH", "7TH", "8TH", "9TH", "10TH"};
    int64_t n;
    for (int i = 0; i < QK_AERMOD_RANK_MAX; i++)
        if (qk_str_eq_nocase(word, qk_str_of(names[i])) ||
            qk_str_eq_nocase(word, qk_str_of(ordinals[i])))
            return i + 1;
    if (qk_parse_i64(&n, word) == QK_OK && n >= 1 && n <= QK_AERMOD_RANK_MAX) return (int)n;
    return 0;
}

static int average_index(const qk_aermod_case *c, int average)
{
    for (int i = 0; i < c->average_count; i++)
        if (c->average[i] == average) return i;
    return -1;
}

static qk_code take_tables(aermod_parser *p, qk_error *err)
{
    qk_aermod_case *c = p->c;
    uint16_t ranks = 0;
    int average = 0, index = -1;
    bool all = aermod_is(p, 0, "ALLAVE");
    if (!all) {
        QK_TRY(parse_average(p, 0, &average, err));
        index = average_index(c, average);
        if (index < 0) return aermod_refuse(p, err, QK_EFORMAT, 0, "no such AVERTIME");
    }
    for (int i = 1; i < p->count; i++) {
        qk_str rest = p->token[i], word = qk_str_cut(&rest, '-');
        int from = parse_rank(word), to = rest.ptr ? parse_rank(rest) : from;
        if (from == 0 || to < from)
            return aermod_refuse(p, err, QK_EFORMAT, i, "ranks go from FIRST to TENTH");
        for (int r = from; r <= to; r++) ranks |= (uint16_t)(1u << (r - 1));
    }
    for (int i = 0; i < c->average_count; i++)
        if (all || i == index) c->rectable[i] |= ranks;
    return QK_OK;
}

static qk_code add_output(aermod_parser *p, qk_aermod_output_kind kind, int average, int rank,
                          int path_at, qk_error *err)
{
    qk_aermod_case *c = p->c;
    int group = aermod_find_group(c, p->token[1]);
    bool have = average == QK_AERMOD_PERIOD   ? c->period
                : average == QK_AERMOD_ANNUAL ? c->annual
                                              : average_index(c, average) >= 0;
    if (!have) return aermod_refuse(p, err, QK_EFORMAT, 0, "no such AVERTIME in CO");
    if (group < 0) return aermod_refuse(p, err, QK_EFORMAT, 1, "no such source group");
    qk_aermod_output *o = aermod_grow(&c->v_output, sizeof *o, 65536);
    if (!o) return aermod_refuse(p, err, QK_EFULL, -1, "too many output files");
    *o = (qk_aermod_output){
        .kind = kind, .average = average, .group = group, .rank = rank, .line = p->line_number};
    return aermod_path(p, path_at, o->path, err);
}

static qk_code take_plotfile(aermod_parser *p, qk_error *err)
{
    int average, rank = 0;
    QK_TRY(parse_average(p, 0, &average, err));
    if (average <= 0) return add_output(p, QK_AERMOD_PLOTFILE, average, 0, 2, err);
    rank = p->count > 2 ? parse_rank(p->token[2]) : 0;
    if (rank == 0) return aermod_refuse(p, err, QK_EFORMAT, 2, "ranks go from FIRST to TENTH");
    return add_output(p, QK_AERMOD_PLOTFILE, average, rank, 3, err);
}

static qk_code take_postfile(aermod_parser *p, qk_error *err)
{
    int average;
    QK_TRY(parse_average(p, 0, &average, err));
    bool records = aermod_is(p, 2, "UNFORM");
    if (!records && !aermod_is(p, 2, "PLOT"))
        return aermod_refuse(p, err, QK_EFORMAT, 2, "the form is PLOT or UNFORM");
    if (records && average <= 0)
        return aermod_refuse(p, err, QK_EUNSUPPORTED, 2,
                             "UNFORM is written for averages of hours, not of the period");
    QK_TRY(add_output(p, QK_AERMOD_POSTFILE, average, 0, 3, err));
    qk_aermod_output *all = p->c->v_output.ptr;
    all[p->c->v_output.count - 1].unformatted = records;
    return QK_OK;
}

static qk_code take_form(aermod_parser *p, qk_error *err)
{
    p->c->exponent_form = aermod_is(p, 0, "EXP");
    if (p->c->exponent_form || aermod_is(p, 0, "FIX")) return QK_OK;
    return aermod_refuse(p, err, QK_EFORMAT, 0, "FIX or EXP");
}

static qk_code take_no_header(aermod_parser *p, qk_error *err)
{
    for (int i = 0; i < p->count; i++) {
        bool all = aermod_is(p, i, "ALL"), plot = aermod_is(p, i, "PLOTFILE");
        bool post = aermod_is(p, i, "POSTFILE");
        if (!all && !plot && !post)
            return aermod_refuse(p, err, QK_EUNSUPPORTED, i,
                                 "headers are of PLOTFILE and POSTFILE, or ALL");
        if (all || plot) p->c->no_header[QK_AERMOD_PLOTFILE] = true;
        if (all || post) p->c->no_header[QK_AERMOD_POSTFILE] = true;
    }
    return QK_OK;
}

/* What the reference writes for these names by itself: ranks of daily highest hours or of days,
 * meant over the years. */
static void note_design_values(aermod_parser *p)
{
    const qk_aermod_case *c = p->c;
    bool fine = strcmp(c->pollutant, "PM25") == 0 || strcmp(c->pollutant, "PM-2.5") == 0 ||
                strcmp(c->pollutant, "PM2.5") == 0;
    bool hour = strcmp(c->pollutant, "NO2") == 0 || strcmp(c->pollutant, "SO2") == 0;
    int at = average_index(c, fine ? 24 : 1);
    if (p->plain_highs || (!fine && !hour) || at < 0) return;
    bool asked = c->rectable[at] != 0;
    const qk_aermod_output *o = c->v_output.ptr;
    for (size_t i = 0; i < c->v_output.count; i++)
        asked = asked || (o[i].rank > 0 && o[i].average == c->average[at]);
    if (asked)
        qk_buf_printf(&p->c->notes,
                      "POLLUTID %s: highest %s values are of all of them, not the design value "
                      "of several years (as with POLLUTID %s H1H)\n",
                      c->pollutant, fine ? "24-HR" : "1-HR", c->pollutant);
}

qk_code aermod_finish_outputs(aermod_parser *p, qk_error *err)
{
    const qk_aermod_case *c = p->c;
    if (c->arm2 && strcmp(c->pollutant, "NO2") != 0) {
        qk_fail(err, QK_EFORMAT, "CO MODELOPT: ARM2 makes NO2 of NOx, so POLLUTID must be NO2");
        qk_error_at(err, p->name, p->line_number, 0);
        return QK_EFORMAT;
    }
    note_design_values(p);
    if (!c->surface_path[0] || !c->profile_path[0]) {
        qk_fail(err, QK_EFORMAT, "ME: SURFFILE and PROFFILE are needed");
        qk_error_at(err, p->name, p->line_number, 0);
        return QK_EFORMAT;
    }
    return QK_OK;
}

const aermod_keyword aermod_general[] = {{"CO", "TITLEONE", take_title, 1},
                                         {"CO", "TITLETWO", take_title, 1},
                                         {"CO", "MODELOPT", take_options, 1},
                                         {"CO", "AVERTIME", take_averages, 1},
                                         {"CO", "URBANOPT", take_city, 1},
                                         {"CO", "FLAGPOLE", take_flagpole, 0},
                                         {"CO", "POLLUTID", take_pollutant, 1},
                                         {"CO", "RUNORNOT", take_run, 1},
                                         {"CO", "HALFLIFE", take_decay, 1},
                                         {"CO", "DCAYCOEF", take_decay, 1},
                                         {"CO", "ARMRATIO", take_ratio, 2},
                                         {"CO", "ELEVUNIT", take_unit, 1},
                                         {"CO", "ERRORFIL", not_written, 0},
                                         {"CO", "DEBUGOPT", not_written, 0},
                                         {"CO", "EVENTFIL", not_written, 0},
                                         {"SO", "ELEVUNIT", take_unit, 1},
                                         {"RE", "ELEVUNIT", take_unit, 1},
                                         {"ME", "SURFFILE", take_weather_file, 1},
                                         {"ME", "PROFFILE", take_weather_file, 1},
                                         {"ME", "SURFDATA", pass_over, 0},
                                         {"ME", "UAIRDATA", pass_over, 0},
                                         {"ME", "SITEDATA", pass_over, 0},
                                         {"ME", "PROFBASE", take_base, 1},
                                         {"ME", "STARTEND", take_bounds, 6},
                                         {"ME", "DAYRANGE", take_days, 1},
                                         {"ME", "WDROTATE", take_rotation, 1},
                                         {"ME", "WINDCATS", take_classes, 5},
                                         {"ME", "NUMYEARS", pass_over, 1},
                                         {"OU", "RECTABLE", take_tables, 2},
                                         {"OU", "PLOTFILE", take_plotfile, 3},
                                         {"OU", "POSTFILE", take_postfile, 4},
                                         {"OU", "FILEFORM", take_form, 1},
                                         {"OU", "NOHEADER", take_no_header, 1},
                                         {"OU", "MAXTABLE", not_written, 0},
                                         {"OU", "SUMMFILE", not_written, 0},
                                         {"OU", "RANKFILE", not_written, 0},
                                         {0}};
