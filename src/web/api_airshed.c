/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in whose air: the case, its matrix, fields of scenarios, the model against the monitors.
 */
#include "domain/airshed.h"
#include "web/air_figures.h"
#include "web/api.h"
#include "web/change.h"
#include <math.h>

enum { HOURS_LEAST = 24 };

/* ---- what all of them need ---- */

static qk_code read_case(qk_exchange *x, qk_airshed_case *c, qk_error *err)
{
    qk_code code =
        qk_airshed_case_read(c, x->tools->db, qk_node_registry(x->context->node), &x->arena, err);
    if (code == QK_EINVAL || code == QK_EFULL || code == QK_EFORMAT)
        return qk_refuse(x, err, 422, "bad_case", NULL, "%s", err->message);
    if (code == QK_ENOTFOUND) return qk_fail(err, code, "no dispersion case is set up");
    return code;
}

static qk_code read_mean(qk_exchange *x, uint32_t *plane, qk_error *err)
{
    char text[32];
    qk_str mean = qk_query_str(x, "mean");
    qk_str_copy(text, sizeof text, mean.len ? mean : QK_STR("year"));
    if (qk_matrix_plane(text, plane)) return QK_OK;
    return qk_refuse(x, err, 400, "bad_parameter", "mean",
                     "year, month:1-12, sector:1-16, hour:1-24 or heavy");
}

static qk_emitted asked_pollutant(const qk_exchange *x)
{
    qk_emitted e = qk_emitted_of(qk_query_str(x, "pollutant"));
    return e == QK_EMITTED ? QK_EMITTED_PM25 : e;
}

static void put_place(qk_json_writer *w, double lon, double lat)
{
    qk_json_key(w, "lon");
    qk_json_fixed(w, lon, 5);
    qk_json_key(w, "lat");
    qk_json_fixed(w, lat, 5);
}

/* ---- the state ---- */

static void put_source(qk_json_writer *w, const qk_airshed_source *s)
{
    qk_json_object(w);
    qk_json_kcstr(w, "id", s->id);
    qk_json_ki64(w, "row", s->row);
    qk_json_kstr(w, "name", s->name);
    qk_json_key(w, "site");
    if (s->site.len)
        qk_json_str(w, s->site);
    else
        qk_json_null(w);
    qk_json_kstr(w, "sector", s->sector);
    qk_json_kstr(w, "shape", s->shape);
    put_place(w, s->lon, s->lat);
    qk_json_kf64(w, "height_m", s->height_m);
    qk_json_kf64(w, "unit", s->per_g_s);
    qk_json_key(w, "tonnes");
    qk_json_object(w);
    for (qk_emitted e = 0; e < QK_EMITTED; e++) qk_json_kf64(w, qk_emitted_name(e), s->tonnes[e]);
    qk_json_end(w);
    qk_json_end(w);
}

static void put_case(qk_json_writer *w, const qk_airshed_case *c)
{
    qk_json_key(w, "grid");
    qk_json_object(w);
    put_place(w, c->west, c->south);
    qk_json_kf64(w, "step_m", c->step_m);
    qk_json_kf64(w, "origin_lon", c->longitude_deg);
    qk_json_kf64(w, "origin_lat", c->latitude_deg);
    qk_json_ki64(w, "nx", c->nx);
    qk_json_ki64(w, "ny", c->ny);
    qk_json_end(w);
    qk_json_key(w, "sources");
    qk_json_array(w);
    for (size_t i = 0; i < c->sources; i++) put_source(w, &c->source[i]);
    qk_json_end(w);
    qk_json_key(w, "stations");
    qk_json_array(w);
    for (size_t i = 0; i < c->stations; i++) {
        const qk_site *s = c->station[i].site;
        qk_json_object(w);
        qk_json_kcstr(w, "site", s->id);
        qk_json_kcstr(w, "name_zh", s->name_zh);
        qk_json_kcstr(w, "name_en", s->name_en);
        put_place(w, s->lon, s->lat);
        qk_json_end(w);
    }
    qk_json_end(w);
}

