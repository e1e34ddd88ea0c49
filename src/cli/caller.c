/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/caller.h"
#include "base/file.h"
#include "base/json.h"
#include "store/lock.h"
#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>

enum { ADDRESS_TEXT = 80, KEY_TEXT = 200, WHOLE_S = 120, CONNECT_S = 5 };

bool qk_caller_held(const char *dir)
{
    return qk_lock_held(dir);
}

/* The first line of a small file of the folder. */
static qk_code read_line(char *out, size_t size, const char *dir, const char *name, qk_error *err)
{
    char path[QK_PATH_MAX];
    qk_buf text;
    qk_buf_init(&text, 4096);
    qk_code code = qk_path_join(path, sizeof path, dir, name);
    if (!code) code = qk_file_read(&text, path, err);
    if (!code) qk_str_copy(out, size, qk_str_trim(qk_buf_str(&text)));
    if (text.ptr) sodium_memzero(text.ptr, text.len);
    qk_buf_clear(&text);
    return code;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    qk_buf *answer = context;
    qk_buf_append(answer, bytes, size * n);
    return answer->failed ? 0 : size * n;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[400];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(list, line);
    sodium_memzero(line, sizeof line);
    return longer ? longer : list;
}

static struct curl_slist *make_headers(const char *key, const char *type)
{
    unsigned char bytes[16];
    char bearer[KEY_TEXT + 10], once[2 * sizeof bytes + 1];
    randombytes_buf(bytes, sizeof bytes);
    qk_hex(once, bytes, sizeof bytes);
    snprintf(bearer, sizeof bearer, "Bearer %s", key);
    struct curl_slist *list = add_header(NULL, "Authorization", bearer);
    list = add_header(list, "Idempotency-Key", once);
    if (type) list = add_header(list, "Content-Type", type);
    list = add_header(list, "Expect", "");
    sodium_memzero(bearer, sizeof bearer);
    return list;
}

static void set_request(CURL *c, const char *method, const char *url, struct curl_slist *headers,
                        qk_str body, qk_buf *answer)
{
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WHOLE_S);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, answer);
    if (!body.ptr) return;
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.ptr);
}

qk_code qk_caller_ask(qk_buf *answer, long *status, const qk_call *call, const char *method,
                      const char *path, const char *type, qk_str body, qk_error *err)
{
    char address[ADDRESS_TEXT] = "", key[KEY_TEXT] = "", url[600];
    if (call->http)
        qk_str_copy(address, sizeof address, qk_str_of(call->http));
    else
        QK_TRY(read_line(address, sizeof address, call->dir, "http.address", err));
    qk_code code = read_line(key, sizeof key, call->dir, call->key, err);
    if (code) return code;
    snprintf(url, sizeof url, "http://%s/api/v1%s", address, path);
    CURL *c = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    struct curl_slist *headers = c ? make_headers(key, type) : NULL;
    sodium_memzero(key, sizeof key);
    if (!c) return qk_fail(err, QK_ENOMEM, "no memory to ask the server");
    set_request(c, method, url, headers, body, answer);
    CURLcode done = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    if (done == CURLE_OK) return QK_OK;
    qk_fail(err, QK_EIO, "the server at %s did not answer: %s", address, curl_easy_strerror(done));
    qk_error_hint(err, "say with --http where its page is");
    return QK_EIO;
}

qk_code qk_caller_refused(long status, qk_str answer, qk_error *err)
{
    qk_arena arena;
    qk_json_value *root = NULL;
    qk_arena_init(&arena, 1 << 20);
    char text[256] = "";
    if (qk_json_parse(&root, answer, &arena, NULL) == QK_OK)
        qk_str_copy(text, sizeof text, qk_json_get_str(qk_json_get(root, "error"), "message_en"));
    qk_arena_clear(&arena);
    if (!text[0]) snprintf(text, sizeof text, "the server answered %ld", status);
    return qk_fail(err, QK_EDENIED, "%s", text);
}
