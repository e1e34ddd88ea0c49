/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cli/disperse.h"
#include <stdio.h>

enum { RUNSTREAM_MAX = 1 << 26, FILE_MAX = 1 << 29 };

static qk_code join(const disperse_files *f, char *out, size_t size, const char *name,
                    qk_error *err)
{
    int n = snprintf(out, size, "%s%s", name[0] == '/' ? "" : f->folder, name);
    if (n < 0 || (size_t)n >= size) return qk_fail(err, QK_ERANGE, "the path %s is too long", name);
    return QK_OK;
}

static qk_code load(void *ctx, const char *path, qk_str *text, qk_error *err)
{
    disperse_files *f = ctx;
    char full[QK_PATH_MAX];
    if (f->count == DISPERSE_FILES_MAX) return qk_fail(err, QK_EFULL, "too many files");
    QK_TRY(join(f, full, sizeof full, path, err));
    qk_buf *buf = &f->text[f->count++];
    qk_buf_init(buf, FILE_MAX);
    QK_TRY(qk_file_read(buf, full, err));
    *text = qk_buf_str(buf);
    return QK_OK;
}

static void take_folder(disperse_files *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof f->folder) n = 0;
    memcpy(f->folder, path, n);
    f->folder[n] = 0;
}

qk_code disperse_open(disperse_case *d, const char *path, qk_error *err)
{
    memset(d, 0, sizeof *d);
    qk_aermod_loader loader = {&d->files, load};
    qk_str surface, profile;
    take_folder(&d->files, strcmp(path, "-") == 0 ? "" : path);
    qk_buf *buf = &d->files.text[d->files.count++];
    qk_buf_init(buf, RUNSTREAM_MAX);
    qk_code code = qk_file_read(buf, path, err);
    if (code == QK_EFULL)
        qk_error_hint(err, "a runstream may have %d MiB; receptors on a grid need no lines",
                      RUNSTREAM_MAX >> 20);
    QK_TRY(code);
    d->fingerprint = qk_hash(buf->ptr, buf->len);
    QK_TRY(qk_aermod_case_read(&d->c, qk_buf_str(buf), path, &loader, err));
    if (!d->c.run) return QK_OK;
    QK_TRY(load(&d->files, d->c.surface_path, &surface, err));
    QK_TRY(load(&d->files, d->c.profile_path, &profile, err));
    QK_TRY(qk_aermod_weather_open(&d->weather, surface, d->c.surface_path, profile,
                                  d->c.profile_path, err));
    QK_TRY(qk_aermod_hourly_open(&d->hourly, &d->c, err));
    return qk_dispersion_new(&d->d, &d->c, err);
}

void disperse_close(disperse_case *d)
{
    qk_dispersion_free(d->d);
    qk_aermod_hourly_close(&d->hourly);
    qk_aermod_case_clear(&d->c);
    for (int i = 0; i < d->files.count; i++) qk_buf_clear(&d->files.text[i]);
    d->files.count = 0;
}

qk_code disperse_path(const disperse_case *d, char *out, size_t size, const char *name,
                      qk_error *err)
{
    return join(&d->files, out, size, name, err);
}

static bool chosen(const qk_aermod_case *c, const qk_plume_hour *h)
{
    int64_t at = (((int64_t)h->year * 100 + h->month) * 100 + h->day) * 100 + h->hour;
    if (c->from_hour && at < c->from_hour) return false;
    if (c->to_hour && at > c->to_hour) return false;
    return !c->days_chosen || c->day_chosen[qk_aermod_day_of_year(h->year, h->month, h->day)] ||
           c->date_chosen[qk_aermod_day_of_year(2000, h->month, h->day)];
}

qk_code disperse_next(disperse_case *d, qk_plume_hour *hour, qk_aermod_emission *emission,
                      qk_error *err)
{
    for (;;) {
        QK_TRY(qk_aermod_weather_next(&d->weather, hour, err));
        if (chosen(&d->c, hour)) return qk_aermod_hourly_next(&d->hourly, hour, emission, err);
        QK_TRY(qk_aermod_hourly_skip(&d->hourly, hour, err));
    }
}
