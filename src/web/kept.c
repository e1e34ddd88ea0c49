/* SPDX-License-Identifier: Apache-2.0 */
#include "web/kept.h"
#include <stdlib.h>

void qk_kept_init(qk_answer_cache *cache)
{
    pthread_mutex_init(&cache->lock, NULL);
}

void qk_kept_clear(qk_answer_cache *cache)
{
    for (size_t i = 0; i < QK_KEPT_ANSWERS; i++) {
        free(cache->kept[i].text);
        free(cache->kept[i].gzip);
    }
    pthread_mutex_destroy(&cache->lock);
}

qk_kept_answer *qk_kept_find(qk_answer_cache *cache, const char *key)
{
    for (size_t i = 0; i < QK_KEPT_ANSWERS; i++)
        if (cache->kept[i].text && strcmp(cache->kept[i].key, key) == 0) return &cache->kept[i];
    return NULL;
}

/* Made small once for all who take it so; without memory for it they get it plain. */
static void pack_kept(qk_kept_answer *k)
{
    qk_buf packed;
    if (k->gzip || k->len < QK_GZIP_LEAST) return;
    qk_buf_init(&packed, QK_KEPT_BYTES);
    if (qk_gzip_all(&packed, (qk_str){k->text, k->len}) == QK_OK)
        k->gzip = qk_buf_take(&packed, &k->gzip_len);
    qk_buf_clear(&packed);
}

void qk_kept_take(qk_kept_answer *k, qk_exchange *x)
{
    if (x->takes_gzip) pack_kept(k);
    x->gzipped = x->takes_gzip && k->gzip;
    qk_buf_reset(&x->out);
    if (x->gzipped)
        qk_buf_append(&x->out, k->gzip, k->gzip_len);
    else
        qk_buf_append(&x->out, k->text, k->len);
}

static qk_kept_answer *free_place(qk_answer_cache *cache)
{
    qk_kept_answer *oldest = &cache->kept[0];
    for (size_t i = 0; i < QK_KEPT_ANSWERS; i++) {
        if (!cache->kept[i].text) return &cache->kept[i];
        if (cache->kept[i].made_ms < oldest->made_ms) oldest = &cache->kept[i];
    }
    return oldest;
}

qk_kept_answer *qk_kept_put(qk_answer_cache *cache, const qk_exchange *x, const char *key)
{
    qk_kept_answer *k = qk_kept_find(cache, key);
    char *copy = x->out.failed || x->out.len > QK_KEPT_BYTES ? NULL : malloc(x->out.len);
    if (!copy) return NULL;
    memcpy(copy, x->out.ptr, x->out.len);
    if (!k) k = free_place(cache);
    free(k->text);
    free(k->gzip);
    *k = (qk_kept_answer){.text = copy, .len = x->out.len, .made_ms = qk_monotonic_ms()};
    (void)qk_str_copy(k->key, sizeof k->key, qk_str_of(key));
    return k;
}
