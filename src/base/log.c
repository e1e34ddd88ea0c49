/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MESSAGE_MOST = 1024, LINE_MOST = 4096, KEYS = 256, PROBES = 8, INTERVAL_MS = 60000 };

typedef struct limited_key {
    uint64_t key;
    int64_t told_ms; /* machine time of the last line */
    uint32_t left_out;
    bool used;
    qk_level level;
    char module[32]; /* of the lines left out, for telling of them without a next one */
} limited_key;

struct qk_log {
    int fd;
    qk_level least;
    const qk_clock *clock;
    pthread_mutex_t lock; /* guards keys, and keeps the pieces of one line together */
    limited_key keys[KEYS];
};

typedef struct log_line {
    char text[LINE_MOST];
    size_t len;
} log_line;

qk_code qk_log_new(qk_log **out, int fd, qk_level least, const qk_clock *clock)
{
    *out = NULL;
    qk_log *log = calloc(1, sizeof *log);
    if (!log) return QK_ENOMEM;
    if (pthread_mutex_init(&log->lock, NULL) != 0) {
        free(log);
        return QK_ENOMEM;
    }
    log->fd = fd;
    log->least = least;
    log->clock = clock;
    *out = log;
    return QK_OK;
}

static const char *name_of_level(qk_level level)
{
    switch (level) {
    case QK_LOG_DEBUG: return "debug";
    case QK_LOG_INFO: return "info";
    case QK_LOG_WARN: return "warn";
    case QK_LOG_ERROR: return "error";
    }
    return "error";
}

/* Marks that a terminal obeys, or that turn the reading order around, are shown and not sent. */
static bool is_harmful(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029 ||
           (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

/* Always leaves room for the line's end. */
static bool put_text(log_line *line, const char *text, size_t len)
{
    if (len > LINE_MOST - 1 - line->len) return false;
    memcpy(line->text + line->len, text, len);
    line->len += len;
    return true;
}

static void put_escaped(log_line *line, qk_str text)
{
    for (size_t used; text.len > 0; text.ptr += used, text.len -= used) {
        uint32_t point = qk_utf8_next(text, &used);
        bool broken = point == 0xFFFD && used == 1;
        char mark[16];
        qk_str piece = {text.ptr, used};
        if (broken || is_harmful(point)) {
            int n = point == '\n' ? snprintf(mark, sizeof mark, "\\n")
                    : broken || point < 0x80
                        ? snprintf(mark, sizeof mark, "\\x%02x", (unsigned char)text.ptr[0])
                        : snprintf(mark, sizeof mark, "\\u{%x}", point);
            piece = (qk_str){mark, (size_t)n};
        }
        if (!put_text(line, piece.ptr, piece.len)) return;
    }
}

static void begin_line(log_line *line, const qk_log *log, qk_level level, const char *module)
{
    char moment[QK_TIME_TEXT];
    line->len = 0;
    put_escaped(line, qk_str_of(qk_time_iso_zone(moment, qk_clock_now(log->clock))));
    put_text(line, " ", 1);
    put_escaped(line, qk_str_of(name_of_level(level)));
    put_text(line, " ", 1);
    put_escaped(line, qk_str_of(module));
    put_text(line, " ", 1);
}

/* A log that cannot be written has nobody to tell it to: the line is lost, the program goes on. */
static void send_line(const qk_log *log, log_line *line)
{
    line->text[line->len++] = '\n';
    for (size_t at = 0; at < line->len;) {
        ssize_t n = write(log->fd, line->text + at, line->len - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        at += (size_t)n;
    }
}

QK_PRINTF(2, 0)
static void put_message(log_line *line, const char *fmt, va_list args)
{
    char message[MESSAGE_MOST];
    int n = vsnprintf(message, sizeof message, fmt, args);
    if (n < 0) return;
    qk_str text = {message, (size_t)n};
    if (text.len >= sizeof message) text.len = qk_utf8_cut((qk_str){message, sizeof message - 1});
    put_escaped(line, text);
}

static void put_left_out(log_line *line, uint32_t left_out)
{
    char text[64];
    int n = snprintf(text, sizeof text, "(%u like it left out)", left_out);
    put_text(line, text, (size_t)n);
}

void qk_log_print(qk_log *log, qk_level level, const char *module, const char *fmt, ...)
{
    if (!log || level < log->least) return;
    log_line line;
    begin_line(&line, log, level, module);
    va_list args;
    va_start(args, fmt);
    put_message(&line, fmt, args);
    va_end(args);
    pthread_mutex_lock(&log->lock);
    send_line(log, &line);
    pthread_mutex_unlock(&log->lock);
}

/* Tells what a key left out when no next line of it will. */
static void settle_key(const qk_log *log, limited_key *k)
{
    if (!k->used || k->left_out == 0) return;
    log_line line;
    begin_line(&line, log, k->level, k->module);
    put_left_out(&line, k->left_out);
    send_line(log, &line);
    k->left_out = 0;
}

/* The key's place, or, where it has none, that of the key silent for longest, which is settled. */
static limited_key *find_key(qk_log *log, uint64_t key)
{
    uint64_t home = key * 0x9E3779B97F4A7C15u >> 56;
    limited_key *oldest = NULL;
    for (uint64_t i = 0; i < PROBES; i++) {
        limited_key *k = &log->keys[(home + i) % KEYS];
        if (k->used && k->key == key) return k;
        if (!k->used) k->told_ms = INT64_MIN;
        if (!oldest || k->told_ms < oldest->told_ms) oldest = k;
    }
    settle_key(log, oldest);
    *oldest = (limited_key){.key = key};
    return oldest;
}

void qk_log_limited(qk_log *log, qk_level level, const char *module, uint64_t key, const char *fmt,
                    ...)
{
    if (!log || level < log->least) return;
    int64_t now_ms = qk_monotonic_ms();
    log_line line;
    pthread_mutex_lock(&log->lock);
    limited_key *k = find_key(log, key);
    if (k->used && now_ms - k->told_ms < INTERVAL_MS) {
        k->left_out++;
        k->level = level;
        qk_str_copy(k->module, sizeof k->module, qk_str_of(module));
    } else {
        begin_line(&line, log, level, module);
        va_list args;
        va_start(args, fmt);
        put_message(&line, fmt, args);
        va_end(args);
        if (k->left_out > 0) {
            put_text(&line, " ", 1);
            put_left_out(&line, k->left_out);
        }
        send_line(log, &line);
        k->used = true;
        k->told_ms = now_ms;
        k->left_out = 0;
    }
    pthread_mutex_unlock(&log->lock);
}

void qk_log_free(qk_log *log)
{
    if (!log) return;
    for (size_t i = 0; i < KEYS; i++) settle_key(log, &log->keys[i]);
    pthread_mutex_destroy(&log->lock);
    free(log);
}
