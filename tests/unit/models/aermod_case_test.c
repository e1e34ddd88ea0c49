/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "models/aermod_output.h"
#include "models/aermod_weather.h"
#include <math.h>

static const char good[] =
    "CO STARTING\n   TITLEONE  a case\n   MODELOPT  CONC FLAT\n   AVERTIME 1 24 PERIOD\n"
    "   POLLUTID  SO2\n   RUNORNOT  RUN\nCO FINISHED\n"
    "SO STARTING\n   LOCATION A1 POINT 0.0 0.0 0.0\n   SRCPARAM A1 1.0 30. 400. 10. 1.0\n"
    "   LOCATION A2 AREA -10.0 -10.0 0.0\n   SRCPARAM A2 1.0D-5 2.0 20.0 40.0 90.0\n"
    "   EMISFACT A1-A2 HROFDY 12*1.0 12*0.5\n   SRCGROUP ALL\n   SRCGROUP ONE A1\nSO FINISHED\n"
    "RE STARTING\n   GRIDPOLR P STA\n                 ORIG A1\n                 DIST 100. 200.\n"
    "                 GDIR 4 90. 90.\n   GRIDPOLR P END\n   DISCCART 5 5 0 0 1.5\nRE FINISHED\n"
    "ME STARTING\n   SURFFILE a.sfc\n   PROFFILE a.pfl\n   PROFBASE 20\nME FINISHED\n"
    "OU STARTING\n   RECTABLE ALLAVE FIRST-SECOND\n   PLOTFILE 24 ONE SECOND x.plt\n"
    "   POSTFILE 1 ALL PLOT \"my file.pst\"\nOU FINISHED\n";

static qk_code no_files(void *ctx, const char *path, qk_str *text, qk_error *err)
{
    (void)ctx;
    (void)text;
    return qk_fail(err, QK_ENOTFOUND, "no file %s", path);
}

static const qk_aermod_loader none = {NULL, no_files};

static bool noted(const qk_aermod_case *c, const char *words)
{
    return qk_str_find(qk_buf_str(&c->notes), qk_str_of(words), 0) != SIZE_MAX;
}

static void test_aermod_case__reads_every_pathway(void **state)
{
    (void)state;
    qk_aermod_case c;
    qk_error err = {0};
    assert_ok(qk_aermod_case_read(&c, qk_str_of(good), "a.inp", &none, &err));
    assert_int_equal(c.source_count, 2);
    assert_int_equal(c.receptor_count, 9);
    assert_int_equal(c.group[0].count, 2);
    assert_int_equal(c.group[1].count, 1);
    assert_near(c.source[1].rate, 1e-5, 1e-18);
    assert_near(qk_aermod_factor_at(&c, &c.source[0], 1, 1, 13, 3), 0.5, 0);
    /* turned by 90 degrees: x to the south, y to the east */
    assert_near(c.source[1].vertex[2][0], -10 + 40, 1e-9);
    assert_near(c.source[1].vertex[2][1], -10 - 20, 1e-9);
    assert_near(c.receptor[0].x_m, 100, 1e-9);
    assert_near(c.receptor[8].flagpole_m, 0, 0); /* CO has no FLAGPOLE */
    assert_true(noted(&c, "FLAGPOLE"));
    assert_string_equal(c.output[1].path, "my file.pst");
    assert_int_equal(c.output[0].rank, 2);
    qk_aermod_case_clear(&c);
}

/* Replaces `from` in the good case and gives the error it earns. */
static qk_error refused(const char *from, const char *to)
{
    static char text[sizeof good + 400];
    qk_aermod_case c;
    qk_error err = {0};
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    assert_int_not_equal(qk_aermod_case_read(&c, qk_str_of(text), "a.inp", &none, &err), QK_OK);
    return err;
}

