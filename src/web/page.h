/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QK_WEB_PAGE_H
#define QK_WEB_PAGE_H
/* The page's files, packed into the program by tools/embed.c: as they are and, where it makes them
 * smaller, gzipped. Constant data; any thread. */
#include "base/text.h"

typedef struct qk_asset {
    const char *path; /* "/index.html", in byte order of the table */
    const char *type; /* content type with its charset */
    const char *etag; /* without quotes */
    const unsigned char *bytes;
    const unsigned char *gzip;
    size_t len, gzip_len; /* gzip_len 0 = not packed */
    bool hashed;          /* the name changes with the content: may be kept for ever */
} qk_asset;

typedef struct qk_pack {
    const qk_asset *assets;
    size_t count;
} qk_pack;

/* The built page (empty when ui/dist was absent at build time), and what is always there: a plain
 * page that says how to build it, and the schemas of the API. */
extern const qk_pack qk_pack_page;
extern const qk_pack qk_pack_builtin;

/* By exact path. NULL when there is none. */
const qk_asset *qk_pack_find(const qk_pack *pack, qk_str path);
/* What a browser gets for a decoded path: the file, or index.html for "/" and for paths without an
 * extension (addresses inside the page), or NULL. */
const qk_asset *qk_page_find(qk_str path);
#endif
