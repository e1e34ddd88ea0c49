/* SPDX-License-Identifier: Apache-2.0 */
/* The county's sources, grid and weather as one dispersion case. */
#include "domain/airquality.h"
#include "domain/airshed.h"
#include "domain/setting.h"
#include <math.h>
#include <stdio.h>

#define SETUP           "airshed.setup"
#define METRES_A_DEGREE 111195.0
#define SECONDS_A_YEAR  31557600.0

static const char *const emitted_names[QK_EMITTED] = {"PM2.5", "PM10", "SO2", "NOx", "VOC", "NH3"};

const char *qk_emitted_name(qk_emitted e)
{
    return e < QK_EMITTED ? emitted_names[e] : "";
}

qk_emitted qk_emitted_of(qk_str name)
{
    for (qk_emitted e = 0; e <= QK_EMITTED_NOX; e++)
        if (qk_str_eq(name, qk_str_of(emitted_names[e]))) return e;
    return QK_EMITTED;
}

double qk_airshed_rate(const qk_airshed_source *s, qk_emitted e)
{
    return s->tonnes[e] * 1e6 / SECONDS_A_YEAR;
}

size_t qk_airshed_receptors(const qk_airshed_case *c)
{
    return (size_t)c->nx * c->ny + c->stations;
}

/* ---- the setup ---- */

static qk_code need_number(const qk_json_value *setup, const char *name, double low, double high,
                           double *out, qk_error *err)
{
    if (qk_json_get_f64(setup, name, out) && *out >= low && *out <= high) return QK_OK;
    return qk_fail(err, QK_EINVAL, "'%s' must be a number from %g to %g", name, low, high);
}

static qk_code check_ranges(const qk_json_value *object, const char *what, double low, double high,
                            qk_error *err)
{
    for (const qk_json_value *v = object ? object->first : NULL; v; v = v->next) {
        const qk_json_value *a = v->first, *b = a ? a->next : NULL;
        double from = 0, to = 0;
        if (v->type != QK_JSON_ARRAY || v->count != 2 || !a || !b ||
            qk_parse_f64(&from, a->text) != QK_OK || qk_parse_f64(&to, b->text) != QK_OK ||
            from > to || from < low || to > high)
            return qk_fail(err, QK_EINVAL, "'%s', '%.*s': a range [low, high] within %g and %g",
                           what, QK_STR_ARG(v->name), low, high);
    }
    return QK_OK;
}

static double optional(const qk_json_value *setup, const char *name, double otherwise)
{
    double v;
    return qk_json_get_f64(setup, name, &v) ? v : otherwise;
}

/* Corner, step and size of the grid. */
static qk_code take_grid(qk_airshed_case *c, const qk_json_value *setup, qk_error *err)
{
    double east, north, km;
    QK_TRY(need_number(setup, "west", -180, 180, &c->west, err));
    QK_TRY(need_number(setup, "south", -85, 85, &c->south, err));
    QK_TRY(need_number(setup, "east", c->west + 1e-6, 180, &east, err));
    QK_TRY(need_number(setup, "north", c->south + 1e-6, 85, &north, err));
    QK_TRY(need_number(setup, "step_km", 0.05, 50, &km, err));
    c->longitude_deg = (c->west + east) / 2;
    c->latitude_deg = (c->south + north) / 2;
    c->step_m = km * 1000;
    double width = (east - c->west) * METRES_A_DEGREE * cos(c->latitude_deg * M_PI / 180);
    double height = (north - c->south) * METRES_A_DEGREE;
    double points = (floor(width / c->step_m) + 2) * (floor(height / c->step_m) + 2);
    if (points > QK_AIRSHED_RECEPTORS)
        return qk_fail(err, QK_EFULL,
                       "a grid of %.0f points: at most %d; take a wider step than %g km", points,
                       QK_AIRSHED_RECEPTORS, km);
    c->nx = (uint32_t)floor(width / c->step_m) + 2;
    c->ny = (uint32_t)floor(height / c->step_m) + 2;
    c->west = c->longitude_deg -
              (c->nx - 1) * c->step_m / 2 / (METRES_A_DEGREE * cos(c->latitude_deg * M_PI / 180));
    c->south = c->latitude_deg - (c->ny - 1) * c->step_m / 2 / METRES_A_DEGREE;
    return QK_OK;
}