static void put_matrix(qk_exchange *x, const qk_airshed_case *c, const qk_airshed_state *s)
{
    qk_json_writer *w = &x->json;
    char date[QK_TIME_TEXT], version[40];
    qk_json_key(w, "matrix");
    if (!s->mark) {
        qk_json_null(w);
        return;
    }
    snprintf(version, sizeof version, "%llx-%llx", (unsigned long long)s->mark,
             (unsigned long long)s->built_at);
    qk_json_object(w);
    qk_json_kcstr(w, "version", version);
    qk_json_kbool(w, "stale", s->mark != c->mark);
    qk_json_ktime(w, "built_at", s->built_at);
    qk_json_ki64(w, "hours", s->hours);
    qk_json_ki64(w, "calm", s->calm);
    qk_json_ki64(w, "missing", s->missing);
    qk_json_kcstr(w, "from", qk_air_date(date, s->first_day));
    qk_json_kcstr(w, "to", qk_air_date(date, s->last_day));
    const qk_matrix *m = qk_airshed_hold(x->context->airshed);
    qk_json_key(w, "means");
    qk_json_array(w);
    for (uint32_t p = 0; m && p < m->planes; p++) qk_json_i64(w, m->hours[p]);
    qk_json_end(w);
    qk_airshed_release(x->context->airshed);
    qk_json_end(w);
}

static void put_job(qk_json_writer *w, const qk_airshed_state *s)
{
    qk_json_key(w, "job");
    qk_json_object(w);
    qk_json_kcstr(w, "stage", qk_airshed_stage_name(s->stage));
    qk_json_ki64(w, "done", s->done);
    qk_json_ki64(w, "total", s->total);
    qk_json_ki64(w, "made", s->made);
    qk_json_ktext(w, "error", s->error);
    qk_json_end(w);
}

qk_code qk_api_airshed(qk_exchange *x, qk_error *err)
{
    qk_json_writer *w = &x->json;
    qk_airshed_case c;
    qk_airshed_state s;
    qk_code code = read_case(x, &c, err);
    if (code != QK_OK && code != QK_ENOTFOUND) return code;
    if (code == QK_OK && c.sources) qk_airshed_ask(x->context->airshed, c.mark, false);
    qk_airshed_state_get(x->context->airshed, &s);
    qk_json_object(w);
    qk_json_key(w, "setup");
    if (code == QK_OK)
        qk_json_put(w, c.setup);
    else
        qk_json_null(w);
    qk_json_ki64(w, "row_version", code == QK_OK ? c.version : 0);
    put_job(w, &s);
    if (code == QK_OK) {
        qk_json_ki64(w, "every_h", c.every_h);
        put_case(w, &c);
        put_matrix(x, &c, &s);
    }
    qk_json_end(w);
    return QK_OK;
}

/* ---- the matrix ---- */

/* float32, little-endian: a row for each source of GET /disperse in its order, a value for each
 * point of the grid (eastward, then northward) and each station; NAN where there is no row yet. */
qk_code qk_api_airshed_matrix(qk_exchange *x, qk_error *err)
{
    qk_airshed_case c;
    uint32_t plane = 0;
    QK_TRY(read_case(x, &c, err));
    QK_TRY(read_mean(x, &plane, err));
    const qk_matrix *m = qk_airshed_hold(x->context->airshed);
    size_t n = qk_airshed_receptors(&c);
    bool there = m && m->receptors == n, room = true;
    for (size_t i = 0; there && room && i < c.sources; i++) {
        uint32_t row = qk_airshed_row(m, &c.source[i]);
        char *at = qk_buf_reserve(&x->out, n * sizeof(float));
        room = at != NULL;
        for (size_t r = 0; room && r < n; r++) {
            float v = row == UINT32_MAX ? NAN : qk_matrix_row(m, plane, row)[r];
            memcpy(at + r * sizeof v, &v, sizeof v);
        }
        if (room) x->out.len += n * sizeof(float);
    }
    qk_airshed_release(x->context->airshed);
    if (!there) return qk_refuse(x, err, 409, "not_built", NULL, "the matrix is not made yet");
    x->content_type = "application/octet-stream";
    return room ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for the matrix");
}

