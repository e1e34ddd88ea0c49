/* SPDX-License-Identifier: Apache-2.0 */
#include "web/page.h"
#include <assert.h>

const qk_asset *qk_pack_find(const qk_pack *pack, qk_str path)
{
    size_t low = 0, high = pack->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        assert(pack->assets);
        int order = qk_str_cmp(qk_str_of(pack->assets[middle].path), path);
        if (order == 0) return &pack->assets[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool has_extension(qk_str path)
{
    for (size_t i = path.len; i-- > 0 && path.ptr[i] != '/';)
        if (path.ptr[i] == '.') return true;
    return false;
}

const qk_asset *qk_page_find(qk_str path)
{
    const qk_pack *pack = qk_pack_page.count ? &qk_pack_page : &qk_pack_builtin;
    const qk_asset *asset = qk_pack_find(pack, path);
    if (asset || has_extension(path)) return asset;
    return qk_pack_find(pack, QK_STR("/index.html"));
}