qk_code qk_airshed_setup_check(const qk_json_value *setup, qk_error *err)
{
    qk_airshed_case c = {0};
    double every;
    qk_str weather = qk_json_get_str(setup, "weather");
    QK_TRY(take_grid(&c, setup, err));
    QK_TRY(need_number(setup, "every_h", 1, 100, &every, err));
    if (every != floor(every)) return qk_fail(err, QK_EINVAL, "'every_h' is a whole number");
    if (weather.len != QK_SHA256_TEXT - 1)
        return qk_fail(err, QK_EINVAL, "'weather' names a file of surface observations");
    QK_TRY(check_ranges(qk_json_get(setup, "local_share"), "local_share", 0, 1, err));
    return check_ranges(qk_json_get(setup, "elasticity"), "elasticity", -1, 1, err);
}

qk_code qk_airshed_setup_put(qk_db *db, const qk_json_value *setup, int64_t seen, qk_str by,
                             qk_time now, qk_error *err)
{
    qk_buf text;
    qk_json_writer w;
    QK_TRY(qk_airshed_setup_check(setup, err));
    qk_buf_init(&text, QK_AIRSHED_SETUP_BYTES);
    qk_json_init(&w, &text);
    qk_json_put(&w, setup);
    qk_code code = text.failed ? qk_fail(err, text.failed, "the setup is too long")
                               : qk_setting_put(db, SETUP, qk_buf_str(&text), seen, by, now, err);
    qk_buf_clear(&text);
    return code;
}

static qk_code read_setup(qk_airshed_case *c, qk_db *db, qk_arena *arena, qk_error *err)
{
    qk_str text;
    qk_json_value *setup = NULL;
    double every = 1;
    sqlite3_stmt *s = NULL;
    QK_TRY(qk_setting_text(&text, db, SETUP, arena, err));
    QK_TRY(qk_json_parse(&setup, text, arena, err));
    QK_TRY(qk_airshed_setup_check(setup, err));
    QK_TRY(take_grid(c, setup, err));
    if (qk_json_get_f64(setup, "every_h", &every)) c->every_h = (int64_t)every;
    c->elevation_m = optional(setup, "elevation_m", 0);
    c->wind_height_m = optional(setup, "wind_height_m", 10);
    qk_str_copy(c->weather, sizeof c->weather, qk_json_get_str(setup, "weather"));
    c->setup = setup;
    QK_TRY(qk_db_prepare(&s, db, "SELECT version FROM setting WHERE key='" SETUP "'", err));
    qk_code code = qk_db_step(db, s, err);
    if (code == QK_OK) c->version = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return code;
}

/* ---- the sources ---- */

static void place_at(const qk_airshed_case *c, double lon, double lat, double *x, double *y)
{
    *x = (lon - c->longitude_deg) * METRES_A_DEGREE * cos(c->latitude_deg * M_PI / 180);
    *y = (lat - c->latitude_deg) * METRES_A_DEGREE;
}

typedef struct reading {
    qk_airshed_case *c;
    const qk_registry *registry;
    const qk_ledger_type *type;
    qk_arena *arena;
    qk_error *err;
} reading;

static qk_str text_of(const reading *r, const qk_ledger_row *row, const char *name)
{
    size_t at = qk_ledger_field_find(r->type, qk_str_of(name));
    if (at == SIZE_MAX || !row->values[at].len) return QK_STR("");
    qk_str v = row->values[at];
    return (qk_str){qk_arena_copy(r->arena, v.ptr, v.len), v.len};
}

static double number_of(const reading *r, const qk_ledger_row *row, const char *name,
                        double otherwise)
{
    double v;
    qk_str text = text_of(r, row, name);
    return text.len && text.ptr && qk_parse_f64(&v, text) == QK_OK ? v : otherwise;
}

static void take_release(qk_airshed_source *s, const reading *r, const qk_ledger_row *row)
{
    static const char *const fields[QK_EMITTED] = {"pm25_t", "pm10_t", "so2_t",
                                                   "nox_t",  "voc_t",  "nh3_t"};
    s->height_m = number_of(r, row, "height_m", NAN);
    s->diameter_m = number_of(r, row, "diameter_m", 1);
    s->velocity_m_s = number_of(r, row, "velocity_ms", 0.01);
    s->temperature_c = number_of(r, row, "temperature_c", NAN);
    s->side_m = number_of(r, row, "side_m", 50);
    for (int e = 0; e < QK_EMITTED; e++) s->tonnes[e] = number_of(r, row, fields[e], 0);
    s->per_g_s = qk_str_eq(s->shape, QK_STR("area")) ? 1 / (s->side_m * s->side_m) : 1;
}

