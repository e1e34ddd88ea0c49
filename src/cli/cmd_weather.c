/* SPDX-License-Identifier: Apache-2.0 */
/* `qingkong weather`: what a GRIB or NetCDF file holds, and what it says of a place or an area. */
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/trace.h"
#include "domain/weather_file.h"
#include <getopt.h>
#include <math.h>
#include <stdio.h>

enum { OUT_BYTES = 1 << 28 };

typedef struct weather_job {
    const char *const *files;
    size_t count;
    const char *form;
    char wishes[160];
    qk_weather_ask ask;
    qk_grid_what level; /* of winds */
    qk_place at;
    bool placed, hourly;
    double elevation_m, zone_h;
} weather_job;

static qk_code put_out(qk_buf *out, qk_code code, qk_error *err)
{
    if (code == QK_OK && out->failed)
        code = qk_fail(err, out->failed, "more than %d MiB of text: ask for less", OUT_BYTES >> 20);
    if (code == QK_OK) return trace_flush(out, err);
    qk_buf_clear(out);
    return code;
}

static void tell_skipped(const qk_grid *g)
{
    for (size_t i = 0; i < g->skips; i++)
        fprintf(stderr, "  %u of %s: %s\n", g->skipped[i].count, g->skipped[i].name,
                g->skipped[i].why);
}

static double end_of(double first, double step, size_t n)
{
    return first + step * (double)(n - 1);
}

/* ---- info ---- */

static void put_field(qk_buf *out, const qk_grid_field *f)
{
    char name[QK_GRID_NAME], a[QK_TIME_TEXT], b[QK_TIME_TEXT], c[QK_TIME_TEXT];
    qk_buf_printf(out, "%s,%s,%s,%s,%s,%.6g,", qk_grid_name(name, f->what),
                  qk_grid_unit(f->what.var), qk_time_iso(a, f->issued), qk_time_iso(b, f->from),
                  qk_time_iso(c, f->until), (double)(f->until - f->issued) / (double)QK_HOUR);
    qk_csv_put_text(out, qk_str_of(f->name), true);
    qk_buf_putc(out, '\n');
}

static qk_code tell_file(qk_buf *out, const char *path, qk_error *err)
{
    qk_grid *g = NULL;
    qk_weather_ask ask = {.list = true};
    QK_TRY(qk_weather_file_read(&g, path, &ask, err));
    const qk_grid_axes *x = &g->axes;
    if (g->fields)
        fprintf(stderr,
                "%s: %zu fields on %zu x %zu points, %.4f to %.4f E by %.4f, %.4f to %.4f N"
                " by %.4f\n",
                path, g->fields, x->lons, x->lats, x->lon0, end_of(x->lon0, x->dlon, x->lons),
                x->dlon, x->lat0, end_of(x->lat0, x->dlat, x->lats), x->dlat);
    if (g->skips) fprintf(stderr, "%s: not taken:\n", path);
    tell_skipped(g);
    for (size_t i = 0; i < g->fields; i++) put_field(out, &g->field[i]);
    qk_grid_free(g);
    return QK_OK;
}

static qk_code run_info(const weather_job *job, qk_error *err)
{
    qk_buf out;
    qk_code code = QK_OK;
    qk_buf_init(&out, OUT_BYTES);
    qk_buf_puts(&out, "variable,unit,issued,from,until,lead_h,name\n");
    for (size_t i = 0; code == QK_OK && i < job->count; i++)
        code = tell_file(&out, job->files[i], err);
    return put_out(&out, code, err);
}

/* ---- extract ---- */

/* What a form is made of, where nothing else was asked for. */
static void choose_wishes(weather_job *job)
{
    char level[QK_GRID_NAME];
    if (job->ask.wishes) return;
    if (strcmp(job->form, "soundings") == 0) {
        job->ask.wishes = "t_*hpa,gh_*hpa,t_2m,ground";
    } else if (strcmp(job->form, "winds") == 0) {
        qk_grid_name(level, job->level);
        snprintf(job->wishes, sizeof job->wishes, "%s,v%s", level, level + 1);
        job->ask.wishes = job->wishes;
    }
}

static qk_code put_series(qk_buf *out, const weather_job *job, const qk_grid *g, qk_error *err)
{
    qk_grid_series s = {0}, hours = {0};
    size_t days = 0;
    bool obs = strcmp(job->form, "obs") == 0;
    qk_code code = qk_grid_series_make(&s, g, job->at.lon, job->at.lat, QK_TIME_NONE, err);
    if (code == QK_OK && (job->hourly || obs)) {
        code = qk_grid_series_hourly(&hours, &s, err);
        qk_grid_series_clear(&s);
        s = hours;
    }
    if (code == QK_OK && obs) {
        qk_grid_write_obs(out, &s, job->zone_h);
    } else if (code == QK_OK && strcmp(job->form, "soundings") == 0) {
        qk_grid_write_soundings(out, &s, job->elevation_m, job->zone_h, &days);
        if (days == 0)
            code = qk_fail(err, QK_ENOTFOUND,
                           "no morning (5:00 to 11:00) has a profile: t and gh of"
                           " three pressure levels");
    } else if (code == QK_OK) {
        qk_grid_write_series(out, &s);
    }
    qk_grid_series_clear(&s);
    return code;
}

