/* SPDX-License-Identifier: Apache-2.0 */
/* Source apportionment end to end on the demo's component station, whose sources are known, and on
 * files that are wrong; hot spots' sectors. */
#include "../test.h"
#include "domain/apportion.h"
#include "domain/hotspot.h"
#include "sim/composition.h"
#include <math.h>

enum { HOURS = 20 * 24 };
static const char *const names[QK_SIM_SPECIES] = {"SO42-", "NO3-", "NH4+", "Cl-",  "K+", "Na+",
                                                  "Ca2+",  "Mg2+", "OC",   "EC",   "Fe", "Zn",
                                                  "Pb",    "Cu",   "Si",   "PM2.5"};

/* As the station would send them, with the true spread of its readings; in row `odd`: one missing,
 * one negative, one without uncertainty. */
static void write_files(qk_buf *con, qk_buf *unc, int odd, double truth[QK_SIM_SOURCES])
{
    qk_time first = 0;
    char text[QK_TIME_TEXT];
    assert_ok(qk_time_parse(&first, QK_STR("2025-11-21T00:00:00")));
    for (qk_buf *b = con;; b = unc) {
        qk_buf_init(b, 4 << 20);
        qk_buf_puts(b, "date");
        for (int j = 0; j < QK_SIM_SPECIES; j++) qk_buf_printf(b, ",%s", names[j]);
        for (int h = 0; h < HOURS; h++) {
            qk_time t = first + h * QK_HOUR + QK_HOUR / 2;
            qk_buf_printf(b, "\n%s", qk_time_iso(text, first + h * QK_HOUR));
            for (int s = 0; b == con && s < QK_SIM_SOURCES; s++)
                truth[s] += qk_sim_source_ug_m3((qk_sim_source)s, t) / HOURS;
            for (int j = 0; j < QK_SIM_SPECIES; j++) {
                double c = qk_sim_species_ug_m3(j, t);
                if (h == odd && j == 0)
                    qk_buf_puts(b, b == con ? "," : ",0.1");
                else if (h == odd && j == 1)
                    qk_buf_puts(b, b == con ? ",-0.2" : ",0.3");
                else if (h == odd && j == 2)
                    qk_buf_puts(b, b == con ? ",1" : ",0");
                else
                    qk_buf_printf(b, ",%.6g", b == con ? c : 0.023 * c + 1e-4);
            }
        }
        qk_buf_putc(b, '\n');
        if (b == unc) break;
    }
}

static const qk_json_value *run_report(qk_apportion_record *r, const qk_apportion_options *o,
                                       qk_buf *out, qk_arena *arena)
{
    qk_json_writer w;
    qk_json_value *root = NULL;
    qk_error err = {0};
    qk_buf_init(out, 16 << 20);
    qk_json_init(&w, out);
    if (qk_apportion_run(&w, r, o, NULL, NULL, &err) != QK_OK) fail_msg("%s", err.message);
    assert_null(strstr(out->ptr, "nan"));
    assert_ok(qk_json_parse(&root, qk_buf_str(out), arena, &err));
    return root;
}

/* The factor that bears the hint most, or NULL. */
static const qk_json_value *factor_like(const qk_json_value *report, const char *code)
{
    const qk_json_value *best = NULL;
    double most = 0, score = 0;
    for (const qk_json_value *f = qk_json_get(report, "factors")->first; f; f = f->next)
        for (const qk_json_value *h = qk_json_get(f, "hints")->first; h; h = h->next)
            if (qk_str_eq(qk_json_get_str(h, "code"), qk_str_of(code)) &&
                qk_json_get_f64(h, "score", &score) && score > most) {
                most = score;
                best = f;
            }
    return best;
}

