/* SPDX-License-Identifier: Apache-2.0 */
/* A case from its first hour to its output files: blocks of hours are computed by all threads, then
 * taken in their order, so that the number of threads never changes a digit. */
#include "base/file.h"
#include "base/time.h"
#include "cli/disperse.h"
#include "models/aermod_output.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK_HOURS = 96, BLOCK_BYTES = 1 << 28, TEXT_MAX = 1 << 30, FLUSH = 1 << 20 };

#define STATE_MAGIC "qingkong disperse 2\n"

typedef struct post_file {
    const qk_aermod_output *o;
    FILE *file;
} post_file;

typedef struct run {
    disperse_case k;
    qk_average *average;
    disperse_pool *pool;
    qk_dispersion_work *work[DISPERSE_THREADS_MAX];
    qk_aermod_stamp stamp;
    post_file *post;
    size_t post_count;
    /* the block */
    size_t hours, cells;
    qk_plume_hour *hour;
    qk_aermod_emission *emission;
    double *value;
    qk_plume_status *status;
    uint64_t done; /* hours taken into the averages */
    int64_t started_ms;
    qk_buf text;
} run;

static void compute_hour(void *arg, int thread, size_t item)
{
    run *r = arg;
    r->status[item] =
        qk_dispersion_hour(r->work[thread], &r->hour[item],
                           r->emission + item * r->k.c.source_count, r->value + item * r->cells);
}

static qk_code give_memory(run *r, int threads, qk_error *err)
{
    r->cells = r->k.c.group_count * r->k.c.receptor_count;
    size_t most = (size_t)BLOCK_BYTES / (r->cells * sizeof *r->value);
    r->hours = most < 1 ? 1 : most > BLOCK_HOURS ? BLOCK_HOURS : most;
    r->hour = calloc(r->hours, sizeof *r->hour);
    r->emission = calloc(r->hours * r->k.c.source_count, sizeof *r->emission);
    r->value = calloc(r->hours * r->cells, sizeof *r->value);
    r->status = calloc(r->hours, sizeof *r->status);
    r->post = calloc(r->k.c.output_count + 1, sizeof *r->post);
    bool whole = r->hour && r->emission && r->value && r->status && r->post;
    QK_TRY(disperse_pool_new(&r->pool, threads, err));
    for (int i = 0; i < disperse_pool_threads(r->pool) && whole; i++)
        whole = (r->work[i] = qk_dispersion_work_new(r->k.d)) != NULL;
    return whole ? QK_OK : qk_fail(err, QK_ENOMEM, "no memory for a block of hours");
}

static void free_run(run *r)
{
    disperse_pool_free(r->pool);
    for (int i = 0; i < DISPERSE_THREADS_MAX; i++) qk_dispersion_work_free(r->work[i]);
    for (size_t i = 0; i < r->post_count; i++)
        if (r->post[i].file) fclose(r->post[i].file);
    free(r->post);
    free(r->hour);
    free(r->emission);
    free(r->value);
    free(r->status);
    qk_average_free(r->average);
    qk_buf_clear(&r->text);
    disperse_close(&r->k);
}

static qk_code make_folder(const char *path, qk_error *err)
{
    char folder[QK_PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path) return QK_OK;
    qk_str_copy(folder, sizeof folder, (qk_str){path, (size_t)(slash - path)});
    return qk_dir_create(folder, err);
}

static qk_code write_text(FILE *file, qk_buf *text, const char *name, qk_error *err)
{
    if (text->failed != QK_OK) return qk_fail(err, text->failed, "%s does not fit in memory", name);
    if (text->len && fwrite(text->ptr, 1, text->len, file) != text->len)
        return qk_fail_errno(err, errno, "%s", name);
    qk_buf_reset(text);
    return QK_OK;
}

