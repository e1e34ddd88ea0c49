/* SPDX-License-Identifier: Apache-2.0 */
/* How fast frames are read on one core, in memory: the corpora replicated to about 67 MB, best of
 * five by the processor's time, so that others on the machine count less. "decode" is frame + CRC +
 * head + every key + every number; beside it stand a plain framing by memchr and a naive tokenizer
 * in C, measured in the same run. Codecs in other languages are not run here; the fastest of them
 * known reads 0.05 GB/s. The real packets are read from $QK_SHARED/hj212/packets; without them
 * there is the synthetic mix alone. */
#include "base/memory.h"
#include "hj212/hj212.h"
#include "hj212/scan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STREAM_BYTES = 67 << 20, ROUNDS = 5, CELLS = 1024 };

typedef struct tally {
    uint64_t frames, items, numbers, good;
    int64_t sum; /* of mantissas, so that no work can be left out */
} tally;

typedef tally reader(const char *p, size_t len);

/* ---- the plain ways ---- */

static tally frame_by_memchr(const char *p, size_t len)
{
    tally t = {0};
    const char *end = p + len;
    for (const char *nl; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
        t.frames++;
        t.sum += nl - p;
    }
    return t;
}

static const uint16_t *crc_table(void)
{
    static uint16_t table[256];
    if (table[1]) return table;
    for (unsigned i = 0; i < 256; i++) {
        unsigned r = i;
        for (int k = 0; k < 8; k++) r = r & 1 ? r >> 1 ^ 0xA001 : r >> 1;
        table[i] = (uint16_t)r;
    }
    return table;
}

static void naive_value(tally *t, const char *p, const char *end)
{
    int64_t v = 0;
    bool negative = p < end && *p == '-', digits = false;
    for (p += negative; p < end; p++) {
        if (*p == '.') continue;
        if (*p < '0' || *p > '9') return;
        v = v * 10 + (*p - '0');
        digits = true;
    }
    t->numbers += digits;
    t->sum += negative ? -v : v;
}

/* Splits at ';' and ',' and '=', byte by byte, as most decoders of this protocol do. */
static void naive_items(tally *t, const char *p, const char *end)
{
    while (p < end) {
        const char *stop = p, *equals = NULL;
        for (; stop < end && *stop != ';' && *stop != ','; stop++)
            if (*stop == '=' && !equals) equals = stop;
        if (equals) {
            t->items++;
            naive_value(t, equals + 1, stop);
        }
        p = stop + 1;
    }
}

static tally naive(const char *p, size_t len, bool with_crc)
{
    tally t = {0};
    const uint16_t *table = crc_table();
    const char *end = p + len;
    for (const char *nl; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
        if (nl - p < 14) continue;
        const char *segment = p + 6, *tail = nl - 5;
        uint16_t crc = 0xFFFF;
        for (const char *c = segment; with_crc && c < tail; c++)
            crc = table[crc >> 8 ^ (uint8_t)*c];
        char sent[5] = {0};
        memcpy(sent, tail, 4);
        t.good += !with_crc || strtoul(sent, NULL, 16) == crc;
        t.frames++;
        naive_items(&t, segment, tail);
    }
    return t;
}

static tally naive_with_table_crc(const char *p, size_t len)
{
    return naive(p, len, true);
}
static tally naive_without_crc(const char *p, size_t len)
{
    return naive(p, len, false);
}

/* ---- ours ---- */

typedef void frame_fn(tally *t, const qk_hj212_frame *f);

static inline tally each_frame(const char *p, size_t len, frame_fn *fn)
{
    tally t = {0};
    qk_hj212_frame f;
    qk_hj212_step step;
    qk_hj212_found found;
    while ((found = qk_hj212_next(p, len, true, &f, &step)) != QK_HJ212_MORE) {
        p += step.consumed;
        len -= step.consumed;
        if (found != QK_HJ212_FRAME) continue;
        t.frames++;
        t.good += f.crc == QK_HJ212_CRC_STANDARD;
        if (fn) fn(&t, &f);
    }
    return t;
}

static tally frame_and_crc(const char *p, size_t len)
{
    return each_frame(p, len, NULL);
}

static void read_head(tally *t, const qk_hj212_frame *f)
{
    qk_hj212_head h;
    t->sum += qk_hj212_head_read(&h, f->segment) + (int64_t)h.data_time.len;
}
static tally frame_and_head(const char *p, size_t len)
{
    return each_frame(p, len, read_head);
}