static void test_aermod_case__refuses_by_keyword_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *says;
        uint32_t line;
    } rows[] = {
        {"   POLLUTID  SO2", "   GASDEPDF  1 2 3", "GASDEPDF", 5},
        {"CONC FLAT", "CONC FLAT DDEP", "DDEP", 3},
        {"POINT 0.0 0.0 0.0", "BUOYLINE 0 0 5 5", "BUOYLINE", 9},
        {"1.0 30. 400. 10. 1.0", "1.0 -30. 400. 10. 1.0", "height", 10},
        {"1.0 30. 400. 10. 1.0", "1.0 30. 400. 10. 0.0", "diameter", 10},
        {"1.0 30. 400. 10. 1.0", "1.0 30. 400. 10.", "missing", 10},
        {"1.0 30. 400. 10. 1.0", "-1.0 30. 400. 10. 1.0", "emission rate", 10},
        {"1.0 30. 400. 10. 1.0", "1.0 30. 9000. 10. 1.0", "temperature", 10},
        {"1.0 30. 400. 10. 1.0", "1.0 30. 400. 900. 1.0", "velocity", 10},
        {"1.0 30. 400. 10. 1.0", "1.0 30000. 400. 10. 1.0", "height", 10},
        {"POINT 0.0 0.0 0.0", "POINT nan 0.0 0.0", "no number", 9},
        {"1.0 30. 400. 10. 1.0", "1.0 x 400. 10. 1.0", "'x' is no number", 10},
        {"12*1.0 12*0.5", "12*1.0 11*0.5", "23 of 24", 16},
        {"SRCGROUP ONE A1", "SRCGROUP ONE B1", "no such source", 15},
        {"SRCPARAM A1", "SRCPARAM A9", "no LOCATION", 10},
        {"AVERTIME 1 24 PERIOD", "AVERTIME 1 5 PERIOD", "averages are", 4},
        {"PLOTFILE 24 ONE SECOND", "PLOTFILE 3 ONE SECOND", "AVERTIME", 32},
        {"PLOT \"my file.pst\"", "BINARY x", "PLOT or UNFORM", 33},
        {"   GRIDPOLR P END\n", "", "no END", 23},
        {"   SURFFILE a.sfc\n", "", "SURFFILE", 33},
        {"OU FINISHED\n", "", "FINISHED", 33},
        {"   RUNORNOT  RUN", "   RUNORNOT  RUN\n   INCLUDED x.inc", "INCLUDED", 7},
        {"   EMISFACT A1-A2", "   INCLUDED y.inc\n   EMISFACT A1-A2", "no file y.inc", 13},
        {"DISCCART 5 5 0 0 1.5", "DISCCART 5 5 0 0 -1", "flagpole", 23},
        {"DISCCART 5 5 0 0 1.5", "DISCCART 5 5 0 0 1 7", "too many", 23},
        {"SRCGROUP ALL", "SRCGROUP ALL BACKGROUND", "no such source", 14},
        {"CONC FLAT", "CONC FLAT ARM2", "POLLUTID must be NO2", 34},
        {"   PROFBASE 20", "   DAYRANGE 3/1-60", "range", 28},
        {"   PROFBASE 20", "   DAYRANGE 2/30", "no day", 28},
        {"FIRST-SECOND", "FIRST-99", "TENTH", 31},
        {"OU STARTING\n", "OU STARTING\n   NOHEADER SEASONHR\n", "headers", 31},
        {"P END", "P ELEV 90. 1. 2. 3.", "more than the 2 values", 22},
        {"P END", "P ELEV 45. 1. 2.", "no such row", 22},
        {"P END", "P ELEV 90. 1.\n   GRIDPOLR P END", "row 90 has 1 of 2", 23},
        {"P END", "P ELEV 90. 1. 2.\n   GRIDPOLR P END", "1 of 4 rows", 23},
        {"P END", "P HILL 90. 1. 2.\n   GRIDPOLR P DIST 300.", "axes stand before", 23},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        qk_error err = refused(rows[i].from, rows[i].to);
        if (!strstr(err.message, rows[i].says)) fail_msg("row %zu: %s", i, err.message);
        if (err.line != rows[i].line) fail_msg("row %zu: line %u: %s", i, err.line, err.message);
    }
}