/* ---- fields of scenarios ---- */

/* "R12:0.3,sector.power:0.5": shares that are cut, one after the other. */
static qk_code read_cuts(qk_exchange *x, const qk_airshed_case *c, double *factor, qk_error *err)
{
    qk_str rest = qk_query_str(x, "cuts");
    for (size_t i = 0; i < c->sources; i++) factor[i] = 1;
    while (rest.len) {
        qk_str share = qk_str_cut(&rest, ','), name = qk_str_cut(&share, ':');
        double cut;
        size_t hit = 0;
        if (qk_parse_f64(&cut, share) != QK_OK || cut < 0 || cut > 1)
            return qk_refuse(x, err, 400, "bad_parameter", "cuts", "a share is 0 to 1");
        for (size_t i = 0; i < c->sources; i++) {
            const qk_airshed_source *s = &c->source[i];
            bool sector = qk_str_starts(name, QK_STR("sector."));
            bool is = sector ? qk_str_eq(s->sector, (qk_str){name.ptr + 7, name.len - 7})
                             : qk_str_eq(name, qk_str_of(s->id));
            if (!is) continue;
            factor[i] *= 1 - cut;
            hit++;
        }
        if (!hit)
            return qk_refuse(x, err, 400, "bad_parameter", "cuts", "no source or sector '%.*s'",
                             QK_STR_ARG(name));
    }
    return QK_OK;
}

static void put_values(qk_json_writer *w, const char *name, const double *v, size_t n)
{
    qk_json_key(w, name);
    qk_json_array(w);
    for (size_t i = 0; i < n; i++) qk_json_fixed(w, v[i], 4);
    qk_json_end(w);
}

qk_code qk_api_airshed_field(qk_exchange *x, qk_error *err)
{
    qk_airshed_case c;
    uint32_t plane = 0;
    qk_emitted e = asked_pollutant(x);
    QK_TRY(read_case(x, &c, err));
    QK_TRY(read_mean(x, &plane, err));
    size_t n = qk_airshed_receptors(&c), grid = (size_t)c.nx * c.ny;
    double *factor = qk_arena_array(&x->arena, c.sources + 1, sizeof *factor);
    double *base = qk_arena_array(&x->arena, n, sizeof *base);
    double *then = qk_arena_array(&x->arena, n, sizeof *then);
    if (!factor || !base || !then) return qk_fail(err, QK_ENOMEM, "no memory for a field");
    QK_TRY(read_cuts(x, &c, factor, err));
    const qk_matrix *m = qk_airshed_hold(x->context->airshed);
    bool there = m && m->receptors == n;
    if (there) {
        qk_airshed_field(base, &c, m, plane, e, NULL);
        qk_airshed_field(then, &c, m, plane, e, factor);
    }
    qk_airshed_release(x->context->airshed);
    if (!there) return qk_refuse(x, err, 409, "not_built", NULL, "the matrix is not made yet");
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "pollutant", qk_emitted_name(e));
    qk_json_kcstr(&x->json, "unit", "ug/m3");
    put_values(&x->json, "base", base, grid);
    put_values(&x->json, "scenario", then, grid);
    put_values(&x->json, "stations_base", base + grid, n - grid);
    put_values(&x->json, "stations_scenario", then + grid, n - grid);
    qk_json_end(&x->json);
    return QK_OK;
}