static void test_S044_apportion__sources_of_the_demo_come_back_by_name_and_share(void **state)
{
    (void)state;
    static const char *const hints[QK_SIM_SOURCES] = {"nitrate", "sulphate", "traffic", "biomass",
                                                      "dust"};
    double truth[QK_SIM_SOURCES] = {0}, all = 0, worst = 0;
    qk_buf con, unc, out;
    qk_arena arena;
    qk_apportion_record r;
    qk_error err = {0};
    qk_arena_init(&arena, 64 << 20);
    write_files(&con, &unc, 7, truth);
    assert_ok(qk_apportion_read_csv(&r, qk_buf_str(&con), qk_buf_str(&unc), &err));
    assert_int_equal(r.samples, HOURS);
    assert_int_equal(r.total, QK_SIM_SPECIES - 1);
    qk_apportion_options o = {.factors = 5, .runs = 6, .seed = 1, .bootstraps = 5};
    const qk_json_value *report = run_report(&r, &o, &out, &arena);
    for (int s = 0; s < QK_SIM_SOURCES; s++) all += truth[s];
    for (int s = 0; s < QK_SIM_SOURCES; s++) {
        double share = 0;
        const qk_json_value *f = factor_like(report, hints[s]);
        if (!f) fail_msg("no factor looks like %s", hints[s]);
        double low = 0, high = 0;
        assert_true(qk_json_get_f64(f, "share_low", &low) &&
                    qk_json_get_f64(f, "share_high", &high));
        assert_true(qk_json_get_f64(f, "share", &share));
        assert_true(low <= share && share <= high);
        worst = fmax(worst, fabs(share - truth[s] / all));
    }
    print_message("five sources of the demo: worst share off by %.1f points\n", 100 * worst);
    assert_true(worst < 0.05);
    const qk_json_value *notes = qk_json_get(report, "notes");
    int64_t n = 0;
    assert_true(qk_json_get_i64(notes, "missing", &n) && n == 1);
    assert_true(qk_json_get_i64(notes, "bad_uncertainty", &n) && n == 1);
    assert_true(qk_json_get_i64(notes, "negative", &n) && n == 1);
    qk_apportion_clear(&r);
    qk_buf_clear(&out);
    qk_buf_clear(&con);
    qk_buf_clear(&unc);
    qk_arena_clear(&arena);
}

/* The factors of a report as a library, each under the code of its first hint. */
static void write_library(qk_buf *out, const qk_json_value *report)
{
    int n = 0;
    qk_buf_init(out, 1 << 20);
    qk_buf_puts(out, "source");
    for (int j = 0; j < QK_SIM_SPECIES - 1; j++) qk_buf_printf(out, ",%s", names[j]);
    for (const qk_json_value *f = qk_json_get(report, "factors")->first; f; f = f->next) {
        const qk_json_value *cell = qk_json_get(f, "profile")->first;
        qk_buf_printf(out, "\nknown %d", ++n);
        for (int j = 0; j < QK_SIM_SPECIES - 1; j++, cell = cell->next) {
            double value = 0;
            assert_true(qk_json_get_f64(cell, "value", &value));
            qk_buf_printf(out, ",%.6g", value);
        }
    }
    qk_buf_putc(out, '\n');
}

