/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/weather_file.h"
#include "base/file.h"
#include "domain/confine.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELPER "qingkong-gridread"

enum { HEAD_BYTES = 512, ARG = 128 };
static const qk_confine_limits limits = {120, 180000, (size_t)1 << 30};

bool qk_weather_bytes_known(qk_str bytes)
{
    qk_str head = {bytes.ptr, bytes.len < HEAD_BYTES ? bytes.len : HEAD_BYTES};
    if (qk_str_starts(head, QK_STR("CDF")) || qk_str_starts(head, QK_STR("\x89HDF"))) return true;
    /* A bulletin's heading may stand before, text before it would not end in a binary edition. */
    size_t at = qk_str_find(head, QK_STR("GRIB"), 0);
    return at != SIZE_MAX && at + 8 <= head.len && (head.ptr[at + 7] == 1 || head.ptr[at + 7] == 2);
}

bool qk_weather_file_known(const char *path)
{
    char head[HEAD_BYTES];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    ssize_t n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, head, sizeof head) : -1;
    close(fd);
    return n > 0 && qk_weather_bytes_known((qk_str){head, (size_t)n});
}

/* ---- the helper ---- */

static bool runs(char out[QK_PATH_MAX], const char *dir)
{
    return qk_path_join(out, QK_PATH_MAX, dir, HELPER) == QK_OK && access(out, X_OK) == 0;
}

static bool find_helper(char out[QK_PATH_MAX])
{
    char self[QK_PATH_MAX], *slash;
    const char *said = getenv("QINGKONG_LIBEXEC"); /* NOLINT(concurrency-mt-unsafe): never set */
    if (said) return runs(out, said);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = 0;
        slash = strrchr(self, '/');
        if (slash) *slash = 0;
        if (runs(out, self)) return true;
    }
    return runs(out, QK_LIBEXEC_DIR);
}

static void put_instant(char out[ARG], qk_time t, bool given)
{
    if (given)
        snprintf(out, ARG, "%lld", (long long)t);
    else
        snprintf(out, ARG, "-");
}

static qk_code read_open(qk_grid **out, int fd, const qk_weather_ask *ask, qk_error *err)
{
    char helper[QK_PATH_MAX], area[ARG] = "-", from[ARG], to[ARG];
    qk_buf text;
    size_t len = 0;
    bool timed = ask->from != 0 || ask->to != 0;
    *out = NULL;
    if (!find_helper(helper)) {
        qk_fail(err, QK_EUNSUPPORTED, "the program that reads weather files is not installed");
        qk_error_hint(err, "%s belongs beside qingkong or into %s", HELPER, QK_LIBEXEC_DIR);
        return QK_EUNSUPPORTED;
    }
    if (ask->area)
        snprintf(area, sizeof area, "%.6f,%.6f,%.6f,%.6f", ask->west, ask->south, ask->east,
                 ask->north);
    put_instant(from, ask->from, timed && ask->from != QK_TIME_NONE);
    put_instant(to, ask->to, timed && ask->to != QK_TIME_NONE);
    const char *const argv[] = {
        helper, ask->list ? "list" : "read", ask->wishes ? ask->wishes : "near", area, from, to,
        NULL};
    qk_buf_init(&text, QK_GRID_TEXT_MAX + 1);
    qk_code code =
        qk_confine_run_file(&text, fd, argv, &limits, QK_GRID_TEXT_MAX, "the weather file", err);
    char *taken = code == QK_OK ? qk_buf_take(&text, &len) : NULL;
    if (code == QK_OK && !taken) code = qk_fail(err, QK_ENOMEM, "no memory for a grid");
    if (code == QK_OK) code = qk_grid_take(out, taken, len, err);
    qk_buf_clear(&text);
    return code;
}

qk_code qk_weather_bytes_read(qk_grid **out, qk_str bytes, const char *name,
                              const qk_weather_ask *ask, qk_error *err)
{
    int fd = qk_confine_memory(bytes, err);
    *out = NULL;
    if (fd < 0) return QK_EIO;
    qk_code code = read_open(out, fd, ask, err);
    close(fd);
    if (code != QK_OK) qk_error_at(err, name, 0, 0);
    return code;
}

/* ---- files and folders ---- */

static qk_code read_one(qk_grid **out, const char *path, const qk_weather_ask *ask, qk_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *out = NULL;
    if (fd < 0)
        return qk_fail(err, errno == ENOENT ? QK_ENOTFOUND : QK_EIO, "%s cannot be opened", path);
    qk_code code = QK_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        code = qk_fail(err, QK_EFORMAT, "a weather file is a file on the disk");
    if (code == QK_OK) code = read_open(out, fd, ask, err);
    close(fd);
    if (code != QK_OK) qk_error_at(err, path, 0, 0);
    return code;
}

static qk_code join_one(qk_grid **all, const char *path, const qk_weather_ask *ask, qk_error *err)
{
    qk_grid *next = NULL;
    QK_TRY(read_one(&next, path, ask, err));
    if (!*all) {
        *all = next;
        return QK_OK;
    }
    qk_code code = qk_grid_join(*all, next, err);
    if (code != QK_OK) qk_error_at(err, path, 0, 0);
    return code;
}

static int is_weather(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static qk_code join_folder(qk_grid **all, const char *dir, const qk_weather_ask *ask, qk_error *err)
{
    struct dirent **names = NULL;
    int n = scandir(dir, &names, is_weather, alphasort), files = 0;
    qk_code code = n < 0 ? qk_fail_errno(err, errno, "the folder %s", dir) : QK_OK;
    for (int i = 0; i < n; i++) {
        char path[QK_PATH_MAX];
        if (code == QK_OK) code = qk_path_join(path, sizeof path, dir, names[i]->d_name);
        if (code == QK_OK && qk_weather_file_known(path)) {
            code = join_one(all, path, ask, err);
            files++;
        }
        free(names[i]);
    }
    free(names);
    if (code == QK_OK && files == 0)
        code = qk_fail(err, QK_ENOTFOUND, "the folder %s holds no GRIB or NetCDF file", dir);
    return code;
}

qk_code qk_weather_files_read(qk_grid **out, const char *const *paths, size_t count,
                              const qk_weather_ask *ask, qk_error *err)
{
    qk_code code = QK_OK;
    *out = NULL;
    for (size_t i = 0; code == QK_OK && i < count; i++) {
        struct stat st;
        bool folder = stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode);
        code = folder ? join_folder(out, paths[i], ask, err) : join_one(out, paths[i], ask, err);
    }
    if (code == QK_OK) return QK_OK;
    qk_grid_free(*out);
    *out = NULL;
    return code;
}

qk_code qk_weather_file_read(qk_grid **out, const char *path, const qk_weather_ask *ask,
                             qk_error *err)
{
    return qk_weather_files_read(out, &path, 1, ask, err);
}