static qk_code run_extract(weather_job *job, qk_error *err)
{
    qk_grid *g = NULL;
    qk_buf out;
    size_t rows = 0;
    bool winds = strcmp(job->form, "winds") == 0;
    bool area = !job->placed && job->ask.area && strcmp(job->form, "table") == 0;
    if (!winds && !area && !job->placed)
        return qk_fail(err, QK_EINVAL, "extract needs --at LON,LAT, or --area for table and winds");
    if (job->placed && !job->ask.area) {
        job->ask.area = true;
        job->ask.west = job->ask.east = job->at.lon;
        job->ask.south = job->ask.north = job->at.lat;
    }
    choose_wishes(job);
    QK_TRY(qk_weather_files_read(&g, job->files, job->count, &job->ask, err));
    qk_buf_init(&out, OUT_BYTES);
    qk_code code;
    if (winds)
        code = qk_grid_write_winds(&out, g, job->level.kind, job->level.level, err);
    else if (area)
        code = qk_grid_write_area(&out, g, job->hourly, err);
    else if (strcmp(job->form, "days") == 0)
        code = qk_grid_write_days(&out, &rows, g, job->at.lon, job->at.lat, err);
    else
        code = put_series(&out, job, g, err);
    qk_grid_free(g);
    return put_out(&out, code, err);
}

/* ---- options ---- */

static bool take_area(weather_job *job, const char *text)
{
    qk_str rest = qk_str_of(text);
    double *part[4] = {&job->ask.west, &job->ask.south, &job->ask.east, &job->ask.north};
    for (int i = 0; i < 4; i++)
        if (!rest.ptr || qk_parse_f64(part[i], qk_str_trim(qk_str_cut(&rest, ','))) != QK_OK)
            return false;
    job->ask.area = true;
    return !rest.ptr && job->ask.west <= job->ask.east && job->ask.east - job->ask.west <= 360 &&
           job->ask.south <= job->ask.north && fabs(job->ask.west) <= 360;
}

static bool take_level(weather_job *job, const char *text)
{
    char name[40];
    snprintf(name, sizeof name, "u_%s", text);
    return qk_grid_parse(&job->level, qk_str_of(name)) && job->level.level >= 0 &&
           job->level.kind != QK_GRID_SURFACE;
}

static bool take_form(weather_job *job, const char *text)
{
    static const char *const forms[] = {"table", "obs", "soundings", "days", "winds"};
    job->form = text;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i], text) == 0) return true;
    return false;
}

static bool take_option(weather_job *job, int o, const char *text)
{
    qk_error err;
    switch (o) {
    case 'a': return job->placed = true, trace_place(&job->at, text, &err) == QK_OK;
    case 'A': return take_area(job, text);
    case 'v': job->ask.wishes = text; return true;
    case 'f': return take_form(job, text);
    case 'l': return take_level(job, text);
    case 'H': job->hourly = true; return true;
    case 'F': return qk_time_parse(&job->ask.from, qk_str_of(text)) == QK_OK;
    case 't': return qk_time_parse(&job->ask.to, qk_str_of(text)) == QK_OK;
    case 'e': return qk_parse_f64(&job->elevation_m, qk_str_of(text)) == QK_OK;
    case 'z':
        return qk_parse_f64(&job->zone_h, qk_str_of(text)) == QK_OK && fabs(job->zone_h) <= 14;
    default: return false;
    }
}

static int read_options(weather_job *job, int argc, char **argv)
{
    static const struct option options[] = {
        {"at", required_argument, NULL, 'a'},    {"area", required_argument, NULL, 'A'},
        {"vars", required_argument, NULL, 'v'},  {"form", required_argument, NULL, 'f'},
        {"level", required_argument, NULL, 'l'}, {"hourly", no_argument, NULL, 'H'},
        {"csv", no_argument, NULL, 'c'},         {"from", required_argument, NULL, 'F'},
        {"to", required_argument, NULL, 't'},    {"elevation", required_argument, NULL, 'e'},
        {"zone", required_argument, NULL, 'z'},  {0}};
    int o, index = 0;
    *job = (weather_job){.form = "table", .level = {QK_GRID_U, QK_GRID_HEIGHT, 10}, .zone_h = 8};
    job->ask.from = job->ask.to = QK_TIME_NONE;
    while ((o = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (o == '?') return qk_command_misuse("weather", "unknown option or missing value");
        if (o != 'c' && !take_option(job, o, optarg))
            return qk_command_misuse("weather", "--%s: not '%s'", options[index].name, optarg);
    }
    return QK_EXIT_DONE;
}

int qk_cmd_weather(int argc, char **argv)
{
    weather_job job;
    qk_error err = {0};
    int status = read_options(&job, argc, argv);
    if (status) return status;
    if (argc - optind < 2)
        return qk_command_misuse("weather", "info or extract, and a FILE, are due");
    const char *what = argv[optind++];
    job.files = (const char *const *)(argv + optind);
    job.count = (size_t)(argc - optind);
    qk_code code;
    if (strcmp(what, "info") == 0)
        code = run_info(&job, &err);
    else if (strcmp(what, "extract") == 0)
        code = run_extract(&job, &err);
    else
        return qk_command_misuse("weather", "no such thing as 'weather %s'", what);
    if (code == QK_OK) return QK_EXIT_DONE;
    return code == QK_EINVAL ? qk_command_misuse("weather", "%s", err.message)
                             : qk_command_refuse("weather", &err);
}