static inline void scan_frame(tally *t, const qk_hj212_frame *f, qk_hj212_scan_way way)
{
    static qk_hj212_cell cells[CELLS];
    qk_hj212_head h;
    size_t n = qk_hj212_scan_by(way, f->segment, &h, cells, CELLS);
    t->items += n;
    for (size_t i = 0; i < n; i++) {
        t->sum += cells[i].mantissa;
        t->numbers += cells[i].kind & QK_HJ212_CELL_NUMBER;
    }
}
static void scan_best(tally *t, const qk_hj212_frame *f)
{
    scan_frame(t, f, qk_hj212_scan_best());
}
static void scan_avx2(tally *t, const qk_hj212_frame *f)
{
    scan_frame(t, f, QK_HJ212_SCAN_AVX2);
}
static void scan_walk(tally *t, const qk_hj212_frame *f)
{
    scan_frame(t, f, QK_HJ212_SCAN_WALK);
}
static tally decode(const char *p, size_t len)
{
    return each_frame(p, len, scan_best);
}
static tally decode_avx2(const char *p, size_t len)
{
    return each_frame(p, len, scan_avx2);
}
static tally decode_walk(const char *p, size_t len)
{
    return each_frame(p, len, scan_walk);
}

static void judge_frame(tally *t, const qk_hj212_frame *f)
{
    qk_hj212_packet p;
    qk_hj212_items it;
    qk_hj212_item item;
    qk_hj212_number n = {0};
    qk_hj212_parse(&p, f);
    qk_hj212_items_init(&it, &p);
    while (qk_hj212_items_next(&it, &item)) {
        t->items++;
        if (!qk_hj212_number_parse(&n, item.value)) continue;
        t->numbers++;
        t->sum += n.mantissa;
    }
}
static tally decode_and_judge(const char *p, size_t len)
{
    return each_frame(p, len, judge_frame);
}

/* ---- corpora ---- */

/* Lines of frames whose line end was cut off, as a stream; repeated until the stream is full. */
static void append_lines(qk_buf *out, const char *lines, size_t len)
{
    for (const char *p = lines, *end = lines + len; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl) nl = end;
        if (nl > p) {
            qk_buf_append(out, p, (size_t)(nl - p));
            qk_buf_puts(out, "\r\n");
        }
        p = nl + 1;
    }
}

static bool append_file(qk_buf *out, const char *name)
{
    const char *shared = getenv("QK_SHARED");
    char path[1024];
    static char bytes[4 << 20];
    snprintf(path, sizeof path, "%s/hj212/packets/%s", shared ? shared : "../shared", name);
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    append_lines(out, bytes, fread(bytes, 1, sizeof bytes, file));
    fclose(file);
    return true;
}

static bool append_corpus(qk_buf *out)
{
    static const char *const names[] = {"c_cems2017_lepan",
                                        "cs_2005_trailing_comma",
                                        "cs_baoshan_2011",
                                        "cs_baoshan_2014",
                                        "cs_voc_18AAH",
                                        "flash520_hj212",
                                        "go_myhj_2020",
                                        "java_2005_water_2018",
                                        "java_dust_212guobiao",
                                        "java_electricity_410183",
                                        "java_fume_badcrc_1",
                                        "java_fume_badcrc_2",
                                        "java_iot_zyjcy",
                                        "js_2005_cems",
                                        "libem_HJ212-Moniter",
                                        "mutoushirana_HJ212Virtual_log",
                                        "php_2005_water_2015",
                                        "php_2024_mixed",
                                        "php_2024_voc_hour",
                                        "php_dust_690000",
                                        "php_electricity_ea3001",
                                        "php_electricity_timesync",
                                        "py_2026_flag8_ack",
                                        "py_2026_flag9_water",
                                        "sCair_Hj212-Distribute_log",
                                        "std_official_2017_2025",
                                        "tonyxia2016_HJ212Receiver_rxlog",
                                        "xiaoyao9184_hj-t212-parser",
                                        "zhbhjt_c_2005_commands_modbus"};
    bool all = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s.txt", names[i]);
        all = append_file(out, name) && all;
    }
    return all;
}

