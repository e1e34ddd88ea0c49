/* SPDX-License-Identifier: Apache-2.0 */
#include "models/aermod_output.h"
#include <math.h>
#include <stdio.h>

enum { COLUMNS_MAX = 5, MEMBERS_SHOWN = 5 };

static const char dashes[] = " - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - "
                             "- - - - - - - - - - - - - "
                             "- - - - - - - - - - - - - - - - - -\n";

static const char *const ordinal[] = {"",    "1ST", "2ND", "3RD", "4TH", "5TH",
                                      "6TH", "7TH", "8TH", "9TH", "10TH"};

void qk_aermod_put_e13(qk_buf *out, double v)
{
    char text[32];
    if (v == 0 || !isfinite(v)) {
        qk_buf_puts(out, " 0.000000E+00");
        return;
    }
    snprintf(text, sizeof text, "%.5e", fabs(v)); /* d.ddddde±xx */
    int exponent = 0, sign = text[8] == '-' ? -1 : 1;
    for (const char *c = text + 9; *c; c++) exponent = exponent * 10 + (*c - '0');
    exponent = sign * exponent + 1;
    qk_buf_printf(out, "%c0.%c%.5sE%c%02d", v < 0 ? '-' : ' ', text[0], text + 2,
                  exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
}

static void put_value(qk_buf *out, const qk_aermod_case *c, double v)
{
    if (c->exponent_form)
        qk_aermod_put_e13(out, v);
    else
        qk_buf_printf(out, "%13.5f", v);
}

static void put_options(qk_buf *out, const qk_aermod_case *c)
{
    qk_buf_printf(out, "%s  CONC  ", c->regulatory ? "RegDFAULT" : "NonDFAULT");
    if (c->flat) qk_buf_puts(out, "FLAT  ");
    if (c->elevated) qk_buf_puts(out, "ELEV  ");
    qk_buf_puts(out, c->city_count ? "URBAN" : "RURAL");
    if (c->no_tip_downwash) qk_buf_puts(out, "  NOSTD");
    if (c->arm2) qk_buf_puts(out, "  ARM2");
}

static const char *post_name(int average)
{
    return average <= 0 ? qk_aermod_average_name(average) : "";
}

static void put_title(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                      uint32_t years)
{
    const char *group = c->group[o->group].id, *average = qk_aermod_average_name(o->average);
    if (o->kind == QK_AERMOD_POSTFILE && o->average > 0)
        qk_buf_printf(out,
                      "*         POST/PLOT FILE OF CONCURRENT %5s VALUES FOR SOURCE GROUP: %-8s\n",
                      average, group);
    else if (o->average <= 0)
        qk_buf_printf(out,
                      "*         PLOT FILE OF %s VALUES AVERAGED ACROSS %3u YEARS FOR SOURCE "
                      "GROUP: %-8s\n",
                      post_name(o->average), years, group);
    else
        qk_buf_printf(out,
                      "*         PLOT FILE OF  HIGH  %4s HIGH %5s VALUES FOR SOURCE GROUP: %-8s\n",
                      ordinal[o->rank], average, group);
}

void qk_aermod_put_head(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                        const qk_average *a, const qk_aermod_stamp *stamp)
{
    const char *value = c->exponent_form ? "2(1X,F13.5),1X,E13.6" : "3(1X,F13.5)";
    bool high = o->kind == QK_AERMOD_PLOTFILE && o->average > 0;
    if (c->no_header[o->kind]) return;
    qk_buf_printf(out, "* QINGKONG (" QK_VERSION "): %-68s         %s\n", c->title[0], stamp->date);
    qk_buf_printf(out, "* AERMET (%6s):%74s%s\n", stamp->weather_version, "", stamp->time);
    qk_buf_puts(out, "* MODELING OPTIONS USED:   ");
    put_options(out, c);
    qk_buf_putc(out, '\n');
    put_title(out, c, o, a ? qk_average_years(a) : 0);
    qk_buf_printf(out, "*         FOR A TOTAL OF %5zu RECEPTORS.\n", c->receptor_count);
    qk_buf_printf(out, "*         FORMAT: (%s,3(1X,F8.2),%s)\n", value,
                  high ? "3X,A5,2X,A8,2X,A5,5X,A8,2X,I8" : "2X,A6,2X,A8,2X,I8.8,2X,A8");
    qk_buf_printf(
        out,
        "*        X             Y      AVERAGE CONC    ZELEV    ZHILL    ZFLAG    AVE     "
        "GRP       %s\n",
        high             ? "RANK     NET ID   DATE(CONC)"
        : o->average > 0 ? "DATE     NET ID"
        : o->average < 0 ? "NUM YRS   NET ID"
                         : "NUM HRS   NET ID");
    qk_buf_puts(out,
                "* ____________  ____________  ____________   ______   ______   ______  ______  "
                "________  ________  ________\n");
}

static void put_place(qk_buf *out, const qk_aermod_case *c, size_t receptor, double value)
{
    const qk_aermod_receptor *r = &c->receptor[receptor];
    bool flat = c->flat && !c->elevated;
    qk_buf_printf(out, " %13.5f %13.5f ", r->x_m, r->y_m);
    put_value(out, c, value);
    qk_buf_printf(out, " %8.2f %8.2f %8.2f", flat ? c->base_m : r->ground_m,
                  flat ? c->base_m : r->hill_m, r->flagpole_m);
}

static const char *network_of(const qk_aermod_case *c, size_t receptor)
{
    int n = c->receptor[receptor].network;
    return n < 0 ? "" : c->network[n].id;
}

static int short_date(int64_t at)
{
    return (int)(at % 100000000);
}

void qk_aermod_put_post(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                        size_t receptor, double value, int64_t at)
{
    put_place(out, c, receptor, value);
    qk_buf_printf(out, "  %6s  %-8s  %08d  %-8s\n", qk_aermod_average_name(o->average),
                  c->group[o->group].id, short_date(at), network_of(c, receptor));
}

static void put_little(qk_buf *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) qk_buf_putc(out, (char)(v >> (8 * i) & 0xff));
}

