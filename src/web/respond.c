/* SPDX-License-Identifier: Apache-2.0 */
#include "web/page.h"
#include "web/server_private.h"
#include <stdlib.h>

/* ---- headers ---- */

typedef struct header {
    const char *name, *value;
} header;

static const header of_all[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
    {NULL, NULL},
};

static const char csp_of_data[] = "default-src 'none'; frame-ancestors 'none'; sandbox";
static const char csp_of_page[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES) return;
}

static void add_common(qk_request_state *r, struct MHD_Response *response)
{
    for (const header *h = of_all; h->name; h++) add(response, h->name, h->value);
    if (r->close || r->web->close_always || r->web->stopping) add(response, "Connection", "close");
}

static enum MHD_Result finish(qk_request_state *r, struct MHD_Response *response, int32_t status)
{
    qk_web_counts *counts = &r->web->context.counts;
    counts->requests++;
    if (status < 300)
        counts->answers_2xx++;
    else if (status < 400)
        counts->answers_3xx++;
    else if (status < 500)
        counts->answers_4xx++;
    else
        counts->answers_5xx++;
    enum MHD_Result result = MHD_queue_response(r->connection, (unsigned)status, response);
    MHD_destroy_response(response);
    r->stage = QK_STAGE_ANSWERED;
    return result;
}

static struct MHD_Response *empty_response(void)
{
    return MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
}

/* ---- answers of routes ---- */

/* The tag of the form that is sent, or of the one that the client holds. */
static const char *shown_etag(const qk_exchange *x, int32_t status, char out[QK_ETAG_TEXT + 4])
{
    qk_etag_gz(out, x->etag);
    bool packed = status == 304 ? out[0] && strstr(x->if_none_match, out) != NULL : x->gzipped;
    return packed ? out : x->etag;
}

/* RFC 6266: a plain name for every client, the true one (RFC 8187) where it has other letters. */
static void add_disposition(struct MHD_Response *response, const char *name)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    char text[40 + 264 + 3 * 264];
    bool plain = true;
    size_t n = (size_t)snprintf(text, sizeof text, "attachment; filename=\"");
    for (const char *p = name; *p; p++) {
        bool ok = strchr(safe, *p) != NULL;
        plain = plain && ok;
        text[n++] = ok ? *p : '_';
    }
    n += (size_t)snprintf(text + n, sizeof text - n, plain ? "\"" : "\"; filename*=UTF-8''");
    for (const char *p = name; !plain && *p; p++)
        n += (size_t)snprintf(text + n, sizeof text - n, strchr(safe, *p) ? "%c" : "%%%02X",
                              (unsigned char)*p);
    add(response, "Content-Disposition", text);
}

static void add_exchange_headers(qk_request_state *r, struct MHD_Response *response, int32_t status)
{
    const qk_exchange *x = r->x;
    char type[96], etag[QK_ETAG_TEXT + 4];
    bool text = strncmp(x->content_type, "text/", 5) == 0;
    snprintf(type, sizeof type, "%s%s", x->content_type, text ? "; charset=utf-8" : "");
    add(response, "Content-Type", type);
    add(response, "Content-Security-Policy", csp_of_data);
    if (qk_exchange_packs(x)) add(response, "Vary", "Accept-Encoding");
    if (x->gzipped && status != 304) add(response, "Content-Encoding", "gzip");
    if (x->etag[0]) {
        add(response, "ETag", shown_etag(x, status, etag));
        add(response, "Cache-Control", "no-cache");
    } else {
        add(response, "Cache-Control", "no-store");
    }
    if (x->filename[0]) add_disposition(response, x->filename);
    if (x->set_cookie[0]) add(response, "Set-Cookie", x->set_cookie);
    if (x->status == 401) add(response, "WWW-Authenticate", "Bearer");
    if (x->status == 429 || x->status == 503) add(response, "Retry-After", "5");
}

static ssize_t stop_stream(qk_request_state *r)
{
    return r->failed ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static ssize_t read_part(void *cls, uint64_t pos, char *out, size_t max)
{
    qk_request_state *r = cls;
    (void)pos;
    if (r->web->stopping) return MHD_CONTENT_READER_END_WITH_ERROR;
    qk_buf *part = &r->x->out;
    if (r->sent < part->len) {
        size_t n = part->len - r->sent < max ? part->len - r->sent : max;
        memcpy(out, part->ptr + r->sent, n);
        r->sent += n;
        r->web->context.counts.bytes += n;
        return (ssize_t)n;
    }
    if (r->ended || r->failed) return stop_stream(r);
    r->web->suspended++;
    MHD_suspend_connection(r->connection);
    if (qk_workers_submit(r->web->readers, r) != QK_OK) {
        r->failed = true;
        qk_web_resume(r);
    }
    return 0;
}

static struct MHD_Response *stream_response(qk_request_state *r)
{
    if (r->head) return empty_response();
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, read_part, r, NULL);
}

