/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a national centre, or of anybody: refused, or taken and within what the answers may
 * claim. The first byte chooses the kind. */
#include "fuzz.h"
#include "models/response_import.h"
#include <math.h>
#include <stdlib.h>

static void check_shares(const qk_import *t, const qk_import_group *g)
{
    double *share = calloc(g->count, sizeof *share), *ratio = calloc(g->count, sizeof *ratio);
    qk_between *range = calloc(g->count, sizeof *range);
    for (size_t k = 0; share && ratio && range && k < g->count; k++) {
        share[k] = t->share[g->first + k].share;
        range[k] = t->share[g->first + k].range;
    }
    if (share && ratio && range) {
        double all = qk_response_regions(100, share, ratio, g->count);
        qk_between then = qk_response_regions_between(100, range, ratio, g->count);
        if (!(then.low >= -1e-9 && then.low <= then.high && then.high <= 100 + 1e-9)) abort();
        if (!(all >= -1e-9 && all <= 100)) abort();
    }
    free(share);
    free(ratio);
    free(range);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    qk_import t;
    const qk_rsm_change none = {0};
    if (size < 1) return 0;
    qk_str csv = {(const char *)data + 1, size - 1};
    if (qk_import_read(&t, (qk_import_kind)(data[0] % 3), csv, "fuzz", NULL) != QK_OK) return 0;
    size_t rows = 0;
    for (size_t k = 0; k < t.groups; k++) {
        const qk_import_group *g = &t.group[k];
        if (g->first != rows || g->count == 0) abort();
        rows += g->count;
        if (t.kind == QK_IMPORT_TRANSPORT) check_shares(&t, g);
        if (t.kind == QK_IMPORT_SURFACE && qk_rsm_evaluate(t.term + g->first, g->count, &none) != 0)
            abort();
    }
    if (rows != t.rows) abort();
    qk_import_clear(&t);
    return 0;
}
