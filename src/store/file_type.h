/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_STORE_FILE_TYPE_H
#define QK_STORE_FILE_TYPE_H
/* What a file is by its content: the signatures of PNG (ISO/IEC 15948), JPEG (ISO/IEC 10918-1), PDF
 * (ISO 32000-1 7.5.2), the parts of an Office Open XML package (ISO/IEC 29500-2) as its ZIP
 * directory lists them, and text by its characters. No state; reads fd by position. */
#include "store/files.h"

/* type gets one of the names in store/files.h; QK_EUNSUPPORTED with the reason otherwise. */
QK_NODISCARD qk_code qk_file_type_of(char type[QK_FILE_TYPE_MAX], int fd, uint64_t size,
                                     qk_error *err);
#endif
