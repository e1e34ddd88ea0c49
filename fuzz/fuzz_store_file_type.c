/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file that somebody sends in: the look at its type ends, reads nothing outside, and
 * says the same twice. */
#include "fuzz.h"
#include "store/file_type.h"
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char type[QK_FILE_TYPE_MAX], again[QK_FILE_TYPE_MAX];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    qk_code code = qk_file_type_of(type, fd, size, NULL);
    FUZZ_CHECK(qk_file_type_of(again, fd, size, NULL) == code);
    FUZZ_CHECK(code == QK_OK || code == QK_EUNSUPPORTED);
    if (code == QK_OK) FUZZ_CHECK(type[0] && memcmp(type, again, strlen(type) + 1) == 0);
    close(fd);
    return 0;
}
