/* SPDX-License-Identifier: Apache-2.0 */
/* embed NAME FOLDER OUT.c DEPFILE: packs the files of a folder into a C table (web/page.h), each as
 * it is and, where that is smaller, gzipped. A folder that is not there gives an empty table. OUT.c
 * is written only when it changes, so that a build after nothing happened compiles nothing.
 *
 * A program of the build, run on the machine that builds. */
#include "base/file.h"
#include "base/hash256.h"
#include <dirent.h>
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES_MAX = 2000, FILE_BYTES_MAX = 16 << 20, OUT_BYTES_MAX = 256 << 20 };

typedef struct packed {
    char *path; /* "/assets/a.js" */
    char *disk;
    qk_buf bytes, gzip;
} packed;

static packed files[FILES_MAX];
static size_t file_count;

static void die(const qk_error *err)
{
    char text[700];
    qk_error_format(err, text, sizeof text);
    fprintf(stderr, "embed: %s\n", text);
    exit(1);
}

static void check(qk_code code, const qk_error *err)
{
    if (code != QK_OK) die(err);
}

static char *join(const char *a, const char *b)
{
    size_t n = strlen(a) + strlen(b) + 2;
    char *out = malloc(n);
    if (out) snprintf(out, n, "%s/%s", a, b);
    return out;
}

static void add_file(const char *disk, const char *path)
{
    qk_error err = {0};
    if (file_count == FILES_MAX) check(qk_fail(&err, QK_EFULL, "too many files"), &err);
    packed *f = &files[file_count++];
    f->disk = strdup(disk);
    f->path = strdup(path);
    qk_buf_init(&f->bytes, FILE_BYTES_MAX);
    qk_buf_init(&f->gzip, FILE_BYTES_MAX);
    check(qk_file_read(&f->bytes, disk, &err), &err);
}

/* Hidden files (a build's own marks) stay out. */
static void add_folder(const char *disk, const char *path)
{
    DIR *dir = opendir(disk);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        char *below = join(disk, e->d_name), *name = join(path, e->d_name);
        if (!below || !name) exit(1);
        if (e->d_name[0] != '.' && stat(below, &st) == 0) {
            if (S_ISDIR(st.st_mode)) add_folder(below, name);
            if (S_ISREG(st.st_mode)) add_file(below, name);
        }
        free(below);
        free(name);
    }
    closedir(dir);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const packed *)a)->path, ((const packed *)b)->path);
}

/* The system's gzip, without name and time: the same bytes from the same file. */
static void pack_file(packed *f)
{
    int ends[2];
    if (pipe(ends) != 0) return;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("gzip", "gzip", "-9nc", f->disk, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    for (;;) {
        char part[65536];
        ssize_t n = read(ends[0], part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        qk_buf_append(&f->gzip, part, (size_t)n);
    }
    close(ends[0]);
    int status = 1;
    if (child > 0) waitpid(child, &status, 0);
    /* Less than a tenth saved is not worth a client's work. */
    if (status != 0 || f->gzip.failed || f->gzip.len * 10 > f->bytes.len * 9)
        qk_buf_reset(&f->gzip);
}

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i][0]) == 0) return types[i][1];
    return "application/octet-stream";
}

static void write_bytes(qk_buf *out, const char *name, size_t index, const qk_buf *bytes)
{
    qk_buf_printf(out, "static const unsigned char %s_%zu[] = {", name, index);
    for (size_t i = 0; i < bytes->len; i++)
        qk_buf_printf(out, "%s%u,", i % 32 == 0 ? "\n" : "", (unsigned char)bytes->ptr[i]);
    qk_buf_puts(out, bytes->len ? "\n};\n" : "0};\n");
}

static void write_row(qk_buf *out, size_t index)
{
    const packed *f = &files[index];
    char hex[QK_SHA256_TEXT];
    qk_sha256_hex(hex, f->bytes.ptr ? f->bytes.ptr : "", f->bytes.len);
    qk_buf_printf(out, "{\"%s\", \"%s\", \"%.20s\", bytes_%zu, ", f->path, type_of(f->path), hex,
                  index);
    if (f->gzip.len)
        qk_buf_printf(out, "gzip_%zu, ", index);
    else
        qk_buf_puts(out, "NULL, ");
    qk_buf_printf(out, "%zu, %zu, %s},\n", f->bytes.len, f->gzip.len,
                  strncmp(f->path, "/assets/", 8) == 0 ? "true" : "false");
}

static void write_table(qk_buf *out, const char *name)
{
    qk_buf_puts(out, "#include \"web/page.h\"\n");
    for (size_t i = 0; i < file_count; i++) {
        write_bytes(out, "bytes", i, &files[i].bytes);
        if (files[i].gzip.len) write_bytes(out, "gzip", i, &files[i].gzip);
    }
    qk_buf_puts(out, "static const qk_asset assets[] = {\n");
    for (size_t i = 0; i < file_count; i++) write_row(out, i);
    if (file_count == 0) qk_buf_puts(out, "{0}\n");
    qk_buf_printf(out, "};\nconst qk_pack %s = {assets, %zu};\n", name, file_count);
}

static void write_changed(const char *path, const qk_buf *text)
{
    qk_error err = {0};
    qk_buf old;
    qk_buf_init(&old, OUT_BYTES_MAX);
    bool same = qk_file_read(&old, path, NULL) == QK_OK && old.len == text->len &&
                memcmp(old.ptr, text->ptr, old.len) == 0;
    qk_buf_clear(&old);
    if (!same) check(qk_file_write_atomic(path, text->ptr, text->len, 0644, &err), &err);
}

static void write_depfile(const char *path, const char *target)
{
    qk_error err = {0};
    qk_buf text;
    qk_buf_init(&text, 1 << 20);
    qk_buf_printf(&text, "%s:", target);
    for (size_t i = 0; i < file_count; i++) qk_buf_printf(&text, " \\\n %s", files[i].disk);
    qk_buf_putc(&text, '\n');
    check(qk_file_write_atomic(path, text.ptr, text.len, 0644, &err), &err);
    qk_buf_clear(&text);
}

int main(int argc, char **argv)
{
    qk_error err = {0};
    qk_buf out;
    if (argc != 5) {
        fputs("usage: embed NAME FOLDER OUT.c DEPFILE\n", stderr);
        return 2;
    }
    add_folder(argv[2], "");
    qsort(files, file_count, sizeof files[0], compare_files);
    for (size_t i = 0; i < file_count; i++) pack_file(&files[i]);
    qk_buf_init(&out, OUT_BYTES_MAX);
    write_table(&out, argv[1]);
    check(out.failed ? qk_fail(&err, out.failed, "the folder is too large") : QK_OK, &err);
    write_changed(argv[3], &out);
    write_depfile(argv[4], argv[3]);
    qk_buf_clear(&out);
    return 0;
}