/* Reads the good case with `from` replaced; the caller clears it. */
static void accepted(qk_aermod_case *c, const char *from, const char *to,
                     const qk_aermod_loader *loader)
{
    static char text[sizeof good + 800];
    qk_error err = {0};
    const char *at = strstr(good, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    if (qk_aermod_case_read(c, qk_str_of(text), "a.inp", loader, &err) != QK_OK)
        fail_msg("%u: %s", err.line, err.message);
}

static const char grid[] = "   GRIDCART G STA\n   GRIDCART G XYINC 0 3 10 100 2 10\n"
                           "   GRIDCART G ELEV 1 1. 2.\n   GRIDCART G ELEV 1 3.\n"
                           "   GRIDCART G ELEV 2 2*4.\n                   ELEV 2 6.\n"
                           "   GRIDCART G END\n   DISCCART 5 5 0 0 1.5\n";

/* As AERMAP writes them: six values a line, the row's number before each. */
static void test_aermod_case__rows_of_heights_go_on_over_lines(void **state)
{
    (void)state;
    qk_aermod_case c;
    accepted(&c, "   DISCCART 5 5 0 0 1.5\n", grid, &none);
    static const double due[6] = {1, 2, 3, 4, 4, 6};
    for (int i = 0; i < 6; i++) assert_near(c.receptor[8 + i].ground_m, due[i], 0);
    qk_aermod_case_clear(&c);
}

/* Rows of a polar network stand under their directions or their numbers, in any order. */
static void test_aermod_case__polar_rows_by_direction_or_number(void **state)
{
    (void)state;
    static const char *const rows[2] = {
        "P ELEV 180. 3. 4.\n   GRIDPOLR P ELEV 90. 1. 2.\n   GRIDPOLR P ELEV 360. 7. 8.\n"
        "   GRIDPOLR P ELEV 270. 5. 6.\n   GRIDPOLR P END",
        "P ELEV 1 1. 2.\n   GRIDPOLR P ELEV 2 3. 4.\n   GRIDPOLR P ELEV 3 5. 6.\n"
        "   GRIDPOLR P ELEV 4 7. 8.\n   GRIDPOLR P END"};
    for (int k = 0; k < 2; k++) {
        qk_aermod_case c;
        accepted(&c, "P END", rows[k], &none);
        for (int i = 0; i < 8; i++) assert_near(c.receptor[i].ground_m, i + 1, 0);
        qk_aermod_case_clear(&c);
    }
}

static void test_aermod_case__flagpoles_stand_where_control_allows_them(void **state)
{
    (void)state;
    qk_aermod_case c;
    accepted(&c, "   POLLUTID", "   FLAGPOLE 2\n   POLLUTID", &none);
    assert_near(c.receptor[0].flagpole_m, 2, 0);
    assert_near(c.receptor[8].flagpole_m, 1.5, 0);
    qk_aermod_case_clear(&c);
}

static void test_aermod_case__the_regulatory_default_wins(void **state)
{
    (void)state;
    qk_aermod_case c;
    accepted(&c, "CONC FLAT", "CONC NOSTD FLAT DFAULT\n   HALFLIFE 600", &none);
    assert_false(c.flat);
    assert_true(c.elevated && !c.no_tip_downwash && c.decay_1_s == 0);
    assert_false(c.source[0].flat);
    assert_true(noted(&c, "FLAT aside"));
    assert_true(noted(&c, "NOSTD aside"));
    assert_true(noted(&c, "HALFLIFE and"));
    qk_aermod_case_clear(&c);
}

/* The same word asks the reference for a design value; with H1H it is a plain highest value. */
static void test_aermod_case__design_values_are_told_apart(void **state)
{
    (void)state;
    qk_aermod_case c;
    accepted(&c, "POLLUTID  SO2", "POLLUTID  SO2", &none);
    assert_true(noted(&c, "design value"));
    qk_aermod_case_clear(&c);
    accepted(&c, "POLLUTID  SO2", "POLLUTID  SO2 H1H", &none);
    assert_false(noted(&c, "design value"));
    qk_aermod_case_clear(&c);
}

static void test_aermod_case__days_as_dates_are_the_same_every_year(void **state)
{
    (void)state;
    qk_aermod_case c;
    accepted(&c, "   PROFBASE 20", "   DAYRANGE 3/1-3/2 100-101", &none);
    assert_true(c.date_chosen[qk_aermod_day_of_year(2000, 3, 1)]);
    assert_true(c.date_chosen[qk_aermod_day_of_year(2000, 3, 2)]);
    assert_false(c.date_chosen[qk_aermod_day_of_year(2000, 2, 29)]);
    assert_false(c.day_chosen[61]);
    assert_true(c.day_chosen[100] && c.day_chosen[101] && !c.day_chosen[102]);
    qk_aermod_case_clear(&c);
}

static qk_code hourly_file(void *ctx, const char *path, qk_str *text, qk_error *err)
{
    (void)path;
    (void)err;
    *text = qk_str_of(ctx);
    return QK_OK;
}

static void test_aermod_emission__hourly_lines_of_every_kind(void **state)
{
    (void)state;
    static char lines[] = "** a remark\nSO HOUREMIS 25 3 4 2 A1 5.0 410. 12.\n"
                          "SO HOUREMIS 25 3 4 2 A2 2e-5 3.5 1.5\n"
                          "SO HOUREMIS 25 3 4 3 A1\nSO HOUREMIS 25 3 4 3 A2 1e-5 4 0 9\n";
    const qk_aermod_loader loader = {lines, hourly_file};
    qk_aermod_case c;
    qk_aermod_hourly_reader r;
    qk_aermod_emission e[2];
    qk_error err = {0};
    qk_plume_hour h = {.year = 2025, .month = 3, .day = 4, .hour = 1};
    accepted(&c, "EMISFACT A1-A2 HROFDY 12*1.0 12*0.5", "HOUREMIS e.dat A1-A2", &loader);
    assert_ok(qk_aermod_hourly_open(&r, &c, &err));
    assert_ok(qk_aermod_hourly_skip(&r, &h, &err)); /* the file begins later */
    h.hour = 2;
    assert_ok(qk_aermod_hourly_next(&r, &h, e, &err));
    assert_near(e[0].rate, 5, 0);
    assert_near(e[0].velocity_m_s, 12, 0);
    assert_near(e[1].rate, 2e-5, 0);
    assert_near(e[1].height_m, 3.5, 0);
    assert_near(e[1].sigma_z_m, 1.5, 0);
    h.hour = 3;
    assert_int_equal(qk_aermod_hourly_next(&r, &h, e, &err), QK_EFORMAT);
    assert_int_equal(err.line, 5);
    assert_non_null(strstr(err.message, "more fields"));
    assert_near(e[0].rate, 0, 0); /* an empty tail */
    qk_aermod_hourly_close(&r);
    qk_aermod_case_clear(&c);
}

static void test_aermod_case__degrees_are_no_metres(void **state)
{
    (void)state;
    static const char text[] =
        "CO STARTING\nMODELOPT CONC FLAT\nAVERTIME 1\nRUNORNOT RUN\nCO FINISHED\nSO STARTING\n"
        "LOCATION A POINT 112.41 34.62\nSRCPARAM A 1 30 400 10 1\nSRCGROUP ALL\nSO FINISHED\n"
        "RE STARTING\nDISCCART 112.45 34.70\nDISCCART 112.5 34.6\nRE FINISHED\n";
    qk_aermod_case c;
    qk_error err = {0};
    assert_int_equal(qk_aermod_case_read(&c, qk_str_of(text), "a.inp", &none, &err), QK_ERANGE);
    assert_non_null(strstr(err.message, "degrees"));
    assert_int_equal(err.line, 14);
}

/* One in degrees, the other in metres of a projection. */
static void test_aermod_case__mixed_coordinates_are_refused(void **state)
{
    (void)state;
    static const char *const places[][2] = {{"112.41 34.62", "458200 3832400"},
                                            {"458200 3832400", "112.41 34.62"}};
    for (int k = 0; k < 2; k++) {
        char text[sizeof good];
        qk_aermod_case c;
        qk_error err = {0};
        snprintf(text, sizeof text,
                 "CO STARTING\nMODELOPT CONC FLAT\nAVERTIME 1\nRUNORNOT RUN\nCO FINISHED\n"
                 "SO STARTING\nLOCATION A POINT %s\nSRCPARAM A 1 30 400 10 1\nSRCGROUP ALL\n"
                 "SO FINISHED\nRE STARTING\nDISCCART %s\nRE FINISHED\nME STARTING\n"
                 "SURFFILE a.sfc\nPROFFILE a.pfl\nPROFBASE 20\nME FINISHED\nOU STARTING\n"
                 "OU FINISHED\n",
                 places[k][0], places[k][1]);
        assert_int_equal(qk_aermod_case_read(&c, qk_str_of(text), "a.inp", &none, &err), QK_ERANGE);
        assert_non_null(strstr(err.message, k ? "receptors look like degrees" : "sources look"));
    }
}

static void test_aermod_case__receptors_on_a_source_are_noted(void **state)
{
    (void)state;
    static char text[sizeof good + 80];
    qk_aermod_case c;
    const char *at = strstr(good, "   DISCCART 5 5");
    assert_ok(qk_aermod_case_read(&c, qk_str_of(good), "a.inp", &none, NULL));
    assert_true(!c.notes.len || !strstr(c.notes.ptr, "stand on a source"));
    qk_aermod_case_clear(&c);
    snprintf(text, sizeof text, "%.*s   DISCCART 0.5 0.5\n   DISCCART 0 -0.7\n%s", (int)(at - good),
             good, at);
    assert_ok(qk_aermod_case_read(&c, qk_str_of(text), "a.inp", &none, NULL));
    assert_non_null(strstr(c.notes.ptr, "2 receptors stand on a source"));
    assert_non_null(strstr(c.notes.ptr, "the first at A1"));
    qk_aermod_case_clear(&c);
}

static void test_aermod_case__doubtful_units_are_noted(void **state)
{
    (void)state;
    static char text[sizeof good + 40];
    qk_aermod_case c;
    const char *at = strstr(good, "1.0 30. 400. 10. 1.0");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, "5.0E6 30. 90. 60. 1.0",
             at + 20);
    assert_ok(qk_aermod_case_read(&c, qk_str_of(text), "a.inp", &none, NULL));
    assert_non_null(strstr(c.notes.ptr, "kg/h"));
    assert_non_null(strstr(c.notes.ptr, "Celsius"));
    assert_non_null(strstr(c.notes.ptr, "exit velocity"));
    qk_aermod_case_clear(&c);
}

