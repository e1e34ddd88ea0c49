/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/outbox_send.h"
#include "base/file.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CONNECT_S = 5, WHOLE_S = 15, ANSWER_MAX = 160 };

struct qk_sender {
    char dir[QK_PATH_MAX];
    const _Atomic bool *stop;
    CURL *curl;
};

/* ---- deliveries ---- */

static char *copy_text(qk_str text)
{
    return text.ptr ? strndup(text.ptr, text.len) : strdup("");
}

void qk_delivery_set(qk_delivery *d, qk_str kind, qk_str target, qk_str key, qk_str payload,
                     qk_str transport, qk_str address)
{
    d->kind = copy_text(kind);
    d->target = copy_text(target);
    d->key = copy_text(key);
    d->payload = copy_text(payload);
    d->payload_len = payload.len;
    d->transport = copy_text(transport);
    d->address = copy_text(address);
}

bool qk_delivery_whole(const qk_delivery *d)
{
    return d->kind && d->target && d->key && d->payload && d->transport && d->address;
}

void qk_delivery_clear(qk_delivery *d)
{
    free(d->kind);
    free(d->target);
    free(d->key);
    free(d->payload);
    free(d->transport);
    free(d->address);
    *d = (qk_delivery){0};
}

qk_code qk_sender_new(qk_sender **out, const char *data_dir, const _Atomic bool *stop,
                      qk_error *err)
{
    qk_sender *s = calloc(1, sizeof *s);
    if (!s) return qk_fail(err, QK_ENOMEM, "no memory for the outbox");
    s->stop = stop;
    qk_str_copy(s->dir, sizeof s->dir, qk_str_of(data_dir));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) s->curl = curl_easy_init();
    if (!s->curl) {
        free(s);
        return qk_fail(err, QK_ENOMEM, "the HTTP client cannot start");
    }
    *out = s;
    return QK_OK;
}

void qk_sender_free(qk_sender *s)
{
    if (!s) return;
    curl_easy_cleanup(s->curl);
    free(s);
}

void qk_sender_pause(qk_sender *s)
{
    (void)s;
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

/* ---- spool ---- */

/* "000000042-<hash of the key>.json": the same notice always has the same name. */
static void send_to_spool(qk_sender *s, const qk_delivery *d, qk_outcome_of_send *o)
{
    char folder[QK_PATH_MAX], name[128], path[QK_PATH_MAX];
    qk_error err = {0};
    o->result = QK_SEND_AGAIN;
    snprintf(name, sizeof name, "%09lld-%016llx.json", (long long)d->id,
             (unsigned long long)qk_hash(d->key, strlen(d->key)));
    qk_code code = d->address[0] == '/' ? qk_path_join(folder, sizeof folder, d->address, ".")
                                        : qk_path_join(folder, sizeof folder, s->dir, d->address);
    if (!code) code = qk_dir_create(folder, &err);
    if (!code) code = qk_path_join(path, sizeof path, folder, name);
    if (!code) code = qk_file_write_atomic(path, d->payload, d->payload_len, 0640, &err);
    if (!code) o->result = QK_SEND_DONE;
    qk_str_copy(o->receipt, sizeof o->receipt,
                qk_str_of(code ? (err.message[0] ? err.message : "path too long") : name));
}

/* ---- webhook ---- */

typedef struct answer {
    char text[ANSWER_MAX];
    size_t len;
} answer;

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    answer *a = context;
    size_t len = size * n, room = sizeof a->text - 1 - a->len;
    size_t take = len < room ? len : room;
    memcpy(a->text + a->len, bytes, take);
    a->len += take;
    a->text[a->len] = 0;
    return len;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const qk_sender *s = context;
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(s->stop);
}

/* Header values are our own texts, but a line break in a key would make two headers of one. */
static bool header_safe(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F) return false;
    return true;
}

static struct curl_slist *make_headers(const qk_delivery *d)
{
    char line[700];
    struct curl_slist *list =
        curl_slist_append(NULL, "Content-Type: application/json; charset=utf-8");
    snprintf(line, sizeof line, "Idempotency-Key: %s", d->key);
    if (list && d->key[0] && header_safe(d->key)) list = curl_slist_append(list, line);
    snprintf(line, sizeof line, "X-Qingkong-Kind: %s", d->kind);
    if (list && header_safe(d->kind)) list = curl_slist_append(list, line);
    return list;
}

static void set_options(qk_sender *s, const qk_delivery *d, struct curl_slist *headers, answer *a)
{
    CURL *c = s->curl;
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, d->address);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WHOLE_S);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_USERAGENT, "qingkong");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)d->payload_len);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, d->payload);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, s);
}

static qk_send_result judge_status(long status)
{
    if (status >= 200 && status < 300) return QK_SEND_DONE;
    bool later = status == 408 || status == 425 || status == 429;
    return status >= 400 && status < 500 && !later ? QK_SEND_REFUSED : QK_SEND_AGAIN;
}

static void send_to_webhook(qk_sender *s, const qk_delivery *d, qk_outcome_of_send *o)
{
    answer a = {.len = 0};
    long status = 0;
    struct curl_slist *headers = make_headers(d);
    set_options(s, d, headers, &a);
    CURLcode code = curl_easy_perform(s->curl);
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    o->result = code == CURLE_OK ? judge_status(status) : QK_SEND_AGAIN;
    char text[256];
    if (code == CURLE_OK)
        snprintf(text, sizeof text, "%ld %s", status, a.text);
    else
        snprintf(text, sizeof text, "%s", curl_easy_strerror(code));
    size_t len = qk_utf8_cut(qk_str_of(text));
    qk_str receipt = {text, qk_utf8_valid((qk_str){text, len}) ? len : 3};
    qk_str_copy(o->receipt, sizeof o->receipt, receipt);
}

void qk_send(qk_sender *s, const qk_delivery *d, qk_outcome_of_send *outcome)
{
    *outcome = (qk_outcome_of_send){.result = QK_SEND_AGAIN};
    if (strcmp(d->transport, "spool") == 0)
        send_to_spool(s, d, outcome);
    else if (strcmp(d->transport, "webhook") == 0)
        send_to_webhook(s, d, outcome);
    else
        qk_str_copy(outcome->receipt, sizeof outcome->receipt, QK_STR("unknown transport"));
}