/* What each source adds at one point, month by month: how far the weather moves its share. */
qk_code qk_api_airshed_shares(qk_exchange *x, qk_error *err)
{
    qk_airshed_case c;
    qk_emitted e = asked_pollutant(x);
    QK_TRY(read_case(x, &c, err));
    int64_t point = qk_query_int(x, "point", 0);
    if (point < 0 || (size_t)point >= qk_airshed_receptors(&c))
        return qk_refuse(x, err, 400, "bad_parameter", "point", "the grid has no such point");
    const qk_matrix *m = qk_airshed_hold(x->context->airshed);
    bool there = m && m->receptors == qk_airshed_receptors(&c);
    qk_json_object(&x->json);
    qk_json_ki64(&x->json, "point", point);
    qk_json_key(&x->json, "months");
    qk_json_array(&x->json);
    for (size_t i = 0; there && i < c.sources; i++) {
        const qk_airshed_source *s = &c.source[i];
        uint32_t row = qk_airshed_row(m, s);
        qk_json_array(&x->json);
        for (uint32_t k = 0; row != UINT32_MAX && k < 12; k++)
            qk_json_fixed(&x->json,
                          qk_airshed_rate(s, e) * s->per_g_s *
                              (double)qk_matrix_row(m, QK_MATRIX_MONTH + k, row)[point],
                          5);
        qk_json_end(&x->json);
    }
    qk_json_end(&x->json);
    qk_json_end(&x->json);
    qk_airshed_release(x->context->airshed);
    return there ? QK_OK : qk_refuse(x, err, 409, "not_built", NULL, "the matrix is not made yet");
}

/* ---- against the monitors ---- */

static void put_scores(qk_json_writer *w, const char *name, const qk_scores *s)
{
    qk_json_key(w, name);
    qk_json_object(w);
    qk_json_ki64(w, "count", (int64_t)s->count);
    qk_json_kf64(w, "fac2", s->fac2);
    qk_json_kf64(w, "fb", s->fb);
    qk_json_kf64(w, "nmse", s->nmse);
    qk_json_kf64(w, "r", s->r);
    qk_json_end(w);
}

static void put_factor(qk_json_writer *w, const char *name, const qk_blend *b, size_t k)
{
    qk_json_key(w, name);
    qk_json_object(w);
    qk_json_kf64(w, "factor", b->factor[k]);
    qk_json_kf64(w, "error", b->error[k]);
    qk_json_kbool(w, "held", b->held[k]);
    qk_json_end(w);
}

static void put_fit(qk_json_writer *w, const qk_airshed_fit *f)
{
    char name[64];
    qk_json_key(w, "fit");
    if (!f->fitted) {
        qk_json_null(w);
    } else {
        qk_json_object(w);
        put_factor(w, "all", &f->blend, 0);
        put_factor(w, "background", &f->blend, 1);
        qk_json_kf64(w, "residual", f->blend.residual);
        qk_json_kf64(w, "r2", f->blend.r2);
        qk_json_end(w);
    }
    qk_json_key(w, "sectors");
    qk_json_object(w);
    for (size_t k = 0; f->by_sector && k < f->sectors; k++) {
        qk_str_copy(name, sizeof name, f->sector[k]);
        put_factor(w, name, &f->classes, k);
    }
    qk_json_end(w);
}

static const char *direction_name(qk_direction d)
{
    return d == QK_DIRECTION_UP ? "up" : d == QK_DIRECTION_DOWN ? "down" : "unknown";
}

static void put_ozone(qk_json_writer *w, const qk_ozone_signs *s)
{
    qk_json_key(w, "ozone");
    qk_json_object(w);
    qk_json_kf64(w, "weekend_change", s->weekend_change);
    qk_json_kf64(w, "weekend_error", s->weekend_error);
    qk_json_kf64(w, "slope", s->slope);
    qk_json_kf64(w, "slope_error", s->slope_error);
    qk_json_kcstr(w, "nox_cut", direction_name(qk_ozone_nox_cut(s)));
    qk_json_kcstr(w, "voc_cut", direction_name(qk_ozone_voc_cut(s)));
    qk_json_end(w);
}