static const char sfc_head[] = "  41.3N 74W UA_ID: 1 SF_ID: 1 OS_ID: VERSION: 24142 ADJ_U*\n";
static const char sfc_row[] =
    "25 1 1 1 1 -20 .2 -9 -9 -999 251 54 .15 .7 1 2.1 28 6.1 287.5 2 0 0\n";

static qk_error weather_error(const char *sfc, const char *pfl)
{
    qk_aermod_weather w;
    qk_plume_hour h;
    qk_error err = {0};
    qk_code code =
        qk_aermod_weather_open(&w, qk_str_of(sfc), "a.sfc", qk_str_of(pfl), "a.pfl", &err);
    while (code == QK_OK) code = qk_aermod_weather_next(&w, &h, &err);
    err.code = code;
    return err;
}

static void test_aermod_weather__refuses_by_file_line_and_column(void **state)
{
    (void)state;
    char sfc[600];
    snprintf(sfc, sizeof sfc, "%s%s", sfc_head, sfc_row);
    const char *pfl = "25 1 1 1 6.1 1 28 2.1 14 99 99\n";
    assert_int_equal(weather_error(sfc, pfl).code, QK_ENOTFOUND);
    qk_error err = weather_error(sfc, "25 1 1 2 6.1 1 28 2.1 14 99 99\n");
    assert_int_equal(err.code, QK_EFORMAT);
    assert_string_equal(err.where, "a.pfl");
    err = weather_error(sfc, "25 1 1 1 6.1 0 28 2.1 14 99 99\n"); /* no top level */
    assert_int_equal(err.code, QK_EFORMAT);
    snprintf(sfc, sizeof sfc, "%s%s%s", sfc_head, sfc_row, sfc_row);
    err = weather_error(sfc, pfl); /* the same hour twice */
    assert_int_equal(err.line, 3);
    snprintf(sfc, sizeof sfc, "%s%s", sfc_head, "25 1 1 1 1 -20 .2 -9 oops\n");
    err = weather_error(sfc, pfl);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 22);
    assert_int_equal(weather_error("", pfl).code, QK_EFORMAT);
    assert_int_equal(weather_error("no header\n", pfl).code, QK_EFORMAT);
}