/* A county's mix: minutes, real-time values, hours and answers of invented devices. */
static void append_synthetic(qk_buf *out)
{
    static const char *const codes[] = {"a21026", "a21002", "a34013", "a19001",
                                        "a01011", "a01012", "a34004", "a05024"};
    uint32_t x = 212;
    for (int i = 0; i < 400; i++) {
        char s[2048], frame[QK_HJ212_FRAME_MAX];
        int n =
            snprintf(s, sizeof s,
                     "QN=202501%02d%02d%02d00123;ST=31;CN=%s;PW=123456;MN=QZ410100A%015d;Flag=%s"
                     ";CP=&&",
                     1 + i % 28, i % 24, i % 60,
                     i % 5 == 4 ? "9014"
                     : i % 2    ? "2051"
                                : "2011",
                     i % 97, i % 5 == 4 ? "4" : "5");
        if (i % 5 != 4)
            n += snprintf(s + n, sizeof s - (size_t)n, "DataTime=202501%02d%02d%02d00", 1 + i % 28,
                          i % 24, i % 60);
        for (int k = 0; i % 5 != 4 && k < 3 + i % 6; k++) {
            x = x * 1664525 + 1013904223;
            unsigned v = x >> 20;
            const char *c = codes[(i + k) % 8];
            n += snprintf(s + n, sizeof s - (size_t)n,
                          i % 2 ? ";%s-Min=%u.%u,%s-Avg=%u.%02u,%s-Max=%u,%s-Flag=N"
                                : ";%s-Rtd=%u.%u,%s-ZsRtd=%u.%02u,%s-Flag=N",
                          c, v % 300, v % 10, c, v % 300 + 2, v % 100, c, v % 300 + 9, c);
        }
        n += snprintf(s + n, sizeof s - (size_t)n, "&&");
        size_t len = qk_hj212_encode_segment(frame, sizeof frame, (qk_hj212_text){s, (size_t)n},
                                             QK_HJ212_CRC_STANDARD);
        qk_buf_append(out, frame, len);
    }
}

/* ---- measuring ---- */

static const struct {
    const char *name;
    reader *fn;
} ways[] = {
    {"framing by memchr alone", frame_by_memchr},
    {"naive tokenizer, no CRC", naive_without_crc},
    {"naive tokenizer, table CRC", naive_with_table_crc},
    {"frame + CRC", frame_and_crc},
    {"frame + CRC + head (acknowledge)", frame_and_head},
    {"decode", decode},
    {"decode, AVX2 only", decode_avx2},
    {"decode by the walk, no vectors", decode_walk},
    {"decode with every deviation judged", decode_and_judge},
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(const char *name, const qk_buf *once)
{
    size_t copies = STREAM_BYTES / once->len, len = copies * once->len;
    char *stream = malloc(len);
    if (!stream) exit(1);
    for (size_t i = 0; i < copies; i++) memcpy(stream + i * once->len, once->ptr, once->len);
    tally t = frame_and_crc(stream, len);
    printf("%s: %.0f frames, mean %.0f bytes, CRC right %.1f %%\n", name,
           (double)t.frames / (double)copies, (double)len / (double)t.frames,
           100.0 * (double)t.good / (double)t.frames);
    double naive_rate = 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        double best = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
            double start = cpu_seconds();
            t = ways[i].fn(stream, len);
            double seconds = cpu_seconds() - start;
            if (seconds < best) best = seconds;
        }
        double rate = (double)len / best / 1e9;
        if (ways[i].fn == naive_with_table_crc) naive_rate = rate;
        printf("  %-36s %7.2f GB/s %8.2f million frames/s", ways[i].name, rate,
               (double)t.frames / best / 1e6);
        if (naive_rate > 0) printf("  %5.1f x naive", rate / naive_rate);
        printf("%s\n", t.sum == 42 ? " " : "");
    }
    free(stream);
}

static void add_line_of(qk_buf *out, const char *name, int wanted)
{
    qk_buf all;
    qk_buf_init(&all, 4 << 20);
    if (append_file(&all, name)) {
        const char *p = all.ptr;
        for (int i = 0; i < wanted; i++) p = strchr(p, '\n') + 1;
        qk_buf_append(out, p, (size_t)(strchr(p, '\n') + 1 - p));
    }
    qk_buf_clear(&all);
}

int main(void)
{
    static const char *const way_names[] = {"walk", "AVX2", "AVX-512"};
    qk_buf corpus;
    qk_buf_init(&corpus, 16 << 20);
    printf("## HJ 212: one core, by its own time; vectors: %s\n", way_names[qk_hj212_scan_best()]);
    if (append_corpus(&corpus))
        measure("mixed corpus of real packets", &corpus);
    else
        printf("skipped: the real packets of $QK_SHARED/hj212/packets are not there\n");
    corpus.len = 0;
    if (append_file(&corpus, "bulk_mutoushirana_log.txt")) measure("simulator log", &corpus);
    corpus.len = 0;
    add_line_of(&corpus, "go_myhj_2020.txt", 2);
    if (corpus.len > 0) measure("one 2051 packet again and again", &corpus);
    corpus.len = 0;
    append_synthetic(&corpus);
    measure("synthetic mix", &corpus);
    qk_buf_clear(&corpus);
    return 0;
}