void qk_aermod_put_record(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                          const double *value, int64_t at)
{
    char group[9];
    uint64_t length = 16 + 8 * (uint64_t)c->receptor_count;
    snprintf(group, sizeof group, "%-8.8s", c->group[o->group].id);
    put_little(out, length, 4);
    put_little(out, (uint64_t)(at % 100000000), 4);
    put_little(out, (uint64_t)o->average, 4);
    qk_buf_append(out, group, 8);
    for (size_t i = 0; i < c->receptor_count; i++) {
        uint64_t bits;
        memcpy(&bits, &value[i], sizeof bits);
        put_little(out, bits, 8);
    }
    put_little(out, length, 4);
}

void qk_aermod_put_plot(qk_buf *out, const qk_aermod_case *c, const qk_aermod_output *o,
                        const qk_average *a)
{
    int index = 0;
    while (index < c->average_count && c->average[index] != o->average) index++;
    for (size_t i = 0; i < c->receptor_count; i++) {
        size_t group = (size_t)o->group;
        if (o->average <= 0) {
            bool annual = o->average == QK_AERMOD_ANNUAL;
            put_place(out, c, i,
                      annual ? qk_average_annual(a, group, i) : qk_average_period(a, group, i));
            qk_buf_printf(out, "  %6s  %-8s  %08u  %-8s\n", qk_aermod_average_name(o->average),
                          c->group[group].id, annual ? qk_average_years(a) : qk_average_hours(a),
                          network_of(c, i));
            continue;
        }
        qk_average_high high = qk_average_highest(a, index, group, i, o->rank);
        put_place(out, c, i, high.value);
        qk_buf_printf(out, "   %5s  %-8s  %5s     %-8s  %8d\n", qk_aermod_average_name(o->average),
                      c->group[group].id, ordinal[o->rank], network_of(c, i), short_date(high.at));
    }
}