/* From hour 1 to hour 4 of the same day, and on over the end of the year. */
static void test_aermod_weather__gaps_are_counted(void **state)
{
    (void)state;
    static const int hours[][4] = {{25, 12, 31, 1}, {25, 12, 31, 4}, {26, 1, 1, 2}, {26, 1, 1, 3}};
    char sfc[900], pfl[400];
    qk_aermod_weather w;
    qk_plume_hour h;
    size_t at = (size_t)snprintf(sfc, sizeof sfc, "%s", sfc_head), from = 0;
    for (int i = 0; i < 4; i++) {
        const int *d = hours[i];
        at += (size_t)snprintf(sfc + at, sizeof sfc - at, "%d %d %d 1 %d%s", d[0], d[1], d[2], d[3],
                               sfc_row + 10);
        from += (size_t)snprintf(pfl + from, sizeof pfl - from,
                                 "%d %d %d %d 6.1 1 28 2.1 14 99 99\n", d[0], d[1], d[2], d[3]);
    }
    assert_ok(qk_aermod_weather_open(&w, qk_str_of(sfc), "a", qk_str_of(pfl), "b", NULL));
    for (int i = 0; i < 4; i++) assert_ok(qk_aermod_weather_next(&w, &h, NULL));
    assert_int_equal(w.gaps, 2);
    assert_int_equal(w.gap_hours, 2 + 20 + 1);
    assert_int_equal(w.gap_line, 3);
}