static qk_code open_posts(run *r, const int64_t *offset, qk_error *err)
{
    char path[QK_PATH_MAX];
    for (size_t i = 0; i < r->k.c.output_count; i++) {
        const qk_aermod_output *o = &r->k.c.output[i];
        if (o->kind != QK_AERMOD_POSTFILE) continue;
        post_file *p = &r->post[r->post_count];
        QK_TRY(disperse_path(&r->k, path, sizeof path, o->path, err));
        QK_TRY(make_folder(path, err));
        p->o = o;
        p->file = fopen(path, offset ? "r+b" : "wb");
        if (!p->file) return qk_fail_errno(err, errno, "%s", path);
        r->post_count++;
        if (offset) {
            off_t at = offset[r->post_count - 1];
            if (ftruncate(fileno(p->file), at) != 0 || fseeko(p->file, at, SEEK_SET) != 0)
                return qk_fail_errno(err, errno, "%s", path);
            continue;
        }
        if (!o->unformatted && o->average > 0)
            qk_aermod_put_head(&r->text, &r->k.c, o, NULL, &r->stamp);
        QK_TRY(write_text(p->file, &r->text, o->path, err));
    }
    return QK_OK;
}

static int64_t stamp_of(const qk_plume_hour *h)
{
    return (((int64_t)h->year * 100 + h->month) * 100 + h->day) * 100 + h->hour;
}

/* at: when each average has ended. */
static qk_code put_posts(run *r, uint32_t ended, const int64_t *at, qk_error *err)
{
    const qk_aermod_case *c = &r->k.c;
    for (size_t i = 0; i < r->post_count; i++) {
        const qk_aermod_output *o = r->post[i].o;
        int index = 0;
        while (index < c->average_count && c->average[index] != o->average) index++;
        if (o->average <= 0 || !(ended >> index & 1)) continue;
        const double *v =
            qk_average_ended(r->average, index) + (size_t)o->group * c->receptor_count;
        if (o->unformatted) qk_aermod_put_record(&r->text, c, o, v, at[index]);
        for (size_t k = 0; k < c->receptor_count && !o->unformatted; k++) {
            qk_aermod_put_post(&r->text, c, o, k, v[k], at[index]);
            if (r->text.len > FLUSH) QK_TRY(write_text(r->post[i].file, &r->text, o->path, err));
        }
        QK_TRY(write_text(r->post[i].file, &r->text, o->path, err));
    }
    return QK_OK;
}

static qk_code put_period_post(run *r, post_file *p, qk_error *err)
{
    qk_aermod_output as_plot = *p->o;
    as_plot.kind = QK_AERMOD_PLOTFILE;
    qk_aermod_put_head(&r->text, &r->k.c, p->o, r->average, &r->stamp);
    qk_aermod_put_plot(&r->text, &r->k.c, &as_plot, r->average);
    return write_text(p->file, &r->text, p->o->path, err);
}

static qk_code close_posts(run *r, qk_error *err)
{
    for (size_t i = 0; i < r->post_count; i++) {
        if (r->post[i].o->average <= 0) QK_TRY(put_period_post(r, &r->post[i], err));
        int failed = fclose(r->post[i].file);
        r->post[i].file = NULL;
        if (failed) return qk_fail_errno(err, errno, "%s", r->post[i].o->path);
    }
    return QK_OK;
}

static qk_code write_whole(const run *r, const char *name, qk_buf *text, qk_error *err)
{
    char path[QK_PATH_MAX];
    if (text->failed != QK_OK) return qk_fail(err, text->failed, "%s does not fit in memory", name);
    QK_TRY(disperse_path(&r->k, path, sizeof path, name, err));
    QK_TRY(make_folder(path, err));
    QK_TRY(qk_file_write_atomic(path, text->ptr ? text->ptr : "", text->len, 0644, err));
    qk_buf_reset(text);
    return QK_OK;
}

static qk_code write_plots(run *r, qk_error *err)
{
    for (size_t i = 0; i < r->k.c.output_count; i++) {
        const qk_aermod_output *o = &r->k.c.output[i];
        if (o->kind != QK_AERMOD_PLOTFILE) continue;
        qk_aermod_put_head(&r->text, &r->k.c, o, r->average, &r->stamp);
        qk_aermod_put_plot(&r->text, &r->k.c, o, r->average);
        QK_TRY(write_whole(r, o->path, &r->text, err));
    }
    return QK_OK;
}

