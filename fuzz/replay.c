/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds a fuzz target every file of the folders named, whole and cut short at every byte: the
 * corpus as a test, without a fuzzer. */
#include "fuzz.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { INPUT_MOST = 1 << 16, CUT_MOST = 4096 };

static void feed_copy(const uint8_t *bytes, size_t size)
{
    /* Of just this size, so that the sanitizer sees one byte too many. */
    uint8_t *copy = malloc(size + (size == 0));
    FUZZ_CHECK(copy);
    if (size > 0) memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void feed_file(const char *path)
{
    static uint8_t bytes[INPUT_MOST];
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    feed_copy(bytes, size);
    for (size_t cut = 0; cut < size && cut < CUT_MOST; cut++) feed_copy(bytes, cut);
}

static size_t feed_folder(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    if (!dir) return 0;
    for (struct dirent *e; (e = readdir(dir));) {
        char path[4096];
        if (e->d_name[0] == '.') continue;
        int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FUZZ_CHECK(n > 0 && (size_t)n < sizeof path);
        feed_file(path);
        count++;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) count += feed_folder(argv[i]);
    printf("%zu inputs, each also cut short at every byte\n", count);
    return count > 0 ? 0 : 1;
}