static void test_aermod_output__writes_fortran_exponents(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } rows[] = {{0.00359982, " 0.359982E-02"}, {101.397, " 0.101397E+03"},
                {0, " 0.000000E+00"},          {0.9999999, " 0.100000E+01"},
                {-2.5, "-0.250000E+01"},       {1e-30, " 0.100000E-29"}};
    for (size_t i = 0; i < QK_ARRAY_COUNT(rows); i++) {
        qk_buf b;
        qk_buf_init(&b, 100);
        qk_aermod_put_e13(&b, rows[i].v);
        assert_string_equal(b.ptr, rows[i].text);
        qk_buf_clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aermod_case__reads_every_pathway),
        cmocka_unit_test(test_aermod_case__refuses_by_keyword_and_line),
        cmocka_unit_test(test_aermod_case__rows_of_heights_go_on_over_lines),
        cmocka_unit_test(test_aermod_case__polar_rows_by_direction_or_number),
        cmocka_unit_test(test_aermod_case__flagpoles_stand_where_control_allows_them),
        cmocka_unit_test(test_aermod_case__the_regulatory_default_wins),
        cmocka_unit_test(test_aermod_case__design_values_are_told_apart),
        cmocka_unit_test(test_aermod_case__days_as_dates_are_the_same_every_year),
        cmocka_unit_test(test_aermod_emission__hourly_lines_of_every_kind),
        cmocka_unit_test(test_aermod_case__degrees_are_no_metres),
        cmocka_unit_test(test_aermod_case__mixed_coordinates_are_refused),
        cmocka_unit_test(test_aermod_case__receptors_on_a_source_are_noted),
        cmocka_unit_test(test_aermod_case__doubtful_units_are_noted),
        cmocka_unit_test(test_aermod_weather__refuses_by_file_line_and_column),
        cmocka_unit_test(test_aermod_weather__gaps_are_counted),
        cmocka_unit_test(test_aermod_output__writes_fortran_exponents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