static void test_apportion__factors_are_held_against_a_library_and_hints_say_why(void **state)
{
    (void)state;
    double truth[QK_SIM_SOURCES] = {0};
    qk_buf con, unc, out, again, library;
    qk_arena arena;
    qk_apportion_record r;
    qk_error err = {0};
    size_t sources = 0, species = 0;
    int n = 0;
    qk_arena_init(&arena, 64 << 20);
    write_files(&con, &unc, -1, truth);
    assert_ok(qk_apportion_read_csv(&r, qk_buf_str(&con), qk_buf_str(&unc), &err));
    qk_apportion_options o = {.factors = 5, .runs = 2, .seed = 1};
    const qk_json_value *report = run_report(&r, &o, &out, &arena);
    assert_null(qk_json_get(qk_json_get(report, "factors")->first, "matches")->first);
    write_library(&library, report);
    assert_ok(qk_apportion_library_check(&sources, &species, qk_buf_str(&library), &err));
    assert_int_equal(sources, 5);
    assert_int_equal(species, QK_SIM_SPECIES - 1);
    assert_ok(qk_apportion_library_lay(&r, qk_buf_str(&library), &err));
    report = run_report(&r, &o, &again, &arena);
    for (const qk_json_value *f = qk_json_get(report, "factors")->first; f; f = f->next) {
        char name[24];
        const qk_json_value *m = qk_json_get(f, "matches")->first, *h = qk_json_get(f, "hints");
        snprintf(name, sizeof name, "known %d", ++n);
        assert_true(qk_str_eq(qk_json_get_str(m, "name"), qk_str_of(name)));
        assert_true(qk_json_get_bool(m, "like", false));
        if (h->first) assert_non_null(qk_json_get(h->first, "why")->first);
    }
    /* What is no library is refused by place. */
    assert_int_equal(qk_apportion_library_check(&sources, &species,
                                                QK_STR("s,a,b,c,d\nx,1,2,3,4\ny,1,-2,3,4\n"), &err),
                     QK_EFORMAT);
    assert_non_null(strstr(err.message, "line 3, column 3"));
    assert_int_equal(qk_apportion_library_check(&sources, &species, QK_STR("s,a\nx,1\n"), &err),
                     QK_EFORMAT);
    qk_apportion_clear(&r);
    qk_buf_clear(&library);
    qk_buf_clear(&again);
    qk_buf_clear(&out);
    qk_buf_clear(&con);
    qk_buf_clear(&unc);
    qk_arena_clear(&arena);
}

/* Species without a value above any limit, without a spread, without uncertainties, missing: each
 * is named, and nothing in the report is no number. */
static void test_apportion__species_that_say_nothing_are_named(void **state)
{
    (void)state;
    qk_buf con, unc, out;
    qk_arena arena;
    qk_apportion_record r;
    qk_error err = {0};
    int64_t bad = 0, missing = 0;
    uint64_t seed = 3;
    qk_arena_init(&arena, 64 << 20);
    qk_buf_init(&con, 1 << 20);
    qk_buf_init(&unc, 1 << 20);
    qk_buf_puts(&con, "date,a,b,c,still,absent,unsure\n");
    qk_buf_puts(&unc, "date,a,b,c,still,absent,unsure\n");
    for (int i = 0; i < 60; i++) {
        double x = (double)(qk_test_random(&seed) % 100), y = (double)(qk_test_random(&seed) % 90);
        qk_buf_printf(&con, "s%d,%g,%g,%g,0.5,,%g\n", i, x + 1, y + 1, x + y + 1, x + 2);
        qk_buf_printf(&unc, "s%d,1,1,1,0.1,0.1,0\n", i);
    }
    assert_ok(qk_apportion_read_csv(&r, qk_buf_str(&con), qk_buf_str(&unc), &err));
    qk_apportion_options o = {.factors = 2, .runs = 3, .seed = 1, .bootstraps = 3};
    o.displacement = true;
    const qk_json_value *report = run_report(&r, &o, &out, &arena);
    assert_true(qk_json_get_i64(qk_json_get(report, "notes"), "bad_uncertainty", &bad));
    assert_true(qk_json_get_i64(qk_json_get(report, "notes"), "missing", &missing));
    assert_int_equal(bad, 60);
    assert_int_equal(missing, 60);
    for (const qk_json_value *s = qk_json_get(report, "species")->first; s; s = s->next) {
        qk_str name = qk_json_get_str(s, "name");
        bool silent = qk_str_eq(name, QK_STR("still")) || qk_str_eq(name, QK_STR("absent")) ||
                      qk_str_eq(name, QK_STR("unsure"));
        if (qk_json_get_bool(s, "silent", false) != silent) fail_msg("%.*s", QK_STR_ARG(name));
    }
    assert_true(
        qk_str_eq(qk_json_get_str(qk_json_get(report, "split"), "reason"), QK_STR("no_times")));
    qk_apportion_clear(&r);
    qk_buf_clear(&out);
    qk_buf_clear(&con);
    qk_buf_clear(&unc);
    qk_arena_clear(&arena);
}