/* One table: which average, which rank, which group. */
enum { WHOLE_PERIOD = -1, WHOLE_YEARS = -2 };

typedef struct table {
    const qk_aermod_case *c;
    const qk_average *a;
    int average, rank;
    size_t group;
} table;

static void put_members(qk_buf *out, const table *t)
{
    const qk_aermod_group *g = &t->c->group[t->group];
    qk_buf_puts(out, "                                  INCLUDING SOURCE(S):     ");
    for (int i = 0; i < g->count && i < MEMBERS_SHOWN; i++)
        qk_buf_printf(out, "%-12s, ", t->c->source[g->member[i]].id);
    if (g->count > MEMBERS_SHOWN) qk_buf_puts(out, " . . .");
    qk_buf_puts(out, "\n\n");
}

static void put_table_head(qk_buf *out, const table *t)
{
    const qk_aermod_case *c = t->c;
    qk_buf_puts(out, "\n *** MODELOPTs:    ");
    put_options(out, c);
    if (t->average == WHOLE_YEARS)
        qk_buf_printf(out,
                      "\n\n                              *** THE ANNUAL AVERAGE CONCENTRATION   "
                      "VALUES AVERAGED OVER %3u YEARS FOR SOURCE GROUP: %-8s ***\n",
                      qk_average_years(t->a), c->group[t->group].id);
    else if (t->average == WHOLE_PERIOD)
        qk_buf_printf(out,
                      "\n\n                              *** THE PERIOD (%6u HRS) AVERAGE "
                      "CONCENTRATION   VALUES FOR SOURCE GROUP: %-8s ***\n",
                      qk_average_hours(t->a), c->group[t->group].id);
    else
        qk_buf_printf(out,
                      "\n\n                              *** THE  %4s HIGHEST %5s AVERAGE "
                      "CONCENTRATION   VALUES FOR SOURCE GROUP:  %-8s ***\n",
                      ordinal[t->rank], qk_aermod_average_name(c->average[t->average]),
                      c->group[t->group].id);
    put_members(out, t);
}

static void put_unit(qk_buf *out, const qk_aermod_case *c)
{
    qk_buf_printf(out, "                                        ** CONC OF %-8s IN %-40s **\n\n",
                  c->pollutant, c->unit_label);
}

static void put_cell(qk_buf *out, const table *t, size_t receptor, bool network)
{
    if (t->average < 0) {
        qk_buf_printf(out, network ? " %13.5f" : "%13.5f",
                      t->average == WHOLE_YEARS ? qk_average_annual(t->a, t->group, receptor)
                                                : qk_average_period(t->a, t->group, receptor));
        return;
    }
    qk_average_high h = qk_average_highest(t->a, t->average, t->group, receptor, t->rank);
    qk_buf_printf(out, network ? "%13.5f%c(%08d)" : "%13.5f%c (%08d)", h.value, h.flag,
                  short_date(h.at));
}

static void put_network_block(qk_buf *out, const table *t, const qk_aermod_network *n, int from,
                              int to)
{
    bool high = t->average >= 0;
    qk_buf_puts(out, n->polar ? "   DIRECTION |                                                "
                                "DISTANCE (METERS)\n   (DEGREES) |"
                              : "    Y-COORD  |                                                "
                                "X-COORD (METERS)\n   (METERS)  |");
    for (int i = from; i < to; i++)
        qk_buf_printf(out, high ? "%13.2f           " : " %13.2f", n->x[i]);
    qk_buf_putc(out, '\n');
    qk_buf_puts(out, dashes);
    qk_buf_putc(out, '\n');
    for (int j = 0; j < n->ny; j++) {
        int row = n->polar ? j : n->ny - 1 - j; /* north on top */
        qk_buf_printf(out, high ? "%10.1f |" : "  %10.2f |", n->y[row]);
        for (int i = from; i < to; i++) {
            put_cell(out, t, (size_t)n->first + (size_t)row * (size_t)n->nx + (size_t)i, true);
            if (high) qk_buf_putc(out, ' ');
        }
        qk_buf_putc(out, '\n');
    }
}