static qk_code take_source(void *context, const qk_ledger_row *row)
{
    reading *r = context;
    qk_airshed_case *c = r->c;
    qk_airshed_source *s = &c->source[c->sources];
    qk_site site;
    if (c->sources == QK_AIRSHED_SOURCES)
        return qk_fail(r->err, QK_EFULL, "more than %d sources", QK_AIRSHED_SOURCES);
    *s = (qk_airshed_source){.row = row->id,
                             .name = text_of(r, row, "name"),
                             .site = text_of(r, row, "site"),
                             .sector = text_of(r, row, "sector"),
                             .shape = text_of(r, row, "shape"),
                             .active = text_of(r, row, "active")};
    snprintf(s->id, sizeof s->id, "R%lld", (long long)row->id);
    take_release(s, r, row);
    s->lon = number_of(r, row, "lon", NAN);
    s->lat = number_of(r, row, "lat", NAN);
    if ((isnan(s->lon) || isnan(s->lat)) && qk_registry_site(r->registry, &site, s->site)) {
        s->lon = site.lon;
        s->lat = site.lat;
    }
    if (isnan(s->lon) || isnan(s->lat) || isnan(s->height_m))
        return qk_fail(r->err, QK_EINVAL, "the source '%.*s' has no %s", QK_STR_ARG(s->name),
                       isnan(s->height_m) ? "height" : "place");
    place_at(c, s->lon, s->lat, &s->x_m, &s->y_m);
    if (fabs(s->x_m) > 200000 || fabs(s->y_m) > 200000)
        return qk_fail(r->err, QK_EINVAL, "the source '%.*s' lies more than 200 km away",
                       QK_STR_ARG(s->name));
    c->sources++;
    return QK_OK;
}

static qk_code read_sources(qk_airshed_case *c, qk_db *db, const qk_registry *registry,
                            qk_arena *arena, qk_error *err)
{
    qk_ledger_type *type = NULL;
    qk_ledger_ask ask = {.valid_at = QK_TIME_NONE, .known_at = QK_TIME_NONE};
    QK_TRY(qk_ledger_type_get(&type, db, QK_STR(QK_AIRSHED_LEDGER), QK_TIME_NONE, arena, err));
    c->source = qk_arena_array(arena, QK_AIRSHED_SOURCES, sizeof *c->source);
    if (!c->source) return qk_fail(err, QK_ENOMEM, "no memory for sources");
    reading r = {c, registry, type, arena, err};
    return qk_ledger_each(db, type, &ask, take_source, &r, err);
}

/* Stations that are evaluated, inside the grid. */
static qk_code read_stations(qk_airshed_case *c, const qk_registry *registry, qk_arena *arena,
                             qk_error *err)
{
    qk_site *sites = NULL;
    size_t n = 0;
    qk_code code = qk_registry_sites(registry, arena, &sites, &n);
    c->station = qk_arena_array(arena, QK_AIRSHED_STATIONS, sizeof *c->station);
    if (code != QK_OK || !c->station) return qk_fail(err, QK_ENOMEM, "no memory for stations");
    for (size_t i = 0; i < n && c->stations < QK_AIRSHED_STATIONS; i++) {
        qk_airshed_station *s = &c->station[c->stations];
        if (!qk_air_is_evaluated(sites[i].kind) || isnan(sites[i].lon) || isnan(sites[i].lat))
            continue;
        s->site = &sites[i];
        place_at(c, sites[i].lon, sites[i].lat, &s->x_m, &s->y_m);
        if (fabs(s->x_m) <= (c->nx + 1) * c->step_m / 2 &&
            fabs(s->y_m) <= (c->ny + 1) * c->step_m / 2)
            c->stations++;
    }
    return QK_OK;
}

qk_code qk_airshed_case_read(qk_airshed_case *out, qk_db *db, const qk_registry *registry,
                             qk_arena *arena, qk_error *err)
{
    qk_buf text;
    *out = (qk_airshed_case){0};
    QK_TRY(read_setup(out, db, arena, err));
    QK_TRY(read_sources(out, db, registry, arena, err));
    QK_TRY(read_stations(out, registry, arena, err));
    if (out->sources * qk_airshed_receptors(out) > QK_AIRSHED_PRODUCT)
        return qk_fail(err, QK_EFULL, "%zu sources x %zu receptors: at most %d; take a wider grid",
                       out->sources, qk_airshed_receptors(out), QK_AIRSHED_PRODUCT);
    qk_buf_init(&text, 64 << 20);
    qk_airshed_runstream(&text, out);
    qk_buf_printf(&text, "%s %lld %g %g", out->weather, (long long)out->every_h, out->elevation_m,
                  out->wind_height_m);
    out->mark = qk_hash(text.ptr, text.len) | 1;
    qk_code code = text.failed ? qk_fail(err, text.failed, "the case is too long") : QK_OK;
    qk_buf_clear(&text);
    return code;
}