static bool stop_at_once(void *user, size_t done, size_t total)
{
    (void)done, (void)total;
    ++*(int *)user;
    return false;
}

static void test_apportion__a_run_is_stopped(void **state)
{
    (void)state;
    double truth[QK_SIM_SOURCES] = {0};
    qk_buf con, unc, out;
    qk_json_writer w;
    qk_apportion_record r;
    qk_error err = {0};
    int asked = 0;
    write_files(&con, &unc, -1, truth);
    assert_ok(qk_apportion_read_csv(&r, qk_buf_str(&con), qk_buf_str(&unc), &err));
    qk_buf_init(&out, 1 << 20);
    qk_json_init(&w, &out);
    qk_apportion_options o = {.factors = 5, .runs = 6, .seed = 1};
    assert_int_equal(qk_apportion_run(&w, &r, &o, stop_at_once, &asked, &err), QK_ECANCELLED);
    assert_true(asked > 0);
    qk_apportion_clear(&r);
    qk_buf_clear(&out);
    qk_buf_clear(&con);
    qk_buf_clear(&unc);
}

static void test_apportion__files_that_do_not_fit_are_refused_by_place(void **state)
{
    (void)state;
    static const struct {
        const char *con, *unc, *told;
    } bad[] = {
        {"d,a,b\n1,2,x\n", "d,a,b\n1,2,3\n", "line 2, column 3"},
        {"d,a,b\n1,2,3\n", "d,a,c\n1,2,3\n", "no column 'b'"},
        {"d,a,b\n1,2,3\n1,2,3\n", "d,a,b\n1,2,3\n", "2 samples"},
        {"d,a,b\n1,2,3\n", "d,a,b\n1,2,3\n1,2,3\n", "or more"},
        {"d,a,b\n1,2,3\n", "d,a,b\n1,2,3\n", "only 1 samples"},
        {"d,a\n1,2\n", "d,a\n1,2\n", "1 species"},
        {"", "d,a\n1,2\n", ""},
    };
    for (size_t i = 0; i < QK_ARRAY_COUNT(bad); i++) {
        qk_apportion_record r;
        qk_error err = {0};
        assert_int_equal(
            qk_apportion_read_csv(&r, qk_str_of(bad[i].con), qk_str_of(bad[i].unc), &err),
            QK_EFORMAT);
        if (!strstr(err.message, bad[i].told)) fail_msg("%s", err.message);
        assert_null(r.conc);
    }
}

static void test_hotspot__a_sector_is_where_the_wind_comes_from(void **state)
{
    (void)state;
    qk_place home = {113.2, 35.0}, north_east = {113.21, 35.008}, south_west = {113.19, 34.992};
    assert_true(qk_in_sector(home, north_east, 45, 30, 3000));
    assert_false(qk_in_sector(home, south_west, 45, 30, 3000));
    assert_false(qk_in_sector(home, north_east, 45, 30, 500));
    assert_true(qk_in_sector(home, (qk_place){113.2, 35.01}, 350, 30, 3000)); /* over north */
    assert_true(qk_is_source_kind("dust"));
    assert_false(qk_is_source_kind("air_micro"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S044_apportion__sources_of_the_demo_come_back_by_name_and_share),
        cmocka_unit_test(test_apportion__factors_are_held_against_a_library_and_hints_say_why),
        cmocka_unit_test(test_apportion__species_that_say_nothing_are_named),
        cmocka_unit_test(test_apportion__a_run_is_stopped),
        cmocka_unit_test(test_apportion__files_that_do_not_fit_are_refused_by_place),
        cmocka_unit_test(test_hotspot__a_sector_is_where_the_wind_comes_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