static struct MHD_Response *buffer_response(qk_request_state *r)
{
    size_t len = 0;
    if (r->x->fixed.ptr)
        return MHD_create_response_from_buffer(r->x->fixed.len, (void *)(uintptr_t)r->x->fixed.ptr,
                                               MHD_RESPMEM_PERSISTENT);
    char *bytes = qk_buf_take(&r->x->out, &len);
    if (!bytes) return NULL;
    r->web->context.counts.bytes += len;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) free(bytes);
    return response;
}

enum MHD_Result qk_web_send(qk_request_state *r)
{
    struct MHD_Response *response = NULL;
    int32_t status = r->x->status;
    if (status == 200 && r->x->if_none_match[0] && qk_etag_in(r->x->if_none_match, r->x->etag))
        status = 304;
    if (status == 304) {
        response = empty_response();
    } else {
        response = r->x->more ? stream_response(r) : buffer_response(r);
    }
    if (!response) return MHD_NO;
    add_exchange_headers(r, response, status);
    add_common(r, response);
    return finish(r, response, status);
}

enum MHD_Result qk_web_send_refusal(qk_request_state *r, int32_t status, const char *code,
                                    const char *detail)
{
    qk_error err = {0};
    if (!r->x) r->x = calloc(1, sizeof *r->x);
    if (!r->x) return MHD_NO;
    if (!r->x->out.ceiling) qk_exchange_init(r->x, &r->web->context, NULL);
    qk_fail(&err, QK_EINVAL, "%s", detail);
    r->x->status = status;
    r->x->error_code = code;
    qk_exchange_fail(r->x, &err);
    r->web->context.counts.refused++;
    return qk_web_send(r);
}

/* ---- the live feed ---- */

static ssize_t read_follower(void *cls, uint64_t pos, char *out, size_t max)
{
    qk_request_state *r = cls;
    (void)pos;
    long n = qk_follower_read(r->follower, out, max);
    return n == QK_FOLLOW_CUT ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

enum MHD_Result qk_web_send_follower(qk_request_state *r)
{
    struct MHD_Response *response =
        r->head ? empty_response()
                : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64, read_follower, r, NULL);
    if (!response) return MHD_NO;
    add(response, "Content-Type", "text/event-stream; charset=utf-8");
    add(response, "Content-Security-Policy", csp_of_data);
    add(response, "Cache-Control", "no-store");
    add(response, "X-Accel-Buffering", "no");
    r->close = true;
    add_common(r, response);
    return finish(r, response, 200);
}

/* ---- the page ---- */

enum MHD_Result qk_web_send_asset(qk_request_state *r, qk_str path)
{
    const qk_asset *asset = qk_page_find(path);
    if (!asset) return qk_web_send_refusal(r, 404, "no_route", "");
    bool gzip = r->gzip && asset->gzip_len > 0;
    char etag[64];
    snprintf(etag, sizeof etag, "\"%s%s\"", asset->etag, gzip ? "-gz" : "");
    bool same = r->if_none_match[0] && qk_etag_in(r->if_none_match, etag);
    const unsigned char *bytes = gzip ? asset->gzip : asset->bytes;
    size_t len = gzip ? asset->gzip_len : asset->len;
    struct MHD_Response *response =
        same ? empty_response()
             : MHD_create_response_from_buffer(len, (void *)(uintptr_t)bytes,
                                               MHD_RESPMEM_PERSISTENT);
    if (!response) return MHD_NO;
    add(response, "Content-Type", asset->type);
    add(response, "Content-Security-Policy", csp_of_page);
    add(response, "ETag", etag);
    add(response, "Cache-Control",
        asset->hashed ? "public, max-age=31536000, immutable" : "no-cache");
    if (asset->gzip_len) add(response, "Vary", "Accept-Encoding");
    if (gzip && !same) add(response, "Content-Encoding", "gzip");
    add_common(r, response);
    return finish(r, response, same ? 304 : 200);
}
