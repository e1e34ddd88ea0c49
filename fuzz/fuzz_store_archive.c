/* SPDX-License-Identifier: Apache-2.0 */
/* A file given to `restore`: any bytes as they are; or, by the first byte, as the inside of a sound
 * Zstandard frame; or as one such inside with a right tar checksum in its first head. Only what a
 * backup holds may come out, and nothing beside the folder. */
#include "fuzz.h"
#include "store/backup.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum { MOST = 1 << 18 };

static char dir[160];

static void seal_head(unsigned char *tar)
{
    char text[8];
    unsigned sum = 0;
    for (int i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? ' ' : tar[i];
    snprintf(text, sizeof text, "%06o", sum & 0777777);
    memcpy(tar + 148, text, 7);
}

static void put_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    FUZZ_CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static unsigned char tar[MOST], packed[2 * MOST];
    char from[200], to[200];
    qk_backup_result checked, restored;
    if (size < 1 || size > MOST) return 0;
    if (!dir[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/qk-fuzz-archive-%ld", base ? base : "/tmp", (long)getpid());
        mkdir(dir, 0700);
    }
    snprintf(from, sizeof from, "%s/in", dir);
    snprintf(to, sizeof to, "%s/out", dir);
    if (bytes[0] % 3 == 0) {
        put_file(from, bytes + 1, size - 1);
    } else {
        memcpy(tar, bytes + 1, size - 1);
        if (bytes[0] % 3 == 2 && size > 512) seal_head(tar);
        put_file(from, packed, ZSTD_compress(packed, sizeof packed, tar, size - 1, 1));
    }
    qk_code code = qk_backup_check(&checked, from, NULL);
    qk_code laid = qk_restore(&restored, from, to, NULL, NULL);
    if (code != QK_OK) FUZZ_CHECK(laid != QK_OK);
    if (laid == QK_OK)
        FUZZ_CHECK(checked.entries == restored.entries && checked.bytes == restored.bytes);
    else
        FUZZ_CHECK(access(to, F_OK) != 0);
    nftw(to, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