static void put_pairs(qk_json_writer *w, const qk_airshed_fit *f)
{
    qk_json_key(w, "pairs");
    qk_json_array(w);
    for (size_t i = 0; i < f->pairs; i++) {
        const qk_airshed_pair *p = &f->pair[i];
        qk_json_object(w);
        qk_json_kcstr(w, "site", p->station->site->id);
        qk_json_ki64(w, "month", p->month);
        qk_json_key(w, "observed");
        qk_json_fixed(w, p->observed, 2);
        qk_json_key(w, "modelled");
        qk_json_fixed(w, p->modelled, 3);
        qk_json_end(w);
    }
    qk_json_end(w);
}

qk_code qk_api_airshed_monitors(qk_exchange *x, qk_error *err)
{
    qk_json_writer *w = &x->json;
    qk_airshed_case c;
    qk_airshed_state s;
    qk_airshed_fit f = {0};
    qk_emitted e = asked_pollutant(x);
    QK_TRY(read_case(x, &c, err));
    qk_airshed_state_get(x->context->airshed, &s);
    const qk_matrix *m = qk_airshed_hold(x->context->airshed);
    qk_code code = !m || !s.mark || m->receptors != qk_airshed_receptors(&c)
                       ? qk_refuse(x, err, 409, "not_built", NULL, "the matrix is not made yet")
                       : qk_airshed_compare(&f, &c, m, &s, e, x->tools->db, x->tools->reader,
                                            qk_node_registry(x->context->node), &x->arena, err);
    qk_airshed_release(x->context->airshed);
    QK_TRY(code);
    qk_json_object(w);
    qk_json_kcstr(w, "pollutant", qk_emitted_name(e));
    qk_json_kf64(w, "county", f.county);
    put_fit(w, &f);
    put_scores(w, "plain", &f.plain);
    put_scores(w, "bound", &f.bound);
    put_ozone(w, &f.ozone);
    put_pairs(w, &f);
    qk_json_end(w);
    return QK_OK;
}

/* The case as a runstream: with its weather, `qingkong disperse` makes the same numbers of it. */
qk_code qk_api_airshed_runstream(qk_exchange *x, qk_error *err)
{
    qk_airshed_case c;
    QK_TRY(read_case(x, &c, err));
    qk_airshed_runstream(&x->out, &c);
    x->content_type = "text/plain; charset=utf-8";
    snprintf(x->filename, sizeof x->filename, "case.inp");
    return QK_OK;
}

/* ---- the build ---- */

static qk_code answer_job(qk_exchange *x)
{
    qk_airshed_state s;
    qk_airshed_state_get(x->context->airshed, &s);
    qk_json_object(&x->json);
    put_job(&x->json, &s);
    qk_json_end(&x->json);
    return QK_OK;
}

static qk_code begin_build(qk_exchange *x, void *context, qk_change_note *note, qk_error *err)
{
    const uint64_t *mark = context;
    (void)err;
    qk_airshed_ask(x->context->airshed, *mark, true);
    snprintf(note->what, sizeof note->what, "airshed.build");
    snprintf(note->object, sizeof note->object, "airshed");
    return answer_job(x);
}

qk_code qk_api_airshed_build(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {NULL};
    const qk_json_value *body = NULL;
    qk_airshed_case c;
    QK_TRY(qk_exchange_body(x, members, &body, err));
    QK_TRY(read_case(x, &c, err));
    return qk_change_run_outside(x, begin_build, &c.mark, err);
}

static qk_code end_build(qk_exchange *x, void *context, qk_change_note *note, qk_error *err)
{
    (void)context, (void)err;
    qk_airshed_cancel(x->context->airshed);
    snprintf(note->what, sizeof note->what, "airshed.cancel");
    snprintf(note->object, sizeof note->object, "airshed");
    return answer_job(x);
}

qk_code qk_api_airshed_cancel(qk_exchange *x, qk_error *err)
{
    return qk_change_run_outside(x, end_build, NULL, err);
}