/* CASE.out beside the runstream: notes, then the tables. */
static qk_code write_listing(run *r, const char *path, qk_error *err)
{
    char out[QK_PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(name);
    if (strcmp(path, "-") == 0) name = "disperse", n = 8;
    if (n > 4 && qk_str_eq_nocase((qk_str){name + n - 4, 4}, QK_STR(".inp"))) n -= 4;
    if (snprintf(out, sizeof out, "%.*s.out", (int)n, name) >= (int)sizeof out)
        return qk_fail(err, QK_ERANGE, "the name %s is too long", name);
    qk_buf_put_str(&r->text, qk_buf_str(&r->k.c.notes));
    qk_aermod_put_tables(&r->text, &r->k.c, r->average, &r->stamp);
    return write_whole(r, out, &r->text, err);
}

static qk_code save_state(run *r, const char *path, qk_error *err)
{
    qk_buf bytes;
    uint64_t head[3] = {r->k.fingerprint, r->done, r->post_count};
    qk_buf_init(&bytes, (size_t)1 << 33);
    qk_buf_puts(&bytes, STATE_MAGIC);
    qk_buf_append(&bytes, head, sizeof head);
    for (size_t i = 0; i < r->post_count; i++) {
        int64_t at = fflush(r->post[i].file) == 0 ? ftello(r->post[i].file) : -1;
        qk_buf_append(&bytes, &at, sizeof at);
    }
    qk_average_save(r->average, &bytes);
    qk_code code = bytes.failed != QK_OK
                       ? qk_fail(err, bytes.failed, "the state does not fit in memory")
                       : qk_file_write_atomic(path, bytes.ptr, bytes.len, 0644, err);
    qk_buf_clear(&bytes);
    return code;
}

/* What was saved, when it is of this case: hours are passed over, files are cut to where they were.
 */
static qk_code restore(run *r, qk_str bytes, const char *path, qk_error *err)
{
    uint64_t head[3] = {0};
    size_t magic = sizeof STATE_MAGIC - 1;
    int64_t offset[256];
    bool ours = bytes.len >= magic + sizeof head && memcmp(bytes.ptr, STATE_MAGIC, magic) == 0;
    if (ours) memcpy(head, bytes.ptr + magic, sizeof head);
    ours = ours && head[0] == r->k.fingerprint && head[2] <= 256 &&
           bytes.len >= magic + sizeof head + head[2] * sizeof *offset;
    if (!ours) {
        qk_fail(err, QK_EFORMAT, "%s is not the state of this case", path);
        return qk_error_hint(err, "remove it to begin anew");
    }
    memcpy(offset, bytes.ptr + magic + sizeof head, head[2] * sizeof *offset);
    size_t at = magic + sizeof head + head[2] * sizeof *offset;
    QK_TRY(qk_average_load(r->average, (qk_str){bytes.ptr + at, bytes.len - at}, err));
    for (; r->done < head[1]; r->done++)
        QK_TRY(disperse_next(&r->k, &r->hour[0], r->emission, err));
    return open_posts(r, offset, err);
}

static qk_code begin_or_go_on(run *r, const char *state, qk_error *err)
{
    qk_buf bytes;
    if (!state || access(state, F_OK) != 0) return open_posts(r, NULL, err);
    qk_buf_init(&bytes, (size_t)1 << 33);
    qk_code code = qk_file_read(&bytes, state, err);
    if (code == QK_OK) code = restore(r, qk_buf_str(&bytes), state, err);
    qk_buf_clear(&bytes);
    return code;
}

static void show_progress(const run *r, int64_t *shown)
{
    int64_t now = qk_monotonic_ms();
    if (now - *shown < 2000) return;
    *shown = now;
    fprintf(stderr, "disperse: %llu hours, %.1f s\n", (unsigned long long)r->done,
            (double)(now - r->started_ms) / 1000);
}

static qk_code take_block(run *r, size_t count, qk_error *err)
{
    int64_t at[QK_AERMOD_AVERAGES_MAX];
    for (size_t i = 0; i < count; i++) {
        uint32_t ended = qk_average_gap(r->average, &r->hour[i], at);
        QK_TRY(put_posts(r, ended, at, err));
        ended = qk_average_hour(r->average, &r->hour[i], r->status[i], r->value + i * r->cells);
        for (int k = 0; k < QK_AERMOD_AVERAGES_MAX; k++) at[k] = stamp_of(&r->hour[i]);
        QK_TRY(put_posts(r, ended, at, err));
        r->done++;
    }
    return QK_OK;
}

static qk_code run_hours(run *r, const disperse_options *o, const volatile sig_atomic_t *stop,
                         qk_error *err)
{
    int64_t shown = r->started_ms, saved = r->started_ms;
    for (bool more = true; more;) {
        size_t count = 0;
        while (count < r->hours && more) {
            qk_code code = disperse_next(&r->k, &r->hour[count],
                                         r->emission + count * r->k.c.source_count, err);
            if (code != QK_OK && code != QK_ENOTFOUND) return code;
            more = code == QK_OK;
            count += more;
        }
        disperse_pool_run(r->pool, compute_hour, r, count);
        QK_TRY(take_block(r, count, err));
        if (!o->quiet) show_progress(r, &shown);
        if (o->state && (*stop || qk_monotonic_ms() - saved > 30000)) {
            QK_TRY(save_state(r, o->state, err));
            saved = qk_monotonic_ms();
        }
        if (*stop) {
            qk_fail(err, QK_ECANCELLED, "stopped after %llu hours", (unsigned long long)r->done);
            return qk_error_hint(err, "%s", o->state ? "the same command goes on from there" : "");
        }
    }
    return QK_OK;
}

static void put_triple(char out[9], const char *a, const char *b, const char *c, char between)
{
    const char text[9] = {a[0], a[1], between, b[0], b[1], between, c[0], c[1], 0};
    memcpy(out, text, sizeof text);
}

static void make_stamp(run *r)
{
    qk_clock *clock;
    char now[QK_TIME_TEXT] = "20000101000000";
    if (qk_clock_new_real(&clock) != QK_OK) return;
    qk_time_compact14(now, qk_clock_now(clock));
    qk_clock_free(clock);
    put_triple(r->stamp.date, now + 4, now + 6, now + 2, '/');
    put_triple(r->stamp.time, now + 8, now + 10, now + 12, ':');
    memcpy(r->stamp.weather_version, r->k.weather.version, sizeof r->stamp.weather_version);
}

static qk_code run_case(run *r, const disperse_options *o, const volatile sig_atomic_t *stop,
                        qk_error *err)
{
    qk_buf_init(&r->text, TEXT_MAX);
    QK_TRY(disperse_open(&r->k, o->path, err));
    if (r->k.c.notes.len && !o->quiet) fprintf(stderr, "%s", r->k.c.notes.ptr);
    if (!r->k.c.run || o->check_only) return QK_OK;
    qk_dispersion_tabulate(r->k.d, !o->exact);
    QK_TRY(give_memory(r, o->threads, err));
    QK_TRY(qk_average_new(&r->average, &r->k.c, err));
    make_stamp(r);
    r->started_ms = qk_monotonic_ms();
    QK_TRY(begin_or_go_on(r, o->state, err));
    QK_TRY(run_hours(r, o, stop, err));
    QK_TRY(close_posts(r, err));
    QK_TRY(write_plots(r, err));
    QK_TRY(write_listing(r, o->path, err));
    if (o->state) unlink(o->state);
    if (r->k.c.annual && !qk_average_years(r->average) && !o->quiet)
        fprintf(stderr, "disperse: the weather holds no whole year: ANNUAL is the mean of its "
                        "hours\n");
    const qk_aermod_weather *w = &r->k.weather;
    if (w->gaps && !o->quiet)
        fprintf(stderr,
                "disperse: %s leaves out %u hours in %u places, the first before line %u; they "
                "count in no average\n",
                w->surface_name, w->gap_hours, w->gaps, w->gap_line);
    if (!o->quiet)
        fprintf(stderr,
                "disperse: %llu hours (%u calm, %u missing), %zu sources, %zu receptors, %d "
                "threads, %.2f s\n",
                (unsigned long long)r->done, qk_average_calms(r->average),
                qk_average_missing(r->average), r->k.c.source_count, r->k.c.receptor_count,
                disperse_pool_threads(r->pool), (double)(qk_monotonic_ms() - r->started_ms) / 1000);
    return QK_OK;
}

qk_code disperse_run(const disperse_options *o, const volatile sig_atomic_t *stop, qk_error *err)
{
    run *r = calloc(1, sizeof *r);
    if (!r) return qk_fail(err, QK_ENOMEM, "no memory");
    qk_code code = run_case(r, o, stop, err);
    free_run(r);
    free(r);
    return code;
}