/* ---- the runstream ---- */

static void put_source(qk_buf *out, const qk_airshed_source *s)
{
    bool area = qk_str_eq(s->shape, QK_STR("area")), volume = qk_str_eq(s->shape, QK_STR("volume"));
    double half = area ? s->side_m / 2 : 0, spread = s->side_m / 4.3;
    qk_buf_printf(out, "SO LOCATION %s %s %.2f %.2f 0.0\n", s->id,
                  area     ? "AREA"
                  : volume ? "VOLUME"
                           : "POINT",
                  s->x_m - half, s->y_m - half);
    if (area)
        qk_buf_printf(out, "SO SRCPARAM %s 1.0 %.2f %.2f %.2f 0.0 %.2f\n", s->id, s->height_m,
                      s->side_m, s->side_m, fmax(1, s->height_m / 2.15));
    else if (volume)
        qk_buf_printf(out, "SO SRCPARAM %s 1.0 %.2f %.2f %.2f\n", s->id, s->height_m, spread,
                      fmax(1, s->height_m / 2.15));
    else
        qk_buf_printf(out, "SO SRCPARAM %s 1.0 %.2f %.2f %.3f %.3f\n", s->id, s->height_m,
                      isnan(s->temperature_c) ? 0 : s->temperature_c + 273.15, s->velocity_m_s,
                      s->diameter_m);
}

/* Hours of the day at which a source is at work, its mean kept. */
static void put_activity(qk_buf *out, const qk_airshed_source *s)
{
    static const struct {
        const char *name;
        uint32_t hours; /* bit h: at work in the hour that ends at h + 1 */
    } kinds[] = {{"day", 0x0FFFC0}, {"work", 0x03EFC0}, {"rush", 0x0E07C0}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (!qk_str_eq(s->active, qk_str_of(kinds[k].name))) continue;
        int on = __builtin_popcount(kinds[k].hours);
        qk_buf_printf(out, "SO EMISFACT %s HROFDY", s->id);
        for (int h = 0; h < 24; h++)
            qk_buf_printf(out, " %.4f",
                          kinds[k].hours >> h & 1 ? 24.0 * 0.9 / on : 2.4 / (24 - on));
        qk_buf_puts(out, "\n");
    }
    /* November to March */
    if (qk_str_eq(s->active, QK_STR("heating")))
        qk_buf_printf(out,
                      "SO EMISFACT %s MONTH 2.1 2.1 2.1 0.2142857 0.2142857 0.2142857 0.2142857 "
                      "0.2142857 0.2142857 0.2142857 2.1 2.1\n",
                      s->id);
}

void qk_airshed_runstream(qk_buf *out, const qk_airshed_case *c)
{
    double x0 = -((double)c->nx - 1) * c->step_m / 2, y0 = -((double)c->ny - 1) * c->step_m / 2;
    qk_buf_puts(out,
                "CO STARTING\nCO TITLEONE Qingkong\nCO MODELOPT CONC FLAT\nCO AVERTIME PERIOD\n"
                "CO POLLUTID OTHER\nCO RUNORNOT RUN\nCO FINISHED\nSO STARTING\n");
    for (size_t i = 0; i < c->sources; i++) put_source(out, &c->source[i]);
    for (size_t i = 0; i < c->sources; i++) put_activity(out, &c->source[i]);
    qk_buf_puts(out, "SO SRCGROUP ALL\nSO FINISHED\nRE STARTING\nRE GRIDCART GRID STA\n");
    qk_buf_printf(out, "RE GRIDCART GRID XYINC %.2f %u %.2f %.2f %u %.2f\nRE GRIDCART GRID END\n",
                  x0, c->nx, c->step_m, y0, c->ny, c->step_m);
    for (size_t i = 0; i < c->stations; i++)
        qk_buf_printf(out, "RE DISCCART %.2f %.2f\n", c->station[i].x_m, c->station[i].y_m);
    qk_buf_puts(out, "RE FINISHED\nME STARTING\nME SURFFILE weather.sfc\nME PROFFILE weather.pfl\n"
                     "ME SURFDATA 0 2000\nME UAIRDATA 0 2000\nME PROFBASE 0.0\nME FINISHED\n"
                     "OU STARTING\nOU FINISHED\n");
}