/* ---- setting up ---- */

typedef struct setup_change {
    const qk_json_value *setup;
    int64_t seen;
} setup_change;

static qk_code keep_setup(qk_exchange *x, void *context, qk_db *db, qk_time now,
                          qk_change_note *note, qk_error *err)
{
    const setup_change *c = context;
    qk_code code = qk_airshed_setup_put(db, c->setup, c->seen, qk_str_of(x->who), now, err);
    if (code == QK_EINVAL || code == QK_EFULL) x->status = 422;
    QK_TRY(code);
    snprintf(note->what, sizeof note->what, "airshed.setup");
    snprintf(note->object, sizeof note->object, "setting/airshed.setup");
    qk_json_object(&x->json);
    qk_json_kbool(&x->json, "kept", true);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_airshed_setup(qk_exchange *x, qk_error *err)
{
    static const char *const members[] = {"setup", "row_version", NULL};
    const qk_json_value *body = NULL;
    setup_change c = {0};
    QK_TRY(qk_exchange_body(x, members, &body, err));
    c.setup = qk_json_get(body, "setup");
    if (!c.setup || c.setup->type != QK_JSON_OBJECT)
        return qk_refuse(x, err, 400, "bad_body", "setup", "'setup' is an object");
    if (!qk_json_get_i64(body, "row_version", &c.seen) || c.seen < 0)
        return qk_refuse(x, err, 400, "bad_body", "row_version",
                         "row_version must say which version was seen; 0 = none");
    return qk_change_run(x, keep_setup, &c, err);
}

typedef struct weather_file {
    qk_file_id file;
    int64_t hours;
} weather_file;

static qk_code attach_weather(qk_exchange *x, void *context, qk_db *db, qk_time now,
                              qk_change_note *note, qk_error *err)
{
    const weather_file *c = context;
    qk_file_use use = {
        .size = c->file.size, .taken_at = QK_TIME_NONE, .lon = NAN, .lat = NAN, .recorded_at = now};
    snprintf(use.object, sizeof use.object, "airshed/weather");
    snprintf(use.name, sizeof use.name, "weather.csv");
    qk_str_copy(use.recorded_by, sizeof use.recorded_by, qk_str_of(x->who));
    QK_TRY(qk_file_attach(db, &use, &c->file, err));
    snprintf(note->what, sizeof note->what, "airshed.weather");
    snprintf(note->object, sizeof note->object, "airshed/weather");
    qk_buf_printf(&note->detail, "{\"sha256\":\"%s\"}", c->file.sha256);
    qk_json_object(&x->json);
    qk_json_kcstr(&x->json, "sha256", c->file.sha256);
    qk_json_ki64(&x->json, "hours", c->hours);
    qk_json_end(&x->json);
    return QK_OK;
}

qk_code qk_api_airshed_weather(qk_exchange *x, qk_error *err)
{
    weather_file c = {0};
    qk_weather_place place;
    qk_weather *w = NULL;
    if (x->body.len == 0)
        return qk_refuse(x, err, 400, "bad_body", NULL, "the body is the file of observations");
    qk_weather_place_init(&place, 35, 113, 8);
    QK_TRY(qk_weather_new(&w, &place, err));
    qk_code code = qk_weather_read_csv(w, x->body, "csv", err);
    if (code == QK_OK) code = qk_weather_run(w, err);
    c.hours = (int64_t)qk_weather_count(w);
    qk_weather_free(w);
    if (code == QK_OK && c.hours < HOURS_LEAST)
        code = qk_fail(err, QK_EFORMAT, "fewer than %d hours", HOURS_LEAST);
    if (code == QK_EFORMAT || code == QK_EFULL) {
        x->status = 422;
        x->error_code = "bad_file";
    }
    QK_TRY(code);
    QK_TRY(qk_files_put(qk_node_files(x->context->node), &c.file, x->body.ptr, x->body.len, err));
    return qk_change_run(x, attach_weather, &c, err);
}