static void put_network(qk_buf *out, const table *t, const qk_aermod_network *n)
{
    int columns = t->average < 0 ? 9 : COLUMNS_MAX;
    for (int from = 0; from < n->nx; from += columns) {
        int to = from + columns < n->nx ? from + columns : n->nx;
        put_table_head(out, t);
        qk_buf_printf(out,
                      "                                   *** NETWORK ID: %-8s ;  NETWORK TYPE: "
                      "%s ***\n\n",
                      n->id, n->polar ? "GRIDPOLR" : "GRIDCART");
        put_unit(out, t->c);
        put_network_block(out, t, n, from, to);
    }
}

static void put_discrete(qk_buf *out, const table *t)
{
    bool high = t->average >= 0, second = false, any = false;
    for (size_t i = 0; i < t->c->receptor_count && !any; i++) any = t->c->receptor[i].network < 0;
    if (!any) return;
    put_table_head(out, t);
    qk_buf_puts(out, "                                             *** DISCRETE CARTESIAN RECEPTOR "
                     "POINTS ***\n\n");
    put_unit(out, t->c);
    qk_buf_puts(out, high
                         ? "      X-COORD (M)  Y-COORD (M)        CONC     (YYMMDDHH)              "
                           "X-COORD (M)  Y-COORD (M)        CONC     (YYMMDDHH)\n"
                         : "       X-COORD (M)   Y-COORD (M)        CONC                       "
                           "X-COORD (M)   Y-COORD (M)        CONC\n");
    qk_buf_puts(out, dashes);
    for (size_t i = 0; i < t->c->receptor_count; i++) {
        const qk_aermod_receptor *r = &t->c->receptor[i];
        if (r->network >= 0) continue;
        qk_buf_printf(out, high ? "     %12.2f %12.2f    " : "     %13.2f %13.2f  ", r->x_m,
                      r->y_m);
        put_cell(out, t, i, false);
        qk_buf_puts(out, second ? "\n" : "          ");
        second = !second;
    }
    if (second) qk_buf_putc(out, '\n');
}

static void put_one_table(qk_buf *out, const table *t)
{
    for (size_t n = 0; n < t->c->network_count; n++) put_network(out, t, &t->c->network[n]);
    put_discrete(out, t);
}

void qk_aermod_put_tables(qk_buf *out, const qk_aermod_case *c, const qk_average *a,
                          const qk_aermod_stamp *stamp)
{
    qk_buf_printf(out, " *** QINGKONG - VERSION " QK_VERSION " ***   *** %-68s ***        %s\n",
                  c->title[0], stamp->date);
    qk_buf_printf(out, " *** AERMET - VERSION %6s ***   *** %-68s ***        %s\n",
                  stamp->weather_version, c->title[1], stamp->time);
    for (size_t g = 0; g < c->group_count; g++) {
        if (c->period)
            put_one_table(out, &(table){.c = c, .a = a, .average = WHOLE_PERIOD, .group = g});
        if (c->annual)
            put_one_table(out, &(table){.c = c, .a = a, .average = WHOLE_YEARS, .group = g});
    }
    for (int i = 0; i < c->average_count; i++)
        for (int r = 1; r <= QK_AERMOD_RANK_MAX; r++) {
            if (!(c->rectable[i] >> (r - 1) & 1)) continue;
            for (size_t g = 0; g < c->group_count; g++)
                put_one_table(out, &(table){.c = c, .a = a, .average = i, .rank = r, .group = g});
        }
    qk_buf_printf(out,
                  "\n A Total of %12u Hours Were Processed\n\n A Total of %12u Calm Hours "
                  "Identified\n\n A Total of %12u Missing Hours Identified\n",
                  qk_average_hours(a), qk_average_calms(a), qk_average_missing(a));
}
