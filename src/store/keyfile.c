/* SPDX-License-Identifier: Apache-2.0 */
#include "store/keyfile.h"
#include "base/file.h"
#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

enum { KEY_BYTES = 32 };

static qk_code make_key(const char *path, qk_buf *text, qk_error *err)
{
    unsigned char bytes[KEY_BYTES];
    char hex[2 * KEY_BYTES + 1];
    randombytes_buf(bytes, sizeof bytes);
    qk_hex(hex, bytes, sizeof bytes);
    qk_buf_puts(text, hex);
    qk_buf_putc(text, '\n');
    qk_code code = text->failed;
    if (code != QK_OK) qk_fail(err, code, "no memory for a key");
    if (code == QK_OK) code = qk_file_write_atomic(path, text->ptr, text->len, 0600, err);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(hex, sizeof hex);
    return code;
}

static qk_code check_rights(const char *path, bool *there, qk_error *err)
{
    struct stat st;
    *there = stat(path, &st) == 0;
    if (!*there && errno == ENOENT) return QK_OK;
    if (!*there) return qk_fail_errno(err, errno, "cannot look at %s", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        qk_fail(err, QK_EDENIED, "others may read a key for changes");
        qk_error_at(err, path, 0, 0);
        return qk_error_hint(err, "chmod 600 it, or remove it to have a new one made"), QK_EDENIED;
    }
    return QK_OK;
}

qk_code qk_keyfile_read(qk_buf *text, const char *path, bool make, bool *made, qk_error *err)
{
    bool there = false;
    QK_TRY(check_rights(path, &there, err));
    if (made) *made = !there && make;
    if (there) return qk_file_read(text, path, err);
    return make ? make_key(path, text, err) : qk_fail(err, QK_ENOTFOUND, "there is no %s", path);
}
